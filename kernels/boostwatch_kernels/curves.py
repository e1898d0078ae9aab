"""Tables of straight pieces: their values, and their integrals. A few points of a frame against numpy's overhead."""

import numpy as np

from ._jit import brief_jit, jit


@jit
def _piece(knots: np.ndarray, t: float) -> int:
    """Return the piece that holds ``t``; the first or the last one outside."""
    low, high = 0, knots.shape[0] - 1
    while high - low > 1:
        middle = (low + high) // 2
        if knots[middle] <= t:
            low = middle
        else:
            high = middle
    return low


@brief_jit
def interpolate_rows(knots: np.ndarray, table: np.ndarray, at: np.ndarray, out: np.ndarray) -> None:
    """Interpolate rows linearly, held at their ends.

    Parameters
    ----------
    knots : float64 (K,)
        Ascending, K at least 2.
    table : float64 (K, R)
    at : float64 (M,)
    out : float64 (M, R), written
    """
    for m in range(at.shape[0]):
        t = min(max(at[m], knots[0]), knots[-1])
        k = _piece(knots, t)
        u = (t - knots[k]) / (knots[k + 1] - knots[k])
        for r in range(table.shape[1]):
            out[m, r] = (1.0 - u) * table[k, r] + u * table[k + 1, r]


@brief_jit
def integrate_rows(knots: np.ndarray, level: np.ndarray, total: np.ndarray, at: np.ndarray, out: np.ndarray) -> None:
    """Integrate rows of straight pieces, 0 outside, from the first knot.

    Parameters
    ----------
    knots : float64 (K,)
        Ascending, K at least 2.
    level, total : float64 (K, R)
        Values, and integrals up to each knot.
    at : float64 (M,)
    out : float64 (M, R), written
    """
    for m in range(at.shape[0]):
        t = min(max(at[m], knots[0]), knots[-1])
        k = _piece(knots, t)
        since = t - knots[k]
        half = 0.5 * since / (knots[k + 1] - knots[k])
        for r in range(level.shape[1]):
            out[m, r] = total[k, r] + since * (level[k, r] + half * (level[k + 1, r] - level[k, r]))
