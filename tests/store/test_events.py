from __future__ import annotations

import json

import h5py
import numpy as np
import pandas as pd
import pytest
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from boostwatch.errors import BadData, NoInput, UsageError
from boostwatch.records import DETECTION, EventTables, empty, unit_of
from boostwatch.store import read_events, write_events
from boostwatch.store.events import LATER, TABLES
from tests.store.helpers import EPOCH, event_tables, write_stack


def test_round_trip(tmp_path, distrust):
    tables = event_tables()
    tables.provenance = {"input": "a.h5", "settings": "[detect]\n" * 20_000, "frames_read": 4, "share": 0.5}
    write_events(tmp_path / "a.h5", tables)
    distrust()
    again = read_events(tmp_path / "a.h5")
    assert again.epoch == EPOCH
    assert again.provenance == tables.provenance
    for name in TABLES:
        assert getattr(again, name).dtype == TABLES[name]
        assert getattr(again, name).tobytes() == getattr(tables, name).tobytes()


@settings(max_examples=30, deadline=None)
@given(data=st.data(), count=st.integers(0, 30))
def test_any_detections_come_back(tmp_path_factory, data, count):
    path = tmp_path_factory.mktemp("events") / "a.h5"
    rows = empty(DETECTION, count)
    for name in ("frame", "time_s", "x", "snr"):
        rows[name] = data.draw(hnp.arrays(DETECTION[name], count))
    tables = event_tables()
    tables.detections = rows
    write_events(path, tables)
    assert read_events(path).detections.tobytes() == rows.tobytes()


def test_the_same_content_gives_the_same_bytes(tmp_path):
    for name in "ab":
        write_events(tmp_path / name, event_tables(), created=EPOCH)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("count", [0, 4])
def test_h5py_pandas_and_astropy_read_every_table(tmp_path, count):
    tables = event_tables(count)
    path = tmp_path / "a.h5"
    write_events(path, tables)
    for name, dtype in TABLES.items():
        rows = getattr(tables, name)
        with h5py.File(path) as file:
            assert file[name].dtype == dtype
            assert file[name][()].tobytes() == rows.tobytes()
            units = json.loads(file[name].attrs["units"])
            assert units == {column: unit_of(column) for column in dtype.names}
            assert file[name].attrs["epoch"] == EPOCH
        frame = pd.read_hdf(path, name)
        table = Table.read(path, path=name)
        assert list(frame.columns) == table.colnames == list(dtype.names)
        for column in dtype.names:
            np.testing.assert_array_equal(np.asarray(table[column]), rows[column])
            ours = frame[column].to_numpy()
            np.testing.assert_array_equal(ours.astype(rows[column].dtype), rows[column])


def test_pandas_and_astropy_read_the_truth(tmp_path):
    write_stack(tmp_path / "a.h5")
    for place in ("truth/objects", "truth/samples", "sensor/bands"):
        assert len(pd.read_hdf(tmp_path / "a.h5", place)) == len(Table.read(tmp_path / "a.h5", path=place)) > 0


def test_files_of_earlier_releases_lack_columns(tmp_path):
    write_events(tmp_path / "a.h5", event_tables())

    def without(name, gone):
        with h5py.File(tmp_path / "a.h5", "r+") as file:
            rows, attributes = file[name][()], dict(file[name].attrs)
            del file[name]
            file[name] = rows[[column for column in rows.dtype.names if column not in gone]]
            file[name].attrs.update(attributes)

    for name, columns in LATER.items():
        without(name, columns)
    again = read_events(tmp_path / "a.h5")
    assert np.isnan(again.tracks["x0"]).all()
    assert np.isnan(again.events["burnout_time_sigma_s"]).all()
    assert again.events["launch_time_s"][0] == 1.5
    without("events", {"x0"})  # of a track it came later, of an event it was always there
    with pytest.raises(BadData, match=r"/events\.x0"):
        read_events(tmp_path / "a.h5")


def test_further_columns_are_kept_and_not_read(tmp_path):
    tables = event_tables()
    wide = np.zeros(2, [*((n, DETECTION[n]) for n in DETECTION.names), ("shape", "f4")])
    tables.detections = wide
    write_events(tmp_path / "a.h5", tables)
    with h5py.File(tmp_path / "a.h5") as file:
        assert "shape" in file["detections"].dtype.names
    assert read_events(tmp_path / "a.h5").detections.dtype == DETECTION


def replace(name, value):
    def edit(file):
        del file[name]
        if value is not None:
            file[name] = value

    return edit


def with_value(column, value, dtype):
    """Detections whose column is of another type."""
    columns = [(n, dtype if n == column else DETECTION[n]) for n in DETECTION.names]
    rows = np.zeros(3, columns)
    rows[column][1] = value
    return rows


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (replace("tracks", None), "/tracks: is not there or is no table"),
        (replace("tracks", np.zeros(3)), "/tracks: is not there or is no table"),
        (replace("tracks", np.zeros(3, [("track_id", "i4")])), "/tracks.status: column is missing; allowed: |S12"),
        (replace("detections", with_value("x", b"a", "S3")), "/detections.x: column has the wrong type; found '|S3'"),
        (replace("detections", with_value("frame", 2**40, "i8")), r"/detections.frame\[1\]: is out of range"),
        (replace("detections", with_value("frame", np.nan, "f8")), r"/detections.frame\[1\]: is out of range"),
        (lambda f: f.attrs.update(epoch="then"), "/@epoch: is no instant; found 'then'; allowed: ISO 8601 UTC"),
        (lambda f: f.attrs.update(format_version="old"), "/@format_version: is of another version"),
        (lambda f: f.attrs.update(format=b"other"), "/@format: is of another format; found 'other'"),
    ],
)
def test_events_that_are_wrong(tmp_path, quick_guard, edit, match):
    write_events(tmp_path / "a.h5", event_tables())
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        edit(file)
    with pytest.raises(BadData, match=match):
        read_events(tmp_path / "a.h5")


def test_types_that_hold_the_same_are_taken(tmp_path, quick_guard):
    write_events(tmp_path / "a.h5", event_tables())
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        replace("detections", with_value("frame", 5, "f8"))(file)
        del file["provenance"]
        file.attrs["format_version"] = np.array([1])
        file.attrs["epoch"] = np.array([EPOCH.encode()])
    tables = read_events(tmp_path / "a.h5")
    assert tables.detections["frame"].tolist() == [0, 5, 0]
    assert tables.provenance == {}
    assert tables.epoch == EPOCH


def test_no_file_and_no_epoch(tmp_path):
    with pytest.raises(NoInput):
        read_events(tmp_path / "a.h5")
    with pytest.raises(UsageError, match="epoch: is no instant; found ''"):
        write_events(tmp_path / "a.h5", EventTables("", *(empty(d, 0) for d in TABLES.values())))
    assert list(tmp_path.iterdir()) == []
