"""Where and when a launch began: maximum a posteriori fit of a boost to the lines of sight of one track.

One sensor sees angles only, so the range along each line is told by the prior alone: boosts start at rest on the
ground with an acceleration from a known broad range. The fit therefore carries all its parameters, the pointing bias
among them, and reports what is left uncertain after the data. See ``docs/events.md``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from boostwatch.geometry import WGS84_A_M, enu_basis, intersect_earth, itrs_to_geodetic
from boostwatch_kernels.boost import boost_paths

Array = NDArray[np.float64]

MOST_POINTS = 20
"""Lines that a fit is given: those of neighbouring frames are averaged."""
FIT_S = 35.0
"""Length of track, from its first hit, that is fitted: a third stage would need parameters of its own."""


class FirstSeen(NamedTuple):
    """A way in which a plume comes into sight."""

    share: float
    height_m: tuple[float, float]
    """Mean and 1-sigma."""
    start_s: tuple[float, float]
    """The same of the launch time, from first sight."""


FIRST_SEEN = (
    FirstSeen(0.85, (3500.0, 3500.0), (-15.0, 15.0)),
    FirstSeen(0.15, (12000.0, 9000.0), (-50.0, 25.0)),
)
"""Haze and low cloud hide most launches at first, high cloud some for longer."""
CHI2_95 = 5.991464547107979
"""95 % point of chi-square with two degrees of freedom."""
DISCREPANCY = 15.0
"""White acceleration, m2/s3, that real boosts depart from the family by: staging, steering, drag of the real body."""

# Offsets north and east in km, start time (s before the first hit), heading in rad, then logarithms of thrust over mass
# (m/s2), growth (1/s), pitch rate (rad/s), kick time (s), drag (1/m), time (s) and thrust (m/s2) of a second stage,
# final tilt (rad), and the pointing bias in units of its sigma. Thrust over weight is 1.2 for large liquid boosters and
# up to 4 for small solid ones; some tilt at once, others over a minute; thrust ends 15 to 55 degrees off the vertical.
PRIOR_MEAN = np.array(
    [0.0, 0.0, np.nan, np.nan, *np.log([22.0, 0.009, 0.05, 9.0, 4e-5, 75.0, 16.0, 0.55]), 0.0, 0.0],
)
PRIOR_SIGMA = np.array([300.0, 300.0, np.nan, np.nan, 0.32, 0.4, 1.2, 0.5, 0.7, 0.3, 0.4, 0.4, 1.0, 1.0])
"""Means and 1-sigmas of all parameters but those of start time and heading (NaN), which see `_beginnings`."""
PATH_MEAN, PATH_SIGMA = PRIOR_MEAN[4:-2], PRIOR_SIGMA[4:-2]
"""Means and 1-sigmas of the logarithms of the eight figures that shape a boost."""
ROUNDS = ((3, 2, math.inf), (3, 1, 60.0), (4, 1, 12.0))
"""Steps of each round of fits, how many of a heading go on, and how much worse than the best of all they may be."""
HEADINGS: Array = np.arange(16.0) * (math.pi / 8)
HEADING_SIGMA = 0.24
"""Centres and common width, rad, of the narrow priors whose sum is flat to 1 % around the circle."""
_HEADING, _HEIGHT, _HEIGHT_SIGMA, _START, _START_SIGMA, _LOG_WEIGHT = range(6)
"""Columns of what pulls at a fit, see `_beginnings`."""
_STEP = np.array([1e-3, 1e-3, 1e-3, *[1e-4] * 9])
_N = len(PRIOR_MEAN)
_FREE = _N - 2
"""Parameters of the path; those of the pointing follow."""
_STAGE = 9
"""Where the time of the second stage stands among them."""
EARLY_STAGE_S = 45.0
"""A change of stage beyond the data pulls at nothing: fits begin with one within, too."""


class Lines(NamedTuple):
    """Lines of sight of a track, ``N`` of them, ascending in time."""

    time_s: Array
    """(N,)"""
    position_m: Array
    """(N, 3) sensor, ITRS."""
    line: Array
    """(N, 3) unit vectors, ITRS."""
    across: Array
    """(N, 2, 3) unit vectors of growing x and y on the focal plane."""
    var_rad2: Array
    """(N, 2) variance along them, common error excluded."""
    bias_rad: float
    """1-sigma an axis of the error common to all."""


class Location(NamedTuple):
    """Launch point, time and heading, with their errors."""

    latitude_deg: float
    longitude_deg: float
    covariance_km2: Array
    """(2, 2) north, east."""
    launch_time_s: float
    launch_time_sigma_s: float
    heading_deg: float
    heading_sigma_deg: float
    cost: float
    """Half the squared residuals and prior terms at the best fit; NaN where nothing was fitted."""
    residuals: int
    """Number of measured angles in it."""
    correlation: Array
    """(4, 4) of north, east, launch time and heading; NaN where nothing was fitted."""

    @property
    def ellipse(self) -> tuple[float, float, float]:
        """95 % semi-axes in km, and the angle of the major one, degrees clockwise from north in [0, 180)."""
        values, vectors = np.linalg.eigh(self.covariance_km2)
        minor, major = np.sqrt(np.maximum(values, 0.0) * CHI2_95)
        north, east = vectors[:, 1]
        return float(major), float(minor), math.degrees(math.atan2(east, north)) % 180.0


def thin(lines: Lines) -> Lines:
    """Average neighbouring lines of the fitted length down to at most `MOST_POINTS`."""
    inside = np.flatnonzero(lines.time_s <= lines.time_s[0] + FIT_S)
    groups = np.array_split(inside, min(MOST_POINTS, len(inside)))
    w = 1.0 / lines.var_rad2.mean(axis=1)

    def mean(values: Array) -> Array:
        return np.array([np.average(values[g], axis=0, weights=w[g]) for g in groups])

    line, across = mean(lines.line), mean(lines.across)
    line /= np.linalg.norm(line, axis=-1, keepdims=True)
    across /= np.linalg.norm(across, axis=-1, keepdims=True)
    var = np.array([1.0 / (1.0 / lines.var_rad2[g]).sum(axis=0) for g in groups])
    return Lines(mean(lines.time_s), mean(lines.position_m), line, across, var, lines.bias_rad)


class _Fit:
    """The least-squares problem of one track; parameter sets are rows of an array (P, 14)."""

    def __init__(self, lines: Lines, first_s: float) -> None:
        self.lines = lines
        origin = intersect_earth(lines.position_m[0], lines.line[0], FIRST_SEEN[0].height_m[0])
        lat, lon, _ = itrs_to_geodetic(origin)
        self.lat, self.lon = math.radians(float(lat)), math.radians(float(lon))
        distance = float(np.linalg.norm(origin - lines.position_m[0]))
        t = lines.time_s - first_s + 15.0
        low, high = np.minimum(t[:, None], t[None, :]), np.maximum(t[:, None], t[None, :])
        model = DISCREPANCY * low**2 * (3 * high - low) / 6.0 / distance**2
        roots = (np.linalg.cholesky(np.diag(lines.var_rad2[:, k]) + model) for k in range(2))
        self.whiten = [solve_triangular(root, np.eye(len(root)), lower=True, check_finite=False) for root in roots]
        self.times = np.concatenate([[0.0], lines.time_s - first_s])  # small numbers keep their digits

    @property
    def known(self) -> bool:
        return math.isfinite(self.lat)

    def physical(self, p: Array) -> Array:
        """Return the kernel's parameters (P, 12)."""
        out = np.empty((len(p), _FREE))
        out[:, 0] = self.lat + p[:, 0] * 1e3 / WGS84_A_M
        out[:, 1] = self.lon + p[:, 1] * 1e3 / (WGS84_A_M * math.cos(self.lat))
        out[:, 2] = p[:, 2]
        out[:, 3] = p[:, 3]
        out[:, 4:] = np.exp(p[:, 4:_FREE])
        return out

    def residuals(self, p: Array, pull: Array) -> Array:
        """Return whitened residuals (P, 2 N + 15), those of the prior last; ``pull`` (P, 6) see `_beginnings`."""
        lines = self.lines
        path = np.empty((len(p), len(self.times), 3))
        boost_paths(self.physical(p), self.times, path)
        to = path[:, 1:] - lines.position_m
        to /= np.linalg.norm(to, axis=-1, keepdims=True)
        parts = []
        for k in range(2):
            angle = ((to - lines.line) * lines.across[:, k]).sum(axis=-1) + p[:, _FREE + k, None] * lines.bias_rad
            # Not by matmul: to wake the threads of a BLAS for so little costs twenty times as much.
            parts.append(np.einsum("ij,pj->pi", self.whiten[k], angle))
        height = itrs_to_geodetic(path[:, 0])[2]
        parts.append(((height - pull[:, _HEIGHT]) / pull[:, _HEIGHT_SIGMA])[:, None])
        prior = (p - PRIOR_MEAN) / PRIOR_SIGMA
        prior[:, 2] = (p[:, 2] - pull[:, _START]) / pull[:, _START_SIGMA]
        prior[:, 3] = (p[:, 3] - pull[:, _HEADING]) / HEADING_SIGMA
        parts.append(prior)
        return np.concatenate(parts, axis=1)

    def jacobian(self, p: Array, pull: Array, r: Array) -> Array:
        """Return d residual / d parameter (P, R, 14) by forward differences; that of the bias is exact."""
        many = np.repeat(p, _FREE, axis=0)
        many[np.arange(len(many)), np.tile(np.arange(_FREE), len(p))] += np.tile(_STEP, len(p))
        out = np.zeros((len(p), r.shape[1], _N))
        moved = self.residuals(many, np.repeat(pull, _FREE, axis=0)).reshape(len(p), _FREE, r.shape[1])
        out[:, :, :_FREE] = ((moved - r[:, None, :]) / _STEP[:, None]).transpose(0, 2, 1)
        n = len(self.lines.time_s)
        for k in range(2):
            out[:, k * n : (k + 1) * n, _FREE + k] = self.whiten[k].sum(axis=1) * self.lines.bias_rad
            out[:, 2 * n + 1 + _FREE + k, _FREE + k] = 1.0
        return out

    def improve(self, p: Array, pull: Array, steps: int) -> tuple[Array, Array, Array]:
        """Levenberg-Marquardt on all rows at once; return parameters, costs (P,) and normal matrices (P, 14, 14)."""
        p = p.copy()
        r = self.residuals(p, pull)
        cost = 0.5 * (r * r).sum(axis=1)
        damping = np.full(len(p), 1e-2)
        normal, gradient = self._normal(p, pull, r)
        going = np.arange(len(p))
        for _ in range(steps):
            if not len(going):
                break
            diagonal = np.einsum("pii->pi", normal[going])
            damped = normal[going] + damping[going, None, None] * np.eye(_N) * diagonal[:, None, :]
            step = np.linalg.solve(damped, gradient[going, :, None])[..., 0]
            trial = p[going] - np.clip(step, -3 * _LIMIT, 3 * _LIMIT)
            trial_r = self.residuals(trial, pull[going])
            gain = cost[going] - 0.5 * (trial_r * trial_r).sum(axis=1)
            better = gain > 0
            damping[going] = np.clip(damping[going] * np.where(better, 0.2, 8.0), 1e-9, MOST_DAMPING)
            row = going[better]
            p[row], cost[row] = trial[better], cost[row] - gain[better]
            normal[row], gradient[row] = self._normal(p[row], pull[row], trial_r[better])
            done = (better & (gain < LEAST_GAIN)) | (damping[going] >= MOST_DAMPING)
            going = going[~done]
        return p, cost, normal

    def _normal(self, p: Array, pull: Array, r: Array) -> tuple[Array, Array]:
        """Return the normal matrices (P, 14, 14) and gradients (P, 14) at residuals (P, R)."""
        j = self.jacobian(p, pull, r)
        jt = j.transpose(0, 2, 1)
        return jt @ j, (jt @ r[..., None])[..., 0]


LEAST_GAIN = 1e-2
"""Fall of the cost in a step below which a fit has arrived."""
MOST_DAMPING = 1e4
"""Damping beyond which no step helps."""
_LIMIT = np.array([10.0, 10.0, 5.0, 0.5, 0.2, 0.4, 0.5, 0.4, 0.7, 0.2, 0.3, 0.3, 1.0, 1.0])


def locate(lines: Lines) -> Location | None:
    """Fit a boost to the lines of sight of a track.

    Climb and flight north or south look much alike to a sensor over the equator, so the heading may be open over a wide
    arc or have two values. Its uniform prior is therefore written as a sum of 16 narrow ones; each gives a fit of its
    own, and the answer is their mixture by evidence (Laplace's approximation).

    Parameters
    ----------
    lines : Lines
        At least three.

    Returns
    -------
    Location or None
        None where the lines miss the Earth or there are too few.
    """
    if len(lines.time_s) < 3:
        return None
    first_s = float(lines.time_s[0])
    fit = _Fit(thin(lines), first_s)
    if not fit.known:
        return None
    p, pull = _beginnings()
    for steps, most, margin in ROUNDS:
        p, cost, _ = fit.improve(p, pull, steps)
        likely = _best(cost, pull[:, _HEADING], most, margin)
        p, pull = p[likely], pull[likely]
    p, cost, normal = fit.improve(p, pull, 20)
    cov = np.linalg.inv(normal)
    _, log_det = np.linalg.slogdet(cov)
    log_weight = 0.5 * log_det - cost + pull[:, _LOG_WEIGHT]
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    best = int(np.argmax(weight))
    away = p - p[best]
    away[:, 3] = (away[:, 3] + math.pi) % (2 * math.pi) - math.pi
    shift = weight @ away
    spread = np.einsum("p,pij->ij", weight, cov) + np.einsum("p,pi,pj->ij", weight, away - shift, away - shift)
    lat, lon, start_s, heading = fit.physical((p[best] + shift)[None])[0, :4]
    return Location(
        math.degrees(lat),
        math.degrees(lon),
        spread[:2, :2],
        first_s + float(start_s),
        math.sqrt(spread[2, 2]),
        math.degrees(heading) % 360.0,
        min(math.degrees(math.sqrt(spread[3, 3])), 180.0 / math.sqrt(3.0)),
        float(cost.min()),
        2 * len(fit.lines.time_s),
        spread[:4, :4] / np.sqrt(np.outer(np.diag(spread)[:4], np.diag(spread)[:4])),
    )


def _beginnings() -> tuple[Array, Array]:
    """Return where fits begin (P, 14), and the prior of each (P, 6).

    Of the prior: heading, mean and 1-sigma of the height at first sight (m) and of the launch time (s), and the log of
    its weight.
    """
    p, pull = [], []
    for seen in FIRST_SEEN:
        weight = math.log(seen.share / (seen.height_m[1] * seen.start_s[1]))
        for stage_s in (math.exp(PRIOR_MEAN[_STAGE]), EARLY_STAGE_S):
            for heading in HEADINGS.tolist():
                row = PRIOR_MEAN.copy()
                row[2], row[3], row[_STAGE] = seen.start_s[0], heading, math.log(stage_s)
                p.append(row)
                pull.append([heading, *seen.height_m, *seen.start_s, weight])
    return np.array(p), np.array(pull)


def _best(cost: Array, heading: Array, most: int, margin: float) -> NDArray[np.int64]:
    """Return which fits go on: the best few of each heading, since an open one is all of them."""
    order = np.argsort(cost)
    order = order[cost[order] < cost.min() + margin]
    kept: list[int] = []
    for n in order.tolist():
        if (heading[kept] == heading[n]).sum() < most:
            kept.append(n)
    return np.array(kept, np.int64)


def place(lines: Lines, height_m: float, height_sigma_m: float) -> Location | None:
    """Place a source of known height by its first line of sight.

    The error is that of the pointing and the centroid, ``R sigma`` across the line and ``R sigma / sin(elevation)``
    along it, and ``sigma_h / tan(elevation)`` from the height.

    Parameters
    ----------
    lines : Lines
        At least one.
    height_m, height_sigma_m : float
        Height above the ellipsoid and its 1-sigma.

    Returns
    -------
    Location or None
        Without time and heading; None where the line misses the Earth.
    """
    if len(lines.time_s) == 0:
        return None
    point = intersect_earth(lines.position_m[0], lines.line[0], height_m)
    if not np.isfinite(point).all():
        return None
    lat, lon, _ = itrs_to_geodetic(point)
    basis = enu_basis(float(lat), float(lon))
    distance = float(np.linalg.norm(point - lines.position_m[0]))
    down = lines.line[0] @ basis.T  # east, north, up
    # A small turn across the line moves the point by R, then along the line until it is at its height again.
    slide = np.zeros((2, 2))
    var = lines.var_rad2[0] + lines.bias_rad**2
    for k in range(2):
        move = distance * (basis @ lines.across[0, k])
        ground = (move[:2] - down[:2] * move[2] / down[2])[::-1]
        slide += var[k] * np.outer(ground, ground)
    lean = (down[:2] / down[2])[::-1] * height_sigma_m
    covariance = (slide + np.outer(lean, lean)) / 1e6
    nan = math.nan
    return Location(float(lat), float(lon), covariance, nan, nan, nan, nan, nan, 0, np.full((4, 4), nan))
