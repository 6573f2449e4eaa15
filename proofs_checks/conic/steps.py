"""Programs of performance estimation: plain and normalised gradient steps, and one step from a wrong direction.

Everything is at p = 2 and in units in which L = 1; for steps of fixed length also that length is 1, so that a gradient
is measured in Lη and a value in Lη². A function with these values and gradients at the points exists exactly when for
each pair ``f_i ≥ f_j + ½<g_i + g_j, x_i - x_j> + ¼‖g_i - g_j‖² - ¼‖x_i - x_j‖²`` (Taylor, Hendrickx and Glineur 2017).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from schattor_theory.checks import check_choice, check_integer, fail
from schattor_theory.errors import ParameterError

from .estimation import Point, Program, Row
from .exact import Matrix

__all__ = ["BUDGETS", "chain_budget", "chain_length", "interpolation", "normalised_steps", "one_step", "plain_steps"]

BUDGETS = ("gap", "drop")
"""What is at most 1, or as small as possible: f_0 - inf f, or f_0 - f_N."""

Vector = Sequence[Fraction]

_ZERO, _ONE, _HALF, _QUARTER = Fraction(0), Fraction(1), Fraction(1, 2), Fraction(1, 4)


def interpolation(i: tuple[Vector, Vector], j: tuple[Vector, Vector]) -> Matrix:
    """Return S with ``f_j - f_i + <S, G> ≤ 0``, for points and gradients that are combinations of the basis of G."""
    (x, g), (y, h) = i, j
    dx, total, dg = ([a - b for a, b in zip(x, y, strict=True)], [a + b for a, b in zip(g, h, strict=True)],
                     [a - b for a, b in zip(g, h, strict=True)])  # fmt: skip
    size = range(len(x))
    return [
        [_QUARTER * (total[r] * dx[c] + dx[r] * total[c] + dg[r] * dg[c] - dx[r] * dx[c]) for c in size] for r in size
    ]


def plain_steps(n_steps: int, budget: str = "gap", measure: str = "smallest") -> Program:
    """Return the program of ``X_{k+1} = X_k - ∇f(X_k)/L``: the largest smallest or mean ``‖∇f(X_k)‖²``, k = 0 … N.

    In the unit LΔ of the budget. It is 4/(3N + 2) for the smallest with budget "gap", 4/(3N) with "drop", and
    2/(N + 1) for the mean with "gap".

    Parameters
    ----------
    n_steps : int
        N >= 1: N + 1 gradients.
    budget : {"gap", "drop"}
        Whether ``f_0 - inf f`` or ``f_0 - f_N`` is at most 1.
    measure : {"smallest", "mean"}
        What is maximised.

    Raises
    ------
    ParameterError, UnknownNameError
        For an argument outside its range.
    """
    call = "plain_steps"
    n = check_integer(call, "n_steps", n_steps, minimum=1)
    check_choice(call, "budget", budget, BUDGETS)
    check_choice(call, "measure", measure, ("smallest", "mean"))
    points, position = [], [_ZERO] * (n + 1)
    for k in range(n + 1):
        points.append((list(position), _unit(n + 1, k)))
        position[k] -= 1
    rows = _pairs(points, n + 2)
    if measure == "smallest":
        rows += [_row(f"smallest ≤ ‖g_{k}‖²", n + 2, {n + 1: _ONE}, _diagonal(n + 1, {k: -_ONE})) for k in range(n + 1)]
    if budget == "gap":
        rows += [_row(f"inf f at {k}", n + 2, {k: -_ONE}, _diagonal(n + 1, {k: _HALF})) for k in range(n + 1)]
        rows.append(_row("budget", n + 2, {0: _ONE}, _diagonal(n + 1, {}), _ONE))
    else:
        rows.append(_row("budget", n + 2, {0: _ONE, n: -_ONE}, _diagonal(n + 1, {}), _ONE))
    is_mean = measure == "mean"
    share = dict.fromkeys(range(n + 1), Fraction(1, n + 1)) if is_mean else {}
    # linear functions: every pair has the room ¼‖x_i - x_j‖²
    s = Fraction(1, 2 * (n + 1))
    interior = [*((n - k + Fraction(3, 4)) * s for k in range(n + 1)), s / 2]
    return Program(
        name=f"plain steps, N = {n}, budget {budget}, {measure}",
        rows=tuple(rows),
        values=tuple(_vector(n + 2, {} if is_mean else {n + 1: _ONE})),
        gram=_diagonal(n + 1, share),
        # ½‖g_k‖² + ¼‖g_{k+1}‖² ≤ f_k - f_{k+1}, summed; with "gap" the last value is left over for ½‖g_N‖²
        trace=Fraction(4),
        interior=(interior, [[s] * (n + 1) for _ in range(n + 1)]),
        witness=_plain_witness(n, budget, is_mean=is_mean),
    )


def _plain_witness(n: int, budget: str, *, is_mean: bool) -> Point:
    if is_mean:  # a parabola: one step reaches its bottom
        return _vector(n + 2, {0: _ONE}), _diagonal(n + 1, {0: Fraction(2)})
    # equal slopes, falling and rising by half in between
    s = Fraction(4, 3 * n + 2) if budget == "gap" else Fraction(4, 3 * n)
    values = [(Fraction(3, 4) * (n - k) + _HALF) * s for k in range(n + 1)]
    return [*values, s], [[s] * (n + 1) for _ in range(n + 1)]


def normalised_steps(n_steps: int, length: Fraction, budget: str = "gap") -> Program:
    """Return the program of ``X_{k+1} = X_k - η∇f(X_k)/‖∇f(X_k)‖`` with all gradients of one length t, in units of Lη.

    It maximises *minus* the budget: ``f_0 - inf f``, or ``f_0 - f_N``, in units of Lη².

    Parameters
    ----------
    n_steps : int
        N >= 1: N + 1 gradients.
    length : Fraction
        t > 0.
    budget : {"gap", "drop"}
        What is as small as possible.

    Raises
    ------
    ParameterError, UnknownNameError
        For an argument outside its range.
    """
    call = "normalised_steps"
    n = check_integer(call, "n_steps", n_steps, minimum=1)
    check_choice(call, "budget", budget, BUDGETS)
    t = Fraction(length)
    if t <= 0:
        fail(ParameterError, call, "length", "be positive", length)
    points, position = [], [_ZERO] * (n + 1)
    for k in range(n + 1):
        points.append((list(position), [t * x for x in _unit(n + 1, k)]))
        position[k] -= 1
    rows = _pairs(points, n + 1)
    rows += [
        Row(name=f"‖d_{k}‖ = 1", values=tuple(_vector(n + 1, {})), gram=_diagonal(n + 1, {k: _ONE}), bound=_ONE,
            is_equality=True)
        for k in range(n + 1)
    ]  # fmt: skip
    if budget == "gap":
        rows += [_row(f"inf f at {k}", n + 1, {k: -_ONE}, _diagonal(n + 1, {}), -t * t / 2) for k in range(n + 1)]
    # linear functions again, above the least that inf f allows
    interior = [(n - k) * t + t * t / 2 + 1 for k in range(n + 1)]
    return Program(
        name=f"normalised steps, N = {n}, t = {t}, budget {budget}",
        rows=tuple(rows),
        values=tuple(_vector(n + 1, {0: -_ONE} if budget == "gap" else {0: -_ONE, n: _ONE})),
        gram=_diagonal(n + 1, {}),
        trace=Fraction(n + 1),
        interior=(interior, [[_ONE] * (n + 1) for _ in range(n + 1)]),
        witness=_normalised_witness(n, t),
    )


def _normalised_witness(n: int, t: Fraction) -> Point | None:
    if t < 1:
        return None
    values = [(t - _QUARTER) * (n - k) + t * t / 2 for k in range(n + 1)]
    return values, [[_ONE] * (n + 1) for _ in range(n + 1)]


def chain_budget(n_steps: int, length: Fraction, budget: str = "gap") -> Fraction:
    """Return the least budget with which all of N + 1 gradients have length at least t ≥ ½, in units of Lη².

    ``N(t - ¼)`` for t ≥ 1 and ``N(t - 1/(4t))`` for ½ ≤ t ≤ 1, plus ``t²/2`` for "gap".

    Examples
    --------
    >>> chain_budget(2, Fraction(1)), chain_budget(2, Fraction(1), "drop")
    (Fraction(2, 1), Fraction(3, 2))
    """
    t = Fraction(length)
    if t < _HALF:
        fail(ParameterError, "chain_budget", "length", "be at least 1/2", length, "Below it the lengths differ.")
    each = t - _QUARTER if t >= 1 else t - 1 / (4 * t)
    return n_steps * each + (t * t / 2 if budget == "gap" else 0)


def chain_length(n_steps: int, budget: float) -> float:
    """Return the t ≥ ½ of which :func:`chain_budget`, kind "gap", is a given number: the worst smallest ``‖g_k‖/(Lη)``.

    proof step: with budget B the smallest of N + 1 gradients is at most t, because the pairs (k, k+1) and (k+1, k)
    alone bound ``f_k - f_{k+1}`` by a function that grows with both lengths as long as they are at least ½.

    Examples
    --------
    >>> round(chain_length(2, 2.0), 12), round(chain_length(0, 0.5), 12)
    (1.0, 1.0)
    """
    n = n_steps
    if budget >= 3 * n / 4 + 0.5:  # t²/2 + N(t - ¼) = B
        return math.sqrt(n * n + 2 * budget + n / 2) - n
    low, high = 0.5, 1.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if n * (middle - 1 / (4 * middle)) + middle**2 / 2 <= budget else (low, middle)
    return low


def one_step(gradient: Fraction, error: Fraction, momentum: Fraction, length: Fraction = _ONE) -> Program:
    """Return the program of one step of length s along ``-M``, ``M = ∇f(X) + e``: the largest ``f(X⁺) - f(X)``, L = 1.

    It is ``s²/2 - s<∇f, M>/‖M‖``. The ball oracle has s = η, the regularised one s = η‖M‖.

    Parameters
    ----------
    gradient, error, momentum : Fraction
        ``‖∇f‖``, ``‖e‖`` and ``‖M‖ > 0``, sides of a triangle.
    length : Fraction
        s > 0.

    Raises
    ------
    ParameterError
        If there is no such triangle, or no step.
    """
    g, e, m = Fraction(gradient), Fraction(error), Fraction(momentum)
    if not (m > 0 and g >= 0 and e >= 0 and abs(g - e) <= m <= g + e):
        way_out = "The three lengths are the sides of a triangle."
        fail(ParameterError, "one_step", "momentum", "lie in [|‖∇f‖ - ‖e‖|, ‖∇f‖ + ‖e‖], above 0", momentum, way_out)
    s = Fraction(length)
    if s <= 0:
        fail(ParameterError, "one_step", "length", "be positive", length)
    product = (m * m - g * g - e * e) / 2
    # basis: ∇f(X), e, ∇f(X⁺)
    step = [-s / m, -s / m, _ZERO]
    rows = _pairs([([_ZERO] * 3, _unit(3, 0)), (step, _unit(3, 2))], 2)
    for name, entries, bound in (("‖∇f‖", {(0, 0): _ONE}, g * g), ("‖e‖", {(1, 1): _ONE}, e * e),
                                 ("<∇f, e>", {(0, 1): _HALF, (1, 0): _HALF}, product)):  # fmt: skip
        gram = [[entries.get((r, c), _ZERO) for c in range(3)] for r in range(3)]
        rows.append(Row(name=name, values=(_ZERO, _ZERO), gram=gram, bound=bound, is_equality=True))
    slope = (g * g + product) / m
    # a parabola of curvature 1: ∇f(X⁺) = ∇f(X) - sM/‖M‖
    after = (g * g - s * slope, product - s * (product + e * e) / m, g * g - 2 * s * slope + s * s)
    corner = [[g * g, product, after[0]], [product, e * e, after[1]], list(after)]
    return Program(
        name=f"one step, ‖∇f‖ = {g}, ‖e‖ = {e}, ‖M‖ = {m}",
        rows=(*rows, _row("f(X) = 0 or less", 2, {0: _ONE}, _diagonal(3, {})),
              _row("f(X) = 0 or more", 2, {0: -_ONE}, _diagonal(3, {}))),
        values=(_ZERO, _ONE),
        gram=_diagonal(3, {}),
        trace=g * g + e * e + (g + s) ** 2,
        witness=((_ZERO, s * s / 2 - s * slope), corner),
    )  # fmt: skip


def _pairs(points: Sequence[tuple[Vector, Vector]], size: int) -> list[Row]:
    every = range(len(points))
    return [
        Row(
            name=f"f_{i} above f_{j}",
            values=tuple(_vector(size, {j: _ONE, i: -_ONE})),
            gram=interpolation(points[i], points[j]),
        )
        for i in every
        for j in every
        if i != j
    ]


def _row(name: str, size: int, values: dict[int, Fraction], gram: Matrix, bound: Fraction = _ZERO) -> Row:
    return Row(name=name, values=tuple(_vector(size, values)), gram=gram, bound=bound)


def _vector(size: int, entries: dict[int, Fraction]) -> list[Fraction]:
    return [entries.get(i, _ZERO) for i in range(size)]


def _unit(size: int, index: int) -> list[Fraction]:
    return _vector(size, {index: _ONE})


def _diagonal(size: int, entries: dict[int, Fraction]) -> Matrix:
    return [[entries.get(i, _ZERO) if i == j else _ZERO for j in range(size)] for i in range(size)]
