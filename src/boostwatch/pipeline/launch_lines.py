"""What `watch` says of launches as the frames come: when they are declared, and when what is known of them changed."""

from __future__ import annotations

from typing import Any

import numpy as np

from boostwatch import store
from boostwatch.geometry import ground_range_m, utc_after
from boostwatch.records import Records

Line = dict[str, Any]

REVISE_S = 5.0
"""Time between two looks at what was declared."""
PROBABILITY_STEP = 0.1
"""A change of a probability that is worth a line."""
SHRINKS = 0.7
"""So is an ellipse, or a sigma of the launch time, that is smaller by this factor."""


class LaunchLines:
    """Makes lines of the launches declared so far; they follow from the frames alone, whenever these are looked at.

    Parameters
    ----------
    epoch : str
        ISO 8601 UTC.
    """

    def __init__(self, epoch: str) -> None:
        self._epoch = epoch
        self._said: dict[int, Any] = {}  # by track, the record of its latest line
        self._looked_s = -np.inf

    def declared(self, launches: Records, frame: int, time_s: float) -> list[Line]:
        """Return a line for each launch (dtype EVENT, its track as ``event_id``) declared in this frame."""
        return [self._line("declared", launch, frame, time_s) for launch in launches]

    def due(self, time_s: float) -> bool:
        """Tell whether it is time to look at what was declared before."""
        return bool(self._said) and time_s - self._looked_s >= REVISE_S

    def revised(self, launches: Records, frame: int, time_s: float) -> list[Line]:
        """Return a line for each launch that changed materially since its last line."""
        self._looked_s = time_s
        return [
            self._line("revised", launch, frame, time_s)
            for launch in launches
            if _differs(self._said.get(int(launch["track_id"])), launch)
        ]

    def _line(self, kind: str, launch: Any, frame: int, time_s: float) -> Line:
        if not self._said:
            self._looked_s = time_s
        self._said[int(launch["track_id"])] = launch.copy()
        (row,) = store.event_rows(launch[None], self._epoch)
        del row["event_id"]  # given at the end, in order of time first seen
        return {"type": kind, **frame_of(frame, time_s, self._epoch), **row}


def frame_of(frame: int, time_s: float, epoch: str) -> Line:
    """Return the frame that a line is about, and its time."""
    known = np.isfinite(time_s)
    return {
        "frame": frame,
        "frame_time_s": time_s if known else None,
        "frame_time_utc": utc_after(epoch, time_s) if known else None,
    }


def _differs(old: Any, new: Any) -> bool:
    """Tell whether there is something new to say."""
    if old is None:
        return True
    if old["kind"] != new["kind"]:
        return True
    if any(abs(float(old[name]) - float(new[name])) >= PROBABILITY_STEP for name in ("probability", "p_launch")):
        return True
    told = ("launch_time_s", "burnout_time_s", "latitude_deg", "heading_deg")
    if any(np.isnan(old[name]) != np.isnan(new[name]) for name in told):
        return True
    if any(new[name] < SHRINKS * old[name] for name in ("ellipse_major_km", "launch_time_sigma_s")):
        return True
    later = abs(new["launch_time_s"] - old["launch_time_s"]) > old["launch_time_sigma_s"]
    places = (launch[name] for launch in (old, new) for name in ("latitude_deg", "longitude_deg"))
    return bool(later or ground_range_m(*places) > 500.0 * old["ellipse_major_km"])
