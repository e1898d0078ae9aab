from __future__ import annotations

import json
import subprocess
import sys

import h5py
import numpy as np
import pytest
from PIL import Image

from boostwatch import store
from boostwatch.errors import BadData, NoInput
from boostwatch.store import describe, validate, write_events
from tests.store.helpers import SHAPE, event_tables, frames, write_stack


def test_public_face():
    assert sorted(store.__all__) == store.__all__
    for name in store.__all__:
        assert callable(getattr(store, name))
    with pytest.raises(AttributeError, match="has no attribute 'open_events'"):
        _ = store.open_events


def test_importing_the_store_is_light():
    code = (
        "import sys, boostwatch.store; print(sorted({'h5py', 'astropy', 'numba', 'scipy', 'PIL'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_stack(tmp_path):
    write_stack(tmp_path / "a.h5")
    said = describe(tmp_path / "a.h5")
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert (said["frames"], said["bands"], said["height"], said["width"]) == SHAPE
    assert said["band_figures"][0]["upper_um"] == 2.95
    assert said["band_figures"][1]["gain_e_per_dn"] is None
    assert said["truth"] == [{"kind": "launch", "count": 1}]
    assert said["bad_pixels"] == 32
    assert said["seed"] == 7
    assert validate(tmp_path / "a.h5") == []


def test_a_bare_stack(tmp_path, quick_guard):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["stack/frames"] = frames()
    said = describe(tmp_path / "a.h5")
    assert said["bad_pixels"] is None
    assert "truth" not in said
    assert any("crc32" in note for note in said["notes"])


def test_events(tmp_path):
    tables = event_tables()
    tables.provenance["settings"] = "a page"
    write_events(tmp_path / "a.h5", tables)
    said = describe(tmp_path / "a.h5")
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert said["kinds"] == [{"kind": "fire", "count": 1}, {"kind": "launch", "count": 1}]
    assert (said["detections"], said["events"], said["frames_read"]) == (4, 2, 4)
    assert "settings" not in said
    assert validate(tmp_path / "a.h5") == []


def test_files_of_others(tmp_path, quick_guard):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["camera/a"] = np.zeros((3, 4), "u1")
        file["camera/nothing"] = h5py.Empty("f4")
    assert describe(tmp_path / "a.h5")["datasets"] == [
        {"name": "/camera/a", "shape": [3, 4], "dtype": "uint8"},
        {"name": "/camera/nothing", "shape": [], "dtype": "float32"},
    ]
    Image.fromarray(frames()[0, 0]).save(tmp_path / "a.png")
    assert describe(tmp_path / "a.png") == {
        "format": "frames", "frames": 1, "bands": 1, "height": 16, "width": 24, "dtype": "uint16",
        "start_posix_s": None,
    }  # fmt: skip
    (tmp_path / "a.csv").write_text("frame,x,y\n4,1,2\n")
    assert describe(tmp_path / "a.csv") == {
        "format": "detections", "epoch": "2000-01-01T00:00:00Z", "detections": 1, "frames": 5,
    }  # fmt: skip
    (tmp_path / "b.csv").write_text("hello\n")
    with pytest.raises(BadData, match="is of no kind known here"):
        describe(tmp_path / "b.csv")
    with pytest.raises(NoInput):
        describe(tmp_path / "c.csv")
    with pytest.raises(NoInput):
        validate(tmp_path / "c.csv")


def edited(path, *edits):
    with h5py.File(path, "r+") as file:
        for edit in edits:
            edit(file)
    return validate(path)


def put(place, value):
    def edit(file):
        attributes = dict(file[place].attrs) if place in file else {}
        if place in file:
            del file[place]
        if value is not None:
            file[place] = value
            file[place].attrs.update(attributes)

    return edit


def at(place, row, value):
    def edit(file):
        rows = file[place][()]
        rows[row] = value
        file[place][...] = rows

    return edit


def cell(place, row, column, value):
    def edit(file):
        rows = file[place][()]
        rows[column][row] = value
        file[place][...] = rows

    return edit


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (lambda f: f.attrs.__delitem__("creator"), "/@creator: is missing; found nothing; allowed: text"),
        (lambda f: f.attrs.update(created="now"), "/@created: is no instant; found now; allowed: ISO 8601 UTC"),
        (lambda f: f.attrs.update(format_version=3), "/@format_version: is not right; found 3; allowed: 1"),
        (put("stack/time", None), "/stack/time: is missing; found nothing; allowed: a dataset of float64"),
        (put("stack/crc32", None), "/stack/crc32: is missing; found nothing; allowed: a dataset of uint32"),
        (put("stack/quality", np.zeros((6, 2), "u2")), "/stack/quality: has the wrong type; found uint16"),
        (lambda f: f["stack/time"].attrs.__delitem__("epoch"), "/stack/time@epoch: is missing"),
        (lambda f: f["sensor"].attrs.__delitem__("cx"), "/sensor@cx: is missing; found nothing; allowed: a number"),
        (
            lambda f: f["sensor"].attrs.update(frame_period_s=-1.0),
            "/sensor@frame_period_s: is not positive; found -1.0",
        ),
        (put("sensor/bands", None), "/sensor/bands: is missing or no table"),
        (put("truth/samples", None), None),
        (at("stack/time", 3, 0.5), "/stack/time[3]: is not later than the frame before; found 0.5"),
        (at("stack/time", 3, np.nan), "/stack/time[3]: is not finite; found nan; allowed: seconds"),
        (at("stack/frame_index", 2, 7), "/stack/frame_index[2]: does not grow; found 7; allowed: a counter"),
        (at("stack/quality", 2, 128), "/stack/quality[2]: has unknown bits; found 128; allowed: bits of 127"),
        (at("pointing/attitude", 1, 2.0), "/pointing/attitude[1]: is not of unit length; found 4.0"),
        (at("pointing/position_m", 1, np.nan), "/pointing/position_m[1]: is not finite"),
        (cell("truth/samples", 4, "frame", 6), "/truth/samples.frame[4]: is out of range; found 6; allowed: 0 to 5"),
        (cell("truth/samples", 4, "band", 2), "/truth/samples.band[4]: is out of range; found 2; allowed: 0 to 1"),
        (cell("truth/samples", 4, "object_id", 9), "/truth/samples.object_id[4]: is not in /truth/objects; found 9"),
        (lambda f: f["stack/frames"].__setitem__((2, 1, 0, 0), 1), "/stack/frames[2, 1]: does not agree with its CRC"),
    ],
)
def test_a_stack_that_deviates(tmp_path, quick_guard, edit, line):
    write_stack(tmp_path / "a.h5")
    lines = edited(tmp_path / "a.h5", edit)
    if line is None:
        assert lines == []
    else:
        assert any(found.startswith(line) for found in lines), lines


def test_frames_of_another_layout(tmp_path, quick_guard):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["stack/frames"] = frames()[:, 0].astype(">i4")
        file["truth/objects"] = np.zeros(1, [("object_id", "i8")])
    lines = "\n".join(validate(tmp_path / "a.h5"))
    for line in (
        "/@format: is not right; found nothing; allowed: boostwatch.stack",
        "/stack/frames: has the wrong shape; found (6, 16, 24); allowed: (T, B, H, W)",
        "/stack/frames: has the wrong type; found >i4; allowed: little-endian uint16 or float32",
        "/stack/frames: has no checksum",
        "/stack/frames: has other chunks; found None; allowed: (1, 1, H, W)",
        "/truth/objects.object_id: has the wrong type; found int64; allowed: int32",
        "/truth/objects.kind: column is missing",
    ):
        assert line in lines


def test_frames_without_a_finite_pixel(tmp_path, quick_guard):
    from boostwatch.store import StackWriter
    from tests.store.helpers import EPOCH, SENSOR

    data = frames(dtype=np.float32)
    data[3, 1] = np.nan
    with StackWriter(tmp_path / "a.h5", sensor=SENSOR, shape=SHAPE, epoch=EPOCH, dtype=np.float32) as writer:
        for t in range(6):
            writer.append(data[t], time_s=t, frame_index=t)
    assert validate(tmp_path / "a.h5") == [
        "/stack/frames[3, 1]: has no finite pixel and is not flagged corrupt; found NaN; "
        "allowed: finite values or the flag"
    ]


def test_many_lines_of_one_kind_are_counted(tmp_path, quick_guard):
    write_events(tmp_path / "a.h5", event_tables(200))
    lines = edited(tmp_path / "a.h5", cell("detections", slice(0, 120), "frame", -5))
    assert len(lines) == 50
    assert lines[-1].startswith("/detections.frame: is negative, in 71 more rows; found as above")


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (lambda f: f.attrs.update(epoch="x"), "/@epoch: is no instant; found x"),
        (lambda f: f.attrs.__delitem__("epoch"), "/@epoch: is missing"),
        (lambda f: f.__delitem__("provenance"), "/provenance: is missing"),
        (lambda f: f.__delitem__("tracks"), "/tracks: is missing or no table; found nothing"),
        (cell("detections", 2, "x", np.inf), "/detections.x[2]: is not finite; found inf"),
        (cell("tracks", 0, "start", 2), "/tracks.start[0]: points outside of /track_points; found 2"),
        (cell("tracks", 0, "status", b"lost"), "/tracks.status[0]: is unknown; found b'lost'"),
        (cell("events", 0, "kind", b"bird"), "/events.kind[0]: is unknown; found b'bird'; allowed: launch, fire"),
        (cell("events", 0, "track_id", 5), "/events.track_id[0]: is not in /tracks; found 5"),
        (cell("events", 0, "p_launch", 1.5), "/events.p_launch[0]: is no probability; found 1.5; allowed: 0 to 1"),
        (cell("events", 0, "latitude_deg", 91), "/events.latitude_deg[0]: is out of range; found 91.0"),
    ],
)
def test_events_that_deviate(tmp_path, quick_guard, edit, line):
    write_events(tmp_path / "a.h5", event_tables())
    lines = edited(tmp_path / "a.h5", edit)
    assert any(found.startswith(line) for found in lines), lines


def test_what_cannot_be_read_is_one_line(tmp_path, quick_guard):
    (tmp_path / "a.h5").write_bytes(b"nothing")
    assert validate(tmp_path / "a.h5") == [
        f"{tmp_path / 'a.h5'}: is not an HDF5 file; allowed: a file with the HDF5 signature"
    ]
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["a"] = 1
    assert "/stack/frames: is not there" in validate(tmp_path / "b.h5")[-1]
    tables = event_tables(300)
    write_events(tmp_path / "c.h5", tables)
    raw = bytearray((tmp_path / "c.h5").read_bytes())
    raw[raw.find(tables.detections.tobytes()) + 50] ^= 1
    (tmp_path / "c.h5").write_bytes(raw)
    assert "is damaged" in validate(tmp_path / "c.h5")[-1]
