"""The examples of docs/python.md run as they stand there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.filterwarnings("default")  # pandas and astropy have warnings of their own
def test_examples(stack_file: Path, events_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(stack_file, "demo.stack.h5")
    shutil.copy(events_file, "demo.events.h5")
    names: dict[str, Any] = {}
    for block in BLOCKS:
        exec(block, names)  # the example itself is under test
    assert names["image"].shape == (64, 64)
    assert names["cut"].shape == (10, 2, 20, 20)
    assert len(names["rings"]) == 1
    assert len(names["followed"].tracks) == 1
    assert names["early"].shape == (1,)
    assert names["launches"]["declared"].tolist() == [True]
