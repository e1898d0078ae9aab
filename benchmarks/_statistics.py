"""Figures with intervals: signal-to-noise at half detection, rates of rare events, bootstrap over groups.

All intervals hold 90 %.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, gammaincinv, log_ndtr, ndtri

TAILS = (0.05, 0.95)
REPEATS = 200  # bootstrap samples
SCORING_STEPS = 25


class Interval(NamedTuple):
    """A figure and the interval that holds it."""

    value: float
    low: float
    high: float

    def told(self, digits: int = 2) -> str:
        """Return ``value [low, high]``."""
        if not np.isfinite(self.value):
            return "never" if self.value > 0 else "-"
        return f"{self.value:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"


NOTHING = Interval(np.nan, np.nan, np.nan)


def snr50(snr: NDArray[np.float64], hit: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where ``Pd = Phi(a + b snr)`` is one half, by maximum likelihood, for each row of weights.

    The likelihood is concave, so that Fisher scoring finds its top from anywhere (Finney, Probit Analysis, 1971).
    Infinite where detection does not rise with snr to a half within twice the range seen.

    Parameters
    ----------
    snr, hit : (N,)
        Targets.
    weights : (B, N)
        How often each target counts.

    Returns
    -------
    float64 (B,)
    """
    middle, width = float(snr.mean()), float(max(snr.std(), 1e-9))
    u = (snr - middle) / width
    a, b = np.zeros(len(weights)), np.ones(len(weights))
    sign = np.where(hit, 1.0, -1.0)
    for _ in range(SCORING_STEPS):
        z = np.clip(a[:, None] + b[:, None] * u, -30.0, 30.0)
        log_density = -0.5 * z * z - 0.5 * np.log(2.0 * np.pi)
        score = weights * sign * np.exp(log_density - log_ndtr(sign * z))
        information = weights * np.exp(2.0 * log_density - log_ndtr(z) - log_ndtr(-z)) + 1e-9
        s0, s1 = score.sum(axis=1), (score * u).sum(axis=1)
        i00, i01 = information.sum(axis=1), (information * u).sum(axis=1)
        i11 = (information * u * u).sum(axis=1)
        determinant = np.maximum(i00 * i11 - i01 * i01, 1e-12)
        a += np.clip((i11 * s0 - i01 * s1) / determinant, -1.0, 1.0)
        b += np.clip((i00 * s1 - i01 * s0) / determinant, -1.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = middle - width * a / b
    return np.where((b > 0.05) & (at < 2.0 * snr.max()), np.maximum(at, 1e-3), np.inf)


def snr50_interval(snr: NDArray[np.float64], hit: NDArray[np.bool_]) -> Interval:
    """Return `snr50` with its bootstrap interval over targets."""
    rng = np.random.default_rng(0)
    n = len(snr)
    weights = np.vstack([np.ones(n), rng.multinomial(n, np.full(n, 1.0 / n), REPEATS)])
    values = snr50(snr, hit, weights)
    low, high = np.quantile(values[1:], TAILS, method="nearest")
    return Interval(float(values[0]), float(low), float(high))


def clairvoyant(rate: float) -> float:
    """Return the SNR50 of a matched filter that is told the background, at ``rate`` false alarms per Mpx."""
    return -float(ndtri(rate * 1e-6))


def loss_db(snr: NDArray[np.float64], hit: NDArray[np.bool_], rate: float) -> Interval:
    """Return ``20 log10(SNR50 / SNR50 of the clairvoyant)``; infinite where half is never found."""
    return Interval(*(20.0 * np.log10(v / clairvoyant(rate)) for v in snr50_interval(snr, hit)))


def poisson(count: int, exposure: float, dispersion: float = 1.0) -> Interval:
    """Return a rate with its exact interval (Garwood, Biometrika 28, 1936).

    ``dispersion`` is the variance of counts over their mean: false alarms that come several at a time tell less.
    """
    independent = count / dispersion
    low = gammaincinv(independent, TAILS[0]) if count else 0.0
    high = gammaincinv(independent + 1.0, TAILS[1])
    return Interval(count / exposure, float(low) * dispersion / exposure, float(high) * dispersion / exposure)


def share(count: int, total: int) -> Interval:
    """Return a share with its exact interval (Clopper and Pearson, Biometrika 26, 1934)."""
    if not total:
        return NOTHING
    low = betaincinv(count, total - count + 1, TAILS[0]) if count else 0.0
    high = betaincinv(count + 1, total - count, TAILS[1]) if count < total else 1.0
    return Interval(count / total, float(low), float(high))


def dispersion(counts: NDArray[np.int64]) -> float:
    """Return variance over mean of the counts of like pieces, at least 1."""
    mean = float(np.mean(counts)) if len(counts) else 0.0
    return max(1.0, float(np.var(counts, ddof=1)) / mean) if mean > 0 and len(counts) > 1 else 1.0


def bootstrap(
    values: NDArray[np.float64], groups: NDArray[np.int64], statistic: Callable[[NDArray[np.float64]], float]
) -> Interval:
    """Return a statistic of values (N, ...) with its interval over groups drawn with return."""
    if not len(values):
        return NOTHING
    rng = np.random.default_rng(0)
    order = np.argsort(groups, kind="stable")
    pieces = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    drawn = []
    for _ in range(REPEATS):
        pick = np.concatenate([pieces[k] for k in rng.integers(0, len(pieces), len(pieces))])
        drawn.append(statistic(values[pick]))
    low, high = np.quantile(drawn, TAILS)
    return Interval(statistic(values), float(low), float(high))


def rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2)))


def robust_rms(values: NDArray[np.float64]) -> float:
    """Return the rms that a normal distribution of this median absolute value has."""
    return float(1.4826 * np.median(np.abs(values)))
