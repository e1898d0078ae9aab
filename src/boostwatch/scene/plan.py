"""What is settled about a scenario before the first cell of its scene is made, and what cannot be rendered."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch.geometry import nearest_ground, quaternion_to_matrix
from boostwatch.scene.camera import build_sensor
from boostwatch.scene.image import image_radiance
from boostwatch.scene.in_view import Frame, require_in_view
from boostwatch.scene.limits import require_memory, require_slow, require_steady
from boostwatch.scene.line_of_sight import LineOfSight
from boostwatch.scene.optics import psf_files
from boostwatch.scene.platform import Platform
from boostwatch.scene.scenario import ImageBackground, Scenario
from boostwatch.scene.sources import Source, build_source
from boostwatch.scene.view import Grid
from boostwatch.scene.world import require_bands
from boostwatch.sensor import Sensor

Array = NDArray[np.float64]

LEAST_SMEAR_PX = 0.05
"""Motion of the whole scene within an exposure that is worth a filter of its own."""


def array_names(scenario: Scenario) -> list[str]:
    """Return the files, relative to the scenario's own place, whose arrays `Renderer` must be given."""
    background = [scenario.background.file] if isinstance(scenario.background, ImageBackground) else []
    return [*background, *psf_files(scenario.sensor)]


def check(
    scenario: Scenario,
    arrays: Mapping[str, NDArray[np.generic]],
    tables: Mapping[str, NDArray[Any]],
    *,
    seed: int | None = None,
) -> None:
    """Raise what `Renderer` would about a scenario, without the work of a scene.

    Raises
    ------
    BadData
    """
    make_plan(scenario, arrays, tables, scenario.seed if seed is None else seed)
    if isinstance(scenario.background, ImageBackground):
        grid = Grid(scenario.sensor.height, scenario.sensor.width, 0, 1)
        image_radiance(arrays[scenario.background.file], scenario.background, len(scenario.sensor.bands), grid)


class Plan(NamedTuple):
    """What is settled about a scenario before the first cell of its scene is made; ``motion`` and ``reach`` in px."""

    time_s: Array
    platform: Platform
    sensor: Sensor
    line_of_sight: LineOfSight
    motion: tuple[float, float]
    reach: float
    sources: list[Source]


def randoms(seed: int, purpose: str, number: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), number])


def make_plan(
    scenario: Scenario, arrays: Mapping[str, NDArray[np.generic]], tables: Mapping[str, NDArray[Any]], seed: int
) -> Plan:
    """Build all that is cheap, and refuse what cannot be rendered."""
    time_s: Array = np.arange(scenario.n_frames, dtype=np.float64) / scenario.sensor.frame_rate
    platform = Platform(scenario, tables)
    sensor = build_sensor(scenario, arrays)
    require_bands(scenario, sensor)
    los = LineOfSight(scenario, sensor, time_s, randoms(seed, "pointing", 0))
    reach = require_steady(scenario, los, sensor, platform.row_time_s)
    end_s = float(time_s[-1])
    motion = _scroll(platform, sensor, end_s)
    require_slow(motion)
    require_memory(scenario, sensor, platform, end_s, reach)
    bands = [(b.lower_um, b.upper_um) for b in sensor.bands]
    sources = [build_source(item, end_s, bands, randoms(seed, "object", i)) for i, item in enumerate(scenario.objects)]
    if scenario.outside_view == "error":
        require_in_view(scenario, sources, Frame(sensor, platform, time_s, reach))
    return Plan(time_s, platform, sensor, los, motion, reach, sources)


def _scroll(platform: Platform, sensor: Sensor, end_s: float) -> tuple[float, float]:
    """Return the way (x, y) of the scene over the focal plane in an exposure, px, in the middle of the run."""
    if not platform.moving:
        return 0.0, 0.0
    exposure = sensor.integration_s
    early = max(0.5 * end_s - 0.5 * exposure, 0.0)
    times = np.array([early, min(early + exposure, max(end_s, 1e-9))])
    (p0, p1), (q0, q1) = platform.state(times)
    target = nearest_ground(p0, quaternion_to_matrix(q0)[:, 2])
    x0, y0 = sensor.project((target - p0) @ quaternion_to_matrix(q0))
    x1, y1 = sensor.project((target - p1) @ quaternion_to_matrix(q1))
    scale = exposure / (times[1] - times[0])
    way = float(x1 - x0) * scale, float(y1 - y0) * scale
    return way if np.hypot(*way) > LEAST_SMEAR_PX else (0.0, 0.0)
