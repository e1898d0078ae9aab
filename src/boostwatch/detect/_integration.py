"""Several registered frames together: what is too dim for one, and slow."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from boostwatch.detect._gates import Places, breadth_of_a_point
from boostwatch.detect._tiles import TileNoise, shared
from boostwatch.detect.calibration import stack_threshold_for
from boostwatch.detect.peaks import ANSWER_BROAD, ANSWER_POINT, LEAST_WITHOUT, SNR, VELOCITY, X, Y, clutter_factor
from boostwatch_kernels.background import GROUP, TILE_X, TILE_Y
from boostwatch_kernels.detection import Rule
from boostwatch_kernels.fitting import COLUMNS, Lens
from boostwatch_kernels.stacking import CELL, LEAST_ROUGH, Ground, stack_strips

if TYPE_CHECKING:
    from boostwatch.detect._state import BandState

FASTEST = 0.25
"""Velocity that is fitted, px a frame: beyond it a still sum of frames holds too little of a source to start from."""

FIRST_LOOK, SECOND_LOOK = 0.7, 0.85
"""Shares of the threshold at which the still sum looks, and at which a place is fitted."""

FOUND = 0.1
"""Share of the maxima over all velocities that the still sum leads to, in noise (`benchmarks/detection_loss.py`)."""

WITHOUT = 0.75
"""Share of the threshold that must remain without any one frame: not of a flash or a source that has passed."""

NEAR = 2.5
"""Distance within which two finds are one source, px."""

BREADTH = 1.15
"""Answer of the broad template over that to a point, from which a find is held for a cloud's cell: two sigma of it."""

ROUGH_MEMORY = 10.0
"""Looks at a strip over which its roughness is averaged."""

EVEN, FLAT = 1.25, 0.4
"""Roughness of a cell over the typical one, and level, from which a find there does not gate."""

TYPICAL_EVERY = 8
"""Looks from one figure of the typical roughness to the next."""

LONGEST_GATE = 24
"""Frames for which a find gates at most: a cloud's cell must not keep itself out of the background for good."""

DOUBT = 0.0015
"""Relative variance of the scale of the sum's noise: a cell's roughness is that of some 200 pixels below."""

WATCHED = 128
"""Finds that are followed from frame to frame at most."""

PEAKS = 1024
"""Peaks a look at most, first rows first, on however many threads."""


class Integration:
    """Looks at the sum of the newest frames, a quarter of the strips a frame, and follows what it finds.

    Parameters
    ----------
    band : BandState
        The band whose frames are added.

    Attributes
    ----------
    frames : int
        How many are added.
    """

    def __init__(self, band: BandState) -> None:
        self._band = band
        settings, figures = band._settings, band.figures
        self.frames = settings.added_frames
        _, rate = settings.shares
        self._threshold = stack_threshold_for(rate / FOUND, figures.psf_sigma, self.frames, FASTEST)
        self._lens = Lens(figures.psf_sigma, figures.gain, figures.reach, FASTEST, SECOND_LOOK * self._threshold)
        self._broadest = BREADTH * breadth_of_a_point(figures.psf_sigma, figures.blur)
        self._rule = Rule(FIRST_LOOK * self._threshold, SECOND_LOOK * self._threshold, 0.0)
        self._peaks = np.zeros((len(band._blocks), PEAKS, 3), np.float32)
        self._counts = [0] * len(band._blocks)
        self.forget()

    def forget(self) -> None:
        """Start anew."""
        self._noise = TileNoise(self._band._shape, GROUP)
        cells = [-(-side // CELL) for side in self._band._shape]
        self._ground = Ground(np.ones(cells, np.float32), np.zeros(cells, np.float32))
        self._looks = 0
        self._watched = np.zeros((0, 4))  # x, y at the frame before, velocity
        self._typical = 1.0
        self._age = np.zeros(0)  # frames that each has been watched
        self._places = Places(self._band.figures.psf_sigma, np.inf)
        self._looked = False

    def move(self, step_x: int, step_y: int) -> None:
        """Move with the reference."""
        self._places.move(step_x, step_y)
        self._watched[:, :2] += (step_x, step_y)  # the roughness stays, it is coarse

    def carry(
        self,
        forward: Callable[[NDArray[np.float64], NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]],
        cells: Callable[[NDArray[np.float32], float], NDArray[np.float32]],
    ) -> None:
        """Go over to another reference: places by ``forward``, planes of cells by ``cells``, filled as new ones."""
        at = self._watched[:, :2]
        here, next_ = (np.stack(forward(*(at + far * self._watched[:, 2:]).T), axis=1) for far in (0.0, 1.0))
        self._watched = np.concatenate([here, next_ - here], axis=1)
        self._watched = self._watched[np.isfinite(self._watched).all(axis=1)]
        self._ground.rough[:] = cells(self._ground.rough, LEAST_ROUGH)
        self._ground.bias[:] = cells(self._ground.bias, 0.0)

    def look(self, phase: int, work: list[NDArray[np.float32]]) -> list[list[Callable[[], None]]]:
        """Return a look at the strips whose number leaves ``phase``, in as many parts as there are scratches."""
        band = self._band
        group, _ = band.group(range(band._seen - self.frames + 1, band._seen + 1), GROUP)
        lag = band.lag(band._seen + 0.5 * (1 - self.frames))
        self._noise.clear()
        self._looked = True
        strips = np.arange(phase, len(band._origin), GROUP)
        self._counts = [0] * len(self._counts)
        self._looks += 1
        rate = max(1.0 / ROUGH_MEMORY, 1.0 / (1.0 + (self._looks - 1) // GROUP))

        def job(k: int, part: NDArray[np.int64]) -> None:
            self._counts[k] = stack_strips(
                band.ring, group, lag, band.background, band.figures.profile, self._rule, self._noise.tiles,
                self._ground, rate, part, self._peaks[k], work[k],
            )  # fmt: skip

        parts = shared(strips, len(work))
        return [[partial(job, k, parts[k])] if k < len(parts) else [] for k in range(len(work))]

    def judge(self, single: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what stands out of the sum and is none of this frame's own detections, float64 (N, COLUMNS)."""
        if not self._looked:
            return np.zeros((0, COLUMNS))
        self._looked = False
        self._noise.renew()
        if self._looks % TYPICAL_EVERY == 1:
            self._typical = float(np.median(self._ground.rough))
        peaks = np.concatenate([p[:n] for p, n in zip(self._peaks, self._counts, strict=True)])[:PEAKS]
        starts = np.zeros((len(peaks) + len(self._watched), 4))
        starts[len(self._watched) :, :2] = peaks[:, [1, 0]]
        starts[: len(self._watched)] = self._watched
        starts[: len(self._watched), :2] += self._watched[:, 2:]
        if not len(starts):
            return np.zeros((0, COLUMNS))
        fits = self._band.fit(self._noise, self._lens, self.frames, starts[:, :2], starts[:, 2:], DOUBT)
        self._level(fits)
        fits[:, SNR] /= clutter_factor(fits)
        fits = fits[(fits[:, SNR] > self._threshold) & (fits[:, LEAST_WITHOUT] > WITHOUT * self._threshold)]
        fits = fits[fits[:, ANSWER_BROAD] < self._broadest * fits[:, ANSWER_POINT]]
        bright = self._band.bright(self.frames)
        if len(bright) and len(fits):
            away = np.maximum(np.abs(fits[:, [X]] - bright[:, 0]), np.abs(fits[:, [Y]] - bright[:, 1]))
            fits = fits[(away > bright[:, 2]).all(axis=1)]
        fits = _apart(fits)[:WATCHED]
        before = starts[: len(self._watched), :2]
        age = np.zeros(len(fits))
        # In rough places a find may be a cloud's, and what kept itself out of the background there would stay.
        cells = self._cells(fits)
        point = self._places.gating(fits) & (self._ground.rough[cells] < EVEN * self._typical)
        point &= np.abs(self._ground.bias[cells]) < FLAT
        for k, fit in enumerate(fits):
            # What is found anew lay in all these frames; what was watched has its gates in the earlier ones.
            away = np.hypot(*(before - fit[[X, Y]]).T) if len(before) else np.array([np.inf])
            known = bool(away.min() < NEAR)
            age[k] = self._age[away.argmin()] + 1.0 if known else 0.0
            if point[k] and age[k] < LONGEST_GATE:
                snr = float(fit[SNR]) / math.sqrt(self.frames)
                self._band.hold_path(fit[[X, Y]], fit[VELOCITY], snr, 1 if known else self.frames)
        self._watched, self._age = np.column_stack([fits[:, [X, Y]], fits[:, VELOCITY]]), age
        if len(single) and len(fits):
            distance = np.hypot(fits[:, None, X] - single[:, X], fits[:, None, Y] - single[:, Y])
            fits = fits[distance.min(axis=1) > NEAR]
        return fits[np.lexsort((fits[:, X], fits[:, Y]))]

    def _cells(self, fits: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return rows and columns of the cells that hold the fits."""
        high, wide = self._ground.rough.shape
        rows = np.clip(fits[:, Y].astype(np.int64) // CELL, 0, high - 1)
        return rows, np.clip(fits[:, X].astype(np.int64) // CELL, 0, wide - 1)

    def _level(self, fits: NDArray[np.float64]) -> None:
        """Take level and roughness of the sum into the fits' snr, as the look at the sum does."""
        ground, profile = self._ground, self._band.figures.profile.astype(np.float64)
        rows, columns = self._cells(fits)
        tiles = self._noise.tiles.scale
        scale = tiles[np.minimum(rows * CELL // TILE_Y, len(tiles) - 1), columns * CELL // TILE_X]
        level = ground.bias[rows, columns] * (2.0 * profile.sum() - profile[0]) ** 2 / scale
        fits[:, [SNR, LEAST_WITHOUT]] -= level[:, None]
        fits[:, [SNR, LEAST_WITHOUT]] /= np.sqrt(ground.rough[rows, columns])[:, None]


def _apart(fits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep the strongest of those that lie together, strongest first."""
    fits = fits[np.argsort(-fits[:, SNR], kind="stable")]
    kept: list[int] = []
    for i in range(len(fits)):
        if all(np.hypot(fits[i, X] - fits[j, X], fits[i, Y] - fits[j, Y]) > NEAR for j in kept):
            kept.append(i)
    return fits[kept]
