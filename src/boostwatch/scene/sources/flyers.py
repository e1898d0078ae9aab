"""Points that move and shine by a light curve: aircraft and bolides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostwatch.geometry import enu_basis, geodetic_to_itrs, itrs_to_geodetic
from boostwatch.scene.emission import Emission, Observer
from boostwatch.scene.plume import LAW
from boostwatch.scene.radiometry import band_radiance
from boostwatch.scene.scenario.confusers import Aircraft, Bolide
from boostwatch.scene.sources.base import Array, Bands, LightCurve, Path, Source, run_knots

AIRCRAFT_TEMPERATURE_K = 700.0
REFERENCE_BAND_UM = (2.69, 2.95)
"""In which the light of bolides and lightning is stated."""
_MAX_POINTS = 400
_SWITCH_S = 0.2
_FLARE_S = 0.03


@dataclass(frozen=True)
class Flyer(Source):
    """A moving point; ``weights`` float64 (B, R) W/sr of each band for each part of its light curve.

    ``temperatures_k`` of the parts; the brightest part of an exposure counts.
    """

    path: Path
    light: LightCurve
    weights: NDArray[np.float64]
    temperatures_k: tuple[float, ...]

    def whereabouts(self, time_s: Array) -> tuple[Array, float]:
        """See `Source.whereabouts`."""
        return self.path.at(time_s)[0], 0.0

    def emit(self, start_s: float, end_s: float, observer: Observer) -> tuple[Emission, ...]:
        """Return its light along its way; see `Source.emit`."""
        if not self.shines(start_s, end_s):
            return ()
        edges = self.path.edges(start_s, end_s, observer, _MAX_POINTS)
        spent = self.light.spent(edges)
        total = spent.sum(axis=1)
        power = self.weights.sum(axis=0) * total
        brightest = int(np.argmax(power))
        if power[brightest] <= 0:
            return ()
        place, height = self.path.at(0.5 * (edges[1:] + edges[:-1]))
        by_time = self.weights.sum(axis=0) @ spent
        return (
            Emission(
                place, height, by_time / by_time.sum(), self.weights @ total / (end_s - start_s),
                self.temperatures_k[brightest],
            ),
        )  # fmt: skip


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


def build_aircraft(item: Aircraft, duration_s: float, bands: Bands) -> Flyer:
    """Turn an aircraft into a source; its afterburner lights and dies within a fifth of a second."""
    time = run_knots(item.start, item.end, duration_s)
    path = Path.of(time, level_flight(item, time), np.full(len(time), item.altitude))
    first, last = float(time[0]), float(time[-1])
    switches = [
        (t, v) for a, b in item.afterburner for t, v in ((a, 0.0), (a + _SWITCH_S, 1.0), (b, 1.0), (b + _SWITCH_S, 0.0))
    ]
    own = np.array([t for t, _ in switches if first < t < last])
    knots = np.unique(np.concatenate([[first, last], own]))
    burning = np.interp(knots, *np.array(switches).T) if switches else np.zeros(len(knots))
    onset = float(np.clip(item.start, 0.0, duration_s))
    weights = np.tile([item.intensity, item.afterburner_intensity], (len(bands), 1))
    return Flyer(
        item.kind, item.name, item.latitude, item.longitude, item.heading % 360, onset,
        max(min(item.end, duration_s), onset), np.nan, (first, last), path,
        LightCurve.of(knots, np.stack([1 - burning, burning])), weights,
        (AIRCRAFT_TEMPERATURE_K, LAW.temperature_k),
    )  # fmt: skip


def by_black_body(bands: Bands, temperature_k: float) -> Array:
    """Return the in-band light (B,) of a black body relative to that in `REFERENCE_BAND_UM`."""
    light = np.array([(b - a) * float(band_radiance(a, b, temperature_k)) for a, b in (REFERENCE_BAND_UM, *bands)])
    out: Array = light[1:] / light[0]
    return out


def descent(item: Bolide) -> tuple[Path, float]:
    """Return the straight path of a bolide at constant speed, by time after the epoch, and how long it shines."""
    east, north, up = enu_basis(item.latitude, item.longitude)
    heading, slope = np.radians(item.heading), np.radians(item.descent)
    backward = np.sin(slope) * up - np.cos(slope) * (np.sin(heading) * east + np.cos(heading) * north)
    end = geodetic_to_itrs(item.latitude, item.longitude, item.end_altitude)
    radius, start = float(np.linalg.norm(end)), float(np.linalg.norm(end)) + item.begin_altitude - item.end_altitude
    # Where the line meets the sphere of its first light.
    along = radius * float(backward @ up)
    length = -along + np.sqrt(along**2 + start**2 - radius**2)
    lasts = float(length / item.speed)
    time = np.linspace(0.0, lasts, 101)
    place = end + backward * (length - item.speed * time)[:, None]
    return Path.of(item.start + time, place, itrs_to_geodetic(place)[2]), lasts


def bolide_light(item: Bolide, lasts_s: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return times since its first light and relative light (K,), peak 1: a slow rise, a steep fall, outbursts.

    The course ``x^2.3 (1 - x)^0.7`` has its maximum at three quarters of the way; outbursts rise at once and fade in
    tenths of a second. Notional, after the asymmetric shapes of Rumpf et al. (Sensors 19:1008, 2019).
    """
    time = np.linspace(0.0, lasts_s, int(np.clip(lasts_s / 0.005, 200, 20_000)) + 1)
    x = time / lasts_s
    light = x**2.3 * (1 - x) ** 0.7
    light /= light.max()
    for _ in range(item.flares):
        since = time - rng.uniform(0.4, 0.9) * lasts_s
        size, fade = rng.uniform(0.3, 1.5), rng.uniform(0.05, 0.2)
        grown = -np.expm1(-np.maximum(since, 0.0) / _FLARE_S) * np.exp(-np.maximum(since, 0.0) / fade)
        light += size * grown * (1 - x) ** 0.3
    return time, light / light.max()


def build_bolide(item: Bolide, bands: Bands, rng: np.random.Generator) -> Flyer:
    """Turn a bolide into a source."""
    path, lasts = descent(item)
    time, light = bolide_light(item, lasts, rng)
    end = item.start + lasts
    weights = item.intensity * by_black_body(bands, item.temperature)
    return Flyer(
        item.kind, item.name, item.latitude, item.longitude, item.heading % 360, item.start, end, np.nan,
        (item.start, end), path, LightCurve.of(item.start + time, light), weights[:, None], (item.temperature,),
    )  # fmt: skip
