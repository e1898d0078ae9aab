"""Outputs are whole or not there, whatever happens to the disk or the process."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from boostwatch.errors import CannotCreate, NoInput, StorageError
from boostwatch.store import (
    StackWriter,
    atomic,
    make_directory,
    open_stack,
    read_events,
    sha256,
    write_bytes,
    write_events,
)
from boostwatch.store.atomic import PartFile
from tests.store.helpers import EPOCH, SENSOR, SHAPE, event_tables, frames, run_python, write_stack

WRITE_UNDER_LIMIT = """
    import resource
    from boostwatch.errors import StorageError
    from boostwatch.store import write_events
    from tests.store.helpers import event_tables, write_stack
    limit = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        write_events(sys.argv[1], event_tables(300)) if sys.argv[3] == "events" else write_stack(sys.argv[1])
    except StorageError as error:
        print(error)
        sys.exit(error.exit_code)
"""


@pytest.mark.parametrize(
    ("limit", "what"), [(0, "stack"), (700, "stack"), (9000, "stack"), (20_000, "stack"), (29_500, "stack"),
                        (3000, "events")],
)  # fmt: skip
def test_a_full_disk_ends_in_74_without_a_crash(tmp_path, limit, what):
    path = tmp_path / "out.h5"
    path.write_bytes(b"old")
    done = run_python(WRITE_UNDER_LIMIT, path, limit, what)
    assert (done.returncode, done.stderr) == (74, "")
    assert "out.h5: could not be written (File too large); what was there before is untouched" in done.stdout
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.h5"]


def test_a_real_small_disk(tmp_path):
    """A tmpfs of 256 KiB; frames of 64 KiB, so that HDF5 is in the middle of its work when the disk is full."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("may not mount a small file system here")
    try:
        code = """
            from boostwatch.errors import StorageError
            from tests.store.helpers import write_stack
            try:
                write_stack(sys.argv[1], shape=(40, 2, 128, 256))
            except StorageError as error:
                print(error)
                sys.exit(error.exit_code)
        """
        done = run_python(code, place / "out.h5")
        assert (done.returncode, done.stderr) == (74, "")
        assert "No space left on device" in done.stdout
        assert list(place.iterdir()) == []
    finally:
        subprocess.run(["umount", str(place)], check=True)


def failing_write(after):
    """``os.write`` that finds the disk full after so many bytes, and writes the last piece only in part."""
    left = after
    write = os.write

    def fail(fd, data):
        nonlocal left
        if left <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = write(fd, data[: min(len(data), left)])
        left -= done
        return done

    return fail


@pytest.mark.parametrize("after", [0, 1, 5000, 12_345, 20_000, 30_000])
def test_hdf5_never_learns_of_a_full_disk(tmp_path, monkeypatch, after):
    (tmp_path / "a.h5").write_bytes(b"old")
    monkeypatch.setattr(atomic.os, "write", failing_write(after))
    with pytest.raises(StorageError, match="No space left on device"):
        write_stack(tmp_path / "a.h5")
    monkeypatch.undo()
    assert (tmp_path / "a.h5").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.h5"]
    write_stack(tmp_path / "a.h5")  # and the library still works in this process


@pytest.mark.parametrize("call", ["fsync", "replace", "ftruncate"])
def test_failures_at_the_end(tmp_path, monkeypatch, call):
    def fail(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    (tmp_path / "a.h5").write_bytes(b"old")
    monkeypatch.setattr(atomic.os, call, fail)
    with pytest.raises(StorageError, match="Input/output error"):
        write_stack(tmp_path / "a.h5")
    monkeypatch.undo()
    assert (tmp_path / "a.h5").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.h5"]


def test_what_could_not_be_written_can_be_read_back(tmp_path, monkeypatch):
    with contextlib.suppress(StorageError), PartFile(tmp_path / "a") as part:
        part.write(b"0123456789")
        monkeypatch.setattr(atomic.os, "write", failing_write(4))
        part.seek(8)
        part.write(b"abcdefgh")  # four bytes reach the disk
        part.write(b"ijkl")
        monkeypatch.undo()
        part.seek(0)
        assert part.read(24) == b"01234567abcdefghijkl" + bytes(4)
        assert part.seek(-4, os.SEEK_END) == 16
        assert part.tell() == 16
        assert part.truncate() == 16
        part.flush()
        with pytest.raises(StorageError):
            part.check()
    assert os.listdir(tmp_path) == []


def test_read_failure_is_remembered(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def attempt():
        with PartFile(tmp_path / "a") as part:
            part.write(b"0123")
            part.seek(0)
            monkeypatch.setattr(atomic.os, "read", fail)
            assert part.read(4) == bytes(4)

    with pytest.raises(StorageError, match="Input/output error"):
        attempt()


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt()])
def test_an_exception_leaves_what_was_there(tmp_path, error):
    write_stack(tmp_path / "a.h5")
    before = (tmp_path / "a.h5").read_bytes()

    def attempt():
        with StackWriter(tmp_path / "a.h5", sensor=SENSOR, shape=SHAPE, epoch=EPOCH) as writer:
            writer.append(frames()[0], time_s=0, frame_index=0)
            assert (tmp_path / "a.h5.part").exists()
            raise error

    with pytest.raises(type(error)):
        attempt()
    assert (tmp_path / "a.h5").read_bytes() == before
    assert os.listdir(tmp_path) == ["a.h5"]


@pytest.mark.parametrize("signal", ["INT", "KILL"])
def test_killed_in_the_middle(tmp_path, signal):
    path = tmp_path / "a.h5"
    write_stack(path)
    before = path.read_bytes()
    code = """
        import os, signal, time
        from boostwatch.store import StackWriter
        from tests.store.helpers import EPOCH, SENSOR, SHAPE, frames
        with StackWriter(sys.argv[1], sensor=SENSOR, shape=SHAPE, epoch=EPOCH) as writer:
            writer.append(frames()[0], time_s=0, frame_index=0)
            os.kill(os.getpid(), getattr(signal, "SIG" + sys.argv[2]))
            time.sleep(30)
    """
    done = run_python(code, path, signal)
    assert done.returncode != 0
    assert path.read_bytes() == before
    assert (tmp_path / "a.h5.part").exists() == (signal == "KILL")
    write_stack(path, seed=2)  # what a killed run left behind is in nobody's way
    with open_stack(path) as stack:
        np.testing.assert_array_equal(stack.read(0).data, frames(seed=2)[0])
    assert os.listdir(tmp_path) == ["a.h5"]


def test_two_writers_of_one_file(tmp_path):
    with PartFile(tmp_path / "a") as part:
        part.write_all(b"first")
        with pytest.raises(CannotCreate, match="is being written by another process"):
            write_bytes(tmp_path / "a", b"second")
        part.check()
    assert (tmp_path / "a").read_bytes() == b"first"


def test_no_locks_no_matter(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(atomic.fcntl, "flock", fail)
    write_bytes(tmp_path / "a", b"x")
    monkeypatch.setattr(atomic, "fcntl", None)
    write_bytes(tmp_path / "b", b"y")
    assert (tmp_path / "a").read_bytes() + (tmp_path / "b").read_bytes() == b"xy"


def test_directories_that_cannot_be_synced(tmp_path, monkeypatch):
    fsync, seen = os.fsync, []

    def fail(fd):
        seen.append(fd)
        if len(seen) % 2 == 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        fsync(fd)

    monkeypatch.setattr(atomic.os, "fsync", fail)
    write_bytes(tmp_path / "a", b"x")
    atomic.sync_directory(str(tmp_path / "nowhere"))
    assert len(seen) == 2


def test_places_where_nothing_can_be_created(tmp_path, monkeypatch):
    with pytest.raises(CannotCreate, match=r"nowhere/a\.h5: cannot be created: No such file or directory"):
        write_events(tmp_path / "nowhere" / "a.h5", event_tables())
    with pytest.raises(CannotCreate, match="is there and is not an ordinary file"):
        write_stack(tmp_path)
    with pytest.raises(CannotCreate, match="is there and is not an ordinary file"):
        write_stack("/dev/full")
    (tmp_path / "a.h5.part").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CannotCreate, match=r"a\.h5: cannot be created"):
        write_stack(tmp_path / "a.h5")
    assert not (tmp_path / "elsewhere").exists()


def test_an_unwritable_directory(tmp_path):
    place = tmp_path
    if os.geteuid() == 0:  # whom permissions do not stop; the kernel's own file system does
        place = Path("/sys/kernel")
    else:
        tmp_path.chmod(0o500)
    if not place.is_dir():
        pytest.skip("no directory here that cannot be written")
    with pytest.raises(CannotCreate, match="a: cannot be created"):
        write_bytes(place / "a", b"x")


def test_a_part_file_that_was_renamed_meanwhile(tmp_path, monkeypatch):
    """Between opening ``a.part`` and locking it, its writer finishes: the finished file must not be truncated."""
    (tmp_path / "a.part").write_bytes(b"finished")
    flock, calls = atomic.fcntl.flock, []

    def rename_first(fd, how):
        calls.append(fd)
        if len(calls) == 1:
            os.replace(tmp_path / "a.part", tmp_path / "a")
        elif len(calls) == 2:
            (tmp_path / "a.part").unlink()
            (tmp_path / "a.part").write_bytes(b"another")
        flock(fd, how)

    monkeypatch.setattr(atomic.fcntl, "flock", rename_first)
    with PartFile(tmp_path / "a") as part:
        assert (tmp_path / "a").read_bytes() == b"finished"
        part.write_all(b"new")
    assert len(calls) == 3
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "a.h5").symlink_to(tmp_path / "real" / "b.h5")
    write_events(tmp_path / "a.h5", event_tables())
    assert (tmp_path / "a.h5").is_symlink()
    assert read_events(tmp_path / "real" / "b.h5").epoch == EPOCH


def test_make_directory(tmp_path, monkeypatch):
    make_directory(tmp_path / "a" / "b")
    make_directory(tmp_path / "a" / "b")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CannotCreate, match="file: cannot be created: File exists"):
        make_directory(tmp_path / "file")

    def fail(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic.os, "makedirs", fail)
    with pytest.raises(StorageError, match="No space left"):
        make_directory(tmp_path / "c")


def test_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a").startswith("ba7816bf8f01cfea")
    with pytest.raises(NoInput, match="cannot be read: No such file"):
        sha256(tmp_path / "b")


@pytest.mark.slow
def test_memory_does_not_grow_with_frames(tmp_path):
    """Write and read 500 and 10 000 frames; peak memory may differ by what each frame's time and place take."""
    code = """
        import resource
        import numpy as np
        from boostwatch.sensor import Band, Sensor
        from boostwatch.store import StackWriter, open_stack
        count = int(sys.argv[2])
        shape = (count, 1, 64, 64)
        sensor = Sensor("s", 1e-5, 0, 0, 1, 0.5, (Band("b"),))
        data = np.zeros(shape[1:], np.uint16)
        with StackWriter(sys.argv[1], sensor=sensor, shape=shape, epoch="2026-01-01", has_pointing=True) as writer:
            for t in range(count):
                writer.append(data, time_s=t, frame_index=t, position_m=(1, 2, 3), attitude=(1, 0, 0, 0))
        with open_stack(sys.argv[1]) as stack:
            for frame in stack.frames():
                assert frame.good.all()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    """
    start = time.monotonic()
    few, many = (int(run_python(code, tmp_path / f"{n}.h5", n).stdout) for n in (500, 10_000))
    assert many < 1.15 * few
    assert time.monotonic() - start < 60
