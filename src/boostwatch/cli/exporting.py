"""Command `export`: tables, maps, pictures and films of events."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from boostwatch.cli.options import INPUT, OUT, Number, part_of_run
from boostwatch.terminal import bars
from boostwatch.wording import counted

if TYPE_CHECKING:
    from boostwatch.records import EventTables

_TABLES: Final = ("csv", "czml", "ecsv", "geojson", "kml", "parquet")
_FILMS: Final = ("gif", "mp4")
_FORMATS: Final = tuple(sorted([*_TABLES, *_FILMS, "png"]))
_ONLY: Final = {
    "stack": (*_FILMS, "png"), "dataset": (*_FILMS, "png"), "band": (*_FILMS, "png"), "view": (*_FILMS, "png"),
    "scale": (*_FILMS, "png"), "frame": ("png",), "frames": _FILMS, "every": _FILMS, "fps": _FILMS, "max_size": _FILMS,
}  # fmt: skip
"""Which formats an option is for."""
_WITHOUT_PLACE: Final = {"geojson": "without geometry", "kml": "left out", "czml": "left out"}


class _Scale(Number):
    """A whole number, or one over a whole number."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = super().convert(value, param, ctx)
        whole = number if number >= 1 else 1 / number
        if abs(whole - round(whole)) > 0.01 * whole:
            self.fail(f"{value} is neither a whole number nor one over a whole number.", param, ctx)
        return number


@click.command()
@click.argument("events", type=INPUT)
@click.option("--to", type=click.Choice(_FORMATS), required=True, help="What to write.")
@OUT
@click.option("--stack", type=INPUT, help="gif, mp4, png: the stack that the events came from; needed.")
@click.option("--dataset", help="gif, mp4, png: HDF5 path of the frames in a foreign stack.")
@click.option("--band", metavar="NAME", help="gif, mp4, png: the band shown; the first by default.")
@click.option("--view", type=click.Choice(["contrast", "whitened"]),
              help="gif, mp4, png: grey by percentiles (default), or what is above background and noise.")  # fmt: skip
@click.option("--scale", type=_Scale(min=1 / 64, max=32),
              help="gif, mp4, png: film pixels a pixel, 3 or 0.5; by default near 640 in all.")  # fmt: skip
@click.option("--frame", type=click.IntRange(0), help="png: which; by default that of the first declared launch.")
@click.option("--frames", metavar="A:B", callback=part_of_run,
              help="gif, mp4: from frame A to that before B; all by default.")  # fmt: skip
@click.option("--every", type=click.IntRange(1), help="gif, mp4: every Nth frame; by default as many as fit.")
@click.option("--fps", type=Number(min=0.1, max=50), help="gif, mp4: frames a second; 10 by default.")
@click.option("--max-size", type=Number(min=0.01, max=100_000), metavar="MB",
              help="gif, mp4: most megabytes; 10 and 50 by default.")  # fmt: skip
def export(events: Path, to: str, out: Path, **options: Any) -> None:
    """Write the EVENTS for a spreadsheet, a map or a data frame, or with --stack as a picture or a film.

    See docs/export.md for what is in each format.
    """
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if to not in _ONLY[name]:
            raise click.UsageError(f"--{name.replace('_', '-')} is for --to {', '.join(_ONLY[name])}, not {to}.")
    if to in _TABLES:
        return _table(events, to, out)
    if "stack" not in given:
        raise click.UsageError(f"--to {to} needs --stack, the frames that the events came from.")
    if to == "png":
        return _picture(events, out, given)
    if {"every", "max_size"} <= set(given) and to == "gif":
        raise click.UsageError("of --every and --max-size a gif takes one: either says how many frames it has.")
    _film(events, to, out, given)


def _table(events: Path, to: str, out: Path) -> None:
    from boostwatch import store

    store.check_output(out, [events])
    tables = store.read_events(events)
    store.export_events(tables, to, out)
    click.echo(f"{out}: {counted(len(tables.events), 'event')}")
    if to in _WITHOUT_PLACE:
        _tell_unplaced(tables, _WITHOUT_PLACE[to])


def _tell_unplaced(tables: EventTables, outcome: str) -> None:
    """Say on stderr how many events are on no map, and why."""
    import numpy as np

    def unknown(rows: Any, *names: str) -> Any:
        return ~np.all([np.isfinite(rows[name]) for name in names], axis=0)

    missing = int(unknown(tables.events, "latitude_deg", "longitude_deg").sum())
    if not missing:
        return
    blind = bool(unknown(tables.track_points, "los_x", "los_y", "los_z").all())
    reason = "the stack told no pointing" if blind else "their lines of sight meet no ground, or they are defects"
    has, are = ("has", "is") if missing == 1 else ("have", "are")
    of = counted(len(tables.events), "event")
    click.echo(f"{missing} of {of} {has} no place on Earth and {are} {outcome}: {reason}", err=True)


def _picture(events: Path, out: Path, given: dict[str, Any]) -> None:
    from boostwatch import pipeline

    frame, (width, height) = pipeline.picture(events, out, **given)
    click.echo(f"{out}: frame {frame}, {width} x {height} px")


def _film(events: Path, to: str, out: Path, given: dict[str, Any]) -> None:
    from boostwatch import pipeline

    most = given.pop("max_size", None)
    with bars() as progress:
        made = pipeline.film(events, out, to=to, most_megabytes=most, on_progress=progress, **given)
    fps = given.get("fps", 10.0)
    width, height = made.size
    click.echo(
        f"{out}: {made.frames} of {made.of} frames, {width} x {height} px, {made.frames / fps:.1f} s at {fps:g} frames "
        f"a second, {made.bytes / 1e6:.2f} MB"
    )
    if made.every > 1 and "every" not in given:
        most = most or pipeline.MOST_MEGABYTES[to]
        limit = f"a GIF of {most:g} MB" if to == "gif" else f"an MP4 of {pipeline.MOST_MP4_FRAMES} frames"
        other = "--max-size, --scale or --frames for others; " if to == "gif" else ""
        click.echo(f"one frame in {made.every} is shown, to make {limit}; {other}--every 1 for all", err=True)
