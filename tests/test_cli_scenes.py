"""The command line's scenes and schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from boostwatch import cli
from boostwatch.scene.scenario import Scenario

Captured = pytest.CaptureFixture[str]


def test_scenes_are_listed(capsys: Captured) -> None:
    assert cli.run(["scenes"]) == 0
    shown = capsys.readouterr().out
    assert "salvo_of_six" in shown
    assert "384 x 384" in shown
    assert "6 launch" in shown
    assert cli.run(["scenes", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["leo_pass"]["frames"] == 240
    assert rows["leo_pass"]["bands"] == ["SWIR", "MWIR", "WINDOW"]


def test_a_scene_is_printed_and_written_to_a_new_file_only(tmp_path: Path, capsys: Captured) -> None:
    assert cli.run(["scenes", "limb"]) == 0
    text = capsys.readouterr().out
    out = tmp_path / "my_limb.toml"
    assert cli.run(["scenes", "limb", "-o", str(out)]) == 0
    assert out.read_text("utf-8") == text
    assert cli.run(["validate", str(out)]) == 0
    capsys.readouterr()
    out.write_text("mine")
    assert cli.run(["scenes", "limb", "-o", str(out)]) == 73
    assert "my_limb.toml: is there already; allowed: a new file" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert cli.run(["scenes", "limb", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["toml"] == text


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["scenes", "salvo"], 66, "no such built-in scenario; found 'salvo'; allowed: salvo_of_six"),
        (["scenes", "-o", "x.toml"], 2, "--out needs the name of a scene"),
        (["simulate", "limbs", "-o", "x.h5"], 66, "limbs: no such file, and no scene of that name; allowed: limb"),
        (["validate", "limbs"], 66, "limbs: no such file, and no scene of that name; allowed: limb"),
        (["validate", "sub/limb"], 66, "sub/limb: No such file"),
    ],
)
def test_wrong_names_of_scenes(arguments: list[str], code: int, message: str, capsys: Captured) -> None:
    assert cli.run(arguments) == code
    assert message in capsys.readouterr().err


def test_a_scene_is_simulated_by_its_name_unless_there_is_such_a_file(
    scenario_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    from boostwatch import pipeline

    names: list[str] = []

    def made(scenario: Scenario, *_: object, **__: object) -> None:
        names.append(scenario.name)
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "simulate", made)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["validate", "step_stare"]) == 0
    assert cli.run(["simulate", "step_stare", "-o", "a.h5"]) == 130
    (tmp_path / "step_stare").write_text(scenario_file.read_text())
    assert cli.run(["simulate", "step_stare", "-o", "a.h5"]) == 130
    assert names == ["step_stare", "small"]


def test_the_schema_tells_editors_what_it_is(capsys: Captured) -> None:
    assert cli.run(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["$id"]
    assert schema["title"] == "Boostwatch scenario"
