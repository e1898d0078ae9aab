"""What detectors did with the frames of a scene whose truth is known: hits, false alarms, errors of the shift.

Several detectors are fed with the same frames. Until the targets come every detection is a false alarm; afterwards
every target in every frame is a row, found or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks._scenes import OFFSET_DN, SceneKind, Target, point
from boostwatch.detect import TemporalDetector
from boostwatch.sensor import Band, Sensor
from boostwatch.settings import DetectSettings

NEAR = 2.0
"""Distance within which a detection is the target's, px: 5 sigma at snr 3; by chance once in 10 000 at 10 per Mpx."""

BESIDE = 8.0
"""Distance within which a detection that is no target's is put down to a bright target, px."""

BRIGHT = 8.0
"""snr from which a target is always found, so that its errors are not selected by the threshold."""

SETTLED = 30
"""Frames after which background and calibration are taken as grown."""

PLACES = ("all", "edges", "rim")
"""Where false alarms are counted: all pixels, those beside cloud edges, and the outermost of the frame."""

RIM_PX = 3

HIT = np.dtype([
    ("seed", "i4"), ("target", "i4"), ("after", "i4"), ("snr", "f8"), ("speed", "f8"), ("hit", "?"), ("frames", "i4"),
    ("dx", "f8"), ("dy", "f8"), ("bound_x", "f8"), ("bound_y", "f8"), ("flux", "f8"), ("bound_flux", "f8"),
    ("phase", "f8"),
])  # fmt: skip
"""A target in a frame. Errors in px, flux and its bound over the true flux, phase the sub-pixel part of the shift."""

ALARM = np.dtype(
    [("seed", "i4"), ("frame", "i4"), ("x", "f8"), ("y", "f8"), ("snr", "f8"), ("edges", "?"), ("rim", "?")]
)
"""A detection before any target, in scene coordinates; beside a cloud edge, on the rim of the frame."""


class Watched(Protocol):
    """A scene that makes frames and knows where its targets fall."""

    kind: SceneKind
    size: int
    seed: int
    frames: int
    path: NDArray[np.float64]
    targets: list[Target]

    def frame(self, i: int) -> NDArray[np.uint16]: ...

    def place(self, target: Target, frame: int) -> tuple[float, float]: ...


class Detector(Protocol):
    """`boostwatch.detect.TemporalDetector` or `boostwatch.detect.SingleFrameDetector`."""

    def process(self, data: Any, *, frame: int, time_s: float, frame_index: int) -> Any: ...


@dataclass
class Score:
    """What one detector did."""

    hits: NDArray[Any]
    alarms: NDArray[Any]
    shift_errors: NDArray[np.float64]  # (N, 2) px
    megapixels: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PLACES, 0.0))  # before the targets came
    beside: int = 0  # detections beside bright targets that are not the targets
    bright_frames: int = 0

    @classmethod
    def none(cls) -> Score:
        return cls(np.empty(0, HIT), np.empty(0, ALARM), np.empty((0, 2)))

    def __add__(self, other: Score) -> Score:
        return Score(
            np.concatenate([self.hits, other.hits]),
            np.concatenate([self.alarms, other.alarms]),
            np.concatenate([self.shift_errors, other.shift_errors]),
            {place: self.megapixels[place] + other.megapixels[place] for place in PLACES},
            self.beside + other.beside,
            self.bright_frames + other.bright_frames,
        )


def sensor_of(kind: SceneKind, size: int) -> Sensor:
    band = Band("band", psf_sigma_px=kind.psf_sigma, gain_e_per_dn=kind.gain_e_per_dn, offset_dn=OFFSET_DN)
    middle = (size - 1) / 2.0
    return Sensor("benchmark", 28e-6, middle, middle, 0.5, 0.4, (band,))


def integrates() -> bool:
    """Tell whether the chain adds frames up along velocities."""
    return "integration_frames" in DetectSettings.model_fields


def modes() -> tuple[str, ...]:
    return ("single", "integrated") if integrates() else ("single",)


def settings_of(rate: float, mode: str = "single") -> DetectSettings:
    """Return the chain's settings, with (``integrated``) or without (``single``) the integration of frames."""
    given: dict[str, Any] = {"false_alarms_per_mpx": rate}
    if integrates() and mode == "single":
        given["integration_frames"] = 1
    return DetectSettings(**given)


def temporal(kind: SceneKind, size: int, rate: float, mode: str = "single", *, threads: int = 1) -> TemporalDetector:
    return TemporalDetector(sensor_of(kind, size), (1, size, size), settings_of(rate, mode), threads=threads)


def bounds(sigma: float, x: float, y: float, signal_e: float, noise_e2: float) -> tuple[float, float, float]:
    """Return the joint Cramér-Rao bounds of x, y (px) and flux (e): background known, the source's own noise in it."""
    step = 1e-3
    share = point(sigma, x, y)[2]
    fx, fy = x - round(x), y - round(y)
    by_x = (point(sigma, fx + step, fy)[2] - point(sigma, fx - step, fy)[2]) / (2.0 * step)
    by_y = (point(sigma, fx, fy + step)[2] - point(sigma, fx, fy - step)[2]) / (2.0 * step)
    slopes = np.stack([signal_e * by_x, signal_e * by_y, share]).reshape(3, -1)
    fisher = (slopes / (noise_e2 + signal_e * share).ravel()) @ slopes.T
    sx, sy, flux = np.sqrt(np.diag(np.linalg.inv(fisher)))
    return float(sx), float(sy), float(flux)


def watch(
    scene: Watched, detectors: Mapping[str, Detector], *, onset: int, edges: NDArray[np.bool_] | None = None
) -> dict[str, Score]:
    """Feed all frames of a scene to the detectors; the targets come with frame ``onset``."""
    books = {name: _Book(scene, onset, edges) for name in detectors}
    for i in range(scene.frames):
        frame = scene.frame(i)
        for name, detector in detectors.items():
            result = detector.process(frame[None], frame=i, time_s=0.5 * i, frame_index=i)
            books[name].note(i, result)
    return {name: book.score() for name, book in books.items()}


class _Book:
    """The rows of one detector on one scene."""

    def __init__(self, scene: Watched, onset: int, edges: NDArray[np.bool_] | None) -> None:
        self._scene, self._onset, self._edges = scene, onset, edges
        self._hits: list[tuple[Any, ...]] = []
        self._alarms: list[tuple[Any, ...]] = []
        self._shifts: list[tuple[float, float]] = []
        self._score = Score.none()

    def note(self, i: int, result: Any) -> None:
        scene, found = self._scene, result.detections
        if i >= SETTLED:
            true = scene.path[i]
            self._shifts.append((result.registration["dx"][0] - true[0], result.registration["dy"][0] - true[1]))
        if SETTLED <= i < self._onset:
            self._note_alarms(i, found)
        elif i >= self._onset:
            self._note_targets(i, found)

    def score(self) -> Score:
        self._score.hits = np.array(self._hits, HIT)
        self._score.alarms = np.array(self._alarms, ALARM)
        self._score.shift_errors = np.array(self._shifts).reshape(-1, 2)
        return self._score

    def _note_alarms(self, i: int, found: NDArray[Any]) -> None:
        scene, edges, last = self._scene, self._edges, self._scene.size - 1
        seen = self._score.megapixels
        seen["all"] += scene.size**2 / 1e6
        seen["edges"] += 0.0 if edges is None else float(edges.sum()) / 1e6
        seen["rim"] += (scene.size**2 - (scene.size - 2 * RIM_PX) ** 2) / 1e6
        for one in found:
            x, y = one["x"] - scene.path[i, 0], one["y"] - scene.path[i, 1]
            column, row = (min(max(round(float(v)), 0), last) for v in (x, y))
            beside = edges is not None and edges[row, column]
            rim = min(one["x"], one["y"], last - one["x"], last - one["y"]) < RIM_PX - 0.5
            self._alarms.append((scene.seed, i, x, y, one["snr"], beside, rim))

    def _note_targets(self, i: int, found: NDArray[Any]) -> None:
        scene = self._scene
        places = np.array([scene.place(target, i) for target in scene.targets])
        apart = np.hypot(found["x"][:, None] - places[:, 0], found["y"][:, None] - places[:, 1])
        own = apart < NEAR
        bright = np.array([target.snr >= BRIGHT for target in scene.targets])
        self._score.bright_frames += int(bright.sum())
        self._score.beside += int(((apart < BESIDE) & bright).any(axis=1)[~own.any(axis=1)].sum())
        phase = float(np.abs(scene.path[i] - np.rint(scene.path[i])).max())
        for k, (target, (x, y)) in enumerate(zip(scene.targets, places, strict=True)):
            row = (scene.seed, k, i - self._onset, target.snr, float(np.hypot(target.vx, target.vy)))
            matches = found[own[:, k]]
            if not len(matches):
                self._hits.append((*row, False, 0, *[np.nan] * 6, phase))
                continue
            best = matches[int(matches["snr"].argmax())]
            frames = int(best["frames"]) if "frames" in found.dtype.fields else 1
            share = point(scene.kind.psf_sigma, x, y)[2]
            noise_e2 = float(target.signal_e**2 * (share**2).sum() / target.snr**2)
            sx, sy, flux = bounds(scene.kind.psf_sigma, x, y, target.signal_e, noise_e2)
            self._hits.append((
                *row, True, frames, best["x"] - x, best["y"] - y, sx, sy,
                best["signal_e"] / target.signal_e, flux / target.signal_e, phase,
            ))  # fmt: skip
