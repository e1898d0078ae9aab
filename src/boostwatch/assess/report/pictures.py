"""Frames for the slider: which, and as what pictures, so that all of them fit into a given number of bytes."""

from __future__ import annotations

import base64
import io
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from boostwatch.assess.blocks import mean_of_blocks, peak_of_blocks
from boostwatch.assess.picture import radiance, stretch
from boostwatch.assess.report.footage import Footage
from boostwatch.assess.report.pack import digits, text
from boostwatch.assess.report.whitened import Whitener
from boostwatch.records import EventTables

MOST_BANDS = 4
MOST_FRAMES = 120
LONGEST_SIDE = 256
"""Of a picture, px: larger frames are reduced."""
QUALITY = 35
"""Of the lossy coding."""
BLACK, WHITE = 1.0, 8.0
"""Of the whitened pictures, sigma: half of the noise is left out, which would be most of their bytes."""
WHITE_PERCENTILE = 99.8
"""Of the frames; the 0.5th is black."""


def telling_frames(tables: EventTables, count: int) -> NDArray[np.int64]:
    """Return all frames of a stack, those that tell most first.

    First and last, then when launches and the likeliest other events were declared and first seen, then ever finer
    steps through the whole.

    Parameters
    ----------
    tables : EventTables
        The run.
    count : int
        Frames of the stack.

    Returns
    -------
    int64 (count,)
    """
    likely = np.lexsort((-tables.events["probability"], -tables.events["p_launch"]))[:8]
    wanted = [0, count - 1]
    times = tables.registration["time_s"]
    for event in tables.events[likely]:
        for name in ("declared_time_s", "first_time_s"):
            if len(times) and math.isfinite(event[name]):
                nearest = np.argmin(np.abs(times - event[name]))
                wanted.append(int(tables.registration["frame"][nearest]))
    step = 1 << max(int(count - 1).bit_length() - 1, 0)
    while step:
        wanted += range(0, count, step)
        step //= 2
    kept = dict.fromkeys(f for f in wanted if 0 <= f < count)
    return np.array(list(kept), np.int64)


def frame_pictures(
    footage: Footage, order: NDArray[np.int64], shift: NDArray[np.float64], *, budget: int, on_progress: Any
) -> dict[str, Any]:
    """Return as many frames as fit, each as two pictures a band.

    Parameters
    ----------
    footage : Footage
        The stack.
    order : int64 (N,)
        Frames to show, the most wanted first.
    shift : float64 (T, 2)
        Of the scene in each frame, px; NaN where unknown.
    budget : int
        Most bytes of all pictures together, as base64.
    on_progress : callable
        Takes frames done and in all.

    Returns
    -------
    dict
        ``frames`` (numbers, in order of time), ``images``: band, then view (``contrast``, ``whitened``), then a data
        URI a frame, empty where that band of that frame is damaged; ``scale``: a band's black and white with unit;
        ``reduced``: by how many pixels a side each pixel of a picture stands for.
    """
    bands = range(min(footage.shape[1], MOST_BANDS))
    whitener = Whitener(footage.read, footage.shape[0], np.nan_to_num(shift), footage.bad)
    block = math.ceil(max(footage.shape[2:]) / LONGEST_SIDE)
    limits = [_limits(footage, b) for b in bands]

    def encode(t: int) -> list[list[str]]:
        data, good = whitener.frame(t)
        return [
            [
                _picture(mean_of_blocks(data[b], block), *limits[b]),
                _picture(peak_of_blocks(whitener.whitened(t, b), block), BLACK, WHITE),
            ]
            if good[b] and np.isfinite(data[b]).any()
            else ["", ""]
            for b in bands
        ]

    typical = max(sum(len(uri) for band in encode(int(order[i])) for uri in band) for i in (0, len(order) // 2))
    room = int(np.clip(budget // max(typical, 1), 1, MOST_FRAMES))
    shown: dict[int, list[list[str]]] = {}
    for i, t in enumerate(sorted(order[:room].tolist())):
        shown[t] = encode(t)
        on_progress(i + 1, min(room, len(order)))
    spent = {t: sum(len(uri) for band in pictures for uri in band) for t, pictures in shown.items()}
    for t in order[:room][::-1].tolist():  # the first ones were not typical after all
        if sum(spent.values()) <= budget:
            break
        del shown[t], spent[t]
    frames = sorted(shown)
    return {
        "frames": frames,
        "images": [[[shown[t][b][view] for t in frames] for view in (0, 1)] for b in bands],
        "scale": [_scale(footage, b, limits[b]) for b in bands],
        "reduced": block,
        "total": footage.shape[0],
        "left_out": footage.shape[1] - len(bands),
    }


def _limits(footage: Footage, band: int) -> tuple[float, float]:
    """Return what is black and white in all frames of a band, DN."""
    looks = np.unique(np.linspace(0, footage.shape[0] - 1, 7).round().astype(int))
    values = np.concatenate([footage.read(int(t))[0][band].ravel() for t in looks])
    return stretch(values, WHITE_PERCENTILE)


def _scale(footage: Footage, band: int, limits: tuple[float, float]) -> dict[str, Any]:
    value, unit = radiance(np.array(limits), footage.sensor, footage.sensor.bands[band])
    unit = "W m⁻² sr⁻¹" if unit != "DN" else unit
    return {"low": digits(float(value[0]), 3), "high": digits(float(value[1]), 3), "unit": text(unit)}


def _picture(image: NDArray[Any], black: float, white: float) -> str:
    """Return an image as an 8-bit WebP data URI; what is not known is black."""
    grey = np.nan_to_num((image - black) / (white - black))
    buffer = io.BytesIO()
    Image.fromarray((np.clip(grey, 0, 1) * 255).round().astype(np.uint8)).save(
        buffer, "WEBP", quality=QUALITY, method=4
    )
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
