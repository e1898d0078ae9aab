from __future__ import annotations

import numpy as np
import pytest

from boostwatch_kernels.tables import Air, bicubic, log_air_mass, transmit


def twin(rows: np.ndarray, columns: np.ndarray, parts: np.ndarray, row: float, column: float) -> float:
    """Hermite's basis in both variables, a straight line beyond the ends."""

    def basis(nodes: np.ndarray, at: float) -> tuple[int, np.ndarray]:
        i = int(np.clip(np.searchsorted(nodes, at, "right") - 1, 0, len(nodes) - 2))
        h = nodes[i + 1] - nodes[i]
        t = np.clip((at - nodes[i]) / h, 0, 1)
        value = np.array(
            [[2 * t**3 - 3 * t**2 + 1, h * (t**3 - 2 * t**2 + t)], [3 * t**2 - 2 * t**3, h * (t**3 - t**2)]]
        )
        value[0, 1] += min(at - nodes[0], 0)
        value[1, 1] += max(at - nodes[-1], 0)
        return i, value

    i, a = basis(rows, row)
    j, b = basis(columns, column)
    total = 0.0
    for di in range(2):
        for dj in range(2):
            f, fr, fc, frc = parts[:, i + di, j + dj]
            total += a[di] @ np.array([[f, fc], [fr, frc]]) @ b[dj]
    return total


def test_bicubic_equals_twin() -> None:
    rng = np.random.default_rng(1)
    rows, columns = np.cumsum(rng.random((2, 7)) + 0.1, axis=1)
    parts = rng.standard_normal((4, 7, 7))
    row, column = rng.uniform(-1, 9, (2, 60))
    row[:7], column[:7] = rows, columns
    out = np.empty(60)
    bicubic(rows, columns, parts, row, column, out)
    np.testing.assert_allclose(out, [twin(rows, columns, parts, r, c) for r, c in zip(row, column, strict=True)])
    np.testing.assert_allclose(out[:7], parts[0, np.arange(7), np.arange(7)], atol=1e-12)


def test_bicubic_reproduces_a_bilinear_function_and_keeps_nan() -> None:
    rows, columns = np.array([0.0, 1.0, 4.0]), np.array([-2.0, 3.0])
    r, c = np.meshgrid(rows, columns, indexing="ij")
    parts = np.stack([2 + 3 * r - c + 0.5 * r * c, 3 + 0.5 * c, -1 + 0.5 * r, np.full_like(r, 0.5)])
    row, column = np.array([0.3, 6.0, -2.0, np.nan]), np.array([1.0, 2.0, -5.0, 0.0])
    out = np.empty(4)
    bicubic(rows, columns, parts, row, column, out)
    np.testing.assert_allclose(out[:3], (2 + 3 * row - column + 0.5 * row * column)[:3])
    assert np.isnan(out[3])


def test_air_of_a_ray_past_its_lowest_point() -> None:
    """An exponential air of one depth: up, level and down through it, against sums over the way."""
    rows, columns = np.linspace(0.0, 100.0, 41), np.linspace(0.0, 4.0, 9)
    r, c = np.meshgrid(rows, columns, indexing="ij")
    depth = np.stack([np.log(0.4) - r / 7.0 + c, np.full_like(r, -1 / 7.0), np.ones_like(r), np.zeros_like(r)])[None]
    air = Air(rows, columns, depth, depth, np.array([0.3]), 100.0)
    height, cosine = np.array([0.0, 10e3, 20e3, 120e3, 30e3, 30e3]), np.array([1.0, 0.5, 0.2, 0.1, -0.05, np.nan])
    out = np.empty((1, 6))
    transmit(air, 6371.0, height, cosine, out)
    mass = np.exp([log_air_mass(v) for v in (1.0, 0.5, 0.2)])
    assert mass == pytest.approx([1.0, 2.0, 4.9], rel=0.02)
    np.testing.assert_allclose(out[0, :3], np.exp(-0.4 * np.exp(-height[:3] / 7e3) * mass), rtol=1e-9)
    lowest = (6371.0 + 30) * np.sqrt(1 - 0.05**2) - 6371.0
    half = np.exp(-0.4 * np.exp(-lowest / 7) * np.exp(log_air_mass(0.0)))
    behind = np.exp(-0.4 * np.exp(-30 / 7) * np.exp(log_air_mass(0.05)))
    assert out[0, 3:].tolist() == [1.0, pytest.approx(half**2 / behind), 0.0]
