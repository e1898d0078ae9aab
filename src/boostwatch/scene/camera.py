"""The sensor of a scenario: radiometric figures, and the faults of its focal plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostwatch.scene.scenario import BandModel, Scenario
from boostwatch.sensor import Band, Sensor, photon_energy_j
from boostwatch_kernels.noise import fill_uniform

Array = NDArray[np.float64]
BAD_CODES = {"dead": 1, "hot": 2, "blinking": 3}
"""What the bad-pixel map says."""
_BLINK_STREAM = 64


def _either(own: float | None, common: float) -> float:
    return common if own is None else own


def _band(scenario: Scenario, band: BandModel) -> Band:
    s = scenario.sensor
    area = np.pi / 4 * s.aperture**2
    efficiency = _either(band.optics_transmission, s.optics_transmission) * s.quantum_efficiency
    return Band(
        name=band.name,
        lower_um=band.lower,
        upper_um=band.upper,
        psf_sigma_px=_either(band.psf_sigma, s.psf_sigma),
        gain_e_per_dn=s.gain if s.gain is not None else s.full_well / (2**s.bits - 1 - s.offset_dn),
        offset_dn=s.offset_dn,
        read_noise_e=_either(band.read_noise, s.read_noise),
        dark_e_per_s=_either(band.dark_current, s.dark_current),
        full_well_e=s.full_well,
        irradiance_per_e=photon_energy_j(band.lower, band.upper) / (area * efficiency * s.integration),
    )


def build_sensor(scenario: Scenario) -> Sensor:
    """Return the sensor that a scenario describes, with the boresight in the middle of the frame."""
    s = scenario.sensor
    return Sensor(
        name=s.name,
        ifov_rad=s.ifov,
        cx=(s.width - 1) / 2,
        cy=(s.height - 1) / 2,
        frame_period_s=1 / s.frame_rate,
        integration_s=s.integration,
        bands=tuple(_band(scenario, band) for band in s.bands),
    )


@dataclass(frozen=True)
class FocalPlane:
    """Pixel by pixel, one band: float32 (H, W) each, ``bad`` uint8 codes of all faults, ``known`` of those listed.

    ``response`` multiplies photo-electrons; ``gain`` is the part of it that the sensor knows, and is in ``dark_e`` too;
    ``offset_dn`` is the digital number of an empty pixel with its known spread. ``blinking`` holds flat indices,
    ``phase`` their share of a dwell.
    """

    response: NDArray[np.float32]
    dark_e: NDArray[np.float32]
    gain: NDArray[np.float32]
    offset_dn: NDArray[np.float32]
    bad: NDArray[np.uint8]
    known: NDArray[np.uint8]
    blinking: NDArray[np.int64]
    phase: Array


def build_focal_plane(scenario: Scenario, band: Band, rng: np.random.Generator) -> FocalPlane:
    """Draw the non-uniformity and the faults of one band."""
    s, faults = scenario.sensor, scenario.sensor.bad_pixels
    shape = (s.height, s.width)
    gain = np.maximum(1 + np.float32(s.gain_spread) * rng.standard_normal(shape, np.float32), np.float32(0.1))
    offset = np.float32(s.offset_spread_dn) * rng.standard_normal(shape, np.float32)
    response = gain * np.maximum(1 + np.float32(s.prnu) * rng.standard_normal(shape, np.float32), 0)
    dark = np.full(shape, band.dark_e_per_s * s.integration, np.float32)
    bad, known = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    where = rng.permutation(s.height * s.width)[: round(faults.fraction * s.height * s.width)]
    codes = np.array([BAD_CODES[k] for k in faults.kinds], np.uint8)
    drawn = codes[rng.integers(0, max(len(codes), 1), len(where))] if len(where) else codes[:0]
    bad.flat[where] = drawn
    known.flat[where] = np.where(rng.random(len(where)) < faults.known, drawn, 0)
    response = np.where(bad == BAD_CODES["dead"], 0, response)
    excess = rng.exponential(faults.hot_current * s.integration, shape)
    dark += np.where(bad == BAD_CODES["hot"], excess, 0).astype(np.float32)
    dark *= gain  # the known gain acts on all charge, so that dividing by it flattens the dark too
    blinking = np.flatnonzero(bad == BAD_CODES["blinking"])
    return FocalPlane(
        response.astype(np.float32), dark, gain.astype(np.float32), (offset + np.float32(band.offset_dn)), bad, known,
        blinking, rng.random(len(blinking)),
    )  # fmt: skip


def dark_with_blinking(
    plane: FocalPlane, scenario: Scenario, seed: int, band: int, time_s: float
) -> NDArray[np.float32]:
    """Return the dark electrons of one frame: a random telegraph, up or down with even chance every dwell."""
    if not len(plane.blinking):
        return plane.dark_e
    faults = scenario.sensor.bad_pixels
    block = int(np.floor(time_s / faults.blink_dwell))
    late = time_s / faults.blink_dwell - block + plane.phase >= 1  # this pixel's dwell began in the next block
    draws = np.empty((2, len(plane.blinking)))
    fill_uniform(seed, _BLINK_STREAM + band, block, draws[0])
    fill_uniform(seed, _BLINK_STREAM + band, block + 1, draws[1])
    up = np.where(late, draws[1], draws[0]) < 0.5
    dark = plane.dark_e.copy()
    dark.flat[plane.blinking] += np.float32(faults.blink_amplitude) * up.astype(np.float32)
    return dark
