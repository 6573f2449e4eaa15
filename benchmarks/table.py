"""The table of the benchmarks: records of runs as text and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["cost", "interval", "lines_of", "markdown_tables", "remarks", "summary_table", "verdict_of"]


def cost(value: float, unit: str) -> str:
    """Return a cost with its unit, three digits."""
    scales = {"s": ((1, "s"), (1e-3, "ms"), (1e-6, "µs")), "bytes": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B"))}
    scale, name = next(((s, n) for s, n in scales[unit] if value >= s), scales[unit][-1])
    return f"{value / scale:.3g} {name}"


def _median(values: Sequence[float]) -> float:
    middle = sorted(values)
    n = len(middle)
    return (middle[(n - 1) // 2] + middle[n // 2]) / 2


def verdict_of(row: Mapping[str, Any], is_quick: bool) -> str:
    """Return what the ratio says, in words; a ratio without its error gate says nothing."""
    if not row["is_met"]:
        return "**error gate not met**"
    if is_quick:
        return "quick: not judged"
    if row["required"] is None:
        return "win" if row["ratio"] >= 1 else "loss"
    missed = "missed" if row["ratio"] >= 1 else "missed, a loss"
    return "reached" if row["is_reached"] else missed


def _gate(gate: Mapping[str, Any]) -> str:
    error = gate["error"] if isinstance(gate["error"], str) else f"{gate['error']:.1e}"
    return f"{gate['what']}: {error} {'≤' if gate['is_met'] else 'NOT WITHIN'} {gate['limit']:.1e}"


def interval(found: Sequence[float]) -> str:
    """Return an estimate with its interval, two digits, none of them a negative zero."""
    value, low, high = (round(number, 2) + 0.0 for number in found)
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def lines_of(row: Mapping[str, Any], is_quick: bool) -> list[str]:
    """Return one row as lines for a terminal."""
    head = [f"  {row['what']}: {row['sizes']}", *(f"    error gate: {_gate(g)}" for g in row["gates"])]
    notes = [f"    {row['notes']}"] if row["notes"] else []
    if row["kind"] == "growth":
        points = ", ".join(
            f"{x:g}: {cost(_median(costs), row['unit'])}" for x, costs in zip(row["x"], row["costs"], strict=True)
        )
        fit = (
            f"exponent {interval(row['fitted'])}, upper half {interval(row['upper_half'])}, theory {row['expected']:g}"
        )
        return [*head, f"    {row['axis']}: {points}", f"    {fit}", *notes]
    ratios = row["ratios"]
    required = "" if row["required"] is None else f", required {row['required']:g}"
    costs = [
        f"{cost(_median(row[side]), row['unit'])} ({name})"
        for side, name in (("theirs", row["peer"]), ("ours", "ours"))
    ]
    ratio = f"ratio {row['ratio']:.3g} (pairs from {min(ratios):.3g} to {max(ratios):.3g}{required})"
    return [
        *head,
        f"    median cost: {costs[0]}, {costs[1]}, {_pairs(ratios)}",
        f"    {ratio}: {verdict_of(row, is_quick)}",
        *notes,
    ]


def _pairs(ratios: Sequence[float]) -> str:
    return "1 pair" if len(ratios) == 1 else f"{len(ratios)} pairs"


def markdown_tables(rows: Sequence[Mapping[str, Any]], is_quick: bool) -> list[str]:
    """Return rows as the lines of Markdown tables, one for ratios and one for growth."""
    ratios = [row for row in rows if row["kind"] == "ratio"]
    growths = [row for row in rows if row["kind"] == "growth"]
    lines = []
    if ratios:
        head = ("measured", "against", "theirs → ours", "ratio (range, pairs)", "verdict")
        lines += [_row(head), _row(["---"] * len(head)), *(_ratio(row, is_quick) for row in ratios)]
    if ratios and growths:
        lines.append("")
    if growths:
        head = ("measured", "first and last", "fitted exponent [95 %]", "upper half", "in theory")
        lines += [_row(head), _row(["---"] * len(head)), *map(_growth, growths)]
    return lines


def summary_table(rows: Sequence[tuple[str, Mapping[str, Any], bool]]) -> list[str]:
    """Return one line for each ratio, leading to its section, as a Markdown table: those that are promised first."""
    lines = [_row(("measured", "ratio", "required", "verdict")), _row(["---"] * 4)]
    for name, row, is_quick in sorted(rows, key=lambda one: one[1]["required"] is None):
        what = f"[{row['what']}](#{name.replace('_', '-')}), {row['sizes']}"
        required = "" if row["required"] is None else f"{row['required']:g}"
        lines.append(_row([what, f"{row['ratio']:.3g}", required, verdict_of(row, is_quick)]))
    return lines


def _ratio(row: Mapping[str, Any], is_quick: bool) -> str:
    ratios = row["ratios"]
    theirs, ours = (cost(_median(row[side]), row["unit"]) for side in ("theirs", "ours"))
    verdict = verdict_of(row, is_quick)
    cells = [
        f"{row['what']}, {row['sizes']}",
        row["peer"],
        f"{theirs} → {ours}",
        f"{row['ratio']:.3g} ({min(ratios):.3g} to {max(ratios):.3g}, {len(ratios)})",
        verdict if row["required"] is None else f"{verdict}: {row['required']:g} required",
    ]
    return _row(cells)


def _growth(row: Mapping[str, Any]) -> str:
    ends = " → ".join(cost(_median(costs), row["unit"]) for costs in (row["costs"][0], row["costs"][-1]))
    costs = f"{row['axis']} = {row['x'][0]:g} to {row['x'][-1]:g}: {ends}"
    fits = [interval(row["fitted"]), interval(row["upper_half"]), f"{row['expected']:g}"]
    return _row([f"{row['what']}, {row['sizes']}", costs, *fits])


def remarks(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the error gates of measurements and what a reader must know, as a Markdown list, each once."""
    gates = [f"- Error gate: {_gate(gate)}" for row in rows for gate in row["gates"]]
    notes = [f"- {row['notes']}" for row in rows if row["notes"]]
    return list(dict.fromkeys([*gates, *notes]))


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
