"""Quantities with units, and messages that a user can act on."""

import json
import math
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from boostwatch import settings
from boostwatch.errors import BadData, NoInput
from boostwatch.settings import ChainSettings, Duration, Length, Model, Unit, parse_toml, read_toml


class Still(Model):
    kind: Literal["still"] = "still"
    height: Annotated[Length, Field(gt=0)] = 10.0


class Moving(Model):
    kind: Literal["moving"] = "moving"
    legs: tuple[Annotated[Duration, Field(ge=1, le=4)], ...] = ()


class Scene(Model):
    actors: list[Annotated[Still | Moving, Field(discriminator="kind")]]
    size: tuple[Length, Length] = (1.0, 1.0)


def message(text: str, model: type[Model] = ChainSettings) -> str:
    with pytest.raises(BadData) as caught:
        parse_toml(text, model, name="a.toml")
    assert caught.value.exit_code == 65
    return str(caught.value)


KNOWN = [
    ("Angle", "30 urad", 30e-6), ("Angle", "35urad", 35e-6), ("Angle", "180 degrees", math.pi),
    ("Degrees", "0.5 rad", math.degrees(0.5)),
    ("Length", "12 km", 12e3), ("Length", "1.5e1km", 15e3), ("Electrons", "5e-", 5.0),
    ("Length", "-3 m", -3.0), ("Wavelength", "2690 nm", 2.69), ("Duration", "1 min", 60.0),
    ("PositiveDuration", "500 ms", 0.5), ("Speed", "36 km/h", 10.0), ("Temperature", "285 K", 285.0),
    ("Temperature", "20 degC", 293.15), ("Force", "800 kN", 8e5), ("Mass", "40 t", 4e4), ("Power", "100 MW", 1e8),
    ("Intensity", "2e5 W/sr", 2e5), ("Intensity", "20 kW sr-1", 2e4), ("Pixels", "0.1 px", 0.1),
    ("PixelRate", "-0.02 px/s", -0.02), ("PositivePixelRate", "4 px/s", 4.0), ("PixelAcceleration", "0.1 px/s2", 0.1),
    ("PixelAcceleration", "0.1 px/s/s", 0.1), ("Electrons", "100 e-", 100.0), ("ElectronRate", "1e5 e-/s", 1e5),
    ("PixelPower", "10 px2/kHz", 0.01),
    ("Frequency", "30 kHz", 3e4), ("Radiance", "0.3 W/m2/sr/um", 0.3), ("Radiance", "0.3 W/(m2 sr um)", 0.3),
    ("Flux", "5 /cm2/s", 5e4), ("Flux", "3 m-2 s-1", 3.0),
    ("Area", "2 km2", 2e6), ("RadiantEnergy", "10 kJ/sr", 1e4),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "value"), KNOWN)
def test_every_quantity_reads_its_unit(name, text, value):
    one = type("One", (Model,), {"__annotations__": {"q": getattr(settings, name)}})
    assert parse_toml(f'q = "{text}"', one).q == pytest.approx(value, rel=1e-12)


def test_every_quantity_is_tested_and_its_own_example_reads():
    names = {
        n for n in dir(settings) if any(isinstance(m, Unit) for m in getattr(getattr(settings, n), "__metadata__", ()))
    }
    assert names == {name for name, *_ in KNOWN}, "add the new quantity to KNOWN"
    for name in names:
        unit = next(m for m in getattr(settings, name).__metadata__ if isinstance(m, Unit))
        assert math.isfinite(unit.parse(unit.example))


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["m", "pix/s", "electron", "K", "W/sr"]))
def test_what_is_written_reads_back_to_the_same_float(value, si):
    unit = Unit(si, "1 x")
    assert unit.parse(unit.write(value)) == value


@given(st.text(max_size=12) | st.from_regex(r"-?[0-9]{1,3}(\.[0-9])? [a-zA-Z/0-9()* %-]{0,8}", fullmatch=True))
def test_any_text_gives_a_finite_float_or_a_clear_error(text):
    try:
        value, reason = Unit("m", "12 km").parse(text), ""
    except ValueError as error:
        value, reason = 0.0, str(error)
    assert math.isfinite(value)
    assert not reason or "12 km" in reason


@pytest.mark.parametrize(
    ("value", "reason"),
    [("3", "needs a unit"), ("3.5", "needs a unit"), ('"3"', "needs a unit"), ("true", "needs a unit"),
     ('"fast"', "is not a number and a unit"), ('"3 zorks"', "is not a number and a unit"),
     ('"30 2 px/s"', "is not a number and a unit"), ('"3 m"', "has the wrong unit"),
     ('"nan px/s"', "is not a finite number"), ('"-inf px/s"', "is not a finite number"),
     ('"1e999 px/s"', "is not a finite number")],
)  # fmt: skip
def test_a_wrong_quantity_says_why_and_what_is_allowed(value, reason):
    text = message(f"[track]\nmax_speed = {value}")
    assert text.startswith(f"a.toml: track.max_speed: {reason}; allowed: ")
    assert 'such as "4 px/s"' in text
    assert "\n" not in text


def test_a_number_too_large_for_the_inner_unit_is_not_finite():
    with pytest.raises(ValueError, match="not a finite number"):
        Unit("m", "12 km").parse("1e308 km")


def test_a_bound_is_told_with_its_unit_and_what_was_written():
    assert message('[track]\nmax_speed = "-3 px/s"') == (
        "a.toml: track.max_speed: should be greater than 0 px/s; found '-3 px/s'"
    )


def test_a_bound_set_around_a_quantity_is_told_with_its_unit_too():
    assert message('[[actors]]\nkind = "still"\nheight = "-3 km"', Scene) == (
        "a.toml: actors[0].height: should be greater than 0 m; found '-3 km'"
    )
    assert message('[[actors]]\nkind = "moving"\nlegs = ["2 s", "5 s"]', Scene) == (
        "a.toml: actors[0].legs[1]: should be less than or equal to 4 s; found '5 s'"
    )


def test_a_plain_number_out_of_bounds_has_no_unit():
    assert message("[detect]\nguard_frames = -1") == (
        "a.toml: detect.guard_frames: should be greater than or equal to 0; found -1"
    )


def test_a_misspelt_key_gets_a_hint_and_a_strange_one_the_list():
    assert message("[detect]\nmemry_frames = 9") == (
        "a.toml: detect.memry_frames: unknown key, did you mean 'memory_frames'?"
    )
    assert message("zebra = 1") == "a.toml: zebra: unknown key; allowed: detect, event, track"
    assert message('[[actors]]\nkind = "moving"\nleg = []', Scene).endswith("leg: unknown key, did you mean 'legs'?")


def test_every_fault_has_its_line():
    lines = message('[detect]\nmode = "both"\nwarm_up_frames = 1\n[event]\npointing_sigma = "3 m"').splitlines()
    assert [line.split(": ")[1] for line in lines] == ["detect.mode", "detect.warm_up_frames", "event.pointing_sigma"]
    assert all(line.startswith("a.toml: ") for line in lines)


def test_missing_and_untagged_tables():
    assert message("", Scene) == "a.toml: actors: required key is missing"
    assert "kind" in message("[[actors]]", Scene)
    assert message('size = ["1 m"]\nactors = []', Scene).startswith("a.toml: size[1]: required key is missing")


def test_not_toml_and_no_file(tmp_path):
    assert "is not TOML" in message("a = = 3")
    with pytest.raises(NoInput, match=r"gone\.toml"):
        read_toml(tmp_path / "gone.toml", ChainSettings)
    bad = tmp_path / "latin.toml"
    bad.write_bytes(b'a = "\xff"')
    with pytest.raises(BadData, match=r"not UTF-8 text \(byte 5\)"):
        read_toml(bad, ChainSettings)


def test_a_quantity_without_quotes_gets_a_hint():
    assert 'a quantity stands in quotes, such as "30 urad"' in message("[sensor]\nifov = 30 urad")
    assert "quotes" not in message("[sensor\nifov = 3")


def test_toml_round_trip(tmp_path):
    written = ChainSettings().model_copy(
        update={
            "track": settings.TrackSettings.model_validate({"max_speed": "0.3 px/s", "max_acceleration": "7e-3 px/s2"})
        }
    )
    path = tmp_path / "chain.toml"
    path.write_text(written.to_toml(), "utf-8")
    assert read_toml(path, ChainSettings) == written
    assert tomllib.loads(written.to_toml())["track"]["max_speed"] == "0.3 px/s"


def test_schema_shows_units_as_strings():
    schema = ChainSettings.model_json_schema()
    speed = schema["$defs"]["TrackSettings"]["properties"]["max_speed"]
    assert speed["type"] == "string"
    assert speed["examples"] == ["4 px/s"]
    json.dumps(schema)


def test_a_byte_order_mark_and_windows_lines_are_taken(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes("\ufeff[detect]\r\nguard_frames = 3\r\n".encode())
    assert read_toml(tmp_path / "a.toml", ChainSettings).detect.guard_frames == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[actors]]\nheight = '1 m'", "actors[0]: required key 'kind' is missing; allowed: still, moving"),
        ("[[actors]]\nkind = 'stil'", "actors[0].kind: is not known; found 'stil'; allowed: still, moving"),
        ("actors = 3", "actors: should be a list; found 3"),
        ("actors = ['a']", "actors[0]: should be a table; found 'a'"),
    ],
)
def test_tables_and_kinds_are_asked_for_in_plain_words(text: str, expected: str) -> None:
    assert message(text, Scene) == f"a.toml: {expected}"


def test_nesting_without_end_is_bad_data() -> None:
    assert "nested too deeply" in message("a = " + "[" * 5000 + "]" * 5000)
