"""Where it all comes from: input and its hash, settings, versions, what was read and what was flagged."""

from __future__ import annotations

from typing import Any

from boostwatch.assess.report.footage import Footage
from boostwatch.assess.report.pack import text
from boostwatch.records import EventTables
from boostwatch.wording import counted, in_words

LONGEST = 30_000
"""Letters of settings or scenario."""
_NAMES = {
    "input": "input", "input_sha256": "SHA-256 of the input", "frames_read": "frames read",
    "frames_flagged": "frames flagged", "notes": "notes", "command": "command", "versions": "versions",
}  # fmt: skip


def provenance(tables: EventTables, footage: Footage | None) -> dict[str, Any]:
    """Return lines of label and text, and whole texts (settings, scenario) that the page folds away."""
    known = tables.provenance
    told = {key: in_words(str(value)) if key == "frames_flagged" else value for key, value in known.items()}
    lines = [[label, text(told[key], 2000)] for key, label in _NAMES.items() if str(told.get(key, ""))]
    lines += [[text(key, 60), text(value, 2000)] for key, value in list(known.items())[:40]
              if key not in _NAMES and key != "settings"]  # fmt: skip
    texts = [["Settings of the chain (TOML)", text(known["settings"], LONGEST)]] if "settings" in known else []
    if footage is not None:
        count, bands, height, width = footage.shape
        period = f"every {footage.sensor.frame_period_s:.4g} s"
        size = f"{counted(count, 'frame')}, {counted(bands, 'band')}, {width} × {height} px, {period}"
        lines.append(["stack", f"{text(footage.name)}: {size}"])
        lines.append(["sensor", _sensor(footage)])
        if footage.scenario:
            texts.append(["Scenario of the stack (TOML)", text(footage.scenario, LONGEST)])
    return {"lines": lines, "texts": texts}


def _sensor(footage: Footage) -> str:
    sensor = footage.sensor
    parts = [text(sensor.name, 80)]
    if sensor.ifov_rad == sensor.ifov_rad:
        parts.append(f"{sensor.ifov_rad * 1e6:.4g} µrad a pixel")
    parts += [
        f"{text(b.name, 20)} {b.lower_um:.2f}–{b.upper_um:.2f} µm" if b.lower_um == b.lower_um else text(b.name, 20)
        for b in sensor.bands[:16]
    ]
    return ", ".join(parts)
