"""The verdict calls a convention by itself, refutes every other, and sees small errors that steps have in common."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from proofs_checks.crosscheck.convention import Convention, Decay, PolynomialMap, PowerMap, Scale
from proofs_checks.crosscheck.known import KNOWN, claimed, differences, nearest
from proofs_checks.crosscheck.momentum import Momentum
from proofs_checks.crosscheck.probe import ONE, Run, one_block
from proofs_checks.crosscheck.reference import reference_parameters
from proofs_checks.crosscheck.rounding import Rounding
from proofs_checks.crosscheck.verdict import judge
from schattor_theory.errors import UnknownNameError
from schattor_theory.geometry.polynomials import polar_schedule
from synthetic.seeds import Streams
from tests.joined import some

from .test_bands import MUON, probe_of, run_of

SHAPES = ((6, 4), (4, 6), (8, 8), (12, 4), (4, 12))
HALF = replace(MUON, precision="bfloat16")


@cache
def noisy_runs(unit: float, *, seed: int = 0, longer: float = 1.0, n_each: int = 4) -> tuple[Run, ...]:
    """Return runs of ``MUON`` that rounds at random, the steps ``longer`` times as long."""
    runs = []
    for number, (rows, columns) in enumerate(SHAPES):
        for k in range(n_each):
            probe = probe_of(rows, columns, 2, name=f"{rows}x{columns}-{k}")
            rng = Streams(["verdict", number, k, seed]).generator("data")
            gradients = tuple(one_block(rng.integers(-16, 16, size=(rows, columns)) / 8.0) for _ in range(2))
            probe = replace(probe, gradients=gradients)
            found = reference_parameters(MUON, probe, rounding=Rounding(unit, rng))
            steps = tuple({ONE: (longer * x[ONE]).astype(np.float32).astype(float)} for x in found)
            runs.append(Run(probe=probe, parameters=steps, dtype="float32", result_dtype="float32"))
    return tuple(runs)


WRONG = {
    "look-ahead": replace(MUON, momentum=Momentum(average="ema", beta=0.9)),
    "β": replace(MUON, momentum=Momentum(average="ema", beta=0.8, look_ahead="ema")),
    "steps": replace(MUON, map=PolynomialMap(schedule=polar_schedule("muon", 4))),
    "schedule": replace(MUON, map=PolynomialMap(schedule=polar_schedule("you"))),
    "normalisation": replace(MUON, map=PolynomialMap(schedule=polar_schedule("muon"), normalisation="spectral")),
    "scale": replace(MUON, scale=Scale(formula="sqrt(max(1, columns/rows))")),
    "p": replace(MUON, map=PowerMap(p=math.inf)),
    "factor": replace(MUON, scale=Scale(formula=MUON.scale.formula, factor=1.1)),
}


@pytest.mark.parametrize(("precision", "unit"), [("dtype", 2.0**-24), ("bfloat16", 2.0**-8)])
def test_a_convention_that_rounds_conforms_to_itself(precision: str, unit: float) -> None:
    verdict = judge(noisy_runs(unit), replace(MUON, precision=precision))
    assert verdict.outcome == "conforms", verdict.reasons
    assert verdict.words.startswith("conforms to: polar factor by 5 steps of 'muon'")
    assert not verdict.failures
    assert not verdict.seen


@pytest.mark.parametrize("which", some(WRONG, 2))
@pytest.mark.parametrize(("precision", "unit"), [("dtype", 2.0**-24), ("bfloat16", 2.0**-8)])
def test_every_other_convention_is_refuted(which: str, precision: str, unit: float) -> None:
    verdict = judge(noisy_runs(unit, n_each=2), replace(WRONG[which], precision=precision))
    assert verdict.outcome == "differs"
    assert verdict.reasons


@pytest.mark.slow
def test_two_per_cent_in_bfloat16_are_seen_in_the_mean_where_few_single_steps_show_them() -> None:
    verdict = judge(noisy_runs(2.0**-8, longer=1.02, n_each=8), HALF)
    assert verdict.outcome == "differs"
    assert len(verdict.failures) <= len(verdict.comparisons) / 10
    (worst, *_) = verdict.seen
    assert worst.of == "scale"
    assert worst.value == pytest.approx(0.02, rel=0.4)
    assert verdict.smallest_seen["float32"] < 0.02
    assert "on average over" in " ".join(verdict.reasons)


def test_the_noise_of_bfloat16_alone_is_not_called_an_error() -> None:
    for seed in (1, 2):
        assert judge(noisy_runs(2.0**-8, seed=seed), HALF).outcome == "conforms"


def test_a_wrong_decay_shows_with_weights_and_not_without() -> None:
    wrong = replace(MUON, decay=Decay(form="decoupled", rate=0.1))
    still, moving = probe_of(4, 4, 1), probe_of(4, 4, 1, start=1.0)
    assert judge([run_of(still, MUON)], wrong).outcome == "conforms"
    assert judge([run_of(moving, MUON)], wrong).outcome == "differs"


def test_trouble_makes_a_difference_and_is_named() -> None:
    run = run_of(probe_of(4, 4), MUON)
    for changed, words in (
        ({"status": "raised: ValueError: no at step 1"}, "raised: ValueError"),
        ({"parameters": ({ONE: np.full((4, 4), np.nan)},)}, "not finite"),
        ({"result_dtype": "float64"}, "come back as float64"),
    ):
        verdict = judge([run, replace(run, **changed)], MUON)  # type: ignore[arg-type]
        assert verdict.outcome == "differs"
        assert words in verdict.reasons[0]


def test_a_stack_is_judged_by_what_the_convention_says_of_it() -> None:
    probe = replace(probe_of(4, 4, 1), start=one_block(np.zeros((2, 4, 4))), gradients=(one_block(np.ones((2, 4, 4))),))
    raised = Run(probe=probe, parameters=(), dtype="float32", result_dtype="float32", status="raised: no")
    plain = run_of(probe_of(4, 4), MUON)
    assert judge([plain, raised], MUON).outcome == "differs"
    assert judge([plain, raised], replace(MUON, stack="refused")).outcome == "conforms"
    assert judge([plain, run_of(probe, MUON)], replace(MUON, stack="refused")).outcome == "conforms"
    assert judge([plain, run_of(probe, MUON)], MUON).outcome == "conforms"


def test_dtypes_that_are_refused_and_blocks_that_are_not_taken_are_not_judged() -> None:
    plain = run_of(probe_of(4, 4), MUON)
    refused = replace(plain, parameters=(), status="refused: takes float64", dtype="float16")
    two = replace(plain.probe, name="two", start={ONE: np.zeros((4, 4)), "b": np.zeros((4, 4))})
    raised = Run(probe=two, parameters=(), dtype="float32", result_dtype="float32", status="raised: one block only")
    verdict = judge([plain, refused, raised], MUON)
    assert verdict.outcome == "conforms"
    assert len(verdict.unjudged) == 2


def test_nothing_to_compare_is_undecided_and_no_convention_differs() -> None:
    assert judge([], MUON).outcome == "undecided"
    assert judge([run_of(probe_of(4, 4), MUON)], None).outcome == "differs"


def test_published_conventions_find_themselves_and_options_are_the_users() -> None:
    for name, known in KNOWN.items():
        (first, *_) = nearest(known.convention)
        assert not first.differences, name
    changed = replace(
        KNOWN["torch.optim.Muon"].convention, momentum=Momentum(average="ema", beta=0.8, look_ahead="ema")
    )
    assert nearest(changed)[0].known.name == "torch.optim.Muon"
    assert not nearest(changed)[0].differences


def test_a_schedule_of_momentum_comes_with_its_weights() -> None:
    scheduled = Momentum(average="schedule", thetas=(0.5, 0.25))
    diagnosed = Convention(map=PowerMap(p=2.0, is_regularized=True), momentum=scheduled)
    (first, *_) = nearest(diagnosed)
    assert not first.differences
    assert claimed("torch.optim.SGD", diagnosed).momentum.thetas == (0.5, 0.25)


def test_differences_are_named_field_by_field() -> None:
    torch, keras = (KNOWN[name].convention for name in ("torch.optim.Muon", "keras.optimizers.Muon"))
    found = " ".join(differences(torch, keras))
    for word in ("scale:", "weight decay:", "precision:", "floor:"):
        assert word in found
    assert "momentum:" not in found  # ema and heavy ball have one direction, which is all that shows


def test_a_factor_that_the_average_or_the_scale_may_have_is_no_difference_where_outputs_are_the_same() -> None:
    large = Convention(map=PowerMap(p=3.0, is_regularized=True), momentum=Momentum(average="ema", beta=0.75))
    other = replace(large, momentum=Momentum(average="heavy ball", beta=0.75), scale=Scale(factor=0.25))
    assert not differences(large, other)
    assert [one.partition(":")[0] for one in differences(large, replace(large, scale=Scale(factor=2.0)))] == ["scale"]
    assert "momentum" in " ".join(differences(large, replace(other, scale=Scale())))


def test_a_claim_takes_the_users_numbers_and_nothing_else() -> None:
    diagnosed = replace(MUON, precision="bfloat16", decay=Decay(form="decoupled", rate=0.03))
    claim = claimed("torch.optim.Muon", diagnosed)
    assert claim.momentum.beta == 0.9
    assert claim.decay.rate == 0.03
    assert claim.floor.form == "clamped"
    with pytest.raises(UnknownNameError, match="crosscheck: as must be one of"):
        claimed("Moun", None)


def test_the_verdict_is_plain_values() -> None:
    found = judge(noisy_runs(2.0**-24), WRONG["factor"]).to_dict()
    assert found["outcome"] == "differs"
    assert found["outside"]
    assert set(found["worst"]["scale"]) == {"error", "band", "first_order_worst_case"}
