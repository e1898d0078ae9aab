"""What one run of the warning chain found, for a notebook."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostwatch import store
from boostwatch.errors import UsageError
from boostwatch.face import html
from boostwatch.face.followed import Track
from boostwatch.face.instants import instants
from boostwatch.face.labelled import data_set
from boostwatch.face.tables import data_frame, qtable
from boostwatch.geodesic import ellipse_rings
from boostwatch.geometry import utc_after
from boostwatch.records import EventTables, Records, launches_first
from boostwatch.wording import counted, events_counted, kilowatts, with_sigma

_TABLES = {
    "events": "event_id", "tracks": "track_id", "track_points": "point", "detections": "detection",
    "registration": "frame",
}  # fmt: skip
"""Tables, and along what their rows are: a column that numbers them, where there is one."""
_QUARTER_KM = 10e3


class Events:
    """Events, tracks and detections of a run; made by `boostwatch.open_events`, `detect` and `track`.

    The tables are astropy's, read once and kept. Their columns are those of the format (docs/formats.md), with units;
    a column of times ``NAME_s`` is ``NAME`` here, an astropy Time, masked where unknown. Other unknown numbers are NaN,
    unknown counts -1.

    Attributes
    ----------
    tables : boostwatch.records.EventTables
        The same as structured arrays, times in s from ``tables.epoch``.
    epoch : astropy.time.Time
        From which the seconds of ``tables`` count.
    events, launches : astropy.table.QTable
        One row an event; those of kind ``launch`` alone.
    tracks, track_points, detections, registration : astropy.table.QTable
    provenance : dict
        Input and its SHA-256, settings as TOML, versions, frames read and flagged, notes.

    Examples
    --------
    >>> events = boostwatch.open_events("demo.events.h5")  # doctest: +SKIP
    >>> events.launches["launch_time", "latitude_deg", "longitude_deg"]  # doctest: +SKIP
    """

    def __init__(self, tables: EventTables, name: str = "events") -> None:
        self.tables, self.name = tables, name

    @cached_property
    def epoch(self) -> Any:
        """From which the seconds of ``tables`` count."""
        return instants(self.tables.epoch, [0.0])[0]

    @property
    def provenance(self) -> dict[str, str | int | float]:
        """What made the run."""
        return dict(self.tables.provenance)

    @cached_property
    def events(self) -> Any:
        """One row an event."""
        return qtable(self.tables.events, self.tables.epoch)

    @cached_property
    def launches(self) -> Any:
        """Events of kind launch."""
        return qtable(self.tables.events[self.tables.events["kind"] == b"launch"], self.tables.epoch)

    @cached_property
    def tracks(self) -> Any:
        """One row a track."""
        return qtable(self.tables.tracks, self.tables.epoch)

    @cached_property
    def track_points(self) -> Any:
        """One row a filtered state."""
        return qtable(self.tables.track_points, self.tables.epoch)

    @cached_property
    def detections(self) -> Any:
        """One row a detection."""
        return qtable(self.tables.detections, self.tables.epoch, self.tables.units("detections"))

    @cached_property
    def registration(self) -> Any:
        """One row a frame: how the scene had shifted."""
        return qtable(self.tables.registration, self.tables.epoch)

    def track(self, track_id: int) -> Track:
        """Return one track: its path, light curve and event.

        Raises
        ------
        UsageError
            There is no such track.
        """
        mine = np.flatnonzero(self.tables.tracks["track_id"] == track_id)
        if not len(mine):
            ids = self.tables.tracks["track_id"]
            allowed = f"one of {len(ids)} from {ids.min()} to {ids.max()}" if len(ids) else "none: there are no tracks"
            raise UsageError("is not there", place="track_id", found=track_id, allowed=allowed)
        return Track(self.tables, int(mine[0]))

    def ellipse(self, event_id: int) -> list[NDArray[np.float64]]:
        """Return the outline of the 95 % ellipse of an event's place on the ground.

        Returns
        -------
        list of float64 (points, 2)
            Closed rings of longitude and latitude, deg, WGS84; two where the antimeridian runs through, none where the
            event has no ellipse that can be drawn.

        Raises
        ------
        UsageError
            There is no such event.
        """
        mine = self.tables.events[self.tables.events["event_id"] == event_id]
        if not len(mine):
            raise UsageError("is not there", place="event_id", found=event_id, allowed="an event_id of .events")
        names = ("latitude_deg", "longitude_deg", "ellipse_major_km", "ellipse_minor_km", "ellipse_angle_deg")
        place = [float(mine[0][name]) for name in names]
        drawn = bool(np.isfinite(place).all()) and abs(place[0]) <= 90 and 0 < place[3] <= place[2] < _QUARTER_KM
        return ellipse_rings(*place) if drawn else []

    def to_pandas(self, table: str = "events") -> Any:
        """Return one of the tables as a pandas DataFrame.

        Parameters
        ----------
        table : {"events", "tracks", "track_points", "detections", "registration"}

        Returns
        -------
        pandas.DataFrame
            Columns of the format, units in their names and in ``.attrs["units"]``; times in s from
            ``.attrs["epoch"]``, and once more as ``NAME_utc``, time stamps. Unknown is NaN, NaT, -1 or an empty text.

        Raises
        ------
        UsageError
            Another table, or pandas is not installed.
        """
        return data_frame(self._rows(table), self.tables.epoch, "to_pandas", self.tables.units(table))

    def to_xarray(self, table: str = "events") -> Any:
        """Return one of the tables as an xarray Dataset.

        Parameters
        ----------
        table : {"events", "tracks", "track_points", "detections", "registration"}

        Returns
        -------
        xarray.Dataset
            Columns of the format along ``event_id``, ``track_id``, ``point``, ``detection`` or ``frame``, each with its
            unit in ``.attrs["units"]``; times in s from ``.attrs["epoch"]``, and once more as ``NAME_utc``,
            datetime64. Unknown is NaN, NaT, -1 or an empty text.

        Raises
        ------
        UsageError
            Another table, or xarray is not installed.
        """
        return data_set(self._rows(table), self.tables.epoch, _TABLES[table], self.tables.units(table))

    def _rows(self, table: str) -> Records:
        if table not in _TABLES:
            raise UsageError("is no table of a run", place="table", found=table, allowed=", ".join(_TABLES))
        rows: Records = getattr(self.tables, table)
        return rows

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the events file, version 1; an older file stays until the new one is whole."""
        store.check_output(path)
        store.write_events(path, self.tables)

    def __len__(self) -> int:
        return len(self.tables.events)

    def __repr__(self) -> str:
        t = self.tables
        launches = int(np.count_nonzero(t.events["kind"] == b"launch"))
        return (
            f"<Events {self.name!r}: {events_counted(launches, len(t.events))}; {counted(len(t.tracks), 'track')}, "
            f"{counted(len(t.detections), 'detection')}>"
        )

    def _repr_html_(self) -> str:
        heads = (
            "id", "track", "kind", "probability", "launch (UTC)", "latitude (deg)", "longitude (deg)",
            "95 % ellipse (km)", "heading (deg)", "peak (kW/sr)",
        )  # fmt: skip
        shown = np.concatenate(launches_first(self.tables.events))[: html.MOST_ROWS]
        rows = [_cells(event, self.tables.epoch) for event in shown]
        more = len(self.tables.events) - len(rows)
        told = [f"and {counted(more, 'more event')}"] if more else []
        if rows:
            told.append("± is one sigma, of the launch time in s")
        said = str(self.tables.provenance.get("notes", "none"))
        told += [] if said == "none" else [f"notes: {said}"]
        return html.title(repr(self)[1:-1]) + html.table(heads, rows) + html.note("; ".join(told))


def _cells(event: Any, epoch: str) -> list[str]:
    def number(name: str, digits: int, sigma: str | None = None) -> str:
        return with_sigma(float(event[name]), float(event[sigma]) if sigma else None, digits)

    launch, sigma = float(event["launch_time_s"]), float(event["launch_time_sigma_s"])
    try:
        when = utc_after(epoch, launch)[:-3].replace("T", " ") if np.isfinite(launch) else "-"
    except OverflowError:
        when = "-"
    when += f" ± {sigma:.1f} s" if when != "-" and np.isfinite(sigma) else ""
    major, minor = float(event["ellipse_major_km"]), float(event["ellipse_minor_km"])
    return [
        str(event["event_id"]), str(event["track_id"]), event["kind"].decode("utf-8", "replace"),
        number("probability", 2), when, number("latitude_deg", 3), number("longitude_deg", 3),
        f"{major:.1f} x {minor:.1f}" if major > 0 else "-", number("heading_deg", 0, "heading_sigma_deg"),
        kilowatts(float(event["peak_intensity_w_sr"]), float(event["peak_intensity_sigma_w_sr"])),
    ]  # fmt: skip
