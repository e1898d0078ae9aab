"""How much the temporal chain loses against a matched filter that is told the background.

Loss in dB is ``20 log10(SNR50 / SNR50 of the clairvoyant)``: SNR50 is the truth ``snr`` at which half of the targets
are found, the clairvoyant's is ``Q^-1(false alarms a pixel)``. Targets have random phase, snr 2 to 14, and move
0 to 0.2 px/frame. Intervals hold 90 % (bootstrap over targets).

Run: ``python benchmarks/detection_loss.py [--quick] [--json]``
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_ndtr, ndtri

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._environment import environment, print_environment
from benchmarks._scenes import OFFSET_DN, SCENES, SOFT, Scene, SceneKind, point, with_targets
from boostwatch.detect import TemporalDetector
from boostwatch.sensor import Band, Sensor
from boostwatch.settings import DetectSettings

ONSET = 70
AFTER = (0, 2, 9)
NEAR = 1.5  # px within which a detection is the target's


def sensor_of(kind: SceneKind, size: int) -> Sensor:
    band = Band("band", psf_sigma_px=kind.psf_sigma, gain_e_per_dn=kind.gain_e_per_dn, offset_dn=OFFSET_DN)
    middle = (size - 1) / 2.0
    return Sensor("benchmark", 28e-6, middle, middle, 0.5, 0.4, (band,))


def snr50(snr: NDArray[np.float64], hit: NDArray[np.bool_]) -> float:
    """Fit ``Pd = Phi((snr - snr50) / width)`` by maximum likelihood."""
    sign = np.where(hit, 1.0, -1.0)

    def cost(v: NDArray[np.float64]) -> float:
        return -float(log_ndtr(sign * (snr - v[0]) / np.exp(v[1])).sum())

    starts = [
        minimize(cost, [s, 0.0], method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-3}) for s in (4.5, 7.0)
    ]
    return float(min(starts, key=lambda r: r.fun).x[0])


def crlb_px(kind: SceneKind, x: float, y: float, signal_e: float, noise_e2: float) -> float:
    """Return the bound of the position error along x, px, background known."""
    step = 1e-3
    share = point(kind.psf_sigma, x, y)[2]
    fx, fy = x - round(x), y - round(y)
    slope = (point(kind.psf_sigma, fx + step, fy)[2] - point(kind.psf_sigma, fx - step, fy)[2]) / (2 * step)
    variance = noise_e2 + signal_e * share
    return float(1.0 / np.sqrt((signal_e**2 * slope**2 / variance).sum()))


def run_scene(kind: SceneKind, *, size: int, seeds: range, rate: float, settings: DetectSettings) -> dict[str, object]:
    """Return the figures of one scene."""
    outcomes: dict[int, list[tuple[float, bool]]] = {k: [] for k in AFTER}
    registration, centroid, flux = [], [], []
    false = pixels = 0
    for seed in seeds:
        scene = with_targets(
            Scene(kind, size, ONSET + max(AFTER) + 1, seed), np.linspace(2.0, 14.0, 49), ONSET, 32, seed
        )
        detector = TemporalDetector(sensor_of(kind, size), (1, size, size), settings)
        for i in range(ONSET + max(AFTER) + 1):
            result = detector.process(scene.frame(i)[None], frame=i, time_s=0.5 * i, frame_index=i)
            found = result.detections
            if i >= 30:
                registration.append(
                    np.array([result.registration["dx"][0], result.registration["dy"][0]]) - scene.path[i]
                )
            if 30 <= i < ONSET:
                false += len(found)
                pixels += size * size
            if i - ONSET not in AFTER:
                continue
            for target in scene.targets:
                x, y = scene.place(target, i)
                distance = np.hypot(found["x"] - x, found["y"] - y)
                hit = bool(len(found)) and float(distance.min()) < NEAR
                outcomes[i - ONSET].append((target.snr, hit))
                if hit and target.snr >= 6.0:
                    best = found[int(distance.argmin())]
                    share = point(kind.psf_sigma, x, y)[2]
                    noise2 = (target.signal_e * np.sqrt((share**2).sum()) / target.snr) ** 2
                    bound = crlb_px(kind, x, y, target.signal_e, noise2)
                    centroid.append((best["x"] - x) / bound)
                    flux.append(best["signal_e"] / target.signal_e)
    clairvoyant = -float(ndtri(rate * 1e-6))
    rng = np.random.default_rng(0)
    losses = {}
    for after, pairs in outcomes.items():
        snr, hit = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
        values = [20 * np.log10(max(snr50(snr, hit), 1e-3) / clairvoyant)]
        for _ in range(60):
            pick = rng.integers(0, len(snr), len(snr))
            values.append(20 * np.log10(max(snr50(snr[pick], hit[pick]), 1e-3) / clairvoyant))
        low, high = np.quantile(values[1:], [0.05, 0.95])
        losses[f"+{after}"] = (float(values[0]), float(low), float(high))
    error = np.array(registration)
    centre = np.array(centroid)
    return {
        "scene": kind.name,
        "targets": len(outcomes[0]),
        "loss_db": losses,
        "false_alarms_asked_per_mpx": rate,
        "false_alarms_found_per_mpx": 1e6 * false / pixels,
        "false_alarms_counted": false,
        "registration_rms_px": float(np.sqrt(np.mean(error**2))),
        "centroid_rms_over_crlb": float(np.sqrt(np.mean(centre**2))),
        "centroid_robust_over_crlb": float(1.4826 * np.median(np.abs(centre))),
        "flux_ratio_median": float(np.median(flux)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two seeds a scene, under a minute")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--seeds", type=int, default=None, help="seeds a scene (default 8)")
    parser.add_argument("--rate", type=float, default=10.0, help="false alarms per Mpx")
    parser.add_argument("--scene", type=int, default=None, help="only the scene of this number")
    options = parser.parse_args()
    seeds = range(options.seeds or (3 if options.quick else 8))
    kinds = [*SCENES, SOFT]
    if options.scene is not None:
        kinds = [kinds[options.scene]]
    settings = DetectSettings(false_alarms_per_mpx=options.rate)
    start = time.perf_counter()
    rows = [run_scene(kind, size=256, seeds=seeds, rate=options.rate, settings=settings) for kind in kinds]
    if options.json:
        print(json.dumps({"environment": environment(), "scenes": rows}))
        return
    print_environment()
    print(
        f"{'scene':26s} {'loss dB +0':>20s} {'+2':>20s} {'+9':>20s} {'FA/Mpx':>11s} {'reg px':>8s}"
        f"{'centroid/CRLB':>15s} {'flux':>6s}"
    )
    for row in rows:
        cells = [f"{v:5.2f} [{a:5.2f},{b:5.2f}]" for v, a, b in row["loss_db"].values()]
        print(
            f"{row['scene']:26s} "
            + " ".join(f"{c:>20s}" for c in cells)
            + f" {row['false_alarms_found_per_mpx']:6.1f}/{row['false_alarms_asked_per_mpx']:<4.0f}"
            + f" {row['registration_rms_px']:8.4f}"
            + f" {row['centroid_rms_over_crlb']:9.2f} {row['centroid_robust_over_crlb']:4.2f}"
            + f" {row['flux_ratio_median']:6.3f}"
        )
    print(f"{rows[0]['targets']} targets a scene; {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
