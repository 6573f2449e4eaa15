"""The reference: every public name of every module is on one page, every command with every option."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import proofs_checks
import schattor_theory
import synthetic
from tests.docs.pages import ROOT, extension
from tests.optional import is_importable

PAGES = sorted((ROOT / "docs" / "reference").rglob("*.md"))
MODULES = [
    info.name
    for package in (schattor_theory, synthetic, proofs_checks)
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not info.name.endswith("__main__") and is_importable(info.name)
]


def documented() -> dict[str, list[str]]:
    """Return the names that the pages show, by module."""
    reference = extension("reference", "sphinx")
    found: dict[str, list[str]] = {}
    for page in PAGES:
        for module, names in reference.asked(page.read_text(encoding="utf-8")):
            assert module not in found, f"{module} is on two pages"
            found[module] = names
    return found


def homes() -> dict[tuple[str, int], list[str]]:
    """Return, by name and identity of an object, the public modules that have it under this name."""
    found: dict[tuple[str, int], list[str]] = {}
    for name in MODULES:
        for item, value in vars(importlib.import_module(name)).items():
            found.setdefault((item, id(value)), []).append(name)
    return found


def test_every_public_name_is_documented_where_it_is_defined() -> None:
    found, homes_of = documented(), homes()
    missing = []
    for name in MODULES:
        module = importlib.import_module(name)
        for item in vars(module).get("__all__", []):
            # where it is defined, here or in another module from which it is imported
            where = (name, *homes_of.get((item, id(vars(module).get(item))), ()))
            if not any(item in found.get(home, []) for home in where):
                missing.append(f"{name}.{item}")
    assert missing == []


def test_public_names_of_the_packages_lead_to_their_definitions() -> None:
    reference = extension("reference", "sphinx")
    table = reference.table_of("schattor_theory")
    assert all(f"`{name} <" in table for name in schattor_theory.__all__)
    assert "`Schattor <schattor_theory.optimizer.schattor.Schattor>`" in table


def test_a_module_that_no_page_asks_for_is_noticed() -> None:
    asked = dict(extension("reference", "sphinx").asked("<!-- modules of synthetic but synthetic.seeds -->"))
    assert "synthetic.simulate" in asked
    assert "synthetic.seeds" not in asked


def test_every_command_and_option_is_on_the_page_of_commands() -> None:
    page = extension("command_pages").text()
    for words in ("verify", "study run", "study copy", "crosscheck", "doctor"):
        assert f"## schattor {words}\n" in page
    for option in ("--level", "--dry-run", "--as", "--json"):
        assert f"`{option}`" in page


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("the *excess* of |x| and a* b", r"the *excess* of \|x\| and a\* b"),
        ("``a*|b`` and :func:`f_` stay", "``a*|b`` and :func:`f_` stay"),
        (">>> a * b", ">>> a * b"),
    ],
)
def test_signs_in_docstrings_are_no_markup(line: str, expected: str) -> None:
    assert extension("reference", "sphinx").plain([line]) == [expected]
