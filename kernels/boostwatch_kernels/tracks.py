"""What a hit changes in confirmed tracks: whether they are there, rest or move, the looks at them, their light."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit
from .amplitude import SMOOTHING_HITS

LOG_2PI = math.log(2.0 * math.pi)

WANDER_EXCESS = 4.0
"""Variance of the centroids of a spot that wanders over that of a point's."""
FIRST_SIGMA_PX = 1.0
"""What all models of motion say of the first position, relative to itself."""
MOST_OF_ONE = 4.0
"""What a single hit may tell of motion, log likelihood ratio: it may be a false alarm."""
MOST_REST = 3.0
"""What a long rest tells against motion: a launch stands still at first."""
RESTS, RESTING_HITS = -2.0, 8
"""Log likelihood ratio, motion over rest, below which a track of so many hits is held to stand still."""
MOST_ODDS = 7.0
"""Log odds of existence beyond which more hits tell nothing: what has burnt out is to be given up in time."""
LIFE_S = 150.0
"""Mean time that a target burns."""
WANDER_PX2_S = 0.01
"""Variance that a second of wandering adds, px2: an edge that opens here and closes there."""
WINDOW_S = 20.0
"""Length of a look at a track: no polynomial follows a whole boost."""
TIME_UNIT_S = 10.0
"""Time is counted in tens of seconds in the moments of motion, lest sixth powers spoil the digits."""
FLICKER = 0.08
"""Relative 1-sigma by which any light varies from frame to frame."""
UNSURE = 0.3
"""Relative 1-sigma of a flux of which none is told."""

N_MOMENTS = 17
"""Moments of the motion on an axis: 0-6 sum of w t^k, 7-10 sum of w z t^k, 11 sum of w z^2, 12 sum of log variance; on
the focal plane 13 sum of w, 14 of w z, 15 of w z^2, 16 of log variance. w is one over the variance."""
N_LIGHT = 8
"""Moments of the light, y the log of the flux: sums of w, w t, w t^2, w y, w t y, w y^2, of log variance, and count."""


class Hits(NamedTuple):
    """Measurements of one frame, ``K`` of them; all float64. Planes are the scene and the focal plane."""

    at: np.ndarray  # (K, 2, 2): plane, axis; px
    var: np.ndarray  # (K, 2, 2): of the centroid, and in the scene of the registration too, px2
    strongest: np.ndarray  # (K,)
    frames: np.ndarray  # (K,)
    unrest: np.ndarray  # (K,)
    flux: np.ndarray  # (K, B), electrons
    flux_sigma: np.ndarray  # (K, B)


class Course(NamedTuple):
    """Columns of `boostwatch.track.table.Table`, ``N`` tracks, that tell whether they live and move."""

    wander_at: np.ndarray  # (N, 2)
    wander_var: np.ndarray  # (N, 2)
    rest_at: np.ndarray  # (N, 2, 2): plane, axis
    rest_var: np.ndarray  # (N, 2, 2)
    moves: np.ndarray  # (N,)
    moving: np.ndarray  # bool (N,)
    rested: np.ndarray  # bool (N,)
    familiar: np.ndarray  # bool (N,)
    hits: np.ndarray  # (N,)
    misses: np.ndarray  # (N,)
    score: np.ndarray  # (N,)
    odds: np.ndarray  # (N,)
    last_s: np.ndarray  # (N,)
    seen_s: np.ndarray  # (N,)
    last_snr: np.ndarray  # (N,)
    snr: np.ndarray  # (N,)


class Looks(NamedTuple):
    """Its columns of the looks, the one that is weighed and the one that takes its place, and of the light."""

    since_s: np.ndarray  # (N, 2)
    look_origin: np.ndarray  # (N, 2, 4): scene x, y, focal x, y
    look_hits: np.ndarray  # (N, 2)
    look_misses: np.ndarray  # (N, 2)
    motion: np.ndarray  # (N, 2)
    wander: np.ndarray  # (N, 2)
    unrest: np.ndarray  # (N, 2)
    sums: np.ndarray  # (N, 2, 2, N_MOMENTS)
    light: np.ndarray  # (N, 2, N_LIGHT)
    past: np.ndarray  # (N, 2, KINDS)
    evidence: np.ndarray  # (N, KINDS)
    kept: np.ndarray  # bool (N,)
    flux: np.ndarray  # (N, B)
    flux_weight: np.ndarray  # (N, B)


@jit
def take(course: Course, row: np.ndarray, hits: Hits, time_s: float, fit: np.ndarray, chance: float) -> np.ndarray:
    """Give some tracks, predicted to it, a hit each, and weigh motion against rest; the filter is `regimes.mix`.

    A hit away from where a source stands, in the scene or on the focal plane, may be a false alarm while the source was
    missed, or the first hit was one: a single hit counts for little, and the place of rest begins anew with it.

    Parameters
    ----------
    course : Course, changed
        Tracks.
    row : int64 (K,)
        Track of each hit; no track twice.
    hits, time_s : Hits, float
        Of one frame, and its time, s.
    fit : float64 (K,)
        Log density of its place under the prediction.
    chance : float
        Log density of a place that is a false alarm's.

    Returns
    -------
    float64 (K,)
        Log density of each one's place if a spot wanders at random.
    """
    wander = np.empty(row.shape[0])
    for k in range(row.shape[0]):
        n = row[k]
        wander[k], rest = -LOG_2PI, -math.inf
        for axis in range(2):
            rough = WANDER_EXCESS * hits.var[k, 0, axis]
            spread = course.wander_var[n, axis] + rough
            off = hits.at[k, 0, axis] - course.wander_at[n, axis]
            wander[k] -= 0.5 * (off * off / spread + math.log(spread))
            course.wander_at[n, axis] += off * course.wander_var[n, axis] / spread
            course.wander_var[n, axis] *= rough / spread
        for plane in range(2):
            here = -LOG_2PI
            for axis in range(2):
                spread = course.rest_var[n, plane, axis] + hits.var[k, plane, axis]
                off = hits.at[k, plane, axis] - course.rest_at[n, plane, axis]
                here -= 0.5 * (off * off / spread + math.log(spread))
            rest = max(rest, here)
        course.moves[n] = max(course.moves[n] + min(fit[k] - max(rest, chance), MOST_OF_ONE), -MOST_REST)
        for plane in range(2):
            for axis in range(2):
                var = hits.var[k, plane, axis]
                share = 1.0
                if rest >= chance:
                    share = course.rest_var[n, plane, axis] / (course.rest_var[n, plane, axis] + var)
                course.rest_at[n, plane, axis] += share * (hits.at[k, plane, axis] - course.rest_at[n, plane, axis])
                course.rest_var[n, plane, axis] = share * var
        course.hits[n] += 1.0
        course.last_s[n] = time_s
        snr, share = hits.strongest[k] / math.sqrt(hits.frames[k]), 1.0 / min(course.hits[n], SMOOTHING_HITS)
        course.snr[n] += share * (snr - course.snr[n])
    return wander


@jit
def add_moments(sums: np.ndarray, t_s: float, scene: float, focal: float, total: float, var: float) -> None:
    """Add a hit to the moments of the motion on one axis.

    Parameters
    ----------
    sums : float64 (17,), changed
        See `N_MOMENTS`.
    t_s : float
        Time since the look's first hit, s.
    scene, focal : float
        Position since then, px, in scene coordinates and on the focal plane.
    total, var : float
        Variance of each, px2.
    """
    t, w = t_s / TIME_UNIT_S, 1.0 / total
    for k in range(7):
        sums[k] += w
        if k < 4:
            sums[7 + k] += w * scene
        w *= t
    sums[11] += scene * scene / total
    sums[12] += math.log(total)
    sums[13] += 1.0 / var
    sums[14] += focal / var
    sums[15] += focal * focal / var
    sums[16] += math.log(var)


@jit
def add_light(sums: np.ndarray, t_s: float, flux: float, sigma: float) -> None:
    """Add a flux to the moments of the light.

    Parameters
    ----------
    sums : float64 (8,), changed
        See `N_LIGHT`.
    t_s : float
        Time since the look's first hit, s.
    flux, sigma : float
        Flux and its 1-sigma, electrons; what is not positive, or not known, is left out.
    """
    if not (0.0 < flux < math.inf):
        return
    y, error = math.log(flux), sigma / flux if math.isfinite(sigma) else UNSURE
    var = min(error, 1.0) ** 2 + FLICKER**2
    w = 1.0 / var
    sums[0] += w
    sums[1] += w * t_s
    sums[2] += w * t_s * t_s
    sums[3] += w * y
    sums[4] += w * t_s * y
    sums[5] += w * y * y
    sums[6] += math.log(var)
    sums[7] += 1.0


@jit
def pass_on(looks: Looks, n: int) -> None:
    """Let the next look at a track take the place of the one that is over."""
    looks.since_s[n, 0], looks.since_s[n, 1] = looks.since_s[n, 1], math.nan
    looks.look_hits[n, 0], looks.look_hits[n, 1] = looks.look_hits[n, 1], 0.0
    looks.look_misses[n, 0], looks.look_misses[n, 1] = looks.look_misses[n, 1], 0.0
    looks.motion[n, 0], looks.motion[n, 1] = looks.motion[n, 1], 0.0
    looks.wander[n, 0], looks.wander[n, 1] = looks.wander[n, 1], 0.0
    looks.unrest[n, 0], looks.unrest[n, 1] = looks.unrest[n, 1], 0.0
    for k in range(looks.look_origin.shape[2]):
        looks.look_origin[n, 0, k], looks.look_origin[n, 1, k] = looks.look_origin[n, 1, k], 0.0
    for k in range(looks.past.shape[2]):
        looks.past[n, 0, k], looks.past[n, 1, k] = looks.past[n, 1, k], 0.0
    for k in range(N_LIGHT):
        looks.light[n, 0, k], looks.light[n, 1, k] = looks.light[n, 1, k], 0.0
    for axis in range(2):
        for k in range(N_MOMENTS):
            looks.sums[n, 0, axis, k], looks.sums[n, 1, axis, k] = looks.sums[n, 1, axis, k], 0.0


@jit
def look(
    looks: Looks, row: np.ndarray, hits: Hits, time_s: float, fit: np.ndarray, wander: np.ndarray, main_band: int
) -> None:
    """Take a hit each into the looks at some tracks and the means of their light.

    Parameters
    ----------
    looks : Looks, changed
        Tracks. The second look begins half way through the first.
    row : int64 (K,)
        Track of each hit; no track twice.
    hits, time_s : Hits, float
        Of one frame, and its time, s.
    fit, wander : float64 (K,)
        Log densities of their places under free motion and wandering.
    main_band : int
        Band of the light curve.
    """
    for k in range(row.shape[0]):
        n = row[k]
        if time_s - looks.since_s[n, 0] > WINDOW_S and not (looks.kept[n] and math.isnan(looks.since_s[n, 1])):
            pass_on(looks, n)
        for turn in range(2):
            begins = math.isnan(looks.since_s[n, turn])
            if turn == 1 and (looks.kept[n] or not time_s - looks.since_s[n, 0] > WINDOW_S / 2):
                begins = False
            if begins:
                looks.since_s[n, turn] = time_s
                for axis in range(4):
                    looks.look_origin[n, turn, axis] = hits.at[k, axis // 2, axis % 2]
                for kind in range(looks.evidence.shape[1]):
                    looks.past[n, turn, kind] = looks.evidence[n, kind]
            age_s = time_s - looks.since_s[n, turn]
            if not age_s <= WINDOW_S:
                continue
            first = -LOG_2PI
            for axis in range(2):
                first -= 0.5 * math.log(FIRST_SIGMA_PX**2 + hits.var[k, 0, axis])
                scene = hits.at[k, 0, axis] - looks.look_origin[n, turn, axis]
                focal = hits.at[k, 1, axis] - looks.look_origin[n, turn, 2 + axis]
                add_moments(looks.sums[n, turn, axis], age_s, scene, focal, hits.var[k, 0, axis], hits.var[k, 1, axis])
            add_light(looks.light[n, turn], age_s, hits.flux[k, main_band], hits.flux_sigma[k, main_band])
            looks.motion[n, turn] += first if begins else fit[k]
            looks.wander[n, turn] += first if begins else wander[k]
            looks.look_hits[n, turn] += 1.0
            looks.unrest[n, turn] += (hits.unrest[k] - looks.unrest[n, turn]) / looks.look_hits[n, turn]
        for band in range(looks.flux.shape[1]):
            flux, old = hits.flux[k, band], looks.flux[n, band]
            lit = math.isfinite(flux)
            weight = looks.flux_weight[n, band] * (1.0 - 1.0 / SMOOTHING_HITS) + (1.0 if lit else 0.0)
            looks.flux_weight[n, band] = weight = min(weight, SMOOTHING_HITS)
            if lit:
                looks.flux[n, band] = old + (flux - old) / max(weight, 1.0) if math.isfinite(old) else flux


@jit
def wait(course: Course, dt: float) -> None:
    """Let ``dt`` seconds pass: what wanders goes on, and what may have ended adds to what is gone.

    With ``p`` the probability of being there, ``p / (1 - p)`` becomes ``s p / (1 - s p)``.
    """
    alive = math.exp(-dt / LIFE_S)  # 0 after a day and a half
    for n in range(course.odds.shape[0]):
        for axis in range(2):
            course.wander_var[n, axis] += WANDER_PX2_S * dt
        course.odds[n] -= dt / LIFE_S + math.log1p((1.0 - alive) * math.exp(min(course.odds[n], 30.0)))


@jit
def tally(course: Course, looks: Looks, given: np.ndarray, gain: np.ndarray, time_s: float) -> None:
    """Take in what a frame in which something could be seen tells of each track's being there.

    Parameters
    ----------
    course, looks : Course, Looks, changed
        ``N`` tracks.
    given : int64 (N,)
        Measurement of each, negative for none: it was missed.
    gain : float64 (N,)
        Log likelihood ratio of the frame, that its target is there over not.
    time_s : float
        Time of the frame, s.
    """
    for n in range(given.shape[0]):
        course.score[n] += gain[n]
        course.odds[n] = min(course.odds[n] + gain[n], MOST_ODDS)
        if given[n] < 0:
            course.misses[n] += 1.0
            for turn in range(2):
                if time_s - looks.since_s[n, turn] <= WINDOW_S:
                    looks.look_misses[n, turn] += 1.0


@jit
def settle_motion(course: Course, bar: float, familiar_bar: float) -> tuple[int, np.ndarray]:
    """Note which tracks are newly held to move, and which to stand still.

    Parameters
    ----------
    course : Course, changed
        ``N`` tracks.
    bar, familiar_bar : float
        Log likelihood ratio, motion over rest, from which one moves; of one that began where something stood before.

    Returns
    -------
    count : int
        How many there are.
    news : int8 (N,)
        1 for those that move, -1 for those that stand still, 0 for no news.
    """
    count, news = 0, np.zeros(course.moves.shape[0], np.int8)
    for n in range(news.shape[0]):
        if course.moving[n]:
            continue
        if course.moves[n] > (familiar_bar if course.familiar[n] else bar):
            course.moving[n] = True
            news[n] = 1
        elif not course.rested[n] and course.moves[n] < RESTS and course.hits[n] >= RESTING_HITS:
            course.rested[n] = True
            news[n] = -1
        count += abs(news[n])
    return count, news
