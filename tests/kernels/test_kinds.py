"""Probabilities of the kinds against a twin in numpy, and that they are Bayes' rule."""

import copy

import numpy as np
import pytest
from scipy.special import logsumexp, softmax

from boostwatch.track.laws import KINDS, LAUNCH, laws
from boostwatch_kernels.amplitude import Noise, seen_probabilities
from boostwatch_kernels.evidence import focal_evidence, line_evidence, normal_evidence, path_evidence, seen_evidence
from boostwatch_kernels.kinds import Boost, Lives, due, probabilities
from boostwatch_kernels.tracks import N_LIGHT, N_MOMENTS, Looks, add_light, add_moments

NOISE = Noise(4.0, 0.02, 0.3, 0.9)
EARLY_S, OFFSET = 10.0, 3.0


def some_tracks(seed, count=12):
    rng = np.random.default_rng(seed)
    sums, light = np.zeros((count, 2, 2, N_MOMENTS)), np.zeros((count, 2, N_LIGHT))
    hits = rng.integers(2, 30, (count, 2)).astype(float)
    for n in range(count):
        for k in range(int(hits[n, 0])):
            for axis in range(2):
                add_moments(sums[n, 0, axis], 0.5 * k, *rng.normal(0, 0.3, 2), 0.05, 0.04)
            if n % 4:
                add_light(light[n, 0], 0.5 * k, rng.uniform(2000, 9000), 500.0)
    first_s = rng.uniform(0.0, 20.0, count)
    since_s = np.stack([first_s + np.where(rng.random(count) < 0.5, 0.0, 12.0), np.full(count, np.nan)], axis=1)
    looks = Looks(
        since_s, np.zeros((count, 2, 4)), hits, rng.integers(0, 9, (count, 2)).astype(float),
        rng.normal(-30, 9, (count, 2)), rng.normal(-30, 9, (count, 2)), rng.uniform(0.8, 3.0, (count, 2)), sums, light,
        rng.normal(-3, 3, (count, 2, len(KINDS))), np.zeros((count, len(KINDS))), rng.random(count) < 0.3,
        np.zeros((count, 1)), np.zeros((count, 1)),
    )  # fmt: skip
    lives = Lives(
        first_s, first_s + rng.uniform(0, 40, count), rng.integers(1, 60, count).astype(float),
        rng.uniform(0.1, 30, count), rng.normal(-3, 1, (count, len(KINDS))),
    )  # fmt: skip
    row = rng.permutation(count)[: count - 3]
    boost = Boost(rng.normal(-30, 9, len(row)), rng.random(len(row)) < 0.4, rng.integers(0, 2, len(row)))
    return looks, lives, row, boost, rng.normal(-2, 1, len(KINDS)), rng.normal(-1, 1, (len(row), len(KINDS)))


def twin(looks, lives, row, law, boost, offset, log_prior, colour):
    """Return probabilities; evidence and what is beside it are changed."""

    def mixed(parts, log_share):  # (Q, K), (K or 1, M, Q)
        return logsumexp(log_share + parts.T[:, None, :], axis=2)

    early = (lives.first_s[row] < EARLY_S).astype(int)
    later = looks.since_s[row, 0] > lives.first_s[row]
    sums, hits = looks.sums[row, 0], looks.look_hits[row, 0]
    others = looks.motion[row, 0], looks.wander[row, 0], focal_evidence(sums, hits), boost.climb
    parts = np.concatenate([np.array(others), path_evidence(sums, hits, law.path, law.path_excess)])
    seen = mixed(parts, law.log_motion[boost.known]) + np.where(boost.short[:, None], law.log_short, 0.0)
    if np.isfinite(offset):
        parts = line_evidence(looks.light[row, 0], offset, law.course, later.astype(np.int64))
        course = mixed(parts, law.log_course[np.where(later, 2, early)])
        seen += np.where(looks.light[row, 0, -1:] > 0, course, 0.0)
    pd = seen_probabilities(lives.snr[row], lives.hits[row], NOISE)
    favour = np.clip(pd / (1 - pd), 1.0, law.most_favour)
    seen += mixed(seen_evidence(hits, looks.look_misses[row, 0], favour), law.log_steady)
    seen += looks.past[row, 0]
    seen -= seen.max(axis=1, keepdims=True)
    looks.evidence[row] = np.maximum(seen, -law.most_past)
    beside = mixed(normal_evidence(np.log(np.maximum(lives.snr[row], 0.5)), law.stands_out), law.log_stands)
    restless = (np.maximum(looks.unrest[row, 0] - 1, 0) / law.restless) ** 2
    beside += law.log_comes[early] + (restless / (1 + restless))[:, None] * law.log_rekindled
    beside -= (looks.since_s[row, 0] - lives.first_s[row])[:, None] * law.waits
    beside -= np.minimum((lives.last_s[row] - lives.first_s[row])[:, None] * law.ends, law.most_ends)
    lives.beside[row] = np.where(looks.kept[row, None], lives.beside[row], beside)
    return softmax(log_prior + seen + lives.beside[row] + colour, axis=1)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("offset", [OFFSET, np.nan])
def test_probabilities_are_those_of_the_twin(seed, offset):
    looks, lives, row, boost, log_prior, colour = some_tracks(seed)
    want_looks, want_lives = copy.deepcopy(looks), copy.deepcopy(lives)
    law = laws(800.0)
    got = probabilities(looks, lives, row, law, boost, NOISE, EARLY_S, offset, log_prior, colour)
    want = twin(want_looks, want_lives, row, law, boost, offset, log_prior, colour)
    np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-300)
    np.testing.assert_allclose(looks.evidence, want_looks.evidence, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(lives.beside, want_lives.beside, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(got.sum(axis=1), 1.0, rtol=1e-12)


def test_odds_before_anything_is_seen_are_odds_after_it():
    looks, lives, row, boost, log_prior, colour = some_tracks(5)
    told = []
    for more in (0.0, 2.0):
        prior = log_prior + more * (np.arange(len(KINDS)) == LAUNCH)
        mine, own = copy.deepcopy(looks), copy.deepcopy(lives)
        p = probabilities(mine, own, row, laws(800.0), boost, NOISE, EARLY_S, OFFSET, prior, colour)
        told.append(np.log(p[:, LAUNCH]) - np.log(p[:, LAUNCH + 1]))
    np.testing.assert_allclose(told[1] - told[0], 2.0, rtol=1e-9)


def test_a_scale_is_that_of_the_motions_alone():
    near, far = laws(500.0), laws(1000.0)
    np.testing.assert_allclose(near.path[:, 1:], 2.0 * far.path[:, 1:])
    for name in near._fields[1:]:
        np.testing.assert_array_equal(getattr(near, name), getattr(far, name))


@pytest.mark.parametrize("table", ["log_motion", "log_course", "log_stands", "log_steady"])
def test_shares_of_a_kind_add_up_to_one(table):
    np.testing.assert_allclose(np.exp(getattr(laws(1000.0), table)).sum(axis=2), 1.0, rtol=1e-9)


def test_old_tracks_are_weighed_at_some_hits_only():
    first_s, last_s = np.array([0.0, 50.0, 0.0, 0.0]), np.array([100.0, 100.0, 100.0, 99.5])
    lives = Lives(first_s, last_s, np.array([80.0, 7.0, 81.0, 80.0]), np.ones(4), np.zeros((4, 9)))
    assert due(lives, 100.0, 60.0, 4).tolist() == [0, 1]
