from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from boostwatch.errors import UsageError
from boostwatch.records import EVENT, empty
from boostwatch.store import export_events
from tests.store.helpers import event_tables


def test_csv(tmp_path):
    tables = event_tables()
    export_events(tables, "csv", tmp_path / "a.csv")
    rows = pd.read_csv(tmp_path / "a.csv")
    assert list(rows.columns)[: len(EVENT.names)] == list(EVENT.names)
    assert rows["kind"].tolist() == ["launch", "fire"]
    assert rows["launch_time_utc"][0] == "2026-01-01T00:00:01.500Z"
    assert rows["launch_time_utc"].isna().tolist() == [False, True]
    assert rows["probability"][0] == pytest.approx(0.99)
    assert rows["latitude_deg"].isna().tolist() == [False, True]


def test_csv_without_events(tmp_path):
    tables = event_tables()
    tables.events = tables.events[:0]
    export_events(tables, "csv", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text().startswith("event_id,track_id,kind,")
    export_events(tables, "geojson", tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text())["features"] == []


def test_geojson(tmp_path):
    export_events(event_tables(), "geojson", tmp_path / "a.geojson")
    read = json.loads((tmp_path / "a.geojson").read_text())
    launch, ellipse, fire = read["features"]
    assert read["type"] == "FeatureCollection"
    assert launch["geometry"] == {"type": "Point", "coordinates": [69.25, 41.5]}
    assert launch["properties"]["p_launch"] == pytest.approx(0.99)
    assert launch["properties"]["heading_deg"] is None
    assert launch["properties"]["launch_time_utc"] == "2026-01-01T00:00:01.500Z"
    assert fire["geometry"] is None
    assert ellipse["geometry"]["type"] == "Polygon"
    assert ellipse["properties"] == {"event_id": 1, "kind": "launch", "what": "95 % ellipse"}


def test_an_event_without_an_ellipse(tmp_path):
    tables = event_tables()
    tables.events = empty(EVENT, 1)
    tables.events["latitude_deg"], tables.events["longitude_deg"] = 89.99, 0
    export_events(tables, "geojson", tmp_path / "a.geojson")
    assert len(json.loads((tmp_path / "a.geojson").read_text())["features"]) == 1
    for name in ("ellipse_major_km", "ellipse_minor_km", "ellipse_angle_deg"):
        tables.events[name] = 50  # it holds the pole
    export_events(tables, "geojson", tmp_path / "a.geojson")
    _, area = json.loads((tmp_path / "a.geojson").read_text())["features"]
    assert np.max(area["geometry"]["coordinates"][0], axis=0).tolist() == [180, 90]


def test_unknown_format(tmp_path):
    with pytest.raises(UsageError, match=r"to: is no format known here; found 'shp'; allowed: csv, czml, .*kml"):
        export_events(event_tables(), "shp", tmp_path / "a.shp")
