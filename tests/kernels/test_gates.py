"""Past frames under gates: what a bright source covers is painted over, the rest is learnt."""

import numpy as np
import pytest

from boostwatch_kernels.gates import Gate, absorb_strips, paint_gate

from . import reference_detect as twin
from .detect_parts import EMPTY, NO_LESSONS, PLAIN, fresh, group_of, learnt, pace_of, ring_of, work_of

MEMORY, SIGMA = 32.0, 4.0
SHAPE = (40, 40)
RADIUS = 3
AT = (20, 30)  # x, y: the gate reaches over the seam of two strips


def run(scene, groups, *, gated=True, background=None, seed=1, dtype=np.float32, source=200.0):
    """Let frames of a scene with a bright source into a background, four at a time; return it and the last group."""
    rng = np.random.default_rng(seed)
    background = learnt(np.full(SHAPE, scene(-2.5)), SIGMA**2, age=32) if background is None else background
    typical = np.full((2, 1), SIGMA**2, np.float32)
    light = source * SIGMA * twin.point(0.7, *AT, SHAPE)
    for k in range(groups):
        times = 4 * k + np.arange(4)
        frames = np.array([scene(t) + light + rng.normal(0, SIGMA, SHAPE) for t in times])
        ring = ring_of(frames, dtype)
        gates = [(i, 0, 0, *AT, RADIUS, i - 3) for i in range(4)] if gated else []
        lag = np.full(2, 3.0 + 2.5, np.float32)  # from the middle of the last group to the newest frame
        # Strips that lie together have their turn one after the other, as in the chain.
        for strip in (0, 1):
            absorb_strips(
                ring, group_of(range(4)), pace_of(MEMORY, limit=25.0, unit=float(ring.code.unit)), background, typical,
                np.array([strip]), np.array(gates, np.int64).reshape(-1, 7), lag, NO_LESSONS, EMPTY, work_of(SHAPE[1]),
            )  # fmt: skip
            lag[strip] = 1.5
    return background


def covered(radius=RADIUS):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return (abs(x - AT[0]) <= radius) & (abs(y - AT[1]) <= radius)


GROUPS = 4 if PLAIN else 16


@pytest.mark.parametrize("dtype", [np.float32, np.uint16])
def test_a_bright_still_source_leaves_no_trace_under_its_gate(dtype):
    before = learnt(np.full(SHAPE, 1000.0), SIGMA**2, age=32)
    after = run(lambda t: 1000.0, GROUPS, dtype=dtype)
    inside = covered()
    # Its leak lifts a covered pixel by 0.2 sigma times the gain of a frame, some 0.012 sigma, and the slope a little.
    assert np.abs(after.level - before.level)[inside].max() < (0.1 + 0.015 * 4 * GROUPS) * SIGMA
    assert np.abs(twin.number(after.slope))[inside].max() < 0.03 * SIGMA
    np.testing.assert_allclose(twin.number(after.variance)[inside], SIGMA**2, rtol=0.15)
    np.testing.assert_array_equal(after.age, 32)
    bare = run(lambda t: 1000.0, GROUPS, dtype=dtype, gated=False)
    assert (bare.level - before.level)[AT[1], AT[0]] > 20 * SIGMA
    outside = ~covered()
    for name in ("level", "slope", "variance", "age"):
        np.testing.assert_array_equal(getattr(after, name)[outside], getattr(bare, name)[outside])


@pytest.mark.parametrize("rate", [0.1, -0.1])
def test_the_common_change_around_is_followed_under_the_gate(rate):
    groups = 16 if PLAIN else 24
    after = run(lambda t: 1000.0 + rate * SIGMA * max(0.0, t + 1.0), groups)
    inside = covered()
    around = after.level[~covered(6)].mean()
    assert abs(around - 1000.0) > 5 * SIGMA  # a level that stood still would be so far behind
    error = np.abs(after.level - around)[inside]
    assert np.median(error) < 0.8 * SIGMA
    assert error.max() < 2.5 * SIGMA  # under the source's peak its leak comes on top


def test_a_lasting_step_is_taken_in_slowly():
    after = run(lambda t: 1000.0, GROUPS, source=40.0)
    lifted = (after.level - 1000.0)[AT[1], AT[0]]
    peak = 40.0 * SIGMA * twin.point(0.7, *AT, SHAPE).max()
    assert lifted < 0.05 * peak


@pytest.mark.parametrize("move", [(0, 0), (3, -2)])
def test_painting_by_its_definition(move):
    """A flat rim two sigma high: covered pixels get the forecast, the rim's rise and their sigma in turn."""
    shape = (24, 24)
    background = learnt(np.full(shape, 500.0), 4.0, 0.5, age=32)
    gate = Gate(0, *move, 12, 11, 2, -3)
    lag = np.array([8.0], np.float32)
    expected = 500.0 + 5.0 * 0.5
    frame = np.full(shape, expected + 1.5)
    frame[9:14, 10:15] += 7.0  # 3.5 sigma
    frame[8, 12] = np.nan
    frame[11, 13] = np.nan
    ring = ring_of([twin.moved(frame, -move[0], -move[1], np.nan)])
    before = ring.frames.copy()
    paint_gate(ring, gate, background, lag, 0, MEMORY)
    painted = twin.moved(ring.frames[0].astype(float), *move, np.nan)
    y, x = np.mgrid[9:14, 10:15]
    want = expected + 1.5 + 0.01 * 7.0 + np.where((x + y) % 2 == 0, 2.0, -2.0)
    want[11 - 9, 13 - 10] = np.nan  # what is not known stays so
    np.testing.assert_allclose(painted[9:14, 10:15], want, rtol=1e-4)
    changed = np.zeros(shape, bool)
    changed[9:14, 10:15] = True
    kept = twin.moved(changed, -move[0], -move[1], False)
    np.testing.assert_array_equal(ring.frames[0][~kept], before[0][~kept])


def test_a_gate_at_the_rim_or_on_unknown_ground():
    shape = (24, 24)
    background = learnt(np.full(shape, 500.0), 4.0, age=32)
    ring = ring_of([np.full(shape, 520.0)])
    # Nothing around tells of the scene: only the pixel's own forecast is left.
    background.weight[:], lag = 0, np.zeros(1, np.float32)
    background.weight[0, 0] = twin.brain([0.5])[0]
    paint_gate(ring, Gate(0, 0, 0, 0, 0, 1, 0), background, lag, 0, MEMORY)
    assert ring.frames[0, 0, 0] == pytest.approx(500.0 + 0.2 + 2.0, abs=0.01)
    assert np.isnan(ring.frames[0, 0, 1])  # never learnt: left unknown, or the source would be its level
    assert ring.frames[0, 2, 2] == 520.0
    nothing = fresh(shape)
    paint_gate(ring, Gate(0, 0, 0, 23, 23, 2, 0), nothing, lag, 0, MEMORY)
    assert np.isnan(ring.frames[0, 21:, 21:]).all()
