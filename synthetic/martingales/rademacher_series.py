"""Rademacher (or Gaussian) series of given matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from schattor_theory.checks import fail
from schattor_theory.errors import NonFiniteError, ParameterError, ShapeError

from .coefficients import coefficient_of
from .record import MartingaleFamily, checked
from .series import SeriesMartingale

__all__ = ["FAMILY", "RademacherSeries"]


@dataclass(frozen=True, eq=False, kw_only=True)
class RademacherSeries(SeriesMartingale):
    """``Z_i = ε_i C_i`` with fair signs ε_i (or standard normals), C_i given."""

    name = "rademacher_series"
    summary = "signs (or normals) times given matrices."


def build(
    shape: Any,
    n_steps: int,
    *,
    scale: float = 1.0,
    rng: np.random.Generator | None = None,
    series: Any = None,
    coefficients: str = "rademacher",
) -> RademacherSeries:
    """Return the series of ``scale`` times these matrices; without ``series``, of standard normal ones from ``rng``."""
    call = "rademacher_series"
    shape, n_steps, scale = checked(call, shape, n_steps, scale)
    law = coefficient_of(call, coefficients)
    if series is None:
        if rng is None:
            way_out = "Or give series: the terms are random without it."
            fail(ParameterError, call, "rng", "be a generator", rng, way_out)
        series = rng.standard_normal((n_steps, *shape))
    terms = np.asarray(series)
    if terms.shape != (n_steps, *shape):
        fail(ShapeError, call, "series", f"have shape {(n_steps, *shape)}", terms.shape)
    if not np.isfinite(terms).all():
        fail(NonFiniteError, call, "series", "hold finite numbers", terms)
    return RademacherSeries(shape=shape, n_steps=n_steps, terms=scale * terms, law=law)


FAMILY = MartingaleFamily(
    "rademacher_series",
    "fair signs, or normals, times given matrices",
    build,
    {
        "series": "the matrices, shape (n_steps, m, n); standard normal from rng when left out",
        "coefficients": "rademacher, gaussian or complex_gaussian",
    },
)
