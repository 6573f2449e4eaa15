"""What a notebook shows: a bound its formula, evidence its verdict, a ledger its matrix, an update its spectrum."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest

import schattor_theory as st
from proofs_checks.crosscheck.crosscheck import CrossCheck
from proofs_checks.crosscheck.finding import Diagnosis, Finding
from proofs_checks.evidence import Evidence, Verdict
from proofs_checks.ledger import Ledger
from schattor_theory.bounds.formulas import FORMULAS, formula
from schattor_theory.errors import DTypeError, NonFiniteError, ShapeError
from schattor_theory.spectrum import spectrum

SETTING: dict[str, Any] = {
    "initial_gap": 0.5, "smoothness": 1.5, "sigma": 0.7, "moment_order": 1.6, "p": "inf", "step_size": 0.004,
    "momentum": 0.945, "n_steps": 1000, "noise_model": "moment",
}  # fmt: skip


def bound(**changes: Any) -> Any:
    return st.stationarity_bound(**(SETTING | changes))


def value_of(latex: str, names: dict[str, float]) -> float:
    """Return the number that a formula of a term is, read from the LaTeX itself."""
    text = latex
    while (found := re.search(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", text)) is not None:
        text = text[: found.start()] + f"(({found[1]})/({found[2]}))" + text[found.end() :]
    text = text.replace(r"\kappa_\theta", "kappa ").replace("^2", "**2")
    for symbol in (r"\Delta", r"\eta", r"\theta", r"\sigma", r"\delta", r"\omega"):
        text = text.replace(symbol, f" {symbol[1:]} ")
    text = re.sub(r"(?<![a-z])([LcK])(?![a-z])", r" \1 ", text)
    tokens = re.findall(r"[A-Za-z]+|\d+|\*\*|[-+/()]", text)
    product: list[str] = []
    for token in tokens:  # two factors side by side are a product
        is_factor = token == "(" or token[0].isalnum()
        if product and is_factor and (product[-1] == ")" or product[-1][0].isalnum()) and product[-1] != "**":
            product.append("*")
        product.append(token)
    return float(eval(" ".join(product), {"__builtins__": {}}, names))


@pytest.mark.parametrize("changes", [{}, {"direction_defect": 0.1, "norm_excess": 0.2}, {"p": 2, "moment_order": 2.0}])
def test_the_formula_of_every_term_of_t5_is_its_number(changes: dict[str, Any]) -> None:
    found = bound(**changes)
    c = found.constants
    theta, beta = c["theta"], c["moment_order"]
    names = {
        "Delta": c["initial_gap"], "L": c["smoothness"], "K": c["n_steps"], "eta": c["step_size"], "theta": theta,
        "sigma": c["sigma"], "c": c["constant"], "delta": c["direction_defect"], "omega": c["norm_excess"],
        "kappa": theta / (1 - (1 - theta) ** beta) ** (1 / beta) if beta > 1 else 1.0,
    }  # fmt: skip
    shown = re.findall(r"\\underbrace\{(.*?)\}_\{([^}]*)\}(?: \+| =)", formula(found))
    assert len(shown) == len(found.terms) == 5
    for (latex, number), term in zip(shown, found.terms.values(), strict=True):
        assert "text" not in latex
        assert value_of(latex, names) == pytest.approx(term, rel=1e-9)
        assert float(number) == pytest.approx(term, rel=1e-3)


def test_a_formula_that_is_not_the_number_is_not_shown() -> None:
    found = bound()
    wrong = dataclasses.replace(found, terms=found.terms | {"drift": 1.001 * found.terms["drift"]})
    assert r"\underbrace{\text{drift}}" in formula(wrong)
    assert r"\text{drift}" not in formula(found)


def test_terms_of_other_statements_are_shown_by_name() -> None:
    text = bound(oracle="regularized", moment_order=2, p=2)._repr_markdown_()
    assert r"\underbrace{\text{initial gap}}" in text
    assert "^2" in text
    assert set(FORMULAS) == {"T5"}


def test_a_bound_shows_its_constants_and_hypotheses_or_why_it_does_not_apply() -> None:
    text = bound()._repr_markdown_()
    assert r"$\Delta = 0.5$" in text
    assert r"$\delta" not in text
    assert "Assumes: A1" in text
    refused = bound(direction_defect=1.0)
    assert refused._repr_markdown_().startswith("**T5** · does not apply: ")


def evidence(**changes: Any) -> Evidence:
    return Evidence(
        **({"statement": "T5", "check": "a_check", "kind": "simulation", "verdict": Verdict.HOLDS} | changes)
    )


def test_evidence_shows_its_verdict() -> None:
    assert evidence(margin=0.25)._repr_markdown_().startswith("**holds**")
    assert "| margin | 0.25 |" in evidence(margin=0.25)._repr_markdown_()
    assert evidence(status="error: x")._repr_markdown_().startswith("**could not run**")


def test_a_ledger_shows_signs_for_statements_and_kinds() -> None:
    entries = (
        evidence(),
        evidence(check="b", kind="inequality", verdict=Verdict.VIOLATED),
        evidence(statement="T1", check="c"),
    )
    text = Ledger(manifest={"statements": ["T1", "T5", "T6"]}, entries=entries)._repr_markdown_()
    assert "Violated: T5 (b)." in text
    assert re.search(r"\| T5 \| .* \| ✗ 1 \| ✓ 1 \|", text)
    assert "Without a check here: T6." in text


def test_a_cross_check_shows_its_verdict_and_a_table() -> None:
    findings = (
        Finding(property="map", value="the polar factor | exactly", evidence="…"),
        Finding(property="momentum", value="ema", evidence="…", alternatives=("heavy ball",), is_decided=False),
    )
    result = CrossCheck(target="my_module:make", outcome="could not run", problem="it raised",
                        diagnosis=Diagnosis(findings=findings, convention=None))  # fmt: skip
    text = result._repr_markdown_()
    assert "Could not run: it raised" in text
    assert "| map | the polar factor \\| exactly |" in text
    assert "| momentum | cannot be told apart: ema, or heavy ball |" in text


def test_an_update_shows_its_spectrum() -> None:
    found = spectrum(np.diag([3.0, 4.0, 0.0]))
    assert found.values == (4.0, 3.0, 0.0)
    assert (found.nuclear, found.frobenius, found.spectral) == (7.0, 5.0, 4.0)
    picture = found._repr_html_()
    assert picture.count("<rect ") == 3
    assert 'height="90.0"' in picture
    assert "‖·‖₁ = 7" in picture
    assert spectrum(np.eye(300))._repr_html_().count("<rect ") <= 64
    assert "<svg" not in spectrum(np.zeros((3, 2)))._repr_html_()


@pytest.mark.parametrize(
    ("m", "error", "message"),
    [
        (np.zeros((2, 2, 2)), ShapeError, r"spectrum: m must be one matrix, got m=\(2, 2, 2\)"),
        (np.array([[np.nan]]), NonFiniteError, "spectrum: m must have finite entries"),
        ([[1.0]], DTypeError, "spectrum: m must be an array"),
    ],
)
def test_a_spectrum_is_of_one_finite_matrix(m: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        spectrum(m)


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_a_spectrum_scales_with_its_matrix(scale: float) -> None:
    m = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert spectrum(scale * m).values == pytest.approx([scale * s for s in spectrum(m).values], rel=1e-12)
