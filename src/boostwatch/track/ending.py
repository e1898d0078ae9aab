"""What the whole light curve of a launch tells: how bright it was at most, and when it burnt out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from boostwatch.records import Records

Array = NDArray[np.float64]

PEAK_ERROR = 0.02
"""1-sigma share of the light that the fit of a point loses of a plume longer than a pixel, and of the scale."""
FLICKER_HITS = 9
"""Hits about the peak whose scatter is the flicker's."""
LIT = 0.7
"""Share of the light before that a burning plume does not fall below from one frame to the next."""
LEVEL_S = (10.0, 1.5)
"""Time before the last hit, from and to, in which the level is taken: what glows on for a moment is not in it."""
LEVEL_HITS = 8
"""Where those are fewer, so many hits before the last two."""
MOST_AFTERGLOW_S, MOST_AFTERGLOW = 4.0, 16.0
"""Time, s, and frames, the longer counts, over which a sum of eight and a trail may still be seen: what is seen for
longer has faded, not ended."""
BURNOUT_SNR = 8.0
"""Light that ends from below this may have faded behind cloud: no burnout is told."""
AFTERGLOW_S = (0.1, 0.1)
"""Mean and 1-sigma of the time in which a plume falls to `LIT` once its motor has stopped: some tenths of a second."""
RIM_PX = 3.0
"""What ends so near to the rim of the frame, or on its way there, has left it."""
COURSE_S = 4.0
"""Time over which the last velocity is taken."""
RELIT_S = 60.0
"""A track that begins so soon after another's end, where that one went, is its next stage."""
RELIT_PX = 3.0
"""How far it may be from there, and a third of the way gone besides."""


def peak(value: Array, sigma: Array) -> tuple[float, float]:
    """Return the brightest median of three values and its 1-sigma, which holds noise, flicker and `PEAK_ERROR`.

    Parameters
    ----------
    value, sigma : float64 (N,)
        Light of the hits in order of time and its error; NaN where unknown.

    Returns
    -------
    tuple of float
        NaN where nothing is known.
    """
    known = np.isfinite(value)
    value, sigma = value[known], np.nan_to_num(sigma[known])
    if len(value) == 0:
        return math.nan, math.nan
    if len(value) < 3:
        at, best, few = int(value.argmax()), float(value.max()), 1.0
    else:
        middle = np.median(np.lib.stride_tricks.sliding_window_view(value, 3), axis=1)
        at, best, few = int(middle.argmax()) + 1, float(middle.max()), 0.67  # of the sigma of one, for normal errors
    near = value[max(at - FLICKER_HITS // 2, 0) : at + FLICKER_HITS // 2 + 1]
    scatter = math.sqrt(float(np.mean(np.diff(near) ** 2)) / 2.0) if len(near) > 1 else 0.0
    return best, math.sqrt((few * float(sigma[at])) ** 2 + scatter**2 + (PEAK_ERROR * best) ** 2)


def burnout(hits: Records, period_s: float) -> tuple[float, float]:
    """Return when the light ended and its 1-sigma, s: between the last frame that was lit and the next.

    Parameters
    ----------
    hits : structured array (K,) of `boostwatch.track.history.hit_dtype`
        All hits of a track that has ended.
    period_s : float
        Time between frames.

    Returns
    -------
    tuple of float
        NaN where the light was too faint to tell an end from a fading. Sums of frames do not count: they glow on.
    """
    every_s, hits = hits["time_s"], hits[hits["frames"] == 1]
    if len(hits) < 5:
        return math.nan, math.nan
    hits = hits[: _fall(hits["time_s"], hits["snr"])]
    time_s, snr = hits["time_s"], hits["snr"]
    before = (time_s > time_s[-1] - LEVEL_S[0]) & (time_s <= time_s[-1] - LEVEL_S[1])
    if before.sum() < LEVEL_HITS:
        before = np.arange(len(hits)) >= len(hits) - 2 - LEVEL_HITS
        before[-2:] = False
    # The light falls by itself while the plume thins out: its log is a line.
    middle_s = float(time_s[before].mean())
    t, y = time_s[before] - middle_s, np.log(np.maximum(snr[before], 1.0))
    square = float(t @ t)
    level = np.exp(y.mean() + (float(t @ y) / square if square > 0 else 0.0) * (time_s - middle_s))
    lit = np.flatnonzero(snr >= LIT * level)
    if len(lit) == 0:
        return math.nan, math.nan
    last = int(lit[-1])
    faint = float(level[last])
    if faint < BURNOUT_SNR or every_s[-1] > time_s[last] + max(MOST_AFTERGLOW * period_s, MOST_AFTERGLOW_S):
        return math.nan, math.nan
    # A frame is taken for the wrong one of lit and dark by noise, which is 1 in snr.
    mistaken = float(ndtr(-(1.0 - LIT) * faint))
    late, spread = AFTERGLOW_S
    sigma = math.sqrt(period_s**2 * (1.0 / 12.0 + mistaken) + spread**2)
    return float(hits["seen_s"][last]) + 0.5 * period_s - late, sigma


def _fall(time_s: Array, snr: Array) -> int:
    """Return how many hits there are up to shortly after the light fell to less than half, all if it did not."""
    best, at = 0.5, len(snr)
    for n in range(5, len(snr) - 2):
        if time_s[n] > time_s[-1] - LEVEL_S[0]:
            ratio = float(np.median(snr[n : n + 3]) / np.median(snr[n - 5 : n]))
            if ratio < best:
                best, at = ratio, n + 2
    return at


def course(hits: Records, place: str) -> tuple[Array, Array]:
    """Return the last place (2,) of a track, px, and its velocity (2,), px/s, ``"focal"`` or in the ``"scene"``."""
    last = hits[-1]
    near = hits[hits["time_s"] >= last["time_s"] - COURSE_S]
    t = near["time_s"] - near["time_s"].mean()
    square = float(t @ t)
    velocity = t @ near[place] / square if square > 0 else np.zeros(2)
    return last[place], velocity


def left(hits: Records, shape: tuple[int, int], period_s: float) -> bool:
    """Tell whether a track has gone out of the frame (rows, columns) rather than out."""
    at, velocity = course(hits, "focal")
    after = at + 2.0 * period_s * velocity
    far = np.array([shape[1], shape[0]]) - 1.0 - RIM_PX
    return bool((np.minimum(at, after) < RIM_PX).any() or (np.maximum(at, after) > far).any())


def relit(hits: Records, others: list[Records]) -> bool:
    """Tell whether one of the other tracks, each by its first hit, goes on where a track has ended."""
    at, velocity = course(hits, "scene")
    for first in others:
        dark_s = float(first["time_s"] - hits["time_s"][-1])
        if 0.0 < dark_s < RELIT_S:
            way = velocity * dark_s
            if np.linalg.norm(at + way - first["scene"]) < RELIT_PX + np.linalg.norm(way) / 3.0:
                return True
    return False
