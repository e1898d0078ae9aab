"""From fitted peaks to detections: one for each source, whether point, extended or saturated."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

X, Y, SIGMA_X, SIGMA_Y, FLUX, FLUX_SIGMA, SNR, CHI, LEAST_WITHOUT = range(9)
VELOCITY = [9, 10]
ANSWER_POINT, ANSWER_BROAD, EXTENT_PX, HELD, UNREST = 11, 12, 13, 14, 15

BRIGHT = 4.0
"""Thresholds above which a source has wings to guard against."""

ORDINARY = 1.5
MISMATCH = 0.06
EXTENT = 0.25
"""Share of the peak that a pixel of the same source has at least."""

WIDE = 1.2
"""Answer of the broad template over the PSF's from which a source is wider than a point: 1.0 to 1.1 for points, whatever
lies beside them, 1.3 to 1.4 for lightning in cloud. A cloud's edge beside a point widens its outline, not its middle."""

WINDOW = 24
"""Half side of the patch in which an extended source is outlined, px."""


Difference = Callable[[slice, slice], NDArray[np.float32]]
"""Returns a window of the frame less its background, DN, NaN where not known; slices beyond the frame are cut."""


def clutter_factor(fits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much the noise around each fit exceeds what was expected, at least 1.

    What is left of a 5 x 5 patch when a point source is taken out has some 20 degrees of freedom: in noise a reduced
    chi square above `ORDINARY` is rare, at an edge that moves it is the rule. A real source's own departure from the
    PSF grows with its strength and is allowed for (`MISMATCH` of its snr).

    Parameters
    ----------
    fits : float64 (N, COLUMNS)
        From `boostwatch_kernels.fitting.fit_sources`.

    Returns
    -------
    float64 (N,)
    """
    out: NDArray[np.float64] = np.sqrt(np.maximum(1.0, (fits[:, CHI] - (MISMATCH * fits[:, SNR]) ** 2) / ORDINARY))
    return out


def select(
    fits: NDArray[np.float64], difference: Difference, threshold: float, psf_sigma: float
) -> NDArray[np.float64]:
    """Keep one fit for each source above the threshold.

    Strongest first: a fit is dropped when it lies within a pixel and a half of a stronger one, inside the outline of
    a stronger source, or below what a stronger one's wings and resampling leave around it (a fiftieth of its snr,
    falling with the square of the distance). A source that is wider than the PSF, as its outline is, gets the centroid
    and flux of the outline. At last the noise that is seen around each fit counts (`clutter_factor`).

    Parameters
    ----------
    fits : float64 (N, COLUMNS)
        From `boostwatch_kernels.fitting.fit_sources`.
    difference : callable
        What the peaks stand in.
    threshold : float
        Least snr.
    psf_sigma : float
        Gaussian PSF, px.

    Returns
    -------
    float64 (M, COLUMNS)
        In order of rows, then columns.
    """
    fits = fits[fits[:, SNR] >= threshold]
    if not len(fits):
        return fits
    order = np.argsort(-fits[:, SNR], kind="stable")
    fits = fits[order].copy()
    alive = np.ones(len(fits), bool)
    for i in range(len(fits)):
        if not alive[i]:
            continue
        dx, dy = fits[:, X] - fits[i, X], fits[:, Y] - fits[i, Y]
        square = dx * dx + dy * dy
        later = np.arange(len(fits)) > i
        alive &= ~(later & (square < 2.25))
        if fits[i, SNR] < BRIGHT * threshold:
            continue
        snr = fits[i, SNR]
        wing = snr * (np.exp(-square / (4.0 * (psf_sigma**2 + 1.0 / 12.0))) + 0.02 / (1.0 + square / 9.0))
        alive &= ~(later & (square < WINDOW**2) & (fits[:, SNR] < threshold + wing))
        inside, whole = _outline(fits[i], difference, psf_sigma)
        if inside is not None:
            x = np.clip(np.rint(dx).astype(int) + WINDOW, 0, 2 * WINDOW)
            y = np.clip(np.rint(dy).astype(int) + WINDOW, 0, 2 * WINDOW)
            alive &= ~(later & (np.maximum(abs(dx), abs(dy)) <= WINDOW) & inside[y, x])
            if whole is not None and fits[i, ANSWER_BROAD] > WIDE * fits[i, ANSWER_POINT]:
                fits[i, :6] = whole
                reach = np.argwhere(inside) - WINDOW
                fits[i, EXTENT_PX] = np.abs(reach).max()
    fits = fits[alive]
    misfit = np.where(fits[:, EXTENT_PX] > 0, 1.0, clutter_factor(fits))  # no point is expected of what is wide
    fits[:, [SIGMA_X, SIGMA_Y, FLUX_SIGMA]] *= misfit[:, None]
    fits[:, SNR] /= misfit
    fits = fits[fits[:, SNR] >= threshold]
    return fits[np.lexsort((fits[:, X], fits[:, Y]))]


def _outline(
    fit: NDArray[np.float64], difference: Difference, psf_sigma: float
) -> tuple[NDArray[np.bool_] | None, NDArray[np.float64] | None]:
    """Return the pixels of a source in a window around it, and its moments if it is wider than the PSF."""
    cx, cy = round(float(fit[X])), round(float(fit[Y]))
    size = 2 * WINDOW + 1
    patch = np.zeros((size, size))
    y0, x0 = max(0, cy - WINDOW), max(0, cx - WINDOW)
    seen = np.nan_to_num(difference(slice(y0, cy + WINDOW + 1), slice(x0, cx + WINDOW + 1)))
    at_y, at_x = y0 - cy + WINDOW, x0 - cx + WINDOW
    patch[at_y : at_y + seen.shape[0], at_x : at_x + seen.shape[1]] = seen
    near = patch[WINDOW - 1 : WINDOW + 2, WINDOW - 1 : WINDOW + 2]
    peak = float(near.max())
    labels, _ = ndimage.label(patch > EXTENT * peak, np.ones((3, 3)))
    j, i = np.unravel_index(int(np.argmax(near)), near.shape)
    name = labels[WINDOW - 1 + j, WINDOW - 1 + i]
    if name == 0:
        return None, None
    inside = labels == name
    # A Gaussian falls to EXTENT within sqrt(2 ln 4) sigma; an outline of more than twice that area is no point.
    area = math.pi * 2.0 * math.log(1.0 / EXTENT) * (psf_sigma**2 + 1.0 / 12.0)
    if np.count_nonzero(inside) <= 2.0 * area + 4.0:
        return ndimage.binary_dilation(inside, np.ones((3, 3), bool)), None
    weight = np.where(inside, patch, 0.0)
    total = float(weight.sum())
    rows, columns = np.mgrid[-WINDOW : WINDOW + 1, -WINDOW : WINDOW + 1]
    mx, my = float((weight * columns).sum()) / total, float((weight * rows).sum()) / total
    vx = float((weight * (columns - mx) ** 2).sum()) / total
    vy = float((weight * (rows - my) ** 2).sum()) / total
    snr = max(float(fit[SNR]), 1.0)
    noise = float(fit[FLUX_SIGMA]) * math.sqrt(np.count_nonzero(inside) / (4.0 * math.pi * psf_sigma**2 + 1.0))
    whole = np.array([cx + mx, cy + my, math.sqrt(vx) / snr + 0.05, math.sqrt(vy) / snr + 0.05, total, noise])
    return ndimage.binary_dilation(inside, np.ones((5, 5), bool)), whole
