"""The noise of the tiles: slowly by tile, at once by neighbourhood."""

import numpy as np
import pytest
from scipy import integrate, stats

from boostwatch_kernels.cfar import CLIPPED_MOMENT, renew_tiles

from . import reference_detect as twin

SHAPE = (5, 7)


def found_of(variance, count=500.0, tail=0.0062):
    out = np.zeros((*SHAPE, 3))
    out[..., 2] = count
    out[..., 0] = CLIPPED_MOMENT * np.broadcast_to(variance, SHAPE) * count
    out[..., 1] = tail * np.asarray(count)
    return out


def start(variance=1.0):
    return np.full(SHAPE, variance), np.full(SHAPE, 0.0062), np.full(SHAPE, np.sqrt(variance), np.float32)


def test_the_clipped_moment_of_a_unit_normal():
    inside = integrate.quad(lambda z: z * z * stats.norm.pdf(z), -2, 1)[0]
    assert pytest.approx(inside + 4 * stats.norm.cdf(-2) + stats.norm.sf(1), abs=1e-5) == CLIPPED_MOMENT


def test_equals_its_twin():
    rng = np.random.default_rng(1)
    level, tail = rng.uniform(0.5, 2.0, SHAPE), rng.uniform(0, 0.02, SHAPE)
    scale = rng.uniform(0.5, 2.0, SHAPE).astype(np.float32)
    found = found_of(
        rng.gamma(2.0, 1.0, SHAPE) * rng.choice([0.01, 1, 100], SHAPE), rng.choice([0, 32, 33, 500], SHAPE)
    )
    want = twin.renewed(found, 0.05, level, tail, CLIPPED_MOMENT)
    before = scale.copy()
    renew_tiles(found, 0.05, level, tail, scale)
    np.testing.assert_allclose(level, want[0], rtol=1e-12)
    np.testing.assert_allclose(tail, want[1], rtol=1e-12)
    np.testing.assert_allclose(scale, np.where(np.isnan(want[2]), before, want[2]), rtol=1e-6)
    assert np.isnan(want[2]).any()


@pytest.mark.parametrize("variance", [1.0, 4.0, 0.6])
@pytest.mark.parametrize("looks", [1, 2, 5, 60])
def test_the_scale_is_that_of_the_noise_from_the_first_look_on(variance, looks):
    level, tail, scale = start()
    for k in range(looks):
        renew_tiles(found_of(variance), max(1 / 20, 1 / (k + 1)), level, tail, scale)
    np.testing.assert_allclose(scale, np.sqrt(variance), rtol=1e-6)


def test_a_noisy_frame_counts_at_once_and_one_noisy_tile_does_not():
    level, tail, scale = start()
    renew_tiles(found_of(9.0), 0.05, level, tail, scale)
    np.testing.assert_allclose(scale, 3.0, rtol=1e-6)
    level, tail, scale = start()
    one = np.ones(SHAPE)
    one[2, 3] = 9.0
    renew_tiles(found_of(one), 0.05, level, tail, scale)
    assert 1.0 < scale[2, 3] < 1.4
    assert scale[2, 3] > scale[2, 2]


def test_no_frame_counts_without_bound():
    level, tail, scale = start()
    renew_tiles(found_of(1e6), 0.0, level, tail, scale)
    np.testing.assert_allclose(scale, 5.0)
    renew_tiles(found_of(1e-6), 0.0, level, tail, scale)
    np.testing.assert_allclose(scale, np.sqrt(0.5))


def test_the_scale_from_a_sample_of_normal_numbers():
    rng = np.random.default_rng(2)
    q = 1.7 * rng.normal(size=(*SHAPE, 2000))
    found = np.stack([(np.clip(q, -2 * 1.7, 1.7) ** 2).sum(-1), (q < -2.5 * 1.7).sum(-1), np.full(SHAPE, 2000)], -1)
    level, tail, scale = start()
    renew_tiles(found.astype(float), 1.0, level, tail, scale)
    np.testing.assert_allclose(scale, 1.7, rtol=4.0 * np.sqrt(1.0 / 2000))
    assert tail.mean() == pytest.approx(0.00621, abs=4.0 * np.sqrt(0.00621 / q.size))
