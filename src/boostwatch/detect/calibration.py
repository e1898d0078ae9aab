"""How many false detections a threshold lets through, and back."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

TAIL_RANKS = (100.0, 800.0)
"""Peaks per Mpx between which the heights of a frame's peaks tell its tail; sources are fewer than the first."""

FEWEST_PEAKS = 5
"""Highest peaks that are left out at least, and peaks that must remain to tell anything."""


SURE = 6.0
"""Statistic from which the doubt about its noise grows no more."""


def false_alarms_per_mpx(threshold: float, psf_sigma: float) -> float:
    """Return the expected false detections in a million pixels of noise.

    The matched filter turns white noise into a smooth field with correlation ``exp(-r^2 / (4 s^2))``, ``s^2 =
    psf_sigma^2 + 1/12`` the variance of the pixel-integrated PSF. A detection is a local maximum of that field over
    continuous positions, and their density above a high level ``T`` is ``T exp(-T^2/2) / ((2 pi)^1.5 2 s^2)`` a pixel
    (Adler, The Geometry of Random Fields, 1981, theorem 6.3.1).

    Parameters
    ----------
    threshold : float
        Level in standard deviations, >= 2.
    psf_sigma : float
        Gaussian PSF, px.

    Returns
    -------
    float
        Detections per Mpx.
    """
    s2 = psf_sigma**2 + 1.0 / 12.0
    return 1.0e6 * threshold * math.exp(-0.5 * threshold**2) / (math.pow(2.0 * math.pi, 1.5) * 2.0 * s2)


def threshold_for(rate: float, psf_sigma: float) -> float:
    """Return the threshold that lets ``rate`` false detections per Mpx through; not below 2.

    Parameters
    ----------
    rate : float
        False detections per Mpx.
    psf_sigma : float
        Gaussian PSF, px.

    Returns
    -------
    float
        Level in standard deviations.
    """
    if rate >= false_alarms_per_mpx(2.0, psf_sigma):
        return 2.0
    return float(brentq(lambda t: math.log(false_alarms_per_mpx(t, psf_sigma) / rate), 2.0, 38.0))


def stack_false_alarms_per_mpx(threshold: float, psf_sigma: float, frames: int, fastest: float) -> float:
    """Return the expected false detections in a million pixels of a sum of frames along fitted velocities.

    The statistic is a smooth field over position and velocity. Its derivative by a velocity is that by the position
    times the time from the middle, so in units of its own correlation the velocities of a square of half side
    ``fastest`` are a square of side ``a = 2 fastest sqrt(var t / 2 s^2)``. The density of its maxima above a high level
    follows from the Euler characteristic (Adler & Taylor, Random Fields and Geometry, 2007, theorem 12.4.2):
    ``(rho_2 + 2 a rho_3 + a^2 rho_4) / 2 s^2`` a pixel, ``rho_d = He_{d-1}(T) exp(-T^2/2) / (2 pi)^((d+1)/2)``.

    Parameters
    ----------
    threshold : float
        Level in standard deviations, >= 2.
    psf_sigma : float
        Gaussian PSF, px.
    frames : int
        Frames summed.
    fastest : float
        Greatest velocity along either axis, px a frame.

    Returns
    -------
    float
        Detections per Mpx.
    """
    s2, t = psf_sigma**2 + 1.0 / 12.0, threshold
    side = 2.0 * fastest * math.sqrt((frames**2 - 1) / 12.0 / (2.0 * s2))
    hermite = (t, t * t - 1.0, t**3 - 3.0 * t)
    density = sum(
        weight * h / math.pow(2.0 * math.pi, 0.5 * (d + 1))
        for d, (weight, h) in enumerate(zip((1.0, 2.0 * side, side * side), hermite, strict=True), start=2)
    )
    return 1.0e6 * density * math.exp(-0.5 * t * t) / (2.0 * s2)


def stack_threshold_for(rate: float, psf_sigma: float, frames: int, fastest: float) -> float:
    """Return the threshold that lets ``rate`` false detections per Mpx through; not below 2.5.

    Parameters
    ----------
    rate, psf_sigma, frames, fastest
        As of `stack_false_alarms_per_mpx`.

    Returns
    -------
    float
        Level in standard deviations.
    """
    if rate >= stack_false_alarms_per_mpx(2.5, psf_sigma, frames, fastest):
        return 2.5
    return float(
        brentq(lambda t: math.log(stack_false_alarms_per_mpx(t, psf_sigma, frames, fastest) / rate), 2.5, 38.0)
    )


def tail_line(heights: NDArray[np.floating], pixels: int, psf_sigma: float) -> tuple[float, float]:
    """Return the line by which the peaks of clutter in a frame compare with those of noise.

    Where the tail is heavier than that of noise, the height that the ``n``-th peak has is ``offset + slope t``, with
    ``t`` the threshold that noise exceeds ``n`` times. The line is fitted to peaks that are too many to be sources and
    carried on to those that are fewer (a quantile-quantile plot: Wilk & Gnanadesikan, Biometrika 55, 1968).

    Parameters
    ----------
    heights : (N,)
        Statistic at its local maxima.
    pixels : int
        Size of the frame.
    psf_sigma : float
        Gaussian PSF, px.

    Returns
    -------
    offset, slope : float
        0 and 1 where there are too few peaks; the slope is at least 1.
    """
    falling = -np.sort(-np.asarray(heights, np.float64))
    first = max(FEWEST_PEAKS, round(TAIL_RANKS[0] * 1e-6 * pixels))
    last = min(len(falling), max(4 * FEWEST_PEAKS, round(TAIL_RANKS[1] * 1e-6 * pixels)))
    ranks = (
        np.unique(np.linspace(first, max(first, last - 1), 64).astype(np.int64)) if first < last else np.zeros(0, int)
    )
    noise = np.array([threshold_for((rank + 0.5) * 1e6 / pixels, psf_sigma) for rank in ranks])
    ranks, noise = ranks[noise > 2.0], noise[noise > 2.0]
    if len(ranks) < FEWEST_PEAKS:
        return 0.0, 1.0
    slope, _ = np.polyfit(noise, falling[ranks], 1)
    slope = max(float(slope), 1.0)
    return float(falling[ranks].mean() - slope * noise.mean()), slope


def normal_tail(snr: NDArray[np.float64], doubt: float) -> NDArray[np.float64]:
    """Return the factor (N,) that makes the tail of snr (N,) normal although the noise is known from few frames only.

    A scale with relative variance ``t^2``, the ``doubt``, makes the tail of a normal statistic ``exp(t^2 T^4 / 2)``
    times as heavy at ``T`` (Laplace's method); ``T sqrt(1 - t^2 T^2)`` has the normal one again.
    """
    out: NDArray[np.float64] = np.sqrt(np.maximum(1.0 - doubt * np.minimum(snr, SURE) ** 2, 0.5))
    return out
