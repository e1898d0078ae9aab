"""The sequence: scenario -> frames -> detections -> tracks -> events -> score. Opens the store; the wings never do."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import boostwatch
from boostwatch import records, store
from boostwatch.errors import BadData, UsageError
from boostwatch.parallel import ordered_map
from boostwatch.records import EventTables, Records
from boostwatch.settings import ChainSettings, read_toml

if TYPE_CHECKING:
    from boostwatch.assess.score import Score
    from boostwatch.scene.scenario import Scenario

LONGEST_GAP = 1000
"""Most frames without detections that `track` steps through one by one."""
MOST_BANDS = 64
"""Most bands of a detection list; a tracker's memory grows with them."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done, and how many there are."""


def _quiet(_stage: str, _done: int, _total: int) -> None:
    return


@contextmanager
def _file_named(path: str | Path | None) -> Iterator[None]:
    """Add the file's name to an error of a wing, which does not know it."""
    try:
        yield
    except BadData as error:
        if error.path is not None or path is None:
            raise
        raise BadData(error.message, path=path, place=error.place, found=error.found, allowed=error.allowed) from None


class Simulated(NamedTuple):
    """What `simulate` made."""

    path: Path
    shape: tuple[int, int, int, int]
    seed: int
    objects: Records


def simulate(
    scenario: Scenario,
    out: str | Path,
    *,
    base: str | Path = ".",
    seed: int | None = None,
    jobs: int = 1,
    created: str | None = None,
    on_progress: Progress = _quiet,
) -> Simulated:
    """Render a scenario into a labelled frame stack.

    Frames stream to disk, so memory does not grow with their number. The same scenario and seed give the same bytes for
    any ``jobs`` (the root attribute ``created`` aside).

    Parameters
    ----------
    scenario : boostwatch.scene.scenario.Scenario
        What to render.
    out : path-like
        The stack; an older file stays until the new one is whole.
    base : path-like
        Directory that the scenario's relative image names start from.
    seed : int, optional
        Replaces the scenario's root seed.
    jobs : int
        Frames rendered at a time.
    created : str, optional
        ISO 8601 time to write as creation time; now by default.
    on_progress : callable
        See `Progress`.

    Returns
    -------
    Simulated

    Raises
    ------
    boostwatch.errors.BoostwatchError
        With the exit code of the command line.
    """
    from boostwatch.scene.render import Renderer, image_names

    store.check_output(out, [Path(base) / name for name in image_names(scenario)])
    images = {name: store.read_array(Path(base) / name) for name in image_names(scenario)}
    on_progress("rendering", 0, 0)
    renderer = Renderer(scenario, images=images, seed=seed)
    count = renderer.n_frames
    with store.StackWriter(
        out,
        sensor=renderer.sensor,
        shape=(count, *renderer.shape),
        epoch=renderer.epoch,
        bad_pixels=renderer.bad_pixels,
        gain=renderer.gain,
        offset=renderer.offset,
        has_pointing=True,
        attitude_sigma_rad=renderer.attitude_sigma_rad,
        attitude_bias_sigma_rad=renderer.attitude_bias_sigma_rad,
        attitude_noise_sigma_rad=renderer.attitude_noise_sigma_rad,
        scenario_toml=scenario.to_toml(),
        seed=renderer.seed,
        created=created,
    ) as writer:
        for i, frame in enumerate(ordered_map(renderer.frame, range(count), jobs=jobs)):
            writer.append(
                frame.data,
                time_s=float(renderer.time_s[i]),
                frame_index=i,
                quality=frame.quality,
                position_m=renderer.position_m[i],
                attitude=renderer.attitude[i],
                samples=frame.samples,
            )
            on_progress("rendering", i + 1, count)
        writer.set_truth(renderer.objects, renderer.line_of_sight)
    return Simulated(Path(out), (count, *renderer.shape), renderer.seed, renderer.objects)


def check_scenario(path: str | Path) -> None:
    """Raise what `simulate` would about a scenario file, short of rendering it."""
    from boostwatch.scene.atmosphere import find_band
    from boostwatch.scene.scenario import ImageBackground, Scenario

    path = Path(path)
    scenario = read_toml(path, Scenario)
    if scenario.needs_atmosphere:
        for i, band in enumerate(scenario.sensor.bands):
            with _file_named(path):
                find_band(band.lower, band.upper, place=f"sensor.bands[{i}]")
    if isinstance(scenario.background, ImageBackground):
        store.read_array(path.parent / scenario.background.file)


def detect(
    stack: str | Path,
    out: str | Path,
    *,
    settings: ChainSettings | None = None,
    dataset: str | None = None,
    threads: int = 1,
    command: str = "",
    on_progress: Progress = _quiet,
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
    with store.open_stack(stack, dataset=dataset) as reader:
        count, bands, height, width = reader.shape
        with _file_named(stack):
            detector = make_detector(
                reader.sensor,
                (bands, height, width),
                settings.detect,
                bad_pixels=reader.bad_pixels,
                gain=reader.gain,
                offset=reader.offset,
                threads=threads,
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
                frame.data, frame=frame.frame, time_s=frame.time_s, frame_index=frame.frame_index, good=frame.good
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
    on_progress: Progress = _quiet,
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


def score(events: str | Path, truth: str | Path) -> Score:
    """Compare an events file with the truth of the stack it came from.

    Raises
    ------
    UsageError
        The stack carries no truth, or `detect` made the events from another one.
    """
    from boostwatch.assess.score import score as assess

    tables = store.read_events(events)
    with store.open_stack(truth) as reader:
        if reader.truth_objects is None or reader.truth_samples is None:
            raise UsageError("the stack carries no truth to score against", path=truth, allowed="a simulated stack")
        made_from = tables.provenance.get("input_sha256")
        if made_from and len(tables.registration) and made_from != reader.sha256:  # a list from elsewhere has no shifts
            found = str(tables.provenance.get("input", ""))
            raise UsageError("the events came from another stack", path=events, found=found, allowed=str(truth))
        return assess(
            tables,
            objects=reader.truth_objects,
            samples=reader.truth_samples,
            shape=reader.shape,
            frame_period_s=reader.sensor.frame_period_s,
        )


class Demo(NamedTuple):
    """What `demo` left behind."""

    stack: Path
    events: Path
    picture: Path | None
    tables: EventTables
    score: Score


def demo(
    directory: str | Path,
    *,
    seed: int | None = None,
    jobs: int = 2,
    picture: bool = True,
    command: str = "",
    on_progress: Progress = _quiet,
) -> Demo:
    """Render, detect, score and show the built-in two-launch scene.

    Parameters
    ----------
    directory : path-like
        Where ``demo.stack.h5``, ``demo.events.h5`` and ``demo.png`` go; made if it is not there.
    seed : int, optional
        Another root seed than the scenario's own.
    jobs : int
        Threads.
    picture : bool
        Draw ``demo.png``; needs matplotlib.
    command, on_progress
        As for `detect`.

    Returns
    -------
    Demo
    """
    from boostwatch.scene.library import builtin
    from boostwatch.scene.scenario import Scenario
    from boostwatch.settings import parse_toml

    place = Path(directory)
    store.make_directory(place)
    stack, events, png = place / "demo.stack.h5", place / "demo.events.h5", place / "demo.png"
    scenario = parse_toml(builtin("demo"), Scenario, name="demo.toml")
    simulate(scenario, stack, seed=seed, jobs=jobs, on_progress=on_progress)
    tables = detect(stack, events, threads=jobs, command=command, on_progress=on_progress)
    result = score(events, stack)
    if picture:
        on_progress("drawing", 0, 1)
        draw(events, stack, png)
        on_progress("drawing", 1, 1)
    return Demo(stack, events, png if picture else None, tables, result)


def draw(events: str | Path, stack: str | Path, out: str | Path) -> None:
    """Draw the scene with tracks, events and, where there is one, the truth, to a PNG file."""
    from boostwatch.assess.picture import scene_picture

    tables = store.read_events(events)
    with store.open_stack(stack) as reader:
        shown = _telling_frame(tables, reader.shape[0])
        frame = reader.read(shown)
        scene_picture(
            out,
            frames={band.name: frame.data[i] for i, band in enumerate(reader.sensor.bands)},
            tables=tables,
            objects=_or_none(reader.truth_objects, records.TRUTH_OBJECT),
            samples=_or_none(reader.truth_samples, records.TRUTH_SAMPLE),
            sensor=reader.sensor,
            position_m=frame.position_m,
            attitude=frame.attitude,
            epoch=reader.epoch,
            frame_index=shown,
        )


def _telling_frame(tables: EventTables, count: int) -> int:
    """Return the last of the frames that show the most launches at once, or the last frame where there is none."""
    launches = tables.events["track_id"][tables.events["kind"] == b"launch"]
    seen = tables.detections[np.isin(tables.detections["track_id"], launches)]
    once = np.unique(seen[["frame", "track_id"]])  # bands are one sighting
    number = np.bincount(once["frame"], minlength=count)
    return int(np.flatnonzero(number == number.max())[-1])


def _or_none(rows: Records | None, dtype: np.dtype[Any]) -> Records:
    return records.empty(dtype, 0) if rows is None else rows


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
