"""Lagged temporal mean and variance on the reference grid."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit

HALO = 4
"""Rows beyond its own that a block of rows reads of the background."""


class Background(NamedTuple):
    """What one band has learnt of the scene, on the reference grid. Pixels never seen have age 0."""

    mean: np.ndarray  # float32 (H, W), DN, as it is expected in the frame to come
    variance: np.ndarray  # float32 (H, W), DN^2
    age: np.ndarray  # float32 (H, W), frames absorbed, saturates at Pace.full
    slope: np.ndarray  # float32 (H, W), DN a frame; 0 where the age is not full
    mature: np.ndarray  # int32 (H, 2), columns [from, to) of each row whose age is full


class Pace(NamedTuple):
    """How fast a background learns."""

    rate: float  # least gain of the mean
    bend: float  # gain of the slope, a frame
    calm: float  # least gain of the variance
    limit: float  # clip of the squared innovation, variances
    full: float  # age at which a pixel is mature and its slope is learnt
    ahead: float  # frames from the one that was absorbed last to the one that the mean was foretold for
    next: float  # frames from the one absorbed now to the one to come


@jit
def absorb_young(value: np.ndarray, k: int, pace: Pace, background: Background, y: int, first: int, last: int) -> None:
    """Like `absorb_row`, for pixels of any age in columns [first, last)."""
    mean, variance, age, slope = background.mean, background.variance, background.age, background.slope
    one, zero, ripe = np.float32(1.0), np.float32(0.0), np.float32(16.0)
    for x in range(np.uint64(first), np.uint64(last)):
        seen = age[y, x]
        full = seen >= np.float32(pace.full)
        s = slope[y, x]
        before = mean[y, x] if seen > zero else zero
        e = value[k, x] - before + np.float32(pace.ahead - 1.0) * s
        if not e == e:
            continue
        young = one / (seen + one)
        g = np.float32(pace.rate) if full else max(np.float32(pace.rate), young)
        h = np.float32(pace.bend) if full else zero
        v = np.float32(pace.calm) if full else max(np.float32(pace.calm), young)
        square = e * e
        if seen >= ripe:
            square = min(square, np.float32(pace.limit) * variance[y, x])
        mean[y, x] = before + ((one + np.float32(pace.next - pace.ahead)) * s + (g + np.float32(pace.next) * h) * e)
        slope[y, x] = s + h * e
        variance[y, x] = (one - v) * (variance[y, x] + v * square)
        age[y, x] = min(np.float32(pace.full), seen + one)


@jit
def absorb_mature(value: np.ndarray, k: int, pace: Pace, background: Background, y: int, first: int, last: int) -> None:
    """Like `absorb_row`, for pixels whose age is full, in columns [first, last): gains are the same everywhere."""
    mean, variance, slope = background.mean, background.variance, background.slope
    back, go = np.float32(pace.ahead - 1.0), np.float32(1.0) + np.float32(pace.next - pace.ahead)
    h, v, clip = np.float32(pace.bend), np.float32(pace.calm), np.float32(pace.limit)
    g = np.float32(pace.rate) + np.float32(pace.next) * h
    rest, zero = np.float32(1.0) - v, np.float32(0.0)
    for x in range(np.uint64(first), np.uint64(last)):  # unsigned: no test for negative indices, so it vectorises
        s = slope[y, x]
        e = value[k, x] - mean[y, x] + back * s
        known = e == e
        e = e if known else zero
        before = variance[y, x]
        mean[y, x] += go * s + g * e if known else zero
        slope[y, x] = s + h * e
        learnt = rest * (before + v * min(e * e, clip * before))
        variance[y, x] = learnt if known else before


@jit
def absorb_row(value: np.ndarray, k: int, pace: Pace, background: Background, y: int) -> None:
    """Let one row of a past frame into the background.

    Running mean and variance while a pixel is young (West, CACM 22, 1979): gain ``1 / (age + 1)``. From the full age on
    the level moves with a slope, so that a cloud's edge that drifts through a pixel is foretold and not lagged behind:
    with ``e`` the error of the forecast for this frame, ``level += slope + rate e``, ``slope += bend e`` (Holt, 1957;
    Brown's choice ``rate = 1 - b^2``, ``bend = (1 - b)^2``). What is kept is not the level but ``mean = level + next *
    slope``, the forecast for the frame to come. ``e^2`` enters the variance clipped at ``limit`` variances once a pixel
    is 16 frames old, so that one flash does not blind it.

    Parameters
    ----------
    value : float32 (K, W)
        Row ``k`` is the resampled one; NaN leaves a pixel as it is.
    k : int
        Which.
    pace : Pace
        How fast.
    background : Background, row ``y`` updated
        One band.
    y : int
        The row.
    """
    n = value.shape[1]
    age, mature = background.age, background.mature
    low, high = mature[y, 0], mature[y, 1]
    if high > low:
        absorb_mature(value, k, pace, background, y, low, high)
    else:
        low = high = n // 2
    for part in range(2):  # what lies beside the mature span, or all
        start, stop = (0, low) if part == 0 else (high, n)
        if stop > start:
            absorb_young(value, k, pace, background, y, start, stop)
    full = np.float32(pace.full)
    while low > 0 and age[y, low - 1] >= full:
        low -= 1
    while high < n and age[y, high] >= full:
        high += 1
    mature[y, 0], mature[y, 1] = low, high


@jit
def snapshot_edges(background: Background, block: int, edges: np.ndarray) -> None:
    """Copy the rows around the seams between blocks before blocks are swept, so that each may update in place.

    Parameters
    ----------
    background : Background
        One band.
    block : int
        Rows a block.
    edges : float32 (ceil(H / block) + 1, 4, 2 * HALO, W), written
        Mean, variance, age, and in two columns the mature span, of rows ``k * block - HALO`` to
        ``k * block + HALO - 1``.
    """
    height = background.mean.shape[0]
    for k in range(edges.shape[0]):
        for j in range(2 * HALO):
            y = k * block - HALO + j
            if 0 <= y < height:
                edges[k, 3, j, 0], edges[k, 3, j, 1] = background.mature[y, 0], background.mature[y, 1]
                for x in range(background.mean.shape[1]):
                    edges[k, 0, j, x] = background.mean[y, x]
                    edges[k, 1, j, x] = background.variance[y, x]
                    edges[k, 2, j, x] = background.age[y, x]


@jit
def move_background(background: Background, step_x: int, step_y: int) -> None:
    """Move the background by whole pixels, in place: ``new(x, y) = old(x - step_x, y - step_y)``; the rest has age 0.

    Parameters
    ----------
    background : Background, updated
        One band.
    step_x, step_y : int
        How far, pixels.
    """
    height, width = background.mean.shape
    for i in range(height):
        y = height - 1 - i if step_y > 0 else i
        source = y - step_y
        inside = 0 <= source < height
        low, high = 0, 0
        if inside:
            low = max(background.mature[source, 0] + step_x, max(step_x, 0))
            high = min(background.mature[source, 1] + step_x, min(width + step_x, width))
        background.mature[y, 0] = low if high > low else 0
        background.mature[y, 1] = high if high > low else 0
        for j in range(width):
            x = width - 1 - j if step_x > 0 else j
            column = x - step_x
            if inside and 0 <= column < width:
                background.mean[y, x] = background.mean[source, column]
                background.variance[y, x] = background.variance[source, column]
                background.age[y, x] = background.age[source, column]
                background.slope[y, x] = background.slope[source, column]
            else:
                background.mean[y, x] = np.nan
                background.variance[y, x] = np.float32(0.0)
                background.age[y, x] = np.float32(0.0)
                background.slope[y, x] = np.float32(0.0)


@jit
def learn_pattern(
    value: np.ndarray,
    background: Background,
    moved: np.ndarray,
    rate: float,
    rows: tuple[int, int],
    back: float,
    pattern: np.ndarray,
) -> None:
    """Let what stays on the focal plane while the scene drifts flow from the residual into a pattern.

    The residual of a past frame holds the scene's noise, which the mean over many drifted frames does not share, and
    the focal plane's own pattern, which that mean has smeared. Closed loop: the pattern is subtracted from the frames
    to come, so that only what is left of it is learnt (Hardie et al., Appl. Opt. 39, 2000, without their regression).

    Parameters
    ----------
    value : float32 (H, W)
        Resampled past frame; NaN is left out.
    background : Background
        One band.
    moved : int64 (4,)
        Columns and rows from the past frame's reference to the background's, and from it to its focal plane.
    rate : float
        Gain.
    rows : (int, int)
        First row and step: the pattern does not change, so a part of the rows a frame will do.
    back : float
        Frames from the past one to that which the mean is foretold for.
    pattern : float32 (H, W), updated
        On the focal plane, DN. The residual enters clipped at two sigma.
    """
    height, n = value.shape
    gain, two, zero = np.float32(rate), np.float32(2.0), np.float32(0.0)
    past = np.float32(back)
    for y in range(rows[0], height, rows[1]):
        row, own = y + moved[1], y + moved[3]
        if not (0 <= row < height and 0 <= own < height):
            continue
        low = max(0, -moved[0], -moved[2])
        high = max(min(n, n - moved[0], n - moved[2]), low)
        source = value[y, low:high]
        mean = background.mean[row, low + moved[0] : high + moved[0]]
        variance = background.variance[row, low + moved[0] : high + moved[0]]
        slope = background.slope[row, low + moved[0] : high + moved[0]]
        target = pattern[own, low + moved[2] : high + moved[2]]
        for x in range(target.shape[0]):
            e = source[x] - mean[x] + past * slope[x]
            most = two * np.float32(math.sqrt(variance[x]))
            e = min(max(e, -most), most) if e == e else zero
            target[x] += gain * e
