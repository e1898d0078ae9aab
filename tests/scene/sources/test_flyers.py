"""Aircraft and bolides."""

from __future__ import annotations

import numpy as np
import pytest

from boostwatch import geometry
from boostwatch.scene.sources.base import footprint
from boostwatch.scene.sources.flyers import bolide_light, by_black_body, descent, level_flight

from .helpers import BANDS, GEO, above, build, make, only


def test_level_flight() -> None:
    item = make("aircraft", speed="250 m/s", altitude="10 km", heading="135 deg")
    position = level_flight(item, np.array([-100.0, 0.0, 400.0]))
    lat, lon, height = geometry.itrs_to_geodetic(position)
    np.testing.assert_allclose(height, 10_000, atol=1e-3)
    assert (lat[1], lon[1]) == (pytest.approx(28.2), pytest.approx(-80.6))
    distance = float(geometry.ground_range_m(lat[1], lon[1], lat[2], lon[2]))
    assert distance == pytest.approx(400 * 250, rel=4e-3)
    assert float(geometry.heading_deg(lat[1], lon[1], lat[2], lon[2])) == pytest.approx(135, abs=0.5)
    assert float(geometry.ground_range_m(lat[0], lon[0], lat[1], lon[1])) == pytest.approx(25_000, rel=4e-3)


def test_an_aircraft_moves_within_an_exposure() -> None:
    source = build("aircraft", speed="400 m/s", intensity="700 W/sr")
    near = above(28.2, -80.6, height_m=500e3, ifov_rad=30e-6)
    e = only(source, 0.5, near, exposure_s=1.0)
    length = np.linalg.norm(np.ptp(e.position_m, axis=0))
    pixel = footprint(near, e.position_m[0])
    assert len(e.share) == pytest.approx(400 / (0.35 * pixel), rel=0.1)
    assert length == pytest.approx(400 * (1 - 1 / len(e.share)), rel=0.01)
    np.testing.assert_allclose(e.intensity_w_sr, 700)
    assert (source.onset_s, source.end_s, source.heading_deg) == (0, 200, 90)
    exact = level_flight(make("aircraft", speed="400 m/s"), np.array([77.7]))
    np.testing.assert_allclose(only(source, 77.7).position_m.mean(axis=0), exact[0], atol=0.1)


def test_afterburner_shines_in_its_intervals() -> None:
    source = build("aircraft", afterburner=[["20 s", "30 s"], ["50 s", "55 s"]], afterburner_intensity="8 kW/sr")
    level = {t: only(source, t).intensity_w_sr[0] for t in (10.0, 25.0, 40.0, 52.0, 60.0)}
    assert level == pytest.approx({10.0: 500, 25.0: 8000, 40.0: 500, 52.0: 8000, 60.0: 500})
    assert only(source, 25.0).temperature_k > only(source, 10.0).temperature_k
    half = only(source, 30.1, exposure_s=10.0).intensity_w_sr[0]  # on for half of the exposure
    assert half == pytest.approx(4250, rel=1e-3)


def test_an_aircraft_comes_and_goes() -> None:
    source = build("aircraft", start="30 s", end="110 s")
    assert (source.onset_s, source.end_s) == (30, 110)
    assert source.emit(20.0, 29.0, GEO) == source.emit(111.0, 112.0, GEO) == ()
    assert only(source, 30.0, exposure_s=2.0).intensity_w_sr[0] == pytest.approx(250)


def test_a_bolide_falls_along_its_line() -> None:
    item = make("bolide", speed="18 km/s", descent="35 deg", heading="220 deg")
    path, lasts = descent(item)
    place, height = path.at(item.start + np.array([0.0, lasts]))
    assert height[0] == pytest.approx(90e3, abs=300)
    assert height[1] == pytest.approx(30e3, abs=1e-3)
    assert np.linalg.norm(place[1] - place[0]) == pytest.approx(18e3 * lasts)
    lat, lon, _ = geometry.itrs_to_geodetic(place)
    assert (lat[1], lon[1]) == (pytest.approx(28.2), pytest.approx(-80.6))
    assert float(geometry.heading_deg(lat[0], lon[0], lat[1], lon[1])) == pytest.approx(220, abs=1)
    up = geometry.enu_basis(28.2, -80.6)[2]
    way = (place[1] - place[0]) / np.linalg.norm(place[1] - place[0])
    assert -np.degrees(np.arcsin(way @ up)) == pytest.approx(35, abs=1e-6)


def test_light_of_bolides_peaks_late_and_falls_steeply() -> None:
    for seed in range(20):
        time, light = bolide_light(make("bolide", flares=0), 4.0, np.random.default_rng(seed))
        peak = time[light.argmax()] / 4.0
        assert peak == pytest.approx(2.3 / 3.0, abs=0.01)
        assert light.max() == 1
        assert light[0] == light[-1] == 0
    time, light = bolide_light(make("bolide", flares=3), 4.0, np.random.default_rng(0))
    assert light.max() == 1
    assert np.diff(light).max() > 2 * -np.diff(light)[time[1:] < 3.2].min()  # outbursts rise at once and fade


def test_a_bolide_streaks() -> None:
    source = build("bolide", speed="40 km/s", start="10 s", flares=0)
    assert source.onset_s == 10
    assert source.end_s == source.reach_s[1] < 14
    e = only(source, source.end_s - 0.5, exposure_s=0.2)
    assert len(e.share) > 20
    assert 0 < e.intensity_w_sr[0] <= 2e6
    np.testing.assert_allclose(e.intensity_w_sr / e.intensity_w_sr[0], by_black_body(BANDS, 4500.0))
    assert source.emit(20.0, 20.1, GEO) == ()


def test_black_bodies_are_scaled_to_the_reference_band() -> None:
    swir, mwir, window = by_black_body(BANDS, 6000.0)
    assert swir == 1
    assert mwir < 0.3  # the Rayleigh-Jeans tail
    assert mwir < window < 1
