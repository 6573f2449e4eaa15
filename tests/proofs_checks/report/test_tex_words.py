"""Text as LaTeX: statements become mathematics, everything else is escaped, and nothing outside ASCII is left."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from proofs_checks.report.tex_words import MATHEMATICS, escaped, formula
from proofs_checks.statements import ASSUMPTIONS, STATEMENTS
from tests.joined import every
from tests.proofs_checks.report.tex_structure import faults_of

HERE = Path(__file__).parent
TEXTS = {s.id: s.text for s in STATEMENTS.values()} | ASSUMPTIONS
TEXTS |= {f"hypotheses of {s.id}": "; ".join(s.hypotheses) for s in STATEMENTS.values() if s.hypotheses}


@every("name", list(TEXTS))
def test_every_statement_becomes_mathematics_without_a_fault(name: str) -> None:
    found = formula(TEXTS[name])
    assert faults_of(found, HERE) == []
    # a sign without a command would be named in words
    assert r"\texttt" not in found


@every("name", list(STATEMENTS))
def test_the_words_of_a_statement_stay_words(name: str) -> None:
    text = STATEMENTS[name].text
    outside = "".join(formula(text).split("$")[::2])
    for word in ("the", "with", "for", "and", "under", "holds", "noise", "momentum"):
        assert (f" {word} " in f" {text} ") == (f" {word} " in f" {outside} ")


@every(
    ("text", "expected"),
    [
        ("f(X⁺) ≤ f(X) - η‖∇f‖_q", r"$f(X^{+}) \le f(X) - \eta \| \nabla f\|_q$"),
        ("(E‖ΣZ_i‖_q²)^{1/2}", r"$(E\| \sum Z_i\|_q^{2})^{1/2}$"),
        ("for one fixed Σ, σ = ‖Σ^{1/2}‖_q", r"for one fixed $\Sigma$, $\sigma = \| \Sigma^{1/2}\|_q$"),
        ("√(2 ln(2K/γ)) for bounded noise", r"$\sqrt{2 \ln (2K/\gamma)}$ for bounded noise"),
        ("<M, D_p(M)> = ‖M‖_q", r"$\langle M, D_p(M)\rangle = \| M\|_q$"),
        ("(or Z_kᵀ Z_k) for one", r"(or $Z_k^{\top} Z_k$) for one"),
        ("b̃_k and Ã_k", r"$\tilde{b}_k$ and $\tilde{A}_k$"),
        ("½<X, PXQ>", r"${\tfrac{1}{2}}\langle X, PXQ\rangle$"),
        ("far below 2^(2-q)", r"far below $2^{2-q}$"),
        ("f ≥ f_low", r"$f \ge f_{\mathrm{low}}$"),
        ("T1-T3 and T4a hold under N2", "T1-T3 and T4a hold under N2"),
    ],
)
def test_forms_that_statements_use(text: str, expected: str) -> None:
    assert formula(text).replace(r"} \langle", r"}\langle") == expected


def test_every_special_character_is_escaped() -> None:
    assert escaped("\\{}_&%#$^~") == (
        r"\textbackslash{}\{\}\_\&\%\#\$\textasciicircum{}\textasciitilde{}"
    )  # fmt: skip
    assert escaped("ΔL, ‖x‖₂² … “β” é") == r"$\Delta$L, $\|$x$\|_{2}^{2}$ \ldots{} ``$\beta$'' \'{e}"


def test_a_sign_without_a_command_is_named() -> None:
    assert escaped("☃") == r"\texttt{[snowman]}"


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30))
def test_whatever_the_text_it_is_ascii_and_balanced(text: str) -> None:
    assert faults_of(escaped(text).replace("%", ""), HERE) == []


def test_the_fault_finder_finds_faults() -> None:
    for text, fault in (
        ("a_b", "_ outside mathematics"), ("β", "not ASCII: 'β'"), ("$x", "mathematics is not closed: $x"),
        (r"\begin{center}", r"\begin{center} is not closed"), (r"\end{center}", r"\end{center} closes nothing"),
        ("{", "1 braces are open"), ("}", "} closes nothing"), ("$a$$b$", "a displayed formula inside a line: $a$$b$"),
        (r"\includegraphics[width=1]{no.pdf}", "no file no.pdf"),
        ("\\begin{tabular}{@{}lr@{}}\na & b & c \\\\\n\\end{tabular}", r"3 cells in 2 columns: a & b & c "),
    ):  # fmt: skip
        assert fault in faults_of(text, HERE)


def test_no_command_of_the_table_has_an_argument_missing() -> None:
    for sign, command in MATHEMATICS.items():
        assert not sign.isascii()
        assert command.isascii()
        assert command.count("{") == command.count("}")
