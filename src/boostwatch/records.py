"""The house's language: structured dtypes of everything that is passed between wings and written to files.

All times are seconds from the ``epoch`` of the file, mid-exposure. ``x`` runs along columns and ``y`` along rows, in
pixels on the focal plane of the frame named; the centre of the first pixel is (0, 0). What is unknown is NaN in a float
column and -1 in an integer column.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Records = NDArray[Any]
"""A one-dimensional structured array of one of the dtypes below."""

KINDS: Final = (
    "launch", "fire", "flare", "glint", "lightning", "bolide", "aircraft", "satellite", "defect", "unknown",
)  # fmt: skip
"""What an event can be called."""

DETECTION: Final = np.dtype([
    ("frame", "i4"), ("band", "i2"), ("time_s", "f8"), ("x", "f4"), ("y", "f4"), ("sigma_x", "f4"), ("sigma_y", "f4"),
    ("signal_e", "f4"), ("signal_sigma_e", "f4"), ("snr", "f4"), ("track_id", "i4"), ("frames", "i2"),
    ("held_e", "f4"), ("unrest", "f4"),
])  # fmt: skip
"""One point above threshold in one band of one frame. ``snr`` is unit normal where there is only noise and clutter.

``frames`` is the number of newest frames that it was found in together, mostly 1; position and time are of the last.
``held_e`` is the light, electrons, of a point source that the background holds at its place: ``signal_e`` comes on top.
``unrest`` is the noise of the pixels at its place over that of those around it: well above 1 where light came and went.
"""

TRACK: Final = np.dtype([
    ("track_id", "i4"), ("status", "S12"), ("kind", "S16"), ("first_time_s", "f8"), ("confirmed_time_s", "f8"),
    ("last_time_s", "f8"), ("hits", "i4"), ("misses", "i4"), ("score", "f4"), ("start", "i8"), ("count", "i8"),
    ("moving_time_s", "f8"), ("x0", "f8"), ("y0", "f8"), ("sigma_x0", "f4"), ("sigma_y0", "f4"),
])  # fmt: skip
"""One track; its points are ``track_points[start : start + count]``. ``status``: tentative, confirmed or ended.

``moving_time_s`` is when it was first more likely to move than to stand still in the scene or on the focal plane; NaN
for one that never was. ``x0``, ``y0`` is where it was at its first hit, smoothed by those that followed.
"""

TRACK_POINT: Final = np.dtype([
    ("track_id", "i4"), ("frame", "i4"), ("time_s", "f8"), ("x", "f4"), ("y", "f4"), ("vx", "f4"), ("vy", "f4"),
    ("sigma_x", "f4"), ("sigma_y", "f4"), ("snr", "f4"), ("los_x", "f8"), ("los_y", "f8"), ("los_z", "f8"),
    ("confirmed", "u1"),
])  # fmt: skip
"""One filtered state of a track. Velocities in px/s of the scene; ``los`` an ITRS unit vector, NaN without pointing."""

EVENT: Final = np.dtype([
    ("event_id", "i4"), ("track_id", "i4"), ("kind", "S16"), ("probability", "f4"), ("p_launch", "f4"),
    ("first_time_s", "f8"), ("declared_time_s", "f8"), ("launch_time_s", "f8"), ("launch_time_sigma_s", "f8"),
    ("burnout_time_s", "f8"), ("latitude_deg", "f8"), ("longitude_deg", "f8"), ("ellipse_major_km", "f8"),
    ("ellipse_minor_km", "f8"), ("ellipse_angle_deg", "f8"), ("heading_deg", "f8"), ("heading_sigma_deg", "f8"),
    ("peak_intensity_w_sr", "f8"), ("x0", "f8"), ("y0", "f8"), ("sigma_x0", "f4"), ("sigma_y0", "f4"),
    ("burnout_time_sigma_s", "f8"), ("peak_intensity_sigma_w_sr", "f8"), ("corr_time_north", "f4"),
    ("corr_time_east", "f4"), ("corr_heading_north", "f4"), ("corr_heading_east", "f4"), ("corr_time_heading", "f4"),
])  # fmt: skip
"""What an analyst reads. The ellipse holds 95 %: semi-axes in km, angle of the major axis clockwise from north.

With it, the two sigmas and the five ``corr_`` columns the covariance of launch point, time and heading is whole.
"""

REGISTRATION: Final = np.dtype([
    ("frame", "i4"), ("time_s", "f8"), ("dx", "f4"), ("dy", "f4"), ("sigma", "f4"), ("quality", "u1"),
])  # fmt: skip
"""Estimated shift of the scene on the focal plane, px, relative to the first good frame of the run."""

TRUTH_OBJECT: Final = np.dtype([
    ("object_id", "i4"), ("kind", "S16"), ("onset_s", "f8"), ("end_s", "f8"), ("latitude_deg", "f8"),
    ("longitude_deg", "f8"), ("heading_deg", "f8"), ("burnout_s", "f8"), ("name", "S32"),
])  # fmt: skip
"""One object of a synthetic scene. For a launch ``onset_s`` is ignition and the position is the launch point."""

TRUTH_SAMPLE: Final = np.dtype([
    ("object_id", "i4"), ("frame", "i4"), ("band", "i2"), ("x", "f8"), ("y", "f8"), ("radiant_intensity_w_sr", "f8"),
    ("irradiance_w_m2", "f8"), ("signal_e", "f8"), ("snr", "f8"),
])  # fmt: skip
"""One object in one band of one frame, as it fell on the focal plane (jitter included)."""

UNITS: Final[dict[str, str]] = {
    "x": "px", "y": "px", "x0": "px", "y0": "px", "dx": "px", "dy": "px", "sigma": "px",
    "sigma_x": "px", "sigma_y": "px", "sigma_x0": "px", "sigma_y0": "px",
    "vx": "px/s", "vy": "px/s", "snr": "1", "unrest": "1", "score": "1", "probability": "1", "p_launch": "1",
    "los_x": "1", "los_y": "1", "los_z": "1", "corr_time_north": "1", "corr_time_east": "1", "corr_heading_north": "1",
    "corr_heading_east": "1", "corr_time_heading": "1",
}  # fmt: skip
"""Units of columns whose name does not end in one."""

SIGNALS: Final = ("signal_e", "signal_sigma_e", "held_e")
"""Columns in electrons; in DN where nobody told the gain, see `EventTables`."""

_SUFFIXES: Final = {
    "_w_sr": "W/sr", "_w_m2": "W/m2", "_km": "km", "_deg": "deg", "_s": "s", "_e": "electron", "_m": "m",
}  # fmt: skip

# Bits of /stack/quality and of the registration quality: 0 is good.
QUALITY_BITS: Final[dict[str, int]] = {
    "warming_up": 1,  # background not yet learnt
    "registration_failed": 2,  # shift not trusted; the frame did not enter the background
    "time_gap": 4,  # frames are missing before this one
    "repeated": 8,  # same counter or same bytes as the frame before
    "saturated": 16,  # more than 1 % of the pixels at full scale
    "corrupt": 32,  # checksum mismatch, or no finite pixel
    "out_of_order": 64,  # time not later than that of the frame before
}


def empty(dtype: np.dtype[Any], count: int) -> Records:
    """Return ``count`` records with every value unknown: NaN, -1 or an empty string.

    Parameters
    ----------
    dtype : numpy.dtype
        One of this module's dtypes.
    count : int
        Number of records.

    Returns
    -------
    structured array (count,)
    """
    return np.repeat(_unknown(dtype), count)


@functools.cache
def _unknown(dtype: np.dtype[Any]) -> Records:
    """Return one record of which nothing is known."""
    out = np.zeros(1, dtype)
    for name, (column, *_) in (dtype.fields or {}).items():
        if column.kind == "f":
            out[name] = np.nan
        elif column.kind == "i":
            out[name] = -1
    return out


def launches_first(events: Records) -> tuple[Records, Records]:
    """Return the launches (dtype EVENT) in their order, and the other events, those likeliest to be launches first."""
    launch = events["kind"] == b"launch"
    others = events[~launch]
    return events[launch], others[np.argsort(-others["p_launch"], kind="stable")]


def unit_of(column: str) -> str:
    """Return the unit of a column by its name: ``"px"``, ``"s"``, ``"W/sr"``..., or ``""`` for counts and labels."""
    if column in UNITS:
        return UNITS[column]
    return next((unit for suffix, unit in _SUFFIXES.items() if column.endswith(suffix)), "")


@dataclass
class EventTables:
    """All that one run of the warning chain has to say: the tables of an events file.

    ``signal_unit`` is the unit of the columns `SIGNALS` of the detections: ``electron``; ``DN`` where the gain of no
    band was known, so that an electron a DN was supposed; ``""`` where that of some was not.
    """

    epoch: str
    detections: Records
    tracks: Records
    track_points: Records
    events: Records
    registration: Records
    provenance: dict[str, str | int | float] = field(default_factory=dict)
    signal_unit: str = "electron"

    def units(self, table: str) -> dict[str, str]:
        """Return the unit of each column of one of the tables."""
        signals = dict.fromkeys(SIGNALS, self.signal_unit) if table == "detections" else {}
        return {name: signals.get(name, unit_of(name)) for name in getattr(self, table).dtype.names}
