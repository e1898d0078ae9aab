import numpy as np

from boostwatch.geometry import geodetic_to_itrs, itrs_to_geodetic
from boostwatch.scene.sources.orbits import kepler
from boostwatch.scene.trajectory import WORLD
from boostwatch_kernels.ascent import Burn, ascend, height_above

from . import reference_ascent as reference

UP = np.eye(3)[:2]


def unpowered(steps, drag_area=0.0):
    return Burn(np.zeros(steps), np.full(steps, 1e3), np.zeros(steps), np.full(steps, 2, np.int8), UP, drag_area)


def test_equals_an_adaptive_integrator():
    time = np.unique(np.concatenate([np.arange(0, 20.1, 0.5), [3.3, 11.1]]))
    middle = 0.5 * (time[1:] + time[:-1])
    up = np.array([0.5, 0.5, np.sqrt(0.5)])
    tilted = up + np.array([0.2, -0.1, 0.0])
    tilted /= np.linalg.norm(tilted)
    steering = np.select([middle < 3.3, middle < 6], [0, 1], 2).astype(np.int8)
    lit = middle < 11.1
    burn = Burn(
        np.where(lit, 2e5, 0.0), 6e3 - 70 * np.minimum(time[:-1], 11.1), np.where(lit, 70.0, 0.0), steering,
        np.stack([up, tilted]), 0.3,
    )  # fmt: skip
    out = np.empty((len(time), 6))
    out[0] = [*geodetic_to_itrs(45.0, 45.0, 100.0), 0.0, 0.0, 0.0]
    ascend(WORLD, burn, time, out)
    want = reference.ascend(WORLD, burn, time, out[0])
    assert np.abs(out[:, :3] - want[:, :3]).max() < 0.01
    assert np.abs(out[:, 3:] - want[:, 3:]).max() < 0.01


def test_without_thrust_it_is_keplers_orbit():
    time = np.arange(0.0, 3000.1, 2.0)
    start = geodetic_to_itrs(20.0, 30.0, 600e3)
    east = np.array([-np.sin(np.radians(30)), np.cos(np.radians(30)), 0.0])
    speed = 7.4e3 * (0.8 * east + np.array([0, 0, 0.6]))
    turn = np.array([0, 0, WORLD.rate_rad_s])
    out = np.empty((len(time), 6))
    out[0] = [*start, *(speed - np.cross(turn, start))]
    ascend(WORLD._replace(j2=0.0), unpowered(len(time) - 1), time, out)
    c, s = np.cos(WORLD.rate_rad_s * time), np.sin(WORLD.rate_rad_s * time)
    inertial = np.stack([c * out[:, 0] - s * out[:, 1], s * out[:, 0] + c * out[:, 1], out[:, 2]], axis=1)
    np.testing.assert_allclose(inertial, kepler(start, speed, time), atol=1.0)


def test_the_jacobi_integral_is_kept_with_the_bulge():
    time = np.arange(0.0, 1500.1, 1.0)
    out = np.empty((len(time), 6))
    out[0] = [*geodetic_to_itrs(50.0, -60.0, 300e3), 3000.0, 4500.0, 4000.0]
    ascend(WORLD, unpowered(len(time) - 1), time, out)
    r = np.linalg.norm(out[:, :3], axis=1)
    sine = out[:, 2] / r
    gravity = -WORLD.mu / r * (1 - WORLD.j2 * (WORLD.a_m / r) ** 2 * 0.5 * (3 * sine**2 - 1))
    spin = 0.5 * WORLD.rate_rad_s**2 * (out[:, 0] ** 2 + out[:, 1] ** 2)
    energy = 0.5 * (out[:, 3:] ** 2).sum(axis=1) + gravity - spin
    assert np.ptp(energy) < 1e-9 * abs(energy[0])


def test_drag_alone_slows_by_the_closed_form():
    # In a thin uniform air, v = v0 / (1 + k v0 t).
    world = WORLD._replace(mu=0.0, j2=0.0, rate_rad_s=0.0, scale_height_m=1e30)
    time = np.linspace(0, 10, 101)
    out = np.empty((101, 6))
    out[0] = [7e6, 0, 0, 0, 500.0, 0]
    ascend(world, unpowered(100, 0.5), time, out)
    k = 0.5 * 1.225 * 0.5 / 1e3
    np.testing.assert_allclose(out[:, 4], 500 / (1 + k * 500 * time), rtol=1e-8)


def test_gravity_at_rest_is_that_of_wgs84():
    # Normal gravity (Somigliana) of the ellipsoid against gravity with J2 and the centrifugal force, a few 1e-5.
    for latitude, wanted in ((0.0, 9.7803253), (45.0, 9.8061977), (90.0, 9.8321849)):
        out = np.zeros((2, 6))
        out[0, :3] = geodetic_to_itrs(latitude, 0.0)
        ascend(WORLD, unpowered(1), np.array([0.0, 1e-3]), out)
        assert abs(np.linalg.norm(out[1, 3:]) / 1e-3 - wanted) < 2e-4


def test_height():
    rng = np.random.default_rng(0)
    for latitude, height in zip(rng.uniform(-90, 90, 20), rng.uniform(-500, 1e6, 20), strict=True):
        x, y, z = (float(v) for v in geodetic_to_itrs(latitude, 33.0, height))
        assert abs(height_above(x, y, z, WORLD.a_m, WORLD.b_m) - height) < 1e-3
        assert abs(itrs_to_geodetic([x, y, z])[2] - height) < 1e-5
