"""What is refused before a byte of data is read."""

from __future__ import annotations

import os
import struct
import sys
import time

import h5py
import numpy as np
import pytest

from boostwatch.errors import BadData, NoInput
from boostwatch.store import guard, open_stack, read_events
from tests.store.helpers import event_tables, write_stack


def make(path, fill):
    with h5py.File(path, "w") as file:
        fill(file)
    return path


def external_link(file):
    file["stack/frames"] = h5py.ExternalLink("/etc/passwd", "/x")


def external_storage(file):
    file.create_dataset("a/b", (100,), "u1", external=[("/etc/passwd", 0, 100)])


def virtual(file):
    layout = h5py.VirtualLayout((4, 9, 9), "u2")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4, 9, 9))
    file.create_virtual_dataset("frames", layout)


def expansion(file):
    file.create_dataset("frames", (1000, 1024, 1024), "u1", chunks=(1, 1024, 1024), compression="gzip", fillvalue=0)


def packed_zeros(file):
    cube = file.create_dataset("frames", (100, 1024, 1024), "u1", chunks=(1, 1024, 1024), compression="gzip")
    cube[...] = 0


def large_chunks(file):
    file.create_dataset("frames", (10, 9, 9), "u1", chunks=(10_000, 10_000, 9), maxshape=(None, None, None))


def large_attribute(file):
    file.create_group("a").attrs["text"] = np.zeros(guard.MAX_ATTRIBUTE_BYTES + 1, "u1")


def odd_filter(file):
    file.create_dataset("frames", (10, 9, 9), "i4", chunks=(1, 9, 9), scaleoffset=4)


def many_objects(file):
    for i in range(51):
        file.create_group(str(i))


@pytest.mark.parametrize(
    ("fill", "match"),
    [
        (external_link, "/stack/frames: is a link to another file; .*passwd"),
        (external_storage, "/a/b: keeps its values in other files; .*passwd"),
        (virtual, "/frames: is a virtual dataset"),
        (expansion, "/frames: claims far more than the 0 bytes stored; found '1048576000 bytes'"),
        (packed_zeros, r"/frames: claims far more than the \d+ bytes stored; found '104857600 bytes'"),
        (large_chunks, "/frames: has too large chunks; found '900000000 bytes'; allowed: at most 67108864"),
        (large_attribute, "/a@text: is too large; found '16777217 bytes'"),
        (odd_filter, "/frames: needs an unknown filter; found '6'"),
        (many_objects, "more than 50 objects"),
    ],
)
def test_refused(tmp_path, quick_guard, monkeypatch, fill, match):
    monkeypatch.setattr(guard, "MAX_OBJECTS", 50)
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        fill(file)
    with pytest.raises(BadData, match=match):
        guard.check(tmp_path / "a.h5")
    for read in (open_stack, read_events):
        with pytest.raises(BadData, match=r"a\.h5: /"):
            read(tmp_path / "a.h5")


def test_refused_by_the_child_too(tmp_path, distrust):
    with pytest.raises(BadData, match="is a link to another file"):
        open_stack(make(tmp_path / "a.h5", external_link))


def test_two_faults_are_counted(tmp_path, quick_guard):
    def fill(file):
        external_link(file)
        virtual(file)

    with pytest.raises(BadData, match=r"\(and 1 more\)"):
        guard.check(make(tmp_path / "a.h5", fill))


def test_cycles_end(tmp_path, quick_guard):
    def fill(file):
        group = file.create_group("a/b/c")
        group["up"] = file["a"]  # a hard link back
        file["self"] = h5py.SoftLink("/self")
        file["stack/frames"] = h5py.SoftLink("/stack/frames")
        file["type"] = np.dtype("f8")
        file["reference"] = np.array([group.ref], h5py.ref_dtype)
        file.attrs["reference"] = group.ref
        file.create_dataset("nothing", data=h5py.Empty("f4"))

    path = make(tmp_path / "a.h5", fill)
    guard.check(path)
    with pytest.raises(BadData, match="too many links"):
        open_stack(path)


def test_names_that_are_no_text(tmp_path, quick_guard):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        h5py.h5g.create(file.id, b"\xff\xfe")
    guard.check(tmp_path / "a.h5")


@pytest.mark.parametrize("content", [b"", b"frame,x,y\n", b"\x89HDF", b"SIMPLE  ="])
def test_not_hdf5(tmp_path, content):
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(BadData, match="is not an HDF5 file; allowed: a file with the HDF5 signature"):
        guard.check(tmp_path / "a.h5")


def test_no_file_and_no_ordinary_file(tmp_path):
    with pytest.raises(NoInput, match="cannot be read: No such file"):
        guard.check(tmp_path / "a.h5")
    with pytest.raises(NoInput, match="cannot be read: Is a directory"):
        guard.check(tmp_path)
    with pytest.raises(NoInput, match="is not an ordinary file"):
        guard.check("/dev/zero")
    assert not guard.is_hdf5(tmp_path / "a.h5")


@pytest.mark.parametrize("share", [0.05, 0.5, 0.99])
def test_cut_short(tmp_path, quick_guard, share):
    write_stack(tmp_path / "a.h5")
    os.truncate(tmp_path / "a.h5", int(share * os.path.getsize(tmp_path / "a.h5")))
    with pytest.raises(BadData, match="is damaged"):
        guard.check(tmp_path / "a.h5")


def test_a_user_block_is_stepped_over(tmp_path, quick_guard):
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=1024) as file:
        file["frames"] = np.zeros((3, 9, 9), np.uint16)
    with open_stack(tmp_path / "a.h5") as stack:
        assert stack.shape == (3, 1, 9, 9)


def test_claims_past_the_end(tmp_path, quick_guard, monkeypatch):
    path = make(tmp_path / "a.h5", lambda file: file.create_dataset("a", data=np.zeros(4000)))
    walk = guard._Walk(str(path))
    walk.size = 100
    text = "\n".join(problem.line() for problem in walk.run())
    assert "/a: claims more bytes than the file has; found 32000; allowed: at most 100" in text
    assert "/a: lies past the end of the file" in text
    assert "/: the datasets claim more bytes than the file has" in text


def test_two_names_of_one_address(tmp_path, quick_guard):
    """Contiguous data of two datasets at one place: together they claim more than is there."""
    value = np.arange(40_000.0)

    def fill(file):
        file.create_dataset("a", data=value)
        file.create_dataset("b", data=value)

    path = make(tmp_path / "a.h5", fill)
    with h5py.File(path) as file:
        first, second = file["a"].id.get_offset(), file["b"].id.get_offset()
    raw = path.read_bytes()
    address = struct.pack("<Q", second)
    assert raw.count(address) == 1
    cut = raw[: max(first, second)].replace(address, struct.pack("<Q", first))
    path.write_bytes(cut)
    with pytest.raises(BadData):
        guard.check(path)


def test_a_child_that_hangs_or_dies(tmp_path, distrust, monkeypatch):
    write_stack(tmp_path / "a.h5")
    distrust()
    with pytest.raises(BadData, match=r"the HDF5 library hangs on it; found 'no answer in 0\.001 s'"):
        guard.check(tmp_path / "a.h5", time_limit_s=0.001)
    (tmp_path / "dies").write_text("#!/bin/sh\nkill -ABRT $$\n")
    (tmp_path / "dies").chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "dies"))
    with pytest.raises(BadData, match="the HDF5 library fails on it; found 'exit status -6'"):
        guard.check(tmp_path / "a.h5")


def test_a_second_look_is_free_until_the_file_changes(tmp_path, distrust, monkeypatch):
    write_stack(tmp_path / "a.h5")
    distrust()
    start = time.perf_counter()
    guard.check(tmp_path / "a.h5")
    assert time.perf_counter() - start < 5  # 0.15 to 0.3 s on an idle core
    walked = []
    monkeypatch.setattr(guard, "_walk_in_child", lambda path, limit, swmr: walked.append(path) or [])
    guard.check(tmp_path / "a.h5")
    assert walked == []
    os.utime(tmp_path / "a.h5", (0, 0))
    guard.check(tmp_path / "a.h5")
    assert len(walked) == 1


def test_what_this_process_wrote_is_not_walked(tmp_path, distrust, monkeypatch):
    from boostwatch.store import write_events

    monkeypatch.setattr(guard, "_walk_in_child", lambda path, limit, swmr: pytest.fail("walked"))
    write_stack(tmp_path / "a.h5")
    open_stack(tmp_path / "a.h5").close()
    write_events(tmp_path / "b.h5", event_tables())
    read_events(tmp_path / "b.h5")


def test_the_child_brings_nothing_in_from_where_it_stands(tmp_path, distrust, monkeypatch):
    (tmp_path / "h5py.py").write_text("raise SystemExit(9)")
    write_stack(tmp_path / "a.h5")
    distrust()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    guard.check("a.h5")


def test_main_prints_json(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(guard, "_limit_child", lambda: None)
    monkeypatch.delenv("HDF5_PLUGIN_PRELOAD", raising=False)
    guard.main(str(make(tmp_path / "a.h5", external_link)))
    assert "is a link to another file" in capsys.readouterr().out
    monkeypatch.setenv("HDF5_PLUGIN_PRELOAD", "")


def test_the_child_limits_itself(monkeypatch):
    import resource

    asked = []
    monkeypatch.setattr(resource, "setrlimit", lambda what, value: asked.append((what, value)))
    guard._limit_child()
    assert resource.RLIMIT_CORE in dict(asked)
    assert dict(asked)[resource.RLIMIT_AS][0] <= guard.MEMORY_LIMIT_BYTES
    monkeypatch.setitem(sys.modules, "resource", None)
    guard._limit_child()
