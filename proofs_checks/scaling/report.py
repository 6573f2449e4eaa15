"""The report of a study: the verdict in words first, then arms, figures, tables, and how it was run."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from schattor_theory.errors import StoreError

from ..files import write_file
from . import figures
from .analysis import Analysis
from .axes import AXES, world_label
from .compare import Comparison
from .fit import Fit
from .plan import Arm
from .point import as_integer
from .series import Series
from .store import CALL, Store
from .tables import Table, to_csv, to_latex, to_markdown, to_text
from .world import block_geometry_of

__all__ = ["ASSUMPTION_WORDS", "STATISTIC_WORDS", "arm_words", "write_report"]

ASSUMPTION_WORDS = {
    "covariance": "N2 (covariance): one fixed matrix bounds the conditional covariance of the noise",
    "moment": "N1 (moment): only a moment of the noise's dual norm is bounded",
    "weighted": "N3 (weighted): a moment of the weighted noise is bounded",
}
STATISTIC_WORDS = {"stationarity_mean": "whole run", "stationarity_second_half_mean": "second half"}
_SHOWN_KEYS = tuple(AXES)


def _varying(entries: Sequence[Mapping[str, object]]) -> list[str]:
    """Return the axes whose value differs between entries, p always."""
    names = [name for name in _SHOWN_KEYS if len({str(entry.get(name)) for entry in entries}) > 1]
    return ["p", *(name for name in names if name != "p")]


def _show(value: object) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def exponents_table(pairs: Sequence[tuple[Series, Fit]], caption: str = "Exponents") -> Table:
    """Return one row for each fit: exponent with interval, halves, the bound's own exponent there, label."""
    keys = _varying([series.key for series, _ in pairs])
    is_mixed = len({fit.statistic for _, fit in pairs}) > 1
    rows = []
    for series, fit in pairs:
        found = (fit.exponent, fit.lower_half, fit.upper_half)
        whole, low, high = (f"{e.value:+.4f} [{e.low:+.4f}, {e.high:+.4f}]" if e else "" for e in found)
        statistic = [STATISTIC_WORDS.get(fit.statistic, fit.statistic)] if is_mixed else []
        varying = (_show(series.key.get(k)) for k in keys)
        bound = series.bound_exponent(fit.counted)
        of_bound = "" if bound is None else f"{bound:+.4f}"
        rows.append([series.arm, *varying, *statistic, fit.against, whole, low, high, of_bound, fit.label])
    header = ["arm", *keys, *(["statistic"] if is_mixed else []), "against", "exponent [95 %]"]
    levels = {f"{100 * half.level:.3g} %" for _, fit in pairs for half in (fit.lower_half, fit.upper_half) if half}
    level = f" [{', '.join(sorted(levels))}]" if levels else ""
    return Table(caption, [*header, f"lower half{level}", f"upper half{level}", "of the bound", "label"], rows)


def expectations_table(analysis: Analysis) -> Table:
    """Return one row for each expected exponent and its verdict."""
    keys = _varying([j.key for j in analysis.judgements])
    rows = [
        [j.arm, *(_show(j.key.get(k)) for k in keys), j.expected, j.verdict.value, j.reason]
        for j in analysis.judgements
    ]
    return Table("Expected exponents", ["arm", *keys, "expected", "verdict", "because"], rows)


def tightness_table(analysis: Analysis) -> Table:
    """Return one row for each arm and p: the range of the ratio to the bound over its points."""
    groups: dict[tuple[str, str, str], list[Comparison]] = {}
    for c in analysis.comparisons:
        key = (c.arm, _show(c.key.get("p")), _show(c.key.get("noise")))
        groups.setdefault(key, []).append(c)
    rows = []
    for (arm, p, noise), found in groups.items():
        ratios = [c.ratio for c in found if c.ratio is not None]
        verdicts = sorted({c.verdict.value for c in found})
        constants = sorted({c.constants for c in found})
        span = f"{min(r.value for r in ratios):.3f} to {max(r.value for r in ratios):.3f}" if ratios else "no bound"
        top = f"{max(r.high for r in ratios):.3f}" if ratios else ""
        rows.append([arm, p, noise, str(len(found)), span, top, ", ".join(constants), ", ".join(verdicts)])
    header = ["arm", "p", "noise", "points", "ratio to the bound", "highest upper end", "constants", "verdicts"]
    return Table("Tightness: mean of the statistic divided by its bound", header, rows)


def constants_table(pairs: Sequence[tuple[Series, Fit]]) -> Table | None:
    """Return the estimated constants of each point: the largest of the runs, with the interval of their mean."""
    rows = []
    for point in (point for series in dict.fromkeys(series for series, _ in pairs) for point in series.members):
        if point.first("constants") != "estimated":
            continue
        sizes = [_show(point.key[name]) for name in ("width", "dimension") if point.key[name]]
        cells = [str(point.key["p"]), *sizes]
        for name in ("smoothness", "sigma"):
            found = [[v for v in point.rows[f"{name}{end}"] if v is not None] for end in ("", "_low", "_high")]
            value, low, high = max(found[0]), min(found[1], default=0.0), max(found[2], default=np.inf)
            cells.append(f"{value:.3g} [{low:.3g}, {high:.3g}]")
        rows.append(cells)
    if not rows:
        return None
    header = ["p", *(name for name in ("width", "dimension") if pairs[0][0].members[0].key[name])]
    return Table("Estimated constants", [*header, "smoothness [95 %]", "sigma [95 %]"], rows)


def arm_words(arm: Arm) -> list[str]:
    """Return what an arm is: its note, what its bound assumes, what is held fixed, its axes."""
    lines = [arm.note] if arm.note else []
    lines.append(f"Assumption of the bound: {ASSUMPTION_WORDS[arm.assumption]}.")
    if arm.tuned_for != arm.assumption:
        lines.append(f"The tuning relies on more than that: {ASSUMPTION_WORDS[arm.tuned_for]}.")
    if arm.held is None:
        lines.append("Constants are estimated along the runs: a comparison with the bound is never called *holds*.")
    else:
        h = arm.held
        where = "the method's own geometry" if h.geometry == "own" else f"the Schatten-{h.geometry} geometry"
        lines.append(
            f"Held fixed, and checked on what was built: initial gap {h.initial_gap:g}; smoothness {h.smoothness:g} "
            f"and sigma {h.sigma:g} (moment order {h.moment_order:g}) in {where}."
        )
    values = [f"{name} {', '.join(_show(world_label(v)) for v in arm.axes[name])}" for name in AXES if name in arm.axes]
    lines.append(f"Axes: {'; '.join(values)}; {arm.repeats} repeats.")
    return lines


def _block_panels(analysis: Analysis, arm: Arm, store: Store) -> dict[str, figures.BlockPanel]:
    """Return the recorded block paths of the first block of repeats with the most blocks, one panel each p, balance."""
    panels: dict[str, figures.BlockPanel] = {}
    if "block_stationarity" not in arm.record or "blocks" not in arm.axes:
        return panels
    most = max(as_integer("blocks", value) for value in arm.axes["blocks"])
    for cell in analysis.study.cells():
        path = store.records(cell)
        if cell.arm == arm.name and cell.block == 0 and cell.point["blocks"] == most and path.exists():
            with np.load(path) as paths:
                steps, blocks = paths["step"], paths["block_stationarity"]
            radii = np.array(list(block_geometry_of(cell).radii.values()))
            name = f"p = {cell.point['p']}, balance t = {cell.point['balance']}".replace("inf", "∞")
            panels.setdefault(name, figures.BlockPanel(steps, np.nanmean(blocks, axis=1), radii))
    return panels


def draw_figures(analysis: Analysis, folder: Path, store: Store) -> dict[str, list[Path]]:
    """Write the figures of every arm and return the PNG files by arm."""
    written: dict[str, list[Path]] = {}
    for arm in analysis.study.arms:
        pairs = [(series, fit) for series, fit in analysis.pairs if series.arm == arm.name]
        for index, name in enumerate(arm.statistics):
            drawn = [(series, fit) for series, fit in pairs if fit.statistic == name]
            if drawn:
                part = STATISTIC_WORDS.get(name, name.replace("_", " "))
                note = f"{part}; dots: geometric mean of the runs with 95 % interval"
                figure = figures.draw_arm(arm.title, drawn, statistic=name, note=note)
                stem = folder / (f"{arm.name}_{name}" if index else arm.name)
                written.setdefault(arm.name, []).extend(figures.save(figure, stem)[:1])
        panels = _block_panels(analysis, arm, store)
        if panels:
            figure = figures.draw_blocks(f"{arm.title}: progress of every block", panels)
            written.setdefault(arm.name, []).extend(figures.save(figure, folder / f"{arm.name}_blocks")[:1])
    return written


Section = tuple[str, list[str], list[Path], list[Table]]
"""Heading, paragraphs, figures, tables."""


def _sections(analysis: Analysis, images: Mapping[str, Sequence[Path]]) -> list[Section]:
    """Return the report, the verdict first."""
    study = analysis.study
    sections: list[Section] = []
    opening = [f"**{analysis.words()}**", study.summary]
    if study.scale != "full":
        opening.append("This is a smoke run: a check of the plumbing on a few small cells, not evidence.")
    sections.append((study.title, opening, [], [expectations_table(analysis)] if analysis.judgements else []))
    for arm in study.arms:
        pairs = [pair for pair in analysis.pairs if pair[0].arm == arm.name]
        tables = [exponents_table(pairs)] if pairs else []
        estimated = constants_table(pairs)
        tables += [estimated] if estimated else []
        words = arm_words(arm) + [_fit_words(series, fit) for series, fit in pairs]
        sections.append((f"Arm {arm.name}: {arm.title}", words, list(images.get(arm.name, ())), tables))
    sections.append((f"Against the bound ({study.statement})", [], [], [tightness_table(analysis)]))
    trouble = [f"could not run: {f['cell']}: {f['error']}" for f in analysis.failures.values()]
    trouble += [f"damaged and set aside: {name}" for name in analysis.damaged]
    if trouble:
        sections.append(("What went wrong", trouble, [], []))
    return sections


def _fit_words(series: Series, fit: Fit) -> str:
    part = "" if fit.statistic == "stationarity_mean" else f" ({STATISTIC_WORDS.get(fit.statistic, fit.statistic)})"
    return f"{series_name(series)}{part}: {fit.label}. {fit.reason}"


def series_name(series: Series) -> str:
    """Return the series by what tells it from its neighbours."""
    names = [n for n in ("p", "oracle", "tuning", "balance") if series.key.get(n) is not None]
    usual = {"oracle": "ball", "tuning": "theory"}
    return ", ".join(f"{name} = {series.key[name]}" for name in names if usual.get(name) != series.key[name])


def _markdown(sections: Sequence[Section], folder: Path) -> str:
    out = []
    for level, (heading, words, images, tables) in enumerate(sections):
        out.append(f"{'#' if level == 0 else '##'} {heading}\n")
        out += [f"{text}\n" for text in words if text]
        out += [f"![{image.stem}]({image.relative_to(folder).as_posix()})\n" for image in images]
        out += [f"{table.caption}\n\n{to_markdown(table)}" for table in tables]
    return "\n".join(out)


_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;font-size:.85rem;margin:1rem 0;display:block;overflow-x:auto}
th,td{padding:.25rem .6rem;text-align:left;border-bottom:1px solid #ddd;white-space:nowrap}
th{border-bottom:2px solid #555}
img{max-width:100%;height:auto}.verdict{background:#eef4fb;border-left:4px solid #0072B2;padding:.7rem 1rem}
caption{caption-side:top;text-align:left;font-weight:600;padding:.3rem 0}"""


def _inline(text: str) -> str:
    """Return a paragraph of the Markdown report as HTML: text with *emphasis*."""
    return re.sub(r"\*(\w[^*]*)\*", r"<em>\1</em>", html.escape(text))


def _html(sections: Sequence[Section], title: str) -> str:
    """Return one file that opens without a network: figures are inside it."""
    body = []
    for level, (heading, words, images, tables) in enumerate(sections):
        tag = "h1" if level == 0 else "h2"
        body.append(f"<{tag}>{html.escape(heading)}</{tag}>")
        for text in filter(None, words):
            is_verdict = text.startswith("**")
            css = ' class="verdict"' if is_verdict else ""
            body.append(f"<p{css}>{_inline(text.strip('*') if is_verdict else text)}</p>")
        for image in images:
            data = base64.b64encode(image.read_bytes()).decode()
            body.append(f'<img alt="{html.escape(image.stem)}" src="data:image/png;base64,{data}">')
        for table in tables:
            head = "".join(f"<th>{html.escape(entry)}</th>" for entry in table.header)
            rows = "".join(
                "<tr>" + "".join(f"<td>{html.escape(entry)}</td>" for entry in row) + "</tr>" for row in table.rows
            )
            body.append(f"<table><caption>{html.escape(table.caption)}</caption><tr>{head}</tr>{rows}</table>")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


def write_report(analysis: Analysis, store: Store) -> dict[str, Path]:
    """Write report.md, report.html, summary.json, figures and tables into the folder; return where they are.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    folder = store.folder
    figures_folder, tables_folder = folder / "figures", folder / "tables"
    try:
        figures_folder.mkdir(exist_ok=True)
        tables_folder.mkdir(exist_ok=True)
        images = draw_figures(analysis, figures_folder, store)
    except OSError as error:
        way_out = f"{error.strerror or error}. Make room, then run `schattor study report {folder}`."
        message = f"study: out must be a folder that can be written, got out={str(folder)!r}. {way_out}"
        raise StoreError(message) from error
    tables = {"exponents": exponents_table(analysis.pairs), "tightness": tightness_table(analysis)}
    if analysis.judgements:
        tables["expectations"] = expectations_table(analysis)
    for name, table in tables.items():
        for suffix, spell in ((".txt", to_text), (".csv", to_csv), (".tex", to_latex)):
            write_file(tables_folder / f"{name}{suffix}", spell(table).encode(), CALL)
    sections = _sections(analysis, images)
    record = json.dumps(analysis.to_record(), indent=2, allow_nan=False, ensure_ascii=False)
    write_file(folder / "summary.json", f"{record}\n".encode(), CALL)
    write_file(folder / "report.md", _markdown(sections, folder).encode(), CALL)
    write_file(folder / "report.html", _html(sections, analysis.study.title).encode(), CALL)
    return {"report": folder / "report.html", "figures": figures_folder, "tables": tables_folder}
