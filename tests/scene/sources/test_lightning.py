"""Flashes against the figures of GLM."""

from __future__ import annotations

import numpy as np
import pytest

from boostwatch import geometry
from boostwatch.scene.sources.lightning import draw_flashes

from .helpers import GEO, above, build, check


def test_durations_and_areas_are_those_of_glm() -> None:
    duration, area = draw_flashes(20_000, np.random.default_rng(0))
    for share, wanted in ((0.05, 0.02), (0.5, 0.31), (0.9, 0.75), (0.99, 1.35)):
        assert np.quantile(duration, share) == pytest.approx(wanted, rel=0.1)
    for share, wanted in ((0.5, 430e6), (0.9, 1230e6), (0.99, 2960e6)):
        assert np.quantile(area, share) == pytest.approx(wanted, rel=0.06)


def test_flashes_come_at_their_rate_and_last_as_drawn() -> None:
    source = build("lightning", duration_s=3600.0, flashes_per_minute=10.0, radius="30 km")
    flashes = len(source.radius_m)
    wanted = 10 * 3720 / 60
    assert abs(flashes - wanted) < 4 * np.sqrt(wanted)
    assert (np.diff(source.stroke_s) >= 0).all()
    lasts = np.array([np.ptp(source.stroke_s[source.stroke_flash == f]) for f in range(flashes)])
    assert np.median(lasts) == pytest.approx(0.31, rel=0.2)
    assert len(source.stroke_s) / flashes == pytest.approx(5, abs=0.4)
    lat, lon, height = geometry.itrs_to_geodetic(source.centre_m)
    assert geometry.ground_range_m(28.2, -80.6, lat, lon).max() < 30.1e3
    np.testing.assert_allclose(height, 10e3, atol=30)


def test_the_energy_of_all_exposures_is_that_of_all_strokes() -> None:
    source = build("lightning", duration_s=60.0, flashes_per_minute=30.0, start="5 s", end="50 s")
    step, total = 0.05, 0.0
    for k in range(0, 1400):
        for e in source.emit(k * step, (k + 1) * step, GEO):
            check(e)
            total += float(e.intensity_w_sr[0]) * step
    assert total == pytest.approx(1e4 * source.stroke_energy.sum(), rel=1e-4)


def test_a_flash_is_a_disc_and_dark_between() -> None:
    source = build("lightning", duration_s=60.0, flashes_per_minute=4.0)
    first = source.stroke_s[0]
    flash = source.stroke_flash[0]
    assert source.emit(first - 1.0, first - 0.01, GEO) == ()
    e = source.emit(first - 0.001, first + 0.009, GEO)[0]
    away = np.linalg.norm(e.position_m - source.centre_m[flash], axis=1)
    assert away.max() <= source.radius_m[flash] * 1.001
    assert away.max() > 0.8 * source.radius_m[flash]
    inner = e.share[away < source.radius_m[flash] / np.sqrt(2)].sum()
    assert inner == pytest.approx(0.75, abs=0.06)  # 1 - r^2: three quarters within half the area
    np.testing.assert_allclose(e.height_m, 10e3)
    assert e.intensity_w_sr[1] < 0.3 * e.intensity_w_sr[0]
    fine = source.emit(first - 0.001, first + 0.009, above(28.2, -80.6, height_m=500e3, ifov_rad=5e-6))[0]
    assert len(fine.share) <= 901
    np.testing.assert_allclose(fine.intensity_w_sr, e.intensity_w_sr)


def test_a_quiet_storm_stays_in_truth() -> None:
    source = build("lightning", duration_s=10.0, flashes_per_minute=0.001, seed=1)
    assert len(source.stroke_s) == 0
    assert (source.kind, source.onset_s, source.end_s) == ("lightning", 0, 10)
    assert source.emit(0.0, 5.0, GEO) == ()
    late = build("lightning", duration_s=10.0, start="1000 s")
    assert late.onset_s == late.end_s == 10
