"""Smoothness seen along a run, for objectives without a known constant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from schattor_theory.arrays import Array
from schattor_theory.checks import check_integer, check_positive, fail
from schattor_theory.errors import ParameterError, ShapeError
from schattor_theory.geometry import as_geometry

__all__ = ["SecantSmoothness", "secant_smoothness"]


@dataclass(frozen=True, slots=True)
class SecantSmoothness:
    """The largest gradient ratios seen; each is a *lower* bound of L, unit F/X².

    Attributes
    ----------
    along_path : float
        Largest ``‖∇f(X_{k+1}) - ∇f(X_k)‖_q/‖X_{k+1} - X_k‖_p``.
    in_directions : float
        Largest such ratio over short steps from the iterates: along the gradient's duality map, in random directions,
        and in the directions these are turned into by the Hessian (a power iteration). 0 without directions.
    n_secants, n_directions : int
        How many ratios each number is the largest of.
    """

    along_path: float
    in_directions: float
    n_secants: int
    n_directions: int

    @property
    def value(self) -> float:
        """Return the larger of the two."""
        return max(self.along_path, self.in_directions)

    def to_dict(self) -> dict[str, float | int]:
        """Return the fields and the value."""
        return asdict(self) | {"value": self.value}


def secant_smoothness(
    problem: Any,
    path: Any,
    geometry: Any,
    *,
    rng: np.random.Generator | None = None,
    n_directions: int = 0,
    n_power_steps: int = 3,
    step: float = 1e-4,
) -> SecantSmoothness:
    """Return the smoothness that a path of iterates shows in a geometry.

    A secant ratio never exceeds L, so the result is an estimate from below: a bound computed with it is labelled
    estimated, and never *holds*.

    Parameters
    ----------
    problem : Problem
        Only ``gradient`` is used.
    path : array (K, m, n), dict of such arrays, or sequence of points
        Iterates, in order. Consecutive equal points are left out.
    geometry : exponent, SchattenGeometry or ProductGeometry
        Its norm measures steps, its dual norm gradients.
    rng : numpy.random.Generator, optional
        Draws the directions; needed when ``n_directions > 0``.
    n_directions : int
        Random directions at each iterate.
    n_power_steps : int
        Times a direction is replaced by the duality map of its Hessian product.
    step : float
        Length of the finite differences, in the primal norm, unit X.

    Raises
    ------
    ShapeError, ParameterError
        For a path of fewer than two points, or directions without a generator.
    """
    call = "secant_smoothness"
    geometry = as_geometry(geometry)
    n_directions = check_integer(call, "n_directions", n_directions, minimum=0)
    step = check_positive(call, "step", step)
    points = _stacked(call, path)
    gradients = problem.gradient(points)
    along = _ratios(geometry, _tree(_along, gradients), _tree(_along, points))
    best, n_seen = 0.0, 0
    if n_directions and rng is None:
        fail(ParameterError, call, "rng", "be a generator when n_directions > 0", rng, "Streams(seed).generator(role).")
    for i in range(n_directions):
        direction = _tree(lambda x: rng.standard_normal(x.shape), points) if i else gradients  # type: ignore[union-attr]
        for _ in range(1 + check_integer(call, "n_power_steps", n_power_steps, minimum=0)):
            direction = geometry.duality_map(direction)
            shifted = problem.gradient(_tree(lambda x, d: x + step * d, points, direction))
            change = _tree(lambda g, h: (g - h) / step, shifted, gradients)
            ratios = geometry.dual_norm(change) / _safe(geometry.norm(direction))
            best, n_seen = max(best, float(np.max(ratios))), n_seen + ratios.size
            direction = change
    return SecantSmoothness(float(along.max(initial=0.0)), best, int(along.size), n_seen)


def _stacked(call: str, path: Any) -> Any:
    if isinstance(path, Sequence):
        if path and isinstance(path[0], Mapping):
            path = {b: np.stack([point[b] for point in path]) for b in path[0]}
        else:
            path = np.stack([np.asarray(point) for point in path]) if path else np.zeros((0, 1, 1))
    lengths = {len(x) for x in path.values()} if isinstance(path, Mapping) else {len(path)}
    if len(lengths) != 1 or min(lengths) < 2:
        fail(ShapeError, call, "path", "hold at least two points", sorted(lengths), "Record more iterates.")
    return path


def _ratios(geometry: Any, gradient_steps: Any, steps: Any) -> Array:
    lengths = np.asarray(geometry.norm(steps))
    return np.asarray(geometry.dual_norm(gradient_steps))[lengths > 0] / lengths[lengths > 0]


def _safe(norms: Any) -> np.ndarray:
    return np.where(np.asarray(norms) > 0, norms, 1.0)


def _along(x: np.ndarray) -> np.ndarray:
    return np.diff(x, axis=0)


def _tree(function: Any, *blocks: Any) -> Any:
    """Return ``function`` of arrays, or block by block."""
    if isinstance(blocks[0], Mapping):
        return {b: function(*(x[b] for x in blocks)) for b in blocks[0]}
    return function(*blocks)
