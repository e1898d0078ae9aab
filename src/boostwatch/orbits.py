"""Motion of satellites: Kepler orbits with the secular drift that the Earth's oblateness makes, two-line elements.

Positions and velocities are metres and metres a second. Inertial vectors refer to the true equator and mean equinox of
date (TEME), which turns into ITRS by mean sidereal time and polar motion. Vallado is *Fundamentals of Astrodynamics and
Applications*, 4th edition, 2013.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostwatch.errors import BadData, UsageError
from boostwatch.geometry import (
    EARTH_MU_M3_S2,
    WGS84_A_M,
    days_since_j2000,
    gmst_rad,
    offline_earth_orientation,
    parse_utc,
)

Array = NDArray[np.float64]

J2 = 1.08262668e-3
"""Second zonal harmonic of the Earth (EGM-96)."""

SIDEREAL_RATE_RAD_S = 7.292115855e-5
"""Of the Earth against the mean equinox of date: the rate of mean sidereal time."""

TROPICAL_YEAR_S = 365.24219 * 86400
_KEPLER_STEPS = 60


class EarthRotation(NamedTuple):
    """The Earth's orientation against TEME around an epoch.

    ``ut1_utc_s`` and the pole's coordinates are held constant: they change by about 1 ms and 2e-8 rad a day, less than
    a metre at geostationary height.
    """

    epoch: str
    ut1_utc_s: float = 0.0
    pole_x_rad: float = 0.0
    pole_y_rad: float = 0.0

    @classmethod
    def measured(cls, epoch: str) -> EarthRotation:
        """Return what the tables of the International Earth Rotation Service have, beyond their end the last."""
        from astropy.time import Time
        from astropy.utils import iers

        with offline_earth_orientation():
            table = iers.earth_orientation_table.get()
            time = Time(parse_utc(epoch).replace(tzinfo=None), scale="utc")
            pole = [float(angle.to_value("rad")) for angle in table.pm_xy(time)]
            return cls(epoch, float(table.ut1_utc(time).to_value("s")), pole[0], pole[1])

    def to_itrs(self, vector: ArrayLike, time_s: ArrayLike) -> Array:
        """Turn TEME vectors (..., 3) into ITRS ``time_s`` (...) after the epoch.

        Vallado, eq. 3-78: polar motion to first order (1e-11 of the vector's length) and the sidereal angle. A velocity
        keeps its inertial size: it is only seen along other axes.
        """
        v = np.asarray(vector, np.float64)
        angle = gmst_rad(self.epoch, time_s, self.ut1_utc_s)
        c, s = np.cos(angle), np.sin(angle)
        x, y, z = c * v[..., 0] + s * v[..., 1], c * v[..., 1] - s * v[..., 0], v[..., 2]
        px, py = self.pole_x_rad, self.pole_y_rad
        return np.stack([x + px * z, y - py * z, z - px * x + py * y], -1)


class Elements(NamedTuple):
    """Mean classical elements at time zero."""

    semi_major_axis_m: float
    eccentricity: float
    inclination_rad: float
    raan_rad: float
    argument_of_perigee_rad: float
    mean_anomaly_rad: float

    @property
    def mean_motion_rad_s(self) -> float:
        """Of the two-body orbit."""
        return float(np.sqrt(EARTH_MU_M3_S2 / self.semi_major_axis_m**3))


class Rates(NamedTuple):
    """Steady rates of the elements, rad/s; that of the mean anomaly comes on top of the mean motion."""

    raan_rad_s: float
    argument_of_perigee_rad_s: float
    mean_anomaly_rad_s: float


def semi_major_axis_m(period_s: float) -> float:
    """Return the semi-major axis of a two-body orbit of a period (Kepler's third law)."""
    return float(np.cbrt(EARTH_MU_M3_S2 * (period_s / (2 * np.pi)) ** 2))


def secular_j2_rates(elements: Elements) -> Rates:
    """Return the secular drift by the Earth's oblateness to first order (Vallado, eqs. 9-37, 9-39, 9-41)."""
    e2, cosine = 1 - elements.eccentricity**2, np.cos(elements.inclination_rad)
    size = J2 * (WGS84_A_M / (elements.semi_major_axis_m * e2)) ** 2 * elements.mean_motion_rad_s
    return Rates(
        float(-1.5 * size * cosine),
        float(0.75 * size * (5 * cosine**2 - 1)),
        float(0.75 * size * np.sqrt(e2) * (3 * cosine**2 - 1)),
    )


def sun_synchronous_inclination_rad(semi_major_axis_m: float, eccentricity: float) -> float:
    """Return the inclination at which the node follows the Sun through the year.

    Raises
    ------
    ValueError
        The orbit is too high for any.
    """
    equatorial = secular_j2_rates(Elements(semi_major_axis_m, eccentricity, 0.0, 0.0, 0.0, 0.0)).raan_rad_s
    cosine = 2 * np.pi / TROPICAL_YEAR_S / equatorial
    if cosine < -1:
        raise ValueError(
            f"no inclination makes an orbit of semi-major axis {semi_major_axis_m / 1e3:.6g} km sun-synchronous;"
            " allowed: below about 12 350 km on a circle"
        )
    return float(np.arccos(cosine))


def solve_kepler(mean_anomaly_rad: ArrayLike, eccentricity: ArrayLike) -> Array:
    """Return the eccentric anomaly (...), rad, by Newton's method from Vallado's first guess (algorithm 2).

    Every element stops by itself, so that its value does not depend on the others in the array.
    """
    mean, e = np.broadcast_arrays(np.asarray(mean_anomaly_rad, np.float64), np.asarray(eccentricity, np.float64))
    turns = 2 * np.pi * np.round(mean / (2 * np.pi))
    m = mean - turns
    anomaly = m + e * np.sign(m)
    for _ in range(_KEPLER_STEPS):
        step = (m - anomaly + e * np.sin(anomaly)) / (1 - e * np.cos(anomaly))
        active = np.abs(step) > 1e-14
        if not active.any():
            break
        anomaly = np.where(active, anomaly + step, anomaly)
    return np.asarray(anomaly + turns, np.float64)


def mean_from_true_anomaly(true_anomaly_rad: float, eccentricity: float) -> float:
    """Return the mean anomaly of a true one, rad (Vallado, eqs. 2-9 and 2-4)."""
    half = (
        np.sqrt(1 - eccentricity) * np.sin(true_anomaly_rad / 2),
        np.sqrt(1 + eccentricity) * np.cos(true_anomaly_rad / 2),
    )
    anomaly = 2 * np.arctan2(*half)
    return float(anomaly - eccentricity * np.sin(anomaly))


def propagate(elements: Elements, time_s: ArrayLike, *, j2: bool = True) -> tuple[Array, Array]:
    """Return inertial position and velocity of an orbit.

    A Kepler ellipse whose node, perigee and mean anomaly drift steadily (Vallado, section 9.6). The short-periodic part
    of J2, about 6 km at most in low and in Molniya orbits, is left out, as are higher harmonics, drag, Moon and Sun.

    Parameters
    ----------
    elements : Elements
    time_s : array_like (...)
        Seconds after the elements' time.
    j2 : bool
        Without it, the pure two-body orbit.

    Returns
    -------
    position_m, velocity_m_s : float64 (..., 3)
        The velocity is the time derivative of the position.
    """
    t = np.asarray(time_s, np.float64)
    rates = secular_j2_rates(elements) if j2 else Rates(0.0, 0.0, 0.0)
    a, e, n = elements.semi_major_axis_m, elements.eccentricity, elements.mean_motion_rad_s + rates.mean_anomaly_rad_s
    anomaly = solve_kepler(elements.mean_anomaly_rad + n * t, e)
    c, s, root = np.cos(anomaly), np.sin(anomaly), np.sqrt(1 - e * e)
    rate = n / (1 - e * c)
    along, across = a * (c - e), a * root * s
    along_v, across_v = -a * s * rate, a * root * c * rate
    node = elements.raan_rad + rates.raan_rad_s * t
    perigee = elements.argument_of_perigee_rad + rates.argument_of_perigee_rad_s * t
    # In the plane of the orbit from the node, perigee turning; then out of it, the node turning.
    cp, sp = np.cos(perigee), np.sin(perigee)
    u, w = along * cp - across * sp, along * sp + across * cp
    u_v = along_v * cp - across_v * sp - rates.argument_of_perigee_rad_s * w
    w_v = along_v * sp + across_v * cp + rates.argument_of_perigee_rad_s * u
    ci, si, cn, sn = np.cos(elements.inclination_rad), np.sin(elements.inclination_rad), np.cos(node), np.sin(node)
    position = np.stack([u * cn - w * ci * sn, u * sn + w * ci * cn, w * si], -1)
    velocity = np.stack([u_v * cn - w_v * ci * sn, u_v * sn + w_v * ci * cn, w_v * si], -1)
    velocity[..., 0] -= rates.raan_rad_s * position[..., 1]
    velocity[..., 1] += rates.raan_rad_s * position[..., 0]
    return position, velocity


def sgp4_states(
    line1: str, line2: str, epoch: str, time_s: ArrayLike, *, place: str | None = None
) -> tuple[Array, Array]:
    """Return TEME position and velocity of two-line elements by SGP4 with WGS-72 (Vallado et al., AIAA 2006-6753).

    Parameters
    ----------
    line1, line2 : str
        The elements.
    epoch : str
        ISO 8601 UTC of time zero.
    time_s : array_like (...)
    place : str, optional
        What a message names: the key that holds the elements.

    Returns
    -------
    position_m, velocity_m_s : float64 (..., 3)

    Raises
    ------
    UsageError
        The package ``sgp4`` is not installed.
    BadData
        Elements that SGP4 refuses, or that have decayed by then.
    """
    try:
        from sgp4.api import SGP4_ERRORS, Satrec
    except ImportError:
        raise UsageError(
            "two-line elements need the package sgp4", place=place,
            allowed="install the extra: pip install 'boostwatch[tle]'",
        ) from None  # fmt: skip
    t = np.asarray(time_s, np.float64)
    flat = t.ravel()
    whole = np.floor(days_since_j2000(epoch))
    fraction = (days_since_j2000(epoch) - whole) + flat / 86400
    # Anew each time: it keeps notes of its last call, which two threads would mix.
    satellite = Satrec.twoline2rv(line1, line2)
    fault, position, velocity = satellite.sgp4_array(np.full(flat.shape, 2451545.0 + whole), fraction)
    bad = (fault != 0) | ~np.isfinite(position).all(-1)
    if np.any(bad):
        first = int(np.argmax(bad))
        why = SGP4_ERRORS.get(int(fault[first]), "the elements are not all numbers")
        raise BadData(
            f"SGP4 fails {flat[first]:.6g} s after the epoch ({why})", place=place,
            allowed="elements of a date near the scenario's epoch",
        )  # fmt: skip
    return 1e3 * position.reshape(*t.shape, 3), 1e3 * velocity.reshape(*t.shape, 3)
