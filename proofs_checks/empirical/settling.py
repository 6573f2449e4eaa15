"""How long averaging weights take to settle: the sums that the burn-in terms of the closed forms stand for."""

from __future__ import annotations

from typing import Any, TypedDict

import numpy as np

from .tally import Tally, Witness

__all__ = ["compare_burn_in", "settling"]

_THETA, _STEPS = 2e-5, 1_000_000
"""θ so small that the burn-in is nearly attained, and enough steps to see all of it."""

_ATTAINED = 0.96  # the rest is of order √θ ln(1/θ)


def settling(theta: float, n_steps: int, look_ahead: float = 0.0, *, bias_correction: bool = False) -> float:
    """Return ``Σ_k (Ã_k - κ̃)`` over k < K at β = 2, from the geometric weights themselves.

    Constant θ puts the weights ``(1-θ)^k, θ(1-θ)^{k-1}, …, θ`` on the samples; bias correction divides
    ``μ^k, …, μ, 1`` by their sum.
    """
    k = np.arange(n_steps, dtype=float)
    kept = np.exp(k * np.log1p(-theta))
    limit = theta / (2 - theta)
    squares = limit + (1 - limit) * kept**2
    if bias_correction:
        past = (1 - theta) * kept
        squares = limit * (1 + past) / (1 - past)
    fresh = theta + look_ahead - theta * look_ahead
    ahead = ((1 - look_ahead) * (1 - theta)) ** 2
    if look_ahead:
        squares = np.concatenate([[1.0], ahead * squares[:-1] + fresh**2])
        limit = ahead * limit + fresh**2
    return float(np.sum((squares - limit) / (np.sqrt(squares) + np.sqrt(limit))))


def compare_burn_in(
    tally: Tally,
    burn_in: float,
    price: float,
    *,
    look_ahead: float = 0.0,
    bias_correction: bool = False,
    witness: Witness,
) -> None:
    """Compare a burn-in term at ``SLOW`` with ``price`` times the mean excess of the weights: above it, and close."""
    exact = price * settling(_THETA, _STEPS, look_ahead, bias_correction=bias_correction) / _STEPS
    inputs: dict[str, Any] = dict(witness() if callable(witness) else witness)
    inputs |= {"theta": _THETA, "n_steps": _STEPS, "claim": "burn-in"}
    tally.at_most(exact, burn_in, witness=inputs)
    tally.at_most(_ATTAINED * burn_in, exact, witness=inputs | {"claim": "burn-in attained"})


class SlowRun(TypedDict):
    """1 - θ and K."""

    momentum: float
    n_steps: int


SLOW: SlowRun = {"momentum": 1 - _THETA, "n_steps": _STEPS}
"""The arguments of a bound at which :func:`compare_burn_in` looks at it."""
