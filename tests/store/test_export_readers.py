"""Each export is read by a reader that is not ours."""

from __future__ import annotations

import json
import math
import sys
from datetime import datetime
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from boostwatch.errors import UsageError
from boostwatch.records import EVENT, empty
from boostwatch.store import export_events
from boostwatch.store.export import FORMATS
from tests.store.helpers import EPOCH, event_tables

KML = "{http://www.opengis.net/kml/2.2}"


def tables_with(**columns):
    """Return a launch with all that maps draw, one at the antimeridian, one over the pole, one without a place."""
    tables = event_tables()
    tables.events = empty(EVENT, 4)
    tables.events["event_id"], tables.events["kind"] = [1, 2, 3, 4], [b"launch", b"fire", b"bolide", b"glint"]
    tables.events["first_time_s"], tables.events["launch_time_s"] = [3, 4, 5, 6], [1.5, np.nan, np.nan, np.nan]
    tables.events["latitude_deg"], tables.events["longitude_deg"] = [41.5, 10, 89.99, np.nan], [69.25, 179.9, 0, np.nan]
    tables.events["heading_deg"][0] = 60
    for name, value in {"ellipse_major_km": 50, "ellipse_minor_km": 20, "ellipse_angle_deg": 30, **columns}.items():
        tables.events[name] = value
    return tables


def written(tmp_path, to, tables):
    export_events(tables, to, tmp_path / f"a.{to}")
    return (tmp_path / f"a.{to}").read_bytes()


def test_czml(tmp_path):
    document, *packets = json.loads(written(tmp_path, "czml", tables_with()))
    assert document["clock"]["interval"] == "2026-01-01T00:00:01.500Z/2026-01-01T00:01:06.000Z"
    assert [p["id"] for p in packets] == ["event/1", "event/2", "event/3"]
    launch, fire, _ = packets
    assert launch["availability"] == "2026-01-01T00:00:01.500Z/2026-01-01T00:01:06.000Z"
    assert fire["availability"].startswith("2026-01-01T00:00:04.000Z/")
    assert launch["position"]["cartographicDegrees"] == [69.25, 41.5, 0]
    assert launch["ellipse"]["semiMajorAxis"] == 50e3
    assert launch["ellipse"]["semiMinorAxis"] == 20e3
    assert launch["ellipse"]["rotation"] == pytest.approx(-math.radians(30))
    lon0, lat0, _, lon, lat, _ = launch["polyline"]["positions"]["cartographicDegrees"]
    assert lon > lon0
    assert lat > lat0
    assert "polyline" not in fire
    assert launch["point"]["color"] != fire["point"]["color"]
    assert "heading_deg" not in fire["properties"]


def test_czml_is_read_by_czml3(tmp_path):
    czml3 = pytest.importorskip("czml3")
    # All that it knows of a packet; the free properties are not among that.
    for packet in json.loads(written(tmp_path, "czml", tables_with())):
        packet.pop("properties", None)
        read = czml3.Packet.model_validate(packet)
        assert read.id == packet["id"]


def test_kml(tmp_path):
    root = ET.fromstring(written(tmp_path, "kml", tables_with()))
    launch, fire, bolide = root.iter(f"{KML}Placemark")
    assert launch.find(f"{KML}name").text == "launch 1"
    assert launch.find(f"{KML}TimeSpan/{KML}begin").text == "2026-01-01T00:00:01.500Z"
    data = {d.get("name"): d for d in launch.iter(f"{KML}Data")}
    assert data["ellipse_major_km"].find(f"{KML}displayName").text == "ellipse_major_km (km)"
    assert float(data["latitude_deg"].find(f"{KML}value").text) == 41.5
    assert "burnout_time_s" not in data
    assert [len(list(mark.iter(f"{KML}Polygon"))) for mark in (launch, fire, bolide)] == [1, 2, 1]
    styles = {s.get("id"): s.find(f"{KML}IconStyle/{KML}color").text for s in root.iter(f"{KML}Style")}
    assert len(set(styles.values())) == 3
    assert styles[launch.find(f"{KML}styleUrl").text[1:]] == "ff1f5aff"  # aabbggrr


def test_kml_is_read_by_fastkml_and_agrees_with_the_schema(tmp_path):
    pytest.importorskip("lxml")
    fastkml = pytest.importorskip("fastkml")
    from fastkml.validator import validate

    written(tmp_path, "kml", tables_with())
    assert validate(file_to_validate=tmp_path / "a.kml")
    (document,) = fastkml.KML.parse(tmp_path / "a.kml").features
    launch, fire, bolide = document.features
    assert launch.begin.dt == datetime.fromisoformat("2026-01-01T00:00:01.500+00:00")
    assert [mark.geometry.geom_type for mark in (launch, fire, bolide)] == ["GeometryCollection"] * 3
    assert next(iter(launch.geometry.geoms)).coords == ((69.25, 41.5),)


def test_geojson_is_read_by_geojson(tmp_path):
    geojson = pytest.importorskip("geojson")
    read = geojson.loads(written(tmp_path, "geojson", tables_with()))
    assert read.is_valid, read.errors()
    shapes = [f.geometry.type for f in read.features if f.geometry is not None]
    assert shapes == ["Point", "Polygon", "Point", "MultiPolygon", "Point", "Polygon"]


def test_ecsv_is_read_by_astropy(tmp_path):
    from astropy import units
    from astropy.table import QTable, Table

    tables = tables_with(x0=12.5)
    text = written(tmp_path, "ecsv", tables).decode()
    assert "nan" not in text
    table = Table.read(text, format="ascii.ecsv")
    assert table.meta["epoch"] == EPOCH
    assert table["launch_time_s"].unit == units.s
    assert table["x0"].unit == units.pix
    assert table["peak_intensity_w_sr"].unit == units.W / units.sr
    assert table["launch_time_s"].mask.tolist() == [False, True, True, True]
    assert table["launch_time_utc"][0] == "2026-01-01T00:00:01.500Z"
    assert table["probability"].dtype == np.float32
    assert table["kind"].tolist() == ["launch", "fire", "bolide", "glint"]
    quantities = QTable.read(text, format="ascii.ecsv")
    assert quantities["ellipse_major_km"][0].to_value("m") == 50e3


def test_parquet_is_read_by_pyarrow(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    tables = tables_with()
    written(tmp_path, "parquet", tables)
    table = pq.ParquetFile(tmp_path / "a.parquet").read()
    assert table.schema.metadata[b"epoch"] == EPOCH.encode()
    assert table.schema.field("ellipse_major_km").metadata[b"unit"] == b"km"
    assert table["event_id"].to_pylist() == [1, 2, 3, 4]
    assert table["launch_time_s"].to_pylist() == [1.5, None, None, None]
    assert table["launch_time_utc"].to_pylist()[0] == datetime.fromisoformat("2026-01-01T00:00:01.500+00:00")
    assert table["launch_time_utc"].null_count == 3
    assert str(table.schema.field("launch_time_utc").type) == "timestamp[ms, tz=UTC]"
    assert table["kind"].to_pylist() == ["launch", "fire", "bolide", "glint"]


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"parquet: needs the package pyarrow; allowed: .*boostwatch\[parquet\]"):
        export_events(event_tables(), "parquet", tmp_path / "a.parquet")


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("count", [0, 4])
def test_odd_events(tmp_path, to, count):
    """No events at all; kinds that are no text or no XML, times outside the calendar, ellipses of no size."""
    if to == "parquet":
        pytest.importorskip("pyarrow")
    tables = tables_with(
        kind=[b"\xff<&>", b"a\x01]]>", b"", b"\xed\xa0\x80"], first_time_s=[1e12, -1e12, np.inf, np.nan],
        launch_time_s=np.nan, ellipse_major_km=[1, 0, 2e4, np.nan], ellipse_minor_km=[2, 0, 1, 1],
    )  # fmt: skip
    tables.events = tables.events[:count]
    data = written(tmp_path, to, tables)
    if to in ("czml", "geojson"):
        json.loads(data, parse_constant=pytest.fail)
        assert b"semiMajorAxis" not in data
        assert b"Polygon" not in data
    if to == "kml":
        names = [name.text for name in ET.fromstring(data).iter(f"{KML}name")][1:]
        assert names == ["\ufffd<&> 1", "a\ufffd]]> 2", "unknown 3"][:count]
    if to == "ecsv":
        from astropy.table import Table

        assert len(Table.read(data.decode(), format="ascii.ecsv")) == count
