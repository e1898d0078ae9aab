"""Boostwatch: synthetic infrared frames with missile plumes, and the chain that turns frames into launch events."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import platformdirs

from boostwatch.version import __version__

if TYPE_CHECKING:
    from boostwatch.face import (
        Events,
        Score,
        Stack,
        Track,
        detect,
        export,
        open_events,
        open_stack,
        report,
        score,
        track,
    )
    from boostwatch.pipeline import render as simulate
    from boostwatch.scene.scenario import Scenario
    from boostwatch.sensor import Band, Sensor
    from boostwatch.settings import ChainSettings

__all__ = [
    "Band", "ChainSettings", "Events", "Scenario", "Score", "Sensor", "Stack", "Track", "__version__", "detect",
    "export", "open_events", "open_stack", "report", "score", "simulate", "track",
]  # fmt: skip

_FACE = (
    "Events", "Score", "Stack", "Track", "detect", "export", "open_events", "open_stack", "report", "score", "track",
)  # fmt: skip
_HOMES = {
    "Band": ("boostwatch.sensor", "Band"),
    "ChainSettings": ("boostwatch.settings", "ChainSettings"),
    "Scenario": ("boostwatch.scene.scenario", "Scenario"),
    "Sensor": ("boostwatch.sensor", "Sensor"),
    "simulate": ("boostwatch.pipeline", "render"),
    **{name: ("boostwatch.face", name) for name in _FACE},
}
"""Where the names come from, which are loaded on their first use: ``import boostwatch`` alone stays quick."""

# The kernels know no other package, so they are told here where compiled code may be kept.
os.environ.setdefault("BOOSTWATCH_CACHE_DIR", platformdirs.user_cache_dir("boostwatch"))


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home, own = _HOMES[name]
    return getattr(import_module(home), own)


def __dir__() -> list[str]:
    """Return the public names, those that are loaded on their first use too."""
    return __all__


class _Package(ModuleType):
    """Keeps ``boostwatch.detect`` and ``boostwatch.track`` the functions, whichever modules were imported before.

    The import system binds a subpackage to its parent when it is first imported, which would hide the function of the
    same name. ``from boostwatch.detect import ...`` does not need that.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
