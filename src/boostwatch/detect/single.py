"""Every frame by itself: for stills, and where nothing has been learnt yet."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from boostwatch.detect._bands import BandFigures, BandMaps, FrameFaults, band_figures, band_maps, kernel_frame, rows_of
from boostwatch.detect._checks import checked_data, checked_shape
from boostwatch.detect.calibration import tail_line, threshold_for
from boostwatch.detect.peaks import HELD, SNR, UNREST, select
from boostwatch.detect.result import FrameResult, detection_records, registration_record
from boostwatch.parallel import ordered_map
from boostwatch.records import DETECTION, QUALITY_BITS, empty
from boostwatch.sensor import Sensor
from boostwatch.settings import DetectSettings
from boostwatch_kernels.background import TILE_X, TILE_Y, Background
from boostwatch_kernels.fitting import COLUMNS, Lens, Patch, fit_sources
from boostwatch_kernels.registration import PAD, calibrated_row
from boostwatch_kernels.ring import Code, Group, Ring

SCALES = (1.0, 1.8, 3.0)
"""Widths of the band-passes in units of the PSF."""

SURROUND = 1.6
"""Width of the surround in units of the centre: the difference of Gaussians nearest to a Laplacian (Marr & Hildreth,
Proc. R. Soc. B 207, 1980)."""

TRAINING = 15
"""Side of the box from which the local noise is taken, px; a guard of a third of it is left out."""

SPARSE, MEDIAN = 3, 7
"""The surround is a median of one in so many rows and columns, of so many each way."""


class SingleFrameDetector:
    """Frames to detections without memory: a multi-scale band-pass and a local CFAR.

    In clutter this finds far less than `boostwatch.detect.TemporalDetector`. ``snr`` is that of noise which would have
    as many peaks a frame as high: see `boostwatch.detect.calibration.tail_line`. Parameters and attributes are those of
    `boostwatch.detect.TemporalDetector`.
    """

    def __init__(
        self,
        sensor: Sensor,
        shape: tuple[int, int, int],
        settings: DetectSettings,
        *,
        bad_pixels: ArrayLike | None = None,
        gain: ArrayLike | None = None,
        offset: ArrayLike | None = None,
        threads: int = 1,
        pointing_noise_rad: float = math.nan,
    ) -> None:
        del pointing_noise_rad  # where the sensor looks plays no part
        self.notes: list[str] = []
        self._shape = checked_shape(shape, sensor)
        self._settings, self._threads = settings, threads
        self._figures = band_figures(sensor, settings, self.notes)
        self._maps = band_maps(self._shape, sensor, bad_pixels, gain, offset)
        self._faults = FrameFaults()

    def process(
        self,
        data: NDArray[np.uint16] | NDArray[np.float32],
        *,
        frame: int,
        time_s: float,
        frame_index: int,
        good: NDArray[np.bool_] | None = None,
        position_m: NDArray[np.float64] | None = None,
        attitude: NDArray[np.float64] | None = None,
    ) -> FrameResult:
        """Return what stands out of the frames of one time step; parameters as of the temporal detector.

        Where the sensor is and looks plays no part.
        """
        data = checked_data(data, self._shape, frame)
        quality = self._faults.look(data, time_s, frame_index, [f.full_scale for f in self._figures])
        use = np.ones(self._shape[0], bool) if good is None else np.asarray(good, bool)
        if not use.any():
            quality |= QUALITY_BITS["corrupt"]
        record = registration_record(frame, time_s, (math.nan, math.nan), math.nan, quality)
        if quality & (QUALITY_BITS["repeated"] | QUALITY_BITS["out_of_order"] | QUALITY_BITS["corrupt"]):
            return FrameResult(empty(DETECTION, 0), record, quality)
        work = partial(self._band, data)
        found = ordered_map(work, [b for b in range(self._shape[0]) if use[b]], jobs=self._threads)
        records = [
            detection_records(
                fits, frame=frame, time_s=time_s, band=b, shift=(0.0, 0.0), gain=self._figures[b].gain
            )
            for b, fits in found
        ]  # fmt: skip
        return FrameResult(np.concatenate([empty(DETECTION, 0), *records]), record, quality)

    def _band(self, data: NDArray[np.uint16] | NDArray[np.float32], band: int) -> tuple[int, NDArray[np.float64]]:
        figures, maps = self._figures[band], self._maps[band]
        image, known = _calibrated(data[band], maps)
        threshold = threshold_for(self._settings.false_alarms_per_mpx, figures.psf_sigma)
        best = np.full(image.shape, -np.inf, np.float32)
        for scale in SCALES:
            sigma = scale * math.sqrt(figures.psf_sigma**2 + 1.0 / 12.0)
            # A pixel-integrated source is matched by its own width; filter and source add in quadrature.
            band_pass = ndimage.gaussian_filter(image, sigma, mode="nearest")
            band_pass -= ndimage.gaussian_filter(image, SURROUND * sigma, mode="nearest")
            np.maximum(best, band_pass / _local_scale(band_pass, max(TRAINING, round(8 * sigma))), out=best)
        peak = (best == ndimage.maximum_filter(best, 3, mode="nearest")) & (best > 0) & known
        peak[[0, -1]] = peak[:, [0, -1]] = False
        offset, slope = tail_line(best[peak], best.size, figures.psf_sigma)
        best = (best - np.float32(offset)) / np.float32(slope)
        peak &= best > threshold
        places = np.argwhere(peak)
        if not len(places):
            return band, np.zeros((0, COLUMNS))
        surround = _surround(image)
        fits = _fit(image, surround, known, best, places, figures)
        return band, select(fits, lambda rows, columns: (image - surround)[rows, columns], threshold, figures.psf_sigma)


def _calibrated(
    plane: NDArray[np.uint16] | NDArray[np.float32], maps: BandMaps
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    frame = kernel_frame(plane, maps, rows_of(maps.bad))
    image = np.empty(plane.shape, np.float32)
    row = np.zeros((1, plane.shape[1] + 2 * PAD), np.float32)
    for y in range(len(image)):
        calibrated_row(frame, y, row, 0)
        image[y] = row[0, PAD : PAD + plane.shape[1]]
    known = np.isfinite(plane) & ~maps.bad
    return image, known


def _local_scale(value: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return the local standard deviation, from a box around each pixel without the pixel's own surroundings.

    A second pass clips at three of the first's, so that a neighbour does not hide a source.
    """
    guard = 2 * (side // 6) + 1
    floor = 1e-6 * float(np.abs(value).max()) + 1e-12

    def spread(square: NDArray[np.float32]) -> NDArray[np.float32]:
        outer = ndimage.uniform_filter(square, side, mode="reflect").astype(np.float64) * side**2
        inner = ndimage.uniform_filter(square, guard, mode="reflect").astype(np.float64) * guard**2
        out: NDArray[np.float32] = np.sqrt(np.maximum(outer - inner, 0.0) / (side**2 - guard**2)).astype(np.float32)
        return out

    square = value * value
    first = np.maximum(spread(square), floor)
    return np.maximum(spread(np.minimum(square, 9.0 * first * first)), floor).astype(np.float32)


def _surround(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the background as the median of a wide box, which a source does not reach."""
    coarse = ndimage.median_filter(image[::SPARSE, ::SPARSE], MEDIAN, mode="nearest")
    rows, columns = (
        np.minimum((np.arange(side) + SPARSE // 2) // SPARSE, n - 1)
        for side, n in zip(image.shape, coarse.shape, strict=True)
    )
    out: NDArray[np.float32] = ndimage.uniform_filter(coarse[rows][:, columns], SPARSE, mode="nearest")
    return out


def _fit(
    image: NDArray[np.float32],
    mean: NDArray[np.float32],
    known: NDArray[np.bool_],
    best: NDArray[np.float32],
    places: NDArray[np.int64],
    figures: BandFigures,
) -> NDArray[np.float64]:
    """Fit position and flux over the local median; the snr stays that of the band-pass."""
    fits = np.zeros((len(places), COLUMNS))
    scale = _local_scale(image - mean, TRAINING)
    bits = [((v.view(np.uint32) + 0x8000) >> 16).astype(np.uint16) for v in (0.0 * mean, scale * scale, known / scale)]
    state = Background(mean, bits[0], bits[1], bits[2], known.astype(np.uint16))
    frames = np.stack([image, np.full_like(image, np.nan)])
    one, infinite, nan = np.float32(1.0), np.float32(np.inf), np.float32(np.nan)
    ring = Ring(frames, Code(one, np.float32(0.0), -infinite, infinite, nan, -infinite, one))
    none = np.zeros(1, np.int64)
    tiles = (-(-image.shape[0] // TILE_Y), -(-image.shape[1] // TILE_X))
    patch = Patch(
        ring, Group(none, none, none), np.zeros(1), state, np.zeros(tiles[0], np.float32), np.ones(tiles, np.float32)
    )
    starts = np.zeros((len(places), 4))
    starts[:, :2] = places[:, ::-1]
    fit_sources(patch, Lens(figures.psf_sigma, figures.gain, figures.reach, 0.0, 0.0), starts, fits)
    fits[:, SNR], fits[:, [HELD, UNREST]] = best[tuple(places.T)], math.nan
    return fits
