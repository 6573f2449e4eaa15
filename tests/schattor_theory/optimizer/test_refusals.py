"""Every argument error of the optimizer, by its message: call, argument, requirement, value, way out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from schattor_theory import MomentumSchedule, ProductGeometry, Schattor
from schattor_theory.errors import DTypeError, ExponentError, ParameterError, ShapeError, UnknownNameError
from tests.joined import every

GOOD = {"geometry": 3, "step_size": 0.1, "momentum": 0.9}
BAD_METHODS: dict[str, tuple[dict[str, Any], type, str]] = {
    "an exponent below 1": ({"geometry": 0.5}, ExponentError, "SchattenGeometry: p must lie in [1, inf], got p=0.5."),
    "a dict as geometry": ({"geometry": {"w": 2}}, ExponentError, "p must lie in [1, inf], got p={'w': 2}."),
    "a negative step size": (
        {"step_size": -0.1},
        ParameterError,
        "Schattor: step_size must be a finite number >= 0, got step_size=-0.1. "
        "The optimizer subtracts the direction by itself.",
    ),
    "an infinite step size": ({"step_size": math.inf}, ParameterError, "got step_size=inf."),
    "a word as step size": ({"step_size": "0.1"}, ParameterError, "got step_size='0.1'."),
    "no step size": ({"step_size": None}, ParameterError, "got step_size=None."),
    "momentum 1": (
        {"momentum": 1},
        ParameterError,
        "Schattor: momentum must lie in [0, 1), got momentum=1. momentum is 1 - θ: 0 means none, 0.95 is usual.",
    ),
    "negative momentum": ({"momentum": -0.1}, ParameterError, "Schattor: momentum must lie in [0, 1), got"),
    "momentum nan": ({"momentum": math.nan}, ParameterError, "got momentum=nan."),
    "momentum True": ({"momentum": True}, ParameterError, "got momentum=True."),
    "an unknown oracle": (
        {"oracle": "regularised"},
        UnknownNameError,
        "Schattor: oracle must be one of 'ball', 'regularized', got oracle='regularised'. Did you mean 'regularized'?",
    ),
    "bias correction of a schedule": (
        {"momentum": MomentumSchedule(0.5), "bias_correction": True},
        ParameterError,
        "Schattor: bias_correction must be False with a momentum schedule, got bias_correction=True. "
        "Bias correction is defined for a constant momentum.",
    ),
    "look-ahead above 1": (
        {"look_ahead": 1.5},
        ParameterError,
        "Schattor: look_ahead must lie in [0, 1], got look_ahead=1.5. "
        'Use None for no look-ahead, or "nesterov" for τ_k = θ_{k+1}.',
    ),
    "an unknown look-ahead": (
        {"look_ahead": "nesterow"},
        UnknownNameError,
        "Schattor: look_ahead must be one of 'nesterov', got look_ahead='nesterow'. Did you mean 'nesterov'?",
    ),
    "negative decay": ({"weight_decay": -1}, ParameterError, "Schattor: weight_decay must be a finite number >= 0"),
}


@every("case", BAD_METHODS)
def test_refuses_a_method_with(case: str) -> None:
    changed, error, words = BAD_METHODS[case]
    with pytest.raises(error) as caught:
        Schattor(**(GOOD | changed))
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["bias_correction", "look_ahead", "recursive", "weight_decay"])
def test_options_are_keyword_only(name: str) -> None:
    with pytest.raises(TypeError):
        Schattor(3, 0.1, 0.9, "ball", getattr(Schattor(3, 0.1, 0.9), name))  # type: ignore[misc]


X = np.ones((2, 3, 4))


def test_refuses_gradients_and_states_that_do_not_fit() -> None:
    opt = Schattor(**GOOD)
    state = opt.init(X)
    belongs = "It must belong to these parameters."
    converted = "Convert it: the result has the dtype of the parameters."
    for gradient, other, words in (
        (X[0], state, f"gradient must have shape (2, 3, 4), got gradient=(3, 4). {belongs}"),
        (np.ones((2, 4, 3)), state, "gradient must have shape (2, 3, 4), got gradient=(2, 4, 3)."),
        (np.ones((1, 3, 4)), state, "gradient must have shape (2, 3, 4), got gradient=(1, 3, 4)."),
        (X, opt.init(X[0]), f"state.momentum must have shape (2, 3, 4), got state.momentum=(3, 4). {belongs}"),
        (X.astype(np.float32), state, f"gradient must have dtype float64, got gradient=dtype('float32'). {converted}"),
        (X, opt.init(X.astype(np.float32)), "state.momentum must have dtype float64"),
    ):
        with pytest.raises(DTypeError if "dtype" in words else ShapeError) as caught:
            opt.step(X, gradient, other)
        assert str(caught.value).startswith("Schattor.step: ")
        assert words in str(caught.value)


def test_refuses_an_array_of_another_library() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    opt = Schattor(**GOOD)
    with pytest.raises(DTypeError, match=r"^Schattor\.step: gradient must be an array of the library of .*'Tensor'"):
        opt.step(X, torch.ones((2, 3, 4), dtype=torch.float64), opt.init(X))


def test_refuses_parameters_that_are_no_matrices() -> None:
    opt = Schattor(**GOOD)
    for params, error, words in (
        ([[1.0]], DTypeError, "params must be an array, got params='list'."),
        (np.ones((2, 2), dtype=int), DTypeError, "params must hold real floating-point numbers, got"),
        (np.ones(3), ShapeError, "params must have at least two axes, got params=(3,)."),
        ({"w": X}, ShapeError, "params must be one array, got params=['w']. For a dict of blocks use ProductGeometry("),
    ):
        with pytest.raises(error) as caught:
            opt.init(params)
        assert str(caught.value).startswith(f"Schattor.init: {words}")


def test_refuses_blocks_that_do_not_fit_each_other() -> None:
    opt = Schattor(ProductGeometry({"w": 3, "b": 2}), 0.1, 0.9)
    params = {"w": X, "b": np.ones((2, 4, 1))}
    state = opt.init(params)
    with pytest.raises(ShapeError, match=r"^Schattor\.init: params must be a mapping with blocks \['w', 'b'\]"):
        opt.init(X)
    with pytest.raises(ShapeError, match=r"^Schattor\.step: gradient must have exactly the blocks \['w', 'b'\]"):
        opt.step(params, {"w": X}, state)
    with pytest.raises(ShapeError, match=r"^Schattor\.step: gradient\['b'\] must have shape \(2, 4, 1\)"):
        opt.step(params, {"w": X, "b": np.ones((2, 1, 4))}, state)
    with pytest.raises(DTypeError, match=r"^Schattor\.init: params must have one dtype in all blocks"):
        opt.init({"w": X, "b": np.ones((2, 4, 1), dtype=np.float32)})


def test_recursive_momentum_asks_for_the_previous_gradient_and_no_other_method_takes_it() -> None:
    recursive, plain = Schattor(**GOOD, recursive=True), Schattor(**GOOD)
    x, state = recursive.step(X, X, recursive.init(X))
    with pytest.raises(ParameterError) as caught:
        recursive.step(x, X, state)
    assert str(caught.value) == (
        "Schattor.step: previous_gradient must be given after the first step, got previous_gradient=None. "
        "Recursive momentum needs the gradient of the same sample at the previous parameters."
    )
    with pytest.raises(ParameterError, match=r"^Schattor\.step: previous_gradient must be None unless recursive=True"):
        plain.step(X, X, plain.init(X), previous_gradient=X)
    with pytest.raises(ShapeError, match=r"^Schattor\.step: previous_gradient must have shape \(2, 3, 4\)"):
        recursive.step(x, X, state, previous_gradient=X[0])


def test_recursive_momentum_asks_for_the_previous_gradient_under_jit() -> None:
    jax = pytest.importorskip("jax", reason="jax is not installed")
    opt = Schattor(**GOOD, recursive=True)
    x = jax.numpy.ones((3, 4))
    with pytest.raises(ParameterError, match="previous_gradient must be given after the first step"):
        jax.jit(opt.step)(x, x, opt.init(x))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"step_size": lambda k: -1.0}, "step_size must be a finite number >= 0, got step_size=-1.0."),
        ({"step_size": lambda k: math.nan}, "step_size must be a finite number >= 0, got step_size=nan."),
        ({"momentum": lambda k: 1.0}, "momentum must lie in [0, 1), got momentum=1.0."),
        ({"look_ahead": lambda k: 2.0}, "look_ahead must lie in [0, 1], got look_ahead=2.0."),
    ],
)
def test_values_of_a_schedule_are_checked_when_they_are_used(changed: dict, words: str) -> None:
    opt = Schattor(**(GOOD | changed))

    def two_steps() -> None:
        x, state = opt.step(X, X, opt.init(X))
        opt.step(x, X, state)

    with pytest.raises(ParameterError) as caught:
        two_steps()
    assert str(caught.value).startswith(f"Schattor: {words}")


@every("name", ["theta_at", "step_size_at", "look_ahead_at"])
@every("k", [-1, 1.0, "1", True, None])
def test_coefficients_are_asked_for_a_whole_step_number(name: str, k: object) -> None:
    with pytest.raises(ParameterError) as caught:
        getattr(Schattor(**GOOD), name)(k)
    assert str(caught.value) == f"Schattor.{name}: k must be an integer >= 0, got k={k!r}."
