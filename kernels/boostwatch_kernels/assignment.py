"""Which detection belongs to which track: gating on a grid, exact sparse assignment, and how sure it is."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit
from .amplitude import Noise, amplitude_ratio
from .grid import cells_around, make_grid

LOG_2PI = math.log(2.0 * math.pi)

MOST_RATIO = 300.0
"""Log likelihood ratio from which two measurements are as sure as each other: its exponential is finite."""


class Seen(NamedTuple):
    """Measurements of one frame."""

    at: np.ndarray  # float64 (M, 2), px
    var: np.ndarray  # float64 (M, 2), px2
    density: np.ndarray  # float64 (M,): false alarms per px there
    colour: np.ndarray  # float64 (M,): log likelihood ratio of the bands it is seen in
    strongest: np.ndarray  # float64 (M,): snr of the strongest band
    frames: np.ndarray  # float64 (M,): frames that were added
    free: np.ndarray  # bool (M,): belongs to no confirmed track
    first: int  # name of the first


class Association(NamedTuple):
    """Which measurements of a frame are which track's; ``N`` tracks, ``P`` pairs within the gate."""

    given: np.ndarray  # int64 (N,): measurement of each track, -1 for none
    gain: np.ndarray  # float64 (N,): log likelihood ratio of the frame, that the track's target is there over not
    start: np.ndarray  # int64 (N + 1,): pairs of track ``i`` are ``start[i]:start[i + 1]``
    point: np.ndarray  # int64 (P,): measurement of each pair
    share: np.ndarray  # float64 (P,): probability that it is the track's; what is left of 1 is that none is


@jit
def resized(point: np.ndarray, d2: np.ndarray, count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first ``count`` pairs in arrays (size,) of their own. A loop: slices take a second to compile."""
    points, distances = np.empty(size, np.int64), np.empty(size, np.float64)
    for p in range(count):
        points[p], distances[p] = point[p], d2[p]
    return points, distances


@jit
def gate_pairs(
    track_xy: np.ndarray, track_var: np.ndarray, point_xy: np.ndarray, point_var: np.ndarray, gate: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """List the points within the gate of each track.

    A point lies in a track's gate when ``d2 = dx^2/(vx) + dy^2/(vy) <= gate``, with the variances of both added.
    Points are first sorted into the cells of a grid, so that the work grows with the pairs that are near each other.

    Parameters
    ----------
    track_xy, track_var : float64 (N, 2)
        Predicted positions in px, and their variances.
    point_xy, point_var : float64 (M, 2)
        Measured positions in px, and their variances.
    gate : float
        Largest squared distance in units of the variance.

    Returns
    -------
    start : int64 (N + 1,)
        Pairs of track ``i`` are ``start[i]:start[i + 1]`` of the arrays below.
    point : int64 (P,)
        Index of the point; ascending within a track.
    d2 : float64 (P,)
        Squared distance in units of the variance.
    """
    n, m = track_xy.shape[0], point_xy.shape[0]
    start = np.zeros(n + 1, np.int64)
    if n == 0 or m == 0:
        return start, np.empty(0, np.int64), np.empty(0, np.float64)
    grid, largest = make_grid(point_xy, np.ones(m, np.bool_)), 0.0
    for j in range(m):
        largest = max(largest, point_var[j, 0], point_var[j, 1])
    size = 4 * (n + m)
    point, d2 = np.empty(size, np.int64), np.empty(size, np.float64)
    count = 0
    for i in range(n):
        first = count
        rx, ry = math.sqrt(gate * (track_var[i, 0] + largest)), math.sqrt(gate * (track_var[i, 1] + largest))
        x0, x1, y0, y1 = cells_around(grid, track_xy[i, 0], track_xy[i, 1], rx, ry)
        for cy in range(y0, y1 + 1):
            for k in range(grid.head[cy * grid.nx + x0], grid.head[cy * grid.nx + x1 + 1]):
                j = grid.order[k]
                dx, dy = point_xy[j, 0] - track_xy[i, 0], point_xy[j, 1] - track_xy[i, 1]
                d = dx * dx / (track_var[i, 0] + point_var[j, 0]) + dy * dy / (track_var[i, 1] + point_var[j, 1])
                if d <= gate:
                    if count == size:
                        size *= 2
                        point, d2 = resized(point, d2, count, size)
                    # Insertion keeps the points of a track in ascending order; a gate holds few.
                    place = count
                    while place > first and point[place - 1] > j:
                        point[place], d2[place] = point[place - 1], d2[place - 1]
                        place -= 1
                    point[place], d2[place] = j, d
                    count += 1
        start[i + 1] = count
    point, d2 = resized(point, d2, count, count)
    return start, point, d2


@jit
def assign(start: np.ndarray, point: np.ndarray, cost: np.ndarray, n_points: int) -> np.ndarray:
    """Give each track at most one point and each point to at most one track, at the least total cost.

    A track without a point costs 0, so only pairs of negative cost are worth while. Exact: successive shortest
    augmenting paths with potentials (Jonker and Volgenant, Computing 38, 1987) on the sparse list of pairs. A path
    never leaves its connected component of the gating graph, so the time is that of the components one by one.

    Parameters
    ----------
    start : int64 (N + 1,)
        Pairs of track ``i`` are ``start[i]:start[i + 1]``.
    point : int64 (P,)
        Point of each pair.
    cost : float64 (P,)
        Cost of each pair against leaving the track without a point.
    n_points : int
        Number of points.

    Returns
    -------
    int64 (N,)
        Point of each track, -1 for none.
    """
    n = start.shape[0] - 1
    given = np.full(n, -1, np.int64)
    holder = np.full(n_points, -1, np.int64)
    u, v = np.zeros(n), np.zeros(n_points)
    distance = np.full(n_points, math.inf)
    previous = np.full(n_points, -1, np.int64)
    done = np.zeros(n_points, np.bool_)
    touched = np.empty(n_points, np.int64)
    for first in range(n):
        lowest = 0.0
        for p in range(start[first], start[first + 1]):
            lowest = min(lowest, cost[p] - v[point[p]])
        u[first] = lowest
        n_touched = 0
        row, reached = first, 0.0
        end_distance, end_row, end_point = math.inf, -1, -1
        while True:
            if reached - u[row] < end_distance:  # this track could go without
                end_distance, end_row = reached - u[row], row
            for p in range(start[row], start[row + 1]):
                j = point[p]
                d = reached + cost[p] - u[row] - v[j]
                if not done[j] and d < distance[j]:
                    if distance[j] == math.inf:
                        touched[n_touched] = j
                        n_touched += 1
                    distance[j], previous[j] = d, row
            nearest, best = -1, end_distance
            for k in range(n_touched):
                j = touched[k]
                if not done[j] and distance[j] < best:
                    nearest, best = j, distance[j]
            if nearest < 0:
                break
            done[nearest] = True
            reached = best
            if holder[nearest] < 0:
                end_point, end_distance = nearest, best
                break
            row = holder[nearest]
        u[first] += end_distance
        for k in range(n_touched):
            j = touched[k]
            if done[j] and distance[j] < end_distance:
                v[j] -= end_distance - distance[j]
                u[holder[j]] += end_distance - distance[j]
        j = end_point
        if j < 0:
            j = given[end_row]  # the last track on the path gives its point up
            given[end_row] = -1
        while j >= 0:
            row = previous[j]
            holder[j] = row
            j, given[row] = given[row], j
            if row == first:
                break
        for k in range(n_touched):
            distance[touched[k]], done[touched[k]] = math.inf, False
    return given


@jit
def associate(
    track_xy: np.ndarray, track_var: np.ndarray, snr: np.ndarray, hits: np.ndarray, pd: np.ndarray, seen: Seen,
    noise: Noise, gate: float,
) -> Association:  # fmt: skip
    """Give tracks their measurements, by the log likelihood ratio of target over false alarm.

    What a track is given may be a false alarm while its own measurement is another in its gate, or missed. The shares
    are those of probabilistic data association (Bar-Shalom and Tse, Automatica 11, 1975) with amplitudes, over what no
    other track was given: tracks side by side do not melt into one.

    Parameters
    ----------
    track_xy, track_var : float64 (N, 2)
        Predicted positions in px, and their variances.
    snr, hits : float64 (N,)
        Mean snr of the hits of each track, and how many.
    pd : float64 (N,)
        Probability that it is detected.
    seen, noise : Seen, Noise
        The frame.
    gate : float
        Largest squared distance in units of the variance.

    Returns
    -------
    Association
    """
    n = track_xy.shape[0]
    start, point, d2 = gate_pairs(track_xy, track_var, seen.at, seen.var, gate)
    ratio, cost = np.empty(d2.shape[0]), np.empty(d2.shape[0])
    for i in range(n):
        for p in range(start[i], start[i + 1]):
            j = point[p]
            spread = (track_var[i, 0] + seen.var[j, 0]) * (track_var[i, 1] + seen.var[j, 1])
            near = -0.5 * (d2[p] + math.log(spread)) - LOG_2PI
            known = 0.0 if seen.frames[j] > 1.0 else hits[i]  # a sum of frames is not of one's amplitude
            ratio[p] = near + math.log(pd[i] / seen.density[j]) + seen.colour[j]
            ratio[p] += amplitude_ratio(seen.strongest[j], snr[i], known, noise)
            ratio[p] /= seen.frames[j]
            # A track without a measurement loses log(1 - Pd); the assignment weighs against that.
            cost[p] = math.log1p(-pd[i]) - ratio[p]
    given = assign(start, point, cost, seen.at.shape[0])
    gain, share = np.zeros(n), np.zeros(d2.shape[0])
    taken = np.zeros(seen.at.shape[0], np.bool_)
    for i in range(n):
        if given[i] >= 0:
            taken[given[i]] = True
    for i in range(n):
        total = 1.0 - pd[i]
        for p in range(start[i], start[i + 1]):
            if taken[point[p]] and point[p] != given[i]:
                continue
            share[p] = math.exp(min(ratio[p], MOST_RATIO))
            total += share[p]
        gain[i] = math.log(total)
        for p in range(start[i], start[i + 1]):
            share[p] /= total
    return Association(given, gain, start, point, share)
