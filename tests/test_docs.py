"""What README and the docs promise: commands are those of CI, all blocks of all pages run, links lead somewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import astropy.io.fits
import numpy as np
import pytest

from boostwatch import cli, pipeline, store
from tests.pages import Page, Small, blocks, parse, programs

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md"]
PAGES += sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").rglob("*.md"))


def test_ci_runs_the_readmes_test_command_word_for_word() -> None:
    (command,) = (block.text.strip() for block in blocks(README) if "python -m tests" in block.text)
    assert command in (ROOT / ".ci" / "run").read_text().splitlines()


@pytest.fixture(scope="session")
def small(scenario_file: Path, stack_file: Path, events_file: Path) -> Small:
    """Return the session's small scene, and its first band as a FITS cube."""
    fits = stack_file.with_suffix(".fits")
    if not fits.exists():
        with store.open_stack(stack_file) as stack:
            astropy.io.fits.PrimaryHDU(np.stack([frame.data[0] for frame in stack.frames()])).writeto(fits)
    return Small(scenario_file, stack_file, events_file, fits)


@pytest.mark.filterwarnings("default")  # pandas, astropy and matplotlib have warnings of their own
@pytest.mark.parametrize("name", [name for name in PAGES if list(blocks(ROOT / name))])
def test_what_a_page_tells_to_do_can_be_done(
    name: str, small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, bin_ = tmp_path / "page", tmp_path / "bin"
    folder.mkdir()
    bin_.mkdir()
    monkeypatch.setenv("PATH", programs(bin_))
    monkeypatch.setenv("MPLBACKEND", "agg")
    page = Page(ROOT / name, folder, small)
    page.run()
    if name in CHECKS:
        CHECKS[name](folder, page.names)
    if (ROOT / ".git").exists():  # what a page leaves in a clone is none of its changes
        left = {each.name + "/" * each.is_dir() for each in folder.iterdir()}
        done = subprocess.run(
            ["git", "-C", ROOT, "check-ignore", "--stdin"], input="\n".join(left), capture_output=True, text=True
        )
        assert left == set(done.stdout.splitlines())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("```sh\nboostwatch info nowhere.h5\n```", "exit code 66, not 0"),
        ("<!-- test: exit 65 -->\n\n```sh\nboostwatch info nowhere.h5\n```", "exit code 66, not 65"),
        ("```sh\nfalse\n```", "exit code 1, not 0"),
        ("<!-- test: parse -->\n```sh\nboostwatch detect a.h5 -o b.h5 --nonsense\n```", "nonsense"),
        ("<!-- test: parse -->\n```sh\nboostwatch nonsense\n```", "nonsense"),
        ("<!-- test: parse -->\n```sh\npip install '.[plot]' && pip install '.[nonsense]'\n```", "nonsense"),
        ("<!-- test: parse -->\n```sh\npython -m benchmarks.memory --nonsense\n```", "SystemExit"),
        ("<!-- test: parse -->\n```sh\npytest tests/nonsense.py\n```", "nonsense"),
        ("<!-- test: parse -->\n```sh\nnonsense\n```", "unknown program"),
        ("<!-- test: nonsense -->\n```sh\ntrue\n```", "unknown mark"),
        ("```nonsense\ntrue\n```", "unknown language"),
        ("```python\n1 / 0\n```", "ZeroDivisionError"),
        ('```toml\n[detect]\npsf_sigma = "2 m"\n```', "wrong unit"),
    ],
)
def test_what_cannot_be_done_is_found(text: str, wrong: str, small: Small, tmp_path: Path) -> None:
    """The line of the block and what is wrong with it."""
    path = tmp_path / "page.md"
    path.write_text(f"# Page\n\nWords.\n\n{text}\n")
    with pytest.raises(AssertionError, match=rf"page\.md:\d+: (?s:.*){wrong}"):
        Page(path, tmp_path, small).run()


def _readme(folder: Path, names: dict[str, Any]) -> None:
    assert names["pixels"].shape == (256, 256)
    assert {"kind", "latitude_deg", "launch_time_sigma_s"} <= set(names["events"].columns)
    assert len(names["tracks"]) >= 1
    assert len(names["truth"]) > 0


def _detection(folder: Path, names: dict[str, Any]) -> None:
    assert names["frames"].shape == (60, 1, 128, 128)
    assert len(names["kept"]) <= len(names["detections"])


def _tutorial(folder: Path, names: dict[str, Any]) -> None:
    """The launch that the page promises, and its place once the camera is known."""
    assert list(names["events"]["kind"]) == ["launch"]
    assert 30 < names["events"]["declared_time_s"][0] < 55
    (placed,) = store.read_events(folder / "placed.events.h5").events
    assert placed["kind"] == b"launch"
    assert 0 < placed["ellipse_major_km"] < 20
    assert 27 < placed["latitude_deg"] < 29
    assert placed["peak_intensity_w_sr"] > 0


def _watched(folder: Path, names: dict[str, Any]) -> None:
    lines = [json.loads(line) for line in (folder / "launches.jsonl").read_text().splitlines()]
    assert lines[0]["type"] == "declared"
    assert lines[-1]["reason"] == "closed"


CHECKS: dict[str, Callable[[Path, dict[str, Any]], None]] = {
    "README.md": _readme,
    "docs/detection.md": _detection,
    "docs/howto/watch.md": _watched,
    "docs/tutorial.md": _tutorial,
}
"""What must have come of a page besides that nothing failed."""


@pytest.mark.parametrize("name", PAGES)
def test_commands_in_running_text_exist(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"^(?: {4}|\t)\$? ?(boostwatch|python|pytest|pip) ", text, re.MULTILINE), "fence it: ```sh"
    for span in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text):
        words = span.split()
        if "NAME" in span:
            continue
        if words[:2] == ["python", "-m"] or words[0] == "pytest":
            parse(" ".join(words[:3] if words[0] == "python" else words[:2]))
        elif words[0] == "boostwatch" and len(words) > 1 and re.fullmatch("[a-z]+", words[1]):
            command = cli.cli.commands[words[1]]
            known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
            assert set(re.findall(r"--[a-z-]+", span)) <= known, span


def test_what_the_recipe_for_live_stacks_writes_can_be_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = (block.text for block in blocks(ROOT / "docs" / "formats.md") if "swmr_mode" in block.text)
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


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_links_to_is_there(page: str) -> None:
    here = ROOT / page
    for link, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", here.read_text()):
        if link.startswith("http"):
            continue
        there = here.parent / link if link else here
        assert there.exists(), link
        assert not anchor or anchor in anchors(there), f"{link}#{anchor}"
