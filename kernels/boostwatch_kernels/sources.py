"""Detections of one frame in figures that the tracker reckons with: nothing unknown, every variance told."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit

DEFAULT_SIGMA_PX = 0.3
"""Centroid error assumed where a detection list does not tell it."""
FLOOR_PX = 0.07
"""What a centroid is never better than: pixel-phase bias, unequal pixels, neighbours, a slope of the background."""


class Measurements(NamedTuple):
    """Sources seen in one frame, ``M`` of them from ``D`` detections; ``B`` bands. All float64 where not told."""

    scene: np.ndarray  # (M, 2) position in scene coordinates, px
    focal: np.ndarray  # (M, 2) position on the focal plane, px
    var: np.ndarray  # (M, 2) variance of the centroid, px2; the registration's is not in it
    snr: np.ndarray  # (M,) of the bands together in one frame, root of the sum of squares
    strongest: np.ndarray  # (M,) statistic of the strongest band: its snr in as many frames as were added
    frames: np.ndarray  # (M,) frames that were added, the least of the bands', mostly 1: the next tells little new
    flux: np.ndarray  # (M, B) signal, electrons; NaN in bands where it was not seen
    flux_sigma: np.ndarray  # (M, B) and its 1-sigma
    unrest: np.ndarray  # (M,) noise of its place over that of the surroundings, the greatest of the bands'
    bands: np.ndarray  # int64 (M,) number of bands that saw it
    time_s: np.ndarray  # (M,) when its row was exposed, s
    member: np.ndarray  # int64 (D,) measurement that each detection went into; -1 for one without a finite position


@jit
def strictly_ordered(detections: np.ndarray, order: np.ndarray) -> bool:
    """Tell whether all detections, see `sources`, have a place, and their ``order`` is the only one by x."""
    for j in range(order.shape[0]):
        one = detections[order[j]]
        if not (math.isfinite(one["x"]) and math.isfinite(one["y"])):
            return False
        if j > 0 and not one["x"] > detections[order[j - 1]]["x"]:
            return False
    return True


@jit
def sources(detections: np.ndarray, order: np.ndarray, time_s: float, shift_x: float, shift_y: float) -> Measurements:
    """Return detections of one frame as a measurement each, with what is unknown filled in.

    Frames added one after the other share all but one: each counts for its share of what they tell together.

    Parameters
    ----------
    detections : structured array (D,)
        Records with the fields of `boostwatch.records.DETECTION`; NaN where unknown.
    order : int64 (M,)
        Those that have a place, in the order of the measurements.
    time_s : float
        Time of the frame, s, for those that tell none.
    shift_x, shift_y : float
        Shift of the scene on the focal plane, px.

    Returns
    -------
    Measurements
        Of one band each; ``snr`` is that of one frame.
    """
    m = order.shape[0]
    scene, focal, var = np.empty((m, 2)), np.empty((m, 2)), np.empty((m, 2))
    snr, strongest, frames, unrest, seen_s = np.empty(m), np.empty(m), np.empty(m), np.empty(m), np.empty(m)
    flux, flux_sigma = np.empty((m, 1)), np.empty((m, 1))
    bands, member = np.ones(m, np.int64), np.full(detections.shape[0], -1, np.int64)
    for j in range(m):
        one = detections[order[j]]
        member[order[j]] = j
        focal[j, 0], focal[j, 1] = one["x"], one["y"]
        scene[j, 0], scene[j, 1] = focal[j, 0] - shift_x, focal[j, 1] - shift_y
        frames[j] = max(float(one["frames"]), 1.0)
        for axis in range(2):
            sigma = float(one["sigma_x"] if axis == 0 else one["sigma_y"])
            if not 0.0 < sigma < math.inf:
                sigma = DEFAULT_SIGMA_PX
            var[j, axis] = (sigma * sigma + FLOOR_PX * FLOOR_PX) * frames[j]
        strongest[j] = 0.0 if math.isnan(one["snr"]) else one["snr"]
        snr[j] = strongest[j] / math.sqrt(frames[j])
        flux[j, 0], flux_sigma[j, 0] = one["signal_e"], float(one["signal_sigma_e"]) * math.sqrt(frames[j])
        unrest[j] = 1.0 if math.isnan(one["unrest"]) else one["unrest"]
        seen_s[j] = one["time_s"] if math.isfinite(one["time_s"]) else time_s
    return Measurements(scene, focal, var, snr, strongest, frames, flux, flux_sigma, unrest, bands, seen_s, member)
