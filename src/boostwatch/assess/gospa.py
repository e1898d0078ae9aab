"""Distance between a set of true positions and a set of estimates."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Array = NDArray[np.float64]


class Gospa(NamedTuple):
    """GOSPA distance and its parts; ``distance ** p`` is the sum of the last three."""

    distance: float
    """In the unit of the positions."""
    localisation: float
    """Sum of ``d ** p`` over the pairs."""
    missed: float
    """``c ** p / 2`` for each true position without an estimate."""
    false: float
    """``c ** p / 2`` for each estimate without a true position."""


def gospa(truth: Array, estimates: Array, *, c: float = 10.0, p: float = 2.0) -> Gospa:
    """Return the generalised optimal sub-pattern assignment distance with alpha = 2.

    Pairs no farther apart than ``c`` cost ``d ** p``, what is missed or false ``c ** p / 2`` each; the least total
    counts (Rahmathullah, Garcia-Fernandez and Svensson, Fusion 2017).

    Parameters
    ----------
    truth : float64 (N, D)
        True positions, finite.
    estimates : float64 (M, D)
        Estimated ones, finite, in the same unit.
    c : float
        Distance from which an estimate belongs to nothing; > 0.
    p : float
        Order; >= 1.

    Returns
    -------
    Gospa
    """
    n, m = len(truth), len(estimates)
    half = 0.5 * c**p
    if n == 0 or m == 0:
        return Gospa((half * (n + m)) ** (1.0 / p), 0.0, half * n, half * m)
    cost = np.minimum(np.linalg.norm(truth[:, None, :] - estimates[None, :, :], axis=-1), c) ** p
    rows, columns = linear_sum_assignment(cost)
    paired = cost[rows, columns]
    near = paired < c**p
    localisation, pairs = float(paired[near].sum()), int(near.sum())
    missed, false = half * (n - pairs), half * (m - pairs)
    return Gospa((localisation + missed + false) ** (1.0 / p), localisation, missed, false)


def ospa(truth: Array, estimates: Array, *, c: float = 10.0, p: float = 2.0) -> float:
    """Return the optimal sub-pattern assignment distance (Schuhmacher, Vo and Vo, IEEE TSP 56, 2008).

    Parameters and errors as of `gospa`; two empty sets are at distance 0.
    """
    n, m = len(truth), len(estimates)
    if max(n, m) == 0:
        return 0.0
    if min(n, m) == 0:
        return float(c)
    cost = np.minimum(np.linalg.norm(truth[:, None, :] - estimates[None, :, :], axis=-1), c) ** p
    total = float(cost[linear_sum_assignment(cost)].sum()) + c**p * abs(n - m)
    return math.pow(total / max(n, m), 1.0 / p)
