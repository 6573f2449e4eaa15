"""T1 and T2: one step of descent, on random and on worst-case inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from schattor_theory.bounds import descent
from schattor_theory.geometry import exponents, schatten
from synthetic.problems import PROBLEMS

from .check import Check, Context, Finding
from .inputs import EXPONENTS, inner, p_label, random_direction, with_spectrum
from .tally import Tally, rounding

__all__ = ["CHECKS", "POLYNOMIALS", "polynomial_direction"]

_SHAPES = ((4, 4), (5, 3), (2, 6))


def _objectives(context: Context, p: float) -> Iterator[tuple[str, Any, tuple[int, int]]]:
    """Yield objectives with L = 1 in S_p: quadratic and non-convex, rotated, with flat and decaying spectra."""
    for shape in _SHAPES:
        rng = context.rng(objective="basis", p=p, shape=list(shape))
        yield "flat quadratic", PROBLEMS["quadratic"].build(shape, p, rng=rng), shape
        for name, options in (("quadratic", {"left": "power"}), ("saturating", {"weights": "power"})):
            objective = PROBLEMS[name].build(shape, p, initial_gap=0.1, rng=rng, rotated=True, **options)
            yield name, objective, shape


def _errors(rng: np.random.Generator, gradient: np.ndarray, q: float) -> np.ndarray:
    """Return errors e of many sizes relative to the gradient; some oppose it, which is where T1 is tight."""
    size = float(schatten.schatten_norm(gradient, q))
    found = [np.zeros_like(gradient), -gradient * (1 + 1e-3), -gradient * (1 - 1e-3), -2 * gradient]
    for _ in range(6):
        direction = random_direction(rng, gradient.shape)
        found.append(direction * size * 10.0 ** rng.uniform(-2, 1) / float(schatten.schatten_norm(direction, q)))
    return np.stack(found)


def _descent_holds(context: Context) -> Finding:
    """T1 for the exact oracle at random points, with random and opposing errors."""
    tally = Tally(context)
    for p in EXPONENTS:
        q, geometry = exponents.dual_exponent(p), schatten.SchattenGeometry(p)
        for name, f, shape in _objectives(context, p):
            rng = context.rng(points=name, p=p, shape=list(shape))
            for _ in range(6 if context.is_full else 2):
                x = rng.standard_normal(shape) * 10.0 ** rng.uniform(-1, 0.5)
                g = f.gradient(x)
                e = _errors(rng, g, q)
                direction = geometry.duality_map(g + e)
                for eta in (1e-3, 0.1, 2.0):
                    moved = x - eta * direction
                    change = f.value(moved) - f.value(x)
                    sizes = zip(schatten.schatten_norm(e, q), change, e, strict=True)
                    for error, found, one in sizes:
                        bound = descent.descent_bound(
                            step_size=eta,
                            gradient_norm=float(geometry.dual_norm(g)),
                            error_norm=float(error),
                            smoothness=f.smoothness(p),
                        )
                        slack = rounding(*shape, operations=20) * (
                            float(f.value(x)) + sum(map(abs, bound.terms.values()))
                        )
                        witness = {"objective": name, "x": x, "error": one, "step_size": eta, "p": p_label(p)}
                        scale = sum(map(abs, bound.terms.values()))
                        tally.at_most(found, bound.value, slack=slack, scale=scale, witness=witness)
    return tally.finding("T1 holds at random points with random and opposing errors.")


def _descent_is_sharp(context: Context) -> Finding:
    """Every coefficient of T1 is attained: the 2 by ``M = -ε∇f``, the curvature by the steepest direction."""
    tally = Tally(context)
    for p in EXPONENTS:
        geometry = schatten.SchattenGeometry(p)
        g = with_spectrum(context.rng(sharp="gradient", p=p), (4, 3), [2.0, 1.5, 1.0])
        size = float(geometry.dual_norm(g))
        for epsilon in (1e-1, 1e-4, 1e-8):
            # a linear objective, L = 0: the step goes uphill by η‖∇f‖, and T1 allows (1 + 2ε)η‖∇f‖
            change = -float(inner(g, geometry.duality_map(-epsilon * g)))
            error = (1 + epsilon) * size
            bound = descent.descent_bound(step_size=1.0, gradient_norm=size, error_norm=error, smoothness=0.0)
            slack = rounding(4, 3, operations=8) * size
            witness = {"gradient": g, "epsilon": epsilon, "p": p_label(p)}
            tally.at_most(change, bound.value, slack=slack, scale=size, witness=witness)
            tally.at_most(bound.value, change + 2 * epsilon * size, slack=slack, scale=size, witness=witness)
        f = PROBLEMS["quadratic"].build((4, 4), p, left="power", initial_gap=None, smoothness=3.0)
        x, y = f.extremal_pair(p)
        # along the steepest direction from the minimiser the gradient there is zero, so only the curvature is left
        eta = float(geometry.norm(y - x))
        bound = descent.descent_bound(step_size=eta, gradient_norm=0.0, error_norm=0.0, smoothness=f.smoothness(p))
        slack = rounding(4, 4, operations=8) * 10
        witness = {"p": p_label(p), "curvature": 3.0}
        tally.equal(f.value(y) - f.value(x), bound.value, slack=slack, witness=witness)
    return tally.finding("The factor 2, the progress and the curvature of T1 are attained, so none can be lowered.")


def _misalignment_holds(context: Context) -> Finding:
    """``‖g‖ - <g, D(g + e)>`` against the minimum of T1, and against its forms in ρ = ‖e‖/‖g‖."""
    tally = Tally(context)
    curve: dict[str, list[tuple[float, float]]] = {}
    for p in (1.5, 2.0, 3.0, 4.0, math.inf):
        geometry = schatten.SchattenGeometry(p)
        rng = context.rng(misalignment="pairs", p=p)
        for _ in range(400 if context.is_full else 60):
            shape = _SHAPES[int(rng.integers(len(_SHAPES)))]
            g, e = random_direction(rng, shape), random_direction(rng, shape)
            e *= 10.0 ** rng.uniform(-2, 1) * float(geometry.dual_norm(g) / geometry.dual_norm(e))
            _compare_misalignment(tally, geometry, g, e)
        curve[p_label(p)] = []
        for rho in _RELATIVE_ERRORS:
            g, e, worst = _worst_pair(geometry, rho)
            _compare_misalignment(tally, geometry, g, e)
            curve[p_label(p)].append((float(rho), worst))
        _exact_forms(tally, geometry, p)
    limits = {label: [(rho, descent.misalignment_factor(rho, exponents.dual_exponent(label))) for rho, _ in points]
              for label, points in curve.items()}  # fmt: skip
    return tally.finding("The loss of alignment stays below T1's minimum.", worst=curve, limit=limits)


_RELATIVE_ERRORS = np.round(np.concatenate([np.linspace(0.05, 0.95, 19), np.linspace(1.05, 3, 14)]), 3)


def _compare_misalignment(tally: Tally, geometry: schatten.SchattenGeometry, g: np.ndarray, e: np.ndarray) -> None:
    m, q = g + e, geometry.q
    size, error, moved = (float(geometry.dual_norm(y)) for y in (g, e, m))
    loss = size - float(inner(g, geometry.duality_map(m)))
    slack = rounding(*g.shape, operations=12) * (size + moved) * _amplification(size, moved)
    given = moved if moved > 1e-9 * size else None
    bound = descent.misalignment_bound(error_norm=error, gradient_norm=size, momentum_norm=given, q=q)
    witness = {"gradient": g, "error": e, "p": p_label(geometry.p)}
    tally.at_most(loss, bound.value, slack=slack, scale=size, witness=witness)
    relative = error / size
    if relative > 1e-6 and abs(relative - 1) > 1e-4:
        limit = descent.misalignment_factor(relative, q)
        tally.at_most(loss / error, limit, slack=slack / error, scale=1.0, witness=witness)


def _worst_pair(geometry: schatten.SchattenGeometry, rho: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the pair of 2×2 matrices with ``‖e‖ = ρ‖g‖`` that loses most alignment on a grid, and its factor.

    Diagonal pairs hold the worst case at q = 1, rotations the worst case at q = 2.
    """
    # numerics: at q = 1 the worst error is a little larger than the small singular value it turns round
    shares = np.append(np.linspace(0.01, 0.99, 50), min(rho * (1 - 1e-9), 0.99))
    share, angle = np.meshgrid(shares, np.linspace(-np.pi, np.pi, 49), indexing="ij")
    share, angle = share.ravel(), angle.ravel()
    g = np.zeros((2 * share.size, 2, 2))
    g[:, 0, 0], g[:, 1, 1] = np.tile(1 - share, 2), np.tile(share, 2)
    e = np.zeros_like(g)
    e[: share.size, 0, 0], e[: share.size, 1, 1] = np.cos(angle), np.sin(angle)
    # the other half mixes the diagonal with a rotation
    e[share.size :, 0, 0] = e[share.size :, 1, 1] = np.cos(angle)
    e[share.size :, 0, 1], e[share.size :, 1, 0] = np.sin(angle), -np.sin(angle)
    size = geometry.dual_norm(g)
    e *= (rho * size / geometry.dual_norm(e))[:, None, None]
    factor = (size - inner(g, geometry.duality_map(g + e))) / (rho * size)
    worst = int(np.argmax(factor))
    return g[worst], e[worst], float(factor[worst])


def _amplification(size: float, moved: float) -> float:
    """Return how much rounding of M = g + e matters for ``<g, D(M)>``: by Hölder at most ‖g‖/‖M‖ times it."""
    return 1 + (size / moved if moved > 0 else 0.0)


def _exact_forms(tally: Tally, geometry: schatten.SchattenGeometry, p: float) -> None:
    """The factor 2/ρ for ρ > 1 at every q, ``(1-√(1-ρ²))/ρ`` at q = 2, and 2 for every ρ < 1 at q = 1 are attained."""
    q = exponents.dual_exponent(p)
    for rho in (1.01, 1.5, 4.0):
        g = np.diag([2.0, 1.0])
        loss = float(geometry.dual_norm(g)) - float(inner(g, geometry.duality_map(g - rho * g)))
        attained = loss / (rho * float(geometry.dual_norm(g)))
        witness = {"family": "M = (1 - ρ)∇f", "rho": rho, "p": p_label(p)}
        tally.at_most(descent.misalignment_factor(rho, q), attained, slack=1e-12, scale=1.0, witness=witness)
    for rho in (0.1, 0.5, 0.9):
        witness = {"rho": rho, "p": p_label(p)}
        if q == 2:
            # the error that turns a unit vector furthest is orthogonal to M
            cosine = (1 - rho**2) ** 0.5
            g, m = np.array([[1.0, 0.0]]), cosine * np.array([[cosine, rho]])
            attained = (1 - float(inner(g, geometry.duality_map(m)))) / rho
            tally.at_most(descent.misalignment_factor(rho, q), attained, slack=1e-12, scale=1.0, witness=witness)
        if q == 1:
            a = rho * (1 - 1e-9)
            g, e = np.diag([1 - a, a]), np.diag([0.0, -rho])
            attained = (1 - float(inner(g, geometry.duality_map(g + e)))) / rho
            witness |= {"family": "diag(1 - a, a)"}
            tally.at_most(descent.misalignment_factor(rho, q), attained, slack=1e-8, scale=1.0, witness=witness)


# source: the quintic of K. Jordan's Muon, and the Newton–Schulz iteration from the Taylor series of 1/√ of order 1
POLYNOMIALS: dict[str, tuple[tuple[float, ...], int]] = {
    "five quintic steps": ((3.4445, -4.7750, 2.0315), 5),
    "one quintic step": ((3.4445, -4.7750, 2.0315), 1),
    "six cubic Newton–Schulz steps": ((1.5, -0.5), 6),
    "two cubic Newton–Schulz steps": ((1.5, -0.5), 2),
}


def polynomial_direction(m: np.ndarray, coefficients: tuple[float, ...], n_steps: int) -> np.ndarray:
    """Return the polar factor as an odd matrix polynomial approximates it, from ``m/‖m‖_F``."""
    x = m / np.sqrt(np.sum(m * m, axis=(-2, -1), keepdims=True))
    for _ in range(n_steps):
        gram = x @ np.swapaxes(x, -1, -2)
        power, total = x, np.zeros_like(x)
        for c in coefficients:
            total, power = total + c * power, gram @ power
        x = total
    return x


def _inexact_descent_holds(context: Context) -> Finding:
    """T1 with the measured (δ, ω) of polynomial directions that real code uses, and that only κ matters."""
    tally = Tally(context)
    f = PROBLEMS["quadratic"].build((4, 4), math.inf, left="power", initial_gap=0.3, smoothness=2.0)
    rng = context.rng(inexact="points")
    spectral = schatten.SchattenGeometry(math.inf)
    directions: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        name: partial(polynomial_direction, coefficients=c, n_steps=n) for name, (c, n) in POLYNOMIALS.items()
    }
    directions["the map of p = 4"] = schatten.SchattenGeometry(4).duality_map
    directions["a direction 1.3 times too long"] = lambda m: 1.3 * spectral.duality_map(m)
    for name, direction in directions.items():
        for _ in range(40 if context.is_full else 12):
            x = rng.standard_normal((4, 4)) * 10.0 ** rng.uniform(-1, 0.5)
            g = f.gradient(x)
            e = random_direction(rng, g.shape) * float(rng.uniform(0, 2))
            m = g + e
            d = direction(m)
            defect = 1 - float(inner(m, d)) / float(spectral.dual_norm(m))
            excess = float(spectral.norm(d)) - 1
            if defect >= 1:
                continue
            kappa = descent.oracle_alignment(defect, excess)
            for eta in (1e-3, 0.1, 1.0):
                change = float(f.value(x - eta * d)) - float(f.value(x))
                numbers = {"gradient_norm": float(spectral.dual_norm(g)), "error_norm": float(spectral.dual_norm(e)),
                           "smoothness": f.smoothness(math.inf)}  # fmt: skip
                bound = descent.descent_bound(step_size=eta, direction_defect=defect, norm_excess=excess, **numbers)
                same = descent.descent_bound(
                    step_size=(1 + excess) * eta, direction_defect=1 - kappa, norm_excess=0.0, **numbers
                )
                scale = sum(map(abs, bound.terms.values()))
                slack = rounding(4, 4, operations=40) * (scale + float(f.value(x)))
                witness = {"direction": name, "x": x, "error": e, "step_size": eta, "defect": defect, "excess": excess}
                tally.at_most(change, bound.value, slack=slack, scale=scale, witness=witness)
                tally.equal(same.value, bound.value, slack=slack, witness=witness | {"claim": "only κ matters"})
    return _attained_inexactly(tally)


def _attained_inexactly(tally: Tally) -> Finding:
    """Every coefficient of the inexact form is attained by a linear or one-dimensional objective."""
    for excess in (-0.3, 0.0, 0.5):
        for defect in (-excess, 0.2 - min(excess, 0.0), 0.9):
            if defect + excess < 0:
                continue
            # D̃ = (1-δ) D uphill: M = -ε∇f, f linear; T1 allows a little more than it takes
            numbers = {"direction_defect": defect, "norm_excess": excess, "step_size": 1.0}
            epsilon = 1e-9
            uphill = descent.descent_bound(gradient_norm=1.0, error_norm=1 + epsilon, smoothness=0.0, **numbers)
            tally.equal(
                uphill.value, 1 + excess, slack=4 * epsilon, witness=numbers | {"claim": "uphill at full length"}
            )
            downhill = descent.descent_bound(gradient_norm=1.0, error_norm=0.0, smoothness=0.0, **numbers)
            tally.equal(downhill.value, defect - 1, slack=1e-12, witness=numbers | {"claim": "progress"})
            # ½Lx² from its minimiser by a step of length 1+ω
            curved = descent.descent_bound(gradient_norm=0.0, error_norm=0.0, smoothness=2.0, **numbers)
            tally.equal(curved.value, (1 + excess) ** 2, slack=1e-12, witness=numbers | {"claim": "curvature"})
    return tally.finding("T1's inexact form holds for the polynomial directions of real code, and depends on κ only.")


def _regularized_descent_holds(context: Context) -> Finding:
    """T2 in both forms at random points, and with equality on ``(L/2)‖X‖²`` at p = 2."""
    tally = Tally(context)
    for p in EXPONENTS:
        q, geometry = exponents.dual_exponent(p), schatten.SchattenGeometry(p)
        for name, f, shape in _objectives(context, p):
            rng = context.rng(points=name, p=p, shape=list(shape))
            for _ in range(6 if context.is_full else 2):
                x = rng.standard_normal(shape) * 10.0 ** rng.uniform(-1, 0.5)
                g = f.gradient(x)
                for e in _errors(rng, g, q):
                    norm, direction = geometry.dual_norm_and_map(g + e)
                    sizes = (float(norm), float(geometry.dual_norm(e)))
                    for eta in (1e-2, 0.5, 1.0, 3.0):
                        _compare_regularized(tally, f, geometry.p, (name, x, e, eta), sizes, direction)
    f = PROBLEMS["quadratic"].build((3, 3), 2, smoothness=2.0, initial_gap=1.0)
    g = f.gradient(f.start)
    for eta in (0.1, 0.5, 0.9):
        change = float(f.value(f.start - eta * g)) - float(f.value(f.start))
        size = float(np.sqrt(np.sum(g * g)))
        bound = descent.regularized_descent_bound(step_size=eta, momentum_norm=size, error_norm=0.0, smoothness=2.0)
        witness = {"objective": "flat quadratic, p = 2, e = 0", "step_size": eta}
        tally.equal(change, bound.value, slack=1e-13 * size**2, witness=witness)
        # M = 2∇f, e = ∇f at L = 0: the product form is met with equality
        other = descent.regularized_descent_bound(step_size=eta, momentum_norm=2.0, error_norm=1.0, smoothness=0.0)
        witness = {"objective": "linear", "step_size": eta}
        tally.equal(-eta * 2.0, other.value, slack=1e-13, witness=witness)
        split = descent.regularized_descent_bound(
            step_size=eta, momentum_norm=1.0, error_norm=1.0, smoothness=0.0, form="split"
        )
        # M = e, ∇f = 0: nothing changes, and the split form says 0
        tally.equal(0.0, split.value, slack=1e-13, witness=witness)
    return tally.finding("T2 holds in both forms, with equality on a flat quadratic and on linear objectives.")


_RegularizedCase = tuple[str, np.ndarray, np.ndarray, float]
"""Name of the objective, point, error of the momentum and step size."""


def _compare_regularized(
    tally: Tally, f: Any, p: float, case: _RegularizedCase, sizes: tuple[float, float], direction: np.ndarray
) -> None:
    name, x, e, eta = case
    norm, error = sizes
    value = float(f.value(x))
    change = float(f.value(x - eta * norm * direction)) - value
    numbers = {"step_size": eta, "momentum_norm": norm, "error_norm": error, "smoothness": f.smoothness(p)}
    for form in ("product", "split"):
        bound = descent.regularized_descent_bound(**numbers, form=form)
        if not bound.is_applicable:
            continue
        scale = sum(map(abs, bound.terms.values()))
        slack = rounding(*x.shape, operations=20) * (scale + value)
        witness = {"objective": name, "x": x, "error": e, "step_size": eta, "p": p_label(p), "form": form}
        tally.at_most(change, bound.value, slack=slack, scale=scale or 1.0, witness=witness)


CHECKS = (
    Check(
        statement="T1",
        name="descent_holds_on_random_inputs",
        kind="inequality",
        function=_descent_holds,
        cost=1.0,
    ),
    Check(
        statement="T1",
        name="descent_is_attained",
        kind="adversarial",
        function=_descent_is_sharp,
    ),
    Check(
        statement="T1",
        name="misalignment_stays_below_its_bound",
        kind="adversarial",
        function=_misalignment_holds,
        cost=3.0,
        figure="misalignment",
    ),
    Check(
        statement="T1",
        name="inexact_descent_holds_for_polynomial_directions",
        kind="inequality",
        function=_inexact_descent_holds,
    ),
    Check(
        statement="T2",
        name="regularized_descent_holds",
        kind="inequality",
        function=_regularized_descent_holds,
        cost=1.0,
    ),
)
