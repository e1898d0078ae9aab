"""Speed of the detection chain against a memory copy, sep and OpenCV, on the same frames.

Contenders (`_contenders.py`) take one frame in turn (interleaved). One thread: process CPU time; one and two threads:
wall time; the table gives the least (and the median of the CPU time), ratios are of least to least. ``copy`` is
``np.copyto`` of a float32 frame over rotating buffers larger than the last-level cache. sep: ``Background`` (64 px) and
``extract`` with the default or the matched kernel; fastest: boxes of 128 px, no cleaning, no deblending; all at the
threshold that lets through 10 false alarms per Mpx, as the chain does. OpenCV: phase correlation or
``findTransformECC``, warp, running mean and variance, matched filter, dilate. ``single``: integration of frames
switched off. The profile times the chain's own steps on one thread. A gain by a second thread wants a second idle core:
see the load.

Run: ``python -m benchmarks.throughput [--quick] [--json] [--markdown] [--size N]``
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._contenders import KIND, Chain, Copy, Frame, contenders
from benchmarks._contract import Headline, Plot, Result, Series, Table, main
from benchmarks._options import parser
from benchmarks._scenes import Scene
from benchmarks._scoring import modes

QUESTION = "how fast is the detection chain, with and without integration; which stage takes how much"
QUICK_S = 31.0

WARM = 80  # frames until the background is mature
FRAMES = 29  # gone through again and again; prime to the lag of the background
GOALS = (
    ("boostwatch, single", "copy", 6.0, "at most 6 copies"),
    ("boostwatch, integrated", "copy", 9.0, "at most 9 copies"),
    ("sep default", "boostwatch, single", 10.0, "10 times sep"),
    ("sep matched", "boostwatch, single", 10.0, "10 times sep"),
    ("sep fastest", "boostwatch, single", 10.0, "10 times sep"),
    ("OpenCV, phase", "boostwatch, single", 8.0, "8 times OpenCV"),
    ("OpenCV, ECC", "boostwatch, single", 8.0, "8 times OpenCV"),
)
"""Ratios told: the time of the first over that of the second."""

Times = dict[str, dict[str, float]]


def frames_of(size: int) -> list[Frame]:
    scene = Scene(KIND, size, FRAMES, 1)
    return [scene.frame(i) for i in range(FRAMES)]


def race(frames: list[Frame], threads: int, rounds: int) -> tuple[Times, list[str], float]:
    """Return milliseconds a frame of each contender, who is missing, and the megabytes that the copy went over."""
    runners, missing = contenders(len(frames[0]), threads, frames)
    for i in range(WARM):
        for name, run in runners.items():
            if name.startswith("boostwatch") or i < 3:
                run(frames[i % FRAMES], i)
    wall: dict[str, list[float]] = {name: [] for name in runners}
    cpu: dict[str, list[float]] = {name: [] for name in runners}
    for i in range(WARM, WARM + rounds):
        for name, run in runners.items():
            time.sleep(0.01)  # a rival's idle threads spin for a while after their work
            start_wall, start_cpu = time.perf_counter(), time.process_time()
            run(frames[i % FRAMES], i)
            cpu[name].append(1e3 * (time.process_time() - start_cpu))
            wall[name].append(1e3 * (time.perf_counter() - start_wall))
    table = {
        name: {
            "cpu_ms": float(np.min(cpu[name])),
            "cpu_median_ms": float(np.median(cpu[name])),
            "wall_ms": float(np.min(wall[name])),
            "wall_median_ms": float(np.median(wall[name])),
        }
        for name in runners
    }
    copy = runners["copy"]
    return table, missing, copy.megabytes if isinstance(copy, Copy) else 0.0


def stages_of(detector: Any) -> list[tuple[Any, str, str]]:
    """Return what is timed of a detector, as its steps are named: owner, method, stage."""
    out = [(detector, "process", "rest"), (detector, "_register", "registration")]
    for band in detector._bands:
        out += [(band, "sweep", "sweep"), (band, "_sweep_block", "sweep"), (band, "single", "tiles, peaks, fits")]
        out += [(band, "hold", "tiles, peaks, fits"), (band, "settle", "background"), (band, "finish", "rest")]
        if band._integration is not None:
            out += [(band._integration, name, "integration") for name in ("look", "judge")]
    return out


def profile(frames: list[Frame], mode: str, rounds: int) -> dict[str, float]:
    """Return the median CPU milliseconds a frame of each stage, without what the stages inside of it take."""
    chain = Chain(len(frames[0]), 1, mode)
    spent: dict[str, float] = {}
    inside = [0.0]

    def timed(call: Callable[..., Any], stage: str) -> Callable[..., Any]:
        def run(*args: Any, **named: Any) -> Any:
            inside.append(0.0)
            start = time.process_time()
            out = call(*args, **named)
            took = time.process_time() - start
            spent[stage] = spent.get(stage, 0.0) + took - inside.pop()
            inside[-1] += took
            return out

        return run

    for owner, name, stage in stages_of(chain.detector):
        setattr(owner, name, timed(getattr(owner, name), stage))
    rows: dict[str, list[float]] = {}
    for i in range(WARM + rounds):
        spent.clear()
        chain(frames[i % FRAMES], i)
        if i >= WARM:
            for stage, seconds in spent.items():
                rows.setdefault(stage, []).append(1e3 * seconds)
    return {stage: float(np.median(values)) for stage, values in sorted(rows.items())}


def measure(size: int, rounds: int) -> dict[str, Any]:
    """Return the whole report."""
    frames = frames_of(size)
    one, missing, megabytes = race(frames, 1, rounds)
    two, _, _ = race(frames, 2, rounds)
    ratios = [(a, b, one[a]["cpu_ms"] / one[b]["cpu_ms"], goal) for a, b, _, goal in GOALS if a in one and b in one]
    threads = {name: one[name]["wall_ms"] / row["wall_ms"] for name, row in two.items() if name != "copy"}
    stages = {mode: profile(frames, mode, rounds) for mode in modes()}
    return {
        "size": size, "copy_buffers_mb": megabytes, "missing": missing, "one_thread": one, "two_threads": two,
        "ratios": ratios, "threads": threads, "profile_ms": stages,
    }  # fmt: skip


def tables(report: dict[str, Any]) -> list[Table]:
    """Return times, ratios and profiles."""
    out = []
    size, one, two = report["size"], report["one_thread"], report["two_threads"]
    rows = [
        [
            name, f"{row['cpu_ms']:.2f}", f"{row['cpu_median_ms']:.2f}", f"{size**2 / 1e3 / row['cpu_ms']:.0f}",
            f"{row['cpu_ms'] / one['copy']['cpu_ms']:.1f}", f"{row['wall_ms']:.2f}",
            f"{two[name]['wall_ms']:.2f}" if name in two else "",
            f"{report['threads'][name]:.2f}" if name in report["threads"] else "",
        ]
        for name, row in one.items()
    ]  # fmt: skip
    header = ["", "CPU ms", "median", "Mpx/s", "copies", "wall ms", "two threads", "gain (goal 1.7)"]
    title = f"{size} x {size} uint16; the copy goes over {report['copy_buffers_mb']:.0f} MB"
    out.append(Table("times", title, header, rows))
    rows = [[f"{a} / {b}", f"{ratio:.1f}", goal] for a, b, ratio, goal in report["ratios"]]
    out.append(Table("ratios", "Ratios, one thread, CPU time", ["", "found", "goal"], rows))
    for mode, stages in report["profile_ms"].items():
        total = sum(stages.values())
        rows = [[stage, f"{ms:.2f}", f"{100 * ms / total:.0f}"] for stage, ms in stages.items()]
        out.append(Table(f"profile_{mode}", f"Profile, {mode}", ["stage", "CPU ms, median", "%"], rows))
    return out


def headline(report: dict[str, Any]) -> list[Headline]:
    """Return the ratios of one thread; the frames are interleaved, so that load hits both sides."""
    goals = {(a, b): goal for a, b, goal, _ in GOALS}
    return [
        Headline(f"CPU time, {a} / {b}", ratio, "lower" if b == "copy" else "higher", goal=goals[a, b], timed=True)
        for a, b, ratio, _ in report["ratios"]
    ]


def plot(report: dict[str, Any]) -> Plot:
    """Return the time of a frame, with the median as the upper end."""
    one = report["one_thread"]
    least, median = ([row[key] for row in one.values()] for key in ("cpu_ms", "cpu_median_ms"))
    series = Series("least, up to the median", list(one), least, least, median)
    title = f"{report['size']} x {report['size']} px uint16, one thread"
    return Plot("times", title, "who", "CPU time of a frame, ms", [series], log_y=True)


def arguments() -> argparse.ArgumentParser:
    """Return the options."""
    command = parser(__doc__, quick="fewer rounds, under a minute")
    command.add_argument("--size", type=int, default=1024, help="pixels a side")
    return command


def run(options: argparse.Namespace) -> Result:
    """Return tables, headline ratios and the plot."""
    rounds = 15 if options.quick else 80
    report = measure(options.size, rounds)
    notes = [*report["missing"], f"{rounds} frames each, interleaved, after {WARM}"]
    return Result("1", tables(report), headline(report), [plot(report)], notes, report)


if __name__ == "__main__":
    raise SystemExit(main(__name__, arguments, run))
