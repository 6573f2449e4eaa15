"""Planted errors: something in the product made wrong, which a check must refute; here geometry, method and worlds.

An error is put in from outside, by replacing a function or a method for the length of a test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from schattor_theory import assumptions
from schattor_theory.bounds import martingale
from schattor_theory.geometry import product as product_geometry
from schattor_theory.geometry import schatten
from schattor_theory.optimizer import schattor
from synthetic.noise import controlled, tails
from synthetic.problems import lift, quadratic

__all__ = ["PLANTED", "Planted", "bound_times", "record_times", "times", "without"]


@dataclass(frozen=True)
class Planted:
    """An error: where, and from what is right there to what is wrong."""

    check: str
    words: str
    owner: Any
    name: str
    wrong: Callable[[Callable[..., Any]], Callable[..., Any]]

    def put_in(self, monkeypatch: Any) -> None:
        """Replace what is right for the length of a test."""
        monkeypatch.setattr(self.owner, self.name, self.wrong(getattr(self.owner, self.name)))


def times(factor: float) -> Callable:
    """Make a function return ``factor`` times what is right."""
    return lambda right: lambda *a, **k: factor * right(*a, **k)


def bound_times(factor: float, term: str | None = None) -> Callable:
    """Make a bound, or one of its terms, ``factor`` times what is right."""

    def scaled(bound: Any) -> Any:
        if isinstance(bound, tuple):
            return tuple(map(scaled, bound))
        if not bound.is_applicable:
            return bound
        terms = {name: value * (factor if term in (None, name) else 1.0) for name, value in bound.terms.items()}
        return replace(bound, terms=terms, value=sum(terms.values()))

    return lambda right: lambda *a, **k: scaled(right(*a, **k))


def without(**fixed: Any) -> Callable:
    """Make a function ignore some of its arguments."""
    return lambda right: lambda *a, **k: right(*a, **(k | fixed))


def record_times(**factors: float) -> Callable:
    """Make a function that returns a record scale some of its fields."""

    def wrong(right: Callable) -> Callable:
        def function(*a: Any, **k: Any) -> Any:
            found = right(*a, **k)
            if not isinstance(found, assumptions.MomentShape):
                return found
            return replace(found, **{name: getattr(found, name) * factor for name, factor in factors.items()})

        return function

    return wrong


def _other_power(right: Callable) -> Callable:
    return lambda s, q, cut: right(s, q + 0.05, cut)


def _first_row_shrunk(right: Callable) -> Callable:
    def function(m: Any, p: Any, *a: Any, **k: Any) -> Any:
        d = right(m, p, *a, **k).copy()
        d[..., 0, :] *= 0.999
        return d

    return function


def _uphill(right: Callable) -> Callable:
    def moved(self: Any, xp: Any, x: dict, average: dict, eta: Any) -> dict:
        return {b: 2 * x[b] - y for b, y in right(self, xp, x, average, eta).items()}

    return moved


def _too_short(right: Callable) -> Callable:
    def moved(self: Any, xp: Any, x: dict, average: dict, eta: Any) -> dict:
        return {b: x[b] + 0.9 * (y - x[b]) for b, y in right(self, xp, x, average, eta).items()}

    return moved


def _order_two(right: Callable) -> Callable:
    return lambda *a, **k: replace(right(*a, **k), moment_order=2.0)


def _equal_weights(right: Callable) -> Callable:
    return lambda weighted, outer: right(weighted, 1.0)


def _no_decay(right: Callable) -> Callable:
    return lambda self, *a: right(replace(self, weight_decay=0.0), *a)


def _method_times(factor: float) -> Callable:
    return lambda right: lambda self, *a, **k: factor * right(self, *a, **k)


def _grows(right: Callable) -> Callable:
    return lambda self, *a: right(self, *a) * len(self.levels) ** 0.3


def _leaks_into_another_column(right: Callable) -> Callable:
    def gradient(self: Any, x: Any) -> Any:
        g = right(self, x)
        g[..., 1] = 0.01 * g[..., 0]
        return g

    return gradient


def _geometry_and_method() -> list[Planted]:
    return [
        Planted("norms_are_power_sums_of_singular_values", "1e-9 off", schatten, "_norm", times(1 + 1e-9)),
        Planted("duality_map_attains_the_dual_norm", "another power", schatten, "_direction_weights", _other_power),
        Planted("duality_map_is_equivariant", "a special row", schatten, "duality_map", _first_row_shrunk),
        Planted("dual_map_inverts_the_duality_map", "another power", schatten, "_direction_weights", _other_power),
        Planted(
            "product_map_attains_the_product_dual_norm",
            "equal weights",
            product_geometry,
            "_balance_weights",
            _equal_weights,
        ),
        Planted("ball_step_is_a_minimiser", "sign flipped", schattor.Schattor, "_moved", _uphill),
        Planted("regularized_step_is_a_minimiser", "too short", schattor.Schattor, "_moved", _too_short),
        Planted("known_methods_are_special_cases", "another power", schatten, "_direction_weights", _other_power),
        Planted(
            "heavy_ball_is_bias_corrected_momentum",
            "μ^{k+1} -> μ^{k+2}",
            schattor,
            "bias_corrected_theta",
            lambda right: lambda mu, k: (1 - mu) / (1 - mu ** (k + 2)) * (1 + mu * (k == 0)),
        ),
        Planted(
            "momentum_error_is_drift_plus_noise",
            "θ 1 % off",
            schattor,
            "exponential_average",
            lambda right: lambda m, g, theta: right(m, g, 0.99 * theta),
        ),
        Planted(
            "look_ahead_has_the_weights_of_its_recursion",
            "τ 1 % off",
            schattor,
            "look_ahead_average",
            lambda right: lambda m, g, tau: right(m, g, 0.99 * tau),
        ),
        Planted("weight_decay_descends_in_the_ball", "decay forgotten", schattor.Schattor, "_moved", _no_decay),
        Planted(
            "recursive_momentum_has_no_drift",
            "plain momentum",
            schattor,
            "recursive_average",
            lambda right: lambda m, g, previous, theta: (1 - theta) * m + theta * g,
        ),
    ]


def _assumptions_and_worlds() -> list[Planted]:
    return [
        Planted("moment_shape_holds_by_enumeration", "c < 1", assumptions, "moment_shape_constant", times(0.9)),
        Planted(
            "martingale_constant_bounds_two_step_martingales", "10 %", martingale, "martingale_constant", times(0.9)
        ),
        Planted("scalar_constant_is_sharp", "1e-5 off", martingale, "scalar_best_constant", times(1 - 1e-5)),
        Planted(
            "covariance_shape_holds_by_enumeration",
            "5 %",
            assumptions.CovarianceNoise,
            "moment_shape",
            record_times(sigma=0.95),
        ),
        Planted(
            "weighted_shape_holds_by_enumeration",
            "5 %",
            assumptions.WeightedNoise,
            "moment_shape",
            record_times(constant=0.95),
        ),
        Planted("fresh_coordinates_are_not_averaged", "order 2", assumptions.MomentNoise, "moment_shape", _order_two),
        Planted(
            "price_of_dimension_is_attained",
            "exponent off",
            martingale,
            "price_of_dimension",
            lambda right: lambda *a, **k: right(*a, **k) ** 0.98,
        ),
        Planted("minibatch_shape_is_attained", "σ too small", assumptions, "minibatch_shape", record_times(sigma=0.95)),
        Planted(
            "smoothness_is_attained_and_never_exceeded", "2 %", quadratic.Quadratic, "smoothness", _method_times(0.98)
        ),
        Planted(
            "small_study_is_free_of_the_dimension",
            "σ grows with the dimension",
            controlled.ControlledNoise,
            "realise",
            _grows,
        ),
        Planted("gradients_are_derivatives", "1 %", quadratic.Quadratic, "gradient", _method_times(1.01)),
        Planted(
            "norms_of_noise_are_exact", "σ 5 % off", controlled.ControlledNoise, "moment_sigma", _method_times(1.05)
        ),
        Planted("tail_moments_are_exact", "1 %", tails.Pareto, "moment", _method_times(1.01)),
        Planted("sampled_moments_of_noise_agree", "σ 8 % off", tails.TwoPoint, "radius", _method_times(1.08)),
        Planted(
            "lift_is_the_same_for_every_exponent", "not one column", lift.Lift, "gradient", _leaks_into_another_column
        ),
    ]


PLANTED: tuple[Planted, ...] = (*_geometry_and_method(), *_assumptions_and_worlds())
