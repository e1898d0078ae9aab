import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostwatch_kernels.amplitude import Noise
from boostwatch_kernels.assignment import Seen, assign, associate, gate_pairs

from . import reference_track as reference

counts = st.integers(0, 14)


def cloud(seed, n, m, width):
    rng = np.random.default_rng(seed)
    tracks, points = rng.uniform(-width, width, (n, 2)), rng.uniform(-width, width, (m, 2))
    return tracks, rng.uniform(0.1, 2, (n, 2)), points, rng.uniform(0.1, 2, (m, 2))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), counts, counts, st.sampled_from([3.0, 10.0, 1000.0]))
def test_gate_is_that_of_the_full_matrix(seed, n, m, width):
    args = (*cloud(seed, n, m, width), 6.0)
    for got, want in zip(gate_pairs(*args), reference.gate_pairs(*args), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)


def test_gate_with_points_on_a_line_and_far_tracks():
    points = np.stack([np.linspace(0, 1e6, 30), np.zeros(30)], axis=1)
    tracks = np.array([[1e9, 0.0], [-1e9, 5.0], [0.0, 0.0], [5e5, 0.1]])
    start, point, _ = gate_pairs(tracks, np.full((4, 2), 4.0), points, np.ones((30, 2)), 9.0)
    assert start.tolist() == [0, 0, 0, 1, 1]
    assert point.tolist() == [0]
    _, everything, _ = gate_pairs(tracks[2:3], np.full((1, 2), 1e14), points, np.ones((30, 2)), 9.0)
    assert everything.tolist() == list(range(30))  # more pairs than the first guess of their number


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), counts, counts)
def test_assignment_costs_what_the_best_costs(seed, n, m):
    start, point, d2 = gate_pairs(*cloud(seed, n, m, 4.0), 6.0)
    cost = d2 - np.random.default_rng(seed).uniform(0, 8, len(d2))
    given_ = assign(start, point, cost, m)
    used = given_[given_ >= 0]
    assert len(set(used.tolist())) == len(used)
    total = 0.0
    for i in np.flatnonzero(given_ >= 0):
        own = slice(start[i], start[i + 1])
        total += cost[own][point[own] == given_[i]].item()
    assert total == pytest.approx(reference.least_cost(start, point, cost, m), abs=1e-9)


def test_assignment_gives_up_a_point_for_the_sake_of_the_whole():
    # Track 0 would take point 0 (cost -5); the best whole gives it to track 1, which has nothing else.
    start, point = np.array([0, 2, 3]), np.array([0, 1, 0])
    assert assign(start, point, np.array([-5.0, -4.0, -4.5]), 2).tolist() == [1, 0]
    # A third track that wants it more leaves one of them without.
    start, point = np.array([0, 1, 2]), np.array([0, 0])
    assert assign(start, point, np.array([-1.0, -2.0]), 1).tolist() == [-1, 0]
    assert assign(start, point, np.array([1.0, 2.0]), 1).tolist() == [-1, -1]


@pytest.mark.parametrize("seed", range(5))
def test_tracks_are_given_the_likeliest_measurements(seed):
    tracks, track_var, points, var = cloud(seed, 12, 20, 6.0)
    rng, noise = np.random.default_rng(seed), Noise(4.0, 0.02, 0.3, 0.9)
    seen = Seen(
        points, var, rng.uniform(1e-5, 1e-3, 20), rng.choice([0.0, -0.5], 20), rng.uniform(3.9, 9.0, 20),
        rng.choice([1.0, 8.0], 20), np.ones(20, np.bool_), 7,
    )  # fmt: skip
    rest = rng.uniform(4.0, 9.0, 12), rng.integers(1, 9, 12).astype(float), rng.uniform(0.3, 0.9, 12)
    pairs = associate(tracks, track_var, *rest, seen, noise, 25.0)
    got = pairs.given
    start, row, point, ratio = reference.pair_ratios(tracks, track_var, *rest, seen, noise, 25.0)
    cost = np.log1p(-rest[2][row]) - ratio
    mine = got[row] == point
    assert cost[mine].sum() == pytest.approx(reference.least_cost(start, point, cost, 20))
    assert mine.sum() == (got >= 0).sum() > 0
    np.testing.assert_array_equal(pairs.start, start)
    np.testing.assert_array_equal(pairs.point, point)
    share, gain = reference.shares(row, point, ratio, rest[2], got)
    np.testing.assert_allclose(pairs.share, share, rtol=1e-9)
    np.testing.assert_allclose(pairs.gain, gain, rtol=1e-9, atol=1e-12)
    # What a track was given is likelier than all that it could have been given instead.
    assert all(pairs.share[k] >= pairs.share[row == row[k]].max() for k in np.flatnonzero(mine))


def test_a_measurement_on_the_spot_leaves_no_doubt_and_one_at_the_rim_does():
    track, noise = np.zeros((1, 2)), Noise(4.0, 0.02, 0.3, 0.9)
    told = track, np.full((1, 2), 0.1), np.array([6.0]), np.array([20.0]), np.array([0.5])
    share = []
    for x, density in ((0.0, 1e-9), (0.0, 1e-3), (2.0, 1e-3)):
        at, one = np.array([[x, 0.0]]), np.ones(1)
        seen = Seen(at, np.full((1, 2), 0.1), density * one, 0 * one, 5.0 * one, one, one > 0, 0)
        share.append(associate(*told, seen, noise, 25.0).share[0])
    assert 1.0 - 1e-6 < share[0] <= 1.0
    assert share[0] > share[1] > 0.99 > share[2] > 0.0


def test_nothing_in_nothing_out():
    none = np.empty((0, 2))
    start, point, d2 = gate_pairs(none, none, none, none, 9.0)
    assert assign(start, point, d2, 0).shape == (0,)
