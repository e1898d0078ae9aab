"""Evidence of polynomial motion from running sums, for many tracks and models at once."""

import math

import numpy as np

from ._jit import jit

LOG_2PI = math.log(2.0 * math.pi)


@jit
def path_evidence(sums: np.ndarray, hits: np.ndarray, prior: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """Return the log evidence of polynomial motions, each axis with a normal prior on its coefficients.

    The evidence of linear regression under a normal prior is closed-form in weighted moments (Bishop, Pattern
    Recognition and Machine Learning, 2006, section 3.5); the normal matrix is solved by Cholesky's method.

    Parameters
    ----------
    sums : float64 (N, 2, >= 13)
        Of each track and axis, weighted by one over the variance: 0 to 6 sums of t^k, 7 to 10 of z t^k, 11 of z^2; 12
        the sum of the log variances.
    hits : float64 (N,)
        Number of terms in them.
    prior : float64 (Q, 4)
        1-sigma of the coefficients of 1, t, t^2, t^3; a coefficient of 0 and all after it are left out.
    excess : float64 (Q,)
        True variance of the positions over the one they were weighted with.

    Returns
    -------
    float64 (Q, N)
    """
    out = np.zeros((prior.shape[0], sums.shape[0]))
    a, b = np.zeros((4, 4)), np.zeros(4)
    for q in range(prior.shape[0]):
        order = 0
        while order < 4 and prior[q, order] > 0.0:
            order += 1
        for n in range(sums.shape[0]):
            for axis in range(2):
                s = sums[n, axis]
                # L L' = gram / excess + 1 / prior^2, and L b = rhs / excess, row by row.
                fit = s[11] / excess[q]
                occam = s[12] + hits[n] * math.log(excess[q])
                for i in range(order):
                    for j in range(i + 1):
                        total = s[i + j] / excess[q]
                        if i == j:
                            total += 1.0 / prior[q, i] ** 2
                        for k in range(j):
                            total -= a[i, k] * a[j, k]
                        a[i, j] = math.sqrt(total) if i == j else total / a[j, j]
                    total = s[7 + i] / excess[q]
                    for k in range(i):
                        total -= a[i, k] * b[k]
                    b[i] = total / a[i, i]
                    fit -= b[i] * b[i]
                    occam += 2.0 * math.log(a[i, i] * prior[q, i])
                out[q, n] -= 0.5 * (hits[n] * LOG_2PI + fit + occam)
    return out
