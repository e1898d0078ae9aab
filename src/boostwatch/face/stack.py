"""A frame stack for a notebook: frames that are read when asked for, with times, units and truth."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cached_property
from types import TracebackType
from typing import Any, NamedTuple, Self, Unpack

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import UsageError
from boostwatch.face import html
from boostwatch.face.instants import instants
from boostwatch.face.labelled import data_array
from boostwatch.face.tables import qtable
from boostwatch.pipeline import ArrayFrames, Figures, FrameSource, Simulation, frames_of_simulation
from boostwatch.sensor import Sensor
from boostwatch.store import Frame
from boostwatch.wording import counted

_BAND_UNITS = {
    "lower_um": "um", "upper_um": "um", "psf_sigma_px": "px", "gain_e_per_dn": "electron/DN", "offset_dn": "DN",
    "read_noise_e": "electron", "dark_e_per_s": "electron/s", "full_well_e": "electron",
    "irradiance_per_e": "W/m2/electron",
}  # fmt: skip


class StackTruth(NamedTuple):
    """What is known of a synthetic stack."""

    objects: Any
    """QTable, a row an object: ``onset`` (of a launch: ignition), ``end``, place, heading, ``burnout``."""
    samples: Any
    """QTable, a row for each object, frame and band: where its light fell, its W/sr, electrons and snr."""
    line_of_sight: Any
    """Quantity (T, 2): true shift (x, y) of the scene on the focal plane, pix; None where not recorded."""


class Stack:
    """Frames of a staring camera; made by `boostwatch.open_stack` or `from_array`, best used as a context manager.

    ``stack[t]`` is frame ``t`` (B, H, W) and ``stack[t, band, y, x]`` a part of it, with integers, slices and names of
    bands; ``stack["MWIR"]`` is one band (T, H, W). Pixels are digital numbers, uint16 or float32; frames are read one
    at a time, and only what is asked for is kept. A band that is damaged in the file comes with a warning.

    Attributes
    ----------
    shape : (T, B, H, W)
    dtype : numpy.dtype
        uint16 or float32.
    times : astropy.time.Time (T,), or Quantity (T,) in s where no epoch is known
        Middle of each exposure.
    sensor : boostwatch.sensor.Sensor
        NaN where not told.
    bands : astropy.table.QTable
        A row a band: name, limits, point spread, gain, noise.
    pointing : astropy.table.QTable or None
        A row a frame: ``time``, ``position`` (3,) ITRS m, ``attitude`` (4,) quaternion (w, x, y, z), camera to ITRS.
    truth : StackTruth or None
        Of a synthetic stack.
    quality : uint8 (T, B)
        Bit flags of `boostwatch.records.QUALITY_BITS`; 0 is good.
    notes : list of str
        What was missing in the file, what was taken in its place, and what was found damaged.

    Examples
    --------
    >>> with boostwatch.open_stack("demo.stack.h5") as stack:  # doctest: +SKIP
    ...     image = stack[100, "MWIR"]
    """

    ndim = 4

    def __init__(self, source: FrameSource) -> None:
        self._source, self._closed = source, False

    @classmethod
    def from_array(cls, frames: Any, **figures: Unpack[Figures]) -> Self:
        """Return an array (T, H, W) or (T, B, H, W) of digital numbers as a stack; nothing is copied.

        Parameters
        ----------
        frames : array_like
            numpy, a memory map, an h5py dataset, xarray or dask; see `boostwatch.pipeline.ArrayFrames`.
        **figures
            ``sensor``, or ``frame_period_s``, ``ifov_rad``, ``psf_sigma_px``, ``gain_e_per_dn``, ``read_noise_e``,
            ``bands``; ``time_s``, ``epoch``, ``bad_pixels``, ``position_m``, ``attitude``.
        """
        return cls(ArrayFrames(frames, **figures))

    @classmethod
    def from_simulation(cls, run: Simulation) -> Self:
        """Return what `boostwatch.simulate` made as a stack, with its truth; nothing is copied."""
        return cls(frames_of_simulation(run))

    @property
    def source(self) -> FrameSource:
        """What the pipeline takes.

        Raises
        ------
        UsageError
            The stack is closed.
        """
        if self._closed:
            raise UsageError("is closed", path=self._source.path, allowed="an open stack")
        return self._source

    @property
    def path(self) -> str:
        """Name of the file, or ``array``."""
        return self._source.path

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Frames, bands, rows, columns."""
        return self._source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the pixels."""
        return self._source.dtype

    @property
    def sensor(self) -> Sensor:
        """Figures of the camera."""
        return self._source.sensor

    @property
    def quality(self) -> NDArray[np.uint8]:
        """Bit flags of each frame and band."""
        return self._source.quality

    @property
    def notes(self) -> list[str]:
        """What was missing or damaged."""
        return list(self._source.notes)

    @property
    def band_names(self) -> list[str]:
        """Names of the bands."""
        return [band.name for band in self.sensor.bands]

    @cached_property
    def times(self) -> Any:
        """Middle of each exposure."""
        from astropy.units import Quantity

        if self._source.has_epoch:
            return instants(self._source.epoch, self._source.time_s)
        return Quantity(self._source.time_s, "s")

    @cached_property
    def bands(self) -> Any:
        """A row a band."""
        from astropy.table import QTable

        from boostwatch.face.tables import astropy_unit

        table = QTable({"name": self.band_names})
        for name, unit in _BAND_UNITS.items():
            table[name] = [getattr(band, name) for band in self.sensor.bands] * astropy_unit(unit)
        return table

    @cached_property
    def pointing(self) -> Any:
        """Where the platform was and faced, or None."""
        from astropy.table import QTable
        from astropy.units import Quantity

        if self._source.position_m is None or self._source.attitude is None:
            return None
        columns = {"time": self.times, "position": Quantity(self._source.position_m, "m")}
        return QTable({**columns, "attitude": np.array(self._source.attitude)})

    @cached_property
    def truth(self) -> StackTruth | None:
        """What is known of a synthetic stack, or None."""
        from astropy.units import Quantity

        source, epoch = self._source, self._source.epoch if self._source.has_epoch else None
        if source.truth_objects is None or source.truth_samples is None:
            return None
        shift = None if source.line_of_sight is None else Quantity(source.line_of_sight, "pix")
        return StackTruth(qtable(source.truth_objects, epoch), qtable(source.truth_samples, epoch), shift)

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Yield frames in order with time, pointing and quality, see `boostwatch.store.Frame`; one is in memory."""
        return self.source.frames(start, stop)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:
        keys = [key] if not isinstance(key, tuple) else list(key)
        if keys and isinstance(keys[0], str):
            keys = [slice(None), *keys]
        if Ellipsis in [k for k in keys if k is Ellipsis]:
            at = next(i for i, k in enumerate(keys) if k is Ellipsis)
            keys[at : at + 1] = [slice(None)] * (5 - len(keys))
        if len(keys) > 4 or any(k is None for k in keys):
            raise IndexError(f"a stack has 4 axes (time, band, y, x); found {key!r}")
        first, inside = (keys or [slice(None)])[0], tuple(keys[1:])
        if inside:
            inside = (self._band(inside[0]), *inside[1:])
        numbers = np.arange(len(self))[first]  # numpy's own rules, and its error
        if numbers.ndim == 0:
            one: NDArray[Any] = self._pixels(int(numbers))[inside]
            return one
        empty = np.empty(self.shape[1:], self.dtype)[inside]
        out = np.empty((len(numbers), *empty.shape), self.dtype)
        for row, t in enumerate(numbers.tolist()):
            out[row] = self._pixels(t)[inside]
        return out

    def _band(self, key: Any) -> Any:
        if not isinstance(key, str):
            return key
        if key not in self.band_names:
            raise UsageError("is no band", path=self.path, place="band", found=key, allowed=", ".join(self.band_names))
        return self.band_names.index(key)

    def _pixels(self, t: int) -> NDArray[Any]:
        frame = self.source.read(t)
        if not frame.good.all():
            names = ", ".join(name for name, good in zip(self.band_names, frame.good, strict=True) if not good)
            warnings.warn(f"{self.path}: frame {t} is damaged in {names}; see .notes", UserWarning, stacklevel=3)
        return frame.data

    def to_xarray(self, frames: slice = slice(None)) -> Any:
        """Return frames as an xarray DataArray.

        Parameters
        ----------
        frames : slice
            Which; all by default.

        Returns
        -------
        xarray.DataArray (time, band, y, x)
            Digital numbers; ``time`` is datetime64 where an epoch is known, else s; ``band`` has names, ``y`` and ``x``
            count pixels. With dask installed the frames are read when they are needed, a chunk a frame, and the stack
            must stay open until then; without it they are read here.

        Raises
        ------
        UsageError
            xarray is not installed.
        """
        return data_array(self, self.source, frames)

    def close(self) -> None:
        """Close the file; tables that were asked for stay."""
        self._closed = True
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        count, bands, height, width = self.shape
        closed = ", closed" if self._closed else ""
        size = f"{counted(count, 'frame')}, {counted(bands, 'band')}, {width} x {height} px"
        return f"<Stack {self.path!r}: {size}, {self.dtype}{closed}>"

    def _repr_html_(self) -> str:
        source, sensor = self._source, self.sensor
        objects = source.truth_objects
        facts = [
            ("sensor", sensor.name),
            ("bands", ", ".join(f"{b.name} {b.lower_um:g}-{b.upper_um:g} um" for b in sensor.bands)),
            ("angle of a pixel", f"{sensor.ifov_rad * 1e6:.4g} urad"),
            ("frame period", f"{sensor.frame_period_s:g} s"),
            ("times from", source.epoch if source.has_epoch else "an unknown epoch"),
            ("pointing", "yes" if source.has_pointing else "no"),
            ("truth", "no" if objects is None else f"{len(objects)} objects"),
        ]
        return html.title(repr(self)[1:-1]) + html.table(("", ""), facts) + html.note("; ".join(source.notes))
