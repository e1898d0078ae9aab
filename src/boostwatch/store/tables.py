"""Tables of numbers in CSV files: the path of a platform."""

from __future__ import annotations

import csv
import os
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from boostwatch.errors import BadData
from boostwatch.records import Records
from boostwatch.store import guard

MAX_TABLE_BYTES: Final = 256 * 2**20
_DELIMITERS: Final = ",;\t"


def read_table(path: str | os.PathLike[str]) -> Records:
    """Read a CSV file of numbers.

    Parameters
    ----------
    path : path-like
        A header line with the columns' names, then a row of numbers a line, parted by commas, semicolons or tabs. Empty
        lines and lines that begin with ``#`` do not count. It is not trusted.

    Returns
    -------
    structured array of float64 (N,)
        Its fields are the columns; an empty cell is NaN.

    Raises
    ------
    NoInput
        No such file.
    BadData
        Too large, not text, a row of another length, a cell that is no number.
    """
    guard.require_file(path)
    size = os.path.getsize(path)
    if size > MAX_TABLE_BYTES:
        raise BadData("is too large", path=path, found=f"{size} bytes", allowed=f"at most {MAX_TABLE_BYTES}")
    try:
        return _read(Path(path))
    except UnicodeDecodeError as error:
        raise BadData(f"is not UTF-8 text (byte {error.start})", path=path, allowed="CSV with a header line") from None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip() and not line.lstrip().startswith("#"):
                yield number, line


def _read(path: Path) -> Records:
    lines = _lines(path)
    number, head = next(lines, (0, ""))
    if not number:
        raise BadData("is empty", path=path, allowed="a header line with column names")
    delimiter = max(_DELIMITERS, key=head.count)
    header = _cells(head, delimiter)
    if len(set(header)) < len(header) or not all(header):
        raise BadData("the columns need different names", path=path, place=f"line {number}", found=", ".join(header))
    values = array("d")
    for number, line in lines:
        cells = _cells(line, delimiter)
        if len(cells) != len(header):
            raise BadData(
                "has the wrong number of columns", path=path, place=f"line {number}", found=len(cells),
                allowed=f"{len(header)}",
            )  # fmt: skip
        for name, cell in zip(header, cells, strict=True):
            try:
                values.append(float(cell) if cell else np.nan)
            except ValueError:
                raise BadData(
                    "is not a number", path=path, place=f"line {number}, column {name}", found=cell, allowed="a number"
                ) from None
    out = np.empty(len(values) // len(header), [(name, np.float64) for name in header])
    for name, column in zip(header, np.array(values).reshape(-1, len(header)).T, strict=True):
        out[name] = column
    return out


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))]
