import numpy as np

from boostwatch_kernels.sources import COLUMNS, DEFAULT_SIGMA_PX, FLOOR_PX, sources


def test_what_is_unknown_is_filled_in():
    rng = np.random.default_rng(1)
    columns = rng.uniform(-1.0, 9.0, (len(COLUMNS), 400))
    columns[2:8][rng.random((6, 400)) < 0.2] = np.nan
    columns[2:4][rng.random((2, 400)) < 0.1] = np.inf
    columns[8] = rng.integers(-1, 9, 400)
    x, y, sigma_x, sigma_y, snr, flux, flux_sigma, unrest, frames = columns
    frames = np.maximum(frames, 1.0)
    sigma = np.stack([sigma_x, sigma_y], axis=1)
    sigma = np.where(np.isfinite(sigma) & (sigma > 0), sigma, DEFAULT_SIGMA_PX)
    got = sources(columns)
    np.testing.assert_array_equal(got.at, np.stack([x, y], axis=1))
    np.testing.assert_allclose(got.var, (sigma**2 + FLOOR_PX**2) * frames[:, None], rtol=1e-14)
    np.testing.assert_array_equal(got.snr, np.where(np.isnan(snr), 0.0, snr))
    np.testing.assert_array_equal(got.frames, frames)
    np.testing.assert_array_equal(got.flux, flux)
    np.testing.assert_allclose(got.flux_sigma, flux_sigma * np.sqrt(frames), rtol=1e-14)
    np.testing.assert_array_equal(got.unrest, np.where(np.isnan(unrest), 1.0, unrest))


def test_nothing():
    assert sources(np.empty((len(COLUMNS), 0))).at.shape == (0, 2)
