"""Pictures reduced by whole pixels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def mean_of_blocks(image: NDArray[Any], block: int) -> NDArray[Any]:
    """Return the mean of each block of ``block`` x ``block`` pixels; NaN only where all of a block are."""
    if block == 1:
        return image
    blocks = _blocks(image, block)
    known = np.isfinite(blocks)
    count = known.sum(axis=(1, 3))
    total = np.where(known, blocks, 0).sum(axis=(1, 3), dtype=np.float64)
    out: NDArray[Any] = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return out


def peak_of_blocks(image: NDArray[Any], block: int) -> NDArray[Any]:
    """Return the brightest pixel of each block, in which a point of light is not lost; NaN only where all are."""
    if block == 1:
        return image
    out: NDArray[Any] = np.fmax.reduce(np.fmax.reduce(_blocks(image, block), axis=3), axis=1)
    return out


def _blocks(image: NDArray[Any], block: int) -> NDArray[Any]:
    height, width = (math.ceil(n / block) * block for n in image.shape)
    padded = np.pad(image, ((0, height - image.shape[0]), (0, width - image.shape[1])), mode="edge")
    out: NDArray[Any] = padded.reshape(height // block, block, width // block, block)
    return out
