"""Writing a frame stack: frames stream to disk, memory does not grow with their number."""

from __future__ import annotations

import contextlib
import os
import zlib
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from boostwatch.errors import UsageError
from boostwatch.records import TRUTH_OBJECT, TRUTH_SAMPLE, Records, empty
from boostwatch.sensor import Sensor
from boostwatch.store import guard, head, layout
from boostwatch.store.atomic import PartFile

_SAMPLE_ROWS = 4096


class StackWriter:
    """Write a frame stack (format version 1).

    A context manager: the file appears under its name when the block ends well and every frame has been appended;
    an exception leaves what was there before.

    Parameters
    ----------
    path : str or os.PathLike
        The file to be.
    sensor : Sensor
        Its ``bands`` must be as many as the stack has.
    shape : (T, B, H, W)
        Frames to come, bands, rows, columns.
    epoch : str
        ISO 8601 UTC; times count from it.
    dtype : uint16 or float32
        Of the frames.
    bad_pixels : uint8 (B, H, W), optional
        Non-zero is bad.
    gain, offset : float32 (B, H, W), optional
        Non-uniformity correction.
    has_pointing : bool
        Whether every `append` will bring ``position_m`` and ``attitude``.
    attitude_sigma_rad, attitude_bias_sigma_rad, attitude_noise_sigma_rad : float
        1-sigma of the reported attitude an axis: total, constant part, white part from frame to frame.
    scenario_toml : str, optional
        What made the stack, and the ``seed`` it was made from.
    seed : int, optional
        Root seed.
    part : str, optional
        Which frames of the scenario's run these are, where they are not all.
    created : str, optional
        Time stamp of the file; fixed, the same content gives the same bytes.

    Raises
    ------
    UsageError
        An argument, or the data of a frame, does not fit the shape or type announced.
    CannotCreate, StorageError
        The file cannot be created; the disk is full.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        sensor: Sensor,
        shape: tuple[int, int, int, int],
        epoch: str,
        dtype: DTypeLike = np.uint16,
        bad_pixels: NDArray[np.uint8] | None = None,
        gain: NDArray[np.float32] | None = None,
        offset: NDArray[np.float32] | None = None,
        has_pointing: bool = False,
        attitude_sigma_rad: float = np.nan,
        attitude_bias_sigma_rad: float = np.nan,
        attitude_noise_sigma_rad: float = np.nan,
        scenario_toml: str | None = None,
        seed: int | None = None,
        part: str | None = None,
        created: str | None = None,
    ) -> None:
        self._part = PartFile(path)
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.sensor = sensor
        self.epoch = layout.checked_epoch(epoch)
        self._maps: dict[str, NDArray[Any] | None] = {"bad_pixels": bad_pixels, "gain": gain, "offset": offset}
        self._has_pointing = has_pointing
        self._sigmas = (attitude_sigma_rad, attitude_bias_sigma_rad, attitude_noise_sigma_rad)
        self._scenario = (scenario_toml, seed, part)
        self._created = created
        head.check_arguments(shape, "T, B, H, W", self.dtype, sensor, self._maps)
        frames, bands = shape[:2]
        self._count = 0
        self._time = np.full(frames, np.nan)
        self._index = np.zeros(frames, np.int64)
        self._crc = np.zeros((frames, bands), np.uint32)
        self._quality = np.zeros((frames, bands), np.uint8)
        self._position = np.full((frames, 3), np.nan)
        self._attitude = np.full((frames, 4), np.nan)
        self._samples: list[Records] = []
        self._objects: Records | None = None
        self._line_of_sight: NDArray[np.float64] | None = None
        self._frames: h5py.Dataset
        self._row_time: h5py.Dataset | None = None
        self._sample_table: h5py.Dataset | None = None
        self._stack = contextlib.ExitStack()
        self._file: h5py.File | None = None

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._part)
            self._file = stack.enter_context(layout.new_file(self._part))
            self._open(self._file)
            self._part.check()
            self._stack = stack.pop_all()
        return self

    def _open(self, file: h5py.File) -> None:
        stack = head.put_root(file, self.epoch, self._created)
        self._frames = head.put_frames(stack, self.shape, self.dtype, grows=False)
        head.put_sensor(file, self.sensor, self._maps)

    def append(
        self,
        data: ArrayLike,
        *,
        time_s: float,
        frame_index: int,
        quality: ArrayLike | None = None,
        position_m: ArrayLike | None = None,
        attitude: ArrayLike | None = None,
        samples: Records | None = None,
        row_time: ArrayLike | None = None,
    ) -> None:
        """Write the next frame of all bands.

        Parameters
        ----------
        data : (B, H, W)
            Pixels, of the type announced.
        time_s : float
            Middle of the exposure, seconds from the epoch.
        frame_index : int
            The sensor's own counter.
        quality : uint8 (B,), optional
            Bit flags of `records.QUALITY_BITS`; good by default.
        position_m : float64 (3,), optional
            ITRS; required with ``has_pointing``.
        attitude : float64 (4,), optional
            Camera to ITRS (w, x, y, z); required with ``has_pointing``.
        samples : TRUTH_SAMPLE records, optional
            Truth of this frame. Needs `set_truth` before the end.
        row_time : float64 (H,), optional
            Seconds after ``time_s`` at which each row was read; given with all frames or none.

        Raises
        ------
        UsageError
            Wrong shape or type, too many frames.
        StorageError
            The disk is full or fails.
        """
        file, t = self._require_open(), self._count
        if t >= self.shape[0]:
            raise UsageError("too many frames", place="append", found=t + 1, allowed=f"{self.shape[0]} as announced")
        pixels = head.checked_pixels(data, self.shape[1:], self.dtype, t)
        self._time[t], self._index[t] = time_s, frame_index
        if quality is not None:
            self._quality[t] = quality
        if self._has_pointing:
            head.require_pointing(position_m, attitude, t)
            self._position[t], self._attitude[t] = position_m, attitude
        if row_time is not None:
            self._put_row_time(file, t, np.asarray(row_time, np.float64))
        if samples is not None and len(samples):
            self._samples.append(np.asarray(samples, TRUTH_SAMPLE))
            if sum(map(len, self._samples)) >= _SAMPLE_ROWS:
                self._put_samples(file)
        for band in range(self.shape[1]):
            self._crc[t, band] = zlib.crc32(pixels[band])
            self._frames[t, band] = pixels[band]
            self._part.check()
        self._count += 1

    def _require_open(self) -> h5py.File:
        if self._file is None:
            raise UsageError("a StackWriter is used in a with block")
        return self._file

    def _put_row_time(self, file: h5py.File, t: int, row_time: NDArray[np.float64]) -> None:
        if self._row_time is None:
            if t:
                raise UsageError("row_time is given with all frames or none", place=f"frame {t}")
            shape = (self.shape[0], self.shape[2])
            self._row_time = file.create_dataset(
                "stack/row_time", shape, "<f8", chunks=(1, shape[1]), fletcher32=True, fillvalue=np.nan
            )
            self._row_time.attrs["units"] = "s"
        self._row_time[t] = row_time

    def _put_samples(self, file: h5py.File) -> None:
        rows = np.concatenate([np.empty(0, TRUTH_SAMPLE), *self._samples])
        self._samples = []
        if self._sample_table is None:
            self._sample_table = layout.put_table(file.require_group("truth"), "samples", rows)
            return
        start = len(self._sample_table)
        self._sample_table.resize((start + len(rows),))
        self._sample_table[start:] = rows

    def set_truth(self, objects: Records, line_of_sight: ArrayLike) -> None:
        """Give what is known of the whole synthetic scene; at any time before the end of the block.

        Parameters
        ----------
        objects : TRUTH_OBJECT records
            Everything in the scene, seen or not.
        line_of_sight : float64 (T, 2)
            True shift (x, y) of the scene on the focal plane, px.
        """
        shift = np.asarray(line_of_sight, np.float64)
        if shift.shape != (self.shape[0], 2):
            raise UsageError("wrong shape", place="line_of_sight", found=shift.shape, allowed=f"({self.shape[0]}, 2)")
        self._objects, self._line_of_sight = np.asarray(objects, TRUTH_OBJECT), shift

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        file, self._file = self._require_open(), None
        if error is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            self._finish(file)
        guard.trust(self._part.path)

    def _finish(self, file: h5py.File) -> None:
        """Write all that is small; the file is closed and renamed after this."""
        if self._count != self.shape[0]:
            raise UsageError("frames are missing", place="append", found=self._count, allowed=f"{self.shape[0]}")
        stack = file["stack"]
        time = layout.put_array(stack, "time", self._time, units="s")
        time.attrs["epoch"] = self.epoch
        layout.put_array(stack, "frame_index", self._index, units="")
        layout.put_array(stack, "crc32", self._crc, units="")
        layout.put_flags(layout.put_array(stack, "quality", self._quality, units=""))
        if self._has_pointing:
            pointing = file.create_group("pointing")
            layout.put_array(pointing, "position_m", self._position, units="m")
            attitude = layout.put_array(pointing, "attitude", self._attitude, units="1")
            head.put_sigmas(attitude, self._sigmas)
        if self._samples or self._objects is not None:
            self._put_samples(file)
            objects = empty(TRUTH_OBJECT, 0) if self._objects is None else self._objects
            layout.put_table(file["truth"], "objects", objects)
            if self._line_of_sight is not None:
                layout.put_array(file["truth"], "line_of_sight", self._line_of_sight, units="px")
        toml, seed, part = self._scenario
        if toml is not None or seed is not None:
            scenario: dict[str, Any] = {"toml": toml, "seed": seed, "part": part}
            group = file.create_group("scenario")
            for name, value in scenario.items():
                if value is not None:
                    group.attrs[name] = value
        file.flush()
        self._part.check()
