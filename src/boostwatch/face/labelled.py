"""Frames as arrays with labelled axes, of xarray."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boostwatch.face.instants import datetimes
from boostwatch.face.optional import found, needed

if TYPE_CHECKING:
    from boostwatch.face.stack import Stack
    from boostwatch.pipeline import FrameSource


def data_array(stack: Stack, source: FrameSource, frames: slice) -> Any:
    """Return frames of a stack as an xarray DataArray, see `Stack.to_xarray`."""
    xarray = needed("xarray", "to_xarray")
    if found("dask"):
        array = needed("dask.array", "to_xarray")
        pixels = array.from_array(stack, chunks=(1, *stack.shape[1:]), lock=True, name=False)[frames]
    else:
        pixels = stack[frames]
    sensor, (_, _, height, width) = source.sensor, source.shape
    seconds = source.time_s[frames]
    if source.has_epoch:
        time = ("time", datetimes(source.epoch, seconds), {"long_name": "middle of the exposure, UTC"})
    else:
        time = ("time", seconds, {"long_name": "middle of the exposure", "units": "s"})
    told = {
        "long_name": "digital number", "units": "DN", "sensor": sensor.name, "ifov_rad": sensor.ifov_rad,
        "frame_period_s": sensor.frame_period_s, "integration_s": sensor.integration_s,
        **({"epoch": source.epoch} if source.has_epoch else {}),
    }  # fmt: skip
    return xarray.DataArray(
        pixels,
        dims=("time", "band", "y", "x"),
        name="frames",
        coords={
            "time": time,
            "band": ("band", stack.band_names),
            "y": ("y", np.arange(height), {"long_name": "row", "units": "px"}),
            "x": ("x", np.arange(width), {"long_name": "column", "units": "px"}),
        },
        attrs={name: value for name, value in told.items() if value == value},
    )
