"""Evidence survives strict JSON, and a damaged entry is refused by name."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from proofs_checks.evidence import Evidence, Verdict, plain
from schattor_theory.errors import StoreError


def evidence(**changes: object) -> Evidence:
    fields = {"statement": "T5", "check": "a_check", "kind": "simulation", "verdict": Verdict.HOLDS, "margin": 0.5}
    return Evidence(**(fields | changes))  # type: ignore[arg-type]


def test_survives_strict_json() -> None:
    found = evidence(witness={"p": math.inf, "x": np.eye(2)}, data={"rows": [{"ratio": np.float64(0.3)}]}, seconds=1.5)
    text = json.dumps(found.to_dict(), allow_nan=False)
    back = Evidence.from_dict(json.loads(text))
    assert back.to_dict() == found.to_dict()
    assert back.witness == {"p": "inf", "x": [[1.0, 0.0], [0.0, 1.0]]}


def test_has_the_fields_of_the_ledger() -> None:
    wanted = {
        "statement",
        "check",
        "kind",
        "verdict",
        "constants",
        "figure",
        "margin",
        "seed",
        "seconds",
        "witness",
        "status",
    }
    assert wanted <= set(evidence().to_dict())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"verdict": "fine"},
            "verdict must be one of holds, violated, inconclusive, not_applicable, got verdict='fine'",
        ),
        ({"margin": "wide"}, "margin must be a finite number, got margin='wide'"),
        ({"seconds": math.nan}, "seconds must be a finite number, got seconds=nan"),
        ({"witness": [1]}, r"witness must be a table, got witness=\[1\]"),
        ({"status": None}, "status must be text, got status=None"),
    ],
)
def test_refuses_a_damaged_entry(change: dict[str, object], message: str) -> None:
    with pytest.raises(StoreError, match=message):
        Evidence.from_dict(evidence().to_dict() | change)


def test_refuses_an_entry_without_a_verdict() -> None:
    entry = evidence().to_dict()
    del entry["verdict"]
    with pytest.raises(StoreError, match="entry must have the fields verdict"):
        Evidence.from_dict(entry)
    with pytest.raises(StoreError, match="entry must be a table of fields"):
        Evidence.from_dict("T5 holds")


def test_plain_has_a_spelling_for_every_number() -> None:
    found = plain({"a": (math.inf, -math.inf, math.nan), 2: np.array([1, 2]), "v": Verdict.HOLDS, "o": {1}})
    assert found == {"a": ["inf", "-inf", None], "2": [1, 2], "v": "holds", "o": "{1}"}
