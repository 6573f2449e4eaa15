"""The command ``schattor constants``: certified below, proved above, and the gap."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import typer
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn

from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

from ..adversarial import load_witnesses
from ..adversarial.find import EXPONENTS
from ..display import display
from ..evidence import Evidence, Verdict
from ..files import disk, write_file
from ..ledger import LEDGER, Ledger
from ..rigorous.balls import Decision
from ..rigorous.best_constant import LEMMAS
from ..scaling.environment import environment
from .bracket import MOST_DIGITS, Bracket, bracket_of, read_exponents
from .search import Found, search_all

__all__ = ["constants"]

CALL = "constants"
_INTERRUPTED = 4
_PROOFS = {
    "sharp": "T4a*(a)",
    "interpolation from 4/3": "T4a*(c)",
    "interpolation from 1": "T4a*(c)",
}
_SHOWN_DIGITS = 18


def constants(*, q: str | None, digits: int, out: Path | None, search: float | None, seed: int, as_json: bool) -> None:
    """Enclose the constants, print and write the band, and raise the exit of the command."""
    chosen = EXPONENTS if q is None else read_exponents(q)
    if not 1 <= digits <= MOST_DIGITS:
        fail(ParameterError, CALL, "digits", f"lie in [1, {MOST_DIGITS}]", digits)
    if search is not None and not 0 < search < float("inf"):
        fail(ParameterError, CALL, "search", "be a positive number of seconds", search)
    if seed < 0:
        fail(ParameterError, CALL, "seed", "be an integer >= 0", seed)
    if out is not None:
        with disk(out, CALL):
            out.mkdir(parents=True, exist_ok=True)
    words = f"schattor constants --q {','.join(map(str, chosen))} --digits {digits} --seed {seed}"
    words += "" if search is None else f" --search {search:g}"
    found = {} if search is None else _search(chosen, search, seed, words)
    live = [witness for one in found.values() if not one.is_too_weak for witness in one.witnesses]
    brackets = [bracket_of(one, digits, (*load_witnesses(), *live)) for one in chosen]
    ledger = Ledger(
        manifest=environment() | {"command": words, "seed": seed, "statements": ["T4a*"]},
        entries=tuple(_entries(brackets, found, seed)),
    )
    rows = [bracket.to_dict() for bracket in brackets]
    if out is not None:
        _write(out, ledger, rows, brackets)
    if as_json:
        content = {"rows": rows, "verdict": _verdict(brackets), "exit_code": ledger.exit_code}
        print(json.dumps(content, allow_nan=False, ensure_ascii=False))
    else:
        _print(rows, ledger, brackets, out)
    if any(one.is_cut for one in found.values()):
        words = "the search was interrupted; what it had found is in the result"
        print(f"schattor: {words}. Run the same command again, or with another --seed.", file=sys.stderr)
        raise typer.Exit(ledger.exit_code or _INTERRUPTED)
    raise typer.Exit(ledger.exit_code)


def _search(chosen: Sequence[Fraction], seconds: float, seed: int, words: str) -> dict[Fraction, Found]:
    progress = display(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with progress:
        task = progress.add_task("search", total=1.0)
        return search_all(
            chosen, seconds, seed=seed, command=words,
            tell=lambda what, over: progress.update(task, completed=over, description=f"search ({what})"),
        )  # fmt: skip


def _entries(brackets: Sequence[Bracket], found: Mapping[Fraction, Found], seed: int) -> list[Evidence]:
    """Return the evidence: the theorem against the witnesses, the conjecture against them, the lemmas, the search."""
    exceeding = [b for b in brackets if b.exceeds_upper is Decision.PROVED]
    beating = [b for b in brackets if b.beats_scalar is Decision.PROVED]
    witnesses = sum(w is not None for b in brackets for w in (b.scalar_witness, b.matrix_witness))
    entries = [
        Evidence(
            statement="T4a*", check="witnesses_stay_below_the_proved_upper_end", kind="adversarial", seed=seed,
            verdict=Verdict.VIOLATED if exceeding else Verdict.HOLDS if witnesses else Verdict.INCONCLUSIVE,
            detail=f"{witnesses} certified witnesses at {len(brackets)} exponents.",
            witness=_names(exceeding), data={"gap": {str(b.q): b.gap for b in brackets}},
        ),
        Evidence(
            statement="T4a*", check="no_matrix_witness_beats_the_scalar_constant", kind="adversarial", seed=seed,
            # no number of witnesses proves the conjecture
            verdict=Verdict.VIOLATED if beating else Verdict.INCONCLUSIVE,
            detail=_verdict(brackets), witness=_names(beating),
        ),
    ]  # fmt: skip
    covers = {name: lemma.prove() for name, lemma in LEMMAS.items()}
    decisions = {cover.decision for cover in covers.values()}
    refuted = Decision.REFUTED in decisions
    entries.append(
        Evidence(
            statement="T4a*", check="scalar_lemmas_are_enclosed", kind="derivation",
            verdict=Verdict.HOLDS if decisions == {Decision.PROVED} else
            Verdict.VIOLATED if refuted else Verdict.INCONCLUSIVE,
            detail="; ".join(f"{name}: {cover.words}" for name, cover in covers.items()),
            witness={name: cover.words for name, cover in covers.items()} if refuted else None,
        )
    )  # fmt: skip
    if found:
        weak = [str(q) for q, one in found.items() if one.is_too_weak]
        words = f"Too weak to report at q = {', '.join(weak)}: the scalar optimum was not found in every size."
        searches = sum(len(one.free) for one in found.values())
        entries.append(
            Evidence(
                statement="T4a*", check="search_finds_the_scalar_optimum_in_every_size", kind="adversarial", seed=seed,
                verdict=Verdict.INCONCLUSIVE if weak else Verdict.HOLDS,
                detail=words if weak else f"{searches} searches found it to 1e-9 without being told.",
            )
        )  # fmt: skip
    return entries


def _names(brackets: Sequence[Bracket]) -> dict[str, Any] | None:
    if not brackets:
        return None
    rows = {str(b.q): b.to_dict() for b in brackets}
    return {q: {name: row[name] for name in ("scalar_witness", "matrix_witness")} for q, row in rows.items()}


def _verdict(brackets: Sequence[Bracket]) -> str:
    """Return what the witnesses say, loudly if they refute something."""
    exceeding = [str(b.q) for b in brackets if b.exceeds_upper is Decision.PROVED]
    beating = [str(b.q) for b in brackets if b.beats_scalar is Decision.PROVED]
    parts = []
    if exceeding:
        parts.append(f"!!! T4a* IS REFUTED: a witness exceeds the proved upper end at q = {', '.join(exceeding)}. !!!")
    if beating:
        parts.append(
            f"!!! K_q = C_q IS REFUTED: certified non-commuting matrices beat C_q at q = {', '.join(beating)}. !!!"
        )
    if parts:
        return " ".join(parts)
    n = sum(b.matrix_witness is not None for b in brackets)
    if not n:
        return "No witness of non-commuting matrices at these exponents; nothing beats C_q."
    noun = "witness" if n == 1 else "witnesses"
    return f"No witness beats C_q: {n} certified {noun} of non-commuting matrices, none above."


def _print(rows: Sequence[Mapping[str, Any]], ledger: Ledger, brackets: Sequence[Bracket], out: Path | None) -> None:
    print(_table(rows))
    for row in rows:
        if row["matrix_witness"] is not None and len(rows) <= 3:
            witness = row["matrix_witness"]
            print(f"q = {row['q']}: {witness['name']}, commutator size {witness['commutator']:.3g}")
    for entry in ledger.entries:
        if entry.check not in ("no_matrix_witness_beats_the_scalar_constant",):
            print(f"{entry.check.replace('_', ' ')}: {entry.verdict.value}. {entry.detail}")
    print(_verdict(brackets))
    if out is not None:
        print(f"Look at {out / 'figures' / 'band.png'}")


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the table; decimals beyond what fits a screen are in the files and in ``--json``."""
    head = ("q", "C_q >=", "attained at s", "matrices >=", "K_q <=", "by", "gap %", "2^(2-q)", "gap %")
    lines = [head]
    for row in rows:
        witness = row["matrix_witness"]
        lines.append(
            (
                row["q"],
                _cut(row["scalar_low"]),
                f"{float(row['maximiser_high']):.9g}" if row["maximiser_high"] else "",
                _cut(witness["certified_lower"]) if witness else "",
                _cut(row["upper"]),
                _PROOFS[row["proof"]],
                f"{100 * row['gap']:.2f}",
                _cut(row["first_upper"], 8),
                f"{100 * row['first_gap']:.2f}",
            )
        )
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def _cut(text: str, length: int = _SHOWN_DIGITS) -> str:
    return text if len(text) <= length else f"{text[:length]}…"


def _write(out: Path, ledger: Ledger, rows: Sequence[Mapping[str, Any]], brackets: Sequence[Bracket]) -> None:
    ledger.write(out / LEDGER, CALL)
    text = json.dumps({"rows": rows, "verdict": _verdict(brackets)}, indent=1, allow_nan=False, ensure_ascii=False)
    write_file(out / "constants.json", f"{text}\n".encode(), CALL)
    table = io.StringIO()
    plain = [{k: v for k, v in row.items() if not k.endswith("_witness")} | _flat(row) for row in rows]
    writer = csv.DictWriter(table, fieldnames=list(plain[0]))
    writer.writeheader()
    writer.writerows(plain)
    write_file(out / "constants.csv", table.getvalue().encode(), CALL)
    from .figure import save_band  # matplotlib is slow to import, and only this needs it

    folder = out / "figures"
    with disk(folder, CALL):
        folder.mkdir(exist_ok=True)
    save_band(brackets, folder)


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    witness = row["matrix_witness"] or {}
    return {f"matrix_{name}": witness.get(name, "") for name in ("certified_lower", "commutator", "name")}
