"""The figures of a score that a threshold can be asked of, one number each, and their intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from boostwatch.assess.intervals import UNKNOWN, binomial_interval, over_scenes, poisson_interval, ratio_over_scenes
from boostwatch.assess.latency import latencies, quantile

Row = dict[str, Any]
BRIGHT_SNR = 8.0
"""Truth ``snr`` from which a sample counts for the detection probability and the places of detections."""

BETTER_HIGH: Final = {
    "launches_declared": "share of the launches in view that are declared",
    "launches_inside_ellipse": "share of the declared launches with a place that lie in their own 95 % ellipse",
    "detection_probability": "of samples of all bands from truth snr 8 on",
    "completeness": "mean share of the frames in which a visible object has a track",
    "purity": "mean of the tracked objects",
}
"""Figures of which more is better, and what they are."""
BETTER_LOW: Final = {
    "false_detections_per_mpx": "false detections, 1/Mpx",
    "false_tracks_per_hour": "false tracks, 1/h",
    "false_launches": "events called a launch that are none",
    "declared_after_s": "median from visible to declared, launches, s",
    "ground_error_km": "median distance of the launch point from the truth, km",
    "gospa_px": "mean GOSPA, px",
    "ospa_px": "mean OSPA, px",
    "declared_after_clairvoyant_s": "median from the clairvoyant's first call, launches, never is infinite, s",
    "ground_error_over_bound": "rms error of the launch points over the rms of their bounds",
    "position_over_bound": "rms error of detected places of launches over their bound, truth snr from 8",
    "calibration_error": "mean distance between p_launch and the share of launches",
    "fragments": "tracks for each object that has one, mean",
}
"""Figures of which less is better, and what they are."""


def metrics(score: Row) -> dict[str, float]:
    """Return each of `BETTER_HIGH` and `BETTER_LOW`; NaN where the run has nothing to measure it by.

    Parameters
    ----------
    score : dict
        Fields of a `boostwatch.assess.score.Score`.
    """
    mine, alarms = _launches(score), score["false_alarms"]
    declared = [row["declared"] for row in mine]
    hits, samples = _bright(score)
    return {
        "launches_declared": _mean(declared),
        "launches_inside_ellipse": _mean(_inside(score)),
        "detection_probability": hits / samples if samples else math.nan,
        "completeness": _mean(_objects(score, "completeness")),
        "purity": _mean(_objects(score, "purity")),
        "false_detections_per_mpx": float(alarms["false_detections_per_mpx"]),
        "false_tracks_per_hour": float(alarms["false_tracks_per_hour"]),
        "false_launches": float(alarms["false_launches"]),
        "declared_after_s": _median(_declared(score, "declared_after_s")),
        "ground_error_km": _median(_declared(score, "ground_error_km")),
        "gospa_px": float(score["gospa"]["mean_px"]),
        "ospa_px": float(score["gospa"]["ospa_mean_px"]),
        "declared_after_clairvoyant_s": quantile(latencies(score["objects"], "declared", launches=True), 0.5),
        "ground_error_over_bound": _root(*_ground(score)),
        "position_over_bound": _root(*_position(score)),
        "calibration_error": float(score["reliability"]["calibration_error"]),
        "fragments": _mean(_fragments(score)),
    }


def figures(scenes: Sequence[Row], score: Row) -> list[Row]:
    """Return the metrics with their 95 % intervals.

    Parameters
    ----------
    scenes : sequence of dict
        The score of each scene.
    score : dict
        All of them together.

    Returns
    -------
    list of dict
        ``metric``, ``value``, ``low_95``, ``high_95``, and ``of``: how many things it is of. Shares have Clopper and
        Pearson's interval, rates and counts Garwood's, means and medians that of scenes drawn again (NaN below three).
    """
    found, alarms = metrics(score), score["false_alarms"]
    hits, samples = _bright(score)
    declared, inside = [row["declared"] for row in _launches(score)], _inside(score)
    intervals: dict[str, tuple[tuple[float, float], int]] = {
        "launches_declared": _share(sum(declared), len(declared)),
        "launches_inside_ellipse": _share(sum(inside), len(inside)),
        "detection_probability": _share(hits, samples),
        "false_launches": (poisson_interval(alarms["false_launches"]), alarms["false_launches"]),
        "calibration_error": (UNKNOWN, score["reliability"]["events"]),
    }
    for name, key in (("false_detections_per_mpx", "false_detections"), ("false_tracks_per_hour", "false_tracks")):
        intervals[name] = ((alarms[f"{name}_low_95"], alarms[f"{name}_high_95"]), alarms[key])
    values: dict[str, tuple[Callable[[Row], list[float]], Callable[[Iterable[float]], float]]] = {
        "completeness": (lambda s: _objects(s, "completeness"), _mean),
        "purity": (lambda s: _objects(s, "purity"), _mean),
        "fragments": (_fragments, _mean),
        "declared_after_s": (lambda s: _declared(s, "declared_after_s"), _median),
        "ground_error_km": (lambda s: _declared(s, "ground_error_km"), _median),
        "declared_after_clairvoyant_s": (
            lambda s: latencies(s["objects"], "declared", launches=True), lambda v: quantile(list(v), 0.5),
        ),
    }  # fmt: skip
    for name, (take, statistic) in values.items():
        pieces = [take(scene) for scene in scenes]

        def drawn(v: NDArray[np.float64], statistic: Callable[[Iterable[float]], float] = statistic) -> float:
            return statistic(v.tolist())

        intervals[name] = (over_scenes(pieces, drawn), sum(map(len, pieces)))
    for name, key in (("gospa_px", "mean_px"), ("ospa_px", "ospa_mean_px")):
        pairs = [(s["gospa"]["frames"] * s["gospa"][key], s["gospa"]["frames"]) for s in scenes if s["gospa"]["frames"]]
        intervals[name] = (ratio_over_scenes(pairs), score["gospa"]["frames"])
    ratios = {
        "position_over_bound": (_position, int(_position(score)[1]) // 2),
        "ground_error_over_bound": (_ground, len(_squares(score))),
    }
    for name, (sums, count) in ratios.items():
        low, high = ratio_over_scenes([sums(scene) for scene in scenes])
        intervals[name] = ((math.sqrt(low), math.sqrt(high)), count)
    return [
        {"metric": name, "value": value, "low_95": intervals[name][0][0], "high_95": intervals[name][0][1],
         "of": intervals[name][1]}
        for name, value in found.items()
    ]  # fmt: skip


def _share(hits: int, trials: int) -> tuple[tuple[float, float], int]:
    return (binomial_interval(hits, trials) if trials else UNKNOWN), trials


def _key(row: Row) -> tuple[Any, int]:
    """Return what tells an object from all others: numbers begin anew in every scene."""
    return row.get("scene"), row["object_id"]


def _launches(score: Row) -> list[Row]:
    """Return the rows of the launches in view."""
    seen = {_key(row) for row in score["objects"] if row["outcome"] != "out of view"}
    return [row for row in score["launches"] if _key(row) in seen]


def _declared(score: Row, name: str) -> list[float]:
    return _known([row[name] for row in _launches(score) if row["declared"]])


def _inside(score: Row) -> list[bool]:
    """Return whether each declared launch lies in its ellipse, as far as there is one."""
    known = [row["inside_ellipse"] for row in _launches(score) if row["declared"]]
    return [value for value in known if isinstance(value, bool)]


def _objects(score: Row, name: str) -> list[float]:
    return _known([row[name] for row in score["objects"]])


def _fragments(score: Row) -> list[float]:
    return [float(row["fragments"]) for row in score["objects"] if row["fragments"]]


def _bright(score: Row) -> tuple[int, int]:
    """Return how many bright samples were detected, and how many there are."""
    bright = [row for row in score["detection"] if row["band"] < 0 and row["snr_from"] >= BRIGHT_SNR]
    return sum(row["detected"] for row in bright), sum(row["samples"] for row in bright)


def _position(score: Row) -> tuple[float, float]:
    """Return the sum of squared errors over bounds of bright places, and how many coordinates it is of."""
    bright = [row for row in score["position"] if row["snr_from"] >= BRIGHT_SNR]
    return math.fsum(row["chi2"] for row in bright), 2.0 * sum(row["detections"] for row in bright)


def _squares(score: Row) -> list[tuple[float, float]]:
    """Return the squared error and the squared bound of each declared launch point that has both, km2."""
    pairs = [(row["ground_error_km"], row["point_bound_km"]) for row in _launches(score) if row["declared"]]
    return [(a * a, b * b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]


def _ground(score: Row) -> tuple[float, float]:
    """Return the sums of `_squares`."""
    squares = _squares(score)
    return math.fsum(a for a, _ in squares), math.fsum(b for _, b in squares)


def _root(part: float, whole: float) -> float:
    return math.sqrt(part / whole) if whole else math.nan


def _known(values: Iterable[Any]) -> list[float]:
    return [float(v) for v in values if v is not None and math.isfinite(v)]


def _mean(values: Iterable[float]) -> float:
    known = _known(values)
    return math.fsum(known) / len(known) if known else math.nan


def _median(values: Iterable[float]) -> float:
    known = _known(values)
    return float(np.median(known)) if known else math.nan
