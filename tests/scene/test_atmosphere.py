from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostwatch.errors import BadData
from boostwatch.scene import radiometry
from boostwatch.scene.atmosphere import Atmosphere, tabulated_bands

BANDS = {"SWIR": (2.69, 2.95), "MWIR": (4.20, 4.45), "ABI7": (3.72, 4.08), "B7": (3.80, 4.00)}
US = {name: Atmosphere("us_standard_1976", *band) for name, band in BANDS.items()}

# Transmittance to space at the zenith, and at 60 deg where known: LOWTRAN7, US Standard.
KNOWN = [
    ("SWIR", 0, 1, 0.048), ("SWIR", 0, 2, 0.018), ("SWIR", 10, 1, 0.660), ("SWIR", 10, 2, 0.577),
    ("SWIR", 20, 2, 0.873),
    ("MWIR", 5, 1, 0.017), ("MWIR", 10, 1, 0.086), ("MWIR", 30, 1, 0.688), ("MWIR", 40, 2, 0.856),
    ("MWIR", 60, 1, 0.994),
    ("ABI7", 0, 1, 0.830), ("ABI7", 0, 2, 0.730), ("ABI7", 5, 2, 0.913), ("ABI7", 15, 1, 0.994),
]  # fmt: skip

# Top-of-atmosphere radiance, LOWTRAN7 spectral products, US Standard, nadir, sun at 45 deg, W/m2/sr/um:
# base (km), temperature (K), emissivity, reflectance, then thermal and solar in the bands SWIR, MWIR, ABI7.
CLASSES = {
    "ocean night": (0, 290, 0.98, 0.00, 0.003241, 0.05624, 0.3502, 0, 0, 0),
    "land night": (0, 280, 0.95, 0.00, 0.002716, 0.05595, 0.2264, 0, 0, 0),
    "land day": (0, 305, 0.92, 0.08, 0.004538, 0.05676, 0.5929, 0.003218, 2.41e-7, 0.1192),
    "desert day": (0, 325, 0.78, 0.22, 0.007646, 0.05762, 1.035, 0.008849, 6.627e-7, 0.3277),
    "stratus 2 km": (2, 279, 0.85, 0.15, 0.00231, 0.05548, 0.1918, 0.03974, 7.844e-6, 0.2642),
    "water cloud 5 km": (5, 255.65, 0.90, 0.10, 0.0008297, 0.05259, 0.06454, 0.1201, 0.0001179, 0.2012),
    "ice cloud 10 km": (10, 223.2, 0.97, 0.03, 8.545e-5, 0.04612, 0.008596, 0.1025, 0.0008052, 0.06559),
    "ice cloud 12 km": (12, 216.65, 0.95, 0.05, 5.436e-5, 0.04506, 0.005383, 0.2037, 0.002848, 0.1108),
}


@pytest.mark.parametrize(("band", "km", "secant", "wanted"), KNOWN)
def test_transmittance_at_the_nodes(band: str, km: float, secant: float, wanted: float) -> None:
    assert float(US[band].transmittance(km * 1e3, secant)) == pytest.approx(wanted, abs=6e-4)


@pytest.mark.parametrize("name", CLASSES)
def test_thermal_radiance_of_classes(name: str) -> None:
    km, temperature, emissivity, _, *table = CLASSES[name]
    for band, wanted in zip(("SWIR", "MWIR", "ABI7"), table[:3], strict=True):
        air = US[band]
        black = float(radiometry.band_radiance(air.lower_um, air.upper_um, temperature))
        through = float(air.transmittance(km * 1e3, 1.0, temperature))
        found = emissivity * black * through + float(air.path_radiance(km * 1e3, 1.0))
        assert found == pytest.approx(wanted, rel=0.05)


@pytest.mark.parametrize("name", [n for n in CLASSES if CLASSES[n][3]])
def test_reflected_sunlight_of_classes(name: str) -> None:
    km, _, _, rho, *table = CLASSES[name]
    for band, thermal, wanted in zip(("SWIR", "MWIR", "ABI7"), table[:3], table[3:], strict=True):
        air = US[band]
        sun = radiometry.sun_irradiance(air.lower_um, air.upper_um) * 0.5**0.5
        found = rho / np.pi * sun * float(air.two_way(km * 1e3, 1.0, 2**0.5))
        assert found == pytest.approx(wanted, rel=0.06, abs=0.05 * thermal)  # of the whole where the sun hardly matters


@given(st.sampled_from(sorted(BANDS)), st.floats(0, 90e3), st.floats(0, 90e3), st.floats(1, 12), st.floats(1, 12))
@settings(max_examples=200, deadline=None)
def test_transmittance_rises_with_height_and_falls_with_slant(
    band: str, a: float, b: float, s: float, t: float
) -> None:
    air, (low, high), (steep, slant) = US[band], sorted((a, b)), sorted((s, t))
    assert air.transmittance(low, steep) <= air.transmittance(high, steep) + 1e-3
    assert air.transmittance(low, slant) <= air.transmittance(low, steep) + 1e-3
    assert 0 <= float(air.transmittance(low, slant, 1500.0)) <= 1


@given(st.sampled_from(sorted(BANDS)), st.floats(0, 90e3), st.floats(1, 3))
@settings(max_examples=100, deadline=None)
def test_interpolation_has_no_jumps(band: str, h: float, s: float) -> None:
    air = US[band]
    for f in (air.transmittance, air.path_radiance):
        assert float(f(h + 1.0, s)) == pytest.approx(float(f(h, s)), rel=2e-2, abs=1e-9)


def test_above_the_table_the_air_is_clear() -> None:
    assert float(US["MWIR"].transmittance(200e3, 3.0)) == 1.0
    assert float(US["MWIR"].path_radiance(200e3, 1.0)) < 1e-8


def test_moisture() -> None:
    wet, dry = (float(Atmosphere(m, 2.69, 2.95).transmittance(0, 1)) for m in ("tropical", "midlat_winter"))
    assert wet == pytest.approx(0.007, abs=5e-4)
    assert dry == pytest.approx(0.082, abs=1e-3)


def test_fire_through_the_air() -> None:
    for band, wanted, tolerance in (("SWIR", 9e4, 0.03), ("MWIR", 1.3e3, 0.2), ("ABI7", 1.8e6, 0.03)):
        air = US[band]
        source = radiometry.hot_source_intensity(air.lower_um, air.upper_um, 1000.0, 100e6)
        assert source * float(air.transmittance(0.0, 1.0, 1000.0)) == pytest.approx(wanted, rel=tolerance)


def test_temperature_profile() -> None:
    np.testing.assert_allclose(US["SWIR"].temperature([0, 5e3, 30e3]), [288.15, 255.65, 216.65])


def test_a_band_without_a_table_is_named() -> None:
    with pytest.raises(
        BadData, match=r"sensor\.bands\[1\]: no atmospheric table.*3\.00 to 3\.50 um.*4\.20 to 4\.45 um"
    ):
        Atmosphere("tropical", 3.0, 3.5, place="sensor.bands[1]")
    assert len(tabulated_bands()) == 4
