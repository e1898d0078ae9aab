"""What a scene may ask of a machine: memory, and motion of the scene over the focal plane."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData
from boostwatch.geometry import intersect_earth, quaternion_to_matrix
from boostwatch.scene.line_of_sight import LineOfSight
from boostwatch.scene.platform import Platform
from boostwatch.scene.scenario import MAX_CANVAS_MARGIN_PX, EarthBackground, Scenario
from boostwatch.sensor import Sensor

Array = NDArray[np.float64]

MAX_SMEAR_PX = 10.0
"""RMS motion within an exposure: the point spread is filtered on a grid that grows with its square."""
MAX_MOTION_PX = 100.0
"""Way of the scene over the focal plane within an exposure, for the same reason."""
MAX_SHARE = 0.9
"""Of the machine's memory."""
MOST_FIELDS = 16
"""Fields of a step-stare cycle whose scenes are kept in memory."""

_BASE, _BASE_LAYER = 400e6, 100e6
_OPTICS_PX = 32
_CELL, _CELL_BAND, _CELL_LAYER, _PIXEL_BAND = 60, 24, 32, 40
_LIMB, _LIMB_LAYER = 350, 110


def total_smear_px(scenario: Scenario, los: LineOfSight, sensor: Sensor) -> float:
    """Return the rms motion of the line of sight within an exposure about its mean, the drift's included, px."""
    return float(np.hypot(los.smear_px, scenario.line_of_sight.drift * sensor.integration_s / np.sqrt(12)))


def _reach_px(los: LineOfSight, row_time_s: Array | None) -> float:
    """Return how far the line of sight carries the scene, px; for a scanning sensor with room for its rows."""
    reach = float(np.abs(los.shift).max())
    if row_time_s is not None:
        reach += 2 * float(np.abs(los.rows(0, row_time_s) - los.shift[0]).max())
    return reach


def require_steady(scenario: Scenario, los: LineOfSight, sensor: Sensor, row_time_s: Array | None) -> float:
    """Return the reach of the line of sight, px.

    Raises
    ------
    BadData
        It carries the scene too far during the run, or smears it too much during an exposure.
    """
    reach = _reach_px(los, row_time_s)
    if not reach <= MAX_CANVAS_MARGIN_PX:
        raise BadData(
            "carries the scene too far during the run", place="line_of_sight", found=f"{reach:.4g} px",
            allowed=f"at most {MAX_CANVAS_MARGIN_PX} px",
        )  # fmt: skip
    smear = total_smear_px(scenario, los, sensor)
    if not smear <= MAX_SMEAR_PX:
        raise BadData(
            "smears the scene too much within an exposure", place="line_of_sight", found=f"{smear:.4g} px rms",
            allowed=f"at most {MAX_SMEAR_PX:g} px rms; or a shorter sensor.integration",
        )  # fmt: skip
    return reach


def require_slow(motion_px: tuple[float, float]) -> None:
    """Raise BadData where the platform's motion carries the scene too far within an exposure."""
    way = float(np.hypot(*motion_px))
    if not way <= MAX_MOTION_PX:
        raise BadData(
            "the scene moves too far over the focal plane within an exposure", place="platform", found=f"{way:.4g} px",
            allowed=f"at most {MAX_MOTION_PX:g} px; a shorter sensor.integration, or pointing = 'track'",
        )  # fmt: skip


def memory_bytes() -> float:
    """Return the memory of this machine or of the container around it; infinite where it cannot be told."""
    try:
        most = float(os.sysconf("SC_PAGE_SIZE")) * float(os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        most = np.inf
    try:
        with open("/sys/fs/cgroup/memory.max", encoding="ascii") as file:
            return min(most, float(file.read()))
    except (OSError, ValueError):
        return most


def need_bytes(scenario: Scenario, reach_px: float, *, limb: bool, fields: int = 1) -> float:
    """Return the memory that rendering takes, on up to two threads.

    With ``(W + 2 m)(H + 2 m) oversample**2`` cells, ``m`` the reach of the line of sight and 32 px of optics, B bands
    and L cloud layers it is 400 + 100 L MB; 24 B + 32 L bytes a cell for each field of a step-stare cycle that is kept
    (the ground at two moments, four blurred keyframes and one in the making; the layers' fields); 60 bytes a cell
    while an exact view is made, 350 + 110 L more where it has the limb in it; and 40 B bytes a pixel for the detector.
    Batches of frames under way are not counted.
    """
    sensor, bands = scenario.sensor, len(scenario.sensor.bands)
    width, height = (n + 2 * (np.ceil(reach_px) + _OPTICS_PX) for n in (sensor.width, sensor.height))
    cells = float(width * height * scenario.oversample**2)
    kept = (_CELL_BAND * bands + _CELL_LAYER * len(scenario.clouds)) * min(fields, MOST_FIELDS)
    layers = len(scenario.clouds)
    exact = _CELL + limb * (_LIMB + _LIMB_LAYER * layers)
    return (
        _BASE
        + _BASE_LAYER * layers
        + cells * (kept + exact)
        + float(sensor.width * sensor.height * bands * _PIXEL_BAND)
    )


def sees_limb(scenario: Scenario, sensor: Sensor, platform: Platform, end_s: float) -> bool:
    """Tell whether the edge of the frame misses the Earth at the start, in the middle or at the end of the run."""
    if not isinstance(scenario.background, EarthBackground) and not scenario.clouds:
        return False
    x, y = np.meshgrid(np.linspace(0, scenario.sensor.width - 1, 9), np.linspace(0, scenario.sensor.height - 1, 9))
    rays = sensor.rays(x, y)
    for time_s in (0.0, 0.5 * end_s, end_s):
        position, attitude = platform.state(time_s)
        if not np.isfinite(intersect_earth(position, rays @ quaternion_to_matrix(attitude).T)).all():
            return True
    return False


def require_memory(scenario: Scenario, sensor: Sensor, platform: Platform, end_s: float, reach_px: float) -> None:
    """Raise BadData where rendering would take more memory than there is, see `need_bytes`."""
    limb = sees_limb(scenario, sensor, platform, end_s)
    fields = min(platform.n_steps, scenario.n_frames)
    need, have = need_bytes(scenario, reach_px, limb=limb, fields=fields), MAX_SHARE * memory_bytes()
    if need > have:
        raise BadData(
            "the scene takes too much memory: fewer pixels, bands, clouds or oversample", place="sensor",
            found=f"{need / 2**30:.3g} GiB", allowed=f"at most {have / 2**30:.3g} GiB on this machine",
        )  # fmt: skip
