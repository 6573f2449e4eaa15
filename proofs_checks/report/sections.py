"""From runs to the report: the verdict first, then statements against evidence, figures by question, every check."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..empirical.run import chosen
from ..evidence import Evidence, Verdict
from ..matrix import kinds_by_statement, matrix_of, order_of
from ..statements import ASSUMPTIONS, STATEMENTS, Statement
from .blocks import (
    Block,
    Card,
    Cell,
    Code,
    Document,
    Formula,
    Inline,
    Listed,
    Paragraph,
    Plot,
    Section,
    Table,
    Verbatim,
    plots_of,
)
from .blocks import Verdict as Outcome
from .entries import anchor, artefacts_of, badge, check_anchor, matrix_section, shortened
from .figures import DRAWINGS
from .relation import relation_section
from .run import COULD_NOT_RUN, TOPICS, VIOLATED, Run

__all__ = ["document_of", "exit_code_of", "verdict_of"]

_TONES = {0: "holds", VIOLATED: "violated"}
_NAMED = 12  # ids that are listed before the list is cut


def exit_code_of(runs: Sequence[Run]) -> int:
    """Return 1 where a run shows a violation, else 3 where one could not run or is not finished, else 0."""
    codes = {run.exit_code for run in runs}
    return VIOLATED if VIOLATED in codes else COULD_NOT_RUN if codes - {0} else 0


def verdict_of(runs: Sequence[Run]) -> str:
    """Return the outcome of all runs in words."""
    if len(runs) == 1:
        return runs[0].words
    violated = [run.name for run in runs if run.exit_code == VIOLATED and run.kind != "crosscheck"]
    differing = [run.name for run in runs if run.exit_code == VIOLATED and run.kind == "crosscheck"]
    head = f"Something is violated, in {_listed(violated)}." if violated else "Nothing is violated."
    if differing:
        head += f" A target differs, in {_listed(differing)}."
    open_ = [run.name for run in runs if run.exit_code == COULD_NOT_RUN]
    return f"{head} Not everything could run, or is finished, in {_listed(open_)}." if open_ else head


def document_of(runs: Sequence[Run], title: str = "") -> Document:
    """Return the report of runs.

    Parameters
    ----------
    runs : sequence of Run
        At least one; names of runs and of their checks are unique.
    title : str
        By default a question for a single run of ``verify``, or what the runs are.
    """
    entries = [entry for run in runs for entry in run.entries]
    asked = _asked(runs)
    has_statements = any(entry.statement in STATEMENTS for entry in entries)
    is_verify = len(runs) == 1 and runs[0].kind == "verify"
    title = title or ("Do the statements hold?" if is_verify else "What the runs show")
    sections = [*_topics(runs), *_in_detail(asked, entries, runs), _how_it_was_made(runs)]
    if has_statements:
        drawn = {e.check for e in entries if e.is_ok and (e.figure or "").removesuffix(".png") in DRAWINGS}
        known = kinds_by_statement()
        sections.insert(0, matrix_section(matrix_of(entries, [s.id for s in asked]), known, drawn))
    return Document(title, [*_opening(runs, asked, entries), *_trouble(runs)], sections)


def _asked(runs: Sequence[Run]) -> list[Statement]:
    named = {name for run in runs for name in (run.statements or ())}
    named |= {entry.statement for run in runs for entry in run.entries}
    return [statement for statement in STATEMENTS.values() if statement.id in named]


def _listed(names: Iterator[str] | Sequence[str]) -> str:
    found = list(names)
    return ", ".join(found[:_NAMED]) + (f" and {len(found) - _NAMED} more" if len(found) > _NAMED else "")


def _opening(runs: Sequence[Run], asked: Sequence[Statement], entries: Sequence[Evidence]) -> Iterator[Block]:
    yield Outcome(_TONES.get(exit_code_of(runs), "error"), verdict_of(runs))
    if len(runs) > 1:
        rows = [
            [Cell(run.name), Cell(run.kind), Cell(run.words, tone=_TONES.get(run.exit_code, "error"))] for run in runs
        ]
        yield Table(["run", "made by", "verdict"], rows, "lll", css="runs")
    for run in runs:
        if run.manifest.get("planted"):
            planted = run.manifest["planted"]
            yield Paragraph(f"An error was planted on purpose, {planted}: this says nothing of the product.")
    not_run = _not_run(runs, asked, entries)
    if not_run:
        yield Paragraph(not_run)
    if len(runs) == 1 and runs[0].command:
        seconds = runs[0].manifest.get("seconds")
        took = f" in {seconds:.0f} seconds." if isinstance(seconds, int | float) else "."
        yield Paragraph(("Made by ", Code(runs[0].command), took))
    if entries:
        yield Paragraph(
            "A statement “holds” here when every comparison came out as it says; that is evidence, not proof. The "
            "sampled checks of a run together call a true statement violated with probability at most one in a "
            "million, and only after a second, ten times larger sample."
        )


def _not_run(runs: Sequence[Run], asked: Sequence[Statement], entries: Sequence[Evidence]) -> tuple[Inline, ...]:
    """Return what there is to run that these runs did not."""
    parts: list[Inline] = []
    seen = {entry.statement for entry in entries}
    unchecked = [s.id for s in STATEMENTS.values() if s.id not in seen]
    if unchecked:
        what = "no statement is checked" if len(unchecked) == len(STATEMENTS) else f"no check of {_listed(unchecked)}"
        parts += [what, "; "]
    verified = {entry.check for run in runs if run.kind == "verify" for entry in run.entries}
    left = [check for check in chosen(level="full") if check.name not in verified]
    if verified and left:
        parts += [
            f"{len(left)} of the {len(chosen(level='full'))} checks of ",
            Code("schattor verify --level full"),
            "; ",
        ]
    kinds = {run.kind for run in runs}
    for kind, words in _KINDS.items():
        if kind not in kinds:
            parts += [*words, "; "]
    return ("Not run here: ", *parts[:-1], ".") if parts else ()


_KINDS: dict[str, tuple[Inline, ...]] = {
    "verify": (Code("schattor verify"),),
    "study": ("studies (", Code("schattor study list"), ")"),
    "tightness": (Code("schattor tightness"),),
    "constants": (Code("schattor constants"),),
    "crosscheck": (Code("schattor crosscheck"),),
}


def _trouble(runs: Sequence[Run]) -> Iterator[Block]:
    failures = []
    for run in runs:
        for entry in run.entries:
            words = f"{entry.check.replace('_', ' ')}: "
            if not entry.is_ok:
                failures.append(f"{entry.statement}, {words}{entry.status}")
            elif entry.verdict is Verdict.VIOLATED:
                witness = json.dumps(entry.to_dict()["witness"], allow_nan=False, ensure_ascii=False, indent=1)
                yield Card("violated", f"{entry.statement} is violated", [
                    Paragraph(words + entry.detail), Verbatim(shortened(witness)),
                    Paragraph(("Remake: ", Code(run.remake(entry)))),
                ])  # fmt: skip
    if failures:
        title = "A check could not run" if len(failures) == 1 else f"{len(failures)} checks could not run"
        yield Card("error", title, [Listed(failures)])


def _topics(runs: Sequence[Run]) -> Iterator[Section]:
    """Yield a section for each topic; one that should have a figure and has none says which command makes it."""
    for name, topic in TOPICS.items():
        blocks = [_named(part.block, run, runs) for run in runs for part in run.parts if part.topic == name]
        if topic.figure and not list(plots_of(blocks)):
            way = ("No figure of ", topic.figure, " is here: ", Code(topic.command), " makes one, and ",
                   Code(f"schattor report {_folders(runs)} {topic.command.split()[-1]}"), " takes it in.")  # fmt: skip
            blocks = [*blocks, Paragraph(way)]
        elif name == "rate" and all(run.kind != "study" for run in runs):
            blocks = [*blocks, Paragraph(("The exponent in the number of steps is fitted by ", Code(topic.command), ", "
                                          "and ", Code(f"schattor report {_folders(runs)} out/rate"), " takes it in."),
                                         is_note=True)]  # fmt: skip
        if blocks:
            yield Section(topic.title, blocks)


def _folders(runs: Sequence[Run]) -> str:
    return " ".join(shlex.quote(run.folder or run.name) for run in runs)


def _named(block: Block, run: Run, runs: Sequence[Run]) -> Block:
    """Return a block whose figures have names of their own among all runs."""
    if len(runs) == 1:
        return block
    if isinstance(block, Plot):
        return replace(block, stem=f"{run.name}-{block.stem}")
    if isinstance(block, Section):
        return replace(block, blocks=[_named(inside, run, runs) for inside in block.blocks])
    return block


def _in_detail(asked: Sequence[Statement], entries: Sequence[Evidence], runs: Sequence[Run]) -> Iterator[Section]:
    if any(entry.statement in STATEMENTS for entry in entries):
        yield _every_check(asked, entries)
    if any(run.kind == "verify" for run in runs):
        yield relation_section()
    if asked:
        yield _assumptions(asked)


def _every_check(asked: Sequence[Statement], entries: Sequence[Evidence]) -> Section:
    order = order_of(entry.kind for entry in entries)
    parts = []
    for statement in asked:
        own = sorted((e for e in entries if e.statement == statement.id), key=lambda entry: order.index(entry.kind))
        rows = [
            [Cell(entry.check.replace("_", " ")), Cell(entry.kind), Cell(badge(entry)), Cell(_margin(entry.margin)),
             Cell(f"{entry.seconds:.1f}"), Cell(entry.detail, more=artefacts_of(entry))]
            for entry in own
        ]  # fmt: skip
        table: Block = Table(
            ["check", "kind", "verdict", "margin", "seconds", "what was found"], rows, "lccrrl",
            places=[check_anchor(entry.check) for entry in own], has_row_heads=False, css="checks",
        ) if own else Paragraph("No check of this statement yet.", is_note=True)  # fmt: skip
        assumed = ", ".join(statement.hypotheses) or "none"
        words = (f"{statement.status}; assumes ", Formula(assumed), f"; written out in {statement.place}")
        parts.append(
            Section(f"{statement.id} · {statement.title}",
                    [Paragraph(Formula(statement.text)), Paragraph(words, is_note=True), table],
                    level=3, place=anchor(statement.id))
        )  # fmt: skip
    return Section("Every check", parts)


def _margin(margin: float | None) -> str:
    """Return a margin for people; an inequality that is attained has none, up to rounding."""
    if margin is None:
        return ""
    return "attained" if 0 <= margin < 1e-6 else f"{margin:.2g}"


def _assumptions(asked: Sequence[Statement]) -> Section:
    used = {name for statement in asked for name in statement.hypotheses}
    if "A3" in used:
        used |= {"N1", "N2", "N3"}
    rows = [
        [Cell(name), Cell(Formula(text)), Cell(", ".join(s.id for s in asked if name in s.hypotheses) or "through A3")]
        for name, text in ASSUMPTIONS.items()
        if name in used
    ]
    blocks: list[Block] = [Table(["name", "assumption", "used by"], rows, "lll")] if rows else []
    others = sorted(used - set(ASSUMPTIONS))
    if others:
        blocks.append(Paragraph(("Also assumed where named: ", Formula("; ".join(others)), "."), is_note=True))
    return Section("Assumptions in force", blocks or [Paragraph("None.")])


def _how_it_was_made(runs: Sequence[Run]) -> Section:
    parts: list[Block] = []
    for run in runs:
        rows = [[Cell(name), Cell(Code(_value(value)))] for name, value in _facts(run) if name != "statements"]
        table = Table(["", ""], rows, "ll", css="facts")
        parts.append(table if len(runs) == 1 else Section(f"{run.name} ({run.kind})", [table], level=3))
    left_out = "Steps of derivations, certificates and all witnesses are in the file ledger.json of the run."
    return Section("How it was made", [*parts, Paragraph(left_out, is_note=True)])


def _facts(run: Run) -> Iterator[tuple[str, Any]]:
    if "command" not in run.manifest and run.command:
        yield "command", run.command
    yield from run.manifest.items()


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.1f}"
    return value if isinstance(value, str) else shortened(json.dumps(value, ensure_ascii=False))
