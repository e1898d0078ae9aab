"""The sensor of a scenario: radiometric figures by band."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

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
