from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config
from scipy.stats import norm, poisson

from boostwatch_kernels import noise
from tests.kernels import reference_scene as reference

# Without the compiler a draw costs a thousand times more: the statistics then prove less.
COUNT = 2_000 if config.DISABLE_JIT else 4_000_000
words = st.integers(0, 2**32 - 1)


def normals(seed: int, stream: int, frame: int, count: int = COUNT) -> np.ndarray:
    out = np.empty(count, np.float32)
    noise.fill_normal(seed, stream, frame, out)
    return out


@given(words)
def test_mix32_equals_twin(x: int) -> None:
    assert int(noise.mix32(np.uint32(x))) == reference.mix32(x)


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1), st.integers(0, 2**32 - 1))
def test_keys_and_bits_equal_twin(seed: int, stream: int, frame: int, counter: int) -> None:
    keys = noise.frame_keys(seed, stream, frame)
    assert tuple(map(int, keys)) == reference.frame_keys(seed, stream, frame)
    assert int(noise.bits32(keys[0], keys[1], counter)) == reference.bits32(
        reference.frame_keys(seed, stream, frame), counter
    )
    assert tuple(map(int, noise.pair_bits(*keys, np.uint32(counter)))) == reference.pair_bits(
        reference.frame_keys(seed, stream, frame), counter
    )
    assert int(noise.pair_bits(*keys, np.uint32(counter))[0]) == int(noise.bits32(*keys, counter))


@given(words, words)
@settings(max_examples=300)
def test_a_pair_is_box_and_mullers_of_its_bits(a: int, b: int) -> None:
    found = [float(v) for v in noise.normal_pair(np.uint32(a), np.uint32(b))]
    # Where the radius is small, it is the root of a logarithm that is good to 2e-7.
    assert found == pytest.approx(reference.normal_pair(a, b), rel=2e-6, abs=7e-4 if a > 0.999 * 2**32 else 2e-6)


@pytest.mark.parametrize("a", [0, 1, 2, 3, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1])
@pytest.mark.parametrize("b", [0, 1, 2**30, 2**31 - 1, 2**31, 3 * 2**30, 2**32 - 1])
def test_extreme_bits(a: int, b: int) -> None:
    found = noise.normal_pair(np.uint32(a), np.uint32(b))
    assert np.isfinite(found).all()
    assert [float(v) for v in found] == pytest.approx(reference.normal_pair(a, b), rel=2e-6, abs=7e-4)


def test_the_farthest_tail_is_reachable() -> None:
    assert float(noise.normal_pair(np.uint32(0), np.uint32(0))[0]) == pytest.approx(6.76, abs=0.01)
    assert float(noise.normal_pair(np.uint32(0), np.uint32(2**31))[0]) == pytest.approx(-6.76, abs=0.01)


def test_tails_to_six_sigma_have_their_share_of_the_bits() -> None:
    # Only the a-th part of all radii reaches beyond; of those, the tail of a unit normal lies in the direction alone.
    rng = np.random.default_rng(4)
    a = rng.integers(0, 2**32 * np.exp(-(5.9**2) / 2), 400 if config.DISABLE_JIT else 20_000)
    b = rng.integers(0, 2**32, len(a))
    x = np.array([noise.normal_pair(np.uint32(i), np.uint32(j))[0] for i, j in zip(a, b, strict=True)])
    expected = norm.sf(6.0) / np.exp(-(5.9**2) / 2) * len(a)
    for count in (int((x > 6).sum()), int((x < -6).sum())):
        assert poisson.cdf(count, expected) > 1e-4
        assert poisson.sf(count - 1, expected) > 1e-4


@pytest.mark.parametrize("count", [0, 1, noise.HALF, noise.BLOCK - 1, noise.BLOCK, noise.BLOCK + 3])
def test_fill_normal_equals_twin_and_does_not_know_its_length(count: int) -> None:
    found = normals(2**40 + 3, 5, 77, count)
    index = np.unique(np.clip([0, 1, noise.HALF, count - 2, count - 1], 0, max(count - 1, 0)))[: count or 0]
    np.testing.assert_allclose(
        found[index], reference.normals(2**40 + 3, 5, 77, index, noise.BLOCK), rtol=2e-6, atol=2e-6
    )
    assert (found == normals(2**40 + 3, 5, 77, 2 * noise.BLOCK)[:count]).all()


def test_moments_within_five_sigma_of_sampling() -> None:
    d = normals(11, 0, 0).astype(np.float64)
    n = len(d)
    assert abs(d.mean()) < 5 / n**0.5
    assert abs(d.var() - 1) < 5 * (2 / n) ** 0.5
    assert abs((d**3).mean()) < 5 * (15 / n) ** 0.5
    assert abs((d**4).mean() - 3) < 5 * (96 / n) ** 0.5


@pytest.mark.parametrize("k", [1.0, 2.0, 3.0, 4.0, 4.5, 5.0])
def test_tails(k: float) -> None:
    d = normals(12, 1, 3)
    expected = norm.sf(k) * len(d)
    for count in (int((d > k).sum()), int((d < -k).sum())):
        assert poisson.cdf(count, expected) > 1e-6
        assert poisson.sf(count - 1, expected) > 1e-6


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float((a.astype(np.float64) * b).mean()) * len(a) ** 0.5


@pytest.mark.parametrize("lag", [1, 2, 3, 16, 64, 255, 257, 1024, 2048, 4096])
def test_no_correlation_between_neighbours(lag: int) -> None:
    d = normals(13, 2, 9, max(COUNT, 3 * noise.BLOCK))
    assert abs(correlation(d[lag:], d[:-lag])) < 5
    assert abs(correlation(d[lag:] ** 2 - 1, d[:-lag] ** 2 - 1)) < 5 * 2


@pytest.mark.parametrize(
    ("a", "b"),
    [((1, 0, 0), (1, 0, 1)), ((1, 0, 0), (1, 1, 0)), ((1, 0, 0), (2, 0, 0)), ((1, 1, 0), (1, 0, 1)),
     ((7, 2, 3), (7, 3, 2)), ((0, 0, 0), (2**32, 0, 0)), ((5, 4, 4), (5, 4, 5))],
)  # fmt: skip
def test_no_correlation_between_streams_frames_and_seeds(a: tuple[int, int, int], b: tuple[int, int, int]) -> None:
    x, y = normals(*a), normals(*b)
    assert abs(correlation(x, y)) < 5
    assert abs(correlation(x**2 - 1, y**2 - 1)) < 5 * 2


def test_the_two_of_a_pair_are_independent() -> None:
    d = normals(14, 0, 0, max(COUNT, 2 * noise.BLOCK) // noise.BLOCK * noise.BLOCK).reshape(-1, 2, noise.HALF)
    bins = 16
    one, two = (np.minimum((norm.cdf(d[:, k].ravel()) * bins).astype(int), bins - 1) for k in (0, 1))
    counts = np.bincount(one * bins + two, minlength=bins**2)
    expected = len(one) / bins**2
    chi2 = ((counts - expected) ** 2 / expected).sum()
    assert abs(chi2 - (bins**2 - 1)) < 5 * (2 * (bins**2 - 1)) ** 0.5


def test_uniforms() -> None:
    out = np.empty(min(COUNT, 500_000))
    noise.fill_uniform(3, 4, 5, out)
    assert out.min() > 0
    assert out.max() < 1
    counts = np.bincount((out * 64).astype(int), minlength=64)
    chi2 = ((counts - len(out) / 64) ** 2 / (len(out) / 64)).sum()
    assert chi2 < 63 + 5 * (2 * 63) ** 0.5


@given(st.floats(0.0, 40.0), st.floats(1e-12, 1 - 1e-12))
def test_poisson_inverts_the_distribution_function(mean: float, u: float) -> None:
    k = int(noise.poisson_from_uniform(mean, u))
    assert poisson.cdf(k, mean) >= u * (1 - 1e-9) - 1e-12
    assert k == 0 or poisson.cdf(k - 1, mean) < u * (1 + 1e-9) + 1e-12


def test_poisson_ends_where_rounding_would_never_let_it() -> None:
    assert noise.poisson_from_uniform(5.0, 1.5) == 1000.0
