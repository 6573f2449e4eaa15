"""Bands hold what rounding does in each precision, and no more."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from proofs_checks.crosscheck.bands import band_factor, compare, is_in_range
from proofs_checks.crosscheck.convention import Convention, Floor, PolynomialMap, PowerMap, Scale
from proofs_checks.crosscheck.copies import COPIES, Copies, nearby
from proofs_checks.crosscheck.momentum import Momentum
from proofs_checks.crosscheck.probe import ONE, Probe, Run, one_block
from proofs_checks.crosscheck.reference import reference_parameters
from schattor_theory.geometry.polynomials import polar_schedule
from synthetic.seeds import Streams

MUON = Convention(
    map=PolynomialMap(schedule=polar_schedule("muon")),
    momentum=Momentum(average="ema", beta=0.9, look_ahead="ema"),
    scale=Scale(formula="sqrt(max(1, rows/columns))"),
)


def probe_of(rows: int, columns: int, n_steps: int = 2, *, name: str = "p", start: float = 0.0) -> Probe:
    rng = Streams(["bands", rows, columns]).generator("data")
    gradients = tuple(one_block(rng.integers(-8, 8, size=(rows, columns)) / 4.0) for _ in range(n_steps))
    return Probe(name=name, purpose="", start=one_block(np.full((rows, columns), start)), gradients=gradients)


def run_of(probe: Probe, convention: Convention, *, factor: float = 1.0, dtype: str = "float32") -> Run:
    """Return the exact run of a convention, stored in a dtype, with every step ``factor`` times as long."""
    exact = reference_parameters(convention, probe)
    x0, found = probe.start[ONE], []
    for x in exact:
        found.append({ONE: (x0 + factor * (x[ONE] - x0)).astype(dtype).astype(np.float64)})
    return Run(probe=probe, parameters=tuple(found), dtype=dtype, result_dtype=dtype)


@pytest.mark.parametrize("convention", [MUON, replace(MUON, precision="bfloat16"), Convention(map=PowerMap(p=3.0))])
def test_the_exact_steps_lie_far_inside_their_bands(convention: Convention) -> None:
    for one in compare(run_of(probe_of(6, 4), convention), convention):
        assert one.excess(band_factor(4)) < 0.5
        assert one.size > 0
        assert one.moves


@pytest.mark.parametrize("factor", [1.001, 0.999])
def test_a_step_a_thousandth_too_long_is_outside_the_band_of_float32(factor: float) -> None:
    (first, *_) = compare(run_of(probe_of(6, 4), MUON, factor=factor), MUON)
    assert first.gain == pytest.approx(factor - 1, abs=1e-6)
    assert first.excess(band_factor(4)) > 1
    assert first.direction < 1e-6


def test_the_same_error_is_inside_the_band_of_bfloat16() -> None:
    rounded = replace(MUON, precision="bfloat16")
    (first, *_) = compare(run_of(probe_of(6, 4), MUON, factor=1.001), rounded)
    assert first.excess(band_factor(4)) < 1


def test_scale_and_direction_are_told_apart() -> None:
    probe = probe_of(6, 4, 1)
    run = run_of(probe, MUON)
    turned = run.parameters[0][ONE].copy()
    turned[0] *= 1.1
    (one,) = compare(replace(run, parameters=({ONE: turned},)), MUON)
    assert one.direction > 0.01
    exact = run.parameters[0][ONE]
    assert one.gain == pytest.approx(float(np.sum(turned * exact) / np.sum(exact**2)) - 1, abs=1e-6)


def test_bands_grow_with_the_unit_roundoff() -> None:
    probe, found = probe_of(6, 4, 1), []
    for precision in ("float64", "float32", "float16", "bfloat16"):
        convention = replace(MUON, precision=precision)
        (one,) = compare(run_of(probe, convention, dtype="float64"), convention)
        found.append(one.rounding("direction"))
    assert found == sorted(found)
    assert 2**24 < found[2] / found[0] < 2**46  # units 2^-53 and 2^-11


def test_the_first_order_worst_case_is_above_every_copy() -> None:
    (one,) = compare(run_of(probe_of(8, 4, 1), MUON), MUON)
    assert np.max(np.abs(one.gain_copies)) < one.worst_case("gain")
    assert np.max(one.direction_copies) < one.worst_case("direction")


def test_the_factor_grows_with_the_number_of_comparisons_and_falls_with_the_rate() -> None:
    assert band_factor(1) < band_factor(100) < band_factor(10_000)
    assert band_factor(100, 1e-3) < band_factor(100, 1e-6)


def test_false_alarms_are_as_rare_as_stated() -> None:
    # at a rate of 5 % for one comparison: copies take the place of targets, and the band is made of the others
    (one,) = compare(run_of(probe_of(6, 4, 1), MUON), MUON)
    gains = one.gain_copies
    outside = 0
    for k in range(COPIES):
        others = np.delete(gains, k)
        outside += abs(gains[k]) > band_factor(1, 0.05) * np.sqrt(np.mean(others**2))
    assert outside <= 12  # binomial: more than that with chance below 1e-4


def test_equal_numbers_and_powers_of_two_of_them_have_equal_errors() -> None:
    copies = Copies(2.0**-8)
    x = np.broadcast_to(np.array([[0.3, -0.3, 0.6, 0.3001, 0.0]]), (COPIES, 1, 5))
    errors = copies.entries(x) - x
    assert np.array_equal(errors[..., 0], -errors[..., 1])
    assert np.array_equal(2 * errors[..., 0], errors[..., 2])
    assert not np.any(errors[..., 4])
    assert np.max(np.abs(errors[..., 0])) <= 2.0**-9.5  # √2 times half a unit in the last place of 0.3
    assert len(np.unique(errors[..., 0])) > COPIES / 2


def test_probes_that_repeat_each_other_have_the_same_copies() -> None:
    one = compare(run_of(probe_of(6, 4, 1), MUON), MUON)[0]
    probe = probe_of(6, 4, 1, name="other")
    scaled = replace(probe, gradients=tuple({ONE: 4 * g[ONE]} for g in probe.gradients))
    other = compare(run_of(scaled, MUON), MUON)[0]
    assert np.allclose(one.gain_copies, other.gain_copies, rtol=1e-3, atol=1e-9)


def test_a_matrix_of_lower_rank_keeps_it_at_infinite_p_alone() -> None:
    d = np.outer([1.0, 2.0, 3.0], [1.0, -1.0, 2.0])
    rounding = Copies(2.0**-24)
    for p, rank in ((math.inf, 1), (3.0, 3)):
        copies = nearby(d, 1e-8 * np.abs(d), rounding, rounding.generator(d), p)
        s = np.linalg.svd(copies, compute_uv=False)
        assert np.all(np.sum(s > 1e-12 * s[:, :1], axis=1) == rank)
        assert 1e-8 < np.max(np.abs(copies - d)) < 1e-5


def test_a_constant_is_rounded_in_half_of_the_copies_and_powers_of_two_never() -> None:
    copies = Copies(2.0**-24)
    found = np.asarray(copies.constant(3.4445)).ravel()
    rounded = float(np.float32(3.4445))
    assert set(found) == {3.4445, rounded}
    assert COPIES / 8 < np.sum(found == rounded) < 7 * COPIES / 8
    assert np.all(np.asarray(copies.constant(0.5)) == 0.5)
    assert Copies(2.0**-8).constant(3.4445) == 3.4445


def test_a_zero_gradient_allows_no_step() -> None:
    probe = replace(probe_of(4, 4, 1), gradients=(one_block(np.zeros((4, 4))),))
    run = Run(probe=probe, parameters=({ONE: np.full((4, 4), 1e-3)},), dtype="float32", result_dtype="float32")
    (one,) = compare(run, MUON)
    assert one.size == 0
    assert not one.moves
    assert one.gain == 0
    assert one.direction == pytest.approx(4e-3)
    assert one.excess(band_factor(1)) > 1


@pytest.mark.parametrize(("power", "dtype", "precision", "is_in"), [
    (0, "float32", "dtype", True), (60, "float32", "dtype", False), (60, "float64", "dtype", True),
    (60, "float64", "bfloat16", False), (8, "float16", "dtype", False),
])  # fmt: skip
def test_squares_have_to_fit_the_dtype_and_the_precision(power: int, dtype: str, precision: str, is_in: bool) -> None:
    probe = probe_of(4, 4, 1)
    scaled = replace(probe, gradients=tuple({ONE: 2.0**power * np.sign(g[ONE])} for g in probe.gradients))
    run = Run(probe=scaled, parameters=(), dtype=dtype, result_dtype=dtype)
    assert is_in_range(run, replace(MUON, precision=precision)) == is_in


def test_comparison_stops_at_the_first_step_that_is_not_finite() -> None:
    run = run_of(probe_of(4, 4, 3), MUON)
    lost = {ONE: np.full((4, 4), np.nan)}
    found = compare(replace(run, parameters=(run.parameters[0], lost, run.parameters[2])), MUON)
    assert [one.step for one in found] == [0, 1]
    assert found[1].excess(band_factor(2)) == math.inf


def test_a_floor_is_part_of_the_exact_step() -> None:
    floored = replace(MUON, floor=Floor(value=1.0, form="added"))
    (one, *_) = compare(run_of(probe_of(4, 4), floored), floored)
    assert one.excess(band_factor(2)) < 0.5
    (one, *_) = compare(run_of(probe_of(4, 4), floored), MUON)
    assert one.excess(band_factor(2)) > 1
