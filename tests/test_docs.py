"""What README and the docs promise: commands are the ones that CI runs, examples run on real files."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from boostwatch import cli, pipeline
from boostwatch.settings import ChainSettings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [body for own, body in found if own == language]


def test_ci_runs_the_readmes_test_command_word_for_word() -> None:
    commands = [block.strip() for block in blocks(README, "") if "python -m tests" in block]
    assert len(commands) == 1
    assert commands[0] in (ROOT / ".ci" / "run").read_text().splitlines()


def test_the_readmes_scenario_is_valid(tmp_path: Path) -> None:
    scenario, chain = blocks(README, "toml")
    path = tmp_path / "scene.toml"
    path.write_text(scenario)
    assert cli.run(["validate", str(path)]) == 0
    settings = ChainSettings.model_validate(tomllib.loads(chain))
    assert settings.detect.psf_sigma == 0.9


def test_the_python_of_the_detection_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    loop, cut = blocks((ROOT / "docs" / "detection.md").read_text(), "python")
    names: dict[str, Any] = {}
    exec(loop, names)  # the example itself is under test
    assert names["frames"].shape == (60, 1, 128, 128)
    names["detections"] = names["result"].detections
    exec(cut, names)
    assert len(names["kept"]) <= len(names["result"].detections)


@pytest.mark.filterwarnings("default")  # pandas and astropy have warnings of their own
def test_the_readmes_python_runs(stack_file: Path, events_file: Path) -> None:
    _, code = blocks(README, "python")
    code = code.replace("demo.events.h5", str(events_file)).replace("demo.stack.h5", str(stack_file))
    names: dict[str, Any] = {}
    exec(code, names)  # the example itself is under test
    assert {"kind", "latitude_deg", "launch_time_sigma_s"} <= set(names["events"].columns)
    assert len(names["tracks"]) >= 1
    assert len(names["truth"]) > 0


def test_the_readmes_simulation_runs(scenario_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _ = blocks(README, "python")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(code.replace('"demo"', repr(str(scenario_file))), names)  # a smaller scene
    assert names["pixels"].shape == (64, 64)
    assert cli.run(["validate", str(tmp_path / "part.stack.h5")]) == 0


def test_every_command_in_the_readme_exists() -> None:
    for command in re.findall(r"boostwatch ([a-z]+) ", README):
        if command in (
            "demo",
            "scenes",
            "simulate",
            "import",
            "detect",
            "track",
            "score",
            "info",
            "validate",
            "schema",
            "export",
            "watch",
            "report",
        ):
            assert cli.run([command, "--help"]) == 0


def test_what_the_recipe_for_live_stacks_writes_can_be_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = (block for block in blocks((ROOT / "docs" / "formats.md").read_text(), "python") if "swmr_mode" in block)
    monkeypatch.chdir(tmp_path)
    slow = code.replace("dataset.flush()", "dataset.flush()\n        __import__('time').sleep(0.02)")
    with subprocess.Popen([sys.executable, "-c", slow]) as camera:
        done = pipeline.watch("camera.h5", timeout_s=20)
        assert camera.wait() == 0
    assert (done.reason, done.frames) == ("closed", 30)
    assert done.tables.provenance["frames_flagged"] == "8 warming_up"


def anchors(path: Path) -> set[str]:
    """Return the names by which GitHub calls the headings of a page."""
    heads = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md"]
PAGES += sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_links_to_is_there(page: str) -> None:
    here = ROOT / page
    for link, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", here.read_text()):
        if link.startswith("http"):
            continue
        there = here.parent / link if link else here
        assert there.exists(), link
        assert not anchor or anchor in anchors(there), f"{link}#{anchor}"
