"""What tracks are: Bayes' rule over small generative models of each kind, for many tracks at once.

Each model is a mixture whose parts are those of `boostwatch_kernels.evidence`. Which parts and how often they are is no
business of the kernel: its tables come from `boostwatch.track.laws`.
"""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit
from .amplitude import Noise, seen_probability
from .evidence import focal_evidence, line_evidence, mixtures, normal_evidence, path_evidence, seen_evidence
from .tracks import Looks

LEAST_SNR = 0.5
"""What a track's strength is taken for at least, before its logarithm is."""


class Laws(NamedTuple):
    """Tables of what ``M`` kinds do; all float64. Logs of shares are -inf for what has none."""

    path: np.ndarray  # (Q, 4): 1-sigma of the coefficients of motions, px; see `evidence.path_evidence`
    path_excess: np.ndarray  # (Q,)
    log_motion: np.ndarray  # (2, M, 4 + Q): shares of free, wandering, fixed, climbing, paths; climb unknown, known
    course: np.ndarray  # (2, C, 5): courses of the light in a first and a later look, see `evidence.line_evidence`
    log_course: np.ndarray  # (3, M, C): shares in a first look of what comes up, of what was there, in a later look
    stands_out: np.ndarray  # (S, 2): mean and 1-sigma of the log of the snr
    log_stands: np.ndarray  # (1, M, S)
    log_steady: np.ndarray  # (1, M, 2): mostly seen, seen as it comes
    log_comes: np.ndarray  # (2, M): what comes up, what was there when the run began
    log_rekindled: np.ndarray  # (M,): where light came and went before
    ends: np.ndarray  # (M,), 1/s: what a second of life tells against it,
    most_ends: np.ndarray  # (M,): and at most
    waits: np.ndarray  # (M,), 1/s: what a second before the look began tells against it
    log_short: np.ndarray  # (M,): having gone less than the slowest boost
    most_past: np.ndarray  # (M,): how much the past may count against it
    most_favour: float  # odds at most that what is there is seen
    restless: float  # excess of unrest at which half of `log_rekindled` counts


class Lives(NamedTuple):
    """Columns of `boostwatch.track.table.Table`, ``N`` tracks, beside those of `tracks.Looks`."""

    first_s: np.ndarray  # (N,)
    last_s: np.ndarray  # (N,)
    hits: np.ndarray  # (N,)
    snr: np.ndarray  # (N,)
    beside: np.ndarray  # (N, M), changed where a track was not declared a launch


class Boost(NamedTuple):
    """How some tracks, ``K`` of them, climb."""

    climb: np.ndarray  # float64 (K,): log evidence of a boost
    short: np.ndarray  # bool (K,): has gone too little for one
    known: np.ndarray  # int64 (K,): 1 where both are known


@jit
def due(lives: Lives, time_s: float, young_s: float, every: int) -> np.ndarray:
    """Return the tracks (K,) with a hit at a time, s, that are to be weighed: old ones at every so many hits only."""
    out, found = np.empty(lives.hits.shape[0], np.int64), 0
    for n in range(out.shape[0]):
        if lives.last_s[n] == time_s and (time_s - lives.first_s[n] <= young_s or lives.hits[n] % every == 0.0):
            out[found] = n
            found += 1
    return out[:found]


@jit
def motion_evidence(looks: Looks, row: np.ndarray, laws: Laws, boost: Boost) -> np.ndarray:
    """Return the log evidence (K, M) of how the tracks ``row`` (K,) move."""
    count, others, paths = row.shape[0], laws.log_motion.shape[2] - laws.path.shape[0], laws.path.shape[0]
    sums, hits = np.empty((count, 2, looks.sums.shape[3])), np.empty(count)
    for k in range(count):
        hits[k] = looks.look_hits[row[k], 0]
        for axis in range(2):
            for n in range(sums.shape[2]):
                sums[k, axis, n] = looks.sums[row[k], 0, axis, n]
    along, fixed = path_evidence(sums, hits, laws.path, laws.path_excess), focal_evidence(sums, hits)
    parts = np.empty((others + paths, count))
    for k in range(count):
        parts[0, k], parts[1, k] = looks.motion[row[k], 0], looks.wander[row[k], 0]
        parts[2, k], parts[3, k] = fixed[k], boost.climb[k]
        for q in range(paths):
            parts[others + q, k] = along[q, k]
    out = mixtures(parts, laws.log_motion, boost.known)
    for k in range(count):
        if boost.short[k]:
            for m in range(out.shape[1]):
                out[k, m] += laws.log_short[m]
    return out


@jit
def course_evidence(looks: Looks, row: np.ndarray, laws: Laws, first: np.ndarray, offset: float) -> np.ndarray:
    """Return the log evidence (K, M) of how strong the light is, and how it grows.

    ``first`` is int64 (K,): 0 for a first look of what comes up, 1 for one of what was there, 2 for a later look.
    """
    count = row.shape[0]
    if not math.isfinite(offset):
        return np.zeros((count, laws.log_course.shape[1]))
    light, later = np.empty((count, looks.light.shape[2])), np.empty(count, np.int64)
    for k in range(count):
        later[k] = first[k] // 2
        for n in range(light.shape[1]):
            light[k, n] = looks.light[row[k], 0, n]
    out = mixtures(line_evidence(light, offset, laws.course, later), laws.log_course, first)
    for k in range(count):
        if not light[k, light.shape[1] - 1] > 0.0:
            for m in range(out.shape[1]):
                out[k, m] = 0.0
    return out


@jit
def probabilities(
    looks: Looks, lives: Lives, row: np.ndarray, laws: Laws, boost: Boost, noise: Noise, early_s: float, offset: float,
    log_prior: np.ndarray, colour: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Return the probability of each kind for some tracks, and note their evidence, since looks to come build on it.

    Parameters
    ----------
    looks, lives : Looks, Lives
        Tracks; ``evidence`` and ``beside`` are changed.
    row : int64 (K,)
        Those that are weighed.
    laws : Laws
        Of ``M`` kinds.
    boost : Boost
        Their climb.
    noise : Noise
        What false alarms look like.
    early_s : float
        Time, s, before which what is found was mostly there when the run began.
    offset : float
        What makes the log of a flux that of an intensity, W/sr; not finite where nothing does.
    log_prior : float64 (M,)
        Log of the probabilities before anything is seen.
    colour : float64 (K, M)
        Log evidence of the bands.

    Returns
    -------
    float64 (K, M)
    """
    count, kinds = row.shape[0], log_prior.shape[0]
    hits, misses, favour, strength = np.empty(count), np.empty(count), np.empty(count), np.empty(count)
    first, one = np.empty(count, np.int64), np.zeros(count, np.int64)
    for k in range(count):
        n = row[k]
        hits[k], misses[k] = looks.look_hits[n, 0], looks.look_misses[n, 0]
        pd = seen_probability(lives.snr[n], lives.hits[n], noise)
        favour[k] = min(max(pd / (1.0 - pd), 1.0), laws.most_favour)
        strength[k] = math.log(max(lives.snr[n], LEAST_SNR))
        first[k] = 1 if lives.first_s[n] < early_s else 0
    early = first.copy()
    for k in range(count):
        if looks.since_s[row[k], 0] > lives.first_s[row[k]]:
            first[k] = 2
    seen = motion_evidence(looks, row, laws, boost)
    course = course_evidence(looks, row, laws, first, offset)
    steady = mixtures(seen_evidence(hits, misses, favour), laws.log_steady, one)
    stands = mixtures(normal_evidence(strength, laws.stands_out), laws.log_stands, one)
    out = np.empty((count, kinds))
    for k in range(count):
        n = row[k]
        best, most = -math.inf, -math.inf
        for m in range(kinds):
            seen[k, m] = (seen[k, m] + course[k, m]) + (steady[k, m] + looks.past[n, 0, m])
            best = max(best, seen[k, m])
        unrest = (max(looks.unrest[n, 0] - 1.0, 0.0) / laws.restless) ** 2
        lived_s, waited_s = lives.last_s[n] - lives.first_s[n], looks.since_s[n, 0] - lives.first_s[n]
        for m in range(kinds):
            seen[k, m] -= best
            looks.evidence[n, m] = max(seen[k, m], -laws.most_past[m])
            begins = laws.log_comes[early[k], m] + laws.log_rekindled[m] * (unrest / (1.0 + unrest))
            begins -= laws.waits[m] * waited_s + min(lived_s * laws.ends[m], laws.most_ends[m])
            if not looks.kept[n]:
                lives.beside[n, m] = stands[k, m] + begins
            out[k, m] = log_prior[m] + seen[k, m] + lives.beside[n, m] + colour[k, m]
            most = max(most, out[k, m])
        total = 0.0
        for m in range(kinds):
            out[k, m] = math.exp(out[k, m] - most)
            total += out[k, m]
        for m in range(kinds):
            out[k, m] /= total
    return out
