"""The self-test: schattor_theory agrees with every vector, and every planted error is told from rounding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from proofs_checks.vectors import Case, reference_vectors
from proofs_checks.vectors.library import computed_by_library
from proofs_checks.vectors.reference import ReferenceVectors
from proofs_checks.vectors.selftest import compare_stored, compare_with_library, grouped
from schattor_theory import duality_map
from schattor_theory.geometry.polynomials import polar_schedule, polynomial_polar
from tests.conftest import Library
from tests.joined import every

Arrays = Mapping[str, np.ndarray]
_EPS = 2.0**-52


def library(case: Case, **changes: object) -> dict[str, np.ndarray]:
    return computed_by_library(case.kind, {**case.parameters, **changes}, case.inputs)


def with_answer(case: Case, role: str, values: np.ndarray) -> Case:
    return replace(case, answers={**case.answers, role: replace(case.answers[role], values=values)})


def test_the_lapack_path_is_within_what_rounding_explains_of_every_vector() -> None:
    comparisons, failures = compare_with_library(reference_vectors())
    assert failures == []
    assert [one.words() for one in comparisons if not one.conforms] == []
    assert len(comparisons) > 1000


def test_single_precision_is_within_what_rounding_explains() -> None:
    cases = reference_vectors().cases(dtype="float32")
    comparisons, failures = compare_with_library(cases, lambda x: x.astype(np.float32))
    assert failures == []
    assert [one.words() for one in comparisons if not one.conforms] == []
    assert {one.eps for one in comparisons} == {2.0**-23}
    assert len(cases) > 400


@pytest.mark.parametrize(
    "name", ["duality_map/stack/p=4", "product/two-blocks/balance=2", "run/nesterov/ball/tall/p=inf"]
)
def test_every_array_library_agrees(name: str, eager_xp: Library) -> None:
    case = reference_vectors()[name]
    computed = computed_by_library(case.kind, case.parameters, case.inputs, eager_xp.array)
    case.check({role: np.asarray(x, dtype=np.float64) for role, x in computed.items()})


def sensitive() -> list[tuple[Case, str]]:
    """Return the answers at whose largest entry rounding explains less than two units in the last place."""
    found = []
    for case in reference_vectors():
        for one in case.compare(library(case)):
            if one.size and one.difference + one.allowance < 2 * np.spacing(one.size):
                found.append((case, one.answer))
    return found


def test_two_units_in_the_last_place_are_seen_at_well_conditioned_entries() -> None:
    answers = sensitive()
    assert len(answers) > 100
    for case, role in answers:
        computed = {role: library(case)[role]}
        values = case.answers[role].values
        i = np.unravel_index(np.abs(values).argmax(), values.shape)
        for sign in (-1, 1):
            mutated = values.copy()
            mutated[i] += sign * 2 * np.spacing(np.abs(values[i]))
            assert not with_answer(case, role, mutated).compare(computed)[0].conforms, case.name
        assert case.compare(computed)[0].conforms


def test_one_unit_in_the_last_place_of_a_stored_answer_is_always_seen() -> None:
    for case in reference_vectors():
        for role, answer in case.answers.items():
            if not answer.values.size:
                continue
            mutated = answer.values.copy()
            mutated.flat[0] = np.nextafter(mutated.flat[0], np.inf)
            stored = ReferenceVectors([with_answer(case, role, mutated)])
            assert [one.answer for one in compare_stored(stored) if not one.conforms] == [role]


def test_untouched_stored_answers_are_the_certified_ones() -> None:
    assert all(one.conforms and one.allowance == 0 for one in compare_stored(reference_vectors()))


def test_a_lost_or_unfinished_stored_answer_is_seen() -> None:
    case = reference_vectors()["duality_map/wide/p=4"]
    lost = replace(case, answers={"direction": case.answers["direction"]})
    spoilt = with_answer(case, "dual_norm", np.array(np.nan))
    for stored in (lost, spoilt):
        beyond = [one for one in compare_stored(ReferenceVectors([stored])) if not one.conforms]
        assert [(one.answer, one.difference) for one in beyond] == [("dual_norm", np.inf)]


def test_other_peoples_questions_are_not_compared_with_ours() -> None:
    case = reference_vectors()["duality_map/wide/p=4"]
    strange = replace(case, name="duality_map/strange/p=4")
    other = replace(case, inputs={"matrix": 2 * case.inputs["matrix"]})
    assert compare_stored(ReferenceVectors([strange])) == compare_stored(ReferenceVectors([other])) == []


_WELL = ("square", "tall", "wide", "two-by-two", "triangular", "rank-one", "tie-below-the-top")

WRONG_MAPS: dict[str, tuple[Callable[[np.ndarray, str], np.ndarray], tuple[str, ...]]] = {
    "transpose lost": (lambda m, p: duality_map(m, p).T, ("square", "two-by-two", "triangular")),
    "sign": (lambda m, p: -duality_map(m, p), _WELL),
    "one per million too long": (lambda m, p: duality_map(m, p) * (1 + 1e-6), _WELL),
    "the dual exponent": (lambda m, p: duality_map(m, {"4": "4/3", "3": "3/2", "inf": "1"}[p]), ("square", "tall")),
    "p off by a millionth": (
        lambda m, p: duality_map(m, 1e5 if p == "inf" else float(p) * (1 + 1e-6)),
        ("square", "tall", "wide", "two-by-two"),
    ),
    "not normalised": (lambda m, p: duality_map(m, p) * np.linalg.norm(m), _WELL),
}


@every("p", ["3", "4", "inf"])
@every("wrong", WRONG_MAPS)
def test_a_wrong_duality_map_is_refuted(wrong: str, p: str) -> None:
    function, names = WRONG_MAPS[wrong]
    for name in names:
        case = reference_vectors()[f"duality_map/{name}/p={p}"]
        assert not case.compare({"direction": function(case.inputs["matrix"], p)})[0].conforms, name
        assert case.compare({"direction": duality_map(case.inputs["matrix"], p)})[0].conforms


def test_a_map_across_a_stack_is_refuted() -> None:
    case = reference_vectors()["duality_map/stack/p=inf"]
    stack = case.inputs["matrix"]
    across = duality_map(stack.reshape(-1, stack.shape[-1]), "inf").reshape(stack.shape)
    assert not case.compare({"direction": across})[0].conforms


def test_a_floor_under_the_norm_is_refuted_at_small_scales() -> None:
    def floored(m: np.ndarray) -> np.ndarray:
        return m / (np.linalg.norm(m) + 1e-7)

    small, usual = (reference_vectors()[f"duality_map/{name}/p=2"] for name in ("scale-1e-30", "square"))
    assert small.compare({"direction": floored(small.inputs["matrix"])})[0].difference > 0.1
    assert usual.compare({"direction": floored(usual.inputs["matrix"])})[0].difference < 1e-6


def test_a_rank_that_is_not_decided_is_refuted() -> None:
    def undecided(m: np.ndarray) -> np.ndarray:
        u, _, vh = np.linalg.svd(m, full_matrices=False)
        return u @ vh

    case = reference_vectors()["duality_map/rank-two/p=inf"]
    assert not case.compare({"direction": undecided(case.inputs["matrix"])})[0].conforms


@pytest.mark.parametrize("schedule", ["muon", "polar-express", "newton-schulz-quintic"])
def test_another_polynomial_is_refuted(schedule: str) -> None:
    case = reference_vectors()[f"schedule/{schedule}/tall"]
    made = polar_schedule(schedule)
    m = case.inputs["matrix"]
    wrongs = [made.with_steps(3), polar_schedule("you")]
    if schedule != "polar-express":  # which ends at the same place from any start in (0.1, 1)
        wrongs.append(replace(made, input_margin=0.03))
    for wrong in wrongs:
        assert not case.compare({"direction": polynomial_polar(m, wrong)})[0].conforms
    assert case.compare({"direction": polynomial_polar(m, made)})[0].conforms


WRONG_RUNS: dict[str, tuple[str, dict[str, object]]] = {
    "no momentum": ("average", {"momentum": 0.0}),
    "another momentum": ("average", {"momentum": 0.875 + 1e-6}),
    "no bias correction": ("nesterov-bias-corrected", {"bias_correction": False}),
    "no look-ahead": ("nesterov", {"look_ahead": None}),
    "look-ahead too far": ("look-ahead", {"look_ahead": 0.2501}),
    "not recursive": ("recursive", {"recursive": False}),
    "no decay": ("weight-decay", {"weight_decay": 0.0}),
    "the other oracle": ("average", {"oracle": "regularized"}),
    "another step size": ("average", {"step_size": 2.0**-5 * (1 + 1e-6)}),
    "p off": ("average", {"p": "4"}),
}


@pytest.mark.parametrize("wrong", WRONG_RUNS)
def test_a_run_by_another_convention_is_refuted(wrong: str) -> None:
    form, changes = WRONG_RUNS[wrong]
    case = reference_vectors()[f"run/{form}/ball/tall/p=inf"]
    assert not all(one.conforms for one in case.compare(library(case, **changes)))
    assert all(one.conforms for one in case.compare(library(case)))


def test_an_uphill_step_is_refuted() -> None:
    case = reference_vectors()["run/average/ball/tall/p=inf"]
    x = case.inputs["params"]
    uphill = 2 * x - library(case)["params"]
    assert not case.compare({"params": uphill})[0].conforms


def test_a_case_that_raises_is_named_and_the_others_go_on() -> None:
    good = reference_vectors()["duality_map/wide/p=4"]
    bad = replace(good, name="bad", parameters={"p": "1/2"})
    short = replace(good, name="short", answers={**good.answers, "more": good.answers["dual_norm"]})
    seen: list[str] = []
    comparisons, failures = compare_with_library([bad, short, good], progress=seen.append)
    assert seen == ["bad", "short", good.name]
    assert [(one.case, one.error.split(":")[0]) for one in failures] == [
        ("bad", "ExponentError"),
        ("short", "no answer ['more']"),
    ]
    assert {one.case for one in comparisons} == {"short", good.name}


def test_groups_count_and_name_the_worst() -> None:
    case = reference_vectors()["duality_map/wide/p=4"]
    comparisons = [*case.compare(library(case)), *case.compare({"direction": -library(case)["direction"]})]
    norm, direction = grouped(comparisons)
    assert (norm.name, norm.n_answers, norm.n_beyond) == ("duality_map, dual_norm", 1, 0)
    assert (direction.n_answers, direction.n_beyond) == (2, 1)
    assert direction.largest is direction.closest is comparisons[-1]
