"""Following a frame stack as it grows: frames in as they are appended, launches out as soon as they are declared."""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from boostwatch import store
from boostwatch.errors import BadData, BoostwatchError, NoInput, UsageError
from boostwatch.pipeline import watch_state
from boostwatch.pipeline.common import Progress, provenance, quiet
from boostwatch.pipeline.launch_lines import LaunchLines, Line
from boostwatch.pipeline.rehearsal import rehearsed
from boostwatch.pipeline.stepping import Stepping
from boostwatch.records import EventTables
from boostwatch.settings import ChainSettings

TIMEOUT_S = 60.0
SAVE_S = 5.0
"""Time between two states without news."""
POLL_S = 0.01, 0.25
"""Least and most time between two looks for new frames; between them a quarter of the frame period."""
RETRY_S = 0.5
"""Time between two tries to open a file that cannot be read yet."""

Reason = Literal["closed", "timeout", "interrupted"]


class Watched(NamedTuple):
    """How a watch ended."""

    reason: Reason
    """``closed``: the writer closed the stack; ``timeout``: no new frame came; ``interrupted``: it was asked to end."""
    frames: int
    tables: EventTables


def watch(
    stack: str | Path,
    out: str | Path | None = None,
    *,
    settings: ChainSettings | None = None,
    dataset: str | None = None,
    frame_period_s: float | None = None,
    threads: int = 1,
    state: str | Path | None = None,
    timeout_s: float = TIMEOUT_S,
    command: str = "",
    on_line: Callable[[Line], None] = lambda line: None,
    on_progress: Progress = quiet,
    stop: Callable[[], bool] = lambda: False,
) -> Watched:
    """Run the warning chain on a stack while it grows; at its end the result is that of `detect`.

    Parameters
    ----------
    stack : path-like
        HDF5 file, which a writer may still append to in SWMR mode, or which is not there yet.
    out : path-like, optional
        The events file, written at the end.
    settings, dataset, threads, command, on_progress
        As for `detect`.
    frame_period_s : float, optional
        Time between frames, which replaces what the file says of it.
    state : path-like, optional
        Where it is kept how far the watch is. If the file is there, the watch goes on: frames are taken again from the
        first, and what was reported before is not reported again.
    timeout_s : float
        The watch ends when so long no new frame came; 0 for never.
    on_line : callable
        Called with a dictionary that JSON knows for each thing to report (docs/watch.md).
    stop : callable
        Asked between frames; True ends the watch.

    Returns
    -------
    Watched

    Raises
    ------
    NoInput, BadData
        The stack does not appear in time; it cannot be read, was replaced or written anew; the state is of another
        watch.
    KeyboardInterrupt
        It was asked to end before the first frame.
    """
    settings = settings or ChainSettings()
    if not timeout_s >= 0:
        raise UsageError("is no time", place="timeout", found=timeout_s, allowed="0 or more, s")
    _check_outputs(stack, out, state)
    kept = None if state is None else watch_state.load(state)
    patience = _Patience(timeout_s, stop)
    with _opened(stack, dataset, frame_period_s, patience) as live:
        _first_frame(live, patience)
        assert live.reader is not None
        with rehearsed(live.reader.dtype, settings.detect):
            one = _Watch(live, settings, threads, state, kept, on_line)
            with one.kept_on_failure():
                reason = one.follow(patience, on_progress)
            tables = one.finish(
                reason, provenance(stack, live.reader.sha256 if _whole(live, out) else "", settings, command)
            )
    caught_up = kept is None or one.progress.frames >= kept[1].frames
    if out is not None and caught_up:
        store.write_events(out, tables)
    one.report_end(reason, tables)
    return Watched(reason, one.progress.frames, tables)


class _Watch:
    """One stack being watched: the chain, what it reports, and how far it is."""

    def __init__(
        self,
        live: store.LiveStack,
        settings: ChainSettings,
        threads: int,
        state: str | Path | None,
        kept: tuple[watch_state.Identity, watch_state.Progress] | None,
        on_line: Callable[[Line], None],
    ) -> None:
        assert live.reader is not None
        self.progress = watch_state.Progress()
        self._live, self._reader, self._state, self._say = live, live.reader, state, on_line
        self._identity = _identity(live, settings)
        self._before = watch_state.Progress()
        if kept is not None and state is not None:
            watch_state.require_same(kept[0], self._identity, state)
            self._before = kept[1]
        self._chain = Stepping(live.reader, settings, threads=threads)
        self._lines = LaunchLines(live.reader.epoch)
        self._digest = hashlib.sha256()
        self._saved_s = -math.inf
        self._saved: watch_state.Progress | None = None

    def follow(self, patience: _Patience, on_progress: Progress) -> Reason:
        """Take frames as they come, until no more do; return why."""
        pause = min(max(self._reader.sensor.frame_period_s / 4, POLL_S[0]), POLL_S[1])
        while True:
            count = self._live.poll()
            if count > self._chain.frames:
                for t in range(self._chain.frames, count):
                    if patience.stop():
                        return "interrupted"
                    self._take(t)
                    on_progress("watching", t + 1, count)
                patience.heard()
                continue
            self._save_at_leisure()
            if self._live.complete:
                return "closed"
            if not patience.wait(pause):
                return "interrupted" if patience.stop() else "timeout"

    def _take(self, t: int) -> None:
        """Take one frame, report what is new, and note how far this is."""
        frame = self._live.read(t)
        launches = self._chain.step(frame)
        lines = self._lines.declared(launches, t, frame.time_s)
        if self._lines.due(frame.time_s):
            lines += self._lines.revised(self._chain.declared(), t, frame.time_s)
        for number, line in enumerate(lines, self.progress.lines + 1):
            if number > self._before.lines:
                self._say({"type": line.pop("type"), "sequence": number, **line})
        self._digest.update(self._chain.found[-1].tobytes() + self._chain.shifts[-1].tobytes())
        now = watch_state.Progress(t + 1, self.progress.lines + len(lines), self._digest.hexdigest())
        if now.frames == self._before.frames and now != self._before:
            raise BadData(
                "does not agree with what the same frames give now", path=self._state, place=f"frame {t}",
                found=self._before.results_sha256[:16], allowed=f"{now.results_sha256[:16]}, on the same machine",
            )  # fmt: skip
        self.progress = now
        if lines:
            self.save()
        self._save_at_leisure()

    def save(self) -> None:
        """Keep how far this is, unless that is less far than what is kept."""
        if self._state is not None and self.progress.frames >= self._before.frames:
            watch_state.save(self._state, self._identity, self.progress)
            self._saved, self._saved_s = self.progress, time.monotonic()

    def _save_at_leisure(self) -> None:
        """Keep what is not kept yet, now and then."""
        if self.progress is not self._saved and time.monotonic() - self._saved_s > SAVE_S:
            self.save()

    @contextlib.contextmanager
    def kept_on_failure(self) -> Any:
        """Save the state on the way out, however that comes about."""
        try:
            yield
        except BaseException:
            with contextlib.suppress(BoostwatchError):
                self.save()
            raise
        self.save()

    def finish(self, reason: Reason, made_by: dict[str, str | int | float]) -> EventTables:
        """End all tracks and return everything."""
        if reason == "closed" and self.progress.frames < self._before.frames:
            raise BadData(
                "is that of a stack with more frames", path=self._state, place="progress.frames",
                found=self._before.frames, allowed=f"at most the {self.progress.frames} of the stack",
            )  # fmt: skip
        if reason != "closed":
            why = "no new frame came in time" if reason == "timeout" else "interrupted"
            self._reader.notes.append(f"the stack was still growing: {why}")
        return self._chain.finish(made_by)

    def report_end(self, reason: Reason, tables: EventTables) -> None:
        """Report the events as they are in the end, unless more frames are expected; and that this is the end."""
        if reason != "interrupted":
            for row in store.event_rows(tables.events, tables.epoch):
                self._say({"type": "final", **row})
        told = {name: tables.provenance[name] for name in ("frames_read", "frames_flagged", "notes")}
        self._say({"type": "end", "reason": reason, "epoch": tables.epoch, "events": len(tables.events), **told})


class _Patience:
    """How long to wait for something new."""

    def __init__(self, timeout_s: float, stop: Callable[[], bool]) -> None:
        self.timeout_s, self.stop = timeout_s, stop
        self._since = time.monotonic()

    def heard(self) -> None:
        """Something came."""
        self._since = time.monotonic()

    def wait(self, pause_s: float) -> bool:
        """Wait a little; False if that has been long enough, or an end was asked for."""
        if self.stop() or (self.timeout_s and time.monotonic() - self._since >= self.timeout_s):
            return False
        time.sleep(pause_s)
        return True


def _opened(stack: str | Path, dataset: str | None, period_s: float | None, patience: _Patience) -> store.LiveStack:
    """Open the stack as soon as it can be read."""
    while True:
        try:
            return store.follow_stack(stack, dataset=dataset, frame_period_s=period_s)
        except store.NotReady as error:
            reason = str(error)
        if not patience.wait(RETRY_S):
            if patience.stop():
                raise KeyboardInterrupt
            kind = BadData if os.path.lexists(stack) else NoInput
            raise kind(f"{reason} (after {patience.timeout_s:g} s)", path=stack)


def _first_frame(live: store.LiveStack, patience: _Patience) -> None:
    """Wait until there is a frame."""
    while live.poll() == 0:
        if live.complete or not patience.wait(POLL_S[1]):
            if patience.stop():
                raise KeyboardInterrupt
            raise BadData("holds no whole frame", path=live.path, found=live.missing(), allowed="1 frame or more")


def _identity(live: store.LiveStack, settings: ChainSettings) -> watch_state.Identity:
    reader = live.reader
    assert reader is not None
    _, bands, height, width = reader.shape
    first = zlib.crc32(live.read(0).data.tobytes())
    return watch_state.Identity(
        watch_state.creator(), settings.to_toml(), reader.epoch, bands, height, width, str(reader.dtype),
        reader.sensor.frame_period_s, first,
    )  # fmt: skip


def _whole(live: store.LiveStack, out: str | Path | None) -> bool:
    """Tell whether the digest of the file means something, and is asked for."""
    return live.complete and out is not None


def _check_outputs(stack: str | Path, out: str | Path | None, state: str | Path | None) -> None:
    given = [Path(os.path.realpath(path)) for path in (stack, out, state) if path is not None]
    if len(set(given)) < len(given):
        raise UsageError("stack, events and state are three files", found=[str(p) for p in given])
    for path, others in ((out, [stack, state]), (state, [stack, out])):
        if path is not None:
            store.check_output(path, [other for other in others if other is not None])
