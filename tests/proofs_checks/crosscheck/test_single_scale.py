"""The factor by shape, the floor and the precision, from one step."""

from __future__ import annotations

import math

import numpy as np
import pytest

from proofs_checks.crosscheck.convention import Convention, Floor, PolynomialMap, PowerMap, Scale
from proofs_checks.crosscheck.diagnosis.scale import short_decimal
from proofs_checks.crosscheck.scales import SCALES
from schattor_theory.geometry.polynomials import polar_schedule
from tests.proofs_checks.crosscheck.single_runs import PRECISE, faults, found, runs_by, runs_of
from tests.proofs_checks.crosscheck.test_single_map import PLAIN, svd_map

MUON = PolynomialMap(schedule=polar_schedule("muon"))


SOME = "sqrt(max(1, columns/rows))"
SLOWLY = [one if one == SOME else pytest.param(one, marks=pytest.mark.slow) for one in SCALES]


@pytest.mark.parametrize("formula", SLOWLY)
def test_every_formula_is_named_with_its_factor(formula: str) -> None:
    truth = Convention(map=PowerMap(p=math.inf), scale=Scale(formula=formula, factor=0.2))
    _, convention = found(runs_of(truth, probes=PLAIN))
    assert convention.scale == truth.scale


@pytest.mark.slow
@pytest.mark.parametrize("formula", SCALES)
def test_every_formula_is_named_beside_the_bias_of_a_schedule_in_bfloat16(formula: str) -> None:
    truth = Convention(map=MUON, scale=Scale(formula=formula, factor=0.2), precision="bfloat16")
    _, convention = found(runs_of(truth, probes=PLAIN))
    assert convention.scale.formula == formula
    # rounding of bfloat16 leaves a tenth of a per cent of a factor
    assert math.isclose(convention.scale.factor, 0.2, rel_tol=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("sqrt(max(1, rows/columns))", "rows, as torch"),
        ("sqrt(max(1, columns/rows))", "columns, as JAX"),
        ("sqrt(max(rows, columns))", "alike"),
    ],
)
def test_the_axis_convention_is_that_of_the_factor(formula: str, words: str) -> None:
    values, _ = found(runs_of(Convention(map=PowerMap(p=math.inf), scale=Scale(formula=formula)), probes=PLAIN))
    assert words in values["axes"]


@pytest.mark.slow
def test_a_factor_that_is_no_formula_is_said_not_to_fit() -> None:
    polar = svd_map(np.ones_like)
    values, _ = found(runs_by(lambda g: polar(g) * (1.3 if g.shape[-2] == 12 else 1.0), PLAIN))
    assert "no formula fits" in values["scale"]


@pytest.mark.slow
def test_a_factor_two_per_cent_off_is_measured_and_not_rounded_away() -> None:
    truth = Convention(map=MUON, scale=Scale(factor=1.02), precision="bfloat16")
    _, convention = found(runs_of(truth, probes=PLAIN))
    assert 1.01 < convention.scale.factor < 1.03


@pytest.mark.parametrize("form", ["added", pytest.param("clamped", marks=pytest.mark.slow)])
def test_a_floor_is_named_with_its_form(form: str) -> None:
    truth = Convention(map=MUON, floor=Floor(value=1e-3, form=form))
    values, convention = found(runs_of(truth))
    assert convention.floor.form == form
    assert math.isclose(convention.floor.value, 1e-3, rel_tol=1e-4)
    assert form in values["floor"]
    # with the floor known the schedule is seen exactly
    assert convention.map == MUON


@pytest.mark.slow
def test_no_floor_is_seen_where_there_is_none() -> None:
    values, convention = found(runs_of(Convention(map=MUON)))
    assert convention.floor == Floor()
    assert "none seen" in values["floor"]


@pytest.mark.slow
def test_a_floor_far_below_the_curve_of_an_exact_map_is_seen() -> None:
    truth = Convention(map=PowerMap(p=math.inf), floor=Floor(value=1e-7, form="clamped"))
    _, convention = found(runs_of(truth))
    assert convention.map == truth.map
    assert convention.floor.form == "clamped"
    assert math.isclose(convention.floor.value, 1e-7, rel_tol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["bfloat16", "float32", "dtype"])
def test_the_precision_of_the_inner_computation_is_named(precision: str) -> None:
    truth = Convention(map=MUON, precision=precision)
    runs = [*runs_of(truth, probes=PLAIN), *runs_of(truth, "float64", PRECISE)]
    _, convention = found(runs)
    assert convention.precision == precision


@pytest.mark.slow
def test_float32_alone_cannot_tell_a_finer_computation() -> None:
    values, convention = found(runs_of(Convention(map=MUON), probes=PLAIN))
    assert convention.precision == "dtype"
    assert not faults(values)


@pytest.mark.parametrize(
    ("value", "tolerance", "digits", "short"),
    [(0.20001, 1e-3, 4, 0.2), (0.20001, 1e-6, 4, 0.20001), (1.2249, 1e-3, 4, 1.225), (0.97, 1e-3, 2, 0.97)],
)
def test_a_number_is_shortened_within_its_error_only(value, tolerance, digits, short) -> None:
    assert short_decimal(value, tolerance, digits=digits) == short
