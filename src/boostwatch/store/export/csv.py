"""CSV: a header and a line an event."""

from __future__ import annotations

import csv
import io

from boostwatch.records import EventTables
from boostwatch.store.export.rows import TIMES, event_rows, utc_name


def encode(tables: EventTables) -> bytes:
    """Return the columns of the events and their four times as UTC; what is unknown is an empty cell."""
    text = io.StringIO()
    names = [*(tables.events.dtype.names or ()), *map(utc_name, TIMES)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(event_rows(tables.events, tables.epoch))
    return text.getvalue().encode("utf-8")
