"""Cloud layers of a scenario."""

from __future__ import annotations

from pydantic import Field

from boostwatch.settings import (
    Degrees,
    Length,
    Model,
    PositiveDuration,
    Speed,
    Temperature,
)


class CloudLayer(Model):
    """One layer of cloud with power-law texture and true edges."""

    altitude: Length = Field(5000.0, ge=200, le=18_000, description="of the tops at the edge of the cloud")
    thickness: Length = Field(1500.0, ge=0, le=10_000, description="rise of the tops towards the thickest part")
    coverage: float = Field(0.4, ge=0, le=1, description="share of the sky")
    optical_depth: float = Field(6.0, gt=0, le=100, description="at the zenith where it is thickest")
    edge: float = Field(0.3, ge=0, le=1, description="optical depth right at the edge, relative to the thickest")
    slope: float = Field(-2.8, ge=-4, le=-2, description="of the two-dimensional power spectrum")
    intermittency: float = Field(
        0.08,
        ge=0,
        le=0.3,
        description="codimension of the mean: how unevenly texture is spread; 0 is a field of random phases",
    )
    stretch: float = Field(1.0, ge=1, le=10, description="length of the structures, along the wind, over their width")
    outer_scale: Length = Field(120e3, ge=2e3, le=2e6, description="size of the largest structures")
    wind_speed: Speed = Field(15.0, ge=0, le=120, description="at which the layer moves")
    wind_direction: Degrees = Field(
        90.0, ge=-360, le=360, description="towards which the cloud moves, clockwise from north"
    )
    lifetime: PositiveDuration = Field(
        5000.0,
        ge=1,
        le=1e9,
        description="of structures 10 km wide; smaller ones change faster, with the power 2/3 of their size",
    )
    temperature: Temperature | None = Field(
        None, ge=150, le=350, description="of the tops; by default the atmosphere's own"
    )
    reflectance: float | None = Field(None, ge=0, le=1, description="in sunlight; by default from the altitude")
