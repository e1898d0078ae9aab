"""How does the chain do on the scenes that come with the package, beside what is possible?

Each of the 16 scenes is rendered at its full length, searched with default settings and held against its truth; all of
them together give the confusion matrix, detection against false alarms, latency, places of detections and calibration
of ``docs/score.md``, each beside its limit. A scene has few launches: the figures of all scenes together are of about
30, and the intervals say how much that is.

Run: ``python -m benchmarks.library [--quick] [--json] [--markdown] [--only NAME] [--plots FOLDER] [--keep FOLDER]``
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._contract import Headline, Result, Table, main
from benchmarks._options import parser, progress
from benchmarks._statistics import share
from boostwatch import pipeline
from boostwatch.scene import library

if TYPE_CHECKING:
    from boostwatch.assess.score import Score

QUESTION = "how does the chain do on the scenes that come with the package"
QUICK_S = 7.5
QUICK = ("clear_ocean_night",)


def searched(name: str, folder: Path, jobs: int) -> tuple[Score, float]:
    """Return the score of a scene and how long it took to render and search, s; files that are there are taken."""
    stack, events = folder / f"{name}.stack.h5", folder / f"{name}.events.h5"
    begun = time.perf_counter()
    if not stack.exists():
        pipeline.simulate(library.load(name), stack, jobs=jobs)
    if not events.exists():
        pipeline.detect(stack, events, threads=jobs)
    spent = time.perf_counter() - begun
    return pipeline.score(events, stack), spent


def scored(names: list[str], keep: Path | None, jobs: int) -> tuple[dict[str, Score], dict[str, float]]:
    """Return scores and times of scenes by name; without a folder to keep them frames are lost, scene by scene."""
    scores, spent = {}, {}
    for n, name in enumerate(names):
        with tempfile.TemporaryDirectory() as lost:
            scores[name], spent[name] = searched(name, keep or Path(lost), jobs)
        progress(f"{n + 1} of {len(names)} scenes")
    progress("")
    return scores, spent


def arguments() -> argparse.ArgumentParser:
    """Return the options."""
    out = parser(__doc__, quick=f"one scene: {', '.join(QUICK)}")
    out.add_argument("--only", default="", help="scenes whose name contains this")
    out.add_argument("--plots", type=Path, default=None, help="folder for the plots (docs/images/library)")
    out.add_argument("--keep", type=Path, default=None, help="folder of what was rendered already; else it is lost")
    out.add_argument("--jobs", type=int, default=2, help="threads (default 2)")
    return out


def run(options: argparse.Namespace) -> Result:
    """Return the tables of the score of all scenes, and draw them."""
    from boostwatch.assess.pool import pool

    names = [name for name in (QUICK if options.quick else library.builtin_names()) if options.only in name]
    if not names:
        raise SystemExit(f"no scene has {options.only!r} in its name")
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    scores, spent = scored(names, options.keep, options.jobs)
    result = pool(scores)
    drawn = pipeline.score_plots(result, options.plots) if options.plots else []
    tables = [
        Table(re.sub(r"\W+", "_", part.title.lower()).strip("_"), part.title, part.columns, part.rows)
        for part in result.table()
    ]
    declared = [bool(row["declared"]) for row in result.launches]
    headline = [Headline.of("share of launches declared", share(sum(declared), len(declared)), "higher", goal=0.99)]
    notes = [f"{len(names)} scenes, {sum(spent.values()):.0f} s to render and search", *map(str, drawn)]
    return Result("the scenes' own", tables, headline, notes=notes, figures={"spent_s": spent, **result.as_dict()})


if __name__ == "__main__":
    raise SystemExit(main(__name__, arguments, run))
