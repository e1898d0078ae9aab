"""Light of a plume by band and time, and its length: one stated law.

Notional: an order of magnitude anchored between bench plumes and what civil weather satellites saw of large launchers,
with a log-normal spread between events so that nothing may rely on one value. Two spectral parts have their own course:
the molecular bands of water and carbon dioxide about 2.7 and 4.3 um, and the continuum of soot and hot particles
between them. `LAW` and `MOTORS` hold every constant.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator
from scipy.signal import lfilter

Array = NDArray[np.float64]


class Motor(NamedTuple):
    """What propulsion changes.

    ``ramp_s`` of ignition, ``overshoot`` and its ``overshoot_s``, ``decay_s`` after burnout, ``flicker`` rms,
    ``window_per_um`` continuum for a molecular intensity of 1.
    """

    ramp_s: float
    overshoot: float
    overshoot_s: float
    decay_s: float
    flicker: float
    window_per_um: float


MOTORS = {
    "solid": Motor(0.3, 0.3, 2.5, 0.5, 0.04, 1.5),
    "liquid": Motor(0.8, 0.0, 2.5, 0.2, 0.025, 1.0),
}
"""Notional. The continuum of a liquid (kerosene) vehicle is anchored: 7.6 MN then give 5e5 W/sr in 3.8-4.0 um, and
GOES-16 saw at least 4.5e5 W/sr of a Falcon 9 (CIMSS Satellite Blog, 2017-03-16, excess of the brightest pixel). Solid
propellant adds alumina."""


class Law(NamedTuple):
    """Constants of the law; see `LAW`."""

    intensity_at_1_mn_w_sr: float
    thrust_exponent: float
    temperature_k: float
    altitude_km: tuple[float, ...]
    molecular_gain: tuple[float, ...]
    window_gain: tuple[float, ...]
    length_scales: float
    vacuum_length_m: float
    core_share: float
    half_angle: float
    trail_temperature_k: float


LAW = Law(
    intensity_at_1_mn_w_sr=3e5,  # in each molecular band, at the source, near the ground; notional
    thrust_exponent=1.05,  # notional, 0.9 to 1.2
    temperature_k=1500.0,  # Planck weight of the light's way through the air; notional
    # Afterburning spreads to a maximum near 25 km, dies towards a trough at 80 km, and the expanding plume shines again
    # above (after Forden, Arms Control Wonk 302134; Simmons, Rocket Exhaust Plume Phenomenology, 2000). Soot is heated
    # by afterburning and thins out without it, so that the continuum does not recover; notional.
    altitude_km=(0.0, 10.0, 18.0, 26.0, 36.0, 50.0, 65.0, 80.0, 95.0, 115.0, 150.0, 200.0),
    molecular_gain=(1.0, 1.05, 1.4, 1.6, 1.4, 0.8, 0.32, 0.2, 0.26, 0.42, 0.5, 0.5),
    window_gain=(1.0, 1.05, 1.4, 1.6, 1.3, 0.65, 0.22, 0.12, 0.12, 0.12, 0.12, 0.12),
    length_scales=60.0,  # length over sqrt(thrust / ambient pressure), the scale of Jarvinen and Hill; notional
    vacuum_length_m=12e3,  # at 1 MN, grows with the root of the thrust; notional
    core_share=0.4,  # of the light comes from the first twentieth of the length; notional
    half_angle=0.2,  # 1-sigma half-width over distance from the nozzle; notional
    trail_temperature_k=600.0,  # of the spent exhaust while it can be seen; notional
)

GRID_S = 0.02
_MOLECULAR_UM = ((2.55, 3.05, 1 / 0.26), (4.15, 4.60, 1 / 0.25))
"""Edges and light a micrometre: 1 in each of the nominal bands 2.69-2.95 and 4.20-4.45 um."""
_PRESSURE_PA = (101325.0, 26500.0, 5529.0, 1197.0, 287.1, 79.8, 22.0, 5.22, 1.05, 0.184, 0.0320)
"""Every 10 km to 100 km, U.S. Standard Atmosphere 1976."""

_LOG_GAIN = PchipInterpolator(LAW.altitude_km, np.log(np.stack([LAW.molecular_gain, LAW.window_gain], axis=1)))


def altitude_gain(height_m: ArrayLike) -> Array:
    """Return the intensity relative to that near the ground, rows molecular and window, float64 (2, ...)."""
    km = np.clip(np.asarray(height_m, np.float64) / 1e3, LAW.altitude_km[0], LAW.altitude_km[-1])
    out: Array = np.moveaxis(np.exp(_LOG_GAIN(km)), -1, 0)
    return out


def band_weights(lower_um: float, upper_um: float) -> Array:
    """Return what a band takes of the two parts of the light, float64 (2,): molecular, and um of the continuum."""
    molecular, covered = 0.0, 0.0
    for a, b, density in _MOLECULAR_UM:
        common = max(min(b, upper_um) - max(a, lower_um), 0.0)
        molecular, covered = molecular + common * density, covered + common
    return np.array([molecular, upper_um - lower_um - covered])


def stage_intensity(thrust_n: float) -> float:
    """Return the notional in-band intensity of a stage near the ground, W/sr."""
    return float(LAW.intensity_at_1_mn_w_sr * (thrust_n / 1e6) ** LAW.thrust_exponent)


def ambient_pressure(height_m: ArrayLike) -> Array:
    """Return the pressure of the air, Pa; continued above 100 km with the last scale height."""
    km = np.maximum(np.asarray(height_m, np.float64) / 1e3, 0.0)
    table = np.log(_PRESSURE_PA)
    slope = (table[-1] - table[-2]) / 10.0
    out: Array = np.exp(np.interp(km, 10.0 * np.arange(len(table)), table) + slope * np.maximum(km - 100.0, 0.0))
    return out


def plume_length(thrust_n: ArrayLike, height_m: ArrayLike) -> Array:
    """Return the length of the plume, m: ``60 sqrt(F/p)``, bounded by its length in vacuum.

    The two combine by their reciprocals. Beyond the length (three e-folds of its brightness) nothing is drawn.
    """
    thrust = np.asarray(thrust_n, np.float64)
    dense = LAW.length_scales * np.sqrt(thrust / np.maximum(ambient_pressure(height_m), 1e-30))  # far out it is none
    vacuum = LAW.vacuum_length_m * np.sqrt(thrust / 1e6)
    out: Array = dense * vacuum / np.maximum(dense + vacuum, 1e-12)
    return out


def profile(count: int) -> tuple[Array, Array]:
    """Return the distances from the nozzle, of the length, and the shares of light (sum 1) of ``count`` points.

    A core in the first twentieth holds `Law.core_share`; the rest falls by e in a third of the length. Each point
    stands for the light of its own piece.
    """
    edges = np.linspace(0.0, 1.0, count + 1)
    tail = (1 - np.exp(-3 * edges)) / (1 - np.exp(-3.0))
    core = np.clip(edges / 0.05, 0.0, 1.0)
    share = np.diff(LAW.core_share * core + (1 - LAW.core_share) * tail)
    return 0.5 * (edges[1:] + edges[:-1]), share


def flicker(count: int, rms: float, rng: np.random.Generator, *, step_s: float = GRID_S, scale: float = 1.0) -> Array:
    """Return factors about 1 with a spectrum near 1/f: three first-order processes a factor of seven apart.

    Their time constants are 0.04, 0.28 and 2 s times ``scale``; ``step_s`` between the factors.
    """
    total = np.zeros(count)
    for tau in (0.04, 0.28, 2.0):
        keep = float(np.exp(-step_s / (tau * scale)))
        noise = rng.standard_normal(count) * np.sqrt(1 - keep**2)
        noise[0] = rng.standard_normal()
        total += np.asarray(lfilter([1.0], [1.0, -keep], noise), np.float64) / np.sqrt(3.0)
    return np.maximum(1 + rms * total, 0.0)


def stage_light(thrust_n: float, burn_s: float, motor: Motor, since_s: Array) -> Array:
    """Return the light of one stage near the ground without flicker.

    Parameters
    ----------
    thrust_n, burn_s : float
    motor : Motor
    since_s : float64 (K,)
        Time since its ignition.

    Returns
    -------
    float64 (2, K)
        W/sr in a molecular band, and W/sr/um of the continuum.
    """
    since = np.maximum(since_s, 0.0)
    rise = (1 - np.exp(-since / motor.ramp_s)) * (1 + motor.overshoot * np.exp(-since / motor.overshoot_s))
    fall = np.exp(-np.maximum(since - burn_s, 0.0) / motor.decay_s)
    light = stage_intensity(thrust_n) * rise * fall
    return np.stack([light, light * motor.window_per_um])
