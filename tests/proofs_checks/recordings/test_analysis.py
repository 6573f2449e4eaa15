"""What records with known constants contradict, and what they do not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from proofs_checks.recordings import analyse
from proofs_checks.recordings.analysis import BlockAnalysis
from proofs_checks.recordings.constants import covariance_sigma, ranks, weighted_sigma
from proofs_checks.recordings.drift import drift_of
from proofs_checks.recordings.example import digits_recording
from proofs_checks.recordings.reading import recording_of
from proofs_checks.recordings.report import ledger_of, outcome, page_of, words_of
from schattor_theory import ProductGeometry
from schattor_theory.errors import ExponentError, ParameterError
from synthetic.noise import minibatch
from synthetic.problems import PROBLEMS
from synthetic.seeds import Streams
from tests.proofs_checks.recordings.records import gaussian, generator, one_hot, pareto


def block_of(noise: np.ndarray, *, has_mean: bool = True, p: tuple = (2, math.inf)) -> BlockAnalysis:
    arrays = {"w": noise} | ({"w/mean": np.zeros(noise.shape[1:])} if has_mean else {})
    return analyse(recording_of(arrays), p).blocks["w"]


def contradicted(block: BlockAnalysis) -> set[tuple[str, str]]:
    return {(c.assumption, c.form.split(",")[0]) for c in block.claims if c.is_contradicted}


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("q", [1.0, 4 / 3, 2.0])
def test_covariance_constants_of_a_gaussian_are_held(side: str, q: float) -> None:
    m, n = 3, 5
    found = covariance_sigma(gaussian(1000, m, n), q, side, level=0.99)
    truth = math.sqrt(n) * m ** (1 / q) if side == "left" else math.sqrt(m) * n ** (1 / q)
    assert found.low <= truth <= found.high
    assert found.high <= 1.15 * truth


def test_a_covariance_constant_with_an_error_planted_is_not_held() -> None:
    found = covariance_sigma(gaussian(1000, 3, 3), 1, "left", level=0.99)
    assert not found.contains(1.2 * math.sqrt(3) * 3)
    assert not found.contains(0.85 * math.sqrt(3) * 3)


def test_weighted_constant_of_one_hot_noise_is_held() -> None:
    # W = 4^{-1/2} I at q = 1, s = 2: σ = 2 for every order
    for order in (1.5, 2.0):
        found = weighted_sigma(one_hot(1000, 4), 1, order, "left", level=0.99)
        assert found.low <= 2.01
        assert found.high >= 2.0
        assert found.high <= 2.2


def test_one_hot_noise_contradicts_n2_with_the_sigma_of_n1() -> None:
    block = block_of(one_hot(1500, 16))
    assert contradicted(block) == {("N2", "with the σ of N1 (order 2) at p = inf")}
    constants = block.constants[1]
    assert constants.moment[2.0].contains(1.0)
    assert constants.covariance["left"].contains(4.0)


def test_noise_of_one_direction_does_not_contradict_n2_with_the_sigma_of_n1() -> None:
    # multiples of one fixed matrix: both constants are equal
    noise = generator("direction").standard_normal((1000, 1, 1)) * gaussian(1, 4, 4)
    assert contradicted(block_of(noise)) == set()


def test_an_infinite_second_moment_contradicts_n2() -> None:
    block = block_of(pareto(3000, 2, 3, 1.1))
    assert {("N1", "any σ"), ("N2", "any Σ"), ("N3", "any W and σ")} <= contradicted(block)
    assert all(f.verdict == "undecided" for f in block.favours)


def test_order_below_the_tail_index_is_not_contradicted() -> None:
    block = block_of(pareto(3000, 2, 3, 1.7))
    orders = {c.form for c in block.claims if c.is_contradicted}
    assert not any("order 1.5" in form for form in orders)


def test_gaussian_noise_contradicts_no_law_of_its_own() -> None:
    block = block_of(gaussian(1000, 3, 3), p=(2,))
    assert contradicted(block) == set()


def test_drifting_sizes_contradict_one_law_and_withdraw_upper_ends() -> None:
    block = block_of(gaussian(800, 3, 3) * np.linspace(1, 2, 800)[:, None, None])
    assert ("one law", "the noise is made of independent draws of one law") in contradicted(block)
    assert all(e.high == math.inf for c in block.constants for e in c.covariance.values())


def test_a_turning_covariance_contradicts_one_law() -> None:
    noise = gaussian(800, 3, 3)
    noise[:400, 0] *= 3
    noise[400:, 1] *= 3
    block = block_of(noise)
    assert not block.one_law
    assert "shape" in next(c.reason for c in block.claims if c.assumption == "one law")


def test_sizes_that_depend_on_the_past_contradict_one_law() -> None:
    noise = gaussian(800, 3, 3)
    noise[(np.arange(800) // 4) % 2 == 0] *= 3
    assert not block_of(noise).one_law


@pytest.mark.slow
def test_pairs_have_the_covariance_and_wider_moments() -> None:
    noise = gaussian(2000, 3, 3)
    known, pairs = block_of(noise), block_of(noise + 7.0, has_mean=False)
    truth = math.sqrt(3) * 3
    assert pairs.constants[1].covariance["left"].contains(truth)
    ours, wide = known.constants[1].moment[2.0], pairs.constants[1].moment[2.0]
    assert wide.low < ours.low
    assert ours.high < wide.high
    # at p = 2 and order 2 the moment is a trace of the covariance: no factor
    assert pairs.constants[0].moment[2.0].contains(3.0)


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_constants_scale_with_the_record(scale: float) -> None:
    noise = gaussian(400, 2, 3)
    unit, scaled = block_of(noise), block_of(scale * noise)
    for a, b in zip(unit.constants, scaled.constants, strict=True):
        assert b.moment[1.5].value / scale == pytest.approx(a.moment[1.5].value, rel=1e-12)
        assert b.covariance["left"].high / scale == pytest.approx(a.covariance["left"].high, rel=1e-9)


def test_ranks_are_held_and_zero_matrices_counted() -> None:
    noise = np.concatenate([one_hot(500, 4), np.zeros((3, 4, 4)), np.tile(np.eye(4), (500, 1, 1))])
    found = ranks(noise, level=0.99)
    assert found is not None
    assert found.n_zero == 3
    assert found.nuclear_rank.value == pytest.approx(2.5)
    assert found.stable_rank.contains(2.5)
    assert ranks(np.zeros((9, 2, 2)), level=0.9) is None


def test_zero_noise_is_analysed() -> None:
    block = block_of(np.zeros((50, 2, 2)))
    assert contradicted(block) == set()
    assert block.constants[0].moment[2.0].value == 0.0


def test_the_favoured_exponent_depends_on_smoothness_only_as_far_as_the_record_leaves_open() -> None:
    rng = generator("favour")
    mean = np.eye(8)  # g = √8 at p = inf: break-even 64 (σ_2/σ_inf)²
    arrays = {"w": mean + rng.standard_normal((1000, 1, 1)) * np.outer(np.eye(8)[0], np.eye(8)[1]), "w/mean": mean}
    favour = analyse(recording_of(arrays), [2, math.inf]).blocks["w"].favours[0]
    assert favour.verdict == "p"
    assert favour.break_even == pytest.approx(64.0, rel=1e-9)
    flat = np.outer(np.eye(8)[0], np.eye(8)[0])  # g = 1, noise of full rank
    arrays = {"w": flat + gaussian(1000, 8, 8), "w/mean": flat}
    favour = analyse(recording_of(arrays), [math.inf]).blocks["w"].favours[0]
    assert favour.verdict == "2"
    assert favour.break_even == pytest.approx(1 / 8, rel=0.05)


def test_a_vector_favours_no_exponent() -> None:
    assert block_of(gaussian(200, 5, 1)).favours[0].verdict == "same"


def test_nothing_is_confirmed_in_words() -> None:
    calm = analyse(recording_of({"w": gaussian(200, 2, 2), "w/mean": np.zeros((2, 2))}), [2])
    wild = analyse(recording_of({"w": one_hot(1500, 16), "w/mean": np.zeros((16, 16))}))
    for analysis in (calm, wild):
        for text in (words_of(analysis), page_of(analysis)):
            assert "confirms nothing" in text or "not confirmed" in text
            assert "holds" not in text.split("</style>")[-1]
    assert outcome(calm).startswith("The record contradicts nothing")


@pytest.mark.slow
def test_ledger_is_violated_only_where_no_constant_saves_the_assumption() -> None:
    def exit_code(noise: np.ndarray) -> int:
        arrays = {"w": noise, "w/mean": np.zeros(noise.shape[1:])}
        return ledger_of(analyse(recording_of(arrays)), {}).exit_code

    assert exit_code(one_hot(1500, 16)) == 0
    ledger = ledger_of(analyse(recording_of({"w": pareto(3000, 2, 3, 1.1), "w/mean": np.zeros((2, 3))})), {})
    assert ledger.exit_code == 1
    assert {e.statement for e in ledger.entries if e.verdict.value == "violated"} == {"N1", "N2", "N3"}
    assert all(e.verdict.value != "holds" for e in ledger.entries)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"exponents": [1.5]}, ExponentError, r"p must lie in \[2, inf\]"),
        ({"exponents": ["x"]}, ExponentError, r"p must lie in \[1, inf\]"),
        ({"exponents": []}, ParameterError, "p must name at least one exponent"),
        ({"level": 1.0}, ParameterError, r"level must lie in \(0, 1\)"),
    ],
)
def test_refuses(options: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=f"assumptions: {message}"):
        analyse(recording_of({"w": gaussian(10, 2, 2)}), **options)


def test_drift_p_values_are_not_small_too_often() -> None:
    # under one law each p-value is at most 0.2 with probability at most 0.2: of 40, more than 17 have odds below 1e-3
    found = [drift_of(gaussian(60, 2, 3, seed), error=0.05) for seed in range(40)]
    for name in ("sizes", "dependence", "shapes"):
        assert sum(getattr(drift, name) <= 0.2 for drift in found) <= 17


@pytest.mark.slow
def test_intervals_of_the_digits_network_hold_what_all_its_images_say() -> None:
    width, batch = 4, 16
    record = digits_recording(width=width, batch_size=batch, n_gradients=1200, seed=3)
    start = Streams({"recording": "digits", "seed": 3}).generator("start")
    problem = PROBLEMS["digits_network"].build(None, None, width=width, rng=start)
    found = analyse(recording_of({k: v for k, v in record.items() if "bias" not in k}))
    for side in ("left", "right"):
        for i, p in enumerate(found.exponents):
            geometry = ProductGeometry(dict.fromkeys(problem.start, p))
            truth = minibatch.minibatch_covariance_sigma(problem, problem.start, geometry, batch_size=batch, side=side)
            for name, block in found.blocks.items():
                estimate = block.constants[i].covariance[side]
                assert estimate.low <= truth[name] <= estimate.high
                assert estimate.high <= 1.5 * estimate.low  # and says something
