"""Pictures one after the other into a GIF or an MP4, in memory that does not grow with their number; or one as PNG."""

from __future__ import annotations

import io
import os
import signal
import struct
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from boostwatch.colours import COLOURS, rgb_of
from boostwatch.errors import BoostwatchError, StorageError, UsageError
from boostwatch.store.atomic import DISK_ERRORS, PartFile, write_bytes

Picture = NDArray[np.uint8]
"""RGB, uint8 (height, width, 3)."""

GREYS: Final = 64
"""Of a GIF: more would show the noise more finely and cost a fifth of the bytes again."""
_SHADES: Final = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Of each colour, for the rims of letters."""
_HEADER_LENGTH, _DESCRIPTOR_LENGTH = 13 + 3 * 256, 10
_RATES: Final = (10_000, 1_000_000_000)
"""Least and most bits a second that a cap of the data rate may be: x264 counts twice of it in 32 bits."""
_EXACT_COLOURS: Final = 256 - GREYS - len(_SHADES) * len(COLOURS)


class TooLarge(Exception):
    """A film has become larger than it may be."""


def write_png(path: str | os.PathLike[str], picture: Picture) -> int:
    """Write one picture as PNG, whole or not at all, and return its bytes.

    Raises
    ------
    CannotCreate, StorageError
        See `PartFile`.
    """
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", optimize=True)
    write_bytes(path, buffer.getvalue())
    return buffer.tell()


class GifCoder:
    """Codes pictures as the frames of a GIF with one palette for all of them.

    The palette is 64 greys and five shades of the colours of kinds, whatever the pictures are: nothing flickers. Pillow
    codes each picture by itself, since it keeps all frames of a longer GIF in memory until the end.

    Parameters
    ----------
    extra : iterable of (int, int, int)
        Further colours to be shown exactly; 142 at most.
    """

    def __init__(self, extra: Iterable[tuple[int, int, int]] = ()) -> None:
        greys = [(v, v, v) for v in np.linspace(0, 255, GREYS).round().astype(int).tolist()]
        shades = [tuple(round(c * s) for c in rgb_of(kind)) for kind in COLOURS for s in _SHADES]
        colours = [*greys, *shades, *list(extra)[:_EXACT_COLOURS]]
        colours += colours[:1] * (256 - len(colours))
        self._bytes = bytes(v for colour in colours for v in colour)
        self._number: NDArray[np.uint8] = _nearest(np.array(colours))

    def head(self, size: tuple[int, int]) -> bytes:
        """Return what comes before the frames: the palette, and that the film begins anew at its end."""
        screen = struct.pack("<HHBBB", *size, 0xF7, 0, 0)  # a palette of 256 colours of 8 bits
        return b"GIF89a" + screen + self._bytes + b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"

    def frame(self, picture: Picture, delay_cs: int) -> bytes:
        """Return one frame that is shown for so many hundredths of a second."""
        height, width = picture.shape[:2]
        buffer = io.BytesIO()
        # As grey levels the numbers of the colours stay as they are; those of a palette Pillow may put in new order.
        Image.fromarray(np.take(self._number, _cell(picture))).save(buffer, "GIF", optimize=False, interlace=0)
        data = buffer.getvalue()
        start = _HEADER_LENGTH
        while data[start : start + 1] == b"\x21":  # extensions: a label, then blocks with their lengths
            start += 2
            while data[start]:
                start += data[start] + 1
            start += 1
        coded = data[start + _DESCRIPTOR_LENGTH : -1]
        control = b"\x21\xf9\x04" + struct.pack("<BHB", 0b100, delay_cs, 0) + b"\x00"
        descriptor = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0)
        return control + descriptor + coded


def _cell(colours: NDArray[Any]) -> NDArray[np.int32]:
    """Return the number of the cell, 4 levels a side, that each colour (..., 3) is in."""
    red, green, blue = np.moveaxis(colours.astype(np.int32) >> 2, -1, 0)
    out: NDArray[np.int32] = red << 12 | green << 6 | blue
    return out


def _nearest(palette: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return for each cell the number of the colour (256, 3) nearest to its middle, or of the first that is in it."""
    from scipy.spatial import cKDTree

    middle = 4 * np.stack(np.meshgrid(*[np.arange(64)] * 3, indexing="ij"), -1).reshape(-1, 3) + 1.5
    out = np.asarray(cKDTree(palette).query(middle)[1], np.uint8)
    out[_cell(palette)[::-1]] = np.arange(len(palette))[::-1]
    return out


def write_gif(
    path: str | os.PathLike[str],
    pictures: Iterable[Picture],
    *,
    size: tuple[int, int],
    fps: float,
    coder: GifCoder,
    most_bytes: int | None = None,
) -> int:
    """Write an endless GIF, whole or not at all.

    Parameters
    ----------
    path : path-like
        The file to be.
    pictures : iterable of uint8 (height, width, 3)
        Taken one at a time.
    size : (int, int)
        Their width and height.
    fps : float
        Frames a second, 50 at most. A GIF counts hundredths of a second: frames differ by one so that the sum is right.
    coder : GifCoder
    most_bytes : int, optional
        More are not written.

    Returns
    -------
    int
        Bytes of the file.

    Raises
    ------
    TooLarge
        There would be more than ``most_bytes``; nothing is left behind.
    CannotCreate, StorageError
        See `PartFile`.
    """
    with PartFile(path) as part:
        part.write_all(coder.head(size))
        for n, picture in enumerate(pictures):
            part.write_all(coder.frame(picture, round(100 * (n + 1) / fps) - round(100 * n / fps)))
            if most_bytes is not None and part.tell() >= most_bytes:
                raise TooLarge
        part.write_all(b"\x3b")
        return part.tell()


def ffmpeg_program() -> str:
    """Return the path of the ffmpeg that imageio-ffmpeg brings, or finds.

    Raises
    ------
    UsageError
        The package is not installed, or has no ffmpeg for this machine.
    """
    allowed = "install the extra: pip install 'boostwatch[video]'"
    try:
        import imageio_ffmpeg
    except ImportError:
        raise UsageError("needs the package imageio-ffmpeg", place="mp4", allowed=allowed) from None
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        raise UsageError("finds no ffmpeg", place="mp4", allowed=f"{allowed}; or set IMAGEIO_FFMPEG_EXE") from None


def write_mp4(
    path: str | os.PathLike[str],
    pictures: Iterable[Picture],
    *,
    size: tuple[int, int],
    fps: float,
    most_bits_per_s: float,
) -> int:
    """Write an MP4 (H.264, 4:2:0, BT.709), whole or not at all; ffmpeg codes it in a process of its own.

    Parameters
    ----------
    path, pictures, size, fps
        As for `write_gif`; width and height must be even.
    most_bits_per_s : float
        Cap of the data rate.

    Returns
    -------
    int
        Bytes of the file.

    Raises
    ------
    UsageError
        See `ffmpeg_program`.
    CannotCreate, StorageError
        See `PartFile`; ffmpeg failed.
    """
    program = ffmpeg_program()
    rate = round(min(max(most_bits_per_s, _RATES[0]), _RATES[1]))
    with PartFile(path) as part, tempfile.TemporaryFile() as said:
        command = [
            program, "-hide_banner", "-loglevel", "error", "-y",
            "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", f"{fps:.6g}", "-i", "-", "-an",
            "-vf", "scale=out_color_matrix=bt709:out_range=tv", "-c:v", "libx264", "-preset", "medium", "-crf", "20",
            "-maxrate", f"{rate}", "-bufsize", f"{2 * rate}", "-pix_fmt", "yuv420p",
            "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
            "-movflags", "+faststart", "-f", "mp4", f"file:{part.part}",
        ]  # fmt: skip
        # In a session of its own Ctrl-C reaches it through us alone.
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
        )
        pipe = process.stdin
        assert pipe is not None
        try:
            with suppress(BrokenPipeError):  # a process that ends early has said why
                for picture in pictures:
                    pipe.write(picture.tobytes())
                pipe.close()
            process.wait()
        except BaseException:
            process.kill()
            raise
        finally:
            with suppress(OSError):  # what it did not want any more
                pipe.close()
            process.wait()
        size_now = os.stat(part.part).st_size
        if process.returncode != 0 or size_now == 0:
            said.seek(0)
            lines = said.read()[:4000].decode("utf-8", "replace").split("\n")
            raise _failure(part.path, [line.strip() for line in lines if line.strip()], process.returncode)
        return size_now


def _failure(path: str, said: list[str], status: int) -> BoostwatchError:
    """Return what to raise where ffmpeg failed: the disk's fault, or its own."""
    of_disk = [line for line in said if any(os.strerror(number) in line for number in DISK_ERRORS)]
    reason = [*of_disk, *said, f"exit status {status}"][0]
    text = f"could not be written (ffmpeg: {reason}); what was there before is untouched"
    if of_disk or status == -getattr(signal, "SIGXFSZ", 0):
        return StorageError(text, path=path)
    return BoostwatchError(text, path=path)
