"""Seconds from an epoch as instants of astropy and of numpy."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostwatch.geometry import parse_utc

_FIRST = datetime(1, 1, 2, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, tzinfo=UTC)


def is_instant(column: str) -> bool:
    """Tell whether a column counts seconds from the epoch, by its name."""
    return column.endswith("time_s") or column in ("onset_s", "end_s", "burnout_s")


def instants(epoch: str, seconds: ArrayLike) -> Any:
    """Return instants as astropy Time, UTC.

    Parameters
    ----------
    epoch : str
        ISO 8601 UTC.
    seconds : float64 (N,)
        From the epoch.

    Returns
    -------
    astropy.time.Time (N,)
        Masked where not known (NaN) or outside the years 1 to 9999.
    """
    from astropy.time import Time, TimeDelta

    values, known = _known(epoch, seconds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of leap seconds in years to come
        out = Time(parse_utc(epoch).replace(tzinfo=None), scale="utc", format="datetime") + TimeDelta(
            np.where(known, values, 0.0), format="sec"
        )
        out.format = "isot"
    if not known.all():
        from astropy.utils.masked import Masked

        out = Time(Masked(out.jd1, ~known), Masked(out.jd2, ~known), format="jd", scale="utc")
        out.format = "isot"
    return out


def datetimes(epoch: str, seconds: ArrayLike) -> NDArray[Any]:
    """Return instants as datetime64[us] (N,) of UTC; NaT where not known or outside the years 1 to 9999."""
    values, known = _known(epoch, seconds)
    start = np.datetime64(parse_utc(epoch).replace(tzinfo=None), "us")
    out: NDArray[Any] = start + np.rint(np.where(known, values, 0.0) * 1e6).astype("timedelta64[us]")
    out[~known] = np.datetime64("NaT")
    return out


def _known(epoch: str, seconds: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    values = np.atleast_1d(np.asarray(seconds, np.float64))
    start = parse_utc(epoch)
    low, high = (_FIRST - start).total_seconds(), (_LAST - start).total_seconds()
    return values, (values > low) & (values < high)
