"""Coefficients to the last digits from float64 runs, and what a step depends on besides its gradient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from proofs_checks.crosscheck.convention import Convention, PolynomialMap, PowerMap
from proofs_checks.crosscheck.diagnosis.away import away_finding
from proofs_checks.crosscheck.diagnosis.observation import observations
from proofs_checks.crosscheck.diagnosis.refined import PUBLISHED, refined
from proofs_checks.crosscheck.probe import ONE
from schattor_theory.geometry.polynomials import PolarSchedule, polar_schedule
from tests.proofs_checks.crosscheck.single_runs import PRECISE, runs_by, runs_of


def test_published_coefficients_are_those_of_the_definition_to_ten_digits() -> None:
    ours = np.array(polar_schedule("polar-express").steps)
    np.testing.assert_allclose(np.array(PUBLISHED["polar-express"]), ours, rtol=1e-10)
    assert np.any(np.array(PUBLISHED["polar-express"]) != ours)


def test_a_fitted_coefficient_is_sharpened_by_float64_runs() -> None:
    true = PolarSchedule("true", ((3.478945, -4.7750, 2.0315),), 5)
    seen = observations(runs_of(Convention(map=PolynomialMap(schedule=true)), "float64", PRECISE))
    rough = PolarSchedule("muon with 3.4789 for 3.4445 of every step", ((3.4789452, -4.7750, 2.0315),), 5)
    found = refined(PolynomialMap(schedule=rough), seen, None).schedule
    np.testing.assert_allclose(found.steps, true.steps, rtol=0, atol=1e-12)


def test_a_named_schedule_that_is_not_printed_elsewhere_is_kept() -> None:
    of = PolynomialMap(schedule=polar_schedule("muon"))
    seen = observations(runs_of(Convention(map=of), "float64", PRECISE))
    assert refined(of, seen, None) is of


@pytest.mark.parametrize(("factor", "words"), [(1.0, None), (0.5, "length of the step")])
def test_a_length_that_depends_on_the_parameters_is_said(factor: float, words: str | None) -> None:
    runs = runs_by(lambda g: 0.1 * g)
    moved = [
        replace(run, parameters=({ONE: run.probe.start[ONE] - factor * run.update(0)},))
        if np.any(run.probe.start[ONE])
        else run
        for run in runs
    ]
    found = away_finding(moved, "none")
    assert found is None if words is None else words in found.value


def test_weight_decay_is_no_dependence_on_the_parameters() -> None:
    runs = [
        replace(run, parameters=({ONE: run.parameters[0][ONE] - 0.1 * run.probe.start[ONE]},))
        for run in runs_of(Convention(map=PowerMap(p=2.0)))
    ]
    assert away_finding(runs, "decoupled") is None
