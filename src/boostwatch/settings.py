"""Quantities with units for every TOML, and the warning chain's settings on one page."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import numpy as np
import tomli_w
from astropy import units as u
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, core_schema

from boostwatch.errors import BadData, NoInput

M = TypeVar("M", bound="Model")

_QUANTITY = re.compile(
    r"([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?(?:nan|inf(?:inity)?))\s*(.*)", re.IGNORECASE
)
_ALIASES = {"degrees": "deg", "e-": "electron", "px": "pix", "px2": "pix2", "degC": "deg_C", "Hz": "Hz"}


@dataclass(frozen=True)
class Unit:
    """Marks a float field that is written with a unit and held in ``si``.

    A bare number is an error, since nobody can tell what it was meant to be. Any unit that astropy can convert is
    taken; ``px`` and ``e-`` are known besides.

    Parameters
    ----------
    si : str
        The unit inside the program, as astropy writes it.
    example : str
        What the error message shows.
    """

    si: str
    example: str

    def parse(self, value: object) -> float:
        """Convert a string such as ``"30 urad"`` to a float in ``si``; raise ValueError with what is allowed."""
        allowed = f'a string with a unit, such as "{self.example}"'
        if not isinstance(value, str):
            raise ValueError(f"needs a unit; allowed: {allowed}")
        parts = _QUANTITY.fullmatch(value.strip())
        number, unit = parts.groups() if parts else (value, "")
        top, *below = [" ".join(_ALIASES.get(word, word) for word in part.split()) for part in unit.split("/")]
        name = f"{top} / ({' '.join(below)})" if below else top  # a/b/c alone makes astropy warn
        try:
            if name[:1].isdigit():
                raise ValueError("astropy takes 30 2 m for 60 m")
            quantity = float(number) * u.Unit(name)
        except (ValueError, TypeError):
            raise ValueError(f"is not a number and a unit; allowed: {allowed}") from None
        if not name:
            raise ValueError(f"needs a unit; allowed: {allowed}")
        try:
            with np.errstate(over="ignore"):
                si = float(quantity.to_value(self.si, equivalencies=u.temperature() if self.si == "K" else []))
        except u.UnitConversionError:
            raise ValueError(f"has the wrong unit; allowed: {allowed}") from None
        if not math.isfinite(si):
            raise ValueError(f"is not a finite number; allowed: {allowed}")
        return si

    def write(self, value: float) -> str:
        """Convert back to the string that ``parse`` reads to the same float."""
        return f"{value!r} {self.shown}"

    def _validate(self, value: object, inner: ValidatorFunctionWrapHandler) -> float:
        """Parse, then check the field's bounds; a message tells them with their unit."""
        try:
            return float(inner(self.parse(value)))
        except ValidationError as error:
            message = error.errors()[0]["msg"].removeprefix("Input ")
            raise ValueError(f"{message} {self.shown}") from None

    @property
    def shown(self) -> str:
        """The unit inside, as a settings file writes it."""
        return self.si.replace("pix", "px").replace("electron", "e-")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            self._validate,
            handler(source),
            serialization=core_schema.plain_serializer_function_ser_schema(self.write, when_used="json"),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "examples": [self.example], "description": f"number and unit, held in {self.si}"}


Angle = Annotated[float, Unit("rad", "30 urad")]
Degrees = Annotated[float, Unit("deg", "12.5 deg")]
Length = Annotated[float, Unit("m", "12 km")]
Wavelength = Annotated[float, Unit("um", "2.69 um")]
Duration = Annotated[float, Unit("s", "0.5 s")]
PositiveDuration = Annotated[float, Field(gt=0), Unit("s", "0.5 s")]
Speed = Annotated[float, Unit("m/s", "12 m/s")]
Temperature = Annotated[float, Field(gt=0), Unit("K", "285 K")]
Force = Annotated[float, Field(gt=0), Unit("N", "800 kN")]
Mass = Annotated[float, Field(gt=0), Unit("kg", "40 t")]
Power = Annotated[float, Unit("W", "100 MW")]
Intensity = Annotated[float, Unit("W/sr", "2e5 W/sr")]
Pixels = Annotated[float, Unit("pix", "0.1 px")]
PixelRate = Annotated[float, Unit("pix/s", "0.02 px/s")]
PositivePixelRate = Annotated[float, Field(gt=0), Unit("pix/s", "4 px/s")]
PixelAcceleration = Annotated[float, Field(gt=0), Unit("pix/s2", "0.1 px/s2")]
Electrons = Annotated[float, Field(ge=0, le=1e15), Unit("electron", "100 e-")]  # squares stay within float32
ElectronRate = Annotated[float, Field(ge=0, le=1e15), Unit("electron/s", "1e5 e-/s")]
PixelPower = Annotated[float, Field(gt=0, le=1e6), Unit("pix2/Hz", "0.01 px2/Hz")]
Frequency = Annotated[float, Field(gt=0), Unit("Hz", "2 Hz")]
Radiance = Annotated[float, Field(ge=0, le=1e8), Unit("W/(m2 sr um)", "0.3 W/m2/sr/um")]
Area = Annotated[float, Field(gt=0), Unit("m2", "2 km2")]
Flux = Annotated[float, Field(ge=0, le=1e9), Unit("m-2 s-1", "5 /cm2/s")]
RadiantEnergy = Annotated[float, Field(gt=0), Unit("J/sr", "1e4 J/sr")]


def _is_number(field: FieldInfo) -> bool:
    """Tell whether a field is a plain number, without a unit."""
    plain = {field.annotation, *get_args(field.annotation)} & {int, float}
    return bool(plain) and not any(isinstance(m, Unit) for m in field.metadata)


class Model(BaseModel):
    """Base of everything read from TOML: unknown keys are errors, values are frozen.

    Defaults of quantities are floats in the unit inside; files, schema and `to_toml` write them with the unit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Write the defaults of quantities with their unit, as a file has them: editors insert what they find here."""
        out = handler(schema)
        for name, shown in handler.resolve_ref_schema(out).get("properties", {}).items():
            unit = next((m for m in cls.model_fields[name].metadata if isinstance(m, Unit)), None)
            if unit is not None and isinstance(shown.get("default"), float):
                shown["default"] = unit.write(shown["default"])
        return out

    @model_validator(mode="before")
    @classmethod
    def _numbers_are_numbers(cls, data: Any) -> Any:
        """Refuse ``true`` and quoted numbers, which pydantic would take, where a plain number is due."""
        wrong = [
            InitErrorDetails(type="float_type", loc=(name,), input=data[name])
            for name, field in cls.model_fields.items()
            if isinstance(data, dict) and isinstance(data.get(name), bool | str) and _is_number(field)
        ]
        if wrong:
            raise ValidationError.from_exception_data(cls.__name__, wrong)
        return data

    def to_toml(self) -> str:
        """Return the settings as TOML that reads back to an equal model."""
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))


MAX_LINES = 20
"""Errors of a file that are told one by one."""
_MOST_SHOWN = 80
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,80}")


def _shown(value: object) -> str:
    """Return a value as a message shows it: on one line, cut where it is long."""
    try:
        text = repr(str(value) if isinstance(value, date | time) else value)
    except ValueError:  # Python writes no whole number of more than 4300 digits
        return "a number of thousands of digits"
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 3] + "..."


def _step(step: int | str) -> str:
    """Return a step of a key path: bare keys as they are, others in quotes, as TOML would."""
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _BARE_KEY.fullmatch(step) else f".{_shown(step)}"


def _lines(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """Turn pydantic's account into one line an error: key path, what is wrong, what is allowed."""
    lines = []
    items = error.errors(include_url=False)
    for item in items[:MAX_LINES]:
        path = "".join(map(_step, _without_tags(model, item["loc"]))).lstrip(".") or "(top level)"
        found = "" if isinstance(item["input"], dict | list) else f"; found {_shown(item['input'])}"
        match item["type"]:
            case "extra_forbidden":
                names = _names_at(model, item["loc"][:-1])
                near = difflib.get_close_matches(str(item["loc"][-1]), names, 1)
                hint = f", did you mean {near[0]!r}?" if near else ""
                lines.append(f"{path}: unknown key{hint}" + (f"; allowed: {', '.join(names)}" if not near else ""))
            case "missing":
                lines.append(f"{path}: required key is missing")
            case "value_error":
                lines.append(f"{path}: {item['msg'].removeprefix('Value error, ')}{found}")
            case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
                unit = _unit_at(model, item["loc"]) if isinstance(item["input"], str) else None
                lines.append(f"{path}: {item['msg'].removeprefix('Input ')}{f' {unit.shown}' if unit else ''}{found}")
            case "union_tag_not_found":
                lines.append(f"{path}: required key 'kind' is missing; allowed: {_kinds_at(model, item['loc'])}")
            case "union_tag_invalid":
                found = f"; found {_shown(item['ctx']['tag'])}"
                lines.append(f"{path}.kind: is not known{found}; allowed: {_kinds_at(model, item['loc'])}")
            case "model_type" | "dict_type" | "model_attributes_type":
                lines.append(f"{path}: should be a table{found}")
            case "tuple_type" | "list_type":
                lines.append(f"{path}: should be a list{found}")
            case "float_type":
                lines.append(f"{path}: should be a number without quotes{found}")
            case "string_type":
                lines.append(f"{path}: should be a text in quotes; found {_shown(item['input'])}")
            case _:
                lines.append(f"{path}: {item['msg'][0].lower()}{item['msg'][1:]}{found}")
    if len(items) > MAX_LINES:
        lines.append(f"and {len(items) - MAX_LINES} more errors")
    return lines


def _models_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[type[BaseModel]]:
    """Models of the table at ``path``; every model of a union counts, its tag in the path says which."""

    def models(annotation: Any) -> list[type[BaseModel]]:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return [annotation]
        return [m for arg in get_args(annotation) for m in models(arg)]

    here = [model]
    for step in path:
        if isinstance(step, int) or any(_tag(m) == step for m in here):
            here = [m for m in here if isinstance(step, int) or _tag(m) == step]
            continue
        here = [m for h in here if step in h.model_fields for m in models(h.model_fields[step].annotation)]
    return here


def _without_tags(model: type[BaseModel], path: tuple[int | str, ...]) -> list[int | str]:
    """Return a path as the file has it: pydantic names the kind that it chose among several too."""
    return [
        step
        for k, step in enumerate(path)
        if isinstance(step, int) or not any(_tag(m) == step for m in _models_at(model, path[:k]))
    ]


def _names_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Keys allowed in the table at ``path``."""
    return sorted({name for m in _models_at(model, path) for name in m.model_fields})


def _kinds_at(model: type[BaseModel], path: tuple[int | str, ...]) -> str:
    """Kinds of the union at ``path``."""
    return ", ".join(str(_tag(m)) for m in _models_at(model, path))


def _unit_at(model: type[BaseModel], path: tuple[int | str, ...]) -> Unit | None:
    """Find the unit of the quantity at ``path``: needed for a bound that was set around a quantity, not within it."""

    def units(thing: Any) -> list[Unit]:
        found = [m for m in getattr(thing, "metadata", ()) or getattr(thing, "__metadata__", ()) if isinstance(m, Unit)]
        return found + [unit for arg in get_args(getattr(thing, "annotation", thing)) for unit in units(arg)]

    *table, name = [step for i, step in enumerate(path) if isinstance(step, str) or i < len(path) - 1] or [""]
    fields = [m.model_fields[str(name)] for m in _models_at(model, tuple(table)) if name in m.model_fields]
    return next((unit for field in fields for unit in units(field)), None)


def _tag(model: type[BaseModel]) -> object:
    field = model.model_fields.get("kind")
    return field.default if field else None


def read_toml(path: str | Path, model: type[M]) -> M:
    """Read a TOML file into a model.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.
    model : type
        A subclass of `Model`.

    Returns
    -------
    Model

    Raises
    ------
    NoInput
        No such file.
    BadData
        Not TOML, or a key that is unknown, missing or wrong: one line each, with the key's path.
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise NoInput(error.strerror or "cannot be read", path=path) from None
    except UnicodeDecodeError as error:
        raise BadData(f"is not UTF-8 text (byte {error.start})", path=path) from None
    return parse_toml(text, model, name=str(path))


def _bare_quantity(text: str, error: str) -> bool:
    """Tell whether the line that is no TOML looks like ``key = 30 urad``."""
    place = re.search(r"line (\d+)", error)
    lines = text.splitlines()
    if place is None or not 0 < int(place[1]) <= len(lines):
        return False
    return bool(re.fullmatch(r"\s*[\w.]+\s*=\s*[-+\d.e]+\s*[A-Za-zµ/]+.*", lines[int(place[1]) - 1]))


def parse_toml(text: str, model: type[M], *, name: str = "settings") -> M:
    """Like `read_toml`, from a string; ``name`` stands for the file in messages."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        quotes = '; a quantity stands in quotes, such as "30 urad"' if _bare_quantity(text, str(error)) else ""
        raise BadData(f"is not TOML: {error}{quotes}", path=name) from None
    except RecursionError:
        raise BadData("is nested too deeply", path=name) from None
    except ValueError:  # tomllib passes on what int() says to thousands of digits
        raise BadData("is not TOML: a whole number has more than 4300 digits", path=name) from None
    return parse_model(values, model, name=name)


def parse_model(values: Mapping[str, Any], model: type[M], *, name: str = "settings") -> M:
    """Like `parse_toml`, from the keys and values that a file would hold."""
    try:
        return model.model_validate(dict(values))
    except RecursionError:
        raise BadData("is nested too deeply", path=name) from None
    except ValidationError as error:
        raise BadData("\n".join(f"{name}: {line}" for line in _lines(error, model))) from None


INTEGRATED_SHARE = 0.3
"""Share of the false detections asked for that the sum of several frames may have."""


class DetectSettings(Model):
    """Frames to detections."""

    mode: Literal["temporal", "single"] = Field("temporal", description="temporal chain, or every frame by itself")
    false_alarms_per_mpx: float = Field(
        10.0, gt=0, le=1e4, description="false detections asked for, per million pixels of one band of one frame"
    )
    memory_frames: int = Field(32, ge=4, le=10_000, description="frames over which the background is averaged")
    guard_frames: int = Field(
        12, ge=0, le=1000, description="newest frames kept out of the background, lest a slow plume absorb itself"
    )
    warm_up_frames: int = Field(8, ge=2, le=1000, description="frames before the first detection")
    integration_frames: int = Field(
        8, ge=1, le=64, description="newest frames added for what is too dim for one; 1 adds none, guard_frames at most"
    )
    psf_sigma: Pixels | None = Field(None, ge=0.2, le=5, description="Gaussian PSF sigma; the stack's own by default")

    @property
    def added_frames(self) -> int:
        """Return how many frames are added at most: those that the background has not seen; 1 adds none."""
        return max(min(self.integration_frames, self.guard_frames), 1)

    @property
    def shares(self) -> tuple[float, float]:
        """Return the false detections per Mpx that single frames and the sum of frames may have."""
        added = INTEGRATED_SHARE * self.false_alarms_per_mpx if self.added_frames > 1 else 0.0
        return self.false_alarms_per_mpx - added, added


class TrackSettings(Model):
    """Detections to tracks."""

    false_tracks_per_hour: float = Field(1.0, gt=0, le=1e4, description="confirmed false tracks asked for")
    detection_probability: float = Field(
        0.9, gt=0.05, lt=1.0, description="expected probability that a target is detected in a frame"
    )
    max_speed: PositivePixelRate = Field(4.0, le=1e4, description="fastest scene motion of a target")
    max_acceleration: PixelAcceleration = Field(0.05, le=1e4, description="1-sigma change of velocity in a second")
    max_gap: PositiveDuration = Field(
        8.0, le=1e5, description="time without a detection that a confirmed track outlives"
    )


class EventSettings(Model):
    """Tracks to launch events."""

    declare_probability: float = Field(0.9, gt=0.5, lt=1.0, description="p_launch at which a launch is declared")
    pointing_sigma: Angle | None = Field(
        None, ge=0, le=0.1, description="1-sigma pointing error an axis; the stack's by default"
    )


class ChainSettings(Model):
    """All settings of the warning chain."""

    detect: DetectSettings = DetectSettings()
    track: TrackSettings = TrackSettings()
    event: EventSettings = EventSettings()
