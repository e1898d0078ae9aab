"""The stated law of a plume's light and length."""

from __future__ import annotations

import numpy as np
import pytest

from boostwatch.scene import plume


def test_intensity_scales_with_thrust() -> None:
    assert 2e4 < plume.stage_intensity(180e3) < 1e5
    assert 1e6 * 0.8 < plume.stage_intensity(2.8e6) < 5e6
    assert plume.stage_intensity(2e6) / plume.stage_intensity(1e6) == pytest.approx(2**1.05)


def test_a_large_kerosene_launcher_is_what_goes_saw() -> None:
    # Falcon 9, 2017-03-16, GOES-16 pixel excess in 0.2 um about 3.9 um: at least 4.5e5 W/sr, hotspots up to 2e6.
    window = plume.band_weights(3.8, 4.0)[1] * plume.MOTORS["liquid"].window_per_um * plume.stage_intensity(7.6e6)
    assert 4.5e5 < window < 2e6


def test_altitude_gain_has_its_maximum_and_its_trough() -> None:
    km = np.arange(0, 200, 0.5)
    molecular, window = plume.altitude_gain(km * 1e3)
    for gain in (molecular, window):
        assert 20 < km[gain.argmax()] < 32
        assert 1.2 <= gain.max() <= 2
    assert 70 < km[:300][molecular[:300].argmin()] < 90
    assert 0.3 <= molecular[-1] <= 0.6
    assert 0.1 <= window[-1] <= 0.3
    assert (window <= molecular + 1e-12).all()
    np.testing.assert_allclose(plume.altitude_gain([-100.0, 0.0, 1e6]).T[[0, 1]], 1.0)


def test_bands_take_their_part() -> None:
    np.testing.assert_allclose(plume.band_weights(2.69, 2.95), [1, 0], atol=1e-12)
    np.testing.assert_allclose(plume.band_weights(4.20, 4.45), [1, 0], atol=1e-12)
    np.testing.assert_allclose(plume.band_weights(3.8, 4.0), [0, 0.2], atol=1e-12)
    # A wide band has what its pieces have.
    pieces = [plume.band_weights(a, a + 0.25) for a in np.arange(3.0, 5.0, 0.25)]
    np.testing.assert_allclose(plume.band_weights(3.0, 5.0), np.sum(pieces, axis=0))


def test_flicker_has_its_rms_and_a_falling_spectrum() -> None:
    series = plume.flicker(400_000, 0.04, np.random.default_rng(1))
    assert series.mean() == pytest.approx(1, abs=0.002)
    assert series.std() == pytest.approx(0.04, rel=0.05)
    power = np.abs(np.fft.rfft((series - 1).reshape(400, 1000), axis=1)) ** 2
    frequency = np.fft.rfftfreq(1000, plume.GRID_S)
    band = (frequency > 0.2) & (frequency < 5)
    slope = np.polyfit(np.log(frequency[band]), np.log(power.mean(axis=0)[band]), 1)[0]
    assert -1.4 < slope < -0.7


def test_ignition_and_burnout() -> None:
    time = np.arange(0, 70, 0.01)
    for name, motor in plume.MOTORS.items():
        light = plume.stage_light(1e6, 60.0, motor, time)[0] / 3e5
        assert light[0] == 0
        assert np.interp(motor.ramp_s, time, light) == pytest.approx(
            (1 - np.exp(-1)) * (1 + motor.overshoot * np.exp(-motor.ramp_s / motor.overshoot_s)), rel=1e-3
        )
        assert np.interp(40, time, light) == pytest.approx(1, abs=1e-6)
        assert np.interp(60 + motor.decay_s, time, light) == pytest.approx(np.exp(-1), rel=1e-3)
        assert 1.1 < light.max() < 1.3 if name == "solid" else light.max() <= 1
    # Solids light at once, liquids softly.
    half = [time[np.argmax(plume.stage_light(1e6, 60.0, m, time)[0] > 1.5e5)] for m in plume.MOTORS.values()]
    assert half[0] < 0.3 < half[1] < 1


def test_pressure_of_the_standard_atmosphere() -> None:
    assert plume.ambient_pressure(0.0) == pytest.approx(101325)
    assert plume.ambient_pressure(5e3) == pytest.approx(54020, rel=0.05)
    assert plume.ambient_pressure(50e3) == pytest.approx(79.8, rel=0.01)
    assert plume.ambient_pressure(110e3) == pytest.approx(0.0320 * 0.0320 / 0.184, rel=1e-9)


def test_length_grows_with_altitude_from_hundreds_of_metres_to_kilometres() -> None:
    height = np.linspace(0, 300e3, 200)
    long = plume.plume_length(1e6, height)
    assert (np.diff(long) > 0).all()
    assert 100 < long[0] < 400
    assert long[-1] == pytest.approx(12e3, rel=1e-3)
    # In dense air sqrt(F/p): four times the thrust, twice the length; in vacuum as well.
    np.testing.assert_allclose(plume.plume_length(4e6, height) / long, 2)
    assert long[10] / long[0] == pytest.approx(np.sqrt(101325 / plume.ambient_pressure(height[10])), rel=0.1)


def test_profile_keeps_the_light_for_any_number_of_points() -> None:
    means = []
    for count in (1, 2, 7, 40, 80):
        where, share = plume.profile(count)
        assert share.sum() == pytest.approx(1, abs=1e-12)
        assert (share > 0).all()
        means.append(where @ share)
    tail = 1 / 3 - np.exp(-3) / (1 - np.exp(-3))
    assert means[-1] == pytest.approx(0.4 * 0.025 + 0.6 * tail, abs=1e-3)
    where, share = plume.profile(80)
    assert share[where < 0.05].sum() == pytest.approx(0.4 + 0.6 * (1 - np.exp(-0.15)) / (1 - np.exp(-3)), abs=1e-9)
