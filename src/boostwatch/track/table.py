"""All live confirmed tracks as a table of columns: predicted, fed and pruned together."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from boostwatch.records import TRACK_POINT, Records
from boostwatch_kernels import kinds, regimes, tracks
from boostwatch_kernels.amplitude import Noise
from boostwatch_kernels.assignment import Association, Seen, associate
from boostwatch_kernels.hits import read_hits, receive, write_points
from boostwatch_kernels.tracks import N_LIGHT, N_MOMENTS, WANDER_EXCESS

from .laws import KINDS

Array = NDArray[np.float64]
C = TypeVar("C", tracks.Course, tracks.Looks, kinds.Lives)

REGIMES_S = np.array([20.0, 2000.0, 200000.0])
"""Times in which the filters of a track let an acceleration fade: no one knows how steady a motion will be."""
REGIME_LASTS_S = 150.0
"""Mean time in which one holds, about a stage's."""


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

    def __post_init__(self) -> None:
        self._bundles: dict[type, Any] = {}

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
            evidence=np.zeros((count, len(KINDS))),
            past=np.zeros((count, 2, len(KINDS))),
            beside=np.zeros((count, len(KINDS))),
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
            columns = new.columns(tracks.Looks), np.arange(count), read_hits(hits), float(hits["time_s"][0])
            tracks.look(*columns, nothing, nothing, main_band)
        return new

    def __len__(self) -> int:
        return len(self.track_id)

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Drop the tracks outside ``mask`` (N,)."""
        if not mask.all():
            for column in fields(self):
                setattr(self, column.name, np.ascontiguousarray(getattr(self, column.name)[mask]))
            self._bundles.clear()

    def extend(self, other: Table) -> None:
        """Append the tracks of another table."""
        if len(other):
            for column in fields(self):
                both = np.concatenate([getattr(self, column.name), getattr(other, column.name)])
                setattr(self, column.name, both)
            self._bundles.clear()

    def predict(self, dt: float, accel_sigma: float) -> None:
        """Carry all states forward by ``dt`` seconds."""
        if len(self):
            regimes.predict(self._filters, self.state, self.cov, dt, REGIMES_S, accel_sigma, REGIME_LASTS_S)
            tracks.wait(self.columns(tracks.Course), dt)

    def associate(self, pd: Array, seen: Seen, noise: Noise, gate: float) -> Association:
        """Give the tracks, which are seen with probability ``pd`` (N,), the measurements of a frame."""
        at, var = np.ascontiguousarray(self.state[:, :, 0]), np.ascontiguousarray(self.cov[:, :, 0, 0])
        return associate(at, var, self.snr, self.hits, pd, seen, noise, gate)

    def blend(self, pairs: Association, at: Array, var: Array) -> None:
        """Take into the filters all measurements, places (M, 2) and variances, that may be a track's own."""
        regimes.mix(self._filters, self.state, self.cov, pairs.start, pairs.point, pairs.share, at, var)

    def tally(self, pairs: Association, time_s: float) -> None:
        """Take in what a frame in which something could be seen tells of each track's being there."""
        tracks.tally(self.columns(tracks.Course), self.columns(tracks.Looks), pairs.given, pairs.gain, time_s)

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
        course, looks = self.columns(tracks.Course), self.columns(tracks.Looks)
        receive(self._filters, course, looks, row, hits, chance, main_band)

    def settle_motion(self, bar: float, familiar_bar: float) -> tuple[int, NDArray[np.int8]]:
        """Note which tracks move and which stand still, and return of how many and which that is new."""
        return tracks.settle_motion(self.columns(tracks.Course), bar, familiar_bar)

    def points(self, focal: Array, frame: int, time_s: float) -> Records:
        """Return the states (N,) of TRACK_POINT in a frame, at positions (N, 2) on the focal plane."""
        out = np.empty(len(self), TRACK_POINT)
        course = self.columns(tracks.Course)
        write_points(out, self.track_id, self.state, self.cov, focal, course, frame, time_s)
        return out

    def keep_as_launch(self, n: int) -> None:
        """Note that track ``n`` was declared: what told so stays, and a last look begins."""
        self.kept[n] = True
        looks = self.columns(tracks.Looks)
        for _ in range(2):  # of both that are under way: what they hold is in `evidence` already
            tracks.pass_on(looks, n)

    def columns(self, kind: type[C]) -> C:
        """Return the columns that a kernel reads and changes; they are the table's own until tracks come or go."""
        if kind not in self._bundles:
            self._bundles[kind] = kind(*(getattr(self, name) for name in kind._fields))
        out: C = self._bundles[kind]
        return out

    @property
    def _filters(self) -> regimes.Regimes:
        if regimes.Regimes not in self._bundles:
            state, cov = self.regime_state.reshape(-1, 2, 3), self.regime_cov.reshape(-1, 2, 3, 3)
            self._bundles[regimes.Regimes] = regimes.Regimes(state, cov, self.regime_share)
        out: regimes.Regimes = self._bundles[regimes.Regimes]
        return out


def start_covariance(var: Array, speed_sigma: float, accel_sigma: float) -> Array:
    """Return the covariance (M, 2, 3, 3) of tracks that start from one measurement of variance (M, 2)."""
    cov = np.zeros((len(var), 2, 3, 3))
    cov[:, :, 0, 0] = var
    cov[:, :, 1, 1] = speed_sigma**2
    cov[:, :, 2, 2] = accel_sigma**2
    return cov
