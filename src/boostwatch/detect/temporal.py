"""The temporal chain: what a staring sensor sees against what it has seen."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostwatch.detect._bands import NONE, BandMaps, FrameFaults, band_figures, band_maps, brought
from boostwatch.detect._checks import checked_data, checked_shape
from boostwatch.detect._state import BandState
from boostwatch.detect.peaks import FLUX, FLUX_SIGMA, X, Y
from boostwatch.detect.registration import AGREEMENT, LEAST_PRIOR, PRIOR_SIGMA, Fit, coarse_shift, register
from boostwatch.detect.reported import ReportedShift
from boostwatch.detect.result import FrameResult, detection_records, registration_record
from boostwatch.detect.warp import Stabiliser
from boostwatch.records import DETECTION, QUALITY_BITS, empty
from boostwatch.sensor import Sensor
from boostwatch.settings import DetectSettings

REBASE = 0.75
"""Distance of the reference from the running shift at which it moves by whole pixels, px."""
YOUNG_SIGMA_PX = 2.2
"""Error of positions in the first frame that is searched, 1-sigma; it falls by e with every ``guard_frames``. What was
there from the beginning and moves is in the background still, just behind itself, and is pushed away from there: by
0.8 px at first. Neighbouring frames share that error, so each tells about an eighth of what its own error says."""

Found = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Detections of the newest frame alone, and of the newest together."""


class TemporalDetector:
    """Frames to detections by comparison with a registered, lagged background.

    Memory is constant: about ``12 + 2 (guard_frames + 6)`` bytes a pixel and band for uint16 frames, ``12 + 4
    (guard_frames + 6)`` for float32 ones; 4 more for the pattern of the focal plane once the scene moves.

    Parameters
    ----------
    sensor : Sensor
        Figures; NaN ones are defaulted and said in ``notes``.
    shape : (int, int, int)
        Bands, rows, columns.
    settings : DetectSettings
        Settings.
    bad_pixels : array_like (B, H, W), optional
        Non-zero is bad.
    gain, offset : array_like (B, H, W), optional
        Non-uniformity as a stack holds it: ``data = offset_dn + offset + gain * electrons / gain_e_per_dn``.
    threads : int, keyword-only
        Threads a frame is shared among; results do not depend on it.
    pointing_noise_rad : float, keyword-only
        1-sigma an axis of the white error of reported attitudes; with NaN they do not help the registration.

    Attributes
    ----------
    notes : list of str
        What was supposed because the sensor does not tell.
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
        self.notes: list[str] = []
        self._shape = checked_shape(shape, sensor)
        self._settings = settings
        if settings.integration_frames > max(settings.guard_frames, 1):
            self.notes.append(
                f"{settings.integration_frames} frames asked to be added, {max(settings.guard_frames, 1)} are: no more "
                "than guard_frames"
            )
        figures = band_figures(sensor, settings, self.notes)
        maps = band_maps(self._shape, sensor, bad_pixels, gain, offset)
        self._figures, self._maps, self._threads = figures, maps, threads
        self._bands = [BandState(f, m, self._shape[1:], settings, threads) for f, m in zip(figures, maps, strict=True)]
        memory, patience = settings.memory_frames + settings.guard_frames, 2 * settings.warm_up_frames
        self._stabiliser = Stabiliser(sensor, self._shape[1:], figures, maps, memory, patience)
        self._reported = ReportedShift(sensor, pointing_noise_rad)
        self._faults = FrameFaults()
        self._pool = ThreadPoolExecutor(threads - 1) if threads > 1 else None
        self._shift = np.zeros(2)  # last good shift relative to the first good frame
        self._trend = np.zeros(2)  # smoothed shift, by which the reference is moved
        self._base = np.zeros(2, np.int64)  # whole-pixel position of the reference
        self._motion = PRIOR_SIGMA**2
        self._taken = 0  # frames that entered since the (re)start
        self._guard_frames = settings.guard_frames
        self._lost = 0  # frames in a row that would not register

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
        """Take in the frames of one time step and return what stands out.

        Parameters
        ----------
        data : uint16 or float32 (B, H, W)
            DN. Other integers are taken as float32.
        frame : int
            Number in the stack, for the records.
        time_s : float
            Mid-exposure.
        frame_index : int
            The sensor's own counter: a gap or a repeat is flagged.
        good : bool (B,), optional
            Bands to be used; the others neither detect nor enter the background.
        position_m : float64 (3,), optional
            Where the sensor is, ITRS; without it or the attitude the scene is supposed to shift only.
        attitude : float64 (4,), optional
            Reported quaternion (w, x, y, z), camera to ITRS.

        Returns
        -------
        FrameResult

        Raises
        ------
        BadData
            Wrong shape.
        """
        data = checked_data(data, self._shape, frame)
        quality = self._faults.look(data, time_s, frame_index, [b.figures.full_scale for b in self._bands])
        use = np.ones(self._shape[0], bool) if good is None else np.asarray(good, bool).copy()
        if not use.any():
            quality |= QUALITY_BITS["corrupt"]
        if quality & (QUALITY_BITS["repeated"] | QUALITY_BITS["out_of_order"] | QUALITY_BITS["corrupt"]):
            return self._nothing(frame, time_s, quality)
        if self._stabiliser.look(position_m, attitude, self._bands):
            self._anew(stabilised=True)
        if self._stabiliser.on:
            return self._process_stabilised(data, use, frame, time_s, quality)
        for band, plane, used in zip(self._bands, data, use, strict=True):
            band.take(plane if used else None)
        self._reported.look(position_m, attitude)
        fit = self._register()
        if fit is None:
            return self._not_registered(frame, time_s, quality)
        fit = self._reported.weigh(fit)
        self._lost = 0
        self._follow(fit)
        residual_shift = self._shift - self._base
        rest = (float(residual_shift[0]), float(residual_shift[1]))
        found = self._look(rest, [fit.sigma] * len(self._bands))
        shift = (float(self._shift[0]), float(self._shift[1]))
        return self._result(found, [rest] * len(found), shift, fit.sigma, frame, time_s, quality)

    def _process_stabilised(
        self, data: NDArray[np.uint16] | NDArray[np.float32], use: NDArray[np.bool_], frame: int, time_s: float,
        quality: int,
    ) -> FrameResult:  # fmt: skip
        """As `process`, where pointing predicts more than a translation."""
        stabiliser = self._stabiliser
        if not stabiliser.known:
            return self._not_registered(frame, time_s, quality)
        if not stabiliser.bring(self._bands, data, use, self._pool):
            self._restart()
            return self._nothing(frame, time_s, quality | QUALITY_BITS["registration_failed"])
        self._lost = 0
        found = self._look((0.0, 0.0), [stabiliser.sigma_of(k) for k in range(len(self._bands))])
        for k, both in enumerate(found):
            for fits in both:
                fits[:, [FLUX, FLUX_SIGMA]] *= stabiliser.flux_factor(k, fits[:, X], fits[:, Y])[:, None]
                fits[:, X], fits[:, Y] = stabiliser.focal(fits[:, X], fits[:, Y])
        rest = [stabiliser.shift_of(k) for k in range(len(found))]
        shift, sigma = stabiliser.scene_shift(), stabiliser.scene_sigma()
        result = self._result(found, rest, shift, sigma, frame, time_s, quality)
        return result._replace(scene_map=stabiliser.scene_map())

    def _result(
        self, found: list[Found], rest: list[tuple[float, float]], shift: tuple[float, float], sigma: float,
        frame: int, time_s: float, quality: int,
    ) -> FrameResult:  # fmt: skip
        """Return the fits of a sweep, each band's moved by its ``rest`` onto the focal plane, as records."""
        warming = self._taken < self._settings.warm_up_frames
        self._taken += 1
        if warming:
            quality |= QUALITY_BITS["warming_up"]
            found = [(single[:0], stack[:0]) for single, stack in found]
        detections = [
            detection_records(
                fits, frame=frame, time_s=time_s, band=b, gain=self._figures[b].gain, frames=frames, shift=rest[b],
                more_sigma_px=self._youth(),
            )
            for b, both in enumerate(found)
            for fits, frames in zip(both, (1, self._bands[b].integrated), strict=True)
            if len(fits)
        ]  # fmt: skip
        record = registration_record(frame, time_s, shift, sigma, quality)
        return FrameResult(np.concatenate(detections) if detections else empty(DETECTION, 0), record, quality)

    def _youth(self) -> float:
        """Return the 1-sigma, px, that positions have on top because the background holds their own light still."""
        age = self._taken - 1 - self._settings.warm_up_frames
        return YOUNG_SIGMA_PX * math.exp(-age / max(self._guard_frames, 1))

    def _not_registered(self, frame: int, time_s: float, quality: int) -> FrameResult:
        self._lost += 1
        if self._lost > 2 * self._settings.warm_up_frames:
            self._restart()
        return self._nothing(frame, time_s, quality | QUALITY_BITS["registration_failed"])

    def _nothing(self, frame: int, time_s: float, quality: int) -> FrameResult:
        record = registration_record(frame, time_s, (math.nan, math.nan), math.nan, quality)
        return FrameResult(empty(DETECTION, 0), record, quality)

    def _restart(self) -> None:
        """Forget the scene: nothing registers to it any more."""
        if self._stabiliser.on:
            self._stabiliser.stop()
            self._anew(stabilised=False)
        for band in self._bands:
            band.forget()
        self._reported.forget()
        self._taken = self._lost = 0
        self._motion = PRIOR_SIGMA**2

    def _anew(self, *, stabilised: bool) -> None:
        """Begin with frames on the grid of a fixed camera, which come calibrated, or again with frames as they are."""
        figures, maps, settings = self._figures, self._maps, self._settings
        if stabilised:
            figures = [brought(f) for f in figures]
            maps = [BandMaps(NONE, NONE, np.zeros(self._shape[1:], bool))] * len(maps)
            settings = self._stabiliser.shortened(settings)
            note = f"moving platform: memory {settings.memory_frames}, guard {settings.guard_frames} frames"
            self.notes += [note] if note not in self.notes else []
        self._guard_frames = settings.guard_frames
        self._bands = [
            BandState(f, m, self._shape[1:], settings, self._threads, on_focal_plane=not stabilised)
            for f, m in zip(figures, maps, strict=True)
        ]
        self._taken = self._lost = 0

    def _register(self) -> Fit | None:
        if self._taken == 0:
            return Fit(float(self._shift[0]), float(self._shift[1]), 0.0, 1.0, 0.0)
        bands = [b for b in self._bands if b.frame is not None and b.started]
        if not bands:
            return Fit(float(self._shift[0]), float(self._shift[1]), math.sqrt(self._motion), 1.0, 0.0)
        views = [b.view() for b in bands]
        interpolators = [b.figures.interpolator for b in bands]
        start = self._shift + self._reported.step - self._base
        prior = max(math.sqrt(self._motion), LEAST_PRIOR) * 2.0
        fit = register(views, interpolators, (float(start[0]), float(start[1])), prior)
        if fit.agreement < AGREEMENT:
            here = float(start[0]), float(start[1])
            alone = [register([v], [i], here, prior).informed for v, i in zip(views, interpolators, strict=True)]
            clearest = bands[alone.index(max(alone))]  # without texture there is nothing to correlate
            dx, dy = coarse_shift(clearest.calibrated(), clearest.forecast())
            fit = register(views, interpolators, (dx, dy), 1.0)
            if fit.agreement < AGREEMENT:
                return None
        return fit._replace(dx=fit.dx + float(self._base[0]), dy=fit.dy + float(self._base[1]))

    def _follow(self, fit: Fit) -> None:
        new = np.array([fit.dx, fit.dy])
        if self._taken > 0 and fit.informed > 1.0 / LEAST_PRIOR**2:
            step = float(np.mean((new - self._shift) ** 2))
            self._motion += (min(step, 1.0) - self._motion) / min(self._taken + 1.0, 20.0)
        self._shift = new
        far = float(np.abs(new - self._trend).max()) > 2.0
        self._trend = new.copy() if far or self._taken == 0 else self._trend + 0.1 * (new - self._trend)
        if float(np.abs(self._trend - self._base).max()) > REBASE:
            base = np.rint(self._trend).astype(np.int64)
            step_x, step_y = (int(s) for s in base - self._base)
            self._base = base
            for band in self._bands:
                band.rebase(step_x, step_y)

    def _look(self, shift: tuple[float, float], sigmas: list[float]) -> list[Found]:
        """Return for each band what this frame shows, and what the newest frames show together."""
        sweeps = [band.sweep(shift, sigma) for band, sigma in zip(self._bands, sigmas, strict=True)]
        self._run([job for jobs in sweeps for job in jobs])
        single = [band.single() for band in self._bands]
        for band, found in zip(self._bands, single, strict=True):
            band.hold(found)
        self._run([job for band in self._bands for job in band.settle()])
        return [(found, band.finish(found)) for band, found in zip(self._bands, single, strict=True)]

    def _run(self, jobs: list[Callable[[], None]]) -> None:
        if self._pool is None or len(jobs) < 2:
            for job in jobs:
                job()
            return
        # This thread takes its share: to wake another one for it would cost more.
        others = [self._pool.submit(job) for job in jobs[1:]]
        jobs[0]()
        for other in others:
            other.result()
