"""The objects of a scene on its frames: their light added to the electrons, their truth written down."""

from __future__ import annotations

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

Array = NDArray[np.float64]

ROW_ATTEMPTS = 12
"""To find the row of a scanner that meets a moving source; each narrows the gap by their speeds' ratio."""


class Camera(NamedTuple):
    """What looks at the objects: sensor, platform, line of sight; optics and dark electrons of an exposure by band."""

    sensor: Sensor
    platform: Platform
    line_of_sight: LineOfSight
    spreads: Sequence[PointSpread]
    dark_e: Sequence[float]


class Mark(NamedTuple):
    """One emission of object ``number`` on the focal plane: where its points fall, line of sight included, px."""

    number: int
    emission: Emission
    arrival: Arrival
    x: Array
    y: Array

    def middle(self, band: int) -> tuple[float, float]:
        """Return the light-weighted mean of the points in a band."""
        share = self.arrival.share[band]
        if len(share) == 1:
            return float(self.x[0]), float(self.y[0])
        return float(np.nansum(share * self.x)), float(np.nansum(share * self.y))


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

    def truth(self) -> Records:
        """Return a row of TRUTH_OBJECT for each."""
        out = empty(TRUTH_OBJECT, len(self._sources))
        for i, s in enumerate(self._sources):
            out[i] = (
                i, s.kind.encode(), s.onset_s, s.end_s, s.latitude_deg, s.longitude_deg, s.heading_deg, s.burnout_s,
                s.name.encode(),
            )  # fmt: skip
        return out

    def add(self, i: int, image: NDArray[np.float32]) -> Records:
        """Add the light of frame ``i`` to mean photo-electrons (B, H, W).

        Returns
        -------
        TRUTH_SAMPLE records
            One for each object and band whose light falls in the middle of some pixel. ``x``, ``y`` are the
            light-weighted means; ``snr`` counts the background without any object.
        """
        if not self._sources:
            return empty(TRUTH_SAMPLE, 0)
        pose = self._pose(i, float(self._time_s[i]))
        seen = [(n, pair) for n, source in enumerate(self._sources) for pair in self._seen(source, i, pose)]
        marks = [self._mark(n, i, emission, arrival) for n, (emission, arrival) in seen]
        # What lies below every object is read before the first of them adds its light.
        below = [[self._below(mark, b, image) for b in range(len(image))] for mark in marks]
        rows: list[tuple[float, ...]] = []
        for mark, backgrounds in zip(marks, below, strict=True):
            rows += self._stamp(i, mark, backgrounds, image)
        return np.array(rows, TRUTH_SAMPLE)

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

    def _mark(self, number: int, i: int, emission: Emission, arrival: Arrival) -> Mark:
        shift = self._shift(i, arrival.y)
        return Mark(number, emission, arrival, arrival.x + shift[:, 0], arrival.y + shift[:, 1])

    def _below(self, mark: Mark, band: int, image: NDArray[np.float32]) -> float:
        """Return the electrons of the pixel that an object's middle falls on; NaN off the frame."""
        x, y = mark.middle(band)
        if not (np.isfinite(x) and np.isfinite(y)):
            return np.nan
        column, row = int(np.floor(x + 0.5)), int(np.floor(y + 0.5))
        inside = 0 <= column < image.shape[2] and 0 <= row < image.shape[1]
        return float(image[band, row, column]) if inside else np.nan

    def _stamp(
        self, i: int, mark: Mark, backgrounds: list[float], image: NDArray[np.float32]
    ) -> list[tuple[float, ...]]:
        camera, emission, arrival = self._camera, mark.emission, mark.arrival
        rows: list[tuple[float, ...]] = []
        for b, (band, spread) in enumerate(zip(camera.sensor.bands, camera.spreads, strict=True)):
            irradiance = float(arrival.irradiance_w_m2[b])
            electrons = irradiance / band.irradiance_per_e
            if emission.intensity_w_sr[b] <= 0:
                continue
            square = spread.stamp(image[b], mark.x, mark.y, arrival.share[b], electrons)
            if emission.primary and np.isfinite(backgrounds[b]):
                noise = backgrounds[b] + camera.dark_e[b] + band.read_noise_e**2
                intensity = float(emission.intensity_w_sr[b])
                x, y = mark.middle(b)
                rows.append(
                    (mark.number, i, b, x, y, intensity, irradiance, electrons, electrons * np.sqrt(square / noise))
                )
        return rows
