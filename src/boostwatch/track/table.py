"""All live tracks as a table of columns: predicted, scored, grown and pruned together."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from boostwatch_kernels import kalman

from .motion import N_MOMENTS

Array = NDArray[np.float64]

MANEUVER_TIME_S = 20.0
"""Time in which the filter lets an acceleration fade."""

BOOST_TIME_S = 30.0
BOOST_ACCEL_M_S2 = 20.0
"""The same of a boost, and its 1-sigma acceleration: what it leaves to staging and steering."""
BOOST_SPEED_M_S = 250.0
"""1-sigma speed of a boost at first sight."""
WANDER_PX2_S = 0.01
"""Variance that a second of wandering adds, px2: an edge that opens here and closes there."""
WANDER_EXCESS = 4.0
"""Variance of such a spot's centroids over that of a point's."""
FIRST_SIGMA_PX = 1.0
"""What all models of motion say of the first position, relative to itself."""


@dataclass
class Table:
    """Columns of ``N`` live tracks, ``B`` bands."""

    serial: NDArray[np.int64]
    """(N,) counts all tracks ever started."""
    state: Array
    """(N, 2, 3) position, velocity, acceleration in scene coordinates."""
    cov: Array
    """(N, 2, 3, 3)"""
    score: Array
    """(N,) log likelihood ratio, target over false alarms."""
    best: Array
    """(N,) highest score so far."""
    motion: Array
    """(N,) log likelihood of the positions under the filter's free motion, within the window."""
    boost_state: Array
    """(N, 2, 3) the same under the motion of a boost: slow at first, steadier in acceleration."""
    boost_cov: Array
    """(N, 2, 3, 3)"""
    boost: Array
    """(N,) log likelihood of the positions under it, within the window."""
    wander_at: Array
    """(N, 2) position of a spot that wanders at random, as the edge of a cloud does."""
    wander_var: Array
    """(N, 2) and its variance."""
    wander: Array
    """(N,) log likelihood of the positions under it, within the window."""
    hits: Array
    """(N,)"""
    window_hits: Array
    """(N,) hits within the motion window."""
    misses: Array
    """(N,)"""
    first_s: Array
    """(N,) time of the first hit."""
    last_s: Array
    """(N,) time of the last hit."""
    origin: Array
    """(N, 4) first position: scene x, y, focal x, y."""
    snr: Array
    """(N,) running mean of the strongest band's snr."""
    sums: Array
    """(N, 2, 17) moments of the motion."""
    light: Array
    """(N, 5) sums of 1, t, t^2, y, t y with y the log flux and t in s, over the window."""
    flux: Array
    """(N, B) running mean of the flux where seen, electrons; NaN where never seen."""
    flux_weight: Array
    """(N, B) weight of it, in hits."""
    last_log: NDArray[np.int64]
    """(N, 2) frame sequence number and row of the last hit in the log."""
    confirmed: NDArray[np.bool_]
    """(N,)"""

    @classmethod
    def create(cls, count: int, n_bands: int) -> Table:
        """Return ``count`` blank tracks."""
        return cls(
            serial=np.zeros(count, np.int64),
            state=np.zeros((count, 2, 3)),
            cov=np.zeros((count, 2, 3, 3)),
            score=np.zeros(count),
            best=np.zeros(count),
            motion=np.zeros(count),
            boost_state=np.zeros((count, 2, 3)),
            boost_cov=np.zeros((count, 2, 3, 3)),
            boost=np.zeros(count),
            wander_at=np.zeros((count, 2)),
            wander_var=np.zeros((count, 2)),
            wander=np.zeros(count),
            hits=np.zeros(count),
            window_hits=np.zeros(count),
            misses=np.zeros(count),
            first_s=np.zeros(count),
            last_s=np.zeros(count),
            origin=np.zeros((count, 4)),
            snr=np.zeros(count),
            sums=np.zeros((count, 2, N_MOMENTS)),
            light=np.zeros((count, 5)),
            flux=np.full((count, n_bands), np.nan),
            flux_weight=np.zeros((count, n_bands)),
            last_log=np.full((count, 2), -1, np.int64),
            confirmed=np.zeros(count, np.bool_),
        )

    def __len__(self) -> int:
        return len(self.serial)

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Drop the tracks outside ``mask`` (N,)."""
        if not mask.all():
            for column in fields(self):
                setattr(self, column.name, np.ascontiguousarray(getattr(self, column.name)[mask]))

    def extend(self, other: Table) -> None:
        """Append the tracks of another table."""
        if len(other):
            for column in fields(self):
                both = np.concatenate([getattr(self, column.name), getattr(other, column.name)])
                setattr(self, column.name, both)

    def predict(self, dt: float, accel_sigma: float, scale_m: float) -> None:
        """Carry all states forward by ``dt`` seconds; a pixel is ``scale_m`` metres."""
        kalman.predict(self.state, self.cov, dt, MANEUVER_TIME_S, accel_sigma)
        kalman.predict(self.boost_state, self.boost_cov, dt, BOOST_TIME_S, BOOST_ACCEL_M_S2 / scale_m)
        self.wander_var += WANDER_PX2_S * dt

    @property
    def position_var(self) -> Array:
        """(N, 2) variance of the predicted positions, px2."""
        return np.ascontiguousarray(self.cov[:, :, 0, 0])


def start_covariance(var: Array, speed_sigma: float, accel_sigma: float) -> Array:
    """Return the covariance (M, 2, 3, 3) of tracks that start from one measurement of variance (M, 2)."""
    cov = np.zeros((len(var), 2, 3, 3))
    cov[:, :, 0, 0] = var
    cov[:, :, 1, 1] = speed_sigma**2
    cov[:, :, 2, 2] = accel_sigma**2
    return cov


def log_normal(d2: Array, var: Array) -> Array:
    """Return the log density (P,) of two independent normal axes: squared distance (P,) and variances (P, 2)."""
    out: Array = -0.5 * (d2 + np.log(var).sum(axis=1)) - math.log(2 * math.pi)
    return out
