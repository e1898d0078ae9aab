"""Bring what others have into a frame stack, or into an array."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData, UsageError
from boostwatch.records import QUALITY_BITS
from boostwatch.sensor import Band, Sensor
from boostwatch.store.layout import DEFAULT_EPOCH, checked_epoch
from boostwatch.store.sources import KNOWN, Source, natural_key, open_source
from boostwatch.store.writer import StackWriter

MAX_ARRAY_BYTES: Final = 4 << 30
"""Most that `read_array` takes into memory."""
DEFAULT_PERIOD_S: Final = 1.0
"""Between frames, where nobody tells."""
Progress = Callable[[int, int], None]


def import_frames(
    files: Sequence[Path | str],
    out: Path | str,
    *,
    dataset: str | None = None,
    frame_period_s: float | None = None,
    epoch: str | None = None,
    on_progress: Progress | None = None,
) -> dict[str, Any]:
    """Write a frame stack from FITS, NPY, NPZ, PNG, TIFF, BMP or foreign HDF5 files.

    Parameters
    ----------
    files : sequence of paths
        One file or a sequence, put in natural order (``frame2`` before ``frame10``). Each may hold several frames; all
        must agree in bands, size and type.
    out : path-like
        The stack to be.
    dataset : str, optional
        HDF5 path, NPZ name or FITS extension of the frames.
    frame_period_s : float, optional
        Seconds between frames where the files do not tell; 1 is supposed where nobody does.
    epoch : str, optional
        ISO 8601 UTC of the first frame where the files do not tell.
    on_progress : callable, optional
        Called with frames done and frames in all.

    Returns
    -------
    dict
        ``frames``, ``bands``, ``height``, ``width``, ``dtype``, ``epoch``, ``duration_s``, ``time_from``, ``supposed``
        (what neither files nor arguments told, a sentence each) and ``notes`` (what was lost).

    Raises
    ------
    NoInput, BadData, UsageError
        A file is not there, damaged or of no known kind, or differs from the first; no such dataset.
    CannotCreate, StorageError
        The stack cannot be written.

    Notes
    -----
    Integers between 0 and 65535 are stored as uint16, all else as float32: integers beyond 2**24 and float64 lose
    digits then, and a note says so. A frame without a finite pixel is flagged corrupt.
    """
    if not files:
        raise UsageError("no files to import", allowed=KNOWN)
    period_s = DEFAULT_PERIOD_S if frame_period_s is None else frame_period_s
    if not (np.isfinite(period_s) and period_s > 0):
        raise UsageError("impossible period", place="frame_period_s", found=period_s, allowed="seconds above 0")
    paths = sorted((Path(f) for f in files), key=natural_key)
    if any(os.path.realpath(p) == os.path.realpath(out) for p in paths):
        raise UsageError("is an input and the output", path=out, allowed="another output")
    sources = [open_source(path, dataset) for path in paths]
    _require_alike(sources)
    time_s, start, time_from = _times(sources, period_s, epoch)
    dtype, notes = _choose_type(sources)
    total, bands = len(time_s), sources[0].shape[1]
    height, width = sources[0].shape[2:]
    sensor = Sensor(
        name="imported", ifov_rad=np.nan, cx=(width - 1) / 2, cy=(height - 1) / 2,
        frame_period_s=float(np.median(np.diff(time_s))) if total > 1 else period_s,
        integration_s=sources[0].integration_s, bands=tuple(Band(f"band{i}") for i in range(bands)),
    )  # fmt: skip
    blank = 0
    with StackWriter(out, sensor=sensor, shape=(total, bands, height, width), epoch=start, dtype=dtype) as writer:
        t = 0
        for source in sources:
            for frame in source.frames():
                _require_frame(source, frame, t)
                pixels = frame.astype(dtype)
                corrupt = ~np.isfinite(pixels).any(axis=(1, 2))
                blank += int(corrupt.any())
                quality = np.where(corrupt, QUALITY_BITS["corrupt"], 0).astype(np.uint8)
                writer.append(pixels, time_s=float(time_s[t]), frame_index=t, quality=quality)
                t += 1
                if on_progress is not None:
                    on_progress(t, total)
    if blank:
        notes.append(f"{blank} frames without a finite pixel in some band")
    return {
        "frames": total, "bands": bands, "height": height, "width": width, "dtype": str(dtype), "epoch": start,
        "duration_s": float(time_s[-1] - time_s[0]), "time_from": time_from,
        "supposed": _supposed(sources, frame_period_s, epoch), "notes": notes,
    }  # fmt: skip


def _supposed(sources: list[Source], period_s: float | None, epoch: str | None) -> list[str]:
    """Return what neither the files nor the caller told of times and sensor, a sentence each."""
    told = all(np.isfinite(source.start_s) for source in sources)
    out = []
    if period_s is None and not _timed(sources) and sum(source.shape[0] for source in sources) > 1:
        out.append(f"no times in the files and no frame period given: a frame each {DEFAULT_PERIOD_S:g} s supposed")
    if epoch is None and not told:
        out.append(f"no date in the files and no epoch given: {DEFAULT_EPOCH} supposed")
    out.append("angle of a pixel, point spread, gain, noise and pointing are not known: no places on Earth, no W/sr")
    return out


def _timed(sources: list[Source]) -> bool:
    """Tell whether the files tell the time of each frame."""
    starts = np.array([source.start_s for source in sources])
    dated = len(sources) == 1 or (bool(np.all(np.isfinite(starts))) and np.ptp(starts) > 0)
    return dated and all(s.time_s is not None or s.shape[0] == 1 for s in sources)


def _require_alike(sources: list[Source]) -> None:
    first = sources[0]
    for source in sources[1:]:
        if source.shape[1:] != first.shape[1:] or source.dtype != first.dtype:
            raise BadData(
                f"differs from {first.path.name}", path=source.path, found=_say(source.shape[1:], source.dtype),
                allowed=_say(first.shape[1:], first.dtype),
            )  # fmt: skip


def _say(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    return f"{' x '.join(map(str, shape))} {dtype} (band x row x column)"


def _require_frame(source: Source, frame: NDArray[Any], t: int) -> None:
    """Pages of one file may differ from what its first one promised."""
    if frame.shape != source.shape[1:] or frame.dtype.newbyteorder("=") != source.dtype:
        raise BadData(
            "differs from the first", path=source.path, place=f"frame {t}", found=_say(frame.shape, frame.dtype),
            allowed=_say(source.shape[1:], source.dtype),
        )  # fmt: skip


def _times(sources: list[Source], period_s: float, epoch: str | None) -> tuple[NDArray[np.float64], str, str]:
    """Return seconds of every frame from the epoch, the epoch, and where they come from.

    The files' own times are taken only if all of them tell and, for a sequence of stills, they differ.
    """
    starts = np.array([source.start_s for source in sources])
    told = bool(np.all(np.isfinite(starts)))
    counts = [source.shape[0] for source in sources]
    inside = [np.arange(n) * period_s if s.time_s is None else s.time_s for n, s in zip(counts, sources, strict=True)]
    if told and len(sources) > 1 and np.ptp(starts) > 0:
        time = np.concatenate([i + s - starts[0] for i, s in zip(inside, starts, strict=True)])
        return time, _iso(starts[0]), "the files"
    start = _iso(starts[0]) if told else checked_epoch(epoch or DEFAULT_EPOCH)
    if len(sources) == 1 and sources[0].time_s is not None:
        return sources[0].time_s, start, "the file"
    where = "the file and the frame period" if told else "the frame period"
    return np.arange(sum(counts), dtype=np.float64) * period_s, start, where


def _iso(posix_s: float) -> str:
    return datetime.fromtimestamp(posix_s, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _choose_type(sources: list[Source]) -> tuple[np.dtype[Any], list[str]]:
    """Return uint16 where that loses nothing, else float32; integers of other types are looked through for that."""
    stored = sources[0].dtype
    if stored.kind == "u" and stored.itemsize <= 2:
        return np.dtype(np.uint16), []
    if stored.kind == "f":
        return np.dtype(np.float32), ["float64 was rounded to float32"] if stored.itemsize > 4 else []
    low, high = 0, 0
    for source in sources:
        for frame in source.frames():
            low, high = min(low, int(frame.min())), max(high, int(frame.max()))
    if low >= 0 and high <= 65535:
        return np.dtype(np.uint16), []
    exact = max(-low, high) <= 1 << 24
    return np.dtype(np.float32), [] if exact else [
        f"values of {stored} up to {max(-low, high)} were rounded to float32"
    ]


def read_array(path: Path | str, *, dataset: str | None = None) -> NDArray[Any]:
    """Return the whole array of a file: an image (H, W), or frames (T, H, W) or (T, B, H, W).

    Parameters
    ----------
    path : path-like
        NPY, NPZ, FITS, PNG, TIFF, BMP or HDF5; it is not trusted.
    dataset : str, optional
        NPZ name, FITS extension or HDF5 path.

    Returns
    -------
    ndarray
        In the type of the file, native byte order.

    Raises
    ------
    NoInput, BadData, UsageError
        Not there, damaged, too large for its size or of no known kind; no such dataset.
    """
    source = open_source(Path(path), dataset)
    size = math.prod(source.shape) * source.dtype.itemsize
    if size > MAX_ARRAY_BYTES:
        raise BadData("is too large", path=path, found=f"{size} bytes", allowed=f"at most {MAX_ARRAY_BYTES}")
    frames = list(source.frames())
    for t, frame in enumerate(frames):
        _require_frame(source, frame, t)
    whole = np.stack(frames).astype(source.dtype)
    if whole.shape[1] == 1:
        whole = whole[:, 0]
    return whole[0] if len(whole) == 1 else whole
