"""Frames as others store them, one opener a file kind. Everything here is from elsewhere and not trusted."""

from __future__ import annotations

import logging
import math
import os
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData, BoostwatchError, UsageError
from boostwatch.geometry import parse_utc
from boostwatch.store import guard
from boostwatch.store.layout import MAX_DEFLATE

MAX_IMAGE_PIXELS: Final = 1 << 27
"""Most pixels of a compressed image (PNG, TIFF, BMP, FITS tiles, NPZ frame): 134 Mpx, 11 585 a side."""
KNOWN: Final = "FITS, NPY, NPZ, PNG, TIFF, BMP or HDF5"


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
        from boostwatch.store.images import open_image

        return open_image(path)
    if head[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        from boostwatch.store.images import open_tiff

        return open_tiff(path)
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
    frames, bands, height, width = {2: (1, 1, *shape), 3: (shape[0], 1, *shape[1:]), 4: shape}[len(shape)]
    return frames, bands, height, width


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


@contextmanager
def damage_named(path: Path, place: str = "") -> Iterator[None]:
    """Turn what a decoder raises into BadData that names the file; its warnings and logs help no caller."""
    log = logging.getLogger("tifffile")
    was, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except BoostwatchError:
        raise
    except Exception as error:  # on damaged bytes decoders raise whatever they stumble over
        text = f"is damaged ({' '.join(str(error).split())[:200] or type(error).__name__})"
        raise BadData(text, path=path, place=place or None) from None
    finally:
        log.disabled = was


def _npy(path: Path) -> Source:
    with damage_named(path):
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    shape = frame_shape(path, array.shape, array.dtype)
    return Source(path, shape, array.dtype.newbyteorder("="), lambda: iter(array.reshape(shape)))


def _npz(path: Path, dataset: str | None) -> Source:
    headers = {}
    with damage_named(path), zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.filename.endswith(".npy"):
                with archive.open(info) as member:
                    headers[info.filename[:-4]] = (*npy_header(member), info)
    like = [n for n, (s, _, d, _) in headers.items() if d.kind in "iuf" and len(s) in (2, 3, 4) and min(s, default=0)]
    name = _choose(path, dataset, list(headers), like)
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
        with ExitStack() as opened:
            with damage_named(path, name):
                archive = opened.enter_context(zipfile.ZipFile(path))
                member = opened.enter_context(archive.open(info))
                npy_header(member)
            for _ in range(shape[0]):
                with damage_named(path, name):
                    frame = np.frombuffer(member.read(count * dtype.itemsize), dtype, count).reshape(shape[1:])
                yield frame

    return Source(path, shape, dtype.newbyteorder("="), frames)


def npy_header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, order (whether by columns) and dtype of an NPY that is open at its beginning."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    return tuple(int(n) for n in shape), bool(fortran), dtype


def _choose(path: Path, wanted: str | None, names: list[str], like: list[str]) -> str:
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
