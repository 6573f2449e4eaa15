"""Degenerate members, and every refusal with its message."""

from __future__ import annotations

import math

import numpy as np
import pytest

from schattor_theory.errors import ExponentError, NonFiniteError, ParameterError, SchattorError, ShapeError
from schattor_theory.errors import UnknownNameError as UnknownName
from synthetic import MARTINGALES
from synthetic.martingales.norms import norms
from tests.joined import every, some
from tests.synthetic.martingales.cases import CASES, LEVELS, Case, rng

ANY_SHAPE = sorted(set(MARTINGALES) - {"rows_and_columns", "digits_network", "fresh_coordinates", "adapted"})


def make(family: str, shape: object, n_steps: object, **options: object):
    return MARTINGALES[family].build(shape, n_steps, rng=options.pop("rng", rng("make")), **options)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_zero_increments_have_zero_constants(case: Case) -> None:
    z = case.build(scale=0.0)
    assert not z.sums(rng(0), 3).any()
    assert not z.steps(rng(0), 3).any()
    for q, order in LEVELS:
        assert z.moment(q, order) in (0.0, None)
        assert z.sum_of_moments(q, order) in (0.0, None)
        assert z.ceiling(q) == 0
    assert z.moment(2, 2) == 0
    assert not z.covariance("left").any()


@pytest.mark.parametrize("scale", [1e-150, 1e150])
@pytest.mark.parametrize("case", some(CASES, 3), ids=lambda case: case.label)
def test_extreme_scales_give_the_right_constants(case: Case, scale: float) -> None:
    z, one = case.build(scale=scale), case.build(scale=1.0)
    for q, order in LEVELS:
        for name in ("sum_of_moments", "moment"):
            a, b = getattr(z, name)(q, order), getattr(one, name)(q, order)
            assert (a is None) == (b is None)
            assert a is None or a == b == math.inf or a / scale**order == pytest.approx(b, rel=1e-9)
        if math.isfinite(one.ceiling(q)):
            assert z.ceiling(q) / scale == pytest.approx(one.ceiling(q), rel=1e-12)
    if one.covariance("left") is not None:
        assert np.abs(z.covariance("left") / scale**2 - one.covariance("left")).max() <= 1e-9
    assert norms(z.sums(rng(5), 4), 1) / scale == pytest.approx(norms(one.sums(rng(5), 4), 1), rel=1e-9)


@every("family", ANY_SHAPE)
@every("shape", [(1, 1), (1, 5), (5, 1)])
@every("n_steps", [1, 2])
def test_vectors_and_numbers_have_one_norm(family: str, shape: tuple[int, int], n_steps: int) -> None:
    z = make(family, shape, n_steps)
    values = {z.moment(q, 1.2) for q in (1.0, 1.5, 2.0, math.inf)}
    known = [v for v in values if v is not None]
    assert not known or max(known) == pytest.approx(min(known), rel=1e-12)
    assert z.sums(rng(1), 1).shape == (1, *shape)
    if n_steps == 1:
        assert z.moment(1, 1) == z.sum_of_moments(1, 1) == z.first_moment(1, 1)


@every("family", ANY_SHAPE)
def test_one_step_is_its_own_sum(family: str) -> None:
    z = make(family, (3, 2), 1)
    for q, order in LEVELS:
        assert z.moment(q, order) == z.sum_of_moments(q, order) == z.first_moment(q, order)


REFUSALS = [
    ("fixed_signs", (3, 2), 0, {}, ParameterError, "fixed_signs: n_steps must be an integer >= 1, got n_steps=0."),
    ("fixed_signs", (3,), 2, {}, ShapeError, "fixed_signs: shape must be two integers (m, n), got shape=(3,)."),
    ("haar", (3, 2), 2, {"scale": -1.0}, ParameterError, "haar: scale must lie in [0, 1e+150], got scale=-1.0."),
    ("haar", (3, 2), 2, {"scale": 1e-151}, ParameterError,
     "haar: scale must be 0 or lie in [1e-150, 1e+150], got scale=1e-151."),
    ("haar", (3, 2), 2, {"wieghts": "flat"}, UnknownName,
     "haar: option must be one of 'scale', 'rng', 'weights', 'decay', 'floor', got option='wieghts'. "
     "Did you mean 'weights'?"),
    ("fixed_signs", (3, 2), 2, {"rotated": "yes"}, ParameterError,
     "fixed_signs: rotated must be true or false, got rotated='yes'."),
    ("fixed_signs", (3, 2), 2, {"rotated": True, "rng": None}, ParameterError,
     "fixed_signs: rng must be a generator, got rng=None. The basis is random with rotated=True."),
    ("row_covariance", (3, 2), 2, {"rotated": 1}, ParameterError,
     "row_covariance: rotated must be true or false, got rotated=1."),
    ("row_covariance", (3, 2), 2, {"rotated": True, "rng": None}, ParameterError,
     "row_covariance: rng must be a generator, got rng=None. The basis is random with rotated=True."),
    ("fresh_coordinates", (3, 2), 3, {}, ParameterError,
     'fresh_coordinates: n_steps must be at most min(m, n) = 2, got n_steps=3. A coordinate is used once; '
     '"iid_coordinates" uses them again.'),
    ("rademacher_series", (3, 2), 2, {"rng": None}, ParameterError,
     "rademacher_series: rng must be a generator, got rng=None. Or give series: the terms are random without it."),
    ("rademacher_series", (1, 1), 2, {"series": np.ones((1, 1, 1))}, ShapeError,
     "rademacher_series: series must have shape (2, 1, 1), got series=(1, 1, 1)."),
    ("rademacher_series", (1, 1), 1, {"series": [[[math.nan]]]}, NonFiniteError,
     "rademacher_series: series must hold finite numbers, got series=array([[[nan]]])."),
    ("rademacher_series", (1, 1), 1, {"coefficients": "steinhaus"}, UnknownName,
     "rademacher_series: coefficients must be one of 'rademacher', 'gaussian', 'complex_gaussian', got "
     "coefficients='steinhaus'."),
    ("ginibre", (3, 2), 2, {"field": "quaternion"}, UnknownName,
     "ginibre: field must be one of 'real', 'complex', got field='quaternion'."),
    ("rows_and_columns", None, 5, {}, ParameterError,
     "rows_and_columns: n_steps must be even, got n_steps=5. Half the steps fill the row, half the column."),
    ("rows_and_columns", (3, 4), 4, {}, ShapeError,
     "rows_and_columns: shape must be None or (3, 3), got shape=(3, 4). The number of steps dictates it."),
    ("adapted", (3, 3), 3, {}, ParameterError,
     'adapted: n_steps must be 2, got n_steps=3. Any number of steps: dependence="walk".'),
    ("adapted", (1, 3), 2, {}, ShapeError, "adapted: shape must have at least 2 rows and columns, got shape=(1, 3)."),
    ("adapted", (2, 2), 2, {"dependence": "walk", "probability": 0.1}, ParameterError,
     'adapted: probability must be None with dependence="walk", got probability=0.1.'),
    ("adapted", (2, 2), 2, {"probability": 1.0}, ParameterError,
     "adapted: probability must lie in (0, 1), got probability=1.0."),
    ("two_point", (2, 2), 2, {"probability": 0.0}, ParameterError,
     "two_point: probability must lie in (0, 1), got probability=0.0."),
    ("self_similar", (2, 2), 20000, {}, ParameterError,
     "self_similar: growth must be below exp(600/20000) - 1, got growth=0.05. The martingale would leave the float "
     "range."),
    ("self_similar", (2, 2), 2, {"exponent": 2}, ParameterError,
     "self_similar: exponent must lie in (1, 2), got exponent=2."),
    ("self_similar", (2, 2), 2, {"place": 1.0}, ParameterError,
     "self_similar: place must lie in (0, 1), got place=1.0."),
    ("diagonal_third_part", (2, 2), 2, {"probability": 0}, ParameterError,
     "diagonal_third_part: probability must lie in (0, 1], got probability=0."),
    ("heavy_tailed", (2, 2), 2, {"normalised_order": 0.5}, ParameterError,
     "heavy_tailed: normalised_order must lie in [1, inf), got normalised_order=0.5."),
    ("heavy_tailed", (2, 2), 2, {"tail_index": 0.9}, ParameterError,
     "heavy_tailed: tail_index must be greater than moment_order = 1, got tail_index=0.9. At or below it that moment "
     "of the noise is infinite: lower moment_order."),
    ("digits_network", (2, 2), 2, {"width": 2, "n_samples": 3}, ShapeError,
     "digits_network: shape must be None or (10, 2), got shape=(2, 2). The block dictates it."),
    ("digits_network", None, 2, {"rng": None}, ParameterError,
     "digits_network: rng must be a generator, got rng=None. The start is random: Streams(seed).generator(role)."),
]  # fmt: skip


@every(("family", "shape", "n_steps", "options", "error", "message"), REFUSALS)
def test_refusal_says_why(family, shape, n_steps, options, error, message) -> None:
    given = {"rng": rng("make")} | options
    with pytest.raises(error) as caught:
        MARTINGALES[family].build(shape, n_steps, **given)
    assert str(caught.value) == message
    assert MARTINGALES[family].why_not(shape, n_steps, **given) == message


def test_members_that_exist_have_no_reason_not_to() -> None:
    assert MARTINGALES["haar"].why_not((3, 2), 4) == ""


CALLS = [
    (lambda z: z.moment(0.5, 1), ExponentError, "haar.moment: q must lie in [1, inf], got q=0.5."),
    (lambda z: z.sum_of_moments(2, 0), ParameterError,
     "haar.sum_of_moments: moment_order must be a positive finite number, got moment_order=0."),
    (lambda z: z.ceiling("x"), ExponentError,
     "haar.ceiling: q must lie in [1, inf], got q='x'. Write a number, a fraction such as \"4/3\", or \"inf\"."),
    (lambda z: z.steps(rng(1), -1), ParameterError, "haar.steps: trials must be an integer >= 0, got trials=-1."),
    (lambda z: z.sums(rng(1), 1.0), ParameterError, "haar.sums: trials must be an integer >= 0, got trials=1.0."),
    (lambda z: z.covariance("top"), UnknownName,
     "haar.covariance: side must be one of 'left', 'right', got side='top'."),
    (lambda z: z.conditional_covariance_outcomes("top"), UnknownName,
     "haar.conditional_covariance_outcomes: side must be one of 'left', 'right', got side='top'."),
    (lambda z: z.sum_of_moments(1, 1, weight=np.eye(2)), ShapeError,
     "haar.sum_of_moments: weight must have shape (3, 3) on the left side, got weight=(2, 2)."),
    (lambda z: z.sum_of_moments(1, 1, weight=np.zeros((3, 3))), ParameterError,
     "haar.sum_of_moments: weight must hold finite numbers, not all zero, got weight=0.0."),
    (lambda z: z.sum_of_moments(1, 1, weight=np.full((3, 3), np.nan)), ParameterError,
     "haar.sum_of_moments: weight must hold finite numbers, not all zero, got weight=nan."),
    (lambda z: z.sum_of_moments(1, 1, weight=np.triu(np.ones((2, 2))), side="right"), ParameterError,
     "haar.sum_of_moments: weight must be Hermitian, got weight=array([[1., 1.],\n       [0., 1.]])."),
    (lambda z: z.sum_of_moments(1, 1, weight=np.diag([1.0, -0.5]), side="right"), ParameterError,
     "haar.sum_of_moments: weight must be positive semidefinite, got weight=-0.5."),
    (lambda z: z.sum_of_moments(1, 1, weight=np.eye(3) + 0j), ParameterError,
     "haar.sum_of_moments: weight must be real for a real martingale, got weight=dtype('complex128')."),
    (lambda z: z.sum_of_moments(1, 1, side="top"), UnknownName,
     "haar.sum_of_moments: side must be one of 'left', 'right', got side='top'."),
]  # fmt: skip


@every(("call", "error", "message"), CALLS)
def test_wrong_arguments_are_refused(call, error: type[SchattorError], message: str) -> None:
    with pytest.raises(error) as caught:
        call(make("haar", (3, 2), 2))
    assert str(caught.value) == message


@pytest.mark.parametrize(("scale", "order"), [(1e150, 3.0), (1e-150, 3.0)])
def test_moments_beyond_the_float_range_are_refused(scale: float, order: float) -> None:
    z = make("haar", (2, 2), 2, scale=scale)
    with pytest.raises(
        ParameterError, match=r"moment_order must keep moments in the float range, got moment_order=3\.0"
    ):
        z.sum_of_moments(math.inf, order)


def test_too_many_paths_are_not_listed() -> None:
    assert make("fixed_signs", (3, 3), 5).paths() is None
    assert make("fixed_signs", (1, 1), 12).paths() is not None
    assert make("rademacher_series", (2, 2), 13).outcomes() is None
    assert make("rademacher_series", (64, 64), 12).paths() is None  # 4096 paths, but 2e8 numbers
    assert make("iid_coordinates", (3, 3), 6).paths() is None
    assert make("adapted", (3, 3), 13, dependence="walk").paths() is None
    assert make("self_similar", (2, 2), 2049, growth=1e-3).outcomes() is None
    assert make("self_similar", (9, 9), 2000, growth=1e-3).paths() is None
    assert make("diagonal_third_part", (9, 9), 2048).paths() is None
    assert make("digits_network", None, 2, n_samples=100).paths() is None
    assert make("digits_network", None, 100, n_samples=1, width=2).outcomes() is not None
