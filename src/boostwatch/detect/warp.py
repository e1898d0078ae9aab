"""Frames of a moving platform, brought to a camera that stands still over the Earth."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostwatch.detect._bands import BandFigures, BandMaps, kernel_frame, rows_of
from boostwatch.detect._carry import carry
from boostwatch.detect._state import BandState
from boostwatch.detect.flow import BEND, NODE_STEP, GroundMap, Lattice, Pose, looking_on, places, pose_of, relief
from boostwatch.detect.interpolation import WARP_BLUR, Interpolator
from boostwatch.detect.registration import (
    AGREEMENT,
    LEAST_PRIOR,
    PRIOR_SIGMA,
    SYSTEMATIC,
    Fit,
    coarse_shift,
    register,
)
from boostwatch.sensor import Sensor
from boostwatch.settings import DetectSettings
from boostwatch_kernels.warp import Source, warp_rows, whole_frame

Array = NDArray[np.float64]

LEAST = 0.05
"""Motion beyond a translation within a memory from which frames are brought to a fixed camera, px."""

AGREE = 3
"""Frames in a row that must say so where the attitude alone turns: the noise of one may look like it."""

REBASE = 0.75
"""Distance of the scene in the middle of the frame from where the grid has it at which that moves, px."""

FEW = 4
"""Nodes over the longer side that suffice to tell whether anything happens."""

ROWS = 64
"""Rows a job of the resampling."""

STAY = 0.7
"""Motion of high cloud against the ground by parallax, px, that a memory with its waiting frames may hold."""

LEAST_MEMORY, LEAST_GUARD = 8, 2
"""Frames that are remembered and that wait at least."""

GROUND_BEND = 1.5
"""Departure of the present view from that in which tracks are kept at which they have to begin anew."""

LEVEL_RATE = 0.1
"""Gain at which a band's slow motion against the map is followed."""


class Layer:
    """What one band sees of the scene, as it moves against the map of the ground."""

    def __init__(self) -> None:
        self.shift = np.zeros(2)
        self.fast = np.zeros(2)
        self.sigma = self.informed = 0.0
        self._level = np.zeros(2)
        self._rate = np.zeros(2)
        self._motion = PRIOR_SIGMA**2
        self._count = 0

    @property
    def foretold(self) -> tuple[float, float]:
        """Shift expected in the frame to come, px."""
        ahead = self._level + self._rate
        return float(ahead[0]), float(ahead[1])

    @property
    def prior(self) -> float:
        """1-sigma an axis of that, px."""
        return 2.0 * max(math.sqrt(self._motion), LEAST_PRIOR)

    def follow(self, fit: Fit) -> None:
        """Take a registration: the shift is a level with a rate, and white error of the pointing."""
        new = np.array([fit.dx, fit.dy])
        off = new - self._level - self._rate
        self.sigma, self.shift = fit.sigma, new
        self.fast, self.informed = np.zeros(2), 0.0
        self._level = self._level + self._rate
        if fit.informed > 1.0 / LEAST_PRIOR**2:
            k = self._count
            self._count += 1
            self._motion += (min(float(np.mean(off**2)), 1.0) - self._motion) / min(k + 1.0, 20.0)
            # A straight line through all there is, until the memory is full (growing into an alpha-beta filter).
            self._level = self._level + max(2.0 * (2 * k + 1) / ((k + 1) * (k + 2)), LEVEL_RATE) * off
            self._rate = self._rate + (max(6.0 / ((k + 1) * (k + 2)), 0.5 * LEVEL_RATE**2) if k > 0 else 0.0) * off
            self.fast, self.informed = new - self._level, fit.informed


class Stabiliser:
    """Follows the scene of a moving platform by its pointing.

    While pointing predicts no more than a translation nothing happens at all. Once it predicts that parts of the frame
    will move against each other by more than ``LEAST`` px within the background's memory, every frame is resampled onto
    the grid of a camera that stands still in ITRS: once, with the predicted map and the shift that registration found.

    Parameters
    ----------
    sensor : Sensor
        Pixel to ray.
    shape : (int, int)
        Rows, columns.
    figures, maps : sequences
        Of each band.
    memory : int
        Frames over which the background remembers, those that wait included.
    patience : int
        Frames in a row in which nothing may fit.
    """

    def __init__(
        self,
        sensor: Sensor,
        shape: tuple[int, int],
        figures: Sequence[BandFigures],
        maps: Sequence[BandMaps],
        memory: int,
        patience: int,
    ) -> None:
        self._sensor, self._memory = sensor, memory
        self._able = bool(np.isfinite([sensor.ifov_rad, sensor.cx, sensor.cy]).all() and sensor.ifov_rad > 0)
        self._maps = maps
        self._bad_rows = [rows_of(m.bad) for m in maps]
        self._figures = figures
        self._interpolators = [Interpolator(f.psf_sigma, WARP_BLUR) for f in figures]
        self._patience, self._misfits = patience, 0
        self._lattice = Lattice(sensor, shape)
        self._few = Lattice(sensor, shape, max(NODE_STEP, -(-max(shape) // FEW)))
        self._shape = shape
        self._layers = [Layer() for _ in maps]
        self._images = [np.zeros((0, 0), np.float32) for _ in maps]
        self._marks = [np.zeros((0, 0), np.uint8) for _ in maps]
        self.on = self.known = False
        self._reference: Pose | None = None
        self._first: Pose | None = None
        self._before: Pose | None = None
        self._base = np.zeros(2, np.int64)
        self._at = (self._lattice.x, self._lattice.y)
        self._frames = self._turning = 0
        self.path = np.zeros(2)
        self._relief = 0.0
        self._ground: Pose | None = None

    def look(self, position_m: ArrayLike | None, attitude: ArrayLike | None, bands: Sequence[BandState]) -> bool:
        """Take the pose of a frame; return whether frames are now, for the first time, to be resampled.

        Parameters
        ----------
        position_m : (3,) or None
            ITRS.
        attitude : (4,) or None
            Camera to ITRS (w, x, y, z).
        bands : sequence of BandState
            Where `on`, what they keep is moved along when the reference is.
        """
        pose = pose_of(position_m, attitude) if self._able else None
        self.known = pose is not None
        self._frames += 1
        if pose is None:
            return False
        if self._first is None:
            self._first = pose
        before, self._before = self._before, pose
        if self._reference is None or before is None:
            self._reference, self._frames = pose, 0
            return False
        if self.on:
            self.path += self._middle_moves(before, pose)
            self._move_on(pose, bands)
            return False
        if not self._more_than_translation(pose):
            return False
        self.path = self._middle_moves(self._first, pose)
        self._relief = relief(self._sensor, before, pose, self._lattice.middle)
        self._layers = [Layer() for _ in self._maps]
        self.on, self._reference, self._base = True, pose, np.zeros(2, np.int64)
        self._ground = pose
        self._at = (self._lattice.x, self._lattice.y)
        return True

    def _middle_moves(self, before: Pose, after: Pose) -> Array:
        """Return how far what the middle of the frame sees under one pose lies from it under another, px."""
        there = np.array(places(self._sensor, before, after, *self._lattice.middle), np.float64)
        return np.where(np.isfinite(there), there - self._lattice.middle, 0.0)

    def stop(self) -> None:
        """Begin again, without."""
        self.on, self._reference, self._before, self._misfits = False, None, None, 0

    def bring(
        self,
        bands: Sequence[BandState],
        data: NDArray[np.uint16] | NDArray[np.float32],
        use: NDArray[np.bool_],
        pool: ThreadPoolExecutor | None,
    ) -> bool:
        """Give each band its frame on the grid; return whether to go on.

        Each band is registered for itself: where one sees the ground another sees cloud tops, which flow otherwise.
        One that does not fit is brought where pointing has it. When none has fitted for ``patience`` frames, it is
        another scene.

        Parameters
        ----------
        bands : sequence of BandState
            They take their frame, or None where it is not used.
        data : (B, H, W)
            As read.
        use : bool (B,)
            Bands that are good.
        pool : ThreadPoolExecutor or None
            Shares the work; results do not depend on it.
        """
        fitted = False
        for k, band in enumerate(bands):
            layer = self._layers[k]
            if not use[k]:
                band.take(None)
                layer.informed = 0.0
                continue
            source = self._source(k, data[k])
            fit = self._registered(band, source, layer, self._interpolators[k])
            fitted |= fit.agreement >= AGREEMENT
            layer.follow(fit)
            band.take(self._resample(source, fit.dx, fit.dy, pool))
        self._misfits = 0 if fitted else self._misfits + 1
        return self._misfits <= self._patience

    def _registered(self, band: BandState, source: Source, layer: Layer, interpolator: Interpolator) -> Fit:
        """Return where the band's scene lies besides its map: as foretold where the fit is not to be believed."""
        x, y = layer.foretold
        if not band.started:
            return Fit(x, y, 0.0, 1.0, 0.0)
        view = band.view(source)
        fit = register([view], [interpolator], (x, y), layer.prior)
        if fit.agreement < AGREEMENT:
            dx, dy = coarse_shift(self._resample(source, x, y, None), band.forecast())
            fit = register([view], [interpolator], (x + dx, y + dy), 1.0)
        return fit if fit.agreement >= AGREEMENT else Fit(x, y, 0.5 * layer.prior, 0.0, 0.0)

    def _source(self, band: int, plane: NDArray[np.uint16] | NDArray[np.float32]) -> Source:
        """Calibrate a band's frame and return it with its map."""
        if not self._images[band].size:
            self._images[band] = np.empty(self._shape, np.float32)
            self._marks[band] = np.empty(self._shape, np.uint8)
        frame = kernel_frame(plane, self._maps[band], self._bad_rows[band])
        whole_frame(frame, self._images[band], self._marks[band])
        table = self._interpolators[band].table
        return Source(self._images[band], self._marks[band], *self._at, NODE_STEP, table)

    def _resample(self, source: Source, dx: float, dy: float, pool: ThreadPoolExecutor | None) -> NDArray[np.float32]:
        """Return a frame on the grid, moved on the focal plane besides its map; NaN where not known."""
        out = np.empty(self._shape, np.float32)
        jobs: list[Callable[[], None]] = [
            partial(warp_rows, source, dx, dy, y, min(y + ROWS, len(out)), out) for y in range(0, len(out), ROWS)
        ]
        if pool is None:
            for job in jobs:
                job()
        else:
            list(pool.map(lambda job: job(), jobs))
        return out

    def shift_of(self, band: int) -> tuple[float, float]:
        """Return a band's shift in the last frame besides the map, px."""
        layer = self._layers[band]
        return float(layer.shift[0]), float(layer.shift[1])

    def sigma_of(self, band: int) -> float:
        """Return its 1-sigma an axis, px."""
        return self._layers[band].sigma

    def scene_shift(self) -> tuple[float, float]:
        """Return how far the ground in the middle of the frame has moved since the first frame, px.

        What pointing says, corrected by what all bands see of its fast error; what is slow in them is cloud that flows
        otherwise than the ground.
        """
        total = self.path + self._fast()
        return float(total[0]), float(total[1])

    def scene_sigma(self) -> float:
        """Return its 1-sigma an axis, px."""
        informed = sum(layer.informed for layer in self._layers)
        if informed > 0.0:
            return math.hypot(informed**-0.5, SYSTEMATIC)
        return 0.5 * min(layer.prior for layer in self._layers)

    def _fast(self) -> Array:
        """Return the white error of the pointing in the last frame, px."""
        weight = np.array([layer.informed for layer in self._layers])
        out: Array = weight @ np.array([layer.fast for layer in self._layers]) / max(float(weight.sum()), 1e-300)
        return out

    def scene_map(self) -> GroundMap:
        """Return how the focal plane of the last frame lies over the ground."""
        assert self._ground is not None
        assert self._before is not None
        return GroundMap(self._sensor, self._ground, self._before, self._fast())

    def shortened(self, settings: DetectSettings) -> DetectSettings:
        """Return settings with a memory no longer than high cloud stays where it is, parallax being what it is now."""
        share = min(1.0, STAY / max(self._relief * self._memory, 1e-9))
        memory = max(round(share * settings.memory_frames), min(LEAST_MEMORY, settings.memory_frames))
        guard = max(round(share * settings.guard_frames), min(LEAST_GUARD, settings.guard_frames))
        added = min(settings.integration_frames, max(guard, 1))
        return settings.model_copy(update={"memory_frames": memory, "guard_frames": guard, "integration_frames": added})

    def focal(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return where places on the grid lie on the focal plane by pointing alone, px."""
        assert self._reference is not None
        assert self._before is not None
        return places(self._sensor, self._reference, self._before, x + self._base[0], y + self._base[1])

    def flux_factor(self, band: int, x: Array, y: Array) -> Array:
        """Return flux on the focal plane over that fitted on the grid, where the one is the other's size or not.

        A source covers ``J`` times fewer pixels of the grid, ``J`` the determinant of the map; fitted is the PSF.
        """
        across, down = self.focal(x + 1.0, y), self.focal(x, y + 1.0)
        here = self.focal(x, y)
        area = np.abs((across[0] - here[0]) * (down[1] - here[1]) - (across[1] - here[1]) * (down[0] - here[0]))
        figures = self._figures[band]
        spread, seen = figures.psf_sigma**2 + 1.0 / 12.0, figures.psf_sigma**2 + 1.0 / 12.0 + WARP_BLUR**2
        out: Array = np.where(np.isfinite(area), (area * spread + seen) / (spread + seen), 1.0)
        return out

    def _move_on(self, pose: Pose, bands: Sequence[BandState]) -> None:
        assert self._reference is not None
        assert self._ground is not None
        lattice, base, (middle_x, middle_y) = self._lattice, self._base, self._lattice.middle
        here = places(self._sensor, self._reference, pose, middle_x + base[0], middle_y + base[1])
        off = np.array([float(here[0]) - middle_x, float(here[1]) - middle_y])
        if np.isfinite(off).all() and np.abs(off).max() > REBASE:
            step = np.rint(-off).astype(np.int64)
            for band in bands:
                band.rebase(-int(step[0]), -int(step[1]))  # the grid goes there, so what is on it goes back
            self._base = base = base + step
        at = lattice.lie(self._reference, pose, base)
        if lattice.bend(at) > BEND or not np.isfinite(off).all():
            old = self._reference
            old_x, old_y = lattice.lie(pose, old, np.zeros(2, np.int64))
            for band in bands:
                carry(band, (old_x - base[0], old_y - base[1]), NODE_STEP, self.focal)
            self._reference, self._base = pose, np.zeros(2, np.int64)
            at = (lattice.x, lattice.y)
        self._at = at
        if self._few.bend(self._few.lie(self._ground, pose, np.zeros(2, np.int64))) > GROUND_BEND:
            self._ground = pose

    def _more_than_translation(self, pose: Pose) -> bool:
        """Tell whether the scene will not stay together within a memory.

        What the motion of the platform makes of a view of the same point is free of the attitude's noise and counts at
        its rate; what attitude and position make together must have happened, in several frames in a row.
        """
        assert self._reference is not None
        still = np.zeros(2, np.int64)
        by_place = 0.0
        if not np.array_equal(pose.position_m, self._reference.position_m):
            on = looking_on(self._sensor, self._reference, pose.position_m)
            by_place = self._few.beyond_translation(self._few.lie(self._reference, on, still))
        at = self._few.lie(self._reference, pose, still)
        near = np.hypot(*(np.nanmedian(a - b) for a, b in zip(at, (self._few.x, self._few.y), strict=True)))
        far = near > min(self._shape) / 8
        self._turning = 0 if far or self._few.beyond_translation(at) < LEAST else self._turning + 1
        if by_place * self._memory / self._frames > LEAST or self._turning >= AGREE:
            return True
        if self._frames >= self._memory or far:
            self._reference, self._frames = pose, 0
        return False
