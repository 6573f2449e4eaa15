"""The reference against the project's optimizer and geometry, and against formulas written out."""

from __future__ import annotations

import numpy as np
import pytest

from proofs_checks.crosscheck.convention import (
    Convention,
    Decay,
    EntrywiseMap,
    Floor,
    Partition,
    PolynomialMap,
    PowerMap,
    Scale,
)
from proofs_checks.crosscheck.momentum import Momentum
from proofs_checks.crosscheck.probe import Probe, Run, one_block
from proofs_checks.crosscheck.reference import direction_of, reference_parameters
from proofs_checks.crosscheck.rounding import Rounding
from proofs_checks.crosscheck.scales import SCALES, scale_factor
from schattor_theory import ProductGeometry, Schattor, duality_map
from schattor_theory.errors import UnknownNameError
from schattor_theory.geometry.polynomials import POLAR_SCHEDULES, PolarSchedule, polar_schedule, polynomial_polar
from synthetic.seeds import Streams
from tests.joined import every

RNG = Streams({"test": "cross-check reference"}).generator("data")
WIDE, TALL = RNG.standard_normal((4, 7)), RNG.standard_normal((7, 4))
START = RNG.standard_normal((4, 7))
MUON = PolynomialMap(schedule=polar_schedule("muon"))


def probe(*gradients: np.ndarray, start: np.ndarray | None = None, step_size: float = 0.5) -> Probe:
    x = np.zeros_like(gradients[0]) if start is None else start
    return Probe(
        name="one",
        purpose="a test",
        start=one_block(x),
        gradients=tuple(one_block(g) for g in gradients),
        step_size=step_size,
    )


def last(convention: Convention, *gradients: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    return reference_parameters(convention, probe(*gradients, start=start))[-1]["w"]


@every("p", [1, "4/3", 2, 3, "inf"])
@every("oracle", ["ball", "regularized"])
@every("decay", [0.0, 0.25])
def test_power_maps_are_the_reference_optimizer(p: float | str, oracle: str, decay: float) -> None:
    optimizer = Schattor(p, step_size=0.5, momentum=0.75, oracle=oracle, weight_decay=decay)
    convention = Convention(
        map=PowerMap(p=optimizer.geometry.p, is_regularized=oracle == "regularized"),
        momentum=Momentum(average="first gradient", beta=0.75),
        decay=Decay(form="decoupled", rate=decay),
    )
    x, state = START, optimizer.init(START)
    gradients = [WIDE, TALL.T, WIDE + TALL.T]
    for g in gradients:
        x, state = optimizer.step(x, g, state)
    np.testing.assert_allclose(last(convention, *gradients, start=START), x, rtol=0, atol=1e-12)


@every("name", POLAR_SCHEDULES)
@every("matrix", [WIDE, TALL, np.stack([WIDE, 2.0**-80 * WIDE])])
def test_polynomial_maps_are_those_of_the_geometry(name: str, matrix: np.ndarray) -> None:
    schedule = polar_schedule(name)
    found = direction_of(Convention(map=PolynomialMap(schedule=schedule)), matrix)
    np.testing.assert_allclose(found, polynomial_polar(matrix, schedule), rtol=0, atol=1e-11)


def test_normalisations_change_what_the_polynomial_sees() -> None:
    # with a linear polynomial the result is the normalised input itself
    linear = polar_schedule("muon").with_steps(1)
    linear = type(linear)("linear", ((1.0,),), 1)
    norms = {
        "frobenius": np.linalg.norm(WIDE),
        "spectral": np.linalg.norm(WIDE, 2),
        "schatten": np.sqrt(np.linalg.norm(WIDE @ WIDE.T)),
        "aol": np.sqrt(np.abs(WIDE @ WIDE.T).sum(axis=1, keepdims=True)),
    }
    for name, norm in norms.items():
        found = direction_of(Convention(map=PolynomialMap(schedule=linear, normalisation=name)), WIDE)
        np.testing.assert_allclose(found, WIDE / norm, rtol=1e-13)


def test_dual_norm_factor_makes_the_map_homogeneous() -> None:
    convention = Convention(map=PolynomialMap(schedule=polar_schedule("polar-express"), times_dual_norm=True))
    found = direction_of(convention, WIDE)
    np.testing.assert_allclose(found, duality_map(WIDE, "inf") * np.linalg.norm(WIDE, "nuc"), rtol=0, atol=1e-11)


@pytest.mark.parametrize(("form", "kept"), [("added", 1 / (1 + 0.5)), ("clamped", 1.0), ("none", 1.0)])
def test_floor_shrinks_a_small_gradient(form: str, kept: float) -> None:
    unit = WIDE / np.linalg.norm(WIDE)
    convention = Convention(map=PowerMap(p=2), floor=Floor(value=0.5, form=form))
    np.testing.assert_allclose(direction_of(convention, unit), kept * unit, rtol=1e-13)
    small = {"added": 0.125 / 0.625, "clamped": 0.25, "none": 1.0}[form]
    np.testing.assert_allclose(direction_of(convention, 0.125 * unit), small * unit, rtol=1e-13)


@pytest.mark.parametrize("kind", ["row blocks", "column blocks"])
def test_partition_maps_each_block_by_itself(kind: str) -> None:
    convention = Convention(map=PowerMap(p=np.inf), partition=Partition(kind=kind, count=2))
    square = RNG.standard_normal((6, 6))
    axis = 0 if kind == "row blocks" else 1
    parts = [duality_map(part, "inf") for part in np.split(square, 2, axis=axis)]
    np.testing.assert_allclose(-2 * last(convention, square), np.concatenate(parts, axis=axis), atol=1e-13)
    assert not np.allclose(-2 * last(convention, square), duality_map(square, "inf"), atol=0.1)


@pytest.mark.parametrize(
    ("decay", "expected"),
    [
        (Decay(form="decoupled", rate=0.25), lambda x, u: (1 - 0.125) * x - 0.5 * u),
        (Decay(form="decoupled", rate=0.25, after=True), lambda x, u: (1 - 0.125) * (x - 0.5 * u)),
        (Decay(form="independent", rate=0.25), lambda x, u: 0.75 * x - 0.5 * u),
        (Decay(form="squared", rate=0.25), lambda x, u: (1 - 0.0625) * x - 0.5 * u),
        (Decay(form="cautious", rate=0.25), lambda x, u: x * (1 - 0.125 * (x * u > 0)) - 0.5 * u),
    ],
)
def test_decay_forms(decay: Decay, expected) -> None:
    convention = Convention(map=PowerMap(p=np.inf), decay=decay)
    found = last(convention, WIDE, start=START)
    np.testing.assert_allclose(found, expected(START, duality_map(WIDE, "inf")), rtol=0, atol=1e-13)


def test_l2_decay_enters_the_gradient() -> None:
    convention = Convention(map=PowerMap(p=2, is_regularized=True), decay=Decay(form="l2", rate=0.25))
    found = last(convention, WIDE, start=START)
    np.testing.assert_allclose(found, START - 0.5 * (WIDE + 0.25 * START), rtol=0, atol=1e-14)


def test_flattened_stack_is_one_matrix() -> None:
    stack = RNG.standard_normal((3, 2, 4))
    convention = Convention(map=PowerMap(p=np.inf), stack="flattened")
    expected = duality_map(stack.reshape(3, 8), "inf").reshape(3, 2, 4)
    np.testing.assert_allclose(-2 * last(convention, stack), expected, atol=1e-13)


def test_blocks_are_those_of_the_product_geometry() -> None:
    exponents, radii = {"w": 4.0, "b": 2.0}, {"w": 2.0, "b": 0.5}
    convention = Convention(map=PowerMap(p=4), exponents=exponents, radii=radii, balance=3.0)
    gradients = {"w": WIDE, "b": RNG.standard_normal((4, 1))}
    blocks = Probe(
        name="b",
        purpose="a test",
        start={b: np.zeros_like(g) for b, g in gradients.items()},
        gradients=(gradients,),
    )
    expected = ProductGeometry(exponents, radii, 3.0).duality_map(gradients)
    found = reference_parameters(convention, blocks)[0]
    for b in gradients:
        np.testing.assert_allclose(found[b], -expected[b], rtol=1e-13)


def test_adam_is_bias_corrected() -> None:
    convention = Convention(map=EntrywiseMap(name="adam", epsilon=0.0))
    np.testing.assert_allclose(last(convention, WIDE), -0.5 * np.sign(WIDE), atol=1e-15)
    first, second = 0.9 * 0.1 * WIDE + 0.1 * TALL.T, 0.999 * 0.001 * WIDE**2 + 0.001 * TALL.T**2
    expected = -0.5 * np.sign(WIDE) - 0.5 * (first / (1 - 0.81)) / np.sqrt(second / (1 - 0.999**2))
    np.testing.assert_allclose(last(convention, WIDE, TALL.T), expected, rtol=1e-12)


def test_step_factors_and_an_own_step_size() -> None:
    convention = Convention(map=PowerMap(p=2, is_regularized=True), step_factors=(1.0, 0.5), step_size=0.25)
    found = reference_parameters(convention, probe(WIDE, WIDE, WIDE), knows_step_size=False)[-1]["w"]
    np.testing.assert_allclose(found, -0.25 * (1 + 0.5 + 0.5) * WIDE, rtol=1e-14)


def test_rounding_errors_have_the_size_of_their_unit() -> None:
    convention, exact = Convention(map=MUON), direction_of(Convention(map=MUON), WIDE)
    for unit in (2.0**-9, 2.0**-24):
        rounding = Rounding(unit, Streams({"test": "rounding"}).generator("data"))
        error = np.linalg.norm(direction_of(convention, WIDE, rounding) - exact) / np.linalg.norm(exact)
        assert unit / 10 < error < 100 * unit


def test_rounded_coefficients_are_those_of_the_precision() -> None:
    # source: 3.4445, -4.7750, 2.0315 rounded to eight significant bits
    rounded = PolarSchedule("rounded", ((3.4375, -4.78125, 2.03125),), 5)
    convention = Convention(map=MUON, precision="bfloat16", rounds_coefficients=True)
    expected = direction_of(Convention(map=PolynomialMap(schedule=rounded)), WIDE)
    np.testing.assert_allclose(direction_of(convention, WIDE), expected, rtol=0, atol=1e-14)
    kept = direction_of(Convention(map=MUON, precision="bfloat16"), WIDE)
    assert np.linalg.norm(kept - expected) > 1e-3 * np.linalg.norm(expected)


def test_update_of_a_run_undoes_the_step_size() -> None:
    convention = Convention(map=MUON, momentum=Momentum(average="ema", beta=0.5))
    asked = probe(WIDE, TALL.T)
    run = Run(probe=asked, parameters=reference_parameters(convention, asked), dtype="float64", result_dtype="float64")
    assert run.is_ok
    np.testing.assert_allclose(run.update(0), direction_of(convention, 0.5 * WIDE), atol=1e-13)
    np.testing.assert_allclose(run.update(1), direction_of(convention, 0.25 * WIDE + 0.5 * TALL.T), atol=1e-13)


def test_scales_have_the_sides_that_their_formula_names() -> None:
    assert scale_factor("sqrt(max(1, rows/columns))", (5, 8, 2)) == 2.0
    assert scale_factor("sqrt(max(1, columns/rows))", (8, 2)) == 1.0
    values = {name: (scale_factor(name, (8, 2)), scale_factor(name, (2, 8)), scale_factor(name, (4, 4)))
              for name in SCALES}  # fmt: skip
    assert len(set(values.values())) == len(SCALES)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Scale(formula="rows"),
        lambda: Decay(form="coupled"),
        lambda: Floor(form="max"),
        lambda: Partition(kind="heads"),
        lambda: EntrywiseMap(name="lion"),
        lambda: PolynomialMap(schedule=polar_schedule("muon"), normalisation="nuclear"),
        lambda: Convention(map=MUON, stack="batched"),
    ],
)
def test_refuses_what_has_no_name(wrong) -> None:
    with pytest.raises(UnknownNameError):
        wrong()


def test_words_say_every_part() -> None:
    convention = Convention(
        map=MUON,
        momentum=Momentum(average="ema", beta=0.95, look_ahead="ema"),
        scale=Scale(formula="sqrt(max(rows, columns))", factor=0.2),
        decay=Decay(form="decoupled", rate=0.1),
        floor=Floor(value=1e-7, form="added"),
        partition=Partition(kind="row blocks", count=2),
        precision="bfloat16",
    )
    for part in ("'muon'", "ema μ = 0.95", "look-ahead (ema)", "0.2 sqrt(max", "decoupled weight decay 0.1", "1e-07",
                 "2 row blocks", "bfloat16"):  # fmt: skip
        assert part in convention.words
