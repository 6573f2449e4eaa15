"""T4c and T4g beyond samples: the most favourable weight, and the price of dimension put together from its parts."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import minimize

from schattor_theory.bounds import martingale, moments
from schattor_theory.geometry import schatten
from synthetic.martingales import MARTINGALES, MatrixMartingale

from ..known import bound_value, known
from .check import Check, Context, Finding
from .tally import Tally, rounding

__all__ = ["CHECKS"]


def _martingales(context: Context) -> dict[str, MatrixMartingale]:
    rng = context.rng(inputs="martingales")
    terms = rng.standard_normal((6, 3, 3)) * np.array([1.0, 0.5, 0.1])[:, None]
    return {
        "signs of given matrices": MARTINGALES["rademacher_series"].build((3, 3), 6, series=terms),
        "signs on coordinates": MARTINGALES["iid_coordinates"].build((3, 3), 4),
        "asymmetric": MARTINGALES["two_point"].build((3, 3), 5, rng=rng),
        "fresh coordinates": MARTINGALES["fresh_coordinates"].build((3, 3), 3),
    }


def _moments_of_steps(m: MatrixMartingale, q: float, order: float, *, weight: np.ndarray | None = None) -> float:
    return known(m.sum_of_moments(q, order, weight=weight), "Σ E‖Z_i‖_q^β")


def _best_diagonal_weight(m: MatrixMartingale, q: float, order: float, inner: float) -> float:
    """Return the least value of T4c over diagonal weights, by Nelder and Mead from the identity."""

    def value(logs: np.ndarray) -> float:
        weight = np.diag(np.exp(logs - logs.mean()))
        total = _moments_of_steps(m, inner, order, weight=weight)
        bound = moments.weighted_bound(
            weight, total, q=q, inner_exponent=inner, moment_order=order,
            conditionally_symmetric=m.conditionally_symmetric,
        )  # fmt: skip
        return math.log(bound_value(bound))

    found = minimize(value, np.zeros(m.shape[0]), method="Nelder-Mead", options={"maxiter": 200, "xatol": 1e-6})
    return math.exp(float(found.fun))


def _no_weight_breaks_the_bound(context: Context) -> Finding:
    """T4c with the diagonal weight that makes its right side least, on enumerated laws; fresh coordinates attain it."""
    tally = Tally(context)
    for name, m in _martingales(context).items():
        for q, order in ((1.0, 2.0), (1.0, 1.5), (1.5, 1.5)):
            inner = max(q, order)
            least, exact = _best_diagonal_weight(m, q, order, inner), known(m.moment(q, order), "E‖S‖_q^β")
            witness = {"martingale": name, "q": q, "moment_order": order}
            slack = rounding(*m.shape, operations=64) * least
            tally.at_most(exact, least, slack=slack, witness=witness)
            if name == "fresh coordinates":
                tally.at_most(least, exact, slack=1e-6 * exact, witness=witness | {"claim": "attained"})
    return tally.finding("No diagonal weight breaks T4c; fresh coordinates attain it.")


def _price_is_that_of_its_parts(context: Context) -> Finding:
    """T4g step by step on enumerated laws: ``‖S‖_q ≤ r^{1/q-1/β}‖S‖_β``, T4a at q = β, ``‖Z‖_β ≤ ‖Z‖_q``."""
    tally = Tally(context)
    for name, m in _martingales(context).items():
        rank = min(m.shape)
        law = known(m.outcomes(), "law of S")
        for q, order in ((1.0, 2.0), (1.0, 1.5), (1.25, 1.5), (1.5, 1.5)):
            witness = {"martingale": name, "q": q, "moment_order": order}
            factor = float(rank) ** (1 / q - 1 / order)
            outer, inner = (np.asarray(schatten.schatten_norm(law[1], e)) for e in (q, order))
            slack = rounding(*m.shape, operations=64) * (float(outer.max()) + 1)
            tally.at_most(outer, factor * inner, slack=slack, witness=witness | {"step": "norms of S"})
            constant = 1.0 if m.conditionally_symmetric else martingale.martingale_constant(order)
            middle = constant * _moments_of_steps(m, order, order)
            tally.at_most(
                float(law[0] @ inner**order), middle, slack=slack * middle, witness=witness | {"step": "T4a at β"}
            )
            last = _moments_of_steps(m, q, order)
            shorter = _moments_of_steps(m, order, order)
            tally.at_most(shorter, last, slack=slack * last, witness=witness | {"step": "norms"})
            bound = moments.price_bound(
                last, q=q, moment_order=order, rank=rank, conditionally_symmetric=m.conditionally_symmetric
            )
            together = factor**order * constant * last
            tally.equal(bound.value, together, slack=1e-12 * together, witness=witness | {"step": "together"})
    return tally.finding("The price of dimension is the product of its parts, each of which holds.")


CHECKS = (
    Check(
        statement="T4c",
        name="no_weight_breaks_the_weighted_bound",
        kind="adversarial",
        function=_no_weight_breaks_the_bound,
    ),
    Check(
        statement="T4g",
        name="price_of_dimension_is_the_product_of_its_parts",
        kind="derivation",
        function=_price_is_that_of_its_parts,
    ),
)
