"""What every source is made of: truth, a light curve whose mean over an exposure is exact, a path, a patch."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostwatch.geometry import enu_basis, geodetic_to_itrs
from boostwatch.scene.emission import Emission, Observer

Array = NDArray[np.float64]
Bands = Sequence[tuple[float, float]]
"""Edges (lower, upper) of each band, um."""

STEP_PX = 0.2
"""Points of an emission lie this close, where their number allows it."""
MARGIN_S = 60.0
"""Paths and light curves are known this long before and after the run; exposures there do not exist."""
MAX_KNOTS = 200_000


@dataclass(frozen=True)
class Source(ABC):
    """An object of a scene: its row of truth, and the light that leaves it.

    Times are seconds after the epoch. ``onset_s`` to ``end_s`` is when it shines; ``burnout_s`` and ``heading_deg`` are
    NaN where they mean nothing; ``reach_s`` holds the first and last time at which any light may leave it.
    """

    kind: str
    name: str
    latitude_deg: float
    longitude_deg: float
    heading_deg: float
    onset_s: float
    end_s: float
    burnout_s: float
    reach_s: tuple[float, float]

    def shines(self, start_s: float, end_s: float) -> bool:
        """Tell whether any light may leave it between two times."""
        return self.reach_s[0] < end_s and self.reach_s[1] > start_s

    @abstractmethod
    def emit(self, start_s: float, end_s: float, observer: Observer) -> tuple[Emission, ...]:
        """Return the light that leaves during an exposure, empty when dark.

        It depends on the arguments and on what was drawn when the source was built, so that any thread may ask for any
        exposure. The first emission with ``primary`` is the object itself.

        Parameters
        ----------
        start_s, end_s : float
            The exposure, seconds after the epoch.
        observer : Observer

        Returns
        -------
        tuple of Emission
        """


@dataclass(frozen=True)
class LightCurve:
    """Levels that linear interpolation joins, held as their integral.

    ``time_s`` float64 (K,); ``level`` and ``total`` float64 (R, K), the levels of R parts and their integrals since the
    first knot. Before the first and after the last knot it is dark.
    """

    time_s: Array
    level: Array
    total: Array

    @classmethod
    def of(cls, time_s: Array, level: Array) -> LightCurve:
        """Return the curve through levels (K,) or (R, K)."""
        rows = np.atleast_2d(np.asarray(level, np.float64))
        steps = 0.5 * (rows[:, 1:] + rows[:, :-1]) * np.diff(time_s)
        return cls(time_s, rows, np.concatenate([np.zeros((len(rows), 1)), np.cumsum(steps, axis=1)], axis=1))

    def until(self, time_s: Array) -> Array:
        """Return the integrals (R, M) from the first knot to times (M,); exact, since the levels are straight lines."""
        t = np.minimum(np.maximum(time_s, self.time_s[0]), self.time_s[-1])
        k = np.minimum(self.time_s.searchsorted(t, "right") - 1, len(self.time_s) - 2)
        since = t - self.time_s[k]
        first = self.level[:, k]
        slope = (self.level[:, k + 1] - first) / (self.time_s[k + 1] - self.time_s[k])
        out: Array = self.total[:, k] + since * (first + 0.5 * slope * since)
        return out

    def spent(self, edges_s: Array) -> Array:
        """Return the integrals (R, M) between M + 1 ascending times."""
        return np.diff(self.until(edges_s), axis=1)

    def mean(self, start_s: float, end_s: float) -> Array:
        """Return the mean levels (R,) over an exposure."""
        out: Array = self.spent(np.array([start_s, end_s]))[:, 0] / (end_s - start_s)
        return out


@dataclass(frozen=True)
class Path:
    """A path that linear interpolation joins, at rest before and after.

    ``time_s`` float64 (K,) ascending; ``table`` float64 (4, K): ITRS position and height above WGS84, m.
    """

    time_s: Array
    table: Array

    @classmethod
    def of(cls, time_s: Array, position_m: Array, height_m: Array) -> Path:
        """Return the path through positions (K, 3) of heights (K,)."""
        return cls(time_s, np.concatenate([position_m.T, np.asarray(height_m)[None]]))

    def at(self, time_s: ArrayLike) -> tuple[Array, Array]:
        """Return positions (M, 3) and heights (M,)."""
        t = np.minimum(np.maximum(np.asarray(time_s, np.float64), self.time_s[0]), self.time_s[-1])
        k = np.minimum(self.time_s.searchsorted(t, "right") - 1, len(self.time_s) - 2)
        u = (t - self.time_s[k]) / (self.time_s[k + 1] - self.time_s[k])
        here = (1 - u) * self.table[:, k] + u * self.table[:, k + 1]
        return here[:3].T, here[3]

    def edges(self, start_s: float, end_s: float, observer: Observer, limit: int) -> Array:
        """Return times (M + 1,) that cut an exposure so finely that M pieces of the path fit `STEP_PX` each."""
        (a, b), _ = self.at([start_s, end_s])
        count = min(max(math.ceil(length(b - a) / (STEP_PX * footprint(observer, b))), 1), limit)
        out: Array = start_s + (end_s - start_s) / count * np.arange(count + 1, dtype=np.float64)
        return out


def length(vector: Array) -> float:
    """Return the length of one vector (3,)."""
    return math.sqrt(float(vector @ vector))


def footprint(observer: Observer, position_m: Array) -> float:
    """Return the length that a pixel covers across the line of sight at a place, m."""
    return length(position_m - observer.position_m) * observer.ifov_rad


def run_knots(start_s: float, end_s: float, duration_s: float, step_s: float = 1.0) -> Array:
    """Return times for a path or a light curve, over the run with its margin as far as the object lasts."""
    first, last = max(start_s, -MARGIN_S), min(end_s, duration_s + MARGIN_S)
    last = max(last, first + 1e-3)  # an object that comes after the run stays in the list of truth
    return np.linspace(first, last, int(np.clip(np.ceil((last - first) / step_s), 1, MAX_KNOTS)) + 1)


_GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5.0))


def sunflower(count: int) -> Array:
    """Return ``count`` points (N, 2) that fill the unit disc evenly (Vogel, Math. Biosci. 44, 1979)."""
    n = np.arange(count) + 0.5
    radius, angle = np.sqrt(n / count), _GOLDEN_ANGLE * n
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


@dataclass(frozen=True)
class Patch:
    """An extended place on the ground.

    ``centre_m`` float64 (3,) ITRS; ``height_m``; ``offset_m`` float64 (N, 3) of its points, ``share`` float64 (N,) of
    the light, sum 1; ``radius_m`` within which they lie.
    """

    centre_m: Array
    height_m: float
    offset_m: Array
    share: Array
    radius_m: float

    @classmethod
    def around(
        cls, latitude_deg: float, longitude_deg: float, height_m: float, east_north_m: Array, weight: Array
    ) -> Patch:
        """Return the patch with points (N, 2), metres east and north of a place, of positive weights (N,)."""
        centre = geodetic_to_itrs(latitude_deg, longitude_deg, height_m)
        basis = enu_basis(latitude_deg, longitude_deg)
        radius = float(np.hypot(*east_north_m.T).max())
        return cls(centre, height_m, east_north_m @ basis[:2], weight / weight.sum(), radius)

    def points(self, observer: Observer) -> tuple[Array, Array, Array]:
        """Return positions (K, 3), heights (K,) and shares (K,): one point while nobody could tell the difference."""
        if 2 * self.radius_m <= STEP_PX * footprint(observer, self.centre_m):
            mean = self.centre_m + self.share @ self.offset_m
            return mean[None], np.array([self.height_m]), np.ones(1)
        return self.centre_m + self.offset_m, np.full(len(self.share), self.height_m), self.share
