"""Frames of one band from scene and objects to digital numbers, a few rows of all of them at a time."""

from typing import NamedTuple

import numpy as np

from ._jit import jit
from .detector import Detector, PixelMaps, detect_frames
from .resample import Coded, RowPlan, resample


class Stamps(NamedTuple):
    """Small pictures of the objects on some frames.

    ``table`` int64 (S, 7): frame, first row, first column, rows, columns, where the picture begins in ``light``, and
    the pixel in C order whose level without objects is asked for, or -1; ``light`` float32 (N,): electrons.
    """

    table: np.ndarray
    light: np.ndarray


class Exposure(NamedTuple):
    """What detection needs to know of F frames, see `detector.detect_frames`.

    ``frames`` int64 (F,); ``maps`` with the excess of all frames one after the other, ``bounds`` int64 (F + 1,) where
    that of each begins; ``key`` seed and stream.
    """

    frames: np.ndarray
    maps: PixelMaps
    bounds: np.ndarray
    detector: Detector
    key: tuple[int, int]


@jit
def add_stamps(stamps: Stamps, begin: int, image: np.ndarray, below: np.ndarray) -> None:
    """Add objects to some rows of frames.

    Parameters
    ----------
    stamps : Stamps
    begin : int
        Row of the frames that the first one of ``image`` is.
    image : float32 (F, R, W), changed
    below : float32 (S,), written
        Electrons of each asked-for pixel on these rows, before any object.
    """
    _, count, width = image.shape
    for s in range(stamps.table.shape[0]):
        pixel = stamps.table[s, 6] - begin * width
        if 0 <= pixel < count * width:
            below[s] = image[stamps.table[s, 0], pixel // width, pixel % width]
    for s in range(stamps.table.shape[0]):
        f, top, left, rows, columns, start = stamps.table[s, :6]
        for r in range(max(top, begin), min(top + rows, begin + count)):
            at = start + (r - top) * columns
            line, light = image[f, r - begin, left : left + columns], stamps.light[at : at + columns]
            for c in range(columns):
                line[c] += light[c]


@jit
def render_band(
    scene: tuple[Coded, Coded, RowPlan, float],
    stamps: Stamps,
    exposure: Exposure,
    rows: int,
    width: int,
    out: np.ndarray,
    place: np.ndarray,
    below: np.ndarray,
    full: np.ndarray,
) -> None:
    """Render one band of some frames.

    Parameters
    ----------
    scene : tuple
        Early and late canvas, plan and scale of `resample.resample`.
    stamps : Stamps
    exposure : Exposure
    rows : int
        At a time, whole blocks of noise; what one step writes the next one should find in the cache.
    width : int
        Pixels of a row.
    out : uint16 (M,), written
    place : int64 (F,)
        Where in ``out`` each frame begins.
    below : float32 (S,), written
        See `add_stamps`.
    full : int64 (F,), changed
        The pixels at full scale are added.
    """
    early, late, plan, scale = scene
    frames, height = plan.late.shape
    room = np.empty(frames * rows * width, np.float32)
    at = np.empty(frames, np.int64)
    for begin in range(0, height, rows):
        count = min(rows, height - begin)
        electrons = room[: frames * count * width].reshape(frames, count, width)
        resample(early, late, plan, begin, scale, electrons)
        add_stamps(stamps, begin, electrons, below)
        for f in range(frames):
            at[f] = place[f] + begin * width
        detect_frames(
            electrons.reshape(frames, count * width), exposure.maps, exposure.bounds, exposure.detector, exposure.key,
            exposure.frames, out, at, begin * width, full,
        )  # fmt: skip
