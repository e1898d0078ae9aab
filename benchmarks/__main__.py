"""All benchmarks: a table a question, held against the stored figures.

    python -m benchmarks --quick                       every benchmark, small; five minutes are budgeted
    python -m benchmarks --list
    python -m benchmarks --only tracking peers --markdown docs/benchmarks.md

They run one after the other, each in a process of its own. Exit codes: 0; 1 with ``--fail-on-regression`` where a
headline figure is worse than the stored one by more than 10 % and beyond both intervals, or a check of a benchmark
fails; 2 usage; 65 a results file is none; 66 no such file; 70 a benchmark did not
end; 73 a file cannot be written; 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import _page, _regression, _runner
from benchmarks._options import progress
from benchmarks._table import section
from boostwatch.errors import BadData, BoostwatchError, NoInput, UsageError
from boostwatch.store.atomic import check_output, make_directory, missing, write_bytes

FORMAT, VERSION = "boostwatch.benchmarks", 1
DATA = Path(__file__).with_name("data")


def stored_at(mode: str) -> Path:
    """Return where the figures of a mode are stored that later runs are held against."""
    return DATA / f"results.{mode}.json"


def arguments() -> argparse.ArgumentParser:
    """Return the options."""
    out = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    out.add_argument("--quick", action="store_true", help="small runs, five minutes budgeted; intervals are wide")
    out.add_argument("--list", action="store_true", help="names, questions and budgets of the quick runs")
    out.add_argument("--only", nargs="+", metavar="NAME", help="these only")
    out.add_argument("--json", type=Path, metavar="FILE", help="write results; those of other benchmarks in it stay")
    out.add_argument("--markdown", type=Path, metavar="FILE", help="replace the tables of a page, or write a new one")
    out.add_argument("--plots", type=Path, metavar="FOLDER", help="draw plots (extra plot)")
    out.add_argument("--against", type=Path, metavar="FILE", help="stored results (default: benchmarks/data)")
    out.add_argument("--fail-on-regression", action="store_true", help="exit 1 where a headline figure is worse")
    return out


def read_results(path: Path, mode: str) -> list[dict[str, Any]]:
    """Return the runs of a results file; none where there is no such file."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise missing(path, error) from None
    except ValueError as error:
        raise BadData(f"not JSON: {error}", path=path) from None
    kind = (found.get("format"), found.get("format_version")) if isinstance(found, dict) else type(found).__name__
    if kind != (FORMAT, VERSION):
        raise BadData("not a results file", path=path, place="format", found=kind, allowed=f"{(FORMAT, VERSION)}")
    if found.get("mode") != mode:
        raise BadData("does not mix with this run", path=path, place="mode", found=found.get("mode"), allowed=mode)
    try:
        runs = list(found["benchmarks"])
        for one in runs:
            _regression.compare([one], [one])
    except (KeyError, TypeError, AttributeError) as error:
        raise BadData(f"not as benchmarks/_schema.py says: {error!r}", path=path, place="benchmarks") from None
    return runs


def write_results(path: Path, mode: str, found: list[dict[str, Any]]) -> None:
    """Write a results file; of what is there, benchmarks that did not run now stay."""
    names = {one["name"] for one in found}
    kept = [one for one in read_results(path, mode) if one["name"] not in names]
    runs = sorted([*kept, *found], key=lambda one: one["name"])
    whole = {"format": FORMAT, "format_version": VERSION, "mode": mode, "benchmarks": runs}
    write_bytes(path, (json.dumps(whole, indent=1, allow_nan=False) + "\n").encode())


def write_page(path: Path, found: list[dict[str, Any]]) -> list[str]:
    """Replace the tables of a page, or write one; return what is to be said."""
    if not path.exists():
        write_bytes(path, _page.whole_page(found).encode())
        return []
    text, notes = _page.replace(path.read_text("utf-8"), found)
    write_bytes(path, text.encode())
    return notes


def show(one: dict[str, Any]) -> None:
    """Print a run."""
    print(f"\n== {one['name']}: {one['question']}\n{one['command']}")
    print("  ".join(f"{key} {value}" for key, value in one["environment"].items()))
    for each in one["tables"]:
        print(section(each["title"], each["header"], each["rows"]))
    print("\n" + "\n".join([*one["notes"], f"seeds: {one['seeds']}"]), flush=True)


def main(argv: list[str] | None = None) -> int:
    """Run what is asked for."""
    parser = arguments()
    options = parser.parse_args(argv)
    modules = _runner.discover()
    names = list(modules)
    if options.only:
        if unknown := [name for name in options.only if name not in modules]:
            parser.error(f"--only {unknown[0]}: no such benchmark; there are {', '.join(modules)}")
        names = [name for name in modules if name in options.only]
    if options.list:
        rows = [[name, f"{modules[name].QUICK_S:g} s", modules[name].QUESTION] for name in names]
        print("\n".join(f"{name:18s}{budget:>6s}  {question}" for name, budget, question in rows))
        return 0
    try:
        return _all(names, {name: float(modules[name].QUICK_S) for name in names}, options)
    except BoostwatchError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130  # what was written so far stays


def _all(names: list[str], budgets: dict[str, float], options: argparse.Namespace) -> int:
    mode = "quick" if options.quick else "full"
    against = options.against or stored_at(mode)
    stored = read_results(against, mode)  # what can go wrong does so before hours of work
    if options.against and not options.against.exists():
        raise NoInput("no such file", path=options.against)
    for path in filter(None, (options.json, options.markdown)):
        check_output(path)
    if options.json:
        read_results(options.json, mode)
    if options.plots:
        if find_spec("matplotlib") is None:
            raise UsageError("--plots needs the extra plot: pip install -e '.[plot]'")
        from benchmarks import _drawing

        make_directory(options.plots)
    runs: list[_runner.Run] = []
    begun = time.perf_counter()
    for k, name in enumerate(names, 1):
        progress(f"{name} ({k} of {len(names)}), {time.perf_counter() - begun:.0f} s so far\n")
        runs.append(_runner.run(name, quick=options.quick, budget_s=budgets[name]))
        if (one := runs[-1].found) is None:
            print(f"\n== {name}: no result: {runs[-1].why}", flush=True)
            continue
        show(one)
        if options.json:
            write_results(options.json, mode, [one])  # at once: hours may pass until the next
        if options.plots:
            _drawing.draw(one, options.plots)
    found = [run.found for run in runs if run.found is not None]
    said = write_page(options.markdown, found) if options.markdown else []
    changes = _regression.compare(stored, found)
    _report(runs, budgets if options.quick else {}, changes, str(against) if stored else "", said)
    if len(found) < len(runs):
        return 70
    worse = any(change.verdict == "worse" for change in changes) or any(one["failed"] for one in found)
    return int(options.fail_on_regression and worse)


def _report(
    runs: list[_runner.Run], budgets: dict[str, float], changes: list[_regression.Change], against: str, said: list[str]
) -> None:
    """Print times, goals missed and changes."""
    rows = []
    for run in runs:
        over = run.name in budgets and run.seconds > budgets[run.name]
        budget = f"{budgets[run.name]:g}" if run.name in budgets else ""
        rows.append([run.name, f"{run.seconds:.0f}", budget, "over budget" if over else ""])
    rows.append(["all", f"{sum(run.seconds for run in runs):.0f}", f"{sum(budgets.values()):g}" if budgets else "", ""])
    print(section("Time", ["benchmark", "wall, s", "budget, s", ""], rows))
    print(f"\nagainst {against}:" if against else "\nno stored results: nothing to compare with")
    for change in changes if against else []:
        if change.verdict != "same":
            print(change.told())
    if against:
        print(f"{sum(change.verdict == 'same' for change in changes)} figures within 10 %")
    print("\n".join(said), end="\n" if said else "")


if __name__ == "__main__":
    raise SystemExit(main())
