"""The pages of the docs as programs: their fenced blocks, one after another, in a folder of their own.

A block is run unless a comment on the line before it says otherwise; it does not show where the page is read:

- ``<!-- test: parse -->``: too long, installs, or needs the whole demo; each command is only parsed, by its own parser.
- ``<!-- test: exit 65 -->``: its last command ends with that code.
- ``<!-- test: given a.stack.h5 b.events.h5 -->``: a small scene's files are put there first, under these names: FITS
  frames where a name ends so, events where it says so, else the stack.

``sh`` blocks are commands (so are blocks without a language), ``python`` blocks share their names within a page. A
block that begins with ``# NAME.toml`` or ``# NAME.py`` is a file of that name. ``text`` and ``json`` are only shown.
"""

from __future__ import annotations

import argparse
import contextlib
import glob
import importlib.util
import io
import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest

from boostwatch import cli
from boostwatch.scene import library
from boostwatch.scene.scenario import Scenario
from boostwatch.settings import ChainSettings

ROOT = Path(__file__).parent.parent
SHOWN = ("text", "json")
"""Languages of what is only shown."""
SHELL = ("git", "source", "cd", "wait", "sha256sum", "rm", "docker")
"""Programs of others that a page may tell to use."""
_BLOCK = re.compile(r"^(?:<!-- test: ([^\n]*?) -->\n\n?)?^(`{3,})([^\n`]*)\n(.*?)^\2$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"# ([\w.-]+\.(?:toml|py))\n")


class Block(NamedTuple):
    """A fenced block: where it begins, its language, the words of its mark, its text."""

    line: int
    language: str
    mark: tuple[str, ...]
    text: str


class Small(NamedTuple):
    """The files of a small scene."""

    scenario: Path
    stack: Path
    events: Path
    fits: Path


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page; directives of the site (``{toctree}``) are none."""
    text = page.read_text("utf-8")
    for found in _BLOCK.finditer(text):
        mark, _, language, body = found.groups()
        if not language.startswith("{"):
            line = text.count("\n", 0, found.start(4)) + 1
            yield Block(line, language.strip() or "sh", tuple((mark or "").split()), body)


class Page:
    """One page being run.

    Parameters
    ----------
    path : Path
        The Markdown file.
    folder : Path
        Where its commands run.
    small : Small
        A scene that stands for those of the library where a page renders one: they take minutes.
    """

    def __init__(self, path: Path, folder: Path, small: Small) -> None:
        self.path, self.folder, self.small = path, folder, small
        self.names: dict[str, Any] = {"__name__": "__main__"}

    def run(self) -> None:
        """Run all blocks in order; a failure says in which line of the page."""
        with contextlib.chdir(self.folder):
            for block in blocks(self.path):
                try:
                    self._block(block)
                except (Exception, SystemExit) as error:
                    raise AssertionError(f"{self.path}:{block.line}: {error!r}") from error

    def _block(self, block: Block) -> None:
        verb, *words = block.mark or ("run",)
        code = int(words[0]) if verb == "exit" else 0
        if verb == "given":
            for name in words:
                self._give(name)
        elif verb not in ("run", "parse", "exit"):
            raise ValueError(f"unknown mark {verb!r}; allowed: parse, exit CODE, given FILES")
        file = _FILE.match(block.text)
        if file and block.language in ("toml", "python"):
            Path(file[1]).write_text(block.text)
        elif block.language == "python":
            exec(compile(block.text, f"{self.path}:{block.line}", "exec"), self.names)
        elif block.language == "toml":
            _check_toml(block.text)
        elif block.language == "sh" and verb == "parse":
            for command in commands(block.text):
                parse(command)
        elif block.language == "sh":
            self._shell(block.text, code)
        elif block.language not in SHOWN:
            raise ValueError(f"unknown language {block.language!r}; allowed: sh, python, toml, {', '.join(SHOWN)}")

    def _give(self, name: str) -> None:
        small = self.small
        source = small.fits if name.endswith(".fits") else small.events if "events" in name else small.stack
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(source.read_bytes())

    def _shell(self, text: str, code: int) -> None:
        lines = commands(text)
        if any(line.endswith("&") for line in lines):
            lines = ["\n".join(lines)]
        for number, line in enumerate(lines):
            found = self._command(line)
            wanted = code if number == len(lines) - 1 else 0
            assert found == wanted, f"exit code {found}, not {wanted}: {line}"

    def _command(self, line: str) -> int:
        """Run a command and return its exit code: Boostwatch's own here, which is quick, others in a shell."""
        if line.startswith("cd "):
            Path(line[3:]).mkdir(exist_ok=True)
            os.chdir(line[3:])
            return 0
        simple = re.fullmatch(r"boostwatch ([^|&;<>`$]*?)(?:> *(\S+))?", line)
        if not simple:
            return bash(line)
        words = [hit for word in shlex.split(simple[1]) for hit in (sorted(glob.glob(word)) or [word])]
        if words[0] == "simulate" and words[1] in library.builtin_names():
            words[1] = str(self.small.scenario)
        if words[0] == "demo":
            parse(line)
            for name in ("demo.stack.h5", "demo.events.h5"):
                self._give(f"{words[1] if len(words) > 1 else 'boostwatch-demo'}/{name}")
            return 0
        with contextlib.redirect_stdout(io.StringIO()) as out:
            found = cli.run(words)
        if simple[2]:
            Path(simple[2]).write_text(out.getvalue())
        return found


def commands(text: str) -> list[str]:
    """Return the commands of a block, those over several lines as one, without comments."""
    out: list[str] = []
    for line in text.splitlines():
        if out and (out[-1].endswith("\\") or out[-1].count('"') % 2):
            out[-1] = out[-1].removesuffix("\\") + ("" if out[-1].endswith("\\") else "\n") + line
        elif line.strip() and not line.startswith("#"):
            out.append(line)
    return [re.sub(r"\s+# .*$", "", line).rstrip() for line in out]


def programs(folder: Path) -> str:
    """Return a search path on which ``boostwatch`` and ``python`` are those of this run."""
    for name, start in {"boostwatch": "-m boostwatch ", "python": ""}.items():
        file = folder / name
        file.write_text(f'#!/bin/sh\nexec "{sys.executable}" {start}"$@"\n')
        file.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def bash(text: str) -> int:
    """Run commands in a shell and return their exit code."""
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", text], capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        print(done.stdout, done.stderr)
    return done.returncode


def parse(line: str) -> None:
    """Check that a command exists and takes these arguments, without doing what it says."""
    for part in re.split(r"&&|\|(?!\|)|;(?![^(]*\))", line):
        words = shlex.split(re.sub(r"> *\S+|&$", "", part))
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            del words[0]
        program = Path(words[0]).name
        if program == "boostwatch":
            _parse_own(words[1:])
        elif program == "pip":
            _parse_pip(words[1:])
        elif program in ("python", "python3") and words[1] == "-m":
            _parse_module(words[2], words[3:])
        elif program == "pytest":
            missing = [word for word in words[1:] if word.startswith("tests") and not (ROOT / word).exists()]
            assert not missing, missing
        else:
            assert program in SHELL, f"unknown program: {line}"


def _parse_own(words: list[str]) -> None:
    context = click.Context(cli.cli, info_name="boostwatch")
    if words and words[0] not in ("-h", "--help", "--version"):
        command = cli.cli.get_command(context, words[0])
        assert command is not None, words[0]
        command.make_context(words[0], words[1:], parent=context)


def _parse_pip(words: list[str]) -> None:
    """An extra that is asked for is one of this project's."""
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for word in words:
        for extra in re.findall(r"(?:\.|boostwatch)\[([\w,]+)\]", word):
            assert set(extra.split(",")) <= set(known), word


class _Parsed(Exception):
    """The arguments of a script were parsed."""


def _parse_module(name: str, words: list[str]) -> None:
    assert importlib.util.find_spec(name), name
    if not name.startswith("benchmarks."):
        return

    def parsed(self: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> Any:
        original(self, args, namespace)
        raise _Parsed

    original = argparse.ArgumentParser.parse_args
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that another test has imported the script
        patch.setattr(argparse.ArgumentParser, "parse_args", parsed)
        patch.setattr(sys, "argv", [name, *words])
        with pytest.raises(_Parsed):
            runpy.run_module(name, run_name="__main__")


def _check_toml(text: str) -> None:
    """A piece of a scenario or of the settings, which must be sound by itself."""
    values = tomllib.loads(text)
    (ChainSettings if values.keys() <= set(ChainSettings.model_fields) else Scenario).model_validate(values)
