"""How near does the launch fit come to the bound of its own model, and are its own errors true?

Truth is drawn from the model that `boostwatch.track.locate` states: boosts of the family of `boost.py` with their
parameters from its priors, seen by one geostationary sensor (2 Hz, 28 urad a pixel) with white errors of 0.08 px, a
pointing bias of 10 urad an axis and the white acceleration that the fit allows real boosts. What the priors say
together is met by rejection: time and height of first sight belong together, and what does not lift off is no launch.
A launch comes into sight in one of two ways (`FIRST_SEEN`), which the fit is not told; one case is a slice of the
second at a height of 20 km, for which nothing promises an unbiased answer.

The bound is the Bayesian one, a draw at a time: the inverse of the Fisher information of the lines of sight, by central
differences at the true parameters, plus the information of the priors of all parameters, nuisance ones too. The ratio
is the rms error of the launch point over the root of the mean bound. ``van Trees`` is the same over the inverse of the
mean information (Van Trees, Detection, Estimation, and Modulation Theory I, 1968, section 2.4): no estimator beats that
one on the average, but it knows nothing of how views differ. The first is no strict bound: what the priors cut off
(launches before first sight, weak thrust) is not in it.

Own errors: share of launch points inside the own 95 % ellipse, rms of the errors of time and heading in own sigmas.

Run: ``python -m benchmarks.launch_bound [--quick] [--json] [--markdown] [--draws N] [--only NAME]``
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._contract import Headline, Plot, Result, Series, Table, main
from benchmarks._options import parser, progress
from benchmarks._statistics import bootstrap, share
from boostwatch import geometry as g
from boostwatch.track import locate as model
from boostwatch_kernels.boost import boost_paths

Array = NDArray[np.float64]

QUESTION = "how near does the launch fit come to the bound of its own model, and are its own errors true"
QUICK_S = 10.5

IFOV_RAD, PERIOD_S = 28e-6, 0.5
SIGMA_PX, BIAS_RAD = 0.08, 10e-6
SENSOR_M = g.geodetic_to_itrs(0.0, 20.0, 35_786_000.0)
LEAST_THRUST = 11.5
"""Thrust over mass, m/s2, that lifts off."""
GOAL = 1.3
R_KM = 6371.0
FIRST_SEED = 1


class Case(NamedTuple):
    """What is asked of the draws."""

    name: str
    view_deg: tuple[float, float] = (25.0, 45.0)
    """Arc between the launch point and the point below the sensor."""
    length_s: float = 40.0
    seen: int = 0
    """Which of `FIRST_SEEN` is true; the fit is not told."""
    first_height_m: float | None = None
    """Height at first sight; None: as the prior has it."""


CASES = (
    Case("good view"),
    Case("out of high cloud", seen=1),
    Case("cloud until 20 km", seen=1, first_height_m=20e3),
    Case("10 s of track", length_s=10.0),
    Case("oblique view", view_deg=(60.0, 68.0)),
)


class Draw(NamedTuple):
    """One launch: the kernel's parameters (12,), times since the first line (N,), axes (2, 3), and the lines seen."""

    theta: Array
    seen: model.FirstSeen
    times: Array
    axes: Array
    covariance: Array
    lines: model.Lines


def first_sight(theta: Array, height_m: float) -> float:
    """Return the time at which a boost (12,) that starts at 0 s passes a height; NaN within 100 s for never."""
    t = np.arange(0.0, 100.0, 0.25)
    path = np.empty((1, len(t), 3))
    boost_paths(theta[None], t, path)
    above = g.itrs_to_geodetic(path[0])[2] > height_m
    return float(t[above][0]) if above.any() else math.nan


def boost(case: Case, rng: np.random.Generator) -> Array:
    """Return the kernel's parameters (12,) of a boost first seen at 0 s, by rejection from the priors."""
    arc = math.radians(rng.uniform(*case.view_deg))
    around = rng.uniform(0.0, 2 * math.pi)
    lat = math.asin(math.sin(arc) * math.cos(around))
    lon = math.radians(20.0) + math.atan2(math.sin(arc) * math.sin(around), math.cos(arc))
    seen = model.FIRST_SEEN[case.seen]
    while True:
        theta = np.empty(12)
        theta[:2], theta[2] = (lat, lon), 0.0
        theta[3] = rng.uniform(0.0, 2 * math.pi)
        theta[4:] = np.exp(model.PATH_MEAN + model.PATH_SIGMA * rng.normal(size=8))
        if theta[4] < LEAST_THRUST:
            continue
        if case.first_height_m is not None:
            after = first_sight(theta, case.first_height_m)
            if math.isfinite(after):
                theta[2] = -after
                return theta
            continue
        theta[2] = rng.normal(*seen.start_s)
        if theta[2] > 0.0:
            continue
        path = np.empty((1, 1, 3))
        boost_paths(theta[None], np.zeros(1), path)
        height = float(g.itrs_to_geodetic(path[0, 0])[2])
        if rng.uniform() < math.exp(-0.5 * ((height - seen.height_m[0]) / seen.height_m[1]) ** 2):
            return theta


def sight(case: Case, rng: np.random.Generator) -> Draw:
    """Return the lines of sight of a boost with the errors that the model states."""
    theta = boost(case, rng)
    times = np.arange(0.0, min(case.length_s, model.FIT_S) + 1e-9, PERIOD_S)
    path = np.empty((1, len(times), 3))
    boost_paths(theta[None], times, path)
    to = path[0] - SENSOR_M
    distance = np.linalg.norm(to, axis=1, keepdims=True)
    axes = g.quaternion_to_matrix(g.look_at(SENSOR_M, path[0, 0]))[:, :2].T
    low, high = np.minimum(times[:, None], times), np.maximum(times[:, None], times)
    low, high = low + 15.0, high + 15.0
    wander = model.DISCREPANCY * low**2 * (3 * high - low) / 6.0 / float(distance[0, 0]) ** 2
    covariance = wander + (SIGMA_PX * IFOV_RAD) ** 2 * np.eye(len(times))
    error = np.linalg.cholesky(covariance) @ rng.normal(size=(len(times), 2)) + rng.normal(0.0, BIAS_RAD, 2)
    line = to / distance + error @ axes
    line /= np.linalg.norm(line, axis=1, keepdims=True)
    n = len(times)
    lines = model.Lines(
        times, np.tile(SENSOR_M, (n, 1)), line, np.tile(axes, (n, 1, 1)),
        np.full((n, 2), (SIGMA_PX * IFOV_RAD) ** 2), BIAS_RAD,
    )  # fmt: skip
    return Draw(theta, model.FIRST_SEEN[case.seen], times, axes, covariance, lines)


SCALE = np.array([1.0 / R_KM, 1.0 / R_KM, 1.0, 1.0, *[1.0] * 8])
"""What a unit of each parameter of the information is: km north and east, s, rad, and logarithms."""
STEP = np.array([0.05, 0.05, 0.02, 0.01, *[0.01] * 8])


def moved(theta: Array, step: Array) -> Array:
    """Return the kernel's parameters (12,) a step (12,) away, in the units of `SCALE`."""
    out = theta.copy()
    out[0] += step[0] * SCALE[0]
    out[1] += step[1] * SCALE[1] / math.cos(theta[0])
    out[2:4] += step[2:4]
    out[4:] *= np.exp(step[4:])
    return out


def information(draw: Draw) -> Array:
    """Return the information (14, 14) of the lines of sight and of the priors; bias last, in sigmas."""
    many = np.array([moved(draw.theta, sign * STEP * unit) for unit in np.eye(12) for sign in (1.0, -1.0)])
    path = np.empty((24, len(draw.times), 3))
    boost_paths(many, draw.times, path)
    to = path - SENSOR_M
    angle = (to / np.linalg.norm(to, axis=2, keepdims=True)) @ draw.axes.T  # (24, N, 2)
    slope = np.zeros((2, len(draw.times), 14))
    slope[:, :, :12] = ((angle[0::2] - angle[1::2]) / (2 * STEP[:, None, None])).transpose(2, 1, 0)
    for k in range(2):
        slope[k, :, 12 + k] = BIAS_RAD
    inverse = np.linalg.inv(draw.covariance)
    data = np.einsum("kni,nm,kmj->ij", slope, inverse, slope)
    prior = np.zeros((14, 14))
    sigma = model.PRIOR_SIGMA.copy()
    sigma[2], sigma[3] = np.inf, math.pi / math.sqrt(3.0)  # of a uniform heading: where nothing else tells
    prior += np.diag(sigma**-2.0)
    height = g.itrs_to_geodetic(path[:, 0])[2]
    climb = np.zeros(14)
    climb[:12] = (height[0::2] - height[1::2]) / (2 * STEP)
    prior += np.outer(climb, climb) / draw.seen.height_m[1] ** 2
    prior[2, 2] += draw.seen.start_s[1] ** -2.0
    out: Array = data + prior
    return out


class Trial(NamedTuple):
    """One draw, fitted."""

    error2: float  # of the launch point, km2
    bound2: float
    own2: float  # what the fit says of it
    inside: bool
    late: float  # error of the launch time in own sigmas
    turn: float  # of the heading
    late_s: float
    bound_s: float
    spent_s: float  # CPU
    information: Array


def trial(case: Case, seed: int) -> Trial:
    """Draw a launch, fit it and hold it against truth and bound."""
    draw = sight(case, np.random.default_rng([seed, 31]))
    begun = time.process_time()
    found = model.locate(draw.lines)
    spent = time.process_time() - begun
    assert found is not None
    total = information(draw)
    bound = np.linalg.inv(total)
    north = (math.radians(found.latitude_deg) - draw.theta[0]) * R_KM
    east = (math.radians(found.longitude_deg) - draw.theta[1] + math.pi) % (2 * math.pi) - math.pi
    error = np.array([north, east * math.cos(draw.theta[0]) * R_KM])
    inside = float(error @ np.linalg.solve(found.covariance_km2, error)) < model.CHI2_95
    late = found.launch_time_s - float(draw.theta[2])
    turn = (found.heading_deg - math.degrees(draw.theta[3]) + 180.0) % 360.0 - 180.0
    return Trial(
        float(error @ error), float(np.trace(bound[:2, :2])), float(np.trace(found.covariance_km2)), inside,
        late / found.launch_time_sigma_s, turn / found.heading_sigma_deg, late, math.sqrt(bound[2, 2]), spent, total,
    )  # fmt: skip


def ratio(pairs: Array) -> float:
    """Return the root of the ratio of two mean squares, (N, 2)."""
    return float(np.sqrt(pairs[:, 0].mean() / pairs[:, 1].mean()))


def figures(case: Case, draws: int) -> dict[str, Any]:
    """Return the figures of a case."""
    done = [trial(case, FIRST_SEED + n) for n in range(draws)]
    error2, bound2, own2 = (np.array([getattr(t, name) for t in done]) for name in ("error2", "bound2", "own2"))
    each, one = np.arange(draws), np.ones(draws)
    strict = float(np.trace(np.linalg.inv(np.mean([t.information for t in done], axis=0))[:2, :2]))
    late, turn = (np.array([getattr(t, name) for t in done]) ** 2 for name in ("late", "turn"))
    times = np.array([(t.late_s**2, t.bound_s**2) for t in done])
    return {
        "draws": draws, "rms_km": math.sqrt(error2.mean()), "bound_km": math.sqrt(bound2.mean()),
        "ratio": bootstrap(np.stack([error2, bound2], axis=1), each, ratio),
        "van_trees": math.sqrt(error2.mean() / strict), "own": ratio(np.stack([error2, own2], axis=1)),
        "inside": share(sum(t.inside for t in done), draws), "time_ratio": bootstrap(times, each, ratio),
        "time_sigmas": bootstrap(np.stack([late, one], axis=1), each, ratio),
        "heading_sigmas": bootstrap(np.stack([turn, one], axis=1), each, ratio),
        "ms": 1e3 * float(np.mean([t.spent_s for t in done])),
    }  # fmt: skip


def tables(report: dict[str, Any]) -> list[Table]:
    """Return both tables."""
    rows = [
        [
            name, f"{r['rms_km']:.2f}", f"{r['bound_km']:.2f}", r["ratio"].told(), f"{r['van_trees']:.2f}",
            r["time_ratio"].told(), f"{r['ms']:.0f}",
        ]
        for name, r in report.items()
    ]  # fmt: skip
    header = ["case", "rms error, km", "bound, km", f"ratio (goal {GOAL:g})", "van Trees", "launch time", "ms a fit"]
    point = Table("bound", "Launch point against the bound", header, rows)
    rows = [
        [name, r["inside"].told(3), f"{r['own']:.2f}", r["time_sigmas"].told(), r["heading_sigmas"].told()]
        for name, r in report.items()
    ]
    header = ["case", "inside 95 % ellipse", "rms error / own", "launch time, own sigmas", "heading, own sigmas"]
    return [point, Table("own_errors", "Own errors", header, rows)]


def headline(report: dict[str, Any]) -> list[Headline]:
    """Return the figures that later runs are held against."""
    out = []
    for name, row in report.items():
        out.append(Headline.of(f"rms error / bound, {name}", row["ratio"], "lower", goal=GOAL))
        out.append(Headline.of(f"inside 95 % ellipse, {name}", row["inside"], "near", goal=0.95))
    return out


def plot(report: dict[str, Any]) -> Plot:
    """Return the ratio to the bound by case."""
    names = list(report)
    ratios = [list(v) for v in zip(*(row["ratio"] for row in report.values()), strict=True)]
    series = [Series("fit", names, *ratios), Series("goal", names, [GOAL] * len(names), mark=True)]
    return Plot("bound", "Launch point against its bound", "case", "rms error over bound, 1", series)


def arguments() -> argparse.ArgumentParser:
    """Return the options."""
    command = parser(__doc__, quick="25 draws a case")
    command.add_argument("--draws", type=int, default=None, help="draws a case (default 400)")
    command.add_argument("--only", default="", help="cases whose name contains this")
    return command


def run(options: argparse.Namespace) -> Result:
    """Return tables, headline figures and the plot."""
    draws = options.draws or (25 if options.quick else 400)
    report = {}
    for case in CASES:
        if options.only in case.name:
            report[case.name] = figures(case, draws)
            progress(f"{case.name}: {draws} draws")
    progress("")
    seeds = f"{FIRST_SEED} to {FIRST_SEED + draws - 1}"
    return Result(seeds, tables(report), headline(report), [plot(report)], [f"{draws} draws a case"], report)


if __name__ == "__main__":
    raise SystemExit(main(__name__, arguments, run))
