"""The chain of one frame, detector then follower, written once: a live stack and a finished one cannot differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from boostwatch import records
from boostwatch.pipeline.common import file_named, row_times
from boostwatch.records import EventTables, Records
from boostwatch.settings import ChainSettings

if TYPE_CHECKING:
    from boostwatch.pipeline.source import FrameSource
    from boostwatch.store import Frame


class Stepping:
    """Detector and follower of one stack, and the tables that they fill.

    Parameters
    ----------
    reader : FrameSource
        The stack; of a growing one only what does not change is used.
    settings : ChainSettings
    threads : int
        Threads of the detection kernels; the result does not depend on it.

    Attributes
    ----------
    frames : int
        Frames taken so far.
    found, shifts : list of structured array
        Detections and registration, an entry a frame.
    """

    def __init__(self, reader: FrameSource, settings: ChainSettings, *, threads: int = 1) -> None:
        from boostwatch.detect import make_detector
        from boostwatch.track import Follower

        _, bands, height, width = reader.shape
        with file_named(reader.path):
            self._detector = make_detector(
                reader.sensor,
                (bands, height, width),
                settings.detect,
                bad_pixels=reader.bad_pixels,
                gain=reader.gain,
                offset=reader.offset,
                threads=threads,
                pointing_noise_rad=reader.attitude_noise_sigma_rad,
            )
        self._follower = Follower(
            settings,
            shape=(height, width),
            frame_period_s=reader.sensor.frame_period_s,
            sensor=reader.sensor,
            n_bands=bands,
            pointing_bias_sigma_rad=reader.attitude_bias_sigma_rad,
            pointing_noise_sigma_rad=reader.attitude_noise_sigma_rad,
        )
        self._reader = reader
        self._flagged: Counter[str] = Counter()
        self.frames = 0
        self.found: list[Records] = []
        self.shifts: list[Records] = []

    def step(self, frame: Frame) -> Records:
        """Take the next frame; return the launches declared in it (dtype EVENT), mostly none."""
        result = self._detector.process(
            frame.data,
            frame=frame.frame,
            time_s=frame.time_s,
            frame_index=frame.frame_index,
            good=frame.good,
            position_m=frame.position_m,
            attitude=frame.attitude,
        )
        detections = row_times(result.detections, self._reader.row_time(frame.frame))
        shift = result.registration[0]
        declared = self._follower.step(
            frame=frame.frame,
            time_s=frame.time_s,
            detections=detections,
            shift=(float(shift["dx"]), float(shift["dy"])),
            shift_sigma=float(shift["sigma"]),
            position_m=frame.position_m,
            attitude=frame.attitude,
            warming_up=bool(result.quality & records.QUALITY_BITS["warming_up"]),
            scene_map=result.scene_map,
        )
        self.found.append(detections)
        self.shifts.append(result.registration)
        self._flagged.update(name for name, bit in records.QUALITY_BITS.items() if result.quality & bit)
        self.frames += 1
        return declared

    def declared(self) -> Records:
        """Return all launches declared so far as they are judged now (dtype EVENT), their track as ``event_id``."""
        return self._follower.declared()

    def finish(self, provenance: dict[str, str | int | float]) -> EventTables:
        """End all tracks and return everything; nothing can be stepped afterwards.

        Parameters
        ----------
        provenance : dict
            What is known of the run beside the frames.
        """
        notes = [*self._reader.notes, *self._detector.notes]
        told: dict[str, str | int | float] = {
            "frames_read": self.frames,
            "frames_flagged": ", ".join(f"{n} {name}" for name, n in sorted(self._flagged.items())) or "none",
            "notes": "; ".join(notes) or "none",
        }
        followed = self._follower.finish()
        return event_tables(
            followed, self.found, self.shifts, epoch=self._reader.epoch, provenance=provenance | told,
            signal_unit=self._reader.sensor.signal_unit,
        )  # fmt: skip


def event_tables(
    followed: tuple[Records, Records, Records, Records],
    found: Iterable[Records],
    shifts: Iterable[Records],
    *,
    epoch: str,
    provenance: dict[str, str | int | float],
    signal_unit: str,
) -> EventTables:
    """Put together what a follower returned (`FollowResult`), and what it was given."""
    ids, tracks, points, events = followed
    detections = np.concatenate([records.empty(records.DETECTION, 0), *found])
    detections["track_id"] = ids
    registration = np.concatenate([records.empty(records.REGISTRATION, 0), *shifts])
    return EventTables(epoch, detections, tracks, points, events, registration, provenance, signal_unit)
