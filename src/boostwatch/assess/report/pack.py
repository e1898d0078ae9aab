"""From records to what JSON holds, small: columns in a row, few digits, unknown as null, foreign text cut to size."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostwatch.records import Records

MOST_LETTERS = 300
"""Of a name from a file; texts that are shown whole have their own limit."""
_PLACES = {"_deg": 5, "_s": 3, "_km": 3}
_DIGITS = 5


def text(value: object, most: int = MOST_LETTERS) -> str:
    """Return a foreign value as text of no more than ``most`` letters; what is not UTF-8 becomes marks or escapes."""
    out = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    out = out.encode("utf-8", "backslashreplace").decode("utf-8")
    return out if len(out) <= most else f"{out[:most]} … ({len(out) - most} letters more)"


def digits(value: float, count: int = _DIGITS) -> float | None:
    """Return a number in ``count`` significant digits, or None for what is unknown."""
    return float(f"{value:.{count}g}") if math.isfinite(value) else None


def places(value: float, count: int) -> float | None:
    """Return a number in ``count`` decimal places, or None for what is unknown."""
    return round(value, count) if math.isfinite(value) else None


def numbers(values: Iterable[Any] | NDArray[Any], count: int) -> list[float | None]:
    """Return many numbers in ``count`` decimal places."""
    return [places(float(v), count) for v in values]


def figures(values: Iterable[Any] | NDArray[Any], count: int = 4) -> list[float | None]:
    """Return many numbers in ``count`` significant digits."""
    return [digits(float(v), count) for v in values]


def rows(records: Records, columns: Iterable[str]) -> list[list[Any]]:
    """Return records as lists of plain values, in the order of ``columns``.

    Parameters
    ----------
    records : structured array (N,)
        Any of `boostwatch.records`.
    columns : iterable of str
        Which of its columns.

    Returns
    -------
    list of list
        Times to 1 ms, angles to 1e-5 deg, lengths to 1 m, else five digits; NaN and infinity as None.
    """
    columns = list(columns)
    return [list(line) for line in zip(*(_column(records[name], name) for name in columns), strict=True)]


def _column(values: NDArray[Any], name: str) -> list[Any]:
    if values.dtype.kind == "S":
        return [text(v) for v in values]
    if values.dtype.kind in "iu":
        return [int(v) for v in values]
    decimal = next((n for suffix, n in _PLACES.items() if name.endswith(suffix)), None)
    return figures(values, _DIGITS) if decimal is None else numbers(values, decimal)


def spread(count: int, most: int) -> NDArray[np.int64]:
    """Return at most ``most`` of ``count`` positions, evenly apart, first and last among them."""
    if count <= most:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, max(most, 2)).round().astype(np.int64))
