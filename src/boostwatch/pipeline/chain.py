"""From frames, or from detections, to events."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from boostwatch import store
from boostwatch.errors import UsageError
from boostwatch.pipeline.common import Progress, provenance, quiet, shown
from boostwatch.pipeline.rehearsal import rehearsed
from boostwatch.pipeline.shifts import Shifts
from boostwatch.pipeline.sightings import LONGEST_GAP, Said, Sightings, in_order
from boostwatch.pipeline.source import FrameSource
from boostwatch.pipeline.stepping import Stepping, event_tables
from boostwatch.records import DETECTION, EventTables, empty
from boostwatch.settings import ChainSettings, read_toml

if TYPE_CHECKING:
    from boostwatch.track import Follower


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
    store.check_output(out, [stack])
    with store.open_stack(stack, dataset=dataset) as reader:
        tables = detect_in(reader, settings=settings, threads=threads, command=command, on_progress=on_progress)
    store.write_events(out, tables)
    return tables


def detect_in(
    source: FrameSource,
    *,
    settings: ChainSettings | None = None,
    threads: int = 1,
    command: str = "",
    on_progress: Progress = quiet,
) -> EventTables:
    """Run the warning chain on frames, wherever they are; nothing is written. Parameters as of `detect`."""
    settings = settings or ChainSettings()
    with rehearsed(source.dtype, settings.detect):
        chain = Stepping(source, settings, threads=threads)
        for frame in source.frames():
            chain.step(frame)
            on_progress("detecting", chain.frames, source.shape[0])
        return chain.finish(provenance(source.path, source.sha256, settings, command))


def track(
    detections: str | Path,
    out: str | Path,
    *,
    settings: ChainSettings | None = None,
    stack: str | Path | None = None,
    frame_period_s: float | None = None,
    epoch: str | None = None,
    shape: tuple[int, int] | None = None,
    command: str = "",
    on_progress: Progress = quiet,
) -> EventTables:
    """Follow a detection list from any detector and write events.

    Parameters
    ----------
    detections : path-like
        HDF5 with ``/detections``, CSV, NPZ or NPY with the same column names. Shifts in ``/registration`` are used.
    out : path-like
        The events file.
    stack : path-like, optional
        The frames that the detections were found in. Their times, epoch, size, sensor and pointing are used, and
        events have positions on Earth.
    frame_period_s, epoch, shape : optional
        Seconds between frames, ISO 8601 UTC, and (rows, columns), where the list does not tell and there is no stack.
    settings, command, on_progress
        As for `detect`.

    Returns
    -------
    EventTables
    """
    said = Said(frame_period_s, epoch, shape)
    if stack is not None:
        _require_unsaid(said, stack)
    store.check_output(out, [detections] if stack is None else [detections, stack])
    given = store.read_detections(detections, on_progress=partial(on_progress, "reading"))
    with ExitStack() as opened:
        reader = None if stack is None else opened.enter_context(store.open_stack(stack))
        digest = store.sha256(given.path)
        tables = follow(given, said, reader, settings=settings, sha256=digest, command=command, on_progress=on_progress)
    store.write_events(out, tables)
    return tables


def _require_unsaid(said: Said, stack: str | Path) -> None:
    if said != Said():
        raise UsageError("the stack tells frame period, epoch and size", path=stack, allowed="--stack alone")


def follow(
    given: store.DetectionList,
    said: Said,
    reader: FrameSource | None = None,
    *,
    settings: ChainSettings | None = None,
    sha256: str = "",
    command: str = "",
    on_progress: Progress = quiet,
) -> EventTables:
    """Follow a detection list that was read, in the frames that it is of; nothing is written.

    Parameters
    ----------
    given : DetectionList
    said : Said
        What the user says of it; nothing where there are frames.
    reader : FrameSource, optional
        The frames.
    sha256 : str
        Of the file that the list was read from.
    settings, command, on_progress
        As for `detect`.

    Returns
    -------
    EventTables
    """
    from boostwatch.track import Follower

    settings = settings or ChainSettings()
    if reader is not None:
        _require_unsaid(said, reader.path)
    seen = in_order(given, said, reader)
    shifts = Shifts(given, seen.frames, reader)
    follower = Follower(
        settings,
        shape=seen.shape,
        frame_period_s=seen.period_s,
        n_bands=int(seen.rows["band"].max()) + 1 if reader is None else reader.shape[1],
        **shifts.follower,
    )
    left = 0
    for k, (frame, time_s, here) in enumerate(seen.of_frame()):
        left += _pass(follower, seen, k)
        follower.step(frame=frame, time_s=time_s, detections=here, **shifts.step(k, frame))
        on_progress("tracking", k + 1, len(seen.frames))
    if left:
        seen.notes.append(f"{left} frames without detections passed over in gaps of more than {LONGEST_GAP}")
    made_from = {"stack_sha256": given.stack_sha256} if given.stack_sha256 else {}
    if reader is not None:
        made_from = {"stack": shown(Path(reader.path).name), "stack_sha256": reader.sha256}
    return event_tables(
        follower.finish(),
        [seen.rows],
        [shifts.registration],
        epoch=seen.epoch,
        signal_unit=given.signal_unit,
        provenance={
            **provenance(given.path, sha256, settings, command),
            **made_from,
            "frames_read": seen.total,
            "frames_flagged": shifts.flagged,
            "notes": "; ".join(["detections from elsewhere", shifts.note, *seen.notes]),
        },
    )


def _pass(follower: Follower, seen: Sightings, k: int) -> int:
    """Go through the frames without detections before those of index ``k``; return how many were left out.

    They are stepped through while there is something to follow. All others change nothing but the density of false
    alarms, which `Follower.rest` tells; the last of a gap that is too long drops what outlived its beginning.
    """
    frames = seen.between(k)
    for n, frame in enumerate(frames):
        if follower.idle or n == LONGEST_GAP:
            break
        follower.step(frame=frame, time_s=seen.time_of(k, frame), detections=empty(DETECTION, 0))
    else:
        return 0
    if follower.idle:
        follower.rest(len(frames) - n)
        return 0
    follower.rest(len(frames) - n - 1)
    last = frames[-1]
    follower.step(frame=last, time_s=seen.time_of(k, last), detections=empty(DETECTION, 0))
    return len(frames) - n - 1


def chain_settings(
    given: str | Path | ChainSettings | None,
    *,
    false_alarms_per_mpx: float | None = None,
    mode: str | None = None,
    false_tracks_per_hour: float | None = None,
) -> ChainSettings:
    """Read the chain's settings from TOML (defaults if there is nothing given) and lay single ones over them."""
    settings = given if isinstance(given, ChainSettings) else ChainSettings()
    if isinstance(given, str | Path):
        settings = read_toml(given, ChainSettings)
    over: dict[str, dict[str, object]] = {
        "detect": {"false_alarms_per_mpx": false_alarms_per_mpx, "mode": mode},
        "track": {"false_tracks_per_hour": false_tracks_per_hour},
    }
    kept = {room: {key: value for key, value in more.items() if value is not None} for room, more in over.items()}
    return settings.model_copy(
        update={room: getattr(settings, room).model_copy(update=more) for room, more in kept.items() if more}
    )
