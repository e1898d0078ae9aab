"""Kalman filter with position, velocity and fading acceleration on each axis, for many tracks at once."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit


class Motion(NamedTuple):
    """A step of the filter: position, velocity and acceleration ``(x + dt v + fa a, v + fv a, fade a)``."""

    dt: float  # s
    fa: float  # s2
    fv: float  # s
    fade: float
    q: float  # spectral density of the jerk, px2/s5


@jit
def motion(dt: float, tau: float, accel_sigma: float) -> Motion:
    """Return a step of ``dt`` seconds; arguments as in `predict`."""
    r = dt / tau
    fade = math.exp(-r)
    # (r - 1 + e^-r) and (1 - e^-r) lose their digits below r of 1e-3, where the series are exact to 1e-12.
    fa = tau * tau * (r - 1.0 + fade) if r > 1e-3 else 0.5 * dt * dt * (1.0 - r / 3.0 + r * r / 12.0)
    fv = -tau * math.expm1(-r)
    return Motion(dt, fa, fv, fade, 2.0 * accel_sigma * accel_sigma / tau)


@jit
def carry(state: np.ndarray, cov: np.ndarray, i: int, step: Motion) -> None:
    """Carry track ``i`` forward by one step, in place; arguments as in `predict`."""
    dt, fa, fv, fade, q = step.dt, step.fa, step.fv, step.fade, step.q
    for k in range(2):
        x, v, a = state[i, k, 0], state[i, k, 1], state[i, k, 2]
        state[i, k, 0] = x + dt * v + fa * a
        state[i, k, 1] = v + fv * a
        state[i, k, 2] = fade * a
        p00, p01, p02 = cov[i, k, 0, 0], cov[i, k, 0, 1], cov[i, k, 0, 2]
        p11, p12, p22 = cov[i, k, 1, 1], cov[i, k, 1, 2], cov[i, k, 2, 2]
        # F P, row by row, then times F'.
        a00, a01, a02 = p00 + dt * p01 + fa * p02, p01 + dt * p11 + fa * p12, p02 + dt * p12 + fa * p22
        a11, a12 = p11 + fv * p12, p12 + fv * p22
        cov[i, k, 0, 0] = a00 + dt * a01 + fa * a02 + q * dt**5 / 20.0
        cov[i, k, 0, 1] = cov[i, k, 1, 0] = a01 + fv * a02 + q * dt**4 / 8.0
        cov[i, k, 0, 2] = cov[i, k, 2, 0] = fade * a02 + q * dt**3 / 6.0
        cov[i, k, 1, 1] = a11 + fv * a12 + q * dt**3 / 3.0
        cov[i, k, 1, 2] = cov[i, k, 2, 1] = fade * a12 + q * dt * dt / 2.0
        cov[i, k, 2, 2] = fade * fade * p22 + q * dt


@jit
def predict(state: np.ndarray, cov: np.ndarray, dt: float, tau: float, accel_sigma: float) -> None:
    """Carry all tracks forward by one step, in place.

    Acceleration is a first-order Markov process (Singer, IEEE TAES 6, 1970): it fades with ``tau`` and is fed by white
    jerk of spectral density ``2 accel_sigma^2 / tau``. The axes do not mix.

    Parameters
    ----------
    state : float64 (N, 2, 3), changed
        Position, velocity, acceleration of each axis (x, y): px, px/s, px/s2.
    cov : float64 (N, 2, 3, 3), changed
        Covariance of each axis.
    dt : float
        Step, s; 0 changes nothing.
    tau : float
        Time in which acceleration fades, s.
    accel_sigma : float
        Standard deviation of acceleration in the long run, px/s2.
    """
    step = motion(dt, tau, accel_sigma)
    for i in range(state.shape[0]):
        carry(state, cov, i, step)


@jit
def take(state: np.ndarray, cov: np.ndarray, i: int, x: float, y: float, var_x: float, var_y: float) -> None:
    """Take a measured position, px, with variances, px2, into track ``i``, in place; the rest as in `predict`."""
    for k in range(2):
        z, var = (x, var_x) if k == 0 else (y, var_y)
        s = cov[i, k, 0, 0] + var
        correct(state, cov, i, k, (z - state[i, k, 0]) / s, -1.0 / s, var / s)


@jit
def correct(
    state: np.ndarray, cov: np.ndarray, i: int, k: int, mean: float, change: float, keep: float
) -> None:  # fmt: skip
    """Move axis ``k`` of track ``i`` along the first column ``p`` of its covariance, in place.

    Parameters
    ----------
    state, cov
        As in `predict`.
    i, k : int
        Track and axis.
    mean, change : float
        ``mean p`` is added to the state and ``change p p'`` to the covariance.
    keep : float
        ``1 + change p[0]``: summed up of what is positive it stays so, however small the variance becomes.
    """
    p00, p01, p02 = cov[i, k, 0, 0], cov[i, k, 0, 1], cov[i, k, 0, 2]
    state[i, k, 0] += p00 * mean
    state[i, k, 1] += p01 * mean
    state[i, k, 2] += p02 * mean
    cov[i, k, 0, 0] = p00 * keep
    cov[i, k, 0, 1] = cov[i, k, 1, 0] = p01 * keep
    cov[i, k, 0, 2] = cov[i, k, 2, 0] = p02 * keep
    cov[i, k, 1, 1] += p01 * p01 * change
    cov[i, k, 2, 2] += p02 * p02 * change
    cov[i, k, 1, 2] += p01 * p02 * change
    cov[i, k, 2, 1] = cov[i, k, 1, 2]


@jit
def blend(
    state: np.ndarray, cov: np.ndarray, i: int, first: int, last: int, point: np.ndarray, share: np.ndarray,
    at: np.ndarray, var: np.ndarray,
) -> None:  # fmt: skip
    """Take into track ``i`` all measurements that may be its own, in place.

    The mixture of what each of them makes of the track, and of the track as it is, becomes a normal law of the same
    mean and covariance (Bar-Shalom, Daum and Huang, IEEE Control Systems Magazine 29, 2009), axis by axis.

    Parameters
    ----------
    state, cov
        As in `predict`, changed.
    i : int
        Track.
    first, last : int
        Its pairs are ``first`` to ``last - 1``.
    point : int64 (P,)
        Measurement of each pair.
    share : float64 (P,)
        Probability that it is the track's.
    at, var : float64 (M, 2)
        Measured position, px, and its variance.
    """
    for k in range(2):
        mean = square = weight = total = kept = 0.0
        for p in range(first, last):
            s = cov[i, k, 0, 0] + var[point[p], k]
            e = (at[point[p], k] - state[i, k, 0]) / s
            mean += share[p] * e
            square += share[p] * e * e
            weight += share[p] / s
            total += share[p]
            kept += share[p] * var[point[p], k] / s
        if total > 0.0:
            spread = max(square - mean * mean, 0.0)  # that of the measurements, about their mean
            keep = max(1.0 - total, 0.0) + kept + cov[i, k, 0, 0] * spread
            correct(state, cov, i, k, mean, spread - weight, keep)
