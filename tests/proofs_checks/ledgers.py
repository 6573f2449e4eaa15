"""Ledgers made by hand, for tests of what reads them."""

from __future__ import annotations

from proofs_checks.evidence import Evidence, Verdict
from proofs_checks.ledger import Ledger

__all__ = ["entry", "ledger"]


def entry(verdict: Verdict = Verdict.HOLDS, **changes: object) -> Evidence:
    """Return evidence with this verdict."""
    fields: dict[str, object] = {
        "statement": "T1",
        "check": f"is_{verdict.value}",
        "kind": "inequality",
        "margin": 0.25,
    }
    return Evidence(**(fields | {"verdict": verdict} | changes))  # type: ignore[arg-type]


def ledger(*entries: Evidence) -> Ledger:
    """Return a ledger with these entries."""
    manifest = {"command": "schattor verify --seed 0", "seed": 0, "level": "quick", "seconds": 1.5, "blas": [{"a": 1}]}
    return Ledger(manifest=manifest | {"statements": ["T1", "T4d"]}, entries=entries)
