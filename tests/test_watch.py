"""A stack that grows in another process is watched: same results as batch, at once, and after a kill."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from boostwatch import cli, pipeline, store
from boostwatch.errors import BadData, NoInput, UsageError
from boostwatch.pipeline.launch_lines import LaunchLines
from boostwatch.records import EVENT, empty
from tests.live import Camera

TABLES = ("detections", "tracks", "track_points", "events", "registration")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for frames more often than a user would."""
    monkeypatch.setattr(sys.modules["boostwatch.pipeline.watching"], "POLL_S", (0.002, 0.002))
    monkeypatch.setattr(sys.modules["boostwatch.pipeline.watching"], "RETRY_S", 0.01)


class Killed(BaseException):
    """Nobody catches it, as nobody catches SIGKILL."""


def same(one: Any, other: Any) -> bool:
    return all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in TABLES)


def test_a_growing_stack_gives_at_once_what_batch_gives(stack_file: Path, events_file: Path, tmp_path: Path) -> None:
    batch = store.read_events(events_file)
    declared_s = float(batch.events["declared_time_s"][batch.events["kind"] == b"launch"][0])
    lines: list[tuple[dict[str, Any], int]] = []
    with Camera(stack_file, tmp_path / "live.h5") as camera:

        def on_progress(_stage: str, done: int, _total: int) -> None:
            if done < camera.frames:
                return
            if camera.frames < 40:
                camera.append(20)  # a burst
            elif camera.frames < 80:
                camera.append(1)
            elif camera.frames < 120:
                camera.append()
            else:
                camera.close()

        camera.append(1)
        done = pipeline.watch(
            camera.path, tmp_path / "e.h5", timeout_s=20, on_progress=on_progress,
            on_line=lambda line: lines.append((line, camera.frames)),
        )  # fmt: skip
    assert (done.reason, done.frames) == ("closed", 120)
    assert same(done.tables, batch)
    assert same(store.read_events(tmp_path / "e.h5"), batch)
    again = pipeline.detect(camera.path, tmp_path / "b.h5")
    assert same(again, batch)
    told = {**done.tables.provenance}
    assert {name for name, value in again.provenance.items() if told[name] != value} <= {"command"}
    (first, there), *_ = lines
    assert first["type"] == "declared"
    assert first["sequence"] == 1
    assert first["declared_time_s"] == first["frame_time_s"] == declared_s
    assert 40 < there < 80
    assert there - first["frame"] <= 2
    assert [line["type"] for line, _ in lines][-1] == "end"
    finals = [line for line, _ in lines if line["type"] == "final"]
    assert len(finals) == len(batch.events)
    assert finals[0]["latitude_deg"] == batch.events["latitude_deg"][0]
    json.dumps([line for line, _ in lines], allow_nan=False)


def test_after_a_kill_it_goes_on_and_says_nothing_twice(stack_file: Path, events_file: Path, tmp_path: Path) -> None:
    whole: list[dict[str, Any]] = []
    pipeline.watch(stack_file, on_line=whole.append)
    lines: list[dict[str, Any]] = []

    def kill_after(frames: int) -> Callable[[str, int, int], None]:
        def on_progress(_stage: str, done: int, _total: int) -> None:
            if done == frames:
                raise Killed

        return on_progress

    def reader_goes_away(line: dict[str, Any]) -> None:
        lines.append(line)
        raise BrokenPipeError

    state, out = tmp_path / "state.json", tmp_path / "e.h5"
    with pytest.raises(Killed):
        pipeline.watch(stack_file, out, state=state, on_line=lines.append, on_progress=kill_after(5))
    assert json.loads(state.read_text())["progress"]["frames"] == 5
    with pytest.raises(BrokenPipeError):
        pipeline.watch(stack_file, out, state=state, on_line=reader_goes_away)
    with pytest.raises(Killed):
        pipeline.watch(stack_file, out, state=state, on_line=lines.append, on_progress=kill_after(70))
    assert lines[0] == lines[1]  # printed but not noted as such: it comes again with its number
    assert json.loads(state.read_text())["progress"]["frames"] == 70
    assert not out.exists()
    done = pipeline.watch(stack_file, out, state=state, on_line=lines.append)
    assert lines[1:] == whole
    assert same(done.tables, store.read_events(events_file))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["e.h5", "state.json"]


def test_asked_to_end_it_writes_what_there_is_and_goes_on_later(
    stack_file: Path, events_file: Path, tmp_path: Path
) -> None:
    taken, lines = [0], []

    def on_progress(_stage: str, done: int, _total: int) -> None:
        taken[0] = done

    out, state = tmp_path / "e.h5", tmp_path / "state.json"
    done = pipeline.watch(
        stack_file, out, state=state, on_line=lines.append, on_progress=on_progress, stop=lambda: taken[0] >= 90
    )
    assert (done.reason, done.frames) == ("interrupted", 90)
    assert [line["type"] for line in lines if line["type"] in ("final", "end")] == ["end"]
    part = store.read_events(out)
    assert len(part.registration) == 90
    assert "interrupted" in str(part.provenance["notes"])
    taken[0] = 0
    done = pipeline.watch(
        stack_file, out, state=state, on_progress=on_progress, stop=lambda: taken[0] >= 50
    )  # before it has caught up
    assert len(store.read_events(out).registration) == 90
    assert json.loads(state.read_text())["progress"]["frames"] == 90
    done = pipeline.watch(stack_file, out, state=state)
    assert same(done.tables, store.read_events(events_file))


def test_a_state_of_another_watch_is_refused(
    stack_file: Path, scenario_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state.json"
    taken = [0]

    def on_progress(_stage: str, done: int, _total: int) -> None:
        taken[0] = done

    pipeline.watch(stack_file, state=state, on_progress=on_progress, stop=lambda: taken[0] >= 20)
    good = state.read_text()

    def refused(match: str, stack: Path = stack_file, **options: Any) -> None:
        before = state.read_bytes()
        with pytest.raises(BadData, match=match):
            pipeline.watch(stack, state=state, **options)
        assert state.read_bytes() == before

    refused(
        r"identity.settings: belongs to a watch of another stack.*found 'mode = \"temporal\"'",
        settings=pipeline.chain_settings(None, mode="single"),
    )
    refused("identity.frame_period_s", frame_period_s=0.25)
    other = tmp_path / "other.h5"
    assert cli.run(["simulate", str(scenario_file), "-o", str(other), "--seed", "77"]) == 0
    refused("identity.first_frame_crc32", other)
    content = json.loads(good)
    for part, key, value, match in (
        ("progress", "results_sha256", "0" * 64, "does not agree with what the same frames give now"),
        ("progress", "lines", 3, "does not agree"),
        ("progress", "frames", 121, "is that of a stack with more frames"),
        ("progress", "frames", "many", "progress.frames: is damaged; found 'many'; allowed: int"),
        ("progress", "frames", -1, "progress.frames: is damaged"),
        ("progress", "frames", -7, "progress.frames: is damaged"),
        ("identity", "creator", "boostwatch 0.0.1", "identity.creator"),
    ):
        changed = json.loads(good)
        changed[part][key] = value
        state.write_text(json.dumps(changed))
        refused(match)
    del content["identity"]["dtype"]
    for text, match in (
        (json.dumps(content), "identity: is damaged"),
        (good.replace('"format_version": 1', '"format_version": 2'), "format_version: is of another version"),
        ("{", "is no state of a watch"),
        ("[" * 100_000, "is no state of a watch"),
        ("", "is no state of a watch"),
        ("[]", "is no state of a watch"),
        (" " * 2_000_000, "is no state of a watch"),
    ):
        state.write_text(text)
        refused(match)


def test_three_files_are_three(stack_file: Path, tmp_path: Path) -> None:
    for stack, out, state in (
        (stack_file, stack_file, None),
        (stack_file, None, stack_file),
        (stack_file, tmp_path / "a", tmp_path / "a"),
        (tmp_path / "not_there", tmp_path / "not_there", None),
    ):
        with pytest.raises(UsageError, match="are three files"):
            pipeline.watch(stack, out, state=state)
    with pytest.raises(UsageError, match="timeout"):
        pipeline.watch(stack_file, timeout_s=float("nan"))


def test_a_writer_that_dies_ends_the_watch_after_the_timeout(stack_file: Path, tmp_path: Path) -> None:
    with Camera(stack_file, tmp_path / "live.h5") as camera:
        camera.append(60)
        camera.kill()
        done = pipeline.watch(camera.path, tmp_path / "e.h5", timeout_s=0.2)
    assert (done.reason, done.frames) == ("timeout", 60)
    tables = store.read_events(tmp_path / "e.h5")
    assert len(tables.registration) == 60
    assert "no new frame came in time" in str(tables.provenance["notes"])
    assert tables.provenance["input_sha256"] == ""


def test_a_stack_that_does_not_come(tmp_path: Path) -> None:
    with pytest.raises(NoInput, match=r"a\.h5: no such file \(after 0.1 s\)"):
        pipeline.watch(tmp_path / "a.h5", timeout_s=0.1)
    with pytest.raises(KeyboardInterrupt):
        pipeline.watch(tmp_path / "a.h5", timeout_s=0, stop=lambda: True)


@pytest.mark.parametrize("how", ["replaced", "removed", "anew"])
def test_a_file_that_is_another_one(how: str, stack_file: Path, tmp_path: Path) -> None:
    with Camera(stack_file, tmp_path / "live.h5") as camera:
        camera.append(10)

        def on_progress(_stage: str, done: int, _total: int) -> None:
            if done == 10:
                camera.path.rename(tmp_path / "old.h5")
                if how == "replaced":
                    camera.path.write_bytes(stack_file.read_bytes())

        def overwrite(_stage: str, done: int, _total: int) -> None:
            if done == 10:
                camera.path.write_bytes(b"something else")

        with pytest.raises(BadData, match=rf"live.h5: was {how}|written {how}"):
            pipeline.watch(camera.path, timeout_s=5, on_progress=overwrite if how == "anew" else on_progress)


def launch(**values: float) -> Any:
    row = empty(EVENT, 1)
    row["track_id"], row["event_id"], row["kind"] = 7, 7, b"launch"
    start = {
        "probability": 0.99, "p_launch": 0.99, "launch_time_s": 10.0, "launch_time_sigma_s": 3.0, "latitude_deg": 0.0,
        "longitude_deg": 179.9, "ellipse_major_km": 10.0, "ellipse_minor_km": 5.0, "heading_deg": 90.0,
    }  # fmt: skip
    for name, value in {**start, **values}.items():
        row[name] = value
    return row


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, False),
        ({"probability": 0.93}, False),
        ({"p_launch": 0.8}, True),
        ({"kind": b"aircraft"}, True),
        ({"launch_time_s": 12.0, "latitude_deg": 0.02}, False),
        ({"launch_time_s": 14.0}, True),
        ({"latitude_deg": 0.1}, True),
        ({"longitude_deg": -179.9}, True),
        ({"longitude_deg": 179.93}, False),
        ({"ellipse_major_km": 6.0}, True),
        ({"burnout_time_s": 100.0}, True),
        ({"latitude_deg": np.nan, "longitude_deg": np.nan}, True),
    ],
)
def test_what_is_worth_a_line(change: dict[str, Any], told: bool) -> None:
    lines = LaunchLines("2026-01-01T00:00:00Z")
    (first,) = lines.declared(launch(), 3, 1.5)
    assert first["frame_time_utc"] == "2026-01-01T00:00:01.500Z"
    assert "event_id" not in first
    assert first["burnout_time_s"] is None
    assert not lines.due(6.0)
    assert lines.due(6.5)
    assert not lines.due(np.nan)
    revised = lines.revised(launch(**change), 13, 6.5)
    assert [line["type"] for line in revised] == (["revised"] if told else [])
    assert lines.revised(launch(**change), 23, 11.5) == []  # said, or near enough to what was said
