"""Tally: comparisons without chance, of which the closest is kept with its inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

from ..evidence import Verdict
from .check import Context, Finding

__all__ = ["Tally", "rounding"]

_EPS = float(np.finfo(float).eps)
_BACKWARD = (
    8  # source: the modest constant of LAPACK's backward error c max(m, n) eps ‖·‖, as in docs/theory/geometry.md
)

Witness = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


def rounding(*shape: int, operations: int = 1) -> float:
    """Return the relative rounding error of ``operations`` backward stable computations on matrices of this shape."""
    return _BACKWARD * max(1, *shape) * operations * _EPS


class Tally:
    """Counts comparisons ``value <= limit`` and keeps the one closest to failing.

    The margin of a comparison is ``(limit + slack - value)/scale``: the slack allows for rounding, the scale says what
    is large. A comparison fails when its margin is negative or not a number.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.count = 0
        self.margin = math.inf
        self._closest: dict[str, Any] = {}

    def at_most(
        self, value: Any, limit: Any, *, slack: Any = 0.0, scale: Any = None, witness: Witness | None = None
    ) -> None:
        """Compare ``value <= limit`` entry by entry.

        Parameters
        ----------
        value, limit : float or array
            Same shape, or broadcast.
        slack : float or array
            Absolute error >= 0 that rounding may cause.
        scale : float or array, optional
            What the margin is relative to; ``|limit|`` if not given.
        witness : mapping, or callable that returns one
            Inputs with which to replay the comparison.
        """
        value, limit, slack = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (value, limit, slack)))
        if value.size == 0:
            fail(ParameterError, "Tally.at_most", "value", "hold at least one comparison", value.shape)
        reference = np.abs(limit) if scale is None else np.abs(np.broadcast_to(np.asarray(scale, float), value.shape))
        reference = np.where(reference > 0, reference, 1.0)
        with np.errstate(invalid="ignore", over="ignore"):
            margins = (limit + slack - value) / reference
        margins = np.where(np.isnan(margins), -math.inf, margins)
        self.count += margins.size
        worst = int(np.argmin(margins))
        if float(margins.flat[worst]) < self.margin:
            self.margin = float(margins.flat[worst])
            inputs = witness() if callable(witness) else dict(witness or {})
            numbers = {"value": float(value.flat[worst]), "limit": float(limit.flat[worst])}
            self._closest = {**inputs, **numbers, "slack": float(slack.flat[worst])}

    def equal(self, a: Any, b: Any, *, slack: Any, witness: Witness | None = None) -> None:
        """Compare ``|a - b| <= slack`` entry by entry; the margin is the unused part of the slack."""
        with np.errstate(invalid="ignore", over="ignore"):
            gap = np.abs(np.asarray(a, dtype=float) - np.asarray(b, dtype=float))
        # a slack of zero asks for equality, which has the whole margin when it holds
        self.at_most(gap, np.maximum(np.asarray(slack, dtype=float), 5e-324), witness=witness)

    def finding(self, detail: str, **data: Any) -> Finding:
        """Return the finding: *holds* when every comparison did."""
        is_violated = not self.margin >= 0
        witness = None
        if is_violated:
            witness = {"seed": self.context.seed, "check": self.context.check, **self._closest}
        return Finding(
            verdict=Verdict.VIOLATED if is_violated else Verdict.HOLDS,
            detail=f"{detail} {self.count:,} comparisons.",
            margin=self.margin if math.isfinite(self.margin) else -1.0,
            witness=witness,
            data=data,
        )
