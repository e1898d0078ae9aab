"""Frames to detections: a temporal chain for staring sensors, and a single-frame mode.

Nothing here may know of the generator's truth: this wing imports neither ``scene`` nor ``assess`` nor ``store``.
"""

from __future__ import annotations

import math

from numpy.typing import ArrayLike

from boostwatch.detect.calibration import stack_threshold_for, threshold_for
from boostwatch.detect.result import Detector, FrameResult
from boostwatch.detect.single import SingleFrameDetector
from boostwatch.detect.temporal import TemporalDetector
from boostwatch.sensor import Sensor
from boostwatch.settings import DetectSettings

__all__ = [
    "Detector", "FrameResult", "SingleFrameDetector", "TemporalDetector", "make_detector", "stack_threshold_for",
    "threshold_for",
]  # fmt: skip


def make_detector(
    sensor: Sensor,
    shape: tuple[int, int, int],
    settings: DetectSettings,
    *,
    bad_pixels: ArrayLike | None = None,
    gain: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    threads: int = 1,
    pointing_noise_rad: float = math.nan,
) -> Detector:
    """Return the detector that ``settings.mode`` names; parameters as of `TemporalDetector`."""
    kind = TemporalDetector if settings.mode == "temporal" else SingleFrameDetector
    return kind(
        sensor, shape, settings, bad_pixels=bad_pixels, gain=gain, offset=offset, threads=threads,
        pointing_noise_rad=pointing_noise_rad,
    )  # fmt: skip
