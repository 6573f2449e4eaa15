"""D3: which weights the gradients have in the momentum, read off with unit gradients."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from schattor_theory.optimizer import schattor

from .check import Check, Context, Finding
from .tally import Tally, rounding

__all__ = ["CHECKS"]

_STEPS = 16
_MOMENTA = (0.0, 0.3, 0.9, 0.999)


def _weights(momentum: float, is_corrected: bool) -> np.ndarray:
    """Return what gradient i weighs in ``M_k``, shape (k, i): one run of a stack in which slice i sees it alone."""
    optimizer = schattor.Schattor(2, 1.0, momentum, bias_correction=is_corrected)
    x = np.zeros((_STEPS, 1, 1))
    state, seen = optimizer.init(x), []
    for gradient in np.eye(_STEPS)[..., None, None]:
        x, state = optimizer.step(x, gradient, state)
        seen.append(np.asarray(state.momentum)[:, 0, 0])
    return np.array(seen)


def _expected(momentum: float, is_corrected: bool) -> np.ndarray:
    """Return the weights of D3 and its remark in rational arithmetic, for the number that the momentum is."""
    mu = Fraction(momentum)
    rows = np.zeros((_STEPS, _STEPS))
    for k in range(_STEPS):
        for i in range(k + 1):
            if is_corrected:
                weight = mu ** (k - i) / sum(mu**age for age in range(k + 1))
            else:
                weight = mu**k if i == 0 else (1 - mu) * mu ** (k - i)
            rows[k, i] = float(weight)
    return rows


def _weights_follow_from_the_recursion(context: Context) -> Finding:
    """The weights in M_k are ``θ(1-θ)^{k-i}`` and ``(1-θ)^k`` for G_0, with bias correction those of heavy ball."""
    tally = Tally(context)
    for momentum in _MOMENTA:
        for is_corrected in (False, True):
            found, expected = _weights(momentum, is_corrected), _expected(momentum, is_corrected)
            # 1 - μ^{k+1} is known to eps, and is at least 1 - μ
            slack = rounding(1, operations=_STEPS) / (1 - momentum)
            witness = {"momentum": momentum, "bias_correction": is_corrected}
            tally.equal(found, expected, slack=slack, witness=witness)
            tally.equal(found.sum(axis=1), 1.0, slack=slack, witness=witness | {"claim": "an average"})
    return tally.finding("The gradients have the weights of the recursion, and they add up to 1.")


CHECKS = (
    Check(
        statement="D3",
        name="weights_follow_from_the_recursion",
        kind="derivation",
        function=_weights_follow_from_the_recursion,
        is_random=False,
        cost=0.1,
    ),
)
