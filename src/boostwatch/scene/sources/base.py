"""What every source is made of: truth, a light curve whose mean over an exposure is exact, a path, a patch."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostwatch.geometry import enu_basis, geodetic_to_itrs
from boostwatch.scene.emission import Emission, Observer
from boostwatch_kernels.curves import integrate_rows, interpolate_rows

Array = NDArray[np.float64]
Bands = Sequence[tuple[float, float]]
"""Edges (lower, upper) of each band, um."""

STEP_PX = 0.35
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
    def whereabouts(self, time_s: Array) -> tuple[Array, float]:
        """Return where it is at times (M,), ITRS (M, 3) or (1, 3), and within what radius its light lies, m."""

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
    """Levels that straight lines join, held with their integral; dark before the first and after the last knot.

    ``time_s`` float64 (K,) ascending; ``level`` and ``total`` float64 (K, R), the levels of R parts and their integrals
    since the first knot.
    """

    time_s: Array
    level: Array
    total: Array

    @classmethod
    def of(cls, time_s: Array, level: Array) -> LightCurve:
        """Return the curve through levels (K,) or (R, K)."""
        columns = np.ascontiguousarray(np.atleast_2d(np.asarray(level, np.float64)).T)
        steps = 0.5 * (columns[1:] + columns[:-1]) * np.diff(time_s)[:, None]
        return cls(time_s, columns, np.concatenate([np.zeros((1, columns.shape[1])), np.cumsum(steps, axis=0)]))

    def spent(self, edges_s: Array) -> Array:
        """Return the integrals (R, M) between M + 1 ascending times; exact, since the levels are straight lines."""
        out = np.empty((len(edges_s), self.level.shape[1]))
        integrate_rows(self.time_s, self.level, self.total, edges_s, out)
        return (out[1:] - out[:-1]).T

    def mean(self, start_s: float, end_s: float) -> Array:
        """Return the mean levels (R,) over an exposure."""
        out: Array = self.spent(np.array([start_s, end_s]))[:, 0] / (end_s - start_s)
        return out


@dataclass(frozen=True)
class Path:
    """A path that linear interpolation joins, at rest before and after.

    ``time_s`` float64 (K,) ascending; ``table`` float64 (K, 4): ITRS position and height above WGS84, m.
    """

    time_s: Array
    table: Array

    @classmethod
    def of(cls, time_s: Array, position_m: Array, height_m: Array) -> Path:
        """Return the path through positions (K, 3) of heights (K,)."""
        return cls(time_s, np.column_stack([position_m, height_m]))

    def at(self, time_s: Array) -> tuple[Array, Array]:
        """Return positions (M, 3) and heights (M,) at times (M,)."""
        out = np.empty((len(time_s), 4))
        interpolate_rows(self.time_s, self.table, time_s, out)
        return out[:, :3].copy(), out[:, 3]

    def point(self, time_s: float) -> tuple[Array, float]:
        """Return the position (3,) and the height at one time."""
        place, height = self.at(np.array([time_s]))
        return place[0], float(height[0])

    def edges(self, start_s: float, end_s: float, observer: Observer, limit: int) -> Array:
        """Return times (M + 1,) that cut an exposure so finely that M pieces of the path fit `STEP_PX` each."""
        (a, b), _ = self.at(np.array([start_s, end_s]))
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
