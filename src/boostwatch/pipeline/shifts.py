"""How the scene lay in each frame of a detection list: by its own registration, by reported attitude, or at rest."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostwatch.detect.ground import MOVES_PX, ReportedGround
from boostwatch.errors import BadData
from boostwatch.pipeline.source import FrameSource
from boostwatch.records import QUALITY_BITS, REGISTRATION, Records, empty
from boostwatch.store import DetectionList
from boostwatch.store.detections import LARGEST_PX

Array = NDArray[np.float64]

POSES = 16
"""Poses of a run that tell whether the platform moves."""
NOISES = 3.0
"""Noise, in 1-sigmas, that the reported shift must exceed in a run to be believed."""


class Shifts:
    """What `Follower` is told of the scene, besides detections.

    Parameters
    ----------
    given : DetectionList
        With its ``registration``, if it has one.
    frames : int64 (S,)
        That are stepped through.
    stack : FrameSource, optional
        Tells the sensor, and with its pointing where that is and looks.

    Attributes
    ----------
    registration : Records
        Rows of the frames (S,); none where the list has no registration.
    note : str
        Where the shifts are from.
    """

    def __init__(self, given: DetectionList, frames: NDArray[np.int64], stack: FrameSource | None) -> None:
        self._stack = stack
        self.registration = empty(REGISTRATION, 0)
        if given.registration is not None:
            self.registration = of_frames(given, given.registration, frames)
        self._ground: ReportedGround | None = None
        self._by_attitude = False
        sensor = None if stack is None else stack.sensor
        self._pointed = stack is not None and stack.has_pointing
        known = sensor is not None and bool(np.isfinite([sensor.ifov_rad, sensor.cx, sensor.cy]).all())
        if self._pointed and known and sensor is not None and stack is not None:
            self._look(ReportedGround(sensor, stack.shape[2:]), stack)
        if len(self.registration):
            self.note = "shifts of /registration"
        else:
            self.note = "shifts by reported attitude" if self._by_attitude else "no registration: a scene at rest"
        self.note += ", pointing of the stack" if self._pointed else ", no pointing"

    def _look(self, ground: ReportedGround, stack: FrameSource) -> None:
        """Find out whether the platform moves, and whether attitudes tell more of the shift than their noise."""
        assert stack.position_m is not None
        assert stack.attitude is not None
        some = np.unique(np.linspace(0, stack.shape[0] - 1, POSES).astype(np.int64))
        poses = [(stack.position_m[k], stack.attitude[k]) for k in some]
        moves = ground.departs(poses) > MOVES_PX
        noise_px = np.nan_to_num(stack.attitude_noise_sigma_rad) / stack.sensor.ifov_rad
        told = moves or ground.drifts(poses) > MOVES_PX + NOISES * noise_px
        self._by_attitude = told and not len(self.registration)
        self._ground = ground if moves or self._by_attitude else None

    @property
    def follower(self) -> dict[str, Any]:
        """Return what a `Follower` is made with, by what is known of the sensor."""
        if self._stack is None:
            return {}
        bias, noise = self._stack.attitude_bias_sigma_rad, self._stack.attitude_noise_sigma_rad
        if self._by_attitude:  # shifts count from the first frame, whose error all lines of sight then share
            bias = math.hypot(np.nan_to_num(bias), np.nan_to_num(noise))
        return {"sensor": self._stack.sensor, "pointing_bias_sigma_rad": bias, "pointing_noise_sigma_rad": noise}

    def step(self, k: int, frame: int) -> dict[str, Any]:
        """Return what `Follower.step` is told in step ``k``, detections aside."""
        out: dict[str, Any] = {}
        found: Array | None = None
        if len(self.registration):
            row = self.registration[k]
            found = np.array([row["dx"], row["dy"]], np.float64)
            out["shift"], out["shift_sigma"] = (float(row["dx"]), float(row["dy"])), float(row["sigma"])
            out["warming_up"] = bool(row["quality"] & QUALITY_BITS["warming_up"])
        if self._stack is None or self._stack.position_m is None or self._stack.attitude is None:
            return out
        position_m, attitude = self._stack.position_m[frame], self._stack.attitude[frame]
        out["position_m"], out["attitude"] = position_m, attitude
        if self._ground is not None:
            shift, out["scene_map"] = self._ground.look(position_m, attitude, found)
            out["shift"] = (float(shift[0]), float(shift[1]))
            if self._by_attitude:
                out["shift_sigma"] = np.nan_to_num(self._stack.attitude_noise_sigma_rad) / self._stack.sensor.ifov_rad
        return out

    @property
    def flagged(self) -> str:
        """Return how many frames the registration flags, by what."""
        quality = self.registration["quality"]
        counts = {name: int(np.count_nonzero(quality & bit)) for name, bit in QUALITY_BITS.items()}
        return ", ".join(f"{n} {name}" for name, n in sorted(counts.items()) if n) or "none"


def of_frames(given: DetectionList, shifts: Records, frames: NDArray[np.int64]) -> Records:
    """Return the registration (S,) of each frame (S,), checked."""
    order = np.argsort(shifts["frame"], kind="stable")
    at = np.clip(np.searchsorted(shifts["frame"], frames, sorter=order), 0, len(shifts) - 1)
    out = shifts[order[at]]
    missing = np.flatnonzero(out["frame"] != frames)
    if len(missing):
        raise BadData(
            "has no row for a frame", path=given.path, place="/registration", found=int(frames[missing[0]]),
            allowed="one a frame",
        )  # fmt: skip
    for column, least in (("dx", -LARGEST_PX), ("dy", -LARGEST_PX), ("sigma", 0.0)):
        bad = np.flatnonzero((out[column] < least) | (out[column] > LARGEST_PX))
        if len(bad):
            raise BadData(
                "is not allowed", path=given.path, place=f"/registration.{column}, frame {frames[bad[0]]}",
                found=out[column][bad[0]].item(), allowed=f"from {least:.10g} to {LARGEST_PX:.10g} px, or NaN",
            )  # fmt: skip
    return out
