"""The certified answers: their defining properties in balls, and the same numbers by other roads."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, arb_mat

from proofs_checks.rigorous.balls import exact, precision
from proofs_checks.vectors import reference_vectors
from proofs_checks.vectors.maps import as_exponent, direction, dual, product
from proofs_checks.vectors.matrices import MATRICES
from proofs_checks.vectors.questions import EXPONENTS, questions
from proofs_checks.vectors.spectrum import rational_matrix, spectrum_of
from schattor_theory.errors import ParameterError
from schattor_theory.geometry.polynomials import POLAR_SCHEDULES
from tests.joined import every, some
from tests.proofs_checks.vectors.high_precision import as_floats, digits, norm_and_map, simulated

_BITS = 400
_PLANTED = arb(2) ** -100

ONE_MATRIX = [name for name, make in MATRICES.items() if make().ndim == 2]


def pairing(a: arb_mat, b: arb_mat) -> arb:
    return sum((x * y for x, y in zip(a.entries(), b.entries(), strict=True)), arb(0))


def overlaps_and_would_show(found: arb, value: arb) -> bool:
    """Return whether two balls overlap, and would not if one were off by 2^-100 of it."""
    return bool(found.overlaps(value)) and (value.is_zero() or not found.overlaps(value * (1 + _PLANTED)))


@every("name", ONE_MATRIX)
def test_the_direction_attains_the_dual_norm_in_balls(name: str) -> None:
    matrix = rational_matrix(MATRICES[name]())
    with precision(_BITS):
        for p in EXPONENTS:
            found = direction(matrix, as_exponent(p))
            attained = pairing(arb_mat(matrix), found.matrix)
            assert overlaps_and_would_show(attained, found.norm), p


@every("p", EXPONENTS)
@every("name", ["tall", "tie-at-the-top", "rank-two", "two-by-two"])
def test_the_direction_has_norm_one_in_balls(name: str, p: str) -> None:
    matrix = rational_matrix(MATRICES[name]())
    with precision(_BITS):
        spectrum, q = spectrum_of(matrix), dual(as_exponent(p))
        if q == np.inf:
            assert pairing(*(direction(matrix, 1).matrix,) * 2).overlaps(1 / arb(spectrum.levels()[0].multiplicity))
            return
        own = spectrum.norm(q) / arb(spectrum.scale)
        weights = [(level.value / own) ** (exact(q) - 1) for level in spectrum.levels()]
        if p == "inf":
            assert all(weight.overlaps(arb(1)) for weight in weights)
            return
        total = sum(
            (level.multiplicity * weight ** exact(p) for level, weight in zip(spectrum.levels(), weights, strict=True)),
            arb(0),
        )
        assert overlaps_and_would_show(total, arb(1))


@pytest.mark.parametrize("balance", ["1", "2", "3", "inf"])
def test_the_direction_of_blocks_attains_their_dual_norm_in_balls(balance: str) -> None:
    blocks = {"w": rational_matrix(MATRICES["wide"]()), "b": rational_matrix(MATRICES["column"]())}
    with precision(_BITS):
        found = product(blocks, {"w": Fraction(4), "b": Fraction(2)}, {"w": 2.0, "b": 0.5}, as_exponent(balance))
        attained = sum((pairing(arb_mat(blocks[b]), found.matrix[b]) for b in blocks), arb(0))
        assert overlaps_and_would_show(attained, found.norm)


def test_blocks_that_are_neither_equal_nor_apart_are_refused() -> None:
    # 3-4-5 and 5: one norm, by different spectra
    blocks = {"a": rational_matrix(np.diag([3.0, 4.0])), "b": rational_matrix(np.array([[5.0]]))}
    with precision(_BITS), pytest.raises(ParameterError, match="product: blocks must have weighted norms that can be"):
        product(blocks, {"a": Fraction(2), "b": Fraction(2)}, {"a": 1.0, "b": 1.0}, Fraction(1))


@every("schedule", POLAR_SCHEDULES)
@every("name", ["tall", "wide", "rank-one", "scale-1e30"])
def test_a_schedule_is_its_iteration_in_balls(schedule: str, name: str) -> None:
    case = reference_vectors()[f"schedule/{schedule}/{name}"]
    made = POLAR_SCHEDULES[schedule]()
    with precision(_BITS):
        m = arb_mat(rational_matrix(case.inputs["matrix"]))
        x = m * (1 / (pairing(m, m).sqrt() * (1 + exact(made.input_margin))))
        for row in made.steps:
            gram, power, total = x * x.transpose(), x, x * arb(row[0])
            for a in row[1:]:
                power = gram * power
                total = total + power * arb(a)
            x = total
        values = [float(entry.mid()) for entry in x.entries()]
        assert all(entry.rad() < abs(entry.mid()) * arb(2) ** -60 + arb(2) ** -200 for entry in x.entries())
    np.testing.assert_array_equal(case.answers["direction"].values.ravel(), values)


@pytest.mark.parametrize("p", EXPONENTS)
@pytest.mark.parametrize("name", ["square", "tall", "wide", "rank-two", "tie-at-the-top", "condition-1e3", "row"])
def test_answers_are_those_of_another_decomposition(name: str, p: str) -> None:
    case = reference_vectors()[f"duality_map/{name}/p={p}"]
    with digits():
        norm, found = norm_and_map(mpmath.matrix(case.inputs["matrix"]), p)
        assert float(case.answers["dual_norm"].values) == float(norm)
        values = as_floats(found)
    # a true zero comes out of a decomposition as 1e-60
    np.testing.assert_array_equal(case.answers["direction"].values, np.where(np.abs(values) < 1e-50, 0, values))


@pytest.mark.parametrize(
    "name",
    some(
        [q.name for q in questions() if q.name.startswith(("run/", "step/")) and "/tall/p=inf" in q.name]
        + [q.name for q in questions() if q.name.startswith("run/") and "regularized/wide/p=4/3" in q.name],
        3,
    ),
)
def test_runs_are_those_of_the_textbook_forms(name: str) -> None:
    case = reference_vectors()[name]
    with digits():
        found = [as_floats(x) for x in simulated(case.parameters, case.inputs)]
    np.testing.assert_array_equal(case.answers["params"].values, np.stack(found))


def test_every_answer_is_within_half_a_unit_in_the_last_place() -> None:
    for case in reference_vectors():
        for answer in case.answers.values():
            assert answer.undecided == ()
            # the bound is of all entries together; subnormal halves are rounded up
            assert answer.error_bound <= max(np.spacing(answer.size) / 2, 5e-324)
            assert answer.values.dtype == np.float64
            assert not (np.signbit(answer.values) & (answer.values == 0)).any()


def test_inputs_of_one_name_are_the_same_numbers() -> None:
    seen = {}
    for question in questions():
        for role, name in question.input_names.items():
            values = question.inputs[role]
            assert np.isfinite(values).all()
            np.testing.assert_array_equal(seen.setdefault(name, values), values)


def test_inputs_and_answers_cannot_be_written_to() -> None:
    case = reference_vectors()["duality_map/wide/p=4"]
    for array in (case.inputs["matrix"], case.answers["direction"].values):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1


def test_names_of_questions_differ() -> None:
    names = [question.name for question in questions()]
    assert len(set(names)) == len(names) > 500


def test_every_momentum_form_and_edge_is_among_the_questions() -> None:
    asked = [question.parameters for question in questions() if question.kind == "run"]
    for option, values in {
        "oracle": {"ball", "regularized"}, "bias_correction": {False, True}, "recursive": {False, True},
        "look_ahead": {None, 0.25, "nesterov"}, "momentum": {0.0, 0.9}, "weight_decay": {0.0, 0.1},
    }.items():  # fmt: skip
        assert values <= {parameters[option] for parameters in asked}
    shapes = {MATRICES[name]().shape for name in MATRICES}
    assert {(0, 3), (3, 0), (1, 1), (1, 5), (5, 1)} <= shapes
