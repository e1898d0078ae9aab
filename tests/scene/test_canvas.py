"""Clouds and images: what the cells of a canvas hold. The Earth has its own tests."""

from __future__ import annotations

import numpy as np
import pytest

from boostwatch.errors import BadData
from boostwatch.geometry import GEO_RADIUS_M, MapPlane, geodetic_to_itrs, look_at
from boostwatch.scene.atmosphere import Atmosphere
from boostwatch.scene.camera import build_sensor
from boostwatch.scene.canvas import image_radiance
from boostwatch.scene.clouds import build_cloud, top_radiance
from boostwatch.scene.scenario import CloudLayer, ImageBackground, Scenario
from boostwatch.scene.texture import power_law_field
from boostwatch.scene.view import Grid, View

POSITION = GEO_RADIUS_M * np.array([np.cos(np.radians(-75.0)), np.sin(np.radians(-75.0)), 0.0])
NOON = np.array([np.cos(np.radians(-80.0)), np.sin(np.radians(-80.0)), 0.0])
PLANE = MapPlane(28.2, -80.6)
SENSOR = build_sensor(Scenario())
GRID = Grid(256, 256, 4, 1)


def view(sun: np.ndarray = NOON, height: float = 0.0, lat: float = 28.2, lon: float = -80.6) -> View:
    return View(SENSOR, GRID, POSITION, look_at(POSITION, geodetic_to_itrs(lat, lon)), sun, height, PLANE)


def test_power_law_slope() -> None:
    field = power_law_field((512, 512), -2.8, 1e4, np.random.default_rng(1))
    assert field.mean() == pytest.approx(0, abs=1e-5)
    assert field.std() == pytest.approx(1, abs=1e-4)
    power = np.abs(np.fft.fft2(field)) ** 2
    k = np.hypot(*np.meshgrid(np.fft.fftfreq(512), np.fft.fftfreq(512)))
    bins = np.geomspace(0.02, 0.4, 12)
    which = np.digitize(k, bins)
    mean = [np.log(power[which == i].mean()) for i in range(1, 12)]
    slope = np.polyfit(np.log(np.sqrt(bins[1:] * bins[:-1])), mean, 1)[0]
    assert slope == pytest.approx(-2.8, abs=0.15)


def test_no_cloud_beyond_the_limb() -> None:
    wide = build_sensor(Scenario.model_validate({"sensor": {"width": 64, "height": 64, "ifov": "5 mrad"}}))
    grid = Grid(64, 64, 2, 1)
    v = View(wide, grid, POSITION, look_at(POSITION, np.zeros(3)), NOON, 0.0, PLANE)
    layer = CloudLayer.model_validate({"coverage": 0.5})
    cloud = build_cloud(layer, v, [Atmosphere("tropical", 3.8, 4.0)], 2e5, (0.0, 0.0), np.random.default_rng(1))
    assert np.isfinite(cloud.light).all()
    assert not cloud.alpha[0].any()


def test_cloud_tops_reach_the_table() -> None:
    air = Atmosphere("us_standard_1976", 2.69, 2.95)
    layer = CloudLayer.model_validate({"altitude": "10 km", "reflectance": 0.03, "temperature": "223.2 K"})
    day = float(top_radiance(layer, air, 10e3, 1.0, 0.5**0.5))
    assert day == pytest.approx(0.1025 + 8.5e-5, rel=0.05)
    assert float(top_radiance(layer, air, 10e3, 1.0, -0.5)) == pytest.approx(8.545e-5, rel=0.03)


@pytest.mark.parametrize("coverage", [0.0, 0.3, 1.0])
def test_cloud_coverage_and_edges(coverage: float) -> None:
    air = Atmosphere("us_standard_1976", 3.8, 4.0)
    layer = CloudLayer.model_validate({"coverage": coverage, "edge": 0.3})
    cloud = build_cloud(layer, view(height=5e3), [air], 1200.0, (0.1, 0.2), np.random.default_rng(3))
    assert (cloud.alpha > 0).mean() == pytest.approx(coverage, abs=0.01)
    assert (cloud.alpha[cloud.alpha > 0] > 0.8).all()  # true edges: nothing between clear and 1 - exp(-0.3 * 6)
    assert ((cloud.light[0] > 0) == (cloud.alpha > 0)).all()


def test_cloud_drifts_and_wraps() -> None:
    air = Atmosphere("us_standard_1976", 3.8, 4.0)
    cloud = build_cloud(CloudLayer(), view(), [air], 1200.0, (0.5, -0.25), np.random.default_rng(3))
    x, y = np.array([20.0, 100.0, 7.0]), np.array([50.0, 60.0, 200.0])
    np.testing.assert_allclose(
        cloud.transmittance(GRID, x, y, 0.0), 1 - cloud.alpha[y.astype(int) + 4, x.astype(int) + 4]
    )
    np.testing.assert_allclose(cloud.transmittance(GRID, x + 4, y - 2, 8.0), cloud.transmittance(GRID, x, y, 0.0))
    np.testing.assert_allclose(cloud.transmittance(GRID, x + 264, y, 0.0), cloud.transmittance(GRID, x, y, 0.0))


def test_image_radiance() -> None:
    grid, background = Grid(20, 24, 3, 2), ImageBackground(file="a.npy", units="mW/m2/sr/um")
    y, x = np.mgrid[0:30, 0:40].astype(float)
    out = image_radiance(1000 * (1 + 0.1 * x + 0.01 * y), background, 2, grid)
    gy, gx = grid.axes()
    np.testing.assert_allclose(out[1], 1 + 0.1 * (gx + 8) + 0.01 * (gy[:, None] + 5), rtol=1e-3)
    for shape in [(10, 24), (3, 30, 40), (30,)]:
        with pytest.raises(BadData, match=r"a\.npy: background\.file: the image does not fit.*at least 20 x 24"):
            image_radiance(np.ones(shape), background, 2, grid)
    with pytest.raises(BadData, match="not finite"):
        image_radiance(np.full((30, 40), np.nan), background, 1, grid)


