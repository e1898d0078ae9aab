"""The objects of a scene on its frames: their light added to the electrons, their truth written down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch.records import TRUTH_OBJECT, TRUTH_SAMPLE, Records, empty
from boostwatch.scene.emission import Emission, Observer
from boostwatch.scene.line_of_sight import LineOfSight
from boostwatch.scene.optics import PointSpread
from boostwatch.scene.platform import Platform
from boostwatch.scene.projection import Arrival, Pose, project
from boostwatch.scene.sources import Source
from boostwatch.scene.world import World
from boostwatch.sensor import Sensor
from boostwatch_kernels.frame import Stamps, add_stamps

Array = NDArray[np.float64]

ROW_ATTEMPTS = 12
"""To find the row of a scanner that meets a moving source; each narrows the gap by their speeds' ratio."""

LEAST_NOISE_E = 1.0
"""Of a pixel in truth: a sensor without any noise, before space, would have no ratio of signal to it."""

MOST_LOOSE = 1 << 18
"""Pixels of the pictures of single objects on a frame: beyond it they are joined, since many frames wait at a time."""


class Camera(NamedTuple):
    """What looks at the objects: sensor, rows and columns, platform, line of sight.

    By band, optics and dark electrons of an exposure.
    """

    sensor: Sensor
    shape: tuple[int, int]
    platform: Platform
    line_of_sight: LineOfSight
    spreads: Sequence[PointSpread]
    dark_e: Sequence[float]


class Stamp(NamedTuple):
    """The picture of a mark in one band, where it is on the frame; empty where the first mark's has its light too.

    ``top``, ``left`` of ``light`` float32 (R, C), electrons; ``middle`` the pixel in C order of the frame that the
    light-weighted mean falls on, -1 off the frame; ``square`` the sum of the squared pixel shares of the whole.
    """

    top: int
    left: int
    light: NDArray[np.float32]
    middle: int
    square: float


class Mark(NamedTuple):
    """One emission of object ``number`` on the focal plane.

    ``x``, ``y`` float64 (B,): light-weighted mean, line of sight included, px; ``electrons`` (B,) of all its light;
    ``stamps`` one a band.
    """

    number: int
    emission: Emission
    irradiance_w_m2: Array
    x: Array
    y: Array
    electrons: Array
    stamps: tuple[Stamp, ...]


class Objects:
    """All sources of a scene before one camera.

    Parameters
    ----------
    sources : sequence of Source
    world : World
    camera : Camera
    time_s : float64 (T,)
        Middle of each frame's exposure.
    """

    def __init__(self, sources: Sequence[Source], world: World, camera: Camera, time_s: Array) -> None:
        self._sources, self._world, self._camera, self._time_s = sources, world, camera, time_s
        self._irradiance_per_e = np.array([band.irradiance_per_e for band in camera.sensor.bands])

    def truth(self) -> Records:
        """Return a row of TRUTH_OBJECT for each."""
        out = empty(TRUTH_OBJECT, len(self._sources))
        for i, s in enumerate(self._sources):
            out[i] = (
                i, s.kind.encode(), s.onset_s, s.end_s, s.latitude_deg, s.longitude_deg, s.heading_deg, s.burnout_s,
                s.name.encode(),
            )  # fmt: skip
        return out

    def marks(self, i: int) -> list[Mark]:
        """Return what arrives from all objects in frame ``i``."""
        if not self._sources:
            return []
        pose = self._pose(i, float(self._time_s[i]))
        out: list[Mark] = []
        loose = 0
        for number, source in enumerate(self._sources):
            for emission, arrival in self._seen(source, i, pose):
                out.append(self._mark(number, i, emission, arrival))
                loose += max(stamp.light.size for stamp in out[-1].stamps)
                if loose > MOST_LOOSE:
                    out, loose = self._joined(out), 0
        return out

    def _joined(self, marks: Sequence[Mark]) -> list[Mark]:
        """Return marks of one frame, all their light in a picture of the whole frame that the first one has."""
        kept = [list(mark.stamps) for mark in marks]
        for band in range(len(kept[0])):
            first = kept[0][band].light
            whole = first if first.shape == self._camera.shape else np.zeros(self._camera.shape, np.float32)
            for stamps in kept:
                top, left, light = stamps[band][:3]
                if light is not whole:
                    whole[top : top + light.shape[0], left : left + light.shape[1]] += light
                stamps[band] = stamps[band]._replace(top=0, left=0, light=np.empty((0, 0), np.float32))
            kept[0][band] = kept[0][band]._replace(light=whole)
        return [mark._replace(stamps=tuple(stamps)) for mark, stamps in zip(marks, kept, strict=True)]

    def _mark(self, number: int, i: int, emission: Emission, arrival: Arrival) -> Mark:
        shift = self._shift(i, arrival.y)
        x, y, share = arrival.x + shift[:, 0], arrival.y + shift[:, 1], arrival.share
        known = np.isfinite(y)
        if not known.all():
            x, y, share = x[known], y[known], share[:, known]
        camera = self._camera
        middle_x, middle_y = share @ x, share @ y
        electrons = arrival.irradiance_w_m2 / self._irradiance_per_e
        stamps = tuple(
            self._stamp(spread, x, y, share[b], (float(middle_x[b]), float(middle_y[b])), float(electrons[b]))
            for b, spread in enumerate(camera.spreads)
        )
        return Mark(number, emission, arrival.irradiance_w_m2, middle_x, middle_y, electrons, stamps)

    def _stamp(
        self, spread: PointSpread, x: Array, y: Array, share: Array, middle: tuple[float, float], electrons: float
    ) -> Stamp:
        height, width = self._camera.shape
        reach = spread.reach_px
        left, top = (max(math.floor(float(a.min())) - reach, 0) for a in (x, y))
        right, bottom = (min(math.ceil(float(a.max())) + reach + 1, n) for a, n in ((x, width), (y, height)))
        light = np.zeros((max(bottom - top, 0), max(right - left, 0)), np.float32)
        square = spread.stamp(light, x - left, y - top, share, electrons)
        column, row = (math.floor(m + 0.5) for m in middle)
        inside = 0 <= row < height and 0 <= column < width
        return Stamp(top, left, light, row * width + column if inside else -1, square)

    @staticmethod
    def stamps(frames: Sequence[Sequence[Mark]], band: int) -> Stamps:
        """Return the pictures of one band on some frames, for `frame.add_stamps`; marks in their order."""
        table, light, start = [], [np.empty(0, np.float32)], 0
        for f, marks in enumerate(frames):
            for mark in marks:
                stamp = mark.stamps[band]
                table.append((f, stamp.top, stamp.left, *stamp.light.shape, start, stamp.middle))
                light.append(stamp.light.reshape(-1))
                start += stamp.light.size
        return Stamps(np.array(table, np.int64).reshape(-1, 7), np.concatenate(light))

    def samples(self, i: int, marks: Sequence[Mark], below_e: NDArray[np.float32]) -> Records:
        """Return the truth of a frame.

        Parameters
        ----------
        i : int
            The frame.
        marks : sequence of Mark
        below_e : float32 (M, B)
            Electrons without any object of the pixels that the marks' means fall on.

        Returns
        -------
        TRUTH_SAMPLE records
            One for each object and band whose light falls in the middle of some pixel. ``x``, ``y`` are the
            light-weighted means; ``snr`` counts the background without any object, and `LEAST_NOISE_E` at least.
        """
        rows = []
        for mark, below in zip(marks, below_e, strict=True):
            for b, band in enumerate(self._camera.sensor.bands):
                intensity = float(mark.emission.intensity_w_sr[b])
                if not mark.emission.primary or intensity <= 0 or mark.stamps[b].middle < 0:
                    continue
                electrons = float(mark.electrons[b])
                noise = max(float(below[b]), 0.0) + self._camera.dark_e[b] + band.read_noise_e**2
                noise = max(noise, LEAST_NOISE_E**2)
                snr = electrons * math.sqrt(mark.stamps[b].square / noise)
                irradiance = float(mark.irradiance_w_m2[b])
                rows.append((mark.number, i, b, mark.x[b], mark.y[b], intensity, irradiance, electrons, snr))
        return np.array(rows, TRUTH_SAMPLE)

    def add(self, i: int, image: NDArray[np.float32]) -> Records:
        """Add the light of frame ``i`` to mean photo-electrons (B, H, W); return its `samples`."""
        marks = self.marks(i)
        below = np.zeros((len(image), len(marks)), np.float32)
        for band in range(len(image)):
            add_stamps(self.stamps([marks], band), 0, image[band : band + 1], below[band])
        return self.samples(i, marks, below.T)

    def _pose(self, i: int, time_s: float) -> Pose:
        platform = self._camera.platform
        return Pose.of(platform, self._world, time_s, int(platform.step_of(i)))

    def _seen(self, source: Source, i: int, pose: Pose) -> list[tuple[Emission, Arrival]]:
        """Return what arrives from a source in a frame; a scanning sensor sees it when its row comes."""
        camera, rows = self._camera, self._camera.platform.row_time_s
        half = 0.5 * camera.sensor.integration_s
        arrived: list[tuple[Emission, Arrival]] = []
        for _ in range(1 if rows is None else ROW_ATTEMPTS):
            start, end = pose.time_s - half, pose.time_s + half
            if not source.shines(start, end):
                return []
            observer = Observer(pose.position_m, pose.sun, camera.sensor.ifov_rad)
            arrived = []
            for emission in source.emit(start, end, observer):
                arrival = project(emission, self._world, camera.sensor, pose)
                if arrival is not None:
                    arrived.append((emission, arrival))
            if rows is None or not arrived:
                break
            at = float(np.clip(np.nanmean(arrived[0][1].y), 0, len(rows) - 1))
            later = float(self._time_s[i] + np.interp(at, np.arange(len(rows)), rows))
            if abs(later - pose.time_s) < 0.02 * (rows[1] - rows[0]):
                break
            pose = self._pose(i, later)
        return arrived

    def _shift(self, i: int, y: Array) -> Array:
        """Return the shift (K, 2) of the line of sight at places (K,) along y."""
        camera = self._camera
        rows = camera.platform.row_time_s
        if rows is None:
            return np.broadcast_to(camera.line_of_sight.shift[i], (len(y), 2))
        by_row = camera.line_of_sight.rows(i, rows)
        at = np.nan_to_num(y)
        return np.stack([np.interp(at, np.arange(len(rows)), by_row[:, axis]) for axis in range(2)], axis=-1)
