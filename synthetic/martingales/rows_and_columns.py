"""A random row beside a random column: where a one-sided covariance bound is off by the root of the dimension."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from schattor_theory.checks import check_integer, fail
from schattor_theory.errors import ParameterError, ShapeError

from ..family import matrix_shape
from .closed_forms import chi_moment, planar_moment
from .coefficients import coefficient_of
from .norms import power
from .record import MartingaleFamily, check_scale
from .series import SeriesMartingale

__all__ = ["FAMILY", "RowsAndColumns"]


@dataclass(frozen=True, eq=False, kw_only=True)
class RowsAndColumns(SeriesMartingale):
    """A row of k independent coefficients, then block-diagonally a column of k: shape (k+1, k+1), 2k steps.

    Step i <= k puts its coefficient at (0, i-1), step k+i at (i, k). The singular values of S are the lengths of the
    row and of the column. The declared splitting (T4d) takes the row from the left and the column from the right, and
    is optimal.
    """

    name = "rows_and_columns"
    summary = "a random row beside a random column."
    why_not_exact = ""

    @property
    def _half(self) -> int:
        return self.n_steps // 2

    @property
    def _scale(self) -> float:
        return float(self.terms[0].max())

    def split(self) -> tuple[np.ndarray, np.ndarray]:
        row, column = np.zeros(self.shape), np.zeros(self.shape)
        row[0, 0] = column[-1, -1] = self._half * self._scale**2
        return row, column

    def _moment(self, q: float, order: float) -> float:
        k, outer = self._half, power(self._scale, order)
        if self.law.name == "rademacher":
            return outer * power(math.sqrt(k) * 2 ** (1 / q), order)
        # two independent chi lengths with d degrees of freedom: their direction has density (cos θ sin θ)^{d-1}
        degrees, half = (2 * k, 0.5) if self.law.is_complex else (k, 1.0)
        length = half ** (order / 2) * chi_moment(2 * degrees, order)
        return outer * length * planar_moment(q, order, degrees - 1, 0)

    def _ceiling(self, q: float) -> float:
        return self._scale * self.law.ceiling * math.sqrt(self._half) * 2 ** (1 / q) if self._scale else 0.0


def build(
    shape: Any = None,
    n_steps: int = 8,
    *,
    scale: float = 1.0,
    rng: np.random.Generator | None = None,
    coefficients: str = "gaussian",
) -> RowsAndColumns:
    """Return a row of n_steps/2 beside a column of n_steps/2; the shape follows."""
    call = "rows_and_columns"
    n_steps = check_integer(call, "n_steps", n_steps, minimum=2)
    scale = check_scale(call, scale)
    if n_steps % 2:
        fail(ParameterError, call, "n_steps", "be even", n_steps, "Half the steps fill the row, half the column.")
    k = n_steps // 2
    if shape is not None and matrix_shape(call, shape) != (k + 1, k + 1):
        fail(ShapeError, call, "shape", f"be None or {(k + 1, k + 1)}", shape, "The number of steps dictates it.")
    terms = np.zeros((n_steps, k + 1, k + 1))
    i = np.arange(k)
    terms[i, 0, i] = scale
    terms[k + i, i + 1, k] = scale
    law = coefficient_of(call, coefficients)
    return RowsAndColumns(shape=(k + 1, k + 1), n_steps=n_steps, terms=terms, law=law)


FAMILY = MartingaleFamily(
    "rows_and_columns",
    "a random row beside a random column",
    build,
    {"coefficients": "rademacher, gaussian or complex_gaussian"},
)
