"""What the chain said, as the page wants it: tables, light curves, paths on the focal plane."""

from __future__ import annotations

from typing import Any

import numpy as np

from boostwatch.assess.report.pack import figures, numbers, rows, spread, text
from boostwatch.assess.report.steps import scene_shift
from boostwatch.assess.style import kind_of_track
from boostwatch.records import EVENT, KINDS, TRACK, EventTables, Records, unit_of

MOST_EVENTS, MOST_TRACKS = 2000, 3000
"""Rows of the tables; launches and the likeliest first."""
MOST_CURVES = 6000
"""Light curves, one a track and band."""
CURVE_POINTS, PATH_POINTS = 24_000, 16_000
"""Of all light curves and all paths together."""
TRACK_COLUMNS = tuple(n for n in TRACK.names or () if n not in ("start", "count"))

Row = dict[str, Any]


def kept_events(tables: EventTables) -> Records:
    """Return the events that the page shows, by time: all, or where there are too many the likeliest launches."""
    events = tables.events
    order = np.lexsort((-np.nan_to_num(events["probability"]), -np.nan_to_num(events["p_launch"], nan=-1.0)))
    kept = events[np.sort(order[:MOST_EVENTS])]
    return kept[np.argsort(kept["first_time_s"], kind="stable")]


def kept_tracks(tables: EventTables, events: Records) -> Records:
    """Return the tracks that the table lists: those of events first, then the best scored."""
    tracks = tables.tracks
    own = np.isin(tracks["track_id"], events["track_id"])
    order = np.lexsort((-np.nan_to_num(tracks["score"], nan=-1e30), ~own))
    return tracks[order[:MOST_TRACKS]]


def drawn_tracks(tracks: Records, events: Records, bands: int) -> Records:
    """Return which of `kept_tracks` are drawn: those of events and those that were confirmed, so many as fit."""
    drawn = np.isin(tracks["track_id"], events["track_id"]) | np.isfinite(tracks["confirmed_time_s"])
    out: Records = tracks[drawn][: max(MOST_CURVES // max(bands, 1), 1)]
    return out


def points_of(track: Any) -> slice:
    """Return where the points of a track are; the file's word is not taken for numbers below 0."""
    start = max(int(track["start"]), 0)
    return slice(start, start + max(int(track["count"]), 0))


def event_table(events: Records) -> Row:
    """Return the events' columns, units and rows."""
    return _table(events, EVENT.names or ())


def track_table(tables: EventTables, tracks: Records) -> Row:
    """Return the tracks' columns, units and rows; a track is called what its event is called."""
    named = tracks.copy()
    for track in named:
        track["kind"] = kind_of_track(tables, track).encode()
    return _table(named, TRACK_COLUMNS)


def _table(records: Records, columns: tuple[str, ...]) -> Row:
    return {"columns": list(columns), "units": [unit_of(c) for c in columns], "rows": rows(records, columns)}


def light_curves(tables: EventTables, tracks: Records) -> dict[str, list[Row]]:
    """Return the detections of each track by band, thinned evenly where there are many.

    Returns
    -------
    dict
        Track number to one entry a band: ``band``, ``t`` (s), ``e`` (electrons), ``s`` (their sigma), ``q`` (snr),
        ``of`` (how many there were before the thinning).
    """
    ours = tables.detections[np.isin(tables.detections["track_id"], tracks["track_id"])]
    ours = ours[np.lexsort((ours["time_s"], ours["band"], ours["track_id"]))]
    keys, starts = np.unique(ours[["track_id", "band"]], return_index=True)
    most = max(CURVE_POINTS // max(len(keys), 1), 4)
    out: dict[str, list[Row]] = {}
    for key, start, stop in zip(keys, starts, [*starts, len(ours)][1:], strict=True):
        mine = ours[start:stop]
        kept = mine[spread(len(mine), most)]
        out.setdefault(str(int(key["track_id"])), []).append({
            "band": int(key["band"]), "t": numbers(kept["time_s"], 2), "e": figures(kept["signal_e"]),
            "s": figures(kept["signal_sigma_e"], 3), "q": figures(kept["snr"], 3), "of": len(mine),
        })  # fmt: skip
    return out


def paths(tables: EventTables, tracks: Records) -> dict[str, Row]:
    """Return the way of each track through the scene: ``f`` frames, ``x``, ``y`` px without the scene's shift."""
    most = max(PATH_POINTS // max(len(tracks), 1), 4)
    shift = scene_shift(tables, tables.track_points["frame"])
    out = {}
    for track in tracks:
        mine = tables.track_points[points_of(track)]
        if len(mine):
            few = spread(len(mine), most)
            kept, off = mine[few], shift[points_of(track)][few]
            out[str(int(track["track_id"]))] = {
                "f": kept["frame"].tolist(), "x": numbers(kept["x"] - off[:, 0], 1),
                "y": numbers(kept["y"] - off[:, 1], 1),
            }  # fmt: skip
    return out


def kinds_seen(*tables: Records) -> list[str]:
    """Return the kinds that occur, those of the format first and in its order."""
    seen = {text(kind) for table in tables for kind in np.unique(table["kind"])}
    return [k for k in KINDS if k in seen] + sorted(seen - set(KINDS) - {""})
