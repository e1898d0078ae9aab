"""Hot places on the ground: fires, gas flares, volcanoes, engines on a test stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostwatch.scene import plume
from boostwatch.scene.emission import Emission, Observer
from boostwatch.scene.radiometry import STEFAN_BOLTZMANN, hot_source_intensity
from boostwatch.scene.scenario.confusers import Fire, Flare, Hot, StaticFire, Volcano
from boostwatch.scene.sources.base import Array, Bands, LightCurve, Patch, Source, run_knots, sunflower

SMOULDERING_K = 600.0
BURST_SPREAD = 0.7
"""Log-normal sigma of a volcano's bursts; notional."""
BURST_RISE_S = 1.0
BURST_LIFE = 12.0
"""Time constants after which a burst is forgotten."""
MAX_POWER_W = 1e12
"""At which a fire that doubles ends to grow."""
_PATCH_POINTS = 64
_SLOW = 25.0  # stretches the flicker's time constants to 1, 7 and 50 s
_STEP_S = 0.5


@dataclass(frozen=True)
class HotSource(Source):
    """A place that shines by a light curve; ``weights`` float64 (B, R) W/sr of each band for each of its parts."""

    patch: Patch
    light: LightCurve
    weights: NDArray[np.float64]
    temperature_k: float

    def whereabouts(self, time_s: Array) -> tuple[Array, float]:
        """See `Source.whereabouts`."""
        return self.patch.centre_m[None], self.patch.radius_m

    def emit(self, start_s: float, end_s: float, observer: Observer) -> tuple[Emission, ...]:
        """Return its light; see `Source.emit`."""
        if not self.shines(start_s, end_s):
            return ()
        level = self.light.mean(start_s, end_s)
        if level[0] <= 0:
            return ()
        place, height, share = self.patch.points(observer)
        return (Emission(place, height, share, self.weights @ level, self.temperature_k),)


def grey_intensity(bands: Bands, temperature_k: float, power_w: float) -> Array:
    """Return the in-band radiant intensity (B,) of a hot source of a radiated power, W/sr."""
    return np.array([hot_source_intensity(a, b, temperature_k, power_w) for a, b in bands])


def flame_radius(item: Fire) -> float:
    """Return the radius of the burning ground, m: the area of the flames over the share of ground in flames."""
    area = item.power / (STEFAN_BOLTZMANN * item.temperature**4)
    return float(np.sqrt(area / item.flaming / np.pi))


def hot_curve(item: Hot, duration_s: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return times and relative power (K,): slow changes, and its growth where the start lies in the run."""
    time = run_knots(item.start, item.end, duration_s, _STEP_S)
    step = float(time[1] - time[0])
    power = plume.flicker(len(time), item.flicker, rng, step_s=step, scale=_SLOW)
    if time[0] == item.start:
        power = power * -np.expm1(-(time - item.start) / item.rise)
    if isinstance(item, Fire) and item.doubling is not None:
        power = power * np.exp2(np.minimum(time / item.doubling, np.log2(MAX_POWER_W / item.power)))
    return time, power


def bursts(item: Volcano, time_s: Array, rng: np.random.Generator) -> Array:
    """Return the power of explosive bursts relative to that of the lava, float64 (K,); they come at random times."""
    first, last = time_s[0] - BURST_LIFE * item.burst_decay, time_s[-1]
    number = int(rng.poisson(item.bursts_per_hour * (last - first) / 3600.0))
    start = rng.uniform(first, last, number)
    peak = item.burst_power / item.power * np.exp(BURST_SPREAD * rng.standard_normal(number))
    out = np.zeros(len(time_s))
    for t0, p in zip(start, peak, strict=True):
        now = slice(*np.searchsorted(time_s, [t0, t0 + BURST_LIFE * item.burst_decay]))
        since = time_s[now] - t0
        out[now] += p * -np.expm1(-since / BURST_RISE_S) * np.exp(-since / item.burst_decay)
    return out


def _offsets(item: Fire | Flare | Volcano, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return points (N, 2), m, and weights (N,) that stand for the extent of a hot place."""
    if isinstance(item, Flare):
        if item.stacks == 1:
            return np.zeros((1, 2)), np.ones(1)
        radius, angle = item.radius * np.sqrt(rng.random(item.stacks)), rng.uniform(0, 2 * np.pi, item.stacks)
        return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1), np.exp(rng.normal(0, 0.5, item.stacks))
    extent = flame_radius(item) if isinstance(item, Fire) else item.radius
    return extent * sunflower(_PATCH_POINTS), np.exp(rng.normal(0, 1.0, _PATCH_POINTS))


def build_hot(item: Fire | Flare | Volcano, duration_s: float, bands: Bands, rng: np.random.Generator) -> HotSource:
    """Turn a fire, a flare or a volcano into a source."""
    time, power = hot_curve(item, duration_s, rng)
    weights = grey_intensity(bands, item.temperature, item.power)
    if isinstance(item, Fire):
        cool = grey_intensity(bands, SMOULDERING_K, item.power)
        weights = (1 - item.smouldering) * weights + item.smouldering * cool
    if isinstance(item, Volcano):
        power = power + bursts(item, time, rng)
    patch = Patch.around(item.latitude, item.longitude, item.altitude, *_offsets(item, rng))
    onset = float(np.clip(item.start, 0.0, duration_s))
    return HotSource(
        item.kind, item.name, item.latitude, item.longitude, np.nan, onset,
        max(min(item.end, duration_s), onset), np.nan, (float(time[0]), float(time[-1])), patch,
        LightCurve.of(time, power), weights[:, None], item.temperature,
    )  # fmt: skip


def build_static_fire(item: StaticFire, bands: Bands, rng: np.random.Generator) -> HotSource:
    """Turn a test firing into a source: the plume law near the ground."""
    motor = plume.MOTORS[item.propulsion]
    time = np.arange(0.0, item.burn + 10 * motor.decay_s, plume.GRID_S)
    light = plume.stage_light(item.thrust, item.burn, motor, time) * plume.altitude_gain(item.altitude)[:, None]
    light *= float(np.exp(item.spread * rng.standard_normal()))
    light *= plume.flicker(len(time), motor.flicker, rng)
    light[:, -1] = 0.0
    end = item.ignition + item.burn
    patch = Patch.around(item.latitude, item.longitude, item.altitude, np.zeros((1, 2)), np.ones(1))
    return HotSource(
        item.kind, item.name, item.latitude, item.longitude, np.nan, item.ignition, end, end,
        (item.ignition, item.ignition + float(time[-1])), patch, LightCurve.of(item.ignition + time, light),
        np.array([plume.band_weights(*band) for band in bands]), plume.LAW.temperature_k,
    )  # fmt: skip
