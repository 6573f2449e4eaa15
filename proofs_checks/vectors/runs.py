"""Certified steps of the optimizer: the momentum in exact rational numbers, the parameters in balls.

The gradients are given, so the momentum ``M_k`` and what the direction is taken of are rational and have no rounding
at all; only the direction is enclosed, and the parameters add up enclosures. Every number of a run, 0.9 too, stands
for its binary value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, arb_mat, fmpq, fmpq_mat

from ..rigorous.balls import exact, largest
from .maps import BlockDirections

__all__ = ["Method", "RunStep", "run"]

Blocks = Mapping[str, fmpq_mat]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """The options of a run, as those of :class:`schattor_theory.Schattor`.

    Attributes
    ----------
    direction : callable
        From the blocks of a momentum to their dual norm and direction.
    oracle : {"ball", "regularized"}
        ``X - ηD`` or ``X - η|||M|||_* D``.
    step_size, momentum, weight_decay : float
        η, 1 - θ, λ.
    bias_correction, recursive : bool
        ``θ_k = (1-μ)/(1-μ^{k+1})``; ``M_k = G_k + (1-θ_k)(M_{k-1} - G'_k)`` with G'_k at the parameters before.
    look_ahead : None, float or "nesterov"
        τ, or ``τ_k = θ_{k+1}``: the direction is that of ``(1-τ_k)M_k + τ_k G_k``.
    """

    direction: Callable[[Blocks], BlockDirections]
    oracle: str = "ball"
    step_size: float = 1.0
    momentum: float = 0.0
    weight_decay: float = 0.0
    bias_correction: bool = False
    recursive: bool = False
    look_ahead: float | str | None = None

    def theta(self, k: int) -> Fraction:
        """Return θ_k, exactly; θ_0 = 1."""
        mu = Fraction(self.momentum)
        if k == 0:
            return Fraction(1)
        return (1 - mu) / (1 - mu ** (k + 1)) if self.bias_correction else 1 - mu

    def tau(self, k: int) -> Fraction:
        """Return τ_k, exactly; 0 without look-ahead."""
        if self.look_ahead is None:
            return Fraction(0)
        return self.theta(k + 1) if self.look_ahead == "nesterov" else Fraction(self.look_ahead)


@dataclass(frozen=True, slots=True)
class RunStep:
    """Parameters and momentum after a step, by block, each with its sensitivity."""

    params: dict[str, arb_mat]
    params_sensitivity: dict[str, arb]
    momentum: dict[str, fmpq_mat]
    momentum_sensitivity: dict[str, arb]


def _combined(a: Fraction, x: fmpq_mat, b: Fraction, y: fmpq_mat) -> fmpq_mat:
    return x * fmpq(a.numerator, a.denominator) + y * fmpq(b.numerator, b.denominator)


def _top(matrix: fmpq_mat | arb_mat) -> arb:
    """Return the largest absolute entry, 0 of an empty matrix."""
    return largest(arb(0), *(abs(arb(x)) for x in matrix.entries()))


def run(
    method: Method, start: Blocks, gradients: Sequence[Blocks], previous: Sequence[Blocks] | None = None
) -> list[RunStep]:
    """Return what each step makes of the parameters.

    Parameters
    ----------
    method : Method
        The options.
    start : mapping
        ``X_0`` of each block.
    gradients : sequence of mappings
        ``G_k``.
    previous : sequence of mappings, optional
        For recursive momentum: the gradient of the same sample at the parameters before, of each step; the first is
        not used.
    """
    eta, decay = exact(method.step_size), exact(method.step_size) * exact(method.weight_decay)
    x = {b: arb_mat(matrix) for b, matrix in start.items()}
    noise_x = {b: arb(0) for b in start}
    m = {b: matrix * 0 for b, matrix in start.items()}
    noise_m = {b: arb(0) for b in start}
    steps = []
    for k, gradient in enumerate(gradients):
        theta, tau = method.theta(k), method.tau(k)
        m, noise_m = _next_momentum(method, theta, m, noise_m, gradient, None if previous is None else previous[k])
        average = {b: _combined(1 - tau, m[b], tau, gradient[b]) for b in m}
        noise = noise_m
        if tau:
            noise = {b: noise_m[b] * exact(1 - tau) + 2 * largest(_top(m[b]), _top(gradient[b])) for b in m}
        found = method.direction(average)
        x, noise_x = dict(x), dict(noise_x)
        for b in x:
            length, noise_length = (
                (eta, arb(0)) if method.oracle == "ball" else (eta * found.norm, eta * found.norm_sensitivity)
            )
            # what rounding did to the momentum is, relatively, one more perturbation of the map's input
            perturbed = 1 + _relative(noise, average)
            turned = perturbed * (length * found.sensitivity[b] + noise_length * found.size[b])
            turned += 2 * length * found.size[b]
            moved = x[b] * (1 - decay) - found.matrix[b] * length
            noise_x[b] = noise_x[b] + turned + _top(moved) / 2 + (_top(x[b]) if method.weight_decay else 0)
            x[b] = moved
        steps.append(RunStep(x, noise_x, m, noise_m))
    return steps


def _next_momentum(
    method: Method, theta: Fraction, m: Blocks, noise: Mapping[str, arb], gradient: Blocks, previous: Blocks | None
) -> tuple[dict[str, fmpq_mat], dict[str, arb]]:
    if theta == 1:  # the first step: no rounding
        return dict(gradient), {b: arb(0) for b in m}
    found, noises = {}, {}
    for b in m:
        if method.recursive and previous is not None:
            difference = _combined(Fraction(1), m[b], Fraction(-1), previous[b])
            found[b] = _combined(Fraction(1), gradient[b], 1 - theta, difference)
            terms = exact(1 - theta) * (_top(m[b]) + _top(previous[b])) + _top(gradient[b])
        else:
            found[b] = _combined(1 - theta, m[b], theta, gradient[b])
            terms = exact(1 - theta) * _top(m[b]) + exact(theta) * _top(gradient[b])
        # proof step: θ and 1-θ, two products and a sum round five times, by eps/2 of these terms each; the bias
        # correction has a power, a difference and a quotient besides
        noises[b] = exact(1 - theta) * noise[b] + (5 if method.bias_correction else 2.5) * terms
    return found, noises


def _relative(noise: Mapping[str, arb], average: Blocks) -> arb:
    """Return how much larger, at most, the perturbation of the momentum is than that of a decomposition."""
    return largest(arb(0), *(noise[b] / top for b in average if not (top := _top(average[b])).is_zero()))
