"""Surfaces that mirror the Sun: lakes and solar farms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostwatch.geometry import WGS84_A_M, enu_basis, geodetic_to_itrs
from boostwatch.scene.emission import Emission, Observer
from boostwatch.scene.radiometry import SUN_SOLID_ANGLE_OVER_PI, SUN_TEMPERATURE_K, sun_irradiance
from boostwatch.scene.scenario.confusers import Glint
from boostwatch.scene.sources.base import Array, Bands, Patch, Source, sunflower

SUN_RADIUS_RAD = float(np.arcsin(np.sqrt(SUN_SOLID_ANGLE_OVER_PI)))
REFRACTIVE_INDEX = {"water": 1.33, "panel": 1.5}
"""Of water and glass, taken as constant through 2 to 5 um."""
_AREA_M2 = {"water": 2e6, "panel": 2e5}
_SLOPE_SPREAD_DEG = {"water": 2.0, "panel": 0.3}
_SUN_POINTS = sunflower(91)
_PATCH_POINTS = 100


def fresnel(cosine: ArrayLike, index: float) -> Array:
    """Return the reflectance of a smooth dielectric for unpolarised light, by the cosine of incidence."""
    c = np.clip(np.asarray(cosine, np.float64), 0.0, 1.0)
    t = np.sqrt(1 - (1 - c**2) / index**2)
    out: Array = 0.5 * (((c - index * t) / (c + index * t)) ** 2 + ((t - index * c) / (t + index * c)) ** 2)
    return out


def mirrored(normal: Array, view: Array, sun: Array, slope_rad: float) -> float:
    """Return the radiant intensity of a mirroring surface for 1 m2, reflectance 1 and 1 W/m2 of sunlight, 1/sr.

    Facets with Gaussian slopes about a mean plane (Cox and Munk, J. Opt. Soc. Am. 44, 1954: ``E p / (4 cos^4 beta)`` of
    horizontal area), averaged over the points of the Sun's disc, so that a calm surface shows the Sun's own radiance.

    Parameters
    ----------
    normal, view, sun : float64 (3,)
        Unit vectors: the mean normal, and towards the observer and the Sun's middle.
    slope_rad : float
        Rms slope an axis.
    """
    if normal @ view <= 0 or normal @ sun <= 0:
        return 0.0
    side = np.cross(sun, [0.0, 0.0, 1.0] if abs(sun[2]) < 0.9 else [1.0, 0.0, 0.0])
    side /= np.linalg.norm(side)
    disc = sun + SUN_RADIUS_RAD * (_SUN_POINTS @ np.stack([side, np.cross(sun, side)]))
    facet = disc + view
    lean = (facet @ normal) / np.linalg.norm(facet, axis=1)  # cosine of the facet's slope angle beta
    slope2 = 1 / np.maximum(lean, 1e-6) ** 2 - 1
    chance = np.exp(-0.5 * slope2 / slope_rad**2) / (2 * np.pi * slope_rad**2)
    return float((chance / (4 * np.maximum(lean, 1e-6) ** 4)).mean())


def aim(latitude_deg: float, longitude_deg: float, observer: Observer) -> tuple[float, float]:
    """Return the tilt and the azimuth, degrees, with which a panel at a place mirrors the Sun at the observer."""
    place = geodetic_to_itrs(latitude_deg, longitude_deg)
    view = observer.position_m - place
    normal = view / np.linalg.norm(view) + observer.sun
    east, north, up = enu_basis(latitude_deg, longitude_deg) @ (normal / np.linalg.norm(normal))
    return float(np.degrees(np.arccos(np.clip(up, -1, 1)))), float(np.degrees(np.arctan2(east, north)) % 360)


@dataclass(frozen=True)
class GlintSource(Source):
    """A mirroring surface; ``flux_w`` float64 (B,) of in-band sunlight on its area face on."""

    patch: Patch
    normal: Array
    slope_rad: float
    index: float
    reflectance: float | None
    flux_w: NDArray[np.float64]

    def whereabouts(self, time_s: Array) -> tuple[Array, float]:
        """See `Source.whereabouts`."""
        return self.patch.centre_m[None], self.patch.radius_m

    def emit(self, start_s: float, end_s: float, observer: Observer) -> tuple[Emission, ...]:
        """Return what it mirrors towards the observer; see `Source.emit`.

        The air on the sunlight's way down is the renderer's part, as that on the way up is.
        """
        if not self.shines(start_s, end_s) or self.patch.centre_m @ observer.sun <= 0:
            return ()
        view = observer.position_m - self.patch.centre_m
        view /= np.linalg.norm(view)
        gain = mirrored(self.normal, view, observer.sun, self.slope_rad)
        if gain < 1e-9:
            return ()
        rho = self.reflectance
        if rho is None:
            rho = float(fresnel(np.sqrt(0.5 * (1 + view @ observer.sun)), self.index))
        lasting = (min(end_s, self.reach_s[1]) - max(start_s, self.reach_s[0])) / (end_s - start_s)
        place, height, share = self.patch.points(observer)
        return (Emission(place, height, share, self.flux_w * (rho * gain * lasting), SUN_TEMPERATURE_K),)


def build_glint(item: Glint, duration_s: float, bands: Bands) -> GlintSource:
    """Turn a lake or a solar farm into a source."""
    area = item.area or _AREA_M2[item.surface]
    radius = float(np.sqrt(area / np.pi))
    east, north, up = enu_basis(item.latitude, item.longitude)
    tilt, azimuth = np.radians(item.tilt), np.radians(item.azimuth)
    normal = np.cos(tilt) * up + np.sin(tilt) * (np.sin(azimuth) * east + np.cos(azimuth) * north)
    own = np.radians(item.slope_spread if item.slope_spread is not None else _SLOPE_SPREAD_DEG[item.surface])
    # Across a wide lake the vertical turns: rms half the radius over that of the Earth.
    slope = float(np.hypot(own, 0.5 * radius / WGS84_A_M))
    patch = Patch.around(
        item.latitude, item.longitude, item.altitude, radius * sunflower(_PATCH_POINTS), np.ones(_PATCH_POINTS)
    )
    flux = area * np.array([(b - a) * sun_irradiance(a, b) for a, b in bands])
    onset = float(np.clip(item.start, 0.0, duration_s))
    return GlintSource(
        item.kind, item.name, item.latitude, item.longitude, np.nan, onset, max(min(item.end, duration_s), onset),
        np.nan, (item.start, item.end), patch, normal, slope, REFRACTIVE_INDEX[item.surface], item.reflectance, flux,
    )  # fmt: skip
