"""Scene on cells to pixels: blur by optics and pixel, then sample at any sub-pixel shift between two moments.

A canvas of cells, ``step`` to a pixel and axis, is blurred once (`blur`). What is left is band-limited far below the
cells' own limit, so that a four-tap cubic B-spline samples it at any shift (`resample`); the blur's taps carry the
inverse of the spline's own smoothing.

Sampling is as fast as memory, so a blurred canvas is held in 16 bits: each row in steps of a 65535th of its own range
(`Coded`), which is far below the noise that any such range brings with it.
"""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit

_LANES = 32


class Coded(NamedTuple):
    """A blurred canvas in 16 bits: the value of a cell is ``low + unit * code`` of its row.

    ``cells`` uint16 (N, step, M), columns by phase: column ``c`` lies at ``[:, c % step, c // step]``, so that a pass
    over pixels runs along unit strides; ``low``, ``unit`` float32 (N,).
    """

    cells: np.ndarray
    low: np.ndarray
    unit: np.ndarray


class RowPlan(NamedTuple):
    """How each row of pixels of F frames is sampled; the rows of a staring array are all alike.

    ``first`` int64 (F, H, 2): cell row and column that the first weights of the row's first pixel belong to; ``taps``
    float32 (F, H, 2, 4): weights along columns and along rows; ``late`` float32 (F, H): weight of the second canvas.
    """

    first: np.ndarray
    taps: np.ndarray
    late: np.ndarray


@jit
def cubic_weights(f: float) -> tuple[float, float, float, float]:
    """Return the weights of four samples around a place a share ``f`` beyond the second (Keys 1981, a = -1/2)."""
    g = 1.0 - f
    return (
        -0.5 * f * g * g,
        1.0 + f * f * (1.5 * f - 2.5),
        1.0 + g * g * (1.5 * g - 2.5),
        -0.5 * f * f * g,
    )


@jit
def spline_taps(position: float, taps: np.ndarray) -> int:
    """Write the four weights of the uniform cubic B-spline at a position between samples.

    Parameters
    ----------
    position : float
        In samples; sample ``k`` lies at ``k``.
    taps : float32 (4,), written
        Sum 1.

    Returns
    -------
    int
        The sample that the first weight belongs to.
    """
    whole = math.floor(position)
    f = position - whole
    g = 1.0 - f
    taps[0] = g * g * g / 6.0
    taps[1] = (4.0 - 6.0 * f * f + 3.0 * f * f * f) / 6.0
    taps[2] = (4.0 - 6.0 * g * g + 3.0 * g * g * g) / 6.0
    taps[3] = f * f * f / 6.0
    return whole - 1


@jit
def _four(
    out: np.ndarray,
    w: tuple[np.float32, np.float32, np.float32, np.float32],
    r0: np.ndarray,
    r1: np.ndarray,
    r2: np.ndarray,
    r3: np.ndarray,
) -> None:
    """Set ``out`` to a weighted sum of four rows."""
    w0, w1, w2, w3 = w
    for c in range(out.shape[0]):
        out[c] = (w0 * r0[c] + w1 * r1[c]) + (w2 * r2[c] + w3 * r3[c])


@jit
def _eight(
    out: np.ndarray,
    zero: np.float32,
    u: tuple[np.float32, np.float32, np.float32, np.float32],
    v: tuple[np.float32, np.float32, np.float32, np.float32],
    a0: np.ndarray,
    a1: np.ndarray,
    a2: np.ndarray,
    a3: np.ndarray,
    b0: np.ndarray,
    b1: np.ndarray,
    b2: np.ndarray,
    b3: np.ndarray,
) -> None:
    """Set ``out`` to ``zero`` and a weighted sum of eight coded rows, four of each canvas."""
    u0, u1, u2, u3 = u
    v0, v1, v2, v3 = v
    for c in range(out.shape[0]):
        early = (u0 * np.float32(a0[c]) + u1 * np.float32(a1[c])) + (u2 * np.float32(a2[c]) + u3 * np.float32(a3[c]))
        late = (v0 * np.float32(b0[c]) + v1 * np.float32(b1[c])) + (v2 * np.float32(b2[c]) + v3 * np.float32(b3[c]))
        out[c] = zero + (early + late)


@jit
def _filter(out: np.ndarray, w: np.ndarray, rows: tuple[np.ndarray, ...]) -> None:
    """Add a weighted sum of twelve rows to ``out``."""
    r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11 = rows
    w0, w1, w2, w3, w4, w5 = w[0], w[1], w[2], w[3], w[4], w[5]
    w6, w7, w8, w9, w10, w11 = w[6], w[7], w[8], w[9], w[10], w[11]
    for c in range(out.shape[0]):
        a = (w0 * r0[c] + w1 * r1[c]) + (w2 * r2[c] + w3 * r3[c])
        b = (w4 * r4[c] + w5 * r5[c]) + (w6 * r6[c] + w7 * r7[c])
        out[c] += (a + b) + ((w8 * r8[c] + w9 * r9[c]) + (w10 * r10[c] + w11 * r11[c]))


@jit
def _weights(
    canvas: Coded, top: int, y: np.ndarray, factor: np.float32
) -> tuple[np.float32, tuple[np.float32, np.float32, np.float32, np.float32]]:
    """Return what four rows' weights make of their codes: a constant, and a weight for each."""
    zero = np.float32(0)
    for k in range(4):
        zero += factor * y[k] * canvas.low[top + k]
    return zero, (
        factor * y[0] * canvas.unit[top],
        factor * y[1] * canvas.unit[top + 1],
        factor * y[2] * canvas.unit[top + 2],
        factor * y[3] * canvas.unit[top + 3],
    )


@jit
def resample(early: Coded, late: Coded, plan: RowPlan, begin: int, scale: float, out: np.ndarray) -> None:
    """Sample two blurred canvases, blend them, and write pixels of some frames.

    Parameters
    ----------
    early, late : Coded
        The scene at two moments, of the same shape. All cells that the plan uses must lie on them.
    plan : RowPlan
    begin : int
        Row of the plan that the first row of ``out`` is.
    scale : float
        Factor on everything.
    out : float32 (F, R, W), written
    """
    count, step, columns = early.cells.shape
    one, two = early.cells.reshape(count, step * columns), late.cells.reshape(count, step * columns)
    column = np.empty(step * columns, np.float32)
    for f in range(out.shape[0]):
        for i in range(out.shape[1]):
            row = begin + i
            top, first = plan.first[f, row, 0], plan.first[f, row, 1]
            y, t = plan.taps[f, row, 0], plan.late[f, row]
            zero_early, u = _weights(early, top, y, np.float32(scale) * (np.float32(1) - t))
            zero_late, v = _weights(late, top, y, np.float32(scale) * t)
            # All phases in one stretch, margins too: long even reads are what memory is fast at.
            _eight(
                column, zero_early + zero_late, u, v,
                one[top], one[top + 1], one[top + 2], one[top + 3], two[top], two[top + 1], two[top + 2], two[top + 3],
            )  # fmt: skip
            x = plan.taps[f, row, 1]
            _four(
                out[f, i], (x[0], x[1], x[2], x[3]),
                column[first % step * columns + first // step :],
                column[(first + 1) % step * columns + (first + 1) // step :],
                column[(first + 2) % step * columns + (first + 2) // step :],
                column[(first + 3) % step * columns + (first + 3) // step :],
            )  # fmt: skip


@jit
def shift(field: np.ndarray, first: tuple[int, int], taps: tuple[np.ndarray, np.ndarray], out: np.ndarray) -> None:
    """Sample a field between its cells, everywhere at the same offset.

    Parameters
    ----------
    field : float32 (N, M)
    first : tuple of int
        Row and column of the field that the first weights of the first output cell belong to.
    taps : tuple of float32 (4,)
        Weights along columns and along rows.
    out : float32 (H, W), written
    """
    height, width = out.shape
    y, x = taps
    row = np.empty(width + 3, np.float32)
    left = first[1]
    for i in range(height):
        r = first[0] + i
        _four(
            row, (y[0], y[1], y[2], y[3]),
            field[r, left : left + width + 3], field[r + 1, left : left + width + 3],
            field[r + 2, left : left + width + 3], field[r + 3, left : left + width + 3],
        )  # fmt: skip
        _four(out[i], (x[0], x[1], x[2], x[3]), row, row[1:], row[2:], row[3:])


@jit
def encode(line: np.ndarray, canvas: Coded, row: int) -> None:
    """Write one row of a blurred canvas as codes.

    Parameters
    ----------
    line : float32 (M*step,)
        Finite.
    canvas : Coded, changed
    row : int
    """
    _, step, width = canvas.cells.shape
    # Least and largest in lanes: one running minimum would wait for itself at every cell.
    low, high = np.full(_LANES, line[0]), np.full(_LANES, line[0])
    whole = line.shape[0] // _LANES * _LANES
    for start in range(0, whole, _LANES):
        part = line[start : start + _LANES]
        for k in range(_LANES):
            low[k] = part[k] if part[k] < low[k] else low[k]
            high[k] = part[k] if part[k] > high[k] else high[k]
    least, largest = low.min(), high.max()
    for c in range(whole, line.shape[0]):
        least, largest = min(least, line[c]), max(largest, line[c])
    unit = np.float32((largest - least) / np.float32(65535.0))
    canvas.low[row], canvas.unit[row] = least, unit
    per = np.float32(1) / unit if unit > 0 else np.float32(0)
    for p in range(step):
        to = canvas.cells[row, p]
        for c in range(width):
            code = np.int32((line[c * step + p] - least) * per + np.float32(0.5))
            to[c] = np.uint16(code if code < 65535 else 65535)


@jit
def blend(early: np.ndarray, late: np.ndarray, share: float, out: np.ndarray, rows: tuple[int, int]) -> None:
    """Set some rows of ``out`` to the weighted mean of two canvases.

    Parameters
    ----------
    early, late : float32 (B, N, M)
    share : float
        Weight of the later one.
    out : float32 (B, N, M), written
    rows : tuple of int
        First row and the one after the last to be written.
    """
    t = np.float32(share)
    for k in range(out.shape[0]):
        for i in range(rows[0], rows[1]):
            a, b, line = early[k, i], late[k, i], out[k, i]
            for c in range(line.shape[0]):
                line[c] = a[c] + t * (b[c] - a[c])


@jit
def blur(
    canvas: np.ndarray,
    kernel: tuple[np.ndarray, np.ndarray],
    margin: int,
    out: Coded,
    rows: tuple[int, int],
) -> None:
    """Convolve a canvas with a sum of separable kernels and cut its margin off.

    Parameters
    ----------
    canvas : float32 (N + 2*margin, M*step + 2*margin)
    kernel : tuple of float32 (R, K)
        R pairs of odd length K along columns and along rows, applied as correlation.
    margin : int
        Cells cut off on every side; at least (K - 1)/2.
    out : Coded, written
    rows : tuple of int
        First row of ``out`` and the one after the last to be written.
    """
    taps_y, taps_x = kernel
    _, step, width = out.cells.shape
    count, length = taps_y.shape
    padded = 12 * ((length + 11) // 12)
    offset = margin - (length - 1) // 2
    span = canvas.shape[1]
    y, x = np.zeros((count, padded), np.float32), np.zeros((count, padded), np.float32)
    y[:, :length], x[:, :length] = taps_y, taps_x
    column = np.zeros(span + padded - length, np.float32)
    line = np.empty(width * step, np.float32)
    part = column[:span]
    last = canvas.shape[0] - 1
    for i in range(rows[0], rows[1]):
        line[:] = np.float32(0)
        for r in range(count):
            part[:] = np.float32(0)
            for k in range(0, padded, 12):
                # Rows past the kernel have weight 0; the last one that exists stands in for them.
                t = i + offset + k
                _filter(
                    part, y[r, k : k + 12],
                    (
                        canvas[t], canvas[min(t + 1, last)], canvas[min(t + 2, last)], canvas[min(t + 3, last)],
                        canvas[min(t + 4, last)], canvas[min(t + 5, last)], canvas[min(t + 6, last)],
                        canvas[min(t + 7, last)], canvas[min(t + 8, last)], canvas[min(t + 9, last)],
                        canvas[min(t + 10, last)], canvas[min(t + 11, last)],
                    ),
                )  # fmt: skip
            for k in range(0, padded, 12):
                t = offset + k
                _filter(
                    line, x[r, k : k + 12],
                    (
                        column[t:], column[t + 1 :], column[t + 2 :], column[t + 3 :], column[t + 4 :], column[t + 5 :],
                        column[t + 6 :], column[t + 7 :], column[t + 8 :], column[t + 9 :], column[t + 10 :],
                        column[t + 11 :],
                    ),
                )  # fmt: skip
        encode(line, out, i)
