"""Analysis: what each block of a recording says about N1, N2, N3, and which exponent T5 favours for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import threadpoolctl

from schattor_theory.checks import check_exponent, check_in_interval, fail
from schattor_theory.errors import ExponentError, ParameterError
from schattor_theory.geometry import dual_exponent, exponent_label
from synthetic.estimates import Estimate

from .claims import Claim, claims_of
from .constants import Constants, Ranks, Spectra, covariance_sigma, moment_sigma, ranks, spectra, weighted_sigma
from .drift import Drift, drift_of
from .favoured import Favour, favour_of
from .intervals import TailIndex, moment_ratio_low, tail_index
from .reading import Block, Recording

__all__ = ["ORDERS", "Analysis", "BlockAnalysis", "analyse"]

ORDERS = (1.5, 2.0)
"""Moment orders of N1 and N3 that are looked at."""

SIDES = ("left", "right")

_CALL = "assumptions"
_OTHERS = 5  # tail index, two moment ratios, two ranks


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockAnalysis:
    """What one block says."""

    block: Block
    level: float
    tail: TailIndex
    moment_ratio: dict[float, float]
    drift: Drift
    one_law: bool
    constants: tuple[Constants, ...]
    ranks: Ranks | None
    mean_ranks: dict[str, float] | None
    claims: tuple[Claim, ...]
    favours: tuple[Favour, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        rows = [
            {"p": exponent_label(c.p), "assumption": name, "order": order, "side": side,
             **_ends(estimate)}
            for c in self.constants
            for name, order, side, estimate in (
                *(("N1", order, None, e) for order, e in c.moment.items()),
                *(("N2", 2.0, side, e) for side, e in c.covariance.items()),
                *(("N3", order, None, e) for order, e in c.weighted.items()),
            )
        ]  # fmt: skip
        tail = {"value": self.tail.value, "low": self.tail.low, "high": self.tail.high,
                "n_tail": list(self.tail.n_tail), "is_power_law": self.tail.is_power_law,
                "lighter_p_value": self.tail.lighter_p_value}  # fmt: skip
        return {
            "shape": list(self.block.shape),
            "n_recorded": self.block.n_recorded,
            "n_noise": len(self.block.noise),
            "centring": self.block.centring,
            "interval_level": self.level,
            "tail_index": tail,
            "moment_ratio_low": {f"{order:g}": low for order, low in self.moment_ratio.items()},
            "drift": {name: getattr(self.drift, name) for name in ("sizes", "dependence", "shapes")},
            "one_law": self.one_law,
            "constants": rows,
            "nuclear_rank": _ends(self.ranks.nuclear_rank) if self.ranks else None,
            "stable_rank": _ends(self.ranks.stable_rank) if self.ranks else None,
            "n_zero": self.ranks.n_zero if self.ranks else len(self.block.noise),
            "gradient_ranks": self.mean_ranks,
            "claims": [claim.to_dict() for claim in self.claims],
            "favours": [favour.to_dict() for favour in self.favours],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What a recording says, all its intervals and tests together at ``level``."""

    source: str
    level: float
    exponents: tuple[float, ...]
    blocks: dict[str, BlockAnalysis]

    @property
    def contradicted(self) -> list[tuple[str, Claim]]:
        """Return the blocks and assumptions that the record contradicts."""
        return [(n, c) for n, block in self.blocks.items() for c in block.claims if c.is_contradicted]

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        return {
            "source": self.source,
            "level": self.level,
            "p": [exponent_label(p) for p in self.exponents],
            "blocks": {name: block.to_dict() for name, block in self.blocks.items()},
        }


def analyse(
    recording: Recording,
    exponents: Sequence[Any] = (2, 4, math.inf),
    *,
    level: float = 0.95,
    progress: Callable[[str], None] | None = None,
    known: Mapping[str, BlockAnalysis] | None = None,
    keep: Callable[[BlockAnalysis], None] | None = None,
) -> Analysis:
    """Return what a recording says about the noise assumptions.

    All intervals and tests hold together with probability ``level`` (the error is divided evenly among them): the lower
    ends for adapted noise of any tail, the upper ends for independent noise of one law with a power-law tail or a
    lighter one. Where the record shows that it is not one law, the upper ends are withdrawn.

    Parameters
    ----------
    recording : Recording
        From :func:`.load_recording`.
    exponents : sequence
        p in [2, inf] of the primal norms.
    level : float
        In (0, 1).
    progress : callable, optional
        Called with the name of each block before it is looked at.
    known : mapping of BlockAnalysis, optional
        Blocks that are not looked at again: what an earlier run of the same recording and settings has found.
    keep : callable, optional
        Called with the analysis of each block that was looked at.

    Raises
    ------
    ExponentError
        For p below 2, where the dual exponent is above 2 and N2 has no bound here.
    ParameterError
        For a level outside (0, 1), or no exponent.
    """
    level = check_in_interval(_CALL, "level", level, 0, 1, include_low=False, include_high=False)
    ps = tuple(dict.fromkeys(check_exponent(_CALL, p) for p in exponents))
    if not ps:
        fail(ParameterError, _CALL, "p", "name at least one exponent", list(exponents))
    for p in ps:
        if p < 2:
            fail(ExponentError, _CALL, "p", "lie in [2, inf]", p, "N2 and N3 are about dual exponents q ≤ 2.")
    n_intervals = len({*ps, 2.0}) * (2 * len(ORDERS) + 2) + _OTHERS
    # half for the intervals, half for the permutation tests, whose p-values are not below one in their number
    share = (1 - level) / (2 * len(recording.blocks))
    found = dict(known or {})
    with threadpoolctl.threadpool_limits(1):
        for name, block in recording.blocks.items():
            if name in found:
                continue
            if progress is not None:
                progress(name)
            found[name] = _analyse_block(block, ps, 1 - share / n_intervals, share)
            if keep is not None:
                keep(found[name])
    found = {name: found[name] for name in recording.blocks}
    return Analysis(source=recording.source, level=level, exponents=ps, blocks=found)


def _analyse_block(block: Block, ps: Sequence[float], level: float, drift_error: float) -> BlockAnalysis:
    # numerics: in units of the largest entry no power of a size over- or underflows
    scale = float(np.abs(block.noise).max()) or 1.0
    noise = block.noise / scale
    sizes = np.linalg.norm(noise, axis=(1, 2))
    drift = drift_of(noise, error=drift_error)
    one_law = not drift.contradicts_one_law(drift_error)
    known = {side: spectra(noise, side) for side in SIDES}
    every = {p: _in_unit(_constants(noise, p, known, block, level, one_law), scale) for p in {*ps, 2.0}}
    constants = tuple(every[p] for p in ps)
    tail = tail_index(sizes, level=level)
    ratio = {order: moment_ratio_low(sizes, order, level=level) for order in (1.0, 2.0)}
    return BlockAnalysis(
        block=block,
        level=level,
        tail=tail,
        moment_ratio=ratio,
        drift=drift,
        one_law=one_law,
        constants=constants,
        ranks=ranks(noise, level=level),
        mean_ranks=_mean_ranks(block.mean),
        claims=claims_of(tail, drift, constants, orders=ORDERS, error=drift_error, block=block),
        favours=tuple(favour_of(block, c, every[2.0], tail) for c in constants if c.p > 2),
    )


def _constants(
    noise: np.ndarray, p: float, known: Mapping[str, Spectra], block: Block, level: float, one_law: bool
) -> Constants:
    q = dual_exponent(p)
    settings: dict[str, Any] = {"level": level, "one_law": one_law}
    sides = {side: covariance_sigma(noise, q, side, known=known[side], **settings) for side in SIDES}
    better = min(sides, key=lambda side: sides[side].value)
    factors = block.size_factors
    return Constants(
        p=p,
        q=q,
        moment={o: moment_sigma(noise, q, o, factors=factors, **settings) for o in ORDERS},
        covariance=sides,
        weighted={o: weighted_sigma(noise, q, o, better, factors=factors, **settings) for o in ORDERS},
    )


def _in_unit(constants: Constants, scale: float) -> Constants:
    def scaled(family: dict[Any, Estimate]) -> dict[Any, Estimate]:
        return {key: estimate.scaled(scale) for key, estimate in family.items()}

    return replace(
        constants,
        moment=scaled(constants.moment),
        covariance=scaled(constants.covariance),
        weighted=scaled(constants.weighted),
    )


def _mean_ranks(mean: np.ndarray | None) -> dict[str, float] | None:
    if mean is None or not mean.any():
        return None
    s = np.linalg.svd(mean / np.abs(mean).max(), compute_uv=False)
    squares = float(np.sum(s**2))
    return {"nuclear_rank": float(s.sum()) ** 2 / squares, "stable_rank": squares / float(s[0]) ** 2}


def _ends(estimate: Estimate) -> dict[str, Any]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high, "n": estimate.n,
            "method": estimate.method}  # fmt: skip
