"""Clouds pull the registered scene along; the reported attitude tells how fast."""

import math

import numpy as np
import pytest

from boostwatch import geometry as g
from boostwatch.sensor import Sensor
from boostwatch.track.ground import SLIP_CHANGE_PX_S, SLIP_PX_S, Ground

PERIOD_S, NOISE_PX = 0.5, 0.1
SENSOR = Sensor("test", 30e-6, 95.5, 95.5, PERIOD_S, 0.1, ())
POSITION = g.geodetic_to_itrs(0.0, 20.0, 35_786e3)


def run(slip, *, sensor=SENSOR, noise_rad=NOISE_PX * SENSOR.ifov_rad, seconds=120.0, seed=0, jump=0.0):
    """Return times, true and estimated shifts of the ground, and the object; ``slip``: a speed (2,) or way (T, 2)."""
    rng = np.random.default_rng(seed)
    ground = Ground(sensor, noise_rad)
    still = g.look_at(POSITION, g.geodetic_to_itrs(10.0, 30.0))
    times = np.arange(0.0, seconds, PERIOD_S)
    truth, found = [], []
    slip = np.asarray(slip)
    for n, t in enumerate(times):
        true = np.array([0.3 * math.sin(t / 3.0), 0.02 * t])
        seen = true + (slip * t if slip.ndim == 1 else slip[n]) + (jump if t > seconds / 2 else 0.0)
        error = rng.normal(0.0, NOISE_PX, 2)
        turn = g.multiply_quaternions(still, g.tilt_quaternion(*((true + error) * SENSOR.ifov_rad)))
        truth.append(true)
        found.append(ground.shift((float(seen[0]), float(seen[1])), POSITION, turn, float(t)))
    return times, np.array(truth), np.array(found), ground


def gone(times, truth, found, span_s=30.0, after_s=40.0):
    """Return by how much what stands still seems to move in a span of time, px."""
    off = found - truth
    first = int(after_s / PERIOD_S)
    step = int(span_s / PERIOD_S)
    return np.abs(off[first + step :] - off[first:-step])


def test_the_slip_is_taken_out():
    slip = (0.01, -0.004)
    left = np.array([gone(*run(slip, seed=seed)[:3]).mean(axis=0) for seed in range(8)])
    # 30 s at these speeds are 0.3 and 0.12 px; the speed is known to some 0.001 px/s after a minute of 0.1 px noise.
    assert left.mean() < 0.045


def test_its_error_is_what_it_says():
    """Truth from the filter's own model: a speed that wanders at random."""
    last = []
    for seed in range(40):
        rng = np.random.default_rng([seed, 1])
        speed = rng.normal(0.0, SLIP_PX_S, 2) + np.cumsum(
            rng.normal(0.0, SLIP_CHANGE_PX_S * math.sqrt(PERIOD_S), (120, 2)), axis=0
        )
        far = np.concatenate([np.zeros((1, 2)), np.cumsum(speed[1:] * PERIOD_S, axis=0)])
        *_, ground = run(far, seed=seed, seconds=60.0)
        last += list((ground._slip[1] - speed[-1]) / math.sqrt(ground._cov[1, 1]))
    # 80 figures: the variance of their mean square is 2 / 80.
    assert abs(np.mean(np.square(last)) - 1.0) < 3.0 * math.sqrt(2.0 / 80.0)


def test_a_new_reference_of_the_registration_is_no_slip():
    times, truth, found, _ = run((0.005, 0.0), jump=5.0)
    off = found - truth
    after = times > 61.0
    assert np.ptp(off[after], axis=0).max() < 0.15


@pytest.mark.parametrize(("sensor", "noise"), [(None, 1e-6), (SENSOR, math.nan)])
def test_without_pointing_the_registered_shift_is_the_grounds(sensor, noise):
    times, truth, found, ground = run((0.01, 0.0), sensor=sensor, noise_rad=noise)
    np.testing.assert_allclose(found[:, 0], truth[:, 0] + 0.01 * times, atol=1e-12)
    assert ground._slip is None
