"""The steady scene of a scenario: radiance of every cell by band, and the cloud layers above it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline

from boostwatch.errors import BadData
from boostwatch.geometry import MapPlane, enu_basis, geodetic_to_itrs, quaternion_to_matrix, sun_direction
from boostwatch.scene.atmosphere import Atmosphere
from boostwatch.scene.clouds import Cloud, build_cloud
from boostwatch.scene.earth import EarthRadiance
from boostwatch.scene.scenario import EarthBackground, ImageBackground, Scenario, UniformBackground, image_scale
from boostwatch.scene.view import Grid, View
from boostwatch.sensor import Sensor

Array = NDArray[np.float64]
Randoms = Callable[[str, int], np.random.Generator]


def image_radiance(image: NDArray[np.generic], background: ImageBackground, bands: int, grid: Grid) -> Array:
    """Return an image's radiance on the cells of a grid, float64 (B, N, M), W/m2/sr/um.

    The middle of a larger image is used and its surroundings fill the margin; beyond them it is mirrored. Cells take a
    cubic spline through the pixels.

    Raises
    ------
    BadData
        Wrong shape, values that are not finite.
    """
    data = np.asarray(image, np.float64)
    if data.ndim == 2:
        data = data[None]
    need = (grid.height, grid.width)
    if data.ndim != 3 or data.shape[0] not in (1, bands) or data.shape[1] < need[0] or data.shape[2] < need[1]:
        raise BadData(
            "the image does not fit the sensor",
            path=background.file,
            place="background.file",
            found=np.shape(image),
            allowed=f"(y, x) or (band, y, x) with {bands} bands and at least {need[0]} x {need[1]} pixels",
        )
    if not np.isfinite(data).all():
        raise BadData("the image has values that are not finite", path=background.file, place="background.file")
    data = data * image_scale(background.units)
    top, left = (data.shape[1] - need[0]) // 2, (data.shape[2] - need[1]) // 2
    pad = grid.margin + 4
    data = np.pad(data, ((0, 0), (pad, pad), (pad, pad)), mode="symmetric")
    rows, columns = np.arange(data.shape[1]) - pad - top, np.arange(data.shape[2]) - pad - left
    y, x = grid.axes()
    out = np.stack([RectBivariateSpline(rows, columns, band)(y, x) for band in data])
    return np.maximum(np.broadcast_to(out, (bands, *out.shape[1:])), 0.0)


def _cell_m(position_m: Array, ground_m: Array, sensor: Sensor, grid: Grid) -> float:
    return float(np.linalg.norm(ground_m - position_m)) * sensor.ifov_rad / grid.oversample


def _wind(
    scenario: Scenario, sensor: Sensor, position_m: Array, attitude: Array, speed: float, towards: float, height: float
) -> tuple[float, float]:
    """Return the drift on the focal plane, px/s, of what moves with the wind above the boresight."""
    p = scenario.platform
    east, north, _ = enu_basis(p.boresight_latitude, p.boresight_longitude)
    here = geodetic_to_itrs(p.boresight_latitude, p.boresight_longitude, height)
    heading = np.radians(towards)
    step = speed * 10.0 * (np.sin(heading) * east + np.cos(heading) * north)
    (x0, x1), (y0, y1) = sensor.project((np.stack([here, here + step]) - position_m) @ quaternion_to_matrix(attitude))
    return float(x1 - x0) / 10.0, float(y1 - y0) / 10.0


def build_canvas(
    scenario: Scenario,
    sensor: Sensor,
    grid: Grid,
    position_m: Array,
    attitude: Array,
    atmospheres: tuple[Atmosphere, ...],
    images: Mapping[str, NDArray[np.generic]],
    randoms: Randoms,
) -> tuple[NDArray[np.float32], list[Cloud]]:
    """Compute the steady scene.

    Parameters
    ----------
    scenario, sensor, grid
        What, seen how, on which cells.
    position_m, attitude : float64 (3,), (4,)
        Of the sensor by plan.
    atmospheres : tuple of Atmosphere
        One a band; empty for a uniform or image background without clouds or objects.
    images : mapping
        Arrays by the names that the scenario uses.
    randoms : callable
        Generator for a purpose and a number.

    Returns
    -------
    canvas : float32 (B, N, M)
        Radiance of the cells, W/m2/sr/um.
    clouds : list of Cloud
        From the lowest upwards.
    """
    bands, background = len(sensor.bands), scenario.background
    boresight = geodetic_to_itrs(scenario.platform.boresight_latitude, scenario.platform.boresight_longitude)
    cell_m = _cell_m(position_m, boresight, sensor, grid)
    plane = MapPlane(scenario.platform.boresight_latitude, scenario.platform.boresight_longitude)
    needs_sun = isinstance(background, EarthBackground) or bool(scenario.clouds)
    sun = sun_direction(scenario.epoch) if needs_sun else np.array([1.0, 0.0, 0.0])
    canvas = np.empty((bands, *grid.shape), np.float32)
    if isinstance(background, UniformBackground):
        canvas[:] = np.broadcast_to(np.array(background.radiance), (bands,))[:, None, None]
    elif isinstance(background, ImageBackground):
        if background.file not in images:
            raise BadData(
                "the image was not loaded", place="background.file", found=background.file,
                allowed=", ".join(sorted(images)) or None,
            )  # fmt: skip
        canvas[:] = image_radiance(images[background.file], background, bands, grid)
    else:
        view = View(sensor, grid, position_m, attitude, sun, 0.0, plane)
        canvas[:] = EarthRadiance(background, plane, cell_m, randoms("earth", 0)).radiance(view, atmospheres)
    clouds = []
    for index, layer in sorted(enumerate(scenario.clouds), key=lambda item: item[1].altitude):
        view = View(sensor, grid, position_m, attitude, sun, layer.altitude, plane)
        drift = _wind(
            scenario, sensor, position_m, attitude, layer.wind_speed, layer.wind_direction, layer.altitude
        )  # fmt: skip
        clouds.append(build_cloud(layer, view, list(atmospheres), cell_m, drift, randoms("cloud", index)))
    return canvas, clouds
