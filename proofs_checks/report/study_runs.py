"""Studies: what their stores hold, read without changing a file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa

from schattor_theory.errors import StoreError

from ..evidence import Evidence, Verdict
from ..scaling import figures
from ..scaling.analysis import Analysis, analyse
from ..scaling.columns import SCHEMA, failed_rows
from ..scaling.fit import Fit
from ..scaling.plan import RESULTS_VERSION, Arm, Study
from ..scaling.report import STATISTIC_WORDS, arm_words, expectations_table, exponents_table, tightness_table
from ..scaling.series import Series
from ..scaling.shipped_studies import shipped_studies
from ..scaling.store import Store
from ..scaling.tables import Table as TextTable
from ..statements import STATEMENTS
from .blocks import Block, Cell, Paragraph, Plot, Section, Table
from .run import COULD_NOT_RUN, Part, Run

__all__ = ["read_study_run"]


def read_study_run(folder: Path, name: str, taken: Collection[str]) -> Run | None:
    """Return the run of a folder that ``schattor study run`` has left, finished or not; None where it is none.

    Raises
    ------
    StoreError
        If its files cannot be read.
    """
    if not ((folder / "study.toml").is_file() and (folder / "manifest.json").is_file()):
        return None
    store, study = Store.existing(folder)
    command = _command(study, folder)
    run = Run(name=name, kind="study", words="", command=command, manifest=store.manifest)
    found = store.manifest.get("results_version")
    if found != RESULTS_VERSION:
        words = (
            f"{study.title}: its results have version {found}, and this program reads version {RESULTS_VERSION}. Run "
            "it again into another folder."
        )
        return replace(run, words=words, exit_code=COULD_NOT_RUN)
    analysis = _analysis(store, study)
    if not analysis.n_done:
        words = f"{study.title}: no cell has finished yet. Run the same command again to go on."
        return replace(run, words=words, exit_code=COULD_NOT_RUN)
    words = f"{study.title}: {analysis.words()}"
    if study.scale != "full":
        words += " This is a smoke run: a check of the plumbing on a few small cells, not evidence."
    entries = tuple(
        replace(entry, check=f"{entry.check} ({name})") if entry.check in taken else entry
        for entry in _entries(analysis)
    )
    asked = tuple(entry.statement for entry in entries)
    return replace(run, words=words, exit_code=analysis.exit_code, entries=entries, statements=asked or None,
                   parts=tuple(_parts(analysis, command)))  # fmt: skip


def _command(study: Study, folder: Path) -> str:
    shipped = shipped_studies().get(study.name)
    is_shipped = shipped is not None and shipped.read_text(encoding="utf-8") == study.text
    file = study.name if is_shipped else folder / "study.toml"
    scale = "" if study.scale == "full" else f" --scale {study.scale}"
    return f"schattor study run {file} --out {folder if is_shipped else f'{folder}-again'}{scale}"


def _analysis(store: Store, study: Study) -> Analysis:
    """Return the analysis of the parts that can be read; the store stays as it is."""
    cells, damaged = study.cells(), []
    failures = store.failures(cells)
    tables = [SCHEMA.empty_table()]
    for cell in cells:
        if store.part(cell).exists():
            try:
                tables.append(store.read(cell)[0])
            except StoreError:
                raise
            except (ValueError, OSError) as error:
                damaged.append(f"{store.part(cell).name} ({cell.label()}): {error}")
        elif cell.digest in failures:
            tables.append(failed_rows(cell, failures[cell.digest]["error"]))
    return analyse(pa.concat_tables(tables), study, failures=failures, damaged=damaged)


def _entries(analysis: Analysis) -> Iterator[Evidence]:
    """Yield what a study says about its statement: its exponents and its points against the bound."""
    study = analysis.study
    if study.statement not in STATEMENTS:
        return
    # a smoke run and an unfinished one are no evidence for a statement, but a violation they show is one
    is_whole = study.scale == "full" and analysis.n_done == analysis.n_cells and not analysis.failures
    judgements = [j.verdict for j in analysis.judgements]
    if judgements:
        n = sum(verdict is Verdict.HOLDS for verdict in judgements)
        words = f"{n} of {len(judgements)} expected exponents hold."
        yield _entry(study, "exponents are as expected", _worst(judgements, is_whole), words)
    compared = [c for c in analysis.comparisons if c.ratio is not None]
    if compared:
        verdicts = [c.verdict for c in compared]
        n = sum(verdict is Verdict.HOLDS for verdict in verdicts)
        highest = max(c.ratio.high for c in compared if c.ratio is not None)
        words = f"{n} of {len(compared)} points lie below their bound; highest upper end of a ratio {highest:.3g}."
        is_exact = all(c.constants == "exact" for c in compared)
        yield replace(
            _entry(study, "points lie below the bound", _worst(verdicts, is_whole), words),
            constants="exact" if is_exact else "estimated", margin=1 - highest,
        )  # fmt: skip


def _entry(study: Study, check: str, verdict: Verdict, words: str) -> Evidence:
    witness = {"study": study.name, "seed": study.seed} if verdict is Verdict.VIOLATED else None
    return Evidence(statement=study.statement, check=f"study {study.name}: {check}", kind="scaling", verdict=verdict,
                    seed=study.seed, detail=words, witness=witness)  # fmt: skip


def _worst(verdicts: list[Verdict], is_whole: bool) -> Verdict:
    if Verdict.VIOLATED in verdicts:
        return Verdict.VIOLATED
    return Verdict.HOLDS if is_whole and set(verdicts) == {Verdict.HOLDS} else Verdict.INCONCLUSIVE


def _parts(analysis: Analysis, command: str) -> Iterator[Part]:
    study = analysis.study
    for arm in study.arms:
        topic = "rate" if arm.against == "horizon" else "dimension"
        blocks = list(_arm_blocks(analysis, arm, command))
        yield Part(topic, Section(f"{arm.title} ({study.name})", blocks, level=3))
    table = tightness_table(analysis)
    if table.rows:
        yield Part("tightness", _table(replace(table, caption=f"{study.title}: {table.caption}")))
    trouble = [f"could not run: {f['cell']}: {f['error']}" for f in analysis.failures.values()]
    trouble += [f"cannot be read: {name}" for name in analysis.damaged]
    for words in trouble:
        yield Part("rate" if study.arms[0].against == "horizon" else "dimension", Paragraph(words, is_note=True))


def _arm_blocks(analysis: Analysis, arm: Arm, command: str) -> Iterator[Block]:
    pairs = [pair for pair in analysis.pairs if pair[0].arm == arm.name]
    yield Paragraph(" ".join(arm_words(arm)).replace("*", ""), is_note=True)
    judged = replace(analysis, judgements=tuple(j for j in analysis.judgements if j.arm == arm.name))
    for statistic in arm.statistics:
        drawn = [(series, fit) for series, fit in pairs if fit.statistic == statistic]
        if not drawn:
            continue
        part = STATISTIC_WORDS.get(statistic, statistic.replace("_", " "))
        note = f"{part}; dots: geometric mean of the runs with 95 % interval"
        against = figures.NAMES.get(arm.against, arm.against)
        yield Plot(
            stem=f"{arm.name}_{statistic}",
            title=f"{arm.title} ({part})",
            alt=f"Mean stationarity against the {against}, a line for each method with 95 % intervals, its bound "
            f"dashed. {_fits(drawn)}",
            remake=command,
            seed=f"seed {analysis.study.seed} of the study file",
            draw=partial(figures.draw_arm, "", drawn, statistic=statistic, note=note),
        )
    if judged.judgements:
        yield _table(replace(expectations_table(judged), caption=f"Expected exponents: {arm.title}"))
    if pairs:
        yield _table(exponents_table(pairs, f"Exponents: {arm.title}"))
    else:
        yield Paragraph("No cell of this arm has finished yet.", is_note=True)


def _fits(pairs: Sequence[tuple[Series, Fit]]) -> str:
    labels = [fit.label for _, fit in pairs]
    counts = {label: labels.count(label) for label in dict.fromkeys(labels)}
    return "; ".join(f"{label}: {n} of {len(labels)}" for label, n in counts.items()).capitalize() + "."


def _table(table: TextTable) -> Table:
    return Table(list(table.header), [[Cell(text) for text in row] for row in table.rows], "l" * len(table.header),
                 caption=table.caption, has_row_heads=False)  # fmt: skip
