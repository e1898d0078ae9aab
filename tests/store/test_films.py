"""Films that other programs decode again; files that are whole or not there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from boostwatch.colours import COLOURS, rgb_of
from boostwatch.errors import BoostwatchError, StorageError, UsageError
from boostwatch.store.films import GifCoder, TooLarge, write_gif, write_mp4, write_png
from tests.store.helpers import run_python

EXTRA = (42, 52, 76)
SIZE = (50, 32)


def pictures(count=7, size=SIZE):
    """Noise in the greys of the palette, with a patch that moves a pixel a frame."""
    rng = np.random.default_rng(1)
    greys = np.linspace(0, 255, 64).round().astype(np.uint8)
    for n in range(count):
        picture = np.repeat(greys[rng.integers(0, 64, (size[1], size[0]))][..., None], 3, axis=2)
        picture[4:8, 2 + n : 6 + n] = rgb_of("launch")
        picture[20:24, :8] = EXTRA
        yield picture


def decoded(path):
    with Image.open(path) as film:
        out = []
        for n in range(film.n_frames):
            film.seek(n)
            out.append((np.asarray(film.convert("RGB")), film.info["duration"]))
        return out, film.info


def test_a_gif_comes_back_pixel_by_pixel(tmp_path):
    path = tmp_path / "a.gif"
    written = write_gif(path, pictures(), size=SIZE, fps=12, coder=GifCoder([EXTRA]))
    frames, info = decoded(path)
    assert written == path.stat().st_size
    assert info["loop"] == 0
    assert len(frames) == 7
    for (got, _), want in zip(frames, pictures(), strict=True):
        np.testing.assert_array_equal(got, want)
    assert [duration for _, duration in frames] == [80, 90, 80, 80, 90, 80, 80]  # 7 / 12 s


def test_one_palette_holds_every_colour_of_kinds(tmp_path):
    colours = np.array([[rgb_of(kind) for kind in COLOURS] + [EXTRA]], np.uint8).repeat(16, axis=0)
    size = (len(COLOURS) + 1, 16)
    write_gif(tmp_path / "a.gif", [colours], size=size, fps=10, coder=GifCoder([EXTRA]))
    ((shown, _),), _ = decoded(tmp_path / "a.gif")
    off = np.abs(shown.astype(int) - colours)[0].max(axis=-1)
    assert {kind for kind, far in zip(COLOURS, off, strict=False) if far} <= {"defect"}  # a grey
    assert off.max() <= 2
    assert off[-1] == 0


@pytest.mark.parametrize("size", [(2, 2), (16, 400), (400, 15)])
def test_odd_sizes(tmp_path, size):
    picture = np.full((size[1], size[0], 3), 255, np.uint8)
    write_gif(tmp_path / "a.gif", [picture] * 2, size=size, fps=10, coder=GifCoder())
    frames, _ = decoded(tmp_path / "a.gif")
    assert all((got == 255).all() and got.shape == picture.shape for got, _ in frames)


def test_a_png_is_exact(tmp_path):
    (picture,) = pictures(1)
    assert write_png(tmp_path / "a.png", picture) == (tmp_path / "a.png").stat().st_size
    with Image.open(tmp_path / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image), picture)


def stopped():
    yield from pictures(3)
    raise KeyboardInterrupt


def test_what_is_interrupted_or_too_large_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.gif"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        write_gif(path, stopped(), size=SIZE, fps=10, coder=GifCoder())
    with pytest.raises(TooLarge):
        write_gif(path, pictures(), size=SIZE, fps=10, coder=GifCoder(), most_bytes=5000)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


UNDER_LIMIT = """
    import resource
    from boostwatch.errors import StorageError
    from boostwatch.store.films import GifCoder, write_gif, write_mp4
    from tests.store.test_films import pictures
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
    size = (128, 96)
    try:
        if sys.argv[2] == "gif":
            write_gif(sys.argv[1], pictures(20, size), size=size, fps=10, coder=GifCoder())
        else:
            write_mp4(sys.argv[1], pictures(90, size), size=size, fps=10, most_bits_per_s=1e8)
    except StorageError as error:
        print(error)
        sys.exit(error.exit_code)
"""


@pytest.mark.parametrize("to", ["gif", "mp4"])
def test_a_full_disk_ends_in_74_with_the_old_film(tmp_path, to):
    if to == "mp4":
        pytest.importorskip("imageio_ffmpeg", reason="the extra video is not installed")
    path = tmp_path / f"a.{to}"
    path.write_bytes(b"old")
    done = run_python(UNDER_LIMIT, path, to)
    assert (done.returncode, done.stderr) == (74, "")
    assert "what was there before is untouched" in done.stdout
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_mp4_comes_back_nearly(tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="the extra video is not installed")
    path = tmp_path / "a.mp4"

    def smooth():
        for n in range(9):
            picture = np.full((64, 96, 3), 40 + 10 * n, np.uint8)
            picture[16:32, 16 + 4 * n : 32 + 4 * n] = rgb_of("launch")
            yield picture

    written = write_mp4(path, smooth(), size=(96, 64), fps=5, most_bits_per_s=1e7)
    assert written == path.stat().st_size
    command = [ffmpeg.get_ffmpeg_exe(), "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(command, check=True, capture_output=True)
    frames = np.frombuffer(done.stdout, np.uint8).reshape(-1, 64, 96, 3).astype(int)
    for said in (b"h264", b"yuv420p(tv, bt709", b"96x64", b"5 fps", b"00:00:01.80"):
        assert said in done.stderr
    assert len(frames) == 9
    for got, want in zip(frames, smooth(), strict=True):
        assert abs(got - want).mean() < 6
    centre = frames[4][24, 16 + 16 + 8]
    assert abs(centre - rgb_of("launch")).max() < 30


def test_an_interrupted_mp4_leaves_nothing(tmp_path):
    pytest.importorskip("imageio_ffmpeg", reason="the extra video is not installed")
    with pytest.raises(KeyboardInterrupt):
        write_mp4(tmp_path / "a.mp4", stopped(), size=SIZE, fps=10, most_bits_per_s=1e6)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_film_leaves_no_ffmpeg_behind(tmp_path):
    pytest.importorskip("imageio_ffmpeg", reason="the extra video is not installed")
    code = """
import os, signal, sys
from boostwatch.store.films import write_mp4
from tests.store.test_films import SIZE, pictures
def cut():
    yield from pictures(3)
    print(os.getpid(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
write_mp4(sys.argv[1], cut(), size=SIZE, fps=10, most_bits_per_s=1e6)
"""
    root = Path(__file__).parents[2]
    path = tmp_path / "a.mp4"
    done = subprocess.run([sys.executable, "-c", code, str(path)], cwd=root, check=False, capture_output=True)
    assert done.returncode == -9
    marker = os.fsencode(str(path) + ".part")
    deadline = time.monotonic() + 10
    while any(marker in line for line in command_lines()):
        assert time.monotonic() < deadline, "ffmpeg goes on"
        time.sleep(0.05)
    assert not path.exists()


def command_lines():
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("no /proc to look for ffmpeg in")
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield file.read_bytes()
        except OSError:
            continue


def test_mp4_without_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(UsageError, match=r"mp4: needs the package imageio-ffmpeg.*pip install 'boostwatch\[video\]'"):
        write_mp4(tmp_path / "a.mp4", pictures(), size=SIZE, fps=10, most_bits_per_s=1e6)


@pytest.mark.parametrize(
    ("script", "error", "match"),
    [("echo 'Unknown encoder libx264' >&2; exit 1", BoostwatchError, "ffmpeg: Unknown encoder"),
     ("echo busy >&2; echo 'pipe: No space left on device' >&2; exit 1", StorageError, "ffmpeg: pipe: No space left"),
     ("exit 3", BoostwatchError, "ffmpeg: exit status 3"), ("cat > /dev/null", BoostwatchError, "exit status 0")],
)  # fmt: skip
def test_an_ffmpeg_that_fails(tmp_path, monkeypatch, script, error, match):
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr("boostwatch.store.films.ffmpeg_program", lambda: str(program))
    with pytest.raises(BoostwatchError, match=match) as caught:
        write_mp4(tmp_path / "a.mp4", pictures(60), size=SIZE, fps=10, most_bits_per_s=1e6)
    assert type(caught.value) is error
    assert list(tmp_path.iterdir()) == [program]
