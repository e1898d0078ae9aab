"""Whitening, matched filter, local CFAR and peaks in one sweep of rows; maximum-likelihood fits of what stands out."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit
from .background import HALO, Background, absorb_row
from .registration import PAD, Frame, Shift, blend_rows, calibrated_row, shift_row
from .whitening import Past, Rule, blur_row, whiten_mature, whiten_young

TILE_Y, TILE_X = 32, 64
"""Pixels of a CFAR tile."""

STATISTICS = 4
"""Numbers kept a tile: sum of clipped q^2, sum of weights, count of q below -TAIL scales, count of pixels."""

TAIL = 2.5
"""Where the lower tail is counted; the upper one holds the targets."""

CLIP = 4.0
"""Squared scales at which q^2 is clipped in the tile's sum."""


BLUR_LEAST = 2.5e-5
"""Registration variance (px^2) below which its part of the noise is not worth the time."""


FAINT = 1e-3
"""Weight added to that of a pixel, as a share of a typical one: beside unknown pixels there would be next to none."""


class Ring(NamedTuple):
    """The newest resampled frames of one band; ``past`` is the slot that leaves, or -1."""

    frames: np.ndarray  # float32 (S, H, W)
    now: int
    past: int
    past_x: int  # whole pixels from the slot's reference to the present one
    past_y: int


class Tiles(NamedTuple):
    """What is known of each CFAR tile before the sweep, and what the sweep finds."""

    variance: np.ndarray  # float32 (TY, TX): typical variance of a pixel, DN^2
    scale: np.ndarray  # float32 (TY, TX): standard deviation of q
    found: np.ndarray  # float64 (TY, TX, STATISTICS), written


@jit
def filter_row(padded: np.ndarray, profile: np.ndarray, out: np.ndarray, k: int) -> None:
    """Write the symmetric convolution of a padded row with a profile (centre, +-1, +-2, ...) to row ``k``."""
    n = out.shape[1]
    if profile.shape[0] == 2:
        p0, p1 = profile[0], profile[1]
        a = padded[PAD - 1 : PAD + 1 + n]
        for x in range(n):
            out[k, x] = p0 * a[x + 1] + p1 * (a[x] + a[x + 2])
        return
    p0, p1, p2 = profile[0], profile[1], profile[2]
    a = padded[PAD - 2 : PAD + 2 + n]
    for x in range(n):
        out[k, x] = p0 * a[x + 2] + p1 * (a[x + 1] + a[x + 3]) + p2 * (a[x] + a[x + 4])
    for j in range(3, profile.shape[0]):
        p = profile[j]
        left, right = padded[PAD - j : PAD - j + n], padded[PAD + j : PAD + j + n]
        for x in range(n):
            out[k, x] += p * (left[x] + right[x])


@jit
def filter_column(rows: np.ndarray, centre: int, profile: np.ndarray, out: np.ndarray, k: int) -> None:
    """Write the symmetric convolution across a ring of rows around row ``centre`` to row ``k``."""
    size = rows.shape[0]
    if profile.shape[0] == 2:
        p0, p1 = profile[0], profile[1]
        b, c, d = (centre - 1) % size, centre % size, (centre + 1) % size
        for x in range(out.shape[1]):
            out[k, x] = p0 * rows[c, x] + p1 * (rows[b, x] + rows[d, x])
        return
    p0, p1, p2 = profile[0], profile[1], profile[2]
    a, b, c = (centre - 2) % size, (centre - 1) % size, centre % size
    d, e = (centre + 1) % size, (centre + 2) % size
    for x in range(out.shape[1]):
        out[k, x] = p0 * rows[c, x] + p1 * (rows[b, x] + rows[d, x]) + p2 * (rows[a, x] + rows[e, x])
    for j in range(3, profile.shape[0]):
        p = profile[j]
        up, down = (centre - j) % size, (centre + j) % size
        for x in range(out.shape[1]):
            out[k, x] += p * (rows[up, x] + rows[down, x])


@jit
def spread_tiles(tiles: np.ndarray, row: int, factor: float, out: np.ndarray) -> None:
    """Write one row of tiles out to pixels, times a factor."""
    n = out.shape[0]
    for tile in range(tiles.shape[1]):
        out[tile * TILE_X : min(n, (tile + 1) * TILE_X)] = np.float32(factor) * tiles[row, tile]


@jit
def sum_tiles(lane: np.ndarray, found: np.ndarray, tile: int) -> None:
    """Add the lanes of a row of tiles to its sums; four sums side by side, lest each addition wait for the last."""
    n = lane.shape[1]
    for column in range(found.shape[1]):
        start, stop = column * TILE_X, min(n, (column + 1) * TILE_X)
        whole = start + (stop - start) // 4 * 4
        for k in range(lane.shape[0]):
            a, b, c, d = 0.0, 0.0, 0.0, 0.0
            for x in range(start, whole, 4):
                a += lane[k, x]
                b += lane[k, x + 1]
                c += lane[k, x + 2]
                d += lane[k, x + 3]
            for x in range(whole, stop):
                a += lane[k, x]
            found[tile, column, k] += (a + b) + (c + d)


@jit
def ratio(tops: np.ndarray, bottoms: np.ndarray, tiny: np.float32, row: int, x: int) -> float:
    """Return the matched-filter statistic ``top / sqrt(bottom + tiny)`` of a pixel."""
    value: float = tops[row, x] / math.sqrt(bottoms[row, x] + tiny)
    return value


@jit
def sweep_block(
    frame: Frame,
    shift: Shift,
    background: Background,
    edges: np.ndarray,
    ring: Ring,
    profile: np.ndarray,
    rule: Rule,
    tiles: Tiles,
    block: int,
    rows: int,
    peaks: np.ndarray,
) -> int:
    """Take one block of rows through resampling, whitening, matched filter and peaks, and renew its background.

    Blocks touch none of each other's state (`snapshot_edges` gives them their neighbours as they were), so they may
    run in any order and on any number of threads with the same result.

    Parameters
    ----------
    frame, shift : Frame, Shift
        The new frame and where its scene lies.
    background : Background, updated in the rows of the block
        One band.
    edges : float32 (blocks + 1, 4, 2 HALO, W)
        From `snapshot_edges`.
    ring : Ring, the slot ``now`` written, the slot ``past`` absorbed
        Resampled frames.
    profile : float32 (R + 1,), 2 <= R < HALO
        One side of the line spread: the matched filter is its outer product.
    rule : Rule
        Numbers of the sweep.
    tiles : Tiles, ``found`` updated in the tiles of the block
        CFAR.
    block, rows : int
        Which block, and rows a block (a multiple of TILE_Y).
    peaks : float32 (N, 3), written
        Row, column and q (unscaled) of local maxima above the rule's threshold.

    Returns
    -------
    int
        Number of peaks; at most N.
    """
    height, n = background.mean.shape
    first, last = block * rows, min(height, (block + 1) * rows)
    reach = profile.shape[0] - 1
    size = 2 * reach + 1
    square = profile * profile
    if square[2] < np.float32(2e-3) * square[0]:
        square = square[:2].copy()  # what lies further out adds less than a hundredth to the weight
    raw = np.zeros((4, n), np.float32)
    blended = np.zeros(n, np.float32)
    spare = np.zeros((1, n), np.float32)
    lagged = np.zeros((1, n), np.float32)
    # Views are made once: every one costs two atomic counts.
    resampled, departing = ring.frames[ring.now], ring.frames[max(ring.past, 0)]
    within = Past(background.mean, background.variance, background.age)
    over, under = (
        Past(edges[block, 0], edges[block, 1], edges[block, 2]),
        Past(edges[block + 1, 0], edges[block + 1, 1], edges[block + 1, 2]),
    )
    bad_start, bad_x = frame.bad_start, frame.bad_x
    above = np.full(n, np.nan, np.float32)
    keep = np.zeros(n, np.float32)
    cut = np.zeros(n, np.float32)
    residual = np.zeros(n + 2 * PAD, np.float32)
    weight = np.zeros(n + 2 * PAD, np.float32)
    across = np.zeros((size, n), np.float32)
    across_w = np.zeros((size, n), np.float32)
    # q = top / sqrt(bottom); it is compared as a square, and worked out only where it matters.
    tops = np.zeros((3, n), np.float32)
    bottoms = np.zeros((3, n), np.float32)
    lane = np.zeros((STATISTICS, n), np.float32)
    typical = np.zeros(n, np.float32)
    scale = np.zeros(n, np.float32)
    converted = -(1 << 30)  # rows up to here lie in the ring of raw rows
    tile_seen, tile_cut = -1, -1
    count = 0
    one, zero = np.float32(1.0), np.float32(0.0)
    faint, tiny = np.float32(FAINT), np.float32(1e-20)
    for y in range(first - reach - 1, last + reach + 1):
        slot = y % size
        inside = 0 <= y < height
        if not inside:
            for x in range(n):
                across[slot, x] = zero
                across_w[slot, x] = zero
        else:
            own = first <= y < last
            source = y + shift.step_y
            seen = 1 <= source < height - 2
            value, k = (resampled, y) if own else (spare, 0)
            if seen:
                for row in range(max(converted + 1, source - 1), source + 3):
                    calibrated_row(frame, row, raw, row % 4)
                converted = source + 2
                blend_rows(raw, source - 1, shift.taps_y, blended)
                shift_row(blended, shift.step_x, shift.taps_x, value, k)
                for i in range(bad_start[source], bad_start[source + 1]):
                    x = bad_x[i] - shift.step_x
                    if 0 <= x < n:
                        value[k, x] = np.nan
            else:
                for x in range(n):
                    value[k, x] = np.nan
            past, row, low, high = within, y, 0, 0
            if own:
                low, high = int(background.mature[y, 0]), int(background.mature[y, 1])
            else:
                k_edge = block if y < first else block + 1
                past, row = (over, HALO + y - first) if y < first else (under, HALO + y - last)
                low, high = int(edges[k_edge, 3, row, 0]), int(edges[k_edge, 3, row, 1])
            if y // TILE_Y != tile_seen:
                tile_seen = y // TILE_Y
                spread_tiles(tiles.variance, tile_seen, 1.0, typical)
            if high > low:
                whiten_mature(value, k, past, row, typical, rule, residual, weight, low, high)
            for part in range(2):  # what lies beside the mature span, or all
                start, stop = (0, low) if part == 0 else (max(low, high), n)
                if stop > start:
                    whiten_young(value, k, past, row, typical, rule, residual, weight, start, stop)
            if rule.blur > BLUR_LEAST:
                blur_row(past, row, above, rule.blur, residual, weight)
            filter_row(residual, profile, across, slot)
            filter_row(weight, square, across_w, slot)
            behind = y - ring.past_y
            if own and ring.past >= 0 and 0 <= behind < height:
                if ring.past_x == 0:
                    absorb_row(departing, behind, rule.pace, background, y)
                else:
                    for x in range(n):
                        column = x - ring.past_x
                        lagged[0, x] = departing[behind, column] if 0 <= column < n else np.nan
                    absorb_row(lagged, 0, rule.pace, background, y)
        centre = y - reach
        if centre < first - 1:
            continue
        row = centre % 3
        filter_column(across, centre, profile, tops, row)
        filter_column(across_w, centre, square, bottoms, row)
        if first <= centre < last:
            tile = centre // TILE_Y
            if centre % TILE_Y == 0:
                lane.fill(zero)
            if centre % 4 == 1:
                spread_tiles(tiles.scale, tile, 1.0, scale)
                clip, tail = np.float32(CLIP), np.float32(-TAIL)
                small = faint * (profile[0] * profile[0]) / tiles.variance[tile].max()
                for x in range(n):
                    keep[x] = tops[row, x] / math.sqrt(bottoms[row, x] + small)
                for x in range(n):
                    lane[0, x] += min(keep[x] * keep[x], clip * scale[x] * scale[x])
                for x in range(n):
                    lane[1, x] += bottoms[row, x]
                for x in range(n):
                    lane[2, x] += one if keep[x] < tail * scale[x] else zero
                for x in range(n):
                    lane[3, x] += one if bottoms[row, x] > zero else zero
            if centre % TILE_Y == TILE_Y - 1 or centre == last - 1:
                sum_tiles(lane, tiles.found, tile)
        middle = centre - 1
        if middle < first or middle >= last:
            continue
        if middle // TILE_Y != tile_cut:
            tile_cut = middle // TILE_Y
            spread_tiles(tiles.scale, tile_cut, rule.threshold * rule.first, cut)
            tiny = faint * (profile[0] * profile[0]) / tiles.variance[tile_cut].max()
            for x in range(n):
                cut[x] *= cut[x]
        row = middle % 3
        hits = 0
        for x in range(n):
            hits += 1 if tops[row, x] * abs(tops[row, x]) > cut[x] * (bottoms[row, x] + tiny) else 0
        if hits == 0:
            continue
        up, down = (middle - 1) % 3, centre % 3
        for x in range(1, n - 1):
            if tops[row, x] <= zero or tops[row, x] * tops[row, x] <= cut[x] * (bottoms[row, x] + tiny):
                continue
            v = ratio(tops, bottoms, tiny, row, x)
            left, right = ratio(tops, bottoms, tiny, row, x - 1), ratio(tops, bottoms, tiny, row, x + 1)
            over_it, under_it = ratio(tops, bottoms, tiny, up, x), ratio(tops, bottoms, tiny, down, x)
            if v <= left or v <= over_it or v < right or v < under_it:
                continue
            if v <= ratio(tops, bottoms, tiny, up, x - 1) or v <= ratio(tops, bottoms, tiny, up, x + 1):
                continue
            if v < ratio(tops, bottoms, tiny, down, x - 1) or v < ratio(tops, bottoms, tiny, down, x + 1):
                continue
            # A parabola either way tells about what the fit between the pixels will find.
            gx, gy = 0.5 * (right - left), 0.5 * (under_it - over_it)
            between = v + 0.5 * gx * gx / (2.0 * v - left - right) + 0.5 * gy * gy / (2.0 * v - over_it - under_it)
            if (
                between * between * rule.first * rule.first > cut[x] * rule.second * rule.second
                and count < peaks.shape[0]
            ):
                peaks[count, 0], peaks[count, 1], peaks[count, 2] = middle, x, v
                count += 1
    return count
