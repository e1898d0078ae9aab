"""Parquet, by pyarrow."""

from __future__ import annotations

import numpy as np

from boostwatch.errors import UsageError
from boostwatch.records import EventTables, unit_of
from boostwatch.store.export.rows import TIMES, event_rows, utc_name


def encode(tables: EventTables) -> bytes:
    """Return the columns of the events and their four times as UTC time stamps; what is unknown is null.

    The unit of a column is metadata of its field, the epoch that of the schema.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise UsageError(
            "needs the package pyarrow", place="parquet", allowed="install the extra: pip install 'boostwatch[parquet]'"
        ) from None
    events, rows = tables.events, event_rows(tables.events, tables.epoch)
    fields, columns = [], []
    for name in events.dtype.names or ():
        kind = events.dtype[name].newbyteorder("=")
        stored = pa.from_numpy_dtype(kind) if kind.kind in "fiu" else pa.string()
        fields.append(pa.field(name, stored, metadata={"unit": unit_of(name)}))
        columns.append(pa.array([row[name] for row in rows], stored))
    for name in map(utc_name, TIMES):
        stored = pa.timestamp("ms", tz="UTC")
        instants = np.array([(row[name] or "NaT").rstrip("Z") for row in rows], "datetime64[ms]")
        fields.append(pa.field(name, stored))
        columns.append(pa.array(instants).cast(pa.timestamp("ms")).cast(stored))
    meta = {"format": "boostwatch.events", "epoch": tables.epoch}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata=meta)), sink)
    out: bytes = sink.getvalue().to_pybytes()
    return out
