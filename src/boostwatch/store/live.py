"""Following a frame stack while a writer appends to it (HDF5's single-writer-multiple-reader mode, SWMR).

The superblock of an HDF5 file says whether a writer has it open. That flag is read from the file's bytes: it tells a
stack that is complete from one that grows, and one that grows from one that cannot be read yet.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from dataclasses import replace
from enum import Enum
from typing import Any, Final

import h5py
import numpy as np

from boostwatch.errors import BadData
from boostwatch.store import guard
from boostwatch.store.closing import Closing
from boostwatch.store.opening import find_frames, open_stack, require_frames
from boostwatch.store.reader import Frame, StackReader

SETTLE_S: Final = 2.0
"""Longest that a file, or a frame in it, may be in disorder while it is written."""
FRESH_S: Final = 10.0
"""A file that was changed so short a time ago may still be on its way here."""
_PER_FRAME: Final = (
    "/stack/time", "/stack/frame_index", "/stack/crc32", "/stack/quality", "/stack/row_time", "/pointing/position_m",
    "/pointing/attitude",
)  # fmt: skip
_SIGNED: Final = 8
_WRITING, _SWMR = 1, 4


class NotReady(Exception):
    """There is nothing to read yet, but there may be; the text says what is the matter."""


class Writing(Enum):
    """What the superblock says of the file's writer."""

    CLOSED = "closed"
    PLAIN = "open for writing, not in SWMR mode"
    SWMR = "open for writing in SWMR mode"
    UNKNOWN = "no HDF5 superblock"


def writing(path: str | os.PathLike[str]) -> Writing:
    """Tell from the superblock whether a writer has the file open; a version before 2 does not tell, and is closed."""
    with open(path, "rb") as file:
        size, at = os.fstat(file.fileno()).st_size, 0
        while at + 12 <= size:
            file.seek(at)
            block = file.read(12)
            if block.startswith(guard.SIGNATURE):
                version, flags = block[_SIGNED], block[_SIGNED + 3]
                if version < 2 or not flags & _WRITING:
                    return Writing.CLOSED
                return Writing.SWMR if flags & _SWMR else Writing.PLAIN
            at = 512 if at == 0 else at * 2
    return Writing.UNKNOWN


class LiveStack(Closing):
    """A frame stack that may still grow; made by `follow_stack`, used as a context manager.

    Attributes
    ----------
    path : str
    complete : bool
        No frames follow: the writer has closed the file.
    reader : StackReader or None
        None before the first frame. Its ``shape[0]`` are the frames that are there.
    """

    def __init__(
        self, path: str, file: h5py.File | None, dataset: str | None = None, frame_period_s: float | None = None
    ) -> None:
        self.path = path
        self.complete = file is None
        self.reader: StackReader | None = None
        self._file, self._period_s = file, frame_period_s
        self._identity = _identity(path)
        if file is None:
            self.reader = self._with_period(open_stack(path, dataset=dataset))
        else:
            self._find(file, dataset)
        self._failing_since: float | None = None
        self._arrivals: deque[tuple[int, float]] = deque(maxlen=1000)  # frames there were, and when that was seen

    def close(self) -> None:
        """Close the file."""
        if self.reader is not None:
            self.reader.close()
        if self._file is not None:
            self._file.close()

    def poll(self) -> int:
        """Look for new frames and return how many there are in all.

        Raises
        ------
        BadData
            The file was replaced, removed, written anew, or cannot be read any more.
        """
        if self.complete or self._file is None:
            return 0 if self.reader is None else self.reader.shape[0]
        closed = self._still_there() is Writing.CLOSED  # asked first: what is read after that is all there is
        try:
            count = self._count(closed)
            known = 0 if self.reader is None else self.reader.shape[0]
            if count < known:
                raise BadData("was written anew while it was watched", path=self.path, found=f"{count} frames",
                              allowed=f"at least the {known} that were there")  # fmt: skip
            if count > known:
                self._take(count)
                self._arrivals.append((count, time.monotonic()))
        except (OSError, RuntimeError, KeyError) as error:
            self._bear(error, closed)
            return 0 if self.reader is None else self.reader.shape[0]
        self._failing_since = None
        self.complete = closed
        return count

    def read(self, t: int) -> Frame:
        """Return frame ``t``; one that just came and does not agree with its checksum is given time to."""
        assert self.reader is not None
        while True:
            notes = len(self.reader.notes)
            frame = self.reader.read(t)
            damaged = len(self.reader.notes) > notes
            if not damaged or self.complete or time.monotonic() - self._arrived(t) > SETTLE_S:
                return frame
            del self.reader.notes[notes:]
            time.sleep(0.02)
            with contextlib.suppress(OSError, RuntimeError):
                self._frames.refresh()

    def _arrived(self, t: int) -> float:
        return next((when for count, when in self._arrivals if count > t), 0.0)

    def _still_there(self) -> Writing:
        """Return what the superblock says, or raise BadData if the name means another file now."""
        try:
            same = _identity(self.path) == self._identity
            state = writing(self.path)
        except FileNotFoundError:
            raise BadData("was removed or renamed while it was watched", path=self.path) from None
        except OSError as error:
            raise BadData(f"cannot be read any more: {error.strerror}", path=self.path) from None
        if not same:
            raise BadData("was replaced by another file while it was watched", path=self.path)
        if state in (Writing.UNKNOWN, Writing.PLAIN):
            raise BadData("was written anew while it was watched", path=self.path, found=state.value,
                          allowed="frames appended in SWMR mode")  # fmt: skip
        return state

    def _bear(self, error: BaseException, closed: bool) -> None:
        """Put up for a while with what a reader beside a writer may meet."""
        now = time.monotonic()
        self._failing_since = self._failing_since or now
        if closed or now - self._failing_since > SETTLE_S:
            raise BadData(f"is damaged ({' '.join(str(error).split())})", path=self.path) from None

    def _count(self, closed: bool) -> int:
        """Return how many frames are there whole.

        A writer gives a frame its time when all else of it is written. Without times the newest frame may be half
        written and is counted only when it is not the newest any more.
        """
        for dataset in self._rows:
            dataset.refresh()
        lengths = [int(d.shape[0]) for d in self._rows]
        count = min(lengths)
        if closed:
            if max(lengths) > count and self.reader is not None:
                self.reader.notes.append(f"closed with {max(lengths) - count} unfinished frames, which are left out")
            return count
        if self._times is None:
            return max(count - 1, 0)
        known = 0 if self.reader is None else self.reader.shape[0]
        said = np.flatnonzero(np.isfinite(self._times[known:count]))
        return known + (int(said[-1]) + 1 if len(said) else 0) if count >= known else count

    def _find(self, file: h5py.File, dataset: str | None) -> None:
        """Find the datasets that grow."""
        self._frames, self._foreign = find_frames(file, self.path, dataset)
        if self._frames.ndim not in (3, 4) or (self._frames.shape[0] and min(self._frames.shape) < 1):
            raise BadData(
                "cannot be frames that are appended", path=self.path, place=self._frames.name,
                found=self._frames.shape, allowed="(T, B, H, W) or (T, H, W)",
            )  # fmt: skip
        places = () if self._foreign else _PER_FRAME
        found = [file.get(place) for place in places]
        self._rows = [self._frames, *(d for d in found if isinstance(d, h5py.Dataset) and d.ndim)]
        self._times = next((d for d in self._rows if d.name == "/stack/time" and d.ndim == 1), None)

    def _take(self, count: int) -> None:
        assert self._file is not None
        if self.reader is not None:
            return self.reader.grow(count)
        require_frames(self._frames, self.path)
        reader = StackReader(self.path, self._file, self._frames, foreign=self._foreign, ready=count)
        if reader.has_times and not reader.has_period and self._period_s is None:
            raise BadData(
                "is not there, and cannot be told from frames to come; tell it with --frame-period", path=self.path,
                place="/sensor@frame_period_s", allowed="seconds between frames, above 0",
            )  # fmt: skip
        self.reader = self._with_period(reader)

    def _with_period(self, reader: StackReader) -> StackReader:
        """Let the period that was told replace that of the file."""
        if self._period_s is not None:
            reader.sensor = replace(reader.sensor, frame_period_s=self._period_s)
        return reader

    def missing(self) -> str:
        """Say what keeps the next frame from being taken: the dataset that has the fewest rows."""
        shortest = min(self._rows, key=lambda d: int(d.shape[0]))
        return f"{shortest.name} has {shortest.shape[0]} rows" + (
            ", of which a finite value says that a frame is whole" if shortest is self._times else ""
        )


def follow_stack(
    path: str | os.PathLike[str], *, dataset: str | None = None, frame_period_s: float | None = None
) -> LiveStack:
    """Open a frame stack that may still grow.

    Parameters
    ----------
    path : str or os.PathLike
        The file; it is not trusted, and looked through before a byte of data is read.
    dataset : str, optional
        Where the frames lie in a file of another format.
    frame_period_s : float, optional
        Time between frames, which replaces what the file says of it.

    Returns
    -------
    LiveStack
        A context manager. Of a file that no writer has open it is complete.

    Raises
    ------
    NotReady
        The file cannot be read yet; call again.
    NoInput, UsageError, BadData
        See `open_stack`.
    """
    if not os.path.lexists(path):
        raise NotReady("no such file")
    guard.require_file(path)
    state = writing(path)
    if state is Writing.PLAIN:
        raise NotReady("is open for writing, but not in SWMR mode, or its writer died (then `h5clear -s` mends it)")
    if state is Writing.UNKNOWN and os.path.getsize(path) == 0:
        raise NotReady("is empty")
    name, file = os.fspath(path), None
    try:
        guard.check(path, swmr=state is Writing.SWMR)
        if state is Writing.SWMR:
            file = h5py.File(path, "r", swmr=True)
    except (OSError, BadData) as error:
        text = f"is damaged ({' '.join(str(error).split())})"
        bad = error if isinstance(error, BadData) else BadData(text, path=path)
        if "unable to lock file" in str(error):
            raise NotReady("is locked by its writer, which does not write in SWMR mode") from None
        if abs(time.time() - os.stat(path).st_mtime) < FRESH_S:
            raise NotReady(str(BadData(bad.message, place=bad.place, found=bad.found, allowed=bad.allowed))) from None
        raise bad from None
    try:
        return LiveStack(name, file, dataset, frame_period_s)
    except BaseException:
        if file is not None:
            file.close()
        raise


def _identity(path: str) -> tuple[int, int]:
    s: Any = os.stat(path)
    return s.st_dev, s.st_ino
