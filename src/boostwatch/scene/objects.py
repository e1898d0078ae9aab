"""The objects of a scene on its frames: their light added to the electrons, their truth written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass
class Mark:
    """One emission of object ``number`` on the focal plane: where its points fall, line of sight included, px.

    ``below_e`` and ``square`` hold, by band, what stamping finds: the electrons of the pixel that its middle falls on
    (NaN off the frame), and the sum of its squared pixel shares.
    """

    number: int
    emission: Emission
    arrival: Arrival
    x: Array
    y: Array
    below_e: Array
    square: Array

    def __post_init__(self) -> None:
        share, known = self.arrival.share, np.isfinite(self.y)
        x, y = self.x, self.y
        if not known.all():
            share, x, y = share[:, known], x[known], y[known]
        self.top, self.bottom = (float(y.min()), float(y.max())) if len(y) else (np.inf, -np.inf)
        self._middle: list[tuple[float, float]] = list(zip((share @ x).tolist(), (share @ y).tolist(), strict=True))

    def middle(self, band: int) -> tuple[float, float]:
        """Return the light-weighted mean of the points in a band."""
        return self._middle[band]


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

    def marks(self, i: int) -> list[Mark]:
        """Return what arrives from all objects in frame ``i``."""
        if not self._sources:
            return []
        pose = self._pose(i, float(self._time_s[i]))
        out = []
        for number, source in enumerate(self._sources):
            for emission, arrival in self._seen(source, i, pose):
                shift = self._shift(i, arrival.y)
                nothing = np.full((2, len(self._camera.spreads)), np.nan)
                out.append(Mark(number, emission, arrival, arrival.x + shift[:, 0], arrival.y + shift[:, 1], *nothing))
        return out

    def stamp(self, marks: Sequence[Mark], band: int, first_row: int, image: NDArray[np.float32]) -> None:
        """Add the light of all marks to some rows of one band's electrons, float32 (R, W), from ``first_row`` on."""
        spread, count = self._camera.spreads[band], len(image)
        reach = spread.reach_px
        here = [m for m in marks if m.top - reach < first_row + count and m.bottom + reach > first_row - 1]
        middles = [self._pixel(m, band, first_row, image) for m in here]
        # What lies below every object is read before the first of them adds its light.
        for mark, pixel in zip(here, middles, strict=True):
            if pixel is not None:
                mark.below_e[band] = image[pixel]
        for mark, pixel in zip(here, middles, strict=True):
            electrons, share, x, y = self._electrons(mark, band), mark.arrival.share[band], mark.x, mark.y - first_row
            if not mark.emission.primary:  # its sharpness is not asked for: points off these rows are spared
                near = (y > -1 - reach) & (y < count + reach)
                x, y, share = x[near], y[near], share[near]
            square = spread.stamp(image, x, y, share, electrons)
            if pixel is not None:
                mark.square[band] = square

    def _electrons(self, mark: Mark, band: int) -> float:
        return float(mark.arrival.irradiance_w_m2[band]) / self._camera.sensor.bands[band].irradiance_per_e

    @staticmethod
    def _pixel(mark: Mark, band: int, first_row: int, image: NDArray[np.float32]) -> tuple[int, int] | None:
        """Return the row and column of an image that a mark's middle falls on."""
        x, y = mark.middle(band)
        if not (np.isfinite(x) and np.isfinite(y)):
            return None
        row, column = int(np.floor(y + 0.5)) - first_row, int(np.floor(x + 0.5))
        return (row, column) if 0 <= row < image.shape[0] and 0 <= column < image.shape[1] else None

    def samples(self, i: int, marks: Sequence[Mark]) -> Records:
        """Return the truth of frame ``i`` after all its rows have been stamped.

        Returns
        -------
        TRUTH_SAMPLE records
            One for each object and band whose light falls in the middle of some pixel. ``x``, ``y`` are the
            light-weighted means; ``snr`` counts the background without any object.
        """
        rows = []
        for mark in marks:
            for b, band in enumerate(self._camera.sensor.bands):
                intensity = float(mark.emission.intensity_w_sr[b])
                if not mark.emission.primary or intensity <= 0 or not np.isfinite(mark.below_e[b]):
                    continue
                electrons = self._electrons(mark, b)
                noise = mark.below_e[b] + self._camera.dark_e[b] + band.read_noise_e**2
                snr = electrons * np.sqrt(mark.square[b] / noise)
                irradiance = float(mark.arrival.irradiance_w_m2[b])
                rows.append((mark.number, i, b, *mark.middle(b), intensity, irradiance, electrons, snr))
        return np.array(rows, TRUTH_SAMPLE)

    def add(self, i: int, image: NDArray[np.float32]) -> Records:
        """Add the light of frame ``i`` to mean photo-electrons (B, H, W); return its `samples`."""
        marks = self.marks(i)
        for band, electrons in enumerate(image):
            self.stamp(marks, band, 0, electrons)
        return self.samples(i, marks)

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
