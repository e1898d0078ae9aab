"""The sum of the newest frames, whitened and filtered as one frame is: what is too dim for one."""

from typing import NamedTuple

import numpy as np

from ._jit import jit, row_jit
from .background import GROUP, TILE_Y, Background, forecast_row, gather_row, sum_span
from .detection import ACROSS, RAW, SPARE, WHITE, Rule, Tiles, filter_across, judge_row
from .packed import inverse_root, widen
from .registration import PAD
from .ring import Group, Ring

CELL = 8
"""Side of the cells in which the sum of frames has a level and a roughness of its own, px."""

LEAST_ROUGH = 1.0
CLIPPED = 6.0
"""Greatest pixel of the sum that counts for these, in standard deviations."""


class Ground(NamedTuple):
    """What the whitened sum of frames is like without sources, by cells of CELL px; float32 (CY, CX) each."""

    rough: np.ndarray  # variance of a pixel, at least 1
    bias: np.ndarray  # level


@row_jit
def add_rows(
    f0: np.ndarray, f1: np.ndarray, f2: np.ndarray, f3: np.ndarray, source: int, least: np.float32, work: np.ndarray,
    total: int, known: int, n: int,
) -> None:  # fmt: skip
    """Add row ``source`` of four frames in code to row ``total`` of ``work``, and the number known to row ``known``."""
    zero, one = np.float32(0.0), np.float32(1.0)
    for x in range(np.uint64(n)):
        a, b = np.float32(f0[source, x]), np.float32(f1[source, x])
        c, d = np.float32(f2[source, x]), np.float32(f3[source, x])
        fa, fb, fc, fd = a > least, b > least, c > least, d > least
        work[total, x] += (a if fa else zero) + (b if fb else zero) + (c if fc else zero) + (d if fd else zero)
        work[known, x] += (one if fa else zero) + (one if fb else zero) + (one if fc else zero) + (one if fd else zero)


@jit
def stack_strips(
    ring: Ring, group: Group, lag: np.ndarray, background: Background, profile: np.ndarray, rule: Rule, tiles: Tiles,
    ground: Ground, rate: float, strips: np.ndarray, peaks: np.ndarray, work: np.ndarray,
) -> int:  # fmt: skip
    """Call `stack_strip` for some strips (int64 (N,)); return the number of peaks of all."""
    count = 0
    for i in range(strips.shape[0]):
        count += stack_strip(
            ring, group, lag, background, profile, rule, tiles, ground, rate, strips[i], peaks[count:], work
        )
    return count


@jit
def stack_strip(
    ring: Ring,
    group: Group,
    lag: np.ndarray,
    background: Background,
    profile: np.ndarray,
    rule: Rule,
    tiles: Tiles,
    ground: Ground,
    rate: float,
    strip: int,
    peaks: np.ndarray,
    work: np.ndarray,
) -> int:
    """Add the newest frames where they lie, whiten the sum against the forecasts, filter it and look for peaks.

    This finds what is too dim for one frame and slow: within the frames a source may move by about the PSF. What a
    forecast gets wrong where a cloud moves or grows lasts, and adds up; so from the sum its own level is taken, and it
    is divided by its own roughness, twice the mean square of what lies below (sources are above), by cells and from the
    looks before.

    Parameters
    ----------
    ring, group : Ring, Group
        K frames; K a multiple of four, those missing point to the blank slot.
    lag : float32 (strips,)
        Frames from each strip's level to the mean time of the frames that are not missing.
    background, profile, rule, tiles, peaks, work
        As for `sweep_block`; q is that of the sum, over the root of the number of frames known in each pixel.
    ground : Ground, updated in the rows of the strip
        Level and roughness of the sum.
    rate : float
        Gain of these.
    strip : int
        Which.

    Returns
    -------
    int
        Number of peaks.
    """
    height, n = background.level.shape
    weight = background.weight
    reach = profile.shape[0] - 1
    first, last = strip * TILE_Y, min(height, (strip + 1) * TILE_Y)
    unit, least = ring.code.unit, ring.code.least
    zero, one = np.float32(0.0), np.float32(1.0)
    work[:] = zero
    hits = np.zeros(4, np.int64)
    count = 0
    total, known, sunk, mean, even, low = SPARE + 1, SPARE + 2, SPARE + 3, SPARE + 4, SPARE + 5, SPARE + 6
    most, wide = np.float32(CLIPPED), ground.rough.shape[1]
    frames = ring.frames
    g0, g1, g2, g3 = work[RAW : RAW + 1], work[RAW + 1 : RAW + 2], work[RAW + 2 : RAW + 3], work[RAW + 3 : RAW + 4]
    still = not (group.move_x.any() or group.move_y.any())
    for y in range(first - reach - 1, last + reach + 1):
        k = ACROSS + y % 8
        if 0 <= y < height:
            work[total, :n] = zero
            work[known, :n] = zero
            for i in range(0, group.slot.shape[0], GROUP):
                if still:
                    f0, f1 = frames[group.slot[i]], frames[group.slot[i + 1]]
                    f2, f3 = frames[group.slot[i + 2]], frames[group.slot[i + 3]]
                    add_rows(f0, f1, f2, f3, y, least, work, total, known, n)
                else:
                    for j in range(GROUP):
                        gather_row(ring, group, i + j, y, work, RAW + j)
                    add_rows(g0, g1, g2, g3, 0, least, work, total, known, n)
            forecast_row(background, lag[y // TILE_Y], y, work, SPARE)
            for x in range(np.uint64(n)):
                m = work[known, x]
                z = (unit * work[total, x] - m * work[SPARE, x]) * widen(weight[y, x]) * inverse_root(max(m, one))
                work[WHITE, x + PAD] = z if z == z else zero
            if y % CELL == 0 or y == max(first - reach - 1, 0):
                for cell in range(wide):
                    start, stop = PAD + cell * CELL, PAD + min(n, (cell + 1) * CELL)
                    work[even, start:stop] = one / np.float32(np.sqrt(ground.rough[y // CELL, cell]))
                    work[low, start:stop] = ground.bias[y // CELL, cell]
            if first <= y < last:
                for x in range(np.uint64(n)):
                    z = work[WHITE, x + PAD]
                    work[mean, x] += min(max(z, -most), most)
                for x in range(np.uint64(n)):
                    below = max(min(work[WHITE, x + PAD] - work[low, x + PAD], zero), -most)
                    work[sunk, x] += below * below
            for x in range(np.uint64(n)):
                z = work[WHITE, x + PAD]
                work[WHITE, x + PAD] = (z - work[low, x + PAD]) * work[even, x + PAD] if z != zero else zero
            if first <= y < last and (y % CELL == CELL - 1 or y == last - 1):
                for cell in range(wide):
                    start, stop = cell * CELL, min(n, (cell + 1) * CELL)
                    number = float((y % CELL + 1) * (stop - start))
                    variance = max(2.0 * sum_span(work, sunk, start, stop) / number, LEAST_ROUGH)
                    level = sum_span(work, mean, start, stop) / number
                    ground.rough[y // CELL, cell] += np.float32(rate * (variance - ground.rough[y // CELL, cell]))
                    ground.bias[y // CELL, cell] += np.float32(rate * (level - ground.bias[y // CELL, cell]))
                work[sunk, :n] = zero
                work[mean, :n] = zero
            filter_across(work, profile, n, k)
        else:
            work[k] = zero
        count = judge_row(work, y, first, last, profile, rule, tiles, peaks, count, hits, n)
    return count
