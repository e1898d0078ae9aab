"""The scenario itself: all parts together, and what must hold between them."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from boostwatch.geometry import parse_utc
from boostwatch.scene.scenario.background import (
    AtmosphereModel,
    Background,
    EarthBackground,
    ImageBackground,
    UniformBackground,
)
from boostwatch.scene.scenario.clouds import CloudLayer
from boostwatch.scene.scenario.objects import SceneObject
from boostwatch.scene.scenario.platform import GeoPlatform, LineOfSight, PlatformModel, Scan, StaringScan
from boostwatch.scene.scenario.sensor import NAME, SensorModel
from boostwatch.settings import Duration, Model

MAX_CANVAS_MARGIN_PX = 400
"""A scene that drifts further than this during the run needs another scenario, not a larger canvas."""

MAX_CELLS = 2**29
"""Of the scene in all bands, on any machine; what a scene takes is compared with the machine's own memory besides."""

MAX_RUN_S = 1e6
"""Eleven days, in which all times of objects lie."""


class Scenario(Model):
    """A whole scene."""

    name: str = Field("scene", max_length=200, pattern=NAME, description="of the scene")
    description: str = Field("", max_length=200, pattern=NAME, description="one line for lists of scenes")
    seed: int = Field(1, ge=0, lt=2**63, description="root of every random number")
    epoch: str = Field("2026-06-21T15:00:00Z", description="ISO 8601 UTC of the first exposure's middle")
    frames: int | None = Field(None, ge=1, le=1_000_000, description="number of frames; or give duration")
    duration: Duration | None = Field(None, gt=0, description="length of the run; 60 s where frames is missing too")
    outside_view: Literal["error", "allow"] = Field(
        "error", description="objects that no frame could show, by their place or their times"
    )
    oversample: int = Field(2, ge=2, le=8, description="cells of the scene a pixel and axis")
    sensor: SensorModel = Field(SensorModel(), description="camera: bands, optics, detector and its faults")
    platform: PlatformModel = Field(GeoPlatform(), description="where the sensor is and where it looks")
    scan: Scan = Field(StaringScan(), description="when which pixel sees what")
    line_of_sight: LineOfSight = Field(LineOfSight(), description="how steadily it looks")
    atmosphere: AtmosphereModel = Field(AtmosphereModel(), description="the air, and its moisture")
    background: Background = Field(EarthBackground(), description="what lies below the clouds")
    clouds: tuple[CloudLayer, ...] = Field((), description="layers in any order; each hides what is below it")
    objects: tuple[SceneObject, ...] = Field((), description="launches and everything else that shines")

    @field_validator("epoch")
    @classmethod
    def _instant(cls, text: str) -> str:
        try:
            when = parse_utc(text)
        except (ValueError, OverflowError):
            raise ValueError("is not an instant; allowed: ISO 8601 such as 2026-06-21T15:00:00Z") from None
        if not 1960 <= when.year <= 2100:
            raise ValueError("is out of range; allowed: 1960 to 2100")
        return text

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.frames is not None and self.duration is not None:
            raise ValueError(f"frames = {self.frames} and duration = {self.duration} s: give one of them")
        count = self.frames or (self.duration or 60.0) * self.sensor.frame_rate
        if not count <= 1_000_000:
            raise ValueError(f"duration makes {count:.3g} frames; allowed: at most 1000000")
        run_s = (self.n_frames - 1) / self.sensor.frame_rate
        if run_s > MAX_RUN_S:
            raise ValueError(f"frames and frame_rate make a run of {run_s:.3g} s; allowed: at most {MAX_RUN_S:.3g} s")
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
