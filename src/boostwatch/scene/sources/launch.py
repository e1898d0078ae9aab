"""A vehicle under power as a source: its plume, and the trail behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostwatch.geometry import enu_basis
from boostwatch.scene import plume
from boostwatch.scene.emission import Emission, Observer
from boostwatch.scene.plume import LAW, MOTORS
from boostwatch.scene.scenario.objects import Launch
from boostwatch.scene.sources.base import STEP_PX, Array, Bands, LightCurve, Path, Source, footprint, length
from boostwatch.scene.sources.trail import LIFE, LUMPS, Trail, trail_gain, trail_weights, wind_profile
from boostwatch.scene.trajectory import TAIL_S, Ascent, fly, vehicle_of

_MAX_ALONG, _MAX_POINTS = 80, 600
_ACROSS = np.array([-1.5, -0.75, 0.0, 0.75, 1.5])
_ACROSS_SHARE = np.exp(-0.5 * _ACROSS**2) / np.exp(-0.5 * _ACROSS**2).sum()


def light_curve(launch: Launch, ascent: Ascent, rng: np.random.Generator) -> LightCurve:
    """Return the light by time since ignition; rows W/sr in a molecular band and W/sr/um of the continuum.

    Parameters
    ----------
    launch : Launch
    ascent : Ascent
    rng : numpy.random.Generator
        Of the event's own level and its flicker.
    """
    vehicle = vehicle_of(launch)
    time = np.arange(0.0, ascent.burns[-1][1] + TAIL_S, plume.GRID_S)
    total = np.zeros((2, len(time)))
    for stage, (start, _) in zip(vehicle.stages, ascent.burns, strict=True):
        motor = MOTORS[stage.propulsion or "solid"]
        if launch.overshoot is not None:
            motor = motor._replace(overshoot=launch.overshoot)
        total += stage.brightness * plume.stage_light(stage.thrust, stage.burn, motor, time - start)
    level = float(np.exp(launch.spread * rng.standard_normal()))
    total *= level * plume.altitude_gain(np.interp(time, ascent.time_s, ascent.height_m))
    rms = MOTORS[vehicle.stages[0].propulsion or "solid"].flicker if launch.flicker is None else launch.flicker
    total *= plume.flicker(len(time), rms, rng)
    total[:, -1] = 0.0
    return LightCurve.of(time, total)


def thrust_at_knots(launch: Launch, ascent: Ascent) -> Array:
    """Return the thrust (K,) that sets the size of the plume at the knots of the path; it lingers after a burn."""
    out = np.empty(len(ascent.time_s))
    for stage, (start, _) in zip(vehicle_of(launch).stages, ascent.burns, strict=True):
        out[ascent.time_s >= start - 1e-9] = stage.thrust
    return out


@dataclass(frozen=True)
class LaunchSource(Source):
    """A launch.

    ``path`` and ``light`` by time since ignition; ``pose`` the direction of flight and, in the place of the height, the
    length of the plume; ``pad_height_m`` below which no plume is drawn; ``weights`` float64 (B, 2) of the two parts of
    the light.
    """

    ignition_s: float
    pad_height_m: float
    path: Path
    pose: Path
    light: LightCurve
    weights: NDArray[np.float64]
    trail: Trail | None

    def whereabouts(self, time_s: Array) -> tuple[Array, float]:
        """See `Source.whereabouts`; the radius is the greatest length of its plume."""
        return self.path.at(time_s - self.ignition_s)[0], float(self.pose.table[:, 3].max())

    def emit(self, start_s: float, end_s: float, observer: Observer) -> tuple[Emission, ...]:
        """Return the plume's light, and the trail's; see `Source.emit`."""
        if not self.shines(start_s, end_s):
            return ()
        start, end = start_s - self.ignition_s, end_s - self.ignition_s
        out = self._plume(start, end, observer) if end > 0 and start < self.light.time_s[-1] else ()
        return out + (self.trail.emit(start, end, observer) if self.trail is not None else ())

    def _plume(self, start: float, end: float, observer: Observer) -> tuple[Emission, ...]:
        middle = min(max(0.5 * (start + end), 0.0), float(self.path.time_s[-1]))
        back, down, shares = self._shape(middle, observer)
        edges = self.path.edges(start, end, observer, max(_MAX_POINTS // len(shares), 1))
        spent = self.light.spent(edges)
        total = spent.sum(axis=1)
        if total[0] <= 0:
            return ()
        place, height = self.path.at(0.5 * (edges[1:] + edges[:-1]))
        by_time = spent[0] / total[0]
        return (
            Emission(
                (place[:, None] + back).reshape(-1, 3), (height[:, None] + down).ravel(),
                (by_time[:, None] * shares).ravel(), self.weights @ total / (end - start), LAW.temperature_k,
            ),
        )  # fmt: skip

    def _shape(self, middle: float, observer: Observer) -> tuple[Array, Array, Array]:
        """Return places (N, 3) and heights (N,) of the plume's points from the nozzle, and their shares (N,)."""
        here, height = self.path.point(middle)
        axis, size = self.pose.point(middle)
        axis = axis / length(axis)
        up = here / length(here)
        climb = float(axis @ up)
        room = height - self.pad_height_m
        if climb * size > room:  # the ground deflects what would lie below it
            size = max(room, 0.0) / climb
        sight = here - observer.position_m
        sight /= length(sight)
        step = STEP_PX * footprint(observer, here)
        seen = size * length(axis - sight * (axis @ sight))
        behind, share = plume.profile(min(max(math.ceil(seen / step), 1), _MAX_ALONG))
        places = -size * behind[:, None] * axis
        if LAW.half_angle * size / 3 > 1.5 * step:
            side = np.cross(axis, sight)
            side /= max(length(side), 1e-9)
            wide = LAW.half_angle * size * np.outer(behind, _ACROSS)
            places = (places[:, None] + wide[..., None] * side).reshape(-1, 3)
            share = np.outer(share, _ACROSS_SHARE).ravel()
        return places, places @ up, share


def build_launch(item: Launch, bands: Bands, rng: np.random.Generator) -> LaunchSource:
    """Turn a launch into a source; BadData where the vehicle cannot fly."""
    ascent = fly(item)
    light = light_curve(item, ascent, rng)
    path = Path.of(ascent.time_s, ascent.position_m, ascent.height_m)
    long = plume.plume_length(thrust_at_knots(item, ascent), ascent.height_m)
    pose = Path.of(ascent.time_s, ascent.axis, long)
    weights = np.array([plume.band_weights(*band) for band in bands])
    burnout = item.ignition + ascent.burns[-1][1]
    last = item.ignition + float(light.time_s[-1])
    trail = _build_trail(item, ascent, path, light, weights, bands, rng) if item.trail > 0 else None
    return LaunchSource(
        "launch", item.name, item.latitude, item.longitude, item.heading % 360, item.ignition, burnout, burnout,
        (item.ignition, last if trail is None else last + LIFE * item.trail_decay),
        item.ignition, item.altitude, path, pose, light, weights, trail,
    )  # fmt: skip


def _build_trail(
    item: Launch, ascent: Ascent, path: Path, light: LightCurve, weights: Array, bands: Bands, rng: np.random.Generator
) -> Trail:
    steps = np.linalg.norm(np.diff(ascent.position_m, axis=0), axis=1)
    arc = np.concatenate([[0.0], np.cumsum(steps)])
    east, north, _ = enu_basis(item.latitude, item.longitude)
    # The wind veers by 60 degrees in 20 km about a direction of its own in every event.
    direction = rng.uniform(0, 2 * np.pi) + np.radians(60.0) * np.minimum(ascent.height_m, 60e3) / 20e3
    speed = item.trail_wind * wind_profile(ascent.height_m)
    wind = speed[:, None] * (np.sin(direction)[:, None] * east + np.cos(direction)[:, None] * north)
    kept = light.level.T * trail_gain(np.interp(light.time_s, ascent.time_s, ascent.height_m))
    return Trail(
        path, Path.of(ascent.time_s, wind, arc), LightCurve.of(light.time_s, kept),
        weights * trail_weights(bands)[:, None], item.trail, item.trail_decay, item.trail_growth,
        rng.standard_normal((LUMPS, 3)),
    )  # fmt: skip
