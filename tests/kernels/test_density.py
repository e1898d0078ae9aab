import numpy as np

from boostwatch_kernels.density import count, density

HEIGHT, WIDTH = 300.0, 350.0


def some_places(seed, n):
    rng = np.random.default_rng(seed)
    at = rng.uniform(-40.0, 400.0, (n, 2))
    row = np.clip(at[:, 1] / HEIGHT * 4, 0, 3).astype(int)
    column = np.clip(at[:, 0] / WIDTH * 5, 0, 4).astype(int)
    return at, row, column, rng


def test_false_alarms_are_counted_in_the_cell_where_they_lie_or_the_nearest():
    at, row, column, rng = some_places(1, 500)
    snr, use, counts = rng.uniform(3, 9, 500), rng.random(500) < 0.7, np.full((4, 5), 0.5)
    want = counts.copy()
    np.add.at(want, (row[use], column[use]), 1.0)
    seen, strong, weakest = count(counts, at, snr, use, HEIGHT, WIDTH, 6.0)
    np.testing.assert_array_equal(counts, want)
    assert (seen, strong, weakest) == (use.sum(), (snr[use] > 6.0).sum(), snr[use].min())
    assert (counts > 0.5).all()
    assert count(counts, at, snr, np.zeros(500, np.bool_), HEIGHT, WIDTH, 6.0) == (0, 0, np.inf)


def test_density_is_the_mean_of_the_gamma_law_after_the_counts():
    at, row, column, rng = some_places(2, 100)
    counts = rng.gamma(3.0, 2.0, (4, 5))
    got = density(counts, at, HEIGHT, WIDTH, 20.0, 5250.0, 3.0, 7.0)
    np.testing.assert_allclose(got, (counts[row, column] + 3.0) / 27.0 / 5250.0, rtol=1e-14)
