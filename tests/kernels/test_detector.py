"""The detector chain: against its twin, photon transfer, whiteness, and what ends of the scale do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba import config
from numpy.typing import NDArray

from boostwatch_kernels import detector as d
from boostwatch_kernels.noise import BLOCK
from tests.kernels import reference_scene as reference

SIDE = 24 if config.DISABLE_JIT else 512
COUNT = SIDE * SIDE
KEY = d.NoiseKey(5, 0, 0)
IDEAL = d.Detector(read_noise_e=0.0, full_well_e=1e6, gain_e_per_dn=1.0, max_dn=65535.0)
REAL = d.Detector(read_noise_e=60.0, full_well_e=9e5, gain_e_per_dn=15.0, max_dn=65535.0)
NO_INDEX, NO_CHARGE = np.empty(0, np.int64), np.empty(0, np.float32)


def flat(value: float, count: int = BLOCK) -> NDArray[np.float32]:
    return np.full(count, value, np.float32)


def maps(response: float = 1.0, dark: float = 0.0, offset: float = 0.0) -> d.PixelMaps:
    return d.PixelMaps(flat(response), flat(dark), flat(offset), NO_INDEX, NO_CHARGE)


def raw(signal: NDArray[np.float32], pixels: d.PixelMaps, figures: d.Detector, key: d.NoiseKey = KEY) -> np.ndarray:
    out = np.empty(len(signal), np.uint16)
    d.detect(signal, pixels, figures, key, out)
    return out


def run(signal: float, figures: d.Detector = IDEAL, *, key: d.NoiseKey = KEY, **even: float) -> np.ndarray:
    return raw(flat(signal, COUNT), maps(**even), figures, key).astype(np.float64)


def scene(count: int) -> tuple[NDArray[np.float32], d.PixelMaps]:
    rng = np.random.default_rng(2)
    signal = (10 ** rng.uniform(0, 5.5, count)).astype(np.float32)
    response = (1 + 0.05 * rng.standard_normal(count)).astype(np.float32)
    return signal, d.PixelMaps(
        response, rng.uniform(0, 50, count).astype(np.float32), rng.uniform(90, 110, count).astype(np.float32),
        NO_INDEX, NO_CHARGE,
    )  # fmt: skip


def test_detect_equals_twin() -> None:
    count = 2 * BLOCK + 77
    signal, pixels = scene(count)
    index = np.sort(np.random.default_rng(1).permutation(count)[:300])
    found = raw(signal, pixels, REAL, d.NoiseKey(2**40, 3, 9))[index].astype(float)
    wanted = reference.detect(signal.astype(float), pixels[:3], REAL, (2**40, 3, 9), index, BLOCK)
    assert np.abs(found - wanted).max() <= 1  # a value on the edge of a digital number may fall either way
    assert (found == wanted).mean() > 0.98


@pytest.mark.parametrize("mean", [0.5, 5.0, 30.0, 39.0, 41.0, 100.0, 1e4])
def test_shot_noise_has_poisson_moments(mean: float) -> None:
    data = run(mean, offset=100.0) - 100
    n = data.size
    # Rounding adds 1/12 where the count is not whole already, which is Poisson's own range.
    variance = mean + (1 / 12 if mean > 40 else 0)
    assert abs(data.mean() - mean) < 5 * (variance / n) ** 0.5
    assert abs(data.var() - variance) < 5 * (variance * (1 + 2 * variance) / n) ** 0.5


def test_few_electrons_are_poissons_whole_distribution() -> None:
    data = run(2.5)
    share = np.bincount(data.astype(int), minlength=12)[:12] / data.size
    k = np.arange(12)
    wanted = np.exp(-2.5) * 2.5**k / np.cumprod(np.maximum(k, 1))
    assert (np.abs(share - wanted) < 5 * np.sqrt(wanted / data.size) + 1e-9).all()


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


def test_few_and_many_counts_side_by_side() -> None:
    signal = flat(1e4, COUNT)
    signal[::2] = 4.0
    out = raw(signal, maps(), IDEAL).astype(float)
    few, many = out[::2], out[1::2]
    assert abs(few.mean() - 4) < 5 * (4 / few.size) ** 0.5
    assert abs(many.mean() - 1e4) < 5 * 100 / many.size**0.5


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="needs millions of draws")
def test_photon_transfer_recovers_gain_read_noise_and_full_well() -> None:
    # Janesick, Photon Transfer (2007): differences of frame pairs, variance against mean, its slope 1/gain.
    levels = np.concatenate([np.zeros(8), np.linspace(2e3, 4e5, 24), [8e5, 9.5e5, 1.2e6]])
    mean, variance = [], []
    for k, level in enumerate(levels):
        one, two = (run(level, REAL, key=KEY._replace(frame=2 * k + i), offset=1000.0) - 1000 for i in (0, 1))
        mean.append(0.5 * (one.mean() + two.mean()))
        variance.append(0.5 * (one - two).var() - 1 / 12)
    x, y = np.array(mean), np.array(variance)
    straight = slice(0, 32)
    weight = 1 / y[straight]
    slope, base = np.polyfit(x[straight], y[straight], 1, w=weight)
    assert 1 / slope == pytest.approx(REAL.gain_e_per_dn, rel=0.01)
    assert np.sqrt(base) / slope == pytest.approx(REAL.read_noise_e, rel=0.01)
    assert y[-1] < 1e-3 * y[31]  # noise collapses where the well is full
    assert x[-1] / slope == pytest.approx(REAL.full_well_e, rel=0.01)


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="needs hundreds of thousands of draws")
@pytest.mark.parametrize("level", [9.0, 2e4])
def test_noise_is_white(level: float) -> None:
    frames = [run(level, REAL, key=KEY._replace(frame=k), offset=1000.0).reshape(SIDE, SIDE) for k in range(2)]
    a, b = ((f - f.mean()) / f.std() for f in frames)
    n = a.size
    lags = [(0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (3, 0), (0, 16), (8, 0), (4, 4), (0, SIDE // 2)]
    for dy, dx in lags:
        assert abs((a * np.roll(a, (dy, dx), (0, 1))).mean()) < 3.3 / n**0.5  # 3 sigma for ten lags together
    assert abs((a * b).mean()) < 3 / n**0.5
    power = np.abs(np.fft.fft2(a)) ** 2 / n
    # Power of white noise is exponential with mean 1; half of the plane is free.
    fy, fx = np.meshgrid(np.fft.fftfreq(SIDE), np.fft.rfftfreq(SIDE), indexing="ij")
    half, radius = power[:, : SIDE // 2 + 1], np.hypot(fx, fy)
    for low in np.arange(0.02, 0.5, 0.06):
        ring = half[(radius >= low) & (radius < low + 0.06)]
        assert abs(ring.mean() - 1) < 3.3 / ring.size**0.5
    # The strongest of n/2 free powers lies at ln(n/2), give or take a few.
    assert half.max() < np.log(n / 2) + 7
    for axis in (0, 1):  # no stripes along rows or columns
        means = a.mean(axis=axis) * SIDE**0.5
        assert abs((means**2).mean() - 1) < 4 * (2 / SIDE) ** 0.5


def test_even_maps_may_be_short() -> None:
    count = BLOCK + 100
    signal, _ = scene(count)
    full = d.PixelMaps(flat(0.9, count), flat(30.0, count), flat(77.0, count), NO_INDEX, NO_CHARGE)
    short = d.PixelMaps(flat(0.9), flat(30.0), flat(77.0), NO_INDEX, NO_CHARGE)
    assert (raw(signal, full, REAL) == raw(signal, short, REAL)).all()


@pytest.mark.parametrize("level", [3.0, 500.0])
def test_excess_is_more_dark_current_in_its_pixels_alone(level: float) -> None:
    count = BLOCK + 100
    where = np.array([0, 5, BLOCK - 1, BLOCK, BLOCK + 99])
    dark = flat(7.0, count)
    base = raw(flat(level, count), maps()._replace(dark_e=dark), REAL)
    extra = maps()._replace(dark_e=dark, excess_index=where, excess_e=np.array([9.0, 20.0, 1e4, 1e5, 5e5], np.float32))
    dense = dark.copy()
    dense[where] += extra.excess_e
    found = raw(flat(level, count), extra, REAL)
    assert (found == raw(flat(level, count), maps()._replace(dark_e=dense), REAL)).all()
    assert (np.delete(found, where) == np.delete(base, where)).all()


def test_full_well_and_adc() -> None:
    assert (run(2e6, IDEAL._replace(gain_e_per_dn=100.0, full_well_e=5e5)) == 5000).all()
    assert (run(2e6, IDEAL._replace(gain_e_per_dn=10.0, max_dn=4095.0)) == 4095).all()
    assert (run(0.0, offset=7.0) == 7).all()
    assert (run(-1e3, offset=7.0) == 7).all()
    assert (run(0.0, IDEAL._replace(read_noise_e=100.0)) < 800).all()  # nothing wraps below zero


def test_detect_counts_pixels_at_full_scale() -> None:
    signal, out = flat(0.0, COUNT), np.empty(COUNT, np.uint16)
    signal[60:65] = 1e5
    assert d.detect(signal, maps(), IDEAL._replace(max_dn=4095.0), KEY, out) == 5


def test_noise_differs_by_frame_stream_and_seed_alone() -> None:
    base = run(1e3)
    assert (base == run(1e3)).all()
    for key in (KEY._replace(frame=1), KEY._replace(stream=1), KEY._replace(seed=6)):
        assert (base != run(1e3, key=key)).mean() > 0.9


def test_threads_and_order_do_not_matter() -> None:
    def frame(k: int) -> np.ndarray:
        return run(30.0 if k % 2 else 5e4, REAL, key=KEY._replace(frame=k))

    alone = [frame(k) for k in range(6)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(frame, reversed(range(6))))[::-1]
    assert all((x == y).all() for x, y in zip(alone, together, strict=True))
