"""What a track is: probabilities of the kinds from motion, colour, strength and growth of the light.

The result is Bayes' rule over the models of `boostwatch.track.laws`, so a track without telling evidence stays near the
prior, and ``unknown`` takes whatever no model explains.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from boostwatch.sensor import Sensor
from boostwatch_kernels import kinds, tracks
from boostwatch_kernels.amplitude import Noise
from boostwatch_kernels.evidence import ascent_evidence, normal_evidence

from .ascent import Ascents
from .laws import COLOUR, EARLY_S, EXCESS, KINDS, LAUNCH, OFTEN, ONE_BAND, PRIOR_TRACKS, RATIO, laws
from .table import Table

Array = NDArray[np.float64]

DEFAULT_SCALE_M = 1000.0
"""Metres a pixel where geometry is not known: a geostationary sensor of notional optics."""

GONE_ERROR_PX = 0.3
"""Error of the distance that a track has gone."""


class Classifier:
    """Probabilities of the kinds for rows of the track table.

    Parameters
    ----------
    sensor : Sensor or None
        Bands and their calibration, where known.
    n_bands : int
        Bands of the detections.
    ascents : Ascents
        How launches move where they are seen.
    """

    def __init__(self, sensor: Sensor | None, n_bands: int, ascents: Ascents) -> None:
        self._bands = n_bands
        self._ascents = ascents
        self._counts = PRIOR_TRACKS.copy()
        self._scale_m, self._laws = DEFAULT_SCALE_M, laws(DEFAULT_SCALE_M)
        self._to_irradiance = np.full(n_bands, np.nan)
        middle = np.full(n_bands, np.nan)
        for n, band in enumerate(sensor.bands[:n_bands] if sensor else ()):
            self._to_irradiance[n] = band.irradiance_per_signal
            middle[n] = 0.5 * (band.lower_um + band.upper_um)
        co2 = np.flatnonzero((middle > 4.15) & (middle < 4.5))
        other = np.flatnonzero(np.isfinite(middle) & ~((middle > 4.15) & (middle < 4.5)))
        self._co2 = int(co2[0]) if len(co2) and len(other) else -1
        self.main_band = int(other[0]) if len(other) else 0

    @property
    def coloured(self) -> bool:
        """Whether there is a band where carbon dioxide absorbs, and one beside it."""
        return self._co2 >= 0

    def learn(self, probabilities: Array) -> None:
        """Take the probabilities (KINDS,) of a track that has ended or is old: where many confusers were are more.

        Launches are not counted: one says nothing about the next.
        """
        self._counts += np.where(np.arange(len(KINDS)) == LAUNCH, 0.0, probabilities)

    def irradiance(self, flux_e: Array) -> Array:
        """Return W/m2 at the aperture of fluxes (..., B) in electrons; NaN in bands without calibration."""
        out: Array = flux_e * self._to_irradiance
        return out

    def probabilities(
        self,
        table: Table,
        row: NDArray[np.int64],
        scale_m: float,
        range_m: float,
        noise_e: Array,
        false: Noise,
        open_s: float,
    ) -> Array:
        """Return the probability (K, KINDS) of each of KINDS for some tracks.

        Parameters
        ----------
        table : Table
            All live tracks; the evidence of these is noted there, since looks to come will build on it.
        row : int64 (K,)
            Which of them.
        scale_m : float
            Metres a pixel at the ground.
        range_m : float
            Distance of the scene, m; NaN where unknown.
        noise_e : float64 (B,)
            Flux below which a band shows nothing, electrons; NaN where unknown.
        false : Noise
            What false alarms look like.
        open_s : float
            Time, s, from which something could be detected.
        """
        to_intensity = self._to_irradiance[self.main_band] * range_m**2
        p: Array = kinds.probabilities(
            table.columns(tracks.Looks), table.columns(kinds.Lives), row, self._laws_at(scale_m),
            self._climb(table, row), false, open_s + EARLY_S, math.log(to_intensity) if to_intensity > 0 else math.nan,
            np.log(self._counts / self._counts.sum()), self._colour(table, row, range_m, noise_e),
        )  # fmt: skip
        return p

    def _laws_at(self, scale_m: float) -> kinds.Laws:
        """Return the tables where a pixel is so many metres."""
        if scale_m != self._scale_m:
            self._scale_m, self._laws = scale_m, laws(scale_m)
        return self._laws

    def _climb(self, table: Table, row: NDArray[np.int64]) -> kinds.Boost:
        """Return how a boost would climb there."""
        out = kinds.Boost(np.zeros(len(row)), np.zeros(len(row), np.bool_), np.zeros(len(row), np.int64))
        if not self._ascents.known:
            return out
        later = table.since_s[row, 0] > table.first_s[row]
        for cell, mine in self._ascents.cells(table.origin[row, 2:]):
            for prior, at in zip(self._ascents.priors(cell), (mine[~later[mine]], mine[later[mine]]), strict=True):
                if prior is None or not len(at):
                    continue
                k = row[at]
                parts = [
                    ascent_evidence(table.sums[k, 0], table.look_hits[k, 0], prior.mean, prior.cov, excess)
                    + math.log(share / len(prior.mean))
                    for excess, share in zip(EXCESS, OFTEN, strict=True)
                ]
                out.climb[at], out.known[at] = np.logaddexp.reduce(np.concatenate(parts)), 1
                gone = np.linalg.norm(table.state[k, :, 0] - table.look_origin[k, 0, :2], axis=1) + GONE_ERROR_PX
                least = np.interp(table.last_s[k] - table.since_s[k, 0], prior.time_s, prior.least_px)
                out.short[at] = gone < least
        return out

    def _colour(self, table: Table, row: NDArray[np.int64], range_m: float, noise_e: Array) -> Array:
        """Return the log evidence (K, KINDS) of the bands in which it is seen, and how strongly."""
        out = np.zeros((len(row), len(KINDS)))
        if self.coloured and math.isfinite(range_m):
            with np.errstate(invalid="ignore", divide="ignore"):
                strength = np.log10(self.irradiance(table.flux[row]) * range_m**2)
                floor = np.log10(self.irradiance(noise_e) * range_m**2)
            main = strength[:, self.main_band]
            known = np.isfinite(main)
            both = known & np.isfinite(strength[:, self._co2])
            ratio = (strength[:, self._co2] - main)[both]
            out[both] += normal_evidence(ratio, RATIO).T
            dark = known & ~np.isfinite(strength[:, self._co2])
            if math.isfinite(floor[self._co2]):
                limit = (floor[self._co2] - main)[:, None]
                out[dark] += log_ndtr((limit[dark] - COLOUR[:, 0]) / COLOUR[:, 1])
        if self._bands > 1:
            seen = (table.flux_weight[row] > 0.3).sum(axis=1)
            share = np.where((seen > 1)[:, None], np.log(-np.expm1(ONE_BAND)), ONE_BAND)
            out += share if not self.coloured else np.where(np.arange(len(KINDS)) == KINDS.index("defect"), share, 0.0)
        return out
