"""Events files: small, built in memory and written in one go."""

from __future__ import annotations

import io
import os
from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData
from boostwatch.geometry import parse_utc
from boostwatch.records import (
    DETECTION,
    EVENT,
    REGISTRATION,
    TRACK,
    TRACK_POINT,
    EventTables,
    Records,
    empty,
)
from boostwatch.store import guard, layout
from boostwatch.store.atomic import write_bytes

TABLES: Final[dict[str, np.dtype[Any]]] = {
    "detections": DETECTION, "tracks": TRACK, "track_points": TRACK_POINT, "events": EVENT,
    "registration": REGISTRATION,
}  # fmt: skip
"""Tables of an events file and their columns."""

LATER: Final[dict[str, set[str]]] = {
    "detections": {"frames", "held_e", "unrest"},
    "tracks": {"moving_time_s", "x0", "y0", "sigma_x0", "sigma_y0"},
    "events": {
        "sigma_x0", "sigma_y0", "burnout_time_sigma_s", "peak_intensity_sigma_w_sr", "corr_time_north",
        "corr_time_east", "corr_heading_north", "corr_heading_east", "corr_time_heading",
    },
}  # fmt: skip
"""Columns, by table, that files of earlier releases lack."""


def write_events(path: str | os.PathLike[str], tables: EventTables, *, created: str | None = None) -> None:
    """Write an events file (format version 1) whole or not at all.

    Parameters
    ----------
    path : str or os.PathLike
        The file to be.
    tables : EventTables
        Columns beyond those of the format are kept.
    created : str, optional
        Time stamp of the file; now by default.

    Raises
    ------
    CannotCreate, StorageError
        The file cannot be created; the disk is full.
    """
    buffer = io.BytesIO()
    with layout.new_file(buffer) as file:
        layout.put_root(file, layout.EVENTS_FORMAT, created)
        file.attrs["epoch"] = layout.checked_epoch(tables.epoch)
        file.attrs["default"] = "events"
        for name in TABLES:
            layout.put_table(file, name, getattr(tables, name), tables.units(name)).attrs["epoch"] = tables.epoch
        layout.put_flags(file["registration"])
        provenance = file.create_group("provenance")
        for name, value in tables.provenance.items():
            provenance.attrs[name] = value
    write_bytes(path, buffer.getvalue())
    guard.trust(path)


def read_events(path: str | os.PathLike[str]) -> EventTables:
    """Read an events file.

    Parameters
    ----------
    path : str or os.PathLike
        The file; it is not trusted.

    Returns
    -------
    EventTables
        The columns of the format; further columns are left out.

    Raises
    ------
    NoInput
        No such file.
    BadData
        Not an events file of a known version, a table or column missing or of the wrong type, damaged.
    """
    guard.check(path)
    name = os.fspath(path)
    try:
        with h5py.File(path, "r") as file:
            layout.require_format(file, name, layout.EVENTS_FORMAT)
            tables = {table: read_table(file, table, dtype, name) for table, dtype in TABLES.items()}
            provenance = (
                {k: layout.plain(v) for k, v in file["provenance"].attrs.items()} if "provenance" in file else {}
            )
            unit = layout.signal_unit(file["detections"])
            return EventTables(epoch=read_epoch(file, name), provenance=provenance, signal_unit=unit, **tables)
    except (OSError, RuntimeError, KeyError) as error:
        raise BadData(f"is damaged ({' '.join(str(error).split())})", path=path) from None


def read_epoch(file: h5py.File, path: str) -> str:
    """Return the root epoch, or raise BadData if there is none or it is no instant."""
    epoch = layout.text_of(file.attrs.get("epoch", ""))
    try:
        parse_utc(epoch)
    except ValueError:
        raise BadData("is no instant", path=path, place="/@epoch", found=epoch, allowed="ISO 8601 UTC") from None
    return epoch


def read_table(file: h5py.File, table: str, dtype: np.dtype[Any], path: str) -> Records:
    """Return the columns ``dtype`` of one table; all must be there but those that came later."""
    dataset = file.get(table)
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.names is None or dataset.ndim != 1:
        raise BadData("is not there or is no table", path=path, place=f"/{table}", allowed="a one-dimensional compound")
    required = set(dtype.names or ()) - LATER.get(table, set())
    return take_columns(dataset[()], dtype, path, f"/{table}", required=required)


def take_columns(rows: Records, dtype: np.dtype[Any], path: str, place: str, *, required: Any) -> Records:
    """Return ``rows`` with the columns ``dtype``; those not ``required`` may be missing and are then unknown."""
    out = empty(dtype, len(rows))
    for column in dtype.names or ():
        if column not in (rows.dtype.names or ()):
            if column in required:
                raise BadData("column is missing", path=path, place=f"{place}.{column}", allowed=f"{dtype[column]}")
            continue
        values, kind = rows[column], dtype[column]
        if values.ndim != 1 or (values.dtype.kind in "SO") != (kind.kind == "S") or values.dtype.kind in "cVmM":
            raise BadData(
                "column has the wrong type", path=path, place=f"{place}.{column}", found=str(values.dtype),
                allowed=str(kind),
            )  # fmt: skip
        if kind.kind in "iu" and len(values):
            _require_whole(values, kind, path, f"{place}.{column}")
        out[column] = values
    return out


def _require_whole(values: NDArray[Any], kind: np.dtype[Any], path: str, place: str) -> None:
    """Raise BadData unless every value is an integer that ``kind`` holds."""
    info = np.iinfo(kind)
    inside = (values >= info.min) & (values <= info.max)  # False for NaN too
    whole = values == np.floor(values) if values.dtype.kind == "f" else inside
    for good, text in ((inside, "is out of range"), (whole, "is no whole number")):
        if not np.all(good):
            row = int(np.argmin(good))
            raise BadData(
                text, path=path, place=f"{place}[{row}]", found=values[row].item(),
                allowed=f"a whole number from {info.min} to {info.max}",
            )  # fmt: skip
