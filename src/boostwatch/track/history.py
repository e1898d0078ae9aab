"""What is remembered of tracks: every hit for a while, and all hits and points of confirmed tracks."""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from boostwatch.records import TRACK_POINT, Records, empty
from boostwatch_kernels import kalman

from .table import MANEUVER_TIME_S, start_covariance

Array = NDArray[np.float64]


def hit_dtype(n_bands: int) -> np.dtype[Any]:
    """Return the record of one hit: where and how bright, how the frame lay, and the hit before it (-1: none)."""
    return np.dtype([
        ("frame", "i4"), ("time_s", "f8"), ("scene", "f8", (2,)), ("focal", "f8", (2,)), ("var", "f8", (2,)),
        ("shift_sigma", "f8"), ("snr", "f8"), ("flux", "f8", (n_bands,)), ("flux_sigma", "f8", (n_bands,)),
        ("position_m", "f8", (3,)), ("attitude", "f8", (4,)), ("before", "i8", (2,)),
    ])  # fmt: skip


class HitLog:
    """Hits of the last frames, linked backwards, so that a track confirmed today finds its first hits."""

    def __init__(self, memory_s: float) -> None:
        self._memory_s = memory_s
        self._chunks: deque[Records] = deque()
        self._first = 0

    def add(self, hits: Records) -> int:
        """Store the hits of one frame; return the frame's sequence number."""
        self._chunks.append(hits)
        return self._first + len(self._chunks) - 1

    def forget(self, now_s: float) -> None:
        """Drop frames too old for any unconfirmed track."""
        while self._chunks and (
            len(self._chunks[0]) == 0 or float(self._chunks[0]["time_s"][0]) < now_s - self._memory_s
        ):
            self._chunks.popleft()
            self._first += 1

    def get(self, place: NDArray[np.int64]) -> Any:
        """Return the hit at (sequence number, row)."""
        return self._chunks[int(place[0]) - self._first][int(place[1])]

    def chain(self, last: NDArray[np.int64]) -> list[Any]:
        """Return the hits that end in ``last``, oldest first."""
        out = []
        place = last
        while place[0] >= self._first:
            hit = self.get(place)
            out.append(hit.copy())  # a view would keep the whole frame alive
            place = hit["before"]
        return out[::-1]


class Pose(NamedTuple):
    """How one frame lay: shift of the scene (2,), px, sensor position (3,), m, and reported attitude (4,)."""

    shift: Array
    position_m: Array
    attitude: Array


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
    """A confirmed track: its hits, its filtered points, what it was taken for, and its event."""

    def __init__(self, serial: int, track_id: int, hits: list[Any], confirmed_time_s: float) -> None:
        self.serial = serial
        self.track_id = track_id
        self.hits = hits
        self.confirmed_time_s = confirmed_time_s
        self.points: list[tuple[Any, Pose]] = []
        self._coasting: list[tuple[Any, Pose]] = []
        self.misses = 0
        self.score = 0.0
        self.ended = False
        self.counted = False
        self.probabilities: Array = np.empty(0)
        self.kind_since_s = confirmed_time_s
        self.declared_time_s = np.nan
        self.last_fit_s = -np.inf
        self.location: Any = None

    def replay(self, speed_sigma: float, accel_sigma: float) -> None:
        """Filter the hits from before the confirmation again, since only their measurements were kept."""
        state, cov = np.zeros((1, 2, 3)), np.zeros((1, 2, 3, 3))
        for n, hit in enumerate(self.hits):
            var = hit["var"] + hit["shift_sigma"] ** 2
            if n == 0:
                state[0, :, 0] = hit["scene"]
                cov[:] = start_covariance(var[None], speed_sigma, accel_sigma / 2)
            else:
                dt = float(hit["time_s"] - self.hits[n - 1]["time_s"])
                kalman.predict(state, cov, dt, MANEUVER_TIME_S, accel_sigma)
                kalman.update(state, cov, np.zeros(1, np.int64), hit["scene"][None].copy(), var[None].copy())
            late = float(hit["time_s"]) >= self.confirmed_time_s
            pose = Pose(hit["focal"] - hit["scene"], hit["position_m"], hit["attitude"])
            self.add_point(state[0], cov[0], pose, hit, confirmed=late)

    def add_point(self, state: Array, cov: Array, pose: Pose, hit: Any, *, confirmed: bool = True) -> None:
        """Add the state of a frame with a hit; points coasted since the last one now count."""
        self.points += self._coasting
        self._coasting = []
        point = self._point(state, cov, pose, int(hit["frame"]), float(hit["time_s"]), confirmed)
        point["snr"] = hit["snr"]
        self.points.append((point, pose))

    def coast(self, state: Array, cov: Array, pose: Pose, frame: int, time_s: float) -> None:
        """Note the state of a frame without a hit; it is kept if the track is hit again."""
        self._coasting.append((self._point(state, cov, pose, frame, time_s, True), pose))

    def _point(self, state: Array, cov: Array, pose: Pose, frame: int, time_s: float, confirmed: bool) -> Any:
        p = empty(TRACK_POINT, 1)[0]
        p["track_id"], p["frame"], p["time_s"], p["confirmed"] = self.track_id, frame, time_s, confirmed
        p["x"], p["y"] = state[:, 0] + pose.shift
        p["vx"], p["vy"] = state[:, 1]
        p["sigma_x"], p["sigma_y"] = np.sqrt(cov[:, 0, 0])
        return p
