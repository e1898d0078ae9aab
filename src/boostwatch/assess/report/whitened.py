"""Frames as a detector sees them: background taken away, divided by the noise of the place."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from boostwatch.assess.report.footage import Read

Frame = NDArray[np.float32]

GUARD, LOOKS, STRIDE = 12, 6, 2
"""Frames between a frame and those that it is compared with, how many these are, and how far apart."""
BOX_PX = 31
"""Side of the square over which noise is measured."""
_FURTHEST = 0.25
"""Part of the frame by which the scene may have moved since."""


class Whitener:
    """Takes the mean of earlier frames from a frame and divides by the noise about each pixel.

    Earlier frames are shifted to where the scene is now, by the run's own registration. A frame at the beginning is
    compared with later ones; where the scene has moved too far, or the stack is too short, with its own
    neighbourhood. This is for the eye: the detector's own statistic is in the detections.

    Parameters
    ----------
    read : callable
        See `Footage`.
    count : int
        Frames of the stack.
    shift : float64 (T, 2)
        Of the scene in each frame, (x, y) px; NaN where unknown.
    bad : bool (B, H, W), optional
        Pixels that are not to be believed; they count as unknown.
    """

    def __init__(
        self, read: Read, count: int, shift: NDArray[np.float64], bad: NDArray[np.bool_] | None = None
    ) -> None:
        self._read, self._count, self._shift, self._bad = read, count, shift, bad
        self._recent: OrderedDict[int, tuple[Frame, NDArray[np.bool_]]] = OrderedDict()

    def frame(self, t: int) -> tuple[Frame, NDArray[np.bool_]]:
        """Return frame ``t`` and which of its bands are good, from memory if it was read a moment ago."""
        if t not in self._recent:
            self._recent[t] = self._read(t)
            while len(self._recent) > GUARD + LOOKS * STRIDE:
                self._recent.popitem(last=False)
        return self._recent[t]

    def whitened(self, t: int, band: int) -> Frame:
        """Return one band of frame ``t``, unit sigma about each pixel where nothing shines; NaN where no data are."""
        now = self.frame(t)[0][band]
        looks = [self._moved(s, t, band) for s in self._others(t) if self.frame(s)[1][band]]
        known = ~self._unknown(now, band)
        if len(looks) < 3:
            filled = np.where(known, now, np.median(now[known]) if known.any() else 0.0)
            rest = filled - ndimage.median_filter(filled, 7, mode="nearest")
        else:
            rest = np.where(known, now - np.mean(looks, axis=0), 0.0)
        rest = np.nan_to_num(rest)
        rest -= np.median(rest)
        limit = 4 * 1.4826 * np.median(np.abs(rest))  # what shines is not noise
        clipped = np.clip(rest, -limit, limit) if limit > 0 else rest
        sigma = np.sqrt(ndimage.uniform_filter(clipped**2, BOX_PX, mode="reflect"))
        out = np.divide(rest, sigma, out=np.zeros_like(rest), where=sigma > 0)
        result: Frame = np.where(known, out, np.nan).astype(np.float32)
        return result

    def _others(self, t: int) -> list[int]:
        """Return the frames to compare with: before the guard, or after it at the beginning."""
        before = [t - GUARD - STRIDE * i for i in range(LOOKS)]
        others = before if before[2] >= 0 else [t + GUARD + STRIDE * i for i in range(LOOKS)]
        return [s for s in others if 0 <= s < self._count and self._near(s, t)]

    def _near(self, s: int, t: int) -> bool:
        height, width = self.frame(t)[0].shape[1:]
        dx, dy = self._shift[t] - self._shift[s]
        return bool(abs(dx) <= _FURTHEST * width and abs(dy) <= _FURTHEST * height)

    def _moved(self, s: int, t: int, band: int) -> Frame:
        """Return one band of frame ``s`` with its scene where it is in frame ``t``."""
        image = self.frame(s)[0][band]
        image = _filled(image, self._unknown(image, band))
        dx, dy = self._shift[t] - self._shift[s]
        if max(abs(dx), abs(dy)) < 0.02:
            return image
        out: Frame = ndimage.shift(image, (dy, dx), order=1, mode="nearest")
        return out

    def _unknown(self, image: Frame, band: int) -> NDArray[np.bool_]:
        unknown = ~np.isfinite(image)
        return unknown if self._bad is None else unknown | self._bad[band]


def _filled(image: Frame, unknown: NDArray[np.bool_]) -> Frame:
    """Put the mean of its known neighbours where a pixel is unknown, 0 where it has none.

    Else a shift by part of a pixel would spread what is wrong there to the pixels beside it.
    """
    y, x = np.nonzero(unknown)
    if not len(y):
        return image
    values = np.pad(np.where(unknown, 0, image), 1)
    counts = np.pad(~unknown, 1)
    near = [(y + dy, x + dx) for dy in range(3) for dx in range(3)]
    total, count = sum(values[at] for at in near), sum(counts[at].astype(np.float32) for at in near)
    out = image.copy()
    out[y, x] = total / np.maximum(count, 1)
    return out
