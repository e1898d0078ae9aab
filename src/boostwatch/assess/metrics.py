"""The figures of a score that a threshold can be asked of, one number each."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

BRIGHT_SNR = 8.0
"""Truth ``snr`` from which a sample counts for the detection probability."""

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
}
"""Figures of which less is better, and what they are."""


def metrics(score: dict[str, Any]) -> dict[str, float]:
    """Return each of `BETTER_HIGH` and `BETTER_LOW`; NaN where the run has nothing to measure it by.

    Parameters
    ----------
    score : dict
        Fields of a `boostwatch.assess.score.Score`.
    """
    launches, objects, alarms = score["launches"], score["objects"], score["false_alarms"]
    seen = {row["object_id"] for row in objects if row["outcome"] != "out of view"}
    mine = [row for row in launches if row["object_id"] in seen]
    inside = [row["inside_ellipse"] for row in mine if row["inside_ellipse"] is not None]
    bright = [row for row in score["detection"] if row["band"] < 0 and row["snr_from"] >= BRIGHT_SNR]
    samples = sum(row["samples"] for row in bright)
    return {
        "launches_declared": _mean([row["declared"] for row in mine]),
        "launches_inside_ellipse": _mean(inside),
        "detection_probability": sum(row["detected"] for row in bright) / samples if samples else math.nan,
        "completeness": _mean([row["completeness"] for row in objects]),
        "purity": _mean([row["purity"] for row in objects]),
        "false_detections_per_mpx": float(alarms["false_detections_per_mpx"]),
        "false_tracks_per_hour": float(alarms["false_tracks_per_hour"]),
        "false_launches": float(alarms["false_launches"]),
        "declared_after_s": _median([row["declared_after_s"] for row in mine if row["declared"]]),
        "ground_error_km": _median([row["ground_error_km"] for row in mine if row["declared"]]),
        "gospa_px": float(score["gospa"]["mean_px"]),
        "ospa_px": float(score["gospa"]["ospa_mean_px"]),
    }


def _known(values: list[Any]) -> list[float]:
    return [float(v) for v in values if v is not None and math.isfinite(v)]


def _mean(values: list[Any]) -> float:
    known = _known(values)
    return float(np.mean(known)) if known else math.nan


def _median(values: list[Any]) -> float:
    known = _known(values)
    return float(np.median(known)) if known else math.nan
