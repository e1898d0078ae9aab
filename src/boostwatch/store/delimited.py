"""Columns of numbers in a text file: by the megabyte where all is plain, cell by cell where something is not."""

from __future__ import annotations

import csv
import os
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final, TextIO

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData
from boostwatch.store.columns import Block, ColumnFile, canonical

BLOCK_BYTES: Final = 8 << 20
LONGEST_LINE: Final = 1 << 20
UNKNOWN: Final = frozenset({"", "na", "n/a", "null", "none", "--"})
"""What a cell may hold, in any case, where a value is not known, besides NaN."""
_DELIMITERS: Final = ",;\t"
_ALLOWED: Final = "a header line with column names"


def open_text(path: str) -> ColumnFile:
    """Open a text file with a header line.

    Parameters
    ----------
    path : str
        UTF-8; commas, semicolons, tabs or else blanks between cells. Empty lines and lines that begin with ``#`` do not
        count; one ``# epoch: ...`` above the header says from when times count.

    Raises
    ------
    BadData
        Not text, no header, or one that names a column twice.
    """
    return _Text(path)


class _Text(ColumnFile):
    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._file: TextIO = open(path, encoding="utf-8-sig")  # noqa: SIM115 - close() does
        try:
            self._read_head()
        except UnicodeDecodeError:
            self.close()
            raise self._no_text() from None
        except BaseException:
            self.close()
            raise

    def _no_text(self) -> BadData:
        """Say where the file is no text: decoding goes by blocks and tells only the place in one."""
        number, byte = 0, 0
        with open(self.path, "rb") as file, suppress(StopIteration):
            while True:
                number += 1
                try:
                    next(file).decode("utf-8")
                except UnicodeDecodeError as error:
                    byte = error.start
                    break
        text = f"is not UTF-8 text (byte {byte})"
        return BadData(text, path=self.path, place=f"line {number}", allowed=f"CSV with {_ALLOWED}")

    def _read_head(self) -> None:
        number, line, remark = 0, "", ""
        while line := self._file.readline(LONGEST_LINE):
            number += 1
            if len(line) == LONGEST_LINE:
                raise BadData("is too long", path=self.path, place=f"line {number}", allowed=f"{LONGEST_LINE} letters")
            if _counts(line):
                break
            key, _, value = line.lstrip("# \t").partition(":")
            self.epoch = value.strip() if key.strip() == "epoch" else self.epoch
            remark = line if line.strip() else remark
        if not line:
            raise BadData("is empty", path=self.path, allowed=_ALLOWED)
        delimiter = max(_DELIMITERS, key=line.count)
        self._delimiter = delimiter if delimiter in line else None
        self._pending: list[str] = []  # lines that are read already
        cells = self._cells(number, line)
        if all(map(_is_number, cells)) and len(self._cells(number, remark.lstrip("# \t"))) == len(cells):
            # As numpy.savetxt writes it: the names are a remark.
            self._pending, number, line = [line], number - 1, remark.lstrip("# \t")
        self._head, self.where = number, f"line {number}"
        self.names = [canonical(name) for name in self._cells(number, line)]

    def _cells(self, number: int, line: str) -> list[str]:
        """Return the cells of a line, blanks around them taken off."""
        try:
            rows = csv.reader([line.strip("\r\n ")], delimiter=self._delimiter or " ", skipinitialspace=True)
            return [cell.strip() for cell in next(rows, [])]
        except csv.Error as error:
            raise BadData(f"is no line of cells ({error})", path=self.path, place=f"line {number}") from None

    def place(self, row: int, column: str) -> str:
        """Return the line and the column."""
        with open(self.path, encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if number > self._head and _counts(line):
                    row -= 1
                    if row < 0:
                        return f"line {number}, column {column}"
        return column

    def blocks(self, wanted: Sequence[str]) -> Iterator[Block]:
        """Yield columns, some megabytes of text at a time."""
        self.refuse_twice(wanted)
        columns = [self.names.index(name) for name in wanted]
        number, done, total = self._head, 0, os.path.getsize(self.path)
        try:
            while lines := [*self._pending, *self._file.readlines(BLOCK_BYTES)]:
                self._pending = []
                values = self._plain(lines, columns)
                if values is None:
                    values = self._one_by_one(lines, columns, number)
                number += len(lines)
                done += sum(map(len, lines))
                yield {name: values[:, k] for k, name in enumerate(wanted)}, min(done, total), total
        except UnicodeDecodeError:
            raise self._no_text() from None

    def _plain(self, lines: list[str], columns: list[int]) -> NDArray[np.float64] | None:
        """Parse lines at once, or return None where not every row is as long as the header and every cell a number."""
        if not self._even(lines):
            lines = [line for line in lines if _counts(line)]
            if not self._even(lines):
                return None
        if not lines:
            return np.empty((0, len(columns)))
        for text in (lines, None):
            try:
                return np.loadtxt(
                    self._filled(lines) if text is None else text, delimiter=self._delimiter, usecols=columns, ndmin=2,
                    comments=None,
                )  # fmt: skip
            except (ValueError, IndexError):
                continue
        return None

    def _even(self, lines: list[str]) -> bool:
        """Tell whether all lines have as many cells as the header, none of them in quotes."""
        if self._delimiter is None:
            return {len(line.split()) for line in lines} <= {len(self.names)} and '"' not in "".join(lines)
        between = {line.count(self._delimiter) for line in lines}
        return between <= {len(self.names) - 1} and not any('"' in line for line in lines)

    def _filled(self, lines: list[str]) -> list[str]:
        """Write ``nan`` into empty cells."""
        if self._delimiter is None:
            return lines
        d, text = self._delimiter, "\n" + "".join(lines).rstrip("\n") + "\n"
        for _ in range(2):  # the second of two empty cells in a row is seen in the second round
            text = text.replace(d + d, f"{d}nan{d}")
        return text.replace(f"{d}\n", f"{d}nan\n").replace(f"\n{d}", f"\nnan{d}").strip("\n").split("\n")

    def _one_by_one(self, lines: list[str], columns: list[int], before: int) -> NDArray[np.float64]:
        """Parse cell by cell: what is neither number nor unknown is an error with its line."""
        out = array("d")
        for number, line in enumerate(lines, before + 1):
            if not _counts(line):
                continue
            cells = self._cells(number, line)
            if len(cells) != len(self.names):
                raise BadData(
                    "has the wrong number of columns", path=self.path, place=f"line {number}", found=len(cells),
                    allowed=f"{len(self.names)}",
                )  # fmt: skip
            for i in columns:
                out.append(self._number(cells[i], number, self.names[i]))
        return np.array(out, np.float64).reshape(-1, len(columns))

    def _number(self, cell: str, number: int, column: str) -> float:
        if cell.lower() in UNKNOWN:
            return np.nan
        if _is_number(cell):
            return float(cell)
        raise BadData(
            "is not a number", path=self.path, place=f"line {number}, column {column}", found=cell,
            allowed="a number with a decimal point",
        )  # fmt: skip

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _is_number(cell: str) -> bool:
    """Tell whether a cell is a number as files have it; Python's own may have an underscore."""
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def _counts(line: str) -> bool:
    """Tell whether a line is neither empty nor a remark."""
    return bool(line.strip()) and not line.lstrip().startswith("#")
