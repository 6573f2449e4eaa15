"""The sharp scalar constant C_q enclosed: an isolated root, and a proof that it is the global maximum.

``C_q = sup g`` over s ≠ 0 of ``g(s) = (|1-s|^q - 1 + qs)/|s|^q``, 1 < q < 2: the one-step inequality for the numbers
A = 1, B = -s. Proof that the one root of ``φ(u) = u^{q-1} + (2-q) - (q-1)u`` in u > 0 gives the maximum, at s = 1 + u:

- s > 1: ``g'(s) s^{q+1}/q = φ(s-1)``. φ is concave with φ(0) = 2-q > 0 and φ → -∞, so it has one root u*, is positive
  before it and negative after it: g rises up to 1 + u* and falls from there, towards the limit 1.
- 0 < s ≤ 1: ``g'(s) s^{q+1}/q = 1 - (q-1)s - (1-s)^{q-1} ≥ 0`` (Bernoulli), so g rises.
- s < 0: with t = -s, ``(1+t)^q ≤ 1 + qt + t^q`` (compare derivatives: ``(1+t)^{q-1} ≤ 1 + t^{q-1}``), so g ≤ 1.
- At the root ``u^{q-1} = (q-1)u - (2-q)``, so the numerator is ``(q-1)(1+u)²`` and ``C_q = (q-1)(1+u)^{2-q}``.

What is left to the computer is the enclosure of u*, by an interval Newton step that maps a ball into its interior.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from flint import arb, ctx

from schattor_theory.checks import check_integer, fail
from schattor_theory.errors import ParameterError

from .balls import Exact, absolute, exact, power, precision, width

__all__ = ["ScalarConstant", "scalar_constant", "scalar_ratio"]

_MOST_BITS = 1 << 16


class ScalarConstant(NamedTuple):
    """C_q and where it is attained.

    Attributes
    ----------
    constant : arb
        Ball around C_q.
    maximiser : arb
        Ball around the s > 0 with ``g(s) = C_q``; 1/s is the x of ``(1-x)^q - x^q + qx^{q-1}``.
    """

    constant: arb
    maximiser: arb


def scalar_ratio(s: arb, q: Exact) -> arb:
    """Return a ball around ``(|1-s|^q - 1 + qs)/|s|^q``."""
    return (power(absolute(1 - s), q) - 1 + exact(q) * s) / power(absolute(s), q)


def scalar_constant(q: Exact, digits: int = 15) -> ScalarConstant:
    """Return C_q and its maximiser, each in a ball of relative width below ``10^-digits``.

    Parameters
    ----------
    q : Fraction, str or int
        In [1, 2]. A float stands for its binary value: write ``"1.1"`` for eleven tenths. At q = 1 the constant 2 is
        the limit s → ∞ and at q = 2 every s gives 1; the maximiser is then ∞ and the whole line.
    digits : int
        At least 1.

    Raises
    ------
    ParameterError
        If q is outside [1, 2], or so close to an end that 65,536 bits do not separate it.

    Examples
    --------
    >>> found = scalar_constant("4/3", 30)
    >>> (found.constant**3).overlaps(exact(3)), found.maximiser.overlaps(exact(9))
    (True, True)
    """
    digits = check_integer("scalar_constant", "digits", digits, minimum=1)
    exact(q)  # refuses what is not one finite number
    number = Fraction(q.strip() if isinstance(q, str) else q)
    if number == 1:
        return ScalarConstant(arb(2), arb.pos_inf())
    if number == 2:
        return ScalarConstant(arb(1), arb(0, arb.pos_inf()))
    if not 1 < number < 2:
        fail(ParameterError, "scalar_constant", "q", "lie in [1, 2]", q)
    bits = 64 + int(3.33 * digits)
    while bits <= _MOST_BITS:
        with precision(bits):
            found = _enclose(exact(q))
            if found and all(width(ball) < absolute(ball).lower() * exact(Fraction(1, 10**digits)) for ball in found):
                return found
        bits *= 2
    fail(ParameterError, "scalar_constant", "q", f"be separated from 1 and 2 by {_MOST_BITS} bits", q)


def _enclose(q: arb) -> ScalarConstant | None:
    """Return the balls that the present precision gives, or None if it does not isolate the root."""
    centre = _approximate_root(q)
    radius = (centre * arb(2) ** -(ctx.prec // 2)).upper()
    for _ in range(4):
        ball = centre + arb(0, radius)
        step = centre - _residual(centre, q) / _slope(ball, q)
        if step.is_finite() and ball.contains_interior(step):
            # interval Newton: φ has exactly one root in the ball, and it lies in the step
            for _ in range(3):
                middle = step.mid()
                step = step.intersection(middle - _residual(middle, q) / _slope(step, q))
            maximiser = 1 + step
            return ScalarConstant((q - 1) * power(maximiser, 2 - q), maximiser)
        radius = radius * 1024
    return None


def _residual(u: arb, q: arb) -> arb:
    return power(u, q - 1) + (2 - q) - (q - 1) * u


def _slope(u: arb, q: arb) -> arb:
    return (q - 1) * (power(u, q - 2) - 1)


def _approximate_root(q: arb) -> arb:
    """Return a midpoint near the root: Newton's iteration from the right, where φ is concave and falls."""
    u = (4 / (q - 1)).mid()
    for _ in range(ctx.prec):
        if not _residual(u, q) > 0:
            break
        u = (2 * u).mid()
    for _ in range(ctx.prec):
        step = (_residual(u, q) / _slope(u, q)).mid()
        u = (u - step).mid()
        if not step.is_finite() or abs(step) <= u * arb(2) ** (8 - ctx.prec):
            break
    return u
