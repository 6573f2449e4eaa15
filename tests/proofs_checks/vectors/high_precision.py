"""The same answers by another road: mpmath's singular value decomposition, to 60 digits, with nothing proved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

DIGITS = 60


@contextmanager
def digits() -> Iterator[None]:
    """Compute with 60 digits inside the block."""
    with mpmath.workdps(DIGITS):
        yield


def exponent(p: str) -> Any:
    """Return an exponent to all digits."""
    return mpmath.inf if p == "inf" else mpmath.mpf(Fraction(p).numerator) / Fraction(p).denominator


def norm_and_map(matrix: mpmath.matrix, p: str) -> tuple[Any, mpmath.matrix]:
    """Return the dual norm and the duality map of a matrix that is not zero."""
    is_wide = matrix.rows < matrix.cols
    u, s, v = mpmath.svd_r(matrix.T if is_wide else matrix)
    cut = s[0] * mpmath.mpf(10) ** (5 - DIGITS)
    p = exponent(p)
    values = [x if x > cut else mpmath.mpf(0) for x in s]
    if p == 1:
        top = [1 if values[0] - x <= cut else 0 for x in values]
        norm, weights = values[0], [mpmath.mpf(t) / sum(top) for t in top]
    else:
        q = mpmath.mpf(1) if p == mpmath.inf else p / (p - 1)
        norm = sum(x**q for x in values if x) ** (1 / q)
        weights = [(x / norm) ** (q - 1) if x else mpmath.mpf(0) for x in values]
    direction = u * mpmath.diag(weights) * v
    return norm, direction.T if is_wide else direction


def simulated(parameters: Mapping[str, Any], inputs: Mapping[str, np.ndarray]) -> Iterator[mpmath.matrix]:
    """Yield the parameters after each step of a run of one matrix, by the textbook forms of its momentum."""
    number = mpmath.mpf
    mu, eta, decay = (number(parameters[name]) for name in ("momentum", "step_size", "weight_decay"))
    x = mpmath.matrix(inputs["params"])
    gradients = [mpmath.matrix(g) for g in inputs["gradients"]]
    previous = [mpmath.matrix(g) for g in inputs.get("previous_gradients", inputs["gradients"])]
    look_ahead = parameters["look_ahead"]
    raw = 0 * x
    for k, g in enumerate(gradients):
        if parameters["bias_correction"]:  # a heavy ball, divided by the sum of its weights
            raw = mu * raw + (1 - mu) * g
            m, tau = raw / (1 - mu ** (k + 1)), (1 - mu) / (1 - mu ** (k + 2))
        else:
            m = g if k == 0 else mu * (m - previous[k]) + g if parameters["recursive"] else mu * m + (1 - mu) * g
            tau = 1 - mu
        if look_ahead is None:
            tau = number(0)
        elif look_ahead != "nesterov":
            tau = number(look_ahead)
        norm, d = norm_and_map((1 - tau) * m + tau * g, parameters["p"])
        x = (1 - eta * decay) * x - eta * (norm if parameters["oracle"] == "regularized" else 1) * d
        yield x


def as_floats(matrix: mpmath.matrix) -> np.ndarray:
    """Return the entries, each rounded to nearest."""
    return np.array([[float(matrix[i, j]) for j in range(matrix.cols)] for i in range(matrix.rows)])
