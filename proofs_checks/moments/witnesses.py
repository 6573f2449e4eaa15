"""Named witnesses: the martingale that attains each bound, or how near the nearest known one comes and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from synthetic.martingales import MARTINGALES, MatrixMartingale

from ..evidence import Verdict
from .probe import Probed, Request, probe

__all__ = ["WITHIN", "WITNESSES", "BoundWitness", "NamedRatio", "witness_ratios"]

WITHIN = 0.01
"""A bound counts as attained from this relative distance."""


@dataclass(frozen=True, slots=True)
class BoundWitness:
    """A martingale that attains a bound, or comes nearest to it.

    Attributes
    ----------
    bound : str
        Name in ``BOUNDS``.
    words : str
        The martingale in words.
    q, moment_order : float
    martingale : callable
        Makes it.
    is_tight : bool
        Whether it attains the bound within ``WITHIN``.
    note : str
        Why not, where it does not.
    """

    bound: str
    words: str
    q: float
    moment_order: float
    martingale: Callable[[], MatrixMartingale]
    is_tight: bool = True
    note: str = ""


def _fresh(d: int) -> Callable[[], MatrixMartingale]:
    return lambda: MARTINGALES["fresh_coordinates"].build((d, d), d)


def _row(d: int, *, is_column: bool = False) -> Callable[[], MatrixMartingale]:
    series = np.zeros((d, d, d))
    i = np.arange(d)
    series[i, i, 0] = 1.0
    series = series if is_column else series.transpose(0, 2, 1)
    return lambda: MARTINGALES["rademacher_series"].build((d, d), d, series=series)


def _rows_and_columns(n: int, coefficients: str) -> Callable[[], MatrixMartingale]:
    return lambda: MARTINGALES["rows_and_columns"].build(None, n, coefficients=coefficients)


def _self_similar(exponent: float) -> Callable[[], MatrixMartingale]:
    # δ small and n δ large: the ratio is C_q up to a relative error of order δ^{q-1}, which is slow
    return lambda: MARTINGALES["self_similar"].build((1, 1), 100_000, exponent=exponent, growth=2e-4)


def _one_step() -> MatrixMartingale:
    return MARTINGALES["haar"].build((4, 4), 1, rng=None)


_SCALAR = "no martingale is known above C_q; approached by the self-similar one"

WITNESSES: tuple[BoundWitness, ...] = (
    BoundWitness("T4a-triangle", "signs on 8 fresh coordinates", 1.0, 1.0, _fresh(8)),
    BoundWitness("T4a-symmetric", "signs on 8 fresh coordinates", 1.5, 1.5, _fresh(8)),
    BoundWitness("T4a-first_term", "a single step", 1.5, 1.5, _one_step),
    BoundWitness("T4a-martingale", "any, at q = β = 2 (orthogonality)", 2.0, 2.0, _fresh(8)),
    BoundWitness("T4a-martingale", "self-similar, at q = β = 1.5", 1.5, 1.5, _self_similar(1.5), False, _SCALAR),
    BoundWitness("T4a-martingale", "self-similar, at q = β = 1.25", 1.25, 1.25, _self_similar(1.25), False, _SCALAR),
    BoundWitness("T4a-fallback", "self-similar, at q = β = 1.25", 1.25, 1.25, _self_similar(1.25), False, _SCALAR),
    BoundWitness("T4a*-best", "self-similar, at q = β = 1.75", 1.75, 1.75, _self_similar(1.75)),
    BoundWitness(
        "T4a*-best",
        "self-similar, at q = β = 4/3",
        4 / 3,
        4 / 3,
        _self_similar(4 / 3),
        False,
        "sharp there: the self-similar martingale approaches it, with an error of order δ^{q-1}",
    ),
    BoundWitness("T4b-left", "signs in one row of length 8", 1.0, 2.0, _row(8)),
    BoundWitness("T4b-right", "signs in one column of length 8", 1.0, 2.0, _row(8, is_column=True)),
    BoundWitness("T4c-given", "signs on 8 fresh coordinates, W = r^{-1/s} I", 1.0, 2.0, _fresh(8)),
    BoundWitness("T4c-best", "signs on 8 fresh coordinates, a = β = 1.5", 1.0, 1.5, _fresh(8)),
    BoundWitness("T4d-split", "16 complex normals beside 16", 1.0, 2.0, _rows_and_columns(32, "complex_gaussian")),
    BoundWitness("T4d-infimum", "4 signs in a row beside 4 in a column", 1.0, 2.0, _rows_and_columns(8, "rademacher")),
    BoundWitness("T4e", "any, at p = 2 (orthogonality)", 2.0, 2.0, _fresh(8)),
    BoundWitness("T4g", "signs on 8 fresh coordinates", 1.0, 2.0, _fresh(8)),
)
"""The witnesses, in the order of the bounds."""


@dataclass(frozen=True, slots=True)
class NamedRatio:
    """A witness and what came of probing it."""

    witness: BoundWitness
    probed: Probed

    @property
    def is_attained(self) -> bool:
        """Return whether the bound is attained within ``WITHIN``, by an exact law."""
        ratio = self.probed.ratio_low
        return self.probed.verdict is Verdict.HOLDS and ratio is not None and ratio >= 1 - WITHIN


def witness_ratios(witnesses: tuple[BoundWitness, ...] = WITNESSES) -> list[NamedRatio]:
    """Return the ratio of every witness."""
    found = []
    for witness in witnesses:
        request = Request(witness.bound, witness.q, witness.moment_order)
        axes = {"witness": witness.bound, "words": witness.words}
        found.append(NamedRatio(witness, probe(witness.martingale(), [request], trials=2_000, axes=axes)[0]))
    return found
