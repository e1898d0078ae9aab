"""Cloud layers: sampling a texture laid over the Earth, and laying a layer over a scene."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit
from .resample import cubic_weights

CLEAR = np.float32(-1e9)
"""Value of a cloud field where there is no layer to be seen, as beyond the limb."""
_BLOCK = 256


class Threshold(NamedTuple):
    """How a field becomes a cloud; all float.

    ``edge`` is the value at which cloud begins and ``ramp`` the width over which a cell is partly covered; from there
    to ``deep`` the depth grows from 0 to 1 and the optical depth at the zenith from ``thin`` to ``thick``.
    """

    edge: float
    ramp: float
    deep: float
    thin: float
    thick: float


@jit
def _between(texture: np.ndarray, u: float, v: float) -> float:
    """Return a periodic texture at a place (row, column) by cubic convolution."""
    down, across = texture.shape[0] - 1, texture.shape[1] - 1  # of a power of two the remainder is a mask of bits
    p, q = math.floor(u), math.floor(v)
    wy, wx = cubic_weights(u - p), cubic_weights(v - q)
    q0, q1, q2, q3 = (q - 1) & across, q & across, (q + 1) & across, (q + 2) & across
    total = 0.0
    for k in range(4):
        line = texture[(p - 1 + k) & down]
        total += wy[k] * (wx[0] * line[q0] + wx[1] * line[q1] + wx[2] * line[q2] + wx[3] * line[q3])
    return total


@jit
def sample_points(texture: np.ndarray, row: np.ndarray, column: np.ndarray, out: np.ndarray) -> None:
    """Like `sample` at single places (K,); float32 (K,), written."""
    for k in range(out.shape[0]):
        if math.isnan(row[k]) or math.isnan(column[k]):
            out[k] = CLEAR
        else:
            out[k] = np.float32(_between(texture, row[k], column[k]))


@jit
def sample(texture: np.ndarray, row: np.ndarray, column: np.ndarray, out: np.ndarray, rows: tuple[int, int]) -> None:
    """Sample a periodic texture where the cells of a canvas meet it.

    Parameters
    ----------
    texture : float32 (P, Q)
        Both powers of two.
    row, column : float64 (A, B)
        Texture coordinates on nodes spread evenly over the canvas from its first to its last cell; between them they
        are interpolated linearly. NaN where the line of sight misses the layer.
    out : float32 (N, M), written
        Cubic convolution of the texture; `CLEAR` next to nodes that are NaN.
    rows : tuple of int
        First row and the one after the last to be written.
    """
    height, width = out.shape
    nodes_y, nodes_x = row.shape
    for i in range(rows[0], rows[1]):
        y = i * (nodes_y - 1) / max(height - 1, 1)
        a = min(int(y), nodes_y - 2)
        fy = y - a
        for j in range(width):
            x = j * (nodes_x - 1) / max(width - 1, 1)
            b = min(int(x), nodes_x - 2)
            fx = x - b
            w00, w01, w10, w11 = (1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx
            u = 0.0
            v = 0.0
            if w00 > 0:
                u += w00 * row[a, b]
                v += w00 * column[a, b]
            if w01 > 0:
                u += w01 * row[a, b + 1]
                v += w01 * column[a, b + 1]
            if w10 > 0:
                u += w10 * row[a + 1, b]
                v += w10 * column[a + 1, b]
            if w11 > 0:
                u += w11 * row[a + 1, b + 1]
                v += w11 * column[a + 1, b + 1]
            if math.isnan(u) or math.isnan(v):
                out[i, j] = CLEAR
                continue
            out[i, j] = np.float32(_between(texture, u, v))


@jit
def opacity(value: np.float32, secant: np.float32, shape: tuple[np.float32, ...]) -> tuple[np.float32, np.float32]:
    """Return depth (0 to 1) and opacity of a field's value seen under a secant; no branch, so that loops vectorise."""
    edge, ramp, deep, thin, thick = shape
    above = value - edge
    # Plain choices become one instruction each; np.minimum would also have to care for NaN.
    zero, one = np.float32(0), np.float32(1)
    cover = above * ramp + np.float32(0.5)
    cover = cover if cover > zero else zero
    cover = cover if cover < one else one
    depth = above * deep
    depth = depth if depth > zero else zero
    depth = depth if depth < one else one
    # exp(-x) by splitting off whole powers of two; the rest by its series, good to 2e-7.
    x = (thin + thick * depth) * secant * np.float32(1.442695041)
    x = x if x < np.float32(120) else np.float32(120)
    whole = np.floor(x + np.float32(0.5))
    f = np.float32(0.69314718) * (whole - x)
    series = np.float32(1.0 / 720.0) * f + np.float32(1.0 / 120.0)
    series = series * f + np.float32(1.0 / 24.0)
    series = series * f + np.float32(1.0 / 6.0)
    series = series * f + np.float32(0.5)
    series = series * f + np.float32(1)
    series = series * f + np.float32(1)
    power = np.int32((np.int32(127) - np.int32(whole)) << np.int32(23)).view(np.float32)
    return depth, cover * (np.float32(1) - series * power)


@jit
def packed(t: Threshold) -> tuple[np.float32, np.float32, np.float32, np.float32, np.float32]:
    """Return a threshold's figures as `opacity` wants them."""
    return (
        np.float32(t.edge),
        np.float32(1.0 / max(t.ramp, 1e-6)),
        np.float32(1.0 / max(t.deep - t.edge, 1e-6)),
        np.float32(t.thin),
        np.float32(t.thick - t.thin),
    )


@jit
def cover(value: np.ndarray, secant: np.ndarray, threshold: Threshold) -> np.ndarray:
    """Return the opacity, float32 (K,), of field values (K,) seen under secants (K,)."""
    out = np.empty(value.shape[0], np.float32)
    shape = packed(threshold)
    for k in range(value.shape[0]):
        out[k] = opacity(value[k], secant[k], shape)[1]
    return out


@jit
def _spread(nodes: np.ndarray, start: np.ndarray, share: np.ndarray, out: np.ndarray) -> None:
    """Interpolate one row of nodes linearly to cells; node ``k`` serves the cells from ``start[k]`` on."""
    for k in range(nodes.shape[0] - 1):
        here, step = nodes[k], nodes[k + 1] - nodes[k]
        # Stretch by stretch, where both nodes are constants: a gather a cell would cost more than all the rest.
        part, to = share[start[k] : start[k + 1]], out[start[k] : start[k + 1]]
        for c in range(part.shape[0]):
            to[c] = here + part[c] * step


@jit
def _lay(
    canvas: np.ndarray, depth: np.ndarray, alpha: np.ndarray, c0: np.ndarray, c1: np.ndarray, c2: np.ndarray
) -> None:
    """Lay one stretch of a layer over one band: its radiance is a parabola in the depth."""
    for c in range(canvas.shape[0]):
        d = depth[c]
        canvas[c] += alpha[c] * (c0[c] + d * (c1[c] + d * c2[c]) - canvas[c])


@jit
def _opacities(
    early: np.ndarray,
    late: np.ndarray,
    share: np.float32,
    secant: np.ndarray,
    shape: tuple[np.float32, ...],
    depth: np.ndarray,
    alpha: np.ndarray,
) -> None:
    for c in range(early.shape[0]):
        value = early[c] + share * (late[c] - early[c])
        depth[c], alpha[c] = opacity(value, secant[c], shape)


@jit
def overlay(
    canvas: np.ndarray,
    early: np.ndarray,
    late: np.ndarray,
    share: float,
    threshold: Threshold,
    nodes: tuple[np.ndarray, np.ndarray],
    rows: tuple[int, int],
) -> None:
    """Lay a layer of cloud over a scene in all bands, in place: ``scene*(1 - opacity) + top*opacity``.

    Parameters
    ----------
    canvas : float32 (B, N, M), changed
        Radiance.
    early, late : float32 (N, M)
        Cloud field at two moments; `CLEAR` where there is none.
    share : float
        Weight of the later one.
    threshold : Threshold
    nodes : tuple of array
        float32 (A, C), secant of the view at the layer on nodes spread evenly over the canvas, and float32
        (B, 3, A, C), radiance of opaque tops on the same nodes: coefficients of 1, depth and depth squared.
    rows : tuple of int
        First row and the one after the last to be done.
    """
    bands, height, width = canvas.shape
    secant, tops = nodes
    nodes_y, nodes_x = secant.shape
    shape = packed(threshold)
    least = np.float32(threshold.edge - 0.5 * threshold.ramp)
    s = np.float32(share)
    begin, part = np.full(nodes_x, width, np.int32), np.empty(width, np.float32)
    for c in range(width - 1, -1, -1):
        x = c * (nodes_x - 1) / max(width - 1, 1)
        k = min(int(x), nodes_x - 2)
        begin[k] = c
        part[c] = np.float32(x - k)
    sec = np.empty(width, np.float32)
    top = np.empty((bands, 3, width), np.float32)
    depth, alpha = np.empty(width, np.float32), np.empty(width, np.float32)
    # Geometry changes little from row to row: it is interpolated once for a few of them, an eighth of a node at most.
    hold = max(1, min(4, int(0.125 * (height - 1) / max(nodes_y - 1, 1))))
    held = -1
    for i in range(rows[0], rows[1]):
        for start in range(0, width, _BLOCK):
            block_early, block_late = early[i, start : start + _BLOCK], late[i, start : start + _BLOCK]
            cloudy = 0  # a count of whole numbers vectorises where a maximum of floats does not
            for c in range(block_early.shape[0]):
                cloudy += (block_early[c] > least) | (block_late[c] > least)
            if cloudy == 0:
                continue
            if i // hold != held:
                held = i // hold
                middle = min(held * hold + 0.5 * (hold - 1), height - 1.0)
                y = middle * (nodes_y - 1) / max(height - 1, 1)
                a = min(int(y), nodes_y - 2)
                f = np.float32(y - a)
                _spread(secant[a] + f * (secant[a + 1] - secant[a]), begin, part, sec)
                for b in range(bands):
                    for k in range(3):
                        _spread(tops[b, k, a] + f * (tops[b, k, a + 1] - tops[b, k, a]), begin, part, top[b, k])
            end = start + block_early.shape[0]
            _opacities(block_early, block_late, s, sec[start:end], shape, depth[start:end], alpha[start:end])
            for b in range(bands):
                _lay(
                    canvas[b, i, start:end], depth[start:end], alpha[start:end],
                    top[b, 0, start:end], top[b, 1, start:end], top[b, 2, start:end],
                )  # fmt: skip
