"""Launch events against true launches: when, where and whither, each against what the event claims of its errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostwatch.geometry import enu_basis, geodetic_to_itrs
from boostwatch.records import Records


def launch_rows(
    events: Records, event_object: NDArray[np.int64], objects: Records, samples: Records, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return one row a true launch.

    Parameters
    ----------
    events : EVENT (E,)
        Events found.
    event_object : int64 (E,)
        The object of each, or -1.
    objects, samples : TRUTH_OBJECT, TRUTH_SAMPLE
        The truth.
    rows : list of dict
        Object rows of the score; ``event_id`` says which event stands for the object.

    Returns
    -------
    list of dict
        NaN where there is no event or the event does not say. Errors are estimate minus truth.
    """
    out = []
    for thing, row in zip(objects, rows, strict=True):
        if row["kind"] != "launch":
            continue
        mine = samples[samples["object_id"] == thing["object_id"]]
        peak = float(mine["radiant_intensity_w_sr"].max()) if len(mine) else math.nan
        line = {
            "object_id": row["object_id"], "name": row["name"], "event_id": row["event_id"],
            "declared": row["event_kind"] == "launch", "kind": row["event_kind"],
            "launch_events": int((events["kind"][event_object == row["object_id"]] == b"launch").sum()),
            "declared_after_s": row["declared_after_s"], "true_onset_s": float(thing["onset_s"]),
            "true_peak_intensity_w_sr": peak,
        }  # fmt: skip
        found = events[events["event_id"] == row["event_id"]] if row["event_id"] is not None else events[:0]
        line |= _errors(found[0], thing, peak) if len(found) else dict.fromkeys(ERRORS, math.nan)
        out.append(line)
    return out


ERRORS = (
    "launch_time_error_s", "launch_time_sigma_s", "launch_time_error_sigmas", "ground_error_km", "ellipse_major_km",
    "ellipse_minor_km", "ellipse_distance", "inside_ellipse", "heading_error_deg", "heading_sigma_deg",
    "heading_error_sigmas", "peak_intensity_w_sr", "peak_intensity_ratio", "burnout_time_error_s",
    "burnout_time_error_sigmas", "peak_intensity_sigma_w_sr",
)  # fmt: skip


def _errors(event: Any, thing: Any, peak: float) -> dict[str, Any]:
    time = float(event["launch_time_s"] - thing["onset_s"])
    heading = float((event["heading_deg"] - thing["heading_deg"] + 180) % 360 - 180)
    east, north = ground_error_km(event, thing)
    distance = ellipse_distance(
        east, north, float(event["ellipse_major_km"]), float(event["ellipse_minor_km"]),
        float(event["ellipse_angle_deg"]),
    )  # fmt: skip
    late = float(event["burnout_time_s"] - thing["burnout_s"])
    return {
        "launch_time_error_s": time, "launch_time_sigma_s": float(event["launch_time_sigma_s"]),
        "launch_time_error_sigmas": _ratio(time, event["launch_time_sigma_s"]),
        "ground_error_km": math.hypot(east, north), "ellipse_major_km": float(event["ellipse_major_km"]),
        "ellipse_minor_km": float(event["ellipse_minor_km"]), "ellipse_distance": distance,
        "inside_ellipse": bool(distance <= 1) if math.isfinite(distance) else None,
        "heading_error_deg": heading, "heading_sigma_deg": float(event["heading_sigma_deg"]),
        "heading_error_sigmas": _ratio(heading, event["heading_sigma_deg"]),
        "peak_intensity_w_sr": float(event["peak_intensity_w_sr"]),
        "peak_intensity_ratio": _ratio(float(event["peak_intensity_w_sr"]), peak),
        "burnout_time_error_s": late, "burnout_time_error_sigmas": _ratio(late, event["burnout_time_sigma_s"]),
        "peak_intensity_sigma_w_sr": float(event["peak_intensity_sigma_w_sr"]),
    }  # fmt: skip


def _ratio(value: float, unit: float) -> float:
    return float(value / unit) if unit > 0 else math.nan


def ground_error_km(event: Any, thing: Any) -> tuple[float, float]:
    """Return the error of an event's position, east and north, km, in the plane at the true point."""
    lat, lon = float(thing["latitude_deg"]), float(thing["longitude_deg"])
    step = geodetic_to_itrs(event["latitude_deg"], event["longitude_deg"]) - geodetic_to_itrs(lat, lon)
    east, north, _ = enu_basis(lat, lon) @ step / 1000
    return float(east), float(north)


def ellipse_distance(east_km: float, north_km: float, major_km: float, minor_km: float, angle_deg: float) -> float:
    """Return how far out an offset lies in an ellipse: 1 on its rim, below 1 inside; NaN if anything is unknown.

    Parameters
    ----------
    east_km, north_km : float
        Offset from the centre.
    major_km, minor_km : float
        Semi-axes.
    angle_deg : float
        Direction of the major axis, clockwise from north.

    Returns
    -------
    float
    """
    if not (major_km > 0 and minor_km > 0):
        return math.nan
    s, c = math.sin(math.radians(angle_deg)), math.cos(math.radians(angle_deg))
    return math.hypot((east_km * s + north_km * c) / major_km, (east_km * c - north_km * s) / minor_km)
