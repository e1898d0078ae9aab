"""Lagged temporal mean and variance on the reference grid."""

from typing import NamedTuple

import numpy as np

from ._jit import jit

HALO = 4
"""Rows beyond its own that a block of rows reads of the background."""


class Background(NamedTuple):
    """What one band has learnt of the scene, on the reference grid. Pixels never seen have age 0."""

    mean: np.ndarray  # float32 (H, W), DN
    variance: np.ndarray  # float32 (H, W), DN^2
    age: np.ndarray  # float32 (H, W), frames absorbed, saturates at AGE_LIMIT


AGE_LIMIT = 10000.0


@jit
def absorb_row(
    value: np.ndarray, rate: float, limit: float, mean: np.ndarray, variance: np.ndarray, age: np.ndarray
) -> None:
    """Let one row of a past frame into the background.

    Running mean and variance while a pixel is young, exponential ones afterwards: with gain
    ``g = max(rate, 1 / (age + 1))`` and ``e = value - mean``, ``mean += g e`` and ``variance = (1 - g)(variance +
    g e^2)`` (West, CACM 22, 1979). The innovation enters the variance clipped at ``limit`` sigma once a pixel is 16
    frames old, so that one flash does not blind it.

    Parameters
    ----------
    value : float32 (W,)
        Resampled row; NaN leaves a pixel as it is.
    rate : float
        Smallest gain, 1 / memory.
    limit : float
        Clip of the squared innovation in variances.
    mean, variance, age : float32 (W,), updated
        The row of the background.
    """
    one, zero = np.float32(1.0), np.float32(0.0)
    least, clip, ripe, full = np.float32(rate), np.float32(limit), np.float32(16.0), np.float32(AGE_LIMIT)
    for x in range(value.shape[0]):
        before = mean[x] if age[x] > zero else zero
        e = value[x] - before
        known = e == e
        e = e if known else zero
        g = max(least, one / (age[x] + one))
        g = g if known else zero
        square = e * e
        cap = clip * variance[x]
        square = min(square, cap) if (age[x] >= ripe) & (cap > zero) else square
        mean[x] = before + g * e if known else mean[x]
        variance[x] = (one - g) * (variance[x] + g * square)
        age[x] = min(full, age[x] + (one if known else zero))


@jit
def snapshot_edges(background: Background, block: int, edges: np.ndarray) -> None:
    """Copy the rows around the seams between blocks before blocks are swept, so that each may update in place.

    Parameters
    ----------
    background : Background
        One band.
    block : int
        Rows a block.
    edges : float32 (ceil(H / block) + 1, 3, 2 * HALO, W), written
        Mean, variance and age of rows ``k * block - HALO`` to ``k * block + HALO - 1``.
    """
    height = background.mean.shape[0]
    for k in range(edges.shape[0]):
        for j in range(2 * HALO):
            y = k * block - HALO + j
            if 0 <= y < height:
                for x in range(background.mean.shape[1]):
                    edges[k, 0, j, x] = background.mean[y, x]
                    edges[k, 1, j, x] = background.variance[y, x]
                    edges[k, 2, j, x] = background.age[y, x]


@jit
def move_background(background: Background, step_x: int, step_y: int) -> None:
    """Move the background by whole pixels, in place: ``new(x, y) = old(x - step_x, y - step_y)``; the rest has age 0.

    Parameters
    ----------
    background : Background, updated
        One band.
    step_x, step_y : int
        How far, pixels.
    """
    height, width = background.mean.shape
    for i in range(height):
        y = height - 1 - i if step_y > 0 else i
        source = y - step_y
        inside = 0 <= source < height
        for j in range(width):
            x = width - 1 - j if step_x > 0 else j
            column = x - step_x
            if inside and 0 <= column < width:
                background.mean[y, x] = background.mean[source, column]
                background.variance[y, x] = background.variance[source, column]
                background.age[y, x] = background.age[source, column]
            else:
                background.mean[y, x] = np.nan
                background.variance[y, x] = np.float32(0.0)
                background.age[y, x] = np.float32(0.0)
