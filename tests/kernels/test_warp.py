"""Resampling along a map: against its twins, and against the resampling by a shift."""

import numpy as np
import pytest

from boostwatch.detect.interpolation import Interpolator
from boostwatch.detect.registration import shift_of
from boostwatch_kernels.registration import Frame, gradient_sums
from boostwatch_kernels.warp import Source, nearest_rows, warp_rows, warped_sums, whole_frame

from . import reference_detect, reference_warp
from .detect_parts import EMPTY, frame_of, learnt, no_lag, work_of

UNMARKED = np.zeros((0, 0), np.uint8)
STEP = 8
INTERPOLATOR = Interpolator(0.7)


def source_of(image, bend=0.0, turn=0.0, bad=UNMARKED):
    """A map that turns, and bends to second order, about the frame's middle."""
    height, width = image.shape
    y, x = np.meshgrid(*(STEP * (np.arange(-(-n // STEP) + 3) - 1.0) for n in (height, width)), indexing="ij")
    u, v = x - width / 2, y - height / 2
    node_x = width / 2 + np.cos(turn) * u - np.sin(turn) * v + bend * u * u
    node_y = height / 2 + np.sin(turn) * u + np.cos(turn) * v + bend * u * v
    return Source(image, bad, node_x, node_y, STEP, INTERPOLATOR.table)


def warp(source, x0=0.0, y0=0.0):
    out = np.empty_like(source.image)
    warp_rows(source, x0, y0, 0, 11, out)
    warp_rows(source, x0, y0, 11, len(out), out)
    return out


def test_it_is_its_twin():
    rng = np.random.default_rng(0)
    bad = (rng.random((30, 37)) < 0.05).astype(np.uint8)
    source = source_of(rng.normal(100, 10, (30, 37)).astype(np.float32), 0.002, 0.1, bad)
    want = reference_warp.warped(source, 0.4, -0.7, (30, 37))
    assert 0.2 < np.isnan(want).mean() < 0.6
    np.testing.assert_allclose(warp(source, 0.4, -0.7), want, rtol=1e-5)
    for value in (source.image, bad.astype(np.uint16)):
        out = np.empty_like(value)
        nearest_rows(value, source, 7.0, out)
        np.testing.assert_array_equal(out, reference_warp.nearest(value, source, 7.0, value.shape))


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.3, -0.45), (-3.0, 2.0), (2.77, 5.12)])
@pytest.mark.parametrize("blur", [0.0, 0.4])
def test_without_a_warp_it_is_the_resampling_by_a_shift(shift, blur):
    rng = np.random.default_rng(1)
    image = rng.normal(100, 10, (24, 40)).astype(np.float32)
    taps = Interpolator(0.7, blur)
    source = source_of(image)._replace(taps=taps.table)
    want = reference_detect.resampled(image, shift_of(taps, *shift))
    known = np.isfinite(want)
    got = warp(source, *shift)
    # A place may be rounded to just before a whole pixel, where soft taps are others: four reach one pixel less far.
    rounded = blur > 0.0 and shift[0] == round(shift[0])
    np.testing.assert_allclose(got[known], want[known], rtol=5e-3 if rounded else 1e-5)
    if shift == (0.0, 0.0) and blur == 0.0:
        np.testing.assert_array_equal(got[known], image[known])


@pytest.mark.parametrize("stride", [1, 3])
def test_without_a_warp_the_sums_are_those_of_a_shift(stride):
    rng = np.random.default_rng(2)
    shape = (40, 48)
    image = rng.normal(100, 10, shape).astype(np.float32)
    background = learnt(image + rng.normal(0, 3, shape), rng.uniform(5, 15, shape), rng.normal(0, 0.5, shape))
    background.level[5, 7] = np.nan
    background.weight[8:12, 3:9] = 0
    lag, work = np.array([2.0, 5.0], np.float32), work_of(48)
    want = gradient_sums(frame_of(image), shift_of(INTERPOLATOR, 0.2, 0.3), background, lag, 1.0, np.inf, stride, work)
    got = warped_sums(source_of(image), 0.2, 0.3, background, lag, 1.0, np.inf, stride, work)
    assert want[7] > 400
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=2e-2)


def test_the_sums_along_a_map_are_those_of_the_frame_on_the_grid():
    rng = np.random.default_rng(3)
    shape = (40, 48)
    source = source_of(rng.normal(100, 10, shape).astype(np.float32), 0.002, 0.1)
    background, work = learnt(rng.normal(100, 10, shape), rng.uniform(5, 15, shape)), work_of(48)
    on_grid = warp(source, 0.4, -0.7)
    flat = source_of(on_grid)._replace(taps=Interpolator(0.7, 0.0).table)
    got = warped_sums(source, 0.4, -0.7, background, no_lag(shape), 1.0, np.inf, 2, work)
    want = warped_sums(flat, 0.0, 0.0, background, no_lag(shape), 1.0, np.inf, 2, work)
    far = np.isfinite(warp(flat))[2::2].sum() / np.isfinite(on_grid)[2::2].sum()  # a tap beside NaN is NaN
    assert 0.5 < far <= 1.0
    np.testing.assert_allclose(got[7] * far, want[7], rtol=0.1)


def test_what_is_not_finite_spreads_no_further_than_the_taps():
    image = np.full((32, 32), 5.0, np.float32)
    image[16, 16] = np.nan
    out = warp(source_of(image, turn=0.05))
    lost = np.isnan(out[4:-4, 4:-4])
    assert 1 <= lost.sum() <= 25
    nodes = source_of(image)
    nodes.node_x[2, 2] = np.nan  # a node out of sight
    assert np.isnan(warp(nodes)[8:16, 8:16]).all()
    assert np.isfinite(warp(nodes)[26, 26])


def test_bad_pixels_are_filled_and_marked():
    data = np.arange(20, dtype=np.float32).reshape(4, 5)
    start, column = np.array([0, 1, 1, 3, 3], np.int32), np.array([2, 0, 4], np.int32)
    image, bad = np.empty_like(data), np.ones(data.shape, np.uint8)
    whole_frame(Frame(data, EMPTY, EMPTY, start, column), image, bad)
    assert [tuple(p) for p in np.argwhere(bad)] == [(0, 2), (2, 0), (2, 4)]
    assert (image[0, 2], image[2, 0], image[2, 4]) == (2.0, 11.0, 13.0)
