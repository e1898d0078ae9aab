"""Flight of a vehicle over the rotating ellipsoid, one path: what the scene generator draws plumes along."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit


class World(NamedTuple):
    """Planet and air: ``mu`` m3/s2, ``j2``, semi-axes m, rotation rad/s, sea-level density kg/m3, scale height m."""

    mu: float
    j2: float
    a_m: float
    b_m: float
    rate_rad_s: float
    density_kg_m3: float
    scale_height_m: float


class Burn(NamedTuple):
    """What holds during each of the K - 1 steps.

    ``thrust_n``, ``mass_kg`` at the step's start and ``flow_kg_s`` float64 (K - 1,); ``steering`` int8 (K - 1,): 0 up,
    1 tilted, 2 along the velocity; ``axes`` float64 (2, 3), the unit vectors up and tilted; ``drag_area_m2`` drag
    coefficient times cross-section.
    """

    thrust_n: np.ndarray
    mass_kg: np.ndarray
    flow_kg_s: np.ndarray
    steering: np.ndarray
    axes: np.ndarray
    drag_area_m2: float


@jit
def height_above(x: float, y: float, z: float, a_m: float, b_m: float) -> float:
    """Return the height above the ellipsoid, m (Bowring, Survey Review 23, 1976: one step, below 1 mm to 1000 km)."""
    rho = math.sqrt(x * x + y * y)
    e2 = 1.0 - (b_m / a_m) ** 2
    beta = math.atan2(a_m * z, b_m * rho)
    sb, cb = math.sin(beta), math.cos(beta)
    lat = math.atan2(z + e2 * a_m * a_m / b_m * sb**3, rho - e2 * a_m * cb**3)
    s = math.sin(lat)
    return rho * math.cos(lat) + z * s - a_m * math.sqrt(1.0 - e2 * s * s)


@jit
def _rate(world: World, burn: Burn, k: int, since: float, s: np.ndarray, d: np.ndarray) -> None:
    """Write the derivative ``d`` of the state ``s`` (position, velocity), ``since`` seconds into step ``k``."""
    x, y, z, vx, vy, vz = s[0], s[1], s[2], s[3], s[4], s[5]
    r2 = x * x + y * y + z * z
    radius = math.sqrt(r2)
    pull = -world.mu / (r2 * radius)
    bulge = 1.5 * world.j2 * world.a_m * world.a_m / r2
    tilt = 5.0 * z * z / r2
    w = world.rate_rad_s
    d[0], d[1], d[2] = vx, vy, vz
    d[3] = pull * x * (1.0 + bulge * (1.0 - tilt)) + w * w * x + 2.0 * w * vy
    d[4] = pull * y * (1.0 + bulge * (1.0 - tilt)) + w * w * y - 2.0 * w * vx
    d[5] = pull * z * (1.0 + bulge * (3.0 - tilt))
    mass = burn.mass_kg[k] - burn.flow_kg_s[k] * since
    speed = math.sqrt(vx * vx + vy * vy + vz * vz)
    if burn.drag_area_m2 > 0.0:
        height = height_above(x, y, z, world.a_m, world.b_m)
        density = world.density_kg_m3 * math.exp(-max(height, 0.0) / world.scale_height_m)
        drag = 0.5 * density * speed * burn.drag_area_m2 / mass
        d[3] -= drag * vx
        d[4] -= drag * vy
        d[5] -= drag * vz
    push = burn.thrust_n[k] / mass
    if burn.steering[k] == 2 and speed >= 1.0:
        d[3] += push * vx / speed
        d[4] += push * vy / speed
        d[5] += push * vz / speed
    else:
        row = 1 if burn.steering[k] == 1 else 0
        for c in range(3):
            d[3 + c] += push * burn.axes[row, c]


@jit
def ascend(world: World, burn: Burn, time_s: np.ndarray, out: np.ndarray) -> None:
    """Integrate a flight in the rotating Earth-fixed frame by the classical Runge-Kutta rule, one step an interval.

    Gravity with J2 (Vallado, Fundamentals of Astrodynamics, eq. 8-19), centrifugal and Coriolis force, drag in an
    exponential air that turns with the Earth, thrust on a mass that falls evenly. Everything that jumps does so at a
    knot of ``time_s``, so the rule keeps its order.

    Parameters
    ----------
    world : World
    burn : Burn
    time_s : float64 (K,)
        Ascending.
    out : float64 (K, 6), written but for the first row
        Position (m) and velocity against the ground (m/s); the first row is the start.
    """
    k1, k2, k3, k4, s = np.zeros(6), np.zeros(6), np.zeros(6), np.zeros(6), np.zeros(6)
    for k in range(time_s.shape[0] - 1):
        h = time_s[k + 1] - time_s[k]
        _rate(world, burn, k, 0.0, out[k], k1)
        for c in range(6):
            s[c] = out[k, c] + 0.5 * h * k1[c]
        _rate(world, burn, k, 0.5 * h, s, k2)
        for c in range(6):
            s[c] = out[k, c] + 0.5 * h * k2[c]
        _rate(world, burn, k, 0.5 * h, s, k3)
        for c in range(6):
            s[c] = out[k, c] + h * k3[c]
        _rate(world, burn, k, h, s, k4)
        for c in range(6):
            out[k + 1, c] = out[k, c] + h / 6.0 * (k1[c] + 2.0 * k2[c] + 2.0 * k3[c] + k4[c])
