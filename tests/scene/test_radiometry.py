from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostwatch.scene import radiometry as r


@given(st.floats(250, 3000))
@settings(max_examples=20, deadline=None)
def test_planck_integrates_to_stefan_boltzmann(temperature: float) -> None:
    edges = np.geomspace(0.2, 2000, 100)
    total = sum((b - a) * float(r.band_radiance(a, b, temperature)) for a, b in pairwise(edges))
    assert np.pi * total == pytest.approx(r.STEFAN_BOLTZMANN * temperature**4, rel=1e-3)


def test_planck_limits() -> None:
    # Rayleigh-Jeans: 2ckT/lambda^4 where the wavelength is long.
    wanted = 2 * 299792458.0 * r.BOLTZMANN_J_K * 1000 / (5e-3) ** 4 * 1e-6
    assert float(r.planck(5000.0, 1000.0)) == pytest.approx(wanted, rel=2e-3)
    # Wien's displacement.
    wavelength = np.linspace(5, 20, 20001)
    assert wavelength[np.argmax(r.planck(wavelength, 300.0))] == pytest.approx(2897.77 / 300, rel=1e-3)
    assert float(r.planck(1.0, 3.0)) < 1e-100


def test_mean_wavelength_moves_to_the_long_edge_in_the_cold() -> None:
    cold, hot = r.mean_wavelength(2.69, 2.95, np.array([220.0, 2000.0]))
    assert 2.69 < hot < 2.82 < cold < 2.95


def test_table_interpolates() -> None:
    grid, log = r.band_radiance_table(3.8, 4.0)
    t = np.array([201.3, 288.15, 333.3])
    np.testing.assert_allclose(np.exp(np.interp(t, grid, log)), r.band_radiance(3.8, 4.0, t), rtol=1e-4)


def test_sun() -> None:
    pieces = list(pairwise(np.geomspace(0.1, 100, 60)))
    assert sum((b - a) * r.sun_irradiance(a, b) for a, b in pieces) == pytest.approx(1361, rel=2e-3)
    assert r.sun_irradiance(3.72, 4.08) == pytest.approx(10.0, rel=0.03)


def test_hot_source_of_100_mw() -> None:
    assert r.hot_source_intensity(3.72, 4.08, 1000.0, 100e6) == pytest.approx(2.2e6, rel=0.03)
    assert r.hot_source_intensity(2.69, 2.95, 1000.0, 100e6) == pytest.approx(1.9e6, rel=0.03)
    assert r.hot_source_intensity(4.20, 4.45, 1000.0, 100e6) == pytest.approx(1.3e6, rel=0.05)
