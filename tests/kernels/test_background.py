"""Background kernels against their twins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostwatch_kernels.background import HALO, Background, Pace, absorb_row, move_background, snapshot_edges

from . import reference_detect as twin


def fresh(n):
    return Background(
        np.full((1, n), np.nan, np.float32), np.zeros((1, n), np.float32), np.zeros((1, n), np.float32),
        np.zeros((1, 2), np.int32),
    )  # fmt: skip


def absorb(values, pace, background):
    for value in values:
        absorb_row(np.atleast_2d(np.asarray(value, np.float32)), 0, pace, background, 0)


@pytest.mark.parametrize("rate", [1 / 5, 1 / 1000])
def test_running_and_exponential_moments(rate):
    rng = np.random.default_rng(3)
    values = rng.normal(50, 4, (30, 9)).astype(np.float32)
    background = fresh(9)
    absorb(values, Pace(rate, 1e9, 1 / rate), background)
    for x in range(9):
        want = twin.absorbed(values[:, x].astype(float), rate)
        assert (background.mean[0, x], background.variance[0, x]) == pytest.approx(want, rel=1e-4)
    if rate < 1 / 30:
        np.testing.assert_allclose(background.variance[0], values.var(axis=0), rtol=1e-4)
    assert background.age.tolist() == [[min(30, 1 / rate)] * 9]
    assert background.mature.tolist() == [[0, 9] if rate > 1 / 30 else [4, 4]]


def test_unknown_values_leave_a_pixel_alone():
    background = fresh(3)
    absorb([[1.0, np.nan, 2.0], [3.0, np.nan, np.nan]], Pace(0.1, 25.0, 10.0), background)
    np.testing.assert_array_equal(background.mean[0], np.float32([2.0, np.nan, 2.0]))
    np.testing.assert_array_equal(background.age[0], [2, 0, 1])


def test_the_mature_span_grows_and_gives_what_the_young_path_gives():
    rng = np.random.default_rng(4)
    values = rng.normal(50, 4, (40, 12)).astype(np.float32)
    values[:20, :3] = np.nan  # seen later, as what a drift brings in
    values[30, 6] = np.nan
    quick, slow = fresh(12), fresh(12)
    for row in values:
        absorb([row], Pace(0.1, 25.0, 15.0), quick)
        absorb([row], Pace(0.1, 25.0, 15.0), slow)
        slow.mature[:] = 0
    assert quick.mature.tolist() == [[0, 12]]
    for a, b in zip(quick[:3], slow[:3], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parametrize("mature", [False, True])
def test_a_flash_is_clipped(mature):
    background = fresh(1)
    background.mean[:], background.variance[:], background.age[:] = 100.0, 4.0, 100.0
    background.mature[:] = (0, 1) if mature else 0
    absorb([[1100.0]], Pace(0.01, 25.0, 100.0), background)
    assert background.variance[0, 0] == pytest.approx(0.99 * (4.0 + 0.01 * 100.0), rel=1e-5)
    assert background.age[0, 0] == 100.0


@given(step_x=st.integers(-9, 9), step_y=st.integers(-9, 9))
@settings(max_examples=25, deadline=None)
def test_moving_keeps_what_stays_inside(step_x, step_y):
    mean = np.arange(56, dtype=np.float32).reshape(7, 8)
    mature = np.tile(np.int32([2, 7]), (7, 1))
    background = Background(mean.copy(), mean + 1, np.full((7, 8), 5, np.float32), mature)
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
            else:
                assert np.isnan(background.mean[y, x])


def test_snapshot_holds_the_rows_around_each_seam():
    mean = np.arange(40 * 3, dtype=np.float32).reshape(40, 3)
    edges = np.zeros((3, 4, 2 * HALO, 3), np.float32)
    snapshot_edges(Background(mean, mean + 0.25, mean + 0.5, np.full((40, 2), 7, np.int32)), 32, edges)
    np.testing.assert_array_equal(edges[1, 0], mean[32 - HALO : 32 + HALO])
    np.testing.assert_array_equal(edges[1, 2], mean[32 - HALO : 32 + HALO] + 0.5)
    np.testing.assert_array_equal(edges[0, 0, HALO:], mean[:HALO])
    assert not edges[0, 0, :HALO].any()
    assert (edges[1, 3, :, :2] == 7).all()
