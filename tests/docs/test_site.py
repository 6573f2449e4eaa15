"""The site as a whole: it builds without a warning, asks for nothing outside, and every link leads somewhere."""

from __future__ import annotations

import html.parser
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from proofs_checks.statements import STATEMENTS
from tests.docs.pages import ROOT, TUTORIALS, extension

NEEDED = ("sphinx", "myst_nb", "furo", "latex2mathml")


class Links(html.parser.HTMLParser):
    """The anchors of a page, where it leads to, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.targets: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag names and refers to."""
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.targets.append(values["href"])
        if tag in ("script", "img", "source", "iframe") and "src" in values:
            self.loaded.append(values["src"])
        if tag == "link" and values.get("rel") in ("stylesheet", "icon") and "href" in values:
            self.loaded.append(values["href"])


def broken(pages: dict[Path, Links]) -> list[str]:
    """Return the links of the pages that lead to no file, or to no anchor of it."""
    found = []
    for path, page in pages.items():
        for target in [*page.targets, *page.loaded]:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not file.exists() or (
                parts.fragment and file in pages and unquote(parts.fragment) not in pages[file].anchors
            ):
                found.append(f"{path.name}: {target}")
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site, built with warnings as errors; tutorials are run by tests of their own."""
    for package in NEEDED:
        pytest.importorskip(package, reason=f"{package} is not installed")
    out = tmp_path_factory.mktemp("site")
    # without a kernel, commands in cells would be read as Python
    ignored = "suppress_warnings=misc.highlighting_failure"
    options = ["-q", "-W", "--keep-going", "-D", "nb_execution_mode=off", "-D", ignored]
    command = [sys.executable, "-m", "sphinx", *options, "docs", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr[-4000:]
    return out.resolve()


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Links]:
    return {path: Links(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_every_link_leads_somewhere(pages: dict[Path, Links]) -> None:
    assert len(pages) > 100
    assert broken(pages) == []


@pytest.mark.slow
def test_the_site_loads_nothing_from_elsewhere(pages: dict[Path, Links]) -> None:
    assert [f"{path.name}: {src}" for path, page in pages.items() for src in page.loaded if "//" in src] == []


@pytest.mark.slow
def test_every_page_statement_and_notebook_is_there(site: Path, pages: dict[Path, Links]) -> None:
    for source in (ROOT / "docs").rglob("*.md"):
        assert (site / source.relative_to(ROOT / "docs")).with_suffix(".html") in pages
    anchor = extension("anchors").anchor
    for statement in STATEMENTS:
        assert anchor(statement) in pages[site / "claims.html"].anchors
    for page in TUTORIALS:
        assert (site / "tutorials" / f"{page.stem}.ipynb").is_file()


@pytest.mark.slow
def test_formulas_need_no_script(site: Path) -> None:
    text = (site / "theory" / "stationarity.html").read_text(encoding="utf-8")
    assert text.count("<math ") > 50
    assert [src for src in Links(text).loaded if "mathjax" in src.lower() or "katex" in src.lower()] == []


def test_a_broken_link_and_a_missing_anchor_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(
        '<a id="here"></a><a href="#here">x</a><a href="#there">y</a><a href="b.html">z</a><img src="c.png">'
    )
    assert broken({path: Links(path.read_text())}) == ["a.html: #there", "a.html: b.html", "a.html: c.png"]
