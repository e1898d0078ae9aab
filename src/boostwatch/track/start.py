"""Where a track began: the place of its first hit, smoothed by the hits that followed it.

Each axis is a Gaussian process about an unknown place: speed and acceleration from the follower's priors, white jerk
on top, and a place that wanders, as the line of sight does where no registration takes it out. How much there is of
each is not known, so a few manners of motion are weighed by their evidence and the answer is their mixture. A hit that
the others do not believe, the first one too, is left out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch.records import Records

Array = NDArray[np.float64]

SPAN_S = 30.0
"""Only this much of a track tells where it began."""
SPEED_SIGMAS = 3.0
"""The fastest is so many sigmas of a first velocity: most start slow."""
MOST_POINTS = 40
"""Points that its hits are averaged to."""
STRANGE = 12.0
"""Squared distance, two axes, of a hit from what the others say, in its variance, beyond which it is a false alarm."""
MOST_STRANGE = 0.25
"""Share of the hits that can be."""


class Manner(NamedTuple):
    """A way to move."""

    moves: float
    """1 with speed and acceleration, 0 at rest."""
    jerk: float
    """Spectral density of white jerk, in squares of the acceleration's 1-sigma a second and s^2."""
    wander: float
    """Variance that the place gains in a second, px2."""
    scatter: float
    """Variance of the hits over the one told."""


# Those at rest first; each is as likely as any other.
MANNERS = np.array([
    Manner(0.0, 0.0, 0.0, 1.0), Manner(0.0, 0.0, 0.0, 4.0), Manner(0.0, 0.0, 0.01, 1.0), Manner(1.0, 0.0, 0.0, 1.0),
    Manner(1.0, 0.0, 0.0, 2.0), Manner(1.0, 1e-3, 0.0, 1.0), Manner(1.0, 1e-2, 0.0, 1.0), Manner(1.0, 1e-1, 0.0, 1.0),
    Manner(1.0, 0.0, 0.01, 1.0), Manner(1.0, 0.0, 0.04, 1.0),
])  # fmt: skip


class Beginning(NamedTuple):
    """Place of a track at its first hit, on the focal plane of that frame, px (2,), and its 1-sigma."""

    place: Array
    sigma: Array
    hits: int
    """How many hits it was told by."""


def beginning(hits: Records, speed_sigma: float, accel_sigma: float) -> Beginning:
    """Return where a track began.

    Parameters
    ----------
    hits : structured array (K,) of `boostwatch.track.history.hit_dtype`
        In order of time, at least one.
    speed_sigma, accel_sigma : float
        1-sigma an axis of a target's speed, px/s, and acceleration, px/s2.

    Returns
    -------
    Beginning
        A single hit says what it says itself.
    """
    first = hits[0]
    shift, shift_var = first["focal"] - first["scene"], float(first["shift_sigma"]) ** 2
    t, z, var = _points(hits[hits["time_s"] <= first["time_s"] + SPAN_S])
    if len(t) == 1:
        return Beginning(first["focal"].copy(), np.sqrt(first["var"]), len(hits))
    cov = _covariances(t, var, speed_sigma, accel_sigma)
    most = int(MOST_STRANGE * len(t))
    kept = np.arange(len(t))
    for left in range(most, -1, -1):
        place, place_var, evidence, odd = _weigh(cov[:, :, kept[:, None], kept], z[kept].T)
        weight = np.exp(evidence - evidence.max())
        weight /= weight.sum()
        far = odd[int(np.argmax(weight))]
        worst = int(np.argmax(far))
        if not left or far[worst] < STRANGE or len(kept) < 4:
            break
        kept = np.delete(kept, worst)
    mean = weight @ place
    spread = weight @ (place_var + (place - mean) ** 2)
    return Beginning(mean + shift, np.sqrt(spread + shift_var), len(hits))


def _points(hits: Records) -> tuple[Array, Array, Array]:
    """Return times from the first hit (N,), places in the scene (N, 2) and variances (N, 2), averaged."""
    t = hits["time_s"] - hits["time_s"][0]
    var = hits["var"] + hits["shift_sigma"][:, None] ** 2
    groups = np.array_split(np.arange(len(hits)), min(len(hits), MOST_POINTS))
    total = np.array([(1.0 / var[g]).sum(axis=0) for g in groups])
    z = np.array([(hits["scene"][g] / var[g]).sum(axis=0) for g in groups]) / total
    return np.array([t[g].mean() for g in groups]), z, 1.0 / total


def _covariances(t: Array, var: Array, speed_sigma: float, accel_sigma: float) -> Array:
    """Return the covariance (M, 2, N, N) of the places, their common one aside, under each manner."""
    low, high = np.minimum(t[:, None], t), np.maximum(t[:, None], t)
    apart = high - low
    jerk = accel_sigma**2 * (low**5 / 20 + apart * low**4 / 8 + apart**2 * low**3 / 12)
    motion = speed_sigma**2 * np.outer(t, t) + accel_sigma**2 * np.outer(t**2, t**2) / 4
    path = np.stack([motion, jerk, low])
    own = np.zeros((2, len(t), len(t)))
    own[:, np.arange(len(t)), np.arange(len(t))] = var.T
    shared = np.einsum("mk,kij->mij", MANNERS[:, :3], path)
    out: Array = shared[:, None] + MANNERS[:, 3, None, None, None] * own
    return out


def _weigh(cov: Array, z: Array) -> tuple[Array, Array, Array, Array]:
    """Return, under each manner, place and its variance (M, 2), log evidence (M,), and how far out each hit is (M, N).

    The place has a flat prior; how far out is the squared distance from what the other hits say, in its variance.

    Parameters
    ----------
    cov : float64 (M, 2, N, N)
    z : float64 (2, N)
    """
    inverse = np.linalg.inv(cov)
    ones = inverse.sum(axis=3)  # (M, 2, N)
    weight = ones.sum(axis=2)
    place = (ones * z).sum(axis=2) / weight
    rest = np.einsum("mkij,kj->mki", inverse, z) - ones * place[..., None]
    fit = (rest * z).sum(axis=2)
    evidence = -0.5 * (fit + np.linalg.slogdet(cov)[1] + np.log(weight)).sum(axis=1)
    own = np.einsum("mkii->mki", inverse) - ones**2 / weight[..., None]
    return place, 1.0 / weight, evidence, (rest**2 / np.maximum(own, 1e-300)).sum(axis=1)
