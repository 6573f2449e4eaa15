"""Schatten norms and duality maps (D1), and the geometry they make.

For ``m = U diag(s) Vᵀ`` the Schatten-p norm is the ℓ_p norm of the singular values s. Every function acts on the last
two axes of a stack (..., m, n), returns the dtype it was given, and scales by the largest entry first.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from ..arrays import Array, array_namespace, check_entries, check_matrices, largest_entry, resolution
from ..checks import check_exponent
from .certificates import SVD, diagonal_certificate
from .exponents import Exponent, dual_exponent, exponent_label
from .guarded import by_attempts, chosen_norm, map_attempts, norm_attempts
from .methods import EXACT, METHODS, Settings, check_settings, method_for
from .polynomials import POLAR_SCHEDULES, polar_schedule, polynomial_polar
from .spectral import by_slice_kind, from_diagonal, singular_values, thin_svd
from .workspace import borrowed_workspace

__all__ = ["METHODS", "SchattenGeometry", "duality_map", "guarded_norm_and_map", "schatten_norm"]


def _power_norm(s: Array, p: float) -> Array:
    """Return the ℓ_p norm of non-negative numbers over the last axis, which are at most about 1 in size."""
    xp = array_namespace(s)
    if 0 in s.shape:
        return xp.sum(s, axis=-1)
    if math.isinf(p):
        return xp.max(s, axis=-1)
    if p == 1:
        return xp.sum(s, axis=-1)
    # numerics: the largest value is divided out before the power, else large p underflows
    top = xp.max(s, axis=-1, keepdims=True)
    top = xp.where(top > 0, top, xp.ones_like(top))
    # numerics: axes are dropped last, since NumPy's power of a scalar and of an array differ in the last bit
    return (top * xp.sum((s / top) ** p, axis=-1, keepdims=True) ** (1 / p))[..., 0]


def _unchecked() -> None:
    pass


def _checking(call: str, argument: str, x: Array, check_finite: bool) -> Callable[[], object]:
    """Return the check of the entries of matrices whose dtype and shape are checked here.

    Norms and maps make it: fast paths only where they have not certified everything, since that is finite.
    """
    check_matrices(call, argument, x, check_finite=False)
    return functools.partial(check_entries, call, argument, x) if check_finite else _unchecked


def _norm(x: Array, p: float, settings: Settings = EXACT, check: Callable[[], object] = _unchecked) -> Array:
    """Return ``‖x‖_p``; ``check`` refuses entries that are not finite."""
    xp = array_namespace(x)

    def by_values(m: Array) -> Array:
        return _power_norm(singular_values(m), p)

    def diagonal(d: Array) -> Array:
        return _power_norm(xp.abs(d), p)

    if p != 2 and isinstance(x, np.ndarray) and 0 not in x.shape:
        chosen = SVD if settings.method == "svd" else chosen_norm(x.shape[-2:], p, settings.tolerance)

        with borrowed_workspace() as workspace:
            attempts = norm_attempts(x.shape[-2:], p, chosen, settings.tolerance, by_values, workspace)
            return by_attempts(x, attempts, diagonal=lambda d: (diagonal(d),), is_size=(True,), check=check)[0]
    check()
    scale = largest_entry(x)
    scaled = x / scale
    if p == 2:
        return scale[..., 0, 0] * xp.sqrt(xp.sum(scaled * scaled, axis=(-2, -1)))
    return scale[..., 0, 0] * by_slice_kind(scaled, diagonal=diagonal, general=by_values)


def schatten_norm(x: Array, p: object, *, tolerance: float | None = None, check_finite: bool = True) -> Array:
    """Return the Schatten norm ``‖x‖_p = (Σ s_iᵖ)^{1/p}`` of each matrix.

    p = 1 is the nuclear, p = 2 the Frobenius, p = inf the spectral norm. An empty matrix has norm 0.

    Parameters
    ----------
    x : array, shape (..., m, n), real floating
        Matrices, any unit.
    p : number, Fraction or str
        Exponent in [1, inf]; ``"4/3"`` and ``"inf"`` are accepted.
    tolerance : float, optional
        Relative error allowed beyond that of a decomposition, which lets more matrices take a faster way; by default
        the error stays within four times a decomposition's. NumPy arrays only; other libraries decompose.
    check_finite : bool
        Whether to refuse NaN and infinite entries. Under ``jax.jit`` values are unknown and not checked.

    Returns
    -------
    array, shape (...)
        Unit and dtype of ``x``.

    Raises
    ------
    ExponentError
        If p is not in [1, inf].
    NonFiniteError, DTypeError, ShapeError, ParameterError
        If ``x`` does not hold finite real float32 or float64 matrices, or the tolerance is not positive.

    Scaling
    -------
    ``‖c x‖ = |c| ‖x‖``, from 1e-300 to 1e300 in float64.
    ``‖Q x R‖ = ‖x‖`` for orthogonal Q, R; ``‖xᵀ‖ = ‖x‖``; zero rows and columns change nothing.

    Source
    ------
    D1 in docs/theory/geometry.md.

    Examples
    --------
    >>> import numpy as np
    >>> float(schatten_norm(np.diag([3.0, 4.0]), 2)), float(schatten_norm(np.full((2, 2), 1e200), 2))
    (5.0, 2e+200)
    """
    exponent = check_exponent("schatten_norm", p)
    settings = check_settings("schatten_norm", exponent, "auto", tolerance)
    return _norm(x, exponent, settings, _checking("schatten_norm", "x", x, check_finite))


def _direction_weights(s: Array, q: float, cut: float) -> Array:
    """Return the singular values of ``D_p(m)`` for singular values ``s``, in any order, at most about 1.

    Values up to ``cut`` times the largest are rounding noise of zero and get weight 0, so that a rank-deficient matrix
    has no direction outside its range.
    """
    xp = array_namespace(s)
    if 0 in s.shape:
        return s
    top = xp.max(s, axis=-1, keepdims=True)
    safe = xp.where(top > 0, top, xp.ones_like(top))
    ratio = s / safe
    if math.isinf(q):  # p = 1: the top singular space, shared equally
        # numerics: equal singular values come out of a decomposition up to a few cuts apart
        is_top = xp.astype(ratio >= 1 - 4 * cut, s.dtype) * xp.astype(top > 0, s.dtype)
        count = xp.sum(is_top, axis=-1, keepdims=True)
        return is_top / xp.where(count > 0, count, xp.ones_like(count))
    in_range = xp.astype(ratio > cut, s.dtype)
    if q == 1:  # p = inf: the polar factor on the range
        return in_range
    powers = in_range * xp.where(ratio > cut, ratio, xp.ones_like(ratio)) ** (q - 1)
    norm = _power_norm(powers, q / (q - 1))
    return powers / xp.where(norm > 0, norm, xp.ones_like(norm))[..., None]


def _decomposed(x: Array, q: float, cut: float) -> tuple[Array, Array, Array, Array]:
    """Return ``‖x‖_q``, ``D_p(x)``, singular values and weights from the SVD."""
    u, s, vh = thin_svd(x)
    weights = _direction_weights(s, q, cut)
    return _power_norm(s, q), (u * weights[..., None, :]) @ vh, s, weights


def _norm_and_map(
    m: Array, q: float, settings: Settings = EXACT, check: Callable[[], object] = _unchecked
) -> tuple[Array, Array]:
    """Return ``(‖m‖_q, D_p(m))`` from one decomposition; ``check`` refuses entries that are not finite."""
    if settings.method in POLAR_SCHEDULES:
        return _norm(m, q, check=check), polynomial_polar(m, polar_schedule(settings.method), check_finite=False)
    xp = array_namespace(m)
    chosen = SVD if q == 2 else method_for(m, q, settings.method)
    if chosen != SVD:
        norm, direction, *_ = guarded_norm_and_map(m, q, chosen, settings.tolerance, check)
        return norm, direction
    check()
    scale = largest_entry(m)
    scaled = m / scale
    if q == 2:
        norm = xp.sqrt(xp.sum(scaled * scaled, axis=(-2, -1), keepdims=True))
        safe = xp.where(norm > 0, norm, xp.ones_like(norm))
        return (scale * norm)[..., 0, 0], scaled / safe
    cut = resolution(m)
    norm, direction = by_slice_kind(
        scaled,
        diagonal=lambda d: _of_diagonal(d, q, cut, m.shape[-2:])[:2],
        general=lambda x: _decomposed(x, q, cut)[:2],
    )
    return scale[..., 0, 0] * norm, direction


def _of_diagonal(d: Array, q: float, cut: float, shape: tuple[int, int]) -> tuple[Array, Array, Array]:
    """Return ``‖diag(d)‖_q``, the direction, and its weights, NumPy only."""
    s = np.abs(d)
    weights = _direction_weights(s, q, cut)
    return _power_norm(s, q), from_diagonal(np.sign(d) * weights, shape), weights


def guarded_norm_and_map(
    m: np.ndarray, q: float, chosen: int, tolerance: float | None, check: Callable[[], object]
) -> tuple[np.ndarray, ...]:
    """Return ``‖m‖_q``, ``D_p(m)``, and per slice an error bound and the method, NumPy only."""
    cut = resolution(m)

    def diagonal(d: np.ndarray) -> tuple[np.ndarray, ...]:
        norm, direction, weights = _of_diagonal(d, q, cut, m.shape[-2:])
        return norm, direction, *diagonal_certificate(np.abs(d), weights, q, cut)

    with borrowed_workspace() as workspace:
        attempts = map_attempts(m.shape[-2:], q, chosen, tolerance, lambda y: _decomposed(y, q, cut), workspace)
        return by_attempts(m, attempts, diagonal=diagonal, is_size=(True, False, False, False), check=check)


def duality_map(
    m: Array, p: object, method: str = "auto", tolerance: float | None = None, *, check_finite: bool = True
) -> Array:
    """Return the duality map ``D_p(m) = argmax{<m, D> : ‖D‖_p ≤ 1}`` of each matrix.

    The sign is that of the maximiser: ``<m, D_p(m)> = +‖m‖_q``; an optimizer subtracts it. For 1 < p < inf it is
    ``U diag(s^{q-1}) Vᵀ / ‖s‖_q^{q-1}``; p = inf gives the polar factor on the range (the maximiser of least norm),
    p = 1 the average over the top singular space. ``D_p(0) = 0``. Singular values up to ``max(m, n) eps`` times the
    largest count as zero; at p = 1 those within four times that distance of the largest count as equal to it.

    Parameters
    ----------
    m : array, shape (..., m, n), real floating
        Matrices, any unit.
    p : number, Fraction or str
        Exponent of the primal norm, in [1, inf].
    method : str
        ``"auto"`` chooses by shape and exponent, on NumPy arrays; other libraries decompose. ``"svd"`` decomposes.
        ``"gram"`` (p > 2) and ``"polynomial"`` (p = inf) are two faster ways, NumPy only. All give the same map: a
        matrix whose certificate does not meet the tolerance is decomposed. The name of a polar schedule
        (``POLAR_SCHEDULES``, p = inf) gives that inexact map, on every library, and certifies nothing.
    tolerance : float, optional
        Error in the Frobenius norm allowed beyond that of a decomposition; by default as much again as that error.
    check_finite : bool
        Whether to refuse NaN and infinite entries. Under ``jax.jit`` values are unknown and not checked.

    Returns
    -------
    array, shape (..., m, n)
        Unit 1, dtype of ``m``. Every matrix has the same bits alone and in a stack.

    Raises
    ------
    ExponentError, UnknownNameError, ParameterError
        If p is not in [1, inf], the method has no such name or is not one of this exponent, or the tolerance is not
        positive.
    NonFiniteError, DTypeError, ShapeError
        If ``m`` does not hold finite real float32 or float64 matrices, or the method needs NumPy arrays.

    Scaling
    -------
    ``D_p(c m) = sign(c) D_p(m)`` over the whole floating-point range.
    ``D_p(Q m R) = Q D_p(m) R`` for orthogonal Q, R; ``D_p(mᵀ) = D_p(m)ᵀ``; zero padding pads the result.

    Source
    ------
    D1 in docs/theory/geometry.md.

    Examples
    --------
    >>> import numpy as np
    >>> duality_map(np.diag([3.0, -4.0]), "inf")
    array([[ 1.,  0.],
           [ 0., -1.]])
    >>> duality_map(np.diag([3.0, 4.0]), 2)
    array([[0.6, 0. ],
           [0. , 0.8]])
    """
    exponent = check_exponent("duality_map", p)
    settings = check_settings("duality_map", exponent, method, tolerance)
    check = _checking("duality_map", "m", m, check_finite)
    if settings.method in POLAR_SCHEDULES:
        check()
        return polynomial_polar(m, polar_schedule(settings.method), check_finite=False)
    return _norm_and_map(m, dual_exponent(exponent), settings, check)[1]


@dataclass(frozen=True, slots=True)
class SchattenGeometry:
    """The geometry of the Schatten norm S_p: the ℓ_p norm of the singular values.

    Parameters
    ----------
    p : number, Fraction or str
        Exponent of the primal norm, in [1, inf].
    method : str
        How duality maps are computed, see :func:`duality_map`.
    tolerance : float, optional
        Error of maps, and relative error of norms, allowed beyond that of a decomposition, see :func:`duality_map` and
        :func:`schatten_norm`.

    Raises
    ------
    ExponentError, UnknownNameError, ParameterError
        If p, the method or the tolerance is refused.

    Source
    ------
    D1 in docs/theory/geometry.md.

    Examples
    --------
    >>> SchattenGeometry("inf").q
    1.0
    """

    p: float
    method: str = field(default="auto", kw_only=True)
    tolerance: float | None = field(default=None, kw_only=True)

    if TYPE_CHECKING:  # the exponent is a float from then on

        def __init__(self, p: Exponent, *, method: str = "auto", tolerance: float | None = None) -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", check_exponent("SchattenGeometry", self.p))
        settings = check_settings("SchattenGeometry", self.p, self.method, self.tolerance)
        object.__setattr__(self, "tolerance", settings.tolerance)

    @property
    def q(self) -> float:
        """Return the exponent of the dual norm."""
        return dual_exponent(self.p)

    @property
    def label(self) -> str:
        """Return the spelling of this geometry in tables and file names."""
        return exponent_label(self.p)

    @property
    def is_inexact(self) -> bool:
        """Return whether directions come from a polar schedule, which does not converge to the duality map."""
        return self.method in POLAR_SCHEDULES

    def with_tolerance(self, tolerance: float | None) -> Self:
        """Return this geometry with another tolerance; a subclass keeps what else it holds."""
        checked = check_settings(f"{type(self).__name__}.with_tolerance", self.p, self.method, tolerance)
        changed = object.__new__(type(self))
        for name in (slot for base in type(self).__mro__ for slot in getattr(base, "__slots__", ())):
            object.__setattr__(changed, name, getattr(self, name))
        object.__setattr__(changed, "tolerance", checked.tolerance)
        return changed

    def norm(self, x: Array, *, check_finite: bool = True) -> Array:
        """Return the primal norm ``‖x‖_p``, shape (...)."""
        check = _checking("SchattenGeometry.norm", "x", x, check_finite)
        return _norm(x, self.p, self._settings, check)

    def dual_norm(self, g: Array, *, check_finite: bool = True) -> Array:
        """Return the dual norm ``‖g‖_q``, shape (...): the stationarity measure when g is a gradient."""
        check = _checking("SchattenGeometry.dual_norm", "g", g, check_finite)
        return _norm(g, self.q, self._settings, check)

    def duality_map(self, m: Array, *, check_finite: bool = True) -> Array:
        """Return ``D_p(m)``, see :func:`duality_map`."""
        check = _checking("SchattenGeometry.duality_map", "m", m, check_finite)
        if self.is_inexact:  # its norm would cost a decomposition
            check()
            return polynomial_polar(m, polar_schedule(self.method), check_finite=False)
        return _norm_and_map(m, self.q, self._settings, check)[1]

    def dual_norm_and_map(self, m: Array, *, check_finite: bool = True) -> tuple[Array, Array]:
        """Return ``(‖m‖_q, D_p(m))``, from one decomposition where one is made."""
        check = _checking("SchattenGeometry.dual_norm_and_map", "m", m, check_finite)
        return _norm_and_map(m, self.q, self._settings, check)

    @property
    def _settings(self) -> Settings:
        return Settings(self.method, self.tolerance)
