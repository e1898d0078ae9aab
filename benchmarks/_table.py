"""Tables for people: aligned text, or Markdown for the pages."""

from __future__ import annotations

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool = False) -> str:
    """Return a table with its first column to the left and the others to the right."""
    if markdown:
        ruler = ["---"] + ["---:"] * (len(header) - 1)
        return "\n".join("| " + " | ".join(row) + " |" for row in [header, ruler, *rows])
    widths = [max(len(row[k]) for row in [header, *rows]) for k in range(len(header))]

    def line(row: Sequence[str]) -> str:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        return "  ".join([row[0].ljust(widths[0]), *cells[1:]])

    return "\n".join(line(row) for row in [header, *rows])


def section(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool = False) -> str:
    """Return a titled table with a line around it."""
    return f"\n{f'**{title}**' if markdown else title}\n\n{table(header, rows, markdown=markdown)}"
