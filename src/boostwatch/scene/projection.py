"""From light that leaves an object to light on the focal plane: where it falls, and what air and cloud leave of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch.geometry import WGS84_A_M, WGS84_B_M, MapPlane, quaternion_to_matrix, sun_cosine
from boostwatch.scene.emission import Emission
from boostwatch.scene.platform import Platform
from boostwatch.scene.radiometry import SUN_TEMPERATURE_K
from boostwatch.scene.world import World
from boostwatch.sensor import Sensor
from boostwatch_kernels.sighting import cross_layer, gather, sight
from boostwatch_kernels.tables import transmit

Array = NDArray[np.float64]


class Pose(NamedTuple):
    """A camera at one time: position (3,) ITRS, rotation (3, 3) whose rows are its axes, direction (3,) to the Sun."""

    time_s: float
    position_m: Array
    camera: Array
    sun: Array

    @classmethod
    def of(cls, platform: Platform, world: World, time_s: float, step: int) -> Pose:
        """Return the pose by plan at a time, for a field of a step-stare cycle."""
        position, attitude = platform.state(time_s, step)
        camera = np.ascontiguousarray(quaternion_to_matrix(attitude).T)
        return cls(time_s, position, camera, world.sun(time_s))


class Arrival(NamedTuple):
    """Light at the aperture.

    ``x``, ``y`` float64 (K,) on the focal plane as planned, px; ``irradiance_w_m2`` float64 (B,) of all points
    together; ``share`` float64 (B, K) of it from each point, sum 1.
    """

    x: Array
    y: Array
    irradiance_w_m2: Array
    share: Array


def project(emission: Emission, world: World, sensor: Sensor, pose: Pose) -> Arrival | None:
    """Follow an emission to the sensor.

    Parameters
    ----------
    emission : Emission
    world : World
        Its air and decks.
    sensor : Sensor
    pose : Pose

    Returns
    -------
    Arrival or None
        None where all of it is hidden or behind the camera.
    """
    position, time_s = pose.position_m, pose.time_s
    points = np.ascontiguousarray(emission.position_m)
    seen = np.empty((len(points), 4))
    sight(points, emission.height_m, position, pose.camera, (WGS84_A_M, WGS84_B_M), seen)
    if np.isnan(seen[:, 2]).all():
        return None
    left = _through_decks(world, position, points, emission.height_m, time_s)
    cosine = seen[:, 3]
    if emission.temperature_k == SUN_TEMPERATURE_K:  # sunlight, which came down through the air too
        down = _sun_secant(points, pose.sun)
        up = 1 / np.fmax(cosine, 1e-3)
        clear = np.stack([a.two_way(emission.height_m, up, down) for a in world.atmospheres])
    else:
        clear = np.empty((len(world.atmospheres), len(points)))
        air = world.air(emission.temperature_k)
        transmit(air, 1e-3 * MapPlane.RADIUS_M, emission.height_m, cosine, clear)
    share = np.empty_like(clear)
    total = gather(seen, emission.share, left, clear, share)
    return Arrival(
        seen[:, 0] / sensor.ifov_rad + sensor.cx, seen[:, 1] / sensor.ifov_rad + sensor.cy,
        emission.intensity_w_sr * total, share,
    )  # fmt: skip


def _sun_secant(points: Array, sun: Array) -> Array:
    """Return the secant of the sun's zenith angle at points (K, 3), by the ellipsoid's normal."""
    up = points / np.array([WGS84_A_M, WGS84_A_M, WGS84_B_M]) ** 2
    out: Array = 1 / np.maximum(sun_cosine(up / np.linalg.norm(up, axis=-1, keepdims=True), sun), 1e-3)
    return out


def _through_decks(world: World, position: Array, points: Array, height_m: Array, time_s: float) -> Array:
    """Return what the decks above each point leave of its light."""
    out = np.ones(len(points))
    place = np.empty((3, len(points)))
    plane, lowest = world.plane, height_m.min()
    for deck in world.decks:
        top = deck.layer.altitude
        if lowest >= top:
            continue
        layer = (top, WGS84_A_M + top, WGS84_B_M + top)
        cross_layer(points, height_m, position, layer, plane.basis, plane.RADIUS_M, place)
        out *= deck.transmittance(place[0], place[1], place[2], time_s)
    return out
