"""Sweep and fits against their twins; errors against the Cramer-Rao bound."""

import numpy as np
import pytest

from boostwatch_kernels.background import HALO, Background, Pace, snapshot_edges
from boostwatch_kernels.detection import STATISTICS, TILE_X, TILE_Y, Ring, Tiles, filter_row, sweep_block
from boostwatch_kernels.fitting import Patch, fit_peaks, line_spread
from boostwatch_kernels.registration import PAD, Shift
from boostwatch_kernels.whitening import Rule

from . import reference_detect as twin
from .test_registration import frame_of

PROFILE = twin.line_spread(0.7, 0.0, 2)[2:].astype(np.float32)
PACE = Pace(1 / 60, 0.0, 1 / 60, 25.0, 50.0, 1.0, 1.0)
STILL = np.array([0, 1, 0, 0], np.float32)


def world(height=48, width=70, seed=4, age=50.0):
    rng = np.random.default_rng(seed)
    mean = rng.normal(1000, 20, (height, width)).astype(np.float32)
    variance = rng.uniform(60, 140, mean.shape).astype(np.float32)
    data = (mean + rng.normal(size=mean.shape) * np.sqrt(variance)).astype(np.float32)
    ages = np.full(mean.shape, age, np.float32)
    ages[: height // 3, : width // 4] = 3.0
    ages[4, 9] = 1.0
    mature = np.zeros((height, 2), np.int32)
    mature[height // 2 :] = (4, width - 3)  # the rest is just as old, and takes the slower path
    background = Background(mean, variance, ages, np.zeros(mean.shape, np.float32), mature)
    tiles = (-(-height // TILE_Y), -(-width // TILE_X))
    known = Tiles(
        rng.uniform(80, 120, tiles).astype(np.float32),
        rng.uniform(0.9, 1.1, tiles).astype(np.float32),
        np.zeros((*tiles, STATISTICS)),
    )
    return data, background, known


def spread(tiles, shape):
    return np.kron(tiles, np.ones((TILE_Y, TILE_X)))[: shape[0], : shape[1]]


def run(data, background, tiles, rule, *, rows=32, shift=None, ring=None, profile=PROFILE, bad=None):
    height, width = data.shape
    shift = shift or Shift(0, 0, STILL, STILL)
    ring = ring or Ring(np.full((2, height, width), np.nan, np.float32), 0, -1, 0, 0)
    blocks = -(-height // rows)
    edges = np.zeros((blocks + 1, 4, 2 * HALO, width), np.float32)
    snapshot_edges(background, rows, edges)
    found = []
    for block in reversed(range(blocks)):  # any order must do
        peaks = np.zeros((400, 3), np.float32)
        count = sweep_block(
            frame_of(data, bad=bad), shift, background, edges, ring, profile, rule, tiles, block, rows, peaks
        )
        found.append(peaks[:count])
    return np.concatenate(found[::-1]), ring


@pytest.mark.parametrize("blur", [0.0, 0.01])
@pytest.mark.parametrize("sigma", [0.7, 1.0])
def test_sweep_equals_its_twin(blur, sigma):
    data, background, tiles = world()
    reach = 2 if sigma < 0.85 else 3
    profile = twin.line_spread(sigma, 0.0, reach)[reach:].astype(np.float32)
    rule = Rule(PACE, 2.0, 8.0, 0.5, blur, 1.5, 1.0, 0.0)
    shift = Shift(1, -1, np.float32([-0.06, 0.86, 0.24, -0.04]), np.float32([-0.04, 0.24, 0.86, -0.06]))
    value = twin.resampled(data.astype(float), shift)
    q = twin.matched(value, background, spread(tiles.variance, data.shape), rule, profile)
    want = twin.maxima(q, 1.5 * spread(tiles.scale, data.shape))
    peaks, ring = run(data, background, tiles, rule, shift=shift, profile=profile)
    np.testing.assert_allclose(ring.frames[0], value, rtol=1e-5)
    # Where a single pixel has weight, its neighbours share its value but for rounding: the rim is left out.
    peaks = peaks[(peaks[:, 0] >= 4) & (peaks[:, 0] < 43) & (peaks[:, 1] >= 4) & (peaks[:, 1] < 65)]
    want = [(y, x) for y, x in want if 4 <= y < 43 and 4 <= x < 65]
    assert [(int(y), int(x)) for y, x, _ in peaks] == want
    np.testing.assert_allclose(peaks[:, 2], [q[p] for p in want], rtol=2e-3)


def test_tile_statistics():
    data, background, tiles = world()
    rule = Rule(PACE, 2.0, 8.0, 0.5, 0.0, 9.0, 1.0, 0.0)
    typical, scale = spread(tiles.variance, data.shape), spread(tiles.scale, data.shape)
    value = twin.resampled(data.astype(float), Shift(0, 0, STILL, STILL))  # no taps at the rim
    q = twin.matched(value, background, typical, rule, PROFILE)
    weight = twin.weights(twin.whitened(value, background, typical, rule)[1], PROFILE)
    run(data, background, tiles, rule)
    sample = np.zeros(data.shape)
    sample[1::4] = 1
    want = sample * np.stack([np.minimum(q**2, 4.0 * scale**2), weight, q < -2.5 * scale, weight > 0])
    for ty in range(2):
        for tx in range(2):
            box = want[:, ty * TILE_Y : (ty + 1) * TILE_Y, tx * TILE_X : (tx + 1) * TILE_X]
            np.testing.assert_allclose(tiles.found[ty, tx], box.sum(axis=(1, 2)), rtol=1e-4)


def test_blocks_do_not_change_a_bit():
    results = []
    for rows in (32, 96):
        data, background, tiles = world(96, 70)
        old = np.random.default_rng(5).normal(1000, 20, (2, 96, 70)).astype(np.float32)
        ring = Ring(old, 0, 1, 1, -2)
        peaks, ring = run(data, background, tiles, Rule(PACE, 2.0, 8.0, 0.5, 0.01, 2.0, 1.0, 0.0), rows=rows, ring=ring)
        results.append([peaks, *background, tiles.found, ring.frames])
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_departing_frame_is_absorbed_where_its_reference_lay():
    data, background, tiles = world()
    before = background.mean.copy()
    old = np.full((2, *data.shape), np.nan, np.float32)
    old[1, 20, 30] = before[22, 29] + 100.0
    run(data, background, tiles, Rule(PACE, 2.0, 8.0, 0.5, 0.0, 9.0, 1.0, 0.0), ring=Ring(old, 0, 1, -1, 2))
    changed = np.argwhere(background.mean != before)
    assert changed.tolist() == [[22, 29]]
    assert background.mean[22, 29] == pytest.approx(before[22, 29] + 100.0 / 60.0, rel=1e-5)


def test_bad_pixels_have_no_weight_and_peaks_stop_at_the_list():
    data, background, tiles = world()
    bad = np.zeros(data.shape, bool)
    bad[25, 40] = True
    data[25, 40] = 60000.0
    peaks, ring = run(data, background, tiles, Rule(PACE, 2.0, 8.0, 0.5, 0.0, 0.5, 1.0, 0.0), bad=bad)
    assert np.isnan(ring.frames[0, 25, 40])
    assert peaks[:, 2].max() < 6
    few = np.zeros((3, 3), np.float32)
    edges = np.zeros((3, 4, 2 * HALO, 70), np.float32)
    count = sweep_block(
        frame_of(data), Shift(0, 0, STILL, STILL), background, edges, ring, PROFILE,
        Rule(PACE, 2.0, 8.0, 0.5, 0.0, 0.5, 1.0, 0.0), tiles, 0, 32, few,
    )  # fmt: skip
    assert count == 3


def test_filter_with_a_long_profile():
    rng = np.random.default_rng(6)
    padded = np.zeros(30 + 2 * PAD, np.float32)
    padded[PAD:-PAD] = rng.normal(size=30)
    profile = np.float32([0.4, 0.2, 0.08, 0.02])
    out = np.empty((2, 30), np.float32)
    filter_row(padded, profile, out, 1)
    line = np.concatenate([profile[:0:-1], profile])
    np.testing.assert_allclose(out[1], np.convolve(padded[PAD:-PAD], line, "same"), atol=1e-6)


@pytest.mark.parametrize("offset", [-0.6, 0.0, 0.31])
def test_line_spread_and_its_slope(offset):
    share, slope = np.zeros(7), np.zeros(7)
    line_spread(0.7, offset, share, slope)
    np.testing.assert_allclose(share, twin.line_spread(0.7, offset, 3), atol=1e-12)
    step = 1e-5
    numeric = (twin.line_spread(0.7, offset + step, 3) - twin.line_spread(0.7, offset - step, 3)) / (2 * step)
    np.testing.assert_allclose(slope, numeric, atol=1e-8)


def test_fits_reach_the_bound():
    rng = np.random.default_rng(7)
    count, spacing = 14, 9
    side = count * spacing
    noise, snr = 10.0, 15.0
    background = Background(
        np.full((side, side), 1000.0, np.float32), np.full((side, side), noise**2, np.float32),
        np.full((side, side), 1e4, np.float32), np.zeros((side, side), np.float32), np.zeros((side, 2), np.int32),
    )  # fmt: skip
    image = rng.normal(1000.0, noise, (side, side))
    truth, peaks = [], []
    for j in range(count):
        for i in range(count):
            x, y = spacing * i + 4 + rng.uniform(-0.5, 0.5), spacing * j + 4 + rng.uniform(-0.5, 0.5)
            cx, cy = round(x), round(y)
            share = np.outer(twin.line_spread(0.7, y - cy, 3), twin.line_spread(0.7, x - cx, 3))
            flux = snr * noise / np.sqrt((share**2).sum())
            image[cy - 3 : cy + 4, cx - 3 : cx + 4] += flux * share
            truth.append((x, y, flux))
            peaks.append((cy, cx, snr))
    tiles_shape = (-(-side // TILE_Y), -(-side // TILE_X))
    ones = np.ones(tiles_shape, np.float32)
    patch = Patch(
        image.astype(np.float32), background, Tiles(ones * noise**2, ones, np.zeros((*tiles_shape, STATISTICS))),
        Rule(PACE, 2.0, 8.0, 0.0, 0.0, 3.0, 1.0, 0.0),
    )  # fmt: skip
    fits = np.zeros((len(peaks), 8))
    fit_peaks(patch, 0.7, 1e9, 2, np.array(peaks, np.float32), fits)
    truth = np.array(truth)
    n = len(truth)
    slack = 4.0 / np.sqrt(2 * n)  # four sigma of an rms from n samples
    for axis in (0, 1):
        pull = (fits[:, axis] - truth[:, axis]) / fits[:, 2 + axis]
        assert abs(np.sqrt(np.mean(pull**2)) - 1.0) < slack + 0.05
        assert abs(pull.mean()) < 4.0 / np.sqrt(n)
    pull = (fits[:, 4] - truth[:, 2]) / fits[:, 5]
    assert abs(np.sqrt(np.mean(pull**2)) - 1.0) < slack + 0.05
    assert fits[:, 2].mean() == pytest.approx(1.11 / snr, rel=0.08)  # known bound at sigma 0.7
    assert fits[:, 6].mean() == pytest.approx(snr, abs=4.0 / np.sqrt(n) + 0.2)
    assert abs(fits[:, 7].mean() - 1.0) < 4.0 * np.sqrt(2.0 / (22 * n)) + 0.02


def test_a_fit_without_data_is_unknown():
    data, background, tiles = world()
    background.age[:] = 0.0
    fits = np.ones((1, 8))
    patch = Patch(data, background, tiles, Rule(PACE, 2.0, 8.0, 0.0, 0.0, 3.0, 1.0, 0.0))
    fit_peaks(patch, 0.7, 1.0, 2, np.float32([[0, 0, 5]]), fits)
    assert np.isnan(fits[0, [2, 3, 5]]).all()
    assert fits[0, 4] == 0.0
