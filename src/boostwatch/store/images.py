"""Frames in PNG, BMP and TIFF files."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from boostwatch.errors import BadData
from boostwatch.store.sources import MAX_IMAGE_PIXELS, Source, damage_named, refuse_bomb

_TYPES: Final = {"I;16": "u2", "I;16B": "u2", "I;16L": "u2", "I": "i4", "F": "f4"}
_UNPACKED: Final = (1, 8, 32946)  # plain and deflated TIFF, which tifffile unpacks by itself; Pillow does the rest


def grey(path: Path, image: NDArray[Any], place: str = "") -> NDArray[Any]:
    """Return the one channel of an image whose colours are all alike."""
    if image.ndim == 3 and image.shape[2] in (2, 4):
        image = image[..., :-1]  # opacity is no signal
    if image.ndim == 3 and image.shape[2] in (1, 3) and np.all(image == image[..., :1]):
        image = image[..., 0]
    if image.ndim != 2:
        raise BadData("is a colour image", path=path, place=place or None, found=image.shape, allowed="one channel")
    return image


def open_image(path: Path) -> Source:
    """Return the frames of a PNG or BMP file, or of a TIFF file by Pillow's decoders."""
    with ExitStack() as opened:
        image = _opened(path, opened)
        with damage_named(path):
            count, width, height = int(getattr(image, "n_frames", 1)), image.width, image.height
        dtype = np.dtype(_TYPES.get(image.mode, "u1"))

    def frames() -> Iterator[NDArray[Any]]:
        with ExitStack() as opened:
            image = _opened(path, opened)
            for index in range(count):
                with damage_named(path):
                    image.seek(index)
                    refuse_bomb(path, image.width * image.height, image.width * image.height)
                    pixels = _pixels(path, image)
                yield pixels[None]

    return Source(path, (count, 1, height, width), dtype, frames)


def _opened(path: Path, opened: ExitStack) -> Any:
    with damage_named(path):
        try:
            image = opened.enter_context(Image.open(path, formats=("PNG", "BMP", "TIFF")))
        except Image.DecompressionBombError:
            allowed = f"at most {MAX_IMAGE_PIXELS} pixels a compressed image"
            raise BadData("is too large", path=path, allowed=allowed) from None
    refuse_bomb(path, image.width * image.height, image.width * image.height)
    return image


def _pixels(path: Path, image: Any) -> NDArray[Any]:
    if image.mode in ("P", "PA", "1"):
        image = image.convert("RGB" if image.mode != "1" else "L")
    return grey(path, np.asarray(image))


def open_tiff(path: Path) -> Source:
    """Return the pages of a TIFF file as frames."""
    with damage_named(path), tifffile.TiffFile(path) as tiff:
        pages = [(tuple(map(int, p.shape)), np.dtype(p.dtype), int(p.compression)) for p in tiff.pages]
    if any(compression not in _UNPACKED for _, _, compression in pages):
        return open_image(path)
    shape, dtype, _ = pages[0] if pages else ((), np.dtype("V"), 0)
    if dtype.kind not in "iuf" or len(shape) not in (2, 3) or min(shape) < 1:
        raise BadData("cannot be frames", path=path, found=(shape, str(dtype)), allowed="one channel of numbers")
    for number, (other_shape, other_dtype, _) in enumerate(pages):
        if (other_shape, other_dtype) != (shape, dtype):
            raise BadData(
                "differs from page 0", path=path, place=f"page {number}", found=(other_shape, str(other_dtype)),
                allowed=f"{shape} {dtype}",
            )  # fmt: skip
    refuse_bomb(path, math.prod(shape), math.prod(shape) * dtype.itemsize)

    def frames() -> Iterator[NDArray[Any]]:
        with ExitStack() as opened:
            with damage_named(path):
                tiff = opened.enter_context(tifffile.TiffFile(path))
            for number in range(len(pages)):
                with damage_named(path, f"page {number}"):
                    pixels = grey(path, tiff.pages[number].asarray(), f"page {number}")
                yield pixels[None]

    return Source(path, (len(pages), 1, shape[0], shape[1]), dtype.newbyteorder("="), frames)
