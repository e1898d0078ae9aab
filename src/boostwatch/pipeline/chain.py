"""From frames, or from detections, to events."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

import boostwatch
from boostwatch import records, store
from boostwatch.errors import BadData
from boostwatch.pipeline.common import Progress, file_named, quiet
from boostwatch.pipeline.rehearsal import rehearsed
from boostwatch.records import EventTables, Records
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
            shift = result.registration[0]
            follower.step(
                frame=frame.frame,
                time_s=frame.time_s,
                detections=result.detections,
                shift=(float(shift["dx"]), float(shift["dy"])),
                shift_sigma=float(shift["sigma"]),
                position_m=frame.position_m,
                attitude=frame.attitude,
                warming_up=bool(result.quality & records.QUALITY_BITS["warming_up"]),
                scene_map=result.scene_map,
            )
            found.append(result.detections)
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
    tables = _tables(
        follower.finish(),
        [rows],
        [],
        epoch=epoch,
        provenance={
            **_provenance(detections, store.sha256(detections), settings, command),
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
    path: str | Path | None, *, false_alarms_per_mpx: float | None = None, mode: str | None = None
) -> ChainSettings:
    """Read the chain's settings from TOML (defaults without a path) and lay the command line's options over them."""
    settings = read_toml(path, ChainSettings) if path is not None else ChainSettings()
    over = {"false_alarms_per_mpx": false_alarms_per_mpx, "mode": mode}
    kept = {key: value for key, value in over.items() if value is not None}
    if not kept:
        return settings
    return settings.model_copy(update={"detect": settings.detect.model_copy(update=kept)})
