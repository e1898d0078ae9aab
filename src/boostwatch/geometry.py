"""Frames, WGS84, orbits and lines of sight in vectorised float64.

Earth-fixed vectors are ITRS metres; latitude and longitude are geodetic WGS84 degrees; heading is clockwise from north.
Quaternions are ``(w, x, y, z)`` and rotate camera vectors into ITRS.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostwatch_kernels.raycast import ray_ellipsoid

Array = NDArray[np.float64]

WGS84_A_M = 6378137.0
WGS84_F = 1 / 298.257223563
WGS84_B_M = WGS84_A_M * (1 - WGS84_F)
_E2 = WGS84_F * (2 - WGS84_F)
EARTH_MU_M3_S2 = 3.986004418e14
EARTH_RATE_RAD_S = 7.292115e-5
GEO_RADIUS_M = 42164172.0
SUN_PARALLAX = WGS84_A_M / 149597870700.0
"""Horizontal, rad, at one astronomical unit (IAU 2012, resolution B2)."""


def geodetic_to_itrs(latitude_deg: ArrayLike, longitude_deg: ArrayLike, height_m: ArrayLike = 0.0) -> Array:
    """Return ITRS metres (..., 3) of geodetic coordinates (...)."""
    lat, lon = np.radians(np.asarray(latitude_deg, np.float64)), np.radians(np.asarray(longitude_deg, np.float64))
    h = np.asarray(height_m, np.float64)
    n = WGS84_A_M / np.sqrt(1 - _E2 * np.sin(lat) ** 2)
    return np.stack(
        np.broadcast_arrays(
            (n + h) * np.cos(lat) * np.cos(lon), (n + h) * np.cos(lat) * np.sin(lon), (n * (1 - _E2) + h) * np.sin(lat)
        ),
        axis=-1,
    )


def itrs_to_geodetic(position_m: ArrayLike) -> tuple[Array, Array, Array]:
    """Return latitude (deg), longitude (deg) and height (m) of ITRS positions (..., 3).

    Bowring (Survey Review 23, 1976) with one more step: below 1e-9 deg and 1e-5 m up to geostationary height.
    """
    p = np.asarray(position_m, np.float64)
    rho = np.hypot(p[..., 0], p[..., 1])
    beta = np.arctan2(p[..., 2], (1 - WGS84_F) * rho)
    ep2 = _E2 / (1 - _E2)
    for _ in range(3):
        lat = np.arctan2(p[..., 2] + ep2 * WGS84_B_M * np.sin(beta) ** 3, rho - _E2 * WGS84_A_M * np.cos(beta) ** 3)
        beta = np.arctan2((1 - WGS84_F) * np.sin(lat), np.cos(lat))
    n = WGS84_A_M / np.sqrt(1 - _E2 * np.sin(lat) ** 2)
    height = rho * np.cos(lat) + p[..., 2] * np.sin(lat) - n * (1 - _E2 * np.sin(lat) ** 2)
    return np.degrees(lat), np.degrees(np.arctan2(p[..., 1], p[..., 0])), height


def enu_basis(latitude_deg: float, longitude_deg: float) -> Array:
    """Return the rows east, north, up as ITRS unit vectors (3, 3)."""
    lat, lon = np.radians(latitude_deg), np.radians(longitude_deg)
    sl, cl, so, co = np.sin(lat), np.cos(lat), np.sin(lon), np.cos(lon)
    return np.array([[-so, co, 0.0], [-sl * co, -sl * so, cl], [cl * co, cl * so, sl]])


def look_at(position_m: ArrayLike, target_m: ArrayLike) -> Array:
    """Return the attitude that looks from a position at a target with north up in the picture.

    The camera's z points at the target, y (rows) as far south as it can, x (columns) then runs east. Within 1e-6 rad of
    the Earth's axis there is no north: there y runs along the meridian of Greenwich, as it does just off the axis when
    one looks down on the north pole from longitude 0.

    Parameters
    ----------
    position_m, target_m : array_like (..., 3)
        ITRS metres, broadcast against each other.

    Returns
    -------
    float64 (..., 4)
        Quaternion (w, x, y, z), camera to ITRS; NaN where position and target are one.
    """
    z = np.asarray(target_m, np.float64) - np.asarray(position_m, np.float64)
    with np.errstate(invalid="ignore"):
        z = z / np.linalg.norm(z, axis=-1, keepdims=True)
    x = np.cross([0.0, 0.0, -1.0], z)
    on_axis = np.linalg.norm(x, axis=-1, keepdims=True) < 1e-6
    x = np.where(on_axis, np.cross([1.0, 0.0, 0.0], z), x)
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    return matrix_to_quaternion(np.stack([x, np.cross(z, x), z], axis=-1))


def quaternion_to_matrix(q: ArrayLike) -> Array:
    """Return rotation matrices (..., 3, 3) of quaternions (..., 4), which need not be normalised."""
    a = np.asarray(q, np.float64)
    w, x, y, z = np.moveaxis(a / np.linalg.norm(a, axis=-1, keepdims=True), -1, 0)
    return np.stack(
        [
            np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)], -1),
            np.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], -1),
            np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], -1),
        ],
        -2,
    )


def matrix_to_quaternion(m: ArrayLike) -> Array:
    """Return quaternions (..., 4), w >= 0, of rotation matrices (..., 3, 3): Shepperd's choice of the largest term."""
    r = np.asarray(m, np.float64)
    (r00, r01, r02), (r10, r11, r12), (r20, r21, r22) = (np.moveaxis(r[..., k, :], -1, 0) for k in range(3))
    wx, wy, wz = r21 - r12, r02 - r20, r10 - r01
    xy, xz, yz = r01 + r10, r02 + r20, r12 + r21
    outer = np.stack(  # 4 q q^T, of which the row with the largest diagonal keeps all digits
        [
            np.stack([1 + r00 + r11 + r22, wx, wy, wz], -1),
            np.stack([wx, 1 + r00 - r11 - r22, xy, xz], -1),
            np.stack([wy, xy, 1 - r00 + r11 - r22, yz], -1),
            np.stack([wz, xz, yz, 1 - r00 - r11 + r22], -1),
        ],
        -2,
    )
    largest = np.argmax(np.diagonal(outer, axis1=-2, axis2=-1), axis=-1)
    q: Array = np.take_along_axis(outer, largest[..., None, None], axis=-2)[..., 0, :]
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    return np.where(q[..., :1] < 0, -q, q)


def multiply_quaternions(a: ArrayLike, b: ArrayLike) -> Array:
    """Return the Hamilton product: first ``b`` turns, then ``a``; shapes (..., 4)."""
    aw, ax, ay, az = np.moveaxis(np.asarray(a, np.float64), -1, 0)
    bw, bx, by, bz = np.moveaxis(np.asarray(b, np.float64), -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        -1,
    )


def tilt_quaternion(shift_x_rad: ArrayLike, shift_y_rad: ArrayLike) -> Array:
    """Return the small camera rotation (..., 4) that moves the scene by (x, y) radians on the focal plane.

    Compose it on the right: ``multiply_quaternions(attitude, tilt)``. A scene moved by +x means a camera turned to -x.
    """
    sx, sy = np.broadcast_arrays(np.asarray(shift_x_rad, np.float64), np.asarray(shift_y_rad, np.float64))
    # The boresight turns to (-sx, -sy, 1): a rotation about z x (-sx, -sy, 0) = (sy, -sx, 0).
    angle = np.arctan(np.hypot(sx, sy))
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.where(angle > 0, np.sin(angle / 2) / np.hypot(sx, sy), 0.5)
    return np.stack([np.cos(angle / 2), sy * scale, -sx * scale, np.zeros_like(angle)], -1)


def intersect_earth(origin_m: ArrayLike, direction: ArrayLike, height_m: float = 0.0) -> Array:
    """Return where rays first meet the surface ``height_m`` above WGS84.

    The surface is the ellipsoid with both semi-axes grown by the height, which is within 0.2 % of the height of the
    true one.

    Parameters
    ----------
    origin_m, direction : array_like (..., 3)
        ITRS metres and any-length directions, broadcast against each other.
    height_m : float
        Height of the surface.

    Returns
    -------
    float64 (..., 3)
        ITRS metres; NaN where the ray misses.
    """
    o, d = np.broadcast_arrays(np.asarray(origin_m, np.float64), np.asarray(direction, np.float64))
    out = np.empty((o.size // 3, 3))
    ray_ellipsoid(
        np.ascontiguousarray(o).reshape(-1, 3), np.ascontiguousarray(d).reshape(-1, 3),
        WGS84_A_M + height_m, WGS84_B_M + height_m, out,
    )  # fmt: skip
    return out.reshape(o.shape)


def nearest_ground(origin_m: ArrayLike, direction: ArrayLike) -> Array:
    """Return where rays meet WGS84 or, where they miss it, the ground below the point where they pass closest.

    A ray that leads away from the Earth passes closest at its start. Closest is meant in coordinates in which the
    ellipsoid is a sphere.

    Parameters
    ----------
    origin_m, direction : array_like (..., 3)
        ITRS metres and any-length directions, broadcast against each other.

    Returns
    -------
    float64 (..., 3)
        ITRS metres on the ellipsoid.
    """
    o, d = np.broadcast_arrays(np.asarray(origin_m, np.float64), np.asarray(direction, np.float64))
    hit = intersect_earth(o, d)
    stretch = np.array([1.0, 1.0, WGS84_A_M / WGS84_B_M])
    os, ds = o * stretch, d * stretch
    along = np.maximum(-np.sum(os * ds, -1) / np.sum(ds * ds, -1), 0.0)
    lat, lon, _ = itrs_to_geodetic(o + along[..., None] * d)
    return np.where(np.isnan(hit), geodetic_to_itrs(lat, lon), hit)


def ground_range_m(lat1_deg: ArrayLike, lon1_deg: ArrayLike, lat2_deg: ArrayLike, lon2_deg: ArrayLike) -> Array:
    """Return the distance along the ground between two points, m.

    Chord between the points on the ellipsoid, lengthened to the arc of the mean radius: within 1e-4 up to 1000 km.
    """
    a, b = geodetic_to_itrs(lat1_deg, lon1_deg), geodetic_to_itrs(lat2_deg, lon2_deg)
    radius = 0.5 * (np.linalg.norm(a, axis=-1) + np.linalg.norm(b, axis=-1))
    chord = np.linalg.norm(a - b, axis=-1)
    out: Array = 2 * radius * np.arcsin(np.clip(chord / (2 * radius), 0, 1))
    return out


def heading_deg(lat1_deg: ArrayLike, lon1_deg: ArrayLike, lat2_deg: ArrayLike, lon2_deg: ArrayLike) -> Array:
    """Return the initial great-circle heading from point 1 to point 2, degrees clockwise from north in [0, 360)."""
    a, b = np.radians(np.asarray(lat1_deg, np.float64)), np.radians(np.asarray(lat2_deg, np.float64))
    d = np.radians(np.asarray(lon2_deg, np.float64) - np.asarray(lon1_deg, np.float64))
    y = np.sin(d) * np.cos(b)
    out: Array = np.degrees(np.arctan2(y, np.cos(a) * np.sin(b) - np.sin(a) * np.cos(b) * np.cos(d))) % 360.0
    return np.where(out < 360.0, out, out - 360.0)  # -1e-20 % 360 is 360


class MapPlane:
    """An azimuthal equidistant map: distances and directions from its centre are true.

    On the sphere of the mean radius with geodetic latitudes (Snyder, Map Projections, USGS PP 1395, 1987, ch. 25); made
    to lay textures on the ground, not to survey.

    Parameters
    ----------
    latitude_deg, longitude_deg : float
        The centre.

    Attributes
    ----------
    basis : float64 (3, 3)
        East, north and up at the centre, ITRS.
    """

    RADIUS_M = 6371008.8

    def __init__(self, latitude_deg: float, longitude_deg: float) -> None:
        self.latitude_deg, self.longitude_deg = latitude_deg, longitude_deg
        self.basis = enu_basis(latitude_deg, longitude_deg)

    def forward(self, latitude_deg: ArrayLike, longitude_deg: ArrayLike) -> tuple[Array, Array]:
        """Return metres (east, north) on the map of geodetic coordinates (...); NaN gives NaN."""
        lat, lon = np.radians(np.asarray(latitude_deg, np.float64)), np.radians(np.asarray(longitude_deg, np.float64))
        up = np.stack(np.broadcast_arrays(np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)), -1)
        east, north, radial = np.moveaxis(up @ self.basis.T, -1, 0)
        across = np.hypot(east, north)
        angle = np.arctan2(across, radial)
        scale = self.RADIUS_M * np.where(across > 1e-12, angle / np.maximum(across, 1e-300), 1.0)
        return east * scale, north * scale

    def inverse(self, east_m: ArrayLike, north_m: ArrayLike) -> tuple[Array, Array]:
        """Return latitude and longitude, degrees, of metres on the map."""
        e, n = np.asarray(east_m, np.float64), np.asarray(north_m, np.float64)
        angle = np.hypot(e, n) / self.RADIUS_M
        scale = np.sinc(angle / np.pi) / self.RADIUS_M
        up = np.stack(np.broadcast_arrays(e * scale, n * scale, np.cos(angle)), -1) @ self.basis
        return np.degrees(np.arcsin(np.clip(up[..., 2], -1, 1))), np.degrees(np.arctan2(up[..., 1], up[..., 0]))


def parse_utc(text: str) -> datetime:
    """Return the UTC instant of an ISO 8601 string; a string without an offset is UTC."""
    when = datetime.fromisoformat(text)
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def utc_after(epoch: str, seconds: float) -> str:
    """Return ISO 8601 UTC with milliseconds of an instant ``seconds`` after ``epoch``."""
    when = parse_utc(epoch) + timedelta(seconds=float(seconds))
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_now() -> str:
    """Return ISO 8601 UTC, to the second, of now."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def days_since_j2000(epoch: str, time_s: ArrayLike = 0.0) -> Array:
    """Return days of 86400 s (...) from 2000-01-01T12:00 to ``time_s`` after an epoch; leap seconds do not count."""
    since = parse_utc(epoch) - datetime(2000, 1, 1, 12, tzinfo=UTC)
    return since.days + (since.seconds + since.microseconds * 1e-6 + np.asarray(time_s, np.float64)) / 86400


def gmst_rad(epoch: str, time_s: ArrayLike = 0.0, ut1_utc_s: float = 0.0) -> Array:
    """Return Greenwich mean sidereal time (...) in [0, 2 pi) at ``time_s`` after an epoch.

    IAU 1982 (Aoki et al., Astron. Astrophys. 105, 1982), of UT1 = UTC + ``ut1_utc_s``.
    """
    days = days_since_j2000(epoch, np.asarray(time_s, np.float64) + ut1_utc_s)
    t = days / 36525
    # The whole turns of the mean sun leave first, so that seven digits more are left for the angle.
    turns = (days + 0.5) % 1.0 + (24110.54841 + t * (8640184.812866 + t * (0.093104 - 6.2e-6 * t))) / 86400
    return np.asarray(2 * np.pi * (turns % 1.0), np.float64)


_ASTROPY = threading.RLock()


@contextmanager
def offline_earth_orientation() -> Iterator[None]:
    """Keep astropy from the network, and content with tables that end before the date.

    One thread at a time: astropy's settings are those of the process, and the first to leave would set them back.
    """
    from astropy.utils import iers

    with (
        _ASTROPY,
        iers.conf.set_temp("auto_download", False),
        iers.conf.set_temp("auto_max_age", None),
        iers.conf.set_temp("iers_degraded_accuracy", "ignore"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # leap seconds beyond the tables: 1 s of time is 15 arcsec of sun
        yield


@lru_cache(maxsize=64)
def _sun_at(epoch: str) -> tuple[float, float, float]:
    from astropy.coordinates import ITRS, get_sun
    from astropy.time import Time

    with offline_earth_orientation():
        time = Time(parse_utc(epoch).replace(tzinfo=None), scale="utc")
        v = get_sun(time).transform_to(ITRS(obstime=time)).cartesian.xyz.value
    x, y, z = v / np.linalg.norm(v)
    return float(x), float(y), float(z)


def sun_direction(epoch: str) -> Array:
    """Return the unit vector (3,) from the Earth's centre to the Sun in ITRS at one UTC instant.

    Takes seconds at first; an instant asked for before is remembered.
    """
    return np.array(_sun_at(epoch))


def sun_cosine(up: Array, sun: Array) -> Array:
    """Return the cosine (...) of the Sun's zenith angle near the ground, its parallax included.

    From a place the Sun stands lower than from the Earth's centre, by ``SUN_PARALLAX`` times the sine of the zenith
    angle: at most 0.0024 deg.

    Parameters
    ----------
    up : float64 (..., 3)
        Unit vectors to the zenith, ITRS.
    sun : float64 (3,)
        See `sun_direction`.
    """
    centre: Array = up @ sun
    out: Array = centre - SUN_PARALLAX * (1 - centre * centre)
    return out


def _low_precision_sun(days: Array) -> tuple[Array, Array]:
    """Return right ascension and declination (...), rad, by the Astronomical Almanac's formula: within 0.01 deg."""
    g = np.radians(357.528 + 0.9856003 * days)
    longitude = np.radians(280.460 + 0.9856474 * days + 1.915 * np.sin(g) + 0.020 * np.sin(2 * g))
    tilt = np.radians(23.439 - 4e-7 * days)
    return np.arctan2(np.cos(tilt) * np.sin(longitude), np.cos(longitude)), np.arcsin(np.sin(tilt) * np.sin(longitude))


def sun_directions(epoch: str, time_s: ArrayLike) -> Array:
    """Return unit vectors (..., 3) from the Earth's centre to the Sun in ITRS, ``time_s`` seconds after an epoch.

    As `sun_direction` at the epoch; from there the Earth turns at its sidereal rate, and the Sun moves on its yearly
    path as the Astronomical Almanac's low-precision formula has it. The error stays below 0.001 deg for a day and
    below 0.02 deg for years. The first call takes seconds, any call asks astropy once: give all times together.
    """
    t = np.asarray(time_s, np.float64)
    start = sun_direction(epoch)
    before, after = (_low_precision_sun(days_since_j2000(epoch, when)) for when in (0.0, t))
    longitude = np.arctan2(start[1], start[0]) + after[0] - before[0] - (gmst_rad(epoch, t) - gmst_rad(epoch))
    latitude = np.arcsin(start[2]) + after[1] - before[1]
    across = np.cos(latitude)
    out: Array = np.stack([across * np.cos(longitude), across * np.sin(longitude), np.sin(latitude)], -1)
    return np.where((t == 0)[..., None], start, out)
