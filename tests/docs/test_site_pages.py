"""What is added to pages when the site is built: sources that links lead to, anchors and checks of statements."""

from __future__ import annotations

from pathlib import Path

import pytest

from proofs_checks.statements import STATEMENTS
from tests.docs.pages import ROOT, extension, pages

DOCS = ROOT / "docs"


def test_a_link_to_code_leads_to_a_page_with_the_code() -> None:
    module = extension("source_pages", "docutils", "pygments")
    text, found = module.rewritten(
        "[a](../../conftest.py) [b](geometry.md) [c](https://a.b) [d](#x)", DOCS / "theory", DOCS
    )
    assert text == "[a](source:conftest.py) [b](geometry.md) [c](https://a.b) [d](#x)"
    assert found == {"conftest.py"}
    assert "is_importable" in module.shown(ROOT / "conftest.py")
    assert "conftest.py.html" in module.shown(ROOT)


def test_a_folder_of_pages_leads_to_its_index() -> None:
    module = extension("source_pages", "docutils", "pygments")
    text, found = module.rewritten("[how](how-to/) [study](../studies)", DOCS, DOCS)
    assert text == "[how](how-to/index.md) [study](source:studies)"
    assert found == {"studies"}


# the page on claims leads to most of the sources
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(p, id=p.name, marks=pytest.mark.slow if p.name == "claims.md" else ())
        for p in pages()
        if p.is_relative_to(DOCS)
    ],
)
def test_every_source_that_a_page_leads_to_can_be_shown(page: Path) -> None:
    module = extension("source_pages", "docutils", "pygments")
    for name in module.rewritten(page.read_text(encoding="utf-8"), page.parent, DOCS)[1]:
        assert module.shown(ROOT / name)


def test_hidden_files_and_caches_are_not_listed() -> None:
    names = {path.name for path in extension("source_pages", "docutils", "pygments").listed(ROOT / "synthetic")}
    assert {"__init__.py", "simulate.py"} <= names
    assert "__pycache__" not in names


def test_every_statement_leads_to_its_checks_from_its_page_of_the_theory() -> None:
    anchors = extension("anchors")
    claims = (DOCS / "claims.md").read_text(encoding="utf-8")
    made = {page: "" for page in {s.document.split("#")[0] for s in STATEMENTS.values()}}
    made = {page: anchors.with_checks((ROOT / page).read_text(encoding="utf-8"), page) for page in made}
    for statement in STATEMENTS.values():
        anchor = anchors.anchor(statement.id)
        text = made[statement.document.split("#")[0]]
        assert f"(statement-{anchor})=" in text
        assert f"(../claims.md#{anchor})" in text
        assert f'<a id="{anchor}"></a>' in claims


def test_checks_stand_below_the_heading_of_the_statement() -> None:
    anchors = extension("anchors")
    lines = ["# Title", "", "## T5 — bound", "text, (T5-any)", "## T5′ — other (id `T5'`)", "## T6\\* — third"]
    assert anchors.heading_of("T5", lines) == 2
    assert anchors.heading_of("T5-any", lines) == 2
    assert anchors.heading_of("T5'", lines) == 4
    assert anchors.heading_of("T6*", lines) == 5
    assert anchors.heading_of("T9", lines) is None


def test_anchors_written_as_html_become_targets() -> None:
    assert extension("anchors").with_targets('<a id="t5"></a>\n\n## T5') == "(t5)=\n\n## T5"
