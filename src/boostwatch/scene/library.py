"""Scenarios that come with the package."""

from __future__ import annotations

from importlib.resources import files

from boostwatch.errors import NoInput


def builtin_names() -> list[str]:
    """Return the names that `builtin` knows."""
    folder = files("boostwatch.scene").joinpath("scenarios")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def builtin(name: str) -> str:
    """Return the TOML text of a scenario that comes with the package, such as ``"demo"``.

    Raises
    ------
    NoInput
        No scenario of that name.
    """
    if name not in builtin_names():
        raise NoInput("no such built-in scenario", found=name, allowed=", ".join(builtin_names()))
    return files("boostwatch.scene").joinpath(f"scenarios/{name}.toml").read_text("utf-8")
