"""Detection lists of others: one clear line and nothing written, or the right answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from boostwatch import cli, store

from .bad_detections import BAD_FILES, BAD_TEXT, GOOD_FILES, GOOD_TEXT

Captured = pytest.CaptureFixture[str]
Writer = Callable[[Path], None]

OLD = b"what was there before"


def refused(path: Path, capsys: Captured, *options: str, code: int = 65) -> str:
    """Track a bad list; return the line that is said, and find nothing changed."""
    out = path.with_name("out.h5")
    out.write_bytes(OLD)
    before = sorted(p.name for p in path.parent.iterdir())
    assert cli.run(["track", str(path), "-o", str(out), *options]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert out.read_bytes() == OLD
    assert sorted(p.name for p in path.parent.iterdir()) == before
    (line,) = shown.err.splitlines()
    assert line.startswith("boostwatch: error: ")
    assert line.isprintable()
    assert len(line) < 500
    assert "internal" not in line
    return line


@pytest.mark.parametrize(("text", "message"), BAD_TEXT.values(), ids=BAD_TEXT.keys())
def test_one_clear_line_for_text(text: str, message: str, tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8", newline="")
    line = refused(path, capsys)
    assert line.startswith(f"boostwatch: error: {path}: ")
    assert message in line


@pytest.mark.filterwarnings("ignore::pandas.errors.PerformanceWarning")
@pytest.mark.usefixtures("quick_guard")
@pytest.mark.parametrize(("name", "write", "message"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_one_clear_line_for_files(name: str, write: Writer, message: str, tmp_path: Path, capsys: Captured) -> None:
    write(tmp_path / name)
    line = refused(tmp_path / name, capsys)
    assert line.startswith(f"boostwatch: error: {tmp_path / name}: ")
    assert message in line


@pytest.mark.parametrize(("text", "count", "note"), GOOD_TEXT.values(), ids=GOOD_TEXT.keys())
def test_good_text(text: str, count: int, note: str, tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8", newline="")
    assert cli.run(["track", str(path), "-o", str(tmp_path / "e.h5")]) == 0
    assert note in capsys.readouterr().err
    assert len(store.read_events(tmp_path / "e.h5").detections) == count
    assert store.validate(tmp_path / "e.h5") == []


@pytest.mark.filterwarnings("ignore::pandas.errors.PerformanceWarning")
@pytest.mark.usefixtures("quick_guard")
@pytest.mark.parametrize(("name", "write"), GOOD_FILES.values(), ids=GOOD_FILES.keys())
def test_good_files(name: str, write: Writer, tmp_path: Path) -> None:
    write(tmp_path / name)
    assert cli.run(["track", str(tmp_path / name), "-o", str(tmp_path / "e.h5")]) == 0
    assert store.read_events(tmp_path / "e.h5").detections["frame"].tolist() == [0, 1, 2, 3, 4]


def test_pandas_keeps_its_guard(tmp_path: Path) -> None:
    """The walk over an untrusted file takes the empty attributes that pandas writes."""
    name, write = GOOD_FILES["pandas' HDF5"]
    write(tmp_path / name)
    assert len(store.read_detections(tmp_path / name).rows) == 5
