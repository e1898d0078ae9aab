"""Radiance of the Earth's surface cell by cell: map, texture, temperature, Planck, air.

What varies over many pixels comes on a regular lattice of nodes and is interpolated linearly row by row; what varies
from cell to cell is looked up: the class of the ground on a map of the world, and textures that are periodic on the
scene's own map, so that they stay with the ground when the platform moves.
"""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit

WATER = 0


class Ground(NamedTuple):
    """The map of the world and the textures.

    ``classes`` uint8 (R, 2R) from 90 N 180 W, 0 is water; ``texture`` float32 (P, P, 4), P a power of two: on the map's
    north and east, periodic, shifts of the place in degrees of latitude and of (local) longitude, of temperature and of
    reflectance; ``texture_m`` size of its cells; ``sharpness`` width of the map's cells over that of a coast.
    """

    classes: np.ndarray
    texture: np.ndarray
    texture_m: float
    sharpness: float


class Surface(NamedTuple):
    """What the classes are like.

    ``daily_k``, ``offset_k``, ``ceiling_k`` float32 (C,): daily swing, offset and greatest temperature; ``emissivity``
    float32 (B, C); ``sea_texture_k``, ``sea_patches``, ``land_patches`` float: contrast of the textures.
    """

    daily_k: np.ndarray
    offset_k: np.ndarray
    ceiling_k: np.ndarray
    emissivity: np.ndarray
    sea_texture_k: float
    sea_patches: float
    land_patches: float


class Nodes(NamedTuple):
    """What is known on the lattice; outermost nodes lie on outermost cells.

    ``place`` float64 (4, Y, X): latitude and longitude (deg), east and north (m), NaN past the limb; ``field`` float32
    (5, Y, X): temperature of sea and of land, phase of the daily swing, contrast of the land's temperature (K), degrees
    of longitude in one of latitude; ``band`` float32 (B, 6, Y, X): transmittance of cold light, how much more of warm
    light, radiance of the air (past the limb: all there is), of a white matt surface in sunlight, of the glint, and the
    emissivity of the sea.
    """

    place: np.ndarray
    field: np.ndarray
    band: np.ndarray


class Planck(NamedTuple):
    """Black-body radiance by temperature.

    ``table`` float32 (B, K, 2): radiance, and radiance times its place between cold and warm light; entry ``k`` belongs
    to ``first_k + k / per_k``.
    """

    table: np.ndarray
    first_k: float
    per_k: float


@jit
def _spread(nodes: np.ndarray, row: int, out: np.ndarray, cells: int, turn: float) -> None:
    """Interpolate the lattice to one row of cells; a ``turn`` other than 0 is the period of an angle."""
    ny, nx = nodes.shape
    m = out.shape[0]
    line = np.empty(nx, nodes.dtype)
    if ny == cells:
        line[:] = nodes[row]
    else:
        at = row * (ny - 1) / (cells - 1)
        i = min(int(at), ny - 2)
        f = at - i
        for j in range(nx):
            step = nodes[i + 1, j] - nodes[i, j]
            if turn > 0.0:
                step -= turn * math.floor(step / turn + 0.5)
            line[j] = nodes[i, j] + f * step
    if nx == m:
        out[:] = line
        return
    per = (nx - 1) / (m - 1)
    start = 0
    for j in range(nx - 1):
        stop = m if j == nx - 2 else min(m, math.ceil((j + 1) / per))
        step = line[j + 1] - line[j]
        if turn > 0.0:
            step -= turn * math.floor(step / turn + 0.5)
        base = line[j] + (start * per - j) * step
        step *= per
        part = out[start:stop]
        for c in range(part.shape[0]):
            part[c] = base + c * step
        start = stop


@jit
def _look_up(classes: np.ndarray, latitude_deg: float, longitude_deg: float) -> tuple[float, int]:
    """Share of water by bilinear interpolation, and the class of the nearest of the four cells that is land."""
    rows, columns = classes.shape
    y = (90.0 - latitude_deg) * (rows / 180.0) - 0.5
    y = min(max(y, 0.0), rows - 1.001)
    x = (longitude_deg + 180.0) * (columns / 360.0) - 0.5
    i, left = int(y), math.floor(x)
    v, u = y - i, x - left
    left = left % columns
    right = left + 1 if left + 1 < columns else 0
    a, b, c, d = classes[i, left], classes[i, right], classes[i + 1, left], classes[i + 1, right]
    if a == b and a == c and a == d:
        return (1.0, 0) if a == WATER else (0.0, int(a))
    share, best, land = 0.0, -1.0, 0
    for corner, weight in ((a, (1 - u) * (1 - v)), (b, u * (1 - v)), (c, (1 - u) * v), (d, u * v)):
        if corner == WATER:
            share += weight
        elif weight > best:
            best, land = weight, int(corner)
    return share, land


@jit
def earth_radiance(ground: Ground, surface: Surface, nodes: Nodes, planck: Planck, out: np.ndarray) -> None:
    """Fill a scene with the radiance of the Earth at the top of the atmosphere.

    Parameters
    ----------
    ground, surface, nodes, planck
        See there.
    out : float32 (B, N, M), written
        W/m2/sr/um.
    """
    bands, n, m = out.shape
    size = ground.texture.shape[0]
    mask = size - 1
    last = planck.table.shape[1] - 2
    place = np.empty((4, m), np.float64)
    field = np.empty((5, m), np.float32)
    light = np.empty((bands, 6, m), np.float32)
    for r in range(n):
        for k in range(4):
            _spread(nodes.place[k], r, place[k], n, 360.0 if k == 1 else 0.0)
        for k in range(5):
            _spread(nodes.field[k], r, field[k], n, 0.0)
        for b in range(bands):
            for k in range(6):
                _spread(nodes.band[b, k], r, light[b, k], n, 0.0)
        for c in range(m):
            latitude = place[0, c]
            if math.isnan(latitude):
                for b in range(bands):
                    out[b, r, c] = light[b, 2, c]
                continue
            x, y = place[2, c] / ground.texture_m, place[3, c] / ground.texture_m
            j0, i0 = math.floor(x), math.floor(y)
            u, v = np.float32(x - j0), np.float32(y - i0)
            i1, j1 = (i0 + 1) & mask, (j0 + 1) & mask
            i0, j0 = i0 & mask, j0 & mask
            one = np.float32(1)
            w00, w01, w10, w11 = (one - v) * (one - u), (one - v) * u, v * (one - u), v * u
            t = ground.texture
            north = t[i0, j0, 0] * w00 + t[i0, j1, 0] * w01 + t[i1, j0, 0] * w10 + t[i1, j1, 0] * w11
            east = t[i0, j0, 1] * w00 + t[i0, j1, 1] * w01 + t[i1, j0, 1] * w10 + t[i1, j1, 1] * w11
            warmth = t[i0, j0, 2] * w00 + t[i0, j1, 2] * w01 + t[i1, j0, 2] * w10 + t[i1, j1, 2] * w11
            patch = t[i0, j0, 3] * w00 + t[i0, j1, 3] * w01 + t[i1, j0, 3] * w10 + t[i1, j1, 3] * w11
            share, land = _look_up(ground.classes, latitude + north, place[1, c] + east * field[4, c])
            water = min(max(0.5 + (share - 0.5) * ground.sharpness, 0.0), 1.0)
            for b in range(bands):
                out[b, r, c] = light[b, 2, c]
            if water > 0.0:
                kelvin = field[0, c] + surface.sea_texture_k * warmth
                at = min(max((kelvin - planck.first_k) * planck.per_k, 0.0), float(last))
                k = int(at)
                f = np.float32(at - k)
                bright = np.float32(max(1.0 + surface.sea_patches * patch, 0.0))
                for b in range(bands):
                    table = planck.table[b]
                    black = table[k, 0] + f * (table[k + 1, 0] - table[k, 0])
                    shifted = table[k, 1] + f * (table[k + 1, 1] - table[k, 1])
                    own = light[b, 5, c] * (black * light[b, 0, c] + shifted * light[b, 1, c])
                    out[b, r, c] += np.float32(water) * (own + bright * light[b, 4, c])
            if water < 1.0:
                kelvin = (
                    field[1, c] + surface.offset_k[land] + surface.daily_k[land] * field[2, c] + field[3, c] * warmth
                )
                kelvin = min(kelvin, surface.ceiling_k[land])
                at = min(max((kelvin - planck.first_k) * planck.per_k, 0.0), float(last))
                k = int(at)
                f = np.float32(at - k)
                bright = np.float32(max(1.0 + surface.land_patches * patch, 0.0))
                for b in range(bands):
                    table = planck.table[b]
                    black = table[k, 0] + f * (table[k + 1, 0] - table[k, 0])
                    shifted = table[k, 1] + f * (table[k + 1, 1] - table[k, 1])
                    e = surface.emissivity[b, land]
                    own = e * (black * light[b, 0, c] + shifted * light[b, 1, c])
                    sunlit = (one - e) * bright * light[b, 3, c]
                    out[b, r, c] += np.float32(1.0 - water) * (own + sunlit)
