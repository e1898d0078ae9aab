import numpy as np

from boostwatch import geometry as g
from boostwatch.track.pointing import Pointing

from .simulate import POSITION, sensor


def attitudes(rng, frames, noise, ifov, jump=0.0):
    nominal = g.look_at(POSITION, g.geodetic_to_itrs(40.0, 30.0))
    shifts = rng.normal(0, 0.5, (frames, 2))
    out = []
    for k, d in enumerate(shifts):
        true = g.multiply_quaternions(nominal, g.tilt_quaternion(*(d * ifov + k * jump)))
        out.append((true, g.multiply_quaternions(true, g.tilt_quaternion(*rng.normal(0, noise, 2))), d))
    return out


def error(pointing, frames):
    focal = np.tile([[30.0, 200.0]], (len(frames), 1))
    shift = np.array([f[2] for f in frames])
    got = pointing.lines(focal, shift, np.array([f[1] for f in frames]), 0.5 * np.arange(len(frames)))
    rays = sensor().rays(focal[:, 0], focal[:, 1])
    want = np.einsum("nij,nj->ni", g.quaternion_to_matrix(np.array([f[0] for f in frames])), rays)
    return np.linalg.norm(got - want, axis=1)


def test_registration_averages_the_noise_of_frames_away():
    frames = attitudes(np.random.default_rng(1), 100, 20e-6, 28e-6)
    pointing = Pointing(sensor(), 5e-6, 20e-6)
    for k, (_, reported, shift) in enumerate(frames):
        pointing.add(reported, tuple(shift), 0.5 * k)
    assert pointing.steady
    assert error(pointing, frames).max() < 4 * 20e-6 / np.sqrt(100)
    assert pointing.frame_sigma_rad == 0
    np.testing.assert_allclose(pointing.common_sigma_rad(24.75), np.hypot(5e-6, 2e-6))
    assert pointing.common_sigma_rad(49.5) > pointing.common_sigma_rad(24.75)


def test_a_slewing_sensor_uses_each_frame_by_itself():
    frames = attitudes(np.random.default_rng(2), 50, 2e-6, 28e-6, jump=50e-6)
    pointing = Pointing(sensor(), 5e-6, 2e-6)
    for k, (_, reported, shift) in enumerate(frames):
        pointing.add(-reported, tuple(shift), 0.5 * k)  # the other sign is the same attitude
    assert not pointing.steady
    assert error(pointing, frames).max() < 5 * 2e-6
    assert pointing.frame_sigma_rad == 2e-6
    assert pointing.common_sigma_rad(10.0) == 5e-6


def test_without_knowledge_there_are_no_lines():
    pointing = Pointing(None, np.nan, np.nan)
    pointing.add(np.array([1.0, 0, 0, 0]), (0.0, 0.0), 0.0)
    assert not pointing.known
    assert np.isnan(pointing.ifov_rad)
    assert np.isnan(pointing.lines(np.zeros((2, 2)), np.zeros((2, 2)), np.zeros((2, 4)), np.zeros(2))).all()
    assert pointing.common_sigma_rad(0.0) == pointing.frame_sigma_rad == 0
    known = Pointing(sensor(), np.nan, np.nan)
    known.add(np.full(4, np.nan), (0.0, 0.0), 0.0)
    assert not known.known


def test_a_registration_that_follows_the_clouds_is_found_out():
    """Half a pixel in 100 s: the reported attitudes tell, once their noise is averaged away."""
    frames = attitudes(np.random.default_rng(3), 200, 10e-6, 28e-6)
    pointing = Pointing(sensor(), 5e-6, 10e-6)
    slid = []
    for k, (true, reported, shift) in enumerate(frames):
        slid.append((true, reported, shift + np.array([0.005, -0.003]) * 0.5 * k))
        pointing.add(reported, tuple(slid[-1][2]), 0.5 * k)
    assert pointing.steady
    assert error(pointing, slid).max() < 4 * pointing.common_sigma_rad(0.0)
    assert pointing.common_sigma_rad(0.0) < 2.5e-6 + 5e-6
