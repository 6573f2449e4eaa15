"""T9 and C: the constants of the synthetic problems and noise laws are exactly what they are said to be."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.integrate import quad

from schattor_theory.geometry import exponents, schatten
from synthetic.noise import NOISES
from synthetic.problems import PROBLEMS
from synthetic.seeds import Streams

from .check import Check, Context, Finding
from .inputs import EXPONENTS, P_FAMILY, inner, p_label, random_direction
from .samples import Case, Sample, judge
from .tally import Tally, rounding

__all__ = ["CHECKS"]

_SHAPES = ((4, 4), (3, 6), (6, 3))
_RADIUS = 1e-4  # of the neighbourhood of the minimiser, where a saturating objective is quadratic up to 3 radius²


def _objectives(context: Context, p: float) -> Iterator[tuple[str, tuple[int, int], Any]]:
    for shape in _SHAPES:
        rng = context.rng(objective="basis", p=p, shape=list(shape))
        for name, options in (
            ("quadratic", {"left": "power", "right": "spike", "rotated": True}),
            ("quadratic", {"left": "flat", "right": "power"}),
            ("saturating", {"weights": "power", "rotated": True}),
            ("saturating", {"weights": "flat"}),
        ):
            yield name, shape, PROBLEMS[name].build(shape, p, smoothness=2.0, initial_gap=0.1, rng=rng, **options)


def _steepest(
    f: Any, geometry: schatten.SchattenGeometry, starts: np.ndarray, n_steps: int
) -> tuple[np.ndarray, list[float]]:
    """Return the ratios ``‖∇f(X)-∇f(X*)‖_q/‖X-X*‖_p`` that a non-linear power method reaches from many starts.

    ``D <- D_p(∇f(X* + rD))`` does not decrease ``‖∇f(X* + rD)‖_q`` for a positive semidefinite Hessian.
    """
    d = starts / np.asarray(geometry.norm(starts))[:, None, None]
    path = []
    for _ in range(n_steps):
        g = f.gradient(f.minimiser + _RADIUS * d) / _RADIUS
        path.append(float(np.max(geometry.dual_norm(g))))
        d = geometry.duality_map(g)
    return np.asarray(geometry.dual_norm(f.gradient(f.minimiser + _RADIUS * d))) / _RADIUS, path


def _smoothness_is_exact(context: Context) -> Finding:
    """T9 by a power method that attains L, and by pairs of points that never exceed it."""
    tally = Tally(context)
    paths: dict[str, list[float]] = {}
    for p in EXPONENTS:
        geometry = schatten.SchattenGeometry(p)
        for name, shape, f in _objectives(context, p):
            rng = context.rng(starts=name, p=p, shape=list(shape))
            constant = f.smoothness(p)
            starts = np.stack([random_direction(rng, shape) for _ in range(6)])
            found, path = _steepest(f, geometry, starts, 200 if context.is_full else 25)
            x, y = f.extremal_pair(p)
            best = max(float(found.max()), float(_ratio(f, geometry, x, y)))
            # the curvature at distance r of the minimiser of a saturating objective is lower by at most 6 r²
            slack = 1e-6 * constant
            witness = {"problem": name, "shape": shape, "p": p_label(p)}
            tally.at_most(constant, best, slack=slack, witness=witness | {"claim": "attained"})
            exceed = rounding(*shape, operations=int(4 / _RADIUS)) * constant
            tally.at_most(found, constant, slack=exceed, witness=witness | {"claim": "not exceeded"})
            for scale in (1e-2, 1.0, 10.0):
                x, y = scale * rng.standard_normal((2, 30, *shape))
                tally.at_most(
                    _ratio(f, geometry, x, y),
                    constant,
                    slack=rounding(*shape, operations=400) * constant,
                    witness=witness,
                )
            if name == "quadratic" and shape == _SHAPES[1] and p in P_FAMILY:
                paths.setdefault(p_label(p), [value / constant for value in path[:40]])
    return tally.finding(
        "The smoothness constants are attained by a power method and exceeded by no pair.", paths=paths
    )


def _ratio(f: Any, geometry: schatten.SchattenGeometry, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(geometry.dual_norm(f.gradient(x) - f.gradient(y))) / np.asarray(geometry.norm(x - y))


def _gradients_are_derivatives(context: Context) -> Finding:
    """Gradients against central differences, lower bounds and gaps against values, of every problem with constants."""
    tally = Tally(context)
    p, shape = 4.0, (3, 4)
    builds: dict[str, dict[str, Any]] = {
        "quadratic": {"left": "power", "rotated": True, "initial_gap": 0.3},
        "saturating": {"weights": "power", "rotated": True, "initial_gap": 0.2},
        "huber": {"initial_gap": 0.4},
        "lift": {"function": "chain", "initial_gap": 0.7},
    }
    for name, options in builds.items():
        rng = context.rng(problem=name)
        f = PROBLEMS[name].build(shape, p, smoothness=2.0, rng=rng, **options)
        gap = float(f.value(f.start)) - f.lower_bound
        tally.equal(f.initial_gap, gap, slack=rounding(*shape, operations=16) * (1 + gap), witness={"problem": name})
        tally.equal(gap, options["initial_gap"], slack=1e-12, witness={"problem": name, "claim": "gap asked for"})
        tally.equal(f.smoothness(p), 2.0, slack=1e-12, witness={"problem": name, "claim": "smoothness asked for"})
        for _ in range(10):
            x, d = f.start + 0.5 * rng.standard_normal(shape), rng.standard_normal(shape)
            tally.at_most(f.lower_bound, f.value(x), slack=1e-13, scale=1.0, witness={"problem": name, "x": x})
            h = 1e-5
            slope = float(f.value(x + h * d) - f.value(x - h * d)) / (2 * h)
            # ‖∇f(X ± hD) - ∇f(X)‖_q ≤ L h‖D‖_p, so the mean slope is off by at most L h‖D‖_p²/2, and values are rounded
            size = float(schatten.schatten_norm(d, p))
            slack = f.smoothness(p) * h * size**2 / 2 + 1e-15 * float(np.abs(f.value(x)) + 1) / h
            witness = {"problem": name, "x": x, "direction": d}
            tally.equal(slope, float(inner(f.gradient(x), d)), slack=slack, witness=witness)
    return tally.finding("Gradients, lower bounds, gaps and smoothness are what the problems say.")


_LAWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("fixed_signs", {"weights": "power", "rotated": True}),
    ("fixed_signs", {"weights": "flat"}),
    ("haar_signs", {"weights": "power"}),
    ("random_coordinates", {"weights": "one_hot"}),
    ("random_coordinates", {"weights": "power"}),
    ("coordinate_sweep", {"weights": "power"}),
)
_TWO_POINT = {"tail": "two_point", "tail_probability": 0.2}


def _draws(context: Context, noise: Any, shape: tuple[int, int], n: int, label: str) -> np.ndarray:
    draws = noise.draw(Streams(context.axes(law=label)), n)
    return noise.realise(draws, None, None, np.zeros((n, *shape)))


def _norms_of_noise_are_exact(context: Context) -> Finding:
    """``‖Z‖_q = στ`` at every step, and N2's σ from ``Z Zᵀ`` itself: no expectation is estimated."""
    tally = Tally(context)
    for p in (*P_FAMILY, 3.0):
        q = exponents.dual_exponent(p)
        for law, options in _LAWS:
            for shape in _SHAPES:
                rng = context.rng(law=law, p=p, shape=list(shape))
                if law not in ("fixed_signs",):
                    options = {k: v for k, v in options.items() if k != "rotated"}
                noise = NOISES[law].build(shape, p, sigma=0.8, rng=rng, **options)
                z = _draws(context, noise, shape, 12, f"{law} {p}")
                norms = np.asarray(schatten.schatten_norm(z, q))
                witness = {"law": law, **options, "shape": shape, "p": p_label(p)}
                slack = rounding(*shape, operations=16)
                for order in (1.0, 1.5, 2.0):
                    claimed = noise.moment_sigma(p, order)
                    tally.equal(norms, claimed, slack=slack, witness=witness | {"claim": "N1"})
                tally.equal(norms, 0.8, slack=slack, witness=witness | {"claim": "sigma asked for"})
                for side in ("left", "right"):
                    level = _covariance_level(law, z, q, side)
                    claimed = noise.covariance_sigma(p, side)
                    tally.equal(level, claimed, slack=1e-7, witness=witness | {"claim": "N2", "side": side})
                for order in (max(q, 1.5), 2.0):
                    level, claimed = _weighted_level(law, z, q, order), noise.weighted_sigma(p, order)
                    tally.equal(level, claimed, slack=1e-7, witness=witness | {"claim": "N3", "order": order})
    for p in P_FAMILY:
        _compare_gaussian(tally, p, context)
        _compare_sign_of_gradient(tally, p)
    return tally.finding("Every step of every law has the norm it claims, and N2's constant follows from it.")


def _covariance_level(law: str, z: np.ndarray, q: float, side: str) -> float:
    """Return ``‖(E Z Zᵀ)^{1/2}‖_q`` from one step, by the symmetry of the law."""
    m, n = z.shape[1:]
    r, s = min(m, n), np.linalg.svd(z[0], compute_uv=False)
    power = float(np.sum(s * s))
    if law == "fixed_signs":  # Z Zᵀ does not depend on the signs
        return float(np.sum(s**q) ** (1 / q))
    if law == "haar_signs":  # a multiple of the identity with the trace of Z Zᵀ
        d = m if side == "left" else n
        return d ** (1 / q) * math.sqrt(power / d)
    if law == "random_coordinates":  # a multiple of the projection on r coordinates
        return r ** (1 / q) * math.sqrt(power / r)
    return r ** (1 / q) * float(s.max())  # a sweep meets every coordinate with its largest value


def _weighted_level(law: str, z: np.ndarray, q: float, order: float) -> float:
    """Return ``‖W⁺Z‖_order`` of every step, ``‖W‖_s = 1``, ``1/s = 1/q - 1/order``, W as the basis asks for it."""
    m, n = z.shape[1:]
    s, power = np.linalg.svd(z[0], compute_uv=False), 1 / q - 1 / order
    if law == "fixed_signs":  # W has the singular vectors of Z and the weights s^{q/s}
        w = (s / float(np.sum(s**q)) ** (1 / q)) ** (q * power)
        return float(np.sum((s / w) ** order) ** (1 / order))
    d = m if law == "haar_signs" else min(m, n)  # W is a multiple of the identity on d coordinates
    return d**power * float(np.sum(s**order) ** (1 / order))


def _compare_gaussian(tally: Tally, p: float, context: Context) -> None:
    """``Z`` is linear in its normals, so that ``E Z Zᵀ`` is a sum over them, one at a time."""
    q = exponents.dual_exponent(p)
    for shape in _SHAPES:
        size = shape[0] * shape[1]
        rng = context.rng(law="gaussian", p=p, shape=list(shape))
        noise = NOISES["gaussian"].build(shape, p, sigma=0.8, rows="power", rotated=True, rng=rng)
        z = noise.realise({"normals": np.eye(size)}, None, None, np.zeros((size, *shape)))
        for side, gram in (("left", z @ z.transpose(0, 2, 1)), ("right", z.transpose(0, 2, 1) @ z)):
            values = np.maximum(np.linalg.eigvalsh(gram.sum(axis=0)), 0.0)
            level = float(np.sum(np.sqrt(values) ** q) ** (1 / q))
            witness = {"law": "gaussian", "shape": shape, "p": p_label(p), "side": side}
            tally.equal(noise.covariance_sigma(p, side), level, slack=1e-7, witness=witness)
            if side == "left":
                tally.equal(level, 0.8, slack=1e-7, witness=witness | {"claim": "sigma asked for"})


def _compare_sign_of_gradient(tally: Tally, p: float) -> None:
    """``Z = ±2∇f`` is largest on the slopes of the Huber function, where it has the norm that N1 and N2 claim."""
    problem = PROBLEMS["huber"].build((3, 2), p, sigma=0.7, step_size=0.1, n_steps=10)
    noise = NOISES["gradient_sign"].build((3, 2), p, sigma=0.7)
    size = float(schatten.schatten_norm(problem.gradient(problem.start + 1e3), exponents.dual_exponent(p)))
    claims = (problem.gradient_bound(p), noise.moment_sigma(p) / 2, noise.covariance_sigma(p) / 2)
    tally.equal(claims, size, slack=rounding(3, operations=8), witness={"law": "gradient_sign", "p": p_label(p)})


def _tail_moments_are_exact(context: Context) -> Finding:
    """``E τ^α`` of the tails by quadrature over the uniforms that they are made of, and 1 at the normalised order."""
    tally = Tally(context)
    for tail, options in (("none", {}), ("two_point", {"tail_probability": 0.2}), ("pareto", {"tail_index": 3.5})):
        for normalised in (1.25, 1.5, 2.0):
            law = NOISES["fixed_signs"].build((2, 2), 2, moment_order=normalised, tail=tail, **options).tail
            for order in (1.0, 1.5, 2.0, normalised):

                def part(y: float, law: Any = law, order: float = order) -> float:
                    # u = 1 - e^{-y}, which spreads the heavy end out
                    return float(law.radius(np.array(-np.expm1(-y)))) ** order * math.exp(-y)

                jump = -math.log1p(-options.get("tail_probability", 0.5))
                pieces = [quad(part, a, b, epsabs=1e-11, limit=200)[0] for a, b in ((0, jump), (jump, 30))]
                # beyond y = 30 a Pareto law of index 3.5 has e^{-30(1 - 2/3.5)} = 2.6e-6 of its second moment left
                witness = {"tail": tail, "normalised_order": normalised, "order": order}
                tally.equal(sum(pieces), law.moment(order), slack=1e-5, witness=witness)
            witness = {"tail": tail, "normalised_order": normalised, "claim": "normalised"}
            tally.equal(law.moment(normalised), 1.0, slack=1e-12, witness=witness)
    return tally.finding("The moments of the tails are what their closed forms say.")


def _tail_case(law: str, p: float, order: float) -> Case:
    shape = (4, 4)

    def sample(context: Context) -> Sample:
        noise = NOISES[law].build(shape, p, sigma=0.8, moment_order=order, **_TWO_POINT)
        n = 40_000 * context.sample_factor * (4 if context.is_full else 1)
        z = _draws(context, noise, shape, n, f"{law} {p}")
        values = np.asarray(schatten.schatten_norm(z, exponents.dual_exponent(p))) ** order
        bound = float(noise.moment_sigma(p, order)) ** order
        ceiling = 0.8**order / _TWO_POINT["tail_probability"]
        return Sample(values=values, bound=bound, sense="equal", ceiling=ceiling)

    return Case(key={"law": law, "p": p_label(p), "tail": "two_point", "order": order}, sample=sample)


def _isotropy_case(law: str, shape: tuple[int, int]) -> Case:
    """``<v, E Z Zᵀ v>`` for one fixed v: the covariance is as even as N2's constant assumes."""
    p = math.inf

    def sample(context: Context) -> Sample:
        noise = NOISES[law].build(shape, p, sigma=0.8, weights="power")
        z = _draws(context, noise, shape, 4000 * context.sample_factor, f"{law} {shape}")
        v = np.arange(1.0, shape[0] + 1)
        v /= np.linalg.norm(v)
        values = np.sum((v @ z) ** 2, axis=-1)
        claimed = float(noise.covariance_sigma(p, "left")) / shape[0]  # q = 1: m times the root of each eigenvalue
        return Sample(values=values, bound=claimed**2, sense="equal", ceiling=0.8**2)

    return Case(key={"law": law, "shape": list(shape), "claim": "even covariance"}, sample=sample)


def _moments_of_tails(context: Context) -> Finding:
    """``E‖Z‖_q^α = σ^α`` with tails, and the even covariance of fresh bases, in samples."""
    cases = [
        _tail_case(law, p, order)
        for law, p in (("fixed_signs", 4.0), ("random_coordinates", math.inf))
        for order in (1.5, 2.0)
    ]
    cases += [_isotropy_case("haar_signs", (4, 5)), _isotropy_case("random_coordinates", (4, 4))]
    return judge(context, cases, "Moments of the noise laws")


CHECKS = (
    Check(
        statement="T9",
        name="smoothness_is_attained_and_never_exceeded",
        kind="adversarial",
        function=_smoothness_is_exact,
        cost=3.0,
        figure="power_method",
    ),
    Check(
        statement="T9",
        name="gradients_are_derivatives",
        kind="identity",
        function=_gradients_are_derivatives,
    ),
    Check(
        statement="C",
        name="norms_of_noise_are_exact",
        kind="identity",
        function=_norms_of_noise_are_exact,
    ),
    Check(
        statement="C",
        name="tail_moments_are_exact",
        kind="derivation",
        function=_tail_moments_are_exact,
        is_random=False,
    ),
    Check(
        statement="C",
        name="sampled_moments_of_noise_agree",
        kind="simulation",
        function=_moments_of_tails,
    ),
)
