"""The functions of the face: files or objects in, objects out, the chain's own results in between."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Unpack

import numpy as np

from boostwatch import pipeline, store
from boostwatch.errors import UsageError
from boostwatch.face.events import Events
from boostwatch.face.progress import as_progress
from boostwatch.face.scored import Score
from boostwatch.face.stack import Stack
from boostwatch.face.tables import columns_in, signal_unit_in
from boostwatch.pipeline import ArrayFrames, Figures, FrameSource, Progress, Said, Simulation, frames_of_simulation
from boostwatch.records import EventTables
from boostwatch.settings import ChainSettings, parse_model

PathLike = str | os.PathLike[str]
Settings = ChainSettings | Mapping[str, Any] | PathLike
Frames = PathLike | Stack | Simulation


def open_stack(path: PathLike, *, dataset: str | None = None) -> Stack:
    """Open a frame stack; frames are read when they are asked for.

    Parameters
    ----------
    path : path-like
        A stack of Boostwatch, or another HDF5 file with frames in it. It is not trusted, and looked through before a
        byte of data is read.
    dataset : str, optional
        Where the frames lie in a file of another format.

    Returns
    -------
    Stack
        A context manager.

    Raises
    ------
    NoInput, BadData, UsageError
        No such file; not HDF5, damaged or no stack; no such dataset.

    Examples
    --------
    >>> with boostwatch.open_stack("demo.stack.h5") as stack:  # doctest: +SKIP
    ...     image, when = stack[100, "MWIR"], stack.times[100]
    """
    return Stack(store.open_stack(_path(path, "path"), dataset=dataset))


def open_events(path: PathLike) -> Events:
    """Read an events file.

    Parameters
    ----------
    path : path-like
        It is not trusted.

    Returns
    -------
    Events

    Raises
    ------
    NoInput, BadData
        No such file; no events file, or damaged.

    Examples
    --------
    >>> boostwatch.open_events("demo.events.h5").launches  # doctest: +SKIP
    """
    return Events(store.read_events(_path(path, "path")), os.path.basename(os.fspath(path)))


def detect(
    frames: Frames | Any,
    *,
    settings: Settings | None = None,
    false_alarms_per_mpx: float | None = None,
    mode: str | None = None,
    false_tracks_per_hour: float | None = None,
    dataset: str | None = None,
    jobs: int | None = None,
    output: PathLike | None = None,
    progress: bool | Progress = False,
    **figures: Unpack[Figures],
) -> Events:
    """Find plumes in frames, follow them, and make launch events: the command ``boostwatch detect``.

    Parameters
    ----------
    frames : path-like, Stack, Simulation or array_like (T, H, W) or (T, B, H, W)
        A file, an opened stack, what `boostwatch.simulate` made, or digital numbers. NaN pixels are no measurement.
    settings : ChainSettings, mapping or path-like, optional
        Of the chain: an object, the keys of a settings file, or one in TOML. Defaults otherwise.
    false_alarms_per_mpx : float, optional
        False detections per million pixels of one band of one frame; laid over the settings, as are the next two.
    mode : {"temporal", "single"}, optional
        Temporal chain, or every frame by itself.
    false_tracks_per_hour : float, optional
        Confirmed tracks of nothing, 1/h.
    dataset : str, optional
        Where the frames lie in a file of another format; of a path only.
    jobs : int, optional
        Threads; all cores by default. The result does not depend on it.
    output : path-like, optional
        An events file to write as well; an older one stays until it is whole.
    progress : bool or callable
        True: a line on stderr; else called with stage, steps done and steps in all.
    **figures
        Of an array only: ``sensor``, or ``frame_period_s``, ``ifov_rad``, ``psf_sigma_px``, ``gain_e_per_dn``,
        ``read_noise_e``, ``bands``; ``time_s``, ``epoch``, ``bad_pixels``, ``position_m``, ``attitude``. See
        `boostwatch.pipeline.ArrayFrames`. Without a place of the platform and ``ifov_rad`` events have no place on
        Earth.

    Returns
    -------
    Events
        The tables are byte for byte those that the command line writes for the same frames and settings.

    Raises
    ------
    BoostwatchError
        An input is missing, damaged or does not fit; a setting is not allowed; the output cannot be written.

    Examples
    --------
    >>> run = boostwatch.simulate("demo")  # doctest: +SKIP
    >>> events = boostwatch.detect(run, false_alarms_per_mpx=5)  # doctest: +SKIP
    >>> events = boostwatch.detect(cube, frame_period_s=0.5, psf_sigma_px=0.8)  # doctest: +SKIP
    """
    chain = _settings(
        settings,
        {"detect": {"false_alarms_per_mpx": false_alarms_per_mpx, "mode": mode},
         "track": {"false_tracks_per_hour": false_tracks_per_hour}},
    )  # fmt: skip
    _check_output(output, frames, settings)
    with _opened(frames, dataset, figures) as source:
        tables = pipeline.detect_in(source, settings=chain, threads=_threads(jobs), on_progress=as_progress(progress))
        return _made(tables, output, os.path.basename(source.path))


def track(
    detections: PathLike | Any,
    *,
    stack: Frames | None = None,
    frame_period_s: float | None = None,
    epoch: str | None = None,
    shape: tuple[int, int] | None = None,
    settings: Settings | None = None,
    false_tracks_per_hour: float | None = None,
    output: PathLike | None = None,
    progress: bool | Progress = False,
) -> Events:
    """Follow detections of any detector and make events: the command ``boostwatch track``.

    Parameters
    ----------
    detections : path-like, structured array, mapping of arrays, DataFrame, astropy Table or Events
        With columns ``x``, ``y`` (px) and ``frame`` or ``time_s``, and what else there is (docs/formats.md, "What
        `track` takes"). Of a QTable the column ``time`` of instants will do. Shifts of an events file are used.
    stack : path-like, Stack or Simulation, optional
        The frames that they were found in: times, epoch, size, sensor and pointing, so that events have a place.
    frame_period_s : float, optional
        Seconds between frames, where the list does not tell and there is no stack; 1 by default.
    epoch : str, optional
        ISO 8601 UTC from which times count, likewise.
    shape : tuple of int, optional
        Rows and columns of a frame, likewise.
    settings, false_tracks_per_hour, output, progress
        As for `detect`.

    Returns
    -------
    Events
        The tables are byte for byte those that the command line writes for the same list and settings.

    Raises
    ------
    BoostwatchError
        As for `detect`.

    Examples
    --------
    >>> events = boostwatch.track(frame[["frame", "x", "y", "snr"]], frame_period_s=0.5)  # doctest: +SKIP
    """
    chain = _settings(settings, {"track": {"false_tracks_per_hour": false_tracks_per_hour}})
    _check_output(output, detections, settings, stack)
    on_progress, digest = as_progress(progress), ""
    if isinstance(detections, str | os.PathLike):
        given = store.read_detections(detections, on_progress=partial(on_progress, "reading"))
        digest = store.sha256(detections)
    elif isinstance(detections, Events | EventTables):
        tables = detections.tables if isinstance(detections, Events) else detections
        made_from = str(tables.provenance.get("stack_sha256") or "")
        if not made_from and len(tables.registration):
            made_from = str(tables.provenance.get("input_sha256") or "")
        shifts = tables.registration if len(tables.registration) else None
        given = store.take_detections(
            tables.detections, epoch=tables.epoch, registration=shifts, stack_sha256=made_from,
            signal_unit=tables.signal_unit, name="events",
        )  # fmt: skip
    else:
        columns, told = columns_in(detections, epoch)
        given = store.take_detections(columns, epoch=told, signal_unit=signal_unit_in(detections))
    said = Said(frame_period_s, epoch, shape)
    if stack is None:
        tables = pipeline.follow(given, said, settings=chain, sha256=digest, on_progress=on_progress)
    else:
        with _opened(stack, None, {}) as source:
            tables = pipeline.follow(given, said, source, settings=chain, sha256=digest, on_progress=on_progress)
    return _made(tables, output, os.path.basename(given.path))


def score(events: PathLike | Events, truth: Frames) -> Score:
    """Compare events with the truth of the frames they came from: the command ``boostwatch score``.

    Parameters
    ----------
    events : path-like or Events
    truth : path-like, Stack or Simulation
        The simulated frames.

    Returns
    -------
    Score

    Raises
    ------
    UsageError
        The frames carry no truth, or the events came from others. Of frames in memory only their number can tell.
    NoInput, BadData
        A file is missing or damaged.

    Examples
    --------
    >>> boostwatch.score(events, run).metrics()["launches_declared"]  # doctest: +SKIP
    1.0
    """
    found = _events(events)
    with _opened(truth, None, {}) as source:
        return Score(**vars(pipeline.score_in(found.tables, source, found.name)))


def report(
    events: PathLike,
    output: PathLike,
    *,
    stack: PathLike | None = None,
    dataset: str | None = None,
    progress: bool | Progress = False,
) -> pipeline.Report:
    """Write one HTML page that shows a run: the command ``boostwatch report``.

    Parameters
    ----------
    events : path-like
        The events file.
    output : path-like
        The page; an older one stays until it is whole.
    stack : path-like, optional
        The frames that the events came from.
    dataset, progress
        As for `detect`.

    Returns
    -------
    boostwatch.pipeline.Report

    Raises
    ------
    BoostwatchError
        An input is missing, damaged or another one's; the page cannot be written.

    Examples
    --------
    >>> boostwatch.report("demo.events.h5", "report.html", stack="demo.stack.h5")  # doctest: +SKIP
    """
    return pipeline.report(
        _path(events, "events"), _path(output, "output"), stack=None if stack is None else _path(stack, "stack"),
        dataset=dataset, on_progress=as_progress(progress),
    )  # fmt: skip


def export(events: PathLike | Events, to: str, output: PathLike) -> None:
    """Write events for a spreadsheet, a map, a globe or a data frame: the command ``boostwatch export``.

    Parameters
    ----------
    events : path-like or Events
    to : {"csv", "czml", "ecsv", "geojson", "kml", "parquet"}
        See docs/formats.md, "Exports".
    output : path-like
        The file; an older one stays until it is whole.

    Raises
    ------
    BoostwatchError
        Another format; the file cannot be written.

    Examples
    --------
    >>> boostwatch.export(events, "geojson", "events.geojson")  # doctest: +SKIP
    """
    _path(output, "output")
    _check_output(output, events)
    store.export_events(_events(events).tables, to, output)


@contextmanager
def _opened(frames: Any, dataset: str | None, figures: Figures) -> Iterator[FrameSource]:
    """Give frames as the pipeline takes them; what is opened here is closed."""
    is_path, known = isinstance(frames, str | os.PathLike), isinstance(frames, Stack | Simulation)
    told = [name for name, value in figures.items() if value is not None]
    if told and (is_path or known):
        raise UsageError("is told by the frames", place=told[0], allowed="figures of an array only")
    if dataset is not None and not is_path:
        raise UsageError("names a place in a file", place="dataset", found=dataset, allowed="with a path only")
    if is_path:
        with store.open_stack(frames, dataset=dataset) as reader:
            yield reader
    elif isinstance(frames, Stack):
        yield frames.source
    else:
        yield frames_of_simulation(frames) if isinstance(frames, Simulation) else ArrayFrames(frames, **figures)


def _settings(given: Settings | None, over: dict[str, dict[str, Any]]) -> ChainSettings:
    """Return the chain's settings with single ones laid over them; each is checked."""
    kept = {room: {key: value for key, value in more.items() if value is not None} for room, more in over.items()}
    parse_model(kept, ChainSettings, name="settings")
    single = {key: value for more in kept.values() for key, value in more.items()}
    base = parse_model(given, ChainSettings, name="settings") if isinstance(given, Mapping) else given
    if base is not None and not isinstance(base, ChainSettings):
        base = _path(base, "settings")
    return pipeline.chain_settings(base, **single)


def _path(path: Any, place: str) -> str:
    """Return a path as text; what is none is named by the argument that it was given for."""
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else path
    if not isinstance(text, str) or "\0" in text:
        raise UsageError("is no path", place=place, found=path, allowed="a str or a path-like object")
    return text


def _check_output(output: PathLike | None, *inputs: Any) -> None:
    if output is not None:
        _path(output, "output")
        paths = [i.path if isinstance(i, Stack) else i for i in inputs]
        store.check_output(output, [path for path in paths if isinstance(path, str | os.PathLike)])


def _made(tables: EventTables, output: PathLike | None, name: str) -> Events:
    if output is None:
        return Events(tables, name)
    store.write_events(output, tables)
    return Events(tables, os.path.basename(os.fspath(output)))


def _events(events: PathLike | Events) -> Events:
    return events if isinstance(events, Events) else open_events(events)


def _threads(jobs: int | None) -> int:
    if jobs is not None and not (isinstance(jobs, int | np.integer) and jobs >= 1):
        raise UsageError("is not allowed", place="jobs", found=jobs, allowed="1 or more threads")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return jobs or cores or 1
