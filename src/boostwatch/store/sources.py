"""Frames as others store them, one opener a file kind. Everything here is from elsewhere and not trusted."""

from __future__ import annotations

import math
import os
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData, UsageError
from boostwatch.geometry import parse_utc
from boostwatch.store import guard
from boostwatch.store.layout import MAX_DEFLATE

MAX_IMAGE_PIXELS: Final = 1 << 27
"""Most pixels of a compressed image (PNG, TIFF, BMP, FITS tiles, NPZ frame): 134 Mpx, 11 585 a side."""
KNOWN: Final = "FITS, NPY, NPZ, PNG, TIFF, BMP or HDF5"
_DEFLATED_TIFF = (1, 8, 32946)  # what tifffile unpacks by itself; Pillow does the rest


@dataclass
class Source:
    """The frames of one file.

    Attributes
    ----------
    path : pathlib.Path
    shape : (T, B, H, W)
    dtype : numpy.dtype
        As stored.
    frames : callable
        Returns an iterator over frames (B, H, W); may be called twice.
    start_s : float
        POSIX time of the middle of the first exposure; NaN if the file does not say.
    integration_s : float
        Exposure; NaN if the file does not say.
    time_s : float64 (T,), optional
        Seconds of each frame from the first, if the file says.
    """

    path: Path
    shape: tuple[int, int, int, int]
    dtype: np.dtype[Any]
    frames: Callable[[], Iterator[NDArray[Any]]]
    start_s: float = math.nan
    integration_s: float = math.nan
    time_s: NDArray[np.float64] | None = None
    notes: list[str] = field(default_factory=list)


def open_source(path: Path, dataset: str | None = None) -> Source:
    """Look at a file and return its frames, unread.

    Parameters
    ----------
    path : pathlib.Path
        FITS, NPY, NPZ, PNG, TIFF, BMP or HDF5, told by what is in it.
    dataset : str, optional
        HDF5 path, NPZ name, or FITS extension of the frames.

    Raises
    ------
    NoInput, BadData, UsageError
        Cannot be read; not of these kinds, damaged, or too large for its size; no such dataset.
    """
    guard.require_file(path)
    with open(path, "rb") as file:
        head = file.read(16)
    if head[:6] == b"\x93NUMPY":
        return _npy(path)
    if head[:4] == b"PK\x03\x04":
        return _npz(path, dataset)
    if head[:9] == b"SIMPLE  =":
        from boostwatch.store.fits import open_fits

        return open_fits(path, dataset)
    if head[:8] == b"\x89PNG\r\n\x1a\n" or head[:2] == b"BM":
        return _pillow(path)
    if head[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        return _tiff(path)
    if guard.is_hdf5(path):
        return _hdf5(path, dataset)
    raise BadData("is of no kind known here", path=path, found=head[:8], allowed=KNOWN)


def frame_shape(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], place: str = "") -> tuple[int, int, int, int]:
    """Return ``(T, B, H, W)`` of an array's shape, or raise BadData if it cannot be frames."""
    if dtype.kind not in "iuf" or dtype.itemsize > 8 or len(shape) not in (2, 3, 4) or min(shape, default=0) < 1:
        raise BadData(
            "cannot be frames", path=path, place=place or None, found=(shape, str(dtype)),
            allowed="(T, B, H, W), (T, H, W) or (H, W) of integers or floats",
        )  # fmt: skip
    whole = {2: (1, 1, *shape), 3: (shape[0], 1, *shape[1:]), 4: shape}[len(shape)]
    return whole  # type: ignore[return-value]  # the length was checked above


def refuse_bomb(path: Path, pixels: int, claimed: int, place: str = "") -> None:
    """Refuse a compressed image that is too large, or larger than its file can hold."""
    if pixels > MAX_IMAGE_PIXELS:
        raise BadData(
            "is too large", path=path, place=place or None, found=f"{pixels} pixels",
            allowed=f"at most {MAX_IMAGE_PIXELS} a compressed image",
        )  # fmt: skip
    limit = MAX_DEFLATE * os.path.getsize(path) + (1 << 20)
    if claimed > limit:
        raise BadData(
            "claims more than the file can hold", path=path, place=place or None, found=f"{claimed} bytes",
            allowed=f"at most {limit}",
        )  # fmt: skip


def damaged(path: Path, error: Exception, place: str = "") -> BadData:
    return BadData(f"is damaged ({' '.join(str(error).split())[:200]})", path=path, place=place or None)


def _npy(path: Path) -> Source:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError, TypeError) as error:
        raise damaged(path, error) from None
    shape = frame_shape(path, array.shape, array.dtype)
    return Source(path, shape, array.dtype.newbyteorder("="), lambda: iter(array.reshape(shape)))


def _npz(path: Path, dataset: str | None) -> Source:
    headers = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.filename.endswith(".npy"):
                    with archive.open(info) as member:
                        headers[info.filename[:-4]] = (*_npy_header(member), info)
    except (ValueError, OSError, EOFError, SyntaxError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise damaged(path, error) from None
    like = [n for n, (s, _, d, _) in headers.items() if d.kind in "iuf" and len(s) in (2, 3, 4) and min(s, default=0)]
    name = choose(path, dataset, list(headers), like)
    stored_shape, fortran, dtype, info = headers[name]
    shape = frame_shape(path, stored_shape, dtype, name)
    claimed = math.prod(shape) * dtype.itemsize
    refuse_bomb(path, shape[2] * shape[3], claimed, name)
    if claimed > info.file_size:
        raise BadData("is cut short", path=path, place=name, found=f"{info.file_size} bytes", allowed=f"{claimed}")
    if fortran and len(stored_shape) > 1:
        raise BadData("is stored by columns", path=path, place=name, found="Fortran order", allowed="C order")

    def frames() -> Iterator[NDArray[Any]]:
        count = math.prod(shape[1:])
        try:
            with zipfile.ZipFile(path) as archive, archive.open(info) as member:
                _npy_header(member)
                for _ in range(shape[0]):
                    yield np.frombuffer(member.read(count * dtype.itemsize), dtype, count).reshape(shape[1:])
        except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise damaged(path, error, name) from None

    return Source(path, shape, dtype.newbyteorder("="), frames)


def _npy_header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    return tuple(int(n) for n in shape), bool(fortran), dtype


def choose(path: Path, wanted: str | None, names: list[str], like: list[str]) -> str:
    """Return the name asked for, or the only one that could be frames."""
    if wanted is not None:
        if wanted not in names:
            raise UsageError("is not in the file", path=path, place=wanted, allowed=", ".join(names[:20]) or "nothing")
        return wanted
    if len(like) != 1:
        raise BadData(
            "which array holds the frames is not clear; name one as dataset" if like else "holds no frames",
            path=path, found=", ".join((like or names)[:20]), allowed="one array of two to four axes",
        )  # fmt: skip
    return like[0]


def grey(path: Path, image: NDArray[Any], place: str = "") -> NDArray[Any]:
    """Return the one channel of an image whose colours are all alike."""
    if image.ndim == 3 and image.shape[2] in (2, 4):
        image = image[..., :-1]  # opacity is no signal
    if image.ndim == 3 and image.shape[2] in (1, 3) and np.all(image == image[..., :1]):
        image = image[..., 0]
    if image.ndim != 2:
        raise BadData("is a colour image", path=path, place=place or None, found=image.shape, allowed="one channel")
    return image


def _pillow(path: Path) -> Source:
    from PIL import Image

    def images() -> Iterator[NDArray[Any]]:
        try:
            with warnings.catch_warnings(), Image.open(path, formats=("PNG", "BMP", "TIFF")) as image:
                warnings.simplefilter("ignore")  # Pillow's own, lower limit; ours was checked
                for index in range(getattr(image, "n_frames", 1)):
                    image.seek(index)
                    refuse_bomb(path, image.width * image.height, image.width * image.height)
                    yield _pixels(path, image)[None]
        except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
            raise damaged(path, error) from None

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=("PNG", "BMP", "TIFF")) as image:
                count, width, height = int(getattr(image, "n_frames", 1)), image.width, image.height
                refuse_bomb(path, width * height, width * height)
                dtype = {"I;16": "u2", "I;16B": "u2", "I;16L": "u2", "I": "i4", "F": "f4"}.get(image.mode, "u1")
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise damaged(path, error) from None
    return Source(path, (count, 1, height, width), np.dtype(dtype), images)


def _pixels(path: Path, image: Any) -> NDArray[Any]:
    if image.mode in ("P", "PA", "1"):
        image = image.convert("RGB" if image.mode != "1" else "L")
    return grey(path, np.asarray(image))


def _tiff(path: Path) -> Source:
    import tifffile

    try:
        with tifffile.TiffFile(path) as tiff:
            pages = list(tiff.pages)
            first = pages[0]
            if any(page.compression not in _DEFLATED_TIFF for page in pages):
                return _pillow(path)
            shape, dtype = tuple(first.shape), np.dtype(first.dtype)
            for number, page in enumerate(pages):
                place = f"page {number}"
                if tuple(page.shape) != shape or page.dtype != dtype:
                    found = (tuple(page.shape), str(page.dtype))
                    raise BadData(
                        "differs from page 0", path=path, place=place, found=found, allowed=f"{shape} {dtype}"
                    )
                refuse_bomb(path, math.prod(shape), math.prod(shape) * dtype.itemsize, place)
            count = len(pages)
    except (OSError, ValueError, TypeError, KeyError, IndexError, RuntimeError, AttributeError) as error:
        if isinstance(error, BadData):
            raise
        raise damaged(path, error) from None
    if dtype.kind not in "iuf" or len(shape) not in (2, 3):
        raise BadData("cannot be frames", path=path, found=(shape, str(dtype)), allowed="one channel of numbers")

    def frames() -> Iterator[NDArray[Any]]:
        try:
            with tifffile.TiffFile(path) as tiff:
                for number in range(count):
                    yield grey(path, tiff.pages[number].asarray(), f"page {number}")[None]
        except (OSError, ValueError, TypeError, KeyError, IndexError, RuntimeError) as error:
            raise damaged(path, error) from None

    return Source(path, (count, 1, shape[0], shape[1]), dtype.newbyteorder("="), frames)


def _hdf5(path: Path, dataset: str | None) -> Source:
    from boostwatch.store.opening import open_stack

    with open_stack(path, dataset=dataset) as stack:
        shape, dtype, told = stack.shape, stack.stored_dtype, stack.has_times
        start = parse_utc(stack.epoch).timestamp() + float(stack.time_s[0]) if told else math.nan
        time = stack.time_s - stack.time_s[0] if told else None
        integration = stack.sensor.integration_s

    def frames() -> Iterator[NDArray[Any]]:
        with open_stack(path, dataset=dataset) as stack:
            for t in range(shape[0]):
                yield stack.read_stored(t)

    return Source(path, shape, dtype.newbyteorder("="), frames, start, integration, time)


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Sort ``frame2`` before ``frame10``."""
    return [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in re.split(r"(\d+)", str(path)) if p]
