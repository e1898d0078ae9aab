"""Slow, obvious twins of the kernels of `boostwatch_kernels.warp`."""

import numpy as np


def weights(t):
    """Lagrange weights of values at -1, 0, 1 and 2."""
    at = np.array([-1.0, 0.0, 1.0, 2.0])
    return np.array([np.prod([(t - b) / (a - b) for b in at if b != a]) for a in at])


def place(source, x, y):
    """Where a pixel of the grid lies in the frame."""
    i, j = x // source.step, y // source.step
    across, down = weights(x / source.step - i), weights(y / source.step - j)
    return tuple(down @ node[j : j + 4, i : i + 4] @ across for node in (source.node_x, source.node_y))


def taps(source, fraction):
    steps = len(source.taps) - 1
    k = min(int(fraction * steps), steps - 1)
    return source.taps[k] + (fraction * steps - k) * (source.taps[k + 1].astype(float) - source.taps[k])


def warped(source, x0, y0, shape):
    """The frame on the grid; NaN where a tap falls outside or the nearest pixel is bad."""
    height, width = source.image.shape
    out = np.full(shape, np.nan)
    for y in range(shape[0]):
        for x in range(shape[1]):
            u, v = place(source, x, y)
            u, v = u + x0, v + y0
            if not (1 <= u < width - 2 and 1 <= v < height - 2):
                continue
            if source.bad.size and source.bad[int(np.floor(v + 0.5)), int(np.floor(u + 0.5))]:
                continue
            i, j = int(u), int(v)
            out[y, x] = taps(source, v - j) @ source.image[j - 1 : j + 3, i - 1 : i + 3] @ taps(source, u - i)
    return out


def nearest(value, source, fill, shape):
    """The pixel nearest along the map."""
    out = np.full(shape, fill, float)
    for y in range(shape[0]):
        for x in range(shape[1]):
            i, j = (int(np.floor(c + 0.5)) for c in place(source, x, y))
            if 0 <= i < value.shape[1] and 0 <= j < value.shape[0]:
                out[y, x] = value[j, i]
    return out
