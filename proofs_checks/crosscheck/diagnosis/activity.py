"""Activity: what kind of map turns the gradient into a step, before its details."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .observation import Observation

__all__ = ["COARSE", "Kind", "degree_of", "kind_of", "rescaled_words", "shares_of"]

COARSE = 0.06
"""Largest share of a step outside a kind of map that the coarsest arithmetic, an iteration in bfloat16, leaves."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The kind of map: "gradient", "sign", "rows", "columns", "spectral", "other".

    Attributes
    ----------
    name : str
        The kind.
    shares : mapping of kind to float
        Median share of the step that each kind leaves unexplained.
    worst : mapping of kind to (float, str)
        The largest, and at which probe.
    degree : float
        h of ``f(cG) = c^h f(G)`` about ordinary sizes; NaN if unseen.
    """

    name: str
    shares: dict[str, float] = field(default_factory=dict)
    worst: dict[str, tuple[float, str]] = field(default_factory=dict)
    degree: float = math.nan


def shares_of(one: Observation) -> dict[str, float]:
    """Return the share of U that each kind of map leaves unexplained, after the best factors."""
    g, u, size = one.gradient, one.update, one.size

    def left(model: np.ndarray, axis: int | None) -> float:
        top = np.sum(u * model, axis=axis, keepdims=True)
        bottom = np.sum(model * model, axis=axis, keepdims=True)
        fitted = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0) * model
        return float(np.linalg.norm(u - fitted)) / size

    scaled = g / np.max(np.abs(g))
    return {
        "gradient": left(scaled, None),
        "sign": left(np.sign(g), None),
        "rows": left(scaled, 1),
        "columns": left(scaled, 0),
        "spectral": one.outside_share,
    }


def kind_of(seen: Sequence[Observation], swept: dict[int, Observation]) -> Kind:
    """Return the most special kind that explains all but rounding at most of the observations."""
    each = [(one.name, shares_of(one)) for one in seen]
    names = list(each[0][1])
    shares = {kind: float(np.median([share[kind] for _, share in each])) for kind in names}
    worst = {kind: max((share[kind], name) for name, share in each) for kind in names}
    # a map that is the gradient itself is one of rows and one of singular values as well: special kinds first
    # and one near another, such as exponent 2.1 near 2, is told by what is left being more than the general kind leaves
    bound = min(COARSE, max(10 * min(shares.values()), 1e-6))
    name = next((kind for kind in names if shares[kind] <= bound), "other")
    return Kind(name=name, shares=shares, worst=worst, degree=degree_of(swept))


def degree_of(swept: dict[int, Observation]) -> float:
    """Return h of ``‖f(cG)‖ = c^h ‖f(G)‖`` from the ordinary sizes of a sweep; NaN without one."""
    powers = [k for k, one in swept.items() if -6 <= k <= 14 and one.is_finite and one.size > 0]
    if len(powers) < 2:
        return math.nan
    low, high = powers[0], powers[-1]
    return math.log2(swept[high].size / swept[low].size) / (high - low)


def rescaled_words(seen: Sequence[Observation]) -> str:
    """Return how near a step is to the polar factor with its rows or its columns rescaled, in words."""
    left: dict[str, list[float]] = {"row": [], "column": []}
    for one in seen:
        basis = np.linalg.svd(one.gradient, full_matrices=False)
        polar = basis[0] @ basis[2]
        for name, axis in (("row", 1), ("column", 0)):
            top = np.sum(one.update * polar, axis=axis, keepdims=True)
            bottom = np.sum(polar**2, axis=axis, keepdims=True)
            factor = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
            left[name].append(float(np.linalg.norm(one.update - factor * polar)) / one.size)
    each = ", ".join(f"each {name} rescaled {float(np.median(some)):.2g}" for name, some in left.items())
    return f"The polar factor leaves, with {each}."
