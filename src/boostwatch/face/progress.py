"""Progress for scripts and notebooks: only where asked for."""

from __future__ import annotations

import sys
import time

from boostwatch.pipeline import Progress

STEP_S = 0.2
"""Least time between two lines."""


def as_progress(asked: bool | Progress) -> Progress:
    """Return what the pipeline calls: nothing for False, a line on stderr for True, or the caller's own."""
    if callable(asked):
        return asked
    return _Line() if asked else _nothing


def _nothing(stage: str, done: int, total: int) -> None:
    return


class _Line:
    """One line on stderr that is written over; a terminal and a notebook both show it so."""

    def __init__(self) -> None:
        self._stage, self._shown_s = "", -STEP_S

    def __call__(self, stage: str, done: int, total: int) -> None:
        now, last = time.monotonic(), total > 0 and done >= total
        if stage == self._stage and now - self._shown_s < STEP_S and not last:
            return
        self._stage, self._shown_s = stage, now
        count = f"{done} of {total}" if total else str(done)
        sys.stderr.write(f"\r{stage} {count}" + ("\n" if last else ""))
        sys.stderr.flush()
