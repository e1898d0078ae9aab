"""Where tracks begin: smoothed places against the bound of the model that the truth is drawn from."""

import numpy as np
import pytest

from boostwatch.track.history import hit_dtype
from boostwatch.track.start import MOST_POINTS, beginning

SPEED, ACCEL, SIGMA = 4.0 / 3.0, 0.025, 0.3


def hits_of(t, path, rng, sigma=SIGMA, shift=(0.0, 0.0)):
    hits = np.zeros(len(t), hit_dtype(1))
    hits["time_s"], hits["frames"] = t, 1
    hits["scene"] = path + rng.normal(0.0, sigma, (len(t), 2))
    hits["focal"] = hits["scene"] + np.asarray(shift)
    hits["var"] = sigma**2
    return hits


def errors(draw, n=150):
    """Errors and own sigmas (2 n,) of tracks whose hits ``draw(rng)`` gives with their first place."""
    out, own = [], []
    for seed in range(n):
        hits, truth = draw(np.random.default_rng(seed))
        found = beginning(hits, SPEED, ACCEL)
        out += list(found.place - truth)
        own += list(found.sigma)
    return np.array(out), np.array(own)


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def accelerating(rng):
    t = np.arange(31.0)
    speed, push = rng.uniform(0.2, 1.0, 2), rng.uniform(0.002, 0.015, 2)
    return t, t[:, None] * speed + 0.5 * t[:, None] ** 2 * push


def test_steady_acceleration_reaches_the_bound():
    t = np.arange(31.0)
    design = np.stack([np.ones(31), t, t * t], axis=1)
    bound = SIGMA * np.sqrt(np.linalg.inv(design.T @ design)[0, 0])
    error, own = errors(lambda rng: (hits_of(*accelerating(rng), rng), np.zeros(2)))
    assert rms(error) < 1.15 * bound
    assert rms(error / own) == pytest.approx(1.0, abs=0.15)


def test_what_stands_still_is_averaged():
    error, own = errors(lambda rng: (hits_of(np.arange(31.0), np.zeros((31, 2)), rng), np.zeros(2)))
    assert rms(error) < 1.5 * SIGMA / np.sqrt(31)
    assert rms(error / own) < 1.2


def test_a_climb_that_grows_and_turns_is_not_smoothed_away():
    """A jerk of 3e-3 px/s3 from the tenth second on bends a parabola of 30 s by many sigmas."""

    def draw(rng):
        t = np.arange(0.0, 30.0, 0.5)
        path = np.stack([0.01 * t**2, 3e-3 * np.maximum(t - 10.0, 0.0) ** 3 / 6], axis=1)
        return hits_of(t, path, rng, 0.1), np.zeros(2)

    error, own = errors(draw, 60)
    assert rms(error) < 0.1
    assert rms(error / own) < 1.5


def test_a_first_hit_that_was_a_false_alarm_is_not_believed():
    def draw(rng):
        t, path = accelerating(rng)
        hits = hits_of(t, path, rng)
        hits["scene"][0] += rng.choice([-1, 1], 2) * 1.6
        hits["focal"] = hits["scene"]
        return hits, np.zeros(2)

    error, _ = errors(draw, 60)
    assert rms(error) < 0.3


def test_it_is_told_on_the_focal_plane_of_the_first_frame():
    t, path = accelerating(np.random.default_rng(1))
    one = beginning(hits_of(t, path, np.random.default_rng(2)), SPEED, ACCEL)
    moved = beginning(hits_of(t, path, np.random.default_rng(2), shift=(5.0, -3.0)), SPEED, ACCEL)
    np.testing.assert_allclose(moved.place - one.place, [5.0, -3.0], atol=1e-9)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 10 * MOST_POINTS])
def test_any_number_of_hits(count):
    rng = np.random.default_rng(count)
    t = np.linspace(0.0, 45.0, count)
    found = beginning(hits_of(t, np.zeros((count, 2)), rng), SPEED, ACCEL)
    assert np.isfinite(found.place).all()
    assert (found.sigma <= 1.01 * SIGMA).all() if count == 1 else (found.sigma > 0).all()
    assert found.hits == count
