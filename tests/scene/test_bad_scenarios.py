"""Scenarios that make no sense: one clear line an error, the right exit code, nothing written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boostwatch import cli
from boostwatch.settings import MAX_LINES

from .bad_scenarios import BAD, FILES, SMALL

Captured = pytest.CaptureFixture[str]

OLD = b"what was there before"


def refused(path: Path, capsys: Captured, code: int = 65) -> list[str]:
    """Run a bad scenario; return the lines that simulate and validate both say, and find nothing changed."""
    out = path.with_name("out.h5")
    out.write_bytes(OLD)
    before = sorted(p.name for p in path.parent.iterdir())
    told = []
    for arguments in (["validate", str(path)], ["simulate", str(path), "-o", str(out), "--jobs", "1"]):
        assert cli.run(arguments) == code
        shown = capsys.readouterr()
        assert shown.out == ""
        told.append(shown.err)
    assert told[0] == told[1]
    assert out.read_bytes() == OLD
    assert sorted(p.name for p in path.parent.iterdir()) == before
    lines = told[0].splitlines()
    for line in lines:
        assert line.startswith("boostwatch: error: ")
        assert line.isprintable()
        assert len(line) < 800
        assert "Traceback" not in line
        assert "internal" not in line
    return lines


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD.keys())
def test_one_clear_line_and_nothing_written(text: str, message: str, tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "s.toml"
    path.write_text(text)
    (line,) = refused(path, capsys)
    assert line.startswith(f"boostwatch: error: {path}: ")
    assert message in line


def test_every_error_has_its_line_up_to_a_number(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "s.toml"
    path.write_text("fraems = 3\n[sensor]\nwidth = 3\nifov = '3 m'\n")
    assert len(refused(path, capsys)) == 3
    path.write_text("objects = [" + '{kind = "fire"}, ' * 100 + "]")
    lines = refused(path, capsys)
    assert len(lines) == MAX_LINES + 1
    assert lines[-1].endswith("and 180 more errors")


@pytest.mark.parametrize("data", [b"frames = 3 # \xff", "frames = 3".encode("utf-16"), bytes(range(256))])
def test_bytes_that_are_no_text(data: bytes, tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(data)
    (line,) = refused(path, capsys)
    assert "s.toml: is not UTF-8 text (byte" in line


@pytest.mark.parametrize(("where", "name", "content", "code", "message"), FILES.values(), ids=FILES.keys())
def test_files_that_a_scenario_names(
    where: str, name: str, content: object, code: int, message: str, tmp_path: Path, capsys: Captured
) -> None:
    kind = "table" if where == "platform" else "image"
    path = tmp_path / "s.toml"
    path.write_text(f'{SMALL}[{where}]\nkind = "{kind}"\nfile = "{name}"\n')
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    elif isinstance(content, np.ndarray):
        np.save(tmp_path / name, content)
    (line,) = refused(path, capsys, code)
    assert message in line


def test_a_scenario_that_is_not_there_or_is_a_directory(tmp_path: Path, capsys: Captured) -> None:
    for path, message in ((tmp_path / "gone.toml", "No such file"), (tmp_path / "d.toml", "Is a directory")):
        if path.name == "d.toml":
            path.mkdir()
        (line,) = refused(path, capsys, 66)
        assert line.startswith(f"boostwatch: error: {path}: {message}")
