"""Symbols of the derivations: their assumptions, their LaTeX, sample values; formulas as text and as LaTeX."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

__all__ = [
    "N_SAMPLES",
    "function",
    "index",
    "latex_of",
    "number",
    "sample",
    "symbol",
    "text_of",
    "vector",
    "vectors_in",
    "words",
]

N_SAMPLES = 3
"""How many joint values every symbol has, at which formulas are compared."""

_LATEX: dict[str, str] = {}
_TERMS: dict[str, str] = {}
_SAMPLES: dict[tuple[str, sp.Symbol], tuple[sp.Rational, ...]] = {}
_FIRST: dict[sp.Symbol, tuple[sp.Rational, ...]] = {}
"""Samples by the module that makes a symbol, and those of the first module for the others, which import it."""

_VECTORS: set[str] = set()

_GREEK = {
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon", "η": r"\eta", "θ": r"\theta",
    "κ": r"\kappa", "λ": r"\lambda", "μ": r"\mu", "ν": r"\nu", "σ": r"\sigma", "τ": r"\tau",
    "φ": r"\varphi", "ω": r"\omega", "Δ": r"\Delta", "∇": r"\nabla ", "‖": r"\Vert ", "⟨": r"\langle ",
    "⟩": r"\rangle ", "ℓ": r"\ell ", "𝒢": r"\mathcal G", "Σ": r"\Sigma", "ξ": r"\xi", "π": r"\pi", "∗": r"\ast",
    "⁺": "^+", "₊": "_+", "₀": "_0", "₁": "_1", "₂": "_2", "²": "^2", "ρ": r"\rho", "Λ": r"\Lambda", "≤": r"\le ",
    "≥": r"\ge ", "√": r"\sqrt", "→": r"\to ", "∞": r"\infty ", "̃": "", "̄": "", "ζ": r"\zeta", "ℒ": r"\mathcal L",
}  # fmt: skip


def symbol(name: str, latex: str | None = None, *, samples: Sequence[str] = (), **assumptions: bool) -> sp.Symbol:
    """Return the symbol ``name``; ``samples`` are values at which formulas that contain it are compared.

    Parameters
    ----------
    name : str
        As it is printed.
    latex : str, optional
        Made from the name if not given.
    samples : sequence of str
        ``N_SAMPLES`` rational numbers; made from the name if not given.
    **assumptions : bool
        Of sympy; positive where nothing is said.
    """
    made = sp.Symbol(name, **(assumptions or {"positive": True}))
    _LATEX[name] = latex or _as_latex(name)
    if samples:
        values = tuple(sp.Rational(value) for value in samples)
        # invariant: what a derivation compares does not depend on which others were carried out before
        if _SAMPLES.setdefault((_caller(), made), values) != values:
            fail(ParameterError, "symbol", "samples", f"be the same wherever {name!r} is made in a module", samples,
                 "Give the other symbol another name.")  # fmt: skip
        _FIRST.setdefault(made, values)
    return made


def _caller() -> str:
    """Return the name of the module that makes a symbol."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals["__name__"] == __name__:
        frame = frame.f_back
    return str(frame.f_globals["__name__"])


def index(name: str, samples: Sequence[str] = ("2", "3", "5")) -> sp.Symbol:
    """Return a symbol for an integer ≥ 0."""
    return symbol(name, samples=samples, integer=True, nonnegative=True)


def number(name: str, latex: str | None = None, samples: Sequence[str] = ()) -> sp.Symbol:
    """Return a symbol for a real number of any sign."""
    return symbol(name, latex, samples=samples, real=True)


def vector(name: str, latex: str | None = None) -> sp.Symbol:
    """Return a symbol for a matrix; sums of matrices with scalar factors are ordinary linear expressions."""
    _VECTORS.add(name)
    return symbol(name, latex, real=True)


def vectors_in(expression: sp.Expr) -> set[sp.Symbol]:
    """Return the matrices that occur in an expression."""
    return {one for one in expression.free_symbols if one.name in _VECTORS}


def function(name: str, latex: str | None = None) -> type[sp.Function]:
    """Return an unknown sequence or function with values ≥ 0; ``#`` stands for its argument in ``latex``."""
    _TERMS[name] = latex or f"{_as_latex(name)}_{{#}}"
    return sp.Function(name, nonnegative=True)


def words(text: str) -> sp.Symbol:
    """Return a symbol whose name is a few words, such as that of a function of the toolkit."""
    parts = (f"${_GREEK[c]}$" if c in _GREEK else rf"\{c}" if c in "_&%#{}$" else c for c in text)
    return symbol(text, rf"\text{{{''.join(parts)}}}", real=True)


def sample(one: sp.Symbol, which: int, module: str = "") -> sp.Rational:
    """Return value number ``which`` of a symbol in a module: its own, or one in (0, 1) that depends on its name."""
    own = _SAMPLES.get((module, one), _FIRST.get(one))
    if own is not None:
        return own[which % len(own)]
    seed = sum((i + 1) * ord(character) for i, character in enumerate(one.name)) + 131 * which
    if one.is_integer:
        return sp.Integer(2 + seed % 5)
    return sp.Rational(1 + seed % 89, 97)


_SPELLINGS = (
    (r"\*\*", "^"), (r"\*", "·"), (r"\bsqrt\b", "√"), (r"\boo\b", "∞"), (r"\bpi\b", "π"), (r"\bzeta\b", "ζ"),
)  # fmt: skip


class _Printer(StrPrinter):  # type: ignore[misc]  # sympy has no types
    """Formulas in one line: powers with ^, products with ·, roots with √."""

    def _print_Sum(self, expr: sp.Sum) -> str:  # noqa: N802
        summand, (name, low, high) = expr.function, expr.limits[0]
        return f"Σ_({self._print(name)}={self._print(low)}..{self._print(high)}) ({self._print(summand)})"

    def _print_Integral(self, expr: sp.Integral) -> str:  # noqa: N802
        inside, (name, low, high) = expr.function, expr.limits[0]
        return f"∫_{self._print(low)}^{self._print(high)} ({self._print(inside)}) d{self._print(name)}"

    def _print_Limit(self, expr: sp.Limit) -> str:  # noqa: N802
        inside, name, point, _ = expr.args
        return f"lim_({self._print(name)}→{self._print(point)}) ({self._print(inside)})"


def text_of(expression: sp.Expr) -> str:
    """Return a formula in one line of Unicode.

    Examples
    --------
    >>> text_of(sp.sqrt(symbol("η")) * 2 ** symbol("x"))
    '2^x·√(η)'
    """
    text = _Printer().doprint(_named(expression, text_of))
    for old, new in _SPELLINGS:
        text = re.sub(old, new, text)
    return text


def _named(expression: sp.Expr, write: Callable[[sp.Expr], str]) -> sp.Expr:
    """Return the expression with a symbol for each integral and limit: a printer would evaluate them to sort terms."""
    held = expression.atoms(sp.Integral, sp.Limit) - {expression}
    return expression.subs({node: sp.Symbol(write(node), positive=True) for node in held})


def latex_of(expression: sp.Expr) -> str:
    """Return a formula in LaTeX."""
    expression = _named(expression, latex_of)
    names = {one: _LATEX.get(one.name, one.name) for one in expression.atoms(sp.Symbol)}
    return _Latex({"symbol_names": names}).doprint(expression)


class _Latex(LatexPrinter):  # type: ignore[misc]  # sympy has no types
    """LaTeX in which a term of a sequence has its index where the name of the sequence says."""

    def _print_Function(self, expr: sp.Function, exp: str | None = None) -> str:  # noqa: N802
        pattern = _TERMS.get(type(expr).__name__)
        if pattern is None:
            return super()._print_Function(expr, exp)
        text = pattern.replace("#", self._print(expr.args[0]))
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def _as_latex(name: str) -> str:
    text = "".join(_GREEK.get(character, character) for character in name)
    return re.sub(r"_(\w{2,})", r"_{\1}", text)
