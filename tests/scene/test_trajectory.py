"""Ascents of the notional vehicles against the rocket equation and what stands beside it."""

from __future__ import annotations

import numpy as np
import pytest

from boostwatch import geometry
from boostwatch.errors import BadData
from boostwatch.scene import trajectory

from .sources.helpers import make


def index(ascent: trajectory.Ascent, time_s: float) -> int:
    return int(np.searchsorted(ascent.time_s, time_s - 1e-6))


@pytest.mark.parametrize(("vehicle", "propulsion", "burnout", "height", "speed"), [
    ("small", "solid", 60, (40, 55), (2500, 3000)), ("medium", "solid", 131, (140, 180), (4100, 4600)),
    ("large", "solid", 212, (400, 500), (7400, 8100)), ("small", "liquid", 84, (50, 70), (2400, 2900)),
    ("medium", "liquid", 183, (150, 250), (3700, 4300)), ("large", "liquid", 296, (400, 600), (7000, 7700)),
])  # fmt: skip
def test_ascent(
    vehicle: str, propulsion: str, burnout: float, height: tuple[float, float], speed: tuple[float, float]
) -> None:
    launch = make("launch", vehicle=vehicle, propulsion=propulsion, heading="60 deg")
    ascent = trajectory.fly(launch)
    assert ascent.burns[-1][1] == pytest.approx(burnout)
    k = index(ascent, burnout)
    assert height[0] < ascent.height_m[k] / 1e3 < height[1]
    assert speed[0] < np.linalg.norm(ascent.velocity_m_s[k]) < speed[1]
    assert (np.diff(ascent.height_m[: k + 1]) >= 0).all()
    lat, lon, _ = geometry.itrs_to_geodetic(ascent.position_m[k])
    assert float(geometry.heading_deg(launch.latitude, launch.longitude, lat, lon)) == pytest.approx(60, abs=3)
    np.testing.assert_allclose(ascent.position_m[0], geometry.geodetic_to_itrs(28.2, -80.6, 0.0))
    np.testing.assert_allclose(np.linalg.norm(ascent.axis, axis=1), 1, rtol=1e-9)
    assert np.diff(ascent.time_s).max() <= trajectory.STEP_S + 1e-9


@pytest.mark.parametrize("vehicle", ["small", "medium", "large"])
def test_speed_is_that_of_the_rocket_equation_less_gravity_and_drag(vehicle: str) -> None:
    ascent = trajectory.fly(make("launch", vehicle=vehicle))
    v = trajectory.VEHICLES[vehicle]
    mass = v.payload_kg + sum(s.propellant + s.dry for s in v.stages)
    ideal = 0.0
    for stage in v.stages:
        ideal += stage.thrust * stage.burn / stage.propellant * np.log(mass / (mass - stage.propellant))
        mass -= stage.propellant + stage.dry
    reached = float(np.linalg.norm(ascent.velocity_m_s[index(ascent, ascent.burns[-1][1])]))
    slope = np.einsum("ij,ij->i", ascent.axis, ascent.position_m) / np.linalg.norm(ascent.position_m, axis=1)
    burning = ascent.time_s <= ascent.burns[-1][1]
    gravity = float(np.trapezoid((9.8 * slope / (1 + ascent.height_m / 6.371e6) ** 2)[burning], ascent.time_s[burning]))
    drag_and_steering = ideal - gravity - reached
    assert 0 < drag_and_steering < 0.12 * ideal
    assert 0.05 * ideal < gravity < 0.35 * ideal


@pytest.mark.parametrize(("vehicle", "low", "high"), [("small", 200, 350), ("medium", 450, 900), ("large", 2000, 1e4)])
def test_apex_of_the_coast_after_burnout(vehicle: str, low: float, high: float) -> None:
    ascent = trajectory.fly(make("launch", vehicle=vehicle))
    r = ascent.position_m[-1]
    v = ascent.velocity_m_s[-1] + np.cross([0, 0, geometry.EARTH_RATE_RAD_S], r)
    axis = 1 / (2 / np.linalg.norm(r) - v @ v / geometry.EARTH_MU_M3_S2)
    moment = np.linalg.norm(np.cross(r, v)) ** 2 / geometry.EARTH_MU_M3_S2
    apex = (axis * (1 + np.sqrt(1 - moment / axis)) - geometry.WGS84_A_M) / 1e3
    assert low < apex < high
    assert axis * (1 - np.sqrt(1 - moment / axis)) < geometry.WGS84_A_M  # it comes down again


def test_vertical_rise_matches_the_rocket_equation() -> None:
    ascent = trajectory.fly(make("launch", vehicle="small"))
    vehicle = trajectory.VEHICLES["small"]
    stage = vehicle.stages[0]
    mass = vehicle.payload_kg + stage.propellant + stage.dry
    t, flow = 7.0, stage.propellant / stage.burn
    wanted = stage.thrust / flow * np.log(mass / (mass - flow * t)) - 9.79 * t
    assert np.linalg.norm(ascent.velocity_m_s[index(ascent, t)]) == pytest.approx(wanted, rel=0.02)  # a little drag


def test_jumps_lie_on_knots_so_that_odd_burn_times_keep_the_order() -> None:
    stage = {"thrust": "200 kN", "burn": "40.033 s", "propellant": "4 t", "dry": "1 t", "coast": "2.01 s"}
    launch = make("launch", stages=[stage, {**stage, "thrust": "60 kN"}], pitch_over="10 deg")
    vehicle = trajectory.vehicle_of(launch)
    time, burn = trajectory.plan(vehicle, np.eye(3)[:2])
    assert {40.033, 42.043, 82.076} <= {round(float(t), 6) for t in time}
    impulse = float((burn.thrust_n * np.diff(time)).sum())
    assert impulse == pytest.approx(260e3 * 40.033, rel=1e-9)
    left = burn.mass_kg[-1]
    assert left == pytest.approx(vehicle.payload_kg)


def test_own_stages() -> None:
    stage = {"thrust": "200 kN", "burn": "40 s", "propellant": "4 t", "dry": "1 t", "coast": "2 s"}
    upper = {**stage, "thrust": "30 kN", "propulsion": "liquid"}
    launch = make("launch", stages=[stage, upper], pitch_over="5 deg")
    assert trajectory.fly(launch).burns == ((0.0, 40.0), (42.0, 82.0))
    vehicle = trajectory.vehicle_of(launch)
    assert vehicle.payload_kg == pytest.approx(160)
    assert vehicle.pitch_over_deg == 5
    assert [s.propulsion for s in vehicle.stages] == ["solid", "liquid"]


def test_liquid_classes_have_the_same_impulse_over_a_longer_time() -> None:
    for name, solid in trajectory.VEHICLES.items():
        liquid = trajectory.vehicle_of(make("launch", vehicle=name, propulsion="liquid"))
        for a, b in zip(solid.stages, liquid.stages, strict=True):
            assert b.thrust * b.burn == pytest.approx(a.thrust * a.burn)
            assert b.burn == pytest.approx(1.4 * a.burn)


def test_a_vehicle_that_falls_back_is_named() -> None:
    with pytest.raises(
        BadData, match=r"objects \(weak\): the vehicle falls back .* found .pitch_over = 30 deg.; allowed"
    ):
        trajectory.fly(make("launch", name="weak", vehicle="large", propulsion="liquid", pitch_over="30 deg"))


def test_an_eastward_launch_at_the_equator_turns_with_the_earth_no_less_than_a_westward() -> None:
    # Coriolis: eastward flight is lifted, westward pressed down.
    heights = [trajectory.fly(make("launch", latitude="0 deg", heading=h)).height_m[-1] for h in ("90 deg", "270 deg")]
    assert heights[0] > heights[1] + 1e3
