"""Whitening, matched filter, local statistics and peaks in one sweep of rows."""

from typing import NamedTuple

import numpy as np

from ._jit import jit, row_jit
from .background import SAMPLED, TILE_X, TILE_Y, Background, forecast_row, sum_span
from .packed import widen
from .registration import PAD, Frame, Shift, blend_rows, calibrated_row, reach_of
from .ring import Code, Ring

STATISTICS = 3
"""Numbers kept a tile: sum of clipped q^2, count of q below -TAIL scales, count of pixels."""

TAIL = 2.5
"""Where the lower tail is counted; the upper one holds the targets."""

CLIP, CLIP_ABOVE = 2.0, 1.0
"""Scales at which q is clipped in the tile's sum of squares, below and above 0: targets are above."""

BLUR_LEAST = 2.5e-5
"""Registration variance (px^2) below which its part of the noise is not worth the time."""

RAW, BLEND, WHITE, ACROSS, TOP, CUT, LANE, SPARE = 0, 4, 5, 6, 14, 18, 19, 22
WORK_ROWS = 29
"""Rows of a sweep's scratch, and what they hold: four raw, one blended, one whitened, eight filtered across, four
filtered, the threshold, three of statistics, seven spare."""

WIDEST = 3
"""Greatest reach of the matched filter, px."""


class Rule(NamedTuple):
    """Numbers of one sweep."""

    first: float  # q, in tile scales, at which a pixel is looked at
    second: float  # q that the peak must have by interpolation
    blur: float  # variance of the registration, px^2


class Tiles(NamedTuple):
    """What is known of each tile before a sweep, and what the sweep finds."""

    scale: np.ndarray  # float32 (TY, TX): standard deviation of q
    found: np.ndarray  # float64 (TY, TX, STATISTICS), written


@row_jit
def white_row(
    work: np.ndarray,
    shift: Shift,
    background: Background,
    lag: float,
    y: int,
    frames: np.ndarray,
    slot: int,
    code: Code,
) -> None:
    """Resample the blended row across, whiten it against the forecast of row ``y``, and keep it in the ring.

    What is not known becomes 0 in row WHITE of ``work`` and ``code.none`` in the ring; ``slot`` -1 keeps nothing.
    """
    level, slope, weight = background.level, background.slope, background.weight
    n = level.shape[1]
    t0, t1, t2, t3 = shift.taps_x[0], shift.taps_x[1], shift.taps_x[2], shift.taps_x[3]
    low, high = reach_of(shift.step_x, n)
    # A whole row where the buffer's margin bears it: vectors want round numbers. Its ends are wiped afterwards.
    near = abs(shift.step_x) <= PAD - 2
    start, stop = (0, n) if near else (low, high)
    far, zero = np.float32(lag), np.float32(0.0)
    factor, half, least, most, none = code.factor, code.half, code.low, code.high, code.none
    at, to = np.uint64(start), np.uint64(PAD + start)
    o0 = np.uint64(max(0, PAD + start + shift.step_x - 1))
    o1, o2, o3 = o0 + np.uint64(1), o0 + np.uint64(2), o0 + np.uint64(3)
    if slot < 0:
        for x in range(np.uint64(stop - start)):
            v = (
                t0 * work[BLEND, x + o0]
                + t1 * work[BLEND, x + o1]
                + t2 * work[BLEND, x + o2]
                + t3 * work[BLEND, x + o3]
            )
            z = (v - (level[y, x + at] + far * widen(slope[y, x + at]))) * widen(weight[y, x + at])
            work[WHITE, x + to] = z if z == z else zero
    else:
        for x in range(np.uint64(stop - start)):
            v = (
                t0 * work[BLEND, x + o0]
                + t1 * work[BLEND, x + o1]
                + t2 * work[BLEND, x + o2]
                + t3 * work[BLEND, x + o3]
            )
            z = (v - (level[y, x + at] + far * widen(slope[y, x + at]))) * widen(weight[y, x + at])
            work[WHITE, x + to] = z if z == z else zero
            kept = min(max(v * factor + half, least), most)
            frames[slot, y, x + at] = kept if v == v else none
        frames[slot, y, :low] = none
        frames[slot, y, high:] = none
    work[WHITE, PAD : PAD + low] = zero
    work[WHITE, PAD + high : PAD + n] = zero


@row_jit
def blur_row(work: np.ndarray, background: Background, lag: np.ndarray, y: int, blur: float) -> None:
    """Let a whitened row count for less where the registration's variance ``blur`` meets a gradient of the forecast."""
    n = background.level.shape[1]
    forecast_row(background, lag[y // TILE_Y], y, work, SPARE)
    forecast_row(background, lag[max(y - 1, 0) // TILE_Y], max(y - 1, 0), work, SPARE + 1)
    factor, one = np.float32(blur), np.float32(1.0)
    for x in range(1, n):
        gx, gy = work[SPARE, x] - work[SPARE, x - 1], work[SPARE, x] - work[SPARE + 1, x]
        w = widen(background.weight[y, x])
        excess = factor * (gx * gx + gy * gy) * w * w
        work[WHITE, PAD + x] *= one / np.sqrt(one + excess) if excess == excess else one


@row_jit
def filter_across(work: np.ndarray, profile: np.ndarray, n: int, k: int) -> None:
    """Write the symmetric convolution of row WHITE with a profile (centre, +-1, +-2, ...) to row ``k``."""
    p0, p1, p2 = profile[0], profile[1], profile[2]
    w, o = WHITE, np.uint64(PAD)
    b, c, d, e = np.uint64(PAD - 1), np.uint64(PAD + 1), np.uint64(PAD - 2), np.uint64(PAD + 2)
    for x in range(np.uint64(n)):
        work[k, x + o] = (
            p0 * work[w, x + o] + p1 * (work[w, x + b] + work[w, x + c]) + p2 * (work[w, x + d] + work[w, x + e])
        )
    if profile.shape[0] > 3:
        p3 = profile[3]
        f, g = np.uint64(PAD - 3), np.uint64(PAD + 3)
        for x in range(np.uint64(n)):
            work[k, x + o] += p3 * (work[w, x + f] + work[w, x + g])


@row_jit
def filter_down(work: np.ndarray, centre: int, profile: np.ndarray, n: int) -> int:
    """Write the convolution down the rows around ``centre`` to its row TOP; return how many pixels exceed the cut."""
    a, b, c = ACROSS + (centre - 2) % 8, ACROSS + (centre - 1) % 8, ACROSS + centre % 8
    d, e, k = ACROSS + (centre + 1) % 8, ACROSS + (centre + 2) % 8, TOP + centre % 4
    p0, p1, p2 = profile[0], profile[1], profile[2]
    o = np.uint64(PAD)
    hits = np.int32(0)
    one, none = np.int32(1), np.int32(0)
    if profile.shape[0] > 3:
        p3 = profile[3]
        f, g = ACROSS + (centre - 3) % 8, ACROSS + (centre + 3) % 8
        for x in range(np.uint64(n)):
            work[SPARE, x + o] = p3 * (work[f, x + o] + work[g, x + o])
        for x in range(np.uint64(n)):
            q = p0 * work[c, x + o] + p1 * (work[b, x + o] + work[d, x + o]) + p2 * (work[a, x + o] + work[e, x + o])
            q += work[SPARE, x + o]
            work[k, x + o] = q
            hits += one if q > work[CUT, x + o] else none
        return int(hits)
    for x in range(np.uint64(n)):
        q = p0 * work[c, x + o] + p1 * (work[b, x + o] + work[d, x + o]) + p2 * (work[a, x + o] + work[e, x + o])
        work[k, x + o] = q
        hits += one if q > work[CUT, x + o] else none
    return int(hits)


@row_jit
def take_statistics(work: np.ndarray, k: int, first: float, n: int) -> None:
    """Add row ``k`` of q to the lanes of its tiles."""
    one, zero = np.float32(1.0), np.float32(0.0)
    # The cut is ``first`` scales.
    low, high, tail = np.float32(-CLIP / first), np.float32(CLIP_ABOVE / first), np.float32(-TAIL / first)
    for x in range(np.uint64(n)):
        cut = work[CUT, x + PAD]
        q = min(max(work[k, x + PAD], low * cut), high * cut)
        work[LANE, x] += q * q
    for x in range(np.uint64(n)):
        work[LANE + 1, x] += one if work[k, x + PAD] < tail * work[CUT, x + PAD] else zero
    for x in range(np.uint64(n)):
        work[LANE + 2, x] += one if work[k, x + PAD] != zero else zero


@jit
def sum_tiles(work: np.ndarray, found: np.ndarray, row: int, n: int) -> None:
    """Add the lanes of a row of tiles to its sums and clear them."""
    for tile in range(found.shape[1]):
        for k in range(STATISTICS):
            found[row, tile, k] += sum_span(work, LANE + k, tile * TILE_X, min(n, (tile + 1) * TILE_X))
    for k in range(STATISTICS):
        work[LANE + k, :n] = np.float32(0.0)


@jit
def pick_peaks(work: np.ndarray, y: int, n: int, rule: Rule, scale: np.ndarray, peaks: np.ndarray, count: int) -> int:
    """Write the local maxima of row ``y`` of q above the cut that a parabola lifts above the second look.

    The cut is that of the row's own tiles; row CUT may hold the next ones' by now.
    """
    up, k, down = TOP + (y - 1) % 4, TOP + y % 4, TOP + (y + 1) % 4
    share = rule.second / rule.first
    for tile in range(scale.shape[1]):
        cut = np.float32(rule.first) * scale[y // TILE_Y, tile]
        start, stop = PAD + max(1, tile * TILE_X), PAD + min(n - 1, (tile + 1) * TILE_X)
        above_cut = np.int32(0)
        for x in range(np.uint64(start), np.uint64(max(start, stop))):
            above_cut += np.int32(1) if work[k, x] > cut else np.int32(0)
        if above_cut == 0:
            continue
        for x in range(start, stop):
            v = work[k, x]
            if not v > cut:
                continue
            left, right, above, below = work[k, x - 1], work[k, x + 1], work[up, x], work[down, x]
            if v <= left or v <= above or v < right or v < below:
                continue
            if v <= work[up, x - 1] or v <= work[up, x + 1] or v < work[down, x - 1] or v < work[down, x + 1]:
                continue
            # A parabola either way tells about what the fit between the pixels will find.
            gx, gy = 0.5 * (right - left), 0.5 * (below - above)
            between = v + 0.5 * gx * gx / (2.0 * v - left - right) + 0.5 * gy * gy / (2.0 * v - above - below)
            if between > cut * share and count < peaks.shape[0]:
                peaks[count, 0], peaks[count, 1], peaks[count, 2] = y, x - PAD, v
                count += 1
    return count


@row_jit
def judge_row(
    work: np.ndarray, y: int, first: int, last: int, profile: np.ndarray, rule: Rule, tiles: Tiles, peaks: np.ndarray,
    count: int, hits: np.ndarray, n: int,
) -> int:  # fmt: skip
    """Filter what rows up to ``y`` allow, take its statistics, and look for peaks one row behind.

    ``hits`` (int64 (4,)) remembers for the last rows how many pixels exceeded the cut. Peaks are told for rows
    ``first`` to ``last - 1`` only.
    """
    reach = profile.shape[0] - 1
    centre = y - reach
    if centre < first - 1:
        return count
    # The row before the first and the one after the last have the cut of the nearest tile.
    within = min(max(centre, first), last - 1)
    if centre == first - 1 or within % TILE_Y == 0:
        cut_row(work, tiles.scale, within // TILE_Y, rule.first, n)
    hits[centre % 4] = filter_down(work, centre, profile, n)
    if first <= centre < last:
        if centre % SAMPLED == SAMPLED // 2:
            take_statistics(work, TOP + centre % 4, rule.first, n)
        if centre % TILE_Y == TILE_Y - 1 or centre == last - 1:
            sum_tiles(work, tiles.found, centre // TILE_Y, n)
    middle = centre - 1
    if first <= middle < last and hits[middle % 4] > 0:
        return pick_peaks(work, middle, n, rule, tiles.scale, peaks, count)
    return count


@row_jit
def cut_row(work: np.ndarray, scale: np.ndarray, row: int, first: float, n: int) -> None:
    """Write ``first`` scales of a row of tiles out to pixels."""
    for tile in range(scale.shape[1]):
        start, stop = PAD + tile * TILE_X, PAD + min(n, (tile + 1) * TILE_X)
        work[CUT, start:stop] = np.float32(first) * scale[row, tile]


@jit
def sweep_block(
    frame: Frame,
    shift: Shift,
    background: Background,
    lag: np.ndarray,
    ring: Ring,
    slot: int,
    profile: np.ndarray,
    rule: Rule,
    tiles: Tiles,
    first: int,
    last: int,
    peaks: np.ndarray,
    work: np.ndarray,
) -> int:
    """Take a block of rows of a new frame through resampling, whitening, matched filter and peaks.

    The background is only read, and blocks write rows of their own, so they may run in any order and on any number of
    threads with the same result.

    Parameters
    ----------
    frame, shift : Frame, Shift
        The new frame and where its scene lies.
    background : Background
        One band.
    lag : float32 (strips,)
        Frames from each strip's level to this frame.
    ring, slot : Ring, int
        Where the resampled frame is kept.
    profile : float32 (R + 1,), 2 <= R <= WIDEST
        One side of the line spread: the matched filter is its outer product, of which the squares sum to 1.
    rule : Rule
        Numbers of the sweep.
    tiles : Tiles, ``found`` updated in the tiles of the block
        Local statistics.
    first, last : int
        Rows [first, last); ``first`` a multiple of TILE_Y.
    peaks : float32 (N, 3), written
        Row, column and q of local maxima.
    work : float32 (WORK_ROWS, >= W + 2 PAD), overwritten
        Scratch.

    Returns
    -------
    int
        Number of peaks; at most N.
    """
    height, n = background.level.shape
    reach = profile.shape[0] - 1
    work[:] = np.float32(0.0)
    blended = work[BLEND]
    hits = np.zeros(4, np.int64)
    bad_start, bad_x = frame.bad_start, frame.bad_x
    # A bad pixel is lost where the greater part of it goes.
    near_x = shift.step_x + (1 if shift.taps_x[2] > shift.taps_x[1] else 0)
    near_y = 1 if shift.taps_y[2] > shift.taps_y[1] else 0
    frames, code = ring.frames, ring.code
    converted = -(1 << 30)  # rows up to here lie in the raw rows
    count = 0
    for y in range(first - reach - 1, last + reach + 1):
        k = ACROSS + y % 8
        source = y + shift.step_y
        own = first <= y < last
        if 0 <= y < height and 1 <= source < height - 2:
            for row in range(max(converted + 1, source - 1), source + 3):
                calibrated_row(frame, row, work, RAW + row % 4)
            converted = source + 2
            blend_rows(work, source - 1, shift.taps_y, blended)
            white_row(work, shift, background, lag[y // TILE_Y], y, frames, slot if own else -1, code)
            for i in range(bad_start[source + near_y], bad_start[source + near_y + 1]):
                x = bad_x[i] - near_x
                if 0 <= x < n:
                    work[WHITE, PAD + x] = np.float32(0.0)
                    if own:
                        frames[slot, y, x] = code.none
            if rule.blur > BLUR_LEAST:
                blur_row(work, background, lag, y, rule.blur)
            filter_across(work, profile, n, k)
        else:
            work[k] = np.float32(0.0)
            if own:
                frames[slot, y] = code.none
        count = judge_row(work, y, first, last, profile, rule, tiles, peaks, count, hits, n)
    return count
