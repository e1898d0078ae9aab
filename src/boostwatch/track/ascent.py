"""How a launch moves on the focal plane in its first half minute in sight: a prior from the family of boosts.

A boost climbs along the local vertical, whose direction in the picture is known, from rest and ever faster. The
cubic paths of an ensemble of boosts, drawn from the priors of the launch fit, are summed up as one normal distribution
for each range of the time between ignition and first sight.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, qmc

from boostwatch.geometry import intersect_earth, itrs_to_geodetic, quaternion_to_matrix
from boostwatch.sensor import Sensor
from boostwatch_kernels.boost import boost_paths
from boostwatch_kernels.tracks import TIME_UNIT_S, WINDOW_S

from .locate import PATH_MEAN, PATH_SIGMA

Array = NDArray[np.float64]

AGES_S = ((0.0, 4.0), (4.0, 9.0), (9.0, 16.0), (16.0, 26.0), (26.0, 45.0))
"""Time from ignition to first sight; each range is as likely as any other."""
LATER_AGES_S = ((10.0, 16.0), (16.0, 26.0), (26.0, 45.0), (45.0, 75.0), (75.0, 120.0))
"""The same to the beginning of a later look."""
MEMBERS = 256
"""Boosts drawn, the same for all ranges."""
MODEL = (8.0 * TIME_UNIT_S, 0.5 * 1.5 * TIME_UNIT_S**2, 0.15 * TIME_UNIT_S**3 / 6)
"""1-sigma of speed (m), acceleration and jerk that a real boost departs from the family by."""
FIRST_SIGMA_PX = 1.0
SLOWEST = 0.02
"""Share of launches that have gone less far than is asked of one."""

CELL_PX = 128.0
"""Cells of the focal plane within which one prior serves."""


class AscentPrior(NamedTuple):
    """How launches move: cubic paths under normal priors, one a range of `AGES_S`, and how far they go at least."""

    mean: Array
    """(G, 8) coefficients of 1, t, t^2, t^3 (t in tens of seconds) of x, then of y; px."""
    cov: Array
    """(G, 8, 8) their covariance."""
    time_s: Array
    """(T,) since first sight."""
    least_px: Array
    """(T,) distance from there that but `SLOWEST` of all launches have gone by then."""


class Ascents:
    """The prior of each cell of the focal plane, made when it is first asked for.

    Parameters
    ----------
    sensor : Sensor or None
        Without one there are no priors.
    """

    def __init__(self, sensor: Sensor | None) -> None:
        self._sensor = sensor
        self._pose: tuple[Array, Array] | None = None
        self._known: dict[tuple[int, int], tuple[AscentPrior | None, AscentPrior | None]] = {}

    def look(self, position_m: Array, attitude: Array) -> None:
        """Take the place (3,) and the attitude (4,) of the sensor: once is enough."""
        self._pose = position_m, attitude

    @property
    def known(self) -> bool:
        """Whether it is known where the sensor is and looks."""
        return self._sensor is not None and self._pose is not None

    @staticmethod
    def cells(focal: Array) -> list[tuple[tuple[int, int], NDArray[np.int64]]]:
        """Return each cell that holds some of the positions (K, 2), and which."""
        cells: dict[tuple[int, int], list[int]] = {}
        for n, (x, y) in enumerate(np.floor(focal / CELL_PX).astype(np.int64).tolist()):
            cells.setdefault((x, y), []).append(n)
        return [(cell, np.array(mine, np.int64)) for cell, mine in cells.items()]

    def priors(self, cell: tuple[int, int]) -> tuple[AscentPrior | None, AscentPrior | None]:
        """Return the priors of a cell, from first sight and of a later look, or None where the Earth is not seen."""
        if self._sensor is None or self._pose is None:
            return None, None
        if cell not in self._known:
            position_m, attitude = self._pose
            x, y = ((c + 0.5) * CELL_PX for c in cell)
            line = quaternion_to_matrix(attitude) @ self._sensor.rays(np.array([x]), np.array([y]))[0]
            ground = intersect_earth(position_m, line, 0.0)
            if np.isfinite(ground).all():
                first, later = (
                    ascent_priors(self._sensor, position_m, attitude, ground, ages) for ages in (AGES_S, LATER_AGES_S)
                )
                self._known[cell] = first, later
            else:
                self._known[cell] = None, None
        return self._known[cell]


def ascent_priors(
    sensor: Sensor,
    position_m: Array,
    attitude: Array,
    ground_m: Array,
    ages_s: tuple[tuple[float, float], ...] = AGES_S,
) -> AscentPrior:
    """Return how launches move that begin at a place.

    Parameters
    ----------
    sensor : Sensor
        Its scale and centre.
    position_m : float64 (3,)
        Sensor, ITRS.
    attitude : float64 (4,)
        Camera to ITRS.
    ground_m : float64 (3,)
        Where the launch is taken to be, ITRS.
    ages_s : tuple
        Ranges of the time from ignition to the first sight, s.

    Returns
    -------
    AscentPrior
    """
    lat, lon, _ = itrs_to_geodetic(ground_m)
    u = qmc.Sobol(len(PATH_MEAN) + 1, scramble=True, rng=np.random.default_rng(0)).random(MEMBERS)
    u = np.clip(u, 1e-6, 1 - 1e-6)
    theta = np.empty((MEMBERS, 12))
    theta[:, 0], theta[:, 1], theta[:, 2] = math.radians(float(lat)), math.radians(float(lon)), 0.0
    theta[:, 3] = 2 * math.pi * u[:, 0]
    theta[:, 4:] = np.exp(PATH_MEAN + PATH_SIGMA * norm.ppf(u[:, 1:]))
    # What does not lift off is no launch.
    theta[:, 4] = np.maximum(theta[:, 4], 11.5)
    t = np.linspace(0.0, WINDOW_S, 16)
    to_camera = quaternion_to_matrix(attitude).T
    design = (t[:, None] / TIME_UNIT_S) ** np.arange(1.0, 4.0)
    solve = np.linalg.pinv(design)
    means, covariances, gone = [], [], []
    scale = float(np.linalg.norm(ground_m - position_m)) * sensor.ifov_rad
    own = np.diag(np.tile([FIRST_SIGMA_PX, *(m / scale for m in MODEL)], 2) ** 2)
    for low, high in ages_s:
        theta[:, 2] = -(low + (high - low) * (np.arange(MEMBERS) + 0.5) / MEMBERS)
        path = np.empty((MEMBERS, len(t), 3))
        boost_paths(theta, t, path)
        x, y = sensor.project((path - position_m) @ to_camera.T)
        c = np.zeros((MEMBERS, 8))
        x, y = x - x[:, :1], y - y[:, :1]
        c[:, 1:4], c[:, 5:8] = x @ solve.T, y @ solve.T
        gone.append(np.hypot(x, y))
        means.append(c.mean(axis=0))
        covariances.append(np.cov(c.T) + own)
    least = np.quantile(np.concatenate(gone), SLOWEST, axis=0)
    return AscentPrior(np.array(means), np.array(covariances), t, least)
