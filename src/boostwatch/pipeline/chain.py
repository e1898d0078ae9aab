"""From frames, or from detections, to events."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np

import boostwatch
from boostwatch import records, store
from boostwatch.errors import UsageError
from boostwatch.pipeline.common import Progress, file_named, quiet, row_times
from boostwatch.pipeline.rehearsal import rehearsed
from boostwatch.pipeline.shifts import Shifts
from boostwatch.pipeline.sightings import Said, in_order
from boostwatch.records import EventTables, Records
from boostwatch.settings import ChainSettings, read_toml


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
    from boostwatch.detect import make_detector
    from boostwatch.track import Follower

    settings = settings or ChainSettings()
    store.check_output(out, [stack])
    with store.open_stack(stack, dataset=dataset) as reader, rehearsed(reader.dtype, settings.detect):
        count, bands, height, width = reader.shape
        with file_named(stack):
            detector = make_detector(
                reader.sensor,
                (bands, height, width),
                settings.detect,
                bad_pixels=reader.bad_pixels,
                gain=reader.gain,
                offset=reader.offset,
                threads=threads,
                pointing_noise_rad=reader.attitude_noise_sigma_rad,
            )
        follower = Follower(
            settings,
            shape=(height, width),
            frame_period_s=reader.sensor.frame_period_s,
            sensor=reader.sensor,
            n_bands=bands,
            pointing_bias_sigma_rad=reader.attitude_bias_sigma_rad,
            pointing_noise_sigma_rad=reader.attitude_noise_sigma_rad,
        )
        found: list[Records] = []
        shifts: list[Records] = []
        rejected: Counter[str] = Counter()
        for frame in reader.frames():
            result = detector.process(
                frame.data,
                frame=frame.frame,
                time_s=frame.time_s,
                frame_index=frame.frame_index,
                good=frame.good,
                position_m=frame.position_m,
                attitude=frame.attitude,
            )
            detections = row_times(result.detections, reader.row_time(frame.frame))
            shift = result.registration[0]
            follower.step(
                frame=frame.frame,
                time_s=frame.time_s,
                detections=detections,
                shift=(float(shift["dx"]), float(shift["dy"])),
                shift_sigma=float(shift["sigma"]),
                position_m=frame.position_m,
                attitude=frame.attitude,
                warming_up=bool(result.quality & records.QUALITY_BITS["warming_up"]),
                scene_map=result.scene_map,
            )
            found.append(detections)
            shifts.append(result.registration)
            rejected.update(name for name, bit in records.QUALITY_BITS.items() if result.quality & bit)
            on_progress("detecting", frame.frame + 1, count)
        notes = [*reader.notes, *detector.notes]
        tables = _tables(
            follower.finish(),
            found,
            shifts,
            epoch=reader.epoch,
            provenance={
                **_provenance(stack, reader.sha256, settings, command),
                "frames_read": count,
                "frames_flagged": ", ".join(f"{n} {name}" for name, n in sorted(rejected.items())) or "none",
                "notes": "; ".join(notes) or "none",
            },
        )
    store.write_events(out, tables)
    return tables


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
    settings = settings or ChainSettings()
    said = Said(frame_period_s, epoch, shape)
    if stack is not None and said != Said():
        raise UsageError("the stack tells frame period, epoch and size", path=stack, allowed="--stack alone")
    store.check_output(out, [detections] if stack is None else [detections, stack])
    given = store.read_detections(detections, on_progress=partial(on_progress, "reading"))
    with ExitStack() as opened:
        reader = None if stack is None else opened.enter_context(store.open_stack(stack))
        tables = _follow(given, said, reader, settings, command, on_progress)
    store.write_events(out, tables)
    return tables


def _follow(
    given: store.DetectionList,
    said: Said,
    reader: store.StackReader | None,
    settings: ChainSettings,
    command: str,
    on_progress: Progress,
) -> EventTables:
    from boostwatch.track import Follower

    seen = in_order(given, said, reader)
    shifts = Shifts(given, seen.frames, reader)
    follower = Follower(
        settings,
        shape=seen.shape,
        frame_period_s=seen.period_s,
        n_bands=int(seen.rows["band"].max()) + 1 if reader is None else reader.shape[1],
        **shifts.follower,
    )
    for k, (frame, time_s, here) in enumerate(seen.of_frame()):
        follower.step(frame=frame, time_s=time_s, detections=here, **shifts.step(k, frame))
        on_progress("tracking", k + 1, len(seen.frames))
    made_from = {"stack_sha256": given.stack_sha256} if given.stack_sha256 else {}
    if reader is not None:
        made_from = {"stack": _shown(Path(reader.path).name), "stack_sha256": reader.sha256}
    return _tables(
        follower.finish(),
        [seen.rows],
        [shifts.registration],
        epoch=seen.epoch,
        provenance={
            **_provenance(given.path, store.sha256(given.path), settings, command),
            **made_from,
            "frames_read": seen.total,
            "frames_flagged": shifts.flagged,
            "notes": "; ".join(["detections from elsewhere", shifts.note, *seen.notes]),
        },
    )


def _tables(
    followed: tuple[Records, Records, Records, Records],
    found: Iterable[Records],
    shifts: Iterable[Records],
    *,
    epoch: str,
    provenance: dict[str, str | int | float],
) -> EventTables:
    ids, tracks, points, events = followed
    detections = np.concatenate([records.empty(records.DETECTION, 0), *found])
    detections["track_id"] = ids
    registration = np.concatenate([records.empty(records.REGISTRATION, 0), *shifts])
    return EventTables(epoch, detections, tracks, points, events, registration, provenance)


def _provenance(path: str | Path, sha256: str, settings: ChainSettings, command: str) -> dict[str, str | int | float]:
    import h5py
    import numba

    return {
        "input": _shown(Path(path).name),
        "input_sha256": sha256,
        "settings": settings.to_toml(),
        "versions": f"boostwatch {boostwatch.__version__}, python {sys.version.split()[0]}, numpy {np.__version__}, "
        f"numba {numba.__version__}, h5py {h5py.__version__}",
        "command": _shown(command),
    }


def _shown(text: str) -> str:
    """Return a name as text that a file can hold: bytes that are not UTF-8 become hexadecimal escapes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def chain_settings(
    path: str | Path | None,
    *,
    false_alarms_per_mpx: float | None = None,
    mode: str | None = None,
    false_tracks_per_hour: float | None = None,
) -> ChainSettings:
    """Read the chain's settings from TOML (defaults without a path) and lay the command line's options over them."""
    settings = read_toml(path, ChainSettings) if path is not None else ChainSettings()
    over: dict[str, dict[str, object]] = {
        "detect": {"false_alarms_per_mpx": false_alarms_per_mpx, "mode": mode},
        "track": {"false_tracks_per_hour": false_tracks_per_hour},
    }
    kept = {room: {key: value for key, value in more.items() if value is not None} for room, more in over.items()}
    return settings.model_copy(
        update={room: getattr(settings, room).model_copy(update=more) for room, more in kept.items() if more}
    )
