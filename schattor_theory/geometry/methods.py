"""The methods of a duality map by name, and the settings a geometry carries."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..arrays import Array
from ..checks import check_choice, check_positive, fail
from ..errors import DTypeError, ParameterError
from .certificates import GRAM, POLYNOMIAL, SVD
from .guarded import chosen_map
from .polynomials import POLAR_SCHEDULES

__all__ = ["EXACT", "METHODS", "Settings", "check_settings", "method_for"]

METHODS = ("auto", "svd", "gram", "polynomial", *POLAR_SCHEDULES)
"""How a duality map is computed: the choice, three exact methods, and the inexact polar schedules by name."""

_CODES = {"svd": SVD, "gram": GRAM, "polynomial": POLYNOMIAL}


class Settings(NamedTuple):
    """How maps and norms are computed.

    Parameters
    ----------
    method : str
        One of ``METHODS``.
    tolerance : float or None
        Excess allowed beyond the error of a decomposition; None allows as much again as that error.
    """

    method: str = "auto"
    tolerance: float | None = None


EXACT = Settings()
"""The default: every result as accurate as a decomposition's."""


def check_settings(call: str, p: float, method: object, tolerance: object) -> Settings:
    """Return the settings after checking that the method gives the duality map of this exponent."""
    name = check_choice(call, "method", method, METHODS)
    if name == "gram" and not p > 2:
        fail(ParameterError, call, "method", "be 'auto' or 'svd' for p <= 2", name, "A Gram matrix helps for p > 2.")
    if name not in ("auto", "svd", "gram") and not math.isinf(p):
        way_out = "Polynomials give the polar factor, which is the duality map at p = inf."
        fail(ParameterError, call, "method", "be 'auto', 'svd' or 'gram' for finite p", name, way_out)
    if tolerance is None:
        return Settings(name)
    return Settings(name, check_positive(call, "tolerance", tolerance, "None asks for a decomposition's accuracy."))


def method_for(m: Array, q: float, method: str) -> int:
    """Return the code of a method for the library, shape and exponent of ``m``; only NumPy arrays are looked into."""
    if not isinstance(m, np.ndarray):
        if method in ("gram", "polynomial"):
            way_out = 'Its residuals are read on the host; "auto", "svd" and the schedules work on every library.'
            fail(DTypeError, "duality_map", "m", f"be a NumPy array with method={method!r}", type(m).__name__, way_out)
        return SVD
    if 0 in m.shape:
        return SVD
    return chosen_map(m.shape[-2:], q) if method == "auto" else _CODES[method]
