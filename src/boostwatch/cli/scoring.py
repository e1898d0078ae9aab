"""The command that compares events with the truth."""

from __future__ import annotations

import math
from pathlib import Path

import click

from boostwatch.cli.options import INPUT, JSON
from boostwatch.errors import UsageError
from boostwatch.terminal import bars, echo_json, print_sections


class Pairs(click.Command):
    """Lets ``--truth`` take as many values as follow it, where that is what makes pairs."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = [p for p in self.params if isinstance(p, click.Option) and not p.is_flag]
        return super().parse_args(ctx, _each_truth(args, {name for option in options for name in option.opts}))


def _each_truth(args: list[str], with_value: set[str]) -> list[str]:
    """Write ``--truth A B`` as ``--truth A --truth B``, unless with A alone there are as many stacks as events."""
    if "--" in args:
        return args
    events, stacks, beside, out = 0, 0, 0, []
    after, value = False, False
    for arg in args:
        option = arg.startswith("-") and len(arg) > 1 and not value
        if after and not option and not value:
            beside += 1
            out.append("--truth")
        elif option:
            after = arg == "--truth" or arg.startswith("--truth=")
            stacks += after
        elif not value:
            events += 1
        value = option and arg in with_value
        out.append(arg)
    return args if events + beside == stacks or not events else out


@click.command(cls=Pairs)
@click.argument("events", type=INPUT, nargs=-1, required=True)
@click.option("--truth", type=INPUT, required=True, multiple=True, metavar="STACK",
              help="The simulated stack that the events came from; as many as EVENTS, in their order. Several may "
              "follow: --truth A.h5 B.h5.")  # fmt: skip
@click.option("--plots", type=click.Path(path_type=Path), metavar="FOLDER",
              help="Draw detection, ROC, latency, places, calibration and confusion matrix there.")  # fmt: skip
@click.option("--plot-format", type=click.Choice(["png", "svg"]), default="png", show_default=True,
              help="Of the plots.")  # fmt: skip
@click.option("--fail-below", multiple=True, metavar="METRIC=VALUE",
              help="Exit with 1 if a figure is less, or not known; may be given again.")  # fmt: skip
@click.option("--fail-above", multiple=True, metavar="METRIC=VALUE",
              help="Exit with 1 if a figure is more, or not known; may be given again.")  # fmt: skip
@JSON
def score(
    events: tuple[Path, ...], truth: tuple[Path, ...], plots: Path | None, plot_format: str,
    fail_below: tuple[str, ...], fail_above: tuple[str, ...], as_json: bool,
) -> int:  # fmt: skip
    """Compare EVENTS with the truth: detection, latency, tracks, launch time and place, beside their limits.

    Several events files, each with its own stack, are a row each in a table and added up in the others.

    METRIC is, to be held from below: launches_declared, launches_inside_ellipse, detection_probability (truth snr
    from 8), completeness, purity; from above: false_detections_per_mpx, false_tracks_per_hour, false_launches,
    declared_after_s, declared_after_clairvoyant_s, ground_error_km (medians), gospa_px, ospa_px,
    ground_error_over_bound, position_over_bound, calibration_error, fragments. docs/score.md defines them all.
    """
    from boostwatch import pipeline
    from boostwatch.assess.metrics import BETTER_HIGH, BETTER_LOW

    below = [_asked(text, "--fail-below", BETTER_HIGH) for text in fail_below]
    above = [_asked(text, "--fail-above", BETTER_LOW) for text in fail_above]
    if len(events) != len(truth):
        raise UsageError(
            "events and stacks do not pair up", place="--truth", found=f"{len(events)} events, {len(truth)} stacks",
            allowed="as many --truth STACK as EVENTS, in the same order",
        )  # fmt: skip
    if len(events) == 1:
        result = pipeline.score(events[0], truth[0])
    else:
        with bars() as progress:
            result = pipeline.score_many(list(zip(events, truth, strict=True)), on_progress=progress)
    found = result.metrics()
    drawn = pipeline.score_plots(result, plots, form=plot_format) if plots is not None else []
    if as_json:
        echo_json(result.as_dict())
    else:
        print_sections(result.table())
        for path in drawn:
            click.echo(f"plot {path}")
    for note in result.notes:
        click.echo(f"boostwatch: note: {note}", err=True)
    missed = 0
    for name, least in below:
        if not found[name] >= least:
            missed += _told(name, found[name], f"{least:g} or more")
    for name, most in above:
        if not found[name] <= most:
            missed += _told(name, found[name], f"{most:g} or less")
    return 1 if missed else 0


def _asked(text: str, option: str, known: dict[str, str]) -> tuple[str, float]:
    """Return name and value of a threshold."""
    name, _, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if name not in known or math.isnan(number):
        allowed = f"METRIC=VALUE with METRIC one of {', '.join(known)}"
        raise UsageError("is no threshold", place=option, found=text, allowed=allowed)
    return name, number


def _told(name: str, found: float, wanted: str) -> int:
    seen = "not known" if math.isnan(found) else f"{found:.4g}"
    click.echo(f"boostwatch: missed: {name} is {seen}, asked for: {wanted}", err=True)
    return 1
