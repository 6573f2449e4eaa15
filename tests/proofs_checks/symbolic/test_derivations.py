"""Derivations: each arrives; none does when one of its steps is altered; none contains what it is to find."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from proofs_checks.proof import Proposition
from proofs_checks.rigorous.balls import Decision
from proofs_checks.statements import STATEMENTS
from proofs_checks.symbolic import DERIVATIONS, chain, notation
from schattor_theory import bounds
from schattor_theory.errors import ParameterError
from tests.proofs_checks.symbolic.altered import WAYS, survives

FOLDER = Path(chain.__file__).parent
ENGINE = {"__init__", "calculus", "chain", "decide", "forms", "notation", "relation", "symbols"}
SOURCES = sorted(path for path in FOLDER.glob("*.py") if path.stem not in ENGINE)

EVERY = bool(os.environ.get("SCHATTOR_EVERY_STEP"))
"""Alter every step of every derivation, which takes minutes; else one step in a few."""

SHORT = 0.1  # seconds of cost of derivations that the fast suite takes
IN_SHORT, IN_LONG = 3, 24  # of so many steps one is altered; of short ones the fast suite takes every other of these


def marked(*, slow_above: float) -> list[object]:
    return [
        pytest.param(one, id=one.name, marks=pytest.mark.slow if one.cost > slow_above else ()) for one in DERIVATIONS
    ]


@pytest.mark.parametrize("one", marked(slow_above=SHORT))
def test_derivation_arrives(one: Proposition) -> None:
    proof = one.run()
    assert proof.verdict is Decision.PROVED, proof.words
    assert proof.steps[-1].role == "conclusion"
    assert any(step.role == "hypothesis" for step in proof.steps)
    assert len({step.claim for step in proof.steps}) > 2
    assert all(step.latex.isascii() for step in proof.steps)


@pytest.mark.parametrize("which", [0, pytest.param(1, marks=pytest.mark.slow)], ids=["even", "odd"])
@pytest.mark.parametrize("one", marked(slow_above=SHORT))
def test_fails_when_a_step_is_altered(one: Proposition, which: int) -> None:
    n_steps = len(one.prove())
    apart = 1 if EVERY else IN_SHORT if one.cost <= SHORT else IN_LONG
    places = range(len(one.name) % apart, n_steps, apart)[which::2]
    alive = {place: claim for place in places for way in WAYS if (claim := survives(one, place, way))}
    assert alive == {}


def numbers(text: str) -> set[float]:
    """Return the numbers in a source, except 0, 1, 2, whole powers of 2, and settings that say what they are."""
    settings = {"digits", "ndigits", "places", "cost", "time_limit"}
    tree = ast.parse(text)
    allowed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in settings:
            allowed |= {id(inner) for inner in ast.walk(node.value)}
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and ast.unparse(node.left) in ("2", "2.0"):
            allowed |= {id(inner) for inner in ast.walk(node.right)}
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in allowed)
    found = {node.value for node in constants if isinstance(node.value, int | float)}
    return {value for value in found if value not in (0, 1, 2)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_constant_of_a_statement_stands_in_a_derivation(path: Path) -> None:
    assert numbers(path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize("text", ["x = 12", "f(1.307)", "sp.Rational(16, 3)", "4 * K", "theta ** (3 / 4)", "10.0"])
def test_a_planted_constant_is_seen(text: str) -> None:
    assert numbers(text)


def test_settings_are_let_pass() -> None:
    assert numbers("f(digits=3, places=(2, 3, 4)) + 2.0**-48") == set()


PRODUCT = [
    ("descent_bound", "factor_of_the_momentum_error_is_least"),
    ("oracle_alignment", "only_the_alignment_of_the_oracle_matters"),
    ("misalignment_factor", "misalignment_is_exact_in_a_hilbert_space"),
    ("momentum_error_drift", "momentum_error_is_drift_and_noise"),
    ("momentum_error_weights", "noise_weights_obey_a_recursion"),
    ("momentum_error_lemma", "slow_schedules_have_small_noise_weights"),
    ("high_probability_bound", "bounds_hold_with_high_probability"),
    ("product_moment_shape", "moment_shape_of_several_blocks"),
    ("bias_corrected_thetas", "nesterov_is_a_look_ahead"),
    ("two_smooth_bound", "one_step_needs_the_whole_constant"),
    ("price_of_dimension", "fresh_coordinates_are_not_averaged_by_any_shape"),
    ("no_momentum_lower_bound", "walk_without_momentum_stays_on_the_slope"),
]


@pytest.mark.parametrize(("function", "name"), PRODUCT)
def test_refutes_a_toolkit_that_is_five_per_cent_off(function: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = getattr(bounds, function)

    def wrong(*arguments: object, **options: object) -> object:
        found = right(*arguments, **options)
        if isinstance(found, bounds.BoundValue):
            object.__setattr__(found, "value", 1.05 * found.value)
            found.terms.update({term: 1.05 * value for term, value in found.terms.items()})
            return found
        if hasattr(found, "sigma"):
            object.__setattr__(found, "sigma", 1.05 * found.sigma)
            return found
        return 1.05 * found

    monkeypatch.setattr(bounds, function, wrong)
    one = next(one for one in DERIVATIONS if one.name == name)
    proof = one.run()
    assert proof.verdict is Decision.REFUTED, proof.words
    assert proof.open_steps[0].role == "conclusion"


def test_catalogue_is_well_formed() -> None:
    names = [one.name for one in DERIVATIONS]
    assert len(set(names)) == len(names)
    assert all(one.statement in STATEMENTS and one.kind == "symbolic" for one in DERIVATIONS)
    groups = {STATEMENTS[one.statement].group for one in DERIVATIONS}
    assert groups >= {"D1", "D3", "D4", *(f"T{number}" for number in range(1, 14))}


@pytest.mark.slow
def test_outcome_does_not_depend_on_what_was_carried_out_before() -> None:
    by_name = {one.name: one for one in DERIVATIONS}
    # the first makes a symbol r, a length, while it runs; the r of the second is a rank
    assert by_name["misalignment_is_exact_in_a_hilbert_space"].run().verdict is Decision.PROVED
    assert by_name["norms_transfer_by_power_means"].run().verdict is Decision.PROVED


def test_refuses_two_sets_of_samples_for_one_symbol_of_a_module() -> None:
    notation.symbol("σ_test", samples=("1", "2", "3"))
    notation.symbol("σ_test", samples=("1", "2", "3"))
    with pytest.raises(ParameterError, match="symbol: samples must be the same wherever 'σ_test' is made in a module"):
        notation.symbol("σ_test", samples=("1", "2", "4"))
