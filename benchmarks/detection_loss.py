"""How much the temporal chain loses against a matched filter that is told the background, and how true its figures are.

Scenes: cloud fields of `_scenes.py`, soft without jitter, hard (contrast 25 %, sharp edges, 0.2 % non-uniformity) with
jitter, and with drift. Targets have random phase and move at 0 to 0.2 px/frame; they come with frame 70.

- Loss in dB is ``20 log10(SNR50 / SNR50 of the clairvoyant)``: SNR50 is the truth ``snr`` at which half of the targets
  of snr 1 to 9 are found (probit fit) by a chain that asks for 10 false alarms per Mpx, the clairvoyant's is
  ``Q^-1(false alarms a pixel)`` of a single frame. A detection within 2 px is the target's. +k: k frames after the
  target came.
- False alarms are counted before any target comes. The chain asks for 100 per Mpx, and its list is cut at the threshold
  of each stricter rate; ``10 direct`` asked for 10 itself. Intervals are Poisson, widened by the dispersion of the
  counts in blocks of 32 px (false alarms of one place in many frames count as few). Edges: pixels beside gradients of
  more than 6 % of the mean a pixel. Rim: the outermost 3 pixels of the frame, where jitter brings in what was not seen.
- Errors of position and flux are of all frames after the onset, in units of the joint Cramer-Rao bound of flux, x and y
  with the source's own noise, the background known. Position: hits of snr 6 to 20, plain rms of those within 5 bounds
  on both axes (and the share outside), and the robust rms of all (1.4826 times the median of absolutes). Flux: targets
  of snr 8 to 20 only, since weaker ones are selected by their noise; of a fit with free position +1/snr^2 (0.6 % here)
  is the estimator's own. Resampled frames are softer the farther the shift is from whole pixels: flux is told for
  shifts within and beyond 0.25 px of them.
- Beside: detections that are no target's, within 8 px of one of snr above 8, per such target and frame.

``single``: integration of frames switched off; ``integrated``: as by default. Intervals hold 90 % (bootstrap over
targets).

Run: ``python -m benchmarks.detection_loss [--quick] [--json] [--markdown]``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._contract import Headline, Plot, Result, Series, Table, main
from benchmarks._options import parser
from benchmarks._scenes import FASTEST, SCENES, SOFT, SURE, Scene, SceneKind, edges_of, point, with_targets
from benchmarks._scoring import BRIGHT, PLACES, Score, integrates, modes, temporal, watch
from benchmarks._statistics import (
    Interval,
    bootstrap,
    dispersion,
    loss_db,
    poisson,
    rms,
    robust_rms,
)
from boostwatch.detect.calibration import threshold_for

QUESTION = "how many dB does the temporal chain lose, does it give the false alarms asked for, how true are its figures"
QUICK_S = 24.0

ONSET = 70
AFTER = (0, 2, 9)
SPACING = 24  # px between targets
SIZE = 256
BLOCK = 32  # px, of the dispersion of false alarms
GATE = 5.0  # bounds
ASKED = (1.0, 3.0, 10.0, 30.0, 100.0)
KINDS = (SOFT, *SCENES)
GOALS = {
    SOFT.name: (0.5, 0.7, 0.7),
    SCENES[0].name: (1.0, 1.0, 1.0),
    SCENES[1].name: (1.0, 1.0, 1.0),
    SCENES[2].name: (1.0, 1.0, 1.2),
}
INTEGRATED_GOAL = -4.0  # dB at +9


def scores(
    scenes: Iterable[Scene],
    rate: float,
    onset: int = ONSET,
    edges: Callable[[Scene], NDArray[np.bool_]] = edges_of,
) -> dict[str, Score]:
    """Return what each mode did at ``rate`` and at the highest rate, over all scenes: names ``mode @ rate``."""
    total: dict[str, Score] = {}
    for scene in scenes:
        rates = {rate, max(ASKED)}
        detectors = {f"{m} @ {r:g}": temporal(scene.kind, scene.size, r, m) for m in modes() for r in rates}
        for name, score in watch(scene, detectors, onset=onset, edges=edges(scene)).items():
            total[name] = total.get(name, Score.none()) + score
    return total


def losses(score: Score, rate: float) -> dict[str, Interval]:
    """Return the loss at each time after the onset, and at the last for the slower and the faster half."""
    faint = score.hits[score.hits["snr"] < SURE]
    last = faint["after"] == max(AFTER)
    groups = {f"+{k}": faint["after"] == k for k in AFTER}
    groups["slow"], groups["fast"] = (
        last & half for half in (faint["speed"] < FASTEST / 2, faint["speed"] >= FASTEST / 2)
    )
    return {name: loss_db(faint["snr"][rows], faint["hit"][rows], rate) for name, rows in groups.items()}  # fmt: skip


def told_background(kind: SceneKind, rate: float, trials: int = 4000) -> Interval:
    """Return the loss of a filter that is told background and noise and finds the place, at the chain's threshold.

    It takes the greatest of matched filters an eighth of a pixel apart within a pixel of the target's own.
    """
    rng = np.random.default_rng(0)
    steps = np.linspace(-1.0, 1.0, 17)

    def unit(x: float, y: float) -> NDArray[np.float64]:
        rows, columns, share = point(kind.psf_sigma, 5.0 + x, 5.0 + y)
        patch = np.zeros((11, 11))
        patch[np.ix_(rows, columns)] = share
        return patch.ravel() / np.linalg.norm(patch)

    bank = np.array([unit(x, y) for y in steps for x in steps])
    snr = rng.uniform(1.0, SURE, trials)
    seen = np.array([unit(*rng.uniform(-0.5, 0.5, 2)) for _ in range(trials)])
    best = (bank @ (seen * snr[:, None] + rng.standard_normal(seen.shape)).T).max(axis=0)
    return loss_db(snr, best > threshold_for(rate, kind.psf_sigma), rate)


def alarm_rate(score: Score, threshold: float, place: str) -> Interval:
    """Return false alarms per Mpx above a threshold, in the pixels of a place."""
    found = score.alarms[score.alarms["snr"] > threshold]
    found = found if place == "all" else found[found[place]]
    return poisson(len(found), score.megapixels[place], dispersion(_by_block(found, score)))


def _by_block(alarms: NDArray[Any], score: Score) -> NDArray[np.int64]:
    """Return counts of false alarms by seed and block of the scene."""
    seeds = np.unique(score.hits["seed"])
    side = SIZE // BLOCK
    row, column = ((alarms[axis] // BLOCK).astype(int).clip(0, side - 1) for axis in ("y", "x"))
    place = (np.searchsorted(seeds, alarms["seed"]) * side + row) * side + column
    return np.bincount(place, minlength=len(seeds) * side * side)


def false_alarms(direct: Score, loose: Score, kind: SceneKind, rate: float) -> dict[str, dict[str, Interval]]:
    """Return rates found by rate asked for, in all pixels, beside edges, and at the rim of the frame."""
    out: dict[str, dict[str, Interval]] = {}
    for place in PLACES:
        if loose.megapixels[place] <= 0:
            continue
        cuts = {f"{asked:g}": threshold_for(asked, kind.psf_sigma) for asked in ASKED}
        out[place] = {asked: alarm_rate(loose, cut, place) for asked, cut in cuts.items()}
        out[place][f"{rate:g} direct"] = alarm_rate(direct, 0.0, place)
    return out


def errors(score: Score) -> dict[str, Interval | float]:
    """Return errors of shift, position and flux."""
    hits = score.hits[score.hits["hit"]]
    bright = hits[hits["snr"] >= 6.0]
    owner = bright["seed"].astype(np.int64) * 10_000 + bright["target"]
    pulls = np.column_stack([bright["dx"] / bright["bound_x"], bright["dy"] / bright["bound_y"]])
    inside = np.abs(pulls).max(axis=1, initial=0.0) < GATE
    sure = bright[bright["snr"] >= BRIGHT]
    sure_owner = owner[bright["snr"] >= BRIGHT]
    whole = sure["phase"] < 0.25
    flux_pull = (sure["flux"] - 1.0) / sure["bound_flux"]
    kept = np.abs(flux_pull) < GATE

    def bias(rows: NDArray[np.bool_]) -> Interval:
        return bootstrap(sure["flux"][rows] - 1.0, sure_owner[rows], lambda v: float(np.mean(v)))

    return {
        "registration_rms_px": rms(score.shift_errors),
        "position_rms_over_bound": bootstrap(pulls[inside], owner[inside], rms),
        "position_outside_share": float(1.0 - inside.mean()) if len(inside) else np.nan,
        "position_robust_over_bound": bootstrap(pulls, owner, robust_rms),
        "flux_bias": bias(np.ones(len(sure), bool)),
        "flux_bias_whole": bias(whole),
        "flux_bias_between": bias(~whole),
        "flux_rms_over_bound": bootstrap(flux_pull[kept], sure_owner[kept], rms),
        "beside_a_bright_target": score.beside / max(score.bright_frames, 1),
    }


def figures(kind: SceneKind, seeds: range, rate: float, size: int = SIZE) -> dict[str, Any]:
    """Return all figures of one scene, by mode."""
    frames = ONSET + max(AFTER) + 1
    total = scores((with_targets(Scene(kind, size, frames, seed), ONSET, SPACING) for seed in seeds), rate)
    out: dict[str, Any] = {"scene": kind.name, "modes": {}}
    for mode in modes():
        direct, loose = total[f"{mode} @ {rate:g}"], total[f"{mode} @ {max(ASKED):g}"]
        out["modes"][mode] = {
            "targets": int((direct.hits["after"] == 0).sum()),
            "megapixels": direct.megapixels,
            "loss_db": losses(direct, rate),
            "false_alarms_per_mpx": false_alarms(direct, loose, kind, rate),
            "errors": errors(direct),
        }
    return out


def tables(report: list[dict[str, Any]], rate: float) -> list[Table]:
    """Return the three tables."""
    out = []
    each = [(scene["scene"], mode, row) for scene in report for mode, row in scene["modes"].items()]

    def goal(scene: str, mode: str) -> str:
        return " / ".join(f"{v:g}" for v in GOALS[scene]) if mode == "single" else f"+9: {INTEGRATED_GOAL:g}"

    rows = [[f"{s}, {m}", goal(s, m), *[v.told() for v in r["loss_db"].values()]] for s, m, r in each]
    rows = [
        ["told the background, finds the place", "", *[told_background(SOFT, rate).told()] * len(AFTER), "", ""],
        *rows,
    ]
    header = ["scene, mode", "goal +0 / +2 / +9", *[f"+{k}" for k in AFTER], "+9, < 0.1 px/frame", "+9, >= 0.1"]
    out.append(Table("loss", f"Loss, dB, at {rate:g} false alarms per Mpx", header, rows))
    rows = [
        [f"{s}, {m}, {place}", *[v.told(1) for v in found.values()]]
        for s, m, r in each
        for place, found in r["false_alarms_per_mpx"].items()
    ]
    header = ["scene, mode, pixels", *[f"{v:g} asked" for v in ASKED], f"{rate:g} direct"]
    title = "False alarms found per Mpx (goal: within a factor 1.5, 2 at edges)"
    out.append(Table("false_alarms", title, header, rows))
    rows = []
    for scene, mode, row in each:
        e = row["errors"]
        rows.append([
            f"{scene}, {mode}", f"{e['registration_rms_px']:.4f}", e["position_rms_over_bound"].told(),
            f"{100 * e['position_outside_share']:.1f}", e["position_robust_over_bound"].told(),
            *[Interval(*(100 * x for x in e[k])).told() for k in ("flux_bias", "flux_bias_whole", "flux_bias_between")],
            e["flux_rms_over_bound"].told(), f"{100 * e['beside_a_bright_target']:.2f}",
        ])  # fmt: skip
    header = [
        "scene, mode", "shift rms px", "position rms / bound", "outside, %", "robust", "flux bias %",
        "shift < 0.25 px", ">= 0.25 px", "flux rms / bound", "beside, %",
    ]  # fmt: skip
    goals = ["goal", "0.01", "1.05", "", "1.05", "1", "", "", "1.1", ""]
    return [*out, Table("errors", "Errors", header, [goals, *rows])]


def ratio_of(loss: Interval) -> Interval:
    """Return a loss in dB as the ratio of SNR50 to the clairvoyant's."""
    return Interval(*(10.0 ** (v / 20.0) for v in loss))


def headline(report: list[dict[str, Any]], rate: float) -> list[Headline]:
    """Return the figures that later runs are held against."""
    out = []
    for scene in report:
        for mode, row in scene["modes"].items():
            for k, goal in zip(AFTER, GOALS[scene["scene"]], strict=True):
                wanted = goal if mode == "single" else INTEGRATED_GOAL if k == max(AFTER) else None
                if mode != "single" and k != max(AFTER):
                    continue
                name = f"SNR50 / clairvoyant, {scene['scene']}, {mode}, +{k}"
                aim = None if wanted is None else 10.0 ** (wanted / 20.0)
                out.append(Headline.of(name, ratio_of(row["loss_db"][f"+{k}"]), "lower", goal=aim))
            found = Interval(*(v / rate for v in row["false_alarms_per_mpx"]["all"][f"{rate:g} direct"]))
            name = f"false alarms found / asked, {scene['scene']}, {mode}"
            out.append(Headline.of(name, found, "near", goal=1.0))
            told = row["errors"]["position_rms_over_bound"]
            out.append(Headline.of(f"position rms / bound, {scene['scene']}, {mode}", told, "lower", goal=1.05))
    return out


def plots(report: list[dict[str, Any]], rate: float) -> list[Plot]:
    """Return losses against goals, and false alarms found against those asked for."""
    names = [scene["scene"] for scene in report]
    bars, lines = [], []
    for mode in modes():
        rows = [scene["modes"][mode] for scene in report]
        for k in AFTER if mode == "single" else (max(AFTER),):
            losses_db = [row["loss_db"][f"+{k}"] for row in rows]
            bars.append(Series(f"{mode}, +{k}", names, *(list(v) for v in zip(*losses_db, strict=True))))
        for name, row in zip(names, rows, strict=True):
            found = [row["false_alarms_per_mpx"]["all"][f"{asked:g}"] for asked in ASKED]
            lines.append(Series(f"{name}, {mode}", ASKED, *(list(v) for v in zip(*found, strict=True))))
    bars.append(Series("goal, single, +9", names, [GOALS[name][2] for name in names], mark=True))
    bars.append(Series("goal, integrated, +9", names, [INTEGRATED_GOAL] * len(names), mark=True))
    lines.append(Series("as asked", ASKED, ASKED, mark=True))
    title = f"Loss at {rate:g} false alarms per Mpx; below zero is a gain"
    return [
        Plot("loss", title, "scene", "loss against the clairvoyant, dB", bars),
        Plot(
            "false_alarms", "False alarms, all pixels", "asked for, per Mpx", "found, per Mpx", lines, kind="lines",
            log_x=True, log_y=True,
        ),
    ]  # fmt: skip


def arguments() -> argparse.ArgumentParser:
    """Return the options."""
    command = parser(__doc__, quick="two seeds a scene")
    command.add_argument("--seeds", type=int, default=None, help="seeds a scene (default 16)")
    command.add_argument("--rate", type=float, default=10.0, help="false alarms per Mpx of the losses")
    command.add_argument(
        "--scene", type=int, default=None, help=f"only the scene of this number, 0 to {len(KINDS) - 1}"
    )
    return command


def run(options: argparse.Namespace) -> Result:
    """Return tables, headline figures and plots."""
    seeds = range(options.seeds or (2 if options.quick else 16))
    kinds = KINDS if options.scene is None else (KINDS[options.scene],)
    report = [figures(kind, seeds, options.rate) for kind in kinds]
    first = report[0]["modes"]["single"]
    notes = [f"{first['targets']} targets and {first['megapixels']['all']:.0f} Mpx a scene"]
    if not integrates():
        notes.append("this chain does not integrate frames: rows left out")
    return Result(
        f"0 to {len(seeds) - 1}, the same for every scene", tables(report, options.rate),
        headline(report, options.rate), plots(report, options.rate), notes, {"rate": options.rate, "scenes": report},
    )  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main(__name__, arguments, run))
