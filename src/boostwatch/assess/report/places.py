"""What of the run lies on Earth: the map's middle and reach, tracks on the ground, the camera's footprint."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostwatch.assess.report.findings import points_of
from boostwatch.assess.report.footage import Footage
from boostwatch.assess.report.land import coarse_land, fine_land
from boostwatch.assess.report.pack import digits, numbers, spread
from boostwatch.assess.view import View
from boostwatch.geometry import geodetic_to_itrs, intersect_earth, itrs_to_geodetic
from boostwatch.records import EventTables, Records

GROUND_POINTS = 8_000
"""Of all tracks on the map together."""
LEAST_REACH_DEG = 1.0


def on_earth(events: Records) -> NDArray[np.bool_]:
    """Return which events have a place that is one."""
    with np.errstate(invalid="ignore"):
        sound = (np.abs(events["latitude_deg"]) <= 90) & (np.abs(events["longitude_deg"]) <= 360)
    out: NDArray[np.bool_] = sound
    return out


def map_of(tables: EventTables, events: Records, tracks: Records, footage: Footage | None) -> dict[str, Any] | None:
    """Return everything that the map draws beside the events, or None where nothing has a place on Earth.

    Returns
    -------
    dict or None
        ``centre`` (longitude, latitude) and ``reach_deg``, the radius that holds all; ``coarse`` and ``fine`` land;
        ``tracks``: track number to points where its lines of sight meet the ground, (longitude, latitude);
        ``footprint``: rim of the first frame on the ground.
    """
    rim = footprint(footage) if footage is not None else np.empty((0, 2))
    placed = events[on_earth(events)]
    spots = np.stack([placed["longitude_deg"], placed["latitude_deg"]], -1)
    known = np.concatenate([spots, rim]) if len(rim) else spots
    if footage is not None and footage.objects is not None:
        true = footage.objects[on_earth(footage.objects)]
        known = np.concatenate([known, np.stack([true["longitude_deg"], true["latitude_deg"]], -1)])
    if not len(known):
        return None
    centre, reach = _middle(known if not len(rim) else np.concatenate([spots, rim]))
    shown = max(reach, LEAST_REACH_DEG)
    return {
        "centre": numbers(centre, 4), "reach_deg": digits(shown),
        "coarse": coarse_land(), "fine": fine_land(centre[1], centre[0], max(2.5 * shown, 6.0)),
        "fine_reach_deg": max(2.5 * shown, 6.0), "footprint": [numbers(p, 3) for p in rim],
        "tracks": {} if footage is None else ground_tracks(tables, tracks, footage),
    }  # fmt: skip


def _middle(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return a point (longitude, latitude) amid points (N, 2), and the arc to the furthest, degrees."""
    lon, lat = np.radians(points[:, 0]), np.radians(points[:, 1])
    unit = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], -1)
    mean = 0.5 * (unit.min(axis=0) + unit.max(axis=0))
    if np.linalg.norm(mean) < 0.05:  # all round the Earth: no point is amid them
        mean = unit[0]
    mean = mean / np.linalg.norm(mean)
    reach = np.degrees(np.arccos(np.clip(unit @ mean, -1, 1).min()))
    return np.degrees([np.arctan2(mean[1], mean[0]), np.arcsin(mean[2])]), float(reach)


def footprint(footage: Footage) -> NDArray[np.float64]:
    """Return the rim of the first frame on the ground, (N, 2) as (longitude, latitude); empty where it is not known."""
    view = _view(footage, 0)
    if view is None:
        return np.empty((0, 2))
    height, width = footage.shape[2:]
    s = np.linspace(0, 1, 9)[:-1]
    x = np.concatenate([s, np.ones(8), 1 - s, np.zeros(8)]) * width - 0.5
    y = np.concatenate([np.zeros(8), s, np.ones(8), 1 - s]) * height - 0.5
    lat, lon = view.ground(x, y)
    rim = np.stack([lon, lat], -1)
    return rim if np.isfinite(rim).all() else np.empty((0, 2))  # part of it beyond the horizon


def _view(footage: Footage, frame: int) -> View | None:
    if footage.position_m is None or footage.attitude is None or not np.isfinite(footage.sensor.ifov_rad):
        return None
    return View(footage.sensor, footage.position_m[frame], footage.attitude[frame])


def ground_tracks(tables: EventTables, tracks: Records, footage: Footage) -> dict[str, list[list[float | None]]]:
    """Return where the lines of sight of each track meet the ground: below what rises, and beyond it."""
    if footage.position_m is None:
        return {}
    most = max(GROUND_POINTS // max(len(tracks), 1), 4)
    out = {}
    for track in tracks:
        mine = tables.track_points[points_of(track)]
        mine = mine[(mine["frame"] >= 0) & (mine["frame"] < footage.shape[0])]
        mine = mine[spread(len(mine), most)]
        sight = np.stack([mine["los_x"], mine["los_y"], mine["los_z"]], -1)
        hits = intersect_earth(footage.position_m[mine["frame"]], sight)
        lat, lon, _ = itrs_to_geodetic(hits)
        seen = np.isfinite(lat)
        if seen.any():
            pairs = zip(numbers(lon[seen], 4), numbers(lat[seen], 4), strict=True)
            out[str(int(track["track_id"]))] = [list(p) for p in pairs]
    return out


def intensity_per_electron(
    tables: EventTables, events: Records, footage: Footage | None
) -> dict[str, list[float | None]]:
    """Return W/sr an electron in each band, by track, for events with a place.

    Irradiance at the aperture times range squared; what the air took is not given back. The range is that to the
    event's place in the frame in which it was first seen. Bands whose gain is unknown have none.
    """
    if footage is None or footage.position_m is None:
        return {}
    bands = footage.sensor.bands
    per_e = np.array(
        [b.irradiance_per_e if (tables.signal_unit or b.signal_unit) == "electron" else np.nan for b in bands]
    )
    out = {}
    for event in events[on_earth(events)]:
        place = geodetic_to_itrs(float(event["latitude_deg"]), float(event["longitude_deg"]))
        frame = int(np.argmin(np.abs(np.nan_to_num(footage.time_s - event["first_time_s"], nan=np.inf))))
        factor = per_e * np.sum((footage.position_m[frame] - place) ** 2)
        if np.isfinite(factor).any():
            out[str(int(event["track_id"]))] = [digits(float(f)) for f in factor]
    return out
