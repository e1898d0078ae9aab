"""Finds the benchmarks of this folder and runs one in a process of its own."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
CLEAR_OF = 10.0
"""A quick run is stopped at so many times its budget."""


class Run(NamedTuple):
    """What became of a benchmark: its object, or why there is none."""

    name: str
    seconds: float
    found: dict[str, Any] | None
    why: str = ""


def discover() -> dict[str, ModuleType]:
    """Return the modules that keep the contract of `_contract.py`, by name."""
    files = [path for path in sorted(HERE.glob("*.py")) if not path.name.startswith("_")]
    asking = [path.stem for path in files if "\nQUESTION = " in path.read_text("utf-8")]
    return {name: importlib.import_module(f"benchmarks.{name}") for name in asking}


def run(name: str, *, quick: bool, budget_s: float) -> Run:
    """Run one in a process of its own, so that threads, caches and memory of one do not touch the next."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json", *(["--quick"] if quick else [])]
    start = time.perf_counter()
    terminal = sys.stderr.isatty()
    try:
        done = subprocess.run(
            command, cwd=HERE.parent, stdout=subprocess.PIPE, stderr=None if terminal else subprocess.PIPE, text=True,
            timeout=CLEAR_OF * budget_s if quick else None,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Run(name, time.perf_counter() - start, None, f"stopped at {CLEAR_OF:g} times its budget")
    spent = time.perf_counter() - start
    try:
        found = dict(json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError):
        last = (done.stderr or "").strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        return Run(name, spent, None, last[0])
    found.pop("figures", None)
    return Run(name, spent, found)
