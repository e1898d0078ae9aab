"""The examples of docs/formats.md run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from boostwatch.records import DETECTION, EVENT, REGISTRATION, TRACK, TRACK_POINT, TRUTH_OBJECT, TRUTH_SAMPLE
from boostwatch.store import foreign, guard, layout, read_detections, sources, write_events
from tests.store.helpers import EPOCH, event_tables, write_stack

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text("utf-8")


@pytest.mark.parametrize("number", range(6))
def test_examples(tmp_path, monkeypatch, capsys, number):
    monkeypatch.chdir(tmp_path)
    write_stack("stack.h5")
    write_events("events.h5", event_tables())
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 6
    names: dict[str, object] = {}
    exec(blocks[number], names)
    if "launch_time" in names:
        assert names["launch_time"][0].isot == "2026-01-01T00:00:01.500"
    if "launches" in names:
        assert len(names["launches"]) == 1


def test_the_csv_example(tmp_path):
    (example,) = re.findall(r"```text\n(# epoch.*?)```", PAGE, re.DOTALL)
    (tmp_path / "a.csv").write_text(example)
    found = read_detections(tmp_path / "a.csv")
    assert (found.rows["x"][0], found.epoch) == (101.25, EPOCH)


@pytest.mark.parametrize(
    "dtype", [DETECTION, TRACK, TRACK_POINT, EVENT, REGISTRATION, TRUTH_OBJECT, TRUTH_SAMPLE, layout.BAND]
)
def test_every_column_is_on_the_page(dtype):
    assert [name for name in dtype.names if f"`{name}`" not in PAGE] == []


def test_the_limits_are_those_of_the_code():
    assert f"{sources.MAX_IMAGE_PIXELS:,}".replace(",", " ") in PAGE
    assert f"{layout.MAX_DEFLATE} times the file" in PAGE
    assert f"| {foreign.MAX_ARRAY_BYTES >> 30} GiB |" in PAGE
    assert f"limits on time ({guard.TIME_LIMIT_S:g} s) and memory\n({guard.MEMORY_LIMIT_BYTES >> 30} GiB)" in PAGE
    assert f"| {guard.MAX_EXPANSION} times, above {guard.FREE_BYTES >> 20} MiB |" in PAGE
    assert f"| an attribute | {guard.MAX_ATTRIBUTE_BYTES >> 20} MiB |" in PAGE
    assert f"| objects | {guard.MAX_OBJECTS:,} |".replace(",", " ") in PAGE
    assert all(name.rstrip("2") in PAGE for name in guard.KNOWN_FILTERS.values())
