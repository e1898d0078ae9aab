"""JSON Schema of the results file of ``python -m benchmarks --json``."""

from __future__ import annotations

from typing import Any

_NUMBER = {"type": ["number", "null"]}
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_NUMBERS = {"type": "array", "items": _NUMBER}


def _object(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [key for key in properties if key not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


_TABLE = _object({"key": _TEXT, "title": _TEXT, "header": _TEXTS, "rows": {"type": "array", "items": _TEXTS}})
_HEADLINE = _object({
    "name": _TEXT, "value": _NUMBER, "better": {"enum": ["lower", "higher", "near"]}, "unit": _TEXT, "goal": _NUMBER,
    "low": _NUMBER, "high": _NUMBER, "timed": {"type": "boolean"},
})  # fmt: skip
_SERIES = _object({
    "label": _TEXT, "x": {"type": "array"}, "y": _NUMBERS, "low": {"type": ["array", "null"], "items": _NUMBER},
    "high": {"type": ["array", "null"], "items": _NUMBER}, "mark": {"type": "boolean"},
})  # fmt: skip
_PLOT = _object({
    "key": _TEXT, "title": _TEXT, "x_label": _TEXT, "y_label": _TEXT, "series": {"type": "array", "items": _SERIES},
    "kind": {"enum": ["bars", "lines"]}, "log_x": {"type": "boolean"}, "log_y": {"type": "boolean"},
})  # fmt: skip
BENCHMARK = _object(
    {
        "name": _TEXT, "question": _TEXT, "command": _TEXT, "seconds": {"type": "number"},
        "environment": {"type": "object", "additionalProperties": _TEXT, "required": ["processor", "commit"]},
        "seeds": _TEXT, "tables": {"type": "array", "items": _TABLE},
        "headline": {"type": "array", "items": _HEADLINE}, "plots": {"type": "array", "items": _PLOT},
        "notes": _TEXTS, "failed": {"type": "boolean"}, "figures": {},
    },
    optional=("figures",),
)  # fmt: skip
"""One run; ``figures`` is of the scripts' own ``--json`` alone."""
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Boostwatch benchmark results",
    **_object({
        "format": {"const": "boostwatch.benchmarks"}, "format_version": {"const": 1},
        "mode": {"enum": ["quick", "full"]}, "benchmarks": {"type": "array", "items": BENCHMARK},
    }),
}  # fmt: skip
