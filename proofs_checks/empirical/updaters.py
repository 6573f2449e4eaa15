"""D2 and D3: each updater minimises what it says, and heavy ball is bias-corrected momentum."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from schattor_theory.geometry import product, schatten
from schattor_theory.optimizer import schattor
from synthetic.noise import NOISES
from synthetic.problems import PROBLEMS
from synthetic.simulate import Snapshot, simulate

from .check import Check, Context, Finding
from .inputs import EXPONENTS, P_FAMILY, inner, matrices, p_label, random_direction
from .tally import Tally, rounding

__all__ = ["CHECKS"]


def _one_step(geometry: Any, x: Any, gradient: Any, *, step_size: float, oracle: str) -> Any:
    """Return ``X⁺`` of a first step, for which ``M = G``."""
    optimizer = schattor.Schattor(geometry, step_size=step_size, momentum=0.9, oracle=oracle)
    return optimizer.step(x, gradient, optimizer.init(x))[0]


def _ball_step_is_a_minimiser(context: Context) -> Finding:
    """``X⁺ ∈ argmin{<M, Y> : ‖Y - X‖_p ≤ η}`` against random feasible points, with the value ``-η‖M‖_q``."""
    tally = Tally(context)
    rng = context.rng(inputs="feasible points")
    for name, m in matrices(context):
        x = rng.standard_normal(m.shape)
        for p in EXPONENTS:
            geometry = schatten.SchattenGeometry(p)
            for eta in (0.3, 7.0):
                moved = _one_step(geometry, x, m, step_size=eta, oracle="ball") - x
                size = float(geometry.dual_norm(m))
                slack = rounding(*m.shape, operations=4 * min(m.shape)) * (eta + float(np.abs(x).max()))
                witness = {"matrix": m, "start": x, "p": p_label(p), "step_size": eta, "name": name}
                tally.at_most(geometry.norm(moved), eta, slack=slack, witness=witness | {"claim": "feasible"})
                tally.equal(inner(m, moved), -eta * size, slack=slack * size, witness=witness | {"claim": "value"})
                y = np.stack([random_direction(rng, m.shape) for _ in range(10)])
                y *= eta / geometry.norm(y)[:, None, None]
                tally.at_most(
                    inner(m, moved),
                    inner(m, y),
                    slack=slack * size,
                    scale=eta * size,
                    witness=witness | {"claim": "best"},
                )
    return tally.finding("The ball step is feasible, has the optimal value and is beaten by no feasible point.")


def _regularized_objective(geometry: Any, m: np.ndarray, y: np.ndarray, eta: float) -> np.ndarray:
    return inner(m, y) + geometry.norm(y) ** 2 / (2 * eta)


def _regularized_step_is_a_minimiser(context: Context) -> Finding:
    """``X⁺ ∈ argmin{<M, Y> + ‖Y - X‖_p²/(2η)}``, with the value ``-η‖M‖_q²/2``."""
    tally = Tally(context)
    rng = context.rng(inputs="points")
    for name, m in matrices(context):
        x = rng.standard_normal(m.shape)
        for p in EXPONENTS:
            geometry = schatten.SchattenGeometry(p)
            eta = 0.4
            moved = _one_step(geometry, x, m, step_size=eta, oracle="regularized") - x
            size = float(geometry.dual_norm(m))
            best = -eta * size**2 / 2
            slack = rounding(*m.shape, operations=8 * min(m.shape)) * (abs(best) + size * float(np.abs(x).max()))
            found = _regularized_objective(geometry, m, moved, eta)
            witness = {"matrix": m, "start": x, "p": p_label(p), "step_size": eta, "name": name}
            tally.equal(found, best, slack=slack, witness=witness | {"claim": "value"})
            near = np.stack([random_direction(rng, m.shape) for _ in range(10)])
            near *= (size * eta * 10.0 ** rng.uniform(-3, 0.5, 10) / geometry.norm(near))[:, None, None]
            for y in (moved + near, near):
                others = _regularized_objective(geometry, m, y, eta)
                tally.at_most(found, others, slack=slack, scale=abs(best), witness=witness | {"claim": "best"})
    return tally.finding("The regularised step has the optimal value and is beaten by no other point.")


def _special_cases(context: Context) -> Finding:
    """Regularised p = 2 is SGD, ball p = 2 normalised SGD, ball p = inf a polar factor, blocks take their radii."""
    tally = Tally(context)
    for name, m in matrices(context, well_conditioned=True):
        x, eta = np.ones(m.shape), 0.25
        u, s, vh = np.linalg.svd(m, full_matrices=False)
        expected = {
            ("regularized", 2.0): m,
            ("ball", 2.0): m / np.sqrt(np.sum(m * m)),
            ("ball", math.inf): u @ vh,
            ("regularized", math.inf): np.sum(s) * (u @ vh),
        }
        for (oracle, p), direction in expected.items():
            moved = (x - _one_step(schatten.SchattenGeometry(p), x, m, step_size=eta, oracle=oracle)) / eta
            # the polar factor of a matrix with singular values in [1, 2] has condition 1
            slack = rounding(*m.shape, operations=8) * (1 + float(np.sum(s)))
            witness = {"matrix": m, "p": p_label(p), "oracle": oracle, "name": name}
            tally.equal(moved, direction, slack=slack, witness=witness)
        geometry = product.ProductGeometry({"a": math.inf, "b": 2}, {"a": 0.5, "b": 2.0})
        blocks = {"a": m, "b": m[:, :1].copy()}
        start = {b: np.ones(y.shape) for b, y in blocks.items()}
        step = _one_step(geometry, start, blocks, step_size=eta, oracle="ball")
        full = {"a": 0.5 * (u @ vh), "b": 2.0 * blocks["b"] / np.sqrt(np.sum(blocks["b"] ** 2))}
        for b, direction in full.items():
            slack = rounding(*m.shape, operations=8) * 4
            witness = {"matrix": m, "block": b, "name": name}
            tally.equal((start[b] - step[b]) / eta, direction, slack=slack, witness=witness)
    return tally.finding("SGD, normalised SGD, Muon and its regularised form are special cases.")


def _heavy_ball_is_bias_corrected(context: Context) -> Finding:
    """``V_k = μV_{k-1} + G_k`` is a positive multiple of the bias-corrected average at every step."""
    tally = Tally(context)
    shape, n_steps = (4, 3), 60
    for p in P_FAMILY:
        problem = PROBLEMS["quadratic"].build(shape, p, left="power", rng=context.rng(p=p), rotated=True)
        noise = NOISES["haar_signs"].build(shape, p, sigma=1.0)
        for mu in (0.0, 0.5, 0.9, 0.99):
            heavy: dict[str, Any] = {"v": 0.0}

            def observe(now: Snapshot, mu: float = mu, p: float = p, heavy: dict[str, Any] = heavy) -> None:
                heavy["v"] = mu * heavy["v"] + now.gradient + now.noise
                scale = (1 - mu) / (1 - mu ** (now.k + 1))
                size = float(np.abs(heavy["v"]).max()) * scale
                slack = rounding(*shape, operations=now.k + 2) * size
                witness = {"p": p_label(p), "momentum": mu, "step": now.k}
                tally.equal(now.state.momentum, scale * heavy["v"], slack=slack, witness=witness)

            optimizer = schattor.Schattor(p, step_size=0.02, momentum=mu, bias_correction=True)
            axes = context.axes(p=p, momentum=mu)
            simulate(problem, noise, optimizer, n_steps=n_steps, repeats=2, seed=axes, observers=[observe])
    return tally.finding("Bias-corrected momentum is heavy ball up to its scale.")


CHECKS = (
    Check(
        statement="D2",
        name="ball_step_is_a_minimiser",
        kind="inequality",
        function=_ball_step_is_a_minimiser,
    ),
    Check(
        statement="D2",
        name="regularized_step_is_a_minimiser",
        kind="inequality",
        function=_regularized_step_is_a_minimiser,
    ),
    Check(
        statement="D2",
        name="known_methods_are_special_cases",
        kind="identity",
        function=_special_cases,
    ),
    Check(
        statement="D3",
        name="heavy_ball_is_bias_corrected_momentum",
        kind="identity",
        function=_heavy_ball_is_bias_corrected,
        cost=0.4,
    ),
)
