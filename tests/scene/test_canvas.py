"""Earth, clouds, images: what the cells of a canvas hold."""

from __future__ import annotations

import numpy as np
import pytest

from boostwatch.errors import BadData
from boostwatch.geometry import GEO_RADIUS_M, geodetic_to_itrs, look_at, sun_direction
from boostwatch.scene import earth
from boostwatch.scene.atmosphere import Atmosphere
from boostwatch.scene.camera import build_sensor
from boostwatch.scene.canvas import image_radiance
from boostwatch.scene.clouds import build_cloud, top_radiance
from boostwatch.scene.scenario import CloudLayer, EarthBackground, ImageBackground, Scenario
from boostwatch.scene.texture import power_law_field
from boostwatch.scene.view import Grid, View

POSITION = GEO_RADIUS_M * np.array([np.cos(np.radians(-75.0)), np.sin(np.radians(-75.0)), 0.0])
NOON = np.array([np.cos(np.radians(-80.0)), np.sin(np.radians(-80.0)), 0.0])
NIGHT = -NOON
SENSOR = build_sensor(Scenario())
GRID = Grid(256, 256, 4, 1)


def view(sun: np.ndarray = NOON, height: float = 0.0, lat: float = 28.2, lon: float = -80.6) -> View:
    return View(SENSOR, GRID, POSITION, look_at(POSITION, geodetic_to_itrs(lat, lon)), sun, height)


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


def test_land_cover_knows_land_and_sea() -> None:
    lat = [28.5, 28.0, 0.0, 24.0, -75.0, 48.9]
    lon = [-81.5, -78.0, -140.0, 10.0, 45.0, 2.35]
    found = earth.classes_at(lat, lon)
    assert found[1] == found[2] == earth.WATER
    assert found[0] not in (earth.WATER, earth.SNOW)
    assert found[3] == earth.BARREN
    assert found[4] == earth.SNOW
    assert found[5] == 13
    assert len(earth.CLASSES) == len(earth.EMISSIVITY) == 17


def test_the_date_line_has_no_seam() -> None:
    assert (
        earth.classes_at([65.0, 65.0], [179.99, -180.01]) == earth.classes_at([65.0, 65.0], [-180.01, 179.99])
    ).all()


def test_surface_temperatures_are_sane() -> None:
    barren, sea, snow = np.uint8([16, 0, 15])
    day = earth.surface_temperature(np.array([barren, sea, snow]), 25.0, -60.0, NOON)
    night = earth.surface_temperature(np.array([barren, sea, snow]), 25.0, -60.0, NIGHT)
    assert 300 < day[0] < 330
    assert 265 < night[0] < 285
    assert day[1] == night[1]
    assert 285 < day[1] < 300
    assert day[2] <= 272


def test_view_matches_geometry() -> None:
    v = view()
    lat, lon = v.spread64(v.latitude_deg), v.spread64(v.longitude_deg)
    y, x = GRID.axes()
    row, column = 40, 200
    ray = geodetic_to_itrs(lat[row, column], lon[row, column], 0.0) - POSITION
    from boostwatch.geometry import quaternion_to_matrix

    px, py = SENSOR.project(ray @ quaternion_to_matrix(look_at(POSITION, geodetic_to_itrs(28.2, -80.6))))
    assert (float(px), float(py)) == (pytest.approx(x[column], abs=2e-3), pytest.approx(y[row], abs=2e-3))


def surface(sun: np.ndarray, band: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    ground = earth.EarthRadiance(view(sun), EarthBackground(), sun, 1200.0, np.random.default_rng(2))
    return ground.radiance(Atmosphere("us_standard_1976", *band)), ground.classes


def test_earth_radiance_by_day_and_night() -> None:
    day, classes = surface(NOON, (3.72, 4.08))
    night, _ = surface(NIGHT, (3.72, 4.08))
    sea = classes == earth.WATER
    assert 0.3 < sea.mean() < 0.8
    assert 0.25 < np.median(night[sea]) < 0.45
    assert 0.5 < np.median(day[~sea]) < 0.9
    assert np.median(night[~sea]) < np.median(night[sea])
    uniform, _ = surface(NOON, (4.20, 4.45))
    assert 0.05 < uniform.min() < uniform.max() < 0.06


def test_the_limb_is_dark_beyond() -> None:
    wide = build_sensor(Scenario.model_validate({"sensor": {"width": 64, "height": 64, "ifov": "5 mrad"}}))
    grid = Grid(64, 64, 2, 1)
    v = View(wide, grid, POSITION, look_at(POSITION, np.zeros(3)), NOON, 0.0)
    out = earth.EarthRadiance(v, EarthBackground(), NOON, 2e5, np.random.default_rng(0)).radiance(
        Atmosphere("tropical", 3.8, 4.0)
    )
    assert (out[0] == 0).all()
    assert out[34, 34] > 0.1
    assert np.isfinite(out).all()
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


def test_sun_direction_is_used_at_noon() -> None:
    sun = sun_direction("2026-03-20T12:00:00Z")
    assert np.degrees(np.arcsin(sun[2])) == pytest.approx(0, abs=0.5)
