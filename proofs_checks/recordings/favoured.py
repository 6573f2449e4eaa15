"""Favour: which exponent makes the leading noise term of T5 under N2 smallest, in one common unit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from schattor_theory.geometry import exponent_label, schatten_norm

from .constants import Constants
from .intervals import TailIndex
from .reading import Block

__all__ = ["Favour", "favour_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Favour:
    """The exponent p against 2, by ``4(LΔσ²/K)^{1/4}`` of T5-N2.

    The bound at p is on ``‖∇f‖_q ≥ ‖∇f‖_F``; divided by that ratio g at the recorded gradient it is in the unit of the
    bound at 2. Then p is favoured exactly while ``L_p/L_2 < g⁴(σ_2/σ_p)²``, and T8 knows ``1 ≤ L_p/L_2 ≤ r^{1-2/p}``.

    Attributes
    ----------
    p : float
        The exponent.
    gradient_ratio : float
        g.
    break_even, low, high : float
        ``g⁴(σ_2/σ_p)²`` from sample values and from the ends of the two σ.
    most : float
        ``r^{1-2/p}``.
    verdict : str
        "p", "2", "depends", "undecided", or "same" for a vector.
    reason : str
        One sentence.
    """

    p: float
    gradient_ratio: float
    break_even: float
    low: float
    high: float
    most: float
    verdict: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        names = ("gradient_ratio", "break_even", "low", "high", "most", "verdict", "reason")
        return {"p": exponent_label(self.p)} | {name: getattr(self, name) for name in names}


def favour_of(block: Block, at_p: Constants, at_two: Constants, tail: TailIndex) -> Favour:
    """Return the comparison of ``at_p`` with p = 2."""
    mean = block.sample_mean if block.mean is None else block.mean
    frobenius = float(schatten_norm(mean, 2))
    ratio = float(schatten_norm(mean, at_p.q)) / frobenius if frobenius > 0 else math.nan
    most = float(min(block.shape)) ** (1 - 2 / at_p.p)
    label = exponent_label(at_p.p)
    ours, two = at_p.best_covariance, at_two.best_covariance
    value = _break_even(ratio, two.value, ours.value)
    # numerics: an end that is 0 or inf leaves the comparison open on that side
    low, high = _break_even(ratio, two.low, ours.high), _break_even(ratio, two.high, ours.low)
    low, high = (0.0 if math.isnan(low) else low), (math.inf if math.isnan(high) else high)
    if min(block.shape) == 1:
        verdict, reason = "same", "a vector has one norm for every p"
    elif tail.contradicts_moment(2):
        verdict, reason = "undecided", "N2 is contradicted, so this form of the bound does not apply"
    elif math.isnan(ratio):
        verdict, reason = "undecided", "the gradient is zero"
    elif low > most:
        verdict, reason = "p", f"p = {label} whatever the smoothness: L_p/L_2 is at most {most:.3g}"
    elif high < 1:
        verdict, reason = "2", "p = 2 whatever the smoothness: L_p/L_2 is at least 1"
    elif high < math.inf:
        verdict = "depends"
        parts = [f"p = {label} if L_p/L_2 < {low:.3g}"] if low > 1 else []
        parts += [f"p = 2 if L_p/L_2 > {high:.3g}"] if high < most else []
        reason = f"{', '.join(parts) or 'the intervals leave it open'} (it lies in [1, {most:.3g}])"
    else:
        verdict, reason = "undecided", f"sample values say p = {label} if L_p/L_2 < {value:.3g}; an interval is open"
    if block.mean is None and verdict in ("p", "2", "depends"):
        reason += "; the gradient's ratio is that of the sample mean"
    return Favour(p=at_p.p, gradient_ratio=ratio, break_even=value, low=low, high=high, most=most, verdict=verdict,
                  reason=reason)  # fmt: skip


def _break_even(ratio: float, two: float, ours: float) -> float:
    if ours == 0:
        return math.nan if two == 0 else math.inf
    if math.isinf(ours):
        return math.nan if math.isinf(two) else 0.0
    return ratio**4 * (two / ours) ** 2
