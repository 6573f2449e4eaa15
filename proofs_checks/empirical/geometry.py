"""D1 and D4: what norms and duality maps are, tried on matrices that have broken such code before."""

from __future__ import annotations

import math

import numpy as np

from schattor_theory.geometry import exponents, product, schatten
from synthetic.haar import haar_orthogonal

from .check import Check, Context, Finding
from .inputs import EXPONENTS, inner, map_slack, matrices, p_label
from .tally import Tally, rounding

__all__ = ["CHECKS"]

_EXTREME = (1e300, 1e-300, 1e150, 1e-150)


def _norms_are_power_sums(context: Context) -> Finding:
    """The norm against power sums of singular values from the Gram matrix, and against closed forms."""
    tally = Tally(context)
    for name, m in matrices(context, well_conditioned=True):
        gram = m @ m.T if m.shape[0] <= m.shape[1] else m.T @ m
        s = np.sqrt(np.linalg.eigvalsh(gram))
        for p in EXPONENTS:
            expected = float(s.max()) if math.isinf(p) else float(np.sum(s**p) ** (1 / p))
            # an eigenvalue of the Gram matrix has twice the relative error; s lies in [1, 2], so the condition is 4
            slack = rounding(*m.shape, operations=8) * expected
            witness = {"matrix": m, "p": p_label(p)}
            tally.equal(schatten.schatten_norm(m, p), expected, slack=slack, witness=witness)
            for c in _EXTREME:
                scaled = schatten.schatten_norm(c * m, p) / c
                tally.equal(scaled, expected, slack=slack, witness=witness | {"scale": c, "name": name})
    for p in EXPONENTS:
        for r in (1, 2, 7):
            closed = 1.0 if math.isinf(p) else r ** (1 / p)
            slack = rounding(r) * closed
            tally.equal(schatten.schatten_norm(np.eye(r), p), closed, slack=slack, witness={"identity": r, "p": p})
        for shape in ((0, 3), (3, 0), (2, 2)):
            tally.equal(schatten.schatten_norm(np.zeros(shape), p), 0.0, slack=0.0, witness={"zeros": shape, "p": p})
    return tally.finding("Norms equal power sums of singular values, from 1e-300 to 1e300.")


def _map_attains_the_dual_norm(context: Context) -> Finding:
    """``<M, D> = ‖M‖_q``, ``‖D‖_p = 1``, and no feasible direction does better."""
    tally = Tally(context)
    rng = context.rng(inputs="feasible")
    for name, m in matrices(context):
        for p in EXPONENTS:
            geometry = schatten.SchattenGeometry(p)
            q, direction = exponents.dual_exponent(p), geometry.duality_map(m)
            size = float(schatten.schatten_norm(m, q))
            slack = rounding(*m.shape, operations=min(m.shape))
            witness = {"matrix": m, "p": p_label(p), "name": name}
            tally.equal(inner(m, direction), size, slack=slack * size, witness=witness | {"identity": "attainment"})
            tally.equal(geometry.norm(direction), 1.0, slack=slack, witness=witness | {"identity": "unit norm"})
            feasible = rng.standard_normal((20, *m.shape))
            feasible /= schatten.schatten_norm(feasible, p)[:, None, None]
            tally.at_most(inner(m, feasible), size, slack=slack * size, witness=witness | {"identity": "Hölder"})
            norm, both = geometry.dual_norm_and_map(m)
            tally.equal(norm, size, slack=slack * size, witness=witness | {"identity": "one decomposition"})
            tally.equal(both, direction, slack=slack, witness=witness | {"identity": "one decomposition"})
    for p in EXPONENTS:
        zero = schatten.duality_map(np.zeros((3, 2)), p)
        tally.equal(zero, 0.0, slack=0.0, witness={"matrix": "zero", "p": p_label(p)})
    return tally.finding("The duality map attains the dual norm with unit norm.")


def _map_is_equivariant(context: Context) -> Finding:
    """Rotations, transposes, signs, scales and padding go through the map."""
    tally = Tally(context)
    rng = context.rng(inputs="rotations")
    for name, m in matrices(context, well_conditioned=True):
        left, right = haar_orthogonal(rng, 1, m.shape[0])[0], haar_orthogonal(rng, 1, m.shape[1])[0]
        padded = np.zeros((m.shape[0] + 2, m.shape[1] + 1))
        padded[1:-1, :-1] = m
        for p in EXPONENTS:
            direction = schatten.duality_map(m, p)
            slack = 4 * map_slack(m, exponents.dual_exponent(p))
            changes = {
                "rotation": (schatten.duality_map(left @ m @ right, p), left @ direction @ right),
                "transpose": (schatten.duality_map(m.T, p), direction.T),
                "sign": (schatten.duality_map(-m, p), -direction),
                "padding": (schatten.duality_map(padded, p)[1:-1, :-1], direction),
            }
            changes |= {f"scale {c:g}": (schatten.duality_map(c * m, p), direction) for c in _EXTREME}
            for change, (found, expected) in changes.items():
                witness = {"matrix": m, "p": p_label(p), "change": change, "name": name}
                tally.equal(np.linalg.norm(found - expected), 0.0, slack=slack, witness=witness)
    # p = 1 shares the weight among tied singular values: a choice of one of them would turn with the basis of rounding
    for name, m in matrices(context):
        if "tied" not in name:
            continue
        left, right = haar_orthogonal(rng, 1, m.shape[0])[0], haar_orthogonal(rng, 1, m.shape[1])[0]
        direction = schatten.duality_map(m, 1)
        found = schatten.duality_map(left @ m @ right, 1)
        witness = {"matrix": m, "p": "1", "change": "rotation", "name": name}
        # the top singular space is a distance of half the largest value away from the others
        slack = rounding(*m.shape, operations=64)
        tally.equal(np.linalg.norm(found - left @ direction @ right), 0.0, slack=slack, witness=witness)
    return tally.finding("The duality map commutes with rotation, transpose, sign, scale and padding.")


def _map_is_inverted_by_the_dual_map(context: Context) -> Finding:
    """``D_q(D_p(M)) = M/‖M‖_q`` for 1 < p < inf."""
    tally = Tally(context)
    for name, m in matrices(context, well_conditioned=True):
        for p in EXPONENTS:
            q = exponents.dual_exponent(p)
            if not 1 < p < math.inf:
                continue
            back = schatten.duality_map(schatten.duality_map(m, p), q)
            unit = m / schatten.schatten_norm(m, q)
            inverse = np.linalg.svd(schatten.duality_map(m, p), compute_uv=False)
            slack = 4 * map_slack(m, q) * max(1.0, _condition_of_inverse(inverse, p))
            witness = {"matrix": m, "p": p_label(p), "name": name}
            tally.equal(np.linalg.norm(back - unit), 0.0, slack=slack, witness=witness)
    return tally.finding("The dual duality map inverts the duality map.")


def _condition_of_inverse(s: np.ndarray, p: float) -> float:
    """Return the slope of ``s -> s^{p-1}/‖s‖_p^{p-1}`` at its steepest."""
    total = float(np.sum(s**p) ** (1 / p))
    return float(np.max((p - 1) * s ** (p - 2))) / total ** (p - 1) + (p - 1) / total


def _product_map_attains_the_dual_norm(context: Context) -> Finding:
    """D4: attainment, unit norm, Hölder and the weights, for several balances and radii."""
    tally = Tally(context)
    rng = context.rng(inputs="blocks")
    shapes = {"w": (4, 3), "b": (5, 1), "twin": (4, 3), "e": (2, 2)}
    powers = {"w": 3.0, "b": 2.0, "twin": 3.0, "e": math.inf}
    for balance in (1.0, 1.5, 2.0, 4.0, math.inf):
        for radii in ({}, {"w": 0.25, "e": 4.0}):
            geometry = product.ProductGeometry(powers, radii, balance)
            for trial in range(12 if context.is_full else 4):
                m = {b: rng.standard_normal(shape) * 10.0 ** rng.integers(-2, 3) for b, shape in shapes.items()}
                if trial == 1:
                    m["b"] = np.zeros(shapes["b"])
                if trial == 2:
                    m["twin"] = m["w"].copy()
                _compare_product(tally, geometry, m, rng)
    return tally.finding("The product duality map attains the product dual norm with the weights of D4.")


def _compare_product(
    tally: Tally, geometry: product.ProductGeometry, m: dict[str, np.ndarray], rng: np.random.Generator
) -> None:
    direction, size = geometry.duality_map(m), float(geometry.dual_norm(m))
    t = geometry.balance
    outer = exponents.dual_exponent(t)
    witness = {"blocks": m, "radii": geometry.radii, "balance": p_label(t)}
    slack = rounding(5, operations=4 * len(m))
    scaled = {b: geometry.radii[b] * float(schatten.schatten_norm(m[b], exponents.dual_exponent(p)))
              for b, p in geometry.exponents.items()}  # fmt: skip
    values = np.array(list(scaled.values()))
    expected = float(values.max()) if math.isinf(outer) else float(np.sum(values**outer) ** (1 / outer))
    tally.equal(size, expected, slack=slack * expected, witness=witness | {"identity": "dual norm"})
    attained = sum(float(inner(m[b], direction[b])) for b in m)
    tally.equal(attained, size, slack=slack * size, witness=witness | {"identity": "attainment"})
    tally.equal(geometry.norm(direction), 1.0, slack=slack, witness=witness | {"identity": "unit norm"})
    top = values.max()
    for b, p in geometry.exponents.items():
        if math.isinf(outer):
            share = float(scaled[b] >= top * (1 - 1e-12)) / np.sum(values >= top * (1 - 1e-12))
        else:
            share = (scaled[b] / expected) ** (outer - 1) if scaled[b] > 0 else 0.0
        length = float(schatten.schatten_norm(direction[b], p))
        # D_p(0) = 0: a zero block does not move
        moved = geometry.radii[b] * share if scaled[b] > 0 else 0.0
        name = {"identity": "weight", "block": b}
        tally.equal(length, moved, slack=slack * max(moved, geometry.radii[b]), witness=witness | name)
    for _ in range(10):
        y = {b: rng.standard_normal(x.shape) for b, x in m.items()}
        unit = float(geometry.norm(y))
        other = sum(float(inner(m[b], y[b])) for b in m) / unit
        tally.at_most(other, size, slack=slack * size, witness=witness | {"identity": "Hölder"})


CHECKS = (
    Check(
        statement="D1",
        name="norms_are_power_sums_of_singular_values",
        kind="identity",
        function=_norms_are_power_sums,
    ),
    Check(
        statement="D1",
        name="duality_map_attains_the_dual_norm",
        kind="identity",
        function=_map_attains_the_dual_norm,
    ),
    Check(
        statement="D1",
        name="duality_map_is_equivariant",
        kind="identity",
        function=_map_is_equivariant,
    ),
    Check(
        statement="D1",
        name="dual_map_inverts_the_duality_map",
        kind="identity",
        function=_map_is_inverted_by_the_dual_map,
    ),
    Check(
        statement="D4",
        name="product_map_attains_the_product_dual_norm",
        kind="identity",
        function=_product_map_attains_the_dual_norm,
    ),
)
