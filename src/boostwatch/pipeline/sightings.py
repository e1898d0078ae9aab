"""Somebody's detection list in order: the numbers and times of its frames, and what cannot be followed refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData, UsageError
from boostwatch.geometry import parse_utc
from boostwatch.pipeline.common import row_times
from boostwatch.pipeline.shifts import of_frames
from boostwatch.pipeline.source import FrameSource
from boostwatch.records import QUALITY_BITS, Records
from boostwatch.store import DetectionList

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

DEFAULT_EPOCH = "2000-01-01T00:00:00Z"
LONGEST_GAP = 1000
"""Most frames without detections that are stepped through one by one, where a track is waited for."""
MOST_IN_FRAME = 100_000
"""Most detections of a frame: a step of the tracker then takes about half a second."""
CROWD_PX, MOST_IN_CROWD = 8, 256
"""Side of a square, px, and most detections of a frame in it: all pairs of neighbours are weighed."""


LEAST_PERIOD_S = 1e-6


class Said(NamedTuple):
    """What a user says of a list; it holds where the list itself does not tell."""

    frame_period_s: float | None = None
    epoch: str | None = None
    shape: tuple[int, int] | None = None
    """Rows, columns of a frame."""


class Sightings(NamedTuple):
    """A detection list that can be followed."""

    rows: Records
    """DETECTION records in order of frame, all with their time."""
    frames: Numbers
    """(S,) frames with detections, or all that are known of, ascending."""
    time_s: Array
    """(S,) their times."""
    gaps: bool
    """Whether there were frames without detections wherever numbers are left out."""
    period_s: float
    epoch: str
    shape: tuple[int, int] | None
    notes: list[str]

    def of_frame(self) -> Iterable[tuple[int, float, Records]]:
        """Yield number, time and detections of the frames."""
        first = np.searchsorted(self.rows["frame"], self.frames, "left").tolist()
        last = np.searchsorted(self.rows["frame"], self.frames, "right").tolist()
        snr = self.rows["snr"]
        weakest = float(np.nanmin(snr)) if np.isfinite(snr).any() else np.nan
        for frame, time_s, a, b in zip(self.frames.tolist(), self.time_s.tolist(), first, last, strict=True):
            here = self.rows[a:b]
            unknown = np.isnan(here["snr"])
            if unknown.any() and np.isfinite(weakest):  # 0 would be taken for the threshold of the list
                here = here.copy()
                here["snr"][unknown] = weakest
            yield frame, time_s, here

    @property
    def total(self) -> int:
        """Frames from the first to the last."""
        return int(self.frames[-1]) - int(self.frames[0]) + 1 if self.gaps else len(self.frames)

    def between(self, k: int) -> range:
        """Return the frames without detections before the one of index ``k``."""
        return range(int(self.frames[k - 1]) + 1, int(self.frames[k])) if self.gaps and k else range(0)

    def time_of(self, k: int, frame: int) -> float:
        """Return the time of a frame between that of index ``k`` and the one before."""
        return float(np.interp(frame, self.frames[k - 1 : k + 1], self.time_s[k - 1 : k + 1]))


def in_order(given: DetectionList, said: Said, stack: FrameSource | None = None) -> Sightings:
    """Put a detection list in order and find out what frames it is of.

    Parameters
    ----------
    given : DetectionList
        As read.
    said : Said
        By the user.
    stack : FrameSource, optional
        The frames that the detections were found in: they tell times, epoch and size.

    Returns
    -------
    Sightings

    Raises
    ------
    UsageError
        The stack is not the one that the list was made from.
    BadData
        The list is empty; its times do not grow with its frames, or are not those of the stack; there are more
        detections in a frame, or in a place of it, than can be followed.
    """
    if len(given.rows) == 0:
        raise BadData("holds no detections", path=given.path)
    if stack is not None and given.stack_sha256 and stack.sha256 not in ("", given.stack_sha256):
        raise UsageError("the detections came from another stack", path=given.path, allowed=f"not {stack.path}")
    _require_sense(said)
    notes = list(given.notes)
    epoch = given.epoch or said.epoch or DEFAULT_EPOCH
    ahead_s = 0.0
    if stack is not None:
        told = given.epoch is not None and "time_s" in given.columns
        ahead_s = (parse_utc(given.epoch) - parse_utc(stack.epoch)).total_seconds() if told and given.epoch else 0.0
        epoch = stack.epoch
    frame = given.rows["frame"]
    if "frame" not in given.columns:
        frame = _numbered(given, given.rows["time_s"] + ahead_s, said.frame_period_s, stack)
        notes.append("no column frame: numbered by time_s")
    order = np.argsort(frame, kind="stable")
    if np.any(order[1:] < order[:-1]):
        notes.append("put in order of frame")
    rows = given.rows[order]
    rows["frame"] = frame[order]
    rows["time_s"] += ahead_s
    shape = said.shape if stack is None else stack.shape[2:]
    _require_followable(given, rows, order, shape)
    repeated = _repeated(rows)
    if repeated.any():
        notes.append(f"{np.count_nonzero(repeated)} detections left out that are in the list twice")
        rows, order = rows[~repeated], order[~repeated]
    frames, first = np.unique(rows["frame"], return_index=True)
    if stack is not None:
        time_s = _timed_by(given, rows, order, stack)
        steps = np.arange(stack.shape[0])
        return Sightings(rows, steps, time_s, False, stack.sensor.frame_period_s, epoch, shape, notes)
    if "time_s" in given.columns:
        times, period = _times(given, rows, order, first)
    else:
        times, period = frames * (said.frame_period_s or 1.0), 1.0
        rows["time_s"] = np.repeat(times, np.diff(np.append(first, len(rows))))
    shifts, steps = given.registration, frames.astype(np.int64)
    if shifts is not None:
        steps = np.union1d(shifts["frame"], frames).astype(np.int64)
        beyond = steps - np.clip(steps, frames[0], frames[-1])
        supposed = np.interp(steps, frames, times) + beyond * (said.frame_period_s or period)
        times = _timed_by_shifts(given, rows, order, steps, supposed)
        if len(steps) > 1:
            period = float(np.median(np.diff(times) / np.diff(steps)))
    period = said.frame_period_s or period
    if period < LEAST_PERIOD_S:
        raise BadData(
            "has frames too near", path=given.path, place="time_s", found=period, allowed=f"{LEAST_PERIOD_S:g} s apart"
        )  # fmt: skip
    return Sightings(rows, steps, times, shifts is None, period, epoch, shape, notes)


def _require_sense(said: Said) -> None:
    """Refuse a period, an epoch or a size that is none."""
    try:
        parse_utc(said.epoch or DEFAULT_EPOCH)
    except (ValueError, TypeError):
        raise UsageError("is no instant", place="epoch", found=said.epoch, allowed="ISO 8601 UTC") from None
    period, shape = said.frame_period_s, said.shape
    if period is not None and not (isinstance(period, int | float | np.number) and 0 < period < np.inf):
        raise UsageError("is not allowed", place="frame_period_s", found=period, allowed="a positive number")
    sides = list(shape) if isinstance(shape, Iterable) else []
    if shape is not None and not (len(sides) == 2 and all(isinstance(n, int | np.integer) and n > 0 for n in sides)):
        raise UsageError("is not allowed", place="shape", found=shape, allowed="rows and columns of a frame")


def _numbered(given: DetectionList, time_s: Array, period_s: float | None, stack: FrameSource | None) -> Numbers:
    """Return the frame of each detection by its time: the stack's next one, or so many periods after the first."""
    if stack is not None:
        known: Numbers = np.argsort(stack.time_s)
        times = stack.time_s[known]
        nearest: Numbers = known[np.searchsorted(0.5 * (times[1:] + times[:-1]), time_s)]
        return nearest
    times, back = np.unique(time_s, return_inverse=True)
    period = period_s or (float(np.median(np.diff(times))) if len(times) > 1 else 1.0)
    number = np.rint((times - times[0]) / period)
    if number[-1] >= 2**31:
        raise BadData(
            "spans too many frames", path=given.path, place="time_s", found=float(number[-1]), allowed=f"below {2**31}"
        )
    same = np.flatnonzero(np.diff(number) == 0)
    if len(same):
        row = int(np.argmax(back == same[0] + 1))
        raise BadData(
            "cannot tell the frame by the time", path=given.path, place=given.place(row, "time_s"),
            found=float(times[same[0] + 1]),
            allowed=f"times {period:g} s or more apart; a column frame, or --frame-period, tells",
        )  # fmt: skip
    out: Numbers = number.astype(np.int64)[back]
    return out


def _require_followable(given: DetectionList, rows: Records, order: Numbers, shape: tuple[int, int] | None) -> None:
    """Refuse detections outside the frame, and more in a frame or a place than can be followed."""
    if shape is not None:
        for column, size in (("x", shape[1]), ("y", shape[0])):
            allowed = f"-1 to {size}, a frame of {shape[1]} x {shape[0]} px with its rim"
            _refuse(given, rows, order, (rows[column] < -1) | (rows[column] > size), column, allowed)
    frames, first, count = np.unique(rows["frame"], return_index=True, return_counts=True)
    for n in np.flatnonzero(count > MOST_IN_CROWD).tolist():
        if count[n] > MOST_IN_FRAME:
            raise BadData(
                "holds too many detections in a frame", path=given.path, place=f"frame {frames[n]}",
                found=int(count[n]), allowed=f"at most {MOST_IN_FRAME}",
            )  # fmt: skip
        here = rows[first[n] : first[n] + count[n]]
        cell = np.floor(here["x"] / CROWD_PX).astype(np.int64) * 2**32 + np.floor(here["y"] / CROWD_PX).astype(np.int64)
        cell, many = np.unique(cell, return_counts=True)
        if many.max() > MOST_IN_CROWD:
            raise BadData(
                "holds too many detections in one place", path=given.path, place=f"frame {frames[n]}",
                found=int(many.max()), allowed=f"at most {MOST_IN_CROWD} in {CROWD_PX} x {CROWD_PX} px",
            )  # fmt: skip


def _refuse(
    given: DetectionList, rows: Records, order: Numbers, bad: NDArray[np.bool_], column: str, allowed: str
) -> None:
    """Raise BadData with the first place in the file where something is bad."""
    if bad.any():
        n = int(np.flatnonzero(bad)[np.argmin(order[bad])])
        found = rows[column][n].item()
        raise BadData("is not allowed", path=given.path, place=given.place(int(order[n]), column), found=found,
                      allowed=allowed)  # fmt: skip


def _repeated(rows: Records) -> NDArray[np.bool_]:
    """Tell which detections (N,), in order of frame, are at the very place of a stronger one of the frame and band."""
    out = np.zeros(len(rows), np.bool_)
    key = rows["x"].view(np.uint32).astype(np.uint64) << np.uint64(32) | rows["y"].view(np.uint32)
    mark = rows["frame"].astype(np.uint64) * np.uint64(64) + rows["band"].astype(np.uint64)
    key ^= mark * np.uint64(0x9E3779B97F4A7C15)  # scattered, so that few differ and have the same key
    once = np.sort(key)
    again = np.unique(once[1:][once[1:] == once[:-1]])
    if len(again):
        mine = np.flatnonzero(np.isin(key, again))
        # The first of each is kept, and which came first in the list must not matter.
        mine = mine[np.argsort(-rows["snr"][mine], kind="stable")]
        _, kept = np.unique(rows[mine][["frame", "band", "x", "y"]], return_index=True)
        out[mine] = True
        out[mine[kept]] = False
    return out


def _times(given: DetectionList, rows: Records, order: Numbers, first: Numbers) -> tuple[Array, float]:
    """Return the time of each frame and the period; a frame's detections may have the times of their rows."""
    time_s, ends = rows["time_s"], np.append(first[1:], len(rows))
    low, high = np.minimum.reduceat(time_s, first), np.maximum.reduceat(time_s, first)
    late = np.flatnonzero(low[1:] <= high[:-1]) + 1
    if len(late):
        k = late[0]
        n = int(first[k] + np.argmin(time_s[first[k] : ends[k]]))
        raise BadData(
            "does not grow with frame", path=given.path, place=given.place(int(order[n]), "time_s"),
            found=time_s[n].item(),
            allowed=f"above {high[k - 1]:.9g} s, the last of frame {rows['frame'][first[k - 1]]}",
        )  # fmt: skip
    times = np.add.reduceat(time_s - low.repeat(ends - first), first) / (ends - first) + low
    frames = rows["frame"][first]
    return times, float(np.median(np.diff(times) / np.diff(frames))) if len(first) > 1 else 1.0


def _timed_by(given: DetectionList, rows: Records, order: Numbers, stack: FrameSource) -> Array:
    """Return the times of the stack's frames; give detections without one that of their row."""
    frames = rows["frame"]
    allowed = f"0 to {stack.shape[0] - 1}, the frames of {stack.path}"
    _refuse(given, rows, order, frames >= stack.shape[0], "frame", allowed)
    _refuse(given, rows, order, rows["band"] >= stack.shape[1], "band", f"0 to {stack.shape[1] - 1}, its bands")
    if "time_s" in given.columns:
        period = stack.sensor.frame_period_s
        off = ~(np.abs(rows["time_s"] - stack.time_s[frames]) <= period)
        _refuse(given, rows, order, off, "time_s", f"within {period:g} s of its frame in {stack.path}")
    else:
        rows["time_s"] = stack.time_s[frames]
        for frame, a, count in zip(*np.unique(frames, return_index=True, return_counts=True), strict=True):
            rows[a : a + count] = row_times(rows[a : a + count], stack.row_time(int(frame)))
    return stack.time_s


def _timed_by_shifts(given: DetectionList, rows: Records, order: Numbers, frames: Numbers, supposed: Array) -> Array:
    """Return the times of the frames (S,) of a registration, where it knows none what is supposed (S,).

    Detections without a time get that of their frame.
    """
    assert given.registration is not None
    told = of_frames(given, given.registration, frames)
    time_s: Array = np.where(np.isfinite(told["time_s"]), told["time_s"], supposed)
    taken = np.flatnonzero(told["quality"] & QUALITY_BITS["out_of_order"] == 0)  # the others are left out, as they were
    late = np.flatnonzero(np.diff(time_s[taken]) <= 0)
    if len(late):
        before, k = taken[late[0]], taken[late[0] + 1]
        raise BadData(
            "does not grow with frame", path=given.path, place=f"/registration.time_s, frame {frames[k]}",
            found=time_s[k].item(), allowed=f"above {time_s[before]:.9g} s, that of frame {frames[before]}",
        )  # fmt: skip
    mine = time_s[np.searchsorted(frames, rows["frame"])]
    if "time_s" not in given.columns:
        rows["time_s"] = mine
    elif len(frames) > 1:
        period = float(np.median(np.diff(time_s) / np.diff(frames)))
        off = np.abs(rows["time_s"] - mine) > period
        _refuse(given, rows, order, off, "time_s", f"within {period:g} s of its frame in /registration")
    return time_s
