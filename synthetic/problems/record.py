"""What every problem has, and the constants that several of them share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from schattor_theory.arrays import Array, array_namespace, device
from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

from ..haar import haar_orthogonal
from ..spectra import lp_norm

__all__ = [
    "Problem",
    "Rotations",
    "diagonal_matrix",
    "on_diagonal",
    "paired_smoothness",
    "rotations",
    "scattered",
    "steepest_weights",
]

Rotations = tuple[np.ndarray | None, np.ndarray | None]


class Problem:
    """An objective with its constants; frozen, on NumPy arrays (..., m, n) or dicts of blocks.

    Attributes
    ----------
    name : str
        Name of the family.
    start : array or dict of arrays
        ``X_0``, read-only.
    lower_bound : float
        ``f_low <= f``, unit F.
    constants : {"exact", "upper", "estimated"}
        What is known about smoothness and gap.
    runs_on_devices : bool
        Whether :meth:`value` and :meth:`gradient` compute with the arrays of any library, on their device.
    """

    if TYPE_CHECKING:  # a class gives them as class variables, fields or properties

        @property
        def name(self) -> str: ...
        @property
        def start(self) -> Any: ...
        @property
        def lower_bound(self) -> float: ...
        @property
        def constants(self) -> str: ...
    runs_on_devices: ClassVar[bool] = False

    def value(self, x: Any) -> Any:
        """Return f at each point, shape (...), unit F."""
        raise NotImplementedError

    def gradient(self, x: Any) -> Any:
        """Return the gradient at each point, like ``x``, unit F/X."""
        raise NotImplementedError

    def smoothness(self, geometry: Any) -> float | None:
        """Return L of A2 in a geometry or for an exponent p, unit F/X²; None where no constant is valid."""
        raise NotImplementedError

    @property
    def initial_gap(self) -> float:
        """Return ``Δ = f(X_0) - f_low``, unit F."""
        return float(self.value(self.start)) - self.lower_bound


def paired_smoothness(curvatures: np.ndarray, p: float) -> float:
    """Return ``max{‖c∘d‖_q : ‖d‖_p <= 1} = ‖c‖_{p/(p-2)}`` for p > 2, ``max c`` for p <= 2.

    Source
    ------
    T9 in docs/theory/synthetic.md.
    """
    if p <= 2:
        return lp_norm(curvatures, math.inf)
    return lp_norm(curvatures, 1.0 if math.isinf(p) else p / (p - 2))


def steepest_weights(curvatures: np.ndarray, p: float) -> np.ndarray:
    """Return d with ``‖d‖_p = 1`` that attains :func:`paired_smoothness`: ``d ∝ c^{1/(p-2)}``.

    Source
    ------
    Equality in Hölder's inequality (T9).
    """
    top = float(curvatures.max())
    if p <= 2:
        weights = np.zeros_like(curvatures)
        weights[int(np.argmax(curvatures))] = 1.0
        return weights
    weights = np.where(curvatures > 0, 1.0, 0.0) if math.isinf(p) else (curvatures / top) ** (1 / (p - 2))
    return weights / lp_norm(weights, p)


def diagonal_matrix(d: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the m×n matrix with diagonal ``d``."""
    matrix = np.zeros(shape)
    index = np.arange(min(shape))
    matrix[index, index] = d
    return matrix


def on_diagonal(values: Array, shape: tuple[int, int]) -> Array:
    """Return the matrices of ``shape`` with ``values`` (..., min(m, n)) on their diagonals, of any library."""
    m, n = shape
    xp = array_namespace(values)
    z = xp.zeros((*values.shape[:-1], m * n), dtype=values.dtype, device=device(values))
    z[..., : min(m, n) * (n + 1) : n + 1] = values
    return xp.reshape(z, (*values.shape[:-1], m, n))


def scattered(values: Array, positions: Array, size: int) -> Array:
    """Return vectors of ``size`` with ``values`` (..., k) at distinct ``positions`` (..., k), and zeros elsewhere."""
    if isinstance(values, np.ndarray):
        whole = np.zeros((*values.shape[:-1], size), dtype=values.dtype)
        np.put_along_axis(whole, positions, values, axis=-1)
        return whole
    xp = array_namespace(values)
    is_there = positions[..., None] == xp.arange(size, dtype=positions.dtype, device=device(values))
    spread = values[..., None]
    return xp.sum(xp.where(is_there, spread, xp.zeros_like(spread)), axis=-2)


def rotations(call: str, shape: tuple[int, int], is_rotated: object, rng: np.random.Generator | None) -> Rotations:
    """Return Haar-distributed bases of rows and columns, or none."""
    if not isinstance(is_rotated, bool):
        fail(ParameterError, call, "rotated", "be true or false", is_rotated)
    if not is_rotated:
        return None, None
    if rng is None:
        fail(ParameterError, call, "rng", "be a generator when rotated=True", rng, "Streams(seed).generator(role).")
    return haar_orthogonal(rng, 1, shape[0])[0], haar_orthogonal(rng, 1, shape[1])[0]


def start_direction(
    call: str, kind: str, shape: tuple[int, int], rng: np.random.Generator | None
) -> np.ndarray:
    """Return the direction from the minimiser to the start, in the basis of the objective."""
    if kind == "gaussian":
        if rng is None:
            fail(ParameterError, call, "rng", "be a generator when start='gaussian'", rng, "Or use start='identity'.")
        return rng.standard_normal(shape)
    ones = np.ones(min(shape))
    if kind == "spike":
        ones[1:] = 0.0
    return diagonal_matrix(ones, shape)


STARTS = ("identity", "spike", "gaussian")


def rotated(x: np.ndarray, bases: Rotations) -> np.ndarray:
    """Return ``U x Vᵀ``."""
    left, right = bases
    x = x if left is None else left @ x
    return x if right is None else x @ right.T
