"""Events as rows of plain values, and what the map formats take of a row."""

from __future__ import annotations

from typing import Any, Final

from boostwatch.geodesic import ellipse_rings
from boostwatch.geometry import Array, utc_after
from boostwatch.records import Records
from boostwatch.store.layout import plain

TIMES: Final = ("first_time_s", "declared_time_s", "launch_time_s", "burnout_time_s")
"""The columns that are given once more as UTC."""


_QUARTER_KM: Final = 10e3
"""Around the Earth: what is wider is no ellipse on the ground any more."""


def event_rows(events: Records, epoch: str) -> list[dict[str, Any]]:
    """Return events as dictionaries of what JSON knows, the four times as ISO 8601 UTC too; what is unknown is None."""
    rows = []
    for event in events:
        row = {name: plain(event[name]) for name in event.dtype.names}
        for name in TIMES:
            row[utc_name(name)] = utc_of(epoch, row[name])
        rows.append(row)
    return rows


def utc_name(column: str) -> str:
    """Return the name of the column that gives a time as UTC."""
    return column.removesuffix("_s") + "_utc"


def utc_of(epoch: str, seconds: float | None) -> str | None:
    """Return an instant as ISO 8601 UTC; None for an unknown one, or one outside the years 1 to 9999."""
    try:
        return None if seconds is None else utc_after(epoch, seconds)
    except OverflowError:
        return None


def place_of(row: dict[str, Any]) -> tuple[float, float] | None:
    """Return longitude and latitude of an event, or None."""
    longitude, latitude = row["longitude_deg"], row["latitude_deg"]
    return None if longitude is None or latitude is None else (longitude, latitude)


def ellipse_of(row: dict[str, Any]) -> tuple[float, float, float] | None:
    """Return semi-axes (km) and angle (deg) of an event's 95 % ellipse; None without one that can be drawn."""
    major, minor, angle = (row[name] for name in ("ellipse_major_km", "ellipse_minor_km", "ellipse_angle_deg"))
    if None in (major, minor, angle) or not 0 < minor <= major < _QUARTER_KM:
        return None
    return major, minor, angle


def rings_of(row: dict[str, Any]) -> list[Array]:
    """Return the rings of an event's 95 % ellipse, see `ellipse_rings`; none without a place or an ellipse."""
    place, ellipse = place_of(row), ellipse_of(row)
    return [] if place is None or ellipse is None else ellipse_rings(place[1], place[0], *ellipse)


def start_of(row: dict[str, Any]) -> str | None:
    """Return when an event began as UTC: its launch if that is known, else when it was first seen."""
    start: str | None = row["launch_time_utc"] or row["first_time_utc"]
    return start


def title_of(row: dict[str, Any]) -> str:
    """Return what to call an event on a map."""
    return f"{row['kind'] or 'unknown'} {row['event_id']}"
