"""What may shine in a scene: the settings of launches, fires, flares and aircraft.

A new kind of object is a model with its own ``kind`` here, a source in `confusers` or `plume`, and a line in
`sources`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from boostwatch.settings import (
    Degrees,
    Duration,
    Force,
    Intensity,
    Length,
    Mass,
    Model,
    PositiveDuration,
    Power,
    Speed,
    Temperature,
)


class Stage(Model):
    """One stage of a notional vehicle."""

    thrust: Force = Field(description="mean thrust")
    burn: PositiveDuration = Field(le=1000, description="burn time")
    propellant: Mass = Field(description="propellant mass")
    dry: Mass = Field(description="mass that is dropped with the stage")
    coast: Duration = Field(1.0, ge=0, le=600, description="pause before the next stage lights")
    brightness: float = Field(1.0, gt=0, le=10, description="relative to what the thrust alone would give")


class Located(Model):
    """Anything with a place on the ground."""

    name: str = Field("", max_length=32, pattern=r"^[\x20-\x7e]*$")
    latitude: Degrees = Field(ge=-90, le=90)
    longitude: Degrees = Field(ge=-180, le=180)


class Launch(Located):
    """A vehicle that rises under power on a gravity turn."""

    kind: Literal["launch"] = "launch"
    ignition: Duration = Field(20.0, ge=-1000, description="after the epoch")
    heading: Degrees = Field(90.0, description="of the ascent, clockwise from north")
    altitude: Length = Field(0.0, ge=-500, le=6000, description="of the launch point")
    vehicle: Literal["small", "medium", "large"] | None = Field(None, description="notional class; medium by default")
    stages: tuple[Stage, ...] | None = Field(None, description="instead of a class")
    payload: Mass | None = Field(None, description="mass above the last stage; with stages only")
    pitch_over: Degrees | None = Field(None, gt=0, lt=45, description="tilt given 8 s after lift-off")
    flicker: float = Field(0.03, ge=0, le=0.3, description="rms of the intensity, 1/f below about 10 Hz")
    overshoot: float = Field(0.15, ge=0, le=1, description="of the intensity at each ignition")
    spread: float = Field(0.35, ge=0, le=1.5, description="log-normal sigma of the intensity between events")

    @model_validator(mode="after")
    def _one_vehicle(self) -> Self:
        if self.vehicle is not None and self.stages is not None:
            raise ValueError(f"vehicle = {self.vehicle!r} and stages: give one of them")
        if self.stages is not None and not self.stages:
            raise ValueError("stages is empty; allowed: at least one stage")
        if self.payload is not None and self.stages is None:
            raise ValueError("payload belongs to stages; a vehicle class has its own")
        if self.stages is not None:
            mass = (self.payload or 0.0) + sum(stage.propellant + stage.dry for stage in self.stages)
            if self.stages[0].thrust < 1.1 * 9.81 * mass:
                raise ValueError(
                    f"the vehicle cannot lift off: thrust = {self.stages[0].thrust / 1e3:g} kN on {mass / 1e3:g} t;"
                    f" allowed: at least {1.1 * 9.81 * mass / 1e3:.4g} kN"
                )
        return self


class _Hot(Located):
    start: Duration = Field(-1e6, description="first light after the epoch; by default it burns already")
    end: Duration = Field(1e6, description="last light")
    power: Power = Field(gt=0, le=1e12, description="radiated over all wavelengths and the hemisphere")
    altitude: Length = Field(0.0, ge=-500, le=9000)
    rise: PositiveDuration = Field(30.0, description="time constant of its growth, where it starts within the run")
    flicker: float = Field(0.05, ge=0, le=1, description="rms of slow changes of the power")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"end = {self.end} s must come after start = {self.start} s")
        return self


class Fire(_Hot):
    """Burning land: a grey body near 1000 K."""

    kind: Literal["fire"] = "fire"
    power: Power = Field(100e6, gt=0, le=1e12, description="fire radiative power")
    temperature: Temperature = Field(1000.0, ge=500, le=1500)


class Flare(_Hot):
    """Burning gas: a grey body near 1800 K."""

    kind: Literal["flare"] = "flare"
    power: Power = Field(50e6, gt=0, le=1e12, description="radiated power")
    temperature: Temperature = Field(1800.0, ge=1200, le=2600)
    rise: PositiveDuration = Field(2.0, description="time constant of its growth, where it starts within the run")
    flicker: float = Field(0.1, ge=0, le=1)


class Aircraft(Located):
    """A jet in level flight; the place is that at the epoch."""

    kind: Literal["aircraft"] = "aircraft"
    heading: Degrees = 90.0
    speed: Speed = Field(250.0, gt=0, le=1200)
    altitude: Length = Field(10_000.0, ge=0, le=30_000)
    intensity: Intensity = Field(500.0, gt=0, le=1e6, description="in each band, before the atmosphere")
    start: Duration = Field(-1e6, description="first light after the epoch")
    end: Duration = Field(1e6, description="last light")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"end = {self.end} s must come after start = {self.start} s")
        return self


SceneObject = Annotated[Launch | Fire | Flare | Aircraft, Field(discriminator="kind")]
