"""Colours and strokes of pictures."""

from __future__ import annotations

from typing import Any, Final

from boostwatch.records import EventTables

COLOURS: Final[dict[str, str]] = {
    "launch": "#ff5a1f", "fire": "#ffb000", "flare": "#f0e442", "glint": "#7fd4ff", "lightning": "#e79bd0",
    "bolide": "#c77dff", "aircraft": "#2fd09c", "satellite": "#4da3ff", "defect": "#b0b0b0", "unknown": "#ffffff",
}  # fmt: skip
"""Of each kind, after Okabe and Ito, lightened to stand on grey; told apart by the colour-blind."""

BAND_COLOURS: Final = ("#0072b2", "#8e3a9d", "#009e73", "#666666")


def colour_of(kind: str) -> str:
    """Return the colour of a kind."""
    return COLOURS.get(kind, COLOURS["unknown"])


def kind_of_track(tables: EventTables, track: Any) -> str:
    """Return what a track was called: by its event, else by itself; a launch that was never declared is unknown."""
    mine = tables.events[tables.events["track_id"] == track["track_id"]]
    name: bytes = mine["kind"][0] if len(mine) else track["kind"]
    undeclared = not len(mine) and name == b"launch"
    return "unknown" if undeclared else name.decode("utf-8", "replace") or "unknown"


def outlined(width: float) -> list[Any]:
    """Return path effects that give strokes a dark rim, so that they show on any grey."""
    from matplotlib import patheffects

    return [patheffects.Stroke(linewidth=width, foreground="black", alpha=0.75), patheffects.Normal()]
