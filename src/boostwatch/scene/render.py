"""Frames of a scenario, any of them in any order and on any thread."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import UsageError
from boostwatch.records import QUALITY_BITS, TRUTH_OBJECT, TRUTH_SAMPLE, Records, empty
from boostwatch.scene.atmosphere import Atmosphere
from boostwatch.scene.camera import build_pointing, build_sensor
from boostwatch.scene.canvas import build_canvas
from boostwatch.scene.focal_plane import build_focal_plane
from boostwatch.scene.optics import build_point_spread, psf_files
from boostwatch.scene.scenario import ImageBackground, Scenario
from boostwatch.scene.sources import Place, Source, build_source
from boostwatch.scene.stray import add_stray_light
from boostwatch.scene.view import Grid
from boostwatch.sensor import Sensor
from boostwatch_kernels.render import add_layer, decimate, filter_taps

Array = NDArray[np.float64]

SATURATED_SHARE = 0.01
_LIGHT_SAMPLES = 8
_MAX_STEPS = 400
_STEP_PX = 0.2
_IMAGE_SIGMA_PX = 0.15
"""An image has its own blur: it is only resampled, by the narrowest filter that a third of a pixel carries well."""


class RenderedFrame(NamedTuple):
    """One frame: ``data`` uint16 (B, H, W) in DN, ``quality`` uint8 (B,) of `records.QUALITY_BITS`, ``samples``."""

    data: NDArray[np.uint16]
    quality: NDArray[np.uint8]
    samples: Records


def image_names(scenario: Scenario) -> list[str]:
    """Return the files, relative to the scenario's own place, that must be loaded for `Renderer`."""
    backgrounds = [scenario.background.file] if isinstance(scenario.background, ImageBackground) else []
    return list(dict.fromkeys(backgrounds + psf_files(scenario.sensor)))


class Renderer:
    """A scenario made ready to render.

    Parameters
    ----------
    scenario : Scenario
    images : mapping of str to array, optional
        What `image_names` asks for: radiance (y, x) or (band, y, x).
    seed : int, optional
        Instead of the scenario's own.

    Attributes
    ----------
    sensor : Sensor
    shape : tuple of int
        (bands, height, width).
    n_frames, seed : int
    epoch : str
    time_s : float64 (T,)
        Middle of each exposure after the epoch.
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
        True shift (x, y) of the scene, px.
    objects : structured array of TRUTH_OBJECT

    Raises
    ------
    BadData
        A band without an atmospheric table, an image that does not fit.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        images: Mapping[str, NDArray[np.generic]] | None = None,
        seed: int | None = None,
    ) -> None:
        self.scenario = scenario
        self.seed = scenario.seed if seed is None else seed
        if not 0 <= self.seed < 2**63:
            raise UsageError("seed is out of range", found=self.seed, allowed="0 to 2**63 - 1")
        self.sensor: Sensor = build_sensor(scenario, images)
        self.shape = (len(self.sensor.bands), scenario.sensor.height, scenario.sensor.width)
        self.n_frames, self.epoch = scenario.n_frames, scenario.epoch
        self.time_s: Array = np.arange(self.n_frames, dtype=np.float64) * self.sensor.frame_period_s
        self._pointing = build_pointing(scenario, self.sensor, self._randoms("pointing", 0))
        self.line_of_sight, self.attitude = self._pointing.line_of_sight, self._pointing.attitude
        self.position_m: Array = np.tile(self._pointing.position_m, (self.n_frames, 1))
        los = scenario.line_of_sight
        self.attitude_bias_sigma_rad, self.attitude_noise_sigma_rad = los.attitude_bias, los.attitude_noise
        self.attitude_sigma_rad = float(np.hypot(los.attitude_bias, los.attitude_noise))
        self._build_focal_planes()
        self._build_scene(images or {})

    def _randoms(self, purpose: str, number: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32(purpose.encode()), number])

    def _build_focal_planes(self) -> None:
        s = self.scenario.sensor
        self._planes = [
            build_focal_plane(s, b, self._randoms("focal plane", b), self.seed) for b in range(self.shape[0])
        ]
        self.bad_pixels: NDArray[np.uint8] = np.stack([p.known for p in self._planes])
        self.gain = np.stack([p.gain for p in self._planes]) if s.gain_spread > 0 else None
        self.offset = (
            np.stack([p.offset_dn - np.float32(s.offset_dn) for p in self._planes]) if s.offset_spread_dn > 0 else None
        )

    def _build_scene(self, images: Mapping[str, NDArray[np.generic]]) -> None:
        scenario, sensor = self.scenario, self.sensor
        step = scenario.oversample
        smear = scenario.line_of_sight.smear
        self._spreads = [build_point_spread(scenario.sensor, b, images, smear_px=smear) for b in range(self.shape[0])]
        self._sigma_px = [float(np.hypot(band.psf_sigma_px, smear)) for band in sensor.bands]
        if isinstance(scenario.background, ImageBackground):
            scene_sigma, self._box = [float(np.hypot(_IMAGE_SIGMA_PX, smear))] * len(sensor.bands), 1.0
        else:
            scene_sigma, self._box = self._sigma_px, float(step)
        self._scene_sigma = [s * step for s in scene_sigma]
        # Three and a half sigma each side and the pixel box: 5e-4 of the weight lies beyond and is shared out.
        self._taps = [4 * int(np.ceil((self._box + 7 * s + 1) / 4)) for s in self._scene_sigma]
        reach = float(np.abs(self.line_of_sight).max()) + max(self._taps) / (2 * step)
        self._grid = Grid(self.shape[1], self.shape[2], int(np.ceil(reach)) + 2, step)
        place = "sensor.bands"
        atmospheres: tuple[Atmosphere, ...] = ()
        if scenario.needs_atmosphere:
            model = scenario.atmosphere.model
            atmospheres = tuple(
                Atmosphere(model, b.lower_um, b.upper_um, place=f"{place}[{i}]") for i, b in enumerate(sensor.bands)
            )
        pointing = self._pointing
        self._canvas, self._clouds = build_canvas(
            scenario, sensor, self._grid, pointing.position_m, pointing.nominal, atmospheres, images, self._randoms
        )
        solid = sensor.ifov_rad**2
        # irradiance_per_e is energy a photon over area, efficiency and time: a pixel's share of an extended scene
        # is its radiance times solid angle times band width.
        self._electrons_per_radiance = [
            solid * (band.upper_um - band.lower_um) / band.irradiance_per_e for band in sensor.bands
        ]
        around = Place(sensor, pointing.position_m, pointing.nominal, atmospheres, float(self.time_s[-1]))
        self._sources: list[Source] = [
            build_source(item, around, self._randoms("object", i)) for i, item in enumerate(scenario.objects)
        ]
        self.objects = empty(TRUTH_OBJECT, len(self._sources))
        for i, source in enumerate(self._sources):
            self.objects[i] = (
                i, source.kind.encode(), source.onset_s, source.end_s, source.latitude_deg, source.longitude_deg,
                source.heading_deg, source.burnout_s, source.name.encode(),
            )  # fmt: skip

    def scene(self, i: int) -> NDArray[np.float32]:
        """Return the mean photo-electrons of frame ``i`` without objects, float32 (B, H, W)."""
        dx, dy = self.line_of_sight[i]
        step, grid = self.scenario.oversample, self._grid
        out = np.empty(self.shape, np.float32)
        work = np.empty(grid.shape, np.float32)
        for b in range(self.shape[0]):
            canvas = self._canvas[b]
            if self._clouds:
                work[:] = canvas
                canvas = work
            for cloud in self._clouds:
                vx, vy = cloud.velocity_px_s
                t = self.time_s[i] * step
                add_layer(canvas, cloud.alpha, cloud.light[b], vx * t, vy * t)
            taps_x, taps_y = np.empty(self._taps[b], np.float32), np.empty(self._taps[b], np.float32)
            sigma = self._scene_sigma[b]
            first_x = filter_taps(grid.cell(-float(dx)), self._box, sigma, taps_x)
            first_y = filter_taps(grid.cell(-float(dy)), self._box, sigma, taps_y)
            taps_y *= np.float32(self._electrons_per_radiance[b])
            decimate(canvas, taps_y, taps_x, (first_y, first_x), step, out[b])
        return out

    def _add_objects(self, i: int, image: NDArray[np.float32]) -> Records:
        """Add the objects to a frame's electrons and return what truth has to say of them."""
        middle, exposure = float(self.time_s[i]), self.sensor.integration_s
        start, end = middle - exposure / 2, middle + exposure / 2
        rows: list[tuple[float, ...]] = []
        steady = image.copy() if self._sources else image
        for number, source in enumerate(self._sources):
            if not source.shines(start, end):
                continue
            drift = self._pointing.drift_px_s
            ends = np.array([start, end])
            length = np.hypot(
                np.diff(np.interp(ends, source.time_s, source.x))[0] + drift[0] * exposure,
                np.diff(np.interp(ends, source.time_s, source.y))[0] + drift[1] * exposure,
            )
            count = int(np.clip(np.ceil(length / _STEP_PX), 1, _MAX_STEPS))
            times = start + exposure * (np.arange(count) + 0.5) / count
            path = np.empty((count, 2))
            path[:, 0] = np.interp(times, source.time_s, source.x)
            path[:, 1] = np.interp(times, source.time_s, source.y)
            steady_x, steady_y = float(path[:, 0].mean()), float(path[:, 1].mean())
            path += self.line_of_sight[i] + (times - middle)[:, None] * drift
            x, y = float(path[:, 0].mean()), float(path[:, 1].mean())
            if not (-0.5 <= x < self.shape[2] - 0.5 and -0.5 <= y < self.shape[1] - 0.5):
                reach = 6 * max(self._sigma_px) + length
                if not (-reach < x < self.shape[2] + reach and -reach < y < self.shape[1] + reach):
                    continue
            sub = start + exposure * (np.arange(_LIGHT_SAMPLES) + 0.5) / _LIGHT_SAMPLES
            light = float(np.interp(sub, source.light_time_s, source.light, left=0.0, right=0.0).mean())
            height = float(np.interp(middle, source.time_s, source.height_m))
            clear = 1.0
            for cloud in self._clouds:
                if cloud.altitude_m > height:
                    clear *= float(cloud.transmittance(self._grid, steady_x, steady_y, middle))
            for b, band in enumerate(self.sensor.bands):
                intensity = light * float(source.band_scale[b])
                if intensity <= 0:
                    continue
                irradiance = intensity * clear * float(np.interp(middle, source.time_s, source.gain_m2[b]))
                electrons = irradiance / band.irradiance_per_e
                square = self._spreads[b].stamp(image[b], path[:, 0], path[:, 1], np.full(count, 1 / count), electrons)
                column, row = int(np.floor(x + 0.5)), int(np.floor(y + 0.5))
                if not (0 <= column < self.shape[2] and 0 <= row < self.shape[1]):
                    continue
                variance = float(steady[b, row, column]) + band.dark_e_per_s * exposure + band.read_noise_e**2
                snr = electrons * np.sqrt(square / variance)
                rows.append((number, i, b, x, y, intensity, irradiance, electrons, snr))
        return np.array(rows, TRUTH_SAMPLE)

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
        if not 0 <= i < self.n_frames:
            raise UsageError("no such frame", found=i, allowed=f"0 to {self.n_frames - 1}")
        electrons = self.scene(i)
        samples = self._add_objects(i, electrons)
        data = np.empty(self.shape, np.uint16)
        quality = np.zeros(self.shape[0], np.uint8)
        pixels = self.shape[1] * self.shape[2]
        for b, plane in enumerate(self._planes):
            add_stray_light(electrons[b], self.scenario.sensor)
            full = plane.expose(electrons[b], i, float(self.time_s[i]), data[b])
            if full > SATURATED_SHARE * pixels:
                quality[b] |= QUALITY_BITS["saturated"]
        return RenderedFrame(data, quality, samples)
