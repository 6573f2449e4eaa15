"""Multinomial logistic regression on the digits: convex, real data, a proved upper bound of the smoothness."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from schattor_theory.arrays import Array
from schattor_theory.checks import check_nonnegative, fail
from schattor_theory.errors import ParameterError
from schattor_theory.geometry import dual_exponent

from ..family import Family, no_held_constant, one_exponent, product_of, read_only
from ..spectra import lp_norm
from .digits import N_CLASSES, N_FEATURES, check_shapes, class_errors, cross_entropy, digits_data
from .record import Problem, paired_smoothness

__all__ = ["FAMILY", "DigitsLogistic"]

_WEIGHTS, _BIAS = (N_FEATURES, N_CLASSES), (N_CLASSES, 1)


@dataclass(frozen=True, eq=False, kw_only=True)
class DigitsLogistic(Problem):
    """Mean cross-entropy of ``softmax(Wᵀ x + b)`` plus ``½ l2 (‖W‖_F² + |b|²)``, started at 0.

    Rows of W (64, 10) are pixels, columns classes. Without a bias the parameters are the array W, with it the dict
    ``weights`` (64, 10), ``bias`` (10, 1). The lower bound is 0, not the minimum: the initial gap log 10 is an upper
    bound of ``f(X_0) - inf f``.

    Attributes
    ----------
    images, classes : array, shapes (N, 64) and (N,)
        The data.
    l2 : float
        Weight of the quadratic term, unit F/X².
    has_bias : bool
        Whether there is a bias block.
    """

    images: np.ndarray
    classes: np.ndarray
    l2: float = 0.0
    has_bias: bool = False

    name: ClassVar[str] = "digits_logistic"
    constants: ClassVar[str] = "upper"
    lower_bound: ClassVar[float] = 0.0

    @property
    def n_samples(self) -> int:
        return len(self.images)

    @property
    def start(self) -> Any:
        w = read_only(np.zeros(_WEIGHTS))
        return {"weights": w, "bias": read_only(np.zeros(_BIAS))} if self.has_bias else w

    def value(self, x: Any) -> Array:
        w, b = self._parts(x)
        fit = cross_entropy(_logits(self.images.astype(w.dtype, copy=False), w, b), self.classes)
        squares = (w * w).sum(axis=(-2, -1)) + (0.0 if b is None else (b * b).sum(axis=(-2, -1)))
        return fit + 0.5 * self.l2 * squares

    def gradient(self, x: Any) -> Any:
        return self._gradient(x, self.images, self.classes)

    def minibatch_gradient(self, x: Any, indices: np.ndarray) -> Any:
        """Return the gradient of the mean over the samples ``indices`` (..., B), a row for each point of the stack."""
        return self._gradient(x, self.images[indices], self.classes[indices])

    def _parts(self, x: Any) -> tuple[np.ndarray, np.ndarray | None]:
        return (x["weights"], x["bias"]) if self.has_bias else (x, None)

    def _gradient(self, x: Any, images: np.ndarray, classes: np.ndarray) -> Any:
        w, b = self._parts(x)
        images = images.astype(w.dtype, copy=False)
        errors = class_errors(_logits(images, w, b), classes)
        grad_w = np.swapaxes(images, -1, -2) @ errors + self.l2 * w
        if b is None:
            return grad_w
        return {"weights": grad_w, "bias": errors.sum(axis=-2)[..., None] + self.l2 * b}

    @cached_property
    def _second_moments(self) -> np.ndarray:
        """Return the nine largest eigenvalues of ``C = Σ x xᵀ/N``; the centring matrix has nine 1 and one 0."""
        return np.linalg.eigvalsh(self.images.T @ self.images / len(self.images))[::-1][: N_CLASSES - 1]

    def smoothness(self, geometry: Any) -> float:
        """Return an upper bound of L.

        The Hessian of the cross-entropy in the logits is below half the centring matrix J of the ten classes (Böhning,
        1992), so the quadratic form is at most ``½<D, C D J>``: T9 with P = C, Q = J. A bias adds its own direction by
        the triangle inequality, and the quadratic term T9's constant of the identity.
        """
        if not self.has_bias:
            p = one_exponent("DigitsLogistic.smoothness", geometry)
            ridge = self.l2 * paired_smoothness(np.ones(N_CLASSES), p)
            return 0.5 * paired_smoothness(self._second_moments, p) + ridge
        product = product_of("DigitsLogistic.smoothness", geometry, self.start)
        radii, p = product.radii, product.exponents["weights"]
        # (1/N) Σ |J(D_wᵀx + d_b)|² <= (a‖D_w‖ + ‖d_b‖)², a² the constant of the weights; then Hölder over the blocks
        reach = [paired_smoothness(self._second_moments, p) ** 0.5 * radii["weights"], radii["bias"]]
        ridges = [radii["weights"] ** 2 * paired_smoothness(np.ones(N_CLASSES), p), radii["bias"] ** 2]
        fit = 0.5 * lp_norm(reach, dual_exponent(product.balance)) ** 2
        return fit + self.l2 * paired_smoothness(np.array(ridges), product.balance)


def _logits(images: np.ndarray, w: np.ndarray, b: np.ndarray | None) -> Array:
    logits = images @ w
    return logits if b is None else logits + np.swapaxes(b, -1, -2)


def build(
    shape: Any = None,
    geometry: Any = None,
    *,
    smoothness: float | None = None,
    initial_gap: float | None = None,
    rng: np.random.Generator | None = None,
    l2: float = 0.0,
    bias: bool = False,
    n_samples: int | None = None,
) -> DigitsLogistic:
    """Return logistic regression on the digits; smoothness and gap are the data's own."""
    call = "digits_logistic"
    way_out = 'The data dictates it; for chosen constants take "quadratic" or "saturating".'
    no_held_constant(call, way_out, smoothness=smoothness, initial_gap=initial_gap)
    if not isinstance(bias, bool):
        fail(ParameterError, call, "bias", "be true or false", bias)
    check_shapes(call, shape, {"weights": _WEIGHTS, "bias": _BIAS} if bias else _WEIGHTS)
    images, classes = digits_data(call, n_samples)
    problem = DigitsLogistic(images=images, classes=classes, l2=check_nonnegative(call, "l2", l2), has_bias=bias)
    if geometry is not None:
        problem.smoothness(geometry)  # refuses a geometry that does not fit
    return problem


FAMILY = Family(
    "digits_logistic",
    "multinomial logistic regression on 8×8 digits: convex, upper bound of the smoothness",
    build,
    {
        "l2": "weight of the quadratic term",
        "bias": "whether there is a bias block",
        "n_samples": "number of images, all 1797 when left out",
    },
)
