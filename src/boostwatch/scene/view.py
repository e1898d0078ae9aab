"""Where the cells of a scene meet a surface, how steeply, and how high the sun stands there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline

from boostwatch.geometry import (
    WGS84_A_M,
    WGS84_B_M,
    MapPlane,
    intersect_earth,
    itrs_to_geodetic,
    quaternion_to_matrix,
    sun_cosine,
)
from boostwatch.sensor import Sensor

Array = NDArray[np.float64]
Poses = Callable[[Array], tuple[Array, Array]]

NODE_PX = 8
"""Greatest distance of nodes where a frame sees nothing but the surface."""

_LEAST_COSINE = 1e-3


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


def tangent_height_m(origin_m: Array, direction: Array) -> Array:
    """Return the least height of rays above WGS84, m.

    On the ellipsoid stretched to a sphere, so that it is zero exactly where `geometry.intersect_earth` starts to miss;
    elsewhere within 0.4 % of itself.

    Parameters
    ----------
    origin_m : float64 (..., 3)
        ITRS.
    direction : float64 (..., 3)
        Of any length.

    Returns
    -------
    float64 (...)
        Negative for rays that hit; infinite for rays that lead away from the Earth.
    """
    stretch = np.array([1.0, 1.0, WGS84_A_M / WGS84_B_M])
    o, d = origin_m * stretch, direction * stretch
    along = -np.einsum("...i,...i", d, o) / np.einsum("...i,...i", d, d)
    nearest = np.linalg.norm(o + along[..., None] * d, axis=-1)
    return np.where(along > 0, nearest - WGS84_A_M, np.inf)


class View:
    """Geometry of a grid's lines of sight with one surface, on a regular lattice of nodes.

    All of it varies over many pixels; radiances that depend on nothing else are computed on the nodes and spread to the
    cells. Nodes lie at most 8 px apart where the whole frame meets the surface, and one in every cell where the limb
    crosses. Outermost nodes lie on outermost cells.

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
    plane : MapPlane
        The scene's map.
    poses : callable, optional
        From pixel rows (Y,) to the positions (Y, 3) and attitudes (Y, 4) at which a moving scanner reads them.

    Attributes
    ----------
    node_y, node_x : float64 (Y,), (X,)
        Pixel positions of the nodes, evenly spaced.
    shape : tuple of int
        Cells (N, M).
    dense : bool
        Whether there is a node in every cell.
    latitude_deg, longitude_deg : float64 (Y, X)
        Of the surface; NaN past the limb, as are all that follow but the last. Longitudes run on across the date line.
    east_m, north_m : float64 (Y, X)
        The same on the map.
    cos_zenith, secant : float64 (Y, X)
        Of the zenith angle of the sensor at the surface; the secant ends at 1000.
    cos_sun : float64 (Y, X)
        Of the sun's zenith angle; negative at night.
    cos_phase : float64 (Y, X)
        Of the angle between the directions to sensor and sun.
    tangent_height_m : float64 (Y, X)
        Least height of the ray above the ellipsoid where it misses the surface, else NaN; infinite where it leads away.
    hit : bool (N, M)
        Which cells meet the surface.
    sun : float64 (3,)
    """

    def __init__(
        self,
        sensor: Sensor,
        grid: Grid,
        position_m: Array,
        attitude: Array,
        sun: Array,
        height_m: float,
        plane: MapPlane,
        poses: Poses | None = None,
    ) -> None:
        self._y, self._x = grid.axes()
        self.shape, self.sun, self.dense = grid.shape, sun, False
        self.node_y, self.node_x = (
            np.linspace(a[0], a[-1], max(5, int(np.ceil(np.ptp(a) / NODE_PX)) + 1)) for a in (self._y, self._x)
        )
        self._poses = poses
        rays, position_m = self._meet(sensor, position_m, attitude, height_m)
        # The Earth's disc is convex: where all nodes hit, so does all between them.
        if not np.isfinite(self.latitude_deg).all():
            self.dense, self.node_y, self.node_x = True, self._y, self._x
            rays, position_m = self._meet(sensor, position_m, attitude, height_m)
        missed = np.isnan(self.latitude_deg)
        self.hit: NDArray[np.bool_] = ~missed if self.dense else np.ones(self.shape, np.bool_)
        self.east_m, self.north_m = plane.forward(self.latitude_deg, self.longitude_deg)
        lat, lon = np.radians(self.latitude_deg), np.radians(self.longitude_deg)
        up = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], -1)
        self.cos_zenith: Array = -np.einsum("...i,...i", up, rays)
        self.secant: Array = 1 / np.maximum(self.cos_zenith, _LEAST_COSINE)
        self.cos_sun: Array = sun_cosine(up, sun)
        self.cos_phase: Array = np.where(missed, np.nan, -(rays @ sun))
        self.tangent_height_m: Array = (
            np.where(missed, tangent_height_m(position_m, rays), np.nan) if self.dense else np.full(lat.shape, np.nan)
        )

    def _meet(self, sensor: Sensor, position_m: Array, attitude: Array, height_m: float) -> tuple[Array, Array]:
        """Find the surface on the nodes; return the rays (Y, X, 3) and the place that each row starts from."""
        if self._poses is not None:
            position_m, attitude = self._poses(self.node_y)
            position_m, attitude = position_m[:, None], attitude[:, None]
        turn = quaternion_to_matrix(attitude)
        rays: Array = np.einsum("...ij,...j->...i", turn, sensor.rays(*np.meshgrid(self.node_x, self.node_y)))
        self.latitude_deg, longitude, _ = itrs_to_geodetic(intersect_earth(position_m, rays, height_m))
        middle = np.nanmean(longitude) if np.isfinite(longitude).any() else 0.0
        if np.nanmax(np.abs(longitude - middle), initial=0.0) > 120:  # across the date line
            longitude = longitude % 360.0
        self.longitude_deg: Array = longitude
        return rays, position_m

    def spread(self, nodes: Array) -> NDArray[np.float32]:
        """Return values on the nodes interpolated to all cells by cubic splines, float32 (N, M)."""
        return self.spread64(nodes).astype(np.float32)

    def spread64(self, nodes: Array) -> Array:
        """Like `spread` in double precision, for coordinates."""
        if self.dense:
            return nodes
        return np.asarray(RectBivariateSpline(self.node_y, self.node_x, nodes)(self._y, self._x), np.float64)
