"""The temporal chain on small stacks whose truth is known."""

import numpy as np
import pytest

from boostwatch.detect import SingleFrameDetector, TemporalDetector, make_detector
from boostwatch.errors import BadData
from boostwatch.records import QUALITY_BITS
from boostwatch.sensor import Band, Sensor, gaussian_psf
from boostwatch.settings import DetectSettings

SIZE, NOISE, GAIN = 96, 10.0, 2.0


def sensor(bands=1, **more):
    figures = {"psf_sigma_px": 0.7, "gain_e_per_dn": GAIN, "offset_dn": 100.0} | more
    return Sensor("test", 3e-5, 47.5, 47.5, 0.5, 0.4, tuple(Band(f"b{k}", **figures) for k in range(bands)))


class Sky:
    """A smooth textured scene under a known motion, with point sources on it."""

    def __init__(self, seed=0, size=SIZE, texture=150.0, path=None):
        self.rng, self.size, self.texture = np.random.default_rng(seed), size, texture
        self.waves = self.rng.uniform(-0.9, 0.9, (30, 2)), self.rng.uniform(0, 6.3, 30)
        self.path = path
        self.y, self.x = np.mgrid[:size, :size].astype(float)

    def frame(self, i, sources=()):
        dx, dy = (0.0, 0.0) if self.path is None else self.path[i]
        out = 1000.0 + NOISE * self.rng.standard_normal((self.size, self.size))
        if self.texture:
            for (kx, ky), phase in zip(*self.waves, strict=True):
                out += self.texture / 5.5 * np.sin(kx * (self.x - dx) + ky * (self.y - dy) + phase)
        for x, y, snr in sources:
            x, y = x + dx, y + dy
            cx, cy = round(x), round(y)
            psf = gaussian_psf(0.7, x - cx, y - cy)
            flux = snr * NOISE / np.sqrt((psf**2).sum())
            x0, x1, y0, y1 = max(0, cx - 3), min(self.size, cx + 4), max(0, cy - 3), min(self.size, cy + 4)
            if x0 < x1 and y0 < y1:
                out[y0:y1, x0:x1] += flux * psf[y0 - cy + 3 : y1 - cy + 3, x0 - cx + 3 : x1 - cx + 3]
        return np.clip(np.rint(out), 0, 65535).astype(np.uint16)


def step(detector, plane, i, **more):
    data = plane if plane.ndim == 3 else plane[None]
    return detector.process(data, **({"frame": i, "time_s": 0.5 * i, "frame_index": i} | more))


def near(found, x, y, radius=1.0):
    return found[np.hypot(found["x"] - x, found["y"] - y) < radius]


def test_a_source_is_found_where_it_is_with_honest_errors():
    path = np.random.default_rng(1).normal(0, 0.2, (90, 2))
    path[0] = 0
    sky, detector = Sky(1, path=path), TemporalDetector(sensor(), (1, SIZE, SIZE), DetectSettings())
    assert detector.notes == []
    pulls, others, error = [], 0, []
    for i in range(90):
        result = step(detector, sky.frame(i, [(40.3, 51.6, 12.0)] if i >= 50 else []), i)
        assert result.quality == (QUALITY_BITS["warming_up"] if i < 8 else 0)
        found = result.detections
        error.append([result.registration["dx"][0] - path[i, 0], result.registration["dy"][0] - path[i, 1]])
        if i < 50:
            others += len(found)
            continue
        hit = near(found, 40.3 + path[i, 0], 51.6 + path[i, 1])
        assert len(hit) == 1
        others += len(found) - 1
        hit = hit[0]
        assert (hit["frame"], hit["band"], hit["time_s"], hit["track_id"]) == (i, 0, 0.5 * i, -1)
        dx, dy = hit["x"] - 40.3 - path[i, 0], hit["y"] - 51.6 - path[i, 1]
        pulls.append([dx / hit["sigma_x"], dy / hit["sigma_y"], hit["snr"] - 12.0])
    pulls = np.array(pulls)
    n = len(pulls)
    assert np.sqrt(np.mean(pulls[:, :2] ** 2)) < 1.0 + 4.0 / np.sqrt(4 * n) + 0.1
    assert abs(pulls[:, 2].mean()) < 4.0 / np.sqrt(n) + 1.2  # the scale of the noise is itself estimated
    pixels = 82 * SIZE**2 / 1e6
    assert others <= 10 * pixels + 5 * np.sqrt(10 * pixels)
    assert np.std(error[8:], axis=0).max() < 0.02


def test_noise_gives_the_false_alarms_asked_for():
    sky = Sky(2, texture=0.0, size=128)
    detector = TemporalDetector(sensor(), (1, 128, 128), DetectSettings(false_alarms_per_mpx=300.0))
    count = sum(len(step(detector, sky.frame(i), i).detections) * (i >= 30) for i in range(80))
    want = 300.0 * 50 * 128**2 / 1e6
    assert abs(count - want) < 4.0 * np.sqrt(want) + 0.35 * want


def test_without_texture_the_prior_wins():
    sky, detector = Sky(3, texture=0.0), TemporalDetector(sensor(), (1, SIZE, SIZE), DetectSettings())
    results = [step(detector, sky.frame(i), i).registration[0] for i in range(40)]
    assert max(abs(r["dx"]) + abs(r["dy"]) for r in results) < 0.3
    assert results[-1]["sigma"] > 0.1


def test_the_shift_comes_from_the_band_that_has_texture():
    path = np.random.default_rng(4).normal(0, 0.3, (30, 2))
    path[0] = 0
    flat, rich = Sky(4, texture=0.0), Sky(5, path=path)
    detector = TemporalDetector(sensor(2), (2, SIZE, SIZE), DetectSettings())
    for i in range(30):
        result = step(detector, np.stack([flat.frame(i), rich.frame(i)]), i)
        assert result.registration["dx"][0] == pytest.approx(path[i, 0], abs=0.03)
        assert result.registration["sigma"][0] < 0.05


def test_drift_rebases_and_the_scene_coordinates_stay():
    path = np.arange(60)[:, None] * np.array([0.12, -0.07])
    sky, detector = Sky(6, path=path), TemporalDetector(sensor(), (1, SIZE, SIZE), DetectSettings())
    for i in range(60):
        result = step(detector, sky.frame(i, [(50.0, 40.0, 15.0)] if i >= 40 else []), i)
        dx, dy = result.registration["dx"][0], result.registration["dy"][0]
        assert (dx, dy) == pytest.approx(tuple(path[i]), abs=0.05)
        if i >= 40:
            hit = near(result.detections, 50.0 + path[i, 0], 40.0 + path[i, 1])
            assert len(hit) == 1
        if 20 <= i < 40:
            assert len(result.detections) <= 2


def test_a_long_step_is_found_and_another_scene_starts_anew():
    path = np.zeros((24, 2))
    path[14:] = (9.4, -6.2)
    sky = Sky(7, path=path, texture=400.0)
    detector = TemporalDetector(sensor(), (1, SIZE, SIZE), DetectSettings(warm_up_frames=4))
    for i in range(24):
        result = step(detector, sky.frame(i), i)
        assert result.registration["dx"][0] == pytest.approx(path[i, 0], abs=0.1)
    other = Sky(8, texture=400.0)
    qualities = [step(detector, other.frame(0), i).quality for i in range(24, 44)]
    assert qualities[0] & QUALITY_BITS["registration_failed"]
    assert qualities[-1] == 0
    assert any(q & QUALITY_BITS["warming_up"] for q in qualities)


def test_a_slow_bright_plume_is_kept_for_150_seconds():
    sky, detector = Sky(9, size=64), TemporalDetector(sensor(), (1, 64, 64), DetectSettings())
    misses, fluxes = 0, []
    for i in range(340):
        x = 30.0 + 0.02 * max(i - 30, 0)
        result = step(detector, sky.frame(i, [(x, 30.0, 20.0)] if i >= 30 else []), i)
        if i >= 30:
            hit = near(result.detections, x, 30.0)
            misses += len(hit) != 1
            fluxes.append(hit["signal_e"][0] if len(hit) else np.nan)
    assert misses == 0
    assert np.nanmedian(fluxes[-50:]) > 0.7 * np.nanmedian(fluxes[:50])


def test_a_lasting_step_is_taken_in_at_last():
    sky = Sky(10, size=48)
    settings = DetectSettings(memory_frames=6, guard_frames=3, warm_up_frames=4)
    detector = TemporalDetector(sensor(), (1, 48, 48), settings)
    snr = []
    for i in range(1100):
        hit = near(step(detector, sky.frame(i, [(24.0, 24.0, 12.0)] if i >= 30 else []), i).detections, 24, 24)
        snr.append(hit["snr"][0] if len(hit) else 0.0)
    assert min(snr[30:60]) > 6.0
    assert np.median(snr[-30:]) == 0.0


def test_an_extended_saturated_source_is_one_detection():
    sky, detector = Sky(11), TemporalDetector(sensor(), (1, SIZE, SIZE), DetectSettings())
    y, x = np.mgrid[:SIZE, :SIZE]
    blob = 3e5 * np.exp(-0.5 * ((x - 50.4) ** 2 + (y - 45.7) ** 2) / 2.5**2)
    for i in range(40):
        plane = sky.frame(i)
        if i >= 30:
            plane = np.minimum(plane + blob, 16383).astype(np.uint16)
        found = step(detector, plane, i).detections
        if i >= 30:
            close = near(found, 50.4, 45.7, 25.0)
            assert len(close) == 1
            assert (close["x"][0], close["y"][0]) == pytest.approx((50.4, 45.7), abs=0.5)


def test_cloud_beside_a_point_does_not_move_it():
    sky, detector = Sky(14), TemporalDetector(sensor(), (1, SIZE, SIZE), DetectSettings())
    y, x = np.mgrid[:SIZE, :SIZE]
    cloud = 8.0 * NOISE * np.exp(-0.5 * (((x - 50.0) / 2.5) ** 2 + ((y - 50.5) / 1.5) ** 2))
    point = 25.0 * NOISE / np.sqrt((gaussian_psf(0.7, 0.3, -0.3) ** 2).sum())
    for i in range(34):
        plane = sky.frame(i, [(50.3, 45.7, 25.0)] if i >= 30 else [])
        found = step(detector, plane + cloud.astype(np.uint16) if i >= 30 else plane, i).detections
        if i >= 30:
            hit = near(found, 50.3, 45.7, 2.0)
            assert len(hit) == 1
            assert (hit["x"][0], hit["y"][0]) == pytest.approx((50.3, 45.7), abs=0.25)
            assert hit["signal_e"][0] == pytest.approx(GAIN * point, rel=0.2)


def test_a_bright_point_is_one_detection():
    sky, detector = Sky(12), TemporalDetector(sensor(), (1, SIZE, SIZE), DetectSettings())
    for i in range(40):
        found = step(detector, sky.frame(i, [(50.5, 45.5, 800.0)] if i >= 30 else []), i).detections
        if i >= 30:
            assert len(near(found, 50.5, 45.5, 20.0)) == 1


def test_frame_faults_are_flagged_and_do_no_harm():
    sky = Sky(13)
    detector = TemporalDetector(sensor(full_well_e=120_000.0), (1, SIZE, SIZE), DetectSettings(warm_up_frames=4))
    planes = [sky.frame(i).astype(np.float32) for i in range(30)]
    for i in range(10):
        assert step(detector, planes[i], i).quality in (0, QUALITY_BITS["warming_up"])
    repeated = step(detector, planes[9], 10)
    assert repeated.quality == QUALITY_BITS["repeated"]
    assert len(repeated.detections) == 0
    assert np.isnan(repeated.registration["dx"][0])
    assert step(detector, planes[11], 11, frame_index=9).quality == QUALITY_BITS["repeated"]
    assert step(detector, planes[12], 12, time_s=1.0).quality == QUALITY_BITS["out_of_order"]
    for time_s in (np.nan, np.inf, -np.inf):
        assert step(detector, planes[12], 12, time_s=time_s).quality == QUALITY_BITS["out_of_order"]
    assert step(detector, planes[13], 13).quality == QUALITY_BITS["time_gap"]
    assert step(detector, np.full_like(planes[0], np.nan), 14).quality == QUALITY_BITS["corrupt"]
    assert step(detector, planes[15], 15, good=np.array([False])).quality == QUALITY_BITS["corrupt"]
    white = planes[16].copy()
    white[:20] = 65535
    assert step(detector, white, 16).quality & QUALITY_BITS["saturated"]
    holes = planes[17].copy()
    holes[np.random.default_rng(0).random(holes.shape) < 0.02] = np.nan
    last = step(detector, holes, 17)
    assert last.quality == 0
    assert len(last.detections) <= 3


def test_dead_hot_and_uncorrected_pixels():
    rng = np.random.default_rng(14)
    bad = rng.random((1, SIZE, SIZE)) < 0.01
    gain = rng.normal(1.0, 0.05, (1, SIZE, SIZE))
    gain[0, 3, 3] = np.nan
    offset = rng.normal(20.0, 5.0, (1, SIZE, SIZE))
    sky = Sky(14)
    detector = make_detector(
        sensor(), (1, SIZE, SIZE), DetectSettings(), bad_pixels=bad, gain=gain, offset=offset, threads=2
    )
    count = 0
    for i in range(40):
        plane = np.nan_to_num((sky.frame(i) - 100.0) * gain[0] + 100.0 + offset[0])
        plane[bad[0]] = rng.choice([0, 65535], bad.sum())
        count += len(step(detector, np.rint(plane).astype(np.uint16), i).detections)
    assert count <= 12


def test_threads_give_the_same_bytes():
    results = []
    for threads in (1, 2, 3):
        path = np.random.default_rng(15).normal(0, 0.2, (45, 2))
        sky = Sky(15, size=160, path=path)
        detector = TemporalDetector(
            sensor(), (1, 160, 160), DetectSettings(false_alarms_per_mpx=500.0), threads=threads
        )
        results.append(b"".join(step(detector, sky.frame(i), i).detections.tobytes() for i in range(45)))
    assert len(results[0]) > 0
    assert results[0] == results[1] == results[2]


def test_one_band_may_be_missing():
    a, b = Sky(16), Sky(17)
    detector = TemporalDetector(sensor(2), (2, SIZE, SIZE), DetectSettings(warm_up_frames=4))
    for i in range(30):
        good = np.array([i % 5 != 3, i > 2])
        source = [(40.0, 40.0, 15.0)] if i >= 20 else []
        found = step(detector, np.stack([a.frame(i, source), b.frame(i, source)]), i, good=good).detections
        if i >= 20:
            assert set(near(found, 40, 40)["band"]) == set(np.flatnonzero(good))


def test_foreign_stacks_say_what_is_supposed():
    detector = TemporalDetector(sensor(psf_sigma_px=np.nan, gain_e_per_dn=np.nan), (1, 32, 32), DetectSettings())
    assert any("PSF unknown" in note for note in detector.notes)
    assert any("gain unknown" in note for note in detector.notes)
    wide = TemporalDetector(sensor(), (1, 32, 32), DetectSettings(psf_sigma="1.2 px"))
    assert wide.notes == []
    for i in range(12):
        wide.process(Sky(i, size=32).frame(0)[None].astype(np.int32), frame=i, time_s=i, frame_index=i)


@pytest.mark.parametrize("kind", [TemporalDetector, SingleFrameDetector])
def test_wrong_shapes_are_said(kind):
    with pytest.raises(BadData, match="differ in bands"):
        kind(sensor(), (2, 32, 32), DetectSettings())
    with pytest.raises(BadData, match="too small"):
        kind(sensor(), (1, 8, 32), DetectSettings())
    with pytest.raises(BadData, match="bad_pixels: has the wrong shape"):
        kind(sensor(), (1, 32, 32), DetectSettings(), bad_pixels=np.zeros((32, 32)))
    detector = kind(sensor(), (1, 32, 32), DetectSettings())
    with pytest.raises(BadData, match="frame 7: has the wrong shape"):
        detector.process(np.zeros((1, 32, 31), np.uint16), frame=7, time_s=0.0, frame_index=0)


@pytest.mark.parametrize(("speed", "ramp"), [(0.4, 0.0), (0.4, 1.2), (0.8, -1.2)])
def test_a_bright_source_that_goes_by_leaves_nothing_behind(speed, ramp):
    """Under a cloud that moves in, whose level goes on while the source hides it."""
    behind, pixels = 0, 0.0
    for seed in (20, 21):
        sky, detector = Sky(seed, size=64), TemporalDetector(sensor(), (1, 64, 64), DetectSettings())
        cloud = np.exp(-0.5 * ((sky.x - 32.0) ** 2 + (sky.y - 32.0) ** 2) / 12.0**2)
        crossing = round(30 / speed)
        for i in range(60 + crossing + 60):
            k = i - 60
            x, y = 16.3 + speed * k, 29.4 + 0.15 * speed * k
            shining = 0 <= k <= crossing
            plane = sky.frame(i, [(x, y, 200.0)] if shining else []) + 500.0 + ramp * i * cloud
            found = step(detector, np.rint(plane).astype(np.uint16), i).detections
            if k < 0:
                continue
            passed = (found["x"] > 12) & (found["x"] < min(x - 5.0, 52.0))
            passed &= np.abs(found["y"] - 29.4 - 0.15 * (found["x"] - 16.3)) < 6.0
            if shining:
                assert len(near(found, x, y)) == 1
            behind += np.count_nonzero(passed)
            pixels += 12.0 * max(min(x - 5.0, 52.0) - 12.0, 0.0) / 1e6
    assert behind <= 10.0 * pixels + 2.0
