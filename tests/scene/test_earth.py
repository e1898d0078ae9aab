"""The Earth under a view: geometry, land cover, temperature, radiance, limb."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import RectBivariateSpline
from scipy.ndimage import binary_erosion

from boostwatch.errors import BadData
from boostwatch.geometry import (
    GEO_RADIUS_M,
    MapPlane,
    geodetic_to_itrs,
    look_at,
    multiply_quaternions,
    quaternion_to_matrix,
    sun_direction,
    tilt_quaternion,
)
from boostwatch.scene import surface
from boostwatch.scene.atmosphere import Atmosphere
from boostwatch.scene.camera import build_sensor
from boostwatch.scene.earth import EarthRadiance, surface_radiance
from boostwatch.scene.glint import SeaSurface
from boostwatch.scene.radiometry import sun_irradiance
from boostwatch.scene.scenario import EarthBackground, Scenario
from boostwatch.scene.view import Grid, View, tangent_height_m
from boostwatch.settings import parse_toml

Array = np.ndarray
POSITION = GEO_RADIUS_M * np.array([np.cos(np.radians(-75.0)), np.sin(np.radians(-75.0)), 0.0])
NOON = np.array([np.cos(np.radians(-80.0)), np.sin(np.radians(-80.0)), 0.0])
NIGHT = -NOON
SENSOR = build_sensor(Scenario())
GRID = Grid(256, 256, 4, 1)
WINDOW = Atmosphere("us_standard_1976", 3.80, 4.00)
SWIR = Atmosphere("us_standard_1976", 2.69, 2.95)
MWIR = Atmosphere("us_standard_1976", 4.20, 4.45)
BARE = EarthBackground.model_validate({"texture": 0.0, "coast_detail": "0 deg"})


def place_direction(lat: float, lon: float) -> Array:
    a, b = np.radians([lat, lon])
    return np.array([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)])


def view(
    sun: Array = NOON,
    lat: float = 28.2,
    lon: float = -80.6,
    *,
    ifov: str = "30 urad",
    size: int = 256,
    turn: float = 0.0,
) -> tuple[View, MapPlane]:
    sensor = build_sensor(Scenario.model_validate({"sensor": {"width": size, "height": size, "ifov": ifov}}))
    attitude = look_at(POSITION, geodetic_to_itrs(lat, lon))
    attitude = multiply_quaternions(attitude, tilt_quaternion(turn, 0.0))
    plane = MapPlane(lat, lon)
    return View(sensor, Grid(size, size, 4, 1), POSITION, attitude, sun, 0.0, plane), plane


def radiance(v: View, plane: MapPlane, *air: Atmosphere, background: EarthBackground | None = None) -> Array:
    earth = EarthRadiance(
        background or EarthBackground(), plane, 1200.0, np.random.default_rng(2), day_of_year=172, cells=256
    )
    return earth.radiance(v, air or (WINDOW,))


# Geometry


def test_view_matches_geometry() -> None:
    v, plane = view()
    lat, lon = v.spread64(v.latitude_deg), v.spread64(v.longitude_deg)
    y, x = GRID.axes()
    row, column = 40, 200
    ray = geodetic_to_itrs(lat[row, column], lon[row, column], 0.0) - POSITION
    px, py = SENSOR.project(ray @ quaternion_to_matrix(look_at(POSITION, geodetic_to_itrs(28.2, -80.6))))
    assert (float(px), float(py)) == (pytest.approx(x[column], abs=2e-3), pytest.approx(y[row], abs=2e-3))
    back = plane.inverse(v.east_m, v.north_m)
    np.testing.assert_allclose(back, (v.latitude_deg, v.longitude_deg), atol=1e-9)
    assert not v.dense
    assert np.diff(v.node_y) == pytest.approx(v.node_y[1] - v.node_y[0])
    assert v.node_y[1] - v.node_y[0] <= 8
    assert (v.node_y[0], v.node_y[-1]) == (y[0], y[-1])


def test_angles_of_a_view() -> None:
    sun = place_direction(10.0, -60.0)
    v, _ = view(sun)
    i = (3, 7)
    up = place_direction(v.latitude_deg[i], v.longitude_deg[i])
    here = geodetic_to_itrs(v.latitude_deg[i], v.longitude_deg[i])
    to_sensor = (POSITION - here) / np.linalg.norm(POSITION - here)
    assert v.cos_zenith[i] == pytest.approx(up @ to_sensor, abs=1e-9)
    assert v.secant[i] == pytest.approx(1 / (up @ to_sensor), rel=1e-9)
    near = sun - here / 149597870700.0  # from the place, not from the Earth's centre
    assert v.cos_sun[i] == pytest.approx(up @ near / np.linalg.norm(near), abs=2e-7)
    assert v.cos_phase[i] == pytest.approx(to_sensor @ sun, abs=1e-12)


def test_linear_interpolation_between_nodes_is_good_to_a_hundredth_of_a_pixel() -> None:
    v, _ = view(ifov="30 urad")
    middle = 0.25 * (
        v.latitude_deg[1:, 1:] + v.latitude_deg[:-1, 1:] + v.latitude_deg[1:, :-1] + v.latitude_deg[:-1, :-1]
    )
    y, x = (0.5 * (a[1:] + a[:-1]) for a in (v.node_y, v.node_x))
    whole = v.spread64(v.latitude_deg)
    gy, gx = Grid(256, 256, 4, 1).axes()
    there = RectBivariateSpline(gy, gx, whole)(y, x)
    assert np.abs(middle - there).max() * 111e3 < 0.01 * 1200


def test_past_the_limb() -> None:
    v, _ = view(lat=0.0, lon=-75.0, ifov="5 mrad", size=64)
    assert v.dense
    disk = np.pi * (np.arcsin(6378e3 / GEO_RADIUS_M) / 5e-3) ** 2  # px
    assert v.hit.sum() == pytest.approx(disk, rel=0.03)
    assert (np.isfinite(v.latitude_deg) == v.hit).all()
    assert (np.isnan(v.tangent_height_m) == v.hit).all()
    assert (v.tangent_height_m[~v.hit] > 0).all()
    assert v.secant[v.hit].max() <= 1000


def test_tangent_height_by_closed_form() -> None:
    """In the plane of the equator the ellipsoid is a circle."""
    angle = np.arcsin((6378137.0 + np.array([0.0, 10e3, 100e3])) / GEO_RADIUS_M)
    rays = np.stack([-np.cos(angle), np.sin(angle), np.zeros(3)], -1)
    np.testing.assert_allclose(tangent_height_m(np.array([GEO_RADIUS_M, 0, 0]), rays), [0, 10e3, 100e3], atol=1e-3)
    assert tangent_height_m(np.array([GEO_RADIUS_M, 0, 0]), np.array([1.0, 0, 0])) == np.inf


# Land cover


@pytest.mark.parametrize(
    ("lat", "lon", "allowed"),
    [
        (28.5, -81.5, set(range(1, 15))), (28.0, -78.0, {0}), (0.0, -140.0, {0}), (24.0, 10.0, {16}),
        (-75.0, 45.0, {15}), (48.87, 2.33, {13}), (-3.0, -62.0, {2}), (72.0, -40.0, {15}), (47.5, -87.5, {0}),
        (61.0, 100.0, set(range(1, 10))), (23.0, 45.0, {16, 7}), (-25.0, 130.0, {7, 10, 16}), (42.0, 50.5, {0}),
        (68.0, 160.0, {8, 9, 10, 17}), (65.8, 176.5, {17}),
    ],
)  # fmt: skip
def test_land_cover_at_known_places(lat: float, lon: float, allowed: set[int]) -> None:
    assert int(surface.classes_at(lat, lon)) in allowed


def test_land_cover_has_the_earths_share_of_land() -> None:
    table = surface.land_cover()
    assert table.shape == (3600, 7200)
    assert table.max() == surface.TUNDRA
    weight = np.cos(np.radians(90 - (np.arange(3600) + 0.5) / 20))
    land = ((table != surface.WATER).mean(axis=1) * weight).sum() / weight.sum()
    assert land == pytest.approx(0.29, abs=0.01)
    assert len(surface.CLASSES) == len(surface.EMISSIVITY) == len(surface.DAILY_K) == 18


def test_the_date_line_has_no_seam() -> None:
    a = surface.classes_at([65.0, 65.0], [179.99, -180.01])
    np.testing.assert_array_equal(a, surface.classes_at([65.0, 65.0], [-180.01, 179.99]))


def test_coasts_are_soft_over_a_cell() -> None:
    """Between land and sea lie cells of both, and no radiance leaves the range of the two."""
    v, plane = view(NIGHT)
    out = radiance(v, plane, background=BARE)[0]
    low, high = np.percentile(out, [5, 95])
    share = (out - low) / (high - low)
    assert 0.2 < (share < 0.5).mean() < 0.8
    assert ((share > 0.35) & (share < 0.65)).sum() > 100
    assert (share > -0.5).all()
    assert (share < 1.5).all()


# Temperature


def test_surface_temperatures_are_sane() -> None:
    barren, sea, snow = np.uint8([16, 0, 15])
    day = surface.surface_temperature(np.array([barren, sea, snow]), 25.0, -60.0, NOON)
    night = surface.surface_temperature(np.array([barren, sea, snow]), 25.0, -60.0, NIGHT)
    assert 305 < day[0] < 330
    assert 265 < night[0] < 290
    assert day[1] == night[1]
    assert 290 < day[1] < 302
    assert day[2] <= 272


def test_sea_agrees_with_a_climatology() -> None:
    """Zonal means of HadISST1 (Rayner et al., J. Geophys. Res. 108, 4407, 2003), August 2012, deg C, to 1 K."""
    latitude = np.array([-60, -50, -40, -30, -20, -10, 0, 10, 20, 30, 40, 50, 60, 70, 80])
    celsius = np.array([0.2, 5.4, 12.4, 18.3, 22.7, 25.8, 27.2, 28.3, 27.6, 26.3, 22.8, 14.3, 10.6, 6.0, 0.7])
    found = surface.sea_temperature(latitude, NOON, 228) - 273.15
    np.testing.assert_allclose(found, celsius, atol=1.0)


def test_seasons() -> None:
    june, december = place_direction(23.44, 0.0), place_direction(-23.44, 0.0)
    for f in (surface.sea_temperature, surface.land_temperature):
        for latitude, sign in ((45.0, 1), (-35.0, -1)):
            assert sign * (f(latitude, june) - f(latitude, december)) > 1.5
    land = [float(surface.land_temperature(50.0, NOON, day)) for day in (1, 91, 200, 290)]
    assert max(land) == land[2]
    assert np.ptp(land) == pytest.approx(29, abs=3)
    sea = np.array([float(surface.sea_temperature(40.0, NOON, day)) for day in range(1, 366)])
    assert np.argmax(sea) + 1 == pytest.approx(172 + 65, abs=2)


def test_daily_swing_has_no_mean_and_ends_in_the_polar_night() -> None:
    longitude = np.arange(0, 360, 5.0)
    phase = surface.daily_phase(20.0, longitude, NOON)
    assert phase.mean() == pytest.approx(0, abs=1e-12)
    assert longitude[np.argmax(phase)] == pytest.approx((-80 + 1.5 * 15) % 360, abs=5)
    assert (surface.daily_phase(80.0, longitude, place_direction(-20.0, 0.0)) == 0).all()


def test_emissivity_between_the_regions() -> None:
    np.testing.assert_allclose(surface.emissivity(2.69, 2.95), surface.EMISSIVITY[:, 1])
    np.testing.assert_allclose(surface.emissivity(4.20, 4.45), surface.EMISSIVITY[:, 3], atol=1e-3)
    assert (surface.EMISSIVITY > 0.5).all()
    assert (surface.EMISSIVITY < 1).all()


# Radiance


@pytest.mark.parametrize("air", [SWIR, WINDOW, MWIR], ids=["SWIR", "window", "MWIR"])
def test_open_sea_by_the_radiometric_equation(air: Atmosphere) -> None:
    """Kernel and tables against the equation itself, by night and in the glint."""
    for sun in (NIGHT, place_direction(5.0, -70.0)):
        v, plane = view(sun, lat=4.0, lon=-95.0, size=64)
        out = radiance(v, plane, air, background=BARE)[0]
        sea = SeaSurface(air.lower_um, air.upper_um, 7.0)
        kelvin = surface.sea_temperature(v.latitude_deg, sun, 172)
        wanted = surface_radiance(air, 0.0, v.secant, kelvin, sea.emissivity(v.cos_zenith))
        lit = np.maximum(v.cos_sun, 1e-3)
        glint = sea.brdf(v.cos_zenith, v.cos_sun, v.cos_phase) * sun_irradiance(air.lower_um, air.upper_um)
        wanted = wanted + glint * np.maximum(v.cos_sun, 0) * air.two_way(0.0, v.secant, 1 / lit)
        np.testing.assert_allclose(out, v.spread(wanted), rtol=3e-3)


def test_day_and_night() -> None:
    day, night = (radiance(*view(sun), SWIR, WINDOW, MWIR) for sun in (NOON, NIGHT))
    v, _ = view()
    lat, lon = v.spread64(v.latitude_deg), v.spread64(v.longitude_deg)
    sea = surface.classes_at(lat, lon) == surface.WATER
    assert 0.3 < sea.mean() < 0.8
    assert 0.3 < np.median(night[1][sea]) < 0.5
    assert 0.5 < np.median(day[1][~sea]) < 1.1
    assert np.median(night[1][~sea]) < np.median(night[1][sea])
    assert np.median(day[0][~sea]) > 1.5 * np.median(night[0][~sea])
    assert 0.05 < day[2].min() < day[2].max() < 0.06
    assert np.abs(day[2] / night[2] - 1).max() < 0.02  # 4.3 um knows no sun and hardly the ground


def test_no_sun_at_night() -> None:
    """Without its warmth, a sun below the horizon changes nothing, wherever it is."""
    low, deep = (view(place_direction(-10.0, lon), lat=4.0, lon=-95.0, size=64) for lon in (20.0, 60.0))
    a, b = (radiance(v, plane, SWIR, WINDOW, background=BARE) for v, plane in (low, deep))
    np.testing.assert_array_equal(a, b)


def test_clear_land_is_not_smooth() -> None:
    v, plane = view(place_direction(20.0, 0.0), lat=15.0, lon=-90.0)
    out = radiance(v, plane)[0]
    lat, lon = v.spread64(v.latitude_deg), v.spread64(v.longitude_deg)
    land = surface.classes_at(lat, lon) != surface.WATER
    inside, offshore = binary_erosion(land, iterations=2), binary_erosion(~land, iterations=10)
    rough, calm = (np.diff(out, axis=1)[where[:, 1:]] for where in (inside, offshore))
    # GOES-16 tiles: 0.0228 W/m2/sr/um rms over all scenes, clouds and edges; clear night land must stay below.
    assert 0.002 < rough.std() < 0.0228
    assert calm.std() < 0.5 * rough.std()


def test_textures_stay_with_the_ground() -> None:
    """A camera turned by ten pixels sees the same ground ten pixels further on."""
    sun = place_direction(20.0, -90.0)
    (still, plane), (turned, _) = view(sun), view(sun, turn=10 * 30e-6)
    earth = EarthRadiance(EarthBackground(), plane, 1200.0, np.random.default_rng(2), cells=256)
    a, b = (earth.radiance(v, (WINDOW,))[0] for v in (still, turned))
    near, far = a[:, 20:-20], b[:, 30:-10]
    assert np.corrcoef(near.ravel(), far.ravel())[0, 1] > 0.999
    assert np.abs(near - far).mean() < 0.05 * near.std()


def test_the_same_seed_gives_the_same_bytes() -> None:
    v, plane = view()
    a, b = (radiance(v, plane, SWIR, WINDOW) for _ in range(2))
    assert a.tobytes() == b.tobytes()


def test_bands_do_not_depend_on_each_other() -> None:
    v, plane = view()
    both = radiance(v, plane, SWIR, WINDOW)
    np.testing.assert_array_equal(both[1], radiance(v, plane, WINDOW)[0])


def test_full_disk_with_limb_and_space() -> None:
    v, plane = view(lat=0.0, lon=-75.0, ifov="1.5 mrad", size=256)
    out = radiance(v, plane, WINDOW, MWIR)
    assert np.isfinite(out).all()
    assert (out >= 0).all()
    assert (out[:, 0] == 0).all()
    assert out[0, 132, 132] > 0.3
    edge = v.tangent_height_m < 40e3
    assert edge.sum() > 20
    assert (out[1][edge] > 1.3 * out[1, 132, 132]).all()  # 4.3 um: brighter than the disk


def test_the_limb_is_continuous() -> None:
    """A column across the horizon from GEO, 0.5 km a pixel there."""
    v, plane = view(NIGHT, lat=78.0, lon=-75.0, ifov="15 urad", size=256, turn=0.0)
    attitude = look_at(POSITION, geodetic_to_itrs(81.0, -75.0))
    sensor = build_sensor(Scenario.model_validate({"sensor": {"width": 64, "height": 256, "ifov": "15 urad"}}))
    v = View(sensor, Grid(256, 64, 2, 1), POSITION, attitude, NIGHT, 0.0, plane)
    assert v.dense
    column = radiance(v, plane, WINDOW, MWIR, background=BARE)[:, :, 33]
    ground = np.flatnonzero(v.hit[:, 33])[0]
    for line in column:
        assert line[ground] == pytest.approx(line[ground - 1], rel=0.2)
    height = v.tangent_height_m[:ground, 33]
    assert (np.diff(height) < 0).all()
    assert (np.diff(column[0][:ground]) >= 0).all()  # 3.9 um rises all the way down


def test_wind_is_a_setting() -> None:
    sun = place_direction(8.0, -115.0)
    v, plane = view(sun, lat=4.0, lon=-95.0, ifov="200 urad", size=128)
    calm, rough = (
        radiance(v, plane, SWIR, background=BARE.model_copy(update={"wind": wind}))[0] for wind in (1.0, 14.0)
    )
    assert calm.max() > 1.5 * rough.max()
    for text, line in (
        ('wind = "40 m/s"', r"background\.wind: should be less than or equal to 30 m/s; found '40 m/s'"),
        ("wind = 7", r"background\.wind: needs a unit"),
        ('wind = "-1 m/s"', r"background\.wind: should be greater than or equal to 0 m/s"),
    ):
        with pytest.raises(BadData, match=line):
            parse_toml(f'[background]\nkind = "earth"\n{text}\n', Scenario)


def test_sun_direction_is_used_at_noon() -> None:
    sun = sun_direction("2026-03-20T12:00:00Z")
    assert np.degrees(np.arcsin(sun[2])) == pytest.approx(0, abs=0.5)
