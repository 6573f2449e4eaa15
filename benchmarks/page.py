"""The page docs/performance.md, made of the records of the benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .table import markdown_tables, remarks, summary_table

__all__ = ["FIGURE", "page"]

FIGURE = "figures/growth.png"
"""Where the figure of growth stands, seen from the page."""

_HEAD = """\
<!-- Written by `python -m benchmarks --out DIR --write docs/performance.md`; do not edit. -->

# Performance

Every number below comes from a script in `benchmarks/` that is named as its claim. Both sides of a ratio were timed in
turn in one process, with one BLAS thread; the ratio is the median over the pairs, beside the least and the largest. A
call of less than 0.2 s is repeated as often as fits and its time divided, as an optimizer repeats it: the first call
after the other side's takes up to a quarter longer. The error gate was met in the same run, or the line says that it
was not. Losses are shown like wins. Absolute times belong to the machine named; ratios carry over better, but not
everywhere.
"""


def page(records: Sequence[dict[str, Any]]) -> str:
    """Return the page of these records."""
    lines = [_HEAD]
    for text in dict.fromkeys(_machine(record) for record in records):
        days = sorted({record["finished"][:10] for record in records if _machine(record) == text})
        lines.append(f"*Machine:* {text} Measured {' to '.join(dict.fromkeys([days[0], days[-1]]))}.\n")
    ratios = [(r["name"], row, r["quick"]) for r in records for row in r["rows"] if row["kind"] == "ratio"]
    if ratios:
        lines += ["## Ratios", "", *summary_table(ratios), ""]
    for record in records:
        lines += _section(record)
    return "\n".join(lines).rstrip() + "\n"


def _section(record: dict[str, Any]) -> list[str]:
    lines = [f"## {title(record['name'])}", "", record["claim"][:1].upper() + record["claim"][1:], ""]
    if record["quick"]:
        lines += ["*A quick run at the smallest sizes: no ratio is judged.*", ""]
    if record["status"] != "ok":
        lines += [f"*{record['status'][:1].upper() + record['status'][1:]}.*", ""]
    if record["rows"]:
        lines += [*markdown_tables(record["rows"], record["quick"]), "", *remarks(record["rows"]), ""]
    if any(row["kind"] == "growth" for row in record["rows"]):
        text = "Measured costs with lines of the theoretical exponents, on logarithmic axes"
        lines += [f"![{text}]({FIGURE})", ""]
    return [*lines, f"`python -m benchmarks {record['name']}` ({record['seconds']:.0f} s)", ""]


def title(name: str) -> str:
    """Return the name of a benchmark as a sentence without its point."""
    return name.replace("_", " ").capitalize()


def _machine(record: dict[str, Any]) -> str:
    machine, versions = record["machine"], record["versions"]
    blas = ", ".join(sorted({f"{b['internal_api']} {b['version']} ({b['architecture']})" for b in record["blas"]}))
    packages = ", ".join(f"{name} {versions[name]}" for name in ("python", "numpy", "scipy") if versions.get(name))
    hardware = f"{machine['processor']} ({machine['machine']}), {machine['cores']} cores, {machine['system']}"
    return f"{hardware}; {packages}; {blas}."
