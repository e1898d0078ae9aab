"""Natural Earth land for the map: the whole Earth coarsely, and finely what is near the events."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ring = list[list[float]]
Polygons = list[list[Ring]]
"""A GeoJSON MultiPolygon's coordinates, (longitude, latitude) in degrees, wound as d3-geo wants it."""

FINEST_REACH_DEG = 25.0
"""Beyond that the coarse land is as good, and the fine one large."""


def coarse_land() -> Polygons:
    """Return all land at 1:110 million."""
    return [[_plain(ring, 2) for ring in polygon] for polygon in _polygons("land-110m.json")]


def fine_land(latitude_deg: float, longitude_deg: float, reach_deg: float) -> Polygons:
    """Return the land at 1:50 million in a box about a point, cut at its sides.

    Parameters
    ----------
    latitude_deg, longitude_deg : float
        Middle of the box.
    reach_deg : float
        Degrees of arc from the middle to a side. Longitudes spread towards the poles, and the box with them.

    Returns
    -------
    list of list of list
        Longitudes within 180 degrees of the middle, some of them past +-180; empty where ``reach_deg`` passes
        `FINEST_REACH_DEG`.
    """
    if reach_deg > FINEST_REACH_DEG:
        return []
    south, north = latitude_deg - reach_deg, latitude_deg + reach_deg
    widest = max(abs(south), abs(north))
    wide = min(reach_deg / np.cos(np.radians(widest)), 180.0) if widest < 85.0 else 180.0
    west, east = longitude_deg - wide, longitude_deg + wide
    out: Polygons = []
    for polygon in _polygons("land-50m.json"):
        for turn in (-360.0, 0.0, 360.0):
            by = np.array([turn, 0.0])
            shell = polygon[0] + by
            low, high = shell.min(axis=0), shell.max(axis=0)
            if low[0] > east or high[0] < west or low[1] > north or high[1] < south:
                continue
            cut = [_cut(ring + by, west, east, south, north) for ring in polygon]
            out += [[_plain(ring, 3) for ring in cut if len(ring) > 3]] if len(cut[0]) > 3 else []
    return out


def _polygons(name: str) -> list[list[Array]]:
    """Read the polygons of a TopoJSON file of land: the arcs are differences of whole numbers, shared by rings."""
    place = files("boostwatch.assess.report").joinpath("static", "vendor", name)
    topology: dict[str, Any] = json.loads(place.read_text("utf-8"))
    scale, origin = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    arcs = [np.cumsum(np.array(arc), axis=0) * scale + origin for arc in topology["arcs"]]

    def ring(numbers: list[int]) -> Array:
        parts = [arcs[n] if n >= 0 else arcs[~n][::-1] for n in numbers]
        return np.concatenate([part[(i > 0) :] for i, part in enumerate(parts)])

    (land,) = topology["objects"]["land"]["geometries"]
    return [[ring(numbers) for numbers in polygon] for polygon in land["arcs"]]


def _cut(ring: Array, west: float, east: float, south: float, north: float) -> Array:
    """Cut a closed ring at the four sides of a box (Sutherland and Hodgman, Communications of the ACM 17, 1974)."""
    for axis, limit, sign in ((0, west, 1), (0, east, -1), (1, south, 1), (1, north, -1)):
        ring = _halve(ring, axis, limit, sign)
        if not len(ring):
            break
    return ring


def _halve(ring: Array, axis: int, limit: float, sign: int) -> Array:
    """Keep the part of a closed ring (N, 2) on one side of a line; the cut goes along the line."""
    inside = sign * (ring[:, axis] - limit) >= 0
    if inside.all():
        return ring
    out: list[Array] = []
    for i in range(len(ring) - 1):
        a, b = ring[i], ring[i + 1]
        if inside[i]:
            out.append(a)
        if inside[i] != inside[i + 1]:
            out.append(a + (b - a) * (limit - a[axis]) / (b[axis] - a[axis]))
    return np.array([*out, out[0]]) if out else np.empty((0, 2))


def _plain(ring: Array, decimals: int) -> Ring:
    """Round a ring and leave out what then stands still."""
    at = ring.round(decimals)
    keep = np.append(True, np.any(np.diff(at, axis=0) != 0, axis=1))
    out: Ring = at[keep].tolist()
    return out if len(out) > 3 else ring.tolist()
