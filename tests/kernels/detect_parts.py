"""Small worlds for the kernels of detection: codes, rings, backgrounds, groups.

All arrays are of the kinds that the chain hands to the kernels: another kind is another compilation.
"""

import numba
import numpy as np

from boostwatch_kernels.background import Background, Pace
from boostwatch_kernels.detection import STATISTICS, WORK_ROWS, Tiles
from boostwatch_kernels.fitting import Patch
from boostwatch_kernels.registration import PAD, Frame, Shift
from boostwatch_kernels.ring import Code, Group, Ring

from . import reference_detect as twin

PLAIN = bool(numba.config.DISABLE_JIT)  # without compilation samples must be small
KINDS = [np.float32, np.uint16] if PLAIN else [np.float32]  # the second costs a compilation, which the chain's tests do
EMPTY = np.zeros((0, 0), np.float32)
NO_GATES = np.zeros((0, 7), np.int64)
NO_LESSONS = np.zeros((0, 5), np.int64)
STILL = Shift(0, 0, np.float32([0, 1, 0, 0]), np.float32([0, 1, 0, 0]))
PROFILES = {r: twin.line_spread(s, 0.0, r)[r:] for s, r in ((0.7, 2), (1.0, 3))}
PROFILES = {
    r: (p / np.sqrt(2 * p @ p - p[0] ** 2)).astype(np.float32) for r, p in PROFILES.items()
}  # outer product of unit square


def code_of(dtype, factor=16.0):
    if dtype == np.uint16:
        return Code(*(np.float32(v) for v in (factor, 0.5, 1.0, 65535.0, 0.0, 0.0, 1.0 / factor)))
    return Code(*(np.float32(v) for v in (1.0, 0.0, -np.inf, np.inf, np.nan, -np.inf, 1.0)))


def ring_of(frames, dtype=np.float32, factor=16.0):
    """A ring that holds frames (K, H, W), NaN where they are not known, and a blank one."""
    frames = np.asarray(frames, np.float64)
    code = code_of(dtype, factor)
    kept = np.full((len(frames) + 1, *frames.shape[1:]), code.none, dtype)
    known = np.isfinite(frames)
    value = np.clip(frames[known] * code.factor + code.half, code.low, code.high)
    kept[:-1][known] = value.astype(dtype)
    return Ring(kept, code)


def group_of(slots, move_x=None, move_y=None):
    slot = np.array(slots, np.int64)
    none = np.zeros(len(slot), np.int64)
    return Group(
        slot,
        none if move_x is None else np.array(move_x, np.int64),
        none.copy() if move_y is None else np.array(move_y, np.int64),
    )


def fresh(shape):
    """A background that knows nothing."""
    return Background(np.full(shape, np.nan, np.float32), *(np.zeros(shape, np.uint16) for _ in range(4)))


def learnt(level, variance, slope=0.0, age=64):
    """A background that knows all; the weight is that of the variance alone."""
    level = np.ascontiguousarray(level, np.float32)
    variance, slope = np.broadcast_to(variance, level.shape), np.broadcast_to(slope, level.shape)
    ages = np.broadcast_to(age, level.shape).astype(np.uint16)
    return Background(level, *(twin.brain(v) for v in (slope, variance, 1.0 / np.sqrt(variance))), ages)


def pace_of(memory=32.0, count=4, ahead=4.0, limit=1e9, shrink=8.0, floor=0.01, teach=0.0, unit=1.0):
    """The pace for a group of ``count`` frames, as the chain sets it."""
    b = 1.0 - count / memory
    return Pace(
        (1.0 - b * b) / count, (1.0 - b) ** 2 / count / max(ahead, 1.0), 0.5 / memory, limit, memory, ahead, 2.0,
        shrink, floor, teach, unit,
    )  # fmt: skip


def frame_of(data, gain=EMPTY, offset=EMPTY, bad=None):
    bad = np.zeros(data.shape, bool) if bad is None else bad
    start = np.concatenate([[0], np.cumsum(bad.sum(axis=1))]).astype(np.int32)
    return Frame(data, gain, offset, start, np.nonzero(bad)[1].astype(np.int32))


def number_of(shape):
    """Rows and columns of tiles."""
    return -(-shape[0] // 32), -(-shape[1] // 64)


def tiles_of(shape, scale=1.0):
    number = number_of(shape)
    scales = np.broadcast_to(np.asarray(scale, np.float32), number).copy()
    return Tiles(scales, np.zeros((*number, STATISTICS)))


def no_lag(shape):
    return np.zeros(number_of(shape)[0], np.float32)


def work_of(width):
    return np.zeros((WORK_ROWS, -(-width // 16) * 16 + 2 * PAD + 16), np.float32)


def patch_of(frames, background, *, times=None, moves=None, spare=0, scale=1.0, dtype=np.float32):
    """Frames, oldest first, as the fits read them; ``spare`` blank members at the end."""
    shape, count = background.level.shape, len(frames)
    times = np.arange(1.0 - count, 1.0) if times is None else np.asarray(times, float)
    slots = list(range(count)) + [count] * spare
    scales = np.broadcast_to(np.asarray(scale, np.float32), number_of(shape)).copy()
    return Patch(
        ring_of(frames, dtype), group_of(slots, *(moves or ())), np.concatenate([times, np.zeros(spare)]), background,
        no_lag(shape), scales,
    )  # fmt: skip
