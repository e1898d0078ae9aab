"""`boostwatch export` to pictures and films, from files to files."""

from __future__ import annotations

import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from boostwatch import cli, pipeline, store
from boostwatch.assess.film.marks import DETECTION
from boostwatch.errors import UsageError
from boostwatch.records import DETECTION as DETECTION_ROW
from boostwatch.records import EVENT, REGISTRATION, TRACK, TRACK_POINT, EventTables, empty
from boostwatch.sensor import Band, Sensor

Captured = pytest.CaptureFixture[str]


def export(events: Path, to: str, out: Path, *more: object) -> int:
    return cli.run(["export", str(events), "--to", to, "-o", str(out), *map(str, more)])


def write_run(place: Path, count: int, size: int = 64) -> tuple[Path, Path]:
    """A stack of noise with a plume at (20, 11), and events that say so; no epoch, no pointing."""
    rng = np.random.default_rng(4)
    sensor = Sensor("x", np.nan, (size - 1) / 2, (size - 1) / 2, 0.5, 0.1, (Band("one"),))
    stack, events = place / f"{count}.stack.h5", place / f"{count}.events.h5"
    with store.StackWriter(stack, sensor=sensor, shape=(count, 1, size, size), epoch="2000-01-01T00:00:00Z") as writer:
        for t in range(count):
            data = rng.normal(1000, 20, (1, size, size))
            data[0, 11, 20] += 3000
            writer.append(data.astype(np.uint16), time_s=0.5 * t, frame_index=t)
    found, registration = empty(DETECTION_ROW, count), empty(REGISTRATION, count)
    for rows in (found, registration):
        rows["frame"], rows["time_s"] = np.arange(count), 0.5 * np.arange(count)
    found["band"], found["x"], found["y"], found["snr"] = 0, 20, 11, 50
    registration["dx"] = registration["dy"] = registration["quality"] = 0
    tables = EventTables(
        "2000-01-01T00:00:00Z", found, empty(TRACK, 0), empty(TRACK_POINT, 0), empty(EVENT, 0), registration,
        {"input": stack.name, "input_sha256": store.sha256(stack)},
    )  # fmt: skip
    store.write_events(events, tables)
    return stack, events


def frames_of(path: Path) -> tuple[list[np.ndarray[Any, Any]], list[int]]:
    with Image.open(path) as film:
        pictures, durations = [], []
        for n in range(film.n_frames):
            film.seek(n)
            pictures.append(np.asarray(film.convert("RGB")))
            durations.append(int(film.info["duration"]))
        return pictures, durations


def test_a_gif_of_a_planted_plume(tmp_path: Path, capsys: Captured) -> None:
    stack, events = write_run(tmp_path, 12)
    out = tmp_path / "a.gif"
    assert export(events, "gif", out, "--stack", stack, "--scale", 4, "--fps", 5, "--frames", "2:11", "--every", 2) == 0
    said = capsys.readouterr()
    pictures, durations = frames_of(out)
    assert said.out.startswith(f"{out}: 5 of 9 frames, 256 x ")
    assert said.err == ""
    assert durations == [200] * 5
    for picture in pictures:
        assert picture.shape == (picture.shape[0], 256, 3)
        centre_x, centre_y = round(20.5 * 4), 24 + round(11.5 * 4)  # below a head of one line
        plume = picture[centre_y - 2 : centre_y + 2, centre_x - 2 : centre_x + 2]
        assert (plume == 255).all()
        ticks = (picture == DETECTION).all(axis=-1)[: -2 * 28]
        rows, columns = np.nonzero(ticks)
        assert (rows.min(), rows.max()) == (centre_y - 8, centre_y + 7)
        assert (columns.min(), columns.max()) == (centre_x - 8, centre_x + 7)


def test_a_gif_is_thinned_to_its_size_and_says_so(tmp_path: Path, capsys: Captured) -> None:
    stack, events = write_run(tmp_path, 60)
    out = tmp_path / "a.gif"
    assert export(events, "gif", out, "--stack", stack, "--max-size", 0.2) == 0
    said = capsys.readouterr()
    pictures, _ = frames_of(out)
    assert out.stat().st_size <= 200_000
    assert 1 < len(pictures) < 60
    assert f"{out}: {len(pictures)} of 60 frames" in said.out
    assert "to make a GIF of 0.2 MB" in said.err
    assert "--every 1 for all" in said.err
    assert export(events, "gif", out, "--stack", stack, "--max-size", 0.011) == 2
    assert "max-size: holds not even one frame; found '0.011 MB'" in capsys.readouterr().err
    assert len(frames_of(out)[0]) == len(pictures)


def test_memory_does_not_grow_with_the_frames(tmp_path: Path) -> None:
    peaks = []
    for count in (40, 400):
        stack, events = write_run(tmp_path, count, 32)
        options = {"stack": stack, "to": "gif", "scale": 1, "every": 1}
        pipeline.film(events, tmp_path / "a.gif", **options)  # type: ignore[arg-type]  # imports and caches
        tracemalloc.start()
        made = pipeline.film(events, tmp_path / "a.gif", **options)  # type: ignore[arg-type]
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert made.frames == count
    # 360 frames of the film are 36 MB, their codes 2 MB; the tables of the events take some 150 kB of it.
    assert peaks[1] - peaks[0] < 500_000


def test_a_picture_shows_the_first_declared_launch(
    stack_file: Path, events_file: Path, tmp_path: Path, capsys: Captured
) -> None:
    out = tmp_path / "a.png"
    declared = store.read_events(events_file).events["declared_time_s"][0]
    with store.open_stack(stack_file) as reader:
        frame = int(np.argmin(np.abs(reader.time_s - declared)))
    assert export(events_file, "png", out, "--stack", stack_file) == 0
    assert f"frame {frame}, 640 x " in capsys.readouterr().out
    with Image.open(out) as image:
        assert image.width == 640
    assert export(events_file, "png", out, "--stack", stack_file, "--frame", 7, "--view", "whitened") == 0
    assert "frame 7" in capsys.readouterr().out


def test_an_mp4_has_all_frames(stack_file: Path, events_file: Path, tmp_path: Path, capsys: Captured) -> None:
    ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="the extra video is not installed")
    out = tmp_path / "a.mp4"
    more = ("--band", "mwir", "--fps", 20, "--frames", ":40", "--scale", 3, "--view", "whitened")
    assert export(events_file, "mp4", out, "--stack", stack_file, *more) == 0
    assert "40 of 40 frames" in capsys.readouterr().out
    count, seconds = ffmpeg.count_frames_and_secs(str(out))
    assert (count, seconds) == (40, 2.0)


@pytest.mark.parametrize("scale", [1, 0.1, 1 / 64])
def test_a_picture_may_be_tiny(
    scale: float, stack_file: Path, events_file: Path, tmp_path: Path, capsys: Captured
) -> None:
    out = tmp_path / "a.png"
    assert export(events_file, "png", out, "--stack", stack_file, "--scale", scale) == 0, capsys.readouterr().err
    with Image.open(out) as picture:
        picture.load()


@pytest.mark.parametrize("more", [("--frames", "7:8"), ("--frames", ":9", "--max-size", 100000)])
def test_an_mp4_may_be_short(
    more: tuple[object, ...], stack_file: Path, events_file: Path, tmp_path: Path, capsys: Captured
) -> None:
    ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="the extra video is not installed")
    assert export(events_file, "mp4", tmp_path / "a.mp4", "--stack", stack_file, *more) == 0, capsys.readouterr().err
    assert ffmpeg.count_frames_and_secs(str(tmp_path / "a.mp4"))[0] == (1 if "7:8" in more else 9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gif"], "--to gif needs --stack"),
        (["csv", "--stack", "STACK"], "--stack is for --to gif, mp4, png, not csv"),
        (["geojson", "--fps", 5], "--fps is for --to gif, mp4, not geojson"),
        (["png", "--stack", "STACK", "--every", 2], "--every is for --to gif, mp4, not png"),
        (["gif", "--stack", "STACK", "--frame", 2], "--frame is for --to png, not gif"),
        (["gif", "--stack", "STACK", "--every", 2, "--max-size", 3], "a gif takes one"),
        (["gif", "--stack", "STACK", "--every", 0], "0"),
        (["gif", "--stack", "STACK", "--fps", "nan"], "nan"),
        (["gif", "--stack", "STACK", "--fps", 60], "60"),
        (["gif", "--stack", "STACK", "--frames", "7"], "'7' is not A:B"),
        (["gif", "--stack", "STACK", "--frames", "-3:7"], "'-3:7' is not A:B"),
        (["gif", "--stack", "STACK", "--frames", "9:3"], "no such frames; found '9:3'; allowed: A:B with"),
        (["gif", "--stack", "STACK", "--frames", "0:5000"], "found '0:5000'; allowed: A:B with 0 <= A < B <= 120"),
        (["png", "--stack", "STACK", "--frame", 120], "no such frame; found 120; allowed: 0 to 119"),
        (["png", "--stack", "STACK", "--band", "X"], "no such band; found 'X'; allowed: SWIR, MWIR"),
        (["png", "--stack", "STACK", "--scale", 1.5], "1.5 is neither a whole number nor one over"),
        (["png", "--stack", "STACK", "--view", "negative"], "negative"),
    ],
)
def test_options_that_make_no_sense(
    arguments: list[object], message: str, stack_file: Path, events_file: Path, tmp_path: Path, capsys: Captured
) -> None:
    to, *more = (stack_file if a == "STACK" else a for a in arguments)
    assert export(events_file, str(to), tmp_path / "x", *more) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("to", ["gif", "png"])
def test_a_stack_of_other_events_is_refused(to: str, events_file: Path, tmp_path: Path, capsys: Captured) -> None:
    stack, _ = write_run(tmp_path, 3)
    out = tmp_path / f"a.{to}"
    assert export(events_file, to, out, "--stack", stack) == 2
    assert "the events came from another stack" in capsys.readouterr().err
    assert export(events_file, to, stack, "--stack", stack) == 2
    assert "is an input and the output" in capsys.readouterr().err
    assert export(events_file, to, out, "--stack", tmp_path / "nowhere.h5") == 66
    assert not out.exists()


def test_a_film_that_would_be_huge_is_refused(tmp_path: Path) -> None:
    stack, events = write_run(tmp_path, 2, 320)
    with pytest.raises(UsageError, match="scale: makes too large a film; found 32; allowed: at most 25"):
        pipeline.film(events, tmp_path / "a.gif", stack=stack, to="gif", scale=32)


def test_mp4_without_its_extra(
    stack_file: Path, events_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert export(events_file, "mp4", tmp_path / "a.mp4", "--stack", stack_file) == 2
    assert "pip install 'boostwatch[video]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_film_leaves_the_old_one(
    stack_file: Path, events_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from boostwatch.assess.film import Film

    out = tmp_path / "a.gif"
    out.write_bytes(b"old")
    draw = Film.frame

    def stop(self: Film, t: int) -> Any:
        if t == 9:
            raise KeyboardInterrupt
        return draw(self, t)

    monkeypatch.setattr(Film, "frame", stop)
    assert export(events_file, "gif", out, "--stack", stack_file, "--every", 1) == 130
    assert out.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("to", "outcome"), [("geojson", "without geometry"), ("kml", "left out"), ("czml", "left out")]
)
def test_events_without_a_place_are_told(to: str, outcome: str, tmp_path: Path, capsys: Captured) -> None:
    events = empty(EVENT, 2)
    events["event_id"], events["track_id"], events["kind"] = [0, 1], [0, 1], b"fire"
    points = empty(TRACK_POINT, 3)
    none = [empty(dtype, 0) for dtype in (DETECTION_ROW, TRACK)]
    file, out = tmp_path / "e.h5", tmp_path / "out"
    store.write_events(file, EventTables("2000-01-01T00:00:00Z", *none, points, events, empty(REGISTRATION, 0)))
    assert export(file, to, out) == 0
    told = capsys.readouterr().err
    assert told == f"2 of 2 events have no place on Earth and are {outcome}: the stack told no pointing\n"
    assert export(file, "csv", out) == 0
    assert capsys.readouterr().err == ""


def test_a_part_of_a_run_is_the_same_as_in_the_whole(
    scenario_file: Path, stack_file: Path, tmp_path: Path, capsys: Captured
) -> None:
    part = tmp_path / "part.h5"
    assert cli.run(["simulate", str(scenario_file), "-o", str(part), "--frames", "30:33"]) == 0
    assert "3 frames" in capsys.readouterr().out
    with store.open_stack(part) as some, store.open_stack(stack_file) as whole:
        for mine, theirs in zip(some.frames(), whole.frames(30, 33), strict=True):
            np.testing.assert_array_equal(mine.data, theirs.data)
            np.testing.assert_array_equal(mine.attitude, theirs.attitude)
            assert (mine.time_s, mine.frame_index) == (theirs.time_s, theirs.frame_index)
        assert (some.part, whole.part) == ("30:33 of 120 frames", None)
        assert (some.scenario_toml, some.seed) == (whole.scenario_toml, whole.seed)
    assert cli.run(["validate", str(part)]) == 0
    assert cli.run(["info", str(part)]) == 0
    assert "part: 30:33 of 120 frames" in capsys.readouterr().out
    for wrong in ("5:5", "100:200"):
        assert cli.run(["simulate", str(scenario_file), "-o", str(part), "--frames", wrong]) == 2
        assert f"found '{wrong}'; allowed: A:B with 0 <= A < B <= 120" in capsys.readouterr().err
