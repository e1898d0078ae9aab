"""The sensor's place and attitude against astropy, pymap3d, sgp4 and closed forms."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import astropy.units as u
import numpy as np
import pymap3d
import pytest
from astropy.coordinates import (
    ITRS,
    TEME,
    AltAz,
    CartesianRepresentation,
    EarthLocation,
    get_sun,
)
from astropy.time import Time
from pymap3d.los import lookAtSpheroid
from sgp4.api import Satrec

from boostwatch import geometry as g
from boostwatch.errors import BadData
from boostwatch.scene.camera import build_sensor
from boostwatch.scene.platform import Platform
from boostwatch.scene.scenario import Scenario

WGS84 = pymap3d.Ellipsoid.from_name("wgs84")
EPOCH = "2026-06-21T15:00:00Z"
VANGUARD = (  # a civil satellite of 1958, from the test cases that sgp4 ships
    "1 00005U 58002B   00179.78495062  .00000023  00000-0  28098-4 0  4753",
    "2 00005  34.2682 348.7242 1859667 331.7664  19.3264 10.82419157413667",
)
VIEWS: dict[str, dict[str, Any]] = {
    "geo": {"kind": "geo"},
    "molniya": {"kind": "orbit", "preset": "molniya", "boresight_latitude": "62 deg"},
    "leo": {"kind": "orbit", "preset": "leo", "boresight_longitude": "-77 deg", "pointing": "fixed", "roll": "20 deg"},
    "sso": {"kind": "orbit", "preset": "sso", "boresight_latitude": "78 deg", "pointing": "nadir"},
}


def make(platform: dict[str, Any], **more: Any) -> Scenario:
    return Scenario.model_validate({"platform": platform, "epoch": EPOCH, **more})


def degrees_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.degrees(2 * np.arcsin(np.linalg.norm(a - b, axis=-1) / 2))


@pytest.mark.parametrize("name", VIEWS)
def test_ground_points_and_view_angles_agree_with_pymap3d_and_astropy(name: str) -> None:
    scenario = make(VIEWS[name], sensor={"ifov": "1 mrad" if name in ("leo", "sso") else "100 urad"})
    sensor, platform = build_sensor(scenario), Platform(scenario)
    for time in (0.0, 45.0):
        position, attitude = platform.state(time)
        x, y = np.meshgrid(np.linspace(0, 255, 7), np.linspace(0, 255, 7))
        rays = sensor.rays(x, y) @ g.quaternion_to_matrix(attitude).T
        point = g.intersect_earth(position, rays)
        assert np.isfinite(point).all()
        lat0, lon0, h0 = g.itrs_to_geodetic(position)
        # pymap3d's one step of iteration is 1e-4 deg, 90 m, off at 39 000 km: it checks our place, but gives no other.
        np.testing.assert_allclose(pymap3d.ecef2geodetic(*position, WGS84)[:2], (lat0, lon0), atol=0.001)
        np.testing.assert_allclose(pymap3d.geodetic2ecef(lat0, lon0, h0, WGS84), position, atol=1e-3)
        east, north, up = np.moveaxis(rays @ g.enu_basis(lat0, lon0).T, -1, 0)
        azimuth, tilt = np.degrees(np.arctan2(east, north)), np.degrees(np.arccos(np.clip(-up, -1, 1)))
        lat, lon, distance = lookAtSpheroid(lat0, lon0, h0, azimuth, tilt, WGS84)
        theirs = np.stack(pymap3d.geodetic2ecef(lat, lon, 0.0, WGS84), -1)
        assert np.linalg.norm(theirs - point, axis=-1).max() < 10
        np.testing.assert_allclose(np.linalg.norm(point - position, axis=-1), distance, atol=10)

        our_lat, our_lon, _ = g.itrs_to_geodetic(point)
        la, lo = np.radians(our_lat), np.radians(our_lon)
        normal = np.stack([np.cos(la) * np.cos(lo), np.cos(la) * np.sin(lo), np.sin(la)], -1)
        elevation = 90 - np.degrees(np.arccos(np.clip(-(normal * rays).sum(-1), -1, 1)))
        _, theirs, _ = pymap3d.ecef2aer(*position, lat, lon, np.zeros_like(lat), WGS84)
        np.testing.assert_allclose(elevation, theirs, atol=0.001)
        with g.offline_earth_orientation():
            when = Time(g.utc_after(EPOCH, time)[:-1], scale="utc")
            site = EarthLocation.from_geodetic(our_lon[2, 3], our_lat[2, 3], 0.0)
            seen = ITRS(
                CartesianRepresentation((position - point[2, 3]) * u.m), obstime=when, location=site
            ).transform_to(AltAz(obstime=when, location=site))
        assert seen.alt.to_value("deg") == pytest.approx(elevation[2, 3], abs=0.001)


def test_sun_angles_on_the_ground_agree_with_astropy() -> None:
    """The Sun where it is, parallax included; astropy's altitude without refraction."""
    lat, lon = np.array([28.2, -60.0, 5.0, 78.0]), np.array([-80.6, -10.0, -170.0, 40.0])
    for seconds in (0.0, 600.0):
        sun = g.sun_directions(EPOCH, seconds)
        ours = g.sun_cosine(np.array([g.enu_basis(*place)[2] for place in zip(lat, lon, strict=True)]), sun)
        with g.offline_earth_orientation():
            when = Time(g.utc_after(EPOCH, seconds)[:-1], scale="utc")
            site = EarthLocation.from_geodetic(lon, lat)
            theirs = get_sun(when).transform_to(AltAz(obstime=when, location=site)).alt.to_value("deg")
        np.testing.assert_allclose(np.degrees(np.arcsin(ours)), theirs, atol=0.001)


def test_two_line_elements_are_sgp4_turned_by_astropy() -> None:
    platform = {"kind": "tle", "line1": VANGUARD[0], "line2": VANGUARD[1], "boresight_latitude": "0 deg"}
    start = "2000-06-27T18:50:19Z"
    place = Platform(make({**platform, "pointing": "nadir"}, epoch=start))
    assert place.moving
    for seconds in (0.0, 30.0, 59.5):
        with g.offline_earth_orientation():
            when = Time(g.utc_after(start, seconds)[:-1], scale="utc")
            error, r, _ = Satrec.twoline2rv(*VANGUARD).sgp4(when.jd1, when.jd2)
            teme = TEME(CartesianRepresentation(np.array(r) * u.km), obstime=when)
            theirs = teme.transform_to(ITRS(obstime=when)).cartesian.xyz.to_value("m")
        assert error == 0
        assert np.linalg.norm(place.state(seconds)[0] - theirs) < 1.0


@pytest.mark.parametrize("preset", ["leo", "sso", "molniya", "tundra", "qzss"])
def test_a_preset_stands_on_the_meridian_of_what_it_looks_at(preset: str) -> None:
    scenario = make(
        {"kind": "orbit", "preset": preset, "boresight_latitude": "35 deg", "boresight_longitude": "140 deg"}
    )
    sensor, platform = build_sensor(scenario), Platform(scenario)
    lat, lon, height = g.itrs_to_geodetic(platform.state(0.0)[0])
    assert lon == pytest.approx(140.0, abs=1e-6)
    if preset in ("leo", "sso"):
        assert lat == pytest.approx(35.0, abs=0.02)
        assert 490e3 < height < 720e3
    else:
        assert lat == pytest.approx(41 if preset == "qzss" else 63.43, abs=0.05)
    target = g.geodetic_to_itrs(35.0, 140.0)
    position, attitude = platform.state(np.linspace(-30, 90, 7))
    x, y = sensor.project(np.einsum("nij,ni->nj", g.quaternion_to_matrix(attitude), target - position))
    np.testing.assert_allclose(x, sensor.cx, atol=1e-6)
    np.testing.assert_allclose(y, sensor.cy, atol=1e-6)
    assert platform.boresight_ground() == pytest.approx((35.0, 140.0), abs=1e-9)


def test_molniya_apogee_and_period() -> None:
    look = {"boresight_latitude": "60 deg", "boresight_longitude": "30 deg"}
    orbit = {"kind": "orbit", "preset": "molniya", "apogee_longitude": "30 deg", "mean_anomaly": "100 deg", **look}
    platform = Platform(make(orbit))
    times = np.arange(0.0, 2 * 86400.0, 20.0)
    position, _ = platform.state(times)
    distance = np.linalg.norm(position, axis=1)
    top = np.flatnonzero((distance[1:-1] > distance[:-2]) & (distance[1:-1] > distance[2:])) + 1
    lat, lon, _ = g.itrs_to_geodetic(position[top])
    assert len(top) == 4
    np.testing.assert_allclose(np.diff(times[top]), 43082, atol=60)  # J2 shortens it by some seconds
    assert lon[0] == pytest.approx(30.0, abs=0.1)
    assert abs((lon[1] - 30.0) % 360 - 180) < 0.5  # the second apogee of a day is half-way round
    np.testing.assert_allclose(lat, 63.4, atol=0.1)
    assert times[top[0]] == pytest.approx(80 / 360 * 43082, abs=30)


def test_node_and_anomaly() -> None:
    orbit = {
        "kind": "orbit",
        "altitude": "800 km",
        "inclination": "60 deg",
        "pointing": "nadir",
        "true_anomaly": "0 deg",
    }
    position, _ = Platform(make({**orbit, "node_longitude": "200 deg"})).state([0.0, 1.0])
    lat, lon, height = g.itrs_to_geodetic(position)
    assert (lat[0], lon[0], height[0]) == pytest.approx((0, -160, 800e3), abs=1e-3)
    assert lat[1] > lat[0]
    by_raan = Platform(make({**orbit, "raan": "10 deg"})).state(0.0)[0]
    angle = np.degrees(np.arctan2(by_raan[1], by_raan[0]) + g.gmst_rad(EPOCH))
    assert angle % 360 == pytest.approx(10, abs=1e-9)
    period = {"kind": "orbit", "period": "100 min", "pointing": "nadir"}
    r, _ = Platform(make(period)).state(np.arange(3) * 6000.0)
    heights = g.itrs_to_geodetic(r)[2]
    np.testing.assert_allclose(heights, heights[0], atol=3e3)
    by_size = Platform(
        make({**orbit, "altitude": None, "semi_major_axis": f"{g.WGS84_A_M + 800e3} m", "raan": "10 deg"})
    )
    np.testing.assert_allclose(by_size.state(0.0)[0], by_raan, atol=1e-6)


def test_pointing_modes_of_a_low_orbit() -> None:
    low = {"kind": "orbit", "preset": "leo", "boresight_latitude": "27 deg"}
    times = np.linspace(0, 60, 13)
    nadir = Platform(make({**low, "pointing": "nadir"}))
    position, attitude = nadir.state(times)
    lat, lon, _ = g.itrs_to_geodetic(position)
    below = g.geodetic_to_itrs(lat, lon)
    boresight = g.quaternion_to_matrix(attitude)[..., 2]
    np.testing.assert_allclose(g.intersect_earth(position, boresight), below, atol=0.1)
    assert nadir.boresight_ground() == pytest.approx((lat[0], lon[0]), abs=1e-6)
    assert g.quaternion_to_matrix(attitude[0])[2, 1] < -0.8  # north is up at the epoch

    fixed = Platform(make({**low, "pointing": "fixed"}))
    position, attitude = fixed.state(times)
    tracked = Platform(make(low)).state(0.0)[1]
    np.testing.assert_allclose(attitude[0], tracked, atol=1e-12)
    boresight = g.quaternion_to_matrix(attitude)[..., 2]
    off = np.degrees(np.arccos(-(boresight * position).sum(1) / np.linalg.norm(position, axis=1)))
    np.testing.assert_allclose(off, off[0], atol=1e-9)
    ground = g.intersect_earth(position, boresight)
    speed = np.linalg.norm(np.diff(ground, axis=0), axis=1) / np.diff(times)
    assert 6500 < speed.min() <= speed.max() < 7700  # 7.1 km/s less the Earth's turn, more for the oblique look
    # The camera turns as the orbit does: once a revolution.
    turn = 2 * np.arccos(min(abs((attitude[0] * attitude[-1]).sum()), 1.0))
    assert np.degrees(turn) == pytest.approx(60 / 5668 * 360, rel=0.1)


def test_geostationary_pointing_is_constant_and_alike_in_all_modes() -> None:
    straight = {"longitude": "20 deg", "boresight_latitude": "0 deg", "boresight_longitude": "20 deg"}
    states = [Platform(make({**straight, "pointing": mode})) for mode in ("track", "fixed", "nadir")]
    for platform in states:
        assert not platform.moving
        position, attitude = platform.state(np.arange(6.0).reshape(2, 3))
        assert (position.shape, attitude.shape) == ((2, 3, 3), (2, 3, 4))
        assert np.ptp(position, axis=(0, 1)).max() == np.ptp(attitude, axis=(0, 1)).max() == 0
        np.testing.assert_allclose(attitude[0, 0], states[0].state(0.0)[1], atol=1e-12)
        assert np.linalg.norm(position[0, 0]) == pytest.approx(g.GEO_RADIUS_M)


def test_roll_turns_the_camera_clockwise() -> None:
    scenario, rolled = make({}), make({"roll": "30 deg"})
    sensor = build_sensor(scenario)
    position, attitude = Platform(rolled).state(0.0)
    north = g.geodetic_to_itrs(28.6, -80.6) - position
    x, y = sensor.project(north @ g.quaternion_to_matrix(attitude))
    x0, y0 = sensor.project(north @ g.quaternion_to_matrix(Platform(scenario).state(0.0)[1]))
    turned = np.arctan2(y - sensor.cy, x - sensor.cx) - np.arctan2(y0 - sensor.cy, x0 - sensor.cx)
    assert np.degrees(turned) == pytest.approx(-30, abs=1e-6)


@pytest.mark.parametrize("name", VIEWS)
def test_any_order_and_any_thread_give_the_same_bytes(name: str) -> None:
    platform = Platform(make(VIEWS[name]))
    times = np.linspace(0, 59, 40)
    position, attitude = platform.state(times)
    with ThreadPoolExecutor(2) as pool:
        single = list(pool.map(platform.state, times[::-1]))[::-1]
    np.testing.assert_array_equal([s[0] for s in single], position)
    np.testing.assert_array_equal([s[1] for s in single], attitude)


def test_a_pass_over_the_pole_turns_without_a_leap() -> None:
    orbit = {"kind": "orbit", "altitude": "700 km", "inclination": "90 deg", "boresight_latitude": "89.999 deg"}
    for mode in ("track", "fixed", "nadir"):
        platform = Platform(make({**orbit, "pointing": mode}, duration="200 s"))
        _, attitude = platform.state(np.linspace(0, 200, 401))
        assert np.isfinite(attitude).all()
        np.testing.assert_allclose(np.linalg.norm(attitude, axis=1), 1, atol=1e-12)
        if mode != "track":
            cosine = np.abs((attitude[1:] * attitude[:-1]).sum(1))
            assert np.degrees(2 * np.arccos(np.clip(cosine, 0, 1))).max() < 0.05


def test_a_boresight_past_the_limb() -> None:
    limb = {"boresight_latitude": "0 deg", "boresight_longitude": "20 deg", "boresight_altitude": "150 km"}
    geo = {"longitude": "-62 deg", **limb}
    platform = Platform(make(geo))
    position, attitude = platform.state(0.0)
    boresight = g.quaternion_to_matrix(attitude)[:, 2]
    assert np.isnan(g.intersect_earth(position, boresight)).all()
    lat, lon = platform.boresight_ground()
    across = np.arccos(position @ g.geodetic_to_itrs(lat, lon) / np.linalg.norm(position) / g.WGS84_A_M)
    assert lat == pytest.approx(0, abs=1e-9)
    assert np.degrees(across) == pytest.approx(82, abs=1.5)
    assert lon < 20
    with pytest.raises(
        BadData, match=r"the Earth hides the boresight point at the epoch; found '.* km beyond the near side"
    ):
        Platform(make({**geo, "boresight_longitude": "60 deg"}))
    with pytest.raises(BadData, match="the boresight point is at the sensor"):
        Platform(
            make(
                {
                    "boresight_latitude": "0 deg",
                    "boresight_longitude": "-75 deg",
                    "boresight_altitude": f"{g.GEO_RADIUS_M - g.WGS84_A_M} m",
                }
            )
        )


def test_a_low_orbit_cannot_look_at_the_other_side() -> None:
    with pytest.raises(BadData, match="the Earth hides the boresight point"):
        Platform(make({"kind": "orbit", "preset": "leo", "node_longitude": "0 deg"}))


def test_step_stare_visits_every_field_and_turns_back_at_the_ends() -> None:
    scenario = make({}, scan={"kind": "step_stare", "columns": 3, "rows": 2, "overlap": "16 px"})
    sensor, platform = build_sensor(scenario), Platform(scenario)
    assert (platform.n_steps, platform.moving, platform.row_time_s) == (6, False, None)
    assert platform.step_of(np.arange(8)).tolist() == [0, 1, 2, 3, 4, 5, 0, 1]
    position, attitude = platform.state(np.zeros(6), np.arange(6))
    centre = platform.state(0.0)[1]
    x, y = sensor.project(g.quaternion_to_matrix(attitude)[..., 2] @ g.quaternion_to_matrix(centre))
    np.testing.assert_allclose(x - sensor.cx, [-240, 0, 240, 240, 0, -240], atol=1e-6)
    np.testing.assert_allclose(y - sensor.cy, [-120] * 3 + [120] * 3, atol=1e-6)
    # What one field sees in its last columns, its neighbour sees in its first.
    ray = sensor.rays(248.0, 100.0) @ g.quaternion_to_matrix(attitude[0]).T
    ground = g.intersect_earth(position[0], ray)
    there = sensor.project((ground - position[1]) @ g.quaternion_to_matrix(attitude[1]))
    np.testing.assert_allclose(there, [8.0, 100.0], atol=0.1)


def test_times_of_rows() -> None:
    scan = {"kind": "scanning", "row_period": "1 ms"}
    row_time = Platform(make({}, scan=scan, sensor={"height": 100})).row_time_s
    assert row_time is not None
    assert (row_time.shape, row_time.mean()) == ((100,), pytest.approx(0, abs=1e-15))
    np.testing.assert_allclose(np.diff(row_time), 1e-3)
    with pytest.raises(
        BadData, match=r"scan\.row_period: the rows take longer than a frame; found '0\.01 s'; allowed: at"
    ):
        Platform(make({}, scan={"kind": "scanning", "row_period": "10 ms"}))
    with pytest.raises(
        BadData, match=r"scan\.overlap: the fields would not move on; found '300 px'; allowed: less than 256"
    ):
        Platform(make({}, scan={"kind": "step_stare", "overlap": "300 px"}))
