"""Every object of a scene as one kind of thing: a track on the steady focal plane and a light curve.

Frames then need interpolation only, in any order and on any thread.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostwatch.geometry import geodetic_to_itrs, itrs_to_geodetic, quaternion_to_matrix
from boostwatch.scene import confusers, plume, trajectory
from boostwatch.scene.atmosphere import Atmosphere
from boostwatch.scene.scenario.objects import Aircraft, Fire, Flare, Launch
from boostwatch.sensor import Sensor

Array = NDArray[np.float64]
AnyObject = Launch | Fire | Flare | Aircraft


@dataclass(frozen=True)
class Place:
    """Sensor and air, as the sources need them. ``atmospheres`` holds one a band."""

    sensor: Sensor
    position_m: Array
    attitude: Array
    atmospheres: tuple[Atmosphere, ...]
    duration_s: float


@dataclass(frozen=True)
class Source:
    """A point that shines.

    ``time_s`` (K,) knots after the epoch; ``x``, ``y`` (K,) on the steady focal plane, px; ``height_m`` (K,);
    ``gain_m2`` (B, K) irradiance at the aperture for an intensity of 1 W/sr (transmittance over squared range, 0 out of
    sight);
    ``light_time_s``, ``light`` (L,) the light curve and ``band_scale`` (B,) W/sr at its value 1.
    """

    kind: str
    name: str
    latitude_deg: float
    longitude_deg: float
    heading_deg: float
    onset_s: float
    end_s: float
    burnout_s: float
    time_s: Array
    x: Array
    y: Array
    height_m: Array
    gain_m2: Array
    light_time_s: Array
    light: Array
    band_scale: Array

    def shines(self, start_s: float, end_s: float) -> bool:
        """Tell whether any light may leave it between two times."""
        return bool(self.light_time_s[0] < end_s and self.light_time_s[-1] > start_s)


def _project(place: Place, position_m: Array, temperature_k: float) -> tuple[Array, Array, Array, Array]:
    """Return x, y, height (K,) and gain (B, K) of ITRS positions (K, 3)."""
    to_sensor = place.position_m - position_m
    distance = np.linalg.norm(to_sensor, axis=-1)
    x, y = place.sensor.project(-to_sensor @ quaternion_to_matrix(place.attitude))
    lat, lon, height = itrs_to_geodetic(position_m)
    la, lo = np.radians(lat), np.radians(lon)
    up = np.stack([np.cos(la) * np.cos(lo), np.cos(la) * np.sin(lo), np.sin(la)], -1)
    cosine = np.einsum("ij,ij->i", up, to_sensor) / distance
    secant = 1 / np.maximum(cosine, 0.05)
    seen = (cosine > 0) & np.isfinite(x)
    gain = np.stack([
        np.where(seen, a.transmittance(height, secant, temperature_k) / distance**2, 0.0) for a in place.atmospheres
    ])  # fmt: skip
    return np.where(seen, x, -1e9), np.where(seen, y, -1e9), height, gain


def build_source(item: AnyObject, place: Place, rng: np.random.Generator) -> Source:
    """Turn an object's settings into a source.

    Parameters
    ----------
    item : Launch, Fire, Flare or Aircraft
    place : Place
    rng : numpy.random.Generator
        Of everything random about this one object.
    """
    bands = [(a.lower_um, a.upper_um) for a in place.atmospheres]
    if isinstance(item, Launch):
        ascent = trajectory.fly(item)
        time, light = plume.light_curve(item, ascent, rng)
        x, y, height, gain = _project(place, ascent.position_m, plume.SOURCE_TEMPERATURE_K)
        scale = np.array([plume.band_factor(*band) for band in bands])
        burnout = item.ignition + ascent.burns[-1][1]
        return Source(
            "launch", item.name, item.latitude, item.longitude, item.heading % 360, item.ignition, burnout, burnout,
            item.ignition + ascent.time_s, x, y, height, gain, item.ignition + time, light, scale,
        )  # fmt: skip
    start, end = max(item.start, -5.0), min(item.end, place.duration_s + 5.0)
    end = max(end, start + 1e-3)  # an object that comes after the run stays in the list of truth
    onset, last = max(item.start, 0.0), min(item.end, place.duration_s)
    if isinstance(item, Aircraft):
        time = confusers.knots(start, end)
        position = confusers.level_flight(item, time)
        x, y, height, gain = _project(place, position, confusers.AIRCRAFT_TEMPERATURE_K)
        light_time, light = np.array([start, end]), np.ones(2)
        scale, heading = np.full(len(bands), item.intensity), item.heading % 360
    else:
        time = np.array([start, end])
        position = geodetic_to_itrs([item.latitude] * 2, [item.longitude] * 2, item.altitude)
        x, y, height, gain = _project(place, position, item.temperature)
        light_time, light = confusers.smoulder(item, start, end, rng)
        scale, heading = confusers.intensity(item, bands), np.nan
    return Source(
        item.kind, item.name, item.latitude, item.longitude, heading, onset, last, np.nan,
        time, x, y, height, gain, light_time, light, scale,
    )  # fmt: skip
