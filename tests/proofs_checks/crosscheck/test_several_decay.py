"""Weight decay, step sizes and blocks from several steps, and what is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from proofs_checks.crosscheck.convention import Convention, EntrywiseMap, PowerMap
from proofs_checks.crosscheck.diagnosis.several import several_steps
from proofs_checks.crosscheck.finding import Finding
from proofs_checks.crosscheck.momentum import Momentum
from proofs_checks.crosscheck.probe import Run
from proofs_checks.crosscheck.probes import SEVERAL
from proofs_checks.crosscheck.probes.several import LONGEST
from proofs_checks.crosscheck.reference import reference_parameters
from tests.joined import some
from tests.proofs_checks.crosscheck.several_targets import CUBIC, POLAR, Plain, cubic, one_step, polar, runs_of

RATE = 0.0625
DECAYS = [probe for probe in SEVERAL if probe.name.startswith("decay") or probe.name == "several-different"]
STEPS = [probe for probe in SEVERAL if probe.name in ("several-different", "several-long", "several-constant")]
BLOCKS = [probe for probe in SEVERAL if probe.name.startswith("blocks")]


def nothing(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    return g


def ema(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    of.memory["b"] = 0.9 * of.memory.get("b", 0.0) + 0.1 * g
    return of.memory["b"]


def coupled(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    return ema(of, g + RATE * of.memory["x"], previous, k)


def said(runs: list[Run], convention: Convention) -> tuple[dict[str, Finding], Convention]:
    findings, found = several_steps(runs, convention)
    assert found is not None
    return {one.property: one for one in findings}, found


FORMS: dict[str, Callable] = {
    "none": lambda x, u, eta, k: x - eta * u,
    "decoupled": lambda x, u, eta, k: (1 - eta * RATE) * x - eta * u,
    "independent": lambda x, u, eta, k: (1 - RATE) * x - eta * u,
    "squared": lambda x, u, eta, k: (1 - eta * eta * RATE) * x - eta * u,
    "cautious": lambda x, u, eta, k: x - eta * RATE * x * (np.sign(x) == np.sign(u)) - eta * u,
}


@pytest.mark.parametrize(
    "form", [pytest.param(form, marks=() if form == "cautious" else pytest.mark.slow) for form in FORMS]
)
def test_a_form_of_decay_is_named_with_its_rate(form: str) -> None:
    findings, found = said(runs_of(lambda: Plain(ema, polar, FORMS[form]), DECAYS), POLAR)
    assert found.decay.form == form
    assert found.decay.rate == (0.0 if form == "none" else RATE)
    assert findings["weight decay"].is_decided
    assert found.momentum.average == "ema"
    assert found.momentum.beta == pytest.approx(0.9, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [1e-4, 0.1])
def test_a_rate_is_read_to_its_last_digit(rate: float) -> None:
    decay = lambda x, u, eta, k: (1 - np.float32(eta * rate)) * x - eta * u  # noqa: E731
    _, found = said(runs_of(lambda: Plain(nothing, polar, decay), DECAYS), POLAR)
    assert (found.decay.form, found.decay.rate) == ("decoupled", pytest.approx(rate, rel=1e-2))


def test_decay_of_the_step_too_is_told_from_decay_before_it() -> None:
    def after(x: np.ndarray, u: np.ndarray, eta: float, k: int) -> np.ndarray:
        return (1 - eta * RATE) * (x - eta * u)

    convention = one_step(replace(POLAR, decay=replace(POLAR.decay, form="decoupled", rate=RATE, after=True)))
    _, found = said(runs_of(lambda: Plain(nothing, polar, after), DECAYS), convention)
    assert found.decay.after
    assert found.scale.factor == 1.0


@pytest.mark.slow
@pytest.mark.parametrize(("convention", "direction"), [(CUBIC, cubic), (None, lambda d: d)], ids=["cubic", "gradient"])
def test_decay_in_the_gradient_is_told_from_decoupled(convention: Convention | None, direction: Callable) -> None:
    of_gradient = one_step(Convention(map=PowerMap(p=2.0, is_regularized=True), momentum=Momentum(
        average="ema", beta=0.9)))  # fmt: skip
    _, found = said(runs_of(lambda: Plain(coupled, direction), DECAYS), convention or of_gradient)
    assert (found.decay.form, found.decay.rate) == ("l2", pytest.approx(RATE, rel=1e-4))
    assert found.momentum.average == "ema"


def test_without_momentum_a_linear_map_cannot_tell_l2_from_decoupled() -> None:
    def decayed(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
        return g + RATE * of.memory["x"]

    convention = Convention(map=PowerMap(p=2.0, is_regularized=True))
    findings, _ = said(runs_of(lambda: Plain(decayed, lambda d: d), DECAYS), convention)
    assert not findings["weight decay"].is_decided
    assert any("l2" in words for words in findings["weight decay"].alternatives)


@pytest.mark.slow
def test_decay_that_depends_on_the_shape_and_decay_that_grows_are_faults() -> None:
    def shaped(x: np.ndarray, u: np.ndarray, eta: float, k: int) -> np.ndarray:
        return (1 - eta * RATE * math.sqrt(max(1.0, x.shape[0] / x.shape[1]))) * x - eta * u

    findings, _ = said(runs_of(lambda: Plain(nothing, polar, shaped), DECAYS), POLAR)
    assert "shape" in findings["weight decay"].value
    assert findings["weight decay"].is_fault
    grown = lambda x, u, eta, k: (1 + eta * RATE) * x - eta * u  # noqa: E731
    findings, _ = said(runs_of(lambda: Plain(nothing, polar, grown), DECAYS), POLAR)
    assert "grows" in findings["weight decay"].value
    assert findings["weight decay"].is_fault


def test_an_unknown_step_size_leaves_the_form_of_decay_open() -> None:
    runs = [replace(run, knows_step_size=False) for run in runs_of(lambda: Plain(nothing, polar, FORMS["decoupled"]),
            [probe for probe in DECAYS if probe.step_size == 1.0])]  # fmt: skip
    findings, found = said(runs, POLAR)
    assert found.decay.rate == RATE
    assert not findings["weight decay"].is_decided
    assert {"independent", "squared"} <= set(findings["weight decay"].alternatives)


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        pytest.param(lambda k: 1.0, "the same at every step", marks=pytest.mark.slow),
        (lambda k: (k + 1) ** -0.5, "polynomial (k+1)^-0.5"),
        pytest.param(lambda k: min(k + 1, 4) / 4, "linear warm-up over 4 steps", marks=pytest.mark.slow),
        pytest.param(lambda k: 0.5**k, "geometric, 0.5^k", marks=pytest.mark.slow),
        pytest.param(lambda k: (1.0, 0.7, 0.9)[k % 3], "changes from step to step", marks=pytest.mark.slow),
    ],
)
def test_a_schedule_of_step_sizes_is_named(factor: Callable, words: str) -> None:
    scale = replace(POLAR.scale, factor=factor(0))
    findings, found = said(runs_of(lambda: Plain(ema, polar, factor=factor), STEPS), replace(POLAR, scale=scale))
    assert words in findings["step size"].value
    assert all(found.step_factor(k) == pytest.approx(factor(k) / factor(0), rel=1e-5) for k in range(LONGEST))


@pytest.mark.slow
def test_a_schedule_shows_in_the_decay_as_well() -> None:
    findings, found = said(
        runs_of(lambda: Plain(ema, polar, FORMS["decoupled"], lambda k: min(k + 1, 3)), [*DECAYS, *STEPS]), POLAR
    )
    assert "warm-up over 3 steps" in findings["step size"].value
    assert (found.decay.form, found.decay.rate) == ("decoupled", RATE)
    assert found.momentum.beta == pytest.approx(0.9, abs=1e-6)


def test_a_step_out_of_proportion_to_the_step_size_is_a_fault() -> None:
    for decay, words in ((lambda x, u, eta, k: x - eta * eta * u, "squared"),
                         (lambda x, u, eta, k: x - u / 64, "does not depend")):  # fmt: skip
        findings, _ = several_steps(runs_of(lambda decay=decay: Plain(nothing, polar, decay), DECAYS), POLAR)
        faults = [one for one in findings if one.property == "step size" and one.is_fault]
        assert words in faults[0].value


@pytest.mark.slow
def test_a_first_step_that_is_skipped_is_a_fault() -> None:
    single = [probe for probe in SEVERAL if len(probe.start) == 1]
    runs = runs_of(lambda: Plain(ema, polar, factor=lambda k: float(k > 0)), single)
    findings, found = several_steps(runs, None)
    fault = next(one for one in findings if one.is_fault)
    assert "first step is skipped" in fault.value
    assert found is None or found.step_factors[:2] == (0.0, 1.0)


def product(exponents: dict, radii: dict, balance: float, *, is_regularized: bool = False) -> list[Run]:
    convention = Convention(
        map=PowerMap(p=3.0, is_regularized=is_regularized), exponents=exponents, radii=radii, balance=balance,
        momentum=Momentum(average="first gradient", beta=0.9),
    )  # fmt: skip
    return [Run(probe=probe, parameters=tuple({b: x.astype(np.float32).astype(float) for b, x in one.items()}
            for one in reference_parameters(convention, probe)), dtype="float32", result_dtype="float32")
            for probe in BLOCKS]  # fmt: skip


@pytest.mark.parametrize("balance", some([1.0, 1.5, 2.0, 4.0, math.inf], 2))
@pytest.mark.parametrize("is_regularized", [False, True])
def test_blocks_of_a_product_geometry_are_read(balance: float, is_regularized: bool) -> None:
    exponents, radii = {"w": 3.0, "b": 4 / 3, "c": math.inf}, {"w": 1.0, "b": 2.0, "c": 0.5}
    findings, found = said(product(exponents, radii, balance, is_regularized=is_regularized),
                           Convention(map=PowerMap(p=3.0, is_regularized=is_regularized)))  # fmt: skip
    assert dict(found.exponents) == pytest.approx(exponents)
    assert found.balance == balance
    moved = [name for name in radii if balance > 1 or name in found.radii]
    assert balance == 1.0 or {name: found.radii[name] for name in moved} == pytest.approx(radii, rel=1e-4)
    assert findings["blocks"].is_decided


@pytest.mark.slow
def test_a_target_of_blocks_alone_says_its_momentum() -> None:
    exponents = {"w": 3.0, "b": 3.0, "c": 2.0}
    _, found = said(product(exponents, dict.fromkeys(exponents, 1.0), 2.0), None)  # type: ignore[arg-type]
    assert found.momentum == Momentum(average="first gradient", beta=0.9)
    assert found.balance == 2.0


def test_blocks_that_are_moved_one_by_one_are_said_to_be() -> None:
    findings, found = said(runs_of(lambda: Plain(nothing, polar), BLOCKS), POLAR)
    assert findings["blocks"].value == "each block by itself"
    assert not found.exponents


def test_a_sign_says_its_momentum_and_adam_its_rates() -> None:
    sign = Convention(map=EntrywiseMap(name="sign"))
    findings, found = said(runs_of(lambda: Plain(ema, np.sign), STEPS), sign)
    assert found.momentum.average == "ema"
    assert found.momentum.beta == pytest.approx(0.9, abs=0.02)

    def adam(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
        of.memory["m"] = 0.8 * of.memory.get("m", 0.0) + 0.2 * g
        of.memory["v"] = 0.95 * of.memory.get("v", 0.0) + 0.05 * g * g
        return of.memory["m"] / (1 - 0.8 ** (k + 1)) / (np.sqrt(of.memory["v"] / (1 - 0.95 ** (k + 1))) + 1e-8)

    findings, found = said(runs_of(lambda: Plain(adam, lambda d: d), STEPS), sign)
    assert found.map == EntrywiseMap(name="adam", betas=(0.8, 0.95))
    assert "0.95" in findings["momentum"].value


def test_probes_are_exact_in_every_precision_and_well_conditioned() -> None:
    assert len({probe.name for probe in SEVERAL}) == len(SEVERAL)
    for probe in SEVERAL:
        for blocks in (probe.start, *probe.gradients, *(probe.previous_gradients or ())):
            for x in blocks.values():
                mantissas = np.frexp(x)[0] * 2.0**8
                assert np.array_equal(mantissas, np.round(mantissas))
        if probe.name in ("several-different", "several-uneven", "several-tall", "several-long"):
            for k in range(probe.n_steps):
                total = sum(0.95 ** (k - j) * probe.gradients[j]["w"] for j in range(k + 1))
                assert np.linalg.cond(total) < 10
