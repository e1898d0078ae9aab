"""A launch as the sensor meets it: plume along its way, trail behind it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from boostwatch import geometry
from boostwatch.scene import plume
from boostwatch.scene.emission import Emission
from boostwatch.scene.sources.base import footprint
from boostwatch.scene.sources.launch import LaunchSource
from boostwatch.scene.sources.trail import LIFE, trail_weights

from .helpers import BANDS, GEO, above, build, check, only

QUIET = {"spread": 0.0, "flicker": 0.0, "ignition": "0 s"}


def light(source: LaunchSource, time_s: float) -> float:
    found = source.emit(time_s - 0.01, time_s + 0.01, GEO)
    return float(found[0].intensity_w_sr[0]) if found and found[0].primary else 0.0


def trail_of(source: LaunchSource, time_s: float) -> Emission:
    return next(e for e in source.emit(time_s - 0.05, time_s + 0.05, GEO) if not e.primary)


def test_truth_and_reach() -> None:
    source = build("launch", vehicle="small", ignition="5 s", heading="-90 deg", trail=0.0)
    assert (source.kind, source.onset_s, source.end_s, source.burnout_s, source.heading_deg) == (
        "launch",
        5,
        65,
        65,
        270,
    )
    assert source.reach_s[0] == 5
    assert source.reach_s[1] < 65 + 8.1
    assert source.emit(3.0, 4.9, GEO) == ()
    assert not source.shines(80.0, 90.0)
    assert source.emit(80.0, 80.1, GEO) == ()


def test_light_of_a_medium_vehicle() -> None:
    source = build("launch", vehicle="medium", trail=0.0, **QUIET)
    assert light(source, 12.0) == pytest.approx(3e5, rel=0.1)
    assert light(source, 60.0) > 1.3 * light(source, 12.0)  # altitude
    assert light(source, 70.95) < 0.3 * light(source, 69.9)  # staging
    assert light(source, 75.0) < 0.5 * light(source, 69.0)  # weaker stage
    assert light(source, 131.5) == pytest.approx(light(source, 130.98) * np.exp(-1), rel=0.1)  # burnout


def test_mean_over_an_exposure_is_exact() -> None:
    source = build("launch", vehicle="small", trail=0.0, seed=3, ignition="0 s")
    whole = source.emit(10.0, 11.0, GEO)[0].intensity_w_sr
    parts = [source.emit(10 + k / 8, 10 + (k + 1) / 8, GEO)[0].intensity_w_sr for k in range(8)]
    np.testing.assert_allclose(np.mean(parts, axis=0), whole, rtol=1e-9)
    # An exposure that begins before ignition has only the light after it.
    early = source.emit(-0.5, 0.5, GEO)[0].intensity_w_sr
    np.testing.assert_allclose(early, 0.5 * source.emit(0.0, 0.5, GEO)[0].intensity_w_sr, rtol=1e-9)


def test_bands_follow_the_two_parts_of_the_light() -> None:
    solid = build("launch", vehicle="medium", **QUIET)
    liquid = build("launch", vehicle="medium", propulsion="liquid", **QUIET)
    for source, share in ((solid, 1.5 * 0.36), (liquid, 0.36)):
        swir, mwir, window = only(source, 20.0).intensity_w_sr
        assert swir == pytest.approx(mwir)
        assert window == pytest.approx(share * swir, rel=1e-6)
    high = only(solid, 110.0).intensity_w_sr  # above 80 km the continuum does not recover
    assert high[2] < 0.4 * 1.5 * 0.36 * high[0]


def test_levels_spread_between_events_log_normally() -> None:
    from boostwatch.scene.sources.launch import light_curve
    from boostwatch.scene.trajectory import fly

    from .helpers import make

    item = make("launch", vehicle="small", spread=0.4, flicker=0.0)
    ascent = fly(item)
    peaks = [np.log(light_curve(item, ascent, np.random.default_rng(i)).level[:, 0].max()) for i in range(300)]
    assert np.std(peaks) == pytest.approx(0.4, rel=3 / np.sqrt(2 * 300))


def test_flicker_is_common_to_the_bands_and_has_its_rms() -> None:
    source = build("launch", vehicle="small", spread=0.0, ignition="0 s", trail=0.0, seed=5)
    still = build("launch", vehicle="small", trail=0.0, **QUIET)
    times = np.arange(5.0, 58.0, 0.02)
    ratio = source.light.spent(times) / still.light.spent(times)
    np.testing.assert_allclose(ratio[0], ratio[1], rtol=1e-5)
    assert 0.5 * 0.04 < ratio[0].std() < 1.5 * 0.04


def test_points_follow_the_vehicle_in_small_steps() -> None:
    source = build("launch", vehicle="large", trail=0.0, **QUIET)
    e = only(source, 75.0, exposure_s=2.0)
    pixel = footprint(GEO, e.position_m[0])
    first, last = source.path.at(np.array([74.0, 76.0]))[0]
    nozzle = e.position_m.reshape(-1, 3)
    assert np.linalg.norm(nozzle.mean(axis=0) - 0.5 * (first + last)) < plume.plume_length(2.8e6, e.height_m.max())
    moved = np.linalg.norm(last - first) / pixel
    assert len(e.share) >= moved / 0.2
    # Times of more light weigh more: a burnout within the exposure pulls the mean back.
    assert (e.share > 0).all()


def test_plume_is_a_point_low_down_and_kilometres_in_vacuum() -> None:
    source = build("launch", vehicle="large", trail=0.0, **QUIET)
    low, high = only(source, 5.0), only(source, 140.0)
    assert len(low.share) == 1
    axis = source.pose.point(140.0)[0]
    nozzle = source.path.point(140.0)[0]
    behind = (nozzle - high.position_m) @ axis
    extent = 12e3 * np.sqrt(0.8)
    assert behind.min() > -0.5 * 4e3 * 0.11
    assert 0.8 * extent < behind.max() < 1.05 * extent
    assert high.share[behind < extent / 20].sum() > 0.4  # the core
    # No point lies beneath the launch point while it leaves it.
    for t in (0.2, 1.0, 3.0):
        e = only(source, t, above(28.2, -80.6, height_m=500e3, ifov_rad=5e-6))
        assert e.height_m.min() > -1.0


def test_extent_is_the_same_whatever_the_pixels() -> None:
    source = build("launch", vehicle="large", trail=0.0, **QUIET)
    means = [
        e.share @ e.position_m
        for e in (only(source, 130.0, GEO._replace(ifov_rad=i)) for i in (3e-6, 10e-6, 30e-6, 100e-6))
    ]
    assert np.ptp(means, axis=0).max() < 250.0


def test_trail_has_the_stated_share_of_a_steady_plume() -> None:
    source = build("launch", vehicle="small", trail=0.1, trail_decay="5 s", **QUIET)
    assert source.trail is not None
    e = trail_of(source, 50.0)
    steady = source.light.mean(40.0, 50.0)[0]  # the light changes little in two time constants
    assert e.intensity_w_sr[1] == pytest.approx(0.1 * steady, rel=0.12)
    np.testing.assert_allclose(trail_weights([(4.2, 4.45)]), 1, rtol=1e-6)
    assert e.intensity_w_sr[0] < 0.3 * e.intensity_w_sr[1]  # cooler, so redder
    twice = trail_of(build("launch", vehicle="small", trail=0.2, trail_decay="5 s", **QUIET), 50.0)
    np.testing.assert_allclose(twice.intensity_w_sr, 2 * e.intensity_w_sr)


def test_trail_outlives_the_burn_and_cools() -> None:
    source = build("launch", vehicle="small", trail_decay="20 s", **QUIET)
    a, b = trail_of(source, 80.0), trail_of(source, 100.0)
    np.testing.assert_allclose(b.intensity_w_sr / a.intensity_w_sr, np.exp(-1), rtol=0.01)
    assert source.emit(60 + 8 + LIFE * 20 + 1, 60 + 8 + LIFE * 20 + 2, GEO) == ()
    assert all(not e.primary for e in source.emit(90.0, 90.1, GEO))


def test_trail_drifts_with_the_wind_and_widens() -> None:
    still = build("launch", vehicle="medium", trail_wind="0 m/s", trail_growth="0 m/s", **QUIET)
    windy = build("launch", vehicle="medium", trail_wind="50 m/s", trail_growth="0 m/s", **QUIET)
    wide = build("launch", vehicle="medium", trail_wind="0 m/s", trail_growth="10 m/s", **QUIET)
    a, b, c = (trail_of(s, 150.0) for s in (still, windy, wide))
    age = 150.0 - np.interp(a.height_m, still.path.table[:, 3], still.path.time_s)
    moved = np.linalg.norm(b.position_m - a.position_m, axis=1)
    assert (moved <= 50.0 * age + 100).all()
    jet = np.argmin(np.abs(a.height_m - 11e3))
    assert moved[jet] == pytest.approx(50.0 * age[jet], rel=0.15)
    spread = np.linalg.norm(c.position_m - a.position_m, axis=1) / age
    assert np.sqrt((spread**2).mean()) == pytest.approx(10 * np.sqrt(3), rel=0.3)
    # On the path itself while nothing moves it.
    way = still.path.at(np.interp(a.height_m, still.path.table[:, 3], still.path.time_s))[0]
    assert np.linalg.norm(way - a.position_m, axis=1).max() < 50


def test_trail_of_nothing() -> None:
    assert build("launch", trail=0.0, **QUIET).trail is None
    source = build("launch", vehicle="large", **QUIET)
    high = trail_of(source, 205.0)
    assert high.share[high.height_m > 115e3].sum() == 0  # thin air keeps none


def test_any_order_and_any_thread_give_the_same() -> None:
    source = build("launch", vehicle="medium", seed=9, ignition="0 s")
    times = np.linspace(-1, 160, 60)

    def one(t: float) -> tuple[Emission, ...]:
        return source.emit(t, t + 0.1, GEO)

    forward = [one(t) for t in times]
    with ThreadPoolExecutor(4) as pool:
        mixed = list(pool.map(one, times[::-1]))[::-1]
    for a, b in zip(forward, mixed, strict=True):
        assert len(a) == len(b)
        for e, f in zip(a, b, strict=True):
            check(e)
            for x, y in zip(e, f, strict=True):
                np.testing.assert_array_equal(x, y)
    assert len(BANDS) == len(forward[30][0].intensity_w_sr)


def test_the_same_seed_gives_the_same_launch() -> None:
    a, b = (build("launch", seed=4).emit(50.0, 50.1, GEO)[0] for _ in range(2))
    np.testing.assert_array_equal(a.intensity_w_sr, b.intensity_w_sr)
    c = build("launch", seed=5).emit(50.0, 50.1, GEO)[0]
    assert (a.intensity_w_sr != c.intensity_w_sr).all()


def test_it_rises_over_its_place() -> None:
    e = only(build("launch", vehicle="small", ignition="0 s"), 5.0)
    lat, lon, height = geometry.itrs_to_geodetic(e.share @ e.position_m)
    assert (float(lat), float(lon)) == (pytest.approx(28.2, abs=1e-3), pytest.approx(-80.6, abs=1e-3))
    assert 50 < float(height) < 400
