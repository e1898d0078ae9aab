"""What may shine in a scene: the settings of launches, and the union of all kinds of objects.

A new kind of object is a model with its own ``kind`` here or in `confusers`, a source in `boostwatch.scene.sources`,
and a line in its `build_source`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from boostwatch.scene.scenario.confusers import (
    Aircraft,
    Bolide,
    Fire,
    Flare,
    Glint,
    Lightning,
    Located,
    Propulsion,
    Satellite,
    StaticFire,
    Volcano,
)
from boostwatch.settings import Degrees, Duration, Force, Length, Mass, Model, PositiveDuration, Speed

__all__ = [
    "Aircraft", "Bolide", "Fire", "Flare", "Glint", "Launch", "Lightning", "Satellite", "SceneObject", "Stage",
    "StaticFire", "Volcano",
]  # fmt: skip

MAX_STAGES = 6


class Stage(Model):
    """One stage of a notional vehicle."""

    thrust: Force = Field(le=50e6, description="mean thrust")
    burn: PositiveDuration = Field(ge=0.1, le=1000, description="burn time")
    propellant: Mass = Field(le=1e7, description="propellant mass")
    dry: Mass = Field(le=1e7, description="mass that is dropped with the stage")
    coast: Duration = Field(1.0, ge=0, le=600, description="pause before the next stage lights")
    brightness: float = Field(1.0, gt=0, le=10, description="relative to what the thrust alone would give")
    propulsion: Propulsion | None = Field(None, description="of this stage; the launch's by default")


class Launch(Located):
    """A vehicle that rises under power on a gravity turn."""

    kind: Literal["launch"] = "launch"
    ignition: Duration = Field(20.0, ge=-1000, le=1e6, description="after the epoch")
    heading: Degrees = Field(90.0, ge=-360, le=360, description="of the ascent, clockwise from north")
    altitude: Length = Field(0.0, ge=-500, le=6000, description="of the launch point")
    vehicle: Literal["small", "medium", "large"] | None = Field(None, description="notional class; medium by default")
    propulsion: Propulsion | None = Field(
        None,
        description="solid by default; a class with liquid engines burns longer at less thrust, lights more softly,"
        " flickers less and has less soot",
    )
    stages: tuple[Stage, ...] | None = Field(None, description="instead of a class, 1 to 6")
    payload: Mass | None = Field(None, le=1e7, description="mass above the last stage; with stages only")
    pitch_over: Degrees | None = Field(None, gt=0, lt=45, description="tilt given 8 s after lift-off")
    flicker: float | None = Field(
        None, ge=0, le=0.3, description="rms of the intensity, 1/f below about 10 Hz; by propulsion 0.04 or 0.025"
    )
    overshoot: float | None = Field(
        None, ge=0, le=1, description="of the intensity at each ignition; by propulsion 0.3 or 0"
    )
    spread: float = Field(0.35, ge=0, le=1.5, description="log-normal sigma of the intensity between events")
    trail: float = Field(
        0.05, ge=0, le=1, description="intensity of the cooling trail relative to a steady plume at 4.3 um; 0: none"
    )
    trail_decay: PositiveDuration = Field(40.0, ge=5, le=1000, description="time constant of the trail's cooling")
    trail_wind: Speed = Field(25.0, ge=0, le=150, description="strongest wind that carries the trail")
    trail_growth: Speed = Field(3.0, ge=0, le=100, description="rate at which the trail widens, 1 sigma")

    @model_validator(mode="after")
    def _one_vehicle(self) -> Self:
        if self.vehicle is not None and self.stages is not None:
            raise ValueError(f"vehicle = {self.vehicle!r} and stages: give one of them")
        if self.stages is not None and not self.stages:
            raise ValueError("stages is empty; allowed: at least one stage")
        if self.stages is not None and len(self.stages) > MAX_STAGES:
            raise ValueError(f"stages has {len(self.stages)} stages; allowed: at most {MAX_STAGES}")
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


SceneObject = Annotated[
    Launch | Fire | Flare | Volcano | StaticFire | Glint | Lightning | Bolide | Aircraft | Satellite,
    Field(discriminator="kind"),
]
