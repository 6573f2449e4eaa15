"""T3: the error of momentum is drift plus averaged noise, followed along simulated runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from schattor_theory.bounds import momentum_error
from schattor_theory.geometry import schatten
from schattor_theory.optimizer import schattor, schedules
from synthetic.noise import NOISES
from synthetic.problems import PROBLEMS
from synthetic.simulate import Snapshot, simulate

from .check import Check, Context, Finding
from .inputs import P_FAMILY, p_label
from .samples import Case, Sample, judge
from .tally import Tally, rounding

__all__ = ["CHECKS", "Split"]


class Split:
    """An observer that follows ``e_k = B_k + N_k`` by the recursions of T3."""

    def __init__(self, theta: Callable[[int], float]) -> None:
        self.theta = theta
        self.drift = self.noise = self._gradient = np.zeros(())
        self.gap: list[float] = []
        self.drifts: list[np.ndarray] = []
        self.noises: list[np.ndarray] = []

    def __call__(self, now: Snapshot) -> None:
        theta = self.theta(now.k)
        if now.k == 0:
            self.drift, self.noise = np.zeros_like(now.gradient), now.noise
        else:
            self.drift = (1 - theta) * (self.drift + self._gradient - now.gradient)
            self.noise = (1 - theta) * self.noise + theta * now.noise
        self._gradient = now.gradient
        error = now.state.momentum - now.gradient
        size = float(np.abs(now.gradient).max() + np.abs(now.noise).max() + np.abs(self.noise).max())
        self.gap.append(float(np.abs(error - self.drift - self.noise).max()) / size)
        self.drifts.append(self.drift)
        self.noises.append(self.noise)


_SCHEDULES: dict[str, Mapping[str, Any]] = {
    "constant": {"step_size": 0.02, "momentum": 0.9},
    "bias-corrected": {"step_size": 0.02, "momentum": 0.95, "bias_correction": True},
    "parameter-free": schedules.parameter_free(0.1),
    "no momentum": {"step_size": 0.02, "momentum": 0.0},
}


def _error_splits(context: Context) -> Finding:
    """``e_k = B_k + N_k`` at every step, and ``‖B_k‖_q ≤ b_k`` for the ball oracle."""
    tally = Tally(context)
    shape, n_steps = (5, 3), 150 if context.is_full else 100
    paths: dict[str, Any] = {}
    for p in P_FAMILY:
        geometry = schatten.SchattenGeometry(p)
        rng = context.rng(p=p)
        problem = PROBLEMS["saturating"].build(shape, p, initial_gap=0.2, rng=rng, rotated=True, weights="power")
        noise = NOISES["haar_signs"].build(shape, p, sigma=0.5)
        for name, options in _SCHEDULES.items():
            optimizer = schattor.Schattor(p, **options)
            split = Split(optimizer.theta_at)
            axes = context.axes(p=p, schedule=name)
            simulate(problem, noise, optimizer, n_steps=n_steps, repeats=3, seed=axes, observers=[split])
            limit = momentum_error.momentum_error_drift(
                [optimizer.step_size_at(k) for k in range(n_steps)],
                [optimizer.theta_at(k) for k in range(n_steps)],
                smoothness=problem.smoothness(p),
            )
            drift = np.array([geometry.dual_norm(b) for b in split.drifts])
            witness = {"p": p_label(p), "schedule": name}
            slack = rounding(*shape, operations=n_steps)
            tally.equal(split.gap, 0.0, slack=slack, witness=witness | {"claim": "e = B + N"})
            tally.at_most(
                drift, limit[:, None], slack=slack, scale=max(limit.max(), 1e-300), witness=witness | {"claim": "drift"}
            )
            if math.isinf(p) and name == "parameter-free":
                noise_norms = np.array([geometry.dual_norm(x) for x in split.noises])
                paths = {"drift": drift.max(axis=1), "drift_bound": limit, "noise": noise_norms.mean(axis=1)}
                weights = momentum_error.momentum_error_weights([optimizer.theta_at(k) for k in range(n_steps)], 2.0)
                paths["noise_bound"] = noise.covariance_sigma(p) * weights
    return tally.finding("The momentum error is drift plus averaged noise, and the drift stays below b_k.", **paths)


def _drift_is_attained(context: Context) -> Finding:
    """``‖B_k‖ = b_k`` while a run without noise moves straight on a flat quadratic."""
    tally = Tally(context)
    n_steps = 80
    for p in P_FAMILY:
        geometry = schatten.SchattenGeometry(p)
        for name, options in _SCHEDULES.items():
            optimizer = schattor.Schattor(p, **options)
            steps = [optimizer.step_size_at(k) for k in range(n_steps)]
            # far enough away that the gradient never turns
            problem = PROBLEMS["quadratic"].build((3, 3), p, smoothness=2.0, initial_gap=(3 * sum(steps)) ** 2)
            noise = NOISES["fixed_signs"].build((3, 3), p, sigma=0.0)
            split = Split(optimizer.theta_at)
            simulate(problem, noise, optimizer, n_steps=n_steps, repeats=1, seed=0, observers=[split])
            thetas = [optimizer.theta_at(k) for k in range(n_steps)]
            limit = momentum_error.momentum_error_drift(steps, thetas, smoothness=2.0)
            attained = np.array([float(geometry.dual_norm(b)[0]) for b in split.drifts])
            size = 2.0 * 3 * sum(steps)
            slack = rounding(3, 3, operations=n_steps) * size
            witness = {"p": p_label(p), "schedule": name}
            tally.equal(attained, limit, slack=slack, witness=witness)
            if name == "constant":
                eta, theta = options["step_size"], 1 - options["momentum"]
                witness |= {"claim": "closed form"}
                closed = 2.0 * eta * (1 - theta) / theta
                tally.equal(limit, closed * (1 - (1 - theta) ** np.arange(n_steps)), slack=slack, witness=witness)
    return tally.finding("The drift bound b_k is attained by straight runs on a flat quadratic, for every p.")


def _explicit_weights(thetas: np.ndarray) -> np.ndarray:
    """Return w with ``M_k = Σ_i w_ki G_i``: ``θ_i Π_{i<j<=k}(1 - θ_j)``, shape (K, K)."""
    n = len(thetas)
    weights = np.zeros((n, n))
    for k in range(n):
        for i in range(k + 1):
            weights[k, i] = thetas[i] * np.prod(1 - thetas[i + 1 : k + 1])
    return weights


def _weights_and_lemma(context: Context) -> Finding:
    """A_k is the ℓ_β norm of the averaging weights; the lemma's ``A_k ≤ θ_k^{1-1/β}`` where it applies."""
    tally = Tally(context)
    n = 60
    k = np.arange(n)
    rng = context.rng(inputs="schedules")
    cases = {f"θ = {theta}": np.where(k == 0, 1.0, theta) for theta in (0.02, 0.3, 1.0)}
    cases |= {f"(k+1)^-{b}": (k + 1.0) ** -b for b in (0.0, 0.5, 2 / 3, 1.0)}
    cases |= {f"bias-corrected {mu}": momentum_error.bias_corrected_thetas(mu, n) for mu in (0.5, 0.9, 0.99)}
    cases["random"] = np.concatenate([[1.0], rng.uniform(0.05, 1.0, n - 1)])
    for name, thetas in cases.items():
        explicit = _explicit_weights(thetas)
        witness = {"schedule": name, "thetas": thetas}
        slack = rounding(1, operations=n)
        tally.equal(explicit.sum(axis=1), 1.0, slack=slack, witness=witness | {"claim": "weights sum to 1"})
        if name.startswith("bias-corrected"):
            heavy = np.tril(float(name.split()[1]) ** np.maximum(k[:, None] - k, 0))
            heavy /= heavy.sum(axis=1, keepdims=True)
            tally.equal(explicit, heavy, slack=slack, witness=witness | {"claim": "weights of heavy ball"})
        for beta in (1.0, 1.2, 1.5, 2.0):
            norms = np.sum(explicit**beta, axis=1) ** (1 / beta)
            found = momentum_error.momentum_error_weights(thetas, beta)
            tally.equal(found, norms, slack=slack, witness=witness | {"moment_order": beta})
            if name.startswith("θ"):
                limit = momentum_error.stationary_weight(float(thetas[-1]), beta)
                settled = limit**beta + (1 - limit**beta) * (1 - float(thetas[-1])) ** (beta * k)
                tally.equal(
                    norms**beta, settled, slack=slack, witness=witness | {"claim": "limit", "moment_order": beta}
                )
            for stop in range(2, n + 1, 6) if name != "random" else ():
                lemma = momentum_error.momentum_error_lemma(thetas[:stop], beta)
                if lemma.is_applicable:
                    tally.at_most(norms[stop - 1], lemma.value, slack=slack, witness=witness | {"claim": "lemma"})
    # with equality for θ_k = 1/(k+1), the plain mean, where 1/θ_k - 1/θ_{k-1} = 1
    mean = momentum_error.momentum_error_lemma(1 / (k + 1.0), 2.0)
    tally.equal(mean.value, n**-0.5, slack=rounding(1, operations=n), witness={"claim": "lemma attained"})
    broken = momentum_error.momentum_error_lemma([1.0, 0.5, 0.2], 2.0)
    tally.equal(
        float(broken.is_applicable), 0.0, slack=0.5, witness={"claim": "the lemma refuses 1/θ_k - 1/θ_{k-1} > 1"}
    )
    return tally.finding("A_k is the norm of the averaging weights, and the lemma bounds it where its condition holds.")


def _averaged_noise_case(p: float, options: Mapping[str, Any], name: str, law: str, order: float) -> Case:
    """E‖N_k‖^β against (cσA_k)^β at the last step."""
    shape, n_steps = (4, 4), 30

    def sample(context: Context) -> Sample:
        geometry = schatten.SchattenGeometry(p)
        tail = {"tail": "two_point", "tail_probability": 0.5} if order < 2 else {}
        noise = NOISES[law].build(shape, p, sigma=0.7, moment_order=order, **tail)
        shape_of = noise.moment_shape(p)
        problem = PROBLEMS["quadratic"].build(shape, p)
        optimizer = schattor.Schattor(p, **options)
        split = Split(optimizer.theta_at)
        repeats = 800 * context.sample_factor * (4 if context.is_full else 1)
        axes = context.axes(p=p, schedule=name, law=law, order=order)
        simulate(problem, noise, optimizer, n_steps=n_steps, repeats=repeats, seed=axes, observers=[split])
        beta = shape_of.moment_order
        weights = momentum_error.momentum_error_weights([optimizer.theta_at(k) for k in range(n_steps)], beta)
        values = np.asarray(geometry.dual_norm(split.noises[-1])) ** beta
        bound = (shape_of.scale * float(weights[-1])) ** beta
        # p = 2 with N2: E‖N_k‖² is exactly Σ w² E‖Z‖²
        is_exact = p == 2 and beta == 2
        return Sample(
            values=values, bound=bound, sense="equal" if is_exact else "upper", ceiling=0.7**2 if is_exact else math.inf
        )

    return Case(key={"p": p_label(p), "schedule": name, "noise": law, "moment_order": order}, sample=sample)


def _averaged_noise_stays_below(context: Context) -> Finding:
    """``(E‖N_k‖_q^β)^{1/β} ≤ cσA_k`` in samples, with equality at p = 2."""
    cases = [
        _averaged_noise_case(p, _SCHEDULES[name], name, law, order)
        for p in P_FAMILY
        for name, law, order in (
            ("constant", "fixed_signs", 2.0),
            ("parameter-free", "haar_signs", 2.0),
            ("bias-corrected", "random_coordinates", 2.0),
            ("constant", "fixed_signs", 1.5),
        )
    ]
    return judge(context, cases, "Moments of the averaged noise against cσA_k")


CHECKS = (
    Check(
        statement="T3",
        name="momentum_error_is_drift_plus_noise",
        kind="identity",
        function=_error_splits,
        cost=1.0,
        figure="momentum_error",
    ),
    Check(
        statement="T3",
        name="drift_bound_is_attained",
        kind="adversarial",
        function=_drift_is_attained,
        is_random=False,
        cost=0.4,
    ),
    Check(
        statement="T3",
        name="noise_weights_are_norms_of_averaging_weights",
        kind="derivation",
        function=_weights_and_lemma,
    ),
    Check(
        statement="T3",
        name="averaged_noise_stays_below_its_moment_bound",
        kind="simulation",
        function=_averaged_noise_stays_below,
        cost=1.5,
    ),
)
