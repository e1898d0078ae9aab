"""What moving lines of sight leave in frame differences, on noiseless renders of cloud clutter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from boostwatch.scene.canvas import Canvas
from boostwatch.scene.keyframes import Keyframes, margin_px
from boostwatch.scene.optics import PointSpread
from boostwatch.scene.render import Renderer
from boostwatch.scene.scenario import GaussianPsf, Scenario
from boostwatch.scene.view import Grid
from boostwatch_kernels.resample import resample

SIZE = 128
STILL = {"jitter": "0 px", "drift": "0 px/s", "smear": "0 px"}
FROZEN = [
    {"altitude": "2 km", "wind_speed": "0 m/s", "lifetime": "1e9 s"},
    {"altitude": "9 km", "wind_speed": "0 m/s", "lifetime": "1e9 s", "coverage": 0.3},
]
MOVING = [
    {"altitude": "2 km", "wind_speed": "12 m/s", "wind_direction": "70 deg"},
    {"altitude": "9 km", "wind_speed": "40 m/s", "wind_direction": "20 deg", "coverage": 0.3},
]


def make(los: dict[str, str], *, frames: int = 4, clouds: Any = FROZEN) -> Renderer:
    sensor = {"width": SIZE, "height": SIZE, "ifov": "56 urad", "frame_rate": "1 Hz", "bands": [{"name": "WINDOW"}]}
    return Renderer(
        Scenario.model_validate({
            "frames": frames, "epoch": "2026-03-20T05:00:00Z", "sensor": sensor, "clouds": clouds,
            "line_of_sight": {**STILL, **los}, "background": {"kind": "uniform", "radiance": ["0.5 W/m2/sr/um"]},
        })
    )  # fmt: skip


def scene(r: Renderer, i: int) -> np.ndarray:
    return r.scene(i)[0].astype(float)


@pytest.mark.parametrize("direction", [0, 30])
def test_leakage_grows_as_drift_to_the_order_of_the_difference(direction: int) -> None:
    drift = np.array([0.01, 0.02, 0.05, 0.1, 0.2])
    first, second = [], []
    for v in drift:
        r = make({"drift": f"{v} px/s", "drift_direction": f"{direction} deg"})
        a, b, c = (scene(r, i) for i in range(3))
        first.append((b - a).std())
        second.append((c - 2 * b + a).std())
    for order, rms in ((1, first), (2, second)):
        slope = np.polyfit(np.log(drift), np.log(rms), 1)[0]
        assert slope == pytest.approx(order, abs=0.1)  # Rapier, SPIE 124 (1977)


@pytest.mark.parametrize("jitter", [0.02, 0.05, 0.1, 0.2])
def test_residual_of_jitter_is_gradient_times_shift(jitter: float) -> None:
    r = make({"jitter": f"{jitter} px"}, frames=8)
    a = scene(r, 0)
    gx, gy = np.diff(a, axis=1)[:-1], np.diff(a, axis=0)[:, :-1]
    for i in range(1, 8):
        dx, dy = r.line_of_sight[i] - r.line_of_sight[0]
        left = scene(r, i)[:-1, :-1] - a[:-1, :-1]
        assert left.std() == pytest.approx((gx * dx + gy * dy).std(), rel=0.2)


def test_whole_pixels_of_shift_show_the_same_picture() -> None:
    half_a_step = 0.5 / 65535  # of a row's range, in which a canvas is held
    right, down = (make({"drift": "1 px/s", "drift_direction": f"{angle} deg"}) for angle in (0, 90))
    for step in (1, 2):
        a = scene(right, 0)
        np.testing.assert_allclose(scene(right, step)[:, step:], a[:, :-step], atol=half_a_step * a.max())
        np.testing.assert_allclose(scene(down, step)[step:], a[:-step], atol=half_a_step * a.max())


class Cells:
    """A canvas that never changes."""

    jobs, speed_px_s, exact_s, rolling = 1, 0.0, float("inf"), False

    def __init__(self, cells: np.ndarray, grid: Grid) -> None:
        self.cells, self.grid = cells, grid

    @contextmanager
    def composed(self, *_: float) -> Iterator[np.ndarray]:
        yield self.cells


def edge_errors(oversample: int, sigma: float, cells: Any, places: np.ndarray) -> np.ndarray:
    """Return the greatest error of an edge of height 1 at places within a cell, by place and shift."""
    kernel = PointSpread(GaussianPsf(), sigma_px=sigma).separable(oversample, cells=cells)
    grid = Grid(16, 40, margin_px([kernel], oversample) + 3, oversample)
    _, x = grid.axes()

    def primitive(u: np.ndarray) -> np.ndarray:
        return u * ndtr(u / sigma) + sigma * np.exp(-0.5 * (u / sigma) ** 2) / np.sqrt(2 * np.pi)

    errors = []
    for place in places:
        share = np.clip((x + 0.5 / oversample - place) * oversample, 0, 1)
        canvas: Any = Cells(np.broadcast_to(share, (1, *grid.shape)).astype(np.float32).copy(), grid)
        keyframes = Keyframes(canvas, [kernel], 1.0, 1.0)
        for shift in (0.0, 0.1, 0.25, 0.37, 0.5, -0.8, 1.3):
            out = np.empty((1, 16, 40), np.float32)
            sampler = keyframes.sampler(0, np.zeros((1, 16)), np.tile([shift, 0.3], (1, 16, 1)))
            resample(*sampler.band(0), 0, 1.0, out)
            u = np.arange(40) - shift - place
            errors.append(np.abs(out[0] - (primitive(u + 0.5) - primitive(u - 0.5))).max())
    return np.array(errors).reshape(len(places), -1)


def test_a_shifted_edge_is_the_analytic_one() -> None:
    # Cells that hold squares are known exactly: what is left is the shift's own error.
    assert edge_errors(2, 0.7, "even", np.array([19.5, 20.0])).max() < 1e-3
    # Averages do not tell where in a cell an edge runs; the worst place is a cell's border. Four cells a pixel halve
    # the doubt twice.
    anywhere = np.linspace(19.5, 20.0, 8, endpoint=False)
    two, four = edge_errors(2, 0.7, "average", anywhere), edge_errors(4, 0.7, "average", anywhere)
    assert two.max() < 1e-2
    assert np.sqrt((two**2).mean()) < 5e-3
    assert four.max() < 3e-3
    # The doubt belongs to the scene, it does not flicker with the shift.
    assert np.ptp(two, axis=1).max() < 2e-3


def picture(keyframes: Keyframes, time_s: float) -> np.ndarray:
    out = np.empty((1, SIZE, SIZE), np.float32)
    sampler = keyframes.sampler(keyframes.number(time_s), np.full((1, SIZE), time_s), np.zeros((1, SIZE, 2)))
    resample(*sampler.band(0), 0, 1.0, out)
    return out[0]


def test_between_keyframes_the_scene_is_nearly_the_one_composed_at_that_time() -> None:
    r = make({}, clouds=MOVING, frames=4000)
    keyframes = r._keyframes(0)
    canvas, interval = keyframes._canvas, keyframes.interval_s
    assert interval > 10  # many frames each
    middle = 3.5 * interval
    blended = picture(keyframes, middle)
    composed = picture(Keyframes(canvas, keyframes._kernels, middle, 2 * middle), middle)
    error = blended - composed
    assert error.std() < 0.015 * composed.std()
    assert np.percentile(np.abs(error), 95) < 0.01 * np.ptp(composed)
    # Between exact views the fields drift and change by interpolation: against an exact view of the middle.
    exactly = Canvas(canvas._world, r.scenario, r.sensor, r._platform, canvas.grid, images={}, end_s=4000.0)
    exactly.exact_s = middle
    exact = picture(Keyframes(exactly, keyframes._kernels, middle, 2 * middle), middle)
    assert (composed - exact).std() < 0.01 * exact.std()
    # Both are far less than what moves within an interval.
    assert error.std() < 0.2 * (picture(keyframes, 4 * interval) - picture(keyframes, 3 * interval)).std()
