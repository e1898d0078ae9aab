"""The slider: its frames, their times, and what was detected in each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostwatch.assess.report.footage import Footage
from boostwatch.assess.report.pack import figures, numbers, spread
from boostwatch.records import EventTables, Records

MOST_STEPS = 120
MOST_DETECTIONS = 100
"""Of a frame; the strongest."""


def scene_shift(tables: EventTables, frames: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Return the shift (N, 2) of the scene in frames (N,), px; 0 where nothing registered it."""
    at = _rows_of(tables.registration, frames)
    shift = np.stack([tables.registration["dx"], tables.registration["dy"]], -1).astype(np.float64)
    out = np.zeros((len(frames), 2))
    out[at >= 0] = np.nan_to_num(shift[at[at >= 0]], posinf=0.0, neginf=0.0)
    return out


def _rows_of(table: Records, frames: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return for each frame a row of a table that is of that frame, or -1."""
    if not len(table):
        return np.full(len(frames), -1)
    order = np.argsort(table["frame"], kind="stable")
    place = np.clip(np.searchsorted(table["frame"][order], frames), 0, len(order) - 1)
    return np.where(table["frame"][order[place]] == frames, order[place], -1)


def steps_without_stack(tables: EventTables) -> list[int]:
    """Return frames for the slider where there are no pictures: of those with a row anywhere, evenly apart."""
    named = [tables.registration["frame"], tables.detections["frame"], tables.track_points["frame"]]
    frames = np.unique(np.concatenate(named))
    out: list[int] = frames[frames >= 0][spread(int((frames >= 0).sum()), MOST_STEPS)].tolist()
    return out


def at_steps(tables: EventTables, footage: Footage | None, frames: list[int]) -> dict[str, Any]:
    """Return what the slider shows at each of its frames.

    Returns
    -------
    dict
        ``time`` (s), ``shift`` of the scene (px), and ``detections``: rows of band, x, y, snr, track and number of
        frames added up, the strongest first.
    """
    at = np.array(frames, np.int64)
    if footage is not None:
        time = footage.time_s[at]
    else:
        row = _rows_of(tables.registration, at)
        time = np.where(row >= 0, _take(tables.registration, row), np.nan)
        for table in (tables.detections, tables.track_points):
            row = _rows_of(table, at)
            time = np.where(np.isfinite(time) | (row < 0), time, _take(table, row))
    return {
        "time": numbers(time, 3), "shift": [numbers(s, 2) for s in scene_shift(tables, at)],
        "detections": [_detections(tables.detections, frame) for frame in frames],
    }  # fmt: skip


def _take(table: Records, row: NDArray[np.int64]) -> NDArray[np.float64]:
    return table["time_s"][np.maximum(row, 0)] if len(table) else np.full(len(row), np.nan)


def _detections(table: Records, frame: int) -> list[list[float | None]]:
    mine = table[table["frame"] == frame]
    mine = mine[np.argsort(-np.nan_to_num(mine["snr"]), kind="stable")[:MOST_DETECTIONS]]
    columns = [
        mine["band"].tolist(), numbers(mine["x"], 1), numbers(mine["y"], 1), figures(mine["snr"], 3),
        mine["track_id"].tolist(), mine["frames"].tolist(),
    ]  # fmt: skip
    return [list(line) for line in zip(*columns, strict=True)]


def time_span(tables: EventTables) -> list[float | None]:
    """Return the first and last time of anything, s; none where there is nothing."""
    named = [tables.registration["time_s"], tables.detections["time_s"], tables.events["first_time_s"],
             tables.events["launch_time_s"], tables.tracks["last_time_s"]]  # fmt: skip
    times = np.concatenate(named)
    times = times[np.isfinite(times)]
    return numbers([times.min(), times.max()], 3) if len(times) else []


def focal_plane(tables: EventTables, footage: Footage | None) -> dict[str, Any]:
    """Return the focal plane's width and height, px: the stack's, or what holds all that was found."""
    if footage is not None:
        return {"width": footage.shape[3], "height": footage.shape[2]}
    size = {}
    for name, axis in (("width", "x"), ("height", "y")):
        values = np.concatenate([tables.detections[axis], tables.track_points[axis]])
        values = values[np.isfinite(values)]
        size[name] = max(int(np.ceil(values.max())) + 1, 16) if len(values) else 256
    least = max(size.values()) // 4  # a strip would show nothing
    return {name: max(value, least) for name, value in size.items()}
