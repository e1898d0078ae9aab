"""A stack while it is written: what is there whole, what is not yet, and what cannot be read."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import h5py
import numpy as np
import pytest

from boostwatch import store
from boostwatch.errors import BadData, CannotCreate, NoInput, StorageError, UsageError
from boostwatch.store import live as live_module
from boostwatch.store.live import NotReady, Writing, follow_stack, writing
from tests.live import Camera

from .helpers import EPOCH, SENSOR, SHAPE, frames, write_stack


def append(writer, data, t):
    writer.append(
        data[t], time_s=0.5 * t, frame_index=t + 100, position_m=(42164172.0, 0, 0), attitude=(1, 0, 0, 0)
    )  # fmt: skip


def test_a_finished_live_stack_is_a_stack(tmp_path):
    data = write_stack(tmp_path / "whole.h5", truth=False)
    path = tmp_path / "live.h5"
    with store.LiveStackWriter(
        path, sensor=SENSOR, shape=SHAPE[1:], epoch=EPOCH, has_pointing=True, attitude_sigma_rad=3e-6,
        bad_pixels=np.ones(SHAPE[1:], np.uint8), created=EPOCH,
    ) as writer:  # fmt: skip
        for t in range(SHAPE[0]):
            append(writer, data, t)
    assert store.validate(path) == []
    assert writing(path) is Writing.CLOSED
    with store.open_stack(path) as stack, store.open_stack(tmp_path / "whole.h5") as whole:
        for name in ("time_s", "frame_index", "quality", "position_m", "attitude"):
            assert np.array_equal(getattr(stack, name), getattr(whole, name)), name
        assert repr(stack.sensor) == repr(whole.sensor)  # NaN included
        assert stack.notes == []
        assert all(np.array_equal(a.data, b.data) for a, b in zip(stack.frames(), whole.frames(), strict=True))
    with follow_stack(path) as stack:
        assert stack.complete
        assert stack.poll() == SHAPE[0]


def test_the_writer_refuses_what_does_not_fit(tmp_path):
    def make(path=tmp_path / "a.h5", **more):
        return store.LiveStackWriter(path, **{"sensor": SENSOR, "shape": SHAPE[1:], "epoch": EPOCH, **more})

    for more, match in (
        ({"shape": (2, 16)}, "impossible shape"),
        ({"shape": (1, 16, 24)}, "sensor.bands: wrong count"),
        ({"dtype": "i4"}, "impossible type"),
        ({"gain": np.ones((2, 3, 4), np.float32)}, "gain: wrong shape"),
        ({"epoch": "noon"}, "is no instant"),
        ({"sensor": type(SENSOR)(**{**vars(SENSOR), "frame_period_s": np.nan})}, "is no frame period"),
    ):
        with pytest.raises(UsageError, match=match):
            make(**more)
    (tmp_path / "there.h5").write_text("mine")
    with pytest.raises(CannotCreate, match="is there already"), make(tmp_path / "there.h5"):
        pass
    assert (tmp_path / "there.h5").read_text() == "mine"
    with pytest.raises(CannotCreate, match="cannot be created"), make(tmp_path / "no" / "a.h5"):
        pass
    with make(has_pointing=True) as writer:
        with pytest.raises(UsageError, match="frame 0: does not fit the stack"):
            writer.append(np.zeros((2, 3, 4), np.uint16), time_s=0, frame_index=0)
        with pytest.raises(UsageError, match="position_m and attitude are due"):
            writer.append(frames()[0], time_s=0, frame_index=0)
        with pytest.raises(UsageError, match="row_time is due"):
            writer.append(
                frames()[0], time_s=0, frame_index=0, position_m=(1, 0, 0), attitude=(1, 0, 0, 0), row_time=np.zeros(16)
            )
    with pytest.raises(UsageError, match="with block"):
        writer.append(frames()[0], time_s=0, frame_index=0)


def test_the_writer_names_a_full_disk(tmp_path, monkeypatch):
    def full(self):
        raise OSError(28, "No space left")

    with store.LiveStackWriter(tmp_path / "a.h5", sensor=SENSOR, shape=SHAPE[1:], epoch=EPOCH) as writer:
        monkeypatch.setattr(h5py.Dataset, "flush", full)
        with pytest.raises(StorageError, match=r"a\.h5: could not be written \(.*No space left"):
            writer.append(frames()[0], time_s=0, frame_index=0)


def test_frames_of_another_process_appear_whole_and_in_order(tmp_path):
    data = write_stack(tmp_path / "source.h5")
    with Camera(tmp_path / "source.h5", tmp_path / "live.h5") as camera:
        camera.append(0)
        with follow_stack(camera.path) as live:
            assert live.poll() == 0
            assert live.reader is None
            assert "has 0 rows" in live.missing()
            for step in (1, 3):
                camera.append(step)
                assert live.poll() == camera.frames
                assert not live.complete
                for t in range(camera.frames):
                    frame = live.read(t)
                    assert np.array_equal(frame.data, data[t])
                    assert frame.good.all()
                    assert (frame.time_s, frame.frame_index) == (0.5 * t, t + 100)
                    assert frame.attitude.tolist() == [1, 0, 0, 0]
                    assert np.array_equal(live.reader.row_time(t), np.arange(SHAPE[2]) * 1e-3)
            camera.append()
            camera.close()
            assert live.poll() == SHAPE[0]
            assert live.complete
            assert live.reader.notes == []
            assert live.poll() == SHAPE[0]
    with pytest.raises(NotReady, match="no such file"):
        follow_stack(tmp_path / "nowhere.h5")


def test_what_no_chain_may_meet_is_refused_in_a_live_stack_too(tmp_path):
    """The guard walks over it though a writer has it open."""
    (tmp_path / "other.h5").write_bytes(b"")
    path = tmp_path / "live.h5"
    code = f"""
    import h5py, sys
    with h5py.File({str(path)!r}, "w", libver="latest") as file:
        file.create_dataset("stack/frames", (1, 16, 16), "u2", maxshape=(None, 16, 16))
        file["stack/time"] = h5py.ExternalLink("other.h5", "/x")
        file.swmr_mode = True
        print("ready", flush=True)
        sys.stdin.read()
    """
    with writer_process(code) as process:
        os.utime(path, (0, 0))
        with pytest.raises(BadData, match="is a link to another file"):
            follow_stack(path)
        process.communicate()


class writer_process:
    """A process that runs some code until its stdin ends."""

    def __init__(self, code):
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self):
        assert self.process.stdout.readline() == "ready\n"
        return self.process

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


FOREIGN = """
import h5py, numpy as np, sys
with h5py.File({path!r}, "w", libver="latest") as file:
    frames = file.create_dataset("camera/images", (0, 16, 24), "u2", maxshape=(None, 16, 24), chunks=(1, 16, 24))
    file.swmr_mode = True
    for n in range(3):
        frames.resize(n + 1, axis=0)
        frames[n] = n
        frames.flush()
    print("ready", flush=True)
    sys.stdin.readline()
"""


def test_without_times_the_newest_frame_waits_for_the_next(tmp_path):
    path = tmp_path / "foreign.h5"
    with writer_process(FOREIGN.format(path=str(path))) as process:
        with follow_stack(path, dataset="camera/images") as live:
            assert live.poll() == 2
            assert live.reader.sensor.frame_period_s == 1.0
            assert live.read(1).data.max() == 1
            process.communicate("go on\n")
            assert live.poll() == 3
            assert live.read(2).data.max() == 2
            assert live.complete
        with follow_stack(path, dataset="camera/images", frame_period_s=0.25) as live:
            assert live.reader.sensor.frame_period_s == 0.25


OWN = """
import h5py, numpy as np, sys, zlib, time
with h5py.File({path!r}, "w", libver="latest") as file:
    def growing(name, *row, dtype="f8"):
        return file.create_dataset("stack/" + name, (0, *row), dtype, maxshape=(None, *row), chunks=(1, *row),
                                   fillvalue=float("nan") if dtype == "f8" else 0)
    frames, times, crc = growing("frames", 1, 16, 24, dtype="u2"), growing("time"), growing("crc32", 1, dtype="u4")
    {more}
    file.swmr_mode = True
    image = np.arange(16 * 24, dtype="u2").reshape(16, 24)
    def add(*whats):
        for name, dataset, value in (("time", times, 0.5), ("crc", crc, zlib.crc32(image)), ("frames", frames, image)):
            if name in whats:
                dataset.resize(len(dataset) + 1, axis=0)
                if value is not None:
                    dataset[-1] = value
                dataset.flush()
    {then}
"""


def test_a_frame_counts_when_it_has_a_time(tmp_path):
    path = tmp_path / "a.h5"
    then = """add("frames", "crc")
    times.resize(1, axis=0)
    times.flush()
    print("ready", flush=True)
    sys.stdin.readline()"""
    more = 'file.create_group("sensor").attrs["frame_period_s"] = 0.5'
    with writer_process(OWN.format(path=str(path), more=more, then=then)) as process, follow_stack(path) as live:
        assert live.poll() == 0
        assert "/stack/time has 1 rows, of which a finite value" in live.missing() or "rows" in live.missing()
        process.communicate("\n")
        assert live.poll() == 1  # closed: nothing else will come
        assert np.isnan(live.read(0).time_s)


def test_a_frame_whose_bytes_come_late_is_waited_for(tmp_path):
    """A writer that gives the time first: the checksum tells that the frame is not there yet."""
    path = tmp_path / "a.h5"
    then = """add("time", "crc")
    frames.resize(1, axis=0)
    frames.flush()
    print("ready", flush=True)
    sys.stdin.readline()
    time.sleep(0.3)
    frames[0] = image
    frames.flush()
    sys.stdin.readline()"""
    more = 'file.create_group("sensor").attrs["frame_period_s"] = 0.5'
    with writer_process(OWN.format(path=str(path), more=more, then=then)) as process, follow_stack(path) as live:
        assert live.poll() == 1
        process.stdin.write("\n")
        process.stdin.flush()
        frame = live.read(0)
        assert frame.good.all()
        assert frame.data.max() == 16 * 24 - 1
        assert not [note for note in live.reader.notes if "CRC" in note]


def test_a_frame_that_stays_damaged_is_let_go(tmp_path, monkeypatch):
    monkeypatch.setattr(live_module, "SETTLE_S", 0.1)
    path = tmp_path / "a.h5"
    then = """add("time", "crc")
    frames.resize(1, axis=0)
    frames.flush()
    print("ready", flush=True)
    sys.stdin.readline()"""
    more = 'file.create_group("sensor").attrs["frame_period_s"] = 0.5'
    with writer_process(OWN.format(path=str(path), more=more, then=then)), follow_stack(path) as live:
        assert live.poll() == 1
        assert not live.read(0).good.any()
        assert any("CRC-32" in note for note in live.reader.notes)


def test_a_growing_stack_must_say_its_frame_period(tmp_path):
    path = tmp_path / "a.h5"
    then = """add("frames", "crc", "time")
    print("ready", flush=True)
    sys.stdin.readline()"""
    with writer_process(OWN.format(path=str(path), more="", then=then)):
        with follow_stack(path) as live, pytest.raises(BadData, match=r"frame_period_s: is not there.*--frame-period"):
            live.poll()
        with follow_stack(path, frame_period_s=0.5) as live:
            assert live.poll() == 1


def test_what_cannot_be_read_yet_and_what_never_can(tmp_path):
    path = tmp_path / "a.h5"
    path.write_bytes(b"")
    with pytest.raises(NotReady, match="is empty"):
        follow_stack(path)
    path.write_bytes(b"no HDF5 at all")
    with pytest.raises(NotReady, match="is not an HDF5 file"):
        follow_stack(path)
    os.utime(path, (0, 0))
    with pytest.raises(BadData, match="is not an HDF5 file"):
        follow_stack(path)
    write_stack(tmp_path / "whole.h5")
    path.write_bytes((tmp_path / "whole.h5").read_bytes()[:-5000])  # a copy that is on its way
    with pytest.raises(NotReady, match=r"truncated|is damaged|past the end"):
        follow_stack(path)
    os.utime(path, (0, 0))
    with pytest.raises(BadData, match=r"truncated|is damaged|past the end"):
        follow_stack(path)
    with pytest.raises(NoInput, match="Is a directory"):
        follow_stack(tmp_path)


@pytest.mark.parametrize("version", ["earliest", "latest"])
def test_a_writer_without_swmr_is_waited_for(version, tmp_path):
    path = tmp_path / "a.h5"
    code = f"""
    import h5py, sys
    with h5py.File({str(path)!r}, "w", libver={version!r}) as file:
        file.create_dataset("stack/frames", (1, 16, 16), "u2")
        file.flush()
        print("ready", flush=True)
        sys.stdin.read()
    """
    with writer_process(code) as process:
        os.utime(path, (0, 0))
        with pytest.raises(NotReady, match=r"not in SWMR mode|does not write in SWMR mode"):
            follow_stack(path)
        process.communicate()
    with follow_stack(path) as live:
        assert live.complete
