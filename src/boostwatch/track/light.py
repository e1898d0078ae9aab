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


def line_evidence(sums: Array, offset: Array, course: Array) -> Array:
    """Return the log evidence (Q, N) of some courses of the light.

    Parameters
    ----------
    sums : float64 (N, 8)
        Moments, see `boostwatch_kernels.tracks`.
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
