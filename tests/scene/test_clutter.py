"""Clutter: the spectrum and the unevenness of cloud fields, and whole scenes beside real tiles."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks._clutter import TILE, phase_random, spectral_slope, tile_statistics, tiles
from benchmarks.clutter import SCENES, outside, real_ranges, scene_radiance, summary
from boostwatch.errors import BadData
from boostwatch.scene.scenario import CloudLayer
from boostwatch.scene.texture import EvolvingField, FieldShape, cascade
from boostwatch.settings import parse_toml

SHAPE = (256, 256)


def ring_slope(field: np.ndarray, low: float = 0.03, high: float = 0.4) -> float:
    power = np.abs(np.fft.fft2(field)) ** 2
    k = np.hypot(*np.meshgrid(np.fft.fftfreq(len(field)), np.fft.fftfreq(len(field))))
    edges = np.geomspace(low, high, 12)
    which = np.digitize(k, edges)
    mean = [np.log(power[which == i].mean()) for i in range(1, 12)]
    return float(np.polyfit(np.log(np.sqrt(edges[1:] * edges[:-1])), mean, 1)[0])


def kurtosis(x: np.ndarray) -> float:
    d = x - x.mean()
    return float((d**4).mean() / (d**2).mean() ** 2)


@pytest.mark.parametrize("slope", [-2.3, -3.0])
@pytest.mark.parametrize("intermittency", [0.0, 0.1])
def test_the_cascade_leaves_the_spectrum_alone(slope: float, intermittency: float) -> None:
    found = [
        ring_slope(
            EvolvingField(
                SHAPE, FieldShape(slope, 1e4, intermittency=intermittency), np.inf, 10, np.random.default_rng(seed)
            ).at(0.0)
        )
        for seed in range(6)
    ]
    assert np.mean(found) == pytest.approx(slope, abs=0.1)


def test_intermittency_makes_rare_steep_gradients() -> None:
    def steepness(c: float) -> float:
        form = FieldShape(-2.8, 128.0, intermittency=c)
        return kurtosis(np.diff(EvolvingField(SHAPE, form, np.inf, 10, np.random.default_rng(2)).at(0.0), axis=1))

    even, some, more = (steepness(c) for c in (0.0, 0.05, 0.15))
    assert even == pytest.approx(3, abs=0.15)
    assert more > some > even + 0.5


def test_moments_of_the_cascade() -> None:
    form = FieldShape(-2.8, 64.0, intermittency=0.05)
    density = cascade((512, 512), form, np.random.default_rng(1))
    assert density.min() > 0
    assert np.mean(np.square(density, dtype=float)) == pytest.approx(1, rel=1e-5)
    # A log-normal density: variance of the logarithm is 2 C ln(outer scale).
    assert np.log(density).var() == pytest.approx(2 * 0.05 * np.log(64.0), rel=1e-4)


def test_a_field_is_standard_still_and_repeats_its_times() -> None:
    form = FieldShape(-2.8, 100.0, stretch=2.0, along_rad=0.5, intermittency=0.1)
    field = EvolvingField(SHAPE, form, 1000.0, 10, np.random.default_rng(3))
    first = field.at(0.0)
    assert first.std(dtype=float) == pytest.approx(1, rel=1e-4)
    assert abs(first.mean()) < 1e-4
    later = field.at(300.0)
    assert field.at(0.0).tobytes() == first.tobytes()
    assert 0.5 < np.corrcoef(first.ravel(), later.ravel())[0, 1] < 0.999
    assert later.std() == pytest.approx(1, abs=0.15)
    # The frozen cascade keeps regions what they are: rough stays rough.
    steps = [np.abs(np.diff(f, axis=0, append=f[:1])) for f in (first, field.at(1e5))]
    rough = [s.reshape(16, 16, 16, 16).mean((1, 3)) for s in steps]
    assert np.corrcoef(rough[0].ravel(), rough[1].ravel())[0, 1] > 0.5


@pytest.mark.parametrize("degrees", [0.0, 90.0, 30.0])
def test_stretched_structures_lie_along_the_wind(degrees: float) -> None:
    angle = np.radians(degrees)
    field = EvolvingField(SHAPE, FieldShape(-3.0, 60.0, 3.0, angle), np.inf, 10, np.random.default_rng(4)).at(0.0)
    ky, kx = np.meshgrid(np.fft.fftfreq(256), np.fft.fftfreq(256), indexing="ij")
    power = np.abs(np.fft.fft2(field)) ** 2 * (np.hypot(kx, ky) < 0.3)
    along, across = ky * np.cos(angle) + kx * np.sin(angle), kx * np.cos(angle) - ky * np.sin(angle)
    assert (power * across**2).sum() > 3 * (power * along**2).sum()


def test_statistics_of_known_fields() -> None:
    rng = np.random.default_rng(5)
    white = [tile_statistics(rng.standard_normal((TILE, TILE))) for _ in range(8)]
    assert np.mean([w["slope"] for w in white]) == pytest.approx(0, abs=0.2)  # few waves at the low end
    assert np.mean([w["gradient_rms"] for w in white]) == pytest.approx(2**0.5, rel=0.02)
    assert white[0]["high_pass_std"] == pytest.approx(np.sqrt(1 - 1 / 25), rel=0.03)
    f = np.arange(1, 64) / 128
    assert spectral_slope(f, f**-2.8) == pytest.approx(-2.8)
    y, x = np.mgrid[:TILE, :TILE] / TILE
    plane = tile_statistics(3 * x + 2 * y + 1e-9 * rng.standard_normal((TILE, TILE)))
    assert plane["slope"] == pytest.approx(0, abs=0.5)  # what is left of a plane is the noise
    assert len(tiles(np.zeros((300, 512)))) == 8


def test_scenes_have_the_clutter_of_real_tiles_and_random_phases_do_not() -> None:
    ranges = real_ranges()
    for name in SCENES:
        images = [scene_radiance(name, seed, 256) for seed in (1, 2)]
        values = summary(images)
        assert outside(values, ranges) == []
        even = np.median([tile_statistics(t)["peak_over_std"] for im in images for t in tiles(phase_random(im))])
        assert even < 4.7 < 6 < values["peak_over_std"]


def test_new_settings_are_bounded() -> None:
    with pytest.raises(BadData, match=r"intermittency: should be less than or equal to 0\.3; found 0\.5"):
        parse_toml("intermittency = 0.5", CloudLayer)
    with pytest.raises(BadData, match=r"stretch: should be greater than or equal to 1; found 0\.5"):
        parse_toml("stretch = 0.5", CloudLayer)
