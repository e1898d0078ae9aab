"""Resampling of a frame along a smooth map, and the sums from which what is left of its shift is solved.

A map says where each pixel of a reference grid lies in a frame. It is held at nodes ``step`` px apart, the first a step
before the first pixel, and is a cubic through four nodes an axis in between.
"""

from typing import NamedTuple

import numpy as np

from ._jit import jit
from .background import Background
from .registration import LANES, MOVED, PAD, Frame, add_row, calibrated_row, total_lanes


class Source(NamedTuple):
    """One band of one frame, and how the reference grid lies on it."""

    image: np.ndarray  # float32 (H, W), calibrated DN, finite
    bad: np.ndarray  # uint8 (H, W), non-zero where the image is only filled in, or (0, 0)
    node_x: np.ndarray  # float64 (NY, NX), position of each node in the frame, px; NaN where it is out of sight
    node_y: np.ndarray
    step: int  # px between nodes
    taps: np.ndarray  # float32 (S + 1, 4), taps at each S-th of a pixel


@jit
def cubic(p0: float, p1: float, p2: float, p3: float) -> tuple[float, float, float, float]:
    """Return the polynomial in ``t`` through four values at -1, 0, 1 and 2, lowest power first."""
    return (
        p1,
        p2 - p0 / 3.0 - 0.5 * p1 - p3 / 6.0,
        0.5 * (p0 + p2) - p1,
        (p3 - p0) / 6.0 + 0.5 * (p1 - p2),
    )


@jit
def place_row(source: Source, y: int, x0: float, y0: float, at_x: np.ndarray, at_y: np.ndarray) -> None:
    """Write where the pixels of one row of the grid lie in the frame.

    Parameters
    ----------
    source : Source
        Its nodes.
    y : int
        Row of the grid.
    x0, y0 : float
        Shift added, px.
    at_x, at_y : float64 (W,), written
        Position, px; NaN where it is not known.
    """
    step, n = source.step, at_x.shape[0]
    row = y // step
    t = (y - row * step) / step
    # Weights of the four node rows (Lagrange).
    w0 = -t * (t - 1.0) * (t - 2.0) / 6.0
    w1 = (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0
    w2 = -(t + 1.0) * t * (t - 2.0) / 2.0
    w3 = (t + 1.0) * t * (t - 1.0) / 6.0
    nodes = source.node_x.shape[1]
    for axis in range(2):
        node, out, more = (source.node_x, at_x, x0) if axis == 0 else (source.node_y, at_y, y0)
        line = np.empty(nodes)
        for i in range(nodes):
            line[i] = (w0 * node[row, i] + w1 * node[row + 1, i]) + (w2 * node[row + 2, i] + w3 * node[row + 3, i])
        for cell in range(nodes - 3):
            a, b, c, d = cubic(line[cell], line[cell + 1], line[cell + 2], line[cell + 3])
            first = cell * step
            for x in range(first, min(n, first + step)):
                s = (x - first) / step
                out[x] = more + a + s * (b + s * (c + s * d))


@jit
def warp_row(source: Source, at_x: np.ndarray, at_y: np.ndarray, out: np.ndarray, k: int) -> None:
    """Sample the frame at given places with four taps an axis.

    Parameters
    ----------
    source : Source
        The frame.
    at_x, at_y : float64 (W,)
        Where, px.
    out : float32 (K, W), row ``k`` written
        NaN where a tap falls outside the frame or the nearest pixel is bad.
    k : int
        Which row.
    """
    image, bad, table = source.image, source.bad, source.taps
    height, width = image.shape
    flat, marks, taps = image.ravel(), bad.ravel(), table.ravel()
    steps = table.shape[0] - 1
    checked = bad.shape[0] > 0
    # Unsigned: no test for negative indices.
    one, two, three, row = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(width)
    four, five, six, seven = np.uint64(4), np.uint64(5), np.uint64(6), np.uint64(7)
    for x in range(at_x.shape[0]):
        u, v = at_x[x], at_y[x]
        if not (u >= 1.0 and v >= 1.0 and u < width - 2 and v < height - 2):
            out[k, x] = np.nan
            continue
        i, j = int(u), int(v)
        pu, pv = (u - i) * steps, (v - j) * steps
        ku, kv = min(int(pu), steps - 1), min(int(pv), steps - 1)
        if checked and marks[np.uint64(int(v + 0.5) * width + int(u + 0.5))] != 0:
            out[k, x] = np.nan
            continue
        su, sv = np.float32(pu - ku), np.float32(pv - kv)
        a, b = np.uint64(4 * ku), np.uint64(4 * kv)
        a0 = taps[a] + su * (taps[a + four] - taps[a])
        a1 = taps[a + one] + su * (taps[a + five] - taps[a + one])
        a2 = taps[a + two] + su * (taps[a + six] - taps[a + two])
        a3 = taps[a + three] + su * (taps[a + seven] - taps[a + three])
        b0 = taps[b] + sv * (taps[b + four] - taps[b])
        b1 = taps[b + one] + sv * (taps[b + five] - taps[b + one])
        b2 = taps[b + two] + sv * (taps[b + six] - taps[b + two])
        b3 = taps[b + three] + sv * (taps[b + seven] - taps[b + three])
        p = np.uint64((j - 1) * width + i - 1)
        q = p + row
        r = q + row
        s = r + row
        line0 = (a0 * flat[p] + a1 * flat[p + one]) + (a2 * flat[p + two] + a3 * flat[p + three])
        line1 = (a0 * flat[q] + a1 * flat[q + one]) + (a2 * flat[q + two] + a3 * flat[q + three])
        line2 = (a0 * flat[r] + a1 * flat[r + one]) + (a2 * flat[r + two] + a3 * flat[r + three])
        line3 = (a0 * flat[s] + a1 * flat[s + one]) + (a2 * flat[s + two] + a3 * flat[s + three])
        out[k, x] = (b0 * line0 + b1 * line1) + (b2 * line2 + b3 * line3)


@jit
def warp_rows(source: Source, x0: float, y0: float, first: int, last: int, out: np.ndarray) -> None:
    """Resample rows ``first`` to ``last - 1`` of the grid: ``out(p) = image(map(p) + (x0, y0))``.

    Parameters
    ----------
    source : Source
        Frame and map.
    x0, y0 : float
        Shift on the frame, px.
    first, last : int
        Rows.
    out : float32 (H, W), those rows written
        NaN where it is not known.
    """
    at_x, at_y = np.empty(out.shape[1]), np.empty(out.shape[1])
    for y in range(first, last):
        place_row(source, y, x0, y0, at_x, at_y)
        warp_row(source, at_x, at_y, out, y)


@jit
def warped_sums(
    source: Source,
    x0: float,
    y0: float,
    background: Background,
    lag: np.ndarray,
    floor: float,
    most: float,
    stride: int,
    work: np.ndarray,
) -> np.ndarray:
    """As `registration.gradient_sums`, of a frame along its map and a shift; only the rows sampled are made.

    Parameters
    ----------
    source : Source
        Frame and map.
    x0, y0 : float
        Shift supposed, px on the frame.
    background, lag, floor, most, stride, work
        As there.

    Returns
    -------
    float64 (8,)
        As there.
    """
    height, n = background.level.shape
    at_x, at_y = np.empty(n), np.empty(n)
    mean_rows = np.empty((3, n), np.float32)
    work[:LANES] = np.float32(0.0)
    for y in range(1 + (stride - 1) // 2, height - 1, stride):
        place_row(source, y, x0, y0, at_x, at_y)
        warp_row(source, at_x, at_y, work, MOVED)
        add_row(background, lag, floor, most, y, mean_rows, work)
    return total_lanes(work, n)


@jit
def nearest_rows(value: np.ndarray, source: Source, fill: float, out: np.ndarray) -> None:
    """Write the nearest pixel along a map: for what must not be blended, as ages are.

    Parameters
    ----------
    value : float32 or uint16 (H, W)
        What to carry over.
    source : Source
        Its map.
    fill : float
        Where there is none.
    out : as ``value``, written
        On the grid.
    """
    height, width = value.shape
    at_x, at_y = np.empty(out.shape[1]), np.empty(out.shape[1])
    for y in range(out.shape[0]):
        place_row(source, y, 0.0, 0.0, at_x, at_y)
        for x in range(out.shape[1]):
            u, v = at_x[x] + 0.5, at_y[x] + 0.5
            if u >= 0.0 and v >= 0.0 and u < width and v < height:
                out[y, x] = value[int(v), int(u)]
            else:
                out[y, x] = fill


@jit
def whole_frame(frame: Frame, image: np.ndarray, bad: np.ndarray) -> None:
    """Write a frame in calibrated DN, bad pixels filled from their rows, and mark those.

    Parameters
    ----------
    frame : Frame
        The band.
    image : float32 (H, W), written
        Calibrated DN.
    bad : uint8 (H, W), written
        1 where a pixel is only filled in.
    """
    width = image.shape[1]
    row = np.empty((1, width + 2 * PAD), np.float32)
    for y in range(image.shape[0]):
        calibrated_row(frame, y, row, 0)
        for x in range(width):
            image[y, x] = row[0, PAD + x]
            bad[y, x] = 0
        for i in range(frame.bad_start[y], frame.bad_start[y + 1]):
            bad[y, frame.bad_x[i]] = 1
