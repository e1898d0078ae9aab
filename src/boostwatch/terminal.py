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

from boostwatch.wording import UNKNOWN, counted, events_counted, fixed, in_words, kilowatts, with_sigma

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from boostwatch.assess.table import Section
    from boostwatch.pipeline import Progress
    from boostwatch.records import EventTables, Records
    from boostwatch.scene.library import SceneSummary

_asked_to_end: list[int] = []
"""Signals that came. What they raise is lost if a callback of the HDF5 library is running just then."""
_bearable = 0
"""How many of them a command ends for by itself."""
MOST_OTHERS = 10
"""Events other than launches that a table shows."""


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


@contextmanager
def telling_compilation() -> Iterator[None]:
    """Say on stderr when the first kernel is compiled rather than found in the cache."""
    from numba.core import event

    class Teller(event.Listener):
        told = False

        def on_start(self, event: object) -> None:
            if not self.told:
                self.told = True
                click.echo("boostwatch: compiling kernels, once for each type of frames: up to a minute", err=True)

        def on_end(self, event: object) -> None:
            pass

    with event.install_listener("numba:compile", Teller()):
        yield


def print_sections(sections: Sequence[Section]) -> None:
    """Print tables with their titles and notes."""
    for section in sections:
        print_rows(section.title, section.columns, section.rows, section.note)


def print_rows(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> None:
    """Print a table; where the terminal is too narrow for its words, a list of heads and cells for each row."""
    from rich.table import Table

    columns = list(zip(heads, *rows, strict=True))
    least = [max((len(word) for cell in column for word in cell.split()), default=1) for column in columns]
    if sum(least) + 3 * len(least) + 1 <= console().width:
        table = Table(title=title, title_justify="left")
        for head, width in zip(heads, least, strict=True):
            table.add_column(head, min_width=width)
        for row in rows:
            table.add_row(*row)
    else:
        table = Table(title=title, title_justify="left", show_header=False)
        for _ in range(2):
            table.add_column(overflow="fold")
        for row in rows:
            for pair in zip(heads, row, strict=True):
                table.add_row(*pair)
            table.add_section()
    console().print(table)
    if note:
        console().print(note, style="dim")


def console() -> Console:
    """Return where tables go: as wide as the terminal, or 160 letters into a file."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160, markup=False, highlight=False)


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


def show_events(tables: EventTables, out: Path, as_json: bool) -> None:
    """Print the events written to ``out``, launches first, and how much lies behind them; notes go to stderr."""
    if as_json:
        provenance = {key: tables.provenance[key] for key in ("frames_read", "frames_flagged", "notes")}
        return echo_json({"epoch": tables.epoch, "events": event_rows(tables), **provenance})
    from boostwatch.records import launches_first

    launches, others = launches_first(tables.events)
    _print_events("Launches", tables.epoch, launches)
    _print_events("Other events, those likeliest to be launches first", tables.epoch, others[:MOST_OTHERS])
    if len(others) > MOST_OTHERS:
        more = len(others) - MOST_OTHERS
        click.echo(f"and {more} more; all of them: `boostwatch export {out} --to csv -o FILE`, or pandas")
    click.echo(
        f"{out}: {events_counted(len(launches), len(tables.events))}; {counted(len(tables.tracks), 'track')}, "
        f"{counted(len(tables.detections), 'detection')}; frames flagged: "
        f"{in_words(str(tables.provenance['frames_flagged']))}"
    )
    if tables.provenance["notes"] != "none":
        for note in str(tables.provenance["notes"]).split("; "):
            click.echo(f"boostwatch: note: {note}", err=True)


def _print_events(title: str, epoch: str, events: Records) -> None:
    """Print a table of events, if there are any, without what is known of none."""
    cells = [_event_cells(epoch, event) for event in events]
    if cells:
        heads = [head for head in cells[0] if any(line[head] != UNKNOWN for line in cells)]
        heads.remove("kind") if set(events["kind"]) == {b"launch"} else None
        note = f"Epoch {epoch}; ± is one sigma, the ellipse holds 95 % (semi-axes)."
        print_rows(title, heads, [[line[head] for head in heads] for line in cells], note)


def _event_cells(epoch: str, e: Any) -> dict[str, str]:
    """Return what a table shows of an event, by the heads of its columns."""
    from boostwatch.geometry import utc_after

    def utc(name: str) -> str:
        return utc_after(epoch, round(float(e[name]), 1))[11:21] if e[name] == e[name] else UNKNOWN

    launch, sigma = utc("launch_time_s"), fixed(e["launch_time_sigma_s"], 1)
    place = [fixed(e[name], 3) for name in ("latitude_deg", "longitude_deg")]
    ellipse = [fixed(e[f"ellipse_{axis}_km"], 1) for axis in ("major", "minor")]
    return {
        "id": str(e["event_id"]), "kind": e["kind"].decode(), "prob.": fixed(e["probability"], 2),
        "declared UTC": utc("declared_time_s"), "launch UTC": launch if sigma == UNKNOWN else f"{launch} ± {sigma} s",
        "lat lon deg": UNKNOWN if UNKNOWN in place else " ".join(place),
        "ellipse km": UNKNOWN if UNKNOWN in ellipse else " x ".join(ellipse),
        "heading deg": with_sigma(e["heading_deg"], e["heading_sigma_deg"], 0),
        "peak kW/sr": kilowatts(e["peak_intensity_w_sr"], e["peak_intensity_sigma_w_sr"]),
    }  # fmt: skip


def show_description(described: dict[str, Any]) -> None:
    """Print what `boostwatch.store.describe` says, in words."""
    for key, value in described.items():
        rows = value if isinstance(value, list) else None
        click.echo(f"{key}: {_said(key, value) if rows is None else '' if rows else 'none'}".rstrip())
        for row in rows or ():
            pairs = [f"{k} {_said(k, v)}" for k, v in row.items()] if isinstance(row, dict) else [str(row)]
            click.echo(f"  {', '.join(pairs)}")


def _said(key: str, value: object) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return in_words(str(value)) if key == "frames_flagged" else str(value)


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
    console().print(table)
