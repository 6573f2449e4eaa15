"""How tight T5 is for each exponent: what was measured, divided by the bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..ledger import Ledger

__all__ = ["TIGHTNESS_CHECK", "Tightness", "tightness_of"]

TIGHTNESS_CHECK = "mean_stationarity_stays_below_its_bound"
"""The check of T5 whose ratios are shown for each p."""


@dataclass(frozen=True, slots=True)
class Tightness:
    """The ratios of one exponent: world to its row of the check."""

    p: str
    rows: Mapping[str, Mapping[str, Any]]

    @property
    def lowest(self) -> float:
        """Return the least ratio over the worlds."""
        return min(float(row["ratio"]) for row in self.rows.values())

    @property
    def highest(self) -> float:
        """Return the greatest ratio over the worlds."""
        return max(float(row["ratio"]) for row in self.rows.values())


def tightness_of(ledger: Ledger) -> list[Tightness]:
    """Return the tightness of T5 for each exponent, empty when the check was not run."""
    entry = next((entry for entry in ledger.entries if entry.check == TIGHTNESS_CHECK), None)
    rows = [] if entry is None else entry.data.get("rows", [])
    return [
        Tightness(p, {str(row["world"]): row for row in rows if row["p"] == p})
        for p in dict.fromkeys(row["p"] for row in rows)
    ]
