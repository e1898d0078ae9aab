"""Where ground points fall in a picture, and what a picture needs to be read as a map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostwatch.geometry import (
    enu_basis,
    geodetic_to_itrs,
    intersect_earth,
    itrs_to_geodetic,
    quaternion_to_matrix,
)
from boostwatch.sensor import Sensor

Array = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """A camera at one instant: sensor, ITRS position (3,) and attitude (4,)."""

    sensor: Sensor
    position_m: Array
    attitude: Array

    def pixel(
        self, latitude_deg: ArrayLike, longitude_deg: ArrayLike, height_m: ArrayLike = 0.0
    ) -> tuple[Array, Array]:
        """Return the pixel position of ground points (...); what the Earth hides is not asked for here."""
        ray = geodetic_to_itrs(latitude_deg, longitude_deg, height_m) - self.position_m
        return self.sensor.project(ray @ quaternion_to_matrix(self.attitude))

    def ground(self, x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
        """Return latitude and longitude of pixel positions (...), NaN beyond the horizon."""
        rays = self.sensor.rays(x, y) @ quaternion_to_matrix(self.attitude).T
        lat, lon, _ = itrs_to_geodetic(intersect_earth(self.position_m, rays))
        return lat, lon

    def offset(
        self, latitude_deg: float, longitude_deg: float, east_m: ArrayLike, north_m: ArrayLike
    ) -> tuple[Array, Array]:
        """Return the pixel position of points (...) some metres east and north of a ground point."""
        east, north, _ = enu_basis(latitude_deg, longitude_deg)
        step = np.asarray(east_m, np.float64)[..., None] * east + np.asarray(north_m, np.float64)[..., None] * north
        ray = geodetic_to_itrs(latitude_deg, longitude_deg) + step - self.position_m
        return self.sensor.project(ray @ quaternion_to_matrix(self.attitude))

    def ellipse(
        self, latitude_deg: float, longitude_deg: float, major_km: float, minor_km: float, angle_deg: float
    ) -> tuple[Array, Array]:
        """Return the rim of a ground ellipse as pixel positions (65,); the major axis clockwise from north."""
        t = np.linspace(0, 2 * np.pi, 65)
        along, across = 1e3 * major_km * np.cos(t), 1e3 * minor_km * np.sin(t)
        s, c = np.sin(np.radians(angle_deg)), np.cos(np.radians(angle_deg))
        return self.offset(latitude_deg, longitude_deg, along * s + across * c, along * c - across * s)


def round_below(value: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten that is no larger."""
    decade = 10.0 ** np.floor(np.log10(value))
    return float(decade * max(m for m in (1, 2, 5) if m * decade <= value * (1 + 1e-12)))


@dataclass(frozen=True)
class Camera:
    """What a stack tells of its sensor and where it stood.

    Attributes
    ----------
    sensor : Sensor
        Its figures.
    position_m, attitude : float64 (T, 3), (T, 4), optional
        ITRS position and reported attitude in each frame.
    bias_sigma_rad : float
        1-sigma of the constant error of the attitude, an axis; NaN where it is not told.
    """

    sensor: Sensor
    position_m: Array | None = None
    attitude: Array | None = None
    bias_sigma_rad: float = np.nan

    def range_m(self, latitude_deg: float, longitude_deg: float, frames: NDArray[np.int64]) -> Array:
        """Return the distance to a ground point in frames (N,); NaN without a position."""
        if self.position_m is None:
            return np.full(len(frames), np.nan)
        out: Array = np.linalg.norm(geodetic_to_itrs(latitude_deg, longitude_deg) - self.position_m[frames], axis=-1)
        return out

    def px_per_km(self, latitude_deg: float, longitude_deg: float, frames: NDArray[np.int64]) -> Array:
        """Return how a ground point moves on the focal plane for a kilometre east and north, (N, 2, 2), axes (px, km).

        NaN without position and attitude.
        """
        if self.position_m is None or self.attitude is None:
            return np.full((len(frames), 2, 2), np.nan)
        east, north, _ = enu_basis(latitude_deg, longitude_deg)
        steps = 500.0 * np.stack([east, -east, north, -north])
        points = geodetic_to_itrs(latitude_deg, longitude_deg) + steps
        rays = (points[:, None] - self.position_m[frames])[:, :, None, :] @ quaternion_to_matrix(self.attitude[frames])
        x, y = self.sensor.project(rays[:, :, 0])
        return np.stack([np.stack([v[0] - v[1], v[2] - v[3]], -1) for v in (x, y)], 1)
