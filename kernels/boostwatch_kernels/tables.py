"""Smooth interpolation of tables of two variables, and the air that such tables describe."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import brief_jit, jit


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


class Air(NamedTuple):
    """Optical depth of the air above a height, of B bands, between two source spectra each.

    ``rows`` float64 (R,) heights, km; ``columns`` float64 (C,) logarithms of the air mass; ``low``, ``high`` float64
    (B, 4, R, C) `bicubic` parts of the depth's logarithm for the spectra on both sides, ``share`` float64 (B,) the
    place between them; ``top_km`` float, above which the air is clear.
    """

    rows: np.ndarray
    columns: np.ndarray
    low: np.ndarray
    high: np.ndarray
    share: np.ndarray
    top_km: float


@jit
def log_air_mass(cosine: float) -> float:
    """Return the logarithm of the effective air mass over the cosine of the zenith angle (Kasten and Young, 1989)."""
    c = min(max(cosine, 0.0), 1.0)
    out: float = -math.log(c + 0.50572 * (96.07995 - math.degrees(math.acos(c))) ** -1.6364)
    return out


@jit
def _clear(air: Air, band: int, height_km: float, log_mass: float) -> float:
    """Return the transmittance from a height to space."""
    if height_km >= air.top_km:
        return 1.0
    a = math.exp(-math.exp(_surface(air.rows, air.columns, air.low[band], height_km, log_mass)))
    b = math.exp(-math.exp(_surface(air.rows, air.columns, air.high[band], height_km, log_mass)))
    out: float = min(max(a + (b - a) * air.share[band], 0.0), 1.0)
    return out


@brief_jit
def transmit(air: Air, radius_km: float, height_m: np.ndarray, cosine: np.ndarray, out: np.ndarray) -> None:
    """Return what the air leaves of light from points to space.

    A ray that starts downwards (cosine below 0) passes its lowest point first: from there it leaves the air on both
    sides alike, less what lies behind the point itself.

    Parameters
    ----------
    air : Air
    radius_km : float
        Of the Earth.
    height_m : float64 (K,)
        Of the points.
    cosine : float64 (K,)
        Of the zenith angle of the ray at each point; NaN gives 0.
    out : float64 (B, K), written
        Band-mean transmittance.
    """
    horizon = log_air_mass(0.0)
    for k in range(height_m.shape[0]):
        c, h = cosine[k], 1e-3 * height_m[k]
        if math.isnan(c):
            out[:, k] = 0.0
            continue
        mass = log_air_mass(abs(c))
        lowest = max((radius_km + h) * math.sqrt(max(1.0 - c * c, 0.0)) - radius_km, 0.0)
        for b in range(out.shape[0]):
            own = _clear(air, b, h, mass)
            if c < 0:
                half = _clear(air, b, lowest, horizon)
                own = min(half * half / max(own, 1e-30), half)
            out[b, k] = own
