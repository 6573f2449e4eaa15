"""Every invariance holds for a map that has it, and is broken by one that lost it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from proofs_checks.crosscheck.convention import Convention, Floor, PowerMap, Scale
from proofs_checks.crosscheck.finding import Diagnosis, Finding
from proofs_checks.crosscheck.invariances import Invariance, check_invariances
from proofs_checks.crosscheck.momentum import Momentum
from proofs_checks.crosscheck.observe import observe
from proofs_checks.crosscheck.probe import ONE
from proofs_checks.crosscheck.probes.invariance import INVARIANCE_PROBES
from proofs_checks.crosscheck.probes.single import SINGLE
from proofs_checks.crosscheck.reference import reference_updates

POLAR = Convention(map=PowerMap(p=math.inf))
NAMES = (
    "f(cG) = f(G)", "orthogonal equivariance", "transpose", "padding", "stack = per slice", "same input, same step",
    "inputs not overwritten", "momentum buffer not overwritten", "restored = continued", "a step that is not finite",
)  # fmt: skip

Step = Callable[[np.ndarray, np.ndarray, Any], tuple[np.ndarray, Any]]


def step_of(change: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None, of: Convention = POLAR) -> Step:
    """Return the optimizer of a convention without momentum, its update changed by a function of it and of G."""

    def step(params: np.ndarray, grads: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        if not np.all(np.isfinite(grads)):
            return params, state
        u = reference_updates(of, {ONE: np.asarray(grads, dtype=float)})[ONE]
        u = u if change is None else change(u, grads)
        return params - u.astype(params.dtype), state

    return step


def seen(step: Step, convention: Convention | None = POLAR, *findings: Finding) -> dict[str, Invariance]:
    runs = observe(step).run([one for one in SINGLE if one.name.startswith("times")] + list(INVARIANCE_PROBES))
    diagnosis = Diagnosis(findings=findings, convention=convention)
    return {one.name: one for one in check_invariances(runs, diagnosis)}


def test_the_polar_factor_keeps_all_of_them() -> None:
    found = seen(step_of())
    assert tuple(found) == NAMES
    for name, one in found.items():
        expected = "not observed" if name == "momentum buffer not overwritten" else "holds"
        assert one.outcome == expected, one


def _sign(u: np.ndarray, g: np.ndarray) -> np.ndarray:
    return np.sign(g).astype(float)


def _longer_first_row(u: np.ndarray, g: np.ndarray) -> np.ndarray:
    return u * np.where(np.arange(u.shape[-2]) == 0, 1.1, 1.0)[:, None]


def _wide_only(u: np.ndarray, g: np.ndarray) -> np.ndarray:
    return u if g.shape[-2] <= g.shape[-1] else u @ np.diag(np.linspace(1, 2, g.shape[-1]))


def _sees_zero_rows(u: np.ndarray, g: np.ndarray) -> np.ndarray:
    return u if np.all(np.any(g, axis=-1)) else u + 0.01


def _mixes_slices(u: np.ndarray, g: np.ndarray) -> np.ndarray:
    return u if u.ndim == 2 else u * np.linspace(1, 2, len(u))[:, None, None]


@pytest.mark.parametrize(("change", "broken"), [
    (_sign, "orthogonal equivariance"), (_longer_first_row, "orthogonal equivariance"), (_wide_only, "transpose"),
    (_sees_zero_rows, "padding"), (_mixes_slices, "stack = per slice"),
])  # fmt: skip
def test_a_planted_error_breaks_its_invariance(change: Any, broken: str) -> None:
    found = seen(step_of(change))
    assert found[broken].outcome == "broken", found[broken]
    assert found[broken].error > found[broken].allowance


def test_a_scale_by_shape_keeps_transpose_and_padding_up_to_a_factor() -> None:
    scaled = replace(POLAR, scale=Scale(formula="sqrt(max(1, rows/columns))"))
    found = seen(step_of(of=scaled), scaled)
    assert found["transpose"].outcome == found["padding"].outcome == "holds"
    assert "factor 1.414" in found["transpose"].words


def test_a_floor_breaks_homogeneity_and_says_where() -> None:
    floored = replace(POLAR, floor=Floor(value=1e-7, form="added"))
    one = seen(step_of(of=floored), floored)["f(cG) = f(G)"]
    assert one.outcome == "broken"
    assert "to 2¹⁰⁰" in one.words
    assert "the step is off by" in one.words


def test_a_regularised_map_is_homogeneous_of_degree_one() -> None:
    large = Convention(map=PowerMap(p=3.0, is_regularized=True))
    assert seen(step_of(of=large), large)["f(cG) = c f(G)"].outcome == "holds"


def test_a_random_step_does_not_repeat() -> None:
    count = iter(range(10_000))
    found = seen(step_of(lambda u, g: u * (1 + 1e-3 * next(count))))
    assert found["same input, same step"].outcome == "broken"


def test_an_overwritten_gradient_is_named() -> None:
    def step(params: np.ndarray, grads: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        after, state = step_of()(params, grads, state)
        grads *= 0.5
        return after, state

    one = seen(step)["inputs not overwritten"]
    assert one.outcome == "broken"
    assert "gradient" in one.words


def momentum_step(*, in_state: bool) -> Step:
    """Return heavy ball, its buffer in the state or lost where the state is read back."""
    hidden: dict[str, np.ndarray] = {}

    def step(params: np.ndarray, grads: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        before = 0.0
        if state is not None:
            before = state["m"] if in_state else hidden.get(state["key"], 0.0)
        m = 0.9 * before + grads
        u = reference_updates(POLAR, {ONE: np.nan_to_num(m.astype(float))})[ONE]
        # a key that a copied state does not share
        key = str(id(m))
        hidden[key] = m
        return params - u.astype(params.dtype), {"m": m, "key": key}

    return step


def test_a_state_that_is_read_back_goes_on() -> None:
    convention = replace(POLAR, momentum=Momentum(average="heavy ball", beta=0.9))
    assert seen(momentum_step(in_state=True), convention)["restored = continued"].outcome == "holds"


def test_a_state_that_is_lost_shows() -> None:
    class Loses:
        def init(self, params: np.ndarray) -> np.ndarray:
            return np.zeros_like(params)

    class Buffer:
        """A state whose copy is empty."""

        def __init__(self, m: Any) -> None:
            self.m = m

        def __deepcopy__(self, memo: Any) -> Buffer:
            return Buffer(0.0)

        def __reduce__(self) -> Any:
            return (Buffer, (0.0,))

    def step(params: np.ndarray, grads: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        m = 0.9 * (0.0 if state is None else state.m) + grads
        u = reference_updates(POLAR, {ONE: np.nan_to_num(m.astype(float))})[ONE]
        return params - u.astype(params.dtype), Buffer(m)

    one = seen(step, replace(POLAR, momentum=Momentum(average="heavy ball", beta=0.9)))["restored = continued"]
    assert one.outcome == "broken"


def test_what_becomes_of_a_step_that_is_not_finite_is_told() -> None:
    def spreads(params: np.ndarray, grads: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        return params - grads, state

    def refuses(params: np.ndarray, grads: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        if not np.all(np.isfinite(grads)):
            raise ValueError("not finite")
        return params - grads, state

    name, sgd = "a step that is not finite", Convention(map=PowerMap(p=2.0, is_regularized=True))
    lost = seen(spreads, sgd)[name]
    assert lost.outcome == "broken"
    assert "1 of 32 entries are lost for good" in lost.words
    refused = seen(refuses, sgd)[name]
    assert refused.outcome == "holds"
    assert "refused with an error" in refused.words
    assert "skipped" in seen(step_of())[name].words


def test_the_buffer_is_judged_by_the_findings() -> None:
    name = "momentum buffer not overwritten"
    ahead = replace(POLAR, momentum=Momentum(average="ema", beta=0.9, look_ahead="ema"))
    known = Finding(property="momentum", value="ema, μ = 0.9", evidence="Weights.")
    bad = Finding(property="look-ahead", value="ema, the buffer is overwritten by it", evidence="Weights.")
    assert seen(step_of(), ahead, known)[name].outcome == "holds"
    assert seen(step_of(), ahead, known, bad)[name].outcome == "broken"


def test_without_runs_nothing_is_observed() -> None:
    found = check_invariances([], Diagnosis(findings=(), convention=None))
    assert {one.outcome for one in found} == {"not observed"}
