"""Are launches declared, how soon, where, and what else is called a launch?

Random scenes of `_event_scenes.py` from geostationary orbit (192 x 192 px, two bands, 2 Hz, 120 s): any hour, season
and weather, every confuser, unknown bad pixels, jitter and drift. Each is rendered, searched and followed with default
settings.

- Launches: one a scene, of those with truth ``snr`` above 8 at some time. Latency is from the first frame with truth
  ``snr`` above 6 to the declaration; beside it stand how much of that the ``snr`` was above 6 (some show in a gap of a
  cloud and hide again) and when anyone could tell that it moves (`_event_limits.py`).
  Errors of times and heading are in the event's own sigmas, and whether the launch point lies in the event's own 95 %
  ellipse.
- False launches: events that end as ``launch`` and belong to none, in scenes without launches, an hour.
- Beside: fires, flares, aircraft and satellites that are events and lie on nothing (a bad pixel is something), a scene
  without launches. A part of them are light of sources that the truth has no sample of, as the far side of a field of
  flares.
- Calibration: ``p_launch`` of all events and of confirmed tracks at their end, in bins, against the share that are
  launches; the error is the mean difference, weighted by counts.

Run: ``python -m benchmarks.events [--quick] [--json] [--markdown] [--scenes N] [--empty N] [--keep FOLDER]``
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._contract import Headline, Plot, Result, Series, Table, main
from benchmarks._event_limits import in_sight, told_by_motion
from benchmarks._options import parser, progress
from benchmarks._replay import recording, replay
from benchmarks._statistics import Interval, bootstrap, poisson, share

QUESTION = "are launches declared, how soon, where; what else is called a launch; is p_launch calibrated"
QUICK_S = 22.0

FIRST_SEED, FIRST_EMPTY = 1, 100_001
SEEN, FIRST_SEEN = 8.0, 6.0
DURATION_S = 120.0
NAMED = ("fire", "flare", "aircraft", "satellite")
BINS = np.array([0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1.0001])
GOALS = {"declared": 0.99, "median": 4.0, "95 %": 12.0, "inside": "0.93 to 0.97", "false": 0.05, "calibration": 0.03}


def quantiles(values: NDArray[np.float64], at: list[float]) -> list[float]:
    """Return quantiles; NaN of nothing."""
    return [float(q) for q in np.quantile(values, at)] if len(values) else [np.nan] * len(at)


def launches(folder: Path, count: int) -> dict[str, Any]:
    """Return what became of the launches of some scenes."""
    rows, confusion = [], Counter[tuple[str, str]]()
    chances: list[tuple[float, bool]] = []
    false = 0
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        made = recording(folder, seed, launches=1, duration_s=DURATION_S)
        tables, result, _ = replay(made)
        limit = told_by_motion(made, FIRST_SEEN)
        score = result.as_dict()
        objects = {row["name"]: row for row in score["objects"]}
        for row in score["launches"]:
            after_s = row["declared_after_s"] if row["declared"] else None
            sight = None if after_s is None else in_sight(made, FIRST_SEEN, after_s)
            peak = objects[row["name"]]["peak_snr"] or 0.0
            rows.append({**row, "seed": seed, "peak_snr": peak, "limit_s": limit, "sight_s": sight})
        for row in score["objects"]:
            confusion[row["kind"], row["event_kind"] or row["outcome"]] += 1
        false += score["false_alarms"]["false_launches"]
        mine = {row["event_id"] for row in score["launches"]}
        chances += [(float(e["p_launch"]), int(e["event_id"]) in mine) for e in tables.events]
        progress(f"{seed - FIRST_SEED + 1} of {count} scenes")
    seen = [row for row in rows if row["peak_snr"] > SEEN]
    declared = [row for row in seen if row["declared"]]

    def figures(name: str) -> NDArray[np.float64]:
        return np.array([row[name] for row in declared if row[name] is not None], np.float64)

    late, sight = figures("declared_after_s"), figures("sight_s")
    limits = np.array([row["limit_s"] for row in seen], np.float64)
    inside = np.array([bool(row["inside_ellipse"]) for row in declared])
    return {
        "launches": len(seen),
        "declared": share(len(declared), len(seen)),
        "missed": [(row["seed"], round(row["peak_snr"], 1)) for row in seen if not row["declared"]],
        "latency_s": quantiles(late, [0.5, 0.9, 0.95]),
        "late_s": late.tolist(),
        "sight_s": quantiles(sight, [0.5, 0.9, 0.95]),
        "limit_s": quantiles(limits[np.isfinite(limits)], [0.5, 0.9, 0.95]),
        "inside": share(int(inside.sum()), len(inside)),
        "ground_km": quantiles(figures("ground_error_km"), [0.5, 0.95]),
        "errors": {
            key: [float(v.mean()), float(np.sqrt((v**2).mean()))]
            for key in ("launch_time_error_sigmas", "heading_error_sigmas", "burnout_time_error_sigmas")
            for v in [figures(key)]
            if len(v)
        },
        "false": false,
        "confusion": {f"{a}: {b}": n for (a, b), n in sorted(confusion.items())},
        "chances": chances,
    }


def empty(folder: Path, count: int) -> dict[str, Any]:
    """Return the false launches of scenes without launches."""
    false, chances, said, named = [], [], 0, Counter[str]()
    for seed in range(FIRST_EMPTY, FIRST_EMPTY + count):
        tables, result, declared = replay(recording(folder, seed, launches=0, duration_s=DURATION_S))
        score = result.as_dict()
        number = score["false_alarms"]["false_launches"]
        named.update({kind: n for kind, n in score["confusion"].get("none", {}).items() if kind in NAMED})
        false += [seed] * number
        said += declared
        chances += [(float(e["p_launch"]), False) for e in tables.events]
        progress(f"{seed - FIRST_EMPTY + 1} of {count} empty scenes")
    hours = count * DURATION_S / 3600.0
    return {
        "hours": hours,
        "false": len(false),
        "an_hour": poisson(len(false), hours),
        "declared_an_hour": poisson(said, hours),
        "seeds": false,
        "named": dict(sorted(named.items())),
        "named_a_scene": poisson(named.total(), count),
        "chances": chances,
    }


def calibration(chances: list[tuple[float, bool]]) -> tuple[float, list[list[str]]]:
    """Return the mean error of probabilities, and a row a bin."""
    p = np.array([c for c, _ in chances])
    true = np.array([t for _, t in chances])
    rows, error = [], 0.0
    for low, high in pairwise(BINS):
        mine = (p >= low) & (p < high)
        if not mine.any():
            continue
        said, found = float(p[mine].mean()), float(true[mine].mean())
        error += mine.sum() / len(p) * abs(said - found)
        rows.append([f"{low:g} to {min(high, 1.0):g}", str(int(mine.sum())), f"{said:.3f}", f"{found:.3f}"])
    return error, rows


def tables(report: dict[str, Any]) -> list[Table]:
    """Return the tables."""
    row, none = report["launches"], report["empty"]

    def told(interval: Interval, digits: int = 3) -> str:
        return interval.told(digits)

    error, bins = calibration(row["chances"] + none["chances"])
    late, errors = row["latency_s"], row["errors"]
    lines = [
        [f"launches above snr {SEEN:g}, {row['launches']}, declared", told(row["declared"]), f"{GOALS['declared']}"],
        ["declaration after snr 6, median / 90 / 95 %, s", " / ".join(f"{v:.1f}" for v in late), "4 / - / 12"],
        [
            "the same, only frames above snr 6 counted, median / 90 / 95 %, s",
            " / ".join(f"{v:.1f}" for v in row["sight_s"]),
            "",
        ],
        [
            "no earlier, its path known and all else at rest, median / 90 / 95 %, s",
            " / ".join(f"{v:.1f}" for v in row["limit_s"]),
            "",
        ],
        ["launch point inside the own 95 % ellipse", told(row["inside"]), str(GOALS["inside"])],
        ["error of the launch point, median / 95 %, km", " / ".join(f"{v:.2f}" for v in row["ground_km"]), ""],
        *(
            [f"{name}, mean / rms", " / ".join(f"{v:.2f}" for v in errors[key]), "0 / 1"]
            for name, key in (
                ("launch time, own sigmas", "launch_time_error_sigmas"),
                ("heading, own sigmas", "heading_error_sigmas"),
                ("burnout time, own sigmas", "burnout_time_error_sigmas"),
            )
            if key in errors
        ),
        [f"false launches an hour without launches, {none['hours']:.1f} h", none["an_hour"].told(2), "0.05"],
        ["the same, with those declared and revised later", none["declared_an_hour"].told(2), ""],
        ["fires, flares, aircraft and satellites on nothing, a scene", none["named_a_scene"].told(2), ""],
        [f"false launches beside the launches, in {row['scenes']} scenes", str(row["false"]), ""],
        ["calibration error of p_launch, events", f"{error:.3f}", f"{GOALS['calibration']}"],
    ]
    kinds = [[key.split(": ")[0], key.split(": ")[1], str(n)] for key, n in row["confusion"].items()]
    return [
        Table("events", "Events", ["", "found", "goal"], lines),
        Table("calibration", "p_launch of events", ["p_launch", "events", "said", "found"], bins),
        Table("confusion", "What became of the objects", ["object", "called", "objects"], kinds),
    ]


def headline(report: dict[str, Any]) -> list[Headline]:
    """Return the figures that later runs are held against."""
    row, none = report["launches"], report["empty"]
    late = np.array(row["late_s"])
    middle = bootstrap(late, np.arange(len(late)), lambda v: float(np.median(v)))
    return [
        Headline.of("share of launches declared", row["declared"], "higher", goal=GOALS["declared"]),
        Headline.of("declaration after snr 6, median", middle, "lower", unit="s", goal=GOALS["median"]),
        Headline.of("inside the own 95 % ellipse", row["inside"], "near", goal=0.95),
        Headline.of("false launches an hour, without launches", none["an_hour"], "lower", unit="1/h", goal=0.05),
    ]


def plots(report: dict[str, Any]) -> list[Plot]:
    """Return the distribution of latencies, and what p_launch says against what is."""
    late = sorted(report["launches"]["late_s"])
    steps = [100.0 * (k + 1) / max(report["launches"]["launches"], 1) for k in range(len(late))]
    marks = [[GOALS["median"], GOALS["95 %"]], [50.0, 95.0]]
    _, bins = calibration(report["launches"]["chances"] + report["empty"]["chances"])
    said, found = ([float(row[k]) for row in bins] for k in (2, 3))
    counts = [share(round(float(row[3]) * int(row[1])), int(row[1])) for row in bins]
    low, high = [c.low for c in counts], [c.high for c in counts]
    return [
        Plot(
            "latency", "Declaration after the first frame above snr 6", "time, s", "launches declared by then, %",
            [
                Series("launches", [0.0, *late], [0.0, *steps]),
                Series("goals of 50 and 95 %", *marks, mark=True),
            ],
            kind="lines",
        ),
        Plot(
            "calibration", "Is p_launch true? Events, in bins", "p_launch, mean of the bin, 1",
            "share that are launches, 1",
            [Series("events", said, found, low, high), Series("true", [0.0, 1.0], [0.0, 1.0], mark=True)],
            kind="lines",
        ),
    ]  # fmt: skip


def arguments() -> argparse.ArgumentParser:
    """Return the options."""
    command = parser(__doc__, quick="four scenes of either sort")
    command.add_argument("--scenes", type=int, default=None, help="scenes with a launch (default 200)")
    command.add_argument("--empty", type=int, default=None, help="scenes without (default 600: 20 hours)")
    command.add_argument("--keep", type=Path, default=None, help="folder of what was searched already; else it is lost")
    return command


def run(options: argparse.Namespace) -> Result:
    """Return tables, headline figures and plots."""
    scenes = options.scenes or (4 if options.quick else 200)
    without = options.empty or (4 if options.quick else 600)
    with tempfile.TemporaryDirectory() as lost:
        folder = options.keep or Path(lost)
        folder.mkdir(parents=True, exist_ok=True)
        report = {"launches": {**launches(folder, scenes), "scenes": scenes}, "empty": empty(folder, without)}
    progress("")
    notes = [
        f"{scenes} scenes with a launch and {without} without: {report['empty']['hours']:.1f} h",
        f"not declared (seed, peak snr): {report['launches']['missed']}",
        f"false launches in empty scenes, seeds: {report['empty']['seeds']}",
        f"named on nothing in empty scenes: {report['empty']['named']}",
    ]
    seeds = f"{FIRST_SEED} to {FIRST_SEED + scenes - 1}, {FIRST_EMPTY} to {FIRST_EMPTY + without - 1}"
    return Result(seeds, tables(report), headline(report), plots(report), notes, report)


if __name__ == "__main__":
    raise SystemExit(main(__name__, arguments, run))
