"""Precision: the unit roundoff of the inner computation, from what is left of the steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..convention import UNIT_ROUNDOFF, Convention, PolynomialMap
from ..reference import direction_of
from ..rounding import rounded
from ..scales import scale_factor
from .noise import Noise, shares_left
from .observation import Observation, trimmed
from .scale import ScaleFit
from .schedule import norm_of

__all__ = ["Precision", "bits_of", "careful_shares", "precision_of"]

_LOWEST = ("bfloat16", "float16", "float32", "float64")


@dataclass(frozen=True, kw_only=True)
class Precision:
    """The precision, and what was measured.

    Attributes
    ----------
    name : str
        Key of ``UNIT_ROUNDOFF``, "dtype", or "none" where the residual is above every one.
    words : str
        The answer.
    alternatives : tuple of str
        Others that outputs do not tell apart.
    evidence : str
        Residuals, and what rounding at each precision would leave.
    """

    name: str
    words: str
    alternatives: tuple[str, ...]
    evidence: str


def bits_of(seen: Sequence[Observation], fit: ScaleFit) -> str | None:
    """Return "bfloat16" or "float16" where the steps, with or without their scale, are numbers of that precision.

    A result that is stored in eight bits and multiplied by a factor in float32 shows its bits when it is divided again.
    """
    for name in ("bfloat16", "float16"):
        unit = UNIT_ROUNDOFF[name]
        for divide in (False, True):
            on_grid, total = 0, 0
            for one in seen:
                factor = fit.scale.factor * scale_factor(fit.scale.formula, one.shape) if divide else 1.0
                x = one.update / factor
                x = x[x != 0]
                on_grid += int(np.sum(np.abs(rounded(x, unit) / x - 1) < 2.0**-21))
                total += x.size
            if total > 40 and on_grid >= 0.98 * total:
                return name
    return None


def precision_of(
    noises: Mapping[str, Noise], careful: Mapping[str, Mapping[str, float]], bits: Mapping[str, str | None]
) -> Precision:
    """Return the precision of the inner computation from the noise of runs in one or more dtypes.

    A run in float32 cannot show more than float32; that of float64 shows whether the computation follows the dtype.

    Parameters
    ----------
    noises : mapping of dtype to Noise
        What is left of the steps of the runs in each dtype, the main one first.
    careful : mapping of dtype to mapping of precision to float
        From :func:`careful_shares` at the same observations.
    bits : mapping of dtype to str or None
        From :func:`bits_of`.
    """
    found, parts, worst = {}, [], False
    for dtype, noise in noises.items():
        few, many = careful[dtype], {name: noise.expected_total(UNIT_ROUNDOFF[name]) for name in _LOWEST}
        # between a precision and the next coarser one: what a careless program of it and a careful one of that leave
        name = "float64"
        for finer, coarser in pairwise(_LOWEST[::-1]):
            # a floor or a coefficient known to the digits of another run leaves less than a twentieth of the coarser
            if noise.total > max(math.sqrt(max(many[finer], few[finer]) * few[coarser]), few[coarser] / 20):
                name = coarser
        stored = bits[dtype]
        if stored is not None and noise.total > 0.1 * few[stored]:
            name = stored
        worst |= noise.total > 4 * max(few["bfloat16"], many["bfloat16"])
        found[dtype] = dtype if UNIT_ROUNDOFF[name] < UNIT_ROUNDOFF.get(dtype, 0.0) else name
        expected = ", ".join(f"{one} {few[one]:.1e} to {max(many[one], few[one]):.1e}" for one in _LOWEST[::-1])
        parts.append(
            f"runs in {dtype} leave {noise.total:.1e} of the step "
            f"(rounding alone would leave: {expected})" + (f" and are numbers of {stored}" if name == stored else "")
        )
    evidence = "; ".join(parts)
    evidence = evidence[:1].upper() + evidence[1:] + "."
    first = next(iter(found))
    if worst:
        return Precision(name="none", words="worse than bfloat16", alternatives=(), evidence=evidence)
    if all(name == dtype for dtype, name in found.items()):
        if len(found) > 1 or first == "float64":
            return Precision(name="dtype", words="that of the parameters", alternatives=(), evidence=evidence)
        more = tuple(name for name in (first, "float64") if UNIT_ROUNDOFF[name] <= UNIT_ROUNDOFF[first])
        return Precision(name="dtype", words="that of the parameters", alternatives=more, evidence=evidence)
    lower = {name for dtype, name in found.items() if name != dtype}
    name = max(lower, key=lambda one: UNIT_ROUNDOFF[one])
    words = "float16 (or tf32, which rounds alike)" if name == "float16" and "float16" not in bits.values() else name
    return Precision(name=name, words=words, alternatives=(), evidence=evidence)


def careful_shares(convention: Convention, seen: Sequence[Observation]) -> dict[str, float]:
    """Return what is left of the steps where the result of every product is rounded once, by precision."""
    found = {}
    for name in _LOWEST:
        unit = UNIT_ROUNDOFF[name]
        shares = []
        for one in seen:
            stored = one.with_update(rounded(_once_rounded(convention, one.gradient, unit), unit))
            shares.append(math.hypot(*shares_left(stored, one.with_update(direction_of(convention, one.gradient)))))
        found[name] = max(float(trimmed(np.array(shares))), UNIT_ROUNDOFF[name] / 8)
    return found


def _once_rounded(convention: Convention, g: np.ndarray, unit: float) -> np.ndarray:
    """Return the direction, the matrix and every product rounded to the unit roundoff ``unit``."""
    of = convention.map
    if not isinstance(of, PolynomialMap) or of.normalisation == "aol" or min(g.shape) == 0:
        return direction_of(convention, g)
    x = g.T if g.shape[0] > g.shape[1] else g
    s = np.linalg.svd(x, compute_uv=False)
    norm = norm_of(s, of.normalisation) * (1 + of.schedule.input_margin)
    norm = norm + convention.floor.value if convention.floor.form == "added" else max(norm, convention.floor.value)
    x = rounded(x / rounded(np.array(norm), unit), unit)
    for row in of.schedule.steps:
        gram = rounded(x @ x.T, unit)
        inner = row[-1] * gram
        for a in row[-2:0:-1]:
            inner = a * gram + gram @ rounded(inner, unit)
        x = rounded(row[0] * x + (rounded(inner, unit) @ x if len(row) > 1 else 0.0), unit)
    return x.T if g.shape[0] > g.shape[1] else x
