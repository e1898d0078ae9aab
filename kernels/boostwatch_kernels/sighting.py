"""Points seen from space: where they fall in the camera, what hides them, and where their light crosses a layer."""

import math

import numpy as np

from ._jit import brief_jit, jit
from .raycast import first_meeting

LEAST_COSINE = 0.02
"""Of the zenith angle at a layer: a path along it is no longer than fifty times the way through."""


@jit
def _normal(x: float, y: float, z: float, a: float, b: float) -> tuple[float, float, float]:
    """Return the outward unit normal of the ellipsoid through a point near the one with semi-axes ``a`` and ``b``."""
    nx, ny, nz = x / (a * a), y / (a * a), z / (b * b)
    size = math.sqrt(nx * nx + ny * ny + nz * nz)
    return nx / size, ny / size, nz / size


@brief_jit
def sight(
    points: np.ndarray, height: np.ndarray, sensor: np.ndarray, camera: np.ndarray, axes: tuple[float, float],
    out: np.ndarray,
) -> None:  # fmt: skip
    """See points from a camera.

    Parameters
    ----------
    points : float64 (K, 3)
        Earth-fixed, m.
    height : float64 (K,)
        Of the points above the ellipsoid, m.
    sensor : float64 (3,)
    camera : float64 (3, 3)
        Rotation whose rows are the camera's axes.
    axes : tuple of float
        Equatorial and polar semi-axis of the ellipsoid, m.
    out : float64 (K, 4), written
        Tangent-plane coordinates x and y, the distance (m), and the cosine of the sensor's zenith angle at the point.
        All NaN where the Earth hides the point or it lies behind the camera; a point inside the ellipsoid, as on ground
        below it, is seen from above.
    """
    a, b = axes
    stretch = a / b
    for k in range(points.shape[0]):
        rx, ry, rz = points[k, 0] - sensor[0], points[k, 1] - sensor[1], points[k, 2] - sensor[2]
        depth = camera[2, 0] * rx + camera[2, 1] * ry + camera[2, 2] * rz
        # On the ball that the ellipsoid becomes when its polar axis is stretched, the closest approach is a foot point.
        sx, sy, sz = sensor[0], sensor[1], sensor[2] * stretch
        tx, ty, tz = rx, ry, rz * stretch
        along = -(sx * tx + sy * ty + sz * tz) / (tx * tx + ty * ty + tz * tz)
        foot = (sx + along * tx) ** 2 + (sy + along * ty) ** 2 + (sz + along * tz) ** 2
        if not depth > 0 or (0 < along < 1 and foot < a * a):
            out[k] = np.nan
            continue
        out[k, 0] = (camera[0, 0] * rx + camera[0, 1] * ry + camera[0, 2] * rz) / depth
        out[k, 1] = (camera[1, 0] * rx + camera[1, 1] * ry + camera[1, 2] * rz) / depth
        distance = math.sqrt(rx * rx + ry * ry + rz * rz)
        nx, ny, nz = _normal(points[k, 0], points[k, 1], points[k, 2], a + height[k], b + height[k])
        out[k, 2] = distance
        out[k, 3] = -(nx * rx + ny * ry + nz * rz) / distance


@brief_jit
def cross_layer(
    points: np.ndarray, height: np.ndarray, sensor: np.ndarray, layer: tuple[float, float, float],
    basis: np.ndarray, radius: float, out: np.ndarray,
) -> None:  # fmt: skip
    """Find where lines of sight to points below a layer first meet it, on an azimuthal equidistant map.

    Parameters
    ----------
    points : float64 (K, 3)
        Earth-fixed, m.
    height : float64 (K,)
        Of the points above the ellipsoid, m.
    sensor : float64 (3,)
    layer : tuple of float
        Height of the layer, and the semi-axes of its ellipsoid, m.
    basis : float64 (3, 3)
        East, north and up at the middle of the map.
    radius : float
        Of the map's ball, m.
    out : float64 (3, K), written
        Metres east and north on the map, secant of the zenith angle there (no more than 1/`LEAST_COSINE`); NaN where
        the point lies above the layer or the line misses it.
    """
    top, a, b = layer
    for k in range(points.shape[0]):
        out[:, k] = np.nan
        if height[k] >= top:
            continue
        rx, ry, rz = points[k, 0] - sensor[0], points[k, 1] - sensor[1], points[k, 2] - sensor[2]
        t = first_meeting((sensor[0], sensor[1], sensor[2]), (rx, ry, rz), a, b)
        if math.isnan(t):
            continue
        nx, ny, nz = _normal(sensor[0] + t * rx, sensor[1] + t * ry, sensor[2] + t * rz, a, b)
        east = basis[0, 0] * nx + basis[0, 1] * ny + basis[0, 2] * nz
        north = basis[1, 0] * nx + basis[1, 1] * ny + basis[1, 2] * nz
        up = basis[2, 0] * nx + basis[2, 1] * ny + basis[2, 2] * nz
        across = math.sqrt(east * east + north * north)
        scale = radius * (math.atan2(across, up) / across if across > 1e-12 else 1.0)
        cosine = -(nx * rx + ny * ry + nz * rz) / math.sqrt(rx * rx + ry * ry + rz * rz)
        out[0, k], out[1, k], out[2, k] = east * scale, north * scale, 1.0 / max(cosine, LEAST_COSINE)


@brief_jit
def gather(seen: np.ndarray, share: np.ndarray, left: np.ndarray, clear: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Add up the light of points at the aperture.

    Parameters
    ----------
    seen : float64 (K, 4)
        Of `sight`; what is NaN is hidden.
    share : float64 (K,)
        Of the light that comes from each point.
    left : float64 (K,)
        What clouds leave of it.
    clear : float64 (B, K)
        What the air leaves of it.
    out : float64 (B, K), written
        Share of the arriving light that comes from each point, sum 1. Where nothing arrives it is that of the light
        sent out by the points in sight: what a cloud swallows whole still has a place.

    Returns
    -------
    float64 (B,)
        Irradiance of the whole for a radiant intensity of 1, 1/m2.
    """
    total = np.zeros(out.shape[0])
    for b in range(out.shape[0]):
        plain = 0.0
        for k in range(out.shape[1]):
            distance = seen[k, 2]
            hidden = math.isnan(distance)
            out[b, k] = 0.0 if hidden else share[k] / (distance * distance) * left[k] * clear[b, k]
            total[b] += out[b, k]
            plain += 0.0 if hidden else share[k]
        for k in range(out.shape[1]):
            if total[b] > 0.0:
                out[b, k] /= total[b]
            else:
                out[b, k] = 0.0 if math.isnan(seen[k, 2]) else share[k] / max(plain, 1e-300)
    return total
