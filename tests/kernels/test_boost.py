import numpy as np

from boostwatch_kernels.boost import boost_paths

from . import reference_track as reference


def test_boosts_equal_an_adaptive_integrator():
    rng = np.random.default_rng(6)
    theta = np.array([
        [rng.uniform(-1, 1), rng.uniform(-3, 3), 2.3, rng.uniform(0, 6.28), 17.0, 9e-3, 0.01, 8.0, 5e-5, 62.0, 14, 1.3],
        [0.7, 0.5, 50.0, 1.0, 25.0, 0.02, 0.03, 5.0, 1e-5, 500.0, 14.0, 0.6],
    ])  # fmt: skip
    times = np.array([0.0, 1.0, 10.0, 33.3, 70.0, 100.0])
    out = np.empty((2, 6, 3))
    boost_paths(theta, times, out)
    for n in range(2):
        want = reference.boost_path(theta[n], times)
        assert np.abs(out[n] - want).max() < 15.0  # a second's step over the kick and the change of stage
        assert np.abs(out[n, :4] - want[:4]).max() < 1.0
