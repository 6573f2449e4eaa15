"""Write docs/claims.md: what is claimed, and which kinds of evidence stand behind it.

    python docs/claims.py            write the page
    python docs/claims.py --check    exit 1 if the page is not what it would be

Made from the catalogues alone (statements, checks, proofs, planted errors); nothing is run, so the page depends on no
machine and no time.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from proofs_checks.empirical import CHECKS, Check
from proofs_checks.empirical.proofs import check_of
from proofs_checks.matrix import ENOUGH, WHY_FEWER, kinds_by_statement, order_of, proofs
from proofs_checks.report.relation import markdown_table
from proofs_checks.rigorous.best_constant import LEMMAS
from proofs_checks.statements import STATEMENTS, Statement
from proofs_checks.symbolic.chain import Derived

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "claims.md"
STAR = r"\*"

WITNESSES = "proofs_checks/adversarial/witnesses"
REPLAYED = {
    "witnesses_replay_below_the_proved_constant": "*",
    "scalar_constant_fails_beyond_two": "one-step_q=3_beta=3-2_*",
}
"""The checks that replay stored witnesses, with the pattern of their files."""

FIGURES = "proofs_checks/report/figures.py"
CERTIFICATES = "proofs_checks/rigorous/certificates"
STORED = {"von-bahr-esseen": "T4a", "polar-ranges": "T1"}
"""The statement that each stored certificate is of."""

HEAD = """# What is claimed, and what stands behind it

<!-- Made by docs/claims.py from the catalogues; change those, and run it again. -->

Every statement of [the theory](theory/index.md) against the kinds of evidence for it: what could be checked is listed
here, what *was* found is in the report of a run of `schattor verify` (`report.html`, `ledger.json`). A number counts
checks and leads to them. A statement is believed when independent kinds agree, three of them where three make sense,
and when the checks are seen to refute planted errors (last column).
"""


def text() -> str:
    """Return the page."""
    kinds = kinds_by_statement()
    errors = _planted_errors()
    columns = order_of(kind for found in kinds.values() for kind in found)
    parts = [HEAD, _matrix(kinds, columns, errors), _fewer(kinds)]
    parts += [_section(statement, errors) for statement in STATEMENTS.values()]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _matrix(kinds: dict[str, tuple[str, ...]], columns: Sequence[str], errors: dict[str, int]) -> str:
    rows = []
    for statement in STATEMENTS.values():
        here = f"#{_anchor(statement)}"
        items = _items(statement)
        counts = [sum(item.kind == kind for item in items) for kind in columns]
        cells = [f"[{count}]({here})" if count else "" for count in counts]
        few = len(kinds[statement.id]) < ENOUGH
        number = f"{len(kinds[statement.id])}{STAR if few else ''}" if items else "**unchecked**"
        n_errors = errors.get(statement.id, 0)
        rows.append(
            [
                f"[{_plain(statement.id)}]({here})",
                statement.title,
                statement.status,
                *cells,
                number,
                str(n_errors or ""),
            ]
        )
    return markdown_table(["id", "statement", "status", *columns, "kinds", "planted errors"], rows)


def _fewer(kinds: dict[str, tuple[str, ...]]) -> str:
    few = [id_ for id_, found in kinds.items() if len(found) < ENOUGH]
    if not few:
        return ""
    because = "\n".join(f"- {_plain(id_)}: {WHY_FEWER[id_]}" for id_ in few if id_ in WHY_FEWER)
    missing = ", ".join(_plain(id_) for id_ in few if id_ not in WHY_FEWER)
    parts = [f"\\* Fewer than three kinds make sense, because\n\n{because}"] if because else []
    if missing:
        parts.append(f"\\* Fewer than three kinds so far, without a reason: {missing}.")
    return "\n\n".join(parts)


def _section(statement: Statement, errors: dict[str, int]) -> str:
    page = statement.document.removeprefix("docs/")
    assumed = ", ".join(statement.hypotheses) or "nothing further"
    items = _items(statement)
    order = order_of(item.kind for item in items)
    rows = [_row(item) for item in sorted(items, key=lambda item: order.index(item.kind))]
    table = (
        markdown_table(["check", "kind", "level", "seed", "what it does", "where"], rows) if rows else "*Unchecked.*"
    )
    n = errors.get(statement.id, 0)
    planted = f" {n} planted error{'s' if n > 1 else ''} of it must be refuted." if n else ""
    kept = [f"[{path.name}](../{CERTIFICATES}/{path.name})" for path in certificates(statement.id)]
    planted += f" Stored certificate: {', '.join(kept)}." if kept else ""
    return (
        f'<a id="{_anchor(statement)}"></a>\n\n## {_plain(statement.id)} · {statement.title}\n\n'
        f"{_plain(statement.text)}\n\n{statement.status.capitalize()}; assumes {_plain(assumed)}; written out in "
        f"[{page.removeprefix('theory/')}]({page}).{planted}\n\n{table}"
    )


def certificates(statement: str) -> list[Path]:
    """Return the stored certificates of a statement."""
    files = sorted((ROOT / CERTIFICATES).glob("*.json.gz"))
    return [path for path in files if STORED.get(path.name.removesuffix(".json.gz")) == statement]


def _items(statement: Statement) -> list[Any]:
    """Return the checks of a statement, and the proofs that no check carries out."""
    checks = [check for check in CHECKS if check.statement == statement.id]
    names = {check.name for check in checks}
    return checks + [p for p in proofs() if p.statement == statement.id and check_of(p).name not in names]


def _proof_of(item: Any) -> Any:
    """Return the proof that a check carries out or that the item is, or None."""
    if not isinstance(item, Check):
        return item
    return next((p for p in proofs() if p.kind == item.kind and check_of(p).name == item.name), None)


def _row(item: Any) -> list[str]:
    proof = _proof_of(item)
    function = item.function if proof is None else _written_in(proof.prove)
    place = f"{Path(_source(function)).name}"
    name = f"`{function.__name__}` in {place}" if proof is not None else place
    leads = [f"[{name}](../{_source(function)})"]
    if proof is not None:
        leads.append(f"`schattor prove {item.statement}`")
        leads += [f"[{path.name}](../{CERTIFICATES}/{path.name})" for path in _stored_by(proof)]
    if getattr(item, "figure", None):
        leads.append(f"figure [{item.figure}.png](../{FIGURES}) of the report")
    if item.name in REPLAYED:
        leads += _witnesses(REPLAYED[item.name])
    is_check = isinstance(item, Check)
    return [
        _plain((item if proof is None else proof).name.replace("_", " ")),
        item.kind,
        item.level if is_check else "",
        ("any" if item.is_random else "none") if is_check else "none",
        _plain(_first_sentence(function)),
        ", ".join(leads),
    ]


def _witnesses(pattern: str) -> list[str]:
    """Return a link to the one witness of this pattern, or to the folder of several."""
    files = sorted((ROOT / WITNESSES).glob(f"{pattern}.json"))
    if len(files) == 1:
        return [f"[{files[0].name}](../{WITNESSES}/{files[0].name})"]
    return [f"[{len(files)} witnesses](../{WITNESSES})"]


def _stored_by(proof: Any) -> list[Path]:
    """Return the file of the certificate that a proof has."""
    stored = _held_by(proof.prove).get("stored")
    return [ROOT / CERTIFICATES / f"{stored}.json.gz"] if stored else []


def _held_by(function: Any) -> dict[str, Any]:
    """Return the values that a function has of the function it was made in."""
    return dict(inspect.getclosurevars(function).nonlocals) if inspect.isfunction(function) else {}


def _written_in(prove: Any) -> Any:
    """Return the function in which a proof is written out."""
    while True:
        if isinstance(prove, Derived):
            prove = prove.carry_out
        elif isinstance(prove, functools.partial):
            first = prove.args[0] if prove.args else None
            lemma = LEMMAS.get(first) if isinstance(first, str) else None
            prove = first if callable(first) else lemma.prove if lemma is not None else prove.func
        elif "steps" in _held_by(prove):
            prove = _held_by(prove)["steps"]
        else:
            return prove


def _source(function: Any) -> str:
    """Return the file that a function is written in, from the root of the repository."""
    while isinstance(function, functools.partial):
        function = function.func
    return function.__module__.replace(".", "/") + (
        "/__init__.py" if hasattr(import_module(function.__module__), "__path__") else ".py"
    )


def _first_sentence(function: Any) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    # a function without words of its own is one part of what its file is about
    text = inspect.getdoc(function) or inspect.getdoc(import_module(function.__module__)) or ""
    return " ".join(text.split("\n\n")[0].split("\n")).replace("``", "`").strip()


def _planted_errors() -> dict[str, int]:
    """Return how many planted errors there are for each statement; none where the catalogue is not there."""
    try:
        mutants = import_module("proofs_checks.mutants").MUTANTS
    except (ImportError, AttributeError):
        return {}
    found = [mutant.statement for mutant in mutants]
    return {statement: found.count(statement) for statement in found}


def _anchor(statement: Statement) -> str:
    return statement.id.lower().replace("*", "-star").replace("'", "-prime")


def _plain(words: str) -> str:
    """Return words in which Markdown finds no emphasis and no markup."""
    pieces = re.split(r"(`[^`]*`)", words)
    return "".join(p if p.startswith("`") else re.sub(r"([\\*_<>\[\]])", r"\\\1", p) for p in pieces)


def main(arguments: Sequence[str]) -> int:
    """Write the page, or say whether it is stale."""
    made = text()
    if "--check" in arguments:
        is_current = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == made
        print("docs/claims.md is up to date" if is_current else "docs/claims.md is stale: run python docs/claims.py")
        return 0 if is_current else 1
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
