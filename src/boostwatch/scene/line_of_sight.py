"""How the scene moves on the focal plane from frame to frame and within one, and what the platform reports of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import lfilter

from boostwatch.geometry import multiply_quaternions, tilt_quaternion
from boostwatch.scene.scenario import Scenario, Walk
from boostwatch.sensor import Sensor

Array = NDArray[np.float64]

TONES_OF_PSD = 64
"""An axis, one in each of as many bands of equal ratio."""


class Tones(NamedTuple):
    """Sinusoids on the focal plane: frequency (K,) Hz, amplitude (K, 2) px, phase (K,) rad at the epoch."""

    frequency_hz: Array
    amplitude_px: Array
    phase_rad: Array

    def averaged(self, exposure_s: float) -> Tones:
        """Return the tones as exposures see them: shorter by sinc(f T)."""
        return self._replace(amplitude_px=self.amplitude_px * np.sinc(self.frequency_hz * exposure_s)[:, None])

    def at(self, time_s: Array) -> Array:
        """Return the shift (..., 2) at times (...)."""
        out = np.zeros((*time_s.shape, 2))
        for frequency, amplitude, phase in zip(*self, strict=True):
            out += np.sin(2 * np.pi * frequency * time_s + phase)[..., None] * amplitude
        return out

    def variance_within(self, exposure_s: float) -> float:
        """Return the mean square motion about the mean of an exposure, px^2, mean of both axes and all phases."""
        lost = 1 - np.sinc(self.frequency_hz * exposure_s) ** 2
        return float(np.sum(0.5 * lost[:, None] * self.amplitude_px**2) / 2)


def power_between(pairs: tuple[tuple[float, float], ...], edges_hz: Array) -> Array:
    """Return the power (K,), px^2, between edges (K + 1,) of a density straight in log-log between its pairs."""
    f, s = np.array(pairs).T
    log_f, log_s = np.log(f), np.log(s)
    slope = np.diff(log_s) / np.diff(log_f) + 1
    # Integral of s f^n df over each piece; n = -1 makes a logarithm, which expm1 reaches without a break.
    ratio = slope * np.diff(log_f)
    piece = f[:-1] * s[:-1] * np.diff(log_f) * _expm1_over(ratio)
    below = np.concatenate([[0.0], np.cumsum(piece)])
    x = np.clip(np.log(edges_hz), log_f[0], log_f[-1])
    k = np.clip(np.searchsorted(log_f, x, side="right") - 1, 0, len(slope) - 1)
    part = x - log_f[k]
    return np.diff(below[k] + f[k] * s[k] * part * _expm1_over(slope[k] * part))


def _expm1_over(x: Array) -> Array:
    return np.where(np.abs(x) < 1e-12, 1.0, np.expm1(x) / np.where(x == 0, 1.0, x))


def _tones_of_psd(pairs: tuple[tuple[float, float], ...], rng: np.random.Generator) -> Tones:
    """Draw tones that carry a spectrum: Rice's sum with one random frequency in each band, an axis at a time."""
    edges = np.geomspace(pairs[0][0], pairs[-1][0], TONES_OF_PSD + 1)
    amplitude = np.sqrt(2 * power_between(pairs, edges))
    frequency = edges[:-1] * (edges[1:] / edges[:-1]) ** rng.random((2, TONES_OF_PSD))
    both = np.zeros((2, TONES_OF_PSD, 2))
    both[0, :, 0] = both[1, :, 1] = amplitude
    phase = rng.uniform(0, 2 * np.pi, 2 * TONES_OF_PSD)
    return Tones(frequency.ravel(), both.reshape(-1, 2), phase)


def _walk(walk: Walk, sensor: Sensor, count: int, rng: np.random.Generator) -> tuple[Array, float]:
    """Return exposure means (T, 2), px, of a Gauss-Markov process at the frame rate, and its variance within exposures.

    Exact: start, mean and end of each exposure have the joint normal distribution of the process (Gillespie, Phys. Rev.
    E 54, 1996).
    """
    exposure = sensor.integration_s / walk.correlation
    gap = sensor.frame_period_s / walk.correlation - exposure
    keep, lost = np.exp(-exposure), -np.expm1(-exposure)
    end_var = -np.expm1(-2 * exposure)
    if exposure > 1e-2:
        mean_var = (2 * exposure - 3 + 4 * keep - keep**2) / exposure**2
        whole_var = 2 * (exposure - 1 + keep) / exposure**2
    else:  # the same by their series, where the closed forms cancel
        mean_var = exposure * (2 / 3 - exposure * (1 / 2 - exposure * 7 / 30))
        whole_var = 1 - exposure * (1 / 3 - exposure / 12)
    cov = lost**2 / exposure
    normal = rng.standard_normal((4, count, 2))
    end = np.sqrt(end_var) * normal[0]
    mean = cov / np.sqrt(end_var) * normal[0] + np.sqrt(max(mean_var - cov**2 / end_var, 0.0)) * normal[1]
    drive = np.exp(-gap) * end + np.sqrt(-np.expm1(-2 * gap)) * normal[2]
    start = np.empty((count, 2))
    start[0] = normal[3, 0]
    if count > 1:
        a = keep * np.exp(-gap)
        start[1:], _ = lfilter([1.0], [1.0, -a], drive[:-1], axis=0, zi=a * start[:1])
    value: Array = walk.rms * (start * lost / exposure + mean)
    return value, walk.rms**2 * max(1 - whole_var, 0.0)


class LineOfSight:
    """Every frame's shift of the scene, drawn once.

    The shift is the sum of a steady drift, a white jitter a frame, a Gauss-Markov walk and tones; ``psd`` is a sum of
    tones too. Memory grows with the number of frames only.

    Parameters
    ----------
    scenario : Scenario
    sensor : Sensor
    time_s : float64 (T,)
        Middle of each exposure, one frame period apart.
    rng : numpy.random.Generator
        Of the line of sight alone.

    Attributes
    ----------
    shift : float64 (T, 2)
        (x, y) px, mean over each exposure.
    rate_px_s : float64 (T, 2)
        Steady rate within each exposure, px/s: that of the drift. Read-only.
    smear_px : float
        RMS motion an axis within an exposure about its mean, the drift's left out: the setting ``smear`` and what walk,
        tones and psd add. It widens the point spread in quadrature.
    """

    def __init__(self, scenario: Scenario, sensor: Sensor, time_s: Array, rng: np.random.Generator) -> None:
        los, count = scenario.line_of_sight, len(time_s)
        self._time_s, self._ifov_rad = time_s, sensor.ifov_rad
        self._exposure_s = sensor.integration_s
        direction = np.radians(los.drift_direction)
        self._rate = los.drift * np.array([np.cos(direction), np.sin(direction)])
        self.rate_px_s: Array = np.broadcast_to(self._rate, (count, 2))
        self._jitter = los.jitter * rng.standard_normal((count, 2))
        turn = los.attitude_bias * rng.standard_normal(3) + los.attitude_noise * rng.standard_normal((count, 3))
        half = 0.5 * np.linalg.norm(turn, axis=1, keepdims=True)
        self._error = np.concatenate([np.cos(half), 0.5 * turn * np.sinc(half / np.pi)], axis=1)
        variance = los.smear**2
        self._wander: Array | None = None
        if los.walk is not None:
            self._wander, within = _walk(los.walk, sensor, count, rng)
            variance += within
        angles = np.radians([tone.direction for tone in los.tones])
        lengths = np.array([tone.amplitude for tone in los.tones])
        self._tones = [
            Tones(
                np.array([tone.frequency for tone in los.tones]),
                np.stack([np.cos(angles), np.sin(angles)], -1) * lengths[:, None],
                rng.uniform(0, 2 * np.pi, len(los.tones)),
            )
        ]
        if los.psd is not None:
            self._tones.append(_tones_of_psd(los.psd, rng))
        variance += sum(tones.variance_within(self._exposure_s) for tones in self._tones)
        self._tones = [tones.averaged(self._exposure_s) for tones in self._tones]
        self.smear_px = float(np.sqrt(variance))
        self.shift: Array = self._steady(time_s) + self._jitter
        if self._wander is not None:
            self.shift += self._wander

    def _steady(self, time_s: Array) -> Array:
        """Return drift and tones (..., 2) of exposures at times (...)."""
        out = time_s[..., None] * self._rate
        for tones in self._tones:
            out += tones.at(time_s)
        return out

    def rows(self, i: int, row_time_s: ArrayLike) -> Array:
        """Return the shift (H, 2), px, that each row of a scanning sensor sees in frame ``i``.

        Drift and tones go on from row to row, the walk runs straight between its values at the frames, and the jitter
        is that of the frame.

        Parameters
        ----------
        i : int
            Frame.
        row_time_s : array_like (H,)
            When each row is exposed, seconds after the frame's time.
        """
        time = self._time_s[i] + np.asarray(row_time_s, np.float64)
        out: Array = self._steady(time) + self._jitter[i]
        if self._wander is not None:
            near = slice(max(i - 1, 0), i + 2)
            for axis in range(2):
                out[:, axis] += np.interp(time, self._time_s[near], self._wander[near, axis])
        return out

    def turned(self, nominal: ArrayLike) -> Array:
        """Return the true attitudes (T, 4) of the frames: those by plan, (T, 4) or (4,), turned by the shift."""
        angle = self.shift * self._ifov_rad
        return multiply_quaternions(nominal, tilt_quaternion(angle[:, 0], angle[:, 1]))

    def report(self, true_attitude: ArrayLike) -> Array:
        """Return the attitudes (T, 4) that the platform reports for true ones (T, 4): constant bias and white noise."""
        return multiply_quaternions(true_attitude, self._error)
