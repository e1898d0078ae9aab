"""Detection lists from any detector: HDF5, CSV or NPZ with the column names of the format."""

from __future__ import annotations

import csv
import os
import warnings
import zipfile
from array import array
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData
from boostwatch.geometry import parse_utc
from boostwatch.records import DETECTION, Records
from boostwatch.store import guard, layout
from boostwatch.store.events import take_columns
from boostwatch.store.sources import damage_named

REQUIRED: Final = ("frame", "x", "y")
LARGEST: Final = 1e15
"""Of any number in a list; its square is still one in single precision."""
_DELIMITERS: Final = ",;\t"


def read_detections(path: str | os.PathLike[str]) -> tuple[Records, str]:
    """Read a detection list.

    Parameters
    ----------
    path : path-like
        HDF5 with a table ``/detections`` (an events file, or a group with one dataset a column), CSV with a header
        line, or NPZ with one array a column or one structured array ``detections``. It is not trusted.

    Returns
    -------
    records : DETECTION records
        In the order of the file. ``frame``, ``x`` and ``y`` must be there; ``time_s`` is the frame number if missing,
        ``band`` 0, ``track_id`` -1, all else NaN. Columns of other names are left out.
    epoch : str
        ISO 8601 UTC: the HDF5 root attribute ``epoch``, an NPZ string ``epoch``, or a line ``# epoch: ...`` above the
        CSV header; 2000-01-01 if the file does not say.

    Raises
    ------
    NoInput
        No such file.
    BadData
        Damaged; a column missing or of the wrong type; a value that is no number; a frame, x or y that is unknown.
    """
    guard.require_file(path)
    name = os.fspath(path)
    with open(path, "rb") as file:
        head = file.read(4)
    if guard.is_hdf5(path):
        rows, epoch = _hdf5(name)
    elif head == b"PK\x03\x04":
        rows, epoch = _npz(name)
    else:
        rows, epoch = _csv(name)
    try:
        parse_utc(epoch)
    except ValueError:
        raise BadData("is no instant", path=path, place="epoch", found=epoch, allowed="ISO 8601 UTC") from None
    return _complete(rows, name), epoch


def _complete(rows: Records, path: str) -> Records:
    """Check what must be known, fill in what need not be."""
    names = rows.dtype.names or ()
    with np.errstate(over="ignore"):  # beyond float32 is infinite, and refused below
        out = take_columns(rows, DETECTION, path, "detections", required=REQUIRED)
    for column in ("x", "y", *(["time_s"] if "time_s" in names else [])):
        _refuse(out[column], ~np.isfinite(out[column]), path, column, "a finite number")
    for column in (n for n in DETECTION.names or () if n in names and DETECTION[n].kind == "f"):
        _refuse(out[column], np.abs(out[column]) > LARGEST, path, column, f"at most {LARGEST:g}, or NaN where unknown")
    _refuse(out["frame"], out["frame"] < 0, path, "frame", "0 or more")
    if "time_s" not in names:
        out["time_s"] = out["frame"]
    if "band" not in names:
        out["band"] = 0
    out["frames"] = np.where((out["frames"] == -1) if "frames" in names else True, 1, out["frames"])
    _refuse(out["band"], out["band"] < 0, path, "band", "0 or more")
    _refuse(out["frames"], out["frames"] < 1, path, "frames", "1 or more")
    return out


def _refuse(values: NDArray[Any], bad: NDArray[np.bool_], path: str, column: str, allowed: str) -> None:
    if np.any(bad):
        row = int(np.argmax(bad))
        place = f"detections.{column}[{row}]"
        raise BadData("is not allowed", path=path, place=place, found=values[row].item(), allowed=allowed)


def _columns(arrays: dict[str, NDArray[Any]], path: str) -> Records:
    """Join arrays of equal length into records."""
    known = {n: a for n, a in arrays.items() if n in (DETECTION.names or ())}
    if not known:
        raise BadData(
            "has no detection columns", path=path, found=", ".join(list(arrays)[:20]),
            allowed=", ".join(DETECTION.names or ()),
        )  # fmt: skip
    count = len(next(iter(known.values()))) if next(iter(known.values())).ndim else -1
    for name, column in known.items():
        if column.ndim != 1 or len(column) != count:
            raise BadData("has the wrong shape", path=path, place=name, found=column.shape, allowed="equal lengths")
    rows = np.empty(count, [(name, column.dtype) for name, column in known.items()])
    for name, column in known.items():
        rows[name] = column
    return rows


def _hdf5(path: str) -> tuple[Records, str]:
    import h5py

    guard.check(path)
    try:
        with h5py.File(path, "r") as file:
            epoch = layout.text_of(file.attrs.get("epoch", layout.DEFAULT_EPOCH))
            table = file.get("detections")
            if isinstance(table, h5py.Dataset) and table.dtype.names is not None and table.ndim == 1:
                return table[()], epoch
            if isinstance(table, h5py.Group):
                return _columns({n: d[()] for n, d in table.items() if isinstance(d, h5py.Dataset)}, path), epoch
    except (OSError, RuntimeError, KeyError) as error:
        raise BadData(f"is damaged ({' '.join(str(error).split())})", path=path) from None
    raise BadData("is not there or is no table", path=path, place="/detections", allowed="a compound dataset")


def _npz(path: str) -> tuple[Records, str]:
    limit = layout.MAX_DEFLATE * os.path.getsize(path)
    with damage_named(Path(path)):
        with zipfile.ZipFile(path) as archive:
            claimed = sum(info.file_size for info in archive.infolist())
        if claimed > limit:
            text = "claims more than the file can hold"
            raise BadData(text, path=path, found=f"{claimed} bytes", allowed=f"at most {limit}")
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    epoch = str(arrays.pop("epoch").reshape(-1)[0]) if arrays.get("epoch", np.empty(0)).size else layout.DEFAULT_EPOCH
    table = arrays.get("detections")
    if table is not None and table.dtype.names is not None and table.ndim == 1:
        return table, epoch
    return _columns(arrays, path), epoch


def _csv(path: str) -> tuple[Records, str]:
    try:
        epoch, head, line = _csv_head(path)
        delimiter = max(_DELIMITERS, key=line.count)
        header = [name.strip() for name in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))]
        wanted = _csv_columns(path, header, head)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that there is no row; a list of no detections is one
                values = np.loadtxt(
                    path, delimiter=delimiter, usecols=wanted, ndmin=2, quotechar='"', skiprows=head,
                    encoding="utf-8-sig",
                )  # fmt: skip
        except (ValueError, IndexError):  # an empty cell, or something that is no number: say which
            values = _cell_by_cell(path, delimiter, header, wanted, head)
    except UnicodeDecodeError as error:
        allowed = "HDF5, NPZ or CSV with a header line"
        raise BadData(f"is not UTF-8 text (byte {error.start})", path=path, allowed=allowed) from None
    columns = (
        {header[i]: values[:, k] for k, i in enumerate(wanted)}
        if values.size
        else {header[i]: np.empty(0) for i in wanted}
    )
    return _columns(columns, path), epoch


def _csv_head(path: str) -> tuple[str, int, str]:
    """Return the epoch, the number of lines up to the header, and the header line."""
    epoch = layout.DEFAULT_EPOCH
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip() and not line.lstrip().startswith("#"):
                return epoch, number, line
            key, _, value = line.lstrip("# \t").partition(":")
            epoch = value.strip() if key.strip() == "epoch" else epoch
    raise BadData("is empty", path=path, allowed="a header line with column names")


def _csv_columns(path: str, header: list[str], head: int) -> list[int]:
    """Return which columns of the header are those of the format."""
    names = DETECTION.names or ()
    place, wanted = f"line {head}", [i for i, name in enumerate(header) if name in names]
    for name in REQUIRED:
        if name not in header:
            found, allowed = ", ".join(header), ", ".join(names)
            raise BadData(f"column {name} is missing", path=path, place=place, found=found, allowed=allowed)
    for i in wanted:
        if header.count(header[i]) > 1:
            raise BadData(f"column {header[i]} is there twice", path=path, place=place)
    return wanted


def _cell_by_cell(path: str, delimiter: str, header: list[str], wanted: list[int], head: int) -> NDArray[np.float64]:
    """Parse slowly: an empty cell is unknown, anything else that is no number is an error with its line."""
    rows = array("d")
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if number <= head or not line.strip() or line.lstrip().startswith("#"):
                continue
            cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
            if len(cells) != len(header):
                raise BadData(
                    "has the wrong number of columns", path=path, place=f"line {number}", found=len(cells),
                    allowed=f"{len(header)}",
                )  # fmt: skip
            for i in wanted:
                try:
                    rows.append(float(cells[i]) if cells[i].strip() else np.nan)
                except ValueError:
                    place = f"line {number}, column {header[i]}"
                    raise BadData(
                        "is not a number", path=path, place=place, found=cells[i], allowed="a number"
                    ) from None
    return np.array(rows, np.float64).reshape(-1, len(wanted))
