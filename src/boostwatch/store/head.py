"""What a frame stack says once: its root, what it shows, its sensor. The same whether it is written whole or live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import UsageError
from boostwatch.sensor import Sensor
from boostwatch.store import layout

DTYPES = (np.dtype("u2"), np.dtype("f4"))
"""What frames are stored as."""
_MAPS = {"bad_pixels": (np.uint8, ""), "gain": (np.float32, "1"), "offset": (np.float32, "DN")}


def check_arguments(
    shape: tuple[int, ...], letters: str, dtype: np.dtype[Any], sensor: Sensor, maps: Mapping[str, NDArray[Any] | None]
) -> None:
    """Raise UsageError unless a writer's arguments agree; of ``shape`` the last three are bands, rows, columns."""
    if len(shape) != len(letters.split(",")) or min(shape) < 1:
        raise UsageError("impossible shape", place="shape", found=shape, allowed=f"({letters}), each >= 1")
    if dtype not in DTYPES:
        raise UsageError("impossible type", place="dtype", found=str(dtype), allowed="uint16 or float32")
    if len(sensor.bands) != shape[-3]:
        raise UsageError(
            "wrong count", place="sensor.bands", found=len(sensor.bands), allowed=f"{shape[-3]} bands"
        )  # fmt: skip
    for name, value in maps.items():
        if value is not None and np.shape(value) != shape[-3:]:
            raise UsageError("wrong shape", place=name, found=np.shape(value), allowed=f"{shape[-3:]}")


def checked_pixels(data: Any, shape: tuple[int, ...], dtype: np.dtype[Any], frame: int) -> NDArray[Any]:
    """Return a frame as little-endian bytes in C order, or raise UsageError if it does not fit the stack."""
    pixels = np.asarray(data)
    if pixels.shape != shape or pixels.dtype != dtype:
        raise UsageError(
            "does not fit the stack", place=f"frame {frame}", found=(pixels.shape, str(pixels.dtype)),
            allowed=f"{shape} {dtype}",
        )  # fmt: skip
    return np.ascontiguousarray(pixels, dtype.newbyteorder("<"))


def require_pointing(position_m: Any, attitude: Any, frame: int) -> None:
    """Raise UsageError unless a frame of a stack with pointing brings both."""
    if position_m is None or attitude is None:
        raise UsageError("position_m and attitude are due with has_pointing", place=f"frame {frame}")


def put_root(file: h5py.File, epoch: str, created: str | None) -> h5py.Group:
    """Write the root's attributes and return the group ``/stack``."""
    layout.put_root(file, layout.STACK_FORMAT, created)
    file.attrs["default"] = "stack"
    file.attrs["epoch"] = epoch
    stack = file.create_group("stack")
    stack.attrs["NX_class"] = "NXdata"
    stack.attrs["signal"] = "frames"
    stack.attrs["axes"] = ["time", "band", "y", "x"]
    return stack


def put_frames(stack: h5py.Group, shape: tuple[int, ...], dtype: np.dtype[Any], *, grows: bool) -> h5py.Dataset:
    """Make ``/stack/frames``, to which frames can be appended if it ``grows``."""
    frames = stack.create_dataset(
        "frames", shape, dtype.newbyteorder("<"), maxshape=(None, *shape[1:]) if grows else None,
        chunks=(1, 1, *shape[2:]), fletcher32=True, fillvalue=0,
    )  # fmt: skip
    frames.attrs["units"] = "DN"
    frames.attrs["interpretation"] = "image"
    return frames


def put_sensor(file: h5py.File, sensor: Sensor, maps: Mapping[str, NDArray[Any] | None]) -> None:
    """Write ``/sensor`` with its bands, and what is known of its pixels."""
    group = file.create_group("sensor")
    group.attrs["name"] = sensor.name
    for name in ("ifov_rad", "cx", "cy", "frame_period_s", "integration_s"):
        group.attrs[name] = float(getattr(sensor, name))
    rows = np.array([(b.name.encode("utf-8"), *astuple(b)[1:]) for b in sensor.bands], layout.BAND)
    layout.put_bands(group, rows)
    for name, value in maps.items():
        if value is not None:
            dtype, units = _MAPS[name]
            layout.put_array(group, name, np.asarray(value, dtype), units=units, chunks=(1, *value.shape[1:]))


def put_sigmas(attitude: h5py.Dataset, sigmas: tuple[float, float, float]) -> None:
    """Write the 1-sigma of the reported attitude: total, constant part, white part."""
    for name, value in zip(("sigma_rad", "bias_sigma_rad", "noise_sigma_rad"), sigmas, strict=True):
        attitude.attrs[name] = float(value)
