"""Minibatch gradient differences of the digits network: one block, at its random start."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from schattor_theory.checks import check_choice, check_integer, fail
from schattor_theory.errors import ParameterError, ShapeError

from ..family import matrix_shape, read_only
from ..problems import PROBLEMS
from .norms import gram, mean_of_powers, norms, spectral_norms
from .record import MOST_ATOMS, Law, MartingaleFamily, MatrixMartingale, Weight, check_scale

__all__ = ["BLOCKS", "FAMILY", "DigitsNetworkMartingale"]

BLOCKS = ("hidden", "hidden_bias", "output", "output_bias")


@dataclass(frozen=True, eq=False, kw_only=True)
class DigitsNetworkMartingale(MatrixMartingale):
    """``Z_i`` is the gradient of a batch of B images, drawn with replacement, minus that of all N; one block.

    The law of one image is finite, so covariances are exact for every B, moments of a difference for B = 1.

    Attributes
    ----------
    atoms : array, shape (N, m, n)
        Gradient of each image minus the mean gradient, times the scale.
    batch_size : int
        B.
    """

    atoms: np.ndarray
    batch_size: int

    name = "digits_network"
    summary = "minibatch gradient differences of the digits network, one block."
    why_not_exact = "the law of a batch of several images, or of a sum of steps, has too many atoms to enumerate."

    def __post_init__(self) -> None:
        object.__setattr__(self, "atoms", read_only(self.atoms))

    def _steps(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        return self._means(rng, (trials, self.n_steps), self.batch_size)

    def _sums(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        return self._means(rng, (trials,), self.batch_size * self.n_steps)

    def _means(self, rng: np.random.Generator, size: tuple[int, ...], n_images: int) -> np.ndarray:
        """Return sums over ``n_images`` random images, divided by the batch size."""
        n_atoms, rows = len(self.atoms), int(np.prod(size, dtype=int))
        images = rng.integers(0, n_atoms, size=(rows, n_images))
        counts = np.zeros((rows, n_atoms))
        np.add.at(counts, (np.arange(rows)[:, None], images), 1.0)
        return (counts @ self.atoms.reshape(n_atoms, -1) / self.batch_size).reshape(*size, *self.shape)

    def _step_moments(self, q: float, order: float, weight: Weight | None) -> float | None:
        if self.batch_size > 1:
            if weight is None and q == order == 2:
                return float(np.trace(self._covariance("left"))) / self.n_steps
            return None
        sizes = self._norms(q) if weight is None else norms(weight.apply(self.atoms), q)
        return mean_of_powers(np.full(len(sizes), 1 / len(sizes)), sizes, order)

    @cached_property
    def _singular_values(self) -> np.ndarray:
        return np.linalg.svd(self.atoms, compute_uv=False)

    def _norms(self, q: float) -> np.ndarray:
        return spectral_norms(self._singular_values, q)

    def _covariance(self, side: str) -> np.ndarray:
        return self._covariances[side] * (self.n_steps / self.batch_size)

    @cached_property
    def _covariances(self) -> dict[str, np.ndarray]:
        return {side: gram(self.atoms, side).mean(axis=0) for side in ("left", "right")}

    def paths(self) -> Law | None:
        n = len(self.atoms)
        if self.batch_size > 1 or not self._can_list(n, self.n_steps):
            return None
        index = np.array(list(itertools.product(range(n), repeat=self.n_steps)))
        return np.full(len(index), 1 / len(index)), self.atoms[index]

    def outcomes(self) -> Law | None:
        n, total = len(self.atoms), self.n_steps * self.batch_size
        if float(n) ** min(total, 13) > MOST_ATOMS:  # 1 ** total is 1, and 2 ** 13 is too many
            return None
        index = np.array(list(itertools.product(range(n), repeat=total)))
        return np.full(len(index), 1 / len(index)), self.atoms[index].sum(axis=1) / self.batch_size

    def _ceiling(self, q: float) -> float:
        return self.n_steps * float(self._norms(q).max())


def build(
    shape: Any = None,
    n_steps: int = 16,
    *,
    scale: float = 1.0,
    rng: np.random.Generator | None = None,
    block: str = "output",
    batch_size: int = 1,
    width: int = 32,
    n_samples: int | None = None,
) -> DigitsNetworkMartingale:
    """Return ``scale`` times the gradient differences of one block, at a random start from ``rng``."""
    call = "digits_network"
    n_steps = check_integer(call, "n_steps", n_steps, minimum=1)
    scale = check_scale(call, scale)
    check_choice(call, "block", block, BLOCKS)
    batch_size = check_integer(call, "batch_size", batch_size, minimum=1)
    if rng is None:
        fail(ParameterError, call, "rng", "be a generator", rng, "The start is random: Streams(seed).generator(role).")
    problem = PROBLEMS["digits_network"].build(None, None, rng=rng, width=width, n_samples=n_samples)
    dictated = problem.start[block].shape
    if shape is not None and matrix_shape(call, shape) != dictated:
        fail(ShapeError, call, "shape", f"be None or {dictated}", shape, "The block dictates it.")
    each = np.arange(problem.n_samples)[:, None]
    point = {b: np.broadcast_to(x, (len(each), *x.shape)) for b, x in problem.start.items()}
    gradients = problem.minibatch_gradient(point, each)[block]
    return DigitsNetworkMartingale(
        shape=dictated,
        n_steps=n_steps,
        atoms=scale * (gradients - gradients.mean(axis=0)),
        batch_size=batch_size,
    )


FAMILY = MartingaleFamily(
    "digits_network",
    "minibatch gradient differences of the digits network, one block",
    build,
    {
        "block": "hidden, hidden_bias, output or output_bias",
        "batch_size": "images in a batch",
        "width": "number of hidden units",
        "n_samples": "number of images, all 1797 when left out",
    },
)
