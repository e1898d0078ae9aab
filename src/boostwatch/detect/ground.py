"""How the ground lies on the focal plane by reported position and attitude, for detections that others made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from boostwatch.detect.flow import NODE_STEP, GroundMap, Lattice, Pose, places, pose_of
from boostwatch.detect.warp import FEW, GROUND_BEND
from boostwatch.sensor import Sensor

Array = NDArray[np.float64]

MOVES_PX = 0.5
"""Motion of parts of the frame against each other in a run from which a shift does not tell enough."""
_STILL = np.zeros(2, np.int64)


class ReportedGround:
    """Follows the ground in the middle of the frame from pose to pose.

    Parameters
    ----------
    sensor : Sensor
        Pixel to ray; its ``ifov_rad``, ``cx`` and ``cy`` must be known.
    shape : (int, int)
        Rows, columns.
    """

    def __init__(self, sensor: Sensor, shape: tuple[int, int]) -> None:
        self._sensor = sensor
        self._few = Lattice(sensor, shape, max(NODE_STEP, -(-max(shape) // FEW)))
        self._before: Pose | None = None
        self._ground: Pose | None = None
        self._path = np.zeros(2)

    def departs(self, poses: Sequence[tuple[Array, Array]]) -> float:
        """Return the most that parts of the frame move against each other between the first pose and any other, px."""
        known = [pose for pose in (pose_of(*p) for p in poses) if pose is not None]
        if len(known) < 2:
            return 0.0
        return max(self._few.beyond_translation(self._few.lie(known[0], pose, _STILL)) for pose in known[1:])

    def drifts(self, poses: Sequence[tuple[Array, Array]]) -> float:
        """Return how far the ground in the middle of the first frame lies from there in any other, px."""
        known = [pose for pose in (pose_of(*p) for p in poses) if pose is not None]
        at = [np.array(places(self._sensor, known[0], pose, *self._few.middle), np.float64) for pose in known]
        return float(np.nanmax(np.hypot(*(np.array(at) - self._few.middle).T), initial=0.0)) if at else 0.0

    def look(self, position_m: Array, attitude: Array, found: Array | None) -> tuple[Array, GroundMap | None]:
        """Take the pose of a frame.

        Parameters
        ----------
        position_m, attitude : float64 (3,), (4,)
            ITRS, camera to ITRS.
        found : float64 (2,) or None
            Shift of the scene since the first frame by registration, px; None or NaN where the pose alone must tell.

        Returns
        -------
        shift : float64 (2,)
            Of the ground in the middle of the frame since the first, px; NaN without a pose.
        scene_map : GroundMap or None
            None without a pose.
        """
        pose = pose_of(position_m, attitude)
        if pose is None:
            return np.full(2, np.nan), None
        before, self._before = self._before or pose, pose
        there = np.array(places(self._sensor, before, pose, *self._few.middle), np.float64)
        self._path = self._path + np.where(np.isfinite(there), there - self._few.middle, 0.0)
        error = np.zeros(2) if found is None or not np.isfinite(found).all() else found - self._path
        if self._ground is None or self._few.bend(self._few.lie(self._ground, pose, _STILL)) > GROUND_BEND:
            self._ground = pose
        return self._path + error, GroundMap(self._sensor, self._ground, pose, error)
