"""Registration against reported attitudes."""

import numpy as np
import pytest

from boostwatch.detect.registration import Fit
from boostwatch.detect.reported import ReportedShift
from boostwatch.geometry import geodetic_to_itrs, look_at, matrix_to_quaternion, multiply_quaternions, tilt_quaternion
from boostwatch.sensor import Sensor

SENSOR = Sensor("notional", 30e-6, 95.5, 95.5, 0.5, 0.1, ())
PLACE = geodetic_to_itrs(0.0, 20.0, 35_786_000.0)
NOISE_PX = 0.1


def attitudes(shift, rng, noise_px=NOISE_PX):
    """Reported attitudes (T, 4) of a camera whose scene is shifted by (T, 2) px."""
    still = look_at(PLACE, geodetic_to_itrs(10.0, 25.0, 0.0))
    still = matrix_to_quaternion(still) if np.ndim(still) == 2 else still
    seen = shift + rng.normal(0.0, noise_px, shift.shape)
    return np.array([multiply_quaternions(still, tilt_quaternion(*(s * SENSOR.ifov_rad))) for s in seen])


def followed(shift, registered, sigma=0.02, noise_px=NOISE_PX):
    rng = np.random.default_rng(1)
    reported = ReportedShift(SENSOR, noise_px * SENSOR.ifov_rad)
    out = []
    for q, (x, y) in zip(attitudes(shift, rng), registered, strict=True):
        reported.look(PLACE, q)
        out.append(reported.weigh(Fit(float(x), float(y), sigma, 1.0, 0.0)))
    return np.array([(f.dx, f.dy) for f in out]), np.array([f.sigma for f in out])


def test_a_registration_that_agrees_is_believed():
    rng = np.random.default_rng(2)
    shift = rng.normal(0.0, 0.3, (200, 2))
    registered = shift + rng.normal(0.0, 0.02, shift.shape)
    got, sigma = followed(shift, registered)
    assert (got == registered).all(axis=1).mean() > 0.95
    assert np.median(sigma) == 0.02


def test_a_registration_that_holds_on_to_the_focal_plane_is_not():
    rng = np.random.default_rng(3)
    shift = rng.normal(0.0, 0.3, (200, 2))
    got, sigma = followed(shift, np.zeros_like(shift))
    error = (got - shift)[40:]
    # The attitude's noise, and some of what the offset's mean still moves by.
    assert np.sqrt(((error - error.mean(axis=0)) ** 2).mean()) < 1.3 * NOISE_PX
    assert np.median(sigma[40:]) == pytest.approx(NOISE_PX, rel=0.2)


def test_where_registration_knows_little_both_are_weighed():
    rng = np.random.default_rng(6)
    shift = rng.normal(0.0, 0.3, (200, 2))
    registered = shift + rng.normal(0.0, 0.15, shift.shape)
    got, sigma = followed(shift, registered, sigma=0.15)
    error = (got - shift)[10:]
    assert np.median(sigma) < NOISE_PX
    assert np.std(error, axis=0) / np.median(sigma) == pytest.approx([1.0, 1.0], abs=0.25)


def test_a_scene_that_drifts_against_the_attitude_raises_no_doubt():
    """Parallax and clouds carry the registered scene along by some pixels in a run."""
    rng = np.random.default_rng(4)
    shift = rng.normal(0.0, 0.2, (240, 2))
    registered = shift + 0.01 * np.arange(240)[:, None] + rng.normal(0.0, 0.01, shift.shape)
    got, _ = followed(shift, registered)
    assert (got == registered).all(axis=1).mean() > 0.95


def test_the_attitude_leads_where_the_line_of_sight_drifts_over_featureless_ground():
    rng = np.random.default_rng(5)
    shift = rng.normal(0.0, 0.3, (240, 2)) + 0.01 * np.arange(240)[:, None]
    got, _ = followed(shift, np.zeros_like(shift))
    # Of the 2.4 px that it drifts by, what the mean difference swallowed while the registration was half believed.
    assert abs((got - shift)[-20:].mean(axis=0)).max() < 0.8


@pytest.mark.parametrize("what", ["noise", "attitude"])
def test_without_either_registration_stands(what):
    reported = ReportedShift(SENSOR, np.nan if what == "noise" else 3e-6)
    fit = Fit(0.3, -0.2, 0.02, 1.0, 0.0)
    for _ in range(30):
        reported.look(PLACE, None if what == "attitude" else np.array([1.0, 0.0, 0.0, 0.0]))
        assert reported.weigh(fit) == fit
        assert (reported.step == 0).all()
