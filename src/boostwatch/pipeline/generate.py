"""From a scenario to a labelled frame stack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from boostwatch import store
from boostwatch.parallel import ordered_map
from boostwatch.pipeline.common import Progress, file_named, quiet
from boostwatch.records import Records
from boostwatch.settings import read_toml

if TYPE_CHECKING:
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
            with file_named(path):
                find_band(band.lower, band.upper, place=f"sensor.bands[{i}]")
    if isinstance(scenario.background, ImageBackground):
        store.read_array(path.parent / scenario.background.file)
