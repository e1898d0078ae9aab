"""Detection lists from any detector: HDF5, CSV or NPZ with the column names of the format."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData
from boostwatch.geometry import parse_utc
from boostwatch.records import DETECTION, Records
from boostwatch.store import guard, layout
from boostwatch.store.events import take_columns

REQUIRED: Final = ("frame", "x", "y")
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
    out = take_columns(rows, DETECTION, path, "detections", required=REQUIRED)
    for column in ("x", "y", *(["time_s"] if "time_s" in names else [])):
        _refuse(out[column], ~np.isfinite(out[column]), path, column, "a finite number")
    _refuse(out["frame"], out["frame"] < 0, path, "frame", "0 or more")
    if "time_s" not in names:
        out["time_s"] = out["frame"]
    if "band" not in names:
        out["band"] = 0
    _refuse(out["band"], out["band"] < 0, path, "band", "0 or more")
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
    for name, array in known.items():
        if array.ndim != 1 or len(array) != count:
            raise BadData("has the wrong shape", path=path, place=name, found=array.shape, allowed="equal lengths")
    rows = np.empty(count, [(name, array.dtype) for name, array in known.items()])
    for name, array in known.items():
        rows[name] = array
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
    try:
        with zipfile.ZipFile(path) as archive:
            claimed = sum(info.file_size for info in archive.infolist())
        if claimed > limit:
            text = "claims more than the file can hold"
            raise BadData(text, path=path, found=f"{claimed} bytes", allowed=f"at most {limit}")
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, SyntaxError, KeyError, TypeError, zipfile.BadZipFile, RuntimeError,
            NotImplementedError, MemoryError) as error:  # fmt: skip
        raise BadData(f"is damaged ({' '.join(str(error).split())[:200]})", path=path) from None
    epoch = str(arrays.pop("epoch").reshape(-1)[0]) if arrays.get("epoch", np.empty(0)).size else layout.DEFAULT_EPOCH
    table = arrays.get("detections")
    if table is not None and table.dtype.names is not None and table.ndim == 1:
        return table, epoch
    return _columns(arrays, path), epoch


def _csv(path: str) -> tuple[Records, str]:
    try:
        text = Path(path).read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadData(
            f"is not UTF-8 text (byte {error.start})", path=path, allowed="HDF5, NPZ or CSV with a header line"
        ) from None
    lines = text.splitlines()
    epoch, skip = layout.DEFAULT_EPOCH, 0
    for line in lines:
        if line.strip() and not line.lstrip().startswith("#"):
            break
        skip += 1
        key, _, value = line.lstrip("# \t").partition(":")
        epoch = value.strip() if key.strip() == "epoch" else epoch
    if skip == len(lines):
        raise BadData("is empty", path=path, allowed="a header line with column names")
    delimiter = max(_DELIMITERS, key=lines[skip].count)
    header = [name.strip() for name in next(csv.reader([lines[skip]], delimiter=delimiter))]
    wanted = [i for i, name in enumerate(header) if name in (DETECTION.names or ())]
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise BadData(
            f"column {missing[0]} is missing", path=path, place=f"line {skip + 1}", found=", ".join(header),
            allowed=", ".join(DETECTION.names or ()),
        )  # fmt: skip
    repeated = [header[i] for i in wanted if header.count(header[i]) > 1]
    if repeated:
        raise BadData(f"column {repeated[0]} is there twice", path=path, place=f"line {skip + 1}")
    body = lines[skip + 1 :]
    values = np.full((0, len(wanted)), np.nan)
    if any(line.strip() for line in body):
        try:
            values = np.loadtxt(
                io.StringIO("\n".join(body)), delimiter=delimiter, usecols=wanted, ndmin=2, comments="#", quotechar='"'
            )
        except (ValueError, IndexError):  # an empty cell, or something that is no number: say which
            values = _cell_by_cell(path, body, delimiter, header, wanted, first_line=skip + 2)
    return _columns({header[i]: values[:, k] for k, i in enumerate(wanted)}, path), epoch


def _cell_by_cell(
    path: str, body: list[str], delimiter: str, header: list[str], wanted: list[int], *, first_line: int
) -> NDArray[np.float64]:
    """Parse slowly: an empty cell is unknown, anything else that is no number is an error with its line."""
    rows = []
    for number, line in enumerate(body, first_line):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cells = next(csv.reader([line], delimiter=delimiter))
        if len(cells) != len(header):
            raise BadData(
                "has the wrong number of columns", path=path, place=f"line {number}", found=len(cells),
                allowed=f"{len(header)}",
            )  # fmt: skip
        row = []
        for i in wanted:
            try:
                row.append(float(cells[i]) if cells[i].strip() else np.nan)
            except ValueError:
                place = f"line {number}, column {header[i]}"
                raise BadData("is not a number", path=path, place=place, found=cells[i], allowed="a number") from None
        rows.append(row)
    return np.array(rows, np.float64).reshape(-1, len(wanted))
