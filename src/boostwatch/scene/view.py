"""Where the cells of a canvas meet the ground, how steeply, and how high the sun stands there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline

from boostwatch.geometry import intersect_earth, itrs_to_geodetic, quaternion_to_matrix
from boostwatch.sensor import Sensor

Array = NDArray[np.float64]


class Grid:
    """Cells of a canvas laid over a sensor's focal plane.

    Parameters
    ----------
    height, width : int
        Pixels of the frame.
    margin : int
        Pixels that the canvas reaches beyond it on every side.
    oversample : int
        Cells a pixel and axis.
    """

    def __init__(self, height: int, width: int, margin: int, oversample: int) -> None:
        self.height, self.width, self.margin, self.oversample = height, width, margin, oversample
        self.shape = ((height + 2 * margin) * oversample, (width + 2 * margin) * oversample)

    def axes(self) -> tuple[Array, Array]:
        """Return the pixel positions (y, x) of the cells' centres along both axes."""
        y, x = (
            (np.arange(n, dtype=np.float64) + 0.5) / self.oversample - 0.5 - self.margin
            for n in self.shape
        )  # fmt: skip
        return y, x

    def cell(self, pixel: float) -> float:
        """Return the cell coordinate of a pixel position; cell ``c`` spans ``[c, c + 1]``."""
        return (pixel + 0.5 + self.margin) * self.oversample


class View:
    """Ground geometry of a grid at one height, held on coarse nodes and spread to the cells by cubic splines.

    Latitude, longitude, secant of the view's zenith angle and cosine of the sun's vary over many pixels; radiances that
    depend on nothing else are computed on the nodes. A frame that looks past the limb has a node in every cell.

    Parameters
    ----------
    sensor : Sensor
    grid : Grid
    position_m : float64 (3,)
        Of the sensor, ITRS.
    attitude : float64 (4,)
    sun : float64 (3,)
        Unit vector to the sun, ITRS.
    height_m : float
        Of the surface above the ellipsoid.
    """

    def __init__(
        self, sensor: Sensor, grid: Grid, position_m: Array, attitude: Array, sun: Array, height_m: float
    ) -> None:
        self._y, self._x = grid.axes()
        self._node_y, self._node_x = (np.linspace(a[0], a[-1], max(5, int(np.ptp(a) / 16) + 2)) for a in grid.axes())
        self._coarse = True
        self._compute(sensor, position_m, attitude, sun, height_m)
        if not np.isfinite(self.latitude_deg).all():
            self._coarse = False
            self._node_y, self._node_x = self._y, self._x
            self._compute(sensor, position_m, attitude, sun, height_m)
        self.hit = np.isfinite(self.spread(self.latitude_deg))

    def _compute(self, sensor: Sensor, position_m: Array, attitude: Array, sun: Array, height_m: float) -> None:
        rays = sensor.rays(*np.meshgrid(self._node_x, self._node_y)) @ quaternion_to_matrix(attitude).T
        point = intersect_earth(position_m, rays, height_m)
        self.latitude_deg, longitude, _ = itrs_to_geodetic(point)
        middle = np.nanmean(longitude) if np.isfinite(longitude).any() else 0.0
        if np.nanmax(np.abs(longitude - middle), initial=0.0) > 120:  # across the date line
            longitude = longitude % 360.0
        self.longitude_deg = longitude
        lat, lon = np.radians(self.latitude_deg), np.radians(longitude)
        up = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], -1)
        self.secant: Array = 1 / np.maximum(-np.einsum("...i,...i", up, rays), 0.05)
        self.cos_sun: Array = up @ sun

    def spread(self, nodes: Array) -> NDArray[np.float32]:
        """Return values on the nodes interpolated to all cells."""
        if not self._coarse:
            return nodes.astype(np.float32)
        spline = RectBivariateSpline(self._node_y, self._node_x, nodes, kx=3, ky=3)
        return np.asarray(spline(self._y, self._x), np.float32)

    def spread64(self, nodes: Array) -> Array:
        """Like `spread` in double precision, for coordinates."""
        if not self._coarse:
            return nodes
        return np.asarray(RectBivariateSpline(self._node_y, self._node_x, nodes)(self._y, self._x), np.float64)
