"""Notional ascent: a gravity turn with staging over the rotating Earth, in Earth-fixed coordinates.

The vehicle rises vertically for eight seconds, is tilted towards its heading for another eight, and from then on
thrusts along its velocity. Gravity is central, the air exponential with one drag figure; mass falls evenly through each
burn. Enough for the path and the timing of a plume on a focal plane, for nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostwatch.geometry import EARTH_MU_M3_S2, EARTH_RATE_RAD_S, enu_basis, geodetic_to_itrs, itrs_to_geodetic
from boostwatch.scene.scenario.objects import Launch, Stage

Array = NDArray[np.float64]

STEP_S = 0.1
TAIL_S = 8.0
"""Seconds kept after the last burnout."""
_RISE_S, _TILT_S = 8.0, 8.0
_DRAG_AREA_PER_KG = 4e-5  # m2/kg at lift-off: drag coefficient times cross-section over mass


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


def vehicle_of(launch: Launch) -> Vehicle:
    """Return the vehicle of a launch: its class, or its own stages."""
    if launch.stages is not None:
        base = Vehicle(launch.stages, launch.payload or 0.02 * sum(s.propellant for s in launch.stages), 22.0)
    else:
        base = VEHICLES[launch.vehicle or "medium"]
    tilt = launch.pitch_over if launch.pitch_over is not None else base.pitch_over_deg
    return Vehicle(base.stages, base.payload_kg, tilt)


@dataclass(frozen=True)
class Ascent:
    """The path by time since ignition.

    ``time_s`` float64 (K,); ``position_m``, ``velocity_m_s`` float64 (K, 3), ITRS, velocity against the ground;
    ``height_m`` float64 (K,); ``burns`` a (start, end) pair a stage.
    """

    time_s: Array
    position_m: Array
    velocity_m_s: Array
    height_m: Array
    burns: tuple[tuple[float, float], ...]


def _mass_and_thrust(vehicle: Vehicle, time_s: float) -> tuple[float, float]:
    mass = vehicle.payload_kg + sum(s.propellant + s.dry for s in vehicle.stages)
    start = 0.0
    for stage in vehicle.stages:
        if time_s < start:
            return mass, 0.0  # coasting between stages
        if time_s < start + stage.burn:
            return mass - stage.propellant * (time_s - start) / stage.burn, stage.thrust
        mass -= stage.propellant + stage.dry
        start += stage.burn + stage.coast
    return mass, 0.0


def burn_times(vehicle: Vehicle) -> tuple[tuple[float, float], ...]:
    """Return start and end of each stage's burn, seconds since ignition."""
    out, start = [], 0.0
    for stage in vehicle.stages:
        out.append((start, start + stage.burn))
        start += stage.burn + stage.coast
    return tuple(out)


def fly(launch: Launch) -> Ascent:
    """Integrate the ascent of a launch with the classical Runge-Kutta rule in steps of a tenth of a second."""
    vehicle = vehicle_of(launch)
    burns = burn_times(vehicle)
    east, north, up = enu_basis(launch.latitude, launch.longitude)
    heading = np.radians(launch.heading)
    along = np.sin(heading) * east + np.cos(heading) * north
    tilt = np.radians(vehicle.pitch_over_deg)
    tilted = np.cos(tilt) * up + np.sin(tilt) * along
    pad = geodetic_to_itrs(launch.latitude, launch.longitude, launch.altitude)
    pad_radius = float(np.linalg.norm(pad))

    def rate(t: float, state: Array) -> Array:
        r, v = state[:3], state[3:]
        mass, thrust = _mass_and_thrust(vehicle, t)
        speed = float(np.sqrt(v @ v))
        if t < _RISE_S or speed < 1.0:
            direction = up
        elif t < _RISE_S + _TILT_S:
            direction = tilted
        else:
            direction = v / speed
        radius = float(np.sqrt(r @ r))
        w = EARTH_RATE_RAD_S
        height = radius - pad_radius + launch.altitude
        drag = 0.5 * 1.225 * np.exp(-max(height, 0.0) / 7200.0) * speed * _DRAG_AREA_PER_KG
        a = -EARTH_MU_M3_S2 / radius**3 * r + thrust / mass * direction - drag * v
        a += w * w * np.array([r[0], r[1], 0.0]) + 2 * w * np.array([v[1], -v[0], 0.0])
        return np.concatenate([v, a])

    count = int(np.ceil((burns[-1][1] + TAIL_S) / STEP_S)) + 1
    time = np.arange(count, dtype=np.float64) * STEP_S
    states = np.empty((count, 6))
    states[0] = np.concatenate([pad, np.zeros(3)])
    for k in range(count - 1):
        t, s, h = time[k], states[k], STEP_S
        k1 = rate(t, s)
        k2 = rate(t + h / 2, s + h / 2 * k1)
        k3 = rate(t + h / 2, s + h / 2 * k2)
        k4 = rate(t + h, s + h * k3)
        states[k + 1] = s + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return Ascent(time, states[:, :3], states[:, 3:], itrs_to_geodetic(states[:, :3])[2], burns)
