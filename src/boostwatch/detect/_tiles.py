"""Local constant false-alarm rate: the noise of the matched filter's output by tiles, and how heavy its tail is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from boostwatch_kernels.background import SAMPLED, TILE_X, TILE_Y
from boostwatch_kernels.cfar import renew_tiles
from boostwatch_kernels.detection import STATISTICS, TAIL, Tiles

MEMORY = 20.0
"""Frames over which a tile's noise is averaged."""

TAIL_SHARE = 0.00620967
"""Share of a unit normal below -TAIL."""

TAIL_PRIOR = 4000.0
"""Pixels that the normal tail counts for."""

TAIL_EVERY = 4
"""Looks from one judgement of the tails to the next: they change slowly."""

_SHARE = np.geomspace(1e-3, 0.2, 200)
_HEAVY = np.maximum(1.0, TAIL / -ndtri(_SHARE))


class TileNoise:
    """Scale and tail of one map of q.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the frame.
    parts : int
        Looks that a look at all tiles takes.

    Attributes
    ----------
    tiles : Tiles
        For the kernels.
    heavy : float64 (TY, TX)
        By how much the tail is wider than a normal one's, at least 1.
    """

    def __init__(self, shape: tuple[int, int], parts: int = 1) -> None:
        number = (-(-shape[0] // TILE_Y), -(-shape[1] // TILE_X))
        self.tiles = Tiles(np.ones(number, np.float32), np.zeros((*number, STATISTICS)))
        self.heavy = np.ones(number)
        self._level, self._tail = np.ones(number), np.full(number, TAIL_SHARE)
        self._looks, self._parts = 0, parts

    def clear(self) -> None:
        """Forget what the last sweep found."""
        self.tiles.found[:] = 0.0

    def renew(self) -> None:
        """Take in what the sweep has found."""
        rate = max(1.0 / MEMORY, 1.0 / (self._looks // self._parts + 1.0))
        self._looks += 1
        renew_tiles(self.tiles.found, rate, self._level, self._tail, self.tiles.scale)
        if self._looks % TAIL_EVERY and self._looks > TAIL_EVERY:
            return
        pixels = TILE_Y * TILE_X / SAMPLED * MEMORY
        share = (pixels * self._tail + TAIL_PRIOR * TAIL_SHARE) / (pixels + TAIL_PRIOR)
        self.heavy = np.interp(share, _SHARE, _HEAVY)

    def heavy_at(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``heavy`` of the tiles that hold some pixels."""
        rows = np.clip(y.astype(np.int64) // TILE_Y, 0, self.heavy.shape[0] - 1)
        columns = np.clip(x.astype(np.int64) // TILE_X, 0, self.heavy.shape[1] - 1)
        out: NDArray[np.float64] = self.heavy[rows, columns]
        return out


def shared(strips: NDArray[np.int64], parts: int) -> list[NDArray[np.int64]]:
    """Return strips in so many runs of about equal length, none empty."""
    if parts == 1:
        return [strips] if len(strips) else []
    return [part for part in np.array_split(strips, parts) if len(part)]
