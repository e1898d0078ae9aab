"""A simulated run as an object in memory: frames, truth and sensor."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import NoInput, UsageError
from boostwatch.pipeline.common import Progress, quiet
from boostwatch.pipeline.generate import prepare, write_frames
from boostwatch.records import Records
from boostwatch.settings import parse_model, parse_toml, read_toml
from boostwatch.wording import counted

if TYPE_CHECKING:
    from boostwatch.scene.render import RenderedFrame, Renderer
    from boostwatch.scene.scenario import Scenario
    from boostwatch.sensor import Sensor

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """What is known of a simulated run.

    ``objects`` are TRUTH_OBJECT records, one an object; ``samples`` TRUTH_SAMPLE records, one for each object, frame
    and band in which it falls on the focal plane, their ``frame`` an index into the frames; ``line_of_sight`` float64
    (T, 2) is the true shift (x, y) of the scene against the attitude by plan, px. See `boostwatch.records`.
    """

    objects: Records
    samples: Records
    line_of_sight: Array


@dataclass(frozen=True)
class Simulation:
    """Frames of a scenario with their truth.

    Attributes
    ----------
    frames : uint16 (T, B, H, W)
        Digital numbers.
    quality : uint8 (T, B)
        Bit flags of `records.QUALITY_BITS`; 0 is good.
    time_s : float64 (T,)
        Middle of each exposure, seconds from ``epoch``.
    epoch : str
        ISO 8601 UTC.
    position_m, attitude : float64 (T, 3), (T, 4)
        Of the platform, ITRS; attitude as it reports it, quaternion (w, x, y, z), camera to ITRS.
    sensor : boostwatch.sensor.Sensor
    truth : Truth
    scenario : boostwatch.scene.scenario.Scenario
    """

    frames: NDArray[np.uint16]
    quality: NDArray[np.uint8]
    time_s: Array
    epoch: str
    position_m: Array
    attitude: Array
    sensor: Sensor
    truth: Truth
    scenario: Scenario
    _renderer: Renderer
    _which: tuple[int, ...]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a labelled frame stack, version 1; an older file stays until the new one is whole.

        Raises
        ------
        boostwatch.errors.UsageError
            Frames that were not asked for in the order of their times, each once.
        """
        late = [b for a, b in pairwise(self._which) if b <= a]
        if late:
            raise UsageError(
                "a stack holds frames in the order of their times", place="frames", found=late[0],
                allowed="ascending, each once",
            )  # fmt: skip
        write_frames(Path(path), self._renderer, self._rendered(), self._which)
        return Path(path)

    def _rendered(self) -> list[RenderedFrame]:
        from boostwatch.scene.render import RenderedFrame

        samples = self.truth.samples
        edges = np.searchsorted(samples["frame"], np.arange(len(self._which) + 1))
        parts = [samples[a:b] for a, b in pairwise(edges)]
        return [RenderedFrame(*row) for row in zip(self.frames, self.quality, parts, strict=True)]

    def __repr__(self) -> str:
        count, bands, height, width = self.frames.shape
        size = f"{counted(count, 'frame')}, {counted(bands, 'band')}, {width} x {height} px"
        return f"<Simulation {self.scenario.name!r}: {size}>"


def render(
    scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str],
    *,
    frames: Sequence[int] | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    on_progress: Progress = quiet,
) -> Simulation:
    """Render a scenario into memory.

    Parameters
    ----------
    scenario : Scenario, mapping, str or path-like
        A scenario, a mapping with the keys of a scenario file, the path of one, or the name of a scene of the library.
    frames : sequence of int, optional
        Which frames; all by default. Each is the same whichever others are asked for.
    seed : int, optional
        Replaces the scenario's own.
    jobs : int, optional
        Threads; all cores by default.
    on_progress : callable
        See `Progress`.

    Returns
    -------
    Simulation

    Raises
    ------
    boostwatch.errors.BoostwatchError
        What is wrong with the scenario, one line a fault.
    """
    model, base = _resolve(scenario)
    jobs = jobs or os.cpu_count() or 1
    renderer = prepare(model, base=base, seed=seed, jobs=jobs)
    which = tuple(range(renderer.n_frames) if frames is None else frames if isinstance(frames, Iterable) else [frames])
    wrong = [i for i in which if not isinstance(i, int | np.integer) or not 0 <= i < renderer.n_frames]
    if wrong or not which:
        raise UsageError(
            "no such frame",
            place="frames",
            found=wrong[0] if wrong else "none",
            allowed=f"0 to {renderer.n_frames - 1}",
        )
    which = tuple(map(int, which))
    data = np.empty((len(which), *renderer.shape), np.uint16)
    quality = np.empty(data.shape[:2], np.uint8)
    parts = []
    for row, frame in enumerate(renderer.frames(which, jobs=jobs)):
        data[row], quality[row] = frame.data, frame.quality
        samples = frame.samples.copy()
        samples["frame"] = row
        parts.append(samples)
        on_progress("rendering", row + 1, len(which))
    chosen = list(which)
    truth = Truth(renderer.objects, np.concatenate(parts), renderer.line_of_sight[chosen])
    return Simulation(
        data, quality, renderer.time_s[chosen], renderer.epoch, renderer.position_m[chosen], renderer.attitude[chosen],
        renderer.sensor, truth, model, renderer, which,
    )  # fmt: skip


def _resolve(scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str]) -> tuple[Scenario, Path]:
    """Return the scenario and the directory that its file names start from."""
    from boostwatch.scene.library import builtin
    from boostwatch.scene.scenario import Scenario

    if isinstance(scenario, Scenario):
        return scenario, Path()
    if isinstance(scenario, Mapping):
        return parse_model(scenario, Scenario, name="scenario"), Path()
    if not isinstance(scenario, str | os.PathLike):
        raise UsageError(
            "is no scene", place="scenario", found=scenario, allowed="a name, a path, a mapping or a Scenario"
        )
    path = Path(scenario)
    if not path.exists() and not path.suffix and path.name == str(scenario):
        try:
            text = builtin(str(scenario))
        except NoInput as error:
            raise NoInput("no such file, and no scene of that name", path=path, allowed=error.allowed) from None
        return parse_toml(text, Scenario, name=str(scenario)), Path()
    return read_toml(path, Scenario), path.parent
