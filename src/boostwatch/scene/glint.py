"""The sea surface as a mirror of many facets: emissivity by angle, and the glint of the sun.

Slopes are Gaussian and alike in all directions, their variance linear in the wind (Cox and Munk, J. Opt. Soc. Am. 44,
838, 1954). Each facet reflects by Fresnel's equations with the complex refractive index of pure water at 25 C (Hale and
Querry, Appl. Opt. 12, 555, 1973). Facets that hide each other are counted once by the shadowing function of Smith (IEEE
Trans. Antennas Propag. 15, 668, 1967), which also keeps the radiance finite at the horizon.

Not modelled: foam, salt (it adds 0.006 to the index), light that meets the sea twice, swell, slicks, skewed slopes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc

Array = NDArray[np.float64]

# Wavelength (um), real part and extinction coefficient of water.
_WATER = np.array([
    (2.0, 1.306, 1.1e-3), (2.2, 1.296, 2.89e-4), (2.4, 1.279, 9.56e-4), (2.6, 1.242, 3.17e-3), (2.65, 1.219, 6.7e-3),
    (2.7, 1.188, 0.019), (2.75, 1.157, 0.059), (2.8, 1.142, 0.115), (2.85, 1.149, 0.185), (2.9, 1.201, 0.268),
    (2.95, 1.292, 0.298), (3.0, 1.371, 0.272), (3.1, 1.467, 0.192), (3.2, 1.478, 0.0924), (3.3, 1.45, 0.0368),
    (3.4, 1.42, 0.0195), (3.5, 1.4, 9.4e-3), (3.6, 1.385, 5.15e-3), (3.7, 1.374, 3.6e-3), (3.8, 1.364, 3.4e-3),
    (3.9, 1.357, 3.8e-3), (4.0, 1.351, 4.6e-3), (4.1, 1.346, 5.62e-3), (4.2, 1.342, 6.88e-3), (4.3, 1.338, 8.45e-3),
    (4.4, 1.334, 0.0103), (4.5, 1.332, 0.0134), (4.6, 1.33, 0.0147), (4.8, 1.33, 0.015), (5.0, 1.325, 0.0124),
])  # fmt: skip


def refractive_index(wavelength_um: ArrayLike) -> NDArray[np.complex128]:
    """Return the complex index ``n + ik`` of water, 2 to 5 um, linear between the tabulated wavelengths."""
    um = np.asarray(wavelength_um, np.float64)
    out: NDArray[np.complex128] = np.interp(um, _WATER[:, 0], _WATER[:, 1]) + 1j * np.interp(
        um, _WATER[:, 0], _WATER[:, 2]
    )
    return out


def fresnel(cos_incidence: ArrayLike, index: ArrayLike) -> Array:
    """Return the reflectance of a plane for unpolarised light from air; the arguments broadcast."""
    c = np.asarray(cos_incidence, np.float64)
    n = np.asarray(index, np.complex128)
    inside = np.sqrt(n * n - (1 - c * c))
    s = (c - inside) / (c + inside)
    p = (n * n * c - inside) / (n * n * c + inside)
    out: Array = 0.5 * (np.abs(s) ** 2 + np.abs(p) ** 2)
    return out


def slope_variance(wind_m_s: float) -> float:
    """Return the total slope variance of a clean sea; the wind is that at 12.5 m, up to 14 m/s in the measurements."""
    return 0.003 + 0.00512 * wind_m_s


def _hidden(cosine: Array, variance: float) -> Array:
    """Smith's Lambda: ``1/(1 + Lambda)`` of the facets that face a direction are seen from there."""
    c = np.clip(cosine, 1e-4, 1 - 1e-12)
    nu = c / np.sqrt((1 - c * c) * variance)
    out: Array = 0.5 * (np.exp(-np.minimum(nu * nu, 700.0)) / (nu * np.sqrt(np.pi)) - erfc(nu))
    return out


def mirrors(cos_view: ArrayLike, cos_sun: ArrayLike, cos_phase: ArrayLike, variance: float) -> tuple[Array, Array]:
    """Return the facets that mirror the sun to the viewer, alike in all bands.

    Parameters
    ----------
    cos_view, cos_sun : array_like (...)
        Cosines of the zenith angles of viewer and sun.
    cos_phase : array_like (...)
        Cosine of the angle between the directions to both.
    variance : float
        Of the slopes.

    Returns
    -------
    cos_incidence : float64 (...)
        Of the light on these facets.
    share : float64 (...)
        Bidirectional reflectance of the sea if each reflected all, 1/sr: ``p / (4 cos_view cos_sun cos(tilt)^4)``,
        p the density of their slope, less what hides; 0 where sun or viewer is not above the horizon.
    """
    v, s = np.asarray(cos_view, np.float64), np.asarray(cos_sun, np.float64)
    cos_incidence: Array = np.sqrt(np.maximum(0.5 * (1 + np.asarray(cos_phase, np.float64)), 1e-12))
    lit = (v > 0) & (s > 0)
    v, s = np.maximum(v, 1e-4), np.maximum(s, 1e-4)
    tilt = np.clip((v + s) / (2 * cos_incidence), 1e-3, 1.0)
    square = 1 / tilt**2 - 1
    density = np.exp(-np.minimum(square / variance, 700.0)) / (np.pi * variance)
    seen = 4 * v * s * (1 + _hidden(v, variance) + _hidden(s, variance))
    return cos_incidence, np.where(lit, density / (seen * tilt**4), 0.0)


class SeaSurface:
    """Emissivity and glint of the sea in one band.

    Parameters
    ----------
    lower_um, upper_um : float
        The band; reflectances are means over it.
    wind_m_s : float
    """

    def __init__(self, lower_um: float, upper_um: float, wind_m_s: float) -> None:
        self.variance = slope_variance(wind_m_s)
        step = (upper_um - lower_um) / 16
        wavelength = lower_um + step * (np.arange(16) + 0.5)
        self._cosine = np.linspace(0.0, 1.0, 401)
        self._fresnel = fresnel(self._cosine[:, None], refractive_index(wavelength)).mean(axis=1)
        self._view = np.linspace(0.0, 1.0, 33)
        self._emissivity = 1 - self._mean_reflectance(self._view)

    def reflectance(self, cos_incidence: ArrayLike) -> Array:
        """Return the band mean of Fresnel's reflectance of one facet."""
        out: Array = np.interp(np.asarray(cos_incidence, np.float64), self._cosine, self._fresnel)
        return out

    def _mean_reflectance(self, cos_view: Array) -> Array:
        """Mean over the facets that face the viewer, weighted by what is seen of each."""
        s = np.linspace(-3.2, 3.2, 65) * np.sqrt(self.variance)
        along, across = np.meshgrid(s, s)
        weight = np.exp(-(along**2 + across**2) / self.variance)
        c = cos_view[:, None, None]
        seen = np.maximum(c + np.sqrt(1 - c * c) * along, 0.0)  # cosine of incidence over that of the tilt
        incidence = seen / np.sqrt(1 + along**2 + across**2)
        total = (seen * weight).sum(axis=(1, 2))
        out: Array = (self.reflectance(incidence) * seen * weight).sum(axis=(1, 2)) / np.maximum(total, 1e-300)
        return out

    def emissivity(self, cos_zenith: ArrayLike) -> Array:
        """Return the emissivity towards a zenith angle: what the visible facets do not reflect.

        After Masuda, Takashima and Takayama (Remote Sens. Environ. 24, 313, 1988).
        """
        out: Array = np.interp(np.asarray(cos_zenith, np.float64), self._view, self._emissivity)
        return out

    def brdf(self, cos_view: ArrayLike, cos_sun: ArrayLike, cos_phase: ArrayLike) -> Array:
        """Return the bidirectional reflectance of the glint, 1/sr; pi times it is the reflectance of a matt surface.

        Parameters
        ----------
        cos_view, cos_sun, cos_phase : array_like (...)
            As in `mirrors`.

        Returns
        -------
        float64 (...)
        """
        cos_incidence, share = mirrors(cos_view, cos_sun, cos_phase, self.variance)
        return self.reflectance(cos_incidence) * share
