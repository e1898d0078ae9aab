"""Counts of false alarms in the cells of a frame: what they tell of a place, and how they grow."""

import math

import numpy as np

from ._jit import jit
from .grid import frame_cell


@jit
def density(
    counts: np.ndarray, at: np.ndarray, height: float, width: float, frames: float, area: float, prior: float,
    prior_frames: float,
) -> np.ndarray:  # fmt: skip
    """Return the density of false alarms at some places.

    Parameters
    ----------
    counts : float64 (ny, nx)
        False alarms of so many frames in the cells of a frame.
    at : float64 (M, 2)
        Places x, y, px; one outside the frame has the density of the nearest cell.
    height, width : float
        Sides of the frame, px.
    frames : float
        Frames in which they were counted.
    area : float
        Of a cell, px2.
    prior, prior_frames : float
        A gamma prior in each cell: worth so many counts, in so many frames.

    Returns
    -------
    float64 (M,)
        False alarms per px and frame.
    """
    out = np.empty(at.shape[0])
    for j in range(at.shape[0]):
        row, column = frame_cell(at[j, 0], at[j, 1], height, width, counts.shape[0], counts.shape[1])
        out[j] = (counts[row, column] + prior) / (frames + prior_frames) / area
    return out


@jit
def count(
    counts: np.ndarray, at: np.ndarray, snr: np.ndarray, use: np.ndarray, height: float, width: float, strong: float
) -> tuple[int, int, float]:
    """Add some false alarms to the counts.

    Parameters
    ----------
    counts, at, height, width
        As in `density`; counts are changed.
    snr : float64 (M,)
        Their strengths.
    use : bool (M,)
        Those that are false alarms.
    strong : float
        Strength above which one is strong.

    Returns
    -------
    seen, above : int
        False alarms, and strong ones.
    weakest : float
        Strength of the weakest, inf where there was none.
    """
    seen, above, weakest = 0, 0, math.inf
    for j in range(at.shape[0]):
        if use[j]:
            row, column = frame_cell(at[j, 0], at[j, 1], height, width, counts.shape[0], counts.shape[1])
            counts[row, column] += 1.0
            seen += 1
            above += 1 if snr[j] > strong else 0
            weakest = min(weakest, snr[j])
    return seen, above, weakest
