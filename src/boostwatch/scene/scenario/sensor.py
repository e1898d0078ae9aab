"""The camera of a scenario: bands, optics, detector and its faults."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from boostwatch.settings import (
    Angle,
    ElectronRate,
    Electrons,
    Flux,
    Frequency,
    Length,
    Model,
    Pixels,
    PositiveDuration,
    Wavelength,
)

NAME = r"^[^\x00-\x1f\x7f]*$"
"""Text without control characters."""

MAX_HITS = 200_000
"""Charged particles in a frame of a band: some ten times the worst of a solar storm on a large detector."""

READY_BANDS = {"SWIR": ("2.69 um", "2.95 um"), "MWIR": ("4.2 um", "4.45 um"), "WINDOW": ("3.8 um", "4.0 um")}
"""Edges of the bands that a name alone calls: the 2.7 um water band, the 4.3 um CO2 band, the 3.9 um window."""


class GaussianPsf(Model):
    """Gaussian optics, their sigma in ``psf_sigma``."""

    kind: Literal["gaussian"] = "gaussian"


class AiryPsf(Model):
    """Diffraction of a round aperture, mean over the band."""

    kind: Literal["airy"] = "airy"
    obscuration: float = Field(0.0, ge=0, le=0.9, description="diameter of the central obscuration over the aperture's")
    blur: Pixels = Field(0.0, ge=0, le=5, description="sigma of a Gaussian blur besides: wavefront, charge diffusion")


class ImagePsf(Model):
    """A point spread from a file, centred on its centroid."""

    kind: Literal["image"] = "image"
    file: str = Field(
        min_length=1,
        max_length=1000,
        pattern=NAME,
        description="NPY or FITS, beside the scenario file; (y, x), light density",
    )
    samples_per_pixel: float = Field(4.0, ge=2, le=64, description="samples of the image a pixel")


Psf = Annotated[GaussianPsf | AiryPsf | ImagePsf, Field(discriminator="kind")]


class BandFigures(NamedTuple):
    """Figures of one band with everything settled; ``psf_sigma_px`` is used by `GaussianPsf` alone."""

    optics_transmission: float
    quantum_efficiency: float
    psf: GaussianPsf | AiryPsf | ImagePsf
    psf_sigma_px: float
    integration_s: float
    read_noise_e: float
    dark_e_per_s: float
    full_well_e: float
    gain_e_per_dn: float


class BandModel(Model):
    """One spectral band; what is left out is taken from ``sensor``."""

    name: str = Field(min_length=1, max_length=16, pattern=r"^[\x21-\x7e]+$", description="label, ASCII")
    lower: Wavelength = Field(
        0.0, ge=0.1, le=100, description="short edge of the band; SWIR, MWIR and WINDOW have their own"
    )
    upper: Wavelength = Field(
        0.0, ge=0.1, le=100, description="long edge of the band; SWIR, MWIR and WINDOW have their own"
    )
    optics_transmission: float | None = Field(
        None, ge=1e-4, le=1, description="optics and filter; the sensor's by default"
    )
    quantum_efficiency: float | None = Field(
        None, ge=1e-4, le=1, description="electrons a photon; the sensor's by default"
    )
    psf: Psf | None = Field(None, description="point spread of the optics; the sensor's by default")
    psf_sigma: Pixels | None = Field(None, ge=0.2, le=5, description="Gaussian optics sigma; the sensor's by default")
    integration: PositiveDuration | None = Field(
        None, ge=1e-6, description="exposure of a frame; the sensor's by default"
    )
    read_noise: Electrons | None = Field(None, description="read noise rms; the sensor's by default")
    dark_current: ElectronRate | None = Field(None, description="dark current; the sensor's by default")
    full_well: Annotated[Electrons, Field(ge=1)] | None = Field(None, description="well; the sensor's by default")
    gain: Annotated[Electrons, Field(ge=1e-3)] | None = Field(
        None, description="electrons a digital number; the sensor's by default, or else the full well just fits"
    )

    @model_validator(mode="before")
    @classmethod
    def _ready(cls, data: Any) -> Any:
        if isinstance(data, dict) and not {"lower", "upper"} & data.keys() and isinstance(data.get("name"), str):
            edges = READY_BANDS.get(data["name"])
            return data if edges is None else {**data, "lower": edges[0], "upper": edges[1]}
        return data

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not (self.lower and self.upper):
            missing = " and ".join(key for key in ("lower", "upper") if not getattr(self, key))
            raise ValueError(
                f"band {self.name!r} needs {missing};"
                f" allowed: both edges, or neither with name = {', '.join(READY_BANDS)}"
            )
        if self.upper <= self.lower:
            raise ValueError(f"upper = {self.upper} um must be longer than lower = {self.lower} um")
        return self


class BadPixels(Model):
    """Pixels that are out of order."""

    fraction: float = Field(1e-3, ge=0, le=0.2, description="share of all pixels")
    kinds: tuple[Literal["dead", "hot", "blinking"], ...] = Field(
        ("dead", "hot", "blinking"), description="drawn from these with equal chance"
    )
    known: float = Field(0.9, ge=0, le=1, description="share of them that the sensor's own map lists")
    hot_current: ElectronRate = Field(4e5, description="mean excess dark current of a hot pixel")
    blink_amplitude: Electrons = Field(6e3, description="excess of a blinking pixel while it is up")
    blink_dwell: PositiveDuration = Field(
        8.0, ge=1e-3, le=1e7, description="mean time that a blinking pixel stays up, and down"
    )

    @model_validator(mode="after")
    def _some_kind(self) -> Self:
        if self.fraction and not self.kinds:
            raise ValueError("kinds is empty; allowed: some of dead, hot, blinking")
        return self


class CosmicRays(Model):
    """Charged particles that cross the detector."""

    rate: Flux = Field(0.0, description="hits an area of the detector and time; 0 is none")
    mean_charge: Electrons = Field(5e3, gt=0, description="mean charge of a hit; exponential")
    max_length: Pixels = Field(8.0, gt=0, le=200, description="longest track")


class Ghost(Model):
    """A faint, defocused image of the scene, mirrored through the optical centre."""

    strength: float = Field(0.0, ge=0, le=0.1, description="light of the ghost over that of the image; 0 is none")
    blur: Pixels = Field(8.0, ge=0, le=200, description="sigma of its defocus")


class SensorModel(Model):
    """A staring camera."""

    name: str = Field("notional staring imager", max_length=200, pattern=NAME, description="of the sensor")
    width: int = Field(256, ge=16, le=8192, description="pixels along x")
    height: int = Field(256, ge=16, le=8192, description="pixels along y")
    ifov: Angle = Field(30e-6, gt=1e-7, lt=1e-2, description="angle of a pixel")
    pixel_pitch: Length = Field(15e-6, gt=1e-6, le=1e-3, description="side of a pixel on the detector")
    frame_rate: Frequency = Field(2.0, ge=1e-4, le=1000, description="frames a second")
    integration: PositiveDuration = Field(0.1, ge=1e-6, description="exposure of a frame")
    aperture: Length = Field(0.10, ge=1e-3, le=5, description="diameter of the entrance pupil")
    optics_transmission: float = Field(0.4, ge=1e-4, le=1, description="optics and filter")
    quantum_efficiency: float = Field(0.5, ge=1e-4, le=1, description="electrons a photon")
    psf: Psf = Field(GaussianPsf(), description="point spread of the optics")
    psf_sigma: Pixels = Field(0.7, ge=0.2, le=5, description="sigma of the Gaussian optics")
    read_noise: Electrons = Field(900.0, description="read noise rms")
    dark_current: ElectronRate = Field(1e5, description="dark current of a pixel")
    full_well: Annotated[Electrons, Field(ge=1)] = Field(1.5e6, description="charge at which a pixel saturates")
    bits: int = Field(14, ge=8, le=16, description="of the ADC")
    offset_dn: float = Field(200.0, ge=0, le=30_000, description="digital number of an empty pixel")
    gain: Annotated[Electrons, Field(ge=1e-3)] | None = Field(
        None, description="electrons a digital number; by default the full well just fits"
    )
    prnu: float = Field(1e-3, ge=0, le=0.5, description="residual gain non-uniformity rms, unknown to the sensor")
    gain_spread: float = Field(0.0, ge=0, le=0.3, description="gain non-uniformity rms that the sensor knows")
    offset_spread_dn: float = Field(0.0, ge=0, le=2000, description="offset non-uniformity rms that the sensor knows")
    gain_drift: float = Field(0.0, ge=0, le=0.1, description="rms over pixels of the gain's change an hour")
    offset_drift_dn: float = Field(0.0, ge=0, le=1000, description="rms over pixels of the offset's change an hour")
    bad_pixels: BadPixels = Field(BadPixels(), description="pixels that are out of order")
    cosmic_rays: CosmicRays = Field(CosmicRays(), description="hits of charged particles")
    ghost: Ghost = Field(Ghost(), description="faint mirrored image of the scene")
    stray_light: float = Field(
        0.0, ge=0, le=0.5, description="veil over the frame as a share of the frame's mean light"
    )
    bands: tuple[BandModel, ...] = Field(
        (BandModel.model_validate({"name": "SWIR"}), BandModel.model_validate({"name": "MWIR"})),
        description="at least one",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for place, value in [
            ("", self.integration),
            *((f"bands[{i}].", b.integration) for i, b in enumerate(self.bands)),
        ]:
            if value is not None and value > 1 / self.frame_rate:
                raise ValueError(
                    f"{place}integration = {value} s is longer than a frame at frame_rate = {self.frame_rate} Hz;"
                    f" allowed: at most {1 / self.frame_rate:.6g} s"
                )
        if self.offset_dn >= 2**self.bits - 1:
            raise ValueError(f"offset_dn = {self.offset_dn} does not fit in bits = {self.bits}")
        if not self.bands:
            raise ValueError("bands is empty; allowed: at least one band")
        names = [band.name for band in self.bands]
        if len(set(names)) < len(names):
            raise ValueError(f"bands need different names; found {', '.join(names)}")
        area = self.width * self.height * self.pixel_pitch**2
        hits = self.cosmic_rays.rate * area * max(self.figures(i).integration_s for i in range(len(names)))
        if hits > MAX_HITS:
            raise ValueError(f"cosmic_rays.rate makes {hits:.3g} hits a frame; allowed: at most {MAX_HITS}")
        return self

    def figures(self, index: int) -> BandFigures:
        """Return what holds for one band: its own figures, and the sensor's where it has none."""
        band = self.bands[index]

        def own(key: str) -> Any:
            value = getattr(band, key)
            return getattr(self, key) if value is None else value

        psf = band.psf or (GaussianPsf() if band.psf_sigma is not None else self.psf)
        gain, well = own("gain"), own("full_well")
        return BandFigures(
            optics_transmission=own("optics_transmission"),
            quantum_efficiency=own("quantum_efficiency"),
            psf=psf,
            psf_sigma_px=own("psf_sigma"),
            integration_s=own("integration"),
            read_noise_e=own("read_noise"),
            dark_e_per_s=own("dark_current"),
            full_well_e=well,
            gain_e_per_dn=gain if gain is not None else well / (2**self.bits - 1 - self.offset_dn),
        )
