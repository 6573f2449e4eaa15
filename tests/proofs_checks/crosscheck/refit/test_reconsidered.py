"""Where a first diagnosis does not hold, the convention of all steps together is found, or the first one stays."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from proofs_checks.crosscheck.convention import Convention, Decay, EntrywiseMap, Floor, PolynomialMap, PowerMap, Scale
from proofs_checks.crosscheck.finding import Diagnosis, Finding
from proofs_checks.crosscheck.known import differences
from proofs_checks.crosscheck.momentum import Momentum
from proofs_checks.crosscheck.probe import Run
from proofs_checks.crosscheck.probes import PROBES
from proofs_checks.crosscheck.refit import reconsidered
from proofs_checks.crosscheck.refit.candidates import is_stable, with_momentum
from proofs_checks.crosscheck.refit.free import shortened
from proofs_checks.crosscheck.refit.together import Together
from proofs_checks.crosscheck.verdict import judge
from schattor_theory.geometry.polynomials import polar_schedule
from tests.proofs_checks.crosscheck.single_runs import runs_of

HEAVY = Momentum(average="heavy ball", beta=0.95, look_ahead="fixed", tau=0.25)
NONE = Momentum()
MUON = PolynomialMap(schedule=polar_schedule("muon"))
POWERS = tuple((k + 1) ** -0.75 for k in range(40))
CASES: dict[str, tuple[Convention, Convention]] = {
    "momentum": (
        Convention(map=PowerMap(p=3.0), momentum=Momentum(average="bias corrected", beta=0.8, look_ahead="fixed",
                                                          tau=0.25)),
        Convention(map=PowerMap(p=3.0), momentum=Momentum(average="ema", beta=0.7)),
    ),
    "step sizes and decay": (
        Convention(map=PowerMap(p=4.0), momentum=Momentum(average="ema", beta=0.98), step_factors=POWERS,
                   decay=Decay(form="squared", rate=0.0625)),
        Convention(map=PowerMap(p=4.0), decay=Decay(form="squared", rate=0.3)),
    ),
    "iteration": (
        Convention(map=PolynomialMap(schedule=polar_schedule("polar-express", 8)), momentum=HEAVY),
        Convention(map=PowerMap(p=math.inf), momentum=HEAVY),
    ),
    "floor": (
        Convention(map=MUON, momentum=NONE, floor=Floor(value=1e-4, form="clamped")),
        Convention(map=MUON, momentum=NONE, floor=Floor(value=3.3e-5, form="added")),
    ),
    "sign": (
        Convention(map=EntrywiseMap(name="sign"), momentum=HEAVY,
                   decay=Decay(form="decoupled", rate=0.0625, after=True)),
        Convention(map=EntrywiseMap(name="sign"), momentum=NONE, scale=Scale(factor=0.9375),
                   decay=Decay(form="decoupled", rate=0.0625, after=True)),
    ),
    "adam": (
        Convention(map=EntrywiseMap(name="adam", betas=(0.8, 0.99)), step_factors=POWERS),
        Convention(map=EntrywiseMap(name="adam", betas=(0.999, 0.9))),
    ),
    "look-ahead that changes": (
        Convention(map=PowerMap(p=3.0), momentum=Momentum(average="first gradient", beta=0.8, look_ahead="fixed",
                                                          taus=tuple((k + 2) ** -0.5 for k in range(40)))),
        Convention(map=PowerMap(p=3.0), momentum=Momentum(average="first gradient", beta=0.8)),
    ),
}  # fmt: skip


def first(convention: Convention) -> Diagnosis:
    """Return a diagnosis as a reading step by step leaves it."""
    findings = [Finding(property=name, value="as read", evidence="") for name in ("map", "floor", "scale", "momentum")]
    return Diagnosis(findings=tuple(findings), convention=convention)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_convention_of_all_steps_is_found_from_a_wrong_one(name: str) -> None:
    truth, wrong = CASES[name]
    runs = runs_of(truth, "float32", PROBES)
    verdict = judge(runs, wrong)
    assert verdict.outcome == "differs"
    diagnosis, now = reconsidered(first(wrong), verdict, runs)
    assert now.outcome == "conforms"
    assert diagnosis.convention is not None
    assert differences(diagnosis.convention, truth) == ()
    changed = {one.property for one in diagnosis.findings if one.value != "as read"}
    expected = {"momentum": "momentum", "step sizes and decay": "weight decay", "iteration": "schedule",
                "floor": "floor", "sign": "look-ahead", "adam": "step size", "look-ahead that changes": "look-ahead",
                }  # fmt: skip
    assert expected[name] in changed
    assert all(one.evidence for one in diagnosis.findings if one.value != "as read")


def test_a_diagnosis_that_holds_is_left_as_it_is() -> None:
    truth = CASES["sign"][0]
    runs = runs_of(truth, "float32", PROBES)
    given = first(truth), judge(runs, truth)
    assert given[1].outcome == "conforms"
    assert reconsidered(*given, runs) == given
    nothing = Diagnosis(findings=(), convention=None), judge(runs, None)
    assert reconsidered(*nothing, runs) == nothing


@pytest.mark.slow
def test_a_target_that_follows_no_convention_differs_still() -> None:
    truth = replace(CASES["momentum"][0], map=PowerMap(p=math.inf))
    longer = tuple(_with_long_entry(run) for run in runs_of(truth, "float32", PROBES))
    given = first(truth), judge(longer, truth)
    assert given[1].outcome == "differs"
    assert reconsidered(*given, longer) == given


def _with_long_entry(run: Run) -> Run:
    """Return a run whose first entry moves by 2 % more."""
    parameters, shift = [], dict.fromkeys(run.probe.start, 0.0)
    before = run.probe.start
    for after in run.parameters:
        blocks = {}
        for name, x in after.items():
            blocks[name] = x.copy()
            if x.size:
                shift[name] += 0.02 * (x.flat[0] - before[name].flat[0])
                blocks[name].flat[0] += shift[name]
        before = after
        parameters.append(blocks)
    return replace(run, parameters=tuple(parameters))


def test_a_number_becomes_the_shortest_that_explains_as_much() -> None:
    truth = CASES["step sizes and decay"][0]
    together = Together(runs_of(truth, "float32", PROBES), truth)
    near = replace(truth, decay=Decay(form="squared", rate=0.0625001), scale=Scale(factor=1.0000001),
                   momentum=Momentum(average="ema", beta=0.97999999))  # fmt: skip
    found = shortened(together, near)
    assert (found.decay.rate, found.scale.factor, found.momentum.beta) == (0.0625, 1.0, 0.98)


def test_a_floor_goes_with_the_length_of_the_average() -> None:
    of = Convention(map=MUON, momentum=Momentum(average="ema", beta=0.75), floor=Floor(value=1e-6, form="added"))
    assert with_momentum(of, Momentum(average="heavy ball", beta=0.75)).floor.value == pytest.approx(4e-6)


@pytest.mark.parametrize(("name", "precision", "is_bounded"), [
    ("polar-express-exact", "bfloat16", False),
    ("polar-express-exact", "float32", True),
    ("muon", "bfloat16", True),
])  # fmt: skip
def test_an_iteration_that_blows_up_in_its_precision_is_no_candidate(
    name: str, precision: str, is_bounded: bool
) -> None:
    of = Convention(map=PolynomialMap(schedule=polar_schedule(name, 12)), precision=precision)
    assert is_stable(of) == is_bounded
