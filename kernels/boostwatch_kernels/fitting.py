"""Position and flux of point sources by maximum likelihood."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit
from .background import Background
from .detection import TILE_X, TILE_Y, Tiles
from .whitening import Rule


class Patch(NamedTuple):
    """What the fits read."""

    value: np.ndarray  # float32 (H, W): the resampled frame
    background: Background
    tiles: Tiles
    rule: Rule


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
def fit_peaks(patch: Patch, sigma: float, gain: float, reach: int, peaks: np.ndarray, fits: np.ndarray) -> None:
    """Fit position and flux of a point source at each peak: maximum likelihood by three Gauss-Newton steps.

    Parameters
    ----------
    patch : Patch
        Frame, background and tiles.
    sigma : float
        PSF, px.
    gain : float
        Electrons a DN, for the source's own shot noise.
    reach : int
        The patch has ``2 reach + 1`` pixels a side.
    peaks : float32 (N, 3)
        Row, column and q of each peak.
    fits : float64 (N, 8), written
        x, y (px), sigma_x, sigma_y (px), flux, sigma of the flux (DN), snr (in tile scales), reduced chi square.
        The sigmas hold the tile's scale and the source's own shot noise; the snr does not hold the latter.
    """
    height, width = patch.value.shape
    size = 2 * reach + 1
    share_x, slope_x = np.zeros(size), np.zeros(size)
    share_y, slope_y = np.zeros(size), np.zeros(size)
    data, weight = np.zeros((size, size)), np.zeros((size, size))
    mean, variance, age = patch.background.mean, patch.background.variance, patch.background.age
    rule = patch.rule
    for p in range(peaks.shape[0]):
        py, px = int(peaks[p, 0]), int(peaks[p, 1])
        scale = float(patch.tiles.scale[py // TILE_Y, px // TILE_X])
        typical = float(patch.tiles.variance[py // TILE_Y, px // TILE_X])
        for j in range(size):
            for i in range(size):
                y, x = py + j - reach, px + i - reach
                data[j, i] = 0.0
                weight[j, i] = 0.0
                if 0 <= y < height and 0 <= x < width:
                    e = float(patch.value[y, x]) - float(mean[y, x])
                    n_seen = float(age[y, x])
                    if e == e and n_seen >= rule.ripe:
                        v = (n_seen * float(variance[y, x]) + rule.shrink * typical) / (n_seen + rule.shrink)
                        data[j, i] = e
                        weight[j, i] = 1.0 / (v + rule.floor)
        ox, oy, flux = 0.0, 0.0, 0.0
        for step in range(4):
            line_spread(sigma, ox, share_x, slope_x)
            line_spread(sigma, oy, share_y, slope_y)
            pd, pp = 0.0, 0.0
            for j in range(size):
                for i in range(size):
                    m = share_y[j] * share_x[i]
                    pd += weight[j, i] * m * data[j, i]
                    pp += weight[j, i] * m * m
            flux = pd / (pp + 1e-300)
            if step == 3:
                break
            # The flux is linear and solved anew each time; what is left is a 2 x 2 step of the position.
            axx, axy, ayy, bx, by, afx, afy = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            for j in range(size):
                for i in range(size):
                    w = weight[j, i]
                    m = share_y[j] * share_x[i]
                    dx = flux * share_y[j] * slope_x[i]
                    dy = flux * slope_y[j] * share_x[i]
                    r = data[j, i] - flux * m
                    axx += w * dx * dx
                    axy += w * dx * dy
                    ayy += w * dy * dy
                    afx += w * m * dx
                    afy += w * m * dy
                    bx += w * dx * r
                    by += w * dy * r
            axx -= afx * afx / (pp + 1e-300)
            axy -= afx * afy / (pp + 1e-300)
            ayy -= afy * afy / (pp + 1e-300)
            det = axx * ayy - axy * axy
            if not det > 0.0:
                break
            ox = min(max(ox + (ayy * bx - axy * by) / det, -1.0), 1.0)
            oy = min(max(oy + (axx * by - axy * bx) / det, -1.0), 1.0)
        # Errors: Fisher information of (flux, x, y) with the source's own photons in the variance.
        axx, axy, ayy, aff, afx, afy, chi, count, pp, pd = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for j in range(size):
            for i in range(size):
                if weight[j, i] <= 0.0:
                    continue
                m = share_y[j] * share_x[i]
                own = max(flux, 0.0) * m / gain
                w = 1.0 / (scale * scale / weight[j, i] + own)
                dx = flux * share_y[j] * slope_x[i]
                dy = flux * slope_y[j] * share_x[i]
                r = data[j, i] - flux * m
                axx += w * dx * dx
                axy += w * dx * dy
                ayy += w * dy * dy
                aff += w * m * m
                afx += w * m * dx
                afy += w * m * dy
                chi += w * r * r
                count += 1.0
                pp += weight[j, i] * m * m
                pd += weight[j, i] * m * data[j, i]
        cxx = ayy * aff - afy * afy
        cyy = axx * aff - afx * afx
        cff = axx * ayy - axy * axy
        det = axx * cxx - axy * (axy * aff - afx * afy) + afx * (axy * afy - ayy * afx)
        fits[p, 0], fits[p, 1] = px + ox, py + oy
        if det > 0.0:
            fits[p, 2], fits[p, 3] = math.sqrt(cxx / det), math.sqrt(cyy / det)
            fits[p, 5] = math.sqrt(cff / det)
        else:
            fits[p, 2], fits[p, 3], fits[p, 5] = math.nan, math.nan, math.nan
        fits[p, 4] = flux
        fits[p, 6] = max(pd / math.sqrt(pp + 1e-300), float(peaks[p, 2])) / scale
        fits[p, 7] = chi / max(count - 3.0, 1.0)
