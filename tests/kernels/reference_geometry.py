"""Slow, obvious twins of the geometry kernels."""

import numpy as np


def ray_ellipsoid(origin, direction, equatorial_m, polar_m):
    """Solve the quadratic of each ray in long double; the nearer crossing ahead of the origin, else NaN."""
    out = np.full(origin.shape, np.nan)
    axes = np.array([equatorial_m, equatorial_m, polar_m], np.longdouble)
    for i in range(len(origin)):
        o, d = origin[i].astype(np.longdouble) / axes, direction[i].astype(np.longdouble) / axes
        a, b, c = (d * d).sum(), (o * d).sum(), (o * o).sum() - 1
        under = b * b - a * c
        if under < 0:
            continue
        crossings = [t for t in sorted([(-b - np.sqrt(under)) / a, (-b + np.sqrt(under)) / a]) if t >= 0]
        if crossings:
            out[i] = origin[i] + crossings[0] * direction[i]
    return out
