"""Registration kernels against their twins, and what a shift is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostwatch_kernels.registration import Frame, Shift, calibrated_row, gradient_sums, shift_row

from . import reference_detect as twin

EMPTY = np.zeros((0, 0), np.float32)


def frame_of(data, gain=EMPTY, offset=EMPTY, bad=None):
    bad = np.zeros(data.shape, bool) if bad is None else bad
    start = np.concatenate([[0], np.cumsum(bad.sum(axis=1))]).astype(np.int32)
    return Frame(data, gain, offset, start, np.nonzero(bad)[1].astype(np.int32))


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
@pytest.mark.parametrize("maps", [False, True])
def test_calibrated_rows_and_bad_pixels(dtype, maps):
    rng = np.random.default_rng(1)
    data = rng.integers(100, 1000, (6, 17)).astype(dtype)
    bad = rng.random(data.shape) < 0.3
    bad[2] = True  # a row without a good pixel
    bad[3, :2] = bad[4, -2:] = True
    gain = rng.normal(1.0, 0.1, data.shape).astype(np.float32) if maps else EMPTY
    offset = rng.normal(5.0, 1.0, data.shape).astype(np.float32) if maps else EMPTY
    frame = frame_of(data, gain, offset, bad)
    want = twin.calibrated(frame)
    for y in range(6):
        out = np.empty((2, 17), np.float32)
        calibrated_row(frame, y, out, 1)
        np.testing.assert_allclose(out[1], want[y], rtol=1e-5)


@given(step=st.integers(-30, 30), width=st.integers(4, 20))
@settings(max_examples=40, deadline=None)
def test_rows_shift_by_any_step(step, width):
    row = np.arange(width, dtype=np.float32)
    taps = np.array([-0.1, 0.7, 0.5, -0.1], np.float32)
    rows = np.empty((2, width), np.float32)
    shift_row(row, step, taps, rows, 1)
    out = rows[1]
    for x in range(width):
        if x + step - 1 >= 0 and x + step + 2 < width:
            assert out[x] == pytest.approx(row[x + step - 1 : x + step + 3] @ taps, abs=1e-4)
        else:
            assert np.isnan(out[x])


@pytest.mark.parametrize("step", [(0, 0), (2, -1), (-3, 2), (40, 0), (0, 40)])
def test_sums_equal_their_twin(step):
    rng = np.random.default_rng(2)
    mean = rng.normal(1000, 30, (20, 26)).astype(np.float32)
    mean[5, 7] = np.nan
    variance = rng.uniform(50, 150, mean.shape).astype(np.float32)
    taps = np.array([-0.06, 0.86, 0.24, -0.04], np.float32)
    frame = frame_of(rng.normal(1000, 30, mean.shape).astype(np.float32))
    shift = Shift(step[0], step[1], taps, taps[::-1].copy())
    got = gradient_sums(frame, shift, mean, variance, 2.0, 2, np.empty((8, 26), np.float32))
    np.testing.assert_allclose(got, twin.sums(frame, shift, mean, variance, 2.0, 2), rtol=2e-4, atol=1e-3)


def test_one_step_finds_a_small_shift():
    y, x = np.mgrid[:40, :40].astype(float)

    def scene(dx, dy):
        u, v = x - dx, y - dy
        wave = 80 * np.sin(0.4 * u) * np.cos(0.3 * v) + 60 * np.cos(0.25 * (u + v))
        return (1000 + wave).astype(np.float32)

    still = np.array([0, 1, 0, 0], np.float32)
    variance = np.full((40, 40), 25.0, np.float32)
    sums = gradient_sums(
        frame_of(scene(0.05, -0.03)), Shift(0, 0, still, still), scene(0, 0), variance, 0.0, 1,
        np.empty((8, 40), np.float32),
    )  # fmt: skip
    step = -np.linalg.solve([[sums[0], sums[1]], [sums[1], sums[2]]], sums[3:5])
    np.testing.assert_allclose(step, [0.05, -0.03], atol=0.004)
