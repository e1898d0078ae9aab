"""The decorator and its cache: named by the sources, and no fault in it ever costs a run."""

import os
import pickle
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from boostwatch_kernels import _jit

PROGRAM = """
import numpy as np
from boostwatch_kernels import _jit
from boostwatch_kernels.raycast import ray_ellipsoid
out = np.empty((1, 3))
ray_ellipsoid(np.array([[4e7, 0., 0.]]), np.array([[-1., 0., 0.]]), 6378137.0, 6356752.3, out)
stats = getattr(ray_ellipsoid, "stats", None)
hits = sum(stats.cache_hits.values()) if stats else 0
print(out[0, 0], hits, _jit.cache_directory())
"""


def run(place: Path | str, **more: str) -> tuple[float, int, str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("NUMBA_DISABLE_JIT", "NUMBA_CACHE_DIR")}
    environment |= {"BOOSTWATCH_CACHE_DIR": str(place), **more}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    value, hits, directory = done.stdout.split()
    return float(value), int(hits), directory


def files(place: Path, suffix: str) -> list[Path]:
    return sorted(place.rglob(f"*{suffix}"))


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    place = tmp_path_factory.mktemp("cache")
    run(place)
    return place


def test_the_second_run_compiles_nothing(warm):
    assert run(warm)[:2] == (6378137.0, 1)


def test_directory_is_named_by_the_sources(warm):
    assert run(warm)[2] == str(warm / "kernels" / _jit.source_hash())


def test_any_changed_source_changes_the_name(tmp_path, monkeypatch):
    for name in ("_jit.py", "raycast.py"):
        (tmp_path / name).write_bytes((Path(_jit.__file__).parent / name).read_bytes())
    monkeypatch.setattr(_jit, "__file__", str(tmp_path / "_jit.py"))
    before = _jit.source_hash()
    assert before == _jit.source_hash()
    (tmp_path / "raycast.py").write_bytes((tmp_path / "raycast.py").read_bytes() + b"\n# changed\n")
    changed = _jit.source_hash()
    (tmp_path / "raycast.py").rename(tmp_path / "other.py")
    assert len({before, changed, _jit.source_hash()}) == 3


def flip_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 3, 2 * len(data) // 3, 97):
        data[at] ^= 0x10
    path.write_bytes(bytes(data))


def flip_bit(place: float):
    def damage(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[int(place * len(data))] ^= 0x20
        path.write_bytes(bytes(data))

    return damage


FAULTS = {
    "empty": lambda p: p.write_bytes(b""),
    "truncated": lambda p: p.write_bytes(p.read_bytes()[: len(p.read_bytes()) // 2]),
    "one byte short": lambda p: p.write_bytes(p.read_bytes()[:-1]),
    "text": lambda p: p.write_bytes(b"this is not a cache\n" * 9),
    "zeros": lambda p: p.write_bytes(bytes(len(p.read_bytes()))),
    "bits flipped": flip_middle,
    "other pickle": lambda p: p.write_bytes(b"\x80\x04N."),
    "a directory": lambda p: (p.unlink(), p.mkdir()),
    "missing": lambda p: p.unlink(),
    "unreadable": lambda p: p.chmod(0),
}


LOOP = """
import importlib, pathlib, sys
import numpy as np
from boostwatch_kernels import _jit, raycast
for place in sys.argv[1:]:
    _jit._DIRECTORY = pathlib.Path(place)
    kernel = importlib.reload(raycast).ray_ellipsoid
    out = np.empty((1, 3))
    kernel(np.array([[4e7, 0., 0.]]), np.array([[-1., 0., 0.]]), 6378137.0, 6356752.3, out)
    print(out[0, 0], flush=True)
"""


def test_a_damaged_entry_costs_a_compilation_at_most(tmp_path, warm):
    places = []
    # One wrong bit in machine code loads without complaint: without the checksum some of these kill the process.
    bits = {f"bit at {i / 16}": flip_bit(i / 16 + 0.004) for i in range(16)}
    for fault, damage in (FAULTS | bits).items():
        for suffix in (".nbc",) if fault in bits else (".nbi", ".nbc"):
            place = tmp_path / f"{fault}{suffix}"
            shutil.copytree(warm / "kernels" / _jit.source_hash(), place)
            damaged = files(place, suffix)
            assert damaged
            for path in damaged:
                damage(path)
            places.append(str(place))
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_DISABLE_JIT"}
    command = [sys.executable, "-c", LOOP, *places]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    reached = done.stdout.split()
    assert done.returncode == 0, f"stopped at {places[len(reached)]}: {done.stderr}"
    assert reached == ["6378137.0"] * len(places)


def test_a_damaged_entry_is_replaced(tmp_path):
    run(tmp_path)
    for path in files(tmp_path, ".nbc"):
        flip_middle(path)
    assert run(tmp_path)[1] == 0
    assert run(tmp_path)[1] == 1


def test_a_place_that_cannot_be_made_falls_back(tmp_path):
    (tmp_path / "file").write_text("in the way")
    spare = tmp_path / "spare"
    spare.mkdir()
    value, _, directory = run(tmp_path / "file" / "below", TMPDIR=str(spare))
    assert value == 6378137.0
    assert directory.startswith(str(spare))


def test_a_spare_place_that_others_may_write_is_not_used(tmp_path):
    spare = tmp_path / f"boostwatch-{os.getuid()}"
    spare.mkdir()
    spare.chmod(0o777)
    (tmp_path / "file").write_text("in the way")
    value, _, directory = run(tmp_path / "file" / "below", TMPDIR=str(tmp_path))
    assert (value, directory) == (6378137.0, "None")


def test_a_spare_place_is_private(tmp_path, monkeypatch):
    monkeypatch.setattr(_jit.tempfile, "gettempdir", lambda: str(tmp_path))
    place = _jit._spare_place()
    assert stat.S_IMODE(Path(place).stat().st_mode) == 0o700
    assert _jit._spare_place() == place
    Path(place).rmdir()
    Path(place).write_text("in the way")
    assert _jit._spare_place() is None


def test_no_place_at_all_is_no_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(_jit, "_spare_place", lambda: None)
    monkeypatch.setenv("BOOSTWATCH_CACHE_DIR", "/dev/null/x")
    assert _jit.cache_directory() is None


def test_without_jit_the_kernels_are_plain_python(tmp_path):
    value, hits, _ = run(tmp_path, NUMBA_DISABLE_JIT="1")
    assert (value, hits) == (6378137.0, 0)


def test_ieee_arithmetic():
    @_jit.jit
    def count_nan(values):
        count = 0
        for v in values:
            if v != v:
                count += 1
        return count

    @_jit.jit
    def divide(a, b):
        return a / b

    values = np.array([1.0, np.nan, np.inf, np.nan])
    assert count_nan(values) == 2
    with np.errstate(divide="ignore"):
        assert divide(np.float64(1.0), np.float64(0.0)) == np.inf


class Shelf:
    """What numba's cache file does, on a dictionary of files."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def _dump(self, entry):
        return pickle.dumps(entry)

    def _data_path(self, name):
        return str(self.place / name)


class Cache:
    """A numba cache whose faults can be ordered."""

    def __init__(self, place: Path, fault: Exception | None = None) -> None:
        self.cache_path, self._cache_file, self.fault, self.saved = str(place), Shelf(place), fault, []

    def load_overload(self, sig, target_context):
        if self.fault:
            raise self.fault
        return sig, target_context

    def save_overload(self, sig, data):
        if self.fault:
            raise self.fault
        self.saved.append((sig, data))


def test_an_entry_carries_its_checksum(tmp_path):
    shelf = Shelf(tmp_path)
    _jit._checked(shelf)
    (tmp_path / "entry").write_bytes(shelf._dump({"code": b"\x90" * 100}))
    assert shelf._load_data("entry") == {"code": b"\x90" * 100}
    flip_bit(0.5)(tmp_path / "entry")
    with pytest.raises(ValueError, match="entry is damaged"):
        shelf._load_data("entry")


def test_faults_of_the_cache_stay_in_it(tmp_path):
    place = tmp_path / "entries"
    good = _jit._TolerantCache(Cache(place))
    assert good.load_overload("sig", "target") == ("sig", "target")
    good.save_overload("sig", 1)
    assert good.saved == [("sig", 1)]
    assert place.is_dir()
    (place / "entry").write_bytes(b"damaged")
    bad = _jit._TolerantCache(Cache(place, RuntimeError("anything")))
    assert bad.load_overload("sig", "target") is None
    assert not place.exists()
    bad.save_overload("sig", 1)
