"""Events for a spreadsheet, a map or a data frame: a file a format."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Final

from boostwatch.errors import UsageError
from boostwatch.records import EventTables
from boostwatch.store.atomic import write_bytes
from boostwatch.store.export.rows import event_rows

__all__ = ["FORMATS", "event_rows", "export_events"]

FORMATS: Final = ("csv", "czml", "ecsv", "geojson", "kml", "parquet")
"""What can be written; each is a module here with a function ``encode``."""


def export_events(tables: EventTables, to: str, out: str | os.PathLike[str]) -> None:
    """Write the events table in another format.

    Parameters
    ----------
    tables : EventTables
        What to write.
    to : {"csv", "czml", "ecsv", "geojson", "kml", "parquet"}
        See the table in docs/export.md for what is in each.
    out : path-like
        The file to be.

    Raises
    ------
    UsageError
        Another format, or pyarrow is not installed for ``parquet``.
    CannotCreate, StorageError
        The file cannot be written.
    """
    if to not in FORMATS:
        raise UsageError("is no format known here", place="to", found=to, allowed=", ".join(FORMATS))
    write_bytes(out, import_module(f"{__name__}.{to}").encode(tables))
