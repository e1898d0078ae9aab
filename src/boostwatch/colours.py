"""Colours of the kinds of events, wherever they are drawn."""

from __future__ import annotations

from typing import Final

COLOURS: Final[dict[str, str]] = {
    "launch": "#ff5a1f", "fire": "#ffb000", "flare": "#f0e442", "glint": "#7fd4ff", "lightning": "#e79bd0",
    "bolide": "#c77dff", "aircraft": "#2fd09c", "satellite": "#4da3ff", "defect": "#b0b0b0", "unknown": "#ffffff",
}  # fmt: skip
"""Of each kind, after Okabe and Ito, lightened to stand on grey; told apart by the colour-blind."""


def colour_of(kind: str) -> str:
    """Return the colour of a kind as ``#rrggbb``."""
    return COLOURS.get(kind, COLOURS["unknown"])


def rgb_of(kind: str) -> tuple[int, int, int]:
    """Return the colour of a kind as red, green and blue from 0 to 255."""
    red, green, blue = bytes.fromhex(colour_of(kind)[1:])
    return red, green, blue
