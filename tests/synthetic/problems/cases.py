"""One list of problems for every contract test, and the checks themselves, each of which has a twin it must refute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schattor_theory.geometry import DiagonalGeometry, ProductGeometry, as_geometry
from synthetic.problems import PROBLEMS
from synthetic.seeds import Streams

GAP, L = 0.2, 1.7
BLOCKS = {"w": (4, 3), "b": (3, 1)}
NETWORK = ("hidden", "hidden_bias", "output", "output_bias")


def rng(*name: object) -> np.random.Generator:
    return Streams({"test": "problems", "case": [str(part) for part in name]}).generator("start")


@dataclass(frozen=True)
class Case:
    """A problem, the geometry it was built in, and whether smoothness and gap were asked for."""

    family: str
    shape: Any
    geometry: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    is_held: bool = True

    @property
    def label(self) -> str:
        p = self.geometry.label if isinstance(self.geometry, ProductGeometry) else self.geometry
        return f"{self.family}-{self.shape}-{p}-{dict(self.options)}"

    def build(self) -> Any:
        held = {"smoothness": L, "initial_gap": GAP} if self.is_held else {}
        return PROBLEMS[self.family].build(self.shape, self.geometry, rng=rng(self.label), **held, **self.options)


def product(blocks: Any, p: Any = 4, balance: Any = 3) -> ProductGeometry:
    names = list(blocks)
    return ProductGeometry(dict.fromkeys(names, p), {names[0]: 2.0}, balance=balance)


_RICH = {"left": "power", "right": "spike", "floor": 0.2, "start": "gaussian"}
CASES = [
    *(Case("quadratic", (4, 4), p) for p in (1, "4/3", 2, 4, "inf")),
    *(Case("quadratic", (5, 3), p, _RICH | {"rotated": True}) for p in (1, 2, 3, "inf")),
    Case("quadratic", (3, 5), "inf", _RICH),
    Case("quadratic", (4, 2), 6, {"left": "power", "decay": 0.5, "rotated": True}),
    Case("quadratic", (1, 3), "inf", {"right": [0.5, 2.0, 1.0]}),
    *(Case("saturating", (4, 4), p) for p in (1, 2, 4, "inf")),
    *(Case("saturating", (5, 3), p, {"weights": "power", "rotated": True, "start": "gaussian"}) for p in (2, 3, "inf")),
    Case("saturating", (3, 1), "inf"),
    *(Case("separable", BLOCKS, product(BLOCKS, balance=t), {"scale_spread": 5.0}) for t in (1, 2, 3, "inf")),
    Case("separable", BLOCKS, product(BLOCKS), {"objective": "saturating", "weights": "power", "rotated": True}),
    *(Case("commuting", (4, 4), DiagonalGeometry(p)) for p in (1, "4/3", 2, 4, "inf")),
    Case("commuting", (4, 6), DiagonalGeometry(3), {"profile": "saturating", "curvatures": "power"}),
    Case("commuting", (3, 3), DiagonalGeometry("inf"), {"curvatures": [0.5, 2.0, 1.0], "start": "gaussian"}),
    *(Case("huber", (4, 3), p, {"direction": d}) for p in (1, 2, "inf") for d in ("spike", "identity")),
    *(Case("lift", (4, 3), p, {"function": h}) for p in (2, "inf") for h in ("quadratic", "saturating", "chain")),
    Case("matrix_factorisation", (4, 3), product(("u", "v")), {"radius": 3.0}, is_held=False),
    Case("digits_logistic", (64, 10), "inf", {"n_samples": 60, "l2": 0.1}, is_held=False),
    Case("digits_logistic", None, product(("weights", "bias")), {"n_samples": 60, "bias": True}, is_held=False),
    Case("digits_network", None, product(NETWORK), {"n_samples": 40, "width": 5, "l2": 0.1}, is_held=False),
]

# a family that the list above does not name is tested as one of a single matrix with held constants
CASES += [Case(name, (4, 3), 4) for name in PROBLEMS if name not in {case.family for case in CASES}]


def tree(function: Any, *blocks: Any) -> Any:
    if isinstance(blocks[0], Mapping):
        return {b: function(*(x[b] for x in blocks)) for b in blocks[0]}
    return function(*blocks)


def inner(a: Any, b: Any) -> Any:
    products = tree(lambda x, y: (x * y).sum(axis=(-2, -1)), a, b)
    return sum(products.values()) if isinstance(products, dict) else products


def points(problem: Any, generator: np.random.Generator, n: int, scale: float = 1.0) -> Any:
    """Return ``n`` random points around the start."""
    return tree(lambda x: x + scale * generator.standard_normal((n, *x.shape)), problem.start)


def assert_gradient_is_the_derivative(problem: Any, generator: np.random.Generator) -> None:
    """Compare with central differences in random directions.

    The error of a central difference is ``h² M/6`` plus rounding ``eps |f|/h``; with h = 1e-5 and third derivatives M
    of the order of the gradient both are below 1e-9 relative to ``1 + |f| + ‖g‖``. A wrong factor shows at order 1.
    """
    x = points(problem, generator, 6)
    d = tree(lambda v: generator.standard_normal(v.shape), x)
    h = 1e-5
    ahead, behind = (problem.value(tree(lambda v, e, s=s: v + s * e, x, d)) for s in (h, -h))
    g = problem.gradient(x)
    size = 1 + np.abs(problem.value(x)) + np.sqrt(inner(g, g) * inner(d, d))
    error = np.abs(inner(g, d) - (ahead - behind) / (2 * h))
    assert (error <= 1e-7 * size).all(), error / size


def gradient_ratios(problem: Any, x: Any, y: Any, geometry: Any) -> np.ndarray:
    """Return ``‖∇f(X) - ∇f(Y)‖_q/‖X - Y‖_p``; a pair of equal points says nothing and gives 0."""
    geometry = as_geometry(geometry)
    change = np.asarray(geometry.dual_norm(tree(np.subtract, problem.gradient(x), problem.gradient(y))))
    length = np.asarray(geometry.norm(tree(np.subtract, x, y)))
    return np.divide(change, length, out=np.zeros_like(change), where=length > 0)


def largest_ratio(problem: Any, geometry: Any, generator: np.random.Generator) -> float:
    """Return the largest ratio found: random pairs, the named extremal pair, and a power iteration through the map."""
    found = []
    for scale in (0.1, 1.0, 5.0):
        x, y = (points(problem, generator, 16, scale) for _ in range(2))
        found.append(gradient_ratios(problem, x, y, geometry).max())
    if hasattr(problem, "extremal_pair"):
        found.append(float(gradient_ratios(problem, *problem.extremal_pair(geometry), geometry)))
    found.append(_power_iteration(problem, geometry, generator))
    return float(max(found))


def _power_iteration(problem: Any, geometry: Any, generator: np.random.Generator) -> float:
    """Return the largest ratio on steps ``D <- D_p(H D)`` of length 1e-3, from random points and from zero."""
    geometry = as_geometry(geometry)
    x = points(problem, generator, 8)
    x = tree(lambda v: v * np.array([0.0] + [1.0] * 7)[:, None, None], x)
    direction, best = tree(lambda v: generator.standard_normal(v.shape), x), 0.0
    for _ in range(40):
        direction = tree(lambda v: 1e-3 * v, geometry.duality_map(direction))
        ahead, behind = (tree(lambda v, d, s=s: v + s * d, x, direction) for s in (0.5, -0.5))
        best = max(best, gradient_ratios(problem, ahead, behind, geometry).max())
        direction = tree(np.subtract, problem.gradient(ahead), problem.gradient(behind))
    return best


def assert_smoothness_is_not_refuted(problem: Any, geometry: Any, generator: np.random.Generator) -> float:
    """Check A2 on every pair tried, up to rounding of the differences (1e-8); return the largest ratio."""
    largest = largest_ratio(problem, geometry, generator)
    assert largest <= problem.smoothness(geometry) * (1 + 1e-8)
    return largest


def assert_smoothness_is_exact(problem: Any, geometry: Any, generator: np.random.Generator) -> None:
    """Check A2, and that some pair attains it up to 1e-5: pairs at distance 1e-3 lose the square of that."""
    largest = assert_smoothness_is_not_refuted(problem, geometry, generator)
    assert largest >= problem.smoothness(geometry) * (1 - 1e-5)


def assert_lower_bound_is_attained_at_zero(problem: Any) -> None:
    """Check that 0 minimises the objective, with the value of the lower bound."""
    at_zero = problem.value(tree(np.zeros_like, problem.start))
    assert abs(float(at_zero) - problem.lower_bound) <= 1e-15


def assert_lower_bound_holds(problem: Any, generator: np.random.Generator) -> None:
    for scale in (0.0, 0.1, 1.0, 10.0):
        values = problem.value(points(problem, generator, 16, scale))
        assert (values >= problem.lower_bound - 1e-12 * (1 + abs(problem.lower_bound))).all()


class Planted:
    """A problem with an error: a factor on the smoothness, on the gradient, or a shift of the lower bound."""

    def __init__(
        self, problem: Any, *, smoothness: float = 1.0, gradient: float = 1.0, lower_bound: float = 0.0
    ) -> None:
        self.problem = problem
        self._smoothness, self._gradient, self._shift = smoothness, gradient, lower_bound

    def __getattr__(self, name: str) -> Any:
        return getattr(self.problem, name)

    def smoothness(self, geometry: Any) -> float:
        return self._smoothness * self.problem.smoothness(geometry)

    def gradient(self, x: Any) -> Any:
        return tree(lambda g: self._gradient * g, self.problem.gradient(x))

    @property
    def lower_bound(self) -> float:
        return self.problem.lower_bound + self._shift
