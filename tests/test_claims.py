"""The generated pages are what their scripts would write now, on any machine and at any time."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from proofs_checks.empirical import CHECKS
from proofs_checks.matrix import proofs
from proofs_checks.statements import STATEMENTS

DOCS = Path(__file__).parent.parent / "docs"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def claims() -> ModuleType:
    return script("claims")


@pytest.fixture(scope="module")
def relation() -> ModuleType:
    return script("relation")


def test_the_claims_are_up_to_date(claims: ModuleType) -> None:
    stale = "docs/claims.md is stale: run python docs/claims.py"
    assert claims.PAGE.read_text(encoding="utf-8") == claims.text(), stale


def test_the_relation_is_up_to_date(relation: ModuleType) -> None:
    page = relation.PAGE.read_text(encoding="utf-8")
    assert relation.filled(page) == page, "docs/relation.md is stale: run python docs/relation.py"


def test_staleness_is_seen(claims: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = tmp_path / "claims.md"
    monkeypatch.setattr(claims, "PAGE", page)
    assert claims.main(["--check"]) == 1
    assert claims.main([]) == 0
    assert claims.main(["--check"]) == 0
    page.write_text(page.read_text(encoding="utf-8").replace("Duality map", "Duality mop", 1), encoding="utf-8")
    assert claims.main(["--check"]) == 1
    monkeypatch.setattr(claims, "CHECKS", CHECKS[1:])
    assert claims.main([]) == 0
    monkeypatch.setattr(claims, "CHECKS", CHECKS)
    assert claims.main(["--check"]) == 1


def test_a_changed_record_makes_the_relation_stale(relation: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    page = relation.PAGE.read_text(encoding="utf-8")
    monkeypatch.setattr(relation, "PUBLISHED", relation.PUBLISHED[:-1])
    assert relation.filled(page) != page


def test_a_page_without_a_place_for_a_table_is_refused(relation: ModuleType) -> None:
    with pytest.raises(ValueError, match="no place for the table 'values'"):
        relation.filled("# Empty\n")


def test_every_check_and_proof_is_on_the_page(claims: ModuleType) -> None:
    page = claims.text()
    for item in (*CHECKS, *proofs()):
        proof = claims._proof_of(item)
        words = claims._plain((proof or item).name.replace("_", " ")).replace("|", "\\|")
        assert f"| {words} | {item.kind} |" in page
    for statement in STATEMENTS.values():
        assert page.count(f'<a id="{claims._anchor(statement)}"></a>') == 1


def test_every_link_inside_the_page_leads_somewhere(claims: ModuleType) -> None:
    page = claims.text()
    anchors = set(re.findall(r'<a id="([^"]+)"></a>', page))
    links = set(re.findall(r"\]\(#([^)]+)\)", page))
    assert links
    assert links <= anchors


def test_every_link_to_a_file_leads_somewhere(claims: ModuleType) -> None:
    links = set(re.findall(r"\]\(((?!#)[^)]+)\)", claims.text()))
    assert [link for link in links if not (DOCS / link).exists()] == []


def test_every_proof_leads_to_the_function_that_writes_it(claims: ModuleType) -> None:
    sources = {proof.name: claims._source(claims._written_in(proof.prove)) for proof in proofs()}
    wrappers = ("chain.py", "catalogue.py", "empirical/proofs.py", "proof.py")
    assert [name for name, source in sources.items() if source.endswith(wrappers)] == []


def test_every_proof_has_one_row(claims: ModuleType) -> None:
    for statement in STATEMENTS.values():
        found = [claims._proof_of(item) for item in claims._items(statement)]
        names = [proof.name for proof in found if proof is not None]
        assert len(names) == len(set(names))


def test_a_replayed_witness_and_a_certificate_are_single_files(claims: ModuleType) -> None:
    page = claims.text()
    assert set(claims.REPLAYED) <= {check.name for check in CHECKS}
    for file in ("one-step_q=3_beta=3-2_2x2_real.json", *(f"{name}.json.gz" for name in claims.STORED)):
        assert re.search(rf"\| .*\[{re.escape(file)}\]\(\.\./proofs_checks/.*{re.escape(file)}\)", page)


def test_a_statement_without_a_check_shows_as_unchecked(claims: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "CHECKS", tuple(check for check in CHECKS if check.statement != "T13b"))
    monkeypatch.setattr(claims, "proofs", list)
    page = claims.text()
    assert re.search(r"\| \[T13b\]\(#t13b\) \| Lift .*\*\*unchecked\*\*", page)
    assert "*Unchecked.*" in page


def test_every_stored_certificate_has_its_statement(claims: ModuleType) -> None:
    files = {path.name.removesuffix(".json.gz") for path in (DOCS.parent / claims.CERTIFICATES).glob("*.json.gz")}
    assert files == set(claims.STORED)
    assert set(claims.STORED.values()) <= set(STATEMENTS)
    for statement in claims.STORED.values():
        assert claims.certificates(statement)


def test_the_page_says_nothing_of_time_or_machine(claims: ModuleType) -> None:
    page = claims.text()
    assert not re.search(r"\b\d+(\.\d+)? (s|ms|seconds)\b", page)
    assert str(DOCS.parent) not in page
    assert " at 0x" not in page
