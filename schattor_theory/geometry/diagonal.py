"""The Schatten geometry on diagonal matrices, each stored as its diagonal: an ℓ_p geometry at O(d) cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..arrays import Array, array_namespace, check_matrices
from ..checks import check_choice, check_exponent, fail
from ..errors import ShapeError
from .exponents import Exponent
from .methods import check_settings
from .schatten import SchattenGeometry

__all__ = ["DiagonalGeometry"]

_TIE = 4.0
"""At p = 1 entries within this many machine epsilons of the largest count as equal to it."""


@dataclass(frozen=True, slots=True)
class DiagonalGeometry(SchattenGeometry):
    """The geometry of S_p restricted to diagonal matrices, each stored as its diagonal: a column (..., d, 1).

    The singular values of a diagonal matrix are the absolute values of its entries and its singular vectors are
    coordinate vectors, so the Schatten norm is the ℓ_p norm of the column and the duality map of a diagonal matrix is
    diagonal. Nothing is decomposed: time and memory are O(d). It is the same geometry as ``SchattenGeometry(p)`` in
    another storage, and agrees with it up to rounding, but for what rounds to zero: no decomposition adds noise here,
    so only exact zeros count as zero, and at p = 1 entries within four machine epsilons of the largest count as equal.

    Parameters
    ----------
    p : number, Fraction or str
        Exponent of the primal norm, in [1, inf].
    method : {"auto"}
        There is one way.
    tolerance : float, optional
        As in other geometries; nothing here needs it.

    Source
    ------
    D1 in docs/theory/geometry.md, and section R in docs/theory/synthetic.md.

    Examples
    --------
    >>> import numpy as np
    >>> DiagonalGeometry("inf").duality_map(np.array([[3.0], [-4.0], [0.0]]))[:, 0]
    array([ 1., -1.,  0.])
    >>> float(DiagonalGeometry(2).norm(np.array([[3.0], [-4.0]])))
    5.0
    """

    if TYPE_CHECKING:  # the exponent is a float from then on

        def __init__(self, p: Exponent, *, method: str = "auto", tolerance: float | None = None) -> None: ...

    def __post_init__(self) -> None:
        call = "DiagonalGeometry"
        object.__setattr__(self, "p", check_exponent(call, self.p))
        check_choice(call, "method", self.method, ("auto",))
        object.__setattr__(self, "tolerance", check_settings(call, self.p, "auto", self.tolerance).tolerance)

    def norm(self, x: Array, *, check_finite: bool = True) -> Array:
        """Return the primal norm ``‖x‖_p`` of the diagonal matrices, shape (...)."""
        return _norm(_diagonals("norm", "x", x, check_finite), self.p)

    def dual_norm(self, g: Array, *, check_finite: bool = True) -> Array:
        """Return the dual norm ``‖g‖_q`` of the diagonal matrices, shape (...)."""
        return _norm(_diagonals("dual_norm", "g", g, check_finite), self.q)

    def duality_map(self, m: Array, *, check_finite: bool = True) -> Array:
        """Return the diagonals of ``D_p(m)``, shape (..., d, 1)."""
        return _norm_and_map(_diagonals("duality_map", "m", m, check_finite), self.p, self.q)[1][..., None]

    def dual_norm_and_map(self, m: Array, *, check_finite: bool = True) -> tuple[Array, Array]:
        """Return ``(‖m‖_q, D_p(m))`` from one pass."""
        norm, direction = _norm_and_map(_diagonals("dual_norm_and_map", "m", m, check_finite), self.p, self.q)
        return norm, direction[..., None]


def _diagonals(method: str, argument: str, x: Array, check_finite: bool) -> Array:
    """Return the diagonals, shape (..., d), after checking that they are stored as columns."""
    call = f"DiagonalGeometry.{method}"
    check_matrices(call, argument, x, check_finite=check_finite)
    if x.shape[-1] != 1:
        way_out = "Diagonal matrices are stored as their diagonals; full ones belong to SchattenGeometry."
        fail(ShapeError, call, argument, "be a stack of columns (..., d, 1)", tuple(x.shape), way_out)
    return x[..., 0]


def _scaled(x: Array) -> tuple[Array, Array]:
    """Return the largest size in each diagonal, 1 for none, shape (..., 1), and the diagonals divided by it."""
    xp = array_namespace(x)
    top = xp.max(xp.abs(x), axis=-1, keepdims=True)
    top = xp.where(top > 0, top, xp.ones_like(top))
    return top, x / top


def _norm(x: Array, p: float) -> Array:
    """Return the ℓ_p norm over the last axis."""
    xp = array_namespace(x)
    if p == 1 or x.shape[-1] == 0:  # numerics: no partial sum exceeds the norm, so nothing needs scaling
        return xp.sum(xp.abs(x), axis=-1)
    if math.isinf(p):
        return xp.max(xp.abs(x), axis=-1)
    top, y = _scaled(x)
    powers = y * y if p == 2 else xp.abs(y) ** p
    # numerics: axes are dropped last, since NumPy's power of a scalar and of an array differ in the last bit
    total = xp.sum(powers, axis=-1, keepdims=True)
    return (top * (xp.sqrt(total) if p == 2 else total ** (1 / p)))[..., 0]


def _norm_and_map(x: Array, p: float, q: float) -> tuple[Array, Array]:
    """Return ``(‖x‖_q, D_p(x))`` over the last axis."""
    xp = array_namespace(x)
    if q == 1 or x.shape[-1] == 0:
        return _norm(x, 1), xp.sign(x)
    top, y = _scaled(x)
    if math.isinf(q):  # p = 1: the largest entries share equally
        is_top = xp.astype(xp.abs(y) >= 1 - _TIE * float(xp.finfo(x.dtype).eps), x.dtype)
        weights, length = xp.sign(y) * is_top, xp.sum(is_top, axis=-1, keepdims=True)
        return xp.max(xp.abs(x), axis=-1), weights / xp.where(length > 0, length, xp.ones_like(length))
    # proof step: with w = |y|^{q-1} and N = Σ |y| w = Σ wᵖ, the norm is N^{1/q} and w / N^{1/p} has ℓ_p norm 1
    weights = y if q == 2 else xp.sign(y) * xp.abs(y) ** (q - 1)
    total = xp.sum(y * weights, axis=-1, keepdims=True)
    norm, length = (xp.sqrt(total),) * 2 if q == 2 else (total ** (1 / q), total ** (1 / p))
    return (top * norm)[..., 0], weights / xp.where(length > 0, length, xp.ones_like(length))
