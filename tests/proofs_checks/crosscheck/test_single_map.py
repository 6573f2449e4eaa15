"""The map from one step: exponent, oracle, schedule, steps and normalisation, from outputs alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from proofs_checks.crosscheck.convention import NORMALISATIONS, Convention, Partition, PolynomialMap, PowerMap
from proofs_checks.crosscheck.diagnosis import single_step
from proofs_checks.crosscheck.probes.single import SINGLE
from schattor_theory.geometry.polynomials import POLAR_SCHEDULES, PolarSchedule, polar_schedule
from tests.proofs_checks.crosscheck.single_runs import faults, found, runs_by, runs_of

PLAIN = tuple(one for one in SINGLE if not one.name.startswith("times 2^") or one.name == "times 2^0")
EXPONENTS = (1.0, 4 / 3, 2.5, 3.0, 8.0, math.inf)


def svd_map(weight):
    def update(g: np.ndarray) -> np.ndarray:
        if g.ndim > 2:
            return np.stack([update(one) for one in g])
        if not np.any(g):
            return np.zeros_like(g)
        left, s, right = np.linalg.svd(g.astype(float), full_matrices=False)
        return (left * weight(s)) @ right

    return update


@pytest.mark.parametrize(("p", "is_regularized"), [(3.0, True), pytest.param(math.inf, False, marks=pytest.mark.slow)])
def test_a_power_law_is_named_by_its_exponent_and_oracle(p: float, is_regularized: bool) -> None:
    values, convention = found(runs_of(Convention(map=PowerMap(p=p, is_regularized=is_regularized))))
    assert convention.map == PowerMap(p=p, is_regularized=is_regularized)
    assert not faults(values)


@pytest.mark.slow
@pytest.mark.parametrize("p", EXPONENTS)
@pytest.mark.parametrize("is_regularized", [False, True])
def test_every_exponent_and_oracle_is_named(p: float, is_regularized: bool) -> None:
    _, convention = found(runs_of(Convention(map=PowerMap(p=p, is_regularized=is_regularized))))
    assert convention.map == PowerMap(p=p, is_regularized=is_regularized)


@pytest.mark.slow
def test_an_exponent_a_little_off_is_not_named_as_the_round_one() -> None:
    # slope 1/(p-1) of 1/2.01: the error of float32 is 1e-8
    _, convention = found(runs_by(svd_map(lambda s: (s / s[0]) ** (1 / 2.01)), PLAIN))
    assert convention is None or not isinstance(convention.map, PowerMap) or convention.map.p != 3.0


@pytest.mark.slow
def test_an_exponent_near_two_is_not_plain_gradient_descent() -> None:
    _, convention = found(runs_of(Convention(map=PowerMap(p=2.125))))
    assert convention.map == PowerMap(p=2.125)


@pytest.mark.parametrize("name", ["muon", pytest.param("polar-express", marks=pytest.mark.slow)])
def test_a_schedule_is_named(name: str) -> None:
    values, convention = found(runs_of(Convention(map=PolynomialMap(schedule=polar_schedule(name)))))
    assert convention.map.schedule == polar_schedule(name)
    assert convention.map.normalisation == "frobenius"
    assert name in values["schedule"]
    assert not faults(values)


@pytest.mark.slow
@pytest.mark.parametrize("name", POLAR_SCHEDULES)
@pytest.mark.parametrize("n_steps", [3, None, 12])
def test_every_schedule_is_named_with_its_steps(name: str, n_steps: int | None) -> None:
    schedule = polar_schedule(name, n_steps)
    with np.errstate(all="ignore"):
        findings, convention = single_step(runs_of(Convention(map=PolynomialMap(schedule=schedule))))
    of = next(one for one in findings if one.property == "schedule")
    if of.is_decided:
        # a name stands for its polynomials, which another name may share
        assert convention.map.schedule.steps == schedule.steps
    else:
        assert any(one.startswith(f"{name}, {schedule.n_steps} steps") for one in (of.value, *of.alternatives))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["muon", "you", "newton-schulz-quintic"])
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_a_schedule_in_half_precision_is_named(name: str, precision: str) -> None:
    truth = Convention(map=PolynomialMap(schedule=polar_schedule(name)), precision=precision)
    _, convention = found(runs_of(truth))
    assert convention.map.schedule == polar_schedule(name)
    assert convention.precision == precision


@pytest.mark.parametrize("normalisation", [pytest.param("spectral", marks=pytest.mark.slow), "aol"])
def test_a_normalisation_is_named(normalisation: str) -> None:
    of = PolynomialMap(schedule=polar_schedule("muon"), normalisation=normalisation)
    values, convention = found(runs_of(Convention(map=of), probes=PLAIN))
    assert convention.map == of
    assert normalisation in values["normalisation"]
    assert normalisation in NORMALISATIONS


@pytest.mark.slow
def test_a_wrong_coefficient_is_found_and_the_schedule_not_named() -> None:
    wrong = PolarSchedule("wrong", ((3.4445, -4.7750, 2.05),), 5)
    values, convention = found(runs_of(Convention(map=PolynomialMap(schedule=wrong)), probes=PLAIN))
    assert "not a named schedule: muon with 2.05 for 2.0315 of every step" in values["schedule"]
    np.testing.assert_allclose(convention.map.schedule.steps, wrong.steps, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_coefficients_of_ones_own_are_fitted() -> None:
    own = PolarSchedule("own", ((3.0, -3.2, 1.2),), 5)
    values, convention = found(runs_of(Convention(map=PolynomialMap(schedule=own)), probes=PLAIN))
    assert "not a named schedule" in values["schedule"]
    np.testing.assert_allclose(convention.map.schedule.steps, own.steps, rtol=0, atol=1e-4)


@pytest.mark.slow
def test_a_map_that_is_neither_is_said_to_be_none() -> None:
    values, convention = found(runs_by(svd_map(lambda s: np.log1p(s) / (1 + s / s[0])), PLAIN))
    assert convention is None
    assert "not a power law and not a known iteration" in values["map"]


@pytest.mark.slow
def test_the_trace_factor_is_seen() -> None:
    of = PolynomialMap(schedule=polar_schedule("muon"), times_dual_norm=True)
    _, convention = found(runs_of(Convention(map=of)))
    assert convention.map == of


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "count"), [("row blocks", 2), ("column blocks", 4)])
def test_blocks_of_the_map_are_found(kind: str, count: int) -> None:
    truth = Convention(map=PowerMap(p=math.inf), partition=Partition(kind=kind, count=count))
    _, convention = found(runs_of(truth, probes=PLAIN))
    assert convention.partition == truth.partition
    assert convention.map == truth.map


@pytest.mark.slow
def test_maps_of_the_whole_are_not_cut_into_blocks() -> None:
    values, convention = found(runs_of(Convention(map=PowerMap(p=2.5)), probes=PLAIN))
    assert convention.partition == Partition()
    assert "partition" not in values
