"""Limits against Monte Carlo and closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boostwatch.assess import limits
from boostwatch.sensor import gaussian_psf


@pytest.mark.parametrize(("snr", "pfa"), [(2.0, 0.01), (3.0, 1e-3), (0.0, 0.05)])
def test_clairvoyant_pd_against_a_matched_filter_on_noise(snr, pfa):
    rng, count = np.random.default_rng(3), 40_000
    psf = gaussian_psf(0.7, 0.2, -0.1).ravel()
    filt = psf / np.linalg.norm(psf)
    threshold = -float(limits.clairvoyant_snr(pfa, 0.5))  # Pd 0.5 needs snr = Q^-1(Pfa)
    noise = rng.normal(size=(count, psf.size))
    signal = snr / np.linalg.norm(psf) * psf
    for scene, expected in ((noise @ filt, pfa), ((noise + signal) @ filt, float(limits.clairvoyant_pd(snr, pfa)))):
        sigma = np.sqrt(expected * (1 - expected) / count)
        assert abs((scene > threshold).mean() - expected) < 4.5 * sigma


@given(st.floats(0.01, 0.99), st.floats(1e-9, 0.4))
def test_clairvoyant_snr_inverts_pd(pd, pfa):
    assert limits.clairvoyant_pd(limits.clairvoyant_snr(pd, pfa), pfa) == pytest.approx(pd, rel=1e-9)


def test_clairvoyant_known_values():
    assert limits.clairvoyant_pd(0.0, 0.3) == pytest.approx(0.3)
    assert limits.clairvoyant_snr(0.5, 1e-5) == pytest.approx(4.2649, abs=1e-4)
    assert np.isnan(limits.clairvoyant_pd(np.nan, 0.1))


def test_cusum_reaches_its_bound():
    """Lorden's delay is first order: CUSUM at a threshold ln(1/FA) comes within a frame and the overshoot of it."""
    rng, snr, false = np.random.default_rng(4), 1.0, 1e-3
    threshold = np.log(1 / false)  # this threshold keeps the false alarm rate at or below 1e-3
    delays = []
    for _ in range(3000):
        statistic, n = 0.0, 0
        while statistic < threshold:
            statistic = max(statistic, 0) + snr * (rng.normal(snr) - snr / 2)
            n += 1
        delays.append(n)
    bound = float(limits.cusum_delay_frames(snr, false))
    assert bound == pytest.approx(2 * np.log(1000))
    assert 0.9 * bound < np.mean(delays) < 1.25 * bound


def test_cusum_never_below_a_frame_and_never_without_signal():
    np.testing.assert_array_equal(limits.cusum_delay_frames([0.0, 100.0], 1e-9), [np.inf, 1.0])
    assert limits.cusum_delay_frames(4.0, 1e-9) == pytest.approx(2.59, abs=0.01)


def test_crlb_of_a_well_sampled_spot_is_the_closed_form():
    """Wide PSF: sigma_x = sqrt(2) * sigma / SNR, flux 1 / SNR (a continuous Gaussian in white noise)."""
    x, y, flux = limits.gaussian_crlb(10.0, 3.0, 0.3, -0.2, radius=20)
    assert x == pytest.approx(np.sqrt(2) * 3.0 / 10, rel=0.02)
    assert y == pytest.approx(x, rel=1e-6)
    assert flux == pytest.approx(0.1, rel=1e-6)


def test_crlb_figures_of_the_field():
    """A source on the centre of its pixel; elsewhere the bound is a little lower."""
    for sigma, bound in ((0.7, 1.11), (0.8, 1.22)):
        assert limits.gaussian_crlb(1.0, sigma)[0] == pytest.approx(bound, abs=0.005)
        assert 0.94 * bound < limits.mean_position_crlb_px(1.0, sigma) < bound
        assert limits.mean_position_crlb_px(20.0, sigma) == pytest.approx(limits.mean_position_crlb_px(1.0, sigma) / 20)


@pytest.mark.parametrize(("dx", "dy"), [(0.0, 0.0), (0.4, -0.2)])
def test_crlb_is_reached_by_least_squares(dx, dy):
    rng, sigma, snr, count, radius = np.random.default_rng(5), 0.7, 40.0, 2000, 4
    psf = gaussian_psf(sigma, dx, dy, radius).ravel()
    noise = np.linalg.norm(psf) / snr
    step, gradient = 1e-4, [psf]
    for ax, ay in ((1e-4, 0), (0, 1e-4)):
        gradient.append((gaussian_psf(sigma, dx + ax, dy + ay, radius).ravel() - psf) / step)
    solve = np.linalg.pinv(np.stack(gradient, 1))
    data = psf + noise * rng.normal(size=(count, psf.size))
    estimate = (data - psf) @ solve.T  # one Gauss-Newton step from the truth: flux, x, y
    bound = limits.gaussian_crlb(snr, sigma, dx, dy, radius)
    spread = estimate.std(axis=0)
    relative = 4.5 / np.sqrt(2 * count)
    np.testing.assert_allclose(spread[[1, 2, 0]], bound, rtol=relative)
