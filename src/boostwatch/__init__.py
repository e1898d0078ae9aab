"""Boostwatch: synthetic infrared frames with missile plumes, and the chain that turns frames into launch events."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import platformdirs

from boostwatch.version import __version__

if TYPE_CHECKING:
    from boostwatch.pipeline import render as simulate
    from boostwatch.scene.scenario import Scenario

__all__ = ["Scenario", "__version__", "simulate"]

# The kernels know no other package, so they are told here where compiled code may be kept.
os.environ.setdefault("BOOSTWATCH_CACHE_DIR", platformdirs.user_cache_dir("boostwatch"))


def __getattr__(name: str) -> Any:
    """Load the functions of the package on their first use: ``import boostwatch`` alone stays quick."""
    if name == "simulate":
        from boostwatch.pipeline import render

        return render
    if name == "Scenario":
        from boostwatch.scene.scenario import Scenario

        return Scenario
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names, those that are loaded on their first use too."""
    return __all__
