"""Tables that the site makes from the code: every key of the TOML files, every command, pages of the repository's root.

A page asks for one by a line such as ``<!-- made: scenario -->``. Where the page is read as it is, nothing shows there,
and the text says by which command the same can be had.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from boostwatch.settings import Unit

ROOT = Path(__file__).parent.parent
MARK = re.compile(r"^<!-- made: (\w+) -->$", re.MULTILINE)
NOTHING = "No keys besides."


def filled(text: str) -> str:
    """Return a page with all its tables."""
    return MARK.sub(lambda found: MAKERS[found[1]](), text)


def scenario() -> str:
    """Return tables of all keys of a scenario."""
    from boostwatch.scene.scenario import Scenario

    return _tables(Scenario, "The scenario itself")


def settings() -> str:
    """Return tables of all keys of the chain's settings."""
    from boostwatch.settings import ChainSettings

    return _tables(ChainSettings, "")


def commands() -> str:
    """Return what ``--help`` says of each command."""
    import click

    from boostwatch.cli import cli

    parts = []
    for name, command in cli.commands.items():
        context = click.Context(command, info_name=f"boostwatch {name}", max_content_width=100, terminal_width=100)
        parts.append(f"## {name}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def changes() -> str:
    """Return the changelog, without its title."""
    return _of_root("CHANGELOG.md")


def contributing() -> str:
    """Return the rules for contributions, without their title."""
    return _of_root("CONTRIBUTING.md")


MAKERS = {f.__name__: f for f in (scenario, settings, commands, changes, contributing)}


def _of_root(name: str) -> str:
    return (ROOT / name).read_text("utf-8").partition("\n")[2]


def _tables(root: type[BaseModel], title: str) -> str:
    """Return a table of keys for a model and for each that is in it, in the order in which a reader meets them."""
    parts, waiting, seen = [], [(title, root)], set()
    while waiting:
        where, model = waiting.pop(0)
        inside = []
        rows = []
        for key, field in model.model_fields.items():
            for part in _models(field.annotation):
                if part not in seen:
                    seen.add(part)
                    inside.append((_place(where if model is not root else "", key, part, field), part))
            if key != "kind":  # it stands in the heading
                rows.append(f"| `{key}` | {_text(field.description or '')} | {_default(field)} | {_allowed(field)} |")
        waiting[:0] = inside
        if model is root and not title:
            continue
        about = (model.__doc__ or "").strip().split("\n")[0]
        head = f"### {where}" if model is root else f"### `{where}`"
        table = "| key | meaning | default | allowed |\n|---|---|---|---|\n" + "\n".join(rows)
        parts.append(f"{head}\n\n{about}\n\n{table if rows else NOTHING}\n")
    return "\n".join(parts)


def _place(above: str, key: str, model: type[BaseModel], field: FieldInfo) -> str:
    """Return how a file writes a table: ``[sensor]``, ``[[objects]] kind = "fire"``."""
    path = ".".join(filter(None, [re.sub(r"[\[\]]| kind = .*", "", above), key]))
    shown = f"[[{path}]]" if "tuple" in str(field.annotation) else f"[{path}]"
    kind = model.model_fields.get("kind")
    return f'{shown} kind = "{kind.default}"' if kind is not None else shown


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for part in get_args(kind):
        yield from _models(part)


Bound = tuple[float, bool] | None
"""A value, and whether it is allowed itself."""


def _facts(field: FieldInfo) -> tuple[Unit | None, tuple[Bound, Bound], Any]:
    """Return unit, bounds and plain type of a field, those inside ``... | None`` too."""
    metadata, kind = list(field.metadata), field.annotation
    if get_origin(kind) in (Union, types.UnionType):
        (kind, *_) = (part for part in get_args(kind) if part is not type(None))
    while hasattr(kind, "__metadata__"):
        for item in kind.__metadata__:
            metadata += item.metadata if isinstance(item, FieldInfo) else [item]
        kind = kind.__origin__
    unit = next((item for item in metadata if isinstance(item, Unit)), None)
    low = [(item.ge, True) for item in metadata if hasattr(item, "ge")] + [
        (item.gt, False) for item in metadata if hasattr(item, "gt")
    ]
    high = [(item.le, True) for item in metadata if hasattr(item, "le")] + [
        (item.lt, False) for item in metadata if hasattr(item, "lt")
    ]
    return unit, (max(low, default=None, key=lambda b: (b[0], not b[1])), min(high, default=None)), kind


def _number(value: float) -> str:
    return f"{value:.6g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def _default(field: FieldInfo) -> str:
    unit, (low, _), _ = _facts(field)
    value = field.default
    if field.is_required():
        return "needed"
    if value is None or value == "" or value == () or list(_models(field.annotation)):
        return ""
    if unit is not None and low is not None and value < low[0]:
        return ""  # stands for: not given
    if unit is not None:
        return f"`{_number(value)}\N{NO-BREAK SPACE}{unit.shown}`"
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value)
    return f"`{_number(value) if isinstance(value, float) else value}`"


def _allowed(field: FieldInfo) -> str:
    unit, (low, high), kind = _facts(field)
    if choices := _choices(kind):
        return ", ".join(f"`{each}`" for each in choices)
    if low and high and low[1] and high[1]:
        shown = f"{_number(low[0])} to {_number(high[0])}"
    else:
        words = [(low, "at least", "more than"), (high, "at most", "less than")]
        shown = ", ".join(f"{yes if b[1] else no} {_number(b[0])}" for b, yes, no in words if b)
    return " ".join(filter(None, [shown, unit.shown if unit else ""]))


def _choices(kind: Any) -> list[str]:
    if get_origin(kind) is Literal:
        return [str(each) for each in get_args(kind)]
    return [each for part in get_args(kind) if not isinstance(part, type) for each in _choices(part)]


def _text(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")
