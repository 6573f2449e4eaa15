"""D4: a search over all directions finds the product dual norm, with a product norm of its own."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from schattor_theory.geometry import product

from .check import Check, Context, Finding
from .inputs import inner, p_label
from .tally import Tally, rounding

__all__ = ["CHECKS"]

_SHAPES = {"w": (2, 3), "b": (3, 1)}
_EXPONENTS = {"w": 4.0, "b": 2.0}
_BALANCES = (1.5, 2.0, 4.0)
_FOUND = 1e-8
"""Part of the dual norm by which a search on a smooth unit sphere may end too low."""
_ROUNDS = 4
"""How often BFGS goes on from where it was, at length 1: the ratio does not see the length, its slope does."""


def _norm(blocks: dict[str, np.ndarray], radii: dict[str, float], balance: float) -> float:
    """Return ``|||X|||`` from the singular values, as D4 defines it."""
    total = 0.0
    for b, x in blocks.items():
        s = np.linalg.svd(x, compute_uv=False)
        total += (float(np.sum(s ** _EXPONENTS[b])) ** (1 / _EXPONENTS[b]) / radii[b]) ** balance
    return total ** (1 / balance)


def _blocks(entries: np.ndarray) -> dict[str, np.ndarray]:
    n = int(np.prod(_SHAPES["w"]))
    return {"w": entries[:n].reshape(_SHAPES["w"]), "b": entries[n:].reshape(_SHAPES["b"])}


def _best_pairing(
    m: dict[str, np.ndarray], radii: dict[str, float], balance: float, rng: np.random.Generator
) -> tuple[float, dict[str, np.ndarray]]:
    """Return the largest ``<M, D>/|||D|||`` that BFGS reaches, and D; the ratio has no other local maximum."""

    def ratio(entries: np.ndarray) -> float:
        d = _blocks(entries)
        return -sum(float(inner(m[b], d[b])) for b in m) / _norm(d, radii, balance)

    best = rng.standard_normal(sum(x.size for x in m.values()))
    for _ in range(_ROUNDS):
        best = minimize(ratio, best / np.linalg.norm(best), method="BFGS", options={"gtol": 1e-8}).x
    return -ratio(best), _blocks(best)


def _search_finds_the_dual_norm(context: Context) -> Finding:
    """No direction pairs better with M than the product map does, and a search comes as near as it should."""
    tally = Tally(context)
    for balance in _BALANCES:
        for trial in range(4 if context.is_full else 1):
            rng = context.rng(balance=p_label(balance), trial=trial)
            radii = {"w": 0.5, "b": 2.0}
            m = {b: rng.standard_normal(shape) for b, shape in _SHAPES.items()}
            geometry = product.ProductGeometry(_EXPONENTS, radii, balance=balance)
            best, direction = _best_pairing(m, radii, balance, rng)
            size = float(geometry.dual_norm(m))
            mapped = geometry.duality_map(m)
            attained = sum(float(inner(m[b], mapped[b])) for b in m) / _norm(mapped, radii, balance)
            witness = {"blocks": m, "direction": direction, "radii": radii, "balance": p_label(balance)}
            slack = rounding(3, operations=8) * size
            tally.at_most(best, size, slack=slack, witness=witness | {"claim": "dual norm"})
            tally.at_most(size, best, slack=_FOUND * size, witness=witness | {"claim": "found"})
            tally.at_most(best, attained, slack=slack, witness=witness | {"claim": "map"})
    return tally.finding("A search over all directions finds the product dual norm and nothing above it.")


CHECKS = (
    Check(
        statement="D4",
        name="search_finds_the_product_dual_norm",
        kind="adversarial",
        function=_search_finds_the_dual_norm,
        cost=0.3,
    ),
)
