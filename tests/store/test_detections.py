from __future__ import annotations

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from boostwatch.errors import BadData, NoInput
from boostwatch.records import DETECTION
from boostwatch.store import columns, read_detections, write_events
from tests.store.helpers import EPOCH, event_tables

DEFAULT = "2000-01-01T00:00:00Z"


def read(path):
    """Return rows and epoch."""
    found = read_detections(path)
    return found.rows, found.epoch or DEFAULT


def text(path, content, **options):
    path.write_text(content, **options)
    return path


def test_an_events_file(tmp_path):
    tables = event_tables()
    write_events(tmp_path / "a.h5", tables)
    rows, epoch = read(tmp_path / "a.h5")
    assert epoch == EPOCH
    tables.detections["track_id"] = -1  # that of another run is not ours
    assert rows.tobytes() == tables.detections.tobytes()


@pytest.mark.parametrize(
    "content",
    [
        "frame,x,y\n0,1.5,2.5\n1,3,4\n",
        "\ufeffframe,x,y\r\n0,1.5,2.5\r\n1,3,4\r\n",
        "# epoch: 2026-01-01T00:00:00Z\n# any remark\n\nframe;x;y\n0;1.5;2.5\n\n1;3;4\n",
        "y\tname\tx\tframe\n2.5\tone\t1.5\t0\n4\ttwo\t3\t1\n",
        'frame,x,y,remark\n0,1.5,2.5,"a, b"\n1,3,4,\n',
        '"frame", "x", "y"\n"0","1.5","2.5"\n"1","3","4"\n',
        "frame,x,y,snr\n0,1.5,2.5,\n# a remark\n1,3,4,\n",
    ],
)
def test_csv(tmp_path, content):
    rows, epoch = read(text(tmp_path / "a.csv", content))
    assert epoch == (EPOCH if "epoch" in content else DEFAULT)
    assert rows.dtype == DETECTION
    assert rows["frame"].tolist() == [0, 1]
    assert rows["x"].tolist() == [1.5, 3]
    assert rows["y"].tolist() == [2.5, 4]
    assert np.isnan(rows["time_s"]).all()  # told by the frame and the period, later
    assert rows["band"].tolist() == [0, 0]
    assert rows["track_id"].tolist() == [-1, -1]
    assert np.isnan(rows["snr"]).all()


def test_a_header_alone_is_no_detections(tmp_path):
    rows, _ = read(text(tmp_path / "a.csv", "frame,x,y\n"))
    assert len(rows) == 0


@settings(max_examples=25, deadline=None)
@given(data=st.data(), count=st.integers(1, 20))
def test_csv_and_npz_round_trip(tmp_path_factory, data, count):
    place = tmp_path_factory.mktemp("list")
    number = st.floats(-1e6, 1e6, width=32)
    columns = {
        "frame": data.draw(hnp.arrays("i4", count, elements=st.integers(0, 2**31 - 1))),
        "x": data.draw(hnp.arrays("f4", count, elements=number)),
        "y": data.draw(hnp.arrays("f4", count, elements=number)),
        "time_s": data.draw(hnp.arrays("f8", count, elements=st.floats(-1e9, 1e9))),
        "snr": data.draw(hnp.arrays("f4", count, elements=st.one_of(st.floats(0, 1e6, width=32), st.just(np.nan)))),
    }
    lines = [",".join(columns)] + [",".join(repr(v.item()) for v in row) for row in zip(*columns.values(), strict=True)]
    np.savez(place / "a.npz", **columns)
    for path in (text(place / "a.csv", "\n".join(lines)), place / "a.npz"):
        rows, _ = read(path)
        for name, values in columns.items():
            np.testing.assert_array_equal(rows[name], values)


def test_npz_with_a_table_and_an_epoch(tmp_path):
    rows = event_tables().detections
    np.savez(tmp_path / "a.npz", detections=rows, epoch=EPOCH)
    again, epoch = read(tmp_path / "a.npz")
    assert epoch == EPOCH
    rows["track_id"] = -1
    assert again.tobytes() == rows.tobytes()


def test_hdf5_of_others(tmp_path, quick_guard):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name in ("frame", "x", "y"):
            file[f"detections/{name}"] = np.arange(3)
        file["detections/notes/text"] = "none"
    rows, epoch = read(tmp_path / "a.h5")
    assert (rows["y"].tolist(), epoch) == ([0, 1, 2], DEFAULT)
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["detections"] = np.arange(3)
    with pytest.raises(BadData, match="/detections: is not there or is no table"):
        read_detections(tmp_path / "b.h5")


def test_damaged_hdf5(tmp_path, quick_guard):
    tables = event_tables(300)
    write_events(tmp_path / "a.h5", tables)
    raw = bytearray((tmp_path / "a.h5").read_bytes())
    raw[raw.find(tables.detections.tobytes()) + 50] ^= 1
    (tmp_path / "a.h5").write_bytes(raw)
    with pytest.raises(BadData, match="is damaged"):
        read_detections(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("", "is empty; allowed: a header line"),
        ("# only a remark\n", "is empty"),
        ("frame,x\n0,1\n", "line 1: column y is missing; found 'frame, x'; allowed: frame, band"),
        ("frame,x,y,x\n0,1,2,3\n", "line 1: column x is there twice"),
        ("frame,x,y\n0,1,2\n1,two,3\n", "line 3, column x: is not a number; found 'two'"),
        ("# remark\nframe,x,y\n0,1\n", "line 3: has the wrong number of columns; found 2; allowed: 3"),
        ("frame,x,y\n0,,2\n", "line 2, column x: is not allowed; found nan; allowed: from -1000000 to 1000000 px"),
        ("frame,x,y\n0,1,inf\n", "line 2, column y: is not allowed; found inf"),
        ("frame,x,y,time_s\n0,1,2,\n", "line 2, column time_s: is not allowed; found nan"),
        (
            "frame,x,y\n-3,1,2\n",
            "line 2, column frame: is not allowed; found -3.0; allowed: a whole number from 0 to 2147483647",
        ),
        ("frame,x,y\n0.5,1,2\n", "line 2, column frame: is not allowed; found 0.5"),
        ("frame,x,y\n9999999999,1,2\n", "line 2, column frame: is not allowed; found 9999999999.0"),
        ("frame,x,y,band\n0,1,2,-1\n", "line 2, column band: is not allowed; found -1"),
        ("# epoch: tomorrow\nframe,x,y\n0,1,2\n", "epoch: is no instant; found 'tomorrow'"),
    ],
)
def test_bad_csv(tmp_path, content, match):
    with pytest.raises(BadData, match=match) as caught:
        read_detections(text(tmp_path / "a.csv", content))
    assert "a.csv" in str(caught.value)


def test_bad_npz(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    np.savez(path, frame=np.arange(3), x=np.arange(3), y=np.arange(4))
    with pytest.raises(BadData, match=r"y: has the wrong shape; found \(4,\); allowed: equal lengths"):
        read_detections(path)
    np.savez(path, frame=np.int64(3), x=np.arange(3), y=np.arange(3))
    with pytest.raises(BadData, match="frame: has the wrong shape"):
        read_detections(path)
    np.savez(path, a=np.arange(3))
    with pytest.raises(BadData, match="column x is missing; found 'a'"):
        read_detections(path)
    np.savez(path, frame=np.array([{}], object))
    with pytest.raises(BadData, match=r"frame: holds pickled objects"):
        read_detections(path)
    path.write_bytes(b"PK\x03\x04 and nothing")
    with pytest.raises(BadData, match="is damaged"):
        read_detections(path)
    np.savez_compressed(path, frame=np.zeros(10**6))
    monkeypatch.setattr(columns.layout, "MAX_DEFLATE", 10)
    with pytest.raises(BadData, match="claims more than the file can hold; found '8000128 bytes'"):
        read_detections(path)


def test_no_file_and_no_text(tmp_path):
    with pytest.raises(NoInput):
        read_detections(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes(b"frame,\xff\xfe\x00f")
    with pytest.raises(BadData, match="is not UTF-8 text"):
        read_detections(tmp_path / "a.csv")


@pytest.mark.slow
def test_a_million_rows(tmp_path):
    rng = np.random.default_rng(1)
    columns = np.stack([np.arange(1e6) // 100, rng.uniform(0, 999, 10**6), rng.uniform(0, 999, 10**6)], -1)
    np.savetxt(tmp_path / "a.csv", columns, "%g", delimiter=",", header="frame,x,y", comments="")
    rows, _ = read(tmp_path / "a.csv")
    assert len(rows) == 10**6
    assert rows["frame"][-1] == 9999


def test_the_number_of_frames_is_one_where_nothing_is_said(tmp_path):
    (tmp_path / "a.csv").write_text("frame,x,y\n0,1.5,2.5\n1,3,4\n")
    rows, _ = read(tmp_path / "a.csv")
    assert rows["frames"].tolist() == [1, 1]
    (tmp_path / "b.csv").write_text("frame,x,y,frames\n0,1.5,2.5,8\n1,3,4,1\n")
    rows, _ = read(tmp_path / "b.csv")
    assert rows["frames"].tolist() == [8, 1]
    (tmp_path / "c.csv").write_text("frame,x,y,frames\n0,1.5,2.5,0\n")
    with pytest.raises(BadData, match="frames"):
        read_detections(tmp_path / "c.csv")
