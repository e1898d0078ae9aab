"""What the commands show: progress on stderr, tables and JSON on stdout; and the request to end.

rich is heavy and stays inside the functions.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.table import Table

    from boostwatch.assess.table import Section
    from boostwatch.pipeline import Progress
    from boostwatch.records import EventTables
    from boostwatch.scene.library import SceneSummary

_asked_to_end: list[int] = []
"""Signals that came. What they raise is lost if a callback of the HDF5 library is running just then."""
_bearable = 0
"""How many of them a command ends for by itself."""
LONGEST_NAME = 24
"""Letters up to which a word in the first column is not cut."""


def end(number: int, _frame: object) -> None:
    """Take a signal as Ctrl-C."""
    _asked_to_end.append(number)
    heed()


def heed() -> None:
    """Raise what a signal asked for, if one came."""
    if len(_asked_to_end) > _bearable:
        raise KeyboardInterrupt


@contextmanager
def ending_between_steps() -> Iterator[Callable[[], bool]]:
    """Let the first signal interrupt nothing; what is yielded tells whether it came. The second one does."""
    global _bearable
    _bearable = 1
    try:
        yield lambda: bool(_asked_to_end)
    finally:
        _bearable = 0


@contextmanager
def bars() -> Iterator[Progress]:
    """Show a bar for each stage on stderr if that is a terminal, else nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda stage, done, total: heed()
        return
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # rich would move what is printed meanwhile to stderr, which is right only where both are the same terminal.
    with Bars(*columns, console=console, redirect_stdout=sys.stdout.isatty()) as shown:
        stages: dict[str, Any] = {}

        def update(stage: str, done: int, total: int) -> None:
            heed()
            if stage not in stages:
                stages[stage] = shown.add_task(stage, total=None)
            shown.update(stages[stage], completed=done, total=total or None)

        yield update


def print_sections(sections: Sequence[Section]) -> None:
    """Print tables with their titles and notes."""
    from rich.table import Table

    for section in sections:
        table = Table(title=section.title, caption=section.note or None, title_justify="left", caption_justify="left")
        for n, head in enumerate(section.columns):
            words = (word for row in section.rows for word in row[n].split()) if n == 0 else ()
            table.add_column(head, min_width=min(max(map(len, words), default=0), LONGEST_NAME) or None)
        for row in section.rows:
            table.add_row(*row)
        print_table(table)


def print_table(table: Table) -> None:
    """Print a table as wide as the terminal, or 160 letters into a file."""
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 160).print(table)


def echo_json(value: object) -> None:
    """Print a value as JSON; NaN is no JSON."""
    click.echo(json.dumps(value, indent=2, allow_nan=False))


def event_rows(tables: EventTables) -> list[dict[str, object]]:
    """Return the events as JSON objects: unknown numbers as null, kinds as text."""
    rows = []
    for event in tables.events:
        row: dict[str, object] = {}
        for name in event.dtype.names:
            value = event[name].item()
            if isinstance(value, bytes):
                value = value.decode()
            row[name] = None if isinstance(value, float) and value != value else value
        rows.append(row)
    return rows


def show_events(tables: EventTables, as_json: bool) -> None:
    """Print events, and how much lies behind them."""
    if as_json:
        provenance = {key: tables.provenance[key] for key in ("frames_read", "frames_flagged", "notes")}
        return echo_json({"epoch": tables.epoch, "events": event_rows(tables), **provenance})
    from rich.table import Table

    from boostwatch.geometry import utc_after

    def show(value: float, sigma: float | None = None, digits: int = 1) -> str:
        if value != value:
            return "-"
        return f"{value:.{digits}f}" + (f" ± {sigma:.{digits}f}" if sigma is not None and sigma == sigma else "")

    table = Table(title=f"events (times in s from {tables.epoch})", caption="± is one sigma; the ellipse holds 95 %")
    for head in ("id", "kind", "probability", "declared s", "launch s", "launch UTC", "latitude deg", "longitude deg",
                 "ellipse km", "heading deg", "peak W/sr"):  # fmt: skip
        table.add_column(head)
    for e in tables.events:
        launch = float(e["launch_time_s"])
        ellipse = f"{e['ellipse_major_km']:.1f} x {e['ellipse_minor_km']:.1f}" if e["ellipse_major_km"] > 0 else "-"
        table.add_row(
            str(e["event_id"]), e["kind"].decode(), show(e["probability"], digits=2), show(e["declared_time_s"]),
            show(launch, e["launch_time_sigma_s"]), utc_after(tables.epoch, launch)[11:-1] if launch == launch else "-",
            show(e["latitude_deg"], digits=3), show(e["longitude_deg"], digits=3), ellipse,
            show(e["heading_deg"], e["heading_sigma_deg"]),
            f"{e['peak_intensity_w_sr']:.2g} ± {e['peak_intensity_sigma_w_sr']:.1g}"
            if e["peak_intensity_w_sr"] == e["peak_intensity_w_sr"]
            else "-",
        )  # fmt: skip
    print_table(table)
    click.echo(
        f"{len(tables.detections)} detections, {len(tables.tracks)} tracks, {len(tables.events)} events; "
        f"frames flagged: {tables.provenance['frames_flagged']}"
    )
    if tables.provenance["notes"] != "none":
        click.echo(f"notes: {tables.provenance['notes']}", err=True)


def list_scenes(summaries: Sequence[SceneSummary], as_json: bool) -> None:
    """Print the scenes of the library."""
    if as_json:
        return echo_json([scene._asdict() for scene in summaries])
    from collections import Counter

    from rich.table import Table

    table = Table(caption="boostwatch simulate NAME -o STACK renders one, boostwatch scenes NAME prints it")
    for head in ("name", "description", "frames", "size px", "bands", "objects"):
        table.add_column(head, no_wrap=head in ("name", "size px"))
    for scene in summaries:
        objects = [kind if count == 1 else f"{count} {kind}" for kind, count in Counter(scene.objects).items()]
        width, height = scene.size
        table.add_row(
            scene.name, scene.description or "-", str(scene.frames), f"{width} x {height}", ", ".join(scene.bands),
            ", ".join(objects),
        )  # fmt: skip
    print_table(table)
