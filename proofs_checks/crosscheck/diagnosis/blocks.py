"""Several blocks: each by itself, or parts of one product geometry with exponents, radii and a balance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from scipy import optimize

from schattor_theory.geometry import SchattenGeometry, dual_exponent, exponent_label
from synthetic.seeds import Streams

from ..convention import Convention, PowerMap
from ..finding import Finding
from ..probe import Run
from ..rounding import Rounding
from .numbers import short_decimal
from .series import Forward, finite_steps, stored_unit

__all__ = ["BlocksFit", "fit_blocks"]

_SURE = 8.0
_EXPONENTS = (
    1.0,
    1.1,
    1.2,
    1.25,
    4 / 3,
    1.5,
    1.6,
    5 / 3,
    1.75,
    2.0,
    2.5,
    3.0,
    4.0,
    5.0,
    6.0,
    8.0,
    10.0,
    16.0,
    math.inf,
)
_ZERO = 1e-6  # a block that moves by this share of the others does not move


@dataclass(frozen=True, kw_only=True)
class BlocksFit:
    """How several blocks are moved.

    Attributes
    ----------
    finding : Finding
        In words.
    exponents, radii : mapping of block to float
        Of a product geometry; empty where each block is moved by itself.
    balance : float or None
        Its outer exponent.
    is_regularized : bool
        Whether the step grows with the gradients.
    """

    finding: Finding
    exponents: dict[str, float] = field(default_factory=dict)
    radii: dict[str, float] = field(default_factory=dict)
    balance: float | None = None
    is_regularized: bool = False

    def completes(self, convention: Convention | None) -> Convention | None:
        """Return the convention with these blocks."""
        if not self.exponents:
            return convention
        if convention is None:
            first = next(iter(self.exponents.values()))
            convention = Convention(map=PowerMap(p=first, is_regularized=self.is_regularized))
        return replace(convention, exponents=self.exponents, radii=self.radii, balance=self.balance)


@dataclass(frozen=True, kw_only=True)
class _First:
    """The first step of a run of several blocks."""

    run: Run
    gradients: dict[str, np.ndarray]
    updates: dict[str, np.ndarray]
    unit: float


class _Length(NamedTuple):
    """Of the step U of one block in one run: the factor c of ``U = c D`` and the dual norm of its gradient."""

    run: int
    block: str
    factor: float
    norm: float


def _firsts(runs: Sequence[Run]) -> list[_First]:
    found = []
    for run in runs:
        start = run.probe.start
        if len(start) < 2 or finite_steps(run) == 0 or any(np.any(x) or x.ndim != 2 for x in start.values()):
            continue
        gradients = {name: np.asarray(run.probe.gradients[0][name], dtype=float) for name in start}
        if all(np.any(g) for g in gradients.values()):
            updates = {name: run.update(0, name) for name in start}
            found.append(_First(run=run, gradients=gradients, updates=updates, unit=stored_unit(run)))
    return found


def fit_blocks(runs: Sequence[Run], convention: Convention | None) -> BlocksFit | None:
    """Return how several blocks are moved, or None where no run has several."""
    firsts = _firsts(runs)
    if not firsts:
        return None
    names = ", ".join(one.run.probe.name for one in firsts)
    if convention is not None:
        alone = _as_alone(firsts, convention)
        if alone is not None:
            finding = Finding(property="blocks", value="each block by itself", evidence=f"The first step of every "
                              f"block is that of the block alone within {alone:.1e} ({names}).")  # fmt: skip
            return BlocksFit(finding=finding)
    exponents = _exponents_of(firsts)
    if any(p is None for p in exponents.values()):
        unknown = ", ".join(name for name, p in exponents.items() if p is None)
        return BlocksFit(finding=Finding(property="blocks", value="not those of a product of Schatten norms",
                         evidence=f"The step of {unknown} has singular values that are no power of its gradient's "
                         f"({names}).", is_decided=False))  # fmt: skip
    return _product(firsts, {name: float(p) for name, p in exponents.items() if p is not None}, names)


def _as_alone(firsts: Sequence[_First], convention: Convention) -> float | None:
    """Return the largest share by which a block's step differs from that of the block alone; None where it does."""
    forward = Forward(replace(convention, exponents={}, radii={}, balance=None))
    worst = 0.0
    for one in firsts:
        rng = Streams({"blocks": one.run.probe.name}).generator("signs")
        rounding = Rounding(forward.unit(one.run.dtype), rng)
        for name, g in one.gradients.items():
            basis, weights = {name: g[None]}, np.ones((1, 1))
            result = forward(basis, weights)[0]
            size = float(np.linalg.norm(result))
            drawn = [forward(basis, weights, rounding)[0] - result for _ in range(4)]
            noise = math.sqrt(float(np.mean([np.sum(d**2) for d in drawn]))) + one.unit * size
            apart = float(np.linalg.norm(one.updates[name].ravel() - result))
            # a map is known up to what its own fit leaves: a share of 1e-4 is below any radius of interest
            if apart > max(_SURE * noise, 1e-4 * size):
                return None
            worst = max(worst, apart / size if size > 0 else 0.0)
    return worst


def _exponents_of(firsts: Sequence[_First]) -> dict[str, float | None]:
    """Return p of each block from the power law of its singular values; None where there is none."""
    names = dict.fromkeys(name for one in firsts for name in one.gradients)
    found: dict[str, float | None] = {}
    for name in names:
        pairs = [(one.gradients[name], one.updates[name], one.unit) for one in firsts if name in one.gradients]
        largest = max(float(np.linalg.norm(u)) for _, u, _ in pairs)
        pairs = [pair for pair in pairs if float(np.linalg.norm(pair[1])) > _ZERO * largest > 0]
        slopes = [slope for slope in (_slope(*pair) for pair in pairs) if slope is not None]
        if not pairs or len(slopes) < len(pairs):
            found[name] = None
            continue
        slope = float(np.median(slopes))
        found[name] = 1.0 if math.isinf(slope) else _named_exponent(slope)
    return found


def _slope(g: np.ndarray, u: np.ndarray, unit: float) -> float | None:
    """Return q - 1 of ``σ_out ~ σ_in^{q-1}``; inf for a step of rank one; None where it is no power law."""
    left, s, right = np.linalg.svd(g, full_matrices=False)
    inner = left.T @ u @ right.T
    out = np.diag(inner)
    size = float(np.linalg.norm(u))
    outside = math.sqrt(max(size**2 - float(np.sum(out**2)), 0.0))
    if outside > 0.05 * size:
        return None
    if np.all(np.abs(out[1:]) < 1e-3 * abs(out[0])):
        return math.inf
    kept = out > 32 * unit * out[0]
    if kept.sum() < 2 or out[0] <= 0:
        return None
    x, y = np.log(s[kept]), np.log(out[kept])
    slope, offset = np.polyfit(x, y, 1)
    left_over = float(np.max(np.abs(y - slope * x - offset)))
    return float(slope) if left_over < 0.02 + 0.02 * abs(slope) else None


def _named_exponent(slope: float) -> float:
    """Return p of ``q - 1 = slope``, one of the usual ones where the slope is theirs."""
    for p in _EXPONENTS[1:]:
        if abs(dual_exponent(p) - 1 - slope) < 1e-4 + 1e-3 * slope:
            return p
    return 1 + 1 / slope if slope > 0 else math.inf


def _product(firsts: Sequence[_First], exponents: dict[str, float], names: str) -> BlocksFit:
    rows: list[_Length] = []
    for i, one in enumerate(firsts):
        for name, g in one.gradients.items():
            norm, d = SchattenGeometry(exponents[name]).dual_norm_and_map(g)
            c = float(np.sum(one.updates[name] * d) / np.sum(d * d))
            rows.append(_Length(i, name, c, float(norm)))
    degree = _degree(firsts, rows)
    is_regularized = degree > 0.5
    moves = [one for one in rows if abs(one.factor) > _ZERO * max(abs(r.factor) for r in rows if r.run == one.run)]
    blocks = list(exponents)
    if len(moves) < len(rows):
        balance, radii, left = 1.0, *_radii_of_largest(moves, blocks, is_regularized, rows)
    else:
        balance, radii, left = _balance(rows, blocks, is_regularized)
    balance, radii = _simple_balance(balance), {name: short_decimal(rho, max(4e-4, 4 * left), digits=9) for name, rho in
                                                radii.items()}  # fmt: skip
    words = ", ".join(f"{name}: p = {exponent_label(exponents[name])}, radius {radii[name]:.4g}" for name in blocks)
    oracle = "regularised" if is_regularized else "ball"
    evidence = (f"Lengths of the steps of each block against the dual norms of all, {len(rows)} of them, within "
                f"{left:.1e} ({names}).")  # fmt: skip
    fits = left < 0.02
    value = f"{words}; balance {exponent_label(balance)}, {oracle} oracle"
    if not fits:
        value = f"{words}; the lengths follow no balance"
    finding = Finding(property="blocks", value=value, evidence=evidence, is_decided=fits,
                      data={"radii": radii, "balance": balance})  # fmt: skip
    return BlocksFit(finding=finding, exponents=exponents, radii=radii, balance=balance, is_regularized=is_regularized)


def _degree(firsts: Sequence[_First], rows: Sequence[_Length]) -> float:
    """Return h of ``U(sG) = s^h U(G)`` from runs whose gradients are those of another times one number."""
    for i, one in enumerate(firsts):
        for j, other in enumerate(firsts):
            if i == j or set(one.gradients) != set(other.gradients):
                continue
            ratios = {float(np.sum(one.gradients[n] * other.gradients[n]) / np.sum(other.gradients[n] ** 2))
                      for n in one.gradients}  # fmt: skip
            ratio = next(iter(ratios))
            same = all(np.allclose(one.gradients[n], ratio * other.gradients[n]) for n in one.gradients)
            if len(ratios) > 1 or not same or ratio in (0.0, 1.0):
                continue
            sizes = [math.sqrt(sum(c * c for k, _, c, _ in rows if k == place)) for place in (i, j)]
            return math.log(sizes[0] / sizes[1]) / math.log(ratio)
    return 0.0


def _modelled(rows: Sequence[_Length], radii: dict[str, float], outer: float, degree: int) -> np.ndarray:
    """Return log c of every row for t' - 1 = ``outer``."""
    logs = []
    for place in dict.fromkeys(row[0] for row in rows):
        some = [row for row in rows if row[0] == place]
        sizes = np.array([math.log(radii[name] * a) for _, name, _, a in some])
        top = float(sizes.max())
        norm = top + math.log(float(np.sum(np.exp((outer + 1) * (sizes - top))))) / (outer + 1)
        logs += [math.log(radii[name]) + outer * (size - norm) + degree * norm
                 for (_, name, _, _), size in zip(some, sizes, strict=True)]  # fmt: skip
    return np.array(logs)


def _balance(rows: Sequence[_Length], blocks: list[str], is_regularized: bool) -> tuple[float, dict[str, float], float]:
    """Return t, the radii and what is left of the logarithms of the lengths."""
    if any(c <= 0 for _, _, c, _ in rows):
        return math.inf, {name: 1.0 for name in blocks}, 1.0
    wanted = np.log([c for _, _, c, _ in rows])
    degree = int(is_regularized)

    def left(values: np.ndarray) -> np.ndarray:
        radii = {name: math.exp(value) for name, value in zip(blocks, values[1:], strict=True)}
        return _modelled(rows, radii, float(values[0]), degree) - wanted

    bounds = ([0.0] + [-30.0] * len(blocks), [60.0] + [30.0] * len(blocks))
    starts = [np.clip([outer] + [0.0] * len(blocks), 1e-9, None) for outer in (0.0, 0.3, 1.0, 3.0)]
    fits = [optimize.least_squares(left, start, bounds=bounds, xtol=1e-14, ftol=1e-14) for start in starts]
    best = min(fits, key=lambda fit: fit.cost)
    outer = float(best.x[0])
    balance = math.inf if outer < 1e-4 else 1 + 1 / outer
    radii = {name: math.exp(float(value)) for name, value in zip(blocks, best.x[1:], strict=True)}
    return balance, radii, float(np.max(np.abs(best.fun)))


def _radii_of_largest(
    moves: Sequence[_Length], blocks: list[str], is_regularized: bool, rows: Sequence[_Length]
) -> tuple[dict[str, float], float]:
    """Return the radii where only the block with the largest part of the dual norm moves."""
    radii, left = {}, 0.0
    for name in blocks:
        seen = [math.sqrt(c / a) if is_regularized else c for _, block, c, a in moves if block == name and c > 0]
        radii[name] = float(np.median(seen)) if seen else 1.0
        left = max([left, *(abs(one / radii[name] - 1) for one in seen)])
    for place in dict.fromkeys(row[0] for row in rows):
        sizes = {name: radii[name] * a for i, name, _, a in rows if i == place}
        moved = {name for i, name, _, _ in moves if i == place}
        if max(sizes, key=lambda name: sizes[name]) not in moved and set(radii) <= {m.block for m in moves}:
            left = max(left, 1.0)
    return radii, left


def _simple_balance(balance: float) -> float:
    for simple in (*_EXPONENTS, 12.0, 20.0):
        if not math.isinf(simple) and abs(1 / balance - 1 / simple) < 2e-3 / simple:
            return simple
    return balance
