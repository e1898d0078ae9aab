"""Hypothesis without chance; one small labelled scene for every test that needs files, made once a session."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run; no deadline, since a kernel's first call compiles it.
settings.register_profile("fixed", deadline=None, derandomize=True)
settings.load_profile("fixed")

SCENE = """
name = "small"
seed = 5
duration = "60 s"

[sensor]
width = 64
height = 64
ifov = "56 urad"

[line_of_sight]
jitter = "0.1 px"

[[objects]]
kind = "launch"
name = "L1"
vehicle = "medium"
latitude = "28.2 deg"
longitude = "-80.6 deg"
heading = "60 deg"
ignition = "10 s"
"""


@pytest.fixture(scope="session")
def scenario_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scene") / "small.toml"
    path.write_text(SCENE)
    return path


@pytest.fixture(scope="session")
def stack_file(scenario_file: Path) -> Path:
    from boostwatch import cli

    path = scenario_file.with_name("small.stack.h5")
    assert cli.run(["simulate", str(scenario_file), "-o", str(path)]) == 0
    return path


@pytest.fixture(scope="session")
def events_file(stack_file: Path) -> Path:
    from boostwatch import cli

    path = stack_file.with_name("small.events.h5")
    assert cli.run(["detect", str(stack_file), "-o", str(path)]) == 0
    return path
