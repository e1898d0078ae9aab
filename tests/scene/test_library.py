"""The scenes that come with the package: sound, renderable, pictured, described; and the schema that knows them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema
import numpy as np
import pytest
from pydantic import BaseModel

from benchmarks.scene_pictures import MAX_BYTES, TELLING_S, telling_frame
from boostwatch.errors import NoInput
from boostwatch.scene.library import builtin, builtin_names, load, summary
from boostwatch.scene.render import Renderer
from boostwatch.scene.scenario import Scenario
from boostwatch.scene.scenario.schema import scenario_schema

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "images" / "scenes"
NAMES = builtin_names()
WANTED = {
    "clear_ocean_night", "broken_cloud_day", "storm_front", "terminator", "limb", "desert_noon", "glint_field",
    "industrial_flares", "salvo_of_six", "leo_pass", "heo_apogee", "confuser_zoo", "full_disk",
}  # fmt: skip


def small(scene: Scenario) -> Scenario:
    """Return the same view in an eighth of the pixels and axis: coarser pixels through a smaller aperture."""
    sensor, scan = scene.sensor, scene.scan
    share = 8 if scene.name == "full_disk" or scene.platform.boresight_altitude > 0 else 4
    coarse = sensor.model_copy(
        update={
            "width": sensor.width // share, "height": sensor.height // share, "ifov": sensor.ifov * share,
            "aperture": sensor.aperture / share,
        }
    )  # fmt: skip
    changes: dict[str, Any] = {"sensor": coarse}
    if scan.kind == "step_stare":
        changes["scan"] = scan.model_copy(update={"overlap": scan.overlap / share})
    return scene.model_copy(update=changes)


def test_the_library_has_what_was_promised() -> None:
    assert set(NAMES) >= WANTED
    assert len(NAMES) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_a_scene_is_what_its_list_says(name: str) -> None:
    scene = load(name)
    assert scene.name == name
    if name != "demo":
        assert 20 <= len(scene.description) <= 120
        assert builtin(name).startswith("# ")
        assert 2 <= len(scene.sensor.bands) <= 3
    assert 60 <= scene.n_frames / scene.sensor.frame_rate <= 240
    assert 1 <= scene.sensor.frame_rate <= 5
    assert 128 <= min(scene.sensor.width, scene.sensor.height) <= max(scene.sensor.width, scene.sensor.height) <= 512
    assert any(item.kind == "launch" for item in scene.objects)
    shown = summary(name)
    assert shown.frames == scene.n_frames
    assert shown.objects == tuple(item.kind for item in scene.objects)


@pytest.mark.parametrize("name", NAMES)
def test_a_scene_renders(name: str) -> None:
    scene = small(load(name))
    renderer = Renderer(scene)
    top = 2**scene.sensor.bits - 1
    for i in (0, telling_frame(name, scene), renderer.n_frames - 1):
        frame = renderer.frame(i)
        assert frame.data.shape == renderer.shape
        for data in frame.data:
            assert data.max() > data.min()
            assert (data >= top).mean() < 0.01  # exposures and wells suit the scene
        assert np.isin(frame.samples["object_id"], np.arange(len(scene.objects))).all()
    assert [kind.decode() for kind in renderer.objects["kind"]] == [item.kind for item in scene.objects]


@pytest.mark.parametrize("name", NAMES)
def test_launches_are_in_view_until_they_burn_out(name: str) -> None:
    """Truth has each launch in some frame after ignition and, unless the run ends before, near its burnout."""
    scene = small(load(name))
    scene = scene.model_copy(update={"clouds": (), "sensor": scene.sensor.model_copy(update={"frame_rate": 1.0})})
    renderer = Renderer(scene)
    cycle = scene.scan.columns * scene.scan.rows if scene.scan.kind == "step_stare" else 1
    for number, truth in enumerate(renderer.objects):
        if truth["kind"] != b"launch":
            continue
        end = min(float(truth["burnout_s"]) - 1.0, float(renderer.time_s[-1]))
        for moment in (float(truth["onset_s"]) + 2.0, 0.5 * (truth["onset_s"] + end), end):
            first = int(np.searchsorted(renderer.time_s, moment))
            near = range(max(min(first, renderer.n_frames - cycle), 0), min(first + cycle, renderer.n_frames))
            seen = [(renderer.frame(i).samples["object_id"] == number).any() for i in near]
            assert any(seen), f"{truth['name'].decode()} at {moment:.0f} s"


def test_the_zoo_has_one_of_each_kind() -> None:
    kinds = [item.kind for item in load("confuser_zoo").objects]
    annotation = Scenario.model_fields["objects"].annotation
    every = [m.model_fields["kind"].default for m in _models(annotation)]
    assert sorted(kinds) == sorted(every)


@pytest.mark.parametrize("name", ["leo_pass", "confuser_zoo"])
def test_the_same_seed_gives_the_same_bytes(name: str) -> None:
    scene = small(load(name))
    one, other = Renderer(scene), Renderer(scene, jobs=2)
    i = telling_frame(name, scene)
    other.frame(0)
    assert one.frame(i).data.tobytes() == other.frame(i).data.tobytes()
    assert Renderer(scene, seed=scene.seed + 1).frame(i).data.tobytes() != one.frame(i).data.tobytes()


def test_an_unknown_scene_names_those_alike() -> None:
    with pytest.raises(NoInput, match="no such built-in scenario; found 'salvo_of_seven'; allowed: salvo_of_six"):
        builtin("salvo_of_seven")
    with pytest.raises(NoInput, match="allowed: broken_cloud_day, clear_ocean_night, "):
        builtin("xyz")


def test_docs_pictures_and_library_agree() -> None:
    page = (ROOT / "docs" / "scenes.md").read_text()
    assert set(re.findall(r"^### `(\w+)`", page, re.MULTILINE)) == set(NAMES)
    assert {p.stem for p in PICTURES.glob("*.png")} == set(NAMES) == set(TELLING_S)
    for name in NAMES:
        assert f"](images/scenes/{name}.png)" in page
        assert f"boostwatch simulate {name} -o {name}.h5" in page
    sizes = [p.stat().st_size for p in PICTURES.glob("*.png")]
    assert max(sizes) <= MAX_BYTES
    assert sum(sizes) < 2.5e6


def test_the_schema_is_a_schema_and_every_scene_fulfils_it() -> None:
    schema = scenario_schema()
    assert {"$schema", "$id", "title"} <= schema.keys()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for name in NAMES:
        validator.validate(tomllib.loads(builtin(name)))


@pytest.mark.parametrize(
    "text",
    [
        "[sensor]\nifvo = '30 urad'", "[sensor]\nifov = 30", "[[objects]]\nlatitude = '1 deg'\nlongitude = '1 deg'",
        "[platform]\nkind = 'geo'\npreset = 'leo'", "[background]\nkind = 'moon'", "oversample = 1",
    ],
)  # fmt: skip
def test_the_schema_refuses(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text), scenario_schema())


def test_the_schema_takes_an_old_platform_without_a_kind_and_shows_units_in_defaults() -> None:
    schema = scenario_schema()
    jsonschema.validate({"platform": {"longitude": "10 deg", "boresight_latitude": "5 deg"}}, schema)
    assert schema["$defs"]["SensorModel"]["properties"]["frame_rate"]["default"] == "2.0 Hz"
    assert schema["$defs"]["CloudLayer"]["properties"]["altitude"]["default"] == "5000.0 m"


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def test_every_setting_is_described() -> None:
    """The model's own fields, since a quantity without a description would get one from its unit."""
    todo, seen, silent = [Scenario], set(), []
    while todo:
        model = todo.pop()
        if model in seen:
            continue
        seen.add(model)
        for name, field in model.model_fields.items():
            if name != "kind" and not field.description:
                silent.append(f"{model.__name__}.{name}")
            todo += _models(field.annotation)
    assert not silent
    assert len(seen) > 30
