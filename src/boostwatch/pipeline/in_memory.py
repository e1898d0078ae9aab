"""Frames that are an array in memory, as the chain takes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostwatch.errors import UsageError
from boostwatch.geometry import parse_utc
from boostwatch.records import QUALITY_BITS, Records
from boostwatch.sensor import Band, Sensor
from boostwatch.store import Frame

if TYPE_CHECKING:
    from boostwatch.pipeline.simulation import Simulation

Array = NDArray[np.float64]

DEFAULT_EPOCH = "2000-01-01T00:00:00Z"


class Figures(TypedDict, total=False):
    """What may be said of an array of frames, see `ArrayFrames`."""

    sensor: Sensor | None
    time_s: ArrayLike | None
    frame_period_s: float | None
    epoch: str | None
    ifov_rad: float | None
    psf_sigma_px: float | Sequence[float] | None
    gain_e_per_dn: float | Sequence[float] | None
    read_noise_e: float | Sequence[float] | None
    bands: Sequence[str] | None
    bad_pixels: ArrayLike | None
    position_m: ArrayLike | None
    attitude: ArrayLike | None


class ArrayFrames:
    """An array of frames and what is known of it; a `FrameSource`.

    Parameters
    ----------
    frames : array_like (T, H, W) or (T, B, H, W)
        Digital numbers, in numpy, or anything with ``shape``, ``dtype`` and slices: a memory map, an h5py dataset,
        an xarray or dask array; one frame is in memory at a time. 8 and 16-bit unsigned integers are taken as they
        are, all other real numbers as float32. NaN, or what a masked array masks, is no measurement.
    sensor : Sensor, optional
        All figures of the camera at once; then ``frame_period_s``, ``ifov_rad``, ``bands`` and the figures of bands
        cannot be given.
    time_s : float64 (T,), optional
        Middle of each exposure, s from the epoch.
    frame_period_s : float, optional
        Time between frames, s: the median step of ``time_s`` by default, or 1 s.
    epoch : str, optional
        ISO 8601 UTC from which times count.
    ifov_rad : float, optional
        Angle of a pixel, rad.
    psf_sigma_px, gain_e_per_dn, read_noise_e : float or one a band, optional
        Point spread, px; electrons for a digital number; electrons.
    bands : sequence of str, optional
        Names of the bands.
    bad_pixels : (H, W) or (B, H, W), optional
        Non-zero is bad.
    position_m, attitude : float64 (3,) or (T, 3), and (4,) or (T, 4), optional
        Of the platform in ITRS, m; quaternion (w, x, y, z), camera to ITRS. Both or none; without them, and without
        ``ifov_rad``, events have no place on Earth.

    Raises
    ------
    UsageError
        What does not fit, with its name.
    """

    path = "array"
    sha256 = ""
    truth_objects: Records | None = None
    truth_samples: Records | None = None
    line_of_sight: Array | None = None

    def __init__(
        self,
        frames: Any,
        *,
        sensor: Sensor | None = None,
        time_s: ArrayLike | None = None,
        frame_period_s: float | None = None,
        epoch: str | None = None,
        ifov_rad: float | None = None,
        psf_sigma_px: float | Sequence[float] | None = None,
        gain_e_per_dn: float | Sequence[float] | None = None,
        read_noise_e: float | Sequence[float] | None = None,
        bands: Sequence[str] | None = None,
        bad_pixels: ArrayLike | None = None,
        position_m: ArrayLike | None = None,
        attitude: ArrayLike | None = None,
    ) -> None:
        self._pixels = frames if hasattr(frames, "shape") and hasattr(frames, "dtype") else np.asarray(frames)
        stored, shape = np.dtype(self._pixels.dtype), tuple(int(n) for n in self._pixels.shape)
        if stored.kind not in "iuf" or len(shape) not in (3, 4) or min(shape) < 1:
            raise UsageError(
                "cannot be frames", place="frames", found=(shape, str(stored)),
                allowed="(T, H, W) or (T, B, H, W) of integers or floats",
            )  # fmt: skip
        count, n_bands, height, width = (shape[0], 1, *shape[1:]) if len(shape) == 3 else shape
        self.shape = count, n_bands, height, width
        whole = stored.kind == "u" and stored.itemsize <= 2 and not np.ma.isMaskedArray(self._pixels)
        self.dtype = np.dtype(np.uint16 if whole else np.float32)
        self.notes: list[str] = []
        if sensor is not None and not isinstance(sensor, Sensor):
            raise UsageError("is not allowed", place="sensor", found=sensor, allowed="a boostwatch.Sensor")
        self.has_epoch = epoch is not None
        self.epoch = _instant(epoch or DEFAULT_EPOCH)
        self.time_s, period = self._times(time_s, frame_period_s if sensor is None else sensor.frame_period_s)
        figures = {"psf_sigma_px": psf_sigma_px, "gain_e_per_dn": gain_e_per_dn, "read_noise_e": read_noise_e}
        if sensor is not None:
            others = {"frame_period_s": frame_period_s, "ifov_rad": ifov_rad, "bands": bands, **figures}
            twice = [name for name, value in others.items() if value is not None]
            if twice:
                raise UsageError("is told by the sensor", place=twice[0], allowed="sensor alone")
            if len(sensor.bands) != n_bands:
                raise UsageError("has other bands", place="sensor", found=len(sensor.bands), allowed=f"{n_bands}")
            self.sensor = sensor
        else:
            known = {name: _per_band(name, value, n_bands) for name, value in figures.items() if value is not None}
            told = [f"band{i}" for i in range(n_bands)] if bands is None else bands
            names = list(told) if isinstance(told, Iterable) and not isinstance(told, str) else []
            if len(names) != n_bands:
                raise UsageError("does not fit the frames", place="bands", found=told, allowed=f"{n_bands} names")
            made = tuple(Band(str(n), **{k: v[i] for k, v in known.items()}) for i, n in enumerate(names))
            ifov = math.nan if ifov_rad is None else _positive("ifov_rad", ifov_rad)
            self.sensor = Sensor("unknown", ifov, (width - 1) / 2, (height - 1) / 2, period, math.nan, made)
        self.frame_index = np.arange(count)
        self.quality = np.zeros((count, n_bands), np.uint8)
        self.gain: NDArray[np.float32] | None = None
        self.offset: NDArray[np.float32] | None = None
        self.row_time_s: Array | None = None
        self.attitude_bias_sigma_rad = self.attitude_noise_sigma_rad = math.nan
        self.bad_pixels: NDArray[np.uint8] | None = None
        if bad_pixels is not None:
            bad = _shaped("bad_pixels", np.asarray(bad_pixels) != 0, (n_bands, height, width), (height, width))
            self.bad_pixels = bad.astype(np.uint8)
        if (position_m is None) != (attitude is None):
            raise UsageError("go together", place="position_m, attitude", allowed="both or none")
        self.position_m = _vectors("position_m", position_m, count, 3)
        self.attitude = _vectors("attitude", attitude, count, 4)
        self.has_pointing = self.position_m is not None
        if not self.has_pointing:
            self.notes.append("no pointing: positions on Earth stay empty")

    def _times(self, time_s: ArrayLike | None, period_s: float | None) -> tuple[Array, float]:
        if period_s is not None:
            _positive("frame_period_s", period_s)
        if time_s is None:
            if period_s is None:
                self.notes.append("no times: one frame a second from 0")
            return np.arange(self.shape[0], dtype=np.float64) * (period_s or 1.0), period_s or 1.0
        times: Array = _shaped("time_s", _numbers("time_s", time_s), self.shape[:1])
        steps = np.diff(times)
        known = steps[np.isfinite(steps) & (steps > 0)]
        median = float(np.median(known)) if len(known) else 1.0
        return times, period_s or median

    def row_time(self, frame: int) -> Array | None:
        """Return the times (H,) of the rows of a frame, s after its own; None where not known."""
        return self.row_time_s

    def read(self, t: int) -> Frame:
        """Return frame ``t``."""
        raw = self._pixels[t]
        if np.ma.isMaskedArray(raw):
            raw = np.ma.filled(raw.astype(np.float32), np.nan)
        with np.errstate(over="ignore", invalid="ignore"):
            data = np.ascontiguousarray(np.asarray(raw).reshape(self.shape[1:]), self.dtype)
        quality = self.quality[t]
        return Frame(
            data, t, float(self.time_s[t]), int(self.frame_index[t]), (quality & QUALITY_BITS["corrupt"]) == 0,
            None if self.position_m is None else self.position_m[t],
            None if self.attitude is None else self.attitude[t], quality,
        )  # fmt: skip

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Yield the frames in order."""
        for t in range(start, self.shape[0] if stop is None else min(stop, self.shape[0])):
            yield self.read(t)

    def close(self) -> None:
        """Do nothing: the array is the caller's."""


def frames_of_simulation(run: Simulation) -> ArrayFrames:
    """Return a simulated run as the chain takes it: what its stack would say if it were saved and opened."""
    made = run._renderer
    out = ArrayFrames(
        run.frames, sensor=run.sensor, time_s=run.time_s, epoch=run.epoch, bad_pixels=made.bad_pixels,
        position_m=run.position_m, attitude=run.attitude,
    )  # fmt: skip
    out.path = f"simulation {run.scenario.name}"
    out.quality, out.frame_index = run.quality, np.array(run._which)
    out.gain, out.offset, out.row_time_s = made.gain, made.offset, made.row_time_s
    out.attitude_bias_sigma_rad = made.attitude_bias_sigma_rad
    out.attitude_noise_sigma_rad = made.attitude_noise_sigma_rad
    out.truth_objects, out.truth_samples = run.truth.objects, run.truth.samples
    out.line_of_sight = run.truth.line_of_sight
    return out


def _instant(epoch: str) -> str:
    try:
        parse_utc(epoch)
    except (ValueError, TypeError):
        raise UsageError("is no instant", place="epoch", found=epoch, allowed="ISO 8601 UTC") from None
    return epoch


def _positive(name: str, value: float) -> float:
    if not (isinstance(value, int | float | np.number) and math.isfinite(value) and value > 0):
        raise UsageError("is not allowed", place=name, found=value, allowed="a positive number")
    return float(value)


def _numbers(name: str, value: ArrayLike) -> Array:
    try:
        return np.asarray(value, np.float64)
    except (ValueError, TypeError):
        raise UsageError("is not allowed", place=name, found=value, allowed="numbers") from None


def _per_band(name: str, value: float | Sequence[float], count: int) -> list[float]:
    values = _numbers(name, value)
    if values.ndim > 1 or values.size not in (1, count) or not (np.isfinite(values) & (values > 0)).all():
        raise UsageError("is not allowed", place=name, found=value, allowed=f"a positive number, or {count} of them")
    out: list[float] = np.broadcast_to(values, count).tolist()
    return out


def _shaped(name: str, values: NDArray[Any], shape: tuple[int, ...], other: tuple[int, ...] = ()) -> NDArray[Any]:
    if values.shape not in (shape, other) or not values.shape:
        raise UsageError("does not fit the frames", place=name, found=values.shape, allowed=f"{shape}")
    return np.array(np.broadcast_to(values, shape))


def _vectors(name: str, value: ArrayLike | None, count: int, size: int) -> Array | None:
    return None if value is None else _shaped(name, _numbers(name, value), (count, size), (size,))
