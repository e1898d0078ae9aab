"""Light of small sources spread over pixels: exact for Gaussian optics, from a fine table for any others.

A source is a cloud of points that share its light: the path of a point during the exposure, an extended body, or both.
Every point touches the pixels of its own footprint alone, whatever the extent of the whole.
"""

import math

import numpy as np

from ._jit import brief_jit, jit

GAUSSIAN_REACH = 5.5
"""Footprint of a Gaussian in sigmas; a hundred-millionth of the light lies outside."""
_MAX_BOX = 1 << 22  # pixels; a source wider than that is followed over the image and its surroundings alone


@jit
def _box(x: np.ndarray, y: np.ndarray, reach: int, shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return first column, first row, columns and rows of the box around all footprints; NaN points do not count."""
    x0, x1, y0, y1 = np.inf, -np.inf, np.inf, -np.inf
    for k in range(x.shape[0]):
        if math.isfinite(x[k]) and math.isfinite(y[k]):
            x0, x1, y0, y1 = min(x0, x[k]), max(x1, x[k]), min(y0, y[k]), max(y1, y[k])
    if not x0 <= x1:
        return 0, 0, 0, 0
    left, right, top, bottom = x0 - reach, x1 + reach, y0 - reach, y1 + reach
    if (right - left + 2.0) * (bottom - top + 2.0) > _MAX_BOX:
        left, right = max(left, -2.0 * reach), min(right, shape[1] + 2.0 * reach)
        top, bottom = max(top, -2.0 * reach), min(bottom, shape[0] + 2.0 * reach)
        if not (left <= right and top <= bottom):
            return 0, 0, 0, 0
    first_x: int = math.floor(left + 0.5)
    first_y: int = math.floor(top + 0.5)
    return first_x, first_y, math.floor(right + 0.5) - first_x + 1, math.floor(bottom + 0.5) - first_y + 1


@jit
def _add(image: np.ndarray, stamp: np.ndarray, left: int, top: int, electrons: float) -> float:
    """Add a stamp of pixel shares to an image where they overlap; return the sum of its squares."""
    height, width = image.shape
    square = 0.0
    for r in range(stamp.shape[0]):
        for c in range(stamp.shape[1]):
            square += stamp[r, c] * stamp[r, c]
    c0, c1 = max(0, -left), min(stamp.shape[1], width - left)
    for r in range(max(0, -top), min(stamp.shape[0], height - top)):
        for c in range(c0, c1):
            image[top + r, left + c] += np.float32(electrons * stamp[r, c])
    return square


@jit
def _pixel_shares(first: float, scale: float, out: np.ndarray) -> None:
    """Write the shares of pixels at ``first``, ``first + 1``.. in a Gaussian at 0; neighbours share an edge."""
    before = math.erf((first - 0.5) * scale)
    for k in range(out.shape[0]):
        after = math.erf((first + k + 0.5) * scale)
        out[k] = 0.5 * (after - before)
        before = after


@brief_jit
def stamp_gaussian(
    image: np.ndarray, x: np.ndarray, y: np.ndarray, share: np.ndarray, electrons: float, sigma: float
) -> float:
    """Add a source, integrated exactly over each pixel under Gaussian optics.

    Parameters
    ----------
    image : float32 (H, W), changed
        What falls outside is lost.
    x, y : float64 (K,)
        Points that make up the source, px; one that is not finite is left out.
    share : float64 (K,)
        Of the light, sum 1.
    electrons : float
        Signal of the whole source.
    sigma : float
        Of the optics, px.

    Returns
    -------
    float
        Sum of the squared pixel shares of the whole source, on the image or off it.
    """
    reach: int = math.ceil(GAUSSIAN_REACH * sigma) + 1
    left, top, columns, rows = _box(x, y, reach, image.shape)
    stamp = np.zeros((rows, columns))
    size = 2 * reach + 1
    across, down = np.empty(size), np.empty(size)
    scale = 1.0 / (sigma * math.sqrt(2.0))
    for k in range(x.shape[0]):
        if not (math.isfinite(x[k]) and math.isfinite(y[k])):
            continue
        if not (left - reach < x[k] < left + columns + reach and top - reach < y[k] < top + rows + reach):
            continue
        c0: int = math.floor(x[k] + 0.5) - reach
        r0: int = math.floor(y[k] + 0.5) - reach
        _pixel_shares(c0 - x[k], scale, across)
        _pixel_shares(r0 - y[k], scale, down)
        first, last = max(c0, left), min(c0 + size, left + columns)
        for r in range(max(r0, top), min(r0 + size, top + rows)):
            weight = down[r - r0] * share[k]
            to, part = stamp[r - top, first - left : last - left], across[first - c0 : last - c0]
            for c in range(to.shape[0]):
                to[c] += weight * part[c]
    return _add(image, stamp, left, top, electrons)


@jit
def cubic_weights(fraction: float, out: np.ndarray) -> None:
    """Write the weights (4,) of Lagrange's cubic through -1, 0, 1, 2 at ``fraction`` (0 to 1); their sum is 1."""
    f = fraction
    out[0] = -f * (f - 1.0) * (f - 2.0) / 6.0
    out[1] = (f + 1.0) * (f - 1.0) * (f - 2.0) / 2.0
    out[2] = -(f + 1.0) * f * (f - 2.0) / 2.0
    out[3] = (f + 1.0) * f * (f - 1.0) / 6.0


@brief_jit
def stamp_table(
    image: np.ndarray, x: np.ndarray, y: np.ndarray, share: np.ndarray, electrons: float, table: np.ndarray
) -> float:
    """Like `stamp_gaussian` for any point spread, given as a table of its pixel shares by sub-pixel position.

    Parameters
    ----------
    image, x, y, share, electrons
        See `stamp_gaussian`.
    table : float32 (S + 3, S + 3, N, N)
        Shares of the N x N pixels around the source's own, N odd, of a source ``(k - 1)/S - 1/2`` px from the middle of
        its pixel; axes (sub-pixel y, sub-pixel x, y, x). Each plane sums to 1. Cubic interpolation between planes.

    Returns
    -------
    float
        See `stamp_gaussian`.
    """
    steps, size = table.shape[0] - 3, table.shape[2]
    reach = size // 2
    left, top, columns, rows = _box(x, y, reach, image.shape)
    stamp = np.zeros((rows, columns), np.float32)
    wx, wy = np.empty(4), np.empty(4)
    for k in range(x.shape[0]):
        if not (math.isfinite(x[k]) and math.isfinite(y[k])):
            continue
        if not (left - reach < x[k] < left + columns + reach and top - reach < y[k] < top + rows + reach):
            continue
        column: int = math.floor(x[k] + 0.5)
        row: int = math.floor(y[k] + 0.5)
        tx, ty = (x[k] - column + 0.5) * steps, (y[k] - row + 0.5) * steps
        px: int = min(math.floor(tx), steps - 1)
        py: int = min(math.floor(ty), steps - 1)
        cubic_weights(tx - px, wx)
        cubic_weights(ty - py, wy)
        c0, r0 = column - reach, row - reach
        first, last = max(c0, left), min(c0 + size, left + columns)
        for r in range(max(r0, top), min(r0 + size, top + rows)):
            out = stamp[r - top, first - left : last - left]
            for a in range(4):
                w0, w1 = np.float32(wy[a] * wx[0] * share[k]), np.float32(wy[a] * wx[1] * share[k])
                w2, w3 = np.float32(wy[a] * wx[2] * share[k]), np.float32(wy[a] * wx[3] * share[k])
                # Slices of unit stride, so that the sum over four planes vectorises.
                t0, t1 = table[py + a, px, r - r0, first - c0 :], table[py + a, px + 1, r - r0, first - c0 :]
                t2, t3 = table[py + a, px + 2, r - r0, first - c0 :], table[py + a, px + 3, r - r0, first - c0 :]
                for c in range(out.shape[0]):
                    out[c] += (w0 * t0[c] + w1 * t1[c]) + (w2 * t2[c] + w3 * t3[c])
    return _add(image, stamp, left, top, electrons)


@jit
def add_enlarged(image: np.ndarray, small: np.ndarray, factor: int, scale: float) -> None:
    """Add a coarse image, enlarged by linear interpolation and held constant at its rim, in place.

    Parameters
    ----------
    image : float32 (H, W), changed
    small : float32 (h, w)
        One value for every ``factor`` x ``factor`` pixels; ``h*factor >= H``, ``w*factor >= W``.
    factor : int
    scale : float
        Factor to ``small``.
    """
    rows, columns = small.shape
    line = np.empty(columns + 2, np.float32)
    for i in range(image.shape[0]):
        t = (i - 0.5 * (factor - 1)) / factor
        r: int = math.floor(t)
        above, below = small[min(max(r, 0), rows - 1)], small[min(max(r + 1, 0), rows - 1)]
        w1 = np.float32(scale * (t - r))
        w0 = np.float32(scale) - w1
        for c in range(columns):
            line[c + 1] = w0 * above[c] + w1 * below[c]
        line[0], line[columns + 1] = line[1], line[columns]
        for j in range(image.shape[1]):
            u = (j + 0.5 * (factor + 1)) / factor  # place in the line, which starts one cell early
            c = int(u)
            f = np.float32(u - c)
            image[i, j] += line[c] + (line[c + 1] - line[c]) * f


@jit
def shrink(image: np.ndarray, factor: int, small: np.ndarray) -> None:
    """Share an image out to coarse cells, the inverse way of `add_enlarged`: sum and centre of light stay.

    Parameters
    ----------
    image : float32 (H, W)
    factor : int
    small : float32 (h, w), changed
        Mean over ``factor`` x ``factor`` pixels is added; ``h*factor >= H``, ``w*factor >= W``.
    """
    rows, columns = small.shape
    line = np.empty(columns + 2, np.float32)
    norm = np.float32(1.0 / (factor * factor))
    for i in range(image.shape[0]):
        line[:] = np.float32(0)
        for j in range(image.shape[1]):
            u = (j + 0.5 * (factor + 1)) / factor  # place in the line, which starts one cell early
            c = int(u)
            part = image[i, j] * np.float32(u - c)
            line[c] += image[i, j] - part
            line[c + 1] += part
        line[1] += line[0]
        line[columns] += line[columns + 1]
        t = (i - 0.5 * (factor - 1)) / factor
        r: int = math.floor(t)
        above, below = small[min(max(r, 0), rows - 1)], small[min(max(r + 1, 0), rows - 1)]
        w1 = np.float32(t - r) * norm
        w0 = norm - w1
        for c in range(columns):
            above[c] += w0 * line[c + 1]
            below[c] += w1 * line[c + 1]
