"""The optimizers that play the deviations are right where nothing was planted, and off where something was."""

from __future__ import annotations

import numpy as np
import pytest

from proofs_checks.crosscheck.deviations import DEVIATIONS, MEANT
from proofs_checks.crosscheck.deviations import matrices as own
from proofs_checks.crosscheck.deviations.drawn import drawn
from proofs_checks.crosscheck.deviations.independent import independent
from proofs_checks.crosscheck.finding import PROPERTIES
from proofs_checks.crosscheck.observe import observe
from proofs_checks.crosscheck.probe import Run
from proofs_checks.crosscheck.probes import PROBES
from proofs_checks.crosscheck.reference import reference_parameters
from schattor_theory.geometry.polynomials import polar_schedule
from tests.joined import some

# singular values that are zero come out of an SVD as eps, and some maps raise that to a small power
SPECIAL = ("rank one", "rank two", "zero rows")
# float64 against float64: the longest iteration multiplies an error by the product of its slopes at zero, below 1e5
TOLERANCE = 1e5 * 64 * 2.0**-53


def largest_difference(run: Run, reference: tuple) -> float:
    """Return the largest distance over the steps, in units of the way travelled."""
    worst = 0.0
    for k, (one, other) in enumerate(zip(run.parameters, reference, strict=True)):
        before = run.probe.start if k == 0 else reference[k - 1]
        for name in one:
            way = np.linalg.norm(other[name] - before[name]) + np.linalg.norm(other[name])
            worst = float(np.maximum(worst, np.linalg.norm(one[name] - other[name]) / way if way else 0.0))
    return worst


@pytest.mark.parametrize("name", MEANT)
def test_what_is_meant_agrees_with_the_reference(name: str) -> None:
    convention, make = MEANT[name]
    runs = observe(make()).run([probe for probe in PROBES if probe.name not in SPECIAL], "float64")
    assert [run.status for run in runs if not run.is_ok] == []
    worst = max((largest_difference(run, reference_parameters(convention, run.probe)), run.probe.name) for run in runs)
    assert worst[0] < TOLERANCE, worst


@pytest.mark.parametrize("number", some(range(12), 3))
def test_a_convention_drawn_at_random_agrees_with_the_reference(number: int) -> None:
    convention = drawn(number, seed="agreement")
    runs = observe(independent(convention)).run([one for one in PROBES if one.name not in SPECIAL], "float64")
    assert [run.status for run in runs if not run.is_ok] == []
    if convention.precision in ("dtype", "float64"):
        worst = max((largest_difference(r, reference_parameters(convention, r.probe)), r.probe.name) for r in runs)
        assert worst[0] < TOLERANCE, worst


def test_conventions_are_drawn_over_every_field_and_do_not_depend_on_each_other() -> None:
    many = [drawn(number) for number in range(200)]
    assert drawn(150) == many[150]
    assert {type(one.map).__name__ for one in many} == {"PowerMap", "PolynomialMap", "EntrywiseMap"}
    for values in (
        {one.momentum.average for one in many},
        {one.momentum.look_ahead for one in many},
        {one.decay.form for one in many},
        {one.precision for one in many},
    ):
        assert len(values) >= 5
    assert any(one.exponents for one in many)
    assert any(one.step_factors for one in many)
    assert {one.stack for one in many} == {"slices", "flattened"}


def test_there_are_enough_deviations_and_each_says_what_must_be_said() -> None:
    assert len(DEVIATIONS) >= 25
    for one in DEVIATIONS.values():
        assert one.is_invariance or one.property in PROPERTIES, one.name
        assert one.becomes or one.says or one.is_invariance, one.name
        assert "→" in one.words, one.name


@pytest.mark.parametrize("name", some(DEVIATIONS, 4))
def test_a_deviation_is_not_what_was_meant(name: str) -> None:
    deviation, found = DEVIATIONS[name], False
    observer = observe(deviation.make())
    least = 1e-6 if deviation.property == "precision" else 1e-4
    for probe in PROBES:
        (run,) = observer.run([probe], "float64")
        (narrow,) = observer.run([probe], "float32") if "dtype" in name else (run,)
        with np.errstate(all="ignore"):
            is_other = (
                not run.is_ok or not largest_difference(run, reference_parameters(deviation.meant, probe)) < least
            )
        found = is_other or bool(run.inputs_changed) or narrow.dtype != narrow.result_dtype
        if found:
            break
    assert found


@pytest.mark.parametrize(
    ("rows", "name"),
    [(own.MUON, "muon"), (own.YOU, "you"), (own.CANS, "cans"), (own.CUBIC, "newton-schulz-cubic"),
     (own.POLAR_EXPRESS, "polar-express"), (own.POLAR_EXPRESS_FIVE, "polar-express-five")],
)  # fmt: skip
def test_coefficients_that_were_typed_in_are_those_that_are_derived(rows: tuple, name: str) -> None:
    # the published lists have sixteen digits and a minimax problem behind them
    np.testing.assert_allclose(rows, polar_schedule(name).steps, rtol=1e-9)


def test_bfloat16_has_eight_significant_bits_and_rounds_ties_to_even() -> None:
    x = np.array([1.0, 1 + 2.0**-7, 1 + 2.0**-8, 1 + 3 * 2.0**-8, -1 - 2.0**-8 - 2.0**-20, np.inf], dtype=np.float32)
    right = [1.0, 1 + 2.0**-7, 1.0, 1 + 2.0**-6, -1 - 2.0**-7, np.inf]
    np.testing.assert_array_equal(own.to_bfloat16(x), right)
    assert np.isnan(own.to_bfloat16(np.array([np.nan], dtype=np.float32)))[0]


@pytest.mark.parametrize(
    ("rows", "margin", "figure"),
    [(own.MUON, 0.0, 1.855e-1), (own.YOU, 0.0, 1.447e-2), (own.POLAR_EXPRESS[:5], 0.01, 6.644e-2),
     (own.POLAR_EXPRESS[:6], 0.01, 9.866e-4)],
)  # fmt: skip
def test_distance_to_the_polar_factor_is_that_of_other_implementations(
    rows: tuple, margin: float, figure: float
) -> None:
    # source: figures measured with other implementations, on this matrix, to four digits
    g = np.random.default_rng(0).standard_normal((6, 4))
    u, _, vh = np.linalg.svd(g, full_matrices=False)
    distance = np.linalg.norm(own.iterated(rows, margin=margin)(g) - u @ vh) / 2
    assert distance == pytest.approx(figure, rel=6e-4)


def test_five_steps_in_bfloat16_are_as_far_off_as_those_of_other_implementations() -> None:
    # source: torch.optim.Muon 2.13 on this matrix: 1.858e-1, singular values .6826 … 1.1183
    g = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)
    out = own.iterated(own.MUON, floor=1e-7, arithmetic="bfloat16", careful=False)(g)
    exact = own.iterated(own.MUON)(g.astype(np.float64))
    distance = np.linalg.norm(out - exact) / np.linalg.norm(exact)
    assert 2.0**-9 < distance < 2.0**-5
    np.testing.assert_array_equal(out, own.to_bfloat16(out))
