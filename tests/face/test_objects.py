"""Stacks and events as objects: slices, units, times, and nothing of a file's text that a page would run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from astropy import units
from astropy.time import Time

import boostwatch
from boostwatch import store
from boostwatch.errors import UsageError
from boostwatch.records import TRUTH_OBJECT, TRUTH_SAMPLE, empty
from boostwatch.sensor import Sensor
from tests.store.helpers import EPOCH, SENSOR, event_tables, write_stack

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_stack(tmp_path / "a.h5")
    return tmp_path / "a.h5"


@pytest.mark.parametrize(
    "key",
    [
        3, -1, np.int64(2), slice(1, 4), slice(None, None, -2), (2, 1), (slice(None), 0, slice(3, 9), 5), ..., (..., 7),
        (1, ..., slice(2)), ([0, 4], 1), (slice(2), slice(None), 3), slice(4, 4), np.array([True, False] * 3), (),
    ],
)  # fmt: skip
def test_slices_are_numpys(path: Path, key: Any) -> None:
    with h5py.File(path) as file:
        frames = file["stack/frames"][()]
    with boostwatch.open_stack(path) as stack:
        got = stack[key]
        assert got.dtype == np.uint16
        np.testing.assert_array_equal(got, frames[key])


def test_bands_have_names(path: Path) -> None:
    with boostwatch.open_stack(path) as stack:
        np.testing.assert_array_equal(stack["MWIR"], stack[:, 1])
        np.testing.assert_array_equal(stack[2:4, "SWIR", 5], stack[2:4, 0, 5])
        with pytest.raises(UsageError, match="band: is no band; found 'LWIR'; allowed: SWIR, MWIR"):
            stack[0, "LWIR"]
        for key in (6, (0, 2), (0, 0, 0, 0, 0), None):
            with pytest.raises(IndexError):
                stack[key]


def test_a_stack_tells_times_units_and_truth(path: Path) -> None:
    with boostwatch.open_stack(path) as stack:
        assert repr(stack) == f"<Stack '{path}': 6 frames, 2 bands, 24 x 16 px, uint16>"
        assert (len(stack), stack.shape, stack.ndim) == (6, (6, 2, 16, 24), 4)
        assert stack.times[3].isot == "2026-01-01T00:00:01.500"
        assert stack.bands["psf_sigma_px"].unit == units.pix
        assert stack.bands["irradiance_per_e"][0].to_value("W / (m2 electron)") == 1e-15
        assert stack.pointing["position"].shape == (6, 3)
        truth = stack.truth
        assert truth is not None
        assert truth.objects["onset"][0].isot == "2026-01-01T00:00:01.000"
        assert truth.samples["x"][0] == 3.25 * units.pix
        assert truth.line_of_sight.shape == (6, 2)
        assert [frame.frame for frame in stack.frames(2, 4)] == [2, 3]
    assert stack.times.shape == (6,)  # what was asked for stays
    assert repr(stack).endswith("closed>")
    with pytest.raises(UsageError, match="is closed"):
        stack[0]


def test_without_an_epoch_times_are_seconds() -> None:
    stack = boostwatch.Stack.from_array(np.zeros((3, 8, 8)), frame_period_s=0.5)
    assert stack.times.unit == units.s
    np.testing.assert_array_equal(stack.times.value, [0, 0.5, 1.0])
    assert (stack.truth, stack.pointing) == (None, None)
    assert "an unknown epoch" in stack._repr_html_()


def test_a_foreign_stack_has_no_epoch(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.zeros((3, 16, 16), np.uint16)
    with boostwatch.open_stack(tmp_path / "a.h5") as stack:
        assert stack.times.unit == units.s
        assert any("no /stack/time" in note for note in stack.notes)


def test_damage_is_said(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["stack/crc32"][2, 1] += 1
    with boostwatch.open_stack(path) as stack:
        with pytest.warns(UserWarning, match="frame 2 is damaged in MWIR"):
            stack[2]
        assert any("frame 2 band 1: does not agree" in note for note in stack.notes)


def test_an_array_of_xarray_has_coordinates(path: Path) -> None:
    pytest.importorskip("xarray")
    with boostwatch.open_stack(path) as stack:
        array = stack.to_xarray(slice(1, 5)).compute()
        np.testing.assert_array_equal(array.values, stack[1:5])
        np.testing.assert_array_equal(array.sel(band="MWIR", x=slice(3, 5)).values, stack[1:5, 1, :, 3:6])
    assert array.dims == ("time", "band", "y", "x")
    assert array["time"].values[0] == np.datetime64("2026-01-01T00:00:00.5")
    assert array.attrs["units"] == "DN"
    assert array["x"].attrs["units"] == "px"
    bare = boostwatch.Stack.from_array(np.zeros((3, 8, 8))).to_xarray()
    assert bare["time"].attrs["units"] == "s"
    assert "ifov_rad" not in bare.attrs  # unknown


def test_tables_of_events_as_data_sets() -> None:
    pytest.importorskip("xarray")
    events = boostwatch.Events(event_tables())
    found = events.to_xarray()
    assert found.attrs["epoch"] == events.tables.epoch
    assert str(found.sel(event_id=1)["kind"].item()) == "launch"
    assert found["latitude_deg"].attrs["units"] == "deg"
    assert found["launch_time_utc"].values[0] == np.datetime64("2026-01-01T00:00:01.5")
    assert np.isnat(found["launch_time_utc"].values[1])
    for table, along in (("tracks", "track_id"), ("track_points", "point"), ("registration", "frame")):
        assert dict(events.to_xarray(table).sizes) == {along: len(getattr(events, table))}
    detections = events.to_xarray("detections")
    assert detections["signal_e"].attrs["units"] == "electron"
    track = events.track(events.tables.tracks["track_id"][0])
    assert track.to_xarray()["snr"].values.tolist() == track.light_curve["snr"].tolist()
    with pytest.raises(UsageError, match="no table of a run; found 'launches'"):
        events.to_xarray("launches")


def test_events_have_units_and_instants() -> None:
    events = boostwatch.Events(event_tables())
    table = events.events
    assert table["latitude_deg"].unit == units.deg
    assert table["launch_time"][0].isot == "2026-01-01T00:00:01.500"
    assert table["launch_time"].mask.tolist() == [False, True]
    assert table["kind"].tolist() == ["launch", "fire"]
    assert events.launches["event_id"].tolist() == [1]
    assert events.track_points["vx"].unit == units.pix / units.s
    assert events.epoch == Time(EPOCH.rstrip("Z"))
    assert len(events) == 2
    track = events.track(1)
    assert len(track.points) == len(track.light_curve) == 4
    assert track.event["kind"] == "launch"
    assert repr(track) == "<Track 1: confirmed, 4 hits, 'launch' with probability 0.99>"
    (ring,) = events.ellipse(1)
    assert ring.shape == (73, 2)
    assert abs(ring[:, 1] - 41.5).max() == pytest.approx(5 / 111.2 * np.cos(np.radians(30)), rel=0.1)
    assert events.ellipse(2) == []
    with pytest.raises(UsageError, match="event_id: is not there; found 7"):
        events.ellipse(7)


def test_pandas_has_time_stamps_and_units() -> None:
    pytest.importorskip("pandas")
    frame = boostwatch.Events(event_tables()).to_pandas()
    assert str(frame["launch_time_utc"][0]) == "2026-01-01 00:00:01.500000+00:00"
    assert frame["launch_time_utc"].isna().tolist() == [False, True]
    assert frame.attrs["units"]["latitude_deg"] == "deg"
    assert frame["kind"].tolist() == ["launch", "fire"]
    with pytest.raises(UsageError, match="table: is no table of a run; found 'launches'"):
        boostwatch.Events(event_tables()).to_pandas("launches")


def test_what_a_file_says_is_never_html(tmp_path: Path) -> None:
    tables = event_tables()
    tables.events["kind"] = b"<script>a"
    tables.tracks["kind"] = tables.tracks["status"] = b"<script>\xff"
    tables.provenance["notes"] = EVIL
    store.write_events(tmp_path / "b.h5", tables)
    events = boostwatch.open_events(tmp_path / "b.h5")
    events.name = EVIL
    sensor = Sensor(EVIL, *list(vars(SENSOR).values())[1:])
    stack = boostwatch.Stack.from_array(np.zeros((3, 2, 16, 24), np.uint16), sensor=sensor)
    for page in (
        events._repr_html_(), events.track(1)._repr_html_(), stack._repr_html_(), events.events._repr_html_(),
        boostwatch.Score(**{**scored(), "confusion": {EVIL: {EVIL: 1}}})._repr_html_(),
    ):  # fmt: skip
        assert "<script" not in page
        assert "&lt;script" in page


def scored() -> dict[str, Any]:
    return vars(boostwatch.score(boostwatch.Events(event_tables()), simulated()))


def simulated() -> boostwatch.Stack:
    stack = boostwatch.Stack.from_array(np.zeros((4, 2, 16, 24), np.uint16), sensor=SENSOR)
    source: Any = stack.source
    source.truth_objects, source.truth_samples = empty(TRUTH_OBJECT, 0), empty(TRUTH_SAMPLE, 0)
    return stack


@pytest.mark.parametrize("seconds", [1e300, -1e300, np.inf, -np.inf, 1e12])
def test_times_outside_all_calendars_are_unknown(seconds: float) -> None:
    tables = event_tables()
    tables.events["launch_time_s"] = tables.events["burnout_time_s"] = seconds
    events = boostwatch.Events(tables)
    assert events.events["launch_time"].mask.all()
    assert "NaT" in str(events.to_pandas()["launch_time_utc"])
    assert "<table>" in events._repr_html_()
    assert "launch" in str(events.launches)


def test_a_track_with_a_lie_for_its_points() -> None:
    tables = event_tables()
    tables.tracks["start"], tables.tracks["count"] = -5, 2**40
    assert len(boostwatch.Events(tables).track(1).points) == 4
