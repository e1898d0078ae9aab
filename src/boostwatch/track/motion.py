"""How well one path or another explains a track: evidence of polynomial motion from running sums.

Each axis of a track is a polynomial of time with a normal prior on its coefficients, seen with independent errors;
its marginal likelihood has a closed form in the weighted moments of the data (Bishop, Pattern Recognition and Machine
Learning, 2006, section 3.5). The moments are sums, so a track costs the same however long it is.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from boostwatch_kernels.tracks import TIME_UNIT_S, WINDOW_S

__all__ = ["TIME_UNIT_S", "WINDOW_S", "ascent_evidence", "focal_evidence"]

Array = NDArray[np.float64]


def focal_evidence(sums: Array, hits: Array) -> Array:
    """Return the log evidence (N,) of a source that stays within 1 px where it is on the focal plane.

    Parameters
    ----------
    sums : float64 (N, 2, 17)
        Moments, see `boostwatch_kernels.tracks`.
    hits : float64 (N,)
        Number of hits that went into them.

    Returns
    -------
    float64 (N,)
    """
    weight, first, second, log_var = np.moveaxis(sums[:, :, 13:17], 2, 0)
    a = weight + 1.0
    fit = (second - first**2 / a + np.log(a) + log_var).sum(axis=1)
    out: Array = -0.5 * fit - hits * math.log(2 * math.pi)
    return out


def ascent_evidence(sums: Array, hits: Array, mean: Array, cov: Array, excess: float = 1.0) -> Array:
    """Return the log evidence (G, N) of cubic motion under normal priors that tie both axes together.

    Parameters
    ----------
    sums : float64 (N, 2, 17)
        Moments, see `boostwatch_kernels.tracks`.
    hits : float64 (N,)
        Number of hits that went into them.
    mean : float64 (G, 8)
        Coefficients of 1, t, t^2, t^3 (t in tens of seconds) of x, then of y; px.
    cov : float64 (G, 8, 8)
        Their covariance.
    excess : float
        True variance of the positions over the one they were weighted with.

    Returns
    -------
    float64 (G, N)
    """
    index = np.arange(4)[:, None] + np.arange(4)[None, :]
    log_var = sums[:, :, 12].sum(axis=1) + 2.0 * hits * math.log(excess)
    sums = sums / excess
    gram = np.zeros((len(sums), 8, 8))
    gram[:, :4, :4], gram[:, 4:, 4:] = sums[:, 0][:, index], sums[:, 1][:, index]
    rhs = sums[:, :, 7:11].reshape(-1, 8)
    precision = np.linalg.inv(cov)
    pull = np.einsum("gij,gj->gi", precision, mean)
    a = gram + precision[:, None]
    b = rhs + pull[:, None]
    solved = np.linalg.solve(a, b[..., None])[..., 0]
    fit = sums[:, :, 11].sum(axis=1) + (mean * pull).sum(axis=1)[:, None] - (b * solved).sum(axis=2)
    occam = np.linalg.slogdet(a)[1] + np.linalg.slogdet(cov)[1][:, None]
    out: Array = -0.5 * (2 * hits * math.log(2 * math.pi) + log_var + fit + occam)
    return out
