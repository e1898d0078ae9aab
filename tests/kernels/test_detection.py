"""The sweep and the stack: what they whiten, filter and find, and that no division of the work changes it."""

from itertools import pairwise

import numpy as np
import pytest

from boostwatch_kernels.cfar import CLIPPED_MOMENT
from boostwatch_kernels.detection import (
    BLUR_LEAST,
    WHITE,
    Rule,
    blur_row,
    filter_across,
    sweep_block,
)
from boostwatch_kernels.registration import PAD, Shift
from boostwatch_kernels.stacking import CELL, LEAST_ROUGH, Ground, stack_strips

from . import reference_detect as twin
from .detect_parts import (
    KINDS,
    PLAIN,
    PROFILES,
    STILL,
    frame_of,
    fresh,
    group_of,
    learnt,
    no_lag,
    number_of,
    ring_of,
    tiles_of,
    work_of,
)

RULE = Rule(3.0, 3.3, 0.0)
BETWEEN = Shift(1, -1, np.float32([-0.06, 0.86, 0.24, -0.04]), np.float32([-0.04, 0.24, 0.86, -0.06]))


def world(height=70, width=90, seed=4):
    """A frame, what was learnt before it with gaps, and tiles of different scales."""
    rng = np.random.default_rng(seed)
    shape = (height, width)
    level = rng.normal(1000, 20, shape)
    variance = rng.uniform(60, 140, shape)
    background = learnt(level, variance, rng.normal(0, 0.5, shape))
    background.weight[: height // 3, : width // 4] = 0  # too young to detect
    background.level[9, 30:33] = np.nan
    background.weight[9, 30:33] = 0
    lag = np.array([3.0, 4.0, 1.0, 2.0], np.float32)[: number_of(shape)[0]]
    data = np.nan_to_num(twin.forecast(background, lag), nan=900.0) + rng.normal(size=shape) * np.sqrt(variance)
    return data.astype(np.float32), background, lag, tiles_of(shape, rng.uniform(0.5, 1.2, number_of(shape)))


def sweep(frame, background, lag, tiles, *, rule=RULE, shift=STILL, cuts=None, reach=2, dtype=np.float32, room=400):
    """Sweep a frame in blocks, the last first; return the peaks and the ring, whose slot 0 holds the frame."""
    shape = background.level.shape
    ring = ring_of(np.zeros((1, *shape)), dtype)
    cuts = [0, shape[0]] if cuts is None else cuts
    found = []
    for first, last in list(pairwise(cuts))[::-1]:  # any order must do
        peaks, work = np.zeros((room, 3), np.float32), work_of(shape[1])
        work[:] = 7.0  # whatever another sweep has left
        count = sweep_block(
            frame, shift, background, lag, ring, 0, PROFILES[reach], rule, tiles, first, last, peaks, work
        )
        found.append(peaks[:count])
    return np.concatenate(found[::-1]), ring


def wanted(frame, background, lag, tiles, *, rule=RULE, shift=STILL, reach=2):
    """Resampled frame, q and peaks of the twin."""
    value = np.where(twin.lost(frame, shift), np.nan, twin.resampled(twin.calibrated(frame), shift))
    white = twin.whitened(value, background, lag, rule.blur if rule.blur > BLUR_LEAST else 0.0)
    q = twin.answers(white, PROFILES[reach])
    cut = rule.first * twin.spread(tiles.scale, value.shape)
    return value, q[1:-1, 1:-1], twin.maxima(q, cut, rule.second / rule.first)


def compare(peaks, want, q):
    assert [(int(y), int(x)) for y, x, _ in peaks] == want
    np.testing.assert_allclose(peaks[:, 2], [q[p] for p in want], rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize(("blur", "reach", "shift"), [(0.0, 2, STILL), (0.01, 3, BETWEEN), (1e-5, 2, BETWEEN)])
def test_the_sweep_equals_its_twin(blur, reach, shift):
    data, background, lag, tiles = world()
    bad = np.random.default_rng(1).random(data.shape) < 0.01
    data[bad] = 60000.0
    frame, rule = frame_of(data, bad=bad), Rule(1.5, 1.7, blur)
    value, q, want = wanted(frame, background, lag, tiles, rule=rule, shift=shift, reach=reach)
    peaks, ring = sweep(frame, background, lag, tiles, rule=rule, shift=shift, reach=reach)
    np.testing.assert_allclose(ring.frames[0], value, rtol=1e-5)
    assert len(want) > 20
    compare(peaks, want, q)
    found = twin.statistics(q, tiles.scale, slice(4, None, 8))
    # A value at the edge of a count may fall on the other side by rounding.
    np.testing.assert_allclose(tiles.found[..., 0], found[..., 0], rtol=1e-3)
    np.testing.assert_allclose(tiles.found[..., 1:], found[..., 1:], atol=1)


@pytest.mark.parametrize("dtype", [np.float32, np.uint16])
def test_no_division_into_blocks_changes_a_bit(dtype):
    results = []
    for cuts in ([0, 100], [0, 32, 64, 96, 100], [0, 64, 100]):
        data, background, lag, tiles = world(100, 70)
        tiles = tiles._replace(scale=np.float32([[1, 2], [0.4, 1], [2, 0.3], [1, 1]]))
        frame = frame_of(np.rint(data).astype(dtype))
        peaks, ring = sweep(frame, background, lag, tiles, rule=Rule(1.0, 1.1, 0.01), cuts=cuts, dtype=dtype)
        assert len(peaks) > 100
        results.append([peaks, tiles.found, ring.frames])
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_whole_numbers_and_singles_give_the_same():
    data, background, lag, tiles = world()
    data = np.rint(data)
    one, exact = sweep(frame_of(data), background, lag, tiles, shift=BETWEEN)
    other, kept = sweep(frame_of(data.astype(np.uint16)), background, lag, tiles, shift=BETWEEN, dtype=np.uint16)
    np.testing.assert_array_equal(one, other)
    known = np.isfinite(exact.frames[0])
    np.testing.assert_array_equal(kept.frames[0] > 0, known)
    error = kept.frames[0] * kept.code.unit - exact.frames[0]
    assert np.abs(error[known]).max() <= 0.5 / 16.0 + 1e-4


@pytest.mark.parametrize("reach", [2, 3])
def test_white_noise_gives_unit_variance(reach):
    rng = np.random.default_rng(7)
    shape = (70, 90) if PLAIN else (160, 400)
    background, tiles = learnt(np.full(shape, 1000.0), 64.0), tiles_of(shape)
    for _ in range(2):
        data = rng.normal(1000, 8, shape).astype(np.float32)
        sweep(frame_of(data), background, no_lag(shape), tiles, reach=reach)
    count = tiles.found[..., 2].sum()
    variance = tiles.found[..., 0].sum() / count / CLIPPED_MOMENT
    # Pixels of q go together over about four pi sigma^2.
    slack = 4.0 * np.sqrt(12.0 / count)
    assert variance == pytest.approx(1.0, abs=slack)
    assert tiles.found[..., 1].sum() / count == pytest.approx(0.00621, abs=4.0 * np.sqrt(0.00621 * 4 / count))


def test_a_source_gives_its_matched_value_at_its_place():
    shape, noise, flux = (64, 70), 8.0, 400.0
    background, tiles = learnt(np.full(shape, 1000.0), noise**2), tiles_of(shape)
    light = twin.point(0.7, 40, 33, shape)
    data = (1000.0 + flux * light).astype(np.float32)
    peaks, _ = sweep(frame_of(data), background, no_lag(shape), tiles)
    assert [tuple(p[:2]) for p in peaks] == [(33.0, 40.0)]
    assert peaks[0, 2] == pytest.approx(flux / noise * np.sqrt((light**2).sum()), rel=5e-3)


@pytest.mark.parametrize(
    "step", [(14, 0), (15, -2), (40, 3), (-14, 1), (-15, 0), (-40, -33), (90, 0), (-200, 0), (0, 80)]
)
def test_a_shift_of_any_length(step):
    data, background, lag, tiles = world(64, 70)
    shift = BETWEEN._replace(step_x=step[0], step_y=step[1])
    frame, rule = frame_of(data), Rule(2.0, 2.1, 0.0)
    value, q, want = wanted(frame, background, lag, tiles, rule=rule, shift=shift)
    peaks, ring = sweep(frame, background, lag, tiles, rule=rule, shift=shift, cuts=[0, 32, 64])
    np.testing.assert_allclose(ring.frames[0], value, rtol=1e-5)
    compare(peaks, want, q)


def test_bad_pixels_are_not_kept_and_nothing_is_known_at_first():
    shape = (40, 70)
    data = np.full(shape, 1000.0, np.float32)
    bad = np.zeros(shape, bool)
    bad[25, 40] = True
    data[25, 40] = 60000.0
    tiles = tiles_of(shape)
    peaks, ring = sweep(frame_of(data, bad=bad), fresh(shape), no_lag(shape), tiles)
    assert len(peaks) == 0
    assert not tiles.found.any()
    assert np.isnan(ring.frames[0, 25, 40])
    assert np.count_nonzero(np.isnan(ring.frames[0])) == 1 + shape[0] * shape[1] - (shape[0] - 3) * (shape[1] - 3)


def test_a_bad_pixel_is_lost_where_most_of_it_goes():
    data = np.full((40, 70), 1000.0, np.float32)
    bad = np.zeros(data.shape, bool)
    bad[25, 40] = True
    background = learnt(data, 64.0)
    for taps, place in (([0.1, 0.8, 0.1, 0.0], (25, 40)), ([0.0, 0.1, 0.8, 0.1], (24, 39))):
        shift = Shift(0, 0, np.float32(taps), np.float32(taps))
        _, ring = sweep(frame_of(data, bad=bad), background, no_lag(data.shape), tiles_of(data.shape), shift=shift)
        inner = np.isnan(ring.frames[0, 3:-3, 3:-3])
        assert [tuple(p + 3) for p in np.argwhere(inner)] == [place]


def test_peaks_stop_at_the_end_of_the_list():
    data, background, lag, tiles = world()
    every, _ = sweep(frame_of(data), background, lag, tiles, rule=Rule(1.0, 1.1, 0.0))
    few, _ = sweep(frame_of(data), background, lag, tiles, rule=Rule(1.0, 1.1, 0.0), room=3)
    assert len(every) > 3
    np.testing.assert_array_equal(few, every[:3])


def test_the_blur_lowers_the_weights_at_gradients():
    shape = (2, 30)
    rng = np.random.default_rng(8)
    background, work = learnt(rng.normal(1000, 40, shape), rng.uniform(60, 140, shape)), work_of(30)
    background.level[1, 12] = np.nan
    work[WHITE, PAD : PAD + 30] = 1.0
    blur_row(work, background, no_lag(shape), 1, 0.04)
    level, noise = background.level, 1.0 / twin.number(background.weight)[1].astype(float) ** 2
    for x in range(30):
        slope = (level[1, x] - level[1, x - 1]) ** 2 + (level[1, x] - level[0, x]) ** 2 if x else np.nan
        want = np.sqrt(noise[x] / (noise[x] + 0.04 * slope)) if np.isfinite(slope) else 1.0
        assert work[WHITE, PAD + x] == pytest.approx(want, rel=1e-4)


@pytest.mark.parametrize("reach", [2, 3])
def test_filter_across(reach):
    rng = np.random.default_rng(6)
    work = work_of(30)
    work[WHITE, PAD : PAD + 30] = rng.normal(size=30)
    filter_across(work, PROFILES[reach], 30, 7)
    line = np.concatenate([PROFILES[reach][:0:-1], PROFILES[reach]])
    np.testing.assert_allclose(
        work[7, PAD : PAD + 30], np.convolve(work[WHITE, PAD : PAD + 30], line, "same"), atol=1e-6
    )


def even_ground(shape):
    cells = [-(-side // CELL) for side in shape]
    return Ground(np.ones(cells, np.float32), np.zeros(cells, np.float32))


def stack(
    frames,
    background,
    lag,
    tiles,
    *,
    moves=None,
    rule=RULE,
    strips=None,
    reach=2,
    dtype=np.float32,
    ground=None,
    rate=0.0,
):
    shape = background.level.shape
    slots = list(range(len(frames))) + [len(frames)] * (-len(frames) % 4)
    peaks = np.zeros((400, 3), np.float32)
    strips = np.arange(number_of(shape)[0]) if strips is None else np.array(strips)
    count = stack_strips(
        ring_of(frames, dtype), group_of(slots, *(moves or ())), lag, background, PROFILES[reach], rule, tiles,
        even_ground(shape) if ground is None else ground, rate, strips, peaks, work_of(shape[1]),
    )  # fmt: skip
    return peaks[:count]


@pytest.mark.parametrize("frames", [1, 6, 8])
def test_a_still_source_grows_with_the_root_of_the_frames(frames):
    shape, noise, flux = (64, 70), 8.0, 100.0
    light = twin.point(0.7, 40, 33, shape)
    one = flux / noise * np.sqrt((light**2).sum())
    scene = 1000.0 + flux * light
    peaks = stack(
        [scene] * frames,
        learnt(np.full(shape, 1000.0), noise**2),
        no_lag(shape),
        tiles_of(shape),
        rule=Rule(1.0, 1.0, 0.0),
    )
    assert [tuple(p[:2]) for p in peaks] == [(33.0, 40.0)]
    assert peaks[0, 2] == pytest.approx(np.sqrt(frames) * one, rel=5e-3)


@pytest.mark.parametrize(("reach", "moves"), [(2, None), (3, ([0, 2, -1, 0, 0, 5], [1, 0, 0, -2, 0, 0]))])
def test_the_stack_equals_its_twin(reach, moves):
    rng = np.random.default_rng(9)
    _, background, lag, tiles = world()
    shape = background.level.shape
    frames = np.nan_to_num(twin.forecast(background, lag), nan=900.0) + rng.normal(0, 10, (6, *shape))
    frames[rng.random(frames.shape) < 0.1] = np.nan
    frames[:, 50, 20] = np.nan  # never known
    moves = moves and tuple(m[: len(frames)] + [0] * (-len(frames) % 4) for m in moves)
    peaks = stack(frames, background, lag, tiles, moves=moves, rule=Rule(1.5, 1.7, 0.0), reach=reach)
    lie = frames if moves is None else [twin.moved(f, x, y, np.nan) for f, x, y in zip(frames, *moves, strict=False)]
    known = np.isfinite(lie).sum(axis=0)
    # The sum over the root of the number is the mean times that root.
    mean = np.nansum(lie, axis=0) / np.maximum(known, 1)
    value = np.where(known > 0, mean, np.nan)
    q = twin.answers(twin.whitened(value, background, lag) * np.sqrt(known), PROFILES[reach])
    want = twin.maxima(q, 1.5 * twin.spread(tiles.scale, shape), 1.7 / 1.5)
    q = q[1:-1, 1:-1]
    compare(peaks, want, q)
    found = twin.statistics(q, tiles.scale, slice(4, None, 8))
    np.testing.assert_allclose(tiles.found[..., 0], found[..., 0], rtol=1e-3)
    np.testing.assert_allclose(tiles.found[..., 1:], found[..., 1:], atol=1)


@pytest.mark.parametrize("dtype", KINDS)
def test_strips_by_themselves_and_together_are_the_same(dtype):
    rng = np.random.default_rng(10)
    _, background, lag, _ = world()
    shape, scale = background.level.shape, np.float32([[1, 2], [0.4, 1], [2, 0.3]])
    frames = np.rint(np.nan_to_num(twin.forecast(background, lag), nan=900.0) + rng.normal(0, 10, (4, *shape)))
    together, apart = tiles_of(shape, scale), tiles_of(shape, scale)
    rule = Rule(1.0, 1.1, 0.0)
    every = stack(frames, background, lag, together, rule=rule, dtype=dtype)
    parts = [stack(frames, background, lag, apart, rule=rule, dtype=dtype, strips=s) for s in ([0], [1, 2])]
    assert len(every) > 50
    np.testing.assert_array_equal(every, np.concatenate(parts))
    np.testing.assert_array_equal(together.found, apart.found)


def test_a_stack_on_noise_has_unit_variance_whatever_is_missing():
    rng = np.random.default_rng(11)
    shape = (70, 90) if PLAIN else (160, 400)
    frames = rng.normal(1000, 8, (8, *shape))
    frames[rng.random(frames.shape) < 0.3] = np.nan
    tiles = tiles_of(shape)
    stack(frames, learnt(np.full(shape, 1000.0), 64.0), no_lag(shape), tiles)
    count = tiles.found[..., 2].sum()
    assert tiles.found[..., 0].sum() / count / CLIPPED_MOMENT == pytest.approx(1.0, abs=4.0 * np.sqrt(12.0 / count))


def test_the_ground_is_the_level_and_the_lower_half_by_cells():
    """What lasts is taken from the sum; sources, which are above, do not roughen it."""
    rng = np.random.default_rng(12)
    shape = (64, 64)
    still = np.full(shape, 1000.0)
    background, lag, ground = learnt(still, 64.0), no_lag(shape), even_ground(shape)
    offset = np.zeros(shape)
    offset[16:24, 40:48] = 12.0  # a cloud has grown
    ripple = np.zeros(shape)
    ripple[40:48, 8:16] = rng.choice([-20.0, 20.0], (8, 8))  # and one moves
    for _ in range(60):
        frames = still + offset + ripple + rng.normal(0, 8.0, (4, *shape))
        stack(frames, background, lag, tiles_of(shape), ground=ground, rate=0.1)
    assert ground.bias[2, 5] == pytest.approx(2.0 * 12.0 / 8.0, abs=0.3)
    assert ground.rough[5, 1] == pytest.approx(1.0 + (2.0 * 20.0 / 8.0) ** 2, rel=0.25)
    others = np.ones_like(ground.rough, bool)
    others[2, 5] = others[5, 1] = False
    assert ground.rough.min() >= LEAST_ROUGH
    assert ground.rough[others].max() < 1.5
    assert np.abs(ground.bias[others]).max() < 0.3
    light = still + 200.0 * twin.point(0.7, 20, 28, shape)
    lit = even_ground(shape)
    for _ in range(20):
        frames = light + rng.normal(0, 8.0, (4, *shape))
        stack(frames, background, lag, tiles_of(shape), ground=lit, rate=0.1)
    assert lit.rough[3, 2] < 1.5


def test_what_lasts_is_no_peak():
    shape = (64, 64)
    still = np.full(shape, 1000.0)
    background, lag, ground = learnt(still, 64.0), no_lag(shape), even_ground(shape)
    wide = still + 10.0 * np.exp(-0.5 * (((np.mgrid[:64, :64] - 32.0) / 16.0) ** 2).sum(axis=0))
    before = stack([wide] * 4, background, lag, tiles_of(shape), rule=Rule(4, 4, 0))
    for _ in range(60):
        stack([wide] * 4, background, lag, tiles_of(shape), ground=ground, rate=0.1)
    after = stack([wide] * 4, background, lag, tiles_of(shape), rule=Rule(4, 4, 0), ground=ground)
    assert len(before) == 1
    assert len(after) == 0
