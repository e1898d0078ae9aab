import numpy as np
import pytest

from boostwatch_kernels.curves import integrate_rows, interpolate_rows

from . import reference_curves as reference


@pytest.mark.parametrize("count", [2, 3, 50])
def test_rows_equal_their_twins(count):
    rng = np.random.default_rng(count)
    knots = np.cumsum(rng.uniform(0.1, 2.0, count))
    table = rng.standard_normal((count, 3))
    at = np.concatenate([[-5.0, knots[-1] + 5.0], knots, rng.uniform(knots[0], knots[-1], 40)])
    out = np.empty((len(at), 3))
    interpolate_rows(knots, table, at, out)
    np.testing.assert_allclose(out, reference.interpolate_rows(knots, table, at), atol=1e-13)
    steps = 0.5 * (table[1:] + table[:-1]) * np.diff(knots)[:, None]
    total = np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])
    integrate_rows(knots, table, total, at, out)
    np.testing.assert_allclose(out, reference.integrate_rows(knots, table, at), atol=1e-12)


def test_a_constant_and_a_ramp_have_their_integrals():
    knots = np.linspace(0.0, 10.0, 11)
    level = np.stack([np.full(11, 2.0), knots], axis=1)
    total = np.stack([2 * knots, 0.5 * knots**2], axis=1)
    at = np.array([0.0, 0.3, 4.7, 10.0])
    out = np.empty((4, 2))
    integrate_rows(knots, level, total, at, out)
    np.testing.assert_allclose(out, np.stack([2 * at, 0.5 * at**2], axis=1), atol=1e-14)
