"""Worst cases on a line: for given signs of the momentum and of the gradients the search is a convex program.

Units: p = 2, L = η = 1, so that a step has length 1, a gradient is measured in Lη and a value in Lη². The instance that
comes back is made of fractions, and what it shows is computed from them alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import cvxpy as cp
import numpy as np
import threadpoolctl

from schattor_theory.checks import check_integer, check_positive, fail
from schattor_theory.errors import ParameterError

from . import solver

__all__ = ["MARGIN", "Instance", "optimal_budget", "worst_on_a_line"]

MARGIN = 1e-6
"""The momentum stays this far from 0, where its sign would not be defined."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A run of normalised steps with momentum on a line: its gradients, and the function they need.

    Attributes
    ----------
    gradients : tuple of Fraction
        g_0 … g_{K-1}.
    theta : Fraction
        θ of the momentum ``M_k = (1-θ)M_{k-1} + θg_k``, ``M_0 = g_0``.
    """

    gradients: tuple[Fraction, ...]
    theta: Fraction

    @property
    def momenta(self) -> tuple[Fraction, ...]:
        """Return M_0 … M_{K-1}."""
        found = [self.gradients[0]]
        for g in self.gradients[1:]:
            found.append((1 - self.theta) * found[-1] + self.theta * g)
        return tuple(found)

    @property
    def positions(self) -> tuple[Fraction, ...]:
        """Return x_0 = 0 and what the steps ``-sign(M_k)`` lead to."""
        found = [Fraction(0)]
        for m in self.momenta[:-1]:
            found.append(found[-1] - (m > 0) + (m < 0))
        return tuple(found)

    @property
    def mean(self) -> Fraction:
        """Return the mean of ``|g_k|``."""
        return sum(map(abs, self.gradients), Fraction(0)) / len(self.gradients)

    def budget(self) -> Fraction | None:
        """Return the least ``f_0 - inf f`` of a function of curvature at most 1 with these gradients, None without one.

        proof step: ``f_i - f_j`` has a lower bound for each pair and ``f_i - inf f`` is at least ``½g_i²``; values
        exist exactly when no cycle of these bounds is positive, and the least f_0 is their longest path.
        """
        x, g = self.positions, self.gradients
        size = range(len(g))
        above = [g[i] * g[i] / 2 for i in size]
        edges = [
            (i, j, (g[i] + g[j]) * (x[i] - x[j]) / 2 + (g[i] - g[j]) ** 2 / 4 - (x[i] - x[j]) ** 2 / 4)
            for i in size
            for j in size
            if i != j
        ]
        for _ in range(len(g) + 1):
            changed = False
            for i, j, weight in edges:
                if above[j] + weight > above[i]:
                    above[i], changed = above[j] + weight, True
            if not changed:
                return above[0]
        return None


def worst_on_a_line(n_steps: int, budget: float, theta: Fraction | float = 1) -> Instance:
    """Return the run with the largest mean ``|g_k|``, k < K, that some function with ``f_0 - inf f ≤ budget`` allows.

    Every pattern of signs is tried, so the time doubles with each step, with momentum it grows fourfold. The budget of
    the instance, which is exact, is above the given one by the rounding of the solver.

    Parameters
    ----------
    n_steps : int
        K in [1, 12].
    budget : float
        ``(f_0 - inf f)/(Lη²) > 0``.
    theta : Fraction or float
        θ in (0, 1]; 1 is without momentum.

    Raises
    ------
    ParameterError
        For an argument outside its range, or if no pattern of signs has an instance.

    Examples
    --------
    >>> found = worst_on_a_line(1, 0.5)
    >>> round(float(found.mean), 6), round(float(found.budget()), 6)
    (1.0, 0.5)
    """
    call = "worst_on_a_line"
    n = check_integer(call, "n_steps", n_steps, minimum=1)
    if n > 12:
        fail(ParameterError, call, "n_steps", "be at most 12", n_steps, "All patterns of signs are tried.")
    size = check_positive(call, "budget", budget)
    weight = Fraction(theta)
    if not 0 < weight <= 1:
        fail(ParameterError, call, "theta", "lie in (0, 1]", theta)
    best: Instance | None = None
    search = _Search(n, size, weight)
    with threadpoolctl.threadpool_limits(1):
        for momentum, gradient in _patterns(n, has_momentum=weight < 1):
            found = search.run(momentum, gradient, best.mean if best else 0)
            best = found if found is not None and (best is None or found.mean > best.mean) else best
    if best is None:
        fail(ParameterError, call, "budget", "be large enough for one run", budget)
    return best


def _patterns(n: int, *, has_momentum: bool) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield the signs of the momenta and of the gradients, the first one positive."""
    for rest in itertools.product((1, -1), repeat=n - 1):
        momentum = (1, *rest)
        if not has_momentum:
            yield momentum, momentum
            continue
        for others in itertools.product((1, -1), repeat=n - 1):
            gradient = (1, *others)
            # a momentum changes its sign only with the gradient
            if all(m == b or g == m for b, m, g in zip(momentum, momentum[1:], gradient[1:], strict=False)):
                yield momentum, gradient


class _Search:
    """The convex program of a pattern of signs; the signs are parameters, so that it is compiled once."""

    def __init__(self, n: int, budget: float, theta: Fraction) -> None:
        self.theta = theta
        self.gradients = cp.Variable(n)
        values = cp.Variable(n)
        self.gradient_signs, self.momentum_signs = cp.Parameter(n), cp.Parameter(n)
        pairs = np.array(list(itertools.permutations(range(n), 2)), dtype=int).reshape(-1, 2)
        self.i, self.j = pairs.T
        self.dx, self.dx_squared = cp.Parameter(max(1, len(pairs))), cp.Parameter(max(1, len(pairs)))
        g, i, j = self.gradients, self.i, self.j
        constraints = [
            cp.multiply(self.gradient_signs, g) >= 0,
            cp.multiply(self.momentum_signs, _averages(n, float(theta)) @ g) >= MARGIN,
            values >= cp.square(g) / 2,
            values[0] <= budget,
        ]
        if len(pairs):
            rest = cp.multiply(self.dx, g[i] + g[j]) / 2 + cp.square(g[i] - g[j]) / 4 - self.dx_squared / 4
            constraints.append(values[j] - values[i] + rest <= 0)
        self.problem = cp.Problem(cp.Maximize(self.gradient_signs @ g), constraints)

    def run(self, momentum: Sequence[int], gradient: Sequence[int], known: Fraction | float) -> Instance | None:
        """Return the best run of a pattern, None where there is none or its mean is below a known one."""
        x = -np.concatenate([[0.0], np.cumsum(momentum[:-1])])
        self.gradient_signs.value = np.array(gradient, dtype=float)
        self.momentum_signs.value = np.array(momentum, dtype=float)
        if len(self.i):
            self.dx.value = x[self.i] - x[self.j]
            self.dx_squared.value = self.dx.value**2
        solver.solve(self.problem)
        found = None if self.gradients.value is None else np.array(self.gradients.value)
        if found is None or not np.isfinite(found).all() or np.abs(found).mean() <= known:
            return None
        # proof step: a function has one gradient at a point that is visited twice
        for place in np.unique(x):
            found[x == place] = found[x == place].mean()
        return _exact(found, momentum, self.theta)


def _averages(n: int, theta: float) -> np.ndarray:
    """Return the matrix that makes momenta of gradients."""
    weights = np.eye(n)
    for k in range(1, n):
        weights[k] = (1 - theta) * weights[k - 1]
        weights[k, k] = theta
    return weights


def _exact(gradients: np.ndarray, momentum: Sequence[int], theta: Fraction) -> Instance | None:
    """Return the run in fractions, shrunk by as little as makes it the gradients of a function; None if it is not."""
    shrink = Fraction(0)
    while shrink < Fraction(1, 1000):
        found = Instance(tuple((1 - shrink) * Fraction(round(float(x) * 2**40), 2**40) for x in gradients), theta)
        same = all(m * s > 0 for m, s in zip(found.momenta, momentum, strict=True))
        if same and found.budget() is not None:
            return found
        shrink = max(4 * shrink, Fraction(1, 2**36))
    return None


def optimal_budget(n_steps: int, theta: float) -> float:
    """Return ``Δ/(Lη²)`` at the step size that is best for T5 without noise: ``K(4-3θ)/(2θ)``.

    Examples
    --------
    >>> optimal_budget(4, 1.0), optimal_budget(4, 0.5)
    (2.0, 10.0)
    """
    return n_steps * (4 - 3 * theta) / (2 * theta)
