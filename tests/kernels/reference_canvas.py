"""Slow, obvious twins of the kernels in resample.py and clouds.py."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline

Array = NDArray[np.float64]


def spline_weight(distance: float) -> float:
    """Return the uniform cubic B-spline."""
    return float(np.nan_to_num(BSpline.basis_element([-2, -1, 0, 1, 2], extrapolate=False)(distance)))


def resample(early: Array, late: Array, first: Array, taps: Array, share: Array, shape: tuple[int, int]) -> Array:
    """Weights over plain canvases (N, M), one value a pixel."""
    step = 2
    out = np.empty(shape)
    for i in range(shape[0]):
        for j in range(shape[1]):
            y, x = first[i, 0], first[i, 1] + j * step
            a, b = early[y : y + 4, x : x + 4], late[y : y + 4, x : x + 4]
            out[i, j] = taps[i, 0] @ ((1 - share[i]) * a + share[i] * b) @ taps[i, 1]
    return out


def blur(canvas: Array, taps_y: Array, taps_x: Array, margin: int) -> Array:
    kernel = sum(np.outer(y, x) for y, x in zip(taps_y, taps_x, strict=True))
    half = len(taps_y[0]) // 2
    n, m = canvas.shape[0] - 2 * margin, canvas.shape[1] - 2 * margin
    out = np.empty((n, m))
    for i in range(n):
        for j in range(m):
            y, x = i + margin - half, j + margin - half
            out[i, j] = (kernel * canvas[y : y + 2 * half + 1, x : x + 2 * half + 1]).sum()
    return out


def bilinear(nodes: Array, i: float, j: int, shape: tuple[int, int]) -> float:
    y, x = i * (nodes.shape[0] - 1) / max(shape[0] - 1, 1), j * (nodes.shape[1] - 1) / max(shape[1] - 1, 1)
    a, b = min(int(y), nodes.shape[0] - 2), min(int(x), nodes.shape[1] - 2)
    total = 0.0
    for di, wy in ((0, 1 - (y - a)), (1, y - a)):
        for dj, wx in ((0, 1 - (x - b)), (1, x - b)):
            if wy * wx > 0:
                total += wy * wx * nodes[a + di, b + dj]
    return total


def keys(distance: float) -> float:
    d = abs(distance)
    if d < 1:
        return 1.5 * d**3 - 2.5 * d**2 + 1
    return -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2 if d < 2 else 0.0


def sample(texture: Array, row: Array, column: Array, shape: tuple[int, int]) -> Array:
    out = np.empty(shape)
    n, m = texture.shape
    for i in range(shape[0]):
        for j in range(shape[1]):
            u, v = bilinear(row, i, j, shape), bilinear(column, i, j, shape)
            if np.isnan(u) or np.isnan(v):
                out[i, j] = -1e9
                continue
            out[i, j] = sum(
                keys(u - p) * keys(v - q) * texture[p % n, q % m]
                for p in range(int(np.floor(u)) - 1, int(np.floor(u)) + 3)
                for q in range(int(np.floor(v)) - 1, int(np.floor(v)) + 3)
            )
    return out


def overlay(
    canvas: Array, early: Array, late: Array, share: float, threshold: Array, secant: Array, tops: Array
) -> Array:
    edge, ramp, deep, thin, thick = threshold
    """Node values are held for a few rows, half of the way to the next node at most, eight rows at most."""
    out = canvas.copy()
    shape = canvas.shape[1:]
    hold = max(1, min(8, int((shape[0] - 1) / (len(secant) - 1) / 2)))
    for i in range(shape[0]):
        middle = min(i // hold * hold + (hold - 1) / 2, shape[0] - 1)
        for j in range(shape[1]):
            above = early[i, j] + share * (late[i, j] - early[i, j]) - edge
            part = np.clip(above / ramp + 0.5, 0, 1)
            depth = np.clip(above / (deep - edge), 0, 1)
            alpha = part * (1 - np.exp(-(thin + (thick - thin) * depth) * bilinear(secant, middle, j, shape)))
            for b in range(len(canvas)):
                c = [bilinear(tops[b, k], middle, j, shape) for k in range(3)]
                top = c[0] + depth * (c[1] + depth * c[2])
                out[b, i, j] += alpha * (top - out[b, i, j])
    return out
