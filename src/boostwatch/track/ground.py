"""How the ground moves on the focal plane: the registered shift, less the speed at which clouds pull it along."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from boostwatch.sensor import Sensor, SightedPoint

Array = NDArray[np.float64]

SLIP_PX_S = 0.006
"""1-sigma an axis of the speed at which clouds pull the registered scene along, before any is known."""
SLIP_CHANGE_PX_S = 0.0005
"""1-sigma by which that speed changes in a second (it wanders at random: by as much again as root seconds)."""
JUMP_SIGMAS = 6.0
"""Difference between forecast and found beyond which the registration has begun with another reference."""
LEAST_NOISE_PX = 0.01


class Ground:
    """The shift of the ground, from the registered shift and the reported attitude.

    Registration is good to some hundredths of a pixel from frame to frame, but where clouds make the texture it follows
    them, by metres a second. The reported attitude has a white error of a tenth of a pixel or so, but does not drift.
    Their difference is a slip that grows at a slowly changing speed: a Kalman filter of both, seen with the attitude's
    noise (a complementary filter: Higgins, IEEE TAES 11, 1975), tells the speed, and what has been gone at it is taken
    out of the shift. The level of the difference, which jumps about with the noise, is not used: tracks care for
    differences only, and `boostwatch.track.pointing` finds the level for lines of sight.

    Parameters
    ----------
    sensor : Sensor or None
        Without one the registered shift is taken for the ground's.
    noise_sigma_rad : float
        1-sigma an axis of the white error of reported attitudes; NaN: not known, and the same.
    """

    def __init__(self, sensor: Sensor | None, noise_sigma_rad: float) -> None:
        self._point: SightedPoint | None = None
        self._noise_px = math.nan
        if sensor is not None and sensor.ifov_rad > 0 and math.isfinite(noise_sigma_rad):
            self._point = SightedPoint(sensor)
            self._noise_px = max(noise_sigma_rad / sensor.ifov_rad, LEAST_NOISE_PX)
        self._slip: Array | None = None  # (2, 2) how far and how fast, x and y
        self._cov = np.zeros((2, 2))
        self._gone = np.zeros(2)
        self._time_s = math.nan

    def shift(
        self, registered: tuple[float, float], position_m: Array, attitude: Array, time_s: float
    ) -> tuple[float, float]:
        """Return the shift (dx, dy) of the ground, px.

        Parameters
        ----------
        registered : tuple of float
            Shift of the scene, px.
        position_m : float64 (3,)
            Sensor in ITRS, m; NaN where unknown.
        attitude : float64 (4,)
            Reported quaternion, camera to ITRS; NaN where unknown.
        time_s : float
            Time of the frame, s, later than that of the frame before.
        """
        if self._point is None:
            return registered
        reported = self._point.shift(position_m, attitude)
        dt = time_s - self._time_s if math.isfinite(self._time_s) else 0.0
        self._time_s = time_s
        if self._slip is not None:
            step = np.array([[1.0, dt], [0.0, 1.0]])
            self._slip = step @ self._slip
            drift = SLIP_CHANGE_PX_S**2 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
            self._cov = step @ self._cov @ step.T + drift
        if np.isfinite(reported).all():
            self._see(np.array(registered) - reported)
        if self._slip is not None:
            self._gone = self._gone + self._slip[1] * dt
        return registered[0] - float(self._gone[0]), registered[1] - float(self._gone[1])

    def _see(self, difference: Array) -> None:
        """Take the difference (2,) between the registered and the reported shift."""
        noise = self._noise_px**2
        if self._slip is None:
            self._slip = np.stack([difference, np.zeros(2)])
            self._cov = np.diag([noise, SLIP_PX_S**2])
            return
        spread = float(self._cov[0, 0]) + noise
        off = difference - self._slip[0]
        if float(np.abs(off).max()) > JUMP_SIGMAS * math.sqrt(spread):
            self._slip[0] = difference
            self._cov = np.diag([noise, float(self._cov[1, 1])])
            return
        gain = self._cov[:, 0] / spread
        self._slip = self._slip + gain[:, None] * off
        self._cov = self._cov - np.outer(gain, self._cov[0])
