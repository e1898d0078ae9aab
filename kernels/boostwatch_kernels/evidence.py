"""Evidence of motion and of the course of the light from running sums, for many tracks and models at once.

Each axis of a track, and the log of its flux, is a polynomial of time with a normal prior on its coefficients, seen
with independent errors; its marginal likelihood has a closed form in the weighted moments of the data (Bishop, Pattern
Recognition and Machine Learning, 2006, section 3.5). The moments are sums (`boostwatch_kernels.tracks`), so a track
costs the same however long it is. Normal matrices are solved by Cholesky's method.
"""

import math

import numpy as np

from ._jit import jit

LOG_2PI = math.log(2.0 * math.pi)


@jit
def path_evidence(sums: np.ndarray, hits: np.ndarray, prior: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """Return the log evidence of polynomial motions, each axis with a normal prior on its coefficients.

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


@jit
def focal_evidence(sums: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """Return the log evidence of a source that stays within 1 px where it is on the focal plane.

    Parameters
    ----------
    sums : float64 (N, 2, 17)
        Moments.
    hits : float64 (N,)
        Number of hits that went into them.

    Returns
    -------
    float64 (N,)
    """
    out = np.empty(sums.shape[0])
    for n in range(sums.shape[0]):
        out[n] = -hits[n] * LOG_2PI
        for axis in range(2):
            s = sums[n, axis]
            a = s[13] + 1.0
            out[n] -= 0.5 * (s[15] - s[14] * s[14] / a + math.log(a) + s[16])
    return out


@jit
def cholesky(a: np.ndarray) -> float:
    """Replace the lower half of a symmetric matrix by its root ``L``, ``L L' = a``; return the log determinant."""
    log_det = 0.0
    for i in range(a.shape[0]):
        for j in range(i + 1):
            total = a[i, j]
            for k in range(j):
                total -= a[i, k] * a[j, k]
            a[i, j] = math.sqrt(total) if i == j else total / a[j, j]
        log_det += 2.0 * math.log(a[i, i])
    return log_det


@jit
def divide(root: np.ndarray, b: np.ndarray) -> None:
    """Replace ``b`` by ``L^-1 b``, with ``L`` the lower half of ``root``."""
    for i in range(b.shape[0]):
        total = b[i]
        for k in range(i):
            total -= root[i, k] * b[k]
        b[i] = total / root[i, i]


@jit
def ascent_evidence(sums: np.ndarray, hits: np.ndarray, mean: np.ndarray, cov: np.ndarray, excess: float) -> np.ndarray:
    """Return the log evidence of cubic motion under normal priors that tie both axes together.

    Parameters
    ----------
    sums : float64 (N, 2, 17)
        Moments.
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
    out = np.empty((mean.shape[0], sums.shape[0]))
    a, b, root, inverse, pull = np.empty((8, 8)), np.empty(8), np.empty((8, 8)), np.empty((8, 8)), np.empty(8)
    for g in range(mean.shape[0]):
        for i in range(8):
            pull[i] = 0.0
            for j in range(8):
                root[i, j], inverse[i, j] = cov[g, i, j], 1.0 if i == j else 0.0
        prior = cholesky(root)
        for i in range(8):
            divide(root, inverse[i])  # rows are the columns of L^-1: the precision is their products
        for i in range(8):
            for j in range(8):
                root[i, j] = 0.0
                for k in range(8):
                    root[i, j] += inverse[i, k] * inverse[j, k]
                pull[i] += root[i, j] * mean[g, j]
        offset = 0.0
        for i in range(8):
            offset += mean[g, i] * pull[i]
        for n in range(sums.shape[0]):
            fit, log_var = offset, 2.0 * hits[n] * math.log(excess)
            for i in range(8):
                s = sums[n, i // 4]
                for j in range(i + 1):
                    a[i, j] = root[i, j] + (s[i % 4 + j % 4] / excess if i // 4 == j // 4 else 0.0)
                b[i] = pull[i] + s[7 + i % 4] / excess
            for axis in range(2):
                fit += sums[n, axis, 11] / excess
                log_var += sums[n, axis, 12]
            occam = prior + cholesky(a)
            divide(a, b)
            for i in range(8):
                fit -= b[i] * b[i]
            out[g, n] = -hits[n] * LOG_2PI - 0.5 * (log_var + fit + occam)
    return out


@jit
def line_evidence(sums: np.ndarray, offset: float, course: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Return the log evidence of some courses of the light: the log of the flux is a straight line in time.

    Parameters
    ----------
    sums : float64 (N, 8)
        Moments of the light.
    offset : float
        What is to be added to the log of a flux to make it that of an intensity, W/sr.
    course : float64 (T, Q, 5)
        Tables of mean and 1-sigma of the log of the first intensity, mean and 1-sigma of its growth, 1/s, and the true
        variance about the line over that expected.
    which : int64 (N,)
        Table of each track.

    Returns
    -------
    float64 (Q, N)
    """
    out = np.empty((course.shape[1], sums.shape[0]))
    for n in range(sums.shape[0]):
        s = sums[n]
        for q in range(course.shape[1]):
            first, start_sigma, growth, growth_sigma, excess = course[which[n], q]
            start = first - offset
            # Residuals from the prior's mean.
            ry = s[3] - start * s[0] - growth * s[1]
            rty = s[4] - start * s[1] - growth * s[2]
            ryy = s[5] - start * (s[3] + ry) - growth * (s[4] + rty)
            a = s[0] / excess + 1.0 / start_sigma**2
            b = s[1] / excess
            d = s[2] / excess + 1.0 / growth_sigma**2
            det = a * d - b * b
            fit = ryy / excess - (d * ry * ry - 2.0 * b * ry * rty + a * rty * rty) / det / excess**2
            widths = math.log(det * (start_sigma * growth_sigma) ** 2)
            out[q, n] = -0.5 * (s[7] * (LOG_2PI + math.log(excess)) + s[6] + fit + widths)
    return out


@jit
def normal_evidence(x: np.ndarray, law: np.ndarray) -> np.ndarray:
    """Return the log density (Q, N) of figures (N,) under normal laws of mean and 1-sigma (Q, 2)."""
    out = np.empty((law.shape[0], x.shape[0]))
    for q in range(law.shape[0]):
        mean, sigma = law[q]
        for n in range(x.shape[0]):
            out[q, n] = -0.5 * (((x[n] - mean) / sigma) ** 2 + LOG_2PI) - math.log(sigma)
    return out


@jit
def log_beta(a: float, b: float) -> float:
    """Return the log of the beta function."""
    out: float = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    return out


@jit
def seen_evidence(hits: np.ndarray, misses: np.ndarray, favour: np.ndarray) -> np.ndarray:
    """Return the log evidence of what was seen and missed, by a beta law of the share of frames in which it is seen.

    Parameters
    ----------
    hits, misses : float64 (N,)
        Frames in which it was seen, and was not.
    favour : float64 (N,)
        First parameter of the law of what is there to be seen; the second is 1.

    Returns
    -------
    float64 (2, N)
        Of that, and where any share is as likely.
    """
    out = np.empty((2, hits.shape[0]))
    for n in range(hits.shape[0]):
        out[0, n] = log_beta(hits[n] + favour[n], misses[n] + 1.0) - log_beta(favour[n], 1.0)
        out[1, n] = log_beta(hits[n] + 1.0, misses[n] + 1.0)
    return out


@jit
def mixtures(parts: np.ndarray, log_share: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Return the log evidence of mixtures.

    Parameters
    ----------
    parts : float64 (Q, N)
        Log evidence of each part.
    log_share : float64 (T, M, Q)
        Tables of the logs of the parts' shares in each mixture; -inf for what has none.
    which : int64 (N,)
        Table of each track.

    Returns
    -------
    float64 (N, M)
    """
    out = np.empty((parts.shape[1], log_share.shape[1]))
    for n in range(parts.shape[1]):
        for m in range(log_share.shape[1]):
            share = log_share[which[n], m]
            most = -math.inf
            for q in range(parts.shape[0]):
                most = max(most, share[q] + parts[q, n])
            total = 0.0
            for q in range(parts.shape[0]):
                if share[q] > -math.inf:
                    total += math.exp(share[q] + parts[q, n] - most)
            out[n, m] = most + math.log(total)
    return out
