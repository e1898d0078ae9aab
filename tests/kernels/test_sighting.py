"""Points seen from space, against plain formulas in another order of thought."""

from __future__ import annotations

import numpy as np
import pytest

from boostwatch_kernels.sighting import LEAST_COSINE, cross_layer, gather, sight
from tests.kernels.reference_geometry import ray_ellipsoid

A, B = 6378137.0, 6356752.314245
AXES = (A, B)
SENSOR = np.array([3.0e7, 2.8e7, 5.0e6])


def frame(towards: np.ndarray) -> np.ndarray:
    """Rotation whose third row leads from the sensor to a place."""
    z = (towards - SENSOR) / np.linalg.norm(towards - SENSOR)
    x = np.cross(z, [0.0, 0.0, 1.0])
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z])


def surface(latitude: np.ndarray, longitude: np.ndarray, height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points above the ellipsoid by its own parametrisation, and their normals."""
    lat, lon = np.radians(latitude), np.radians(longitude)
    up = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], -1)
    square = np.array([A, A, B]) ** 2
    foot = up * square / np.sqrt((up**2 * square).sum(-1, keepdims=True))
    return foot + height[:, None] * up, up


def grid(height_m: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lat, lon = (a.ravel() for a in np.meshgrid(np.linspace(-85, 85, 13), np.linspace(-175, 180, 17)))
    height = np.full(len(lat), height_m)
    return *surface(lat, lon, height), height


@pytest.mark.parametrize("height_m", [0.5, 30e3, 800e3])
def test_sight_equals_plain_vectors(height_m: float) -> None:
    points, up, height = grid(height_m)
    camera = frame(np.array([4e6, 4.5e6, 1e6]))
    out = np.empty((len(points), 4))
    sight(points, height, SENSOR, camera, AXES, out)
    way = points - SENSOR
    seen = way @ camera.T
    distance = np.linalg.norm(way, axis=1)
    first = ray_ellipsoid(np.broadcast_to(SENSOR, points.shape), way, A, B)
    met = np.linalg.norm(first - SENSOR, axis=1)
    hidden = met < distance - 1.0  # m: a point on the surface is its own crossing
    assert 20 < hidden.sum() < len(points) - 20
    assert (np.isnan(out[:, 2]) == hidden).all()
    there = ~hidden
    np.testing.assert_allclose(out[there, :2], (seen[:, :2] / seen[:, 2:])[there], atol=1e-15)
    np.testing.assert_allclose(out[there, 2], distance[there], rtol=1e-14)
    np.testing.assert_allclose(out[there, 3], -((up * way).sum(1) / distance)[there], atol=3e-6)


def test_what_lies_behind_the_camera_is_not_seen() -> None:
    out = np.empty((1, 4))
    point = SENSOR * 1.1
    sight(point[None], np.array([1e7]), SENSOR, frame(np.zeros(3)), AXES, out)
    assert np.isnan(out).all()


def test_crossing_of_a_layer_lies_on_it_and_on_the_line() -> None:
    points, _, height = grid(2e3)
    basis, radius, top = frame(np.array([4e6, 4.5e6, 1e6])), 6371e3, 9e3
    out = np.empty((3, len(points)))
    cross_layer(points, height, SENSOR, (top, A + top, B + top), basis, radius, out)
    met = ray_ellipsoid(np.broadcast_to(SENSOR, points.shape), points - SENSOR, A + top, B + top)
    assert (np.isnan(out[0]) == np.isnan(met[:, 0])).all()
    square = np.array([A + top, A + top, B + top]) ** 2
    up = met / square / np.linalg.norm(met / square, axis=1, keepdims=True)
    east, north, height_of = (up @ basis.T).T
    # Azimuthal equidistant: distance from the middle is an arc, and the direction stays.
    np.testing.assert_allclose(np.hypot(out[0], out[1]), radius * np.arccos(np.clip(height_of, -1, 1)), rtol=1e-6)
    np.testing.assert_allclose(np.arctan2(out[0], out[1]), np.arctan2(east, north), atol=1e-9)
    way = (SENSOR - points) / np.linalg.norm(SENSOR - points, axis=1, keepdims=True)
    np.testing.assert_allclose(out[2], 1 / np.maximum((up * way).sum(1), LEAST_COSINE), rtol=1e-9)
    cross_layer(points, np.full(len(points), top), SENSOR, (top, A + top, B + top), basis, radius, out)
    assert np.isnan(out).all()


def test_gathered_light_is_the_sum_over_points() -> None:
    rng = np.random.default_rng(1)
    seen, share = rng.uniform(1e6, 4e7, (6, 4)), rng.dirichlet(np.ones(6))
    left, clear, out = rng.random(6), rng.random((2, 6)), np.empty((2, 6))
    seen[2] = np.nan
    total = gather(seen, share, left, clear, out)
    light = np.nan_to_num(share / seen[:, 2] ** 2) * left * clear
    np.testing.assert_allclose(total, light.sum(1), rtol=1e-12)
    np.testing.assert_allclose(out, light / light.sum(1, keepdims=True), rtol=1e-12)
    # Swallowed whole, it still has a place: that of the points in sight.
    clear[1] = 0
    total = gather(seen, share, left, clear, out)
    assert total[1] == 0
    in_sight = np.where(np.isnan(seen[:, 2]), 0, share)
    np.testing.assert_allclose(out[1], in_sight / in_sight.sum(), rtol=1e-12)
