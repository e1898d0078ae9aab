"""The settings of everything that shines and is no launch."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from boostwatch.geometry import EARTH_MU_M3_S2, WGS84_A_M
from boostwatch.settings import (
    Area,
    Degrees,
    Duration,
    Force,
    Intensity,
    Length,
    Model,
    PositiveDuration,
    Power,
    RadiantEnergy,
    Speed,
    Temperature,
    Unit,
)

Propulsion = Literal["solid", "liquid"]

LOWEST_PERIGEE_M = 80e3


RunTime = Annotated[float, Field(ge=-1e6, le=1e6), Unit("s", "0.5 s")]


class Located(Model):
    """Anything with a place on the ground."""

    name: str = Field("", max_length=32, pattern=r"^[\x20-\x7e]*$", description="label in truth, ASCII")
    latitude: Degrees = Field(ge=-90, le=90, description="geodetic")
    longitude: Degrees = Field(ge=-180, le=180, description="east")


class Lasting(Located):
    """Anything that shines from one time to another."""

    start: Duration = Field(-1e6, ge=-1e6, le=1e6, description="first light after the epoch; by default there already")
    end: Duration = Field(1e6, ge=-1e6, le=1e6, description="last light")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"end = {self.end} s must come after start = {self.start} s")
        return self


class Hot(Lasting):
    """A hot place on the ground that radiates a stated power as a grey body."""

    power: Power = Field(ge=1, le=1e12, description="radiated over all wavelengths and the hemisphere")
    altitude: Length = Field(0.0, ge=-500, le=9000, description="of the ground")
    rise: PositiveDuration = Field(
        30.0, ge=1e-3, le=1e6, description="time constant of its growth, where it starts within the run"
    )
    flicker: float = Field(0.05, ge=0, le=1, description="rms of slow changes of the power")


class Fire(Hot):
    """Burning land: a grey body near 1000 K."""

    kind: Literal["fire"] = "fire"
    power: Power = Field(100e6, ge=1, le=1e12, description="fire radiative power")
    temperature: Temperature = Field(1000.0, ge=500, le=1500, description="of the flames")
    flaming: float = Field(0.05, ge=1e-4, le=1, description="share of the burning ground in flames; sets the extent")
    smouldering: float = Field(0.0, ge=0, le=0.95, description="share of the power radiated at 600 K")
    doubling: PositiveDuration | None = Field(
        None, ge=60, description="time in which the power doubles, from its value at the epoch; steady by default"
    )


class Flare(Hot):
    """Burning gas: a grey body near 1800 K, one stack or a field of them."""

    kind: Literal["flare"] = "flare"
    power: Power = Field(50e6, ge=1, le=1e12, description="radiated power of all stacks together")
    temperature: Temperature = Field(1800.0, ge=1200, le=2600, description="of the flame")
    rise: PositiveDuration = Field(
        2.0, ge=1e-3, le=1e6, description="time constant of its growth, where it starts within the run"
    )
    flicker: float = Field(0.1, ge=0, le=1, description="rms of slow changes of the power")
    stacks: int = Field(1, ge=1, le=200, description="number of flares, which share the power")
    radius: Length = Field(1000.0, gt=0, le=200e3, description="of the field in which several stacks stand")


class Volcano(Hot):
    """Lava with explosive bursts."""

    kind: Literal["volcano"] = "volcano"
    power: Power = Field(300e6, ge=1, le=1e12, description="radiated by the lava")
    temperature: Temperature = Field(1100.0, ge=700, le=1500, description="of the lava")
    altitude: Length = Field(1500.0, ge=-500, le=7000, description="of the vent")
    radius: Length = Field(150.0, ge=0, le=20e3, description="of the lava")
    bursts_per_hour: float = Field(20.0, ge=0, le=3600, description="explosions, at random times")
    burst_power: Power = Field(1e9, ge=1, le=1e12, description="median peak of a burst, log-normal with sigma 0.7")
    burst_decay: PositiveDuration = Field(15.0, ge=0.1, le=3600, description="time constant with which a burst cools")


class StaticFire(Located):
    """A rocket engine fired on a test stand: the light of a plume, near the ground and at rest."""

    kind: Literal["static_fire"] = "static_fire"
    ignition: Duration = Field(20.0, ge=-10_000, le=1e6, description="after the epoch")
    burn: PositiveDuration = Field(60.0, ge=0.1, le=2000, description="burn time")
    thrust: Force = Field(500e3, le=50e6, description="mean thrust")
    propulsion: Propulsion = Field("liquid", description="of the engine")
    altitude: Length = Field(0.0, ge=-500, le=6000, description="of the stand")
    spread: float = Field(0.35, ge=0, le=1.5, description="log-normal sigma of the intensity between events")


class Glint(Lasting):
    """A surface that mirrors the Sun: a lake or a solar farm."""

    kind: Literal["glint"] = "glint"
    surface: Literal["water", "panel"] = Field("water", description="sets what is left out of the following")
    area: Area | None = Field(None, le=1e12, description="2 km2 of water or 0.2 km2 of panels")
    slope_spread: Degrees | None = Field(
        None, ge=0.05, le=20, description="rms slope an axis of its facets; 2 deg (water) or 0.3 deg (panel)"
    )
    reflectance: float | None = Field(None, gt=0, le=1, description="of a facet; Fresnel's by default")
    tilt: Degrees = Field(0.0, ge=0, le=85, description="of the facets' mean normal from the vertical")
    azimuth: Degrees = Field(180.0, ge=-360, le=360, description="towards which the normal is tilted, from north")
    altitude: Length = Field(0.0, ge=-500, le=6000, description="of the surface")

    @model_validator(mode="after")
    def _level_water(self) -> Self:
        if self.surface == "water" and self.tilt:
            raise ValueError(f'tilt = {self.tilt} deg with surface = "water", which is level; allowed: 0 deg')
        return self


class Lightning(Lasting):
    """The flashes of a thunderstorm, as diffuse light at the cloud tops."""

    kind: Literal["lightning"] = "lightning"
    flashes_per_minute: float = Field(6.0, gt=0, le=600, description="at random times")
    radius: Length = Field(15e3, ge=0, le=500e3, description="of the region whose flashes these are")
    altitude: Length = Field(10e3, ge=1000, le=20e3, description="of the cloud tops")
    energy: RadiantEnergy = Field(
        1e4, le=1e9, description="median of a stroke in 2.69-2.95 um above the cloud, log-normal with sigma 0.8"
    )


class Bolide(Located):
    """A meteor bright enough for a satellite; the place is where its light ends."""

    kind: Literal["bolide"] = "bolide"
    start: Duration = Field(30.0, ge=-1e6, le=1e6, description="first light after the epoch")
    heading: Degrees = Field(90.0, ge=-360, le=360, description="of its flight, clockwise from north")
    speed: Speed = Field(20e3, ge=11e3, le=73e3, description="constant")
    descent: Degrees = Field(40.0, ge=2, le=90, description="angle of its path below the horizontal, at its end")
    begin_altitude: Length = Field(90e3, ge=20e3, le=200e3, description="of the first light")
    end_altitude: Length = Field(30e3, ge=5e3, le=150e3, description="of the last light")
    intensity: Intensity = Field(2e6, gt=0, le=1e12, description="peak in 2.69-2.95 um; other bands as a black body")
    temperature: Temperature = Field(4500.0, ge=2000, le=10_000, description="of the black body")
    flares: int = Field(2, ge=0, le=20, description="outbursts on its light curve")

    @model_validator(mode="after")
    def _falls(self) -> Self:
        if self.end_altitude >= self.begin_altitude:
            raise ValueError(
                f"end_altitude = {self.end_altitude} m must lie below begin_altitude = {self.begin_altitude} m"
            )
        return self


class Aircraft(Lasting):
    """A jet in level flight; the place is that at the epoch."""

    kind: Literal["aircraft"] = "aircraft"
    heading: Degrees = Field(90.0, ge=-360, le=360, description="at the epoch, clockwise from north")
    speed: Speed = Field(250.0, gt=0, le=1200, description="over the ground at its height")
    altitude: Length = Field(10_000.0, ge=0, le=30_000, description="of the flight")
    intensity: Intensity = Field(500.0, gt=0, le=1e6, description="in each band, before the atmosphere")
    afterburner: tuple[tuple[RunTime, RunTime], ...] = Field(
        (), max_length=100, description="from and to times of its use after the epoch, in order"
    )
    afterburner_intensity: Intensity = Field(5000.0, gt=0, le=1e6, description="meanwhile, in each band")

    @model_validator(mode="after")
    def _intervals(self) -> Self:
        last = -float("inf")
        for first, end in self.afterburner:
            if end <= first or first < last:
                raise ValueError(f"afterburner from {first} s to {end} s; allowed: intervals in order that do not meet")
            last = end
        return self


class Satellite(Lasting):
    """A satellite or rocket body in sunlight, on a Kepler orbit through a stated place."""

    kind: Literal["satellite"] = "satellite"
    passes: Duration = Field(0.0, ge=-1e6, le=1e6, description="when it stands over the place, after the epoch")
    altitude: Length = Field(500e3, ge=100e3, le=100e6, description="over the place")
    heading: Degrees = Field(45.0, ge=-360, le=360, description="of its inertial velocity over the place, from north")
    speed: Speed | None = Field(None, gt=0, le=15e3, description="inertial; that of a circular orbit by default")
    climb: Degrees = Field(0.0, ge=-89, le=89, description="of its velocity above the horizontal over the place")
    area: Area = Field(20.0, le=1e5, description="cross-section of the sphere that stands for it")
    reflectance: float = Field(0.3, ge=0, le=1, description="diffuse; it emits with one minus this")
    temperature: Temperature = Field(280.0, ge=50, le=2000, description="of its own heat")

    @model_validator(mode="after")
    def _orbit(self) -> Self:
        radius = WGS84_A_M + self.altitude
        speed2 = EARTH_MU_M3_S2 / radius if self.speed is None else self.speed**2
        axis = 1 / (2 / radius - speed2 / EARTH_MU_M3_S2)
        if axis <= 0:
            limit = (2 * EARTH_MU_M3_S2 / radius) ** 0.5
            raise ValueError(f"speed = {self.speed} m/s escapes from the Earth; allowed: below {limit:.0f} m/s")
        moment = speed2 * (radius * math.cos(math.radians(self.climb))) ** 2 / EARTH_MU_M3_S2
        perigee = axis * (1 - math.sqrt(max(1 - moment / axis, 0.0))) - WGS84_A_M
        if perigee < LOWEST_PERIGEE_M:
            raise ValueError(
                f"speed and climb give a perigee of {perigee / 1e3:.0f} km; allowed: at least"
                f" {LOWEST_PERIGEE_M / 1e3:.0f} km"
            )
        return self
