"""Where sources stand still, in the scene or on the focal plane, and what it takes to be held to move beside them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MEMORY_S = 60.0
"""How far back the rate of new places reaches: bad pixels become known one by one."""
FIRST_AN_HOUR = 1.0
"""Sources at rest that come to be known in an hour, before the run tells; worth one memory."""
AT_FIRST = 2.0
"""And so many when a run begins: what stands in a scene comes up in its first seconds."""
SHARE, TRACKS = 0.2, 3.0
"""Share of new tracks that stand still, before the run tells, and how many tracks that is worth."""
NEAR_PX = 1.5
"""Distance from a known place at which a track is held to be what was there before."""
FAMILIAR_BAR = 10.0
"""Log likelihood ratio, motion over rest, that a track needs that began at a known place."""
MOST = 4096
"""Places that are remembered, the newest."""


class Resting:
    """Places of sources at rest, and the bar for motion.

    Parameters
    ----------
    false_tracks_per_hour : float
        Sources at rest that may be taken for moving ones in an hour.
    """

    def __init__(self, false_tracks_per_hour: float) -> None:
        self._allowed = false_tracks_per_hour
        self._known = np.empty((0, 2, 2))
        self._start_s = self._now_s = math.nan
        self._rests, self._moves = AT_FIRST, 0.0

    def at(self, time_s: float) -> None:
        """Let time pass."""
        if math.isfinite(self._now_s):
            fade = math.exp(-(time_s - self._now_s) / MEMORY_S)
            self._rests *= fade
            self._moves *= fade
        else:
            self._start_s = time_s
        self._now_s = time_s

    def forget_scene(self) -> None:
        """Forget what stands in the scene, whose coordinates have become others."""
        self._known[:, 0] = np.nan

    def familiar(self, places: Array) -> NDArray[np.bool_]:
        """Return (N,) whether places (N, 2, 2), in the scene and on the focal plane, px, are near known ones."""
        if not len(self._known) or not len(places):
            return np.zeros(len(places), np.bool_)
        away = np.linalg.norm(places[:, None] - self._known[None], axis=-1)
        out: NDArray[np.bool_] = (np.nan_to_num(away, nan=np.inf).min(axis=2) < NEAR_PX).any(axis=1)
        return out

    def rested(self, places: Array) -> None:
        """Take the places (N, 2, 2) of tracks that stand still."""
        if not len(places):
            return
        fresh = ~self.familiar(places)
        self._rests += float(fresh.sum())
        self._known = np.concatenate([self._known, places[fresh]])[-MOST:]

    def moved(self, count: int) -> None:
        """Take a number of tracks that are held to move."""
        self._moves += count

    @property
    def bar(self) -> float:
        """Log likelihood ratio, motion over rest, at which a track that began at a new place is held to move.

        The odds of rest and motion; and, by Wald's inequality, what leaves no more false moving tracks than allowed of
        the sources at rest that come to be known in an hour.
        """
        odds = (self._rests + SHARE * TRACKS) / (self._moves + (1.0 - SHARE) * TRACKS)
        span_s = MEMORY_S * -math.expm1(-(self._now_s - self._start_s) / MEMORY_S)
        an_hour = (self._rests + FIRST_AN_HOUR * MEMORY_S / 3600.0) / (span_s + MEMORY_S) * 3600.0
        return math.log(max(odds, an_hour / self._allowed))
