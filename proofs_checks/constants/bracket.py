"""Bracket: at one exponent the certified lower end, the best witness of non-commuting matrices, the proved upper."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb

from schattor_theory.bounds import best_constant_bound
from schattor_theory.checks import check_integer, fail
from schattor_theory.errors import ParameterError

from ..adversarial import Witness
from ..rigorous.balls import Decision, decimal_above, decimal_below, exact, less, power, precision
from ..rigorous.best_constant import proved_upper
from ..rigorous.scalar_constant import ScalarConstant, scalar_constant

__all__ = ["LEAST_COMMUTATOR", "MOST_DIGITS", "Bracket", "bracket_of", "read_exponents"]

MOST_DIGITS = 1000
LEAST_COMMUTATOR = 1e-4
"""A pair nearer to commuting, on a scale from 0 to 1, is the scalar case but for rounding: no matrix witness unless it
beats C_q."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """What is known of K_q at one q.

    Attributes
    ----------
    q : Fraction
        In [1, 2].
    digits : int
        Decimals that are printed; every one of them is certified.
    scalar : ScalarConstant
        C_q, the lower end, and where it is attained, as balls.
    upper, first_upper : arb
        The proved upper end of T4a*, and 2^{2-q}.
    proof : str
        Which part of T4a* proves the upper end.
    scalar_witness, matrix_witness : Witness or None
        The best witnesses there are with numbers, and with matrices that do not commute.
    """

    q: Fraction
    digits: int
    scalar: ScalarConstant
    upper: arb
    first_upper: arb
    proof: str
    scalar_witness: Witness | None = None
    matrix_witness: Witness | None = None

    @property
    def gap(self) -> float:
        """Return how much the upper end exceeds the lower one, relatively; 0 where they are one number."""
        return 0.0 if self.proof == "sharp" else max(0.0, float((self.upper / self.scalar.constant - 1).upper()))

    @property
    def first_gap(self) -> float:
        """Return how much 2^{2-q} exceeds the lower end, relatively."""
        return max(0.0, float((self.first_upper / self.scalar.constant - 1).upper()))

    @property
    def beats_scalar(self) -> Decision:
        """Return whether the matrix witness is above C_q: PROVED would refute the conjecture K_q = C_q."""
        return self._above(self.scalar.constant, self.matrix_witness)

    @property
    def exceeds_upper(self) -> Decision:
        """Return whether a witness is above the proved upper end: PROVED would refute T4a*."""
        found = {self._above(self.upper, witness) for witness in (self.scalar_witness, self.matrix_witness)}
        return Decision.PROVED if Decision.PROVED in found else Decision.REFUTED

    @staticmethod
    def _above(limit: arb, witness: Witness | None) -> Decision:
        return Decision.REFUTED if witness is None else less(limit, witness.certified_lower())

    def to_dict(self) -> dict[str, Any]:
        """Return the row of the table: decimals as text, each certified in the direction its name says."""
        with precision(_bits(self.digits)):
            row: dict[str, Any] = {
                "q": str(self.q),
                "scalar_low": decimal_below(self.scalar.constant, self.digits),
                "scalar_high": decimal_above(self.scalar.constant, self.digits),
                "maximiser_low": self._maximiser(decimal_below),
                "maximiser_high": self._maximiser(decimal_above),
                "upper": decimal_above(self.upper, self.digits),
                "proof": self.proof,
                "first_upper": decimal_above(self.first_upper, self.digits),
                "gap": self.gap,
                "first_gap": self.first_gap,
                "beats_scalar": self.beats_scalar is Decision.PROVED,
                "exceeds_upper": self.exceeds_upper is Decision.PROVED,
            }
            for name, witness in (("scalar", self.scalar_witness), ("matrix", self.matrix_witness)):
                row[f"{name}_witness"] = None if witness is None else self._words(witness)
        return row

    def _maximiser(self, decimal: Callable[[arb, int], str]) -> str | None:
        return decimal(self.scalar.maximiser, self.digits) if 1 < self.q < 2 else None

    def _words(self, witness: Witness) -> dict[str, Any]:
        return {
            "name": witness.name,
            "certified_lower": decimal_below(witness.certified_lower(), self.digits),
            "shape": list(witness.shape),
            "field": witness.field,
            "commutator": float(witness.commutator()),
            "command": witness.command,
        }


def _bits(digits: int) -> int:
    return 128 + 4 * digits


def bracket_of(q: Fraction, digits: int, witnesses: Iterable[Witness] = ()) -> Bracket:
    """Return the bracket at one exponent.

    Parameters
    ----------
    q : Fraction
        In [1, 2].
    digits : int
        Decimals to certify, from 1 to 1000.
    witnesses : iterable of Witness
        Those of other exponents and kinds are left out; of the others the highest of each sort is taken. A pair of
        matrices that commute, or nearly do and stay below C_q, is the scalar case and counts for neither.

    Raises
    ------
    ParameterError
        For an argument outside its range.
    """
    digits = check_integer("bracket_of", "digits", digits, minimum=1)
    if digits > MOST_DIGITS:
        fail(ParameterError, "bracket_of", "digits", f"be at most {MOST_DIGITS}", digits)
    there = [w for w in witnesses if w.kind == "one-step" and w.q == q and w.moment_order == q]
    with precision(_bits(digits)):
        scalar = scalar_constant(q, digits + 3)
        return Bracket(
            q=q,
            digits=digits,
            scalar=scalar,
            upper=proved_upper(q, digits + 3),
            first_upper=power(exact(2), 2 - q),
            proof=str(best_constant_bound(float(q)).dominant) if 1 < q < 2 else "sharp",
            scalar_witness=_best([w for w in there if w.is_scalar]),
            matrix_witness=_best([w for w in there if _counts(w, scalar.constant)]),
        )


def _counts(witness: Witness, scalar: arb) -> bool:
    if witness.is_scalar or witness.commutes:
        return False
    is_apart = less(exact(LEAST_COMMUTATOR), witness.commutator()) is Decision.PROVED
    return is_apart or less(scalar, witness.certified_lower()) is Decision.PROVED


def _best(witnesses: Sequence[Witness]) -> Witness | None:
    best: Witness | None = None
    for witness in witnesses:
        if best is None or less(best.certified_lower(), witness.certified_lower()) is Decision.PROVED:
            best = witness
    return best


def read_exponents(text: str) -> tuple[Fraction, ...]:
    """Return the exponents of a list such as ``1.5,4/3``, in rising order, each once.

    Raises
    ------
    ParameterError
        If one is not a number in [1, 2].

    Examples
    --------
    >>> read_exponents("1.5, 4/3")
    (Fraction(4, 3), Fraction(3, 2))
    """
    found = set()
    for part in text.split(","):
        try:
            q = Fraction(part.strip())
        except (ValueError, ZeroDivisionError):
            q = Fraction(0)
        if not 1 <= q <= 2:
            way_out = "Write decimals or fractions, separated by commas: 1.5,4/3."
            fail(ParameterError, "constants", "q", "hold numbers in [1, 2]", text, way_out)
        found.add(q)
    return tuple(sorted(found))
