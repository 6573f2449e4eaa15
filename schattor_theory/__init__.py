"""Schatten-norm geometry, the reference optimizer and the bounds: pure functions on arrays and frozen records."""

from .assumptions import CovarianceNoise, MomentNoise, MomentShape, Smoothness, WeightedNoise
from .bounds import (
    BoundValue,
    Tuning,
    any_schedule_bound,
    martingale_constant,
    scalar_best_constant,
    stationarity_bound,
    tuned,
)
from .geometry import (
    DiagonalGeometry,
    DualityCertificate,
    ProductGeometry,
    SchattenGeometry,
    as_geometry,
    certified_duality_map,
    dual_exponent,
    duality_map,
    exponent_label,
    polar_error_bound,
    schatten_norm,
    spectral_map,
)
from .optimizer import MomentumSchedule, PolynomialSchedule, Schattor, SchattorState, parameter_free

__version__ = "0.1.0"

__all__ = [
    "BoundValue",
    "CovarianceNoise",
    "DiagonalGeometry",
    "DualityCertificate",
    "MomentNoise",
    "MomentShape",
    "MomentumSchedule",
    "PolynomialSchedule",
    "ProductGeometry",
    "SchattenGeometry",
    "Schattor",
    "SchattorState",
    "Smoothness",
    "Tuning",
    "WeightedNoise",
    "any_schedule_bound",
    "as_geometry",
    "certified_duality_map",
    "dual_exponent",
    "duality_map",
    "exponent_label",
    "martingale_constant",
    "parameter_free",
    "polar_error_bound",
    "scalar_best_constant",
    "schatten_norm",
    "spectral_map",
    "stationarity_bound",
    "tuned",
]
