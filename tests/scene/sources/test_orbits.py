"""Satellites by Kepler and the Sun."""

from __future__ import annotations

import numpy as np
import pytest

from boostwatch import geometry
from boostwatch.scene.sources.orbits import SUN_RADIUS_RAD, behind_earth, diffuse_sphere, kepler, orbit, sunlight

from .helpers import GEO, build, make, only


def test_kepler_against_the_closed_form_of_an_ellipse() -> None:
    mu = geometry.EARTH_MU_M3_S2
    perigee, apogee = 7.0e6, 30.0e6
    axis = 0.5 * (perigee + apogee)
    speed = np.sqrt(mu * (2 / perigee - 1 / axis))
    start, velocity = np.array([perigee, 0, 0]), np.array([0, 0.6 * speed, 0.8 * speed])
    period = 2 * np.pi * np.sqrt(axis**3 / mu)
    back, far, half_backward = kepler(start, velocity, np.array([period, 0.5 * period, -0.5 * period]))
    np.testing.assert_allclose(back, start, atol=1e-3)
    np.testing.assert_allclose(far, [-apogee, 0, 0], atol=1e-3)
    np.testing.assert_allclose(half_backward, far, atol=1e-3)
    times = np.linspace(0, period, 2001)
    track = kepler(start, velocity, times)
    v = np.gradient(track, times, axis=0)[1:-1]
    energy = 0.5 * (v**2).sum(axis=1) - mu / np.linalg.norm(track[1:-1], axis=1)
    np.testing.assert_allclose(energy, -mu / (2 * axis), rtol=1e-3)


def test_a_satellite_passes_over_its_place() -> None:
    item = make("satellite", passes="50 s", altitude="500 km", heading="0 deg")
    lat, lon, height = geometry.itrs_to_geodetic(orbit(item, np.array([50.0, 51.0])))
    assert (lat[0], lon[0], height[0]) == (pytest.approx(28.2), pytest.approx(-80.6), pytest.approx(500e3))
    source = build("satellite", passes="50 s", altitude="500 km", heading="0 deg")
    a, b = source.path.at(np.array([50.0, 60.0]))[0]
    spin = geometry.EARTH_RATE_RAD_S * np.hypot(a[0], a[1])
    speed = np.sqrt(geometry.EARTH_MU_M3_S2 / np.linalg.norm(a))
    assert np.linalg.norm(b - a) / 10 == pytest.approx(np.hypot(speed, spin), rel=1e-3)
    e = only(source, 50.0)
    assert len(e.share) >= 3
    np.testing.assert_allclose(np.diff(e.share), 0, atol=1e-12)


def test_reflected_light_of_a_diffuse_sphere() -> None:
    # Over all directions a white sphere sends out what it catches.
    phase = np.linspace(0, np.pi, 2001)
    value = np.array([diffuse_sphere(p) for p in phase])
    assert np.trapezoid(value * 2 * np.pi * np.sin(phase), phase) == pytest.approx(1, rel=1e-5)
    assert diffuse_sphere(0.0) == pytest.approx(2 / (3 * np.pi))
    assert diffuse_sphere(np.pi) == pytest.approx(0, abs=1e-12)


def test_a_satellite_is_dark_in_the_shadow() -> None:
    source = build("satellite", temperature="50 K")
    place = source.path.point(100.0)[0]
    lit = only(source, 100.0, GEO._replace(sun=place / np.linalg.norm(place))).intensity_w_sr
    dark = only(source, 100.0, GEO._replace(sun=-place / np.linalg.norm(place))).intensity_w_sr
    assert 1 < lit[0] < 50
    assert (dark < 1e-12).all()
    # It goes through the penumbra smoothly.
    r = np.linalg.norm(place)
    edge = np.pi - np.arcsin(geometry.WGS84_A_M / r)

    def at_angle(angle: float) -> np.ndarray:
        return np.array([np.cos(angle), np.sin(angle), 0.0])

    share = [sunlight(np.array([r, 0, 0]), at_angle(edge + x * SUN_RADIUS_RAD)) for x in (-1.01, -0.5, 0, 0.5, 1.01)]
    assert share == pytest.approx([1, 0.8045, 0.5, 0.1955, 0], abs=1e-3)


def test_the_earth_hides_what_is_behind_it() -> None:
    assert behind_earth(-7e6 * GEO.position_m / np.linalg.norm(GEO.position_m), GEO.position_m)
    assert not behind_earth(7e6 * GEO.position_m / np.linalg.norm(GEO.position_m), GEO.position_m)
    hidden = build("satellite", latitude="-28 deg", longitude="105 deg")
    assert hidden.emit(0.0, 0.1, GEO) == ()
