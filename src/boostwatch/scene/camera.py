"""The sensor of a scenario: radiometric figures and pointing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostwatch.geometry import GEO_RADIUS_M, geodetic_to_itrs, look_at, multiply_quaternions, tilt_quaternion
from boostwatch.scene.optics import build_point_spread
from boostwatch.scene.scenario import Scenario, SensorModel
from boostwatch.sensor import Band, Sensor, photon_energy_j

Array = NDArray[np.float64]
Images = Mapping[str, NDArray[np.generic]]


def _band(sensor: SensorModel, index: int, images: Images | None) -> Band:
    band, figures = sensor.bands[index], sensor.figures(index)
    area = np.pi / 4 * sensor.aperture**2
    efficiency = figures.optics_transmission * figures.quantum_efficiency
    return Band(
        name=band.name,
        lower_um=band.lower,
        upper_um=band.upper,
        psf_sigma_px=build_point_spread(sensor, index, images).sigma_px,
        gain_e_per_dn=figures.gain_e_per_dn,
        offset_dn=sensor.offset_dn,
        read_noise_e=figures.read_noise_e,
        dark_e_per_s=figures.dark_e_per_s,
        full_well_e=figures.full_well_e,
        irradiance_per_e=photon_energy_j(band.lower, band.upper) / (area * efficiency * figures.integration_s),
    )


def build_sensor(scenario: Scenario, images: Images | None = None) -> Sensor:
    """Return the sensor that a scenario describes, with the boresight in the middle of the frame.

    Parameters
    ----------
    scenario : Scenario
    images : mapping of str to array, optional
        What `optics.psf_files` asks for.

    Returns
    -------
    Sensor
        ``integration_s`` is the longest of its bands; ``irradiance_per_e`` counts the band's own.
    """
    s = scenario.sensor
    bands = range(len(s.bands))
    return Sensor(
        name=s.name,
        ifov_rad=s.ifov,
        cx=(s.width - 1) / 2,
        cy=(s.height - 1) / 2,
        frame_period_s=1 / s.frame_rate,
        integration_s=max(s.figures(i).integration_s for i in bands),
        bands=tuple(_band(s, i, images) for i in bands),
    )


@dataclass(frozen=True)
class Pointing:
    """Where the sensor is, where it looks by plan, and where it says it looks.

    ``line_of_sight`` float64 (T, 2) is the true shift (x, y) of the scene, px; ``drift_px_s`` its steady rate;
    ``attitude`` float64 (T, 4) the reported quaternions.
    """

    position_m: Array
    nominal: Array
    line_of_sight: Array
    drift_px_s: Array
    attitude: Array


def build_pointing(scenario: Scenario, sensor: Sensor, rng: np.random.Generator) -> Pointing:
    """Draw the line of sight and the reported attitude of every frame."""
    p, los = scenario.platform, scenario.line_of_sight
    longitude = np.radians(p.longitude)
    position = GEO_RADIUS_M * np.array([np.cos(longitude), np.sin(longitude), 0.0])
    nominal = look_at(position, geodetic_to_itrs(p.boresight_latitude, p.boresight_longitude))
    count = scenario.n_frames
    time = np.arange(count) * sensor.frame_period_s
    direction = np.radians(los.drift_direction)
    rate = los.drift * np.array([np.cos(direction), np.sin(direction)])
    shift = time[:, None] * rate + los.jitter * rng.standard_normal((count, 2))
    true = multiply_quaternions(nominal, tilt_quaternion(shift[:, 0] * sensor.ifov_rad, shift[:, 1] * sensor.ifov_rad))
    turn = los.attitude_bias * rng.standard_normal(3) + los.attitude_noise * rng.standard_normal((count, 3))
    half = 0.5 * np.linalg.norm(turn, axis=1, keepdims=True)
    error = np.concatenate([np.cos(half), 0.5 * turn * np.sinc(half / np.pi)], axis=1)
    return Pointing(position, nominal, shift, rate, multiply_quaternions(true, error))
