"""Where the sensor is, where it looks, and how steadily."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from boostwatch.settings import (
    Angle,
    Degrees,
    Model,
    PixelRate,
    Pixels,
)


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
