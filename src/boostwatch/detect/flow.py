"""How the scene flows over the focal plane of a moving platform, by its pointing alone.

A reference camera stands still in ITRS at the pose of one frame. Its pixels' rays meet the ellipsoid; where another
camera sees those points is where the reference pixels lie in that one's frame. Rays that miss the Earth stand for the
point where they pass it closest, which goes over into the ground without a jump at the limb; those that lead away from
it stand for directions. Height is not known: cloud at 10 km moves against the map by its parallax.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostwatch.geometry import WGS84_A_M, WGS84_B_M, intersect_earth, quaternion_to_matrix
from boostwatch.sensor import Sensor

Array = NDArray[np.float64]

NODE_STEP = 32
"""Pixels between nodes; the cubic between them is within 1e-5 px of the map, away from the limb."""

BEND = 0.2
"""Departure of the map's derivative from that of a translation at which the reference is renewed."""

CLOUD_TOP_M = 1e4
"""Height of high cloud."""

FAR_M = 1e12
"""Distance that stands for a direction."""

STRETCH = np.array([1.0, 1.0, WGS84_A_M / WGS84_B_M])


class Pose(NamedTuple):
    """Where a camera is and how it is turned."""

    position_m: Array  # (3,) ITRS
    rotation: Array  # (3, 3) camera to ITRS


def pose_of(position_m: ArrayLike | None, attitude: ArrayLike | None) -> Pose | None:
    """Return the pose, or None where position or attitude is not known."""
    if position_m is None or attitude is None:
        return None
    place, turn = np.asarray(position_m, np.float64), np.asarray(attitude, np.float64)
    if not (np.isfinite(place).all() and np.isfinite(turn).all() and np.any(turn)):
        return None
    return Pose(place, quaternion_to_matrix(turn))


def scene_points(sensor: Sensor, pose: Pose, x: ArrayLike, y: ArrayLike) -> Array:
    """Return what pixels (...) see: ITRS metres (..., 3) on the ellipsoid, or where the ray passes it closest."""
    ray = sensor.rays(x, y) @ pose.rotation.T
    hit = intersect_earth(pose.position_m, ray)
    o, d = pose.position_m * STRETCH, ray * STRETCH
    along = -np.sum(o * d, -1) / np.sum(d * d, -1)
    past = pose.position_m + np.where(along > 0, along, FAR_M)[..., None] * ray
    return np.where(np.isfinite(hit), hit, past)


def places(sensor: Sensor, reference: Pose, pose: Pose, x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """Return where pixels (...) of a reference camera lie in the frame of another; NaN where that is behind it."""
    return sensor.project((scene_points(sensor, reference, x, y) - pose.position_m) @ pose.rotation)


def relief(sensor: Sensor, before: Pose, pose: Pose, pixel: tuple[float, float]) -> float:
    """Return by how much a cloud top moves against the ground at a pixel from one pose to the next, px; 0 off Earth."""
    top = intersect_earth(before.position_m, before.rotation @ sensor.rays(*pixel), CLOUD_TOP_M)
    ground = scene_points(sensor, before, *pixel)
    top_x, top_y = sensor.project((top - pose.position_m) @ pose.rotation)
    ground_x, ground_y = sensor.project((ground - pose.position_m) @ pose.rotation)
    apart = math.hypot(float(top_x - ground_x), float(top_y - ground_y))
    return apart if math.isfinite(apart) else 0.0


def looking_on(sensor: Sensor, pose: Pose, position_m: Array) -> Pose:
    """Return the pose at another position that looks at the same point, turned by no more than that takes."""
    before = pose.rotation[:, 2]
    after = scene_points(sensor, pose, sensor.cx, sensor.cy) - position_m
    after = after / np.linalg.norm(after)
    axis, cosine = np.cross(before, after), float(before @ after)
    cross = np.array([[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]])
    return Pose(position_m, (np.eye(3) + cross + cross @ cross / (1.0 + cosine)) @ pose.rotation)


class GroundMap(NamedTuple):
    """Between the focal plane of one frame and that of a camera that stands still, by way of the ground.

    What stands on the ground stands still on the latter, whatever the platform does.
    """

    sensor: Sensor
    still: Pose
    pose: Pose
    error: Array
    """(2,) of the pose, px: what it foretells lies there too far to the left and up."""

    def to_scene(self, focal: Array) -> Array:
        """Return positions (N, 2) on the still camera, px, of such on the focal plane."""
        at = focal - self.error
        return np.stack(places(self.sensor, self.pose, self.still, at[:, 0], at[:, 1]), axis=1)

    def to_focal(self, scene: Array) -> Array:
        """Return positions (N, 2) on the focal plane, px, of such on the still camera."""
        return np.stack(places(self.sensor, self.still, self.pose, scene[:, 0], scene[:, 1]), axis=1) + self.error


class Lattice:
    """Nodes over a frame, one step beyond it on all sides.

    Parameters
    ----------
    sensor : Sensor
        Pixel to ray.
    shape : (int, int)
        Rows, columns.
    step : int
        Pixels between nodes.
    """

    def __init__(self, sensor: Sensor, shape: tuple[int, int], step: int = NODE_STEP) -> None:
        self._sensor, self._step = sensor, step
        y, x = (step * (np.arange(-(-n // step) + 3) - 1.0) for n in shape)
        self.x, self.y = np.meshgrid(x, y)
        self.middle = (0.5 * (shape[1] - 1), 0.5 * (shape[0] - 1))

    def lie(self, reference: Pose, pose: Pose, base: NDArray[np.int64]) -> tuple[Array, Array]:
        """Return where the nodes, moved on the reference camera by ``base``, lie in the frame of a pose."""
        return places(self._sensor, reference, pose, self.x + base[0], self.y + base[1])

    def beyond_translation(self, at: tuple[Array, Array]) -> float:
        """Return the greatest departure, px, of node positions from the nodes and a common shift."""
        inner = np.s_[1:-1, 1:-1]  # from the first pixel to the last or just beyond
        dx, dy = (at[0] - self.x)[inner], (at[1] - self.y)[inner]
        seen = np.isfinite(dx) & np.isfinite(dy)
        if not seen.any():
            return 0.0
        return float(np.hypot(dx[seen] - np.median(dx[seen]), dy[seen] - np.median(dy[seen])).max())

    def bend(self, at: tuple[Array, Array]) -> float:
        """Return how far the derivative of the map departs from 1: the ninth decile, since limbs have no bounds."""
        parts = [
            np.abs(np.diff(value - nodes, axis=axis)).ravel() / self._step
            for value, nodes in zip(at, (self.x, self.y), strict=True)
            for axis in (0, 1)
        ]
        return max(float(np.nanquantile(p, 0.9)) if np.isfinite(p).any() else 0.0 for p in parts)
