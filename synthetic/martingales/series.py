"""Series ``Z_i = ξ_i C_i`` of given matrices with independent coefficients: what several families share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..family import read_only
from .coefficients import Coefficient
from .norms import gram, norms, power
from .record import MOST_ATOMS, Law, MatrixMartingale, Weight
from .signs import all_binary

__all__ = ["SeriesMartingale"]


@dataclass(frozen=True, eq=False, kw_only=True)
class SeriesMartingale(MatrixMartingale):
    """``Z_i = ξ_i C_i``.

    Attributes
    ----------
    terms : array, shape (n_steps, m, n)
        The C_i, real or complex.
    law : Coefficient
        Law of the independent ξ_i.
    """

    terms: np.ndarray
    law: Coefficient

    why_not_exact = "E‖S‖ has a closed form only for few or special terms; everything else is exact."

    def __post_init__(self) -> None:
        kind = complex if np.iscomplexobj(self.terms) else float
        object.__setattr__(self, "terms", read_only(self.terms, kind))

    @property
    def is_complex(self) -> bool:  # type: ignore[override]
        return self.law.is_complex or np.iscomplexobj(self.terms)

    @property
    def conditionally_symmetric(self) -> bool:  # type: ignore[override]
        return self.law.is_symmetric

    @property
    def coefficients(self) -> str | None:
        return self.law.name

    def series(self) -> np.ndarray:
        return self.terms

    def _steps(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        return self.law.draw(rng, (trials, self.n_steps))[:, :, None, None] * self.terms

    def _sums(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        xi = self.law.draw(rng, (trials, self.n_steps))
        return (xi @ self.terms.reshape(self.n_steps, -1)).reshape(trials, *self.shape)

    def _step_moments(self, q: float, order: float, weight: Weight | None) -> np.ndarray:
        terms = self.terms if weight is None else weight.apply(self.terms)
        return self.law.moment(order) * power(norms(terms, q), order)

    def _covariance(self, side: str) -> np.ndarray:
        return gram(self.terms, side).sum(axis=0)

    def paths(self) -> Law | None:
        atoms = self.law.atoms()
        if atoms is None or not self._can_list(2, self.n_steps):
            return None
        which = all_binary(self.n_steps)
        return atoms[0][which].prod(axis=1), atoms[1][which][:, :, None, None] * self.terms

    def outcomes(self) -> Law | None:
        atoms = self.law.atoms()
        if atoms is None or self.n_steps > math.log2(MOST_ATOMS):
            return None
        which = all_binary(self.n_steps)
        sums = atoms[1][which] @ self.terms.reshape(self.n_steps, -1)
        return atoms[0][which].prod(axis=1), sums.reshape(-1, *self.shape)

    def _ceiling(self, q: float) -> float:
        if not math.isfinite(self.law.ceiling):
            return 0.0 if not self.terms.any() else math.inf
        # triangle inequality; and S = (ξ ⊗ I)·[C_1; …; C_n], the first factor of spectral norm |ξ| <= √n max|ξ|
        column = self.terms.reshape(-1, self.shape[1])
        row = np.swapaxes(self.terms, 0, 1).reshape(self.shape[0], -1)
        root = math.sqrt(self.n_steps)
        bounds = (math.fsum(norms(self.terms, q)), root * float(norms(column, q)), root * float(norms(row, q)))
        return self.law.ceiling * min(bounds)
