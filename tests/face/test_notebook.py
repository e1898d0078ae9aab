"""The notebook of the docs runs from its first cell to its last.

Its cells are run here, one after the other as a kernel would: that needs no server, no ports and no packages more.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "notebooks" / "tour.ipynb"
CELLS = json.loads(PAGE.read_text("utf-8"))["cells"]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # matplotlib and astropy have warnings of their own
def test_every_cell_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "Agg")
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="its pictures need matplotlib")
    pyplot.switch_backend("Agg")
    monkeypatch.setattr(pyplot, "show", lambda: None)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for number, cell in enumerate(CELLS):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)  # the notebook is under test
    drawn = len(pyplot.get_fignums())
    pyplot.close("all")
    assert drawn == 3
    assert names["score"].metrics()["launches_declared"] == 1.0
    assert not list(tmp_path.iterdir())


def test_its_outputs_are_stored_and_small() -> None:
    code = [cell for cell in CELLS if cell["cell_type"] == "code"]
    assert all(cell["outputs"] for cell in code)
    kinds = {kind for cell in code for output in cell["outputs"] for kind in output["data"]}
    assert {"image/png", "text/html", "text/plain"} <= kinds
    assert PAGE.stat().st_size < 400_000
    assert "launches declared" in json.dumps(code[-1]["outputs"])
