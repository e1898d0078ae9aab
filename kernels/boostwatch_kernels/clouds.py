"""Cloud layers: sampling a texture laid over the Earth, and laying a layer over a scene."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import brief_jit, jit
from .resample import cubic_weights

CLEAR = np.float32(-1e9)
"""Value of a cloud field where there is no layer to be seen, as beyond the limb."""
_BLOCK = 64


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
def _stretches(cells: int, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first cell after each node (nodes,) and how far each cell lies between its two nodes (cells,)."""
    begin, part = np.full(nodes, cells, np.int32), np.empty(cells, np.float32)
    for c in range(cells - 1, -1, -1):
        x = c * (nodes - 1) / max(cells - 1, 1)
        k = min(int(x), nodes - 2)
        begin[k] = c
        part[c] = np.float32(x - k)
    return begin, part


@jit
def _between(texture: np.ndarray, u: float, v: float) -> float:
    """Return a periodic texture at a place (row, column) by cubic convolution."""
    # Of a power of two the remainder is a mask of bits; unsigned indices are not looked at for being negative.
    down, across = texture.shape[0] - 1, texture.shape[1] - 1
    p, q = math.floor(u), math.floor(v)
    y, x = cubic_weights(u - p), cubic_weights(v - q)
    c0, c1 = np.uint64((q - 1) & across), np.uint64(q & across)
    c2, c3 = np.uint64((q + 1) & across), np.uint64((q + 2) & across)
    total = 0.0
    for k in range(4):
        r = np.uint64((p - 1 + k) & down)
        line = x[0] * texture[r, c0] + x[1] * texture[r, c1] + x[2] * texture[r, c2] + x[3] * texture[r, c3]
        total += y[k] * line
    return total


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
    begin, part = _stretches(width, nodes_x)
    u, v = np.empty(nodes_x), np.empty(nodes_x)
    for i in range(rows[0], rows[1]):
        y = i * (nodes_y - 1) / max(height - 1, 1)
        a = min(int(y), nodes_y - 2)
        f = y - a
        for k in range(nodes_x):  # a node of no weight does not count, not even if it is NaN
            u[k] = row[a, k] if f == 0 else row[a + 1, k] if f == 1 else (1 - f) * row[a, k] + f * row[a + 1, k]
            v[k] = (
                column[a, k]
                if f == 0
                else column[a + 1, k]
                if f == 1
                else (1 - f) * column[a, k] + f * column[a + 1, k]
            )
        line = out[i]
        for k in range(nodes_x - 1):
            du, dv = u[k + 1] - u[k], v[k + 1] - v[k]
            for c in range(begin[k], begin[k + 1]):
                g = float(part[c])
                at_u = u[k] if g == 0 else u[k + 1] if g == 1 else u[k] + g * du
                at_v = v[k] if g == 0 else v[k + 1] if g == 1 else v[k] + g * dv
                line[c] = CLEAR if math.isnan(at_u + at_v) else np.float32(_between(texture, at_u, at_v))


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


@brief_jit
def transmit_layer(
    early: np.ndarray, late: np.ndarray, share: np.float32, place: np.ndarray, secant: np.ndarray, threshold: Threshold,
    out: np.ndarray,
) -> None:  # fmt: skip
    """Multiply light by what a layer leaves of it.

    Parameters
    ----------
    early, late : float32 (P, Q)
        Periodic textures of two moments, see `sample`.
    share : float32
        Weight of the later one; where it is 0 that is not looked at.
    place : float64 (2, K)
        Texture coordinates (row, column); NaN where the light does not pass the layer.
    secant : float64 (K,)
        Of the zenith angle of the light.
    threshold : Threshold
    out : float64 (K,), changed
    """
    shape = packed(threshold)
    for k in range(out.shape[0]):
        row, column = place[0, k], place[1, k]
        if math.isnan(row) or math.isnan(column):
            continue
        value = np.float32(_between(early, row, column))
        if share != 0:
            value += share * (np.float32(_between(late, row, column)) - value)
        out[k] *= 1.0 - opacity(value, np.float32(secant[k]), shape)[1]


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
def _next_cloud(early: np.ndarray, late: np.ndarray, least: np.float32, start: int) -> tuple[int, int]:
    """Return the next stretch, in whole blocks, in which some cell has cloud; both ends alike where none is left."""
    width = early.shape[0]
    first = -1
    for block in range(start, width, _BLOCK):
        cloudy = 0  # a count of whole numbers vectorises where a maximum of floats does not
        a, b = early[block : block + _BLOCK], late[block : block + _BLOCK]
        for c in range(a.shape[0]):
            cloudy += (a[c] > least) | (b[c] > least)
        if cloudy and first < 0:
            first = block
        if not cloudy and first >= 0:
            return first, block
    return (first, width) if first >= 0 else (width, width)


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
    early, late : float32 (R, M)
        Cloud field at two moments on the rows to be done; `CLEAR` where there is none.
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
    begin, part = _stretches(width, nodes_x)
    sec = np.empty(width, np.float32)
    top = np.empty((bands, 3, width), np.float32)
    depth, alpha = np.empty(width, np.float32), np.empty(width, np.float32)
    # Geometry changes little from row to row: it is interpolated once for a few of them, half a node at most.
    hold = max(1, min(8, int(0.5 * (height - 1) / max(nodes_y - 1, 1))))
    held = -1
    for i in range(rows[0], rows[1]):
        end = 0
        while end < width:
            start, end = _next_cloud(early[i - rows[0]], late[i - rows[0]], least, end)
            if start >= end:
                break
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
            one, two = early[i - rows[0], start:end], late[i - rows[0], start:end]
            _opacities(one, two, s, sec[start:end], shape, depth[start:end], alpha[start:end])
            for b in range(bands):
                _lay(
                    canvas[b, i, start:end], depth[start:end], alpha[start:end],
                    top[b, 0, start:end], top[b, 1, start:end], top[b, 2, start:end],
                )  # fmt: skip
