"""Hypotheses of tracks against a slow twin, and what their pruning keeps."""

import math

import numpy as np
import pytest

from boostwatch_kernels import kalman
from boostwatch_kernels.amplitude import Noise, amplitude_ratio, seen_probability
from boostwatch_kernels.assignment import Seen
from boostwatch_kernels.seeds import (
    CERTAIN,
    CHILDREN,
    ENDS,
    RECENT,
    Limits,
    Seeds,
    branch,
    grow,
    keep_best,
)

NOISE = Noise(4.0, 0.02, 0.3, 0.9)
LIMITS = Limits(12.0, 25.0, -2.5, 30.0, 64.0, 1.3, 0.03, 1.0)


def some_seeds(rng, count, room, side=60.0):
    state = np.zeros((room, 2, 3))
    state[:count, :, 0] = rng.uniform(0, side, (count, 2))
    state[:count, :, 1] = rng.normal(0, 0.5, (count, 2))
    root = rng.normal(0, 0.4, (room, 2, 3, 3))
    cov = root @ root.transpose(0, 1, 3, 2) + 0.05 * np.eye(3)
    score = rng.normal(2, 2, room)
    best = score + rng.exponential(0.5, room)
    hits = rng.integers(1, 6, room).astype(float)
    recent = np.full((room, RECENT), -1, np.int64)
    recent[:, 0] = np.arange(room)
    return Seeds(state, cov, score, best, rng.uniform(4.1, 9, room), hits, rng.uniform(0, 12, room), recent)


def some_seen(rng, count, side=60.0):
    return Seen(
        rng.uniform(0, side, (count, 2)), rng.uniform(0.02, 0.2, (count, 2)), rng.uniform(1e-4, 1e-3, count),
        rng.choice([0.0, -0.5], count), rng.uniform(4.0, 9.0, count), rng.choice([1.0, 1.0, 8.0], count),
        rng.random(count) < 0.8, 1000,
    )  # fmt: skip


def twin(seeds, count, seen, noise, limits):
    """All branches as (parent, end) -> score, pair by pair."""
    out = {}
    for i in range(count):
        var = np.array([seeds.cov[i, 0, 0, 0], seeds.cov[i, 1, 0, 0]])
        if limits.now_s - seeds.first_s[i] > limits.oldest_s or var.max() > limits.widest:
            continue
        pd = seen_probability(seeds.snr[i], seeds.hits[i], noise)
        gains = []
        for j in np.flatnonzero(seen.free):
            spread = var + seen.var[j]
            d2 = float(((seen.at[j] - seeds.state[i, :, 0]) ** 2 / spread).sum())
            if d2 > limits.gate:
                continue
            known = seeds.hits[i] if seen.frames[j] == 1 else 0.0
            gain = -0.5 * d2 - 0.5 * math.log(spread.prod()) - math.log(2 * math.pi)
            gain += math.log(pd / seen.density[j]) + seen.colour[j]
            gain += amplitude_ratio(seen.strongest[j], seeds.snr[i], known, noise)
            gain /= seen.frames[j]
            if seeds.score[i] + gain >= seeds.best[i] + limits.hopeless:
                gains.append((gain, j))
        gains = sorted(gains, reverse=True)[:CHILDREN]
        out.update({(i, j): seeds.score[i] + gain for gain, j in gains})
        miss = math.log(1 - pd) * limits.missable
        kept = seeds.score[i] + miss >= seeds.best[i] + limits.hopeless
        if kept and (not gains or gains[0][0] - miss < CERTAIN):
            out[i, -1] = seeds.score[i] + miss
    return out


@pytest.mark.parametrize("seed", range(6))
def test_branches_are_those_of_the_twin(seed):
    rng = np.random.default_rng(seed)
    seeds, seen = some_seeds(rng, 120, 150), some_seen(rng, 150)
    parent, ends, score = np.zeros(700, np.int64), np.zeros(700, np.int64), np.zeros(700)
    n = branch(seeds, 120, seen, NOISE, LIMITS, parent, ends, score)
    want = twin(seeds, 120, seen, NOISE, LIMITS)
    assert set(zip(parent[:n].tolist(), ends[:n].tolist(), strict=True)) == set(want)
    for i, j, s in zip(parent[:n].tolist(), ends[:n].tolist(), score[:n], strict=True):
        assert s == pytest.approx(want[i, j], abs=1e-9)


@pytest.mark.parametrize("measurements", [0, 1])
def test_few_measurements_and_none(measurements):
    rng = np.random.default_rng(3)
    seeds, seen = some_seeds(rng, 20, 20), some_seen(rng, measurements)
    parent, ends, score = np.zeros(80, np.int64), np.zeros(80, np.int64), np.zeros(80)
    n = branch(seeds, 20, seen, NOISE, LIMITS, parent, ends, score)
    assert dict.fromkeys(zip(parent[:n].tolist(), ends[:n].tolist(), strict=True)) == dict.fromkeys(
        twin(seeds, 20, seen, NOISE, LIMITS)
    )


def test_the_best_of_each_measurement_stay_and_all_misses():
    rng = np.random.default_rng(4)
    ends, score, alive = rng.integers(-1, 12, 300), rng.normal(size=300), np.zeros(300, np.bool_)
    kept = keep_best(ends, score, 300, 12, alive)
    assert kept == alive.sum()
    assert alive[ends == -1].all()
    for j in range(12):
        mine = np.flatnonzero(ends == j)
        assert set(mine[alive[mine]]) == set(mine[np.argsort(-score[mine])[:ENDS]])


def test_growth_filters_and_begins():
    rng = np.random.default_rng(5)
    seeds, seen = some_seeds(rng, 30, 30), some_seen(rng, 10)
    out = some_seeds(rng, 0, 50)
    parent, ends = np.array([3, 3, 7]), np.array([2, -1, 4])
    score, alive = np.array([5.0, 1.0, 2.0]), np.array([True, True, False])
    n = grow(seeds, out, seen, NOISE, LIMITS, parent, ends, score, alive, 3)
    assert n == 2 + seen.free.sum()
    state, cov = seeds.state[3:4].copy(), seeds.cov[3:4].copy()
    assert (out.state[1] == state[0]).all()  # a miss changes nothing
    kalman.take(state, cov, 0, *seen.at[2], *seen.var[2])
    assert (out.state[0] == state[0]).all()
    assert (out.cov[0] == cov[0]).all()
    assert out.recent[0, :2].tolist() == [1002, seeds.recent[3, 0]]
    assert out.hits[0] == seeds.hits[3] + 1
    free = np.flatnonzero(seen.free)
    assert (out.state[2:n, :, 0] == seen.at[free]).all()
    assert (out.recent[2:n, 0] == 1000 + free).all()
    assert (out.cov[2:n, 0, 1, 1] == LIMITS.speed**2).all()
