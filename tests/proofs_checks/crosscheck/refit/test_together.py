"""All steps together: a convention leaves rounding alone, another more, and lengths of steps and decay are read off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from proofs_checks.crosscheck.convention import Convention, Decay, EntrywiseMap, Floor, PolynomialMap, PowerMap, Scale
from proofs_checks.crosscheck.momentum import Momentum
from proofs_checks.crosscheck.probe import Run
from proofs_checks.crosscheck.probes import PROBES
from proofs_checks.crosscheck.refit.together import Together
from schattor_theory.geometry.polynomials import polar_schedule
from tests.joined import some
from tests.proofs_checks.crosscheck.single_runs import runs_of

EMA = Momentum(average="ema", beta=0.9, look_ahead="ema")
LARGE = Scale(factor=1e200)
WARM_UP = (1.0, 2.0, 3.0, 4.0)
TRUTHS = {
    "cube": Convention(map=PowerMap(p=3.0), momentum=EMA, step_factors=WARM_UP,
                       decay=Decay(form="squared", rate=0.0625)),
    "iteration": Convention(map=PolynomialMap(schedule=polar_schedule("muon")), momentum=EMA,
                            decay=Decay(form="decoupled", rate=0.125, after=True), step_factors=(1.0, 0.5)),
    "gradient": Convention(map=PowerMap(p=2.0, is_regularized=True), momentum=Momentum(average="recursive", beta=0.5),
                           decay=Decay(form="independent", rate=0.25), scale=Scale(factor=0.5)),
    "adam": Convention(map=EntrywiseMap(name="adam"), decay=Decay(form="decoupled", rate=0.0625), step_factors=WARM_UP),
    "blocks": Convention(map=PowerMap(p=3.0), momentum=EMA, exponents={"w": 3.0, "b": 2.0, "c": float("inf")},
                         balance=4.0, decay=Decay(form="cautious", rate=0.125), step_factors=WARM_UP),
    "coupled": Convention(map=PowerMap(p=4.0), momentum=EMA, decay=Decay(form="l2", rate=0.25),
                          floor=Floor(value=1e-4, form="added")),
}  # fmt: skip


@cache
def runs(name: str) -> tuple[Run, ...]:
    return tuple(runs_of(TRUTHS[name], "float32", PROBES))


OTHERS: dict[str, Callable[[Convention], Convention]] = {
    "momentum": lambda c: replace(c, momentum=replace(c.momentum, beta=c.momentum.beta - 0.01)),
    "rate": lambda c: replace(c, decay=replace(c.decay, rate=1.05 * c.decay.rate)),
    "factor": lambda c: replace(c, scale=replace(c.scale, factor=1.001 * c.scale.factor)),
    "steps": lambda c: replace(c, step_factors=(*c.step_factors[:1], 1.01)),
}


@pytest.mark.parametrize("name", some(TRUTHS, 3))
def test_what_ran_leaves_less_than_anything_near_it(name: str) -> None:
    truth = TRUTHS[name]
    together = Together(runs(name), truth)
    left = together.score(truth)
    assert left < together.misfits(truth).size  # the mean square of a step is below that of its noise
    for what, change in OTHERS.items():
        # Adam has no momentum beside its two averages, and neither it nor a product of blocks has a factor
        is_seen = not (name == "adam" and what in ("momentum", "factor")) and not (
            name == "blocks" and what == "factor"
        )
        if is_seen:
            assert together.score(change(truth)) > 1.2 * left, what


@pytest.mark.parametrize("name", TRUTHS)
def test_lengths_of_steps_are_read_off_whatever_the_convention_says_of_them(name: str) -> None:
    truth = TRUTHS[name]
    several = Together(runs(name), truth).of_several_steps()
    lengths = several.lengths(replace(truth, step_factors=(), decay=replace(truth.decay, after=False)))
    sizes = np.array([truth.step_factor(k) for k in range(several.n_steps)])
    kept = 1 - truth.decay.rate * sizes if truth.decay.after else 1.0
    assert lengths.factors == pytest.approx(sizes * kept, rel=3e-4)
    per = {"decoupled": sizes, "independent": 1 + 0 * sizes, "squared": sizes**2}.get(truth.decay.form, 0 * sizes)
    assert lengths.shares == pytest.approx(truth.decay.rate * per, rel=3e-4, abs=1e-9)


def test_steps_that_no_convention_is_judged_by_are_left_out() -> None:
    truth = TRUTHS["cube"]
    (usual,) = (run for run in runs("cube") if run.probe.name == "several-long")
    (saved,) = (run for run in runs("cube") if run.probe.name == "several-saved")
    ended = replace(usual, parameters=())
    assert Together([saved, ended], truth).stacks == []
    assert Together([usual, saved, ended], truth).misfits(truth).shape == (12,)
    assert Together([usual], truth).first_steps().misfits(truth).shape == (1,)
    assert Together([usual], truth).early(3).n_steps == 3
    assert Together([usual], truth).first_steps().of_several_steps().stacks == []


def test_a_candidate_that_leaves_the_range_is_far_away() -> None:
    truth = TRUTHS["iteration"]
    together = Together(runs("iteration"), truth)
    wild = replace(truth, map=PolynomialMap(schedule=polar_schedule("cans", 12), normalisation="aol"), scale=LARGE)
    with np.errstate(all="ignore"):
        assert together.score(wild) > 10 * together.score(truth)
        assert together.of_several_steps().lengths(wild).score > 10 * together.score(truth)
