"""T4d: rows and columns. Moments by enumeration or in closed form; the infimum by a convex program and its dual."""

from __future__ import annotations

import math

import numpy as np

from schattor_theory.bounds import martingale
from schattor_theory.geometry import schatten

from ..conic import examples, rows_columns
from ..conic.solved import GAP
from .check import Check, Context, Finding
from .inputs import p_label
from .tally import Tally, rounding

__all__ = ["CHECKS", "GAUSSIAN_FACTOR", "SIGN_FACTOR"]

# source: Haagerup and Musat, Journal of Functional Analysis 250 (2007)
SIGN_FACTOR = math.sqrt(3)
GAUSSIAN_FACTOR = math.sqrt(2)

_EXPONENTS = (1.0, 4 / 3, 1.5, 2.0)
_ROUNDS = 200  # iterations of the reweighting: enough for a splitting, where nothing hangs on the best one


def _series(context: Context) -> dict[str, np.ndarray]:
    rng = context.rng(inputs="series")
    unit = np.eye(4)
    return {
        "rows and columns": examples.rows_and_columns(3),
        "row": unit[:, None, :],
        "column": unit[:, :, None],
        "fresh coordinates": np.stack([np.outer(e, e) for e in unit]),
        "random": rng.standard_normal((6, 3, 4)),
        "rank one": np.einsum("ni,nj->nij", rng.standard_normal((6, 3)), rng.standard_normal((6, 3))),
        "equal numbers": np.ones((2, 1, 1)),
    }


def _bound_holds(context: Context) -> Finding:
    """``(E‖S‖_q²)^{1/2}`` by enumeration of the signs, against random splittings and the best one found."""
    tally = Tally(context)
    rng = context.rng(inputs="splittings")
    for kind, series in _series(context).items():
        for q in _EXPONENTS:
            found = math.sqrt(examples.rademacher_moment(series, q, 2))
            slack = rounding(*series.shape, operations=64) * found
            best = rows_columns.rows_columns_infimum(series, q, n_iterations=_ROUNDS)
            shares = rng.uniform(-0.2, 1.2, (4, len(series), 1, 1))
            splittings = [best.rows, *(shares * series), rng.standard_normal(series.shape)]
            for label, rows in zip(("best", "shares", "shares", "shares", "shares", "any"), splittings, strict=True):
                cost = rows_columns.splitting_cost(rows, series - rows, q)
                witness = {"series": kind, "q": p_label(q), "splitting": label}
                tally.at_most(found, cost, slack=slack, witness=witness)
    return tally.finding("Row and column parts of a splitting bound the second moment.")


def _bound_is_attained(context: Context) -> Finding:
    """Signs: a row attains its bound at every q, rows beside columns attain theirs at q = 1."""
    tally = Tally(context)
    row = np.eye(4)[:, None, :]
    cases = [("row", row, q, 1.0) for q in _EXPONENTS] + [("rows and columns", examples.rows_and_columns(4), 1.0, 2.0)]
    for kind, series, q, size in cases:
        found = math.sqrt(examples.rademacher_moment(series, q, 2))
        best = rows_columns.rows_columns_infimum(series, q)
        closed = size * math.sqrt(4)
        witness = {"series": kind, "q": p_label(q), "method": best.method}
        tally.equal(found, closed, slack=rounding(5, operations=64) * closed, witness=witness)
        tally.equal(best.upper, closed, slack=GAP * closed, witness=witness)
    return tally.finding("Signs on a row, and rows beside columns at q = 1, attain the bound.")


def _infimum_has_its_closed_form(context: Context) -> Finding:
    """The two ends of the program enclose the closed form of rows beside columns, and meet."""
    tally = Tally(context)
    for n, q, method in ((1, 1.0, "program"), (4, 1.0, "program"), (4, 4 / 3, "program"), (3, 8 / 5, "program"),
                         (3, 1.2, "reweighting"), (16, 1.0, "reweighting"), (3, 2.0, "reweighting")):  # fmt: skip
        found = rows_columns.rows_columns_infimum(examples.rows_and_columns(n), q, method=method)
        closed = examples.rows_and_columns_infimum(n, q)
        witness = {"n": n, "q": p_label(q), **found.to_dict()}
        # the scalar minimisation behind the closed form at 1 < q < 2 is as good as its own stopping rule
        slack = 1e-9 * closed
        tally.at_most(found.lower, closed, slack=slack, witness=witness)
        tally.at_most(closed, found.upper, slack=slack, witness=witness)
        tally.at_most(found.upper - found.lower, GAP * closed, witness=witness)
    return tally.finding("The infimum lies between the primal and the dual end, recomputed from singular values.")


def _within_root_three(context: Context) -> Finding:
    """``inf ≤ √3 E‖Σ ε_iC_i‖_1`` by enumeration: the upper end, a splitting that exists, obeys it."""
    tally = Tally(context)
    for kind, series in _series(context).items():
        found = examples.rademacher_moment(series, 1, 1)
        best = rows_columns.rows_columns_infimum(series, 1)
        witness = {"series": kind, **best.to_dict()}
        tally.at_most(best.upper, SIGN_FACTOR * found, slack=GAP * best.upper, witness=witness)
        tally.at_most(found, best.upper, slack=rounding(*series.shape, operations=64) * found, witness=witness)
    return tally.finding("For signs at q = 1 the infimum is within √3 of the moment.")


def _within_root_two(context: Context) -> Finding:
    """``inf ≤ √2 E‖Σ g_iC_i‖_1`` for complex Gaussian g: closed forms, and pairs by quadrature."""
    tally = Tally(context)
    for n in (1, 2, 4, 16):
        moment = examples.rows_and_columns_gaussian_moment(n)
        best = rows_columns.rows_columns_infimum(examples.rows_and_columns(n), 1)
        witness = {"n": n, **best.to_dict()}
        tally.at_most(best.upper, GAUSSIAN_FACTOR * moment, slack=GAP * best.upper, witness=witness)
        tally.at_most(moment, best.upper, slack=rounding(n, operations=64) * moment, witness=witness)
    rng = context.rng(inputs="pairs")
    pairs = {
        "random": rng.standard_normal((2, 2, 3)),
        "complex": rng.standard_normal((2, 2, 2)) + 1j * rng.standard_normal((2, 2, 2)),
        "equal": np.ones((2, 1, 1)),
    }
    for kind, pair in pairs.items():
        moment = examples.complex_gaussian_pair_moment(pair[0], pair[1], 1)
        best = rows_columns.rows_columns_infimum(pair, 1)
        quadrature = 1e-3 * moment  # kinks of the norm; ten times the change from half the nodes
        tally.at_most(best.upper, GAUSSIAN_FACTOR * moment, slack=quadrature, witness={"pair": kind, **best.to_dict()})
        tally.at_most(moment, best.upper, slack=quadrature, witness={"pair": kind, **best.to_dict()})
    return tally.finding("For complex Gaussian coefficients at q = 1 the infimum is within √2 of the moment.")


def third_part_bound(first_moments: float, q: float) -> float:
    """Return ``2^{2/q-1}(Σ E‖Z_i^d‖_q^q)^{1/q}``, the third part that T4d allows."""
    return float(martingale.martingale_constant(q)) ** (1 / q) * first_moments ** (1 / q)


def _third_part_needs_its_own_moment(context: Context) -> Finding:
    """``±e_1e_1ᵀ`` with total probability π: the q-th moment is bounded, the second moment is not."""
    tally = Tally(context)
    unit = np.zeros((2, 2))
    unit[0, 0] = 1.0
    size = float(schatten.schatten_norm(unit, 1))
    seen = 0.0
    for probability in (1.0, 0.5, 0.1, 0.01, 1e-4):
        for q in (1.0, 1.25, 1.5):
            bound = third_part_bound(probability * size**q, q)
            witness = {"probability": probability, "q": p_label(q)}
            moment = (probability * size**q) ** (1 / q)
            tally.at_most(moment, bound, slack=rounding(2) * bound, witness=witness)
        # the wrong form, (E‖S‖_1²)^{1/2} = √π against 2π, fails for small π
        seen = max(seen, math.sqrt(probability) * size / third_part_bound(probability * size, 1.0))
    # √π/(2π) = 1/(2√π) is 50 at π = 1e-4
    claim = {"claim": "with second moments on the left the ratio is unbounded"}
    tally.equal(seen, 50.0, slack=rounding(2, operations=64) * 50.0, witness=claim)
    finding = tally.finding("A third part is bounded in its own moment q; with second moments the form is false.")
    return finding


CHECKS = (
    Check(
        statement="T4d",
        name="rows_and_columns_bound_the_second_moment",
        kind="inequality",
        function=_bound_holds,
        cost=2.0,
    ),
    Check(
        statement="T4d",
        name="rows_and_columns_bound_is_attained",
        kind="adversarial",
        function=_bound_is_attained,
        is_random=False,
    ),
    Check(
        statement="T4d",
        name="infimum_over_splittings_has_its_closed_form",
        kind="derivation",
        function=_infimum_has_its_closed_form,
        is_random=False,
        cost=0.6,
    ),
    Check(
        statement="T4d",
        name="infimum_is_within_root_three_for_signs",
        kind="inequality",
        function=_within_root_three,
        cost=0.5,
    ),
    Check(
        statement="T4d",
        name="infimum_is_within_root_two_for_complex_gaussians",
        kind="inequality",
        function=_within_root_two,
        cost=0.6,
    ),
    Check(
        statement="T4d",
        name="third_part_needs_its_own_moment",
        kind="adversarial",
        function=_third_part_needs_its_own_moment,
        is_random=False,
        cost=0.1,
    ),
)
