"""The witnesses that come with the toolkit, each found again by one call."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

from ..rigorous.scalar_constant import scalar_constant
from .description import describe
from .pairs import read_exponent
from .search import search_one_step
from .trees import search_martingale
from .witness import Witness

__all__ = ["EXPONENTS", "beyond_two_witness", "martingale_witness", "matrix_witness", "scalar_witness"]

EXPONENTS = tuple(
    Fraction(q)
    for q in (
        "1.05",
        "1.1",
        "8/7",
        "1.2",
        "1.25",
        "1.3",
        "4/3",
        "1.4",
        "1.5",
        "1.6",
        "1.7",
        "1.75",
        "1.8",
        "1.9",
        "1.95",
    )
)
"""The exponents q of which the toolkit keeps witnesses."""

_SHAPES = (((2, 2), "real"), ((2, 2), "complex"), ((3, 3), "real"))
"""Where non-commuting pairs are searched; larger shapes gave no more than a per cent of the gap to C_q."""

_ITERATIONS = 200  # of each of the ever steeper penalties: more do not change the fifth digit of the gap


def scalar_witness(q: object, *, command: str = "") -> Witness:
    """Return the pair 1, -s with s the float nearest to the maximiser: C_q to about 30 digits."""
    exponent = read_exponent("scalar_witness", "q", q)
    s = float(scalar_constant(exponent, 30).maximiser.mid())
    a, b = np.array([[1.0]]), np.array([[-s]])
    return Witness.certify(
        kind="one-step", q=exponent, moment_order=exponent, field="real", a=a, b=b, command=command,
        description=describe(a, b),
    )  # fmt: skip


def matrix_witness(
    q: object, least_commutator: float, *, starts: int = 12, seed: object = 0, command: str = ""
) -> Witness:
    """Return the best pair found whose commutator size is at least ``least_commutator`` > 0."""
    if not least_commutator > 0:
        fail(ParameterError, "matrix_witness", "least_commutator", "be positive", least_commutator)
    results = [
        search_one_step(
            q, shape, field=field, starts=starts, seed=seed, least_commutator=least_commutator, iterations=_ITERATIONS
        )
        for shape, field in _SHAPES
    ]
    return max(results, key=lambda result: result.value).witness(command)


def martingale_witness(q: object, n_steps: int, *, starts: int = 12, seed: object = 0, command: str = "") -> Witness:
    """Return the best martingale of 2×2 matrices found."""
    return search_martingale(q, (2, 2), n_steps=n_steps, starts=starts, seed=seed).witness(command)


def beyond_two_witness(*, starts: int = 12, seed: object = 0, command: str = "") -> Witness:
    """Return a pair whose ratio at β = 3/2, q = 3 exceeds C_{3/2}: beyond q = 2 the scalar constant does not hold."""
    found = search_one_step(3, (2, 2), moment_order=Fraction(3, 2), starts=starts, seed=seed)
    u, s, vh = np.linalg.svd(found.a)
    # the maximiser is diagonal in the singular vectors of A
    a, b = np.diag(s), np.diag(np.diag(u.T @ found.b @ vh.T))
    return Witness.certify(
        kind="one-step", q=found.q, moment_order=found.moment_order, field="real", a=a, b=b, seed=seed,
        command=command, description=describe(a, b),
    )  # fmt: skip
