"""T7: several blocks: the constants of the product geometry, and the statements that carry over to it."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from schattor_theory.assumptions import MomentShape
from schattor_theory.bounds import descent, product, stationarity, tuning
from schattor_theory.geometry import ProductGeometry, exponents
from schattor_theory.optimizer import schattor
from synthetic.noise import NOISES
from synthetic.problems import PROBLEMS
from synthetic.simulate import simulate

from .arguments import Method
from .check import Check, Context, Finding
from .inputs import inner, p_label, random_direction
from .samples import Case, Sample, judge
from .tally import Tally, rounding

__all__ = ["CHECKS"]

_BALANCES = (1.0, 1.5, 2.0, 3.0, math.inf)
_POWERS = {"w": math.inf, "v": 4.0, "b": 2.0}
_SHAPES = {"w": (3, 3), "v": (2, 4), "b": (5, 1)}
_RADII = {"w": 0.5, "v": 2.0, "b": 1.0}


def _geometry(balance: float) -> ProductGeometry:
    return ProductGeometry(_POWERS, _RADII, balance)


def _smoothness_is_exact(context: Context) -> Finding:
    """``L = ‖(ρ_b²L_b)_b‖_v`` against a power method over all blocks at once, and random pairs."""
    tally = Tally(context)
    rng = context.rng(inputs="starts")
    curvatures = {"w": 3.0, "v": 0.7, "b": 5.0}
    for balance in _BALANCES:
        geometry = _geometry(balance)
        blocks = {
            b: PROBLEMS["quadratic"].build(
                shape, _POWERS[b], smoothness=curvatures[b], initial_gap=None, left="power", rng=rng, rotated=True
            )
            for b, shape in _SHAPES.items()
        }
        constant = product.product_smoothness(curvatures, _RADII, balance)
        d = {b: np.stack([random_direction(rng, s) for _ in range(12)]) for b, s in _SHAPES.items()}
        random = _growth(blocks, geometry, d)
        for _ in range(300):
            d = geometry.duality_map({b: f.gradient(d[b]) for b, f in blocks.items()})
        found = np.concatenate([random, _growth(blocks, geometry, d)])
        witness = {"balance": p_label(balance), "block_smoothness": curvatures, "radii": _RADII}
        slack = rounding(5, operations=40) * constant
        tally.at_most(found, constant, slack=slack, witness=witness | {"claim": "not exceeded"})
        tally.at_most(constant, found.max(), slack=1e-6 * constant, witness=witness | {"claim": "attained"})
        built = PROBLEMS["separable"].build(_SHAPES, geometry, smoothness=1.7, scale_spread=10.0)
        parts = {b: f.smoothness(_POWERS[b]) for b, f in built.blocks.items()}
        same = product.product_smoothness(parts, _RADII, balance)
        for claimed in (built.smoothness(geometry), same):
            tally.equal(claimed, 1.7, slack=1e-12, witness=witness | {"claim": "problem and bound agree"})
    return tally.finding("The smoothness of separable objectives in product geometry is exact.")


def _growth(blocks: dict[str, Any], geometry: ProductGeometry, d: dict[str, np.ndarray]) -> np.ndarray:
    gradient = {b: f.gradient(d[b]) for b, f in blocks.items()}
    return np.asarray(geometry.dual_norm(gradient)) / np.asarray(geometry.norm(d))


def _moment_shape_holds(context: Context) -> Finding:
    """``cσ = ‖(ρ_bc_bσ_b)_b‖_u``, ``u = min(t', β)``, by enumeration of signs that blocks share or do not share."""
    tally = Tally(context)
    n_steps = 4
    rng = context.rng(inputs="weights")
    sigmas = {"w": 1.0, "v": 0.6, "b": 1.7}
    for balance in _BALANCES:
        outer = exponents.dual_exponent(balance)
        for order in (2.0, 1.5):
            shapes = {
                b: MomentShape(constant=1.0, moment_order=order if b == "v" else 2.0, sigma=s)
                for b, s in sigmas.items()
            }
            shape = product.product_moment_shape(shapes, _RADII, balance)
            for kind in ("shared", "own"):
                for weights in (np.ones(n_steps), rng.uniform(0.1, 1, n_steps)):
                    found = _enumerated(kind, weights, sigmas, outer, shape.moment_order)
                    limit = shape.of_weights(weights)
                    witness = {"balance": p_label(balance), "signs": kind, "order": order, "weights": weights}
                    slack = rounding(5, operations=16) * found
                    tally.at_most(found, limit, slack=slack, witness=witness)
                    if kind == "shared" and outer == 1 and order == 2:
                        tally.at_most(limit, found, slack=slack, witness=witness | {"claim": "attained"})
            least = min(s.moment_order for s in shapes.values())
            tally.equal(shape.moment_order, least, slack=0.0, witness={"balance": balance, "claim": "β = min β_b"})
    return tally.finding("The moment shape of the blocks together holds by enumeration.")


def _enumerated(kind: str, weights: np.ndarray, sigmas: dict[str, float], outer: float, order: float) -> float:
    """Return ``(E|||Σ a_iZ_i|||_*^β)^{1/β}`` for ``Z_i,b = ε_i,b σ_b A_b``: one matrix A_b, ``‖A_b‖ = 1``, a block."""
    n_blocks, n = len(sigmas), len(weights)
    count = n if kind == "shared" else n * n_blocks
    signs = np.array(list(itertools.product((1.0, -1.0), repeat=count))).reshape(-1, count // n, n)
    sums = np.abs(signs @ weights)
    if kind == "shared":
        sums = np.repeat(sums, n_blocks, axis=1)
    scaled = sums * np.array([_RADII[b] * sigmas[b] for b in sigmas])
    norms = scaled.max(axis=1) if math.isinf(outer) else np.sum(scaled**outer, axis=1) ** (1 / outer)
    return float(np.mean(norms**order) ** (1 / order))


def _descent_carries_over(context: Context) -> Finding:
    """T1 and T2 with the product norms, at random points with random and opposing errors."""
    tally = Tally(context)
    for balance in _BALANCES:
        geometry, rng = _geometry(balance), context.rng(points="descent", balance=balance)
        options = {"objective": "saturating", "weights": "power", "rotated": True, "rng": rng, "scale_spread": 5.0}
        f = PROBLEMS["separable"].build(_SHAPES, geometry, smoothness=1.0, initial_gap=None, **options)
        smoothness = f.smoothness(geometry)
        for _ in range(60 if context.is_full else 20):
            x = {b: rng.standard_normal(s) for b, s in _SHAPES.items()}
            g = f.gradient(x)
            factor = float(10.0 ** rng.uniform(-2, 0.5))
            e = {b: factor * np.abs(y).max() * random_direction(rng, y.shape) for b, y in g.items()}
            if rng.random() < 0.3:
                e = {b: -(1 + 1e-3) * y for b, y in g.items()}
            m = {b: g[b] + e[b] for b in g}
            norm, d = geometry.dual_norm_and_map(m)
            for eta in (1e-2, 0.3, 2.0):
                numbers = {"step_size": eta, "error_norm": float(geometry.dual_norm(e)), "smoothness": smoothness}
                ball = descent.descent_bound(gradient_norm=float(geometry.dual_norm(g)), **numbers)
                other = descent.regularized_descent_bound(momentum_norm=float(norm), **numbers)
                for name, bound, length in (("T1", ball, eta), ("T2", other, eta * float(norm))):
                    moved = {b: x[b] - length * d[b] for b in x}
                    change = float(f.value(moved)) - float(f.value(x))
                    scale = sum(map(abs, bound.terms.values()))
                    slack = rounding(5, operations=80) * (scale + float(f.value(x)))
                    witness = {"balance": p_label(balance), "x": x, "error": e, "step_size": eta, "statement": name}
                    tally.at_most(change, bound.value, slack=slack, scale=scale, witness=witness)
                    attained = sum(float(inner(m[b], d[b])) for b in m)
                    tally.equal(attained, float(norm), slack=slack + 1e-12 * float(norm), witness=witness)
    return tally.finding("Descent holds in the product geometry with the factor 2.")


def _run_case(balance: float, oracle: str, kind: str) -> Case:
    geometry = _geometry(balance)

    def sample(context: Context) -> Sample:
        n_steps = 150 if context.is_full else 90
        noise = NOISES["fixed_signs"].build(_SHAPES, geometry, sigma=0.5)
        options: dict[str, Any] = {"scale_spread": 100.0}
        if kind == "quiet":
            # one direction in each block, where T5's first terms are attained block by block
            noise, options = (
                NOISES["none"].build(_SHAPES, geometry),
                {"left": "one_hot", "right": "one_hot", "start": "spike"},
            )
        f = PROBLEMS["separable"].build(_SHAPES, geometry, smoothness=1.0, initial_gap=0.5, **options)
        shape = noise.moment_shape(geometry)
        best = tuning.tuned(f.initial_gap, 1.0, shape.scale, n_steps)
        method: Method = {"step_size": best.step_size, "momentum": best.momentum}
        if oracle == "regularized":
            method = {"step_size": 0.02, "momentum": 0.8}
        bound = stationarity.stationarity_bound(
            initial_gap=f.initial_gap, smoothness=f.smoothness(geometry), sigma=shape.scale, p=geometry,
            moment_order=shape.moment_order, noise_model="shape", n_steps=n_steps, oracle=oracle, **method,
        )  # fmt: skip
        optimizer = schattor.Schattor(geometry, oracle=oracle, **method)
        repeats = 48 * context.sample_factor * (2 if context.is_full else 1)
        axes = context.axes(balance=balance, oracle=oracle, kind=kind)
        runs = simulate(f, noise, optimizer, n_steps=n_steps, repeats=repeats, seed=axes)
        return Sample(values=getattr(runs, bound.statistic), bound=bound.value)

    return Case(key={"balance": p_label(balance), "oracle": oracle, "world": kind}, sample=sample)


def _runs_stay_below(context: Context) -> Finding:
    """T5 and T6 in product geometries of several balances, with and without noise."""
    cases = [_run_case(t, "ball", kind) for t in (1.0, 2.0, math.inf) for kind in ("signs", "quiet")]
    cases += [_run_case(t, "regularized", "signs") for t in (1.0, math.inf)]
    return judge(context, cases, "Product stationarity against T5 and T6")


CHECKS = (
    Check(
        statement="T7",
        name="product_smoothness_is_exact",
        kind="adversarial",
        function=_smoothness_is_exact,
        cost=1.5,
    ),
    Check(
        statement="T7",
        name="product_moment_shape_holds_by_enumeration",
        kind="inequality",
        function=_moment_shape_holds,
    ),
    Check(
        statement="T7",
        name="descent_holds_in_product_geometry",
        kind="inequality",
        function=_descent_carries_over,
        cost=0.4,
    ),
    Check(
        statement="T7",
        name="product_stationarity_stays_below_its_bound",
        kind="simulation",
        function=_runs_stay_below,
        cost=4.0,
    ),
)
