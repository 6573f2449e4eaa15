"""The page and the text of a cross-check; they need no network."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..files import disk, write_file
from ..report.style import STYLE
from .bands import FALSE_ALARM
from .crosscheck import COULD_NOT_RUN, CrossCheck
from .figure import curve_caption, curve_of, curve_svg
from .finding import UNDECIDED, Finding
from .probe import Run
from .recorded import write_recording
from .shown import SIGNS
from .verdict import comparison_words

__all__ = [
    "MARKS", "TONES", "badge", "breakable", "document", "escaped", "finding_words", "findings_of", "page_of",
    "slug", "slugs", "text_of", "write_result",
]  # fmt: skip

_CALL = "crosscheck"

_MORE_STYLE = """
.verdict .remark{font-size:1rem;font-weight:400;margin:.35rem 0 0;overflow-wrap:anywhere}
.verdict.open{background:var(--open-bg);border-color:var(--open)}
svg.plot{width:100%;max-width:48rem;height:auto;background:var(--panel);border-radius:6px;
font:13px system-ui,sans-serif}
svg.plot text{fill:var(--soft)}svg.plot .grid{stroke:var(--line)}
svg.plot .curve{stroke:var(--link);stroke-width:2;fill:none}
svg.plot .claim{stroke-dasharray:6 5;stroke:var(--open)}
svg.plot .seen{fill:none;stroke:var(--violated);stroke-width:1.6}
table.facts th,table.facts td{text-align:left}table.facts{max-width:100%}
table.facts td{overflow-wrap:anywhere}table.facts td.answer{min-width:11rem;font-weight:600}
table.facts td.answer.undecided{font-weight:400}table.facts td.evidence{min-width:16rem;color:var(--soft)}
table.facts .alternatives{display:block;font-weight:400;font-size:.82rem;color:var(--open)}
table.targets th,table.targets td{text-align:left;min-width:9rem;max-width:17rem}
table.targets thead th{white-space:normal}
table.targets tbody th{min-width:8rem;position:sticky;left:0;background:var(--paper);white-space:normal}
.badge.open{color:var(--open);background:var(--open-bg)}
"""

TONES = {"conforms": "holds", "differs": "violated", "undecided": "open", COULD_NOT_RUN: "error"}
MARKS = {"holds": ("holds", "✓ holds"), "broken": ("violated", "✗ broken"), "not observed": ("open", "– not observed")}


def slug(name: str) -> str:
    """Return a target's name as the name of a file."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "target"


def slugs(names: Sequence[str]) -> tuple[str, ...]:
    """Return file names for targets, unique also where two targets have one name."""
    found: list[str] = []
    for name in names:
        one, k = slug(name), 2
        while one in found or one == "index":
            one, k = f"{slug(name)}-{k}", k + 1
        found.append(one)
    return tuple(found)


def finding_words(one: Finding) -> str:
    """Return the answer of a finding, with what cannot be told apart from it."""
    return one.value if one.is_decided else f"{UNDECIDED}: {', or '.join((one.value, *one.alternatives))}"


def findings_of(result: CrossCheck) -> list[Finding]:
    """Return the findings of a cross-check; none where it could not run."""
    return [] if result.diagnosis is None else list(result.diagnosis.findings)


def _numbers(result: CrossCheck) -> list[str]:
    """Return what the comparison gave, in sentences."""
    verdict = result.verdict
    if verdict is None or not verdict.comparisons:
        return []
    found = [
        f"{len(verdict.comparisons)} steps were compared with the same convention in float64: the median relative "
        f"error is {verdict.typical('gain'):.2g} in scale and {verdict.typical('direction'):.2g} in direction."
    ]
    worst = verdict.worst
    if worst is not None:
        found.append(
            f"The furthest in units of its band is {comparison_words(worst, verdict.factor)}; the first-order worst "
            f"case of rounding is {worst.worst_case('gain'):.2g} in scale, {worst.worst_case('direction'):.2g} in "
            "direction."
        )
    found.append(
        f"A band is {verdict.factor:.3g} root mean squares of the rounding errors that the precision makes, so that a "
        f"target whose errors are of this kind is called different with chance at most {FALSE_ALARM:g}. Neither it nor "
        "the worst case is proved: both rest on a model of independent rounding errors."
    )
    for dtype, size in verdict.smallest_seen.items():
        found.append(f"An error of scale in all steps alike would be seen from {size:.2g} on ({dtype}).")
    if verdict.unjudged:
        names = ", ".join(dict.fromkeys(verdict.unjudged))
        found.append(f"Not judged, being refused or out of the range in which squares fit the dtype: {names}.")
    return found


def text_of(result: CrossCheck) -> str:
    """Return a cross-check as text."""
    lines = [result.target, f"  {SIGNS[result.outcome]} {result.headline}", *(f"  {x}" for x in result.remarks), ""]
    rows = findings_of(result)
    if rows:
        lines.append("Convention")
        for one in rows:
            mark = " (fault)" if one.is_fault else ""
            lines.append(f"  {one.property}: {finding_words(one)}{mark}")
            lines.append(f"      {one.evidence}")
        lines.append("")
    if result.claim_differences:
        lines += [f"Against {result.claim}", *(f"  {one}" for one in result.claim_differences), ""]
    if result.near:
        lines.append("Nearest published conventions")
        for near in result.near:
            lines.append(f"  {near.known.name} ({near.known.source}): {_near_words(near.differences)}")
        lines.append("")
    for title, found in (("Comparison", _numbers(result)), ("Oracle", _oracle_words(result))):
        if found:
            lines += [title, *(f"  {one}" for one in found), ""]
    if result.invariances:
        lines.append("Invariances")
        lines += [f"  {one.name}: {one.outcome}. {one.words}" for one in result.invariances]
        lines.append("")
    if result.counterexample is not None:
        lines += ["Smallest input found that shows the difference", f"  {result.counterexample.words}", ""]
    return "\n".join(lines)


def _oracle_words(result: CrossCheck) -> Sequence[str]:
    return () if result.oracle is None else result.oracle.words


def _near_words(differences: Sequence[str]) -> str:
    return "; ".join(differences) if differences else "no difference"


def escaped(text: object) -> str:
    """Return a text for HTML."""
    return html.escape(str(text))


def breakable(name: str) -> str:
    """Return a target's name for HTML, to be broken after its dots and colons alone."""
    return re.sub(r"([.:/_])(?=\w)", r"\1<wbr>", escaped(name))


def badge(tone: str, words: str) -> str:
    """Return a few words with the colours of a tone."""
    return f'<span class="badge {tone}">{escaped(words)}</span>'


def page_of(result: CrossCheck, *, saved: str | None = None, made_by: str = "") -> str:
    """Return the page of a target; ``saved`` is the file of its smallest input."""
    body = [
        f"<header><h1>{breakable(result.target)}</h1>",
        f'<div class="verdict {TONES[result.outcome]}">{SIGNS[result.outcome]} {escaped(result.headline)}',
        "".join(f'<p class="remark">{escaped(one)}</p>' for one in result.remarks) + "</div>",
        f'<p class="note">{escaped(_facts(result))}</p></header>',
        _findings_html(result),
        _curve_html(result),
        _list_html("Comparison in float64", _numbers(result)),
        _counterexample_html(result, saved),
        _near_html(result),
        _invariances_html(result),
        _list_html("Worth as an oracle", _oracle_words(result)),
        f'<p class="note">Made by <code>{escaped(made_by)}</code>.</p>' if made_by else "",
    ]
    return document(f"Cross-check of {result.target}", "".join(body))


def document(title: str, body: str) -> str:
    """Return a whole page."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{escaped(title)}</title>'
        f"<style>{STYLE}{_MORE_STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )


def _facts(result: CrossCheck) -> str:
    kind = f"Target of kind {result.kind}. " if result.kind else ""
    return f"{kind}{result.n_runs} runs in {result.seconds:.1f} seconds. Only what came out was looked at."


def _table(css: str, head: Sequence[str], rows: Sequence[str]) -> str:
    cells = "".join(f'<th scope="col">{escaped(cell)}</th>' for cell in head)
    return (f'<div class="wide"><table class="{css}"><thead><tr>{cells}</tr></thead><tbody>{"".join(rows)}</tbody>'
            "</table></div>")  # fmt: skip


def _findings_html(result: CrossCheck) -> str:
    rows = []
    for one in findings_of(result):
        fault = f" {badge('violated', '✗ fault')}" if one.is_fault else ""
        others = "" if one.is_decided or not one.alternatives else ", or ".join(one.alternatives)
        told = "" if one.is_decided else f'<span class="alternatives">{UNDECIDED} from: {escaped(others)}</span>'
        also = ""
        if one.is_decided and one.alternatives:
            also = f'<span class="alternatives">the same outputs: {escaped(", or ".join(one.alternatives))}</span>'
        css = "answer" if one.is_decided else "answer undecided"
        answer = f'<td class="{css}">{escaped(one.value)}{fault}{told}{also}</td>'
        rows.append(f'<tr><th scope="row">{escaped(one.property)}</th>{answer}'
                    f'<td class="evidence">{escaped(one.evidence)}</td></tr>')  # fmt: skip
    if not rows:
        return ""
    return f"<section><h2>Convention</h2>{_table('facts', ('property', 'answer', 'evidence'), rows)}</section>"


def _curve_html(result: CrossCheck) -> str:
    claim = result.verdict.convention if result.verdict is not None else None
    found = None if result.diagnosis is None else result.diagnosis.convention
    convention = found if found is not None else claim
    dtype = result.verdict.comparisons[0].dtype if result.verdict and result.verdict.comparisons else "float32"
    curve = curve_of(result.runs, convention, dtype=dtype, claim=claim)
    if curve is None or convention is None:
        return ""
    label = convention.map.words
    return (f"<section><h2>What becomes of singular values</h2><figure>{curve_svg(curve, label=label)}"
            f"<figcaption>{escaped(curve_caption(curve, label=label))}</figcaption></figure></section>")  # fmt: skip


def _list_html(title: str, sentences: Sequence[str]) -> str:
    if not sentences:
        return ""
    return f"<section><h2>{escaped(title)}</h2>{''.join(f'<p>{escaped(one)}</p>' for one in sentences)}</section>"


def _counterexample_html(result: CrossCheck, saved: str | None) -> str:
    found = result.counterexample
    if found is None:
        return ""
    link = f'<p>Saved as <a href="{escaped(saved)}">{escaped(saved)}</a>.</p>' if saved else ""
    shown = _values_html(found.runs[0]) if len(found.runs) == 1 else ""
    return (f'<section class="card violated"><h2>Smallest input found that shows the difference</h2>'
            f"<p>{escaped(found.words)}</p>{shown}{link}</section>")  # fmt: skip


def _values_html(run: Run) -> str:
    """Return a small input and what came out, as numbers."""
    if sum(x.size for x in run.probe.start.values()) > 64 or run.probe.n_steps > 6:
        return ""
    lines = [f"X_0[{name}] =\n{_matrix(x)}" for name, x in run.probe.start.items() if np.any(x)]
    for k, gradient in enumerate(run.probe.gradients):
        lines += [f"G_{k}[{name}] =\n{_matrix(g)}" for name, g in gradient.items()]
        if k < len(run.parameters):
            lines += [f"(X_{k} - X_{k + 1})/η [{name}] =\n{_matrix(run.update(k, name))}" for name in gradient]
    return f"<pre>{escaped(chr(10).join(lines))}</pre>"


def _matrix(x: np.ndarray) -> str:
    return np.array2string(x, precision=5, suppress_small=False, max_line_width=110)


def _near_html(result: CrossCheck) -> str:
    if not result.near:
        return ""
    rows = [f'<tr><th scope="row">{escaped(near.known.name)}</th><td>{escaped(near.known.source)}</td>'
            f'<td class="evidence">{escaped(_near_words(near.differences))}</td></tr>'
            for near in result.near]  # fmt: skip
    against = ""
    if result.claim is not None:
        words = "; ".join(result.claim_differences) or "the diagnosis does not differ in any field"
        against = f"<p>Claimed to be {escaped(result.claim)}: {escaped(words)}.</p>"
    note = '<p class="note">Numbers that their users choose are taken as found.</p>'
    table = _table("facts", ("convention", "as published in", "differences: this target, not that"), rows)
    return f"<section><h2>Nearest published conventions</h2>{against}{table}{note}</section>"


def _invariances_html(result: CrossCheck) -> str:
    rows = []
    for one in result.invariances:
        tone, words = MARKS[one.outcome]
        rows.append(f'<tr><th scope="row">{escaped(one.name)}</th><td>{badge(tone, words)}</td>'
                    f'<td class="evidence">{escaped(one.words)}</td></tr>')  # fmt: skip
    if not rows:
        return ""
    return f"<section><h2>Invariances</h2>{_table('facts', ('invariance', 'outcome', 'what was seen'), rows)}</section>"


def write_result(result: CrossCheck, out: Path, file: str, *, made_by: str = "") -> Path:
    """Write the page, the text and the smallest input of a target; return the page.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    with disk(out, _CALL):
        out.mkdir(parents=True, exist_ok=True)
    saved = None
    if result.counterexample is not None:
        saved = f"{file}-smallest.npz"
        write_recording(out / saved, result.counterexample.runs)
    write_file(out / f"{file}.txt", text_of(result).encode(), _CALL)
    page = out / f"{file}.html"
    write_file(page, page_of(result, saved=saved, made_by=made_by).encode(), _CALL)
    return page
