"""Lift: ``f(X) = h(X e_1)`` carries a Euclidean function to every Schatten norm with the same constants (T13b)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from schattor_theory.checks import check_choice, check_nonnegative, check_positive, fail
from schattor_theory.errors import ParameterError, ShapeError

from ..family import Family, matrix_shape, one_exponent, read_only
from .record import Problem
from .saturating import saturation, saturation_slope

__all__ = ["EUCLIDEAN", "FAMILY", "EuclideanFunction", "Lift"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EuclideanFunction:
    """A function h of vectors with its Euclidean constants.

    Attributes
    ----------
    name : str
        For labels.
    value, gradient : callable
        From arrays (..., d) to (...) and (..., d).
    smoothness : float
        Lipschitz constant of the gradient in the Euclidean norm.
    lower_bound : float
        A number below h.
    start : array, shape (d,)
        Where runs begin.
    constants : {"exact", "upper"}
        Whether ``smoothness`` is attained.
    """

    name: str
    value: Callable[[np.ndarray], np.ndarray]
    gradient: Callable[[np.ndarray], np.ndarray]
    smoothness: float
    lower_bound: float
    start: np.ndarray
    constants: str = "exact"

    def scaled(self, value_factor: float, variable_factor: float) -> EuclideanFunction:
        """Return ``y -> value_factor h(y / variable_factor)``."""
        a, c = value_factor, variable_factor
        return EuclideanFunction(
            name=self.name,
            value=lambda y: a * self.value(y / c),
            gradient=lambda y: (a / c) * self.gradient(y / c),
            smoothness=self.smoothness * a / c**2,
            lower_bound=self.lower_bound * a,
            start=read_only(c * self.start),
            constants=self.constants,
        )


def _quadratic(d: int) -> EuclideanFunction:
    """Return ``½|y|²`` from the all-ones vector."""
    return EuclideanFunction(
        name="quadratic",
        value=lambda y: 0.5 * (y * y).sum(axis=-1),
        gradient=lambda y: np.array(y),
        smoothness=1.0,
        lower_bound=0.0,
        start=np.ones(d),
    )


def _saturating(d: int) -> EuclideanFunction:
    """Return ``Σ φ(y_i)``, φ as in T9, from the all-ones vector; φ'' ∈ [-1/4, 1]."""
    return EuclideanFunction(
        name="saturating",
        value=lambda y: saturation(y).sum(axis=-1),
        gradient=saturation_slope,
        smoothness=1.0,
        lower_bound=0.0,
        start=np.ones(d),
    )


def _chain(d: int) -> EuclideanFunction:
    """Return Nesterov's chain ``½(½y_1² + ½Σ(y_i - y_{i+1})² + ½y_d²) - ½y_1`` from 0.

    Its Hessian is half the second-difference matrix, whose largest eigenvalue is ``4 cos²(π/(2(d+1)))``; the minimiser
    is ``y_i = 1 - i/(d+1)``.

    Source
    ------
    Nesterov, Introductory Lectures on Convex Optimization (2004), section 2.1.2, scaled by 2.
    """

    def differences(y: np.ndarray) -> np.ndarray:
        padded = np.concatenate([np.zeros_like(y[..., :1]), y, np.zeros_like(y[..., :1])], axis=-1)
        return np.diff(padded, axis=-1)

    def gradient(y: np.ndarray) -> np.ndarray:
        g = -0.5 * np.diff(differences(y), axis=-1)
        g[..., 0] -= 0.5
        return g

    return EuclideanFunction(
        name="chain",
        value=lambda y: 0.25 * (differences(y) ** 2).sum(axis=-1) - 0.5 * y[..., 0],
        gradient=gradient,
        smoothness=2 * math.cos(math.pi / (2 * (d + 1))) ** 2,
        lower_bound=-0.25 * d / (d + 1),
        start=np.zeros(d),
    )


EUCLIDEAN: dict[str, Callable[[int], EuclideanFunction]] = {
    "quadratic": _quadratic,
    "saturating": _saturating,
    "chain": _chain,
}
"""Euclidean functions of a dimension that can be lifted by name."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Lift(Problem):
    """``f(X) = h(X e_1)``: gradient ``∇h(X e_1) e_1ᵀ``, of rank one, so every Schatten norm of it is Euclidean.

    Attributes
    ----------
    function : EuclideanFunction
        h, of vectors of length m.
    shape : (m, n)
        Shape of X.

    Source
    ------
    T13b in docs/theory/extensions.md.
    """

    function: EuclideanFunction
    shape: tuple[int, int]

    name: ClassVar[str] = "lift"

    @property
    def start(self) -> np.ndarray:
        x = np.zeros(self.shape)
        x[:, 0] = self.function.start
        return read_only(x)

    @property
    def lower_bound(self) -> float:
        return self.function.lower_bound

    @property
    def constants(self) -> str:
        return self.function.constants

    def value(self, x: np.ndarray) -> np.ndarray:
        return self.function.value(x[..., 0])

    def gradient(self, x: np.ndarray) -> np.ndarray:
        g = np.zeros(x.shape, dtype=x.dtype)
        g[..., 0] = self.function.gradient(x[..., 0])
        return g

    def smoothness(self, geometry: Any) -> float:
        """Return h's Euclidean constant, which is f's in every Schatten norm."""
        one_exponent("Lift.smoothness", geometry)
        return self.function.smoothness


def build(
    shape: Any,
    geometry: Any,
    *,
    smoothness: float | None = 1.0,
    initial_gap: float | None = None,
    rng: np.random.Generator | None = None,
    function: str | EuclideanFunction = "quadratic",
) -> Lift:
    """Return the lift of a Euclidean function, scaled to this smoothness and gap; None keeps the natural constant.

    Value and variable are scaled, ``a h(y/c)``, so any gap can be had with any smoothness.
    """
    call = "lift"
    m, n = matrix_shape(call, shape)
    one_exponent(call, geometry)
    if isinstance(function, EuclideanFunction):
        h = function
        if np.shape(h.start) != (m,):
            fail(ShapeError, call, "function", f"have a start of length m = {m}", np.shape(h.start))
        check_positive(call, "function.smoothness", h.smoothness)
    else:
        h = EUCLIDEAN[check_choice(call, "function", function, EUCLIDEAN)](m)
    gap = check_nonnegative(call, "function.initial_gap", float(h.value(h.start)) - h.lower_bound)
    if initial_gap is not None and gap == 0:
        fail(ParameterError, call, "initial_gap", "be None when the function starts at its lower bound", initial_gap)
    a = 1.0 if initial_gap is None else check_positive(call, "initial_gap", initial_gap) / gap
    wanted = h.smoothness * a if smoothness is None else check_positive(call, "smoothness", smoothness)
    return Lift(function=h.scaled(a, math.sqrt(a * h.smoothness / wanted)), shape=(m, n))


FAMILY = Family(
    "lift",
    "h(X e_1) for a Euclidean function h: the same constants in every Schatten norm",
    build,
    {"function": "h: quadratic, saturating, chain, or a EuclideanFunction of m variables"},
)
