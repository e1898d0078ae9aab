"""Radiance of the Earth at the top of the atmosphere: land, sea with its glint, and the limb.

`EarthRadiance` is made once a scene and asked for every view of it. Surface figures are in `boostwatch.scene.surface`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostwatch.geometry import MapPlane
from boostwatch.scene.atmosphere import Atmosphere, air_mass
from boostwatch.scene.glint import SeaSurface, mirrors, slope_variance
from boostwatch.scene.radiometry import band_radiance, mean_wavelength, sun_irradiance
from boostwatch.scene.scenario import EarthBackground
from boostwatch.scene.surface import (
    CEILING_K,
    DAILY_K,
    OFFSET_K,
    daily_phase,
    emissivity,
    land_cover,
    land_temperature,
    sea_temperature,
)
from boostwatch.scene.texture import power_law_field
from boostwatch.scene.view import View
from boostwatch_kernels.earth import Ground, Nodes, Planck, Surface, earth_radiance

Array = NDArray[np.float64]

MAP_CELL_M = 5560.0
"""Height of a cell of the land-cover map."""

_COLD_K, _WARM_K = 260.0, 320.0
_FIRST_K, _LAST_K, _PER_K = 150.0, 450.0, 4
_SEA_TEXTURE_K, _LAND_TEXTURE_K, _DAY_TEXTURE_K = 0.3, 1.0, 1.0
_SEA_PATCHES, _LAND_PATCHES = 0.02, 0.15


def surface_radiance(
    atmosphere: Atmosphere,
    altitude_m: ArrayLike,
    secant: ArrayLike,
    temperature_k: ArrayLike,
    emissivity: ArrayLike,
    reflectance: ArrayLike = 0.0,
    cos_sun: ArrayLike = -1.0,
) -> Array:
    """Return the radiance of a matt surface seen through the air above it, W/m2/sr/um.

    ``e B(T) tau + L_path + rho/pi E_sun cos(z_sun) tau_both_ways``; the light of the sky that the surface reflects is
    left out. All arguments broadcast.

    Parameters
    ----------
    atmosphere : Atmosphere
    altitude_m : array_like
        Of the surface.
    secant : array_like
        Of the viewer's zenith angle there.
    temperature_k, emissivity, reflectance : array_like
    cos_sun : array_like
        Of the sun's zenith angle; nothing is reflected where it is not positive.

    Returns
    -------
    float64
    """
    a, b = atmosphere.lower_um, atmosphere.upper_um
    high = np.maximum(np.asarray(cos_sun, np.float64), 0.0)
    own = np.asarray(emissivity) * band_radiance(a, b, temperature_k)
    own = own * atmosphere.transmittance(altitude_m, secant, temperature_k) + atmosphere.path_radiance(
        altitude_m, secant
    )
    both = atmosphere.two_way(altitude_m, secant, 1 / np.maximum(high, 1e-3))
    out: Array = own + np.asarray(reflectance) / np.pi * sun_irradiance(a, b) * high * both
    return out


class _Band:
    """What a band's ground radiance needs of the air, as lines over the logarithm of the air mass; and its sea."""

    def __init__(self, atmosphere: Atmosphere, wind_m_s: float) -> None:
        a, b = atmosphere.lower_um, atmosphere.upper_um
        self.sea, self.sun = SeaSurface(a, b, wind_m_s), sun_irradiance(a, b)
        self.atmosphere, self.emissivity = atmosphere, emissivity(a, b)
        secant = np.geomspace(1.0, 1e4, 400)
        self._log_mass = np.log(air_mass(secant))
        cold, warm = (atmosphere.transmittance(0.0, secant, k) for k in (_COLD_K, _WARM_K))
        self._lines = np.stack([cold, warm - cold, atmosphere.path_radiance(0.0, secant)])
        self._double = np.log(np.geomspace(1.0, 300.0, 600))
        self._depth, self._growth = atmosphere.log_sun_depth(np.exp(self._double)), float(atmosphere.growth(0.0))
        kelvin = np.arange(_FIRST_K, _LAST_K + 0.5 / _PER_K, 1 / _PER_K)
        black = band_radiance(a, b, kelvin)
        ends = mean_wavelength(a, b, np.array([_COLD_K, _WARM_K]))
        # Transmittance is linear in the mean wavelength of the source, so two maps and a line give it for any.
        place = (mean_wavelength(a, b, kelvin) - ends[0]) / (ends[1] - ends[0])
        self.planck = np.stack([black, black * place], axis=-1)

    def nodes(self, view: View, mass: Array, sun_mass: Array, facets: tuple[Array, Array]) -> NDArray[np.float32]:
        """Return float32 (6, Y, X) for `Nodes.band`."""
        cold, warmer, path = (np.interp(np.log(mass), self._log_mass, line) for line in self._lines)
        p = self._growth
        through = np.exp(-np.exp(np.interp(np.log(mass**p + sun_mass**p) / p, self._double, self._depth)))
        sunlight = self.sun * np.maximum(view.cos_sun, 0.0) * through
        glint = sunlight * self.sea.reflectance(facets[0]) * facets[1]
        if view.dense:
            path = np.where(view.hit, path, self.atmosphere.limb_radiance(view.tangent_height_m))
        return np.stack([cold, warmer, path, sunlight / np.pi, glint, self.sea.emissivity(view.cos_zenith)]).astype(
            np.float32
        )


class EarthRadiance:
    """The Earth of one scene.

    Parameters
    ----------
    background : EarthBackground
    plane : MapPlane
        The scene's map, on which the textures lie.
    cell_m : float
        Size of a cell on the ground at the map's centre.
    rng : numpy.random.Generator
        Of warp and texture.
    day_of_year : float, optional
        For the lag of the seasons behind the sun; without it the mean of spring and autumn is taken.
    cells : int
        Period of the textures, rounded up to a power of two of at most 2048.
    """

    def __init__(
        self,
        background: EarthBackground,
        plane: MapPlane,
        cell_m: float,
        rng: np.random.Generator,
        *,
        day_of_year: float | None = None,
        cells: int = 1024,
    ) -> None:
        self._background, self._day = background, day_of_year
        size = 1 << (int(np.clip(cells, 64, 2048)) - 1).bit_length()
        shape, outer = (size, size), 30e3 / cell_m
        texture = np.empty((*shape, 4), np.float32)
        for k in range(2):
            texture[..., k] = power_law_field(shape, -3.2, outer, rng) * np.float32(background.coast_detail)
        texture[..., 2] = power_law_field(shape, -2.5, 150e3 / cell_m, rng)
        texture[..., 3] = power_law_field(shape, -2.2, outer, rng)
        self._ground = Ground(land_cover(), texture, float(cell_m), max(MAP_CELL_M / cell_m, 1.0))
        self._bands: dict[Atmosphere, _Band] = {}

    def _band(self, atmosphere: Atmosphere) -> _Band:
        if atmosphere not in self._bands:  # two threads may both make it: the same either way
            self._bands[atmosphere] = _Band(atmosphere, self._background.wind)
        return self._bands[atmosphere]

    def radiance(self, view: View, atmospheres: tuple[Atmosphere, ...]) -> NDArray[np.float32]:
        """Return the radiance of every cell at the top of the atmosphere.

        Parameters
        ----------
        view : View
            At height 0, of the scene's own map.
        atmospheres : tuple of Atmosphere
            One a band.

        Returns
        -------
        float32 (B, N, M)
            W/m2/sr/um; past the limb that of the air alone, which is 0 in space.
        """
        settings = self._background
        bands = [self._band(atmosphere) for atmosphere in atmospheres]
        contrast = settings.texture
        surface = Surface(
            DAILY_K, OFFSET_K, CEILING_K, np.stack([band.emissivity for band in bands]).astype(np.float32),
            _SEA_TEXTURE_K * contrast, _SEA_PATCHES * contrast, _LAND_PATCHES * contrast,
        )  # fmt: skip
        lat, lon = view.latitude_deg, view.longitude_deg
        warm = settings.temperature_offset
        field = np.stack([
            sea_temperature(lat, view.sun, self._day) + warm,
            land_temperature(lat, view.sun, self._day) + warm,
            daily_phase(lat, lon, view.sun),
            contrast * (_LAND_TEXTURE_K + _DAY_TEXTURE_K * np.maximum(view.cos_sun, 0.0)),
            1 / np.cos(np.radians(np.clip(lat, -85.0, 85.0))),
        ]).astype(np.float32)  # fmt: skip
        mass, sun_mass = air_mass(view.secant), air_mass(1 / np.maximum(view.cos_sun, 1e-3))
        facets = mirrors(view.cos_zenith, view.cos_sun, view.cos_phase, slope_variance(settings.wind))
        nodes = Nodes(
            np.stack([lat, lon, view.east_m, view.north_m]),
            field,
            np.stack([band.nodes(view, mass, sun_mass, facets) for band in bands]),
        )
        planck = Planck(np.stack([band.planck for band in bands]).astype(np.float32), _FIRST_K, float(_PER_K))
        out = np.empty((len(bands), *view.shape), np.float32)
        earth_radiance(self._ground, surface, nodes, planck, out)
        return out
