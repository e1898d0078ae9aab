"""Who is on the film: detections by frame, and the way of every track through the scene."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostwatch.assess.report.findings import drawn_tracks, kept_events, kept_tracks, points_of
from boostwatch.assess.report.pack import text
from boostwatch.assess.report.steps import scene_shift
from boostwatch.assess.style import kind_of_track
from boostwatch.records import EventTables

MOST_DETECTIONS = 400
"""Of a frame; the strongest."""
_FAR_PX = 1e6

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Role:
    """A track as it stands in one frame.

    ``kind`` is what it was called by then, unknown before its event was declared; ``path`` (N, 2) where it was so far,
    moved along with the scene, the last point where it is; ``since_declared`` frames since the declaration of a launch,
    negative before it; ``ended`` once it was seen for the last time.
    """

    track_id: int
    kind: str
    path: Points
    name: str
    since_declared: int
    ended: bool


@dataclass(frozen=True)
class _Way:
    track_id: int
    kind: str
    name: str
    launch: bool
    confirmed: int
    declared: int
    frames: NDArray[np.int64]
    scene: Points


class Cast:
    """What the tables say of each frame.

    Parameters
    ----------
    tables : EventTables
        The run. Nothing in it is trusted.
    time_s : float64 (T,)
        Of the frames of the stack.
    band : int
        Whose detections are shown.
    """

    def __init__(self, tables: EventTables, time_s: NDArray[np.float64], band: int) -> None:
        count = len(time_s)
        self._time, self._never = time_s, 2 * count + 1
        self._shift = scene_shift(tables, np.arange(count))
        found = tables.detections
        found = found[(found["band"] == band) & _on_plane(found["x"]) & _on_plane(found["y"])]
        found = found[np.lexsort((-np.nan_to_num(found["snr"]), found["frame"]))]
        self._detections = found
        self._first = np.searchsorted(found["frame"], np.arange(count + 1))
        events = kept_events(tables)
        tracks = drawn_tracks(kept_tracks(tables, events), events, 1)
        ways = [self._way(tables, track) for track in tracks]
        self._ways = sorted((w for w in ways if w is not None), key=lambda w: (w.launch, w.track_id))

    def detections(self, t: int) -> Points:
        """Return where light was detected in frame ``t``, (N, 2) px, the strongest first."""
        mine = self._detections[self._first[t] : self._first[t + 1]][:MOST_DETECTIONS]
        return np.stack([mine["x"], mine["y"]], -1).astype(np.float64)

    def roles(self, t: int) -> Iterator[Role]:
        """Yield the tracks to be drawn in frame ``t``: those confirmed and alive, and launches even after their end."""
        for way in self._ways:
            if not way.confirmed <= t or (t > way.frames[-1] and not (way.launch and t >= way.declared)):
                continue
            so_far = way.scene[: np.searchsorted(way.frames, t, side="right")]
            if len(so_far):
                yield Role(
                    way.track_id, way.kind if t >= way.declared else "unknown", so_far + self._shift[t], way.name,
                    t - way.declared if way.launch else -1, t > way.frames[-1],
                )  # fmt: skip

    def kinds(self) -> list[str]:
        """Return the kinds that occur, unknown among them where there is any track: all are, to begin with."""
        seen = {way.kind for way in self._ways}
        return sorted(seen | {"unknown"}, key=lambda k: (k != "launch", k == "unknown", k)) if seen else []

    def _way(self, tables: EventTables, track: Any) -> _Way | None:
        """Return the way of a track, or None for one that was nowhere."""
        points = tables.track_points[points_of(track)]
        points = points[(points["frame"] >= 0) & (points["frame"] < len(self._time))]
        points = points[_on_plane(points["x"]) & _on_plane(points["y"])]
        if not len(points):
            return None
        points = points[np.argsort(points["frame"], kind="stable")]
        frames = points["frame"].astype(np.int64)
        event = tables.events[tables.events["track_id"] == track["track_id"]][:1]
        kind = text(kind_of_track(tables, track), 16)
        name, declared = "", self._frame_at(track["confirmed_time_s"])
        if len(event):
            name = f"#{int(event['event_id'][0])} {kind} {_share(float(event['probability'][0]))}"
            declared = self._frame_at(event["declared_time_s"][0])
        confirmed = min(self._frame_at(track["confirmed_time_s"]), declared)
        xy = np.stack([points["x"], points["y"]], -1).astype(np.float64) - self._shift[frames]
        launch = bool(len(event)) and kind == "launch"
        return _Way(int(track["track_id"]), kind, name, launch, confirmed, declared, frames, xy)

    def _frame_at(self, time_s: float) -> int:
        """Return the first frame that is no earlier; one that never comes for an unknown time."""
        with np.errstate(invalid="ignore"):
            later = np.flatnonzero(self._time >= time_s - 1e-6)
        return int(later[0]) if len(later) else self._never


def _share(probability: float) -> str:
    """Return a probability in two places; what rounds to certainty is not certain."""
    return ">0.99" if probability >= 0.995 else f"{probability:.2f}"


def _on_plane(value: NDArray[Any]) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        out: NDArray[np.bool_] = np.abs(value) < _FAR_PX
    return out
