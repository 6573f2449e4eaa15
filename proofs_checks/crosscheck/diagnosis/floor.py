"""Floor: what keeps the division by the norm from zero, from one gradient at many sizes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import minimize_scalar

from schattor_theory.geometry import schatten_norm

from ..convention import Floor, PolynomialMap, PowerMap
from .observation import Observation, trimmed
from .schedule import norm_of

__all__ = ["FloorFit", "changed_below", "floor_of", "input_shares", "is_flat", "kept_share", "outcome_of"]

_CLEAR = 0.12
"""Largest share of the steps of a sweep that a floor may leave unexplained."""


@dataclass(frozen=True, kw_only=True)
class FloorFit:
    """A floor, in the unit of the gradient, with how well it explains the sweep.

    Attributes
    ----------
    floor : Floor
        Value and form.
    residual, without : float
        Share of the steps of the sweep that this floor leaves unexplained, see :func:`.trimmed`; that none leaves.
    misfit : float
        The same of this floor over all sizes, root mean square.
    is_form_clear : bool
        Whether the other form is worse.
    """

    floor: Floor
    residual: float
    without: float
    misfit: float
    is_form_clear: bool


def outcome_of(of: PowerMap | PolynomialMap, one: Observation, share: np.ndarray | float) -> np.ndarray:
    """Return the singular values out, up to a factor, when ``share`` of the normalised input is left.

    Shape (..., r) for shares of shape (..., 1).
    """
    if isinstance(of, PowerMap):
        ratio = one.s_in / one.s_in[0]
        if of.p == 1:
            return share * (ratio > 1 - 1e-9)
        return share * (np.ones_like(ratio) if math.isinf(of.p) else ratio ** (1 / (of.p - 1)))
    return np.asarray(of.schedule(one.s_in / norm_of(one.s_in, of.normalisation) * share))


def is_flat(swept: dict[int, Observation]) -> bool:
    """Return whether one gradient gives one step, or one in proportion to it, at every size up to ordinary ones.

    Then there is no floor.
    """
    below = [one for k, one in swept.items() if k <= 20]
    if not below or not all(one.is_finite and one.size > 0 for one in below):
        return False
    last = below[-1]
    ratios = [last.gradient_norm / one.gradient_norm for one in below]
    for degree in (0, 1):
        off = [np.linalg.norm(one.update * r**degree - last.update) for one, r in zip(below, ratios, strict=True)]
        if max(off) <= 1e-5 * last.size:
            return True
    return False


def changed_below(swept: dict[int, Observation]) -> int | None:
    """Return the power of two of the largest entry below which steps are no more those of ordinary sizes, or None."""
    ordinary = {k: one for k, one in swept.items() if -4 <= k <= 20 and one.is_finite and one.size > 0}
    if len(ordinary) < 2:
        return None
    first, last = ordinary[min(ordinary)], ordinary[max(ordinary)]
    degree = round(math.log2(last.size / first.size) / math.log2(last.gradient_norm / first.gradient_norm))
    for k in sorted((k for k in swept if k < min(ordinary)), reverse=True):
        one = swept[k]
        grown = one.update * (first.gradient_norm / one.gradient_norm) ** degree
        if not one.is_finite or np.linalg.norm(grown - first.update) > 0.1 * first.size:
            return k
    return None


def floor_of(of: PowerMap | PolynomialMap, swept: dict[int, Observation]) -> FloorFit | None:
    """Return the floor that a sweep shows; None where nothing is lost, or the step is homogeneous."""
    if isinstance(of, PolynomialMap) and of.normalisation == "aol":
        return None
    if is_flat(swept):
        return None
    usable = {k: one for k, one in swept.items() if k <= 20 and one.is_finite and one.size > 0 and one.is_full_rank}
    large = [one for k, one in usable.items() if k >= 2]
    if not large or min(usable) >= 0:
        return None
    first, last = large[0], large[-1]
    grows = math.log2(last.size / first.size) / max(math.log2(last.gradient_norm / first.gradient_norm), 1e-9)
    is_dual = isinstance(of, PolynomialMap) and len(large) > 1 and abs(grows - 1) < 0.2

    def outcome(one: Observation, share: np.ndarray | float) -> np.ndarray:
        y = outcome_of(of, one, share)
        return y * np.sum(one.s_in * y, axis=-1, keepdims=True) if is_dual else y

    if len(large) > 1 and not is_dual and abs(grows) > 0.2:
        return None
    model = outcome(last, 1.0)
    size = float(np.sum(last.s_out * model) / np.sum(model * model))
    seen = list(usable.values())
    norms = [_norm(of, one) for one in seen]

    def left(form: str, value: np.ndarray) -> np.ndarray:
        """Return the share of each step left unexplained, for floors of shape (k,), shape (k, steps)."""
        shares = []
        for one, norm in zip(seen, norms, strict=True):
            off = one.s_out - size * outcome(one, kept_share(form, value[:, None], norm))
            shares.append(np.minimum(np.linalg.norm(off, axis=-1) / np.linalg.norm(one.s_out), 1.0))
        return np.array(shares).T

    def trimmed_left(form: str, exponents: np.ndarray) -> np.ndarray:
        return trimmed(left(form, np.power(10.0, exponents)))

    with np.errstate(all="ignore"):
        without = float(trimmed(left("added", np.zeros(1)))[0])
        if without < 1e-9:
            return None
        found = {form: _least(partial(trimmed_left, form)) for form in ("added", "clamped")}
        # the forms differ at the few sizes about the floor alone, so that all sizes count here
        squares = {form: float(np.sum(left(form, np.array([10.0**e])) ** 2)) for form, (e, _) in found.items()}
    form = min(squares, key=lambda name: squares[name])
    exponent, residual = found[form]
    value = 10.0**exponent
    # a floor that no size falls below, or that explains little, is none
    if residual > _CLEAR or residual > 0.5 * without or value < 0.02 * min(norms):
        return None
    excess = max(squares.values()) - squares[form]
    return FloorFit(
        floor=Floor(value=value, form=form),
        residual=residual,
        without=without,
        misfit=math.sqrt(squares[form] / len(seen)),
        is_form_clear=excess > 20 * residual**2,
    )


def _least(left: Callable[[np.ndarray], np.ndarray]) -> tuple[float, float]:
    grid = np.linspace(-32, 6, 761)
    values = np.nan_to_num(left(grid), nan=1.0)
    at = int(np.argmin(values))
    bounds = (grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)])
    found = minimize_scalar(
        lambda e: float(left(np.array([e]))[0]), bounds=bounds, method="bounded", options={"xatol": 1e-9}
    )
    return float(found.x), float(found.fun)


def input_shares(of: PowerMap | PolynomialMap, fit: FloorFit, seen: Sequence[Observation]) -> list[float]:
    """Return what the floor leaves of the normalised input of each observation."""
    return [float(kept_share(fit.floor.form, fit.floor.value, _norm(of, one))) for one in seen]


def kept_share(form: str, value: np.ndarray | float, norm: float) -> np.ndarray:
    """Return what a floor leaves of a normalised input of this norm."""
    return np.asarray(norm / (norm + value) if form == "added" else norm / np.maximum(norm, value))


def _norm(of: PowerMap | PolynomialMap, one: Observation) -> float:
    """Return what is divided by, the margin of the schedule included."""
    if isinstance(of, PolynomialMap):
        return norm_of(one.s_in, of.normalisation) * (1 + of.schedule.input_margin)
    scale = float(one.s_in[0])
    q = math.inf if of.p == 1 else 1.0 if math.isinf(of.p) else of.p / (of.p - 1)
    return scale * float(schatten_norm(np.diag(one.s_in / scale), q))
