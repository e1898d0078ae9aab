"""Photon transfer on whole frames, whiteness of their noise, and the same bytes whoever renders them."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from boostwatch.scene.render import Renderer
from boostwatch.scene.scenario import Scenario

STILL = {"jitter": "0 px", "drift": "0 px/s", "smear": "0 px"}
GAIN, READ, WELL, OFFSET = 60.0, 150.0, 8.5e5, 200.0
PAIRS, SIZE = 4, 192
LEVELS = np.concatenate([[0.0], np.geomspace(0.0005, 0.5, 18), [1.0, 2.0]])


def ladder(**more: Any) -> Renderer:
    """Return a camera whose bands differ in nothing but the radiance of an even scene."""
    bands = [{"name": f"L{i}", "lower": "3.8 um", "upper": "4.0 um"} for i in range(len(LEVELS))]
    sensor = {
        "width": SIZE, "height": SIZE, "gain": f"{GAIN} e-", "read_noise": f"{READ} e-", "full_well": f"{WELL} e-",
        "dark_current": "0 e-/s", "offset_dn": OFFSET, "bits": 14, "prnu": 5e-3, "bad_pixels": {"fraction": 0.0},
        "aperture": "0.15 m", "bands": bands, **more,
    }  # fmt: skip
    background = {"kind": "uniform", "radiance": [f"{v} W/m2/sr/um" for v in LEVELS]}
    return Renderer(
        Scenario.model_validate({
            "seed": 11, "frames": 2 * PAIRS, "sensor": sensor, "line_of_sight": STILL, "background": background,
        })
    )  # fmt: skip


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    return np.stack([frame.data for frame in ladder().frames()]).astype(np.float32)


def transfer(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean (less offset) and temporal variance of each level, DN and DN^2: differences cancel fixed patterns."""
    pairs = frames.reshape(PAIRS, 2, *frames.shape[1:])
    variance = (pairs[:, 0] - pairs[:, 1]).astype(float).var(axis=(0, 2, 3)) / 2
    return frames.mean(axis=(0, 2, 3), dtype=float) - OFFSET, variance


def test_photon_transfer_recovers_gain_read_noise_and_well(frames: np.ndarray) -> None:
    # The relative error of a variance is sqrt(2/n) = 0.4 %, that of a slope through many far less.
    mean, variance = transfer(frames)
    full = (variance < 0.1 * variance.max()) & (np.arange(len(LEVELS)) > variance.argmax())
    lit = ~full & (mean < 0.8 * mean.max()) & (LEVELS > 0)
    weight = 1 / variance[lit]
    slope, floor = np.polyfit(mean[lit], variance[lit], 1, w=weight)
    gain = 1 / slope
    assert lit.sum() > 12
    assert gain == pytest.approx(GAIN, rel=0.01)
    assert gain * np.sqrt(floor - 1 / 12) == pytest.approx(READ, rel=0.01)
    assert gain * np.sqrt(variance[0] - 1 / 12) == pytest.approx(READ, rel=0.01)
    assert full.any()
    assert gain * mean[full].mean() == pytest.approx(WELL, rel=0.01)
    # Linear up to the well.
    light = LEVELS[lit]
    np.testing.assert_allclose(mean[lit] / light, (mean[lit] / light).mean(), rtol=3e-3 + 20 / mean[lit].max())


def test_fixed_pattern_is_the_residual_non_uniformity(frames: np.ndarray) -> None:
    level = 14
    still = frames[:, level].mean(axis=0, dtype=float) - OFFSET
    _, variance = transfer(frames)
    pattern = still.var() - variance[level] / len(frames)
    assert np.sqrt(pattern) / still.mean() == pytest.approx(5e-3, rel=0.03)


def test_noise_is_white_in_space_time_and_between_bands(frames: np.ndarray) -> None:
    noise = frames[:, [0, 12]] - frames[:, [0, 12]].mean(axis=0)
    noise /= noise.std(axis=(0, 2, 3), keepdims=True)
    for axis in (2, 3):
        product = np.take(noise, range(1, SIZE), axis) * np.take(noise, range(SIZE - 1), axis)
        for b in (0, 1):
            x = product[:, b].astype(float)
            assert abs(x.mean()) < 3 / np.sqrt(x.size)
    between = (noise[:, 0] * noise[:, 1]).astype(float)
    assert abs(between.mean()) < 3 / np.sqrt(between.size)
    in_time = (frames[::2, 12] - frames[1::2, 12]).astype(float)
    product = in_time[1:] * in_time[:-1] / in_time.var()
    assert abs(product.mean()) < 3 / np.sqrt(product.size)


BUSY: dict[str, Any] = {
    "seed": 4,
    "frames": 12,
    "sensor": {
        "width": 80, "height": 64, "ifov": "56 urad", "gain_spread": 0.02, "offset_drift_dn": 5.0,
        "bad_pixels": {"fraction": 0.01}, "cosmic_rays": {"rate": "5 /cm2/s"}, "psf": {"kind": "airy"},
        "stray_light": 0.01,
    },
    "line_of_sight": {"jitter": "0.2 px", "drift": "0.05 px/s"},
    "clouds": [{"altitude": "3 km", "coverage": 0.5}, {"altitude": "9 km", "coverage": 0.3, "stretch": 2.0}],
    "objects": [
        {"kind": "fire", "latitude": "28.4 deg", "longitude": "-80.8 deg", "power": "2 GW"},
        {"kind": "launch", "latitude": "28.2 deg", "longitude": "-80.6 deg", "vehicle": "large", "ignition": "-60 s"},
    ],
}  # fmt: skip


def everything(frame: Any) -> tuple[bytes, bytes, bytes]:
    return frame.data.tobytes(), frame.quality.tobytes(), frame.samples.tobytes()


@pytest.mark.parametrize(
    "kind",
    [{}, {"scan": {"kind": "scanning"}}, {"scan": {"kind": "step_stare"}}, {"platform": {"kind": "orbit"}}],
    ids=["staring", "scanning", "stepping", "orbiting"],
)
def test_the_same_bytes_whoever_renders(kind: dict[str, Any]) -> None:
    scenario = Scenario.model_validate({**BUSY, **kind, "outside_view": "allow"})
    straight = [everything(frame) for frame in Renderer(scenario).frames()]
    assert len(set(straight)) == len(straight)
    threads = [everything(frame) for frame in Renderer(scenario, jobs=2).frames(jobs=2)]
    assert threads == straight
    order = list(range(12))
    random.Random(3).shuffle(order)
    another = Renderer(scenario)
    assert [everything(another.frame(i)) for i in order] == [straight[i] for i in order]
    part = Renderer(scenario, jobs=2)
    assert [everything(f) for f in part.frames(range(7, 12))] == straight[7:]
