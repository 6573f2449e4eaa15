"""One list of noise laws for every contract test, and exact expectations by enumeration of their draws."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schattor_theory.geometry import DiagonalGeometry, ProductGeometry, dual_exponent, schatten_norm
from synthetic.noise import NOISES
from synthetic.noise.record import Demand
from synthetic.problems import PROBLEMS
from synthetic.seeds import Streams

SIGMA = 1.3
BLOCKS = {"w": (4, 3), "b": (2, 2)}
GEOMETRY = ProductGeometry({"w": 4, "b": "inf"}, {"w": 2.0}, balance=3)
N = 25

HEAVY = {"tail": "pareto", "tail_index": 1.8, "moment_order": 1.5}
TWO_POINT = {"tail": "two_point", "tail_probability": 0.25, "moment_order": 1.5}


def rng(*name: object) -> np.random.Generator:
    return Streams({"test": "noise", "case": [str(part) for part in name]}).generator("start")


@dataclass(frozen=True)
class Case:
    """A noise law and the geometry its sigma is meant in."""

    family: str
    shape: Any
    geometry: Any
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        p = self.geometry.label if isinstance(self.geometry, ProductGeometry) else self.geometry
        return f"{self.family}-{self.shape}-{p}-{dict(self.options)}"

    @property
    def moment_order(self) -> float:
        return self.options.get("moment_order", 2.0)

    def build(self) -> Any:
        sigma = {} if self.family in ("none", "minibatch") else {"sigma": SIGMA}
        return NOISES[self.family].build(self.shape, self.geometry, rng=rng(self.label), **sigma, **self.options)

    def problem(self) -> Any:
        """Return a problem that this law can be realised on."""
        if self.family == "minibatch":
            return PROBLEMS["digits_logistic"].build(None, None, n_samples=N)
        if self.family == "gradient_sign":
            return PROBLEMS["huber"].build(self.shape, self.geometry, sigma=SIGMA)
        if self.family in DIAGONAL:
            return PROBLEMS["commuting"].build(self.shape, self.geometry)
        if isinstance(self.shape, Mapping):
            return PROBLEMS["separable"].build(self.shape, self.geometry)
        return PROBLEMS["quadratic"].build(self.shape, self.geometry)


SIGNS = ("fixed_signs", "haar_signs", "random_coordinates", "coordinate_sweep")
DIAGONAL = ("commuting_signs", "commuting_coordinates")
CONTROLLED = [
    *(Case(name, (3, 3), p) for name in SIGNS for p in (1, 2, 4, "inf")),
    *(Case(name, (4, 2), "inf", {"weights": "power"} | HEAVY) for name in SIGNS),
    *(Case(name, (2, 4), 3, {"weights": "spike", "floor": 0.3} | TWO_POINT) for name in SIGNS),
    *(Case(name, (4, 3), 4, {"weights": [0.5, 0.0, 2.0]}) for name in SIGNS),
    *(Case(name, (1, 1), "inf") for name in SIGNS),
    *(Case(name, (3, 2), "inf", {"tail": "pareto", "tail_index": 5.0}) for name in SIGNS),
    Case("fixed_signs", (4, 3), "inf", {"rotated": True, "weights": "power"}),
    Case("fixed_signs", (2, 3), 4, {"rotated": True} | HEAVY),
]
COMMUTING = [
    *(Case(name, (3, 3), DiagonalGeometry(p)) for name in DIAGONAL for p in (2, "inf")),
    *(Case(name, (4, 2), DiagonalGeometry("inf"), {"weights": "power"} | HEAVY) for name in DIAGONAL),
    *(Case(name, (2, 4), DiagonalGeometry(3), {"weights": "spike", "floor": 0.3} | TWO_POINT) for name in DIAGONAL),
]
PER_BLOCK = [Case(name, BLOCKS, GEOMETRY, options) for name in SIGNS for options in ({}, HEAVY)]
CASES = [
    *CONTROLLED,
    *COMMUTING,
    *PER_BLOCK,
    Case("gaussian", (4, 3), "inf", {"rows": "power", "rotated": True}),
    Case("gaussian", (2, 3), 2),
    Case("gaussian", BLOCKS, GEOMETRY),
    Case("none", (4, 3), "inf"),
    Case("none", BLOCKS, GEOMETRY),
    Case("gradient_sign", (4, 3), "inf"),
    Case("gradient_sign", (3, 3), 2),
    Case("minibatch", None, None, {"batch_size": 6, "n_samples": N}),
]

# a family that the list above does not name is tested as one of a single matrix with a sigma
CASES += [Case(name, (4, 3), 4) for name in NOISES if name not in {case.family for case in CASES}]


def tree(function: Any, *blocks: Any) -> Any:
    if isinstance(blocks[0], Mapping):
        return {b: function(*(x[b] for x in blocks)) for b in blocks[0]}
    return function(*blocks)


def leaves(x: Any) -> list[np.ndarray]:
    return list(x.values()) if isinstance(x, Mapping) else [x]


def sample(case: Case, n: int, repeat: int = 0, dtype: Any = np.float64) -> Any:
    """Return ``n`` steps of one repeat, seen at the start, shape (n, …)."""
    noise, problem = case.build(), case.problem()
    draws = noise.draw(Streams({"noise": case.label}, repeat), n)
    params = tree(lambda x: np.repeat(np.asarray(x, dtype)[None], n, axis=0), problem.start)
    return noise.realise(draws, problem, params, problem.gradient(params))


def sign_words(k: int) -> np.ndarray:
    """Return one word for each of the 2^k patterns of k signs, shape (2^k, 1)."""
    return np.arange(2**k, dtype=np.int64)[:, None]


def _values_of(demand: Demand, noise: Any) -> list[tuple[np.ndarray, float]]:
    """Return the values of one demand that stand for all of them, with their probabilities."""
    if demand.kind == "bits":
        return [(word, 2.0**-demand.size) for word in sign_words(demand.size)]
    if demand.kind == "step":
        return [(np.array([k], dtype=np.int64), 1.0 / len(noise.levels)) for k in range(len(noise.levels))]
    if demand.name == "tail":
        probability = noise.tail.probability
        return [(np.array([0.0]), probability), (np.array([1 - 2.0**-53]), 1 - probability)]
    assert demand.name == "basis"
    r = len(noise.levels)
    if demand.size == 1:
        return [(np.array([(j + 0.5) / r]), 1.0 / r) for j in range(r)]
    orders = list(itertools.permutations(range(r)))
    return [((np.array(order) + 0.5) / r, 1.0 / len(orders)) for order in orders]


def enumeration(noise: Any, shape: tuple[int, int]) -> Iterator[tuple[np.ndarray, float]]:
    """Yield every value of Z with its probability; a sweep's steps count as equally likely."""
    demands = noise.demands
    for combination in itertools.product(*(_values_of(d, noise) for d in demands)):
        draws = {d.name: value for d, (value, _) in zip(demands, combination, strict=True)}
        yield noise.realise(draws, None, None, np.zeros(shape)), math.prod(weight for _, weight in combination)


def expectation(noise: Any, shape: tuple[int, int], function: Any) -> Any:
    """Return ``E function(Z)`` by enumeration."""
    return sum(weight * function(z) for z, weight in enumeration(noise, shape))


def root_norm(covariance: np.ndarray, p: Any) -> float:
    """Return ``‖Σ^{1/2}‖_q``."""
    values = np.clip(np.linalg.eigvalsh(covariance), 0, None)
    return float(schatten_norm(np.diag(np.sqrt(values)), dual_exponent(p)))


def covariance(z: np.ndarray, side: str) -> np.ndarray:
    return z @ z.T if side == "left" else z.T @ z
