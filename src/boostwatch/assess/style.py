"""Colours and strokes of pictures."""

from __future__ import annotations

from typing import Any, Final

from boostwatch.records import EventTables

BAND_COLOURS: Final = ("#0072b2", "#8e3a9d", "#009e73", "#666666")


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


SECOND: Final = "0.4"
"""Grey of notes."""


def quiet(axes: Any, *, grid: bool = True) -> None:
    """Take what is not data off a plot: a light grid, no frame at the top and the right."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("0.6")
    axes.tick_params(color="0.6", labelcolor="0.25", labelsize=8.5)
    if grid:
        axes.grid(color="0.92", lw=0.8)
    axes.set_axisbelow(True)
