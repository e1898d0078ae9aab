"""From files to a film, or a picture, of frames with what was found in them."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch import store
from boostwatch.errors import UsageError
from boostwatch.pipeline.common import Progress, quiet, span_of
from boostwatch.pipeline.judge import require_same_stack
from boostwatch.pipeline.reporting import footage_of
from boostwatch.records import EventTables
from boostwatch.store.layout import DEFAULT_EPOCH

if TYPE_CHECKING:
    from boostwatch.assess.film import Film, Look
    from boostwatch.store.films import GifCoder

MOST_MEGABYTES = {"gif": 10.0, "mp4": 50.0}
"""Of a film, where nothing else is asked for."""
MOST_MP4_FRAMES = 1500
LONGEST_PX = 8192
"""Of an enlarged picture."""
_SAMPLES = 5
_MARGIN = 0.93
"""Part of the room that a film is planned for: frames differ."""
_FLASH_FRAMES, _FLASH_SHOWN = 8, 5
"""For so many frames a declaration is told loudly, and for at least so many of the film."""


class Filmed(NamedTuple):
    """What `film` wrote: bytes, width and height in px, frames of the film, every which frame of how many it shows."""

    bytes: int
    size: tuple[int, int]
    frames: int
    every: int
    of: int


def film(
    events: str | Path,
    out: str | Path,
    *,
    stack: str | Path,
    to: str,
    dataset: str | None = None,
    band: str | None = None,
    view: str = "contrast",
    scale: float | None = None,
    frames: tuple[int | None, int | None] = (None, None),
    every: int | None = None,
    fps: float = 10.0,
    most_megabytes: float | None = None,
    on_progress: Progress = quiet,
) -> Filmed:
    """Write a GIF or an MP4 of frames with detections, tracks and launches on them.

    Parameters
    ----------
    events : path-like
        The events file.
    out : path-like
        The film; an older one stays until the new one is whole.
    stack : path-like
        The stack that the events came from.
    to : {"gif", "mp4"}
    dataset : str, optional
        HDF5 path of the frames in a foreign stack.
    band : str, optional
        Name of the band that is shown; the first by default.
    view : {"contrast", "whitened"}
        Grey by percentiles over the film, or what is above background and noise, in sigma.
    scale : float, optional
        Film pixels a pixel of the frame: a whole number, or one over a whole number.
    frames : (int or None, int or None)
        First frame, and the one after the last.
    every : int, optional
        Show every so manieth frame; by default as many as ``most_megabytes`` hold.
    fps : float
        Frames of the film a second.
    most_megabytes : float, optional
        Of the film, 1e6 bytes; 10 for a GIF and 50 for an MP4 by default. A GIF has fewer frames, an MP4 coarser ones.
    on_progress : callable
        See `Progress`.

    Returns
    -------
    Filmed

    Raises
    ------
    NoInput, BadData
        An input is missing or damaged.
    UsageError
        The events came from another stack; no such band or frame; imageio-ffmpeg is not there; one frame is too large.
    CannotCreate, StorageError
        The film cannot be made or written.
    """
    from boostwatch.store.films import ffmpeg_program

    if to == "mp4":
        ffmpeg_program()  # before the work
    store.check_output(out, [events, stack])
    tables = store.read_events(events)
    with store.open_stack(stack, dataset=dataset) as reader:
        require_same_stack(tables, reader, events, stack)
        span = span_of(frames, reader.shape[0])
        job = _Job(tables, reader, _look(reader, band, view, scale), span, fps, on_progress)
        make = _make_mp4 if to == "mp4" else _make_gif
        return make(job, out, every, round(1e6 * (most_megabytes or MOST_MEGABYTES[to])))


class _Job(NamedTuple):
    """What is to be filmed."""

    tables: EventTables
    reader: store.StackReader
    look: Look
    span: range
    fps: float
    on_progress: Progress

    def artist(self, step: int) -> Film:
        return _artist(
            self.tables, self.reader, replace(self.look, flash=max(_FLASH_FRAMES, _FLASH_SHOWN * step)), self.span
        )

    def drawn(self, film: Film, step: int) -> Generator[NDArray[np.uint8]]:
        shown = self.span[::step]
        for done, t in enumerate(shown, 1):
            yield film.frame(t)
            self.on_progress("drawing", done, len(shown))

    def done(self, written: int, film: Film, step: int) -> Filmed:
        return Filmed(written, film.size, len(self.span[::step]), step, len(self.span))


def _make_mp4(job: _Job, out: str | Path, every: int | None, most_bytes: int) -> Filmed:
    from boostwatch.store.films import write_mp4

    step = every or math.ceil(len(job.span) / MOST_MP4_FRAMES)
    film = job.artist(step)
    rate = _MARGIN * 8 * most_bytes * job.fps / len(job.span[::step])
    with closing(job.drawn(film, step)) as pictures:
        written = write_mp4(out, pictures, size=film.size, fps=job.fps, most_bits_per_s=rate)
    return job.done(written, film, step)


def _make_gif(job: _Job, out: str | Path, every: int | None, most_bytes: int) -> Filmed:
    from boostwatch.assess.film import EXACT_COLOURS
    from boostwatch.store.films import GifCoder, TooLarge, write_gif

    coder = GifCoder(EXACT_COLOURS)
    step = every or _step_for(job.artist(1), coder, job.span, most_bytes)
    while True:
        film = job.artist(step)
        try:
            with closing(job.drawn(film, step)) as pictures:
                written = write_gif(
                    out, pictures, size=film.size, fps=job.fps, coder=coder, most_bytes=None if every else most_bytes
                )
            return job.done(written, film, step)
        except TooLarge:  # the frames looked at were smaller than the others
            if step >= len(job.span):
                raise UsageError(
                    "holds not even one frame", place="max-size", found=f"{most_bytes / 1e6:g} MB",
                    allowed="more, or a smaller --scale",
                ) from None  # fmt: skip
            step = min(step + max(step // 4, 1), len(job.span))


def picture(
    events: str | Path,
    out: str | Path,
    *,
    stack: str | Path,
    dataset: str | None = None,
    band: str | None = None,
    view: str = "contrast",
    scale: float | None = None,
    frame: int | None = None,
) -> tuple[int, tuple[int, int]]:
    """Write a PNG of one frame as `film` shows it, and return which frame it is and its width and height, px.

    Parameters
    ----------
    frame : int, optional
        By default that in which the first launch was declared, else the likeliest event, else the middle one.
    events, out, stack, dataset, band, view, scale
        As for `film`; so are the errors.
    """
    from boostwatch.store.films import write_png

    store.check_output(out, [events, stack])
    tables = store.read_events(events)
    with store.open_stack(stack, dataset=dataset) as reader:
        require_same_stack(tables, reader, events, stack)
        count = reader.shape[0]
        if frame is None:
            frame = _telling_frame(tables, reader.time_s)
        elif not 0 <= frame < count:
            raise UsageError("no such frame", path=stack, place="frame", found=frame, allowed=f"0 to {count - 1}")
        artist = _artist(tables, reader, _look(reader, band, view, scale), range(count))
        write_png(out, artist.frame(frame))
    return frame, artist.size


def _look(reader: store.StackReader, band: str | None, view: str, scale: float | None) -> Look:
    from boostwatch.assess.film import Look

    enlarged, reduced = Look.scale_for(*reader.shape[2:])
    if scale is not None:
        enlarged, reduced = (round(scale), 1) if scale >= 1 else (1, round(1 / scale))
        if max(reader.shape[2:]) * enlarged > LONGEST_PX:
            most = LONGEST_PX // max(reader.shape[2:])
            raise UsageError("makes too large a film", place="scale", found=scale, allowed=f"at most {max(most, 1)}")
    return Look(_band_number(reader, band), view, enlarged, reduced)


def _band_number(reader: store.StackReader, name: str | None) -> int:
    names = [band.name for band in reader.sensor.bands]
    if name is None:
        return 0
    same = [i for i, own in enumerate(names) if own.casefold() == name.casefold()]
    if not same:
        raise UsageError("no such band", path=reader.path, place="band", found=name, allowed=", ".join(names))
    return same[0]


def _artist(tables: EventTables, reader: store.StackReader, look: Look, span: range) -> Film:
    from boostwatch.assess.film import Film

    epoch = "" if reader.epoch == DEFAULT_EPOCH else reader.epoch
    return Film(tables, footage_of(reader), look, frames=span, epoch=epoch)


def _step_for(film: Film, coder: GifCoder, span: range, most: int) -> int:
    """Return every which frame a GIF of so many bytes has room for, going by some of them."""
    looks = sorted({round(i) for i in np.linspace(0, len(span) - 1, _SAMPLES)})
    mean = np.mean([len(coder.frame(film.frame(span[i]), 10)) for i in looks])
    return min(max(math.ceil(len(span) * mean / (_MARGIN * most)), 1), len(span))


def _telling_frame(tables: EventTables, time_s: NDArray[np.float64]) -> int:
    events = tables.events[np.isfinite(tables.events["declared_time_s"])]
    launches = events[events["kind"] == b"launch"]
    if len(launches):
        when = float(launches["declared_time_s"].min())
    elif len(events):
        when = float(events["declared_time_s"][np.argmax(np.nan_to_num(events["probability"]))])
    else:
        return (len(time_s) - 1) // 2
    return int(np.argmin(np.abs(np.nan_to_num(time_s - when, nan=np.inf))))
