"""Line of sight with the ellipsoid against a long-double twin."""

import numpy as np
import pytest

from boostwatch_kernels.raycast import ray_ellipsoid
from tests.kernels import reference_geometry

A, B = 6378137.0, 6356752.314245
AXES = np.array([A, A, B])


def cast(origin, direction, a=A, b=B):
    out = np.empty_like(origin)
    ray_ellipsoid(np.ascontiguousarray(origin), np.ascontiguousarray(direction), a, b, out)
    return out


def scattered(count, seed, near, far):
    rng = np.random.default_rng(seed)
    unit = rng.normal(size=(count, 3))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    origin = unit * rng.uniform(near, far, (count, 1))
    direction = rng.normal(scale=0.15, size=(count, 3)) - unit * np.sign(rng.uniform(-0.2, 1, (count, 1)))
    return origin, direction * rng.uniform(0.1, 1e6, (count, 1))


@pytest.mark.parametrize(("near", "far"), [(6.5e6, 8e6), (4.2164172e7, 4.2164172e7), (0.0, 6.3e6)])
def test_against_twin(near, far):
    origin, direction = scattered(400, 7, near, far)
    slow, fast = reference_geometry.ray_ellipsoid(origin, direction, A, B), cast(origin, direction)
    np.testing.assert_array_equal(np.isnan(fast), np.isnan(slow))
    np.testing.assert_allclose(fast, slow, atol=2e-4)  # a ray that grazes magnifies the last digit


def test_points_lie_on_the_surface_to_a_micrometre_from_geo():
    origin, direction = scattered(2000, 8, 4.2164172e7, 4.2164172e7)
    hit = cast(origin, direction)
    hit = hit[np.isfinite(hit[:, 0])]
    assert len(hit) > 500
    np.testing.assert_allclose(np.linalg.norm(hit / AXES, axis=1), 1, atol=1e-14)


def test_nearer_crossing_misses_and_what_lies_behind():
    origin = np.array([[2 * A, 0, 0], [2 * A, 0, 0], [2 * A, 0, 0], [0, 0, 0], [2 * A, 0, A * 0.9999999]])
    direction = np.array([[-1.0, 0, 0], [1.0, 0, 0], [0, 1.0, 0], [0, 0, 2.0], [-1.0, 0, 0]])
    hit = cast(origin, direction)
    np.testing.assert_allclose(hit[0], [A, 0, 0], rtol=1e-15)
    assert np.isnan(hit[1:3]).all()
    np.testing.assert_allclose(hit[3], [0, 0, B], rtol=1e-15)
    assert np.isnan(hit[4]).all()  # above the pole, though below the equatorial radius


def test_nan_goes_through():
    assert np.isnan(cast(np.array([[np.nan, 0, 0]]), np.array([[1.0, 0, 0]]))).all()
    assert np.isnan(cast(np.array([[4e7, 0, 0]]), np.array([[np.nan, 0, 0]]))).all()


def test_length_of_direction_does_not_matter():
    origin, direction = scattered(50, 9, 4e7, 4e7)
    np.testing.assert_allclose(cast(origin, direction * 3.7), cast(origin, direction), rtol=1e-12)
