"""Messages of the errors that building or realising a noise raises."""

from __future__ import annotations

import numpy as np
import pytest

from schattor_theory import ProductGeometry
from schattor_theory.errors import ExponentError, ParameterError, SchattorError, ShapeError, UnknownNameError
from synthetic.noise import NOISES, BlockNoise
from synthetic.problems import PROBLEMS
from synthetic.seeds import Streams
from tests.joined import every
from tests.synthetic.noise.cases import BLOCKS, GEOMETRY

PARETO = {"tail": "pareto"}
REFUSALS = [
    ("fixed_signs", (2, 2), 0.9, {}, ExponentError, r"fixed_signs: p must lie in \[1, inf\]"),
    ("fixed_signs", (2, 2), GEOMETRY, {}, ShapeError, "fixed_signs: geometry must be an exponent or a Schatten"),
    ("fixed_signs", BLOCKS, 2, {}, ShapeError, "fixed_signs: geometry must be a ProductGeometry"),
    ("haar_signs", BLOCKS, ProductGeometry({"w": 2}), {}, ShapeError, "haar_signs: geometry must have exactly the"),
    ("fixed_signs", (2, 2), 2, {"sigma": -1}, ParameterError, "fixed_signs: sigma must be a finite number >= 0"),
    ("fixed_signs", (2, 2), 2, {"sigma": float("nan")}, ParameterError, "fixed_signs: sigma must be a finite number"),
    ("fixed_signs", (2, 2), 2, {"moment_order": 3}, ParameterError, r"fixed_signs: moment_order must lie in \[1, 2\]"),
    ("fixed_signs", (2, 2), 2, {"tail": "heavy"}, UnknownNameError, "fixed_signs: tail must be one of"),
    ("fixed_signs", (2, 2), 2, PARETO, ParameterError, 'fixed_signs: tail_index must be given with tail="pareto"'),
    (
        "haar_signs",
        (2, 2),
        2,
        PARETO | {"tail_index": 2.0},
        ParameterError,
        "haar_signs: tail_index must be greater than moment_order = 2, .*that moment of the noise is infinite",
    ),
    (
        "haar_signs",
        (2, 2),
        2,
        PARETO | {"tail_index": 1.5, "moment_order": 1.6},
        ParameterError,
        "haar_signs: tail_index must be greater than moment_order = 1.6",
    ),
    ("fixed_signs", (2, 2), 2, {"tail_index": 3}, ParameterError, 'tail_index must be None without tail="pareto"'),
    ("fixed_signs", (2, 2), 2, {"tail_probability": 0.1}, ParameterError, "tail_probability must be None without"),
    (
        "fixed_signs",
        (2, 2),
        2,
        {"tail": "two_point", "tail_probability": 0},
        ParameterError,
        r"fixed_signs: tail_probability must lie in \(0, 1\]",
    ),
    ("random_coordinates", (2, 2), 2, {"weights": "hot"}, UnknownNameError, "random_coordinates: weights must be one"),
    ("coordinate_sweep", (2, 2), 2, {"weights": [1, 2, 3]}, ShapeError, "coordinate_sweep: weights must hold 2"),
    ("fixed_signs", (2, 2), 2, {"rotated": True}, ParameterError, "fixed_signs: rng must be a generator when rotated"),
    ("haar_signs", (2, 2), 2, {"rotated": True}, UnknownNameError, "haar_signs: option must be one of"),
    ("gaussian", (2, 2), 2, {"moment_order": 1.5}, ParameterError, "gaussian: moment_order must be 2"),
    ("none", (2, 2), 2, {"sigma": 1.0}, ParameterError, "none: sigma must be 0, got sigma=1.0"),
    ("none", (2, 2), 2, {"tail": "none"}, UnknownNameError, "none: option must be left out, got option='tail'"),
    ("gradient_sign", (2, 2), 2, {"moment_order": 0.5}, ParameterError, "gradient_sign: moment_order must be a finite"),
]


@every(("name", "shape", "geometry", "options", "error", "message"), REFUSALS)
def test_refusal_names_the_argument(name, shape, geometry, options, error, message) -> None:
    with pytest.raises(error, match=message) as caught:
        NOISES[name].build(shape, geometry, **options)
    assert isinstance(caught.value, SchattorError)


def test_noise_refuses_a_gradient_of_another_shape() -> None:
    noise = NOISES["fixed_signs"].build((2, 3), 2)
    draws = noise.draw(Streams(1), 4)
    with pytest.raises(ShapeError, match=r"FixedSigns.realise: gradient must have matrices of shape \(2, 3\)"):
        noise.realise(draws, None, None, np.zeros((4, 3, 2)))


def test_noise_refuses_a_side_and_an_assumption_without_a_name() -> None:
    noise = NOISES["fixed_signs"].build((2, 3), 2)
    with pytest.raises(UnknownNameError, match=r"FixedSigns.covariance_sigma: side must be one of 'left', 'right'"):
        noise.covariance_sigma(2, "top")
    with pytest.raises(UnknownNameError, match="why_not: assumption must be one of"):
        noise.why_not("N2", 2)


def test_block_noise_refuses_blocks_of_different_families() -> None:
    laws = {"a": NOISES["fixed_signs"].build((2, 2), 2), "b": NOISES["haar_signs"].build((2, 2), 2)}
    with pytest.raises(ParameterError, match="BlockNoise: blocks must be laws of one family with one tail"):
        BlockNoise(blocks=laws)


def test_gradient_sign_refuses_a_problem_it_does_not_belong_to() -> None:
    noise = NOISES["gradient_sign"].build((2, 2), 4, sigma=1.0)
    draws = noise.draw(Streams(1), 1)
    quadratic = PROBLEMS["quadratic"].build((2, 2), 4)
    with pytest.raises(ParameterError, match=r"must have bounded gradients along one matrix, got problem='Quadratic'"):
        noise.realise(draws, quadratic, quadratic.start, quadratic.start)
    steep = PROBLEMS["huber"].build((2, 2), 4, sigma=1.01)
    with pytest.raises(ParameterError, match=r"problem must have gradients of at most sigma/2 = 0.5 in the dual norm"):
        noise.realise(draws, steep, steep.start, steep.gradient(steep.start))


def test_gradient_sign_knows_its_sigma_in_its_own_geometry_only() -> None:
    noise = NOISES["gradient_sign"].build((2, 2), 4, sigma=1.5)
    assert (noise.moment_sigma(4), noise.covariance_sigma(4, "right")) == (1.5, 1.5)
    assert noise.moment_sigma(2) is None
    assert noise.assumptions(2) == ()
    assert "p = 4 only" in noise.why_not("covariance", 2)
    assert noise.moment_shape(4).sigma == 1.5
