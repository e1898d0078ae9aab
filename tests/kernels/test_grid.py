import numpy as np

from boostwatch_kernels.grid import frame_cells


def test_cells_of_a_frame_are_those_of_the_shares_of_its_sides():
    at = np.random.default_rng(1).uniform(-40.0, 400.0, (500, 2))
    row = np.clip(at[:, 1] / 300.0 * 4, 0, 3).astype(int)
    column = np.clip(at[:, 0] / 350.0 * 5, 0, 4).astype(int)
    got = frame_cells(at, 300.0, 350.0, 4, 5)
    np.testing.assert_array_equal(got, row * 5 + column)
    assert set(got.tolist()) == set(range(20))
