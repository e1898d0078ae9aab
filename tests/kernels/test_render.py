from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config

from boostwatch_kernels import render
from tests.kernels import reference_scene as reference

SMALL = bool(config.DISABLE_JIT)
FRAME = (24, 32) if SMALL else (256, 256)
KEY = render.NoiseKey(5, 0, 0)
IDEAL = render.Detector(read_noise_e=0.0, full_well_e=1e6, gain_e_per_dn=1.0, max_dn=65535.0)


@given(st.floats(20, 40), st.floats(0.8, 5.0), st.floats(0.3, 4.0))
@settings(max_examples=30, deadline=None)
def test_filter_taps_are_exact_integrals(centre: float, box: float, sigma: float) -> None:
    taps = np.empty(60, np.float32)
    first = render.filter_taps(centre, box, sigma, taps)
    wanted = [reference.filter_weight(first + k, centre, box, sigma) for k in range(60)]
    np.testing.assert_allclose(taps, wanted, atol=2e-5)
    assert taps.sum() == pytest.approx(1, abs=1e-6)
    assert first + taps @ (np.arange(60) + 0.5) == pytest.approx(centre, abs=0.02)  # of a cell: cells are even inside


@given(st.floats(-25, 25), st.floats(-25, 25))
@settings(max_examples=20, deadline=None)
def test_add_layer_equals_twin(dx: float, dy: float) -> None:
    rng = np.random.default_rng(1)
    canvas, alpha, light = rng.random((3, 7, 9), dtype=np.float32)
    wanted = reference.add_layer(*(a.astype(np.float64) for a in (canvas, alpha, light)), dx, dy)
    render.add_layer(canvas, alpha, light, dx, dy)
    np.testing.assert_allclose(canvas, wanted, atol=1e-5)


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_decimate_equals_twin(step: int) -> None:
    rng = np.random.default_rng(step)
    canvas = rng.random((30 * step, 40 * step), dtype=np.float32)
    taps_y, taps_x = rng.random((2, 12), dtype=np.float32)
    out = np.empty((12, 17), np.float32)
    render.decimate(canvas, taps_y, taps_x, (2, 5), step, out)
    np.testing.assert_allclose(out, reference.decimate(canvas, taps_y, taps_x, (2, 5), step, out.shape), rtol=1e-5)


def shifted_image(scene: np.ndarray, shift: float) -> np.ndarray:
    taps_x, taps_y = np.empty(28, np.float32), np.empty(28, np.float32)
    first_y = render.filter_taps((10 + 0.5) * 3, 3.0, 2.1, taps_y)
    first_x = render.filter_taps((10 + 0.5 - shift) * 3, 3.0, 2.1, taps_x)
    out = np.empty((20, 20), np.float32)
    render.decimate(scene, taps_y, taps_x, (first_y, first_x), 3, out)
    return out


def test_a_whole_pixel_of_shift_moves_the_frame_by_one() -> None:
    scene = np.random.default_rng(3).random((120, 120), dtype=np.float32)
    np.testing.assert_allclose(shifted_image(scene, 1.0)[:, 1:], shifted_image(scene, 0.0)[:, :-1], rtol=2e-6)


@given(st.floats(-2, 2))
@settings(max_examples=20, deadline=None)
def test_an_edge_falls_where_the_shift_puts_it(shift: float) -> None:
    scene = np.zeros((120, 120), np.float32)
    scene[:, 60:] = 1.0
    # Edge at cell 60: pixel 60/3 - 10 = 10 from the left edge of pixel 0. What is lit of a row tells its position.
    lit = shifted_image(scene, shift)[5].astype(np.float64).sum()
    assert 20 - lit == pytest.approx(10 + shift, abs=1e-4)


@given(st.floats(8, 22), st.floats(8, 22), st.floats(0.3, 1.5), st.floats(0, 6), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_stamp_equals_twin(x: float, y: float, sigma: float, length: float, count: int) -> None:
    path = np.array([x, y]) + np.outer(np.arange(count), [length / count, -0.3 * length / count])
    image = np.zeros((40, 40), np.float32)
    square = render.stamp(image, path, 1e4, sigma)
    wanted = reference.stamp(image.shape, path, 1e4, sigma)
    np.testing.assert_allclose(image, wanted, atol=2e-3)
    assert square == pytest.approx(((wanted / 1e4) ** 2).sum(), rel=1e-5)


def test_a_source_keeps_its_flux_as_it_crosses_pixels() -> None:
    for x in np.linspace(10, 11, 21):
        image = np.zeros((24, 24), np.float32)
        render.stamp(image, np.array([[x, 12.3]]), 5000.0, 0.7)
        assert image.astype(np.float64).sum() == pytest.approx(5000, rel=1e-6)
        assert (image.sum(0) @ np.arange(24)) / 5000 == pytest.approx(x, abs=1e-4)


def test_a_source_off_the_image_leaves_it_alone() -> None:
    image = np.zeros((10, 10), np.float32)
    render.stamp(image, np.array([[-30.0, 4.0]]), 100.0, 0.7)
    assert not image.any()


def run(signal: float, detector: render.Detector = IDEAL, *, key: render.NoiseKey = KEY, response: float = 1.0,
        dark: float = 0.0, offset: float = 0.0) -> np.ndarray:  # fmt: skip
    full = [np.full(FRAME, v, np.float32) for v in (signal, response, dark, offset)]
    out = np.empty(FRAME, np.uint16)
    render.detect(*full, detector, key, out)
    return out.astype(np.float64)


@pytest.mark.parametrize("mean", [0.5, 5.0, 30.0, 39.0, 41.0, 100.0, 1e4])
def test_shot_noise_has_poisson_moments(mean: float) -> None:
    data = run(mean, offset=100.0) - 100
    n = data.size
    # Rounding adds 1/12 where the count is not whole already, which is Poisson's own range.
    variance = mean + (1 / 12 if mean > 40 else 0)
    assert abs(data.mean() - mean) < 5 * (variance / n) ** 0.5
    assert abs(data.var() - variance) < 5 * (variance * (1 + 2 * variance) / n) ** 0.5


@pytest.mark.parametrize("mean", [10.0, 5000.0])
def test_read_dark_and_response(mean: float) -> None:
    data = run(mean, IDEAL._replace(read_noise_e=50.0), response=0.5, dark=200.0, offset=1000.0) - 1000
    variance = 0.5 * mean + 200 + 50**2 + 1 / 12
    assert abs(data.mean() - (0.5 * mean + 200)) < 5 * (variance / data.size) ** 0.5
    assert abs(data.var() - variance) < 5 * variance * (2 / data.size) ** 0.5


def test_read_noise_where_counts_are_few() -> None:
    data = run(3.0, IDEAL._replace(read_noise_e=20.0), offset=500.0) - 500
    variance = 3 + 20**2 + 1 / 12
    assert abs(data.var() - variance) < 5 * variance * (2 / data.size) ** 0.5


def test_few_and_many_counts_in_one_row() -> None:
    signal = np.full(FRAME, 1e4, np.float32)
    signal[:, ::2] = 4.0
    out = np.empty(FRAME, np.uint16)
    ones, zeros = np.ones(FRAME, np.float32), np.zeros(FRAME, np.float32)
    render.detect(signal, ones, zeros, zeros, IDEAL, KEY, out)
    few = out[:, ::2].astype(float)
    assert abs(few.mean() - 4) < 5 * (4 / few.size) ** 0.5
    assert abs(out[:, 1::2].astype(float).mean() - 1e4) < 5 * 100 / few.size**0.5


def test_full_well_and_adc() -> None:
    assert (run(2e6, IDEAL._replace(gain_e_per_dn=100.0, full_well_e=5e5)) == 5000).all()
    assert (run(2e6, IDEAL._replace(gain_e_per_dn=10.0, max_dn=4095.0)) == 4095).all()
    assert (run(0.0, offset=7.0) == 7).all()
    assert (run(0.0, IDEAL._replace(read_noise_e=100.0)) >= 0).all()


def test_detect_counts_pixels_at_full_scale() -> None:
    signal = np.zeros(FRAME, np.float32)
    signal[3, :5] = 1e5
    ones, zeros, out = np.ones(FRAME, np.float32), np.zeros(FRAME, np.float32), np.empty(FRAME, np.uint16)
    assert render.detect(signal, ones, zeros, zeros, IDEAL._replace(max_dn=4095.0), KEY, out) == 5


def test_noise_differs_by_frame_stream_and_seed_alone() -> None:
    base = run(1e3)
    assert (base == run(1e3)).all()
    for key in (KEY._replace(frame=1), KEY._replace(stream=1), KEY._replace(seed=6)):
        assert (base != run(1e3, key=key)).mean() > 0.9
