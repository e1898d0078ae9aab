"""Reading a frame stack: frames stream from disk, what does not agree with its checksum is not good."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData
from boostwatch.geometry import parse_utc
from boostwatch.records import QUALITY_BITS, TRUTH_OBJECT, TRUTH_SAMPLE, Records
from boostwatch.sensor import Band, Sensor
from boostwatch.store import layout
from boostwatch.store.atomic import sha256
from boostwatch.store.closing import Closing
from boostwatch.store.events import take_columns


class Frame(NamedTuple):
    """One time step of a stack."""

    data: NDArray[Any]
    """(B, H, W), uint16 or float32, DN."""
    frame: int
    """Position in the file."""
    time_s: float
    """Middle of the exposure, seconds from the epoch."""
    frame_index: int
    """The sensor's own counter."""
    good: NDArray[np.bool_]
    """(B,): read whole, agrees with its checksum, and not flagged corrupt."""
    position_m: NDArray[np.float64] | None
    """(3,) ITRS, or None without pointing."""
    attitude: NDArray[np.float64] | None
    """(4,) camera to ITRS (w, x, y, z), or None without pointing."""
    quality: NDArray[np.uint8]
    """(B,) bit flags of `records.QUALITY_BITS`; corrupt is set here for what did not agree."""


class _FrameRows(NamedTuple):
    """What a file says of some frames; None where it says nothing."""

    time_s: NDArray[np.float64] | None
    frame_index: NDArray[np.int64] | None
    crc: NDArray[np.uint32] | None
    quality: NDArray[np.uint8] | None
    position_m: NDArray[np.float64] | None
    attitude: NDArray[np.float64] | None


class StackReader(Closing):
    """A frame stack that is open for reading; made by `open_stack`, used as a context manager.

    Attributes
    ----------
    path : str
        The file.
    shape : (T, B, H, W)
        Frames, bands, rows, columns.
    dtype : numpy.dtype
        uint16 or float32, of the frames as they are handed out.
    sensor : Sensor
        NaN where the file does not say.
    epoch : str
        ISO 8601 UTC; times count from it.
    time_s : float64 (T,)
        Mid-exposure.
    frame_index : int64 (T,)
        The sensor's own counter.
    quality : uint8 (T, B)
        As stored.
    bad_pixels : uint8 (B, H, W) or None
    gain, offset : float32 (B, H, W) or None
    has_pointing : bool
    position_m : float64 (T, 3) or None
    attitude : float64 (T, 4) or None
    attitude_sigma_rad, attitude_bias_sigma_rad, attitude_noise_sigma_rad : float
        NaN where the file does not say.
    truth_objects, truth_samples : Records or None
    line_of_sight : float64 (T, 2) or None
    scenario_toml : str or None
    seed : int or None
    part : str or None
        Which frames of the scenario's run these are, where they are not all.
    stored_dtype : numpy.dtype
        Of the frames in the file.
    has_times, has_epoch, has_period : bool
        Whether the file says when its frames were taken, since when these times count, and how far apart the frames
        are by plan.
    notes : list of str
        What was missing and what was taken in its place; `frames` adds what it finds wrong.
    """

    def __init__(
        self, path: str, file: h5py.File, frames: h5py.Dataset, *, foreign: bool, ready: int | None = None
    ) -> None:
        """Read all but the frames; of a stack that grows the first ``ready`` frames are there, and no truth."""
        self.path = path
        self.notes: list[str] = []
        self._file = file
        self._frames = frames
        self._foreign = foreign
        shape = frames.shape
        if len(shape) == 2:
            shape = (1, *shape)
        self.shape: tuple[int, int, int, int] = (shape[0], 1, *shape[1:]) if len(shape) == 3 else shape
        self._grows = ready is not None
        if ready is not None:
            self.shape = (ready, *self.shape[1:])
        self.stored_dtype = frames.dtype
        lossless = frames.dtype.kind == "u" and frames.dtype.itemsize <= 2
        self.dtype = np.dtype(np.uint16 if lossless else np.float32)
        self._group: Any = {} if foreign else frames.parent
        self._read_times()
        self._direct = self._is_direct()
        self._read_sensor()
        self._read_pointing()
        self._read_truth()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file's bytes."""
        return sha256(self.path)

    def _array(self, place: str, shape: tuple[int, ...], dtype: Any, rows: slice | None = None) -> NDArray[Any] | None:
        """Return an optional dataset (or ``rows`` of it, of which there is one a frame), or None if it is not there."""
        dataset = None if self._foreign else self._file.get(place)
        if dataset is None:
            return None
        stored = dataset.shape if isinstance(dataset, h5py.Dataset) and dataset.dtype.kind in "iufb" else None
        longer = stored is not None and self._grows and rows is not None and stored[:1] > shape[:1]
        if stored is None or (stored[1:] != shape[1:] if longer else stored != shape):
            found = getattr(dataset, "shape", "a group"), str(getattr(dataset, "dtype", ""))
            raise BadData(
                "has the wrong shape or type", path=self.path, place=place, found=found,
                allowed=f"{np.dtype(dtype)} {shape}",
            )  # fmt: skip
        with np.errstate(invalid="ignore"):
            return np.asarray(self._whole(dataset, place, () if rows is None else rows)).astype(dtype)

    def _whole(self, dataset: h5py.Dataset, place: str, rows: slice | tuple[()] = ()) -> Any:
        """Return all of a small dataset, or some rows of it, or say which one cannot be read."""
        try:
            return dataset[rows]
        except (OSError, RuntimeError) as error:
            text = f"is damaged ({' '.join(str(error).split())})"
            raise BadData(text, path=self.path, place=place, allowed="data that agree with their checksum") from None

    def _read_times(self) -> None:
        rows = self._frame_rows(0)
        self.has_times = rows.time_s is not None
        self.epoch, self.has_epoch = layout.DEFAULT_EPOCH, False
        if self.has_times:
            self.epoch = self._read_epoch()
        else:
            self.notes.append("no /stack/time: one frame a second from 0")
        if rows.crc is None:
            self.notes.append("no /stack/crc32: frames are not checked")
        self._take(rows, 0)

    def _frame_rows(self, start: int) -> _FrameRows:
        """Read what the file says of each frame, from frame ``start`` on."""
        frames, bands = self.shape[:2]
        rows = slice(start, frames)
        return _FrameRows(
            self._array("/stack/time", (frames,), np.float64, rows),
            self._array("/stack/frame_index", (frames,), np.int64, rows),
            self._array("/stack/crc32", (frames, bands), np.uint32, rows),
            self._array("/stack/quality", (frames, bands), np.uint8, rows),
            self._array("/pointing/position_m", (frames, 3), np.float64, rows),
            self._array("/pointing/attitude", (frames, 4), np.float64, rows),
        )

    def grow(self, frames: int) -> None:
        """Take in frames that were appended: there are ``frames`` now. Only for a stack opened as one that grows."""
        start = self.shape[0]
        self.shape = (frames, *self.shape[1:])
        self._take(self._frame_rows(start), start)

    def _take(self, rows: _FrameRows, start: int) -> None:
        """Keep rows for frame ``start`` and those after it."""
        frames, bands = self.shape[:2]

        def after(old: str, new: NDArray[Any] | None) -> Any:
            return new if new is None or start == 0 else np.concatenate([getattr(self, old), new])

        counted = np.arange(start, frames)
        time = counted.astype(np.float64) if rows.time_s is None else rows.time_s
        index = counted.astype(np.int64) if rows.frame_index is None else rows.frame_index
        quality = np.zeros((len(counted), bands), np.uint8) if rows.quality is None else rows.quality
        self.time_s: NDArray[np.float64] = after("time_s", time)
        self.frame_index: NDArray[np.int64] = after("frame_index", index)
        self._crc: NDArray[np.uint32] | None = after("_crc", rows.crc)
        self.quality: NDArray[np.uint8] = after("quality", quality)
        self.position_m: NDArray[Any] | None = after("position_m", rows.position_m)
        self.attitude: NDArray[Any] | None = after("attitude", rows.attitude)
        if not np.isfinite(time).all():
            text, bad = "/stack/time is not finite", np.flatnonzero(~np.isfinite(self.time_s))
            self.notes = [note for note in self.notes if not note.startswith(text)]
            self.notes.append(f"{text} in {len(bad)} frames, first {bad[0]}")

    def _read_epoch(self) -> str:
        raw = self._file["/stack/time"].attrs.get("epoch", self._file.attrs.get("epoch"))
        if raw is None:
            self.notes.append(f"/stack/time has no epoch: {layout.DEFAULT_EPOCH}")
            return layout.DEFAULT_EPOCH
        epoch = layout.text_of(raw)
        try:
            parse_utc(epoch)
        except ValueError:
            raise BadData(
                "is no instant", path=self.path, place="/stack/time@epoch", found=epoch, allowed="ISO 8601 UTC"
            ) from None
        self.has_epoch = True
        return epoch

    def _read_sensor(self) -> None:
        _, bands, height, width = self.shape
        group = None if self._foreign else self._file.get("/sensor")
        attributes = group.attrs if isinstance(group, h5py.Group) else {}
        step = np.diff(self.time_s)
        step = step[np.isfinite(step) & (step > 0)]
        defaults = {
            "ifov_rad": np.nan, "cx": (width - 1) / 2, "cy": (height - 1) / 2,
            "frame_period_s": float(np.median(step)) if len(step) else 1.0, "integration_s": np.nan,
        }  # fmt: skip
        figures = {name: layout.number_of(attributes, name, np.nan) for name in defaults}
        missing = [name for name, value in figures.items() if not np.isfinite(value)]
        figures.update({name: defaults[name] for name in missing})
        self.has_period = "frame_period_s" not in missing
        if missing:
            self.notes.append(f"/sensor does not say {', '.join(missing)}: estimated or unknown")
        name = layout.text_of(attributes["name"]) if "name" in attributes else "unknown"
        self.sensor = Sensor(name=name, bands=self._read_bands(bands), **figures)
        self.bad_pixels = self._array("/sensor/bad_pixels", self.shape[1:], np.uint8)
        self.gain = self._array("/sensor/gain", self.shape[1:], np.float32)
        self.offset = self._array("/sensor/offset", self.shape[1:], np.float32)

    def _read_bands(self, count: int) -> tuple[Band, ...]:
        rows = self._table("/sensor/bands", layout.BAND, required=())
        if rows is None:
            self.notes.append("no /sensor/bands: point spread, gain and noise are unknown")
            return tuple(Band(f"band{i}") for i in range(count))
        if len(rows) != count:
            raise BadData(
                "does not agree with the frames", path=self.path, place="/sensor/bands", found=f"{len(rows)} rows",
                allowed=f"{count} bands",
            )  # fmt: skip
        return tuple(Band(row["name"].decode("utf-8", "replace"), *map(float, row.tolist()[1:])) for row in rows)

    def _read_pointing(self) -> None:
        self.has_pointing = self.position_m is not None and self.attitude is not None
        attributes = self._file["/pointing/attitude"].attrs if self.attitude is not None else {}
        self.attitude_sigma_rad = layout.number_of(attributes, "sigma_rad", np.nan)
        self.attitude_bias_sigma_rad = layout.number_of(attributes, "bias_sigma_rad", np.nan)
        self.attitude_noise_sigma_rad = layout.number_of(attributes, "noise_sigma_rad", np.nan)
        if not self.has_pointing:
            self.notes.append("no /pointing: positions on Earth stay empty")

    def _read_truth(self) -> None:
        self.truth_objects = self.truth_samples = self.line_of_sight = None
        if not self._grows:
            self.truth_objects = self._table("/truth/objects", TRUTH_OBJECT, required=("object_id", "kind"))
            self.truth_samples = self._table(
                "/truth/samples", TRUTH_SAMPLE, required=("object_id", "frame", "band", "x", "y")
            )
            self.line_of_sight = self._array("/truth/line_of_sight", (self.shape[0], 2), np.float64)
        group = None if self._foreign else self._file.get("/scenario")
        attributes = group.attrs if group is not None else {}
        self.scenario_toml = layout.text_of(attributes["toml"]) if "toml" in attributes else None
        self.part = layout.text_of(attributes["part"]) if "part" in attributes else None
        seed = attributes.get("seed")
        self.seed = int(seed) if isinstance(seed, int | np.integer) else None

    def _table(self, place: str, dtype: np.dtype[Any], required: tuple[str, ...]) -> Records | None:
        dataset = None if self._foreign else self._file.get(place)
        if dataset is None:
            return None
        if not isinstance(dataset, h5py.Dataset) or dataset.dtype.names is None or dataset.ndim != 1:
            raise BadData("is no table", path=self.path, place=place, allowed="a one-dimensional compound dataset")
        return take_columns(self._whole(dataset, place), dtype, self.path, place, required=required)

    def row_time(self, frame: int) -> NDArray[np.float64] | None:
        """Return the time (H,) of each row of a frame, seconds after the frame's own; None where not recorded."""
        dataset = None if self._foreign else self._file.get("/stack/row_time")
        if dataset is None:
            return None
        longer = self._grows and dataset.shape[0] > self.shape[0]
        if dataset.shape[1:] != (self.shape[2],) or (dataset.shape[0] != self.shape[0] and not longer):
            raise BadData(
                "has the wrong shape", path=self.path, place="/stack/row_time", found=dataset.shape,
                allowed=f"{(self.shape[0], self.shape[2])}",
            )  # fmt: skip
        try:
            return np.asarray(dataset[frame], np.float64)
        except (OSError, RuntimeError) as error:
            text = f"is damaged ({' '.join(str(error).split())})"
            raise BadData(text, path=self.path, place=f"/stack/row_time[{frame}]") from None

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Yield the frames in order, one in memory at a time.

        Parameters
        ----------
        start, stop : int
            First frame, and the one after the last.

        Yields
        ------
        Frame
            A band that cannot be read or does not agree with its checksum has ``good`` False, the corrupt flag, and
            a line in ``notes``; its pixels are what could be read, or zero.
        """
        for t in range(start, self.shape[0] if stop is None else min(stop, self.shape[0])):
            yield self.read(t)

    def read(self, t: int) -> Frame:
        """Return frame ``t``."""
        data = np.empty(self.shape[1:], self.dtype)
        quality = self.quality[t].copy()
        for band in range(self.shape[1]):
            wrong = self._read_band(t, band, data[band])
            if wrong:
                quality[band] |= QUALITY_BITS["corrupt"]
                note = f"frame {t} band {band}: {wrong}"
                if note not in self.notes:
                    self.notes.append(note)
        good = (quality & QUALITY_BITS["corrupt"]) == 0
        return Frame(
            data, t, float(self.time_s[t]), int(self.frame_index[t]), good,
            None if self.position_m is None else self.position_m[t],
            None if self.attitude is None else self.attitude[t], quality,
        )  # fmt: skip

    def read_stored(self, t: int) -> NDArray[Any]:
        """Return frame ``t`` (B, H, W) in the type of the file, or raise BadData if it cannot be read whole."""
        try:
            raw = np.asarray(self._frames if self._frames.ndim == 2 else self._frames[t])
        except (OSError, RuntimeError) as error:
            text = f"cannot be read ({' '.join(str(error).split())})"
            raise BadData(text, path=self.path, place=f"frame {t}") from None
        return raw.reshape(self.shape[1:])

    def _read_band(self, t: int, band: int, out: NDArray[Any]) -> str:
        """Read one band of one frame into ``out`` and return what is wrong with it, or an empty string."""
        raw = self._read_chunk(t, band) if self._direct else None
        if raw is None:
            where = ((), (t,), (t, band))[self._frames.ndim - 2]
            try:
                raw = np.ascontiguousarray(self._frames[where])
            except (OSError, RuntimeError) as error:
                out[...] = 0
                return f"cannot be read ({' '.join(str(error).split())})"
        with np.errstate(over="ignore", invalid="ignore"):
            out[...] = raw
        if self._crc is not None and zlib.crc32(raw.data) != self._crc[t, band]:
            return f"does not agree with its CRC-32 of {self._crc[t, band]:#010x}"
        return ""

    def _is_direct(self) -> bool:
        """Say whether a chunk is a frame's bytes and its checksum, nothing else."""
        frames, plist = self._frames, self._frames.id.get_create_plist()
        filters = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
        plain = filters == [h5py.h5z.FILTER_FLETCHER32] and frames.dtype == frames.dtype.newbyteorder("=")
        return plain and self._crc is not None and frames.chunks == (1, 1, *self.shape[2:])

    def _read_chunk(self, t: int, band: int) -> NDArray[Any] | None:
        """Return the bytes of a frame past HDF5's own checksum, since the CRC is compared and is twice as fast."""
        try:
            skipped, chunk = self._frames.id.read_direct_chunk((t, band, 0, 0))
        except (OSError, RuntimeError):
            return None
        count = self.shape[2] * self.shape[3]
        if skipped or len(chunk) != count * self._frames.dtype.itemsize + 4:
            return None
        return np.frombuffer(chunk, self._frames.dtype, count).reshape(self.shape[2:])
