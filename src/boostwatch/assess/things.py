"""One row an object of the truth: whether, when and as what it was found, and when it could have been."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from boostwatch.assess import match
from boostwatch.assess.limits import clairvoyant_snr, cusum_alarm
from boostwatch.records import EventTables, Records

Row = dict[str, Any]

VISIBLE_SNR: Final = 6.0
"""From this truth ``snr`` in any band on, an object is due: latency counts from here, and a miss is a miss."""
STAGES: Final = ("detected", "confirmed", "declared")
"""What happens to an object one after the other."""


@dataclass(frozen=True)
class Run:
    """A run with its truth, matched.

    Attributes
    ----------
    tables : EventTables
    samples : TRUTH_SAMPLE (S,)
    truth : PLACE (P,)
        See `boostwatch.assess.match.places`.
    tracked, detected : TrackMatch, DetectionMatch
    event_object : int64 (E,)
        The object of each event, or -1.
    times : float64 (T,)
        Of the frames, s.
    background : set of int
        Objects that shine in the first frame.
    """

    tables: EventTables
    samples: Records
    truth: Records
    tracked: match.TrackMatch
    detected: match.DetectionMatch
    event_object: NDArray[np.int64]
    times: NDArray[np.float64]
    background: set[int]


@dataclass(frozen=True)
class Rates:
    """False alarms of one place in one frame, of each of `STAGES`; and of one pixel of one band: ``per_look``."""

    per_look: float
    of_stage: Mapping[str, float]


def rates(alarms: Row, shape: tuple[int, int, int, int]) -> Rates:
    """Return a run's rates; half a false alarm where there was none, NaN without a frame."""
    looks = float(shape[0]) * shape[2] * shape[3]
    of_stage = {"detected": min(alarms["per_pixel"] * shape[1], 0.5)}
    for stage, name in (("confirmed", "false_tracks"), ("declared", "false_launches")):
        of_stage[stage] = min(max(alarms[name], 0.5) / looks, 0.5) if looks else math.nan
    return Rates(min(alarms["per_pixel"], 0.5), of_stage)


def object_row(thing: Any, run: Run, false: Rates) -> Row:
    """Return the row of an object of the truth."""
    tables, me, kind = run.tables, int(thing["object_id"]), match.text(thing["kind"])
    mine = run.truth[run.truth["object_id"] == me]
    due = mine["frame"][mine["snr"] >= VISIBLE_SNR]
    visible_s = _time_of(due, run.times)
    ids = sorted(track for track, owner in run.tracked.track_object.items() if owner == me)
    on_me = (run.tracked.point_object == me) & np.isin(tables.track_points["track_id"], ids)
    covered = np.isin(due, tables.track_points["frame"][on_me])
    confirmed = tables.tracks["confirmed_time_s"][np.isin(tables.tracks["track_id"], ids)]
    events = np.flatnonzero(run.event_object == me)
    best = _best_event(tables.events, events, kind)
    confirmed_s = float(confirmed.min()) if len(confirmed) else math.nan
    declared_s = float(tables.events["declared_time_s"][best]) if best is not None else math.nan
    if not len(mine):
        outcome = "out of view"
    elif best is not None:
        outcome = "found"
    elif ids:
        outcome = "tracked"
    else:
        outcome = "background" if me in run.background else "missed"
    first = run.tables.detections["time_s"][run.detected.detection_object == me]
    reached = {"detected": float(first.min()) if len(first) else math.nan, "confirmed": confirmed_s,
               "declared": declared_s}  # fmt: skip
    return {
        "object_id": me, "name": match.text(thing["name"]), "kind": kind, "outcome": outcome,
        "peak_snr": float(mine["snr"].max()) if len(mine) else math.nan, "frames": len(mine),
        "frames_visible": len(due),
        "visible_time_s": visible_s, "track_ids": ids, "fragments": len(ids),
        "completeness": float(covered.mean()) if len(due) else math.nan,
        "purity": max((run.tracked.purity[i] for i in ids), default=math.nan),
        "confirmed_after_s": confirmed_s - visible_s,
        "declared_after_s": declared_s - visible_s,
        "event_id": int(tables.events["event_id"][best]) if best is not None else None,
        "event_kind": match.text(tables.events["kind"][best]) or "unknown" if best is not None else None,
        "event_probability": float(tables.events["probability"][best]) if best is not None else math.nan,
        "extra_events": max(len(events) - 1, 0),
        **_clairvoyant(me, run, false, reached),
        "start_error_sigmas": _start_error(tables, best, mine),
    }  # fmt: skip


def _time_of(frames: NDArray[Any], times: NDArray[np.float64]) -> float:
    return float(times[frames[0]]) if len(frames) and frames[0] < len(times) else math.nan


def _clairvoyant(me: int, run: Run, false: Rates, reached: Mapping[str, float]) -> Row:
    """Return when who is told place, background and light curve would have called, and how long after the run did.

    An object of the background has no onset in the run, so none of it is known.
    """
    mine = run.samples[(run.samples["object_id"] == me) & (run.samples["snr"] > 0)]
    mine = mine[(mine["frame"] >= 0) & (mine["frame"] < len(run.times))]
    best = {int(key[0]): mine["snr"][rows] for key, rows in match.groups(mine["frame"])}
    frames = np.array(sorted(best), np.int64)
    threshold = float(clairvoyant_snr(0.5, false.per_look))
    called = frames[[best[f].max() >= threshold for f in frames.tolist()]] if len(frames) else frames
    since_s = math.nan if me in run.background else _time_of(called, run.times)
    row: Row = {"clairvoyant_time_s": since_s}
    curve = np.zeros(int(frames[-1] - frames[0]) + 1 if len(frames) else 0)
    for f in frames.tolist():
        curve[f - frames[0]] = math.sqrt(float((best[f] ** 2).sum()))
    for stage in STAGES:
        alarm = cusum_alarm(curve, false.of_stage[stage]) if len(curve) else None
        row[f"{stage}_after_clairvoyant_s"] = reached[stage] - since_s
        row[f"cusum_{stage}_after_s"] = float(run.times[frames[0] + alarm]) - since_s if alarm is not None else math.nan
    return row


def _best_event(events: Records, mine: NDArray[np.int64], kind: str) -> int | None:
    """Of an object's events, the earliest declared of its own kind, else the earliest declared."""
    if not len(mine):
        return None
    right = mine[events["kind"][mine] == kind.encode()]
    mine = right if len(right) else mine
    return int(mine[np.argsort(events["declared_time_s"][mine], kind="stable")[0]])


def _start_error(tables: EventTables, best: int | None, truth: Records) -> float:
    """Return how far from the object the track of an event began, in the event's own sigmas."""
    if best is None:
        return math.nan
    event = tables.events[best]
    frames = tables.track_points["frame"][tables.track_points["track_id"] == event["track_id"]]
    here = truth[truth["frame"] == frames.min()] if len(frames) else truth[:0]
    if not len(here) or not (event["sigma_x0"] > 0 and event["sigma_y0"] > 0):
        return math.nan
    x, y = (float((event[f"{a}0"] - here[a][0]) / event[f"sigma_{a}0"]) for a in "xy")
    return math.hypot(x, y)
