"""Jitter, drift, wander and vibration of the line of sight: closed forms, and statistics bounded by the sample size."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.signal import periodogram, welch

from boostwatch import geometry as g
from boostwatch.errors import BadData
from boostwatch.scene.camera import build_sensor
from boostwatch.scene.line_of_sight import LineOfSight, Tones, power_between
from boostwatch.scene.platform import Platform
from boostwatch.scene.scenario import Scenario
from boostwatch.sensor import Sensor
from boostwatch.settings import parse_toml

QUIET = {"jitter": "0 px", "drift": "0 px/s", "smear": "0 px", "attitude_bias": "0 rad", "attitude_noise": "0 rad"}
PERIOD, EXPOSURE = 0.5, 0.2


def make(
    frames: int = 400, seed: int = 1, sensor: dict[str, Any] | None = None, **los: Any
) -> tuple[LineOfSight, Sensor]:
    figures = {"frame_rate": f"{1 / PERIOD} Hz", "integration": f"{EXPOSURE} s", **(sensor or {})}
    scenario = Scenario.model_validate({"frames": frames, "sensor": figures, "line_of_sight": {**QUIET, **los}})
    built = build_sensor(scenario)
    time = np.arange(frames) * built.frame_period_s
    return LineOfSight(scenario, built, time, np.random.default_rng(seed)), built


def test_drift_is_straight_and_jitter_white() -> None:
    los, _ = make(4000, jitter="0.2 px", drift="0.02 px/s", drift_direction="120 deg")
    rate = 0.02 * np.array([-0.5, np.sqrt(0.75)])
    np.testing.assert_allclose(los.rate_px_s, np.tile(rate, (4000, 1)))
    rest = los.shift - np.outer(np.arange(4000) * PERIOD, rate)
    np.testing.assert_allclose(rest.std(0), 0.2, rtol=4 / np.sqrt(2 * 4000))
    np.testing.assert_allclose(rest.mean(0), 0, atol=4 * 0.2 / np.sqrt(4000))
    for lag in (1, 2, 7):
        assert np.abs((rest[lag:] * rest[:-lag]).mean(0) / 0.04).max() < 4 / np.sqrt(4000)
    assert los.smear_px == 0.0


def test_the_same_generator_makes_the_same_line_of_sight() -> None:
    everything = {
        "jitter": "0.1 px",
        "walk": {"rms": "1 px"},
        "tones": [{"frequency": "3 Hz", "amplitude": "0.1 px"}],
        "psd": [["0.1 Hz", "0.1 px2/Hz"], ["5 Hz", "0.001 px2/Hz"]],
    }
    (a, _), (b, _), (c, _) = (make(50, seed, **everything) for seed in (1, 1, 2))
    assert a.shift.tobytes() == b.shift.tobytes()
    assert a.smear_px == b.smear_px == pytest.approx(c.smear_px, rel=0.1)
    assert np.abs(a.shift - c.shift).min() > 0
    one, _ = make(1, **everything)
    assert one.shift.shape == (1, 2)


@pytest.mark.parametrize("frequency", [0.3, 2.9, 11.3])
def test_a_tone_is_seen_through_the_exposure(frequency: float) -> None:
    los, _ = make(tones=[{"frequency": f"{frequency} Hz", "amplitude": "0.4 px", "direction": "30 deg"}])
    time = 2 * np.pi * frequency * np.arange(400) * PERIOD
    fit = np.linalg.lstsq(np.stack([np.cos(time), np.sin(time)], 1), los.shift, rcond=None)
    seen = np.linalg.norm(fit[0], axis=0)
    wanted = 0.4 * abs(np.sinc(frequency * EXPOSURE)) * np.array([np.cos(np.pi / 6), 0.5])
    np.testing.assert_allclose(seen, wanted, atol=1e-9)
    assert los.smear_px**2 == pytest.approx(0.08 * (1 - np.sinc(frequency * EXPOSURE) ** 2) / 2)


def test_average_and_smear_are_those_of_the_motion_within_exposures() -> None:
    tones = Tones(np.array([0.7, 4.2]), np.array([[0.3, 0.1], [0.0, 0.2]]), np.array([1.0, 2.0]))
    middles = np.arange(3000) * 0.37
    within = (np.arange(64) + 0.5) / 64 * EXPOSURE - EXPOSURE / 2
    fine = tones.at(middles[:, None] + within)
    np.testing.assert_allclose(fine.mean(1), tones.averaged(EXPOSURE).at(middles), atol=1e-3)
    assert fine.var(axis=1).mean() == pytest.approx(tones.variance_within(EXPOSURE), rel=0.02)


@pytest.mark.parametrize("correlation", [0.1, 0.5, 30.0, 1e4])
def test_walk_has_the_covariance_of_averaged_gauss_markov_noise(correlation: float) -> None:
    """Means over exposures of a process with covariance exp(-|t|/tau): integrals of that over two exposures."""
    frames = 60_000
    los, _ = make(frames, walk={"rms": "0.5 px", "correlation": f"{correlation} s"})
    x, gap = EXPOSURE / correlation, (PERIOD - EXPOSURE) / correlation
    variance = 2 * (x - 1 + np.exp(-x)) / x**2 if x > 1e-3 else 1 - x / 3
    next_one = (np.expm1(-x) / x) ** 2 * np.exp(-gap)
    independent = frames * (1 - np.exp(-2 * PERIOD / correlation))  # samples of the variance, roughly
    bound = 5 * np.sqrt(2 / max(independent, 2))
    assert los.shift.var(0) / 0.25 == pytest.approx(np.full(2, variance), rel=min(bound, 2.0))
    if correlation < 1e4:
        product = (los.shift[1:] * los.shift[:-1]).mean(0) / 0.25
        np.testing.assert_allclose(product, next_one, atol=bound)
    step = np.diff(los.shift, axis=0)  # near-independent for any correlation time
    np.testing.assert_allclose((step**2).mean(0) / 0.25, 2 * (variance - next_one), rtol=5 * np.sqrt(3 / frames))
    assert los.smear_px == pytest.approx(0.5 * np.sqrt(1 - variance), rel=1e-4)


def test_walk_has_its_spectrum() -> None:
    frames, tau = 65_536, 5.0
    los, _ = make(frames, sensor={"integration": "1 ms"}, walk={"rms": "1 px", "correlation": f"{tau} s"})
    segments = 64
    f, seen = welch(los.shift, 1 / PERIOD, "hann", frames // segments, axis=0, detrend=False)
    a = np.exp(-PERIOD / tau)
    wanted = 2 * PERIOD * (1 - a**2) / (1 - 2 * a * np.cos(2 * np.pi * f * PERIOD) + a**2)
    ratio = (seen / wanted[:, None])[4:-1]
    bands = ratio[: len(ratio) // 8 * 8].reshape(-1, 8, 2).mean(1)
    # Half-overlapped Hann segments: about 1.9 independent ones for every two; neighbours of a band share some.
    assert np.abs(bands - 1).max() < 5 / np.sqrt(segments * 8 / 1.5)
    assert ratio.mean() == pytest.approx(1, abs=5 / np.sqrt(frames))


def test_power_of_a_spectrum_is_its_integral() -> None:
    pairs = ((0.01, 5.0), (0.3, 0.2), (2.0, 0.2), (50.0, 0.2 * 2 / 50))  # falling, flat, and exactly 1/f
    edges = np.geomspace(0.01, 50, 30)
    f, s = np.array(pairs).T

    def density(x: float) -> float:
        return float(np.exp(np.interp(np.log(x), np.log(f), np.log(s))))

    wanted = [quad(density, a, b, points=[p for p in f if a < p < b] or None)[0] for a, b in pairwise(edges)]
    np.testing.assert_allclose(power_between(pairs, edges), wanted, rtol=1e-6)


def test_a_spectrum_is_recovered_from_the_shifts() -> None:
    """Each octave's power in a periodogram of short exposures, against the integral of the density."""
    pairs = (("0.005 Hz", "2 px2/Hz"), ("0.1 Hz", "0.1 px2/Hz"), ("0.9 Hz", "0.002 px2/Hz"))
    numbers = tuple((float(f.split()[0]), float(s.split()[0])) for f, s in pairs)
    los, _ = make(32_768, sensor={"integration": "1 ms"}, psd=[list(pair) for pair in pairs])
    f, seen = periodogram(los.shift, 1 / PERIOD, "hann", axis=0, detrend=False)
    edges = np.array([0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 0.9])
    wanted = power_between(numbers, edges)
    for low, high, power in zip(edges[:-1], edges[1:], wanted, strict=True):
        inside = seen[(f >= low) & (f < high)].sum(0) * f[1]
        # About eight tones an octave; of one at the edge the octave may win or lose its whole power.
        np.testing.assert_allclose(inside, power, rtol=0.3)
    np.testing.assert_allclose(los.shift.var(0), wanted.sum(), rtol=0.03)
    assert abs(np.corrcoef(los.shift.T)[0, 1]) < 0.1


def test_a_spectrum_beyond_the_exposure_smears() -> None:
    los, _ = make(psd=[["20 Hz", "0.01 px2/Hz"], ["40 Hz", "0.01 px2/Hz"]], smear="0.3 px")
    assert los.smear_px == pytest.approx(np.sqrt(0.09 + 0.2), rel=0.01)
    assert los.shift.std() < 0.05


def test_rows_go_on_where_frames_are() -> None:
    los, _ = make(
        30,
        jitter="0.2 px",
        drift="0.1 px/s",
        walk={"rms": "0.5 px", "correlation": "2 s"},
        tones=[{"frequency": "0.9 Hz", "amplitude": "0.3 px"}],
    )
    for i in (0, 7, 29):
        np.testing.assert_allclose(los.rows(i, np.zeros(3)), [los.shift[i]] * 3, atol=1e-14)
    smooth, _ = make(
        30, drift="0.1 px/s", drift_direction="0 deg", tones=[{"frequency": "0.9 Hz", "amplitude": "0.3 px"}]
    )
    late = smooth.rows(7, [PERIOD / 2, PERIOD, -PERIOD])
    np.testing.assert_allclose(late[1:], smooth.shift[[8, 6]], atol=1e-12)
    pure, _ = make(30, tones=[{"frequency": "0.9 Hz", "amplitude": "0.3 px"}])
    np.testing.assert_allclose(
        late - pure.rows(7, [PERIOD / 2, PERIOD, -PERIOD]), [[0.375, 0], [0.4, 0], [0.3, 0]], atol=1e-12
    )
    wander, _ = make(30, walk={"rms": "0.5 px", "correlation": "2 s"})
    np.testing.assert_allclose(
        wander.rows(7, [PERIOD / 4])[0], 0.75 * wander.shift[7] + 0.25 * wander.shift[8], atol=1e-14
    )
    assert los.rows(3, np.linspace(-0.2, 0.2, 64)).shape == (64, 2)


def test_the_true_attitude_moves_the_scene_and_the_report_strays_by_its_sigmas() -> None:
    frames, bias, noise = 5000, 20e-6, 5e-6
    los, sensor = make(frames, jitter="0.5 px", attitude_bias=f"{bias} rad", attitude_noise=f"{noise} rad")
    position, nominal = Platform(Scenario()).state(0.0)
    true = los.turned(nominal)
    ray = g.geodetic_to_itrs(28.3, -80.5) - position
    x0, y0 = sensor.project(g.quaternion_to_matrix(nominal).T @ ray)
    x, y = sensor.project(np.einsum("nij,i->nj", g.quaternion_to_matrix(true), ray))
    np.testing.assert_allclose(np.stack([x - x0, y - y0], 1), los.shift, atol=1e-4)

    error = 2 * g.multiply_quaternions(true * [1, -1, -1, -1], los.report(true))[:, 1:]
    np.testing.assert_allclose(error.std(0), noise, rtol=4 / np.sqrt(2 * frames))
    np.testing.assert_allclose(np.linalg.norm(los.report(true), axis=1), 1, atol=1e-14)
    biases = []
    for seed in range(300):
        one, _ = make(2, seed, attitude_bias=f"{bias} rad")
        biases.append(2 * one.report(np.array([[1.0, 0, 0, 0]] * 2))[:, 1:])
    np.testing.assert_allclose(np.ptp(biases, axis=1), 0, atol=1e-18)
    assert np.std(biases) == pytest.approx(bias, rel=4 / np.sqrt(2 * 900))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('walk = {rms = "1 s"}', r"line_of_sight\.walk\.rms: has the wrong unit"),
        ('walk = {correlation = "0 s"}', r"walk\.correlation: should be greater than or equal to 0.001 s"),
        ('tones = [{frequency = "3 Hz"}]', r"line_of_sight\.tones\[0\]\.amplitude: required key is missing"),
        ('tones = [{frequency = "-3 Hz", amplitude = "1 px"}]', r"tones\[0\]\.frequency: should be greater than 0 Hz"),
        ('psd = [["1 Hz", "1 px2/Hz"]]', r"line_of_sight\.psd: has 1 pairs; allowed: at least 2"),
        ('psd = [["2 Hz", "1 px2/Hz"], ["1 Hz", "1 px2/Hz"]]', r"psd: 1 Hz does not come after 2 Hz; allowed"),
        ('psd = [["2 Hz", "1 px2/Hz"], ["3 Hz", "0 px2/Hz"]]', r"psd\[1\]\[1\]: should be greater than 0 px2/Hz"),
        ('psd = [["2 Hz", "1 px/Hz"], ["3 Hz", "1 px2/Hz"]]', r"psd\[0\]\[1\]: has the wrong unit"),
    ],
)  # fmt: skip
def test_one_clear_line(text: str, message: str) -> None:
    with pytest.raises(BadData, match=message) as caught:
        parse_toml("[line_of_sight]\n" + text, Scenario)
    assert len(str(caught.value).splitlines()) == 1


def test_written_and_read_again() -> None:
    text = '[line_of_sight]\npsd = [["2 Hz", "1 px2/Hz"], ["3 Hz", "0.1 px2/Hz"]]\nwalk = {}\n'
    text += 'tones = [{frequency = "3 Hz", amplitude = "1 px"}]'
    scenario = parse_toml(text, Scenario)
    assert parse_toml(scenario.to_toml(), Scenario) == scenario
