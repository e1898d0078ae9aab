"""WGS84, attitudes, lines of sight and time, against astropy, closed forms and each other."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import EarthLocation
from hypothesis import given
from hypothesis import strategies as st

from boostwatch import geometry as g
from boostwatch.sensor import Sensor

LAT = st.floats(-90, 90)
LON = st.floats(-180, 180)
SMALL = st.floats(-0.02, 0.02)
SENSOR = Sensor("notional", 28e-6, 127.5, 127.5, 0.5, 0.1, ())
GEO = np.array([g.GEO_RADIUS_M, 0.0, 0.0])


@given(LAT, LON, st.floats(-1e3, 4e7))
def test_geodetic_round_trip(lat, lon, height):
    back_lat, back_lon, back_height = g.itrs_to_geodetic(g.geodetic_to_itrs(lat, lon, height))
    assert back_lat == pytest.approx(lat, abs=1e-9)
    assert back_height == pytest.approx(height, abs=1e-5)
    turn = (back_lon - lon + 180) % 360 - 180
    assert abs(turn) * np.cos(np.radians(lat)) < 1e-9  # at the pole any longitude will do


def test_geodetic_against_astropy():
    rng = np.random.default_rng(1)
    lat, lon, height = rng.uniform(-90, 90, 200), rng.uniform(-180, 180, 200), rng.uniform(-1e3, 1e6, 200)
    place = EarthLocation.from_geodetic(lon * u.deg, lat * u.deg, height * u.m, ellipsoid="WGS84")
    ours = g.geodetic_to_itrs(lat, lon, height)
    np.testing.assert_allclose(ours, np.stack([c.to_value("m") for c in place.geocentric], -1), atol=1e-6)
    back = g.itrs_to_geodetic(ours)
    np.testing.assert_allclose(back[0], place.geodetic.lat.to_value("deg"), atol=1e-9)
    np.testing.assert_allclose(back[2], place.geodetic.height.to_value("m"), atol=1e-5)


def test_known_points():
    corners = [[g.WGS84_A_M, 0, 0], [0, 0, g.WGS84_B_M], [0, g.WGS84_A_M, 0]]
    np.testing.assert_allclose(g.geodetic_to_itrs([0, 90, 0], [0, 0, 90]), corners, atol=1e-8)
    assert g.geodetic_to_itrs(np.zeros((2, 1)), np.zeros(3)).shape == (2, 3, 3)


@given(LAT, LON)
def test_enu_is_a_right_handed_frame_that_points_where_it_says(lat, lon):
    east, north, up = basis = g.enu_basis(lat, lon)
    np.testing.assert_allclose(basis @ basis.T, np.eye(3), atol=1e-14)
    np.testing.assert_allclose(np.cross(east, north), up, atol=1e-14)
    here = g.geodetic_to_itrs(lat, lon)
    np.testing.assert_allclose(g.geodetic_to_itrs(lat, lon, 1000.0) - here, 1000 * up, atol=1e-5)
    if abs(lat) < 89:
        assert (g.geodetic_to_itrs(lat + 1e-5, lon) - here) @ north == pytest.approx(1.11, abs=0.01)


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: np.linalg.norm(q) > 1e-3))
def test_quaternion_and_matrix(q):
    m = g.quaternion_to_matrix(q)
    np.testing.assert_allclose(m @ m.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(m) == pytest.approx(1, abs=1e-12)
    back = g.matrix_to_quaternion(m)
    assert back[0] >= 0
    np.testing.assert_allclose(g.quaternion_to_matrix(back), m, atol=1e-12)


def test_matrix_to_quaternion_takes_half_turns():
    for axis in np.eye(3):
        q = g.matrix_to_quaternion(2 * np.outer(axis, axis) - np.eye(3))
        np.testing.assert_allclose(np.abs(q[1:]), axis, atol=1e-15)


def test_product_of_quaternions_is_product_of_matrices():
    a, b = np.random.default_rng(2).normal(size=(2, 5, 4))
    a, b = (v / np.linalg.norm(v, axis=-1, keepdims=True) for v in (a, b))
    np.testing.assert_allclose(
        g.quaternion_to_matrix(g.multiply_quaternions(a, b)),
        g.quaternion_to_matrix(a) @ g.quaternion_to_matrix(b), atol=1e-14,
    )  # fmt: skip


def test_look_at_puts_the_target_in_the_middle_north_up_east_right():
    attitude = g.look_at(GEO, g.geodetic_to_itrs(35.0, 10.0))
    m = g.quaternion_to_matrix(attitude)
    middle, north, east = (
        SENSOR.project((g.geodetic_to_itrs(lat, lon) - GEO) @ m) for lat, lon in [(35, 10), (35.2, 10), (35, 10.2)]
    )
    np.testing.assert_allclose(middle, [127.5, 127.5], atol=1e-6)
    assert north[1] < middle[1] - 10
    assert east[0] > middle[0] + 10


@given(SMALL, SMALL)
def test_tilt_moves_the_scene_as_it_says(sx, sy):
    """The convention of the line of sight: a point on the boresight falls at (+sx, +sy) radians, sign and all."""
    nominal = g.look_at(GEO, g.geodetic_to_itrs(35.0, 10.0))
    turned = g.multiply_quaternions(nominal, g.tilt_quaternion(sx, sy))
    assert np.linalg.norm(turned) == pytest.approx(1, abs=1e-14)
    x, y = SENSOR.project((g.geodetic_to_itrs(35.0, 10.0) - GEO) @ g.quaternion_to_matrix(turned))
    assert x - 127.5 == pytest.approx(sx / 28e-6, abs=1e-6)
    assert y - 127.5 == pytest.approx(sy / 28e-6, abs=1e-6)


def test_tilt_shifts_the_whole_scene_alike():
    nominal = g.look_at(GEO, g.geodetic_to_itrs(35.0, 10.0))
    points = SENSOR.rays([0.0, 255.0, 30.0], [0.0, 20.0, 255.0]) @ g.quaternion_to_matrix(nominal).T
    turned = g.multiply_quaternions(nominal, g.tilt_quaternion(0.3 * 28e-6, -1.7 * 28e-6))
    x, y = SENSOR.project(points @ g.quaternion_to_matrix(turned))
    np.testing.assert_allclose(x, np.array([0.0, 255.0, 30.0]) + 0.3, atol=1e-4)
    np.testing.assert_allclose(y, np.array([0.0, 20.0, 255.0]) - 1.7, atol=1e-4)


def test_tilt_of_nothing_is_no_turn():
    np.testing.assert_array_equal(g.tilt_quaternion(0.0, 0.0), [1, 0, 0, 0])
    assert g.tilt_quaternion(np.zeros(5), 1e-6).shape == (5, 4)


@given(st.floats(-55, 55), st.floats(-55, 55))
def test_line_of_sight_from_geo_comes_back_to_its_ground_point(lat, lon):
    ground = g.geodetic_to_itrs(lat, lon)
    hit = g.intersect_earth(GEO, ground - GEO)
    assert np.linalg.norm(hit - ground) < 1e-5


def test_nadir_from_geo_is_at_the_known_range():
    hit = g.intersect_earth(GEO, [-1.0, 0, 0])
    assert g.GEO_RADIUS_M - hit[0] == pytest.approx(35786e3, rel=1e-5)


def test_beyond_the_horizon_is_nan_and_above_it_a_higher_shell_answers():
    edge = np.arcsin(g.WGS84_A_M / g.GEO_RADIUS_M)
    angles = edge + np.array([-1e-6, 1e-6])
    rays = np.stack([-np.cos(angles), np.sin(angles), np.zeros(2)], -1)
    np.testing.assert_array_equal(np.isnan(g.intersect_earth(GEO, rays)[:, 0]), [False, True])
    assert np.isfinite(g.intersect_earth(GEO, rays, height_m=1e3)).all()
    assert np.isnan(g.intersect_earth(GEO, [1.0, 0, 0])).all()


def test_height_of_the_shell():
    hit = g.intersect_earth(GEO, g.geodetic_to_itrs(40.0, 20.0, 8e4) - GEO, height_m=8e4)
    assert g.itrs_to_geodetic(hit)[2] == pytest.approx(8e4, rel=3e-3)


def test_ground_range_along_equator_and_meridian():
    assert g.ground_range_m(0, 0, 0, 1) == pytest.approx(np.radians(1) * g.WGS84_A_M, rel=1e-6)
    assert g.ground_range_m(44.5, 7, 45.5, 7) == pytest.approx(111132, rel=1e-3)
    assert g.ground_range_m(10, 20, 10, 20) == 0


@given(st.floats(-80, 80), st.floats(-179, 179), st.floats(0, 359.9))
def test_heading_of_a_short_step(lat, lon, heading):
    east, north, _ = g.enu_basis(lat, lon)
    step = np.sin(np.radians(heading)) * east + np.cos(np.radians(heading)) * north
    lat2, lon2, _ = g.itrs_to_geodetic(g.geodetic_to_itrs(lat, lon) + 1000 * step)
    back = float(g.heading_deg(lat, lon, lat2, lon2))
    assert 0 <= back < 360
    assert abs((back - heading + 180) % 360 - 180) < 0.25  # sphere against ellipsoid: up to 0.2 deg


def test_time_strings():
    assert g.utc_after("2026-01-01T00:00:00Z", 90.5) == "2026-01-01T00:01:30.500Z"
    assert g.utc_after("2026-01-01T00:00:00", 0) == "2026-01-01T00:00:00.000Z"
    assert g.parse_utc("2026-01-01T02:00:00+02:00") == g.parse_utc("2026-01-01")
    with pytest.raises(ValueError, match="Invalid isoformat"):
        g.parse_utc("yesterday")


def test_sun_at_the_june_solstice_and_noon_at_greenwich():
    lat, lon, _ = g.itrs_to_geodetic(1e9 * g.sun_direction("2024-06-20T20:51:00Z"))
    assert lat == pytest.approx(23.44, abs=0.15)  # geodetic latitude of so far a point is its declination
    equation_of_time_min = -1.7  # almanac, 20 June
    assert lon == pytest.approx(15 * (12 - 20.85) - 15 * equation_of_time_min / 60, abs=0.3)


def test_sun_at_the_march_equinox_stands_on_the_equator():
    direction = g.sun_direction("2024-03-20T03:06:00Z")
    assert np.linalg.norm(direction) == pytest.approx(1)
    assert abs(np.degrees(np.arcsin(direction[2]))) < 0.02


def test_sun_far_beyond_the_tables_needs_no_network():
    assert np.isfinite(g.sun_direction("2040-01-01T00:00:00Z")).all()


def test_sun_directions_follow_astropy_through_a_day_and_a_year() -> None:
    epoch, hours = "2026-10-01T12:00:00Z", np.array([0.0, 0.2, 6.0, 24.0])
    ours = g.sun_directions(epoch, hours * 3600)
    theirs = np.array([g.sun_direction(g.utc_after(epoch, h * 3600)) for h in hours])
    assert np.degrees(np.linalg.norm(ours - theirs, axis=1)).max() < 0.001
    np.testing.assert_array_equal(ours[0], theirs[0])
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-14)
    year = 400 * 86400.0
    error = g.sun_directions(epoch, [[year]])[0, 0] - g.sun_direction(g.utc_after(epoch, year))
    assert np.degrees(np.linalg.norm(error)) < 0.02


def test_sidereal_time_is_that_of_the_iau_1982() -> None:
    import erfa
    from astropy.time import Time

    for text in ("1970-03-01T03:00:00", "2026-06-21T15:00:00", "2099-12-31T23:59:59"):
        days = Time(text, scale="ut1")
        wanted = erfa.gmst82(days.jd1, days.jd2)
        assert abs((g.gmst_rad(text) - wanted + np.pi) % (2 * np.pi) - np.pi) < 1e-10  # 4 mm at geostationary height
    later = g.gmst_rad("2026-06-21", 1000.0) - g.gmst_rad("2026-06-21")
    assert later == pytest.approx(1000 * 7.2921158553e-5, rel=1e-10)
    assert g.gmst_rad("2026-06-21", 0.0, 0.5) == pytest.approx(g.gmst_rad("2026-06-21", 0.5), abs=1e-11)


def test_many_attitudes_at_once_are_those_of_one_at_a_time() -> None:
    rng = np.random.default_rng(4)
    places = 1e7 * rng.normal(size=(3, 5, 3))
    target = g.geodetic_to_itrs(10.0, 20.0)
    together = g.look_at(places, target)
    one_by_one = [[g.look_at(p, target) for p in row] for row in places]
    np.testing.assert_array_equal(together, one_by_one)
    assert g.matrix_to_quaternion(g.quaternion_to_matrix(together)).shape == (3, 5, 4)


def test_looking_along_the_axis_of_the_earth() -> None:
    """Straight down on a pole no direction is north: the picture is that of just off the pole at longitude 0."""
    above = np.array([0.0, 0.0, 4e7])
    m = g.quaternion_to_matrix(g.look_at(above, [0.0, 0.0, g.WGS84_B_M]))
    np.testing.assert_allclose(m.T @ m, np.eye(3), atol=1e-14)
    np.testing.assert_allclose(m[:, 2], [0, 0, -1], atol=1e-14)
    near = g.quaternion_to_matrix(g.look_at([100.0, 0.0, 4e7], [0.0, 0.0, g.WGS84_B_M]))
    np.testing.assert_allclose(m, near, atol=1e-5)
    assert np.isnan(g.look_at(above, above)).all()


def test_nearest_ground_of_hits_misses_and_rays_into_space() -> None:
    ground = g.geodetic_to_itrs(35.0, 10.0)
    np.testing.assert_allclose(g.nearest_ground(GEO, ground - GEO), ground, atol=1e-5)
    edge = np.arcsin(g.WGS84_A_M / g.GEO_RADIUS_M)
    past = edge + 1e-3
    lat, lon, height = g.itrs_to_geodetic(g.nearest_ground(GEO, [-np.cos(past), np.sin(past), 0.0]))
    assert (lat, height) == (pytest.approx(0, abs=1e-9), pytest.approx(0, abs=1e-3))
    assert lon == pytest.approx(90 - np.degrees(past), abs=1e-6)
    away = g.nearest_ground(GEO, [[1.0, 0.0, 0.2], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(away, [[g.WGS84_A_M, 0, 0]] * 2, atol=1e-3)


def test_map_plane_keeps_distances_from_its_centre_and_goes_round() -> None:
    plane = g.MapPlane(28.0, -80.0)
    rng = np.random.default_rng(1)
    lat, lon = rng.uniform(-60, 85, 200), rng.uniform(-170, 10, 200)
    east, north = plane.forward(lat, lon)
    back = plane.inverse(east, north)
    np.testing.assert_allclose(back[0], lat, atol=1e-9)
    np.testing.assert_allclose(back[1], lon, atol=1e-9)
    cosine = np.sin(np.radians(28)) * np.sin(np.radians(lat)) + np.cos(np.radians(28)) * np.cos(
        np.radians(lat)
    ) * np.cos(np.radians(lon + 80))
    np.testing.assert_allclose(np.hypot(east, north), plane.RADIUS_M * np.arccos(cosine), rtol=1e-9)
    np.testing.assert_allclose(plane.forward(28.0, -80.0), 0.0, atol=1e-6)
    assert plane.forward(29.0, -80.0)[1] > 0 < plane.forward(28.0, -79.0)[0]


def test_astropy_stays_offline_on_many_threads():
    """Its settings are the process's: a thread that left first once set them back for those still inside."""
    epochs = [f"2098-03-{day:02d}T05:00:00Z" for day in range(1, 9)]
    with ThreadPoolExecutor(4) as pool:
        many = list(pool.map(g.sun_direction, epochs))
    g._sun_at.cache_clear()
    for epoch, direction in zip(epochs, many, strict=True):
        assert (g.sun_direction(epoch) == direction).all()
