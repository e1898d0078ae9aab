"""From files to the report page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch import store
from boostwatch.geometry import utc_now
from boostwatch.pipeline.common import Progress, quiet
from boostwatch.pipeline.judge import require_same_stack, score_against

if TYPE_CHECKING:
    from boostwatch.assess.report import Footage


class Report(NamedTuple):
    """What `report` wrote."""

    bytes: int
    events: int
    frames: int
    """Read from the stack for it; 0 without one."""


def report(
    events: str | Path,
    out: str | Path,
    *,
    stack: str | Path | None = None,
    dataset: str | None = None,
    on_progress: Progress = quiet,
) -> Report:
    """Write one HTML page that shows a run.

    Parameters
    ----------
    events : path-like
        The events file.
    out : path-like
        The page; an older one stays until the new one is whole.
    stack : path-like, optional
        The stack that the events came from: for pictures, ground tracks, W/sr and, if it has truth, the score.
    dataset : str, optional
        HDF5 path of the frames in a foreign stack.
    on_progress : callable
        See `Progress`.

    Returns
    -------
    Report

    Raises
    ------
    NoInput, BadData
        An input is missing or damaged.
    UsageError
        The events came from another stack, or the output is an input.
    CannotCreate, StorageError
        The page cannot be made or written.
    """
    from boostwatch.assess.report import report_page

    store.check_output(out, [events] if stack is None else [events, stack])
    tables = store.read_events(events)
    name, count = Path(events).name, 0
    if stack is None:
        page = report_page(tables, name=name, created=utc_now())
    else:
        with store.open_stack(stack, dataset=dataset) as reader:
            require_same_stack(tables, reader, events, stack)
            count = reader.shape[0]
            objects, samples = reader.truth_objects, reader.truth_samples
            true = None if objects is None or samples is None else score_against(tables, reader, objects, samples)
            page = report_page(
                tables,
                name=name,
                created=utc_now(),
                footage=footage_of(reader),
                score=true,
                on_progress=lambda done, total: on_progress("drawing", done, total),
            )
    data = page.encode("utf-8")
    store.write_bytes(out, data)
    return Report(len(data), len(tables.events), count)


def footage_of(reader: store.StackReader) -> Footage:
    """Return what the assessor takes of an open stack."""
    from boostwatch.assess.report import Footage

    def read(t: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        frame = reader.read(t)
        return frame.data.astype(np.float32), frame.good

    return Footage(
        name=Path(reader.path).name, shape=reader.shape, sensor=reader.sensor, time_s=reader.time_s,
        position_m=reader.position_m, attitude=reader.attitude, objects=reader.truth_objects,
        samples=reader.truth_samples, scenario=reader.scenario_toml or "", read=read,
        bad=None if reader.bad_pixels is None else reader.bad_pixels != 0,
    )  # fmt: skip
