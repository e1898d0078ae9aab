"""Radiometry of frames against closed forms written out here from first principles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

from boostwatch.scene.atmosphere import Atmosphere
from boostwatch.scene.render import Renderer
from boostwatch.scene.scenario import Scenario

H, C, K = 6.62607015e-34, 299792458.0, 1.380649e-23
GEO_M, A_M, F = 42164e3, 6378137.0, 1 / 298.257223563
STILL = {"jitter": "0 px", "drift": "0 px/s", "smear": "0 px"}
DARK = {"kind": "uniform", "radiance": ["0 W/m2/sr/um"]}
PLACE = (28.2, -80.6)
FLARE = {
    "kind": "flare", "latitude": f"{PLACE[0]} deg", "longitude": f"{PLACE[1]} deg", "power": "200 MW",
    "temperature": "1800 K", "flicker": 0.0, "start": "-1000 s",
}  # fmt: skip
SENSOR: dict[str, Any] = {
    "width": 64, "height": 64, "ifov": "30 urad", "aperture": "0.12 m", "optics_transmission": 0.55,
    "quantum_efficiency": 0.65, "frame_rate": "2 Hz", "integration": "0.2 s", "prnu": 0.0,
    "bad_pixels": {"fraction": 0.0}, "read_noise": "200 e-", "full_well": "1e8 e-",
    "bands": [{"name": "SWIR"}, {"name": "WINDOW", "integration": "0.05 s", "quantum_efficiency": 0.8}],
}  # fmt: skip
BANDS = ((2.69e-6, 2.95e-6, 0.2, 0.65), (3.8e-6, 4.0e-6, 0.05, 0.8))
AIRY = {"kind": "airy", "obscuration": 0.3, "blur": "0.2 px"}


def make(*, frames: int = 2, sensor: dict[str, Any] | None = None, los: Any = None, **more: Any) -> Renderer:
    scenario = {
        "frames": frames, "sensor": {**SENSOR, **(sensor or {})}, "line_of_sight": {**STILL, **(los or {})},
        "platform": {
            "longitude": "-75 deg", "boresight_latitude": f"{PLACE[0]} deg", "boresight_longitude": f"{PLACE[1]} deg",
        },
        "background": DARK, **more,
    }  # fmt: skip
    return Renderer(Scenario.model_validate(scenario))


def ground(latitude_deg: float, longitude_deg: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a point on WGS84, m, and its vertical."""
    lat, lon = np.radians(latitude_deg), np.radians(longitude_deg)
    up = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    e2 = F * (2 - F)
    n = A_M / np.sqrt(1 - e2 * np.sin(lat) ** 2)
    return n * up * [1, 1, 1 - e2], up


def planck(wavelength_m: float, kelvin: float) -> float:
    return 2 * H * C**2 / wavelength_m**5 / np.expm1(H * C / (wavelength_m * K * kelvin))


def stamps(r: Renderer, i: int) -> tuple[np.ndarray, np.ndarray]:
    image = np.zeros(r.shape, np.float32)
    samples = r._objects.add(i, image)
    return image, samples


def test_electrons_of_a_point_source_are_the_closed_form_chain() -> None:
    point, up = ground(*PLACE)
    away = GEO_M * np.array([np.cos(np.radians(-75)), np.sin(np.radians(-75)), 0.0]) - point
    distance = np.linalg.norm(away)
    secant = distance / (away @ up)
    sigma_sb = 2 * np.pi**5 * K**4 / (15 * H**3 * C**2)
    area = 200e6 / (sigma_sb * 1800.0**4)
    lit, dark = make(objects=[FLARE]), make()
    image, samples = stamps(lit, 1)
    for b, (lower, upper, exposure, efficiency) in enumerate(BANDS):
        intensity = area * quad(planck, lower, upper, args=(1800.0,))[0]
        air = Atmosphere("us_standard_1976", lower * 1e6, upper * 1e6, place="test").transmittance(0.0, secant, 1800.0)
        irradiance = intensity * float(air) / distance**2
        photons = irradiance * np.pi / 4 * 0.12**2 * 0.55 * exposure * (lower + upper) / 2 / (H * C)
        assert image[b].sum(dtype=float) == pytest.approx(photons * efficiency, rel=5e-3)
        assert samples["signal_e"][b] == pytest.approx(image[b].sum(dtype=float), rel=1e-5)
        # And through noise and ADC: the same seed draws the same numbers with and without the source.
        with_it, without = (r.frame(1).data[b].astype(float) for r in (lit, dark))
        counted = (with_it - without).sum() * lit.sensor.bands[b].gain_e_per_dn
        noise = np.sqrt(photons + with_it.size / 3 * lit.sensor.bands[b].gain_e_per_dn ** 2)
        assert counted == pytest.approx(photons * efficiency, rel=5e-3, abs=5 * noise)


def test_a_photon_in_the_middle_of_the_band_stands_for_all() -> None:
    # What the one photon energy of a band costs: the mean of 1/energy over a black body's light in it.
    for lower, upper, _, _ in BANDS:
        for kelvin in (290.0, 1800.0):
            power = quad(planck, lower, upper, args=(kelvin,))[0]
            count = quad(lambda w, t: w * planck(w, t), lower, upper, args=(kelvin,))[0]
            assert count / power == pytest.approx((lower + upper) / 2, rel=0.013)


@pytest.mark.parametrize("psf", [{"kind": "gaussian"}, AIRY], ids=["gaussian", "airy"])
@pytest.mark.parametrize("direction", [0, 90, 35])
def test_flux_is_conserved_as_a_source_crosses_pixels(psf: Any, direction: int) -> None:
    los = {"drift": "0.14 px/s", "drift_direction": f"{direction} deg"}
    r = make(frames=60, sensor={"psf": psf, "width": 96, "height": 96}, los=los, objects=[FLARE])
    sums, places = [], []
    for i in range(60):
        image, samples = stamps(r, i)
        sums.append(image.sum(axis=(1, 2), dtype=float))
        places.append((samples["x"][0], samples["y"][0]))
        y, x = np.mgrid[:96, :96]
        # Diffraction passes frequencies beyond one cycle a pixel here: its sampled centroid swings with the phase.
        apart = 0.03 if psf is AIRY else 1e-3
        assert np.average(x, weights=image[0]) == pytest.approx(samples["x"][0], abs=apart)
        assert np.average(y, weights=image[0]) == pytest.approx(samples["y"][0], abs=apart)
    assert np.ptp(places, axis=0).max() > 3  # several pixels, at many phases
    assert (np.ptp(sums, axis=0) < 1e-3 * np.mean(sums, axis=0)).all()


def test_flux_of_a_moving_source_is_what_truth_says() -> None:
    plane = {
        "kind": "aircraft", "latitude": "28.2 deg", "longitude": "-80.6 deg", "altitude": "12 km",
        "speed": "1000 m/s", "intensity": "1e6 W/sr", "heading": "60 deg",
    }  # fmt: skip
    r = make(frames=12, objects=[plane])
    for i in range(12):
        image, samples = stamps(r, i)
        np.testing.assert_allclose(image.sum(axis=(1, 2), dtype=float), samples["signal_e"], rtol=1e-3)


@pytest.mark.parametrize("oversample", [2, 3])
@pytest.mark.parametrize("psf", [{"kind": "gaussian"}, AIRY], ids=["gaussian", "airy"])
def test_an_extended_scene_gives_radiance_times_etendue(psf: Any, oversample: int) -> None:
    radiance = (0.02, 0.3)
    uniform = {"kind": "uniform", "radiance": [f"{v} W/m2/sr/um" for v in radiance]}
    sensor = {"psf": psf, "full_well": "2e6 e-"}
    r = make(sensor=sensor, background=uniform, los={"drift": "0.3 px/s"}, oversample=oversample)
    for b, (lower, upper, exposure, efficiency) in enumerate(BANDS):
        watts = radiance[b] * (upper - lower) * 1e6 * 30e-6**2 * np.pi / 4 * 0.12**2
        wanted = watts * 0.55 * efficiency * exposure * (lower + upper) / 2 / (H * C)
        for i in (0, 1):
            np.testing.assert_allclose(r.scene(i)[b], wanted, rtol=1e-5)
        band = r.sensor.bands[b]
        dark = band.dark_e_per_s * exposure
        found = (r.frame(0).data[b].mean() - band.offset_dn) * band.gain_e_per_dn
        noise = np.sqrt(wanted + dark + band.read_noise_e**2 + band.gain_e_per_dn**2 / 12) / 64
        assert found == pytest.approx(wanted + dark, abs=5 * noise)


def test_clouds_and_shifts_conserve_the_mean_of_a_scene() -> None:
    # Optics and shift only move light about: what a scene loses at one side of the frame it gains at the other.
    clouds = [{"altitude": "5 km", "wind_speed": "0 m/s", "lifetime": "1e9 s", "outer_scale": "20 km"}]
    background = {"kind": "uniform", "radiance": ["0.3 W/m2/sr/um"]}
    sensor = {"width": 200, "height": 200, "bands": [{"name": "WINDOW"}]}
    los = {"drift": "0.26 px/s"}
    images = [
        make(frames=8, sensor={**sensor, "psf": psf}, los=los, clouds=clouds, background=background)
        for psf in ({"kind": "gaussian"}, AIRY)
    ]
    means = np.array([[r.scene(i).mean(dtype=float) for i in range(8)] for r in images])
    rim = images[0].scene(0)[0]
    border = 4 / 200 * rim.std()  # a pixel of rim at each side may be another's
    assert np.abs(means - means.mean()).max() < border
