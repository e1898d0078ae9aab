"""From light that leaves an object to light on the focal plane: where it falls, and what air and cloud leave of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch.geometry import (
    WGS84_A_M,
    WGS84_B_M,
    MapPlane,
    intersect_earth,
    itrs_to_geodetic,
    quaternion_to_matrix,
)
from boostwatch.scene.atmosphere import Atmosphere
from boostwatch.scene.emission import Emission
from boostwatch.scene.world import World
from boostwatch.sensor import Sensor

Array = NDArray[np.float64]


class Arrival(NamedTuple):
    """Light at the aperture.

    ``x``, ``y`` float64 (K,) on the focal plane as planned, px; ``irradiance_w_m2`` float64 (B,) of all points together;
    ``share`` float64 (B, K) of it from each point, sum 1 where there is any.
    """

    x: Array
    y: Array
    irradiance_w_m2: Array
    share: Array


def hidden(point_m: Array, sensor_m: Array) -> NDArray[np.bool_]:
    """Tell which points (K, 3) the Earth hides from a sensor (3,); ITRS.

    The ellipsoid is scaled to a ball; a point within it, as on ground below the ellipsoid, is seen from above.
    """
    scale = np.array([1.0, 1.0, WGS84_A_M / WGS84_B_M]) / WGS84_A_M
    p, s = point_m * scale, sensor_m * scale
    ray = p - s
    along = -(ray @ s) / np.einsum("ij,ij->i", ray, ray)
    nearest = np.linalg.norm(s + np.clip(along, 0.0, 1.0)[:, None] * ray, axis=-1)
    out: NDArray[np.bool_] = (nearest < 1.0) & (along < 1.0)
    return out


def project(
    emission: Emission, world: World, sensor: Sensor, pose: tuple[Array, Array], time_s: float
) -> Arrival | None:
    """Follow an emission to the sensor.

    Parameters
    ----------
    emission : Emission
    world : World
        Its air and decks.
    sensor : Sensor
    pose : tuple of array
        Position (3,) ITRS m and attitude (4,) by plan.
    time_s : float
        For the decks.

    Returns
    -------
    Arrival or None
        None where all of it is hidden or behind the camera.
    """
    position, attitude = pose
    points = emission.position_m
    ray = points - position
    distance = np.linalg.norm(ray, axis=-1)
    x, y = sensor.project(ray @ quaternion_to_matrix(attitude))
    seen = np.isfinite(x) & ~hidden(points, position)
    if not seen.any():
        return None
    lat, lon, _ = itrs_to_geodetic(points)
    la, lo = np.radians(lat), np.radians(lon)
    up = np.stack([np.cos(la) * np.cos(lo), np.cos(la) * np.sin(lo), np.sin(la)], -1)
    cosine = -np.einsum("ij,ij->i", up, ray) / distance
    weight = np.where(seen, emission.share / distance**2, 0.0)
    clear = weight * _through_decks(world, position, ray, emission.height_m, time_s)
    light = np.stack([
        clear * _through_air(atmosphere, emission.height_m, cosine, emission.temperature_k)
        for atmosphere in world.atmospheres
    ])  # fmt: skip
    total = light.sum(axis=1)
    return Arrival(
        x, y, emission.intensity_w_sr * total, light / np.maximum(total, np.finfo(np.float64).tiny)[:, None]
    )


def _through_air(atmosphere: Atmosphere, height_m: Array, cosine: Array, temperature_k: float) -> Array:
    """Return the band-mean transmittance (K,) from points to the sensor.

    A ray that starts downwards (cosine below 0) passes its lowest point first: from there it leaves the air on both
    sides alike, less what lies behind the point itself.
    """
    secant = 1 / np.maximum(np.abs(cosine), 1e-6)
    out = atmosphere.transmittance(height_m, secant, temperature_k)
    down = cosine < 0
    if not down.any():
        return out
    radius = MapPlane.RADIUS_M
    lowest = (radius + height_m) * np.sqrt(np.maximum(1 - cosine**2, 0.0)) - radius
    half = atmosphere.transmittance(np.maximum(lowest, 0.0), np.inf, temperature_k)
    return np.where(down, np.minimum(half**2 / np.maximum(out, 1e-30), half), out)


def _through_decks(world: World, position: Array, ray: Array, height_m: Array, time_s: float) -> Array:
    """Return what the decks above each point leave of its light."""
    out = np.ones(len(ray))
    for deck in world.decks:
        below = np.flatnonzero(height_m < deck.layer.altitude)
        if not len(below):
            continue
        place = intersect_earth(position, ray[below], deck.layer.altitude)
        lat, lon, _ = itrs_to_geodetic(place)
        la, lo = np.radians(lat), np.radians(lon)
        up = np.stack([np.cos(la) * np.cos(lo), np.cos(la) * np.sin(lo), np.sin(la)], -1)
        cosine = -np.einsum("ij,ij->i", up, ray[below]) / np.linalg.norm(ray[below], axis=-1)
        east, north = world.plane.forward(lat, lon)
        out[below] *= deck.transmittance(east, north, 1 / np.maximum(cosine, 0.02), time_s)
    return out
