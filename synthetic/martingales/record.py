"""What every martingale has: its differences, their sum, and the constants of its law that are known exactly."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from schattor_theory.checks import check_choice, check_exponent, check_in_interval, check_integer, check_positive, fail
from schattor_theory.errors import ParameterError, SchattorError, ShapeError

from ..family import matrix_shape
from .factored import Factored
from .norms import gram, mean_of_powers, norms, spectral_norms

__all__ = ["MOST_ATOMS", "SIDES", "MartingaleFamily", "MatrixMartingale", "Weight", "check_scale", "checked"]

SIDES = ("left", "right")
MOST_ATOMS = 4096
MOST_NUMBERS = 1 << 24  # numbers in an enumeration: 128 MiB
SMALLEST, LARGEST = 1e-150, 1e150  # whose squares are normal floats

Law = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Weight:
    """The pseudo-inverse of a weight W, and the side it multiplies from: ``W⁺Z`` or ``Z W⁺``."""

    inverse: np.ndarray
    side: str

    def apply(self, z: np.ndarray) -> np.ndarray:
        """Return ``W⁺z`` or ``z W⁺`` for each matrix of a stack."""
        return self.inverse @ z if self.side == "left" else z @ self.inverse

    @cached_property
    def levels(self) -> np.ndarray:
        """Return the non-zero eigenvalues of W⁺, decreasing."""
        values = np.linalg.eigvalsh(self.inverse)[::-1]
        return values[values > values[0] * len(values) * np.finfo(float).eps]

    @property
    def is_projection_multiple(self) -> bool:
        """Return whether all non-zero eigenvalues of W⁺ are equal, to rounding."""
        return bool(self.levels[-1] >= self.levels[0] * (1 - 1e-14))


@dataclass(frozen=True, eq=False, kw_only=True)
class MatrixMartingale:
    """A martingale ``S = Z_1 + … + Z_n`` of m×n matrices; every constant it states is exact, or None.

    Attributes
    ----------
    shape : tuple of int
        (m, n).
    n_steps : int
        Number of differences.
    name : str
        Name of the family.
    summary, why_not_exact : str
        One sentence each: what the law is, and why some constants are None (empty when none is).
    is_complex : bool
        Whether the matrices are complex.
    conditionally_symmetric : bool
        Whether Z_i and -Z_i have one law given the past, for every i.
    has_random_covariance : bool
        Whether ``Σ E_{i-1} Z_iZ_i*`` is random.
    tail_index : float
        Supremum of the a with ``E‖Z_i‖^a < inf``; inf if all moments are finite.
    """

    shape: tuple[int, int]
    n_steps: int

    name = "martingale"
    summary = ""
    why_not_exact = ""
    is_complex = False
    conditionally_symmetric = False
    has_random_covariance = False
    tail_index = math.inf

    @property
    def coefficients(self) -> str | None:
        """Return the law of the coefficients of :meth:`series`; None where there is none."""
        return None

    # --- draws

    def steps(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        """Return the differences of independent runs, shape (trials, n_steps, m, n)."""
        return self._steps(rng, self._trials("steps", trials))

    def sums(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        """Return S of independent runs, shape (trials, m, n); not from the draws of :meth:`steps`."""
        return self._sums(rng, self._trials("sums", trials))

    def factored_sums(self, rng: np.random.Generator, trials: int) -> np.ndarray | Factored:
        """Return S of independent runs from the same draws as :meth:`sums`: as products where these say it shorter."""
        return self.sums(rng, trials)

    def _trials(self, method: str, trials: int) -> int:
        return check_integer(f"{self.name}.{method}", "trials", trials, minimum=0)

    def _steps(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        raise NotImplementedError

    def _sums(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        return self._steps(rng, trials).sum(axis=1)

    # --- constants

    def has_moment(self, moment_order: float) -> bool:
        """Return whether ``E‖Z_i‖^moment_order`` is finite for every i."""
        return moment_order < self.tail_index or math.isinf(self.tail_index)

    def sum_of_moments(self, q: Any, moment_order: float, *, weight: Any = None, side: str = "left") -> float | None:
        """Return ``Σ_i E‖W⁺Z_i‖_q^β`` exactly.

        Parameters
        ----------
        q : exponent
            In [1, inf].
        moment_order : float
            β > 0.
        weight : array, optional
            W, Hermitian and positive semidefinite, of the size of the side, real if the martingale is; the identity
            when left out. That the range
            of Z_i lies in the range of W is for the caller to see (:meth:`covariance` tells).
        side : {"left", "right"}
            ``W⁺Z_i`` or ``Z_i W⁺``.

        Returns
        -------
        float or None
            inf where the moment is infinite; None where it is not known exactly.

        Raises
        ------
        ExponentError, ParameterError, ShapeError
            For an argument outside its range, or a moment beyond the float range.
        """
        found = self._checked_step_moments("sum_of_moments", q, moment_order, weight, side)
        return None if found is None else math.fsum(found) if np.isfinite(found).all() else math.inf

    def first_moment(self, q: Any, moment_order: float) -> float | None:
        """Return ``E‖Z_1‖_q^β`` exactly; inf where it is infinite, None where it is not known."""
        found = self._checked_step_moments("first_moment", q, moment_order, None, "left")
        return None if found is None else float(found[0])

    def _checked_step_moments(
        self, method: str, q: Any, moment_order: float, weight: Any, side: str
    ) -> np.ndarray | None:
        call = f"{self.name}.{method}"
        q = check_exponent(call, q, "q")
        order = check_positive(call, "moment_order", moment_order)
        found = self._step_moments(q, order, _weight(call, weight, side, self))
        return None if found is None else np.broadcast_to(np.asarray(found, dtype=float), (self.n_steps,))

    def _step_moments(self, q: float, order: float, weight: Weight | None) -> Any:
        """Return ``E‖W⁺Z_i‖_q^β`` of every step, or one number that all share; None where unknown."""
        paths = self.paths()
        if paths is None:
            return None
        steps = paths[1] if weight is None else weight.apply(paths[1])
        return np.array([mean_of_powers(paths[0], norms(steps[:, i], q), order) for i in range(self.n_steps)])

    def covariance(self, side: str = "left") -> np.ndarray | None:
        """Return ``Σ E Z_iZ_i*`` ("left", m×m) or ``Σ E Z_i*Z_i`` ("right", n×n); None where infinite or unknown."""
        check_choice(f"{self.name}.covariance", "side", side, SIDES)
        return self._covariance(side)

    def _covariance(self, side: str) -> np.ndarray | None:
        paths = self.paths()
        if paths is None:
            return None
        return np.einsum("k,kiab->ab", paths[0], gram(paths[1], side))

    def series(self) -> np.ndarray | None:
        """Return the C_i, shape (n_steps, m, n), when ``Z_i = ξ_i C_i`` with independent ξ_i, E ξ = 0, E|ξ|² = 1."""
        return None

    def split(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return ``(Σ E A_iA_i*, Σ E B_i*B_i)`` of a declared splitting ``Z_i = A_i + B_i``, for T4d."""
        return None

    def paths(self) -> Law | None:
        """Return the whole law: probabilities (k,) and differences (k, n_steps, m, n); None beyond 4096 paths.

        Also None beyond 2^24 numbers.
        """
        return None

    def _can_list(self, branches: float, levels: int = 1) -> bool:
        """Return whether ``branches^levels`` paths are few enough for :meth:`paths`."""
        if levels * math.log2(branches) > math.log2(MOST_ATOMS) + 1:  # far too many to be a float, perhaps
            return False
        n_paths = branches**levels
        return n_paths <= MOST_ATOMS and n_paths * self.n_steps * self.shape[0] * self.shape[1] <= MOST_NUMBERS

    def outcomes(self) -> Law | None:
        """Return the whole law of S: probabilities (k,) and sums (k, m, n); None beyond 4096 atoms."""
        paths = self.paths()
        return None if paths is None else (paths[0], paths[1].sum(axis=1))

    def moment(self, q: Any, moment_order: float) -> float | None:
        """Return ``E‖S‖_q^β`` exactly; inf where it is infinite, None where it is not known."""
        call = f"{self.name}.moment"
        q = check_exponent(call, q, "q")
        order = check_positive(call, "moment_order", moment_order)
        if self.n_steps == 1:
            return self.first_moment(q, order)
        found = self._moment(q, order)
        if found is not None:
            return float(found)
        if q == order == 2:
            return self._second_moment()
        law = self._outcome_spectra
        return None if law is None else mean_of_powers(law[0], spectral_norms(law[1], q), order)

    @cached_property
    def _outcome_spectra(self) -> Law | None:
        """Return the probabilities (k,) and the singular values (k, r) of the outcomes."""
        law = self.outcomes()
        if law is None:
            return None
        # numerics: divided by the largest entry of all, so that no singular value over- or underflows
        top = float(np.abs(law[1]).max(initial=0.0)) or 1.0
        return law[0], top * np.linalg.svd(law[1] / top, compute_uv=False)

    def _moment(self, q: float, order: float) -> float | None:
        """Return a closed form of ``E‖S‖_q^β``, or None."""
        return None

    def _second_moment(self) -> float | None:
        """Return ``E‖S‖_2² = tr Σ E Z_iZ_i*`` (differences are orthogonal)."""
        if not self.has_moment(2):
            return math.inf
        covariance = self._covariance("left")
        return None if covariance is None else float(np.trace(covariance).real)

    def ceiling(self, q: Any) -> float:
        """Return a number that ``‖S‖_q`` never exceeds; inf if S is unbounded."""
        return self._ceiling(check_exponent(f"{self.name}.ceiling", q, "q"))

    def _ceiling(self, q: float) -> float:
        law = self._outcome_spectra
        return math.inf if law is None else float(spectral_norms(law[1], q).max())

    def conditional_covariance_outcomes(self, side: str = "left") -> Law | None:
        """Return the law of ``Σ E_{i-1} Z_iZ_i*`` ("left"; or ``Z_i*Z_i``) where it is random: probabilities, matrices.

        None where it is not random, or there are too many paths.
        """
        check_choice(f"{self.name}.conditional_covariance_outcomes", "side", side, SIDES)
        paths = self.paths() if self.has_random_covariance else None
        if paths is None:
            return None
        probabilities, steps = paths
        squares = gram(steps, side)
        total = np.zeros(squares[:, 0].shape)
        past = np.zeros(len(steps), dtype=int)
        for i in range(self.n_steps):
            share = np.bincount(past, weights=probabilities)
            mean = np.zeros((len(share), *total.shape[1:]))
            np.add.at(mean, past, probabilities[:, None, None] * squares[:, i])
            total += (mean / np.where(share > 0, share, 1.0)[:, None, None])[past]
            rows = np.column_stack([past, steps[:, i].reshape(len(steps), -1)])
            past = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
        return probabilities, total


def _weight(call: str, weight: Any, side: str, martingale: MatrixMartingale) -> Weight | None:
    """Return the weight's pseudo-inverse; None for no weight."""
    check_choice(call, "side", side, SIDES)
    if weight is None:
        return None
    w = np.asarray(weight)
    size = martingale.shape[0 if side == "left" else 1]
    if np.iscomplexobj(w) and not martingale.is_complex:
        fail(ParameterError, call, "weight", "be real for a real martingale", w.dtype)
    if w.shape != (size, size):
        fail(ShapeError, call, "weight", f"have shape {(size, size)} on the {side} side", w.shape)
    top = float(np.abs(w).max(initial=0.0))
    if not (math.isfinite(top) and top > 0):
        fail(ParameterError, call, "weight", "hold finite numbers, not all zero", top)
    w = w / top
    if np.abs(w - w.conj().T).max() > 1e-10:
        fail(ParameterError, call, "weight", "be Hermitian", weight)
    values, vectors = np.linalg.eigh((w + w.conj().T) / 2)
    if values[0] < -1e-10 * values[-1]:
        fail(ParameterError, call, "weight", "be positive semidefinite", float(values[0] * top))
    # numerics: eigenvalues at the rounding level of zero are zero
    cut = size * np.finfo(float).eps * values[-1]
    inverse = np.where(values > cut, 1 / np.where(values > cut, values, 1.0), 0.0) / top
    return Weight((vectors * inverse) @ vectors.conj().T, side)


def checked(call: str, shape: Any, n_steps: Any, scale: Any) -> tuple[tuple[int, int], int, float]:
    """Return the arguments that every factory shares: shape, number of steps >= 1, and scale."""
    return matrix_shape(call, shape), check_integer(call, "n_steps", n_steps, minimum=1), check_scale(call, scale)


def check_scale(call: str, scale: Any) -> float:
    """Return the scale: 0, or a number whose square is a normal float."""
    number = check_in_interval(call, "scale", scale, 0.0, LARGEST)
    if 0 < number < SMALLEST:
        fail(ParameterError, call, "scale", f"be 0 or lie in [{SMALLEST:g}, {LARGEST:g}]", scale)
    return number


@dataclass(frozen=True, slots=True)
class MartingaleFamily:
    """A family of martingales: one entry of the catalogue.

    Attributes
    ----------
    name : str
        Key in the catalogue.
    summary : str
        One line.
    factory : callable
        ``factory(shape, n_steps, *, scale=1.0, rng=None, **options)``.
    options : mapping
        Name of each further option, with its meaning in one line.
    """

    name: str
    summary: str
    factory: Callable[..., MatrixMartingale]
    options: Mapping[str, str] = field(default_factory=dict)

    def build(self, shape: Any, n_steps: int, **options: Any) -> MatrixMartingale:
        """Return the member of this shape and number of steps.

        Parameters
        ----------
        shape : tuple of int
            (m, n); None where the family dictates it.
        n_steps : int
            Number of differences, >= 1.
        **options
            ``scale`` (multiplies every difference; 0 or in [1e-150, 1e150]), ``rng``, and the family's own ``options``.

        Raises
        ------
        UnknownNameError
            For an option this family does not have.
        ParameterError, ShapeError
            If no member has this shape and number of steps.
        """
        for option in options:
            check_choice(self.name, "option", option, ("scale", "rng", *self.options))
        return self.factory(shape, n_steps, **options)

    def why_not(self, shape: Any, n_steps: int, **options: Any) -> str:
        """Return why no member has this shape and number of steps; empty where one has."""
        try:
            self.build(shape, n_steps, **options)
        except SchattorError as error:
            return str(error)
        return ""
