"""How well and how fast does the tracker follow points in clutter, beside other trackers on the same lists.

Runs of `_plots.py`: 300 frames of 1024 x 1024 px, a frame a second, ten targets that begin, accelerate and end,
centroids of 0.3 px. All figures are online: where a tracker says, in each frame, that targets are.

- GOSPA (c = 10 px, p = 2) is the mean over frames; its parts are the sums of squares of the errors, px2, and missed and
  false targets a frame. Boostwatch shows the tracks that rather live than have ended (`Follower.now`); with blinking
  pixels those that rather move than stand still (`Follower.moving`).
- Track figures: latency is from a target's first frame to the confirmation (to motion, with blinking pixels); a track
  belongs to the target of at least half of its detections, else it is false; purity is the share of its target's
  detections among a track's; fragments are tracks a target.
- Wald: frames to confirm over ``1 / Pd + ln(1 / alpha) / KL``: the wait for a first detection, then Wald's
  approximation with the mean log likelihood ratio ``KL`` a frame of a target whose velocity is known and whose
  amplitude tells nothing, ``alpha`` the false tracks allowed over the false alarms, an hour each. Where pixels blink it
  is the wait for a first detection and until motion is told from rest: the log likelihood ratio of a known velocity and
  rest, ``v**2 n**3 Pd / (24 sigma**2)`` after ``n`` frames, passes ``ln(1 / alpha)``, for one false track in 20 runs.
- Limit of GOSPA: of one who shows each target from that reference on, as long as by its misses alone it rather lives
  than has ended, where the best estimate from its own hits is (sigmas known, no hit taken for another).
- Start: rms error of ``x0``, ``y0`` of tracks over the Cramer-Rao bound from the hits of their first 30 s under the
  model that the truth is drawn from: a constant acceleration of any size, the centroids' noise, and jitter and walk of
  the case's own size, none of which the tracker is told. Its priors of speed and acceleration may carry it below.
- False tracks: lists without targets, long enough for the rate asked for, cut short at some hours.
- Time: median wall time of a frame; for Boostwatch of `Follower.step`, everything included.

Peers get the best of a stated search (`_trackers.py`) on two runs that are not counted; where a frame takes one long,
its best settings at 20 false alarms and one run.

Run: ``python -m benchmarks.tracking [--quick] [--json] [--markdown] [--seeds N] [--only NAME]``
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._contract import Headline, Plot, Result, Series, Table, main
from benchmarks._options import parser, progress
from benchmarks._plots import PERIOD_S, Case, Run, draw
from benchmarks._statistics import Interval, bootstrap, poisson
from benchmarks._track_limits import limit, start_variance, wald_frames
from benchmarks._trackers import Answer, Tracker, absent, peers
from boostwatch.assess.match import gospa
from boostwatch.settings import ChainSettings
from boostwatch.track import Follower, FollowResult

Array = NDArray[np.float64]

QUESTION = "how well and how fast are points followed in clutter, beside other trackers"
QUICK_S = 19.0

TRAINING = (1000, 1001)
"""Seeds on which the peers' settings are chosen."""

GOALS = {
    "20 false alarms": 1.7, "200 false alarms": 1.8, "2000 false alarms": 2.0, "Pd 0.5, 50 false alarms": 3.2,
    "Pd 0.5, 1000 false alarms": 3.4, "40 blinking pixels, jitter 0.1 px": 2.2, "walk 0.15 px/frame": 2.2,
    "salvo of 20 within 10 px": 2.5,
}  # fmt: skip
CASES = (
    Case("20 false alarms"),
    Case("200 false alarms", false_alarms=200),
    Case("2000 false alarms", false_alarms=2000),
    Case("Pd 0.5, 50 false alarms", pd=0.5, false_alarms=50),
    Case("Pd 0.5, 1000 false alarms", pd=0.5, false_alarms=1000),
    Case("40 blinking pixels, jitter 0.1 px", blinking=40, jitter=0.1),
    Case("walk 0.15 px/frame", walk=0.15),
    Case("salvo of 20 within 10 px", targets=20, salvo=10.0),
)
BESIDE = Case("jitter 0.1 px", jitter=0.1)
"""What the blinking pixels are held against."""
SEARCH_UP_TO_S, RUN_UP_TO_S, PROBE = 0.3, 5.0, 8
"""Time of a frame, of the first few, up to which settings of a peer are searched, else it has its best ones at 20 false
alarms and one run; and up to which it runs at all."""
ASKED = (1.0, 10.0, 100.0)
START_S = 30.0


class Score(NamedTuple):
    """Figures of one run."""

    gospa: float
    error2: float
    missed: float
    false: float
    ms: float


def score(run: Run, answer: Answer) -> Score:
    """Hold what a tracker says against the truth."""
    rows = []
    for frame, found in enumerate(answer.places):
        distance, missed, false = gospa(run.truth(frame), found)
        rows.append((distance, distance**2 - 50.0 * (missed + false), missed, false))
    mean = np.mean(rows, axis=0)
    return Score(*(float(v) for v in mean), 1e3 * float(np.median(answer.seconds)))


def follow(run: Run, *, moving: bool, asked: float = 1.0) -> tuple[Answer, FollowResult]:
    """Run the tracker; it is told the probability of detection, as an operator would, and defaults else."""
    base = ChainSettings()
    track = base.track.model_copy(update={"false_tracks_per_hour": asked, "detection_probability": run.case.pd})
    follower = Follower(
        base.model_copy(update={"track": track}),
        shape=(run.case.size, run.case.size),
        frame_period_s=PERIOD_S,
        n_bands=1,
    )
    places, ids, seconds = [], [], []
    for frame, rows in enumerate(run.detections):
        begun = time.perf_counter()
        follower.step(frame=frame, time_s=PERIOD_S * frame, detections=rows)
        seconds.append(time.perf_counter() - begun)
        found = follower.moving() if moving else follower.now()
        places.append(np.stack([found["x"], found["y"]], axis=1).astype(np.float64))
        ids.append(found["track_id"].astype(np.int64))
    return Answer(places, ids, np.array(seconds)), follower.finish()


class Tracks(NamedTuple):
    """Figures of the tracks of one run."""

    latency: Array  # frames, one a target that was found
    never: int
    false: int
    purity: Array  # one a track that belongs to a target
    fragments: float
    start: Array  # (N, 2) error and bound of the place of the first hit, px


def tracks_of(run: Run, result: FollowResult, *, moving: bool) -> Tracks:
    """Hold the tracks of a run against the targets."""
    source = np.concatenate(run.source)
    column = "moving_time_s" if moving else "confirmed_time_s"
    shown = result.tracks[np.isfinite(result.tracks[column])]
    first: dict[int, float] = {}
    purity, start, false, own = [], [], 0, 0
    for track in shown:
        members = source[result.track_ids == track["track_id"]]
        counts = np.bincount(members[members >= 0], minlength=run.case.targets)
        best = int(counts.argmax())
        if counts[best] < 0.5 * len(members):
            false += 1
            continue
        own += 1
        purity.append(counts[best] / len(members))
        if best not in first:
            start.append(_start(run, result, track, best))
        first[best] = min(first.get(best, math.inf), float(track[column]))
    latency = np.array([at - run.births[k] + 1.0 for k, at in first.items()])
    never = run.case.targets - len(first)
    return Tracks(latency, never, false, np.array(purity), own / max(len(first), 1), np.array(start).reshape(-1, 2))


def _start(run: Run, result: FollowResult, track: Any, target: int) -> tuple[float, float]:
    """Return error and bound, px, of the place where a track begins."""
    points = result.track_points[track["start"] : track["start"] + track["count"]]
    frame = int(points["frame"][0])
    truth = run.places[target, frame]
    error = math.hypot(track["x0"] - truth[0], track["y0"] - truth[1]) if np.isfinite(truth).all() else math.nan
    hit = np.isfinite(points["snr"]) & (points["time_s"] <= points["time_s"][0] + START_S)
    t = points["time_s"][hit] - points["time_s"][0]
    if len(t) < 3:
        return math.nan, math.nan
    return error, math.sqrt(2.0 * start_variance(run.case, t))


def mean_of(values: Sequence[float] | Array, groups: Sequence[int] | None = None) -> Interval:
    """Return a mean with its bootstrap interval over runs."""
    array = np.asarray(values, np.float64)
    kept = np.isfinite(array)
    which = np.arange(len(array)) if groups is None else np.asarray(groups)
    return bootstrap(array[kept], which[kept], lambda v: float(v.mean()))


def own_figures(case: Case, seeds: range) -> dict[str, Any]:
    """Return the figures of Boostwatch on a case."""
    moving = case.blinking > 0
    scores, found, group, limits = [], [], [], []
    for seed in seeds:
        run = draw(case, seed)
        limits.append(limit(run))
        answer, result = follow(run, moving=moving)
        scores.append(score(run, answer))
        found.append(tracks_of(run, result, moving=moving))
        group += [seed] * len(found[-1].latency)
    table = np.array(scores)
    start = np.concatenate([f.start for f in found])
    start = start[np.isfinite(start).all(axis=1)]
    ratio = float(np.sqrt((start[:, 0] ** 2).mean() / (start[:, 1] ** 2).mean()))
    latency = np.concatenate([f.latency for f in found])
    return {
        "gospa": mean_of(table[:, 0]), "limit": float(np.mean(limits)), "error2": float(table[:, 1].mean()),
        "missed": float(table[:, 2].mean()), "false": float(table[:, 3].mean()), "ms": float(np.median(table[:, 4])),
        "latency": mean_of(latency, group), "wald": wald_frames(case, 1.0), "never": sum(f.never for f in found),
        "targets": case.targets * len(seeds), "false_tracks": sum(f.false for f in found), "runs": len(seeds),
        "purity": float(np.concatenate([f.purity for f in found]).mean()),
        "fragments": float(np.mean([f.fragments for f in found])), "start_over_bound": ratio,
    }  # fmt: skip


def peer_figures(case: Case, seeds: range, known: dict[str, str]) -> dict[str, Any]:
    """Return for each peer the figures of its best variant, or of the one ``known`` where it is slow."""
    out = {}
    training = [draw(case, seed) for seed in TRAINING]
    few = replace(case, frames=PROBE)
    for name, variants in peers():
        begun = time.perf_counter()
        variants[0].track(replace(training[0], case=few, detections=training[0].detections[:PROBE]))
        each_s = (time.perf_counter() - begun) / PROBE
        if each_s > RUN_UP_TO_S:
            continue
        runs = seeds
        if each_s > SEARCH_UP_TO_S and name in known:
            variants, runs = [v for v in variants if v.name == known[name]], seeds[:1]
        tried: list[tuple[float, str, Tracker]] = []
        for variant in variants:
            values = [score(run, variant.track(run)).gospa for run in training] if len(variants) > 1 else [0.0]
            tried.append((float(np.mean(values)), variant.name, variant.track))
        _, best, tracker = min(tried, key=lambda row: row[0])
        table = np.array([score(run, tracker(run)) for run in (draw(case, seed) for seed in runs)])
        out[name] = {"gospa": mean_of(table[:, 0]), "ms": float(np.median(table[:, 4])), "variant": best}
        progress(f"{case.name}: {name} {out[name]['gospa'].told()}")
    return out


def false_tracks(quick: bool) -> list[dict[str, Any]]:
    """Return false tracks found for those asked for, an hour."""
    out = []
    for false_alarms in (20.0, 200.0, 2000.0):
        for asked in ASKED:
            wanted = (5.0 if quick else 30.0) / asked  # hours that give some thirty
            most = {20.0: 20.0, 200.0: 20.0, 2000.0: 5.0}[false_alarms] * (0.1 if quick else 1.0)
            hours = min(wanted, most)
            piece = min(hours, 0.5)
            count, spent = 0, 0.0
            for seed in range(max(1, round(hours / piece))):
                frames = round(piece * 3600 / PERIOD_S)
                case = Case("false", false_alarms=false_alarms, targets=0, frames=frames)
                _, result = follow(draw(case, 2000 + seed), moving=False, asked=asked)
                count += len(result.tracks)
                spent += piece
            out.append({"false_alarms": false_alarms, "asked": asked, "hours": spent, "found": poisson(count, spent)})
    return out


def tables(report: dict[str, Any]) -> list[Table]:
    """Return the tables."""
    out = []
    rows = []
    for name, row in report["cases"].items():
        rows.append(
            [
                name, f"{GOALS[name]:g}" if name in GOALS else "", row["gospa"].told(), f"{row['limit']:.2f}",
                f"{row['error2']:.2f}", f"{row['missed']:.3f}", f"{row['false']:.3f}",
                *(row["peers"][p]["gospa"].told() if p in row["peers"] else "-" for p in report["peers"]),
            ]
        )  # fmt: skip
    header = ["case", "goal", "GOSPA, px", "limit", "errors, px2", "missed", "false", *report["peers"]]
    out.append(Table("gospa", "GOSPA", header, rows))
    rows = [
        [
            name, row["latency"].told(), f"{row['wald']:.2f}", f"{row['latency'].value / row['wald']:.2f}",
            f"{row['never']} of {row['targets']}", f"{row['false_tracks']} in {row['runs']} runs",
            f"{row['purity']:.3f}", f"{row['fragments']:.2f}", f"{row['start_over_bound']:.2f}",
        ]
        for name, row in report["cases"].items()
    ]  # fmt: skip
    header = [
        "case",
        "frames to confirm",
        "Wald",
        "ratio",
        "never",
        "false tracks",
        "purity",
        "fragments",
        "start / bound",
    ]
    out.append(Table("tracks", "Tracks", header, rows))
    rows = [
        [
            name, f"{row['ms']:.2f}",
            *(
                f"{row['peers'][p]['ms']:.1f} ({row['peers'][p]['ms'] / row['ms']:.0f})" if p in row["peers"] else "-"
                for p in report["peers"]
            ),
        ]
        for name, row in report["cases"].items()
    ]  # fmt: skip
    title = "Time, ms a frame (times that of Boostwatch)"
    out.append(Table("time", title, ["case", "Boostwatch", *report["peers"]], rows))
    rows = [
        [f"{r['false_alarms']:g}", f"{r['asked']:g}", r["found"].told(1), f"{r['hours']:.1f}"]
        for r in report["false_tracks"]
    ]
    if rows:
        header = ["false alarms a frame", "asked", "found", "hours"]
        out.append(Table("false_tracks", "False tracks an hour", header, rows))
    return out


def headline(report: dict[str, Any]) -> list[Headline]:
    """Return the figures that later runs are held against."""
    out = []
    for name, row in report["cases"].items():
        wald = row["wald"]
        out.append(Headline.of(f"GOSPA, {name}", row["gospa"], "lower", unit="px", goal=GOALS.get(name)))
        ratio = Interval(*(v / wald for v in row["latency"]))
        out.append(Headline.of(f"frames to confirm / Wald, {name}", ratio, "lower"))
        for peer, figures in row["peers"].items():
            other, own = figures["gospa"], row["gospa"]
            beside = Interval(other.value / own.value, other.low / own.high, other.high / own.low)
            out.append(Headline.of(f"GOSPA, {peer} / Boostwatch, {name}", beside, "higher"))
    return out


def plots(report: dict[str, Any]) -> list[Plot]:
    """Return GOSPA and the wait for a track, by case."""
    cases = report["cases"]
    names = list(cases)

    def series(label: str, rows: dict[str, Interval]) -> Series:
        return Series(label, list(rows), *(list(v) for v in zip(*rows.values(), strict=True)))

    gospa = [series("Boostwatch", {name: row["gospa"] for name, row in cases.items()})]
    for peer in report["peers"]:
        rows = {name: row["peers"][peer]["gospa"] for name, row in cases.items() if peer in row["peers"]}
        gospa.append(series(peer, rows))
    aims = [name for name in names if name in GOALS]
    gospa.append(Series("goal", aims, [GOALS[name] for name in aims], mark=True))
    wait = [series("Boostwatch", {name: row["latency"] for name, row in cases.items()})]
    wait.append(Series("Wald", names, [row["wald"] for row in cases.values()], mark=True))
    return [
        Plot("gospa", "GOSPA, c = 10 px, p = 2, online", "case", "GOSPA, px", gospa),
        Plot("latency", "From a target's first frame to its track", "case", "frames to confirm", wait),
    ]


def arguments() -> argparse.ArgumentParser:
    """Return the options."""
    command = parser(__doc__, quick="no peers; without --seeds two runs a case, and a tenth of the hours")
    command.add_argument("--seeds", type=int, default=None, help="runs a case (default 20; peers on three of them)")
    command.add_argument("--only", default="", help="cases whose name contains this")
    return command


def run(options: argparse.Namespace) -> Result:
    """Return tables, headline figures and plots."""
    seeds = range(options.seeds or (2 if options.quick else 20))
    report: dict[str, Any] = {"cases": {}, "peers": [], "variants": {}}
    for case in (*CASES, BESIDE):
        if options.only not in case.name:
            continue
        row = own_figures(case, seeds)
        row["peers"] = {}
        if not options.quick:
            known = {peer: next(iter(chosen.values())) for peer, chosen in report["variants"].items()}
            row["peers"] = peer_figures(case, range(min(3, len(seeds))), known)
        for peer, figures in row["peers"].items():
            report["variants"].setdefault(peer, {})[case.name] = figures["variant"]
        report["cases"][case.name] = row
        progress(f"{case.name}: {row['gospa'].told()}")
    progress("")
    report["peers"] = list(report["variants"])
    report["false_tracks"] = false_tracks(options.quick and options.seeds is None) if not options.only else []
    notes = [*absent(), f"{len(seeds)} runs a case, peers on {min(3, len(seeds))}"]
    if options.quick:
        notes = [f"{len(seeds)} runs a case; peers left out, they take minutes"]
    notes += [
        f"{peer}: " + "; ".join(f"{case}: {variant}" for case, variant in cases.items())
        for peer, cases in report["variants"].items()
    ]
    told = {"cases": [asdict(c) for c in CASES], "results": report}
    return Result(f"0 to {len(seeds) - 1}", tables(report), headline(report), plots(report), notes, told)


if __name__ == "__main__":
    raise SystemExit(main(__name__, arguments, run))
