"""Several filters on one track, against a twin in numpy and known limits."""

import numpy as np
import pytest
from scipy.stats import chi2

from boostwatch_kernels import kalman, regimes
from boostwatch_kernels.regimes import Regimes

from . import reference_track as reference
from .test_kalman import random_pairs, random_tracks

TAUS = np.array([20.0, 2000.0, 200000.0])


def random_regimes(seed, n, count=3):
    state, cov = random_tracks(seed, n * count)
    return Regimes(state, cov, np.random.default_rng(seed).dirichlet(np.ones(count), n))


def copy_of(filters):
    return Regimes(*(column.copy() for column in filters))


def together(filters):
    n, count = filters.share.shape
    state, cov = filters.state.reshape(n, count, 2, 3), filters.cov.reshape(n, count, 2, 3, 3)
    out = [reference.moments(*parts) for parts in zip(filters.share, state, cov, strict=True)]
    return np.array([mean for mean, _ in out]), np.array([spread for _, spread in out])


def assert_same(filters, want, rtol=1e-8):
    for name, got, other in zip(Regimes._fields, filters, want, strict=True):
        np.testing.assert_allclose(got, other, rtol=rtol, atol=1e-9, err_msg=name)


def assert_pooled(filters, state, cov):
    mean, spread = together(filters)
    np.testing.assert_allclose(state, mean, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(cov, spread, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(filters.share.sum(axis=1), 1.0, rtol=1e-12)


@pytest.mark.parametrize("dt", [0.5, 12.0, 400.0])
def test_predict_is_that_of_interacting_models(dt):
    filters = random_regimes(1, 5)
    taus = np.array([20.0, 200.0, 2000.0])  # the twin loses its digits beyond
    want = reference.predict_regimes(filters, dt, taus, 0.05, 150.0)
    state, cov = np.empty((5, 2, 3)), np.empty((5, 2, 3, 3))
    regimes.predict(filters, state, cov, dt, taus, 0.05, 150.0)
    assert_same(filters, want)
    assert_pooled(filters, state, cov)


def test_no_time_changes_nothing():
    filters = random_regimes(2, 3)
    before = copy_of(filters)
    regimes.predict(filters, np.empty((3, 2, 3)), np.empty((3, 2, 3, 3)), 0.0, TAUS, 0.05, 150.0)
    assert_same(filters, before, rtol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_mixture_of_filters_and_measurements_is_exact(seed):
    filters, pairs = random_regimes(seed, 6), random_pairs(seed, 6, 10)
    want = reference.mix_regimes(filters, *pairs)
    state, cov = together(filters)
    regimes.mix(filters, state, cov, *pairs)
    assert_same(filters, want)
    assert_pooled(filters, state, cov)


def test_fits_are_the_density_of_all_filters_and_of_the_first():
    filters, rng = random_regimes(5, 4), np.random.default_rng(5)
    row, at, var = np.array([3, 0]), rng.normal(size=(2, 2, 2)), rng.uniform(0.1, 1.0, (2, 2, 2))
    fit, loose = regimes.fits(filters, row, at, var)
    each = reference.foretold(filters, row, at[:, 0], var[:, 0])
    np.testing.assert_allclose(fit, np.log(each.sum(axis=1)), rtol=1e-9)
    np.testing.assert_allclose(loose, np.log(each[:, 0] / filters.share[row, 0]), rtol=1e-9)


def test_filters_alike_are_one_filter():
    state, cov = random_tracks(6, 4)
    filters = Regimes(np.repeat(state, 3, axis=0), np.repeat(cov, 3, axis=0), np.full((4, 3), 1 / 3))
    start, point, share, at, var = random_pairs(6, 4, 5)
    got = np.empty_like(state), np.empty_like(cov)
    for _ in range(3):
        regimes.predict(filters, *got, 1.0, np.full(3, 20.0), 0.05, 150.0)
        regimes.mix(filters, *got, start, point, share, at, var)
        kalman.predict(state, cov, 1.0, 20.0, 0.05)
        for i in range(4):
            kalman.blend(state, cov, i, start[i], start[i + 1], point, share, at, var)
    np.testing.assert_allclose(got[0], state, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(got[1], cov, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(filters.share, 1 / 3, rtol=1e-8)


def test_a_filter_that_foretold_nothing_comes_back():
    filters = random_regimes(7, 1)
    filters.state[:] = 0.0
    filters.cov[:] = np.eye(3) * 1e-4
    filters.cov[0] = np.eye(3) * 100.0
    got = np.empty((1, 2, 3)), np.empty((1, 2, 3, 3))
    one = np.zeros(1, np.int64)
    regimes.mix(filters, *got, np.array([0, 1]), one, np.ones(1), np.full((1, 2), 500.0), np.full((1, 2), 0.01))
    assert np.isfinite(filters.state).all()
    assert (filters.share > 0).all()
    assert filters.share[0, 0] == pytest.approx(1.0)
    for _ in range(150):
        regimes.predict(filters, *got, 1.0, TAUS, 0.05, 150.0)
    assert filters.share[0, 1:].min() > 0.1


def followed(jerk, seed, runs=60, frames=80, sigma=0.3):
    """Errors (frames, 2 * runs) of tracks and their 1-sigmas, of the filters together and of the first alone."""
    rng = np.random.default_rng(seed)
    path = np.cumsum(np.cumsum(np.cumsum(rng.normal(0.0, jerk, (frames, runs, 2)), axis=0), axis=0), axis=0)
    path += np.arange(frames)[:, None, None] * rng.normal(0.0, 0.5, (runs, 2))
    path += 0.5 * np.arange(frames)[:, None, None] ** 2 * rng.normal(0.0, 0.01, (runs, 2))
    hits = path + rng.normal(0.0, sigma, path.shape)
    out = []
    for taus in (TAUS, TAUS[:1]):
        count = len(taus)
        filters = Regimes(
            np.zeros((runs * count, 2, 3)), np.zeros((runs * count, 2, 3, 3)), np.full((runs, count), 1 / count)
        )
        filters.state[:, :, 0] = np.repeat(hits[0], count, axis=0)
        filters.cov[:] = np.diag([sigma**2, 0.5**2, 0.01**2])
        got = np.empty((runs, 2, 3)), np.empty((runs, 2, 3, 3))
        start, point = np.arange(runs + 1), np.arange(runs)
        error, told = [], []
        for k in range(1, frames):
            regimes.predict(filters, *got, 1.0, taus, 0.05, 150.0)
            regimes.mix(filters, *got, start, point, np.ones(runs), hits[k], np.full((runs, 2), sigma**2))
            error.append((got[0][:, :, 0] - path[k]).ravel())
            told.append(np.sqrt(got[1][:, :, 0, 0]).ravel())
        out.append((np.array(error), np.array(told)))
    return out


def test_a_steady_climb_is_placed_by_its_whole_past():
    (error, told), (alone, _) = followed(0.0, 8)
    late = slice(40, None)
    bound = np.mean([9.0 * 0.3**2 / n for n in range(42, 81)])  # of the end of a parabola fitted to n points
    assert (error[late] ** 2).mean() < 1.25**2 * bound
    assert (error[late] ** 2).mean() < 0.5 * (alone[late] ** 2).mean()
    # Tracks are independent, frames are not: the normalised error of one frame is chi-squared.
    for k in (40, 60, 78):
        square = float((error[k] ** 2 / told[k] ** 2).sum())
        assert square < chi2.ppf(0.999, error.shape[1])


@pytest.mark.parametrize("jerk", [0.003, 0.01])
def test_what_turns_at_will_is_placed_as_well_as_by_the_one_filter_made_for_it(jerk):
    (error, told), (alone, _) = followed(jerk, 9)
    late = slice(20, None)
    assert np.sqrt((error[late] ** 2).mean()) < 1.15 * np.sqrt((alone[late] ** 2).mean())
    assert 0.7 < np.sqrt((error[late] ** 2 / told[late] ** 2).mean()) < 1.3
