"""What lies below the clouds: the Earth, an image, or the same radiance everywhere; and the air above it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from boostwatch.scene.scenario.sensor import NAME
from boostwatch.settings import (
    Degrees,
    Model,
    Radiance,
    Speed,
    Unit,
)


class AtmosphereModel(Model):
    """LOWTRAN7 model atmosphere; moisture moves the 2.7 um ground transmittance twelvefold."""

    model: Literal["tropical", "midlat_summer", "midlat_winter", "us_standard_1976"] = Field(
        "us_standard_1976", description="profiles of temperature and gases; no aerosol"
    )


class EarthBackground(Model):
    """Land cover seen through the atmosphere, in sunlight or at night as the epoch has it."""

    kind: Literal["earth"] = "earth"
    temperature_offset: Annotated[float, Field(ge=-60, le=60)] = Field(0.0, description="K added to every surface")
    texture: float = Field(1.0, ge=0, le=10, description="contrast within a class, relative to the default")
    coast_detail: Degrees = Field(0.02, ge=0, le=1, description="rms warp that makes coasts of a coarse map natural")
    wind: Speed = Field(7.0, ge=0, le=30, description="over the sea, at 12.5 m: it widens and dims the sun's glint")


def image_scale(units: str) -> float:
    """Return the factor from a unit of spectral radiance to W/m2/sr/um; ValueError where it is none."""
    return Unit("W/(m2 sr um)", "1 W/m2/sr/um").parse(f"1 {units}")


class ImageBackground(Model):
    """A radiance image, one pixel a sensor pixel, or larger than the frame."""

    kind: Literal["image"] = "image"
    file: str = Field(
        min_length=1,
        max_length=1000,
        pattern=NAME,
        description="NPY or FITS, beside the scenario file; (y, x) or (band, y, x)",
    )
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
