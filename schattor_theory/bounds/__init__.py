"""The bounds: each returns a value made of named terms, or the reason why it does not apply."""

from .corollaries import (
    covariance_corollary,
    high_probability_bound,
    parameter_free_bound,
    tuned_exponents,
    tuned_schedule_bound,
)
from .derived import sharper_any_schedule_bound, sharper_regularized_bound, sharper_stationarity_bound
from .descent import (
    descent_bound,
    misalignment_bound,
    misalignment_factor,
    oracle_alignment,
    regularized_descent_bound,
)
from .look_ahead import look_ahead_bound, look_ahead_weight
from .martingale import (
    best_constant_bound,
    best_constant_bracket,
    martingale_constant,
    price_of_dimension,
    scalar_best_constant,
    scalar_worst_step,
)
from .moments import (
    covariance_bound,
    moment_bound,
    price_bound,
    row_column_bound,
    two_smooth_bound,
    weighted_bound,
)
from .momentum_error import (
    bias_corrected_thetas,
    first_failure_of_the_lemma,
    momentum_error_drift,
    momentum_error_lemma,
    momentum_error_weights,
    stationary_weight,
)
from .necessity import no_momentum_lower_bound
from .product import product_moment_shape, product_smoothness
from .records import BoundValue, Source
from .recursive import recursive_bound, recursive_corollary
from .regularized import regularized_bound, regularized_pairs
from .stationarity import any_schedule_bound, stationarity_bound
from .transfer import norm_transfer, smoothness_transfer
from .tuning import Tuning, best_momentum, best_step_size, rate_exponent, tuned
from .weight_decay import weight_decay_gap_bound, weight_decay_last_value_bound
from .weights import bias_correction_excess

__all__ = [
    "BoundValue",
    "Source",
    "Tuning",
    "any_schedule_bound",
    "best_constant_bound",
    "best_constant_bracket",
    "best_momentum",
    "best_step_size",
    "bias_corrected_thetas",
    "bias_correction_excess",
    "covariance_bound",
    "covariance_corollary",
    "descent_bound",
    "first_failure_of_the_lemma",
    "high_probability_bound",
    "look_ahead_bound",
    "look_ahead_weight",
    "martingale_constant",
    "misalignment_bound",
    "misalignment_factor",
    "moment_bound",
    "momentum_error_drift",
    "momentum_error_lemma",
    "momentum_error_weights",
    "no_momentum_lower_bound",
    "norm_transfer",
    "oracle_alignment",
    "parameter_free_bound",
    "price_bound",
    "price_of_dimension",
    "product_moment_shape",
    "product_smoothness",
    "rate_exponent",
    "recursive_bound",
    "recursive_corollary",
    "regularized_bound",
    "regularized_descent_bound",
    "regularized_pairs",
    "row_column_bound",
    "scalar_best_constant",
    "scalar_worst_step",
    "sharper_any_schedule_bound",
    "sharper_regularized_bound",
    "sharper_stationarity_bound",
    "smoothness_transfer",
    "stationarity_bound",
    "stationary_weight",
    "tuned",
    "tuned_exponents",
    "tuned_schedule_bound",
    "two_smooth_bound",
    "weight_decay_gap_bound",
    "weight_decay_last_value_bound",
    "weighted_bound",
]
