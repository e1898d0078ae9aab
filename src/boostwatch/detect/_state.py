"""What the temporal chain keeps of one band from frame to frame."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostwatch.detect._bands import BandFigures, BandMaps, kernel_frame, rows_of
from boostwatch.detect._gates import Places
from boostwatch.detect._integration import Integration
from boostwatch.detect._kept import KeptFrames
from boostwatch.detect._memory import in_turn, staggered, widened
from boostwatch.detect._tiles import TileNoise, shared
from boostwatch.detect.calibration import normal_tail, threshold_for
from boostwatch.detect.held import weigh_held
from boostwatch.detect.peaks import FLUX, FLUX_SIGMA, SNR, X, Y, select
from boostwatch.detect.registration import View, shift_of
from boostwatch.settings import DetectSettings
from boostwatch_kernels.background import GROUP, TILE_Y, Background, Lesson, Pace, move_background
from boostwatch_kernels.detection import WORK_ROWS, Rule, sweep_block
from boostwatch_kernels.fitting import COLUMNS, Lens, Patch, fit_sources
from boostwatch_kernels.gates import absorb_strips
from boostwatch_kernels.registration import PAD, Frame, Shift, calibrated_row
from boostwatch_kernels.ring import Code, Group, Ring
from boostwatch_kernels.warp import Source

BRIGHT = 2.0
"""Thresholds above which a source speaks for itself: where it lay, the sum of frames is not looked at."""

PEAKS = 4096
"""Peaks a frame at most, or four times the false alarms asked for; more is a frame that makes no sense."""

FIRST_LOOK = 0.78
"""Share of the threshold at which the centred filter looks: a source at a pixel's corner loses 0.80."""

SECOND_LOOK = 0.92
"""Share of the threshold that the peak interpolated between pixels must have to be fitted."""

LEAST_FIT = 0.9
"""Share of the threshold below which a fit is of no interest."""

SHRINK = 8.0
"""Frames that the tile's variance counts for in a pixel's."""

RIPE = 2.0
INNOVATION = 25.0  # variances at which a squared innovation is clipped

PATTERN_PRIOR = 10.0
"""Frames that the pattern's first figure, 0, counts for; its gain is that of a running mean until PATTERN_RATE."""

PATTERN_RATE = 0.02
SCHOOL = 4 * 100
"""Lessons after which one frame in eight teaches; before, all do."""

BEFORE = (12, 36)
"""Ages, in frames before the teaching one, of those that tell where the scene lay before."""

TYPICAL_EVERY = 16
"""Frames from one figure of the typical noise to the next."""

FINEST = 64.0
"""Greatest factor at which whole numbers are kept."""


class BandState:
    """Background, ring and local noise of one band."""

    def __init__(
        self,
        figures: BandFigures,
        maps: BandMaps,
        shape: tuple[int, int],
        settings: DetectSettings,
        threads: int,
        *,
        on_focal_plane: bool = True,
    ) -> None:
        height, width = shape
        self._on_focal_plane = on_focal_plane  # else frames come resampled, and tell nothing of its pattern
        self.figures, self._maps, self._settings, self._shape = figures, maps, settings, shape
        self._bad_rows = rows_of(maps.bad)
        single, _ = settings.shares
        self._threshold = threshold_for(single, figures.psf_sigma)
        strips = -(-height // TILE_Y)
        cuts = [k * strips // threads * TILE_Y for k in range(threads)] + [height]
        self._blocks = [(a, b) for a, b in pairwise(cuts) if b > a]
        self.background = Background(*staggered(shape, np.float32, np.uint16, np.uint16, np.uint16, np.uint16))
        self._slots = settings.guard_frames + GROUP + 1
        self._kept = KeptFrames(figures.psf_sigma)
        self._frames: NDArray[Any] | None = None  # of the first frame's kind
        width_padded = -(-width // 16) * 16 + 2 * PAD + 16
        self._most = np.full(1, np.inf)
        self._work = [staggered((WORK_ROWS, width_padded), np.float32)[0] for _ in range(threads)]
        most = max(PEAKS, round(4e-6 * height * width * settings.false_alarms_per_mpx))
        self._peaks = np.zeros((len(self._blocks), most, 3), np.float32)
        self._counts = [0] * len(self._blocks)
        self._places = Places(figures.psf_sigma, self._threshold, figures.blur)
        self._noise = TileNoise(shape)
        self._typical = np.ones(self._noise.tiles.scale.shape, np.float32)
        self._lens = Lens(figures.psf_sigma, figures.gain, figures.reach, 0.0, LEAST_FIT * self._threshold)
        self._origin = np.zeros(strips)
        self._absorbed = np.zeros(strips, np.int64)
        self.frame: NDArray[np.uint16] | NDArray[np.float32] | None = None
        self._kernel_frame: Frame | None = None
        self._integration = Integration(self) if settings.added_frames > 1 else None
        self.forget()

    def forget(self) -> None:
        """Start anew."""
        b = self.background
        b.level[:] = np.nan
        for plane in (b.slope, b.variance, b.weight, b.age):
            plane[:] = 0
        self._kept.clear()
        self._most[:] = np.inf
        self._base = (0, 0)
        self._seen = 0  # frames swept
        self._origin[:] = 0.0
        self._absorbed[:] = 0
        self._pattern = np.zeros((0, 0), np.float32)
        self._lay: deque[tuple[float, float]] = deque(maxlen=self._slots + BEFORE[1])  # the scene, newest last
        self._taught = 0
        self._places.forget()
        self.floor = 0.0
        self._noise = TileNoise(self._shape)
        if self._integration is not None:
            self._integration.forget()

    @property
    def started(self) -> bool:
        """Whether there is a background at all."""
        return self._seen > 0

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

    @property
    def integrated(self) -> int:
        """How many frames are added at most."""
        return 1 if self._integration is None else self._integration.frames

    def view(self, source: Source | None = None) -> View:
        """Return what the registration needs, of the frame held or of one with its map."""
        memory, ahead = float(self._settings.memory_frames), float(self._held() + GROUP // 2)
        # Variance of a forecast by level and slope, as a share of a frame's (Brown, 1963).
        ratio = ahead / memory
        averaged = min(max(self._seen - ahead, 1.0), 8.0 * memory / (10.0 + 8.0 * ratio + 2.0 * ratio * ratio))
        if self._seen % TYPICAL_EVERY == 0 or self._seen < 2 * TYPICAL_EVERY:
            self._noise_dn2 = float(np.median(self._typical))
        typical = self._noise_dn2
        # The variance of a young pixel falls short by the tiles' share; the mean has a noise of its own.
        spare = self.floor + typical * (SHRINK / (SHRINK + self._seen) + 1.0 / max(averaged, 1.0))
        frame = self.kernel_frame() if source is None else source
        return View(frame, self.background, self.lag(), spare, averaged, self._most, self._work[0])

    def calibrated(self) -> NDArray[np.float32]:
        """Return the whole frame held in calibrated DN."""
        frame = self.kernel_frame()
        height, width = frame.data.shape
        row, out = np.zeros((1, width + 2 * PAD), np.float32), np.empty((height, width), np.float32)
        for y in range(height):
            calibrated_row(frame, y, row, 0)
            out[y] = row[0, PAD : PAD + width]
        return out

    def forecast(self, rows: slice = slice(None), columns: slice = slice(None)) -> NDArray[np.float32]:
        """Return what is expected in the frame held, in calibrated DN; NaN where nothing is known."""
        lag = np.repeat(self.lag(), TILE_Y)[: self._shape[0], None][rows]
        b = self.background
        out: NDArray[np.float32] = b.level[rows, columns] + lag * widened(b.slope[rows, columns])
        return out

    def _known_at(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what is expected at some pixels of the frame held and its 1-sigma, DN; NaN where nothing is known."""
        high, wide = self._shape
        y, x = np.clip(rows, 0, high - 1), np.clip(columns, 0, wide - 1)
        b = self.background
        level = b.level[y, x].astype(np.float64) + self.lag()[y // TILE_Y] * widened(b.slope[y, x]).astype(np.float64)
        weight = widened(b.weight[y, x]).astype(np.float64)
        sigma = np.where(weight > 0, 1.0 / np.where(weight > 0, weight, 1.0), np.nan)
        outside = (rows != y) | (columns != x)
        level[outside] = sigma[outside] = np.nan
        return level, sigma

    def lag(self, frame: float | None = None) -> NDArray[np.float32]:
        """Return the frames from each strip's level to a frame, by default the one held; float32 (strips,)."""
        return ((self._seen if frame is None else frame) - self._origin).astype(np.float32)

    def rebase(self, step_x: int, step_y: int) -> None:
        """Move the reference by whole pixels; tiles stay, they are coarse."""
        # A new base b' means R'(x) = I(x + d - b') = R(x - (b' - b)).
        move_background(self.background, step_x, step_y)
        self._base = (self._base[0] + step_x, self._base[1] + step_y)
        if self._integration is not None:
            self._integration.move(step_x, step_y)
        self._places.move(step_x, step_y)

    def sweep(self, shift: tuple[float, float], sigma: float) -> list[Callable[[], None]]:
        """Return the sweep of the frame held as independent jobs."""
        if self.frame is None:
            return []
        if self._seen == 0:
            self._begin()
        self._lay.append((self._base[0] + shift[0], self._base[1] + shift[1]))
        self._kept.begin(self._seen, self._base, self._slots)
        self._noise.clear()
        cut = FIRST_LOOK * self._threshold
        rule = Rule(cut, SECOND_LOOK * self._threshold, sigma * sigma)
        kernel_shift, lag = shift_of(self.figures.interpolator, *shift), self.lag()
        return [partial(self._sweep_block, k, kernel_shift, lag, rule) for k in range(len(self._blocks))]

    def _sweep_block(self, k: int, shift: Shift, lag: NDArray[np.float32], rule: Rule) -> None:
        first, last = self._blocks[k]
        self._counts[k] = sweep_block(
            self.kernel_frame(), shift, self.background, lag, self.ring, self._seen % self._slots, self.figures.profile,
            rule, self._noise.tiles, first, last, self._peaks[k], self._work[k],
        )  # fmt: skip

    def single(self) -> NDArray[np.float64]:
        """Return the detections of the sweep, float64 (N, COLUMNS), and renew the local noise."""
        if self.frame is None:
            return np.zeros((0, COLUMNS))
        self._noise.renew()
        peaks = np.concatenate([p[:n] for p, n in zip(self._peaks, self._counts, strict=True)])[: self._peaks.shape[1]]
        fits = self.fit(self._noise, self._lens, 1, peaks[:, [1, 0]])
        found = select(fits, self._difference, self._threshold, self.figures.psf_sigma)
        if self._seen < self._settings.warm_up_frames:
            return found[:0]
        weigh_held(found, self._known_at, self.figures.profile)
        return found

    def fit(
        self,
        noise: TileNoise,
        lens: Lens,
        frames: int,
        places: NDArray[np.floating],
        motion: NDArray[np.float64] | None = None,
        doubt: float = 0.0,
    ) -> NDArray[np.float64]:
        """Fit point sources over the newest frames.

        Parameters
        ----------
        noise : TileNoise
            Local noise of the statistic.
        lens : Lens
            What to fit.
        frames : int
            How many.
        places, motion : (N, 2)
            Starts: x, y at the newest frame, and their velocities, by default 0.
        doubt : float
            Relative variance of the local noise's own scale, beside that of the pixels.

        Returns
        -------
        float64 (N, COLUMNS)
        """
        fits = np.zeros((len(places), COLUMNS))
        if len(places):
            starts = np.zeros((len(places), 4))
            starts[:, :2] = places
            if motion is not None:
                starts[:, 2:] = motion
            group, time = self.group(self._newest(frames), 1)
            patch = Patch(self.ring, group, time, self.background, self.lag(), noise.tiles.scale)
            fit_sources(patch, lens, starts, fits)
            fits[:, SNR] /= noise.heavy_at(fits[:, Y], fits[:, X])
            fits[:, SNR] *= normal_tail(fits[:, SNR], doubt + self._doubt())
            x, y = self._lay[-1]
            # The flux at the best of all places is too great by 1 in snr^2 (half for each coordinate).
            fits[:, FLUX] *= 1.0 - 1.0 / np.maximum(fits[:, SNR], 4.0) ** 2
            fits[:, [FLUX, FLUX_SIGMA]] *= self.figures.flux_factor((x - self._base[0], y - self._base[1]))
        return fits

    def _doubt(self) -> float:
        """Return the relative variance of the scale that a statistic of one frame is divided by.

        The variance from ``n`` frames has one of ``2 / n``, less by its share beside the tile's; the matched filter
        averages it by the sum of its fourth powers. Half of it is seen in noise, since the fit weighs by the same
        variances.
        """
        memory = float(self._settings.memory_frames)
        frames = max(min(float(self._seen - self._held()), 4.0 * memory), 2.0)
        own = min(frames, memory) / (min(frames, memory) + SHRINK)
        return 0.25 * self.figures.peakedness * own * own / frames

    def group(self, members: range, multiple: int) -> tuple[Group, NDArray[np.float64]]:
        """Return frames of the ring as the kernels take them, filled up to a multiple, and their times from now."""
        places = [m % self._slots for m in members]
        spare = [0] * (-len(places) % multiple)
        slot = np.array(places + [self._slots] * len(spare), np.int64)
        move_x = np.array([self._base[0] - self._kept[m].base[0] for m in members] + spare, np.int64)
        move_y = np.array([self._base[1] - self._kept[m].base[1] for m in members] + spare, np.int64)
        time = np.array([m - self._seen for m in members] + spare, np.float64)
        return Group(slot, move_x, move_y), time

    def hold(self, found: NDArray[np.float64]) -> None:
        """Let detections of this frame gate: what they cover will not enter the background."""
        if self._seen < self._settings.warm_up_frames:
            return
        self._kept.gate(self._seen, found[self._places.gating(found)], BRIGHT * self._threshold)

    def hold_path(self, place: NDArray[np.float64], velocity: NDArray[np.float64], snr: float, frames: int) -> None:
        """Let what was found in a sum of frames gate along its path in the newest ones.

        Parameters
        ----------
        place, velocity : float64 (2,)
            x, y on the present reference in this frame, and px a frame.
        snr : float
            In one frame.
        frames : int
            How many of the newest frames it is to gate.
        """
        self._kept.gate_path(self._newest(frames), self._base, place, velocity, snr)

    def bright(self, frames: int) -> NDArray[np.int64]:
        """Return where bright sources lay in the newest frames, (M, 3): x, y, radius on the present reference."""
        return self._kept.bright(self._newest(frames), self._base)

    def _newest(self, frames: int) -> range:
        """Return the numbers of the newest frames, that held included."""
        return range(max(0, self._seen - frames + 1), self._seen + 1)

    def settle(self) -> list[Callable[[], None]]:
        """Return, as independent jobs, what lets past frames into the background and looks at the newest together."""
        if self.frame is None:
            return []
        over = self._seen - self._settings.warm_up_frames
        newest = self._seen - self._held()
        strips = (
            np.arange(self._seen % GROUP, len(self._absorbed), GROUP) if over >= 0 else np.arange(len(self._absorbed))
        )
        strips = strips[self._absorbed[strips] <= newest]
        jobs = self._absorptions(strips, newest, len(self._work))
        if self._integration is not None and over >= self._integration.frames:
            looks = self._integration.look((self._seen + GROUP // 2) % GROUP, self._work)
            jobs = [[*a, *b] for a, b in zip(jobs, looks, strict=True)]
        return [partial(in_turn, job) for job in jobs if job]

    def _absorptions(self, strips: NDArray[np.int64], newest: int, parts: int) -> list[list[Callable[[], None]]]:
        """Return the absorption of a group of frames, none newer than ``newest``, into some strips, shared among parts.

        What one part does, it must do in turn: it has one scratch.
        """
        jobs: list[list[Callable[[], None]]] = [[] for _ in range(parts)]
        for first, origin in sorted(
            set(zip(self._absorbed[strips].tolist(), self._origin[strips].tolist(), strict=True))
        ):
            alike = strips[(self._absorbed[strips] == first) & (self._origin[strips] == origin)]
            members = range(first, min(newest, first + GROUP - 1) + 1)
            middle = first + 0.5 * (len(members) - 1)
            work = self._absorption(members, middle - origin)
            for k, part in enumerate(shared(alike, parts)):
                jobs[k].append(partial(work, part, self._work[k]))
        return jobs

    def even(self) -> None:
        """Bring all strips to the same frame, between two frames: each takes in what it had still to wait for."""
        last = self._seen - 1
        newest = last - self._held(last)
        for parity in (0, 1):  # neighbours one after the other, as their gates' rims need
            strips = np.arange(parity, len(self._absorbed), 2)
            while len(strips := strips[self._absorbed[strips] <= newest]):
                in_turn(self._absorptions(strips, newest, 1)[0])
        common = float(self._origin.max())
        ahead = np.repeat((common - self._origin).astype(np.float32), TILE_Y)[: self._shape[0], None]
        self.background.level[:] += ahead * widened(self.background.slope)
        self._origin[:] = common

    def _held(self, frame: int | None = None) -> int:
        """Return how many of the newest frames are kept out of the background at a frame, by default the one held."""
        over = (self._seen if frame is None else frame) - self._settings.warm_up_frames
        return 0 if over < 0 else min(self._settings.guard_frames, 1 + over // 2)

    def _absorption(self, members: range, ahead: float) -> Callable[[NDArray[np.int64], NDArray[np.float32]], None]:
        """Return the absorption of some frames into strips that are alike."""
        memory, count = float(self._settings.memory_frames), len(members)
        group, time = self.group(members, GROUP)
        b = max(0.0, 1.0 - count / memory)
        lessons = [lesson for k, m in enumerate(members) if (lesson := self._lesson(k, m, group)) is not None]
        rows = [y for lesson in lessons for y in (lesson.step_y, lesson.before_y)]
        if rows and max(rows) - min(rows) > (GROUP - 1) * TILE_Y:  # strips on other threads teach the same rows
            lessons = []
        if self._taught > SCHOOL:
            lessons = lessons[-1:] if members[0] % (2 * GROUP) < GROUP else []
        if lessons and not self._pattern.size:
            known = self._maps.offset
            self._pattern = known.copy() if known.size else np.zeros(self._shape, np.float32)
        teach = max(1.0 / (self._taught / GROUP + PATTERN_PRIOR), PATTERN_RATE)
        self._taught += len(lessons)
        pace = Pace(
            (1.0 - b * b) / count, (1.0 - b) ** 2 / count / max(ahead, 1.0), 0.5 / memory, INNOVATION, memory, ahead,
            RIPE, SHRINK, self.floor, teach, float(self.ring.code.unit),
        )  # fmt: skip
        taught = np.array(lessons, np.int64).reshape(-1, 5)
        gates, lag = self._kept.boxes(members, group, time), self.lag()
        middle, after = members[0] + 0.5 * (count - 1), members[-1] + 1

        def absorb(strips: NDArray[np.int64], work: NDArray[np.float32]) -> None:
            absorb_strips(
                self.ring, group, pace, self.background, self._typical, strips, gates, lag, taught, self._pattern, work
            )
            self._origin[strips], self._absorbed[strips] = middle, after

        return absorb

    def _lesson(self, member: int, frame: int, group: Group) -> Lesson | None:
        """Return what a frame teaches: where its scene lay, and before; None while that is not known, or the same."""
        places = list(self._lay)
        own = len(places) - 1 - (self._seen - frame)
        past = places[max(0, own - BEFORE[1]) : max(0, own - BEFORE[0])]
        if not past or self._seen < self._settings.warm_up_frames or not self._on_focal_plane:
            return None
        before = (sum(p[k] for p in past) / len(past) for k in (0, 1))
        base = self._kept[frame].base
        x, y, old_x, old_y = (math.floor(v - b + 0.5) for v, b in zip((*places[own], *before), base * 2, strict=True))
        if (x, y) == (old_x, old_y):
            return None
        back_x, back_y = int(group.move_x[member]), int(group.move_y[member])
        return Lesson(member, x - back_x, y - back_y, old_x - back_x, old_y - back_y)

    def finish(self, single: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what the stack of the newest frames shows beside the detections of this one, and end the frame."""
        found = np.zeros((0, COLUMNS))
        if self.frame is not None:
            if self._integration is not None:
                found = self._integration.judge(single)
                weigh_held(found, self._known_at, self.figures.profile)
            self._seen += 1
        self.frame = self._kernel_frame = None
        return found

    def _begin(self) -> None:
        """Suppose a first noise from how a pixel differs from the mean of its neighbours; choose the ring's code."""
        frame = self.calibrated()
        second = frame[:, 1:-1] - 0.5 * (frame[:, :-2] + frame[:, 2:])
        variance = float(np.median(np.abs(second)) / 0.6745) ** 2 / 1.5 if second.size else 1.0
        self.floor = max(1e-6 * variance, 1e-12)
        assert self.frame is not None
        if self.frame.dtype == np.uint16:
            self.floor = max(self.floor, 1.0 / 12.0)
            # What a pixel of low response reads at full scale is more; a few wild gains shall not coarsen all others.
            full, gain, offset = min(self.figures.full_scale, 65534.0), self._maps.gain, self._maps.offset
            if gain.size or offset.size:
                reach = full * (gain if gain.size else 1.0) - (offset if offset.size else 0.0)
                full = float(np.quantile(reach, 0.999))
            factor = 2.0 ** min(math.floor(math.log2(65534.0 / max(full, 1.0))), math.log2(FINEST))
            numbers = (factor, 0.5, 1.0, 65535.0, 0.0, 0.0, 1.0 / factor)
        else:
            numbers = (1.0, 0.0, -math.inf, math.inf, math.nan, -math.inf, 1.0)
        if self._frames is None or self._frames.dtype != self.frame.dtype:
            (self._frames,) = staggered((self._slots + 1, *self._shape), self.frame.dtype.type)
        code = Code(*(np.float32(v) for v in numbers))
        self.ring = Ring(self._frames, code)
        self._frames[self._slots] = code.none
        self._typical[:] = max(variance, self.floor)

    def _difference(self, rows: slice, columns: slice) -> NDArray[np.float32]:
        """Return the newest frame less its forecast in a window, DN; NaN where not known."""
        code, kept = self.ring.code, self.ring.frames[self._seen % self._slots, rows, columns]
        value = np.where(kept > code.least, kept.astype(np.float32) * code.unit, np.float32(np.nan))
        out: NDArray[np.float32] = value - self.forecast(rows, columns)
        return out
