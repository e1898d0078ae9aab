"""The pages as a site: built strictly without a network, complete, asking nobody for anything when they are read."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote

import pytest

import boostwatch
from boostwatch import store

pytest.importorskip("furo", reason="the site's tools are not installed: pip install 'boostwatch[docs]'")
ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
API = "".join(path.read_text() for path in sorted((DOCS / "api").glob("*.md")))
COMMAND = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as CI does; what would be fetched could not be."""
    out = tmp_path_factory.mktemp("site")
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    done = subprocess.run(
        [*COMMAND, "docs", str(out), "-d", f"{out}-trees"],
        cwd=ROOT,
        env={**os.environ, **nowhere},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out


class Asked(HTMLParser):
    """What a browser loads for a page by itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "link" and {"next", "prev", "search", "index", "canonical"} & set((values.get("rel") or "").split()):
            return
        keys = {"link": ("href",), "a": (), "form": ()}.get(
            tag, ("src", "srcset", "data", "poster", "href", "xlink:href")
        )
        self.found += [value for key in keys if (value := values.get(key))]
        self.found += re.findall(r"url\(['\"]?([^'\")]+)", values.get("style") or "")


def asked_for(site: Path) -> Iterator[tuple[Path, str]]:
    for file in sorted(site.rglob("*.html")):
        for link in Asked(file.read_text("utf-8")).found:
            yield file, link
    for file in sorted(site.rglob("*.css")):
        for link in re.findall(r"(?:url\(\s*|@import\s+)['\"]?([^'\")\s]+)", file.read_text("utf-8")):
            yield file, link


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    links = list(asked_for(site))
    assert len(links) > 100
    for file, link in links:
        if link.startswith(("data:", "#")):
            continue
        assert not re.match(r"(?:[a-z]+:)?//", link), f"{file.name} loads {link}"
        assert (file.parent / unquote(link.partition("#")[0].partition("?")[0])).exists(), f"{file.name} loads {link}"


def test_every_page_is_there_and_no_other_has_come(site: Path) -> None:
    pages = {path.relative_to(DOCS).with_suffix(".html") for path in DOCS.rglob("*.md")}
    built = {path.relative_to(site) for path in site.rglob("*.html")}
    assert built - pages == {Path("genindex.html"), Path("search.html"), Path("py-modindex.html")}
    assert pages <= built
    text = (site / "keys.html").read_text()
    assert all(word in text for word in ("psf_sigma", "pitch_over", "declare_probability", "flashes_per_minute"))
    assert "boostwatch detect [OPTIONS] STACK" in (site / "commands.html").read_text()
    assert "Unreleased" in (site / "changelog.html").read_text()


@pytest.mark.parametrize("module", [boostwatch, store], ids=lambda module: module.__name__)
def test_all_public_names_are_in_the_reference(module: Any) -> None:
    told = set(re.findall(rf"{module.__name__}\.(\w+)", API))
    assert set(module.__all__) <= told


def test_all_kernels_are_in_the_reference() -> None:
    files = {path.stem for path in (ROOT / "kernels" / "boostwatch_kernels").glob("[a-z]*.py")}
    assert files == set(re.findall(r"automodule:: boostwatch_kernels\.(\w+)", API))


def test_what_the_reference_names_exists() -> None:
    for name in re.findall(r"auto(?:function|class|exception|data):: ([\w.]+)", API):
        module, _, member = name.rpartition(".")
        assert hasattr(importlib.import_module(module), member), name
    for name in re.findall(r"automodule:: ([\w.]+)", API):
        importlib.import_module(name)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine and yield its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here: apt-get install chromium")
def test_in_a_browser_it_is_silent_fits_a_phone_and_can_be_searched(site: Path) -> None:
    api = pytest.importorskip("playwright.sync_api")
    heard: list[str] = []
    asked: list[str] = []
    with served(site) as home, api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        for name in ("index", "physics/sources", "api/index", "keys", "benchmarks"):
            page.goto(f"{home}/{name}.html")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        page.goto(f"{home}/search.html?q=jitter")
        page.wait_for_selector("#search-results li")
        browser.close()
    assert heard == []
    assert [url for url in asked if not url.startswith((home, "data:"))] == []
