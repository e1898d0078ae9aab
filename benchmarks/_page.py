"""Tables between markers of a page that people write; the prose around them stays.

    <!-- table: NAME.KEY; COMMIT; COMMAND -->
    | ... |
    <!-- end -->

A table that was not made again stays as it is. A quick one never takes the place of one made by another command. Where
the code has changed since a table's commit, a line under it says so.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks._table import table

BLOCK = re.compile(
    r"<!-- table: (?P<key>[^;\n]+); (?P<commit>[^;\n]+); (?P<command>[^\n]+?) -->\n(?P<body>.*?)<!-- end -->", re.S
)
STALE = "*Stale: "
ROOT = Path(__file__).resolve().parent.parent
CODE = ("src", "kernels")


def block(key: str, commit: str, command: str, body: str) -> str:
    """Return a table between its markers."""
    return f"<!-- table: {key}; {commit}; {command} -->\n{body.strip()}\n<!-- end -->"


def changed_since(commit: str) -> bool:
    """Whether the package differs from what it was at a commit, given with or without words behind it."""
    first = commit.split()[0]
    if first.endswith("+") or first == "unknown":
        return True  # nobody can tell what that was
    try:
        done = subprocess.run(["git", "diff", "--quiet", first, "--", *CODE], cwd=ROOT, capture_output=True)
    except OSError:
        return False  # no git: nothing is said
    return done.returncode == 1  # 128: a clone without that commit


def replace(
    page: str, found: Sequence[dict[str, Any]], stale: Callable[[str], bool] = changed_since
) -> tuple[str, list[str]]:
    """Return the page with the tables of the runs in it, and what is to be said: kept, stale, without a place.

    Parameters
    ----------
    page : str
        Markdown with markers.
    found : sequence of dict
        Objects of runs, see `_contract.document`.
    stale : callable
        Whether the package has changed since a commit.
    """
    fresh = {f"{one['name']}.{t['key']}": (one, t) for one in found for t in one["tables"]}
    placed: set[str] = set()
    notes: list[str] = []

    def put(match: re.Match[str]) -> str:
        key, commit, command, body = match.group("key", "commit", "command", "body")
        if key in fresh:
            placed.add(key)
            one, new = fresh[key]
            if "--quick" not in one["command"].split() or one["command"] == command:
                text = table(new["header"], new["rows"], markdown=True)
                return block(key, one["environment"]["commit"], one["command"], text)
            notes.append(f"kept: {key}, made by {command}: a quick run does not replace it")
        lines = [line for line in body.splitlines() if not line.startswith(STALE)]
        text = "\n".join(lines).strip()
        if stale(commit):
            notes.append(f"stale: {key}, made at {commit}")
            text += f"\n\n{STALE}made at {commit}; the package has changed since.*"
        return block(key, commit, command, text)

    out = BLOCK.sub(put, page)
    notes += [f"no place in the page: {key}" for key in fresh if key not in placed]
    return out, notes


def whole_page(found: Sequence[dict[str, Any]]) -> str:
    """Return a page of its own with all tables of some runs, each with what it ran on."""
    out = ["# Benchmarks", "", "Intervals `[low, high]` hold 90 %."]
    for one in found:
        told = "  ".join(f"{k} {v}" for k, v in one["environment"].items())
        out += ["", f"## {one['name']}: {one['question']}", "", f"    {one['command']}", ""]
        out += [f"Seeds: {one['seeds']}. {one['seconds']:.0f} s.", ""]
        for each in one["tables"]:
            key = f"{one['name']}.{each['key']}"
            text = table(each["header"], each["rows"], markdown=True)
            out += [f"{each['title']}:", "", block(key, one["environment"]["commit"], one["command"], text), ""]
        out += [*(f"- {note}" for note in one["notes"]), *([""] if one["notes"] else []), f"Ran on: {told}"]
    return "\n".join(out) + "\n"
