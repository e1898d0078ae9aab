"""Events for a spreadsheet or a map."""

from __future__ import annotations

import csv
import io
import json
import os
from typing import Any

import numpy as np

from boostwatch.errors import UsageError
from boostwatch.geometry import utc_after
from boostwatch.records import EventTables, Records
from boostwatch.store.atomic import write_bytes
from boostwatch.store.layout import plain

_EARTH_KM = 6371.0088
_POINTS = 72
TIMES = ("first_time_s", "declared_time_s", "launch_time_s", "burnout_time_s")


def export_events(tables: EventTables, to: str, out: str | os.PathLike[str]) -> None:
    """Write the events table in another format.

    Parameters
    ----------
    tables : EventTables
        What to write.
    to : {"csv", "geojson"}
        ``csv``: a header and a line an event, with the columns of the format and the four times once more as ISO 8601
        UTC; what is unknown is an empty cell. ``geojson`` (RFC 7946): a point an event with the same as properties,
        unknown values null, and its 95 % ellipse as a polygon; an event without a position has no geometry.
    out : path-like
        The file to be.

    Raises
    ------
    UsageError
        Another format.
    CannotCreate, StorageError
        The file cannot be written.
    """
    writers = {"csv": _csv, "geojson": _geojson}
    if to not in writers:
        raise UsageError("is no format known here", place="to", found=to, allowed=", ".join(writers))
    write_bytes(out, writers[to](tables).encode("utf-8"))


def event_rows(events: Records, epoch: str) -> list[dict[str, Any]]:
    """Return events as dictionaries of what JSON knows, the four times as ISO 8601 UTC too; what is unknown is None."""
    rows = []
    for event in events:
        row = {name: plain(event[name]) for name in event.dtype.names}
        for name in TIMES:
            utc = None if row[name] is None else utc_after(epoch, row[name])
            row[name.removesuffix("_s") + "_utc"] = utc
        rows.append(row)
    return rows


def _csv(tables: EventTables) -> str:
    text = io.StringIO()
    names = [*(tables.events.dtype.names or ()), *(n.removesuffix("_s") + "_utc" for n in TIMES)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(event_rows(tables.events, tables.epoch))
    return text.getvalue()


def _geojson(tables: EventTables) -> str:
    features: list[dict[str, Any]] = []
    for row in event_rows(tables.events, tables.epoch):
        where = (row["longitude_deg"], row["latitude_deg"])
        point = None if None in where else {"type": "Point", "coordinates": list(where)}
        features.append({"type": "Feature", "id": row["event_id"], "geometry": point, "properties": row})
        ellipse = [row[name] for name in ("ellipse_major_km", "ellipse_minor_km", "ellipse_angle_deg")]
        if point is not None and None not in ellipse:
            about = {"event_id": row["event_id"], "kind": row["kind"], "what": "95 % ellipse"}
            area = ellipse_geometry(where[1], where[0], *ellipse)
            if area is not None:
                features.append({"type": "Feature", "geometry": area, "properties": about})
    return json.dumps({"type": "FeatureCollection", "features": features}, indent=1, allow_nan=False) + "\n"


def ellipse_geometry(
    latitude_deg: float, longitude_deg: float, major_km: float, minor_km: float, angle_deg: float
) -> dict[str, Any] | None:
    """Return an ellipse on the ground as a GeoJSON geometry, cut at the antimeridian as RFC 7946 asks.

    Parameters
    ----------
    latitude_deg, longitude_deg : float
        Its centre.
    major_km, minor_km : float
        Semi-axes.
    angle_deg : float
        Of the major axis, clockwise from north.

    Returns
    -------
    dict or None
        Polygon or MultiPolygon, counterclockwise; None if it holds a pole and so has no ring in latitude and longitude.
        On a sphere of the mean radius: within 0.6 % of its size on the ellipsoid.
    """
    turn = -np.linspace(0, 2 * np.pi, _POINTS, endpoint=False)
    along, across = major_km * np.cos(turn), minor_km * np.sin(turn)
    bearing = np.arctan2(across, along) + np.radians(angle_deg)
    arc = np.hypot(along, across) / _EARTH_KM
    lat0 = np.radians(latitude_deg)
    sin_lat = np.sin(lat0) * np.cos(arc) + np.cos(lat0) * np.sin(arc) * np.cos(bearing)
    lon = np.arctan2(np.sin(bearing) * np.sin(arc) * np.cos(lat0), np.cos(arc) - np.sin(lat0) * sin_lat)
    closed = np.unwrap(np.append(lon, lon[0]))
    if abs(closed[-1] - closed[0]) > np.pi:  # it went once around the pole
        return None
    ring = np.stack([longitude_deg + np.degrees(closed[:-1]), np.degrees(np.arcsin(np.clip(sin_lat, -1, 1)))], -1)
    pieces = []
    for shift in (-360.0, 0.0, 360.0):
        piece = _clip(_clip(ring + np.array([shift, 0.0]), 1.0), -1.0)
        if len(piece) >= 3:
            pieces.append([np.round(np.vstack([piece, piece[:1]]), 6).tolist()])
    if len(pieces) == 1:
        return {"type": "Polygon", "coordinates": pieces[0]}
    return {"type": "MultiPolygon", "coordinates": pieces}


def _clip(ring: Any, sign: float) -> Any:
    """Cut a ring by ``sign * longitude <= 180`` (Sutherland and Hodgman, Comm. ACM 17, 1974)."""
    out: list[Any] = []
    for k in range(len(ring)):
        here, after = ring[k], ring[(k + 1) % len(ring)]
        a, b = 180.0 - sign * here[0], 180.0 - sign * after[0]
        if a >= 0:
            out.append(here)
        if a * b < 0:
            out.append(here + (after - here) * (a / (a - b)))
    return np.array(out).reshape(-1, 2)
