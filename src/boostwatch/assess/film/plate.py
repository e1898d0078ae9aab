"""The picture below the marks: grey by a stretch that holds for the whole film, enlarged or reduced by whole pixels."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from boostwatch.assess.blocks import mean_of_blocks, peak_of_blocks
from boostwatch.assess.picture import stretch
from boostwatch.assess.report.footage import Footage
from boostwatch.assess.report.whitened import Whitener

NO_DATA: Final = (42, 52, 76)
"""Colour of what is not known: a slate that no grey is."""
BLACK, WHITE = 1.0, 8.0
"""Of the whitened picture, sigma, as in the report."""
_UPPER = 99.8
_LOOKS = 9
_LOOK_PX = 1_000_000
"""Frames that the stretch is taken from, and most pixels of each."""

Picture = NDArray[np.uint8]


class Plates:
    """Frames of one band as grey pictures.

    Parameters
    ----------
    footage : Footage
        The stack, of one band.
    frames : sequence of int
        Those of the film: the stretch is theirs.
    view : {"contrast", "whitened"}
    shift : float64 (T, 2)
        Of the scene, px, for the whitened view.
    enlarged, reduced : int
        Film pixels a side of a pixel, or pixels a side of a film pixel; one of them is 1.

    Attributes
    ----------
    limits : (float, float)
        What is black and white: DN, or sigma in the whitened view.
    size : (int, int)
        Width and height of a picture.
    """

    def __init__(
        self, footage: Footage, frames: range, *, view: str, shift: NDArray[np.float64],
        enlarged: int, reduced: int,
    ) -> None:  # fmt: skip
        self._footage, self._enlarged, self._reduced = footage, enlarged, reduced
        self._whitener = Whitener(footage.read, footage.shape[0], shift, footage.bad) if view == "whitened" else None
        self.limits = (BLACK, WHITE) if self._whitener else self._stretch(frames)
        height, width = footage.shape[2:]
        self.size = (math.ceil(width / reduced) * enlarged, math.ceil(height / reduced) * enlarged)

    def picture(self, t: int) -> Picture:
        """Return frame ``t`` as RGB, uint8 (height, width, 3)."""
        if self._whitener is None:
            data = self._data(t)
            shown = mean_of_blocks(data, self._reduced)
        else:
            good = self._whitener.frame(t)[1][0]
            data = self._masked(self._whitener.whitened(t, 0), good)
            shown = peak_of_blocks(data, self._reduced)
        black, white = self.limits
        with np.errstate(invalid="ignore", over="ignore"):
            grey = np.clip((shown - black) / (white - black), 0, 1) * 255
        known = ~np.isnan(grey)
        out = np.where(known[..., None], np.nan_to_num(grey).round()[..., None], NO_DATA).astype(np.uint8)
        return out.repeat(self._enlarged, axis=0).repeat(self._enlarged, axis=1)

    def _data(self, t: int) -> NDArray[Any]:
        data, good = self._footage.read(t)
        return self._masked(data[0], good[0])

    def _masked(self, image: NDArray[Any], good: np.bool_ | bool) -> NDArray[Any]:
        if not good:
            return np.full_like(image, np.nan)
        return image if self._footage.bad is None else np.where(self._footage.bad[0], np.nan, image)

    def _stretch(self, frames: range) -> tuple[float, float]:
        looks = np.unique(np.linspace(0, len(frames) - 1, _LOOKS).round().astype(int))
        step = max(math.ceil(self._footage.shape[2] * self._footage.shape[3] / _LOOK_PX), 1)
        return stretch(np.concatenate([self._data(frames[int(i)]).ravel()[::step] for i in looks]), _UPPER)
