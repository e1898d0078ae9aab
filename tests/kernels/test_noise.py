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


@given(words)
@settings(max_examples=300, deadline=None)
def test_normal_is_the_inverse_error_function_of_its_bits(bits: int) -> None:
    found, wanted = float(noise.normal_from_bits(np.uint32(bits))), reference.normal_from_bits(bits)
    assert found == pytest.approx(wanted, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("bits", [0, 1, 2, 3, 2**31, 2**32 - 1, 2**32 - 2])
def test_extreme_bits(bits: int) -> None:
    value = float(noise.normal_from_bits(np.uint32(bits)))
    assert np.isfinite(value)
    assert value == pytest.approx(reference.normal_from_bits(bits), rel=1e-3, abs=1e-6)


def test_fill_normal_equals_twin() -> None:
    np.testing.assert_allclose(
        normals(2**40 + 3, 5, 77, 500), reference.fill_normal(2**40 + 3, 5, 77, 500), rtol=1e-3, atol=1e-6
    )


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


def test_the_farthest_tail_is_reachable() -> None:
    assert float(noise.normal_from_bits(np.uint32(1))) == pytest.approx(6.335, abs=0.01)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float((a.astype(np.float64) * b).mean()) * len(a) ** 0.5


@pytest.mark.parametrize("lag", [1, 2, 3, 16, 64, 255, 256, 257, 1024])
def test_no_correlation_between_neighbours(lag: int) -> None:
    d = normals(13, 2, 9)
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
