"""What is inside a file, in a few figures."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from boostwatch.errors import BadData
from boostwatch.records import Records
from boostwatch.store import guard, layout
from boostwatch.store.detections import read_detections
from boostwatch.store.events import TABLES, read_events
from boostwatch.store.opening import open_stack
from boostwatch.store.reader import StackReader
from boostwatch.store.sources import open_source


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Say what is inside a stack, an events file, a detection list or any file that can be imported.

    Parameters
    ----------
    path : path-like
        The file; it is not trusted.

    Returns
    -------
    dict
        Of what JSON knows; unknown numbers are None.

    Raises
    ------
    NoInput, BadData
        Not there, damaged, or of no known kind.
    """
    guard.require_file(path)
    if not guard.is_hdf5(path):
        return _describe_other(Path(path))
    guard.check(path)
    kind = format_of(path)
    if kind == layout.EVENTS_FORMAT:
        return _describe_events(path)
    if kind == layout.STACK_FORMAT or _has(path, "/stack/frames"):
        with open_stack(path) as stack:
            return _describe_stack(stack)
    return _describe_foreign(path)


def format_of(path: str | os.PathLike[str]) -> str:
    """Return the root attribute ``format`` of a file that passed the guard, or an empty string."""
    try:
        with h5py.File(path, "r") as file:
            return layout.text_of(file.attrs.get("format", ""))
    except (OSError, RuntimeError) as error:
        raise BadData(f"is damaged ({' '.join(str(error).split())})", path=path) from None


def _has(path: str | os.PathLike[str], place: str) -> bool:
    with h5py.File(path, "r") as file:
        return isinstance(file.get(place), h5py.Dataset)


def _describe_stack(stack: StackReader) -> dict[str, Any]:
    frames, bands, height, width = stack.shape
    time, sensor = stack.time_s, stack.sensor
    out: dict[str, Any] = {
        "format": layout.STACK_FORMAT, "frames": frames, "bands": bands, "height": height, "width": width,
        "dtype": str(stack.stored_dtype), "epoch": stack.epoch, "first_time_s": time[0], "last_time_s": time[-1],
        "sensor": sensor.name, "ifov_rad": sensor.ifov_rad, "frame_period_s": sensor.frame_period_s,
        "integration_s": sensor.integration_s,
        "band_figures": [{name: layout.plain(value) for name, value in vars(band).items()} for band in sensor.bands],
        "pointing": stack.has_pointing, "bad_pixels": _count(stack.bad_pixels),
        "flagged_frames": int(np.count_nonzero(stack.quality.any(axis=1))),
    }  # fmt: skip
    if stack.truth_objects is not None:
        out["truth"] = _kinds(stack.truth_objects)
        out["truth_samples"] = 0 if stack.truth_samples is None else len(stack.truth_samples)
        out["seed"] = stack.seed
        if stack.part is not None:
            out["part"] = stack.part
    out["notes"] = list(stack.notes)
    return {name: layout.plain(value) for name, value in out.items()}


def _count(mask: Any) -> int | None:
    return None if mask is None else int(np.count_nonzero(mask))


def _kinds(rows: Records) -> list[dict[str, Any]]:
    counts = Counter(kind.decode("utf-8", "replace") for kind in rows["kind"])
    return [{"kind": kind, "count": count} for kind, count in sorted(counts.items())]


def _describe_events(path: str | os.PathLike[str]) -> dict[str, Any]:
    tables = read_events(path)
    out: dict[str, Any] = {"format": layout.EVENTS_FORMAT, "epoch": tables.epoch}
    out.update({name: len(getattr(tables, name)) for name in TABLES})
    out["kinds"] = _kinds(tables.events)
    for name, value in tables.provenance.items():
        if name != "settings":  # a page of TOML; it is in the file for whoever wants it
            out[name] = value
    return {name: layout.plain(value) for name, value in out.items()}


def _describe_foreign(path: str | os.PathLike[str]) -> dict[str, Any]:
    datasets: list[dict[str, Any]] = []

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            datasets.append({"name": f"/{name}", "shape": list(item.shape or ()), "dtype": str(item.dtype)})

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return {"format": "HDF5", "datasets": datasets}


def _describe_other(path: Path) -> dict[str, Any]:
    """Describe an image, an array, or a list of detections."""
    try:
        source = open_source(path)
    except BadData as error:
        try:
            found = read_detections(path)
        except BadData:
            raise error from None
        rows = found.rows
        return {
            "format": "detections", "epoch": found.epoch or layout.DEFAULT_EPOCH, "detections": len(rows),
            "frames": int(rows["frame"].max()) + 1 if len(rows) and "frame" in found.columns else 0,
        }  # fmt: skip
    frames, bands, height, width = source.shape
    start = None if np.isnan(source.start_s) else source.start_s
    return {
        "format": "frames", "frames": frames, "bands": bands, "height": height, "width": width,
        "dtype": str(source.dtype), "start_posix_s": start,
    }  # fmt: skip
