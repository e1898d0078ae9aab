"""ECSV: the text table of astropy, with units, types and the epoch."""

from __future__ import annotations

import io

import numpy as np

from boostwatch.records import EventTables, unit_of
from boostwatch.store.export.rows import TIMES, event_rows, utc_name

_ASTROPY_UNITS = {"px": "pix"}


def encode(tables: EventTables) -> bytes:
    """Return the columns of the events and their four times as UTC; what is unknown is masked."""
    from astropy.table import MaskedColumn, Table

    events, rows = tables.events, event_rows(tables.events, tables.epoch)
    table = Table(meta={"epoch": tables.epoch, "format": "boostwatch.events"})
    for name in [*(events.dtype.names or ()), *map(utc_name, TIMES)]:
        values = [row[name] for row in rows]
        kind = events.dtype[name] if name in (events.dtype.names or ()) else np.dtype("S")
        if kind.kind == "S":
            kind = np.dtype(f"U{max([1, *(len(v) for v in values if v)])}")
        unit = unit_of(name)
        table[name] = MaskedColumn(
            [kind.type() if value is None else value for value in values], mask=[value is None for value in values],
            dtype=kind, unit=_ASTROPY_UNITS.get(unit, unit) if unit not in ("", "1") else None,
        )  # fmt: skip
    text = io.StringIO()
    table.write(text, format="ascii.ecsv")
    return text.getvalue().encode("utf-8")
