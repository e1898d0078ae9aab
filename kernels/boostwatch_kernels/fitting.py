"""Position, motion and flux of point sources by maximum likelihood."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit
from .background import TILE_X, TILE_Y, Background
from .packed import widen
from .ring import Group, Ring

COLUMNS = 16
"""Numbers of a fit: x, y (px), sigma_x, sigma_y (px), flux, sigma of the flux (DN), snr (in tile scales), reduced chi
square, least snr without any one frame, velocity along x and y (px/frame); the matched filter's answers to the PSF and
to a broad template; and, written by nobody here, half side of its outline where it is no point, else 0, the light held
by the background, and the unrest of the place."""

BROAD = 2.1
"""Variance of the broad template over the PSF's."""

BREADTH_REACH = 4
"""Half side of the patch that is looked at for breadth, px."""

STEPS = 2
LONGEST = 1.0
"""Greatest distance of a fit from its peak, px."""


class Patch(NamedTuple):
    """What the fits read."""

    ring: Ring
    group: Group  # frames, newest last; those missing point to the blank slot
    time: np.ndarray  # float64 (K,), frames from the newest: <= 0
    background: Background
    lag: np.ndarray  # float32 (strips,): frames from each strip's level to the newest frame
    scale: np.ndarray  # float32 (TY, TX): standard deviation of q


class Lens(NamedTuple):
    """The point source that is looked for."""

    sigma: float  # PSF, px
    gain: float  # electrons a DN, for the source's own shot noise
    reach: int  # each patch has 2 reach + 1 pixels a side
    fastest: float  # px a frame; 0 fits no motion
    least: float  # snr below which a fit's breadth does not matter


@jit
def read_patch(
    patch: Patch, i: int, centre_y: int, centre_x: int, reach: int, data: np.ndarray, weight: np.ndarray
) -> None:
    """Write innovations (DN) and weights (1/DN^2) around a pixel of member ``i``, float64 (2 reach + 1)^2; else 0."""
    background, group = patch.background, patch.group
    frames, code = patch.ring.frames, patch.ring.code
    height, width = background.level.shape
    slot, move_y, move_x = group.slot[i], group.move_y[i], group.move_x[i]
    for j in range(2 * reach + 1):
        y = centre_y + j - reach
        for k in range(2 * reach + 1):
            x = centre_x + k - reach
            data[j, k] = 0.0
            weight[j, k] = 0.0
            row, column = y - move_y, x - move_x
            if not (0 <= y < height and 0 <= x < width and 0 <= row < height and 0 <= column < width):
                continue
            v = frames[slot, row, column]
            w = float(widen(background.weight[y, x]))
            if v > code.least and w > 0.0:
                far = float(patch.lag[y // TILE_Y]) + patch.time[i]
                m = float(background.level[y, x]) + far * float(widen(background.slope[y, x]))
                e = float(v) * float(code.unit) - m
                if e == e:
                    data[j, k] = e
                    weight[j, k] = w * w


@jit
def line_spread(sigma: float, offset: float, share: np.ndarray, slope: np.ndarray) -> None:
    """Write a Gaussian integrated over pixels and its derivative to the position.

    Parameters
    ----------
    sigma : float
        Standard deviation, px.
    offset : float
        Position from the centre of the middle pixel, px.
    share, slope : float64 (2 R + 1,), written
        Fraction of the light in each pixel, and its derivative to ``offset``, 1/px.
    """
    half = share.shape[0] // 2
    root = 1.0 / (sigma * math.sqrt(2.0))
    norm = 1.0 / (sigma * math.sqrt(2.0 * math.pi))
    z = (-half - 0.5 - offset) * root
    low, low_g = math.erf(z), math.exp(-z * z) * norm
    for i in range(share.shape[0]):
        z = (i - half + 0.5 - offset) * root
        high, high_g = math.erf(z), math.exp(-z * z) * norm
        share[i] = 0.5 * (high - low)
        slope[i] = low_g - high_g
        low, low_g = high, high_g


@jit
def solve(matrix: np.ndarray, right: np.ndarray, n: int) -> bool:
    """Solve the leading ``n`` of a symmetric system in place, the solution in ``right``; tell if it is positive."""
    for i in range(n):
        if not matrix[i, i] > 0.0:
            return False
        for j in range(i + 1, n):
            f = matrix[j, i] / matrix[i, i]
            for k in range(i, n):
                matrix[j, k] -= f * matrix[i, k]
            right[j] -= f * right[i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            right[i] -= matrix[i, k] * right[k]
        right[i] /= matrix[i, i]
    return True


@jit
def fit_sources(patch: Patch, lens: Lens, starts: np.ndarray, fits: np.ndarray) -> None:
    """Fit position, motion and flux of a point source at each start: maximum likelihood by Gauss-Newton steps.

    The flux is linear and solved anew each time; what is left is a step of position and velocity. Over one frame this
    is the fit of a still source. Under no motion the snr is the matched filter's value at the fitted place.

    Parameters
    ----------
    patch : Patch
        Frames, background and tiles.
    lens : Lens
        Shape and limits of the source.
    starts : float64 (N, 4)
        x, y at the newest frame (px), velocity along x and y (px/frame).
    fits : float64 (N, COLUMNS), written
        Position and its sigmas are those at the newest frame. The sigmas hold the tile's scale and the source's own
        shot noise (inverse of the Fisher information of all parameters); the snr does not hold the latter.
    """
    reach, members = lens.reach, patch.group.slot.shape[0]
    size = 2 * reach + 1
    share_x, slope_x, share_y, slope_y = np.zeros(size), np.zeros(size), np.zeros(size), np.zeros(size)
    data, weight = np.zeros((size, size)), np.zeros((size, size))
    tops, bottoms = np.zeros(members), np.zeros(members)
    free = 4 if lens.fastest > 0.0 else 2
    matrix, reduced, right = np.zeros((5, 5)), np.zeros((5, 5)), np.zeros(5)
    term = np.zeros(5)
    blank = patch.ring.frames.shape[0] - 1
    middle, count = 0.0, 0
    for i in range(members):
        if patch.group.slot[i] != blank:
            middle += patch.time[i]
            count += 1
    middle /= max(count, 1)
    for p in range(starts.shape[0]):
        vx, vy = starts[p, 2], starts[p, 3]
        x0, y0 = starts[p, 0] + vx * middle, starts[p, 1] + vy * middle
        x, y = x0, y0
        tile_y = min(max(round(starts[p, 1]) // TILE_Y, 0), patch.scale.shape[0] - 1)
        tile_x = min(max(round(starts[p, 0]) // TILE_X, 0), patch.scale.shape[1] - 1)
        scale = float(patch.scale[tile_y, tile_x])
        flux, chi, pixels, pp, pd = 0.0, 0.0, 0.0, 0.0, 0.0
        for step in range(STEPS + 2):
            final = step == STEPS + 1  # the errors, now that the flux is known
            matrix[:] = 0.0
            right[:] = 0.0
            for i in range(members):
                tops[i] = 0.0
                bottoms[i] = 0.0
                if patch.group.slot[i] == blank:
                    continue
                at = patch.time[i] - middle
                cx, cy = x + vx * at, y + vy * at
                px, py = round(cx), round(cy)
                read_patch(patch, i, py, px, reach, data, weight)
                line_spread(lens.sigma, cx - px, share_x, slope_x)
                line_spread(lens.sigma, cy - py, share_y, slope_y)
                for j in range(size):
                    for k in range(size):
                        w = weight[j, k]
                        if w == 0.0:
                            continue
                        m = share_y[j] * share_x[k]
                        tops[i] += w * m * data[j, k]
                        bottoms[i] += w * m * m
                        if step == STEPS:
                            continue
                        dx, dy = share_y[j] * slope_x[k], slope_y[j] * share_x[k]
                        if final:
                            w = 1.0 / (scale * scale / w + max(flux, 0.0) * m / lens.gain)
                            chi += w * (data[j, k] - flux * m) ** 2
                            pixels += 1.0
                            dx, dy = flux * dx, flux * dy
                        term[0], term[1], term[2], term[3], term[4] = dx, dy, at * dx, at * dy, m
                        for a in range(5):
                            for b in range(a, 5):
                                matrix[a, b] += w * term[a] * term[b]
                            right[a] += w * term[a] * data[j, k]
            if final:
                break
            pp, pd = bottoms.sum(), tops.sum()
            if not pp > 0.0:
                break
            flux = pd / pp
            if step == STEPS:
                continue
            # The flux is solved for; what is left are (A - c c' / pp) step = (right - flux c) / flux.
            for a in range(free):
                for b in range(a, free):
                    reduced[a, b] = matrix[a, b] - matrix[a, 4] * matrix[b, 4] / pp
                    reduced[b, a] = reduced[a, b]
                right[a] = (right[a] - flux * matrix[a, 4]) / (flux if flux != 0.0 else 1e-30)
            if free == 4:  # velocities far beyond the fastest are not believed
                tight = 1.0 / (flux * lens.fastest) ** 2
                reduced[2, 2] += tight
                reduced[3, 3] += tight
                right[2] -= tight * vx
                right[3] -= tight * vy
            if not solve(reduced, right, free):
                continue
            x = min(max(x + right[0], x0 - LONGEST), x0 + LONGEST)
            y = min(max(y + right[1], y0 - LONGEST), y0 + LONGEST)
            if free == 4:
                vx = min(max(vx + right[2], -lens.fastest), lens.fastest)
                vy = min(max(vy + right[3], -lens.fastest), lens.fastest)
        out = fits[p]
        out[:] = np.nan
        out[0], out[1] = x - vx * middle, y - vy * middle
        out[4] = flux
        out[6] = pd / math.sqrt(pp) / scale if pp > 0.0 else 0.0
        out[7] = chi / max(pixels - 1.0 - free, 1.0)
        out[8] = out[6]
        if count > 1:
            for i in range(members):
                if pp - bottoms[i] > 1e-9 * pp:
                    out[8] = min(out[8], (pd - tops[i]) / math.sqrt(pp - bottoms[i]) / scale)
        out[9], out[10] = vx, vy
        out[13] = 0.0
        errors(matrix, free, middle, out)
        if out[6] >= lens.least:
            answers(patch, lens, x, y, vx, vy, middle, out)


@jit
def answers(patch: Patch, lens: Lens, x: float, y: float, vx: float, vy: float, middle: float, out: np.ndarray) -> None:
    """Write the matched filter's answers to two Gaussians that move like a fit: of the PSF's width, and broader."""
    half, spread = BREADTH_REACH, lens.sigma * lens.sigma + 1.0 / 12.0
    data, weight = np.zeros((2 * half + 1, 2 * half + 1)), np.zeros((2 * half + 1, 2 * half + 1))
    top_point, bottom_point, top_broad, bottom_broad = 0.0, 1e-30, 0.0, 1e-30
    for i in range(patch.group.slot.shape[0]):
        if patch.group.slot[i] == patch.ring.frames.shape[0] - 1:
            continue
        at = patch.time[i] - middle
        cx, cy = x + vx * at, y + vy * at
        px, py = round(cx), round(cy)
        read_patch(patch, i, py, px, half, data, weight)
        for j in range(2 * half + 1):
            for k in range(2 * half + 1):
                if weight[j, k] == 0.0:
                    continue
                square = (j - half - (cy - py)) ** 2 + (k - half - (cx - px)) ** 2
                m = math.exp(-square / (2.0 * spread))
                top_point += m * weight[j, k] * data[j, k]
                bottom_point += m * m * weight[j, k]
                m = math.exp(-square / (2.0 * spread * BROAD))
                top_broad += m * weight[j, k] * data[j, k]
                bottom_broad += m * m * weight[j, k]
    out[11], out[12] = top_point / math.sqrt(bottom_point), top_broad / math.sqrt(bottom_broad)


@jit
def errors(matrix: np.ndarray, free: int, middle: float, out: np.ndarray) -> None:
    """Write the sigmas of a fit from the Fisher information of (x, y, vx, vy, flux), upper triangle in ``matrix``."""
    if free == 2:
        for a in range(2):
            matrix[a, 2] = matrix[a, 4]
        matrix[2, 2] = matrix[4, 4]
    n = free + 1
    inverse = np.zeros((5, 5))
    lower, column = np.zeros((5, 5)), np.zeros(5)
    for a in range(n):
        column[:] = 0.0
        column[a] = 1.0
        for b in range(n):
            for c in range(n):
                lower[b, c] = matrix[min(b, c), max(b, c)]
        if not solve(lower, column, n):
            return
        for b in range(n):
            inverse[a, b] = column[b]
    out[5] = math.sqrt(max(inverse[n - 1, n - 1], 0.0))
    for a in range(2):
        variance = inverse[a, a]
        if free == 4:
            variance += middle * middle * inverse[a + 2, a + 2] - 2.0 * middle * inverse[a, a + 2]
        out[2 + a] = math.sqrt(max(variance, 0.0))
