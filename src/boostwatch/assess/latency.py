"""How long after a clairvoyant detector, which knows place and background, the run found what there was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from boostwatch.assess.intervals import UNKNOWN, over_scenes, share
from boostwatch.assess.things import STAGES

Row = dict[str, Any]
QUANTILES: Final = (0.5, 0.9, 0.95)


def latencies(rows: Sequence[Row], stage: str, *, launches: bool) -> list[float]:
    """Return the latency at a stage of each object that was due, s; infinite for one that never came so far.

    Parameters
    ----------
    rows : sequence of dict
        Object rows. Due is what a clairvoyant would have called: ``clairvoyant_time_s`` is known.
    stage : str
        One of `boostwatch.assess.things.STAGES`.
    launches : bool
        Launches alone, and those called something else were never declared.
    """
    due = [
        row for row in rows if math.isfinite(row["clairvoyant_time_s"]) and (row["kind"] == "launch" or not launches)
    ]
    out = []
    for row in due:
        known = row[f"{stage}_after_clairvoyant_s"]
        wrong = launches and stage == "declared" and row["event_kind"] != "launch"
        out.append(math.inf if wrong or not math.isfinite(known) else known)
    return out


def quantile(values: Sequence[float], q: float) -> float:
    """Return the smallest value that a share of all, the infinite too, does not exceed; NaN of nothing."""
    return float(np.quantile(values, q, method="inverted_cdf")) if len(values) else math.nan


def latency_rows(scenes: Sequence[Sequence[Row]]) -> list[Row]:
    """Return latencies by stage, of launches and of all objects, from the object rows of some scenes.

    Returns
    -------
    list of dict
        ``due``, ``reached`` and its share; quantiles of all that were due, where one that never came so far counts as
        infinitely late (None in JSON); the interval of the median is over scenes; ``limit_median_s``: the same of the
        CUSUM test that is told the light curve and raises as many false alarms. Negative: before the clairvoyant, who
        looks at one frame at a time.
    """
    out = []
    for group in ("launches", "all"):
        for stage in STAGES:
            pieces = [latencies(rows, stage, launches=group == "launches") for rows in scenes]
            values = [v for piece in pieces for v in piece]
            reached = sum(math.isfinite(v) for v in values)
            limit = [
                row[f"cusum_{stage}_after_s"]
                for rows in scenes
                for row in rows
                if math.isfinite(row["clairvoyant_time_s"]) and (row["kind"] == "launch" or group == "all")
            ]
            limit = [v if math.isfinite(v) else math.inf for v in limit]
            median, p90, p95 = (quantile(values, q) for q in QUANTILES)
            low, high = over_scenes(pieces, lambda v: quantile(v.tolist(), 0.5)) if len(scenes) > 1 else UNKNOWN
            out.append({
                "objects": group, "stage": stage, "due": len(values), "reached": reached,
                **share("share", reached, len(values)), "median_s": median, "median_s_low_95": low,
                "median_s_high_95": high, "p90_s": p90, "p95_s": p95, "limit_median_s": quantile(limit, 0.5),
            })  # fmt: skip
    return out
