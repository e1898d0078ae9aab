"""Glints by the mirror condition."""

from __future__ import annotations

import numpy as np
import pytest

from boostwatch import geometry
from boostwatch.scene.radiometry import SUN_SOLID_ANGLE_OVER_PI, SUN_TEMPERATURE_K, band_radiance, sun_irradiance
from boostwatch.scene.sources.glints import SUN_RADIUS_RAD, aim, fresnel, mirrored

from .helpers import GEO, SUN, SWIR, build, only

UP = np.array([0.0, 0.0, 1.0])


def tilted(angle: float, azimuth: float = 0.0) -> np.ndarray:
    return np.array([np.sin(angle) * np.cos(azimuth), np.sin(angle) * np.sin(azimuth), np.cos(angle)])


def test_a_calm_mirror_shows_the_radiance_of_the_sun() -> None:
    # Reflectance 1, irradiance 1: radiance 1/(pi R^2), times the projected area.
    for angle in (0.0, 0.5, 1.0):
        got = mirrored(UP, tilted(-angle), tilted(angle), np.radians(0.05))
        assert got == pytest.approx(np.cos(angle) / (np.pi * SUN_SOLID_ANGLE_OVER_PI), rel=0.12)


@pytest.mark.parametrize("slope_deg", [0.1, 0.5, 3.0])
def test_a_mirror_keeps_the_energy(slope_deg: float) -> None:
    # All light sent out over the hemisphere is what falls on the plane: cos(40 deg).
    slope, sun = np.radians(slope_deg), tilted(np.radians(40))
    reach = 5 * (2 * slope + SUN_RADIUS_RAD)
    grid = np.linspace(-reach, reach, 81)
    mirror = tilted(np.radians(-40))
    side, other = np.array([0.0, 1.0, 0.0]), np.cross(mirror, [0.0, 1.0, 0.0])
    total = 0.0
    for x in grid:
        for y in grid:
            view = mirror + x * side + y * other
            norm = np.linalg.norm(view)
            total += mirrored(UP, view / norm, sun, slope) / norm**3
    assert total * (grid[1] - grid[0]) ** 2 == pytest.approx(np.cos(np.radians(40)), rel=0.02)


def test_mirrors_face_one_side() -> None:
    assert mirrored(UP, tilted(2.0), UP, 0.1) == 0
    assert mirrored(UP, UP, tilted(2.0), 0.1) == 0
    assert mirrored(UP, UP, UP, 0.1) == pytest.approx(1 / (8 * np.pi * 0.01), rel=0.01)


def test_fresnel() -> None:
    assert fresnel(1.0, 1.33) == pytest.approx((0.33 / 2.33) ** 2)
    assert fresnel(0.0, 1.33) == pytest.approx(1)
    assert (np.diff(fresnel(np.linspace(0, 1, 50), 1.5)) < 0).all()


def mirror_sun(normal: np.ndarray, view: np.ndarray) -> np.ndarray:
    return 2 * normal * (normal @ view) - view


def test_a_lake_flashes_as_the_mirror_passes() -> None:
    source = build("glint", area="3 km2", slope_spread="0.5 deg")
    ground = geometry.geodetic_to_itrs(28.2, -80.6)
    up = geometry.enu_basis(28.2, -80.6)[2]
    view = (GEO.position_m - ground) / np.linalg.norm(GEO.position_m - ground)
    best = mirror_sun(up, view)
    level = []
    for turn in np.radians(np.arange(-6, 6.1, 0.25)):  # the Earth turns by a degree in four minutes
        c, s = np.cos(turn), np.sin(turn)
        sun = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ best
        found = source.emit(0.0, 0.1, GEO._replace(sun=sun))
        level.append(found[0].intensity_w_sr[0] if found else 0.0)
    peak = int(np.argmax(level))
    assert abs(peak - 24) <= 1
    assert level[0] < 0.01 * level[peak]
    e = only(source, 1.0, GEO._replace(sun=best))
    assert e.temperature_k == SUN_TEMPERATURE_K
    # A calm, small patch: the Sun's radiance, Fresnel's reflectance, the area.
    rho = float(fresnel(float(up @ view), 1.33))
    slope = np.hypot(np.radians(0.5), 0.5 * np.sqrt(3e6 / np.pi) / geometry.WGS84_A_M)
    flat = sun_irradiance(*SWIR) * 0.26 * 3e6 * rho / (8 * np.pi * slope**2)
    assert e.intensity_w_sr[0] == pytest.approx(flat, rel=0.2)  # the disc of the Sun lowers the peak a little
    assert e.intensity_w_sr[0] < flat
    radiance = e.intensity_w_sr[0] / (3e6 * float(up @ view) * 0.26 * rho)
    assert radiance < float(band_radiance(*SWIR, SUN_TEMPERATURE_K))


def test_a_panel_is_aimed_by_tilt_and_azimuth() -> None:
    ground, basis = geometry.geodetic_to_itrs(28.2, -80.6), geometry.enu_basis(28.2, -80.6)
    view = (GEO.position_m - ground) / np.linalg.norm(GEO.position_m - ground)
    normal = np.cos(np.radians(25)) * basis[2] - np.sin(np.radians(25)) * basis[1]  # towards the south
    sun = mirror_sun(normal, view)
    lit = build("glint", surface="panel", tilt="25 deg", azimuth="180 deg")
    flat = build("glint", surface="panel")
    assert only(lit, 1.0, GEO._replace(sun=sun)).intensity_w_sr[0] > 1e4
    assert flat.emit(0.95, 1.05, GEO._replace(sun=sun)) == ()


def test_a_panel_aimed_at_the_observer_shines() -> None:
    tilt, azimuth = aim(28.2, -80.6, GEO)
    best = build("glint", surface="panel", tilt=f"{tilt} deg", azimuth=f"{azimuth} deg")
    peak = only(best, 1.0).intensity_w_sr[0]
    for more in (-2.0, 2.0):
        off = build("glint", surface="panel", tilt=f"{tilt + more} deg", azimuth=f"{azimuth} deg")
        found = off.emit(0.95, 1.05, GEO)
        assert not found or found[0].intensity_w_sr[0] < 1e-3 * peak


def test_no_glint_at_night_or_outside_its_time() -> None:
    source = build("glint", slope_spread="20 deg", start="10 s", end="20 s")
    assert source.emit(12.0, 13.0, GEO._replace(sun=-SUN)) == ()
    assert source.emit(8.0, 9.0, GEO) == ()
    half = source.emit(9.0, 11.0, GEO)[0].intensity_w_sr
    np.testing.assert_allclose(half, 0.5 * source.emit(12.0, 13.0, GEO)[0].intensity_w_sr)
