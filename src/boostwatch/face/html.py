"""Small pieces of HTML for notebooks. Every text that comes from outside passes `escape`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

MOST_ROWS = 20


def title(text: str) -> str:
    """Return a heading."""
    return f"<p><strong>{escape(text)}</strong></p>"


def note(text: str) -> str:
    """Return a line of small print; nothing for no text."""
    return f"<p><small>{escape(text)}</small></p>" if text else ""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, most: int = MOST_ROWS) -> str:
    """Return a table of text; rows past ``most`` are counted only."""
    lines = [list(row) for row in rows]
    head = f"<thead><tr>{_cells('th', heads)}</tr></thead>" if any(heads) else ""
    body = "".join(f"<tr>{_cells('td', row)}</tr>" for row in lines[:most])
    more = note(f"and {len(lines) - most} more") if len(lines) > most else ""
    return f"<table>{head}<tbody>{body}</tbody></table>{more}"


def _cells(kind: str, texts: Iterable[str]) -> str:
    return "".join(f'<{kind} style="text-align:left">{escape(text)}</{kind}>' for text in texts)
