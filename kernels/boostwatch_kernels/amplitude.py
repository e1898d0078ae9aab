"""How much more likely an amplitude is from a target than from a false alarm, and how often a target is seen."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit

ROOT_2PI = math.sqrt(2.0 * math.pi)

PRIOR_EXCESS, PRIOR_HITS = 1.2, 2.0
"""Mean snr above the threshold that a track has before its first hit, and in how many hits that is believed."""


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
def amplitude_ratio(snr: float, mean: float, hits: float, noise: Noise) -> float:
    """Return the log likelihood ratio of an amplitude, target over false alarm.

    False alarms are the normal tail above the threshold, some of it heavier. A target's next snr is near the mean of
    its hits so far, cut at the threshold, or anything.

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
    anything = any_target(snr, noise)
    gauss = math.exp(-0.5 * snr * snr - log_tail(-noise.threshold)) / ROOT_2PI
    target = anything
    if hits > 0.0:
        sd = math.sqrt(1.0 + 1.0 / hits + (0.25 * mean) ** 2)
        seen = max(math.exp(log_tail((mean - noise.threshold) / sd)), 0.1)
        near = math.exp(-0.5 * ((snr - mean) / sd) ** 2) / (sd * ROOT_2PI * seen)
        target = 0.5 * (anything + near)
    return math.log(target / ((1.0 - noise.heavy) * gauss + noise.heavy * anything))


@jit
def seen_probability(mean: float, hits: float, noise: Noise) -> float:
    """Return the probability that a track is detected in a frame.

    Of snr that is normal with unit variance only what exceeds the threshold is seen, by the mean excess ``d + phi(d) /
    Phi(d)`` for a target ``d`` above the threshold. This is solved for ``d``; with few hits the excess is drawn to that
    of a target that is just seen.

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
    excess = ((mean - noise.threshold) * hits + PRIOR_EXCESS * PRIOR_HITS) / (hits + PRIOR_HITS)
    d = excess - 0.8
    for _ in range(4):  # Newton's steps: the excess rises with d by between 0 and 1
        tail = math.exp(log_tail(d))
        ratio = math.exp(-0.5 * d * d) / (ROOT_2PI * tail)
        slope = max(1.0 - ratio * (d + ratio), 0.1)
        d = min(max(d - (d + ratio - excess) / slope, -3.0), 6.0)
    return min(max(math.exp(log_tail(d)), noise.least_pd), noise.most_pd)


@jit
def amplitude_ratios(snr: np.ndarray, mean: np.ndarray, hits: np.ndarray, noise: Noise) -> np.ndarray:
    """Return `amplitude_ratio` of arrays (P,), float64."""
    out = np.empty(len(snr))
    for p in range(len(snr)):
        out[p] = amplitude_ratio(snr[p], mean[p], hits[p], noise)
    return out


@jit
def seen_probabilities(mean: np.ndarray, hits: np.ndarray, noise: Noise) -> np.ndarray:
    """Return `seen_probability` of arrays (N,), float64."""
    out = np.empty(len(mean))
    for n in range(len(mean)):
        out[n] = seen_probability(mean[n], hits[n], noise)
    return out
