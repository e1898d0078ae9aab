from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostwatch_kernels.resample import (
    Coded,
    RowPlan,
    blend,
    blur,
    cubic_weights,
    encode,
    resample,
    shift,
    spline_taps,
)
from tests.kernels import reference_canvas as reference


def room(rows: int, columns: int, step: int = 2) -> Coded:
    return Coded(
        np.zeros((rows, step, columns // step), np.uint16), np.zeros(rows, np.float32), np.zeros(rows, np.float32)
    )


def coded(canvas: np.ndarray, step: int = 2) -> Coded:
    out = room(*canvas.shape, step)
    for row, line in enumerate(canvas):
        encode(line, out, row)
    return out


def decoded(canvas: Coded) -> np.ndarray:
    n, step, m = canvas.cells.shape
    cells = canvas.cells.swapaxes(1, 2).reshape(n, m * step).astype(np.float64)
    return canvas.low[:, None] + canvas.unit[:, None].astype(np.float64) * cells


@pytest.mark.parametrize("width", [30, 64, 150])
def test_codes_are_within_half_a_step_of_the_row(width: int) -> None:
    rng = np.random.default_rng(width)
    canvas = rng.normal(1e4, 1e3, (5, width)).astype(np.float32)
    canvas[1] = 7.25
    canvas[2, 3] = 1e6
    canvas[3] *= -1e-4
    step = np.ptp(canvas, axis=1, keepdims=True) / 65535
    error = np.abs(decoded(coded(canvas)) - canvas)
    assert (error <= 0.5 * step + 2e-7 * np.abs(canvas).max(axis=1, keepdims=True)).all()
    assert (decoded(coded(canvas))[1] == 7.25).all()


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
    out = np.empty((2, 3, width), np.float32)
    plan = RowPlan(*(a.reshape(2, height // 2, *a.shape[1:]) for a in (first, taps, share)))
    resample(coded(early), coded(late), plan, 2, 3.0, out)
    wanted = 3 * reference.resample(early, late, first, taps, share, (height, width))
    wanted = wanted.reshape(2, height // 2, width)[:, 2:5]
    np.testing.assert_allclose(out, wanted, atol=16 * 3 / 65535)  # sixteen weights below 1


def test_shift_equals_a_plain_sum() -> None:
    rng = np.random.default_rng(4)
    field, y, x = rng.random((20, 23), dtype=np.float32), *rng.random((2, 4), dtype=np.float32)
    out = np.empty((9, 12), np.float32)
    shift(field, (2, 5), (y, x), out)
    wanted = [[y @ field[2 + i : 6 + i, 5 + j : 9 + j] @ x for j in range(12)] for i in range(9)]
    np.testing.assert_allclose(out, wanted, rtol=1e-5)


@pytest.mark.parametrize("length", [1, 3, 5, 9])
def test_blur_equals_twin(length: int) -> None:
    rng = np.random.default_rng(length)
    canvas = rng.random((28, 32), dtype=np.float32)
    taps_y, taps_x = rng.random((2, 2, length), dtype=np.float32)
    margin = 4
    out, parts = room(20, 24), room(20, 24)
    blur(canvas, (taps_y, taps_x), margin, out, (0, 20))
    np.testing.assert_allclose(
        decoded(out), reference.blur(canvas, taps_y, taps_x, margin), rtol=1e-5, atol=length**2 / 65535
    )
    for rows in ((13, 20), (0, 5), (5, 13)):
        blur(canvas, (taps_y, taps_x), margin, parts, rows)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(out, parts, strict=True))


def test_blur_keeps_the_sum() -> None:
    canvas = np.zeros((40, 40), np.float32)
    canvas[18:22, 20] = 5
    taps = np.random.default_rng(2).random((1, 7), dtype=np.float32)
    taps /= taps.sum()
    out = room(32, 32)
    blur(canvas, (taps, taps), 4, out, (0, 32))
    assert decoded(out).sum() == pytest.approx(20, rel=1e-4)


def test_blend_is_a_weighted_mean() -> None:
    early, late = np.random.default_rng(3).random((2, 2, 5, 7), dtype=np.float32)
    out = np.zeros_like(early)
    blend(early, late, 0.25, out, (1, 4))
    np.testing.assert_allclose(out[:, 1:4], (0.75 * early + 0.25 * late)[:, 1:4], rtol=1e-6)
    assert not out[:, [0, 4]].any()
