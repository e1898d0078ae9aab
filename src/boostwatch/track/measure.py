"""Detections of one frame become measurements: put in order, moved to scene coordinates, bands merged."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch.records import Records
from boostwatch_kernels.assignment import assign, gate_pairs
from boostwatch_kernels.sources import COLUMNS, sources

Array = NDArray[np.float64]

BAND_GATE = 16.0
"""Squared distance, in units of the variance, within which detections of two bands are one source."""
BAND_PX = 0.2
"""1-sigma by which the centroids of one source differ from band to band besides: a trail has a colour of its own."""


class Measurements(NamedTuple):
    """Sources seen in one frame, ``M`` of them; ``B`` bands."""

    scene: Array
    """(M, 2) position in scene coordinates, px."""
    focal: Array
    """(M, 2) position on the focal plane, px."""
    var: Array
    """(M, 2) variance of the centroid, px2; the registration's is not in it."""
    snr: Array
    """(M,) of the bands together in one frame, root of the sum of squares."""
    strongest: Array
    """(M,) statistic of the strongest band: its snr in as many frames as were added."""
    frames: Array
    """(M,) frames that were added: least over the bands, 1 for most. The next of so many frames tells little new."""
    flux: Array
    """(M, B) signal in electrons, NaN in bands where it was not seen."""
    flux_sigma: Array
    """(M, B) and its 1-sigma."""
    unrest: Array
    """(M,) noise of its place over that of the surroundings, the greatest of the bands'; 1 where unknown."""
    bands: NDArray[np.int64]
    """(M,) number of bands that saw it."""
    time_s: Array
    """(M,) when its row was exposed; NaN where that is not known."""
    member: NDArray[np.int64]
    """(D,) measurement that each detection went into; -1 for one without a finite position."""


def merge_bands(detections: Records, shift: tuple[float, float], n_bands: int) -> Measurements:
    """Merge the detections of one frame into measurements.

    The order of the detections does not matter: they are first put in order of position. Bands are joined one after
    the other by exact assignment within a gate; positions are averaged by their inverse variance.

    Parameters
    ----------
    detections : structured array (D,) of DETECTION
        All bands of one frame.
    shift : tuple of float
        (dx, dy) of the scene on the focal plane, px.
    n_bands : int
        Number of bands of the sensor.

    Returns
    -------
    Measurements
    """
    columns = np.array([detections[name] for name in COLUMNS], np.float64)
    order = _in_order(columns, detections["band"])
    member = np.full(len(detections), -1, np.int64)
    position, var, snr, frames, flux, flux_sigma, unrest = sources(columns.take(order, axis=1))
    shifted = np.asarray(shift, np.float64)
    if n_bands == 1:
        member[order] = np.arange(len(order))
        return Measurements(
            position - shifted, position, var, snr / np.sqrt(frames), snr, frames, flux[:, None], flux_sigma[:, None],
            unrest, np.ones(len(order), np.int64), detections["time_s"].take(order), member,
        )  # fmt: skip

    band = np.clip(detections["band"].take(order).astype(np.int64), 0, n_bands - 1)
    slot = _slots(position, var + BAND_PX**2, band)
    count = int(slot.max()) + 1 if len(slot) else 0
    member[order] = slot
    weight = 1.0 / var
    total, mean = np.zeros((count, 2)), np.zeros((count, 2))
    np.add.at(total, slot, weight)
    np.add.at(mean, slot, weight * position)
    focal = mean / total
    time_s = np.full(count, np.nan)
    time_s[slot] = detections["time_s"].take(order)  # all bands of a source are within a row or two
    square, strongest, bands = np.zeros(count), np.zeros(count), np.zeros(count, np.int64)
    np.add.at(square, slot, snr**2 / frames)
    added, restless = np.full(count, np.inf), np.zeros(count)
    np.maximum.at(restless, slot, unrest)
    np.minimum.at(added, slot, frames)
    np.maximum.at(strongest, slot, snr)
    np.add.at(bands, slot, 1)
    fluxes, sigmas = np.full((count, n_bands), np.nan), np.full((count, n_bands), np.nan)
    fluxes[slot, band], sigmas[slot, band] = flux, flux_sigma
    return Measurements(
        focal - shifted, focal, 1.0 / total, np.sqrt(square), strongest, added, fluxes, sigmas, restless, bands, time_s,
        member,
    )  # fmt: skip


def _in_order(columns: Array, band: NDArray[Any]) -> NDArray[np.intp]:
    """Return which detections have a place, in order of x; where that is the same, of y, band and snr."""
    x, y = columns[0], columns[1]
    order = np.argsort(x)
    sorted_x = x[order]
    if (sorted_x[1:] == sorted_x[:-1]).any():
        order = np.lexsort([columns[COLUMNS.index("snr")], band, y, x])
    finite = np.isfinite(x) & np.isfinite(y)
    return order if finite.all() else order[finite[order]]


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
