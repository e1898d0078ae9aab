"""The pages in docs/ as a site: ``python -m sphinx -W --keep-going -b html docs site``.

Nothing is fetched, neither to build it nor to read it: no web fonts, no scripts from elsewhere, formulas as text. The
pages are plain Markdown that reads well where the code is hosted; what only the site has (navigation, tables made from
the code, pages from the repository's root) is added here while it is built.
"""

import inspect
import posixpath
import re
import sys
from pathlib import Path
from typing import Any, ForwardRef, get_args

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "docs"), str(ROOT / "src"), str(ROOT / "kernels")]  # the code that these pages belong to

import made  # noqa: E402 - beside this file, found by the path above
from pydantic import BaseModel  # noqa: E402 - with the imports it sorts between

from boostwatch import __version__  # noqa: E402 - of this clone, by the path above

NAVIGATION = {
    "Start": ["Install and first run <self>", "newcomer", "tutorial"],
    "How to": ["howto/read", "howto/sensor", "howto/vehicle", "howto/confuser", "howto/detections", "howto/*"],
    "Guide": [
        "scenes",
        "Detection <detection>",
        "tracking",
        "events",
        "watch",
        "score",
        "report",
        "export",
        "python",
        "formats",
    ],
    "Physics": ["Overview <physics>", "physics/platform", "physics/earth", "physics/clouds", "physics/*"],
    "Reference": ["commands", "keys", "api/index", "api/*"],
    "Project": ["architecture", "benchmarks", "changelog", "contributing"],
}
"""The left column. A star takes what is left of a folder; a page that stands in no part of it ends the build."""

OUTSIDE = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
"""Files of the repository's root that are pages here; what else lies outside docs/ is named without a link."""

project = "Boostwatch"
version = release = __version__
language = "en"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
highlight_language = "none"
suppress_warnings = ["ref.python"]  # short names of annotations may stand for several things

myst_heading_anchors = 4  # the names by which other pages link to headings, made as GitHub makes them

napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"
add_module_names = False

html_theme = "furo"
html_title = "Boostwatch"
html_static_path = ["assets"]
html_css_files = ["site.css"]
html_favicon = "assets/favicon.svg"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
pygments_style = "tango"
pygments_dark_style = "native"
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": {"color-brand-primary": "#9a3b00", "color-brand-content": "#9a3b00"},
    "dark_css_variables": {"color-brand-primary": "#f4a259", "color-brand-content": "#f4a259"},
}


def complete(app: Any, page: str, source: list[str]) -> None:
    """Put into a page what only the site has."""
    if page == "index":
        for caption, pages in NAVIGATION.items():
            lines = ["\n\n```{toctree}", ":hidden:", ":glob:", f":caption: {caption}", "", *pages, "```\n"]
            source[0] += "\n".join(lines)
    source[0] = LEAVES.sub(lambda found: _inside(page, *found.groups()), made.filled(source[0]))


LEAVES = re.compile(r"\[([^\[\]]*)\]\((\.\./[^)#]*)(#[^)]*)?\)")


def _inside(page: str, text: str, link: str, anchor: str | None) -> str:
    """Return a link of a page, if need be led to where the site has what lies outside docs/."""
    there = posixpath.normpath(posixpath.join(posixpath.dirname(page), link))
    if not there.startswith("../"):
        return f"[{text}]({link}{anchor or ''})"
    name = OUTSIDE.get(there.removeprefix("../"))
    return f"[{text}]({'../' * page.count('/')}{name})" if name else text


def useless(app: Any, what: str, name: str, thing: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what a tuple says of its fields by itself, and what pydantic adds to each model."""
    text = getattr(thing, "__doc__", None) or ""
    return True if text.startswith("Alias for field number") or name.startswith("model_") else None


class AsWritten(str):
    """Text that stands in a signature as it is."""

    __repr__ = str.__str__


def signature(app: Any, what: str, name: str, thing: Any, options: Any, *shown: Any) -> tuple[str, str] | None:
    """Show annotations as the code has them, not what they stand for; none for tables of a TOML file."""
    if isinstance(thing, type) and issubclass(thing, BaseModel):
        return "", ""
    try:
        found = inspect.signature(getattr(thing, "py_func", thing))
    except (TypeError, ValueError):
        return None
    parameters = [each for place, each in enumerate(found.parameters.values()) if place or each.name != "self"]
    for place, each in enumerate(parameters):
        default = each.default
        if inspect.isfunction(default):
            default = AsWritten(default.__name__)
        parameters[place] = each.replace(annotation=_written(each.annotation), default=default)
    returned = "" if what == "class" or found.return_annotation is found.empty else _written(found.return_annotation)
    return str(found.replace(parameters=parameters, return_annotation=found.empty)), returned


def _written(annotation: Any) -> Any:
    if annotation is inspect.Parameter.empty:
        return annotation
    if isinstance(annotation, ForwardRef):
        return AsWritten(annotation.__forward_arg__)
    plain = isinstance(annotation, type) and not get_args(annotation)
    return AsWritten(annotation.__name__ if plain else annotation)


def no_type(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Keep a colon in the first line about a constant from being taken for the end of its type."""
    if what in ("data", "attribute"):
        lines[:0] = ["..", ""]  # an empty comment


def setup(app: Any) -> None:
    """Connect to the build."""
    app.connect("source-read", complete)
    app.connect("autodoc-skip-member", useless)
    app.connect("autodoc-process-signature", signature)
    app.connect("autodoc-process-docstring", no_type, priority=400)  # before napoleon
