"""What shines and is no launch: fires, gas flares, aircraft."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from boostwatch.geometry import enu_basis, geodetic_to_itrs, itrs_to_geodetic
from boostwatch.scene.plume import flicker
from boostwatch.scene.radiometry import hot_source_intensity
from boostwatch.scene.scenario.objects import Aircraft, Fire, Flare

Array = NDArray[np.float64]

AIRCRAFT_TEMPERATURE_K = 700.0
MAX_KNOTS = 20_000


def knots(start_s: float, end_s: float) -> Array:
    """Return times, a second apart where the run is short, that linear interpolation may join."""
    return np.linspace(start_s, end_s, int(np.clip(np.ceil(end_s - start_s), 1, MAX_KNOTS)) + 1)


def level_flight(item: Aircraft, time_s: Array) -> Array:
    """Return ITRS positions (K, 3) of a great circle at constant height and speed; the place is that at time 0."""
    start = geodetic_to_itrs(item.latitude, item.longitude)
    east, north, _ = enu_basis(item.latitude, item.longitude)
    heading = np.radians(item.heading)
    along = np.sin(heading) * east + np.cos(heading) * north
    radius = float(np.linalg.norm(start))
    outward = start / radius
    along = along - outward * (along @ outward)
    along /= np.linalg.norm(along)
    angle = (item.speed * time_s / (radius + item.altitude))[:, None]
    latitude, longitude, _ = itrs_to_geodetic(radius * (np.cos(angle) * outward + np.sin(angle) * along))
    return geodetic_to_itrs(latitude, longitude, item.altitude)


def intensity(item: Fire | Flare, bands: list[tuple[float, float]]) -> Array:
    """Return the in-band radiant intensity (B,) of a fire or flare of its nominal power, W/sr."""
    return np.array([hot_source_intensity(a, b, item.temperature, item.power) for a, b in bands])


def smoulder(item: Fire | Flare, start_s: float, end_s: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return times and relative power: slow changes, and its growth where the start lies in the run."""
    count = int(np.clip(np.ceil((end_s - start_s) / 0.5), 2, 200_000)) + 1
    time = np.linspace(start_s, end_s, count)
    # The flicker's own grid stretched: time constants of 1 to 50 s.
    power = flicker(count, item.flicker, rng)
    if item.start > start_s - 1e-9:
        power = power * (1 - np.exp(-(time - start_s) / item.rise))
    return time, power
