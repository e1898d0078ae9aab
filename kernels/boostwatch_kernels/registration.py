"""Sub-pixel resampling of rows, and the sums from which the shift of a frame is solved."""

from typing import NamedTuple

import numpy as np

from ._jit import jit, row_jit
from .background import TILE_Y, Background, forecast_row, sum_span
from .packed import widen

PAD = 16
"""Columns on either side of every row buffer, so that filters need no case for the rim; a cache line, so that rows
begin on one."""

LANES, MOVED = 8, 8
"""Rows of sums in the scratch of `gradient_sums`, first, and the row of the frame that is added to them."""


class Frame(NamedTuple):
    """One band of one frame as it left the focal plane, with what turns it into calibrated DN.

    ``value = data * gain - offset``; a map that is not there has shape (0, 0). Bad pixels lie in row order: those of
    row ``y`` are ``bad_x[bad_start[y] : bad_start[y + 1]]``.
    """

    data: np.ndarray  # uint16 or float32 (H, W)
    gain: np.ndarray  # float32 (H, W) or (0, 0)
    offset: np.ndarray  # float32 (H, W) or (0, 0)
    bad_start: np.ndarray  # int32 (H + 1,)
    bad_x: np.ndarray  # int32 (K,)


class Shift(NamedTuple):
    """Resampling by ``(step_x + fraction, step_y + fraction)``: four taps an axis, the second at the integer step."""

    step_x: int
    step_y: int
    taps_x: np.ndarray  # float32 (4,)
    taps_y: np.ndarray  # float32 (4,)


@row_jit
def calibrated_row(frame: Frame, y: int, rows: np.ndarray, k: int) -> None:
    """Write one row in calibrated DN, bad pixels filled from the nearest good ones in the row.

    Rows are handed to kernels as a two-dimensional array and a number, not as views: a view costs two atomic counts.

    Parameters
    ----------
    frame : Frame
        The band.
    y : int
        Row, 0 <= y < H.
    rows : float32 (K, >= W + 2 PAD), columns PAD to PAD + W of row ``k`` written
        Calibrated DN; a row without any good pixel becomes 0.
    k : int
        Where.
    """
    data, gain, offset = frame.data, frame.gain, frame.offset
    n = data.shape[1]
    if gain.shape[0] > 0:
        for x in range(np.uint64(n)):
            rows[k, x + PAD] = np.float32(data[y, x]) * gain[y, x]
        if offset.shape[0] > 0:
            for x in range(np.uint64(n)):
                rows[k, x + PAD] -= offset[y, x]
    elif offset.shape[0] > 0:
        for x in range(np.uint64(n)):
            rows[k, x + PAD] = np.float32(data[y, x]) - offset[y, x]
    else:
        for x in range(np.uint64(n)):
            rows[k, x + PAD] = np.float32(data[y, x])
    start, bad = frame.bad_start, frame.bad_x
    i, last = start[y], start[y + 1]
    while i < last:
        end = i
        while end + 1 < last and bad[end + 1] == bad[end] + 1:
            end += 1
        left, right = bad[i] - 1, bad[end] + 1
        if left >= 0 and right < n:
            fill = np.float32(0.5) * (rows[k, left + PAD] + rows[k, right + PAD])
        elif left >= 0:
            fill = rows[k, left + PAD]
        elif right < n:
            fill = rows[k, right + PAD]
        else:
            fill = np.float32(0.0)
        for x in range(left + 1, right):
            rows[k, x + PAD] = fill
        i = end + 1


@row_jit
def blend_rows(rows: np.ndarray, first: int, taps: np.ndarray, out: np.ndarray) -> None:
    """Write ``sum_k taps[k] * rows[(first + k) % 4]`` (float32) to ``out``, rows being a ring of four."""
    r0, r1, r2, r3 = first % 4, (first + 1) % 4, (first + 2) % 4, (first + 3) % 4
    t0, t1, t2, t3 = taps[0], taps[1], taps[2], taps[3]
    for x in range(np.uint64(out.shape[0])):
        out[x] = t0 * rows[r0, x] + t1 * rows[r1, x] + t2 * rows[r2, x] + t3 * rows[r3, x]


@row_jit
def reach_of(step: int, n: int) -> tuple[int, int]:
    """Return the columns [low, high) of a row of ``n`` whose four taps at ``step`` fall on pixels."""
    low = min(max(0, 1 - step), n)
    return low, max(min(n, n - 2 - step), low)


@row_jit
def shift_row(row: np.ndarray, step: int, taps: np.ndarray, out: np.ndarray, k: int, n: int) -> None:
    """Write ``out[k, x] = sum_j taps[j] * row[PAD + x + step - 1 + j]`` for x < n; NaN where a tap falls outside."""
    t0, t1, t2, t3 = taps[0], taps[1], taps[2], taps[3]
    low, high = reach_of(step, n)
    out[k, :low] = np.nan
    out[k, high:n] = np.nan
    to = np.uint64(low)
    o0 = np.uint64(max(0, PAD + low + step - 1))
    o1, o2, o3 = o0 + np.uint64(1), o0 + np.uint64(2), o0 + np.uint64(3)
    for x in range(np.uint64(high - low)):
        out[k, x + to] = t0 * row[x + o0] + t1 * row[x + o1] + t2 * row[x + o2] + t3 * row[x + o3]


@jit
def gradient_sums(
    frame: Frame,
    shift: Shift,
    background: Background,
    lag: np.ndarray,
    floor: float,
    most: float,
    stride: int,
    work: np.ndarray,
) -> np.ndarray:
    """Sum what a Gauss-Newton step of the shift needs, over every ``stride``-th row.

    With ``e = frame(p + shift) - m(p)``, ``m`` the forecast and ``g`` its gradient (three-point smoothed across, so
    that noise and fixed pattern count less), the step is ``-(sum w g g^T)^-1 sum w g e`` with Cauchy weights
    ``w = 1 / (v (1 + e^2 / (9 v)))``, which let targets, dead pixels and moving layers go; where ``g^2`` exceeds
    ``most v`` they are less by its excess, so that hot pixels, which stay on the focal plane, do not hold the scene.
    (Inverse compositional alignment: Baker & Matthews, IJCV 56, 2004.)

    Parameters
    ----------
    frame, shift : Frame, Shift
        The frame and the shift supposed.
    background : Background
        Its forecast is the reference.
    lag : float32 (strips,)
        Frames from each strip's level to this frame.
    floor : float
        Variance added to every pixel, DN^2.
    most : float
        Squared gradient over the pixel's variance up to which it counts in full.
    stride : int
        Rows from one to the next.
    work : float32 (>= 22, W + 2 PAD), overwritten
        Scratch.

    Returns
    -------
    float64 (8,)
        sum w gx gx, w gx gy, w gy gy, w gx e, w gy e, w v, w v of noise alone in (gx, gy), count of pixels.
    """
    height, n = background.level.shape
    lanes = work[:LANES, :n]
    lanes[:] = np.float32(0.0)
    blended, raw = work[18], work[14:18]
    mean_rows = np.empty((3, n), np.float32)
    low = max(1, 1 - shift.step_y)
    high = min(height - 1, height - 2 - shift.step_y)
    for y in range(low + (stride - 1) // 2, high, stride):
        for k in range(4):
            calibrated_row(frame, y + shift.step_y - 1 + k, raw, k)
        blend_rows(raw, 0, shift.taps_y, blended)
        shift_row(blended, shift.step_x, shift.taps_x, work, MOVED, n)
        add_row(background, lag, floor, most, y, mean_rows, work)
    return total_lanes(work, n)


@row_jit
def add_row(
    background: Background, lag: np.ndarray, floor: float, most: float, y: int, mean_rows: np.ndarray, work: np.ndarray
) -> None:
    """Add row ``y`` of a frame, on the reference in row MOVED of ``work``, to the lanes of `gradient_sums`.

    ``mean_rows`` (float32 (3, W)) and the other rows of ``work`` but 14 to 18 are overwritten; NaN is not known.
    """
    n = background.level.shape[1]
    lanes = work[:LANES, :n]
    moved, gx, gy, w, wx, wy, v = MOVED, 9, 10, 11, 12, 13, 21
    variance = work[v, :n]
    for k in range(3):
        forecast_row(background, lag[(y - 1 + k) // TILE_Y], y - 1 + k, mean_rows, k)
    gradient_row(mean_rows[0], mean_rows[1], mean_rows[2], work[gx, :n], work[gy, :n])
    robust_row(work[moved, :n], mean_rows[1], background.weight[y], floor, work[w, :n], variance)
    base, full = np.float32(floor), np.float32(most)
    for x in range(np.uint64(n)):
        steep = work[gx, x] * work[gx, x] + work[gy, x] * work[gy, x]
        limit = full * (work[v, x] + base)
        work[w, x] *= limit / steep if steep > limit else np.float32(1.0)
    for x in range(np.uint64(n)):
        work[wx, x] = work[w, x] * work[gx, x]
        work[wy, x] = work[w, x] * work[gy, x]
    add_product(work[wx, :n], work[gx, :n], lanes[0])
    add_product(work[wx, :n], work[gy, :n], lanes[1])
    add_product(work[wy, :n], work[gy, :n], lanes[2])
    add_product(work[wx, :n], work[moved, :n], lanes[3])
    add_product(work[wy, :n], work[moved, :n], lanes[4])
    for x in range(np.uint64(n)):
        lanes[5, x] += work[w, x] * (work[v, x] + base)
    add_product(work[w, :n], variance, lanes[6])
    for x in range(np.uint64(n)):
        lanes[7, x] += np.float32(1.0) if work[w, x] > np.float32(0.0) else np.float32(0.0)


@jit
def total_lanes(work: np.ndarray, n: int) -> np.ndarray:
    """Return the sum (float64) of each lane over ``n`` columns."""
    out = np.zeros(LANES)
    for k in range(LANES):
        out[k] = sum_span(work, k, 0, n)
    return out


@row_jit
def add_product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """Add ``a * b`` to ``out`` (float32 (W,) each). Few arrays a loop, or the compiler will not vectorise it."""
    for x in range(out.shape[0]):
        out[x] += a[x] * b[x]


@row_jit
def gradient_row(above: np.ndarray, here: np.ndarray, below: np.ndarray, gx: np.ndarray, gy: np.ndarray) -> None:
    """Write the gradient of one row (Sobel, DN/px; float32 (W,)); 0 where it is not known."""
    n = here.shape[0]
    gx[0] = gy[0] = gx[n - 1] = gy[n - 1] = np.float32(0.0)
    eighth, two, zero = np.float32(0.125), np.float32(2.0), np.float32(0.0)
    a0, a1, a2 = above[: n - 2], above[1 : n - 1], above[2:]
    b0, b2 = here[: n - 2], here[2:]
    c0, c1, c2 = below[: n - 2], below[1 : n - 1], below[2:]
    tx, ty = gx[1 : n - 1], gy[1 : n - 1]
    for x in range(n - 2):
        g = eighth * ((a2[x] - a0[x]) + two * (b2[x] - b0[x]) + (c2[x] - c0[x]))
        tx[x] = g if g == g else zero
    for x in range(n - 2):
        g = eighth * ((c0[x] - a0[x]) + two * (c1[x] - a1[x]) + (c2[x] - a2[x]))
        ty[x] = g if g == g else zero


@row_jit
def robust_row(
    moved: np.ndarray, mean: np.ndarray, whiten: np.ndarray, floor: float, weight: np.ndarray, variance: np.ndarray
) -> None:
    """Turn a resampled row into its residual, in place, and write its Cauchy weights; both 0 where not known.

    ``whiten`` are the background's weights (brain floats), ``variance`` becomes their inverse squares.
    """
    base, tail = np.float32(floor), np.float32(1.0 / 9.0)
    one, zero = np.float32(1.0), np.float32(0.0)
    for x in range(np.uint64(moved.shape[0])):
        e, s = moved[x] - mean[x], widen(whiten[x])
        moved[x] = e if e == e else zero
        weight[x] = one if e == e else zero
        variance[x] = one / (s * s) if s > zero else zero
    for x in range(np.uint64(moved.shape[0])):
        weight[x] /= variance[x] + base + tail * moved[x] * moved[x]
