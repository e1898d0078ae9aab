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


@pytest.mark.parametrize(("rise", "false"), [(0.05, 1e-6), (0.3, 1e-4), (2.0, 1e-9)])
def test_cusum_on_a_ramp_comes_no_sooner_than_the_alarm_expected(rise, false):
    """The mean alarm of CUSUM that knows the ramp lies at the limit, but for the overshoot: two frames at most here."""
    rng, count = np.random.default_rng(6), 2000
    snr = rise * np.arange(1, 200)
    threshold, statistic = np.log(1 / false), np.zeros(count)
    alarm = np.full(count, -1)
    for n, s in enumerate(snr):
        statistic = np.maximum(statistic, 0.0) + s * (rng.normal(s, 1.0, count) - s / 2)
        alarm[(alarm < 0) & (statistic >= threshold)] = n
    expected = limits.cusum_alarm(snr, false)
    error = alarm.std() / np.sqrt(count)
    assert -4.5 * error - 0.5 < alarm.mean() - expected < 2.0


def test_cusum_alarm_is_the_constant_delay_for_a_constant_signal():
    for snr, false in ((1.0, 1e-3), (2.0, 1e-8), (9.0, 1e-5)):
        frames = limits.cusum_alarm(np.full(100, snr), false) + 1
        assert frames == np.ceil(limits.cusum_delay_frames(snr, false))
    assert limits.cusum_alarm(np.zeros(50), 1e-3) is None
    assert limits.cusum_alarm([0.0, np.nan, 9.0], 1e-3) == 2
    assert limits.cusum_alarm([], 1e-3) is None


def test_crlb_of_many_points_is_that_of_each():
    rng = np.random.default_rng(7)
    snr, dx, dy = rng.uniform(3, 50, 5000), rng.uniform(-0.5, 0.5, 5000), rng.uniform(-0.5, 0.5, 5000)
    many = np.stack(limits.point_crlb(snr, np.full(5000, np.inf), 0.7, dx, dy))
    for k in (0, 17, 4999):
        np.testing.assert_allclose(many[:, k], limits.gaussian_crlb(snr[k], 0.7, dx[k], dy[k]), rtol=1e-4)
    bad = limits.point_crlb([0.0, np.nan, 5.0, 5.0], [1e3, 1e3, 0.0, np.nan], 0.7, np.zeros(4), np.zeros(4))
    assert np.isnan(bad).all()


def test_own_light_makes_noise():
    """Without background a point of S electrons has a flux known to 1/sqrt(S); its place is no better known."""
    dark = np.stack(limits.point_crlb([1e9], [400.0], 1.5, [0.2], [0.1], 12))[:, 0]
    assert dark[2] == pytest.approx(1 / 20, rel=1e-3)
    assert dark[0] == pytest.approx(1.5 / 20, rel=0.05)  # sigma / sqrt(S)
    both = limits.point_crlb([20.0], [400.0], 1.5, [0.2], [0.1])[0]
    assert both > limits.point_crlb([20.0], [np.inf], 1.5, [0.2], [0.1])[0]
    assert both > dark[0]


def test_bound_of_the_launch_point_is_reached_by_least_squares():
    rng, count, trials = np.random.default_rng(8), 60, 4000
    jacobian = np.tile([[1.1, 0.2], [-0.1, 0.6]], (count, 1, 1)) * rng.uniform(0.8, 1.2, (count, 1, 1))
    sigma, bias = rng.uniform(0.1, 0.6, count), 0.35
    bound = limits.launch_point_bound_km(jacobian, sigma**-2, bias)
    design = np.concatenate([jacobian, np.tile(bias * np.eye(2), (count, 1, 1))], axis=2).reshape(-1, 4)
    weight = np.repeat(sigma**-2, 2)
    solve = np.linalg.solve((design.T * weight) @ design + np.diag([0.0, 0.0, 1.0, 1.0]), design.T * weight)
    noise = rng.normal(size=(trials, 2 * count)) * np.repeat(sigma, 2)
    data = noise + np.tile(rng.normal(0.0, bias, (trials, 2)), (1, count))
    error = np.sqrt(((data @ solve.T)[:, :2] ** 2).sum(axis=1).mean())
    assert error == pytest.approx(bound, rel=4.5 / np.sqrt(2 * trials))


def test_bound_of_the_launch_point_in_closed_form_and_where_nothing_tells():
    jacobian, weight = np.tile(np.eye(2), (4, 1, 1)), np.full(4, 25.0)
    assert limits.launch_point_bound_km(jacobian, weight, np.nan) == pytest.approx(np.sqrt(2) * 0.2 / 2)
    with_bias = np.sqrt(2 * (0.1**2 + 0.3**2))  # 0.2 px in four frames, and a bias of 0.3 px an axis
    assert limits.launch_point_bound_km(jacobian, weight, 0.3) == pytest.approx(with_bias)
    assert np.isnan(limits.launch_point_bound_km(jacobian * [[1, 0], [0, 0]], weight, 0.3))  # seen edge on
    assert np.isnan(limits.launch_point_bound_km(np.full((4, 2, 2), np.nan), weight, 0.3))
    assert np.isnan(limits.launch_point_bound_km(np.empty((0, 2, 2)), np.empty(0), 0.3))
