"""Every deviation of a file from its format, a line each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData
from boostwatch.geometry import parse_utc
from boostwatch.records import KINDS, QUALITY_BITS, TRUTH_OBJECT, TRUTH_SAMPLE
from boostwatch.store import guard, layout
from boostwatch.store.description import format_of
from boostwatch.store.events import TABLES
from boostwatch.store.guard import Problem
from boostwatch.store.opening import open_stack
from boostwatch.store.reader import StackReader

MAX_LINES: Final = 50
"""Lines shown of one kind in one place; the last says how many more there are."""
_STATES: Final = (b"tentative", b"confirmed", b"ended")
Add = Callable[[str, str, object, str], None]


def validate(path: str | os.PathLike[str]) -> list[str]:
    """Check a stack or an events file against its format.

    Parameters
    ----------
    path : path-like
        The file; it is not trusted.

    Returns
    -------
    list of str
        A line a deviation: place, what is wrong, what was found, what is allowed. Empty if the file is sound. All
        frames of a stack are read and compared with their checksums.

    Raises
    ------
    NoInput
        The file does not exist or cannot be read.
    """
    problems: list[Problem] = []

    def add(place: str, message: str, found: object, allowed: str) -> None:
        problems.append(Problem(place, message, str(found)[:120], allowed))

    try:
        guard.check(path)
        kind = format_of(path)
        if kind == layout.EVENTS_FORMAT:
            _events(path, add)
        else:
            _stack(path, add)
    except BadData as error:
        return [*(p.line() for p in problems), str(error)]
    return [problem.line() for problem in problems]


def _root(file: h5py.File, name: str, add: Add) -> None:
    for attribute, allowed in (("format", name), ("format_version", str(layout.VERSION))):
        found = layout.text_of(file.attrs.get(attribute, "nothing"))
        if found != allowed:
            add(f"/@{attribute}", "is not right", found, allowed)
    for attribute in ("creator", "created"):
        if attribute not in file.attrs:
            add(f"/@{attribute}", "is missing", "nothing", "text")
    if "created" in file.attrs:
        _instant("/@created", file.attrs["created"], add)


def _instant(place: str, value: object, add: Add) -> None:
    try:
        parse_utc(layout.text_of(value))
    except ValueError:
        add(place, "is no instant", value, "ISO 8601 UTC")


def _first(place: str, bad: NDArray[Any], values: NDArray[Any], message: str, allowed: str, add: Add) -> None:
    """Report the rows where ``bad`` holds."""
    rows = np.flatnonzero(bad)
    for row in rows[: MAX_LINES - 1]:
        add(f"{place}[{row}]", message, values[row], allowed)
    if len(rows) >= MAX_LINES:
        add(place, f"{message}, in {len(rows) - MAX_LINES + 1} more rows", "as above", allowed)


def _stack(path: str | os.PathLike[str], add: Add) -> None:
    with h5py.File(path, "r") as file:
        _root(file, layout.STACK_FORMAT, add)
        _stack_layout(file, add)
    with open_stack(path, dataset="/stack/frames") as stack:
        _stack_values(stack, add)


def _stack_layout(file: h5py.File, add: Add) -> None:
    """Check types and what the format requires beside the frames."""
    frames = file.get("/stack/frames")
    if not isinstance(frames, h5py.Dataset):
        raise BadData("is not there", path=file.filename, place="/stack/frames", allowed="a dataset (T, B, H, W)")
    if frames.ndim != 4:
        add("/stack/frames", "has the wrong shape", frames.shape, "(T, B, H, W)")
    if frames.dtype not in (np.dtype("<u2"), np.dtype("<f4")):
        add("/stack/frames", "has the wrong type", frames.dtype, "little-endian uint16 or float32")
    if not frames.fletcher32:
        add("/stack/frames", "has no checksum", "no fletcher32", "fletcher32")
    if frames.chunks != (1, 1, *frames.shape[-2:]):
        add("/stack/frames", "has other chunks", frames.chunks, "(1, 1, H, W)")
    for place, dtype in (
        ("/stack/time", "<f8"), ("/stack/frame_index", "<i8"), ("/stack/crc32", "<u4"), ("/stack/quality", "|u1"),
    ):  # fmt: skip
        dataset = file.get(place)
        if dataset is None:
            add(place, "is missing", "nothing", f"a dataset of {np.dtype(dtype)}")
        elif dataset.dtype != np.dtype(dtype):
            add(place, "has the wrong type", dataset.dtype, str(np.dtype(dtype)))
    if "/stack/time" in file and "epoch" not in file["/stack/time"].attrs:
        add("/stack/time@epoch", "is missing", "nothing", "ISO 8601 UTC")
    sensor = file.get("/sensor")
    for name in ("name", "ifov_rad", "cx", "cy", "frame_period_s", "integration_s"):
        if sensor is None or name not in sensor.attrs:
            add(f"/sensor@{name}", "is missing", "nothing", "text" if name == "name" else "a number")
    tables = {"/sensor/bands": layout.BAND, "/truth/objects": TRUTH_OBJECT, "/truth/samples": TRUTH_SAMPLE}
    for place, columns in tables.items():
        if place in file or place == "/sensor/bands":
            _columns(file, place, columns, add)


def _columns(file: h5py.File, place: str, dtype: np.dtype[Any], add: Add) -> bool:
    """Check the columns of a table; say whether all are there."""
    table = file.get(place)
    if not isinstance(table, h5py.Dataset) or table.dtype.names is None or table.ndim != 1:
        add(place, "is missing or no table", getattr(table, "dtype", "nothing"), "a one-dimensional compound dataset")
        return False
    whole = True
    for name in dtype.names or ():
        if name not in table.dtype.names:
            add(f"{place}.{name}", "column is missing", "nothing", str(dtype[name]))
            whole = False
        elif table.dtype[name] != dtype[name]:
            add(f"{place}.{name}", "has the wrong type", table.dtype[name], str(dtype[name]))
    return whole


def _stack_values(stack: StackReader, add: Add) -> None:
    frames, bands = stack.shape[:2]
    time = stack.time_s
    _first("/stack/time", ~np.isfinite(time), time, "is not finite", "seconds", add)
    late = np.append(False, ~(np.diff(time) > 0)) & np.isfinite(time)
    _first("/stack/time", late, time, "is not later than the frame before", "increasing seconds", add)
    index = stack.frame_index
    _first("/stack/frame_index", np.append(False, np.diff(index) <= 0), index, "does not grow", "a counter", add)
    known = sum(QUALITY_BITS.values())
    flags = np.bitwise_or.reduce(stack.quality, axis=1)
    _first("/stack/quality", flags & ~np.uint8(known), flags, "has unknown bits", f"bits of {known}", add)
    if not stack.sensor.frame_period_s > 0:
        add("/sensor@frame_period_s", "is not positive", stack.sensor.frame_period_s, "seconds above 0")
    if stack.attitude is not None:
        norm = np.linalg.norm(stack.attitude, axis=1)
        _first("/pointing/attitude", ~(abs(norm - 1) < 1e-6), norm, "is not of unit length", "1 within 1e-6", add)
    if stack.position_m is not None:
        bad = ~np.isfinite(stack.position_m).all(axis=1)
        _first("/pointing/position_m", bad, stack.position_m, "is not finite", "ITRS metres", add)
    if stack.truth_samples is not None:
        for column, limit in (("frame", frames), ("band", bands)):
            values = stack.truth_samples[column]
            place = f"/truth/samples.{column}"
            _first(place, (values < 0) | (values >= limit), values, "is out of range", f"0 to {limit - 1}", add)
    if stack.truth_objects is not None and stack.truth_samples is not None:
        ids = stack.truth_samples["object_id"]
        bad = ~np.isin(ids, stack.truth_objects["object_id"])
        _first("/truth/samples.object_id", bad, ids, "is not in /truth/objects", "one of its object_id", add)
    for line in _frames(stack):
        add(*line)


def _frames(stack: StackReader) -> Iterator[tuple[str, str, object, str]]:
    """Read every frame; yield what does not agree with its checksum or has no finite pixel."""
    for frame in stack.frames():
        for band in range(stack.shape[1]):
            place = f"/stack/frames[{frame.frame}, {band}]"
            new = (frame.quality[band] & ~stack.quality[frame.frame, band]) & QUALITY_BITS["corrupt"]
            if new:
                note = next((n for n in reversed(stack.notes) if f"frame {frame.frame} band {band}:" in n), "damaged")
                yield place, note.partition(": ")[2], "other bytes", "the bytes that were written"
            elif stack.dtype.kind == "f" and not np.isfinite(frame.data[band]).any() and frame.good[band]:
                yield place, "has no finite pixel and is not flagged corrupt", "NaN", "finite values or the flag"


def _events(path: str | os.PathLike[str], add: Add) -> None:
    with h5py.File(path, "r") as file:
        _root(file, layout.EVENTS_FORMAT, add)
        if "epoch" in file.attrs:
            _instant("/@epoch", file.attrs["epoch"], add)
        else:
            add("/@epoch", "is missing", "nothing", "ISO 8601 UTC")
        if "provenance" not in file:
            add("/provenance", "is missing", "nothing", "a group")
        whole = [_columns(file, f"/{name}", dtype, add) for name, dtype in TABLES.items()]
        if not all(whole):
            return
        try:
            tables = {name: file[name][()] for name in TABLES}
        except (OSError, RuntimeError) as error:
            raise BadData(f"is damaged ({' '.join(str(error).split())})", path=path) from None
    _event_values(tables, add)


def _event_values(tables: dict[str, Any], add: Add) -> None:
    """Check what one table says about another, and ranges."""
    tracks, points, events = tables["tracks"], tables["track_points"], tables["events"]
    for name in ("detections", "track_points", "registration"):
        frame = tables[name]["frame"]
        _first(f"/{name}.frame", frame < 0, frame, "is negative", "0 or more", add)
    for name in ("x", "y", "time_s"):
        for table in ("detections", "track_points"):
            values = tables[table][name]
            _first(f"/{table}.{name}", ~np.isfinite(values), values, "is not finite", "a number", add)
    bad = (tracks["start"] < 0) | (tracks["count"] < 0) | (tracks["start"] + tracks["count"] > len(points))
    _first("/tracks.start", bad, tracks["start"], "points outside of /track_points", f"0 to {len(points)}", add)
    bad = ~np.isin(tracks["status"], _STATES)
    _first("/tracks.status", bad, tracks["status"], "is unknown", "tentative, confirmed, ended", add)
    for name in ("tracks", "events"):
        kind = tables[name]["kind"]
        known = [k.encode() for k in KINDS]
        _first(f"/{name}.kind", ~np.isin(kind, known), kind, "is unknown", ", ".join(KINDS), add)
    for name in ("detections", "track_points", "events"):
        ids = tables[name]["track_id"]
        bad = (ids != -1) & ~np.isin(ids, tracks["track_id"])
        _first(f"/{name}.track_id", bad, ids, "is not in /tracks", "one of its track_id, or -1", add)
    for name in ("probability", "p_launch"):
        values = events[name]
        _first(f"/events.{name}", (values < 0) | (values > 1), values, "is no probability", "0 to 1", add)
    for name, limit in (("latitude_deg", 90), ("longitude_deg", 180)):
        values = events[name]
        _first(f"/events.{name}", abs(values) > limit, values, "is out of range", f"-{limit} to {limit}", add)
