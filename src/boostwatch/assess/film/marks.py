"""Marks on a picture: detections, tracks with their trails. Sharp to the pixel of the film."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import ImageDraw

Colour = tuple[int, int, int]

DETECTION: Final[Colour] = (166, 255, 77)
_DARK: Final[Colour] = (0, 0, 0)
_TICK_FROM, _TICK_LENGTH, _TICK_WIDTH = 4, 4, 2
_RING: Final = 10
_LOUD: Final = 15
"""Radii of the rings about a track and about a launch that is just being declared, px of the film."""


class Brush:
    """Draws at places of the frame, given in its pixels.

    Parameters
    ----------
    draw : PIL.ImageDraw.ImageDraw
        Of the picture alone: its first pixel is the frame's first.
    zoom : float
        Film pixels a pixel of the frame.
    """

    def __init__(self, draw: ImageDraw.ImageDraw, zoom: float) -> None:
        self._draw, self._zoom = draw, zoom

    def on_film(self, at: NDArray[Any]) -> NDArray[np.float64]:
        """Return places (..., 2) as distances from the outer corner of the picture, film px."""
        out: NDArray[np.float64] = (np.asarray(at, np.float64) + 0.5) * self._zoom
        return out

    def detection(self, at: NDArray[Any]) -> None:
        """Draw four ticks about a place, which leave the light itself free."""
        x, y = self.on_film(at)
        for colour, rim in ((_DARK, 1), (DETECTION, 0)):
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                middle = _TICK_FROM + 0.5 * _TICK_LENGTH
                half_x = 0.5 * (_TICK_LENGTH if dx else _TICK_WIDTH)
                half_y = 0.5 * (_TICK_LENGTH if dy else _TICK_WIDTH)
                self._box(x + dx * middle, y + dy * middle, half_x, half_y, colour, rim)

    def trail(self, path: NDArray[Any], colour: Colour, *, faint: bool) -> None:
        """Draw the way up to a place, but for what lies within the ring about it."""
        way = self.on_film(path)
        outside = np.hypot(*(way - way[-1]).T) > _RING
        line = np.floor(way[outside])
        if len(line) < 2:
            return
        kept = np.r_[True, (np.diff(line, axis=0) != 0).any(axis=1)]  # points on one pixel of the film are one
        corners = [(float(x), float(y)) for x, y in line[kept]]
        self._draw.line(corners, fill=_faint(colour) if faint else colour, width=1 if faint else 2)

    def ring(self, at: NDArray[Any], colour: Colour, *, loud: bool = False, faint: bool = False) -> None:
        """Draw a ring with a dark rim; a loud one is larger and thicker."""
        colour = _faint(colour) if faint else colour
        x, y = self.on_film(at)
        radius, width = (_LOUD, 4) if loud else (_RING, 2)
        for fill, rim in ((_DARK, 1), (colour, 0)):
            r = radius + rim
            low_x, low_y = _nearest(x - r), _nearest(y - r)
            box = (low_x, low_y, low_x + 2 * r - 1, low_y + 2 * r - 1)
            self._draw.ellipse(box, outline=fill, width=width + 2 * rim)

    def _box(self, x: float, y: float, half_x: float, half_y: float, colour: Colour, rim: int) -> None:
        left, top = _nearest(x - half_x), _nearest(y - half_y)
        wide, high = int(2 * half_x), int(2 * half_y)
        self._draw.rectangle((left - rim, top - rim, left + wide - 1 + rim, top + high - 1 + rim), fill=colour)


def _nearest(edge: float) -> int:
    """Return the edge of a pixel next to a distance; halves go up, so that marks move evenly."""
    return math.floor(edge + 0.5)


def _faint(colour: Colour) -> Colour:
    red, green, blue = (round(0.6 * c) for c in colour)
    return red, green, blue
