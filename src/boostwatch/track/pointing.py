"""Lines of sight from reported attitudes, with the noise of single frames averaged away by the registration."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from boostwatch.geometry import multiply_quaternions, quaternion_to_matrix, tilt_quaternion
from boostwatch.sensor import Sensor

Array = NDArray[np.float64]


SLIP_PX_S = 0.005
"""1-sigma an axis of the speed at which drifting clouds pull the scene along that `Ground` has not taken out."""


class Pointing:
    """The attitude of the registered scene.

    A reported attitude is the true one with a constant bias and white noise. The registration tells how the scene lies
    in each frame to some hundredths of a pixel; turning every reported attitude back by its frame's shift gives as
    many estimates of one and the same attitude, and their mean has ``1/N`` of the white variance. What is left of the
    clouds' pull after `boostwatch.track.ground`, which knows little of it in the first seconds, may let the estimates
    drift evenly: a slope with a normal prior of ``SLIP_PX_S`` is fitted with the mean, over the whole run. Where the
    turned-back attitudes do not agree within five times the noise (the sensor slews by more than the shift says) each
    frame's own attitude is used.

    Parameters
    ----------
    sensor : Sensor or None
        Without one, or without its ``ifov_rad``, there are no lines of sight.
    bias_sigma_rad, noise_sigma_rad : float
        1-sigma an axis of the constant and the white error; NaN counts as 0.
    """

    def __init__(self, sensor: Sensor | None, bias_sigma_rad: float, noise_sigma_rad: float) -> None:
        self.sensor = (
            sensor if sensor is not None and np.isfinite([sensor.ifov_rad, sensor.cx, sensor.cy]).all() else None
        )
        self.bias_sigma_rad = bias_sigma_rad if math.isfinite(bias_sigma_rad) else 0.0
        self.noise_sigma_rad = noise_sigma_rad if math.isfinite(noise_sigma_rad) else 0.0
        self._first: Array | None = None
        self._sum = np.zeros(4)
        self._count = 0
        self._start_s = math.nan
        self._times = np.zeros(2)  # sums of t and t^2 from the first frame on
        self._with_time = np.zeros(4)
        self._spread = 0.0

    @property
    def known(self) -> bool:
        """Whether lines of sight can be told."""
        return self.sensor is not None and self._count > 0

    @property
    def steady(self) -> bool:
        """Whether all frames agree on the attitude of the scene."""
        assert self.sensor is not None
        allowed = 5.0 * self.noise_sigma_rad + 0.05 * self.sensor.ifov_rad
        return self._spread <= 2.0 * allowed

    def _slip(self) -> tuple[float, Array, float]:
        """Return the mean time, s, the drift (4,) of the turned-back attitude, 1/s, and its variance, rad2/s2."""
        mean_s = float(self._times[0]) / self._count
        square = float(self._times[1]) - self._count * mean_s**2
        rate2 = (SLIP_PX_S * self.ifov_rad) ** 2
        noise2 = self.noise_sigma_rad**2 + (0.05 * self.ifov_rad) ** 2
        slope: Array = (self._with_time - mean_s * self._sum) / (square + noise2 / rate2)
        return mean_s, slope, 1.0 / (square / noise2 + 1.0 / rate2)

    def common_sigma_rad(self, time_s: float) -> float:
        """Return the 1-sigma an axis of the error that all frames near a time share."""
        if self.sensor is None or not self._count or not self.steady:
            return self.bias_sigma_rad
        mean_s, _, var = self._slip()
        white = self.noise_sigma_rad**2 / self._count + (time_s - self._start_s - mean_s) ** 2 * var
        return math.sqrt(self.bias_sigma_rad**2 + white)

    @property
    def frame_sigma_rad(self) -> float:
        """1-sigma an axis of the error that every frame has for itself, centroid and registration aside."""
        return 0.0 if self.sensor is not None and self.steady else self.noise_sigma_rad

    @property
    def ifov_rad(self) -> float:
        """Angle of a pixel; NaN without a sensor."""
        return self.sensor.ifov_rad if self.sensor is not None else math.nan

    def add(self, attitude: Array, shift: tuple[float, float], time_s: float) -> None:
        """Take the reported attitude (4,) of a frame, its shift, px, and its time."""
        if self.sensor is None or not np.isfinite(attitude).all() or not np.isfinite(shift).all():
            return
        back = multiply_quaternions(attitude, tilt_quaternion(-shift[0] * self.ifov_rad, -shift[1] * self.ifov_rad))
        back /= np.linalg.norm(back)
        if self._first is None:
            self._first, self._start_s = back, time_s
        aligned = back if float(back @ self._first) >= 0 else -back
        self._spread = max(self._spread, 2.0 * float(np.linalg.norm(aligned[1:] - self._first[1:])))
        t = time_s - self._start_s
        self._sum += aligned
        self._with_time += t * aligned
        self._times += t, t * t
        self._count += 1

    def middle(self, attitude: Array) -> Array:
        """Return the line of sight (3,) of the optical axis under a reported attitude (4,)."""
        out: Array = quaternion_to_matrix(attitude)[:, 2]
        return out

    def lines(self, focal: Array, shift: Array, attitude: Array, time_s: Array) -> Array:
        """Return ITRS unit vectors (N, 3).

        Parameters
        ----------
        focal : float64 (N, 2)
            Positions on the focal plane, px.
        shift : float64 (N, 2)
            Shift of the scene in each one's frame, px.
        attitude : float64 (N, 4)
            Reported attitude of each one's frame; NaN gives NaN.
        time_s : float64 (N,)
            Time of each one's frame.
        """
        if not self.known or self.sensor is None:
            return np.full((len(focal), 3), np.nan)
        if self.steady:
            mean_s, slope, _ = self._slip()
            mean = self._sum / self._count + (time_s - self._start_s - mean_s)[:, None] * slope
            mean /= np.linalg.norm(mean, axis=1, keepdims=True)
            turned = multiply_quaternions(mean, tilt_quaternion(*(shift.T * self.ifov_rad)))
        else:
            turned = attitude
        rays = self.sensor.rays(focal[:, 0], focal[:, 1])
        out: Array = np.einsum("nij,nj->ni", quaternion_to_matrix(turned), rays)
        return out
