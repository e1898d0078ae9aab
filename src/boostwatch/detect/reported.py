"""What the reported attitude says of a frame's shift, and how far the registration is to be believed beside it.

Where the scene has no texture, registration holds on to what stays on the focal plane, and is sure of it. The reported
attitude is noisy, but its noise is told: where both differ by more, frame after frame, the registration is at fault,
and where registration itself says that it knows little, both are weighed.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from boostwatch.detect.registration import PRIOR_SIGMA, Fit
from boostwatch.sensor import Sensor, SightedPoint

Array = NDArray[np.float64]

MEMORY = 20.0
"""Frames over which the variance of what changes in the difference reaches back."""
OFFSET_MEMORY = 60.0
"""Frames over which its mean does, where the registration is believed."""
FIRST = 4.0
"""Frames that agreement counts for before any is known."""
TREND, JUMP = 0.1, 6.0
"""Share of a frame's departure that the trend follows, and the sigmas of it from which the line of sight has jumped."""
BELIEVED = 0.1
"""Variance of the registration over the attitude's up to which it stands alone."""
EXCESS = 1.3
"""Variance of the difference in a frame, over the attitude's own, that may be chance."""


class ReportedShift:
    """Shift of the scene by reported attitudes, relative to the first.

    Parameters
    ----------
    sensor : Sensor
        Pixel to ray; without ``ifov_rad`` or a finite noise nothing is said.
    noise_rad : float
        1-sigma an axis of the white error of reported attitudes.
    """

    def __init__(self, sensor: Sensor, noise_rad: float) -> None:
        self._noise_px = noise_rad / sensor.ifov_rad if sensor.ifov_rad > 0 else math.nan
        self._point = SightedPoint(sensor)
        self._raw = self._now = self._before = np.zeros(2)
        self._begin(np.full(2, np.nan))
        self.forget()

    def forget(self) -> None:
        """Start anew, with another reference of the registration."""
        self._offset: Array | None = None
        self._last = np.zeros(2)
        self._variance = self._noise_px**2
        self._count = FIRST

    def _begin(self, at: Array) -> None:
        self._trend, self._slope = at, np.zeros(2)
        self._innovation = self._noise_px**2 + PRIOR_SIGMA**2
        self._error = self._noise_px**2
        self._seen = FIRST

    def look(self, position_m: Array | None, attitude: Array | None) -> None:
        """Take where the sensor is and looks in a frame.

        A trend is followed (Holt, 1957). What a frame departs from it is jitter and noise, of which the noise is known:
        the share of jitter is what is believed (Wiener's filter for white noise).
        """
        self._before, self._now = self._now, np.full(2, np.nan)
        if position_m is None or attitude is None or not np.isfinite(self._noise_px):
            return
        self._raw = self._now = self._point.shift(position_m, attitude)
        noise = self._noise_px**2
        expected = self._trend + self._slope
        departs = self._now - expected
        if not float(np.abs(departs).max()) < JUMP * math.sqrt(self._innovation):  # nor NaN
            self._begin(self._now)
            return
        self._seen = min(self._seen + 1.0, MEMORY)
        self._innovation += (0.5 * float(departs @ departs) - self._innovation) / self._seen
        jitter = max(1.0 - noise / self._innovation, 0.0)
        self._now = expected + jitter * departs
        self._error = jitter * noise + (1.0 - jitter) ** 2 * TREND / (2.0 - TREND) * self._innovation
        self._trend = expected + TREND * departs
        self._slope = self._slope + 0.25 * TREND**2 * departs

    @property
    def step(self) -> Array:
        """Shift (2,) since the frame before, px; 0 where it is not told."""
        return np.nan_to_num(self._now - self._before)

    def weigh(self, fit: Fit) -> Fit:
        """Return the shift by registration and attitude together.

        Both may drift apart, by parallax or with the clouds, and then the attitude is not the truth; so only what
        changes from frame to frame raises doubts, and the mean difference follows as far as there are none.
        """
        if not np.isfinite(self._now).all():
            return fit
        here = np.array([fit.dx, fit.dy])
        difference = here - self._now
        if self._offset is None:
            self._offset, self._last = difference, here - self._raw
        raw = here - self._raw
        change, self._last = raw - self._last, raw
        self._count = min(self._count + 1.0, OFFSET_MEMORY)
        # A change holds the errors of two frames, on two axes.
        self._variance += (0.25 * float(change @ change) - self._variance) / min(self._count, MEMORY)
        noise = self._noise_px**2
        variance = max(self._variance - EXCESS * noise, fit.sigma**2)
        share = variance / (variance + self._error) if variance > BELIEVED * noise else 0.0
        off = difference - self._offset
        self._offset = self._offset + (1.0 - share) * off / self._count
        if not share:
            return fit
        there = here - share * off
        return fit._replace(dx=float(there[0]), dy=float(there[1]), sigma=math.sqrt(share * self._error))
