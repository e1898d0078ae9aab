"""The tracker on pixels alone: association, confirmation, misses, permutation, time shift."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.stats import norm, poisson

from boostwatch.errors import UsageError
from boostwatch.records import DETECTION, empty
from boostwatch.settings import ChainSettings, DetectSettings, TrackSettings
from boostwatch.track import Follower

from .simulate import Boost, World

TAU = float(norm.isf(1e-5))


def rows(frame, period, points, snr, sigma=0.2):
    out = empty(DETECTION, len(points))
    out["frame"], out["band"], out["time_s"] = frame, 0, frame * period
    if len(points):
        out["x"], out["y"] = np.asarray(points).T
    out["sigma_x"] = out["sigma_y"] = sigma
    out["snr"] = snr
    out["signal_e"], out["signal_sigma_e"] = 100.0 * np.asarray(snr), 100.0
    return out


def noise(rng, size, mean):
    n = rng.poisson(mean)
    return rng.uniform(0, size, (n, 2)), norm.isf(rng.uniform(0, norm.sf(TAU), n))


def follower(size=512, fa=10.0, period=1.0, **track):
    settings = ChainSettings(detect=DetectSettings(false_alarms_per_mpx=fa), track=TrackSettings(**track))
    return Follower(settings, shape=(size, size), frame_period_s=period)


def gospa(truth, found, c=10.0):
    """GOSPA with p = 2 and alpha = 2 (Rahmathullah, Garcia-Fernandez and Svensson, 2017)."""
    if len(truth) == 0 or len(found) == 0:
        return np.sqrt(c**2 / 2 * (len(truth) + len(found)))
    cost = np.minimum(np.linalg.norm(truth[:, None] - found[None], axis=-1), c) ** 2
    a, b = linear_sum_assignment(cost)
    near = cost[a, b] < c**2
    return np.sqrt(cost[a, b][near].sum() + c**2 / 2 * (len(truth) + len(found) - 2 * near.sum()))


def targets(rng, n, size):
    start, v = rng.uniform(0.2 * size, 0.8 * size, (n, 2)), rng.normal(0, 0.5, (n, 2))
    a = rng.normal(0, 0.02, (n, 2))
    return lambda t: start + v * t + 0.5 * a * t * t


def run_targets(seed, false_alarms, pd, frames=60, size=512, n=5, sway=0.0):
    rng = np.random.default_rng(seed)
    path = targets(rng, n, size)
    f = follower(size, false_alarms / size**2 * 1e6, detection_probability=max(pd, 0.5))
    for k in range(frames):
        seen = path(k)[rng.uniform(size=n) < pd]
        clutter, weak = noise(rng, size, false_alarms)
        shift = rng.normal(0, sway, 2)
        points = np.concatenate([seen + rng.normal(0, 0.2, seen.shape), clutter]) + shift
        snr = np.concatenate([np.maximum(rng.normal(7, 1, len(seen)), TAU), weak])
        f.step(frame=k, time_s=float(k), detections=rows(k, 1.0, points, snr), shift=tuple(shift))
    result = f.finish()
    scores = []
    for k in range(10, frames):
        now = result.track_points[result.track_points["frame"] == k]
        scores.append(gospa(path(k), np.stack([now["x"], now["y"]], axis=1).astype(float)))
    return result, float(np.mean(scores))


@pytest.mark.parametrize(("false_alarms", "pd", "limit"), [(5, 0.9, 1.5), (50, 0.9, 1.8), (13, 0.5, 3.5)])
def test_gospa_of_targets_in_clutter(false_alarms, pd, limit):
    scores = [run_targets(seed, false_alarms, pd)[1] for seed in range(4)]
    assert np.mean(scores) < limit


def test_sway_of_the_line_of_sight_is_taken_out():
    still, swaying = run_targets(1, 10, 0.9)[1], run_targets(1, 10, 0.9, sway=3.0)[1]
    assert swaying < still + 8.0  # points are on the focal plane, the truth here in the scene: 3 px of sway show
    result, _ = run_targets(1, 10, 0.9, sway=3.0)
    assert len(result.tracks) == 5


def test_no_more_false_tracks_than_asked_for():
    """Wald's bound holds on the mean count; the Poisson bound allows for its scatter."""
    asked, frames, size, period = 60.0, 1500, 256, 1.0
    found = 0
    for seed in range(2):
        rng = np.random.default_rng(100 + seed)
        f = follower(size, 20 / size**2 * 1e6, period, false_tracks_per_hour=asked)
        for k in range(frames):
            points, snr = noise(rng, size, 20)
            f.step(frame=k, time_s=k * period, detections=rows(k, period, points, snr))
        found += len(f.finish().tracks)
    assert found <= poisson.ppf(0.999, asked * 2 * frames * period / 3600)


def test_confirmation_takes_little_longer_than_wald():
    """At Pd 0.9 and 20 false alarms a frame Wald's mean is about 2.2 frames after the first."""
    waits = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        f = follower(1024, 20 / 1.048)
        for k in range(40):
            points, snr = noise(rng, 1024, 20)
            if k >= 10 and rng.uniform() < 0.9:
                points = np.concatenate([points, np.array([[300.0 + 0.3 * k, 400.0]]) + rng.normal(0, 0.2, 2)])
                snr = np.append(snr, 7.0)
            f.step(frame=k, time_s=float(k), detections=rows(k, 1.0, points, snr))
        mine = [t for t in f.finish().tracks if t["hits"] > 15]
        assert len(mine) == 1
        waits.append(mine[0]["confirmed_time_s"] - 10.0)
    assert np.mean(waits) < 3.0


def test_crossing_targets_keep_their_names():
    f, rng, ids = follower(), np.random.default_rng(3), []
    for k in range(61):
        points = np.array([[200.0 + 2 * k, 200.0 + 1.5 * k], [200.0 + 2 * k, 290.0 - 1.5 * k]])
        f.step(frame=k, time_s=float(k), detections=rows(k, 1.0, points + rng.normal(0, 0.1, (2, 2)), [8.0, 8.0], 0.1))
    result = f.finish()
    assert len(result.tracks) == 2
    ids = result.track_ids.reshape(-1, 2)
    assert (ids[:, 0] == ids[0, 0]).mean() > 0.95  # the frame where they coincide is anybody's


def test_a_track_outlives_a_staging_gap():
    f = follower(period=0.5)
    for k in range(80):
        t = 0.5 * k
        points = [[100 + 0.02 * t * t, 100 + 0.5 * t]] if not 20 < t < 25 else []
        f.step(frame=k, time_s=t, detections=rows(k, 0.5, points, [9.0] * len(points)))
    result = f.finish()
    assert len(result.tracks) == 1
    track, points = result.tracks[0], result.track_points
    assert track["hits"] == 71
    assert track["misses"] == 9
    assert np.isnan(points["snr"]).sum() == 9
    assert (np.diff(points["frame"]) == 1).all()
    late = points["frame"] > 70
    np.testing.assert_allclose(points["y"][late], 100 + 0.5 * points["time_s"][late], atol=0.2)


def test_a_track_ends_after_the_longest_gap():
    f = follower()
    for k in range(40):
        points = [[50.0, 50.0]] if k < 10 else []
        f.step(frame=k, time_s=float(k), detections=rows(k, 1.0, points, [9.0] * len(points)))
    result = f.finish()
    assert result.tracks["status"].tolist() == [b"ended"]
    assert result.tracks["last_time_s"][0] == 9.0
    assert result.track_points["frame"].max() == 9


def test_first_hits_belong_to_the_track():
    f = follower()
    for k in range(12):
        f.step(frame=k, time_s=float(k), detections=rows(k, 1.0, [[50.0 + k, 50.0], [400.0, 10.0 * k]], [8.0, 4.5]))
    result = f.finish()
    track = result.tracks[np.argmax(result.tracks["hits"])]
    assert track["first_time_s"] == 0.0
    own = result.track_points[track["start"] : track["start"] + track["count"]]
    assert own["confirmed"].tolist() == (own["time_s"] >= track["confirmed_time_s"]).astype(int).tolist()
    assert (result.track_ids.reshape(-1, 2)[:, 0] == track["track_id"]).all()
    assert (own["vx"][-1], own["vy"][-1]) == pytest.approx((1.0, 0.0), abs=0.1)


def same(a, b, shift_s=0.0):
    for name in a.dtype.names:
        x, y = a[name], b[name]
        if name.endswith("time_s"):
            y = y - shift_s
        np.testing.assert_array_equal(x, y) if a.dtype[name].kind in "SiU" else np.testing.assert_allclose(
            x, y, rtol=1e-5
        )


def test_order_within_a_frame_and_origin_of_time_do_not_matter():
    rng = np.random.default_rng(7)
    path = targets(rng, 4, 512)
    a, b = follower(), follower()
    orders = []
    for k in range(40):
        points, snr = noise(rng, 512, 10)
        points, snr = np.concatenate([path(k), points]), np.append([8.0] * 4, snr)
        d = rows(k, 1.0, points, snr)
        order = rng.permutation(len(d))
        orders.append(order)
        a.step(frame=k, time_s=float(k), detections=d)
        moved = d[order].copy()
        moved["time_s"] += 4096.0
        b.step(frame=k, time_s=k + 4096.0, detections=moved)
    x, y = a.finish(), b.finish()
    same(x.tracks, y.tracks, 4096.0)
    same(x.track_points, y.track_points, 4096.0)
    same(x.events, y.events, 4096.0)
    start = 0
    for order in orders:
        np.testing.assert_array_equal(
            x.track_ids[start : start + len(order)][order], y.track_ids[start : start + len(order)]
        )
        start += len(order)


def test_odd_frames():
    f = follower()
    f.step(frame=0, time_s=0.0, detections=rows(0, 1.0, [[5.0, 5.0]], [9.0]), shift=(np.nan, 0.0), shift_sigma=np.nan)
    f.step(frame=0, time_s=0.0, detections=rows(0, 1.0, [[5.0, 5.0]], [9.0]))  # a repeated frame
    f.step(frame=1, time_s=1.0, detections=empty(DETECTION, 0), warming_up=True)
    f.step(frame=2, time_s=2.0, detections=rows(2, 1.0, [[np.nan, 5.0]], [9.0]))
    result = f.finish()
    assert result.track_ids.tolist() == [-1, -1, -1]
    assert len(result.events) == len(result.tracks) == len(result.track_points) == 0
    with pytest.raises(UsageError, match="columns"):
        f.step(frame=3, time_s=3.0, detections=np.zeros(1, [("x", "f4")]))
    with pytest.raises(UsageError, match="frame period"):
        Follower(ChainSettings(), shape=None, frame_period_s=0.0)
    with pytest.raises(UsageError, match="bands"):
        Follower(ChainSettings(), shape=None, frame_period_s=1.0, n_bands=0)


def test_nothing_at_all():
    result = follower().finish()
    assert result.track_ids.shape == (0,)
    assert len(result.events) == 0


class Turning:
    """A scene map: the focal plane turns about a point by an angle."""

    still = "one camera"

    def __init__(self, angle, centre=(256.0, 256.0)):
        self.turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        self.centre = np.array(centre)

    def to_focal(self, scene):
        return (scene - self.centre) @ self.turn.T + self.centre

    def to_scene(self, focal):
        return (focal - self.centre) @ self.turn + self.centre


def test_what_stands_in_a_turning_scene_stands_still_and_coasts_along():
    f = follower()
    place, sigma = np.array([[400.0, 100.0]]), 0.1
    rng = np.random.default_rng(11)
    for k in range(40):
        scene = Turning(0.01 * k)  # 2 px a frame
        seen = [] if k in (20, 21) else scene.to_focal(place) + rng.normal(0, sigma, (1, 2))
        f.step(frame=k, time_s=float(k), detections=rows(k, 1.0, seen, 15.0, sigma), scene_map=scene)
    result = f.finish()
    assert len(result.tracks) == 1
    points = result.track_points
    assert len(points) == 40
    assert np.hypot(points["vx"], points["vy"])[10:].max() < 0.2
    for p in points:
        want = Turning(0.01 * p["frame"]).to_focal(place)[0]
        np.testing.assert_allclose([p["x"], p["y"]], want, atol=0.5)


def test_other_scene_coordinates_end_the_tracks_and_a_frame_without_any_does_not():
    f = follower()
    for k in range(40):
        scene = Turning(0.01 * k)
        if k >= 25:
            scene.still = "another"
        seen = [] if k == 15 else scene.to_focal(np.array([[400.0, 100.0]]))
        lost = {"shift": (np.nan, np.nan)} if k == 15 else {"scene_map": scene}
        f.step(frame=k, time_s=float(k), detections=rows(k, 1.0, seen, 15.0, 0.1), **lost)
    tracks = f.finish().tracks
    assert tracks["last_time_s"].tolist() == [24.0, 39.0]
    assert tracks["status"].tolist() == [b"ended", b"confirmed"]


def test_frames_with_nothing_to_follow_are_quick_and_change_nothing(monkeypatch):
    world = World([Boost(40.0, 30.0, 60.0, 80.0)], false_per_mpx=2.0)
    quick, *_ = world.run(400)
    monkeypatch.setattr(Follower, "idle", False)
    slow, *_ = world.run(400)
    assert len(slow.events) == 1
    assert quick.track_ids.tolist() == slow.track_ids.tolist()
    for name in ("tracks", "track_points", "events"):
        one, other = getattr(quick, name), getattr(slow, name)
        assert one.dtype == other.dtype
        for column in one.dtype.names:
            if one[column].dtype.kind == "f":
                np.testing.assert_allclose(one[column], other[column], rtol=1e-6)
            else:
                assert one[column].tolist() == other[column].tolist()


def test_a_list_of_more_columns_is_followed_as_its_own():
    rng, own, other = np.random.default_rng(3), follower(), follower()
    wider = np.dtype([("colour", "f8"), *((name, DETECTION[name]) for name in reversed(DETECTION.names))])
    path = targets(rng, 3, 512)
    for k in range(12):
        found = rows(k, 1.0, path(k) + rng.normal(0, 0.2, (3, 2)), np.full(3, 9.0))
        wide = np.zeros(3, wider)
        for name in DETECTION.names:
            wide[name] = found[name]
        own.step(frame=k, time_s=float(k), detections=found)
        other.step(frame=k, time_s=float(k), detections=wide)
    with pytest.raises(UsageError, match="has not the columns of a detection list"):
        other.step(frame=12, time_s=12.0, detections=np.zeros(3, [("x", "f4")]))
    one, same = own.finish(), other.finish()
    assert len(one.tracks) == 3
    for mine, theirs in zip(one, same, strict=True):
        assert mine.tobytes() == theirs.tobytes()
