"""Fires, flares, volcanoes and test firings."""

from __future__ import annotations

import numpy as np
import pytest

from boostwatch import geometry
from boostwatch.scene import plume
from boostwatch.scene.atmosphere import Atmosphere
from boostwatch.scene.radiometry import STEFAN_BOLTZMANN
from boostwatch.scene.sources.hot import SMOULDERING_K, bursts, flame_radius, grey_intensity

from .helpers import BANDS, GEO, MWIR, SWIR, WINDOW, above, at_space, build, make, only

AIR = [Atmosphere("us_standard_1976", *band) for band in BANDS]
STEADY = {"flicker": 0.0}


@pytest.mark.parametrize(("kind", "wanted"), [
    ("fire", {SWIR: 9e4, MWIR: 1.3e3, WINDOW: 1.8e6}), ("flare", {SWIR: 8.8e4, MWIR: 6e2, WINDOW: 9.8e5}),
])  # fmt: skip
def test_a_hundred_megawatts_at_space(kind: str, wanted: dict[tuple[float, float], float]) -> None:
    # From the tables of LOWTRAN7, nadir from the ground; at 4.3 um the figure was made with a transmittance of 0.001,
    # which is 0.00085 in the table.
    e = only(build(kind, power="100 MW", **STEADY), 10.0)
    for b, band in enumerate(BANDS):
        assert at_space(e, AIR[b], b) == pytest.approx(wanted[band], rel=0.18 if band == MWIR else 0.08)


def test_source_law_of_a_fire() -> None:
    # 2.2e6, 1.9e6, 1.3e6 W/sr in 3.72-4.08, 2.69-2.95, 4.20-4.45 um before the air.
    e = only(build("fire", power="100 MW", **STEADY), 10.0)
    np.testing.assert_allclose(e.intensity_w_sr, [1.9e6, 1.3e6, 2.2e6], rtol=0.05)
    assert e.temperature_k == 1000
    double = only(build("fire", power="200 MW", **STEADY), 10.0)
    np.testing.assert_allclose(double.intensity_w_sr, 2 * e.intensity_w_sr)


def test_smouldering_ground_is_redder() -> None:
    flames, mixed = (only(build("fire", smouldering=s, **STEADY), 10.0).intensity_w_sr for s in (0.0, 0.5))
    cool = grey_intensity(BANDS, SMOULDERING_K, 100e6)
    np.testing.assert_allclose(mixed, 0.5 * flames + 0.5 * cool)
    assert mixed[0] / mixed[2] < flames[0] / flames[2]


def test_extent_of_a_fire() -> None:
    item = make("fire", power="2 GW", flaming=0.02)
    area = np.pi * flame_radius(item) ** 2
    assert area * 0.02 * STEFAN_BOLTZMANN * 1000.0**4 == pytest.approx(2e9)
    source = build("fire", power="2 GW", flaming=0.02, **STEADY)
    wide = only(source, 10.0)
    assert len(wide.share) == 64
    lat, lon, _ = geometry.itrs_to_geodetic(wide.position_m)
    away = geometry.ground_range_m(28.2, -80.6, lat, lon)
    assert 0.9 * flame_radius(item) < away.max() <= flame_radius(item)
    coarse = only(source, 10.0, GEO._replace(ifov_rad=1e-3))
    assert len(coarse.share) == 1
    np.testing.assert_allclose(coarse.position_m[0], wide.share @ wide.position_m, atol=1e-3)
    np.testing.assert_allclose(coarse.intensity_w_sr, wide.intensity_w_sr)


def test_a_fire_grows_where_it_starts_in_the_run() -> None:
    source = build("fire", start="40 s", rise="30 s", **STEADY)
    assert (source.onset_s, source.end_s) == (40, 200)
    assert np.isnan(source.heading_deg)
    assert np.isnan(source.burnout_s)
    assert source.emit(30.0, 39.0, GEO) == ()
    full = only(build("fire", **STEADY), 70.0).intensity_w_sr
    np.testing.assert_allclose(only(source, 70.0).intensity_w_sr, full * (1 - np.exp(-1)), rtol=1e-3)
    growing = build("fire", doubling="100 s", **STEADY)
    np.testing.assert_allclose(only(growing, 150.0).intensity_w_sr, 2 * only(growing, 50.0).intensity_w_sr, rtol=1e-5)


def test_flicker_is_slow_and_has_its_rms() -> None:
    source = build("fire", duration_s=5000.0, flicker=0.1, seed=2)
    level = np.array([only(source, t).intensity_w_sr[0] for t in np.arange(0, 5000, 5.0)])
    level /= only(build("fire", **STEADY), 10.0).intensity_w_sr[0]
    assert level.mean() == pytest.approx(1, abs=0.03)
    assert level.std() == pytest.approx(0.1, rel=0.25)
    near = np.array([only(source, t + 0.2).intensity_w_sr[0] for t in np.arange(0, 500, 5.0)])
    assert np.corrcoef(level[:100], near)[0, 1] > 0.9


def test_a_field_of_flares_shares_the_power() -> None:
    one, many = (only(build("flare", stacks=n, radius="5 km", **STEADY), 10.0) for n in (1, 30))
    np.testing.assert_allclose(one.intensity_w_sr, many.intensity_w_sr)
    assert (len(one.share), len(many.share)) == (1, 30)
    away = np.linalg.norm(many.position_m - one.position_m[0], axis=1)
    assert 2e3 < away.max() < 5e3


def test_volcano_bursts_above_its_lava() -> None:
    lava = only(build("volcano", bursts_per_hour=0.0, **STEADY), 10.0).intensity_w_sr
    source = build("volcano", duration_s=3600.0, bursts_per_hour=40.0, **STEADY)
    level = np.array([only(source, t).intensity_w_sr[0] for t in np.arange(0, 3600, 1.0)]) / lava[0]
    assert level.min() == pytest.approx(1, abs=1e-3)
    assert level.max() > 2
    rises = np.flatnonzero(level[1:] > 1.2 * level[:-1])
    assert 10 < len(rises) < 100
    # The mean energy of a burst: peak times decay (less the rise), e^(sigma^2/2) over the median.
    item = make("volcano", bursts_per_hour=40.0)
    time = np.arange(0, 200_000, 0.5)
    mean = bursts(item, time, np.random.default_rng(1)).mean()
    wanted = 40 / 3600 * 1e9 / 300e6 * np.exp(0.5 * 0.7**2) * 15 * (1 - 1 / 16)
    assert mean == pytest.approx(wanted, rel=4 * 0.8 / np.sqrt(2200) + 0.02)


def test_static_fire_is_a_plume_at_rest() -> None:
    source = build("static_fire", thrust="1 MN", ignition="10 s", burn="30 s", spread=0.0)
    assert (source.kind, source.onset_s, source.end_s, source.burnout_s) == ("static_fire", 10, 40, 40)
    assert source.emit(8.0, 9.9, GEO) == ()
    assert source.emit(50.0, 51.0, GEO) == ()
    e = only(source, 25.0, exposure_s=10.0)
    np.testing.assert_allclose(e.intensity_w_sr, [3e5, 3e5, 0.36 * 3e5], rtol=0.02)
    assert e.temperature_k == plume.LAW.temperature_k
    np.testing.assert_allclose(e.position_m[0], geometry.geodetic_to_itrs(28.2, -80.6))


def test_what_comes_after_the_run_stays_in_truth() -> None:
    source = build("fire", start="1000 s", end="2000 s")
    assert source.onset_s == source.end_s == 200
    assert source.emit(100.0, 200.0, GEO) == ()
    assert only(build("fire", **STEADY), 10.0, above(0, 0)).share.sum() == pytest.approx(1)
