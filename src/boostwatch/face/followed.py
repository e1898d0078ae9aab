"""One track of a run: its row, path, light curve and event."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from boostwatch.face import html
from boostwatch.face.labelled import data_set
from boostwatch.face.tables import data_frame, qtable
from boostwatch.records import EventTables, Records


class Track:
    """One track; made by `Events.track`.

    Attributes
    ----------
    track_id : int
    row : astropy.table.Row
        Of ``/tracks``.
    points : astropy.table.QTable
        Filtered states, in order of time.
    light_curve : astropy.table.QTable
        Its detections by band and time: ``time``, ``band``, ``signal_e`` with ``signal_sigma_e`` (electrons in the
        exposure), ``snr``, place.
    event : astropy.table.Row or None
        What it was called, if an event was made of it.

    Examples
    --------
    >>> track = events.track(1)  # doctest: +SKIP
    >>> curve = track.light_curve  # doctest: +SKIP
    >>> plt.plot(curve["time"].datetime64, curve["signal_e"])  # doctest: +SKIP
    """

    def __init__(self, tables: EventTables, index: int) -> None:
        self._tables, self._index = tables, index
        self.track_id = int(tables.tracks["track_id"][index])

    def _detections(self) -> Records:
        found = self._tables.detections[self._tables.detections["track_id"] == self.track_id]
        out: Records = found[np.lexsort((found["time_s"], found["band"]))]
        return out

    @cached_property
    def row(self) -> Any:
        """Its row of ``/tracks``."""
        return qtable(self._tables.tracks[self._index : self._index + 1], self._tables.epoch)[0]

    @cached_property
    def points(self) -> Any:
        """Its filtered states."""
        track = self._tables.tracks[self._index]
        start = max(int(track["start"]), 0)  # the file's word is not taken for numbers below 0
        rows = self._tables.track_points[start : start + max(int(track["count"]), 0)]
        return qtable(rows, self._tables.epoch)

    @cached_property
    def light_curve(self) -> Any:
        """Its detections by band and time."""
        return qtable(self._detections(), self._tables.epoch, self._tables.units("detections"))

    @cached_property
    def event(self) -> Any:
        """Its event, or None."""
        mine = np.flatnonzero(self._tables.events["track_id"] == self.track_id)
        return None if not len(mine) else qtable(self._tables.events[mine[:1]], self._tables.epoch)[0]

    def to_pandas(self) -> Any:
        """Return the light curve as a pandas DataFrame, see `Events.to_pandas`."""
        return data_frame(self._detections(), self._tables.epoch, "to_pandas", self._tables.units("detections"))

    def to_xarray(self) -> Any:
        """Return the light curve as an xarray Dataset along ``detection``, see `Events.to_xarray`."""
        return data_set(self._detections(), self._tables.epoch, "detection", self._tables.units("detections"))

    def __repr__(self) -> str:
        row, event = self.row, self.event
        called = "" if event is None else f", {str(event['kind'])!r} with probability {event['probability']:.2f}"
        return f"<Track {self.track_id}: {row['status']!s}, {row['hits']} hits{called}>"

    def _repr_html_(self) -> str:
        facts = [(name, str(self.row[name])) for name in self.row.colnames if name not in ("start", "count")]
        return html.title(repr(self)) + html.table(("", ""), facts)
