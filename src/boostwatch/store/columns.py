"""Files with a column of numbers a quantity: HDF5 tables of several makers, NPZ and NPY, read block by block."""

from __future__ import annotations

import os
import zipfile
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData
from boostwatch.records import DETECTION, REGISTRATION, Records
from boostwatch.store import guard, layout
from boostwatch.store.closing import Closing
from boostwatch.store.events import take_columns
from boostwatch.store.sources import damage_named, npy_header

BLOCK_ROWS: Final = 1 << 18

Block = tuple[dict[str, NDArray[Any]], int, int]
"""Columns of equal length, how much is read with them, and how much there is."""


def canonical(name: str) -> str:
    """Return the name of a column as the format has it: without blanks around it, without capitals."""
    return name.strip().lower()


class ColumnFile(Closing):
    """An open file of columns.

    Attributes
    ----------
    path : str
    names : list of str
        Columns, as `canonical` has them.
    where : str
        Place in the file of what says so.
    epoch : str or None
    registration : Records or None
    stack_sha256 : str
    signal_unit : str
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.names: list[str] = []
        self.where = ""
        self.epoch: str | None = None
        self.registration: Records | None = None
        self.stack_sha256 = ""
        self.signal_unit = "electron"

    def place(self, row: int, column: str) -> str:
        """Return the name of a place by row and column."""
        return f"detections.{column}[{row}]"

    @abstractmethod
    def blocks(self, wanted: Sequence[str]) -> Iterator[Block]:
        """Yield the columns of some names, a part of the rows at a time; at least one part."""

    def refuse_twice(self, wanted: Sequence[str]) -> None:
        """Raise BadData where a column is there twice."""
        for name in wanted:
            if self.names.count(name) > 1:
                raise BadData(f"column {name} is there twice", path=self.path, place=self.where or None)

    def close(self) -> None:
        """Close the file."""


class _Arrays(ColumnFile):
    """Columns that can be sliced: arrays or datasets of one axis."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.columns: Mapping[str, Any] = {}  # by name as in the file

    def blocks(self, wanted: Sequence[str]) -> Iterator[Block]:
        self.refuse_twice(wanted)
        known = {canonical(n): c for n, c in self.columns.items() if canonical(n) in wanted}
        shapes = {name: np.shape(column)[:1] or None for name, column in known.items()}
        length = next(iter(shapes.values()))
        for name, shape in shapes.items():
            if shape is None or shape != length:
                found = np.shape(known[name])
                raise BadData("has the wrong shape", path=self.path, place=name, found=found, allowed="equal lengths")
        count = length[0] if length else 0
        for first in range(0, max(count, 1), BLOCK_ROWS):
            last = min(first + BLOCK_ROWS, count)
            with self.reading():
                block = {name: np.asarray(column[first:last]) for name, column in known.items()}
            yield block, last, count

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn damage into BadData."""
        yield


class _Rows:
    """Rows of a compound dataset; those read last are kept, for the next column."""

    def __init__(self, table: h5py.Dataset) -> None:
        self._table = table
        self._part: slice | None = None
        self._rows: NDArray[Any] = np.empty(0)

    def __call__(self, part: slice) -> NDArray[Any]:
        if part != self._part:
            self._part, self._rows = part, self._table[part]
        return self._rows


class _Field:
    """One column of a compound dataset."""

    def __init__(self, rows: _Rows, name: str, count: int) -> None:
        self._rows, self._name, self.shape = rows, name, (count,)

    def __getitem__(self, part: slice) -> NDArray[Any]:
        return self._rows(part)[self._name]


class _Hdf5(_Arrays):
    def __init__(self, path: str) -> None:
        super().__init__(path)
        guard.check(path)
        self.where = "/detections"
        with self.reading():
            self._file = h5py.File(path, "r")
        try:
            with self.reading():
                self._look()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        try:
            yield
        except (OSError, RuntimeError, KeyError) as error:
            text = " ".join(str(error).split())
            raise BadData(f"is damaged ({text})", path=self.path) from None

    def _look(self) -> None:
        file = self._file
        table = file.get("detections")
        if isinstance(table, h5py.Group):
            self.columns = _of_group(table, self.path)
        elif isinstance(table, h5py.Dataset) and table.dtype.names is not None and table.ndim == 1:
            self.columns = _of_table(table)
        else:
            raise BadData(
                "is not there or is no table", path=self.path, place="/detections", allowed="a compound dataset"
            )
        self.names = [canonical(name) for name in self.columns]
        for attributes in (table.attrs, file.attrs):
            self.epoch = layout.text_of(attributes["epoch"]) if "epoch" in attributes else self.epoch
        self.signal_unit = layout.signal_unit(table)
        shifts = file.get("registration")
        if isinstance(shifts, h5py.Dataset) and shifts.dtype.names is not None and shifts.ndim == 1 and len(shifts):
            self.registration = take_columns(
                shifts[()], REGISTRATION, self.path, "/registration", required=("frame", "dx", "dy")
            )
        provenance = file.get("provenance")
        if isinstance(provenance, h5py.Group):
            key = "stack_sha256" if "stack_sha256" in provenance.attrs else "input_sha256"
            if key == "stack_sha256" or self.registration is not None:
                self.stack_sha256 = layout.text_of(provenance.attrs.get(key, ""))

    def close(self) -> None:
        self._file.close()


def _of_table(table: h5py.Dataset) -> dict[str, Any]:
    rows = _Rows(table)
    return {name: _Field(rows, name, len(table)) for name in table.dtype.names or ()}


def _of_group(group: h5py.Group, path: str) -> dict[str, Any]:
    """Return the columns of a group: a dataset each, or what pandas makes of a table."""
    table = group.get("table")
    if isinstance(table, h5py.Dataset) and table.dtype.names is not None and table.ndim == 1:
        if any(name.startswith("values_block_") for name in table.dtype.names):
            raise BadData(
                "names its columns in a pickle", path=path, place="/detections/table", found="a table of pandas",
                allowed="to_hdf(..., format='fixed') or data_columns=True",
            )  # fmt: skip
        return _of_table(table)
    blocks = [name for name in group if name.startswith("block") and name.endswith("_items")]
    if not blocks:
        return {name: item for name, item in group.items() if isinstance(item, h5py.Dataset)}
    columns: dict[str, Any] = {}
    for items in blocks:  # of pandas: a matrix (rows, columns) for each type
        values = group.get(items.replace("_items", "_values"))
        if isinstance(values, h5py.Dataset) and values.ndim == 2:
            names = [layout.text_of(name) for name in np.asarray(group[items][()]).reshape(-1)]
            columns |= {name: _Column(values, k) for k, name in enumerate(names[: values.shape[1]])}
    return columns


class _Column:
    """One column of a matrix."""

    def __init__(self, matrix: h5py.Dataset, column: int) -> None:
        self._matrix, self._column, self.shape = matrix, column, matrix.shape[:1]

    def __getitem__(self, part: slice) -> Any:
        return self._matrix[part, self._column]


class _Numpy(_Arrays):
    @contextmanager
    def reading(self) -> Iterator[None]:
        with damage_named(Path(self.path)):
            yield


def open_hdf5(path: str) -> ColumnFile:
    """Open an HDF5 file with ``/detections``; its ``/registration`` and what made it are read as well."""
    return _Hdf5(path)


def open_npy(path: str) -> ColumnFile:
    """Open a structured NPY."""
    out = _Numpy(path)
    with damage_named(Path(path)):
        with open(path, "rb") as file:
            _, _, dtype = npy_header(file)
        _refuse_objects(dtype, path, "")
        table = np.load(path, mmap_mode="r", allow_pickle=False)
    _take_table(out, table, path)
    return out


def open_npz(path: str, most_rows: int) -> ColumnFile:
    """Open an NPZ; members larger than ``most_rows`` are refused unread."""
    out = _Numpy(path)
    with damage_named(Path(path)):
        with zipfile.ZipFile(path) as archive:
            claimed = sum(info.file_size for info in archive.infolist())
            limit = layout.MAX_DEFLATE * os.path.getsize(path)
            if claimed > limit:
                text = "claims more than the file can hold"
                raise BadData(text, path=path, found=f"{claimed} bytes", allowed=f"at most {limit}")
            names = [name[:-4] for name in archive.namelist() if name.endswith(".npy")]
            for name in names:
                with archive.open(f"{name}.npy") as member:
                    shape, _, dtype = npy_header(member)
                _refuse_objects(dtype, path, name)
                if max(shape, default=0) > most_rows:
                    raise BadData("holds too many", path=path, place=name, found=shape, allowed=f"at most {most_rows}")
        if not names:
            raise BadData("holds no arrays", path=path, allowed="NPZ with an array a column")
        with np.load(path, allow_pickle=False) as archive:
            if "epoch" in names and archive["epoch"].size:
                out.epoch = layout.text_of(archive["epoch"].reshape(-1)[0])
            if "detections" in names:
                _take_table(out, archive["detections"], path)
                return out
            wanted = DETECTION.names or ()
            out.columns = {n: archive[n] if canonical(n) in wanted else None for n in names if n != "epoch"}
            out.names = [canonical(name) for name in out.columns]
            return out


def columns_of(table: Mapping[str, Any] | Records, name: str) -> ColumnFile:
    """Return columns that are in memory, a mapping or a structured array, as a file would give them."""
    out = _Arrays(name)
    if isinstance(table, np.ndarray):
        _refuse_objects(table.dtype, name, "")
        _take_table(out, table, name)
    else:
        out.columns = table
        out.names = [canonical(str(column)) for column in table]
    return out


def _take_table(out: _Arrays, table: NDArray[Any], path: str) -> None:
    if table.dtype.names is None or table.ndim != 1:
        found = f"{table.dtype} {table.shape}"
        raise BadData("is no table", path=path, found=found, allowed="a structured array with a field a column")
    out.columns = {name: table[name] for name in table.dtype.names}
    out.names = [canonical(name) for name in table.dtype.names]


def _refuse_objects(dtype: np.dtype[Any], path: str, place: str) -> None:
    if dtype.hasobject:
        raise BadData("holds pickled objects", path=path, place=place or None, found=str(dtype), allowed="numbers")
