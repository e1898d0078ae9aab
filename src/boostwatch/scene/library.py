"""Scenarios that come with the package."""

from __future__ import annotations

import difflib
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, NamedTuple

from boostwatch.errors import NoInput

if TYPE_CHECKING:
    from boostwatch.scene.scenario import Scenario


class SceneSummary(NamedTuple):
    """What a list of scenes says about one: ``size`` is (width, height), ``objects`` their kinds in order."""

    name: str
    description: str
    frames: int
    size: tuple[int, int]
    bands: tuple[str, ...]
    objects: tuple[str, ...]


def builtin_names() -> list[str]:
    """Return the names that `builtin` knows, in alphabetical order."""
    folder = files("boostwatch.scene").joinpath("scenarios")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def builtin_file(name: str) -> Traversable:
    """Return the file of a scenario that comes with the package.

    Raises
    ------
    NoInput
        No scenario of that name; the message has those of similar names.
    """
    names = builtin_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, 3, 0.5)
        raise NoInput("no such built-in scenario", found=name, allowed=" or ".join(near) if near else ", ".join(names))
    return files("boostwatch.scene").joinpath(f"scenarios/{name}.toml")


def builtin(name: str) -> str:
    """Return the TOML text of a scenario that comes with the package, such as ``"demo"``.

    Raises
    ------
    NoInput
        No scenario of that name.
    """
    return builtin_file(name).read_text("utf-8")


def load(name: str) -> Scenario:
    """Return a scenario that comes with the package; NoInput where there is none of that name."""
    from boostwatch.scene.scenario import Scenario
    from boostwatch.settings import parse_toml

    return parse_toml(builtin(name), Scenario, name=name)


def summary(name: str) -> SceneSummary:
    """Return what a list says about a scenario; NoInput where there is none of that name."""
    scene = load(name)
    return SceneSummary(
        name, scene.description, scene.n_frames, (scene.sensor.width, scene.sensor.height),
        tuple(band.name for band in scene.sensor.bands), tuple(item.kind for item in scene.objects),
    )  # fmt: skip
