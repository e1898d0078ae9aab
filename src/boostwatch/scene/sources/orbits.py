"""Satellites and rocket bodies in sunlight, on Kepler orbits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostwatch.geometry import (
    EARTH_MU_M3_S2,
    EARTH_RATE_RAD_S,
    WGS84_A_M,
    WGS84_B_M,
    enu_basis,
    geodetic_to_itrs,
    itrs_to_geodetic,
)
from boostwatch.scene.emission import Emission, Observer
from boostwatch.scene.radiometry import SUN_SOLID_ANGLE_OVER_PI, band_radiance, sun_irradiance
from boostwatch.scene.scenario.confusers import Satellite
from boostwatch.scene.sources.base import Array, Bands, Path, Source, run_knots

SUN_RADIUS_RAD = float(np.arcsin(np.sqrt(SUN_SOLID_ANGLE_OVER_PI)))
_MAX_POINTS = 400


def kepler(position_m: Array, velocity_m_s: Array, time_s: Array) -> Array:
    """Return positions (K, 3) on a bound two-body orbit, an inertial frame, at times (K,) after the given state.

    Kepler's equation in the change of eccentric anomaly and the f and g functions (Battin, Mathematics and Methods of
    Astrodynamics, 1999, sec. 4.3).
    """
    r0 = float(np.linalg.norm(position_m))
    axis = 1 / (2 / r0 - float(velocity_m_s @ velocity_m_s) / EARTH_MU_M3_S2)
    sigma = float(position_m @ velocity_m_s) / np.sqrt(EARTH_MU_M3_S2)
    motion = np.sqrt(EARTH_MU_M3_S2 / axis**3) * time_s
    change = motion.copy()
    for _ in range(30):
        s, c = np.sin(change), np.cos(change)
        error = change - (1 - r0 / axis) * s + sigma / np.sqrt(axis) * (1 - c) - motion
        change = change - error / (1 - (1 - r0 / axis) * c + sigma / np.sqrt(axis) * s)
        if np.abs(error).max() < 1e-12:
            break
    s, c = np.sin(change), np.cos(change)
    f = 1 - axis / r0 * (1 - c)
    g = axis * sigma / EARTH_MU_M3_S2**0.5 * (1 - c) + r0 * np.sqrt(axis / EARTH_MU_M3_S2) * s
    out: Array = f[:, None] * position_m + g[:, None] * velocity_m_s
    return out


def orbit(item: Satellite, time_s: Array) -> Array:
    """Return ITRS positions (K, 3) of a satellite at times (K,) after the epoch."""
    start = geodetic_to_itrs(item.latitude, item.longitude, item.altitude)
    east, north, _ = enu_basis(item.latitude, item.longitude)
    heading, climb = np.radians(item.heading), np.radians(item.climb)
    radius = float(np.linalg.norm(start))
    outward = start / radius
    along = np.sin(heading) * east + np.cos(heading) * north
    along -= outward * (along @ outward)
    along /= np.linalg.norm(along)
    speed = item.speed if item.speed is not None else np.sqrt(EARTH_MU_M3_S2 / radius)
    since = time_s - item.passes
    inertial = kepler(start, speed * (np.cos(climb) * along + np.sin(climb) * outward), since)
    c, s = np.cos(EARTH_RATE_RAD_S * since), np.sin(EARTH_RATE_RAD_S * since)
    x, y, z = inertial.T
    return np.stack([c * x + s * y, c * y - s * x, z], axis=1)


def sunlight(position_m: Array, sun: Array) -> float:
    """Return the share of the Sun's disc that a satellite sees past a spherical Earth, its limb taken as straight."""
    radius = float(np.linalg.norm(position_m))
    angle = np.arccos(np.clip(float(position_m @ sun) / radius, -1, 1))
    limb = np.pi - np.arcsin(min(WGS84_A_M / radius, 1.0))
    u = float(np.clip((limb - angle) / SUN_RADIUS_RAD, -1, 1))
    return float((np.arccos(-u) + u * np.sqrt(1 - u * u)) / np.pi)


def behind_earth(position_m: Array, observer_m: Array) -> bool:
    """Tell whether the ellipsoid stands between two points outside it."""
    squeeze = np.array([1 / WGS84_A_M, 1 / WGS84_A_M, 1 / WGS84_B_M])
    p, q = position_m * squeeze, observer_m * squeeze
    way = q - p
    t = np.clip(-(p @ way) / (way @ way), 0.0, 1.0)
    nearest = p + t * way
    return bool(nearest @ nearest < 1.0)


def diffuse_sphere(phase_rad: float) -> float:
    """Return the intensity of a white diffuse sphere in sunlight, 1/sr for its cross-section times the irradiance."""
    phase = np.clip(phase_rad, 0, np.pi)
    return float(2 / (3 * np.pi**2) * ((np.pi - phase) * np.cos(phase) + np.sin(phase)))


@dataclass(frozen=True)
class SatelliteSource(Source):
    """A diffuse grey sphere; ``reflected_w`` and ``emitted_w_sr`` float64 (B,), full sunlight and its own heat."""

    path: Path
    reflected_w: NDArray[np.float64]
    emitted_w_sr: NDArray[np.float64]
    temperature_k: float

    def whereabouts(self, time_s: Array) -> tuple[Array, float]:
        """See `Source.whereabouts`."""
        return self.path.at(time_s)[0], 0.0

    def emit(self, start_s: float, end_s: float, observer: Observer) -> tuple[Emission, ...]:
        """Return its light along its way, nothing while the Earth hides it; see `Source.emit`."""
        start, end = max(start_s, self.reach_s[0]), min(end_s, self.reach_s[1])
        if end <= start:
            return ()
        middle, _ = self.path.point(0.5 * (start + end))
        if behind_earth(middle, observer.position_m):
            return ()
        view = observer.position_m - middle
        phase = np.arccos(np.clip(float(view @ observer.sun) / np.linalg.norm(view), -1, 1))
        mirrored_share = sunlight(middle, observer.sun) * diffuse_sphere(float(phase))
        intensity = (self.reflected_w * mirrored_share + self.emitted_w_sr) * (end - start) / (end_s - start_s)
        edges = self.path.edges(start, end, observer, _MAX_POINTS)
        place, height = self.path.at(0.5 * (edges[1:] + edges[:-1]))
        share = np.full(len(place), 1 / len(place))
        return (Emission(place, height, share, intensity, self.temperature_k),)


def build_satellite(item: Satellite, duration_s: float, bands: Bands) -> SatelliteSource:
    """Turn a satellite into a source."""
    time = run_knots(item.start, item.end, duration_s)
    place = orbit(item, time)
    sun = np.array([(b - a) * sun_irradiance(a, b) for a, b in bands])
    own = np.array([(b - a) * float(band_radiance(a, b, item.temperature)) for a, b in bands])
    onset = float(np.clip(item.start, 0.0, duration_s))
    return SatelliteSource(
        item.kind, item.name, item.latitude, item.longitude, item.heading % 360, onset,
        max(min(item.end, duration_s), onset), np.nan, (float(time[0]), float(time[-1])),
        Path.of(time, place, itrs_to_geodetic(place)[2]),
        item.area * item.reflectance * sun, item.area * (1 - item.reflectance) * own, item.temperature,
    )  # fmt: skip
