"""Events against the truth, and the demo that shows it all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from boostwatch import records, store
from boostwatch.errors import BadData, UsageError
from boostwatch.pipeline.chain import detect
from boostwatch.pipeline.common import Progress, quiet
from boostwatch.pipeline.generate import simulate
from boostwatch.pipeline.rehearsal import rehearsed
from boostwatch.pipeline.source import FrameSource
from boostwatch.records import EventTables, Records
from boostwatch.settings import DetectSettings

if TYPE_CHECKING:
    from boostwatch.assess.pool import Pooled
    from boostwatch.assess.score import Score


def score(events: str | Path, truth: str | Path) -> Score:
    """Compare an events file with the truth of the stack it came from.

    Raises
    ------
    NoInput, BadData
        A file is missing or damaged, or the events have frames that the stack has not.
    UsageError
        The stack carries no truth, or `detect` made the events from another one.
    """
    tables = store.read_events(events)
    with store.open_stack(truth) as reader:
        return score_in(tables, reader, str(events))


def score_many(pairs: Sequence[tuple[str | Path, str | Path]], *, on_progress: Progress = quiet) -> Pooled:
    """Compare several events files, each with the truth of its own stack, and add them up.

    Parameters
    ----------
    pairs : sequence of (events, truth)
        Files. A scene is called by the name of its events file, with as much of the path as tells it from the others.
    on_progress : callable
        See `Progress`.

    Returns
    -------
    Pooled

    Raises
    ------
    NoInput, BadData, UsageError
        As of `score`; the file is named. Also if an events file is given twice.
    """
    from boostwatch.assess.pool import pool

    names = _scene_names([events for events, _ in pairs])
    scenes = {}
    for n, (name, (events, truth)) in enumerate(zip(names, pairs, strict=True)):
        on_progress("scoring", n, len(pairs))
        try:
            scenes[name] = score(events, truth)
        except AnotherStack as error:
            raise _with_its_own(error, events, [path for _, path in pairs]) from None
    on_progress("scoring", len(pairs), len(pairs))
    return pool(scenes)


def _scene_names(events: Sequence[str | Path]) -> list[str]:
    """Return a name for each events file, all different."""
    paths = [Path(path) for path in events]
    whole = [path.resolve() for path in paths]
    twice = [path for n, path in enumerate(paths) if whole[n] in whole[:n]]
    if twice:
        raise UsageError("is given twice", path=twice[0], allowed="each events file once: its counts are added")
    for parts in range(1, max(len(path.parts) for path in whole) + 1):
        names = ["/".join(path.parts[-parts:]) for path in whole]
        if len(set(names)) == len(names):
            break
    return [name.removesuffix(".h5").removesuffix(".events") for name in names]


def _with_its_own(error: AnotherStack, events: str | Path, stacks: Sequence[str | Path]) -> UsageError:
    """Return the error with the stack that the events did come from, if it is among those given."""
    for n, stack in enumerate(stacks):
        if store.sha256(stack) == error.sha256:
            allowed = f"{stack}, given as number {n + 1} of --truth: pairs go by their order"
            return UsageError(error.message, path=events, found=error.found, allowed=allowed)
    return error


def _require_frames(tables: EventTables, count: int, events: str | Path) -> None:
    """Raise BadData if detections or points of tracks are of frames that the stack has not."""
    for name in ("detections", "track_points"):
        frames = getattr(tables, name)["frame"]
        wrong = frames[(frames < 0) | (frames >= count)]
        if len(wrong):
            raise BadData(
                "is of a frame that the stack has not", path=events, place=f"/{name}.frame", found=int(wrong[0]),
                allowed=f"0 to {count - 1}",
            )  # fmt: skip


def score_in(tables: EventTables, source: FrameSource, name: str = "events") -> Score:
    """Compare events with the truth of the frames they came from, wherever both are.

    Raises
    ------
    UsageError
        As of `score`; of frames in memory only their number can tell that they are others.
    """
    objects, samples = source.truth_objects, source.truth_samples
    if objects is None or samples is None:
        raise UsageError("the stack carries no truth to score against", path=source.path, allowed="a simulated stack")
    count = len(tables.registration)
    checked = True
    if source.sha256:
        checked = require_same_stack(tables, source, name, source.path)
    elif count not in (0, source.shape[0]):
        allowed = f"the {count} frames that were searched"
        raise UsageError("the events came from another stack", path=name, found=source.shape[0], allowed=allowed)
    _require_frames(tables, source.shape[0], name)
    result = score_against(tables, source, objects, samples)
    if not checked:
        result.notes.append("the events do not say which stack they came from, so that was not checked")
    return result


def score_against(tables: EventTables, reader: FrameSource, objects: Records, samples: Records) -> Score:
    """Compare events with the truth of an open stack."""
    from boostwatch.assess.score import score as assess
    from boostwatch.assess.view import Camera

    camera = Camera(reader.sensor, reader.position_m, reader.attitude, reader.attitude_bias_sigma_rad)
    return assess(
        tables, objects=objects, samples=samples, shape=reader.shape, frame_period_s=reader.sensor.frame_period_s,
        camera=camera,
    )  # fmt: skip


class AnotherStack(UsageError):
    """Events came from another stack than the one given; ``sha256`` is that of theirs."""

    sha256 = ""


def require_same_stack(tables: EventTables, reader: FrameSource, events: str | Path, stack: str | Path) -> bool:
    """Raise AnotherStack if `detect` made the events from another stack than this; tell whether they say at all."""
    made_from = tables.provenance.get("stack_sha256")
    if not made_from and len(tables.registration):  # a list from elsewhere has no shifts
        made_from = tables.provenance.get("input_sha256")
    if made_from and made_from != reader.sha256:
        found = str(tables.provenance.get("input", ""))
        error = AnotherStack("the events came from another stack", path=events, found=found, allowed=str(stack))
        error.sha256 = str(made_from)
        raise error
    return bool(made_from)


def score_plots(result: Score, folder: str | Path, *, form: str = "png") -> list[Path]:
    """Draw a score, or several as one, into a folder, which is made if it is not there.

    Parameters
    ----------
    result : Score
        Of `score` or `score_many`.
    folder : path-like
        Takes ``detection``, ``roc``, ``latency``, ``position``, ``calibration``, ``reliability`` and ``confusion``,
        those of which there is something to show. Older ones stay until the new ones are whole.
    form : str
        ``png`` or ``svg``.

    Returns
    -------
    list of Path
        The files.
    """
    from boostwatch.assess.plots import drawn

    place = Path(folder)
    pictures = drawn(result, form)
    store.make_directory(place)
    out = []
    for name, data in pictures.items():
        path = place / f"{name}.{form}"
        store.write_bytes(path, data)
        out.append(path)
    return out


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
    on_progress: Progress = quiet,
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
    with rehearsed(np.dtype(np.uint16), DetectSettings()):
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
