"""Functions of the face: the command line's own results, whatever form the input has."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import boostwatch
from boostwatch import cli, store
from boostwatch.errors import BadData, NoInput, UsageError
from boostwatch.face.tables import columns_in
from boostwatch.pipeline import Simulation
from boostwatch.records import EventTables, empty
from boostwatch.settings import ChainSettings

TABLES = ("detections", "tracks", "track_points", "events", "registration")


def same(a: EventTables, b: EventTables) -> bool:
    return all(getattr(a, name).tobytes() == getattr(b, name).tobytes() for name in TABLES) and a.epoch == b.epoch


@pytest.fixture(scope="module")
def run(scenario_file: Path) -> Simulation:
    return boostwatch.simulate(scenario_file, jobs=2)


@pytest.fixture(scope="module")
def by_command(events_file: Path) -> EventTables:
    return store.read_events(events_file)


@pytest.fixture(scope="module")
def found(run: Simulation) -> boostwatch.Events:
    return boostwatch.detect(run)


def test_frames_in_memory_give_what_the_command_gives(found: boostwatch.Events, by_command: EventTables) -> None:
    assert same(found.tables, by_command)
    assert found.tables.provenance["settings"] == by_command.provenance["settings"]
    assert len(found.launches) == 1


def test_an_open_stack_and_a_path_do_too(stack_file: Path, by_command: EventTables, tmp_path: Path) -> None:
    out = tmp_path / "a.h5"
    with boostwatch.open_stack(stack_file) as stack:
        events = boostwatch.detect(stack, jobs=1, output=out)
        assert stack[0].shape == (2, 64, 64)  # still open
    assert same(events.tables, by_command)
    assert events.provenance["input_sha256"] == by_command.provenance["input_sha256"]
    assert same(boostwatch.open_events(out).tables, by_command)


def test_an_array_gives_what_its_file_gives(run: Simulation, tmp_path: Path) -> None:
    band = run.frames[:40, 0]
    np.save(tmp_path / "a.npy", band)
    stack, out = tmp_path / "a.stack.h5", tmp_path / "a.h5"
    assert cli.run(["import", str(tmp_path / "a.npy"), "-o", str(stack), "--frame-period", "0.5"]) == 0
    assert cli.run(["detect", str(stack), "-o", str(out)]) == 0
    events = boostwatch.detect(band, frame_period_s=0.5)
    assert same(events.tables, store.read_events(out))
    assert not any(np.isfinite(events.tables.events["latitude_deg"]))
    with h5py.File(stack) as file:  # anything that can be sliced
        assert same(boostwatch.detect(file["stack/frames"], frame_period_s=0.5).tables, events.tables)


def test_an_array_with_all_figures_is_the_stack(run: Simulation, by_command: EventTables) -> None:
    bad = boostwatch.Stack.from_simulation(run).source.bad_pixels
    events = boostwatch.detect(
        run.frames, sensor=run.sensor, time_s=run.time_s, epoch=run.epoch, position_m=run.position_m,
        attitude=run.attitude, bad_pixels=bad,
    )  # fmt: skip
    (mine,), (theirs,) = events.tables.events, by_command.events
    assert mine["kind"] == theirs["kind"] == b"launch"
    for name in ("latitude_deg", "longitude_deg"):  # what is not told is the noise of the attitude
        assert mine[name] == pytest.approx(theirs[name], abs=0.02)


def test_masked_pixels_are_no_measurement(run: Simulation) -> None:
    data = np.ma.MaskedArray(run.frames[:20, :1], mask=False)
    data[:, :, 5:9, 5:9] = np.ma.masked
    found = boostwatch.detect(data, frame_period_s=0.5).tables.detections
    assert not np.any((abs(found["x"] - 6.5) < 2) & (abs(found["y"] - 6.5) < 2))
    frame = boostwatch.Stack.from_array(data)[3, 0]
    assert frame.dtype == np.float32
    assert np.isnan(frame[5:9, 5:9]).all()
    assert np.isfinite(frame[0]).all()


def test_settings_come_in_many_forms(run: Simulation, tmp_path: Path) -> None:
    path = tmp_path / "chain.toml"
    path.write_text("[detect]\nfalse_alarms_per_mpx = 100.0\n")
    few = run.frames[:15, 0]
    given: list[dict[str, Any]] = [
        {"settings": path}, {"settings": {"detect": {"false_alarms_per_mpx": 100.0}}}, {"false_alarms_per_mpx": 100.0},
        {"settings": boostwatch.ChainSettings.model_validate({"detect": {"false_alarms_per_mpx": 100.0}})},
    ]  # fmt: skip
    results = [boostwatch.detect(few, **one) for one in given]
    assert len({one.tables.provenance["settings"] for one in results}) == 1
    assert "false_alarms_per_mpx = 100.0" in str(results[0].provenance["settings"])
    assert all(same(one.tables, results[0].tables) for one in results)
    for more, text in [
        ({"mode": "both"}, r"settings: detect\.mode"), ({"false_alarms_per_mpx": -1}, "false_alarms_per_mpx"),
        ({"settings": {"detct": {}}}, "detct"), ({"false_tracks_per_hour": float("nan")}, "false_tracks_per_hour"),
    ]:  # fmt: skip
        with pytest.raises(BadData, match=text):
            boostwatch.detect(few, **more)
    assert isinstance(boostwatch.ChainSettings(), ChainSettings)


def test_detections_come_in_many_forms(
    found: boostwatch.Events, run: Simulation, stack_file: Path, events_file: Path, tmp_path: Path
) -> None:
    pd = pytest.importorskip("pandas")
    csv, out = tmp_path / "a.csv", tmp_path / "a.h5"
    frame = found.to_pandas("detections")
    pd.DataFrame(found.tables.detections).to_csv(csv, index=False)
    assert cli.run(["track", str(csv), "-o", str(out), "--stack", str(stack_file)]) == 0
    by_command = store.read_events(out)
    rows, nullable = found.tables.detections, frame.convert_dtypes()
    given = store.read_detections(csv).rows
    for one in (frame, rows, {name: rows[name] for name in rows.dtype.names}, found.detections, nullable):
        columns, _ = columns_in(one, None)
        assert store.take_detections(columns).rows.tobytes() == given.tobytes()
    assert same(boostwatch.track(found.detections, stack=run).tables, by_command)
    assert cli.run(["track", str(events_file), "-o", str(out), "--stack", str(stack_file)]) == 0
    with boostwatch.open_stack(stack_file) as stack:
        assert same(boostwatch.track(found, stack=stack).tables, store.read_events(out))


def test_bad_detections_are_named() -> None:
    table = {"frame": np.arange(3), "x": [1.0, np.nan, 2.0], "y": np.zeros(3)}
    with pytest.raises(BadData, match=r"detections: detections\.x\[1\]: is not allowed; found nan"):
        boostwatch.track(table)
    with pytest.raises(BadData, match="column y is missing"):
        boostwatch.track({"frame": np.arange(3), "x": np.zeros(3)})
    with pytest.raises(BadData, match="equal lengths"):
        boostwatch.track({"frame": np.arange(3), "x": np.zeros(3), "y": np.zeros(2)})
    with pytest.raises(BadData, match="pickled objects"):
        boostwatch.track(np.zeros(3, [("frame", "i4"), ("x", "O"), ("y", "f8")]))
    with pytest.raises(UsageError, match="is no detection list; found 'int'"):
        boostwatch.track(3)
    with pytest.raises(UsageError, match="the stack tells frame period"):
        boostwatch.track({"frame": [0], "x": [1.0], "y": [1.0]}, stack=np_stack(), epoch="2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"frame_period_s": 0}, "frame_period_s: is not allowed; found 0"),
        ({"frame_period_s": np.nan}, "frame_period_s: is not allowed; found nan"),
        ({"frame_period_s": "1 s"}, "frame_period_s: is not allowed; found '1 s'"),
        ({"epoch": 5}, "epoch: is no instant; found 5"),
        ({"shape": 64}, "shape: is not allowed; found 64"),
        ({"shape": (64,)}, r"shape: is not allowed; found \(64,\)"),
        ({"shape": (np.nan, 64)}, r"shape: is not allowed; found \(nan, 64\)"),
        ({"shape": (-64, 64)}, r"shape: is not allowed; found \(-64, 64\)"),
    ],
)
def test_what_is_said_of_a_list_must_make_sense(said: dict[str, Any], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        boostwatch.track({"frame": [0], "x": [1.0], "y": [1.0]}, **said)


@pytest.mark.parametrize("path", [None, 5, b"a.h5", [], "a\0.h5"])
def test_what_is_no_path_is_named(path: Any, events_file: Path, tmp_path: Path) -> None:
    calls: list[Callable[[], object]] = [
        lambda: boostwatch.open_stack(path),
        lambda: boostwatch.open_events(path),
        lambda: boostwatch.score(path, events_file),
        lambda: boostwatch.report(path, tmp_path / "a.html"),
        lambda: boostwatch.report(events_file, path),
        lambda: boostwatch.export(path, "csv", tmp_path / "a.csv"),
        lambda: boostwatch.export(events_file, "csv", path),
    ]
    for call in calls:
        with pytest.raises(UsageError, match="is no path; "):
            call()


def np_stack() -> boostwatch.Stack:
    return boostwatch.Stack.from_array(np.zeros((4, 16, 16), np.uint16), frame_period_s=1.0)


def test_a_score_is_the_commands(
    found: boostwatch.Events, run: Simulation, events_file: Path, stack_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    assert cli.run(["score", str(events_file), "--truth", str(stack_file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    score = boostwatch.score(found, run)
    assert json.loads(json.dumps(score.as_dict())).items() <= told.items()
    assert boostwatch.score(events_file, stack_file).as_dict() == score.as_dict()
    assert repr(score).startswith("<Score: 1 of 1 launches declared, 0 false launches")
    assert list(score.to_pandas()["name"]) == ["L1"]
    assert set(score.to_pandas("metrics")["metric"]) == set(score.metrics())
    assert "<table>" in score._repr_html_()
    with pytest.raises(UsageError, match="is no table of a score; found 'x'"):
        score.to_pandas("x")
    with pytest.raises(UsageError, match="carries no truth"):
        boostwatch.score(found, np_stack())
    part = boostwatch.simulate(run.scenario, frames=range(5), jobs=1)
    with pytest.raises(UsageError, match="came from another stack; found 5; allowed: the 120 frames"):
        boostwatch.score(found, part)


def test_report_and_export(events_file: Path, tmp_path: Path, found: boostwatch.Events) -> None:
    assert boostwatch.report(events_file, tmp_path / "r.html").events == 1
    boostwatch.export(found, "csv", tmp_path / "a.csv")
    boostwatch.export(events_file, "csv", tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    found.save(tmp_path / "a.h5")
    assert store.validate(tmp_path / "a.h5") == []


def test_an_input_is_never_the_output(stack_file: Path, events_file: Path) -> None:
    with boostwatch.open_stack(stack_file) as stack, pytest.raises(UsageError, match="is an input and the output"):
        boostwatch.detect(stack, output=stack_file)
    with pytest.raises(UsageError, match="is an input and the output"):
        boostwatch.track(events_file, output=events_file)
    with pytest.raises(UsageError, match="is an input and the output"):
        boostwatch.export(events_file, "csv", events_file)
    assert store.validate(stack_file) == []


@pytest.mark.parametrize(
    ("frames", "more", "text"),
    [
        (np.zeros((4, 4)), {}, r"frames: cannot be frames; found \(\(4, 4\), 'float64'\)"),
        (np.zeros((4, 8, 8), complex), {}, "cannot be frames"),
        (np.zeros((0, 8, 8)), {}, "cannot be frames"),
        ([["a"]], {}, "cannot be frames"),
        (np.zeros((4, 8, 8)), {"time_s": [1.0]}, r"time_s: does not fit the frames; found \(1,\)"),
        (np.zeros((4, 8, 8)), {"frame_period_s": 0.0}, "frame_period_s: is not allowed; found 0.0"),
        (np.zeros((4, 8, 8)), {"epoch": "noon"}, "epoch: is no instant; found 'noon'"),
        (np.zeros((4, 8, 8)), {"psf_sigma_px": [1.0, 2.0]}, "psf_sigma_px: is not allowed"),
        (np.zeros((4, 8, 8)), {"bands": ["a", "b"]}, "bands: does not fit"),
        (np.zeros((4, 8, 8)), {"attitude": [1.0, 0, 0, 0]}, "go together"),
        (np.zeros((4, 8, 8)), {"bad_pixels": np.zeros((3, 3))}, "bad_pixels: does not fit"),
        (np.zeros((4, 8, 8)), {"dataset": "/a"}, "dataset: names a place in a file"),
        (np.zeros((4, 8, 8)), {"jobs": 0}, "jobs: is not allowed; found 0"),
        (np.zeros((4, 8, 8)), {"jobs": "2"}, "jobs: is not allowed; found '2'"),
        (np.zeros((4, 8, 8)), {"output": 5}, "output: is no path; found 5"),
        (np.zeros((4, 8, 8)), {"settings": 5}, "settings: is no path; found 5"),
        (np.zeros((4, 8, 8)), {"frame_period_s": "1 s"}, "frame_period_s: is not allowed; found '1 s'"),
        (np.zeros((4, 8, 8)), {"psf_sigma_px": "a"}, "psf_sigma_px: is not allowed; found 'a'"),
        (np.zeros((4, 8, 8)), {"time_s": "a"}, "time_s: is not allowed; found 'a'"),
        (np.zeros((4, 8, 8)), {"bands": 5}, "bands: does not fit the frames; found 5"),
        (np.zeros((4, 8, 8)), {"sensor": 5}, "sensor: is not allowed; found 5"),
    ],
)
def test_what_does_not_fit_an_array_is_named(frames: Any, more: dict[str, Any], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        boostwatch.detect(frames, **more)


def test_figures_of_an_array_are_no_options_of_a_file(stack_file: Path, run: Simulation) -> None:
    with pytest.raises(UsageError, match="epoch: is told by the frames"):
        boostwatch.detect(stack_file, epoch="2026-01-01T00:00:00Z")
    with pytest.raises(UsageError, match="ifov_rad: is told by the sensor"):
        boostwatch.detect(run.frames, sensor=run.sensor, ifov_rad=1e-5)
    with pytest.raises(UsageError, match="sensor: has other bands; found 2; allowed: 1"):
        boostwatch.detect(run.frames[:, 0], sensor=run.sensor)
    with pytest.raises(NoInput, match=r"nowhere\.h5"):
        boostwatch.open_stack("nowhere.h5")
    with pytest.raises(NoInput, match=r"nowhere\.h5"):
        boostwatch.open_events("nowhere.h5")


def test_progress_is_shown_only_where_asked(capsys: pytest.CaptureFixture[str]) -> None:
    frames = np.random.default_rng(1).normal(100, 5, (6, 32, 32))
    boostwatch.detect(frames)
    assert capsys.readouterr() == ("", "")
    boostwatch.detect(frames, progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.endswith("detecting 6 of 6\n")
    heard: list[tuple[str, int, int]] = []
    boostwatch.detect(frames, progress=lambda *step: heard.append(step))
    assert heard == [("detecting", k, 6) for k in range(1, 7)]


def in_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_importing_the_package_stays_quick() -> None:
    code = (
        "import sys, boostwatch; print([m for m in ('numba', 'astropy', 'h5py', 'scipy', 'numpy') if m in sys.modules])"
    )
    assert in_python(code).stdout == "[]\n"


def test_the_functions_stay_functions_whatever_was_imported_before() -> None:
    code = (
        "import boostwatch.detect, boostwatch.track.follow, boostwatch\n"
        "from boostwatch.detect import make_detector\nfrom boostwatch.track import Follower\n"
        "from boostwatch import detect, track\nimport inspect, pickle\n"
        "assert boostwatch.detect is detect and inspect.isfunction(detect) and inspect.isfunction(track)\n"
        "assert pickle.loads(pickle.dumps(boostwatch.detect)) is detect\n"
    )
    done = in_python(code)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("xarray", lambda events: np_stack().to_xarray()),
        ("xarray", lambda events: events.to_xarray()),
        ("pandas", lambda events: events.to_pandas()),
        ("pandas", lambda events: boostwatch.Score(gospa={}).to_pandas()),
    ],
)
def test_a_missing_library_is_named(
    package: str, call: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch, by_command: EventTables
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        UsageError, match=rf"needs the package {package}; allowed: .*pip install 'boostwatch\[notebook\]'"
    ):
        call(boostwatch.Events(by_command))


def test_an_empty_run_is_shown_too(by_command: EventTables) -> None:
    none = EventTables(by_command.epoch, *(empty(getattr(by_command, name).dtype, 0) for name in TABLES))
    events = boostwatch.Events(none)
    assert len(events.events) == len(events.detections) == len(events.launches) == 0
    assert "0 events" in events._repr_html_()
    with pytest.raises(UsageError, match="track_id: is not there; found 1; allowed: none: there are no tracks"):
        events.track(1)
    with pytest.raises(BadData, match="holds no detections"):
        boostwatch.track(events)
