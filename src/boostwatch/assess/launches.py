"""Launch events against true launches: when, where and whither, each against what the event claims of its errors."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from boostwatch.assess.limits import launch_point_bound_km, point_crlb
from boostwatch.assess.view import Camera
from boostwatch.geometry import enu_basis, geodetic_to_itrs
from boostwatch.records import Records
from boostwatch.sensor import Band

CO2_UM: Final = (4.15, 4.5)
"""Middles of the bands in which the air is opaque near the ground: the peak intensity of events is of another."""


def launch_rows(
    events: Records, event_object: NDArray[np.int64], objects: Records, samples: Records, rows: list[dict[str, Any]],
    camera: Camera | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
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
    camera : Camera, optional
        For the bound of the launch point and the apparent intensity of the truth.

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
            "declared_after_clairvoyant_s": row["declared_after_clairvoyant_s"],
            "true_apparent_peak_w_sr": _apparent_peak(thing, mine, camera),
            "point_bound_km": _point_bound_km(thing, mine, camera),
        }  # fmt: skip
        found = events[events["event_id"] == row["event_id"]] if row["event_id"] is not None else events[:0]
        line |= _errors(found[0], thing, peak) if len(found) else dict.fromkeys(ERRORS, math.nan)
        light = line["peak_intensity_w_sr"] - line["true_apparent_peak_w_sr"]
        line["peak_intensity_error_sigmas"] = _ratio(light, line["peak_intensity_sigma_w_sr"])
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


def _apparent_peak(thing: Any, mine: Records, camera: Camera | None) -> float:
    """Return what the peak intensity of an event should be, W/sr; NaN where it is not known.

    The greatest median of three frames of the irradiance at the aperture times range squared, in the first band that is
    no CO2 band (`CO2_UM`): what the air leaves of the plume.
    """
    if camera is None:
        return math.nan
    middles = [0.5 * (band.lower_um + band.upper_um) for band in camera.sensor.bands]
    other = [k for k, um in enumerate(middles) if math.isfinite(um) and not CO2_UM[0] < um < CO2_UM[1]]
    seen = np.sort(mine[mine["band"] == (other[0] if other else 0)], order="frame")
    if not len(seen):
        return math.nan
    distance = camera.range_m(float(thing["latitude_deg"]), float(thing["longitude_deg"]), seen["frame"])
    light = seen["irradiance_w_m2"] * distance**2
    if len(light) >= 3:
        light = np.median(np.lib.stride_tricks.sliding_window_view(light, 3), axis=1)
    return float(light.max())


def _point_bound_km(thing: Any, mine: Records, camera: Camera | None) -> float:
    """Return the least error of a launch point that the sightings of the truth allow, see `launch_point_bound_km`."""
    if camera is None or not np.isfinite(camera.sensor.ifov_rad):
        return math.nan
    seen = mine[(mine["snr"] > 0) & (mine["band"] < len(camera.sensor.bands))]
    weight = np.zeros(len(seen))
    for number, band in enumerate(camera.sensor.bands):
        here = seen["band"] == number
        weight[here] = _weight(seen[here], band)
    use = np.isfinite(weight)
    if not use.any():
        return math.nan
    px_per_km = camera.px_per_km(float(thing["latitude_deg"]), float(thing["longitude_deg"]), seen["frame"][use])
    return launch_point_bound_km(px_per_km, weight[use], camera.bias_sigma_rad / camera.sensor.ifov_rad)


def _weight(seen: Records, band: Band) -> NDArray[np.float64]:
    """Return one over the variance that a position may have at best, px^-2, mean of the axes; NaN if it is not told."""
    if not band.psf_sigma_px > 0:
        return np.full(len(seen), np.nan)
    off = [seen[axis] - np.rint(seen[axis]) for axis in "xy"]
    x, y, _ = point_crlb(seen["snr"], seen["signal_e"], band.psf_sigma_px, *off)
    out: NDArray[np.float64] = 0.5 * (x**-2 + y**-2)
    return out


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
