"""Search for the worst pair of matrices in the one-step inequality, from many starts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from schattor_theory.checks import check_choice, check_integer, check_positive, fail
from schattor_theory.errors import ParameterError
from synthetic.seeds import Streams

from ..rigorous.balls import Decision, less, lower_float
from ..rigorous.scalar_constant import scalar_constant
from .climb import climb, polish
from .description import describe
from .objective import OneStep, commutator_size, commutator_squared
from .pairs import Pair, read_exponent
from .witness import Witness

__all__ = ["FIELDS", "TOLERANCE", "SearchResult", "search_one_step"]

Array = np.ndarray
Progress = Callable[[int, int, float], None]

FIELDS = ("real", "complex")
TOLERANCE = 1e-9
"""A search that stays further than this below the scalar constant is too weak to be reported."""

_KINDS = ("gaussian", "low rank", "aligned")
_POLISHED = 3
"""How many of the best local maxima get Newton steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The worst pair that a search found.

    Attributes
    ----------
    q, moment_order : Fraction
        Exponents of the norm and of its power.
    a, b : ndarray
        The pair, complex for the complex field.
    value : float
        The ratio in floating point: never a bound; :meth:`witness` gives one.
    scalar : float
        C at the moment order, rounded down: what the numbers alone reach.
    starts : int
        Starts that were climbed; fewer than asked when the time limit ended the search.
    reached : dict
        For each kind of start, how many came within the tolerance of the best value, and how many there were.
    description : dict
        Ranks, alignment of the singular vectors, size of the commutator.
    """

    q: Fraction
    moment_order: Fraction
    shape: tuple[int, int]
    field: str
    seed: object
    least_commutator: float
    a: Array
    b: Array
    value: float
    scalar: float
    starts: int
    reached: Mapping[str, tuple[int, int]]
    description: Mapping[str, Any]
    seconds: float

    @property
    def is_too_weak(self) -> bool:
        """Return whether the search did not even find the scalar optimum, which every size contains."""
        return not self.value >= self.scalar - TOLERANCE

    def witness(self, command: str = "") -> Witness:
        """Return the pair as a witness, with the lower bound that ball arithmetic certifies."""
        return Witness.certify(
            kind="one-step", q=self.q, moment_order=self.moment_order, field=self.field, a=self.a, b=self.b,
            seed=self.seed, command=command, least_commutator=self.least_commutator, description=self.description,
        )  # fmt: skip

    def beats_scalar(self) -> Decision:
        """Return whether the pair is above the scalar constant, in ball arithmetic: proved, refuted or undecided."""
        return less(scalar_constant(self.moment_order, 40).constant, self.witness().certified_lower())


def search_one_step(
    q: object,
    shape: tuple[int, int],
    *,
    field: str = "real",
    moment_order: object = None,
    starts: int = 12,
    seed: object = 0,
    least_commutator: float = 0.0,
    iterations: int = 2000,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> SearchResult:
    """Return the largest one-step ratio found over pairs of matrices of one shape.

    No start knows the scalar maximiser: Gaussian pairs, pairs of low rank, and noisy multiples B = -sA with s spread
    over two decades. Start k is a function of the seed and k alone, so more starts only add to fewer.

    Parameters
    ----------
    q : Fraction, str, int or float
        Exponent of the norm, > 1. A float is read as the decimal it prints as.
    shape : tuple of int
        Rows and columns.
    field : {"real", "complex"}
        Entries.
    moment_order : Fraction, str, int or float, optional
        β > 1 of ``‖·‖_q^β``; q if not given.
    starts : int
        At least 1.
    seed : int or str
        Seed of the streams.
    least_commutator : float
        In [0, 1): only pairs with at least this :func:`.commutator_size`; above 0 it keeps the scalar case out.
    iterations : int
        L-BFGS iterations of one start.
    time_limit : float, optional
        Seconds after which no further start is climbed; the first always is.
    progress : callable, optional
        Called with (starts done, starts, best value).

    Raises
    ------
    ParameterError
        For an argument outside its range.
    """
    call = "search_one_step"
    q_exact = read_exponent(call, "q", q)
    order = q_exact if moment_order is None else read_exponent(call, "moment_order", moment_order)
    m, n = (check_integer(call, "shape", d, minimum=1) for d in shape)
    check_choice(call, "field", field, FIELDS)
    check_integer(call, "starts", starts, minimum=1)
    if time_limit is not None:
        check_positive(call, "time_limit", time_limit)
    if not 0 <= least_commutator < 1:
        fail(ParameterError, call, "least_commutator", "lie in [0, 1)", least_commutator)
    pair = Pair(m, n, is_complex=field == "complex")
    ratio = OneStep(float(q_exact), float(order))
    begun = time.monotonic()
    found: list[tuple[float, Array, str]] = []
    for k in range(starts):
        if found and time_limit is not None and time.monotonic() - begun > time_limit:
            break
        rng = Streams(_axes(q_exact, order, shape, field, seed), k).generator("start")
        kind = _KINDS[k % len(_KINDS)]
        value, x = _climb_inside(ratio, pair, _start(rng, pair, kind), least_commutator, iterations)
        found.append((value, x, kind))
        if progress is not None:
            progress(k + 1, starts, max(v for v, _, _ in found))
    value, a, b = _best(ratio, pair, found, least_commutator)
    if not np.isfinite(value):
        way_out = "Take a smaller one, larger matrices or more starts."
        fail(ParameterError, call, "least_commutator", "be within reach of the search", least_commutator, way_out)
    reached = {
        kind: (sum(v >= value - TOLERANCE for v, _, c in found if c == kind), sum(c == kind for _, _, c in found))
        for kind in _KINDS
    }
    return SearchResult(
        q=q_exact, moment_order=order, shape=(m, n), field=field, seed=seed, a=a, b=b, value=value,
        least_commutator=float(least_commutator),
        scalar=lower_float(scalar_constant(order, 20).constant) if order <= 2 else float("nan"), starts=len(found),
        reached=reached, description=describe(a, b), seconds=time.monotonic() - begun,
    )  # fmt: skip


def _axes(q: Fraction, order: Fraction, shape: tuple[int, int], field: str, seed: object) -> dict[str, object]:
    return {"search": "one-step", "q": str(q), "moment_order": str(order), "shape": list(shape), "field": field,
            "seed": seed}  # fmt: skip


def _start(rng: np.random.Generator, pair: Pair, kind: str) -> Array:
    a, noise = pair.draw(rng), pair.draw(rng)
    size = 10 ** rng.uniform(-0.5, 2)
    if kind == "low rank":
        rank = int(rng.integers(1, pair.rank + 1))
        u, s, vh = np.linalg.svd(noise, full_matrices=False)
        noise = (u[:, :rank] * s[:rank]) @ vh[:rank]
    if kind == "aligned":
        noise = -a + 10 ** rng.uniform(-3, 0) * noise
    return pair.flat(a, size * noise)


def _climb_inside(
    ratio: OneStep, pair: Pair, start: Array, least_commutator: float, iterations: int
) -> tuple[float, Array]:
    """Climb the ratio; with a least commutator, the ratio minus ever steeper penalties, until the pair is inside."""
    if least_commutator == 0:
        return climb(_plain(ratio, pair), start, iterations=iterations)
    x = start
    aim = (least_commutator * (1 + 1e-6)) ** 2
    for weight in (1e1, 1e3, 1e5, 1e7):
        _, x = climb(_penalised(ratio, pair, aim, weight / aim**2), x, iterations=iterations)
    a, b = pair.matrices(x)
    return (ratio.value(a, b) if commutator_size(a, b) >= least_commutator else -np.inf), x


def _plain(ratio: OneStep, pair: Pair) -> Callable[[Array], tuple[float, Array]]:
    def function(x: Array) -> tuple[float, Array]:
        value, in_a, in_b = ratio.with_gradient(*pair.matrices(x))
        return value, pair.flat(in_a, in_b)

    return function


def _penalised(ratio: OneStep, pair: Pair, aim: float, weight: float) -> Callable[[Array], tuple[float, Array]]:
    def function(x: Array) -> tuple[float, Array]:
        a, b = pair.matrices(x)
        value, in_a, in_b = ratio.with_gradient(a, b)
        size, size_a, size_b = commutator_squared(a, b)
        lack = max(0.0, aim - size)
        gradient = pair.flat(in_a + 2 * weight * lack * size_a, in_b + 2 * weight * lack * size_b)
        return value - weight * lack**2, gradient

    return function


def _best(
    ratio: OneStep, pair: Pair, found: list[tuple[float, Array, str]], least_commutator: float
) -> tuple[float, Array, Array]:
    """Return the best value and pair, after Newton steps on the best few.

    B often is of low rank at the maximum, where the ratio has a kink: the Newton steps then move A and the factors of
    B, in which it is smooth.
    """
    candidates: list[tuple[float, Array, Array]] = []
    for value, x, _ in sorted(found, key=lambda item: -item[0])[:_POLISHED]:
        a, b = pair.matrices(x)
        scale = np.linalg.norm(a)
        a, b = a / scale, b / scale
        candidates.append((ratio.value(a, b) if np.isfinite(value) else -np.inf, a, b))
        if least_commutator > 0 or not np.isfinite(value):
            continue
        for rank in _ranks(b):
            factored = pair.factored(rank)
            _, y = polish(_factored_function(ratio, factored), factored.flat(a, b))
            a_there, b_there = factored.matrices(y)
            candidates.append((ratio.value(a_there, b_there), a_there, b_there))
    return max(candidates, key=lambda item: item[0] if np.isfinite(item[0]) else -np.inf)


def _ranks(b: Array) -> list[int]:
    """Return the ranks that B may have, each seen as a gap in its singular values."""
    s = np.linalg.svd(b, compute_uv=False)
    return sorted({len(s)} | {int(np.sum(s > tolerance * s[0])) for tolerance in (1e-2, 1e-4, 1e-6)})


def _factored_function(ratio: OneStep, factored: Any) -> Callable[[Array], tuple[float, Array]]:
    def function(y: Array) -> tuple[float, Array]:
        value, in_a, in_b = ratio.with_gradient(*factored.matrices(y))
        return value, factored.pull_back(y, in_a, in_b)

    return function
