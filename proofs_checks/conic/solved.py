"""Solved: the answer of a convex program, believed only as far as its own points prove it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from schattor_theory.geometry import schatten_norm

__all__ = ["GAP", "Enclosed", "Solved", "column_norm", "dilated", "norm", "row_norm"]

GAP = 1e-5
"""Relative gap between the two recomputed ends up to which a program counts as solved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosed:
    """The value of a program between two numbers that were recomputed from the returned points.

    The status and the objectives that a solver reports are kept and not believed.

    Attributes
    ----------
    method : str
        ``"CLARABEL 0.11.1"``, or the name of a method of our own.
    status : str
        What the method says about itself.
    lower, upper : float
        The value is between them.
    reported : float or None
        The primal objective that the solver reported, in the unit of the input.
    reported_dual : float or None
        The dual objective that the solver reported.
    residuals : dict of str to float
        Of the normalised program: how far the returned points are from their constraints.
    scale : float
        What the input was divided by before the program was solved.
    n_iterations : int
        Of the method.
    """

    method: str
    status: str
    lower: float
    upper: float
    reported: float | None
    reported_dual: float | None
    residuals: dict[str, float]
    scale: float
    n_iterations: int

    @property
    def gap(self) -> float:
        """Return the distance of the ends relative to the larger of their sizes, 0 where both are 0."""
        size = max(abs(self.upper), abs(self.lower))
        return (self.upper - self.lower) / size if size > 0 else 0.0

    @property
    def is_solved(self) -> bool:
        """Return whether the two ends meet; a status "optimal" is neither needed nor enough."""
        return self.gap <= GAP

    def to_dict(self) -> dict[str, Any]:
        """Return all but the arrays, as plain values."""
        names = ("method", "status", "lower", "upper", "reported", "reported_dual", "residuals", "scale",
                 "n_iterations")  # fmt: skip
        return {name: getattr(self, name) for name in names} | {"gap": self.gap, "is_solved": self.is_solved}


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved(Enclosed):
    """The infimum over splittings: ``upper`` is the cost of a splitting that exists, ``lower`` a value of a dual point.

    ``rows`` and ``columns`` add up to the series exactly; ``dual`` was scaled into its unit balls. Both ends come from
    singular values, widened by the rounding of these: numerical evidence, not a rigorous certificate.

    Attributes
    ----------
    rows, columns, dual : array, shape (n, m, d)
        A_i, B_i with A_i + B_i = C_i; and Y_i.
    """

    rows: np.ndarray
    columns: np.ndarray
    dual: np.ndarray

    @property
    def value(self) -> float:
        """Return the upper end: the cost of a splitting that exists, so a bound whether or not it is the best one."""
        return self.upper


def dilated(x: np.ndarray) -> np.ndarray:
    """Return the real matrices ``[[Re, -Im], [Im, Re]]``, whose singular values are those of x, each twice."""
    return np.block([[x.real, -x.imag], [x.imag, x.real]])


def norm(x: np.ndarray, q: float) -> np.ndarray:
    """Return the Schatten q-norms of real or complex matrices (..., m, d)."""
    if np.iscomplexobj(x):
        return np.asarray(schatten_norm(dilated(x), q)) / 2 ** (1 / q)
    return np.asarray(schatten_norm(x, q))


def row_norm(series: np.ndarray, q: float) -> float:
    """Return ``‖[A_1 … A_n]‖_q``."""
    n, m, d = series.shape
    return float(norm(series.transpose(1, 0, 2).reshape(m, n * d), q))


def column_norm(series: np.ndarray, q: float) -> float:
    """Return ``‖[B_1; …; B_n]‖_q``."""
    n, m, d = series.shape
    return float(norm(series.reshape(n * m, d), q))
