from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostwatch.errors import UsageError
from boostwatch.geometry import ground_range_m
from boostwatch.records import EVENT, empty
from boostwatch.store import export_events
from boostwatch.store.export import ellipse_geometry
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
    assert len(json.loads((tmp_path / "a.geojson").read_text())["features"]) == 1


def test_unknown_format(tmp_path):
    with pytest.raises(UsageError, match="to: is no format known here; found 'kml'; allowed: csv, geojson"):
        export_events(event_tables(), "kml", tmp_path / "a.kml")


def signed_area(ring):
    x, y = np.array(ring).T
    return 0.5 * np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])


@settings(max_examples=100, deadline=None)
@given(
    latitude=st.floats(-80, 80), longitude=st.floats(-180, 180), major=st.floats(0.5, 300), ratio=st.floats(0.1, 1),
    angle=st.floats(0, 180),
)  # fmt: skip
def test_ellipses(latitude, longitude, major, ratio, angle):
    geometry = ellipse_geometry(latitude, longitude, major, major * ratio, angle)
    rings = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}[geometry["type"]]
    for (ring,) in rings:
        assert ring[0] == ring[-1]
        assert np.all(np.abs(ring) <= [180, 90])
        assert signed_area(ring) > -1e-9  # counterclockwise; a sliver at the cut may round to nothing
    points = np.array([p for (ring,) in rings for p in ring if abs(p[0]) < 180])
    distance = ground_range_m(latitude, longitude, points[:, 1], points[:, 0]) / 1000
    assert distance.max() == pytest.approx(major, rel=0.01, abs=1e-3)
    if len(rings) == 1:
        assert distance.min() == pytest.approx(major * ratio, rel=0.01, abs=1e-3)


def test_the_major_axis_points_where_it_says():
    ring = np.array(ellipse_geometry(0, 0, 100, 1, 90)["coordinates"][0])
    assert np.ptp(ring[:, 0]) > 50 * np.ptp(ring[:, 1])


def test_cut_at_the_antimeridian():
    geometry = ellipse_geometry(10, 179.9, 100, 50, 90)
    assert geometry["type"] == "MultiPolygon"
    west, east = (np.array(ring[0])[:, 0] for ring in geometry["coordinates"])
    assert {west.max() < 0, east.max() < 0} == {True, False}
    assert 180 in np.abs(west)
    assert 180 in np.abs(east)
    assert json.loads(io.StringIO(json.dumps(geometry)).read()) == geometry
