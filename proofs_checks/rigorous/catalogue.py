"""CERTIFICATES: what is proved by ball arithmetic, one line for each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ..proof import Proof, Proposition, Step
from . import (
    outside_numbers,
    polar_certificate,
    polar_proofs,
    rounded_constants,
    saturating,
    scalar_proofs,
    von_bahr_esseen,
)
from .best_constant import LEMMAS, WIDTH_ABOVE, WIDTH_BELOW
from .certificate import FOLDER, certificate_path, write_certificate
from .checker import read_content
from .steps import covered

__all__ = ["CERTIFICATES", "STORED", "write_all"]

STORED: dict[str, Callable[[], dict[str, Any]]] = {
    von_bahr_esseen.NAME: von_bahr_esseen.certificate,
    polar_certificate.NAME: polar_certificate.certificate,
}
"""The stored certificates by name, with what makes them."""


def write_all(folder: Path = FOLDER) -> tuple[Path, ...]:
    """Make every certificate and return the paths of the files."""
    return tuple(write_certificate(make(), folder) for make in STORED.values())


def _proposition(statement: str, name: str, steps: Any, *, stored: str | None = None) -> Proposition:
    def prove() -> Proof:
        found = tuple(steps())
        return Proof(statement=statement, name=name, kind="rigorous", steps=found, certificate=_reference(stored))

    return Proposition(statement=statement, name=name, kind="rigorous", prove=prove, time_limit=60, cost=0.5)


def _reference(stored: str | None) -> dict[str, Any] | None:
    """Return where a certificate is and which one it is, for the ledger."""
    if stored is None:
        return None
    path = certificate_path(stored)
    content = read_content(path)
    return {
        "file": f"proofs_checks/rigorous/certificates/{path.name}",
        "bytes": path.stat().st_size,
        "sha256": content["sha256"],
        "check": f"python -m proofs_checks.rigorous.checker proofs_checks/rigorous/certificates/{path.name}",
    }


_FORMULAS = {
    "contraction": r"t|t-b^2|\le(b^2+t)^2",
    "taylor_coefficients": r"(10-2\nu)(3-\nu)^{2k}-6(1-\nu)^{2k}-4(2-\nu)^{2k}-2\nu>0",
    "pair_inequality": r"2E_1>E_2",
    "band_above": rf"3^{{(2-q)/2}}\le{float(WIDTH_ABOVE)}\,C_q",
    "band_below": rf"2(C_{{8/7}}/2)^{{7(q-1)}}\le{float(WIDTH_BELOW)}\,C_q",
}
"""The lemmas behind T4a* in LaTeX."""


def _lemma(name: str) -> tuple[Step, ...]:
    lemma = LEMMAS[name]
    return (covered(lemma.text, _FORMULAS[name], f"{lemma.place} in docs/theory/best-constant.md.", lemma.prove()),)


CERTIFICATES: tuple[Proposition, ...] = (
    _proposition(
        "T4a",
        "The scalar inequality of von Bahr and Esseen holds for every t and q in [1, 2], with a margin.",
        scalar_proofs.inequality_steps,
        stored=von_bahr_esseen.NAME,
    ),
    _proposition("T4a", "The sharp scalar constant C_q has its known values.", scalar_proofs.constant_steps),
    *(
        _proposition("T4a*", f"A scalar inequality in its proof holds: {lemma.text}.", partial(_lemma, name))
        for name, lemma in LEMMAS.items()
    ),
    _proposition(
        "T1",
        "Every named polar schedule is an inexact oracle with these δ and ω.",
        polar_proofs.oracle_steps,
        stored=polar_certificate.NAME,
    ),
    _proposition(
        "T1", "Muon's quintic takes [.01, 1] onto [.681831, 1.134357] and no closer to 1.", polar_proofs.muon_steps
    ),
    _proposition("T1", "Polar Express has the errors that its definition says.", polar_proofs.express_steps),
    _proposition("T1", "Newton–Schulz of order κ converges with order κ + 1.", polar_proofs.taylor_steps),
    _proposition("T4b", "Moments of Gaussian matrices have their closed forms.", outside_numbers.gaussian_steps),
    _proposition(
        "T4d", "Rows beside columns: truth, infimum and one-sided bound.", outside_numbers.rows_and_columns_steps
    ),
    _proposition(
        "T4f", "Signs on a random coordinate average out as computed.", outside_numbers.random_coordinate_steps
    ),
    _proposition("T5-any", "The 1.307 is rounded up.", rounded_constants.parameter_free_steps),
    _proposition("T5-N2", "The numbers of the N2 corollary are large enough.", rounded_constants.corollary_steps),
    _proposition("T12", "The 3.25 of the corollary is large enough.", rounded_constants.recursive_steps),
    _proposition("T13c", "The .488 is rounded down.", rounded_constants.necessity_steps),
    _proposition("T9", "φ'' lies in [-1/4, 1], and both ends are attained.", saturating.curvature_steps),
)
"""The rigorous proofs."""
