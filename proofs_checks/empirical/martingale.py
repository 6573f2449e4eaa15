"""T4: moment bounds of martingales whose laws are finite, so that every expectation is a sum and nothing is sampled."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from schattor_theory import assumptions
from schattor_theory.bounds import martingale
from schattor_theory.geometry import exponents, schatten
from synthetic.haar import haar_orthogonal
from synthetic.noise import NOISES
from synthetic.seeds import Streams

from ..known import shape_itself
from .check import Check, Context, Finding
from .inputs import p_label, with_spectrum
from .tally import Tally, rounding

__all__ = ["CHECKS", "SCALAR_CONSTANTS"]

# source: I. Pinelis, Statistics & Probability Letters (2015), and the closed form of T4a evaluated elsewhere
SCALAR_CONSTANTS = {
    1.1: 1.724467,
    1.2: 1.580830,
    1.25: 1.524154,
    4 / 3: 3 ** (1 / 3),
    1.4: 1.384475,
    1.5: math.sqrt(1 + 1 / math.sqrt(2)),
    1.6: 1.236166,
    1.75: 1.140547,
    1.8: 1.110772,
    1.9: 1.053837,
    2.0: 1.0,
}
"""The sharp scalar constant C_q at some q, to six decimals or in closed form."""

_DIGITS = 6e-7  # half a unit in the sixth decimal, and a little


@dataclass(frozen=True, slots=True)
class _TwoPoint:
    """The law of ``ξA``: ξ is ``high`` with this probability, else what makes its mean zero."""

    matrix: np.ndarray
    high: float
    probability: float

    @property
    def values(self) -> tuple[tuple[float, float], ...]:
        low = -self.high * self.probability / (1 - self.probability)
        return ((self.high, self.probability), (low, 1 - self.probability))

    def moment(self, q: float, order: float) -> float:
        """Return ``E‖ξA‖_q^order``."""
        size = float(schatten.schatten_norm(self.matrix, q))
        return sum(weight * (abs(value) * size) ** order for value, weight in self.values)


def _sum_moment(laws: Sequence[_TwoPoint], weights: np.ndarray, q: float, order: float) -> float:
    """Return ``E‖Σ a_i ξ_iA_i‖_q^order`` by enumeration."""
    outcomes = list(itertools.product(*(law.values for law in laws)))
    coefficients = np.array([[a * value for a, (value, _) in zip(weights, one, strict=True)] for one in outcomes])
    probabilities = np.array([math.prod(weight for _, weight in one) for one in outcomes])
    sums = np.tensordot(coefficients, np.stack([law.matrix for law in laws]), axes=1)
    return float(probabilities @ np.asarray(schatten.schatten_norm(sums, q)) ** order)


def _directions(context: Context, n: int) -> dict[str, list[np.ndarray]]:
    rng = context.rng(inputs="directions", n=n)
    unit = np.eye(max(n, 2))
    return {
        "fresh coordinates": [np.outer(unit[i], unit[i]) for i in range(n)],
        "one matrix": [with_spectrum(rng, (3, 4), [2.0, 1.0, 0.5])] * n,
        "rows": [np.outer(unit[0], unit[i]) for i in range(n)],
        "random": [rng.standard_normal((3, 4)) for _ in range(n)],
        "rank one": [np.outer(rng.standard_normal(3), rng.standard_normal(4)) for _ in range(n)],
    }


def _moment_shape_holds(context: Context) -> Finding:
    """N1's moment shape, for symmetric and for strongly asymmetric two-point laws, with the equality cases."""
    tally = Tally(context)
    n = 5
    rng = context.rng(inputs="weights")
    for p in (1.5, 2.0, 3.0, 4.0, math.inf):
        q = exponents.dual_exponent(p)
        for kind, matrices in _directions(context, n).items():
            for probability in (0.5, 0.1, 0.02):
                laws = [_TwoPoint(m / float(schatten.schatten_norm(m, q)), 1.0, probability) for m in matrices]
                for order in (1.0, 1.25, 1.5, 2.0):
                    sigma = max(law.moment(q, order) for law in laws) ** (1 / order)
                    record = assumptions.MomentNoise(
                        moment_order=order, sigma=sigma, conditionally_symmetric=probability == 0.5
                    )
                    shape = shape_itself(record.moment_shape(p))
                    for weights in (np.ones(n), 0.5 ** np.arange(n), rng.uniform(0.1, 1, n)):
                        found = _sum_moment(laws, weights, q, shape.moment_order) ** (1 / shape.moment_order)
                        witness = {"directions": kind, "probability": probability, "p": p_label(p), "order": order,
                                   "weights": weights}  # fmt: skip
                        slack = rounding(4, operations=32) * found
                        tally.at_most(found, shape.of_weights(weights), slack=slack, witness=witness)
                        is_sharp = kind == "fresh coordinates" and probability == 0.5 and shape.moment_order == q
                        if is_sharp:
                            tally.at_most(
                                shape.of_weights(weights), found, slack=slack, witness=witness | {"claim": "sharp"}
                            )
    return tally.finding("N1's moment shape holds by enumeration, sharp for signs on fresh coordinates.")


def _martingale_constant_holds(context: Context) -> Finding:
    """T4a for two- and three-step martingales, the first term with constant 1, against the scalar worst case."""
    tally = Tally(context)
    rng = context.rng(inputs="pairs")
    for order in (1.0, 1.1, 1.25, 1.5, 1.75, 2.0):
        constant = martingale.martingale_constant(order)
        outer = math.inf if order == 1 else order / (order - 1)
        for q in sorted({order, min(2.0, outer), 0.5 * (order + min(2.0, outer))}):
            for trial in range(60 if context.is_full else 15):
                a = rng.standard_normal((3, 3)) if trial % 3 else np.diag([1.0, 0.5, 0.0])
                b = rng.standard_normal((3, 3)) if trial % 2 else -a
                b *= 10.0 ** rng.uniform(-1, 1)
                probability = float(10.0 ** rng.uniform(-3, -0.31))
                law = _TwoPoint(b, 1.0, probability)
                after = sum(w * float(schatten.schatten_norm(a + v * b, q)) ** order for v, w in law.values)
                before = float(schatten.schatten_norm(a, q)) ** order
                limit = before + constant * law.moment(q, order)
                witness = {"a": a, "b": b, "probability": probability, "q": q, "moment_order": order}
                tally.at_most(after, limit, slack=rounding(3, operations=16) * after, witness=witness)
        # a rare step of size s against 1: the excess approaches (|1-s|^q - 1 + qs)/s^q times E|Z|^q
        sizes = np.geomspace(0.05, 20, 4001)
        worst = float(np.max((np.abs(1 - sizes) ** order - 1 + order * sizes) / sizes**order))
        tally.at_most(worst, constant, slack=1e-12, witness={"scalar worst case": order})
    return tally.finding("2^{2-β} bounds every two-step martingale tried, and the scalar worst case.")


def _scalar_constant_is_sharp(context: Context) -> Finding:
    """C_q against its table, against direct maximisation, and inside its bracket."""
    tally = Tally(context)
    sizes = np.geomspace(1e-3, 1e3, 200_001)
    for q, number in SCALAR_CONSTANTS.items():
        found = martingale.scalar_best_constant(q)
        tally.equal(found, number, slack=_DIGITS, witness={"q": q, "claim": "table"})
        ratio = (np.abs(1 - sizes) ** q - 1 + q * sizes) / sizes**q
        # numerics: the three terms cancel for small s
        slack = rounding(1) * (np.abs(1 - sizes) ** q + 1 + q * sizes) / sizes**q
        tally.at_most(ratio, found, slack=slack, witness={"q": q, "claim": "no s exceeds C_q"})
        if 1 < q < 2:
            # the grid's spacing of 7e-5 in log s costs at most its square; the maximum is at a smooth point
            tally.at_most(found, float(ratio.max()), slack=1e-7, witness={"q": q, "claim": "attained"})
        low, high = martingale.best_constant_bracket(q)
        tally.equal(low, found, slack=1e-13, witness={"q": q, "claim": "lower end of the bracket"})
        tally.at_most(low, high, slack=1e-13, witness={"q": q, "claim": "bracket"})
    grid = np.linspace(1.0, 2.0, 41)
    bracket = [martingale.best_constant_bracket(float(q)) for q in grid]
    curves = {"q": grid, "low": [low for low, _ in bracket], "high": [high for _, high in bracket],
              "table": sorted(SCALAR_CONSTANTS.items())}  # fmt: skip
    return tally.finding("C_q is the maximum it is said to be, at every q of the table.", **curves)


def _covariance_shape_holds(context: Context) -> Finding:
    """N2's moment shape on both sides by enumeration of signs, with equality where SSᵀ is a multiple of one matrix."""
    tally = Tally(context)
    n = 6
    rng = context.rng(inputs="covariances")
    signs = np.array(list(itertools.product((1.0, -1.0), repeat=n)))
    for p in (2.0, 3.0, 4.0, math.inf):
        q = exponents.dual_exponent(p)
        for trial in range(6 if context.is_full else 3):
            root = with_spectrum(rng, (4, 4), [2.0, 1.0, 0.3, 0.0] if trial else [1.0, 1.0, 1.0, 1.0])
            gram = root @ root.T
            values, vectors = np.linalg.eigh(gram)
            root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
            sigma = float(schatten.schatten_norm(root, q))
            families = {
                "rotated": haar_orthogonal(rng, n, 4),
                "permuted": np.stack([np.eye(4)[rng.permutation(4)] for _ in range(n)]),
                "one matrix": np.stack([haar_orthogonal(rng, 1, 4)[0]] * n),
            }
            for kind, bases in families.items():
                for side in ("left", "right"):
                    steps = root @ bases if side == "left" else bases @ root
                    for weights in (np.ones(n), 0.6 ** np.arange(n)):
                        sums = np.tensordot(signs * weights, steps, axes=1)
                        norms = np.asarray(schatten.schatten_norm(sums, q))
                        found = math.sqrt(float(np.mean(norms**2)))
                        shape = shape_itself(assumptions.CovarianceNoise(sigma=sigma, side=side).moment_shape(p))
                        limit = shape.of_weights(weights)
                        witness = {"covariance": gram, "kind": kind, "side": side, "p": p_label(p), "weights": weights}
                        # eigenvalues of the Gram matrix that are zero come out as rounding, square-rooted by root
                        slack = 1e-7 * found
                        tally.at_most(found, limit, slack=slack, witness=witness)
                        if kind == "one matrix" or q == 2:
                            tally.at_most(limit, found, slack=slack, witness=witness | {"claim": "equality"})
    _only_up_to_two(tally)
    return tally.finding("N2's moment shape holds on both sides, with equality for signs of one matrix.")


def _only_up_to_two(tally: Tally) -> None:
    """At q > 2 N2 promises nothing: ``Z = ±√d e_Je_Jᵀ``, J uniform, has ``E Z Zᵀ = I`` and ``‖Z‖_q = √d > d^{1/q}``."""
    d = 4
    for p in (1.0, 1.5):
        q = exponents.dual_exponent(p)
        sigma = 1.0 if math.isinf(q) else d ** (1 / q)
        shape = assumptions.CovarianceNoise(sigma=sigma).moment_shape(p)
        promised = shape.of_weights([1.0]) if isinstance(shape, assumptions.MomentShape) else math.inf
        witness = {"p": p_label(p), "claim": "no moment shape beyond q = 2", "directions": "one random coordinate"}
        tally.at_most(math.sqrt(d), promised, scale=1.0, witness=witness)


def _weighted_shape_holds(context: Context) -> Finding:
    """N3's moment shape by enumeration, and the constants that N1 and N2 take from it."""
    tally = Tally(context)
    n = 5
    rng = context.rng(inputs="weights")
    for p in (2.0, 4.0, math.inf):
        q = exponents.dual_exponent(p)
        for order in (1.25, 1.5, 2.0):
            for inner in sorted({max(q, order), min(order / (order - 1), 3.0)}):
                power = 1 / q - 1 / inner
                raw = np.array([1.0, 0.5, 0.2])
                scale = float(np.sum(raw ** (1 / power)) ** power) if power > 0 else 1.0
                w = np.diag(raw / scale) if power > 0 else np.eye(3)
                for kind, matrices in _small_directions(rng, n).items():
                    for probability in (0.5, 0.05):
                        laws = [
                            _TwoPoint(m / float(schatten.schatten_norm(m, inner)), 1.0, probability) for m in matrices
                        ]
                        sigma = max(law.moment(inner, order) for law in laws) ** (1 / order)
                        record = assumptions.WeightedNoise(
                            moment_order=order, inner_exponent=inner, sigma=sigma,
                            conditionally_symmetric=probability == 0.5,
                        )  # fmt: skip
                        shape = shape_itself(record.moment_shape(p))
                        weighted = [_TwoPoint(w @ law.matrix, 1.0, probability) for law in laws]
                        for weights in (np.ones(n), 0.5 ** np.arange(n)):
                            found = _sum_moment(weighted, weights, q, order) ** (1 / order)
                            witness = {"directions": kind, "probability": probability, "p": p_label(p), "order": order,
                                       "inner_exponent": inner}  # fmt: skip
                            slack = rounding(3, operations=32) * found
                            tally.at_most(found, shape.of_weights(weights), slack=slack, witness=witness)
    _weighted_equality(tally)
    found, total = _rare_events(1.5)
    weighted_noise = assumptions.WeightedNoise(moment_order=1.5, inner_exponent=1.5, sigma=total)
    shape = shape_itself(weighted_noise.moment_shape(3))
    witness = {"claim": "asymmetric noise has its constant", "order": 1.5}
    tally.at_most(found, shape.of_weights([1.0]), slack=rounding(1, operations=64) * found, witness=witness)
    refused = assumptions.WeightedNoise(moment_order=1.5, inner_exponent=4.0, sigma=1.0).moment_shape(2)
    claim = {"claim": "an inner exponent above β/(β-1) is refused"}
    tally.equal(float(isinstance(refused, assumptions.MomentShape)), 0.0, slack=0.5, witness=claim)
    return tally.finding("N3's moment shape holds by enumeration, sharp for signs on fresh coordinates.")


def _small_directions(rng: np.random.Generator, n: int) -> dict[str, list[np.ndarray]]:
    unit = np.eye(3)
    return {
        "coordinates": [np.outer(unit[i % 3], unit[i % 3]) for i in range(n)],
        "random": [rng.standard_normal((3, 3)) for _ in range(n)],
    }


def _weighted_equality(tally: Tally) -> None:
    """``W = r^{-1/s} I``, a = β, signs on r fresh coordinates: the shape is attained."""
    r = 6
    for p, order in ((4.0, 1.5), (math.inf, 2.0), (math.inf, 1.2)):
        q = exponents.dual_exponent(p)
        laws = [_TwoPoint(np.outer(row, row), 1.0, 0.5) for row in np.eye(r)]
        record = assumptions.WeightedNoise(
            moment_order=order, inner_exponent=order, sigma=1.0, conditionally_symmetric=True
        )
        limit = shape_itself(record.moment_shape(p)).of_weights(np.ones(r))
        found = _sum_moment(laws, np.full(r, r ** (1 / order - 1 / q)), q, order) ** (1 / order)
        witness = {"p": p_label(p), "order": order, "claim": "equality"}
        tally.equal(found, limit, slack=rounding(r, operations=64) * limit, witness=witness)


def _rare_events(q: float) -> tuple[float, float]:
    """Return ``(E|S|^q)^{1/q}`` and ``(Σ E|ξ_i|^q)^{1/q}`` of ten compensated rare events: the first is the larger."""
    laws = [_TwoPoint(np.eye(1), 1.0, 0.01)] * 10
    return _sum_moment(laws, np.ones(10), q, q) ** (1 / q), (10 * laws[0].moment(q, q)) ** (1 / q)


_RANK = 12


def _fresh_coordinate_sums(context: Context, p: float) -> np.ndarray:
    """Return the partial sums of signs ``±1.5`` on fresh coordinates, shape (r, r, r)."""
    noise = NOISES["coordinate_sweep"].build((_RANK, _RANK), p, sigma=1.5)
    draws = noise.draw(Streams(context.axes(p=p)), _RANK)
    return np.cumsum(noise.realise(draws, None, None, np.zeros((_RANK, _RANK, _RANK))), axis=0)


def _fresh_coordinates_are_not_averaged(context: Context) -> Finding:
    """T4f: ``‖Σ Z_i‖_q = n^{1/q}σ``, and N1's record promises order q for them and no more."""
    tally = Tally(context)
    for p in (2.0, 4.0, math.inf):
        q, sums = exponents.dual_exponent(p), _fresh_coordinate_sums(context, p)
        norms = np.asarray(schatten.schatten_norm(sums, q))
        closed = 1.5 * np.arange(1, _RANK + 1) ** (1 / q)
        tally.equal(norms, closed, slack=rounding(_RANK, operations=_RANK) * closed, witness={"p": p_label(p)})
        record = assumptions.MomentNoise(moment_order=2, sigma=1.5, conditionally_symmetric=True)
        shape = shape_itself(record.moment_shape(p))
        slack = rounding(_RANK, operations=_RANK) * norms[-1]
        # with a higher order than q the promise would be broken here
        witness = {"p": p_label(p), "claim": "N1 promises order q, no more"}
        tally.equal(shape.of_weights(np.ones(_RANK)), norms[-1], slack=slack, witness=witness)
    return tally.finding("Signs on fresh coordinates are not averaged: N1 gives no exponent above q.")


def _price_of_dimension_is_attained(context: Context) -> Finding:
    """T4g: the factor ``r^{1/q-1/β}`` is attained by signs on r fresh coordinates, and holds for asymmetric laws."""
    tally = Tally(context)
    rng = context.rng(inputs="asymmetric")
    for p in (2.0, 4.0, math.inf):
        q = exponents.dual_exponent(p)
        whole = float(schatten.schatten_norm(_fresh_coordinate_sums(context, p)[-1], q))
        for order in sorted({q, 0.5 * (q + 2), 2.0}):
            price = martingale.price_of_dimension(q, order, _RANK, conditionally_symmetric=True)
            limit = price * 1.5 * _RANK ** (1 / order)
            witness = {"p": p_label(p), "order": order, "claim": "attained"}
            tally.equal(whole, limit, slack=rounding(_RANK, operations=64) * whole, witness=witness)
            for probability in (0.3, 0.05):
                laws = [_TwoPoint(m, 1.0, probability) for m in rng.standard_normal((4, 3, 3))]
                found = _sum_moment(laws, np.ones(4), q, order) ** (1 / order)
                total = sum(law.moment(q, order) for law in laws) ** (1 / order)
                witness = {"p": p_label(p), "order": order, "probability": probability}
                limit = martingale.price_of_dimension(q, order, 3) * total
                tally.at_most(found, limit, slack=rounding(3, operations=64) * found, witness=witness)
    # numbers: no dimension to pay for
    for q in (1.5, 1.7):
        found, total = _rare_events(q)
        witness = {"q": q, "directions": "rare events in one number"}
        slack = rounding(1, operations=64) * found
        tally.at_most(found, martingale.price_of_dimension(q, q, 1) * total, slack=slack, witness=witness)
    return tally.finding("Signs on fresh coordinates attain the price of dimension.")


CHECKS = (
    Check(
        statement="T4a",
        name="moment_shape_holds_by_enumeration",
        kind="inequality",
        function=_moment_shape_holds,
        cost=1.5,
    ),
    Check(
        statement="T4a",
        name="martingale_constant_bounds_two_step_martingales",
        kind="adversarial",
        function=_martingale_constant_holds,
    ),
    Check(
        statement="T4a",
        name="scalar_constant_is_sharp",
        kind="derivation",
        function=_scalar_constant_is_sharp,
        is_random=False,
        figure="scalar_constant",
    ),
    Check(
        statement="T4b",
        name="covariance_shape_holds_by_enumeration",
        kind="inequality",
        function=_covariance_shape_holds,
    ),
    Check(
        statement="T4c",
        name="weighted_shape_holds_by_enumeration",
        kind="inequality",
        function=_weighted_shape_holds,
    ),
    Check(
        statement="T4f",
        name="fresh_coordinates_are_not_averaged",
        kind="adversarial",
        function=_fresh_coordinates_are_not_averaged,
    ),
    Check(
        statement="T4g",
        name="price_of_dimension_is_attained",
        kind="adversarial",
        function=_price_of_dimension_is_attained,
    ),
)
