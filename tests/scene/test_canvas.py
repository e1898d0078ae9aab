"""Cloud decks, and the canvas that lays them over the ground."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from boostwatch.geometry import MapPlane
from boostwatch.scene.atmosphere import Atmosphere
from boostwatch.scene.camera import build_sensor
from boostwatch.scene.canvas import Canvas
from boostwatch.scene.clouds import CloudDeck, top_radiance
from boostwatch.scene.platform import Platform
from boostwatch.scene.scenario import CloudLayer, Scenario
from boostwatch.scene.texture import EvolvingField, FieldShape, power_law_field
from boostwatch.scene.view import Grid
from boostwatch.scene.world import World

DARK = {"kind": "uniform", "radiance": ["0 W/m2/sr/um"]}
PLANE = MapPlane(28.2, -80.6)


def slope(field: np.ndarray) -> float:
    """Radial slope of the two-dimensional power spectrum."""
    power = np.abs(np.fft.fft2(field)) ** 2
    k = np.hypot(*np.meshgrid(np.fft.fftfreq(len(field)), np.fft.fftfreq(len(field))))
    bins = np.geomspace(0.02, 0.4, 12)
    which = np.digitize(k, bins)
    mean = [np.log(power[which == i].mean()) for i in range(1, 12)]
    return float(np.polyfit(np.log(np.sqrt(bins[1:] * bins[:-1])), mean, 1)[0])


def deck(seed: int = 3, texels: int = 256, **settings: Any) -> CloudDeck:
    return CloudDeck(CloudLayer.model_validate(settings), PLANE, 600.0, texels, np.random.default_rng(seed))


def canvas(jobs: int = 1, **settings: Any) -> Canvas:
    sensor_settings = {"width": 96, "height": 64}
    scenario = Scenario.model_validate({"sensor": sensor_settings, "background": DARK, **settings})
    sensor, platform = build_sensor(scenario), Platform(scenario)
    grid = Grid(64, 96, 6, 2)
    world = World(scenario, sensor, platform, lambda _, n: np.random.default_rng(n))
    return Canvas(world, scenario, sensor, platform, grid, images={}, end_s=600.0, jobs=jobs)


def cells(c: Canvas, time_s: float) -> np.ndarray:
    with c.composed(time_s) as out:
        return out.copy()


def test_power_law_slope() -> None:
    field = power_law_field((512, 512), -2.8, 1e4, np.random.default_rng(1))
    assert field.mean() == pytest.approx(0, abs=1e-5)
    assert field.std() == pytest.approx(1, abs=1e-4)
    assert slope(field) == pytest.approx(-2.8, abs=0.15)


def test_an_evolving_field_keeps_its_spectrum_and_forgets_itself_as_it_says() -> None:
    lifetime, shape = 1000.0, (256, 256)
    field = EvolvingField(shape, FieldShape(-2.8, 1e3), lifetime, 16.0, np.random.default_rng(2))
    start, later = field.at(0.0), field.at(300.0)
    assert later.std() == pytest.approx(1, abs=0.02)
    assert slope(later) == pytest.approx(slope(start), abs=0.1)
    a, b = np.fft.fft2(start), np.fft.fft2(later)
    k = np.hypot(*np.meshgrid(np.fft.fftfreq(256), np.fft.fftfreq(256), indexing="ij"))
    for low, high in ((0.02, 0.03), (0.06, 0.07), (0.15, 0.17)):
        ring = (k > low) & (k < high)
        kept = np.real((a * b.conj())[ring].sum()) / np.sqrt(
            (np.abs(a[ring]) ** 2).sum() * (np.abs(b[ring]) ** 2).sum()
        )
        age = 300.0 / lifetime * (16.0 * 0.5 * (low + high)) ** (2 / 3)
        assert kept == pytest.approx(np.exp(-(age**2) / 2), abs=4 / np.sqrt(ring.sum()) + 0.04)


def test_a_frozen_field_stays() -> None:
    field = EvolvingField((64, 64), FieldShape(-2.8, 100.0), np.inf, 16.0, np.random.default_rng(2))
    assert (field.at(1e5) == field.at(0.0)).all()


@pytest.mark.parametrize("coverage", [0.1, 0.4, 1.0])
def test_coverage(coverage: float) -> None:
    d = deck(coverage=coverage, edge=0.5)
    east, north = (a.ravel() for a in np.meshgrid(np.arange(256) * 600.0, np.arange(256) * 600.0))
    clear = d.transmittance(east, north, np.ones(len(east)), 0.0)
    assert (clear < 0.5 * (1 + np.exp(-3.0))).mean() == pytest.approx(coverage, abs=0.02)
    assert clear.min() >= np.exp(-6.0) * 0.999


def test_a_deck_drifts_with_the_wind_and_repeats() -> None:
    d = deck(wind_speed="20 m/s", wind_direction="90 deg", lifetime="1e9 s")
    east, north = np.array([0.0, 7000.0, -33e3]), np.array([1200.0, 9000.0, 50e3])
    one = np.ones(3)
    np.testing.assert_allclose(
        d.transmittance(east + 2000.0, north, one, 100.0), d.transmittance(east, north, one, 0.0), atol=1e-3
    )
    tile = 256 * 600.0
    np.testing.assert_allclose(
        d.transmittance(east + tile, north - tile, one, 5.0), d.transmittance(east, north, one, 5.0), atol=1e-5
    )
    assert d.transmittance(np.array([np.nan]), np.array([0.0]), np.ones(1), 0.0) == 1.0


def test_cloud_tops_reach_the_table() -> None:
    air = Atmosphere("us_standard_1976", 2.69, 2.95)
    layer = CloudLayer.model_validate({"altitude": "10 km", "reflectance": 0.03, "temperature": "223.2 K"})
    day = float(top_radiance(layer, air, 10e3, 1.0, 0.5**0.5))
    assert day == pytest.approx(0.1025 + 8.5e-5, rel=0.05)
    assert float(top_radiance(layer, air, 10e3, 1.0, -0.5)) == pytest.approx(8.545e-5, rel=0.03)


def test_the_parabola_in_depth_meets_the_tops_it_stands_for() -> None:
    d = deck(altitude="4 km", thickness="3 km")
    air = [Atmosphere("us_standard_1976", 3.8, 4.0)]
    c = canvas(clouds=[{}])
    view = c._view(0.0, 4000.0, c.grid)
    _, tops = d.nodes(view, air)
    for depth in (0.0, 0.3, 0.5, 0.8, 1.0):
        wanted = top_radiance(
            d.layer, air[0], np.full(view.secant.shape, 4000 + 3000 * depth), view.secant, view.cos_sun
        )
        found = tops[0, 0] + depth * (tops[0, 1] + depth * tops[0, 2])
        np.testing.assert_allclose(found, wanted, rtol=0.01)


def test_between_exact_views_the_decks_follow_the_wind() -> None:
    c = canvas(clouds=[{"wind_speed": "30 m/s", "coverage": 0.5, "lifetime": "1e7 s"}])
    assert c.speed_px_s == pytest.approx(30 / 1120, rel=0.1)
    middle = 0.5 * c.exact_s
    between = cells(c, middle)
    c._static, c._room = False, 0
    exact = cells(c, middle)
    contrast = exact.std()
    assert np.sqrt(((between - exact) ** 2).mean()) < 0.1 * contrast
    assert np.corrcoef(between[1].ravel(), exact[1].ravel())[0, 1] > 0.995


def test_a_platform_that_hardly_moves_has_exact_views_as_often_as_one_that_stands() -> None:
    standing = {"kind": "geo", "longitude": "-75 deg"}
    circling = {
        "kind": "orbit", "preset": "qzss", "eccentricity": 0.0, "inclination": "0 deg", "node_longitude": "0 deg",
        "true_anomaly": "15 deg",
    }  # fmt: skip
    layer = {"lifetime": "600 s", "wind_speed": "0 m/s"}
    still, moving = (canvas(clouds=[layer], platform=p) for p in (standing, circling))
    assert moving.speed_px_s < 1e-4
    assert moving.exact_s == pytest.approx(still.exact_s, rel=1e-3)
    # Nothing but the sun changes a ground without cloud.
    assert canvas(background={"kind": "earth"}, platform=circling).exact_s == 600


def test_the_same_cells_for_any_number_of_threads() -> None:
    settings = {"clouds": [{"coverage": 0.5}, {"altitude": "9 km", "coverage": 0.3}], "background": {"kind": "earth"}}
    one, three = canvas(**settings), canvas(jobs=3, **settings)
    assert cells(one, 77.0).tobytes() == cells(three, 77.0).tobytes()


def test_decks_lie_above_the_ground_in_their_order() -> None:
    low = {"altitude": "2 km", "coverage": 1.0, "optical_depth": 100, "edge": 1.0, "thickness": "0 m"}
    high = {**low, "altitude": "10 km"}
    both, top = canvas(clouds=[high, low]), canvas(clouds=[high])
    np.testing.assert_allclose(cells(both, 0.0), cells(top, 0.0), rtol=1e-5)
    assert [d.layer.altitude for d in both._world.decks] == [2000.0, 10000.0]


def test_a_scene_without_change_is_one_array() -> None:
    c = canvas(background={"kind": "uniform", "radiance": ["0.3 W/m2/sr/um"]})
    with c.composed(0.0) as a, c.composed(500.0) as b:
        assert a is b
    assert np.isinf(c.exact_s)
    assert c.speed_px_s == 0
