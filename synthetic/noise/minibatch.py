"""Minibatch noise of a data problem: ``Z = ∇f_batch - ∇f``, samples drawn with replacement."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from schattor_theory.assumptions import MomentShape, NotApplicable
from schattor_theory.checks import check_choice, check_in_interval, check_integer, fail
from schattor_theory.errors import ParameterError
from schattor_theory.geometry import Geometry, ProductGeometry, as_geometry, dual_exponent, schatten_norm

from ..estimates import Estimate, student_t_mean
from ..family import Family, no_held_constant
from ..seeds import Streams
from .record import Draws, Noise

__all__ = ["FAMILY", "MinibatchNoise", "minibatch_covariance_sigma", "minibatch_moment_sigma"]

_CHUNK_BYTES = 1 << 25
_REASON = "its sigma depends on the point: estimate it along the run with minibatch_moment_sigma"


@dataclass(frozen=True, eq=False, kw_only=True)
class MinibatchNoise(Noise):
    """The gradient of the mean over ``batch_size`` samples, drawn uniformly with replacement, minus the full gradient.

    The mean is zero exactly; the law depends on the point, so no constant is known in advance: see
    :func:`minibatch_moment_sigma` and :func:`minibatch_covariance_sigma`.

    Attributes
    ----------
    n_samples, batch_size : int
        Size of the data set and of a batch.
    """

    n_samples: int
    batch_size: int

    name: ClassVar[str] = "minibatch"
    conditionally_symmetric: ClassVar[bool] = False
    constants: ClassVar[str] = "estimated"

    def draw(self, streams: Streams, n_steps: int) -> dict[str, np.ndarray]:
        """Return the indices of the samples, shape (n_steps, batch_size)."""
        n_steps = check_integer("MinibatchNoise.draw", "n_steps", n_steps, minimum=0)
        shape = (n_steps, self.batch_size)
        return {"indices": streams.generator("data").integers(0, self.n_samples, size=shape, dtype=np.int64)}

    def realise(self, draws: Draws, problem: Any, params: Any, gradient: Any) -> Any:
        if getattr(problem, "n_samples", None) != self.n_samples:
            got = getattr(problem, "n_samples", type(problem).__name__)
            fail(ParameterError, "MinibatchNoise.realise", "problem", f"have {self.n_samples} samples", got)
        batch = problem.minibatch_gradient(params, draws["indices"])
        if isinstance(gradient, Mapping):
            return {b: batch[b] - gradient[b] for b in gradient}
        return batch - gradient

    def moment_sigma(self, p: Any, moment_order: float = 2) -> None:
        """Return None: it depends on the point."""

    def covariance_sigma(self, p: Any, side: str = "left") -> None:
        """Return None: it depends on the point."""

    def assumptions(self, p: Any) -> tuple[Any, ...]:
        """Return no record: no constant is known in advance."""
        return ()

    def why_not(self, assumption: str, p: Any) -> str:
        return _REASON

    def moment_shape(self, p: Any) -> MomentShape | NotApplicable:
        return NotApplicable(f"minibatch: {_REASON}")


def minibatch_moment_sigma(
    problem: Any,
    params: Any,
    geometry: Any,
    *,
    batch_size: int,
    rng: np.random.Generator,
    moment_order: float = 2.0,
    n_draws: int = 1000,
    level: float = 0.95,
) -> Estimate:
    """Return ``(E‖Z‖_*^α)^{1/α}`` of the minibatch noise at one point, with its interval, unit F/X.

    A Student-t interval of the mean of ``‖Z‖_*^α``, which is bounded at a given point, taken to the power 1/α.

    Parameters
    ----------
    problem : Problem
        With ``n_samples`` and ``minibatch_gradient``.
    params : array (m, n) or dict of blocks
        The point.
    geometry : exponent, SchattenGeometry or ProductGeometry
        Its dual norm measures Z.
    batch_size, n_draws : int
        Size of a batch, and number of batches drawn.
    rng : numpy.random.Generator
        Draws the batches.
    moment_order : float
        α in [1, 2].
    level : float
        Two-sided confidence level.
    """
    call = "minibatch_moment_sigma"
    order = check_in_interval(call, "moment_order", moment_order, 1, 2)
    n_draws = check_integer(call, "n_draws", n_draws, minimum=2)
    size = check_integer(call, "batch_size", batch_size, minimum=1)
    geometry = as_geometry(geometry)
    indices = rng.integers(0, problem.n_samples, size=(n_draws, size), dtype=np.int64)
    full = problem.gradient(params)
    powers = [
        np.asarray(geometry.dual_norm(_tree(np.subtract, batch, full))) ** order
        for batch in _gradients(problem, params, indices)
    ]
    mean = student_t_mean(np.concatenate(powers), level=level)
    value, low, high = (max(0.0, end) ** (1 / order) for end in (mean.value, mean.low, mean.high))
    return Estimate(value, low, high, level, n_draws, f"{mean.method} of the {order:g}th moment")


def minibatch_covariance_sigma(
    problem: Any, params: Any, geometry: Any, *, batch_size: int, side: str = "left"
) -> float | dict[str, float]:
    """Return ``‖(E ZZᵀ)^{1/2}‖_q`` of the minibatch noise at one point, exactly, from all samples; unit F/X.

    For a product geometry each block has its own. A run obeys N2 with the norm of one Σ above all the points it visits.

    Parameters
    ----------
    problem, params, geometry, batch_size
        As in :func:`minibatch_moment_sigma`.
    side : {"left", "right"}
        ``E ZZᵀ`` or ``E ZᵀZ``.
    """
    call = "minibatch_covariance_sigma"
    size = check_integer(call, "batch_size", batch_size, minimum=1)
    check_choice(call, "side", side, ("left", "right"))
    geometry = as_geometry(geometry)
    full = problem.gradient(params)
    root: Any = None
    for batch in _gradients(problem, params, np.arange(problem.n_samples)[:, None]):
        rows = _tree(lambda g, mean: _rows(g - mean, side), batch, full)
        root = _tree(_triangle, rows if root is None else _tree(lambda *parts: np.concatenate(parts), root, rows))
    scale = float((problem.n_samples * size) ** -0.5)
    if isinstance(geometry, ProductGeometry):
        return {b: scale * float(schatten_norm(root[b], dual_exponent(p))) for b, p in geometry.exponents.items()}
    return scale * float(schatten_norm(root, dual_exponent(geometry.p)))


def _rows(z: np.ndarray, side: str) -> np.ndarray:
    """Return the matrix A of stacked columns (left) or rows (right) of the z_k, for which ``AᵀA = Σ_k z_k z_kᵀ``."""
    z = np.swapaxes(z, -1, -2) if side == "left" else z
    return np.ascontiguousarray(z).reshape(-1, z.shape[-1])


def _triangle(rows: np.ndarray) -> np.ndarray:
    """Return the triangular R with ``RᵀR = AᵀA``.

    numerics: eigenvalues of AᵀA would put rounding noise of size ``sqrt(eps)`` on singular values that are zero.
    """
    return np.asarray(np.linalg.qr(rows, mode="r"))


def _gradients(problem: Any, params: Any, indices: np.ndarray) -> Iterator[Any]:
    """Yield the minibatch gradients of the rows of ``indices`` at one point, a chunk at a time."""
    leaves = params.values() if isinstance(params, Mapping) else [params]
    rows = max(1, _CHUNK_BYTES // (8 * sum(x.size for x in leaves) * max(1, math.ceil(indices.shape[1] / 8))))
    for start in range(0, len(indices), rows):
        part = indices[start : start + rows]
        point = _tree(lambda x, k=len(part): np.broadcast_to(x, (k, *x.shape)), params)
        yield problem.minibatch_gradient(point, part)


def _tree(function: Any, *blocks: Any) -> Any:
    if isinstance(blocks[0], Mapping):
        return {b: function(*(x[b] for x in blocks)) for b in blocks[0]}
    return function(*blocks)


def build(
    shape: Any = None,
    geometry: Geometry | Any = None,
    *,
    sigma: float | None = None,
    moment_order: float | None = None,
    rng: np.random.Generator | None = None,
    batch_size: int = 32,
    n_samples: int = 1797,
) -> MinibatchNoise:
    """Return the minibatch noise of a problem with ``n_samples`` samples; sigma is the data's own."""
    call = "minibatch"
    no_held_constant(call, 'The data dictates it; for a chosen sigma take "fixed_signs".', sigma=sigma)
    if moment_order is not None:
        check_in_interval(call, "moment_order", moment_order, 1, 2)
    return MinibatchNoise(
        n_samples=check_integer(call, "n_samples", n_samples, minimum=1),
        batch_size=check_integer(call, "batch_size", batch_size, minimum=1),
    )


FAMILY = Family(
    "minibatch",
    "minibatch noise of a data problem, samples with replacement; sigma estimated",
    build,
    {"batch_size": "samples in a batch", "n_samples": "size of the data set, as in the problem"},
)
