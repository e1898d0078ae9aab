"""Sub-pixel resampling of rows, and the sums from which the shift of a frame is solved."""

from typing import NamedTuple

import numpy as np

from ._jit import jit

PAD = 8
"""Zero columns on either side of every row buffer, so that filters need no case for the rim."""


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


@jit
def calibrated_row(frame: Frame, y: int, rows: np.ndarray, k: int) -> None:
    """Write one row in calibrated DN, bad pixels filled from the nearest good ones in the row.

    Rows are handed to kernels as a two-dimensional array and a number, not as views: a view costs two atomic counts.

    Parameters
    ----------
    frame : Frame
        The band.
    y : int
        Row, 0 <= y < H.
    rows : float32 (K, W), row ``k`` written
        Calibrated DN; a row without any good pixel becomes 0.
    k : int
        Where.
    """
    data, gain, offset = frame.data, frame.gain, frame.offset
    n = data.shape[1]
    if gain.shape[0] > 0:
        for x in range(n):
            rows[k, x] = np.float32(data[y, x]) * gain[y, x]
    else:
        for x in range(n):
            rows[k, x] = np.float32(data[y, x])
    if offset.shape[0] > 0:
        for x in range(n):
            rows[k, x] -= offset[y, x]
    start, bad = frame.bad_start, frame.bad_x
    i, last = start[y], start[y + 1]
    while i < last:
        end = i
        while end + 1 < last and bad[end + 1] == bad[end] + 1:
            end += 1
        left, right = bad[i] - 1, bad[end] + 1
        if left >= 0 and right < n:
            fill = np.float32(0.5) * (rows[k, left] + rows[k, right])
        elif left >= 0:
            fill = rows[k, left]
        elif right < n:
            fill = rows[k, right]
        else:
            fill = np.float32(0.0)
        for x in range(left + 1, right):
            rows[k, x] = fill
        i = end + 1


@jit
def blend_rows(rows: np.ndarray, first: int, taps: np.ndarray, out: np.ndarray) -> None:
    """Write ``sum_k taps[k] * rows[(first + k) % 4]`` (float32) to ``out``, rows being a ring of four."""
    r0, r1, r2, r3 = first % 4, (first + 1) % 4, (first + 2) % 4, (first + 3) % 4
    t0, t1, t2, t3 = taps[0], taps[1], taps[2], taps[3]
    for x in range(out.shape[0]):
        out[x] = t0 * rows[r0, x] + t1 * rows[r1, x] + t2 * rows[r2, x] + t3 * rows[r3, x]


@jit
def shift_row(row: np.ndarray, step: int, taps: np.ndarray, out: np.ndarray, k: int) -> None:
    """Write ``out[k, x] = sum_j taps[j] * row[x + step - 1 + j]`` (float32); NaN where a tap falls outside the row."""
    n = row.shape[0]
    t0, t1, t2, t3 = taps[0], taps[1], taps[2], taps[3]
    low = min(max(0, 1 - step), n)
    high = max(min(n, n - 2 - step), low)
    for x in range(low):
        out[k, x] = np.nan
    for x in range(high, n):
        out[k, x] = np.nan
    if high > low:
        source, target = row[low + step - 1 : high + step + 2], out[k, low:high]
        r1, r2, r3 = source[1:], source[2:], source[3:]
        for x in range(target.shape[0]):
            target[x] = t0 * source[x] + t1 * r1[x] + t2 * r2[x] + t3 * r3[x]


@jit
def gradient_sums(
    frame: Frame, shift: Shift, mean: np.ndarray, variance: np.ndarray, floor: float, stride: int, lanes: np.ndarray
) -> np.ndarray:
    """Sum what a Gauss-Newton step of the shift needs, over every ``stride``-th row.

    With ``e = frame(p + shift) - mean(p)`` and ``g`` the gradient of the mean (three-point smoothed across, so that
    noise and fixed pattern count less), the step is ``-(sum w g g^T)^-1 sum w g e`` with Cauchy weights
    ``w = 1 / (v (1 + e^2 / (9 v)))``, which let targets, dead pixels and moving layers go. (Inverse compositional
    alignment: Baker & Matthews, IJCV 56, 2004.)

    Parameters
    ----------
    frame, shift : Frame, Shift
        The frame and the shift supposed.
    mean, variance : float32 (H, W)
        Background on the reference and its variance; NaN in the mean where it is not known.
    floor : float
        Variance added to every pixel, DN^2.
    stride : int
        Rows from one to the next.
    lanes : float32 (8, W), overwritten
        Scratch.

    Returns
    -------
    float64 (8,)
        sum w gx gx, w gx gy, w gy gy, w gx e, w gy e, w v, w v of noise alone in (gx, gy), count of pixels.
    """
    height, n = mean.shape
    rows = np.zeros((4, n), np.float32)
    blended = np.zeros(n, np.float32)
    shifted = np.zeros((1, n), np.float32)
    scratch = np.zeros((5, n), np.float32)
    lanes[:] = np.float32(0.0)
    low = max(1, 1 - shift.step_y)
    high = min(height - 1, height - 2 - shift.step_y)
    for y in range(low + (stride - 1) // 2, high, stride):
        for k in range(4):
            calibrated_row(frame, y + shift.step_y - 1 + k, rows, k)
        blend_rows(rows, 0, shift.taps_y, blended)
        shift_row(blended, shift.step_x, shift.taps_x, shifted, 0)
        sum_row(shifted[0], mean, variance, y, floor, scratch, lanes)
    return total_lanes(lanes)


@jit
def sum_row(
    moved: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    y: int,
    floor: float,
    scratch: np.ndarray,
    lanes: np.ndarray,
) -> None:
    """Add one row of a frame to the lanes of `gradient_sums`.

    Parameters
    ----------
    moved : float32 (W,), overwritten
        The row on the reference; NaN where it is not known.
    mean, variance, floor
        As there.
    y : int
        Row of the reference, 0 < y < H - 1.
    scratch : float32 (5, W), overwritten
        Scratch.
    lanes : float32 (8, W), updated
        The sums, one lane a column.
    """
    n = mean.shape[1]
    gx, gy, w, wx, wy = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    gradient_row(mean[y - 1], mean[y], mean[y + 1], gx, gy)
    robust_row(moved, mean[y], variance[y], floor, w)
    for x in range(n):
        wx[x] = w[x] * gx[x]
        wy[x] = w[x] * gy[x]
    add_product(wx, gx, lanes[0])
    add_product(wx, gy, lanes[1])
    add_product(wy, gy, lanes[2])
    add_product(wx, moved, lanes[3])
    add_product(wy, moved, lanes[4])
    base = np.float32(floor)
    v, l5, l6, l7 = variance[y], lanes[5], lanes[6], lanes[7]
    for x in range(n):
        l5[x] += w[x] * (v[x] + base)
    add_product(w, v, l6)
    for x in range(n):
        l7[x] += np.float32(1.0) if w[x] > np.float32(0.0) else np.float32(0.0)


@jit
def total_lanes(lanes: np.ndarray) -> np.ndarray:
    """Return the sum (float64) of each lane."""
    out = np.zeros(lanes.shape[0])
    for k in range(lanes.shape[0]):
        total = 0.0
        for x in range(lanes.shape[1]):
            total += lanes[k, x]
        out[k] = total
    return out


@jit
def add_product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """Add ``a * b`` to ``out`` (float32 (W,) each). Few arrays a loop, or the compiler will not vectorise it."""
    for x in range(out.shape[0]):
        out[x] += a[x] * b[x]


@jit
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


@jit
def robust_row(moved: np.ndarray, mean: np.ndarray, variance: np.ndarray, floor: float, weight: np.ndarray) -> None:
    """Turn a resampled row into its residual, in place, and write its Cauchy weights; both 0 where not known."""
    base, tail = np.float32(floor), np.float32(1.0 / 9.0)
    one, zero = np.float32(1.0), np.float32(0.0)
    for x in range(moved.shape[0]):
        e = moved[x] - mean[x]
        moved[x] = e if e == e else zero
        weight[x] = one if e == e else zero
    for x in range(moved.shape[0]):
        weight[x] /= variance[x] + base + tail * moved[x] * moved[x]
