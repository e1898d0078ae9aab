"""Who runs in `throughput.py`: each takes one uint16 frame at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._scenes import SCENES
from benchmarks._scoring import modes, temporal
from benchmarks.peers import threshold_at
from boostwatch.sensor import gaussian_psf

Frame = NDArray[np.uint16]
Contender = Callable[[Frame, int], None]

KIND = SCENES[0]
RATE = 10.0  # false alarms per Mpx of everybody
CACHE = Path("/sys/devices/system/cpu/cpu0/cache/index3/size")
BEYOND = 1.25  # buffers of the copy, over the last-level cache


def last_level_cache() -> int:
    """Return the bytes of the last-level cache, 64 MB where the system does not tell."""
    try:
        return int(CACHE.read_text().strip().rstrip("K")) << 10
    except (OSError, ValueError):
        return 64 << 20


def free_memory() -> int:
    """Return the bytes that are free, 4 GB where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return 4 << 30


class Copy:
    """The floor: one float32 frame read and written once, over buffers larger than the last-level cache."""

    def __init__(self, size: int) -> None:
        wanted = min(int(BEYOND * last_level_cache()), free_memory() // 3)
        count = max(4, wanted // (size * size * 8))
        self.megabytes = count * size * size * 8 / 1e6
        self._from = [np.full((size, size), k, np.float32) for k in range(count)]
        self._to = [np.ones((size, size), np.float32) for _ in range(count)]  # touched, or the first copies fault pages
        self._next = 0

    def __call__(self, frame: Frame, i: int) -> None:
        k = self._next = (self._next + 1) % len(self._from)
        np.copyto(self._to[k], self._from[k])


class Chain:
    """The whole temporal chain: registration, resampling, background, filter, CFAR, peaks, fits, integration."""

    def __init__(self, size: int, threads: int, mode: str) -> None:
        self.detector = temporal(KIND, size, RATE, mode, threads=threads)

    def __call__(self, frame: Frame, i: int) -> None:
        self.detector.process(frame[None], frame=i, time_s=0.5 * i, frame_index=i)


class Sep:
    """sep's background and extraction on every frame, at the threshold that gives the same false alarms."""

    def __init__(self, frames: Sequence[Frame], *, box: int = 64, matched: bool = False, **settings: Any) -> None:
        import sep

        self._sep, self._box, self._settings = sep, box, settings
        if matched:
            settings["filter_kernel"] = gaussian_psf(KIND.psf_sigma, radius=2).astype(np.float32)
        work = [self._prepare(frame) for frame in frames]
        self.threshold = threshold_at(RATE, work, self._find, sum(f.size for f in frames) / 1e6)

    def _prepare(self, frame: Frame) -> tuple[NDArray[np.float32], float]:
        data = frame.astype(np.float32)
        background = self._sep.Background(data, bw=self._box, bh=self._box)
        background.subfrom(data)
        return data, background.globalrms

    def _find(self, work: tuple[NDArray[np.float32], float], threshold: float) -> Any:
        return self._sep.extract(work[0], threshold, err=work[1], **self._settings)

    def __call__(self, frame: Frame, i: int) -> None:
        self._find(self._prepare(frame), self.threshold)


class OpenCV:
    """The temporal chain with OpenCV's own pieces; the shift by phase correlation or by ECC from the last shift."""

    def __init__(self, size: int, threads: int, registration: str) -> None:
        import cv2

        self._cv, self._threads, self._registration = cv2, threads, registration
        self._mean: NDArray[np.float32] | None = None
        self._window = cv2.createHanningWindow((size, size), cv2.CV_32F)
        self._line = gaussian_psf(KIND.psf_sigma, radius=2).sum(axis=0).astype(np.float32)
        self._brush = np.ones((3, 3), np.uint8)
        self._move = np.eye(2, 3, dtype=np.float32)
        self._stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 1e-4)

    def __call__(self, frame: Frame, i: int) -> None:
        cv = self._cv
        cv.setNumThreads(self._threads)
        data = frame.astype(np.float32)
        if self._mean is None:
            self._mean, self._variance = data.copy(), np.full_like(data, 1e4)
        if self._registration == "ECC":
            _, self._move = cv.findTransformECC(
                self._mean, data, self._move, cv.MOTION_TRANSLATION, self._stop, None, 1
            )  # fmt: skip
        else:
            (dx, dy), _ = cv.phaseCorrelate(self._mean, data, self._window)
            self._move[:, 2] = dx, dy
        size = (data.shape[1], data.shape[0])
        how = cv.INTER_CUBIC | cv.WARP_INVERSE_MAP
        data = cv.warpAffine(data, self._move, size, flags=how, borderMode=cv.BORDER_REPLICATE)
        difference = cv.subtract(data, self._mean)
        white = cv.divide(difference, cv.sqrt(self._variance))
        q = cv.sepFilter2D(white, cv.CV_32F, self._line, self._line)
        peak = cv.compare(q, cv.dilate(q, self._brush), cv.CMP_GE) & cv.compare(q, 2.0, cv.CMP_GT)
        cv.findNonZero(peak)
        cv.accumulateWeighted(data, self._mean, 1.0 / 60)
        cv.accumulateWeighted(cv.multiply(difference, difference), self._variance, 1.0 / 60)


def contenders(size: int, threads: int, frames: Sequence[Frame]) -> tuple[dict[str, Contender], list[str]]:
    """Return who runs, and a line for each that is not installed."""
    out: dict[str, Contender] = {"copy": Copy(size)}
    missing = []
    for mode in modes():
        out[f"boostwatch, {mode}"] = Chain(size, threads, mode)
    try:
        if threads == 1:  # sep has no threads
            out["sep default"], out["sep matched"] = Sep(frames), Sep(frames, matched=True)
            out["sep fastest"] = Sep(frames, box=128, clean=False, deblend_cont=1.0)
    except ImportError:
        missing.append("sep is not installed (extra bench): left out")
    try:
        for registration in ("phase", "ECC"):
            out[f"OpenCV, {registration}"] = OpenCV(size, threads, registration)
    except ImportError:
        missing.append("OpenCV is not installed (extra bench): left out")
    return out, missing
