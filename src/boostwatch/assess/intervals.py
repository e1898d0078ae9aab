"""Intervals of figures: shares, rates, scales of errors, and medians and means over scenes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, chdtri

Array = NDArray[np.float64]
UNKNOWN = (math.nan, math.nan)
LEAST_SCENES = 3
"""Scenes from which on drawing them again says something."""
REPEATS = 1000


def binomial_interval(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of a probability (Biometrika 26, 1934); 0 to 1 without a trial."""
    tail = 0.5 * (1 - level)
    low = float(betaincinv(hits, trials - hits + 1, tail)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, trials - hits, 1 - tail)) if hits < trials else 1.0
    return low, high


def poisson_interval(count: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a Poisson mean (Garwood, Biometrika 28, 1936)."""
    tail = 0.5 * (1 - level)
    low = 0.5 * float(chdtri(2 * count, 1 - tail)) if count > 0 else 0.0
    return low, 0.5 * float(chdtri(2 * count + 2, tail))


def share(name: str, hits: int, trials: int) -> dict[str, float]:
    """Return a share of trials as ``name``, ``name_low_95`` and ``name_high_95``."""
    low, high = binomial_interval(hits, trials)
    return {name: hits / trials if trials else math.nan, f"{name}_low_95": low, f"{name}_high_95": high}


def rate(name: str, count: int, exposure: float) -> dict[str, float]:
    """Return a count over its exposure as ``name``, ``name_low_95`` and ``name_high_95``; NaN without exposure."""
    low, high = poisson_interval(count)
    values = (count / exposure, low / exposure, high / exposure) if exposure > 0 else (math.nan,) * 3
    return dict(zip((name, f"{name}_low_95", f"{name}_high_95"), values, strict=True))


def scale(name: str, chi2: float, freedom: int) -> dict[str, float]:
    """Return the scale of normal errors, root of ``chi2 / freedom``, as ``name`` with its exact 95 % interval.

    Parameters
    ----------
    name : str
        Of the keys: ``name``, ``name_low_95``, ``name_high_95``.
    chi2 : float
        Sum of squared errors over squared sigmas.
    freedom : int
        How many there are; NaN is returned for none.
    """
    if freedom < 1:
        return dict.fromkeys((name, f"{name}_low_95", f"{name}_high_95"), math.nan)
    low, high = (math.sqrt(chi2 / float(chdtri(freedom, tail))) for tail in (0.025, 0.975))
    return {name: math.sqrt(chi2 / freedom), f"{name}_low_95": low, f"{name}_high_95": high}


def over_scenes(pieces: Sequence[Sequence[float]], statistic: Callable[[Array], float]) -> tuple[float, float]:
    """Return the 95 % interval of a statistic of values that come in scenes: scenes are drawn again, whole.

    Values of one scene share its weather, so they are not independent; scenes are (Efron and Tibshirani, An
    Introduction to the Bootstrap, 1993, section 13.3). The draws are the same in every call, and
    whatever the order of scenes.

    Parameters
    ----------
    pieces : sequence of sequences
        The values of each scene. Scenes without a value are left out.
    statistic : callable
        Takes a float64 array; given what is drawn, in any order.

    Returns
    -------
    low, high : float
        NaN where fewer than `LEAST_SCENES` scenes have a value.
    """
    known = sorted(sorted(piece) for piece in pieces if len(piece))
    if len(known) < LEAST_SCENES:
        return UNKNOWN
    rng = np.random.default_rng(0)
    values = [np.asarray(piece, np.float64) for piece in known]
    drawn = [
        statistic(np.concatenate([values[k] for k in picked]))
        for picked in rng.integers(0, len(values), (REPEATS, len(values))).tolist()
    ]
    low, high = np.quantile(drawn, [0.025, 0.975], method="inverted_cdf")  # some may be infinite
    return float(low), float(high)


def ratio_over_scenes(pieces: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the 95 % interval of a sum over a sum, a pair a scene, with scenes drawn again as in `over_scenes`."""
    known = np.array(sorted(pair for pair in pieces if pair[1] > 0), np.float64).reshape(-1, 2)
    if len(known) < LEAST_SCENES:
        return UNKNOWN
    picked = np.random.default_rng(0).integers(0, len(known), (REPEATS, len(known)))
    sums = known[picked].sum(axis=1)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], [0.025, 0.975])
    return float(low), float(high)
