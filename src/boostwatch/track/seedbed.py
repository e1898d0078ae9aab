"""Tracks that may come to be: hypotheses from every detection, until one is sure enough or all are hopeless."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from boostwatch_kernels import kalman
from boostwatch_kernels.amplitude import Noise
from boostwatch_kernels.assignment import Seen
from boostwatch_kernels.seeds import CHILDREN, RECENT, Limits, Seeds, branch, grow, keep_best

from .table import REGIMES_S

ROOM = 1024
"""Hypotheses that there is room for at first."""
MOST = 50_000
"""Hypotheses at most; the weakest go first."""
LEAST_HITS = 2
"""One detection is no track."""


def _room(size: int) -> Seeds:
    score, best, snr, hits, first_s = (np.zeros(size) for _ in range(5))
    recent = np.full((size, RECENT), -1, np.int64)
    return Seeds(np.zeros((size, 2, 3)), np.zeros((size, 2, 3, 3)), score, best, snr, hits, first_s, recent)


class Seedbed:
    """All hypotheses of tracks not confirmed yet, carried from frame to frame."""

    def __init__(self) -> None:
        self._seeds, self._spare = _room(ROOM), _room(ROOM)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def clear(self) -> None:
        """Drop all."""
        self._count = 0

    def step(self, dt: float, seen: Seen, noise: Noise, limits: Limits, acceleration: float) -> None:
        """Carry all hypotheses to the next frame and let them branch over its free measurements.

        Parameters
        ----------
        dt : float
            Time since the last frame, s; 0 at the first.
        seen, noise, limits
            See `boostwatch_kernels.seeds`.
        acceleration : float
            1-sigma acceleration in the long run, px/s2.
        """
        seeds, count = self._seeds, self._count
        if count and dt > 0:
            kalman.predict(seeds.state[:count], seeds.cov[:count], dt, float(REGIMES_S[0]), acceleration)
        size = count * (CHILDREN + 1)
        parent, ends, score = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size)
        alive = np.empty(size, np.bool_)
        branches = branch(seeds, count, seen, noise, limits, parent, ends, score)
        kept = keep_best(ends, score, branches, len(seen.at), alive)
        if kept > MOST:
            weak = np.flatnonzero(alive[:branches])
            alive[weak[np.argsort(-score[weak], kind="stable")[MOST:]]] = False
            kept = MOST
        needed = kept + len(seen.at)
        if needed > len(self._spare.score):
            self._spare = _room(2 * needed)
        self._count = grow(seeds, self._spare, seen, noise, limits, parent, ends, score, alive, branches)
        self._seeds, self._spare = self._spare, seeds

    def ripe(self, score: float) -> list[tuple[float, NDArray[np.int64]]]:
        """Return score and numbers of the hits, oldest first, of hypotheses that reach a score, the best first."""
        seeds, n = self._seeds, self._count
        sure = np.flatnonzero(seeds.score[:n] >= score)
        if not len(sure):
            return []
        sure = sure[seeds.hits[sure] >= LEAST_HITS]
        sure = sure[np.argsort(-seeds.score[sure], kind="stable")]
        return [(float(seeds.score[k]), seeds.recent[k][seeds.recent[k] >= 0][::-1].copy()) for k in sure]

    def remove(self, numbers: NDArray[np.int64]) -> None:
        """Drop the hypotheses that hold any of some hits, which have been given to a track."""
        n = self._count
        stays = np.flatnonzero(~np.isin(self._seeds.recent[:n], numbers).any(axis=1))
        for column in self._seeds:
            column[: len(stays)] = column[stays]
        self._count = len(stays)
