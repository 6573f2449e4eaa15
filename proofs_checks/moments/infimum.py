"""T4d with the best splitting there is: the bound from the convex program over splittings."""

from __future__ import annotations

from typing import Any

import numpy as np

from schattor_theory.bounds.records import BoundValue, applicable, not_applicable

from ..conic import rows_columns_infimum

__all__ = ["row_column_infimum"]

_MOMENT = "E‖S‖_q^β"
_LARGEST = 40_000  # entries of the series up to which a program is solved; more would take minutes


def row_column_infimum(series: np.ndarray, q: float) -> BoundValue:
    """Return T4d's bound on ``E‖S‖_q²`` at the best splitting found for ``S = Σ ξ_iC_i``, E|ξ_i|² = 1.

    A splitting that is not optimal still gives a bound; how far it can be from the infimum is among the constants.
    """
    constants: dict[str, Any] = {"q": q, "moment_order": 2.0}
    if not 1 <= q <= 2:
        return not_applicable("T4d", _MOMENT, f"q = {q:g} lies outside [1, 2]", constants)
    if np.size(series) > _LARGEST:
        reason = f"the program is not solved for more than {_LARGEST:,} entries"
        return not_applicable("T4d", _MOMENT, reason, constants)
    solved = rows_columns_infimum(series, q)
    constants |= {"lower": solved.lower, "upper": solved.upper, "solver": solved.method, "status": solved.status}
    return applicable("T4d", _MOMENT, {"parts": solved.value**2}, constants)
