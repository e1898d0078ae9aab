"""All live confirmed tracks as a table of columns: predicted, fed and pruned together."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from boostwatch.records import Records
from boostwatch_kernels import regimes, tracks
from boostwatch_kernels.amplitude import Noise
from boostwatch_kernels.assignment import Association, Seen, associate
from boostwatch_kernels.tracks import N_LIGHT, N_MOMENTS, WANDER_EXCESS

Array = NDArray[np.float64]
C = TypeVar("C", tracks.Course, tracks.Looks)

REGIMES_S = np.array([20.0, 2000.0, 200000.0])
"""Times in which the filters of a track let an acceleration fade: no one knows how steady a motion will be."""
REGIME_LASTS_S = 150.0
"""Mean time in which one holds, about a stage's."""
MOST_ODDS = 7.0
"""Log odds of existence beyond which more hits tell nothing: what has burnt out is to be given up in time."""
WANDER_PX2_S = 0.01
"""Variance that a second of wandering adds, px2: an edge that opens here and closes there."""
LIFE_S = 150.0
"""Mean time that a target burns."""
N_KINDS = 9
"""Kinds that a track may be of, see `boostwatch.track.classify`."""


@dataclass
class Table:
    """Columns of ``N`` live tracks, ``B`` bands."""

    track_id: NDArray[np.int64]
    """(N,)"""
    state: Array
    """(N, 2, 3) position, velocity, acceleration in scene coordinates."""
    cov: Array
    """(N, 2, 3, 3)"""
    regime_state: Array
    """(N, R, 2, 3) the same by each of the filters whose mixture it is, see `boostwatch_kernels.regimes`."""
    regime_cov: Array
    """(N, R, 2, 3, 3)"""
    regime_share: Array
    """(N, R) probability of each."""
    score: Array
    """(N,) log likelihood ratio, target over false alarms."""
    odds: Array
    """(N,) log odds that the target is still there (Musicki, Evans and Stankovic, IEEE TAC 39, 1994)."""
    wander_at: Array
    """(N, 2) position of a spot that wanders at random, as the edge of a cloud does."""
    wander_var: Array
    """(N, 2) and its variance."""
    rest_at: Array
    """(N, 2, 2) where it would stand still: in the scene, and on the focal plane."""
    rest_var: Array
    """(N, 2, 2) and the variance."""
    moves: Array
    """(N,) log likelihood ratio of moving over standing still since it last looked like standing (Page's test)."""
    moving: NDArray[np.bool_]
    """(N,) has been held to move."""
    rested: NDArray[np.bool_]
    """(N,) has been held to stand still."""
    familiar: NDArray[np.bool_]
    """(N,) began where something stood still before."""
    hits: Array
    """(N,)"""
    misses: Array
    """(N,)"""
    first_s: Array
    """(N,) time of the first hit."""
    last_s: Array
    """(N,) time of the last hit."""
    seen_s: Array
    """(N,) and when its own row was exposed."""
    last_snr: Array
    """(N,) and its snr."""
    origin: Array
    """(N, 4) first position: scene x, y, focal x, y."""
    snr: Array
    """(N,) running mean of the strongest band's snr."""
    since_s: Array
    """(N, 2) when each look began: the one that is weighed, and the one that takes its place; NaN before it does."""
    look_origin: Array
    """(N, 2, 4) position of its first hit: scene x, y, focal x, y."""
    look_hits: Array
    """(N, 2)"""
    look_misses: Array
    """(N, 2)"""
    motion: Array
    """(N, 2) log likelihood of the positions under the filter's free motion."""
    wander: Array
    """(N, 2) the same of a wandering spot."""
    unrest: Array
    """(N, 2) mean noise of its places over that of their surroundings."""
    sums: Array
    """(N, 2, 2, 17) moments of the motion."""
    light: Array
    """(N, 2, 8) moments of the light curve, see `boostwatch_kernels.tracks.add_light`."""
    evidence: Array
    """(N, KINDS) log evidence of each kind in all that was seen, as it was weighed last."""
    past: Array
    """(N, 2, KINDS) the same of what was seen before each look."""
    beside: Array
    """(N, KINDS) log evidence beside the looks and the colour: strength, and when and where it came up."""
    kept: NDArray[np.bool_]
    """(N,) was declared a launch: one more look, then none, since it is not weighed by how it ends."""
    flux: Array
    """(N, B) running mean of the flux where seen, electrons; NaN where never seen."""
    flux_weight: Array
    """(N, B) weight of it, in hits."""

    @classmethod
    def create(cls, count: int, n_bands: int) -> Table:
        """Return ``count`` blank tracks."""
        return cls(
            track_id=np.zeros(count, np.int64),
            state=np.zeros((count, 2, 3)),
            cov=np.zeros((count, 2, 3, 3)),
            regime_state=np.zeros((count, len(REGIMES_S), 2, 3)),
            regime_cov=np.zeros((count, len(REGIMES_S), 2, 3, 3)),
            regime_share=np.full((count, len(REGIMES_S)), 1.0 / len(REGIMES_S)),
            score=np.zeros(count),
            odds=np.zeros(count),
            wander_at=np.zeros((count, 2)),
            wander_var=np.zeros((count, 2)),
            rest_at=np.zeros((count, 2, 2)),
            rest_var=np.zeros((count, 2, 2)),
            moves=np.zeros(count),
            moving=np.zeros(count, np.bool_),
            rested=np.zeros(count, np.bool_),
            familiar=np.zeros(count, np.bool_),
            hits=np.zeros(count),
            misses=np.zeros(count),
            first_s=np.zeros(count),
            last_s=np.zeros(count),
            seen_s=np.zeros(count),
            last_snr=np.zeros(count),
            origin=np.zeros((count, 4)),
            snr=np.zeros(count),
            since_s=np.full((count, 2), np.nan),
            look_origin=np.zeros((count, 2, 4)),
            look_hits=np.zeros((count, 2)),
            look_misses=np.zeros((count, 2)),
            motion=np.zeros((count, 2)),
            wander=np.zeros((count, 2)),
            unrest=np.zeros((count, 2)),
            sums=np.zeros((count, 2, 2, N_MOMENTS)),
            light=np.zeros((count, 2, N_LIGHT)),
            evidence=np.zeros((count, N_KINDS)),
            past=np.zeros((count, 2, N_KINDS)),
            beside=np.zeros((count, N_KINDS)),
            kept=np.zeros(count, np.bool_),
            flux=np.full((count, n_bands), np.nan),
            flux_weight=np.zeros((count, n_bands)),
        )

    @classmethod
    def begin(cls, hits: Records, speed_sigma: float, accel_sigma: float, main_band: int) -> Table:
        """Return tracks that begin with some hits (N,)."""
        count, n_bands = len(hits), hits["flux"].shape[1]
        new = cls.create(count, n_bands)
        var = hits["var"] + hits["shift_sigma"][:, None] ** 2
        new.state[:, :, 0] = hits["scene"]
        new.cov[:] = start_covariance(var, speed_sigma, accel_sigma)
        new.regime_state[:], new.regime_cov[:] = new.state[:, None], new.cov[:, None]
        new.wander_at[:], new.wander_var[:] = hits["scene"], WANDER_EXCESS * var
        new.rest_at[:] = np.stack([hits["scene"], hits["focal"]], axis=1)
        new.rest_var[:] = np.stack([var, hits["var"]], axis=1)
        new.hits[:] = 1
        new.first_s[:] = new.last_s[:] = hits["time_s"]
        new.seen_s[:], new.last_snr[:] = hits["seen_s"], hits["snr"]
        new.origin[:] = np.concatenate([hits["scene"], hits["focal"]], axis=1)
        new.snr[:] = hits["strongest"] / np.sqrt(hits["frames"])
        if count:
            nothing = np.zeros(count)
            columns = new._columns(tracks.Looks), np.arange(count), _plain(hits), float(hits["time_s"][0])
            tracks.look(*columns, nothing, nothing, main_band)
        return new

    def __len__(self) -> int:
        return len(self.track_id)

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

    def predict(self, dt: float, accel_sigma: float) -> None:
        """Carry all states forward by ``dt`` seconds."""
        if len(self):
            regimes.predict(self._regimes, self.state, self.cov, dt, REGIMES_S, accel_sigma, REGIME_LASTS_S)
            self.wander_var += WANDER_PX2_S * dt
            # What may have ended adds to what is gone: p / (1 - p) becomes s p / (1 - s p).
            alive = math.exp(-dt / LIFE_S)  # 0 after a day and a half
            self.odds -= dt / LIFE_S + np.log1p((1.0 - alive) * np.exp(np.minimum(self.odds, 30.0)))

    def associate(self, pd: Array, seen: Seen, noise: Noise, gate: float) -> Association:
        """Give the tracks, which are seen with probability ``pd`` (N,), the measurements of a frame."""
        at, var = np.ascontiguousarray(self.state[:, :, 0]), np.ascontiguousarray(self.cov[:, :, 0, 0])
        return associate(at, var, self.snr, self.hits, pd, seen, noise, gate)

    def blend(self, pairs: Association, at: Array, var: Array) -> None:
        """Take into the filters all measurements, places (M, 2) and variances, that may be a track's own."""
        regimes.mix(self._regimes, self.state, self.cov, pairs.start, pairs.point, pairs.share, at, var)

    def judge(self, gain: Array) -> None:
        """Take in what a frame tells of each track's being there: log likelihood ratios (N,)."""
        self.score += gain
        self.odds = np.minimum(self.odds + gain, MOST_ODDS)

    def take(self, row: NDArray[np.int64], hits: Records, chance: float, main_band: int) -> None:
        """Give the tracks ``row`` (K,), predicted to it, a hit each; their filters take it in by `blend`, afterwards.

        Parameters
        ----------
        row : int64 (K,)
            No track twice.
        hits : structured array (K,) of `boostwatch.track.history.hit_dtype`
            Of one frame.
        chance : float
            Log density of a place that is a false alarm's.
        main_band : int
            Band of the light curve.
        """
        if len(row):
            plain, now_s = _plain(hits), float(hits["time_s"][0])
            fit, loose = regimes.fits(self._regimes, row, plain.at, plain.var)
            wander = tracks.take(self._columns(tracks.Course), row, plain, now_s, fit, chance)
            tracks.look(self._columns(tracks.Looks), row, plain, now_s, loose, wander, main_band)
            self.seen_s[row], self.last_snr[row] = hits["seen_s"], hits["snr"]

    def miss(self, row: NDArray[np.int64], time_s: float) -> None:
        """Note that the tracks ``row`` (K,) were not seen."""
        if len(row):
            tracks.miss(self._columns(tracks.Looks), row, time_s)
            self.misses[row] += 1

    def keep_as_launch(self, n: int) -> None:
        """Note that track ``n`` was declared: what told so stays, and a last look begins."""
        self.kept[n] = True
        looks = self._columns(tracks.Looks)
        for _ in range(2):  # of both that are under way: what they hold is in `evidence` already
            tracks.pass_on(looks, n)

    @property
    def _regimes(self) -> regimes.Regimes:
        return regimes.Regimes(
            self.regime_state.reshape(-1, 2, 3), self.regime_cov.reshape(-1, 2, 3, 3), self.regime_share
        )

    def _columns(self, kind: type[C]) -> C:
        """Return the columns that a kernel changes."""
        return kind(*(getattr(self, name) for name in kind._fields))


def _plain(hits: Records) -> tracks.Hits:
    """Return hits of one frame as a kernel takes them."""
    at, var = np.empty((len(hits), 2, 2)), np.empty((len(hits), 2, 2))
    at[:, 0], at[:, 1] = hits["scene"], hits["focal"]
    var[:, 0] = var[:, 1] = hits["var"]
    var[:, 0] += hits["shift_sigma"][:, None] ** 2
    return tracks.Hits(at, var, *(np.ascontiguousarray(hits[name]) for name in tracks.Hits._fields[2:]))


def start_covariance(var: Array, speed_sigma: float, accel_sigma: float) -> Array:
    """Return the covariance (M, 2, 3, 3) of tracks that start from one measurement of variance (M, 2)."""
    cov = np.zeros((len(var), 2, 3, 3))
    cov[:, :, 0, 0] = var
    cov[:, :, 1, 1] = speed_sigma**2
    cov[:, :, 2, 2] = accel_sigma**2
    return cov
