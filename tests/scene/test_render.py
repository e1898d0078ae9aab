"""Whole frames: closed forms, truth, noise, defects, and the same bytes in any order."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from boostwatch import geometry
from boostwatch.errors import BadData, UsageError
from boostwatch.parallel import ordered_map
from boostwatch.records import QUALITY_BITS
from boostwatch.scene.library import builtin
from boostwatch.scene.plan import array_names
from boostwatch.scene.platform import Platform
from boostwatch.scene.render import Renderer
from boostwatch.scene.scenario import Scenario
from boostwatch.sensor import gaussian_psf
from boostwatch.settings import parse_toml, read_toml

DATA = Path(__file__).parents[2] / "data"
STILL = {"jitter": "0 px", "drift": "0 px/s", "smear": "0 px", "attitude_bias": "0 rad", "attitude_noise": "0 rad"}
PERFECT = {"prnu": 0.0, "bad_pixels": {"fraction": 0.0}}
DARK = {"kind": "uniform", "radiance": ["0 W/m2/sr/um"]}
FIRE = {"kind": "fire", "latitude": "28.2 deg", "longitude": "-80.6 deg", "flicker": 0.0}


def make(**more: Any) -> Renderer:
    sensor = {"width": 64, "height": 48, **more.pop("sensor", {})}
    return Renderer(Scenario.model_validate({"frames": 40, "sensor": sensor, **more}))


def test_demo_renders_the_same_bytes_in_any_order_and_on_threads() -> None:
    scenario = parse_toml(builtin("demo"), Scenario)
    first, second = Renderer(scenario), Renderer(scenario)
    order = list(range(60, 72))
    shuffled = order[:]
    random.Random(1).shuffle(shuffled)
    one = dict(zip(order, map(first.frame, order), strict=True))
    two = dict(zip(shuffled, ordered_map(second.frame, shuffled, jobs=2), strict=True))
    for i in order:
        assert one[i].data.tobytes() == two[i].data.tobytes()
        assert one[i].samples.tobytes() == two[i].samples.tobytes()
    other = Renderer(scenario, seed=scenario.seed + 1)
    assert (other.frame(60).data != one[60].data).mean() > 0.5
    assert other.seed == scenario.seed + 1


def test_demo_shows_what_it_promises() -> None:
    r = Renderer(parse_toml(builtin("demo"), Scenario))
    assert r.shape == (2, 256, 256)
    assert r.time_s[-1] >= 150
    assert sorted(o["kind"] for o in r.objects) == [b"aircraft", b"fire", b"launch", b"launch"]
    samples = np.concatenate([r.frame(i).samples for i in range(0, r.n_frames, 3)])
    for number in np.flatnonzero(r.objects["kind"] == b"launch"):
        mine = samples[samples["object_id"] == number]
        seen = r.time_s[mine["frame"]]
        assert seen.max() >= r.objects["burnout_s"][number] - 2  # in view to the end of the burn
        early = mine[seen < r.objects["onset_s"][number] + 3]
        assert early["snr"].max() < 0.2 * mine["snr"].max()
        assert mine["snr"].max() > 20
        step = np.hypot(np.diff(mine[mine["band"] == 0]["x"]), np.diff(mine[mine["band"] == 0]["y"]))
        assert step.max() < 5  # px in 1.5 s


def test_uniform_scene_has_closed_form_electrons() -> None:
    r = make(sensor=PERFECT, line_of_sight=STILL, background={"kind": "uniform", "radiance": ["0.02 W/m2/sr/um"]})
    for b, band in enumerate(r.sensor.bands):
        wanted = 0.02 * (band.upper_um - band.lower_um) * r.sensor.ifov_rad**2 / band.irradiance_per_e
        np.testing.assert_allclose(r.scene(0)[b], wanted, rtol=1e-5)
        data = r.frame(0).data[b].astype(float)
        mean = (wanted + band.dark_e_per_s * r.sensor.integration_s) / band.gain_e_per_dn + band.offset_dn
        sigma = np.sqrt(wanted + band.dark_e_per_s * 0.1 + band.read_noise_e**2) / band.gain_e_per_dn
        assert abs(data.mean() - mean) < 5 * sigma / data.size**0.5
        assert data.std() == pytest.approx(np.hypot(sigma, 12**-0.5), rel=5 / (2 * data.size) ** 0.5)


def test_point_source_electrons_and_snr_are_closed_form() -> None:
    point = {**FIRE, "kind": "aircraft", "speed": "1 um/s", "altitude": "0 m"}
    del point["flicker"]
    r = make(sensor=PERFECT, line_of_sight={**STILL, "jitter": "0.3 px"}, background=DARK, objects=[point])
    band = r.sensor.bands[0]
    for i in (0, 7):
        sample = r.frame(i).samples[0]
        assert sample["signal_e"] == pytest.approx(sample["irradiance_w_m2"] / band.irradiance_per_e)
        image = np.zeros(r.shape, np.float32)
        r._objects.add(i, image)
        assert image[0].sum(dtype=np.float64) == pytest.approx(sample["signal_e"], rel=1e-5)
        x, y = sample["x"], sample["y"]
        np.testing.assert_allclose([x, y], r.line_of_sight[i] + [31.5, 23.5], atol=1e-6)
        p = gaussian_psf(band.psf_sigma_px, x - round(x), y - round(y), radius=5)
        noise = np.sqrt(band.dark_e_per_s * r.sensor.integration_s + band.read_noise_e**2)
        assert sample["snr"] == pytest.approx(sample["signal_e"] * np.sqrt((p**2).sum()) / noise, rel=1e-5)


@pytest.mark.parametrize("background", [DARK, {"kind": "earth"}])
def test_snr_is_finite_without_any_noise(background: dict[str, Any]) -> None:
    noiseless = {**PERFECT, "read_noise": "0 e-", "dark_current": "0 e-/s"}
    r = make(sensor=noiseless, line_of_sight=STILL, background=background, objects=[FIRE])
    samples = r.frame(0).samples
    assert len(samples) == 2
    assert np.isfinite(samples["snr"]).all()
    assert (samples["snr"] > 0).all()


def test_truth_in_both_bands_and_only_on_the_focal_plane() -> None:
    outside = {**FIRE, "latitude": "29.5 deg"}
    late = {**FIRE, "start": "10 s"}
    r = make(background=DARK, line_of_sight=STILL, objects=[FIRE, outside, late], outside_view="allow")
    assert [(s["object_id"], s["band"]) for s in r.frame(3).samples] == [(0, 0), (0, 1)]
    assert set(r.frame(35).samples["object_id"]) == {0, 2}
    assert np.isnan(r.objects["heading_deg"]).all()
    assert np.isnan(r.objects["burnout_s"]).all()


def test_a_cloud_hides_what_is_below_and_not_what_is_above() -> None:
    cloud = {"altitude": "6 km", "coverage": 1.0, "optical_depth": 30, "edge": 1.0}
    plane = {**FIRE, "kind": "aircraft", "altitude": "11 km"}
    del plane["flicker"]
    objects = [FIRE, plane]
    clear, covered = (make(background=DARK, objects=objects, clouds=c).frame(0).samples for c in ([], [cloud]))
    assert covered["irradiance_w_m2"][0] < 1e-9 * clear["irradiance_w_m2"][0]
    assert covered["irradiance_w_m2"][2] == clear["irradiance_w_m2"][2]
    assert covered["radiant_intensity_w_sr"][0] == clear["radiant_intensity_w_sr"][0]


def test_pictures_of_many_wide_objects_take_no_more_than_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    place = {"kind": "flare", "latitude": "28.2 deg", "longitude": "-80.6 deg"}
    wide = [{**place, "stacks": 50, "radius": "15 km", "power": f"{50 + n} MW"} for n in range(8)]
    r = make(sensor=PERFECT, line_of_sight=STILL, background=DARK, objects=[FIRE, *wide, FIRE])
    apart, image = r._objects.marks(2), np.zeros(r.shape, np.float32)
    samples, frame = r._objects.add(2, image), r.frame(2)
    monkeypatch.setattr("boostwatch.scene.objects.MOST_LOOSE", 500)
    joined, again = r._objects.marks(2), np.zeros(r.shape, np.float32)
    for band in range(2):
        assert sum(mark.stamps[band].light.size for mark in apart) > 3 * 64 * 48
        assert sum(mark.stamps[band].light.size for mark in joined) <= 64 * 48 + 500
    np.testing.assert_array_equal(r._objects.add(2, again), samples)
    np.testing.assert_allclose(again, image, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(r.frame(2).samples, frame.samples)
    assert (r.frame(2).data == frame.data).mean() > 0.99


def test_smear_over_the_exposure() -> None:
    plane = {
        "kind": "aircraft",
        "latitude": "28.2 deg",
        "longitude": "-80.6 deg",
        "speed": "1200 m/s",
        "intensity": "1e6 W/sr",
    }
    sensor = {**PERFECT, "frame_rate": "0.1 Hz", "integration": "10 s"}
    r = make(sensor=sensor, line_of_sight=STILL, background=DARK, objects=[plane])
    image = np.zeros(r.shape, np.float32)
    sample = r._objects.add(0, image)[0]
    across = image[0].sum(0, dtype=np.float64) / sample["signal_e"]
    assert across.sum() == pytest.approx(1, rel=1e-4)
    x = np.arange(64)
    spread = np.sqrt((across * (x - across @ x) ** 2).sum())
    length = 1200 * 10 / (np.linalg.norm(r.position_m[0] - geometry.geodetic_to_itrs(28.2, -80.6)) * 30e-6)
    assert spread == pytest.approx(np.sqrt(length**2 / 12 + 0.7**2 + 1 / 12), rel=0.05)
    assert across @ x == pytest.approx(sample["x"], abs=0.01)


def test_reported_attitude_is_within_its_sigma_of_the_truth() -> None:
    r = make(
        frames=400,
        line_of_sight={"jitter": "0.5 px", "attitude_bias": "20 urad", "attitude_noise": "5 urad"},
        background=DARK,
    )
    nominal = Platform(r.scenario).state(0.0)[1]
    tilt = geometry.tilt_quaternion(*(r.line_of_sight.T * r.sensor.ifov_rad))
    true = geometry.multiply_quaternions(nominal, tilt)
    inverse = true * [1, -1, -1, -1]
    error = 2 * geometry.multiply_quaternions(inverse, r.attitude)[:, 1:]
    np.testing.assert_allclose(error.std(0), 5e-6, rtol=0.2)
    assert (np.abs(error.mean(0)) < 4 * 20e-6).all()
    assert r.attitude_sigma_rad == pytest.approx(np.hypot(20e-6, 5e-6))
    # A ground point falls where the true attitude and the shift both say.
    ray = geometry.geodetic_to_itrs(28.3, -80.5) - r.position_m[9]
    x, y = r.sensor.project(geometry.quaternion_to_matrix(true[9]).T @ ray)
    x0, y0 = r.sensor.project(geometry.quaternion_to_matrix(nominal).T @ ray)
    np.testing.assert_allclose([x - x0, y - y0], r.line_of_sight[9], atol=1e-4)


def test_drift_and_jitter_of_the_line_of_sight() -> None:
    r = make(
        frames=2000,
        line_of_sight={"jitter": "0.2 px", "drift": "0.02 px/s", "drift_direction": "90 deg"},
        background=DARK,
    )
    rest = r.line_of_sight - np.outer(r.time_s, [0.0, 0.02])
    np.testing.assert_allclose(rest.std(0), 0.2, rtol=0.1)
    np.testing.assert_allclose(rest.mean(0), 0, atol=0.025)


def test_the_scene_follows_the_line_of_sight_and_the_clouds_the_wind() -> None:
    cloud = {"wind_speed": "100 m/s", "coverage": 0.5}
    still = make(line_of_sight=STILL, clouds=[cloud], background=DARK, frames=60)
    vx, vy = still._keyframes(0)._canvas._drift[0]
    assert np.hypot(vx, vy) == pytest.approx(0.1 / 1.12, rel=0.1)
    a, b = still.scene(0)[0], still.scene(59)[0]
    moved = round(vx * still.time_s[59])
    assert moved >= 2
    stays, follows = (np.corrcoef(p.ravel(), q.ravel())[0, 1] for p, q in ((a, b), (a[:, :-moved], b[:, moved:])))
    assert follows > 0.9 > stays


def test_defects() -> None:
    faults = {
        "fraction": 0.05,
        "known": 0.5,
        "hot_current": "1e6 e-/s",
        "blink_amplitude": "50000 e-",
        "blink_dwell": "2 s",
    }
    r = make(frames=200, sensor={"bad_pixels": faults, "read_noise": "50 e-"}, background=DARK)
    plane = r._planes[0]
    assert (plane.bad > 0).sum() == round(0.05 * 64 * 48)
    assert 0.3 < (r.bad_pixels[0] > 0).sum() / (plane.bad > 0).sum() < 0.7
    assert set(np.unique(plane.bad)) == {0, 1, 2, 3}
    cube = np.stack([r.frame(i).data[0] for i in range(0, 200, 4)]).astype(float)
    noise = np.median(cube.std(0))
    assert np.median(cube.std(0)[plane.bad == 3]) > 20 * noise
    assert (cube.mean(0)[plane.bad == 2] > np.median(cube)).mean() > 0.95
    up = cube[:, plane.bad == 3] > np.median(cube) + 100
    assert 0.3 < up.mean() < 0.7


def test_dead_pixels_see_nothing() -> None:
    bright = {"kind": "uniform", "radiance": ["0.1 W/m2/sr/um"]}
    r = make(sensor={"bad_pixels": {"fraction": 0.02, "kinds": ["dead"]}}, background=bright)
    data = r.frame(0).data[1].astype(float)
    dead = r._planes[1].bad == 1
    assert data[dead].max() < 0.5 * data[~dead].min()


def test_known_non_uniformity() -> None:
    bright = {"kind": "uniform", "radiance": ["0.1 W/m2/sr/um"]}
    r = make(sensor={**PERFECT, "gain_spread": 0.1, "offset_spread_dn": 20.0, "prnu": 0.0}, background=bright)
    assert r.gain is not None
    assert r.offset is not None
    band = r.sensor.bands[1]
    raw = np.mean([r.frame(i).data[1] for i in range(30)], axis=0)
    flat = (raw - band.offset_dn - r.offset[1]) / r.gain[1]
    assert raw.std() > 0.09 * (raw.mean() - band.offset_dn)
    assert flat.std() < 0.02 * flat.mean()
    assert make(background=bright).gain is None
    assert make(background=bright).offset is None


def test_residual_non_uniformity() -> None:
    bright = {"kind": "uniform", "radiance": ["0.5 W/m2/sr/um"]}
    r = make(sensor={**PERFECT, "prnu": 0.05, "read_noise": "10 e-"}, background=bright)
    raw = np.mean([r.frame(i).data[1].astype(float) for i in range(20)], axis=0)
    assert raw.std() / (raw.mean() - 200) == pytest.approx(0.05, rel=0.1)


def test_saturation_is_flagged() -> None:
    glare = {"kind": "uniform", "radiance": ["0 W/m2/sr/um", "1000 W/m2/sr/um"]}
    frame = make(background=glare).frame(0)
    assert frame.quality.tolist() == [0, QUALITY_BITS["saturated"]]
    assert (frame.data[1] == 2**14 - 1).mean() > 0.99


def test_real_image_as_background() -> None:
    path = DATA / "real" / "goes16_launch.toml"
    scenario = read_toml(path, Scenario)
    assert array_names(scenario) == ["goes16_c07_mid.npy"]
    images = {name: np.load(path.parent / name) for name in array_names(scenario)}
    r = Renderer(scenario, arrays=images)
    band = r.sensor.bands[0]
    scale = (band.upper_um - band.lower_um) * r.sensor.ifov_rad**2 / band.irradiance_per_e
    found = r.scene(0)[0] / scale
    image = images["goes16_c07_mid.npy"][8:248, 8:248]
    assert found.mean() == pytest.approx(image.mean(), rel=0.01)
    assert np.diff(found, axis=1).std() == pytest.approx(np.diff(image, axis=1).std(), rel=0.15)  # its edges survive
    assert np.corrcoef(found.ravel(), image.ravel())[0, 1] > 0.995
    with pytest.raises(BadData, match=r"background\.file: the image was not loaded; found 'goes16_c07_mid\.npy'"):
        Renderer(scenario)


@pytest.mark.parametrize("path", sorted((DATA / "synthetic").glob("*.toml")), ids=lambda p: p.stem)
def test_regression_scenarios_render(path: Path) -> None:
    r = Renderer(read_toml(path, Scenario))
    samples = r.frame(r.n_frames // 2).samples
    assert set(samples["object_id"]) == set(range(len(r.objects)))
    assert r.shape == (2, 96, 96)


def test_regression_scenarios_are_small() -> None:
    sizes = [read_toml(p, Scenario) for p in (DATA / "synthetic").glob("*.toml")]
    assert sum(s.n_frames * 2 * 96 * 96 * 2 for s in sizes) < 12e6


def test_errors() -> None:
    r = make(background=DARK)
    with pytest.raises(UsageError, match="no such frame; found 40; allowed: 0 to 39"):
        r.frame(40)
    with pytest.raises(UsageError, match="seed is out of range"):
        Renderer(r.scenario, seed=-1)
    band = {"name": "A", "lower": "3 um", "upper": "3.5 um"}
    with pytest.raises(BadData, match=r"sensor\.bands\[0\]: no atmospheric table"):
        make(sensor={"bands": [band]})
    make(sensor={"bands": [band]}, background=DARK)  # without air and objects any band will do
