"""Does the memory of `boostwatch detect` grow with the number of frames?

Writes a short and a long stack of the same noise scene, runs `detect` on each in a process of its own, and prints the
largest resident size of each and their ratio. Run: ``python -m benchmarks.memory`` (``--quick``, ``--json``).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._contract import Headline, Result, Table, main
from benchmarks._options import parser
from boostwatch.sensor import Band, Sensor
from boostwatch.store import StackWriter

QUESTION = "does the memory of boostwatch detect grow with the number of frames"
QUICK_S = 10.0
GOAL = 1.3

CHILD = """
import resource, sys
from boostwatch import pipeline
pipeline.detect(sys.argv[1], sys.argv[2])
peak = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(peak[0] if peak else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def write_stack(path: Path, frames: int, size: int) -> None:
    """Write a two-band stack of noise on a fixed random scene, with one blinking point."""
    rng = np.random.default_rng(1)
    band = {"psf_sigma_px": 0.7, "gain_e_per_dn": 10.0, "offset_dn": 100.0, "read_noise_e": 100.0}
    sensor = Sensor("memory", 56e-6, size / 2, size / 2, 0.5, 0.1, (Band("A", **band), Band("B", **band)))
    scene = rng.normal(3000, 200, (2, size, size))
    with StackWriter(path, sensor=sensor, shape=(frames, 2, size, size), epoch="2026-01-01T00:00:00Z") as writer:
        for i in range(frames):
            data = scene + rng.normal(0, 15, scene.shape)
            data[:, size // 2, size // 2] += 500 * (i // 20 % 2)
            writer.append(data.astype(np.uint16), time_s=0.5 * i, frame_index=i)


def peak_mib(frames: int, size: int) -> float:
    """Return the largest resident size of `detect` on a stack of so many frames, MiB."""
    with tempfile.TemporaryDirectory() as place:
        stack = Path(place) / "stack.h5"
        write_stack(stack, frames, size)
        command = [sys.executable, "-c", CHILD, str(stack), str(Path(place) / "events.h5")]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) / 1024


def arguments() -> argparse.ArgumentParser:
    """Return the options."""
    return parser(__doc__, quick="250 and 1000 frames of 64 x 64")


def run(options: argparse.Namespace) -> Result:
    """Return the table and the ratio."""
    counts, size = ((250, 1000), 64) if options.quick else ((500, 10_000), 128)
    peak_mib(16, size)  # compiles the kernels
    peaks = [peak_mib(count, size) for count in counts]
    ratio = peaks[1] / peaks[0]
    rows = [
        [f"{count} frames of 2 x {size} x {size} px", f"{peak:.1f}"] for count, peak in zip(counts, peaks, strict=True)
    ]
    rows.append([f"ratio (goal: at most {GOAL})", f"{ratio:.3f}"])
    headline = [Headline("peak memory, long run / short run", ratio, "lower", goal=GOAL)]
    figures = {"frames": counts, "size_px": size, "peak_mib": peaks, "ratio": ratio}
    return Result(
        "1", [Table("peak", "Largest resident size of detect, MiB", ["", "MiB"], rows)], headline, figures=figures
    )


if __name__ == "__main__":
    raise SystemExit(main(__name__, arguments, run))
