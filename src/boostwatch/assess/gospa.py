"""Distance between the set of tracks and the set of objects, frame by frame."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostwatch.assess import match
from boostwatch.assess.things import VISIBLE_SNR
from boostwatch.records import EventTables, Records

Row = dict[str, Any]


def gospa_row(
    tables: EventTables, truth: Records, tracked: match.TrackMatch, background: set[int], count: int,
    working: NDArray[np.bool_],
) -> Row:  # fmt: skip
    """Average GOSPA and OSPA over working frames.

    Objects fainter than `VISIBLE_SNR` and those there from the first frame need not be tracked, so they count only in
    frames in which they are.
    """
    points = tables.track_points
    firm = points["confirmed"].astype(bool)
    held = {(int(f), int(o)) for f, o in zip(points["frame"][firm], tracked.point_object[firm], strict=True)}
    must = (truth["snr"] >= VISIBLE_SNR) & ~np.isin(truth["object_id"], list(background))
    must |= np.array([(int(p["frame"]), int(p["object_id"])) in held for p in truth], bool)
    true_by = dict(match.groups(truth["frame"][must]))
    found_by = dict(match.groups(points["frame"][firm]))
    true_xy = np.stack([truth["x"][must], truth["y"][must]], -1)
    found_xy = np.stack([points["x"][firm], points["y"][firm]], -1).astype(np.float64)
    none = np.empty(0, np.int64)
    frames = np.flatnonzero(working[:count])
    pairs = [(true_xy[true_by.get((int(f),), none)], found_xy[found_by.get((int(f),), none)]) for f in frames]
    if not pairs:
        return {
            "frames": 0, "mean_px": math.nan, "missed_per_frame": math.nan, "false_per_frame": math.nan,
            "ospa_mean_px": math.nan,
        }  # fmt: skip
    mean = np.mean([match.gospa(*pair) for pair in pairs], axis=0)
    return {
        "frames": len(pairs), "cut_px": 10.0, "power": 2.0, "mean_px": float(mean[0]),
        "missed_per_frame": float(mean[1]), "false_per_frame": float(mean[2]),
        "ospa_mean_px": float(np.mean([match.ospa(*pair) for pair in pairs])),
    }  # fmt: skip
