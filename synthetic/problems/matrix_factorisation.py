"""Matrix factorisation: ``f(U, V) = ½‖U Vᵀ - A‖_F²`` on the blocks ``u`` and ``v``; not globally smooth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from schattor_theory.arrays import Array
from schattor_theory.checks import check_integer, check_positive, fail
from schattor_theory.errors import ParameterError

from ..family import Family, matrix_shape, no_held_constant, product_of, read_only
from ..spectra import lp_norm, spectrum
from .record import Problem, diagonal_matrix, paired_smoothness

__all__ = ["FAMILY", "MatrixFactorisation"]


@dataclass(frozen=True, eq=False, kw_only=True)
class MatrixFactorisation(Problem):
    """``f(U, V) = ½‖U Vᵀ - A‖_F²``.

    The Hessian grows with U and V, so A2 holds on a ball only. With ``radius`` B, :meth:`smoothness` is a valid (not
    the least) constant where ``‖U‖_inf, ‖V‖_inf <= B``; a run has to be checked with :meth:`is_in_domain`. Without a
    radius it is None.

    Attributes
    ----------
    target : array, shape (m, n)
        A.
    rank : int
        Columns k of U (m, k) and V (n, k).
    start : dict of arrays
        ``u`` and ``v`` at ``X_0``.
    radius : float or None
        B, unit X.
    """

    target: np.ndarray
    rank: int
    start: Mapping[str, np.ndarray]
    radius: float | None = None

    name: ClassVar[str] = "matrix_factorisation"
    constants: ClassVar[str] = "upper"

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", read_only(self.target))
        object.__setattr__(self, "start", {b: read_only(x) for b, x in self.start.items()})

    @property
    def lower_bound(self) -> float:
        """Return the minimum, half the squares of A's singular values beyond the rank (Eckart and Young)."""
        return 0.5 * float((np.linalg.svd(self.target, compute_uv=False)[self.rank :] ** 2).sum())

    def _residual(self, x: Mapping[str, np.ndarray]) -> Array:
        return x["u"] @ np.swapaxes(x["v"], -1, -2) - self.target.astype(x["u"].dtype, copy=False)

    def value(self, x: Mapping[str, np.ndarray]) -> Array:
        return 0.5 * (self._residual(x) ** 2).sum(axis=(-2, -1))

    def gradient(self, x: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        residual = self._residual(x)
        return {"u": residual @ x["v"], "v": np.swapaxes(residual, -1, -2) @ x["u"]}

    def smoothness(self, geometry: Any) -> float | None:
        """Return an upper bound of L on the ball, ``(3B² + ‖A‖_inf) C²``, or None without a radius.

        With ``S = (D_u Vᵀ + U D_vᵀ)`` the Hessian form is ``<S, S'> + <U Vᵀ - A, D_u D_v'ᵀ + D_u' D_vᵀ>``, at most
        ``(2B² + B² + ‖A‖_inf)`` times the Euclidean norms; C is the largest Euclidean norm in the geometry's unit ball.
        """
        product = product_of("MatrixFactorisation.smoothness", geometry, self.start)
        if self.radius is None:
            return None
        squares = []
        for b, p in product.exponents.items():
            # T8: ‖D‖_F <= r^{1/2-1/p}‖D‖_p for p > 2, that is sqrt of the p-smoothness of ½‖D‖_F² on r values
            flat = np.ones(min(self.start[b].shape))
            squares.append(product.radii[b] ** 2 * paired_smoothness(flat, p))
        largest = lp_norm(np.linalg.svd(self.target, compute_uv=False), float("inf"))
        return (3 * self.radius**2 + largest) * paired_smoothness(np.array(squares), product.balance)

    def is_in_domain(self, x: Mapping[str, np.ndarray]) -> Array:
        """Return whether each point lies where :meth:`smoothness` is valid, shape (...)."""
        if self.radius is None:
            return np.zeros(np.shape(x["u"])[:-2], dtype=bool)
        norms = [np.linalg.norm(x[b], 2, axis=(-2, -1)) for b in ("u", "v")]
        return np.maximum(*norms) <= self.radius


def build(
    shape: Any,
    geometry: Any = None,
    *,
    smoothness: float | None = None,
    initial_gap: float | None = None,
    rng: np.random.Generator | None = None,
    rank: int = 2,
    weights: Any = "flat",
    decay: float = 1.0,
    floor: float = 0.01,
    start_scale: float = 0.1,
    radius: float | None = None,
) -> MatrixFactorisation:
    """Return the factorisation of an m×n diagonal matrix with this spectrum, from a start of size ``start_scale``."""
    call = "matrix_factorisation"
    m, n = matrix_shape(call, shape)
    way_out = 'It is not globally smooth. For exact constants take "quadratic" or "separable"; for a ball give radius.'
    no_held_constant(call, way_out, smoothness=smoothness, initial_gap=initial_gap)
    k = check_integer(call, "rank", rank, minimum=1)
    if geometry is not None:
        product_of(call, geometry, {"u": (m, k), "v": (n, k)})
    scale = check_positive(call, "start_scale", start_scale)
    if rng is None:
        fail(ParameterError, call, "rng", "be a generator", rng, "The start is random: Streams(seed).generator(role).")
    start = {"u": scale * rng.standard_normal((m, k)), "v": scale * rng.standard_normal((n, k))}
    values = spectrum(call, "weights", weights, min(m, n), decay=decay, floor=floor)
    ball = None if radius is None else check_positive(call, "radius", radius)
    return MatrixFactorisation(target=diagonal_matrix(values, (m, n)), rank=k, start=start, radius=ball)


FAMILY = Family(
    "matrix_factorisation",
    "½‖U Vᵀ - A‖_F²: smooth on balls only",
    build,
    {
        "rank": "number of columns of U and V",
        "weights": "singular values of A: flat, power, spike, one_hot, or min(m, n) numbers",
        "decay": "exponent of the power law",
        "floor": "small value of the spike",
        "start_scale": "standard deviation of the start's entries",
        "radius": "radius B of the ball of factors, spectral norm, on which a smoothness is given",
    },
)
