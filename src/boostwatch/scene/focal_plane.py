"""The detector of one band: non-uniformity and its drift, faults, particle hits, and the chain to digital numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from boostwatch.scene.defects import Telegraph, cosmic_tracks
from boostwatch.scene.scenario import SensorModel
from boostwatch_kernels.detector import Detector, PixelMaps, detect_frames
from boostwatch_kernels.frame import Exposure
from boostwatch_kernels.noise import BLOCK

Image = NDArray[np.float32]

BAD_CODES = {"dead": 1, "hot": 2, "blinking": 3}
"""What the bad-pixel map says."""
_HOUR_S = 3600.0


def _even(value: float, shape: tuple[int, int]) -> Image:
    """Return a map that is the same everywhere and takes no memory: a read-only view of one number."""
    return np.broadcast_to(np.float32(value), shape)


def _flat(values: Image) -> Image:
    """Return a map as `PixelMaps` takes it: flat, and short where it is even."""
    if values.strides == (0, 0):
        return np.full(max(BLOCK, 1), values[0, 0], np.float32)
    return np.ascontiguousarray(values).reshape(-1)


@dataclass(frozen=True)
class FocalPlane:
    """Pixel by pixel, one band; maps are (H, W), those that are even are views of one number.

    Attributes
    ----------
    response : float32 (H, W)
        Multiplies photo-electrons, at the epoch; 0 is a dead pixel.
    gain : float32 (H, W)
        The part of the response that the sensor knows; it is in ``dark_e`` too, so that dividing by it flattens both.
    dark_e : float32 (H, W)
        Dark electrons of the exposure without hot and blinking pixels.
    offset_dn : float32 (H, W)
        Digital number of an empty pixel with its known spread, at the epoch.
    bad, known : uint8 (H, W)
        Codes `BAD_CODES` of all faults, and of those that the sensor's own map lists.
    hot, hot_e : int64 (M,), float32 (M,)
        Flat places of hot pixels, ascending, and their dark electrons above ``dark_e``.
    blinking, blink_e : int64 (N,), float32 (N,)
        The same of blinking pixels while they are up.
    gain_slope, offset_slope_dn : float32 (H, W) or None
        Change of response (relative) and offset an hour, unknown to the sensor.
    detector : Detector
    integration_s : float
    """

    sensor: SensorModel
    band: int
    seed: int
    response: Image
    gain: Image
    dark_e: Image
    offset_dn: Image
    bad: NDArray[np.uint8]
    known: NDArray[np.uint8]
    hot: NDArray[np.int64]
    hot_e: Image
    blinking: NDArray[np.int64]
    blink_e: Image
    gain_slope: Image | None
    offset_slope_dn: Image | None
    detector: Detector
    integration_s: float
    _telegraph: Telegraph = field(repr=False)
    _steady: PixelMaps = field(repr=False)

    def maps(self, time_s: float) -> PixelMaps:
        """Return what detection needs to know of each pixel at a time (s after the epoch).

        Drift is linear in time, each pixel at its own rate, none at the epoch: over minutes to hours the slow part of
        1/f noise is a line, and a line leaves no frame out of reach of any other.
        """
        hours = time_s / _HOUR_S
        steady = self._steady
        if self.gain_slope is not None:
            response = self.response * (1 + np.float32(hours) * self.gain_slope)
            steady = steady._replace(response=response.reshape(-1))
        if self.offset_slope_dn is not None:
            offset = self.offset_dn + np.float32(hours) * self.offset_slope_dn
            steady = steady._replace(offset_dn=offset.reshape(-1))
        if len(self.blinking):
            up = self._telegraph.up(time_s)
            index = np.concatenate([self.hot, self.blinking[up]])
            order = np.argsort(index, kind="stable")
            steady = steady._replace(
                excess_index=index[order], excess_e=np.concatenate([self.hot_e, self.blink_e[up]])[order]
            )
        return steady

    def add_cosmic_rays(self, electrons: Image, frame: int) -> None:
        """Add the charge of particle hits to a frame's mean electrons (H, W), in place."""
        rays = self.sensor.cosmic_rays
        if rays.rate == 0:
            return
        area_m2 = electrons.size * self.sensor.pixel_pitch**2
        index, charge = cosmic_tracks(
            self.seed, self.band, frame, (electrons.shape[0], electrons.shape[1]),
            hits=rays.rate * area_m2 * self.integration_s,
            mean_charge_e=rays.mean_charge, max_length_px=rays.max_length,
        )  # fmt: skip
        np.add.at(electrons.reshape(-1), index, charge)

    def expose(self, electrons: Image, frame: int, time_s: float, out: NDArray[np.uint16]) -> int:
        """Turn the mean photo-electrons of a frame into digital numbers.

        Parameters
        ----------
        electrons : float32 (H, W), C-contiguous, changed
            Particle hits are added to it.
        frame : int
            The frame's number, which keys its noise.
        time_s : float
            Middle of the exposure after the epoch.
        out : uint16 (H, W), C-contiguous, written

        Returns
        -------
        int
            Pixels at full scale.
        """
        self.add_cosmic_rays(electrons, frame)
        full = np.zeros(1, np.int64)
        expose(electrons[None], self.exposure([frame], [time_s]), out.reshape(-1), np.zeros(1, np.int64), full)
        return int(full[0])

    @property
    def drifts(self) -> bool:
        """Whether frames have maps of their own."""
        return self.gain_slope is not None or self.offset_slope_dn is not None

    def exposure(self, frames: Sequence[int], times_s: Sequence[float]) -> Exposure:
        """Return what frames at some times (s after the epoch) ask of the detector; one frame where it drifts."""
        maps = [self.maps(t) for t in times_s]
        index, charge = zip(*((m.excess_index, m.excess_e) for m in maps), strict=True)
        joined = maps[0]._replace(excess_index=np.concatenate(index), excess_e=np.concatenate(charge))
        bounds = np.cumsum([0, *map(len, index)])
        return Exposure(np.array(frames, np.int64), joined, bounds, self.detector, (self.seed, self.band))


def expose(
    electrons: Image,
    exposure: Exposure,
    out: NDArray[np.uint16],
    place: NDArray[np.int64],
    full: NDArray[np.int64],
) -> None:
    """Turn the electrons of whole frames into digital numbers, particle hits included already.

    Parameters
    ----------
    electrons : float32 (F, H, W), C-contiguous
    exposure : Exposure
    out : uint16 (M,), written
    place : int64 (F,)
        Where in ``out`` each frame begins.
    full : int64 (F,), changed
        The pixels at full scale are added.
    """
    frames, maps, bounds, detector, key = exposure
    signal = electrons.reshape(len(electrons), -1)
    detect_frames(signal, maps, bounds, detector, key, frames, out, place, 0, full)


def build_focal_plane(sensor: SensorModel, band: int, rng: np.random.Generator, seed: int) -> FocalPlane:
    """Draw the non-uniformity and the faults of one band.

    Parameters
    ----------
    sensor : SensorModel
    band : int
        Index into ``sensor.bands``; it keys the noise too.
    rng : numpy.random.Generator
        For what is drawn once.
    seed : int
        Of what changes with time: noise, blinking, hits.

    Returns
    -------
    FocalPlane
    """
    faults, figures, shape = sensor.bad_pixels, sensor.figures(band), (sensor.height, sensor.width)

    def spread(rms: float) -> Image | None:
        return np.float32(rms) * rng.standard_normal(shape, np.float32) if rms > 0 else None

    known_gain, unknown_gain = spread(sensor.gain_spread), spread(sensor.prnu)
    gain = _even(1, shape) if known_gain is None else np.maximum(1 + known_gain, np.float32(0.1))
    response = gain if unknown_gain is None else gain * np.maximum(1 + unknown_gain, np.float32(0))
    offset = spread(sensor.offset_spread_dn)
    offset_dn = _even(sensor.offset_dn, shape) if offset is None else offset + np.float32(sensor.offset_dn)
    electrons = figures.dark_e_per_s * figures.integration_s
    dark = _even(electrons, shape) if known_gain is None else np.float32(electrons) * gain

    bad, known = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    where = np.sort(rng.permutation(bad.size)[: round(faults.fraction * bad.size)])
    codes = np.array([BAD_CODES[k] for k in faults.kinds] or [0], np.uint8)
    bad.flat[where] = codes[rng.integers(0, len(codes), len(where))]
    known.flat[where] = np.where(rng.random(len(where)) < faults.known, bad.flat[where], 0)
    dead, hot, blinking = (np.flatnonzero(bad == BAD_CODES[k]) for k in ("dead", "hot", "blinking"))
    if len(dead):
        response = response.copy()
        response.flat[dead] = 0
    excess = rng.exponential(faults.hot_current * figures.integration_s, len(hot))
    hot_e: Image = excess.astype(np.float32) * gain.flat[hot]
    blink_e: Image = np.float32(faults.blink_amplitude) * gain.flat[blinking]
    return FocalPlane(
        sensor, band, seed, response, gain, dark, offset_dn, bad, known, hot, hot_e, blinking, blink_e,
        spread(sensor.gain_drift), spread(sensor.offset_drift_dn),
        Detector(figures.read_noise_e, figures.full_well_e, figures.gain_e_per_dn, float(2**sensor.bits - 1)),
        figures.integration_s, Telegraph(seed, band, len(blinking), faults.blink_dwell),
        PixelMaps(_flat(response), _flat(dark), _flat(offset_dn), hot, hot_e),
    )  # fmt: skip
