"""What was known of the place of a detection before: light that the background holds there, and how much it varies.

A source that was there before, and flares up, is no new one.

What is seen of such a source is what it has more than before. Where the registration is off by ``d`` between the frame
and the background, the old light ``S`` leaves a dipole, which moves the centroid of an excess ``F`` by ``d S / F``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from boostwatch.detect.peaks import FLUX, HELD, SIGMA_X, SIGMA_Y, UNREST, X, Y

Array = NDArray[np.float64]

RING = (4, 5)
"""The level around a place is the median of the pixels so far from it, px."""
_DY, _DX = np.mgrid[-RING[1] : RING[1] + 1, -RING[1] : RING[1] + 1].reshape(2, -1)
_DISTANCE = np.maximum(np.abs(_DY), np.abs(_DX))
_NEAR, _RING = _DISTANCE <= 1, RING[0] <= _DISTANCE
SLIP_PX = 0.1
"""1-sigma an axis by which frame and background lie beside each other at times: clouds pull the registration along."""


def weigh_held(
    fits: Array,
    known_at: Callable[[NDArray[np.int64], NDArray[np.int64]], tuple[Array, Array]],
    profile: NDArray[np.float32],
) -> None:
    """Write into fits what was known of their places, and count what it does to their positions, in place.

    Parameters
    ----------
    fits : float64 (N, COLUMNS)
        Of one frame; `HELD` and `UNREST` are written, `SIGMA_X` and `SIGMA_Y` grow.
    known_at : callable
        Takes rows and columns, int64 (N, K), and returns what is expected there and its 1-sigma, DN; NaN where not
        known.
    profile : float32 (R + 1,)
        One side of the line spread, of which the squares of both sides sum to 1.
    """
    if not len(fits):
        return
    rows = np.rint(fits[:, Y]).astype(np.int64)[:, None] + _DY
    columns = np.rint(fits[:, X]).astype(np.int64)[:, None] + _DX
    around, noise = known_at(rows, columns)
    level = _median(around[:, _RING])
    known = np.isfinite(level)
    line = np.concatenate([profile[:0:-1], profile]).astype(np.float64)
    core = np.nan_to_num(around[:, len(profile) > _DISTANCE] - level[:, None])
    fits[:, HELD] = np.where(known, core @ np.outer(line, line).ravel() * line.sum() ** 2, np.nan)
    fits[:, UNREST] = _median(noise[:, _NEAR]) / _median(noise[:, _RING])
    share = np.nan_to_num(np.maximum(fits[:, HELD], 0.0) / np.maximum(fits[:, FLUX], 1e-9))
    for axis in (SIGMA_X, SIGMA_Y):
        fits[:, axis] = np.hypot(fits[:, axis], SLIP_PX * share)


def _median(values: Array) -> Array:
    """Return the median (N,) of what is known of values (N, K); NaN where nothing is."""
    ordered = np.sort(values, axis=1)  # what is not known comes last
    known = np.maximum(np.count_nonzero(np.isfinite(ordered), axis=1), 1)
    row = np.arange(len(values))
    out: Array = 0.5 * (ordered[row, (known - 1) // 2] + ordered[row, known // 2])
    return out
