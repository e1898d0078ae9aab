"""The figures of `docs/physics.md` that whole frames give: line of sight, flux, photon transfer, with their plots.

python -m benchmarks.physics_figures [--json] [--markdown] [--figures FOLDER]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._contract import Headline, Plot, Result, Series, Table, main
from benchmarks._options import parser
from boostwatch.scene.keyframes import Keyframes
from boostwatch.scene.render import Renderer
from boostwatch.scene.scenario import Scenario
from boostwatch_kernels.resample import resample

Array = NDArray[np.float64]

QUESTION = "leakage of frame differences, error between keyframes, flux across pixels, photon transfer"
QUICK_S = 6.5

SIZE = 192
STILL = {"jitter": "0 px", "drift": "0 px/s", "smear": "0 px"}
CLOUDS = (
    {"altitude": "2 km", "wind_speed": "12 m/s", "wind_direction": "70 deg"},
    {"altitude": "9 km", "wind_speed": "40 m/s", "wind_direction": "20 deg", "coverage": 0.3},
)
FROZEN = [{**cloud, "wind_speed": "0 m/s", "lifetime": "1e9 s"} for cloud in CLOUDS]
DRIFT = np.array([0.01, 0.02, 0.05, 0.1, 0.2])
JITTER = np.array([0.02, 0.05, 0.1, 0.2])
GAIN, READ, WELL = 60.0, 150.0, 8.5e5
LEVELS = np.concatenate([[0.0], np.geomspace(0.0005, 0.5, 18), [1.0, 2.0]])
PAIRS = 4


def _clutter(los: dict[str, str], clouds: Any, frames: int) -> Renderer:
    sensor = {"width": SIZE, "height": SIZE, "ifov": "56 urad", "frame_rate": "1 Hz", "bands": [{"name": "WINDOW"}]}
    return Renderer(
        Scenario.model_validate({
            "frames": frames, "epoch": "2026-03-20T05:00:00Z", "sensor": sensor, "clouds": clouds,
            "line_of_sight": {**STILL, **los}, "background": {"kind": "uniform", "radiance": ["0.5 W/m2/sr/um"]},
        })
    )  # fmt: skip


def _scene(r: Renderer, i: int) -> Array:
    return r.scene(i)[0].astype(np.float64)


def leakage() -> tuple[Array, Array, list[float]]:
    """Return rms of first and second differences over the scene's own, (2, D), and jitter's residual over gradient."""
    rms = np.empty((2, len(DRIFT)))
    for k, drift in enumerate(DRIFT):
        r = _clutter({"drift": f"{drift} px/s", "drift_direction": "30 deg"}, FROZEN, 3)
        a, b, c = (_scene(r, i) for i in range(3))
        rms[:, k] = (b - a).std() / a.std(), (c - 2 * b + a).std() / a.std()
    slopes = np.polyfit(np.log(DRIFT), np.log(rms).T, 1)[0]
    ratios = []
    for jitter in JITTER:
        r = _clutter({"jitter": f"{jitter} px"}, FROZEN, 8)
        a = _scene(r, 0)
        gx, gy = np.diff(a, axis=1)[:-1], np.diff(a, axis=0)[:, :-1]
        for i in range(1, 8):
            dx, dy = r.line_of_sight[i] - r.line_of_sight[0]
            ratios.append(float((_scene(r, i) - a)[:-1, :-1].std() / (gx * dx + gy * dy).std()))
    return rms, slopes, ratios


def between_keyframes() -> tuple[float, float, float]:
    """Return interval, rms error and 95 % error half-way between keyframes, the latter two over the rms contrast."""
    r = _clutter({}, list(CLOUDS), 4000)
    keyframes = r._keyframes(0)
    middle = 3.5 * keyframes.interval_s
    at_once = Keyframes(keyframes._canvas, keyframes._kernels, middle, 2 * middle)
    two = np.empty((2, *r.shape), np.float32)
    for way, out in zip((keyframes, at_once), two, strict=True):
        sampler = way.sampler(way.number(middle), np.full((1, SIZE), middle), np.zeros((1, SIZE, 2)))
        resample(*sampler.band(0), 0, 1.0, out)
    error = np.abs(two[0] - two[1])
    rms = float(np.sqrt(np.mean(error**2)))
    contrast = float(two[1].std())
    return keyframes.interval_s, rms / contrast, float(np.percentile(error, 95)) / contrast


def flux() -> dict[str, float]:
    """Return the whole spread of a source's frame sum as it crosses pixels, relative to their mean, by point spread."""
    fire = {"kind": "flare", "latitude": "28.2 deg", "longitude": "-80.6 deg", "flicker": 0.0, "start": "-1000 s"}
    out = {}
    for kind in ("gaussian", "airy"):
        r = Renderer(
            Scenario.model_validate({
                "frames": 80, "sensor": {"width": 96, "height": 96, "psf": {"kind": kind}}, "objects": [fire],
                "line_of_sight": {**STILL, "drift": "0.14 px/s", "drift_direction": "35 deg"},
                "background": {"kind": "uniform", "radiance": ["0 W/m2/sr/um"]},
            })
        )  # fmt: skip
        sums = []
        for i in range(80):
            image = np.zeros(r.shape, np.float32)
            r._objects.add(i, image)
            sums.append(image.sum(dtype=np.float64))
        out[kind] = float(np.ptp(sums) / np.mean(sums))
    return out


def photon_transfer() -> tuple[Array, Array, dict[str, float]]:
    """Return mean and variance of each level, DN, and what they say of gain, read noise and well."""
    bands = [{"name": f"L{i}", "lower": "3.8 um", "upper": "4.0 um"} for i in range(len(LEVELS))]
    sensor = {
        "width": SIZE, "height": SIZE, "gain": f"{GAIN} e-", "read_noise": f"{READ} e-", "full_well": f"{WELL} e-",
        "dark_current": "0 e-/s", "bits": 14, "prnu": 5e-3, "bad_pixels": {"fraction": 0.0}, "aperture": "0.15 m",
        "bands": bands,
    }  # fmt: skip
    background = {"kind": "uniform", "radiance": [f"{v} W/m2/sr/um" for v in LEVELS]}
    scenario = {"seed": 11, "frames": 2 * PAIRS, "sensor": sensor, "line_of_sight": STILL, "background": background}
    r = Renderer(Scenario.model_validate(scenario))
    data = np.stack([frame.data for frame in r.frames()]).astype(np.float64)
    mean = data.mean(axis=(0, 2, 3)) - r.sensor.bands[0].offset_dn
    variance = (data[::2] - data[1::2]).var(axis=(0, 2, 3)) / 2
    full = (variance < 0.1 * variance.max()) & (np.arange(len(LEVELS)) > variance.argmax())
    lit = ~full & (mean < 0.8 * mean.max()) & (LEVELS > 0)
    slope, floor = np.polyfit(mean[lit], variance[lit], 1, w=1 / variance[lit])
    found = {
        "gain": 1 / slope / GAIN, "read_noise": np.sqrt(floor - 1 / 12) / slope / READ,
        "full_well": mean[full].mean() / slope / WELL,
    }  # fmt: skip
    return mean, variance, {key: float(value) for key, value in found.items()}


def draw(folder: Path, rms: Array, mean: Array, variance: Array) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for order, line in enumerate(rms, 1):
        left.loglog(DRIFT, line, "o", color=f"C{order - 1}", label=f"difference of order {order}")
        left.loglog(DRIFT, line[0] * (DRIFT / DRIFT[0]) ** order, color=f"C{order - 1}", lw=0.8)
    left.set_xlabel("drift, px a frame")
    left.set_ylabel("rms left over that of the scene")
    left.set_title("leakage of frame differences; lines: slopes 1 and 2", fontsize=10)
    left.legend()
    lit = LEVELS > 0
    right.loglog(mean[lit], variance[lit], "o")
    line = np.geomspace(mean[lit].min(), WELL / GAIN, 50)
    right.loglog(line, line / GAIN + (READ / GAIN) ** 2 + 1 / 12, lw=0.8)
    right.set_ylim(1, None)
    right.set_xlabel("mean less offset, DN")
    right.set_ylabel("variance, DN$^2$")
    right.set_title("photon transfer; line: the scenario's figures", fontsize=10)
    fig.savefig(folder / "line_of_sight_and_noise.png", dpi=80)
    plt.close(fig)


def arguments() -> argparse.ArgumentParser:
    """Return the options."""
    command = parser(__doc__, quick="the same: it is a short run")
    command.add_argument("--figures", type=Path, metavar="FOLDER", help="write line_of_sight_and_noise.png there")
    return command


def run(options: argparse.Namespace) -> Result:
    """Return the figures beside theory."""
    rms, slopes, ratios = leakage()
    interval, error, error_95 = between_keyframes()
    sums = flux()
    mean, variance, transfer = photon_transfer()
    if options.figures:
        draw(options.figures, rms, mean, variance)
    rows = [
        ["leakage of differences of order 1: power of the drift", f"{slopes[0]:.3f}", "1"],
        ["the same, order 2", f"{slopes[1]:.3f}", "2"],
        ["residual of jitter over gradient times shift", f"{min(ratios):.3f} to {max(ratios):.3f}", "1"],
        [f"between keyframes {interval:g} s apart: rms error, % of contrast", f"{100 * error:.2f}", ""],
        ["the same, 95 % of pixels within, % of contrast", f"{100 * error_95:.2f}", ""],
        *([f"frame sum as a source crosses pixels, {k}, %", f"{100 * v:.1g}", "0"] for k, v in sums.items()),
        *([f"photon transfer, found / set, {k}", f"{v:.4f}", "1"] for k, v in transfer.items()),
    ]
    headline = [
        Headline("leakage, order 1, power of the drift", float(slopes[0]), "near", goal=1.0),
        Headline("leakage, order 2, power of the drift", float(slopes[1]), "near", goal=2.0),
        Headline("rms error between keyframes / contrast", error, "lower"),
        *(Headline(f"photon transfer, found / set, {k}", v, "near", goal=1.0) for k, v in transfer.items()),
    ]
    lit = LEVELS > 0
    theory = mean[lit] / GAIN + (READ / GAIN) ** 2 + 1 / 12
    plots = [
        Plot(
            "leakage", "Leakage of frame differences", "drift, px a frame", "rms left over that of the scene, 1",
            [Series(f"difference of order {k}", DRIFT.tolist(), line.tolist()) for k, line in enumerate(rms, 1)],
            kind="lines", log_x=True, log_y=True,
        ),
        Plot(
            "photon_transfer", "Photon transfer", "mean less offset, DN", "variance, DN2",
            [
                Series("found", mean[lit].tolist(), variance[lit].tolist()),
                Series("the scenario's figures", mean[lit].tolist(), theory.tolist(), mark=True),
            ],
            kind="lines", log_x=True, log_y=True,
        ),
    ]  # fmt: skip
    figures = {
        "leakage_slopes": [float(s) for s in slopes], "jitter_over_gradient": [min(ratios), max(ratios)],
        "keyframe_interval_s": interval, "keyframe_error_rms": error, "keyframe_error_95": error_95,
        "flux_spread": sums, "photon_transfer_over_truth": transfer,
    }  # fmt: skip
    return Result(
        "fixed",
        [Table("figures", "Figures of physics", ["", "found", "theory"], rows)],
        headline,
        plots,
        figures=figures,
    )


if __name__ == "__main__":
    raise SystemExit(main(__name__, arguments, run))
