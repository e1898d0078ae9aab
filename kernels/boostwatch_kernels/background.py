"""Lagged temporal level, slope and variance on the reference grid."""

from typing import NamedTuple

import numpy as np

from ._jit import jit, row_jit
from .packed import inverse_root, narrow, narrow_by_chance, widen
from .ring import Code, Group, Ring

TILE_Y, TILE_X = 32, 64
"""Pixels of a tile; a row of tiles is a strip, the unit in which frames are absorbed."""

GROUP = 4
"""Frames absorbed together."""

SAMPLED = 8
"""One in so many rows of a tile gives its statistics."""

RIPE_CLIP = 16.0
"""Frames a pixel must be old before its squared innovations are clipped."""


SLOPED = 0.25
"""Share of the full age from which a pixel's slope is learnt: a cloud drifts from the first frame on."""


class Background(NamedTuple):
    """What one band has learnt of the scene, on the reference grid; (H, W) each.

    The forecast for a frame is ``level + lag * slope``, ``lag`` the frames since the strip's last group.
    """

    level: np.ndarray  # float32, DN, at the middle of the group absorbed last; NaN where nothing is known
    slope: np.ndarray  # uint16, brain float, DN a frame; 0 below SLOPED of the full age
    variance: np.ndarray  # uint16, brain float, DN^2, of a frame about its forecast
    weight: np.ndarray  # uint16, brain float, 1/DN: one over the noise expected; 0 where it is not ripe
    age: np.ndarray  # uint16, frames absorbed, saturates at Pace.full


class Lesson(NamedTuple):
    """What one member of a group teaches of the focal plane's pattern; whole pixels from the present reference."""

    member: int
    step_x: int  # to its focal plane
    step_y: int
    before_x: int  # to where the scene lay before
    before_y: int


class Pace(NamedTuple):
    """How fast a strip learns from a group."""

    gain: float  # of the level, from each innovation of a group
    bend: float  # of the slope, a frame, from the same
    calm: float  # of the variance, from the same
    limit: float  # clip of a squared innovation, variances and floors
    full: float  # age at which a pixel is mature
    ahead: float  # frames from the middle of the last group to that of this one
    ripe: float  # age from which a pixel may detect
    shrink: float  # frames that the tile's variance counts for
    floor: float  # least variance, DN^2
    teach: float  # gain of the focal plane's pattern
    unit: float  # DN of a step of the ring's code


@row_jit
def forecast_row(background: Background, lag: float, y: int, out: np.ndarray, k: int) -> None:
    """Write the forecast of row ``y`` to ``out[k]`` (float32 (K, W)); NaN where nothing is known."""
    level, slope = background.level, background.slope
    far = np.float32(lag)
    for x in range(np.uint64(level.shape[1])):
        out[k, x] = level[y, x] + far * widen(slope[y, x])


@row_jit
def sum_span(rows: np.ndarray, k: int, start: int, stop: int) -> float:
    """Return the sum of row ``k`` over columns [start, stop); eight sums side by side, lest each wait for the last."""
    a, b, c, d, e, f, g, h = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for x in range(start, stop - 7, 8):
        a += rows[k, x]
        b += rows[k, x + 1]
        c += rows[k, x + 2]
        d += rows[k, x + 3]
        e += rows[k, x + 4]
        f += rows[k, x + 5]
        g += rows[k, x + 6]
        h += rows[k, x + 7]
    for x in range(start + (stop - start) // 8 * 8, stop):
        a += rows[k, x]
    return ((a + b) + (c + d)) + ((e + f) + (g + h))


@row_jit
def gather_row(ring: Ring, group: Group, i: int, y: int, out: np.ndarray, k: int) -> None:
    """Write row ``y`` of member ``i`` of a group, still in code, to ``out[k]``; ``none`` where it has no such pixel."""
    frames, none = ring.frames, ring.code.none
    height, n = frames.shape[1], frames.shape[2]
    slot, source, move = group.slot[i], y - group.move_y[i], group.move_x[i]
    if not 0 <= source < height:
        out[k, :n] = none
        return
    low, high = max(0, min(n, move)), min(n, max(0, n + move))
    out[k, :low] = none
    out[k, high:n] = none
    back = np.uint64(max(0, -move))
    for x in range(np.uint64(max(high - low, 0))):
        out[k, x + np.uint64(low)] = frames[slot, source, x + back]


@jit
def absorb_strip(
    ring: Ring,
    group: Group,
    pace: Pace,
    background: Background,
    typical: np.ndarray,
    strip: int,
    lessons: np.ndarray,
    pattern: np.ndarray,
    work: np.ndarray,
) -> None:
    """Let a group of four past frames into one strip of the background.

    A pixel that is young keeps a running mean and variance (West, CACM 22, 1979; in batches: Chan, Golub & LeVeque,
    1983). From `SLOPED` of the full age on the level moves with a slope, so that a cloud's edge that drifts through a
    pixel is foretold and not lagged behind (Holt, 1957; Brown's gains for groups: ``gain = 1 - b^2``, ``bend = (1 -
    b)^2`` a group, ``b = 1 - G / memory``): with ``e`` the mean innovation, ``level += ahead * slope + gain e``,
    ``slope += bend e``. Squared innovations enter the variance clipped at ``limit`` variances, so that one flash does
    not blind a pixel. The weight is one over the root of the variance, shrunk to that of the tile.

    Parameters
    ----------
    ring, group : Ring, Group
        Four members; those that are missing point to the blank slot.
    pace : Pace
        How fast.
    background : Background, updated in the rows of the strip
        One band.
    typical : float32 (TY, TX), updated in the row of the strip
        Variance of a pixel of each tile, DN^2: harmonic mean.
    strip : int
        Which.
    lessons : int64 (M, 5)
        Fields of `Lesson`.
    pattern : float32 (H, W) or (0, 0), updated
        Of the focal plane, DN.
    work : float32 (>= 10, W), overwritten
        Scratch.
    """
    level, slope, variance = background.level, background.slope, background.variance
    weight, age = background.weight, background.age
    height, n = level.shape
    zero, one = np.float32(0.0), np.float32(1.0)
    ahead, full = np.float32(pace.ahead), np.float32(pace.full)
    gain, bend = np.float32(pace.gain), np.float32(pace.bend)
    calm, limit = np.float32(pace.calm), np.float32(pace.limit)
    floor = np.float32(pace.floor)
    own = np.float32(pace.full / (pace.full + pace.shrink))
    rest = one - own
    tiles = typical.shape[1]
    sums = np.zeros(tiles, np.float64)
    counts = np.zeros(tiles, np.float64)
    share, middle, known, noise = 4, 5, 6, 7
    # Views are made once: each costs two atomic counts.
    f0, f1 = ring.frames[group.slot[0]], ring.frames[group.slot[1]]
    f2, f3 = ring.frames[group.slot[2]], ring.frames[group.slot[3]]
    g0, g1, g2, g3 = work[0:1], work[1:2], work[2:3], work[3:4]
    still = not (group.move_x.any() or group.move_y.any())
    for tile in range(tiles):
        work[8, tile * TILE_X : min(n, (tile + 1) * TILE_X)] = typical[strip, tile]
    for y in range(strip * TILE_Y, min(height, (strip + 1) * TILE_Y)):
        for x in range(np.uint64(n)):
            work[middle, x] = level[y, x] + ahead * widen(slope[y, x])
        if still:
            innovations_row(f0, f1, f2, f3, y, ring.code, limit, limit * floor, variance, y, work)
        else:
            for i in range(GROUP):
                gather_row(ring, group, i, y, work, i)
            innovations_row(g0, g1, g2, g3, 0, ring.code, limit, limit * floor, variance, y, work)
        mature = all_mature(age, y, work, known, full)  # then gains are the same everywhere
        if not mature:
            for i in range(GROUP if still else 0):
                gather_row(ring, group, i, y, work, i)
            young_sums(ring, pace, background, y, work)
        for i in range(lessons.shape[0]):
            lesson = Lesson(lessons[i, 0], lessons[i, 1], lessons[i, 2], lessons[i, 3], lessons[i, 4])
            if still and mature:
                gather_row(ring, group, lesson.member, y, work, lesson.member)
            teach_row(ring.code, pace, lesson, background, y, work, pattern)
        if mature:
            for x in range(np.uint64(n)):
                work[share, x] = work[share, x] if work[known, x] > zero else zero
            for x in range(np.uint64(n)):
                level[y, x] = work[middle, x] + gain * work[share, x]
            for x in range(np.uint64(n)):
                now = widen(slope[y, x]) + bend * work[share, x]
                slope[y, x] = narrow_by_chance(now, work[noise, x], work[middle, x])
            for x in range(np.uint64(n)):
                now = (one - calm * work[known, x]) * widen(variance[y, x]) + calm * work[noise, x]
                variance[y, x] = narrow_by_chance(now, work[noise, x], work[middle, x])
                w = inverse_root(own * now + rest * work[8, x] + floor)
                weight[y, x] = narrow(w if age[y, x] > 0 else zero)
        else:
            young_row(background, pace, y, work)
        if y % SAMPLED == 0:
            for x in range(np.uint64(n)):
                w = widen(weight[y, x])
                work[share, x] = w * w
                work[known, x] = one if w > zero else zero
            for tile in range(tiles):
                start, stop = tile * TILE_X, min(n, (tile + 1) * TILE_X)
                sums[tile] += sum_span(work, share, start, stop)
                counts[tile] += sum_span(work, known, start, stop)
    for tile in range(tiles):
        if counts[tile] > 0:
            typical[strip, tile] = counts[tile] / sums[tile]


@row_jit
def innovations_row(
    f0: np.ndarray, f1: np.ndarray, f2: np.ndarray, f3: np.ndarray, source: int, code: Code, limit: np.float32,
    base: np.float32, variance: np.ndarray, y: int, work: np.ndarray,
) -> None:  # fmt: skip
    """Write sum, count and clipped sum of squares of the innovations of a group in one row to rows 4, 6, 7 of ``work``.

    The members' row is ``source`` of ``f0`` to ``f3``; row 5 of ``work`` is their forecast. Squares are clipped at
    ``limit`` variances and ``base``: a pixel that was constant, as a saturated one is, must learn its noise when it
    comes.
    """
    unit, least = code.unit, code.least
    zero, one = np.float32(0.0), np.float32(1.0)
    share, middle, known, noise = 4, 5, 6, 7
    for x in range(np.uint64(variance.shape[1])):
        m, most = work[middle, x], limit * widen(variance[y, x]) + base
        a, b = np.float32(f0[source, x]), np.float32(f1[source, x])
        c, d = np.float32(f2[source, x]), np.float32(f3[source, x])
        ea, eb, ec, ed = unit * a - m, unit * b - m, unit * c - m, unit * d - m
        fa, fb, fc, fd = a > least, b > least, c > least, d > least
        work[share, x] = (ea if fa else zero) + (eb if fb else zero) + (ec if fc else zero) + (ed if fd else zero)
        work[known, x] = (one if fa else zero) + (one if fb else zero) + (one if fc else zero) + (one if fd else zero)
        work[noise, x] = (
            (min(ea * ea, most) if fa else zero) + (min(eb * eb, most) if fb else zero)
            + (min(ec * ec, most) if fc else zero) + (min(ed * ed, most) if fd else zero)
        )  # fmt: skip


@row_jit
def all_mature(age: np.ndarray, y: int, work: np.ndarray, known: int, full: np.float32) -> bool:
    """Tell whether every pixel of a row is of full age, or has never been known and is not now (a dead one)."""
    one, zero = np.int32(1), np.int32(0)
    young = np.int32(0)
    for x in range(np.uint64(age.shape[1])):
        seen = np.float32(age[y, x])
        young += zero if seen >= full or seen + work[known, x] == np.float32(0.0) else one
    return bool(young == 0)


@jit
def young_sums(ring: Ring, pace: Pace, background: Background, y: int, work: np.ndarray) -> None:
    """Write what `young_row` needs of a group in rows 0 to 3 of ``work``: a pixel never seen starts from their mean."""
    unit, least = np.float32(pace.unit), ring.code.least
    share, middle, known, noise = 4, 5, 6, 7
    for x in range(background.level.shape[1]):
        total, count, square = np.float32(0.0), np.float32(0.0), np.float32(0.0)
        for k in range(GROUP):
            if work[k, x] > least:
                total += unit * work[k, x]
                count += np.float32(1.0)
        seen = background.age[y, x]
        m = background.level[y, x] + np.float32(pace.ahead) * widen(background.slope[y, x])
        m = m if seen > 0 else total / max(count, np.float32(1.0))
        most = np.float32(pace.limit) * (widen(background.variance[y, x]) + np.float32(pace.floor))
        most = most if seen >= RIPE_CLIP else np.float32(3e38)
        for k in range(GROUP):
            if work[k, x] > least:
                e = unit * work[k, x] - m
                square += min(e * e, most)
        work[share, x] = total - count * m if count > 0 else np.float32(0.0)
        work[middle, x], work[known, x], work[noise, x] = m, count, square


@jit
def young_row(background: Background, pace: Pace, y: int, work: np.ndarray) -> None:
    """End the absorption of a row of pixels of any age; rows 4 to 8 of ``work`` are those of `absorb_strip`."""
    level, slope, variance = background.level, background.slope, background.variance
    weight, age = background.weight, background.age
    share, middle, known, noise = 4, 5, 6, 7
    zero, one = np.float32(0.0), np.float32(1.0)
    gain, bend, calm, full = np.float32(pace.gain), np.float32(pace.bend), np.float32(pace.calm), np.float32(pace.full)
    ripe, shrink, floor = np.float32(pace.ripe), np.float32(pace.shrink), np.float32(pace.floor)
    sloped = np.float32(SLOPED * pace.full)
    for x in range(level.shape[1]):
        count, seen, e = work[known, x], np.float32(age[y, x]), work[share, x]
        mature = seen >= full
        g = gain if mature else one / max(seen + count, one)
        if seen > zero or count > zero:
            level[y, x] = work[middle, x] + g * e
        tilt = widen(slope[y, x]) + bend * e if seen >= sloped else zero
        slope[y, x] = narrow_by_chance(tilt, work[noise, x], work[middle, x])
        young = seen / max((seen + one) * (seen + count), one) if seen > zero else one / max(count, one)
        h = calm if mature else young
        keep = one - calm * count if mature else seen / max(seen + count, one)
        now = keep * widen(variance[y, x]) + h * work[noise, x]
        seen = min(full, seen + count)
        variance[y, x] = narrow_by_chance(now, work[noise, x], work[middle, x])
        age[y, x] = np.uint16(seen)
        w = inverse_root((seen * now + shrink * work[8, x]) / (seen + shrink) + floor)
        weight[y, x] = narrow(w if seen >= ripe else zero)


@row_jit
def teach_row(
    code: Code, pace: Pace, lesson: Lesson, background: Background, y: int, work: np.ndarray, pattern: np.ndarray
) -> None:
    """Let what stays on the focal plane while the scene moves flow from one row's innovations into a pattern.

    The innovation of a past frame is ``e(p) = P(p + d) - (P as the level has smeared it) + noise``, ``P`` what is left
    of the pattern and ``d`` where the scene lay. As the scene moved, the level holds ``P(p + a)``, ``a`` where the
    scene lay before. So a step down the gradient of ``sum e^2`` adds to the pattern at ``p + d`` and takes the same
    from it at ``p + a``: all frequencies converge, none oscillates, no level drifts, and while nothing has moved (``a =
    d`` in whole pixels) nothing is learnt. Closed loop: the pattern is subtracted from the frames to come. (Least mean
    squares on registered frames: Zuo et al., Opt. Rev. 18, 2011; here against a mean of frames.) Innovations enter
    clipped at two sigma. Rows 5 (middle) and the member's of ``work`` are read, row 9 is overwritten.
    """
    height, n = pattern.shape
    own, before = y + lesson.step_y, y + lesson.before_y
    if not (0 <= own < height and 0 <= before < height):
        return
    weight = background.weight
    gain, two, zero = np.float32(pace.teach), np.float32(2.0), np.float32(0.0)
    unit, least = code.unit, code.least
    for x in range(np.uint64(n)):
        v, w = work[lesson.member, x], widen(weight[y, x])
        e = unit * v - work[5, x]
        most = two / max(w, np.float32(1e-30))
        e = min(max(e, -most), most)
        work[9, x] = gain * e if v > least and w > zero and e == e else zero
    low = max(0, -lesson.step_x, -lesson.before_x)
    high = max(low, min(n, n - lesson.step_x, n - lesson.before_x))
    start, there, then = np.uint64(low), np.uint64(low + lesson.step_x), np.uint64(low + lesson.before_x)
    for x in range(np.uint64(high - low)):
        pattern[own, x + there] += work[9, x + start]
    for x in range(np.uint64(high - low)):
        pattern[before, x + then] -= work[9, x + start]


@jit
def move_background(background: Background, step_x: int, step_y: int) -> None:
    """Move the background by whole pixels, in place: ``new(x, y) = old(x - step_x, y - step_y)``; the rest is unknown.

    Parameters
    ----------
    background : Background, updated
        One band.
    step_x, step_y : int
        How far, pixels.
    """
    move_plane(background.level, step_x, step_y, np.nan)
    move_plane(background.slope, step_x, step_y, 0)
    move_plane(background.variance, step_x, step_y, 0)
    move_plane(background.weight, step_x, step_y, 0)
    move_plane(background.age, step_x, step_y, 0)


@jit
def move_plane(plane: np.ndarray, step_x: int, step_y: int, rest: float) -> None:
    """Move one array (H, W) by whole pixels, in place; what comes in is ``rest``."""
    height, n = plane.shape
    row = np.empty(n, plane.dtype)
    low, high = max(0, min(n, step_x)), min(n, max(0, n + step_x))
    for i in range(height):
        y = height - 1 - i if step_y > 0 else i
        source = y - step_y
        if not 0 <= source < height:
            plane[y] = rest
            continue
        row[:] = plane[source]
        plane[y, :low] = rest
        plane[y, high:] = rest
        for x in range(low, high):
            plane[y, x] = row[x - step_x]
