"""What no detector or estimator can beat, so that a score has something to be measured against."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

Array = NDArray[np.float64]
CRLB_BLOCK = 4096
"""Points at a time, so that memory does not grow with their number."""


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
    x, y, flux = point_crlb(snr, np.inf, psf_sigma_px, dx, dy, radius)
    return float(x[0]), float(y[0]), float(flux[0])


def mean_position_crlb_px(snr: float, psf_sigma_px: float, phases: int = 5) -> float:
    """Return the position bound of one axis, rms over sub-pixel positions, px: what a long list of fixes may reach."""
    offsets = (np.arange(phases) + 0.5) / phases - 0.5
    bounds = [gaussian_crlb(snr, psf_sigma_px, dx, dy)[0] ** 2 for dx in offsets for dy in offsets]
    return float(np.sqrt(np.mean(bounds)))


def cusum_alarm(snr: ArrayLike, false_alarms_per_frame: float) -> int | None:
    """Return the first frame in which a test that is told the light curve can be expected to call.

    `cusum_delay_frames` for a signal that changes: the least mean delay is the time in which the information of the
    frames, ``snr^2 / 2`` each in white noise, adds up to ``ln(1 / false_alarms_per_frame)``, to first order (Lai, IEEE
    Transactions on Information Theory 44, 1998, theorem 1; Page's CUSUM attains it).

    Parameters
    ----------
    snr : array_like (N,)
        Matched-filter signal-to-noise ratio in each frame from the onset; of several bands the root of the sum of
        squares. NaN counts as 0.
    false_alarms_per_frame : float
        One over the mean number of frames between false alarms of one place.

    Returns
    -------
    int or None
        Index into ``snr``; None if all frames together are not enough.
    """
    information = np.cumsum(0.5 * np.nan_to_num(np.asarray(snr, np.float64)) ** 2)
    enough = information >= -np.log(false_alarms_per_frame)
    return int(enough.argmax()) if enough.any() else None


def point_crlb(
    snr: ArrayLike, signal_e: ArrayLike, psf_sigma_px: float, dx: ArrayLike, dy: ArrayLike, radius: int = 4
) -> tuple[Array, Array, Array]:
    """Return the bounds of `gaussian_crlb` for many points, with the noise of their own light.

    A pixel's variance is that of the background, which ``snr`` tells, plus the point's own electrons in it.

    Parameters
    ----------
    snr, signal_e : array_like (N,)
        As in the truth: ``snr`` without the point's own noise, electrons of the whole point spread. Infinite electrons
        make no noise of their own.
    psf_sigma_px : float
        Standard deviation of the optics, px.
    dx, dy : array_like (N,)
        Position from the centre of the nearest pixel, px.
    radius : int
        Half-width of the window, px.

    Returns
    -------
    sigma_x_px, sigma_y_px, relative_flux : float64 (N,)
        NaN where ``snr`` or ``signal_e`` is not above 0.
    """
    snr, signal_e, dx, dy = (np.atleast_1d(np.asarray(v, np.float64)) for v in (snr, signal_e, dx, dy))
    out = np.full((3, len(snr)), np.nan)
    for first in range(0, len(snr), CRLB_BLOCK):
        some = slice(first, first + CRLB_BLOCK)
        lit = (snr[some] > 0) & (signal_e[some] > 0)
        known = np.flatnonzero(lit & np.isfinite(dx[some]) & np.isfinite(dy[some])) + first
        line_x, slope_x = _lines(dx[known], psf_sigma_px, radius)
        line_y, slope_y = _lines(dy[known], psf_sigma_px, radius)
        psf = line_y[:, :, None] * line_x[:, None, :]
        slopes = [line_y[:, :, None] * slope_x[:, None, :], slope_y[:, :, None] * line_x[:, None, :], psf]
        gradient = np.stack(slopes, 1).reshape(len(known), 3, (2 * radius + 1) ** 2)
        background = (psf**2).sum((1, 2), keepdims=True) / snr[known, None, None] ** 2
        variance = background + psf / signal_e[known, None, None]
        fisher = (gradient / variance.reshape(len(known), 1, (2 * radius + 1) ** 2)) @ gradient.transpose(0, 2, 1)
        out[:, known] = np.sqrt(np.diagonal(np.linalg.inv(fisher), axis1=1, axis2=2)).T
    return out[0], out[1], out[2]


def _lines(shift: Array, sigma: float, radius: int) -> tuple[Array, Array]:
    """Return the share of each pixel of a row and its slope, (N, 2 radius + 1), of points shifted so (N,)."""
    u = (np.arange(-radius, radius + 2) - 0.5 - shift[:, None]) / sigma
    density = np.exp(-0.5 * u**2) / (sigma * np.sqrt(2 * np.pi))
    return np.diff(ndtr(u), axis=1), -np.diff(density, axis=1)


def launch_point_bound_km(px_per_km: Array, weight: Array, bias_px: float) -> float:
    """Return the least rms error of a launch point, km, for one who knows the flight but not where it began.

    The model: the flight since ignition, its time and heading, are known; the launch point (east, north) and a constant
    error of the pointing are not. Each frame tells the place of the light on the focal plane with independent normal
    errors. The information of all frames with the normal prior of the bias added is inverted (Van Trees, Detection,
    Estimation, and Modulation Theory I, 1968, section 2.4). Whoever knows less of the flight errs more: it is a bound
    for them too.

    Parameters
    ----------
    px_per_km : float64 (N, 2, 2)
        How the point moves on the focal plane (x, y) for a kilometre east and north, in each sighting.
    weight : float64 (N,)
        One over the variance of the position in each, an axis, px^-2.
    bias_px : float
        1-sigma of the pointing error an axis, px; 0 or NaN for none.

    Returns
    -------
    float
        Root of the summed variances of east and north; NaN where the sightings do not tell.
    """
    both = np.zeros((len(weight), 2, 4))
    both[:, :, :2] = px_per_km
    both[:, 0, 2] = both[:, 1, 3] = bias_px if bias_px > 0 else 0.0
    fisher = np.einsum("nij,n,nik->jk", both, weight, both) + np.diag([0.0, 0.0, 1.0, 1.0])  # the bias in sigmas
    if not np.isfinite(fisher).all() or np.linalg.matrix_rank(fisher) < 4:
        return float("nan")
    variance = np.linalg.inv(fisher)
    return float(np.sqrt(variance[0, 0] + variance[1, 1]))
