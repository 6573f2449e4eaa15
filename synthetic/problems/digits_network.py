"""A two-layer network on the digits: non-convex, real data, constants to be estimated along the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from schattor_theory.arrays import Array
from schattor_theory.checks import check_integer, check_nonnegative, fail
from schattor_theory.errors import ParameterError

from ..family import Family, no_held_constant, product_of, read_only
from .digits import N_CLASSES, N_FEATURES, check_shapes, class_errors, cross_entropy, digits_data
from .record import Problem

__all__ = ["FAMILY", "DigitsNetwork"]

Blocks = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False, kw_only=True)
class DigitsNetwork(Problem):
    """Mean cross-entropy of ``softmax(W_2 tanh(W_1 x + b_1) + b_2)``, plus ``½ l2`` times the squares of all blocks.

    Blocks are ``hidden`` (width, 64), ``hidden_bias`` (width, 1), ``output`` (10, width), ``output_bias`` (10, 1): rows
    are outputs. tanh is smooth, so A2 holds on bounded sets; there is no global constant: :meth:`smoothness` is None.
    Estimate it along a run with :func:`secant_smoothness`.

    Attributes
    ----------
    images, classes : array, shapes (N, 64) and (N,)
        The data.
    start : dict of arrays
        ``X_0``.
    l2 : float
        Weight of the quadratic term, unit F/X².
    """

    images: np.ndarray
    classes: np.ndarray
    start: Blocks
    l2: float = 0.0

    name: ClassVar[str] = "digits_network"
    constants: ClassVar[str] = "estimated"
    lower_bound: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", {b: read_only(x) for b, x in self.start.items()})

    @property
    def n_samples(self) -> int:
        return len(self.images)

    def value(self, x: Blocks) -> Array:
        images = self.images.astype(x["hidden"].dtype, copy=False)
        fit = cross_entropy(_logits(x, _hidden(x, images)), self.classes)
        return fit + 0.5 * self.l2 * sum((v * v).sum(axis=(-2, -1)) for v in x.values())

    def gradient(self, x: Blocks) -> dict[str, np.ndarray]:
        return self._gradient(x, self.images, self.classes)

    def minibatch_gradient(self, x: Blocks, indices: np.ndarray) -> dict[str, np.ndarray]:
        """Return the gradient of the mean over the samples ``indices`` (..., B), a row for each point of the stack."""
        return self._gradient(x, self.images[indices], self.classes[indices])

    def accuracy(self, x: Blocks) -> Array:
        """Return the share of images whose class has the largest logit, shape (...)."""
        guess = _logits(x, _hidden(x, self.images)).argmax(axis=-1)
        return (guess == self.classes).mean(axis=-1)

    def _gradient(self, x: Blocks, images: np.ndarray, classes: np.ndarray) -> dict[str, np.ndarray]:
        images = images.astype(x["hidden"].dtype, copy=False)
        hidden = _hidden(x, images)
        errors = class_errors(_logits(x, hidden), classes)
        back = (errors @ x["output"]) * (1.0 - hidden * hidden)
        fit = {
            "hidden": np.swapaxes(back, -1, -2) @ images,
            "hidden_bias": back.sum(axis=-2)[..., None],
            "output": np.swapaxes(errors, -1, -2) @ hidden,
            "output_bias": errors.sum(axis=-2)[..., None],
        }
        return {b: fit[b] + self.l2 * x[b] for b in x} if self.l2 else {b: fit[b] for b in x}

    def smoothness(self, geometry: Any) -> None:
        """Return None: no constant is valid on the whole space."""
        product_of("DigitsNetwork.smoothness", geometry, self.start)


def _hidden(x: Blocks, images: np.ndarray) -> Array:
    """Return ``tanh(W_1 x + b_1)`` of each image, shape (..., N, width)."""
    z = images @ np.swapaxes(x["hidden"], -1, -2)
    z += np.swapaxes(x["hidden_bias"], -1, -2)
    return np.tanh(z, out=z)


def _logits(x: Blocks, hidden: np.ndarray) -> np.ndarray:
    return hidden @ np.swapaxes(x["output"], -1, -2) + np.swapaxes(x["output_bias"], -1, -2)


def build(
    shape: Any = None,
    geometry: Any = None,
    *,
    smoothness: float | None = None,
    initial_gap: float | None = None,
    rng: np.random.Generator | None = None,
    width: int = 32,
    l2: float = 0.0,
    n_samples: int | None = None,
) -> DigitsNetwork:
    """Return the network of this width from a random start: weights N(0, 1/inputs), biases 0."""
    call = "digits_network"
    way_out = 'The data dictates it; for chosen constants take "separable".'
    no_held_constant(call, way_out, smoothness=smoothness, initial_gap=initial_gap)
    width = check_integer(call, "width", width, minimum=1)
    shapes = {
        "hidden": (width, N_FEATURES),
        "hidden_bias": (width, 1),
        "output": (N_CLASSES, width),
        "output_bias": (N_CLASSES, 1),
    }
    check_shapes(call, shape, shapes)
    if geometry is not None:
        product_of(call, geometry, shapes)
    if rng is None:
        fail(ParameterError, call, "rng", "be a generator", rng, "The start is random: Streams(seed).generator(role).")
    start = {
        b: np.zeros(size) if b.endswith("bias") else rng.standard_normal(size) / size[1] ** 0.5
        for b, size in shapes.items()
    }
    images, classes = digits_data(call, n_samples)
    return DigitsNetwork(images=images, classes=classes, start=start, l2=check_nonnegative(call, "l2", l2))


FAMILY = Family(
    "digits_network",
    "two-layer tanh network on 8×8 digits: non-convex, constants estimated",
    build,
    {
        "width": "number of hidden units",
        "l2": "weight of the quadratic term",
        "n_samples": "number of images, all 1797 when left out",
    },
)
