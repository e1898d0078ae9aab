"""Names beside what they name: inside the picture, none over another, and where they were in the frame before."""

from __future__ import annotations

from typing import Final

from PIL import ImageDraw, ImageFont

from boostwatch.assess.film.marks import Colour

TEXT_PX: Final = 13
_GAP = 17
"""Between a place and its name, film px."""
_PLACES = tuple((side, row) for row in (0, -1, 1, -2, 2, -3, 3, -4, 4) for side in (1, -1))
"""Right or left of the place, and how many lines below it, the best first."""

Box = tuple[float, float, float, float]


def font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the letters of all texts; they come with Pillow and are ASCII."""
    return ImageFont.load_default(TEXT_PX)


def ascii_of(text: str) -> str:
    """Return a foreign text in letters that the font has."""
    return text.encode("ascii", "replace").decode()


class Labels:
    """Places names frame by frame.

    Parameters
    ----------
    size : (int, int)
        Of the picture, film px.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self._size, self._font = size, font()
        self._last: dict[int, tuple[int, int]] = {}
        self._taken: list[Box] = []

    def start(self) -> None:
        """Begin a new frame."""
        self._taken = []

    def put(
        self, draw: ImageDraw.ImageDraw, key: int, name: str, at: tuple[float, float], colour: Colour, *, loud: bool
    ) -> None:
        """Write a name beside a place in film px; ``loud`` in a box of its colour. Without room it is left out."""
        x, y = at
        if not (0 <= x < self._size[0] and 0 <= y < self._size[1]):
            return
        name = ascii_of(name)
        left, top, right, bottom = draw.textbbox((0, 0), name, font=self._font)
        wide, high = right - left + 8, bottom - top + 7
        order = [self._last[key]] if key in self._last else []
        for side, row in [*order, *_PLACES]:
            corner = (x + _GAP if side > 0 else x - _GAP - wide, y - 0.5 * high + row * (high + 2))
            box = (*corner, corner[0] + wide, corner[1] + high)
            if self._is_free(box):
                break
        else:
            return
        self._last[key] = (side, row)
        self._taken.append(box)
        where = (round(box[0]) + 4 - left, round(box[1]) + 3 - top)
        if loud:
            draw.rectangle([round(v) for v in box], fill=colour, outline=(0, 0, 0))
            draw.text(where, name, font=self._font, fill=(0, 0, 0))
        else:
            draw.text(where, name, font=self._font, fill=colour, stroke_width=2, stroke_fill=(0, 0, 0))

    def _is_free(self, box: Box) -> bool:
        x0, y0, x1, y1 = box
        inside = x0 >= 0 and y0 >= 0 and x1 <= self._size[0] and y1 <= self._size[1]
        return inside and not any(x0 < b[2] and b[0] < x1 and y0 < b[3] and b[1] < y1 for b in self._taken)
