"""Line of sight with the ellipsoid."""

import math

import numpy as np

from ._jit import jit


@jit
def first_meeting(
    origin: tuple[float, float, float], direction: tuple[float, float, float], equatorial_m: float, polar_m: float
) -> float:
    """Return how many directions a ray goes until it first meets an ellipsoid about z; NaN where it does not."""
    stretch = equatorial_m / polar_m
    ox, oy, oz = origin[0], origin[1], origin[2] * stretch
    dx, dy, dz = direction[0], direction[1], direction[2] * stretch
    a = dx * dx + dy * dy + dz * dz
    b = ox * dx + oy * dy + oz * dz
    # From the perpendicular distance the discriminant keeps its digits at 40 000 km; b*b - a*c loses ten of them.
    t0 = -b / a
    px, py, pz = ox + t0 * dx, oy + t0 * dy, oz + t0 * dz
    rest = equatorial_m * equatorial_m - (px * px + py * py + pz * pz)
    if not rest >= 0.0:
        return math.nan
    half = math.sqrt(rest / a)
    t = t0 - half
    if t < 0.0:
        t = t0 + half  # the ray starts inside
    return t if t >= 0.0 else math.nan


@jit
def ray_ellipsoid(
    origin: np.ndarray, direction: np.ndarray, equatorial_m: float, polar_m: float, point: np.ndarray
) -> None:
    """Find the nearer crossing of rays with an ellipsoid of revolution about z.

    Parameters
    ----------
    origin : float64 (N, 3)
        Start of each ray in metres.
    direction : float64 (N, 3)
        Direction of each ray; any length but zero.
    equatorial_m, polar_m : float
        Semi-axes in metres.
    point : float64 (N, 3), written
        Crossing in metres; NaN where the ray misses or the ellipsoid lies behind it.
    """
    for i in range(origin.shape[0]):
        start = (origin[i, 0], origin[i, 1], origin[i, 2])
        t = first_meeting(start, (direction[i, 0], direction[i, 1], direction[i, 2]), equatorial_m, polar_m)
        for axis in range(3):
            point[i, axis] = origin[i, axis] + t * direction[i, axis]
