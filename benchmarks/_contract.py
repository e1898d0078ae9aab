"""What a benchmark is: a question, options, and a run that gives tables, headline figures and plots.

A module of this folder is a benchmark if it has

- ``QUESTION``, one line, and ``QUICK_S``, the seconds that its quick run should take at most;
- ``arguments() -> ArgumentParser``, from `_options.parser`;
- ``run(options) -> Result``;

and ends with ``raise SystemExit(main(__name__, arguments, run))`` (`main` below) where it is started as a script.
Nothing else is needed to join ``python -m benchmarks``.
"""

from __future__ import annotations

import argparse
import json
import math
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmarks._environment import environment, print_environment
from benchmarks._statistics import Interval
from benchmarks._table import section

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Table:
    """A titled table of texts; the key names it in pages."""

    key: str
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Headline:
    """A figure that later runs are held against; positive, best a ratio.

    ``better``: ``lower``, ``higher``, or ``near`` the goal. ``timed`` figures depend on the processor.
    """

    name: str
    value: float
    better: Literal["lower", "higher", "near"]
    unit: str = "1"
    goal: float | None = None
    low: float | None = None
    high: float | None = None
    timed: bool = False

    def __post_init__(self) -> None:
        if self.better == "near" and not self.goal:
            raise ValueError(f"headline {self.name!r}: what should be near a goal needs one above zero")

    @classmethod
    def of(cls, name: str, interval: Interval, better: Literal["lower", "higher", "near"], **more: Any) -> Headline:
        """Return one with the interval's own bounds."""
        return cls(name, interval.value, better, low=interval.low, high=interval.high, **more)


@dataclass(frozen=True)
class Series:
    """Points of a plot, with intervals where there are some; ``x`` are names where the plot has bars."""

    label: str
    x: Sequence[Any]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    mark: bool = False
    """Goals and references: drawn as marks on bars, as a thin line on lines."""


@dataclass(frozen=True)
class Plot:
    """What a plot shows, without a plotting library; the labels carry the units."""

    key: str
    title: str
    x_label: str
    y_label: str
    series: Sequence[Series]
    kind: Literal["bars", "lines"] = "bars"
    log_x: bool = False
    log_y: bool = False


@dataclass
class Result:
    """What a run gave. ``figures`` is everything behind the tables, ``notes`` are lines: who is missing, what is small.

    ``failed`` makes the script end with exit code 1, where it is a check.
    """

    seeds: str
    tables: list[Table]
    headline: list[Headline] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    figures: Any = None
    failed: bool = False


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: what is not finite becomes None, paths and NumPy scalars become plain."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, Path):
        return value.name
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def document(name: str, question: str, words: Sequence[str], result: Result, spent_s: float) -> dict[str, Any]:
    """Return the JSON object of a run."""
    out: dict[str, Any] = plain({
        "name": name, "question": question, "command": shlex.join(["python", "-m", f"benchmarks.{name}", *words]),
        "environment": environment(), "seconds": round(spent_s, 1), **asdict(result),
    })  # fmt: skip
    return out


def main(module: str, arguments: Callable[[], argparse.ArgumentParser], run: Callable[[Any], Result]) -> int:
    """Run a benchmark as a script: its tables, or one JSON object, on stdout."""
    words = sys.argv[1:]
    options = arguments().parse_args(words)
    here = sys.modules[module]
    name = Path(str(here.__file__)).stem
    start = time.perf_counter()
    result = run(options)
    spent = time.perf_counter() - start
    if options.json:
        told = [w for w in words if w not in ("--json", "--markdown")]
        print(json.dumps(document(name, here.QUESTION, told, result, spent), allow_nan=False))
        return int(result.failed)
    print_environment()
    for each in result.tables:
        print(section(each.title, each.header, each.rows, markdown=options.markdown))
    print("\n" + "\n".join([*result.notes, f"seeds: {result.seeds}; {spent:.0f} s"]))
    return int(result.failed)
