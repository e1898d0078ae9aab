"""A score as titled tables of text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from boostwatch.assess.calibration import QUANTITIES
from boostwatch.assess.metrics import BETTER_HIGH, BETTER_LOW
from boostwatch.wording import UNKNOWN, fixed, kilowatts, with_sigma


@dataclass(frozen=True)
class Section:
    """One table.

    Attributes
    ----------
    title : str
        What it shows.
    columns : tuple of str
        Heads, each with its unit in brackets.
    rows : sequence of tuple of str
        Cells; ``-`` is unknown.
    note : str
        How to read it; may be empty.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""


def number(value: Any, digits: int = 3) -> str:
    """Write a value of a size unknown beforehand with some significant digits, three decimals at most; ``-``: unknown.

    For columns of one quantity see `boostwatch.wording.fixed`.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, list):
        return " ".join(str(v) for v in value) or UNKNOWN
    if math.isinf(value) or value == 0:
        return f"{value:g}"
    if abs(value) < 5e-4:
        return "< 0.001" if value > 0 else "> -0.001"
    return fixed(value, min(max(digits - 1 - math.floor(math.log10(abs(value))), 0), 3))


def share(value: float | None) -> str:
    """Write a probability with three decimals; one that is small but not 0 as ``< 0.001``."""
    return "< 0.001" if value is not None and 0 < value < 5e-4 else fixed(value, 3)


def _interval(row: dict[str, Any], name: str = "", write: Callable[[Any], str] = number) -> str:
    low, high = (write(row[f"{name}_{end}".lstrip("_")]) for end in ("low_95", "high_95"))
    return f"{low} .. {high}" if (low, high) != (UNKNOWN, UNKNOWN) else UNKNOWN


def _ellipse(row: dict[str, Any]) -> str:
    axes = [fixed(row[f"ellipse_{axis}_km"], 2) for axis in ("major", "minor")]
    return UNKNOWN if UNKNOWN in axes else " x ".join(axes)


def sections(score: dict[str, Any]) -> list[Section]:
    """Turn the fields of a score into tables, the most wanted first."""
    return [_launches(score["launches"]), _objects(score["objects"]), *_common(score)]


BRIEF = (
    "launches_declared", "false_launches", "declared_after_s", "ground_error_km", "detection_probability",
    "completeness", "false_tracks_per_hour",
)  # fmt: skip
"""Figures that are shown where there is room for few."""


def brief_sections(score: dict[str, Any], figures: Sequence[dict[str, Any]]) -> list[Section]:
    """Turn the fields of a score into two tables: its launches, and the figures `BRIEF`."""
    few = [row for row in figures if row["metric"] in BRIEF]
    return [_launches(score["launches"]), _figures(few, "Intervals: Clopper-Pearson for shares, Garwood for counts.")]


def pooled_sections(
    score: dict[str, Any], figures: Sequence[dict[str, Any]], scenes: dict[str, dict[str, float]]
) -> list[Section]:
    """Turn the fields of a pooled score into tables: its figures, a row a scene, then the tables of all together.

    Parameters
    ----------
    score : dict
        Fields of a `boostwatch.assess.pool.Pooled`.
    figures : sequence of dict
        See `boostwatch.assess.metrics.figures`.
    scenes : dict
        Scene to its metrics.
    """
    return [_figures(figures), _scenes(scenes), *_common(score)]


def _common(score: dict[str, Any]) -> list[Section]:
    return [
        _confusion(score["confusion"], score["out_of_view"]), _detection(score["detection"]),
        _alarms(score["false_alarms"], score["gospa"]), _latency(score["latency"]), _position(score["position"]),
        _calibration(score["calibration"]), _reliability(score["reliability"]),
    ]  # fmt: skip


POOLED_NOTE = (
    "All scenes together. of: how many things the figure is of. Intervals: shares Clopper-Pearson, rates and counts "
    "Garwood, means and medians by drawing scenes again (from three scenes on)."
)


def _figures(rows: Sequence[dict[str, Any]], note: str = POOLED_NOTE) -> Section:
    words = {**BETTER_HIGH, **BETTER_LOW}
    lines = [(r["metric"], number(r["value"]), _interval(r), number(r["of"]), words[r["metric"]]) for r in rows]
    return Section("Figures", ("figure", "value", "95 % interval", "of", "what it is"), lines, note)


SCENE_COLUMNS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "launches_declared": ("launches declared", partial(fixed, places=2)),
    "launches_inside_ellipse": ("in their ellipse", partial(fixed, places=2)),
    "detection_probability": ("detection probability", share),
    "declared_after_clairvoyant_s": ("declared after (s)", partial(fixed, places=1)),
    "ground_error_km": ("ground error (km)", partial(fixed, places=2)),
    "completeness": ("complete", partial(fixed, places=2)),
    "false_detections_per_mpx": ("false detections (1/Mpx)", number),
    "false_tracks_per_hour": ("false tracks (1/h)", number),
    "false_launches": ("false launches", partial(fixed, places=0)),
    "gospa_px": ("GOSPA (px)", partial(fixed, places=1)),
}
"""Metrics of the table of scenes, their heads, and how they are written."""


def _scenes(scenes: dict[str, dict[str, float]]) -> Section:
    lines = [
        (name, *(write(found[key]) for key, (_, write) in SCENE_COLUMNS.items())) for name, found in scenes.items()
    ]
    note = (
        "declared after: median, launches, from the first frame in which a detector calls that knows place and "
        "background; inf: fewer than half were declared. -: the scene has nothing to measure it by."
    )
    return Section("Scenes", ("scene", *(head for head, _ in SCENE_COLUMNS.values())), lines, note)


def _launches(rows: list[dict[str, Any]]) -> Section:
    heads = (
        "launch", "declared", "after visible (s)", "time error ± sigma (s)", "ground error (km)", "95 % ellipse (km)",
        "inside", "heading error ± sigma (deg)", "peak ± sigma (kW/sr)", "true peak (kW/sr)",
        "limit of ground error (km)",
    )  # fmt: skip
    lines = [
        (
            r["name"] or str(r["object_id"]), "yes" if r["declared"] else f"no: {r['kind'] or 'missed'}",
            fixed(r["declared_after_s"], 1),
            with_sigma(r["launch_time_error_s"], r["launch_time_sigma_s"], 1, sign=True),
            fixed(r["ground_error_km"], 2), _ellipse(r),
            number(r["inside_ellipse"]) if isinstance(r["inside_ellipse"], bool) else UNKNOWN,
            with_sigma(r["heading_error_deg"], r["heading_sigma_deg"], 0, sign=True),
            kilowatts(r["peak_intensity_w_sr"], r["peak_intensity_sigma_w_sr"]),
            kilowatts(r["true_peak_intensity_w_sr"]), fixed(r["point_bound_km"], 2),
        )
        for r in rows
    ]  # fmt: skip
    note = (
        "Errors are estimate minus truth; visible: truth snr passes 6 in any band. limit: rms error of one who knows "
        "the whole flight but for its launch point, with the sensor's pointing error. True peak: of the plume, before "
        "the air."
    )
    return Section("Launches", heads, lines, note)


def _objects(rows: list[dict[str, Any]]) -> Section:
    heads = (
        "object", "kind", "outcome", "called", "probability", "peak snr", "complete", "pure", "tracks",
        "confirmed after (s)", "declared after (s)",
    )  # fmt: skip
    lines = [
        (
            r["name"] or str(r["object_id"]), r["kind"], r["outcome"], number(r["event_kind"]),
            fixed(r["event_probability"], 2), fixed(r["peak_snr"], 1), fixed(r["completeness"], 2),
            fixed(r["purity"], 2), number(r["fragments"]), fixed(r["confirmed_after_s"], 1),
            fixed(r["declared_after_s"], 1),
        )
        for r in rows
    ]  # fmt: skip
    note = (
        "Times from visible (truth snr passes 6). background: there from the first frame, so the background learnt it "
        "and need not show it. complete: share of its visible frames with a track; pure: share of the track's points "
        "on it."
    )
    return Section("Objects of the truth", heads, lines, note)


LAST_CALLED = ("missed", "background", "out of view")
"""What may become of an object that has no event: last in the table."""


def called_order(name: str) -> tuple[int, str]:
    """Return what to sort the names of a confusion matrix by."""
    return (LAST_CALLED.index(name) + 1 if name in LAST_CALLED else 0, name)


def confusion_matrix(
    table: dict[str, dict[str, int]], out_of_view: dict[str, int]
) -> tuple[list[str], list[str], list[list[int]]]:
    """Return true kinds (rows), what they were called (columns) and counts; ``none`` is the last row."""
    lines = {kind: dict(line) for kind, line in table.items()}
    for kind, count in out_of_view.items():
        lines.setdefault(kind, {})["out of view"] = count
    kinds = sorted(lines, key=lambda n: (n == "none", n))
    called = sorted({name for line in lines.values() for name in line}, key=called_order)
    return kinds, called, [[lines[kind].get(c, 0) for c in called] for kind in kinds]


def _confusion(table: dict[str, dict[str, int]], out_of_view: dict[str, int]) -> Section:
    kinds, called, counts = confusion_matrix(table, out_of_view)
    lines = [(kind, *(str(n or "") for n in line)) for kind, line in zip(kinds, counts, strict=True)]
    note = (
        "none: events without an object, all of them false. missed: no event, background: no event and there from the "
        "first frame, out of view: in no frame. An object with several events counts by the one of its own kind."
    )
    return Section("True kind (rows) and what it was called", ("", *called), lines, note)


def _detection(rows: list[dict[str, Any]]) -> Section:
    heads = ("truth snr", "samples", "detected", "probability", "95 % interval", "clairvoyant limit")
    lines = [
        (
            f"{r['snr_from']:g} .. {r['snr_to']:g}", str(r["samples"]), str(r["detected"]), share(r["probability"]),
            _interval(r, "probability", share), share(r["clairvoyant_probability"]),
        )
        for r in rows
        if r["band"] < 0
    ]  # fmt: skip
    note = (
        "Limit: the matched filter that knows place, background and noise, at the false alarm rate measured here, in "
        "one frame; sums of frames may pass it. A sample is an object in one band of one frame, detected within 3 px."
    )
    return Section("Detection probability, all bands", heads, lines, note)


def _alarms(row: dict[str, Any], gospa: dict[str, Any]) -> Section:
    lines = [
        (label, str(row[name]), number(row[f"{name}_{per}"]), _interval(row, f"{name}_{per}"))
        for label, name, per in [
            ("false detections (1/Mpx)", "false_detections", "per_mpx"),
            ("false detections (1/h)", "false_detections", "per_hour"),
            ("false tracks (1/h)", "false_tracks", "per_hour"),
            ("false launches (1/h)", "false_launches", "per_hour"),
        ]
    ]
    lines.append(("GOSPA (px)", str(gospa["frames"]), number(gospa["mean_px"]), ""))
    lines.append(("OSPA (px)", str(gospa["frames"]), number(gospa["ospa_mean_px"]), ""))
    note = (
        f"{row['band_frames']} band-frames, {number(row['megapixels'])} Mpx, {number(row['hours'])} h. False: more "
        "than 3 px from every object; of launches: on no launch. GOSPA, OSPA: distance of tracks and objects, 10 px at "
        "most a point."
    )
    return Section("False alarms and tracking", ("", "count", "rate", "95 % interval"), lines, note)


def _latency(rows: list[dict[str, Any]]) -> Section:
    heads = ("objects", "stage", "due", "reached", "median (s)", "95 % interval", "90 % (s)", "limit, median (s)")
    lines = [
        (
            r["objects"], r["stage"], str(r["due"]), str(r["reached"]), fixed(r["median_s"], 1),
            _interval(r, "median_s", partial(fixed, places=1)), fixed(r["p90_s"], 1), fixed(r["limit_median_s"], 1),
        )
        for r in rows
    ]  # fmt: skip
    note = (
        "From the first frame in which a detector calls that knows place and background, at the false alarm rate "
        "measured here; such objects are due. inf: not reached. Limit: CUSUM that is told the light curve, at as few "
        "false alarms."
    )
    return Section("Latency", heads, lines, note)


def _position(rows: list[dict[str, Any]]) -> Section:
    heads = ("truth snr", "detections", "rms (px)", "limit (px)", "ratio", "95 % interval")
    lines = [
        (
            f"{r['snr_from']:g} .. {r['snr_to']:g}", str(r["detections"]), fixed(r["rms_px"], 3),
            fixed(r["bound_px"], 3), fixed(r["bound_ratio"], 2), _interval(r, "bound_ratio", partial(fixed, places=2)),
        )
        for r in rows
    ]  # fmt: skip
    note = (
        "Launches, single frames, an axis. Limit: Cramer-Rao bound of a point in the noise of background and own "
        "light. Ratio: rms of each error over its own limit."
    )
    return Section("Places of detections", heads, lines, note)


def _calibration(rows: list[dict[str, Any]]) -> Section:
    levels = [f"in {100 * c['level']:g} %" for c in (rows[0]["coverage"] if rows else [])]
    heads = ("error of", "count", "mean (sigma)", "rms (sigma)", "95 % interval", *levels)
    lines = [
        (
            QUANTITIES.get(r["quantity"], r["quantity"]), str(r["count"]), fixed(r["mean"], 2), fixed(r["rms"], 2),
            _interval(r, "rms", partial(fixed, places=2)), *(fixed(c["share"], 2) for c in r["coverage"]),
        )
        for r in rows
    ]  # fmt: skip
    note = (
        "Errors over what is claimed of them: rms is 1 and each share is what its head says if the claim is true; "
        "above 1 errors are larger than told, below 1 smaller. Places: an axis, and shares in ellipses."
    )
    return Section("Errors against their own sigmas", heads, lines, note)


def _reliability(row: dict[str, Any]) -> Section:
    lines = [
        (
            f"{b['p_from']:g} .. {b['p_to']:g}", str(b["events"]), str(b["launches"]), share(b["said"]),
            share(b["found"]), _interval(b, "found", share),
        )
        for b in row["bins"]
    ]  # fmt: skip
    note = (
        "Of events with a p_launch in the bin: what they say on the mean, and the share that are launches. Mean "
        f"distance {number(row['calibration_error'])}, Brier score {number(row['brier_score'])} (0 is best)."
    )
    return Section("p_launch", ("p_launch", "events", "launches", "said", "found", "95 % interval"), lines, note)
