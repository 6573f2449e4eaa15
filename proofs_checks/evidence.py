"""Evidence: what one check says about one statement, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from schattor_theory.checks import fail
from schattor_theory.errors import StoreError
from synthetic.plain import plain

from .words import markdown_table, plain_words

__all__ = ["CONSTANTS", "KINDS", "OK", "Evidence", "Verdict", "plain"]

OK = "ok"
"""Status of a check that ran to its end."""

CONSTANTS = ("exact", "estimated")
KINDS = (
    "symbolic", "rigorous", "conic", "identity", "inequality", "derivation", "simulation", "adversarial", "scaling",
)  # fmt: skip
"""What a check does: derives by computer algebra, proves in ball arithmetic, solves cone programs, compares two
computations, tries an inequality on inputs, recomputes a bound from the steps of its proof, compares runs with a bound,
searches or constructs the worst case, fits exponents of a study."""


class Verdict(Enum):
    """What a check found.

    HOLDS: every comparison came out as the statement says, with constants that are exact. VIOLATED: one did not, beyond
    its error, and again where chance was involved; there is a witness. INCONCLUSIVE: the data do not decide, or the
    constants are estimated. NOT_APPLICABLE: a hypothesis does not hold.
    """

    HOLDS = "holds"
    VIOLATED = "violated"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"

    @property
    def words(self) -> str:
        """Return it as people write it."""
        return self.value.replace("_", " ")

    @property
    def sign(self) -> str:
        """Return the sign of it in tables."""
        return {"holds": "✓", "violated": "✗", "inconclusive": "?", "not_applicable": "–"}[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The outcome of one check of one statement.

    Attributes
    ----------
    statement : str
        Id in docs/theory.
    check : str
        Name of the check, unique in the ledger.
    kind : str
        One of ``KINDS``.
    verdict : Verdict
        What was found.
    constants : {"exact", "estimated"}
        Whether the constants that entered are known; with estimated ones nothing is called *holds*.
    figure : str or None
        File name of the figure in the folder ``figures``.
    margin : float or None
        Relative distance of the closest comparison from refutation: 0.1 means ten per cent, negative is beyond.
    seed : int
        Seed of the run.
    seconds : float
        Time the check took.
    witness : dict or None
        For a violation: the seed and inputs that show it.
    status : str
        ``"ok"``, or ``"error: …"`` for a check that could not run.
    detail : str
        One sentence for people.
    data : dict
        Numbers behind the figure and the tables of the report.
    """

    statement: str
    check: str
    kind: str
    verdict: Verdict
    constants: str = "exact"
    figure: str | None = None
    margin: float | None = None
    seed: int = 0
    seconds: float = 0.0
    witness: Mapping[str, Any] | None = None
    status: str = OK
    detail: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        """Return whether the check ran to its end."""
        return self.status == OK

    def _repr_markdown_(self) -> str:
        """Return what a notebook shows: the verdict, and the fields that say something."""
        shown = [(name, getattr(self, name)) for name in ("statement", "check", "kind", "constants")]
        shown += [("margin", f"{self.margin:.3g}")] if self.margin is not None else []
        shown += [("seed", str(self.seed)), ("seconds", f"{self.seconds:.2g}")]
        shown += [("status", self.status)] if not self.is_ok else []
        outcome = self.verdict.words if self.is_ok else "could not run"
        head = f"**{outcome}** {plain_words(self.detail)}"
        return f"{head.strip()}\n\n{markdown_table(('field', 'value'), shown)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of the ledger as strict JSON values."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: plain(value) for name, value in values.items()}

    @classmethod
    def from_dict(cls, entry: object) -> Evidence:
        """Return the evidence of one ledger entry.

        Raises
        ------
        StoreError
            If the entry is not one that :meth:`to_dict` writes; the message names the field.
        """
        call = "Evidence.from_dict"
        if not isinstance(entry, Mapping):
            fail(StoreError, call, "entry", "be a table of fields", entry)
        names = {f.name for f in fields(cls)}
        missing = sorted({"statement", "check", "kind", "verdict"} - set(entry))
        if missing:
            fail(StoreError, call, "entry", f"have the fields {', '.join(missing)}", sorted(map(str, entry)))
        known = {name: value for name, value in entry.items() if name in names}
        for name in ("statement", "check", "kind", "constants", "status", "detail"):
            if name in known and not isinstance(known[name], str):
                fail(StoreError, call, name, "be text", known[name])
        for name in ("margin", "seconds"):
            if known.get(name) is not None and not _is_finite_number(known[name]):
                fail(StoreError, call, name, "be a finite number", known[name])
        for name in ("witness", "data"):
            if known.get(name) is not None and not isinstance(known[name], Mapping):
                fail(StoreError, call, name, "be a table", known[name])
        verdicts = [verdict.value for verdict in Verdict]
        if known["verdict"] not in verdicts:
            fail(StoreError, call, "verdict", f"be one of {', '.join(verdicts)}", known["verdict"])
        return cls(**(known | {"verdict": Verdict(known["verdict"])}))


def _is_finite_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
