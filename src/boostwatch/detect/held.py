"""Light that the background holds at the place of a detection: a source that was there before, and flares up.

What is seen of such a source is what it has more than before. Where the registration is off by ``d`` between the frame
and the background, the old light ``S`` leaves a dipole, which moves the centroid of an excess ``F`` by ``d S / F``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from boostwatch.detect.peaks import FLUX, HELD, SIGMA_X, SIGMA_Y, X, Y

Array = NDArray[np.float64]

RING = (4, 5)
"""The level around a place is the median of the pixels so far from it, px."""
SLIP_PX = 0.1
"""1-sigma an axis by which frame and background lie beside each other at times: clouds pull the registration along."""


def weigh_held(
    fits: Array, forecast: Callable[[NDArray[np.int64], NDArray[np.int64]], Array], profile: NDArray[np.float32]
) -> None:
    """Write the light that the background holds into fits, and count what it does to their places, in place.

    Parameters
    ----------
    fits : float64 (N, COLUMNS)
        Of one frame; `HELD` is written, `SIGMA_X` and `SIGMA_Y` grow.
    forecast : callable
        Takes rows and columns, int64 (N, K), and returns what is expected there, DN; NaN where not known.
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
    around = forecast(rows, columns)
    ring = around[:, distance >= RING[0]]
    known = np.isfinite(ring).any(axis=1)
    level = np.full(len(fits), np.nan)
    level[known] = np.nanmedian(ring[known], axis=1)
    line = np.concatenate([profile[:0:-1], profile]).astype(np.float64)
    core = np.nan_to_num(around[:, distance <= reach] - level[:, None])
    fits[:, HELD] = np.where(known, core @ np.outer(line, line).ravel() * line.sum() ** 2, np.nan)
    share = np.nan_to_num(np.maximum(fits[:, HELD], 0.0) / np.maximum(fits[:, FLUX], 1e-9))
    for axis in (SIGMA_X, SIGMA_Y):
        fits[:, axis] = np.hypot(fits[:, axis], SLIP_PX * share)
