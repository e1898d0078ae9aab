"""Notional ascent: a gravity turn with staging over the rotating WGS84 Earth, in Earth-fixed coordinates.

The vehicle rises vertically for eight seconds, is tilted towards its heading for another eight, and from then on
thrusts along its velocity. Gravity has its J2 term, the air is exponential with one drag figure; mass falls evenly
through each burn. Enough for the path and the timing of a plume on a focal plane, for nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData
from boostwatch.geometry import (
    EARTH_MU_M3_S2,
    EARTH_RATE_RAD_S,
    WGS84_A_M,
    WGS84_B_M,
    enu_basis,
    geodetic_to_itrs,
    itrs_to_geodetic,
)
from boostwatch.orbits import J2
from boostwatch.scene.scenario.objects import Launch, Stage
from boostwatch_kernels.ascent import Burn, World, ascend

Array = NDArray[np.float64]

STEP_S = 0.1
TAIL_S = 8.0
"""Seconds kept after the last burnout."""
WORLD = World(EARTH_MU_M3_S2, J2, WGS84_A_M, WGS84_B_M, EARTH_RATE_RAD_S, 1.225, 7200.0)
"""The scale height is that of the troposphere and lower stratosphere, where drag counts."""
_RISE_S, _TILT_S = 8.0, 8.0
_DRAG_AREA_PER_KG = 4e-5  # m2/kg at lift-off: drag coefficient times cross-section over mass

LIQUID_STRETCH = 1.4
"""Burn times of a class with liquid engines over those with solid motors, at the same total impulse: about 250 s
against 170 s for the largest (APS study of 2003, IEEE Spectrum, March 2005)."""


def _stages(*rows: tuple[float, float, float, float]) -> tuple[Stage, ...]:
    return tuple(
        Stage.model_validate({"thrust": f"{f} kN", "burn": f"{t} s", "propellant": f"{m} t", "dry": f"{d} t"})
        for f, t, m, d in rows
    )


@dataclass(frozen=True)
class Vehicle:
    """Stages, payload (kg) and the tilt (deg) that starts the gravity turn."""

    stages: tuple[Stage, ...]
    payload_kg: float
    pitch_over_deg: float


VEHICLES = {
    "small": Vehicle(_stages((180, 60, 4.4, 0.9)), 500.0, 35.0),
    "medium": Vehicle(_stages((1000, 70, 28.0, 3.5), (350, 60, 7.6, 1.6)), 2500.0, 22.0),
    "large": Vehicle(_stages((2800, 80, 86.0, 8.0), (800, 70, 20.0, 2.5), (200, 60, 4.2, 0.8)), 1500.0, 21.0),
}
"""Notional classes: round figures of the order that thrust and burn time alone suggest."""
_LIQUID_PITCH_OVER_DEG = {"small": 20.0, "medium": 5.0, "large": 5.0}
_OWN_PITCH_OVER_DEG = 22.0


def vehicle_of(launch: Launch) -> Vehicle:
    """Return the vehicle of a launch: its class, or its own stages, each with its propulsion."""
    kind = launch.propulsion or "solid"
    if launch.stages is not None:
        payload = launch.payload or 0.02 * sum(s.propellant for s in launch.stages)
        base = Vehicle(launch.stages, payload, _OWN_PITCH_OVER_DEG)
    else:
        name = launch.vehicle or "medium"
        base = VEHICLES[name]
        if kind == "liquid":
            slow = tuple(
                s.model_copy(update={"thrust": s.thrust / LIQUID_STRETCH, "burn": s.burn * LIQUID_STRETCH})
                for s in base.stages
            )
            base = Vehicle(slow, base.payload_kg, _LIQUID_PITCH_OVER_DEG[name])
    stages = tuple(s if s.propulsion else s.model_copy(update={"propulsion": kind}) for s in base.stages)
    tilt = launch.pitch_over if launch.pitch_over is not None else base.pitch_over_deg
    return Vehicle(stages, base.payload_kg, tilt)


@dataclass(frozen=True)
class Ascent:
    """The path by time since ignition.

    ``time_s`` float64 (K,), at most `STEP_S` apart; ``position_m``, ``velocity_m_s`` float64 (K, 3), ITRS, velocity
    against the ground; ``height_m`` float64 (K,) above WGS84; ``axis`` float64 (K, 3), the unit vector along which it
    thrusts; ``burns`` a (start, end) pair a stage.
    """

    time_s: Array
    position_m: Array
    velocity_m_s: Array
    height_m: Array
    axis: Array
    burns: tuple[tuple[float, float], ...]


def burn_times(vehicle: Vehicle) -> tuple[tuple[float, float], ...]:
    """Return start and end of each stage's burn, seconds since ignition."""
    out, start = [], 0.0
    for stage in vehicle.stages:
        out.append((start, start + stage.burn))
        start += stage.burn + stage.coast
    return tuple(out)


def plan(vehicle: Vehicle, axes: Array) -> tuple[Array, Burn]:
    """Return the knots of time (K,) and what holds between them; every jump lies on a knot."""
    burns = burn_times(vehicle)
    last = burns[-1][1] + TAIL_S
    jumps = [_RISE_S, _RISE_S + _TILT_S, *(t for pair in burns for t in pair), last]
    knots = np.concatenate([np.arange(0.0, last, STEP_S), [t for t in jumps if t <= last]])
    time = np.unique(np.round(knots, 9))
    middle = 0.5 * (time[1:] + time[:-1])
    thrust, flow = np.zeros(len(middle)), np.zeros(len(middle))
    total = vehicle.payload_kg + sum(s.propellant + s.dry for s in vehicle.stages)
    mass = np.full(len(middle), total)
    for stage, (start, end) in zip(vehicle.stages, burns, strict=True):
        lit = (middle > start) & (middle < end)
        thrust[lit], flow[lit] = stage.thrust, stage.propellant / stage.burn
        mass[lit] -= stage.propellant * (time[:-1][lit] - start) / stage.burn
        mass[middle > end] -= stage.propellant + stage.dry
    steering = np.select([middle < _RISE_S, middle < _RISE_S + _TILT_S], [0, 1], 2).astype(np.int8)
    return time, Burn(thrust, mass, flow, steering, axes, _DRAG_AREA_PER_KG * total)


def fly(launch: Launch) -> Ascent:
    """Integrate the ascent of a launch.

    Raises
    ------
    BadData
        It falls back to the ground before its last burnout.
    """
    vehicle = vehicle_of(launch)
    east, north, up = enu_basis(launch.latitude, launch.longitude)
    heading, tilt = np.radians(launch.heading), np.radians(vehicle.pitch_over_deg)
    along = np.sin(heading) * east + np.cos(heading) * north
    axes = np.stack([up, np.cos(tilt) * up + np.sin(tilt) * along])
    time, burn = plan(vehicle, axes)
    states = np.empty((len(time), 6))
    states[0] = [*geodetic_to_itrs(launch.latitude, launch.longitude, launch.altitude), 0.0, 0.0, 0.0]
    ascend(WORLD, burn, time, states)
    height, burns = itrs_to_geodetic(states[:, :3])[2], burn_times(vehicle)
    if (height[time <= burns[-1][1]] < launch.altitude - 1.0).any():
        raise BadData(
            "the vehicle falls back to the ground before its last burnout",
            place=f"objects ({launch.name or 'launch'})",
            found=f"pitch_over = {vehicle.pitch_over_deg:g} deg",
            allowed="a smaller pitch_over, shorter coasts or more thrust",
        )
    speed = np.linalg.norm(states[:, 3:], axis=1, keepdims=True)
    steering = np.append(burn.steering, 2)
    axis = np.where(steering[:, None] == 2, states[:, 3:] / np.maximum(speed, 1e-9), axes[np.minimum(steering, 1)])
    return Ascent(time, states[:, :3], states[:, 3:], height, axis, burns)
