"""CZML 1.0, which Cesium draws on a globe with a clock."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import Any

from boostwatch.colours import rgb_of
from boostwatch.geodesic import destination
from boostwatch.geometry import parse_utc, utc_after
from boostwatch.records import EventTables
from boostwatch.store.export.rows import TIMES, ellipse_of, event_rows, place_of, start_of, title_of, utc_name

_HEADING_M = 50e3
_LINGER = timedelta(seconds=60)
_ON_GROUND = {"heightReference": "CLAMP_TO_GROUND"}


def encode(tables: EventTables) -> bytes:
    """Return a document with a clock over all events, and a packet for each that has a place."""
    rows = event_rows(tables.events, tables.epoch)
    times = [row[utc_name(name)] for row in rows for name in TIMES if row[utc_name(name)] is not None]
    document: dict[str, Any] = {"id": "document", "name": "Boostwatch events", "version": "1.0"}
    end = None
    if times:
        first = min(times, key=parse_utc)
        end = _after(max(times, key=parse_utc))
        document["clock"] = {
            "interval": f"{first}/{end}", "currentTime": first, "multiplier": 1, "range": "LOOP_STOP",
            "step": "SYSTEM_CLOCK_MULTIPLIER",
        }  # fmt: skip
    packets = [_packet(row, end) for row in rows if place_of(row) is not None]
    return (json.dumps([document, *packets], indent=1, allow_nan=False) + "\n").encode("utf-8")


def _after(utc: str) -> str:
    """Return the end of the clock: the last event stays in sight for a minute, if the calendar has one left."""
    try:
        return utc_after(utc, _LINGER.total_seconds())
    except OverflowError:
        return utc


def _packet(row: dict[str, Any], end: str | None) -> dict[str, Any]:
    longitude, latitude = place_of(row) or (math.nan, math.nan)
    red, green, blue = rgb_of(row["kind"])
    packet: dict[str, Any] = {"id": f"event/{row['event_id']}", "name": title_of(row)}
    start = start_of(row)
    if start is not None:
        packet["availability"] = f"{start}/{end}"
    packet |= {
        "properties": {name: value for name, value in row.items() if value is not None},
        "position": {"cartographicDegrees": [longitude, latitude, 0.0]},
        "point": {"pixelSize": 10, "color": {"rgba": [red, green, blue, 255]}, "heightReference": _ON_GROUND},
        "label": {
            "text": title_of(row), "font": "14px sans-serif", "fillColor": {"rgba": [red, green, blue, 255]},
            "horizontalOrigin": "LEFT", "pixelOffset": {"cartesian2": [12, 0]}, "heightReference": _ON_GROUND,
        },
    }  # fmt: skip
    ellipse = ellipse_of(row)
    if ellipse is not None:
        major_km, minor_km, angle_deg = ellipse
        packet["ellipse"] = {
            "semiMajorAxis": 1e3 * major_km, "semiMinorAxis": 1e3 * minor_km,
            "rotation": -math.radians(angle_deg),  # Cesium counts it counterclockwise from north
            "material": {"solidColor": {"color": {"rgba": [red, green, blue, 80]}}},
        }  # fmt: skip
    if row["heading_deg"] is not None:
        lat, lon = destination(latitude, longitude, row["heading_deg"], _HEADING_M)
        packet["polyline"] = {
            "positions": {"cartographicDegrees": [longitude, latitude, 0.0, float(lon), float(lat), 0.0]},
            "width": 2, "clampToGround": True, "material": {"solidColor": {"color": {"rgba": [red, green, blue, 255]}}},
        }  # fmt: skip
    return packet
