"""Point spreads: diffraction, conservation of light, agreement of stamps and filter taps, what files may hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import j0, j1, ndtr

from boostwatch.errors import BadData
from boostwatch.scene.camera import build_sensor
from boostwatch.scene.optics import PointSpread, airy_pattern, build_point_spread, psf_files
from boostwatch.scene.scenario import AiryPsf, GaussianPsf, ImagePsf, Scenario, SensorModel
from boostwatch.scene.stray import add_stray_light
from boostwatch.settings import parse_toml

Array = np.ndarray
IMAGE = ImagePsf(file="psf.npy", samples_per_pixel=5.0)


def gaussian(sigma: float, **more: Any) -> PointSpread:
    return PointSpread(GaussianPsf(), sigma_px=sigma, **more)


def airy(scale: float, obscuration: float = 0.0, **more: Any) -> PointSpread:
    return PointSpread(
        AiryPsf.model_validate({"obscuration": obscuration}), scales_px=scale * np.linspace(0.97, 1.03, 9), **more
    )


def from_image(image: Array) -> PointSpread:
    return PointSpread(IMAGE, image=image)


def blob(sigma_px: float, dx: float = 0.0, dy: float = 0.0, size: int = 61) -> Array:
    y, x = (np.indices((size, size)) - size // 2) / IMAGE.samples_per_pixel
    return np.exp(-0.5 * ((x - dx) ** 2 + (y - dy) ** 2) / sigma_px**2)


SPREADS = {
    "gaussian": gaussian(0.7), "airy": airy(1.0), "obscured": airy(1.4, 0.4), "tiny": airy(0.01),
    "image": from_image(blob(0.6) + 0.3 * blob(0.9, 0.8)),
}  # fmt: skip


def stamped(spread: PointSpread, x: Array, y: Array, side: int = 72) -> tuple[Array, float]:
    image = np.zeros((side, side), np.float32)
    square = spread.stamp(image, x, y, np.full(len(x), 1 / len(x)), 1.0)
    return image.astype(np.float64), square


def test_airy_pattern_has_its_rings_and_its_energy() -> None:
    assert airy_pattern(np.zeros(1), 0.3)[0] == 1
    assert airy_pattern(np.array([1.21967, 2.23313]), 0.0) == pytest.approx(0, abs=1e-9)
    r = np.linspace(0, 40, 40_001)
    energy = np.cumsum(airy_pattern(r, 0.0) * r)
    # Encircled energy 1 - J0**2 - J1**2 (Born & Wolf, 8.5.2); all of it is the pattern's integral.
    v = np.pi * r[[500, 1220, 3000]]
    wanted = (1 - j0(v) ** 2 - j1(v) ** 2) / (1 - j0(np.pi * 40) ** 2 - j1(np.pi * 40) ** 2)
    assert energy[[500, 1220, 3000]] / energy[-1] == pytest.approx(wanted, rel=2e-3)
    # An obscuration sharpens the core and lifts the first ring.
    assert airy_pattern(np.array([1.0]), 0.5) < airy_pattern(np.array([1.0]), 0.0)
    assert airy_pattern(np.array([1.6]), 0.5) > airy_pattern(np.array([1.6]), 0.0)


@pytest.mark.parametrize("kind", SPREADS)
def test_a_source_keeps_its_flux_and_place_as_it_crosses_pixels(kind: str) -> None:
    for step in np.linspace(0, 1, 9):
        x, y = 35 + step, 35.3 + 0.7 * step
        image, square = stamped(SPREADS[kind], np.array([x]), np.array([y]))
        assert image.sum() == pytest.approx(1, abs=1e-4)
        assert square == pytest.approx((image**2).sum(), rel=1e-4)
        if kind != "tiny":
            assert image.sum(axis=0) @ np.arange(72) == pytest.approx(x, abs=5e-3)
            assert image.sum(axis=1) @ np.arange(72) == pytest.approx(y, abs=5e-3)


@given(st.floats(35, 36), st.floats(35, 36))
@settings(max_examples=20)
def test_an_image_of_a_gaussian_is_as_good_as_the_closed_form(x: float, y: float) -> None:
    found, _ = stamped(IMAGE_BLOB, np.array([x]), np.array([y]))
    wanted, _ = stamped(gaussian(0.7), np.array([x]), np.array([y]))
    np.testing.assert_allclose(found, wanted, atol=2e-4)


IMAGE_BLOB = from_image(blob(0.7))


def test_an_image_is_centred_on_its_light() -> None:
    here, there = from_image(blob(0.7)), from_image(blob(0.7, dx=0.37, dy=-0.9))
    at = np.array([35.2]), np.array([34.9])
    np.testing.assert_allclose(stamped(here, *at)[0], stamped(there, *at)[0], atol=1e-4)


@pytest.mark.parametrize("kind", SPREADS)
def test_equivalent_sigma_has_the_same_noise_equivalent_area(kind: str) -> None:
    spread = SPREADS[kind]
    phases = (np.arange(8) + 0.5) / 8 + 35
    squares = [[stamped(s, np.array([x]), np.array([y]))[1] for x in phases for y in phases]
               for s in (spread, gaussian(max(spread.sigma_px, 1e-3)))]  # fmt: skip
    assert np.mean(squares[0]) == pytest.approx(np.mean(squares[1]), rel=0.02 if kind == "tiny" else 0.002)


def test_equivalent_sigma_grows_with_wavelength_smear_and_blur() -> None:
    assert gaussian(0.6, smear_px=0.8).sigma_px == pytest.approx(1.0)
    assert airy(1.0).sigma_px < airy(1.4).sigma_px < airy(1.4, smear_px=0.3).sigma_px
    blurred = PointSpread(AiryPsf.model_validate({"blur": "0.3 px"}), scales_px=np.array([1.4]))
    assert blurred.sigma_px == pytest.approx(airy(1.4, smear_px=0.3).sigma_px, rel=0.01)
    assert from_image(blob(0.7)).sigma_px == pytest.approx(0.7, rel=1e-3)


def spline(t: Array) -> Array:
    t = np.abs(t)
    return np.where(t < 1, 2 / 3 - t**2 + t**3 / 2, np.where(t < 2, (2 - t) ** 3 / 6, 0))


def read(spread: PointSpread, scene: Array, p: Array, cells: Any, oversample: int) -> Array:
    """Value at pixel positions ``p`` of a scene (cells along x only), through taps and spline."""
    rows, columns = spread.separable(oversample, cells=cells)
    line = (rows.sum(axis=1, dtype=float)[:, None] * columns).sum(axis=0)
    blurred = np.convolve(scene, line, "same")
    j = np.arange(len(scene)) - len(scene) // 2
    out: Array = spline(p[:, None] * oversample - j) @ blurred
    return out


def step_response(sigma: float) -> Callable[[Array], Array]:
    def integral(t: Array) -> Array:
        return t * ndtr(t / sigma) + sigma * np.exp(-0.5 * (t / sigma) ** 2) / np.sqrt(2 * np.pi)

    return lambda d: integral(d + 0.5) - integral(d - 0.5)


@pytest.mark.parametrize("sigma", [0.4, 0.5, 0.7, 1.0, 2.0])
@pytest.mark.parametrize("oversample", [2, 3])
def test_an_edge_of_cells_is_the_exact_integral_at_any_shift(sigma: float, oversample: int) -> None:
    scene = (np.arange(-200, 201) > 0).astype(float)
    p = np.random.default_rng(1).uniform(-12, 12, 500)
    found = read(gaussian(sigma), scene, p, "even", oversample)
    assert np.abs(found - step_response(sigma)(p - 0.5 / oversample)).max() < 2e-3


@pytest.mark.parametrize("kind", ["airy", "obscured", "image"])
def test_an_edge_seen_through_other_optics_is_the_sum_of_its_stamps(kind: str) -> None:
    # Points in a row from the edge on, as dense as their own spread needs, summed along columns.
    spread, start, step = SPREADS[kind], 100.25, 0.25
    x = np.arange(start + step / 2, 165, step)
    image = np.zeros((72, 200), np.float32)
    spread.stamp(image, x, np.full(len(x), 35.0), np.ones(len(x)), step)
    wanted = image.sum(axis=0, dtype=float)[60:140]
    scene = (np.arange(-200, 201) > 0).astype(float)
    found = read(spread, scene, np.arange(60, 140) - 100.0, "even", 2)
    assert np.abs(found - wanted).max() < 2e-3


@pytest.mark.parametrize("oversample", [2, 3])
def test_an_edge_anywhere_is_right_on_average_and_nowhere_far_off(oversample: int) -> None:
    # An edge inside a cell leaves only its average: blurred by up to a quarter of a cell squared, or too sharp.
    rng, spread, wanted = np.random.default_rng(2), gaussian(0.7), step_response(0.7)
    p = np.linspace(-3, 3, 61)
    errors = []
    for edge in (np.arange(24) + 0.5) / 24 / oversample + rng.integers(-2, 3):
        m = np.arange(-200, 201)
        scene = np.clip((m + 0.5) - edge * oversample, 0, 1)
        errors.append(read(spread, scene, p + edge, "average", oversample) - wanted(p))
    assert np.abs(errors).max() < (0.009 if oversample == 2 else 0.004)
    assert np.abs(np.mean(errors, axis=0)).max() < 2e-3


@pytest.mark.parametrize(("sigma", "largest", "rms"), [(0.5, 0.016, 0.009), (0.7, 0.0095, 0.005), (1.0, 0.005, 0.003)])
def test_edges_are_as_far_off_as_the_docs_say(sigma: float, largest: float, rms: float) -> None:
    """The table of docs/physics/camera.md: two cells a pixel, edges at places within a cell, its border among them."""
    p, m, wanted = np.linspace(-3, 3, 61), np.arange(-200, 201), step_response(sigma)

    def error(edge: float, cells: str) -> float:
        scene = np.clip((m + 0.5) - 2 * edge, 0, 1)
        return float(np.abs(read(gaussian(sigma), scene, p + edge, cells, 2) - wanted(p)).max())

    anywhere = np.array([error(edge, "average") for edge in np.linspace(0, 0.5, 8, endpoint=False)])
    assert anywhere.argmax() == 4  # where a cell ends
    assert anywhere.max() < largest
    assert np.sqrt((anywhere**2).mean()) < rms
    assert error(0.25, "even") < 1e-3


@pytest.mark.parametrize("cells", ["average", "sample"])
@pytest.mark.parametrize("frequency", [0.0, 0.1, 0.3, 0.5])
def test_waves_pass_with_the_transfer_of_optics_and_pixel(cells: str, frequency: float) -> None:
    m = np.arange(-300, 301) / 2
    scene = np.cos(2 * np.pi * frequency * m) * (np.sinc(frequency / 2) if cells == "average" else 1)
    p = np.random.default_rng(3).uniform(-20, 20, 300)
    wanted = np.exp(-2 * (np.pi * 0.7 * frequency) ** 2) * np.sinc(frequency) * np.cos(2 * np.pi * frequency * p)
    assert np.abs(read(gaussian(0.7), scene, p, cells, 2) - wanted).max() < 1e-3


@pytest.mark.parametrize("kind", SPREADS)
def test_taps_and_stamps_are_the_same_optics(kind: str) -> None:
    # A lit square cell, seen through the taps at a random shift, against the stamp of points spread over it.
    spread = SPREADS[kind]
    rows, columns = spread.separable(2, cells="even")
    assert rows.shape == columns.shape
    assert rows.shape[1] % 2 == 1
    assert len(rows) == (1 if kind == "gaussian" else len(rows)) <= 6
    kernel = np.einsum("ra,rb->ab", rows.astype(float), columns)
    assert kernel.sum() == pytest.approx(1, abs=2e-6)
    np.testing.assert_allclose(kernel, kernel[::-1, ::-1] if kind != "image" else kernel, atol=1e-6)
    reach = kernel.shape[0] // 2
    dx, dy = 0.23, -0.41
    pixel = np.arange(-30, 31)
    cell = np.arange(-reach, reach + 1)
    wx, wy = spline((pixel + dx)[:, None] * 2 - cell), spline((pixel + dy)[:, None] * 2 - cell)
    found = 4 * wy @ kernel @ wx.T  # four cells are a pixel
    quarter = (np.arange(6) + 0.5) / 12 - 0.25
    x, y = (g.ravel() for g in np.meshgrid(30 + quarter - dx, 30 + quarter - dy))
    wanted, _ = stamped(spread, x, y, 61)
    if kind == "tiny":  # narrower than a cell: no spline on cells carries it
        return
    # lambda/aperture of one pixel passes waves up to the cells' own limit, where a cubic spline fades.
    assert np.abs(found - wanted).max() < (0.012 if kind == "airy" else 4e-3) * wanted.max()


def test_motion_smears_by_a_box_along_its_way() -> None:
    def spreads(motion: tuple[float, float], spread: PointSpread) -> tuple[float, float, float]:
        rows, columns = spread.separable(2, motion)
        kernel = np.einsum("ra,rb->ab", rows.astype(float), columns)
        n = np.arange(len(kernel)) / 2 - (len(kernel) // 2) / 2
        return float(kernel.sum(0) @ n**2), float(kernel.sum(1) @ n**2), float(n @ kernel @ n)

    still = spreads((0.0, 0.0), gaussian(0.7))
    along = spreads((3.0, 0.0), gaussian(0.7))
    assert along[0] - still[0] == pytest.approx(9 / 12, rel=0.02)
    assert along[1] == pytest.approx(still[1], rel=0.01)
    slant = spreads((2.0, -2.0), gaussian(0.7))
    assert slant[0] - still[0] == pytest.approx(4 / 12, rel=0.03)
    assert slant[2] == pytest.approx(-4 / 12, rel=0.03)
    assert len(gaussian(0.7).separable(2, (3.0, 0.0))[0]) == 1
    blob_along = spreads((3.0, 0.0), IMAGE_BLOB)
    assert blob_along[0] == pytest.approx(along[0], rel=0.02)


@pytest.mark.parametrize("band", ["SWIR", "MWIR", "WINDOW"])
def test_electrons_of_a_point_source_follow_the_closed_form(band: str) -> None:
    own = {"name": band, "integration": "40 ms", "quantum_efficiency": 0.62}
    scenario = Scenario.model_validate(
        {"sensor": {"bands": [own], "psf": {"kind": "airy"}, "aperture": "25 cm", "optics_transmission": 0.55}}
    )
    edges = scenario.sensor.bands[0]
    photon_j = 6.62607015e-34 * 299792458.0 / (0.5e-6 * (edges.lower + edges.upper))
    wanted = 3e-12 * (np.pi / 4 * 0.25**2) * 0.55 * 0.62 * 0.040 / photon_j
    sensor = build_sensor(scenario)
    image = np.zeros((72, 72), np.float32)
    electrons = 3e-12 / sensor.bands[0].irradiance_per_e
    build_point_spread(scenario.sensor, 0).stamp(image, np.array([35.3]), np.array([36.1]), np.ones(1), electrons)
    assert image.sum(dtype=np.float64) == pytest.approx(wanted, rel=5e-3)
    assert sensor.integration_s == 0.040


def test_the_airy_scale_is_wavelength_over_aperture_and_pixel() -> None:
    sensor = SensorModel.model_validate({"psf": {"kind": "airy"}, "aperture": "10 cm", "ifov": "30 urad"})
    swir, mwir = (build_point_spread(sensor, k).sigma_px for k in (0, 1))
    assert swir == pytest.approx(airy(2.82e-6 / 0.1 / 30e-6).sigma_px, rel=0.01)
    assert mwir / swir == pytest.approx(4.325 / 2.82, rel=0.05)


def test_bands_choose_their_own_optics() -> None:
    sensor = SensorModel.model_validate({
        "psf": {"kind": "image", "file": "a.npy"},
        "bands": [{"name": "SWIR"}, {"name": "MWIR", "psf": {"kind": "image", "file": "b.npy"}},
                  {"name": "WINDOW", "psf_sigma": "0.9 px"}, {"name": "B", "lower": "3 um", "upper": "3.2 um"}],
    })  # fmt: skip
    assert psf_files(sensor) == ["a.npy", "b.npy"]
    assert psf_files(SensorModel()) == []
    images = {"a.npy": blob(0.7), "b.npy": blob(0.5)}
    found = [build_point_spread(sensor, k, images).sigma_px for k in range(4)]
    assert found == pytest.approx([0.7 * 5 / 4, 0.5 * 5 / 4, 0.9, 0.7 * 5 / 4], rel=0.01)


@pytest.mark.parametrize(("image", "message"), [
    (None, r"psf.npy: a point spread is one real image \(y, x\)"),
    (np.ones((2, 3, 3)), r"one real image \(y, x\); found 'float64 \(2, 3, 3\)"),
    (np.ones((3, 3), complex), "one real image"),
    (np.zeros((5, 5)), "its sum positive; found 'sum 0"),
    (np.full((5, 5), np.nan), "must be finite"),
    (np.ones((5, 400)), "too wide; found '400 samples, 80 px'; allowed: at most 1024 samples and 64 px"),
])  # fmt: skip
def test_images_that_are_no_point_spread(image: Array | None, message: str) -> None:
    with pytest.raises(BadData, match=message):
        PointSpread(IMAGE, image=image)


@pytest.mark.parametrize(("text", "message"), [
    ('[sensor]\npsf = {kind = "moffat"}', "sensor.psf.kind: is not known; found 'moffat'; allowed: gaussian, airy, im"),
    ('[sensor]\npsf = {kind = "airy", obscuration = 1.5}', "less than or equal to 0.9; found 1.5"),
    ('[sensor]\npsf = {kind = "image"}', "file: required key is missing"),
    ('[sensor]\nghost = {strength = 2}', "sensor.ghost.strength: should be less than or equal to 0.1; found 2"),
    ('[[sensor.bands]]\nname = "X"', "band 'X' needs lower and upper; allowed: both edges, or neither with name = SW"),
    ('[[sensor.bands]]\nname = "SWIR"\nlower = "3 um"', "band 'SWIR' needs upper"),
    ('[[sensor.bands]]\nname = "SWIR"\nintegration = "1 s"', r"bands\[0\].integration = 1.0 s is longer than a frame"),
    ('[sensor.cosmic_rays]\nrate = "5"', 'allowed: a string with a unit, such as "5 /cm2/s"'),
])  # fmt: skip
def test_settings_that_cannot_be(text: str, message: str) -> None:
    with pytest.raises(BadData, match=message):
        parse_toml(text, Scenario)


def test_settings_survive_the_file() -> None:
    text = '[sensor]\npsf = {kind = "airy", obscuration = 0.3}\ncosmic_rays = {rate = "5 /cm2/s"}\n'
    text += '[[sensor.bands]]\nname = "WINDOW"'
    scenario = parse_toml(text, Scenario)
    assert scenario.sensor.cosmic_rays.rate == pytest.approx(5e4)
    assert (scenario.sensor.bands[0].lower, scenario.sensor.bands[0].upper) == (3.8, 4.0)
    assert parse_toml(scenario.to_toml(), Scenario) == scenario


@pytest.mark.parametrize("blur", [3, 4, 5])
def test_ghost_is_mirrored_and_blurred_and_the_veil_is_even(blur: int) -> None:
    sensor = SensorModel.model_validate({"ghost": {"strength": 0.01, "blur": f"{blur} px"}, "stray_light": 0.02})
    image = np.zeros((101, 101), np.float32)
    image[20, 30] = 1e6
    add_stray_light(image, sensor)
    assert image[20, 30] == pytest.approx(1e6, rel=1e-4)
    veil = 0.02 * 1e6 / 101**2
    assert image[5, 90] == pytest.approx(veil, rel=1e-4)
    ghost = (image[60:101, 50:91] - veil).astype(np.float64)
    y, x = np.indices(ghost.shape)
    assert ghost.sum() == pytest.approx(1e4, rel=1e-3)
    assert (ghost * (y + 60)).sum() / ghost.sum() == pytest.approx(80, abs=0.01)
    assert (ghost * (x + 50)).sum() / ghost.sum() == pytest.approx(70, abs=0.01)
    assert (ghost * (x - 20) ** 2).sum() / ghost.sum() == pytest.approx(blur**2, rel=0.03)
    off = image.copy()
    add_stray_light(off, SensorModel())
    assert (off == image).all()
