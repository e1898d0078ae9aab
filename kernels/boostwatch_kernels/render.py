"""Scene resampling under sub-pixel line-of-sight shift.

A scene is a canvas of cells, ``oversample`` to a pixel, each of even radiance. Optics and pixel box act on it as one
separable filter whose taps are exact integrals over the cells at the frame's own sub-pixel shift, so that a shift is
never an interpolation of pixels.
"""

import math

import numpy as np

from ._jit import jit


@jit
def _step_integral(t: float, sigma: float) -> float:
    """Integral of the Gaussian distribution function from minus infinity to ``t``."""
    z = t / sigma
    return t * 0.5 * math.erfc(-z / math.sqrt(2.0)) + sigma * math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


@jit
def filter_taps(centre: float, box: float, sigma: float, taps: np.ndarray) -> int:
    """Weights of canvas cells in one pixel along one axis: the pixel box blurred by the Gaussian optics.

    Parameters
    ----------
    centre : float
        Middle of the pixel in cells; cell ``c`` spans ``[c, c + 1]``.
    box, sigma : float
        Width of the pixel and sigma of the optics, in cells; both positive.
    taps : float32 (K,), written
        Weights, sum 1.

    Returns
    -------
    int
        The cell that the first weight belongs to.
    """
    count = taps.shape[0]
    first: int = math.floor(centre - 0.5 * count + 0.5)
    edges = np.empty(count + 1)
    for k in range(count + 1):
        t = first + k - centre
        edges[k] = (_step_integral(t + 0.5 * box, sigma) - _step_integral(t - 0.5 * box, sigma)) / box
    total = edges[count] - edges[0]
    for k in range(count):
        taps[k] = (edges[k + 1] - edges[k]) / total
    return first


@jit
def _blend(
    row: np.ndarray,
    alpha0: np.ndarray,
    alpha1: np.ndarray,
    light0: np.ndarray,
    light1: np.ndarray,
    weights: tuple[np.float32, np.float32, np.float32, np.float32],
) -> None:
    """Lay one stretch of two neighbouring rows of a layer over a row of the canvas, in place."""
    w00, w01, w10, w11 = weights
    alpha0_next, alpha1_next, light0_next, light1_next = alpha0[1:], alpha1[1:], light0[1:], light1[1:]
    for c in range(row.shape[0]):
        a = alpha0[c] * w00 + alpha0_next[c] * w01 + alpha1[c] * w10 + alpha1_next[c] * w11
        b = light0[c] * w00 + light0_next[c] * w01 + light1[c] * w10 + light1_next[c] * w11
        row[c] = row[c] * (np.float32(1) - a) + b


@jit
def add_layer(canvas: np.ndarray, alpha: np.ndarray, light: np.ndarray, dx: float, dy: float) -> None:
    """Lay a drifting, partly transparent layer over a canvas, in place: ``canvas*(1 - alpha) + light``.

    Parameters
    ----------
    canvas : float32 (N, M), changed
    alpha, light : float32 (N, M)
        Opacity and premultiplied radiance of the layer, periodic in both axes.
    dx, dy : float
        Shift of the layer in cells; linear interpolation between cells.
    """
    n, m = canvas.shape
    sy, sx = math.floor(-dy), math.floor(-dx)
    fy, fx = np.float32(-dy - sy), np.float32(-dx - sx)
    w00, w01 = (np.float32(1) - fy) * (np.float32(1) - fx), (np.float32(1) - fy) * fx
    w10, w11 = fy * (np.float32(1) - fx), fy * fx
    sx = sx % m
    one = np.float32(1)
    for r in range(n):
        a0, a1 = alpha[(r + sy) % n], alpha[(r + sy + 1) % n]
        l0, l1 = light[(r + sy) % n], light[(r + sy + 1) % n]
        row = canvas[r]
        seam = m - 1 - sx
        a = a0[m - 1] * w00 + a0[0] * w01 + a1[m - 1] * w10 + a1[0] * w11
        b = l0[m - 1] * w00 + l0[0] * w01 + l1[m - 1] * w10 + l1[0] * w11
        row[seam] = row[seam] * (one - a) + b
        # Before and after the seam by slices: an index that might be negative keeps a loop from vectorising.
        _blend(row[:seam], a0[sx:], a1[sx:], l0[sx:], l1[sx:], (w00, w01, w10, w11))
        _blend(row[seam + 1 :], a0, a1, l0, l1, (w00, w01, w10, w11))


@jit
def decimate(
    canvas: np.ndarray, taps_y: np.ndarray, taps_x: np.ndarray, first: tuple[int, int], step: int, out: np.ndarray
) -> None:
    """Filter a canvas and keep one value a pixel.

    Parameters
    ----------
    canvas : float32 (N, M)
    taps_y, taps_x : float32 (K,)
        Weights along columns and rows; K is a multiple of four.
    first : tuple of int
        Cell (row, column) of the first weight of pixel (0, 0); all cells used must lie on the canvas.
    step : int
        Cells a pixel.
    out : float32 (H, W), written
    """
    height, width = out.shape
    count = taps_x.shape[0]
    span = (width - 1) * step + count
    phases = (span + step - 1) // step
    column = np.empty(span, np.float32)
    phase = np.zeros((step, phases), np.float32)
    for i in range(height):
        column[:] = np.float32(0)
        top, left = i * step + first[0], first[1]
        for k in range(0, count, 4):  # four rows a sweep: the running sum is loaded and stored a quarter as often
            w0, w1, w2, w3 = taps_y[k], taps_y[k + 1], taps_y[k + 2], taps_y[k + 3]
            # Slices, since an index that might be negative keeps a loop from vectorising.
            r0, r1 = canvas[top + k, left : left + span], canvas[top + k + 1, left : left + span]
            r2, r3 = canvas[top + k + 2, left : left + span], canvas[top + k + 3, left : left + span]
            for c in range(span):
                column[c] += (w0 * r0[c] + w1 * r1[c]) + (w2 * r2[c] + w3 * r3[c])
        for p in range(step):  # one phase a row: the horizontal pass then runs along unit strides
            for c in range((span - p + step - 1) // step):
                phase[p, c] = column[c * step + p]
        line = out[i]
        line[:] = np.float32(0)
        for k in range(0, count, 4):
            w0, w1, w2, w3 = taps_x[k], taps_x[k + 1], taps_x[k + 2], taps_x[k + 3]
            p0, p1 = phase[k % step, k // step :], phase[(k + 1) % step, (k + 1) // step :]
            p2, p3 = phase[(k + 2) % step, (k + 2) // step :], phase[(k + 3) % step, (k + 3) // step :]
            for j in range(width):
                line[j] += (w0 * p0[j] + w1 * p1[j]) + (w2 * p2[j] + w3 * p3[j])
