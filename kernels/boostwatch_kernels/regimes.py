"""Several Kalman filters on one track, which differ in how long its acceleration lasts, and what they say together.

Interacting multiple models (Blom and Bar-Shalom, IEEE TAC 33, 1988) with probabilistic data association. A plume that
climbs steadily is placed by all of its past, one that stages or turns by its last seconds, and no one says which it is.
"""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit
from .kalman import blend, carry, motion

LOG_2PI = math.log(2.0 * math.pi)

LEAST = 1e-12
"""Probability of a filter at least: it comes back when the motion changes."""


class Regimes(NamedTuple):
    """The filters of ``N`` tracks, ``R`` on each; axes x and y."""

    state: np.ndarray  # float64 (N * R, 2, 3): position, velocity, acceleration, px and s; track by track
    cov: np.ndarray  # float64 (N * R, 2, 3, 3)
    share: np.ndarray  # float64 (N, R): probability of each


@jit
def pool(
    weight: np.ndarray, state: np.ndarray, cov: np.ndarray, first: int, to_state: np.ndarray, to_cov: np.ndarray, n: int
) -> None:
    """Write mean and covariance of a mixture, of weights (R,), of the filters from ``first`` on, in row ``n``."""
    for k in range(2):
        for a in range(3):
            mean = 0.0
            for r in range(weight.shape[0]):
                mean += weight[r] * state[first + r, k, a]
            to_state[n, k, a] = mean
        for a in range(3):
            for b in range(a + 1):
                total = 0.0
                for r in range(weight.shape[0]):
                    off = (state[first + r, k, a] - to_state[n, k, a]) * (state[first + r, k, b] - to_state[n, k, b])
                    total += weight[r] * (cov[first + r, k, a, b] + off)
                to_cov[n, k, a, b] = to_cov[n, k, b, a] = total


@jit
def gather(regimes: Regimes, state: np.ndarray, cov: np.ndarray) -> None:
    """Write mean (N, 2, 3) and covariance (N, 2, 3, 3) of each track's filters together."""
    count = regimes.share.shape[1]
    for i in range(state.shape[0]):
        pool(regimes.share[i], regimes.state, regimes.cov, i * count, state, cov, i)


@jit
def predict(
    regimes: Regimes, state: np.ndarray, cov: np.ndarray, dt: float, taus: np.ndarray, accel_sigma: float, lasts: float
) -> None:
    """Carry all tracks forward by one step, in place.

    Parameters
    ----------
    regimes : Regimes, changed
        Filters; each may have changed into any other, and takes over its share of what they held.
    state : float64 (N, 2, 3), written
        Mean of each track.
    cov : float64 (N, 2, 3, 3), written
        Covariance.
    dt : float
        Step, s.
    taus : float64 (R,)
        Time in which the acceleration of each filter fades, s.
    accel_sigma : float
        Standard deviation of acceleration in the long run, px/s2.
    lasts : float
        Mean time that one lasts before it changes, s.
    """
    count = taus.shape[0]
    change = -math.expm1(-dt / lasts) / max(count - 1, 1)
    was, were = np.empty((count, 2, 3)), np.empty((count, 2, 3, 3))
    before, weight = np.empty(count), np.empty(count)
    for i in range(regimes.share.shape[0]):
        for r in range(count):
            n = i * count + r
            before[r], was[r], were[r] = regimes.share[i, r], regimes.state[n], regimes.cov[n]
        for r in range(count):
            total = 0.0
            for o in range(count):
                weight[o] = before[o] * (1.0 - (count - 1) * change if o == r else change)
                total += weight[o]
            for o in range(count):
                weight[o] /= total
            regimes.share[i, r] = total
            pool(weight, was, were, 0, regimes.state, regimes.cov, i * count + r)
    for r in range(count):
        step = motion(dt, taus[r], accel_sigma)
        for i in range(regimes.share.shape[0]):
            carry(regimes.state, regimes.cov, i * count + r, step)
    gather(regimes, state, cov)


@jit
def log_fit(regimes: Regimes, i: int, r: int, x: float, y: float, var_x: float, var_y: float) -> float:
    """Return the log density of a measured place, of some variance, by filter ``r`` of track ``i``."""
    n = i * regimes.share.shape[1] + r
    sx, sy = regimes.cov[n, 0, 0, 0] + var_x, regimes.cov[n, 1, 0, 0] + var_y
    dx, dy = x - regimes.state[n, 0, 0], y - regimes.state[n, 1, 0]
    out: float = -0.5 * (dx * dx / sx + dy * dy / sy + math.log(sx * sy)) - LOG_2PI
    return out


@jit
def foretell(regimes: Regimes, i: int, x: float, y: float, var_x: float, var_y: float, part: np.ndarray) -> float:
    """Return the log density of a place under track ``i``, and write each filter's share of it into ``part`` (R,)."""
    count, best = part.shape[0], -math.inf
    for r in range(count):
        part[r] = math.log(regimes.share[i, r]) + log_fit(regimes, i, r, x, y, var_x, var_y)
        best = max(best, part[r])
    total = 0.0
    for r in range(count):
        part[r] = math.exp(part[r] - best)
        total += part[r]
    for r in range(count):
        part[r] /= total
    return best + math.log(total)


@jit
def fits(regimes: Regimes, row: np.ndarray, at: np.ndarray, var: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how well measurements fit the tracks they were given to.

    Parameters
    ----------
    regimes : Regimes
        Predicted to the frame.
    row : int64 (K,)
        Track of each measurement.
    at, var : float64 (K, 2, 2)
        Measured position in the scene (the first of both planes), px, and its variance.

    Returns
    -------
    fit, loose : float64 (K,)
        Log density of each place by all filters together, and by the first alone, the most restless.
    """
    fit, loose = np.empty(row.shape[0]), np.empty(row.shape[0])
    part = np.empty(regimes.share.shape[1])
    for k in range(row.shape[0]):
        x, y, var_x, var_y = at[k, 0, 0], at[k, 0, 1], var[k, 0, 0], var[k, 0, 1]
        fit[k] = foretell(regimes, row[k], x, y, var_x, var_y, part)
        loose[k] = log_fit(regimes, row[k], 0, x, y, var_x, var_y)
    return fit, loose


@jit
def mix(
    regimes: Regimes, state: np.ndarray, cov: np.ndarray, start: np.ndarray, point: np.ndarray, share: np.ndarray,
    at: np.ndarray, var: np.ndarray,
) -> None:  # fmt: skip
    """Take into each track all measurements that may be its own, in place.

    Each filter takes a measurement by the share that it is the track's and that the filter foretold it; a filter that
    foretells better is given more of the track.

    Parameters
    ----------
    regimes : Regimes, changed
        Predicted to the frame.
    state, cov
        As in `predict`.
    start : int64 (N + 1,)
        Pairs of track ``i`` are ``start[i]:start[i + 1]``.
    point, share, at, var
        As in `kalman.blend`.
    """
    count = regimes.share.shape[1]
    part = np.empty((count, share.shape[0]))
    fit = np.empty(count)
    for i in range(regimes.share.shape[0]):
        if start[i] == start[i + 1]:
            continue
        none = 1.0
        for p in range(start[i], start[i + 1]):
            none -= share[p]
            j = point[p]
            foretell(regimes, i, at[j, 0], at[j, 1], var[j, 0], var[j, 1], fit)
            for r in range(count):
                part[r, p] = fit[r] * share[p]
        none = max(none, 0.0)
        for r in range(count):
            total = none * regimes.share[i, r]
            for p in range(start[i], start[i + 1]):
                total += part[r, p]
            if total > LEAST:
                for p in range(start[i], start[i + 1]):
                    part[r, p] /= total
                blend(regimes.state, regimes.cov, i * count + r, start[i], start[i + 1], point, part[r], at, var)
            regimes.share[i, r] = max(total, LEAST)
    gather(regimes, state, cov)
