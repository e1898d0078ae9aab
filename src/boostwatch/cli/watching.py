"""The command that follows a stack while it grows."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from boostwatch.cli.options import (
    DATASET,
    FALSE_ALARMS,
    FALSE_TRACKS,
    INPUT,
    JOBS,
    MODE,
    SETTINGS,
    Number,
    command_line,
    spare,
    threads,
)  # fmt: skip
from boostwatch.terminal import bars, ending_between_steps, telling_compilation


@click.command()
@click.argument("stack", type=INPUT)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Events file to write at the end.")
@click.option("--state", type=click.Path(path_type=Path),
              help="File that keeps how far the watch is; if it is there, the watch goes on.")  # fmt: skip
@click.option("--timeout", "timeout_s", type=Number(min=0), default=60.0, show_default=True,
              help="End after so many seconds without a new frame; 0 for never.")  # fmt: skip
@FALSE_ALARMS
@MODE
@FALSE_TRACKS
@SETTINGS
@DATASET
@click.option("--frame-period", "frame_period_s", type=Number(min=1e-6, max=1e9),
              help="Seconds between frames; by default what the stack says.")  # fmt: skip
@JOBS
def watch(
    stack: Path, out: Path | None, state: Path | None, timeout_s: float, false_alarms_per_mpx: float | None,
    mode: str | None, false_tracks_per_hour: float | None, settings: Path | None, dataset: str | None,
    frame_period_s: float | None, jobs: int | None,
) -> None:  # fmt: skip
    """Follow STACK while it grows (HDF5, SWMR) and print launches, a JSON object a line.

    A launch is told when it is declared, when what is known of it changes, and once more at the end, as are all other
    events then. The watch ends when the writer closes the stack, or after the timeout. Ctrl-C ends it between two
    frames, with state and events written; a second one at once.
    """
    from boostwatch import pipeline

    for file in (out, state):
        if file is not None:
            spare(settings, file)
    chain = pipeline.chain_settings(
        settings, false_alarms_per_mpx=false_alarms_per_mpx, mode=mode, false_tracks_per_hour=false_tracks_per_hour
    )
    with ending_between_steps() as asked, bars() as progress, telling_compilation():
        done = pipeline.watch(
            stack, out, settings=chain, dataset=dataset, frame_period_s=frame_period_s, threads=threads(jobs),
            state=state, timeout_s=timeout_s, command=command_line(), on_line=_print, on_progress=progress, stop=asked,
        )  # fmt: skip
    if done.reason == "interrupted":
        raise KeyboardInterrupt
    if done.reason == "timeout":
        text = f"no new frame for {timeout_s:g} s, and the writer has not closed the stack"
        click.echo(f"boostwatch: {stack}: {text}", err=True)


def _print(line: dict[str, object]) -> None:
    click.echo(json.dumps(line, allow_nan=False))
    sys.stdout.flush()
