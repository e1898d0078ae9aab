"""Writing a frame stack that others read while it grows (HDF5's single-writer-multiple-reader mode, SWMR)."""

from __future__ import annotations

import contextlib
import math
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self

import h5py
import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from boostwatch.errors import CannotCreate, StorageError, UsageError
from boostwatch.sensor import Sensor
from boostwatch.store import guard, head, layout

CHUNK_BYTES: Final = 8192
"""Of what has a row a frame; such a chunk is written anew with each row."""


class LiveStackWriter:
    """Append frames to a stack that `boostwatch watch` follows; finished, it is a stack like any other.

    A context manager. Unlike all other outputs the file is written in its place, since it is there to be read
    meanwhile; so no file of that name may be there. It says that it is complete by being closed.

    Parameters
    ----------
    path : str or os.PathLike
        The file to be.
    sensor : Sensor
        With ``frame_period_s``, which a reader cannot know from frames to come.
    shape : (B, H, W)
        Bands, rows, columns.
    epoch : str
        ISO 8601 UTC; times count from it.
    dtype : uint16 or float32
        Of the frames.
    bad_pixels, gain, offset, has_pointing, attitude_sigma_rad, attitude_bias_sigma_rad, attitude_noise_sigma_rad
        As for `StackWriter`.
    has_row_time : bool
        Whether every `append` will bring ``row_time``.
    created : str, optional
        Time stamp of the file.

    Raises
    ------
    UsageError
        An argument, or the data of a frame, does not fit.
    CannotCreate
        The file is there, or cannot be made.
    StorageError
        The disk is full or fails. HDF5 may then crash the process when it ends: it cannot close such a file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        sensor: Sensor,
        shape: tuple[int, int, int],
        epoch: str,
        dtype: DTypeLike = np.uint16,
        bad_pixels: NDArray[np.uint8] | None = None,
        gain: NDArray[np.float32] | None = None,
        offset: NDArray[np.float32] | None = None,
        has_pointing: bool = False,
        has_row_time: bool = False,
        attitude_sigma_rad: float = np.nan,
        attitude_bias_sigma_rad: float = np.nan,
        attitude_noise_sigma_rad: float = np.nan,
        created: str | None = None,
    ) -> None:
        self.path = os.fspath(path)
        self.shape, self.dtype, self.sensor = shape, np.dtype(dtype), sensor
        self.epoch = layout.checked_epoch(epoch)
        self._maps: dict[str, NDArray[Any] | None] = {"bad_pixels": bad_pixels, "gain": gain, "offset": offset}
        head.check_arguments(shape, "B, H, W", self.dtype, sensor, self._maps)
        if not (np.isfinite(sensor.frame_period_s) and sensor.frame_period_s > 0):
            found = sensor.frame_period_s
            raise UsageError("is no frame period", place="sensor.frame_period_s", found=found, allowed="> 0, s")
        self._has_pointing, self._has_row_time = has_pointing, has_row_time
        self._sigmas = (attitude_sigma_rad, attitude_bias_sigma_rad, attitude_noise_sigma_rad)
        self._created = created
        self._file: h5py.File | None = None
        self._count = 0

    def __enter__(self) -> Self:
        try:
            self._file = h5py.File(self.path, "x", libver=("v110", "v110"))
        except OSError as error:
            text = "is there already" if os.path.lexists(self.path) else f"cannot be created: {_reason(error)}"
            raise CannotCreate(text, path=self.path, allowed="a new file") from None
        try:
            with self._disk():
                self._make(self._file)
                self._file.swmr_mode = True
        except BaseException:
            self._close()
            raise
        return self

    def _make(self, file: h5py.File) -> None:
        bands = self.shape[0]
        stack = head.put_root(file, self.epoch, self._created)
        self._frames = head.put_frames(stack, (0, *self.shape), self.dtype, grows=True)
        head.put_sensor(file, self.sensor, self._maps)
        self._rows = {
            "frame_index": _growing(stack, "frame_index", (), "<i8", ""),
            "crc32": _growing(stack, "crc32", (bands,), "<u4", ""),
            "quality": _growing(stack, "quality", (bands,), "u1", ""),
        }
        layout.put_flags(self._rows["quality"])
        if self._has_pointing:
            pointing = file.create_group("pointing")
            self._rows["position_m"] = _growing(pointing, "position_m", (3,), "<f8", "m")
            self._rows["attitude"] = _growing(pointing, "attitude", (4,), "<f8", "1")
            head.put_sigmas(self._rows["attitude"], self._sigmas)
        if self._has_row_time:
            self._rows["row_time"] = _growing(stack, "row_time", (self.shape[1],), "<f8", "s")
        self._time = _growing(stack, "time", (), "<f8", "s")
        self._time.attrs["epoch"] = self.epoch

    def append(
        self,
        data: ArrayLike,
        *,
        time_s: float,
        frame_index: int,
        quality: ArrayLike | None = None,
        position_m: ArrayLike | None = None,
        attitude: ArrayLike | None = None,
        row_time: ArrayLike | None = None,
    ) -> None:
        """Write the next frame of all bands; readers may see it when this returns.

        Parameters
        ----------
        data, time_s, frame_index, quality, position_m, attitude, row_time
            As for `StackWriter.append`.
        """
        if self._file is None:
            raise UsageError("a LiveStackWriter is used in a with block")
        t = self._count
        pixels = head.checked_pixels(data, self.shape, self.dtype, t)
        row: dict[str, Any] = {"frame_index": frame_index, "quality": 0 if quality is None else quality}
        row["crc32"] = [zlib.crc32(plane) for plane in pixels]
        if self._has_pointing:
            head.require_pointing(position_m, attitude, t)
            row |= {"position_m": position_m, "attitude": attitude}
        if self._has_row_time != (row_time is not None):
            raise UsageError("row_time is due with has_row_time, and only then", place=f"frame {t}")
        if row_time is not None:
            row["row_time"] = row_time
        with self._disk():
            self._frames.resize(t + 1, axis=0)
            self._frames[t] = pixels
            self._frames.flush()
            for name, dataset in self._rows.items():
                dataset.resize(t + 1, axis=0)
                dataset[t] = row[name]
                dataset.flush()
            # Last of all: readers take a frame that has a time for whole.
            self._time.resize(t + 1, axis=0)
            self._time[t] = time_s
            self._time.flush()
        self._count += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            with contextlib.suppress(StorageError):
                self._close()
            return
        self._close()
        guard.trust(self.path)

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            with self._disk():
                file.close()

    @contextmanager
    def _disk(self) -> Iterator[None]:
        """Turn what HDF5 raises while it writes into StorageError."""
        try:
            yield
        except (OSError, RuntimeError) as error:
            raise StorageError(f"could not be written ({_reason(error)})", path=self.path) from error


def _growing(group: h5py.Group, name: str, row: tuple[int, ...], dtype: str, units: str) -> h5py.Dataset:
    """Make a dataset with a row a frame. It has no checksum, since its chunks are read while rows are added to them."""
    rows = max(1, CHUNK_BYTES // (np.dtype(dtype).itemsize * math.prod(row)))
    dataset = group.create_dataset(
        name, (0, *row), dtype, maxshape=(None, *row), chunks=(rows, *row),
        fillvalue=np.nan if "f" in dtype else 0,
    )  # fmt: skip
    dataset.attrs["units"] = units
    return dataset


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())
