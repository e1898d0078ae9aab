"""How true is the shift of a frame, and what it says of its own error, with texture and without.

Scenes of `_event_scenes.py` that have clouds, with 0.1 px of noise in the reported attitude and other jitter than they
have; and the same without the clouds, when ground and sea have next to no texture at 2.7 and 4.3 um. From the 20th
frame on:

- error: rms of what the shift is wrong by from frame to frame, an axis, over sqrt 2; a slow error, as of drifting
  clouds, is not in it but in the last column, the rms about its mean over the run;
- told: rms of ``sigma`` in ``/registration``;
- ratio: rms of the error in units of ``sigma``.

Run: ``python -m benchmarks.shifts [--quick] [--json] [--markdown]``
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import boostwatch
from benchmarks._contract import Headline, Result, Table, main
from benchmarks._event_scenes import scene
from benchmarks._options import parser, progress
from benchmarks._statistics import Interval, bootstrap
from boostwatch.detect import make_detector
from boostwatch.settings import ChainSettings

QUESTION = "how true is the shift of a frame, and what it says of its own error, with texture and without"
QUICK_S = 6.0

JITTERS_PX = (0.04, 0.1, 0.2)
FIRST_SEED, FIRST_FRAME = 8000, 20


def errors(seed: int, jitter_px: float, *, cloud: bool, told: bool) -> tuple[Any, Any]:
    """Return what the shifts (T, 2) of a run are wrong by, and the sigmas (T,) told, px."""
    scenario = scene(seed, launches=0, duration_s=60.0)
    scenario["line_of_sight"] = {"jitter": f"{jitter_px} px", "drift": "0.01 px/s", "attitude_noise": "3 urad"}
    if not cloud:
        scenario["clouds"] = []
    run = boostwatch.simulate(scenario, jobs=2)
    made = run._renderer
    count, bands, height, width = run.frames.shape
    detector = make_detector(
        run.sensor, (bands, height, width), ChainSettings().detect, bad_pixels=made.bad_pixels, gain=made.gain,
        offset=made.offset, pointing_noise_rad=made.attitude_noise_sigma_rad if told else math.nan,
    )  # fmt: skip
    rows = [
        detector.process(
            run.frames[i], frame=i, time_s=float(run.time_s[i]), frame_index=i, position_m=run.position_m[i],
            attitude=run.attitude[i],
        ).registration[0]
        for i in range(count)
    ]  # fmt: skip
    found = np.array([(r["dx"], r["dy"]) for r in rows])
    wrong = found - np.asarray(run.truth.line_of_sight)
    return wrong[FIRST_FRAME:], np.array([r["sigma"] for r in rows])[FIRST_FRAME:]


def figures(jitter_px: float, seeds: list[int], *, cloud: bool, told: bool) -> dict[str, Interval]:
    """Return the figures of some runs, with intervals over runs."""
    each = []
    for seed in seeds:
        wrong, sigma = errors(seed, jitter_px, cloud=cloud, told=told)
        step = np.diff(wrong, axis=0)
        fair = (sigma[1:] ** 2 + sigma[:-1] ** 2)[:, None]
        slow = wrong - wrong.mean(axis=0)
        each.append(((step**2).mean() / 2.0, (sigma**2).mean(), (step**2 / fair).mean(), (slow**2).mean()))
    table, groups = np.array(each), np.arange(len(each))
    names = ("error", "told", "ratio", "slow")
    return {
        name: bootstrap(column, groups, lambda v: float(np.sqrt(v.mean())))
        for name, column in zip(names, table.T, strict=True)
    }


def arguments() -> argparse.ArgumentParser:
    """Return the options."""
    return parser(__doc__, quick="one run each at 0.1 px without clouds")


def run(options: argparse.Namespace) -> Result:
    """Return a row a case."""
    cloudy = [seed for seed in range(FIRST_SEED, FIRST_SEED + 20) if len(scene(seed, launches=0)["clouds"]) > 1]
    seeds = cloudy[: 1 if options.quick else 5]
    cases = [
        (f"{what}, jitter {jitter_px:g} px{'' if told else ', attitude not told'}", jitter_px, what == "cloud", told)
        for what in ("cloud", "clear")
        for told in (True, False)
        for jitter_px in (JITTERS_PX if told else JITTERS_PX[1:2])
        if not options.quick or (what == "clear" and jitter_px == JITTERS_PX[1])
    ]
    found = {}
    for name, jitter_px, cloud, told in cases:
        found[name] = figures(jitter_px, seeds, cloud=cloud, told=told)
        progress(f"{name}: {found[name]['error'].told(3)} px")
    progress("")
    rows = [[name, *(row[key].told(3) for key in ("error", "told", "ratio", "slow"))] for name, row in found.items()]
    header = ["scene", "error, px", "told, px", "ratio", "slow error, px"]
    ratio = found[f"clear, jitter {JITTERS_PX[1]:g} px"]["ratio"]
    return Result(
        ", ".join(map(str, seeds)), [Table("shifts", "Shifts", header, rows)],
        [Headline.of("error over what is told, clear", ratio, "lower")], figures={"cases": found},
    )  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main(__name__, arguments, run))
