"""Where the sensor is and how it is turned, by plan, at any time; and which part of the scene it reads when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostwatch.errors import BadData
from boostwatch.geometry import (
    geodetic_to_itrs,
    intersect_earth,
    itrs_to_geodetic,
    look_at,
    matrix_to_quaternion,
    multiply_quaternions,
    nearest_ground,
    quaternion_to_matrix,
    tilt_quaternion,
)
from boostwatch.scene.paths import build_path
from boostwatch.scene.scenario import RowScan, Scenario, StepStareScan, TablePlatform

Array = NDArray[np.float64]

_CHECKED_TIMES = 1024
_AT_ONCE = 1 << 16


def table_names(scenario: Scenario) -> list[str]:
    """Return the tables, relative to the scenario's own place, that must be loaded for `Platform`."""
    platform = scenario.platform
    return [platform.file] if isinstance(platform, TablePlatform) and platform.file is not None else []


def _frame(down: Array, velocity_m_s: Array) -> Array:
    """Return rotation matrices (..., 3, 3) of the orbit's frame: columns along, across (right-hand side), down."""
    across = np.cross(down, velocity_m_s)
    across /= np.linalg.norm(across, axis=-1, keepdims=True)
    return np.stack([np.cross(across, down), across, down], axis=-1)


def _nadir(position_m: Array) -> Array:
    """Return the unit vectors (..., 3) along which the ellipsoid's normal leads down."""
    lat, lon, _ = itrs_to_geodetic(position_m)
    la, lo = np.radians(lat), np.radians(lon)
    return -np.stack([np.cos(la) * np.cos(lo), np.cos(la) * np.sin(lo), np.sin(la)], axis=-1)


class Platform:
    """The sensor's place and attitude by plan, without what disturbs the line of sight.

    Thread safe: nothing changes after construction.

    Parameters
    ----------
    scenario : Scenario
    tables : mapping of str to structured array, optional
        What `table_names` asks for: columns ``time_s`` and ``x_m``, ``y_m``, ``z_m`` or ``latitude_deg``,
        ``longitude_deg``, ``altitude_m``.

    Attributes
    ----------
    moving : bool
        False where position and attitude are constant in ITRS; step-stare does not count.
    row_time_s : float64 (H,) or None
        For a scanning sensor, when each row is exposed, seconds after the frame's time.
    n_steps : int
        Fields of a step-stare cycle; 1 for all others.

    Raises
    ------
    BadData
        Below the ground during the run; a boresight that the Earth hides at the epoch; a table that does not reach the
        whole run, goes back in time or has gaps; elements that SGP4 refuses; rows or fields that do not fit the sensor.
    UsageError
        Two-line elements without the package that reads them.
    """

    def __init__(self, scenario: Scenario, tables: Mapping[str, NDArray[Any]] | None = None) -> None:
        model, sensor = scenario.platform, scenario.sensor
        last_s = (scenario.n_frames - 1) / sensor.frame_rate
        times = np.linspace(0.0, last_s, min(_CHECKED_TIMES, scenario.n_frames))
        self._path = build_path(scenario, tables or {}, times)
        self.moving = self._path.moving
        self._pointing = model.pointing
        self._target_m = geodetic_to_itrs(
            model.boresight_latitude, model.boresight_longitude, model.boresight_altitude
        )  # fmt: skip
        half = np.radians(model.roll) / 2
        self._roll = np.array([np.cos(half), 0.0, 0.0, np.sin(half)])
        self._check(times)
        position, velocity = self._path.state(np.zeros(1))
        target = position + _nadir(position) if self._pointing == "nadir" else self._target_m
        self._first = look_at(position, target)[0]
        if self.moving:
            first_frame = _frame(self._down(position), velocity)[0]
            self._in_frame = first_frame.T @ quaternion_to_matrix(self._first)
        self._steps = self._build_steps(scenario)
        self.n_steps = len(self._steps)
        self.row_time_s = self._build_rows(scenario)

    def _check(self, times: Array) -> None:
        times = times if self.moving else times[:1]
        position, _ = self._path.state(times)
        height = itrs_to_geodetic(position)[2]
        if np.any(height < 0):
            i = int(np.argmax(height < 0))
            raise BadData(
                "the sensor is below the ground", place="platform",
                found=f"{height[i] / 1e3:.6g} km at {times[i]:.6g} s", allowed="above the ellipsoid",
            )  # fmt: skip
        if self._pointing == "nadir":
            return
        ray = self._target_m - position[0]
        distance = float(np.linalg.norm(ray))
        if distance < 1e3:
            raise BadData(
                "the boresight point is at the sensor", place="platform", found=f"{distance:.4g} m",
                allowed="at least 1 km away",
            )  # fmt: skip
        reach = float(np.linalg.norm(intersect_earth(position[0], ray) - position[0]))
        if reach < distance - 1e3:  # NaN where the ray passes the Earth by; a target just below the ellipsoid is seen
            raise BadData(
                "the Earth hides the boresight point at the epoch", place="platform",
                found=f"{(distance - reach) / 1e3:.4g} km beyond the near side",
                allowed="a point in sight of the sensor, or above its horizon",
            )  # fmt: skip

    def _down(self, position_m: Array) -> Array:
        if self._pointing == "nadir":
            return _nadir(position_m)
        down: Array = -position_m / np.linalg.norm(position_m, axis=-1, keepdims=True)
        return down

    def _build_steps(self, scenario: Scenario) -> Array:
        """Return the turn (n, 4) of the camera for each field of a cycle, to be composed on the right."""
        scan, sensor = scenario.scan, scenario.sensor
        if not isinstance(scan, StepStareScan):
            return np.array([[1.0, 0.0, 0.0, 0.0]])
        if scan.overlap >= min(sensor.width, sensor.height):
            raise BadData(
                "the fields would not move on", place="scan.overlap", found=f"{scan.overlap:g} px",
                allowed=f"less than {min(sensor.width, sensor.height)} px",
            )  # fmt: skip
        row, column = np.divmod(np.arange(scan.rows * scan.columns), scan.columns)
        column = np.where(row % 2 == 0, column, scan.columns - 1 - column)
        x = (column - (scan.columns - 1) / 2) * (sensor.width - scan.overlap)
        y = (row - (scan.rows - 1) / 2) * (sensor.height - scan.overlap)
        return tilt_quaternion(-x * sensor.ifov, -y * sensor.ifov)

    def _build_rows(self, scenario: Scenario) -> Array | None:
        scan, sensor = scenario.scan, scenario.sensor
        if not isinstance(scan, RowScan):
            return None
        if scan.row_period * sensor.height > 1 / sensor.frame_rate:
            raise BadData(
                "the rows take longer than a frame", place="scan.row_period", found=f"{scan.row_period:g} s",
                allowed=f"at most {1 / sensor.frame_rate / sensor.height:.6g} s",
            )  # fmt: skip
        rows = np.arange(sensor.height, dtype=np.float64) - (sensor.height - 1) / 2
        return rows * scan.row_period

    def row_time_at(self, row: Array) -> Array:
        """Return when places (...) along y are exposed, seconds after the frame's time, on beyond the frame too."""
        if self.row_time_s is None:
            return np.zeros_like(row)
        period = (self.row_time_s[-1] - self.row_time_s[0]) / (len(self.row_time_s) - 1)
        out: Array = self.row_time_s[0] + period * row
        return out

    def step_of(self, frame: ArrayLike) -> NDArray[np.int64]:
        """Return the field (...) of the step-stare cycle that frames (...) look at; 0 for all other sensors."""
        return np.asarray(frame, np.int64) % self.n_steps

    def state(self, time_s: ArrayLike, step: ArrayLike | None = None) -> tuple[Array, Array]:
        """Return position and attitude by plan.

        A value depends on its own time alone, not on the others of the array.

        Parameters
        ----------
        time_s : array_like (...)
            Seconds after the epoch.
        step : array_like (...), optional
            Field of the step-stare cycle, see `step_of`; broadcast against the times. Without it, the middle of the
            cycle's fields.

        Returns
        -------
        position_m : float64 (..., 3)
            ITRS.
        attitude : float64 (..., 4)
            Quaternion (w, x, y, z), camera to ITRS. Where it changes steadily its sign may still jump.

        Raises
        ------
        BadData
            A time that the table or the elements do not reach.
        """
        t = np.asarray(time_s, np.float64)
        if step is not None:
            t, step = np.broadcast_arrays(t, np.asarray(step, np.int64))
        flat = t.ravel()
        position, attitude = np.empty((flat.size, 3)), np.empty((flat.size, 4))
        for start in range(0, flat.size, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            position[part], attitude[part] = self._states(flat[part])
        attitude = multiply_quaternions(attitude, self._roll)
        if step is not None:
            attitude = multiply_quaternions(attitude, self._steps[np.ravel(step)])
        return position.reshape(*t.shape, 3), attitude.reshape(*t.shape, 4)

    def _states(self, time_s: Array) -> tuple[Array, Array]:
        position, velocity = self._path.state(time_s)
        if not self.moving:
            return position, np.broadcast_to(self._first, (len(time_s), 4))
        if self._pointing == "track":
            return position, look_at(position, self._target_m)
        return position, matrix_to_quaternion(_frame(self._down(position), velocity) @ self._in_frame)

    def boresight_ground(self) -> tuple[float, float]:
        """Return latitude and longitude, degrees, of the ground on the boresight at the epoch.

        For a view past the limb it is the ground below the point where the boresight passes the Earth closest.
        """
        position, attitude = self.state(0.0)
        lat, lon, _ = itrs_to_geodetic(nearest_ground(position, quaternion_to_matrix(attitude)[:, 2]))
        return float(lat), float(lon)
