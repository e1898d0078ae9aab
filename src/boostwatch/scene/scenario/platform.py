"""Where the sensor is, where it looks, how it reads its scene, and how steadily."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from boostwatch.geometry import WGS84_A_M
from boostwatch.orbits import semi_major_axis_m, sun_synchronous_inclination_rad
from boostwatch.scene.scenario.sensor import NAME
from boostwatch.settings import (
    Angle,
    Degrees,
    Duration,
    Frequency,
    Length,
    Model,
    PixelPower,
    PixelRate,
    Pixels,
    PositiveDuration,
    Unit,
)

MIN_PERIGEE_M = 100e3
"""Below it the air ends an orbit within a revolution."""

MIN_APSIDES_ECCENTRICITY = 1e-3
"""A rounder orbit has no apogee to speak of."""

_SIDEREAL_DAY_S = 86164.0905


class _Looking(Model):
    """What every platform has: the point that it looks at and how it keeps looking."""

    boresight_latitude: Degrees = Field(28.2, ge=-90, le=90, description="of the point in the middle of the frame")
    boresight_longitude: Degrees = Field(-80.6, ge=-180, le=180, description="of the point in the middle of the frame")
    boresight_altitude: Length = Field(
        0.0, ge=-500, le=1e8, description="of that point; above the horizon it makes a view past the limb"
    )
    pointing: Literal["track", "fixed", "nadir"] = Field(
        "track",
        description="track keeps looking at the boresight point; fixed keeps the attitude that sees it at the epoch"
        " in the orbit's frame (down, along, across); nadir looks straight down instead",
    )
    roll: Degrees = Field(
        0.0, ge=-360, le=360, description="turn of the camera about its boresight, clockwise as it sees; 0: north up"
    )


class GeoPlatform(_Looking):
    """A geostationary place."""

    kind: Literal["geo"] = "geo"
    longitude: Degrees = Field(-75.0, ge=-180, le=180, description="geostationary longitude")

    @model_validator(mode="after")
    def _visible(self) -> Self:
        if self.boresight_altitude > 0 or self.pointing == "nadir":
            return self
        if abs((self.boresight_longitude - self.longitude + 180) % 360 - 180) > 80:
            own = "" if "boresight_longitude" in self.model_fields_set else ", the default,"
            raise ValueError(
                f"boresight_longitude = {self.boresight_longitude} deg{own} is out of sight from"
                f" longitude = {self.longitude} deg; allowed: within 80 deg"
            )
        if abs(self.boresight_latitude) > 80:
            raise ValueError(
                f"boresight_latitude = {self.boresight_latitude} deg is out of sight from above the equator;"
                " allowed: -80 to 80 deg"
            )
        return self


class OrbitShape(NamedTuple):
    """Size, form and tilt of an orbit: m, 1, degrees, degrees."""

    semi_major_axis_m: float
    eccentricity: float
    inclination_deg: float
    argument_of_perigee_deg: float


_PRESETS = {
    "leo": OrbitShape(WGS84_A_M + 500e3, 0.0, 51.6, 0.0),
    "sso": OrbitShape(WGS84_A_M + 700e3, 0.0, 98.2, 0.0),  # the inclination is computed from the size
    "molniya": OrbitShape(semi_major_axis_m(_SIDEREAL_DAY_S / 2), 0.72, 63.4349, 270.0),
    "tundra": OrbitShape(semi_major_axis_m(_SIDEREAL_DAY_S), 0.25, 63.4349, 270.0),
    "qzss": OrbitShape(semi_major_axis_m(_SIDEREAL_DAY_S), 0.075, 41.0, 270.0),
}


class OrbitPlatform(_Looking):
    """An orbit from elements; what is left out comes from a preset, and the place by default from the boresight."""

    kind: Literal["orbit"] = "orbit"
    preset: Literal["leo", "sso", "molniya", "tundra", "qzss"] = Field(
        "leo", description="textbook figures for the shape; sso finds its inclination from its size"
    )
    semi_major_axis: Length | None = Field(None, gt=0, le=1e9, description="or give altitude, or period")
    altitude: Length | None = Field(None, le=1e9, description="semi-major axis less the equatorial radius")
    period: Duration | None = Field(None, gt=0, le=1e7, description="of a revolution without perturbations")
    eccentricity: float | None = Field(None, ge=0, lt=1, description="of the ellipse; the preset's by default")
    inclination: Degrees | None = Field(None, ge=0, le=180, description="the preset's by default")
    argument_of_perigee: Degrees | None = Field(None, ge=-360, le=360, description="the preset's by default")
    raan: Degrees | None = Field(
        None, ge=-360, le=360, description="right ascension of the ascending node at the epoch"
    )
    node_longitude: Degrees | None = Field(
        None, ge=-180, le=360, description="instead of raan: longitude of the ascending node at the epoch"
    )
    apogee_longitude: Degrees | None = Field(
        None, ge=-180, le=360, description="instead of raan: longitude below the first apogee from the epoch on"
    )
    mean_anomaly: Degrees | None = Field(
        None,
        ge=-360,
        le=360,
        description="at the epoch; by default 180 deg, and on a circle the latitude of the boresight",
    )
    true_anomaly: Degrees | None = Field(None, ge=-360, le=360, description="instead of mean_anomaly")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for names in (
            ("semi_major_axis", "altitude", "period"),
            ("raan", "node_longitude", "apogee_longitude"),
            ("mean_anomaly", "true_anomaly"),
        ):
            given = [name for name in names if getattr(self, name) is not None]
            if len(given) > 1:
                raise ValueError(f"{' and '.join(given)} say the same; allowed: one of {', '.join(names)}")
        shape = self.shape
        perigee = shape.semi_major_axis_m * (1 - shape.eccentricity) - WGS84_A_M
        if perigee < MIN_PERIGEE_M:
            raise ValueError(
                f"the perigee is {perigee / 1e3:.4g} km above the equator's radius;"
                f" allowed: at least {MIN_PERIGEE_M / 1e3:g} km"
            )
        if self.apogee_longitude is not None and shape.eccentricity < MIN_APSIDES_ECCENTRICITY:
            raise ValueError(
                f"apogee_longitude has no meaning at eccentricity = {shape.eccentricity:g};"
                f" allowed: an eccentricity of at least {MIN_APSIDES_ECCENTRICITY:g}, or node_longitude instead"
            )
        return self

    @property
    def shape(self) -> OrbitShape:
        """The preset's shape with the keys that were given."""
        preset = _PRESETS[self.preset]
        size = preset.semi_major_axis_m
        if self.semi_major_axis is not None:
            size = self.semi_major_axis
        elif self.altitude is not None:
            size = WGS84_A_M + self.altitude
        elif self.period is not None:
            size = semi_major_axis_m(self.period)
        eccentricity = preset.eccentricity if self.eccentricity is None else self.eccentricity
        inclination = preset.inclination_deg if self.inclination is None else self.inclination
        if self.preset == "sso" and self.inclination is None and size > 0:
            inclination = math.degrees(sun_synchronous_inclination_rad(size, eccentricity))
        perigee = preset.argument_of_perigee_deg if self.argument_of_perigee is None else self.argument_of_perigee
        return OrbitShape(size, eccentricity, inclination, perigee)


class TlePlatform(_Looking):
    """An orbit from two-line elements, by SGP4; needs the extra ``tle``."""

    kind: Literal["tle"] = "tle"
    line1: str = Field(description="first line of the elements")
    line2: str = Field(description="second line of the elements")

    @field_validator("line1", "line2")
    @classmethod
    def _sound(cls, line: str, info: Any) -> str:
        line, number = line.rstrip(), info.field_name[-1]
        if len(line) != 69 or not line.isascii() or not line.startswith(f"{number} "):
            raise ValueError(f"is no two-line element; allowed: 69 characters that begin with '{number} '")
        wanted = sum(int(c) if c.isdigit() else c == "-" for c in line[:68]) % 10
        if line[68] != str(wanted):
            raise ValueError(f"has the wrong checksum {line[68]!r}; allowed: {wanted}")
        return line

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if self.line1[2:7] != self.line2[2:7]:
            raise ValueError(
                f"line1 and line2 are of two satellites, {self.line1[2:7].strip()} and {self.line2[2:7].strip()};"
                " allowed: one"
            )
        return self


class TablePoint(Model):
    """A place at a time."""

    time: Duration = Field(ge=-1e7, le=1e7, description="after the epoch")
    latitude: Degrees = Field(ge=-90, le=90, description="geodetic")
    longitude: Degrees = Field(ge=-180, le=360, description="east of Greenwich")
    altitude: Length = Field(ge=0, le=1e9, description="above the ellipsoid")


class TablePlatform(_Looking):
    """A path from a table of positions."""

    kind: Literal["table"] = "table"
    file: str | None = Field(
        None,
        min_length=1,
        max_length=1000,
        pattern=NAME,
        description="CSV beside the scenario: time_s and x_m, y_m, z_m (ITRS),"
        " or time_s and latitude_deg, longitude_deg, altitude_m; or give points",
    )
    points: tuple[TablePoint, ...] | None = Field(None, description="the table itself; at least two points")

    @model_validator(mode="after")
    def _one_table(self) -> Self:
        if (self.file is None) == (self.points is None):
            raise ValueError("a table needs its places; allowed: one of file, points")
        if self.points is not None:
            if len(self.points) < 2:
                raise ValueError(f"points has {len(self.points)} places; allowed: at least 2")
            for i, (before, after) in enumerate(pairwise(self.points)):
                if after.time <= before.time:
                    raise ValueError(
                        f"points[{i + 1}].time = {after.time:g} s does not come after {before.time:g} s;"
                        " allowed: increasing times"
                    )
        return self


def _geo_by_default(value: object) -> object:
    """Let a table without ``kind`` be a geostationary place, as it was before there were others."""
    return {"kind": "geo", **value} if isinstance(value, dict) else value


PlatformModel = Annotated[
    GeoPlatform | OrbitPlatform | TlePlatform | TablePlatform,
    Field(discriminator="kind"),
    BeforeValidator(_geo_by_default),
]


class StaringScan(Model):
    """All pixels see the same scene at the same time."""

    kind: Literal["staring"] = "staring"


class StepStareScan(Model):
    """The camera stares at one field after another, row by row and back again, and starts over."""

    kind: Literal["step_stare"] = "step_stare"
    columns: int = Field(2, ge=1, le=1000, description="fields along x")
    rows: int = Field(2, ge=1, le=1000, description="fields along y")
    overlap: Pixels = Field(16.0, ge=0, description="of neighbouring fields")


class RowScan(Model):
    """The rows see the scene one after another; a frame's time is that of its middle."""

    kind: Literal["scanning"] = "scanning"
    row_period: PositiveDuration = Field(1e-3, ge=1e-6, le=3600, description="from one row to the next")


Scan = Annotated[StaringScan | StepStareScan | RowScan, Field(discriminator="kind")]


class Walk(Model):
    """Gauss-Markov wander of the line of sight."""

    rms: Pixels = Field(0.1, ge=0, le=100, description="an axis")
    correlation: PositiveDuration = Field(10.0, ge=1e-3, le=1e7, description="time in which the memory falls to 1/e")


class Tone(Model):
    """A vibration at one frequency; its phase is random."""

    frequency: Frequency = Field(le=1e5, description="of the vibration")
    amplitude: Pixels = Field(ge=0, le=100, description="half of its whole swing")
    direction: Degrees = Field(0.0, ge=-360, le=360, description="from +x towards +y")


PsdFrequency = Annotated[float, Field(ge=1e-9, le=1e6), Unit("Hz", "2 Hz")]


class LineOfSight(Model):
    """How the scene moves on the focal plane, and how well the platform knows."""

    jitter: Pixels = Field(0.1, ge=0, le=5, description="white shift a frame, rms an axis")
    drift: PixelRate = Field(0.005, ge=0, le=5, description="steady drift")
    drift_direction: Degrees = Field(30.0, ge=-360, le=360, description="of the drift, from +x towards +y")
    walk: Walk | None = Field(None, description="slow wander besides the drift")
    tones: tuple[Tone, ...] = Field((), max_length=64, description="vibrations")
    psd: tuple[tuple[PsdFrequency, PixelPower], ...] | None = Field(
        None,
        max_length=10_000,
        description="one-sided power spectral density an axis: pairs of frequency and density, straight in log-log",
    )
    smear: Pixels = Field(
        0.02,
        ge=0,
        le=2,
        description="rms shift within an exposure besides that of walk, tones and psd; widens the spread",
    )
    attitude_bias: Angle = Field(10e-6, ge=0, le=1e-2, description="1-sigma constant error of the reported attitude")
    attitude_noise: Angle = Field(3e-6, ge=0, le=1e-2, description="1-sigma error of the reported attitude a frame")

    @field_validator("psd")
    @classmethod
    def _spectrum(cls, pairs: tuple[tuple[float, float], ...] | None) -> tuple[tuple[float, float], ...] | None:
        if pairs is None:
            return None
        if len(pairs) < 2:
            raise ValueError(f"has {len(pairs)} pairs; allowed: at least 2")
        for (before, _), (after, _) in pairwise(pairs):
            if after <= before:
                raise ValueError(f"{after:g} Hz does not come after {before:g} Hz; allowed: increasing frequencies")
        return pairs
