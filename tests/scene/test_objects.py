"""Ascent, light curves, confusers and their way to the focal plane."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from boostwatch import geometry
from boostwatch.scene import camera, confusers, plume, trajectory
from boostwatch.scene.atmosphere import Atmosphere
from boostwatch.scene.platform import Platform
from boostwatch.scene.scenario import Scenario, SceneObject
from boostwatch.scene.scenario.objects import Aircraft, Fire, Flare, Launch
from boostwatch.scene.sources import Place, build_source

HERE = {"latitude": "28.2 deg", "longitude": "-80.6 deg"}


def make(kind: str, **more: Any) -> Any:
    return TypeAdapter(SceneObject).validate_python({"kind": kind, **HERE, **more})


@pytest.fixture(scope="module")
def place() -> Place:
    scenario = Scenario()
    sensor = camera.build_sensor(scenario)
    position, attitude = Platform(scenario).state(0.0)
    air = tuple(Atmosphere("us_standard_1976", b.lower_um, b.upper_um) for b in sensor.bands)
    return Place(sensor, position, attitude, air, 60.0)


@pytest.mark.parametrize(("vehicle", "burnout", "height", "speed"), [
    ("small", 60, (30, 80), (2000, 3500)), ("medium", 131, (100, 250), (3500, 6000)),
    ("large", 212, (200, 700), (6000, 9000)),
])  # fmt: skip
def test_ascent(vehicle: str, burnout: float, height: tuple[float, float], speed: tuple[float, float]) -> None:
    launch: Launch = make("launch", vehicle=vehicle, heading="60 deg")
    ascent = trajectory.fly(launch)
    assert ascent.burns[-1][1] == burnout
    k = round(burnout / trajectory.STEP_S)
    assert height[0] < ascent.height_m[k] / 1e3 < height[1]
    assert speed[0] < np.linalg.norm(ascent.velocity_m_s[k]) < speed[1]
    assert (np.diff(ascent.height_m[: k + 1]) >= 0).all()
    lat, lon, _ = geometry.itrs_to_geodetic(ascent.position_m[k])
    assert float(geometry.heading_deg(launch.latitude, launch.longitude, lat, lon)) == pytest.approx(60, abs=3)
    np.testing.assert_allclose(ascent.position_m[0], geometry.geodetic_to_itrs(28.2, -80.6, 0.0))


def test_vertical_rise_matches_the_rocket_equation() -> None:
    ascent = trajectory.fly(make("launch", vehicle="small"))
    vehicle = trajectory.VEHICLES["small"]
    stage = vehicle.stages[0]
    mass = vehicle.payload_kg + stage.propellant + stage.dry
    t, flow = 7.0, stage.propellant / stage.burn
    wanted = stage.thrust / flow * np.log(mass / (mass - flow * t)) - 9.79 * t
    assert np.linalg.norm(ascent.velocity_m_s[70]) == pytest.approx(wanted, rel=0.02)  # a little drag


def test_coasting_keeps_the_energy() -> None:
    ascent = trajectory.fly(make("launch", vehicle="large"))
    k = round(ascent.burns[-1][1] / trajectory.STEP_S) + 1
    r = np.linalg.norm(ascent.position_m[k:], axis=1)
    spin = geometry.EARTH_RATE_RAD_S * np.hypot(ascent.position_m[k:, 0], ascent.position_m[k:, 1])
    energy = 0.5 * (ascent.velocity_m_s[k:] ** 2).sum(1) - geometry.EARTH_MU_M3_S2 / r - 0.5 * spin**2
    assert np.ptp(energy) < 1e-6 * abs(energy[0])


def test_own_stages() -> None:
    stage = {"thrust": "200 kN", "burn": "40 s", "propellant": "4 t", "dry": "1 t", "coast": "2 s"}
    launch: Launch = make("launch", stages=[stage, {**stage, "thrust": "30 kN"}], pitch_over="10 deg")
    assert trajectory.fly(launch).burns == ((0.0, 40.0), (42.0, 82.0))
    vehicle = trajectory.vehicle_of(launch)
    assert vehicle.payload_kg == pytest.approx(160)
    assert vehicle.pitch_over_deg == 10


def curve(**more: Any) -> tuple[np.ndarray, np.ndarray, trajectory.Ascent]:
    launch: Launch = make("launch", **{"spread": 0.0, "flicker": 0.0, **more})
    ascent = trajectory.fly(launch)
    return (*plume.light_curve(launch, ascent, np.random.default_rng(0)), ascent)


def at(time: np.ndarray, light: np.ndarray, t: float) -> float:
    return float(np.interp(t, time, light))


def test_light_curve_of_a_medium_vehicle() -> None:
    time, light, _ = curve(vehicle="medium")
    assert light[0] == 0
    assert at(time, light, 10.0) == pytest.approx(3e5, rel=0.15)
    assert at(time, light, 0.3) == pytest.approx(3e5 * (1 - np.exp(-1)) * 1.12, rel=0.05)  # ignition
    assert light.max() > 1.3 * at(time, light, 10.0)  # altitude
    assert at(time, light, 70.95) < 0.3 * at(time, light, 69.9)  # staging dip
    assert at(time, light, 75.0) < 0.5 * at(time, light, 69.0)  # weaker stage
    assert at(time, light, 131.5) == pytest.approx(at(time, light, 130.9) * np.exp(-1), rel=0.1)  # burnout
    assert light[-1] == 0


def test_intensity_scales_with_thrust_and_spreads_between_events() -> None:
    assert 2e4 < plume.stage_intensity(180e3) < 1e5
    assert 1e6 * 0.8 < plume.stage_intensity(2.8e6) < 5e6
    launch: Launch = make("launch", vehicle="small")
    ascent = trajectory.fly(launch)
    peaks = [plume.light_curve(launch, ascent, np.random.default_rng(i))[1].max() for i in range(200)]
    assert np.std(np.log(peaks)) == pytest.approx(0.35, rel=0.25)


def test_altitude_gain_has_its_maximum_and_its_trough() -> None:
    km = np.arange(0, 200, 0.5)
    gain = plume.altitude_gain(km * 1e3)
    assert 20 < km[gain.argmax()] < 32
    assert 70 < km[:300][gain[:300].argmin()] < 90
    assert 1.2 <= gain.max() <= 2
    assert 0.3 <= gain[-1] <= 0.6


def test_flicker_has_its_rms() -> None:
    series = plume.flicker(400_000, 0.04, np.random.default_rng(1))
    assert series.mean() == pytest.approx(1, abs=0.002)
    assert series.std() == pytest.approx(0.04, rel=0.05)


def test_band_factor() -> None:
    assert plume.band_factor(2.69, 2.95) == plume.band_factor(4.20, 4.45) == 1.0
    assert plume.band_factor(3.8, 4.0) == pytest.approx(0.2)


def test_level_flight() -> None:
    item: Aircraft = make("aircraft", speed="250 m/s", altitude="10 km", heading="135 deg")
    position = confusers.level_flight(item, np.array([-100.0, 0.0, 400.0]))
    lat, lon, height = geometry.itrs_to_geodetic(position)
    np.testing.assert_allclose(height, 10_000, atol=1e-3)
    assert (lat[1], lon[1]) == (pytest.approx(28.2), pytest.approx(-80.6))
    distance = float(geometry.ground_range_m(lat[1], lon[1], lat[2], lon[2]))
    assert distance == pytest.approx(400 * 250, rel=4e-3)
    assert float(geometry.heading_deg(lat[1], lon[1], lat[2], lon[2])) == pytest.approx(135, abs=0.5)
    assert float(geometry.ground_range_m(lat[0], lon[0], lat[1], lon[1])) == pytest.approx(25_000, rel=4e-3)


def test_fire_irradiance_is_closed_form(place: Place) -> None:
    item: Fire = make("fire", power="100 MW", flicker=0.0)
    source = build_source(item, place, np.random.default_rng(0))
    ground = geometry.geodetic_to_itrs(28.2, -80.6)
    distance = float(np.linalg.norm(ground - place.position_m))
    up = geometry.enu_basis(28.2, -80.6)[2]
    secant = distance / float(up @ (place.position_m - ground))
    for b, air in enumerate(place.atmospheres):
        wanted = float(confusers.intensity(item, [(air.lower_um, air.upper_um)])[0])
        assert source.band_scale[b] == pytest.approx(wanted)
        assert source.gain_m2[b, 0] == pytest.approx(float(air.transmittance(0.0, secant, 1000.0)) / distance**2)
    assert (source.x[0], source.y[0]) == (pytest.approx(127.5, abs=1e-6), pytest.approx(127.5, abs=1e-6))
    assert source.light.min() == source.light.max() == 1


def test_flare_that_starts_in_the_run_rises(place: Place) -> None:
    item: Flare = make("flare", start="10 s", end="30 s", flicker=0.0)
    source = build_source(item, place, np.random.default_rng(0))
    assert source.light[0] == 0
    assert source.light[-1] == pytest.approx(1 - np.exp(-20 / item.rise))
    assert (source.onset_s, source.end_s) == (10, 30)
    assert source.shines(9, 11)
    assert not source.shines(5, 9)


def test_what_the_earth_hides_gives_no_light(place: Place) -> None:
    item: Fire = make("fire", latitude="-20 deg", longitude="120 deg")
    assert not build_source(item, place, np.random.default_rng(0)).gain_m2.any()


def test_launch_source_sees_less_air_as_it_rises(place: Place) -> None:
    source = build_source(make("launch", vehicle="small", ignition="5 s"), place, np.random.default_rng(0))
    assert (np.diff(source.gain_m2[1]) > -1e-22).all()
    assert source.gain_m2[1, -1] > 100 * source.gain_m2[1, 0]
    assert (source.onset_s, source.burnout_s) == (5, 65)
