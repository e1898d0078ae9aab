"""Radiance of the Earth's surface at the top of the atmosphere, from land cover.

Class-typical figures, kept simple on purpose: emissivity by class and spectral region, reflectance ``1 - emissivity``,
temperature from latitude, season, local solar time and class. The map is MODIS land cover (IGBP classes) on a tenth of
a degree; a random warp finer than that gives coasts and class borders their natural raggedness.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostwatch.scene.atmosphere import Atmosphere
from boostwatch.scene.radiometry import band_radiance_table, mean_wavelength, sun_irradiance
from boostwatch.scene.scenario import EarthBackground
from boostwatch.scene.texture import power_law_field
from boostwatch.scene.view import View

WATER, SNOW, BARREN = 0, 15, 16
CLASSES = (
    "water", "evergreen needleleaf forest", "evergreen broadleaf forest", "deciduous needleleaf forest",
    "deciduous broadleaf forest", "mixed forest", "closed shrubland", "open shrubland", "woody savanna", "savanna",
    "grassland", "wetland", "cropland", "urban", "cropland and natural", "snow and ice", "barren",
)  # fmt: skip
"""IGBP classes, in the map's order."""

# Emissivity by class: near 2.7 um, near 3.9 um, near 4.3 um. Typical of the classes; the literature spreads by a few
# hundredths for plants and by a tenth for bare ground.
EMISSIVITY = np.array([
    (0.98, 0.98, 0.98), (0.95, 0.96, 0.97), (0.95, 0.96, 0.97), (0.94, 0.95, 0.96), (0.94, 0.95, 0.96),
    (0.95, 0.96, 0.97), (0.91, 0.93, 0.95), (0.84, 0.86, 0.91), (0.93, 0.95, 0.96), (0.92, 0.94, 0.95),
    (0.90, 0.92, 0.94), (0.96, 0.97, 0.97), (0.92, 0.93, 0.95), (0.90, 0.91, 0.93), (0.92, 0.94, 0.95),
    (0.97, 0.97, 0.98), (0.78, 0.78, 0.86),
])  # fmt: skip

# Half the daily range of the skin temperature, K.
_DAILY_K = np.array([0.0, 5, 4, 6, 6, 5, 10, 13, 7, 9, 10, 4, 9, 10, 8, 3, 17])


@cache
def land_cover() -> NDArray[np.uint8]:
    """Return the map of IGBP classes, uint8 (1800, 3600), a tenth of a degree, from 90 N, 180 W."""
    with files("boostwatch.scene").joinpath("data/land_cover.npz").open("rb") as stream, np.load(stream) as archive:
        return np.asarray(archive["classes"], np.uint8)


def classes_at(latitude_deg: ArrayLike, longitude_deg: ArrayLike) -> NDArray[np.uint8]:
    """Return the land-cover class at places; the coast runs smoothly between the map's cells.

    Water or land is decided by the bilinear share of water in the four nearest cells, the class of land by the nearest
    cell that is land.
    """
    table = land_cover()
    row = np.clip((90.0 - np.asarray(latitude_deg)) * 10 - 0.5, 0.0, 1798.999)
    column = (np.asarray(longitude_deg) + 180.0) * 10 - 0.5
    i, j = np.floor(row).astype(np.int32), np.floor(column).astype(np.int32)
    u, v = (row - i).astype(np.float32), (column - j).astype(np.float32)
    left, right = j % 3600, (j + 1) % 3600
    corners = (table[i, left], table[i, right], table[i + 1, left], table[i + 1, right])
    weights = ((1 - u) * (1 - v), (1 - u) * v, u * (1 - v), u * v)
    share = np.zeros(u.shape, np.float32)
    best = np.full(u.shape, -1.0, np.float32)
    out = np.zeros(u.shape, np.uint8)
    for corner, weight in zip(corners, weights, strict=True):
        share += weight * (corner == WATER)
        nearer = (corner != WATER) & (weight > best)
        best = np.where(nearer, weight, best)
        out = np.where(nearer, corner, out)
    return np.where(share >= 0.5, np.uint8(WATER), out)


def surface_temperature(
    classes: NDArray[np.uint8], latitude_deg: ArrayLike, longitude_deg: ArrayLike, sun: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the skin temperature, K.

    Zonal means that follow the sun's declination, the sea lagging behind the land; land swings about them by the
    class's daily range with its maximum at 13:30 local solar time. Snow and ice stay at freezing or below.

    Parameters
    ----------
    classes : uint8 (...)
    latitude_deg, longitude_deg : array_like (...)
    sun : float64 (3,)
        Unit vector to the sun, ITRS.

    Returns
    -------
    float64 (...)
    """
    lat = np.radians(np.asarray(latitude_deg, np.float64))
    declination = np.arcsin(sun[2])
    sea = np.maximum(301.0 - 40.0 * np.sin(lat - 0.3 * declination) ** 2, 271.4)
    land = 300.0 - 50.0 * np.sin(np.clip(lat - 0.6 * declination, -np.pi / 2, np.pi / 2)) ** 2
    sun_longitude = np.degrees(np.arctan2(sun[1], sun[0]))
    hour = 12.0 + (np.asarray(longitude_deg, np.float64) - sun_longitude) / 15.0
    land = land + _DAILY_K[classes] * np.cos(2 * np.pi * (hour - 13.5) / 24.0)
    out = np.where(classes == WATER, sea, land)
    held: NDArray[np.float64] = np.where(classes == SNOW, np.minimum(out, 272.0), out)
    return held


def emissivity(lower_um: float, upper_um: float) -> NDArray[np.float64]:
    """Return the emissivity (17,) of the classes in the spectral region nearest to a band."""
    middle = 0.5 * (lower_um + upper_um)
    return EMISSIVITY[:, int(np.argmin(np.abs(np.array([2.82, 3.9, 4.32]) - middle)))]


class EarthRadiance:
    """The surface under one view: temperature and class by cell, radiance by band.

    Parameters
    ----------
    view : View
        At the ground.
    background : EarthBackground
    sun : float64 (3,)
    cell_m : float
        Size of a cell on the ground.
    rng : numpy.random.Generator
        Of warp and texture.
    """

    def __init__(
        self,
        view: View,
        background: EarthBackground,
        sun: NDArray[np.float64],
        cell_m: float,
        rng: np.random.Generator,
    ) -> None:
        self._view = view
        lat, lon = view.spread64(view.latitude_deg), view.spread64(view.longitude_deg)
        shape = lat.shape
        outer = 30e3 / cell_m
        warp = [power_law_field(shape, -3.2, outer, rng) * np.float32(background.coast_detail) for _ in range(2)]
        lat, lon = np.nan_to_num(lat), np.nan_to_num(lon)
        self.classes = classes_at(np.clip(lat + warp[0], -90, 90), lon + warp[1] / np.cos(np.radians(view_lat(lat))))
        texture = power_law_field(shape, -2.5, 150e3 / cell_m, rng)
        water = self.classes == WATER
        contrast = np.where(water, np.float32(0.4), np.float32(1.5)) * np.float32(background.texture)
        self.temperature_k = (
            surface_temperature(self.classes, lat, lon, sun) + background.temperature_offset + contrast * texture
        ).astype(np.float32)
        # A smooth sea reflects evenly; fields, rock and town do not.
        patches = power_law_field(shape, -2.2, outer, rng)
        self._reflectance_scale = np.clip(
            1 + np.where(water, np.float32(0.02), np.float32(0.15)) * np.float32(background.texture) * patches, 0.2, 2.0
        ).astype(np.float32)

    def radiance(self, atmosphere: Atmosphere) -> NDArray[np.float32]:
        """Return the top-of-atmosphere radiance of every cell in one band, W/m2/sr/um; 0 past the limb."""
        a, b = atmosphere.lower_um, atmosphere.upper_um
        view = self._view
        grid, log_black = band_radiance_table(a, b)
        black = np.exp(np.interp(self.temperature_k, grid, log_black)).astype(np.float32)
        emitted = emissivity(a, b).astype(np.float32)[self.classes]
        # Transmittance is linear in the source's mean wavelength, so two maps and a line give it for every cell.
        cold = view.spread(atmosphere.transmittance(0.0, view.secant, 260.0))
        warm = view.spread(atmosphere.transmittance(0.0, view.secant, 320.0))
        ends = mean_wavelength(a, b, np.array([260.0, 320.0]))
        place = np.interp(self.temperature_k, grid, (mean_wavelength(a, b, grid) - ends[0]) / (ends[1] - ends[0]))
        through = cold + (warm - cold) * place.astype(np.float32)
        out = emitted * black * through + view.spread(atmosphere.path_radiance(0.0, view.secant))
        if (view.cos_sun > 0).any():
            high = np.maximum(view.cos_sun, 0.0)
            down = 1 / np.maximum(high, 0.1)
            sunlight = sun_irradiance(a, b) / np.pi * high * atmosphere.two_way(0.0, view.secant, down)
            out = out + (1 - emitted) * self._reflectance_scale * view.spread(sunlight)
        return np.where(view.hit, out, 0.0).astype(np.float32)


def view_lat(latitude_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return latitudes kept off the poles, where a warp in longitude loses its meaning."""
    return np.clip(latitude_deg, -80.0, 80.0)
