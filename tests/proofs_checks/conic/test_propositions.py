"""PROGRAMS: each is proved, can be sent to another process, and is refuted or left open when something is wrong."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest

from proofs_checks.conic import PROGRAMS, oracles, propositions, steps
from proofs_checks.conic.cones import CONE_EXPONENTS
from proofs_checks.conic.estimation import Program, upper_end
from proofs_checks.conic.solver import Outcome
from proofs_checks.proof import Proposition
from proofs_checks.rigorous.balls import Decision
from proofs_checks.statements import STATEMENTS
from schattor_theory.bounds import descent, stationarity
from schattor_theory.geometry import schatten

SLOW = 0.3  # seconds of cost from which a proof is left out of the fast suite
BY_NAME = {proposition.name: proposition for proposition in PROGRAMS}


def marked(proposition: Proposition) -> object:
    return pytest.param(proposition, id=proposition.name, marks=pytest.mark.slow if proposition.cost > SLOW else ())


@pytest.mark.parametrize("proposition", [marked(p) for p in PROGRAMS])
def test_is_proved(proposition: Proposition) -> None:
    proof = proposition.run()
    assert proof.verdict is Decision.PROVED, proof.words
    assert proof.kind == "conic"
    assert proof.to_dict()["steps"]
    assert proof.seconds < proposition.time_limit


def test_entries_are_well_formed() -> None:
    assert len(BY_NAME) == len(PROGRAMS)
    assert {p.statement for p in PROGRAMS} <= set(STATEMENTS)
    assert sum(p.statement == "D1" for p in PROGRAMS) == len(CONE_EXPONENTS)
    assert sum(p.statement == "D2" for p in PROGRAMS) == len(CONE_EXPONENTS)


def test_entries_can_be_sent_to_another_process() -> None:
    again = pickle.loads(pickle.dumps(PROGRAMS))
    assert [p.name for p in again] == [p.name for p in PROGRAMS]


def test_a_certificate_can_be_checked_again_without_a_solver() -> None:
    proof = BY_NAME["one_step_loses_no_more_than_its_worst_function"].run()
    assert proof.certificate is not None
    program = steps.one_step(Fraction(5), Fraction(3), Fraction(4))
    stored = proof.certificate[program.name]
    multipliers = {name: Fraction(value) for name, value in stored["multipliers"].items()}
    assert upper_end(program, multipliers, Fraction(stored["shift"])) == Fraction(stored["upper"])


def fewer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(propositions, "N_STEPS", 2)


def verdict(name: str) -> Decision:
    return BY_NAME[name].run().verdict


@pytest.mark.parametrize("factor", [0.999, 1.001])
def test_refutes_a_duality_map_of_another_length(factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    right = schatten.duality_map
    monkeypatch.setattr(schatten, "duality_map", lambda m, p: factor * right(m, p))
    assert verdict("duality_map_attains_the_program_of_the_ball_p_4") is Decision.REFUTED


def test_refutes_another_norm(monkeypatch: pytest.MonkeyPatch) -> None:
    right = propositions.spectral.schatten_norm
    monkeypatch.setattr(propositions.spectral, "schatten_norm", lambda m, q: right(m, q) * 1.0001)
    assert verdict("duality_map_attains_the_program_of_the_ball_p_4_3") is Decision.REFUTED
    assert verdict("regularized_step_attains_its_program_p_4_3") is Decision.REFUTED


def test_refutes_a_step_of_another_length(monkeypatch: pytest.MonkeyPatch) -> None:
    right = propositions.schattor.Schattor.step
    wrong = lambda self, x, *a: (x + 0.999 * (right(self, x, *a)[0] - x), None)  # noqa: E731
    monkeypatch.setattr(propositions.schattor.Schattor, "step", wrong)
    assert verdict("regularized_step_attains_its_program_p_2") is Decision.REFUTED


@pytest.mark.parametrize("budget", steps.BUDGETS)
@pytest.mark.parametrize("family", ["plain", "normalised"])
def test_refutes_another_closed_form(family: str, budget: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fewer_steps(monkeypatch)
    other = {"gap": "drop", "drop": "gap"}[budget]
    owner = f"{family}_steps"
    right = getattr(steps, owner)
    # the budgets exchanged
    swapped = (lambda n, b: right(n, other)) if family == "plain" else (lambda n, t, b: right(n, t, other))
    monkeypatch.setattr(steps, owner, swapped)
    assert verdict(f"{family}_steps_worst_case_for_the_{budget}") is Decision.REFUTED


def test_refutes_a_condition_that_is_too_weak(monkeypatch: pytest.MonkeyPatch) -> None:
    fewer_steps(monkeypatch)
    right = steps.interpolation

    def wrong(i: tuple, j: tuple) -> list:
        change = [a - b for a, b in zip(i[1], j[1], strict=True)]
        pairs = zip(right(i, j), change, strict=True)
        return [[x - a * b / 4 for x, b in zip(row, change, strict=True)] for row, a in pairs]

    monkeypatch.setattr(steps, "interpolation", wrong)
    assert verdict("plain_steps_worst_case_for_the_gap") is Decision.REFUTED


def test_refutes_a_bound_or_factor_of_ours_that_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    right = descent.misalignment_factor
    monkeypatch.setattr(descent, "misalignment_factor", lambda rho, q: 0.999 * right(rho, q))
    assert verdict("one_step_loses_no_more_than_its_worst_function") is Decision.REFUTED


@pytest.mark.slow
def test_refutes_a_stationarity_bound_that_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    right = stationarity.stationarity_bound
    monkeypatch.setattr(stationarity, "stationarity_bound", lambda **k: right(**(k | {"initial_gap": 0.999})))
    assert verdict("plain_steps_attain_the_bound_on_the_mean") is Decision.REFUTED


def test_refutes_an_identity_that_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    import sympy

    assert propositions._longer_gradients_cost_more().result is Decision.PROVED
    right = sympy.expand
    monkeypatch.setattr(sympy, "expand", lambda x: right(x) + sympy.Symbol("a"))
    assert propositions._longer_gradients_cost_more().result is Decision.REFUTED


def test_ends_that_do_not_meet_decide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracles.solver, "solve", lambda problem, **k: Outcome(method="NONE", status="infeasible"))
    proof = BY_NAME["regularized_step_attains_its_program_p_2"].run()
    assert proof.verdict is Decision.UNDECIDED


def test_a_closed_form_between_ends_that_are_apart_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    program = steps.plain_steps(1)
    found = propositions.estimate(program)
    import dataclasses

    apart = dataclasses.replace(found, exact_lower=Fraction(1, 2), exact_upper=Fraction(1))
    monkeypatch.setattr(propositions, "estimate", lambda program: apart)

    def cases() -> Iterator[tuple[Program, Fraction, str, str]]:
        yield program, Fraction(4, 5), "claim", "x"

    proof = propositions._collected(cases())
    assert proof.steps[-1].result is Decision.UNDECIDED
    assert proof.verdict is Decision.UNDECIDED


def test_the_scalar_part_of_longer_gradients_holds_on_a_grid() -> None:
    lengths, cosines = np.linspace(1, 4, 13), np.linspace(-1, 1, 9)
    for a, b, c in itertools.product(lengths, lengths, cosines):
        assert (a + b * c) / 2 + (a * a + b * b - 2 * a * b * c) / 4 - 0.25 >= 0.75 - 1e-12
