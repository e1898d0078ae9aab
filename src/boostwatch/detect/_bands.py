"""What both detectors need of a sensor's bands: figures with their defaults, maps, faults of a frame."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from boostwatch.detect.interpolation import BLUR, WARP_BLUR, Interpolator
from boostwatch.errors import BadData
from boostwatch.records import QUALITY_BITS
from boostwatch.sensor import Sensor
from boostwatch.settings import DetectSettings
from boostwatch_kernels.registration import Frame

DEFAULT_PSF_SIGMA = 0.7
SATURATED_SHARE = 0.01
SAMPLED_ROWS = 24
"""Rows of a frame that are looked at for repeats and saturation."""
GREATEST = 1e15
"""Greatest DN of a float32 frame that is believed: the squares of more leave float32."""
PATIENCE = 3
"""Frames out of order, but in order among themselves, until it is the time before them that was wrong."""
RESPONSES = 64
"""Fractions of a pixel for which the interpolator's blur is known."""

NONE = np.zeros((0, 0), np.float32)


@dataclass(frozen=True)
class BandFigures:
    """One band's figures, all finite."""

    psf_sigma: float  # px
    gain: float  # electrons a DN
    full_scale: float  # DN
    reach: int  # half side of filter and fit, px
    profile: NDArray[np.float32]  # one side of the pixel-integrated line spread; the squares of both sides sum to 1
    interpolator: Interpolator
    blur: float  # Gaussian by which a source is wider in a resampled frame, px
    response: NDArray[np.float64]  # (STEPS,) of a fit with the PSF along one axis, by the fraction that was resampled
    peakedness: float  # sum of the matched filter's fourth powers, of which the squares sum to 1

    def flux_factor(self, shift: tuple[float, float]) -> float:
        """Return flux over that fitted with the PSF to a frame that was resampled by a shift, and blurred by it."""
        x, y = (float(self.response[int((s % 1.0) * RESPONSES)]) for s in shift)
        return 1.0 / (x * y)


@dataclass(frozen=True)
class BandMaps:
    """One band's maps, as the kernels take them."""

    gain: NDArray[np.float32]
    offset: NDArray[np.float32]
    bad: NDArray[np.bool_]


def band_figures(sensor: Sensor, settings: DetectSettings, notes: list[str]) -> list[BandFigures]:
    """Return the figures of all bands; what the sensor does not tell is defaulted and said in ``notes``."""
    out = []
    for band in sensor.bands:
        sigma = settings.psf_sigma if settings.psf_sigma is not None else band.psf_sigma_px
        if not math.isfinite(sigma):
            sigma = DEFAULT_PSF_SIGMA
            notes.append(f"band {band.name}: PSF unknown, a Gaussian of {sigma} px supposed")
        gain = band.gain_e_per_dn
        if not math.isfinite(gain) or gain <= 0:
            gain = 1.0
            notes.append(f"band {band.name}: gain unknown, 1 electron a DN supposed: signal_e is in DN")
        full = math.inf
        if math.isfinite(band.full_well_e):
            offset = band.offset_dn if math.isfinite(band.offset_dn) else 0.0
            full = band.full_well_e / gain + offset
        reach = 2 if sigma <= 0.85 else 3
        edges = np.arange(reach + 2) - 0.5
        profile = np.diff([0.5 * math.erf(e / (sigma * math.sqrt(2.0))) for e in edges])
        profile /= math.sqrt(2.0 * float(profile @ profile) - float(profile[0]) ** 2)
        interpolator = Interpolator(sigma)
        peakedness = float((2.0 * (profile**4).sum() - profile[0] ** 4) ** 2)
        out.append(
            BandFigures(
                sigma,
                gain,
                full,
                reach,
                profile.astype(np.float32),
                interpolator,
                BLUR,
                _response(sigma, interpolator),
                peakedness,
            )
        )
    return out


def brought(figures: BandFigures) -> BandFigures:
    """Return the figures of a band whose frames come resampled: not to be blurred again, at any offset each pixel.

    Whole pixels stay as they are; what is resampled once more (`carry`) has the spectrum of a blurred scene.
    """
    again = Interpolator(math.hypot(figures.psf_sigma, WARP_BLUR), 0.0)
    response = _response(figures.psf_sigma, Interpolator(figures.psf_sigma, WARP_BLUR))
    return replace(figures, interpolator=again, blur=WARP_BLUR, response=np.full_like(response, response.mean()))


def _response(sigma: float, interpolator: Interpolator) -> NDArray[np.float64]:
    """Return what a fit with the PSF gives along one axis of a unit source that was resampled, mean over its phases."""
    at = np.arange(-8, 9)

    def line(centre: NDArray[np.float64]) -> NDArray[np.float64]:
        z = (at[:, None] - centre[None, :] + np.array([[[-0.5]], [[0.5]]])) / sigma
        out: NDArray[np.float64] = np.diff(ndtr(z), axis=0)[0]
        return out

    phases = (np.arange(16) + 0.5) / 16 - 0.5
    out = np.empty(RESPONSES)
    for k in range(RESPONSES):
        fraction = (k + 0.5) / RESPONSES
        _, taps = interpolator.taps(fraction)
        # A source at ``phase`` of the reference lies at ``phase + fraction`` of the frame.
        frame, wanted = line(phases + fraction), line(phases)
        seen = sum(float(t) * np.roll(frame, 1 - j, axis=0) for j, t in enumerate(taps))
        out[k] = float(np.mean((seen * wanted).sum(axis=0) / (wanted**2).sum(axis=0)))
    return out


def band_maps(
    shape: tuple[int, int, int],
    sensor: Sensor,
    bad_pixels: ArrayLike | None,
    gain: ArrayLike | None,
    offset: ArrayLike | None,
) -> list[BandMaps]:
    """Return checked maps, one a band, such that ``data * gain - offset`` is DN as a uniform band would give.

    Parameters
    ----------
    shape : (int, int, int)
        Bands, rows, columns.
    sensor : Sensor
        For ``offset_dn``; unknown counts as 0.
    bad_pixels, gain, offset : array_like (B, H, W), optional
        As in a stack: ``data = offset_dn + offset + gain * electrons / gain_e_per_dn``.
    """

    def checked(name: str, value: ArrayLike | None) -> NDArray[np.float32] | None:
        if value is None:
            return None
        array = np.asarray(value)
        if array.shape != shape:
            raise BadData("has the wrong shape", place=name, found=array.shape, allowed=f"{shape} (band, y, x)")
        return array.astype(np.float32)

    bad, response, added = checked("bad_pixels", bad_pixels), checked("gain", gain), checked("offset", offset)
    out = []
    for b in range(shape[0]):
        lost = np.zeros(shape[1:], bool) if bad is None else bad[b] != 0
        factor, shift = NONE, NONE
        level = sensor.bands[b].offset_dn if math.isfinite(sensor.bands[b].offset_dn) else 0.0
        if response is not None:
            lost |= ~(np.isfinite(response[b]) & (response[b] > 0))
            factor = np.where(lost, np.float32(1.0), 1.0 / np.where(lost, np.float32(1.0), response[b]))
        if added is not None:
            lost |= ~np.isfinite(added[b])
            shift = np.where(np.isfinite(added[b]), added[b], np.float32(0.0))
        # Only what differs from pixel to pixel is taken away: dark pixels stay where the ring's code has room below.
        common = float(np.median(shift[~lost])) if shift.size and not lost.all() else 0.0
        if factor.size:
            shift = (level + (shift if shift.size else 0.0)) * factor - (level + common)
        elif shift.size:
            shift = shift - np.float32(common)
        out.append(BandMaps(factor.astype(np.float32), np.asarray(shift, np.float32), lost))
    return out


def rows_of(bad: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return bad pixels as the kernels take them: start of each row (H + 1,) and columns."""
    start = np.zeros(bad.shape[0] + 1, np.int32)
    np.cumsum(np.count_nonzero(bad, axis=1), out=start[1:])
    return start, np.nonzero(bad)[1].astype(np.int32)


def kernel_frame(
    data: NDArray[np.uint16] | NDArray[np.float32],
    maps: BandMaps,
    static: tuple[NDArray[np.int32], NDArray[np.int32]],
) -> Frame:
    """Return one band for the kernels; pixels that are not finite, or absurd, join the bad ones."""
    start, column = static
    if data.dtype == np.float32:
        lost = ~(np.abs(data) <= GREATEST)
        if lost.any():
            start, column = rows_of(lost | maps.bad)
    return Frame(data, maps.gain, maps.offset, start, column)


class FrameFaults:
    """Finds what is wrong with a frame from its clock, its counter and a sample of its pixels."""

    def __init__(self) -> None:
        self._time = -math.inf
        self._index: int | None = None
        self._mark: int | None = None
        self._late: list[float] = []  # times of the frames in a row that came out of order

    def look(
        self, data: NDArray[np.uint16] | NDArray[np.float32], time_s: float, frame_index: int, full_scale: list[float]
    ) -> int:
        """Return the sum of `QUALITY_BITS` that apply: time_gap, repeated, saturated, corrupt, out_of_order.

        Parameters
        ----------
        data : uint16 or float32 (B, H, W)
            Frame of all bands.
        time_s : float
            Mid-exposure.
        frame_index : int
            The sensor's counter.
        full_scale : list of float
            DN of saturation, one a band.
        """
        quality = 0
        rows = np.ascontiguousarray(data[:, :: max(1, data.shape[1] // SAMPLED_ROWS)])
        mark = zlib.crc32(rows.data)
        if self._index is not None:
            if frame_index == self._index or mark == self._mark:
                return QUALITY_BITS["repeated"]
            if not self._time < time_s < math.inf and not self._clock_was_wrong(time_s):
                return QUALITY_BITS["out_of_order"]
            if frame_index > self._index + 1:
                quality |= QUALITY_BITS["time_gap"]
        self._time, self._index, self._mark, self._late = time_s, frame_index, mark, []
        if rows.dtype == np.uint16:
            limits = [min(f, 65535.0) for f in full_scale]
        else:
            limits = full_scale
            if not np.isfinite(rows).any() and not np.isfinite(data).any():
                return quality | QUALITY_BITS["corrupt"]
        share = max(np.count_nonzero(r >= max(f, 1.0)) / r.size for r, f in zip(rows, limits, strict=True))
        return quality | (QUALITY_BITS["saturated"] if share > SATURATED_SHARE else 0)

    def _clock_was_wrong(self, time_s: float) -> bool:
        """Tell whether the frames that came out of order are in order among themselves: the last good time was not."""
        if not math.isfinite(time_s):
            return False
        if not math.isfinite(self._time):
            return True
        self._late = [*self._late, time_s] if not self._late or time_s > self._late[-1] else [time_s]
        return len(self._late) > PATIENCE
