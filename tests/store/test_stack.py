from __future__ import annotations

import tempfile
import time
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostwatch.errors import BadData, NoInput, UsageError
from boostwatch.records import QUALITY_BITS, TRUTH_OBJECT, TRUTH_SAMPLE, empty
from boostwatch.sensor import Band, Sensor
from boostwatch.store import StackWriter, open_stack, sha256
from tests.store.helpers import EPOCH, SENSOR, SHAPE, frames, write_stack


def test_round_trip_of_everything(tmp_path, distrust):
    data = write_stack(tmp_path / "a.h5")
    distrust()  # so that the guard's child walks over a whole stack once
    with open_stack(tmp_path / "a.h5") as stack:
        assert stack.shape == SHAPE
        assert stack.dtype == np.uint16
        assert stack.epoch == EPOCH
        assert stack.sensor.name == SENSOR.name
        assert stack.sensor.bands[0] == SENSOR.bands[0]
        assert np.isnan(stack.sensor.bands[1].gain_e_per_dn)
        assert (stack.sensor.ifov_rad, stack.sensor.cx, stack.sensor.integration_s) == (30e-6, 11.5, 0.1)
        assert stack.attitude_sigma_rad == 3e-6
        assert stack.attitude_bias_sigma_rad == 2e-6
        assert stack.attitude_noise_sigma_rad == 1e-6
        assert stack.has_pointing
        assert stack.notes == []
        assert stack.scenario_toml == "kind = 'test'\n"
        assert stack.seed == 7
        assert stack.sha256 == sha256(tmp_path / "a.h5")
        np.testing.assert_array_equal(stack.time_s, 0.5 * np.arange(6))
        np.testing.assert_array_equal(stack.frame_index, 100 + np.arange(6))
        np.testing.assert_array_equal(stack.bad_pixels[1], np.eye(16, 24))
        assert stack.gain.dtype == np.float32
        assert stack.offset.shape == (2, 16, 24)
        assert len(stack.truth_samples) == 12
        assert stack.truth_samples["x"][0] == 3.25
        assert stack.truth_objects["kind"][0] == b"launch"
        np.testing.assert_array_equal(stack.line_of_sight, np.arange(12.0).reshape(6, 2))
        np.testing.assert_array_equal(stack.row_time(2), np.arange(16) * 1e-3)
        for t, frame in enumerate(stack.frames()):
            assert (frame.frame, frame.time_s, frame.frame_index) == (t, 0.5 * t, 100 + t)
            np.testing.assert_array_equal(frame.data, data[t])
            assert frame.good.tolist() == [True, True]
            assert frame.position_m.tolist() == [42164172.0, 0, 0]
            assert frame.attitude.tolist() == [1, 0, 0, 0]
            assert frame.quality.tolist() == [0, 0]
        assert [f.frame for f in stack.frames(2, 4)] == [2, 3]
        assert [f.frame for f in stack.frames(5, 100)] == [5]


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 9), st.integers(1, 9)),
    dtype=st.sampled_from([np.uint16, np.float32]),
    seed=st.integers(0, 2**32 - 1),
    quality=st.integers(0, 127),
)
def test_any_shape_comes_back(shape, dtype, seed, quality):
    data = frames(shape, dtype, seed)
    sensor = Sensor("s", 1e-5, 0, 0, 1, 0.5, tuple(Band(f"b{i}") for i in range(shape[1])))
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "a.h5"
        with StackWriter(path, sensor=sensor, shape=shape, epoch=EPOCH, dtype=dtype) as writer:
            for t in range(shape[0]):
                writer.append(data[t], time_s=t, frame_index=t, quality=np.full(shape[1], quality, np.uint8))
        with open_stack(path) as stack:
            got = list(stack.frames())
            assert stack.truth_objects is None
            assert stack.truth_samples is None
            assert stack.line_of_sight is None
            assert stack.row_time(0) is None
            assert not stack.has_pointing
    np.testing.assert_array_equal(np.stack([f.data for f in got]), data)
    assert all(f.quality.tolist() == [quality] * shape[1] for f in got)
    assert all(f.good.all() == (quality & QUALITY_BITS["corrupt"] == 0) for f in got)


def test_the_file_is_laid_out_as_designed(tmp_path):
    data = write_stack(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        assert dict(file.attrs) == {
            "format": "boostwatch.stack", "format_version": 1, "creator": file.attrs["creator"], "created": EPOCH,
            "default": "stack", "epoch": EPOCH,
        }  # fmt: skip
        group = file["stack"]
        assert group.attrs["NX_class"] == "NXdata"
        assert group.attrs["signal"] == "frames"
        assert list(group.attrs["axes"]) == ["time", "band", "y", "x"]
        cube = group["frames"]
        assert (cube.chunks, cube.dtype, cube.fletcher32, cube.compression) == ((1, 1, 16, 24), np.uint16, True, None)
        assert cube.attrs["interpretation"] == "image"
        types = {"time": "f8", "frame_index": "i8", "crc32": "u4", "quality": "u1", "row_time": "f8"}
        assert {name: file[f"stack/{name}"].dtype.str[1:] for name in types} == types
        assert file["stack/time"].attrs["epoch"] == EPOCH
        assert file["stack/crc32"][3, 1] == zlib.crc32(data[3, 1].tobytes())
        assert file["pointing/attitude"].attrs["sigma_rad"] == 3e-6
        assert file["sensor/bands"].dtype.names[:2] == ("name", "lower_um")
        assert file["truth/samples"].dtype == TRUTH_SAMPLE
        assert file["truth/objects"].dtype == TRUTH_OBJECT

        def has_unit(name, item):
            assert not isinstance(item, h5py.Dataset) or "units" in item.attrs, name

        file.visititems(has_unit)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_the_same_content_gives_the_same_bytes(tmp_path, dtype):
    write_stack(tmp_path / "a.h5", dtype=dtype)
    time.sleep(1.1)  # HDF5 stamps objects in whole seconds where it does
    write_stack(tmp_path / "b.h5", dtype=dtype)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_truth_samples_stream(tmp_path, monkeypatch):
    monkeypatch.setattr("boostwatch.store.writer._SAMPLE_ROWS", 5)
    write_stack(tmp_path / "a.h5")
    with open_stack(tmp_path / "a.h5") as stack:
        assert stack.truth_samples["frame"].tolist() == np.repeat(np.arange(6), 2).tolist()


def test_long_scenario_fits(tmp_path):
    write_stack(tmp_path / "a.h5", scenario_toml="x" * 200_000)
    with open_stack(tmp_path / "a.h5") as stack:
        assert len(stack.scenario_toml) == 200_000


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"shape": (6, 2, 16)}, r"shape: impossible shape; found \(6, 2, 16\); allowed: \(T, B, H, W\)"),
        ({"shape": (0, 2, 16, 24)}, "shape: impossible shape"),
        ({"shape": (6, 3, 16, 24)}, "sensor.bands: wrong count; found 2; allowed: 3 bands"),
        ({"dtype": np.float64}, "dtype: impossible type; found 'float64'"),
        ({"epoch": "yesterday"}, "epoch: is no instant; found 'yesterday'; allowed: ISO 8601 UTC"),
        ({"gain": np.ones((2, 3, 4))}, r"gain: wrong shape; found \(2, 3, 4\); allowed: \(2, 16, 24\)"),
    ],
)
def test_impossible_arguments(tmp_path, change, match):
    options = {"sensor": SENSOR, "shape": SHAPE, "epoch": EPOCH}
    with pytest.raises(UsageError, match=match):
        StackWriter(tmp_path / "a.h5", **{**options, **change})


def writer_of(path, **more):
    return StackWriter(path, sensor=SENSOR, shape=SHAPE, epoch=EPOCH, **more)


@pytest.mark.parametrize(
    ("data", "more", "match"),
    [
        (np.zeros((2, 16, 25), np.uint16), {}, "frame 0: does not fit the stack; found"),
        (np.zeros((2, 16, 24), np.float32), {}, "allowed: .* uint16"),
        (np.zeros((2, 16, 24), np.uint16), {"has_pointing": True}, "position_m and attitude are due"),
    ],
)
def test_a_frame_that_does_not_fit(tmp_path, data, more, match):
    with pytest.raises(UsageError, match=match), writer_of(tmp_path / "a.h5", **more) as writer:
        writer.append(data, time_s=0, frame_index=0)
    assert list(tmp_path.iterdir()) == []


def test_frames_that_are_too_few_or_too_many(tmp_path):
    data = frames()[0]

    def write(count, *, first_row_time=0, shift=None):
        with writer_of(tmp_path / "a") as writer:
            for t in range(count):
                row_time = np.zeros(16) if t >= first_row_time > 0 else None
                writer.append(data, time_s=t, frame_index=t, row_time=row_time)
            writer.set_truth(empty(TRUTH_OBJECT, 0), shift)

    with pytest.raises(UsageError, match="frames are missing; found 1; allowed: 6"):
        write(1, shift=np.zeros((6, 2)))
    with pytest.raises(UsageError, match="too many frames; found 7; allowed: 6"):
        write(7)
    with pytest.raises(UsageError, match="frame 1: row_time is given with all frames or none"):
        write(2, first_row_time=1)
    with pytest.raises(UsageError, match="line_of_sight: wrong shape"):
        write(6, shift=np.zeros((3, 2)))
    with pytest.raises(UsageError, match="used in a with block"):
        writer_of(tmp_path / "a").append(data, time_s=0, frame_index=0)
    assert list(tmp_path.iterdir()) == []


def test_missing_file():
    with pytest.raises(NoInput, match=r"nowhere\.h5: cannot be read: No such file"):
        open_stack("nowhere.h5")


def test_truth_without_samples(tmp_path):
    with writer_of(tmp_path / "a.h5") as writer:
        for t in range(6):
            writer.append(frames()[t], time_s=t, frame_index=t)
        writer.set_truth(empty(TRUTH_OBJECT, 0), np.zeros((6, 2)))
    with open_stack(tmp_path / "a.h5") as stack:
        assert len(stack.truth_objects) == len(stack.truth_samples) == 0


def bring(path, **datasets):
    with h5py.File(path, "w") as file:
        for name, value in datasets.items():
            file[name.replace("__", "/")] = value
    return path


@pytest.mark.parametrize("axes", [2, 3, 4])
@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i2", "i4", "f4", "f8"])
def test_stacks_of_others(tmp_path, quick_guard, axes, dtype):
    data = frames((3, 2, 9, 8), np.uint16).astype(dtype)[(0,) * (4 - axes)]
    path = bring(tmp_path / "a.h5", measured__cube=data, measured__clock=np.arange(3.0))
    with open_stack(path) as stack:
        assert stack.shape == {2: (1, 1, 9, 8), 3: (2, 1, 9, 8), 4: (3, 2, 9, 8)}[axes]
        assert stack.dtype == (np.uint16 if dtype in ("u1", "u2") else np.float32)
        got = np.stack([f.data for f in stack.frames()]).reshape(data.shape)
        np.testing.assert_array_equal(got, data.astype(stack.dtype))
        assert stack.sensor.cx == 3.5
        assert np.isnan(stack.sensor.ifov_rad)
        assert any("no /stack/time" in note for note in stack.notes)
        assert stack.time_s.tolist() == list(range(stack.shape[0]))
        np.testing.assert_array_equal(stack.read_stored(0), data.reshape(stack.shape)[0])


def test_which_dataset(tmp_path, quick_guard):
    cube = np.zeros((3, 9, 9), np.uint16)
    path = bring(tmp_path / "a.h5", a=cube, b=cube, image=cube[0], note="text")
    with pytest.raises(BadData, match=r"name one with --dataset; found '/a \(3, 9, 9\) uint16, /b"):
        open_stack(path)
    with open_stack(path, dataset="b") as stack:
        assert stack.shape == (3, 1, 9, 9)
    with pytest.raises(UsageError, match="c: is not a dataset of the file; allowed: /a, /b"):
        open_stack(path, dataset="c")
    with pytest.raises(BadData, match="note: cannot be frames"):
        open_stack(path, dataset="note")
    with pytest.raises(BadData, match="holds no frames"):
        open_stack(bring(tmp_path / "b.h5", line=np.arange(5)))


def test_only_frames_are_required(tmp_path, quick_guard):
    path = bring(tmp_path / "a.h5", stack__frames=frames()[:, 0])
    with open_stack(path) as stack:
        assert stack.shape == (6, 1, 16, 24)
        assert all(frame.good.all() for frame in stack.frames())
        assert "no /stack/crc32: frames are not checked" in stack.notes


def change(path, edit):
    with h5py.File(path, "r+") as file:
        edit(file)


def replace(name, value):
    def edit(file):
        del file[name]
        file[name] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (replace("stack/time", np.zeros(5)), r"/stack/time: has the wrong shape or type; .*allowed: float64 \(6,\)"),
        (replace("stack/crc32", np.zeros((6, 2), "S3")), "/stack/crc32: has the wrong shape or type"),
        (replace("sensor/bands", np.zeros(1, [("name", "S4")])), "/sensor/bands: does not agree with the frames"),
        (replace("sensor/bands", np.zeros(2)), "/sensor/bands: is no table"),
        (replace("sensor/bands", np.zeros(2, [("name", "f8")])), "/sensor/bands.name: column has the wrong type"),
        (replace("truth/samples", np.zeros(2, [("x", "f8")])), "/truth/samples.object_id: column is missing"),
        (lambda f: f.attrs.update(format_version=2), "/@format_version: is of another version; found 2"),
        (lambda f: f.attrs.update(format="boostwatch.events"), "/@format: is of another format"),
        (lambda f: f["stack/time"].attrs.update(epoch="soon"), "/stack/time@epoch: is no instant; found 'soon'"),
        (lambda f: f.__delitem__("stack/frames"), "/stack/frames: is not there"),
    ],
)
def test_a_stack_that_is_wrong(tmp_path, quick_guard, edit, match):
    write_stack(tmp_path / "a.h5")
    change(tmp_path / "a.h5", edit)
    with pytest.raises(BadData, match=match):
        open_stack(tmp_path / "a.h5")


def test_what_is_missing_is_said(tmp_path, quick_guard):
    write_stack(tmp_path / "a.h5")

    def edit(file):
        file["stack/time"][2] = np.nan
        del file["stack/time"].attrs["epoch"], file.attrs["epoch"]
        del file["sensor"].attrs["frame_period_s"]
        file["sensor"].attrs["ifov_rad"] = "wide"
        del file["sensor/bands"], file["pointing"], file["stack/row_time"]
        file["stack/row_time"] = np.zeros((2, 2))

    change(tmp_path / "a.h5", edit)
    with open_stack(tmp_path / "a.h5") as stack:
        said = "\n".join(stack.notes)
        assert stack.sensor.frame_period_s == 0.5
        with pytest.raises(BadData, match="/stack/row_time: has the wrong shape"):
            stack.row_time(0)
    for piece in ("not finite in 1 frames, first 2", "no epoch", "ifov_rad, frame_period_s", "no /sensor/bands"):
        assert piece in said


def test_a_frame_that_disagrees_with_its_checksum_is_not_good(tmp_path, quick_guard):
    data = write_stack(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["stack/frames"][2, 1, 5, 5] += 1  # HDF5's own checksum is made anew, ours is not
    with open_stack(tmp_path / "a.h5") as stack:
        got = list(stack.frames())
        assert [f.good.tolist() for f in got] == [[True, t != 2] for t in range(6)]
        assert got[2].quality.tolist() == [0, QUALITY_BITS["corrupt"]]
        assert [n for n in stack.notes if "frame 2 band 1" in n] == stack.notes
        stack.read(2)
        assert len(stack.notes) == 1  # said once, however often it is read
    assert np.array_equal(got[3].data, data[3])


@pytest.mark.parametrize("with_crc", [True, False])
def test_a_chunk_that_is_damaged_is_not_good(tmp_path, quick_guard, with_crc):
    data = write_stack(tmp_path / "a.h5")
    raw = bytearray((tmp_path / "a.h5").read_bytes())
    raw[raw.find(data[4, 0].tobytes()) + 100] ^= 8
    (tmp_path / "a.h5").write_bytes(raw)
    if not with_crc:
        change(tmp_path / "a.h5", lambda file: file.__delitem__("stack/crc32"))
    with open_stack(tmp_path / "a.h5") as stack:
        assert [f.good.tolist() for f in stack.frames()] == [[t != 4, True] for t in range(6)]
        text = "does not agree with its CRC-32" if with_crc else "cannot be read"
        assert f"frame 4 band 0: {text}" in stack.notes[-1]
        with pytest.raises(BadData, match="frame 4: cannot be read"):
            stack.read_stored(4)


def test_damage_beside_the_frames_names_its_place(tmp_path, quick_guard):
    write_stack(tmp_path / "a.h5")
    raw = bytearray((tmp_path / "a.h5").read_bytes())
    raw[raw.find(np.arange(100, 106).astype("<i8").tobytes())] ^= 1
    (tmp_path / "a.h5").write_bytes(raw)
    with pytest.raises(BadData, match="/stack/frame_index: is damaged"):
        open_stack(tmp_path / "a.h5")
