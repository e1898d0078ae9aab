"""Line of sight with the ellipsoid."""

import math

import numpy as np

from ._jit import jit


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
    stretch = equatorial_m / polar_m
    for i in range(origin.shape[0]):
        ox, oy, oz = origin[i, 0], origin[i, 1], origin[i, 2] * stretch
        dx, dy, dz = direction[i, 0], direction[i, 1], direction[i, 2] * stretch
        a = dx * dx + dy * dy + dz * dz
        b = ox * dx + oy * dy + oz * dz
        # From the perpendicular distance the discriminant keeps its digits at 40 000 km; b*b - a*c loses ten of them.
        t0 = -b / a
        px, py, pz = ox + t0 * dx, oy + t0 * dy, oz + t0 * dz
        rest = equatorial_m * equatorial_m - (px * px + py * py + pz * pz)
        t = math.nan
        if rest >= 0.0:
            half = math.sqrt(rest / a)
            t = t0 - half
            if t < 0.0:
                t = t0 + half  # the ray starts inside
            if t < 0.0:
                t = math.nan
        point[i, 0] = origin[i, 0] + t * direction[i, 0]
        point[i, 1] = origin[i, 1] + t * direction[i, 1]
        point[i, 2] = origin[i, 2] + t * direction[i, 2]
