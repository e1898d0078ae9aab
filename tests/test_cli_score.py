"""`boostwatch score`: pairs of files, thresholds, plots, and everything that is not what it should be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from boostwatch import cli, store
from boostwatch.records import empty

PLOTS = ("detection", "roc", "latency", "position", "calibration", "reliability", "confusion")
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def pairs(
    events_file: Path, stack_file: Path, scenario_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[Path, Path]]:
    """The session's scene, and one of another seed that is shorter."""
    folder = tmp_path_factory.mktemp("pairs")
    other, short = folder / "other.stack.h5", folder / "short.toml"
    short.write_text(scenario_file.read_text().replace('duration = "60 s"', 'duration = "40 s"'))
    assert cli.run(["simulate", str(short), "-o", str(other), "--seed", "77"]) == 0
    assert cli.run(["detect", str(other), "-o", str(folder / "other.events.h5")]) == 0
    return [(events_file, stack_file), (folder / "other.events.h5", other)]


def ask(pairs: list[tuple[Path, Path]], *more: str) -> list[str]:
    events, stacks = zip(*pairs, strict=True)
    return ["score", *map(str, events), "--truth", *map(str, stacks), *more]


def test_several_scenes_are_one_by_one_and_as_one(pairs: list[tuple[Path, Path]], capsys: Captured) -> None:
    assert cli.run(ask(pairs, "--json")) == 0
    both = json.loads(capsys.readouterr().out)
    alone = []
    for events, stack in pairs:
        assert cli.run(["score", str(events), "--truth", str(stack), "--json"]) == 0
        alone.append(json.loads(capsys.readouterr().out))
    assert [row["scene"] for row in both["scenes"]] == ["small", "other"]
    assert [{k: v for k, v in row.items() if k != "scene"} for row in both["scenes"]] == alone
    assert set(alone[0]) | {"scenes"} == set(both)
    count = both["false_alarms"]["false_detections"]
    assert count == sum(row["false_alarms"]["false_detections"] for row in alone)
    assert both["false_alarms"]["hours"] == pytest.approx(100 / 3600)
    assert [row["scene"] for row in both["launches"]] == ["small", "other"]


def test_tables_say_what_is_pooled(pairs: list[tuple[Path, Path]], capsys: Captured) -> None:
    assert cli.run(ask(pairs)) == 0
    shown = capsys.readouterr().out
    for text in ("Figures", "Scenes", "small", "other", "Latency", "Errors against their own sigmas", "p_launch"):
        assert text in shown


def test_ways_to_write_pairs(pairs: list[tuple[Path, Path]], capsys: Captured) -> None:
    (a, sa), (b, sb) = ([str(p) for p in pair] for pair in pairs)
    for arguments in (
        [a, b, "--truth", sa, sb, "--json"],
        ["--json", a, b, "--truth", sa, "--truth", sb],
        [a, "--truth", sa, b, "--truth", sb, "--json"],
        [a, b, f"--truth={sa}", sb, "--json"],
        ["--truth", sa, "--json", "--truth", sb, a, b],
    ):
        assert cli.run(["score", *arguments]) == 0
        assert len(json.loads(capsys.readouterr().out)["scenes"]) == 2
    assert cli.run(["score", "--truth", sa, a, "--json"]) == 0
    assert "scenes" not in json.loads(capsys.readouterr().out)


def test_counts_that_do_not_pair_up(pairs: list[tuple[Path, Path]], capsys: Captured) -> None:
    (a, sa), (b, _) = ([str(p) for p in pair] for pair in pairs)
    assert cli.run(["score", a, b, "--truth", sa]) == 2
    assert "2 events, 1 stacks" in capsys.readouterr().err
    assert cli.run(["score", a, "--truth", sa, sa, sa]) == 2
    assert "1 events, 3 stacks" in capsys.readouterr().err
    assert cli.run(["score", a]) == 2
    assert "--truth" in capsys.readouterr().err
    assert cli.run(["score", "--truth", sa]) == 2


def test_pairs_in_the_wrong_order_are_said_to_be(pairs: list[tuple[Path, Path]], capsys: Captured) -> None:
    (a, sa), (b, sb) = ([str(p) for p in pair] for pair in pairs)
    assert cli.run(["score", a, b, "--truth", sb, sa]) == 2
    said = capsys.readouterr().err
    assert f"{a}: the events came from another stack" in said
    assert f"{sa}, given as number 2 of --truth" in said


def test_one_events_file_counts_once(pairs: list[tuple[Path, Path]], capsys: Captured) -> None:
    (a, sa), _ = ([str(p) for p in pair] for pair in pairs)
    assert cli.run(["score", a, a, "--truth", sa, sa]) == 2
    assert f"{a}: is given twice" in capsys.readouterr().err


def test_scenes_of_one_name_are_told_apart(pairs: list[tuple[Path, Path]], tmp_path: Path, capsys: Captured) -> None:
    renamed = []
    for n, (events, stack) in enumerate(pairs):
        (tmp_path / f"run{n}").mkdir()
        renamed.append((tmp_path / f"run{n}" / "x.events.h5", stack))
        shutil.copy(events, renamed[-1][0])
    assert cli.run(ask(renamed, "--json")) == 0
    assert [row["scene"] for row in json.loads(capsys.readouterr().out)["scenes"]] == ["run0/x", "run1/x"]


def test_a_bad_file_among_good_ones_names_itself(
    pairs: list[tuple[Path, Path]], tmp_path: Path, capsys: Captured
) -> None:
    broken = tmp_path / "broken.events.h5"
    broken.write_bytes(pairs[0][0].read_bytes()[:3000])
    for bad, code in (((broken, pairs[0][1]), 65), ((pairs[0][0], broken), 65), ((tmp_path / "no.h5", broken), 66)):
        assert cli.run(ask([pairs[1], bad])) == code
        said = capsys.readouterr()
        assert ("broken.events.h5" if code == 65 else "no.h5") in said.err
        assert said.out == ""


def test_a_stack_without_truth_among_others(pairs: list[tuple[Path, Path]], tmp_path: Path, capsys: Captured) -> None:
    np.save(tmp_path / "a.npy", np.zeros((4, 20, 20), np.uint16))
    assert cli.run(["import", str(tmp_path / "a.npy"), "-o", str(tmp_path / "plain.h5")]) == 0
    assert cli.run(ask([pairs[1], (pairs[0][0], tmp_path / "plain.h5")])) == 2
    assert "plain.h5: the stack carries no truth" in capsys.readouterr().err


def changed(file: Path, out: Path, **tables: object) -> Path:
    """Write the events again with other tables or provenance."""
    made = store.read_events(file)
    for name, value in tables.items():
        setattr(made, name, value)
    store.write_events(out, made)
    return out


def test_events_of_frames_that_the_stack_has_not(
    pairs: list[tuple[Path, Path]], tmp_path: Path, capsys: Captured
) -> None:
    events, stack = pairs[0]
    detections = store.read_events(events).detections
    detections["frame"][3] = 120
    wrong = changed(events, tmp_path / "late.h5", detections=detections)
    assert cli.run(["score", str(wrong), "--truth", str(stack)]) == 65
    assert "late.h5: /detections.frame: is of a frame that the stack has not; found 120; allowed: 0 to 119" in (
        capsys.readouterr().err
    )


def test_events_that_do_not_say_where_they_came_from_are_scored_with_a_note(
    pairs: list[tuple[Path, Path]], tmp_path: Path, capsys: Captured
) -> None:
    events, stack = pairs[0]
    silent = changed(events, tmp_path / "silent.h5", provenance={})
    assert cli.run(["score", str(silent), "--truth", str(stack), "--json"]) == 0
    said = capsys.readouterr()
    assert "do not say which stack" in said.err
    assert len(json.loads(said.out)["notes"]) == 1
    assert cli.run(ask([(silent, stack), pairs[1]], "--json")) == 0
    assert json.loads(capsys.readouterr().out)["notes"][0].startswith("silent: ")


def test_no_events_at_all(pairs: list[tuple[Path, Path]], tmp_path: Path, capsys: Captured) -> None:
    events, stack = pairs[0]
    made = store.read_events(events)
    names = ("detections", "tracks", "track_points", "events")
    none = {name: empty(getattr(made, name).dtype, 0) for name in names}
    blank = changed(events, tmp_path / "blank.h5", **none)
    assert cli.run(["score", str(blank), "--truth", str(stack)]) == 0
    assert "no: missed" in capsys.readouterr().out
    failing = ["--fail-below", "launches_declared=1", "--fail-above", "declared_after_clairvoyant_s=60"]
    assert (
        cli.run(["score", str(blank), "--truth", str(stack), "--json", *failing, "--plots", str(tmp_path / "p")]) == 1
    )
    said = capsys.readouterr()
    assert "launches_declared is 0" in said.err
    assert "declared_after_clairvoyant_s is inf" in said.err
    assert json.loads(said.out)["objects"][0]["outcome"] == "missed"
    assert (tmp_path / "p" / "confusion.png").exists()


def test_thresholds_hold_the_pooled_figures(pairs: list[tuple[Path, Path]], capsys: Captured) -> None:
    good = ["--fail-below", "launches_declared=0.5", "--fail-above", "calibration_error=0.5"]
    assert cli.run(ask(pairs, "--json", *good)) == 0
    capsys.readouterr()
    assert cli.run(ask(pairs, "--json", "--fail-above", "fragments=0.5")) == 1
    assert "missed: fragments is" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["png", "svg"])
def test_plots(pairs: list[tuple[Path, Path]], form: str, tmp_path: Path, capsys: Captured) -> None:
    folder = tmp_path / "deep" / "plots"
    assert cli.run(ask(pairs, "--plots", str(folder), "--plot-format", form)) == 0
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(f"{name}.{form}" for name in PLOTS)
    assert f"{folder}/roc.{form}" in capsys.readouterr().out.replace("\n", "")


def test_plots_where_no_folder_can_be(pairs: list[tuple[Path, Path]], tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "file").write_text("mine")
    assert cli.run([*ask(pairs[:1]), "--plots", str(tmp_path / "file")]) == 73
    assert (tmp_path / "file").read_text() == "mine"
    assert str(tmp_path / "file") in capsys.readouterr().err
