"""What a detector accepts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData
from boostwatch.sensor import Sensor

LEAST_SIDE = 16


def checked_shape(shape: tuple[int, int, int], sensor: Sensor) -> tuple[int, int, int]:
    """Return the shape (band, y, x) if the sensor has as many bands and the sides are not too short."""
    bands, height, width = (int(n) for n in shape)
    if bands != len(sensor.bands):
        raise BadData("frames and sensor differ in bands", place="bands", found=bands, allowed=str(len(sensor.bands)))
    if min(height, width) < LEAST_SIDE:
        raise BadData("frames are too small", found=(height, width), allowed=f"at least {LEAST_SIDE} px a side")
    return bands, height, width


def checked_data(
    data: NDArray[Any], shape: tuple[int, int, int], frame: int
) -> NDArray[np.uint16] | NDArray[np.float32]:
    """Return the frames C-contiguous as uint16 or float32, whatever number they came as."""
    array = np.asarray(data)
    if array.shape != shape:
        raise BadData("has the wrong shape", place=f"frame {frame}", found=array.shape, allowed=f"{shape} (band, y, x)")
    if array.dtype in (np.uint8, np.uint16):
        return np.ascontiguousarray(array, np.uint16)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, np.float32)
