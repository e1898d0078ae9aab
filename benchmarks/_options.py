"""Options that all benchmarks take, and their progress."""

from __future__ import annotations

import argparse
import sys


def parser(doc: str | None, quick: str) -> argparse.ArgumentParser:
    """Return a parser with ``--quick``, of which ``quick`` tells what it does, ``--json`` and ``--markdown``."""
    out = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    out.add_argument("--quick", action="store_true", help=quick)
    out.add_argument("--json", action="store_true", help="one JSON object on stdout")
    out.add_argument("--markdown", action="store_true", help="tables as Markdown")
    return out


def progress(text: str) -> None:
    """Tell on stderr how far a run is, where that is a terminal; an empty text clears the line."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
