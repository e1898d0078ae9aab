"""What `watch` keeps on disk, so that one that was killed goes on where it was.

The chain is deterministic and the frames stay in the stack. So what is kept is not the inside of detector and tracker
but how far they were and a digest of all they said: after a kill the frames are taken again from the first, silently
as far as lines were printed, and the digest proves that nothing differs. No state can be read that does harm.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from boostwatch import store
from boostwatch.errors import BadData, NoInput
from boostwatch.version import __version__

FORMAT: Final = "boostwatch.watch"
VERSION: Final = 1
MAX_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Identity:
    """What must be the same for a watch to go on: the program, its settings, the stack."""

    creator: str
    settings: str
    epoch: str
    bands: int
    height: int
    width: int
    dtype: str
    frame_period_s: float
    first_frame_crc32: int


@dataclass(frozen=True)
class Progress:
    """How far a watch is."""

    frames: int = 0
    lines: int = 0
    results_sha256: str = hashlib.sha256().hexdigest()


def creator() -> str:
    """Return who writes a state."""
    return f"boostwatch {__version__}"


def save(path: str | Path, identity: Identity, progress: Progress) -> None:
    """Write a state whole or not at all."""
    content = {"format": FORMAT, "format_version": VERSION, "identity": asdict(identity), "progress": asdict(progress)}
    store.write_bytes(path, (json.dumps(content, indent=1) + "\n").encode("utf-8"))


def load(path: str | Path) -> tuple[Identity, Progress] | None:
    """Read a state; None if there is no such file.

    Raises
    ------
    NoInput
        It cannot be read.
    BadData
        It is no state of a watch, or of another version.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NoInput(f"cannot be read: {error.strerror}", path=path) from None
    try:
        content = json.loads(data) if len(data) <= MAX_BYTES else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BadData("is no state of a watch; it is left as it is", path=path, allowed="a file that watch wrote")
    if content.get("format_version") != VERSION:
        found = content.get("format_version")
        raise BadData("is of another version", path=path, place="format_version", found=found, allowed=str(VERSION))
    return _fill(Identity, content, "identity", path), _fill(Progress, content, "progress", path)


def _fill(model: type[Any], content: dict[str, Any], part: str, path: str | Path) -> Any:
    values, fields = content.get(part), model.__dataclass_fields__
    if not isinstance(values, dict) or set(values) != set(fields):
        raise BadData("is damaged", path=path, place=part, allowed=", ".join(fields))
    for name, field in fields.items():
        kinds = {"str": str, "int": int, "float": int | float}[str(field.type)]
        value = values[name]
        if not isinstance(value, kinds) or isinstance(value, bool) or (isinstance(value, int) and value < 0):
            raise BadData("is damaged", path=path, place=f"{part}.{name}", found=value, allowed=str(field.type))
    return model(**values)


def require_same(kept: Identity, now: Identity, path: str | Path) -> None:
    """Raise BadData if a state is that of another run."""
    for name, value in asdict(now).items():
        old = getattr(kept, name)
        if old != value:
            text = "belongs to a watch of another stack, of other settings or by another version"
            raise BadData(
                text, path=path, place=f"identity.{name}", found=_short(old, value), allowed=_short(value, old)
            )


def _short(value: object, other: object) -> Any:
    """Return a value, of two texts of many lines the first line in which they differ."""
    if not (isinstance(value, str) and isinstance(other, str)):
        return value if isinstance(value, int | float) else str(value)
    mine, others = value.split("\n"), other.split("\n")
    return next((line for k, line in enumerate(mine) if k >= len(others) or line != others[k]), "nothing more")
