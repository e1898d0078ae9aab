"""Background kernels against their twins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostwatch_kernels.background import (
    HALO,
    Background,
    Pace,
    absorb_row,
    learn_pattern,
    move_background,
    snapshot_edges,
)

from . import reference_detect as twin


def fresh(n):
    zero = np.zeros((1, n), np.float32)
    return Background(zero + np.nan, zero.copy(), zero.copy(), zero.copy(), np.zeros((1, 2), np.int32))


def pace(rate, *, bend=0.0, limit=1e9, full=1e4, ahead=1.0, next_frame=1.0):
    return Pace(rate, bend, rate, limit, full, ahead, next_frame)


def absorb(values, how, background):
    for value in values:
        absorb_row(np.atleast_2d(np.asarray(value, np.float32)), 0, how, background, 0)


@pytest.mark.parametrize("rate", [1 / 5, 1 / 1000])
def test_running_and_exponential_moments(rate):
    rng = np.random.default_rng(3)
    values = rng.normal(50, 4, (30, 9)).astype(np.float32)
    background = fresh(9)
    absorb(values, pace(rate, full=1 / rate), background)
    for x in range(9):
        want = twin.absorbed(values[:, x].astype(float), rate)
        assert (background.mean[0, x], background.variance[0, x]) == pytest.approx(want, rel=1e-4)
    if rate < 1 / 30:
        np.testing.assert_allclose(background.variance[0], values.var(axis=0), rtol=1e-4)
    assert background.age.tolist() == [[min(30, 1 / rate)] * 9]
    assert background.mature.tolist() == [[0, 9] if rate > 1 / 30 else [4, 4]]


def test_unknown_values_leave_a_pixel_alone():
    background = fresh(3)
    absorb([[1.0, np.nan, 2.0], [3.0, np.nan, np.nan]], pace(0.1, full=10.0), background)
    np.testing.assert_array_equal(background.mean[0], np.float32([2.0, np.nan, 2.0]))
    np.testing.assert_array_equal(background.age[0], [2, 0, 1])


def test_the_mature_span_grows_and_gives_what_the_young_path_gives():
    rng = np.random.default_rng(4)
    values = rng.normal(50, 4, (40, 12)).astype(np.float32)
    values[:20, :3] = np.nan  # seen later, as what a drift brings in
    values[30, 6] = np.nan
    quick, slow = fresh(12), fresh(12)
    for row in values:
        absorb([row], pace(0.1, bend=0.01, limit=25.0, full=15.0, ahead=4.0, next_frame=4.0), quick)
        absorb([row], pace(0.1, bend=0.01, limit=25.0, full=15.0, ahead=4.0, next_frame=4.0), slow)
        slow.mature[:] = 0
    assert quick.mature.tolist() == [[0, 12]]
    for a, b in zip(quick[:4], slow[:4], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("mature", [False, True])
def test_a_flash_is_clipped(mature):
    background = fresh(1)
    background.mean[:], background.variance[:], background.age[:] = 100.0, 4.0, 100.0
    background.mature[:] = (0, 1) if mature else 0
    absorb([[1100.0]], pace(0.01, limit=25.0, full=100.0), background)
    assert background.variance[0, 0] == pytest.approx(0.99 * (4.0 + 0.01 * 100.0), rel=1e-5)
    assert background.age[0, 0] == 100.0


@given(step_x=st.integers(-9, 9), step_y=st.integers(-9, 9))
@settings(max_examples=25, deadline=None)
def test_moving_keeps_what_stays_inside(step_x, step_y):
    mean = np.arange(56, dtype=np.float32).reshape(7, 8)
    mature = np.tile(np.int32([2, 7]), (7, 1))
    background = Background(mean.copy(), mean + 1, np.full((7, 8), 5, np.float32), -mean, mature)
    move_background(background, step_x, step_y)
    for y in range(7):
        low, high = background.mature[y]
        kept = {x + step_x for x in range(2, 7)} & set(range(8)) if 0 <= y - step_y < 7 else set()
        assert set(range(low, high)) == kept
        for x in range(8):
            inside = 0 <= y - step_y < 7 and 0 <= x - step_x < 8
            assert background.age[y, x] == (5 if inside else 0)
            if inside:
                assert background.mean[y, x] == mean[y - step_y, x - step_x]
                assert background.variance[y, x] == mean[y - step_y, x - step_x] + 1
                assert background.slope[y, x] == -mean[y - step_y, x - step_x]
            else:
                assert np.isnan(background.mean[y, x])


def test_snapshot_holds_the_rows_around_each_seam():
    mean = np.arange(40 * 3, dtype=np.float32).reshape(40, 3)
    edges = np.zeros((3, 4, 2 * HALO, 3), np.float32)
    snapshot_edges(Background(mean, mean + 0.25, mean + 0.5, mean, np.full((40, 2), 7, np.int32)), 32, edges)
    np.testing.assert_array_equal(edges[1, 0], mean[32 - HALO : 32 + HALO])
    np.testing.assert_array_equal(edges[1, 2], mean[32 - HALO : 32 + HALO] + 0.5)
    np.testing.assert_array_equal(edges[0, 0, HALO:], mean[:HALO])
    assert not edges[0, 0, :HALO].any()
    assert (edges[1, 3, :, :2] == 7).all()


@pytest.mark.parametrize("ahead", [1.0, 13.0])
def test_a_ramp_is_foretold(ahead):
    background = fresh(5)
    ramp = 100.0 + 2.5 * np.arange(400)
    before = 1.0
    for k, value in enumerate(ramp):
        wait = min(float(k + 1), ahead)  # as when the guard fills at the start
        how = pace(2 / 24, bend=1 / 24**2, full=24.0, ahead=before, next_frame=wait)
        before = wait
        absorb([np.full(5, value)], how, background)
    np.testing.assert_allclose(background.slope, 2.5, rtol=1e-3)
    np.testing.assert_allclose(background.mean, ramp[-1] + 2.5 * ahead, rtol=1e-4)


def test_the_level_follows_holt_by_its_definition():
    rng = np.random.default_rng(5)
    values = rng.normal(50, 4, 60)
    background = fresh(1)
    how = pace(0.2, bend=0.01, full=2.0, ahead=7.0, next_frame=7.0)
    level = slope = 0.0
    for k, value in enumerate(values):
        absorb([[value]], how, background)
        if k < 2:
            level, slope = values[: k + 1].mean(), 0.0
        else:
            error = value - level - slope
            level, slope = level + slope + 0.2 * error, slope + 0.01 * error
        assert background.mean[0, 0] == pytest.approx(level + 7.0 * slope, rel=1e-5)
        assert background.slope[0, 0] == pytest.approx(slope, abs=1e-5)


def test_the_focal_planes_pattern_is_learnt_under_drift():
    rng = np.random.default_rng(6)
    truth = rng.normal(0, 5, (20, 24)).astype(np.float32)
    pattern = np.zeros_like(truth)
    scene = np.full(truth.shape, 1000.0, np.float32)
    background = Background(scene, 0 * scene + 25.0, scene, 0 * scene + 0.5, np.zeros((20, 2), np.int32))
    for k in range(200):
        dx, dy = int(rng.integers(-3, 4)), int(rng.integers(-3, 4))
        frame = scene - 3.0 + (truth - pattern) + rng.normal(0, 5, truth.shape)  # of three frames ago
        value = np.full_like(scene, np.nan)
        for y in range(20):
            for x in range(24):
                if 0 <= y + dy < 20 and 0 <= x + dx < 24:
                    value[y, x] = frame[y + dy, x + dx] + 1.5
        learn_pattern(value, background, np.array([0, 0, dx, dy]), 0.05, (k % 2, 2), 3.0, pattern)
    assert np.std(pattern - truth) < 0.45 * np.std(truth)
    assert abs(np.mean(pattern - truth)) < 0.5
