"""Events against the truth, and the demo that shows it all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from boostwatch import records, store
from boostwatch.errors import UsageError
from boostwatch.pipeline.chain import detect
from boostwatch.pipeline.common import Progress, quiet
from boostwatch.pipeline.generate import simulate
from boostwatch.pipeline.rehearsal import rehearsed
from boostwatch.pipeline.source import FrameSource
from boostwatch.records import EventTables, Records
from boostwatch.settings import DetectSettings

if TYPE_CHECKING:
    from boostwatch.assess.score import Score


def score(events: str | Path, truth: str | Path) -> Score:
    """Compare an events file with the truth of the stack it came from.

    Raises
    ------
    UsageError
        The stack carries no truth, or `detect` made the events from another one.
    """
    tables = store.read_events(events)
    with store.open_stack(truth) as reader:
        return score_in(tables, reader, str(events))


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
    if source.sha256:
        require_same_stack(tables, source, name, source.path)
    elif count not in (0, source.shape[0]):
        allowed = f"the {count} frames that were searched"
        raise UsageError("the events came from another stack", path=name, found=source.shape[0], allowed=allowed)
    return score_against(tables, source, objects, samples)


def score_against(tables: EventTables, reader: FrameSource, objects: Records, samples: Records) -> Score:
    """Compare events with the truth of an open stack."""
    from boostwatch.assess.score import score as assess

    return assess(
        tables, objects=objects, samples=samples, shape=reader.shape, frame_period_s=reader.sensor.frame_period_s
    )


def require_same_stack(tables: EventTables, reader: FrameSource, events: str | Path, stack: str | Path) -> None:
    """Raise UsageError if `detect` made the events from another stack than this."""
    made_from = tables.provenance.get("stack_sha256")
    if not made_from and len(tables.registration):  # a list from elsewhere has no shifts
        made_from = tables.provenance.get("input_sha256")
    if made_from and made_from != reader.sha256:
        found = str(tables.provenance.get("input", ""))
        raise UsageError("the events came from another stack", path=events, found=found, allowed=str(stack))


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
