"""How well one course of the light or another explains a track: evidence of exponential growth from running sums.

The log of the flux is a straight line in time, with a normal prior on its start and its slope, seen with the error of
each flux and some flicker; its marginal likelihood has a closed form in weighted moments (Bishop, Pattern Recognition
and Machine Learning, 2006, section 3.5).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FLICKER = 0.08
"""Relative 1-sigma by which any light varies from frame to frame."""

# Columns of the moments (N, 8), w one over the variance of y, the log of the flux: sums of w, w t, w t^2, w y, w t y,
# w y^2, of the log variance, and the count.
N_LIGHT = 8


def add_light(sums: Array, at: tuple[NDArray[np.int64], ...], t_s: Array, flux: Array, sigma: Array) -> None:
    """Add a flux to each of some tracks, in place.

    Parameters
    ----------
    sums : float64 (..., 8), changed
        Moments.
    at : tuple of int64 (K,)
        Where in the leading axes those of each flux are; none twice.
    t_s : float64 (K,)
        Time since the look's first hit, s.
    flux, sigma : float64 (K,)
        Flux and its 1-sigma, electrons; what is not positive, or not known, is left out.
    """
    use = np.isfinite(flux) & (flux > 0)
    if not use.any():
        return
    t, y = t_s[use], np.log(flux[use])
    error = np.where(np.isfinite(sigma[use]), sigma[use] / flux[use], 0.3)
    var = np.minimum(error, 1.0) ** 2 + FLICKER**2
    w = 1.0 / var
    sums[tuple(k[use] for k in at)] += np.stack(
        [w, w * t, w * t * t, w * y, w * t * y, w * y * y, np.log(var), np.ones_like(y)], axis=1
    )


def line_evidence(sums: Array, offset: Array, course: Array) -> Array:
    """Return the log evidence (Q, N) of some courses of the light.

    Parameters
    ----------
    sums : float64 (N, 8)
        Moments.
    offset : float64 (N,)
        What is to be added to the log of a flux to make it that of an intensity, W/sr.
    course : float64 (Q, 5)
        Mean and 1-sigma of the log of the first intensity, mean and 1-sigma of its growth, 1/s, and the true variance
        about the line over that expected.

    Returns
    -------
    float64 (Q, N)
    """
    w, wt, wtt, wy, wty, wyy, log_var, n = sums.T
    start, start_sigma, growth, growth_sigma, excess = (course[:, k, None] for k in range(5))
    start = start - offset
    # Residuals from the prior's mean.
    ry = wy - start * w - growth * wt
    rty = wty - start * wt - growth * wtt
    ryy = wyy - 2 * start * wy - 2 * growth * wty + start**2 * w + 2 * start * growth * wt + growth**2 * wtt
    a = w / excess + 1.0 / start_sigma**2
    b = wt / excess
    d = wtt / excess + 1.0 / growth_sigma**2
    det = a * d - b * b
    fit = ryy / excess - (d * ry**2 - 2 * b * ry * rty + a * rty**2) / det / excess**2
    occam = np.log(det) + 2.0 * np.log(start_sigma * growth_sigma)
    out: Array = -0.5 * (n * (math.log(2 * math.pi) + np.log(excess)) + log_var + fit + occam)
    return out
