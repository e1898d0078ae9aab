"""Which detection, track and event belongs to which object of the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from boostwatch.records import EventTables, Records

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


def text(value: bytes) -> str:
    """Return a stored text; bytes that are not UTF-8 become U+FFFD."""
    return value.decode("utf-8", "replace")


def assign(cost: Array, gate: float) -> tuple[Ints, Ints]:
    """Pair rows and columns one to one: as many pairs within the gate as possible, then the least sum of distances.

    Parameters
    ----------
    cost : float64 (N, M)
        Distances.
    gate : float
        Pairs further apart are not made.

    Returns
    -------
    rows, columns : int64 (K,)
    """
    large = gate * (min(cost.shape) + 1) if cost.size else 0.0  # one pair outweighs any saving in distance
    rows, columns = linear_sum_assignment(np.where(cost <= gate, cost, large))
    near = cost[rows, columns] <= gate
    return rows[near], columns[near]


def groups(*keys: NDArray[Any]) -> Iterator[tuple[tuple[int, ...], Ints]]:
    """Yield each combination of integer keys with the indices that have it, in order of the keys."""
    if not len(keys[0]):
        return
    order = np.lexsort(keys[::-1])
    table = np.stack([key[order] for key in keys], axis=1)
    starts = np.flatnonzero(np.r_[True, (table[1:] != table[:-1]).any(axis=1)])
    for a, b in zip(starts, np.r_[starts[1:], len(order)], strict=True):
        yield tuple(int(v) for v in table[a]), order[a:b]


def _distances(ax: NDArray[Any], ay: NDArray[Any], bx: NDArray[Any], by: NDArray[Any]) -> Array:
    d: Array = np.hypot(ax[:, None].astype(np.float64) - bx[None, :], ay[:, None].astype(np.float64) - by[None, :])
    return np.where(np.isnan(d), np.inf, d)


@dataclass(frozen=True)
class DetectionMatch:
    """Detections against truth samples.

    Attributes
    ----------
    sample_detection : int64 (S,)
        Index of the detection paired with each truth sample, or -1.
    detection_object : int64 (D,)
        ``object_id`` of the nearest sample within the gate of each detection, or -1: a false detection.
    """

    sample_detection: Ints
    detection_object: Ints


def match_detections(detections: Records, samples: Records, gate_px: float) -> DetectionMatch:
    """Pair detections and truth samples one to one in each band of each frame.

    A second detection within the gate of a sample is neither a hit nor false: bright sources make satellites.
    """
    sample_detection = np.full(len(samples), -1, np.int64)
    detection_object = np.full(len(detections), -1, np.int64)
    truth = dict(groups(samples["frame"], samples["band"]))
    for key, found in groups(detections["frame"], detections["band"]):
        true = truth.get(key)
        if true is None:
            continue
        d = _distances(samples["x"][true], samples["y"][true], detections["x"][found], detections["y"][found])
        near = d.min(axis=0) <= gate_px
        detection_object[found[near]] = samples["object_id"][true[d.argmin(axis=0)[near]]]
        rows, columns = assign(d, gate_px)
        sample_detection[true[rows]] = found[columns]
    return DetectionMatch(sample_detection, detection_object)


PLACE = np.dtype([("object_id", "i4"), ("frame", "i4"), ("x", "f8"), ("y", "f8"), ("snr", "f8")])


def places(samples: Records) -> Records:
    """Reduce the samples to one place an object and frame: that of the band with the highest ``snr``, sorted by frame.

    Returns
    -------
    structured array (P,) with ``object_id``, ``frame``, ``x``, ``y``, ``snr``
    """
    seen = samples[samples["signal_e"] > 0]
    seen = seen[np.lexsort((-np.nan_to_num(seen["snr"]), seen["object_id"], seen["frame"]))]
    first = np.ones(len(seen), bool)
    first[1:] = (seen["frame"][1:] != seen["frame"][:-1]) | (seen["object_id"][1:] != seen["object_id"][:-1])
    out = np.zeros(int(first.sum()), PLACE)
    for name in PLACE.names or ():
        out[name] = seen[name][first]
    return out


@dataclass(frozen=True)
class TrackMatch:
    """Confirmed tracks against objects.

    Attributes
    ----------
    point_object : int64 (P,)
        ``object_id`` of the nearest object within the gate of each track point, or -1.
    track_object : dict
        ``object_id`` of each track that was ever confirmed; -1 for a false one.
    purity : dict
        Share of each such track's measured points that lie on its object.
    """

    point_object: Ints
    track_object: dict[int, int]
    purity: dict[int, float]


def confirmed_tracks(tables: EventTables) -> set[int]:
    """Return the ids of tracks that were confirmed at any time."""
    tracks = tables.tracks
    return {int(i) for i in tracks["track_id"][np.isfinite(tracks["confirmed_time_s"])]}


def match_tracks(tables: EventTables, truth: Records, gate_px: float) -> TrackMatch:
    """Give every confirmed track the object on which at least half of its measured points lie.

    Points that only predict (``snr`` NaN) are left out of the count. Several tracks may have one object: fragments.
    """
    points = tables.track_points
    point_object = np.full(len(points), -1, np.int64)
    by_frame = dict(groups(truth["frame"]))
    for key, found in groups(points["frame"]):
        true = by_frame.get(key)
        if true is None:
            continue
        d = _distances(truth["x"][true], truth["y"][true], points["x"][found], points["y"][found])
        near = d.min(axis=0) <= gate_px
        point_object[found[near]] = truth["object_id"][true[d.argmin(axis=0)[near]]]
    wanted = confirmed_tracks(tables)
    track_object, purity = dict.fromkeys(wanted, -1), dict.fromkeys(wanted, 0.0)
    for (track,), mine in groups(points["track_id"]):
        if track not in wanted:
            continue
        measured = mine[np.isfinite(points["snr"][mine])]
        objects = point_object[measured if len(measured) else mine]
        ids, counts = np.unique(objects[objects >= 0], return_counts=True)
        if len(ids) and 2 * counts.max() >= len(objects):
            track_object[track] = int(ids[counts.argmax()])
            purity[track] = float(counts.max() / len(objects))
    return TrackMatch(point_object, track_object, purity)


def match_events(tables: EventTables, matched: TrackMatch, truth: Records, times_s: Array, gate_px: float) -> Ints:
    """Return the ``object_id`` of each event: by its track, else by where and when it was first seen; -1 for none."""
    out = np.full(len(tables.events), -1, np.int64)
    for i, event in enumerate(tables.events):
        if int(event["track_id"]) in matched.track_object:
            out[i] = matched.track_object[int(event["track_id"])]
            continue
        if not np.isfinite(event["first_time_s"]) or not len(times_s):
            continue
        frame = int(np.argmin(np.abs(times_s - event["first_time_s"])))
        here = truth[truth["frame"] == frame]
        d = np.hypot(here["x"] - event["x0"], here["y"] - event["y0"])
        if len(d) and d.min() <= gate_px:
            out[i] = here["object_id"][d.argmin()]
    return out


def gospa(truth_xy: Array, found_xy: Array, cut_px: float = 10.0, power: float = 2.0) -> tuple[float, int, int]:
    """Return the generalised optimal sub-pattern assignment distance of two sets of points.

    With alpha = 2 (Rahmathullah, Garcia-Fernandez and Svensson, FUSION 2017): a missed and a false point cost
    ``cut**power / 2`` each, a pair its distance to the power.

    Parameters
    ----------
    truth_xy, found_xy : float64 (N, 2), (M, 2)
        Positions, px.
    cut_px, power : float
        Cut-off distance and order.

    Returns
    -------
    distance : float
        px.
    missed, false : int
        Points without a partner.
    """
    d = _paired(truth_xy, found_xy, cut_px, power)
    pairs = d[d < cut_px]
    missed, false = len(truth_xy) - len(pairs), len(found_xy) - len(pairs)
    return float(((pairs**power).sum() + 0.5 * cut_px**power * (missed + false)) ** (1 / power)), missed, false


def ospa(truth_xy: Array, found_xy: Array, cut_px: float = 10.0, power: float = 2.0) -> float:
    """Return the optimal sub-pattern assignment distance of two sets of points, px; 0 where both are empty.

    A mean over the larger set: pairs cost their distance, cut off, the rest the cut-off (Schuhmacher, Vo and Vo, IEEE
    TSP 56, 2008). Unlike `gospa` it does not grow with the number of points.

    Parameters are those of `gospa`.
    """
    few, many = sorted((len(truth_xy), len(found_xy)))
    if not many:
        return 0.0
    paired = float((_paired(truth_xy, found_xy, cut_px, power) ** power).sum())
    return float(((paired + cut_px**power * (many - few)) / many) ** (1.0 / power))


def _paired(a_xy: Array, b_xy: Array, cut_px: float, power: float) -> Array:
    """Return the distances, cut off, of the pairs that cost least together."""
    d = np.minimum(_distances(a_xy[:, 0], a_xy[:, 1], b_xy[:, 0], b_xy[:, 1]), cut_px)
    out: Array = d[linear_sum_assignment(d**power)]
    return out
