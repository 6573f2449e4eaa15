"""The bounds: each returns a value made of named terms, or the reason why it does not apply."""

from .martingale import best_constant_bracket, martingale_constant, price_of_dimension, scalar_best_constant
from .momentum_error import (
    bias_corrected_thetas,
    first_failure_of_the_lemma,
    momentum_error_drift,
    momentum_error_lemma,
    momentum_error_weights,
    stationary_weight,
)
from .records import BoundValue, Source
from .regularized import regularized_bound, regularized_pairs
from .stationarity import any_schedule_bound, stationarity_bound
from .tuning import Tuning, best_momentum, best_step_size, rate_exponent, tuned

__all__ = [
    "BoundValue",
    "Source",
    "Tuning",
    "any_schedule_bound",
    "best_constant_bracket",
    "best_momentum",
    "best_step_size",
    "bias_corrected_thetas",
    "first_failure_of_the_lemma",
    "martingale_constant",
    "momentum_error_drift",
    "momentum_error_lemma",
    "momentum_error_weights",
    "price_of_dimension",
    "rate_exponent",
    "regularized_bound",
    "regularized_pairs",
    "scalar_best_constant",
    "stationarity_bound",
    "stationary_weight",
    "tuned",
]
