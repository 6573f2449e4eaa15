"""What every bound returns: a value made of named terms, or the reason why it does not apply."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["BoundValue", "Source", "applicable", "not_applicable"]

# the page of docs/theory that holds a statement, by the number after its letter
_DOCUMENTS = {
    "T1": "descent.md",
    "T2": "descent.md",
    "T3": "descent.md",
    "T4": "martingale.md",
    "T4a*": "best-constant.md",
    "T5": "stationarity.md",
    "T5'": "sharper.md",
    "T5-recursion": "sharper.md",
    "T6": "stationarity.md",
    "T6*": "sharper.md",
    "T7": "extensions.md",
    "T8": "extensions.md",
    "T10": "extensions.md",
    "T11": "extensions.md",
    "T12": "extensions.md",
    "T13": "extensions.md",
}

PROVED = "proved"
UNDER_REVIEW = "derived, under review"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a statement is written down."""

    document: str
    statement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundValue:
    """The value of one bound at given constants.

    Attributes
    ----------
    statement : str
        Id in docs/theory, for example "T5".
    status : {"applicable", "not_applicable"}
        Whether every hypothesis holds. If not, ``value`` is None and ``terms`` is empty.
    reason : str
        One sentence: the hypothesis that does not hold; empty where all do.
    value : float or None
        The bound, the sum of ``terms``, in the unit of ``statistic``.
    terms : dict of str to float
        Named parts of the value; which of them dominates says what to change.
    constants : dict of str to float
        Every constant that entered, also those derived on the way.
    statistic : str
        The quantity it bounds: a column of the results, or what the function's docstring says.
    source : Source
        Page and id of the statement in docs/theory.
    sense : {"upper", "lower"}
        Whether the statistic is at most or at least ``value``.
    hypotheses : tuple of str
        What was assumed and cannot be seen from the numbers.
    review : str
        "proved", or "derived, under review" for statements that await a second reading.
    """

    statement: str
    status: str
    statistic: str
    source: Source
    reason: str = ""
    value: float | None = None
    terms: dict[str, float] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    sense: str = "upper"
    hypotheses: tuple[str, ...] = ()
    review: str = PROVED

    @property
    def is_applicable(self) -> bool:
        """Return whether every hypothesis holds."""
        return self.status == "applicable"

    @property
    def dominant(self) -> str | None:
        """Return the name of the largest term, None when there is no term."""
        return max(self.terms, key=self.terms.__getitem__) if self.terms else None

    def _repr_markdown_(self) -> str:
        """Return what a notebook shows: the formula with its numbers."""
        from .formulas import shown  # formulas need functions that return such records

        return shown(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values for strict JSON: infinities become the strings "inf" and "-inf"."""
        return {
            "statement": self.statement,
            "status": self.status,
            "reason": self.reason,
            "value": _plain(self.value),
            "terms": {name: _plain(term) for name, term in self.terms.items()},
            "constants": {name: _plain(constant) for name, constant in self.constants.items()},
            "statistic": self.statistic,
            "sense": self.sense,
            "source": {"document": self.source.document, "statement": self.source.statement},
            "hypotheses": list(self.hypotheses),
            "review": self.review,
        }


def applicable(
    statement: str,
    statistic: str,
    terms: Mapping[str, float],
    constants: Mapping[str, Any] | None = None,
    *,
    hypotheses: tuple[str, ...] = (),
    sense: str = "upper",
    review: str = PROVED,
) -> BoundValue:
    """Return the bound whose value is the sum of ``terms``."""
    parts = {name: float(term) for name, term in terms.items()}
    return BoundValue(
        statement=statement,
        status="applicable",
        statistic=statistic,
        source=source_of(statement),
        value=_sum(parts),
        terms=parts,
        constants=dict(constants or {}),
        sense=sense,
        hypotheses=hypotheses,
        review=review,
    )


def not_applicable(
    statement: str,
    statistic: str,
    reason: str,
    constants: Mapping[str, Any] | None = None,
    *,
    sense: str = "upper",
    review: str = PROVED,
) -> BoundValue:
    """Return the record that says in one sentence which hypothesis does not hold."""
    return BoundValue(
        statement=statement,
        status="not_applicable",
        statistic=statistic,
        source=source_of(statement),
        reason=reason,
        constants=dict(constants or {}),
        sense=sense,
        review=review,
    )


def source_of(statement: str) -> Source:
    """Return the page of docs/theory that holds ``statement``."""
    head = max((key for key in _DOCUMENTS if statement.startswith(key)), key=len)
    return Source(f"docs/theory/{_DOCUMENTS[head]}", statement)


def _sum(parts: Mapping[str, float]) -> float:
    values = list(parts.values())
    # numerics: fsum raises on overflow of finite terms, where the bound is simply infinite
    try:
        return math.fsum(values)
    except OverflowError:
        return math.inf


def _plain(value: object) -> Any:
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value
