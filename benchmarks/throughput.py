"""Speed of the detection chain against a memory copy, sep and OpenCV, on the same frames.

Each contender takes one frame in turn (interleaved), process CPU time is taken for one thread and wall time for two,
and the table gives the median and the least. ``np.copyto`` copies a float32 frame over rotating buffers larger than the
cache. sep: ``Background`` and ``extract`` with its defaults and the same false-alarm level. OpenCV: phase
correlation on the frame, warp, running mean and variance, matched filter, dilate.

Run: ``python benchmarks/throughput.py [--quick] [--json]``
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._environment import environment, print_environment
from benchmarks._scenes import SCENES, Scene
from benchmarks._scoring import sensor_of
from boostwatch.detect import TemporalDetector
from boostwatch.sensor import gaussian_psf
from boostwatch.settings import DetectSettings

KIND = SCENES[1]
WARM = 80  # frames until the background is mature


class Copy:
    """The floor: one float32 frame, read and written once, from memory."""

    def __init__(self, size: int) -> None:
        count = max(4, (256 << 20) // (size * size * 8))
        self._from = [np.full((size, size), k, np.float32) for k in range(count)]
        self._to = [np.ones((size, size), np.float32) for _ in range(count)]  # touched, or the first copies fault pages
        self._next = 0

    def __call__(self, frame: NDArray[np.uint16], i: int) -> None:
        k = self._next = (self._next + 1) % len(self._from)
        np.copyto(self._to[k], self._from[k])


class Chain:
    """The whole temporal chain: registration, resampling, background, filter, CFAR, peaks, fits."""

    def __init__(self, size: int, threads: int) -> None:
        self._detector = TemporalDetector(sensor_of(KIND, size), (1, size, size), DetectSettings(), threads=threads)

    def __call__(self, frame: NDArray[np.uint16], i: int) -> None:
        self._detector.process(frame[None], frame=i, time_s=0.5 * i, frame_index=i)


class Sep:
    """sep's background and extraction, as one would call them on every frame."""

    def __init__(self, matched: bool) -> None:
        import sep

        self._sep, self._kernel = sep, gaussian_psf(KIND.psf_sigma, radius=2).astype(np.float32) if matched else None

    def __call__(self, frame: NDArray[np.uint16], i: int) -> None:
        data = frame.astype(np.float32)
        background = self._sep.Background(data)
        data -= background.back()
        if self._kernel is None:
            self._sep.extract(data, 4.5, err=background.globalrms)
        else:
            self._sep.extract(data, 4.5, err=background.globalrms, filter_kernel=self._kernel)


class OpenCV:
    """The temporal chain with OpenCV's own pieces."""

    def __init__(self, size: int, threads: int) -> None:
        import cv2

        self._cv, self._threads = cv2, threads
        self._mean: NDArray[np.float32] | None = None
        self._window = cv2.createHanningWindow((size, size), cv2.CV_32F)
        self._line = gaussian_psf(KIND.psf_sigma, radius=2).sum(axis=0).astype(np.float32)

    def __call__(self, frame: NDArray[np.uint16], i: int) -> None:
        cv = self._cv
        cv.setNumThreads(self._threads)
        data = frame.astype(np.float32)
        if self._mean is None:
            self._mean, self._variance = data.copy(), np.full_like(data, 1e4)
        (dx, dy), _ = cv.phaseCorrelate(self._mean, data, self._window)
        size = (data.shape[1], data.shape[0])
        move = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
        data = cv.warpAffine(
            data, move, size, flags=cv.INTER_CUBIC | cv.WARP_INVERSE_MAP, borderMode=cv.BORDER_REPLICATE
        )
        difference = cv.subtract(data, self._mean)
        white = cv.divide(difference, cv.sqrt(self._variance))
        q = cv.sepFilter2D(white, cv.CV_32F, self._line, self._line)
        peak = cv.compare(q, cv.dilate(q, np.ones((3, 3), np.uint8)), cv.CMP_GE) & cv.compare(q, 2.0, cv.CMP_GT)
        cv.findNonZero(peak)
        cv.accumulateWeighted(data, self._mean, 1.0 / 60)
        cv.accumulateWeighted(cv.multiply(difference, difference), self._variance, 1.0 / 60)


def contenders(size: int, threads: int) -> tuple[dict[str, Callable[[NDArray[np.uint16], int], None]], list[str]]:
    """Return who runs, and a line for each that is not installed."""
    out: dict[str, Callable[[NDArray[np.uint16], int], None]] = {
        "copy": Copy(size), "boostwatch": Chain(size, threads),
    }  # fmt: skip
    missing = []
    try:
        out["sep default"], out["sep matched"] = Sep(False), Sep(True)
    except ImportError:
        missing.append("sep is not installed (extra bench): left out")
    try:
        out["OpenCV"] = OpenCV(size, threads)
    except ImportError:
        missing.append("OpenCV is not installed (extra bench): left out")
    return out, missing


def race(size: int, threads: int, rounds: int) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Return milliseconds a frame of each contender: least and median."""
    scene = Scene(KIND, size, 400, 1)
    frames = [scene.frame(i) for i in range(12)]
    runners, missing = contenders(size, threads)
    clock = time.process_time if threads == 1 else time.perf_counter
    for i in range(WARM):
        runners["boostwatch"](frames[i % 12], i)
    times: dict[str, list[float]] = {name: [] for name in runners}
    for i in range(WARM, WARM + rounds):
        for name, run in runners.items():
            time.sleep(0.002)  # a rival's idle threads spin for a while after their work
            start = clock()
            run(frames[i % 12], i)
            times[name].append(1e3 * (clock() - start))
    table = {}
    for name, values in times.items():
        table[name] = {"least_ms": float(np.min(values)), "median_ms": float(np.median(values))}
    return table, missing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, under a minute")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--size", type=int, default=1024, help="pixels a side")
    options = parser.parse_args()
    rounds = 20 if options.quick else 80
    report: dict[str, Any] = {"environment": environment(), "size": options.size, "threads": {}}
    missing: list[str] = []
    for threads in (1, 2):
        table, missing = race(options.size, threads, rounds)
        report["threads"][threads] = table
    report["missing"] = missing
    if options.json:
        print(json.dumps(report))
        return
    print_environment()
    print("\n".join(missing) if missing else "", end="")
    megapixels = options.size**2 / 1e6
    for threads, table in report["threads"].items():
        own = table["boostwatch"]["least_ms"]
        print(
            f"\n{options.size} x {options.size} uint16, {threads} thread(s), {'CPU' if threads == 1 else 'wall'} time"
        )
        print(f"{'':14s}{'least ms':>10s}{'median ms':>11s}{'Mpx/s':>9s}{'/ copy':>8s}{'/ boostwatch':>14s}")
        for name, row in table.items():
            least = row["least_ms"]
            print(
                f"{name:14s}{least:10.2f}{row['median_ms']:11.2f}{megapixels / least * 1e3:9.0f}"
                f"{least / table['copy']['least_ms']:8.1f}{least / own:14.2f}"
            )


if __name__ == "__main__":
    main()
