"""T5' and T6*: the sharper forms recomputed from their proofs, and the instances that attain parts of them."""

from __future__ import annotations

import math

import numpy as np

from schattor_theory.assumptions import MomentShape
from schattor_theory.bounds import derived, regularized

from ..known import bound_value
from .arguments import MethodForSteps, Objective
from .check import Check, Context, Finding
from .regularized import largest_root
from .settling import SLOW, compare_burn_in
from .tally import Tally, rounding

__all__ = ["CHECKS"]


def _shape(sigma: float, order: float = 2.0) -> MomentShape:
    return MomentShape(constant=1.0, moment_order=order, sigma=sigma)


def _noise_paid(theta: float, order: float, n_steps: int) -> tuple[float, float]:
    """Return ``(1/K)Σ(A_k + (1-θ)A_{k-1})`` and ``(1/K)Σ A_k`` by the recursion of A_k, A_{-1} = 0."""
    power, before, paid, total = 1.0, 0.0, 0.0, 0.0
    for k in range(n_steps):
        power = 1.0 if k == 0 else (1 - theta) ** order * power + theta**order
        weight = power ** (1 / order)
        paid += weight + (1 - theta) * before
        total += weight
        before = weight
    return paid / n_steps, total / n_steps


def _drift_paid(theta: float, n_steps: int) -> float:
    """Return ``(1/K)Σ b_k/(Lη)`` by its recursion."""
    drift, total = 0.0, 0.0
    for k in range(n_steps):
        drift = 0.0 if k == 0 else (1 - theta) * (drift + 1)
        total += drift
    return total / n_steps


class _Numbers(Objective, MethodForSteps):
    pass


def _follows_from_its_recursion(context: Context) -> Finding:
    """T5' dominates T5-recursion at constant step size and momentum, and wastes no more than T5's geometric sums."""
    tally = Tally(context)
    for theta in (1.0, 0.6, 0.2, 0.05):
        for order in (2.0, 1.5, 1.2):
            for n_steps in (1, 5, 60, 1500):
                paid, plain = _noise_paid(theta, order, n_steps)
                eta, gap, smoothness, sigma = 0.03, 0.7, 1.3, 0.9
                numbers: _Numbers = {"initial_gap": gap, "smoothness": smoothness, "step_size": eta,
                                     "momentum": 1 - theta, "n_steps": n_steps}  # fmt: skip
                bound = derived.sharper_stationarity_bound(shape=_shape(sigma, order), **numbers)
                terms = bound.terms
                witness = {**numbers, "moment_order": order}
                noise = terms["noise"] + terms["burn_in"]
                slack = rounding(1, operations=4 * n_steps) * noise
                tally.at_most(sigma * paid, noise, slack=slack, witness=witness | {"claim": "noise"})
                # A_k decreases to κ_θ, so the closed form gives away no more than its burn-in
                limit = sigma * (2 - theta) * (plain + 1 / (theta * n_steps))
                tally.at_most(noise, limit, slack=slack, witness=witness | {"claim": "not wasteful"})
                drift = 2 * smoothness * eta * _drift_paid(theta, n_steps)
                tally.at_most(drift, terms["drift"], slack=1e-12, witness=witness | {"claim": "drift"})
                tally.equal(terms["curvature"], smoothness * eta / 2, slack=1e-15, witness=witness)
                tally.equal(terms["initial_gap"], gap / (n_steps * eta), slack=1e-12 * gap / eta, witness=witness)
                recursion = derived.sharper_any_schedule_bound(
                    [eta] * n_steps, [1.0] + [theta] * (n_steps - 1), initial_gap=gap, smoothness=smoothness,
                    shape=_shape(sigma, order),
                )  # fmt: skip
                slack = rounding(1, operations=4 * n_steps) * bound_value(bound)
                tally.at_most(recursion.value, bound.value, slack=slack, witness=witness | {"claim": "closed form"})
    slow = derived.sharper_stationarity_bound(initial_gap=1.0, smoothness=1.0, shape=_shape(1.0), step_size=1.0, **SLOW)
    compare_burn_in(tally, slow.terms["burn_in"], 1 + SLOW["momentum"], witness={"statement": "T5'"})
    return tally.finding("T5' follows from its recursion, with every constant.")


def _telegraph_mean(height: float, curvature: float, gap: float) -> float:
    """Return the mean of ``|φ'|`` over a period of the trapezoid wave of top ``height`` and slopes ``±curvature``.

    Its half period is ``gap/height + height/curvature``, so that f never varies by more than ``gap``.
    """
    half = gap / height + height / curvature
    ramp = height / curvature  # from 0 to the top; two of them in a half period
    return (2 * (height * ramp / 2) + height * (half - 2 * ramp)) / half if half >= 2 * ramp else math.nan


def _telegraph_attains_the_noise(context: Context) -> Finding:
    """The telegraph of docs/theory/sharper.md stays below T5' at every η, and at θ = 1 attains its noise term."""
    tally = Tally(context)
    sigma, smoothness = 1.0, 1.0
    for theta in (1.0, 0.5, 0.1, 0.01):
        height = sigma * math.sqrt(theta / (2 - theta))
        for ratio in (1e-4, 1e-2, 0.5):
            gap = height**2 / (smoothness * ratio)
            found = _telegraph_mean(height, smoothness, gap)
            witness = {"theta": theta, "ratio": ratio}
            closed = height * smoothness * gap / (smoothness * gap + height**2)
            tally.equal(found, closed, slack=1e-12 * closed, witness=witness | {"claim": "mean of the wave"})
            for eta in np.geomspace(1e-6, 1.0, 7):
                bound = derived.sharper_stationarity_bound(
                    initial_gap=gap, smoothness=smoothness, shape=_shape(sigma), step_size=float(eta),
                    momentum=1 - theta, n_steps=10**16,
                )  # fmt: skip
                slack = 1e-12 * found
                tally.at_most(found, bound.value, slack=slack, witness=witness | {"eta": float(eta)})
            if theta == 1 and ratio == 1e-4:
                quiet = derived.sharper_stationarity_bound(
                    initial_gap=gap, smoothness=smoothness, shape=_shape(sigma), step_size=1e-6, momentum=0.0,
                    n_steps=10**16,
                )  # fmt: skip
                # the wave misses σ by S²/(LΔ); what is left of the descent terms is 1e-6
                tally.equal(quiet.value, found, slack=2e-4 * found, witness=witness | {"claim": "attained"})
    return tally.finding("The telegraph stays below T5' and attains its noise term without momentum.")


def _squared_form_follows(context: Context) -> Finding:
    """T6* without lags is the largest root mean square that its proof allows; never above T6, equal at θ = 1."""
    tally = Tally(context)
    for theta in (1.0, 0.5, 0.1, 0.02):
        for n_steps in (1, 50, 2000):
            for rate in (0.005, 0.2, 0.9):
                if 1 - rate / 2 - rate * (1 - theta) / theta <= 0.01:
                    continue
                for sigma in (0.0, 0.4, 5.0):
                    numbers: _Numbers = {"initial_gap": 0.6, "smoothness": 1.0, "step_size": rate,
                                         "momentum": 1 - theta, "n_steps": n_steps}  # fmt: skip
                    sharper = bound_value(derived.sharper_regularized_bound(shape=_shape(sigma), **numbers))
                    plain = bound_value(regularized.regularized_bound(shape=_shape(sigma), **numbers))
                    root = largest_root(theta, rate, 0.6, sigma, n_steps, last=1 - theta)
                    witness = {"theta": theta, "rate": rate, "sigma": sigma, "n_steps": n_steps}
                    slack = rounding(1, operations=100) * root
                    tally.equal(math.sqrt(sharper), root, slack=slack, witness=witness)
                    tally.at_most(sharper, plain, slack=1e-12 * plain, witness=witness)
                    if theta == 1:
                        # one sample a step: nothing of the past is in it, and the last term of T6 is lost whole
                        gain = math.sqrt(plain) - math.sqrt(sharper)
                        past = sigma * math.sqrt(1 + 1 / n_steps)
                        tally.equal(gain, past, slack=rounding(1, operations=64) * (root + past), witness=witness)
    return tally.finding("T6* without lags follows from its proof, and is never above T6.")


def _one_long_step_attains(context: Context) -> Finding:
    """A gradient step of length 1/L on a parabola without noise attains T6* at θ = 1, for every K."""
    tally = Tally(context)
    for smoothness in (0.3, 1.0, 7.0):
        for n_steps in (1, 3, 40):
            gap = 0.8
            # f = Lx²/2, x_0 = √(2Δ/L): the first step lands on the minimiser
            found = 2 * smoothness * gap / n_steps
            bound = derived.sharper_regularized_bound(
                initial_gap=gap, smoothness=smoothness, shape=_shape(0.0), step_size=1 / smoothness, momentum=0.0,
                n_steps=n_steps,
            )  # fmt: skip
            witness = {"smoothness": smoothness, "n_steps": n_steps}
            tally.equal(found, bound.value, slack=rounding(1, operations=32) * found, witness=witness)
    return tally.finding("One step of length 1/L attains T6* without noise.")


CHECKS = (
    Check(
        statement="T5'",
        name="sharper_form_follows_from_its_recursion",
        kind="derivation",
        function=_follows_from_its_recursion,
        is_random=False,
    ),
    Check(
        statement="T5'",
        name="telegraph_attains_the_sharper_noise_term",
        kind="adversarial",
        function=_telegraph_attains_the_noise,
        is_random=False,
    ),
    Check(
        statement="T6*",
        name="sharper_squared_form_follows_from_its_proof",
        kind="derivation",
        function=_squared_form_follows,
        is_random=False,
    ),
    Check(
        statement="T6*",
        name="one_long_step_attains_the_sharper_squared_form",
        kind="adversarial",
        function=_one_long_step_attains,
        is_random=False,
    ),
)
