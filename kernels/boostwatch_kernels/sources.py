"""Detections of one frame in figures that the tracker reckons with: nothing unknown, every variance told."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit

DEFAULT_SIGMA_PX = 0.3
"""Centroid error assumed where a detection list does not tell it."""
FLOOR_PX = 0.07
"""What a centroid is never better than: pixel-phase bias, unequal pixels, neighbours, a slope of the background."""

COLUMNS = ("x", "y", "sigma_x", "sigma_y", "snr", "signal_e", "signal_sigma_e", "unrest", "frames")
"""Columns of a detection that are used."""


class Sources(NamedTuple):
    """Detections, ``M`` of them; all float64."""

    at: np.ndarray  # (M, 2), px
    var: np.ndarray  # (M, 2) of the centroid, px2
    snr: np.ndarray  # (M,)
    frames: np.ndarray  # (M,): frames that were added, at least 1
    flux: np.ndarray  # (M,), electrons
    flux_sigma: np.ndarray  # (M,)
    unrest: np.ndarray  # (M,)


@jit
def sources(columns: np.ndarray) -> Sources:
    """Return detections with what is unknown filled in.

    Frames added one after the other share all but one: each counts for its share of what they tell together.

    Parameters
    ----------
    columns : float64 (9, M)
        `COLUMNS`; NaN where unknown, but for x and y.

    Returns
    -------
    Sources
    """
    m = columns.shape[1]
    at, var = np.empty((m, 2)), np.empty((m, 2))
    snr, frames, unrest = np.empty(m), np.empty(m), np.empty(m)
    flux, flux_sigma = np.empty(m), np.empty(m)
    for j in range(m):
        frames[j] = max(columns[8, j], 1.0)
        for axis in range(2):
            at[j, axis], sigma = columns[axis, j], columns[2 + axis, j]
            if not 0.0 < sigma < math.inf:
                sigma = DEFAULT_SIGMA_PX
            var[j, axis] = (sigma * sigma + FLOOR_PX * FLOOR_PX) * frames[j]
        snr[j] = 0.0 if math.isnan(columns[4, j]) else columns[4, j]
        flux[j], flux_sigma[j] = columns[5, j], columns[6, j] * math.sqrt(frames[j])
        unrest[j] = 1.0 if math.isnan(columns[7, j]) else columns[7, j]
    return Sources(at, var, snr, frames, flux, flux_sigma, unrest)
