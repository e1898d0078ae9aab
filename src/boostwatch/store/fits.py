"""Frames in FITS files: images, cubes, tile-compressed ones too."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from boostwatch.errors import BadData, UsageError
from boostwatch.geometry import parse_utc
from boostwatch.store.sources import Source, damage_named, frame_shape, refuse_bomb


def _opened(path: Path, opened: ExitStack) -> Any:
    # Opened here, since astropy leaves a file open that it cannot read. noqa: the caller's stack closes it.
    file = opened.enter_context(open(path, "rb"))  # noqa: SIM115
    return opened.enter_context(fits.open(file, memmap=False, mode="readonly"))


def open_fits(path: Path, dataset: str | None = None) -> Source:
    """Return the frames of an image extension: the first, or that of number or name ``dataset``.

    Axes in numpy's order are (T, B, y, x), (T, y, x) or (y, x). Scaled integers (BSCALE, BZERO) are read as astropy
    scales them; the usual unsigned 16-bit form stays uint16. ``DATE-AVG``, or ``DATE-OBS`` (with ``TIME-OBS``) plus
    half of ``EXPTIME``, is the middle of the first exposure.
    """
    with ExitStack() as opened, damage_named(path):
        hdus = _opened(path, opened)
        number = _choose(path, hdus, dataset)
        hdu, place = hdus[number], f"HDU {number}"
        stored = tuple(int(n) for n in hdu.shape)
        shape = frame_shape(path, stored, np.dtype("f4"), place)
        if isinstance(hdu, fits.CompImageHDU):
            claimed = math.prod(shape) * abs(int(hdu.header["BITPIX"])) // 8
            refuse_bomb(path, shape[2] * shape[3], claimed, place)
        else:
            _refuse_short(path, hdu, place)
        dtype = np.asarray(_frame(hdu, len(stored), 0)).dtype
        start, exposure = _times(hdu.header)

    def frames() -> Iterator[NDArray[Any]]:
        with ExitStack() as opened:
            with damage_named(path, place):
                hdu = _opened(path, opened)[number]
            for t in range(shape[0]):
                with damage_named(path, place):
                    frame = np.asarray(_frame(hdu, len(stored), t)).reshape(shape[1:])
                yield frame

    return Source(path, shape, dtype.newbyteorder("="), frames, start, exposure)


def _choose(path: Path, hdus: Any, dataset: str | None) -> int:
    images: dict[int, str] = {
        i: h.name for i, h in enumerate(hdus) if h.is_image and len(h.shape) in (2, 3, 4) and min(h.shape) > 0
    }
    if dataset is None:
        if not images:
            raise BadData("holds no frames", path=path, allowed="an image extension of two to four axes")
        return next(iter(images))
    for number, name in images.items():
        if dataset in (str(number), name):
            return number
    names = ", ".join(f"{i} {name}".strip() for i, name in images.items()) or "none"
    raise UsageError("is not an image of the file", path=path, place=f"HDU {dataset}", allowed=names)


def _refuse_short(path: Path, hdu: Any, place: str) -> None:
    info, size = hdu.fileinfo(), os.path.getsize(path)
    end = info["datLoc"] + math.prod(hdu.shape) * abs(int(hdu.header["BITPIX"])) // 8
    if end > size:
        raise BadData("is cut short", path=path, place=place, found=f"{size} bytes", allowed=f"at least {end}")


def _frame(hdu: Any, axes: int, t: int) -> Any:
    return hdu.section[t, ...] if axes > 2 else hdu.section[...]


def _times(header: Any) -> tuple[float, float]:
    """Return the POSIX time of the middle of the exposure, and the exposure; NaN where the header does not say."""
    exposure = math.nan
    for key in ("EXPTIME", "EXPOSURE"):
        value = header.get(key)
        if isinstance(value, int | float) and math.isfinite(value) and value >= 0:
            exposure = float(value)
            break
    for key, is_middle in (("DATE-AVG", True), ("DATE-OBS", False), ("DATE-BEG", False)):
        text, clock = str(header.get(key, "")).strip(), str(header.get("TIME-OBS", "")).strip()
        if text and "T" not in text and clock and key == "DATE-OBS":
            text = f"{text}T{clock}"
        try:
            when = parse_utc(text).timestamp()
        except ValueError:
            continue
        return when + (0.0 if is_middle or math.isnan(exposure) else 0.5 * exposure), exposure
    return math.nan, exposure
