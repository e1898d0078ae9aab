"""Tables of the house as tables of astropy and of pandas, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import UsageError
from boostwatch.face.instants import datetimes, instants, is_instant
from boostwatch.face.optional import needed
from boostwatch.records import SIGNALS, Records, unit_of

_UNITS = {
    "px": "pix", "px/s": "pix / s", "DN": "adu", "electron/DN": "electron / adu",
    "W/m2/electron": "W / (m2 electron)",
}  # fmt: skip
"""What astropy calls otherwise."""


def astropy_unit(unit: str) -> Any:
    """Return a unit of the house as astropy's; None for numbers without one."""
    from astropy import units

    return None if unit in ("", "1") else units.Unit(_UNITS.get(unit, unit))


def text_column(values: NDArray[Any]) -> NDArray[Any]:
    """Return bytes (N,) as text; what is not UTF-8 is replaced."""
    return np.array([value.decode("utf-8", "replace") for value in values.tolist()], "U")


def qtable(rows: Records, epoch: str | None, units: Mapping[str, str] | None = None, **meta: Any) -> Any:
    """Return records as an astropy QTable.

    Parameters
    ----------
    rows : structured array (N,)
    epoch : str or None
        Then columns of times, ``NAME_s``, become ``NAME`` as astropy Time, masked where unknown. Else they stay s.
    units : mapping, optional
        By column; those of `records.unit_of` by default.
    **meta
        Meta data of the table.

    Returns
    -------
    astropy.table.QTable (N,)
        Numbers without a unit, labels and flags are plain columns; unknown is NaN, -1 or an empty text.
    """
    from astropy.table import QTable
    from astropy.units import Quantity

    table = QTable(meta={k: v for k, v in {"epoch": epoch, **meta}.items() if v is not None})
    for name in rows.dtype.names or ():
        values = np.ascontiguousarray(rows[name])
        unit = astropy_unit(unit_of(name) if units is None else units.get(name, ""))
        if values.dtype.kind == "S":
            table[name] = text_column(values)
        elif epoch is not None and is_instant(name):
            table[name.removesuffix("_s")] = instants(epoch, values)
        elif unit is not None and values.dtype.kind == "f":
            table[name] = Quantity(values, unit, dtype=values.dtype)
        else:
            table[name] = values
    return table


def data_frame(rows: Records, epoch: str, what: str, units: Mapping[str, str]) -> Any:
    """Return records as a pandas DataFrame.

    Columns are those of the file, units in their names and in ``.attrs["units"]``; each column of times stands there
    once more as ``NAME_utc``, a time stamp with zone UTC; what is unknown is NaN, NaT, -1 or an empty text.
    """
    pandas = needed("pandas", what)
    columns: dict[str, Any] = {}
    for name in rows.dtype.names or ():
        values = rows[name]
        columns[name] = text_column(values) if values.dtype.kind == "S" else np.ascontiguousarray(values)
    for name in [name for name in columns if is_instant(name)]:
        stamps = pandas.Series(datetimes(epoch, rows[name])).dt.tz_localize("UTC")
        columns[f"{name.removesuffix('_s')}_utc"] = stamps.array
    frame = pandas.DataFrame(columns)
    frame.attrs = {"epoch": epoch, "units": dict(units)}
    return frame


def columns_in(table: Any, epoch: str | None) -> tuple[Mapping[str, Any] | Records, str | None]:
    """Return the columns of a detection list in memory as plain arrays, and its epoch if it tells.

    Parameters
    ----------
    table : structured array, mapping, pandas DataFrame or astropy Table
        Of a QTable quantities are brought to the units of the format, and a column ``time`` of instants is
        ``time_s``.
    epoch : str or None
        From which instants are counted where the table's meta data do not say.

    Raises
    ------
    UsageError
        It is none of these; a quantity of another kind; instants without an epoch.
    """
    if isinstance(table, np.ndarray) and table.dtype.names is not None:
        return table, None
    if isinstance(table, Mapping):
        return {str(name): np.asarray(column) for name, column in table.items()}, None
    if hasattr(table, "colnames"):
        said = table.meta.get("epoch", epoch)
        return dict(_plain(name, table[name], said) for name in table.colnames), table.meta.get("epoch")
    if hasattr(table, "columns") and hasattr(table, "attrs"):
        return {str(name): _numbers(table[name]) for name in table.columns}, table.attrs.get("epoch")
    raise UsageError(
        "is no detection list", place="detections", found=type(table).__name__,
        allowed="a path, structured array, mapping of arrays, DataFrame, astropy Table or Events",
    )  # fmt: skip


def signal_unit_in(table: Any) -> str:
    """Return the unit of the signals of a detection list in memory: ``DN`` if it says so, else ``electron``."""
    if hasattr(table, "attrs"):
        said = (table.attrs.get("units") or {}).get("signal_e")
    else:
        said = "DN" if "signal_e" in getattr(table, "colnames", ()) and table["signal_e"].unit == "adu" else None
    return "DN" if said == "DN" else "electron"


def _numbers(series: Any) -> NDArray[Any]:
    """Return a column of pandas; its own missing values are NaN."""
    kind = getattr(series.dtype, "kind", "O")
    missing = not isinstance(series.dtype, np.dtype) and kind in "iuf" and series.hasnans
    out: NDArray[Any] = series.to_numpy(np.float64, na_value=np.nan) if missing else series.to_numpy()
    if not isinstance(series.dtype, np.dtype) and kind in "iuf" and not missing:
        out = out.astype(np.dtype(series.dtype.numpy_dtype))
    return out


def _plain(name: str, column: Any, epoch: str | None) -> tuple[str, NDArray[Any]]:
    from astropy.time import Time
    from astropy.units import UnitConversionError

    if isinstance(column, Time):
        if epoch is None:
            raise UsageError("counts from no epoch", place=name, allowed="epoch=, or meta['epoch']")
        since = np.ma.filled((column - Time(epoch.rstrip("Z"), scale="utc")).sec, np.nan)
        return f"{name}_s", np.round(np.asarray(since), 9)  # days and their fractions are good to less than that
    unit = astropy_unit("DN" if name in SIGNALS and getattr(column, "unit", None) == "adu" else unit_of(name))
    if getattr(column, "unit", None) is not None and unit is not None:
        try:
            factor = column.unit.to(unit)
        except UnitConversionError:
            raise UsageError("is of another unit", place=name, found=str(column.unit), allowed=str(unit)) from None
        values = np.asarray(getattr(column, "value", column))
        column = values if factor == 1 else values * factor
    if np.ma.isMaskedArray(column):
        column = np.ma.filled(column.astype(np.float64) if column.dtype.kind in "iuf" else column, np.nan)
    return name, np.asarray(column)
