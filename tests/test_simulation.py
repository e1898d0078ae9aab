"""The Python face of the generator: `boostwatch.simulate`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import boostwatch
from boostwatch import store
from boostwatch.errors import BadData, NoInput, UsageError
from boostwatch.pipeline import Simulation
from boostwatch.scene.scenario import Scenario
from boostwatch.settings import read_toml


@pytest.fixture(scope="module")
def made(scenario_file: Path) -> Simulation:
    return boostwatch.simulate(scenario_file, frames=range(20, 28), jobs=2)


def test_frames_truth_and_sensor(made: Simulation, scenario_file: Path, stack_file: Path) -> None:
    assert made.frames.shape == (8, 2, 64, 64)
    assert made.frames.dtype == np.uint16
    np.testing.assert_allclose(made.time_s, np.arange(20, 28) / 2)
    assert [band.name for band in made.sensor.bands] == ["SWIR", "MWIR"]
    assert made.truth.objects["name"].tolist() == [b"L1"]
    assert set(made.truth.samples["frame"]) <= set(range(8))
    assert repr(made) == "<Simulation 'small': 8 frames, 2 bands, 64 x 64 px>"
    with store.open_stack(stack_file) as stack:
        assert (stack.read(23).data == made.frames[3]).all()
        np.testing.assert_array_equal(stack.line_of_sight[20:28], made.truth.line_of_sight)


def test_a_saved_part_of_a_run_is_a_sound_stack(made: Simulation, tmp_path: Path) -> None:
    path = made.save(tmp_path / "part.h5")
    assert store.validate(path) == []
    with store.open_stack(path) as stack:
        assert stack.shape == made.frames.shape
        assert (stack.read(5).data == made.frames[5]).all()
        assert stack.truth_samples is not None
        np.testing.assert_array_equal(stack.truth_samples, made.truth.samples)


def test_a_scenario_comes_in_many_forms(made: Simulation, scenario_file: Path) -> None:
    model = read_toml(scenario_file, Scenario)
    one = boostwatch.simulate(model, frames=[25], jobs=1)
    two = boostwatch.simulate(model.model_dump(mode="json", exclude_none=True), frames=[25], jobs=1)
    assert (one.frames == two.frames).all()
    assert (one.frames[0] == made.frames[5]).all()
    assert boostwatch.simulate("demo", frames=[0]).frames.shape == (1, 2, 256, 256)
    assert (boostwatch.simulate(model, frames=[25], seed=99).frames != one.frames).any()


def test_errors(scenario_file: Path) -> None:
    with pytest.raises(UsageError, match="frames: no such frame; found 120; allowed: 0 to 119"):
        boostwatch.simulate(scenario_file, frames=[3, 120])
    with pytest.raises(UsageError, match="no such frame; found 'none'"):
        boostwatch.simulate(scenario_file, frames=[])
    for frames, found in (([1.5], "1.5"), ("ab", "'a'"), (5.0, "5.0")):
        with pytest.raises(UsageError, match=f"frames: no such frame; found {found}; allowed: 0 to 119"):
            boostwatch.simulate(scenario_file, frames=frames)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="seed is out of range; found 'a'"):
        boostwatch.simulate(scenario_file, seed="a")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="scenario: is no scene; found 5"):
        boostwatch.simulate(5)  # type: ignore[arg-type]
    with pytest.raises(NoInput, match=r"nowhere\.toml: No such file"):
        boostwatch.simulate("nowhere.toml")
    with pytest.raises(BadData, match=r"scenario: seed: .*found -1"):
        boostwatch.simulate({"seed": -1})
    with pytest.raises(AttributeError, match="no attribute 'launch'"):
        boostwatch.launch  # noqa: B018  # reading it is what is tested


def test_a_name_that_is_no_scene_gets_a_hint() -> None:
    with pytest.raises(NoInput, match="no such file, and no scene of that name; allowed: limb"):
        boostwatch.simulate("limbo")


def test_the_public_names_are_seen() -> None:
    assert {"simulate", "detect", "track", "score", "open_stack", "open_events", "Scenario", "__version__"} <= set(
        dir(boostwatch)
    )
    assert all(getattr(boostwatch, name) is not None for name in dir(boostwatch))
    assert boostwatch.Scenario is Scenario


def test_frames_out_of_order_are_no_stack(scenario_file: Path, tmp_path: Path) -> None:
    run = boostwatch.simulate(scenario_file, frames=[5, 3])
    assert run.frames.shape[0] == 2
    with pytest.raises(UsageError, match="frames: a stack holds frames in the order of their times; found 3"):
        run.save(tmp_path / "a.stack.h5")
    assert not list(tmp_path.iterdir())
