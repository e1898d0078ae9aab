"""How long does the first ``boostwatch detect`` take, with nothing compiled yet and with kernels in the cache.

Runs the command on a stored stack in a process of its own with a fresh kernel cache, then again with that cache.

Run: ``python -m benchmarks.cold_start [--quick] [--json] [--markdown] [--stack FILE]``
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._contract import Headline, Result, Table, main
from benchmarks._options import parser

STACK = Path(__file__).resolve().parent.parent / "data" / "synthetic" / "night_ocean.stack.h5"

QUESTION = "how long does the first boostwatch detect take, without and with compiled kernels"
QUICK_S = 24.0

GOALS = {"empty cache": 20.0, "warm cache": 3.0}


def detect_s(stack: Path, folder: Path) -> tuple[float, float]:
    """Return the wall and the CPU seconds of ``boostwatch detect`` with the kernel cache in a folder."""
    environ = {**os.environ, "BOOSTWATCH_CACHE_DIR": str(folder / "cache")}
    start, before = time.perf_counter(), os.times()
    subprocess.run(
        [sys.executable, "-m", "boostwatch", "detect", str(stack), "-o", str(folder / "out.events.h5")],
        env=environ, check=True, capture_output=True,
    )  # fmt: skip
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - start, cpu


def arguments() -> argparse.ArgumentParser:
    """Return the options."""
    command = parser(__doc__, quick="one run with the warm cache, not three")
    command.add_argument("--stack", type=Path, default=STACK)
    return command


def run(options: argparse.Namespace) -> Result:
    """Return the table and its headline figures."""
    with tempfile.TemporaryDirectory() as folder:
        empty = detect_s(options.stack, Path(folder))
        warm = min(detect_s(options.stack, Path(folder)) for _ in range(1 if options.quick else 3))
    seconds = {"empty cache": empty, "warm cache": warm}
    rows = [[name, f"{wall:.1f}", f"{cpu:.1f}", f"{GOALS[name]:g}"] for name, (wall, cpu) in seconds.items()]
    table = Table("seconds", f"detect {options.stack.name}, s", ["", "wall", "CPU", "goal"], rows)
    # The wall time has the goal, but CPU time is what load leaves alone.
    headline = [Headline(f"CPU time, {name}", cpu, "lower", "s", timed=True) for name, (_, cpu) in seconds.items()]
    figures = {"stack": options.stack.name, "seconds": seconds}
    return Result("none: a stored stack", [table], headline, notes=["wall times suffer from load"], figures=figures)


if __name__ == "__main__":
    raise SystemExit(main(__name__, arguments, run))
