"""The kernel of the Earth's surface against its slow twin."""

from __future__ import annotations

import numpy as np
import pytest

from boostwatch_kernels.earth import Ground, Nodes, Planck, Surface, earth_radiance
from tests.kernels import reference_earth


def case(lattice: tuple[int, int], bands: int, seed: int) -> tuple[Ground, Surface, Nodes, Planck]:
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 17, (90, 180)).astype(np.uint8)
    classes[:, 60:] *= rng.random((90, 120)) < 0.5
    texture = rng.standard_normal((16, 16, 4)).astype(np.float32)
    y, x = np.mgrid[: lattice[0], : lattice[1]] / max(lattice)
    # Across the date line, with longitudes that jump by a turn.
    place = np.stack([80 - 150 * y, (340 * x + 150 + 180) % 360 - 180, 4e4 * x - 2e4, 3e4 * y - 1e4])
    shape = lattice
    field = np.stack([
        rng.uniform(270, 300, shape), rng.uniform(250, 320, shape), rng.uniform(-1, 1, shape),
        rng.uniform(0, 2, shape), rng.uniform(1, 3, shape),
    ])  # fmt: skip
    band = rng.uniform(0.0, 1.0, (bands, 6, *shape))
    surface = Surface(
        rng.uniform(0, 10, 17).astype(np.float32), rng.uniform(-5, 5, 17).astype(np.float32),
        np.full(17, 310, np.float32), rng.uniform(0.7, 1, (bands, 17)).astype(np.float32), 0.4, 0.02, 0.15,
    )  # fmt: skip
    table = np.cumsum(rng.random((bands, 401, 2)), axis=1) * 0.01
    return (
        Ground(classes, texture, 800.0, 1.7),
        surface,
        Nodes(place, field.astype(np.float32), band.astype(np.float32)),
        Planck(table.astype(np.float32), 240.0, 4.0),
    )


@pytest.mark.parametrize(("lattice", "cells", "bands"), [((5, 6), (33, 50), 2), ((20, 23), (20, 23), 1)])
def test_against_the_twin(lattice: tuple[int, int], cells: tuple[int, int], bands: int) -> None:
    parts = case(lattice, bands, 1)
    if lattice == cells:
        parts[2].place[:, 3, 5:9] = np.nan
    out = np.empty((bands, *cells), np.float32)
    earth_radiance(*parts, out)
    wanted = reference_earth.earth_radiance(*parts, out.shape)
    close = np.isclose(out, wanted, rtol=1e-4, atol=1e-5)
    assert close.mean() > 0.995  # a cell right between two classes may fall to either in single precision
    assert np.isfinite(out).all()


def test_past_the_limb_there_is_only_air() -> None:
    parts = case((12, 12), 2, 2)
    parts[2].place[:] = np.nan
    out = np.empty((2, 12, 12), np.float32)
    earth_radiance(*parts, out)
    np.testing.assert_array_equal(out, parts[2].band[:, 2])


def test_angles_turn_the_short_way() -> None:
    ends = np.array([[179.0, -179.0], [177.0, 179.0]])
    found = reference_earth.spread(ends, (3, 5), 360.0)
    np.testing.assert_allclose(found[0], [179, 179.5, 180, 180.5, 181])
