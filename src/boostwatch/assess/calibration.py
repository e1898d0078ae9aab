"""Whether errors are as large as what was claimed of them, and probabilities as often true as they say."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtr, chdtrc, chdtri, ndtr

from boostwatch.assess.intervals import scale, share

Row = dict[str, Any]

LEVELS: Final = (0.50, 0.68, 0.95, 0.99)
"""Shares of the errors that regions of that claim should hold."""
PIT_BINS: Final = 10
P_EDGES: Final = (0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1.0)
"""Of the bins of ``p_launch``; 1 belongs to the last."""

QUANTITIES: Final = {
    "launch_time": "launch time", "launch_point": "launch point", "heading": "heading", "burnout": "burnout time",
    "peak_intensity": "peak intensity", "start": "first place of the track", "detection_position": "detected place",
}  # fmt: skip
"""What has an error claimed, and how it is called."""


def tally(quantity: str, freedom: int, chi2: ArrayLike, errors: ArrayLike | None = None) -> Row:
    """Count errors against what was claimed of them, so that counts of several runs may be added.

    Parameters
    ----------
    quantity : str
        One of `QUANTITIES`.
    freedom : int
        How many numbers the quantity has: 1, or 2 for a place.
    chi2 : array_like (N,)
        Squared errors in claimed sigmas (Mahalanobis for a place). What is not finite is left out.
    errors : array_like (N,), optional
        The same with their sign, for a quantity of one number.

    Returns
    -------
    dict
        See `calibrated`.
    """
    values = np.asarray(chi2, np.float64).ravel()
    known = np.isfinite(values)
    signed = None if errors is None else np.asarray(errors, np.float64).ravel()[known]
    values = values[known]
    inside = [int((values <= chdtri(freedom, 1.0 - level)).sum()) for level in LEVELS]
    # Probability integral transform: uniform where the claim is true, whatever its law.
    u = chdtr(freedom, values) if signed is None else ndtr(signed)
    pit, _ = np.histogram(u, bins=PIT_BINS, range=(0.0, 1.0))
    total = math.nan if signed is None else math.fsum(signed)
    return calibrated(quantity, freedom, len(values), math.fsum(values), total, inside, pit.tolist())


def calibrated(
    quantity: str, freedom: int, count: int, chi2: float, total: float, inside: Sequence[int], pit: Sequence[int]
) -> Row:
    """Return the row of a quantity from its counts.

    Returns
    -------
    dict
        ``count``; ``freedom``; ``chi2`` and how probable one as large is (``chi2_tail``); ``rms`` of the errors in
        sigmas, an axis, with its interval for normal errors, 1 if the claim is true; ``mean`` (NaN for a place);
        ``coverage``: for each of `LEVELS` how many lie inside and their share; ``pit``: counts in ten equal bins of
        the probability integral transform (Dawid, Journal of the Royal Statistical Society A 147, 1984).
    """
    return {
        "quantity": quantity, "freedom": freedom, "count": count, "chi2": chi2,
        "chi2_tail": float(chdtrc(freedom * count, chi2)) if count else math.nan, "sum": total,
        "mean": total / count if count else math.nan, **scale("rms", chi2, freedom * count),
        "coverage": [
            {"level": level, "inside": n, **share("share", n, count)}
            for level, n in zip(LEVELS, inside, strict=True)
        ],
        "pit": list(pit),
    }  # fmt: skip


def merged(rows: Iterable[Row]) -> Row:
    """Add the tallies of one quantity."""
    rows = list(rows)
    first = rows[0]
    inside = [sum(row["coverage"][k]["inside"] for row in rows) for k in range(len(LEVELS))]
    pit = [sum(counts) for counts in zip(*(row["pit"] for row in rows), strict=True)]
    signed = [row["sum"] for row in rows if row["count"]]
    return calibrated(
        first["quantity"], first["freedom"], sum(row["count"] for row in rows), math.fsum(row["chi2"] for row in rows),
        math.fsum(signed) if first["freedom"] == 1 else math.nan, inside, pit,
    )  # fmt: skip


def of_launches(launches: Sequence[Row], objects: Sequence[Row]) -> list[Row]:
    """Return the tallies of what events claim of declared launches, and of where the tracks of objects began.

    The 95 % ellipse has ``chi2`` 5.99 on its rim (two degrees of freedom).
    """
    declared = [row for row in launches if row["declared"]]

    def of(name: str, rows: Sequence[Row]) -> NDArray[np.float64]:
        return np.array([row[name] for row in rows], np.float64)

    out = [tally("launch_point", 2, float(chdtri(2, 0.05)) * of("ellipse_distance", declared) ** 2)]
    for quantity, name in [
        ("launch_time", "launch_time_error_sigmas"), ("heading", "heading_error_sigmas"),
        ("burnout", "burnout_time_error_sigmas"), ("peak_intensity", "peak_intensity_error_sigmas"),
    ]:  # fmt: skip
        errors = of(name, declared)
        out.append(tally(quantity, 1, errors**2, errors))
    out.append(tally("start", 2, of("start_error_sigmas", objects) ** 2))
    order = list(QUANTITIES)
    return sorted(out, key=lambda row: order.index(row["quantity"]))


def reliability(p_launch: ArrayLike, is_launch: ArrayLike) -> Row:
    """Hold ``p_launch`` of events against whether they are launches.

    Parameters
    ----------
    p_launch : array_like (N,)
        Probabilities; what is none, as NaN, is left out.
    is_launch : array_like (N,)
        Whether each event lies on a launch of the truth.

    Returns
    -------
    dict
        See `reliable`.
    """
    p, true = np.asarray(p_launch, np.float64).ravel(), np.asarray(is_launch, bool).ravel()
    known = (p >= 0.0) & (p <= 1.0)
    p, true = p[known], true[known]
    bins = []
    for low, high in itertools.pairwise(P_EDGES):
        mine = (p >= low) & ((p < high) | (high == P_EDGES[-1]))
        if mine.any():
            bins.append((low, high, int(mine.sum()), int(true[mine].sum()), math.fsum(p[mine])))
    return reliable(bins, math.fsum((p - true) ** 2))


def reliable(bins: Sequence[tuple[float, float, int, int, float]], brier_sum: float) -> Row:
    """Return the reliability of probabilities from its counts.

    Parameters
    ----------
    bins : sequence of (low, high, events, launches, sum of p)
        Those that hold an event.
    brier_sum : float
        Sum of squared differences between probability and outcome.

    Returns
    -------
    dict
        ``calibration_error``: mean distance between what was said and found, weighted by events; ``brier_score``
        (Brier, Monthly Weather Review 78, 1950); ``bins``.
    """
    events = sum(b[2] for b in bins)
    error = math.fsum(abs(total - hits) for _, _, _, hits, total in bins)
    return {
        "events": events, "launches": sum(b[3] for b in bins),
        "calibration_error": error / events if events else math.nan,
        "brier_score": brier_sum / events if events else math.nan, "brier_sum": brier_sum,
        "bins": [
            {
                "p_from": low, "p_to": high, "events": n, "launches": hits, "sum": total, "said": total / n,
                **share("found", hits, n),
            }
            for low, high, n, hits, total in bins
        ],
    }  # fmt: skip


def merged_reliability(rows: Sequence[Row]) -> Row:
    """Add the reliabilities of several runs."""
    bins = []
    for low, high in itertools.pairwise(P_EDGES):
        mine = [b for row in rows for b in row["bins"] if b["p_from"] == low]
        if mine:
            counts = (sum(b[key] for b in mine) for key in ("events", "launches"))
            bins.append((low, high, *counts, math.fsum(b["sum"] for b in mine)))
    return reliable(bins, math.fsum(row["brier_sum"] for row in rows))
