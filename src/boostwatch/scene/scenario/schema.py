"""The JSON Schema of scenario files, for editors and other programs."""

from __future__ import annotations

from typing import Any

from boostwatch.scene.scenario.root import Scenario

SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) that every sound scenario file fulfils.

    It knows keys, kinds, choices and the bounds of plain numbers. Units, bounds of quantities and what must hold
    between keys are the business of `boostwatch validate`.
    """
    schema = Scenario.model_json_schema()
    for name, table in schema["$defs"].items():
        # What tells a union's tables apart has to be written in the file; only the platform has a kind to fall back on.
        if "const" in table["properties"].get("kind", {}) and name != "GeoPlatform":
            table["required"] = ["kind", *table.get("required", [])]
    return {"$schema": SCHEMA, "$id": "urn:boostwatch:schema:scenario:1", **schema, "title": "Boostwatch scenario"}
