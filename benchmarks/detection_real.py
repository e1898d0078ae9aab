"""Does the chain keep its false-alarm rate over real cloud, and what does it lose there.

Four tiles of a GOES-16 ABI band 7 image (``data/goes16_c07_tiles.png``; ``--tiles FILE`` for others) are the true
scene, see `_real.py`: two tile samples a detector pixel (``--finer 1``: one), shifted exactly, behind optics of 0.7 px,
with shot and read noise and 0.2 % non-uniformity. 100 frames without targets, of which the first 30 are not counted,
then 10 frames with targets, as in `detection_loss.py`, whose definitions hold. Edges are the steepest tenth of the
pixels. ``still frames`` is the single-frame mode on every tenth frame.

Run: ``python -m benchmarks.detection_real [--quick] [--json] [--markdown] [--tiles FILE.npz] [--finer 1]``
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._contract import Headline, Result, Table, main
from benchmarks._options import parser
from benchmarks._real import NAMES, real_scenes, tiles
from benchmarks._scenes import Scene, steepness, with_targets
from benchmarks._scoring import SETTLED, integrates, modes, sensor_of, settings_of
from benchmarks._statistics import Interval, dispersion, poisson
from benchmarks.detection_loss import AFTER, ASKED, SPACING, errors, false_alarms, losses, ratio_of, scores
from boostwatch.detect import SingleFrameDetector
from boostwatch.detect.calibration import threshold_for

QUESTION = "does the chain keep its false-alarm rate over real cloud, and what does it lose there"
QUICK_S = 13.0

JITTERS = (0.1, 0.3)
ONSET = 100
STILLS = range(SETTLED, ONSET, 10)


def steepest_tenth(scene: Scene) -> NDArray[np.bool_]:
    slope = steepness(scene)
    return slope > np.quantile(slope, 0.9)


def still_alarms(scenes: list[Scene]) -> dict[str, Interval]:
    """Return what the single-frame mode finds in frames without targets, per Mpx by rate asked for."""
    strengths: list[NDArray[np.float64]] = []
    for scene in scenes:
        detector = SingleFrameDetector(
            sensor_of(scene.kind, scene.size), (1, scene.size, scene.size), settings_of(max(ASKED))
        )
        for i in STILLS:
            found = detector.process(scene.frame(i)[None], frame=i, time_s=0.5 * i, frame_index=i).detections
            strengths.append(found["snr"])
    exposure = len(strengths) * scenes[0].size ** 2 / 1e6
    out = {}
    for asked in ASKED:
        counts = np.array([(s > threshold_for(asked, scenes[0].kind.psf_sigma)).sum() for s in strengths])
        # The same clouds in every frame: one scene's frames count as one.
        by_scene = counts.reshape(len(scenes), -1).sum(axis=1)
        out[f"{asked:g}"] = poisson(int(counts.sum()), exposure, max(dispersion(by_scene), float(len(STILLS))))
    return out


def figures(
    tile: NDArray[np.float64], name: str, jitter: float, finer: int, seeds: range, rate: float
) -> dict[str, Any]:
    """Return false alarms, losses and errors over one tile."""
    frames = ONSET + max(AFTER) + 1
    scenes = list(real_scenes(tile, name, jitter=jitter, finer=finer, frames=frames, seeds=seeds))
    out: dict[str, Any] = {"scene": scenes[0].kind.name, "still_frames_per_mpx": still_alarms(scenes), "modes": {}}
    total = scores((with_targets(s, ONSET, SPACING) for s in scenes), rate, ONSET, steepest_tenth)
    for mode in modes():
        direct, loose = total[f"{mode} @ {rate:g}"], total[f"{mode} @ {max(ASKED):g}"]
        out["modes"][mode] = {
            "targets": int((direct.hits["after"] == 0).sum()),
            "megapixels": direct.megapixels,
            "loss_db": losses(direct, rate),
            "false_alarms_per_mpx": false_alarms(direct, loose, scenes[0].kind, rate),
            "errors": errors(direct),
        }
    return out


def tables(report: list[dict[str, Any]], rate: float) -> list[Table]:
    """Return the three tables."""
    out = []
    each = [(scene["scene"], mode, row) for scene in report for mode, row in scene["modes"].items()]
    asked = [f"{v:g} asked" for v in ASKED]
    rows = [
        [f"{s}, {m}, {place}", *[v.told(1) for v in found.values()]]
        for s, m, r in each
        for place, found in r["false_alarms_per_mpx"].items()
    ]
    title = "False alarms found per Mpx (goal: within a factor 2)"
    out.append(Table("false_alarms", title, ["tile, mode, pixels", *asked, f"{rate:g} direct"], rows))
    rows = [[scene["scene"], *[v.told(0) for v in scene["still_frames_per_mpx"].values()]] for scene in report]
    out.append(Table("still_frames", "The same of still frames", ["tile", *asked], rows))
    rows = [
        [
            f"{s}, {m}", *[r["loss_db"][f"+{k}"].told() for k in AFTER], f"{r['errors']['registration_rms_px']:.4f}",
            r["errors"]["position_rms_over_bound"].told(),
            Interval(*(100 * v for v in r["errors"]["flux_bias"])).told(),
        ]
        for s, m, r in each
    ]  # fmt: skip
    header = ["tile, mode", *[f"+{k}" for k in AFTER], "shift rms px", "position rms / bound", "flux bias %"]
    return [*out, Table("loss", f"Loss, dB, at {rate:g} false alarms per Mpx, and errors", header, rows)]


def headline(report: list[dict[str, Any]], rate: float) -> list[Headline]:
    """Return the figures that later runs are held against."""
    out = []
    for scene in report:
        for mode, row in scene["modes"].items():
            where, last = f"{scene['scene']}, {mode}", max(AFTER)
            found = Interval(*(v / rate for v in row["false_alarms_per_mpx"]["all"][f"{rate:g} direct"]))
            out.append(Headline.of(f"false alarms found / asked, {where}", found, "near", goal=1.0))
            loss = ratio_of(row["loss_db"][f"+{last}"])
            out.append(Headline.of(f"SNR50 / clairvoyant, {where}, +{last}", loss, "lower"))
    return out


def arguments() -> argparse.ArgumentParser:
    """Return the options."""
    command = parser(__doc__, quick="one seed a tile, jitter of 0.1 px only")
    command.add_argument(
        "--tiles", type=Path, default=None, help="NPZ whose first array is radiance (4, N, N), W/m2/sr/um"
    )
    command.add_argument("--finer", type=int, choices=(1, 2), default=2, help="tile samples a detector pixel and axis")
    command.add_argument("--seeds", type=int, default=None, help="seeds a tile (default 6)")
    command.add_argument("--rate", type=float, default=10.0, help="false alarms per Mpx of the losses")
    return command


def run(options: argparse.Namespace) -> Result:
    """Return tables and headline figures."""
    seeds = range(options.seeds or (1 if options.quick else 6))
    report = [
        figures(tile, name, jitter, options.finer, seeds, options.rate)
        for jitter in (JITTERS[:1] if options.quick else JITTERS)
        for tile, name in zip(tiles(options.tiles), NAMES, strict=True)
    ]
    first = report[0]["modes"]["single"]
    notes = [f"{first['targets']} targets and {first['megapixels']['all']:.0f} Mpx a tile"]
    if not integrates():
        notes.append("this chain does not integrate frames: rows left out")
    return Result(
        f"0 to {len(seeds) - 1}, the same for every tile", tables(report, options.rate),
        headline(report, options.rate), notes=notes, figures={"rate": options.rate, "scenes": report},
    )  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main(__name__, arguments, run))
