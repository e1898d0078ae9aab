"""From frames, or from detections, to events."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from boostwatch import store
from boostwatch.errors import BadData
from boostwatch.pipeline.common import Progress, provenance, quiet
from boostwatch.pipeline.rehearsal import rehearsed
from boostwatch.pipeline.stepping import Stepping, event_tables
from boostwatch.records import EventTables
from boostwatch.settings import ChainSettings, read_toml

LONGEST_GAP = 1000
"""Most frames without detections that `track` steps through one by one."""
MOST_BANDS = 64
"""Most bands of a detection list; a tracker's memory grows with them."""


def detect(
    stack: str | Path,
    out: str | Path,
    *,
    settings: ChainSettings | None = None,
    dataset: str | None = None,
    threads: int = 1,
    command: str = "",
    on_progress: Progress = quiet,
) -> EventTables:
    """Run the warning chain on a frame stack and write its events.

    Parameters
    ----------
    stack : path-like
        Frame stack, version 1, or somebody else's HDF5.
    out : path-like
        The events file; an older one stays until the new one is whole.
    settings : ChainSettings, optional
        Defaults otherwise.
    dataset : str, optional
        HDF5 path of the frames in a foreign file.
    threads : int
        Threads of the detection kernels; the result does not depend on it.
    command : str
        Command line for the provenance.
    on_progress : callable
        See `Progress`.

    Returns
    -------
    EventTables
        What was written.
    """
    settings = settings or ChainSettings()
    store.check_output(out, [stack])
    with store.open_stack(stack, dataset=dataset) as reader, rehearsed(reader.dtype, settings.detect):
        chain = Stepping(reader, settings, threads=threads)
        for frame in reader.frames():
            chain.step(frame)
            on_progress("detecting", chain.frames, reader.shape[0])
        tables = chain.finish(provenance(stack, reader.sha256, settings, command))
    store.write_events(out, tables)
    return tables


def track(
    detections: str | Path,
    out: str | Path,
    *,
    settings: ChainSettings | None = None,
    command: str = "",
    on_progress: Progress = quiet,
) -> EventTables:
    """Follow a detection list from any detector and write events; positions on Earth stay unknown.

    Parameters
    ----------
    detections : path-like
        HDF5 with ``/detections``, CSV or NPZ with the same column names.
    out : path-like
        The events file.
    settings, command, on_progress
        As for `detect`.

    Returns
    -------
    EventTables
    """
    from boostwatch.track import Follower

    settings = settings or ChainSettings()
    store.check_output(out, [detections])
    rows, epoch = store.read_detections(detections)
    if len(rows) == 0:
        raise BadData("holds no detections", path=detections)
    rows = rows[np.argsort(rows["frame"], kind="stable")]
    frames, starts = np.unique(rows["frame"], return_index=True)
    times = rows["time_s"][starts]
    ends = np.append(starts[1:], len(rows))
    period = float(np.median(np.diff(times) / np.diff(frames))) if len(frames) > 1 else 1.0
    if not period > 0:
        raise BadData("time_s does not grow with frame", path=detections, found=period, allowed="increasing seconds")
    bands = int(rows["band"].max()) + 1
    if bands > MOST_BANDS:
        raise BadData("too many bands", path=detections, place="band", found=bands - 1, allowed=f"0..{MOST_BANDS - 1}")
    follower = Follower(settings, shape=None, frame_period_s=period, n_bands=bands)
    first, total = int(frames[0]), int(frames[-1]) - int(frames[0]) + 1
    stepped = 0
    for k, with_detections in enumerate(frames.tolist()):
        for f in (*_empty_between(int(frames[k - 1]) if k else with_detections, with_detections), with_detections):
            here = rows[starts[k] : ends[k]] if f == with_detections else rows[:0]
            time = times[k] if f == with_detections else np.interp(f, frames, times)
            follower.step(frame=f, time_s=float(time), detections=here)
            on_progress("tracking", f - first + 1, total)
            stepped += 1
    notes = ["detections from elsewhere: no registration, no pointing"]
    if stepped < total:
        notes.append(f"{total - stepped} frames without detections passed over in gaps of more than {LONGEST_GAP}")
    tables = event_tables(
        follower.finish(),
        [rows],
        [],
        epoch=epoch,
        provenance={
            **provenance(detections, store.sha256(detections), settings, command),
            "frames_read": total,
            "frames_flagged": "none",
            "notes": "; ".join(notes),
        },
    )
    store.write_events(out, tables)
    return tables


def _empty_between(before: int, after: int) -> Iterable[int]:
    """Return the frames without detections to step through between two with some.

    Of a long gap these are its beginning, which ends every track, and its last frame, which drops what outlived that.
    """
    if after - before - 1 <= LONGEST_GAP:
        return range(before + 1, after)
    return (*range(before + 1, before + LONGEST_GAP), after - 1)


def chain_settings(
    path: str | Path | None, *, false_alarms_per_mpx: float | None = None, mode: str | None = None
) -> ChainSettings:
    """Read the chain's settings from TOML (defaults without a path) and lay the command line's options over them."""
    settings = read_toml(path, ChainSettings) if path is not None else ChainSettings()
    over = {"false_alarms_per_mpx": false_alarms_per_mpx, "mode": mode}
    kept = {key: value for key, value in over.items() if value is not None}
    if not kept:
        return settings
    return settings.model_copy(update={"detect": settings.detect.model_copy(update=kept)})
