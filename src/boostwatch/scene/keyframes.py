"""Frames of the scene without objects: the blurred canvas of two moments, joined in time and shifted.

A keyframe is the canvas of one time after optics and pixel. Between two of them, chosen so close that nothing has moved
by more than a third of a pixel, the scene is their weighted mean; each row of each frame is then sampled at its own
time and its own shift of the line of sight.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import spline_filter

from boostwatch.parallel import ordered_map, parts
from boostwatch.scene.canvas import Canvas
from boostwatch.scene.recent import Recent
from boostwatch_kernels.resample import Coded, RowPlan, blur, encode, spline_taps

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

STEP_PX = 0.3
"""Most that anything moves between keyframes. The mean of two pictures of an edge that far apart misses the one between
by 0.5 % of its height at a point spread of 0.76 px."""

FADE_SHARE = 0.25
"""Of the time between exact views: fields may be joined by a line that long, but edges that they make may not."""


LASTING = 8
"""Frames that a keyframe serves at least to be made ahead."""


class Blurred(NamedTuple):
    """One band's canvas after optics and pixel, and the pixels of margin that it has left."""

    canvas: Coded
    margin: int


def margin_px(kernels: Sequence[tuple[Floats, Floats] | None], oversample: int) -> int:
    """Return the pixels of margin that blurring and sampling take from a canvas."""
    return max((_reach_px(kernel, oversample) for kernel in kernels), default=0) + 3  # four taps of the spline


def _reach_px(kernel: tuple[Floats, Floats] | None, oversample: int) -> int:
    return 0 if kernel is None else -(-(kernel[0].shape[1] // 2) // oversample)


class Keyframes:
    """The scene of a canvas as pixels see it, at any time and shift.

    Parameters
    ----------
    canvas : Canvas
    kernels : sequence of pairs of float32 (R, K), or None
        Optics and pixel of each band on the cells, deconvolved by the spline that samples them; None for a band whose
        cells are already what pixels see.
    period_s, end_s : float
        Between frames; of the last frame.

    Attributes
    ----------
    interval_s : float
        Time between keyframes, a whole number of frames.
    lasting : bool
        Whether a keyframe serves so many frames that it may be made ahead of them, on one thread beside theirs.
    """

    def __init__(
        self, canvas: Canvas, kernels: Sequence[tuple[Floats, Floats] | None], period_s: float, end_s: float
    ) -> None:
        self._canvas, self._kernels, self._end_s = canvas, kernels, end_s
        longest = min(STEP_PX / max(canvas.speed_px_s, 1e-12), FADE_SHARE * canvas.exact_s, max(end_s, period_s))
        frames = longest / period_s
        self.interval_s = period_s if canvas.rolling else max(float(np.floor(frames + 1e-9)), 1.0) * period_s
        self.lasting = self.interval_s >= LASTING * period_s
        self._jobs = 1 if self.lasting else canvas.jobs
        self._recent: Recent[int, tuple[Blurred, ...]] = Recent(self._make, 4 if self.lasting else 3)

    def _time(self, number: int) -> float:
        return min(number * self.interval_s, self._end_s)

    def _make(self, number: int) -> tuple[Blurred, ...]:
        with self._canvas.composed(self._time(number), self._jobs) as cells:
            out = tuple(self._room(kernel) for kernel in self._kernels)
            tasks = [
                (band, part)
                for band, blurred in enumerate(out)
                for part in parts(len(blurred.canvas.low), 1 if self._kernels[band] is None else self._jobs)
            ]

            def work(task: tuple[int, tuple[int, int]]) -> None:
                band, part = task
                self._blur(cells[band], self._kernels[band], out[band], part)

            for _ in ordered_map(work, tasks, jobs=self._jobs):
                pass
            return out

    def _room(self, kernel: tuple[Floats, Floats] | None) -> Blurred:
        grid = self._canvas.grid
        step, margin = grid.oversample, grid.margin - _reach_px(kernel, grid.oversample)
        rows = (grid.height + 2 * margin) * step
        cells = np.empty((rows, step, grid.width + 2 * margin), np.uint16)
        return Blurred(Coded(cells, np.empty(rows, np.float32), np.empty(rows, np.float32)), margin)

    def _blur(
        self, cells: Floats, kernel: tuple[Floats, Floats] | None, out: Blurred, part: tuple[int, int]
    ) -> None:  # fmt: skip
        if kernel is not None:
            blur(
                cells, kernel, (self._canvas.grid.margin - out.margin) * self._canvas.grid.oversample, out.canvas, part
            )
            return
        for row, line in enumerate(spline_filter(cells, order=3, output=np.float32, mode="mirror")):
            encode(line, out.canvas, row)

    def prepare(self, number: int) -> None:
        """Make a keyframe, if there is none and a frame may need it."""
        if number == 0 or self._time(number) > self._time(number - 1):
            self._recent(number)

    def number(self, time_s: float) -> int:
        """Return the keyframe before a time."""
        return max(int(np.floor(time_s / self.interval_s + 1e-9)), 0)

    def sampler(self, number: int, time_s: Array, shift: Array) -> Sampler:
        """Return what samples some frames whose middle rows have the same keyframe before them.

        Parameters
        ----------
        number : int
            Of that keyframe.
        time_s : float64 (F, H)
            Time of each row.
        shift : float64 (F, H, 2)
            Shift (x, y) of the scene at each row, px.
        """
        start, end = self._time(number), self._time(number + 1)
        early = self._recent(number)
        late = early
        share = np.zeros(time_s.shape, np.float32)
        if end > start and not self._canvas.rolling:  # a rolling canvas has its rows' own times in it
            share = ((time_s - start) / (end - start)).astype(np.float32)
            share[np.abs(share) < 1e-6] = 0.0
            if share.any():
                late = self._recent(number + 1)
        step = self._canvas.grid.oversample
        plans = {margin: _plan(shift, share, margin, step) for margin in {blurred.margin for blurred in early}}
        return Sampler(early, late, plans)


class Sampler(NamedTuple):
    """Some frames of the scene: keyframes before and after, and for each margin how their rows are sampled."""

    early: tuple[Blurred, ...]
    late: tuple[Blurred, ...]
    plans: dict[int, RowPlan]

    def band(self, band: int) -> tuple[Coded, Coded, RowPlan]:
        """Return one band's canvases before and after, and the plan, for `resample.resample`."""
        one, two = self.early[band], self.late[band]
        return one.canvas, two.canvas, self.plans[one.margin]


def _plan(shift: Array, share: Floats, margin: int, step: int) -> RowPlan:
    frames, height = share.shape
    first, taps = np.empty((frames, height, 2), np.int64), np.empty((frames, height, 2, 4), np.float32)
    for f in range(frames):
        alike = bool((shift[f] == shift[f, 0]).all())
        for row in range(1 if alike else height):
            for axis, pixel in enumerate((row - shift[f, row, 1], -shift[f, row, 0])):
                first[f, row, axis] = spline_taps((pixel + 0.5 + margin) * step - 0.5, taps[f, row, axis])
        if alike:  # the rows of a staring array differ by whole pixels
            first[f] = first[f, 0]
            first[f, :, 0] += np.arange(height) * step
            taps[f] = taps[f, 0]
    return RowPlan(first, taps, share)
