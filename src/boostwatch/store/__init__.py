"""Files in and out: frame stacks, events, and what others bring. The only package that opens HDF5, FITS, images or NPY.

Names load on first use, so that ``import boostwatch.store`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from boostwatch.store.events import read_events, write_events
    from boostwatch.store.reader import Frame, StackReader, open_stack
    from boostwatch.store.writer import StackWriter

_HOMES = {
    "Frame": "reader",
    "StackReader": "reader",
    "StackWriter": "writer",
    "open_stack": "reader",
    "read_events": "events",
    "write_events": "events",
}

__all__ = ["Frame", "StackReader", "StackWriter", "open_stack", "read_events", "write_events"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
