"""What all steps of the pipeline need: progress, whose file an error is about, what made a file, times of rows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData, UsageError
from boostwatch.records import Records
from boostwatch.settings import ChainSettings
from boostwatch.version import __version__

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done, and how many there are."""


def quiet(_stage: str, _done: int, _total: int) -> None:
    return


def span_of(frames: tuple[int | None, int | None], count: int) -> range:
    """Return the frames from the first to the one before the second, of so many; all for what is left out.

    Raises
    ------
    UsageError
        There are no such frames.
    """
    first, stop = frames[0] or 0, count if frames[1] is None else frames[1]
    if not 0 <= first < stop <= count:
        raise UsageError(
            "no such frames", place="frames", found=f"{first}:{stop}", allowed=f"A:B with 0 <= A < B <= {count}"
        )
    return range(first, stop)


@contextmanager
def file_named(path: str | Path | None) -> Iterator[None]:
    """Add the file's name to an error of a wing, which does not know it."""
    try:
        yield
    except BadData as error:
        if error.path is not None or path is None:
            raise
        raise BadData(error.message, path=path, place=error.place, found=error.found, allowed=error.allowed) from None


def row_times(detections: Records, row_time: NDArray[np.float64] | None) -> Records:
    """Return detections of one frame with the times of their rows (H,), s after the frame's; None changes nothing."""
    if row_time is None or len(detections) == 0:
        return detections
    out = detections.copy()
    after = row_time[np.clip(np.rint(out["y"]), 0, len(row_time) - 1).astype(np.int64)]
    out["time_s"] += np.where(np.isfinite(after), after, 0.0)
    return out


def provenance(path: str | Path, sha256: str, settings: ChainSettings, command: str) -> dict[str, str | int | float]:
    """Return what every events file says of the run that made it."""
    import h5py
    import numba

    return {
        "input": shown(Path(path).name),
        "input_sha256": sha256,
        "settings": settings.to_toml(),
        "versions": f"boostwatch {__version__}, python {sys.version.split()[0]}, numpy {np.__version__}, "
        f"numba {numba.__version__}, h5py {h5py.__version__}",
        "command": shown(command),
    }


def shown(text: str) -> str:
    """Return a name as text that a file can hold: bytes that are not UTF-8 become hexadecimal escapes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
