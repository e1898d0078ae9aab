"""Location: do the ellipses hold what they say, and are they the right way round."""

import math

import numpy as np
import pytest
from scipy.stats import binom

from boostwatch import geometry as g
from boostwatch.track.locate import CHI2_95, Lines, Location, locate, place

from .simulate import POSITION, Boost

IFOV = 28e-6


def lines_of(boost, rng, position=POSITION, bias=10e-6, sigma_px=0.08, period=0.5, length=45.0, from_height_m=3000.0):
    """Lines of sight to a boost from where it is first seen, with errors as the chain assumes them."""
    times = np.arange(math.ceil(boost.launch_s / period), boost.burnout_s / period) * period
    states = [(t, now[0]) for t in times if (now := boost.at(t)) is not None]
    states = [(t, r) for t, r in states if float(g.itrs_to_geodetic(r)[2]) > from_height_m]
    states = [(t, r) for t, r in states if t <= states[0][0] + length]
    r = np.array([s[1] for s in states])
    axes = g.quaternion_to_matrix(g.look_at(position, r[0]))[:, :2].T
    line = (r - position) / np.linalg.norm(r - position, axis=1, keepdims=True)
    line += (rng.normal(0, bias, 2) + rng.normal(0, sigma_px * IFOV, (len(r), 2))) @ axes
    line /= np.linalg.norm(line, axis=1, keepdims=True)
    n = len(r)
    return Lines(
        np.array([s[0] for s in states]), np.tile(position, (n, 1)), line, np.tile(axes, (n, 1, 1)),
        np.full((n, 2), (sigma_px * IFOV) ** 2), bias,
    )  # fmt: skip


def random_boost(rng):
    while True:
        stages = int(rng.integers(1, 3))
        boost = Boost(
            rng.uniform(20, 55), rng.uniform(0, 50), 5.3, rng.uniform(0, 360),
            accel=(rng.uniform(14, 23), *rng.uniform(10, 19, stages - 1)), burn_s=tuple(rng.uniform(55, 95, stages)),
            mass_ratio=tuple(rng.uniform(2.5, 4, stages)), kick_s=rng.uniform(5, 14), kick_deg=rng.uniform(3, 12),
        )  # fmt: skip
        height = g.itrs_to_geodetic(boost.r)[2]
        if height[-1] > 20e3 and (np.diff(height) > -1.0).all():  # a weak thrust with a hard kick flies into the ground
            return boost


def miss(boost, found):
    north = math.radians(found.latitude_deg - boost.latitude_deg) * 6.371e3
    east = math.radians(found.longitude_deg - boost.longitude_deg) * 6.371e3
    return np.array([north, east * math.cos(math.radians(boost.latitude_deg))])


def test_ellipses_hold_the_launch_point():
    """Boosts flown in full, with stages, drag and gravity turns that the fit does not know."""
    rng = np.random.default_rng(11)
    inside, late, n = 0, 0, 40
    for _ in range(n):
        boost = random_boost(rng)
        found = locate(lines_of(boost, rng, from_height_m=rng.uniform(1000, 9000)))
        error = miss(boost, found)
        inside += float(error @ np.linalg.solve(found.covariance_km2, error)) < CHI2_95
        late += abs(found.launch_time_s - boost.launch_s) < 1.96 * found.launch_time_sigma_s
    # 93 to 97 % would need hundreds of boosts: 40 tell 90 from 75.
    assert inside >= binom.ppf(0.001, n, 0.92)
    assert late >= binom.ppf(0.001, n, 0.92)


def test_east_and_west_are_mirror_images():
    """Over the sensor's own meridian, on an Earth that turns little in a minute."""
    found = []
    for heading in (90.0, 270.0):
        boost = Boost(40.0, 20.0, 5.0, heading)
        found.append(locate(lines_of(boost, np.random.default_rng(0), sigma_px=1e-3, bias=1e-9)))
    assert found[0].longitude_deg - 20.0 == pytest.approx(-(found[1].longitude_deg - 20.0), abs=0.01)
    assert found[0].latitude_deg == pytest.approx(found[1].latitude_deg, abs=0.01)
    assert math.sin(math.radians(found[0].heading_deg)) > 0.2
    assert math.sin(math.radians(found[1].heading_deg)) < -0.2


def test_an_early_second_stage_does_not_turn_the_heading():
    """A fit that begins with a late one finds a minimum of its own, 60 degrees away and sure of itself."""
    boost = Boost(40.0, 25.0, 5.0, 0.0, accel=(24.0, 12.0), burn_s=(45.0, 60.0), kick_deg=10.0)
    found = locate(lines_of(boost, np.random.default_rng(4), sigma_px=0.04))
    assert abs((found.heading_deg + 180.0) % 360.0 - 180.0) < 3.0 * found.heading_sigma_deg


def test_out_of_high_cloud():
    """First seen at 20 km, a minute after the launch: the prior of haze alone placed all of them five sigma off."""
    rng = np.random.default_rng(12)
    late, inside, n = [], 0, 16
    while len(late) < n:
        boost = random_boost(rng)
        lines = lines_of(boost, rng, from_height_m=20e3)
        if len(lines.time_s) < 40:  # it burns out too soon
            continue
        found = locate(lines)
        error = miss(boost, found)
        inside += float(error @ np.linalg.solve(found.covariance_km2, error)) < CHI2_95
        late.append((found.launch_time_s - boost.launch_s) / found.launch_time_sigma_s)
    assert inside >= binom.ppf(0.001, n, 0.85)
    assert np.median(np.abs(late)) < 2.0


def test_correlations_tell_the_joint_error():
    found = locate(lines_of(Boost(40.0, 25.0, 5.0, 120.0), np.random.default_rng(1)))
    c = found.correlation
    np.testing.assert_allclose(np.diag(c), 1.0)
    assert (np.linalg.eigvalsh(c) > -1e-9).all()
    cov = found.covariance_km2
    assert c[0, 1] == pytest.approx(cov[0, 1] / math.sqrt(cov[0, 0] * cov[1, 1]))


def test_time_shift_and_bias():
    boost = Boost(40.0, 25.0, 5.0, 120.0)
    lines = lines_of(boost, np.random.default_rng(1))
    a, b = locate(lines), locate(lines._replace(time_s=lines.time_s + 86400.0))
    assert b.launch_time_s - a.launch_time_s == pytest.approx(86400.0, abs=1e-3)
    assert b.latitude_deg == pytest.approx(a.latitude_deg, abs=1e-6)
    worse = locate(lines._replace(bias_rad=100e-6))
    assert worse.ellipse[1] > a.ellipse[1]
    assert worse.ellipse[0] > 3.7 * math.sqrt(CHI2_95)  # 100 urad at 37 000 km, both semi-axes at least


def test_too_little_to_fit():
    lines = lines_of(Boost(40.0, 25.0, 5.0, 120.0), np.random.default_rng(1))
    assert locate(Lines(*(x[:2] if isinstance(x, np.ndarray) else x for x in lines))) is None
    away = lines._replace(line=-lines.line)
    assert locate(away) is None
    assert place(away, 0.0, 100.0) is None
    assert place(Lines(*(x[:0] if isinstance(x, np.ndarray) else x for x in lines)), 0.0, 100.0) is None


def test_place_has_the_errors_of_the_formula():
    """FIELD_NOTES: R sigma across, R sigma / sin(elevation) along, sigma_h / tan(elevation) from height."""
    target = g.geodetic_to_itrs(40.0, 20.0)
    distance = np.linalg.norm(target - POSITION)
    up = g.enu_basis(40.0, 20.0)[2]
    elevation = math.asin((POSITION - target) @ up / distance)
    axes = g.quaternion_to_matrix(g.look_at(POSITION, target))[:, :2].T
    one = Lines(
        np.zeros(1), POSITION[None], ((target - POSITION) / distance)[None], axes[None], np.full((1, 2), 1e-10), 0.0
    )
    found = place(one, 0.0, 0.0)
    assert (found.latitude_deg, found.longitude_deg) == pytest.approx((40.0, 20.0), abs=1e-6)
    scale = math.sqrt(CHI2_95) / 1e3
    major, minor, angle = found.ellipse
    assert minor == pytest.approx(distance * 1e-5 * scale, rel=1e-3)
    assert major == pytest.approx(distance * 1e-5 / math.sin(elevation) * scale, rel=1e-3)
    assert min(angle, 180 - angle) < 1.0
    high = place(one._replace(var_rad2=np.full((1, 2), 1e-16)), 0.0, 1000.0)
    assert high.ellipse[0] == pytest.approx(1e3 / math.tan(elevation) * scale, rel=1e-3)


def test_ellipse_angle_is_clockwise_from_north():
    nan = math.nan
    for angle in (10.0, 80.0, 135.0):
        a = math.radians(angle)
        axis, other = np.array([math.cos(a), math.sin(a)]), np.array([-math.sin(a), math.cos(a)])
        cov = 9.0 * np.outer(axis, axis) + np.outer(other, other)
        major, minor, found = Location(0, 0, cov, nan, nan, nan, nan, nan, 0, np.full((4, 4), nan)).ellipse
        assert (major / minor, found) == pytest.approx((3.0, angle))
