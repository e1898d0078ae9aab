"""`boostwatch watch` as a user, or a script, meets it: lines on stdout, exit codes, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
import pytest

from boostwatch import cli, pipeline, store
from tests.live import Camera
from tests.test_watch import same

Captured = pytest.CaptureFixture[str]


@contextmanager
def watching(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run the command in a process that heeds SIGINT, as one started from a terminal does."""
    heed = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    given = ["watch", *map(str, arguments)]
    run = f"import signal, sys; {heed}; sys.argv[1:] = {given!r}; from boostwatch.cli import main; main()"
    process = subprocess.Popen([sys.executable, "-c", run], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(what: Callable[[], bool]) -> None:
    for _ in range(2000):
        if what():
            return
        time.sleep(0.01)
    pytest.fail("did not come about in 20 s")


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_killed_interrupted_and_gone_on(stack_file: Path, events_file: Path, tmp_path: Path) -> None:
    out, state = tmp_path / "e.h5", tmp_path / "state.json"
    options = ("-o", out, "--state", state, "--timeout", "20", "--jobs", "1")
    with Camera(stack_file, tmp_path / "live.h5") as camera:
        camera.append(60)
        with watching(camera.path, *options) as process:
            assert process.stdout is not None
            first = json.loads(process.stdout.readline())
            assert (first["type"], first["sequence"], first["kind"]) == ("declared", 1, "launch")
            wait_for(lambda: state.exists() and json.loads(state.read_text())["progress"]["lines"] == 1)
            process.send_signal(signal.SIGKILL)
            assert process.wait(20) == -signal.SIGKILL
        assert not out.exists()
        camera.append(20)
        before = state.stat().st_mtime_ns
        with watching(camera.path, *options) as process:
            wait_for(lambda: state.stat().st_mtime_ns != before)  # it has caught up
            process.send_signal(signal.SIGTERM)
            said, error = process.communicate(timeout=20)
            assert process.returncode == 130
            assert error.endswith("boostwatch: interrupted\n")
        lines = [json.loads(line) for line in said.splitlines()]
        assert [line["sequence"] for line in lines if "sequence" in line] == list(range(2, len(lines) + 1))
        assert (lines[-1]["type"], lines[-1]["reason"]) == ("end", "interrupted")
        part = store.read_events(out)
        assert len(part.registration) == lines[-1]["frames_read"] <= 80
        camera.append()
        camera.close()
        with watching(camera.path, *options) as process:
            lines = [json.loads(line) for line in process.communicate(timeout=20)[0].splitlines()]
            assert process.returncode == 0
    assert lines[-1]["reason"] == "closed"
    assert same(store.read_events(out), store.read_events(events_file))
    assert not list(tmp_path.glob("*.part"))


def test_wrong_calls(tmp_path: Path, stack_file: Path, capsys: Captured) -> None:
    missing, text = tmp_path / "a.h5", tmp_path / "b.h5"
    text.write_text("no HDF5")
    os.utime(text, (0, 0))
    settings = tmp_path / "chain.toml"
    settings.write_text("")
    for arguments, code, message in (
        (["watch"], 2, "Missing argument"),
        (["watch", missing, "--timeout", "-1"], 2, "-1"),
        (["watch", missing, "--timeout", "nan"], 2, "not a number"),
        (["watch", missing, "--timeout", "0.1"], 66, "a.h5: no such file (after 0.1 s)"),
        (["watch", text, "--timeout", "0.1"], 65, "b.h5: is not an HDF5 file"),
        (["watch", stack_file, "-o", tmp_path / "no" / "e.h5"], 73, "no such directory"),
        (["watch", stack_file, "--state", stack_file], 2, "are three files"),
        (["watch", stack_file, "-o", settings, "--settings", settings], 2, "is an input and the output"),
        (["watch", stack_file, "--dataset", "camera"], 2, "is not a dataset of the file"),
        (["watch", stack_file, "--frame-period", "inf"], 2, "frame-period"),
    ):
        assert cli.run([str(a) for a in arguments]) == code, arguments
        error = capsys.readouterr().err
        assert message in error
        assert "Traceback" not in error


def test_the_timeout_is_told_and_no_error(stack_file: Path, tmp_path: Path, capsys: Captured) -> None:
    with Camera(stack_file, tmp_path / "live.h5") as camera:
        camera.append(12)
        assert cli.run(["watch", str(camera.path), "--timeout", "0.2", "--mode", "single"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["reason"] == "timeout"
    assert "no new frame for 0.2 s, and the writer has not closed the stack" in said.err


def test_compilation_is_told_on_stderr_and_not_among_the_lines(
    stack_file: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def watch(*arguments: Any, **options: Any) -> Any:
        assert numba.njit(lambda x: x + 1)(1) == 2  # as if the first kernel were
        return original(*arguments, **options)

    original = pipeline.watch
    monkeypatch.setattr(pipeline, "watch", watch)
    assert cli.run(["watch", str(stack_file), "--mode", "single"]) == 0
    said = capsys.readouterr()
    assert all(json.loads(line) for line in said.out.splitlines())
    assert said.err.count("compiling kernels") == 1


def test_a_reader_that_goes_away_is_no_error(stack_file: Path) -> None:
    command = f"{sys.executable} -m boostwatch watch {stack_file} --mode single | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert done.stdout.strip() == "0"
    assert "Traceback" not in done.stderr
