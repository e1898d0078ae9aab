"""What several commands have in common."""

from __future__ import annotations

import math
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import click


class Number(click.FloatRange):
    """A number within bounds; NaN is within none, though click lets it pass."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


INPUT = click.Path(path_type=Path)
OUT = click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="File to write.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
SETTINGS = click.option("--settings", type=click.Path(path_type=Path), help="TOML with the chain's settings.")
JOBS = click.option("--jobs", type=click.IntRange(1, 256), default=None, help="Threads; all cores by default.")
DATASET = click.option("--dataset", help="HDF5 path of the frames in a foreign file.")
FALSE_ALARMS = click.option(
    "--false-alarms-per-mpx", type=Number(min=0, min_open=True, max=1e4),
    help="False detections per million pixels of one band of one frame.",
)  # fmt: skip
FALSE_TRACKS = click.option(
    "--false-tracks-per-hour", type=Number(min=0, min_open=True, max=1e4),
    help="Confirmed tracks of nothing in an hour.",
)  # fmt: skip
MODE = click.option(
    "--mode", type=click.Choice(["temporal", "single"]), help="Temporal chain, or every frame by itself."
)


def part_of_run(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int | None, int | None] | None:
    """Take ``A:B``, the first frame and the one after the last, either of which may be left out."""
    if value is None:
        return None
    parts = value.split(":")
    if len(parts) != 2 or not all(part.isascii() and (part.isdigit() or not part) for part in parts):
        raise click.BadParameter(f"{value!r} is not A:B, the first frame and the one after the last.", ctx, param)
    first, stop = (int(part) if part else None for part in parts)
    return first, stop


def threads(jobs: int | None) -> int:
    """Return how many threads ``--jobs`` asks for."""
    return jobs or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else jobs or os.cpu_count() or 1


def spare(settings: Path | None, out: Path) -> None:
    """Refuse to write over the settings; other inputs are the pipeline's to spare."""
    from boostwatch import store

    store.check_output(out, [] if settings is None else [settings])


def command_line() -> str:
    """Return the command, for the provenance."""
    return shlex.join(["boostwatch", *sys.argv[1:]])
