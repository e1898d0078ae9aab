"""The generator's half of the throughput benchmark: the shipped demo scene."""

from __future__ import annotations

from collections.abc import Callable

from boostwatch.scene.library import builtin
from boostwatch.scene.render import Renderer
from boostwatch.scene.scenario import Scenario
from boostwatch.settings import parse_toml


def renderer() -> tuple[Callable[[int], object], int]:
    """Return a function that renders frame ``i`` of the demo scene, and the pixels of a frame."""
    made = Renderer(parse_toml(builtin("demo"), Scenario, name="demo.toml"))
    bands, height, width = made.shape
    return made.frame, bands * height * width
