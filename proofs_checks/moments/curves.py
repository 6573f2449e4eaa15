"""T4f and T4g measured: averages of signs on coordinates against n, and the price of dimension where it is attained."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from schattor_theory.bounds import price_of_dimension
from schattor_theory.geometry import dual_exponent
from synthetic.estimates import Estimate
from synthetic.martingales import MARTINGALES, MatrixMartingale

from ..known import known
from .intervals import central_moment_ceiling, exact_law, finite_sample_interval, groups_for
from .stream import Functional, stream

__all__ = ["AveragePoint", "PricePoint", "average_curves", "price_points", "slope", "transition"]


@dataclass(frozen=True, slots=True)
class AveragePoint:
    """``(E‖S/n‖_q^q)^{1/q}`` of signs on coordinates of d×d matrices.

    Attributes
    ----------
    kind : {"fresh_coordinates", "iid_coordinates"}
        Each coordinate once, or uniformly random ones.
    p : str
        Exponent of the primal norm; q is its dual.
    dimension, n_steps : int
    exact : float or None
        From the law.
    measured : Estimate or None
        From draws.
    """

    kind: str
    p: str
    dimension: int
    n_steps: int
    exact: float | None
    measured: Estimate | None


def _averages(
    kind: str, exponents: Sequence[str], dimension: int, n_steps: int, trials: int, seed: int, level: float
) -> list[AveragePoint]:
    """Return the points of all exponents at one n; they see the same trials."""
    martingale = MARTINGALES[kind].build((dimension, dimension), n_steps)
    qs = [dual_exponent(p) for p in exponents]
    moments = [martingale.moment(q, q) for q in qs]
    exact = [None if m is None else m ** (1 / q) / n_steps for q, m in zip(qs, moments, strict=True)]
    if not trials:
        return [AveragePoint(kind, p, dimension, n_steps, e, None) for p, e in zip(exponents, exact, strict=True)]
    axes = {"curve": kind, "dimension": dimension, "n_steps": n_steps, "seed": seed}
    n_groups = groups_for((1 + level) / 2)
    functionals = [Functional(q, q) for q in qs]
    found = stream(martingale.factored_sums, functionals, axes=axes, trials=trials, n_groups=n_groups)
    points = []
    for p, q, value, statistics in zip(exponents, qs, exact, found, strict=True):
        central = central_moment_ceiling(martingale, q, q, group_size=max(1, trials // n_groups))
        ceiling = martingale.ceiling(q) ** q
        interval = finite_sample_interval(statistics, ceiling=ceiling, central=central, level=level)
        mean, low, high = (max(x, 0.0) ** (1 / q) / n_steps for x in (statistics.mean, interval.low, interval.high))
        measured = Estimate(mean, low, high, level, interval.n, interval.method)
        points.append(AveragePoint(kind, p, dimension, n_steps, value, measured))
    return points


def average_curves(
    kind: str,
    exponents: Sequence[str],
    *,
    dimension: int,
    steps: Sequence[int],
    trials: int = 0,
    seed: int = 0,
    level: float = 0.999,
) -> dict[str, list[AveragePoint]]:
    """Return p to the points of its curve; fresh coordinates stop at n = d, where they run out.

    The intervals of all curves hold together with probability ``level``; without trials nothing is measured.
    """
    chosen = [n for n in steps if kind != "fresh_coordinates" or n <= dimension]
    miss = (1 - level) / (len(chosen) * len(exponents))
    columns = [_averages(kind, exponents, dimension, n, trials, seed, 1 - miss) for n in chosen]
    return {p: [column[i] for column in columns] for i, p in enumerate(exponents)}


def slope(first: AveragePoint, last: AveragePoint) -> Estimate:
    """Return ``log(y_2/y_1)/log(n_2/n_1)``, with the interval that the intervals of the two points leave."""
    distance = math.log(last.n_steps / first.n_steps)
    ends = [point.measured or exact_law(float(point.exact or 0.0)) for point in (first, last)]

    def between(low: float, high: float) -> float:
        return math.log(high / low) / distance if low > 0 and high > 0 else math.copysign(math.inf, high - low)

    return Estimate(
        between(ends[0].value, ends[1].value),
        between(ends[0].high, ends[1].low),
        between(ends[0].low, ends[1].high),
        min(end.level for end in ends),
        min(end.n for end in ends),
        "ends of two intervals",
    )


def transition(points: Sequence[AveragePoint]) -> float | None:
    """Return the n at which the local exponent is halfway between ``-1/p`` and ``-1/2``, by exact values.

    Below it averaging does what signs on fresh coordinates allow, above it what independent entries allow. None at
    p = 2, where the two exponents agree, and where the curve does not get there.
    """
    p = math.inf if points[0].p == "inf" else float(points[0].p)
    if p == 2 or any(point.exact is None for point in points):
        return None
    halfway = -(1 / p + 0.5) / 2
    middles = []
    for a, b in itertools.pairwise(points):
        local = math.log(float(b.exact or 1) / float(a.exact or 1)) / math.log(b.n_steps / a.n_steps)
        middles.append((math.sqrt(a.n_steps * b.n_steps), local))
    for (n_1, y_1), (n_2, y_2) in itertools.pairwise(middles):
        if y_1 >= halfway > y_2:
            share = (y_1 - halfway) / (y_1 - y_2)
            return float(n_1 * (n_2 / n_1) ** share)
    return None


@dataclass(frozen=True, slots=True)
class PricePoint:
    """T4g at one rank: the moment of signs on r fresh coordinates, and of another martingale, over the unpriced sum.

    Attributes
    ----------
    q, moment_order : float
    rank : int
    price : float
        ``r^{1/q-1/β}``.
    attained : float
        ``(E‖S‖_q^β/Σ E‖Z_i‖_q^β)^{1/β}`` of signs on fresh coordinates, from the law.
    """

    q: float
    moment_order: float
    rank: int
    price: float
    attained: float


def price_points(q: float, moment_order: float, ranks: Sequence[int]) -> list[PricePoint]:
    """Return the price of dimension at each rank, and what signs on r fresh coordinates pay."""
    found = []
    for rank in ranks:
        martingale: MatrixMartingale = MARTINGALES["fresh_coordinates"].build((rank, rank), rank)
        moment = known(martingale.moment(q, moment_order), "E‖S‖_q^β")
        total = known(martingale.sum_of_moments(q, moment_order), "Σ E‖Z_i‖_q^β")
        price = price_of_dimension(q, moment_order, rank, conditionally_symmetric=True)
        found.append(PricePoint(q, moment_order, rank, price, (moment / total) ** (1 / moment_order)))
    return found
