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
    reach, far = len(profile) - 1, RING[1]
    dy, dx = np.mgrid[-far : far + 1, -far : far + 1].reshape(2, -1)
    distance = np.maximum(np.abs(dy), np.abs(dx))
    rows = np.rint(fits[:, Y]).astype(np.int64)[:, None] + dy
    columns = np.rint(fits[:, X]).astype(np.int64)[:, None] + dx
    around, noise = known_at(rows, columns)
    level = _median(around[:, distance >= RING[0]])
    known = np.isfinite(level)
    line = np.concatenate([profile[:0:-1], profile]).astype(np.float64)
    core = np.nan_to_num(around[:, distance <= reach] - level[:, None])
    fits[:, HELD] = np.where(known, core @ np.outer(line, line).ravel() * line.sum() ** 2, np.nan)
    fits[:, UNREST] = _median(noise[:, distance <= 1]) / _median(noise[:, distance >= RING[0]])
    share = np.nan_to_num(np.maximum(fits[:, HELD], 0.0) / np.maximum(fits[:, FLUX], 1e-9))
    for axis in (SIGMA_X, SIGMA_Y):
        fits[:, axis] = np.hypot(fits[:, axis], SLIP_PX * share)


def _median(values: Array) -> Array:
    """Return the median (N,) of what is known of values (N, K); NaN where nothing is."""
    out = np.full(len(values), np.nan)
    known = np.isfinite(values).any(axis=1)
    out[known] = np.nanmedian(values[known], axis=1)
    return out
