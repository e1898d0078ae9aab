"""What covers the Earth's surface and how warm it is: class-typical figures, kept simple on purpose.

Land cover is MODIS MCD12C1 (IGBP classes) on a twentieth of a degree. Emissivity is a figure for each class and
spectral region; temperature follows from latitude, season, local solar time and class. The height of the ground is
unknown: plateaus and mountains come out too warm, by 6.5 K a kilometre, except that ice sheets are given some of it.
"""

from __future__ import annotations

import lzma
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator

Array = NDArray[np.float64]

WATER, OPEN_SHRUBLAND, SNOW, BARREN, TUNDRA = 0, 7, 15, 16, 17
CLASSES = (
    "water", "evergreen needleleaf forest", "evergreen broadleaf forest", "deciduous needleleaf forest",
    "deciduous broadleaf forest", "mixed forest", "closed shrubland", "open shrubland", "woody savanna", "savanna",
    "grassland", "wetland", "cropland", "urban", "cropland and natural", "snow and ice", "barren", "tundra",
)  # fmt: skip
"""IGBP classes in the map's order; and tundra, which IGBP counts among the open shrublands of deserts."""

TUNDRA_DEG = 55.0
"""Open shrubland north of this latitude is tundra."""

REGIONS_UM = np.array([2.25, 2.82, 3.9, 4.32])
"""Middles of the spectral regions of `EMISSIVITY`."""

# Chosen within the spread of Salisbury and D'Aria (Remote Sens. Environ. 47, 345, 1994) and Seemann et al. (J. Appl.
# Meteorol. Climatol. 47, 108, 2008) at 3 to 5 um: a few hundredths for plants, a tenth for bare ground. At 2.25 um, one
# less typical albedos of MODIS band 7.
EMISSIVITY = np.array([
    (0.98, 0.98, 0.98, 0.98), (0.92, 0.95, 0.96, 0.97), (0.90, 0.95, 0.96, 0.97), (0.90, 0.94, 0.95, 0.96),
    (0.87, 0.94, 0.95, 0.96), (0.90, 0.95, 0.96, 0.97), (0.80, 0.91, 0.93, 0.95), (0.70, 0.84, 0.86, 0.91),
    (0.86, 0.93, 0.95, 0.96), (0.82, 0.92, 0.94, 0.95), (0.78, 0.90, 0.92, 0.94), (0.93, 0.96, 0.97, 0.97),
    (0.80, 0.92, 0.93, 0.95), (0.80, 0.90, 0.91, 0.93), (0.82, 0.92, 0.94, 0.95), (0.95, 0.97, 0.97, 0.98),
    (0.52, 0.78, 0.78, 0.86), (0.84, 0.93, 0.95, 0.96),
])  # fmt: skip
"""Emissivity (18, 4) of the classes; that of water is for diffuse light, `glint.SeaSurface` has it by angle."""

DAILY_K = np.array([0.0, 5, 4, 6, 6, 5, 10, 13, 7, 9, 10, 4, 9, 10, 8, 3, 17, 8], np.float32)
"""Half the daily range of the skin temperature under a sun that culminates at the zenith."""

OFFSET_K = np.where(np.arange(len(CLASSES)) == SNOW, -10.0, 0.0).astype(np.float32)
"""Ice sheets lie high."""

CEILING_K = np.where(np.arange(len(CLASSES)) == SNOW, 272.0, 1e4).astype(np.float32)
"""Snow and ice do not get warmer."""

_LATITUDE_DEG = np.arange(-90.0, 91.0, 10.0)
# Annual mean and half the seasonal range, K, positive where July is the warmer month. The sea's August agrees with the
# zonal means of HadISST1 for August 2012 within 1 K; the land's are rounded zonal means of air temperature.
_SEA_MEAN_K = 273.15 + np.array(
    [-1.8, -1.8, -1.6, 0.8, 6.5, 14.0, 20.5, 24.5, 27.0, 27.3, 27.7, 26.0, 22.3, 17.0, 9.8, 7.0, 3.2, -0.7, -1.8]
)
_SEA_SWING_K = np.array(
    [0, 0, -0.3, -0.8, -1.3, -1.9, -2.3, -2.0, -1.3, -0.2, 0.8, 1.8, 4.1, 5.9, 4.6, 3.7, 2.9, 1.4, 0.0]
)
_LAND_MEAN_K = 273.15 + np.array(
    [
        -39.0,
        -36.0,
        -24.0,
        -6.0,
        6.0,
        11.5,
        17.5,
        22.0,
        25.0,
        26.0,
        26.5,
        25.0,
        19.0,
        11.5,
        4.0,
        -3.0,
        -11.0,
        -17.0,
        -18.0,
    ]
)
_LAND_SWING_K = np.array(
    [-16.0, -15, -11, -6, -5, -6, -6.5, -4.5, -2.0, 0.5, 2.0, 5.5, 8.5, 12.0, 14.5, 18.0, 18.0, 17.0, 17.0]
)
_SEA_LAG_D, _LAND_LAG_D, _SOLSTICE_D = 65.0, 28.0, 172.0
_WARMEST_H = 13.5


@cache
def land_cover() -> NDArray[np.uint8]:
    """Return the map of `CLASSES`, uint8 (3600, 7200), a twentieth of a degree, from 90 N, 180 W."""
    packed = files("boostwatch.scene").joinpath("data/land_cover.xz").read_bytes()
    table = np.frombuffer(bytearray(lzma.decompress(packed)), np.uint8).reshape(3600, 7200)
    north = table[: round((90 - TUNDRA_DEG) * 20)]
    north[north == OPEN_SHRUBLAND] = TUNDRA
    return table


def classes_at(latitude_deg: ArrayLike, longitude_deg: ArrayLike) -> NDArray[np.uint8]:
    """Return the land-cover class of the map's cell at places, uint8 of their broadcast shape."""
    row = np.clip((90.0 - np.asarray(latitude_deg, np.float64)) * 20, 0, 3599).astype(np.intp)
    column = np.floor((np.asarray(longitude_deg, np.float64) + 180.0) * 20).astype(np.intp) % 7200
    out: NDArray[np.uint8] = land_cover()[row, column]
    return out


def emissivity(lower_um: float, upper_um: float) -> Array:
    """Return the emissivity (18,) of the classes at the middle of a band, linear between the spectral regions."""
    middle = 0.5 * (lower_um + upper_um)
    return np.array([np.interp(middle, REGIONS_UM, row) for row in EMISSIVITY])


def _season(sun: Array, lag_d: float, day_of_year: float | None) -> float:
    """Return the phase of the year, 1 in the northern summer: a cosine that lags the sun by days."""
    turn = 2 * np.pi / 365.25
    if day_of_year is None:
        return float(np.clip(sun[2] / np.sin(np.radians(23.44)), -1, 1) * np.cos(turn * lag_d))
    return float(np.cos(turn * (day_of_year - _SOLSTICE_D - lag_d)))


def _zonal(values: Array, latitude_deg: ArrayLike) -> Array:
    """Monotone cubic in latitude: straight pieces would show as rings of the Earth in a wide view."""
    out: Array = PchipInterpolator(_LATITUDE_DEG, values)(np.asarray(latitude_deg, np.float64))
    return out


def sea_temperature(latitude_deg: ArrayLike, sun: Array, day_of_year: float | None = None) -> Array:
    """Return the zonal mean temperature of the sea's surface, K, at least 271.35 K where it freezes.

    Parameters
    ----------
    latitude_deg : array_like (...)
    sun : float64 (3,)
        Unit vector to the sun, ITRS.
    day_of_year : float, optional
        1 to 366; see `EarthRadiance`.

    Returns
    -------
    float64 (...)
    """
    phase = _season(sun, _SEA_LAG_D, day_of_year)
    return np.maximum(_zonal(_SEA_MEAN_K + phase * _SEA_SWING_K, latitude_deg), 271.35)


def land_temperature(latitude_deg: ArrayLike, sun: Array, day_of_year: float | None = None) -> Array:
    """Return the zonal mean temperature of land at sea level, K; arguments as in `sea_temperature`."""
    phase = _season(sun, _LAND_LAG_D, day_of_year)
    return _zonal(_LAND_MEAN_K + phase * _LAND_SWING_K, latitude_deg)


def daily_phase(latitude_deg: ArrayLike, longitude_deg: ArrayLike, sun: Array) -> Array:
    """Return the skin temperature's daily swing as a factor of `DAILY_K`.

    Two harmonics with the maximum at 13:30 local solar time, which makes days peaked and nights flat; it shrinks with
    the height of the noon sun and ends where there is none.

    Parameters
    ----------
    latitude_deg, longitude_deg : array_like (...)
    sun : float64 (3,)

    Returns
    -------
    float64 (...)
        Mean 0 over a day.
    """
    hour = 12.0 + (np.asarray(longitude_deg, np.float64) - np.degrees(np.arctan2(sun[1], sun[0]))) / 15.0
    angle = 2 * np.pi * (hour - _WARMEST_H) / 24.0
    noon = np.maximum(np.cos(np.radians(np.asarray(latitude_deg, np.float64)) - np.arcsin(sun[2])), 0.0)
    out: Array = noon * (np.cos(angle) + 0.25 * np.cos(2 * angle))
    return out


def surface_temperature(
    classes: NDArray[np.uint8],
    latitude_deg: ArrayLike,
    longitude_deg: ArrayLike,
    sun: Array,
    day_of_year: float | None = None,
) -> Array:
    """Return the skin temperature of places without texture, K; arguments as above, broadcast."""
    land = land_temperature(latitude_deg, sun, day_of_year) + OFFSET_K[classes]
    land = np.minimum(land + DAILY_K[classes] * daily_phase(latitude_deg, longitude_deg, sun), CEILING_K[classes])
    out: Array = np.where(classes == WATER, sea_temperature(latitude_deg, sun, day_of_year), land)
    return out
