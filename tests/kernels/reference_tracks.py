"""Slow twin of what a hit changes in a track, in numpy: all tracks at once, one column after the other."""

from __future__ import annotations

import math

import numpy as np

from boostwatch_kernels.amplitude import SMOOTHING_HITS
from boostwatch_kernels.tracks import (
    FIRST_SIGMA_PX,
    FLICKER,
    LIFE_S,
    MOST_ODDS,
    MOST_OF_ONE,
    MOST_REST,
    N_MOMENTS,
    TIME_UNIT_S,
    UNSURE,
    WANDER_EXCESS,
    WANDER_PX2_S,
    WINDOW_S,
)


def log_normal(d2, var):
    return -0.5 * (d2 + np.log(var).sum(axis=1)) - math.log(2 * math.pi)


def add_moments(sums, at, t_s, scene, focal, total, var):
    """Add one hit to each of some tracks: ``t_s`` (K,), places and variances (K, 2), ``at`` in the leading axes."""
    power = (t_s[:, None] / TIME_UNIT_S) ** np.arange(7.0)
    more = np.empty((len(t_s), 2, N_MOMENTS))
    w, wz = 1.0 / total, scene / total
    more[:, :, :7] = w[:, :, None] * power[:, None, :]
    more[:, :, 7:11] = wz[:, :, None] * power[:, None, :4]
    more[:, :, 11], more[:, :, 12] = wz * scene, np.log(total)
    more[:, :, 13], more[:, :, 14], more[:, :, 15] = 1.0 / var, focal / var, focal**2 / var
    more[:, :, 16] = np.log(var)
    sums[at] += more


def add_light(sums, row, t_s, flux, sigma):
    use = np.isfinite(flux) & (flux > 0)
    t, y = t_s[use], np.log(flux[use])
    error = np.where(np.isfinite(sigma[use]), sigma[use] / flux[use], UNSURE)
    var = np.minimum(error, 1.0) ** 2 + FLICKER**2
    w = 1.0 / var
    sums[row[use]] += np.stack([w, w * t, w * t * t, w * y, w * t * y, w * y * y, np.log(var), w * var], axis=1)


def take(course, row, hits, time_s, fit, chance):
    scene, var = hits.at[:, 0], hits.var[:, 0]
    rough = WANDER_EXCESS * var
    spread = course.wander_var[row] + rough
    off = scene - course.wander_at[row]
    wander = log_normal((off**2 / spread).sum(axis=1), spread)
    course.wander_at[row] += off * course.wander_var[row] / spread
    course.wander_var[row] *= rough / spread

    spread = course.rest_var[row] + hits.var
    off = hits.at - course.rest_at[row]
    rest = (-0.5 * (off**2 / spread + np.log(spread)).sum(axis=2)).max(axis=1) - math.log(2 * math.pi)
    more = np.minimum(fit - np.maximum(rest, chance), MOST_OF_ONE)
    course.moves[row] = np.maximum(course.moves[row] + more, -MOST_REST)
    share = np.where((rest < chance)[:, None, None], 1.0, course.rest_var[row] / spread)
    course.rest_at[row] += share * off
    course.rest_var[row] = share * hits.var

    course.hits[row] += 1
    course.last_s[row] = time_s
    share = 1.0 / np.minimum(course.hits[row], SMOOTHING_HITS)
    course.snr[row] += share * (hits.strongest / np.sqrt(hits.frames) - course.snr[row])
    return wander


def look(looks, row, hits, time_s, fit, wander, main_band):
    more = ~looks.kept[row]
    over = time_s - looks.since_s[row, 0] > WINDOW_S
    pass_on(looks, row[over & (more | ~np.isnan(looks.since_s[row, 1]))])
    for n, begins in (
        (0, np.isnan(looks.since_s[row, 0])),
        (1, more & np.isnan(looks.since_s[row, 1]) & (time_s - looks.since_s[row, 0] > WINDOW_S / 2)),
    ):
        first = row[begins]
        looks.since_s[first, n] = time_s
        looks.look_origin[first, n] = hits.at.reshape(-1, 4)[begins]
        looks.past[first, n] = looks.evidence[first]
        use = time_s - looks.since_s[row, n] <= WINDOW_S
        mine, began = row[use], begins[use]
        start = log_normal(np.zeros(len(mine)), FIRST_SIGMA_PX**2 + hits.var[use, 0])
        looks.motion[mine, n] += np.where(began, start, fit[use])
        looks.wander[mine, n] += np.where(began, start, wander[use])
        looks.look_hits[mine, n] += 1
        looks.unrest[mine, n] += (hits.unrest[use] - looks.unrest[mine, n]) / looks.look_hits[mine, n]
        age_s = time_s - looks.since_s[mine, n]
        off = hits.at[use] - looks.look_origin[mine, n].reshape(-1, 2, 2)
        add_moments(looks.sums, (mine, n), age_s, off[:, 0], off[:, 1], hits.var[use, 0], hits.var[use, 1])
        add_light(looks.light[:, n], mine, age_s, hits.flux[use, main_band], hits.flux_sigma[use, main_band])
    brighten(looks, row, hits)


def pass_on(looks, row):
    for name in (
        "since_s", "look_origin", "look_hits", "look_misses", "motion", "wander", "unrest", "sums", "light", "past",
    ):  # fmt: skip
        column = getattr(looks, name)
        column[row, 0] = column[row, 1]
        column[row, 1] = np.nan if name == "since_s" else 0.0


def brighten(looks, row, hits):
    flux, old = hits.flux, looks.flux[row]
    lit = np.isfinite(flux)
    weight = np.minimum(looks.flux_weight[row] * (1 - 1 / SMOOTHING_HITS) + lit, SMOOTHING_HITS)
    new = np.where(np.isfinite(old), old + (flux - old) / np.maximum(weight, 1.0), flux)
    looks.flux[row] = np.where(lit, new, old)
    looks.flux_weight[row] = weight


def tally(course, looks, given, gain, time_s):
    course.score[:] += gain
    course.odds[:] = np.minimum(course.odds + gain, MOST_ODDS)
    missed = given < 0
    course.misses[missed] += 1
    looks.look_misses[missed] += time_s - looks.since_s[missed] <= WINDOW_S


def wait(course, dt):
    course.wander_var[:] += WANDER_PX2_S * dt
    there = np.exp(-dt / LIFE_S) / (1.0 + np.exp(-course.odds))
    course.odds[:] = np.log(there) - np.log1p(-there)
