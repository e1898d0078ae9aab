"""What is remembered of tracks: every hit for a while, and all hits and points of confirmed tracks."""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections import deque
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from boostwatch.records import TRACK_POINT, Records, empty
from boostwatch_kernels.hits import write_hits
from boostwatch_kernels.sources import Measurements

Array = NDArray[np.float64]


@functools.cache
def hit_dtype(n_bands: int) -> np.dtype[Any]:
    """Return the record of one hit: where and how bright, and how the frame lay.

    ``time_s`` is the frame's, ``seen_s`` that at which the hit's own row was exposed.
    """
    return np.dtype([
        ("frame", "i4"), ("time_s", "f8"), ("seen_s", "f8"), ("scene", "f8", (2,)), ("focal", "f8", (2,)),
        ("var", "f8", (2,)), ("shift_sigma", "f8"), ("snr", "f8"), ("strongest", "f8"), ("frames", "f8"),
        ("unrest", "f8"), ("flux", "f8", (n_bands,)), ("flux_sigma", "f8", (n_bands,)), ("position_m", "f8", (3,)),
        ("attitude", "f8", (4,)),
    ])  # fmt: skip


class Pose(NamedTuple):
    """How one frame lay: shift of the scene (2,), px, sensor position (3,), m, and reported attitude (4,)."""

    shift: Array
    position_m: Array
    attitude: Array


class Sighting(NamedTuple):
    """All that was measured in one frame."""

    frame: int
    time_s: float
    seen: Measurements
    shift_sigma: float
    pose: Pose

    def hits(self, which: NDArray[np.int64]) -> Records:
        """Return the hits (K,) that some of the measurements are."""
        out = np.empty(len(which), hit_dtype(self.seen.flux.shape[1]))
        pose = self.pose
        how = self.frame, self.time_s, self.shift_sigma, pose.position_m, pose.attitude
        write_hits(out, which, self.seen, *how)
        return out


class HitLog:
    """What was measured in the last frames by number, so that a track confirmed today finds its first hits."""

    def __init__(self, memory_s: float) -> None:
        self._memory_s = memory_s
        self._first: deque[int] = deque()
        self._frames: deque[Sighting] = deque()
        self._next = 0

    def add(self, sighting: Sighting) -> int:
        """Store one frame; return the number of its first measurement."""
        first = self._next
        if len(sighting.seen.snr):
            self._first.append(first)
            self._frames.append(sighting)
            self._next += len(sighting.seen.snr)
        return first

    def forget(self, now_s: float) -> None:
        """Drop frames too old for any unconfirmed track."""
        while self._frames and self._frames[0].time_s < now_s - self._memory_s:
            self._frames.popleft()
            self._first.popleft()

    def get(self, numbers: NDArray[np.int64]) -> Records:
        """Return the hits of some numbers, in their order; those that are forgotten are left out."""
        out = []
        for number in numbers.tolist():
            k = bisect_right(self._first, number) - 1
            if k >= 0:
                out.append(self._frames[k].hits(np.array([number - self._first[k]])))
        return np.concatenate(out)


class SceneMap(Protocol):
    """How the scene lies on the focal plane of one frame, where that is more than a shift."""

    @property
    def still(self) -> object:
        """What the scene coordinates are those of: another object means other coordinates."""
        ...

    def to_scene(self, focal: Array) -> Array:
        """Return scene coordinates (N, 2), px, of positions on the focal plane."""
        ...

    def to_focal(self, scene: Array) -> Array:
        """Return positions (N, 2) on the focal plane, px, of scene coordinates."""
        ...


class Story:
    """A confirmed track: its hits, what it was taken for, and its event."""

    def __init__(self, track_id: int, confirmed_time_s: float) -> None:
        self.track_id = track_id
        self.hits: list[Any] = []
        self.numbers: list[int] = []
        self.confirmed_time_s = confirmed_time_s
        self.moving_time_s = np.nan
        self.score = 0.0
        self.ended = False
        self.counted = False
        self.probabilities: Array = np.empty(0)
        self.best = -1  # of KINDS the likeliest; the last, ``unknown``, before it is weighed
        self.kind_since_s = confirmed_time_s
        self.settled = False
        self.own_since_s = -np.inf
        self.declared_time_s = np.nan
        self.last_fit_s = -np.inf
        self.location: Any = None
        self.beginning: Any = None


class PointLog:
    """The states of confirmed tracks, frame by frame."""

    def __init__(self) -> None:
        self._points: list[Records] = []
        self._shift: list[Array] = []
        self._attitude: list[Array] = []

    def add(self, points: Records, shift: Array, attitude: Array) -> None:
        """Keep some points (N,) of one frame, with the scene's shift (N, 2) there and the reported attitude (4,)."""
        if len(points):
            self._points.append(points)
            self._shift.append(shift)
            self._attitude.append(attitude)

    def sorted(self, tracks: int) -> tuple[Records, Array, Array, NDArray[np.int64]]:
        """Return points (N,), shifts (N, 2) and attitudes (N, 4) track by track, and how many each track has.

        What a track coasted after its last hit is left out.
        """
        points = np.concatenate([empty(TRACK_POINT, 0), *self._points])
        shift = np.concatenate([np.empty((0, 2)), *self._shift])
        sizes = [len(p) for p in self._points]
        attitude = np.repeat(np.array(self._attitude).reshape(-1, 4), sizes, axis=0)
        last = np.full(tracks, -np.inf)
        hit = np.isfinite(points["snr"])
        np.maximum.at(last, points["track_id"][hit], points["time_s"][hit])
        kept = np.flatnonzero(points["time_s"] <= last[points["track_id"]])
        order = kept[np.lexsort((points["time_s"][kept], points["track_id"][kept]))]
        return points[order], shift[order], attitude[order], np.bincount(points["track_id"][kept], minlength=tracks)
