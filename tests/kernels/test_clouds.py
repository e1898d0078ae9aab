from __future__ import annotations

import numpy as np
from numba import config

from boostwatch_kernels.clouds import CLEAR, Threshold, opacity, overlay, packed, sample, transmit_layer
from tests.kernels import reference_canvas as reference

SMALL = bool(config.DISABLE_JIT)


def test_sample_equals_twin_and_is_periodic() -> None:
    rng = np.random.default_rng(1)
    texture = rng.standard_normal((16, 32)).astype(np.float32)
    y, x = np.meshgrid(np.linspace(-7, 30, 4), np.linspace(3, 44, 5), indexing="ij")
    row, column = y + 0.2 * x, x - 0.1 * y
    out, moved = np.empty((2, 17, 19), np.float32)
    sample(texture, row, column, out, (0, 17))
    np.testing.assert_allclose(out, reference.sample(texture, row, column, out.shape), atol=1e-5)
    sample(texture, row + 32, column - 64, moved, (0, 17))
    np.testing.assert_allclose(moved, out, atol=1e-5)


def test_sample_at_whole_numbers_is_the_texture() -> None:
    texture = np.random.default_rng(2).standard_normal((8, 8)).astype(np.float32)
    y, x = np.meshgrid(np.arange(8.0), np.arange(8.0), indexing="ij")
    out = np.empty((8, 8), np.float32)
    sample(texture, y, x, out, (0, 8))
    np.testing.assert_array_equal(out, texture)


def test_where_the_view_misses_there_is_no_cloud() -> None:
    row = np.array([[np.nan, np.nan], [0.0, 0.0]])
    out = np.zeros((9, 4), np.float32)
    sample(np.ones((8, 8), np.float32), row, np.zeros((2, 2)), out, (0, 9))
    assert (out[:-1] == CLEAR).all()
    assert (out[-1] == 1).all()
    light = np.ones(2)
    place, threshold = np.array([[np.nan, 0.0], [0.0, 0.0]]), Threshold(0.5, 0.1, 0.9, 1.0, 2.0)
    transmit_layer(np.ones((8, 8), np.float32), out, np.float32(0), place, np.ones(2), threshold, light)
    np.testing.assert_allclose(light, [1.0, np.exp(-2.0)], rtol=1e-6)


def test_overlay_equals_twin_for_any_share_of_rows() -> None:
    rng = np.random.default_rng(3)
    shape = (20, 30) if SMALL else (70, 150)
    threshold = Threshold(0.2, 0.3, 2.0, 0.5, 6.0)
    early, late = rng.standard_normal((2, *shape)).astype(np.float32)
    early[:8], late[:8] = -3, CLEAR
    canvas = rng.random((2, *shape), dtype=np.float32)
    secant = 1 + rng.random((3, 4), dtype=np.float32)
    tops = rng.random((2, 3, 3, 4), dtype=np.float32)
    wanted = reference.overlay(canvas.astype(np.float64), early, late, 0.3, np.array(threshold), secant, tops)
    whole, parts = canvas.copy(), canvas.copy()
    overlay(whole, early, late, 0.3, threshold, (secant, tops), (0, shape[0]))
    for rows in ((11, shape[0]), (0, 3), (3, 11)):
        overlay(parts, early[slice(*rows)], late[slice(*rows)], 0.3, threshold, (secant, tops), rows)
    assert whole.tobytes() == parts.tobytes()
    assert (whole[:, :8] == canvas[:, :8]).all()
    np.testing.assert_allclose(whole, wanted, atol=3e-6)


def test_opacity_is_beer_lambert() -> None:
    shape = packed(Threshold(0.0, 1e-6, 1.0, 0.0, 20.0))
    value, secant = np.linspace(1e-3, 1.2, 200, dtype=np.float32), np.linspace(1, 30, 200, dtype=np.float32)
    wanted = -np.expm1(-20.0 * np.minimum(value, 1).astype(np.float64) * secant)
    found = [opacity(v, s, tuple(map(np.float32, shape)))[1] for v, s in zip(value, secant, strict=True)]
    np.testing.assert_allclose(found, wanted, rtol=2e-6, atol=1e-7)


def test_light_through_a_layer_equals_twin() -> None:
    rng = np.random.default_rng(5)
    early, late = rng.standard_normal((2, 16, 16)).astype(np.float32)
    place, secant, light = rng.uniform(-20, 40, (2, 30)), 1 + rng.random(30), rng.random(30)
    threshold = Threshold(0.2, 0.3, 1.0, 0.5, 3.0)
    out = light.copy()
    transmit_layer(early, late, np.float32(0.3), place, secant, threshold, out)
    for k, (row, column) in enumerate(place.T):
        one = (np.full((2, 2), row), np.full((2, 2), column), (1, 1))
        value = 0.7 * reference.sample(early, *one)[0, 0] + 0.3 * reference.sample(late, *one)[0, 0]
        cover, depth = np.clip((value - 0.2) / 0.3 + 0.5, 0, 1), np.clip((value - 0.2) / 0.8, 0, 1)
        wanted = light[k] * (1 - cover * -np.expm1(-(0.5 + 2.5 * depth) * secant[k]))
        assert abs(out[k] - wanted) < 1e-5
