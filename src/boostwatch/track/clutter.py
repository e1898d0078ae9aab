"""How likely a detection is a false alarm: density on the focal plane, amplitude, and what confirmation asks for."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from boostwatch.settings import ChainSettings
from boostwatch_kernels.amplitude import Noise
from boostwatch_kernels.density import count, density

Array = NDArray[np.float64]

CELL_PX = 64
MEMORY_S = 60.0
LOCAL_COUNTS = 3.0
"""False alarms that the global density counts for in the estimate of one cell."""
TELLING = 10
"""False alarms after which the weakest of them is taken for the threshold."""
HEAVY_TAIL = 0.05
"""Share of false alarms that are taken, at first, for clutter of any amplitude instead of noise peaks."""
HEAVY_COUNTS = 50.0
"""False alarms that this first share is worth."""
HEAVY_ABOVE = 2.0
"""False alarms this much above the threshold are no noise peaks."""
LEAST_PD = 0.3
"""What a track's probability of detection never falls below: else it would outlive its target."""
LOG_MISSED = -2.0
"""Log of the odds that a target is missed."""
BAND_LEAK = 0.1
"""Share of false alarms that show in a second band too: clutter edges do, noise does not."""
BAND_SHARE = 0.5
"""Share of a target's frames in which a second band sees it too."""

REACHED = (-3.6, -0.58, 0.12)
"""Log of the share of Wald's bound that false tracks reach: at threshold 2.5 and 2e-5 false alarms a pixel, and its
changes with the threshold and the log of the density. From lists of 5 to 2000 false alarms a frame of 1024 x 1024 px
and thresholds of 2.5 to 5.5; right to a factor of 1.5, also for other speeds and probabilities of detection."""
LEAST_SCORE = 1.0


class Clutter:
    """Running estimate of the density of false alarms, and the log likelihood ratios that rest on it.

    The density is that of all measurements outside confirmed tracks, in cells of 64 px averaged over a minute, each
    drawn towards the mean of the frame (a gamma prior worth three counts).
    """

    def __init__(self, settings: ChainSettings, shape: tuple[int, int] | None, frame_period_s: float, n_bands: int):
        self._shape = shape
        self._period = frame_period_s
        self._fading = frame_period_s / MEMORY_S
        ny, nx = (math.ceil(shape[0] / CELL_PX), math.ceil(shape[1] / CELL_PX)) if shape else (1, 1)
        self._counts = np.zeros((ny, nx))
        self._sides = (float(shape[0]), float(shape[1])) if shape else (1.0, 1.0)
        self._box = np.array([np.inf, np.inf, -np.inf, -np.inf])
        expected = settings.detect.false_alarms_per_mpx * 1e-6 * n_bands
        # The settings' figure is worth ten frames at first; then the detections themselves speak.
        self._frames = 10.0
        self._total = self._frames * expected * self.area_px
        self._rate = settings.track.false_tracks_per_hour
        self._n_bands = n_bands
        self._weakest, self._seen, self._strong = math.inf, 0, 0
        self.threshold = max(float(-ndtri(min(settings.detect.false_alarms_per_mpx * 1e-6, 0.4))), 0.5)

    @property
    def area_px(self) -> float:
        """Searched area, px: the frame, or the box around all detections where the frame is not known."""
        if self._shape:
            return float(self._shape[0] * self._shape[1])
        x0, y0, x1, y1 = self._box
        return float(max(x1 - x0, CELL_PX) * max(y1 - y0, CELL_PX)) if x1 >= x0 else float(CELL_PX**2)

    @property
    def mean_density(self) -> float:
        """False alarms per px and frame."""
        return max(self._total / self._frames / self.area_px, 1e-9)

    @property
    def log_chance(self) -> float:
        """Log density of a place that is a false alarm's while the track's own detection is missed."""
        return math.log(self.mean_density) + LOG_MISSED

    def density(self, focal: Array) -> Array:
        """Return false alarms per px and frame (M,) at focal-plane positions (M, 2)."""
        area = self.area_px / self._counts.size
        known = LOCAL_COUNTS / (self.mean_density * area)
        out: Array = density(self._counts, focal, *self._sides, self._frames, area, LOCAL_COUNTS, known)
        return out

    def rest(self, frames: int) -> None:
        """Take a number of frames in which there were no measurements."""
        if frames:
            keep = math.exp(-frames * self._fading)
            self._counts *= keep
            self._total *= keep
            self._frames = self._frames * keep + math.expm1(-frames * self._fading) / math.expm1(-self._fading)

    def learn(self, focal: Array, snr: Array, false: NDArray[np.bool_]) -> None:
        """Take the measurements (M,) of one frame, of which some belong to no confirmed track."""
        self.rest(1)
        above = self.threshold + HEAVY_ABOVE
        seen, strong, weakest = count(self._counts, focal, snr, false, *self._sides, above)
        self._total += seen
        if seen:
            if not self._shape:
                self._box[:2] = np.minimum(self._box[:2], focal[false].min(axis=0))
                self._box[2:] = np.maximum(self._box[2:], focal[false].max(axis=0))
            # Where a list was cut is best told by its weakest entries; the settings serve for the first few.
            self._weakest = min(self._weakest, weakest)
            self._seen += seen
            self._strong += strong
            if self._seen >= TELLING:
                self.threshold = max(self._weakest, 0.5)

    @property
    def confirm_score(self) -> float:
        """Log likelihood ratio at which a track is confirmed.

        Every false alarm starts a track. By Wald's inequality the share of them whose likelihood ratio ever reaches
        ``A`` is at most ``1/A``. It is less by the mean of ``A`` over the ratio that is reached, among targets
        (Siegmund, Sequential Analysis, 1985, chapter 2), since a strong hit leaps far past ``A``. That mean was
        measured (`REACHED`); it depends on how steeply false alarms fall with amplitude, and little on their density.
        """
        starts = self.mean_density * self.area_px * 3600.0 / self._period
        level, per_snr, per_density = REACHED
        leap = level + per_snr * (self.threshold - 2.5) + per_density * math.log(self.mean_density / 2e-5)
        return max(math.log(max(starts, 1e-3) / self._rate) + min(leap, 0.0), LEAST_SCORE)

    @property
    def heavy_tail(self) -> float:
        """Share of false alarms of any amplitude, from how many are far above the threshold."""
        share = self.threshold / (self.threshold + HEAVY_ABOVE)
        return min((self._strong / share + HEAVY_TAIL * HEAVY_COUNTS) / (self._seen + HEAVY_COUNTS), 0.5)

    def noise(self, most_pd: float) -> Noise:
        """Return what the kernels need of false alarms; ``most_pd`` is the probability of detection expected."""
        return Noise(self.threshold, self.heavy_tail, LEAST_PD, max(most_pd, LEAST_PD))

    def colour(self, bands: NDArray[np.int64]) -> Array:
        """Return the log likelihood ratio (M,) of being seen in that many bands."""
        if self._n_bands == 1:
            return np.zeros(len(bands))
        return np.where(bands > 1, math.log(BAND_SHARE / BAND_LEAK), math.log((1 - BAND_SHARE) / (1 - BAND_LEAK)))
