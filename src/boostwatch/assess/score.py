"""What the warning chain found against what was there."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, chdtri

from boostwatch.assess import match
from boostwatch.assess.launches import launch_rows
from boostwatch.assess.limits import clairvoyant_pd
from boostwatch.assess.metrics import metrics
from boostwatch.assess.table import Section, sections
from boostwatch.records import EventTables, Records

Row = dict[str, Any]
"""Column name, unit at its end, to value; what is unknown is NaN or None."""

SNR_EDGES = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 30.0, math.inf)
VISIBLE_SNR = 6.0
"""From this truth ``snr`` in any band on, an object is due: latency counts from here, and a miss is a miss."""


@dataclass
class Score:
    """Everything the assessor has to say about one run.

    Attributes
    ----------
    detection : list of dict
        Detection probability by truth-``snr`` bin, all bands (``band`` -1) and each.
    false_alarms : dict
        False detections, false tracks and false launch events, with Poisson intervals.
    objects, launches : list of dict
        One row an object of the truth; one row a launch.
    gospa : dict
        GOSPA and OSPA, means over frames.
    confusion : dict of dict
        Truth kind to event kind to count; ``none`` as a truth kind holds events without an object.
    """

    detection: list[Row] = field(default_factory=list)
    false_alarms: Row = field(default_factory=dict)
    objects: list[Row] = field(default_factory=list)
    launches: list[Row] = field(default_factory=list)
    gospa: Row = field(default_factory=dict)
    confusion: dict[str, dict[str, int]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as what JSON knows: units in the names, NaN and infinity as None."""
        out: dict[str, Any] = _plain(vars(self))
        return out

    def metrics(self) -> dict[str, float]:
        """Return the figures that thresholds are asked of, see `boostwatch.assess.metrics`."""
        return metrics(vars(self))

    def table(self) -> list[Section]:
        """Return the same for the eye: titled tables of text, units in their heads."""
        return sections(vars(self))


def binomial_interval(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of a probability (Biometrika 26, 1934); 0 to 1 without a trial."""
    tail = 0.5 * (1 - level)
    low = float(betaincinv(hits, trials - hits + 1, tail)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, trials - hits, 1 - tail)) if hits < trials else 1.0
    return low, high


def poisson_interval(count: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a Poisson mean (Garwood, Biometrika 28, 1936)."""
    tail = 0.5 * (1 - level)
    low = 0.5 * float(chdtri(2 * count, 1 - tail)) if count > 0 else 0.0
    return low, 0.5 * float(chdtri(2 * count + 2, tail))


def score(
    tables: EventTables,
    *,
    objects: Records,
    samples: Records,
    shape: tuple[int, int, int, int],
    frame_period_s: float,
    gate_px: float = 3.0,
) -> Score:
    """Compare one run of the warning chain with the truth of its stack.

    Parameters
    ----------
    tables : EventTables
        The run.
    objects, samples : structured arrays
        ``TRUTH_OBJECT`` and ``TRUTH_SAMPLE``.
    shape : tuple
        (time, band, y, x) of the stack.
    frame_period_s : float
        Used for frames that the registration table does not time, and for rates an hour.
    gate_px : float
        Furthest apart that a finding and its truth may lie, px.

    Returns
    -------
    Score
    """
    times = frame_times(tables, shape[0], frame_period_s)
    working = working_frames(tables, shape[0])
    truth = match.places(samples)
    tracked = match.match_tracks(tables, truth, gate_px)
    event_object = match.match_events(tables, tracked, truth, times, gate_px)
    background = {int(i) for i in truth["object_id"][truth["frame"] == 0]}
    detected = match.match_detections(tables.detections, samples, gate_px)
    alarms = _false_alarms(tables, detected, tracked, event_object, objects, shape, working, frame_period_s)
    rows = [_object_row(o, tables, truth, tracked, event_object, times, background) for o in objects]
    return Score(
        detection=_detection_rows(samples, detected, working, background, alarms["per_pixel"], shape[1]),
        false_alarms=alarms,
        objects=rows,
        launches=launch_rows(tables.events, event_object, objects, samples, rows),
        gospa=_gospa(tables, truth, tracked, background, shape[0], working),
        confusion=_confusion(rows, tables.events, event_object),
    )


def frame_times(tables: EventTables, count: int, frame_period_s: float) -> NDArray[np.float64]:
    """Return the time of each frame, s: from the registration table, else by the period."""
    times: NDArray[np.float64] = np.arange(count, dtype=np.float64) * frame_period_s
    known = tables.registration[(tables.registration["frame"] >= 0) & (tables.registration["frame"] < count)]
    times[known["frame"]] = known["time_s"]
    return times


def working_frames(tables: EventTables, count: int) -> NDArray[np.bool_]:
    """Return which frames could yield detections: those of good quality; all where there is no registration table."""
    if not len(tables.registration):
        return np.ones(count, bool)
    good = np.zeros(count, bool)
    known = tables.registration[(tables.registration["frame"] >= 0) & (tables.registration["frame"] < count)]
    good[known["frame"]] = known["quality"] == 0
    return good


def _detection_rows(
    samples: Records,
    found: match.DetectionMatch,
    working: NDArray[np.bool_],
    background: set[int],
    pfa: float,
    bands: int,
) -> list[Row]:
    fair = working[np.clip(samples["frame"], 0, len(working) - 1)] & ~np.isin(samples["object_id"], list(background))
    fair &= samples["snr"] > 0
    rows = []
    for band in [-1, *range(bands)]:
        for low, high in itertools.pairwise(SNR_EDGES):
            mine = fair & (samples["snr"] >= low) & (samples["snr"] < high)
            mine &= (samples["band"] == band) | (band < 0)
            trials, hits = int(mine.sum()), int((found.sample_detection[mine] >= 0).sum())
            if not trials:
                continue
            interval = binomial_interval(hits, trials)
            rows.append({
                "band": band, "snr_from": low, "snr_to": high, "samples": trials, "detected": hits,
                "probability": hits / trials, "probability_low_95": interval[0], "probability_high_95": interval[1],
                "clairvoyant_probability": float(clairvoyant_pd(samples["snr"][mine], pfa).mean()),
            })  # fmt: skip
    return rows


def _rate(count: int, exposure: float) -> tuple[float, float, float]:
    if exposure <= 0:
        return math.nan, math.nan, math.nan
    low, high = poisson_interval(count)
    return count / exposure, low / exposure, high / exposure


def _false_alarms(
    tables: EventTables, detected: match.DetectionMatch, tracked: match.TrackMatch, event_object: NDArray[np.int64],
    objects: Records, shape: tuple[int, int, int, int], working: NDArray[np.bool_], frame_period_s: float,
) -> Row:  # fmt: skip
    frames = np.clip(tables.detections["frame"], 0, shape[0] - 1)
    false = int(((detected.detection_object < 0) & working[frames]).sum())
    pixels = float(working.sum()) * shape[1] * shape[2] * shape[3]
    hours = shape[0] * frame_period_s / 3600
    tracks = sum(o < 0 for o in tracked.track_object.values())
    launched = {int(o["object_id"]) for o in objects if o["kind"] == b"launch"}
    is_launch = tables.events["kind"] == b"launch"
    events = int(sum(int(o) not in launched for o in event_object[is_launch]))
    row: Row = {"band_frames": int(working.sum()) * shape[1], "megapixels": pixels / 1e6, "hours": hours}
    row["per_pixel"] = max(false, 0.5) / pixels if pixels else math.nan  # half a count where there was none
    for name, count, exposure, per in [
        ("false_detections", false, pixels / 1e6, "per_mpx"),
        ("false_detections", false, hours, "per_hour"),
        ("false_tracks", tracks, hours, "per_hour"),
        ("false_launches", events, hours, "per_hour"),
    ]:
        rate, low, high = _rate(count, exposure)
        row |= {name: count, f"{name}_{per}": rate, f"{name}_{per}_low_95": low, f"{name}_{per}_high_95": high}
    return row


def _object_row(
    thing: Any, tables: EventTables, truth: Records, tracked: match.TrackMatch,
    event_object: NDArray[np.int64], times: NDArray[np.float64], background: set[int],
) -> Row:  # fmt: skip
    me, kind = int(thing["object_id"]), thing["kind"].decode("utf-8", "replace")
    mine = truth[truth["object_id"] == me]
    due = mine["frame"][mine["snr"] >= VISIBLE_SNR]
    visible_s = float(times[due[0]]) if len(due) and due[0] < len(times) else math.nan
    ids = sorted(track for track, owner in tracked.track_object.items() if owner == me)
    on_me = (tracked.point_object == me) & np.isin(tables.track_points["track_id"], ids)
    covered = np.isin(due, tables.track_points["frame"][on_me])
    confirmed = tables.tracks["confirmed_time_s"][np.isin(tables.tracks["track_id"], ids)]
    events = np.flatnonzero(event_object == me)
    best = _best_event(tables.events, events, kind)
    if not len(mine):
        outcome = "out of view"
    elif best is not None:
        outcome = "found"
    elif ids:
        outcome = "tracked"
    else:
        outcome = "background" if me in background else "missed"
    return {
        "object_id": me, "name": thing["name"].decode("utf-8", "replace"), "kind": kind, "outcome": outcome,
        "peak_snr": float(mine["snr"].max()) if len(mine) else math.nan, "frames": len(mine),
        "frames_visible": len(due),
        "visible_time_s": visible_s, "track_ids": ids, "fragments": len(ids),
        "completeness": float(covered.mean()) if len(due) else math.nan,
        "purity": max((tracked.purity[i] for i in ids), default=math.nan),
        "confirmed_after_s": float(confirmed.min()) - visible_s if len(confirmed) else math.nan,
        "declared_after_s": float(tables.events["declared_time_s"][best]) - visible_s if best is not None else math.nan,
        "event_id": int(tables.events["event_id"][best]) if best is not None else None,
        "event_kind": tables.events["kind"][best].decode("utf-8", "replace") if best is not None else None,
        "event_probability": float(tables.events["probability"][best]) if best is not None else math.nan,
        "extra_events": max(len(events) - 1, 0),
    }  # fmt: skip


def _best_event(events: Records, mine: NDArray[np.int64], kind: str) -> int | None:
    """Of an object's events, the earliest declared of its own kind, else the earliest declared."""
    if not len(mine):
        return None
    right = mine[events["kind"][mine] == kind.encode()]
    mine = right if len(right) else mine
    return int(mine[np.argsort(events["declared_time_s"][mine], kind="stable")[0]])


def _gospa(
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


def _confusion(rows: list[Row], events: Records, event_object: NDArray[np.int64]) -> dict[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = {}

    def count(true: str, called: str) -> None:
        line = table.setdefault(true, {})
        line[called] = line.get(called, 0) + 1

    for row in rows:
        if row["outcome"] != "out of view":
            undeclared = "missed" if row["outcome"] == "tracked" else row["outcome"]
            count(row["kind"], row["event_kind"] or undeclared)
    for i in np.flatnonzero(event_object < 0):
        count("none", events["kind"][i].decode("utf-8", "replace"))
    return table


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
