"""Stamps: exact pixel integration, conservation of light, and what lies off the image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from boostwatch_kernels import pointspread as p
from tests.kernels import reference_scene as reference


def stamp(shape: tuple[int, int], path: np.ndarray, electrons: float, sigma: float) -> tuple[np.ndarray, float]:
    image = np.zeros(shape, np.float32)
    share = np.full(len(path), 1 / len(path))
    x, y = (np.ascontiguousarray(path[:, k]) for k in (0, 1))
    return image, p.stamp_gaussian(image, x, y, share, electrons, sigma)


def gaussian_table(sigma: float, steps: int, reach: int) -> np.ndarray:
    k = np.arange(-reach, reach + 1)
    offset = (np.arange(steps + 3) - 1) / steps - 0.5
    line = norm.cdf(k + 0.5, offset[:, None], sigma) - norm.cdf(k - 0.5, offset[:, None], sigma)
    line /= line.sum(axis=1, keepdims=True)
    return np.ascontiguousarray(np.einsum("ac,bd->abcd", line, line), dtype=np.float32)


@given(st.floats(8, 22), st.floats(8, 22), st.floats(0.3, 1.5), st.floats(0, 6), st.integers(1, 9))
@settings(max_examples=40)
def test_gaussian_stamp_equals_twin(x: float, y: float, sigma: float, length: float, count: int) -> None:
    path = np.array([x, y]) + np.outer(np.arange(count), [length / count, -0.3 * length / count])
    image, square = stamp((40, 40), path, 1e4, sigma)
    wanted = reference.stamp(image.shape, path, 1e4, sigma)
    np.testing.assert_allclose(image, wanted, atol=2e-3)
    assert square == pytest.approx(((wanted / 1e4) ** 2).sum(), rel=1e-5)


@given(st.floats(14, 26), st.floats(14, 26), st.floats(0, 3))
@settings(max_examples=40)
def test_table_stamp_equals_twin(x: float, y: float, length: float) -> None:
    path = np.array([x, y]) + np.outer(np.arange(5), [length / 5, -0.3 * length / 5])
    image = np.zeros((40, 40), np.float32)
    share = np.full(5, 0.2)
    table = gaussian_table(0.7, 8, 6)
    columns = (np.ascontiguousarray(path[:, k]) for k in (0, 1))
    square = p.stamp_table(image, *columns, share, 1e4, table)
    wanted = reference.stamp(image.shape, path, 1e4, 0.7)
    np.testing.assert_allclose(image, wanted, atol=1.0)  # 1e-4 of the light
    assert image.astype(float).sum() == pytest.approx(1e4, rel=1e-5)
    assert square == pytest.approx(((wanted / 1e4) ** 2).sum(), rel=1e-3)


@given(st.floats(0, 1))
def test_cubic_weights_reproduce_cubics(f: float) -> None:
    w = np.empty(4)
    p.cubic_weights(f, w)
    for power in range(4):
        assert w @ np.array([-1.0, 0.0, 1.0, 2.0]) ** power == pytest.approx(f**power, abs=1e-12)


def test_a_source_keeps_its_flux_as_it_crosses_pixels() -> None:
    for x in np.linspace(10, 11, 21):
        image, _ = stamp((24, 24), np.array([[x, 12.3]]), 5000.0, 0.7)
        assert image.astype(np.float64).sum() == pytest.approx(5000, rel=1e-6)
        assert (image.sum(0) @ np.arange(24)) / 5000 == pytest.approx(x, abs=1e-4)


def test_shares_weigh_the_points() -> None:
    image = np.zeros((30, 60), np.float32)
    x, y, share = np.array([10.0, 45.0]), np.array([15.0, 15.0]), np.array([0.25, 0.75])
    square = p.stamp_gaussian(image, x, y, share, 100.0, 0.6)
    assert image[:, :28].sum() == pytest.approx(25, rel=1e-5)
    assert image[:, 28:].sum() == pytest.approx(75, rel=1e-5)
    assert square == pytest.approx(((image / 100.0) ** 2).sum(), rel=1e-5)


@pytest.mark.parametrize("table", [False, True])
def test_off_the_image_the_square_counts_and_no_pixel_changes(table: bool) -> None:
    image = np.zeros((10, 10), np.float32)
    x, y, one = np.array([-30.0]), np.array([4.0]), np.ones(1)
    spread = gaussian_table(0.7, 8, 6) if table else 0.7
    kernel = p.stamp_table if table else p.stamp_gaussian
    square = kernel(image, x, y, one, 100.0, spread)
    assert not image.any()
    inside = np.zeros((21, 21), np.float32)
    assert square == pytest.approx(kernel(inside, x + 40, y + 6, one, 100.0, spread), rel=1e-6)
    assert kernel(image, np.array([np.nan]), y, one, 100.0, spread) == 0
    assert kernel(image, np.array([np.inf]), y, one, 100.0, spread) == 0
    assert not image.any()


@pytest.mark.parametrize("table", [False, True])
def test_an_extent_of_any_size_costs_its_footprints_alone(table: bool) -> None:
    image = np.zeros((32, 32), np.float32)
    x = np.concatenate([np.linspace(-1e7, 1e7, 400), [15.2]])
    y, share = np.full(401, 15.0), np.full(401, 1 / 401)
    spread = gaussian_table(0.7, 8, 6) if table else 0.7
    kernel = p.stamp_table if table else p.stamp_gaussian
    square = kernel(image, x, np.where(np.abs(x) > 1e3, 1e3 * x, y), share, 401.0, spread)
    assert image.sum() == pytest.approx(1, rel=1e-4)
    assert square > 0


def test_light_on_the_rim_is_cut_where_the_image_ends() -> None:
    image, _ = stamp((20, 20), np.array([[-0.5, 10.0]]), 1000.0, 0.8)
    assert image.sum() == pytest.approx(500, rel=1e-5)


@pytest.mark.parametrize("factor", [1, 2, 3, 5])
def test_an_enlarged_image_is_interpolated_between_the_middles_of_its_cells(factor: int) -> None:
    small = np.random.default_rng(factor).random((7, 9), dtype=np.float32)
    image = np.ones((7 * factor - (factor > 1), 9 * factor), np.float32)
    p.add_enlarged(image, small, factor, 0.5)
    y, x = (np.clip((np.arange(n) - (factor - 1) / 2) / factor, 0, None) for n in image.shape)
    rows = np.array([np.interp(y, np.arange(7), small[:, c]) for c in range(9)])
    wanted = np.array([np.interp(x, np.arange(9), row) for row in rows.T])
    np.testing.assert_allclose(image, 1 + 0.5 * wanted, rtol=1e-6)


@pytest.mark.parametrize("factor", [1, 2, 3, 5])
def test_shrinking_keeps_the_light_and_its_centre(factor: int) -> None:
    image = np.zeros((40, 47), np.float32)
    image[13:17, 21:26] = np.random.default_rng(1).random((4, 5), dtype=np.float32)
    small = np.zeros((-(-40 // factor), -(-47 // factor)), np.float32)
    p.shrink(image, factor, small)
    total = image.sum(dtype=float)
    assert small.sum(dtype=float) * factor**2 == pytest.approx(total, rel=1e-6)
    for axis in (0, 1):
        fine = image.sum(axis=axis, dtype=float) @ np.arange(image.shape[1 - axis])
        cells = np.arange(small.shape[1 - axis]) * factor + (factor - 1) / 2
        assert small.sum(axis=axis, dtype=float) @ cells * factor**2 == pytest.approx(fine, rel=1e-6)


def test_shrinking_is_the_transpose_of_enlarging() -> None:
    rng = np.random.default_rng(2)
    image, small = rng.random((23, 31), dtype=np.float32), rng.random((8, 11), dtype=np.float32)
    large, coarse = np.zeros_like(image), np.zeros_like(small)
    p.add_enlarged(large, small, 3, 1.0)
    p.shrink(image, 3, coarse)
    assert (large * image).sum(dtype=float) == pytest.approx(9 * (coarse * small).sum(dtype=float), rel=1e-6)
