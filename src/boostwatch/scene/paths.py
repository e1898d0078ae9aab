"""Where the sensor is at any time: a fixed place, an orbit, two-line elements or a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from boostwatch.errors import BadData
from boostwatch.geometry import (
    EARTH_RATE_RAD_S,
    GEO_RADIUS_M,
    WGS84_A_M,
    geodetic_to_itrs,
    gmst_rad,
    itrs_to_geodetic,
)
from boostwatch.orbits import (
    SIDEREAL_RATE_RAD_S,
    EarthRotation,
    Elements,
    mean_from_true_anomaly,
    propagate,
    secular_j2_rates,
    sgp4_states,
)
from boostwatch.scene.scenario import GeoPlatform, OrbitPlatform, Scenario, TablePlatform, TlePlatform
from boostwatch.scene.scenario.platform import OrbitShape

Array = NDArray[np.float64]

NEARLY_ROUND = 0.01
"""Below this eccentricity the default place in the orbit is at the boresight's latitude, above it the apogee."""


MAX_DISTANCE_M = 2e9
"""Of a sensor from the middle of the Earth: five times the Moon's."""


class Path(Protocol):
    """A sensor's way. ``moving`` is False where it stays at one place of the rotating Earth."""

    moving: bool

    def state(self, time_s: Array) -> tuple[Array, Array]:
        """Return position (N, 3), ITRS m, and inertial velocity along ITRS axes (N, 3), m/s, at times (N,)."""
        ...


def with_earth(position_m: Array, velocity_m_s: Array) -> Array:
    """Return the inertial velocity (..., 3), along ITRS axes, of what moves in ITRS (omega x r added)."""
    x, y = position_m[..., 0], position_m[..., 1]
    return velocity_m_s + EARTH_RATE_RAD_S * np.stack([-y, x, np.zeros_like(x)], -1)


class Standing:
    """A place that does not move in ITRS."""

    moving = False

    def __init__(self, position_m: Array) -> None:
        self._position_m = position_m
        self._velocity_m_s = with_earth(position_m, np.zeros(3))

    def state(self, time_s: Array) -> tuple[Array, Array]:
        """See `Path`."""
        shape = (len(time_s), 3)
        return np.broadcast_to(self._position_m, shape), np.broadcast_to(self._velocity_m_s, shape)


class KeplerPath:
    """An orbit with secular J2 drift, turned into ITRS by mean sidereal time.

    UT1 is taken for UTC and polar motion left out: 0.9 s and 0.5 arcsec at most, which turn a notional orbit as a
    whole.
    """

    moving = True

    def __init__(self, elements: Elements, epoch: str) -> None:
        self.elements = elements
        self._rotation = EarthRotation(epoch)

    def state(self, time_s: Array) -> tuple[Array, Array]:
        """See `Path`."""
        position, velocity = propagate(self.elements, time_s)
        return self._rotation.to_itrs(position, time_s), self._rotation.to_itrs(velocity, time_s)


class Sgp4Path:
    """Two-line elements by SGP4, turned into ITRS with the measured orientation of the Earth."""

    moving = True

    def __init__(self, model: TlePlatform, epoch: str) -> None:
        self._lines, self._epoch = (model.line1, model.line2), epoch
        self._rotation = EarthRotation.measured(epoch)

    def state(self, time_s: Array) -> tuple[Array, Array]:
        """See `Path`."""
        position, velocity = sgp4_states(*self._lines, self._epoch, time_s, place="platform.line1")
        return self._rotation.to_itrs(position, time_s), self._rotation.to_itrs(velocity, time_s)


class TablePath:
    """A cubic spline through a table of ITRS positions.

    A row beyond either end of the table the last cubic goes on; further out is an error.
    """

    def __init__(self, time_s: Array, position_m: Array, place: str) -> None:
        self.moving = bool(np.any(position_m != position_m[0]))
        self._place, self.start_s, self.end_s = place, float(time_s[0]), float(time_s[-1])
        self._slack_s = float(time_s[1] - time_s[0]), float(time_s[-1] - time_s[-2])
        self._spline = CubicSpline(time_s, position_m)
        self._rate = self._spline.derivative()

    def require(self, time_s: Array, slack_s: tuple[float, float] = (0.0, 0.0)) -> None:
        """Raise BadData where a time is outside the table by more than the slack before and after it."""
        outside = (time_s < self.start_s - slack_s[0]) | (time_s > self.end_s + slack_s[1])
        if np.any(outside):
            raise BadData(
                "the table of positions does not reach the whole run", place=self._place,
                found=f"{time_s[np.argmax(outside)]:.9g} s", allowed=f"{self.start_s:.9g} s to {self.end_s:.9g} s",
            )  # fmt: skip

    def state(self, time_s: Array) -> tuple[Array, Array]:
        """See `Path`."""
        self.require(time_s, self._slack_s)
        position = np.asarray(self._spline(time_s), np.float64)
        return position, with_earth(position, np.asarray(self._rate(time_s), np.float64))


def _elements(model: OrbitPlatform, shape: OrbitShape, epoch: str) -> Elements:
    """Return the elements at the epoch, with the plane and the place in it that the boresight asks for by default."""
    a, e = shape.semi_major_axis_m, shape.eccentricity
    inclination, perigee = np.radians(shape.inclination_deg), np.radians(shape.argument_of_perigee_deg)
    target = geodetic_to_itrs(model.boresight_latitude, model.boresight_longitude, a - WGS84_A_M)
    if model.true_anomaly is not None:
        mean = mean_from_true_anomaly(np.radians(model.true_anomaly), e)
    elif model.mean_anomaly is not None:
        mean = np.radians(model.mean_anomaly)
    elif e >= NEARLY_ROUND:
        mean = np.pi
    else:
        rise = target[2] / np.linalg.norm(target) / max(np.sin(inclination), 1e-9)
        mean = mean_from_true_anomaly(float(np.arcsin(np.clip(rise, -1, 1))) - perigee, e)
    still = Elements(a, e, float(inclination), 0.0, float(perigee), float(mean))
    sidereal = float(gmst_rad(epoch))
    if model.raan is not None:
        node = np.radians(model.raan)
    elif model.node_longitude is not None:
        node = np.radians(model.node_longitude) + sidereal
    elif model.apogee_longitude is not None:
        rates = secular_j2_rates(still)
        until = (np.pi - mean) % (2 * np.pi) / (still.mean_motion_rad_s + rates.mean_anomaly_rad_s)
        apogee = perigee + rates.argument_of_perigee_rad_s * until + np.pi
        from_node = np.arctan2(np.cos(inclination) * np.sin(apogee), np.cos(apogee))
        turned = sidereal + SIDEREAL_RATE_RAD_S * until - rates.raan_rad_s * until
        node = np.radians(model.apogee_longitude) + turned - from_node
    else:
        position = propagate(still, 0.0)[0]
        node = np.radians(model.boresight_longitude) + sidereal - np.arctan2(position[1], position[0])
    return still._replace(raan_rad=float(node % (2 * np.pi)))


_FORMS = (("x_m", "y_m", "z_m"), ("latitude_deg", "longitude_deg", "altitude_m"))


def _rows(model: TablePlatform, tables: Mapping[str, NDArray[Any]]) -> tuple[Array, Array, str]:
    """Return times (N,), ITRS positions (N, 3) and the key that gave them; the values as they are."""
    if model.points is not None:
        rows = np.array([[p.time, p.latitude, p.longitude, p.altitude] for p in model.points])
        return rows[:, 0], geodetic_to_itrs(rows[:, 1], rows[:, 2], rows[:, 3]), "platform.points"
    place = "platform.file"
    if model.file is None or model.file not in tables:
        raise BadData(
            "the table was not loaded", place=place, found=model.file, allowed=", ".join(sorted(tables)) or None
        )
    table = tables[model.file]
    names = table.dtype.names or ()
    form = next((form for form in _FORMS if {"time_s", *form} <= set(names)), None)
    if form is None:
        raise BadData(
            "the table lacks columns", place=place, found=", ".join(names) or "none",
            allowed=" or ".join("time_s, " + ", ".join(form) for form in _FORMS),
        )  # fmt: skip
    columns = [np.asarray(table[name], np.float64) for name in form]
    position = np.stack(columns, -1) if form == _FORMS[0] else geodetic_to_itrs(*columns)
    return np.asarray(table["time_s"], np.float64), position, place


def _table(model: TablePlatform, tables: Mapping[str, NDArray[Any]], frame_times_s: Array) -> TablePath:
    time, position, place = _rows(model, tables)
    if len(time) < 2:
        raise BadData("the table is too short", place=place, found=f"{len(time)} rows", allowed="at least 2 rows")
    bad = ~(np.isfinite(time) & np.isfinite(position).all(-1))
    if np.any(bad):
        raise BadData("the table has a gap", place=place, found=f"row {np.argmax(bad)}", allowed="finite numbers")
    far = np.abs(position).max(axis=-1) > MAX_DISTANCE_M
    if np.any(far):
        raise BadData(
            "the sensor is too far away", place=place, found=f"row {np.argmax(far)}",
            allowed=f"coordinates of at most {MAX_DISTANCE_M:.3g} m",
        )  # fmt: skip
    wrong = np.diff(time) <= 0
    if np.any(wrong):
        row = int(np.argmax(wrong)) + 1
        raise BadData(
            "the table goes back in time", place=place, found=f"row {row}: {time[row]:.9g} s",
            allowed=f"more than {time[row - 1]:.9g} s",
        )  # fmt: skip
    low = itrs_to_geodetic(position)[2] < 0
    if np.any(low):
        row = int(np.argmax(low))
        raise BadData(
            "the sensor is below the ground", place=place,
            found=f"row {row}: {itrs_to_geodetic(position[row])[2] / 1e3:.6g} km", allowed="above the ellipsoid",
        )  # fmt: skip
    path = TablePath(time, position, place)
    path.require(frame_times_s)
    return path


def build_path(scenario: Scenario, tables: Mapping[str, NDArray[Any]], frame_times_s: Array) -> Path:
    """Return the way of a scenario's sensor.

    Parameters
    ----------
    scenario : Scenario
    tables : mapping of str to structured array
        What `table_names` of `boostwatch.scene.platform` asks for.
    frame_times_s : float64 (T,)
        Times that a table must reach.
    """
    model = scenario.platform
    if isinstance(model, GeoPlatform):
        longitude = np.radians(model.longitude)
        return Standing(GEO_RADIUS_M * np.array([np.cos(longitude), np.sin(longitude), 0.0]))
    if isinstance(model, OrbitPlatform):
        return KeplerPath(_elements(model, model.shape, scenario.epoch), scenario.epoch)
    if isinstance(model, TlePlatform):
        return Sgp4Path(model, scenario.epoch)
    return _table(model, tables, frame_times_s)
