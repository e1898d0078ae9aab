from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostwatch.errors import BadData
from boostwatch.scene import atmosphere, radiometry
from boostwatch.scene.atmosphere import Atmosphere, air_mass, tabulated_bands
from boostwatch.scene.earth import surface_radiance
from boostwatch_kernels.tables import Air, log_air_mass, transmit

DATA = Path(__file__).with_name("data")
MODELS = ("tropical", "midlat_summer", "midlat_winter", "us_standard_1976")
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


def toa_rows() -> list[tuple[str, str, dict[str, str]]]:
    text = (DATA / "toa_radiance_by_class.csv").read_text().splitlines()[1:]
    rows = list(csv.DictReader(text))
    bands = [name.removesuffix("_thermal") for name in rows[0] if name.endswith("_thermal")]
    return [(row["class"], band, row) for row in rows for band in bands]


@pytest.mark.parametrize(("band", "km", "secant", "wanted"), KNOWN)
def test_transmittance_at_the_nodes(band: str, km: float, secant: float, wanted: float) -> None:
    assert float(US[band].transmittance(km * 1e3, secant)) == pytest.approx(wanted, abs=6e-4)


@pytest.mark.parametrize(("name", "band", "row"), toa_rows(), ids=lambda v: v if isinstance(v, str) else "")
def test_radiance_of_every_class_at_the_top(name: str, band: str, row: dict[str, str]) -> None:
    lower, upper = map(float, band.split("-"))
    air = Atmosphere("us_standard_1976", lower, upper)
    altitude, temperature, emissivity, rho = (
        float(row[key]) for key in ("altitude_km", "temperature_k", "emissivity", "reflectance")
    )
    thermal, solar = float(row[f"{band}_thermal"]), float(row[f"{band}_solar"])
    dark = float(surface_radiance(air, altitude * 1e3, 1.0, temperature, emissivity))
    lit = float(surface_radiance(air, altitude * 1e3, 1.0, temperature, emissivity, rho, 0.5**0.5)) - dark
    assert dark == pytest.approx(thermal, rel=0.05)
    assert lit == pytest.approx(solar, rel=0.05)


def midpoints() -> dict[str, np.ndarray]:
    with np.load(DATA / "lowtran7_midpoints.npz") as archive:
        return dict(archive)


@pytest.mark.parametrize("band", range(7))
def test_interpolation_against_lowtran_between_the_nodes(band: int) -> None:
    """60 places a model in the middle between nodes of altitude, of zenith, or of both, zeniths up to 89.5 deg."""
    points = midpoints()
    for m, model in enumerate(MODELS):
        air = Atmosphere(model, *tabulated_bands()[band])
        here = points["model"] == m
        h, zenith = points["altitude_km"][here] * 1e3, points["zenith_deg"][here]
        wanted = points["transmittance"][here][:, band]
        secant = 1 / np.cos(np.radians(zenith))
        for source, kelvin in enumerate((290.0, None, 1500.0, 5772.0)):
            found = air.transmittance(h, secant, kelvin)
            assert np.abs(found - wanted[:, source])[wanted[:, source] <= 0.01].max(initial=0.0) < 3e-4
            clear = wanted[:, source] > 0.01
            np.testing.assert_allclose(found[clear], wanted[clear, source], rtol=0.02)
        low = (h < 45e3) & (points["path_radiance"][here][:, band] > 0)
        np.testing.assert_allclose(
            air.path_radiance(h, secant)[low], points["path_radiance"][here][low, band], rtol=0.03, atol=1e-7
        )


@pytest.mark.parametrize("band", range(7))
def test_interpolation_leaving_out_each_node(band: int) -> None:
    """With every second distance doubled, zeniths up to 85.5 deg stay within 2 %."""
    tables = atmosphere._tables()
    km, secant = tables["altitude_km"], 1 / np.cos(np.radians(tables["zenith_deg"]))
    mass = np.log(air_mass(secant))
    last = int(np.searchsorted(tables["zenith_deg"], 85.5))
    for m in range(4):
        depth = tables["log_depth"][m, band, :, :, 1].astype(float)
        wanted = np.exp(-np.exp(depth))
        found = wanted.copy()
        for i in range(1, len(km) - 1):
            rest = np.arange(len(km)) != i
            found[i] = np.exp(-np.exp(atmosphere._Surface(km[rest], mass, depth[rest])(km[i], mass)))
        clear = wanted[:, : last + 1] > 0.01
        np.testing.assert_allclose(found[:, : last + 1][clear], wanted[:, : last + 1][clear], rtol=0.02)
        for j in range(1, last + 1):
            rest = np.arange(len(mass)) != j
            found[:, j] = np.exp(-np.exp(atmosphere._Surface(km, mass[rest], depth[:, rest])(km, mass[j])))
        np.testing.assert_allclose(found[:, : last + 1][clear], wanted[:, : last + 1][clear], rtol=0.02)


@given(
    st.sampled_from(MODELS),
    st.sampled_from(sorted(BANDS)),
    st.floats(0, 110e3),
    st.floats(0, 110e3),
    st.floats(1, 1e4),
    st.floats(1, 1e4),
)
@settings(max_examples=100, deadline=None)
def test_transmittance_rises_with_height_and_falls_with_slant(
    model: str, band: str, a: float, b: float, s: float, t: float
) -> None:
    air, (low, high), (steep, slant) = Atmosphere(model, *BANDS[band]), sorted((a, b)), sorted((s, t))
    assert air.transmittance(low, steep) <= air.transmittance(high, steep) + 1e-5
    assert air.transmittance(low, slant) <= air.transmittance(low, steep) + 1e-5
    assert 0 <= float(air.transmittance(low, slant, 1500.0)) <= 1
    assert air.two_way(low, steep, slant) <= min(air.transmittance(low, steep, 5772.0), 1) + 1e-6


@given(st.sampled_from(sorted(BANDS)), st.floats(0, 90e3), st.floats(1, 100))
@settings(max_examples=100, deadline=None)
def test_interpolation_has_no_jumps(band: str, h: float, s: float) -> None:
    air = US[band]
    for f in (air.transmittance, air.path_radiance):
        assert float(f(h + 1.0, s)) == pytest.approx(float(f(h, s)), rel=2e-2, abs=1e-9)


def test_air_mass_is_the_secant_high_up_and_finite_at_the_horizon() -> None:
    np.testing.assert_allclose(air_mass([1.0, 2.0]), [1.0, 2.0], rtol=4e-3)
    assert float(air_mass(np.inf)) == pytest.approx(38, abs=1)
    assert (np.diff(air_mass(np.geomspace(1, 1e5, 500))) > 0).all()


def test_the_horizon_is_finite() -> None:
    air = US["B7"]
    assert 0.005 < float(air.transmittance(0.0, np.inf)) < 0.05
    assert float(air.transmittance(0.0, 1e6)) == pytest.approx(float(air.transmittance(0.0, np.inf)), rel=1e-3)


def test_above_the_table_the_air_is_clear() -> None:
    for air in US.values():
        assert float(air.transmittance(101e3, 3.0)) == 1.0
        assert float(air.transmittance(80e3, 1.0)) > 0.9995
        assert float(air.path_radiance(101e3, 1.0)) == 0.0
        assert float(air.limb_radiance(np.inf)) == 0.0


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("band", sorted(BANDS))
def test_the_limb_continues_the_horizon(model: str, band: str) -> None:
    """A grazing path that goes on behind the horizon sees little more than one that ends there: the air is opaque."""
    air = Atmosphere(model, *BANDS[band])
    horizon = float(air.path_radiance(0.0, np.inf))
    assert float(air.limb_radiance(0.0)) == pytest.approx(horizon, rel=0.2)


def test_path_radiance_rises_towards_the_limb_and_falls_off_above() -> None:
    for name in ("MWIR", "B7"):
        air = US[name]
        path = air.path_radiance(0.0, np.array([1.0, 2.0, 4.0, 10.0, 100.0]))
        assert (np.diff(path) > 0).all()
    window = US["B7"].limb_radiance(np.array([0.0, 5e3, 10e3, 20e3, 50e3]))
    assert (np.diff(window) < 0).all()
    # 3.9 um in the troposphere: water vapour (2 km) and its continuum, whose depth goes with the square of the density,
    # CO2 and N2 (8 km), all colder with height.
    scale = 5e3 / np.log(window[0] / window[1])
    assert 1.5e3 < scale < 8e3
    # 4.3 um is opaque to the stratopause and brightest there; above, it falls with the density of the mesosphere.
    h = np.arange(0.0, 90e3, 1e3)
    carbon = US["MWIR"].limb_radiance(h)
    assert 35e3 < h[np.argmax(carbon)] < 50e3
    scale = 15e3 / np.log(carbon[60] / carbon[75])
    assert 3e3 < scale < 8e3


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
        BadData, match=r"sensor\.bands\[1\]: no atmospheric table.*3\.10 to 3\.50 um.*4\.20 to 4\.45 um"
    ):
        Atmosphere("tropical", 3.1, 3.5, place="sensor.bands[1]")
    assert len(tabulated_bands()) == 7


def test_the_air_of_sources_is_the_air_of_the_scene() -> None:
    """The kernel that takes points one by one against the tables as ground and clouds use them."""
    cosine = np.array([0.02, 0.1, 0.5, 1.0])
    np.testing.assert_allclose([np.exp(log_air_mass(c)) for c in cosine], atmosphere.air_mass(1 / cosine), rtol=1e-12)
    for air in US.values():
        rows, columns = air.lattice
        for kelvin in (600.0, 1500.0):
            low, high, share = air.spectrum(kelvin)
            tables = Air(rows, columns, low[None], high[None], np.array([share]), atmosphere.TOP_M / 1e3)
            height, out = np.array([0.0, 3e3, 12e3, 40e3]), np.empty((1, 4))
            transmit(tables, 6371.0, height, cosine, out)
            np.testing.assert_allclose(out[0], air.transmittance(height, 1 / cosine, kelvin), rtol=1e-9, atol=1e-12)
