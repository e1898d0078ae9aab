"""Does the chain hold on platforms in low and in high elliptical orbits?

Renders scenes and runs the whole chain twice, without and with the pointing given to the detector: false alarms per Mpx
(10 are asked for), detection probability by truth ``snr``, false tracks, launches, and how far the shift found for the
middle of the frame is from the true one. Scenes: ``leo_pass`` and ``heo_apogee`` of the library, ``leo_nadir`` (the
first with a camera that looks straight down) and ``heo_descent`` (the second an hour and a half after apogee). Run:
``python -m benchmarks.moving_platform`` (``--scene NAME``, ``--quick``, ``--json``, ``--keep FOLDER``).
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import h5py
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._contract import Headline, Result, Table, main
from benchmarks._options import parser, progress
from benchmarks._statistics import share
from boostwatch import pipeline, store
from boostwatch.detect.flow import places, pose_of
from boostwatch.detect.warp import Stabiliser
from boostwatch.geometry import multiply_quaternions, tilt_quaternion
from boostwatch.scene.library import builtin
from boostwatch.scene.platform import Platform
from boostwatch.scene.scenario import Scenario
from boostwatch.settings import parse_toml

QUESTION = "what does pointing do for the chain in low and elliptical orbits"
QUICK_S = 16.0
QUICK = ("leo_nadir",)
ASKED = 10.0  # false alarms per Mpx

EDGES = (4.0, 6.0, 10.0, 30.0, np.inf)
SCENES: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "leo_pass": ("leo_pass", ()),
    "leo_nadir": (
        "leo_pass",
        (
            ('pointing = "track"', 'pointing = "nadir"'),
            ('mean_anomaly = "38.6 deg"', 'mean_anomaly = "39.9 deg"'),
            ('boresight_longitude = "8.9 deg"', 'boresight_longitude = "9.0 deg"'),
            ('duration = "120 s"', 'duration = "60 s"'),
            ("seed = 20", 'seed = 20\noutside_view = "allow"'),
        ),
    ),
    "heo_apogee": ("heo_apogee", ()),
    "heo_descent": ("heo_apogee", (('mean_anomaly = "176 deg"', 'mean_anomaly = "225 deg"'),)),
}


def scenario_of(name: str) -> Scenario:
    """Return one of the scenes."""
    base, changes = SCENES[name]
    text = builtin(base)
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return parse_toml(text, Scenario, name=f"{name}.toml")


def true_path(scenario: Scenario, stack: Path) -> NDArray[np.float64]:
    """Return how far the ground in the middle of the frame has moved since the first one, px."""
    with h5py.File(stack) as file:
        shift = file["truth/line_of_sight"][:]
    with store.open_stack(stack) as reader:
        sensor, times = reader.sensor, reader.time_s
        middle = 0.5 * (reader.shape[3] - 1), 0.5 * (reader.shape[2] - 1)
    position, planned = Platform(scenario).state(times)
    true = multiply_quaternions(planned, tilt_quaternion(*(shift.T * sensor.ifov_rad)))
    poses = [pose_of(p, a) for p, a in zip(position, true, strict=True)]
    step = [places(sensor, a, b, *middle) for a, b in itertools.pairwise(poses) if a and b]
    return np.concatenate([np.zeros((1, 2)), np.cumsum(np.array(step) - middle, axis=0)])


def figures(events: Path, stack: Path, path: NDArray[np.float64]) -> dict[str, Any]:
    """Return what a run gave."""
    score = pipeline.score(events, stack).as_dict()
    shift = store.read_events(events).registration
    off = np.stack([shift["dx"], shift["dy"]], axis=1) - path[shift["frame"]]
    off = off[np.isfinite(off).all(axis=1)]
    white = off[1:] - off[:-1]
    found = []
    for low, high in itertools.pairwise(EDGES):
        rows = [
            r for r in score["detection"] if r["band"] < 0 and r["snr_from"] >= low and (r["snr_to"] or np.inf) <= high
        ]
        found.append([sum(r["detected"] for r in rows), sum(r["samples"] for r in rows)])
    alarms = score["false_alarms"]
    return {
        "false_alarms_per_mpx": alarms["false_detections_per_mpx"],
        "detected": found,
        "false_tracks": alarms["false_tracks"],
        "false_launches": alarms["false_launches"],
        "launches": [
            [r["name"], r["declared_after_s"], r["ground_error_km"], r["inside_ellipse"]] for r in score["launches"]
        ],
        "shift_drift_px": [float(v) for v in off[-1] - off[0]],
        "shift_white_px": float(np.sqrt(0.5 * np.mean(white**2))),
    }


def both_ways(name: str, folder: Path) -> dict[str, Any]:
    """Return both runs of a scene."""
    scenario, stack = scenario_of(name), folder / f"{name}.h5"
    if not stack.exists():
        pipeline.simulate(scenario, stack, jobs=2)
    path = true_path(scenario, stack)
    out: dict[str, Any] = {"scene": name}
    for way in ("without", "with"):
        events = folder / f"{name}.{way}.h5"
        if way == "without":
            with mock.patch.object(Stabiliser, "look", return_value=False):
                pipeline.detect(stack, events)
        else:
            pipeline.detect(stack, events)
        out[way] = figures(events, stack, path)
    return out


def told(launch: list[Any]) -> str:
    """Return what became of a launch."""
    name, after, km, inside = launch
    if after is None:
        return f"{name} not declared"
    return f"{name} {after:.1f} s, " + (
        "place not known" if km is None else f"{km:.2f} km{'' if inside else ' OUTSIDE'}"
    )


def rows_of(result: dict[str, Any]) -> list[list[str]]:
    """Return a row a way."""
    return [
        [
            f"{result['scene']}, {way} pointing", f"{r['false_alarms_per_mpx']:.1f}",
            *(f"{hits}/{trials}" for hits, trials in r["detected"]), str(r["false_tracks"]), str(r["false_launches"]),
            ", ".join(f"{v:.2f}" for v in r["shift_drift_px"]), f"{r['shift_white_px']:.3f}",
            "; ".join(map(told, r["launches"])),
        ]
        for way in ("without", "with")
        for r in [result[way]]
    ]  # fmt: skip


def headline(results: list[dict[str, Any]]) -> list[Headline]:
    """Return false alarms and detections with pointing."""
    out = []
    for result in results:
        row, scene = result["with"], result["scene"]
        found = row["false_alarms_per_mpx"] / ASKED
        out.append(Headline(f"false alarms found / asked, {scene}, with pointing", found, "lower", goal=1.0))
        hits, trials = row["detected"][EDGES.index(10.0)]
        name = f"share of samples of snr 10 to 30 detected, {scene}, with pointing"
        out.append(Headline.of(name, share(hits, trials), "higher"))
    return out


def arguments() -> argparse.ArgumentParser:
    """Return the options."""
    command = parser(__doc__, quick=f"only {', '.join(QUICK)}")
    command.add_argument("--scene", action="append", choices=SCENES, help="this one only; may be repeated")
    command.add_argument("--keep", type=Path, help="folder for stacks and events; stacks that are there are used again")
    return command


def run(options: argparse.Namespace) -> Result:
    """Return the table and its headline figures."""
    results = []
    with tempfile.TemporaryDirectory() as place:
        folder = options.keep or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        for name in options.scene or (QUICK if options.quick else SCENES):
            progress(name)
            results.append(both_ways(name, folder))
    progress("")
    spans = [
        f"{low:g} to {high:g}" if np.isfinite(high) else f"above {low:g}" for low, high in itertools.pairwise(EDGES)
    ]
    header = [
        "scene", "false alarms per Mpx", *(f"snr {span}" for span in spans), "false tracks", "false launches",
        "drift of the shift x, y, px", "white error, px", "launches",
    ]  # fmt: skip
    rows = [row for result in results for row in rows_of(result)]
    table = Table("platforms", f"Detected samples by snr, {ASKED:g} false alarms per Mpx asked for", header, rows)
    return Result("of the scenes", [table], headline(results), figures={"scenes": results})


if __name__ == "__main__":
    raise SystemExit(main(__name__, arguments, run))
