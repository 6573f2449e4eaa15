"""Schatten-norm geometry, the reference optimizer and the bounds: pure functions on arrays and frozen records."""

from .geometry import (
    ProductGeometry,
    SchattenGeometry,
    as_geometry,
    dual_exponent,
    duality_map,
    exponent_label,
    schatten_norm,
    spectral_map,
)
from .optimizer import MomentumSchedule, PolynomialSchedule, Schattor, SchattorState, parameter_free

__version__ = "0.1.0"

__all__ = [
    "MomentumSchedule",
    "PolynomialSchedule",
    "ProductGeometry",
    "SchattenGeometry",
    "Schattor",
    "SchattorState",
    "as_geometry",
    "dual_exponent",
    "duality_map",
    "exponent_label",
    "parameter_free",
    "schatten_norm",
    "spectral_map",
]
