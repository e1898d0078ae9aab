"""What commands print: launches first, no word cut, what was supposed on stderr."""

from __future__ import annotations

import json
from pathlib import Path

import numba
import numpy as np
import pytest

from boostwatch import cli, store, terminal
from boostwatch.records import DETECTION, EVENT, REGISTRATION, TRACK, TRACK_POINT, EventTables, empty

Captured = pytest.CaptureFixture[str]
HEADS = ("figure", "what it is")


def tables(launches: int, others: int) -> EventTables:
    """A run with events alone, the launches last."""
    events = empty(EVENT, launches + others)
    events["event_id"] = events["track_id"] = np.arange(len(events))
    events["kind"], events["p_launch"], events["probability"] = b"fire", np.linspace(0, 0.5, len(events)), 0.6
    events["declared_time_s"] = np.arange(len(events))
    if launches:
        events["kind"][-launches:] = b"launch"
        events["peak_intensity_w_sr"][-launches:], events["peak_intensity_sigma_w_sr"][-launches:] = 1e4, 2e3
    none = (empty(d, 0) for d in (DETECTION, TRACK, TRACK_POINT))
    told = {"frames_read": 9, "frames_flagged": "8 warming_up", "notes": "one; another"}
    return EventTables("2026-01-01T00:00:00Z", *none, events, empty(REGISTRATION, 0), told)


def test_launches_come_first_and_few_others(capsys: Captured) -> None:
    terminal.show_events(tables(1, 70), Path("e.h5"), as_json=False)
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert lines[0].strip() == "Launches"
    assert "10.0 ± 2.0" in shown.out
    assert "e+" not in shown.out
    assert shown.out.count("│ fire") == terminal.MOST_OTHERS
    assert "and 60 more" in shown.out
    assert "e.h5: 1 launch, 70 other events; 0 tracks, 0 detections; frames flagged: 8 warming up" in lines
    assert "latitude" not in shown.out  # known of none
    assert shown.err.splitlines() == ["boostwatch: note: one", "boostwatch: note: another"]


def test_no_events_is_one_line(capsys: Captured) -> None:
    terminal.show_events(tables(0, 0), Path("e.h5"), as_json=False)
    assert capsys.readouterr().out == "e.h5: 0 events; 0 tracks, 0 detections; frames flagged: 8 warming up\n"


@pytest.mark.parametrize("width", [30, 40, 80])
def test_no_word_is_cut(width: int, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    monkeypatch.setattr(terminal, "console", lambda: Console(width=width, markup=False))
    terminal.print_rows("Figures", HEADS, [("completeness", "of [all] samples")], "A note.")
    shown = capsys.readouterr().out
    for word in ("completeness", "of", "[all]", "samples", "note."):
        assert word in shown
    assert "…" not in shown


def test_import_says_what_it_supposed(tmp_path: Path, capsys: Captured) -> None:
    np.save(tmp_path / "a.npy", np.zeros((3, 20, 20), np.uint16))
    out = tmp_path / "s.h5"
    assert cli.run(["import", str(tmp_path / "a.npy"), "-o", str(out)]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith(f"{out}: 3 frames, 1 band, 20 x 20 px")
    assert "a frame each 1 s supposed" in shown.err
    assert "2000-01-01T00:00:00Z supposed" in shown.err
    told = ["--frame-period", "0.5", "--epoch", "2026-01-01T00:00:00Z"]
    assert cli.run(["import", str(tmp_path / "a.npy"), "-o", str(out), *told, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["stack"] == str(out)
    assert len(made["supposed"]) == 1  # of the sensor
    assert "gain" in made["supposed"][0]
    assert cli.run(["info", str(out)]) == 0
    said = capsys.readouterr().out
    assert "pointing: no\n" in said
    assert "ifov_rad: not known\n" in said
    assert "None" not in said


def test_compilation_is_told_once_and_only_if_it_is_one(capsys: Captured) -> None:
    with terminal.telling_compilation():
        first = numba.njit(lambda x: x + 1)
        second = numba.njit(lambda x: x + 2)
        assert first(1) + second(1) == 5
    assert capsys.readouterr().err.count("compiling kernels") == 1
    with terminal.telling_compilation():
        assert first(1) == 2
    assert capsys.readouterr().err == ""


def test_signals_without_gain_are_in_dn(tmp_path: Path, capsys: Captured) -> None:
    rng = np.random.default_rng(2)
    frames = rng.normal(1000, 10, (1, 96, 96))
    frames[0, 40, 50] += 2000
    np.save(tmp_path / "a.npy", frames.astype(np.uint16))
    stack, events, again = (str(tmp_path / name) for name in ("s.h5", "e.h5", "t.h5"))
    assert cli.run(["import", str(tmp_path / "a.npy"), "-o", stack]) == 0
    assert cli.run(["detect", stack, "-o", events, "--mode", "single"]) == 0
    assert cli.run(["track", events, "-o", again]) == 0
    for file in (events, again):
        found = store.read_events(file)
        assert found.signal_unit == "DN"
        assert found.units("detections")["held_e"] == "DN"
        assert found.units("detections")["snr"] == "1"
