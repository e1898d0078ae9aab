"""Registration kernels against their twins, and what a shift is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostwatch.detect.interpolation import Interpolator
from boostwatch_kernels.registration import PAD, Shift, calibrated_row, gradient_sums, shift_row

from . import reference_detect as twin
from .detect_parts import EMPTY, STILL, frame_of, learnt, no_lag, work_of


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
@pytest.mark.parametrize("maps", ["none", "gain", "offset", "both"])
def test_calibrated_rows_and_bad_pixels(dtype, maps):
    rng = np.random.default_rng(1)
    data = rng.integers(100, 1000, (6, 17)).astype(dtype)
    bad = rng.random(data.shape) < 0.3
    bad[2] = True  # a row without a good pixel
    bad[3, :2] = bad[4, -2:] = True
    gain = rng.normal(1.0, 0.1, data.shape).astype(np.float32) if maps in ("gain", "both") else EMPTY
    offset = rng.normal(5.0, 1.0, data.shape).astype(np.float32) if maps in ("offset", "both") else EMPTY
    frame = frame_of(data, gain, offset, bad)
    want = twin.calibrated(frame)
    for y in range(6):
        out = np.full((2, 17 + 2 * PAD), 7.0, np.float32)
        calibrated_row(frame, y, out, 1)
        np.testing.assert_allclose(out[1, PAD:-PAD], want[y], rtol=1e-5)
        assert (out[1, :PAD] == 7.0).all()
        assert (out[1, -PAD:] == 7.0).all()


@given(step=st.integers(-30, 30), width=st.integers(4, 20))
@settings(max_examples=40)
def test_rows_shift_by_any_step(step, width):
    row = np.zeros(width + 2 * PAD, np.float32)
    row[PAD:-PAD] = np.arange(width)
    taps = np.array([-0.1, 0.7, 0.5, -0.1], np.float32)
    rows = np.empty((2, width), np.float32)
    shift_row(row, step, taps, rows, 1, width)
    for x in range(width):
        if x + step - 1 >= 0 and x + step + 2 < width:
            assert rows[1, x] == pytest.approx(np.arange(x + step - 1, x + step + 3) @ taps, abs=1e-4)
        else:
            assert np.isnan(rows[1, x])


@pytest.mark.parametrize("most", [np.inf, 2.0])
@pytest.mark.parametrize("step", [(0, 0), (2, -1), (-3, 2), (40, 0), (-60, 1), (0, 50)])
def test_sums_equal_their_twin(step, most):
    rng = np.random.default_rng(2)
    shape = (40, 26)
    background = learnt(rng.normal(1000, 30, shape), rng.uniform(50, 150, shape), rng.normal(0, 2, shape))
    background.level[5, 7] = np.nan
    background.weight[8:12, 3:9] = 0  # known, but of no known noise
    lag = np.array([3.0, 5.0], np.float32)
    mean, weight = twin.forecast(background, lag), twin.number(background.weight).astype(float)
    variance = np.where(weight > 0, 1.0 / np.where(weight > 0, weight, 1.0) ** 2, 0.0)
    taps = np.array([-0.06, 0.86, 0.24, -0.04], np.float32)
    frame = frame_of(rng.normal(1000, 30, shape).astype(np.float32))
    shift = Shift(step[0], step[1], taps, taps[::-1].copy())
    got = gradient_sums(frame, shift, background, lag, 2.0, most, 2, work_of(26))
    np.testing.assert_allclose(got, twin.sums(frame, shift, mean, variance, 2.0, most, 2), rtol=2e-4, atol=2e-3)


@pytest.mark.parametrize("truth", [(0.05, -0.03), (-0.2, 0.15)])
def test_steps_find_a_known_shift(truth):
    y, x = np.mgrid[:40, :40].astype(float)

    def scene(dx, dy):
        u, v = x - dx, y - dy
        return 1000 + 80 * np.sin(0.4 * u) * np.cos(0.3 * v) + 60 * np.cos(0.25 * (u + v))

    # The reference has been resampled at no shift as the frames are, which blurs it alike.
    taps, frame = Interpolator(0.7), frame_of(scene(*truth).astype(np.float32))
    _, still = taps.taps(0.0)
    reference = twin.resampled(scene(0, 0), Shift(0, 0, still, still))
    background, place = learnt(reference, 25.0), np.zeros(2)
    for _ in range(2):
        (step_x, taps_x), (step_y, taps_y) = (taps.taps(float(p)) for p in place)
        sums = gradient_sums(
            frame, Shift(step_x, step_y, taps_x, taps_y), background, no_lag((40, 40)), 0.01, np.inf, 1, work_of(40)
        )
        place -= np.linalg.solve([[sums[0], sums[1]], [sums[1], sums[2]]], sums[3:5])
    np.testing.assert_allclose(place, truth, atol=0.01)


def test_noise_alone_has_the_agreement_of_a_cauchy_weight():
    rng = np.random.default_rng(3)
    shape = (40, 60)
    frame = frame_of(rng.normal(1000, 5, shape).astype(np.float32))
    sums = gradient_sums(frame, STILL, learnt(np.full(shape, 1000.0), 25.0), no_lag(shape), 0.0, np.inf, 1, work_of(60))
    z = np.linspace(-8, 8, 4001)
    want = np.average(1.0 / (1.0 + z * z / 9.0), weights=np.exp(-z * z / 2.0))
    assert sums[5] / sums[7] == pytest.approx(want, abs=4.0 * 0.11 / np.sqrt(sums[7]))
    assert sums[7] == 57 * 37
    np.testing.assert_array_equal(sums[:5], 0.0)
