"""Files in and out: frame stacks, events, and what others bring. The only package that opens HDF5, FITS, images or NPY.

Names load on first use, so that ``import boostwatch.store`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from boostwatch.store.atomic import check_output, make_directory, sha256, write_bytes
    from boostwatch.store.description import describe
    from boostwatch.store.detections import DetectionList, read_detections, take_detections
    from boostwatch.store.events import read_events, write_events
    from boostwatch.store.export import event_rows, export_events
    from boostwatch.store.foreign import import_frames, read_array
    from boostwatch.store.live import LiveStack, NotReady, follow_stack
    from boostwatch.store.live_writer import LiveStackWriter
    from boostwatch.store.opening import open_stack
    from boostwatch.store.reader import Frame, StackReader
    from boostwatch.store.tables import read_table
    from boostwatch.store.validation import validate
    from boostwatch.store.writer import StackWriter

__all__ = [
    "DetectionList",
    "Frame",
    "LiveStack",
    "LiveStackWriter",
    "NotReady",
    "StackReader",
    "StackWriter",
    "check_output",
    "describe",
    "event_rows",
    "export_events",
    "follow_stack",
    "import_frames",
    "make_directory",
    "open_stack",
    "read_array",
    "read_detections",
    "read_events",
    "read_table",
    "sha256",
    "take_detections",
    "validate",
    "write_bytes",
    "write_events",
]

_HOMES = {
    "DetectionList": "detections",
    "Frame": "reader",
    "LiveStack": "live",
    "LiveStackWriter": "live_writer",
    "NotReady": "live",
    "StackReader": "reader",
    "StackWriter": "writer",
    "check_output": "atomic",
    "describe": "description",
    "event_rows": "export",
    "export_events": "export",
    "follow_stack": "live",
    "import_frames": "foreign",
    "make_directory": "atomic",
    "open_stack": "opening",
    "read_array": "foreign",
    "read_detections": "detections",
    "read_events": "events",
    "read_table": "tables",
    "sha256": "atomic",
    "take_detections": "detections",
    "validate": "validation",
    "write_bytes": "atomic",
    "write_events": "events",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
