"""How many false detections a threshold lets through, and back."""

from __future__ import annotations

import math

from scipy.optimize import brentq


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
