"""The report: one HTML file with a map, frames, light curves, tables and, where there is truth, the score.

`report_page` is all that others call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from boostwatch.assess.report import findings, pictures, places, steps
from boostwatch.assess.report.footage import Footage
from boostwatch.assess.report.pack import digits, text
from boostwatch.assess.report.page import assemble
from boostwatch.assess.report.provenance import provenance
from boostwatch.assess.report.truth import score_of, truth_of
from boostwatch.assess.score import Score
from boostwatch.geometry import utc_after
from boostwatch.records import EventTables, Records
from boostwatch.version import __version__

__all__ = ["MOST_BYTES", "Footage", "report_page"]

MOST_BYTES = 3_000_000
"""Of the page as UTF-8."""
PICTURE_BYTES = 2_200_000
"""Most that pictures of frames take of it."""


def report_page(
    tables: EventTables,
    *,
    name: str,
    created: str,
    footage: Footage | None = None,
    score: Score | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> str:
    """Return the report of a run.

    Parameters
    ----------
    tables : EventTables
        The run. Nothing in it is trusted.
    name : str
        Of the events file.
    created : str
        ISO 8601 UTC time of the report.
    footage : Footage, optional
        The stack that the events came from; without it the page has no pictures, no ground tracks, no W/sr.
    score : Score, optional
        Where there is truth.
    on_progress : callable
        Takes frames done and in all.

    Returns
    -------
    str
        An HTML document of less than `MOST_BYTES`, whatever the run.
    """
    events = findings.kept_events(tables)
    tracks = findings.kept_tracks(tables, events)
    bands = _bands(tables, footage)
    drawn = findings.drawn_tracks(tracks, events, len(bands))
    payload: dict[str, Any] = {
        "title": f"{text(name, 80)}: Boostwatch report", "name": text(name), "epoch": utc_after(tables.epoch, 0.0),
        "created": created, "version": __version__, "span": steps.time_span(tables),
        "kinds": findings.kinds_seen(events, tracks), "counts": _counts(tables, events, tracks),
        "events": findings.event_table(events), "tracks": findings.track_table(tables, tracks),
        "curves": findings.light_curves(tables, drawn), "paths": findings.paths(tables, drawn),
        "per_electron": places.intensity_per_electron(tables, events, footage), "bands": bands,
        "map": places.map_of(tables, events, drawn, footage), "plane": steps.focal_plane(tables, footage),
        "truth": truth_of(tables, footage, score), "score": score_of(score), "provenance": provenance(tables, footage),
    }  # fmt: skip
    if footage is None:
        shown: dict[str, Any] = {"frames": steps.steps_without_stack(tables), "images": None}
    else:
        shown = _pictures(tables, footage, payload, on_progress)
    return assemble({**payload, "frames": {**shown, **steps.at_steps(tables, footage, shown["frames"])}})


def _pictures(
    tables: EventTables, footage: Footage, payload: dict[str, Any], on_progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """Return as many frames as there is room for beside the rest of the page."""
    count = footage.shape[0]
    order = pictures.telling_frames(tables, count)[: pictures.MOST_FRAMES]
    rest = assemble({**payload, "frames": steps.at_steps(tables, footage, order.tolist())})
    room = MOST_BYTES - len(rest.encode("utf-8")) - 5_000
    return pictures.frame_pictures(
        footage, order, steps.scene_shift(tables, np.arange(count)), budget=min(PICTURE_BYTES, room),
        on_progress=on_progress,
    )  # fmt: skip


def _bands(tables: EventTables, footage: Footage | None) -> list[dict[str, Any]]:
    if footage is not None:
        named = footage.sensor.bands
        return [
            {
                "name": text(b.name, 20), "lower_um": digits(b.lower_um), "upper_um": digits(b.upper_um),
                "unit": tables.signal_unit or b.signal_unit,
            }
            for b in named
        ]  # fmt: skip
    count = int(tables.detections["band"].max(initial=0)) + 1
    unknown = {"lower_um": None, "upper_um": None, "unit": tables.signal_unit}
    return [{"name": f"band {i}", **unknown} for i in range(min(count, 64))]


def _counts(tables: EventTables, events: Records, tracks: Records) -> dict[str, int]:
    return {
        "events": len(tables.events), "events_shown": len(events), "tracks": len(tables.tracks),
        "tracks_shown": len(tracks), "detections": len(tables.detections),
        "launches": int((tables.events["kind"] == b"launch").sum()),
    }  # fmt: skip
