"""Distances laid off on the ellipsoid, and the areas they enclose as rings of longitude and latitude."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from boostwatch.geometry import WGS84_A_M, WGS84_B_M, WGS84_F, Array

_POINTS = 72
_STEP_DEG = 10.0


def destination(
    latitude_deg: ArrayLike, longitude_deg: ArrayLike, heading_deg: ArrayLike, distance_m: ArrayLike
) -> tuple[Array, Array]:
    """Return where geodesics on WGS84 end.

    The direct solution of Vincenty (Survey Review 23, 1975), below 1 mm.

    Parameters
    ----------
    latitude_deg, longitude_deg : array_like (...)
        The starts.
    heading_deg : array_like (...)
        At the starts, clockwise from north.
    distance_m : array_like (...)
        Along the ground.

    Returns
    -------
    latitude_deg, longitude_deg : float64 (...)
        Longitude is not brought into one turn: it differs from the start's by at most 180. NaN gives NaN.
    """
    lat, heading = np.radians(np.asarray(latitude_deg, np.float64)), np.radians(np.asarray(heading_deg, np.float64))
    start = np.asarray(distance_m, np.float64) / WGS84_B_M
    reduced = np.arctan2((1 - WGS84_F) * np.sin(lat), np.cos(lat))
    su, cu, sh, ch = np.sin(reduced), np.cos(reduced), np.sin(heading), np.cos(heading)
    sigma1 = np.arctan2(su, cu * ch)
    sin_alpha = cu * sh
    cos2_alpha = 1 - sin_alpha**2
    u2 = cos2_alpha * (WGS84_A_M**2 - WGS84_B_M**2) / WGS84_B_M**2
    a = 1 + u2 / 16384 * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)))
    b = u2 / 1024 * (256 + u2 * (-128 + u2 * (74 - 47 * u2)))
    sigma = start / a
    for _ in range(6):  # each step gains three digits
        mid = np.cos(2 * sigma1 + sigma)
        inner = np.cos(sigma) * (2 * mid**2 - 1) - b / 6 * mid * (4 * np.sin(sigma) ** 2 - 3) * (4 * mid**2 - 3)
        sigma = start / a + b * np.sin(sigma) * (mid + b / 4 * inner)
    mid, s, c = np.cos(2 * sigma1 + sigma), np.sin(sigma), np.cos(sigma)
    across = np.hypot(sin_alpha, su * s - cu * c * ch)
    end = np.arctan2(su * c + cu * s * ch, (1 - WGS84_F) * across)
    turn = np.arctan2(s * sh, cu * c - su * s * ch)
    k = WGS84_F / 16 * cos2_alpha * (4 + WGS84_F * (4 - 3 * cos2_alpha))
    drag = (1 - k) * WGS84_F * sin_alpha * (sigma + k * s * (mid + k * c * (2 * mid**2 - 1)))
    return np.degrees(end), np.asarray(longitude_deg, np.float64) + np.degrees(turn - drag)


def ellipse_rings(
    latitude_deg: float, longitude_deg: float, major_km: float, minor_km: float, angle_deg: float
) -> list[Array]:
    """Return an ellipse on the ground as rings on a map of longitude and latitude, cut at the antimeridian.

    Parameters
    ----------
    latitude_deg, longitude_deg : float
        Its centre.
    major_km, minor_km : float
        Semi-axes, along geodesics of WGS84.
    angle_deg : float
        Of the major axis, clockwise from north.

    Returns
    -------
    list of float64 (points, 2)
        Longitude in [-180, 180] and latitude, counterclockwise, the last point the first; one ring, or two where the
        antimeridian runs through. One that holds a pole runs along that pole's edge of the map.
    """
    for points in (_POINTS, 8 * _POINTS):  # near a pole the longitude runs fast along the rim
        turn = -np.linspace(0, 2 * np.pi, points + 1)
        along, across = major_km * np.cos(turn), minor_km * np.sin(turn)
        heading = np.degrees(np.arctan2(across, along)) + angle_deg
        lat, lon = destination(latitude_deg, longitude_deg, heading, 1e3 * np.hypot(along, across))
        lon = np.unwrap(lon, period=360.0)
        if np.max(np.abs(np.diff(lon))) < _STEP_DEG:
            break
    if abs(lon[-1] - lon[0]) > 180:
        return [_around_pole(lon[:-1], lat[:-1])]
    ring = np.stack([lon - 360.0 * np.round(longitude_deg / 360.0), lat], -1)[:-1]
    pieces = []
    for shift in (-360.0, 0.0, 360.0):
        piece = _clip(_clip(ring + np.array([shift, 0.0]), 1.0), -1.0)
        if len(piece) >= 3 and np.ptp(piece[:, 0]) > 0:
            pieces.append(np.vstack([piece, piece[:1]]))
    return pieces


def _around_pole(lon: Array, lat: Array) -> Array:
    """Return the ring of a rim around a pole: from edge to edge of the map, and back along the pole's."""
    lon = (lon + 180.0) % 360.0 - 180.0
    order = np.argsort(lon)
    lon, lat = lon[order], lat[order]
    edge, pole = np.interp(180.0, [lon[-1], lon[0] + 360.0], [lat[-1], lat[0]]), np.copysign(90.0, lat[0])
    rim = np.stack([np.concatenate([[-180.0], lon, [180.0]]), np.concatenate([[edge], lat, [edge]])], -1)
    ring = np.vstack([rim, [[180.0, pole], [-180.0, pole]], rim[:1]])
    return ring if pole > 0 else ring[::-1]


def _clip(ring: Any, sign: float) -> Any:
    """Cut a ring by ``sign * longitude <= 180`` (Sutherland and Hodgman, Comm. ACM 17, 1974)."""
    out: list[Any] = []
    for k in range(len(ring)):
        here, after = ring[k], ring[(k + 1) % len(ring)]
        a, b = 180.0 - sign * here[0], 180.0 - sign * after[0]
        if a >= 0:
            out.append(here)
        if a * b < 0:
            out.append(here + (after - here) * (a / (a - b)))
    return np.array(out).reshape(-1, 2)
