"""Schattor with every option that it has, and the convention that each follows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from proofs_checks.crosscheck.convention import Convention, Decay, PowerMap
from proofs_checks.crosscheck.momentum import Momentum
from schattor_theory import ProductGeometry, Schattor
from schattor_theory.optimizer import MomentumSchedule, PolynomialSchedule

__all__ = ["SCHATTORS", "Made"]

Made = Callable[..., Schattor]

EXPONENTS = {"w": 3.0, "b": 4 / 3, "c": math.inf}
RADII = {"w": 1.0, "b": 2.0, "c": 0.5}


def one(p: float | str, **options: Any) -> Made:
    """Return a factory that takes the step size."""

    def make(step_size: float = 1.0) -> Schattor:
        return Schattor(p, **({"step_size": step_size, "momentum": 0.9} | options))

    return make


def product(balance: float, **options: Any) -> Made:
    """Return a factory that takes the parameters, to see which blocks there are, and the step size."""

    def make(params: Any, step_size: float = 1.0) -> Schattor:
        names = list(params) if isinstance(params, Mapping) else ["w"]
        geometry: Any = EXPONENTS["w"]
        if isinstance(params, Mapping):
            geometry = ProductGeometry({n: EXPONENTS[n] for n in names}, {n: RADII[n] for n in names}, balance)
        return Schattor(geometry, step_size=step_size, momentum=0.9, **options)

    return make


def scheduled(step_size: float = 1.0) -> Schattor:
    return Schattor(3, step_size=PolynomialSchedule(step_size, 0.75), momentum=MomentumSchedule(0.5))


def follows(p: float, *, regularized: bool = False, decay: float = 0.0, **momentum: Any) -> Convention:
    """Return the convention of a Schattor."""
    form = {"average": "first gradient", "beta": 0.9} | momentum
    return Convention(
        map=PowerMap(p=p, is_regularized=regularized),
        momentum=Momentum(**form),
        decay=Decay(form="decoupled", rate=decay) if decay else Decay(),
    )


def blocks(balance: float, regularized: bool = False) -> Convention:
    return Convention(
        map=PowerMap(p=3.0, is_regularized=regularized),
        momentum=Momentum(average="first gradient", beta=0.9),
        exponents=EXPONENTS,
        radii=RADII,
        balance=balance,
    )


THETAS = tuple((k + 1) ** -0.5 for k in range(1, 40))


def jumping(k: Any) -> Any:
    """Return τ_k = 1/8, 1/2, 1/4, 5/8, 3/8 and again, of an int or an array."""
    return (3 * k % 5 + 1) * 0.125


TAUS = tuple((k + 2) ** -0.5 for k in range(40))
FACTORS = tuple((k + 1) ** -0.75 for k in range(40))

SCHATTORS: dict[str, tuple[Made, Convention]] = {
    **{f"p = {p}": (one(p), follows(float(p))) for p in (1, 1.5, 2, 2.5, 3, 4, 8, "inf")},
    "p = 4/3": (one("4/3"), follows(4 / 3)),
    **{
        f"p = {p}, regularised": (one(p, oracle="regularized"), follows(float(p), regularized=True))
        for p in (1, 1.5, 2, 3, 4, "inf")
    },
    "no momentum": (one(3, momentum=0.0), follows(3, average="none", beta=0.0)),
    "momentum 0.5": (one(3, momentum=0.5), follows(3, beta=0.5)),
    "momentum 0.99": (one("inf", momentum=0.99), follows(math.inf, beta=0.99)),
    "schedules": (
        scheduled,
        Convention(map=PowerMap(p=3.0), momentum=Momentum(average="schedule", thetas=THETAS), step_factors=FACTORS),
    ),
    "bias correction": (one(3, bias_correction=True), follows(3, average="bias corrected")),
    "bias correction, regularised": (
        one(3, bias_correction=True, oracle="regularized"),
        follows(3, regularized=True, average="bias corrected"),
    ),
    "look-ahead": (one(3, look_ahead=0.25), follows(3, look_ahead="fixed", tau=0.25)),
    "look-ahead that changes": (
        one(3, look_ahead=lambda k: (k + 2) ** -0.5),
        follows(3, look_ahead="fixed", taus=TAUS),
    ),
    "look-ahead that changes, of no formula": (
        one("inf", look_ahead=jumping),
        follows(math.inf, look_ahead="fixed", taus=tuple(jumping(k) for k in range(40))),
    ),
    "look-ahead, nesterov": (one("inf", look_ahead="nesterov"), follows(math.inf, look_ahead="next weight")),
    "look-ahead, nesterov, bias correction": (
        one(3, look_ahead="nesterov", bias_correction=True),
        follows(3, average="bias corrected", look_ahead="next weight"),
    ),
    "recursive": (one(3, recursive=True), follows(3, average="recursive")),
    "recursive, regularised": (
        one(3, recursive=True, oracle="regularized", momentum=0.5),
        follows(3, regularized=True, average="recursive", beta=0.5),
    ),
    "weight decay": (one(3, weight_decay=0.125), follows(3, decay=0.125)),
    "weight decay, regularised": (
        one(4, weight_decay=0.0625, oracle="regularized"),
        follows(4, regularized=True, decay=0.0625),
    ),
    "blocks in balance inf": (product(math.inf), blocks(math.inf)),
    "blocks in balance 2": (product(2.0), blocks(2.0)),
    "blocks in balance 4, regularised": (product(4.0, oracle="regularized"), blocks(4.0, True)),
}
"""By name: a factory, and what it follows."""
