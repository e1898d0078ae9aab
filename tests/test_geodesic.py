"""Geodesics and ellipse rings against pymap3d and spherical areas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymap3d.vincenty import vdist

from boostwatch.geodesic import destination, ellipse_rings
from boostwatch.geometry import ground_range_m


def signed_area(ring):
    x, y = ring.T
    return 0.5 * np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])


def ground_area_km2(rings):
    """On a sphere: the integral of sin(latitude) over longitude along each ring."""
    total = 0.0
    for ring in rings:
        lon, lat = np.radians(ring).T
        total -= np.sum(np.diff(lon) * (np.sin(lat[:-1]) + np.sin(lat[1:])) / 2)
    return 6371.0**2 * total


def test_destination_agrees_with_pymap3d():
    rng = np.random.default_rng(5)
    lat, lon, heading = rng.uniform(-89, 89, 200), rng.uniform(-180, 180, 200), rng.uniform(0, 360, 200)
    distance = rng.uniform(1, 3e6, 200)
    lat2, lon2 = destination(lat, lon, heading, distance)
    back, towards = np.array([vdist(*p)[:2] for p in zip(lat, lon, lat2, lon2, strict=True)], float).T
    assert back == pytest.approx(distance, abs=2e-3)
    assert np.abs((towards - heading + 180) % 360 - 180).max() < 1e-2
    assert np.all(np.isnan(destination(np.nan, 0.0, 0.0, 1.0)[0]))


@settings(max_examples=60, deadline=None)
@given(
    latitude=st.floats(-80, 80), longitude=st.floats(-180, 180), major=st.floats(0.5, 300), ratio=st.floats(0.1, 1),
    angle=st.floats(0, 180),
)  # fmt: skip
def test_ellipses(latitude, longitude, major, ratio, angle):
    rings = ellipse_rings(latitude, longitude, major, major * ratio, angle)
    for ring in rings:
        assert ring[0].tolist() == ring[-1].tolist()
        assert np.all(np.abs(ring) <= [180, 90])
        assert signed_area(ring) > -1e-9  # counterclockwise
    points = np.vstack(rings)
    points = points[np.abs(points[:, 0]) < 180]
    distance = ground_range_m(latitude, longitude, points[:, 1], points[:, 0]) / 1000
    assert distance.max() == pytest.approx(major, rel=0.002, abs=1e-3)
    if len(rings) == 1:
        assert distance.min() == pytest.approx(major * ratio, rel=0.002, abs=1e-3)


def test_the_major_axis_points_where_it_says():
    (ring,) = ellipse_rings(0, 0, 100, 1, 90)
    assert np.ptp(ring[:, 0]) > 50 * np.ptp(ring[:, 1])
    (ring,) = ellipse_rings(0, 0, 100, 1, 45)
    assert np.corrcoef(ring.T)[0, 1] > 0.99


@pytest.mark.parametrize("longitude", [179.9, -179.9, 180.1])
def test_cut_at_the_antimeridian(longitude):
    west, east = sorted(ellipse_rings(10, longitude, 100, 50, 90), key=lambda ring: ring[0, 0])
    assert west[:, 0].max() < 0 < east[:, 0].min()
    assert west[:, 0].min() == -180
    assert east[:, 0].max() == 180
    assert ground_area_km2([west, east]) == pytest.approx(np.pi * 100 * 50, rel=0.01)


@pytest.mark.parametrize("latitude", [89.99, -89.99, 90.0, -90.0, 89.6, -89.4, 88.0])
@pytest.mark.parametrize("longitude", [0.0, 100.0, -179.95, 180.0])
@pytest.mark.parametrize("angle", [0.0, 70.0])
def test_near_and_over_the_poles(latitude, longitude, angle):
    rings = ellipse_rings(latitude, longitude, 60, 40, angle)
    for ring in rings:
        assert np.all(np.abs(ring) <= [180, 90])
        assert signed_area(ring) > 0
    # Near the pole the Earth is flatter: its radius of curvature is 6399.6 km, against 6371 km here.
    assert ground_area_km2(rings) == pytest.approx(np.pi * 60 * 40 * (6371 / 6399.6) ** 2, rel=0.01)
    holds_pole = max(np.abs(ring[:, 1]).max() for ring in rings) == 90
    if abs(latitude) > 89.98:
        assert holds_pole
    if abs(latitude) < 89:
        assert not holds_pole
