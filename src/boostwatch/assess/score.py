"""What the warning chain found against what was there."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostwatch.assess import calibration, match
from boostwatch.assess import detection as detecting
from boostwatch.assess.gospa import gospa_row
from boostwatch.assess.intervals import binomial_interval, poisson_interval
from boostwatch.assess.latency import latency_rows
from boostwatch.assess.launches import launch_rows
from boostwatch.assess.metrics import figures, metrics
from boostwatch.assess.table import Section, brief_sections, sections
from boostwatch.assess.things import VISIBLE_SNR, Run, object_row, rates
from boostwatch.assess.view import Camera
from boostwatch.records import EventTables, Records

__all__ = ["VISIBLE_SNR", "Score", "binomial_interval", "poisson_interval", "score"]

Row = dict[str, Any]
"""Column name, unit at its end, to value; what is unknown is NaN or None."""


@dataclass
class Score:
    """Everything the assessor has to say about one run.

    ``docs/score.md`` defines every figure.

    Attributes
    ----------
    detection : list of dict
        Detection probability by truth-``snr`` bin, all bands (``band`` -1) and each.
    false_alarms : dict
        False detections, false tracks and false launch events, with Poisson intervals.
    objects, launches : list of dict
        One row an object of the truth; one row a launch.
    gospa : dict
        GOSPA and OSPA, means over frames.
    confusion : dict of dict
        Truth kind to event kind to count; ``none`` as a truth kind holds events without an object.
    out_of_view : dict
        Truth kind to the count of objects that no frame shows; they are in no other count.
    roc : dict
        Detections and false detections above each of some thresholds.
    position : list of dict
        Errors of the places of detections of launches, by truth ``snr``, beside their bound.
    latency : list of dict
        Latencies of `boostwatch.assess.things.STAGES`, beside their limit.
    calibration : list of dict
        Errors against their own sigmas, a row a quantity.
    reliability : dict
        ``p_launch`` against what was a launch.
    notes : list of str
        What could not be checked.
    """

    detection: list[Row] = field(default_factory=list)
    false_alarms: Row = field(default_factory=dict)
    objects: list[Row] = field(default_factory=list)
    launches: list[Row] = field(default_factory=list)
    gospa: Row = field(default_factory=dict)
    confusion: dict[str, dict[str, int]] = field(default_factory=dict)
    out_of_view: dict[str, int] = field(default_factory=dict)
    roc: Row = field(default_factory=dict)
    position: list[Row] = field(default_factory=list)
    latency: list[Row] = field(default_factory=list)
    calibration: list[Row] = field(default_factory=list)
    reliability: Row = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as what JSON knows: units in the names, NaN and infinity as None."""
        out: dict[str, Any] = plain({**vars(self), "figures": self.figures() if self.false_alarms else []})
        return out

    def metrics(self) -> dict[str, float]:
        """Return the figures that thresholds are asked of, see `boostwatch.assess.metrics`."""
        return metrics(vars(self))

    def figures(self) -> list[Row]:
        """Return the same with their intervals: ``metric``, ``value``, ``low_95``, ``high_95``, ``of``."""
        return figures([vars(self)], vars(self))

    def table(self) -> list[Section]:
        """Return the same for the eye: titled tables of text, units in their heads."""
        return sections(vars(self))

    def brief(self) -> list[Section]:
        """Return the two tables that tell most: the launches, and some figures."""
        return brief_sections(vars(self), self.figures())


def score(
    tables: EventTables,
    *,
    objects: Records,
    samples: Records,
    shape: tuple[int, int, int, int],
    frame_period_s: float,
    gate_px: float = 3.0,
    camera: Camera | None = None,
) -> Score:
    """Compare one run of the warning chain with the truth of its stack.

    Parameters
    ----------
    tables : EventTables
        The run.
    objects, samples : structured arrays
        ``TRUTH_OBJECT`` and ``TRUTH_SAMPLE``.
    shape : tuple
        (time, band, y, x) of the stack.
    frame_period_s : float
        Used for frames that the registration table does not time, and for rates an hour.
    gate_px : float
        Furthest apart that a finding and its truth may lie, px.
    camera : Camera, optional
        Sensor and pointing of the stack, for names of bands and the bounds of positions, launch points and peaks.

    Returns
    -------
    Score
    """
    times = frame_times(tables, shape[0], frame_period_s)
    working = working_frames(tables, shape[0])
    truth = match.places(samples)
    tracked = match.match_tracks(tables, truth, gate_px)
    event_object = match.match_events(tables, tracked, truth, times, gate_px)
    background = {int(i) for i in truth["object_id"][truth["frame"] == 0]}
    detected = match.match_detections(tables.detections, samples, gate_px)
    run = Run(tables, samples, truth, tracked, detected, event_object, times, background)
    false = detecting.false_detections(tables.detections, detected, working)
    alarms = detecting.false_alarms(tables, false, tracked, event_object, objects, shape, working, frame_period_s)
    price = rates(alarms, shape)
    rows = [object_row(o, run, price) for o in objects]
    launches = launch_rows(tables.events, event_object, objects, samples, rows, camera)
    launched = {row["object_id"] for row in launches}
    fair = detecting.fair_samples(samples, working, background)
    bands = tuple(b.name for b in camera.sensor.bands) if camera else tuple(map(str, range(shape[1])))
    points = fair & np.isin(samples["object_id"], list(launched))
    position, places = detecting.position_rows(tables.detections, samples, detected, points, camera)
    return Score(
        detection=detecting.detection_rows(samples, detected, fair, alarms["per_pixel"], bands),
        false_alarms=alarms,
        objects=rows,
        launches=launches,
        gospa=gospa_row(tables, truth, tracked, background, shape[0], working),
        confusion=_confusion(rows, tables.events, event_object),
        out_of_view=_out_of_view(rows),
        roc=detecting.roc(tables.detections, samples, detected, fair, false, alarms["megapixels"] * 1e6),
        position=position,
        latency=latency_rows([rows]),
        calibration=[*calibration.of_launches(launches, rows), places],
        reliability=calibration.reliability(tables.events["p_launch"], np.isin(event_object, sorted(launched))),
    )


def frame_times(tables: EventTables, count: int, frame_period_s: float) -> NDArray[np.float64]:
    """Return the time of each frame, s: from the registration table, else by the period."""
    times: NDArray[np.float64] = np.arange(count, dtype=np.float64) * frame_period_s
    known = tables.registration[(tables.registration["frame"] >= 0) & (tables.registration["frame"] < count)]
    times[known["frame"]] = known["time_s"]
    return times


def working_frames(tables: EventTables, count: int) -> NDArray[np.bool_]:
    """Return which frames could yield detections: those of good quality; all where there is no registration table."""
    if not len(tables.registration):
        return np.ones(count, bool)
    good = np.zeros(count, bool)
    known = tables.registration[(tables.registration["frame"] >= 0) & (tables.registration["frame"] < count)]
    good[known["frame"]] = known["quality"] == 0
    return good


def _confusion(rows: list[Row], events: Records, event_object: NDArray[np.int64]) -> dict[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = {}

    def count(true: str, called: str) -> None:
        line = table.setdefault(true, {})
        line[called] = line.get(called, 0) + 1

    for row in rows:
        if row["outcome"] != "out of view":
            undeclared = "missed" if row["outcome"] == "tracked" else row["outcome"]
            count(row["kind"], row["event_kind"] or undeclared)
    for i in np.flatnonzero(event_object < 0):
        count("none", match.text(events["kind"][i]) or "unknown")
    return table


def _out_of_view(rows: list[Row]) -> dict[str, int]:
    table: dict[str, int] = {}
    for row in rows:
        if row["outcome"] == "out of view":
            table[row["kind"]] = table.get(row["kind"], 0) + 1
    return table


def plain(value: Any) -> Any:
    """Return a value as what JSON knows: NaN and infinity as None."""
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
