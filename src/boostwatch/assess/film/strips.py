"""What stands above and below the picture: time, band, scale bar, grey scale, legend."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from boostwatch.assess.film.labels import ascii_of, font
from boostwatch.assess.film.marks import DETECTION, Colour
from boostwatch.assess.film.plate import NO_DATA

GROUND: Final[Colour] = (16, 16, 16)
_INK: Final[Colour] = (230, 230, 230)
_LINE = 20
_PAD = 8
_RAMP = 96
_BAR = 0.22
"""Longest scale bar as part of the picture's width."""


class Bar(NamedTuple):
    """A scale bar: its length in film px, and what that is."""

    px: float
    text: str


class _Entry(NamedTuple):
    what: str
    text: str
    colour: Colour
    wide: float


class Strips:
    """The head, which changes with the frame, and the foot, of which only the scale bar does.

    Parameters
    ----------
    width : int
        Of the picture, film px; the film is no narrower than its texts.
    head : str
        Right text of the head: band and view.
    longest : str
        Left text of the head, as long as it gets.
    low, high : str
        At the ends of the grey scale.
    kinds : dict of str to colour
        The legend.
    bar : str
        Text of the scale bar, as long as it gets.

    Attributes
    ----------
    width, top, bottom : int
        Of the film; heights of the two strips.
    """

    def __init__(
        self, width: int, *, head: str, longest: str, low: str, high: str, kinds: dict[str, Colour], bar: str
    ) -> None:
        self._font, self._head, self._low, self._high = font(), ascii_of(head), ascii_of(low), ascii_of(high)
        self._longest_bar = _BAR * width
        named = {ascii_of(kind): colour for kind, colour in kinds.items()}
        entries = [
            _Entry("bar", "", _INK, self._longest_bar + self._wide(bar) + 6),
            _Entry("ramp", "", _INK, self._wide(self._low) + _RAMP + self._wide(self._high) + 12),
            *(_Entry("ring", k, colour, self._wide(k) + 18) for k, colour in named.items()),
            _Entry("ticks", "detection", DETECTION, self._wide("detection") + 20),
            _Entry("patch", "no data", NO_DATA, self._wide("no data") + 18),
        ]  # fmt: skip
        self._two_lines = self._wide(longest) + self._wide(self._head) + 4 * _PAD > width
        widest = max(self._wide(longest), self._wide(self._head), *(entry.wide for entry in entries))
        self.width = max(width, math.ceil(widest + 2 * _PAD))
        self.width += self.width % 2
        self._places: list[tuple[_Entry, float, float]] = []
        x, row = float(_PAD), 0
        for entry in entries:
            if x + entry.wide + _PAD > self.width and x > _PAD:
                x, row = float(_PAD), row + 1
            self._places.append((entry, x, 5 + row * _LINE))
            x += entry.wide + 2 * _PAD
        self.top = 4 + _LINE * (1 + self._two_lines)
        self.bottom = 8 + (row + 1) * _LINE
        self._foot = self._draw_foot()

    def draw(self, film: Image.Image, text: str, bar: Bar | None) -> None:
        """Draw both onto a film frame."""
        draw = ImageDraw.Draw(film)
        draw.text((_PAD, 4), ascii_of(text), font=self._font, fill=_INK)
        right = self.width - _PAD - self._wide(self._head)
        at = (_PAD, 4 + _LINE) if self._two_lines else (right, 4)
        draw.text(at, self._head, font=self._font, fill=_INK)
        film.paste(self._foot, (0, film.height - self.bottom))
        if bar is not None:
            _, x, y = self._places[0]
            y += film.height - self.bottom + 8
            end = round(x + bar.px)
            draw.rectangle((round(x), y - 1, end - 1, y + 1), fill=_INK)
            for edge in (round(x), end - 2):
                draw.rectangle((edge, y - 4, edge + 1, y + 4), fill=_INK)
            draw.text((end + 6, y - 8), bar.text, font=self._font, fill=_INK)

    @property
    def longest_bar(self) -> float:
        """The most film px that a scale bar has."""
        return self._longest_bar

    def _wide(self, text: str) -> float:
        return float(self._font.getlength(text))

    def _draw_foot(self) -> Image.Image:
        foot = Image.new("RGB", (self.width, self.bottom), GROUND)
        draw = ImageDraw.Draw(foot)
        for what, text, colour, left, top in (
            (e.what, e.text, e.colour, round(x), round(y)) for e, x, y in self._places
        ):
            if what == "ramp":
                start = left + round(self._wide(self._low)) + 6
                draw.text((left, top), self._low, font=self._font, fill=_INK)
                ramp = np.linspace(0, 255, _RAMP).round().astype(np.uint8)
                foot.paste(Image.fromarray(np.tile(ramp[:, None], (10, 1, 3)).reshape(10, _RAMP, 3)), (start, top + 3))
                draw.text((start + _RAMP + 6, top), self._high, font=self._font, fill=_INK)
            elif what == "ring":
                draw.ellipse((left, top + 2, left + 11, top + 13), outline=colour, width=2)
                draw.text((left + 18, top), text, font=self._font, fill=_INK)
            elif what == "ticks":
                for dx, dy in ((5, 0), (5, 9), (0, 5), (9, 5)):
                    wide, high = (2, 4) if dx == 5 else (4, 2)
                    box = (left + dx, top + 1 + dy, left + dx + wide - 1, top + dy + high)
                    draw.rectangle(box, fill=colour)
                draw.text((left + 20, top), text, font=self._font, fill=_INK)
            elif what == "patch":
                draw.rectangle((left, top + 2, left + 11, top + 13), fill=colour)
                draw.text((left + 18, top), text, font=self._font, fill=_INK)
        return foot
