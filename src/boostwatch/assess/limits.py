"""What no detector or estimator can beat, so that a score has something to be measured against."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from boostwatch.sensor import gaussian_psf

Array = NDArray[np.float64]


def clairvoyant_pd(snr: ArrayLike, false_alarm_probability: ArrayLike) -> Array:
    """Return the detection probability of the matched filter that knows position, background and noise.

    ``Pd = Q(Q^-1(Pfa) - SNR)``: Kay, Fundamentals of Statistical Signal Processing II (1998), section 4.3.

    Parameters
    ----------
    snr : array_like (...)
        Matched-filter signal-to-noise ratio, as in the truth; NaN gives NaN.
    false_alarm_probability : array_like (...)
        Of one look at one pixel, between 0 and 1.

    Returns
    -------
    float64 (...)
    """
    out: Array = ndtr(np.asarray(snr, np.float64) + ndtri(np.asarray(false_alarm_probability, np.float64)))
    return out


def clairvoyant_snr(detection_probability: ArrayLike, false_alarm_probability: ArrayLike) -> Array:
    """Return the signal-to-noise ratio at which `clairvoyant_pd` reaches a detection probability."""
    out: Array = ndtri(np.asarray(detection_probability, np.float64)) - ndtri(
        np.asarray(false_alarm_probability, np.float64)
    )
    return out


def cusum_delay_frames(snr: ArrayLike, false_alarms_per_frame: ArrayLike) -> Array:
    """Return the least mean delay, in frames, of any test that raises so few false alarms: ``2 ln(1/FA) / SNR^2``.

    Lorden (Annals of Mathematical Statistics 42, 1971): delay at best ``ln(mean time between false alarms) / KL``, to
    first order, and CUSUM attains it; for a known signal in white noise ``KL = SNR^2 / 2``. At high SNR a whole frame
    is the least there is, so the value is never below 1.

    Parameters
    ----------
    snr : array_like (...)
        Matched-filter signal-to-noise ratio in each frame from onset.
    false_alarms_per_frame : array_like (...)
        One over the mean number of frames between false alarms.

    Returns
    -------
    float64 (...)
        Frames, the one that raises the alarm included.
    """
    with np.errstate(divide="ignore"):
        bound = -2 * np.log(np.asarray(false_alarms_per_frame, np.float64)) / np.asarray(snr, np.float64) ** 2
    out: Array = np.maximum(bound, 1.0)
    return out


def gaussian_crlb(
    snr: float, psf_sigma_px: float, dx: float = 0.0, dy: float = 0.0, radius: int = 6
) -> tuple[float, float, float]:
    """Return the Cramer-Rao bounds of position and flux of a point source in white noise.

    Position and flux are estimated together from a pixel-integrated Gaussian spread (Winick, JOSA A 3, 1986).

    Parameters
    ----------
    snr : float
        Matched-filter value ``flux * sqrt(sum(p**2)) / sigma`` at this position.
    psf_sigma_px : float
        Standard deviation of the optics, px.
    dx, dy : float
        Position of the source from the centre of its pixel, px.
    radius : int
        Half-width of the window, px.

    Returns
    -------
    sigma_x_px, sigma_y_px, relative_flux : float
        Standard deviations; the last as a fraction of the flux.
    """
    edges = np.arange(-radius, radius + 2) - 0.5

    def slope(shift: float) -> Array:
        density = np.exp(-0.5 * ((edges - shift) / psf_sigma_px) ** 2) / (psf_sigma_px * np.sqrt(2 * np.pi))
        out: Array = -np.diff(density)
        return out

    def line(shift: float) -> Array:
        out: Array = np.diff(ndtr((edges - shift) / psf_sigma_px))
        return out

    psf = gaussian_psf(psf_sigma_px, dx, dy, radius)
    gradient = np.stack([np.outer(line(dy), slope(dx)), np.outer(slope(dy), line(dx)), psf]).reshape(3, -1)
    noise_over_flux = np.sqrt((psf**2).sum()) / snr
    bound = noise_over_flux * np.sqrt(np.diag(np.linalg.inv(gradient @ gradient.T)))
    return float(bound[0]), float(bound[1]), float(bound[2])


def mean_position_crlb_px(snr: float, psf_sigma_px: float, phases: int = 5) -> float:
    """Return the position bound of one axis, rms over sub-pixel positions, px: what a long list of fixes may reach."""
    offsets = (np.arange(phases) + 0.5) / phases - 0.5
    bounds = [gaussian_crlb(snr, psf_sigma_px, dx, dy)[0] ** 2 for dx in offsets for dy in offsets]
    return float(np.sqrt(np.mean(bounds)))
