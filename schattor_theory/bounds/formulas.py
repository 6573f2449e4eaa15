"""Formulas of bounds in LaTeX, with the numbers of one value: what a notebook shows of a bound."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .momentum_error import stationary_weight

if TYPE_CHECKING:
    from .records import BoundValue

__all__ = ["FORMULAS", "STATISTICS", "SYMBOLS", "TermFormula", "formula", "shown"]

Constants = Mapping[str, Any]

_NORM = r"\lVert \nabla f(X_k)\rVert_q"
STATISTICS = {
    "stationarity_mean": rf"\frac{{1}}{{K}}\sum_{{k<K}}\mathbb{{E}}{_NORM}",
    "stationarity_squared_mean": rf"\frac{{1}}{{K}}\sum_{{k<K}}\mathbb{{E}}{_NORM}^2",
    "stationarity_weighted_mean": rf"\frac{{\sum_{{k<K}}\eta_k\mathbb{{E}}{_NORM}}}{{\sum_{{k<K}}\eta_k}}",
}
"""Name of a statistic to its formula; another one is shown by its name."""

SYMBOLS = {
    "initial_gap": r"\Delta", "smoothness": "L", "sigma": r"\sigma", "constant": "c", "moment_order": r"\beta",
    "step_size": r"\eta", "theta": r"\theta", "n_steps": "K", "direction_defect": r"\delta", "norm_excess": r"\omega",
    "look_ahead": r"\tau",
}  # fmt: skip
"""Name of a constant to its symbol in docs/notation.md."""

_LEFT_OUT_AT_ZERO = ("direction_defect", "norm_excess", "look_ahead")
_SAME = 1e-9  # relative: both are the same few operations in double precision


@dataclass(frozen=True, slots=True)
class TermFormula:
    """One way to write a term, and its value at given constants: it is shown only where both agree.

    Attributes
    ----------
    latex : str
        The formula.
    value : callable
        Constants to the number that the formula is.
    """

    latex: str
    value: Callable[[Constants], float]


def _price(c: Constants) -> float:
    return float((2 + c["norm_excess"] - c["direction_defect"]) / (1 - c["direction_defect"]))


def _gap(c: Constants) -> float:
    return float(c["initial_gap"] / (c["n_steps"] * c["step_size"]))


def _curvature(c: Constants) -> float:
    return float(c["smoothness"] * c["step_size"] / 2)


def _drift(c: Constants) -> float:
    return float(2 * c["smoothness"] * c["step_size"] * (1 - c["theta"]) / c["theta"])


def _noise(c: Constants) -> float:
    return float(2 * c["constant"] * c["sigma"])


FORMULAS: dict[str, dict[str, tuple[TermFormula, ...]]] = {
    "T5": {
        "initial_gap": (
            TermFormula(r"\frac{\Delta}{K\eta}", _gap),
            TermFormula(r"\frac{\Delta}{(1-\delta)K\eta}", lambda c: _gap(c) / (1 - c["direction_defect"])),
        ),
        "curvature": (
            TermFormula(r"\frac{L\eta}{2}", _curvature),
            TermFormula(
                r"\frac{(1+\omega)^2L\eta}{2(1-\delta)}",
                lambda c: (1 + c["norm_excess"]) ** 2 * _curvature(c) / (1 - c["direction_defect"]),
            ),
        ),
        "drift": (
            TermFormula(r"\frac{2L\eta(1-\theta)}{\theta}", _drift),
            TermFormula(
                r"\frac{(2+\omega-\delta)(1+\omega)L\eta(1-\theta)}{(1-\delta)\theta}",
                lambda c: _price(c) * (1 + c["norm_excess"]) * _drift(c) / 2,
            ),
        ),
        "noise": (
            TermFormula(r"2c\sigma", _noise),
            TermFormula(
                r"2c\sigma\kappa_\theta", lambda c: _noise(c) * stationary_weight(c["theta"], c["moment_order"])
            ),
            TermFormula(
                r"\frac{2+\omega-\delta}{1-\delta}c\sigma\kappa_\theta",
                lambda c: _price(c) * _noise(c) / 2 * stationary_weight(c["theta"], c["moment_order"]),
            ),
        ),
        "burn_in": (
            TermFormula("0", lambda c: 0.0),
            TermFormula(r"\frac{2c\sigma}{\theta K}", lambda c: _noise(c) / (c["theta"] * c["n_steps"])),
            TermFormula(
                r"\frac{(2+\omega-\delta)c\sigma}{(1-\delta)\theta K}",
                lambda c: _price(c) * _noise(c) / 2 / (c["theta"] * c["n_steps"]),
            ),
        ),
    },
}
"""Id of a statement to the ways of writing each of its terms, the simplest first."""


def formula(bound: BoundValue) -> str:
    """Return the inequality in LaTeX: each term by its formula, or by its name, over its number.

    A formula is shown only where it gives the number of the term; otherwise the term is shown by its name.

    Parameters
    ----------
    bound : BoundValue
        An applicable one.

    Returns
    -------
    str
        LaTeX, without dollars.
    """
    ways = FORMULAS.get(bound.statement, {})
    parts = [_term(name, term, ways.get(name, ()), bound.constants) for name, term in bound.terms.items()]
    relation = r"\le" if bound.sense == "upper" else r"\ge"
    left = STATISTICS.get(bound.statistic, _text(bound.statistic))
    return rf"{left} {relation} {' + '.join(parts)} = {_number(bound.value)}"


def _term(name: str, term: float, ways: tuple[TermFormula, ...], constants: Constants) -> str:
    words = _text(name)
    for way in ways:
        try:
            is_same = math.isclose(way.value(constants), term, rel_tol=_SAME, abs_tol=0.0)
        except KeyError:  # this bound does not know one of the constants
            continue
        if is_same:
            words = way.latex
            break
    return rf"\underbrace{{{words}}}_{{{_number(term)}}}"


def shown(bound: BoundValue) -> str:
    """Return a bound as Markdown: its formula with its numbers, the constants, and what was assumed."""
    head = f"**{bound.statement}** · {bound.sense} bound, {bound.review}"
    if not bound.is_applicable:
        return f"**{bound.statement}** · does not apply: {bound.reason}"
    values = [
        f"${SYMBOLS[name]} = {_number(value)}$"
        for name, value in bound.constants.items()
        if name in SYMBOLS and not (name in _LEFT_OUT_AT_ZERO and value == 0)
    ]
    parts = [head, f"$$\n{formula(bound)}\n$$"]
    parts.append(f"At {', '.join(values)}. " if values else "")
    if len(bound.terms) > 1 and bound.dominant is not None:
        parts[-1] += f"The largest term is *{bound.dominant.replace('_', ' ')}*. "
    if bound.hypotheses:
        parts[-1] += f"Assumes: {', '.join(bound.hypotheses)}."
    return "\n\n".join(part.strip() for part in parts if part)


def _number(value: Any) -> str:
    if value is None or not math.isfinite(value):
        return r"\infty" if value is not None and value > 0 else r"\text{none}"
    digits, _, power = f"{value:.4g}".partition("e")
    return rf"{digits} \cdot 10^{{{int(power)}}}" if power else digits


def _text(name: str) -> str:
    return rf"\text{{{name.replace('_', ' ')}}}"
