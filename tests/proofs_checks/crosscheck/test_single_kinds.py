"""What a target does that is no map of singular values, and what breaks at special inputs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from proofs_checks.crosscheck.convention import Convention, EntrywiseMap, PolynomialMap, PowerMap
from proofs_checks.crosscheck.diagnosis import diagnose
from proofs_checks.crosscheck.verdict import judge
from schattor_theory.geometry.polynomials import polar_schedule
from tests.proofs_checks.crosscheck.single_runs import by_property, faults, found, runs_by, runs_of
from tests.proofs_checks.crosscheck.test_single_map import PLAIN, svd_map

POLAR = svd_map(lambda s: (s > 1e-6 * s[0]).astype(float))


def muon(g: np.ndarray, divide: bool = True) -> np.ndarray:
    x = np.swapaxes(g, -1, -2) if g.shape[-2] > g.shape[-1] else g
    if divide:
        x = x / (np.linalg.norm(x, axis=(-2, -1), keepdims=True) + np.float32(1e-7))
    for _ in range(5):
        gram = x @ np.swapaxes(x, -1, -2)
        x = np.float32(3.4445) * x + (np.float32(-4.775) * gram + np.float32(2.0315) * gram @ gram) @ x
    return np.swapaxes(x, -1, -2) if g.shape[-2] > g.shape[-1] else x


def lengths(g: np.ndarray, axis: int) -> np.ndarray:
    n = np.linalg.norm(g, axis=axis, keepdims=True)
    return np.divide(g, n, out=np.zeros_like(g), where=n > 0)


def test_gradient_descent_is_named() -> None:
    values, convention = found(runs_by(lambda g: 0.5 * g))
    assert convention.map == PowerMap(p=2.0, is_regularized=True)
    assert convention.scale.factor == 0.5
    assert "plain SGD" in values["activity"]


def test_the_normalised_gradient_is_named() -> None:
    values, convention = found(runs_of(Convention(map=PowerMap(p=2.0))))
    assert convention.map == PowerMap(p=2.0)
    assert "normalised" in values["activity"]


def test_signs_are_named() -> None:
    _, convention = found(runs_by(np.sign))
    assert convention.map == EntrywiseMap(name="sign")


def test_the_floor_of_adam_tells_it_from_signs() -> None:
    values, convention = found(runs_by(lambda g: g / (np.abs(g) + np.float32(1e-8))))
    assert convention.map.name == "adam"
    assert math.isclose(convention.map.epsilon, 1e-8, rel_tol=1e-3)
    assert "each entry" in values["floor"]


@pytest.mark.slow
@pytest.mark.parametrize(("axis", "words"), [(-1, "each row"), (-2, "each column")])
def test_rows_and_columns_by_themselves_are_named(axis: int, words: str) -> None:
    values, convention = found(runs_by(lambda g: lengths(g, axis), PLAIN))
    assert convention is None
    assert words in values["activity"]


def test_clipped_entries_are_not_spectral() -> None:
    values, convention = found(runs_by(lambda g: np.clip(g, -1, 1), PLAIN))
    assert convention is None
    assert "not spectral" in values["activity"]


def test_nothing_that_moves_is_a_fault() -> None:
    values, convention = found(runs_by(np.zeros_like))
    assert convention is None
    assert values == {"activity": "! nothing moves"}


def test_an_error_at_every_probe_is_said() -> None:
    def refuse(g: np.ndarray) -> np.ndarray:
        raise ValueError("no")

    values, convention = found(runs_by(refuse))
    assert convention is None
    assert "no step is made: raised: ValueError: no" in values["activity"]


def test_no_runs_are_not_an_error() -> None:
    assert by_property(diagnose(()).findings) == {"activity": "not observed"}


@pytest.mark.slow
def test_steps_uphill_are_a_fault() -> None:
    values, _ = found(runs_by(lambda g: -POLAR(g), PLAIN))
    assert "! uphill" in values["activity"]


def test_not_a_number_at_a_zero_gradient_is_a_fault() -> None:
    values, convention = found(runs_by(lambda g: muon(g) if np.any(g) else g / 0 * 0, PLAIN))
    assert convention.map.schedule.name == "muon"
    assert any("NaN at 'zero'" in text for text in faults(values))


def test_directions_on_the_null_space_are_a_fault() -> None:
    values, _ = found(runs_by(svd_map(np.ones_like), PLAIN))
    assert any("null space" in text for text in faults(values))


@pytest.mark.slow
def test_a_rank_cut_too_high_is_a_fault() -> None:
    values, convention = found(runs_by(svd_map(lambda s: (s > 0.02 * s[0]).astype(float)), PLAIN))
    assert convention.map == PowerMap(p=math.inf)
    assert any("dropped" in text for text in faults(values))


@pytest.mark.slow
def test_an_ascent_step_on_rank_one_is_a_fault() -> None:
    def turned(g: np.ndarray) -> np.ndarray:
        return muon(g) * (-1 if g.ndim == 2 and np.linalg.matrix_rank(g) == 1 else 1)

    values, _ = found(runs_by(turned, PLAIN))
    assert any("ascent at 'rank one'" in text for text in faults(values))


def test_an_input_that_is_not_divided_is_said() -> None:
    values, convention = found(runs_by(lambda g: muon(g, divide=False)))
    assert convention is None
    assert "! none: the input is not divided" in values["normalisation"]


@pytest.mark.slow
def test_overflow_of_the_norm_is_said() -> None:
    def half(g: np.ndarray) -> np.ndarray:
        norm = np.sqrt(np.sum((g * g).astype(np.float16).astype(np.float32), axis=(-2, -1), keepdims=True))
        return muon(g / (norm + np.float32(1e-7)), divide=False)

    values, _ = found(runs_by(half))
    assert "overflow" in values["floor"]


@pytest.mark.slow
def test_a_transpose_lost_for_tall_matrices_is_a_fault() -> None:
    def lost(g: np.ndarray) -> np.ndarray:
        if g.ndim > 2 or g.shape[0] <= g.shape[1] or not np.any(g):
            return POLAR(g)
        left, _, right = np.linalg.svd(g, full_matrices=False)
        return left @ right.T

    values, convention = found(runs_by(lost, PLAIN))
    assert convention.map == PowerMap(p=math.inf)
    assert "! tall matrices are treated otherwise" in values["axes"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("update", "stack"),
    [
        (POLAR, "slices"),
        (lambda g: POLAR(g.reshape(g.shape[0], -1)).reshape(g.shape) if g.ndim > 2 else POLAR(g), "flattened"),
        (lambda g: POLAR(g.reshape(-1, g.shape[-1])).reshape(g.shape) if g.ndim > 2 else POLAR(g), "other"),
    ],
)
def test_what_becomes_of_a_stack_is_named(update, stack: str) -> None:
    _, convention = found(runs_by(update, PLAIN))
    assert convention.stack == stack


def _kernel(way: str):
    """Return the polar factor, of a kernel of four axes by a way of its own."""

    def step(g: np.ndarray) -> np.ndarray:
        if g.ndim < 4:
            return POLAR(g)
        if way == "refused":
            raise ValueError("no kernels")
        if way == "slices of the first two axes":
            return np.moveaxis(POLAR(np.moveaxis(g, (0, 1), (2, 3))), (2, 3), (0, 1))
        if way == "none of the ways known":
            return POLAR(g.reshape(-1, 12)).reshape(g.shape)
        shapes = {"one matrix, output channels × the rest": (len(g), -1), "slices of the last two axes": g.shape}
        return g * 0 if way == "the step is zero" else POLAR(g.reshape(shapes[way])).reshape(g.shape)

    return step


@pytest.mark.parametrize(
    "way",
    [
        "one matrix, output channels × the rest",
        *(
            pytest.param(way, marks=pytest.mark.slow)
            for way in (
                "slices of the last two axes",
                "slices of the first two axes",
                "none of the ways known",
                "refused",
                "the step is zero",
            )
        ),
    ],
)
def test_what_becomes_of_a_kernel_is_named_and_leaves_the_stack_alone(way: str) -> None:
    few = [one for one in PLAIN if not one.name.startswith("times") or one.name == "times 2^0"]
    values, convention = found(runs_by(_kernel(way), few))
    assert values["stack"] == f"slices; kernel of four axes: {way}"
    assert convention.stack == "slices"


def test_a_kernel_does_not_enter_the_verdict() -> None:
    kernel = [one for one in PLAIN if one.name in ("kernel", "square", "tall", "wide")]
    assert len(kernel) == 4
    verdict = judge(runs_by(_kernel("none of the ways known"), kernel), Convention(map=PowerMap(p=math.inf)))
    assert (verdict.outcome, verdict.unjudged) == ("conforms", ("kernel",))


@pytest.mark.slow
def test_a_stack_that_is_refused_is_named() -> None:
    def matrices(g: np.ndarray) -> np.ndarray:
        if g.ndim > 2:
            raise ValueError("matrices only")
        return POLAR(g)

    values, convention = found(runs_by(matrices, PLAIN))
    assert convention.stack == "refused"
    assert "refused" in values["stack"]


def test_a_single_pair_of_gradient_and_step_is_enough_for_a_curve() -> None:
    probe = [one for one in PLAIN if one.name == "large"]
    _, convention = found(runs_of(Convention(map=PolynomialMap(schedule=polar_schedule("you"))), probes=probe))
    assert convention.map.schedule == polar_schedule("you")


@pytest.mark.slow
def test_the_curve_is_kept_for_the_figure() -> None:
    findings = diagnose(runs_of(Convention(map=PowerMap(p=3.0)), probes=PLAIN)).of("map")
    curve = findings[0].data["curve"]
    assert len(curve["s_in"]) == len(curve["s_out"]) == sum(curve["sizes"])
    assert all(0 <= x <= 1 for x in curve["s_in"])
