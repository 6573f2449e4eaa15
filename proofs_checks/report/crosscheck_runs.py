"""Cross-checks: the targets of a run beside one another, property by property."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from schattor_theory.checks import fail
from schattor_theory.errors import StoreError

from ..crosscheck.crosscheck import COULD_NOT_RUN as NOT_RUN
from ..crosscheck.finding import PROPERTIES, UNDECIDED
from ..crosscheck.report import MARKS, TONES
from ..crosscheck.shown import SIGNS
from ..crosscheck.table import LEDGER, SCHEMA
from .blocks import Badge, Cell, Paragraph, Section, Table
from .run import COULD_NOT_RUN, VIOLATED, Part, Run

__all__ = ["read_crosscheck_run"]

_PER_TABLE = 4
Target = Mapping[str, Any]


def read_crosscheck_run(folder: Path, name: str, taken: Collection[str]) -> Run | None:
    """Return the run of a folder that ``schattor crosscheck`` has left; None where it is none.

    Raises
    ------
    StoreError
        If its file cannot be read.
    """
    path = folder / LEDGER
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            way_out = "Run `schattor crosscheck` again with this version."
            fail(StoreError, "report", "schema", f"be {SCHEMA}", content["schema"], f"{way_out} The file is {path}.")
        manifest, targets = content["manifest"], content["targets"]
        outcomes = [str(one["outcome"]) for one in targets]
        parts = tuple(_parts(targets))
    except StoreError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        way_out = f"It is damaged or cut short ({type(error).__name__}: {error}). Run `schattor crosscheck` again."
        fail(StoreError, "report", "folders", f"hold a whole {LEDGER}", str(folder), way_out)
    counts = {outcome: outcomes.count(outcome) for outcome in TONES if outcome in outcomes}
    words = f"Cross-check of {len(targets)}: {', '.join(f'{outcome}: {n}' for outcome, n in counts.items())}."
    if not manifest.get("is_complete", True):
        words += f" It was interrupted after {len(targets)} of {len(manifest.get('targets', targets))} targets."
    is_open = {NOT_RUN, "undecided"} & set(outcomes) or not manifest.get("is_complete", True)
    code = VIOLATED if "differs" in outcomes else COULD_NOT_RUN if is_open else 0
    return Run(name=name, kind="crosscheck", words=words, exit_code=code, command=str(manifest.get("command", "")),
               manifest=manifest, parts=parts)  # fmt: skip


def _parts(targets: Sequence[Target]) -> Iterator[Part]:
    for start in range(0, len(targets), _PER_TABLE):
        yield Part("crosscheck", _compared(targets[start : start + _PER_TABLE]))
    for one in targets:
        yield Part("crosscheck", Section(str(one["target"]), [Paragraph(str(one["words"]))], level=3))


def _compared(targets: Sequence[Target]) -> Table:
    rows = [
        ("verdict", [_badge(TONES[one["outcome"]], SIGNS[one["outcome"]], one["outcome"]) for one in targets]),
        ("nearest", [Cell(_nearest(one)) for one in targets]),
    ]
    for name in PROPERTIES:
        cells = [[_answer(found) for found in one["findings"] if found["property"] == name] for one in targets]
        if any(cells):
            rows.append((name, [Cell("; ".join(cell)) for cell in cells]))
    for label, key in (("error of scale", "typical_scale_error"), ("error of direction", "typical_direction_error")):
        rows.append((f"{label}, median", [Cell(_number(one["verdict"], key)) for one in targets]))
    for label, key in (("δ", "direction_defect"), ("ω", "norm_excess")):
        rows.append((label, [Cell(_number(one["oracle"], key)) for one in targets]))
    for name in dict.fromkeys(i["name"] for one in targets for i in one["invariances"]):
        found = [next((i for i in one["invariances"] if i["name"] == name), None) for one in targets]
        rows.append((name, [Cell("") if i is None else _mark(i["outcome"]) for i in found]))
    head = ["property", *(str(one["target"]) for one in targets)]
    return Table(head, [[Cell(name), *cells] for name, cells in rows], "l" * len(head), css="targets")


def _badge(tone: str, sign: str, words: str) -> Cell:
    return Cell(Badge(tone, sign, words))


def _mark(outcome: str) -> Cell:
    tone, words = MARKS[outcome]
    sign, _, rest = words.partition(" ")
    return Cell(Badge(tone, sign, rest))


def _nearest(one: Target) -> str:
    if not one["nearest"]:
        return ""
    near = one["nearest"][0]
    n = len(near["differences"])
    return str(near["name"]) + (f" (but for {n} fields)" if n else "")


def _answer(found: Mapping[str, Any]) -> str:
    if found["is_decided"]:
        return str(found["value"]) + (" (fault)" if found["is_fault"] else "")
    return f"{UNDECIDED}: {', or '.join([found['value'], *found['alternatives']])}"


def _number(record: Mapping[str, Any] | None, key: str) -> str:
    value = None if record is None else record.get(key)
    return f"{value:.3g}" if isinstance(value, int | float) else ""
