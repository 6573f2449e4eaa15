"""Named spectra: the eigenvalues of an objective and the singular value weights of a noise."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from schattor_theory.checks import check_choice, check_in_interval, check_nonnegative, fail
from schattor_theory.errors import ParameterError, ShapeError

__all__ = ["SPECTRA", "lp_norm", "spectrum"]

SPECTRA = ("flat", "power", "spike", "one_hot")


def spectrum(
    call: str,
    argument: str,
    kind: str | Sequence[float] | np.ndarray,
    size: int,
    *,
    decay: float = 1.0,
    floor: float = 0.01,
) -> np.ndarray:
    """Return ``size`` non-negative numbers whose largest is 1, or a custom sequence as it is.

    Parameters
    ----------
    call, argument : str
        For error messages.
    kind : {"flat", "power", "spike", "one_hot"} or sequence
        All ones; ``i^-decay`` for i = 1, 2, …; one 1 and the rest ``floor``; one 1 and the rest 0; the numbers
        themselves.
    size : int
        How many.
    decay : float
        Exponent of the power law, >= 0.
    floor : float
        Small value of the spike, in [0, 1].

    Examples
    --------
    >>> spectrum("doc", "weights", "power", 4, decay=1.0)
    array([1.        , 0.5       , 0.33333333, 0.25      ])
    """
    if not isinstance(kind, str):
        custom = np.asarray(kind, dtype=np.float64)
        if custom.shape != (size,):
            fail(ShapeError, call, argument, f"hold {size} numbers", custom.shape)
        if not (np.isfinite(custom).all() and (custom >= 0).all() and (custom > 0).any()):
            fail(ParameterError, call, argument, "hold finite numbers >= 0, not all zero", custom.tolist())
        return custom
    check_choice(call, argument, kind, SPECTRA)
    if kind == "power":
        return np.arange(1, size + 1, dtype=np.float64) ** -check_nonnegative(call, "decay", decay)
    values = np.ones(size)
    if kind != "flat":
        values[1:] = 0.0 if kind == "one_hot" else check_in_interval(call, "floor", floor, 0, 1)
    return values


def lp_norm(x: Sequence[float] | np.ndarray, exponent: float) -> float:
    """Return the ℓ_exponent (quasi-)norm of non-negative numbers, exponent in (0, inf].

    Examples
    --------
    >>> lp_norm([3.0, 4.0], 2), lp_norm([3.0, 4.0], float("inf"))
    (5.0, 4.0)
    """
    values = np.asarray(x, dtype=np.float64)
    top = float(values.max(initial=0.0))
    if top == 0 or math.isinf(exponent):
        return top
    # numerics: the largest value is divided out before the power, so that none under- or overflows
    return float(top * math.fsum((values / top) ** exponent) ** (1 / exponent))
