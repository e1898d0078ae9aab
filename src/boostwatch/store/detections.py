"""Detection lists from any detector, with the column names of the format."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData
from boostwatch.geometry import parse_utc
from boostwatch.records import DETECTION, Records, empty, unit_of
from boostwatch.store import guard
from boostwatch.store.columns import ColumnFile, columns_of, open_hdf5, open_npy, open_npz
from boostwatch.store.delimited import open_text

MOST_ROWS: Final = 20_000_000
"""Most detections of a list; one takes some 100 bytes of memory until the events are written."""
MOST_BANDS: Final = 64
"""Most bands; a tracker's memory grows with them."""
LARGEST_PX: Final = 1e6
"""Beyond it a single-precision position is no longer good to a tenth of a pixel."""
LARGEST_S: Final = 1e12
LARGEST: Final = 1e15
"""Of any other number; its square is still one in single precision."""
_OTHERS: Final = {
    b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"PAR1": "Parquet",
    b"ARROW1": "Arrow", b"SIMPLE  =": "FITS", b"SQLite format 3": "SQLite", b"\x80\x04\x95": "a pickle",
    b"\x80\x05\x95": "a pickle", b"\xff\xfe": "UTF-16 text", b"\xfe\xff": "UTF-16 text",
}  # fmt: skip
_BINARY: Final = {".h5": "HDF5", ".hdf5": "HDF5", ".hdf": "HDF5", ".npz": "NPZ", ".npy": "NPY"}
ALLOWED: Final = "HDF5 with /detections, NPZ, a structured NPY, or CSV in UTF-8 with a header line"

Progress = Callable[[int, int], None]


class Limits(NamedTuple):
    """What a column may hold."""

    low: float
    high: float
    unknown: bool = True
    """NaN will do."""


COLUMNS: Final = {
    "frame": Limits(0, 2**31 - 1, False), "band": Limits(0, MOST_BANDS - 1, False),
    "time_s": Limits(-LARGEST_S, LARGEST_S, False), "x": Limits(-LARGEST_PX, LARGEST_PX, False),
    "y": Limits(-LARGEST_PX, LARGEST_PX, False), "sigma_x": Limits(0, LARGEST_PX), "sigma_y": Limits(0, LARGEST_PX),
    "signal_e": Limits(-LARGEST, LARGEST), "signal_sigma_e": Limits(0, LARGEST), "snr": Limits(0, LARGEST),
    "held_e": Limits(-LARGEST, LARGEST), "unrest": Limits(0, LARGEST),
    "frames": Limits(1, 2**15 - 1),
}  # fmt: skip
"""Columns that are read. The track of somebody else's tracker, `track_id`, is none of them."""


class DetectionList(NamedTuple):
    """A detection list as it was found."""

    path: str
    rows: Records
    """DETECTION records in the order of the file. Of columns that are not there ``frame`` is -1, ``time_s`` NaN,
    ``band`` 0, ``frames`` 1; ``track_id`` is -1 throughout."""
    columns: frozenset[str]
    """Names of those that are there, ``track_id`` too."""
    epoch: str | None
    """ISO 8601 UTC; None where the file does not say."""
    registration: Records | None
    """REGISTRATION records, where the file has any."""
    stack_sha256: str
    """Of the frames that the detections come from, where the file says so; else empty."""
    signal_unit: str
    """Of `boostwatch.records.SIGNALS`: as of `boostwatch.records.EventTables`."""
    notes: list[str]
    place: Callable[[int, str], str]
    """Name of a place in the file by row and column."""


def read_detections(path: str | os.PathLike[str], *, on_progress: Progress | None = None) -> DetectionList:
    """Read a detection list.

    Parameters
    ----------
    path : path-like
        HDF5 with a table ``/detections`` (an events file; also astropy's, pandas' and a group with a dataset a column),
        NPZ with an array a column or a structured array ``detections``, a structured NPY, or CSV with a header line. It
        is not trusted. Names of columns may have capitals.
    on_progress : callable, optional
        Called with how much is read, and how much there is.

    Returns
    -------
    DetectionList
        ``x``, ``y`` and one of ``frame`` and ``time_s`` are there, and every value is allowed by `COLUMNS`. Zero for a
        sigma counts as not known. Columns of other names are left out.

    Raises
    ------
    NoInput
        No such file.
    BadData
        Damaged; of another kind; a column missing or of the wrong type; a value that is not allowed; too many rows.
    """
    guard.require_file(path)
    with _open(os.fspath(path)) as source:
        return _taken(source, on_progress)


def take_detections(
    table: Mapping[str, Any] | Records,
    *,
    epoch: str | None = None,
    registration: Records | None = None,
    stack_sha256: str = "",
    signal_unit: str = "electron",
    name: str = "detections",
) -> DetectionList:
    """Return a detection list that is in memory, checked as one in a file.

    Parameters
    ----------
    table : mapping of arrays (N,), or structured array (N,)
        The columns, as for `read_detections`.
    epoch, registration, stack_sha256, signal_unit : optional
        What a file would say.
    name : str
        What errors call it.

    Returns
    -------
    DetectionList

    Raises
    ------
    BadData
        As of `read_detections`.
    """
    with columns_of(table, name) as source:
        source.epoch, source.registration, source.stack_sha256 = epoch, registration, stack_sha256
        source.signal_unit = signal_unit
        return _taken(source, None)


def _taken(source: ColumnFile, on_progress: Progress | None) -> DetectionList:
    name = source.path
    _require(source, name)
    epoch = _checked_epoch(source.epoch, name)
    parts, zeros, count = [], 0, 0
    for block, done, total in source.blocks([c for c in source.names if c in COLUMNS]):
        size = len(next(iter(block.values())))
        if count + size > MOST_ROWS:
            raise BadData("holds too many detections", path=name, allowed=f"at most {MOST_ROWS}")
        part = empty(DETECTION, size)
        part["band"], part["frames"] = 0, 1
        at = partial(_placed, source, count)
        for column, values in block.items():
            zeros += _put(part, column, values, name, at)
        parts.append(part)
        count += size
        if on_progress is not None:
            on_progress(done, total)
    rows = parts[0] if len(parts) == 1 else np.concatenate([empty(DETECTION, 0), *parts])
    notes = []
    if zeros:
        notes.append(f"{zeros} sigmas of 0 count as unknown")
    if "track_id" in source.names:
        notes.append("track_id of the list is not used")
    return DetectionList(
        name, rows, frozenset(source.names), epoch, source.registration, source.stack_sha256, source.signal_unit,
        notes, source.place,
    )  # fmt: skip


def _open(path: str) -> ColumnFile:
    """Open a file of any known kind, told by what is in it."""
    if guard.is_hdf5(path):
        return open_hdf5(path)
    with open(path, "rb") as file:
        head = file.read(64)
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return open_npz(path, MOST_ROWS)
    if head[:6] == b"\x93NUMPY":
        return open_npy(path)
    other = next((kind for magic, kind in _OTHERS.items() if head.startswith(magic)), None)
    if other is not None:
        raise BadData("is of another kind", path=path, found=other, allowed=ALLOWED)
    named = _BINARY.get(os.path.splitext(path)[1].lower())
    if named is not None and not _is_text(head):
        raise BadData(f"is no {named} file, as its name says, nor text", path=path, found=head[:8], allowed=ALLOWED)
    return open_text(path)


def _is_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return b"\0" not in head


def _require(source: ColumnFile, path: str) -> None:
    """Refuse a list without the columns that there must be."""
    for wanted in (("x",), ("y",), ("frame", "time_s")):
        if not set(wanted) & set(source.names):
            raise BadData(
                f"column {' or '.join(wanted)} is missing", path=path, place=source.where,
                found=", ".join(source.names), allowed=", ".join(COLUMNS),
            )  # fmt: skip


def _checked_epoch(epoch: str | None, path: str) -> str | None:
    try:
        if epoch is not None:
            parse_utc(epoch)
    except ValueError:
        raise BadData("is no instant", path=path, place="epoch", found=epoch, allowed="ISO 8601 UTC") from None
    return epoch


def _placed(source: ColumnFile, first: int, row: int, column: str) -> str:
    """Return the name of a place by row of a block that begins with row ``first``."""
    return source.place(first + row, column)


def _put(part: Records, column: str, values: NDArray[Any], path: str, place: Callable[[int, str], str]) -> int:
    """Write checked values into a column; return how many sigmas were 0."""
    limits, integer = COLUMNS[column], DETECTION[column].kind == "i"
    if values.dtype.kind not in "iufb" or values.ndim != 1:
        found = f"{values.dtype} {values.shape[1:] or ''}".strip()
        raise BadData("has the wrong type", path=path, place=column, found=found, allowed="one number a detection")
    if values.dtype.kind == "f":
        values = values.astype(np.float64, copy=False)
    known = np.isfinite(values) if values.dtype.kind == "f" else np.ones(len(values), np.bool_)
    allowed = f"{'a whole number ' if integer else ''}from {limits.low:.10g} to {limits.high:.10g} {unit_of(column)}"
    allowed = allowed.removesuffix(" 1").rstrip()
    good = (values >= limits.low) & (values <= limits.high)
    if column == "frames":
        known &= values != -1  # as an events file has what is unknown
    if integer and values.dtype.kind == "f":
        good &= values == np.floor(values)
    if limits.unknown:
        good |= ~known & ~np.isinf(values)
        allowed += ", or NaN where unknown"
    if not good.all():
        row = int(np.argmin(good))
        raise BadData(
            "is not allowed", path=path, place=place(row, column), found=values[row].item(), allowed=allowed
        )  # fmt: skip
    part[column] = np.where(known, values, part[column]) if integer else values
    if not column.startswith("sigma") and column != "signal_sigma_e":
        return 0
    zero = values == 0
    part[column][zero] = np.nan
    return int(np.count_nonzero(zero))
