"""Momentum from several steps: every form is named from outputs, and what they cannot tell apart is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from proofs_checks.crosscheck.convention import UNIT_ROUNDOFF, Convention, Floor, PowerMap
from proofs_checks.crosscheck.diagnosis.several import several_steps
from proofs_checks.crosscheck.finding import Finding
from proofs_checks.crosscheck.momentum import Momentum
from proofs_checks.crosscheck.probe import Probe, Run, one_block
from proofs_checks.crosscheck.probes import SEVERAL
from proofs_checks.crosscheck.reference import reference_parameters
from proofs_checks.crosscheck.rounding import Rounding
from schattor_theory.geometry.polynomials import polar_schedule
from synthetic.seeds import Streams
from tests.proofs_checks.crosscheck.several_targets import CUBIC, POLAR, Plain, cubic, one_step, polar, runs_of, scaled

MU = 0.95
FEW = [probe for probe in SEVERAL if probe.name in ("several-different", "several-uneven", "several-long")]


def buffer(of: Plain, name: str = "b") -> np.ndarray:
    return of.memory.get(name, np.zeros(1))


def ema(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    of.memory["b"] = MU * buffer(of) + (1 - MU) * g
    return of.memory["b"]


def nesterov(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    return MU * ema(of, g, previous, k) + (1 - MU) * g


def heavy(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    of.memory["b"] = MU * buffer(of) + g
    return of.memory["b"]


def heavy_ahead(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    return MU * heavy(of, g, previous, k) + g


def mixed(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    return MU * ema(of, g, previous, k) + g


def from_first(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    of.memory["b"] = g if k == 0 else MU * buffer(of) + (1 - MU) * g
    return of.memory["b"]


def corrected(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    return ema(of, g, previous, k) / (1 - MU ** (k + 1))


def both_corrected(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    return MU * ema(of, g, previous, k) / (1 - MU ** (k + 2)) + (1 - MU) * g / (1 - MU ** (k + 1))


def recursive(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    of.memory["b"] = g if k == 0 else g + MU * (buffer(of) - previous)
    return of.memory["b"]


def rooted(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    theta = (k + 1) ** -0.5
    of.memory["b"] = (1 - theta) * buffer(of) + theta * g
    return of.memory["b"]


def listed(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    theta = (1.0, 0.75, 0.25, 0.5, 0.125)[min(k, 4)]
    of.memory["b"] = (1 - theta) * buffer(of) + theta * g
    return of.memory["b"]


def nothing(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    return g


def found_of(
    average: Callable, convention: Convention = CUBIC, direction: Callable = cubic, probes: list[Probe] | None = None
) -> tuple[dict[str, Finding], Convention]:
    runs = runs_of(lambda: Plain(average, direction), FEW if probes is None else probes)
    findings, found = several_steps(runs, one_step(convention))
    assert found is not None
    return {one.property: one for one in findings}, found


FORMS = [
    (nothing, "none", "none", ()),
    (ema, "ema", "none", ("heavy ball", "bias corrected")),
    (nesterov, "ema", "ema", ("heavy ball", "bias corrected")),
    (mixed, "ema", "heavy ball", ()),
    (from_first, "first gradient", "none", ()),
    (both_corrected, "ema", "bias corrected", ()),
    (recursive, "recursive", "none", ()),
    (rooted, "schedule", "none", ()),
    (listed, "schedule", "none", ()),
]


@pytest.mark.parametrize(
    ("average", "name", "look_ahead", "others"),
    [pytest.param(*form, marks=() if form[0] is recursive else pytest.mark.slow) for form in FORMS],
    ids=[form[0].__name__ for form in FORMS],
)
def test_a_form_of_momentum_is_named(average: Callable, name: str, look_ahead: str, others: tuple) -> None:
    findings, convention = found_of(average)
    assert convention.momentum.average == name
    assert convention.momentum.look_ahead == look_ahead
    if name not in ("none", "schedule"):
        assert convention.momentum.beta == pytest.approx(MU, abs=1e-6)
    said = " ".join(findings["momentum"].alternatives)
    assert all(other in said for other in others)
    assert findings["momentum"].is_decided == (not others)


@pytest.mark.slow
def test_the_schedule_is_read_off_step_by_step() -> None:
    findings, convention = found_of(listed)
    assert convention.momentum.thetas[:5] == pytest.approx((0.75, 0.25, 0.5, 0.125, 0.125), abs=1e-4)
    findings, convention = found_of(rooted)
    assert "(k+1)^-0.5" in findings["momentum"].value


@pytest.mark.parametrize(
    ("average", "name"),
    [
        (ema, "ema"),
        (heavy, "heavy ball"),
        pytest.param(corrected, "bias corrected", marks=pytest.mark.slow),
        pytest.param(from_first, "first gradient", marks=pytest.mark.slow),
    ],
)
def test_a_map_that_sees_lengths_tells_the_averages_apart(average: Callable, name: str) -> None:
    convention = Convention(map=PowerMap(p=2.0, is_regularized=True), momentum=Momentum(average=name, beta=MU))
    findings, found = found_of(average, convention, lambda d: d)
    assert found.momentum.average == name
    assert found.scale.factor == 1.0
    # of ema and heavy ball the scale alone tells: that is said, and not called certain
    assert findings["momentum"].is_decided == (name in ("bias corrected", "first gradient"))


@pytest.mark.slow
def test_a_floor_tells_growth_from_correction_and_names_the_round_one() -> None:
    for average, name in ((nesterov, "ema"), (heavy_ahead, "heavy ball")):

        def direction(d: np.ndarray) -> np.ndarray:
            return polar(d) * np.linalg.norm(d, "nuc") / (np.linalg.norm(d, "nuc") + 1e-7)

        momentum = Momentum(average=name, beta=MU, look_ahead=name)
        convention = replace(POLAR, momentum=momentum, floor=Floor(value=1e-7, form="added"))
        probes = [*FEW, *(probe for probe in SEVERAL if "faint" in probe.name)]
        findings, found = found_of(average, convention, direction, probes)
        assert found.momentum == momentum
        assert found.floor.value == pytest.approx(1e-7)
        assert not any("bias corrected" in words for words in findings["momentum"].alternatives)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_a_coarse_inner_precision_leaves_the_form_and_the_rate(precision: str) -> None:
    of = replace(CUBIC.map, schedule=polar_schedule("muon", n_steps=5))
    for look_ahead in ("ema", "bias corrected"):
        convention = Convention(
            map=of, momentum=Momentum(average="ema", beta=0.95, look_ahead=look_ahead), precision=precision
        )
        runs = []
        for probe in FEW:
            rng = Streams({"coarse": probe.name}).generator("data")
            steps = reference_parameters(convention, probe, rounding=Rounding(UNIT_ROUNDOFF[precision], rng))
            runs.append(Run(probe=probe, parameters=steps, dtype="float32", result_dtype="float32"))
        _, found = several_steps(runs, one_step(convention))
        assert found is not None
        assert found.momentum.look_ahead == look_ahead
        assert found.momentum.beta == pytest.approx(0.95, abs=0.01)


@pytest.mark.slow
def test_float64_gives_the_rate_to_more_digits() -> None:
    def odd(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
        of.memory["b"] = 0.8736451 * buffer(of) + g
        return of.memory["b"]

    runs = runs_of(lambda: Plain(odd, polar), FEW, "float64")
    _, found = several_steps(runs, POLAR)
    assert found is not None
    assert found.momentum.beta == pytest.approx(0.8736451, abs=1e-7)


def test_a_log_of_one_run_says_the_momentum() -> None:
    rng = Streams({"log of a run": 0}).generator("data")
    gradients = tuple(one_block(rng.standard_normal((6, 9)).astype(np.float32).astype(float)) for _ in range(5))
    start = one_block(rng.standard_normal((6, 9)).astype(np.float32).astype(float))
    probe = Probe(name="log", purpose="a log of a run", start=start, gradients=gradients, step_size=0.25)
    _, found = several_steps(runs_of(lambda: Plain(nesterov, cubic), [probe]), CUBIC)
    assert found is not None
    assert (found.momentum.average, found.momentum.look_ahead) == ("ema", "ema")
    assert found.momentum.beta == pytest.approx(MU, abs=1e-4)


def overwritten(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    of.memory["b"] = nesterov(of, g, previous, k)
    return of.memory["b"]


def twice(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    return MU * nesterov(of, g, previous, k) + (1 - MU) * g


def restarted(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    if k % 3 == 0:
        of.memory["b"] = np.zeros_like(g)
    return ema(of, g, previous, k)


def of_normalised(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    return ema(of, g / np.linalg.norm(g), previous, k)


def normalised_in_place(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    d = ema(of, g, previous, k)
    of.memory["b"] = d / np.linalg.norm(d)
    return d


def stale(of: Plain, g: np.ndarray, previous: np.ndarray, k: int) -> np.ndarray:
    before = np.copy(buffer(of)) + np.zeros_like(g)
    from_first(of, g, previous, k)
    return before


@pytest.mark.parametrize(
    ("average", "about", "words"),
    [
        (overwritten, "look-ahead", "overwritten"),
        pytest.param(twice, "look-ahead", "applied twice", marks=pytest.mark.slow),
        pytest.param(restarted, "momentum", "restarted before steps 3, 6, 9", marks=pytest.mark.slow),
        pytest.param(of_normalised, "momentum", "of normalised gradients", marks=pytest.mark.slow),
        pytest.param(normalised_in_place, "momentum", "overwritten: divided by its norm", marks=pytest.mark.slow),
    ],
)
def test_a_defect_of_the_average_is_named_and_a_fault(average: Callable, about: str, words: str) -> None:
    findings, _ = found_of(average)
    assert words in findings[about].value
    assert findings[about].is_fault


@pytest.mark.slow
def test_an_average_of_mapped_gradients_is_named() -> None:
    findings, _ = found_of(lambda of, g, previous, k: ema(of, cubic(g), previous, k), direction=scaled(lambda d: d, 10))
    assert "after the map" in findings["momentum"].value
    assert findings["momentum"].is_fault


@pytest.mark.slow
def test_a_step_made_before_the_newest_gradient_is_named() -> None:
    runs = runs_of(lambda: Plain(stale, polar), [probe for probe in SEVERAL if len(probe.start) == 1])
    findings, _ = several_steps(runs, None)
    momentum = next(one for one in findings if one.property == "momentum")
    assert "one step late" in momentum.value
    assert momentum.is_fault


def test_a_state_that_is_not_restored_is_a_fault() -> None:
    single = [probe for probe in SEVERAL if probe.name in ("several-different", "several-saved")]
    for forgets in (False, True):
        findings, _ = several_steps(runs_of(lambda: Plain(ema, polar), single, forgets=forgets), POLAR)
        lost = [one for one in findings if "not restored" in one.value]
        assert bool(lost) == forgets
        assert all(one.is_fault for one in lost)
