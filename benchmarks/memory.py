"""Does the memory of `boostwatch detect` grow with the number of frames?

Writes a short and a long stack of the same noise scene, runs `detect` on each in a process of its own, and prints the
largest resident size of each and their ratio. Run: ``python -m benchmarks.memory`` (``--quick``, ``--json``).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._environment import environment, print_environment
from boostwatch.sensor import Band, Sensor
from boostwatch.store import StackWriter

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="250 and 2000 frames of 64 x 64")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    counts, size = ((250, 2000), 64) if options.quick else ((500, 10_000), 128)
    peak_mib(16, size)  # compiles the kernels
    peaks = [peak_mib(count, size) for count in counts]
    result = {
        "environment": environment(),
        "frames": counts,
        "size_px": size,
        "peak_mib": peaks,
        "ratio": peaks[1] / peaks[0],
    }
    if options.json:
        print(json.dumps(result))
        return
    print_environment()
    for count, peak in zip(counts, peaks, strict=True):
        print(f"{count:6d} frames of 2 x {size} x {size}: peak {peak:6.1f} MiB")
    print(f"ratio {result['ratio']:.3f} (goal: at most 1.3)")


if __name__ == "__main__":
    main()
