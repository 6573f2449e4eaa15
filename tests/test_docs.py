"""The pages: every cited statement is on the page that is cited, every link leads somewhere, README code runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from proofs_checks.statements import STATEMENTS
from tests.joined import every

ROOT = Path(__file__).parent.parent
PACKAGES = ("schattor_theory", "synthetic", "proofs_checks")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def citations(text: str) -> list[tuple[str, str]]:
    """Return the (statement, page) pairs of the form ``T5 in docs/theory/stationarity.md`` in ``text``."""
    return re.findall(r"\b([DT]\d+[a-z]?)\b[^.;\n]*? in docs/theory/(\w+\.md)", text)


def is_on_page(statement: str, page: str) -> bool:
    """Return whether the page of docs/theory exists and has a heading or text that names the statement."""
    path = ROOT / "docs" / "theory" / page
    return path.is_file() and re.search(rf"\b{statement}\b", path.read_text(encoding="utf-8")) is not None


def broken_links(text: str, folder: Path) -> list[str]:
    """Return the relative links of a page that lead to no file."""
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    return [t for t in targets if "://" not in t and not (folder / t).exists()]


def test_every_cited_statement_is_on_its_page() -> None:
    found = [
        (str(source.relative_to(ROOT)), *pair)
        for package in PACKAGES
        for source in (ROOT / package).rglob("*.py")
        for pair in citations(source.read_text(encoding="utf-8"))
    ]
    assert len(found) > 30
    assert [entry for entry in found if not is_on_page(*entry[1:])] == []


def test_refuses_a_citation_of_a_page_that_does_not_hold_the_statement() -> None:
    assert citations("T5 in docs/theory/martingale_x.md") == [("T5", "martingale_x.md")]
    assert not is_on_page("T5", "martingale_x.md")
    assert not is_on_page("T12", "geometry.md")


@every("statement", list(STATEMENTS))
def test_every_statement_of_the_catalogue_has_a_page(statement: str) -> None:
    page = ROOT / STATEMENTS[statement].document.split("#")[0]
    assert page.is_file()
    plain = page.read_text(encoding="utf-8").replace("′", "'").replace("\\*", "*")
    assert statement in plain


def test_every_relative_link_leads_to_a_file() -> None:
    found = {str(page.relative_to(ROOT)): broken_links(page.read_text(encoding="utf-8"), page.parent) for page in PAGES}
    assert {page: broken for page, broken in found.items() if broken} == {}


def test_finds_a_broken_link() -> None:
    assert broken_links("[a](nowhere.md) [b](https://example.org) [c](README.md#top)", ROOT) == ["nowhere.md"]


def test_the_readme_code_runs(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) == 2
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
    assert "noise" in capsys.readouterr().out
    assert names["weight"].any()  # type: ignore[attr-defined]


def formulas_outside_dollars(text: str) -> list[str]:
    """Return the LaTeX commands that stand in prose, where they would be shown as they are."""
    for pattern in (r"```.*?```", r"`[^`\n]*`", r"\$\$.*?\$\$", r"\$[^$]*\$"):
        text = re.sub(pattern, "", text, flags=re.S)
    return re.findall(r"\\[a-zA-Z]{2,}", text)


def test_every_formula_stands_between_dollars() -> None:
    found = {str(page.relative_to(ROOT)): formulas_outside_dollars(page.read_text(encoding="utf-8")) for page in PAGES}
    assert {page: outside for page, outside in found.items() if outside} == {}


def test_finds_a_formula_in_the_prose() -> None:
    assert formulas_outside_dollars("because \\tfrac12 + 2 is $\\tfrac52$ and `\\n`") == ["\\tfrac"]
