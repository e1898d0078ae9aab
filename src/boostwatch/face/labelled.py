"""Frames and tables as arrays with labelled axes, of xarray."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from boostwatch.face.instants import datetimes, is_instant
from boostwatch.face.optional import found, needed
from boostwatch.face.tables import text_column
from boostwatch.records import Records

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


def data_set(rows: Records, epoch: str, along: str, units: Mapping[str, str]) -> Any:
    """Return records as an xarray Dataset along one dimension, see `Events.to_xarray`."""
    xarray = needed("xarray", "to_xarray")
    columns: dict[str, Any] = {}
    for name in rows.dtype.names or ():
        values = text_column(rows[name]) if rows.dtype[name].kind == "S" else np.ascontiguousarray(rows[name])
        columns[name] = (along, values, {"units": units[name]} if units.get(name) else {})
        if is_instant(name):
            columns[f"{name.removesuffix('_s')}_utc"] = (along, datetimes(epoch, rows[name]))
    return xarray.Dataset(columns, attrs={"epoch": epoch})
