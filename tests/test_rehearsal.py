"""The rehearsal compiles what it says, only where it pays."""

import subprocess
import sys

import numpy as np
import pytest

from boostwatch.detect import _integration, _state, rehearsal
from boostwatch.pipeline import rehearsal as beside
from boostwatch.settings import DetectSettings
from boostwatch_kernels._jit import cache_directory

WANTED = ["absorb_strips", "fit_sources", "stack_strips"]


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_calls_what_the_first_frames_do_not(monkeypatch, dtype):
    called = []
    for module, names in ((_state, ["sweep_block", *WANTED[:2]]), (_integration, WANTED[2:])):
        for name in names:
            kernel = getattr(module, name)
            monkeypatch.setattr(module, name, lambda *a, kernel=kernel, name=name: (called.append(name), kernel(*a))[1])
    rehearsal.rehearse(np.dtype(dtype))
    assert list(dict.fromkeys(called)) == WANTED
    directory = cache_directory()
    assert directory is None or any(directory.rglob(beside.LAST))


@pytest.fixture
def started(monkeypatch):
    """Commands that would have been started, and those that were stopped."""
    log = []

    class Process:
        def __init__(self, command, **_):
            log.append(command)

        def kill(self):
            log.append("killed")

        def wait(self):
            log.append("waited")

    monkeypatch.setattr(subprocess, "Popen", Process)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    return log


def test_starts_beside_an_empty_cache_and_stops_with_the_work(monkeypatch, tmp_path, started):
    monkeypatch.setattr(beside, "cache_directory", lambda: tmp_path)

    def interrupted():
        with beside.rehearsed(np.dtype(np.uint16), DetectSettings()):
            assert started == [[sys.executable, "-m", "boostwatch.pipeline.rehearsal", "uint16"]]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert started[1:] == ["killed", "waited"]


@pytest.mark.parametrize("why", ["compiled", "no cache", "one processor", "single"])
def test_does_not_start_where_it_would_not_pay(monkeypatch, tmp_path, started, why):
    monkeypatch.setattr(beside, "cache_directory", lambda: None if why == "no cache" else tmp_path)
    if why == "compiled":
        (tmp_path / "x").mkdir()
        (tmp_path / "x" / "stacking.stack_strips-378.py311.nbi").touch()
    if why == "one processor":
        monkeypatch.setattr("os.cpu_count", lambda: 1)
    with beside.rehearsed(np.dtype(np.uint16), DetectSettings(mode="single" if why == "single" else "temporal")):
        pass
    assert started == []
