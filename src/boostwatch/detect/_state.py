"""What the temporal chain keeps of one band from frame to frame."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import ndtri

from boostwatch.detect._bands import BandFigures, BandMaps, kernel_frame, rows_of
from boostwatch.detect._gates import RIM, Held, hold
from boostwatch.detect.calibration import threshold_for
from boostwatch.detect.peaks import SNR, Scene, X, Y, clutter_factor, select
from boostwatch.detect.registration import shift_of
from boostwatch.settings import DetectSettings
from boostwatch_kernels.background import HALO, Background, Pace, learn_pattern, move_background, snapshot_edges
from boostwatch_kernels.detection import STATISTICS, TAIL, TILE_X, TILE_Y, Ring, Tiles, sweep_block
from boostwatch_kernels.fitting import Patch, fit_peaks
from boostwatch_kernels.registration import Frame, Shift, calibrated_row
from boostwatch_kernels.whitening import Rule

LEAST_BLOCK, MOST_BLOCK = 64, 256
"""Rows a block, the unit of work of a thread: a quarter of the frame within these bounds, whatever the threads."""

PEAKS = 4096
"""Peaks a block at most; more is a frame that makes no sense."""

FIRST_LOOK = 0.78
"""Share of the threshold at which the centred filter looks: a source at a pixel's corner loses 0.80."""

SECOND_LOOK = 0.9
"""Share of the threshold that the peak interpolated between pixels must have to be fitted."""

SHRINK = 8.0
"""Frames that the tile's variance counts for in a pixel's."""

RIPE = 2.0
INNOVATION = 25.0  # variances at which a squared innovation is clipped
TILE_MEMORY = 20.0
CLIPPED_MOMENT = 0.920517  # of min(z^2, CLIP) for a unit normal
TAIL_SHARE = 0.00620967  # of a unit normal below -TAIL
TAIL_PRIOR = 4000.0  # pixels that the normal tail counts for

DRIFTED = 1
"""Whole pixels of drift from which the focal plane's pattern can be told from the scene."""

PATTERN_ROWS = 2
"""One in so many rows of a frame teaches the pattern."""

PATTERN_RATE = 0.02
"""Least gain of the pattern."""

SHAPELESS = 1.2
"""Misfit from which a weak detection is held for clutter and does not gate: its variance shall be learnt."""

GATES = 256
"""Detections a frame that may gate; more is not a scene of targets."""


def staggered(shape: tuple[int, ...], place: int) -> NDArray[np.float32]:
    """Return zeros that begin ``place`` eighths of a page into a page.

    The sweep reads and writes the same column of several frames at once; if all began at the same place in a page they
    would contend for the same few lines of the cache.
    """
    size = math.prod(shape)
    raw = np.zeros(size + 2048, np.float32)
    start = (-raw.ctypes.data % 4096) // 4 + 128 * place
    return raw[start : start + size].reshape(shape)


@dataclass
class _Slot:
    """One frame in the ring that has not entered the background yet."""

    place: int
    base: tuple[int, int]
    step: tuple[int, int]  # whole pixels from its reference to its focal plane
    gates: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 3)))  # x, y, radius on its reference


class BandState:
    """Background, ring, and CFAR tiles of one band."""

    def __init__(self, figures: BandFigures, maps: BandMaps, shape: tuple[int, int], settings: DetectSettings) -> None:
        height, width = shape
        self.figures, self._maps, self._settings = figures, maps, settings
        self._bad_rows = rows_of(maps.bad)
        self._threshold = threshold_for(settings.false_alarms_per_mpx, figures.psf_sigma)
        self._rows = min(max(height // 4 // TILE_Y * TILE_Y, LEAST_BLOCK), MOST_BLOCK)
        blocks = -(-height // self._rows)
        tiles = (-(-height // TILE_Y), -(-width // TILE_X))
        mean, variance, age, slope = (staggered(shape, k) for k in range(4))
        self.background = Background(mean, variance, age, slope, np.zeros((height, 2), np.int32))
        self._ring = staggered((settings.guard_frames + 1, height, width), 4)
        self._ring[:] = np.nan
        self._edges = np.zeros((blocks + 1, 4, 2 * HALO, width), np.float32)
        self._peaks = np.zeros((blocks, PEAKS, 3), np.float32)
        self._counts = [0] * blocks
        self._tiles = Tiles(np.ones(tiles, np.float32), np.ones(tiles, np.float32), np.zeros((*tiles, STATISTICS)))
        self.frame: NDArray[np.uint16] | NDArray[np.float32] | None = None
        self._kernel_frame: Frame | None = None
        self.forget()

    def forget(self) -> None:
        """Start anew."""
        self.background.mean[:] = np.nan
        self.background.variance[:] = 0.0
        self.background.age[:] = 0.0
        self.background.slope[:] = 0.0
        self.background.mature[:] = 0
        self._ahead = 1.0
        self._waiting: deque[_Slot] = deque()
        self._next = 0
        self._base = (0, 0)
        self._seen = 0
        self._pattern = np.zeros((0, 0), np.float32)
        self._drifted = 0
        self.floor = 0.0
        self._level = np.ones(self._tiles.scale.shape)
        self._tail = np.full(self._tiles.scale.shape, TAIL_SHARE)
        self._heavy = np.ones(self._tiles.scale.shape)

    @property
    def started(self) -> bool:
        """Whether there is a background at all."""
        return self._seen > 0

    @property
    def frames_in_mean(self) -> float:
        """Number of frames whose noise the mean averages, as if they counted alike."""
        return min(float(self._seen), 2.0 * self._settings.memory_frames - 1.0)

    @property
    def spare_variance(self) -> float:
        """Variance by which that of a young pixel falls short, DN^2: the tiles' share, and the noise of the mean."""
        typical = float(np.median(self._tiles.variance))
        return self.floor + typical * (SHRINK / (SHRINK + self._seen) + 1.0 / max(self.frames_in_mean, 1.0))

    def take(self, plane: NDArray[np.uint16] | NDArray[np.float32] | None) -> None:
        """Hold the new frame, or None where there is none to use."""
        self.frame, self._kernel_frame = plane, None

    def kernel_frame(self) -> Frame:
        """Return the frame held as the kernels take it."""
        if self._kernel_frame is None:
            assert self.frame is not None  # the callers ask only for frames that were taken
            frame = kernel_frame(self.frame, self._maps, self._bad_rows)
            self._kernel_frame = frame._replace(offset=self._pattern) if self._pattern.size else frame
        return self._kernel_frame

    def calibrated(self) -> NDArray[np.float32]:
        """Return the whole frame held in calibrated DN."""
        frame = self.kernel_frame()
        out = np.empty(frame.data.shape, np.float32)
        for y in range(len(out)):
            calibrated_row(frame, y, out, y)
        return out

    def rebase(self, step_x: int, step_y: int) -> None:
        """Move the reference by whole pixels; CFAR tiles stay, they are coarse."""
        # A new base b' means R'(x) = I(x + d - b') = R(x - (b' - b)).
        move_background(self.background, step_x, step_y)
        self._base = (self._base[0] + step_x, self._base[1] + step_y)
        if not self._pattern.size and max(abs(self._base[0]), abs(self._base[1])) >= DRIFTED:
            known = self._maps.offset
            self._pattern = known.copy() if known.size else np.zeros(self.background.mean.shape, np.float32)
            self._drifted = 0

    def prepare(self, shift: tuple[float, float], sigma: float, taken: int) -> list[Callable[[], None]]:
        """Return the sweep of the frame held as independent jobs, one a block of rows."""
        if self.frame is None:
            return []
        if self._seen == 0:
            self._suppose_noise()
        settings = self._settings
        slot = _Slot(self._next, self._base, (round(shift[0]), round(shift[1])))
        self._next = (self._next + 1) % len(self._ring)
        self._waiting.append(slot)
        over = taken - settings.warm_up_frames
        held = 0 if over < 0 else min(settings.guard_frames, 1 + over // 2)
        self._past = self._waiting.popleft() if len(self._waiting) > held else None
        past, past_x, past_y = -1, 0, 0
        if self._past is not None:
            past = self._past.place
            past_x, past_y = self._base[0] - self._past.base[0], self._base[1] - self._past.base[1]
            self._held = [h for g in self._past.gates if (h := self._hold(self._past, g, past_x, past_y)) is not None]
        self._slot = slot
        memory = float(settings.memory_frames)
        following = held + 1.0
        self._pace = Pace(2.0 / memory, 1.0 / memory**2, 0.5 / memory, INNOVATION, memory, self._ahead, following)
        if self._past is not None:
            self._ahead = following
        ring = Ring(self._ring, slot.place, past, past_x, past_y)
        self._rule = Rule(
            self._pace,
            RIPE,
            SHRINK,
            self.floor,
            sigma * sigma,
            self._threshold,
            FIRST_LOOK,
            SECOND_LOOK,
        )
        self._tiles.found[:] = 0.0
        snapshot_edges(self.background, self._rows, self._edges)
        kernel_shift = shift_of(self.figures.interpolator, *shift)
        return [partial(self._block, k, kernel_shift, ring) for k in range(len(self._counts))]

    def _block(self, k: int, shift: Shift, ring: Ring) -> None:
        self._counts[k] = sweep_block(
            self.kernel_frame(), shift, self.background, self._edges, ring, self.figures.profile, self._rule,
            self._tiles, k, self._rows, self._peaks[k],
        )  # fmt: skip

    def finish(self) -> NDArray[np.float64]:
        """Return the detections of the sweep, float64 (N, 8), and renew tiles and gates."""
        if self.frame is None:
            return np.zeros((0, 8))
        self._seen += self._past is not None
        if self._past is not None:
            for held in self._held:
                held.let_in(self.background, self._pace)
            self._learn_pattern(self._past)
        self._renew_tiles()
        peaks = np.concatenate([p[:n] for p, n in zip(self._peaks, self._counts, strict=True)])
        fits = np.zeros((len(peaks), 8))
        value = self._ring[self._slot.place]
        patch = Patch(value, self.background, self._tiles, self._rule)
        fit_peaks(patch, self.figures.psf_sigma, self.figures.gain, self.figures.reach, peaks, fits)
        fits[:, SNR] /= self._heavy[peaks[:, 0].astype(int) // TILE_Y, peaks[:, 1].astype(int) // TILE_X]
        found = select(fits, Scene(value, self.background.mean), self._threshold, self.figures.psf_sigma)
        found_like = clutter_factor(found) < SHAPELESS
        found_like |= found[:, SNR] > 3.0 * self._threshold
        gate = found[found_like]
        if 0 < len(gate) <= GATES:
            amplitude = gate[:, SNR]
            spread = self.figures.psf_sigma**2 + 1.0 / 12.0
            radius = np.ceil(1.0 + np.sqrt(2.0 * spread * np.log(1.0 + 3.0 * amplitude)))
            self._slot.gates = np.stack([gate[:, X], gate[:, Y], radius], axis=1)
        self.frame = self._kernel_frame = None
        return found

    def _learn_pattern(self, past: _Slot) -> None:
        """Take a part of the rows of the departing frame into the focal plane's pattern, once there is drift."""
        if not self._pattern.size:
            return
        self._drifted += 1
        rate = max(PATTERN_RATE, PATTERN_ROWS / (self._drifted + 4.0 * PATTERN_ROWS))
        moved = np.array(
            [self._base[0] - past.base[0], self._base[1] - past.base[1], past.step[0], past.step[1]], np.int64
        )
        value = self._ring[past.place]
        rows = (self._drifted % PATTERN_ROWS, PATTERN_ROWS)
        learn_pattern(value, self.background, moved, rate, rows, self._ahead, self._pattern)

    def _suppose_noise(self) -> None:
        """Take a first figure of the noise from how a pixel differs from the mean of its neighbours."""
        frame = self.calibrated()
        second = frame[:, 1:-1] - 0.5 * (frame[:, :-2] + frame[:, 2:])
        variance = float(np.median(np.abs(second)) / 0.6745) ** 2 / 1.5
        self.floor = max(1e-6 * variance, 1e-12)
        if frame.size and self.frame is not None and self.frame.dtype == np.uint16:
            self.floor = max(self.floor, 1.0 / 12.0)
        self._tiles.variance[:] = max(variance, self.floor)

    def _renew_tiles(self) -> None:
        """Take the sweep's statistics into the tiles: level slowly by tile, at once by neighbourhood."""
        found = self._tiles.found
        count = found[:, :, 3]
        known = count > 32
        if not known.any():
            return
        rate = max(1.0 / TILE_MEMORY, 1.0 / (self._seen + 1.0))
        ratio = np.where(known, found[:, :, 0] / np.maximum(count, 1.0) / CLIPPED_MOMENT, 0.0)
        box = partial(ndimage.uniform_filter, size=5, mode="constant")
        now = box(ratio / self._level * known) / np.maximum(box(known.astype(float)), 1e-9)
        now = np.clip(np.where(now > 0, now, 1.0), 0.5, 25.0)
        self._level += np.where(known, rate * (np.maximum(ratio, 1e-6) - self._level), 0.0)
        tail = np.where(known, found[:, :, 2] / np.maximum(count, 1.0), TAIL_SHARE)
        self._tail += np.where(known, rate * (tail - self._tail), 0.0)
        weight = np.where(known, found[:, :, 1] / np.maximum(count, 1.0), 0.0)
        share = (512.0 * TILE_MEMORY * self._tail + TAIL_PRIOR * TAIL_SHARE) / (512.0 * TILE_MEMORY + TAIL_PRIOR)
        heavy = np.maximum(1.0, TAIL / np.maximum(-ndtri(np.minimum(share, 0.2)), 0.5))
        self._tiles.scale[:] = np.sqrt(self._level * now)
        self._heavy = heavy
        # Sum of den over tiles: weight is sum p^2 w, so the typical variance is its inverse times sum p^2.
        profile = self.figures.profile.astype(np.float64)
        norm = float((2.0 * (profile**2).sum() - profile[0] ** 2) ** 2)
        new = np.where(weight > 0, norm / np.maximum(weight, 1e-30), self._tiles.variance)
        self._tiles.variance[:] = new

    def _hold(self, slot: _Slot, gate: NDArray[np.float64], step_x: int, step_y: int) -> Held | None:
        """Take what a gate covers out of a frame that is to enter the background."""
        height, width = self.background.mean.shape
        cx, cy, r = round(gate[0]) + step_x, round(gate[1]) + step_y, int(gate[2]) + RIM
        # Inside of the background and, moved back, of the slot's own reference.
        y0, y1 = max(0, step_y, cy - r), min(height, height + step_y, cy + r + 1)
        x0, x1 = max(0, step_x, cx - r), min(width, width + step_x, cx + r + 1)
        if y0 >= y1 or x0 >= x1:
            return None
        value = self._ring[slot.place, y0 - step_y : y1 - step_y, x0 - step_x : x1 - step_x]
        return hold(value, self.background, (y0, x0), (cy, cx), r - RIM, self._ahead)
