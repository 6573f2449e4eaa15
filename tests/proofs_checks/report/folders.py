"""Folders as runs leave them, made by hand or by the runs themselves on a very small scale."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from proofs_checks.evidence import Verdict
from proofs_checks.ledger import Ledger
from proofs_checks.scaling.run import run_study
from proofs_checks.scaling.study_file import read_study
from tests.proofs_checks.ledgers import entry, ledger
from tests.proofs_checks.report.test_page import TIGHT
from tests.proofs_checks.scaling.conftest import TEXT, known_columns

__all__ = [
    "CONSTANT_ROW",
    "PROBE_ROW",
    "Here",
    "constants",
    "crosscheck",
    "proofs",
    "study",
    "target",
    "tightness",
    "verify",
]

MISALIGNMENT = entry(check="aligned", figure="misalignment.png",
                     data={"worst": {"2": [[0.1, 0.1]]}, "limit": {"2": [[0.1, 0.2]]}})  # fmt: skip


class Here(Executor):
    """Runs each call at once, in this process."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        future.set_result(function(*args, **kwargs))
        return future


def verify(folder: Path, *entries: object) -> Path:
    folder.mkdir(parents=True)
    ledger(*(entries or (entry(), TIGHT, MISALIGNMENT))).write(folder / "ledger.json")  # type: ignore[arg-type]
    return folder


def study(folder: Path, text: str = TEXT, scale: str = "full") -> Path:
    run_study(read_study(text, "small.toml", scale=scale), folder, work=known_columns, executor=Here())
    return folder


PROBE_ROW = {
    "world": "haar", "dimension": 4, "rows": 4, "columns": 4, "n_steps": 1, "seed": 0, "own_shape": False,
    "bound": "T4g", "statement": "T4g", "q": 1.0, "moment_order": 1.5, "verdict": "holds", "ratio": 0.5,
    "ratio_low": 0.4, "ratio_high": 0.6,
}  # fmt: skip


def tightness(folder: Path) -> Path:
    (folder / "parts").mkdir(parents=True)
    rows = [PROBE_ROW, PROBE_ROW | {"n_steps": 8, "ratio": 0.3, "ratio_low": 0.2}]
    (folder / "parts" / "one.json").write_text(json.dumps({"rows": rows}), encoding="utf-8")
    (folder / "parts" / "damaged.json").write_text('{"ro', encoding="utf-8")
    made = Ledger(manifest={"command": "schattor tightness --seed 3"}, entries=(entry(statement="T4g", check="T4g"),))
    made.write(folder / "ledger.json")
    return folder


CONSTANT_ROW = {
    "q": "3/2", "scalar_low": "1.3065629648", "scalar_high": "1.3065629649", "upper": "1.3160740130",
    "proof": "interpolation from 4/3", "first_upper": "1.4142135624", "gap": 0.0073, "first_gap": 0.082,
    "scalar_witness": None, "matrix_witness": {"certified_lower": "1.3065628360"},
}  # fmt: skip


def constants(folder: Path) -> Path:
    folder.mkdir(parents=True)
    content = {"rows": [CONSTANT_ROW], "verdict": "No witness beats C_q."}
    (folder / "constants.json").write_text(json.dumps(content), encoding="utf-8")
    manifest = {"command": "schattor constants --q 3/2 --digits 12 --seed 5", "statements": ["T4a*"]}
    open_ = entry(Verdict.INCONCLUSIVE, statement="T4a*", check="no_matrix_witness_beats_the_scalar_constant")
    Ledger(manifest=manifest, entries=(open_,)).write(folder / "ledger.json")
    return folder


def target(name: str, outcome: str) -> dict[str, object]:
    finding = {"property": "map", "value": "polar factor", "is_decided": True, "is_fault": False, "alternatives": []}
    undecided = {"property": "axes", "value": "rows", "is_decided": False, "is_fault": False, "alternatives": ["none"]}
    return {
        "target": name, "outcome": outcome, "words": f"{name} {outcome}.", "findings": [finding, undecided],
        "verdict": {"typical_scale_error": 1e-8, "typical_direction_error": None}, "oracle": None,
        "nearest": [{"name": "torch.optim.Muon", "source": "torch", "differences": ["scale"]}],
        "invariances": [{"name": "f(cG) = f(G)", "outcome": "broken", "words": ""}],
    }  # fmt: skip


def crosscheck(folder: Path, *outcomes: str, is_complete: bool = True) -> Path:
    folder.mkdir(parents=True)
    targets = [target(f"module:make_{k}", outcome) for k, outcome in enumerate(outcomes or ("conforms",))]
    manifest = {"command": "schattor crosscheck module:make_0", "targets": ["a", "b"], "is_complete": is_complete}
    content = {"schema": 1, "manifest": manifest, "targets": targets}
    (folder / "crosscheck.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def proofs(folder: Path, verdict: str = "proved") -> Path:
    folder.mkdir(parents=True)
    step = {"claim": "f(X⁺) ≤ f(X)", "latex": "x", "justification": "A2.", "result": verdict, "role": "step"}
    one = {"statement": "T1", "name": "descent", "kind": "symbolic", "seconds": 0.5, "certificate": None,
           "verdict": verdict, "steps": [step]}  # fmt: skip
    (folder / "proofs.json").write_text(json.dumps({"schema": 1, "proofs": [one]}), encoding="utf-8")
    return folder
