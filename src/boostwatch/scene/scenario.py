"""Everything a synthetic scene is made from, as one TOML file: sensor, platform, background, clouds, objects.

All figures are notional and open; defaults are of the order of those published for civil imagers, made worse where a
warning sensor's would not be known. One root ``seed`` makes every random number of the scene.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from boostwatch.geometry import parse_utc
from boostwatch.scene.objects import Aircraft, Fire, Flare, Launch
from boostwatch.settings import (
    Angle,
    Degrees,
    Duration,
    ElectronRate,
    Electrons,
    Frequency,
    Length,
    Model,
    PixelRate,
    Pixels,
    PositiveDuration,
    Radiance,
    Speed,
    Temperature,
    Unit,
    Wavelength,
)

MAX_CANVAS_MARGIN_PX = 400
"""A scene that drifts further than this during the run needs another scenario, not a larger canvas."""

MAX_CELLS = 2**29
"""Of the scene in all bands: what a machine with 32 GiB renders."""
NAME = r"^[^\x00-\x1f\x7f]*$"


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


class Platform(Model):
    """Where the sensor stands and what it looks at."""

    kind: Literal["geo"] = "geo"
    longitude: Degrees = Field(-75.0, ge=-180, le=180, description="geostationary longitude")
    boresight_latitude: Degrees = Field(28.2, ge=-80, le=80, description="ground point at the middle of the frame")
    boresight_longitude: Degrees = Field(-80.6, ge=-180, le=180)

    @model_validator(mode="after")
    def _visible(self) -> Self:
        if abs((self.boresight_longitude - self.longitude + 180) % 360 - 180) > 80:
            raise ValueError(
                f"boresight_longitude = {self.boresight_longitude} deg is out of sight from"
                f" longitude = {self.longitude} deg; allowed: within 80 deg"
            )
        return self


class LineOfSight(Model):
    """How the scene moves on the focal plane, and how well the platform knows."""

    jitter: Pixels = Field(0.1, ge=0, le=5, description="white shift a frame, rms an axis")
    drift: PixelRate = Field(0.005, ge=0, le=5, description="steady drift")
    drift_direction: Degrees = Field(30.0, description="of the drift, from +x towards +y")
    smear: Pixels = Field(0.02, ge=0, le=2, description="rms shift within an exposure, widens the point spread")
    attitude_bias: Angle = Field(10e-6, ge=0, le=1e-2, description="1-sigma constant error of the reported attitude")
    attitude_noise: Angle = Field(3e-6, ge=0, le=1e-2, description="1-sigma error of the reported attitude a frame")


class AtmosphereModel(Model):
    """LOWTRAN7 model atmosphere; moisture moves the 2.7 um ground transmittance twelvefold."""

    model: Literal["tropical", "midlat_summer", "midlat_winter", "us_standard_1976"] = "us_standard_1976"


class EarthBackground(Model):
    """Land cover seen through the atmosphere, in sunlight or at night as the epoch has it."""

    kind: Literal["earth"] = "earth"
    temperature_offset: Annotated[float, Field(ge=-60, le=60)] = Field(0.0, description="K added to every surface")
    texture: float = Field(1.0, ge=0, le=10, description="contrast within a class, relative to the default")
    coast_detail: Degrees = Field(0.04, ge=0, le=1, description="rms warp that makes coasts of a coarse map natural")


def image_scale(units: str) -> float:
    """Return the factor from a unit of spectral radiance to W/m2/sr/um; ValueError where it is none."""
    return Unit("W/(m2 sr um)", "1 W/m2/sr/um").parse(f"1 {units}")


class ImageBackground(Model):
    """A radiance image, one pixel a sensor pixel, or larger than the frame."""

    kind: Literal["image"] = "image"
    file: str = Field(min_length=1, description="NPY or FITS, beside the scenario file; (y, x) or (band, y, x)")
    units: str = Field("W/m2/sr/um", description="of the array; any unit of spectral radiance")

    @field_validator("units")
    @classmethod
    def _radiance(cls, text: str) -> str:
        try:
            image_scale(text)
        except ValueError:
            raise ValueError("is not a unit of spectral radiance; allowed: such as W/m2/sr/um") from None
        return text


class UniformBackground(Model):
    """The same radiance everywhere, for tests and detector studies."""

    kind: Literal["uniform"] = "uniform"
    radiance: tuple[Radiance, ...] = Field((0.05,), description="one for all bands, or one a band")


Background = Annotated[EarthBackground | ImageBackground | UniformBackground, Field(discriminator="kind")]


class CloudLayer(Model):
    """One layer of cloud with power-law texture and true edges."""

    altitude: Length = Field(5000.0, ge=200, le=18_000, description="of the tops at the edge of the cloud")
    thickness: Length = Field(1500.0, ge=0, le=10_000, description="rise of the tops towards the thickest part")
    coverage: float = Field(0.4, ge=0, le=1, description="share of the sky")
    optical_depth: float = Field(6.0, gt=0, le=100, description="at the zenith where it is thickest")
    edge: float = Field(0.3, ge=0, le=1, description="optical depth right at the edge, relative to the thickest")
    slope: float = Field(-2.8, ge=-4, le=-2, description="of the two-dimensional power spectrum")
    outer_scale: Length = Field(120e3, ge=2e3, le=2e6, description="size of the largest structures")
    wind_speed: Speed = Field(15.0, ge=0, le=120)
    wind_direction: Degrees = Field(90.0, description="towards which the cloud moves, clockwise from north")
    temperature: Temperature | None = Field(None, description="of the tops; by default the atmosphere's own")
    reflectance: float | None = Field(None, ge=0, le=1, description="in sunlight; by default from the altitude")


SceneObject = Annotated[Launch | Fire | Flare | Aircraft, Field(discriminator="kind")]


class Scenario(Model):
    """A whole scene."""

    name: str = Field("scene", max_length=200, pattern=NAME)
    seed: int = Field(1, ge=0, lt=2**63, description="root of every random number")
    epoch: str = Field("2026-06-21T15:00:00Z", description="ISO 8601 UTC of the first exposure's middle")
    frames: int | None = Field(None, ge=1, le=1_000_000, description="number of frames; or give duration")
    duration: Duration | None = Field(None, gt=0, description="length of the run; 60 s where frames is missing too")
    oversample: int = Field(3, ge=1, le=8, description="cells of the scene a pixel and axis")
    sensor: SensorModel = SensorModel()
    platform: Platform = Platform()
    line_of_sight: LineOfSight = LineOfSight()
    atmosphere: AtmosphereModel = AtmosphereModel()
    background: Background = EarthBackground()
    clouds: tuple[CloudLayer, ...] = ()
    objects: tuple[SceneObject, ...] = ()

    @field_validator("epoch")
    @classmethod
    def _instant(cls, text: str) -> str:
        try:
            when = parse_utc(text)
        except ValueError:
            raise ValueError("is not an instant; allowed: ISO 8601 such as 2026-06-21T15:00:00Z") from None
        if not 1960 <= when.year <= 2100:
            raise ValueError("is out of range; allowed: 1960 to 2100")
        return text

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.frames is not None and self.duration is not None:
            raise ValueError(f"frames = {self.frames} and duration = {self.duration} s: give one of them")
        if self.n_frames > 1_000_000:
            raise ValueError(f"duration makes {self.n_frames:.3g} frames; allowed: at most 1000000")
        cells = self.sensor.width * self.sensor.height * len(self.sensor.bands) * self.oversample**2
        if cells > MAX_CELLS:
            raise ValueError(
                f"width x height x bands x oversample squared makes {cells:.3g} cells; allowed: at most {MAX_CELLS:.3g}"
            )
        path = self.line_of_sight.drift * self.n_frames / self.sensor.frame_rate
        if path > MAX_CANVAS_MARGIN_PX:
            raise ValueError(
                f"line_of_sight.drift carries the scene {path:.0f} px; allowed: at most {MAX_CANVAS_MARGIN_PX} px a run"
            )
        background = self.background
        if isinstance(background, ImageBackground) and self.clouds:
            raise ValueError('clouds cannot be laid over background.kind = "image", which has its own')
        if isinstance(background, UniformBackground) and len(background.radiance) not in (1, len(self.sensor.bands)):
            raise ValueError(
                f"background.radiance has {len(background.radiance)} values;"
                f" allowed: 1, or one for each of {len(self.sensor.bands)} bands"
            )
        return self

    @property
    def needs_atmosphere(self) -> bool:
        """Whether light passes through air on its way."""
        return self.background.kind == "earth" or bool(self.clouds) or bool(self.objects)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        if self.frames is not None:
            return self.frames
        return max(1, round((self.duration or 60.0) * self.sensor.frame_rate))
