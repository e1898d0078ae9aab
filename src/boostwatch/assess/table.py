"""A score as titled tables of text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from boostwatch.assess.calibration import QUANTITIES
from boostwatch.assess.metrics import BETTER_HIGH, BETTER_LOW


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
    """Write a value in few characters: ``-`` for what is unknown, significant digits, powers for the large."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, list):
        return " ".join(str(v) for v in value) or "-"
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        places = digits - 1 - (math.floor(math.log10(abs(value))) if value else 0)
        return f"{value:.{min(max(places, 0), digits)}f}"
    return f"{value:.{digits - 1}e}"


def with_sigma(error: Any, sigma: Any) -> str:
    """Write an error beside what was claimed of it: ``+1.20 ± 2.00``."""
    if number(error) == "-":
        return "-"
    return f"{'+' if error >= 0 else ''}{number(error)} ± {number(sigma)}"


def _interval(row: dict[str, Any], name: str = "") -> str:
    low, high = (number(row[f"{name}_{end}".lstrip("_")]) for end in ("low_95", "high_95"))
    return f"{low} .. {high}" if (low, high) != ("-", "-") else "-"


def sections(score: dict[str, Any]) -> list[Section]:
    """Turn the fields of a score into tables, the most wanted first."""
    return [_launches(score["launches"]), _objects(score["objects"]), *_common(score)]


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


def _figures(rows: Sequence[dict[str, Any]]) -> Section:
    words = {**BETTER_HIGH, **BETTER_LOW}
    lines = [(r["metric"], number(r["value"]), _interval(r), number(r["of"]), words[r["metric"]]) for r in rows]
    note = (
        "All scenes together. of: how many things the figure is of. Intervals: shares Clopper-Pearson, rates and "
        "counts Garwood, means and medians by drawing scenes again (from three scenes on)."
    )
    return Section("Figures", ("figure", "value", "95 % interval", "of", "what it is"), lines, note)


SCENE_COLUMNS = {
    "launches_declared": "launches declared", "launches_inside_ellipse": "in their ellipse",
    "detection_probability": "detection probability", "declared_after_clairvoyant_s": "declared after (s)",
    "ground_error_km": "ground error (km)", "completeness": "complete",
    "false_detections_per_mpx": "false detections (1/Mpx)", "false_tracks_per_hour": "false tracks (1/h)",
    "false_launches": "false launches", "gospa_px": "GOSPA (px)",
}  # fmt: skip
"""Metrics of the table of scenes, and their heads."""


def _scenes(scenes: dict[str, dict[str, float]]) -> Section:
    lines = [(name, *(number(found[key]) for key in SCENE_COLUMNS)) for name, found in scenes.items()]
    note = (
        "declared after: median, launches, from the first frame in which a detector calls that knows place and "
        "background; inf: fewer than half were declared. -: the scene has nothing to measure it by."
    )
    return Section("Scenes", ("scene", *SCENE_COLUMNS.values()), lines, note)


def _launches(rows: list[dict[str, Any]]) -> Section:
    heads = (
        "launch", "declared", "after visible (s)", "time error ± sigma (s)", "ground error (km)", "95 % ellipse (km)",
        "inside", "heading error ± sigma (deg)", "peak (W/sr)", "true peak (W/sr)", "limit of ground error (km)",
    )  # fmt: skip
    lines = [
        (
            r["name"] or str(r["object_id"]), "yes" if r["declared"] else f"no: {r['kind'] or 'missed'}",
            number(r["declared_after_s"]), with_sigma(r["launch_time_error_s"], r["launch_time_sigma_s"]),
            number(r["ground_error_km"]), f"{number(r['ellipse_major_km'])} x {number(r['ellipse_minor_km'])}",
            "-" if not isinstance(r["inside_ellipse"], bool) else number(r["inside_ellipse"]),
            with_sigma(r["heading_error_deg"], r["heading_sigma_deg"]), number(r["peak_intensity_w_sr"]),
            number(r["true_peak_intensity_w_sr"]), number(r["point_bound_km"]),
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
            number(r["event_probability"], 2), number(r["peak_snr"]), number(r["completeness"], 2),
            number(r["purity"], 2), number(r["fragments"]), number(r["confirmed_after_s"]),
            number(r["declared_after_s"]),
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
            f"{r['snr_from']:g} .. {r['snr_to']:g}", str(r["samples"]), str(r["detected"]), number(r["probability"]),
            _interval(r, "probability"), number(r["clairvoyant_probability"]),
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
            r["objects"], r["stage"], str(r["due"]), str(r["reached"]), number(r["median_s"]),
            _interval(r, "median_s"), number(r["p90_s"]), number(r["limit_median_s"]),
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
            f"{r['snr_from']:g} .. {r['snr_to']:g}", str(r["detections"]), number(r["rms_px"]), number(r["bound_px"]),
            number(r["bound_ratio"]), _interval(r, "bound_ratio"),
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
            QUANTITIES.get(r["quantity"], r["quantity"]), str(r["count"]), number(r["mean"]), number(r["rms"]),
            _interval(r, "rms"), *(number(c["share"], 2) for c in r["coverage"]),
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
            f"{b['p_from']:g} .. {b['p_to']:g}", str(b["events"]), str(b["launches"]), number(b["said"]),
            number(b["found"]), _interval(b, "found"),
        )
        for b in row["bins"]
    ]  # fmt: skip
    note = (
        "Of events with a p_launch in the bin: what they say on the mean, and the share that are launches. Mean "
        f"distance {number(row['calibration_error'])}, Brier score {number(row['brier_score'])} (0 is best)."
    )
    return Section("p_launch", ("p_launch", "events", "launches", "said", "found", "95 % interval"), lines, note)
