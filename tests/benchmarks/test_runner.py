"""``python -m benchmarks``: the contract of every module, stored figures, pages, results files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from benchmarks import __main__ as command
from benchmarks import _page, _regression, _runner
from benchmarks._contract import Headline, Plot, Result, Series, Table, document, plain
from benchmarks._schema import BENCHMARK, SCHEMA
from benchmarks._statistics import Interval

MODULES = _runner.discover()
FOLDER = Path(command.__file__).parent
NO_BENCHMARK = {"scene_pictures"}  # makes pictures, measures nothing


def run_of(name: str = "speed", *headline: Headline, words: tuple[str, ...] = ()) -> dict[str, Any]:
    series = [Series("found", ["a"], [1.0], [0.9], [1.1]), Series("goal", ["a"], [2.0], mark=True)]
    tables = [Table("times", "Times", ["who", "ms"], [["copy", "1.0"]])]
    result = Result("1 to 3", tables, list(headline), [Plot("times", "Times", "who", "time, ms", series)])
    return json.loads(json.dumps(document(name, "how fast", words, result, 1.0), allow_nan=False))


def figure(value: float | None, low: float | None = None, high: float | None = None, **more: Any) -> dict[str, Any]:
    return {
        "name": "f",
        "value": value,
        "better": "lower",
        "goal": 1.0,
        "low": low,
        "high": high,
        "timed": False,
    } | more


def verdict(old: dict[str, Any], new: dict[str, Any], same: bool = True) -> str:
    return _regression.judge("f", old, new, same_processor=same).verdict


def test_every_script_is_a_benchmark_or_said_to_be_none() -> None:
    scripts = {path.stem for path in FOLDER.glob("*.py") if not path.name.startswith("_")}
    assert scripts - set(MODULES) == NO_BENCHMARK


@pytest.mark.parametrize("name", MODULES)
def test_a_module_keeps_the_contract(name: str) -> None:
    module = MODULES[name]
    assert module.QUESTION
    assert "\n" not in module.QUESTION
    assert callable(module.run)
    options = module.arguments().parse_args(["--quick", "--json"])
    assert options.quick
    assert options.json
    assert module.arguments().parse_args(["--markdown"]).markdown
    assert f"benchmarks.{name}" in (module.__doc__ or "")
    assert name in (FOLDER / "README.md").read_text()


def test_quick_runs_are_budgeted_five_minutes() -> None:
    assert sum(module.QUICK_S for module in MODULES.values()) <= 300.0


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (figure(1.23), figure(1.40), "worse"),
        (figure(1.23), figure(1.30), "same"),
        (figure(1.40), figure(1.23), "better"),
        (figure(1.0, 0.8, 1.2), figure(1.3, 1.1, 1.5), "noise"),
        (figure(1.0, 0.9, 1.1), figure(1.5, 1.3, 1.7), "worse"),
        (figure(1.0), figure(1.3, 0.9, 1.7), "noise"),  # the stored figure lies inside the interval
        (figure(4.0, better="higher"), figure(3.0, better="higher"), "worse"),
        (figure(3.0, better="higher"), figure(4.0, better="higher"), "better"),
        (figure(0.9, better="near"), figure(1.5, better="near"), "worse"),
        (figure(0.5, better="near"), figure(1.0, better="near"), "better"),
        (figure(1.1, better="near"), figure(1 / 1.1, better="near"), "same"),
        (figure(0.0), figure(2.0), "worse"),
        (figure(0.0), figure(0.0), "same"),
        (figure(1.0, better="higher"), figure(0.0, better="higher"), "worse"),
        (figure(1.0), figure(None), "worse"),
        (figure(None), figure(1.0), "better"),
        (figure(None), figure(None), "same"),
        (figure(0.0, 0.0, 3.0), figure(2.0, 0.1, 6.0), "noise"),
        (figure(1.0, 0.9, None), figure(2.0, 1.9, None), "noise"),  # an end that is beyond all numbers
    ],
)
def test_a_figure_is_held_against_the_stored_one(old: dict[str, Any], new: dict[str, Any], expected: str) -> None:
    assert verdict(old, new) == expected


def test_times_of_another_processor_are_not_compared() -> None:
    assert verdict(figure(1.0, timed=True), figure(9.0, timed=True), same=False) == "other"
    assert verdict(figure(1.0, timed=True), figure(9.0, timed=True), same=True) == "worse"


def test_what_is_new_and_what_is_missing_is_told() -> None:
    old = [run_of("speed", Headline("a", 1.23, "lower"), Headline("gone", 1.0, "lower"))]
    new = [run_of("speed", Headline("a", 1.40, "lower"), Headline("b", 2.0, "lower")), run_of("other")]
    changes = _regression.compare(old, new)
    assert [c.verdict for c in changes] == ["worse", "new", "missing"]
    assert changes[0].told() == "worse: speed: a 1.23 -> 1.40 (+14 %)"
    assert _regression.compare([], new)[0].verdict == "new"


def test_a_page_takes_new_tables_and_keeps_its_prose() -> None:
    one = run_of()
    page = "Words.\n\n" + _page.block("speed.times", "abc1234", one["command"], "| old |") + "\n\nMore words.\n"
    out, notes = _page.replace(page, [one], stale=lambda commit: False)
    assert out.startswith("Words.\n\n<!-- table: speed.times; ")
    assert out.endswith("<!-- end -->\n\nMore words.\n")
    assert "| copy | 1.0 |" in out
    assert "old" not in out
    assert not notes
    assert _page.replace(out, [one], stale=lambda commit: False)[0] == out


def test_tables_that_did_not_run_stay_and_stale_ones_are_said_once() -> None:
    page = _page.block("peers.scene", "abc1234 or before", "python -m benchmarks.peers", "| full |")
    once, notes = _page.replace(page, [run_of()], stale=lambda commit: True)
    assert "| full |" in once
    assert once.count("*Stale: made at abc1234 or before;") == 1
    assert notes == ["stale: peers.scene, made at abc1234 or before", "no place in the page: speed.times"]
    assert _page.replace(once, [], stale=lambda commit: True)[0] == once
    assert _page.replace(once, [], stale=lambda commit: False)[0] == page


def test_a_quick_table_never_takes_the_place_of_a_full_one() -> None:
    page = _page.block("speed.times", "abc1234", "python -m benchmarks.speed", "| full |")
    out, notes = _page.replace(page, [run_of(words=("--quick",))], stale=lambda commit: False)
    assert out == page
    assert notes[0].startswith("kept: speed.times")


def test_what_should_be_near_a_goal_needs_one() -> None:
    with pytest.raises(ValueError, match="needs one"):
        Headline("a", 1.0, "near")


def test_the_page_in_docs_has_places_that_benchmarks_fill() -> None:
    text = (FOLDER.parent / "docs" / "benchmarks.md").read_text()
    keys = [match["key"] for match in _page.BLOCK.finditer(text)]
    assert len(keys) == text.count("<!-- table:") == text.count("<!-- end -->") == len(set(keys))
    assert {key.split(".")[0] for key in keys} <= set(MODULES)


def test_a_run_is_as_the_schema_says_without_numbers_that_json_has_not() -> None:
    one = run_of("speed", Headline.of("a", Interval(float("nan"), 1.0, float("inf")), "near", goal=1.0))
    jsonschema.validate(one, BENCHMARK)
    assert one["headline"][0]["value"] is None
    assert one["headline"][0]["high"] is None
    assert plain({1: (float("inf"), Path("a/b"))}) == {"1": [None, "b"]}


@pytest.mark.parametrize("mode", ["quick", "full"])
def test_stored_results_are_as_the_schema_says(mode: str) -> None:
    if command.stored_at(mode).exists():
        whole = json.loads(command.stored_at(mode).read_text())
        jsonschema.validate(whole, SCHEMA)
        assert {one["name"] for one in whole["benchmarks"]} <= set(MODULES)


def test_results_of_benchmarks_that_did_not_run_stay(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    command.write_results(path, "quick", [run_of("a"), run_of("b", Headline("x", 1.0, "lower"))])
    command.write_results(path, "quick", [run_of("b", Headline("x", 2.0, "lower"))])
    whole = json.loads(path.read_text())
    jsonschema.validate(whole, SCHEMA)
    assert [one["name"] for one in whole["benchmarks"]] == ["a", "b"]
    assert whole["benchmarks"][1]["headline"][0]["value"] == 2.0


def fake_runs(monkeypatch: pytest.MonkeyPatch, found: dict[str, Any] | None) -> None:
    def run(name: str, *, quick: bool, budget_s: float) -> _runner.Run:
        return _runner.Run(name, 1.0, found, "it fell over")

    monkeypatch.setattr(_runner, "run", run)


def test_exit_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stored = tmp_path / "stored.json"
    command.write_results(stored, "quick", [run_of("memory", Headline("x", 1.0, "lower"))])
    fake_runs(monkeypatch, run_of("memory", Headline("x", 1.5, "lower")))
    ask = ["--quick", "--only", "memory", "--against", str(stored)]
    assert command.main(ask) == 0
    assert "worse: memory: x 1.00 -> 1.50 (+50 %)" in capsys.readouterr().out
    assert command.main([*ask, "--fail-on-regression"]) == 1
    assert command.main([*ask[1:]]) == 65  # quick figures are nothing to hold a full run against
    assert "does not mix" in capsys.readouterr().err
    for odd in ("{", "[]", "{}", '{"format": "boostwatch.benchmarks", "format_version": 1, "mode": "quick"}'):
        stored.write_text(odd)
        assert command.main(ask) == 65
        assert str(stored) in capsys.readouterr().err
    assert command.main(["--quick", "--only", "memory", "--against", str(tmp_path / "none")]) == 66
    assert command.main(["--quick", "--only", "memory", "--json", str(tmp_path / "no" / "where.json")]) == 73
    fake_runs(monkeypatch, None)
    assert command.main(["--quick", "--only", "memory"]) == 70
    assert "no result: it fell over" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        command.main(["--only", "nothing"])


def test_plots_and_a_page_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_runs(monkeypatch, run_of("memory"))
    page = tmp_path / "page.md"
    ask = ["--quick", "--only", "memory", "--plots", str(tmp_path / "plots"), "--markdown", str(page)]
    assert command.main(ask) == 0
    assert (tmp_path / "plots" / "memory_times.png").stat().st_size > 5000
    assert "| copy | 1.0 |" in page.read_text()
    assert "    python -m benchmarks.memory" in page.read_text()


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(MODULES)
