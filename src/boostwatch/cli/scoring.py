"""The command that compares events with the truth."""

from __future__ import annotations

import math
from pathlib import Path

import click

from boostwatch.cli.options import INPUT, JSON
from boostwatch.errors import UsageError
from boostwatch.terminal import echo_json, print_sections


@click.command()
@click.argument("events", type=INPUT)
@click.option("--truth", type=INPUT, required=True, help="The simulated stack that the events came from.")
@click.option("--fail-below", multiple=True, metavar="METRIC=VALUE",
              help="Exit with 1 if a figure is less, or not known; may be given again.")  # fmt: skip
@click.option("--fail-above", multiple=True, metavar="METRIC=VALUE",
              help="Exit with 1 if a figure is more, or not known; may be given again.")  # fmt: skip
@JSON
def score(events: Path, truth: Path, fail_below: tuple[str, ...], fail_above: tuple[str, ...], as_json: bool) -> int:
    r"""Compare EVENTS with the truth: detection, latency, tracks, launch time and place.

    \b
    METRIC is, to be held from below: launches_declared, launches_inside_ellipse, detection_probability (truth snr
    from 8), completeness, purity; from above: false_detections_per_mpx, false_tracks_per_hour, false_launches,
    declared_after_s, ground_error_km (medians), gospa_px, ospa_px.
    """
    from boostwatch import pipeline
    from boostwatch.assess.metrics import BETTER_HIGH, BETTER_LOW

    below = [_asked(text, "--fail-below", BETTER_HIGH) for text in fail_below]
    above = [_asked(text, "--fail-above", BETTER_LOW) for text in fail_above]
    result = pipeline.score(events, truth)
    found = result.metrics()
    if as_json:
        echo_json(result.as_dict())
    else:
        print_sections(result.table())
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
