"""T5 from its proof: its constants recomputed from T1 and T3, its terms attained, its tuning optimal."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from schattor_theory.assumptions import MomentShape
from schattor_theory.bounds import corollaries, momentum_error, stationarity, tuning
from schattor_theory.bounds.records import BoundValue
from schattor_theory.optimizer import schedules

from ..known import bound_value
from .arguments import Horizon, Method, Objective, ShapedObjective
from .check import Check, Context, Finding
from .inexact import SubstituteGeometry
from .inputs import P_FAMILY, p_label
from .runs import WORLDS, Plan, World, simulated, world_cases
from .samples import judge, worse_of
from .settling import SLOW, compare_burn_in
from .tally import Tally, rounding

__all__ = ["CHECKS", "proof_terms"]


def _shape(beta: float, sigma: float) -> MomentShape:
    return MomentShape(constant=1.0, moment_order=beta, sigma=sigma)


def proof_terms(
    steps: np.ndarray, thetas: np.ndarray, gap: float, smoothness: float, noise: float, beta: float,
    defect: float = 0.0, excess: float = 0.0,
) -> dict[str, float]:  # fmt: skip
    """Return the terms of ``Σ η_k ‖∇f‖/Σ η_k`` from T1 summed over the steps and T3's recursions, written out anew."""
    length, total = 1 + excess, (1 - defect) * float(steps.sum())
    drift, power, drifts, powers = 0.0, 1.0, [], []
    for k, theta in enumerate(thetas):
        if k:
            drift = (1 - theta) * (drift + length * smoothness * steps[k - 1])
            power = (1 - theta) ** beta * power + theta**beta
        drifts.append(drift)
        powers.append(power ** (1 / beta))
    price = 2 + excess - defect
    return {
        "initial_gap": gap / total,
        "curvature": length**2 * smoothness / 2 * float(np.sum(steps**2)) / total,
        "drift": price * float(steps @ np.array(drifts)) / total,
        "noise": price * noise * float(steps @ np.array(powers)) / total,
    }


def _follows_from_its_proof(context: Context) -> Finding:
    """T5 recomputed from T1 and T3: the any-schedule form equals it, the closed form lies above and close."""
    tally = Tally(context)
    rng = context.rng(inputs="schedules")
    for trial in range(60 if context.is_full else 20):
        n_steps = int(rng.integers(1, 80))
        steps = rng.uniform(0, 1, n_steps) + 0.01
        thetas = np.concatenate([[1.0], rng.uniform(0.02, 1, n_steps - 1)])
        gap, smoothness, sigma = 10.0 ** rng.uniform(-1, 1, 3)
        beta, defect, excess = float(rng.uniform(1, 2)), float(rng.uniform(0, 0.8)), float(rng.uniform(0, 0.5))
        constant = float(rng.uniform(1, 2))
        shape = MomentShape(constant=constant, moment_order=beta, sigma=sigma)
        numbers: ShapedObjective = {"initial_gap": gap, "smoothness": smoothness, "shape": shape}
        for d, w in ((0.0, 0.0), (defect, excess)):
            found = stationarity.any_schedule_bound(steps, thetas, direction_defect=d, norm_excess=w, **numbers)
            terms = proof_terms(steps, thetas, gap, smoothness, constant * sigma, beta, d, w)
            for term, value in terms.items():
                witness = {"trial": trial, "term": term, "defect": d, "excess": w, "steps": steps, "thetas": thetas}
                tally.equal(found.terms[term], value, slack=1e-11 * (value + 1e-300), witness=witness)
    for theta in (1.0, 0.7, 0.2, 0.03):
        for n_steps in (1, 3, 40, 4000):
            for beta in (1.0, 1.3, 2.0):
                _closed_form(tally, theta, n_steps, beta)
    return tally.finding("T5 follows from T1 and T3 with every constant, exact and inexact.")


def _closed_form(tally: Tally, theta: float, n_steps: int, beta: float) -> None:
    gap, smoothness, sigma, eta = 0.7, 1.4, 0.9, 0.05
    for bias in (False, True):
        thetas = np.where(np.arange(n_steps) == 0, 1.0, theta)
        if bias:
            thetas = momentum_error.bias_corrected_thetas(1 - theta, n_steps)
        for defect, excess in ((0.0, 0.0), (0.3, 0.2)):
            found = stationarity.stationarity_bound(
                initial_gap=gap, smoothness=smoothness, sigma=sigma, moment_order=beta, noise_model="shape", p=2,
                step_size=eta, momentum=1 - theta, n_steps=n_steps, bias_correction=bias, direction_defect=defect,
                norm_excess=excess,
            )  # fmt: skip
            steps = np.full(n_steps, eta)
            exact = sum(proof_terms(steps, thetas, gap, smoothness, sigma, beta, defect, excess).values())
            witness = {"theta": theta, "n_steps": n_steps, "moment_order": beta, "bias_correction": bias,
                       "defect": defect, "excess": excess}  # fmt: skip
            slack = rounding(1, operations=n_steps) * exact
            value = bound_value(found)
            tally.at_most(exact, value, slack=slack, witness=witness)
            # geometric sums: drift and noise are settled but for about 1/θ steps, each of which counts 1/K
            gain, price = 1 - defect, 2 + excess - defect
            settling = price / gain / (theta * n_steps)
            room = settling * ((1 + excess) * smoothness * eta * (1 - theta) / theta + 2.3 * sigma)
            claim = witness | {"claim": "no more than the proof gives"}
            tally.at_most(value, exact + room, slack=slack, witness=claim)


def _terms_are_attained(context: Context) -> Finding:
    """``½L<A, X>²`` without noise and momentum meets the first two terms of T5 with equality, for every p, η and K."""
    tally = Tally(context)
    for p in (1.5, *P_FAMILY):
        world = WORLDS["one direction, no noise"](p, 1, context.rng(world="quiet", p=p))
        gap, smoothness = world.problem.initial_gap, world.problem.smoothness(p)
        for eta in (0.01, 0.3, 1.7):
            for n_steps in (3, 50):
                for excess in (0.0, 0.5):
                    geometry = SubstituteGeometry(p, length=1 + excess)
                    runs = simulated(
                        context, world, geometry, n_steps=n_steps, repeats=1, label="quiet", step_size=eta, momentum=0.0
                    )
                    bound = stationarity.stationarity_bound(
                        p=2, initial_gap=gap, smoothness=smoothness, sigma=0.0, moment_order=2, step_size=eta,
                        momentum=0.0, n_steps=n_steps, direction_defect=-excess, norm_excess=excess,
                    )  # fmt: skip
                    # f(X_K) = ‖∇f(X_K)‖²/(2L) is what is left of the gap
                    left = float(runs.value_last[0]) / (n_steps * eta * (1 + excess))
                    found = float(runs.stationarity_mean[0])
                    witness = {"p": p_label(p), "step_size": eta, "n_steps": n_steps, "excess": excess}
                    value = bound_value(bound)
                    slack = rounding(3, operations=8 * n_steps) * (value + left)
                    tally.equal(found, value - left, slack=slack, witness=witness)
    return tally.finding("The gap and curvature terms of T5 are attained exactly.")


def _parameter_free_plan(world: World, p: Any, n_steps: int) -> Plan:
    scale = world.tuned(p, n_steps)[0] * n_steps**0.25
    bound = corollaries.parameter_free_bound(scale=scale, shape=world.shape(p), n_steps=n_steps, **world.constants(p))
    return Plan(options=schedules.parameter_free(scale), bound=bound)


def _parameter_free(context: Context) -> Finding:
    """The parameter-free closed form dominates the sums it bounds, over four decades of K, and runs stay below it."""
    tally = Tally(context)
    for n_steps in (1, 2, 5, 30, 300, 5000):
        k = np.arange(1.0, n_steps + 1)
        for beta in (1.0, 1.2, 1.5, 2.0):
            shape = _shape(beta, 1.3)
            for gap, smoothness, scale in ((1.0, 1.0, 0.3), (0.1, 5.0, 0.02), (10.0, 0.1, 3.0)):
                numbers: ShapedObjective = {"initial_gap": gap, "smoothness": smoothness, "shape": shape}
                closed = corollaries.parameter_free_bound(scale=scale, n_steps=n_steps, **numbers)
                exact = stationarity.any_schedule_bound(scale * k**-0.75, k**-0.5, **numbers)
                witness = {"n_steps": n_steps, "moment_order": beta, "scale": scale, "initial_gap": gap}
                slack = rounding(1, operations=n_steps) * bound_value(closed)
                tally.at_most(exact.value, closed.value, slack=slack, witness=witness)
                for term, value in exact.terms.items():
                    tally.at_most(value, closed.terms[term], slack=slack, witness=witness | {"term": term})
                if n_steps <= 30:
                    same = stationarity.stationarity_bound(
                        initial_gap=gap, smoothness=smoothness, sigma=1.3, moment_order=beta, noise_model="shape", p=2,
                        n_steps=n_steps, **schedules.parameter_free(scale),
                    )  # fmt: skip
                    claim = witness | {"claim": "the schedule itself"}
                    tally.equal(same.value, exact.value, slack=1e-12 * bound_value(exact), witness=claim)
            step_power, theta_power = corollaries.tuned_exponents(beta)
            general = corollaries.tuned_schedule_bound(scale=0.3, n_steps=n_steps, **numbers)
            same = stationarity.any_schedule_bound(0.3 * k**-step_power, k**-theta_power, **numbers)
            tally.equal(general.value, same.value, slack=1e-12 * bound_value(same), witness={"tuned exponents": beta})
            rate = tuning.rate_exponent(beta)
            # gap, drift and noise fall together: Δ/Ση_k, η_k/θ_k and θ_k^{1-1/β}
            powers = (1 - step_power, step_power - theta_power, theta_power * (1 - 1 / beta))
            tally.equal(powers, rate, slack=1e-12, witness={"claim": "rate", "moment_order": beta})
    _drift_grows_as_its_closed_form(tally)
    worlds = ("flat quadratic, fixed signs, N2", "flat quadratic, two-point tail, N3")
    runs = judge(context, world_cases(_parameter_free_plan, worlds=worlds), "Parameter-free runs")
    return worse_of(tally.finding("The parameter-free form dominates its sums."), runs)


def _drift_grows_as_its_closed_form(tally: Tally) -> None:
    """Between two K the sum of η_k b_k grows by at most ``Lη² ln(K'/K)``, and by nearly as much."""
    numbers: ShapedObjective = {"initial_gap": 1.0, "smoothness": 1.0, "shape": _shape(2.0, 1.0)}
    exact, closed = [], []
    for n_steps in (1000, 20_000):
        k = np.arange(1.0, n_steps + 1)
        bound = corollaries.parameter_free_bound(scale=1.0, n_steps=n_steps, **numbers)
        sums = stationarity.any_schedule_bound(k**-0.75, k**-0.5, **numbers)
        closed.append(bound.terms["drift"] * 4 * ((n_steps + 1) ** 0.25 - 1))
        exact.append(sums.terms["drift"] * float(np.sum(k**-0.75)))
    witness = {"claim": "drift between K = 1000 and 20000"}
    tally.at_most(exact[1] - exact[0], closed[1] - closed[0], slack=1e-9, witness=witness)
    tally.at_most(0.97 * (closed[1] - closed[0]), exact[1] - exact[0], witness=witness)


def _covariance_corollary_plan(world: World, p: Any, n_steps: int) -> Plan:
    sigma = world.record.sigma
    bound = corollaries.covariance_corollary(sigma=sigma, n_steps=n_steps, p=p, **world.constants(p))
    options = {"step_size": bound.constants.get("step_size", 1.0), "momentum": 1 - bound.constants.get("theta", 1.0)}
    return Plan(options=options | {"bias_correction": True}, bound=bound)


def _covariance_corollary(context: Context) -> Finding:
    """The N2 corollary dominates the recursion at its own schedule, and comes close to it as K grows."""
    tally = Tally(context)
    closest: list[float] = []
    # the last has θ near 4/5 at K = 100, where the burn-in is nearly what it is said to be
    for gap, smoothness, sigma in ((0.5, 1.0, 1.0), (3.0, 0.2, 4.0), (1.0, 1.0, 30.0), (1.0, 1.0, 0.2501)):
        for n_steps in (10, 100, 3000, 30_000):
            for bias in (True, False):
                numbers: Objective = {"initial_gap": gap, "smoothness": smoothness}
                bound = corollaries.covariance_corollary(
                    sigma=sigma, n_steps=n_steps, p="inf", bias_correction=bias, **numbers
                )
                if not bound.is_applicable:
                    continue
                theta, eta = bound.constants["theta"], bound.constants["step_size"]
                thetas = np.where(np.arange(n_steps) == 0, 1.0, theta)
                if bias:
                    thetas = momentum_error.bias_corrected_thetas(1 - theta, n_steps)
                exact = sum(proof_terms(np.full(n_steps, eta), thetas, gap, smoothness, sigma, 2.0).values())
                witness = {**numbers, "sigma": sigma, "n_steps": n_steps, "bias_correction": bias}
                slack = 1e-10 * bound_value(bound)
                tally.at_most(exact, bound.value, slack=slack, witness=witness)
                form = stationarity.stationarity_bound(
                    sigma=sigma, moment_order=2, p="inf", step_size=eta, momentum=1 - theta, n_steps=n_steps,
                    bias_correction=bias, **numbers,
                )  # fmt: skip
                parts = {"burn_in": form.terms["burn_in"], "leading": bound_value(form) - form.terms["burn_in"]}
                for term, value in parts.items():
                    tally.at_most(value, bound.terms[term], slack=slack, witness=witness | {"term": term})
                if n_steps == 30_000 and sigma == 1.0:
                    closest.append(exact / bound.terms["leading"])
    # θ → 0: the leading term is the value of the proof's own sums, up to what is of higher order in θ
    tally.at_most(0.97, min(closest), slack=0.0, witness={"claim": "the leading term is the limit of the sums"})
    for theta in (0.799, 0.801):
        edge: Horizon = {"initial_gap": 0.5, "smoothness": 2.0, "n_steps": 400}
        bound = corollaries.covariance_corollary(sigma=0.1 / theta, p="inf", **edge)
        witness = {**edge, "theta": theta, "claim": "θ ≤ 4/5 is asked for"}
        tally.equal(float(bound.is_applicable), float(theta < 0.8), slack=0.5, witness=witness)
    worlds = ("flat quadratic, fixed signs, N2", "non-convex, Haar signs, N2")
    runs = judge(context, world_cases(_covariance_corollary_plan, worlds=worlds), "Runs at the corollary's schedule")
    return worse_of(tally.finding("The N2 corollary dominates its sums."), runs)


class _Numbers(Objective, Method):
    sigma: float
    p: object


def _noise_factors(context: Context) -> Finding:
    """T5-hp is T5 with its noise terms times the least factor of Markov, or of Pinelis with a union bound."""
    tally = Tally(context)
    numbers: _Numbers = {
        "initial_gap": 0.7, "smoothness": 1.4, "sigma": 0.9, "p": 2, "step_size": 0.05, "momentum": 0.8
    }  # fmt: skip
    for n_steps in (1, 40, 5000):
        for gamma in (0.5, 0.1, 1e-6):
            for order in (1.0, 1.3, 2.0):
                mean = stationarity.stationarity_bound(
                    **numbers, noise_model="shape", moment_order=order, n_steps=n_steps
                )
                found = corollaries.high_probability_bound(
                    **numbers, noise_model="shape", moment_order=order, n_steps=n_steps, failure_probability=gamma
                )
                # a size of π^{-1/β} with probability π has moment 1: it is exceeded too often for every π > γ
                ends = [((1 + shift) * gamma) ** (-1 / order) for shift in (1e-9, -1e-9)]
                _compare_factors(tally, mean.terms, found.terms, ends, {"moment_order": order, "gamma": gamma})
            mean = stationarity.stationarity_bound(**numbers, moment_order=2, n_steps=n_steps)
            found = corollaries.high_probability_bound(
                **numbers, form="bounded", n_steps=n_steps, failure_probability=gamma
            )
            # K events of probability 2e^{-t²/2} each
            ends = [math.sqrt(2 * math.log(2 * n_steps / ((1 + shift) * gamma))) for shift in (1e-9, -1e-9)]
            _compare_factors(tally, mean.terms, found.terms, ends, {"form": "bounded", "gamma": gamma, "K": n_steps})
    return tally.finding("Only the noise terms of T5-hp grow, by the factors of Markov and of Pinelis.")


def _compare_factors(
    tally: Tally, mean: dict[str, float], found: dict[str, float], ends: list[float], witness: dict[str, Any]
) -> None:
    for term, value in mean.items():
        low, high = ends if term in ("noise", "burn_in") else (1.0, 1.0)
        slack = 1e-12 * high * value
        tally.at_most(low * value, found[term], slack=slack, witness=witness | {"term": term})
        tally.at_most(found[term], high * value, slack=slack, witness=witness | {"term": term})


def _tuning_is_optimal(context: Context) -> Finding:
    """The best η and θ beat their neighbours, and the closed forms of the theory are met."""
    tally = Tally(context)
    for gap, smoothness, sigma, n_steps in ((0.5, 1.0, 1.0, 1000), (2.0, 0.3, 10.0, 100), (1.0, 4.0, 0.1, 50)):
        numbers: Horizon = {"initial_gap": gap, "smoothness": smoothness, "n_steps": n_steps}
        for theta in (1.0, 0.3, 0.02):
            eta = tuning.best_step_size(theta, **numbers)
            tally.equal(eta, math.sqrt(2 * gap * theta / (n_steps * smoothness * (4 - 3 * theta))), slack=1e-12 * eta,
                        witness=numbers | {"theta": theta})  # fmt: skip
            best = _t5(eta, theta, sigma, 2.0, numbers)
            three = sum(best.terms[name] for name in ("initial_gap", "curvature", "drift"))
            closed = math.sqrt(2 * gap * smoothness * (4 - 3 * theta) / (n_steps * theta))
            tally.equal(three, closed, slack=1e-12 * closed, witness=numbers | {"theta": theta, "claim": "three terms"})
            for factor in (0.5, 0.9, 1.1, 2.0):
                other = _t5(factor * eta, theta, sigma, 2.0, numbers)
                slack = 1e-12 * bound_value(best)
                tally.at_most(best.value, other.value, slack=slack, witness=numbers | {"factor": factor})
        for beta in (1.0, 1.3, 2.0):
            found = tuning.tuned(gap, smoothness, sigma, n_steps, beta)
            same = _t5(found.step_size, found.theta, sigma, beta, numbers)
            slack = 1e-10 * bound_value(same)
            tally.equal(found.bound.value, same.value, slack=slack, witness=numbers | {"beta": beta})
            _momentum_is_that_of_the_tuning(tally, sigma, beta, numbers, found.theta)
            for theta in np.geomspace(1e-3, 1.0, 40):
                other = _t5(tuning.best_step_size(theta, **numbers), theta, sigma, beta, numbers)
                slack = 1e-6 * bound_value(other)
                tally.at_most(found.bound.value, other.value, slack=slack, witness=numbers | {"theta": theta})
    # K → ∞: halving follows the rate, up to what falls like K^{-1/8}, relative to the leading terms, or faster
    for beta in (1.2, 1.5, 2.0):
        rate = tuning.rate_exponent(beta)
        first, last = (bound_value(tuning.tuned(1.0, 1.0, 1.0, n_steps, beta).bound) for n_steps in (10**14, 10**16))
        falls = math.log(first / last) / math.log(100)
        tally.equal(falls, rate, slack=0.004, witness={"moment_order": beta, "claim": "rate"})
    compare_burn_in(tally, _t5_slowly().terms["burn_in"], 2.0, witness={"statement": "T5", "bias_correction": False})
    biased = _t5_slowly(bias_correction=True)
    compare_burn_in(
        tally, biased.terms["burn_in"], 2.0, bias_correction=True, witness={"statement": "T5", "bias_correction": True}
    )
    return tally.finding("The theory's step size and momentum minimise T5's closed form.")


def _momentum_is_that_of_the_tuning(tally: Tally, sigma: float, beta: float, numbers: Horizon, theta: float) -> None:
    """``best_momentum`` is that of ``tuned``, and its leading form minimises the two terms it is made for."""
    witness = numbers | {"sigma": sigma, "moment_order": beta, "claim": "best momentum"}
    found = tuning.best_momentum(sigma=sigma, moment_order=beta, **numbers)
    tally.equal(1 - found, theta, slack=1e-12, witness=witness)
    leading = 1 - tuning.best_momentum(sigma=sigma, moment_order=beta, method="leading", **numbers)
    if beta == 1:
        return

    def terms(theta: float) -> float:
        gap = math.sqrt(8 * numbers["initial_gap"] * numbers["smoothness"] / (numbers["n_steps"] * theta))
        return gap + 2 * sigma * beta ** (-1 / beta) * theta ** (1 - 1 / beta)

    for other in (0.97 * leading, min(1.0, 1.03 * leading)):
        tally.at_most(terms(leading), terms(other), slack=1e-12, witness=witness | {"method": "leading"})


def _t5_slowly(*, bias_correction: bool = False) -> BoundValue:
    return stationarity.stationarity_bound(
        initial_gap=1.0, smoothness=1.0, sigma=1.0, moment_order=2, p=2, step_size=1.0,
        bias_correction=bias_correction, **SLOW,
    )  # fmt: skip


def _t5(eta: float, theta: float, sigma: float, beta: float, numbers: Horizon) -> BoundValue:
    return stationarity.stationarity_bound(
        sigma=sigma, moment_order=beta, noise_model="shape", p=2, step_size=eta, momentum=1 - theta, **numbers
    )


CHECKS = (
    Check(
        statement="T5",
        name="bound_follows_from_descent_and_momentum_error",
        kind="derivation",
        function=_follows_from_its_proof,
        cost=1.0,
    ),
    Check(
        statement="T5",
        name="gap_and_curvature_terms_are_attained",
        kind="adversarial",
        function=_terms_are_attained,
        is_random=False,
        cost=1.0,
    ),
    Check(
        statement="T5",
        name="tuning_minimises_the_bound",
        kind="derivation",
        function=_tuning_is_optimal,
        is_random=False,
    ),
    Check(
        statement="T5-hp",
        name="noise_factors_come_from_their_inequalities",
        kind="derivation",
        function=_noise_factors,
        is_random=False,
        cost=0.1,
    ),
    Check(
        statement="T5-any",
        name="parameter_free_form_dominates_its_sums",
        kind="derivation",
        function=_parameter_free,
        cost=2.0,
    ),
    Check(
        statement="T5-N2",
        name="covariance_corollary_dominates_its_sums",
        kind="derivation",
        function=_covariance_corollary,
        cost=2.0,
    ),
)
