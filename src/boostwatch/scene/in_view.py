"""Objects that no frame of a run could show, by their times or by their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData
from boostwatch.geometry import intersect_earth, quaternion_to_matrix
from boostwatch.scene.platform import Platform
from boostwatch.scene.scenario import Scenario, StepStareScan
from boostwatch.scene.scenario.confusers import Lasting
from boostwatch.scene.sources import Source
from boostwatch.sensor import Sensor

Array = NDArray[np.float64]

SLACK_PX = 5.0
"""Beyond the frame and the reach of the line of sight: what point spreads bring in."""
_MOST_TIMES = 2000
_TIMES_BEFORE = 200


class Frame(NamedTuple):
    """What looks: sensor, platform, the middle of each exposure, and how far the line of sight moves the scene."""

    sensor: Sensor
    platform: Platform
    time_s: Array
    reach_px: float


def require_in_view(scenario: Scenario, sources: Sequence[Source], frame: Frame) -> None:
    """Raise BadData for the first object that no exposure of the run could show.

    Clouds, darkness and the chance of dark times do not count: an object counts as seen if its place comes as near to
    the frame as its extent, the reach of the line of sight and `SLACK_PX` in an exposure in which it may shine.
    """
    for i, (item, source) in enumerate(zip(scenario.objects, sources, strict=True)):
        _require_time(i, source, (item.start, item.end) if isinstance(item, Lasting) else source.reach_s, frame)
        _require_place(i, source, scenario, frame)


def _called(source: Source) -> str:
    return f"the {source.kind.replace('_', ' ')}" + (f" {source.name!r}" if source.name else "")


def _require_time(number: int, source: Source, shines_s: tuple[float, float], frame: Frame) -> None:
    half = 0.5 * frame.sensor.integration_s
    first, last = float(frame.time_s[0]) - half, float(frame.time_s[-1]) + half
    if shines_s[0] < last and shines_s[1] > first:
        return
    early = shines_s[1] <= first
    raise BadData(
        f"{_called(source)} shines {'before' if early else 'after'} the run only", place=f"objects[{number}]",
        found=f"until {shines_s[1]:.6g} s" if early else f"from {shines_s[0]:.6g} s",
        allowed=f"some time from {first:.6g} s to {last:.6g} s, or outside_view = 'allow'",
    )  # fmt: skip


def _require_place(number: int, source: Source, scenario: Scenario, frame: Frame) -> None:
    time = _times(source, frame)
    place, radius = source.whereabouts(time)
    if not np.isfinite(radius):
        return
    when = np.clip(time, 0.0, frame.time_s[-1])
    position, attitude = frame.platform.state(when)
    ray = place - position
    sight = np.einsum("nij,ni->nj", quaternion_to_matrix(attitude), ray)
    ahead = (sight[:, 2] > 0) & ~_hidden(position, place, ray)
    if not ahead.any():
        raise BadData(
            f"{_called(source)} is never in view", place=f"objects[{number}]",
            found="behind the Earth or the camera all the time",
            allowed=f"in the frame, or outside_view = 'allow'; the camera looks at {_looks_at(frame)}",
        )  # fmt: skip
    ray, sight, when = np.broadcast_to(ray, sight.shape)[ahead], sight[ahead], when[ahead]
    out = _outside_px(scenario, frame.sensor, sight[:, :2] / sight[:, 2:] / frame.sensor.ifov_rad)
    away = np.linalg.norm(ray, axis=1)
    room = frame.reach_px + SLACK_PX + radius / (away * frame.sensor.ifov_rad)
    # Between two moments it may come nearer than at either, by as much as it moves between them.
    moved = np.linalg.norm(np.diff(sight[:, :2] / sight[:, 2:], axis=0), axis=1) / frame.sensor.ifov_rad
    room[1:] += moved
    room[:-1] += moved
    nearest = int(np.argmin(out - room))
    if out[nearest] > room[nearest]:
        raise BadData(
            f"{_called(source)} is never in view", place=f"objects[{number}]",
            found=f"{out[nearest]:.4g} px outside the frame at its nearest, {when[nearest]:.6g} s",
            allowed=f"at most {room[nearest]:.3g} px, or outside_view = 'allow';"
            f" the camera looks at {_looks_at(frame)}",
        )  # fmt: skip


def _looks_at(frame: Frame) -> str:
    latitude, longitude = frame.platform.boresight_ground()
    return f"{latitude:.2f} deg, {longitude:.2f} deg"


def _times(source: Source, frame: Frame) -> Array:
    """Return times at which to look for a source: exposures in which it may shine, or else the time of its light."""
    half = 0.5 * frame.sensor.integration_s
    now = (frame.time_s + half > source.reach_s[0]) & (frame.time_s - half < source.reach_s[1])
    time = frame.time_s[now]
    if not len(time):
        return np.linspace(*source.reach_s, 16)
    if len(time) > _MOST_TIMES:
        time = np.linspace(time[0], time[-1], _MOST_TIMES)
    rows = frame.platform.row_time_s if frame.platform.row_time_s is not None else np.zeros(1)
    time = np.sort((time[:, None] + [rows[0] - half, 0.0, rows[-1] + half]).ravel())
    if source.kind == "launch" and source.reach_s[0] < time[0]:  # its trail is still there
        time = np.concatenate([np.linspace(source.reach_s[0], time[0], _TIMES_BEFORE, endpoint=False), time])
    return time


def _hidden(position: Array, place: Array, ray: Array) -> NDArray[np.bool_]:
    """Tell (N,) whether the Earth stands before places: from there the sensor is down, and the ray ends early.

    Ground below the ellipsoid is thereby seen from above.
    """
    met = np.linalg.norm(intersect_earth(position, ray) - position, axis=1)
    below = np.einsum("ni,ni->n", np.broadcast_to(place, ray.shape), ray) > 0
    out: NDArray[np.bool_] = below & (met < np.linalg.norm(ray, axis=1))
    return out


def _outside_px(scenario: Scenario, sensor: Sensor, tangent_px: Array) -> Array:
    """Return how far (N,) places lie outside the frame, px; a step-stare sensor's frame is all its fields."""
    width, height = scenario.sensor.width, scenario.sensor.height
    if isinstance(scenario.scan, StepStareScan):
        half = np.array([width, height]) - scenario.scan.overlap
        half = 0.5 * (half * [scenario.scan.columns, scenario.scan.rows] + scenario.scan.overlap)
    else:
        half = 0.5 * np.array([width, height])
    out: Array = np.linalg.norm(np.maximum(np.abs(tangent_px) - half, 0.0), axis=1)
    return out
