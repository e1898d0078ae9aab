"""The command line. Heavy imports stay inside the commands: ``--help`` answers at once.

Results go to stdout (``--json`` for machines), progress and errors to stderr. Exit codes: 0 done, 2 usage, 65 bad
data, 66 no such input, 70 internal, 73 cannot create, 74 I/O error, 130 interrupted (SIGINT, SIGTERM); 1 is kept for a
threshold asked for that was missed.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

import boostwatch
from boostwatch.cli.exporting import export
from boostwatch.cli.options import (
    DATASET,
    FALSE_ALARMS,
    FALSE_TRACKS,
    INPUT,
    JOBS,
    JSON,
    MODE,
    OUT,
    SETTINGS,
    Number,
    command_line,
    part_of_run,
    spare,
    threads,
)  # fmt: skip
from boostwatch.cli.scoring import score
from boostwatch.cli.watching import watch
from boostwatch.errors import BoostwatchError, StorageError
from boostwatch.terminal import (
    bars,
    echo_json,
    end,
    event_rows,
    list_scenes,
    print_sections,
    show_description,
    show_events,
    telling_compilation,
)
from boostwatch.wording import counted, events_counted


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(boostwatch.__version__, prog_name="boostwatch")
def cli() -> None:
    """Render infrared frames with missile plumes, find them, follow them, and write launch events.

    Start with `boostwatch demo`.
    """


@cli.command()
@click.argument("directory", type=INPUT, default=Path("boostwatch-demo"))
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Root seed; the scene's own by default.")
@JOBS
@JSON
def demo(directory: Path, seed: int | None, jobs: int | None, as_json: bool) -> None:
    """Render, detect, score and show a small two-launch scene.

    Leaves demo.stack.h5, demo.events.h5 and demo.png in DIRECTORY.
    """
    from importlib.util import find_spec

    from boostwatch import pipeline

    picture = find_spec("matplotlib") is not None
    with bars() as progress, telling_compilation():
        done = pipeline.demo(
            directory, seed=seed, jobs=threads(jobs), picture=picture, command=command_line(), on_progress=progress
        )
    if as_json:
        files = {"stack": str(done.stack), "events": str(done.events), "picture": str(done.picture or "")}
        return echo_json({"files": files, "score": done.score.as_dict(), "events": event_rows(done.tables)})
    print_sections(done.score.brief())
    launches = int((done.tables.events["kind"] == b"launch").sum())
    click.echo(events_counted(launches, len(done.tables.events)))
    click.echo(f"frames  {done.stack}\nevents  {done.events}")
    click.echo(f"picture {done.picture}" if picture else "no picture: install boostwatch[plot] to have one")
    click.echo(f"more:   boostwatch score {done.events} --truth {done.stack}")
    click.echo(f"        boostwatch report {done.events} --stack {done.stack} -o report.html")


@cli.command()
@click.argument("name", required=False)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write the scene's TOML to a new file.")
@JSON
def scenes(name: str | None, out: Path | None, as_json: bool) -> None:
    """List the scenes that come with the package, or print one as TOML to start from.

    Each can be rendered by its name: `boostwatch simulate limb -o limb.h5`.
    """
    from boostwatch.errors import CannotCreate, UsageError
    from boostwatch.scene import library

    if name is None:
        if out is not None:
            raise UsageError("--out needs the name of a scene", allowed=", ".join(library.builtin_names()))
        return list_scenes([library.summary(each) for each in library.builtin_names()], as_json)
    text = library.builtin(name)
    if out is not None:
        from boostwatch import store

        store.check_output(out)
        if out.exists():  # it may be somebody's own edit of the scene
            raise CannotCreate("is there already", path=out, allowed="a new file")
        store.write_bytes(out, text.encode("utf-8"))
    if as_json:
        written = {} if out is None else {"file": str(out)}
        return echo_json({**library.summary(name)._asdict(), **written, "toml": text})
    click.echo(text if out is None else f"{out}: {name}", nl=out is not None)


@cli.command()
@click.argument("scenario", type=INPUT)
@OUT
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Root seed; the scenario's own by default.")
@click.option("--frames", metavar="A:B", callback=part_of_run,
              help="Only those from A to the one before B, the same as in the whole run.")  # fmt: skip
@JOBS
@JSON
def simulate(
    scenario: Path,
    out: Path,
    seed: int | None,
    frames: tuple[int | None, int | None] | None,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Render the SCENARIO into a labelled frame stack.

    SCENARIO is a TOML file or, where there is no such file, the name of a scene that `boostwatch scenes` lists.
    """
    from boostwatch import pipeline, store
    from boostwatch.scene.scenario import Scenario
    from boostwatch.settings import read_toml

    store.check_output(out, [scenario])
    with _scenario_file(scenario) as path, bars() as progress, telling_compilation():
        pipeline.check_scenario(path, seed=seed)
        model = read_toml(path, Scenario)
        made = pipeline.simulate(
            model,
            out,
            base=path.parent,
            seed=seed,
            jobs=threads(jobs),
            frames=frames or (None, None),
            on_progress=progress,
        )
    count, bands, height, width = made.shape
    kinds = [kind.decode() for kind in made.objects["kind"]]
    if as_json:
        return echo_json({"stack": str(out), "shape": list(made.shape), "seed": made.seed, "objects": kinds})
    click.echo(
        f"{out}: {counted(count, 'frame')}, {counted(bands, 'band')}, {width} x {height} px, seed {made.seed}; "
        f"{', '.join(kinds)}"
    )


@cli.command("import")
@click.argument("files", type=INPUT, nargs=-1, required=True)
@OUT
@click.option("--dataset", help="HDF5 path, FITS extension or NPZ name of the frames.")
@click.option("--frame-period", "frame_period_s", type=Number(min=1e-6, max=1e9),
              help="Seconds between frames where the files do not tell; 1 by default.")  # fmt: skip
@click.option("--epoch", help="ISO 8601 UTC time of the first frame where the files do not tell.")
@JSON
def import_(
    files: Sequence[Path], out: Path, dataset: str | None, frame_period_s: float | None, epoch: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Bring FITS, NPY/NPZ, PNG/TIFF/BMP sequences or foreign HDF5 into a frame stack.

    What it had to suppose, because neither the files nor an option told, is on stderr.
    """
    from boostwatch import store

    with bars() as progress:
        made = store.import_frames(
            files, out, dataset=dataset, frame_period_s=frame_period_s, epoch=epoch,
            on_progress=lambda done, total: progress("importing", done, total),
        )  # fmt: skip
    if as_json:
        return echo_json({"stack": str(out), **made})
    click.echo(
        f"{out}: {counted(made['frames'], 'frame')}, {counted(made['bands'], 'band')}, {made['width']} x "
        f"{made['height']} px, {made['dtype']}; {made['duration_s']:g} s from {made['epoch']}, times from "
        f"{made['time_from']}"
    )
    for note in [*made["supposed"], *made["notes"]]:
        click.echo(f"boostwatch: note: {note}", err=True)


@cli.command()
@click.argument("stack", type=INPUT)
@OUT
@FALSE_ALARMS
@MODE
@FALSE_TRACKS
@SETTINGS
@DATASET
@JOBS
@JSON
def detect(
    stack: Path, out: Path, false_alarms_per_mpx: float | None, mode: str | None, false_tracks_per_hour: float | None,
    settings: Path | None, dataset: str | None, jobs: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Find plumes in STACK, follow them, and write launch events."""
    from boostwatch import pipeline

    spare(settings, out)
    chain = pipeline.chain_settings(
        settings, false_alarms_per_mpx=false_alarms_per_mpx, mode=mode, false_tracks_per_hour=false_tracks_per_hour
    )
    with bars() as progress, telling_compilation():
        tables = pipeline.detect(
            stack,
            out,
            settings=chain,
            dataset=dataset,
            threads=threads(jobs),
            command=command_line(),
            on_progress=progress,
        )
    show_events(tables, out, as_json)


@cli.command()
@click.argument("detections", type=INPUT)
@OUT
@click.option("--stack", type=INPUT, help="The frames that they were found in: times, size, sensor and pointing.")
@click.option("--frame-period", "frame_period_s", type=Number(min=1e-6, max=1e9),
              help="Seconds between frames where the list does not tell; 1 by default.")  # fmt: skip
@click.option("--epoch", help="ISO 8601 UTC from which times count where the list does not tell.")
@click.option("--size", type=click.IntRange(1, 1_000_000), nargs=2, metavar="WIDTH HEIGHT", help="Of a frame, in px.")
@FALSE_TRACKS
@SETTINGS
@JSON
def track(
    detections: Path, out: Path, stack: Path | None, frame_period_s: float | None, epoch: str | None,
    size: tuple[int, int] | None, false_tracks_per_hour: float | None, settings: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Follow DETECTIONS of any detector and write events.

    DETECTIONS is HDF5 with /detections, CSV, NPZ or NPY with the same column names: x, y and frame or time_s, and what
    else there is. With --stack, events have positions on Earth.
    """
    from boostwatch import pipeline

    spare(settings, out)
    chain = pipeline.chain_settings(settings, false_tracks_per_hour=false_tracks_per_hour)
    with bars() as progress:
        tables = pipeline.track(
            detections, out, settings=chain, stack=stack, frame_period_s=frame_period_s, epoch=epoch,
            shape=size and (size[1], size[0]), command=command_line(), on_progress=progress,
        )  # fmt: skip
    show_events(tables, out, as_json)


@cli.command()
@click.argument("file", type=INPUT)
@JSON
def info(file: Path, as_json: bool) -> None:
    """Say what is inside a stack or events FILE."""
    from boostwatch import store

    described = store.describe(file)
    if as_json:
        return echo_json(described)
    show_description(described)


@cli.command()
@click.argument("file", type=INPUT)
@JSON
def validate(file: Path, as_json: bool) -> None:
    """Check that a stack, events or scenario FILE is sound; exit 65 if it is not.

    The name of a scene that `boostwatch scenes` lists will do where there is no such file.
    """
    if file.suffix.lower() == ".toml" or not (file.suffix or file.exists()):
        from boostwatch import pipeline

        with _scenario_file(file) as path:
            pipeline.check_scenario(path)
        problems: list[str] = []
    else:
        from boostwatch import store

        problems = store.validate(file)
    if as_json:
        echo_json({"file": str(file), "problems": problems})
    else:
        click.echo("\n".join(problems) if problems else f"{file}: sound")
    if problems:
        raise click.exceptions.Exit(65)


@cli.command()
@click.argument("of", type=click.Choice(["scenario", "settings"]), default="scenario")
def schema(of: str) -> None:
    """Print the JSON Schema of the scenario file (default) or of the chain's settings.

    Editors complete and check TOML by it: see docs/scenes.md.
    """
    if of == "scenario":
        from boostwatch.scene.scenario.schema import scenario_schema

        return echo_json(scenario_schema())
    from boostwatch.settings import ChainSettings

    echo_json(ChainSettings.model_json_schema())


@cli.command()
@click.argument("events", type=INPUT)
@click.option("--stack", type=INPUT, help="The stack that the events came from: frames, W/sr and, with truth, a score.")
@OUT
@click.option("--dataset", help="HDF5 path of the frames in a foreign stack.")
def report(events: Path, stack: Path | None, out: Path, dataset: str | None) -> None:
    """Write one HTML page with map, frames, light curves and tables; it opens without a network."""
    from boostwatch import pipeline

    with bars() as progress:
        made = pipeline.report(events, out, stack=stack, dataset=dataset, on_progress=progress)
    click.echo(f"{out}: {counted(made.events, 'event')}, {made.bytes / 1e6:.2f} MB")


@contextmanager
def _scenario_file(given: Path) -> Iterator[Path]:
    """Find a scenario: the file of that name, or else the scene of that name that comes with the package."""
    from importlib.resources import as_file

    from boostwatch.errors import NoInput
    from boostwatch.scene import library

    name = str(given)
    if given.suffix or given.name != name or (given.exists() and not given.is_dir()):
        yield given
        return
    try:
        built_in = library.builtin_file(name)
    except NoInput as error:
        raise NoInput("no such file, and no scene of that name", path=given, allowed=error.allowed) from None
    with as_file(built_in) as path:
        yield path


cli.add_command(export)
cli.add_command(score)
cli.add_command(watch)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; every error becomes one message on stderr."""
    try:
        code = cli.main(
            args=None if arguments is None else list(arguments), prog_name="boostwatch", standalone_mode=False
        )
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("boostwatch: interrupted", err=True)
        return 130
    except SystemExit:  # click's answer to a reader that went away (`| head`): nothing more to say, and no fault
        return 0
    except BoostwatchError as error:
        return _fail(str(error), error.exit_code)
    except OSError as error:
        disk = error.errno in (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG)
        disk = disk or "No usable temporary directory" in str(error)  # where none can be written
        code = StorageError.exit_code if disk else 70
        return _fail(str(error), code)
    except Exception as error:
        if os.environ.get("BOOSTWATCH_DEBUG"):
            raise
        return _fail(f"internal: {type(error).__name__}: {error}; BOOSTWATCH_DEBUG=1 shows where", 70)
    return int(code or 0)


def _fail(message: str, code: int) -> int:
    for line in message.split("\n"):
        click.echo(f"boostwatch: error: {line}", err=True)
    return code


def main() -> None:
    """Entry point of the ``boostwatch`` command.

    A request to end is taken like Ctrl-C, so that nothing is left over. A terminal or pipe that cannot show a letter
    gets a question mark.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, end)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(run())


if __name__ == "__main__":
    main()
