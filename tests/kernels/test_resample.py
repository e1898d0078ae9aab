from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostwatch_kernels.resample import RowPlan, blend, blur, cubic_weights, resample, spline_taps
from tests.kernels import reference_canvas as reference


def phases(canvas: np.ndarray, step: int = 2) -> np.ndarray:
    n, m = canvas.shape
    return np.ascontiguousarray(canvas.reshape(n, m // step, step).swapaxes(1, 2))


@given(st.floats(-5, 5))
@settings(max_examples=30)
def test_spline_taps(position: float) -> None:
    taps = np.empty(4, np.float32)
    first = spline_taps(position, taps)
    np.testing.assert_allclose(taps, [reference.spline_weight(position - first - k) for k in range(4)], atol=1e-6)
    assert taps.sum() == pytest.approx(1, abs=1e-6)
    assert first + taps @ np.arange(4) == pytest.approx(position, abs=1e-5)  # a line is sampled exactly


@given(st.floats(0, 0.999))
@settings(max_examples=20)
def test_cubic_weights_reproduce_parabolas(f: float) -> None:
    w = np.array(cubic_weights(f))
    x = np.array([-1.0, 0.0, 1.0, 2.0])
    np.testing.assert_allclose([w.sum(), w @ x, w @ x**2], [1, f, f * f], atol=1e-12)


def test_resample_equals_twin() -> None:
    rng = np.random.default_rng(1)
    early, late = rng.random((2, 40, 44), dtype=np.float32)
    height, width = 12, 15
    first = np.stack([np.arange(height) * 2 + rng.integers(0, 3, height), rng.integers(0, 8, height)], axis=-1)
    taps = rng.random((height, 2, 4), dtype=np.float32)
    share = rng.random(height, dtype=np.float32)
    share[:3] = 0
    out = np.empty((height, width), np.float32)
    resample(phases(early), phases(late), RowPlan(first, taps, share), 3.0, out)
    wanted = 3 * reference.resample(early, late, first, taps, share, (height, width))
    np.testing.assert_allclose(out, wanted, rtol=1e-5)


@pytest.mark.parametrize("length", [1, 3, 5, 9])
def test_blur_equals_twin(length: int) -> None:
    rng = np.random.default_rng(length)
    canvas = rng.random((28, 32), dtype=np.float32)
    taps_y, taps_x = rng.random((2, 2, length), dtype=np.float32)
    margin = 4
    out = np.empty((20, 2, 12), np.float32)
    blur(canvas, (taps_y, taps_x), margin, out, (0, 20))
    np.testing.assert_allclose(out, phases(reference.blur(canvas, taps_y, taps_x, margin)), rtol=1e-5)
    parts = np.empty_like(out)
    for rows in ((13, 20), (0, 5), (5, 13)):
        blur(canvas, (taps_y, taps_x), margin, parts, rows)
    assert parts.tobytes() == out.tobytes()


def test_blur_keeps_the_sum() -> None:
    canvas = np.zeros((40, 40), np.float32)
    canvas[18:22, 20] = 5
    taps = np.random.default_rng(2).random((1, 7), dtype=np.float32)
    taps /= taps.sum()
    out = np.empty((32, 2, 16), np.float32)
    blur(canvas, (taps, taps), 4, out, (0, 32))
    assert out.sum(dtype=np.float64) == pytest.approx(20, rel=1e-6)


def test_blend_is_a_weighted_mean() -> None:
    early, late = np.random.default_rng(3).random((2, 2, 5, 7), dtype=np.float32)
    out = np.zeros_like(early)
    blend(early, late, 0.25, out, (1, 4))
    np.testing.assert_allclose(out[:, 1:4], (0.75 * early + 0.25 * late)[:, 1:4], rtol=1e-6)
    assert not out[:, [0, 4]].any()
