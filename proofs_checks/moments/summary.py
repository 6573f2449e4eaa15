"""What a run found: rows, curves, witnesses and wrong forms as evidence, tables and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from schattor_theory.geometry import exponent_label

from ..evidence import OK, Evidence, Verdict
from ..scaling.tables import Table
from .catalogue import BOUNDS
from .curves import AveragePoint, PricePoint, slope, transition
from .run import Outcome
from .witnesses import NamedRatio
from .wrong_forms import WRONG_FORMS

__all__ = ["Summary"]

_SMALLEST = 1e-9  # margin of a bound that is attained, where rounding may go either way


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The results of one run.

    Attributes
    ----------
    outcomes : sequence of Outcome
        Of the cells.
    witnesses : sequence of NamedRatio
    wrong_forms : dict
        Name to the probe of a false form.
    averages : dict
        p to kind to points (T4f).
    prices : dict
        Label to points (T4g).
    seed : int
    seconds : float
    """

    outcomes: Sequence[Outcome]
    witnesses: Sequence[NamedRatio] = ()
    wrong_forms: dict[str, Any] = field(default_factory=dict)
    averages: dict[str, dict[str, list[AveragePoint]]] = field(default_factory=dict)
    prices: dict[str, list[PricePoint]] = field(default_factory=dict)
    seed: int = 0
    seconds: float = 0.0

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of all cells."""
        return [row for outcome in self.outcomes for row in outcome.rows]

    def of_bound(self, bound: str) -> list[dict[str, Any]]:
        """Return the rows of one bound."""
        return [row for row in self.rows if row["bound"] == bound]

    # --- evidence

    def evidence(self) -> list[Evidence]:
        """Return one entry for each bound, and for the witnesses, the wrong forms, T4f, T4g and each failed cell."""
        bounds = [bound for bound in BOUNDS if self.of_bound(bound)]
        entries = [self._bound_entry(bound) for bound in bounds]
        entries += [self._witness_entry()] if self.witnesses else []
        entries += [self._wrong_entry()] if self.wrong_forms else []
        entries += [self._average_entry()] if self.averages else []
        entries += [self._price_entry()] if self.prices else []
        for outcome in self.outcomes:
            if outcome.error:
                entries.append(self._entry("T4a", f"cell {outcome.cell.axes}", Verdict.INCONCLUSIVE,
                                           "The cell could not run.", status=f"error: {outcome.error}"))  # fmt: skip
        return entries

    def _entry(self, statement: str, check: str, verdict: Verdict, detail: str, **more: Any) -> Evidence:
        kind = more.pop("kind", "simulation")
        return Evidence(statement=statement, check=check, kind=kind, verdict=verdict, seed=self.seed, detail=detail,
                        **{"status": OK, **more})  # fmt: skip

    def _bound_entry(self, bound: str) -> Evidence:
        rows = self.of_bound(bound)
        counts = {verdict: [r for r in rows if r["verdict"] == verdict.value] for verdict in Verdict}
        judged = [r for r in rows if r["verdict"] != Verdict.NOT_APPLICABLE.value]
        violated, held = counts[Verdict.VIOLATED], counts[Verdict.HOLDS]
        verdict = Verdict.INCONCLUSIVE if counts[Verdict.INCONCLUSIVE] or not held else Verdict.HOLDS
        verdict = Verdict.VIOLATED if violated else verdict if judged else Verdict.NOT_APPLICABLE
        largest = max((float(r["ratio"]) for r in judged), default=0.0)
        detail = f"{len(held)} probes hold, largest ratio {largest:.4g}"
        undecided = len(counts[Verdict.INCONCLUSIVE])
        detail += f"; {undecided} undecided" if undecided else ""
        detail += f"; {len(rows) - len(judged)} not applicable." if len(rows) > len(judged) else "."
        highs = [float(r["ratio_high"]) for r in [*held, *violated]]
        witness = None
        if violated:
            row = violated[0]
            witness = {"world": row["world"], "dimension": row["dimension"], "n_steps": row["n_steps"],
                       **dict(row["witness"] or {})}  # fmt: skip
        return self._entry(
            BOUNDS[bound].statement, f"{bound} on every martingale that meets its hypotheses", verdict, detail,
            margin=1 - max(highs) if highs else None, witness=witness,
            data={"probes": len(rows), "holds": len(held), "undecided": undecided, "largest_ratio": largest},
        )  # fmt: skip

    def _witness_entry(self) -> Evidence:
        missed = [n for n in self.witnesses if n.witness.is_tight and not n.is_attained]
        broken = [n for n in self.witnesses if n.probed.verdict is Verdict.VIOLATED]
        words = "; ".join(f"{n.witness.bound} by {n.witness.words}: {n.probed.ratio:.4g}" for n in self.witnesses)
        verdict = Verdict.VIOLATED if broken or missed else Verdict.HOLDS
        found = [{"bound": n.witness.bound, "ratio": n.probed.ratio} for n in (broken or missed)]
        return self._entry(
            "T4a", "named witnesses attain the tight bounds within 1 %", verdict, f"{words}.", kind="adversarial",
            witness={"witnesses": found} if found else None,
        )  # fmt: skip

    def _wrong_entry(self) -> Evidence:
        missed = [name for name, one in self.wrong_forms.items() if one.verdict is not Verdict.VIOLATED]
        words = "; ".join(f"{name}: ratio {one.ratio:.7g}" for name, one in self.wrong_forms.items())
        return self._entry(
            "T4a", "false forms of the bounds are refuted", Verdict.VIOLATED if missed else Verdict.HOLDS,
            f"Refuted by exact laws: {words}.", kind="adversarial",
            witness={"not refuted": missed} if missed else None,
        )  # fmt: skip

    def _average_entry(self) -> Evidence:
        worst, comparisons = 0.0, 0
        wrong: list[dict[str, Any]] = []
        for p, kinds in self.averages.items():
            expected = 0.0 if p == "inf" else -1 / float(p)
            fresh = kinds["fresh_coordinates"]
            gap = abs(slope(fresh[0], fresh[-1]).value - expected)
            worst = max(worst, gap)
            wrong += [{"p": p, "slope": slope(fresh[0], fresh[-1]).value}] if gap > _SMALLEST else []
            for point in (point for points in kinds.values() for point in points):
                if point.exact is not None and point.measured is not None:
                    comparisons += 1
                    if not point.measured.contains(point.exact):
                        wrong.append({"p": p, "kind": point.kind, "n_steps": point.n_steps})
        detail = (
            f"Fresh coordinates: exponent -1/p to {worst:.1e}; {comparisons} measured averages agree with the law. "
        )
        turns = {p: transition(kinds["iid_coordinates"]) for p, kinds in self.averages.items()}
        detail += "; ".join(f"p = {p}: turns at n = {turn:.0f}" for p, turn in turns.items() if turn)
        return self._entry(
            "T4f", "averages of signs on coordinates fall like n^(-1/p)", Verdict.VIOLATED if wrong else Verdict.HOLDS,
            f"{detail}.", witness={"points": wrong} if wrong else None,
        )  # fmt: skip

    def _price_entry(self) -> Evidence:
        gaps = [abs(point.attained / point.price - 1) for line in self.prices.values() for point in line]
        is_attained = max(gaps) <= _SMALLEST
        return self._entry(
            "T4g", "signs on fresh coordinates pay the whole price", Verdict.HOLDS if is_attained else Verdict.VIOLATED,
            f"{len(gaps)} ranks, attained to {max(gaps):.1e}.", kind="adversarial",
            witness=None if is_attained else {"largest gap": max(gaps)},
        )  # fmt: skip

    # --- tables

    def bounds_table(self) -> Table:
        """Return one row for each bound: verdicts, and the martingale that uses most of it."""
        rows = []
        for bound in (bound for bound in BOUNDS if self.of_bound(bound)):
            found = self.of_bound(bound)
            judged = [r for r in found if r["ratio"] is not None]
            counts = [sum(r["verdict"] == v.value for r in found) for v in Verdict]
            top = max(judged, key=lambda r: float(r["ratio"]), default=None)
            largest = "" if top is None else f"{float(top['ratio']):.4f}"
            where = "" if top is None else _place(top)
            rows.append([bound, BOUNDS[bound].words, *map(str, counts), largest, where])
        names = [v.words for v in Verdict]
        return Table("Probes by bound", ["bound", "right-hand side", *names, "largest ratio", "where"], rows)

    def witnesses_table(self) -> Table:
        """Return the witnesses: which martingale attains which bound."""
        rows = []
        for named in self.witnesses:
            w, one = named.witness, named.probed
            state = "yes" if named.is_attained else f"no: {w.note}" if w.note else "NO"
            point = f"q = {exponent_label(w.q)}, β = {w.moment_order:g}"
            rows.append([w.bound, w.words, point, f"{one.ratio:.6f}", one.method, state])
        return Table("Where the bounds are attained", ["bound", "witness", "at", "ratio", "by", "within 1 %"], rows)

    def wrong_forms_table(self) -> Table:
        """Return the false forms and the ratios that refute them."""
        rows = [
            [WRONG_FORMS[name].words, WRONG_FORMS[name].bound.words, f"{one.ratio:.7g}", one.verdict.value]
            for name, one in self.wrong_forms.items()
        ]
        return Table("False forms", ["form", "right-hand side", "moment / right-hand side", "verdict"], rows)

    def averages_table(self) -> Table:
        """Return T4f's exponents, and where the curves turn."""
        rows = []
        for p, kinds in self.averages.items():
            for kind, points in kinds.items():
                d = points[0].dimension
                early = [point for point in points if point.n_steps <= d // 4]
                late = [point for point in points if point.n_steps >= 4 * d]
                turn = transition(points) if kind == "iid_coordinates" else None
                ends = [_slope_words(part) for part in (early, late)]
                rows.append([p, kind.replace("_", " "), *ends, "" if turn is None else f"{turn:.1f} (d = {d})"])
        header = ["p", "signs on", "exponent, n ≤ d/4", "exponent, n ≥ 4d", "turns at n"]
        return Table("T4f: exponents of the average", header, rows)

    def undecided_table(self, limit: int = 40) -> Table:
        """Return the probes whose interval reaches beyond the bound."""
        found = [r for r in self.rows if r["verdict"] == Verdict.INCONCLUSIVE.value]
        rows = [
            [r["bound"], _place(r), f"{float(r['ratio']):.3f}",
             f"[{float(r['ratio_low']):.3f}, {float(r['ratio_high']):.3g}]", str(r["trials"]), r["method"]]
            for r in found[:limit]
        ]  # fmt: skip
        words = f"Undecided probes ({len(found)}" + (f", {limit} shown)" if len(found) > limit else ")")
        return Table(words, ["bound", "where", "ratio", "interval", "trials", "interval by"], rows)


def _slope_words(points: Sequence[AveragePoint]) -> str:
    if len(points) < 2:
        return ""
    found = slope(points[0], points[-1])
    if points[0].measured is None:
        return f"{found.value + 0.0:+.4f} (exact)"
    return f"{found.value + 0.0:+.4f} [{found.low + 0.0:+.4f}, {found.high + 0.0:+.4f}]"


def _place(row: dict[str, Any]) -> str:
    q = exponent_label(float(row["q"]))
    return f"{row['world']}, n = {row['n_steps']}, d = {row['dimension']}, q = {q}, β = {float(row['moment_order']):g}"
