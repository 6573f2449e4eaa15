"""Claims: each assumption that a record contradicts or does not. There is no third outcome, and none confirms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from schattor_theory.geometry import exponent_label

from .constants import Constants
from .drift import Drift
from .intervals import TailIndex
from .reading import Block

__all__ = ["Claim", "claims_of"]

POWER_LAW = "if the tail is a power law"
NO_MODEL = "no model of the tail"
EXCHANGEABLE = "permutation test"
MIXED = "lower end without a model, upper end for a power-law tail or lighter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One assumption against the record.

    Attributes
    ----------
    assumption : str
        "N1", "N2", "N3", or "one law".
    form : str
        What exactly would be assumed.
    is_contradicted : bool
        True: refuted at the level. False says nothing in favour of it.
    basis : str
        What the refutation, if there is one, rests on.
    reason : str
        The numbers behind it.
    is_violation : bool
        Whether a contradiction means that no constant at all makes the assumption true.
    """

    assumption: str
    form: str
    is_contradicted: bool
    basis: str
    reason: str
    is_violation: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        names = ("assumption", "form", "is_contradicted", "basis", "reason", "is_violation")
        return {name: getattr(self, name) for name in names}

    def words(self) -> str:
        """Return the claim in one sentence."""
        if self.is_contradicted:
            return f"{self.assumption}, {self.form}: CONTRADICTED ({self.reason}; {self.basis})"
        return f"{self.assumption}, {self.form}: not contradicted ({self.reason})"


def claims_of(
    tail: TailIndex, drift: Drift, constants: Sequence[Constants], *, orders: Sequence[float], error: float,
    block: Block,
) -> tuple[Claim, ...]:  # fmt: skip
    """Return every claim about one block."""
    found = [_moment_claim("N1", f"any σ, moment order {order:g}", tail, order) for order in orders]
    found.append(_moment_claim("N2", "any Σ", tail, 2.0))
    found += [_moment_claim("N3", f"any W and σ, moment order {order:g}", tail, order) for order in orders]
    found += [_same_sigma(c) for c in constants if c.p > 2]
    drifts = drift.contradicts_one_law(error)
    p_value = min(drift.sizes, drift.dependence, drift.shapes)
    what = "differences of neighbours are" if block.centring == "pairs" else "noise is made of"
    found.append(
        Claim(
            assumption="one law",
            form=f"the {what} independent draws of one law",
            is_contradicted=bool(drifts),
            basis=EXCHANGEABLE,
            reason="; ".join(drifts) or f"least p-value {p_value:.2g} of three",
        )
    )
    return tuple(found)


def _moment_claim(assumption: str, form: str, tail: TailIndex, order: float) -> Claim:
    if not tail.n_tail:
        reason = "too few sizes to look at a tail"
    elif not tail.is_power_law:
        reason = f"the tail is lighter than a power law, p-value {tail.lighter_p_value:.2g}"
    else:
        reason = f"tail index in [{tail.low:.3g}, {tail.high:.3g}]"
    return Claim(
        assumption=assumption,
        form=form,
        is_contradicted=tail.contradicts_moment(order),
        basis=POWER_LAW,
        reason=reason,
        is_violation=True,
    )


def _same_sigma(constants: Constants) -> Claim:
    """N2 with N1's σ: what the dimension-free rate needs, and what noise on changing coordinates does not have."""
    moment = constants.moment[2.0]
    least = constants.least_covariance
    return Claim(
        assumption="N2",
        form=f"with the σ of N1 (order 2) at p = {exponent_label(constants.p)}",
        is_contradicted=least > moment.high,
        basis=MIXED,
        reason=f"σ of N2 at least {least:.4g}, σ of N1 at most {moment.high:.4g}",
    )
