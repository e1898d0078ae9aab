"""Where the scene of a frame lies: one shift for all bands, from gradients, with a prior."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostwatch.detect.interpolation import Interpolator
from boostwatch_kernels.background import Background
from boostwatch_kernels.registration import Frame, Shift, gradient_sums
from boostwatch_kernels.warp import Source, warped_sums

STEPS = 6
"""Gauss-Newton steps at most; two to three is usual."""

SAMPLE = 16_384
"""Pixels a band that the last step looks at, about; those before it look at a quarter of them."""

NEAR, LAST = 0.03, 3
"""A step shorter than this, px, is followed by one with all the sample, and so are those before the last few."""

PRIOR_SIGMA = 0.3
"""1-sigma of the frame-to-frame motion supposed before any has been seen, px."""

LEAST_PRIOR = 0.05
"""Least 1-sigma of a prior, px."""

AGREEMENT = 0.55
"""Mean robust weight below which a fit is not believed: noise alone gives 0.87, a wrong shift in texture 0.3."""

LEAST_SAY = 1.0
"""Information, px^-2, that each band counts for at least in how well all agree."""

GRADIENT_NOISE = 0.1875
"""Variance of the smoothed gradient for unit white noise in the mean."""

STEEPEST = 20.0
"""Squared gradient over the mean that a pixel counts for at most: what stands alone is a defect or a source."""

SYSTEMATIC = 0.002
"""Least error reported, px: sampling and fixed pattern are not in the Fisher information."""


class Fit(NamedTuple):
    """Outcome of a registration."""

    dx: float
    dy: float
    sigma: float  # 1-sigma an axis, px
    agreement: float  # mean Cauchy weight, bands by their information: 0.87 for noise alone, less for a wrong shift
    informed: float  # px^-2: least eigenvalue of the information that the scene itself gave


class View(NamedTuple):
    """One band as the registration sees it."""

    frame: Frame | Source  # with its map, where the scene warps
    background: Background
    lag: NDArray[np.float32]  # frames from each strip's level to this frame
    floor: float
    frames: float  # effective number of frames in the mean
    most: NDArray[np.float64]  # (1,) squared gradient over a pixel's variance that counts in full; `register` learns it
    work: NDArray[np.generic]  # scratch of the kernels


def shift_of(interpolator: Interpolator, dx: float, dy: float) -> Shift:
    """Return the kernel's description of a shift."""
    step_x, taps_x = interpolator.taps(dx)
    step_y, taps_y = interpolator.taps(dy)
    return Shift(step_x, step_y, taps_x, taps_y)


def register(
    views: Sequence[View], interpolators: Sequence[Interpolator], start: tuple[float, float], prior_sigma: float
) -> Fit:
    """Fit the shift of a frame relative to the background.

    Information matrices and right-hand sides of all bands are added. What the gradient's own noise would feign is
    taken from the information, so that a band without texture says nothing and the prior stands.

    Parameters
    ----------
    views : sequence of View
        The bands that are good.
    interpolators : sequence of Interpolator
        One a view.
    start : (float, float)
        Shift predicted, px; also the mean of the prior.
    prior_sigma : float
        1-sigma of the prior an axis, px.

    Returns
    -------
    Fit
    """
    x, y = start
    prior = 1.0 / prior_sigma**2
    xx = xy = yy = agreement = 0.0
    fine = False
    for left in reversed(range(STEPS)):
        right_x, right_y = prior * (start[0] - x), prior * (start[1] - y)
        xx = xy = yy = agree = told = 0.0
        for view, interpolator in zip(views, interpolators, strict=True):
            height, width = view.background.level.shape
            stride = max(1, height * width * (1 if fine else 4) // SAMPLE)
            sums = _sums(view, interpolator, x, y, stride)
            view.most[0] = STEEPEST * (sums[0] + sums[2]) / sums[7] if sums[7] else view.most[0]
            sure = _debiased(sums[0], sums[1], sums[2], GRADIENT_NOISE * sums[5] / max(view.frames, 1.0))
            # What is taken from the information is taken from the pull as well, or noise would move the scene.
            pull_x, pull_y = _solve(sums[0] + 1e-12, sums[1], sums[2] + 1e-12, sums[3], sums[4])
            right_x -= sure[0] * pull_x + sure[1] * pull_y
            right_y -= sure[1] * pull_x + sure[2] * pull_y
            xx, xy, yy = xx + sure[0], xy + sure[1], yy + sure[2]
            # A band without texture agrees with any shift: each has a say by what it knows, and a little.
            say = (sure[0] + sure[2] + LEAST_SAY) if sums[7] else 0.0
            agree, told = agree + say * sums[5] / max(sums[7], 1.0), told + say
        agreement = agree / told if told else 0.0
        step_x, step_y = _solve(xx + prior, xy, yy + prior, right_x, right_y)
        size = math.hypot(step_x, step_y)
        limit = min(1.0, 1.0 / max(size, 1e-9))  # one pixel at most: gradients know no more
        x, y = x + limit * step_x, y + limit * step_y
        if fine and size < NEAR:
            break
        fine = fine or size < NEAR or left <= LAST
    # Half the trace of the inverse of the posterior information.
    variance = 0.5 * (xx + yy + 2.0 * prior) / ((xx + prior) * (yy + prior) - xy * xy)
    least = 0.5 * (xx + yy) - math.hypot(0.5 * (xx - yy), xy)
    return Fit(x, y, math.hypot(math.sqrt(variance), SYSTEMATIC), agreement, least)


def _sums(view: View, interpolator: Interpolator, x: float, y: float, stride: int) -> list[float]:
    """Return the sums of one band under a shift supposed."""
    frame, rest = view.frame, (view.background, view.lag, view.floor, float(view.most[0]), stride, view.work)
    if isinstance(frame, Source):
        sums: list[float] = warped_sums(frame, x, y, *rest).tolist()
    else:
        sums = gradient_sums(frame, shift_of(interpolator, x, y), *rest).tolist()
    return sums


def _solve(xx: float, xy: float, yy: float, right_x: float, right_y: float) -> tuple[float, float]:
    """Solve a symmetric 2 x 2 system."""
    determinant = xx * yy - xy * xy
    if not determinant > 0.0:
        return 0.0, 0.0
    return (yy * right_x - xy * right_y) / determinant, (xx * right_y - xy * right_x) / determinant


def _debiased(xx: float, xy: float, yy: float, noise: float) -> tuple[float, float, float]:
    """Take from an information matrix twice what white noise alone would put there: resampled noise is not white."""
    middle, radius = 0.5 * (xx + yy), math.hypot(0.5 * (xx - yy), xy)
    high, low = max(middle + radius - 2.0 * noise, 0.0), max(middle - radius - 2.0 * noise, 0.0)
    if radius <= 1e-12 * middle:
        return high, 0.0, low
    # The eigenvectors stay; cos and sin are those of twice the angle of the greater one.
    cos, sin = 0.5 * (xx - yy) / radius, xy / radius
    mean, half = 0.5 * (high + low), 0.5 * (high - low)
    return mean + half * cos, half * sin, mean - half * cos


def coarse_shift(image: NDArray[np.float32], reference: NDArray[np.float32]) -> tuple[float, float]:
    """Return the whole-pixel shift of an image by phase correlation, for when a step is too long for gradients.

    Parameters
    ----------
    image, reference : float32 (H, W)
        NaN counts as the mean.

    Returns
    -------
    (float, float)
        (dx, dy), px: ``image(p + shift)`` resembles ``reference(p)``. (Kuglin & Hines, 1975.)
    """
    window = np.hanning(image.shape[0])[:, None] * np.hanning(image.shape[1])[None, :]

    def spectrum(a: NDArray[np.float32]) -> NDArray[np.complex128]:
        known = np.isfinite(a)
        level = float(a[known].mean()) if known.any() else 0.0
        out: NDArray[np.complex128] = np.fft.rfft2(np.where(known, a - level, 0.0) * window)
        return out

    cross = spectrum(image) * np.conj(spectrum(reference))
    surface = np.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-30), s=image.shape)
    y, x = np.unravel_index(int(np.argmax(surface)), surface.shape)
    height, width = image.shape
    return float((x + width // 2) % width - width // 2), float((y + height // 2) % height - height // 2)
