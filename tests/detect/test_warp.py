"""Moving platforms: a static ground seen by an orbiting camera."""

import numpy as np
import pytest

from boostwatch import geometry as g
from boostwatch.detect import TemporalDetector, flow
from boostwatch.detect import warp as warp_module
from boostwatch.detect._bands import band_figures, band_maps
from boostwatch.detect.flow import NODE_STEP, Lattice, places, pose_of, relief, scene_points
from boostwatch.detect.warp import Stabiliser
from boostwatch.records import QUALITY_BITS
from boostwatch.sensor import Band, Sensor, gaussian_psf
from boostwatch.settings import DetectSettings
from boostwatch_kernels.warp import place_row

SIZE, NOISE = 96, 10.0
TARGET = g.geodetic_to_itrs(42.0, 9.0)


def sensor(size=SIZE, ifov=2.4e-3):
    band = {"psf_sigma_px": 0.7, "gain_e_per_dn": 2.0, "offset_dn": 100.0}
    return Sensor("test", ifov, (size - 1) / 2, (size - 1) / 2, 0.5, 0.01, (Band("b", **band),))


def low_orbit(time_s, height_m=700e3):
    """Position and attitude of a camera that flies north over the target at 60 s and looks at it."""
    angle = np.radians(42.0) + 0.00106 * (time_s - 60.0)
    position = (g.WGS84_A_M + height_m) * np.array([
        np.cos(angle) * np.cos(np.radians(9.5)), np.cos(angle) * np.sin(np.radians(9.5)), np.sin(angle)
    ])  # fmt: skip
    return position, g.look_at(position, TARGET)


class Ground:
    """Waves on the ground of 9 px and more, with noise, and sources that stand on it."""

    def __init__(self, seed, camera, amplitude=30.0, least_m=15e3, waves=24):
        self.rng, self.camera = np.random.default_rng(seed), camera
        along = self.rng.normal(size=(waves, 3))
        length = self.rng.uniform(least_m, 4 * least_m, (waves, 1))
        self.k = 2 * np.pi * along / np.linalg.norm(along, axis=1, keepdims=True) / length
        self.phase, self.amplitude = self.rng.uniform(0, 6.3, waves), amplitude
        self.y, self.x = np.mgrid[:SIZE, :SIZE].astype(float)

    def frame(self, pose, sources=(), noise=NOISE):
        at = scene_points(self.camera, pose, self.x, self.y) - TARGET
        out = 1000.0 + noise * self.rng.standard_normal(self.x.shape)
        for k, phase in zip(self.k, self.phase, strict=True):
            out += self.amplitude * np.sin(at @ k + phase)
        for x, y, snr in sources:
            cx, cy = round(x), round(y)
            psf = gaussian_psf(0.7, x - cx, y - cy)
            out[cy - 3 : cy + 4, cx - 3 : cx + 4] += snr * NOISE / np.sqrt((psf**2).sum()) * psf
        return out.astype(np.float32)


def detector_of(camera, **settings):
    return TemporalDetector(camera, (1, SIZE, SIZE), DetectSettings(**settings))


def stabiliser_of(camera, memory=36):
    notes = []
    maps = band_maps((1, SIZE, SIZE), camera, None, None, None)
    return Stabiliser(camera, (SIZE, SIZE), band_figures(camera, DetectSettings(), notes), maps, memory, 16)


def step(detector, plane, i, position=None, attitude=None):
    return detector.process(
        plane[None], frame=i, time_s=0.5 * i, frame_index=i, position_m=position, attitude=attitude
    )  # fmt: skip


def test_a_pure_rotation_is_the_homography():
    camera, (position, attitude) = sensor(), low_orbit(40.0)
    turned = g.multiply_quaternions(attitude, [np.cos(0.1), 0.01, -0.02, np.sin(0.1)])
    before, after = pose_of(position, attitude), pose_of(position, turned)
    k = np.array([[1 / camera.ifov_rad, 0, camera.cx], [0, 1 / camera.ifov_rad, camera.cy], [0, 0, 1]])
    h = k @ after.rotation.T @ before.rotation @ np.linalg.inv(k)
    x, y = np.random.default_rng(0).uniform(0, SIZE, (2, 200))
    want = h @ np.stack([x, y, np.ones(200)])
    got = places(camera, before, after, x, y)
    np.testing.assert_allclose(got, want[:2] / want[2], atol=1e-6)


@pytest.mark.parametrize("size", [96, 256])
@pytest.mark.parametrize("height_m", [400e3, 36e6])
def test_points_on_the_ellipsoid_lie_where_the_nodes_say(size, height_m):
    camera = sensor(size, 0.23 / size if height_m < 1e6 else 26e-6)
    before, after = (pose_of(*low_orbit(t, height_m)) for t in (30.0, 50.0))
    lattice = Lattice(camera, (size, size))
    node_x, node_y = lattice.lie(before, after, np.zeros(2, np.int64))
    from boostwatch_kernels.warp import Source

    source = Source(np.zeros((size, size), np.float32), np.zeros((0, 0), np.uint8), node_x, node_y, NODE_STEP,
                    np.zeros((2, 4), np.float32))  # fmt: skip
    worst = 0.0
    for y in range(0, size, 7):
        at_x, at_y = np.empty(size), np.empty(size)
        place_row(source, y, 0.0, 0.0, at_x, at_y)
        point = g.intersect_earth(before.position_m, camera.rays(np.arange(size), y) @ before.rotation.T)
        x, y_true = camera.project((point - after.position_m) @ after.rotation)
        worst = max(worst, np.abs(at_x - x).max(), np.abs(at_y - y_true).max())
    assert worst < 0.01


def test_at_the_limb_ground_goes_over_into_sky_without_a_jump():
    position = g.geodetic_to_itrs(0.0, 0.0, 700e3)
    edge = np.arccos(g.WGS84_A_M / (g.WGS84_A_M + 700e3))  # the horizon, seen from the Earth's centre
    limb = g.WGS84_A_M * np.array([np.cos(edge), np.sin(edge), 0.0])
    camera = sensor()
    before = pose_of(position, g.look_at(position, limb))
    after = pose_of(position + np.array([0.0, 4e3, 0.0]), g.look_at(position, limb))
    x, y = np.meshgrid(np.linspace(0, SIZE, 20001), [camera.cy])
    at_x, at_y = places(camera, before, after, x, y)
    hit = np.isfinite(g.intersect_earth(position, camera.rays(x, y) @ before.rotation.T))
    assert 0.2 < hit.mean() < 0.8
    assert np.isfinite(at_x).all()
    assert np.abs(np.diff(at_x - x)).max() < 0.05
    assert np.abs(np.diff(at_y - y)).max() < 0.05
    up = pose_of(position, g.look_at(position, 2 * position))  # away from the Earth: directions
    moved = pose_of(position + 1e3, g.look_at(position, 2 * position))
    np.testing.assert_allclose(places(camera, up, moved, 10.0, 20.0), (10.0, 20.0), atol=1e-4)


def test_a_stabilised_stack_varies_by_its_noise_alone():
    camera = sensor()
    ground, stabiliser = Ground(1, camera), stabiliser_of(camera)
    planes, shares = [], []
    first = pose_of(*low_orbit(50.0))
    unit = np.random.default_rng(2)
    for i in range(24):
        position, attitude = low_orbit(50.0 + 0.5 * i)
        began = stabiliser.look(position, attitude, [])
        assert began == (i == 1)
        plane = ground.frame(pose_of(position, attitude))
        if i == 0:
            continue
        source = stabiliser._source(0, plane)
        planes.append(stabiliser._resample(source, 0.0, 0.0, None))
        white = stabiliser._source(0, unit.standard_normal(plane.shape).astype(np.float32))
        shares.append(stabiliser._resample(white, 0.0, 0.0, None))
    stack, white = np.array(planes), np.array(shares)
    seen = np.isfinite(stack).all(axis=0)
    assert seen.mean() > 0.5
    at = places(camera, first, pose_of(*low_orbit(61.5)), ground.x, ground.y)
    assert np.hypot(at[0] - ground.x, at[1] - ground.y).max() > 1.0  # it does warp
    assert stack.std(axis=(1, 2), where=seen).mean() > 5 * NOISE  # and there is texture to smear
    # What the interpolator leaves of white noise is told by white noise through the same maps.
    ratio = stack.var(axis=0, ddof=1)[seen].sum() / (NOISE**2 * white.var(axis=0, ddof=1)[seen].sum())
    # Taps correlate some 2 x 2 pixels: so many fewer are independent; two stacks make the ratio.
    free = seen.sum() / 4 * (len(stack) - 1)
    assert abs(ratio - 1.0) < 4.0 * np.sqrt(2 * 2 / free)


def test_sources_are_found_on_their_own_focal_plane():
    camera = sensor()
    ground, detector = Ground(3, camera), detector_of(camera)
    rng = np.random.default_rng(4)
    hits, others, off, shifts = 0, 0, [], []
    still = pose_of(*low_orbit(60.0))
    before, path = None, np.zeros(2)
    for i in range(110):
        position, attitude = low_orbit(20.0 + 0.5 * i)
        error = rng.normal(0, 0.15, 2) * camera.ifov_rad if i else (0.0, 0.0)
        true = pose_of(position, attitude)
        if before is not None:
            path += np.array(places(camera, before, true, 47.5, 47.5), float) - 47.5
        before = true
        mover = places(camera, still, true, 30.0 + 0.3 * i, 60.0)  # 0.3 px a frame over the ground
        sources = [(float(mover[0]), float(mover[1]), 15.0)] if i >= 40 else []
        reported = g.multiply_quaternions(attitude, g.tilt_quaternion(*error))
        result = step(detector, ground.frame(true, sources), i, position, reported)
        assert result.quality == (QUALITY_BITS["warming_up"] if i < 9 else 0)
        shifts.append([result.registration["dx"][0] - path[0], result.registration["dy"][0] - path[1]])
        if i < 20:
            continue
        found = result.detections
        near = np.hypot(found["x"] - mover[0], found["y"] - mover[1]) < 1.0
        others += int((~near).sum())
        if sources:
            hits += near.any()
            off += [
                [f["x"] - mover[0], f["y"] - mover[1]] / np.array([f["sigma_x"], f["sigma_y"]]) for f in found[near]
            ]
            scene = result.scene_map.to_scene(np.stack([found["x"], found["y"]], axis=1)[near])
            np.testing.assert_allclose(
                result.scene_map.to_focal(scene), np.stack([found["x"], found["y"]], 1)[near], atol=0.05
            )
    assert detector.notes == ["moving platform: memory 18, guard 7 frames"]  # of 32 and 12
    assert hits >= 66
    assert others <= 10
    assert np.sqrt(np.mean(np.square(off))) < 1.6
    assert np.std(np.array(shifts)[20:], axis=0).max() < 0.1  # of 0.15 px an axis that the attitude has


def test_a_new_reference_takes_the_background_along(monkeypatch):
    monkeypatch.setattr(warp_module, "BEND", 0.01)
    carried = []
    carry = warp_module.carry
    monkeypatch.setattr(warp_module, "carry", lambda band, *more: (carried.append(1), carry(band, *more)))
    camera = sensor()
    ground, detector = Ground(5, camera), detector_of(camera)
    ages, others = [], 0
    for i in range(70):
        position, attitude = low_orbit(30.0 + 0.5 * i)
        result = step(detector, ground.frame(pose_of(position, attitude)), i, position, attitude)
        ages.append(float(np.median(detector._bands[0].background.age)))
        others += len(result.detections)
    assert len(carried) > 5
    assert (np.diff(ages) >= 0).all()
    assert ages[-1] == detector._bands[0]._settings.memory_frames
    assert others <= 17  # three times what is asked for; as often as this nobody renews it


def test_looking_straight_down_the_grid_goes_along():
    camera = sensor()
    ground, detector = Ground(6, camera), detector_of(camera)
    others, rebased = 0, []
    for i in range(50):
        position, _ = low_orbit(30.0 + 0.5 * i)
        result = step(detector, ground.frame(pose := pose_of(position, g.look_at(position, np.zeros(3)))), i, position,
                      g.look_at(position, np.zeros(3)))  # fmt: skip
        assert pose is not None
        others += len(result.detections)
        rebased.append(detector._stabiliser._base.copy())
        assert not result.quality & QUALITY_BITS["registration_failed"]
    assert np.abs(np.diff(rebased, axis=0)).max() >= 2
    assert np.median(detector._bands[0].background.age) > 5
    assert others <= 8


@pytest.mark.parametrize("case", ["none", "NaN", "still", "high"])
def test_nothing_changes_where_pointing_tells_of_no_more_than_a_translation(case):
    camera = sensor(ifov=3e-5)
    rng = np.random.default_rng(7)
    pose = g.geodetic_to_itrs(0.0, 9.0, 35.786e6)
    plain, other = detector_of(camera), detector_of(camera)
    ground = Ground(7, camera, least_m=9e3)
    for i in range(45):
        attitude = g.multiply_quaternions(
            g.look_at(pose, TARGET), g.tilt_quaternion(*rng.normal(0, 0.3 * camera.ifov_rad, 2))
        )  # fmt: skip
        plane = ground.frame(pose_of(pose, attitude), [(40.0, 50.0, 12.0)] if i > 30 else [])
        noisy = g.multiply_quaternions(attitude, np.append(1.0, rng.normal(0, 2.5e-6, 3)))
        position = pose + (np.array([0.0, 0.0, 20.0 * i]) if case == "high" else 0.0)
        reported = {"none": (None, noisy), "NaN": (pose, np.full(4, np.nan))}.get(case, (position, noisy))
        a, b = step(plain, plane, i), step(other, plane, i, *reported)
        assert a.detections.tobytes() == b.detections.tobytes()
        assert a.registration.tobytes() == b.registration.tobytes()
        assert b.scene_map is None
    assert len(a.detections)


def test_a_turn_alone_counts_too():
    camera, stabiliser = sensor(ifov=3e-5), stabiliser_of(sensor(ifov=3e-5))
    pose = g.geodetic_to_itrs(0.0, 9.0, 35.786e6)
    attitude = g.look_at(pose, TARGET)
    began = [stabiliser.look(pose, g.multiply_quaternions(attitude, [1.0, 0.0, 0.0, 1e-4 * i]), []) for i in range(20)]
    assert camera.ifov_rad == 3e-5
    assert sum(began) == 1
    assert 5 <= began.index(True) <= 12  # 0.05 px at the corner is 0.75 mrad


def test_frames_without_pointing_are_left_out_until_it_does_without():
    camera = sensor()
    ground, detector = Ground(8, camera), detector_of(camera)
    qualities = []
    for i in range(60):
        position, attitude = low_orbit(50.0 + 0.5 * i)
        plane = ground.frame(pose_of(position, attitude))
        blind = i in (25, 26) or i >= 40
        qualities.append(step(detector, plane, i, position, np.full(4, np.nan) if blind else attitude).quality)
    failed = QUALITY_BITS["registration_failed"]
    assert [i for i in range(40) if qualities[i] & failed] == [25, 26]
    assert all(q & failed for q in qualities[40:57])
    assert not detector._stabiliser.on
    assert not qualities[59] & failed


def test_another_scene_is_learnt_anew():
    camera = sensor()
    scenes, detector = [Ground(k, camera, amplitude=80.0) for k in (9, 109)], detector_of(camera, warm_up_frames=4)
    late = 0
    for i in range(90):
        position, attitude = low_orbit(30.0 + 0.5 * i)
        result = step(detector, scenes[i >= 30].frame(pose_of(position, attitude)), i, position, attitude)
        late += len(result.detections) if i >= 70 else 0
    assert result.quality == 0
    assert late <= 5


def test_bad_pixels_and_what_is_not_finite_are_kept_out():
    camera = sensor()
    rng = np.random.default_rng(10)
    bad = rng.random((1, SIZE, SIZE)) < 0.01
    detector = TemporalDetector(camera, (1, SIZE, SIZE), DetectSettings(), bad_pixels=bad)
    ground, others = Ground(10, camera), 0
    for i in range(60):
        position, attitude = low_orbit(30.0 + 0.5 * i)
        plane = ground.frame(pose_of(position, attitude))
        plane[bad[0]] = rng.uniform(0, 60000, bad.sum())
        plane[20:24, i % SIZE] = np.nan
        others += len(step(detector, plane, i, position, attitude).detections)
    assert others <= 12  # 5.4 are asked for


def test_high_cloud_shortens_the_memory():
    camera, stabiliser = sensor(), stabiliser_of(sensor())
    assert [stabiliser.look(*low_orbit(t), []) for t in (59.5, 60.0)] == [False, True]
    a, b = (pose_of(*low_orbit(t)) for t in (59.5, 60.0))
    by_hand = 0.5 * 0.00106 * (g.WGS84_A_M + 700e3) / 690e3 * 10e3 / 700e3 / camera.ifov_rad
    assert relief(camera, a, b, (47.5, 47.5)) == pytest.approx(by_hand, rel=0.05)
    short = stabiliser.shortened(DetectSettings())
    assert short.memory_frames == pytest.approx(0.7 / (36 * by_hand) * 32, abs=1.0)
    stabiliser._relief = 0.1
    short = stabiliser.shortened(DetectSettings())
    assert (short.memory_frames, short.guard_frames) == (8, 2)
    assert flow.CLOUD_TOP_M == 1e4


def test_threads_change_nothing():
    camera = sensor()
    found = []
    for threads in (1, 2):
        ground = Ground(11, camera)
        detector = TemporalDetector(
            camera, (1, SIZE, SIZE), DetectSettings(false_alarms_per_mpx=1000.0), threads=threads
        )  # fmt: skip
        results = []
        for i in range(24):
            position, attitude = low_orbit(30.0 + 0.5 * i)
            results.append(step(detector, ground.frame(pose_of(position, attitude)), i, position, attitude))
        found.append(b"".join(r.detections.tobytes() + r.registration.tobytes() for r in results))
        assert sum(len(r.detections) for r in results)
    assert found[0] == found[1]
