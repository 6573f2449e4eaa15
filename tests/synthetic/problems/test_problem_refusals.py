"""Messages of the errors that building a problem raises."""

from __future__ import annotations

import numpy as np
import pytest

from schattor_theory import ProductGeometry
from schattor_theory.errors import ExponentError, ParameterError, SchattorError, ShapeError, UnknownNameError
from synthetic.problems import PROBLEMS, EuclideanFunction
from tests.joined import every
from tests.synthetic.problems.cases import BLOCKS, NETWORK, product, rng

W = ProductGeometry({"w": 2})
VECTOR = EuclideanFunction(
    name="h", value=np.sum, gradient=np.ones_like, smoothness=1.0, lower_bound=0.0, start=np.zeros(2)
)

REFUSALS = [
    ("quadratic", (2, 2), 0.5, {}, ExponentError, r"quadratic: p must lie in \[1, inf\], got p=0.5"),
    ("quadratic", (2, 0), 2, {}, ParameterError, r"quadratic: shape\[1\] must be an integer >= 1, got shape\[1\]=0"),
    ("quadratic", 3, 2, {}, ShapeError, "quadratic: shape must be two integers"),
    ("quadratic", BLOCKS, product(BLOCKS), {}, ShapeError, "quadratic: shape must be the shape .* of one matrix"),
    ("quadratic", (2, 2), W, {}, ShapeError, "quadratic: geometry must be an exponent or a SchattenGeometry"),
    ("quadratic", (2, 2), 2, {"smoothness": 0}, ParameterError, "quadratic: smoothness must be a positive"),
    ("quadratic", (2, 2), 2, {"initial_gap": -1}, ParameterError, "quadratic: initial_gap must be a positive"),
    ("quadratic", (2, 2), 2, {"left": "flatt"}, UnknownNameError, "left must be one of .* Did you mean 'flat'"),
    ("quadratic", (2, 2), 2, {"left": [1.0]}, ShapeError, "quadratic: left must hold 2 numbers"),
    ("quadratic", (2, 2), 2, {"left": [0, 0]}, ParameterError, "left must hold finite numbers >= 0, not all"),
    ("quadratic", (2, 2), 2, {"decay": -1, "left": "power"}, ParameterError, "decay must be a finite number"),
    ("quadratic", (2, 2), 2, {"floor": 2, "left": "spike"}, ParameterError, r"quadratic: floor must lie in \[0, 1\]"),
    ("quadratic", (2, 2), 2, {"rotated": "yes"}, ParameterError, "quadratic: rotated must be true or false"),
    ("quadratic", (2, 2), 2, {"rotated": True}, ParameterError, "quadratic: rng must be a generator when rotated=True"),
    ("quadratic", (2, 2), 2, {"start": "gaussian"}, ParameterError, "quadratic: rng must be a generator when start"),
    ("quadratic", (2, 2), 2, {"start": "there"}, UnknownNameError, "quadratic: start must be one of"),
    ("quadratic", (2, 2), 2, {"spread": 1}, UnknownNameError, "quadratic: option must be one of"),
    (
        "quadratic",
        (2, 2),
        2,
        {"left": [0, 1], "start": "spike"},
        ParameterError,
        "quadratic: initial_gap must be None for this start",
    ),
    ("saturating", (2, 2), 4, {"initial_gap": 2}, ParameterError, r"saturating: initial_gap must lie in \(0, 0.7071"),
    ("separable", (2, 2), W, {}, ShapeError, "separable: shape must be a mapping of blocks"),
    ("separable", BLOCKS, 2, {}, ShapeError, "separable: geometry must be a ProductGeometry"),
    ("separable", BLOCKS, W, {}, ShapeError, r"separable: geometry must have exactly the blocks \['b', 'w'\]"),
    ("separable", BLOCKS, product(BLOCKS), {"scale_spread": 0}, ParameterError, "scale_spread must be a pos"),
    ("separable", BLOCKS, product(BLOCKS), {"objective": "quad"}, UnknownNameError, "separable: objective must be one"),
    ("huber", (2, 2), 2, {"step_size": 1.0}, ParameterError, "huber: n_steps must be given together with step_size"),
    ("huber", (2, 2), 2, {"sigma": 0}, ParameterError, "huber: sigma must be a positive finite number"),
    (
        "huber",
        (2, 2),
        2,
        {"step_size": 1.0, "n_steps": 4, "initial_gap": 1.0},
        ParameterError,
        "huber: initial_gap must be None when step_size and n_steps place the start",
    ),
    ("lift", (3, 2), 2, {"function": VECTOR}, ShapeError, "lift: function must have a start of length m = 3"),
    ("lift", (2, 2), 2, {"function": VECTOR, "initial_gap": 1}, ParameterError, "lift: initial_gap must be None when"),
    ("lift", (2, 2), 2, {"function": "bowl"}, UnknownNameError, "lift: function must be one of"),
    (
        "matrix_factorisation",
        (2, 2),
        None,
        {"smoothness": 1.0, "rng": rng("r")},
        ParameterError,
        "matrix_factorisation: smoothness must be None, got smoothness=1.0. It is not globally smooth",
    ),
    ("matrix_factorisation", (2, 2), None, {}, ParameterError, "matrix_factorisation: rng must be a generator"),
    ("digits_logistic", (64, 10), 2, {"smoothness": 1.0}, ParameterError, "smoothness must be None.*The data dictates"),
    ("digits_logistic", (64, 10), 2, {"initial_gap": 1.0}, ParameterError, "initial_gap must be None.*The data"),
    ("digits_logistic", (10, 64), 2, {}, ShapeError, r"digits_logistic: shape must be None or \(64, 10\)"),
    ("digits_logistic", None, 2, {"n_samples": 1798}, ParameterError, "n_samples must be at most 1797"),
    ("digits_logistic", None, 2, {"bias": 1}, ParameterError, "digits_logistic: bias must be true or false"),
    ("digits_logistic", None, 2, {"bias": True}, ShapeError, "geometry must be a ProductGeometry"),
    ("digits_network", None, product(NETWORK), {}, ParameterError, "digits_network: rng must be a generator"),
    ("digits_network", None, 2, {"rng": rng("n")}, ShapeError, "digits_network: geometry must be a ProductGeometry"),
]


@every(("name", "shape", "geometry", "options", "error", "message"), REFUSALS)
def test_refusal_names_the_argument(name, shape, geometry, options, error, message) -> None:
    with pytest.raises(error, match=message) as caught:
        PROBLEMS[name].build(shape, geometry, **options)
    assert isinstance(caught.value, SchattorError)


def test_smoothness_refuses_a_geometry_that_does_not_fit() -> None:
    f = PROBLEMS["quadratic"].build((2, 2), 2)
    with pytest.raises(ShapeError, match=r"Quadratic.smoothness: geometry must be an exponent or a SchattenGeometry"):
        f.smoothness(W)
    g = PROBLEMS["separable"].build(BLOCKS, product(BLOCKS))
    with pytest.raises(ShapeError, match=r"Separable.smoothness: geometry must be a ProductGeometry"):
        g.smoothness(2)
