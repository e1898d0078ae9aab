"""A radiance image as the background of a scene."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline

from boostwatch.errors import BadData
from boostwatch.scene.scenario import ImageBackground, image_scale
from boostwatch.scene.view import Grid

Array = NDArray[np.float64]

MAX_RADIANCE = 1e8
"""Brighter than the Sun at any wavelength, W/m2/sr/um."""


def image_radiance(image: NDArray[np.generic], background: ImageBackground, bands: int, grid: Grid) -> Array:
    """Return an image's radiance on the cells of a grid, float64 (B, N, M), W/m2/sr/um.

    The middle of a larger image is used and its surroundings fill the margin; beyond them it is mirrored. Cells take a
    cubic spline through the pixels.

    Raises
    ------
    BadData
        Wrong shape, values that are not finite or far too large.
    """
    data, place = np.asarray(image, np.float64), f"background.file = {background.file}"
    if data.ndim == 2:
        data = data[None]
    need = (grid.height, grid.width)
    if data.ndim != 3 or data.shape[0] not in (1, bands) or data.shape[1] < need[0] or data.shape[2] < need[1]:
        raise BadData(
            "the image does not fit the sensor",
            place=place,
            found=np.shape(image),
            allowed=f"(y, x) or (band, y, x) with {bands} bands and at least {need[0]} x {need[1]} pixels",
        )
    data = data * image_scale(background.units)
    if not np.abs(data).max() <= MAX_RADIANCE:
        bad = data[~(np.abs(data) <= MAX_RADIANCE)][0]
        raise BadData(
            "the image has values that are no radiance", place=place, found=float(bad),
            allowed=f"finite numbers up to {MAX_RADIANCE:.0e} W/m2/sr/um",
        )  # fmt: skip
    top, left = (data.shape[1] - need[0]) // 2, (data.shape[2] - need[1]) // 2
    pad = grid.margin + 4
    data = np.pad(data, ((0, 0), (pad, pad), (pad, pad)), mode="symmetric")
    rows, columns = np.arange(data.shape[1]) - pad - top, np.arange(data.shape[2]) - pad - left
    y, x = grid.axes()
    out = np.stack([RectBivariateSpline(rows, columns, band)(y, x) for band in data])
    return np.maximum(np.broadcast_to(out, (bands, *out.shape[1:])), 0.0)
