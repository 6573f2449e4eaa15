"""WRONG_FORMS: inequalities that look like T4 and are false, each with the martingale that refutes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from schattor_theory.bounds import scalar_best_constant
from schattor_theory.bounds.records import BoundValue, applicable, not_applicable
from schattor_theory.geometry import schatten_norm
from synthetic.martingales import MARTINGALES, MatrixMartingale

from ..known import known
from .catalogue import ProbedBound
from .probe import Probed, Request, probe

__all__ = ["WRONG_FORMS", "FiniteMartingale", "WrongForm", "two_step_martingale"]

_MOMENT = "E‖S‖_q^β"

# source: maximiser of (‖A+B‖_3^1.5 - ‖A‖_3^1.5 - <∇, B>)/‖B‖_3^1.5 over diagonal 2×2 pairs, 1.332193 > C_1.5 = 1.306563
_BEYOND = (np.diag([-1.0, 0.33692336]), np.diag([1.47432361, 1.61488101]))


@dataclass(frozen=True, eq=False, kw_only=True)
class FiniteMartingale(MatrixMartingale):
    """A martingale given by its whole law.

    Attributes
    ----------
    probabilities : array, shape (k,)
    differences : array, shape (k, n_steps, m, n)
    """

    probabilities: np.ndarray
    differences: np.ndarray

    name = "finite"
    summary = "a martingale given by its whole law"

    def paths(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the law."""
        return self.probabilities, self.differences

    def _steps(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        return self.differences[rng.choice(len(self.probabilities), size=trials, p=self.probabilities)]


def two_step_martingale(first: np.ndarray, second: np.ndarray, probability: float) -> FiniteMartingale:
    """Return ``S = ε(A + ξB)``: ε a fair sign, ξ = 1 with this probability, else what makes its mean zero."""
    low = -probability / (1 - probability)
    law, paths = [], []
    for sign in (1.0, -1.0):
        for value, weight in ((1.0, probability), (low, 1 - probability)):
            law.append(weight / 2)
            paths.append([sign * first, sign * value * second])
    shape = (int(first.shape[0]), int(first.shape[1]))
    return FiniteMartingale(shape=shape, n_steps=2, probabilities=np.array(law), differences=np.array(paths))


def _random_covariance(martingale: MatrixMartingale, q: float, order: float) -> BoundValue:
    found = martingale.conditional_covariance_outcomes()
    if found is None:
        return not_applicable("T4b", _MOMENT, "the conditional covariance is not random")
    probabilities, matrices = found
    values = np.maximum(np.linalg.eigvalsh(matrices), 0.0)
    sizes = np.sum(np.sqrt(values) ** q, axis=-1) ** (2 / q)
    return applicable("T4b", _MOMENT, {"conditional": float(probabilities @ sizes)})


def _third_part_second_moments(martingale: MatrixMartingale, q: float, order: float) -> BoundValue:
    total = known(martingale.sum_of_moments(q, q), "Σ E‖Z_i‖_q^q")
    return applicable("T4d", _MOMENT, {"diagonal": (2 ** (2 / q - 1) * total ** (1 / q)) ** 2})


def _scalar_constant(martingale: MatrixMartingale, q: float, order: float) -> BoundValue:
    first = known(martingale.first_moment(q, order), "E‖Z_1‖_q^β")
    total = known(martingale.sum_of_moments(q, order), "Σ E‖Z_i‖_q^β")
    rest = scalar_best_constant(order) * (total - first)
    return applicable("T4a", _MOMENT, {"first": first, "rest": rest})


@dataclass(frozen=True, slots=True)
class WrongForm:
    """A false inequality.

    Attributes
    ----------
    bound : ProbedBound
        The false right-hand side.
    martingale : callable
        Makes the martingale that refutes it.
    q, moment_order : float
        Where.
    words : str
        What is refuted, for the report.
    """

    bound: ProbedBound
    martingale: Callable[[], MatrixMartingale]
    q: float
    moment_order: float
    words: str

    def outcome(self) -> Probed:
        """Return the probe of the false form: *violated*, by an exact law."""
        request = Request(self.bound.name, self.q, self.moment_order)
        axes = {"wrong form": self.bound.name}
        return probe(self.martingale(), [request], trials=1, axes=axes, bounds={self.bound.name: self.bound})[0]


def _adapted() -> MatrixMartingale:
    return MARTINGALES["adapted"].build((2, 2), 2, probability=0.01)


def _rare_unit() -> MatrixMartingale:
    return MARTINGALES["diagonal_third_part"].build((2, 2), 1, probability=0.01)


def _beyond_two() -> MatrixMartingale:
    scale = float(schatten_norm(_BEYOND[0], 3))
    # the compensating value adds √π to the moments of the differences, so that π has to be small
    return two_step_martingale(_BEYOND[0] / scale, _BEYOND[1] / scale, 1e-4)


_ALL = (
    WrongForm(
        ProbedBound("T4b, random covariance", "T4b", "E‖(Σ E_{i-1} Z_iZ_i*)^{1/2}‖_q²", _random_covariance),
        _adapted,
        1.0,
        2.0,
        "T4b with the random conditional covariance inside the norm",
    ),
    WrongForm(
        ProbedBound("T4d, second moments", "T4d", "(2^{2/q-1}(Σ E‖Z_i‖_q^q)^{1/q})²", _third_part_second_moments),
        _rare_unit,
        1.0,
        2.0,
        "T4d's diagonal third part with second moments on the left",
    ),
    WrongForm(
        ProbedBound("T4a, C_β beyond q = 2", "T4a", "E‖Z_1‖_q^β + C_β Σ_{i>1} E‖Z_i‖_q^β", _scalar_constant),
        _beyond_two,
        3.0,
        1.5,
        "T4a with the scalar constant C_β at q > 2",
    ),
)

WRONG_FORMS: dict[str, WrongForm] = {form.bound.name: form for form in _ALL}
"""False forms by name."""
