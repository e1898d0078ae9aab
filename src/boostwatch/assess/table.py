"""A score as titled tables of text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


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


def _interval(row: dict[str, Any], name: str) -> str:
    return f"{number(row[f'{name}_low_95'])} .. {number(row[f'{name}_high_95'])}"


def sections(score: dict[str, Any]) -> list[Section]:
    """Turn the fields of a score into tables, the most wanted first."""
    return [
        _launches(score["launches"]), _objects(score["objects"]), _confusion(score["confusion"]),
        _detection(score["detection"]), _alarms(score["false_alarms"], score["gospa"]),
    ]  # fmt: skip


def _launches(rows: list[dict[str, Any]]) -> Section:
    heads = (
        "launch", "declared", "after visible (s)", "time error ± sigma (s)", "ground error (km)", "95 % ellipse (km)",
        "inside", "heading error ± sigma (deg)", "peak (W/sr)", "true peak (W/sr)",
    )  # fmt: skip
    lines = [
        (
            r["name"] or str(r["object_id"]), "yes" if r["declared"] else f"no: {r['kind'] or 'missed'}",
            number(r["declared_after_s"]), with_sigma(r["launch_time_error_s"], r["launch_time_sigma_s"]),
            number(r["ground_error_km"]), f"{number(r['ellipse_major_km'])} x {number(r['ellipse_minor_km'])}",
            "-" if not isinstance(r["inside_ellipse"], bool) else number(r["inside_ellipse"]),
            with_sigma(r["heading_error_deg"], r["heading_sigma_deg"]), number(r["peak_intensity_w_sr"]),
            number(r["true_peak_intensity_w_sr"]),
        )
        for r in rows
    ]  # fmt: skip
    return Section(
        "Launches", heads, lines, "Errors are estimate minus truth; visible: truth snr passes 6 in any band."
    )


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
    note = "background: there from the first frame, so the background learnt it and need not show it."
    return Section("Objects of the truth", heads, lines, note)


def _confusion(table: dict[str, dict[str, int]]) -> Section:
    called = sorted(
        {name for line in table.values() for name in line}, key=lambda n: (n in ("missed", "background"), n)
    )
    lines = [(true, *(str(table[true].get(c, 0) or "") for c in called)) for true in sorted(table)]
    return Section("True kind (rows) and what it was called", ("", *called), lines, "none: events without an object.")


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
    note = "Limit: the matched filter that knows place, background and noise, at the false alarm rate measured here."
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
    note = f"{row['band_frames']} band-frames, {number(row['megapixels'])} Mpx, {number(row['hours'])} h."
    return Section("False alarms and tracking", ("", "count", "rate", "95 % interval"), lines, note)
