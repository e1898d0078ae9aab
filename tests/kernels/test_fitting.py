"""Fits of point sources: unbiased, with the errors that the Fisher information allows, at rest and in motion."""

import numpy as np
import pytest

from boostwatch_kernels.fitting import COLUMNS, Lens, fit_sources, line_spread, solve

from . import reference_detect as twin
from .detect_parts import KINDS, PLAIN, fresh, learnt, patch_of

SIGMA, NOISE, REACH = 0.7, 10.0, 2


def fit(patch, starts, *, gain=1e12, fastest=0.0, reach=REACH):
    fits = np.full((len(starts), COLUMNS), 7.0)
    full = np.zeros((len(starts), 4))
    full[:, : np.shape(starts)[1]] = starts
    fit_sources(patch, Lens(SIGMA, gain, reach, fastest, 0.0), full, fits)
    return fits


def field(side, spacing, frames, snr, fastest, seed):
    """Sources in noise, each alone: frames, truth (x, y, vx, vy, flux) at the newest frame, and their starts."""
    rng = np.random.default_rng(seed)
    shape = (side * spacing, side * spacing)
    scene = np.full((frames, *shape), 1000.0)
    truth = []
    for j in range(side):
        for i in range(side):
            at = spacing * np.array([i, j]) + spacing // 2 + rng.uniform(-0.5, 0.5, 2)
            velocity = rng.uniform(-fastest, fastest, 2)
            light = [twin.point(SIGMA, *(at + velocity * (k + 1 - frames)), shape) for k in range(frames)]
            # A single frame's snr is snr / sqrt(frames).
            flux = snr * NOISE / np.sqrt((np.square(light)).sum())
            scene += flux * np.array(light)
            truth.append((*at, *velocity, flux))
    truth = np.array(truth)
    middle = truth[:, :2] + truth[:, 2:4] * 0.5 * (1 - frames)
    return scene + rng.normal(0, NOISE, scene.shape), truth, np.rint(middle)


def check_pulls(fits, truth, n):
    slack = 4.0 / np.sqrt(2 * n) + 0.05  # four sigma of an rms from n samples, and what is not linear
    for column, sigma, true in ((0, 2, 0), (1, 3, 1), (4, 5, 4)):
        pull = (fits[:, column] - truth[:, true]) / fits[:, sigma]
        assert abs(np.sqrt(np.mean(pull**2)) - 1.0) < slack
        assert abs(pull.mean()) < 4.0 / np.sqrt(n) + 0.05


def test_a_still_source_in_one_frame_reaches_the_bound():
    side, snr = (6 if PLAIN else 18), 15.0
    frames, truth, starts = field(side, 9, 1, snr, 0.0, 7)
    n = len(truth)
    fits = fit(patch_of(frames, learnt(np.full(frames.shape[1:], 1000.0), NOISE**2)), starts)
    check_pulls(fits, truth, n)
    assert fits[:, 6].mean() == pytest.approx(snr, abs=4.0 / np.sqrt(n) + 0.2)
    assert abs(fits[:, 7].mean() - 1.0) < 4.0 * np.sqrt(2.0 / (22 * n)) + 0.02
    assert not fits[:, [9, 10]].any()
    want = []
    for x, y, *_, flux in truth:
        whole = twin.information(SIGMA, (x, y), (0, 0), flux, [0.0], NOISE, 1e12, REACH)
        want.append(np.sqrt(np.diag(np.linalg.inv(whole[np.ix_([0, 1, 4], [0, 1, 4])]))))
    want = np.array(want)
    np.testing.assert_allclose(fits[:, [2, 3, 5]].mean(axis=0), want.mean(axis=0), rtol=0.05)


def test_a_moving_source_in_eight_frames_reaches_the_bound_where_it_is_now():
    side, snr, fastest = (3 if PLAIN else 10), 20.0, 0.15
    frames, truth, starts = field(side, 13, 8, snr, fastest, 8)
    n = len(truth)
    fits = fit(patch_of(frames, learnt(np.full(frames.shape[1:], 1000.0), NOISE**2)), starts, fastest=0.25)
    # The starts lie where the still sum shows the source: at the mean time. Velocities come from the fit.
    check_pulls(fits, truth, n)
    assert fits[:, 6].mean() == pytest.approx(snr, abs=4.0 / np.sqrt(n) + 0.2)
    assert abs(fits[:, 7].mean() - 1.0) < 4.0 * np.sqrt(2.0 / (190 * n)) + 0.02
    times = np.arange(-7.0, 1.0)
    bound = np.array([
        np.diag(np.linalg.inv(twin.information(SIGMA, t[:2], t[2:4], t[4], times, NOISE, 1e12, REACH))) for t in truth
    ])  # fmt: skip
    np.testing.assert_allclose(fits[:, [2, 3, 5]].mean(axis=0), np.sqrt(bound[:, [0, 1, 4]]).mean(axis=0), rtol=0.05)
    for axis in (2, 3):
        pull = (fits[:, 7 + axis] - truth[:, axis]) / np.sqrt(bound[:, axis])
        assert abs(np.sqrt(np.mean(pull**2)) - 1.0) < 4.0 / np.sqrt(2 * n) + 0.1


@pytest.mark.parametrize("scale", [1.0, 1.5])
@pytest.mark.parametrize("gain", [1e12, 3.0])
def test_the_sigmas_hold_the_tiles_scale_and_shot_noise(gain, scale):
    shape, place, velocity, flux = (20, 20), (9.3, 10.2), (0.1, -0.05), 700.0
    background = learnt(np.full(shape, 1000.0), NOISE**2)
    w = float(twin.number(background.weight)[0, 0])
    for times, moves in (([0.0], False), (np.arange(-7.0, 1.0), True)):
        v = velocity if moves else (0.0, 0.0)
        frames = [1000 + flux * twin.point(SIGMA, place[0] + v[0] * t, place[1] + v[1] * t, shape) for t in times]
        got = fit(
            patch_of(frames, background, times=times, scale=scale), [(*place, *v)], gain=gain,
            fastest=0.25 if moves else 0.0,
        )[0]  # fmt: skip
        np.testing.assert_allclose(got[[0, 1, 4]], [*place, flux], rtol=2e-3)
        want = twin.information(SIGMA, place, v, flux, times, scale / w, gain, REACH)
        free = range(5) if moves else [0, 1, 4]
        sigma = np.sqrt(np.diag(np.linalg.inv(want[np.ix_(free, free)])))
        np.testing.assert_allclose(got[[2, 3, 5]], sigma[[0, 1, -1]], rtol=5e-3)
        light = np.sqrt(sum((f - 1000.0) ** 2 for f in frames).sum())
        assert got[6] == pytest.approx(light * w / scale, rel=0.01)


def test_the_snr_is_that_of_the_true_place_and_not_of_the_pixel():
    shape, place, flux = (20, 20), (9.5, 10.5), 900.0
    light = twin.point(SIGMA, *place, shape)
    got = fit(patch_of([1000.0 + flux * light], learnt(np.full(shape, 1000.0), NOISE**2)), [(10.0, 10.0)])[0]
    np.testing.assert_allclose(got[:2], place, atol=2e-3)
    assert got[6] == pytest.approx(flux / NOISE * np.sqrt((light**2).sum()), rel=0.01)


def test_the_least_snr_without_one_frame_tells_a_flash_from_a_source():
    shape, place = (20, 20), (9.2, 10.1)
    background = learnt(np.full(shape, 1000.0), NOISE**2)
    light = twin.point(SIGMA, *place, shape)
    steady = fit(patch_of([1000.0 + 100.0 * light] * 8, background), [place], fastest=0.25)[0]
    flash = fit(patch_of([1000.0 + 800.0 * light] + [np.full(shape, 1000.0)] * 7, background), [place], fastest=0.25)[0]
    assert steady[8] == pytest.approx(steady[6] * np.sqrt(7 / 8), rel=1e-3)
    assert abs(flash[8]) < 0.01 * flash[6]
    one = fit(patch_of([1000.0 + 100.0 * light], background), [place])[0]
    assert one[8] == one[6]


def test_frames_lie_where_they_lay_and_missing_ones_count_as_nothing():
    rng = np.random.default_rng(9)
    shape, place, velocity = (24, 26), (12.3, 11.1), (0.1, 0.05)
    background = learnt(np.full(shape, 1000.0), NOISE**2)
    scene = [
        1000 + 600 * twin.point(SIGMA, place[0] + velocity[0] * t, place[1] + velocity[1] * t, shape)
        + rng.normal(0, NOISE, shape) for t in range(-3, 1)
    ]  # fmt: skip
    want = fit(patch_of(scene, background), [place], fastest=0.25)
    move_x, move_y = [0, 2, -3, 0, 0, 0], [1, 0, -2, 0, 0, 0]
    lie = [twin.moved(f, -x, -y, np.nan) for f, x, y in zip(scene, move_x, move_y, strict=False)]
    got = fit(patch_of(lie, background, moves=(move_x, move_y), spare=2), [place], fastest=0.25)
    np.testing.assert_allclose(got, want, rtol=1e-5)


@pytest.mark.parametrize("dtype", KINDS)
def test_whole_numbers_and_singles_give_the_same(dtype):
    rng = np.random.default_rng(10)
    background = learnt(np.full((20, 20), 1000.0), NOISE**2)
    scene = np.rint(1000 + 600 * twin.point(SIGMA, 9.3, 10.1, (20, 20)) + rng.normal(0, NOISE, (4, 20, 20)))
    scene[1, 9, 9] = np.nan
    want, got = (fit(patch_of(scene, background, dtype=d), [(9.0, 10.0)], fastest=0.25) for d in (np.float32, dtype))
    np.testing.assert_array_equal(got, want)


def test_a_forecast_with_a_slope_is_taken_off_at_each_frames_time():
    shape, place = (20, 20), (9.2, 10.1)
    background = learnt(np.full(shape, 1000.0), NOISE**2, 2.0)
    light = 300.0 * twin.point(SIGMA, *place, shape)
    frames = [1000.0 + 2.0 * (6.0 + t) + light for t in (-3.0, -2.0, -1.0, 0.0)]
    patch = patch_of(frames, background)._replace(lag=np.array([6.0], np.float32))
    got = fit(patch, [place], fastest=0.25)[0]
    np.testing.assert_allclose(got[[0, 1, 4]], [*place, 300.0], rtol=2e-3)


def test_answers_tell_a_point_from_a_blob():
    shape, place = (24, 24), (11.3, 12.2)
    background = learnt(np.full(shape, 1000.0), NOISE**2)
    ratios = []
    for sigma in (0.7, 1.2, 2.0):
        got = fit(patch_of([1000.0 + 900.0 * twin.point(sigma, *place, shape)], background), [place])[0]
        ratios.append(got[12] / got[11])
        assert got[11] > 0
    assert ratios[0] < 1.0 < ratios[1] < ratios[2]


def test_a_source_at_the_rim_and_a_fit_without_data():
    shape = (20, 20)
    background = learnt(np.full(shape, 1000.0), NOISE**2)
    frame = 1000.0 + 900.0 * twin.point(SIGMA, 0.2, 18.9, shape)
    got = fit(patch_of([frame], background), [(0.0, 19.0)])[0]
    np.testing.assert_allclose(got[[0, 1, 4]], [0.2, 18.9, 900.0], rtol=0.03, atol=0.03)
    nothing = fit(patch_of([frame], fresh(shape)), [(0.0, 19.0)])[0]
    assert np.isnan(nothing[[2, 3, 5]]).all()
    assert not nothing[[4, 6, 8, 11, 12]].any()
    unknown = fit(patch_of([frame * np.nan] * 4, background), [(0.0, 19.0)], fastest=0.25)[0]
    assert np.isnan(unknown[[2, 3, 5]]).all()


def test_a_fit_stays_within_a_pixel_of_its_start():
    shape = (20, 20)
    frame = 1000.0 + 900.0 * twin.point(SIGMA, 9.0, 10.0, shape)
    got = fit(patch_of([frame], learnt(np.full(shape, 1000.0), NOISE**2)), [(11.6, 10.0)])[0]
    assert abs(got[0] - 11.6) <= 1.0


@pytest.mark.parametrize("offset", [-0.6, 0.0, 0.31])
def test_line_spread_and_its_slope(offset):
    share, slope = np.zeros(7), np.zeros(7)
    line_spread(0.7, offset, share, slope)
    np.testing.assert_allclose(share, twin.line_spread(0.7, offset, 3), atol=1e-12)
    step = 1e-5
    numeric = (twin.line_spread(0.7, offset + step, 3) - twin.line_spread(0.7, offset - step, 3)) / (2 * step)
    np.testing.assert_allclose(slope, numeric, atol=1e-8)


def test_solve():
    rng = np.random.default_rng(4)
    a = rng.normal(size=(5, 5))
    a = a @ a.T + np.eye(5)
    for n in (2, 5):
        right = rng.normal(size=5)
        want = np.linalg.solve(a[:n, :n], right[:n])
        matrix = a.copy()
        assert solve(matrix, right, n)
        np.testing.assert_allclose(right[:n], want, rtol=1e-9)
    assert not solve(np.zeros((5, 5)), np.ones(5), 2)
