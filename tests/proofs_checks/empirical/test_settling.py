"""The sums behind the burn-in terms, against the recursions of T3 and T10."""

from __future__ import annotations

import numpy as np
import pytest

from proofs_checks.empirical.check import Context
from proofs_checks.empirical.settling import compare_burn_in, settling
from proofs_checks.empirical.tally import Tally
from proofs_checks.evidence import Verdict
from schattor_theory.bounds.momentum_error import bias_corrected_thetas, noise_weights


@pytest.mark.parametrize("theta", [0.5, 0.03])
@pytest.mark.parametrize("look_ahead", [0.0, 0.03, 0.4])
def test_sum_is_that_of_the_recursion(theta: float, look_ahead: float) -> None:
    n_steps = 400
    thetas = np.where(np.arange(n_steps) == 0, 1.0, theta)
    weights = noise_weights(thetas, 2.0, np.full(n_steps, look_ahead) if look_ahead else None)
    long = np.where(np.arange(5000) == 0, 1.0, theta)
    limit = noise_weights(long, 2.0, np.full(5000, look_ahead) if look_ahead else None)[-1]
    assert settling(theta, n_steps, look_ahead) == pytest.approx(float(np.sum(weights - limit)), abs=1e-10)


def test_sum_is_that_of_bias_corrected_weights() -> None:
    theta, n_steps = 0.05, 500
    weights = noise_weights(bias_corrected_thetas(1 - theta, n_steps), 2.0)
    found = settling(theta, n_steps, bias_correction=True)
    assert found == pytest.approx(float(np.sum(weights - (theta / (2 - theta)) ** 0.5)), abs=1e-10)


@pytest.mark.parametrize("factor", [0.95, 1.1])
def test_refuses_a_term_that_is_too_small_or_wasteful(factor: float) -> None:
    tally = Tally(Context())
    compare_burn_in(tally, factor * settling(2e-5, 1_000_000) / 1_000_000, 1.0, witness={})
    assert tally.finding("burn-in").verdict is Verdict.VIOLATED
