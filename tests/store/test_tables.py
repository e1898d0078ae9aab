"""Tables of numbers from CSV files, and what is said about bad ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boostwatch import store
from boostwatch.errors import BadData, NoInput
from boostwatch.store import tables


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_read(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "path.csv"
    rows = ["# a path", "time_s, x_m,note", "", "0, 1e7,", '10,"-2.5",7']
    path.write_text("\n".join(rows).replace(",", delimiter), "utf-8-sig")
    table = store.read_table(path)
    assert table.dtype.names == ("time_s", "x_m", "note")
    np.testing.assert_array_equal(table["x_m"], [1e7, -2.5])
    np.testing.assert_array_equal(table["note"], [np.nan, 7])


def test_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "path.csv"
    path.write_text("time_s\n")
    assert store.read_table(path).shape == (0,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "path.csv: is empty; allowed: a header line"),
        (b"a,b\n1,2\n3\n", "line 3: has the wrong number of columns; found 1; allowed: 2"),
        (b"a,b\n1,north\n", "line 2, column b: is not a number; found 'north'"),
        (b"a,a\n1,2\n", "line 1: the columns need different names; found 'a, a'"),
        (b"a,b\n\xff\n", r"is not UTF-8 text \(byte 4\)"),
    ],
)
def test_bad(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "path.csv"
    path.write_bytes(text)
    with pytest.raises(BadData, match=message):
        store.read_table(path)


def test_missing_and_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoInput, match=r"none\.csv"):
        store.read_table(tmp_path / "none.csv")
    path = tmp_path / "path.csv"
    path.write_text("a\n1\n")
    monkeypatch.setattr(tables, "MAX_TABLE_BYTES", 3)
    with pytest.raises(BadData, match="is too large; found '4 bytes'; allowed: at most 3"):
        store.read_table(path)
