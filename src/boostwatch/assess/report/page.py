"""One HTML file of the page's own parts and a payload: no request, no inline attribute, a hash a script and style."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

SCRIPTS = (
    "dom.js", "state.js", "format.js", "plot.js", "map.js", "frames.js", "curves.js", "timeline.js", "tables.js",
    "score.js", "summary.js", "main.js",
)  # fmt: skip
"""The page's own code, joined in this order into one function."""
VENDOR = ("d3-geo.min.js",)


def static(*place: str) -> str:
    """Return one of the page's parts as text."""
    return files("boostwatch.assess.report").joinpath("static", *place).read_text("utf-8")


def assemble(payload: dict[str, Any]) -> str:
    """Return the page.

    Parameters
    ----------
    payload : dict
        What JSON knows; NaN is an error. Texts in it may be anything: they are never markup.

    Returns
    -------
    str
        A whole HTML document.
    """
    own = "\n".join(static("js", name) for name in SCRIPTS)
    scripts = [*(static("vendor", name) for name in VENDOR), f'(() => {{\n"use strict";\n{own}\n}})();']
    style = static("report.css")
    parts = {
        "policy": policy(scripts, [style]),
        "title": html.escape(str(payload["title"])),
        "style": f"<style>{style}</style>",
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
        "payload": data_block(payload),
    }
    page = static("report.html")
    head, *rest = page.split("{{")
    out = [head]
    for piece in rest:
        name, _, after = piece.partition("}}")
        out += [parts[name.strip()], after]
    return "".join(out)


def policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """Return the Content-Security-Policy: these very scripts and styles, pictures in the page itself, nothing else."""
    return "; ".join([
        "default-src 'none'",
        f"script-src {' '.join(map(_hash, scripts))}",
        f"style-src {' '.join(map(_hash, styles))}",
        "img-src data:", "base-uri 'none'", "form-action 'none'",
    ])  # fmt: skip


def _hash(part: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(part.encode('utf-8')).digest()).decode('ascii')}'"


def data_block(payload: dict[str, Any]) -> str:
    """Return the payload as JSON for a script element: ``<``, ``>`` and ``&`` as escapes, so that no text ends it."""
    plain = json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        plain = plain.replace(letter, f"\\u{ord(letter):04x}")
    return plain
