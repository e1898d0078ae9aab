"""Records of hits, which stay with a track for life, from the measurements of a frame and back."""

import math

import numpy as np

from ._jit import jit
from .regimes import Regimes, fits
from .sources import Measurements
from .tracks import Course, Hits, Looks, look, take


@jit
def write_hits(
    out: np.ndarray, which: np.ndarray, seen: Measurements, frame: int, time_s: float, shift_sigma: float,
    position_m: np.ndarray, attitude: np.ndarray,
) -> None:  # fmt: skip
    """Write some of the measurements of a frame as hits.

    Parameters
    ----------
    out : structured array (K,), written
        Records with the fields of `boostwatch.track.history.hit_dtype`.
    which : int64 (K,)
        Number of each one's measurement.
    seen : Measurements
        Of the frame.
    frame, time_s : int, float
        Its number and time, s.
    shift_sigma : float
        1-sigma an axis of the scene's shift, px.
    position_m, attitude : float64 (3,), (4,)
        How it lay.
    """
    for k in range(which.shape[0]):
        j, one = which[k], out[k]
        one["frame"], one["time_s"], one["seen_s"], one["shift_sigma"] = frame, time_s, seen.time_s[j], shift_sigma
        one["snr"], one["strongest"] = seen.snr[j], seen.strongest[j]
        one["frames"], one["unrest"] = seen.frames[j], seen.unrest[j]
        for axis in range(2):
            one["scene"][axis], one["focal"][axis] = seen.scene[j, axis], seen.focal[j, axis]
            one["var"][axis] = seen.var[j, axis]
        for band in range(seen.flux.shape[1]):
            one["flux"][band], one["flux_sigma"][band] = seen.flux[j, band], seen.flux_sigma[j, band]
        for axis in range(3):
            one["position_m"][axis] = position_m[axis]
        for axis in range(4):
            one["attitude"][axis] = attitude[axis]


@jit
def read_hits(records: np.ndarray) -> Hits:
    """Return hits of one frame (K,), see `write_hits`, as columns; the variance in the scene is with its shift's."""
    count = records.shape[0]
    bands = records[0]["flux"].shape[0] if count else 1
    at, var = np.empty((count, 2, 2)), np.empty((count, 2, 2))
    strongest, frames, unrest = np.empty(count), np.empty(count), np.empty(count)
    flux, flux_sigma = np.empty((count, bands)), np.empty((count, bands))
    for k in range(count):
        one = records[k]
        for axis in range(2):
            at[k, 0, axis], at[k, 1, axis] = one["scene"][axis], one["focal"][axis]
            var[k, 1, axis] = one["var"][axis]
            var[k, 0, axis] = one["var"][axis] + one["shift_sigma"] * one["shift_sigma"]
        strongest[k], frames[k], unrest[k] = one["strongest"], one["frames"], one["unrest"]
        for band in range(bands):
            flux[k, band], flux_sigma[k, band] = one["flux"][band], one["flux_sigma"][band]
    return Hits(at, var, strongest, frames, unrest, flux, flux_sigma)


@jit
def receive(
    filters: Regimes, course: Course, looks: Looks, row: np.ndarray, records: np.ndarray, chance: float, main_band: int
) -> None:
    """Give some tracks, predicted to it, a hit each; their filters take it in by `regimes.mix`, afterwards.

    Parameters
    ----------
    filters : Regimes
        Of ``N`` tracks.
    course, looks : Course, Looks, changed
        And what is known of them.
    row : int64 (K,)
        Track of each hit; no track twice.
    records : structured array (K,)
        Hits of one frame, see `write_hits`.
    chance : float
        Log density of a place that is a false alarm's.
    main_band : int
        Band of the light curve.
    """
    if not row.shape[0]:
        return
    hits, time_s = read_hits(records), float(records[0]["time_s"])
    fit, loose = fits(filters, row, hits.at, hits.var)
    wander = take(course, row, hits, time_s, fit, chance)
    look(looks, row, hits, time_s, loose, wander, main_band)
    for k in range(row.shape[0]):
        course.seen_s[row[k]], course.last_snr[row[k]] = records[k]["seen_s"], records[k]["snr"]


@jit
def write_points(
    out: np.ndarray, track_id: np.ndarray, state: np.ndarray, cov: np.ndarray, focal: np.ndarray, course: Course,
    frame: int, time_s: float,
) -> None:  # fmt: skip
    """Write the states of all tracks in a frame; lines of sight are left unknown.

    Parameters
    ----------
    out : structured array (N,), written
        Records with the fields of `boostwatch.records.TRACK_POINT`.
    track_id : int64 (N,)
        Names.
    state, cov : float64 (N, 2, 3), (N, 2, 3, 3)
        Position, velocity, acceleration in the scene, px and s, and their covariance.
    focal : float64 (N, 2)
        Position on the focal plane, px.
    course : Course
        What is known of the tracks.
    frame, time_s : int, float
        Number and time, s, of the frame; ``snr`` is NaN for tracks whose last hit is older.
    """
    for n in range(out.shape[0]):
        one, hit = out[n], course.last_s[n] == time_s
        one["track_id"], one["frame"], one["confirmed"] = track_id[n], frame, 1
        one["x"], one["y"], one["vx"], one["vy"] = focal[n, 0], focal[n, 1], state[n, 0, 1], state[n, 1, 1]
        one["sigma_x"], one["sigma_y"] = math.sqrt(cov[n, 0, 0, 0]), math.sqrt(cov[n, 1, 0, 0])
        one["time_s"] = course.seen_s[n] if hit else time_s
        one["snr"] = course.last_snr[n] if hit else math.nan
        one["los_x"] = one["los_y"] = one["los_z"] = math.nan
