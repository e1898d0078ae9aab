"""Hypotheses of tracks that are not confirmed yet: each detection may begin one, continue several, or belong to none.

A track-oriented multiple-hypothesis tree (Blackman, IEEE AES Magazine 19, 2004) whose branches end in a frame with the
best few for each detection. The sum of the likelihood ratios of all branches from one detection is that of a target
that began there, so Wald's bound on false tracks holds for the best branch as well.
"""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit
from .amplitude import (
    LEAST_SEEN,
    ROOT_2PI,
    Noise,
    amplitude_ratio,
    any_target,
    false_density,
    seen_probability,
    target_density,
)
from .assignment import Seen
from .grid import cells_around, make_grid
from .kalman import take

RECENT = 16
"""Hits that a hypothesis remembers, the last: more than any takes until it is confirmed."""

CHILDREN = 3
"""Detections in its gate that a hypothesis may go on with, the best."""

ENDS = 2
"""Hypotheses that may end in one detection, the best, beside that which begins in it."""

CERTAIN = 4.0
"""Log likelihood ratio of a detection, over a miss, from which the miss is not followed."""

LOG_2PI = math.log(2.0 * math.pi)


class Seeds(NamedTuple):
    """Hypotheses; arrays have room for more than there are."""

    state: np.ndarray  # float64 (C, 2, 3): position, velocity, acceleration, px and s
    cov: np.ndarray  # float64 (C, 2, 3, 3)
    score: np.ndarray  # float64 (C,): log likelihood ratio, target over false alarms
    best: np.ndarray  # float64 (C,): highest score so far
    snr: np.ndarray  # float64 (C,): mean of the hits
    hits: np.ndarray  # float64 (C,)
    first_s: np.ndarray  # float64 (C,): time of the first hit
    recent: np.ndarray  # int64 (C, RECENT): names of the last hits, newest first; -1 for none


class Limits(NamedTuple):
    """How far hypotheses go."""

    now_s: float
    gate: float  # squared distance, in variances
    hopeless: float  # fall of the score below its best
    oldest_s: float  # time in which a track must be confirmed
    widest: float  # variance of the position, px2
    speed: float  # 1-sigma of a first velocity, px/s
    acceleration: float  # 1-sigma of a first acceleration, px/s2
    missable: float  # 1, or 0 where nothing could be seen


@jit
def branch(
    seeds: Seeds, count: int, seen: Seen, noise: Noise, limits: Limits, parent: np.ndarray, ends: np.ndarray,
    score: np.ndarray,
) -> int:  # fmt: skip
    """List what the hypotheses may become in a frame.

    Parameters
    ----------
    seeds, count : Seeds, int
        Predicted to the frame.
    seen, noise, limits : Seen, Noise, Limits
        The frame.
    parent, ends : int64 (B,), written
        Hypothesis and measurement of each branch; -1 for a miss.
    score : float64 (B,), written
        And its score.

    Returns
    -------
    int
        Number of branches; at most B.
    """
    grid = make_grid(seen.at, seen.free)
    near, gain = np.zeros(CHILDREN, np.int64), np.zeros(CHILDREN)
    n, most_var, measurements = 0, 0.0, seen.at.shape[0]
    constant, most = np.zeros(measurements), np.zeros(measurements)
    for j in range(measurements):
        most_var = max(most_var, seen.var[j, 0], seen.var[j, 1])
        snr = max(seen.strongest[j], noise.threshold)
        constant[j] = seen.colour[j] - math.log(seen.density[j] * false_density(snr, noise)) - LOG_2PI
        # No track can make more of an amplitude than this.
        anything = any_target(snr, noise)
        most[j] = math.log(max(anything, 0.5 * anything + 0.5 / (ROOT_2PI * LEAST_SEEN)))
    # In the order of the grid lies what rules most pairs out at a glance.
    size = grid.order.shape[0]
    at_x, at_y, top, frames = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    for k in range(size):
        j = grid.order[k]
        at_x[k], at_y[k], top[k], frames[k] = seen.at[j, 0], seen.at[j, 1], constant[j] + most[j], seen.frames[j]
    for i in range(count):
        x, y = seeds.state[i, 0, 0], seeds.state[i, 1, 0]
        var_x, var_y = seeds.cov[i, 0, 0, 0], seeds.cov[i, 1, 0, 0]
        if limits.now_s - seeds.first_s[i] > limits.oldest_s or max(var_x, var_y) > limits.widest:
            continue
        pd = seen_probability(seeds.snr[i], seeds.hits[i], noise)
        log_pd, needed = math.log(pd), seeds.best[i] + limits.hopeless - seeds.score[i]
        found = 0
        rx, ry = math.sqrt(limits.gate * (var_x + most_var)), math.sqrt(limits.gate * (var_y + most_var))
        x0, x1, y0, y1 = cells_around(grid, x, y, rx, ry)
        wide_x, wide_y = 0.5 / (var_x + most_var), 0.5 / (var_y + most_var)
        ceiling = log_pd - 0.5 * math.log(var_x * var_y)
        for cy in range(y0, y1 + 1):
            for k in range(grid.head[cy * grid.nx + x0], grid.head[cy * grid.nx + x1 + 1]):
                far = (at_x[k] - x) ** 2 * wide_x + (at_y[k] - y) ** 2 * wide_y
                if (far > 0.5 * limits.gate) | (top[k] + ceiling - far < needed * frames[k]):
                    continue
                j = grid.order[k]
                sx, sy = var_x + seen.var[j, 0], var_y + seen.var[j, 1]
                d2 = (seen.at[j, 0] - x) ** 2 / sx + (seen.at[j, 1] - y) ** 2 / sy
                if d2 > limits.gate:
                    continue
                g = constant[j] + log_pd - 0.5 * (d2 + math.log(sx * sy))
                if g + most[j] < needed * seen.frames[j]:
                    continue
                known = seeds.hits[i] if seen.frames[j] == 1.0 else 0.0  # a sum of frames is not of one's amplitude
                snr = max(seen.strongest[j], noise.threshold)
                g = (g + math.log(target_density(snr, seeds.snr[i], known, noise))) / seen.frames[j]
                if g < needed:
                    continue
                place = min(found, CHILDREN)
                while place > 0 and gain[place - 1] < g:
                    if place < CHILDREN:
                        gain[place], near[place] = gain[place - 1], near[place - 1]
                    place -= 1
                if place < CHILDREN:
                    gain[place], near[place] = g, j
                    found = min(found + 1, CHILDREN)
        for k in range(found):
            if n < parent.shape[0]:
                parent[n], ends[n], score[n] = i, near[k], seeds.score[i] + gain[k]
                n += 1
        miss = math.log(1.0 - pd) * limits.missable
        alone = found == 0 or gain[0] - miss < CERTAIN
        if alone and seeds.score[i] + miss >= seeds.best[i] + limits.hopeless and n < parent.shape[0]:
            parent[n], ends[n], score[n] = i, -1, seeds.score[i] + miss
            n += 1
    return n


@jit
def keep_best(ends: np.ndarray, score: np.ndarray, count: int, measurements: int, alive: np.ndarray) -> int:
    """Mark (bool (>= count,)) the branches that stay: misses, and the best `ENDS` of each measurement; count them."""
    top = np.full((measurements, ENDS), -1, np.int64)
    kept = 0
    for b in range(count):
        j = ends[b]
        alive[b] = True
        kept += 1
        if j < 0:
            continue
        fresh = b
        for k in range(ENDS):
            if top[j, k] < 0:
                top[j, k] = fresh
                fresh = -1
                break
            if score[fresh] > score[top[j, k]]:
                fresh, top[j, k] = top[j, k], fresh
        if fresh >= 0:
            alive[fresh] = False
            kept -= 1
    return kept


@jit
def grow(
    seeds: Seeds, out: Seeds, seen: Seen, noise: Noise, limits: Limits, parent: np.ndarray, ends: np.ndarray,
    score: np.ndarray, alive: np.ndarray, branches: int,
) -> int:  # fmt: skip
    """Write the branches that are alive, and a new hypothesis for each free measurement.

    Parameters
    ----------
    seeds : Seeds
        Predicted.
    out : Seeds, written
        Another set, with room for the branches that live and the free measurements.
    seen, noise, limits
        As in `branch`.
    parent, ends, score, alive, branches
        From `branch` and `keep_best`.

    Returns
    -------
    int
        Number of hypotheses in ``out``.
    """
    n = 0
    for b in range(branches):
        if not alive[b]:
            continue
        i, j = parent[b], ends[b]
        for axis in range(2):
            for p in range(3):
                out.state[n, axis, p] = seeds.state[i, axis, p]
                for q in range(3):
                    out.cov[n, axis, p, q] = seeds.cov[i, axis, p, q]
        out.score[n], out.best[n] = score[b], max(seeds.best[i], score[b])
        out.snr[n], out.hits[n], out.first_s[n] = seeds.snr[i], seeds.hits[i], seeds.first_s[i]
        hit = 1 if j >= 0 else 0
        for k in range(RECENT - hit):
            out.recent[n, k + hit] = seeds.recent[i, k]
        if j >= 0:
            out.recent[n, 0] = seen.first + j
            take(out.state, out.cov, n, seen.at[j, 0], seen.at[j, 1], seen.var[j, 0], seen.var[j, 1])
            out.hits[n] += 1.0
            out.snr[n] += (seen.strongest[j] / math.sqrt(seen.frames[j]) - out.snr[n]) / out.hits[n]
        n += 1
    for j in range(seen.at.shape[0]):
        if not seen.free[j]:
            continue
        for axis in range(2):
            for p in range(3):
                out.state[n, axis, p] = 0.0
                for q in range(3):
                    out.cov[n, axis, p, q] = 0.0
            out.state[n, axis, 0] = seen.at[j, axis]
            out.cov[n, axis, 0, 0] = seen.var[j, axis]
            out.cov[n, axis, 1, 1], out.cov[n, axis, 2, 2] = limits.speed**2, limits.acceleration**2
        # What a first detection says is in its amplitude and colours; where it lies says nothing.
        out.score[n] = (amplitude_ratio(seen.strongest[j], 0.0, 0.0, noise) + seen.colour[j]) / seen.frames[j]
        out.best[n] = out.score[n]
        out.snr[n], out.hits[n] = seen.strongest[j] / math.sqrt(seen.frames[j]), 1.0
        out.first_s[n] = limits.now_s
        for k in range(RECENT):
            out.recent[n, k] = -1
        out.recent[n, 0] = seen.first + j
        n += 1
    return n
