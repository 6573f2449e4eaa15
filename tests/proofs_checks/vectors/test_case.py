"""Cases and collections: comparison, types, filters, and the words of their errors."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from proofs_checks.vectors import ReferenceVectors, machine_epsilon, reference_vectors
from proofs_checks.vectors.case import holds_exactly
from schattor_theory.errors import DTypeError, ParameterError, ShapeError, UnknownNameError
from tests.conftest import Library
from tests.joined import every

WIDE = "duality_map/wide/p=4"


def test_a_certified_answer_conforms_and_check_is_silent() -> None:
    case = reference_vectors()[WIDE]
    answer = case.answers["direction"]
    (one,) = case.compare({"direction": answer.values})
    assert (one.difference, one.conforms, one.eps) == (0.0, True, 2.0**-52)
    assert one.allowance == one.eps * answer.sensitivity + answer.error_bound
    case.check({"direction": answer.values, "dual_norm": float(case.answers["dual_norm"].values)})


def test_check_raises_what_a_test_shows() -> None:
    case = reference_vectors()[WIDE]
    with pytest.raises(
        AssertionError, match=rf"{WIDE}, direction: differs by .* eps, beyond the .* that rounding expl"
    ):
        case.check({"direction": -case.answers["direction"].values})


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_never_conforms(bad: float) -> None:
    case = reference_vectors()[WIDE]
    values = case.answers["direction"].values.copy()
    values[0, 0] = bad
    (one,) = case.compare({"direction": values}, eps=1e3)
    assert (one.difference, one.conforms) == (math.inf, False)


def test_the_allowance_is_that_of_the_type_or_of_the_eps_given() -> None:
    case = reference_vectors()[WIDE]
    values = case.answers["direction"].values
    single, half = (case.compare({"direction": values.astype(t)})[0] for t in ("float32", "float16"))
    told = case.compare({"direction": values}, eps=2.0**-7)[0]
    assert (single.eps, half.eps, told.eps) == (2.0**-23, 2.0**-10, 2.0**-7)
    assert single.difference > 0
    assert single.conforms


def test_arrays_of_other_libraries_are_compared(eager_xp: Library) -> None:
    case = reference_vectors()[WIDE]
    (one,) = case.compare({"direction": eager_xp.array(case.answers["direction"].values.astype("float32"))})
    assert one.eps == 2.0**-23
    assert one.conforms


def test_a_zero_answer_allows_nothing() -> None:
    case = reference_vectors()["duality_map/zero/p=inf"]
    assert case.compare({"direction": np.zeros((3, 2), np.float32)})[0].conforms
    assert not case.compare({"direction": np.full((3, 2), 1e-40)})[0].conforms
    assert case.compare({"direction": np.zeros((3, 2))})[0].in_eps(2.0**-52) == 1


def test_compare_refuses_other_names_shapes_and_types() -> None:
    case = reference_vectors()[WIDE]
    with pytest.raises(ShapeError, match=r"Case\.compare: computed must name answers among"):
        case.compare({"update": np.zeros((4, 6))})
    with pytest.raises(ShapeError, match=r"Case.compare: direction must have shape \(4, 6\), got direction=\(6, 4\)"):
        case.compare({"direction": np.zeros((6, 4))})
    with pytest.raises(DTypeError, match="machine_epsilon: dtype must be one of float64, float32, float16, bfloat16"):
        case.compare({"direction": np.zeros((4, 6), int)})


@pytest.mark.parametrize("name", ["bfloat16", "torch.bfloat16"])
def test_types_of_other_libraries_are_known_by_name(name: str) -> None:
    assert machine_epsilon(name) == 2.0**-7


@every(
    ("number", "dtype", "holds"),
    [
        (1 + 2.0**-23, "float32", True),
        (1 + 2.0**-24, "float32", False),
        (2.0**127 * (2 - 2.0**-23), "float32", True),
        (2.0**128, "float32", False),
        (2.0**-126, "float32", True),
        (2.0**-127, "float32", False),
        (0.0, "float16", True),
        (65504.0, "float16", True),
        (65536.0, "float16", False),
        (1.5 + 2.0**-7, "bfloat16", True),
        (0.1, "float64", True),
    ],
)
def test_a_type_holds_what_survives_the_conversion(number: float, dtype: str, holds: bool) -> None:
    assert holds_exactly(np.array([[number]]), dtype) is holds
    if dtype in ("float32", "float16"):
        with np.errstate(over="ignore"):
            survives = float(np.array(number).astype(dtype)) == number
        is_normal = number == 0 or abs(number) >= float(np.finfo(dtype).tiny)
        assert holds == (survives and is_normal)


def test_holds_exactly_refuses_an_unknown_type() -> None:
    with pytest.raises(DTypeError, match="holds_exactly: dtype must be one of"):
        holds_exactly(np.ones((1, 1)), "int8")


def test_cases_are_chosen_by_kind_name_and_parameters() -> None:
    vectors = reference_vectors()
    assert [case.name for case in vectors.cases("duality_map", name="*/wide/*", p=4)] == [WIDE]
    assert {case.parameters["p"] for case in vectors.cases("duality_map", p=4 / 3)} == {"4/3"}
    assert {case.parameters["schedule"] for case in vectors.cases(schedule="muon")} == {"muon"}
    assert {case.parameters["look_ahead"] for case in vectors.cases("run", look_ahead=None)} == {None}


def test_cases_that_say_nothing_about_a_type_are_left_out() -> None:
    vectors = reference_vectors()
    names = {case.name for case in vectors.cases("duality_map", p="inf", dtype="float32")}
    assert "duality_map/square/p=inf" in names
    # out of range; ill-conditioned
    assert not names & {"duality_map/scale-1e150/p=inf", "duality_map/condition-1e12/p=inf"}
    assert "duality_map/condition-1e12/p=inf" in {case.name for case in vectors.cases("duality_map", p="inf")}


def test_a_choice_of_nothing_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"ReferenceVectors\.cases: parameters must leave at least one case"):
        reference_vectors().cases("duality_map", p=5)
    with pytest.raises(ParameterError, match="1 cases fit but for the dtype"):
        reference_vectors().cases(name="duality_map/full-1e200/p=2", dtype="float32")


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(UnknownNameError, match=r"must be the name of a case.*Did you mean 'duality_map/wide/p=4'\?"):
        reference_vectors()["duality_map/wide/p=4.0"]


def test_equal_names_are_refused() -> None:
    case = reference_vectors()[WIDE]
    with pytest.raises(ParameterError, match="ReferenceVectors: items must have names that differ"):
        ReferenceVectors([case, replace(case, kind="run")])


def test_the_reference_is_one_object_and_answers_once() -> None:
    assert reference_vectors() is reference_vectors()
    assert reference_vectors()[WIDE] is reference_vectors()[WIDE]
    assert WIDE in reference_vectors()
    assert len(reference_vectors().names) == len(reference_vectors())
