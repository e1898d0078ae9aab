"""The camera of a scenario: bands, optics, detector and its faults."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from boostwatch.settings import (
    Angle,
    ElectronRate,
    Electrons,
    Frequency,
    Length,
    Model,
    Pixels,
    PositiveDuration,
    Wavelength,
)

NAME = r"^[^\x00-\x1f\x7f]*$"
"""Text without control characters."""


class BandModel(Model):
    """One spectral band; what is left out is taken from ``sensor``."""

    name: str = Field(min_length=1, max_length=16, pattern=r"^[\x21-\x7e]+$", description="label, ASCII")
    lower: Wavelength = Field(gt=0, description="short edge of the band")
    upper: Wavelength = Field(gt=0, description="long edge of the band")
    optics_transmission: float | None = Field(
        None, gt=0, le=1, description="optics and filter; the sensor's by default"
    )
    psf_sigma: Pixels | None = Field(None, ge=0.2, le=5, description="Gaussian optics sigma; the sensor's by default")
    read_noise: Electrons | None = Field(None, description="read noise rms; the sensor's by default")
    dark_current: ElectronRate | None = Field(None, description="dark current; the sensor's by default")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
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
    blink_amplitude: Electrons = Field(6e3, description="mean excess of a blinking pixel while it is up")
    blink_dwell: PositiveDuration = Field(8.0, description="time between chances to change state")

    @model_validator(mode="after")
    def _some_kind(self) -> Self:
        if self.fraction and not self.kinds:
            raise ValueError("kinds is empty; allowed: some of dead, hot, blinking")
        return self


class SensorModel(Model):
    """A staring camera."""

    name: str = Field("notional staring imager", max_length=200, pattern=NAME)
    width: int = Field(256, ge=16, le=8192, description="pixels along x")
    height: int = Field(256, ge=16, le=8192, description="pixels along y")
    ifov: Angle = Field(30e-6, gt=1e-7, lt=1e-2, description="angle of a pixel")
    frame_rate: Frequency = Field(2.0, le=1000, description="frames a second")
    integration: PositiveDuration = Field(0.1, description="exposure of a frame")
    aperture: Length = Field(0.10, gt=0, le=5, description="diameter of the entrance pupil")
    optics_transmission: float = Field(0.4, gt=0, le=1, description="optics and filter")
    quantum_efficiency: float = Field(0.5, gt=0, le=1, description="electrons a photon")
    psf_sigma: Pixels = Field(0.7, ge=0.2, le=5, description="sigma of the Gaussian optics")
    read_noise: Electrons = Field(900.0, description="read noise rms")
    dark_current: ElectronRate = Field(1e5, description="dark current of a pixel")
    full_well: Annotated[Electrons, Field(gt=0)] = Field(1.5e6, description="charge at which a pixel saturates")
    bits: int = Field(14, ge=8, le=16, description="of the ADC")
    offset_dn: float = Field(200.0, ge=0, le=30_000, description="digital number of an empty pixel")
    gain: Annotated[Electrons, Field(gt=0)] | None = Field(
        None, description="electrons a digital number; by default the full well just fits"
    )
    prnu: float = Field(1e-3, ge=0, le=0.5, description="residual gain non-uniformity rms, unknown to the sensor")
    gain_spread: float = Field(0.0, ge=0, le=0.3, description="gain non-uniformity rms that the sensor knows")
    offset_spread_dn: float = Field(0.0, ge=0, le=2000, description="offset non-uniformity rms that the sensor knows")
    bad_pixels: BadPixels = BadPixels()
    bands: tuple[BandModel, ...] = Field(
        (
            BandModel.model_validate({"name": "SWIR", "lower": "2.69 um", "upper": "2.95 um"}),
            BandModel.model_validate({"name": "MWIR", "lower": "4.2 um", "upper": "4.45 um"}),
        ),
        description="at least one",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.integration > 1 / self.frame_rate:
            raise ValueError(
                f"integration = {self.integration} s is longer than a frame at frame_rate = {self.frame_rate} Hz;"
                f" allowed: at most {1 / self.frame_rate:.6g} s"
            )
        if self.offset_dn >= 2**self.bits - 1:
            raise ValueError(f"offset_dn = {self.offset_dn} does not fit in bits = {self.bits}")
        if not self.bands:
            raise ValueError("bands is empty; allowed: at least one band")
        names = [band.name for band in self.bands]
        if len(set(names)) < len(names):
            raise ValueError(f"bands need different names; found {', '.join(names)}")
        return self
