import numpy as np
import pytest
from scipy.stats import chi2

from boostwatch_kernels import kalman

from . import reference_track as reference


def random_tracks(seed, n):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n, 2, 3, 3))
    return rng.normal(size=(n, 2, 3)), root @ root.transpose(0, 1, 3, 2) + 0.1 * np.eye(3)


def take(state, cov, row, z, var):
    for i, at, spread in zip(row, z, var, strict=True):
        kalman.take(state, cov, i, *at, *spread)


def blend(state, cov, start, *pairs):
    for i in range(len(state)):
        kalman.blend(state, cov, i, start[i], start[i + 1], *pairs)


@pytest.mark.parametrize("dt", [0.01, 0.5, 12.0])
def test_predict_equals_the_matrix_form(dt):
    state, cov = random_tracks(1, 7)
    want = reference.predict(state, cov, dt, 20.0, 0.1)
    kalman.predict(state, cov, dt, 20.0, 0.1)
    np.testing.assert_allclose(state, want[0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(cov, want[1], rtol=1e-9, atol=1e-12)


def test_predict_over_no_time_changes_nothing():
    state, cov = random_tracks(2, 3)
    before = state.copy(), cov.copy()
    kalman.predict(state, cov, 0.0, 20.0, 0.1)
    np.testing.assert_array_equal(state, before[0])
    np.testing.assert_array_equal(cov, before[1])


def test_update_equals_joseph_form():
    state, cov = random_tracks(3, 6)
    rng = np.random.default_rng(4)
    row, z, var = np.array([4, 0, 2]), rng.normal(size=(3, 2)), rng.uniform(0.01, 1, (3, 2))
    want = reference.update(state, cov, row, z, var)
    take(state, cov, row, z, var)
    np.testing.assert_allclose(state, want[0], rtol=1e-9)
    np.testing.assert_allclose(cov, want[1], rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(cov, cov.transpose(0, 1, 3, 2))


def random_pairs(seed, n, m):
    rng = np.random.default_rng(seed)
    count = rng.integers(0, 4, n)
    start = np.concatenate([[0], np.cumsum(count)])
    point = rng.integers(0, m, start[-1])
    share = np.concatenate([rng.dirichlet(np.ones(c + 1))[:c] for c in count])
    return start, point, share, rng.normal(size=(m, 2)), rng.uniform(0.01, 1, (m, 2))


@pytest.mark.parametrize("seed", range(4))
def test_mixture_has_the_mean_and_covariance_of_its_parts(seed):
    state, cov = random_tracks(seed, 8)
    pairs = random_pairs(seed, 8, 10)
    want = reference.mix(state, cov, *pairs)
    blend(state, cov, *pairs)
    np.testing.assert_allclose(state, want[0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(cov, want[1], rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(cov, cov.transpose(0, 1, 3, 2))
    assert (np.linalg.eigvalsh(cov) > 0).all()


def test_mixture_of_one_that_is_sure_is_the_update_and_of_nothing_is_nothing():
    state, cov = random_tracks(7, 3)
    start, point, share = np.array([0, 1, 1, 2]), np.array([1, 0]), np.ones(2)
    at, var = np.array([[0.3, -0.2], [1.0, 2.0]]), np.array([[0.1, 0.2], [0.3, 1e-6]])
    want = reference.update(state, cov, np.array([0, 2]), at[point], var[point])
    blend(state, cov, start, point, share, at, var)
    np.testing.assert_allclose(state, want[0], rtol=1e-9)
    np.testing.assert_allclose(cov, want[1], rtol=1e-8, atol=1e-9)
    assert (cov[:, :, 0, 0] > 0).all()


def test_errors_are_as_large_as_the_filter_says():
    """NEES of 400 tracks drawn from the filter's own model is chi-square with 6 degrees of freedom a track."""
    rng, n, dt = np.random.default_rng(5), 400, 0.5
    f, q = reference.transition(dt, 20.0), reference.process_noise(dt, 20.0, 0.1)
    root = np.linalg.cholesky(q)
    cov = np.tile(np.diag([0.04, 1.0, 0.0025]), (n, 2, 1, 1))
    truth = rng.normal(size=(n, 2, 3)) * np.sqrt([0.04, 1.0, 0.0025])
    state = np.zeros((n, 2, 3))
    for _ in range(30):
        truth = truth @ f.T + rng.normal(size=(n, 2, 3)) @ root.T
        kalman.predict(state, cov, dt, 20.0, 0.1)
        hit = np.flatnonzero(rng.uniform(size=n) < 0.8)
        z = truth[hit, :, 0] + rng.normal(0, 0.2, (len(hit), 2))
        take(state, cov, hit, z, np.full((len(hit), 2), 0.04))
    error = state - truth
    nees = float(np.einsum("nki,nkij,nkj->", error, np.linalg.inv(cov), error))
    low, high = chi2.ppf([1e-4, 1 - 1e-4], 6 * n)
    assert low < nees < high
