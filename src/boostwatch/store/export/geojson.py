"""GeoJSON (RFC 7946): points with all columns, and ellipses."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from boostwatch.records import EventTables
from boostwatch.store.export.rows import event_rows, place_of, rings_of


def encode(tables: EventTables) -> bytes:
    """Return a point an event and its ellipse as a polygon; an event without a place has no geometry."""
    features: list[dict[str, Any]] = []
    for row in event_rows(tables.events, tables.epoch):
        place = place_of(row)
        point = None if place is None else {"type": "Point", "coordinates": list(place)}
        features.append({"type": "Feature", "id": row["event_id"], "geometry": point, "properties": row})
        pieces = [[np.round(ring, 6).tolist()] for ring in rings_of(row)]
        if pieces:
            about = {"event_id": row["event_id"], "kind": row["kind"], "what": "95 % ellipse"}
            features.append({"type": "Feature", "geometry": _area(pieces), "properties": about})
    collection = {"type": "FeatureCollection", "features": features}
    return (json.dumps(collection, indent=1, allow_nan=False) + "\n").encode("utf-8")


def _area(pieces: list[Any]) -> dict[str, Any]:
    if len(pieces) == 1:
        return {"type": "Polygon", "coordinates": pieces[0]}
    return {"type": "MultiPolygon", "coordinates": pieces}
