"""The detector of a band: non-uniformity, drift, faults, telegraphs and particle hits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numba import config
from scipy.stats import kstest

from boostwatch.scene.defects import Telegraph, cosmic_tracks
from boostwatch.scene.focal_plane import BAD_CODES, FocalPlane, build_focal_plane
from boostwatch.scene.scenario import SensorModel

SLOW = bool(config.DISABLE_JIT)
SIDE = 32 if SLOW else 128
PERFECT: dict[str, Any] = {"prnu": 0.0, "bad_pixels": {"fraction": 0.0}, "width": SIDE, "height": SIDE}


def make(band: int = 0, seed: int = 3, **more: Any) -> FocalPlane:
    sensor = SensorModel.model_validate({**PERFECT, **more})
    return build_focal_plane(sensor, band, np.random.default_rng(seed), seed)


def frame(plane: FocalPlane, level: float = 1e5, number: int = 0, time_s: float = 0.0) -> np.ndarray:
    electrons, out = np.full((SIDE, SIDE), level, np.float32), np.empty((SIDE, SIDE), np.uint16)
    plane.expose(electrons, number, time_s, out)
    return out


def test_even_maps_take_no_memory() -> None:
    plane = make()
    assert all(m.strides == (0, 0) for m in (plane.response, plane.gain, plane.dark_e, plane.offset_dn))
    assert plane.dark_e[3, 4] == pytest.approx(1e4)
    assert plane.maps(0.0).excess_index.size == 0


def test_known_gain_flattens_light_and_dark_and_unknown_stays() -> None:
    plane = make(gain_spread=0.1, prnu=0.02, offset_spread_dn=30.0)
    n = SIDE**2
    assert plane.gain.std() == pytest.approx(0.1, abs=5 * 0.1 / (2 * n) ** 0.5)
    assert plane.offset_dn.mean() == pytest.approx(200, abs=5 * 30 / SIDE)
    assert plane.offset_dn.std() == pytest.approx(30, abs=5 * 30 / (2 * n) ** 0.5)
    np.testing.assert_allclose(plane.dark_e / plane.gain, 1e4, rtol=1e-5)
    assert (plane.response / plane.gain).std() == pytest.approx(0.02, abs=5 * 0.02 / (2 * n) ** 0.5)


def test_drift_is_linear_per_pixel_and_none_at_the_epoch() -> None:
    plane = make(gain_drift=2e-3, offset_drift_dn=4.0)
    n = SIDE**2
    start, hour, later = (plane.maps(t) for t in (0.0, 3600.0, 9000.0))
    assert (start.response == 1).all()
    assert (start.offset_dn == 200).all()
    slope = hour.response.astype(float) - 1
    assert slope.std() == pytest.approx(2e-3, abs=5 * 2e-3 / (2 * n) ** 0.5)
    assert (hour.offset_dn - 200).std() == pytest.approx(4, abs=5 * 4 / (2 * n) ** 0.5)
    np.testing.assert_allclose(later.response - 1, 2.5 * slope, atol=3e-7)
    np.testing.assert_allclose(later.offset_dn - 200, 2.5 * (hour.offset_dn - 200), atol=1e-4)


def test_faults_have_their_share_and_the_map_knows_most() -> None:
    plane = make(bad_pixels={"fraction": 0.1, "known": 0.7})
    bad = plane.bad > 0
    assert bad.sum() == round(0.1 * SIDE**2)
    assert (plane.known[bad] > 0).mean() == pytest.approx(0.7, abs=5 * (0.21 / bad.sum()) ** 0.5)
    assert not plane.known[~bad].any()
    assert (plane.known[plane.known > 0] == plane.bad[plane.known > 0]).all()
    for code in BAD_CODES.values():
        assert (plane.bad == code).sum() == pytest.approx(bad.sum() / 3, abs=5 * (bad.sum() * 2 / 9) ** 0.5)


def test_dead_pixels_show_dark_alone_and_hot_ones_more() -> None:
    plane = make(bad_pixels={"fraction": 0.05, "kinds": ["dead", "hot"]}, read_noise="10 e-")
    data = (frame(plane).astype(float) - 200) * plane.detector.gain_e_per_dn
    dead, hot, good = (plane.bad == k for k in (1, 2, 0))
    assert data[dead].mean() == pytest.approx(1e4, rel=0.02)
    assert data[good].mean() == pytest.approx(1.1e5, rel=0.01)
    np.testing.assert_allclose(data.flat[plane.hot], 1.1e5 + plane.hot_e, rtol=0.03)
    assert plane.hot_e.mean() == pytest.approx(4e4, rel=5 / len(plane.hot) ** 0.5)
    assert (data[hot] > 1.05e5).all()


def test_blinking_pixels_step_up_and_down() -> None:
    faults = {"fraction": 0.05, "kinds": ["blinking"], "blink_amplitude": "50000 e-", "blink_dwell": "2 s"}
    plane = make(bad_pixels=faults, read_noise="10 e-", gain_spread=0.05)
    up = np.array([(frame(plane, 1e4, k, 1.0 * k).flat[plane.blinking]) > 600 for k in range(8 if SLOW else 40)])
    assert up.mean() == pytest.approx(0.5, abs=5 * 0.5 / (up.size / 3) ** 0.5)
    maps = plane.maps(7.0)
    assert (np.diff(maps.excess_index) > 0).all()
    assert set(maps.excess_e) <= set(plane.blink_e)


@pytest.mark.skipif(SLOW, reason="needs a million draws")
def test_telegraphs_are_two_state_markov_processes() -> None:
    dwell, step, count = 3.0, 0.1, 400
    line = Telegraph(11, 0, count, dwell)
    time = np.arange(3000) * step
    up = np.array([line.up(t) for t in time])
    # The autocorrelation of a symmetric telegraph is exp(-2 lag / dwell) (Machlup, J. Appl. Phys. 25, 1954).
    sign = 2.0 * up - 1
    free = len(time) * step / dwell * count  # independent stretches
    assert abs(sign.mean()) < 5 / free**0.5
    for lag in (5, 15, 30, 60):
        wanted = np.exp(-2 * lag * step / dwell)
        assert (sign[lag:] * sign[:-lag]).mean() == pytest.approx(wanted, abs=5 / free**0.5)
    # Stays are exponential: rates of leaving seen on the grid, up and down alike.
    for state in (True, False):
        at = up[:-1] == state
        left = (up[1:] != up[:-1])[at].mean()
        chance = 0.5 * (1 - np.exp(-2 * step / dwell))
        assert left == pytest.approx(chance, abs=5 * (chance / at.sum()) ** 0.5)
    assert abs(np.corrcoef(sign[:, 0], sign[:, 1])[0, 1]) < 5 / (len(time) * step / dwell) ** 0.5


@pytest.mark.skipif(SLOW, reason="needs many draws")
def test_stays_of_a_telegraph_are_exponential() -> None:
    line = Telegraph(2, 1, 300, 2.0)
    up = np.array([line.up(t) for t in np.arange(0, 400, 0.05)])
    stays = np.concatenate([np.diff(np.flatnonzero(np.diff(up[:, k].astype(int)))) * 0.05 for k in range(300)])
    # Stays shorter than a step are missed now and then; beyond, what is left is exponential too.
    long = stays[stays > 0.5] - 0.5
    assert long.mean() == pytest.approx(2.0, rel=0.03)
    assert (
        kstest(long[::7] + np.random.default_rng(0).uniform(-0.05, 0, len(long[::7])), "expon", (0, 2.0)).statistic
        < 0.03
    )


@pytest.mark.parametrize("time_s", [-0.05, 0.0, 1e-9, 3.0, 1e5, 1e9])
def test_a_telegraph_may_be_asked_in_any_order(time_s: float) -> None:
    one, two = Telegraph(1, 0, 50, 4.0), Telegraph(1, 0, 50, 4.0)
    for other in (0.0, 55.0, 3.0, time_s - 2, time_s + 2):
        two.up(other)
    assert (one.up(time_s) == two.up(time_s)).all()
    assert (one.up(time_s) != Telegraph(2, 0, 50, 4.0).up(time_s)).any()
    assert not len(Telegraph(1, 0, 0, 4.0).up(time_s))


def test_hits_have_their_rate_charge_and_length() -> None:
    frames, hits, charge, shape = (40 if SLOW else 400), 30.0, 5e3, (400, 500)
    tracks = [cosmic_tracks(1, 0, k, shape, hits=hits, mean_charge_e=charge, max_length_px=8.0) for k in range(frames)]
    total = sum(float(e.sum()) for _, e in tracks)
    n = frames * hits
    # Tracks lose what runs over the rim, a share of about the mean length over the side.
    assert total == pytest.approx(n * charge, rel=5 * (2 / n) ** 0.5 + 0.01)
    index = np.concatenate([i for i, _ in tracks])
    assert index.min() >= 0
    assert index.max() < shape[0] * shape[1]
    rows, columns = np.divmod(index, shape[1])
    assert rows.mean() == pytest.approx(200, abs=5 * 116 / n**0.5 * 2)
    assert columns.mean() == pytest.approx(250, abs=5 * 145 / n**0.5 * 2)
    for i, e in tracks[:20]:
        assert (e > 0).all()
        assert len(i) == len(e)
    one = cosmic_tracks(9, 0, 3, (400, 400), hits=1.0, mean_charge_e=charge, max_length_px=8.0)
    again = cosmic_tracks(9, 0, 3, (400, 400), hits=1.0, mean_charge_e=charge, max_length_px=8.0)
    assert (one[0] == again[0]).all()
    assert not len(cosmic_tracks(1, 0, 0, (9, 9), hits=1e-9, mean_charge_e=charge, max_length_px=8.0)[0])


def test_a_track_is_straight_and_no_longer_than_allowed() -> None:
    for k in range(60):
        index, _ = cosmic_tracks(4, 1, k, (300, 300), hits=1.0, mean_charge_e=1e3, max_length_px=12.0)
        if not len(index) or len(np.unique(index)) < 4:
            continue
        y, x = np.divmod(index, 300)
        if np.ptp(x) > 14 or np.ptp(y) > 14:  # two tracks
            continue
        spread = np.linalg.svd(np.stack([x - x.mean(), y - y.mean()]), compute_uv=False)
        assert spread[1] / len(index) ** 0.5 < 0.6  # px, off the line: the rounding to pixels


def test_hits_scale_with_area_and_exposure_and_enter_before_the_well() -> None:
    rays = {"rate": "2e4 /cm2/s", "mean_charge": "1e5 e-"}
    plane = make(cosmic_rays=rays, integration="0.2 s", read_noise="10 e-")
    hits = 2e8 * SIDE**2 * (15e-6) ** 2 * 0.2
    extra = np.zeros((SIDE, SIDE), np.float32)
    total = 0.0
    for k in range(30):
        extra[:] = 0
        plane.add_cosmic_rays(extra, k)
        total += float(extra.sum())
    assert total == pytest.approx(30 * hits * 1e5, rel=5 * (2 / (30 * hits)) ** 0.5 + 3 / SIDE)
    bright = frame(plane, 1.6e6)
    assert bright.max() == 2**14 - 1
    still = frame(make(integration="0.2 s", read_noise="10 e-"), 1e3)
    assert (frame(plane, 1e3) != still).any()
    quiet = make()
    electrons = np.ones((SIDE, SIDE), np.float32)
    quiet.add_cosmic_rays(electrons, 0)
    assert (electrons == 1).all()


def test_bands_have_their_own_figures_and_noise() -> None:
    own = {"integration": "5 ms", "full_well": "3e6 e-", "dark_current": "2e5 e-/s", "read_noise": "300 e-"}
    bands = [{"name": "SWIR"}, {"name": "WINDOW", **own}, {"name": "MWIR", "gain": "20 e-"}]
    swir, window, mwir = (make(band=k, bands=bands) for k in range(3))
    assert window.integration_s == 0.005
    assert window.dark_e[0, 0] == pytest.approx(1e3)
    assert window.detector.gain_e_per_dn == pytest.approx(3e6 / (2**14 - 1 - 200))
    assert window.detector.read_noise_e == 300
    assert swir.detector.gain_e_per_dn == pytest.approx(1.5e6 / (2**14 - 1 - 200))
    assert mwir.detector.gain_e_per_dn == 20
    assert (frame(swir) != frame(make(band=2, bands=[bands[2], bands[1], bands[0]]))).mean() > 0.5


def test_frames_are_the_same_in_any_order_and_on_any_thread() -> None:
    plane = make(bad_pixels={"fraction": 0.03}, cosmic_rays={"rate": "1e3 /cm2/s"}, gain_drift=1e-3, prnu=1e-2)

    def one(k: int) -> np.ndarray:
        return frame(plane, 1e4, k, 0.7 * k)

    alone = [one(k) for k in range(8)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(one, reversed(range(8))))[::-1]
    assert all((a == b).all() for a, b in zip(alone, together, strict=True))
    fresh = make(bad_pixels={"fraction": 0.03}, cosmic_rays={"rate": "1e3 /cm2/s"}, gain_drift=1e-3, prnu=1e-2)
    assert (frame(fresh, 1e4, 5, 3.5) == alone[5]).all()


def test_full_scale_pixels_are_counted() -> None:
    plane = make()
    out = np.empty((SIDE, SIDE), np.uint16)
    electrons = np.full((SIDE, SIDE), 1e4, np.float32)
    electrons[2, 3:7] = 9e6
    assert plane.expose(electrons, 0, 0.0, out) == 4
