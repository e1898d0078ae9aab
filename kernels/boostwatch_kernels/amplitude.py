"""How much more likely an amplitude is from a target than from a false alarm, and how often a target is seen."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit

ROOT_2PI = math.sqrt(2.0 * math.pi)

PRIOR_EXCESS, PRIOR_HITS = 1.2, 3.0
"""Mean snr above the threshold that a track has before its first hit, and in how many hits that is believed."""

SMOOTHING_HITS = 8.0
"""Hits over which the running means of snr and flux reach back."""

HITS_KNOWN = 2.0 * SMOOTHING_HITS - 1.0
"""Hits whose plain mean is as sure as that running mean."""

LEAST_SEEN = 0.1
"""Share of a target's snr above the threshold that is supposed at least."""


class Noise(NamedTuple):
    """What false alarms look like."""

    threshold: float  # snr above which there are detections
    heavy: float  # share of them that may have any amplitude
    least_pd: float  # probability of detection that a track is given at least
    most_pd: float


@jit
def log_tail(x: float) -> float:
    """Return the log of the normal distribution function at ``x``, to 1 % of its slope in the far tail."""
    if x > -30.0:
        return math.log(0.5 * math.erfc(-x / math.sqrt(2.0)))
    return -0.5 * x * x - math.log(-x * ROOT_2PI)


@jit
def any_target(snr: float, noise: Noise) -> float:
    """Return the density of the snr of a target of unknown strength above the threshold, ``threshold / snr^2``."""
    return noise.threshold / max(snr, noise.threshold) ** 2


@jit
def false_density(snr: float, noise: Noise) -> float:
    """Return the density of a false alarm's snr (not below the threshold): the normal tail, some of it heavier."""
    gauss = math.exp(-0.5 * snr * snr - log_tail(-noise.threshold)) / ROOT_2PI
    return (1.0 - noise.heavy) * gauss + noise.heavy * any_target(snr, noise)


@jit
def target_density(snr: float, mean: float, hits: float, noise: Noise) -> float:
    """Return the density of a target's next snr: near the mean of its hits, cut at the threshold, or anything."""
    anything = any_target(snr, noise)
    if hits <= 0.0:
        return anything
    sd = math.sqrt(1.0 + 1.0 / hits + (0.25 * mean) ** 2)
    seen = max(math.exp(log_tail((mean - noise.threshold) / sd)), LEAST_SEEN)
    return 0.5 * (anything + math.exp(-0.5 * ((snr - mean) / sd) ** 2) / (sd * ROOT_2PI * seen))


@jit
def amplitude_ratio(snr: float, mean: float, hits: float, noise: Noise) -> float:
    """Return the log likelihood ratio of an amplitude, target over false alarm.

    Parameters
    ----------
    snr : float
        Of the detection.
    mean, hits : float
        Mean snr of the track, and from how many hits; 0 hits: nothing is known.
    noise : Noise
        What false alarms look like.

    Returns
    -------
    float
    """
    snr = max(snr, noise.threshold)
    return math.log(target_density(snr, mean, hits, noise) / false_density(snr, noise))


def _pd_table() -> np.ndarray:
    """Return the probability of detection of targets whose hits exceed the threshold by `EXCESS_STEP` k on the mean."""
    offset = np.linspace(-6.0, 8.0, 2801)  # of a target from the threshold
    pd = np.array([0.5 * math.erfc(-d / math.sqrt(2.0)) for d in offset])
    excess = offset + np.exp(-0.5 * offset**2) / (ROOT_2PI * pd)
    out: np.ndarray = np.interp(EXCESS_STEP * np.arange(EXCESS_STEPS), excess, pd)
    return out


EXCESS_STEP, EXCESS_STEPS = 0.05, 101
PD_TABLE = _pd_table()


@jit
def seen_probability(mean: float, hits: float, noise: Noise) -> float:
    """Return the probability that a track is detected in a frame.

    Of snr that is normal with unit variance only what exceeds the threshold is seen, by the mean excess ``d + phi(d) /
    Phi(d)`` for a target ``d`` above the threshold. This is solved for ``d`` (`PD_TABLE`); with few hits the excess is
    drawn to that of a target that is just seen. The mean is one that runs, so that it is never known better than
    by `HITS_KNOWN` hits.

    Parameters
    ----------
    mean, hits : float
        Mean snr of the hits, and from how many.
    noise : Noise
        Threshold and limits.

    Returns
    -------
    float
    """
    hits = min(hits, HITS_KNOWN)
    excess = ((mean - noise.threshold) * hits + PRIOR_EXCESS * PRIOR_HITS) / (hits + PRIOR_HITS)
    at = min(max(excess / EXCESS_STEP, 0.0), EXCESS_STEPS - 1.001)
    k = int(at)
    pd = PD_TABLE[k] + (at - k) * (PD_TABLE[k + 1] - PD_TABLE[k])
    return float(min(max(pd, noise.least_pd), noise.most_pd))


@jit
def seen_probabilities(mean: np.ndarray, hits: np.ndarray, noise: Noise) -> np.ndarray:
    """Return `seen_probability` of arrays (N,), float64."""
    out = np.empty(len(mean))
    for n in range(len(mean)):
        out[n] = seen_probability(mean[n], hits[n], noise)
    return out
