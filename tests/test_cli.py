"""Every command as a user calls it: exit code, what it says, what it leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from boostwatch import cli, store

Captured = pytest.CaptureFixture[str]


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    heavy = "('numba', 'astropy', 'scipy', 'h5py', 'pydantic')"
    loaded = f"print([m for m in {heavy} if m in sys.modules])"
    code = f"import sys; from boostwatch import cli; cli.run(['--help']); {loaded}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in (
        "demo",
        "simulate",
        "import",
        "detect",
        "track",
        "score",
        "info",
        "validate",
        "schema",
        "export",
        "scenes",
        "watch",
    ):
        assert f"\n  {name} " in done.stdout
    assert done.stdout.strip().endswith("[]")


def test_module_runs_like_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "boostwatch", "--version"], capture_output=True, text=True, check=True)
    assert "boostwatch" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["detekt"], 2, "No such command"),
        (["simulate", "a.toml"], 2, "Missing option"),
        (["simulate", "nowhere.toml", "-o", "x.h5"], 66, "nowhere.toml: No such file"),
        (["detect", "nowhere.h5", "-o", "x.h5"], 66, "nowhere.h5"),
        (["detect", "x.h5", "-o", "y.h5", "--false-alarms-per-mpx", "-1"], 2, "-1"),
        (["score", "nowhere.h5", "--truth", "nowhere.h5"], 66, "nowhere.h5"),
        (["info", "nowhere.h5"], 66, "nowhere.h5"),
        (["export", "nowhere.h5", "--to", "shp", "-o", "x"], 2, "shp"),
    ],
)
def test_wrong_calls(arguments: list[str], code: int, message: str, capsys: Captured) -> None:
    assert cli.run(arguments) == code
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[sensor]\nifvo = '30 urad'", "sensor.ifvo: unknown key, did you mean 'ifov'?"),
        (
            "[sensor]\nifov = 30",
            'sensor.ifov: needs a unit; allowed: a string with a unit, such as "30 urad"; found 30',
        ),
        ("[sensor]\nifov = '30 m'", "sensor.ifov: has the wrong unit"),
        ("[[objects]]\nkind = 'launch'\nlatitude = '1 deg'\nlongitude = '2 deg'\nheadin = '3 deg'", "headin"),
        ("frames = 3\nduration = '3 s'", "give one of them"),
        ("frames =", "is not TOML"),
        ("a = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
        ("[[sensor.bands]]\nname = 'A'\nlower = '2 um'\nupper = '3 um'", "sensor.bands[0]: no atmospheric table"),
        ("oversample = 8\n[sensor]\nwidth = 8192\nheight = 8192", "cells; allowed: at most"),
        ("duration = '1e300 s'", "duration makes 2e+300 frames"),
        ("name = 'a\\u0000b'".replace("'", '"'), "name"),
        ("[sensor]\ndark_current = '1e300 e-/s'", "sensor.dark_current"),
    ],
)
def test_a_wrong_scenario_gives_one_line(text: str, message: str, tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "scene.toml"
    path.write_text(text)
    for arguments in (["simulate", str(path), "-o", str(tmp_path / "x.h5")], ["validate", str(path)]):
        assert cli.run(arguments) == 65
        error = capsys.readouterr().err.strip()
        assert message in error
        assert "scene.toml" in error
        assert "\n" not in error
    assert list(tmp_path.iterdir()) == [path]


def test_validate_misses_the_image_of_a_background(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "scene.toml"
    path.write_text("[background]\nkind = 'image'\nfile = 'nowhere.npy'")
    assert cli.run(["validate", str(path)]) == 66
    assert "nowhere.npy" in capsys.readouterr().err


def test_simulate_says_what_it_made(scenario_file: Path, tmp_path: Path, capsys: Captured) -> None:
    assert cli.run(["simulate", str(scenario_file), "-o", str(tmp_path / "a.h5"), "--seed", "9", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["shape"] == [120, 2, 64, 64]
    assert made["seed"] == 9
    assert made["objects"] == ["launch"]


def test_simulate_into_a_missing_directory(scenario_file: Path, tmp_path: Path, capsys: Captured) -> None:
    assert cli.run(["simulate", str(scenario_file), "-o", str(tmp_path / "no" / "a.h5")]) == 73
    assert "a.h5" in capsys.readouterr().err


def test_detect_shows_events_with_units(stack_file: Path, tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "e.h5"
    assert cli.run(["detect", str(stack_file), "-o", str(out), "--jobs", "1"]) == 0
    shown = capsys.readouterr().out
    assert "launch" in shown
    assert "W/sr" in shown
    assert "km" in shown
    assert store.read_events(out).provenance["frames_read"] == 120


def test_detect_json_holds_no_nan(stack_file: Path, tmp_path: Path, capsys: Captured) -> None:
    assert cli.run(["detect", str(stack_file), "-o", str(tmp_path / "e.h5"), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [e["kind"] for e in result["events"]].count("launch") == 1


def test_threads_do_not_change_the_result(stack_file: Path, tmp_path: Path) -> None:
    for jobs in ("1", "2"):
        assert cli.run(["detect", str(stack_file), "-o", str(tmp_path / f"{jobs}.h5"), "--jobs", jobs]) == 0
    one, two = (store.read_events(tmp_path / f"{jobs}.h5") for jobs in ("1", "2"))
    for name in ("detections", "tracks", "track_points", "events", "registration"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes(), name


def test_settings_file_reaches_the_chain(stack_file: Path, tmp_path: Path, capsys: Captured) -> None:
    settings = tmp_path / "chain.toml"
    settings.write_text("[detect]\nfalse_alarms_per_mpx = 3.0\n[track]\nmax_speed = '2 px/s'\n")
    out = tmp_path / "e.h5"
    assert cli.run(["detect", str(stack_file), "-o", str(out), "--settings", str(settings)]) == 0
    assert "false_alarms_per_mpx = 3.0" in str(store.read_events(out).provenance["settings"])
    for text, place in (("[detect]\npsf_sigma = '-1 px'", "psf_sigma"), ("[track]\nmax_gap = '1e9 s'", "max_gap")):
        settings.write_text(text)
        assert cli.run(["detect", str(stack_file), "-o", str(out), "--settings", str(settings)]) == 65
        assert place in capsys.readouterr().err
    settings.write_text("[detect]\nfalse_alarms = 3.0\n")
    assert cli.run(["detect", str(stack_file), "-o", str(out), "--settings", str(settings)]) == 65
    assert "did you mean 'false_alarms_per_mpx'" in capsys.readouterr().err


def test_track_on_a_detection_list(events_file: Path, tmp_path: Path, capsys: Captured) -> None:
    rows = store.read_events(events_file).detections
    table = tmp_path / "detections.csv"
    names = ["frame", "time_s", "x", "y", "sigma_x", "sigma_y", "snr"]
    np.savetxt(table, np.column_stack([rows[n] for n in names]), delimiter=",", header=",".join(names), comments="",
               fmt=["%d"] + ["%.9g"] * 6)  # fmt: skip
    assert cli.run(["track", str(table), "-o", str(tmp_path / "e.h5")]) == 0
    assert "detections" in capsys.readouterr().out
    tables = store.read_events(tmp_path / "e.h5")
    assert len(tables.tracks) >= 1
    assert np.all(np.isnan(tables.events["latitude_deg"]))


def test_track_passes_over_a_long_gap(tmp_path: Path, capsys: Captured) -> None:
    table = tmp_path / "detections.csv"
    lines = [f"{f},{10 + 0.5 * (f % 100)},20,0.1,0.1,30" for f in (*range(30), *range(2_000_000_000, 2_000_000_030))]
    table.write_text("\n".join(["frame,x,y,sigma_x,sigma_y,snr", *lines]))
    assert cli.run(["track", str(table), "-o", str(tmp_path / "e.h5")]) == 0
    assert "passed over" not in capsys.readouterr().err  # nothing was left to follow
    tables = store.read_events(tmp_path / "e.h5")
    assert len(tables.tracks) == 2  # the gap joins nothing
    assert tables.provenance["frames_read"] == 2_000_000_030


@pytest.mark.parametrize("value", ["inf", "-inf", "1e300", "1e30"])
def test_track_refuses_numbers_without_measure(value: str, tmp_path: Path, capsys: Captured) -> None:
    table = tmp_path / "detections.csv"
    for row in (f"0,1,1,{value}", f"0,{value},1,5"):
        table.write_text(f"frame,x,y,snr\n{row}\n")
        assert cli.run(["track", str(table), "-o", str(tmp_path / "e.h5")]) == 65
        assert "is not allowed" in capsys.readouterr().err


def test_output_that_knows_only_ascii(events_file: Path, stack_file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "boostwatch", "score", str(events_file), "--truth", str(stack_file)],
        env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, check=True,
    )  # fmt: skip
    assert b"Launches" in done.stdout


def test_track_refuses_a_senseless_band(tmp_path: Path, capsys: Captured) -> None:
    table = tmp_path / "detections.csv"
    table.write_text("frame,x,y,band\n0,1,1,30000\n")
    assert cli.run(["track", str(table), "-o", str(tmp_path / "e.h5")]) == 65
    assert "from 0 to 63" in capsys.readouterr().err


def test_track_refuses_an_empty_list(tmp_path: Path, capsys: Captured) -> None:
    table = tmp_path / "detections.csv"
    table.write_text("frame,x,y\n")
    assert cli.run(["track", str(table), "-o", str(tmp_path / "e.h5")]) == 65
    assert "holds no detections" in capsys.readouterr().err


def test_no_command_writes_over_its_input(
    scenario_file: Path, stack_file: Path, events_file: Path, tmp_path: Path, capsys: Captured
) -> None:
    files = {}
    for given in (scenario_file, stack_file, events_file):
        files[given] = tmp_path / given.name
        files[given].write_bytes(given.read_bytes())
    settings = tmp_path / "settings.toml"
    settings.write_text("")
    scene, stack, events = (str(f) for f in files.values())
    alias = tmp_path / "alias"
    alias.symlink_to(stack)
    for arguments in (
        ["simulate", scene, "-o", scene],
        ["detect", stack, "-o", stack],
        ["detect", stack, "-o", str(alias)],
        ["detect", stack, "-o", str(settings), "--settings", str(settings)],
        ["track", events, "-o", events],
        ["export", events, "--to", "csv", "-o", events],
    ):
        assert cli.run(arguments) == 2
        assert "is an input and the output" in capsys.readouterr().err
    for given, copy in files.items():
        assert copy.read_bytes() == given.read_bytes()


def test_a_place_that_cannot_be_written_is_told_before_the_work(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "in.h5").write_text("looked at only after the output")
    for command in (["detect"], ["track"], ["simulate"], ["export", "--to", "csv"]):
        for out in (tmp_path, tmp_path / "nowhere" / "x"):
            assert cli.run([*command, str(tmp_path / "in.h5"), "-o", str(out)]) == 73
            assert str(out) in capsys.readouterr().err
        assert cli.run([*command, str(tmp_path / "in.h5"), "-o", ""]) == 2
        assert "no name" in capsys.readouterr().err


def test_too_small_frames_are_named(tmp_path: Path, capsys: Captured) -> None:
    np.save(tmp_path / "a.npy", np.zeros((4, 8, 8), np.uint16))
    assert cli.run(["import", str(tmp_path / "a.npy"), "-o", str(tmp_path / "s.h5")]) == 0
    assert cli.run(["detect", str(tmp_path / "s.h5"), "-o", str(tmp_path / "e.h5")]) == 65
    error = capsys.readouterr().err
    assert "s.h5" in error
    assert "16 px" in error


def test_a_name_that_is_not_utf8(stack_file: Path, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/sp ace \xff.h5"))
    try:
        odd.write_bytes(stack_file.read_bytes())
    except OSError:
        pytest.skip("the file system takes no such name")
    assert cli.run(["detect", str(odd), "-o", f"{odd}.ev"]) == 0
    assert store.read_events(f"{odd}.ev").provenance["input"] == "sp ace \\xff.h5"


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_end_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    scene, out = tmp_path / "scene.toml", tmp_path / "x.h5"
    scene.write_text("frames = 100000\n[sensor]\nwidth = 32\nheight = 32\n[line_of_sight]\ndrift = '0 px/s'\n")
    out.write_text("old")
    arguments = ["simulate", str(scene), "-o", str(out)]
    # A shell's background job ignores SIGINT and its children inherit that.
    heed = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    run = f"import signal, sys; {heed}; sys.argv[1:] = {arguments!r}; from boostwatch.cli import main; main()"
    process = subprocess.Popen([sys.executable, "-c", run], stderr=subprocess.PIPE, text=True)
    part = tmp_path / "x.h5.part"
    for _ in range(600):
        if part.exists() and part.stat().st_size > 0:
            break
        time.sleep(0.1)
    process.send_signal(number)
    assert process.communicate(timeout=60)[1].endswith("boostwatch: interrupted\n")
    assert process.returncode == 130
    assert out.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["scene.toml", "x.h5"]


def test_schema_of_scenario_and_settings(capsys: Captured) -> None:
    for arguments, key in (([], "objects"), (["scenario"], "objects"), (["settings"], "detect")):
        assert cli.run(["schema", *arguments]) == 0
        assert key in json.loads(capsys.readouterr().out)["properties"]


def test_score(events_file: Path, stack_file: Path, capsys: Captured) -> None:
    assert cli.run(["score", str(events_file), "--truth", str(stack_file)]) == 0
    assert "W/sr" in capsys.readouterr().out
    assert cli.run(["score", str(events_file), "--truth", str(stack_file), "--json"]) == 0
    launch = json.loads(capsys.readouterr().out)["launches"][0]
    assert launch["declared"]
    assert launch["inside_ellipse"]


def test_score_holds_figures_to_thresholds(events_file: Path, stack_file: Path, capsys: Captured) -> None:
    ask = ["score", str(events_file), "--truth", str(stack_file)]
    assert cli.run([*ask, "--fail-below", "launches_declared=1", "--fail-above", "false_launches=0"]) == 0
    capsys.readouterr()
    assert cli.run([*ask, "--json", "--fail-below", "purity=1.5", "--fail-above", "gospa_px=1e9"]) == 1
    seen = capsys.readouterr()
    json.loads(seen.out)
    assert "missed: purity is" in seen.err
    assert "gospa" not in seen.err
    for option, wrong in (("--fail-below", "purity"), ("--fail-below", "gospa_px=1"), ("--fail-above", "ospa_px=nan")):
        assert cli.run([*ask, option, wrong]) == 2
        assert "METRIC=VALUE with METRIC one of" in capsys.readouterr().err


def test_score_against_another_stack(events_file: Path, scenario_file: Path, tmp_path: Path, capsys: Captured) -> None:
    other = tmp_path / "other.h5"
    assert cli.run(["simulate", str(scenario_file), "-o", str(other), "--seed", "77"]) == 0
    assert cli.run(["score", str(events_file), "--truth", str(other)]) == 2
    assert "from another stack" in capsys.readouterr().err


def test_score_without_truth_is_a_usage_error(events_file: Path, tmp_path: Path, capsys: Captured) -> None:
    np.save(tmp_path / "a.npy", np.zeros((4, 20, 20), np.uint16))
    assert cli.run(["import", str(tmp_path / "a.npy"), "-o", str(tmp_path / "s.h5")]) == 0
    assert cli.run(["score", str(events_file), "--truth", str(tmp_path / "s.h5")]) == 2
    assert "no truth" in capsys.readouterr().err


def test_import_then_single_frame_detection(tmp_path: Path, capsys: Captured) -> None:
    rng = np.random.default_rng(2)
    frame = rng.normal(1000, 10, (1, 96, 96))
    frame[0, 40, 50] += 2000
    np.save(tmp_path / "still.npy", frame.astype(np.uint16))
    stack = tmp_path / "still.h5"
    assert cli.run(["import", str(tmp_path / "still.npy"), "-o", str(stack), "--json"]) == 0
    json.loads(capsys.readouterr().out)
    assert cli.run(["detect", str(stack), "-o", str(tmp_path / "e.h5"), "--mode", "single"]) == 0
    found = store.read_events(tmp_path / "e.h5").detections
    best = found[np.argmax(found["snr"])]
    assert np.hypot(best["x"] - 50, best["y"] - 40) < 0.5


def test_info_and_validate(stack_file: Path, events_file: Path, tmp_path: Path, capsys: Captured) -> None:
    for file in (stack_file, events_file):
        assert cli.run(["info", str(file)]) == 0
        assert cli.run(["info", str(file), "--json"]) == 0
        assert cli.run(["validate", str(file)]) == 0
    assert "sound" in capsys.readouterr().out
    broken = tmp_path / "broken.h5"
    data = bytearray(stack_file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    broken.write_bytes(data)
    assert cli.run(["validate", str(broken), "--json"]) == 65
    assert json.loads(capsys.readouterr().out)["problems"]


def test_schema_is_json_schema(capsys: Captured) -> None:
    assert cli.run(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert "sensor" in schema["properties"]


@pytest.mark.parametrize("to", ["csv", "czml", "ecsv", "geojson", "kml"])
def test_export(events_file: Path, to: str, tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / f"events.{to}"
    assert cli.run(["export", str(events_file), "--to", to, "-o", str(out)]) == 0
    assert "launch" in out.read_text()


def test_export_offers_what_the_store_can_write(capsys: Captured) -> None:
    from boostwatch.store.export import FORMATS

    assert cli.run(["export", "--help"]) == 0
    assert f"[{'|'.join(sorted([*FORMATS, 'gif', 'mp4', 'png']))}]" in capsys.readouterr().out


def test_parquet_without_pyarrow(
    events_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    out = tmp_path / "events.parquet"
    assert cli.run(["export", str(events_file), "--to", "parquet", "-o", str(out)]) == 2
    assert "pip install 'boostwatch[parquet]'" in capsys.readouterr().err
    assert list(tmp_path.glob("events.parquet*")) == []


def test_interrupt_is_130(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "describe", stop, raising=False)
    assert cli.run(["info", "x"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_a_bug_is_70_and_an_io_error_74(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def fail(error: Exception) -> None:
        def call(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(store, "describe", call, raising=False)

    fail(RuntimeError("odd"))
    assert cli.run(["info", "x"]) == 70
    assert "internal: RuntimeError: odd" in capsys.readouterr().err
    fail(OSError(28, "No space left on device"))
    assert cli.run(["info", "x"]) == 74
    monkeypatch.setenv("BOOSTWATCH_DEBUG", "1")
    fail(RuntimeError("odd"))
    with pytest.raises(RuntimeError, match="odd"):
        cli.run(["info", "x"])


def test_a_reader_that_goes_away_is_no_error(events_file: Path) -> None:
    command = f"{sys.executable} -m boostwatch info {events_file} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert done.stdout.strip() == "0"
    assert "Traceback" not in done.stderr
