"""Frames of a scenario, any of them in any order and on any thread."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import UsageError
from boostwatch.parallel import ordered_map
from boostwatch.records import QUALITY_BITS, Records
from boostwatch.scene.canvas import Canvas
from boostwatch.scene.focal_plane import build_focal_plane, expose
from boostwatch.scene.keyframes import Keyframes, Sampler, margin_px
from boostwatch.scene.limits import MOST_FIELDS, total_smear_px
from boostwatch.scene.objects import Camera, Mark, Objects
from boostwatch.scene.optics import build_point_spread
from boostwatch.scene.plan import Plan, make_plan, randoms
from boostwatch.scene.recent import Recent
from boostwatch.scene.recycled import Recycled
from boostwatch.scene.scenario import ImageBackground, Scenario
from boostwatch.scene.stray import add_stray_light
from boostwatch.scene.view import Grid
from boostwatch.scene.world import World
from boostwatch_kernels.frame import Exposure, Stamps, add_stamps, render_band
from boostwatch_kernels.noise import BLOCK
from boostwatch_kernels.resample import Coded, RowPlan, resample

Array = NDArray[np.float64]

SATURATED_SHARE = 0.01
BATCH, BATCH_BYTES = 8, 1 << 23
"""Frames rendered together, where they are no larger than that."""
AHEAD = 2
"""Batches that a keyframe is made before the first one that needs it."""
MOST_BATCHES = 8
"""Whose memory is kept for the next ones."""
PART_PIXELS = 1 << 16
"""Of a frame at a time: their electrons, and what they need of two keyframes, fit a core's cache."""


class RenderedFrame(NamedTuple):
    """One frame: ``data`` uint16 (B, H, W) in DN, ``quality`` uint8 (B,) of `records.QUALITY_BITS`, ``samples``.

    ``data`` is a view of the memory of up to `BATCH` frames, all of which it keeps: copy the few that are to stay.
    """

    data: NDArray[np.uint16]
    quality: NDArray[np.uint8]
    samples: Records


_Task = list[tuple[int, list[Mark]]] | tuple[int, int]
"""Frames with their marks, or the field of view and the number of a keyframe."""


class Renderer:
    """A scenario made ready to render.

    Thread safe: frames may be asked for in any order by any number of threads.

    Parameters
    ----------
    scenario : Scenario
    arrays : mapping of str to array, optional
        What `array_names` asks for: radiance (y, x) or (band, y, x); point spreads (y, x).
    tables : mapping of str to structured array, optional
        What `platform.table_names` asks for.
    seed : int, optional
        Instead of the scenario's own.
    jobs : int
        Threads that share the work of a keyframe; the bytes do not depend on it.

    Attributes
    ----------
    sensor : Sensor
    shape : tuple of int
        (bands, height, width).
    n_frames, seed : int
    epoch : str
    time_s : float64 (T,)
        Middle of each exposure after the epoch; of a scanning sensor that of the middle row.
    row_time_s : float64 (H,) or None
        When each row of a scanning sensor is exposed, seconds after the frame's time.
    position_m : float64 (T, 3)
        ITRS.
    attitude : float64 (T, 4)
        As the platform reports it; ``attitude_sigma_rad`` is its total error an axis, made of
        ``attitude_bias_sigma_rad`` and ``attitude_noise_sigma_rad``.
    bad_pixels : uint8 (B, H, W)
        Faults that the sensor's own map lists: 1 dead, 2 hot, 3 blinking.
    gain, offset : float32 (B, H, W) or None
        Non-uniformity that the sensor knows: ``DN = offset_dn + offset + gain * electrons / gain_e_per_dn``.
    line_of_sight : float64 (T, 2)
        True shift (x, y) of the scene against the attitude by plan, px.
    objects : structured array of TRUTH_OBJECT

    Raises
    ------
    BadData
        What `check` refuses: a band without an atmospheric table, an array that does not fit, a platform that cannot be
        where it should, too much motion or memory, an object that no frame could show.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        arrays: Mapping[str, NDArray[np.generic]] | None = None,
        tables: Mapping[str, NDArray[Any]] | None = None,
        seed: int | None = None,
        jobs: int = 1,
    ) -> None:
        self.scenario = scenario
        self.seed = scenario.seed if seed is None else seed
        if not isinstance(self.seed, int | np.integer) or not 0 <= self.seed < 2**63:
            raise UsageError("seed is out of range", found=self.seed, allowed="0 to 2**63 - 1")
        self.n_frames, self.epoch = scenario.n_frames, scenario.epoch
        plan = make_plan(scenario, arrays or {}, tables or {}, self.seed)
        self.time_s, self._platform, self.sensor, self._los = plan[:4]
        self.row_time_s = self._platform.row_time_s
        self._own = threading.local()  # memory of a thread: fresh memory costs more than the sums
        self._build_camera(arrays or {})
        self._build_pointing()
        self._build_scene(plan, arrays or {}, jobs)

    def _randoms(self, purpose: str, number: int) -> np.random.Generator:
        return randoms(self.seed, purpose, number)

    def _build_camera(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Build what sees; the point spread widens by the motion of the line of sight within an exposure."""
        scenario, plain = self.scenario, self.sensor
        smear_px = total_smear_px(scenario, self._los, plain)
        self._spreads = [
            build_point_spread(scenario.sensor, b, arrays, smear_px=smear_px) for b in range(len(plain.bands))
        ]
        self.shape = (len(plain.bands), scenario.sensor.height, scenario.sensor.width)
        self._planes = [
            build_focal_plane(scenario.sensor, b, self._randoms("focal plane", b), self.seed)
            for b in range(len(plain.bands))
        ]
        stray = scenario.sensor.ghost.strength or scenario.sensor.stray_light or scenario.sensor.cosmic_rays.rate
        self._whole = bool(stray)  # what spreads over the frame needs all of it at once
        self._rows = _rows_at_once(*self.shape[1:])
        self._drifts = any(plane.drifts for plane in self._planes)
        self._together = BATCH if np.prod(self.shape) * 2 <= BATCH_BYTES else 1
        self._memory: Recycled[np.uint16] = Recycled((self._together, *self.shape), np.uint16, MOST_BATCHES)
        self.bad_pixels: NDArray[np.uint8] = np.stack([p.known for p in self._planes])
        s = scenario.sensor
        self.gain = np.stack([p.gain for p in self._planes]) if s.gain_spread > 0 else None
        self.offset = (
            np.stack([p.offset_dn - np.float32(s.offset_dn) for p in self._planes]) if s.offset_spread_dn > 0 else None
        )

    def _build_pointing(self) -> None:
        los = self.scenario.line_of_sight
        self._steps = self._platform.step_of(np.arange(self.n_frames))
        self.position_m, nominal = self._platform.state(self.time_s, self._steps)
        self.line_of_sight = self._los.shift
        self.attitude = self._los.report(self._los.turned(nominal))
        self.attitude_bias_sigma_rad, self.attitude_noise_sigma_rad = los.attitude_bias, los.attitude_noise
        self.attitude_sigma_rad = float(np.hypot(los.attitude_bias, los.attitude_noise))

    def _build_scene(self, plan: Plan, arrays: Mapping[str, NDArray[np.generic]], jobs: int) -> None:
        scenario, sensor = self.scenario, self.sensor
        step, end_s = scenario.oversample, float(self.time_s[-1])
        seen_already = isinstance(scenario.background, ImageBackground)  # an image has been through optics and pixels
        kernels = [None if seen_already else spread.separable(step, plan.motion) for spread in self._spreads]
        grid = Grid(self.shape[1], self.shape[2], int(np.ceil(plan.reach)) + margin_px(kernels, step), step)
        world = World(scenario, sensor, self._platform, self._randoms)

        def keyframes(field: int) -> Keyframes:
            canvas = Canvas(
                world, scenario, sensor, self._platform, grid, images=arrays, end_s=end_s, step=field, jobs=jobs
            )
            return Keyframes(canvas, kernels, sensor.frame_period_s, end_s)

        self._keyframes: Recent[int, Keyframes] = Recent(keyframes, MOST_FIELDS)
        self._keyframes(0)  # what is wrong with the scene shows before the first frame
        # irradiance_per_e is energy a photon over area, efficiency and time: a pixel's share of an extended scene
        # is its radiance times solid angle times band width.
        self._electrons_per_radiance = [
            sensor.ifov_rad**2 * (band.upper_um - band.lower_um) / band.irradiance_per_e for band in sensor.bands
        ]
        figures = [scenario.sensor.figures(b) for b in range(len(sensor.bands))]
        dark_e = [f.dark_e_per_s * f.integration_s for f in figures]
        camera = Camera(sensor, self.shape[1:], self._platform, self._los, self._spreads, dark_e)
        self._objects = Objects(plan.sources, world, camera, self.time_s)
        self.objects = self._objects.truth()

    def _keyframe(self, i: int) -> tuple[int, int]:
        """Return a frame's field of view and the keyframe before its middle row."""
        step = int(self._steps[i])
        return step, self._keyframes(step).number(float(self.time_s[i]))

    def _sampler(self, which: Sequence[int]) -> Sampler:
        """Return what samples the scene for frames that have their keyframe in common."""
        step, number = self._keyframe(which[0])
        if self.row_time_s is None:
            time = np.repeat(self.time_s[list(which), None], self.shape[1], axis=1)
            shift = np.repeat(self.line_of_sight[list(which), None], self.shape[1], axis=1)
        else:
            time = self.time_s[list(which), None] + self.row_time_s
            shift = np.stack([self._los.rows(i, self.row_time_s) for i in which])
        return self._keyframes(step).sampler(number, time, shift)

    def scene(self, i: int) -> NDArray[np.float32]:
        """Return the mean photo-electrons of frame ``i`` without objects, float32 (B, H, W)."""
        out = np.empty(self.shape, np.float32)
        sampler = self._sampler([i])
        for b in range(self.shape[0]):
            resample(*sampler.band(b), 0, self._electrons_per_radiance[b], out[b : b + 1])
        return out

    def frame(self, i: int) -> RenderedFrame:
        """Render one frame; it depends on the scenario, the seed and ``i`` alone.

        Parameters
        ----------
        i : int
            0 to ``n_frames - 1``.

        Returns
        -------
        RenderedFrame
        """
        self._require((i,))
        return self._batch(self._marked((i,)))[0]

    def frames(self, which: Iterable[int] | None = None, *, jobs: int = 1) -> Iterator[RenderedFrame]:
        """Yield frames, all of them in their order by default, rendered on ``jobs`` threads."""
        batches = batched(range(self.n_frames) if which is None else which, self._together)
        for rendered in ordered_map(self._do, self._tasks(batches), jobs=jobs):
            yield from rendered

    def _tasks(self, batches: Iterable[Sequence[int]]) -> Iterator[_Task]:
        """Yield what there is to do: batches, and keyframes of their own some batches ahead of those that need them.

        Marks are many short steps of Python: they are made here, lest threads wait for each other at each of them.
        """
        known: set[tuple[int, int]] = set()
        waiting: deque[Sequence[int]] = deque()
        for batch in batches:
            self._require(batch)
            for i in batch:
                step, number = self._keyframe(i)
                if self._keyframes(step).lasting:
                    yield from (key for key in ((step, number), (step, number + 1)) if key not in known)
                    known |= {(step, number), (step, number + 1)}
            waiting.append(batch)
            if len(waiting) > AHEAD:
                yield self._marked(waiting.popleft())
        yield from map(self._marked, waiting)

    def _do(self, task: _Task) -> list[RenderedFrame]:
        if isinstance(task, list):
            return self._batch(task)
        step, number = task
        self._keyframes(step).prepare(number)
        return []

    def _require(self, which: Sequence[int]) -> None:
        for i in which:
            if not 0 <= i < self.n_frames:
                raise UsageError("no such frame", found=i, allowed=f"0 to {self.n_frames - 1}")

    def _marked(self, which: Sequence[int]) -> list[tuple[int, list[Mark]]]:
        """Return frames' numbers with what arrives from all objects in each."""
        return [(i, self._objects.marks(i)) for i in which]

    def _batch(self, marked: Sequence[tuple[int, list[Mark]]]) -> list[RenderedFrame]:
        """Render some frames; those that have their keyframes and their maps in common, together."""
        memory = self._memory.take()
        out: list[RenderedFrame] = []
        for _, group in groupby(marked, lambda frame: (self._keyframe(frame[0]), self._drifts and frame[0])):
            alike = list(group)
            out += self._alike(alike, memory[len(out) : len(out) + len(alike)])
        return out

    def _alike(self, marked: Sequence[tuple[int, list[Mark]]], data: NDArray[np.uint16]) -> list[RenderedFrame]:
        """Render frames that have their keyframes and their maps in common into ``data`` uint16 (F, B, H, W)."""
        which, marks = zip(*marked, strict=True)
        bands, height, width = self.shape
        full = np.zeros((bands, len(which)), np.int64)
        below = np.zeros((bands, sum(map(len, marks))), np.float32)
        sampler, times_s = self._sampler(which), self.time_s[list(which)].tolist()
        for b, plane in enumerate(self._planes):
            scene, stamps = (*sampler.band(b), self._electrons_per_radiance[b]), self._objects.stamps(marks, b)
            exposure = plane.exposure(which, times_s)
            place = (np.arange(len(which)) * bands + b) * (height * width)
            out = data.reshape(-1), place, below[b], full[b]
            if self._whole:
                self._expose_whole(scene, stamps, exposure, *out)
            else:
                render_band(scene, stamps, exposure, self._rows, width, *out)
        saturated = full.T / (height * width) > SATURATED_SHARE
        quality = np.where(saturated, QUALITY_BITS["saturated"], 0).astype(np.uint8)
        levels = np.split(below.T, np.cumsum([len(m) for m in marks])[:-1])
        samples = [self._objects.samples(*frame, e) for frame, e in zip(marked, levels, strict=True)]
        return [RenderedFrame(*row) for row in zip(data, quality, samples, strict=True)]

    def _expose_whole(
        self,
        scene: tuple[Coded, Coded, RowPlan, float],
        stamps: Stamps,
        exposure: Exposure,
        out: NDArray[np.uint16],
        place: NDArray[np.int64],
        below: NDArray[np.float32],
        full: NDArray[np.int64],
    ) -> None:
        """Like `frame.render_band` where light or charge spreads over the frame."""
        early, late, plan, scale = scene
        electrons = self._room(len(place))
        resample(early, late, plan, 0, scale, electrons)
        add_stamps(stamps, 0, electrons, below)
        for i, image in zip(exposure.frames, electrons, strict=True):
            add_stray_light(image, self.scenario.sensor)
            self._planes[exposure.key[1]].add_cosmic_rays(image, int(i))
        expose(electrons, exposure, out, place, full)

    def _room(self, frames: int) -> NDArray[np.float32]:
        """Return this thread's memory for the electrons of some frames, float32 (F, H, W)."""
        if not hasattr(self._own, "room"):
            self._own.room = np.empty((self._together, *self.shape[1:]), np.float32)
        room: NDArray[np.float32] = self._own.room[:frames]
        return room


def _rows_at_once(height: int, width: int) -> int:
    """Return how many rows are rendered at a time: whole blocks of noise, about `PART_PIXELS`, or all there are."""
    unit = BLOCK // math.gcd(BLOCK, width)
    return min(unit * max(1, PART_PIXELS // (unit * width)), height)


def batched(items: Iterable[int], size: int) -> Iterator[tuple[int, ...]]:
    """Yield the items in tuples of ``size``, the last one shorter."""
    source = iter(items)
    while batch := tuple(islice(source, size)):
        yield batch
