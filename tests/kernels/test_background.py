"""Background kernels against their twins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostwatch_kernels.background import AGE_LIMIT, HALO, Background, absorb_row, move_background, snapshot_edges

from . import reference_detect as twin


def rows(n):
    return np.full(n, np.nan, np.float32), np.zeros(n, np.float32), np.zeros(n, np.float32)


@pytest.mark.parametrize("rate", [1 / 5, 1 / 1000])
def test_running_and_exponential_moments(rate):
    rng = np.random.default_rng(3)
    values = rng.normal(50, 4, (30, 9)).astype(np.float32)
    mean, variance, age = rows(9)
    for row in values:
        absorb_row(row, rate, 1e9, mean, variance, age)
    for x in range(9):
        want = twin.absorbed(values[:, x].astype(float), rate)
        assert (mean[x], variance[x]) == pytest.approx(want, rel=1e-4)
    if rate < 1 / 30:
        np.testing.assert_allclose(variance, values.var(axis=0), rtol=1e-4)
    assert (age == 30).all()


def test_unknown_values_leave_a_pixel_alone():
    mean, variance, age = rows(3)
    absorb_row(np.array([1.0, np.nan, 2.0], np.float32), 0.1, 25.0, mean, variance, age)
    absorb_row(np.array([3.0, np.nan, np.nan], np.float32), 0.1, 25.0, mean, variance, age)
    np.testing.assert_array_equal(mean, np.float32([2.0, np.nan, 2.0]))
    np.testing.assert_array_equal(age, [2, 0, 1])


def test_a_flash_is_clipped_and_age_saturates():
    mean, variance, age = np.float32([100.0]), np.float32([4.0]), np.float32([AGE_LIMIT])
    absorb_row(np.float32([1100.0]), 0.01, 25.0, mean, variance, age)
    assert variance[0] == pytest.approx(0.99 * (4.0 + 0.01 * 100.0), rel=1e-5)
    assert age[0] == AGE_LIMIT


@given(step_x=st.integers(-9, 9), step_y=st.integers(-9, 9))
@settings(max_examples=25, deadline=None)
def test_moving_keeps_what_stays_inside(step_x, step_y):
    mean = np.arange(56, dtype=np.float32).reshape(7, 8)
    background = Background(mean.copy(), mean + 1, np.full((7, 8), 5, np.float32))
    move_background(background, step_x, step_y)
    for y in range(7):
        for x in range(8):
            inside = 0 <= y - step_y < 7 and 0 <= x - step_x < 8
            assert background.age[y, x] == (5 if inside else 0)
            if inside:
                assert background.mean[y, x] == mean[y - step_y, x - step_x]
                assert background.variance[y, x] == mean[y - step_y, x - step_x] + 1
            else:
                assert np.isnan(background.mean[y, x])


def test_snapshot_holds_the_rows_around_each_seam():
    mean = np.arange(40 * 3, dtype=np.float32).reshape(40, 3)
    edges = np.zeros((3, 3, 2 * HALO, 3), np.float32)
    snapshot_edges(Background(mean, mean + 0.25, mean + 0.5), 32, edges)
    np.testing.assert_array_equal(edges[1, 0], mean[32 - HALO : 32 + HALO])
    np.testing.assert_array_equal(edges[1, 2], mean[32 - HALO : 32 + HALO] + 0.5)
    np.testing.assert_array_equal(edges[0, 0, HALO:], mean[:HALO])
    assert not edges[0, 0, :HALO].any()
