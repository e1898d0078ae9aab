"""What do other finders of points see in the same frames, at the same false-alarm rate.

Two scenes of `_scenes.py`: soft without jitter, hard with jitter of 0.1 px. Every variant of every peer (`_peers.py`)
looks at each frame as it is, and at the frame less the mean of the 24 before (not registered, before the targets). Its
threshold is the one at which 10 points per Mpx are found in frames without targets (bisection); at that threshold it
looks for targets of snr 2 to 200. The table has each peer's best variant for either input: SNR50 as the truth's ``snr``
at which half are found (probit in the logarithm, 90 % bootstrap), "never" where that is beyond 200; loss of the better
input against the single-frame clairvoyant; CPU time on these frames of 256 x 256 px. Boostwatch's own rows are
thresholded in the same way: the single-frame mode on frames, the temporal chain in the other column. The best variant
is taken on the very frames that it is told of, which flatters peers by some tenths of a decibel.

Run: ``python -m benchmarks.peers [--quick] [--json] [--markdown] [--scene N]``
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._contract import Headline, Plot, Result, Series, Table, main
from benchmarks._options import parser
from benchmarks._peers import Image, Peer, Points, peers
from benchmarks._scenes import SCENES, SOFT, Scene, SceneKind, with_targets
from benchmarks._scoring import NEAR, modes, sensor_of, settings_of, temporal
from benchmarks._statistics import Interval, clairvoyant, snr50_interval
from boostwatch.detect import SingleFrameDetector

QUESTION = "what do other finders of points see in the same frames, at the same false-alarm rate"
QUICK_S = 25.5

KINDS = (SOFT, SCENES[0])
SIZE = 256
ONSET = 70
EMPTY = (40, 50, 60, 69)  # frames without targets in which false alarms are counted
LIT = (ONSET, ONSET + 4)  # frames in which targets are looked for
BEFORE = 24  # frames of the mean that is taken away
WEAKEST, STRONGEST = 2.0, 200.0
LEAST, MOST, STEPS = 1.0, 3.0e4, 11  # bisection of the threshold
FRAME, LESS = "frame", "frame less mean"
STILL = "Boostwatch, single-frame mode"
MODE_RATE = 100.0  # per Mpx asked of Boostwatch, whose list is cut


@dataclass
class Exposure:
    """Frames of one scene that everybody looks at."""

    frames: list[Image]  # of EMPTY, then of LIT
    means: list[Image]  # of the frames before each, and before the targets
    own: dict[str, list[NDArray[Any]]]  # Boostwatch's detections by mode
    snr: NDArray[np.float64]
    places: list[Points]  # of the targets in each of LIT


@dataclass
class Trial:
    """How one variant did."""

    variant: str
    threshold: float
    snr50: Interval
    ms_per_mpx: float


Best = dict[str, dict[str, Trial]]
"""The best trial by contender and input."""


@dataclass
class Clock:
    """CPU time by name."""

    spent: dict[str, float] = field(default_factory=dict)

    def run(self, name: str, call: Callable[[], Any]) -> Any:
        start = time.process_time()
        out = call()
        self.spent[name] = self.spent.get(name, 0.0) + time.process_time() - start
        return out


def expose(kind: SceneKind, seed: int, size: int, clock: Clock) -> Exposure:
    """Make a scene's frames and let Boostwatch see them."""
    scene = with_targets(Scene(kind, size, LIT[-1] + 1, seed), ONSET, 24)
    rng = np.random.default_rng([seed, 9])
    for target in scene.targets:
        target.snr = float(np.exp(rng.uniform(np.log(WEAKEST), np.log(STRONGEST))))
    detectors: dict[str, Any] = {f"Boostwatch, {mode}": temporal(kind, size, MODE_RATE, mode) for mode in modes()}
    still = SingleFrameDetector(sensor_of(kind, size), (1, size, size), settings_of(MODE_RATE))
    past: list[Image] = []
    out = Exposure([], [], {name: [] for name in [*detectors, STILL]}, np.array([t.snr for t in scene.targets]), [])
    for i in range(scene.frames):
        dn = scene.frame(i)
        looked_at = i in EMPTY or i in LIT
        looking = {**detectors, STILL: still} if looked_at else detectors
        found = {name: clock.run(name, partial(_look, detector, dn, i)) for name, detector in looking.items()}
        image = dn.astype(np.float32)
        if looked_at:
            out.frames.append(image)
            out.means.append(np.mean(past, axis=0, dtype=np.float32))
            for name, rows in found.items():
                out.own[name].append(rows)
        if i in LIT:
            out.places.append(np.array([scene.place(t, i) for t in scene.targets]))
        if i < ONSET:  # no target in the mean that is taken away
            past = [*past[-(BEFORE - 1) :], image]
    return out


def _look(detector: Any, dn: NDArray[np.uint16], i: int) -> NDArray[Any]:
    found: NDArray[Any] = detector.process(dn[None], frame=i, time_s=0.5 * i, frame_index=i).detections
    return found


def threshold_at(rate: float, work: Sequence[Any], find: Callable[[Any, float], Points], megapixels: float) -> float:
    """Return the threshold at which ``rate`` points per Mpx are found in the frames, by bisection from above."""
    low, high = np.log(LEAST), np.log(MOST)
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        found = 0
        for each in work:
            found += len(find(each, float(np.exp(middle))))
            if found > rate * megapixels:
                break
        low, high = (middle, high) if found > rate * megapixels else (low, middle)
    return float(np.exp(high)) if high < np.log(MOST) else np.inf


def trial(exposures: Sequence[Exposure], images: Sequence[Sequence[Image]], rate: float, peer: Peer) -> Trial:
    """Return how a variant does on the frames of all exposures."""
    clock = Clock()
    work = [[clock.run("prepare", partial(peer.prepare, i)) for i in each] for each in images]
    empty = [w for each in work for w in each[: len(EMPTY)]]
    megapixels = len(empty) * images[0][0].size / 1e6
    threshold = threshold_at(rate, empty, peer.find, megapixels)
    found = [[clock.run("find", partial(peer.find, w, threshold)) for w in each[len(EMPTY) :]] for each in work]
    seen = sum(len(each) for each in work) * images[0][0].size / 1e6
    lit = seen - megapixels
    cost = 1e3 * (clock.spent["prepare"] / seen + clock.spent["find"] / lit)
    return Trial(peer.variant, threshold, _half(exposures, found), cost)


def own_trial(exposures: Sequence[Exposure], name: str, rate: float, ms_per_mpx: float) -> Trial:
    """Return how Boostwatch does, thresholded like the others."""

    def find(rows: NDArray[Any], threshold: float) -> Points:
        rows = rows[rows["snr"] > threshold]
        return np.column_stack([rows["x"], rows["y"]]).astype(float)

    empty = [rows for e in exposures for rows in e.own[name][: len(EMPTY)]]
    threshold = threshold_at(rate, empty, find, len(empty) * exposures[0].frames[0].size / 1e6)
    found = [[find(rows, threshold) for rows in e.own[name][len(EMPTY) :]] for e in exposures]
    return Trial("", threshold, _half(exposures, found), ms_per_mpx)


def _half(exposures: Sequence[Exposure], found: Sequence[Sequence[Points]]) -> Interval:
    """Return SNR50; infinite beyond the strongest target."""
    snr, hit = [], []
    for exposure, frames in zip(exposures, found, strict=True):
        for places, points in zip(exposure.places, frames, strict=True):
            apart = np.hypot(*(places[:, None, k] - points[None, :, k] for k in (0, 1)))
            snr.append(exposure.snr)
            hit.append((apart < NEAR).any(axis=1) if points.size else np.zeros(len(places), bool))
    half = snr50_interval(np.log(np.concatenate(snr)), np.concatenate(hit))
    return Interval(*(float(np.exp(v)) if np.exp(v) < STRONGEST else np.inf for v in half))


def compare(kind: SceneKind, seeds: range, rate: float, size: int = SIZE) -> tuple[Best, list[str]]:
    """Return each contender's best trials on a scene, and who is missing."""
    expose(kind, 0, 64, Clock())  # kernels are compiled
    clock = Clock()
    exposures = [expose(kind, seed, size, clock) for seed in seeds]
    megapixels = len(seeds) * size * size / 1e6
    best: Best = {}
    for name, spent in clock.spent.items():
        looks = len(EMPTY) + len(LIT) if name == STILL else LIT[-1] + 1
        best[name] = {
            FRAME if name == STILL else LESS: own_trial(exposures, name, rate, 1e3 * spent / (looks * megapixels))
        }
    found, missing = peers(kind.psf_sigma)
    inputs = {
        FRAME: [e.frames for e in exposures],
        LESS: [[f - m for f, m in zip(e.frames, e.means, strict=True)] for e in exposures],
    }
    for peer, (source, images) in product(found, inputs.items()):
        one = trial(exposures, images, rate, peer)
        so_far = best.setdefault(peer.name, {})
        if source not in so_far or one.snr50.value < so_far[source].snr50.value:
            so_far[source] = one
    return best, missing


def row(name: str, trials: dict[str, Trial], rate: float) -> list[str]:
    """Return a contender's row of the table."""
    best = min(trials.values(), key=lambda one: one.snr50.value)
    loss = 20.0 * np.log10(best.snr50.value / clairvoyant(rate))
    halves = [trials[source].snr50.told(1) if source in trials else "" for source in (FRAME, LESS)]
    return [name, *halves, f"{loss:.1f}" if np.isfinite(loss) else "-", f"{best.ms_per_mpx:.0f}", best.variant]


def arguments() -> argparse.ArgumentParser:
    """Return the options."""
    command = parser(__doc__, quick="one seed of the second scene")
    command.add_argument("--seeds", type=int, default=None, help="seeds a scene (default 4)")
    command.add_argument("--rate", type=float, default=10.0, help="false alarms per Mpx")
    command.add_argument("--scene", type=int, default=None, choices=range(len(KINDS)), help="only this scene")
    return command


def ranked(best: Best) -> list[tuple[str, Trial]]:
    """Return every contender with its better input, the best first."""
    chosen = [(name, min(trials.values(), key=lambda one: one.snr50.value)) for name, trials in best.items()]
    return sorted(chosen, key=lambda item: item[1].snr50.value)


def headline(report: dict[str, Best]) -> list[Headline]:
    """Return how much fainter the chain sees than the best peer, and how much it needs over the clairvoyant."""
    out = []
    for scene, best in report.items():
        own = {name: one.snr50 for name, one in ranked(best) if name.startswith("Boostwatch") and name != STILL}
        others = [one.snr50 for name, one in ranked(best) if not name.startswith("Boostwatch")]
        for name, half in own.items():
            if others:
                rival = others[0]
                ratio = Interval(rival.value / half.value, rival.low / half.high, rival.high / half.low)
                out.append(Headline.of(f"SNR50 of the best peer / {name}, {scene}", ratio, "higher"))
    return out


def run(options: argparse.Namespace) -> Result:
    """Return a table a scene, headline figures and plots."""
    warnings.simplefilter("ignore")  # peers warn of empty fields and flat boxes
    seeds = range(options.seeds or (1 if options.quick else 4))
    kinds = KINDS[1:] if options.quick else KINDS
    kinds = kinds if options.scene is None else (KINDS[options.scene],)
    report: dict[str, Best] = {}
    missing: list[str] = []
    for kind in kinds:
        report[kind.name], missing = compare(kind, seeds, options.rate)
    header = ["", "on frames", "less the mean before", "loss, dB", "CPU ms/Mpx", "best variant"]
    tables, plots = [], []
    for kind in kinds:
        best, key = report[kind.name], f"scene_{KINDS.index(kind)}"
        rows = [row(name, best[name], options.rate) for name, _ in ranked(best)]
        tables.append(Table(key, f"{kind.name}: SNR50 at {options.rate:g} false alarms per Mpx", header, rows))
        seen = [(name, one.snr50) for name, one in ranked(best) if np.isfinite(one.snr50.value)]
        names, halves = [name for name, _ in seen], [list(half) for _, half in seen]
        series = [Series("better input", names, *(list(v) for v in zip(*halves, strict=True)))]
        floor = [clairvoyant(options.rate)] * len(names)
        series.append(Series("told the background", names, floor, mark=True))
        title = f"{kind.name}: half found, {options.rate:g} false alarms per Mpx"
        plots.append(Plot(key, title, "finder", "SNR50, 1", series, log_y=True))
    told = {
        scene: {name: {source: vars(one) for source, one in trials.items()} for name, trials in best.items()}
        for scene, best in report.items()
    }
    return Result(
        f"0 to {len(seeds) - 1}", tables, headline(report), plots, missing,
        {"rate": options.rate, "missing": missing, "scenes": told},
    )  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main(__name__, arguments, run))
