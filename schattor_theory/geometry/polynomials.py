"""Polynomial iterations for the polar factor: named schedules of odd polynomials, each with its source.

An odd polynomial p acts on a matrix through its singular values, ``U diag(p(s)) Vᵀ``, without a decomposition:
``p(X) = (a_1 I + a_3 A + a_5 A² + …)X`` with ``A = X Xᵀ``. A schedule applies one after the other to
``M/((1+μ)‖M‖_F)``, so that singular values in (0, 1] move towards 1. Coefficients are computed from their definition
where there is one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import Array, array_namespace, check_matrices, largest_entry
from ..checks import check_choice, check_integer, check_nonnegative, fail
from ..errors import ParameterError
from .coefficients import PUBLISHED_CUSHION, Polynomial, polar_express, taylor_polynomial
from .workspace import Workspace, blocks, borrowed_workspace, times_own_transpose

__all__ = [
    "POLAR_SCHEDULES",
    "PolarSchedule",
    "polar_schedule",
    "polynomial_polar",
]


@dataclass(frozen=True, slots=True, weakref_slot=True)
class PolarSchedule:
    """A sequence of odd polynomials that takes singular values towards 1.

    Parameters
    ----------
    name : str
        Its name in ``POLAR_SCHEDULES``, or one of your own.
    polynomials : tuple of tuples of float
        ``(a_1, a_3, a_5, …)`` of each step; after the last one it is repeated.
    n_steps : int
        How many steps are taken, at least 1.
    source : str
        Where the coefficients, or their definition, come from.
    input_margin : float
        μ >= 0: the first input is ``M/((1+μ)‖M‖_F)``, so that rounding cannot push a singular value above 1.

    Examples
    --------
    >>> schedule = polar_schedule("newton-schulz-cubic", n_steps=2)
    >>> schedule.steps
    ((1.5, -0.5), (1.5, -0.5))
    >>> schedule(0.5)
    0.8687744140625
    """

    name: str
    polynomials: tuple[Polynomial, ...]
    n_steps: int
    source: str = ""
    input_margin: float = 0.0

    def __post_init__(self) -> None:
        call = "PolarSchedule"
        rows = tuple(tuple(float(a) for a in row) for row in self.polynomials)
        if not rows or not all(rows) or not all(math.isfinite(a) for row in rows for a in row):
            fail(ParameterError, call, "polynomials", "hold finite coefficients for at least one step", rows)
        object.__setattr__(self, "polynomials", rows)
        object.__setattr__(self, "n_steps", check_integer(call, "n_steps", self.n_steps, minimum=1))
        object.__setattr__(self, "input_margin", check_nonnegative(call, "input_margin", self.input_margin))

    @property
    def steps(self) -> tuple[Polynomial, ...]:
        """Return the polynomial of each step, ``n_steps`` of them."""
        rows = self.polynomials[: self.n_steps]
        return rows + rows[-1:] * (self.n_steps - len(rows))

    def with_steps(self, n_steps: int) -> PolarSchedule:
        """Return the schedule with another number of steps: cut short, or its last polynomial repeated."""
        return replace(self, n_steps=n_steps)

    def __call__(self, s: Array) -> Array:
        """Return what becomes of singular values ``s`` of a matrix of Frobenius norm 1; s is a float or an array."""
        x = s / (1 + self.input_margin)
        for row in self.steps:
            square, factor = x * x, row[-1]
            for a in row[-2::-1]:
                factor = factor * square + a
            x = factor * x
        return x


def polynomial_polar(m: Array, schedule: PolarSchedule, *, check_finite: bool = True) -> Array:
    """Return ``U diag(p(s)) Vᵀ`` for ``s`` the singular values of ``m/‖m‖_F`` and p the composition of the schedule.

    An inexact duality map at p = inf. With singular values in [l, 1]·‖m‖_F it obeys T1's inexact form with
    ``1 - δ`` the least and ``1 + ω`` the largest value of the composition on [l, 1].

    Parameters
    ----------
    m : array, shape (..., m, n), real floating
        Matrices, any unit. A zero matrix gives zero.
    schedule : PolarSchedule
        The polynomials.
    check_finite : bool
        Whether to refuse NaN and infinite entries.

    Returns
    -------
    array, shape (..., m, n)
        Unit 1, dtype of ``m``, in which the products are computed. numerics: singular values below the rounding of
        ``A = X Xᵀ`` keep their share of X, so no direction is lost, but are accurate only relative to the largest.

    Raises
    ------
    NonFiniteError, DTypeError, ShapeError
        If ``m`` does not hold finite real float32 or float64 matrices.

    Scaling
    -------
    ``c m`` gives the same for c > 0, from 1e-300 to 1e300 in float64.
    Orthogonally equivariant; the transpose of ``m`` gives the transpose.

    Source
    ------
    T1 in docs/theory/descent.md; the schedules name theirs.

    Examples
    --------
    >>> import numpy as np
    >>> polynomial_polar(np.diag([3.0, -4.0]), polar_schedule("polar-express")).round(9) + 0.0
    array([[ 1.,  0.],
           [ 0., -1.]])
    """
    check_matrices("polynomial_polar", "m", m, check_finite=check_finite)
    xp = array_namespace(m)
    if 0 in m.shape:
        return m
    is_tall = m.shape[-2] > m.shape[-1]
    x = xp.linalg.matrix_transpose(m) if is_tall else m
    if isinstance(m, np.ndarray):
        x = _in_memory(x, schedule)
        return np.ascontiguousarray(x.swapaxes(-1, -2)) if is_tall else x
    # numerics: the largest entry is divided out first, or the squares over- and underflow
    x = x / largest_entry(x)
    norm = xp.sqrt(xp.sum(x * x, axis=(-2, -1), keepdims=True))
    x = x / (xp.where(norm > 0, norm, xp.ones_like(norm)) * (1 + schedule.input_margin))
    for row in schedule.steps:
        gram = x @ xp.linalg.matrix_transpose(x)
        total, term = row[0] * x, x
        for a in row[1:]:
            term = gram @ term
            total = total + a * term
        x = total
    return xp.linalg.matrix_transpose(x) if is_tall else x


def _in_memory(wide: np.ndarray, schedule: PolarSchedule) -> np.ndarray:
    """Return the schedule at wide NumPy matrices (..., r, c), block by block and in arrays that are used again.

    A step is one product for ``A = x xᵀ``, by Horner one of r×r matrices for each coefficient after the second, and one
    for ``p(A) x``; beside them one pass over A and the diagonals.
    """
    stack = wide.reshape(-1, *wide.shape[-2:])
    result = np.empty(stack.shape, dtype=stack.dtype)
    with borrowed_workspace() as workspace:
        for block in blocks(stack):
            part = stack[block]
            k, r, _ = part.shape
            x, y = (workspace.array(name, part.shape, part.dtype) for name in ("x", "y"))
            gram, first, second = (workspace.array(name, (k, r, r), part.dtype) for name in ("gram", "square", "power"))
            # numerics: the largest entry is divided out first, or the squares over- and underflow
            np.divide(part, largest_entry(part), out=x)
            norm = np.sqrt(np.einsum("kij,kij->k", x, x))[:, None, None]
            x /= np.where(norm > 0, norm, np.ones_like(norm)) * part.dtype.type(1 + schedule.input_margin)
            for row in schedule.steps:
                _step(x, row, gram, first, second, workspace, out=y)
                x, y = y, x
            result[block] = x
    return result.reshape(wide.shape)


def _step(
    x: np.ndarray,
    row: Polynomial,
    gram: np.ndarray,
    power: np.ndarray,
    spare: np.ndarray,
    workspace: Workspace,
    out: np.ndarray,
) -> None:
    """Put ``(a_1 I + a_3 A + a_5 A² + …) x`` with ``A = x xᵀ`` into ``out``, by Horner; the others are written over."""
    scale = x.dtype.type
    if len(row) == 1:
        np.multiply(x, scale(row[0]), out=out)
        return
    times_own_transpose(x, gram, workspace)
    np.multiply(gram, scale(row[-1]), out=power)
    for a in row[-2:0:-1]:
        power.reshape(len(power), -1)[:, :: x.shape[-2] + 1] += scale(a)
        np.matmul(gram, power, out=spare)
        power, spare = spare, power
    power.reshape(len(power), -1)[:, :: x.shape[-2] + 1] += scale(row[0])
    np.matmul(power, x, out=out)


# source: K. Jordan et al., Muon, 2024 (github.com/KellerJordan/Muon); chosen by hand for slope at zero, not convergence
_MUON = (3.4445, -4.7750, 2.0315)

# source: J. You's list of five, as shipped in optax ("dion"), Emerging-Optimizers ("quintic") and dion
_YOU = (
    (4.0848, -6.8946, 2.9270),
    (3.9505, -6.3029, 2.6377),
    (3.7418, -5.5913, 2.3037),
    (2.8769, -3.1427, 1.2046),
    (2.8366, -3.0525, 1.2012),
)

# source: Emerging-Optimizers 0.3.0 ("cans"), rounded there to four decimals
_CANS = (
    (8.4703, -25.1081, 18.6293),
    (4.1828, -3.1087, 0.5806),
    (3.9619, -2.9541, 0.5630),
    (3.2866, -2.4647, 0.5074),
    (2.2737, -1.6447, 0.4162),
)


def _newton_schulz_cubic() -> PolarSchedule:
    """Newton–Schulz: Taylor of order 1, cubic convergence to 1 from anywhere in (0, √3)."""
    return PolarSchedule("newton-schulz-cubic", (taylor_polynomial(1),), 5, "Taylor, arXiv:2601.19156")


def _newton_schulz_quintic() -> PolarSchedule:
    """Newton–Schulz of order 2: the classic quintic."""
    return PolarSchedule("newton-schulz-quintic", (taylor_polynomial(2),), 5, "Taylor, arXiv:2601.19156")


def _muon() -> PolarSchedule:
    """The quintic of Muon, the same at every step: steep at zero, and it does not converge."""
    return PolarSchedule("muon", (_MUON,), 5, "K. Jordan et al., Muon (2024)")


def _you() -> PolarSchedule:
    """Five quintics found by numerical optimisation."""
    return PolarSchedule("you", _YOU, 5, "J. You; optax 0.2.8 preset 'dion'")


def _cans() -> PolarSchedule:
    """Five minimax quintics from 1e-3, rounded to four decimals."""
    return PolarSchedule("cans", _CANS, 5, "Emerging-Optimizers 0.3.0 preset 'cans'")


def _deepseek() -> PolarSchedule:
    """Eight steps of Muon's quintic, then two that converge."""
    rows = (_MUON,) * 8 + ((2.0, -1.5, 0.5),) * 2
    return PolarSchedule("deepseek-v4", rows, 10, "Emerging-Optimizers 0.3.0 preset 'deepseekv4'")


def _polar_express_exact() -> PolarSchedule:
    """The greedy composition of minimax quintics from 1e-3, without cushion or safety."""
    return PolarSchedule("polar-express-exact", polar_express(8), 8, "arXiv:2505.16932, definition")


def _polar_express() -> PolarSchedule:
    """The published list: cushion, and safety 0.01 in all but the last of eight."""
    rows = polar_express(8, cushion=PUBLISHED_CUSHION, safety=0.01)
    return PolarSchedule("polar-express", rows, 8, "arXiv:2505.16932, its repository", 0.01)


def _polar_express_five() -> PolarSchedule:
    """Five steps with cushion 0.02 and safety 0.02 inside the recursion, as nanochat and dion have it."""
    rows = polar_express(5, cushion=0.02, safety=0.02, safety_inside=True)
    return PolarSchedule("polar-express-five", rows, 5, "nanochat; dion 0a059a4", 0.02)


POLAR_SCHEDULES: dict[str, Callable[[], PolarSchedule]] = {
    "newton-schulz-cubic": _newton_schulz_cubic,
    "newton-schulz-quintic": _newton_schulz_quintic,
    "muon": _muon,
    "you": _you,
    "cans": _cans,
    "deepseek-v4": _deepseek,
    "polar-express-exact": _polar_express_exact,
    "polar-express": _polar_express,
    "polar-express-five": _polar_express_five,
}
"""The schedules by name; each is made when it is asked for."""


def polar_schedule(name: str, n_steps: int | None = None) -> PolarSchedule:
    """Return a named schedule.

    Parameters
    ----------
    name : str
        One of ``POLAR_SCHEDULES``.
    n_steps : int, optional
        Another number of steps than its own.

    Returns
    -------
    PolarSchedule
        Its ``source`` says where it comes from.

    Raises
    ------
    UnknownNameError, ParameterError
        For a name that is not there, or a number of steps below 1.

    Examples
    --------
    >>> polar_schedule("muon").steps[0]
    (3.4445, -4.775, 2.0315)
    """
    found = POLAR_SCHEDULES[check_choice("polar_schedule", "name", name, POLAR_SCHEDULES)]()
    return found if n_steps is None else found.with_steps(n_steps)
