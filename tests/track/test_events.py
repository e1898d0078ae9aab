"""From rendered-like detections to events: kinds, latency, location, burnout."""

import math

import numpy as np
import pytest

from boostwatch import geometry as g
from boostwatch.sensor import Band, Sensor
from boostwatch.settings import ChainSettings, EventSettings

from .simulate import TAU, Boost, Mover, World


def scene(seed=0, **other):
    objects = [
        Boost(40.2, 29.8, 10.0, 60.0, intensity_w_sr=6e5),
        Boost(39.8, 30.2, 25.0, 200.0, accel=(22.0,), burn_s=(60.0,), mass_ratio=(4.0,), visible_km=4.0),
        Mover(40.3, 30.3, 20.0, 1e9, (9e4, 1.3e3)),
        Mover(39.6, 29.6, 5.0, 1e9, (4e4, 3e4), 300.0, 70.0, 10e3),
    ]
    return World(objects, seed=seed, drift_px_s=(0.02, 0.01), blinking=3, **other)


@pytest.fixture(scope="module")
def run():
    world = scene()
    return world, *world.run(260)


def test_two_launches_and_nothing_else_is_one(run):
    _, result, declared, bright = run
    launches = result.events[result.events["kind"] == b"launch"]
    assert len(launches) == 2
    assert len(declared) == 2
    for k, event in enumerate(launches):
        assert event["declared_time_s"] - bright[k] <= 15.0
        assert event["p_launch"] > 0.95
        assert event["probability"] == event["p_launch"]
    assert sorted(e["declared_time_s"] for _, e in declared) == sorted(launches["declared_time_s"])


def test_launches_are_where_and_when_they_were(run):
    world, result, _, _ = run
    for boost, event in zip(world.objects[:2], result.events[result.events["kind"] == b"launch"], strict=True):
        north = (event["latitude_deg"] - boost.latitude_deg) * 111.2
        east = (event["longitude_deg"] - boost.longitude_deg) * 111.3 * math.cos(math.radians(40))
        a = math.radians(event["ellipse_angle_deg"])
        u, v = north * math.cos(a) + east * math.sin(a), -north * math.sin(a) + east * math.cos(a)
        assert (u / event["ellipse_major_km"]) ** 2 + (v / event["ellipse_minor_km"]) ** 2 < 1
        assert abs(event["launch_time_s"] - boost.launch_s) < 2.5 * event["launch_time_sigma_s"]
        assert event["launch_time_s"] < event["first_time_s"] < event["declared_time_s"]
        assert boost.intensity_w_sr * 0.5 < event["peak_intensity_w_sr"] < boost.intensity_w_sr * 2
    short = result.events[result.events["kind"] == b"launch"][1]
    assert short["burnout_time_s"] == pytest.approx(world.objects[1].burnout_s, abs=1.0)
    assert short["ellipse_major_km"] >= short["ellipse_minor_km"] > 0


def test_confusers_are_called_what_they_are(run):
    _, result, _, _ = run
    kinds = [e["kind"].decode() for e in result.events]
    assert kinds.count("defect") >= 2
    assert kinds.count("aircraft") == 1
    fire = next(e for e in result.events if e["kind"] in (b"fire", b"flare"))
    assert g.ground_range_m(fire["latitude_deg"], fire["longitude_deg"], 40.3, 30.3) < 1e3 * fire["ellipse_major_km"]
    assert np.isnan(fire["launch_time_s"])
    assert np.isnan(fire["heading_deg"])
    defect = next(e for e in result.events if e["kind"] == b"defect")
    assert np.isnan(defect["latitude_deg"])


def test_lines_of_sight_meet_the_target(run):
    world, result, _, _ = run
    event = result.events[result.events["kind"] == b"launch"][0]
    track = result.tracks[result.tracks["track_id"] == event["track_id"]][0]
    points = result.track_points[track["start"] : track["start"] + track["count"]]
    world_position = world.run.__globals__["POSITION"]
    errors = []
    for p in points:
        now = world.objects[0].at(float(p["time_s"]))
        if now is not None:
            to = (now[0] - world_position) / np.linalg.norm(now[0] - world_position)
            errors.append(np.linalg.norm(to - [p["los_x"], p["los_y"], p["los_z"]]))
    assert np.median(errors) < 3 * world.bias_rad + 0.2 * world.ifov_rad


def test_without_pointing_it_works_in_pixels():
    world = scene(1)
    rng = np.random.default_rng(5)
    follower = world.follower(sensor=None)
    for n in range(120):
        step = world.frame(n, rng)
        for name in ("best", "position_m", "attitude"):
            step.pop(name)
        follower.step(**step)
    result = follower.finish()
    assert len(result.tracks) >= 3
    assert np.isnan(result.track_points["los_x"]).all()
    for name in ("latitude_deg", "launch_time_s", "ellipse_major_km", "peak_intensity_w_sr"):
        assert np.isnan(result.events[name]).all()
    assert b"launch" in result.events["kind"]
    np.testing.assert_array_less(np.abs(result.events["p_launch"] - 0.5), 0.5 + 1e-9)


def test_a_sensor_that_tells_nothing():
    world = scene(2)
    dumb = Sensor("foreign", math.nan, math.nan, math.nan, 0.5, math.nan, (Band("A"), Band("B")))
    follower, rng = world.follower(sensor=dumb), np.random.default_rng(6)
    for n in range(60):
        step = world.frame(n, rng)
        step.pop("best")
        follower.step(**step)
    assert np.isnan(follower.finish().events["latitude_deg"]).all()


def test_an_event_waits_for_the_probability_asked_for():
    world = scene(3)
    times = []
    for p in (0.6, 0.9999):
        _, declared, _ = world.run(110, ChainSettings(event=EventSettings(declare_probability=p)))
        times.append(min(t for t, _ in declared))
    assert times[0] < times[1]


def test_edges_of_clouds_are_no_launches():
    """Spots that stay some seconds, drift with the wind and wander, half of them as bright at 4.3 um as a plume."""
    world, rng = World([], seed=9, size=384), np.random.default_rng(9)
    follower, spots, declared = world.follower(), [], 0
    for n in range(600):
        step = world.frame(n, rng)
        step.pop("best")
        for _ in range(rng.poisson(0.15)):
            spots.append(
                [*rng.uniform(0, 384, 2), n * 0.5 + rng.exponential(8), rng.uniform(3.5, 10), rng.uniform() < 0.5]
            )
        spots = [s for s in spots if s[2] > n * 0.5]
        rows = []
        for spot in spots:
            spot[0] += 0.01
            for band in (0, 1) if spot[4] else (0,):
                snr = spot[3] + rng.normal()
                if snr > TAU:
                    x, y = np.array(spot[:2]) + step["shift"] + rng.normal(0, 0.3, 2)
                    rows.append((n, band, n * 0.5, x, y, 1.15 / snr, 1.15 / snr, snr * 2500, 2500, snr, -1, 1, 0, 1))
        step["detections"] = np.concatenate([step["detections"], np.array(rows, step["detections"].dtype)])
        declared += len(follower.step(**step))
    result = follower.finish()
    assert declared == 0
    assert b"launch" not in result.events["kind"]
    assert len(result.tracks) > 30
    named = np.isin(result.events["kind"], [b"fire", b"flare", b"aircraft", b"satellite"])
    assert named.sum() < 0.15 * len(result.tracks)


def test_one_odd_hit_makes_no_launch_of_what_was_there():
    """A spot at rest, seen in sums of frames; once, when it has gone, something bright crosses its gate: a bolide."""
    world, rng = World([], seed=11, size=128), np.random.default_rng(11)
    follower, declared = world.follower(), 0
    for n in range(120):
        step = world.frame(n, rng)
        step.pop("best")
        snr, x, y = (5.8, 60.0, 70.0) if 20 < n < 46 else (108.0, 61.2, 68.1) if n == 52 else (0.0, 0.0, 0.0)
        if snr > TAU:
            x, y = np.array([x, y]) + step["shift"] + rng.normal(0, 0.3 if snr < 10 else 0.01, 2)
            frames = 8 if snr < 10 else 1
            row = (n, 0, n * 0.5, x, y, 1.15 / snr, 1.15 / snr, snr * 2500, 2500, snr, -1, frames, 0, 1)
            step["detections"] = np.concatenate([step["detections"], np.array([row], step["detections"].dtype)])
        declared += len(follower.step(**step))
    assert declared == 0
    assert b"launch" not in follower.finish().events["kind"]
