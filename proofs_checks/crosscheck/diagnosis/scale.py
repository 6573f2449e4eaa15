"""Scale: the factor of a step as a formula in the shape, and what else it is proportional to."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..convention import UNIT_ROUNDOFF, Convention, PolynomialMap, PowerMap, Scale
from ..reference import direction_of
from ..scales import SCALES, scale_factor
from .floor import FloorFit, input_shares
from .numbers import short_decimal
from .observation import Observation, trimmed

__all__ = ["RELATIONS", "ScaleFit", "factors_of", "scale_of"]


def _norm(x: np.ndarray, p: float) -> float:
    s = np.linalg.svd(x, compute_uv=False)
    top = float(s[0])
    return top if math.isinf(p) else top * float(np.sum((s / top) ** p) ** (1 / p))


def _bare_power(g: np.ndarray, d: np.ndarray) -> float:
    """Return what a power of singular values that no norm divides is of the direction D that one divides."""
    s, y = np.linalg.svd(g, compute_uv=False), np.linalg.svd(d, compute_uv=False)
    if len(s) < 2 or y[-1] <= 0 or s[-1] >= s[0]:
        return 1.0 / float(y[0])
    return float(s[0] ** (math.log(y[0] / y[-1]) / math.log(s[0] / s[-1])) / y[0])


RELATIONS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "": lambda g, d: 1.0,
    "the dual norm <G, D>": lambda g, d: float(np.sum(g * d)),
    "the Frobenius norm of G": lambda g, d: float(np.linalg.norm(g)),
    "the spectral norm of G": lambda g, d: _norm(g, math.inf),
    "the nuclear norm of G": lambda g, d: _norm(g, 1.0),
    "one over the Frobenius norm of D": lambda g, d: 1.0 / _norm(d, 2.0),
    "one over the spectral norm of D": lambda g, d: 1.0 / _norm(d, math.inf),
    "one over the largest entry of D": lambda g, d: 1.0 / float(np.max(np.abs(d))),
    "no norm, the bare power": lambda g, d: _bare_power(g, d),
    "the square root of the Frobenius norm of G": lambda g, d: math.sqrt(float(np.linalg.norm(g))),
}
"""What a step may be proportional to besides the shape, from the gradient G and the direction D of unit norm."""


@dataclass(frozen=True, kw_only=True)
class ScaleFit:
    """A formula, its factor, and how well it explains the steps.

    Attributes
    ----------
    scale : Scale
        Formula and factor, the factor as a short number where that is within its error.
    relation : str
        Key of ``RELATIONS``.
    spread : float
        What it leaves of the logarithms of the factors, root mean square over shapes.
    error : float
        Standard error of the factor, relative.
    measured : float
        The factor as measured.
    alternatives : tuple of str
        Formulas that the shapes seen do not tell apart.
    fits : bool
        Whether the spread is no more than rounding explains.
    by_shape : mapping of shape to float
        Median factor for each shape.
    uses_block : bool
        Whether the formula takes the shape of a block rather than that of the whole.
    noise : float
        Share of a step that rounding leaves unexplained.
    other_words : str
        A product of powers that fits where no formula does.
    """

    scale: Scale
    relation: str
    spread: float
    error: float
    measured: float
    alternatives: tuple[str, ...]
    fits: bool
    by_shape: dict[str, float] = field(default_factory=dict)
    uses_block: bool = False
    noise: float = 0.0
    other_words: str = ""


def factors_of(of: Convention, seen: Sequence[Observation], floor: FloorFit | None) -> list[tuple[float, np.ndarray]]:
    """Return the factor and the direction of each observation."""
    shares = [1.0] * len(seen)
    if floor is not None and isinstance(of.map, PowerMap):
        shares = input_shares(of.map, floor, seen)
    elif floor is not None and isinstance(of.map, PolynomialMap):
        of = replace(of, floor=floor.floor)
    found = []
    for one, share in zip(seen, shares, strict=True):
        d = direction_of(of, one.gradient)
        found.append((float(np.sum(d * one.update) / np.sum(d * d)) / share, d))
    return found


def scale_of(
    factors: Sequence[tuple[float, np.ndarray]], seen: Sequence[Observation], noise: float, *, first: Sequence[str]
) -> ScaleFit:
    """Return the scale that explains the factors, of those that do the simplest.

    Parameters
    ----------
    factors : sequence of (float, array)
        From :func:`factors_of`.
    seen : sequence of Observation
        The observations.
    noise : float
        Share of a step that rounding leaves unexplained.
    first : sequence of str
        Relations that a convention has; others are taken only where none of these fits.
    """
    values = np.array([factor for factor, _ in factors])
    sign = -1.0 if np.median(values) < 0 else 1.0
    logs = np.log(np.maximum(values * sign, 1e-300))
    related = {
        name: np.array([math.log(max(f(one.gradient, d), 1e-300)) for one, (_, d) in zip(seen, factors, strict=True)])
        for name, f in RELATIONS.items()
    }
    shapes = {False: [one.shape for one in seen], True: [one.gradient.shape for one in seen]}
    names = sorted({one.shape for one in seen})
    of_shape = [np.array([one.shape == name for one in seen]) for name in names]
    choices = []
    # a relation that is a function of the shape, as a norm of the polar factor is, is none
    asked = {
        name: offset
        for name, offset in related.items()
        if not name or np.median([np.ptp(offset[one]) for one in of_shape if np.sum(one) > 1] or [1.0]) > 1e-6
    }
    for uses_block in (False, True) if shapes[False] != shapes[True] else (False,):
        for relation, offset in asked.items():
            for formula in SCALES:
                left = logs - offset - np.log([scale_factor(formula, shape) for shape in shapes[uses_block]])
                choices.append((_spread(left, of_shape), relation, formula, uses_block, left))
    allowed = max(4 * noise, 8 * UNIT_ROUNDOFF.get(seen[0].dtype, UNIT_ROUNDOFF["float32"]))
    fitting = [one for one in choices if one[0] <= allowed and one[1] in first] or [
        one for one in choices if one[0] <= allowed
    ]
    plain = [one for one in choices if not one[1]]
    if not fitting and min(one[0] for one in plain) <= 2 * min(one[0] for one in choices):
        choices = plain
    pool = fitting or choices
    order = {name: k for k, name in enumerate(SCALES)}
    best_spread = min(one[0] for one in pool)
    same = (
        [one for one in pool if one[0] <= max(3 * best_spread, 0.25 * allowed)]
        if fitting
        else [min(pool, key=lambda o: o[0])]
    )
    best = min(same, key=lambda one: (one[3], list(RELATIONS).index(one[1]), order[one[2]]))
    spread, relation, formula, uses_block, left = best
    off = left - np.median(left)
    kept = left[np.abs(off) <= max(4 * spread, 1e-15)]
    measured = sign * math.exp(float(np.mean(kept)))
    error = max(float(np.std(kept)) / math.sqrt(max(len(kept), 1)), 2.0**-52)
    by_shape: dict[str, list[float]] = {}
    for one, value, offset in zip(seen, values, related[relation], strict=True):
        by_shape.setdefault("×".join(map(str, one.shape)), []).append(float(value / math.exp(offset)))
    others = tuple(dict.fromkeys(one[2] + (f", times {one[1]}" if one[1] else "") for one in same if one is not best))
    fit = ScaleFit(
        scale=Scale(formula=formula, factor=short_decimal(measured, 3 * error + 0.05 * noise)),
        relation=relation,
        spread=spread,
        error=error,
        measured=measured,
        alternatives=others,
        fits=bool(fitting),
        by_shape={name: float(np.median(v)) for name, v in by_shape.items()},
        uses_block=uses_block,
        noise=noise,
    )
    return fit if fitting else replace(fit, other_words=monomial_words(fit, seen, factors))


def _spread(left: np.ndarray, of_shape: Sequence[np.ndarray]) -> float:
    """Return how far logarithms of factors are apart: shapes from one another, and the probes of one shape.

    Of the probes of one shape a quarter may be cases of their own, but every shape counts.
    """
    middles = np.array([np.median(left[one]) for one in of_shape])
    within = [float(trimmed(left[one] - middle)) for one, middle in zip(of_shape, middles, strict=True)]
    return float(np.sqrt(np.mean((middles - np.mean(middles)) ** 2) + np.mean(np.square(within))))


def monomial_words(fit: ScaleFit, seen: Sequence[Observation], factors: Sequence[tuple[float, np.ndarray]]) -> str:
    """Return the product of powers of rows and columns, or of longer and shorter side, that fits, in words; or ""."""
    related = RELATIONS[fit.relation]
    logs = np.array(
        [math.log(abs(value) / related(one.gradient, d)) for one, (value, d) in zip(seen, factors, strict=True)]
    )
    sides = np.array([one.shape for one in seen], dtype=float)
    for names, x in (("rows", "columns"), sides), (("longer", "shorter"), np.sort(sides, axis=1)[:, ::-1]):
        design = np.column_stack([np.ones(len(x)), np.log(x)])
        if np.linalg.matrix_rank(design) < 3:
            continue
        solved = np.linalg.lstsq(design, logs, rcond=None)[0]
        if float(trimmed(logs - design @ solved)) <= max(4 * fit.noise, 1e-6):
            powers = [(name, round(float(e), 3)) for name, e in zip(names, solved[1:], strict=True)]
            product = " ".join(name if e == 1 else f"{name}^{e:g}" for name, e in powers if e)
            return f"{math.exp(solved[0]):.4g} {product}"
    return ""
