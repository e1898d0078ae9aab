"""Pixel to ray and back, and the point spread over pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boostwatch.sensor import Band, Sensor, gaussian_psf, photon_energy_j

SENSOR = Sensor("notional", 28e-6, 127.5, 63.5, 0.5, 0.1, (Band("swir", 2.69, 2.95),))
PIXELS = st.floats(-4000, 4000)


@given(PIXELS, PIXELS)
def test_project_undoes_rays(x, y):
    ray = SENSOR.rays(x, y)
    assert np.linalg.norm(ray) == pytest.approx(1, abs=1e-15)
    back = SENSOR.project(ray * 3.7e7)
    assert back == (pytest.approx(x, abs=1e-8), pytest.approx(y, abs=1e-8))


def test_axes_and_boresight():
    np.testing.assert_array_equal(SENSOR.rays(127.5, 63.5), [0, 0, 1])
    assert SENSOR.rays(128.5, 63.5)[0] == pytest.approx(28e-6, rel=1e-8)
    assert SENSOR.rays(127.5, 64.5)[1] == pytest.approx(28e-6, rel=1e-8)


def test_rays_broadcast_and_nan_stays_nan():
    rays = SENSOR.rays(np.arange(4.0)[None, :], np.array([0.0, np.nan])[:, None])
    assert rays.shape == (2, 4, 3)
    assert np.isfinite(rays[0]).all()
    assert np.isnan(rays[1]).all()


def test_what_lies_behind_has_no_pixel():
    x, y = SENSOR.project([[0.0, 0.0, -1.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    np.testing.assert_array_equal(x, [np.nan, 127.5, np.nan])
    np.testing.assert_array_equal(y, [np.nan, 63.5, np.nan])


@given(st.floats(0.3, 1.2), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_psf_sums_to_one_and_mirrors(sigma, dx, dy):
    psf = gaussian_psf(sigma, dx, dy, radius=7)
    assert psf.shape == (15, 15)
    assert psf.sum() == pytest.approx(1, abs=1e-7)
    assert (psf >= 0).all()
    np.testing.assert_allclose(gaussian_psf(sigma, -dx, dy, 7), psf[:, ::-1], atol=1e-15)
    np.testing.assert_allclose(gaussian_psf(sigma, dy, dx, 7), psf.T, atol=1e-15)


@given(st.floats(0.5, 1.0), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_psf_centroid_is_the_source(sigma, dx, dy):
    psf = gaussian_psf(sigma, dx, dy, radius=7)
    offsets = np.arange(-7, 8)
    assert (psf.sum(0) * offsets).sum() == pytest.approx(dx, abs=0.03)  # undersampling bends it a little
    assert (psf.sum(1) * offsets).sum() == pytest.approx(dy, abs=0.03)


def test_psf_against_dense_quadrature():
    sigma, dx, dy, n = 0.7, 0.21, -0.34, 200
    fine = (np.arange(7 * n) + 0.5) / n - 3.5
    gx, gy = (np.exp(-0.5 * ((fine - d) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi) * n) for d in (dx, dy))
    slow = (gy[:, None] * gx[None, :]).reshape(7, n, 7, n).sum((1, 3))
    np.testing.assert_allclose(gaussian_psf(sigma, dx, dy, 3), slow, atol=1e-6)


def test_photon_energy():
    assert photon_energy_j(2.69, 2.95) == pytest.approx(1.98644586e-19 / 2.82, rel=1e-8)  # hc is 1.986e-19 J um


def test_a_foreign_band_knows_only_its_name():
    assert np.isnan(Band("b0").psf_sigma_px)


def test_a_signal_tells_its_irradiance_where_the_gain_is_known():
    assert Band("b", gain_e_per_dn=4.0, irradiance_per_e=2e-16).irradiance_per_signal == 2e-16
    assert np.isnan(Band("b", irradiance_per_e=2e-16).irradiance_per_signal)
