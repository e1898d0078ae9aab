"""Libraries that are not needed to run Boostwatch: loaded when asked for, and named where they are missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from boostwatch.errors import UsageError


def needed(package: str, what: str) -> Any:
    """Return a package that ``what`` needs.

    Raises
    ------
    UsageError
        It is not installed; says how to.
    """
    try:
        return import_module(package)
    except ImportError:
        raise UsageError(
            f"needs the package {package}", place=what, allowed="install the extra: pip install 'boostwatch[notebook]'"
        ) from None


def found(package: str) -> bool:
    """Tell whether a package is installed."""
    try:
        import_module(package)
    except ImportError:
        return False
    return True
