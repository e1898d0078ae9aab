"""Intensity of a plume with time: thrust, ignition, altitude, staging, burnout, flicker.

Notional: an order of magnitude anchored between bench plumes and what civil weather satellites saw of large launchers,
with a log-normal spread between events so that nothing may rely on one value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator
from scipy.signal import lfilter

from boostwatch.scene.scenario.objects import Launch
from boostwatch.scene.trajectory import TAIL_S, Ascent, vehicle_of

Array = NDArray[np.float64]

INTENSITY_AT_1_MN_W_SR = 3e5
"""In each of the two molecular bands (2.7 and 4.3 um), at the source, near the ground."""
THRUST_EXPONENT = 1.05
WINDOW_PER_UM = 1.0
"""Between the molecular bands only soot and hot walls shine: share of the intensity a micrometre of band width."""
SOURCE_TEMPERATURE_K = 1500.0
GRID_S = 0.02
_RAMP_S, _OVERSHOOT_S, _DECAY_S = 0.3, 1.5, 0.5

# Gain with altitude: afterburning spreads to a maximum near 25 km, dies towards a trough at 80 km, and the expanding
# plume shines again above (after Forden; Simmons 2000).
_ALTITUDE_KM = [0.0, 10.0, 18.0, 26.0, 36.0, 50.0, 65.0, 80.0, 95.0, 115.0, 150.0, 200.0]
_GAIN = [1.0, 1.05, 1.4, 1.6, 1.4, 0.8, 0.32, 0.2, 0.26, 0.42, 0.5, 0.5]
_LOG_GAIN = PchipInterpolator(_ALTITUDE_KM, np.log(_GAIN))


def altitude_gain(height_m: ArrayLike) -> Array:
    """Return the intensity relative to that near the ground."""
    km = np.clip(np.asarray(height_m, np.float64) / 1e3, _ALTITUDE_KM[0], _ALTITUDE_KM[-1])
    out: Array = np.exp(_LOG_GAIN(km))
    return out


def band_factor(lower_um: float, upper_um: float) -> float:
    """Return a band's share of the intensity law: 1 in the molecular bands, by width in the window between."""
    middle = 0.5 * (lower_um + upper_um)
    return WINDOW_PER_UM * (upper_um - lower_um) if 3.2 < middle < 4.15 else 1.0


def stage_intensity(thrust_n: float) -> float:
    """Return the notional in-band intensity of a stage near the ground, W/sr."""
    return float(INTENSITY_AT_1_MN_W_SR * (thrust_n / 1e6) ** THRUST_EXPONENT)


def flicker(count: int, rms: float, rng: np.random.Generator, *, step_s: float = GRID_S) -> Array:
    """Return factors about 1 with a spectrum near 1/f: three first-order processes a factor of seven apart."""
    total = np.zeros(count)
    for tau in (0.04, 0.28, 2.0):
        keep = float(np.exp(-step_s / tau))
        noise = rng.standard_normal(count) * np.sqrt(1 - keep**2)
        noise[0] = rng.standard_normal()
        total += np.asarray(lfilter([1.0], [1.0, -keep], noise), np.float64) / np.sqrt(3.0)
    return np.maximum(1 + rms * total, 0.0)


def light_curve(launch: Launch, ascent: Ascent, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return times since ignition (K,) and source intensity (K,) in W/sr of the molecular bands; 0 at both ends.

    Parameters
    ----------
    launch : Launch
    ascent : Ascent
    rng : numpy.random.Generator
        Of the event's own level and its flicker.
    """
    time = np.arange(0.0, ascent.burns[-1][1] + TAIL_S, GRID_S)
    total = np.zeros(len(time))
    for stage, (start, end) in zip(vehicle_of(launch).stages, ascent.burns, strict=True):
        since = np.maximum(time - start, 0.0)
        rise = (1 - np.exp(-since / _RAMP_S)) * (1 + launch.overshoot * np.exp(-since / _OVERSHOOT_S))
        fall = np.exp(-np.maximum(time - end, 0.0) / _DECAY_S)
        total += stage_intensity(stage.thrust) * stage.brightness * rise * fall
    level = float(np.exp(launch.spread * rng.standard_normal()))
    total *= level * altitude_gain(np.interp(time, ascent.time_s, ascent.height_m))
    total *= flicker(len(time), launch.flicker, rng)
    total[-1] = 0.0
    return time, total
