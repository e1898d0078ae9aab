"""Detection lists with their truth, drawn by a way of their own: points that move, false alarms, blinking pixels.

A frame a second. Targets appear at random in the first half of a run and burn for 90 to 210 frames; they move with 0.2
to 1 px/frame at first and a steady acceleration of 0.002 to 0.015 px/frame2, up to 45 degrees off the motion. A
detection's ``snr`` is normal about the target's and cut at the threshold; that of false alarms is the tail of the
normal law.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from boostwatch.records import DETECTION, Records, empty

Array = NDArray[np.float64]

PERIOD_S = 1.0
SIGMA_PX = 0.3
BLINK_ON, BLINK_DWELL = 0.1, 5.0  # share of the time a blinking pixel is lit, and frames it stays so
SPEED, GROWTH = (0.2, 1.0), (0.002, 0.015)  # px/frame of a target at first, and its acceleration, px/frame2
BURN = (90, 211)  # frames that a target lasts


@dataclass(frozen=True)
class Case:
    """What makes a run."""

    name: str
    pd: float = 0.9
    false_alarms: float = 20.0  # a frame
    targets: int = 10
    size: int = 1024
    frames: int = 300
    blinking: int = 0
    jitter: float = 0.0  # px rms an axis, not told to the tracker
    walk: float = 0.0  # px/frame rms an axis, the same
    salvo: float = 0.0  # targets start within so many px, within 20 frames

    @property
    def threshold(self) -> float:
        """Standard deviations at which noise alone gives the false alarms, independent in every other pixel."""
        return float(-ndtri(min(2.0 * self.false_alarms / self.size**2, 0.4)))

    @property
    def snr(self) -> float:
        """What a target must have to be detected with ``pd``."""
        return self.threshold + float(ndtri(self.pd))


@dataclass
class Run:
    """Detections and truth of one run."""

    case: Case
    detections: list[Records]  # a frame each
    source: list[NDArray[np.int64]]  # target of each detection, -1 for a false alarm, -2 for a blinking pixel
    places: Array = field(repr=False)  # (targets, frames, 2) on the focal plane, NaN before the start and after the end
    births: NDArray[np.int64] = field(repr=False)
    defects: Array = field(repr=False)  # (blinking, 2)

    def truth(self, frame: int) -> Array:
        """Return the positions of the targets in a frame, (N, 2)."""
        at = self.places[:, frame]
        return at[np.isfinite(at[:, 0])]


def _paths(case: Case, rng: np.random.Generator) -> tuple[Array, NDArray[np.int64]]:
    """Return positions in the scene (targets, frames, 2), NaN where there is nothing, and first frames."""
    out = np.full((case.targets, case.frames, 2), np.nan)
    births = np.sort(rng.integers(0, case.frames // 2, case.targets))
    centre = rng.uniform(0.35, 0.65, 2) * case.size
    if case.salvo:
        births = births[0] + np.sort(rng.integers(0, 20, case.targets))
    for k in range(case.targets):
        n = min(case.frames - births[k], int(rng.integers(*BURN)))
        t = np.arange(n)[:, None]
        while True:
            angle = rng.uniform(0.0, 2.0 * np.pi)
            push = angle + rng.uniform(-np.pi / 4, np.pi / 4)
            if case.salvo:
                radius = 0.5 * case.salvo * np.sqrt(rng.uniform())
                turn = rng.uniform(0.0, 2.0 * np.pi)
                start = centre + radius * np.array([np.cos(turn), np.sin(turn)])
            else:
                start = rng.uniform(0.02, 0.98, 2) * case.size
            speed, growth = rng.uniform(*SPEED), rng.uniform(*GROWTH)
            path = (
                start
                + speed * t * np.array([np.cos(angle), np.sin(angle)])
                + 0.5 * growth * t * t * np.array([np.cos(push), np.sin(push)])
            )
            if (path >= 0).all() and (path <= case.size - 1).all():
                break
        out[k, births[k] : births[k] + n] = path
    return out, births


def draw(case: Case, seed: int) -> Run:
    """Return a run; it depends on case and seed alone."""
    rng = np.random.default_rng([seed, 11])
    scene, births = _paths(case, rng)
    line = rng.normal(0.0, case.jitter, (case.frames, 2)) if case.jitter else np.zeros((case.frames, 2))
    if case.walk:
        line += np.cumsum(rng.normal(0.0, case.walk, (case.frames, 2)), axis=0)
    places = scene + line
    defects = rng.integers(8, case.size - 8, (case.blinking, 2)).astype(np.float64)
    lit = rng.random(case.blinking) < BLINK_ON
    strength = case.threshold + rng.uniform(0.5, 8.0, case.blinking)
    off = 1.0 / BLINK_DWELL
    on = off * BLINK_ON / (1.0 - BLINK_ON)
    detections, source = [], []
    for frame in range(case.frames):
        xy, snr, who = [], [], []
        there = np.flatnonzero(np.isfinite(places[:, frame, 0]))
        level = rng.normal(case.snr, 1.0, len(there))
        seen = level > case.threshold
        xy.append(places[there[seen], frame] + rng.normal(0.0, SIGMA_PX, (int(seen.sum()), 2)))
        snr.append(level[seen])
        who.append(there[seen])
        count = rng.poisson(case.false_alarms)
        xy.append(rng.uniform(-0.5, case.size - 0.5, (count, 2)))
        snr.append(-ndtri(ndtr(-case.threshold) * rng.uniform(1e-12, 1.0, count)))
        who.append(np.full(count, -1))
        lit = np.where(lit, rng.random(case.blinking) >= off, rng.random(case.blinking) < on)
        level = rng.normal(strength, 1.0)
        shown = lit & (level > case.threshold)
        xy.append(defects[shown] + rng.normal(0.0, SIGMA_PX, (int(shown.sum()), 2)))
        snr.append(level[shown])
        who.append(np.full(int(shown.sum()), -2))
        at, strong, name = np.concatenate(xy), np.concatenate(snr), np.concatenate(who)
        inside = ((at > -0.5) & (at < case.size - 0.5)).all(axis=1)
        at, strong, name = at[inside], strong[inside], name[inside]
        rows = empty(DETECTION, len(at))
        rows["frame"], rows["time_s"] = frame, PERIOD_S * frame
        rows["x"], rows["y"] = at.T
        rows["sigma_x"] = rows["sigma_y"] = SIGMA_PX
        rows["signal_e"], rows["signal_sigma_e"] = 100.0 * strong, 100.0
        rows["snr"], rows["track_id"], rows["frames"] = strong, -1, 1
        detections.append(rows)
        source.append(name.astype(np.int64))
    return Run(case, detections, source, places, births, defects)
