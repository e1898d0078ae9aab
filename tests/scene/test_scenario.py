from __future__ import annotations

import json

import pytest

from boostwatch.errors import BadData, NoInput
from boostwatch.scene.library import builtin, builtin_names
from boostwatch.scene.scenario import Scenario, image_scale
from boostwatch.settings import parse_toml

BAND = '[[sensor.bands]]\nname="A"\nlower="4.2 um"\nupper="4.45 um"\n'
FIRE = '[[objects]]\nkind="fire"\nlatitude="1 deg"\nlongitude="2 deg"\n'
LAUNCH = '[[objects]]\nkind="launch"\nlatitude="1 deg"\nlongitude="2 deg"\n'
STAGE = '[[objects.stages]]\nthrust="200 kN"\nburn="50 s"\npropellant="4 t"\ndry="1 t"\n'


@pytest.mark.parametrize(
    "text", ["", BAND, FIRE, LAUNCH, LAUNCH + STAGE, '[background]\nkind="uniform"\nradiance=["0.1 W/m2/sr/um"]']
)
def test_written_and_read_again(text: str) -> None:
    scenario = parse_toml(text, Scenario)
    assert parse_toml(scenario.to_toml(), Scenario) == scenario


def test_every_builtin_reads() -> None:
    assert "demo" in builtin_names()
    for name in builtin_names():
        parse_toml(builtin(name), Scenario)
    with pytest.raises(NoInput, match="no such built-in scenario; found 'nemo'; allowed: demo"):
        builtin("nemo")


def test_frames_and_duration() -> None:
    assert parse_toml("frames = 7", Scenario).n_frames == 7
    assert parse_toml('duration = "10 s"', Scenario).n_frames == 20
    assert parse_toml("", Scenario).n_frames == 120


def test_objects_outside_the_view_are_errors_by_default() -> None:
    assert parse_toml("", Scenario).outside_view == "error"
    assert parse_toml('outside_view = "allow"', Scenario).outside_view == "allow"


def test_whole_numbers_may_be_written_with_a_point_and_others_without() -> None:
    scenario = parse_toml("frames = 3.0\n[sensor]\noffset_dn = 200", Scenario)
    assert (scenario.frames, scenario.sensor.offset_dn) == (3, 200.0)


def test_every_setting_is_described_in_the_schema() -> None:
    schema = Scenario.model_json_schema()
    for name, table in {"Scenario": schema, **schema["$defs"]}.items():
        for key, field in table["properties"].items():
            told = "description" in field or "$ref" in str(field) or key in ("kind", "name", "wind_speed")
            assert told, (name, key)


def test_image_scale() -> None:
    assert image_scale("mW/m2/sr/um") == pytest.approx(1e-3)


def test_schema_tells_units() -> None:
    text = json.dumps(Scenario.model_json_schema())
    assert "30 urad" in text
    assert '"launch"' in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[sensor]\nifvo = "3 urad"', r"sensor\.ifvo: unknown key, did you mean 'ifov'\?"),
        ("[sensor]\nifov = 3e-5", r"sensor\.ifov: needs a unit"),
        ('[sensor]\nifov = "3 m"', r"sensor\.ifov: has the wrong unit"),
        ('[sensor]\nifov = "0 urad"', r"sensor\.ifov: should be greater than"),
        ('[sensor]\nintegration = "2 s"', r"sensor: integration = 2\.0 s is longer than a frame"),
        ("[sensor]\nbits = 8\noffset_dn = 300", r"offset_dn = 300\.0 does not fit in bits = 8"),
        ("[sensor]\nbands = []", "bands is empty"),
        (BAND + BAND, "bands need different names; found A, A"),
        (BAND.replace("4.45", "4.1"), r"sensor\.bands\[0\]: upper = 4\.1 um must be longer"),
        ("[sensor.bad_pixels]\nkinds = []", r"sensor\.bad_pixels: kinds is empty"),
        ('[platform]\nlongitude = "100 deg"', r"boresight_longitude = -80\.6 deg, the default, is out of sight"),
        ('frames = 3\nduration = "2 s"', "frames = 3 and duration = 2.0 s: give one of them"),
        ('duration = "1e7 s"', r"duration makes 2e\+07 frames"),
        ('frames = 1000\n[line_of_sight]\ndrift = "1 px/s"', r"line_of_sight\.drift carries the scene 500 px"),
        ('[background]\nkind = "image"\nfile = "a.npy"\n[[clouds]]', "clouds cannot be laid over"),
        ('[background]\nkind = "image"\nfile = "a.npy"\nunits = "K"', "is not a unit of spectral radiance"),
        ('[background]\nkind = "uniform"\nradiance = []', r"background\.radiance has 0 values"),
        ('[background]\nkind = "sea"', "background"),
        ('epoch = "noon"', "epoch: is not an instant"),
        ('epoch = "1812-01-01"', "epoch: is out of range"),
        (LAUNCH + 'vehicle="small"\n' + STAGE, "give one of them"),
        (LAUNCH + "stages = []", "stages is empty"),
        (LAUNCH + 'payload = "1 t"', "payload belongs to stages"),
        (LAUNCH + STAGE.replace("200 kN", "20 kN"), "cannot lift off"),
        (FIRE + 'start = "5 s"\nend = "4 s"', "must come after start"),
        (FIRE.replace("fire", "aircraft") + 'start = "5 s"\nend = "4 s"', "must come after start"),
        (FIRE.replace("fire", "comet"), r"objects\[0\]\.kind: is not known; found .comet"),
    ],
)  # fmt: skip
def test_one_clear_line(text: str, message: str) -> None:
    with pytest.raises(BadData, match=message) as caught:
        parse_toml(text, Scenario, name="s.toml")
    assert len(str(caught.value).splitlines()) == 1
