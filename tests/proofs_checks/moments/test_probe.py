"""Probes: verdicts by exact laws and by samples, with planted bounds that they must refute; degenerate input."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from proofs_checks.evidence import Verdict
from proofs_checks.moments.catalogue import BOUNDS, GROUPS, ProbedBound
from proofs_checks.moments.probe import Probed, Request, probe
from proofs_checks.moments.witnesses import WITHIN, WITNESSES, witness_ratios
from proofs_checks.moments.wrong_forms import WRONG_FORMS, two_step_martingale
from schattor_theory.bounds.records import applicable
from schattor_theory.errors import ParameterError, UnknownNameError
from synthetic.martingales import MARTINGALES
from synthetic.seeds import Streams
from tests.joined import every

AXES = {"test": "probe"}


def build(name: str, shape, n_steps: int, **options):
    return MARTINGALES[name].build(shape, n_steps, rng=Streams({"test": name}).generator("basis"), **options)


def sampled(martingale):
    """Return the martingale with its exact moments hidden, so that it is sampled."""

    class Hidden(type(martingale)):
        def moment(self, q, moment_order):
            return None

    return Hidden(**{name: getattr(martingale, name) for name in type(martingale).__dataclass_fields__})


def one(martingale, bound: str, q: float, order: float, *, trials: int = 4000, **options) -> Probed:
    return probe(martingale, [Request(bound, q, order)], trials=trials, axes=AXES, **options)[0]


def scaled(bound: str, factor: float) -> dict[str, ProbedBound]:
    """Return the catalogue with one bound multiplied."""
    right = BOUNDS[bound]

    def value(martingale, q, order):
        found = right.value(martingale, q, order)
        return replace(found, value=factor * found.value) if found.is_applicable else found

    return {bound: replace(right, value=value)}


def constant_bound(value: float) -> dict[str, ProbedBound]:
    return {"constant": ProbedBound("constant", "T4a", "a number", lambda *_: applicable("T4a", "", {"value": value}))}


NAMED = {f"{w.bound}: {w.words}": w for w in WITNESSES}


@pytest.mark.parametrize("witness", [pytest.param(w, id=key, marks=pytest.mark.slow if w.bound == "T4d-infimum" else ())
                                     for key, w in NAMED.items()])  # fmt: skip
def test_witness_attains_its_bound_or_says_why_not(witness):
    named = witness_ratios((witness,))[0]
    assert named.probed.verdict is Verdict.HOLDS
    assert named.is_attained is witness.is_tight
    assert named.probed.method == "exact law"
    assert witness.is_tight or witness.note


@pytest.mark.parametrize("witness", [pytest.param(w, id=key, marks=pytest.mark.slow if w.bound == "T4d-infimum" else ())
                                     for key, w in NAMED.items()])  # fmt: skip
def test_refutes_a_bound_that_is_a_tenth_or_half_lower(witness):
    factor = 0.9 if witness.is_tight else 0.5
    outcome = one(witness.martingale(), witness.bound, witness.q, witness.moment_order,
                  bounds=scaled(witness.bound, factor))  # fmt: skip
    assert outcome.verdict is Verdict.VIOLATED
    assert outcome.witness is not None


def test_every_bound_has_a_witness():
    assert {w.bound for w in WITNESSES} == set(BOUNDS)
    assert WITHIN == 0.01


@pytest.mark.parametrize("name", WRONG_FORMS)
def test_false_form_is_refuted(name):
    outcome = WRONG_FORMS[name].outcome()
    assert outcome.verdict is Verdict.VIOLATED
    assert outcome.ratio > 1


def test_true_form_beside_each_false_one_holds():
    adapted = MARTINGALES["adapted"].build((2, 2), 2, probability=0.01)
    assert one(adapted, "T4b-left", 1.0, 2.0).verdict is Verdict.HOLDS
    rare = MARTINGALES["diagonal_third_part"].build((2, 2), 1, probability=0.01)
    assert one(rare, "T4a-symmetric", 1.0, 1.0).verdict is Verdict.HOLDS
    beyond = WRONG_FORMS["T4a, C_β beyond q = 2"].martingale()
    assert one(beyond, "T4a-first_term", 3.0, 1.5).verdict is Verdict.HOLDS


def test_sampled_probe_refutes_half_of_its_bound_with_a_fresh_seed():
    # T4b at q = 1 is used to about 0.7, so that half of it is beaten
    martingale = sampled(build("ginibre", (4, 4), 3))
    outcome = one(martingale, "T4b-left", 1.0, 2.0, bounds=scaled("T4b-left", 0.5))
    assert outcome.verdict is Verdict.VIOLATED
    assert outcome.witness["trials_again"] == 10 * outcome.trials
    assert outcome.witness["log_e_value_again"] > math.log(1e6)


def test_sampled_probe_holds_with_a_finite_sample_interval():
    outcome = one(sampled(build("ginibre", (4, 4), 3)), "T4b-left", 1.0, 2.0, trials=16_000)
    assert outcome.verdict is Verdict.HOLDS
    assert outcome.ratio_low < outcome.ratio < outcome.ratio_high < 1
    assert "Poincaré" in outcome.method


def test_heavy_tails_get_a_median_of_means_and_no_normal_interval():
    martingale = build("heavy_tailed", (3, 3), 6)  # Pareto of index 1.8: no variance at any order above 0.9
    outcome = one(martingale, "T4a-martingale", 2.0, 1.0, trials=30_000)
    assert outcome.verdict is Verdict.HOLDS
    assert outcome.method.startswith("median of")


def test_infinite_moment_is_not_applicable():
    martingale = build("heavy_tailed", (3, 3), 6)
    outcome = one(martingale, "T4a-symmetric", 2.0, 2.0)
    assert outcome.verdict is Verdict.NOT_APPLICABLE
    assert "infinite" in outcome.reason


@every(
    ("bound", "name", "q", "order", "reason"),
    [
        ("T4a-symmetric", "two_point", 1.5, 1.5, "not conditionally symmetric"),
        ("T4a-martingale", "ginibre", 1.0, 1.5, "lies outside"),
        ("T4b-left", "ginibre", 1.0, 1.5, "second moments"),
        ("T4d-split", "ginibre", 1.0, 2.0, "declares no splitting"),
        ("T4d-infimum", "ginibre", 1.0, 2.0, "given C_i"),
        ("T4d-infimum", "rademacher_series", 1.0, 1.5, "second moments"),
        ("T4e", "ginibre", 1.5, 2.0, "below 2"),
        ("T4e", "ginibre", 3.0, 1.5, "second moments"),
        ("T4g", "ginibre", 2.0, 1.5, "no price"),
        ("T4c-given", "ginibre", 3.0, 2.0, "lies outside"),
        ("T4a-martingale", "rank_one", 3.0, 2.0, "lies outside"),
    ],
)
def test_hypothesis_that_fails_is_not_applicable(bound, name, q, order, reason):
    outcome = one(build(name, (3, 3), 4), bound, q, order, trials=1)
    assert outcome.verdict is Verdict.NOT_APPLICABLE
    assert reason in outcome.reason


def test_outcome_depends_on_trials_alone():
    martingale = sampled(build("ginibre", (3, 3), 3))
    alone = one(martingale, "T4b-left", 1.0, 2.0, n_probes=4)
    requests = [Request("T4g", 1.0, 2.0), Request("T4b-left", 1.0, 2.0)]
    both = probe(martingale, requests, trials=4000, axes=AXES, n_probes=4, jobs=3)[1]
    assert both == alone


def test_stopping_early_stops_at_the_first_look_that_decides():
    martingale = sampled(build("ginibre", (3, 3), 3))
    outcome = one(martingale, "T4g", 1.0, 2.0, trials=10**6, stop_early=True)
    assert outcome.verdict is Verdict.HOLDS
    assert 0 < outcome.trials < 10**5


def test_true_bound_that_is_met_exactly_is_never_violated_by_samples():
    # the bound is the mean itself: the e-value may exceed 1e6 with probability at most 1e-6
    martingale = build("ginibre", (2, 3), 2)
    truth = martingale.moment(2.0, 2.0)
    assert truth is not None
    martingale = sampled(martingale)
    outcome = one(martingale, "constant", 2.0, 2.0, bounds=constant_bound(truth), trials=20_000, stop_early=True)
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert outcome.ratio_low <= 1 <= outcome.ratio_high


# --- degenerate input


def test_single_step_single_dimension_and_single_trial():
    for name in ("fixed_signs", "ginibre", "rank_one", "haar", "two_point"):
        martingale = build(name, (1, 1), 1)
        outcome = one(martingale, "T4a-first_term", 1.0, 1.0, trials=1)
        assert outcome.verdict is Verdict.HOLDS
        assert outcome.ratio == pytest.approx(1.0)


def test_single_trial_decides_nothing_but_is_no_error():
    outcome = one(sampled(build("ginibre", (3, 3), 2)), "T4b-left", 1.0, 2.0, trials=1)
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert (outcome.trials, outcome.ratio_low, outcome.ratio_high) == (1, 0.0, math.inf)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1)])
def test_row_and_column_shapes(shape):
    for q in (1.0, 2.0):
        outcome = one(build("rademacher_series", shape, 4), "T4b-left", q, 2.0)
        assert outcome.verdict is Verdict.HOLDS


def test_zero_differences():
    for name in ("fixed_signs", "ginibre", "rademacher_series"):
        martingale = build(name, (3, 3), 3, scale=0.0)
        outcome = one(martingale, "T4b-left", 1.0, 2.0, trials=50)
        assert outcome.verdict is Verdict.HOLDS, name
        assert outcome.moment == 0


def test_refutes_a_bound_of_zero_by_one_value():
    outcome = one(sampled(build("ginibre", (3, 3), 2)), "constant", 1.0, 2.0, bounds=constant_bound(0.0), trials=100)
    assert outcome.verdict is Verdict.VIOLATED


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_rank_one_differences_at_every_scale(scale):
    plain, extreme = (build("rank_one", (3, 3), 4, scale=c) for c in (1.0, scale))
    for bound, q, order in (("T4a-martingale", 1.5, 1.5), ("T4g", 1.0, 1.5)):
        first, second = (one(martingale, bound, q, order, trials=3000) for martingale in (plain, extreme))
        assert first.verdict is second.verdict is Verdict.HOLDS
        assert second.ratio == pytest.approx(first.ratio, rel=1e-9)


def test_two_step_martingale_is_one():
    martingale = two_step_martingale(np.diag([1.0, 2.0]), np.diag([3.0, -1.0]), 0.2)
    law, paths = martingale.paths()
    assert law.sum() == pytest.approx(1.0)
    for sign in (1, -1):
        chosen = np.sign(paths[:, 0, 0, 0]) == sign
        assert np.einsum("k,kij->ij", law[chosen], paths[chosen, 1]) == pytest.approx(np.zeros((2, 2)), abs=1e-15)


def test_groups_name_every_bound():
    assert sorted(sum(GROUPS.values(), ())) == sorted(BOUNDS)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"trials": 0}, ParameterError, "probe: trials must be an integer >= 1, got trials=0."),
        ({"n_probes": -1}, ParameterError, "probe: n_probes must be an integer >= 1, got n_probes=-1."),
        ({"error_rate": 0.0}, ParameterError, "probe: error_rate must lie in (0, 1), got error_rate=0.0."),
        ({"undecided": 1.0}, ParameterError, "probe: undecided must lie in (0, 1), got undecided=1.0."),
    ],
)
def test_bad_arguments_are_named(options, error, message):
    with pytest.raises(error) as caught:
        one(build("ginibre", (2, 2), 2), "T4g", 1.0, 2.0, **options)
    assert str(caught.value) == message


def test_unknown_bound_is_named():
    with pytest.raises(UnknownNameError, match="probe: bound must be one of"):
        one(build("ginibre", (2, 2), 2), "T4z", 1.0, 2.0)
