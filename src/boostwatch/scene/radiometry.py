"""Planck's law over bands, in W/m2/sr/um and W/sr."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostwatch.sensor import LIGHT_M_S, PLANCK_J_S

BOLTZMANN_J_K = 1.380649e-23
STEFAN_BOLTZMANN = 5.670374419e-8
SUN_TEMPERATURE_K = 5772.0
SUN_SOLID_ANGLE_OVER_PI = (6.957e8 / 1.495978707e11) ** 2
"""Irradiance from a uniform disc is its radiance times pi times this."""

Array = NDArray[np.float64]


def planck(wavelength_um: ArrayLike, temperature_k: ArrayLike) -> Array:
    """Return the spectral radiance of a black body, W/m2/sr/um; the two arguments broadcast."""
    m = np.asarray(wavelength_um, np.float64) * 1e-6
    exponent = PLANCK_J_S * LIGHT_M_S / (m * BOLTZMANN_J_K * np.asarray(temperature_k, np.float64))
    out: Array = 2e-6 * PLANCK_J_S * LIGHT_M_S**2 / (m**5 * np.expm1(np.minimum(exponent, 700.0)))
    return out


@cache
def _nodes(lower_um: float, upper_um: float) -> tuple[Array, Array]:
    # 24-point Gauss-Legendre: exact to 1e-9 over any band of an octave.
    x, w = np.polynomial.legendre.leggauss(24)
    return lower_um + (upper_um - lower_um) * 0.5 * (x + 1), 0.5 * w


def band_radiance(lower_um: float, upper_um: float, temperature_k: ArrayLike) -> Array:
    """Return the band mean of the spectral radiance of a black body, W/m2/sr/um, of the temperatures' shape."""
    wavelength, weight = _nodes(lower_um, upper_um)
    out: Array = planck(wavelength, np.asarray(temperature_k, np.float64)[..., None]) @ weight
    return out


def mean_wavelength(lower_um: float, upper_um: float, temperature_k: ArrayLike) -> Array:
    """Return the Planck-weighted mean wavelength in a band, um, of the temperatures' shape."""
    wavelength, weight = _nodes(lower_um, upper_um)
    spectrum = planck(wavelength, np.asarray(temperature_k, np.float64)[..., None])
    out: Array = (spectrum @ (weight * wavelength)) / (spectrum @ weight)
    return out


def band_radiance_table(lower_um: float, upper_um: float) -> tuple[Array, Array]:
    """Return temperatures (K) and the logarithm of `band_radiance`, to interpolate maps of a million cells."""
    temperature = np.linspace(150.0, 450.0, 601)
    return temperature, np.log(band_radiance(lower_um, upper_um, temperature))


def sun_irradiance(lower_um: float, upper_um: float) -> float:
    """Return the sun's mean spectral irradiance at one astronomical unit, W/m2/um, of a 5772 K black body."""
    return float(np.pi * SUN_SOLID_ANGLE_OVER_PI * band_radiance(lower_um, upper_um, SUN_TEMPERATURE_K))


def hot_source_intensity(lower_um: float, upper_um: float, temperature_k: float, power_w: float) -> float:
    """Return the in-band radiant intensity along the normal, W/sr, of a flat black body of a given radiated power.

    Its area is ``power / (sigma T^4)``; a grey emissivity cancels.
    """
    area = power_w / (STEFAN_BOLTZMANN * temperature_k**4)
    return float(area * (upper_um - lower_um) * band_radiance(lower_um, upper_um, temperature_k))
