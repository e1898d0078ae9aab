"""Cox-Munk glint: what a mirror of many facets must obey."""

from __future__ import annotations

import numpy as np
import pytest

from boostwatch.scene.glint import SeaSurface, fresnel, refractive_index, slope_variance

BAND = (3.80, 4.00)


def directions(zenith: np.ndarray, azimuth: np.ndarray) -> np.ndarray:
    return np.stack([np.sin(zenith) * np.cos(azimuth), np.sin(zenith) * np.sin(azimuth), np.cos(zenith)], -1)


def hemisphere(sea: SeaSurface, sun_zenith_deg: float) -> float:
    """Quadrature of brdf times cosine over all directions of the viewer."""
    zenith = (np.arange(360) + 0.5) * (np.pi / 2 / 360)
    azimuth = (np.arange(360) + 0.5) * (2 * np.pi / 360)
    z, a = np.meshgrid(zenith, azimuth, indexing="ij")
    sun = directions(np.array(np.radians(sun_zenith_deg)), np.array(np.pi))
    f = sea.brdf(np.cos(z), sun[2], directions(z, a) @ sun)
    return float((f * np.cos(z) * np.sin(z)).sum() * (np.pi / 2 / 360) * (2 * np.pi / 360))


def test_fresnel_of_water() -> None:
    n = refractive_index(3.9)
    assert complex(n) == pytest.approx(1.357 + 0.0038j)
    assert float(fresnel(1.0, n)) == pytest.approx(((1.357 - 1) / (1.357 + 1)) ** 2, rel=1e-3)
    assert float(fresnel(0.0, n)) == pytest.approx(1.0)
    brewster = np.cos(np.arctan(1.5))  # of a transparent plane only half of s is left there
    s = ((brewster - np.sqrt(1.25 + brewster**2)) / (brewster + np.sqrt(1.25 + brewster**2))) ** 2
    assert float(fresnel(brewster, 1.5)) == pytest.approx(s / 2)
    assert float(fresnel(1.0, refractive_index(2.80))) < 0.01 < float(fresnel(1.0, refractive_index(2.95)))


@pytest.mark.parametrize("wind", [1.0, 7.0, 14.0])
def test_the_hemisphere_reflects_what_the_facets_do(wind: float) -> None:
    sea = SeaSurface(*BAND, wind)
    for zenith in (0.0, 30.0, 45.0):
        flat = float(sea.reflectance(np.cos(np.radians(zenith))))
        assert hemisphere(sea, zenith) == pytest.approx(flat, rel=0.15 if wind > 1 else 0.05)
    # The albedo that the sun sees is what the sea does not emit: Kirchhoff, but for light that meets the sea twice.
    assert hemisphere(sea, 40.0) == pytest.approx(1 - float(sea.emissivity(np.cos(np.radians(40.0)))), rel=0.05)


def test_reciprocity() -> None:
    rng = np.random.default_rng(1)
    v, s, phase = rng.uniform(0.05, 1, 50), rng.uniform(0.05, 1, 50), rng.uniform(0, 1, 50)
    sea = SeaSurface(*BAND, 7.0)
    np.testing.assert_allclose(sea.brdf(v, s, phase), sea.brdf(s, v, phase), rtol=1e-12)


def test_it_peaks_where_a_mirror_would_and_widens_with_the_wind() -> None:
    sun = directions(np.array(np.radians(30.0)), np.array(np.pi))
    angle = np.radians(np.linspace(-60, 80, 1401))
    view = directions(angle, np.zeros_like(angle))
    peaks, widths = [], []
    for wind in (0.0, 3.0, 7.0, 14.0):
        f = SeaSurface(*BAND, wind).brdf(view[:, 2], sun[2], view @ sun)
        peaks.append(f.max())
        widths.append((f > 0.5 * f.max()).sum())
        peak = np.degrees(angle[np.argmax(f)])
        assert peak == pytest.approx(30, abs=1.5) if wind == 0 else 30 < peak < 70  # a rough sea is brighter aslant
        assert f.min() >= 0
    assert (np.diff(peaks) < 0).all()
    assert (np.diff(widths) > 0).all()
    assert slope_variance(7.0) == pytest.approx(0.03884)


def test_core_by_closed_form() -> None:
    """Level facets, viewer and sun both at 30 deg: rho / (4 pi variance cos^2), less what hides."""
    sea = SeaSurface(*BAND, 7.0)
    c = np.cos(np.radians(30.0))
    wanted = float(sea.reflectance(c)) / (4 * np.pi * slope_variance(7.0) * c * c)
    found = float(sea.brdf(c, c, np.cos(np.radians(60.0))))
    assert found == pytest.approx(wanted, rel=1e-3)
    assert 0.05 < np.pi * found < 0.3  # as a matt surface's reflectance


def test_night_and_horizon() -> None:
    sea = SeaSurface(*BAND, 7.0)
    np.testing.assert_array_equal(sea.brdf([0.5, -0.1, 0.0], [-0.2, 0.5, 0.5], [0.3, 0.3, 0.3]), 0.0)
    low = np.geomspace(1e-6, 0.1, 50)
    grazing = sea.brdf(low, 0.1, np.cos(np.radians(180 - 11)))
    assert np.isfinite(grazing).all()
    assert (grazing * low * 0.1).max() < 1


def test_emissivity_of_the_sea_by_angle() -> None:
    sea = SeaSurface(*BAND, 5.0)
    steep, slanting, flat = (float(sea.emissivity(np.cos(np.radians(z)))) for z in (0.0, 60.0, 85.0))
    assert steep == pytest.approx(0.975, abs=0.004)
    assert 0.92 < slanting < 0.95
    assert 0.6 < flat < 0.85
    calm = SeaSurface(*BAND, 0.0)
    assert float(calm.emissivity(1.0)) == pytest.approx(1 - float(calm.reflectance(1.0)), abs=2e-4)
