"""Detections of one frame become measurements: put in order, moved to scene coordinates, bands merged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from boostwatch.records import Records
from boostwatch_kernels.assignment import assign, gate_pairs
from boostwatch_kernels.sources import Measurements, sources, strictly_ordered

Array = NDArray[np.float64]

BAND_GATE = 16.0
"""Squared distance, in units of the variance, within which detections of two bands are one source."""
BAND_PX = 0.2
"""1-sigma by which the centroids of one source differ from band to band besides: a trail has a colour of its own."""


def merge_bands(detections: Records, time_s: float, shift: tuple[float, float], n_bands: int) -> Measurements:
    """Merge the detections of one frame into measurements.

    The order of the detections does not matter: they are first put in order of position. Bands are joined one after
    the other by exact assignment within a gate; positions are averaged by their inverse variance.

    Parameters
    ----------
    detections : structured array (D,) of DETECTION
        All bands of one frame.
    time_s : float
        Time of the frame, s, for detections that tell none.
    shift : tuple of float
        (dx, dy) of the scene on the focal plane, px.
    n_bands : int
        Number of bands of the sensor.

    Returns
    -------
    Measurements
    """
    order = _in_order(detections)
    seen = sources(detections, order, time_s, float(shift[0]), float(shift[1]))
    if n_bands == 1:
        return seen
    band = np.clip(detections["band"].take(order).astype(np.int64), 0, n_bands - 1)
    slot = _slots(seen.focal, seen.var + BAND_PX**2, band)
    count = int(slot.max()) + 1 if len(slot) else 0
    member = np.full(len(detections), -1, np.int64)
    member[order] = slot
    weight = 1.0 / seen.var
    total, mean = np.zeros((count, 2)), np.zeros((count, 2))
    np.add.at(total, slot, weight)
    np.add.at(mean, slot, weight * seen.focal)
    focal = mean / total
    seen_s = np.empty(count)
    seen_s[slot] = seen.time_s  # all bands of a source are within a row or two
    square, strongest, bands = np.zeros(count), np.zeros(count), np.zeros(count, np.int64)
    np.add.at(square, slot, seen.strongest**2 / seen.frames)
    added, restless = np.full(count, np.inf), np.zeros(count)
    np.maximum.at(restless, slot, seen.unrest)
    np.minimum.at(added, slot, seen.frames)
    np.maximum.at(strongest, slot, seen.strongest)
    np.add.at(bands, slot, 1)
    fluxes, sigmas = np.full((count, n_bands), np.nan), np.full((count, n_bands), np.nan)
    fluxes[slot, band], sigmas[slot, band] = seen.flux[:, 0], seen.flux_sigma[:, 0]
    return Measurements(
        focal - np.asarray(shift, np.float64), focal, 1.0 / total, np.sqrt(square), strongest, added, fluxes, sigmas,
        restless, bands, seen_s, member,
    )  # fmt: skip


def _in_order(detections: Records) -> NDArray[np.int64]:
    """Return which detections have a place, in order of x; where that is the same, of y, band and snr."""
    order: NDArray[np.int64] = np.argsort(detections["x"])
    if strictly_ordered(detections, order):
        return order
    x, y = detections["x"], detections["y"]
    order = np.lexsort([detections["snr"], detections["band"], y, x])
    placed: NDArray[np.int64] = order[np.isfinite(x[order]) & np.isfinite(y[order])]
    return placed


def _slots(position: Array, var: Array, band: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the measurement (N,) that each detection goes into."""
    if len(band) == 0 or (band == band[0]).all():
        return np.arange(len(band))
    slot = np.full(len(band), -1, np.int64)
    heads = np.flatnonzero(band == band.min())  # one detection that stands for each measurement so far
    slot[heads] = np.arange(len(heads))
    for b in np.unique(band)[1:]:
        mine = np.flatnonzero(band == b)
        start, point, d2 = gate_pairs(position[heads], var[heads], position[mine], var[mine], BAND_GATE)
        given = assign(start, point, d2 - BAND_GATE - 1.0, len(mine))
        has = given >= 0
        slot[mine[given[has]]] = slot[heads[has]]
        fresh = mine[slot[mine] < 0]
        slot[fresh] = len(heads) + np.arange(len(fresh))
        heads = np.concatenate([heads, fresh])
    return slot
