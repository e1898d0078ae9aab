"""Smooth interpolation of tables of two variables."""

import numpy as np

from ._jit import jit


@jit
def _weights(nodes: np.ndarray, at: float) -> tuple[int, float, float, float, float]:
    """Return the interval that holds a place, and the weights of value and slope at its start and its end.

    Beyond the nodes the weights are those of the straight line through the end.
    """
    low, high = 0, nodes.shape[0] - 1
    while high - low > 1:
        middle = (low + high) // 2
        if nodes[middle] <= at:
            low = middle
        else:
            high = middle
    step = nodes[low + 1] - nodes[low]
    t = min(max((at - nodes[low]) / step, 0.0), 1.0)
    s = 1.0 - t
    before, after = min(at - nodes[0], 0.0), max(at - nodes[-1], 0.0)
    return (
        low,
        (1.0 + 2.0 * t) * s * s,
        t * s * s * step + before,
        (1.0 + 2.0 * s) * t * t,
        -s * t * t * step + after,
    )


@jit
def _surface(rows: np.ndarray, columns: np.ndarray, parts: np.ndarray, row: float, column: float) -> float:
    """Return a Hermite bicubic at one place, see `bicubic`."""
    i, v0, s0, v1, s1 = _weights(rows, row)
    j, w0, u0, w1, u1 = _weights(columns, column)
    f, fr, fc, frc = parts[0], parts[1], parts[2], parts[3]
    total = v0 * (w0 * f[i, j] + u0 * fc[i, j]) + s0 * (w0 * fr[i, j] + u0 * frc[i, j])
    total += v0 * (w1 * f[i, j + 1] + u1 * fc[i, j + 1]) + s0 * (w1 * fr[i, j + 1] + u1 * frc[i, j + 1])
    total += v1 * (w0 * f[i + 1, j] + u0 * fc[i + 1, j]) + s1 * (w0 * fr[i + 1, j] + u0 * frc[i + 1, j])
    total += v1 * (w1 * f[i + 1, j + 1] + u1 * fc[i + 1, j + 1]) + s1 * (w1 * fr[i + 1, j + 1] + u1 * frc[i + 1, j + 1])
    out: float = total
    return out


@jit
def bicubic(
    rows: np.ndarray, columns: np.ndarray, parts: np.ndarray, row: np.ndarray, column: np.ndarray, out: np.ndarray
) -> None:
    """Evaluate a Hermite bicubic.

    Parameters
    ----------
    rows, columns : float64 (R,), (C,)
        Ascending nodes, at least two each.
    parts : float64 (4, R, C)
        At the nodes: value, slope along the rows' variable, along the columns' variable, and both.
    row, column : float64 (K,)
        Places; beyond the nodes the function goes on as a straight line. NaN gives NaN.
    out : float64 (K,), written
    """
    for k in range(out.shape[0]):
        out[k] = _surface(rows, columns, parts, row[k], column[k])
