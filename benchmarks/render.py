"""How fast is the scene generator, against drawing one normal number a pixel; does its memory grow with the run?

The demo's scene on 1024 x 1024 pixels and two bands: two decks of drifting, changing cloud, two launches with trails, a
fire, an aircraft, shot and read noise, non-uniformity, blinking pixels, ADC. One thread: the frames of a run in their
order, process CPU time, and after each frame as many draws of numpy's SFC64 float32 normal as it has pixels. All that
the frames need from time to time (keyframes, exact views) is in their times, and they fill whole periods of it; making
the renderer ready is told apart.
Two threads: wall time of the same frames. Memory: the largest resident size of `boostwatch simulate` on a short and a
long run, each in a process of its own. satsim runs in another interpreter, where it has TensorFlow; what it is given
stands in `_satsim.py`.

Run: ``python -m benchmarks.render [--quick] [--json] [--markdown] [--satsim PYTHON]``
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._contract import Headline, Result, Table, main
from benchmarks._options import parser
from boostwatch.scene.library import builtin
from boostwatch.scene.render import BATCH, Renderer
from boostwatch.scene.scenario import Scenario
from boostwatch_kernels.frame import add_stamps
from boostwatch_kernels.resample import resample

QUESTION = "how fast is the generator on the demo's scene; does its memory grow with the run"
QUICK_S = 72.0

RATE_HZ = 2
WARM = 32
GOAL = 0.75
THREADS_GOAL = 1.7

CHILD = """
import resource, sys
from boostwatch import pipeline
from boostwatch.scene.scenario import Scenario
from boostwatch.settings import read_toml
pipeline.simulate(read_toml(sys.argv[1], Scenario), sys.argv[2], jobs=2)
peak = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(peak[0] if peak else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def scene(size: int, frames: int) -> Scenario:
    """Return the demo's scene, larger and longer; its launches come again and again."""
    settings = tomllib.loads(builtin("demo"))
    del settings["duration"]
    settings |= {"frames": frames, "outside_view": "allow"}  # a short run ends before the second launch
    settings["sensor"] |= {"width": size, "height": size, "frame_rate": f"{RATE_HZ} Hz"}
    launches = [item for item in settings["objects"] if item["kind"] == "launch"]
    others = [item for item in settings["objects"] if item["kind"] != "launch"]
    seconds = frames / RATE_HZ
    settings["objects"] = [
        {**item, "ignition": f"{20 + start + 25 * k} s"}
        for start in range(0, int(max(seconds - 150, 1)), 180)
        for k, item in enumerate(launches)
    ]
    settings["objects"] += [{**item, "start": "1 s", "end": f"{max(seconds, 2)} s"} for item in others]
    return Scenario.model_validate(settings)


def one_thread(size: int, periods: int) -> dict[str, Any]:
    """Return milliseconds a band-frame of the generator by stage, and of the normal draws between.

    The frames timed fill whole periods of the exact views, so that each counts as often as in an endless run.
    """
    warm = Renderer(scene(64, 400))  # every kernel is compiled, or read from its cache, before the clock starts
    for _frame in warm.frames(range(0, 400, 20)):
        pass
    exact_s = Renderer(scene(size, 2))._keyframes(0)._canvas.exact_s
    frames = 1 + round(periods * exact_s * RATE_HZ)
    start = time.process_time()
    renderer = Renderer(scene(size, frames))
    renderer.frame(0)
    ready = time.process_time() - start
    renderer.frame(1)  # what lies between the first two exact views
    bands, height, width = renderer.shape
    draw, room = np.random.Generator(np.random.SFC64(1)), np.empty((height, width), np.float32)
    times: dict[str, list[float]] = {"frame": [], "normal": []}
    source = renderer.frames(range(1, frames))
    while True:
        # Frames come a few at a time: the first of a batch takes the time of all.
        start = time.process_time()
        batch = list(islice(source, BATCH))
        between = time.process_time()
        if not batch:
            break
        for _ in range(bands * len(batch)):
            draw.standard_normal(dtype=np.float32, out=room)
        times["frame"].append((between - start) / len(batch))
        times["normal"].append((time.process_time() - between) / len(batch))
    mean = {name: 1e3 * float(np.mean(values)) / bands for name, values in times.items()}
    median = {name: 1e3 * float(np.median(values)) / bands for name, values in times.items()}
    return {
        "frames": frames - 1, "ready_s": ready, "mean_ms": mean, "median_ms": median,
        "ratio": mean["frame"] / mean["normal"], "ratio_between_keyframes": median["frame"] / median["normal"],
        "mpx_per_s": 1e-3 * height * width / mean["frame"], "stages_ms": stages(renderer),
    }  # fmt: skip


def _timed(spent: dict[str, float], stage: str, work: Callable[[], Any]) -> Any:
    start = time.process_time()
    out = work()
    spent[stage] += time.process_time() - start
    return out


def stages(renderer: Renderer) -> dict[str, float]:
    """Return where the time goes, milliseconds a band-frame; least of some frames between keyframes, one by one."""
    bands, height, width = renderer.shape
    electrons, data = np.empty((1, height, width), np.float32), np.empty((height, width), np.uint16)
    least = {"scene": np.inf, "objects": np.inf, "detector": np.inf}
    start = renderer.n_frames // 2
    renderer.scene(start)
    for i in range(start, min(start + 12, renderer.n_frames)):
        spent = dict.fromkeys(least, 0.0)
        marks = _timed(spent, "objects", lambda i=i: renderer._objects.marks(i))
        sampler = _timed(spent, "scene", lambda i=i: renderer._sampler([i]))
        for band, plane in enumerate(renderer._planes):
            scale, below = renderer._electrons_per_radiance[band], np.empty(len(marks), np.float32)
            scene, stamps = sampler.band(band), renderer._objects.stamps([marks], band)
            _timed(spent, "scene", lambda a=scene, k=scale: resample(*a, 0, k, electrons))
            _timed(spent, "objects", lambda a=stamps, b=below: add_stamps(a, 0, electrons, b))
            _timed(spent, "detector", lambda i=i, p=plane: p.expose(electrons[0], i, float(renderer.time_s[i]), data))
        least = {name: min(value, 1e3 * spent[name] / bands) for name, value in least.items()}
    return {name: float(value) for name, value in least.items()}


def two_threads(size: int, frames: int) -> dict[str, float]:
    """Return wall seconds of the same frames on one thread and on two, in turn, after some others; least of three."""
    least = {1: np.inf, 2: np.inf}
    for _ in range(3):
        for jobs in least:
            renderer = Renderer(scene(size, frames), jobs=jobs)
            for _frame in renderer.frames(range(WARM), jobs=jobs):
                pass
            start = time.perf_counter()
            for _frame in renderer.frames(range(WARM, frames), jobs=jobs):
                pass
            least[jobs] = min(least[jobs], time.perf_counter() - start)
    return {"one_s": float(least[1]), "two_s": float(least[2]), "speed_up": float(least[1] / least[2])}


def peak_mib(frames: int, size: int) -> float:
    """Return the largest resident size of a run of so many frames, MiB; the objects are the same for any number."""
    with tempfile.TemporaryDirectory() as place:
        toml = Path(place) / "scene.toml"
        toml.write_text(scene(size, 16).model_copy(update={"frames": frames}).to_toml())
        command = [sys.executable, "-c", CHILD, str(toml), str(Path(place) / "stack.h5")]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) / 1024


def memory(quick: bool) -> dict[str, Any]:
    counts, size = ((120, 480), 64) if quick else ((500, 10_000), 128)
    peak_mib(16, size)
    peaks = [peak_mib(count, size) for count in counts]
    return {"frames": counts, "size_px": size, "peak_mib": peaks, "ratio": peaks[1] / peaks[0]}


def satsim(size: int, interpreter: str | None) -> dict[str, Any]:
    """Return satsim's speed on frames of this size by mode, or why there is none."""
    if interpreter is None:
        return {"missing": "satsim: not run; --satsim PYTHON names an interpreter that has it"}
    script = Path(__file__).with_name("_satsim.py")
    done = subprocess.run([interpreter, str(script), str(size)], capture_output=True, text=True)
    if done.returncode:
        return {"missing": f"satsim: not run; {done.stderr.strip().splitlines()[-1]}"}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def tables(report: dict[str, Any]) -> list[Table]:
    """Return speed and memory."""
    one, two, room, rival = (report[key] for key in ("one_thread", "two_threads", "memory", "satsim"))
    size = report["size"]
    names = (("frame", "boostwatch"), ("normal", "numpy SFC64 normal"))
    rows = [[label, f"{one['mean_ms'][name]:.2f}", f"{one['median_ms'][name]:.2f}"] for name, label in names]
    rows += [[f"least between keyframes: {stage}", f"{ms:.2f}", ""] for stage, ms in one["stages_ms"].items()]
    out = [Table("times", f"{size} x {size} px, CPU time a band-frame", ["", "mean, ms", "median, ms"], rows)]
    rows = [
        ["boostwatch / normal, means", f"{one['ratio']:.3f}", f"at most {GOAL}"],
        ["the same between keyframes, medians", f"{one['ratio_between_keyframes']:.3f}", ""],
        ["speed, Mpx/s", f"{one['mpx_per_s']:.0f}", ""],
        ["until the first frame, s", f"{one['ready_s']:.1f}", ""],
        ["two threads, times as fast as one", f"{two['speed_up']:.2f}", f"at least {THREADS_GOAL}"],
        ["memory, long run / short run", f"{room['ratio']:.3f}", ""],
    ]
    for mode, rate in rival.get("modes", {}).items():
        if isinstance(rate, float):
            rows.append([f"satsim, {mode}, times slower", f"{one['mpx_per_s'] / rate:.0f}", "50"])
    return [*out, Table("ratios", "Ratios", ["", "found", "goal"], rows)]


def arguments() -> argparse.ArgumentParser:
    """Return the options."""
    command = parser(__doc__, quick="fewer frames, under a minute")
    command.add_argument("--size", type=int, default=1024, help="pixels a side")
    command.add_argument("--satsim", metavar="PYTHON", help="interpreter that has satsim and TensorFlow")
    return command


def run(options: argparse.Namespace) -> Result:
    """Return tables and headline ratios."""
    report: dict[str, Any] = {"size": options.size}
    report["one_thread"] = one = one_thread(options.size, 1 if options.quick else 2)
    report["two_threads"] = two = two_threads(options.size, 96 if options.quick else 480)
    report["memory"] = room = memory(options.quick)
    report["satsim"] = rival = satsim(options.size, options.satsim)
    headline = [
        Headline("CPU time, boostwatch / numpy normal", one["ratio"], "lower", goal=GOAL, timed=True),
        Headline("speed-up by a second thread", two["speed_up"], "higher", goal=THREADS_GOAL, timed=True),
        Headline("peak memory, long run / short run", room["ratio"], "lower"),
    ]
    notes = [f"{one['frames']} frames of 2 bands; memory: {room['frames']} frames of {room['size_px']} px"]
    notes += [rival["missing"]] if "missing" in rival else [f"{k} {v}" for k, v in rival["versions"].items()]
    notes += [f"satsim, {mode}: {why}" for mode, why in rival.get("modes", {}).items() if not isinstance(why, float)]
    return Result("of the demo", tables(report), headline, notes=notes, figures=report)


if __name__ == "__main__":
    raise SystemExit(main(__name__, arguments, run))
