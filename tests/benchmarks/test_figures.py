"""The figures of the benchmarks: known answers, and every script's core at a tiny size."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from benchmarks import (
    _contenders,
    _event_limits,
    _scoring,
    _track_limits,
    cold_start,
    detection_loss,
    detection_real,
    launch_bound,
    library,
    peers,
    throughput,
)
from benchmarks._peers import noise_of
from benchmarks._peers import peers as all_peers
from benchmarks._plots import Case
from benchmarks._real import NAMES, fine, real_scenes, tiles
from benchmarks._replay import Recording
from benchmarks._scenes import SCENES, SOFT, Scene, SceneKind, cloud_field, point, steepness, with_targets
from benchmarks._statistics import (
    Interval,
    bootstrap,
    clairvoyant,
    dispersion,
    loss_db,
    poisson,
    robust_rms,
    snr50_interval,
)
from benchmarks._table import table
from boostwatch.records import TRUTH_OBJECT, TRUTH_SAMPLE, empty
from boostwatch.sensor import Band, Sensor

SIZE = 48


def probit_targets(half: float, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    snr = rng.uniform(1.0, 9.0, count)
    return snr, rng.random(count) < ndtr(snr - half)


def test_half_detection_is_found_within_its_interval() -> None:
    half = snr50_interval(*probit_targets(4.5))
    assert half.low < 4.5 < half.high
    assert half.high - half.low < 0.25  # 3.3 sqrt(0.56 / density), four times over


def test_the_clairvoyant_loses_nothing() -> None:
    assert clairvoyant(10.0) == pytest.approx(4.265, abs=1e-3)  # Q^-1(1e-5)
    loss = loss_db(*probit_targets(clairvoyant(10.0)), 10.0)
    assert loss.low < 0.0 < loss.high


def test_who_is_told_the_background_loses_next_to_nothing() -> None:
    loss = detection_loss.told_background(SOFT, 10.0)
    assert loss.low < 0.2
    assert loss.high > -0.2


def test_what_is_never_found_has_no_half() -> None:
    snr, _ = probit_targets(4.5)
    assert snr50_interval(snr, np.zeros(len(snr), bool)).told() == "never"


def test_the_interval_of_counts_is_garwoods() -> None:
    assert poisson(0, 2.0) == pytest.approx((0.0, 0.0, 2.996 / 2.0), abs=1e-3)
    assert poisson(10, 1.0) == pytest.approx((10.0, 5.425, 16.962), abs=1e-3)
    wide = poisson(10, 1.0, dispersion(np.array([10, 0, 0, 0])))
    assert wide.low < 5.425
    assert wide.high > 16.962


def test_bootstrap_knows_groups() -> None:
    rng = np.random.default_rng(4)
    common = np.repeat(rng.normal(size=40), 50)  # 40 independent figures, each told 50 times
    groups = np.repeat(np.arange(40), 50)
    told = bootstrap(common, groups, lambda v: float(v.mean()))
    taken_alone = bootstrap(common, np.arange(2000), lambda v: float(v.mean()))
    assert told.high - told.low > 4.0 * (taken_alone.high - taken_alone.low)
    assert robust_rms(rng.normal(size=10_000)) == pytest.approx(1.0, rel=0.05)


def test_the_bound_of_a_faint_source_is_the_known_one() -> None:
    snr, noise = 5.0, 1e6
    share = point(0.7, 20.0, 20.0)[2]
    signal = snr * noise / np.sqrt((share**2).sum())
    x, y, flux = _scoring.bounds(0.7, 20.0, 20.0, signal, noise**2)
    assert (x, y) == pytest.approx((1.11 / snr, 1.11 / snr), rel=0.02)
    assert flux / signal == pytest.approx(1.0 / snr, rel=1e-5)  # centred: flux and position do not mix


def test_tables() -> None:
    rows = [["one", "1"], ["three", "333"]]
    assert table(["", "n"], rows).splitlines()[1] == "one      1"
    assert table(["", "n"], rows, markdown=True).splitlines()[:2] == ["|  | n |", "| --- | ---: |"]


def test_real_tiles_are_those_of_the_statistics() -> None:
    radiance = tiles()
    means = [0.25567, 0.19492, 0.51455, 0.18841]  # of the product
    np.testing.assert_allclose(radiance.mean(axis=(1, 2)), means, atol=2e-4)


def test_the_fine_grid_goes_through_the_samples() -> None:
    rng = np.random.default_rng(1)
    wave = np.fft.rfft2(rng.uniform(1.0, 2.0, (32, 32)))
    wave[16, :], wave[:, 16] = 0.0, 0.0  # nothing at the Nyquist frequency, which has no phase
    tile = np.fft.irfft2(wave, s=(32, 32)) + 1.0
    np.testing.assert_allclose(fine(tile, 2)[::2, ::2], tile, atol=1e-9)


def tiny(kind: SceneKind = SOFT) -> Scene:
    return with_targets(Scene(kind, SIZE, 16, 1), 12, 16, bright_share=1.0)


def test_bright_targets_are_hits_with_errors_of_the_order_of_their_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_scoring, "SETTLED", 10)
    total = detection_loss.scores([tiny()], 10.0, onset=12)
    assert set(total) == {f"{m} @ {r}" for m in _scoring.modes() for r in (10, 100)}
    score = total["single @ 10"]
    assert score.megapixels["all"] == pytest.approx(2 * SIZE**2 / 1e6)
    strong = score.hits[score.hits["snr"] > 10.0]
    assert strong["hit"].mean() > 0.9
    error = detection_loss.errors(score)["position_robust_over_bound"]
    assert isinstance(error, Interval)
    assert error.value < 2.0
    rates = detection_loss.false_alarms(score, total["single @ 100"], SOFT, 10.0)
    assert set(rates["all"]) == {"1", "3", "10", "30", "100", "10 direct"}


def test_a_stricter_cut_keeps_fewer() -> None:
    score = _scoring.Score.none()
    score.hits = np.zeros(1, _scoring.HIT)
    score.alarms = np.array([(0, 40, 5.0, 5.0, snr, False, snr > 6) for snr in (4.0, 5.0, 7.0)], _scoring.ALARM)
    score.megapixels = {"all": 1.0, "edges": 0.0, "rim": 0.5}
    assert [detection_loss.alarm_rate(score, t, "all").value for t in (3.0, 4.5, 8.0)] == [3.0, 2.0, 0.0]
    assert detection_loss.alarm_rate(score, 3.0, "rim").value == 2.0


def test_real_scenes_keep_the_radiance() -> None:
    tile = tiles()[NAMES.index("warm")][:128, :128]
    (scene,) = real_scenes(tile, "warm", jitter=0.1, finer=2, frames=3, seeds=range(1))
    assert scene.size == 64 - 24
    assert scene.background_e(0).mean() / 8.0e5 == pytest.approx(tile.mean(), rel=0.1)
    assert detection_real.steepest_tenth(scene).mean() == pytest.approx(0.1, abs=0.01)
    assert steepness(scene).shape == (40, 40)


@pytest.mark.filterwarnings("ignore")
def test_every_peer_sees_a_bright_point_above_its_threshold() -> None:
    rng = np.random.default_rng(2)
    image = rng.normal(100.0, 1.0, (64, 64)).astype(np.float32)
    rows, columns, share = point(0.7, 30.2, 40.1)
    image[np.ix_(rows, columns)] += (200.0 * share).astype(np.float32)
    assert noise_of(image) == pytest.approx(1.0, rel=0.1)
    found, _ = all_peers(0.7)
    assert {peer.name for peer in found} >= {"skimage blob_log"}
    for peer in found:
        work = peer.prepare(image)
        threshold = peers.threshold_at(500.0, [work], peer.find, 64 * 64 / 1e6)  # two points
        points = peer.find(work, threshold)
        apart = np.hypot(points[:, 0] - 30.2, points[:, 1] - 40.1)
        assert apart.min(initial=9.0) < 1.0, (peer.name, peer.variant)


def test_the_chain_is_thresholded_like_its_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "EMPTY", (12, 13))
    monkeypatch.setattr(peers, "LIT", (14,))
    monkeypatch.setattr(peers, "ONSET", 14)
    clock = peers.Clock()
    exposure = peers.expose(SOFT, 1, SIZE, clock)
    assert len(exposure.frames) == len(exposure.own[peers.STILL]) == 3
    one = peers.own_trial([exposure], "Boostwatch, single", 10.0, 1.0)
    assert one.threshold >= 1.0
    assert "Boostwatch, single" in peers.row("Boostwatch, single", {peers.LESS: one}, 10.0)


def test_the_profile_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "WARM", 10)
    frames = [tiny(SCENES[0]).frame(i) for i in range(6)]
    monkeypatch.setattr(throughput, "FRAMES", len(frames))
    stages = throughput.profile(frames, "single", 4)
    assert {"registration", "sweep", "rest"} <= set(stages)
    assert all(ms >= 0.0 for ms in stages.values())
    monkeypatch.setattr(_contenders, "last_level_cache", lambda: 1 << 20)
    assert _contenders.Copy(SIZE).megabytes == pytest.approx(1.25 * 2**20 / 1e6, rel=0.05)


def test_the_clouds_of_a_scene_depend_on_its_seed_alone() -> None:
    first, second = (cloud_field(20, SCENES[0], np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(tiny().frame(3), tiny().frame(3))


def test_the_stack_of_the_cold_start_is_there() -> None:
    assert cold_start.STACK.exists()
    assert Interval(0.5, 0.1, 0.9).told(1) == "0.5 [0.1, 0.9]"


def test_the_bound_of_a_launch_is_that_of_its_model() -> None:
    case = launch_bound.CASES[0]
    draw = launch_bound.sight(case, np.random.default_rng([7, 31]))
    information = launch_bound.information(draw)
    np.testing.assert_allclose(information, information.T, rtol=1e-6, atol=1e-6 * np.abs(information).max())
    bound = np.linalg.inv(information)
    assert (np.linalg.eigvalsh(bound) > 0).all()
    across_km = launch_bound.BIAS_RAD * 36e3  # nothing tells the bias: it is the least error of the point
    assert across_km < np.sqrt(bound[0, 0]) < 20.0
    blind = draw._replace(covariance=draw.covariance * 1e12)
    prior = np.sqrt(np.diag(np.linalg.inv(launch_bound.information(blind))))
    assert prior[0] == pytest.approx(300.0, rel=0.05)
    assert prior[4] == pytest.approx(launch_bound.model.PATH_SIGMA[0], rel=0.2)


def test_a_launch_is_drawn_as_the_case_says_and_fitted() -> None:
    late = launch_bound.CASES[2]
    draw = launch_bound.sight(late, np.random.default_rng([3, 31]))
    trial = launch_bound.trial(late, 3)
    assert draw.theta[2] < -15.0
    assert trial.error2 < 25.0 * trial.bound2
    figures = launch_bound.figures(launch_bound.CASES[3], 4)
    assert 0.0 < figures["ratio"].value < 4.0
    assert figures["van_trees"] >= figures["ratio"].value  # the inverse of a mean is below the mean of inverses


def test_the_least_variance_of_a_place_is_that_of_least_squares():
    seen = np.random.default_rng(0).random(60) < 0.5
    got = _track_limits.place_variance(seen, 0.09)
    t = np.arange(60.0)
    design = np.stack([np.ones(60), t, t * t], axis=1)
    prior = np.diag([0.0, 2.0 / np.square(_track_limits.SPEED).mean(), 8.0 / np.square(_track_limits.GROWTH).mean()])
    for k in range(60):
        if not seen[: k + 1].any():
            assert np.isinf(got[k])
            continue
        mine = design[: k + 1][seen[: k + 1]]
        known = design[k] @ np.linalg.inv(mine.T @ mine / 0.09 + prior) @ design[k]
        assert got[k] == pytest.approx(known, rel=1e-6)


def test_the_bound_of_a_start_is_the_known_one() -> None:
    t = np.arange(301.0)
    known = 9.0 * _track_limits.SIGMA_PX**2 / 301  # of a parabola's end, many points
    assert _track_limits.start_variance(Case("still"), t) == pytest.approx(known, rel=0.02)
    assert _track_limits.start_variance(Case("j", jitter=0.1), t) > _track_limits.start_variance(Case("still"), t)
    assert _track_limits.start_variance(Case("w", walk=10.0), t) == pytest.approx(_track_limits.SIGMA_PX**2, rel=0.01)


def test_the_library_is_scored_scene_by_scene_and_as_one(
    stack_file: Path, events_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):  # the session's scene stands for two that were searched already
        shutil.copy(stack_file, tmp_path / f"{name}.stack.h5")
        shutil.copy(events_file, tmp_path / f"{name}.events.h5")
    monkeypatch.setattr(library, "QUICK", ("one", "two"))
    words = ["--quick", "--keep", str(tmp_path), "--plots", str(tmp_path / "plots")]
    result = library.run(library.arguments().parse_args(words))
    assert [row["scene"] for row in result.figures["scenes"]] == ["one", "two"]
    assert result.figures["confusion"]["launch"] == {"launch": 2}
    assert (result.headline[0].value, result.headline[0].high) == (1.0, 1.0)
    assert {"detection.png", "confusion.png"} <= {path.name for path in (tmp_path / "plots").iterdir()}


def test_a_launch_cannot_be_told_before_its_known_path_can() -> None:
    """What leaves its place as a t^2 / 2 is told when half the weighted square about its mean passes the odds."""
    frames, dt, snr, accel = 60, 0.5, 10.0, 0.01
    t = dt * np.arange(frames)
    spread = np.hypot(0.7, _event_limits.PIXEL_SIGMA)
    samples = empty(TRUTH_SAMPLE, 2 * frames)
    samples["object_id"], samples["frame"] = np.repeat([0, 1], frames), np.tile(np.arange(frames), 2)
    jitter = np.random.default_rng(0).normal(0, 0.3, frames)  # of the line of sight: both share it
    samples["x"] = np.concatenate([50 + 0.5 * accel * t**2 + jitter, 20 + jitter])
    samples["band"], samples["y"] = 0, 30.0
    samples["snr"] = np.concatenate([np.where(t < 2, 3.0, snr), np.full(frames, 50.0)])
    objects = empty(TRUTH_OBJECT, 2)
    objects["object_id"], objects["kind"] = [0, 1], [b"launch", b"fire"]
    sensor = Sensor("s", 28e-6, 32, 32, dt, 0.1, (Band("A", psf_sigma_px=0.7),))
    steps = [{"frame": k, "time_s": v} for k, v in enumerate(t)]
    made = Recording(sensor, "", (frames, 1, 64, 64), steps, samples[:0], 0.0, 0.0, objects, samples)
    got = _event_limits.told_by_motion(made, 6.0)
    weight = (np.where(t < 2, 3.0, snr) / spread) ** 2
    path = 0.5 * accel * t**2
    for n in range(frames):
        w, x = weight[: n + 1], path[: n + 1]
        if 0.5 * (w * (x - (w * x).sum() / w.sum()) ** 2).sum() > _event_limits.LOG_ODDS:
            break
    assert got == pytest.approx(t[n] - 2.0)
    assert 3.0 < got < 15.0
    # Hidden for four seconds after its first three, it was in sight for the rest of what it took.
    samples["snr"][(samples["object_id"] == 0) & (samples["frame"] >= 10) & (samples["frame"] < 18)] = 1.0
    assert _event_limits.in_sight(made, 6.0, 3.0) == 2.5
    assert _event_limits.in_sight(made, 6.0, 10.0) == 6.0
    assert _event_limits.in_sight(made, 6.0, -1.0) == 0.0
