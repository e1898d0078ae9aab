"""The background: what groups of frames teach it, by definition and by what the scene does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostwatch_kernels.background import all_mature, forecast_row, gather_row, move_background
from boostwatch_kernels.gates import absorb_strips

from . import reference_detect as twin
from .detect_parts import EMPTY, NO_GATES, NO_LESSONS, PLAIN, fresh, group_of, learnt, pace_of, ring_of, work_of

STEP = 2.0**-7  # from one number of sixteen bits to the next, at most


def absorb(frames, background, pace, *, typical=None, moves=None, lessons=NO_LESSONS, pattern=EMPTY, dtype=np.float32):
    """Let frames (K <= 4, H, W) into a background; those that a group lacks are blank."""
    shape = background.level.shape
    ring = ring_of(frames, dtype)
    pace = pace._replace(unit=float(ring.code.unit))
    slots = list(range(len(frames))) + [len(frames)] * (4 - len(frames))
    strips = np.arange(-(-shape[0] // 32))
    typical = np.full((len(strips), -(-shape[1] // 64)), 16.0, np.float32) if typical is None else typical
    absorb_strips(
        ring, group_of(slots, *(moves or ())), pace, background, typical, strips, NO_GATES,
        np.zeros(len(strips), np.float32), lessons, pattern, work_of(shape[1]),
    )  # fmt: skip
    return typical


def same(a, b):
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(one, other)


def copy(background):
    return type(background)(*(plane.copy() for plane in background))


def some_world(shape, rng, ages):
    """A background of all ages with unknown pixels, and a group of four with gaps."""
    background = learnt(rng.normal(1000, 20, shape), rng.uniform(9, 25, shape), age=64)
    background.age[:] = rng.choice(ages, shape)
    background.slope[:] = np.where(background.age >= 64, twin.brain(rng.normal(0, 1, shape)), 0)
    never = background.age == 0
    background.level[never], background.variance[never], background.weight[never] = np.nan, 0, 0
    frames = np.nan_to_num(background.level, nan=1000.0) + rng.normal(0, 4, (4, *shape))
    return background, frames


@pytest.mark.parametrize("ages", [(64,), (0, 1, 3, 15, 16, 40, 63, 64)], ids=["mature", "of all ages"])
@pytest.mark.parametrize("moves", [None, ([2, 0, -3, 0], [-1, 0, 0, 4])], ids=["still", "moved"])
def test_a_group_is_absorbed_by_definition(ages, moves):
    rng = np.random.default_rng(1)
    shape = (37, 70)  # two strips and two tiles, the last ones cut
    background, frames = some_world(shape, rng, ages)
    frames[rng.random(frames.shape) < 0.1] = np.nan
    frames[1, 30, 40] += 5000.0  # a flash
    typical = rng.uniform(10, 20, (2, 2)).astype(np.float32)
    pace = pace_of(64.0, ahead=4.5, limit=25.0)
    before, noise = copy(background), twin.spread(typical, shape)
    absorb(frames, background, pace, typical=typical, moves=moves)
    lie = (
        [twin.moved(f, *m, np.nan) for f, m in zip(frames, zip(*moves, strict=True), strict=True)] if moves else frames
    )
    for y in range(shape[0]):
        for x in range(shape[1]):
            pixel = (before.level, twin.number(before.slope), twin.number(before.variance), before.age)
            old = [p[y, x] for p in pixel]
            level, slope, variance, age, weight = twin.absorbed(old, [f[y, x] for f in lie], pace, noise[y, x])
            assert background.age[y, x] == age
            np.testing.assert_allclose(background.level[y, x], level, rtol=3e-7)
            np.testing.assert_allclose(twin.number(background.slope)[y, x], slope, rtol=STEP, atol=1e-6)
            np.testing.assert_allclose(twin.number(background.variance)[y, x], variance, rtol=STEP, atol=1e-6)
            np.testing.assert_allclose(twin.number(background.weight)[y, x], weight, rtol=0.51 * STEP)
    w = twin.number(background.weight).astype(float)
    for ty in range(2):
        for tx in range(2):
            box = w[ty * 32 : (ty + 1) * 32 : 8, tx * 64 : (tx + 1) * 64]
            assert typical[ty, tx] == pytest.approx(np.count_nonzero(box) / (box**2).sum(), rel=1e-5)


def test_holts_recursion_for_groups_of_four():
    rng = np.random.default_rng(2)
    memory, shape = 32.0, (1, 16)
    b = 1.0 - 4.0 / memory
    background = learnt(np.full(shape, 50.0), 16.0, age=32)
    level, slope = np.full(shape, 50.0), np.zeros(shape)
    for k in range(30):
        values = 50.0 + 20.0 * np.sin(k / 4.0) + rng.normal(0, 4, (4, *shape))
        error = values.mean(axis=0) - (level + 4.0 * slope)  # of the group from its forecast
        level, slope = level + 4.0 * slope + (1 - b**2) * error, slope + (1 - b) ** 2 * error / 4.0
        absorb(values, background, pace_of(memory))
        np.testing.assert_allclose(background.level, level, atol=0.05)
        np.testing.assert_allclose(twin.number(background.slope), slope, atol=0.005)
    assert np.abs(slope).max() > 0.1


def test_frames_one_by_one_give_the_running_moments():
    rng = np.random.default_rng(3)
    values = rng.normal(50, 4, (12, 1, 40))
    background = fresh((1, 40))
    for value in values:
        absorb([value], background, pace_of(1000.0, count=1, ahead=1.0))
    np.testing.assert_allclose(background.level, values.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(twin.number(background.variance), values.var(axis=0), rtol=2 * STEP)
    np.testing.assert_array_equal(background.age, 12)


def test_groups_give_the_mean_and_on_average_the_variance_while_young():
    rng = np.random.default_rng(4)
    shape = (8, 64 if PLAIN else 512)
    values = rng.normal(50, 4, (6, 4, *shape))
    background = fresh(shape)
    for group in values:
        absorb(group, background, pace_of(1000.0, limit=25.0))
    np.testing.assert_allclose(background.level, values.mean(axis=(0, 1)), rtol=1e-6)
    slack = 4.0 * np.sqrt(2.0 / (23 * values[0, 0].size))
    assert twin.number(background.variance).mean() == pytest.approx(16.0 * 23 / 24, rel=slack + 0.003)


@pytest.mark.parametrize("memory", [32.0, 1000.0, 10_000.0])
def test_the_variance_of_a_constant_scene_is_that_of_its_noise(memory):
    """Steps below the last of sixteen bits must add up, and upwards no more than down."""
    rng = np.random.default_rng(5)
    shape, groups = ((8, 32), 24) if PLAIN else ((8, 512), 64)
    background = learnt(np.full(shape, 200.0), np.where(np.arange(shape[1]) < shape[1] // 2, 16.0, 32.0), age=memory)
    pace = pace_of(memory, limit=25.0)
    for _ in range(groups):
        absorb(200.0 + rng.normal(0, 4, (4, *shape)), background, pace)
    variance = twin.number(background.variance)
    left = (1.0 - 2.0 / memory) ** groups  # of what a start was wrong by
    b = 1.0 - 4.0 / memory
    lag = 1.0 + (1 - b) * (1 + 4 * b + 5 * b * b) / (1 + b) ** 3 / 4.0  # the forecast's own noise (Brown, 1963)
    # Of the noise itself, and of the sixteen bits.
    slack = 4.0 * (np.sqrt(2.0 * min(groups, memory / 4) * 4.0) * 0.5 / memory + 0.02) / np.sqrt(variance.size / 2)
    for half, start in zip(np.hsplit(variance, 2), (16.0, 32.0), strict=True):
        assert half.mean() == pytest.approx(16.0 * lag + (start - 16.0) * left, rel=slack + 1e-3)


def test_a_pixel_that_was_constant_learns_its_noise_when_it_comes():
    rng = np.random.default_rng(13)
    shape, pace = (1, 64), pace_of(32.0, limit=25.0, floor=1.0 / 12.0)
    background = fresh(shape)
    for _ in range(12):
        absorb(np.full((4, *shape), 4000.0), background, pace)
    assert not background.variance.any()
    for _ in range(60):
        absorb(4000.0 + rng.normal(0, 4, (4, *shape)), background, pace)
    assert twin.number(background.variance).mean() == pytest.approx(16.6, rel=0.1)


@pytest.mark.parametrize("slope", [2.5, -0.3107])
def test_a_ramp_is_foretold(slope):
    shape = (1, 32)
    background = fresh(shape)
    for k in range(90):
        middle = 4 * k + 1.5
        absorb(
            [np.full(shape, 3000.0 + slope * (4 * k + i)) for i in range(4)], background,
            pace_of(32.0, ahead=4.0 if k else 1.0, limit=25.0),
        )  # fmt: skip
    out = np.zeros((3, 32), np.float32)
    for far in (0.0, 14.0):
        forecast_row(background, far, 0, out, 1)
        assert out[1].mean() == pytest.approx(3000.0 + slope * (middle + far), abs=0.02 * abs(slope))
        np.testing.assert_allclose(out[1], 3000.0 + slope * (middle + far), atol=0.25 * abs(slope))


def test_unknown_values_change_nothing():
    rng = np.random.default_rng(6)
    shape = (3, 40)
    for ages in ((64,), (0, 1, 5, 40, 64)):
        background, frames = some_world(shape, rng, ages)
        background.slope[:] = 0
        pace, typical = pace_of(64.0, limit=25.0), np.full((1, 1), 16.0, np.float32)
        absorb(frames, background, pace, typical=typical)
        background.slope[:] = 0
        before, kept = copy(background), typical.copy()
        absorb(np.full_like(frames, np.nan), background, pace, typical=typical)
        same(background[:3], before[:3])
        same(background[4:], before[4:])
        assert typical[0, 0] == pytest.approx(kept[0, 0], rel=0.05)


def test_dead_pixels_stay_unknown_and_leave_their_neighbours_alone():
    rng = np.random.default_rng(7)
    shape, dead = (3, 40), [0, 7, 8, 39]
    whole, holed = fresh(shape), fresh(shape)
    known, pace = np.zeros((10, 40), np.float32), pace_of(16.0, limit=25.0)
    for _ in range(6):
        frames = 500.0 + rng.normal(0, 4, (4, *shape))
        typical = np.full((1, 1), 16.0, np.float32)
        absorb(frames, whole, pace, typical=typical.copy())
        frames[:, :, dead] = np.nan
        absorb(frames, holed, pace, typical=typical.copy())
    alive = np.setdiff1d(np.arange(40), dead)
    same([p[:, alive] for p in whole], [p[:, alive] for p in holed])
    assert np.isnan(holed.level[:, dead]).all()
    assert not holed.weight[:, dead].any()
    assert not holed.age[:, dead].any()
    known[6, alive] = 4.0
    assert all_mature(holed.age, 1, known, 6, np.float32(16.0))  # the fast way stays open
    known[6, 7] = 1.0
    assert not all_mature(holed.age, 1, known, 6, np.float32(16.0))  # one of them comes to life


@pytest.mark.parametrize("ages", [(64,), (0, 1, 5, 40, 64)])
def test_a_moved_frame_counts_where_its_reference_lay(ages):
    rng = np.random.default_rng(8)
    background, frames = some_world((6, 50), rng, ages)
    other, pace = copy(background), pace_of(64.0, limit=25.0)
    move_x, move_y = [0, 3, -2, 60], [0, -1, 2, 0]
    absorb(frames, background, pace, moves=(move_x, move_y))
    lie = [twin.moved(f, x, y, np.nan) for f, x, y in zip(frames[:3], move_x, move_y, strict=False)]
    absorb([*lie, frames[3] * np.nan], other, pace)  # the last lies wholly beyond
    same(background, other)


@pytest.mark.parametrize("age", [5, 64])
def test_missing_members_count_as_nothing(age):
    rng = np.random.default_rng(9)
    background, frames = some_world((2, 30), rng, (age,))
    other, pace = copy(background), pace_of(64.0, count=2)
    absorb(frames[:2], background, pace)
    frames[2:] = np.nan
    absorb(frames, other, pace)
    same(background, other)


@pytest.mark.parametrize("ages", [(64,), (0, 1, 5, 40, 64)])
def test_whole_numbers_and_singles_give_the_same(ages):
    rng = np.random.default_rng(10)
    background, frames = some_world((4, 40), rng, ages)
    frames[1, 2, 3] = np.nan
    exact, near, pace = copy(background), copy(background), pace_of(64.0, limit=25.0)
    kept = np.rint(frames * 16.0) / 16.0
    absorb(kept, background, pace)
    absorb(kept, exact, pace, dtype=np.uint16)
    same(background, exact)
    absorb(frames, near, pace, dtype=np.uint16)
    np.testing.assert_allclose(near.level, background.level, atol=1e-3)


def test_rows_are_gathered_from_anywhere():
    frames = np.arange(60.0).reshape(1, 4, 15)
    ring = ring_of(frames)
    for move_x, move_y in [(0, 0), (4, 1), (-3, -2), (15, 0), (-20, 0), (0, 4), (0, -9)]:
        want = np.full((4, 15), np.nan)
        if abs(move_x) < 15 and abs(move_y) < 4:
            want = twin.moved(frames[0], move_x, move_y, np.nan)
        out = np.full((2, 20), 7.0, np.float32)
        for y in range(4):
            gather_row(ring, group_of([0], [move_x], [move_y]), 0, y, out, 1)
            np.testing.assert_array_equal(out[1, :15], want[y])
        assert (out[1, 15:] == 7.0).all()


@given(step_x=st.integers(-9, 9), step_y=st.integers(-9, 9))
@settings(max_examples=25)
def test_moving_keeps_what_stays_inside(step_x, step_y):
    rng = np.random.default_rng(11)
    shape = (7, 8)
    background = learnt(rng.normal(size=shape), rng.uniform(1, 2, shape), rng.normal(size=shape), 1)
    background.age[:] = rng.integers(1, 99, shape)
    want = [twin.moved(p, step_x, step_y, np.nan if p.dtype == np.float32 else 0) for p in background]
    move_background(background, step_x, step_y)
    same(background, want)


def school(moving, groups):
    """Share of the pattern that is left after groups of frames on a scene that lies still or drifts."""
    rng = np.random.default_rng(12)
    shape = (16, 24)
    truth = rng.normal(0, 5, shape)
    truth -= truth.mean()
    pattern = np.zeros(shape, np.float32)
    background = learnt(np.full(shape, 1000.0), 25.0, age=32)
    lay = [(0, 0)] * 12
    for _ in range(groups):
        frames, lessons = [], []
        for k in range(4):
            here = tuple(int(v) for v in rng.integers(-3, 4, 2)) if moving else (0, 0)
            before = tuple(int(v) for v in np.floor(np.mean(lay[-12:], axis=0) + 0.5))
            lay.append(here)
            focal = 1000.0 + truth - pattern + rng.normal(0, 5, shape)
            frames.append(twin.moved(focal, -here[0], -here[1], np.nan))
            lessons.append((k, *here, *before))
        absorb(
            frames, background, pace_of(32.0, limit=25.0, teach=0.03),
            lessons=np.array(lessons, np.int64), pattern=pattern,
        )  # fmt: skip
    inner = np.s_[4:-4, 4:-4]
    return np.std((pattern - truth)[inner]) / np.std(truth[inner]), pattern


def test_the_focal_planes_pattern_is_learnt_from_motion():
    left, pattern = school(True, 60)
    assert left < 0.4
    assert abs(pattern.mean()) < 0.2  # no level drifts


def test_without_motion_no_pattern_is_learnt():
    _, pattern = school(False, 5)
    assert np.abs(pattern).max() < 1e-5
