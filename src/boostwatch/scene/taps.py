"""Filter taps that put a point spread on a scene of cells which is then read at any shift with a cubic B-spline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Transfer = Callable[[Array, Array], NDArray[np.inexact]]
"""Takes frequencies fx (M,) and fy (N,), cycles a pixel, multiples of one over the grid's width; gives (N, M)."""

Cells = Literal["average", "sample", "even"]

MAX_RANK = 6
RESIDUAL = 2e-4
"""Of the peak, that a sum of products may leave."""
TAIL = 2e-4
"""Share of the taps' absolute sum that may be cut off."""
_ALIASES = 2


def _comb(f: Array, count: int) -> Array:
    """Transfer of ``count`` cells side by side that make up a pixel."""
    places = (np.arange(count) - 0.5 * (count - 1)) / count
    out: Array = np.cos(2 * np.pi * f[:, None] * places).mean(axis=1)
    return out


def spline_taps(
    transfer: Transfer, pixels: int, oversample: int, motion: tuple[float, float], *, cells: Cells = "average"
) -> Array:
    """Return the taps of least weighted squared error on a periodic grid, zero shift first.

    With B the spline's transfer, G the wanted one and f + k the aliases of f, the taps' transfer is
    ``sum(w G B) / sum(w B**2)`` over k: orthogonal projection on the shifts of the spline (Unser, IEEE Signal
    Processing Magazine 16(6), 1999), with the weight ``w = 1/f**2`` an axis.

    Parameters
    ----------
    transfer : Transfer
        Of the optics, pixel box left out.
    pixels : int
        Width of the grid, px.
    oversample : int
        Cells a pixel.
    motion : tuple of float
        Way of the scene over the exposure, px.
    cells : {"average", "sample", "even"}
        See `optics.PointSpread.separable`.

    Returns
    -------
    float64 (pixels*oversample, pixels*oversample), axes (y, x)
    """
    count = pixels * oversample
    base = np.rint(np.fft.fftfreq(count, 1 / count))
    top = np.zeros((count, count), np.complex128)
    sides: list[tuple[Array, Array, Array, Array]] = []
    for k in range(-_ALIASES, _ALIASES + 1):
        f = (base + k * count) / pixels
        spline = np.sinc(f / oversample) ** 4
        # A pixel box, less the cell's own box that averages carry already, or more by it where cells are squares.
        box = _comb(f, oversample) * np.sinc(f / oversample) ** {"average": 0, "sample": 1, "even": 2}[cells]
        sides.append((f, spline, 1 / (f**2 + 1e-6 / pixels**2), box))
    for fy, by, wy, boxy in sides:
        for fx, bx, wx, boxx in sides:
            wanted = transfer(fx, fy) * np.outer(boxy, boxx)
            wanted = wanted * np.sinc(fx * motion[0] + fy[:, None] * motion[1])
            top += np.outer(wy * by, wx * bx) * wanted
    below = sum(w * b**2 for _, b, w, _ in sides)
    out: Array = np.fft.ifft2(top / np.outer(below, below)).real
    return out


def products(taps: Array, most: int | None = MAX_RANK) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Trim taps and write them as a sum of products: that of their sums along the axes, then singular vectors.

    Parameters
    ----------
    taps : float64 (N, N)
        Periodic, zero shift first.
    most : int, optional
        Largest number of products; as many as `RESIDUAL` asks for where it is None.

    Returns
    -------
    rows, columns : float32 (R, K)
        K odd; ``sum over r of outer(rows[r], columns[r])`` is the filter, its sum 1.
    """
    middle = len(taps) // 2
    centred = np.fft.fftshift(taps)
    away = np.maximum(*np.abs(np.indices(taps.shape) - middle))
    mass = np.bincount(away.ravel(), np.abs(centred).ravel())
    reach = int(np.searchsorted(np.cumsum(mass), (1 - TAIL) * mass.sum()))
    reach = min(reach, middle - 1)
    cut = centred[middle - reach : middle + reach + 1, middle - reach : middle + reach + 1].copy()
    cut /= cut.sum()
    # The product of both sums along the axes comes first: what is left then sums to zero along every line, and so does
    # each of its singular vectors. Any number of them keeps the sum, and edges along the axes, as they are.
    across, down = cut.sum(axis=0), cut.sum(axis=1)
    rest = cut - np.outer(down, across)
    u, s, v = np.linalg.svd(rest)
    limit = RESIDUAL * np.abs(cut).max()
    rank = 0
    while (
        rank < (len(s) if most is None else most - 1)
        and np.abs(rest - (u[:, :rank] * s[:rank]) @ v[:rank]).max() > limit
    ):
        rank += 1
    root = np.sqrt(s[:rank, None])
    rows, columns = np.vstack([down, u.T[:rank] * root]), np.vstack([across, v[:rank] * root])
    return rows.astype(np.float32), columns.astype(np.float32)
