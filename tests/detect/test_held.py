"""What was known of a detection's place before."""

import numpy as np
import pytest

from boostwatch.detect.held import SLIP_PX, weigh_held
from boostwatch.detect.peaks import FLUX, HELD, SIGMA_X, SIGMA_Y, UNREST, X, Y
from boostwatch.sensor import gaussian_psf
from boostwatch_kernels.fitting import COLUMNS

SIGMA = 0.7


def known(level, noise):
    def at(rows, columns):
        high, wide = level.shape
        y, x = np.clip(rows, 0, high - 1), np.clip(columns, 0, wide - 1)
        outside = (rows != y) | (columns != x)
        return np.where(outside, np.nan, level[y, x]), np.where(outside, np.nan, noise[y, x])

    return at


def profile():
    line = gaussian_psf(SIGMA, radius=2).sum(axis=0)
    line /= np.sqrt((line**2).sum())
    return line[2:].astype(np.float32)


def fit(x, y, flux=500.0):
    out = np.zeros((1, COLUMNS))
    out[0, [X, Y, FLUX, SIGMA_X, SIGMA_Y]] = x, y, flux, 0.1, 0.1
    return out


def test_a_source_in_the_background_is_weighed_on_a_slope():
    yy, xx = np.mgrid[:32, :32]
    level = 1000.0 + 3.0 * xx - 2.0 * yy
    level[14:19, 13:18] += 2000.0 * gaussian_psf(SIGMA, radius=2)
    fits = fit(15.2, 15.8)
    weigh_held(fits, known(level, np.ones((32, 32))), profile())
    assert fits[0, HELD] == pytest.approx(2000.0, rel=0.03)
    assert fits[0, UNREST] == 1.0
    assert fits[0, SIGMA_X] == pytest.approx(np.hypot(0.1, SLIP_PX * fits[0, HELD] / 500.0))


def test_an_even_background_holds_nothing_and_a_restless_place_shows():
    noise = np.ones((32, 32))
    noise[14:17, 14:17] = 4.0
    fits = fit(15.0, 15.0)
    weigh_held(fits, known(np.full((32, 32), 7.0), noise), profile())
    assert fits[0, HELD] == pytest.approx(0.0, abs=1e-9)
    assert fits[0, UNREST] == 4.0
    assert fits[0, SIGMA_Y] == 0.1


def test_corners_and_what_is_not_known():
    level = np.full((32, 32), 7.0)
    fits = np.concatenate([fit(0.0, 0.0), fit(31.0, 31.0), fit(-0.4, 15.0)])
    weigh_held(fits, known(level, np.ones_like(level)), profile())
    np.testing.assert_allclose(fits[:, HELD], 0.0, atol=1e-9)
    lost = fit(15.0, 15.0)
    weigh_held(lost, known(np.full((32, 32), np.nan), np.full((32, 32), np.nan)), profile())
    assert np.isnan(lost[0, [HELD, UNREST]]).all()
    assert lost[0, SIGMA_X] == 0.1
    weigh_held(np.zeros((0, COLUMNS)), known(level, level), profile())
