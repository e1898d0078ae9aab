"""From a scenario to a labelled frame stack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from boostwatch import store
from boostwatch.pipeline.common import Progress, file_named, quiet, span_of
from boostwatch.records import Records
from boostwatch.settings import read_toml

if TYPE_CHECKING:
    from boostwatch.scene.render import RenderedFrame, Renderer
    from boostwatch.scene.scenario import Scenario


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
    frames: tuple[int | None, int | None] = (None, None),
    created: str | None = None,
    on_progress: Progress = quiet,
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
    frames : (int or None, int or None)
        First frame, and the one after the last: a part of the run, each frame the same as in the whole.
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
    store.check_output(out, [Path(base) / name for name in _file_names(scenario)])
    on_progress("preparing", 0, 0)
    renderer = prepare(scenario, base=base, seed=seed, jobs=jobs)
    which = span_of(frames, renderer.n_frames)

    def rendered() -> Iterator[RenderedFrame]:
        for done, frame in enumerate(renderer.frames(which, jobs=jobs), 1):
            yield frame
            on_progress("rendering", done, len(which))

    write_frames(out, renderer, rendered(), which, created=created)
    return Simulated(Path(out), (len(which), *renderer.shape), renderer.seed, renderer.objects)


def write_frames(
    out: str | Path,
    renderer: Renderer,
    frames: Iterable[RenderedFrame],
    which: Sequence[int],
    *,
    created: str | None = None,
) -> None:
    """Write rendered frames as a labelled stack, one at a time.

    Parameters
    ----------
    out : path-like
        The stack; an older file stays until the new one is whole.
    renderer : Renderer
        What made them.
    frames : iterable of RenderedFrame
    which : sequence of int
        The frames' numbers in the run, in their order.
    created : str, optional
        ISO 8601 time to write as creation time; now by default.
    """
    with store.StackWriter(
        out,
        sensor=renderer.sensor,
        shape=(len(which), *renderer.shape),
        epoch=renderer.epoch,
        bad_pixels=renderer.bad_pixels,
        gain=renderer.gain,
        offset=renderer.offset,
        has_pointing=True,
        attitude_sigma_rad=renderer.attitude_sigma_rad,
        attitude_bias_sigma_rad=renderer.attitude_bias_sigma_rad,
        attitude_noise_sigma_rad=renderer.attitude_noise_sigma_rad,
        scenario_toml=renderer.scenario.to_toml(),
        seed=renderer.seed,
        part=_part(which, renderer.n_frames),
        created=created,
    ) as writer:
        for row, (i, frame) in enumerate(zip(which, frames, strict=True)):
            samples = frame.samples.copy()
            samples["frame"] = row  # truth counts the stack's own frames
            writer.append(
                frame.data,
                time_s=float(renderer.time_s[i]),
                frame_index=i,
                quality=frame.quality,
                position_m=renderer.position_m[i],
                attitude=renderer.attitude[i],
                samples=samples,
                row_time=renderer.row_time_s,
            )
        writer.set_truth(renderer.objects, renderer.line_of_sight[list(which)])


def _part(which: Sequence[int], count: int) -> str | None:
    """Return which part of a run of so many frames some in ascending order are; None for all of it."""
    if len(which) == count:
        return None
    first, stop = which[0], which[-1] + 1
    return f"{first}:{stop} of {count} frames" + (f", {len(which)} of them" if stop - first > len(which) else "")


def _file_names(scenario: Scenario) -> list[str]:
    from boostwatch.scene.plan import array_names
    from boostwatch.scene.platform import table_names

    return [*array_names(scenario), *table_names(scenario)]


def prepare(scenario: Scenario, *, base: str | Path = ".", seed: int | None = None, jobs: int = 1) -> Renderer:
    """Load the files that a scenario names and make it ready to render.

    Parameters
    ----------
    scenario, base, seed, jobs
        As for `simulate`.

    Returns
    -------
    boostwatch.scene.render.Renderer
    """
    from boostwatch.scene.plan import array_names
    from boostwatch.scene.platform import table_names
    from boostwatch.scene.render import Renderer

    arrays = {name: store.read_array(Path(base) / name) for name in array_names(scenario)}
    tables = {name: store.read_table(Path(base) / name) for name in table_names(scenario)}
    return Renderer(scenario, arrays=arrays, tables=tables, seed=seed, jobs=jobs)


def check_scenario(path: str | Path, *, seed: int | None = None) -> None:
    """Raise what `simulate` would about a scenario file and a seed, short of rendering it."""
    from boostwatch.scene.plan import array_names, check
    from boostwatch.scene.platform import table_names
    from boostwatch.scene.scenario import Scenario

    path = Path(path)
    scenario = read_toml(path, Scenario)
    arrays = {name: store.read_array(path.parent / name) for name in array_names(scenario)}
    tables = {name: store.read_table(path.parent / name) for name in table_names(scenario)}
    with file_named(path):
        check(scenario, arrays, tables, seed=seed)
