from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostwatch_kernels import render
from tests.kernels import reference_scene as reference


@given(st.floats(20, 40), st.floats(0.8, 5.0), st.floats(0.3, 4.0))
@settings(max_examples=30, deadline=None)
def test_filter_taps_are_exact_integrals(centre: float, box: float, sigma: float) -> None:
    taps = np.empty(60, np.float32)
    first = render.filter_taps(centre, box, sigma, taps)
    wanted = [reference.filter_weight(first + k, centre, box, sigma) for k in range(60)]
    np.testing.assert_allclose(taps, wanted, atol=2e-5)
    assert taps.sum() == pytest.approx(1, abs=1e-6)
    assert first + taps @ (np.arange(60) + 0.5) == pytest.approx(centre, abs=0.02)  # of a cell: cells are even inside


@given(st.floats(-25, 25), st.floats(-25, 25))
@settings(max_examples=20, deadline=None)
def test_add_layer_equals_twin(dx: float, dy: float) -> None:
    rng = np.random.default_rng(1)
    canvas, alpha, light = rng.random((3, 7, 9), dtype=np.float32)
    wanted = reference.add_layer(*(a.astype(np.float64) for a in (canvas, alpha, light)), dx, dy)
    render.add_layer(canvas, alpha, light, dx, dy)
    np.testing.assert_allclose(canvas, wanted, atol=1e-5)


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_decimate_equals_twin(step: int) -> None:
    rng = np.random.default_rng(step)
    canvas = rng.random((30 * step, 40 * step), dtype=np.float32)
    taps_y, taps_x = rng.random((2, 12), dtype=np.float32)
    out = np.empty((12, 17), np.float32)
    render.decimate(canvas, taps_y, taps_x, (2, 5), step, out)
    np.testing.assert_allclose(out, reference.decimate(canvas, taps_y, taps_x, (2, 5), step, out.shape), rtol=1e-5)


def shifted_image(scene: np.ndarray, shift: float) -> np.ndarray:
    taps_x, taps_y = np.empty(28, np.float32), np.empty(28, np.float32)
    first_y = render.filter_taps((10 + 0.5) * 3, 3.0, 2.1, taps_y)
    first_x = render.filter_taps((10 + 0.5 - shift) * 3, 3.0, 2.1, taps_x)
    out = np.empty((20, 20), np.float32)
    render.decimate(scene, taps_y, taps_x, (first_y, first_x), 3, out)
    return out


def test_a_whole_pixel_of_shift_moves_the_frame_by_one() -> None:
    scene = np.random.default_rng(3).random((120, 120), dtype=np.float32)
    np.testing.assert_allclose(shifted_image(scene, 1.0)[:, 1:], shifted_image(scene, 0.0)[:, :-1], rtol=2e-6)


@given(st.floats(-2, 2))
@settings(max_examples=20, deadline=None)
def test_an_edge_falls_where_the_shift_puts_it(shift: float) -> None:
    scene = np.zeros((120, 120), np.float32)
    scene[:, 60:] = 1.0
    # Edge at cell 60: pixel 60/3 - 10 = 10 from the left edge of pixel 0. What is lit of a row tells its position.
    lit = shifted_image(scene, shift)[5].astype(np.float64).sum()
    assert 20 - lit == pytest.approx(10 + shift, abs=1e-4)
